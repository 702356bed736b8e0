//! Comparisons of secrets in Rust whose time tells how much was right.

use sidenote_grammars::{Field, Kind};

use super::rust_types::type_of;
use super::shape::{operands, operator};
use super::support::{enclosing_function, method, words};
use super::{Cx, unparenthesized};
use crate::findings::{Note, Severity};
use crate::syntax::Node;

/// Reports a secret that is compared byte by byte.
pub fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "==" | "!=") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let function = enclosing_function(node).and_then(|f| f.child(Field::Name)).map_or("", Node::text);
    if matches!(function, "eq" | "ne" | "cmp" | "partial_cmp") {
        return;
    }
    let (Some(a), Some(b)) = (told(left), told(right)) else { return };
    let plain = |n: Node<'a>| {
        type_of(n, cx).is_none_or(|t| match t.name {
            "str" | "String" | "Vec" | "[]" | "[;]" | "_" | "Option" | "Cow" | "Bytes" => true,
            name => name.starts_with("GenericArray") || name.contains("Secret"),
        })
    };
    if !plain(left) || !plain(right) || !(secret(&a, &b) || secret(&b, &a)) {
        return;
    }
    let message = "The time that this takes tells how many of the bytes were right. Compare secrets in constant time: `subtle::ConstantTimeEq`, `ring::constant_time`, or the library's `verify`.";
    cx.report(Note::new(cx.rule, node.span(), message).severity(Severity::Medium));
}

/// The words of what a side of the comparison is called; `None` for what is no value of somebody's.
fn told(node: Node<'_>) -> Option<Vec<String>> {
    let mut at = unparenthesized(node);
    loop {
        at = match at.kind() {
            Kind::Identifier if !at.text().starts_with(|c: char| c.is_uppercase()) || at.text().contains('_') => {
                return Some(words(at.text()));
            }
            Kind::FieldExpression => return at.child(Field::Field).map(|f| words(f.text())),
            Kind::ReferenceExpression => unparenthesized(at.child(Field::Value)?),
            Kind::UnaryExpression if at.text().starts_with('*') => unparenthesized(at.last_named()?),
            Kind::TryExpression | Kind::AwaitExpression => unparenthesized(at.first_named()?),
            Kind::IndexExpression => {
                let ranged = at.named_children().nth(1)?.kind() == Kind::RangeExpression;
                if !ranged {
                    return None;
                }
                at.first_named()?
            }
            Kind::CallExpression => match method(at) {
                Some((of, m)) => match m.text() {
                    "as_bytes" | "as_str" | "as_slice" | "as_ref" | "to_string" | "to_vec" | "clone" | "unwrap"
                    | "expect" | "into_bytes" | "as_deref" | "trim" | "to_owned" | "unwrap_or_default"
                    | "to_lowercase" | "into_inner" | "expose_secret" | "to_bytes" | "unwrap_or" | "borrow" => {
                        unparenthesized(of)
                    }
                    "finalize" | "finalize_fixed" | "finish" => {
                        let mut out = told(of)?;
                        out.extend(["computed".into(), "mac".into()]);
                        return Some(out);
                    }
                    "len" | "is_empty" | "count" | "kind" | "id" | "type_id" | "as_ptr" | "is_some" | "is_none" => {
                        return None;
                    }
                    "get" | "header" => return Some(vec!["given".into()]),
                    m => return made(m),
                },
                // `Some(x)`, `hash(x)`
                None => {
                    let f = at.child(Field::Function)?;
                    let arg = at.child(Field::Arguments)?.first_named();
                    match f.text() {
                        "Some" | "Ok" => unparenthesized(arg?),
                        text => {
                            return made(text.rsplit("::").next().unwrap_or(text));
                        }
                    }
                }
            },
            _ => return None,
        };
    }
}

/// What a function of that name gives: a MAC or a hash that it computes, else nothing that is known.
fn made(function: &str) -> Option<Vec<String>> {
    let mut out = words(function);
    let computes =
        out.iter().any(|w| matches!(w.as_str(), "sign" | "mac" | "hmac" | "digest" | "hash" | "signature" | "compute"));
    out.push("computed".into());
    (computes && !out.iter().any(|w| w == "u64" || w == "u32")).then_some(out)
}

/// Whether a side is named for a secret that the other one is held against.
fn secret(side: &[String], other: &[String]) -> bool {
    let has = |list: &[String], of: &[&str]| list.iter().any(|w| of.contains(&w.as_str()));
    // Words that say that it is about a secret, not the secret itself, or about something public.
    const ABOUT: [&str; 37] = [
        "public",
        "magic",
        "block",
        "len",
        "length",
        "type",
        "kind",
        "id",
        "ids",
        "name",
        "count",
        "index",
        "idx",
        "pos",
        "position",
        "size",
        "version",
        "alg",
        "algorithm",
        "state",
        "status",
        "field",
        "prompt",
        "page",
        "next",
        "prev",
        "continuation",
        "cancel",
        "address",
        "addr",
        "new",
        "confirm",
        "confirmation",
        "repeat",
        "again",
        "url",
        "path",
    ];
    if has(side, &ABOUT) || has(other, &ABOUT) {
        return false;
    }
    // What a format begins with.
    let joined = side.join("_");
    let strong = matches!(
        joined.as_str(),
        "mac"
            | "hmac"
            | "password"
            | "passwd"
            | "api_key"
            | "apikey"
            | "secret"
            | "csrf_token"
            | "auth_token"
            | "access_token"
            | "session_token"
            | "secret_key"
            | "password_hash"
            | "hashed_password"
            | "admin_token"
            | "api_token"
            | "bearer_token"
            | "otp"
            | "pin"
            | "reset_token"
            | "signature"
            | "auth_tag"
            | "webhook_secret"
            | "client_secret"
            | "api_secret"
            | "auth_key"
            | "private_key"
            | "passphrase"
    ) || has(side, &["hmac", "csrf"])
        || has(side, &["mac"])
            && has(
                side,
                &["expected", "computed", "calculated", "given", "received", "actual", "our", "their", "finalize"],
            );
    let weak = has(side, &["token", "hash", "digest", "sig", "signature", "tag", "mac", "key", "checksum"]) || strong;
    let held = [
        "expected",
        "provided",
        "given",
        "stored",
        "received",
        "supplied",
        "submitted",
        "computed",
        "calculated",
        "actual",
        "claimed",
        "presented",
        "candidate",
        "input",
    ];
    // A signature and a MAC are many things; whoever computes or expects one means this.
    if matches!(joined.as_str(), "signature" | "mac" | "pin" | "secret") {
        return has(other, &held)
            || !has(other, &["png", "jpeg", "gif", "zip", "file", "header"])
                && has(other, &["sig", "signature", "mac", "hmac", "tag", "secret", "pin", "code", "digest"])
                && joined != other.join("_");
    }
    if strong {
        return true;
    }
    // `token == expected_token`, `stored_hash == hash`
    weak && has(side, &held)
        && has(
            other,
            &["token", "hash", "digest", "sig", "signature", "tag", "mac", "key", "given", "input", "computed"],
        )
        && !has(side, &["checksum"])
}
