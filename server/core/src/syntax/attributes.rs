//! Attributes of JSX that are called like words of the language: `<li class="x">`, `<Collapse in={open}>`.
//!
//! The grammar of JavaScript takes no such name for an attribute and makes an error of the whole element. So the parser is shown another
//! word of the same length; the text of a node is that of the file, and positions stay.

use sidenote_grammars::Language;

/// The words, each with what the parser is shown; not those that are values (`this==x`).
const WORDS: &[(&[u8], &[u8])] = &[
    (b"break", b"breaz"),
    (b"case", b"casz"),
    (b"catch", b"catcz"),
    (b"class", b"clasz"),
    (b"const", b"consz"),
    (b"continue", b"continuz"),
    (b"default", b"defaulz"),
    (b"delete", b"deletz"),
    (b"do", b"dz"),
    (b"else", b"elsz"),
    (b"export", b"exporz"),
    (b"extends", b"extendz"),
    (b"finally", b"finallz"),
    (b"for", b"foz"),
    (b"function", b"functioz"),
    (b"if", b"iz"),
    (b"import", b"imporz"),
    (b"in", b"iz"),
    (b"instanceof", b"instanceoz"),
    (b"new", b"nez"),
    (b"return", b"returz"),
    (b"switch", b"switcz"),
    (b"throw", b"throz"),
    (b"try", b"trz"),
    (b"typeof", b"typeoz"),
    (b"var", b"vaz"),
    (b"void", b"voiz"),
    (b"while", b"whilz"),
    (b"with", b"witz"),
];

/// Bytes of the longest word.
const LONGEST: usize = 10;

/// What the parser is shown of `rest`, which is the text from `at` on or its beginning: up to the next such word, or in its stead
/// another one. `around` gives the bytes between two positions.
pub(super) fn shown<'t>(
    language: &Language,
    rest: &'t [u8],
    at: usize,
    around: impl Fn(usize, usize) -> Vec<u8>,
) -> &'t [u8] {
    if language.name != "javascript" || rest.is_empty() {
        return rest;
    }
    // The parser may begin inside of a word.
    let before = around(at.saturating_sub(LONGEST), at);
    let inside = before.iter().rev().take_while(|b| b.is_ascii_lowercase()).count();
    if inside < LONGEST
        && rest[0].is_ascii_lowercase()
        && let Some(instead) = named_at(at - inside, &around)
        && instead.len() > inside
    {
        return &instead[inside..];
    }
    let begins = |i: &usize| {
        (rest[*i - 1].is_ascii_whitespace() || matches!(rest[*i - 1], b'<' | b'/'))
            && WORDS.iter().any(|(word, _)| {
                let there = &rest[*i..rest.len().min(*i + word.len())];
                word.starts_with(there)
            })
            && named_at(at + *i, &around).is_some()
    };
    let next = (1..rest.len()).find(begins).unwrap_or(rest.len());
    &rest[..next]
}

/// What the parser is shown instead of the word at a position, if an attribute is called that: a word behind a blank and before `=`, by
/// which these words are followed nowhere else. `<var>` is an element, and `default` may have no value.
fn named_at(at: usize, around: &impl Fn(usize, usize) -> Vec<u8>) -> Option<&'static [u8]> {
    let first = at.checked_sub(1)?;
    let text = around(first, at + LONGEST + 4);
    let (before, text) = text.split_first()?;
    let length = text.iter().take_while(|b| b.is_ascii_lowercase()).count();
    let (word, behind) = text.split_at(length);
    let (_, instead) = WORDS.iter().find(|(w, _)| *w == word)?;
    let named = match before {
        b'<' | b'/' => word == b"var" && behind.first() == Some(&b'>'),
        blank if blank.is_ascii_whitespace() => {
            behind.starts_with(b"=")
                || word == b"default"
                    && (behind.starts_with(b">") || behind.starts_with(b"/>") || behind.starts_with(b" />"))
                    && around(at.saturating_sub(7), first) != b"export"
        }
        _ => false,
    };
    named.then_some(*instead)
}

#[cfg(test)]
mod tests {
    use super::super::SyntaxTree;
    use crate::text::{Edit, Text};

    #[test]
    fn attributes_may_be_called_like_words_of_the_language() {
        let language = sidenote_grammars::by_path("a.js").expect("JavaScript");
        let fine = |code: &str| {
            let text = Text::new(code);
            let whole = SyntaxTree::parse_str(language, code).expect("parsed");
            let pieces = SyntaxTree::parse(language, &text).expect("parsed");
            assert_eq!(whole.root().to_sexp(), pieces.root().to_sexp());
            !whole.root().has_error()
        };
        for code in [
            "const a = <li class=\"x\" data-x={y}>{z}</li>;",
            "const a = <Collapse in={open}>\n  <label\n    for='x' if={y} /></Collapse>;",
            "const a = <p><var>{n}</var> <track default /><track default></track></p>;",
            "const a = '<p class=\"x\">'; class B {} for (const k in b) { this.x = k; }",
            "export default /> x/.test(y);",
        ] {
            assert!(fine(code), "{code}");
        }
        // Wherever the pieces of a long text end.
        let long = "<b class=\"x\" in={y}></b>".repeat(400);
        for more in 0..40 {
            assert!(fine(&format!("const a = <p>{}{long}</p>;", "y".repeat(more))), "{more}");
        }
    }

    #[test]
    fn an_edit_inside_of_such_a_name_is_seen() {
        let language = sidenote_grammars::by_path("a.js").expect("JavaScript");
        let mut text = Text::new("const a = <li class=\"x\">{z}</li>;");
        let mut tree = SyntaxTree::parse(language, &text).expect("parsed");
        // To `clas`, back, and to another value.
        for (from, to, new) in [(18, 19, ""), (18, 18, "s"), (20, 23, "{x}")] {
            let edit = text.replace(from, to, new).expect("an edit");
            tree.edit(&edit);
            tree = tree.reparse(&text, Edit::from(&edit)).expect("parsed").0;
            assert!(!tree.root().has_error(), "{text}");
        }
    }
}
