//! All pairs above a threshold, exactly.
//!
//! ```text
//! collapse rows of equal codes into one
//! sketch the rest; for each block of panels, for each run of rows after it:
//!   candidates = panel product of sketches >= tau - error      (no pair is lost: see `sketch`)
//!   keep a candidate if its full dot product says so
//! put the collapsed rows back
//! ```
//! Where sketching does not pay (few rows, low dimension, or a corpus so alike that too many candidates survive), the
//! panel product runs over the full rows. The result is the same set either way, and the same as brute force.

use hashbrown::HashTable;

use crate::line::{Codes, Line, Rows, cosine};
use crate::panel::{PANEL, Panel, PanelHit};
use crate::rowset::RowSet;
use crate::sketch::{Sketcher, error};
use crate::{Error, Kernels};

/// Fewer distinct rows than this are compared in full.
const SKETCH_FROM: usize = 4096;
/// The share of pairs that may survive the sketches before full rows are cheaper.
const SURVIVORS: f64 = 0.004;
/// Panels and rows that are in cache together.
const PANELS: usize = 8;
const RUN: usize = 1024;

/// Two rows and their cosine; `a < b`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The lower row.
    pub a: u32,
    /// The higher row.
    pub b: u32,
    /// The cosine of the codes.
    pub score: f32,
}

pub(crate) fn check_threshold(tau: f32) -> Result<(), Error> {
    if tau > 0.0 && tau <= 1.0 { Ok(()) } else { Err(Error::Threshold(tau)) }
}

impl Kernels {
    /// All pairs of rows with a cosine of at least `tau`, sorted by `(a, b)`: the very set that comparing every pair
    /// yields. Zero vectors are in no pair.
    ///
    /// # Errors
    /// [`Error::Threshold`] unless `0 < tau <= 1`; [`Error::Overflow`] when more than `limit` pairs are found.
    pub fn pairs_above(self, rows: Rows<'_>, tau: f32, limit: usize) -> Result<Vec<Pair>, Error> {
        self.pairs_of(&RowSet::one(rows), tau, limit)
    }

    pub(crate) fn pairs_of(self, rows: &RowSet<'_>, tau: f32, limit: usize) -> Result<Vec<Pair>, Error> {
        check_threshold(tau)?;
        let groups = Groups::of(rows);
        let reps = &groups.reps;
        let mut search = Search { kernels: self, rows, reps, tau, limit, found: Vec::new() };
        let sketched = reps.len() >= SKETCH_FROM && rows.dim() >= Sketcher::MIN_DIM && search.by_sketches()?;
        if !sketched {
            search.found.clear();
            search.in_full()?;
        }
        let found = search.found;
        let mut pairs = Vec::with_capacity(found.len());
        let mut add = |x: u32, y: u32, score: f32| {
            if pairs.len() == limit {
                return Err(Error::Overflow { what: "pairs", found: limit + 1, limit });
            }
            pairs.push(Pair { a: x.min(y), b: x.max(y), score });
            Ok(())
        };
        for (a, b, score) in found {
            for x in groups.members(reps[a as usize]) {
                for y in groups.members(reps[b as usize]) {
                    add(x, y, score)?;
                }
            }
        }
        for &rep in reps {
            if groups.next[rep as usize] == END {
                continue;
            }
            let inv = rows.inv_norm(rep);
            let score = cosine(self.dot_lines(rows.row(rep), rows.row(rep)), inv, inv);
            if score >= tau {
                for x in groups.members(rep) {
                    for y in groups.members(groups.next[x as usize]) {
                        add(x, y, score)?;
                    }
                }
            }
        }
        pairs.sort_unstable_by_key(|p| (p.a, p.b));
        Ok(pairs)
    }
}

const END: u32 = u32::MAX;

/// Rows by equal codes: each group is a list from its first row on.
struct Groups {
    reps: Vec<u32>,
    next: Vec<u32>,
}

impl Groups {
    fn of(rows: &RowSet<'_>) -> Groups {
        let mut groups = Groups { reps: Vec::new(), next: vec![END; rows.len()] };
        // (representative, last member)
        let mut table: HashTable<(u32, u32)> = HashTable::new();
        for i in 0..rows.len() as u32 {
            if rows.inv_norm(i) == 0.0 {
                continue;
            }
            let row = rows.row(i);
            let same = |&(rep, _): &(u32, u32)| rows.row(rep) == row;
            match table.find_mut(hash(row), same) {
                Some((_, last)) => {
                    groups.next[*last as usize] = i;
                    *last = i;
                }
                None => {
                    groups.reps.push(i);
                    table.insert_unique(hash(row), (i, i), |&(rep, _)| hash(rows.row(rep)));
                }
            }
        }
        groups
    }

    /// From `first` on; nothing for [`END`].
    fn members(&self, first: u32) -> impl Iterator<Item = u32> {
        let mut at = first;
        std::iter::from_fn(move || {
            let member = (at != END).then_some(at)?;
            at = self.next[member as usize];
            Some(member)
        })
    }
}

fn hash(row: &[Line]) -> u64 {
    let mut h = 0u64;
    for line in row {
        for word in line.0.chunks_exact(8) {
            let mut x = 0u64;
            for (i, &c) in word.iter().enumerate() {
                x |= u64::from(c as u8) << (8 * i);
            }
            h = (h ^ x).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            h ^= h >> 29;
        }
    }
    h
}

struct Search<'a> {
    kernels: Kernels,
    rows: &'a RowSet<'a>,
    reps: &'a [u32],
    tau: f32,
    limit: usize,
    /// Places in `reps`, first below second, and the score.
    found: Vec<(u32, u32, f32)>,
}

impl Search<'_> {
    /// False when too many candidates survive for it to pay.
    fn by_sketches(&mut self) -> Result<bool, Error> {
        let sketcher = Sketcher::fit_set(self.kernels, self.rows, Some(self.reps))?;
        let n = self.reps.len();
        let mut lines = Vec::with_capacity(n);
        let (mut scales, mut sums, mut errors) = (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
        sketcher.sketch_set(self.rows, self.reps, |sketch| {
            lines.push(sketch.line);
            scales.push(sketch.scale);
            sums.push(sketch.line.0.iter().map(|&c| i32::from(c)).sum());
            errors.push(sketch.err);
        });
        let sketches = Rows { dim: 64, lines: &lines, inv_norms: &scales, sums: &sums };
        let tau = self.tau;
        let thresholds = |queries: std::ops::Range<usize>, rows: std::ops::Range<usize>, out: &mut Vec<f32>| {
            let worst = errors[queries].iter().fold(0.0f32, |m, &e| m.max(e));
            for (&e, &scale) in errors[rows.clone()].iter().zip(&scales[rows]) {
                let t = (tau - error(e, worst)) / scale;
                // Two roundings of the kernel's product.
                out.push(t - t.abs() * 1e-6);
            }
        };
        let (mut candidates, mut pairs) = (0u64, 0u64);
        self.blocks(sketches, thresholds, |search, hits, compared| {
            candidates += hits.len() as u64;
            pairs += compared;
            for &(a, b, _) in hits {
                let (x, y) = (search.reps[a as usize], search.reps[b as usize]);
                search.keep(a, b, search.kernels.dot_lines(search.rows.row(x), search.rows.row(y)))?;
            }
            // Judged once on enough pairs; a cluster in the beginning must not decide alone.
            Ok(pairs < 1 << 22 || (candidates as f64) < SURVIVORS * pairs as f64)
        })
    }

    fn in_full(&mut self) -> Result<(), Error> {
        let n = self.reps.len();
        let mut copy = Codes::new(self.rows.dim())?;
        for &rep in self.reps {
            copy.push_parts(self.rows.row(rep), self.rows.inv_norm(rep), self.rows.sum(rep))?;
        }
        debug_assert_eq!(copy.len(), n);
        let inv: Vec<f32> = copy.as_rows().inv_norms.to_vec();
        let tau = self.tau;
        let thresholds = |_: std::ops::Range<usize>, rows: std::ops::Range<usize>, out: &mut Vec<f32>| {
            // The kernel's product is rounded in another order than `cosine`: leave it room, `keep` decides.
            out.extend(inv[rows].iter().map(|&inv| tau * (1.0 - 1e-6) / inv));
        };
        self.blocks(copy.as_rows(), thresholds, |search, hits, _| {
            for &(a, b, dot) in hits {
                search.keep(a, b, dot)?;
            }
            Ok(true)
        })?;
        Ok(())
    }

    /// Compares all of `rows` with each other, block by block. `each` sees the hits of a block as `(a, b, dot)` with
    /// `a < b`, and the number of pairs compared; it may stop the search, which is then reported as false.
    fn blocks(
        &mut self,
        rows: Rows<'_>,
        thresholds: impl Fn(std::ops::Range<usize>, std::ops::Range<usize>, &mut Vec<f32>),
        mut each: impl FnMut(&mut Self, &[(u32, u32, i32)], u64) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let n = rows.len();
        let (mut hits, mut ordered, mut bounds) = (Vec::<PanelHit>::new(), Vec::new(), Vec::new());
        for block in (0..n).step_by(PANELS * PANEL) {
            let queries = block..n.min(block + PANELS * PANEL);
            let mut panels = Vec::with_capacity(PANELS);
            for start in queries.clone().step_by(PANEL) {
                let end = queries.end.min(start + PANEL);
                panels.push((start, Panel::pack(rows.slice(start..end))?));
            }
            for run in (block..n).step_by(RUN) {
                let run = run..n.min(run + RUN);
                bounds.clear();
                thresholds(queries.clone(), run.clone(), &mut bounds);
                let mut compared = 0;
                ordered.clear();
                for (start, panel) in &panels {
                    // Rows before the panel met it as queries.
                    let from = run.start.max(*start);
                    if from >= run.end {
                        continue;
                    }
                    hits.clear();
                    let part = rows.slice(from..run.end);
                    self.kernels.panel_into(panel, part, &bounds[from - run.start..], &mut hits);
                    compared += (panel.len() * part.len()) as u64;
                    for hit in &hits {
                        let (a, b) = (*start as u32 + hit.query, from as u32 + hit.row);
                        if a < b {
                            ordered.push((a, b, hit.dot));
                        }
                    }
                }
                if !each(self, &ordered, compared)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn keep(&mut self, a: u32, b: u32, dot: i32) -> Result<(), Error> {
        let (x, y) = (self.reps[a as usize], self.reps[b as usize]);
        let score = cosine(dot, self.rows.inv_norm(x), self.rows.inv_norm(y));
        if score >= self.tau {
            if self.found.len() == self.limit {
                return Err(Error::Overflow { what: "pairs", found: self.limit + 1, limit: self.limit });
            }
            self.found.push((a, b, score));
        }
        Ok(())
    }
}
