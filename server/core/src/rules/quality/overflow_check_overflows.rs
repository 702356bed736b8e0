use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::{is_unsigned, type_of};
use crate::rules::shape::{operands, operator, same};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "overflow-check-overflows",
    summary: "a check for overflow overflows itself",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[190],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `a + b < a` and `a - b > a` of unsigned integers.",
        why: "In debug builds the addition panics before it is compared; in release builds it happens to work. The check runs only where it is not needed.",
        example: "if a + b < a { return Err(Overflow); }",
        instead: "let Some(sum) = a.checked_add(b) else { return Err(Overflow) };",
        limits: "Only unsigned integers whose type the source tells.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(a: u32, b: u32) -> bool { a + b < a } //~ overflow-check-overflows"),
        Case::bad(
            "a.rs",
            "fn f(a: usize, b: usize) -> bool { if a > a + b { return true; } false } //~ overflow-check-overflows",
        ),
        Case::bad("a.rs", "fn f(a: u64, b: u64) -> bool { b + a < a } //~ overflow-check-overflows"),
        Case::bad("a.rs", "fn f(a: u32, b: u32) -> bool { a - b > a } //~ overflow-check-overflows"),
        Case::good("a.rs", "fn f(a: u32, b: u32) -> bool { a.checked_add(b).is_none() }"),
        Case::good("a.rs", "fn f(a: u32, b: u32, c: u32) -> bool { a + b < c }"),
        Case::good("a.rs", "fn f(a: i32, b: i32) -> bool { a + b < a }"),
        Case::good("a.rs", "fn f(a: u32, b: u32) -> bool { a.wrapping_add(b) < a }"),
        Case::near_miss("a.rs", "fn f(a: f64, b: f64) -> bool { a + b < a }"),
        Case::near_miss("a.rs", "fn f(a: u32, b: u32) -> bool { a + b > a }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((left, right)) = operands(node) else { return };
    let (sum, alone, less) = match operator(node) {
        "<" => (left, right, true),
        ">" => (left, right, false),
        _ => return,
    };
    // `a > a + b` is the same as `a + b < a`.
    let (sum, alone, less) =
        if unparenthesized(sum).kind() == Kind::BinaryExpression { (sum, alone, less) } else { (alone, sum, !less) };
    let sum = unparenthesized(sum);
    let Some((a, b)) = operands(sum).filter(|_| sum.kind() == Kind::BinaryExpression) else { return };
    let overflows = match (operator(sum), less) {
        ("+", true) => same(a, alone) || same(b, alone),
        ("-", false) => same(a, alone),
        _ => false,
    };
    if overflows && type_of(alone, cx).is_some_and(|t| t.refs == 0 && is_unsigned(t.name)) {
        let method = if less { "checked_add" } else { "checked_sub" };
        let message = format!(
            "The arithmetic overflows before it is compared, and panics in debug builds. `{method}` tells without."
        );
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
