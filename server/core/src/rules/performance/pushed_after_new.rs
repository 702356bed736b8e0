use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::macro_name;
use crate::rules::shape::mentions;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "pushed-after-new",
    summary: "a vector is made empty and filled with what is known",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `let mut v = Vec::new();` (or `vec![]`) directly followed by two or more `v.push(..)`.",
        why: "The vector starts without memory and grows while it is filled. `vec![a, b]` asks for the right amount once, and need not be `mut`.",
        example: "let mut v = Vec::new();\nv.push(1);\nv.push(2);",
        instead: "let v = vec![1, 2];",
        limits: "Only pushes that follow at once, without attributes or conditions between, and whose values do not look at the vector.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f() -> Vec<u32> { let mut v = Vec::new(); v.push(1); v.push(2); v } //~ pushed-after-new",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: String, b: String) -> Vec<String> { let mut v: Vec<String> = vec![]; v.push(a); v.push(b); v } //~ pushed-after-new",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut args = Vec::new(); args.push(\"-c\"); args.push(\"x\"); run(args); } //~ pushed-after-new",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut v = Vec::<u8>::new(); v.push(1); v.push(2); v.push(3); go(&v); } //~ pushed-after-new",
        ),
        Case::good("a.rs", "fn f() -> Vec<u32> { vec![1, 2] }"),
        Case::good("a.rs", "fn f() -> Vec<u32> { let mut v = Vec::new(); v.push(1); v }"),
        Case::good("a.rs", "fn f(c: bool) -> Vec<u32> { let mut v = Vec::new(); if c { v.push(1); } v.push(2); v }"),
        Case::good("a.rs", "fn f() -> Vec<u32> { let mut v = Vec::with_capacity(9); v.push(1); v.push(2); v }"),
        Case::near_miss("a.rs", "fn f() -> Vec<usize> { let mut v = Vec::new(); v.push(1); v.push(v.len()); v }"),
        Case::near_miss("a.rs", "fn f() { let mut v = Vec::new(); v.push(1)?; v.push(2)?; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (node.child(Field::Pattern), node.child(Field::Value)) else { return };
    let empty = match value.kind() {
        Kind::CallExpression => value.text().starts_with("Vec::") && value.text().ends_with("new()"),
        Kind::MacroInvocation => macro_name(value) == "vec" && value.text().ends_with("[]"),
        _ => false,
    };
    if !empty || pattern.kind() != Kind::Identifier {
        return;
    }
    let name = pattern.text();
    let pushes = std::iter::successors(node.next_sibling(), |n| n.next_sibling())
        .take_while(|s| {
            s.kind() == Kind::ExpressionStatement
                && s.first_named().and_then(|c| method(c).map(|m| (c, m))).is_some_and(|(c, (of, m))| {
                    of.text() == name && m.text() == "push" && args(c).next().is_some_and(|a| !mentions(a, name))
                })
        })
        .count();
    if pushes > 1 {
        let message =
            format!("`{name}` is filled with {pushes} values that are known here. `vec![..]` makes it in one step.");
        cx.report(Note::new(cx.rule, value.span(), message));
    }
}
