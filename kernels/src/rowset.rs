use crate::line::{Line, Rows, lines_for};

/// Rows that lie in several runs, all but the last of one length.
#[derive(Clone)]
pub(crate) struct RowSet<'a> {
    dim: usize,
    run: usize,
    len: usize,
    runs: Vec<Rows<'a>>,
}

impl<'a> RowSet<'a> {
    pub(crate) fn one(rows: Rows<'a>) -> RowSet<'a> {
        RowSet { dim: rows.dim, run: rows.len().max(1), len: rows.len(), runs: vec![rows] }
    }

    /// Every run but the last is `run` rows long.
    pub(crate) fn many(dim: usize, run: usize, runs: Vec<Rows<'a>>) -> RowSet<'a> {
        let len = runs.iter().map(Rows::len).sum();
        debug_assert!(runs.iter().rev().skip(1).all(|r| r.len() == run));
        RowSet { dim, run, len, runs }
    }

    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn runs(&self) -> &[Rows<'a>] {
        &self.runs
    }

    pub(crate) fn row(&self, i: u32) -> &'a [Line] {
        let (run, at) = (i as usize / self.run, i as usize % self.run);
        let n = lines_for(self.dim);
        &self.runs[run].lines[at * n..(at + 1) * n]
    }

    pub(crate) fn inv_norm(&self, i: u32) -> f32 {
        self.runs[i as usize / self.run].inv_norms[i as usize % self.run]
    }

    pub(crate) fn sum(&self, i: u32) -> i32 {
        self.runs[i as usize / self.run].sums[i as usize % self.run]
    }

    /// The row as floats of norm 1, or zeros.
    pub(crate) fn unit_into(&self, i: u32, out: &mut [f32]) {
        let inv = self.inv_norm(i);
        for (line, out) in self.row(i).iter().zip(out.chunks_mut(64)) {
            for (&c, x) in line.0.iter().zip(out) {
                *x = f32::from(c) * inv;
            }
        }
    }
}
