use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "approximate-constant",
    summary: "a number of the standard library is written out roughly",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1339],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `3.14`, `3.1416`, `2.718`, `1.4142` and the like where `std::f64::consts` has the exact value.",
        why: "Results are off from the third or fourth digit on, and nobody sees where it comes from.",
        example: "let area = 3.14 * r * r;",
        instead: "let area = std::f64::consts::PI * r * r;",
        limits: "Only rounded or cut forms of at least three digits of pi, tau, e, and four of the square root of two, ln 2 and ln 10.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FloatLiteral], check)],
    cases: &[
        Case::bad("a.rs", "fn f(r: f64) -> f64 { 3.14 * r * r } //~ approximate-constant"),
        Case::bad("a.rs", "fn f(r: f64) -> f64 { 2.0 * 3.14159 * r } //~ approximate-constant"),
        Case::bad("a.rs", "fn f(x: f64) -> f64 { x * 1.41421 } //~ approximate-constant"),
        Case::bad("a.rs", "const E: f64 = 2.71828; //~ approximate-constant"),
        Case::bad("a.rs", "fn f(x: f32) -> f32 { x * 3.1416_f32 } //~ approximate-constant"),
        Case::good("a.rs", "fn f(r: f64) -> f64 { std::f64::consts::PI * r * r }"),
        Case::good("a.rs", "fn f() -> f64 { 3.15 }"),
        Case::good("a.rs", "fn f() -> f64 { 3.1 }"),
        Case::good("a.rs", "fn f() -> f64 { 1.5 }"),
        Case::near_miss("a.rs", "const PI: f64 = 3.14159265358979323846;"),
        Case::near_miss("a.rs", "fn version() -> f64 { 2.7 }"),
        Case::near_miss("a.rs", "fn f() -> f64 { 1.41 }"),
    ],
};

/// Digits, how many of them make it certain, and the name.
const KNOWN: [(&str, usize, &str); 6] = [
    ("3.14159265358979323846", 3, "PI"),
    ("6.28318530717958647692", 3, "TAU"),
    ("2.71828182845904523536", 4, "E"),
    ("1.41421356237309504880", 5, "SQRT_2"),
    ("0.69314718055994530941", 5, "LN_2"),
    ("2.30258509299404568401", 5, "LN_10"),
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.text().replace('_', "");
    let digits = text.trim_end_matches("f64").trim_end_matches("f32");
    let count = digits.chars().filter(char::is_ascii_digit).count() - usize::from(digits.starts_with("0."));
    let Ok(value) = digits.parse::<f64>() else { return };
    let found = KNOWN.iter().find(|(exact, least, _)| {
        let decimals = digits.split_once('.').map_or(0, |(_, d)| d.len());
        let rounded = exact.parse::<f64>().is_ok_and(|e| format!("{e:.decimals$}") == digits);
        count >= *least && (rounded || exact.starts_with(digits)) && value > 0.1
    });
    // Whoever writes all digits means them.
    let Some((.., name)) = found.filter(|_| count < 12) else { return };
    let message = format!("This is only roughly `std::f64::consts::{name}`. Use the constant.");
    cx.report(Note::new(cx.rule, node.span(), message));
}
