//! What the names around a place say of its purpose.

use std::collections::BTreeSet;

use sidenote_grammars::{Field, Kind};

use super::support::{self, words};
use crate::semantics::flow::value::{ELEMENT, Val, Value};
use crate::semantics::hir::{Hir, Lit, Ustr};
use crate::syntax::{Arena, Node, Span};

/// Most nodes of a statement that are looked at.
const MOST: usize = 160;
/// Longest string constant whose words count, in bytes.
const LONGEST: usize = 48;

/// The words of the names in the statement around a span, of the functions around it, and of what is done to the variable
/// that the statement declares.
pub fn around(hir: &Hir, arena: &Arena, span: Span) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for function in hir.functions.iter().filter(|f| f.span.contains(span)) {
        out.extend(function.name.iter().flat_map(|n| words(n)));
    }
    let statement = support::statement(arena.root().smallest_at(span));
    let mut declared = Vec::new();
    for node in statement.descendants_until(|n| n != statement && support::is_function(n)).take(MOST) {
        take_words(node, &mut out);
        if node.kind() == Kind::VariableDeclarator
            && let Some(name) = node.child(Field::Name)
        {
            declared.push(name.text());
        }
    }
    if !declared.is_empty() {
        for node in arena.nodes() {
            let Some((receiver, name)) = support::method(node) else { continue };
            let root = std::iter::successors(Some(receiver), |n| support::method(*n).map(|(r, _)| r)).last();
            if matches!(name.text(), "update" | "write" | "end" | "sign" | "verify")
                && root.is_some_and(|r| declared.contains(&r.text()))
            {
                support::args(node).flat_map(Node::descendants).take(MOST).for_each(|n| take_words(n, &mut out));
                support::args(node).for_each(|n| take_words(n, &mut out));
            }
        }
    }
    out
}

fn take_words(node: Node<'_>, out: &mut BTreeSet<String>) {
    match node.kind() {
        Kind::Identifier
        | Kind::PropertyIdentifier
        | Kind::ShorthandPropertyIdentifier
        | Kind::ShorthandPropertyIdentifierPattern
        | Kind::FieldIdentifier => out.extend(words(node.text())),
        Kind::TemplateString if node.text().len() <= 3 * LONGEST => out.extend(words(node.text())),
        Kind::String if node.text().len() <= LONGEST => out.extend(words(node.text())),
        _ => {}
    }
}

/// Whether one of the words is among those.
pub fn any(words: &BTreeSet<String>, of: &[&str]) -> bool {
    of.iter().any(|w| words.contains(*w))
}

/// Words of what must stay secret or must not be forged.
pub const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "pw",
    "pass",
    "passphrase",
    "passwords",
    "secret",
    "secrets",
    "token",
    "tokens",
    "credential",
    "credentials",
    "signature",
    "sign",
    "signed",
    "signing",
    "auth",
    "authenticate",
    "authentication",
    "hmac",
    "session",
    "otp",
    "nonce",
    "apikey",
    "login",
    "pin",
    "csrf",
    "certificate",
    "license",
    "licence",
    "salt",
    "ssn",
];

/// The constant numbers that a value may be.
pub fn numbers(value: &Value) -> impl Iterator<Item = f64> {
    value.lits.iter().filter_map(|l| if let Lit::Num(n) = l { Some(*n) } else { None })
}

/// A field of an object, as a call was given it.
pub fn field<'v>(value: Option<&'v Val>, name: &str) -> Option<&'v Val> {
    value?.field(Ustr::from(name))
}

/// Whether a value is fixed in the source: a constant, or a list of constants.
pub fn is_fixed(value: &Value) -> bool {
    let plain = |v: &Value| v.exact && v.lits.iter().any(|l| matches!(l, Lit::Str(_) | Lit::Num(_) | Lit::Bytes(_)));
    plain(value)
        || value.taints.is_empty()
            && value.fields().count() > 1
            && value.fields().all(|(_, v)| plain(v) || v.lits.len() > 1)
}

/// Whether an object was built in sight, so that a field that is not known is not there.
pub fn is_literal_object(value: &Value) -> bool {
    value.fields.is_some() && value.taints.is_empty() && value.apis.is_empty() && value.field(*ELEMENT).is_none()
}

/// Whether a name or a string constant of the block holds one of these texts, in lower case.
pub fn mentions(arena: &Arena, texts: &[&str]) -> bool {
    arena.nodes().any(|n| {
        let telling = matches!(
            n.kind(),
            Kind::Identifier
                | Kind::PropertyIdentifier
                | Kind::ShorthandPropertyIdentifier
                | Kind::ShorthandPropertyIdentifierPattern
                | Kind::String
        );
        telling && {
            let lower = n.text().to_ascii_lowercase();
            texts.iter().any(|t| lower.contains(t))
        }
    })
}

/// The code of a span without its comments.
pub fn code(arena: &Arena, span: Span) -> String {
    let mut out = String::new();
    let mut at = span.start;
    for comment in arena.comments().map(Node::span).filter(|c| span.contains(*c)) {
        if comment.start >= at {
            out.push_str(arena.slice(Span { start: at, end: comment.start }));
            at = comment.end;
        }
    }
    out.push_str(arena.slice(Span { start: at, end: span.end }));
    out
}

/// All code of a block without its comments.
pub fn all_code(arena: &Arena) -> String {
    code(arena, arena.root().span())
}

/// Whether a file implements a protocol that leaves no choice of the hash: SCRAM and SASL, handshakes of databases, digest
/// authentication.
pub(crate) fn prescribes_hash(text: &str) -> bool {
    const WORDS: [&str; 13] = [
        "cnonce",
        "scram-sha",
        "saslprep",
        "sasl_continue",
        "saslcontinue",
        "cram-md5",
        "caching_sha2",
        "mysql_native_password",
        "mysql-server",
        "postgresmd5",
        "authenticationmd5",
        "md5-sess",
        "258eafa5-e914",
    ];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|w| text.contains(w))
}

/// Whether code answers whoever sent a message as a worker does, by a function that is nobody's method: `postMessage(result)`.
pub fn answers_as_worker(code: &str) -> bool {
    code.match_indices("postMessage(").any(|(at, _)| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '$'))
            && !code[..at].trim_end().ends_with("function")
    })
}
