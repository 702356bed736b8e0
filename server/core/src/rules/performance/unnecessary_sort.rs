use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{closure, tail};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unnecessary-sort",
    summary: "sorting does more work than the result needs",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `sort_by(|a, b| a.k.cmp(&b.k))` that `sort_by_key` says shorter, and the stable sorting of primitive values, where equal ones cannot be told apart.",
        why: "A stable sort takes memory for half of the elements, which `sort_unstable` does not.",
        example: "scores.sort();",
        instead: "scores.sort_unstable();",
        limits: "Only where the source tells that the elements are numbers, characters or truth values. The shorter form and the unstable sort are notes of the least severity.",
        fix: "`sort` becomes `sort_unstable` for primitive elements, which gives the same order.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(v: &mut Vec<u32>) { v.sort(); go(v); } //~ unnecessary-sort"),
        Case::bad(
            "a.rs",
            "struct A { k: u32 }\nfn f(mut v: Vec<A>) { v.sort_by(|a, b| a.k.cmp(&b.k)); go(v); } //~ unnecessary-sort",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut v = vec![3u8, 1]; let w: &mut [u8] = &mut v; w.sort(); go(w); } //~ unnecessary-sort",
        ),
        Case::bad("a.rs", "fn f(v: &mut [A]) { v.sort_by(|a, b| a.len().cmp(&b.len())); } //~ unnecessary-sort"),
        Case::bad("a.rs", "fn f(v: &mut [char]) { v.sort(); } //~ unnecessary-sort"),
        Case::near_miss(
            "a.rs",
            "struct A { age: u8 }\nfn f(mut v: Vec<A>) { v.sort_by(|x, y| y.age.cmp(&x.age)); go(v); }",
        ),
        Case::good(
            "a.rs",
            "struct A { name: String }\nfn f(mut v: Vec<A>) { v.sort_by(|x, y| y.name.cmp(&x.name)); go(v); }",
        ),
        Case::bad(
            "a.rs",
            "struct S { ids: Vec<u64> }\nimpl S { fn f(&mut self) { self.ids.sort(); } } //~ unnecessary-sort",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) { let mut c: Vec<char> = s.chars().collect(); c.sort(); go(c); } //~ unnecessary-sort",
        ),
        Case::good("a.rs", "fn f(v: &mut Vec<u32>) { v.sort_unstable(); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<String>) { v.sort(); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<A>) { v.sort_by_key(|a| a.k); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<A>) { v.sort_by(|a, b| a.k.cmp(&b.k).then(a.j.cmp(&b.j))); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<A>) { v.sort_by(|a, b| a.k.partial_cmp(&b.k).unwrap()); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<(u8, String)>) { v.sort(); }"),
        Case::good("a.rs", "fn f(v: &mut Table) { v.sort(); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<A>) { v.sort_by(compare); }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<A>) { v.sort_by(|a, b| a.k.cmp(&b.j)); }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<A>) { v.sort_by(|a, b| a.name().cmp(b.name())); }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<A>, by: &B) { v.sort_by(|a, b| by.rank(a).cmp(&by.rank(b))); }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<T>) { v.sort(); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node) else { return };
    let first = args(node).next();
    match (name.text(), first) {
        ("sort", None) => {
            let primitive = type_of(of, cx)
                .filter(|t| t.is_sequence())
                .map(|t| t.arg())
                .is_some_and(|t| t.is_integer() && t.name != "{integer}" || t.is("char") || t.is("bool"));
            if primitive {
                let message = "Equal values of this type cannot be told apart: `sort_unstable` gives the same order without taking memory.";
                let note = Note::new(cx.rule, tail(name, node), message).severity(Severity::Info);
                cx.report(note.safe_fix("Use `sort_unstable`", vec![(name.span(), "sort_unstable".to_owned())]));
            }
        }
        ("sort_by", Some(by)) if by.kind() == Kind::ClosureExpression && !by.is_hole() => by_key(node, name, by, cx),
        _ => {}
    }
}

/// `|a, b| a.k.cmp(&b.k)`.
fn by_key<'a>(node: Node<'a>, name: Node<'a>, by: Node<'a>, cx: &mut Cx<'a>) {
    let Some((parameters, body)) = closure(by) else { return };
    let [a, b] = parameters.as_slice() else { return };
    let Some((left, cmp)) = method(body).filter(|(_, m)| m.text() == "cmp") else { return };
    let Some(right) =
        args(body).next().filter(|r| r.kind() == Kind::ReferenceExpression).and_then(|r| r.child(Field::Value))
    else {
        return;
    };
    let turned = left.text().starts_with(&format!("{}.", b.text()));
    let (from, to) = if turned { (b.text(), a.text()) } else { (a.text(), b.text()) };
    let key = left.text().strip_prefix(from).and_then(|k| k.strip_prefix('.'));
    let same_key = key.is_some() && key == right.text().strip_prefix(to).and_then(|k| k.strip_prefix('.'));
    // Calls with arguments are another matter; a key that is borrowed cannot be returned.
    let simple = left.descendants().all(|n| !matches!(n.kind(), Kind::ReferenceExpression | Kind::ClosureExpression))
        && cmp.kind() == Kind::FieldIdentifier;
    // A borrowed key cannot be handed out of the closure.
    let owned = type_of(left, cx).is_some_and(|t| t.refs == 0 && t.is_copy(cx) == Some(true));
    // Backwards `Reverse` would say it, which is no shorter.
    if !same_key || !simple || !owned || turned {
        return;
    }
    let instead = if turned { "sort_by_key(|x| Reverse(..))" } else { "sort_by_key(..)" };
    let message = format!("Both sides take the same key: `{instead}` says so.");
    cx.report(Note::new(cx.rule, tail(name, node), message).severity(Severity::Info));
}
