use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::integer;
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator, same};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "division-before-multiplication",
    summary: "integers are divided before they are multiplied",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[682],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `a / b * c` of integers, where the division cuts off what the multiplication would have needed.",
        why: "Division of integers drops the rest: `done / total * 100` is 0 until everything is done.",
        example: "let percent = done / total * 100;",
        instead: "let percent = done * 100 / total;",
        limits: "Only where the source tells that all are integers and the dividend is a variable. `n / size * size`, which rounds down on purpose, and divisions \
                 by a constant that is a multiple of the factor, or whose factor is one, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(done: u32, total: u32) -> u32 { done / total * 100 } //~ division-before-multiplication",
        ),
        Case::bad(
            "a.rs",
            "fn f(done: u64, total: u64, width: u64) -> u64 { width * (done / total) } //~ division-before-multiplication",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8], n: usize) -> usize { (v.len() / n) * 10 } //~ division-before-multiplication",
        ),
        Case::bad(
            "a.rs",
            "struct S { used: u64, size: u64 }\nimpl S { fn f(&self) -> u64 { self.used / self.size * 100 } } //~ division-before-multiplication",
        ),
        Case::good("a.rs", "fn f(done: u32, total: u32) -> u32 { done * 100 / total }"),
        Case::good("a.rs", "fn f(done: f64, total: f64) -> f64 { done / total * 100.0 }"),
        Case::good("a.rs", "fn f(n: usize, align: usize) -> usize { n / align * align }"),
        Case::good("a.rs", "fn f(n: usize) -> usize { n / 2 * 3 }"),
        Case::near_miss("a.rs", "fn f(n: usize, w: usize) -> usize { (n + w - 1) / w * 4 }"),
        Case::near_miss("a.rs", "fn f(a: Length, b: Length) -> Length { a / b * 100 }"),
        Case::near_miss(
            "a.rs",
            "fn f(rows: usize, per: usize, width: usize) -> usize { let row = i / per; row * width }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if operator(node) != "*" {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let quotient = |n: Node<'a>| {
        let n = unparenthesized(n);
        (n.kind() == Kind::BinaryExpression && operator(n) == "/").then(|| operands(n)).flatten()
    };
    let ((dividend, divisor), factor) = match (quotient(left), quotient(right)) {
        (Some(q), None) => (q, right),
        (None, Some(q)) => (q, left),
        _ => return,
    };
    let (dividend, divisor, factor) = (unparenthesized(dividend), unparenthesized(divisor), unparenthesized(factor));
    let whole = |n: Node<'a>| type_of(n, cx).is_some_and(|t| t.is_integer());
    if same(divisor, factor) || !whole(dividend) || !whole(divisor) || !whole(factor) {
        return;
    }
    // The whole of it again: `n / 8 * 3` takes three for every eight. `(n + w - 1) / w` rounds up.
    let rounds = dividend.kind() == Kind::BinaryExpression && matches!(operator(dividend), "+" | "-");
    // A factor of percent, or a ratio of two variables, is what was meant to come first.
    let percent = integer(factor).is_some_and(|n| matches!(n, 10 | 100 | 1000 | 1_000_000 | 10_000 | 60 | 360 | 255));
    let named = divisor.text().to_lowercase();
    let ratio = ["total", "max", "all", "sum", "capacity", "full", "size"].iter().any(|w| named.contains(w));
    let fixed = integer(divisor).is_some() || integer(dividend).is_some();
    if rounds
        || fixed
        || !(percent || ratio)
        || factor.text().to_lowercase().contains("size")
        || divisor.text().contains("block")
    {
        return;
    }
    let message = "The division drops its rest before the multiplication can use it. Multiply first, or calculate with a wider type or `f64`.";
    cx.report(Note::new(cx.rule, node.span(), message));
}
