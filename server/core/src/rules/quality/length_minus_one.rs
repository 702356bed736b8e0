use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::plain_method;
use crate::rules::rust_names::{Origin, binding};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::support::enclosing_function;
use crate::rules::unparenthesized;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "length-minus-one",
    summary: "a range runs to one less than a length that may be zero",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[191],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `for i in 0..v.len() - 1` over a slice or vector that a function is handed, where it does not ask whether there is anything in it.",
        why: "Of an empty list the length is 0, and `0 - 1` of a `usize` panics; without overflow checks the loop runs through all of memory until it panics.",
        example: "for i in 0..v.len() - 1 {\n    check(v[i], v[i + 1]);\n}",
        instead: "for pair in v.windows(2) {\n    check(pair[0], pair[1]);\n}",
        limits: "Functions that ask for the length, or whether the list is empty, in any way before are left alone, and arrays.",
        fix: "The suggested fix writes `saturating_sub`.",
    },
    checks: &[Check::Nodes(&[Kind::RangeExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "pub fn f(v: &[u32]) -> bool { for i in 0..v.len() - 1 { if v[i] > v[i + 1] { return false; } } true } //~ length-minus-one",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &Vec<u32>) -> u32 { let mut n = 0; for i in 0..v.len() - 1 { n += v[i + 1]; } n } //~ length-minus-one",
        ),
        Case::bad(
            "a.rs",
            "pub fn f(v: &mut Vec<u32>) { for i in 0..(v.len() - 1) { v.swap(i, i + 1); } } //~ length-minus-one",
        ),
        Case::bad(
            "a.rs",
            "pub fn f(v: &[f64]) -> Vec<f64> { (0..v.len() - 1).map(|i| v[i + 1] - v[i]).collect() } //~ length-minus-one",
        ),
        Case::bad(
            "a.rs",
            "pub fn f(v: Vec<P>) { for i in 0..v.len()-1 { go(&v[i], &v[i + 1]); } } //~ length-minus-one",
        ),
        Case::bad(
            "a.rs",
            "fn f(names: &[String]) { for i in 0..names.len() - 1 { println!(\"{}\", names[i]); } } //~ length-minus-one",
        ),
        Case::bad(
            "a.rs",
            "pub fn f(a: &mut [i32]) { for i in 0..a.len() - 1 { for j in 0..9 { if a[j] > a[i] { a.swap(j, i); } } } } //~ length-minus-one",
        ),
        Case::bad(
            "a.rs",
            "pub fn f(v: &[u8]) -> u8 { let mut n = 0; for i in 1..v.len() - 1 { n ^= v[i]; } n } //~ length-minus-one",
        ),
        Case::good("a.rs", "pub fn f(v: &[u32]) -> bool { v.windows(2).all(|w| w[0] <= w[1]) }"),
        Case::good("a.rs", "pub fn f(v: &[u32]) { if v.is_empty() { return; } for i in 0..v.len() - 1 { go(v[i]); } }"),
        Case::good("a.rs", "pub fn f(v: &[u32]) { if v.len() < 2 { return; } for i in 0..v.len() - 1 { go(v[i]); } }"),
        Case::good("a.rs", "pub fn f(v: &[u32]) { for i in 0..v.len().saturating_sub(1) { go(v[i]); } }"),
        Case::good("a.rs", "pub fn f(v: &[u32; 4]) { for i in 0..v.len() - 1 { go(v[i]); } }"),
        Case::good("a.rs", "pub fn f(v: &[u32]) { for i in 0..v.len() { go(v[i]); } }"),
        Case::good("a.rs", "fn f() { let v = vec![1, 2]; for i in 0..v.len() - 1 { go(v[i]); } }"),
        Case::good("a.rs", "pub fn f(v: &[u32]) { assert!(!v.is_empty()); for i in 0..v.len() - 1 { go(v[i]); } }"),
        Case::near_miss(
            "a.rs",
            "pub fn f(v: &[u32]) -> Option<u32> { let first = v.first()?; for i in 0..v.len() - 1 { go(v[i]); } Some(*first) }",
        ),
        Case::near_miss("a.rs", "pub fn f(v: &mut Vec<u32>) { v.push(1); for i in 0..v.len() - 1 { go(v[i]); } }"),
        Case::near_miss(
            "a.rs",
            "pub fn f(v: &[u32]) { let n = v.len(); if n == 0 { return; } for i in 0..v.len() - 1 { go(v[i]); } }",
        ),
        Case::near_miss("a.rs", "pub fn f(v: &[u32], k: usize) { for i in 0..k - 1 { go(v[i]); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.text();
    if text.contains("..=") || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return;
    }
    let Some(end) = node.last_named().map(unparenthesized).filter(|e| e.kind() == Kind::BinaryExpression) else {
        return;
    };
    let Some((length, one)) = operands(end).filter(|_| operator(end) == "-") else { return };
    let Some((list, "len")) = plain_method(unparenthesized(length)) else { return };
    if one.text() != "1" || list.kind() != Kind::Identifier {
        return;
    }
    let Some(bound) = binding(list).filter(|b| matches!(b.origin, Origin::Param(_))) else { return };
    if !type_of(list, cx).is_some_and(|t| matches!(t.name, "[]" | "Vec")) {
        return;
    }
    let Some(function) = enclosing_function(node).filter(|f| f.kind() == Kind::FunctionItem) else { return };
    let Some(body) = function.child(Field::Body) else { return };
    // Whatever was said of the list before may have asked.
    let before = body.descendants().any(|n| {
        let named = n.kind() == Kind::Identifier && n.text() == bound.name.text();
        named && n.span().end <= node.span().start
    });
    let macros = body.descendants().any(|n| {
        n.kind() == Kind::MacroInvocation && n.span().end <= node.span().start && n.text().contains(list.text())
    });
    if before || macros {
        return;
    }
    let message = format!(
        "`{0}` may be empty, and then `{0}.len() - 1` overflows. Use `windows(2)`, or `saturating_sub(1)`.",
        list.text()
    );
    let instead = format!("{}.len().saturating_sub(1)", list.text());
    cx.report(Note::new(cx.rule, end.span(), message).suggestion("Stop at 0", vec![(end.span(), instead)]));
}
