use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_clones::bound_to;
use crate::rules::rust_code::{call_on, integer};
use crate::rules::rust_names::uses;
use crate::rules::rust_types::macro_name;
use crate::rules::support::is_function;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "useless-vec",
    summary: "a vector is made where an array would do",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `vec![a, b, c]` with fixed elements that is only walked, indexed, counted or lent as a slice.",
        why: "A vector takes memory from the heap and gives it back; an array of the same elements lies on the stack, or in the program itself.",
        example: "for name in vec![\"a\", \"b\"] { visit(name); }",
        instead: "for name in [\"a\", \"b\"] { visit(name); }",
        limits: "Only if every use is seen, and works for an array alike; not in tests, and not for more than 32 elements or lengths that are not constant.",
        fix: "`vec![..]` becomes `[..]`.",
    },
    checks: &[Check::Nodes(&[Kind::MacroInvocation], check)],
    cases: &[
        Case::bad("a.rs", "fn f() { for n in vec![\"a\", \"b\"] { go(n); } } //~ useless-vec"),
        Case::bad("a.rs", "fn f() -> i32 { let v = vec![1, 2, 3]; v.iter().sum() } //~ useless-vec"),
        Case::bad("a.rs", "fn f(i: usize) -> u8 { let v = vec![1, 2, 3]; v[i] } //~ useless-vec"),
        Case::bad("a.rs", "fn f() { let v = vec![\"a\", \"b\"]; for x in &v { go(x); } } //~ useless-vec"),
        Case::bad("a.rs", "fn f() { let v = vec![0u8; 4]; for x in v.iter() { go(x); } } //~ useless-vec"),
        Case::bad("a.rs", "fn f(n: u8) -> bool { vec![1, 2, 3].contains(&n) } //~ useless-vec"),
        Case::bad("a.rs", "fn f(a: u8, b: u8) -> u8 { *vec![a, b].iter().max().unwrap() } //~ useless-vec"),
        Case::bad("a.rs", "fn f() { for (i, n) in vec![3, 4].iter().enumerate() { go(i, n); } } //~ useless-vec"),
        Case::good("a.rs", "fn f() -> Vec<u8> { vec![1, 2] }"),
        Case::good("a.rs", "fn f() { for n in [\"a\", \"b\"] { go(n); } }"),
        Case::good("a.rs", "fn f() { let v = vec![1, 2]; go(v); }"),
        Case::good("a.rs", "fn f() { let mut v = vec![1, 2]; v.push(3); for x in &v { go(x); } }"),
        Case::good("a.rs", "fn f(n: usize) { let v = vec![0; n]; for x in &v { go(x); } }"),
        Case::good("a.rs", "struct A { v: Vec<u8> }\nfn f() -> A { A { v: vec![1, 2] } }"),
        Case::good("a.rs", "fn f() { spawn(vec![1, 2]); }"),
        Case::good("a.rs", "fn f() { let v = vec![0u8; 100000]; for x in &v { go(x); } }"),
        Case::near_miss("a.rs", "fn f() { let v = vec![1, 2]; let w = v.clone(); go(w); }"),
        Case::near_miss("a.rs", "fn f() { let v = vec![1, 2]; go(&v); }"),
        Case::near_miss(
            "a.rs",
            "fn f() { let v: Vec<u8> = vec![1, 2].into_iter().map(|x| x + 1).collect(); take(v); }",
        ),
        Case::near_miss("a.rs", "fn f() -> impl Iterator<Item = u8> { let v = vec![1, 2]; v.into_iter() }"),
        Case::near_miss("a.rs", "fn f() { let v = vec![1, 2]; let c = move || v.len(); take(c); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if macro_name(node) != "vec" || node.parent().is_some_and(|p| p.kind() == Kind::TokenTree) {
        return;
    }
    let Some(tree) = node.child_of_kind(Kind::TokenTree) else { return };
    if !few(tree) {
        return;
    }
    let certain = match bound_to(node) {
        Some(bound) => {
            let typed = node.parent().is_some_and(|l| l.child(Field::Type).is_some());
            let Some(all) = uses(&bound, cx) else { return };
            // A closure may keep it.
            let lent = all.iter().all(|u| {
                as_slice(*u)
                    && !u
                        .ancestors()
                        .take_while(|a| *a != bound.scope)
                        .any(|a| is_function(a) || a.kind() == Kind::AsyncBlock)
            });
            !typed && !all.is_empty() && lent
        }
        None => as_slice(node),
    };
    if !certain {
        return;
    }
    let message = "These elements are fixed: an array does the same and takes no memory from the heap.";
    let text = tree.text();
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or("");
    let fix = vec![(node.span(), format!("[{inner}]"))];
    cx.report(Note::new(cx.rule, node.span(), message).safe_fix("Use an array", fix));
}

/// Whether a `vec!` has elements, and few of them.
fn few(tree: Node<'_>) -> bool {
    let tokens: Vec<Node<'_>> = tree.children().collect();
    let Some(inner) = tokens.get(1..tokens.len().saturating_sub(1)).filter(|i| !i.is_empty()) else { return false };
    if let Some(at) = inner.iter().position(|t| t.text() == ";") {
        let [count] = &inner[at + 1..] else { return false };
        return integer(*count).is_some_and(|n| (1..=32).contains(&n));
    }
    inner.iter().filter(|t| t.text() == ",").count() < 32 && tree.text().len() < 400
}

/// Whether what is done with a vector works for an array alike, by reference.
fn as_slice(used: Node<'_>) -> bool {
    let Some(parent) = used.parent() else { return false };
    match parent.kind() {
        Kind::ForExpression => used.field() == Field::Value,
        Kind::ReferenceExpression => {
            parent.child_of_kind(Kind::MutableSpecifier).is_none()
                && parent.parent().is_some_and(|p| p.kind() == Kind::ForExpression && parent.field() == Field::Value)
        }
        Kind::IndexExpression => {
            parent.first_named() == Some(used)
                && parent.parent().is_none_or(|p| {
                    !(p.kind() == Kind::ReferenceExpression
                        || matches!(p.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr)
                            && parent.field() == Field::Left)
                })
        }
        _ => call_on(used).is_some_and(|(call, name)| {
            matches!(name.text(), "len" | "is_empty" | "contains" | "first" | "last" | "binary_search" | "starts_with")
                && !borrowed_out(call, name.text())
                || name.text() == "iter" && consumed(call)
        }),
    }
}

/// Whether a reference into the vector leaves the statement.
fn borrowed_out(call: Node<'_>, name: &str) -> bool {
    matches!(name, "first" | "last")
        && call.ancestors().any(|a| matches!(a.kind(), Kind::LetDeclaration | Kind::ReturnExpression))
}

/// Whether an iterator is used up where it stands, with a value as its result.
fn consumed(call: Node<'_>) -> bool {
    let chain: Vec<_> = crate::rules::support::chain(call);
    let walked = call
        .ancestors()
        .find(|a| !matches!(a.kind(), Kind::FieldExpression | Kind::CallExpression | Kind::GenericFunction));
    let in_for = walked.is_some_and(|w| w.kind() == Kind::ForExpression);
    in_for
        || chain.iter().filter_map(|c| crate::rules::support::method(*c)).any(|(_, n)| {
            matches!(
                n.text(),
                "sum"
                    | "any"
                    | "all"
                    | "count"
                    | "position"
                    | "for_each"
                    | "product"
                    | "fold"
                    | "copied"
                    | "cloned"
                    | "max"
                    | "min"
            )
        })
}
