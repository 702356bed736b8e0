//! A document: one file's text, syntax and blocks at one version.

use std::sync::Arc;

use sidenote_grammars::Language;

use crate::blocks::Blocks;
use crate::syntax::{ParseError, SyntaxTree};
use crate::text::{Edit, Encoding, LineColumn, Text, TextError};

/// One version of a file. Cheap to clone: a clone is a snapshot.
#[derive(Clone)]
pub struct Document {
    path: Arc<str>,
    version: i32,
    text: Text,
    tree: SyntaxTree,
    blocks: Blocks,
}

/// A change as an editor sends it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The replaced range, in the text after the changes before this one; `None` replaces everything.
    pub range: Option<(LineColumn, LineColumn)>,
    /// The new text.
    pub text: String,
}

/// Why a document could not be opened or changed; it stays as it was.
#[derive(thiserror::Error, Debug)]
pub enum DocumentError {
    /// No tree.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// An edit outside of the text.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl Document {
    /// Opens a text. `path` is relative to the workspace, with `/`.
    pub fn new(path: &str, language: &'static Language, text: &str, version: i32) -> Result<Document, DocumentError> {
        let tree = SyntaxTree::parse_str(language, text)?;
        let blocks = Blocks::of_str(&tree, text);
        Ok(Document { path: path.into(), version, text: Text::new(text), tree, blocks })
    }

    /// Applies the changes of one notification, one after another, and parses once. Ranges with an end before their
    /// start are read the other way round.
    pub fn change(&mut self, changes: &[Change], encoding: Encoding, version: i32) -> Result<(), DocumentError> {
        let mut text = self.text.clone();
        let mut tree = self.tree.clone();
        let mut edit: Option<Edit> = None;
        let mut whole = false;
        for change in changes {
            let Some((a, b)) = change.range else {
                text = Text::new(&change.text);
                (whole, edit) = (true, None);
                continue;
            };
            let (a, b) = (text.offset(a, encoding), text.offset(b, encoding));
            let input = text.replace(a.min(b), a.max(b), &change.text)?;
            if !whole {
                tree.edit(&input);
                let next = Edit::from(&input);
                edit = Some(edit.map_or(next, |e| e.then(next)));
            }
        }
        if whole {
            self.tree = SyntaxTree::parse(tree.language(), &text)?;
            self.blocks = Blocks::of_text(&self.tree, &text);
        } else if let Some(edit) = edit {
            let (tree, dirty) = tree.reparse(&text, edit)?;
            self.blocks.update(&tree, &text, dirty);
            self.tree = tree;
        }
        self.text = text;
        self.version = version;
        Ok(())
    }

    /// Parses from scratch. tree-sitter's incremental trees of broken code may differ from fresh ones; an editor calls
    /// this when idle. Returns whether anything differed.
    pub fn refresh(&mut self) -> Result<bool, DocumentError> {
        let tree = SyntaxTree::parse(self.tree.language(), &self.text)?;
        let blocks = Blocks::of_text(&tree, &self.text);
        let differs = !self.blocks.same_shape(&blocks);
        if differs {
            self.blocks = blocks;
        }
        self.tree = tree;
        Ok(differs)
    }

    /// Forgets everything that was computed for its blocks, as a new configuration demands.
    pub fn reset(&mut self) {
        self.blocks = Blocks::of_text(&self.tree, &self.text);
    }

    /// Path relative to the workspace.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Version, as the editor counts.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Language.
    pub fn language(&self) -> &'static Language {
        self.tree.language()
    }

    /// Text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Blocks.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// tree-sitter's tree.
    pub fn tree(&self) -> &SyntaxTree {
        &self.tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidenote_grammars::by_name;

    #[test]
    fn changes_of_one_notification_apply_one_after_another() {
        let mut document =
            Document::new("a.ts", by_name("typescript").expect("ts"), "let a = 1;\nlet b = 2;\n", 1).expect("open");
        let at = |line, column| LineColumn { line, column };
        let changes = [
            Change { range: Some((at(0, 4), at(0, 5))), text: "😀x".into() },
            Change { range: Some((at(0, 6), at(0, 7))), text: "y".into() },
            Change { range: Some((at(1, 4), at(1, 5))), text: "c".into() },
        ];
        document.change(&changes, Encoding::Utf16, 2).expect("change");
        assert_eq!(document.text().to_string(), "let 😀y = 1;\nlet c = 2;\n");
        assert_eq!(document.version(), 2);
        document.change(&[Change { range: None, text: "x".into() }], Encoding::Utf16, 3).expect("change");
        assert_eq!(document.text().to_string(), "x");
        assert!(!document.refresh().expect("refresh"));
    }
}
