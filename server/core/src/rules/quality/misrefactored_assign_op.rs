use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{only_reads, operands, operator, same};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "misrefactored-assign-op",
    summary: "an assignment operator repeats its own left side",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[682],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `a += a + b`, `a -= a - b`, `a *= a * b` and the like, and `a =- b`, `a =! b` without a space where an operator was meant.",
        why: "`a += a + b` adds `a` twice: it was `a = a + b` before somebody shortened one half of it. `a =- b` assigns the negative value, where `a -= b` was meant.",
        example: "total += total + price;",
        instead: "total += price;",
        limits: "`a += a` and `a *= a` double and square, and are meant.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::CompoundAssignmentExpr], check),
        Check::Nodes(&[Kind::AssignmentExpression], spaced),
    ],
    cases: &[
        Case::bad("a.rs", "fn f(mut a: u8, b: u8) -> u8 { a += a + b; a } //~ misrefactored-assign-op"),
        Case::bad("a.rs", "fn f(mut a: i32, b: i32) -> i32 { a -= a - b; a } //~ misrefactored-assign-op"),
        Case::bad("a.rs", "fn f(mut a: u8, b: u8) -> u8 { a *= a * b; a } //~ misrefactored-assign-op"),
        Case::bad("a.rs", "fn f(s: &mut S, x: f64) { s.sum += s.sum + x; } //~ misrefactored-assign-op"),
        Case::bad("a.rs", "fn f(mut a: u8, b: u8) -> u8 { a += b + a; a } //~ misrefactored-assign-op"),
        Case::bad("a.rs", "fn f(mut a: i32, b: i32) -> i32 { a =- b; a } //~ misrefactored-assign-op"),
        Case::bad("a.rs", "fn f(v: &mut [u32], i: usize) { v[i] |= v[i] | 4; } //~ misrefactored-assign-op"),
        Case::bad("a.rs", "fn f(mut a: i32) -> i32 { a =-1; a } //~ misrefactored-assign-op"),
        Case::good("a.rs", "fn f(mut a: u8, b: u8) -> u8 { a += b; a }"),
        Case::good("a.rs", "fn f(mut a: u8, b: u8) -> u8 { a = a + b; a }"),
        Case::good("a.rs", "fn f(mut a: u8) -> u8 { a += a; a }"),
        Case::good("a.rs", "fn f(mut a: u8, b: u8) -> u8 { a += a * b; a }"),
        Case::good("a.rs", "fn f(mut a: i32, b: i32) -> i32 { a = -b; a }"),
        Case::good("a.rs", "fn f(mut a: bool, b: bool) -> bool { a = !b; a }"),
        Case::good("a.rs", "fn f(mut a: u8, b: u8, c: u8) -> u8 { a -= b - c; a }"),
        Case::good("a.rs", "fn f(s: &mut S, t: &S) { s.sum += t.sum + 1; }"),
        Case::near_miss("a.rs", "fn f(mut a: u8, b: u8) -> u8 { a -= b - a; a }"),
        Case::near_miss("a.rs", "fn f(mut a: u64, b: u32) -> u64 { a ^= a >> b; a }"),
        Case::near_miss("a.rs", "fn f(v: &mut [u32], i: usize) { v[i] += v[i + 1] + 2; }"),
        Case::near_miss("a.rs", "fn f(mut a: i32) -> i32 { a=-1; a }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((place, value)) = operands(node) else { return };
    let value = bare(value);
    let op = operator(node);
    if value.kind() != Kind::BinaryExpression || op.strip_suffix('=') != Some(operator(value)) || !only_reads(place) {
        return;
    }
    let Some((left, right)) = operands(value) else { return };
    let symmetric = matches!(operator(value), "+" | "*" | "|" | "&" | "^");
    if !(same(left, place) || symmetric && same(right, place)) || same(left, right) {
        return;
    }
    let message = format!(
        "`{op}` takes `{0}` already, and the right side does again. Either `=` or `{op}` without `{0}` was meant.",
        place.text()
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

fn spaced<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((place, value)) = operands(node) else { return };
    let between = cx.arena().slice(Span { start: place.span().end, end: value.span().start });
    // `a =-b`: a space before the sign and none between.
    let operator = match value.text().chars().next() {
        Some('-') if value.kind() != Kind::ParenthesizedExpression => "-=",
        Some('*') if value.kind() == Kind::UnaryExpression => "*=",
        _ => return,
    };
    if between != " =" {
        return;
    }
    let message =
        format!("This assigns a new value. If `{operator}` was meant, write it so; else put a space behind `=`.");
    cx.report(Note::new(cx.rule, node.span(), message));
}
