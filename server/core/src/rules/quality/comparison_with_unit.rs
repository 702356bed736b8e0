use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "comparison-with-unit",
    summary: "a comparison of two values that say nothing",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[571],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds comparisons of `()`: with the literal, of blocks that end in a semicolon, and of calls that return nothing, such as `a.sort() == b.sort()`.",
        why: "There is only one `()`, so that the outcome is fixed. Mostly the results of methods were meant that work in place and return nothing.",
        example: "if left.sort() == right.sort() { same(); }",
        instead: "left.sort();\nright.sort();\nif left == right { same(); }",
        limits: "Only where the source tells that the value is `()`: the literal, a block, functions of the file, and methods of vectors and strings that return nothing.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(a: &mut Vec<u8>, b: &mut Vec<u8>) -> bool { a.sort() == b.sort() } //~ comparison-with-unit",
        ),
        Case::bad("a.rs", "fn f() -> bool { go(); log() == () } //~ comparison-with-unit\nfn log() {}"),
        Case::bad("a.rs", "fn f(a: u8, b: u8) -> bool { { a; } == { b; } } //~ comparison-with-unit"),
        Case::bad("a.rs", "fn f(v: &mut Vec<u8>) -> bool { v.clear() != () } //~ comparison-with-unit"),
        Case::bad(
            "a.rs",
            "fn save(x: u8) { write(x); }\nfn f() { if save(1) == save(2) { go(); } //~ comparison-with-unit\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &mut Vec<u8>, b: &mut Vec<u8>) -> bool { a.reverse() == b.reverse() } //~ comparison-with-unit",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &mut String, b: &mut String) -> bool { a.push('x') == b.push('x') } //~ comparison-with-unit",
        ),
        Case::bad("a.rs", "fn f(a: &mut [u8]) -> bool { a.sort_unstable() > () } //~ comparison-with-unit"),
        Case::good("a.rs", "fn f(a: &mut Vec<u8>, b: &mut Vec<u8>) -> bool { a.sort(); b.sort(); a == b }"),
        Case::good("a.rs", "fn f(a: &Vec<u8>) -> bool { a.len() == 3 }"),
        Case::good("a.rs", "fn f(a: u8, b: u8) -> bool { { a } == { b } }"),
        Case::good("a.rs", "fn f(a: &mut Vec<u8>) -> bool { a.pop() == None }"),
        Case::good("a.rs", "fn log() -> bool { true }\nfn f() -> bool { log() == true }"),
        Case::good("a.rs", "fn f(a: (u8, u8)) -> bool { a == (1, 2) }"),
        Case::good("a.rs", "fn f(r: Result<(), E>) -> bool { r == Ok(()) }"),
        Case::good("a.rs", "fn f(x: Option<()>) -> bool { x == Some(()) }"),
        Case::near_miss("a.rs", "fn f(q: &mut Query) -> bool { q.sort() == Order::Up }"),
        Case::near_miss("a.rs", "fn f(a: &mut Heap) -> bool { a.push(1) == a.push(2) }"),
        Case::near_miss(
            "a.rs",
            "impl A { fn log(&self) -> u8 { 1 } }\nfn log() {}\nfn f(a: &A) -> bool { a.log() == 1 }",
        ),
        Case::near_miss("a.rs", "fn f(a: &mut HashSet<u8>) -> bool { a.insert(1) == a.insert(2) }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "==" | "!=" | "<" | ">" | "<=" | ">=") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let told = [left, right].into_iter().find(|n| is_unit(*n, cx));
    let Some(unit) = told.filter(|_| !cx.arena().has_error()) else { return };
    let message = format!(
        "`{}` gives `()`, and one `()` equals the other: the outcome never changes. Compare the values themselves.",
        unit.text()
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

fn is_unit<'a>(node: Node<'a>, cx: &Cx<'a>) -> bool {
    let node = unparenthesized(node);
    match node.kind() {
        Kind::UnitExpression => true,
        Kind::Block => {
            node.last_named().is_some_and(|l| l.kind() == Kind::ExpressionStatement && l.text().ends_with(';'))
        }
        Kind::CallExpression => {
            if let Some((of, name)) = method(node) {
                let ty = type_of(of, cx);
                let name = name.text();
                return ty.is_some_and(|t| match t.name {
                    "Vec" | "[]" | "[;]" => matches!(
                        name,
                        "sort"
                            | "sort_by"
                            | "sort_by_key"
                            | "sort_unstable"
                            | "reverse"
                            | "clear"
                            | "push"
                            | "truncate"
                            | "dedup"
                            | "extend"
                            | "fill"
                            | "swap"
                            | "insert"
                            | "retain"
                    ),
                    "String" => matches!(name, "push" | "push_str" | "clear" | "truncate" | "insert" | "insert_str"),
                    _ => false,
                });
            }
            node.child(Field::Function).is_some_and(|f| {
                f.kind() == Kind::Identifier
                    && cx.file.imports.path(f.text()).is_none()
                    && crate::rules::rust_names::binding(f).is_none()
                    && cx.file.declared.rust.functions.get(f.text()).and_then(Option::as_deref) == Some("()")
            })
        }
        _ => false,
    }
}
