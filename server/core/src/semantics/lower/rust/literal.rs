//! Literals.

use sidenote_grammars::Kind;

use super::Lower;
use crate::semantics::hir::*;
use crate::syntax::Node;

impl Lower<'_> {
    /// The literal's value, if the node is one.
    pub(super) fn literal(&self, n: Node<'_>) -> Option<Lit> {
        let text = n.text();
        Some(match n.kind() {
            Kind::StringLiteral => {
                let value = Ustr::from(&unescape(body(text).1));
                if text.starts_with('b') { Lit::Bytes(value) } else { Lit::Str(value) }
            }
            Kind::RawStringLiteral => {
                let value = Ustr::from(body(text).1);
                if text.starts_with('b') { Lit::Bytes(value) } else { Lit::Str(value) }
            }
            Kind::CharLiteral => {
                let byte = text.starts_with('b');
                let inner = text.trim_start_matches('b').trim_matches('\'');
                // `'\''` and `'"'` survive the trim badly only where nothing is left.
                let c = unescape(inner).chars().next().unwrap_or('\'');
                if byte { Lit::Num(f64::from(c as u32)) } else { Lit::Char(c) }
            }
            Kind::BooleanLiteral => Lit::Bool(text == "true"),
            Kind::IntegerLiteral | Kind::FloatLiteral => Lit::Num(number(text)),
            Kind::NegativeLiteral => Lit::Num(-n.first_named().map_or(0.0, |n| number(n.text()))),
            Kind::UnitExpression => Lit::Null,
            _ => return None,
        })
    }
}

/// Where a string literal's content starts, and the content as written.
pub(super) fn body(text: &str) -> (usize, &str) {
    let Some(quote) = text.find('"') else { return (0, "") };
    let hashes = text[..quote].bytes().filter(|b| *b == b'#').count();
    let start = quote + 1;
    let end = text.len().saturating_sub(1 + hashes).max(start);
    (start, text.get(start..end).unwrap_or(""))
}

/// Undoes the escapes of a plain string's content; an unknown escape stays as written.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (c, len) = escape(&rest[at..]);
        out.extend(c);
        rest = &rest[at + len..];
    }
    out.push_str(rest);
    out
}

/// The character of the escape at the start of `text`, if it makes one, and the escape's length in bytes, at least 1.
pub(super) fn escape(text: &str) -> (Option<char>, usize) {
    let mut chars = text.char_indices().skip(1);
    let Some((_, c)) = chars.next() else { return (Some('\\'), text.len().max(1)) };
    let simple = match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        '\\' | '\'' | '"' => c,
        'x' => {
            let code = text.get(2..4).and_then(|h| u32::from_str_radix(h, 16).ok()).and_then(char::from_u32);
            return code.map_or((Some('\\'), 1), |c| (Some(c), 4));
        }
        'u' => {
            let digits = text.get(2..).and_then(|t| t.strip_prefix('{')).and_then(|t| t.split_once('}'));
            let parsed = digits.and_then(|(h, _)| {
                let code = u32::from_str_radix(&h.replace('_', ""), 16).ok().and_then(char::from_u32)?;
                Some((Some(code), h.len() + 4))
            });
            return parsed.unwrap_or((Some('\\'), 1));
        }
        '\n' | '\r' => {
            // A line that goes on: the break and the white space after it vanish.
            let after = text[1..].trim_start_matches([' ', '\t', '\n', '\r']);
            return (None, text.len() - after.len());
        }
        _ => return (Some('\\'), 1),
    };
    (Some(simple), 2)
}

fn number(text: &str) -> f64 {
    let text = text.replace('_', "");
    let (digits, radix) = match text.get(..2) {
        Some("0x") => (&text[2..], 16),
        Some("0o") => (&text[2..], 8),
        Some("0b") => (&text[2..], 2),
        _ => (&text[..], 10),
    };
    let suffixes: &[&str] = match radix {
        16 => &["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "u128", "i128", "usize", "isize"],
        _ => &["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "u128", "i128", "usize", "isize", "f32", "f64"],
    };
    let digits = suffixes.iter().find_map(|s| digits.strip_suffix(s)).unwrap_or(digits);
    if radix == 10 {
        digits.parse().unwrap_or(f64::NAN)
    } else {
        digits.chars().fold(0.0, |n, c| n * f64::from(radix) + f64::from(c.to_digit(radix).unwrap_or(0)))
    }
}
