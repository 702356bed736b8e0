use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::closure;
use crate::rules::rust_types::macro_name;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "format-collect",
    summary: "a string is made for every element only to be joined",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `.map(|x| format!(..)).collect::<String>()`, and the same where the type beside a `let` or of the function is `String`.",
        why: "Every element takes memory for a string of its own, which is copied and freed at once. `fold` with `write!` formats straight into the result.",
        example: "bytes.iter().map(|b| format!(\"{b:02x}\")).collect::<String>()",
        instead: "bytes.iter().fold(String::new(), |mut out, b| {\n    let _ = write!(out, \"{b:02x}\");\n    out\n})",
        limits: "Only where the result is certainly a `String`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(b: &[u8]) -> String { b.iter().map(|b| format!(\"{b:02x}\")).collect::<String>() } //~ format-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(b: &[u8]) -> String { b.iter().map(|b| format!(\"{:02x}\", b)).collect() } //~ format-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(b: &[u8]) { let s: String = b.iter().map(|b| format!(\"{b} \")).collect(); go(s); } //~ format-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &HashMap<String, u8>) -> String { m.iter().map(|(k, v)| format!(\"{k}={v};\")).collect() } //~ format-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(b: &[u8]) { go(b.iter().map(|b| format!(\"{b}\")).collect::<String>()); } //~ format-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(b: Vec<u8>) -> String { b.into_iter().rev().map(|b| { format!(\"{b}\") }).collect() } //~ format-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(b: &[u8]) -> String { let s = b.iter().map(|b| format!(\"{b:x}\")).collect::<String>(); s } //~ format-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> String { s.chars().map(|c| format!(\"<{c}>\")).collect::<String>() } //~ format-collect",
        ),
        Case::good("a.rs", "fn f(b: &[u8]) -> Vec<String> { b.iter().map(|b| format!(\"{b:02x}\")).collect() }"),
        Case::good(
            "a.rs",
            "fn f(b: &[u8]) -> String { b.iter().map(|b| format!(\"{b}\")).collect::<Vec<_>>().join(\",\") }",
        ),
        Case::good("a.rs", "fn f(s: &str) -> String { s.chars().map(|c| c.to_ascii_uppercase()).collect() }"),
        Case::good(
            "a.rs",
            "fn f(b: &[u8]) -> String { b.iter().fold(String::new(), |mut o, b| { let _ = write!(o, \"{b}\"); o }) }",
        ),
        Case::good(
            "a.rs",
            "fn f(b: &[u8]) { let v: Vec<String> = b.iter().map(|b| format!(\"{b}\")).collect(); go(v); }",
        ),
        Case::good("a.rs", "fn f(b: &[u8]) -> HashSet<String> { b.iter().map(|b| format!(\"{b}\")).collect() }"),
        Case::good("a.rs", "fn f(xs: &[&str]) -> String { xs.iter().map(|x| x.trim()).collect() }"),
        Case::good("a.rs", "fn f(b: &[u8]) { b.iter().map(|b| format!(\"{b}\")).for_each(go); }"),
        Case::near_miss("a.rs", "fn f(b: &[u8]) -> String { go(b.iter().map(|b| format!(\"{b}\")).collect()) }"),
        Case::near_miss("a.rs", "fn f(b: &[u8]) -> Result<String, E> { b.iter().map(|b| format!(\"{b}\")).collect() }"),
        Case::near_miss(
            "a.rs",
            "fn f(b: &[u8]) -> String { let v = b.iter().map(|b| format!(\"{b}\")).collect(); join(v) }",
        ),
        Case::near_miss("a.rs", "fn f(b: &[u8]) -> String { b.iter().map(|b| name(format!(\"{b}\"))).collect() }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, _)) = method(node).filter(|(_, n)| n.text() == "collect") else { return };
    let Some((_, map)) = method(of).filter(|(_, n)| n.text() == "map") else { return };
    let Some((_, body)) = args(of).next().and_then(closure) else { return };
    let value = if body.kind() == Kind::Block && body.named_children().count() == 1 {
        body.first_named().unwrap_or(body)
    } else {
        body
    };
    if value.kind() != Kind::MacroInvocation || macro_name(value) != "format" || !is_string(node) {
        return;
    }

    let message = "Every element becomes a string of its own, which is copied and dropped at once. `fold` with `write!` formats straight into the result.";
    cx.report(Note::new(cx.rule, map.span(), message));
}

/// Whether what is collected is a `String`.
fn is_string(collect: Node<'_>) -> bool {
    if let Some(told) =
        collect.child(Field::Function).and_then(|f| f.child(Field::TypeArguments)).and_then(Node::first_named)
    {
        return told.text() == "String";
    }
    let Some(parent) = collect.parent() else { return false };
    match parent.kind() {
        Kind::LetDeclaration => parent.child(Field::Type).is_some_and(|t| t.text() == "String"),
        Kind::Block => {
            parent.last_named() == Some(collect)
                && parent.parent().is_some_and(|f| {
                    f.kind() == Kind::FunctionItem && f.child(Field::ReturnType).is_some_and(|t| t.text() == "String")
                })
        }
        _ => false,
    }
}
