//! The algorithms, once. Every function here is `#[inline(always)]` and is called only by the shells in `isa/`.
//!
//! # The panel product
//! ```text
//! for each block of MR rows            (stays in L1)
//!   for each LANES * NV queries of the panel
//!     acc[MR][NV] = -bias * sum(row) - bound(row)
//!                                      (undoes the bias: sum (p + b) r = sum p r + b sum r)
//!     for each step of 4 codes         (one line of 16 queries x 4 codes)
//!       acc[r][v] += dot4(panel[v], broadcast(row[r]))
//!     unless every acc < 0:            (one AND an accumulator; `bound` is what no query of the panel hits below)
//!       hit where (acc + bound) * scale[query] >= threshold[row]
//! ```
//! No score is written to memory unless it is a hit. `acc` fits an `i32`: the biased product is at most
//! 255 * 127 * MAX_DIM = 1.07e9 < 2^31.

// Register tiles are indexed on purpose: fixed bounds unroll, and the arrays then live in registers.
#![allow(clippy::needless_range_loop)]

use crate::line::{LINE, Line};
use crate::panel::PanelRef;
use crate::simd::Simd;
use crate::{PanelHit, Rows};

/// Rows that `scan` computes side by side: enough to hide the multiply's latency.
const SCAN_ROWS: usize = 4;
/// How far ahead of the scan of signs a line is asked for. A page and more, because the hardware stops at page ends.
const AHEAD: usize = 96;

#[inline(always)]
pub(crate) fn dot<S: Simd>(s: S, a: &[Line], b: &[Line]) -> i32 {
    let mut acc = s.splat(0);
    let mut bias = 0;
    for (a, b) in a.iter().zip(b) {
        acc = s.dot_line(acc, &s.query(a), b);
        if S::SCAN_BIAS != 0 {
            bias += a.0.iter().map(|&c| i32::from(c)).sum::<i32>();
        }
    }
    s.hsum(acc) - S::SCAN_BIAS * bias
}

/// Dot products of a query with each row of `rows`, and whether any `dot * scale >= threshold`.
#[inline(always)]
pub(crate) fn scan<S: Simd>(
    s: S,
    query: &[Line],
    query_sum: i32,
    rows: &[Line],
    scales: &[f32],
    threshold: f32,
    out: &mut [i32],
) -> bool {
    let n = query.len();
    let mut prepared: Vec<S::Q> = Vec::with_capacity(n);
    for line in query {
        prepared.push(s.query(line));
    }
    let q = &prepared[..n];
    let offset = S::SCAN_BIAS * query_sum;
    let mut blocks = out.chunks_exact_mut(SCAN_ROWS);
    let mut at = 0;
    for block in &mut blocks {
        let lines = &rows[at..at + SCAN_ROWS * n];
        let (r0, rest) = lines.split_at(n);
        let (r1, rest) = rest.split_at(n);
        let (r2, r3) = rest.split_at(n);
        let r3 = &r3[..n];
        let mut acc = [s.splat(0); SCAN_ROWS];
        if S::ROW_BY_ROW {
            for (r, row) in [r0, r1, r2, r3].into_iter().enumerate() {
                for i in 0..n {
                    s.prefetch(rows, at + r * n + i + S::SCAN_AHEAD);
                    acc[r] = s.dot_line(acc[r], &q[i], &row[i]);
                }
            }
        } else {
            for i in 0..n {
                for r in 0..SCAN_ROWS {
                    s.prefetch(rows, at + r * n + i + S::SCAN_AHEAD);
                }
                acc[0] = s.dot_line(acc[0], &q[i], &r0[i]);
                acc[1] = s.dot_line(acc[1], &q[i], &r1[i]);
                acc[2] = s.dot_line(acc[2], &q[i], &r2[i]);
                acc[3] = s.dot_line(acc[3], &q[i], &r3[i]);
            }
        }
        for r in 0..SCAN_ROWS {
            block[r] = s.hsum(acc[r]) - offset;
        }
        at += SCAN_ROWS * n;
    }
    for dot in blocks.into_remainder() {
        let mut acc = s.splat(0);
        for (q, line) in q.iter().zip(&rows[at..at + n]) {
            acc = s.dot_line(acc, q, line);
        }
        *dot = s.hsum(acc) - offset;
        at += n;
    }
    let mut any = false;
    for (&dot, &scale) in out.iter().zip(scales) {
        any |= dot as f32 * scale >= threshold;
    }
    any
}

/// One register tile: `MR` rows by `NV` vectors of queries, `U` steps written out (address arithmetic would take turns
/// from the multiply's ports). `U` divides 16.
#[inline(always)]
fn tile<S: Simd, const MR: usize, const NV: usize, const U: usize>(
    s: S,
    columns: [&[Line]; NV],
    parts: [usize; NV],
    words: &[S::Word],
    start: &[i32],
) -> [[S::I; NV]; MR] {
    let steps = columns[0].len() / U;
    let mut cols = [&columns[0].as_chunks::<U>().0[..steps]; NV];
    for v in 1..NV {
        cols[v] = &columns[v].as_chunks().0[..steps];
    }
    let mut rows = [&words.as_chunks::<U>().0[..steps]; MR];
    for r in 1..MR {
        rows[r] = &words.as_chunks().0[r * steps..(r + 1) * steps];
    }
    let mut acc = [[s.splat(0); NV]; MR];
    for r in 0..MR {
        acc[r] = [s.splat(start[r]); NV];
    }
    for i in 0..steps {
        for j in 0..U {
            let mut p = [s.panel(&cols[0][i][j], parts[0]); NV];
            for v in 1..NV {
                p[v] = s.panel(&cols[v][i][j], parts[v]);
            }
            for r in 0..MR {
                let row = s.bcast(&rows[r][i][j]);
                for v in 0..NV {
                    acc[r][v] = s.dp(acc[r][v], p[v], row);
                }
            }
        }
    }
    acc
}

/// `NV` vectors of queries from vector `first` on, against `MR` rows.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
pub(crate) fn tile_hits<S: Simd, const MR: usize, const NV: usize, const U: usize>(
    s: S,
    panel: PanelRef<'_>,
    first: usize,
    words: &[S::Word],
    start: &[i32],
    bounds: &[i32],
    thresholds: &[f32],
    row: usize,
    out: &mut Vec<PanelHit>,
) {
    let per_line = 16 / S::LANES;
    let mut columns = [panel.steps(first / per_line); NV];
    let mut parts = [first % per_line; NV];
    for v in 1..NV {
        columns[v] = panel.steps((first + v) / per_line);
        parts[v] = (first + v) % per_line;
    }
    let acc = tile::<S, MR, NV, U>(s, columns, parts, words, start);
    let mut all = acc[0][0];
    for r in 0..MR {
        for v in 0..NV {
            all = s.and(all, acc[r][v]);
        }
    }
    if s.all_negative(all) {
        return;
    }
    // Copied in a loop that unrolls: were `acc` itself indexed below, it would live in memory all along.
    let mut sums = [[[0i32; 16]; NV]; MR];
    for r in 0..MR {
        for v in 0..NV {
            s.store(acc[r][v], &mut sums[r][v]);
        }
    }
    for v in 0..NV {
        let scale = s.fload(&panel.scales[(first + v) * S::LANES..]);
        for r in 0..MR {
            let dots = s.add(s.load(&sums[r][v]), s.splat(bounds[r]));
            let mut mask = s.ge(dots, scale, s.fsplat(thresholds[r]));
            while mask != 0 {
                let lane = mask.trailing_zeros() as usize & 15;
                mask &= mask - 1;
                let query = ((first + v) * S::LANES + lane) as u32;
                out.push(PanelHit { query, row: (row + r) as u32, dot: sums[r][v][lane] + bounds[r] });
            }
        }
    }
}

/// Appends the hits, ordered by row block.
#[inline(always)]
pub(crate) fn panel_gt<S: Simd, const MR: usize, const NV: usize, const U: usize>(
    s: S,
    panel: PanelRef<'_>,
    rows: Rows<'_>,
    thresholds: &[f32],
    out: &mut Vec<PanelHit>,
) {
    let n = panel.lines;
    let vectors = panel.groups() * (16 / S::LANES);
    let steps = n * (LINE / 4);
    let mut scratch: Vec<S::Word> = Vec::new();
    let (bounds, starts) = starts(panel, rows, thresholds, S::PANEL_BIAS);
    let mut row = 0;
    while row + MR <= rows.len() {
        let words = s.words(&rows.lines[row * n..(row + MR) * n], &mut scratch);
        let (start, bound, thr) = (&starts[row..row + MR], &bounds[row..row + MR], &thresholds[row..row + MR]);
        let mut v = 0;
        while v + NV <= vectors {
            tile_hits::<S, MR, NV, U>(s, panel, v, words, start, bound, thr, row, out);
            v += NV;
        }
        while v < vectors {
            tile_hits::<S, MR, 1, U>(s, panel, v, words, start, bound, thr, row, out);
            v += 1;
        }
        row += MR;
    }
    if row < rows.len() {
        let left = rows.len() - row;
        let words = s.words(&rows.lines[row * n..(row + left) * n], &mut scratch);
        for r in 0..left {
            let (start, bound, thr) = (&starts[row + r..], &bounds[row + r..], &thresholds[row + r..]);
            for v in 0..vectors {
                tile_hits::<S, 1, 1, U>(s, panel, v, &words[r * steps..], start, bound, thr, row + r, out);
            }
        }
    }
}

/// For each row, the bound below which no query of the panel hits, and what its accumulators start from.
#[inline(always)]
pub(crate) fn starts(panel: PanelRef<'_>, rows: Rows<'_>, thresholds: &[f32], bias: i32) -> (Vec<i32>, Vec<i32>) {
    let n = rows.len();
    let (mut bounds, mut starts) = (vec![0; n], vec![0; n]);
    let (thresholds, sums) = (&thresholds[..n], &rows.sums[..n]);
    // Two plain loops, which are vectorised: row by row, with a cast that may saturate, this took some 5 % of a panel's time on AVX-512.
    for i in 0..n {
        bounds[i] = panel.reach.bound(thresholds[i]);
    }
    for i in 0..n {
        // Wraps, and unwraps again when the products are added.
        starts[i] = (-bias).wrapping_mul(sums[i]).wrapping_sub(bounds[i]);
    }
    (bounds, starts)
}

/// `out[r][c] = sum over k of a[r][k] * b[k][c]`; `b` and `out` have `m` columns, a multiple of 16.
///
/// Fused on some ISAs and not on others: for bounds that carry their own slack.
#[inline(always)]
pub(crate) fn matmul<S: Simd>(s: S, a: &[f32], k: usize, b: &[f32], m: usize, out: &mut [f32]) {
    const R: usize = 4;
    let mut rows = a.chunks_exact(R * k);
    let mut outs = out.chunks_exact_mut(R * m);
    for (a, out) in (&mut rows).zip(&mut outs) {
        matmul_rows::<S, R>(s, a, k, b, m, out);
    }
    for (a, out) in rows.remainder().chunks_exact(k).zip(outs.into_remainder().chunks_exact_mut(m)) {
        matmul_rows::<S, 1>(s, a, k, b, m, out);
    }
}

#[inline(always)]
fn matmul_rows<S: Simd, const R: usize>(s: S, a: &[f32], k: usize, b: &[f32], m: usize, out: &mut [f32]) {
    let mut c = 0;
    while c + 2 * S::LANES <= m {
        let mut acc = [[s.fsplat(0.0); 2]; R];
        for i in 0..k {
            let line = &b[i * m + c..i * m + c + 2 * S::LANES];
            let b0 = s.fload(line);
            let b1 = s.fload(&line[S::LANES..]);
            for r in 0..R {
                let x = s.fsplat(a[r * k + i]);
                acc[r][0] = s.fma(x, b0, acc[r][0]);
                acc[r][1] = s.fma(x, b1, acc[r][1]);
            }
        }
        for r in 0..R {
            s.fstore(acc[r][0], &mut out[r * m + c..]);
            s.fstore(acc[r][1], &mut out[r * m + c + S::LANES..]);
        }
        c += 2 * S::LANES;
    }
    while c < m {
        for r in 0..R {
            let mut acc = s.fsplat(0.0);
            for i in 0..k {
                acc = s.fma(s.fsplat(a[r * k + i]), s.fload(&b[i * m + c..]), acc);
            }
            s.fstore(acc, &mut out[r * m + c..]);
        }
        c += S::LANES;
    }
}

/// Distances of `query` to the rows of one group of eight (see [`crate::Signs`]), for every group.
///
/// A group is `query.len()` lines; line `w` holds word `w` of its eight rows, so that no lane is ever summed across.
#[inline(always)]
pub(crate) fn hamming<S: Simd>(s: S, query: &[u64], groups: &[Line], max: u32, out: &mut Vec<(u32, u32)>) {
    let n = query.len();
    let parts = 16 / S::LANES;
    for (g, group) in groups.chunks_exact(n).enumerate() {
        let mut distances = [0u64; 8];
        for part in 0..parts {
            let mut acc = s.uzero();
            for (w, line) in group.iter().enumerate() {
                if part == 0 {
                    s.prefetch(groups, g * n + w + AHEAD);
                }
                acc = s.xor_pop(acc, line, part, query[w]);
            }
            s.ustore(acc, &mut distances[part * (S::LANES / 2)..]);
        }
        let mut any = false;
        for &d in &distances {
            any |= d <= u64::from(max);
        }
        if any {
            for (i, &d) in distances.iter().enumerate() {
                if d <= u64::from(max) {
                    out.push(((g * 8 + i) as u32, d as u32));
                }
            }
        }
    }
}

/// Ids between two flushes of the 16-bit sums: 256 * 127 = 32,512 < 2^15.
const FLUSH: usize = 256;
/// How many rows ahead of the sums a row is asked for.
const GATHER_AHEAD: usize = 8;

/// Adds the rows `ids` of `table` to `acc`, `64 * lines` long. Every id is below `table.len() / lines`.
#[inline(always)]
pub(crate) fn pool_gather<S: Simd>(s: S, table: &[Line], lines: usize, ids: &[u32], acc: &mut [i32]) {
    for ids in ids.chunks(FLUSH) {
        let bag = Bag::of(ids);
        let mut at = 0;
        while at < lines {
            // Twelve sums fit the registers of 32 and spare two walks over the ids.
            if S::LANES == 16 && at + 6 <= lines {
                gather_lines::<S, 6>(s, table, lines, at, &bag, acc);
                at += 6;
            } else if at + 2 <= lines {
                gather_lines::<S, 2>(s, table, lines, at, &bag, acc);
                at += 2;
            } else {
                gather_lines::<S, 1>(s, table, lines, at, &bag, acc);
                at += 1;
            }
        }
    }
}

/// Ids with how often each occurs. Code says `(`, `.` and its own names again and again: more than half of the rows need not be read.
struct Bag {
    /// First those that occur once, then the others.
    ids: [u32; FLUSH],
    counts: [i16; FLUSH],
    once: usize,
    all: usize,
}

impl Bag {
    /// Of at most [`FLUSH`] ids.
    #[inline(always)]
    fn of(ids: &[u32]) -> Bag {
        /// Twice as many as there are ids, so that a free one is near.
        const SLOTS: usize = 2 * FLUSH;
        const FREE: u32 = u32::MAX;
        let (mut held, mut counts) = ([FREE; SLOTS], [0i16; SLOTS]);
        let (mut filled, mut all) = ([0u16; FLUSH], 0);
        for &id in ids {
            let mut slot = (id.wrapping_mul(0x9e37_79b9) >> 23) as usize % SLOTS;
            // Whether it is there already nobody foresees; that it finds its slot at once, nearly always.
            while (held[slot] != id) & (held[slot] != FREE) {
                slot = (slot + 1) % SLOTS;
            }
            filled[all % FLUSH] = slot as u16;
            all += usize::from(counts[slot] == 0);
            held[slot] = id;
            counts[slot] += 1;
        }
        let mut bag = Bag { ids: [0; FLUSH], counts: [0; FLUSH], once: 0, all };
        let mut last = all;
        for &slot in &filled[..all] {
            let slot = slot as usize % SLOTS;
            let is_once = counts[slot] == 1;
            // To the front or to the back, without a branch.
            last -= usize::from(!is_once);
            let to = if is_once { bag.once } else { last };
            (bag.ids[to], bag.counts[to]) = (held[slot], counts[slot]);
            bag.once += usize::from(is_once);
        }
        bag
    }
}

#[inline(always)]
fn gather_lines<S: Simd, const N: usize>(s: S, table: &[Line], lines: usize, at: usize, bag: &Bag, acc: &mut [i32]) {
    // Eight parts a line at 128 bits, two at 512.
    let parts = 32 / S::LANES;
    let ids = &bag.ids[..bag.all];
    let ahead = |i: usize| {
        // The rows lie anywhere in a table larger than the caches.
        let next = ids[(i + GATHER_AHEAD).min(ids.len() - 1)] as usize;
        for line in 0..lines {
            s.prefetch(table, next * lines + line);
        }
    };
    let row = |id: u32| &table[id as usize * lines + at..id as usize * lines + at + N];
    let mut part = 0;
    while part < parts {
        let is_first = at == 0 && part == 0;
        let mut sums = [[s.wzero(); 2]; N];
        for i in 0..bag.once {
            if is_first {
                ahead(i);
            }
            let row = row(ids[i]);
            for i in 0..N {
                sums[i][0] = s.wadd(sums[i][0], &row[i], part);
                sums[i][1] = s.wadd(sums[i][1], &row[i], part + 1);
            }
        }
        for i in bag.once..bag.all {
            if is_first {
                ahead(i);
            }
            let (row, count) = (row(ids[i]), s.wsplat(bag.counts[i]));
            for i in 0..N {
                sums[i][0] = s.wmul_add(sums[i][0], &row[i], part, count);
                sums[i][1] = s.wmul_add(sums[i][1], &row[i], part + 1, count);
            }
        }
        for i in 0..N {
            let start = (at + i) * LINE + part * 2 * S::LANES;
            s.wflush(sums[i][0], &mut acc[start..]);
            s.wflush(sums[i][1], &mut acc[start + 2 * S::LANES..]);
        }
        part += 2;
    }
}

/// Adds `rows` (`[n, dim]`) to `acc` (`dim` long), row by row: the same rounding on every ISA.
#[inline(always)]
pub(crate) fn pool_dense(rows: &[f32], acc: &mut [f32]) {
    const LANES: usize = 16;
    let dim = acc.len();
    for row in rows.chunks_exact(dim) {
        let mut a = acc.chunks_exact_mut(LANES);
        let mut r = row.chunks_exact(LANES);
        for (a, r) in (&mut a).zip(&mut r) {
            for i in 0..LANES {
                a[i] += r[i];
            }
        }
        for (a, r) in a.into_remainder().iter_mut().zip(r.remainder()) {
            *a += r;
        }
    }
}

/// `x -= mean`; the largest magnitude, and whether all is finite.
#[inline(always)]
pub(crate) fn centre(x: &mut [f32], mean: &[f32]) -> (f32, bool) {
    const LANES: usize = 16;
    // A maximum does not depend on the order: sixteen do not wait for each other. What is not finite is NaN when it is multiplied
    // by zero.
    let (mut maxima, mut nothing) = ([0.0f32; LANES], [0.0f32; LANES]);
    let (whole, rest) = x.as_chunks_mut::<LANES>();
    let (means, mean_rest) = mean.as_chunks::<LANES>();
    for (x, mean) in whole.iter_mut().zip(means) {
        for i in 0..LANES {
            let y = x[i] - mean[i];
            x[i] = y;
            nothing[i] += y * 0.0;
            maxima[i] = if y.abs() > maxima[i] { y.abs() } else { maxima[i] };
        }
    }
    for (i, (x, &mean)) in rest.iter_mut().zip(mean_rest).enumerate() {
        *x -= mean;
        nothing[i] += *x * 0.0;
        maxima[i] = maxima[i].max(x.abs());
    }
    (maxima.into_iter().fold(0.0, f32::max), nothing.into_iter().all(|n| n == 0.0))
}

/// 1.5 * 2^23: adding and taking it away rounds any |x| < 2^22 to the nearest integer, ties to even.
const ROUND: f32 = 12_582_912.0;

/// Codes of `x * scale`, every one within -127..=127; the sum of squares and the sum.
#[inline(always)]
pub(crate) fn quantise(x: &[f32], pre: f32, scale: f32, out: &mut [Line]) -> (i64, i32) {
    let (mut square, mut sum) = (0i64, 0i32);
    for (line, x) in out.iter_mut().zip(x.chunks(LINE)) {
        let mut codes = [0i32; LINE];
        for (c, &x) in codes.iter_mut().zip(x) {
            let y = (x * pre) * scale;
            let y = if y > 127.0 { 127.0 } else { y };
            let y = if y < -127.0 { -127.0 } else { y };
            let rounded = y + ROUND;
            // The low mantissa bits of the sum are the integer itself.
            *c = (rounded.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
        }
        let (mut sq, mut s) = (0i32, 0i32);
        for i in 0..LINE {
            sq += codes[i] * codes[i];
            s += codes[i];
            line.0[i] = codes[i] as i8;
        }
        square += i64::from(sq);
        sum += s;
    }
    (square, sum)
}
