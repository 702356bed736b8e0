use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};

use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "almost-complete-range",
    summary: "a range of characters leaves out its last one",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[193],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `'a'..'z'`, `'A'..'Z'`, `'0'..'9'` and the same with bytes.",
        why: "`..` stops before its end: `z`, `Z` or `9` is missing. The whole alphabet or all digits were meant: `..=`.",
        example: "matches!(c, 'a'..'z')",
        instead: "matches!(c, 'a'..='z')",
        limits: "Other ends, such as `'a'..'f'`, are left alone.",
        fix: "`..` becomes `..=`; a suggestion, for it changes what happens.",
    },
    checks: &[
        Check::Nodes(&[Kind::RangeExpression, Kind::RangePattern], check),
        Check::Nodes(&[Kind::MacroInvocation], in_matches),
    ],
    cases: &[
        Case::bad("a.rs", "fn f(c: char) -> bool { ('a'..'z').contains(&c) } //~ almost-complete-range"),
        Case::bad("a.rs", "fn f() { for c in 'A'..'Z' { go(c); } } //~ almost-complete-range"),
        Case::bad("a.rs", "fn f(c: char) -> bool { ('0'..'9').contains(&c) } //~ almost-complete-range"),
        Case::bad("a.rs", "fn f(b: u8) -> bool { (b'a'..b'z').contains(&b) } //~ almost-complete-range"),
        Case::bad("a.rs", "fn f(c: char) -> u8 { match c { 'a'..'z' => 1, _ => 0 } } //~ almost-complete-range"),
        Case::bad("a.rs", "fn f() -> String { ('a'..'z').collect() } //~ almost-complete-range"),
        Case::bad("a.rs", "fn f(b: u8) -> bool { (b'0'..b'9').contains(&b) } //~ almost-complete-range"),
        Case::bad("a.rs", "fn f() -> Vec<u8> { (b'A'..b'Z').collect() } //~ almost-complete-range"),
        Case::bad("a.rs", "fn f(c: u8) -> bool { matches!(c, b'a'..b'z' | b'A'..=b'Z') } //~ almost-complete-range"),
        Case::good("a.rs", "fn f(c: u8) -> bool { matches!(c, b'a'..=b'z' | b'A'..=b'Z') }"),
        Case::good("a.rs", "fn f(c: char) -> bool { ('a'..='z').contains(&c) }"),
        Case::good("a.rs", "fn f() { for c in 'A'..='Z' { go(c); } }"),
        Case::good("a.rs", "fn f(c: char) -> bool { ('a'..'f').contains(&c) }"),
        Case::good("a.rs", "fn f(c: char) -> u8 { match c { 'a'..='z' => 1, _ => 0 } }"),
        Case::good("a.rs", "fn f() { for i in 0..9 { go(i); } }"),
        Case::good("a.rs", "fn f(c: char) -> bool { c >= 'a' }"),
        Case::good("a.rs", "fn f(a: char) { for c in a..'z' { go(c); } }"),
        Case::good("a.rs", "fn f(b: u8) -> bool { (b'a'..=b'z').contains(&b) }"),
        Case::near_miss("a.rs", "fn f() { for c in 'a'..'{' { go(c); } }"),
        Case::near_miss("a.rs", "fn f(c: char) -> bool { ('b'..'z').contains(&c) }"),
        Case::near_miss("a.rs", "fn f(c: char) -> bool { ('1'..'9').contains(&c) }"),
        Case::near_miss("a.rs", "fn f(c: char) -> bool { ('A'..'z').contains(&c) }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(dots) = node.children().find(|c| c.text() == "..") else { return };
    let parts: Vec<&str> = node.named_children().map(Node::text).collect();
    let [from, to] = parts.as_slice() else { return };
    let (Some(from), Some(to)) = (letter(from), letter(to)) else { return };
    if !matches!((from, to), ('a', 'z') | ('A', 'Z') | ('0', '9')) {
        return;
    }
    let message = format!("`..` stops before its end: '{to}' is not in it. All of them are `..=`.");
    cx.report(
        Note::new(cx.rule, node.span(), message)
            .suggestion("Take the last one in", vec![(dots.span(), "..=".to_owned())]),
    );
}

/// `matches!(c, 'a'..'z')`, which is not parsed further.
fn in_matches<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if crate::rules::rust_types::macro_name(node) != "matches" {
        return;
    }
    let Some(tree) = node.child_of_kind(Kind::TokenTree) else { return };
    for first in tree.children().filter(|t| t.kind() == Kind::CharLiteral) {
        let Some(last) = first.next_named_sibling().filter(|l| l.kind() == Kind::CharLiteral) else { continue };
        let between = Span { start: first.span().end, end: last.span().start };
        let ends = letter(first.text()).zip(letter(last.text()));
        if cx.arena().slice(between).trim() == ".." && matches!(ends, Some(('a', 'z') | ('A', 'Z') | ('0', '9'))) {
            let message = format!("`..` stops before its end: {} is not in it. All of them are `..=`.", last.text());
            let span = first.span().to(last.span());
            cx.report(
                Note::new(cx.rule, span, message).suggestion("Take the last one in", vec![(between, "..=".to_owned())]),
            );
            return;
        }
    }
}

fn letter(text: &str) -> Option<char> {
    let inner = text.trim_start_matches('b').strip_prefix('\'')?.strip_suffix('\'')?;
    let mut all = inner.chars();
    let first = all.next()?;
    all.next().is_none().then_some(first)
}
