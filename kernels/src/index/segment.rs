use crate::Rows;
use crate::index::Key;
use crate::line::{Code, Line, lines_for};

/// Rows in a segment: what one write under a snapshot copies.
pub(crate) const SEGMENT: usize = 4096;

/// Up to [`SEGMENT`] rows.
#[derive(Clone, Default)]
pub(crate) struct Segment {
    lines: Lines,
    pub(crate) inv_norms: Vec<f32>,
    pub(crate) sums: Vec<i32>,
    pub(crate) keys: Vec<Key>,
}

#[derive(Clone)]
pub(crate) enum Lines {
    Owned(Vec<Line>),
    #[cfg(feature = "persist")]
    Mapped(super::file::MappedLines),
}

impl Default for Lines {
    fn default() -> Lines {
        Lines::Owned(Vec::new())
    }
}

impl Lines {
    fn get(&self) -> &[Line] {
        match self {
            Lines::Owned(lines) => lines,
            #[cfg(feature = "persist")]
            Lines::Mapped(lines) => lines.get(),
        }
    }

    /// The lines as memory of our own, copied out of the file if they lie there.
    fn to_mut(&mut self) -> &mut Vec<Line> {
        #[cfg(feature = "persist")]
        if let Lines::Mapped(lines) = self {
            *self = Lines::Owned(lines.get().to_vec());
        }
        match self {
            Lines::Owned(lines) => lines,
            #[cfg(feature = "persist")]
            Lines::Mapped(_) => unreachable!("just copied"),
        }
    }
}

impl Segment {
    /// The four parts agree in length.
    #[cfg(feature = "persist")]
    pub(crate) fn mapped(
        lines: super::file::MappedLines,
        inv_norms: Vec<f32>,
        sums: Vec<i32>,
        keys: Vec<Key>,
    ) -> Segment {
        Segment { lines: Lines::Mapped(lines), inv_norms, sums, keys }
    }

    pub(crate) fn rows(&self, dim: usize) -> Rows<'_> {
        Rows { dim, lines: self.lines.get(), inv_norms: &self.inv_norms, sums: &self.sums }
    }

    pub(crate) fn row(&self, at: usize, lines: usize) -> &[Line] {
        &self.lines.get()[at * lines..(at + 1) * lines]
    }

    pub(crate) fn push(&mut self, code: &Code, key: Key) {
        self.lines.to_mut().extend_from_slice(&code.lines);
        self.inv_norms.push(code.inv_norm);
        self.sums.push(code.sum);
        self.keys.push(key);
        if self.keys.len() == SEGMENT {
            self.lines.to_mut().shrink_to_fit();
            self.inv_norms.shrink_to_fit();
            self.sums.shrink_to_fit();
            self.keys.shrink_to_fit();
        }
    }

    pub(crate) fn set(&mut self, at: usize, code: &Code, key: Key) {
        let n = lines_for(code.dim);
        self.lines.to_mut()[at * n..(at + 1) * n].copy_from_slice(&code.lines);
        self.inv_norms[at] = code.inv_norm;
        self.sums[at] = code.sum;
        self.keys[at] = key;
    }

    /// Drops the last row, of `lines` lines.
    pub(crate) fn pop(&mut self, lines: usize) {
        let left = self.keys.len() - 1;
        self.lines.to_mut().truncate(left * lines);
        self.inv_norms.truncate(left);
        self.sums.truncate(left);
        self.keys.truncate(left);
    }

    pub(crate) fn memory(&self) -> usize {
        let lines = match &self.lines {
            Lines::Owned(lines) => lines.capacity(),
            #[cfg(feature = "persist")]
            Lines::Mapped(lines) => lines.get().len(),
        };
        lines * 64 + self.inv_norms.capacity() * 4 + self.sums.capacity() * 4 + self.keys.capacity() * 16
    }
}
