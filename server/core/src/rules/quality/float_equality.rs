use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::{Origin, binding};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::support::{bare, enclosing_function, method, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "float-equality",
    summary: "floating point numbers are compared for equality",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[1077],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `==` and `!=` between floating point numbers where one side is computed or a fraction, and comparisons with NaN. In JavaScript a sum that is compared with a fraction: `a + b === 0.3`.",
        why: "Results of arithmetic are rounded: `0.1 + 0.2 == 0.3` is false. NaN equals nothing, not even itself, so that a comparison with it is always false.",
        example: "if total == 0.1 * 3.0 { done(); }",
        instead: "if (total - 0.1 * 3.0).abs() < 1e-9 { done(); }",
        limits: "Comparisons with whole numbers and infinity, and of stored values as they are, are exact and left alone; so are functions that are named for equality and `assert_eq!`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(a: f64, b: f64) -> bool { a + b == 0.3 } //~ float-equality"),
        Case::bad("a.rs", "fn f(x: f32) -> bool { x == 0.1 } //~ float-equality"),
        Case::bad("a.rs", "fn f(x: f64) -> bool { x == f64::NAN } //~ float-equality"),
        Case::bad("a.rs", "fn f(x: f64, y: f64) { if x * 2.0 != y { go(); } } //~ float-equality"),
        Case::bad("a.rs", "struct P { x: f64, y: f64 }\nfn f(p: &P) -> bool { p.x / 3.0 == p.y } //~ float-equality"),
        Case::bad("a.rs", "fn f(x: f64) -> bool { x.sqrt() == 1.5 } //~ float-equality"),
        Case::bad(
            "a.rs",
            "fn f(xs: &[f64]) -> bool { let sum: f64 = xs.iter().sum(); sum - 1.0 == xs[0] } //~ float-equality",
        ),
        Case::bad("a.rs", "fn f(a: f32) -> bool { std::f32::NAN != a } //~ float-equality"),
        Case::bad("a.rs", "fn f(v: &[f64], total: f64) -> bool { v.iter().sum::<f64>() == total } //~ float-equality"),
        Case::bad("a.js", "function f(a) { return a.total === 0.1 + 0.2; } //~ float-equality"),
        Case::bad("a.ts", "const same = (a: number, b: number) => a * 1.1 === b; //~ float-equality"),
        Case::good("a.js", "function f(a, b) { return Math.abs(a - b) < 0.001; }"),
        Case::good("a.js", "function f(a, b) { return a + b === 3; }"),
        Case::bad("a.rs", "fn f(x: f32) -> bool { x * 3.0 == 1.0 } //~ float-equality"),
        Case::bad(
            "a.rs",
            "fn f(sum: f64, n: f64, want: f64) -> bool { let mean = sum / n; mean == want } //~ float-equality",
        ),
        Case::good("a.rs", "fn f(x: f64) -> bool { x % 1.0 == 0.0 }"),
        Case::near_miss("a.js", "function f(a) { return a / 2 === 0.5 || a === 0.1; }"),
        Case::near_miss("a.js", "function f(a) { return a * 0.5 === 2; }"),
        Case::good("a.rs", "fn f(a: f64, b: f64) -> bool { (a - b).abs() < 1e-9 }"),
        Case::good("a.rs", "fn f(a: u32, b: u32) -> bool { a + b == 3 }"),
        Case::good("a.rs", "fn f(x: f64) -> bool { x == 0.0 }"),
        Case::good("a.rs", "fn f(x: f64) -> bool { x == f64::INFINITY }"),
        Case::good("a.rs", "fn f(x: f64) -> bool { x.is_nan() }"),
        Case::good("a.rs", "fn f(a: f64, b: f64) -> bool { a == b }"),
        Case::good("a.rs", "impl PartialEq for P { fn eq(&self, o: &P) -> bool { self.x + 0.0f64 == o.x } }"),
        Case::good("a.rs", "fn f(x: f64) -> bool { x.floor() == x }"),
        Case::near_miss("a.rs", "fn f(x: f64) -> bool { x.fract() == 0.0 }"),
        Case::near_miss("a.rs", "fn f(x: f64) -> bool { x.to_bits() == 1.5f64.to_bits() }"),
        Case::near_miss("a.rs", "fn f(x: f64) -> bool { x != 1.0 }"),
        Case::near_miss("a.rs", "fn f(a: f64, b: f64) -> bool { (a + b) as u32 == 3 }"),
        Case::near_miss("a.rs", "fn f(x: f64) -> bool { x as i64 as f64 == x }"),
        Case::bad("a.ts", "function f(a: number) { return a * 0.1 === 0.3; } //~ float-equality"),
        Case::bad("a.ts", "const done = (t: number) => t + 0.1 == 1.1; //~ float-equality"),
        Case::bad(
            "a.ts",
            "function f(price: number, paid: number) { if (price * 1.19 !== paid) { throw new Error('unpaid'); } } //~ float-equality",
        ),
        Case::bad(
            "a.ts",
            "function f(xs: number[]) { let s = 0; for (const x of xs) { if (s + 0.7 === x) { s += x; } } return s; } //~ float-equality",
        ),
        Case::bad("a.ts", "const same = (a: number, b: number) => a / 0.3 === b; //~ float-equality"),
        Case::bad("a.ts", "export const isThird = (n: number) => n - 0.33 === 0.01; //~ float-equality"),
        Case::good("a.ts", "function f(a: number, b: number) { return Math.abs(a - b) < 1e-9; }"),
        Case::good("a.ts", "function f(a: number) { return a === 0.5; }"),
        Case::good("a.ts", "function f(a: number) { return a * 2 === 4; }"),
        Case::good("a.ts", "function f(a: number) { return a % 1 === 0; }"),
        Case::good("a.ts", "function f(a: number, b: number) { return a === b; }"),
        Case::good("a.ts", "function f(a: number) { return a * 0.5 === 2; }"),
        Case::near_miss("a.ts", "const slow = (t: Throttling) => t.rate === 1.6 * 1024 * 0.9;"),
        Case::near_miss("a.ts", "function f(a: number) { return a * 0.1 > 0.3; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() == Family::Ecma {
        sum(node, cx);
        return;
    }
    if !matches!(operator(node), "==" | "!=") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let nan = |n: Node<'_>| matches!(n.kind(), Kind::ScopedIdentifier) && n.text().ends_with("::NAN");
    if nan(left) || nan(right) {
        let outcome = operator(node) == "!=";
        let message = format!("NaN equals nothing, so that this is always {outcome}. Use `is_nan()`.");
        cx.report(Note::new(cx.rule, node.span(), message).severity(Severity::High).confidence(Confidence::High));
        return;
    }
    // `x / 3.0 == 1.0` is rounded; `x % 1.0 == 0.0` and differences that are zero are not.
    let scaled = |n: Node<'a>, other: Node<'a>| {
        let n = bare(n);
        matches!(operator(n), "*" | "/") && n.kind() == Kind::BinaryExpression && !zero(other)
    };
    let whole = whole(left) && !scaled(right, left) || whole(right) && !scaled(left, right);
    if !(rounded(left) || rounded(right)) || whole {
        return;
    }
    // `v.iter().sum::<f64>()`
    let summed = |n: Node<'a>| {
        n.kind() == Kind::CallExpression && (n.text().ends_with("::<f64>()") || n.text().ends_with("::<f32>()"))
    };
    let float = |n: Node<'a>| summed(n) || type_of(n, cx).is_some_and(|t| t.is_float());
    let named = enclosing_function(node).and_then(|f| f.child(Field::Name)).map_or("", Node::text);
    let equality = words(named)
        .iter()
        .any(|w| matches!(w.as_str(), "eq" | "ne" | "equal" | "equals" | "same" | "identical" | "exact" | "exactly"));
    if !(float(left) || float(right)) || equality {
        return;
    }
    let message = "Results of floating point arithmetic are rounded, so that equality is a matter of luck. Compare the difference with a tolerance.";
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether a value is computed, or a fraction that has no exact form.
fn rounded(node: Node<'_>) -> bool {
    let node = bare(node);
    match node.kind() {
        // A variable that was just computed.
        Kind::Identifier => binding(node).is_some_and(|b| match b.origin {
            Origin::Let(n) => {
                b.is_plain()
                    && n.child(Field::Value).is_some_and(|v| {
                        let v = bare(v);
                        v.kind() == Kind::BinaryExpression && matches!(operator(v), "*" | "/")
                    })
            }
            _ => false,
        }),
        Kind::FloatLiteral => !whole(node),
        Kind::BinaryExpression => matches!(operator(node), "+" | "-" | "*" | "/"),
        Kind::CallExpression => method(node).is_some_and(|(_, m)| {
            matches!(
                m.text(),
                "sum"
                    | "product"
                    | "mean"
                    | "average"
                    | "sqrt"
                    | "sin"
                    | "cos"
                    | "tan"
                    | "exp"
                    | "ln"
                    | "powf"
                    | "powi"
                    | "log10"
                    | "log2"
                    | "hypot"
                    | "cbrt"
            )
        }),
        _ => false,
    }
}

fn zero(node: Node<'_>) -> bool {
    bare(node)
        .text()
        .trim_end_matches("f64")
        .trim_end_matches("f32")
        .replace('_', "")
        .parse::<f64>()
        .is_ok_and(|v| v == 0.0)
}

/// Whether a literal is a whole number, or a sum of halves and quarters that is stored as it is.
fn whole(node: Node<'_>) -> bool {
    let node = bare(node);
    let text = if node.kind() == Kind::UnaryExpression { node.text().trim_start_matches('-') } else { node.text() };
    let text = text.trim_end_matches("f64").trim_end_matches("f32").replace('_', "");
    let constant = matches!(node.kind(), Kind::ScopedIdentifier)
        && (node.text().ends_with("INFINITY") || node.text().ends_with("MAX") || node.text().ends_with("MIN"));
    constant || text.parse::<f64>().is_ok_and(|v| v.fract() == 0.0)
}

/// TypeScript and JavaScript: `total === 0.1 + 0.2`, `price * 1.1 === other`.
fn sum<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "==" | "===" | "!=" | "!==") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    // Arithmetic with a fraction that has no exact form on one side.
    let inexact = |side: Node<'a>| {
        let side = bare(side);
        matches!(operator(side), "+" | "-" | "*" | "/")
            && side.kind() == Kind::BinaryExpression
            && side
                .descendants()
                .any(|n| n.kind() == Kind::Number && n.text().parse::<f64>().is_ok_and(|v| (v * 1024.0).fract() != 0.0))
    };
    // A sum beside a fraction: `a + b === 0.3`.
    let fraction = |side: Node<'a>| {
        let side = bare(side);
        side.kind() == Kind::Number && side.text().parse::<f64>().is_ok_and(|v| (v * 1024.0).fract() != 0.0)
    };
    let computed = |side: Node<'a>| {
        let side = bare(side);
        side.kind() == Kind::BinaryExpression
            && matches!(operator(side), "+" | "-")
            && !side.descendants().any(|n| matches!(n.kind(), Kind::String | Kind::TemplateString))
    };
    let beside = computed(left) && fraction(right) || computed(right) && fraction(left);
    if !beside && !inexact(left) && !inexact(right) {
        return;
    }
    // A setting that is compared with the product that sets it: `limit === 1.6 * 1024 * 0.9`.
    let product = |side: Node<'a>| {
        let side = bare(side);
        operator(side) == "*"
            && side.descendants().all(|n| !matches!(n.kind(), Kind::Identifier | Kind::CallExpression))
    };
    let read = |side: Node<'a>| bare(side).kind() == Kind::MemberExpression || bare(side).kind() == Kind::Identifier;
    if product(right) && read(left) || product(left) && read(right) {
        return;
    }
    let message = "Results of floating point arithmetic are rounded, so that equality is a matter of luck. Compare the difference with a tolerance.";
    cx.report(Note::new(cx.rule, node.span(), message));
}
