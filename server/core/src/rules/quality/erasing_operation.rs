use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::integer;
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "erasing-operation",
    summary: "an operation has one result whatever the value",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[682],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `x * 0`, `x & 0`, `0 / x`, `x % 1`, `x << 0` of a whole expression, shifts by as many bits as the type has or more, and quotients of whole numbers that are 0 in a calculation (`n * (5 / 9)`). In JavaScript `Math.floor(Math.random())`.",
        why: "The value does not matter for the result: it was meant to be another number, or the line does nothing.",
        example: "let offset = index % 1;",
        instead: "let offset = index % STEP;",
        limits: "Products in tables and layouts (`4 * 0`, `row * 0 + 1`) keep a pattern and are left alone, and so are floating point numbers.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check), Check::Nodes(&[Kind::CallExpression], rounded_random)],
    cases: &[
        Case::near_miss("a.rs", "fn f(mask: u32, x: u32) -> u32 { (mask & 0) | (x & 1) }"),
        Case::bad("a.js", "const i = Math.floor(Math.random()); //~ erasing-operation"),
        Case::bad("a.js", "const i = Math.trunc(Math.random()) + 1; //~ erasing-operation"),
        Case::bad("a.js", "const c = colors[Math.floor(Math.random()) * colors.length]; //~ erasing-operation"),
        Case::bad("a.js", "function roll() { return parseInt(Math.random()) * 6 + 1; } //~ erasing-operation"),
        Case::bad("a.js", "const n = Math.floor(Math.random(10)); //~ erasing-operation"),
        Case::bad("a.js", "const xs = list.map(() => Math.floor(Math.random())); //~ erasing-operation"),
        Case::good("a.js", "const i = Math.floor(Math.random() * 6);"),
        Case::good("a.js", "const r = Math.random();"),
        Case::good("a.js", "const i = Math.round(Math.random());"),
        Case::good("a.js", "const i = Math.ceil(Math.random());"),
        Case::good("a.js", "const i = Math.floor(random());"),
        Case::good("a.js", "const i = Math.floor(x);"),
        Case::good("a.js", "const i = parseInt(Math.random() * 6, 10);"),
        Case::good("a.js", "const i = (Math.random() * 6) | 0;"),
        Case::near_miss("a.js", "const i = Math.floor(rng.random());"),
        Case::near_miss("a.js", "const i = floor(Math.random());"),
        Case::near_miss("a.js", "const s = String(Math.floor(6 * Math.random()));"),
        Case::bad("a.rs", "fn celsius(f: i32) -> i32 { (f - 32) * (5 / 9) } //~ erasing-operation"),
        Case::near_miss("a.rs", "fn f(x: f64) -> f64 { x * (5.0 / 9.0) + (9 / 5) as f64 }"),
        Case::bad("a.js", "const x = Math.floor(Math.random()) * 6; //~ erasing-operation"),
        Case::bad("a.ts", "const i = parseInt(Math.random()) * list.length; //~ erasing-operation"),
        Case::near_miss("a.js", "const x = Math.floor(Math.random() * 6) + Math.round(Math.random());"),
        Case::bad("a.rs", "fn f(x: u32) -> u32 { x * 0 } //~ erasing-operation"),
        Case::bad("a.rs", "fn f(x: u32) -> u32 { x & 0 } //~ erasing-operation"),
        Case::bad("a.rs", "fn f(x: u32) -> u32 { x % 1 } //~ erasing-operation"),
        Case::bad("a.rs", "fn f(x: u32) -> u32 { 0 / x } //~ erasing-operation"),
        Case::bad("a.rs", "fn f(x: usize) -> bool { x % 1 == 0 } //~ erasing-operation"),
        Case::bad("a.rs", "fn f(x: u32) -> u32 { x << 32 } //~ erasing-operation"),
        Case::bad("a.rs", "fn f(v: &[u8]) -> usize { v.len() * 0 } //~ erasing-operation"),
        Case::bad("a.rs", "fn f(x: u8) -> u8 { x >> 8 } //~ erasing-operation"),
        Case::bad("a.rs", "fn f(x: i32) -> i32 { x % -1 } //~ erasing-operation"),
        Case::good("a.rs", "fn f(x: u32) -> u32 { x * 2 }"),
        Case::good("a.rs", "fn f(x: u32) -> u32 { x & 1 }"),
        Case::good("a.rs", "fn f(x: u32) -> u32 { x % 10 }"),
        Case::good("a.rs", "fn f(x: f64) -> f64 { x % 1.0 }"),
        Case::good("a.rs", "fn f() -> usize { 4 * 0 }"),
        Case::good("a.rs", "fn f(x: u32) -> u32 { x << 31 }"),
        Case::good("a.rs", "fn f(x: u64) -> u64 { x >> 32 }"),
        Case::good("a.rs", "fn f(x: u32) -> u32 { 10 / x }"),
        Case::near_miss("a.rs", "fn f(w: usize) -> [usize; 2] { [w * 0 + 1, w * 1 + 1] }"),
        Case::near_miss("a.rs", "const SHIFT: u32 = 0;\nfn f(x: u32) -> u32 { x << SHIFT }"),
        Case::near_miss("a.rs", "fn f(x: u32) -> u64 { (x as u64) << 32 }"),
        Case::near_miss("a.rs", "fn f(v: &V) -> V { v * 0 }"),
    ],
};

/// `Math.floor(Math.random()) * n`: rounded before it was large.
fn rounded_random<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let named = |n: Node<'_>, of: &str, names: &[&str]| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).is_some_and(|f| f.text().strip_prefix(of).is_some_and(|m| names.contains(&m)))
    };
    let mut given = node.child(Field::Arguments).into_iter().flat_map(Node::named_children);
    let (Some(first), None) = (given.next(), given.next()) else { return };
    let down = named(node, "Math.", &["floor", "trunc"]) || named(node, "", &["parseInt"]);
    if down && named(first, "Math.", &["random"]) {
        let message = "The result is 0: `Math.random()` is below 1. Multiply first, and round then.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let (l, r) = (integer(left), integer(right));
    // `(f - 32) * (5 / 9)`
    if let ("/", Some(a), Some(b)) = (operator(node), l, r)
        && a > 0
        && b > a
        && node
            .ancestors()
            .take(2)
            .any(|p| p.kind() == Kind::BinaryExpression && matches!(operator(p), "*" | "+" | "-"))
    {
        let message = "Division of whole numbers drops the rest: this is 0. Multiply first, or write `5.0 / 9.0`.";
        cx.report(Note::new(cx.rule, node.span(), message));
        return;
    }
    if l.is_some() == r.is_some() {
        return;
    }
    let ty = |n: Node<'a>| type_of(n, cx).filter(|t| t.is_integer());
    let other = if l.is_some() { right } else { left };
    let result = match (operator(node), l, r) {
        ("*" | "&", Some(0), _) | ("*" | "&", _, Some(0)) => "0",
        ("/", Some(0), _) => "0",
        ("%", _, Some(1 | -1)) => "0",
        ("<<" | ">>", _, Some(n)) => {
            let Some(bits) = ty(left).and_then(|t| bits(t.name)) else { return };
            if n < bits {
                return;
            }
            "an overflow: the type has no more bits"
        }
        _ => return,
    };
    // Operators of other types may mean anything; a sum keeps a pattern.
    if ty(other).is_none() {
        return;
    }
    let around = node.ancestors().find(|a| a.kind() != Kind::ParenthesizedExpression);
    let pattern = around.is_some_and(|p| matches!(operator(p), "+" | "-" | "|"))
        || node
            .ancestors()
            .take(4)
            .any(|a| matches!(a.kind(), Kind::ArrayExpression | Kind::TokenTree | Kind::IndexExpression));
    if pattern {
        return;
    }
    let message = format!("The result is {result}, whatever `{}` is. Another number was meant.", other.text());
    cx.report(Note::new(cx.rule, node.span(), message));
}

fn bits(name: &str) -> Option<i128> {
    Some(match name {
        "u8" | "i8" => 8,
        "u16" | "i16" => 16,
        "u32" | "i32" => 32,
        "u64" | "i64" => 64,
        "u128" | "i128" => 128,
        _ => return None,
    })
}
