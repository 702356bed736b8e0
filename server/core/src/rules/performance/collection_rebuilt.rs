use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::{Ty, type_of};
use crate::rules::shape::{operands, same};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "collection-rebuilt",
    summary: "a collection is built anew where it could change in place",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `v = v.into_iter().filter(..).collect()`, `a.extend(b.drain(..))` and `v.drain(..).collect()` into the same kind of collection.",
        why: "Each of these moves every element one by one; the second and third also ask for memory that is there already.",
        example: "v = v.into_iter().filter(|x| x.ok).collect();",
        instead: "v.retain(|x| x.ok);",
        limits: "`drain` of a part, and other kinds of collections on either side, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::AssignmentExpression, Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(mut v: Vec<u32>) -> Vec<u32> { v = v.into_iter().filter(|x| *x > 1).collect(); v } //~ collection-rebuilt",
        ),
        Case::bad("a.rs", "fn f(a: &mut Vec<u32>, b: &mut Vec<u32>) { a.extend(b.drain(..)); } //~ collection-rebuilt"),
        Case::bad("a.rs", "fn f(v: &mut Vec<u32>) -> Vec<u32> { v.drain(..).collect() } //~ collection-rebuilt"),
        Case::bad(
            "a.rs",
            "impl A { fn f(&mut self) { self.jobs = self.jobs.drain(..).filter(|j| !j.done).collect::<Vec<_>>(); } } //~ collection-rebuilt",
        ),
        Case::bad(
            "a.rs",
            "struct A { q: Vec<u8> }\nimpl A { fn f(&mut self) -> Vec<u8> { self.q.drain(..).collect::<Vec<_>>() } } //~ collection-rebuilt",
        ),
        Case::good("a.rs", "fn f(v: &mut Vec<u32>) { v.retain(|x| *x > 1); }"),
        Case::good("a.rs", "fn f(a: &mut Vec<u32>, b: &mut Vec<u32>) { a.append(b); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u32>) -> Vec<u32> { v.drain(2..).collect() }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u32>) -> HashSet<u32> { v.drain(..).collect() }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: Vec<u32>) -> Vec<u32> { let w = v.into_iter().filter(|x| *x > 1).collect(); w }",
        ),
        Case::near_miss("a.rs", "fn f(a: &mut Vec<u32>, b: &mut HashSet<u32>) { a.extend(b.drain()); }"),
        Case::near_miss(
            "a.rs",
            "fn f(mut v: Vec<u32>) -> Vec<u32> { v = v.into_iter().filter(|x| *x > 1).map(|x| x + 1).collect(); v }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.kind() == Kind::AssignmentExpression {
        let Some((place, value)) = operands(node) else { return };
        let Some((filtered, collect)) = method(value).filter(|(_, m)| m.text() == "collect") else { return };
        let Some((walked, _)) = method(filtered).filter(|(_, m)| m.text() == "filter") else { return };
        let Some((of, _)) = method(walked).filter(|(_, m)| matches!(m.text(), "into_iter" | "drain")) else { return };
        // `retain` sees a reference where the closure's pattern may take it apart in the same way.
        if same(of, place) {
            let _ = collect;
            let message = "All elements move into a new collection to lose some. `retain` drops them in place.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        return;
    }
    let Some((of, name)) = method(node) else { return };
    match name.text() {
        "extend" => {
            let Some((from, _)) = args(node).next().and_then(|a| all_drained(a)) else { return };
            let vec = |n: Node<'a>| type_of(n, cx).is_some_and(|t| t.name == "Vec");
            if vec(of) && vec(from) {
                let message = "`drain` hands over one element after the other. `append` moves all of them at once.";
                cx.report(Note::new(cx.rule, node.span(), message));
            }
        }
        "collect" => {
            let Some((from, _)) = all_drained(of) else { return };
            if type_of(from, cx).is_none_or(|t| t.name != "Vec") || !gives_vec(node) {
                return;
            }
            // `v = v.drain(..).collect()` makes no sense, and is no move.
            let message = "This moves every element into new memory. `std::mem::take` takes the whole vector.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        _ => {}
    }
}

/// The collection of `x.drain(..)`.
fn all_drained<'a>(node: Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    let (of, m) = method(node).filter(|(_, m)| m.text() == "drain")?;
    args(node).next().is_some_and(|a| a.text() == "..").then_some((of, m))
}

/// Whether what is collected is a `Vec`: by the call's type argument, the variable's or the function's type.
fn gives_vec(collect: Node<'_>) -> bool {
    let vec = |t: Node<'_>| Ty::parse(t.text()).is("Vec");
    if let Some(list) = collect.child(Field::Function).and_then(|f| f.child(Field::TypeArguments)) {
        return list.named_children().next().is_some_and(vec);
    }
    let Some(parent) = collect.parent() else { return false };
    match parent.kind() {
        Kind::LetDeclaration => parent.child(Field::Type).is_some_and(vec),
        Kind::Block => parent
            .parent()
            .filter(|f| f.kind() == Kind::FunctionItem)
            .and_then(|f| f.child(Field::ReturnType))
            .is_some_and(vec),
        _ => false,
    }
}
