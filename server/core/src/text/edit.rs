//! Edits: replacing a byte range, in place, with tree-sitter's view of the change.

use tree_sitter::{InputEdit, Point};

use super::Text;

/// A replacement of the bytes `start..old_end` by text that ends at `new_end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edit {
    /// First byte that changed.
    pub start: usize,
    /// End of the replaced text, in the old text.
    pub old_end: usize,
    /// End of the new text, in the new text.
    pub new_end: usize,
}

/// Why an edit was refused; the text is as it was before.
#[derive(thiserror::Error, Debug, PartialEq, Eq)]
pub enum TextError {
    /// The range does not lie on character boundaries inside the text.
    #[error("the edit's range {start}..{end} does not lie on character boundaries of a text of {len} bytes")]
    Range {
        /// Start of the range in bytes.
        start: usize,
        /// End of the range in bytes.
        end: usize,
        /// Length of the text in bytes.
        len: usize,
    },
}

impl Text {
    /// Replaces the bytes `start..end` by `replacement` and returns the edit in tree-sitter's terms.
    pub fn replace(&mut self, start: usize, end: usize, replacement: &str) -> Result<InputEdit, TextError> {
        let refuse = |len| TextError::Range { start, end, len };
        let len = self.len();
        if start > end || end > len {
            return Err(refuse(len));
        }
        let chars = (self.rope.try_byte_to_char(start), self.rope.try_byte_to_char(end));
        let (Ok(first), Ok(last)) = chars else { return Err(refuse(len)) };
        if self.rope.try_char_to_byte(first).ok() != Some(start) || self.rope.try_char_to_byte(last).ok() != Some(end) {
            return Err(refuse(len));
        }
        let start_position = self.point(start);
        let old_end_position = self.point(end);
        self.rope.try_remove(first..last).map_err(|_| refuse(len))?;
        self.rope.try_insert(first, replacement).map_err(|_| refuse(len))?;
        let new_end = start + replacement.len();
        Ok(InputEdit {
            start_byte: start,
            old_end_byte: end,
            new_end_byte: new_end,
            start_position,
            old_end_position,
            new_end_position: self.point(new_end),
        })
    }

    /// The point of an offset. tree-sitter's own rows end at `\n` alone while the rope's lines also end at a lone
    /// `\r`, so the two differ in texts with old Mac line ends. Nothing here reads tree-sitter's points, and the
    /// scanners of our grammars do not depend on them; monotonic points are all that its edit logic needs.
    pub(crate) fn point(&self, offset: usize) -> Point {
        let line = self.line_of(offset);
        Point { row: line, column: offset - self.line_start(line) }
    }
}
