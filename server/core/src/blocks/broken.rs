//! Whether an edit leaves a broken text broken, told by its characters.
//!
//! To make sense of a syntax error costs the parser several times what a parse without one does, and whoever types a statement
//! goes through dozens of broken states. In most of them nothing new can be learned: a name gets one letter more, or a bracket is
//! still open.

use sidenote_grammars::{Family, Kind, Language};

use super::{Block, Edit};
use crate::syntax::{Span, SyntaxTree};
use crate::text::Text;

/// A stretch of text longer than this, in bytes, is not looked through.
const MAX_LOOK: usize = 400;

/// What is known of a text with a syntax error.
#[derive(Clone)]
pub(super) struct Broken {
    /// All that was edited since all was well.
    pub since: Edit,
    /// What that took out of the text; `None` where it is long.
    removed: Option<String>,
    /// Whether it lies where brackets are brackets, not in a comment, a string or a template.
    in_code: bool,
    /// The tree of when all was well, told of the edits.
    pub good: Option<SyntaxTree>,
}

impl Broken {
    /// After an edit of a text, `before`, in which all was well as far as is known. `block` is the one around, and starts at `start`.
    pub(super) fn first(
        edit: Edit,
        before: &Text,
        (block, start): (&Block, usize),
        good: Option<SyntaxTree>,
    ) -> Broken {
        let removed = slice(before, edit.start, edit.old_end);
        let in_code = good.is_some() && is_code(before, block, start, edit.start);
        Broken { since: edit, removed, in_code, good }
    }

    /// After another edit.
    pub(super) fn then(self, edit: Edit, before: &Text, (block, start): (&Block, usize)) -> Broken {
        let since = self.since.then(edit);
        let (left, right) = (
            slice(before, edit.start, self.since.start.max(edit.start)),
            slice(before, self.since.new_end.min(edit.old_end), edit.old_end),
        );
        let removed = left.zip(self.removed).zip(right).map(|((left, removed), right)| left + &removed + &right);
        let in_code = self.in_code && (since.start == self.since.start || is_code(before, block, start, since.start));
        Broken { since, removed: removed.filter(|r| r.len() <= MAX_LOOK), in_code, good: self.good }
    }

    /// Whether there are brackets without partners: all had theirs, and more or fewer were put in than taken out.
    pub(super) fn is_unbalanced(&self, language: &Language, text: &Text) -> bool {
        let (true, Some(removed)) = (self.in_code, &self.removed) else { return false };
        let Some(added) = slice(text, self.since.start, self.since.new_end) else { return false };
        let is_bracket = |c| matches!(c, '(' | ')' | '[' | ']' | '{' | '}');
        if !added.contains(is_bracket) && !removed.contains(is_bracket) {
            return false;
        }
        match (brackets(language, &added), brackets(language, removed)) {
            (Some(Brackets::Mismatched), Some(_)) => true,
            (Some(Brackets::Left(added)), Some(Brackets::Left(removed))) => added != removed,
            _ => false,
        }
    }
}

fn slice(text: &Text, start: usize, end: usize) -> Option<String> {
    (end.saturating_sub(start) <= MAX_LOOK).then(|| text.slice(start, end))
}

/// Whether both texts have the same kinds of tokens, as far as the characters around an edit tell: a name or a number became another
/// one, or a blank came to blanks.
pub(super) fn has_same_tokens(language: &Language, before: &Text, after: &Text, edit: Edit) -> bool {
    let (removed, added) = (edit.old_end - edit.start, edit.new_end - edit.start);
    if removed > MAX_LOOK || added > MAX_LOOK {
        return false;
    }
    let around =
        (edit.start.saturating_sub(MAX_LOOK)..edit.start, edit.new_end..(edit.new_end + MAX_LOOK).min(after.len()));
    let (removed, added) = (before.slice(edit.start, edit.old_end), after.slice(edit.start, edit.new_end));
    let (left, right) = (after.slice(around.0.start, around.0.end), after.slice(around.1.start, around.1.end));
    let (previous, next) = (left.chars().next_back(), right.chars().next());
    let is_blank = |c: char| matches!(c, ' ' | '\t');
    if removed.chars().chain(added.chars()).all(is_blank) {
        let is_space = |c: Option<char>| c.is_some_and(|c| is_blank(c) || c == '\n');
        return previous != Some('\\') && (is_space(previous) || is_space(next));
    }
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    if !removed.chars().chain(added.chars()).all(in_word) {
        return false;
    }
    let head = left.trim_end_matches(in_word);
    let tail = right.trim_start_matches(in_word);
    // What stands before or after may make something else of it: an escape, a prefix of a string, a private name, a part of a number.
    let is_plain = |c: char| {
        c.is_ascii_whitespace()
            || matches!(
                c,
                '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '=' | ':' | '<' | '>' | '+' | '-' | '|' | '?'
            )
    };
    let before_it = head.chars().next_back();
    let plain = before_it.is_none_or(|c| is_plain(c) || c == '.')
        && tail.chars().next().is_none_or(|c| is_plain(c) || c == '.');
    if !plain || head.is_empty() || tail.is_empty() {
        return false;
    }
    let (start, end) = (&left[head.len()..], &right[..right.len() - tail.len()]);
    let (old, new) = (format!("{start}{removed}{end}"), format!("{start}{added}{end}"));
    if before_it != Some('.') && !tail.starts_with('.') && is_number(&old) && is_number(&new) {
        return true;
    }
    is_name(language, &old) && is_name(language, &new)
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && !word.starts_with('0') && word.bytes().all(|b| b.is_ascii_digit())
}

fn is_name(language: &Language, word: &str) -> bool {
    let first = word.chars().next();
    // The scanner of semicolons that are not written looks at the letters of `in`.
    first.is_some_and(|c| !c.is_ascii_digit()) && !word.starts_with("in") && !language.is_keyword(word)
}

/// What the brackets of a stretch of code come to.
#[derive(PartialEq, Eq, Debug)]
enum Brackets {
    /// One is closed by another kind.
    Mismatched,
    /// So many more of each kind are opened than closed.
    Left([i32; 3]),
}

/// The brackets of a stretch of code. `None` where it takes a parser to tell.
fn brackets(language: &Language, text: &str) -> Option<Brackets> {
    let kind = |c: char| "([{".find(c).or_else(|| ")]}".find(c)).unwrap_or(0);
    // Of templates the backtick is among them.
    let mut open: Vec<char> = Vec::new();
    let mut left = [0; 3];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if open.last() == Some(&'`') {
            match c {
                '`' => drop(open.pop()),
                '\\' => drop(chars.next()),
                '$' if chars.as_str().starts_with('{') => {
                    chars.next();
                    open.push('{');
                    left[kind('{')] += 1;
                }
                _ => {}
            }
            continue;
        }
        match c {
            '(' | '[' | '{' => {
                open.push(c);
                left[kind(c)] += 1;
            }
            ')' | ']' | '}' => {
                left[kind(c)] -= 1;
                if open.pop().is_some_and(|bracket| bracket == '`' || kind(bracket) != kind(c)) {
                    return Some(Brackets::Mismatched);
                }
            }
            '`' if language.family == Family::Ecma => open.push(c),
            '"' | '\'' => {
                let is_lifetime = c == '\'' && language.family == Family::Rust;
                if is_lifetime || !skip_string(&mut chars, c) {
                    return None;
                }
            }
            // A comment or a pattern; a raw string; an element of JSX.
            '/' | '#' | '<' => return None,
            _ => {}
        }
    }
    (!open.contains(&'`')).then_some(Brackets::Left(left))
}

/// Goes behind the end of a string; false if there is none on its line.
fn skip_string(chars: &mut std::str::Chars<'_>, quote: char) -> bool {
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '\n' => return false,
            c if c == quote => return true,
            _ => {}
        }
    }
    false
}

/// Whether what stands at an offset is code: up to there the text is as it was when all was well.
fn is_code(text: &Text, block: &Block, start: usize, at: usize) -> bool {
    let line = text.line_start(text.line_of(at));
    if at - line > MAX_LOOK {
        return false;
    }
    let line = text.slice(line, at);
    if line.contains(block.arena.language().line_comment) || line.ends_with(['\\', '/', '\'', '"', '`', '#']) {
        return false;
    }
    let (mut block, mut start) = (block, start);
    // Before the first edit nothing has moved since all was well.
    loop {
        let n = block.children.partition_point(|c| start + ((c.at + c.before) as usize) < at).checked_sub(1);
        let Some(n) = n else { break };
        let from = start + block.child_start(n) as usize;
        if at >= from + block.children[n].block.len() {
            break;
        }
        (block, start) = (&block.children[n].block, from);
    }
    let block = block.standing();
    let own = block.to_own((at - start) as u32).0;
    let node = block.arena.root().smallest_at(Span { start: own, end: own });
    for node in std::iter::once(node).chain(node.ancestors()) {
        let is_inside = node.span().start < own && own < node.span().end;
        match node.kind() {
            // A brace may end the code in a template, and make text of what follows.
            Kind::TemplateSubstitution
            | Kind::JsxExpression
            | Kind::String
            | Kind::StringLiteral
            | Kind::RawStringLiteral
            | Kind::CharLiteral
            | Kind::TemplateString
            | Kind::TemplateLiteralType
            | Kind::Regex
            | Kind::Comment
            | Kind::LineComment
            | Kind::BlockComment
            | Kind::HtmlComment
            | Kind::JsxText
            | Kind::JsxElement
            | Kind::JsxOpeningElement
            | Kind::JsxClosingElement
            | Kind::JsxSelfClosingElement
                if is_inside =>
            {
                return false;
            }
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidenote_grammars::by_name;

    #[test]
    fn brackets_without_partners_are_told() {
        let of = |name: &str, text: &str| brackets(by_name(name).expect("language"), text);
        let ts = |text: &str| of("typescript", text);
        for (text, left) in [
            ("", [0; 3]),
            ("f([])", [0; 3]),
            ("f(", [1, 0, 0]),
            ("x)", [-1, 0, 0]),
            (")(", [0; 3]),
            ("[1, 2", [0, 1, 0]),
            ("f(`${a}(`", [1, 0, 0]),
            ("if (a) {", [0, 0, 1]),
            ("f(')', \"\\\"(\", [", [1, 1, 0]),
        ] {
            assert_eq!(ts(text), Some(Brackets::Left(left)), "{text}");
        }
        assert_eq!(ts("(]"), Some(Brackets::Mismatched));
        for text in ["'(", "`(", "`${(", "(/", "<a>(", "// ("] {
            assert_eq!(ts(text), None, "{text}");
        }
        assert_eq!(of("rust", "f(\"a\", &["), Some(Brackets::Left([1, 1, 0])));
        assert_eq!((of("rust", "f(r#\""), of("rust", "<'a")), (None, None));
    }

    #[test]
    fn names_and_numbers_that_grow_are_the_same_tokens() {
        let same = |name: &str, before: &str, at: usize, removed: usize, added: &str| {
            let old = Text::new(before);
            let mut new = old.clone();
            let edit = new.replace(at, at + removed, added).expect("edit");
            has_same_tokens(by_name(name).expect("language"), &old, &new, Edit::from(&edit))
        };
        let ts = |before: &str, at: usize, removed: usize, added: &str| same("typescript", before, at, removed, added);
        assert!(ts("a(comp b", 6, 0, "u"));
        assert!(ts("a(compu b", 6, 1, ""));
        assert!(ts("a([1, 2, b", 6, 0, "3"));
        assert!(ts("a( b", 3, 0, " "));
        assert!(ts("a(\n", 2, 0, "  "));
        // Keywords, and what may become part of one.
        assert!(!ts("a(cons b", 6, 0, "t"));
        assert!(!ts("a(const b", 6, 1, ""));
        assert!(!ts("a(i b", 3, 0, "n"));
        // Nothing became something.
        assert!(!ts("a( b", 2, 0, "c"));
        assert!(!ts("a(c b", 2, 1, ""));
        assert!(!ts("a(1 b", 2, 1, "x"));
        // Two words, strings, escapes and numbers that are more than digits.
        assert!(!ts("a(cd b", 3, 0, " "));
        assert!(!ts("a('\\x4 b", 5, 0, "1"));
        assert!(!ts("a(0x b", 4, 0, "f"));
        assert!(!ts("a(1.2 b", 5, 0, "e"));
        assert!(!ts("a(\u{e9}b c", 5, 0, "d"));
        assert!(!same("rust", "f(r\"a", 3, 0, "b"));
        assert!(!same("rust", "f(&'a b", 5, 0, "b"));
    }
}
