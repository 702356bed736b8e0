use sidenote_grammars::{Family, Kind};

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
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `x * 0`, `x & 0`, `0 / x`, `x % 1`, `x << 0` of a whole expression, and shifts by as many bits as the type has or more.",
        why: "The value does not matter for the result: it was meant to be another number, or the line does nothing.",
        example: "let offset = index % 1;",
        instead: "let offset = index % STEP;",
        limits: "Products in tables and layouts (`4 * 0`, `row * 0 + 1`) keep a pattern and are left alone, and so are floating point numbers.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
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

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((left, right)) = operands(node) else { return };
    let (l, r) = (integer(left), integer(right));
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
    let pattern = node.parent().is_some_and(|p| matches!(operator(p), "+" | "-" | "|"))
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
