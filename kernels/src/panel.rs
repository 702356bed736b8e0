use crate::line::{LINE, Line, lines_for};
use crate::{Error, Rows};

/// Queries in a full [`Panel`].
pub const PANEL: usize = 64;

/// Up to [`PANEL`] query rows, packed for the panel product.
///
/// Queries go in groups of 16. A group is one line for each step of four codes: entry `j` of a line holds codes
/// `4i..4i + 4` of its query `j`, each raised by 128 (`code ^ 0x80`), since dot-product instructions take one
/// unsigned side. Kernels take the surplus `128 * sum(row)` off again, so the products are exact. The entries of
/// queries that are not there are zero codes with a scale of NaN, which no threshold admits.
#[derive(Clone, Debug)]
pub struct Panel {
    dim: usize,
    len: usize,
    groups: Vec<Line>,
    scales: Vec<f32>,
}

impl Panel {
    /// Packs `rows`, scored by cosine: a query's scale is its `inv_norm`.
    ///
    /// # Errors
    /// [`Error::Overflow`] for more than [`PANEL`] rows.
    pub fn pack(rows: Rows<'_>) -> Result<Panel, Error> {
        Panel::pack_with(rows, rows.inv_norms)
    }

    /// Packs `rows` with a scale of one's own for each; a scale of zero or NaN never hits.
    ///
    /// # Errors
    /// [`Error::Overflow`] for more than [`PANEL`] rows, [`Error::Dimension`] unless there is a scale a row.
    pub fn pack_with(rows: Rows<'_>, scales: &[f32]) -> Result<Panel, Error> {
        if rows.len() > PANEL {
            return Err(Error::Overflow { what: "panel rows", found: rows.len(), limit: PANEL });
        }
        if scales.len() != rows.len() {
            return Err(Error::Dimension { expected: rows.len(), found: scales.len() });
        }
        let n = lines_for(rows.dim);
        let count = rows.len().div_ceil(16);
        let mut groups = vec![Line([i8::MIN; LINE]); count * n * (LINE / 4)];
        for (q, row) in rows.lines.chunks_exact(n).enumerate() {
            let group = &mut groups[q / 16 * n * (LINE / 4)..][..n * (LINE / 4)];
            let at = q % 16 * 4;
            for (line, steps) in row.iter().zip(group.chunks_exact_mut(LINE / 4)) {
                for (word, step) in line.0.chunks_exact(4).zip(steps) {
                    for (to, &code) in step.0[at..at + 4].iter_mut().zip(word) {
                        *to = code ^ i8::MIN;
                    }
                }
            }
        }
        let mut padded = vec![f32::NAN; count * 16];
        for (to, &scale) in padded.iter_mut().zip(scales) {
            *to = if scale == 0.0 { f32::NAN } else { scale };
        }
        Ok(Panel { dim: rows.dim, len: rows.len(), groups, scales: padded })
    }

    /// Codes a query.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of queries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no query.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn as_ref(&self) -> PanelRef<'_> {
        PanelRef { lines: lines_for(self.dim), groups: &self.groups, scales: &self.scales }
    }
}

/// What the kernels see of a panel.
#[derive(Clone, Copy)]
pub(crate) struct PanelRef<'a> {
    /// Lines a row.
    pub(crate) lines: usize,
    groups: &'a [Line],
    /// 16 a group.
    pub(crate) scales: &'a [f32],
}

impl<'a> PanelRef<'a> {
    pub(crate) fn groups(&self) -> usize {
        self.scales.len() / 16
    }

    /// The lines of one group, one a step.
    #[inline(always)]
    pub(crate) fn steps(&self, group: usize) -> &'a [Line] {
        let n = self.lines * (LINE / 4);
        &self.groups[group * n..(group + 1) * n]
    }
}

/// A pair that a panel product found at or over its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PanelHit {
    /// The query's place in the panel.
    pub query: u32,
    /// The row's place among the rows.
    pub row: u32,
    /// The exact dot product of their codes.
    pub dot: i32,
}
