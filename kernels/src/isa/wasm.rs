//! The vector primitives of WebAssembly's 128-bit SIMD.

use std::arch::wasm32::*;

use crate::line::{LINE, Line};
use crate::simd::Simd;

/// A load from a reference that covers exactly what is read, or a store to one.
macro_rules! mem {
    ($load:ident($from:expr)) => {{
        // SAFETY: the reference is as long as the vector, and the instruction asks no alignment.
        unsafe { $load($from.as_ptr().cast()) }
    }};
    ($store:ident($to:expr, $x:expr)) => {{
        // SAFETY: as for a load; the reference is exclusive.
        unsafe { $store($to.as_mut_ptr().cast(), $x) }
    }};
}

#[inline(always)]
fn part<T, const N: usize>(x: &[T], at: usize) -> &[T; N] {
    match x[at..].first_chunk() {
        Some(x) => x,
        None => unreachable!("callers pass whole vectors"),
    }
}

#[inline(always)]
fn part_mut<T, const N: usize>(x: &mut [T], at: usize) -> &mut [T; N] {
    match x[at..].first_chunk_mut() {
        Some(x) => x,
        None => unreachable!("callers pass whole vectors"),
    }
}

/// `simd128`, which a module has or has not when it is built: no detection at run time.
#[derive(Clone, Copy)]
pub(crate) struct Simd128(());

impl Simd128 {
    #[inline]
    #[target_feature(enable = "simd128")]
    pub(crate) fn token() -> Simd128 {
        Simd128(())
    }
}

impl Simd for Simd128 {
    const LANES: usize = 4;
    const PANEL_BIAS: i32 = 128;
    const SCAN_BIAS: i32 = 0;

    type I = v128;
    type F = v128;
    /// Even and odd bytes of each lane's four, zero-extended to 16 bits.
    type P = (v128, v128);
    type R = (v128, v128);
    /// Codes 0, 2, 1, 3 of a step, sign-extended.
    type Word = [i16; 4];
    type Q = [v128; 4];
    type U = v128;
    type W = v128;

    #[inline(always)]
    fn splat(self, x: i32) -> v128 {
        i32x4_splat(x)
    }
    #[inline(always)]
    fn load(self, x: &[i32; 16]) -> v128 {
        mem!(v128_load(part::<i32, 4>(x, 0)))
    }
    #[inline(always)]
    fn store(self, x: v128, out: &mut [i32; 16]) {
        mem!(v128_store(part_mut::<i32, 4>(out, 0), x))
    }
    #[inline(always)]
    fn hsum(self, x: v128) -> i32 {
        i32x4_extract_lane::<0>(x)
            .wrapping_add(i32x4_extract_lane::<1>(x))
            .wrapping_add(i32x4_extract_lane::<2>(x))
            .wrapping_add(i32x4_extract_lane::<3>(x))
    }
    #[inline(always)]
    fn add(self, x: v128, y: v128) -> v128 {
        i32x4_add(x, y)
    }
    #[inline(always)]
    fn and(self, x: v128, y: v128) -> v128 {
        v128_and(x, y)
    }
    #[inline(always)]
    fn all_negative(self, x: v128) -> bool {
        i32x4_bitmask(x) == 0xf
    }
    #[inline(always)]
    fn panel(self, step: &Line, at: usize) -> Self::P {
        let x = mem!(v128_load(part::<i8, 16>(&step.0, at * 16)));
        (v128_and(x, i16x8_splat(0xff)), u16x8_shr(x, 8))
    }
    #[inline(always)]
    fn words<'a>(self, rows: &'a [Line], scratch: &'a mut Vec<[i16; 4]>) -> &'a [[i16; 4]] {
        scratch.clear();
        for line in rows {
            for word in line.0.chunks_exact(4) {
                scratch.push([i16::from(word[0]), i16::from(word[2]), i16::from(word[1]), i16::from(word[3])]);
            }
        }
        scratch
    }
    #[inline(always)]
    fn bcast(self, &[a, c, b, d]: &[i16; 4]) -> Self::R {
        let pair = |lo: i16, hi: i16| i32::from(lo as u16) | (i32::from(hi) << 16);
        (i32x4_splat(pair(a, c)), i32x4_splat(pair(b, d)))
    }
    #[inline(always)]
    fn dp(self, acc: v128, p: Self::P, r: Self::R) -> v128 {
        i32x4_add(i32x4_add(acc, i32x4_dot_i16x8(p.0, r.0)), i32x4_dot_i16x8(p.1, r.1))
    }
    #[inline(always)]
    fn query(self, line: &Line) -> Self::Q {
        [
            mem!(v128_load(part::<i8, 16>(&line.0, 0))),
            mem!(v128_load(part::<i8, 16>(&line.0, 16))),
            mem!(v128_load(part::<i8, 16>(&line.0, 32))),
            mem!(v128_load(part::<i8, 16>(&line.0, 48))),
        ]
    }
    #[inline(always)]
    fn dot_line(self, mut acc: v128, q: &Self::Q, row: &Line) -> v128 {
        let r = self.query(row);
        for i in 0..LINE / 16 {
            // Two products of codes in -127..=127 fit 16 bits.
            let low = i16x8_extmul_low_i8x16(q[i], r[i]);
            let high = i16x8_extmul_high_i8x16(q[i], r[i]);
            acc = i32x4_add(acc, i32x4_extadd_pairwise_i16x8(i16x8_add(low, high)));
        }
        acc
    }
    #[inline(always)]
    fn prefetch(self, _: &[Line], _: usize) {}
    #[inline(always)]
    fn fsplat(self, x: f32) -> v128 {
        f32x4_splat(x)
    }
    #[inline(always)]
    fn fload(self, x: &[f32]) -> v128 {
        mem!(v128_load(part::<f32, 4>(x, 0)))
    }
    #[inline(always)]
    fn fstore(self, x: v128, out: &mut [f32]) {
        mem!(v128_store(part_mut::<f32, 4>(out, 0), x))
    }
    #[inline(always)]
    fn fma(self, a: v128, b: v128, c: v128) -> v128 {
        f32x4_add(f32x4_mul(a, b), c)
    }
    #[inline(always)]
    fn ge(self, x: v128, scale: v128, threshold: v128) -> u32 {
        u32::from(i32x4_bitmask(f32x4_ge(f32x4_mul(f32x4_convert_i32x4(x), scale), threshold)))
    }
    #[inline(always)]
    fn uzero(self) -> v128 {
        i64x2_splat(0)
    }
    #[inline(always)]
    fn xor_pop(self, acc: v128, words: &Line, at: usize, query: u64) -> v128 {
        let x = mem!(v128_load(part::<i8, 16>(&words.0, at * 16)));
        let bytes = u8x16_popcnt(v128_xor(x, u64x2_splat(query)));
        let sums = u32x4_extadd_pairwise_u16x8(u16x8_extadd_pairwise_u8x16(bytes));
        // Even and odd 32-bit sums, each zero-extended to 64.
        let even = v128_and(sums, u64x2_splat(0xffff_ffff));
        i64x2_add(acc, i64x2_add(even, u64x2_shr(sums, 32)))
    }
    #[inline(always)]
    fn ustore(self, x: v128, out: &mut [u64]) {
        mem!(v128_store(part_mut::<u64, 2>(out, 0), x))
    }
    #[inline(always)]
    fn wzero(self) -> v128 {
        i16x8_splat(0)
    }
    #[inline(always)]
    fn wadd(self, acc: v128, codes: &Line, at: usize) -> v128 {
        let x = mem!(v128_load64_zero(part::<i8, 8>(&codes.0, at * 8)));
        i16x8_add(acc, i16x8_extend_low_i8x16(x))
    }
    #[inline(always)]
    fn wsplat(self, x: i16) -> v128 {
        i16x8_splat(x)
    }
    #[inline(always)]
    fn wmul_add(self, acc: v128, codes: &Line, at: usize, by: v128) -> v128 {
        let x = mem!(v128_load64_zero(part::<i8, 8>(&codes.0, at * 8)));
        i16x8_add(acc, i16x8_mul(i16x8_extend_low_i8x16(x), by))
    }
    #[inline(always)]
    fn wflush(self, x: v128, out: &mut [i32]) {
        let mut sums = [0i16; 8];
        mem!(v128_store(sums, x));
        for (out, sum) in part_mut::<i32, 8>(out, 0).iter_mut().zip(sums) {
            *out += i32::from(sum);
        }
    }
}
