use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};

use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "mistyped-literal-suffix",
    summary: "a number ends in what looks like its type",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[682],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds numbers such as `1_32`, `17_64` and `2_8`, whose last group of digits is the size of a type.",
        why: "`1_32` is one hundred and thirty-two: the letter of `1_i32` or `1_u32` is missing, and the compiler does not see it.",
        example: "let mask = 1_32;",
        instead: "let mask = 1_u32;",
        limits: "Only if the digits before are grouped in no other way that would explain it (`12_34_56_32`), and not for hexadecimal, binary or octal numbers.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IntegerLiteral, Kind::FloatLiteral], check)],
    cases: &[
        Case::bad("a.rs", "fn f() -> u64 { let m = 1_32; m } //~ mistyped-literal-suffix"),
        Case::bad("a.rs", "const MAX: u64 = 250_64; //~ mistyped-literal-suffix"),
        Case::bad("a.rs", "fn f(x: u16) -> bool { x == 3_8 } //~ mistyped-literal-suffix"),
        Case::bad("a.rs", "fn f() -> i64 { 17_16 } //~ mistyped-literal-suffix"),
        Case::bad("a.rs", "static N: u64 = 2_64; //~ mistyped-literal-suffix"),
        Case::bad("a.rs", "fn f(v: &[u64]) -> bool { v.contains(&100_32) } //~ mistyped-literal-suffix"),
        Case::bad("a.rs", "fn f() -> f64 { 2.5_32 } //~ mistyped-literal-suffix"),
        Case::bad("a.rs", "fn f() -> u64 { go(1_000_64) } //~ mistyped-literal-suffix"),
        Case::good("a.rs", "fn f() -> u32 { 1_u32 }"),
        Case::good("a.rs", "fn f() -> u32 { 1_000 }"),
        Case::good("a.rs", "fn f() -> u32 { 1_000_032 }"),
        Case::good("a.rs", "fn f() -> u32 { 132 }"),
        Case::good("a.rs", "fn f() -> u32 { 0x1_32 }"),
        Case::good("a.rs", "fn f() -> u32 { 0b1_16 & 1 }"),
        Case::good("a.rs", "fn f() -> f64 { 1_000.5 }"),
        Case::good("a.rs", "fn f() -> u64 { 10_064u64 }"),
        Case::near_miss("a.rs", "fn f() -> u32 { 12_34_56_32 }"),
        Case::near_miss("a.rs", "fn f() -> u32 { 1_0_16 }"),
        Case::near_miss("a.rs", "fn f() -> u32 { 20_16u32 }"),
        Case::near_miss("a.rs", "fn f() -> f64 { 3.141_592_64 }"),
        Case::near_miss("a.rs", "fn f() -> u32 { 2026_11_16 }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.text();
    let Some((before, last)) = text.rsplit_once('_') else { return };
    let sizes = matches!(last, "8" | "16" | "32" | "64") && (node.kind() == Kind::IntegerLiteral || last.len() == 2);
    let digits = |t: &str| t.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.');
    if !sizes || !digits(before) || text.starts_with("0x") || text.starts_with("0b") || text.starts_with("0o") {
        return;
    }
    // Groups of three, or none at all: what else is grouped has a reason of its own.
    let whole = before.rsplit('.').next().unwrap_or(before);
    let mut groups = whole.split('_');
    let first = groups.next().map_or(0, str::len);
    let rest: Vec<usize> = groups.map(str::len).collect();
    let float = before.contains('.');
    let plain = if float { rest.is_empty() } else { rest.iter().all(|n| *n == 3) && (rest.is_empty() || first <= 3) };
    if !plain || node.parent().is_some_and(|p| p.kind() == Kind::TokenTree) {
        return;
    }
    let letter = if float { 'f' } else { 'u' };
    let message = format!(
        "`{text}` is the number {}: the letter of the type is missing. `{before}_{letter}{last}` was meant.",
        text.replace('_', "")
    );
    cx.report(
        Note::new(cx.rule, node.span(), message)
            .suggestion("Write the type", vec![(node.span(), format!("{before}_{letter}{last}"))]),
    );
}
