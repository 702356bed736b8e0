//! Parsing: tree-sitter under a deadline, incrementally.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::Duration;

use sidenote_grammars::Language;
use tree_sitter::{InputEdit, ParseOptions, Parser, Tree};

use super::attributes;
use crate::system::Deadline;
use crate::text::{Edit, Text};

/// Processor time that a parse may take before it is given up; a parse of 5 MB takes about 0.4 s.
pub const PARSE_LIMIT: Duration = Duration::from_secs(5);

/// Steps that a parse may take, whatever the machine: so many, and one more for so many bytes. The parser tells of its progress once
/// for a hundred of its own operations; code takes one for 170 bytes, the most hostile text that is known one for 17.
const LEAST_STEPS: usize = 20_000;
const BYTES_A_STEP: usize = 8;

/// Why there is no tree.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum ParseError {
    /// The deadline passed.
    #[error("parsing took longer than {} s and was given up", PARSE_LIMIT.as_secs())]
    Deadline,
    /// It took too many steps for its length.
    #[error("parsing was given up: the text is too hard to make sense of")]
    TooHard,
    /// The grammar does not fit the parser library.
    #[error("the grammar of {0} cannot be loaded")]
    Grammar(&'static str),
}

thread_local! {
    // One parser a thread: making one costs more than parsing a small file.
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// tree-sitter's tree of one text.
#[derive(Clone)]
pub struct SyntaxTree {
    language: &'static Language,
    tree: Tree,
}

impl SyntaxTree {
    /// Parses a string.
    pub fn parse_str(language: &'static Language, text: &str) -> Result<SyntaxTree, ParseError> {
        let bytes = text.as_bytes();
        let around = |from: usize, to: usize| bytes.get(from..to.min(bytes.len())).unwrap_or(&[]).to_vec();
        let mut source = |at: usize, _| attributes::shown(language, bytes.get(at..).unwrap_or(&[]), at, around);
        parse(language, &mut source, None, &[], most(bytes.len()))
    }

    /// Parses a text from scratch.
    pub fn parse(language: &'static Language, text: &Text) -> Result<SyntaxTree, ParseError> {
        parse(language, &mut source(language, text), None, &[], most(text.len()))
    }

    /// Parses a part of a text as if it were a file; positions are those of the text. `old` is the tree of the part before edits that it
    /// was told of.
    pub(crate) fn parse_part(
        language: &'static Language,
        text: &Text,
        part: std::ops::Range<usize>,
        old: Option<&SyntaxTree>,
    ) -> Result<SyntaxTree, ParseError> {
        let range = tree_sitter::Range {
            start_byte: part.start,
            end_byte: part.end,
            start_point: text.point(part.start),
            end_point: text.point(part.end),
        };
        let old = old.map(|old| &old.tree);
        parse(language, &mut source(language, text), old, &[range], most(text.len()))
    }

    /// Tells the tree of an edit that was made in the text; [`SyntaxTree::reparse`] must follow.
    pub fn edit(&mut self, edit: &InputEdit) {
        self.tree.edit(edit);
    }

    /// Parses the edited text again and returns the new tree with the range that may have changed: `edit` widened to
    /// every range in which the syntax differs.
    pub fn reparse(&self, text: &Text, edit: Edit) -> Result<(SyntaxTree, Edit), ParseError> {
        let new = parse(self.language, &mut source(self.language, text), Some(&self.tree), &[], most(text.len()))?;
        let dirty = self.difference(&new, text, edit);
        Ok((new, dirty))
    }

    /// `edit`, of which this tree was told, widened to every range in which the syntax of the new text's tree differs.
    pub(crate) fn difference(&self, new: &SyntaxTree, text: &Text, edit: Edit) -> Edit {
        self.tree
            .changed_ranges(&new.tree)
            .fold(edit, |dirty, range| dirty.widen(range.start_byte, range.end_byte.min(text.len())))
    }

    /// The language.
    pub fn language(&self) -> &'static Language {
        self.language
    }

    /// The root node.
    pub(crate) fn root(&self) -> tree_sitter::Node<'_> {
        self.tree.root_node()
    }

    /// tree-sitter's tree, for queries.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }
}

impl Edit {
    /// Widens the edit so that it covers `start..end` of the new text.
    pub fn widen(self, start: usize, end: usize) -> Edit {
        let mut edit = self;
        edit.start = edit.start.min(start);
        if end > edit.new_end {
            edit.old_end += end - edit.new_end;
            edit.new_end = end;
        }
        edit
    }

    /// One edit that covers this one and a later one, whose `start` and `old_end` lie in the text after this one.
    pub fn then(self, later: Edit) -> Edit {
        let mut edit = self.widen(later.start, later.old_end);
        edit.new_end = edit.new_end - later.old_end + later.new_end;
        edit
    }
}

impl From<&InputEdit> for Edit {
    fn from(e: &InputEdit) -> Edit {
        Edit { start: e.start_byte, old_end: e.old_end_byte, new_end: e.new_end_byte }
    }
}

/// Steps that a parse of so many bytes may take.
fn most(length: usize) -> usize {
    LEAST_STEPS + length / BYTES_A_STEP
}

/// What the parser is given of a text, from one byte on.
fn source<'t>(language: &'static Language, text: &'t Text) -> impl FnMut(usize, tree_sitter::Point) -> &'t [u8] {
    move |at, _| {
        let around = |from: usize, to: usize| text.slice(from, to).into_bytes();
        attributes::shown(language, text.chunk(at).as_bytes(), at, around)
    }
}

fn parse<'t>(
    language: &'static Language,
    source: &mut impl FnMut(usize, tree_sitter::Point) -> &'t [u8],
    old: Option<&Tree>,
    parts: &[tree_sitter::Range],
    most: usize,
) -> Result<SyntaxTree, ParseError> {
    PARSER.with_borrow_mut(|parser| {
        parser.set_language(language.grammar()).map_err(|_| ParseError::Grammar(language.name))?;
        // None means all of it. They are ascending and disjoint, for there is at most one.
        let _ = parser.set_included_ranges(parts);
        let deadline = Deadline::after(PARSE_LIMIT);
        let (mut steps, mut given_up) = (0usize, None);
        let mut progress = |_: &tree_sitter::ParseState| {
            steps += 1;
            if steps > most {
                given_up = Some(ParseError::TooHard);
            } else if steps.is_multiple_of(64) && deadline.passed() {
                // The clock is read every 64th time: this runs often.
                given_up = Some(ParseError::Deadline);
            }
            if given_up.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let tree = parser.parse_with_options(source, old, Some(options));
        tree.map(|tree| SyntaxTree { language, tree }).ok_or_else(|| {
            parser.reset();
            given_up.unwrap_or(ParseError::Deadline)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_hard_is_given_up_and_the_next_text_is_parsed() {
        let language = sidenote_grammars::by_path("a.ts").expect("TypeScript");
        let text = "a<b".repeat(5000);
        let of =
            |most| parse(language, &mut |at, _| text.as_bytes().get(at..).unwrap_or(&[]), None, &[], most).map(drop);
        // The same number of steps, however often and wherever.
        let needed = (0..).map(|n| n * 10).find(|n| of(*n).is_ok()).expect("some");
        assert!((200..3_000).contains(&needed), "{needed}");
        assert_eq!((of(needed - 10), of(needed)), (Err(ParseError::TooHard), Ok(())));
        assert!(needed * 4 < most(text.len()));
        assert!(SyntaxTree::parse_str(language, "let a = 1;").is_ok());
    }
}
