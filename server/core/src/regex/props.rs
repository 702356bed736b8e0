//! Named character classes: exact for ASCII, approximated by a few of Unicode's own above it.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, HirKind};

use super::charset::{CharSet, MAX_CODE_POINT};

/// ECMAScript line terminators.
pub(crate) fn line_terminators() -> CharSet {
    CharSet::from_ranges(vec![(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)])
}

/// `\d` of ASCII engines.
pub(crate) fn ascii_digit() -> CharSet {
    CharSet::range(0x30, 0x39)
}

/// `\w` of ASCII engines.
pub(crate) fn ascii_word() -> CharSet {
    CharSet::from_ranges(vec![(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
}

/// `\s` of ASCII engines.
pub(crate) fn ascii_space() -> CharSet {
    CharSet::from_ranges(vec![(0x09, 0x0D), (0x20, 0x20)])
}

/// `\s` of ECMAScript: WhiteSpace and LineTerminator.
pub(crate) fn ecma_space() -> CharSet {
    CharSet::from_ranges(vec![
        (0x09, 0x0D),
        (0x20, 0x20),
        (0xA0, 0xA0),
        (0x1680, 0x1680),
        (0x2000, 0x200A),
        (0x2028, 0x2029),
        (0x202F, 0x202F),
        (0x205F, 0x205F),
        (0x3000, 0x3000),
        (0xFEFF, 0xFEFF),
    ])
}

/// The code points of a class as `regex-syntax` has it; the class is one of those below.
fn table(cell: &'static OnceLock<CharSet>, class: &str) -> CharSet {
    cell.get_or_init(|| {
        let parsed = regex_syntax::parse(class).ok().map(regex_syntax::hir::Hir::into_kind);
        let Some(HirKind::Class(Class::Unicode(class))) = parsed else { return CharSet::empty() };
        CharSet::from_ranges(class.iter().map(|r| (r.start() as u32, r.end() as u32)).collect())
    })
    .clone()
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $class:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name() -> CharSet {
            static CELL: OnceLock<CharSet> = OnceLock::new();
            table(&CELL, $class)
        }
    )*};
}

tables! {
    letter = r"\p{Alphabetic}";
    lower = r"\p{Lowercase}";
    upper = r"\p{Uppercase}";
    number = r"\p{N}";
    space = r"\p{White_Space}";
    /// `\w` of the `regex` crate.
    unicode_word = r"[\p{Alphabetic}\p{N}_]";
}

fn non_ascii() -> CharSet {
    CharSet::range(0x80, MAX_CODE_POINT)
}

fn ascii_punctuation() -> CharSet {
    CharSet::from_chars("!\"#%&'()*,-./:;?@[\\]_{}")
}

fn ascii_symbol() -> CharSet {
    CharSet::from_chars("$+<=>^`|~")
}

fn other_non_ascii() -> CharSet {
    non_ascii().minus(&letter()).minus(&number()).minus(&space())
}

/// The set of a Unicode property and whether it is exact; `None` for a name that is not known.
///
/// ASCII members are always exact. `negated` complements are taken by the caller.
pub(crate) fn property(name: &str) -> Option<(CharSet, bool)> {
    let (key, value) = name.split_once('=').map_or((None, name), |(k, v)| (Some(k), v));
    if let Some(key) = key {
        return match key {
            "Script" | "sc" | "Script_Extensions" | "scx" => Some((script(value)?, false)),
            "General_Category" | "gc" => general(value),
            _ => None,
        };
    }
    general(value).or_else(|| script(value).map(|set| (set, false)))
}

fn general(value: &str) -> Option<(CharSet, bool)> {
    Some(match value {
        "Any" => (CharSet::all(), true),
        "ASCII" => (CharSet::range(0, 0x7F), true),
        "ASCII_Hex_Digit" | "AHex" => (CharSet::from_chars("0123456789abcdefABCDEF"), true),
        "Hex_Digit" => (CharSet::from_chars("0123456789abcdefABCDEF").union(&CharSet::range(0xFF10, 0xFF46)), false),
        "L" | "Letter" | "Alphabetic" | "Alpha" | "alpha" | "ID_Start" | "IDS" | "XID_Start" => (letter(), false),
        "Lu" | "Uppercase_Letter" | "Uppercase" | "Upper" | "upper" | "Lt" => (upper(), false),
        "Ll" | "Lowercase_Letter" | "Lowercase" | "Lower" | "lower" => (lower(), false),
        "Lo" | "Other_Letter" | "Lm" | "Modifier_Letter" => (letter().minus(&upper()).minus(&lower()), false),
        "N" | "Number" => (number(), false),
        "Nd" | "Decimal_Number" | "digit" => (number(), false),
        "Nl" | "No" | "Letter_Number" | "Other_Number" => (number().minus(&CharSet::range(0, 0x7F)), false),
        "Z" | "Separator" => (space().minus(&CharSet::range(0x09, 0x0D)), false),
        "Zs" | "Space_Separator" => (space().minus(&CharSet::range(0x09, 0x0D)), false),
        "Zl" | "Zp" => (CharSet::range(0x2028, 0x2029), false),
        "White_Space" | "space" => (space(), true),
        "P" | "Punctuation" | "punct" => (ascii_punctuation().union(&other_non_ascii()), false),
        "Pc" | "Connector_Punctuation" => (CharSet::from_chars("_").union(&CharSet::range(0x203F, 0x2040)), false),
        "Pd" | "Dash_Punctuation" => (CharSet::from_chars("-").union(&CharSet::range(0x2010, 0x2015)), false),
        "Ps" | "Open_Punctuation" => (CharSet::from_chars("([{").union(&other_non_ascii()), false),
        "Pe" | "Close_Punctuation" => (CharSet::from_chars(")]}").union(&other_non_ascii()), false),
        "Pi" | "Pf" | "Initial_Punctuation" | "Final_Punctuation" => (other_non_ascii(), false),
        "Po" | "Other_Punctuation" => {
            (ascii_punctuation().minus(&CharSet::from_chars("_-()[]{}")).union(&other_non_ascii()), false)
        }
        "S" | "Symbol" => (ascii_symbol().union(&other_non_ascii()), false),
        "Sm" | "Math_Symbol" => (CharSet::from_chars("+<=>|~").union(&other_non_ascii()), false),
        "Sc" | "Currency_Symbol" => (CharSet::from_chars("$").union(&other_non_ascii()), false),
        "Sk" | "Modifier_Symbol" => (CharSet::from_chars("^`").union(&other_non_ascii()), false),
        "So" | "Other_Symbol" => (other_non_ascii(), false),
        "M" | "Mark" | "Mn" | "Mc" | "Me" | "Nonspacing_Mark" | "Combining_Mark" => (other_non_ascii(), false),
        "C" | "Other" | "Cc" | "Control" | "cntrl" => {
            (CharSet::from_ranges(vec![(0, 0x1F), (0x7F, 0x9F)]), matches!(value, "Cc" | "Control" | "cntrl"))
        }
        "Cf" | "Format" | "Cn" | "Co" | "Cs" | "Unassigned" => (other_non_ascii(), false),
        "ID_Continue" | "IDC" | "XID_Continue" => (unicode_word().union(&other_non_ascii()), false),
        "Emoji" => (CharSet::from_chars("0123456789#*").union(&other_non_ascii()), false),
        "Emoji_Presentation"
        | "Extended_Pictographic"
        | "RGI_Emoji"
        | "Emoji_Modifier"
        | "Emoji_Component"
        | "Regional_Indicator"
        | "Emoji_Modifier_Base" => (other_non_ascii(), false),
        _ => return None,
    })
}

fn script(value: &str) -> Option<CharSet> {
    let ranges = match value {
        "Latin" | "Latn" => {
            vec![(0x41, 0x5A), (0x61, 0x7A), (0xAA, 0xAA), (0xBA, 0xBA), (0xC0, 0x24F), (0x1E00, 0x1EFF)]
        }
        "Greek" | "Grek" => vec![(0x370, 0x3FF), (0x1F00, 0x1FFF)],
        "Cyrillic" | "Cyrl" => vec![(0x400, 0x52F), (0x1C80, 0x1C8F)],
        "Han" | "Hani" => {
            vec![(0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)]
        }
        "Hiragana" | "Hira" => vec![(0x3041, 0x309F)],
        "Katakana" | "Kana" => vec![(0x30A0, 0x30FF), (0x31F0, 0x31FF)],
        "Hangul" | "Hang" => vec![(0x1100, 0x11FF), (0x3131, 0x318E), (0xAC00, 0xD7A3)],
        "Arabic" | "Arab" => vec![(0x600, 0x6FF), (0x750, 0x77F)],
        "Hebrew" | "Hebr" => vec![(0x591, 0x5F4)],
        "Thai" => vec![(0xE01, 0xE5B)],
        "Devanagari" | "Deva" => vec![(0x900, 0x97F)],
        "Armenian" | "Armn" => vec![(0x531, 0x58F)],
        "Georgian" | "Geor" => vec![(0x10A0, 0x10FF)],
        _ => return None,
    };
    Some(CharSet::from_ranges(ranges))
}

/// A POSIX class by name, ASCII only.
pub(crate) fn posix(name: &str) -> Option<CharSet> {
    let ranges = match name {
        "alpha" => vec![(0x41, 0x5A), (0x61, 0x7A)],
        "digit" => vec![(0x30, 0x39)],
        "alnum" => vec![(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
        "upper" => vec![(0x41, 0x5A)],
        "lower" => vec![(0x61, 0x7A)],
        "space" => vec![(0x09, 0x0D), (0x20, 0x20)],
        "blank" => vec![(0x09, 0x09), (0x20, 0x20)],
        "punct" => vec![(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
        "cntrl" => vec![(0, 0x1F), (0x7F, 0x7F)],
        "graph" => vec![(0x21, 0x7E)],
        "print" => vec![(0x20, 0x7E)],
        "xdigit" => vec![(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
        "ascii" => vec![(0, 0x7F)],
        "word" => vec![(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)],
        _ => return None,
    };
    Some(CharSet::from_ranges(ranges))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_unicode() {
        let has = |set: &CharSet, c: char| set.ranges().iter().any(|(a, b)| (*a..=*b).contains(&(c as u32)));
        for (set, members, others) in [
            (letter(), "aZé中ªⅧ", "1_ -€٣"),
            (lower(), "aéªß", "AÉ中1"),
            (upper(), "AÉΣⅧ", "aé中1"),
            (number(), "07٣½Ⅷ", "a_é"),
            (space(), " \t\n\u{a0}\u{2028}", "a_\u{feff}"),
            (unicode_word(), "a_0é中٣", " -€"),
        ] {
            assert!(members.chars().all(|c| has(&set, c)), "{members}");
            assert!(!others.chars().any(|c| has(&set, c)), "{others}");
        }
    }
}
