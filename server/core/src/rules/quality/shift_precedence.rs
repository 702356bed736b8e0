use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "shift-precedence",
    summary: "a sum is taken for the width of a shift",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[783],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `a << 4 + b` and `a >> 2 + 1`: a shift whose right side is a sum that begins with a number.",
        why: "`+` binds closer than `<<`: this is `a << (4 + b)`, where `(a << 4) + b` was meant nearly always.",
        example: "let hash = hash << 5 + byte;",
        instead: "let hash = (hash << 5) + byte;",
        limits: "`1 << n + 1` and `1 << n - 1` are mostly meant as they are and are left alone, as is everything with parentheses.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(hash: u32, byte: u32) -> u32 { hash << 5 + byte } //~ shift-precedence"),
        Case::bad("a.rs", "fn f(c: u8) -> u8 { c << 2 + 1 } //~ shift-precedence"),
        Case::bad("a.rs", "fn f(a: u32, b: u32) -> u32 { a >> 8 + b & 0xff } //~ shift-precedence"),
        Case::bad("a.rs", "fn f(a: u32, v: &[u32]) -> u32 { let x = a << 16 + v[1]; x } //~ shift-precedence"),
        Case::good("a.rs", "fn f(hash: u32, byte: u32) -> u32 { (hash << 5) + byte }"),
        Case::good("a.rs", "fn f(a: u32, b: u32) -> u32 { a << (4 + b) }"),
        Case::good("a.rs", "fn f(a: u32) -> u32 { a << 4 | 1 }"),
        Case::good("a.rs", "fn f(a: u32, n: u32) -> u32 { 1 << n + 1 }"),
        Case::near_miss("a.rs", "fn f(n: u32) -> u32 { 1 << n - 1 }"),
        Case::near_miss("a.rs", "fn f(n: u32) -> u32 { 1 << 32 - n }"),
        Case::near_miss("a.rs", "fn f(n: u32) -> u32 { 1 << 2 * n }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some((_, right)), "<<" | ">>") = (operands(node), operator(node)) else { return };
    if right.kind() != Kind::BinaryExpression || operator(right) != "+" {
        return;
    }
    let Some((first, _)) = operands(right) else { return };
    if first.kind() != Kind::IntegerLiteral {
        return;
    }
    let message = format!(
        "This shifts by `{}`, for `+` binds closer than `{}`. Put the shift in parentheses, or the sum if it is meant.",
        right.text(),
        operator(node)
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}
