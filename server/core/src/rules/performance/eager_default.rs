use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{is_iterator, plain_method};
use crate::rules::rust_types::macro_name;
use crate::rules::support::{args, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "eager-default",
    summary: "a fallback is made although it is seldom needed",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds arguments of `unwrap_or`, `ok_or`, `or`, `map_or`, `or_insert`, `get_or_insert` and `expect` that cost something: `format!`, `anyhow!`, texts and collections that are joined or collected, functions of the file that do work, reads of files and of the environment.",
        why: "Arguments are made before the call, so that the fallback is paid for every time, also where the value is there. The forms with `_else` make it only when it is needed.",
        example: "let name = names.get(id).cloned().unwrap_or(format!(\"user {id}\"));",
        instead: "let name = names.get(id).cloned().unwrap_or_else(|| format!(\"user {id}\"));",
        limits: "What costs nothing is left alone: constants, `Vec::new()`, `String::new()`, constructors, numbers, fields, and functions that are not known. `to_string()` and `clone()` alone are left alone, too: few care.",
        fix: "The argument becomes a closure. A suggestion, for what the closure borrows may be borrowed already.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(m: &HashMap<u8, String>, k: u8) -> String { m.get(&k).cloned().unwrap_or(format!(\"user {k}\")) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(o: Option<u8>, k: &str) -> Result<u8, String> { o.ok_or(format!(\"no {k}\")) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &HashMap<u8, u8>, k: u8) -> &u8 { m.get(&k).expect(&format!(\"no {k}\")) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn home() -> String { let p = std::fs::read_to_string(\"h\").unwrap(); p }\nfn f(o: Option<String>) -> String { o.unwrap_or(home()) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(o: Option<String>) -> String { o.unwrap_or(std::env::var(\"HOME\").unwrap()) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &mut HashMap<u8, String>, k: u8) { m.entry(k).or_insert(format!(\"{k}\")).push('x'); } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(o: Option<u8>, n: u8) -> String { o.map_or(format!(\"none of {n}\"), |x| x.to_string()) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(o: Option<u8>, k: &str) -> Result<u8, E> { o.ok_or(E::new(format!(\"no {k}\"))) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(o: Option<u8>, k: &str) -> u8 { o.expect(format!(\"no {k}\").as_str()) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(r: Result<Vec<u8>, E>, p: &str) -> Vec<u8> { r.unwrap_or(std::fs::read(p).unwrap()) } //~ eager-default",
        ),
        Case::good(
            "a.rs",
            "fn f(m: &HashMap<u8, String>, k: u8) -> String { m.get(&k).cloned().unwrap_or_else(|| format!(\"user {k}\")) }",
        ),
        Case::good("a.rs", "fn f(o: Option<u16>) -> u16 { o.unwrap_or(8080) }"),
        Case::good("a.rs", "fn f(o: Option<Vec<u8>>) -> Vec<u8> { o.unwrap_or(Vec::new()) }"),
        Case::good("a.rs", "fn f(o: Option<u8>) -> Result<u8, E> { o.ok_or(E::Missing) }"),
        Case::good("a.rs", "fn f(o: Option<&str>) -> String { o.map_or(String::new(), |s| s.to_string()) }"),
        Case::good("a.rs", "fn f(o: Option<String>) -> String { o.unwrap_or_default() }"),
        Case::good("a.rs", "fn f(o: Option<u8>, k: &str) -> u8 { o.unwrap_or_else(|| panic!(\"no {k}\")) }"),
        Case::good("a.rs", "fn f(o: Option<u8>) -> u8 { o.expect(\"a number\") }"),
        Case::bad(
            "a.rs",
            "fn f(x: Option<u8>) -> anyhow::Result<u8> { x.ok_or(anyhow!(\"missing\")) } //~ eager-default",
        ),
        Case::near_miss("a.rs", "fn f(o: Option<Color>) -> Color { o.unwrap_or(Color::rgb(1, 2, 3)) }"),
        Case::near_miss("a.rs", "fn zero() -> u8 { 0 }\nfn f(o: Option<u8>) -> u8 { o.unwrap_or(zero()) }"),
        Case::near_miss("a.rs", "fn f(o: Option<String>, d: &str) -> String { o.unwrap_or(d.to_string()) }"),
        Case::near_miss("a.rs", "fn f(t: &mut Tree, k: u8) { t.or(format!(\"{k}\")); }"),
        Case::near_miss("a.rs", "fn f(o: Option<String>) -> String { o.unwrap_or(format!(\"none\")) }"),
        Case::near_miss("a.rs", "fn f(m: &mut HashMap<u8, Vec<u8>>, k: u8) { m.entry(k).or_insert(vec![]).push(1); }"),
        Case::bad(
            "a.rs",
            "fn f(o: Option<String>, parts: &[&str]) -> String { o.unwrap_or(parts.join(\",\")) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(o: Option<Vec<u8>>, s: &str) -> Vec<u8> { o.unwrap_or(s.bytes().rev().collect()) } //~ eager-default",
        ),
        Case::bad(
            "a.rs",
            "fn f(o: Option<String>, s: &str) -> String { o.unwrap_or(s.to_lowercase()) } //~ eager-default",
        ),
        Case::good("a.rs", "fn f(o: Option<String>, p: &[&str]) -> String { o.unwrap_or_else(|| p.join(\",\")) }"),
        Case::near_miss("a.rs", "fn f(o: Option<PathBuf>, p: &Path, q: &str) -> PathBuf { o.unwrap_or(p.join(q)) }"),
        Case::near_miss(
            "a.rs",
            "fn f(name: Option<&str>, s: &str) { call(name.unwrap_or(s.to_lowercase().as_str())); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    let all: Vec<Node<'a>> = args(node).collect();
    let lazy = match (name.text(), all.len()) {
        ("unwrap_or", 1) => "unwrap_or_else",
        ("ok_or", 1) => "ok_or_else",
        ("map_or", 2) => "map_or_else",
        ("or_insert", 1) => "or_insert_with",
        ("get_or_insert", 1) => "get_or_insert_with",
        ("expect", 1) => "unwrap_or_else",
        _ => return,
    };
    let value = unparenthesized(all[0]);
    if name.text() == "expect" {
        return expect(node, name, value, cx);
    }
    let Some(cost) = cost(value, cx) else { return };
    // A closure cannot give away what it borrows of a value that it makes.
    if method(value).is_some_and(|(of, m)| {
        of.kind() == Kind::CallExpression
            && matches!(m.text(), "as_str" | "as_ref" | "as_slice" | "as_bytes" | "as_path")
    }) {
        return;
    }
    // A result of the method's own kind, such as an iterator's, is something else.
    if is_iterator(receiver, cx) {
        return;
    }
    let message =
        format!("{cost} here every time, also where the value is there. `{lazy}` does it only when it is needed.");
    let mut note = Note::new(cx.rule, value.span(), message);
    // An error's closure gets the error.
    if name.text() != "unwrap_or" || !is_result(receiver, cx) {
        let at = Span { start: value.span().start, end: value.span().start };
        note = note.suggestion(format!("Use `{lazy}`"), vec![(name.span(), lazy.to_owned()), (at, "|| ".to_owned())]);
    }
    cx.report(note);
}

fn is_result<'a>(node: Node<'a>, cx: &Cx<'a>) -> bool {
    crate::rules::rust_types::type_name(node, cx).is_none_or(|t| t == "Result")
}

/// `expect(&format!(..))`.
fn expect<'a>(node: Node<'a>, name: Node<'a>, value: Node<'a>, cx: &mut Cx<'a>) {
    let inner = match value.kind() {
        Kind::ReferenceExpression => value.child(Field::Value),
        _ => plain_method(value).filter(|(_, n)| matches!(*n, "as_str" | "as_ref")).map(|(of, _)| of),
    };
    let Some(made) = inner.filter(|m| formats(*m)) else { return };
    let Some(tree) = made.child_of_kind(Kind::TokenTree) else { return };
    let message = "This text is formatted every time, also where nothing is wrong. `unwrap_or_else(|| panic!(..))` formats it only when it is needed.";
    let option = crate::rules::rust_types::type_name(method(node).map_or(node, |(r, _)| r), cx) == Some("Option");
    let mut note = Note::new(cx.rule, value.span(), message);
    if option {
        let span = Span { start: name.span().start, end: node.span().end };
        note =
            note.suggestion("Format it when needed", vec![(span, format!("unwrap_or_else(|| panic!{})", tree.text()))]);
    }
    cx.report(note);
}

/// Whether a macro formats values into a new string.
fn formats(node: Node<'_>) -> bool {
    node.kind() == Kind::MacroInvocation
        && macro_name(node) == "format"
        && node
            .child_of_kind(Kind::TokenTree)
            .is_some_and(|t| t.named_children().count() > 1 || t.text().replace("{{", "").contains('{'))
}

/// What making a value costs.
fn cost<'a>(value: Node<'a>, cx: &Cx<'a>) -> Option<String> {
    let mut all = std::iter::once(value)
        .chain(value.descendants_until(|n| crate::rules::support::is_function(n) || n.kind() == Kind::AsyncBlock));
    if matches!(value.kind(), Kind::Block | Kind::MatchExpression | Kind::IfExpression | Kind::ClosureExpression) {
        return None;
    }
    if value
        .descendants()
        .any(|n| matches!(n.kind(), Kind::TryExpression | Kind::AwaitExpression | Kind::ReturnExpression))
    {
        return None;
    }
    all.find_map(|n| {
        if formats(n) {
            return Some("A text is formatted".to_owned());
        }
        if n.kind() == Kind::MacroInvocation && matches!(macro_name(n), "anyhow" | "eyre" | "format_err") {
            return Some("An error is made, with its backtrace,".to_owned());
        }
        if n.kind() != Kind::CallExpression {
            return None;
        }
        // Texts and collections made of others.
        if let Some((_, made)) = method(n) {
            let makes = matches!(
                (made.text(), args(n).count()),
                ("join" | "repeat", 1) | ("concat" | "collect" | "to_uppercase" | "to_lowercase", 0) | ("replace", 2)
            );
            if makes && !(made.text() == "join" && args(n).any(|a| !a.text().starts_with('"'))) {
                return Some(format!("A value is made by `{}`", made.text()));
            }
        }
        let callee = n.child(Field::Function)?;
        let path = rust_path(callee, cx)?;
        if path.starts_with("std::fs::") || path.starts_with("std::env::var") || path.starts_with("std::env::current") {
            return Some(format!("`{}` is called", callee.text()));
        }
        let own = callee.kind() == Kind::Identifier && cx.file.declared.rust.costly.contains(callee.text());
        own.then(|| format!("`{}` is called", callee.text()))
    })
}
