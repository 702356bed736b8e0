use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::{Origin, binding};
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
        what: "Finds `for (i, c) in s.chars().enumerate()` whose `i` cuts or indexes `s`, and cuts of `s` by `s.chars().count()` or `s.chars().position(..)`.",
        why: "`enumerate` counts characters and a string is cut by bytes: with the first umlaut both drift apart, the text is cut at the wrong place, or the program panics.",
        example: "for (i, c) in s.chars().enumerate() {\n    if c == ',' { return &s[..i]; }\n}",
        instead: "for (i, c) in s.char_indices() {\n    if c == ',' { return &s[..i]; }\n}",
        limits: "Only cuts of the same string.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression], check), Check::Nodes(&[Kind::IndexExpression], cut)],
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
        Case::bad("a.rs", "fn f(s: &str) -> &str { &s[..s.chars().count() - 1] } //~ character-index-as-byte-index"),
        Case::bad(
            "a.rs",
            "fn f(s: &str, c: char) -> &str { let i = s.chars().position(|x| x == c).unwrap_or(0); &s[i..] } //~ character-index-as-byte-index",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> &str { if let Some(i) = s.chars().position(|x| x == ' ') { return &s[..i]; } s } //~ character-index-as-byte-index",
        ),
        Case::good("a.rs", "fn f(s: &str, c: char) -> &str { let i = s.find(c).unwrap_or(0); &s[i..] }"),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> &str { match s.chars().position(|c| c == ':') { Some(i) => &s[i..], None => s } } //~ character-index-as-byte-index",
        ),
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

/// `&s[..s.chars().count() - 1]`, and `&s[i..]` where `i` is a `position` among the characters.
fn cut<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let mut parts = node.named_children();
    let (Some(text), Some(range)) = (parts.next(), parts.next()) else { return };
    if range.kind() != Kind::RangeExpression || !matches!(text.kind(), Kind::Identifier | Kind::FieldExpression) {
        return;
    }
    let name = text.text();
    let ascii = node.ancestors().find(|n| n.kind() == Kind::FunctionItem).is_some_and(|f| f.text().contains("ascii"));
    if ascii {
        return;
    }
    for end in range.descendants() {
        let counted = match end.kind() {
            Kind::CallExpression => counts(end, name).then_some(end),
            Kind::Identifier => binding(end)
                .and_then(|b| match b.origin {
                    Origin::Arm(n) => {
                        let matched = n.ancestors().find(|a| a.kind() == Kind::MatchExpression);
                        matched.and_then(|m| m.child(Field::Value))
                    }
                    Origin::Let(n) | Origin::Condition(n) if n.child(Field::Alternative).is_none() => {
                        n.child(Field::Value)
                    }
                    _ => None,
                })
                .and_then(|v| std::iter::once(v).chain(v.descendants()).find(|n| counts(*n, name))),
            _ => None,
        };
        if let Some(counted) = counted {
            let message = format!(
                "This counts characters, and `{name}` is cut by bytes: they differ behind the first character that is not ASCII. Use `char_indices`, `find` or `len`."
            );
            cx.report(Note::new(cx.rule, node.span(), message).related(counted.span(), "characters are counted here"));
            return;
        }
    }
}

/// Whether a call counts characters of a text, or finds one by its number.
fn counts(call: Node<'_>, text: &str) -> bool {
    let Some((of, name)) = method(call) else { return false };
    if !matches!(name.text(), "count" | "position") {
        return false;
    }
    let mut at = of;
    while let Some((inner, step)) = method(at) {
        match step.text() {
            "chars" => return inner.text() == text,
            "by_ref" | "take" | "skip" | "take_while" | "filter" | "skip_while" => at = inner,
            _ => return false,
        }
    }
    false
}
