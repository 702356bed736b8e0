use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, enclosing_function, method, words};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "text-cut-at-byte",
    summary: "a text is cut at a length in bytes, which may lie inside of a character",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[135, 248],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `&text[..20]` and `text.truncate(20)` of a `str` or `String` where the code has just asked whether the text is longer than that: text that is shortened to be shown or stored; and `&text[0..3]` of a text that a public function is handed.",
        why: "Lengths of strings are bytes. With the first umlaut or emoji the cut may lie inside of a character, and cutting there panics.",
        example: "if title.len() > 20 { &title[..20] } else { title }",
        instead: "title.chars().take(20).collect::<String>()",
        limits: "Silent where the function knows of borders of characters (`is_char_boundary`, `char_indices`, `is_ascii`), and for texts that are ASCII by their name: hashes, identifiers, dates, codes.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IndexExpression, Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "pub fn prefix(s: &str) -> &str { &s[0..3] } //~ text-cut-at-byte"),
        Case::near_miss("a.rs", "pub fn prefix(s: &str) -> &str { if !known(s) { return s; } &s[0..3] }"),
        Case::near_miss("a.rs", "pub fn short(hash: &str) -> &str { &hash[..7] }"),
        Case::bad("a.rs", "fn f(text: &str, n: usize) -> &str { &text[..n.min(text.len())] } //~ text-cut-at-byte"),
        Case::near_miss("a.rs", "fn f(bytes: &[u8], n: usize) -> &[u8] { &bytes[..n.min(bytes.len())] }"),
        Case::bad(
            "a.rs",
            "fn f(title: &str) -> &str { if title.len() > 20 { &title[..20] } else { title } } //~ text-cut-at-byte",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut text: String) -> String { if text.len() > MAX { text.truncate(MAX); } text } //~ text-cut-at-byte",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str, max: usize) -> String { if s.len() <= max { s.to_string() } else { s[..max - 3].to_owned() + \"...\" } } //~ text-cut-at-byte",
        ),
        Case::bad(
            "a.rs",
            "fn f(body: String) { let shown = if body.len() > 200 { &body[0..200] } else { &body }; log(shown); } //~ text-cut-at-byte",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str, n: usize) -> &str { if s.len() < n { return s; }\n &s[..n] } //~ text-cut-at-byte",
        ),
        Case::bad(
            "a.rs",
            "fn f(line: &str) -> String { if line.len() >= 80 { let mut l = line[..77].to_string(); l.push('…'); l } else { line.into() } } //~ text-cut-at-byte",
        ),
        Case::bad(
            "a.rs",
            "struct P { name: String }\nfn f(p: &P) -> &str { if p.name.len() > 10 { &p.name[..10] } else { &p.name } } //~ text-cut-at-byte",
        ),
        Case::bad(
            "a.rs",
            "fn f(msg: &str) -> &str { let n = 40; if msg.len() > n { &msg[..n] } else { msg } } //~ text-cut-at-byte",
        ),
        Case::good("a.rs", "fn f(title: &str) -> String { title.chars().take(20).collect() }"),
        Case::good("a.rs", "fn f(b: &[u8]) -> &[u8] { if b.len() > 20 { &b[..20] } else { b } }"),
        Case::good("a.rs", "fn f(s: &str) -> &str { if s.starts_with(\"0x\") { &s[2..] } else { s } }"),
        Case::good(
            "a.rs",
            "fn f(s: &str) -> &str { let mut n = 20; while !s.is_char_boundary(n) { n -= 1; } if s.len() > 20 { &s[..n] } else { s } }",
        ),
        Case::good("a.rs", "fn f(hash: &str) -> &str { if hash.len() > 8 { &hash[..8] } else { hash } }"),
        Case::good("a.rs", "fn f(s: &str) -> &str { let i = s.find(' ').unwrap_or(s.len()); &s[..i] }"),
        Case::good("a.rs", "fn f(v: Vec<u8>) -> Vec<u8> { let mut v = v; if v.len() > 3 { v.truncate(3); } v }"),
        Case::good("a.rs", "fn f(s: &str) -> Option<&str> { if s.len() > 20 { s.get(..20) } else { Some(s) } }"),
        Case::near_miss("a.rs", "fn f(s: &str, t: &str) -> &str { if t.len() > 20 { &s[..20] } else { s } }"),
        Case::near_miss("a.rs", "fn f(s: &str) -> &str { if s.is_ascii() && s.len() > 20 { &s[..20] } else { s } }"),
        Case::near_miss(
            "a.rs",
            "fn f(commit_id: String) -> String { if commit_id.len() > 7 { commit_id[..7].to_string() } else { commit_id } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(s: &str) -> &str { if s.len() > 2 && s.starts_with(\"ab\") { &s[..2] } else { s } }",
        ),
    ],
};

/// Words of names whose texts are ASCII.
const ASCII: &[&str] = &[
    "hash",
    "hex",
    "sha",
    "sha1",
    "sha256",
    "id",
    "uuid",
    "guid",
    "commit",
    "rev",
    "revision",
    "oid",
    "digest",
    "key",
    "addr",
    "address",
    "date",
    "time",
    "timestamp",
    "iso",
    "b64",
    "base64",
    "token",
    "version",
    "signature",
    "sig",
    "hexstr",
    "code",
    "checksum",
    "pubkey",
    "mac",
    "ip",
    "fingerprint",
    "cid",
    "peer",
    "secret",
    "bits",
    "binary",
    "sequence",
    "dna",
    "number",
    "num",
    "digits",
    "ascii",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (text, end) = if node.kind() == Kind::CallExpression {
        let Some((of, _)) = method(node).filter(|(_, n)| n.text() == "truncate") else { return };
        let Some(end) = args(node).next() else { return };
        (of, end)
    } else {
        let mut parts = node.named_children();
        let (Some(base), Some(range)) = (parts.next(), parts.next()) else { return };
        if range.kind() != Kind::RangeExpression || range.text().contains("..=") {
            return;
        }
        let from_start = range.text().starts_with("..") || range.text().starts_with("0..");
        let Some(end) = range.last_named().filter(|_| from_start && !range.text().ends_with("..")) else { return };
        (base, end)
    };
    let text = unparenthesized(text);
    if !type_of(text, cx).is_some_and(|t| matches!(t.name, "str" | "String")) {
        return;
    }
    // `max - 3` leaves room for dots.
    let end = unparenthesized(end);
    // `n.min(text.len())` measures by itself.
    let bounded = method(end).filter(|(_, m)| m.text() == "min").and_then(|(limit, _)| {
        let other = args(end).next()?;
        (other.text() == format!("{}.len()", text.text()) && args(end).count() == 1).then_some(unparenthesized(limit))
    });
    let limit = match operands(end).filter(|_| end.kind() == Kind::BinaryExpression) {
        Some((left, _)) if operator(end) == "-" => left,
        Some(_) => return,
        None => bounded.unwrap_or(end),
    };
    if !matches!(limit.kind(), Kind::IntegerLiteral | Kind::Identifier | Kind::ScopedIdentifier | Kind::FieldExpression)
    {
        return;
    }
    let name = text.text().rsplit(['.', ':']).next().unwrap_or_default();
    if words(name).iter().any(|w| ASCII.contains(&w.as_str())) {
        return;
    }
    let Some(function) = enclosing_function(node) else { return };
    let around = function.text();
    let knows = [
        "char_boundary",
        "char_indices",
        "is_ascii",
        "from_utf8",
        "chars()",
        "graphemes",
        "starts_with",
        "hex",
        "width",
    ];
    if knows.iter().any(|w| around.contains(w))
        || bounded.is_none() && !is_measured(text, limit, end, node) && !is_handed(text, limit, function)
    {
        return;
    }
    let message = "This cuts by bytes: where a character lies across the border, it panics. Cut at `char_indices`, or take `chars()`.";
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether a public function cuts the first so many bytes of a text that it is handed, and asks nothing of it before.
fn is_handed(text: Node<'_>, limit: Node<'_>, function: Node<'_>) -> bool {
    use crate::rules::rust_names::{Origin, binding};
    let param = binding(text).is_some_and(|b| matches!(b.origin, Origin::Param(_)) && b.is_plain());
    let public = function.child_of_kind(Kind::VisibilityModifier).is_some_and(|v| v.text() == "pub");
    let asked = function.descendants().any(|n| {
        n.kind() == Kind::Identifier
            && n.text() == text.text()
            && n.span().end <= text.span().start
            && n.ancestors().all(|a| !matches!(a.kind(), Kind::Parameters))
    });
    public && param && limit.kind() == Kind::IntegerLiteral && !asked
}

/// Whether a condition around, or one before it in the same list of statements, compares the text's length with the limit.
fn is_measured(text: Node<'_>, limit: Node<'_>, end: Node<'_>, node: Node<'_>) -> bool {
    let length = format!("{}.len()", text.text());
    let number = limit.kind() == Kind::IntegerLiteral;
    let compares = |condition: Node<'_>| {
        std::iter::once(condition).chain(condition.descendants()).any(|n| {
            n.kind() == Kind::BinaryExpression
                && matches!(operator(n), ">" | ">=" | "<" | "<=")
                && operands(n).is_some_and(|(l, r)| {
                    let other = if l.text() == length {
                        r
                    } else if r.text() == length {
                        l
                    } else {
                        return false;
                    };
                    other.text() == limit.text()
                        || other.text() == end.text()
                        || number && other.kind() == Kind::IntegerLiteral
                })
        })
    };
    let mut at = node;
    while let Some(parent) = at.parent() {
        if parent.kind() == Kind::IfExpression
            && at.field() != Field::Condition
            && parent.child(Field::Condition).is_some_and(compares)
        {
            return true;
        }
        if parent.kind() == Kind::Block {
            let mut before = at.previous_named_sibling();
            while let Some(statement) = before {
                let inner = if statement.kind() == Kind::ExpressionStatement {
                    statement.first_named()
                } else {
                    Some(statement)
                };
                if inner.is_some_and(|i| {
                    i.kind() == Kind::IfExpression
                        && i.text().contains("return")
                        && i.child(Field::Condition).is_some_and(compares)
                }) {
                    return true;
                }
                before = statement.previous_named_sibling();
            }
        }
        at = parent;
    }
    false
}
