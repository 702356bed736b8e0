//! The functions of a document as search and likeness see them: a name, what is said above it, its text.

use std::ops::Range;
use std::sync::Arc;

use crate::blocks::{BlockId, BlockKind};
use crate::document::Document;
use crate::duplicates::{Shape, head, is_conversion};
use crate::engine::{is_for_tests, test_children};
use crate::grammars::{Field, Kind};

/// Functions shorter than this, in bytes, say nothing by themselves.
const LEAST: usize = 40;
/// Lines above a function in which its comment is looked for.
const MOST_COMMENT: usize = 40;

/// Names a function's text: the same text has the same key, wherever it stands.
pub type Key = [u8; 16];

/// A function of a document.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its block.
    pub block: BlockId,
    /// Its bytes in the file.
    pub range: Range<usize>,
    /// The bytes of its name, or of its first line.
    pub head: Range<usize>,
    /// The names around it and its own, `Class.method`; empty for one without.
    pub symbol: String,
    /// The comment above it, without its marks.
    pub comment: String,
    /// Its text.
    pub text: String,
    /// What it looks like beside others.
    pub shape: Option<Arc<Shape>>,
    /// Whether its form is its own: it tests nothing, implements no trait and is no conversion.
    pub is_free: bool,
}

impl Function {
    /// What a search looks into, and what a model reads: its name, what is said of it and what it does. What comes first weighs
    /// most with a model.
    pub fn searched(&self) -> String {
        let name = self.symbol.rsplit('.').next().unwrap_or_default();
        if self.comment.is_empty() {
            format!("{name}\n{}", self.text)
        } else {
            format!("{name}\n{}\n{}", self.comment, self.text)
        }
    }

    /// Its first line.
    pub fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default().trim()
    }
}

/// The key of a text.
pub fn key(text: &str) -> Key {
    let mut key = [0; 16];
    key.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
    key
}

/// The functions of a document that are worth finding, in the order of the text.
pub fn functions(document: &Document) -> Vec<Function> {
    let text = document.text().to_string();
    let tests = is_for_tests(document);
    let mut found = Vec::new();
    // Of the blocks around the one at hand: the name, what it marks as tests, how many children were met, whether all is bound.
    let mut around: Vec<(Option<String>, Vec<usize>, usize, bool)> = Vec::new();
    for placed in document.blocks().iter() {
        around.truncate(placed.depth);
        let bound = around.last_mut().is_some_and(|(_, tests, met, bound)| {
            *met += 1;
            *bound || tests.binary_search(&(*met - 1)).is_ok()
        });
        let root = placed.block.arena().root();
        let bound = bound || root.kind() == Kind::ImplItem && root.child(Field::Trait).is_some();
        around.push((placed.block.name().map(str::to_owned), test_children(placed.block.arena()), 0, bound));
        let range = placed.start..placed.start + placed.block.len();
        if placed.block.kind() != BlockKind::Function || range.len() < LEAST {
            continue;
        }
        let Some(own) = text.get(range.clone()) else { continue };
        let mut symbol: Vec<&str> = around.iter().filter_map(|a| a.0.as_deref()).collect();
        symbol.extend(placed.block.name().is_none().then(|| bound_name(&text[..range.start])).flatten());
        found.push(Function {
            block: placed.block.id(),
            head: placed.range(head(placed)),
            symbol: symbol.join("."),
            comment: comment_above(&text[..range.start]),
            text: own.to_owned(),
            shape: placed.block.shape(),
            is_free: !tests && !bound && !is_conversion(placed.block),
            range,
        });
    }
    found
}

/// The name of `const name = () => ..`, from what stands before the arrow.
fn bound_name(before: &str) -> Option<&str> {
    let line = before.rsplit('\n').next()?;
    let name = line.split('=').next()?.split(':').next()?.trim().rsplit(' ').next()?;
    let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    (!name.is_empty() && name.chars().all(fits)).then_some(name)
}

/// The comment that ends right above, without its marks; attributes and decorators may stand between.
fn comment_above(before: &str) -> String {
    let mut lines = Vec::new();
    let mut rest = before.rsplit('\n');
    // What stands on the function's own line before it: `export const f = `.
    rest.next();
    for line in rest.take(MOST_COMMENT) {
        let line = line.trim();
        if line.starts_with("#[") || line.starts_with('@') {
            continue;
        }
        let is_comment = line.starts_with("//") || line.starts_with('*') || line.starts_with("/*");
        if !is_comment {
            break;
        }
        lines.push(line.trim_start_matches(['/', '*', '!', ' ']).trim_end_matches(['/', '*', ' ']).to_owned());
        if line.starts_with("/*") {
            break;
        }
    }
    lines.reverse();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_above() {
        assert_eq!(
            comment_above("let a;\n\n/// Parses a date.\n/// In UTC.\n#[inline]\npub "),
            "Parses a date.\nIn UTC."
        );
        assert_eq!(
            comment_above("/**\n * Parses.\n * @param a text\n */\nexport const f = "),
            "Parses.\n@param a text"
        );
        assert_eq!(comment_above("f();\n\n"), "");
        assert_eq!(comment_above(""), "");
    }

    #[test]
    fn functions_have_names_and_know_whether_they_are_free() {
        let code = "impl A {\n    /// Adds both and says so.\n    fn add(&self, other: u32) -> u32 { self.n + other }\n}\n\
            impl Debug for A {\n    fn fmt_it(&self, f: &mut F) -> R { f.write(self.n); f.end() }\n}\n\
            #[cfg(test)]\nmod tests {\n    fn helper() { prepare_everything_that_is_needed(); }\n}\n";
        let language = crate::grammars::by_path("a.rs").expect("a language");
        let found = functions(&Document::new("a.rs", language, code, 1).expect("parsed"));
        let told: Vec<_> = found.iter().map(|f| (f.symbol.as_str(), f.is_free)).collect();
        assert_eq!(told, [("A.add", true), ("A.fmt_it", false), ("tests.helper", false)]);
        assert_eq!((found[0].comment.as_str(), &code[found[0].head.clone()]), ("Adds both and says so.", "add"));
        let code = "export const parseDay = async (text) => {\n  const parts = text.split('-');\n  if (parts.length !== 3) {\n    \
            throw new RangeError(text);\n  }\n  const zone = await zones.load(parts);\n  return new Day(parts, zone);\n};\n";
        let language = crate::grammars::by_path("a.ts").expect("a language");
        let found = functions(&Document::new("a.ts", language, code, 1).expect("parsed"));
        assert_eq!(found.iter().map(|f| f.symbol.as_str()).collect::<Vec<_>>(), ["parseDay"]);
    }
}
