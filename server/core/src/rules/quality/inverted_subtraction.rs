use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{expression, integer, statements};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{only_reads, operands, operator, same};
use crate::rules::support::{place_name, rust_path, words};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "inverted-subtraction",
    summary: "a difference is taken where it is below zero",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[191, 682],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `if a < b { a - b } else { 0 }`, and the same with `>` or the branches the other way round: the guard lets through what it should stop; and `start - Instant::now()`.",
        why: "The subtraction runs exactly when its result is below zero: unsigned numbers overflow and panic, or wrap round to a huge number. Where it would work, the result is 0.",
        example: "let left = if used > total { total - used } else { 0 };",
        instead: "let left = total.saturating_sub(used);",
        limits: "Only where the other branch is 0 and both operands are the same as in the condition. Types that are known to be signed or floating are left alone.",
        fix: "`a.saturating_sub(b)` is offered as a suggestion, for it changes what happens.",
    },
    checks: &[Check::Nodes(&[Kind::IfExpression], check), Check::Nodes(&[Kind::BinaryExpression], elapsed)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(total: u32, used: u32) -> u32 { if used > total { total - used } else { 0 } } //~ inverted-subtraction",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: usize, b: usize) -> usize { if a < b { a - b } else { 0 } } //~ inverted-subtraction",
        ),
        Case::bad("a.rs", "fn f(a: u64, b: u64) -> u64 { if a <= b { a - b } else { 0 } } //~ inverted-subtraction"),
        Case::bad("a.rs", "fn f(a: u8, b: u8) -> u8 { if a > b { 0 } else { a - b } } //~ inverted-subtraction"),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8], n: usize) -> usize { let r = if v.len() < n { v.len() - n } else { 0 }; r }  //~ inverted-subtraction",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn left(&self) -> u64 { if self.used >= self.total { self.total - self.used } else { 0 } } } //~ inverted-subtraction",
        ),
        Case::bad("a.rs", "fn f(a: u16, b: u16) -> u16 { if b > a { a - b } else { 0u16 } } //~ inverted-subtraction"),
        Case::bad(
            "a.rs",
            "fn f(start: usize, end: usize) -> usize { if end < start { end - start } else { 0 } } //~ inverted-subtraction",
        ),
        Case::bad("a.rs", "fn f(a: u32, b: u32) -> u32 { if a > b { b - a } else { a - b } } //~ inverted-subtraction"),
        Case::good("a.rs", "fn f(a: u32, b: u32) -> u32 { if a > b { a - b } else { b - a } }"),
        Case::good("a.rs", "fn f(total: u32, used: u32) -> u32 { if total > used { total - used } else { 0 } }"),
        Case::good("a.rs", "fn f(a: usize, b: usize) -> usize { if a < b { b - a } else { 0 } }"),
        Case::good("a.rs", "fn f(a: u8, b: u8) -> u8 { a.saturating_sub(b) }"),
        Case::good("a.rs", "fn f(a: u8, b: u8) -> u8 { if a < b { 0 } else { a - b } }"),
        Case::good("a.rs", "fn f(a: u8, b: u8) -> u8 { if a < b { b - a } else { a - b } }"),
        Case::good("a.rs", "fn f(a: u8, b: u8, c: u8) -> u8 { if a < b { a - c } else { 0 } }"),
        Case::good("a.rs", "fn f(a: i32, b: i32) -> i32 { if a < b { a - b } else { 0 } }"),
        Case::good("a.rs", "fn f(a: u8, b: u8) -> u8 { if a == b { a - b } else { 0 } }"),
        Case::bad(
            "a.rs",
            "fn f(start: std::time::Instant) -> std::time::Duration { start - std::time::Instant::now() } //~ inverted-subtraction",
        ),
        Case::good(
            "a.rs",
            "fn f(deadline: std::time::Instant) -> std::time::Duration { deadline - std::time::Instant::now() }",
        ),
        Case::near_miss("a.rs", "fn f(a: f64, b: f64) -> f64 { if a < b { a - b } else { 0.0 } }"),
        Case::near_miss("a.rs", "fn f(a: u8, b: u8) -> u8 { if a >= b { a - b } else { 0 } }"),
        Case::near_miss("a.rs", "fn f(a: u8, b: u8) -> u8 { if a < b { a - b } else { 1 } }"),
        Case::near_miss("a.rs", "fn f(a: i64, b: i64) -> i64 { if b > a { a - b } else { 0 } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(condition) =
        node.child(Field::Condition).map(unparenthesized).filter(|c| c.kind() == Kind::BinaryExpression)
    else {
        return;
    };
    let only = |block: Option<Node<'a>>| -> Option<Node<'a>> {
        let all = statements(block?);
        let [single] = all.as_slice() else { return None };
        Some(unparenthesized(expression(*single)))
    };
    let then = only(node.child(Field::Consequence));
    let otherwise = only(node.child(Field::Alternative).and_then(Node::last_named).filter(|n| n.kind() == Kind::Block));
    let (Some(then), Some(otherwise), Some((left, right))) = (then, otherwise, operands(condition)) else { return };
    let is_less = match operator(condition) {
        "<" | "<=" => true,
        ">" | ">=" => false,
        _ => return,
    };
    // `if a > b { b - a } else { a - b }`
    let subtracts = |n: Node<'a>, from: Node<'a>, what: Node<'a>| {
        n.kind() == Kind::BinaryExpression
            && operator(n) == "-"
            && operands(n).is_some_and(|(m, s)| same(m, from) && same(s, what))
    };
    let (less, more) = if is_less { (left, right) } else { (right, left) };
    if subtracts(then, less, more) && subtracts(otherwise, more, less) {
        let unsigned = type_of(left, cx)
            .or_else(|| type_of(right, cx))
            .is_some_and(|t| crate::rules::rust_types::is_unsigned(t.name));
        if unsigned {
            let message = format!(
                "Both branches subtract the greater from the smaller number, which is below zero. `{}.abs_diff({})` says what was meant.",
                left.text(),
                right.text()
            );
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        return;
    }
    // The difference, and whether it runs where the condition holds.
    let (difference, holds) = match (integer(then), integer(otherwise)) {
        (None, Some(0)) => (then, true),
        (Some(0), None) => (otherwise, false),
        _ => return,
    };
    if difference.kind() != Kind::BinaryExpression || operator(difference) != "-" {
        return;
    }
    let Some((minuend, subtrahend)) = operands(difference) else { return };
    // Whether the left operand is the smaller one there.
    let left_is_smaller = is_less == holds;
    let inverted = if left_is_smaller {
        same(minuend, left) && same(subtrahend, right)
    } else {
        same(minuend, right) && same(subtrahend, left)
    };
    let reads = |n: Node<'_>| only_reads(n) || n.text().ends_with(".len()");
    if !inverted || !reads(left) || !reads(right) {
        return;
    }
    // `a <= b` lets `a == b` pass, which is 0 either way.
    let signed = [minuend, subtrahend]
        .iter()
        .filter_map(|n| type_of(*n, cx))
        .any(|t| t.is_float() || crate::rules::rust_types::is_signed(t.name));
    if signed {
        return;
    }
    let message = format!(
        "This subtracts exactly where the result is below zero, and gives 0 everywhere else: the condition is the wrong way round. `{}.saturating_sub({})` says what was meant.",
        minuend.text(),
        subtrahend.text()
    );
    let fixed = format!("{}.saturating_sub({})", minuend.text(), subtrahend.text());
    cx.report(Note::new(cx.rule, node.span(), message).suggestion("Subtract down to zero", vec![(node.span(), fixed)]));
}

/// `start - Instant::now()`: a moment of the past is less than now.
fn elapsed<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((past, now)) = operands(node).filter(|_| operator(node) == "-") else { return };
    let is_now = now.kind() == Kind::CallExpression
        && now.child(Field::Function).and_then(|f| rust_path(f, cx)).is_some_and(|p| {
            matches!(
                p.as_str(),
                "std::time::Instant::now" | "Instant::now" | "std::time::SystemTime::now" | "tokio::time::Instant::now"
            )
        });
    let name = place_name(past).unwrap_or_default();
    let first = words(&name);
    let began = first.iter().any(|w| {
        matches!(w.as_str(), "start" | "started" | "begin" | "began" | "since" | "created" | "t0" | "before" | "opened")
    });
    if is_now && began {
        let message = format!(
            "`{}` lies in the past: this is below zero, which panics or gives zero. `{0}.elapsed()` says how long ago it was.",
            past.text()
        );
        let edit = vec![(node.span(), format!("{}.elapsed()", past.text()))];
        cx.report(Note::new(cx.rule, node.span(), message).suggestion("Use `elapsed`", edit));
    }
}
