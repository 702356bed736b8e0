use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::Ty;
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "container-reference-parameter",
    summary: "a parameter asks for `&Vec`, `&String` or `&Box` where a slice would do",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds parameters of type `&Vec<T>`, `&String`, `&PathBuf` and `&Box<T>` of functions that only need a slice, `&str`, `&Path` or `&T`.",
        why: "Who has an array, a literal or a part of a vector must copy it into a new allocation to call the function, and each access goes through one pointer more.",
        example: "fn total(items: &Vec<u32>) -> u32 { items.iter().sum() }",
        instead: "fn total(items: &[u32]) -> u32 { items.iter().sum() }",
        limits: "Left alone: methods of traits, parameters that are handed on as they are, cloned, or asked for their capacity, and predicates of one \
                 parameter, which serde and iterators want like this.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionItem], check)],
    cases: &[
        Case::bad("a.rs", "fn f(v: &Vec<u32>) -> u32 { v.iter().sum() } //~ container-reference-parameter"),
        Case::bad(
            "a.rs",
            "fn f(name: &String) -> String { format!(\"hi {}\", name) } //~ container-reference-parameter",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&self, p: &PathBuf) -> bool { p.exists() } } //~ container-reference-parameter",
        ),
        Case::bad("a.rs", "pub fn f(c: &Box<Config>) -> u32 { c.retries } //~ container-reference-parameter"),
        Case::bad(
            "a.rs",
            "fn f<'a>(v: &'a Vec<String>, n: usize) -> &'a str { &v[n] } //~ container-reference-parameter",
        ),
        Case::good("a.rs", "fn f(v: &[u32]) -> u32 { v.iter().sum() }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u32>) { v.push(1); }"),
        Case::good("a.rs", "fn f(v: Vec<u32>) -> usize { v.len() }"),
        Case::good("a.rs", "fn f(v: &Vec<u32>) -> usize { v.capacity() }"),
        Case::good("a.rs", "fn f(c: &Box<dyn Handler>) { c.run(); }"),
        Case::near_miss("a.rs", "impl Show for A { fn show(&self, v: &Vec<u32>) -> usize { v.len() } }"),
        Case::near_miss("a.rs", "fn is_empty(v: &Vec<u32>) -> bool { v.is_empty() }"),
        Case::near_miss("a.rs", "fn f(v: &Vec<u32>) -> Vec<u32> { v.clone() }"),
        Case::near_miss("a.rs", "fn f(v: &Vec<u32>) { send(v); }"),
    ],
};

fn check<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(body), Some(parameters)) = (function.child(Field::Body), function.child(Field::Parameters)) else {
        return;
    };
    let name = function.child(Field::Name).map_or("", Node::text);
    if cx.file.declared.rust.trait_methods.contains(name) {
        return;
    }
    let list: Vec<Node<'a>> =
        parameters.named_children().filter(|p| matches!(p.kind(), Kind::Parameter | Kind::SelfParameter)).collect();
    let predicate = function.child(Field::ReturnType).is_some_and(|t| t.text() == "bool") && list.len() == 1;
    let serde = parameters.text().contains("S)") || function.text().contains("Serializer");
    if predicate || serde {
        return;
    }
    for parameter in list {
        let (Some(pattern), Some(written)) = (parameter.child(Field::Pattern), parameter.child(Field::Type)) else {
            continue;
        };
        let ty = Ty::parse(written.text());
        if ty.refs != 1 || ty.mutable || pattern.kind() != Kind::Identifier {
            continue;
        }
        let better = match ty.name {
            "Vec" => "&[_]",
            "String" => "&str",
            "PathBuf" => "&Path",
            "Box" if !matches!(ty.arg().name, "dyn" | "_" | "fn" | "[]" | "str") => "&T",
            _ => continue,
        };
        if handed_on(body, pattern.text()) {
            continue;
        }
        let message = format!(
            "`{}` makes callers own the container. `{better}` takes what they have, and gives the same.",
            written.text()
        );
        cx.report(Note::new(cx.rule, written.span(), message));
    }
}

/// Whether something needs the container itself: it is handed on, cloned, returned, compared, or asked for what a slice has not.
fn handed_on(body: Node<'_>, name: &str) -> bool {
    body.descendants().any(|n| {
        if n.is_hole() {
            return true;
        }
        if n.kind() != Kind::Identifier || n.text() != name {
            return false;
        }
        let Some(parent) = n.parent() else { return false };
        match parent.kind() {
            Kind::FieldExpression => parent.parent().and_then(method).is_some_and(|(of, m)| {
                of == n
                    && matches!(
                        m.text(),
                        "capacity"
                            | "clone"
                            | "as_ref"
                            | "borrow"
                            | "into"
                            | "as_ptr"
                            | "deref"
                            | "clone_from"
                            | "try_into"
                            | "to_owned"
                    )
            }),
            Kind::IndexExpression | Kind::TokenTree => false,
            Kind::ForExpression => n.field() != Field::Value,
            _ => true,
        }
    })
}
