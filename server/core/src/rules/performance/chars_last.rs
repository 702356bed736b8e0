use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{plain_method, tail};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "chars-last",
    summary: "a whole string or slice is walked for its last element",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `.chars().last()`, `.char_indices().last()`, `.bytes().last()`, `.lines().last()` and `.iter().last()` of slices, and comparisons of `.chars().next()` or `.chars().last()` with one character.",
        why: "`last` walks everything from the front, although these iterators can be read from the back: `next_back` takes one step whatever the length.",
        example: "let end = name.chars().last();",
        instead: "let end = name.chars().next_back();",
        limits: "Iterators of types that are not known to read from both ends are left alone, as is `last` with something between.",
        fix: "`last` becomes `next_back`, which gives the same element.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check), Check::Nodes(&[Kind::BinaryExpression], compare)],
    cases: &[
        Case::bad("a.rs", "fn f(name: &str) -> Option<char> { name.chars().last() } //~ chars-last"),
        Case::bad("a.rs", "fn f(s: String) -> char { s.trim().chars().last().unwrap() } //~ chars-last"),
        Case::bad(
            "a.rs",
            "fn f(s: &str) { if let Some((i, c)) = s.char_indices().last() { use_it(i, c); } } //~ chars-last",
        ),
        Case::bad("a.rs", "fn f(text: &str) -> Option<&str> { text.lines().last() } //~ chars-last"),
        Case::bad("a.rs", "fn f(v: &[u8]) -> Option<&u8> { v.iter().last() } //~ chars-last"),
        Case::bad("a.rs", "fn f(s: &str) -> bool { s.bytes().last() == Some(b'x') } //~ chars-last"),
        Case::bad("a.rs", "fn f(word: &str) -> bool { word.chars().next() == Some('-') } //~ chars-last"),
        Case::bad("a.rs", "fn f(word: &str) -> bool { Some('/') != word.chars().next() } //~ chars-last"),
        Case::bad("a.rs", "fn f() { let v = vec![1, 2, 3]; let x = v.iter().last(); show(x); } //~ chars-last"),
        Case::good("a.rs", "fn f(name: &str) -> Option<char> { name.chars().next_back() }"),
        Case::good("a.rs", "fn f(s: &str) -> bool { s.ends_with('/') }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> Option<&u8> { v.last() }"),
        Case::good("a.rs", "fn f(s: &str) -> Option<char> { s.chars().rev().next() }"),
        Case::good("a.rs", "fn f(s: &str) -> Option<char> { s.chars().filter(|c| c.is_alphabetic()).last() }"),
        Case::good("a.rs", "fn f(s: &str) -> Option<char> { s.chars().take_while(|c| *c != '.').last() }"),
        Case::good("a.rs", "fn f(m: &HashMap<u8, u8>) { let x = m.iter().last(); show(x); }"),
        Case::good("a.rs", "fn f(s: &str) -> bool { s.chars().next().is_some_and(char::is_uppercase) }"),
        Case::near_miss("a.rs", "fn f(r: BufReader<File>) { let x = r.lines().last(); show(x); }"),
        Case::near_miss("a.rs", "fn f(it: impl Iterator<Item = u8>) -> Option<u8> { it.last() }"),
        Case::near_miss("a.rs", "fn f(c: &Chart) -> Option<u8> { c.bytes(3).last() }"),
        Case::near_miss("a.rs", "fn f(s: &str) -> bool { s.chars().next() == first }"),
        Case::near_miss("a.rs", "fn f(l: &LinkedList<u8>) -> Option<&u8> { l.iter().last() }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((inner, "last")) = plain_method(node) else { return };
    let Some((of, walked)) = plain_method(inner) else { return };
    let two_ended = match walked {
        "chars" | "char_indices" => true,
        // A reader has these as well.
        "bytes" | "lines" => type_of(of, cx).is_some_and(|t| matches!(t.name, "str" | "String")),
        "iter" => type_of(of, cx).is_some_and(|t| t.is_sequence()),
        _ => false,
    };
    let Some((_, name)) = method(node) else { return };
    if !two_ended || node.parent().is_some_and(|p| compared(p).is_some()) {
        return;
    }
    let message = format!("`last` walks all of `{walked}()` from the front. `next_back` takes the last one at once.");
    let note = Note::new(cx.rule, tail(name, node), message);
    cx.report(note.safe_fix("Use `next_back`", vec![(name.span(), "next_back".to_owned())]));
}

/// The iterator's call in `x.chars().next() == Some('c')`, and the method that should ask.
fn compared<'a>(node: Node<'a>) -> Option<(Node<'a>, &'static str)> {
    if !matches!(operator(node), "==" | "!=") {
        return None;
    }
    let (left, right) = operands(node)?;
    let is_char = |n: Node<'_>| n.kind() == Kind::CallExpression && n.text().starts_with("Some('");
    let asked = if is_char(right) {
        left
    } else if is_char(left) {
        right
    } else {
        return None;
    };
    let (inner, end) = plain_method(asked)?;
    let (_, "chars") = plain_method(inner)? else { return None };
    match end {
        "next" => Some((asked, "starts_with")),
        "last" | "next_back" => Some((asked, "ends_with")),
        _ => None,
    }
}

fn compare<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((asked, instead)) = compared(node) else { return };
    let severity = if asked.text().ends_with("last()") { Severity::Low } else { Severity::Info };
    let message =
        format!("An iterator is built and its element wrapped to ask for one character. `{instead}` asks directly.");
    cx.report(Note::new(cx.rule, node.span(), message).severity(severity));
}
