use crate::Error;
use crate::line::{Code, LINE, Line, Rows, check_dim};

/// The sign bits of a corpus: one bit a code, set where the code is negative.
///
/// Rows go in groups of eight: line `w` of a group holds the 64-bit word `w` of its eight rows, so a kernel counts
/// eight rows side by side and never sums across lanes. 48 bytes a row at 384 dimensions, with no padding but in the
/// last group.
#[derive(Clone, Debug)]
pub struct Signs {
    dim: usize,
    len: usize,
    groups: Vec<Line>,
}

impl Signs {
    /// No rows of `dim` bits.
    ///
    /// # Errors
    /// [`Error::Dimension`] unless `1 <= dim <= MAX_DIM`.
    pub fn new(dim: usize) -> Result<Signs, Error> {
        check_dim(dim)?;
        Ok(Signs { dim, len: 0, groups: Vec::new() })
    }

    /// The signs of every row.
    ///
    /// # Errors
    /// As for [`Signs::push`].
    pub fn of_rows(rows: Rows<'_>) -> Result<Signs, Error> {
        let mut signs = Signs::new(rows.dim)?;
        let n = crate::line::lines_for(rows.dim);
        for row in rows.lines.chunks_exact(n) {
            signs.push_words(&words(row))?;
        }
        Ok(signs)
    }

    /// Appends the signs of `code`.
    ///
    /// # Errors
    /// [`Error::Dimension`] for another dimension, [`Error::Overflow`] past `u32::MAX` rows.
    pub fn push(&mut self, code: &Code) -> Result<(), Error> {
        if code.dim != self.dim {
            return Err(Error::Dimension { expected: self.dim, found: code.dim });
        }
        self.push_words(&words(&code.lines))
    }

    fn push_words(&mut self, words: &[u64]) -> Result<(), Error> {
        let limit = u32::MAX as usize;
        if self.len >= limit {
            return Err(Error::Overflow { what: "rows", found: self.len + 1, limit });
        }
        let n = self.dim.div_ceil(64);
        let slot = self.len % 8 * 8;
        if slot == 0 {
            self.groups.resize(self.groups.len() + n, Line::ZERO);
        }
        let start = self.len / 8 * n;
        for (line, word) in self.groups[start..start + n].iter_mut().zip(words) {
            for (to, byte) in line.0[slot..slot + 8].iter_mut().zip(word.to_le_bytes()) {
                *to = byte as i8;
            }
        }
        self.len += 1;
        Ok(())
    }

    /// Bits a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn groups(&self) -> &[Line] {
        &self.groups
    }

    pub(crate) fn of(code: &Code) -> Vec<u64> {
        words(&code.lines)
    }
}

/// A word a line; a padding code is 0, so its bit is 0 on both sides.
fn words(row: &[Line]) -> Vec<u64> {
    const { assert!(LINE == 64) };
    row.iter().map(|line| line.0.iter().enumerate().fold(0, |w, (i, &c)| w | u64::from(c < 0) << i)).collect()
}
