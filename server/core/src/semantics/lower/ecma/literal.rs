//! Literals: escapes, numbers, entities, names of members.

use std::borrow::Cow;

use super::*;

/// Longest string literal that is kept whole, in bytes.
const MAX_STRING: usize = 4096;

/// How much of a longer one is kept, in bytes.
const KEPT: usize = 256;

/// Interns a string, or its beginning.
pub(super) fn intern(text: &str) -> Ustr {
    if text.len() <= MAX_STRING {
        return Ustr::from(text);
    }
    Ustr::from(&text[..text.floor_char_boundary(KEPT)])
}

/// The value of a string literal.
pub(super) fn string(node: Node<'_>) -> Ustr {
    intern(&unescape(inside(node.text(), &['"', '\''])))
}

/// The value of a JSX attribute's string, which knows entities and no escapes.
pub(super) fn jsx_string(node: Node<'_>) -> Ustr {
    intern(&entities(inside(node.text(), &['"', '\''])))
}

/// Text between quotes; the closing one may be missing.
fn inside<'t>(text: &'t str, quotes: &[char]) -> &'t str {
    let Some(rest) = text.strip_prefix(quotes) else { return text };
    rest.strip_suffix(quotes).unwrap_or(rest)
}

/// Decodes escapes. What is no valid escape stays as it is, without the backslash.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('\\') else { return Cow::Borrowed(text) };
    // No more than the kept part of an overlong literal is worth decoding.
    let text = if text.len() > 2 * MAX_STRING { &text[..text.floor_char_boundary(2 * MAX_STRING)] } else { text };
    let first = first.min(text.len());
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = escape(&rest[at + 1..], &mut out);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Decodes the escape after a backslash and returns what follows it.
fn escape<'t>(text: &'t str, out: &mut String) -> &'t str {
    let mut chars = text.chars();
    let Some(c) = chars.next() else { return text };
    let rest = chars.as_str();
    match c {
        'n' => out.push('\n'),
        't' => out.push('\t'),
        'r' => out.push('\r'),
        'b' => out.push('\u{8}'),
        'f' => out.push('\u{c}'),
        'v' => out.push('\u{b}'),
        '\r' => return rest.strip_prefix('\n').unwrap_or(rest),
        '\n' | '\u{2028}' | '\u{2029}' => {}
        '0'..='7' => {
            let most = if c <= '3' { 3 } else { 2 };
            let len = text.bytes().take(most).take_while(|b| (b'0'..=b'7').contains(b)).count();
            out.extend(u32::from_str_radix(&text[..len], 8).ok().and_then(char::from_u32));
            return &text[len..];
        }
        'x' => {
            if let Some((value, after)) = hex(rest, 2) {
                out.extend(char::from_u32(value));
                return after;
            }
            out.push('x');
        }
        'u' => {
            if let Some(body) = rest.strip_prefix('{')
                && let Some(end) = body.find('}')
                && let Ok(value) = u32::from_str_radix(&body[..end], 16)
            {
                out.push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
                return &body[end + 1..];
            }
            if let Some((value, after)) = hex(rest, 4) {
                return surrogates(value, after, out);
            }
            out.push('u');
        }
        other => out.push(other),
    }
    rest
}

/// Adds a UTF-16 unit, with the low surrogate that follows a high one.
fn surrogates<'t>(unit: u32, after: &'t str, out: &mut String) -> &'t str {
    if (0xd800..0xdc00).contains(&unit)
        && let Some((low, end)) = after.strip_prefix("\\u").and_then(|t| hex(t, 4))
        && (0xdc00..0xe000).contains(&low)
    {
        out.extend(char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)));
        return end;
    }
    out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}

fn hex(text: &str, digits: usize) -> Option<(u32, &str)> {
    let head = text.get(..digits).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((u32::from_str_radix(head, 16).ok()?, &text[digits..]))
}

/// Decodes the entities that matter in JSX; others stay as written.
pub(super) fn entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.find(';').filter(|end| *end < 32).and_then(|end| Some((entity(&rest[1..end])?, end + 1)));
        let (c, len) = entity.unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[len..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        "nbsp" => return Some('\u{a0}'),
        _ => name.strip_prefix('#')?,
    };
    let code = match code.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => code.parse().ok()?,
    };
    char::from_u32(code)
}

/// The value of a number; not a number where it cannot be read.
pub(super) fn number(text: &str) -> f64 {
    let digits: Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    let based = |radix: u32, digits: &str| {
        let digits = digits.strip_suffix('n').unwrap_or(digits);
        let add = |sum: f64, c: char| c.to_digit(radix).map(|d| sum * f64::from(radix) + f64::from(d));
        digits.chars().try_fold(0.0, add).unwrap_or(f64::NAN)
    };
    let bytes = digits.as_bytes();
    match bytes {
        [b'0', b'x' | b'X', ..] => based(16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => based(8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => based(2, &digits[2..]),
        [b'0', _, ..] if bytes.iter().all(|b| (b'0'..=b'7').contains(b)) => based(8, &digits[1..]),
        _ => digits.strip_suffix('n').unwrap_or(&digits).parse().unwrap_or(f64::NAN),
    }
}

/// The name of a member that is known from the source; in brackets only a constant is.
pub(super) fn constant_key(node: Node<'_>) -> Option<Ustr> {
    match node.kind() {
        Kind::String => Some(string(node)),
        Kind::Number => Some(number_key(node.text())),
        Kind::ComputedPropertyName => constant_key(
            node.first_named().filter(|n| matches!(n.kind(), Kind::String | Kind::Number | Kind::TemplateString))?,
        ),
        Kind::TemplateString if node.named_children().all(|c| c.kind() != Kind::TemplateSubstitution) => {
            Some(intern(&unescape(inside(node.text(), &['`']))))
        }
        Kind::TemplateString => None,
        _ => Some(Ustr::from(node.text())),
    }
}

/// A number as the name that it becomes.
pub(super) fn number_key(text: &str) -> Ustr {
    let value = number(text);
    if value.is_nan() { Ustr::from(text) } else { Ustr::from(&value.to_string()) }
}

/// The name of a method or field; that of a computed one is its text with brackets.
pub(super) fn member_name(node: Node<'_>) -> Ustr {
    constant_key(node).unwrap_or_else(|| intern(node.text()))
}

/// The name by which a function that is bound to a place becomes known.
pub(super) fn bound_name(place: Node<'_>) -> Option<Ustr> {
    match place.kind() {
        Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern => Some(Ustr::from(place.text())),
        Kind::MemberExpression => place.child(Field::Property).map(|p| Ustr::from(p.text())),
        Kind::PropertyIdentifier
        | Kind::PrivatePropertyIdentifier
        | Kind::String
        | Kind::Number
        | Kind::ComputedPropertyName => constant_key(place),
        _ => None,
    }
}
