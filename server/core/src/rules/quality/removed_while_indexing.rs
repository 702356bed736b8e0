use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "removed-while-indexing",
    summary: "a loop over the indexes of a vector removes from it",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[129, 193],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `v.remove(i)` and `v.swap_remove(i)` in `for i in 0..v.len()`.",
        why: "The range is fixed before the first round: behind each removal the next element moves into the place that was just looked at and is passed over, and the last rounds index behind the end, which panics.",
        example: "for i in 0..v.len() {\n    if v[i] == 0 { v.remove(i); }\n}",
        instead: "v.retain(|x| *x != 0);",
        limits: "Loops that run backwards (`.rev()`), and removals behind which the loop ends at once, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(v: &mut Vec<u8>) { for i in 0..v.len() { if v[i] == 0 { v.remove(i); } } } //~ removed-while-indexing",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&mut self) { for i in 0..self.jobs.len() {\n if self.jobs[i].done() { let j = self.jobs.swap_remove(i); go(j); } } } } //~ removed-while-indexing",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut Vec<u8>) { for k in 1..v.len() { if v[k] == v[k - 1] { v.remove(k); } } } //~ removed-while-indexing",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut Vec<u8>) { for i in 0..v.len() { while v[i] > 3 { v.remove(i); } } } //~ removed-while-indexing",
        ),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { for i in (0..v.len()).rev() { if v[i] == 0 { v.remove(i); } } }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { for i in 0..v.len() { if v[i] == 0 { v.remove(i); break; } } }"),
        Case::good(
            "a.rs",
            "fn f(v: &mut Vec<u8>) -> Option<u8> { for i in 0..v.len() { if v[i] == 0 { return Some(v.remove(i)); } } None }",
        ),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { v.retain(|x| *x != 0); }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: &[u8], w: &mut Vec<u8>) { for i in 0..v.len() { if v[i] == 0 { w.remove(0); } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(v: &mut Vec<u8>) { let mut i = 0; while i < v.len() { if v[i] == 0 { v.remove(i); } else { i += 1; } } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(over), Some(body)) =
        (node.child(Field::Pattern), node.child(Field::Value), node.child(Field::Body))
    else {
        return;
    };
    if over.kind() != Kind::RangeExpression || pattern.kind() != Kind::Identifier {
        return;
    }
    let Some(list) = over.last_named().and_then(method).filter(|(_, m)| m.text() == "len").map(|(of, _)| of) else {
        return;
    };
    let removal = body.descendants().find(|n| {
        method(*n).is_some_and(|(of, m)| {
            matches!(m.text(), "remove" | "swap_remove")
                && of.text() == list.text()
                && args(*n).next().is_some_and(|a| a.text() == pattern.text())
        })
    });
    let Some(removal) = removal else { return };
    // The loop ends right behind it.
    let ends =
        |n: Node<'_>| n.descendants().any(|d| matches!(d.kind(), Kind::BreakExpression | Kind::ReturnExpression));
    let around = removal
        .ancestors()
        .take_while(|a| *a != body)
        .any(|a| a.kind() == Kind::ReturnExpression || a.kind() == Kind::BreakExpression);
    let own = statement(removal);
    if around || ends(own) || std::iter::successors(own.next_named_sibling(), |n| n.next_named_sibling()).any(ends) {
        return;
    }
    let message = "The next element moves into this place and is passed over, and the last rounds index behind the end. Use `retain`, or walk backwards.";
    cx.report(Note::new(cx.rule, removal.span(), message));
}
