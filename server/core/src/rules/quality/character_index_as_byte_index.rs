use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::mentions;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "character-index-as-byte-index",
    summary: "the number of a character is used as a position in bytes",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[135],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `for (i, c) in s.chars().enumerate()` whose `i` cuts or indexes `s`.",
        why: "`enumerate` counts characters and a string is cut by bytes: with the first umlaut both drift apart, the text is cut at the wrong place, or the program panics.",
        example: "for (i, c) in s.chars().enumerate() {\n    if c == ',' { return &s[..i]; }\n}",
        instead: "for (i, c) in s.char_indices() {\n    if c == ',' { return &s[..i]; }\n}",
        limits: "Only cuts of the same string.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> &str { for (i, c) in s.chars().enumerate() { if c == ',' { return &s[..i]; } } s } //~ character-index-as-byte-index",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) { let mut o = String::new(); for (i, _) in s.chars().enumerate() { o.push_str(&s[i..i + 1]); } go(o) } //~ character-index-as-byte-index",
        ),
        Case::bad(
            "a.rs",
            "fn f(text: String) { for (n, c) in text.chars().enumerate() { if c == 'x' { go(text.split_at(n)); } } } //~ character-index-as-byte-index",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> Option<u8> { for (i, c) in s.chars().enumerate() { if c == 'a' { return Some(s.as_bytes()[i]); } } None } //~ character-index-as-byte-index",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &str) -> &str { for (i, c) in s.char_indices() { if c == ',' { return &s[..i]; } } s }",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &str) -> &str { for (i, c) in s.bytes().enumerate() { if c == b',' { return &s[..i]; } } s }",
        ),
        Case::good("a.rs", "fn f(s: &str) { for (i, c) in s.chars().enumerate() { go(i, c); } }"),
        Case::good("a.rs", "fn f(s: &str, v: &[u8]) { for (i, c) in s.chars().enumerate() { go(v[i], c); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(s: &str, t: &[char]) { for (i, c) in s.chars().enumerate() { if t[i] == c { go(); } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(s: &str) { assert!(s.is_ascii()); for (i, c) in s.chars().enumerate() { go(&s[i..], c); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(over), Some(body)) =
        (node.child(Field::Pattern), node.child(Field::Value), node.child(Field::Body))
    else {
        return;
    };
    let Some((chars, _)) = method(over).filter(|(_, m)| m.text() == "enumerate") else { return };
    let Some((text, _)) = method(chars).filter(|(_, m)| m.text() == "chars") else { return };
    let Some(index) = pattern
        .named_children()
        .next()
        .filter(|i| pattern.kind() == Kind::TuplePattern && i.kind() == Kind::Identifier)
    else {
        return;
    };
    if !matches!(text.kind(), Kind::Identifier | Kind::FieldExpression) {
        return;
    }
    let (name, index) = (text.text(), index.text());
    let ascii = node.ancestors().find(|n| n.kind() == Kind::FunctionItem).is_some_and(|f| f.text().contains("ascii"));
    let found = body.descendants().find(|n| match n.kind() {
        Kind::IndexExpression => {
            let base = n.first_named().map_or("", Node::text);
            let own = base == name || base.strip_suffix(".as_bytes()") == Some(name);
            own && n.named_children().nth(1).is_some_and(|i| mentions(i, index))
        }
        Kind::CallExpression => method(*n).is_some_and(|(of, m)| {
            of.text() == name
                && matches!(
                    m.text(),
                    "split_at" | "insert" | "insert_str" | "remove" | "truncate" | "is_char_boundary" | "get"
                )
                && args(*n).next().is_some_and(|a| mentions(a, index))
        }),
        _ => false,
    });
    if let Some(found) = found.filter(|_| !ascii) {
        let message = format!(
            "`{index}` counts characters, and `{name}` is cut by bytes: they differ behind the first character that is not ASCII. Use `char_indices`."
        );
        cx.report(Note::new(cx.rule, found.span(), message).related(over.span(), "it is counted here"));
    }
}
