use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{expression, leaves, plain_method};
use crate::rules::rust_names::binding;
use crate::rules::support::{bare, is_function, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "mut-range-bound",
    summary: "a loop changes the bound of its own range",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[835],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `for i in a..b` whose body assigns to `a` or `b`.",
        why: "The range is made once, before the first round: the assignment does not make the loop longer or shorter, although it reads as if it did.",
        example: "for i in 0..len {\n    if skip(i) { len -= 1; }\n}",
        instead: "let mut i = 0;\nwhile i < len {\n    if skip(i) { len -= 1; }\n    i += 1;\n}",
        limits: "An assignment after which the loop ends is meant for what follows. Bounds that are computed by a call are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(mut len: usize) { for i in 0..len { if skip(i) { len -= 1; } } } //~ mut-range-bound"),
        Case::bad("a.rs", "fn f() { let mut n = 4; for i in 0..n { n = 2; go(i); } } //~ mut-range-bound"),
        Case::bad("a.rs", "fn f(mut from: u8) { for i in from..9 { from += i; } } //~ mut-range-bound"),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) { let mut end = v.len(); for i in 0..=end { end = end.min(i + 3); } } //~ mut-range-bound",
        ),
        Case::bad("a.rs", "fn f(mut n: usize) { for i in (0..n).rev() { n -= 1; go(i); } } //~ mut-range-bound"),
        Case::bad("a.rs", "fn f(mut n: usize) { for _ in 0..n { while go() { n += 1; } } } //~ mut-range-bound"),
        Case::bad("a.rs", "fn f(mut a: i32, b: i32) { for i in a..b { a = i; } } //~ mut-range-bound"),
        Case::bad("a.rs", "fn f() { let mut k = 10u32; for i in 1..k { if i > 3 { k /= 2; } } } //~ mut-range-bound"),
        Case::good("a.rs", "fn f(n: usize) { for i in 0..n { go(i); } }"),
        Case::good("a.rs", "fn f(mut n: usize) { for i in 0..9 { n += i; } go(n); }"),
        Case::good("a.rs", "fn f(mut n: usize) { for i in 0..n { if bad(i) { n = i; break; } } go(n); }"),
        Case::good("a.rs", "fn f(mut n: usize) { while n > 0 { n -= 1; } }"),
        Case::good("a.rs", "fn f(mut n: usize) { n = 3; for i in 0..n { go(i); } }"),
        Case::good("a.rs", "fn f(mut s: S) { for i in 0..s.n { s.total += i; } }"),
        Case::good("a.rs", "fn f(n: usize) { for i in 0..n { let n = i + 1; go(n); } }"),
        Case::good("a.rs", "fn f(mut n: usize) { for i in 0..n { if bad(i) { n = 0; return; } } }"),
        Case::near_miss("a.rs", "fn f(mut n: usize) { for x in list.take(n) { n += x; } }"),
        Case::near_miss("a.rs", "fn f(mut n: usize) { for i in 0..n { let mut n = i; n += 1; go(n); } }"),
        Case::near_miss("a.rs", "fn f(mut n: usize) { for i in 0..f2(n) { n += i; } }"),
        Case::near_miss("a.rs", "fn f(a: &mut [u8], n: usize) { for i in 0..n { a[n] = i as u8; } }"),
        Case::bad(
            "a.rs",
            "fn f(mut len: usize) {\n    for i in 0..len {\n        go(i);\n        len -= 1; //~ mut-range-bound\n    }\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(mut over), Some(body)) = (node.child(Field::Value), node.child(Field::Body)) else { return };
    if let Some((of, "rev")) = plain_method(over) {
        over = of;
    }
    let over = bare(over);
    if over.kind() != Kind::RangeExpression {
        return;
    }
    for bound in over.named_children().filter(|n| n.kind() == Kind::Identifier) {
        let Some(declared) = binding(bound) else { continue };
        let assigned = body.descendants_until(is_function).find(|n| {
            matches!(n.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr)
                && n.child(Field::Left).is_some_and(|l| {
                    l.kind() == Kind::Identifier
                        && l.text() == bound.text()
                        && binding(l).is_some_and(|b| b.name == declared.name)
                })
                && !ends(*n, body)
        });
        if let Some(assigned) = assigned {
            let message = format!(
                "`{}` is read once, before the first round: this assignment does not change how often it runs.",
                bound.text()
            );
            cx.report(Note::new(cx.rule, assigned.span(), message).related(bound.span(), "the bound"));
        }
    }
}

/// Whether the loop is left behind the assignment.
fn ends(assignment: Node<'_>, body: Node<'_>) -> bool {
    let mut at = Some(statement(assignment));
    while let Some(s) = at {
        if leaves(s) && !matches!(expression(s).kind(), Kind::ContinueExpression) {
            return true;
        }
        at = s.next_named_sibling();
        if at.is_none() && s.parent().is_some_and(|p| p == body) {
            return false;
        }
    }
    false
}
