//! The vector primitives that an instruction set must bring; [`crate::generic`] is written over them once.

use crate::line::Line;

/// A token: holding a value is the proof that the machine has the instructions, so the methods are safe. Each ISA
/// module makes its token only inside a `#[target_feature]` function.
///
/// Every method is `#[inline(always)]`: it must melt into the shell that carries the target features.
pub(crate) trait Simd: Copy {
    /// 32-bit lanes in a vector: 4, 8 or 16.
    const LANES: usize;
    /// What a panel byte is too large by when it enters the product: 128 where the instruction wants unsigned bytes.
    const PANEL_BIAS: i32;
    /// The same for the corpus side of a scan.
    const SCAN_BIAS: i32;
    /// How many lines ahead of its products a scan asks for. Where AVX2 is the widest (Zen 3) 24 lines are best and 96 cost half of the speed;
    /// machines with AVX-512 want 96.
    const SCAN_AHEAD: usize = 96;
    /// Whether a scan reads its lines in the order of memory: an instruction set that spends most of the time on products leaves
    /// the order of four rows at once to wider ones.
    const ROW_BY_ROW: bool = false;

    /// `i32` lanes.
    type I: Copy;
    /// `f32` lanes.
    type F: Copy;
    /// `LANES` panel entries of four bytes, ready to multiply.
    type P: Copy;
    /// Four codes of a row, in every lane.
    type R: Copy;
    /// Four codes of a row as `words` left them in memory.
    type Word: Copy;
    /// A query's line, ready to scan with.
    type Q: Copy;
    /// `LANES / 2` counters of 64 bits.
    type U: Copy;
    /// `2 * LANES` sums of 16 bits.
    type W: Copy;

    fn splat(self, x: i32) -> Self::I;
    /// The first `LANES`.
    fn load(self, x: &[i32; 16]) -> Self::I;
    fn store(self, x: Self::I, out: &mut [i32; 16]);
    fn hsum(self, x: Self::I) -> i32;
    fn add(self, x: Self::I, y: Self::I) -> Self::I;
    fn and(self, x: Self::I, y: Self::I) -> Self::I;
    fn all_negative(self, x: Self::I) -> bool;

    /// Panel lanes `part * LANES..` of one step; `part * LANES < 16`.
    fn panel(self, step: &Line, part: usize) -> Self::P;
    /// The rows' codes in the form that `bcast` reads.
    fn words<'a>(self, rows: &'a [Line], scratch: &'a mut Vec<Self::Word>) -> &'a [Self::Word];
    fn bcast(self, word: &Self::Word) -> Self::R;
    /// `acc + sum of four (panel + PANEL_BIAS) * row`, lane by lane, exact.
    fn dp(self, acc: Self::I, p: Self::P, r: Self::R) -> Self::I;

    fn query(self, line: &Line) -> Self::Q;
    /// `acc + (row + SCAN_BIAS) * query`, in any split over the lanes.
    fn dot_line(self, acc: Self::I, q: &Self::Q, row: &Line) -> Self::I;
    /// A hint that `lines[at]` is wanted soon; `at` may lie past the end.
    fn prefetch(self, lines: &[Line], at: usize);

    fn fsplat(self, x: f32) -> Self::F;
    fn fload(self, x: &[f32]) -> Self::F;
    fn fstore(self, x: Self::F, out: &mut [f32]);
    /// `a * b + c`, fused where the ISA fuses: only for bounds, never for codes or scores.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// Bit `i` is set where `x[i] as f32 * scale[i] >= threshold`; NaN compares false.
    fn ge(self, x: Self::I, scale: Self::F, threshold: Self::F) -> u32;

    fn uzero(self) -> Self::U;
    /// `acc + popcount(words[part..] ^ query)` over 64-bit lanes.
    fn xor_pop(self, acc: Self::U, words: &Line, part: usize, query: u64) -> Self::U;
    fn ustore(self, x: Self::U, out: &mut [u64]);

    fn wzero(self) -> Self::W;
    /// `acc + codes[part..]`, widened to 16 bits.
    fn wadd(self, acc: Self::W, codes: &Line, part: usize) -> Self::W;
    fn wsplat(self, x: i16) -> Self::W;
    /// `acc + codes[part..] * by`, in 16 bits.
    fn wmul_add(self, acc: Self::W, codes: &Line, part: usize, by: Self::W) -> Self::W;
    /// Adds to `out`, `2 * LANES` long.
    fn wflush(self, x: Self::W, out: &mut [i32]);
}
