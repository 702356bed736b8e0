//! Code as words: what an encoder reads and what a search counts.
//!
//! A WordPiece vocabulary lower-cases before it looks words up, so that `parseDateWithZone` would become one unknown word in
//! pieces. Identifiers are taken apart here first.

/// The words of a text in order, lower case: identifiers by case, digits and underscores; everything else separates.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    parts(text).filter(|p| p.starts_with(char::is_alphanumeric)).map(str::to_lowercase)
}

/// Runs of letters of one hump, of digits, and single marks; in order, without white space and underscores.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    #[derive(PartialEq, Clone, Copy)]
    enum Class {
        Lower,
        Upper,
        Digit,
        Mark,
        Space,
    }
    let class = |c: char| match c {
        '_' | '$' => Class::Space,
        c if c.is_whitespace() => Class::Space,
        c if c.is_uppercase() => Class::Upper,
        c if c.is_alphabetic() => Class::Lower,
        c if c.is_numeric() => Class::Digit,
        _ => Class::Mark,
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| class(c) == Class::Space);
        let mut chars = rest.char_indices().peekable();
        let (_, first) = chars.next()?;
        let kind = class(first);
        let mut end = first.len_utf8();
        let mut previous = kind;
        while kind != Class::Mark
            && let Some((at, c)) = chars.next()
        {
            let now = class(c);
            let follows = chars.peek().map(|(_, c)| class(*c));
            let goes_on = match (previous, now) {
                (Class::Upper, Class::Lower) | (Class::Lower, Class::Lower) | (Class::Digit, Class::Digit) => true,
                // `HTTPServer`: the last capital begins the next word.
                (Class::Upper, Class::Upper) => follows != Some(Class::Lower),
                _ => false,
            };
            if !goes_on {
                break;
            }
            previous = now;
            end = at + c.len_utf8();
        }
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(part)
    })
}

/// The text that an encoder is given for a piece of code: its words, and of the marks only those that say something. Brackets and
/// semicolons are most of a block's tokens otherwise, and the encoder's context is short.
///
/// A first line that is nothing but a name stays a line of its own: the host lets it count for more.
pub fn for_encoder(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let is_name = |line: &str| {
        !line.is_empty() && line.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | ':' | '#'))
    };
    let (name, text) = text.split_once('\n').filter(|(first, _)| is_name(first)).unwrap_or(("", text));
    for part in parts(name).filter(|p| p.starts_with(char::is_alphanumeric)) {
        out.push_str(if out.is_empty() { "" } else { " " });
        out.push_str(part);
    }
    let mut follows = !out.is_empty();
    for part in parts(text) {
        let word = part.starts_with(char::is_alphanumeric);
        if !word && !matches!(part, "=" | "<" | ">" | "+" | "-" | "*" | "%" | "!" | "?" | "&" | "|") {
            continue;
        }
        if !out.is_empty() {
            out.push(if std::mem::take(&mut follows) { '\n' } else { ' ' });
        }
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_apart() {
        let of = |text: &str| words(text).collect::<Vec<_>>().join(" ");
        assert_eq!(of("parseDateWithZone"), "parse date with zone");
        assert_eq!(of("HTTPServer2_go __init__ $el"), "http server 2 go init el");
        assert_eq!(of("SCREAMING_CASE: u8 = 0xFF;"), "screaming case u 8 0 x ff");
        assert_eq!(of("größe(naïveÜbung)"), "größe naïve übung");
        assert_eq!(of(""), "");
        assert_eq!(for_encoder("if (a.isOk) { b += 1; }"), "if a is Ok b + = 1");
    }

    #[test]
    fn a_name_above_code_stays_a_line() {
        assert_eq!(for_encoder("parseDate\nfunction parseDate(x) {\n}"), "parse Date\nfunction parse Date x");
        assert_eq!(for_encoder("std::mem\n\n(a)"), "std mem\na");
        // What is no name is code.
        assert_eq!(for_encoder("let a = 1;\nlet b = 2;"), "let a = 1 let b = 2");
        assert_eq!((for_encoder("name\n"), for_encoder("\na")), ("name".to_owned(), "a".to_owned()));
    }
}
