use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "difference-without-abs",
    summary: "two numbers count as equal whenever the first is smaller",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[682],
    families: &[Family::Rust, Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `a - b < EPSILON` (also `1e-9` and the like) without the absolute value.",
        why: "Every `a` below `b` passes, however far away it is: the difference is negative.",
        example: "if actual - expected < f64::EPSILON { ok(); }",
        instead: "if (actual - expected).abs() < f64::EPSILON { ok(); }",
        limits: "Only for limits that are called epsilon or tolerance, or are written as a number below a hundredth, and not where the order of the two is known from the same condition.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(a: f64, b: f64) -> bool { a - b < f64::EPSILON } //~ difference-without-abs"),
        Case::bad("a.rs", "fn f(a: f32, b: f32) -> bool { (a - b) < std::f32::EPSILON } //~ difference-without-abs"),
        Case::bad("a.rs", "fn f(a: f64, b: f64) -> bool { a - b <= 1e-9 } //~ difference-without-abs"),
        Case::bad(
            "a.rs",
            "const EPSILON: f64 = 1e-6;\nfn f(a: f64, b: f64) -> bool { a - b < EPSILON } //~ difference-without-abs",
        ),
        Case::bad("a.rs", "fn f(a: f64, b: f64) -> bool { f64::EPSILON > a - b } //~ difference-without-abs"),
        Case::bad("a.js", "function same(a, b) { return a - b < Number.EPSILON; } //~ difference-without-abs"),
        Case::bad("a.js", "function same(a, b) { return (a - b) < 1e-6; } //~ difference-without-abs"),
        Case::bad(
            "a.js",
            "const EPS = 0.0001;\nfunction same(a, b) { if (a.x - b.x < EPS) { return true; } return false; } //~ difference-without-abs",
        ),
        Case::bad(
            "a.ts",
            "function same(a: number, b: number, tolerance = 0.001) { return a - b < 0.001; } //~ difference-without-abs",
        ),
        Case::good("a.rs", "fn f(a: f64, b: f64) -> bool { (a - b).abs() < f64::EPSILON }"),
        Case::good("a.rs", "fn f(a: f64, b: f64) -> bool { a - b < 10.0 }"),
        Case::good("a.rs", "fn f(a: f64, b: f64) -> bool { a < f64::EPSILON }"),
        Case::good("a.rs", "fn f(a: f64, b: f64) -> bool { a - b > f64::EPSILON }"),
        Case::good("a.js", "function same(a, b) { return Math.abs(a - b) < Number.EPSILON; }"),
        Case::good("a.js", "function f(a, b) { return a - b < 5; }"),
        Case::good("a.js", "function f(a, b) { return a - b > 1e-9; }"),
        Case::good("a.rs", "fn f(a: i64, b: i64) -> bool { a - b < LIMIT }"),
        Case::near_miss("a.rs", "fn f(a: f64, b: f64) -> bool { a >= b && a - b < f64::EPSILON }"),
        Case::near_miss("a.js", "function f(a, b) { return a > b && a - b < 1e-9; }"),
        Case::near_miss("a.rs", "fn f(a: f64, b: f64) -> bool { a.max(b) - a.min(b) < 1e-9 }"),
        Case::near_miss("a.js", "function f(a) { return 1 - a < 1e-9; }"),
        Case::near_miss("a.js", "function f(a, b) { const d = Math.abs(a - b); return d < 1e-9; }"),
        Case::near_miss("a.js", "function f(t, start) { return Math.max(t, start) - start < 1e-3; }"),
        Case::bad("a.ts", "const near = (a: number, b: number) => a - b < 0.001; //~ difference-without-abs"),
        Case::bad(
            "a.ts",
            "function same(x: P, y: P) { return x.lat - y.lat < 1e-6 && true; } //~ difference-without-abs",
        ),
        Case::bad(
            "a.ts",
            "function f(a: number, b: number) { if (a - b < Number.EPSILON) { return 0; } return 1; } //~ difference-without-abs",
        ),
        Case::bad("a.ts", "const eq = (u: V, v: V) => u.x - v.x <= 1e-9; //~ difference-without-abs"),
        Case::good("a.ts", "const near = (a: number, b: number) => Math.abs(a - b) < 0.001;"),
        Case::good("a.ts", "const late = (a: number, b: number) => a - b > 1000;"),
        Case::good("a.ts", "const left = (end: number, now: number) => end - now < 5000;"),
        Case::good("a.ts", "const f = (a: number) => a < 0.001;"),
        Case::good("a.ts", "const f = (a: number, b: number) => (a - b) * (a - b) < 0.001;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((left, right)) = operands(node) else { return };
    let (difference, limit) = match operator(node) {
        "<" | "<=" => (left, right),
        ">" | ">=" => (right, left),
        _ => return,
    };
    let difference = unparenthesized(difference);
    if difference.kind() != Kind::BinaryExpression || operator(difference) != "-" || !is_tiny(limit) {
        return;
    }
    let Some((a, b)) = operands(difference) else { return };
    let plain = |n: Node<'_>| {
        matches!(
            unparenthesized(n).kind(),
            Kind::Identifier
                | Kind::MemberExpression
                | Kind::FieldExpression
                | Kind::SubscriptExpression
                | Kind::IndexExpression
        )
    };
    if !plain(a) || !plain(b) {
        return;
    }
    if cx.family() == Family::Rust && [a, b].iter().filter_map(|n| type_of(*n, cx)).any(|t| t.is_integer()) {
        return;
    }
    // `a >= b && a - b < EPSILON` knows the order; so may a condition around it.
    let ordered = node.ancestors().take(12).any(|n| {
        let text = match n.kind() {
            Kind::BinaryExpression if matches!(operator(n), "&&" | "||") => n.text(),
            Kind::IfExpression | Kind::IfStatement | Kind::TernaryExpression => {
                n.child(Field::Condition).map_or("", Node::text)
            }
            _ => "",
        };
        let spaceless: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        [(a, b), (b, a)].iter().any(|(x, y)| {
            ["<", ">", "<=", ">="].iter().any(|op| spaceless.contains(&format!("{}{op}{}", x.text(), y.text())))
        }) || spaceless.contains(&format!("{}-{}", b.text(), a.text()))
    });
    if ordered {
        return;
    }
    let rust = cx.family() == Family::Rust;
    let instead = if rust {
        format!("({} - {}).abs()", a.text(), b.text())
    } else {
        format!("Math.abs({} - {})", a.text(), b.text())
    };
    let message = format!(
        "Every `{}` below `{}` passes, however far away: the difference is negative. Compare `{instead}`.",
        a.text(),
        b.text()
    );
    let whole = if operator(node).starts_with('<') { left } else { right };
    cx.report(
        Note::new(cx.rule, node.span(), message).suggestion("Take the absolute value", vec![(whole.span(), instead)]),
    );
}

/// Whether a limit is called epsilon or written as a small number.
fn is_tiny(node: Node<'_>) -> bool {
    let node = unparenthesized(node);
    let text = node.text();
    match node.kind() {
        Kind::FloatLiteral | Kind::Number => {
            let digits: String = text
                .trim_end_matches("_f64")
                .trim_end_matches("f64")
                .trim_end_matches("f32")
                .chars()
                .filter(|c| *c != '_')
                .collect();
            digits.parse::<f64>().is_ok_and(|n| n > 0.0 && n <= 0.001)
        }
        _ => {
            let last = text.rsplit(['.', ':']).next().unwrap_or(text).to_ascii_lowercase();
            matches!(last.as_str(), "epsilon" | "eps")
        }
    }
}
