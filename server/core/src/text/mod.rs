//! Text: a rope with a version, and positions in the encodings of the Language Server Protocol.
//!
//! Inside Sidenote every position is a byte offset. [`LineColumn`] exists only at the edges.

mod edit;

use ropey::Rope;

pub use edit::{Edit, TextError};

/// Largest text that is analysed, in bytes; larger files are reported as skipped.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;

/// How a column counts: the units of `Position.character`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// 16-bit units, the protocol's default.
    #[default]
    Utf16,
    /// Scalar values.
    Utf32,
}

/// A position for people and protocols: zero-based line, zero-based column in units of an [`Encoding`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct LineColumn {
    /// Zero-based line; lines end at `\n`, `\r\n` or `\r`.
    pub line: u32,
    /// Zero-based column.
    pub column: u32,
}

/// An immutable text, cheap to clone.
#[derive(Clone, Debug)]
pub struct Text {
    rope: Rope,
}

impl Text {
    /// A text from a string.
    pub fn new(text: &str) -> Text {
        Text { rope: Rope::from_str(text) }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.rope.len_bytes()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of lines; a text that ends in a line break has an empty last line.
    pub fn lines(&self) -> usize {
        self.rope.len_lines()
    }

    /// The chunk of text that starts at `byte`; empty at or past the end or inside a character.
    pub fn chunk(&self, byte: usize) -> &str {
        if byte >= self.len() {
            return "";
        }
        let (chunk, start, _, _) = self.rope.chunk_at_byte(byte);
        chunk.get(byte - start..).unwrap_or("")
    }

    /// Appends the bytes `start..end` to `out`; positions past the end or inside a character are clamped.
    pub fn append(&self, start: usize, end: usize, out: &mut String) {
        let mut at = start;
        let end = end.min(self.len());
        while at < end {
            let chunk = self.chunk(at);
            if chunk.is_empty() {
                return;
            }
            let mut take = chunk.len().min(end - at);
            while !chunk.is_char_boundary(take) {
                take -= 1;
            }
            if take == 0 {
                return;
            }
            out.push_str(&chunk[..take]);
            at += take;
        }
    }

    /// The bytes `start..end` as a string.
    pub fn slice(&self, start: usize, end: usize) -> String {
        let mut out = String::with_capacity(end.saturating_sub(start));
        self.append(start, end, &mut out);
        out
    }

    /// The byte offset of a position. A line past the end means the end of the text; a column past the end
    /// of its line means the end of that line, before its line break; a column inside a character or a
    /// surrogate pair means that character's start.
    pub fn offset(&self, position: LineColumn, encoding: Encoding) -> usize {
        let line = position.line as usize;
        let Ok(start) = self.rope.try_line_to_byte(line) else { return self.len() };
        let Some(slice) = self.rope.get_line(line) else { return self.len() };
        let (mut units, mut bytes) = (0, 0);
        let wanted = position.column as usize;
        for c in slice.chars() {
            if c == '\n' || c == '\r' {
                break;
            }
            units += match encoding {
                Encoding::Utf8 => c.len_utf8(),
                Encoding::Utf16 => c.len_utf16(),
                Encoding::Utf32 => 1,
            };
            if units > wanted {
                break;
            }
            bytes += c.len_utf8();
        }
        start + bytes
    }

    /// The position of a byte offset; an offset past the end means the end.
    pub fn position(&self, offset: usize, encoding: Encoding) -> LineColumn {
        let offset = offset.min(self.len());
        let (Ok(line), Ok(char)) = (self.rope.try_byte_to_line(offset), self.rope.try_byte_to_char(offset)) else {
            return LineColumn::default();
        };
        let start_char = self.rope.try_line_to_char(line).unwrap_or(0);
        let column = match encoding {
            Encoding::Utf8 => offset - self.rope.try_line_to_byte(line).unwrap_or(0),
            Encoding::Utf32 => char - start_char,
            Encoding::Utf16 => {
                let units = |c| self.rope.try_char_to_utf16_cu(c).unwrap_or(0);
                units(char) - units(start_char)
            }
        };
        LineColumn { line: line as u32, column: column as u32 }
    }

    /// Byte offset at which a line starts; the text's length for a line past the end.
    pub fn line_start(&self, line: usize) -> usize {
        self.rope.try_line_to_byte(line).unwrap_or(self.len())
    }

    /// The line that holds a byte offset.
    pub fn line_of(&self, offset: usize) -> usize {
        self.rope.try_byte_to_line(offset.min(self.len())).unwrap_or(0)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.rope == *other
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rope.chunks().try_for_each(|c| f.write_str(c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unicode_line_separators_do_not_break_lines() {
        assert_eq!(Text::new("a\u{2028}b\u{85}c\u{b}d").lines(), 1);
        assert_eq!(Text::new("a\r\nb\rc\nd").lines(), 4);
    }

    #[test]
    fn columns_count_in_each_encoding() {
        let text = Text::new("é😀x\r\ny");
        for (encoding, column) in [(Encoding::Utf8, 6), (Encoding::Utf16, 3), (Encoding::Utf32, 2)] {
            assert_eq!(text.position(6, encoding), LineColumn { line: 0, column });
            assert_eq!(text.offset(LineColumn { line: 0, column }, encoding), 6);
        }
    }

    #[test]
    fn positions_outside_the_text_are_clamped() {
        let text = Text::new("é😀x\r\ny");
        let at = |line, column| text.offset(LineColumn { line, column }, Encoding::Utf16);
        assert_eq!(at(0, 99), 7, "before the line break");
        assert_eq!(at(0, 2), 2, "inside a surrogate pair");
        assert_eq!(at(1, 99), 10);
        assert_eq!(at(9, 0), 10);
    }

    proptest! {
        #[test]
        fn position_and_offset_are_inverse(s in "[a-c\u{e9}\u{1F600}\r\n]{0,40}") {
            let text = Text::new(&s);
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                for (i, c) in s.char_indices() {
                    if c == '\n' && i > 0 && s.as_bytes()[i - 1] == b'\r' { continue }
                    prop_assert_eq!(text.offset(text.position(i, encoding), encoding), i);
                }
            }
        }

        #[test]
        fn slices_equal_the_string(s in "\\PC{0,60}", a in 0usize..80, b in 0usize..80) {
            let text = Text::new(&s);
            if let Some(expected) = s.get(a.min(s.len())..b.min(s.len())) {
                prop_assert_eq!(text.slice(a, b), expected);
            }
        }
    }
}
