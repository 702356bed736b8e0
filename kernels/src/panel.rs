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
    reach: Reach,
}

/// What turns a row's threshold into a least dot product that no query of the panel can hit below.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// `1 / largest scale`, for thresholds above 0; infinite when there is no query.
    inv_largest: f32,
    /// `1 / smallest scale`, for the others.
    inv_smallest: f32,
    /// Every scale is positive and finite; otherwise nothing can be told from the dot product alone.
    known: bool,
}

/// Larger than any dot product (127 * 127 * MAX_DIM = 5.3e8), and the difference of the two fits an `i32`.
const BEYOND: f32 = (1 << 30) as f32;

impl Reach {
    fn of(scales: &[f32]) -> Reach {
        let (mut largest, mut smallest, mut known) = (0.0f32, f32::INFINITY, true);
        for &s in scales.iter().filter(|s| !s.is_nan()) {
            largest = largest.max(s);
            smallest = smallest.min(s);
            known &= s > 0.0 && s < f32::INFINITY;
        }
        Reach { inv_largest: 1.0 / largest, inv_smallest: 1.0 / smallest, known }
    }

    /// A dot product below this misses `threshold` with every query of the panel; the rounding of the test itself is
    /// allowed for. Out of reach for NaN.
    #[inline(always)]
    pub(crate) fn bound(self, threshold: f32) -> i32 {
        let b = threshold * if threshold > 0.0 { self.inv_largest } else { self.inv_smallest };
        let b = b - b.abs() * 1e-6 - 1.0;
        // A NaN threshold admits nothing. So does none at all, whose product with infinity is NaN too.
        let b = if b < BEYOND { b } else { BEYOND };
        let b = if b > -BEYOND { b } else { -BEYOND };
        let b = if self.known { b } else { -BEYOND };
        // SAFETY: within -2^30..=2^30, and no NaN. A cast that could saturate would keep the loop over the rows from being vectorised.
        unsafe { b.to_int_unchecked() }
    }
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
        let reach = Reach::of(&padded);
        Ok(Panel { dim: rows.dim, len: rows.len(), groups, scales: padded, reach })
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
        PanelRef { lines: lines_for(self.dim), groups: &self.groups, scales: &self.scales, reach: self.reach }
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
    pub(crate) reach: Reach,
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
