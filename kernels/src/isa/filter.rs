//! AVX2's panel product: a cheaper one that bounds the dot product from above, and the exact one where the bound is not enough.
//!
//! AVX2 multiplies bytes only into sums of 16 bits, which two products of whole codes nearly fill; so the exact product widens every code
//! first, and needs eight instructions for what takes five if the codes' last bits are left out.
//!
//! With `c = 2 h + b` for a query's code and `r = 2 k + e` for a row's, the bits `b` and `e` being 1/2 on average and never further from it
//! than 1/2:
//! ```text
//! sum c r = sum (2h + 1/2)(2k + 1/2)  +  sum (2h + 1/2)(e - 1/2)  +  sum (b - 1/2) r
//!        <= 4 sum h k + sum h + sum k + d/4  +  sqrt(d)/2 (|2h + 1/2| + |r|)                    (Cauchy-Schwarz)
//! ```
//! A tile all of whose bounds miss is done with; any other is computed again, exactly, so the hits are those of the exact product.

use super::x86::Avx2;
use super::{Table, avx2};
use crate::generic;
use crate::line::{LINE, Line, as_words};
use crate::panel::PanelRef;
use crate::simd::Simd;
use crate::{Isa, PanelHit, Rows};

/// Rows in a tile.
const MR: usize = 8;
/// Fewer rows than this are not worth a look at the panel.
const LEAST: usize = 64;
/// Tiles after which the filter is judged, and the share of them that it must spare.
const TRIAL: usize = 64;
const SPARED: usize = 2;

/// What bounds need of the panel: the largest over its queries.
struct Queries {
    halves: Vec<Line>,
    /// `sum h`, with rounding up.
    sum: f32,
    /// `|2h + 1/2|`.
    norm: f32,
}

impl Queries {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn of(panel: PanelRef<'_>) -> Queries {
        let s = Avx2::token();
        let (mut sum, mut norm) = (i32::MIN, 0i64);
        let mut halves = Vec::with_capacity(panel.groups() * panel.lines * (LINE / 4));
        for group in 0..panel.groups() {
            let (mut sums, mut squares) = ([0i32; 16], [0i64; 16]);
            for step in panel.steps(group) {
                let mut half = Line::ZERO;
                s.halve_panel(step, &mut half);
                for (query, codes) in half.0.chunks_exact(4).enumerate() {
                    for &code in codes {
                        let h = i32::from(code) - 64;
                        sums[query] += h;
                        // (2h + 1/2)^2, times four.
                        squares[query] += i64::from((4 * h + 1) * (4 * h + 1));
                    }
                }
                halves.push(half);
            }
            sum = sums.into_iter().fold(sum, i32::max);
            norm = squares.into_iter().fold(norm, i64::max);
        }
        Queries { halves, sum: sum as f32, norm: (norm as f32 / 4.0).sqrt() }
    }
}

/// Appends the hits, ordered by row block: as [`generic::panel_gt`] does.
#[target_feature(enable = "avx2,fma")]
fn panel_gt(panel: PanelRef<'_>, rows: Rows<'_>, thresholds: &[f32], out: &mut Vec<PanelHit>) {
    if rows.len() < LEAST {
        return avx2::panel_gt(panel, rows, thresholds, out);
    }
    let s = Avx2::token();
    let n = panel.lines;
    let steps = n * (LINE / 4);
    let vectors = panel.groups() * 2;
    let queries = Queries::of(panel);
    let (bounds, starts) = generic::starts(panel, rows, thresholds, Avx2::PANEL_BIAS);
    let mut halves = vec![Line::ZERO; MR * n];
    let mut scratch: Vec<<Avx2 as Simd>::Word> = Vec::new();
    let (mut tried, mut failed) = (0, 0);
    let dim = rows.dim as f32;
    let slack = queries.sum + dim / 4.0 + dim.sqrt() / 2.0 * queries.norm;
    let whole = rows.len() / MR * MR;
    for row in (0..whole).step_by(MR) {
        let lines = &rows.lines[row * n..(row + MR) * n];
        let filters = tried < TRIAL || failed * SPARED < tried;
        let mut least = [0i32; MR];
        if filters {
            for r in 0..MR {
                let halved = s.halve_row(&lines[r * n..(r + 1) * n], &mut halves[r * n..(r + 1) * n]);
                let sum = (rows.sums[row + r] - halved.odd) / 2;
                let slack = slack + sum as f32 + dim.sqrt() / 2.0 * (halved.square as f32).sqrt();
                // The panel's halves are raised by 64. Floats round by far less than what is added here.
                let slack = (slack + slack.abs() * 1e-5) as i64 + 2;
                let bound = i64::from(bounds[row + r]) - slack + 256 * i64::from(sum);
                least[r] = i32::try_from(-bound.div_euclid(4)).unwrap_or(i32::MAX / 2);
            }
        }
        let mut widened = false;
        for v in 0..vectors {
            if filters {
                tried += 1;
                if misses(s, &queries.halves[v / 2 * steps..][..steps], v % 2, as_words(&halves), &least) {
                    continue;
                }
                failed += 1;
            }
            if !std::mem::replace(&mut widened, true) {
                s.words(lines, &mut scratch);
            }
            let words = &scratch[..MR * steps];
            let at = row..row + MR;
            let (start, bound, threshold) = (&starts[at.clone()], &bounds[at.clone()], &thresholds[at]);
            generic::tile_hits::<Avx2, MR, 1, 4>(s, panel, v, words, start, bound, threshold, row, out);
        }
    }
    if whole < rows.len() {
        let before = out.len();
        avx2::panel_gt(panel, rows.slice(whole..rows.len()), &thresholds[whole..], out);
        for hit in &mut out[before..] {
            hit.row += whole as u32;
        }
    }
}

/// Whether no row of the tile can hit any of eight queries.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn misses(s: Avx2, column: &[Line], part: usize, words: &[[i8; 4]], least: &[i32; MR]) -> bool {
    let steps = column.len() / 4;
    let column = &column.as_chunks::<4>().0[..steps];
    let mut rows = [&words.as_chunks::<4>().0[..steps]; MR];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = &words.as_chunks::<4>().0[r * steps..(r + 1) * steps];
    }
    let mut acc = least.map(|l| s.splat(l));
    for i in 0..steps {
        for j in [0, 2] {
            let p = [s.halves(&column[i][j], part), s.halves(&column[i][j + 1], part)];
            for (acc, row) in acc.iter_mut().zip(&rows) {
                *acc = s.dp_halves(*acc, p, [&row[i][j], &row[i][j + 1]]);
            }
        }
    }
    let all = acc.into_iter().reduce(|a, b| s.and(a, b));
    all.is_some_and(|all| s.all_negative(all))
}

pub(crate) static TABLE: Table = Table { isa: Isa::Avx2, panel_gt, ..avx2::TABLE };
