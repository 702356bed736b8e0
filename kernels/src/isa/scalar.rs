//! The reference: plain loops, which every machine and Miri can run.

use crate::line::{LINE, Line, as_words};
use crate::simd::Simd;

/// Needs nothing.
#[derive(Clone, Copy)]
pub(crate) struct Scalar;

impl Scalar {
    pub(crate) fn token() -> Scalar {
        Scalar
    }
}

impl Simd for Scalar {
    const LANES: usize = 4;
    const PANEL_BIAS: i32 = 0;
    const SCAN_BIAS: i32 = 0;

    type I = [i32; 4];
    type F = [f32; 4];
    type P = [i16; 16];
    type R = [i16; 4];
    type Word = [i8; 4];
    type Q = [i8; LINE];
    type U = [u64; 2];
    type W = [i16; 8];

    #[inline(always)]
    fn splat(self, x: i32) -> [i32; 4] {
        [x; 4]
    }
    #[inline(always)]
    fn load(self, x: &[i32; 16]) -> [i32; 4] {
        [x[0], x[1], x[2], x[3]]
    }
    #[inline(always)]
    fn store(self, x: [i32; 4], out: &mut [i32; 16]) {
        out[..4].copy_from_slice(&x);
    }
    #[inline(always)]
    fn hsum(self, x: [i32; 4]) -> i32 {
        x.iter().sum()
    }
    #[inline(always)]
    fn add(self, x: [i32; 4], y: [i32; 4]) -> [i32; 4] {
        std::array::from_fn(|i| x[i].wrapping_add(y[i]))
    }
    #[inline(always)]
    fn and(self, x: [i32; 4], y: [i32; 4]) -> [i32; 4] {
        std::array::from_fn(|i| x[i] & y[i])
    }
    #[inline(always)]
    fn all_negative(self, x: [i32; 4]) -> bool {
        x.iter().all(|&x| x < 0)
    }
    #[inline(always)]
    fn panel(self, step: &Line, part: usize) -> [i16; 16] {
        let mut p = [0; 16];
        for (p, &c) in p.iter_mut().zip(&step.0[part * 16..]) {
            *p = i16::from(c as u8) - 128;
        }
        p
    }
    #[inline(always)]
    fn words<'a>(self, rows: &'a [Line], _: &'a mut Vec<[i8; 4]>) -> &'a [[i8; 4]] {
        as_words(rows)
    }
    #[inline(always)]
    fn bcast(self, word: &[i8; 4]) -> [i16; 4] {
        word.map(i16::from)
    }
    #[inline(always)]
    fn dp(self, mut acc: [i32; 4], p: [i16; 16], r: [i16; 4]) -> [i32; 4] {
        for (lane, acc) in acc.iter_mut().enumerate() {
            for (i, &r) in r.iter().enumerate() {
                *acc += i32::from(p[lane * 4 + i]) * i32::from(r);
            }
        }
        acc
    }
    #[inline(always)]
    fn query(self, line: &Line) -> [i8; LINE] {
        line.0
    }
    #[inline(always)]
    fn dot_line(self, mut acc: [i32; 4], q: &[i8; LINE], row: &Line) -> [i32; 4] {
        let mut sum = 0;
        for (&q, &r) in q.iter().zip(&row.0) {
            sum += i32::from(i16::from(q) * i16::from(r));
        }
        acc[0] += sum;
        acc
    }
    #[inline(always)]
    fn prefetch(self, _: &[Line], _: usize) {}
    #[inline(always)]
    fn fsplat(self, x: f32) -> [f32; 4] {
        [x; 4]
    }
    #[inline(always)]
    fn fload(self, x: &[f32]) -> [f32; 4] {
        [x[0], x[1], x[2], x[3]]
    }
    #[inline(always)]
    fn fstore(self, x: [f32; 4], out: &mut [f32]) {
        out[..4].copy_from_slice(&x);
    }
    #[inline(always)]
    fn fma(self, a: [f32; 4], b: [f32; 4], mut c: [f32; 4]) -> [f32; 4] {
        for i in 0..4 {
            c[i] += a[i] * b[i];
        }
        c
    }
    #[inline(always)]
    fn ge(self, x: [i32; 4], scale: [f32; 4], threshold: [f32; 4]) -> u32 {
        let mut mask = 0;
        for i in 0..4 {
            mask |= u32::from(x[i] as f32 * scale[i] >= threshold[i]) << i;
        }
        mask
    }
    #[inline(always)]
    fn uzero(self) -> [u64; 2] {
        [0; 2]
    }
    #[inline(always)]
    fn xor_pop(self, mut acc: [u64; 2], words: &Line, part: usize, query: u64) -> [u64; 2] {
        for (acc, word) in acc.iter_mut().zip(words.0[part * 16..].chunks_exact(8)) {
            let mut x = 0u64;
            for (i, &b) in word.iter().enumerate() {
                x |= u64::from(b as u8) << (8 * i);
            }
            *acc += u64::from((x ^ query).count_ones());
        }
        acc
    }
    #[inline(always)]
    fn ustore(self, x: [u64; 2], out: &mut [u64]) {
        out[..2].copy_from_slice(&x);
    }
    #[inline(always)]
    fn wzero(self) -> [i16; 8] {
        [0; 8]
    }
    #[inline(always)]
    fn wadd(self, mut acc: [i16; 8], codes: &Line, part: usize) -> [i16; 8] {
        for (acc, &c) in acc.iter_mut().zip(&codes.0[part * 8..]) {
            *acc += i16::from(c);
        }
        acc
    }
    #[inline(always)]
    fn wsplat(self, x: i16) -> [i16; 8] {
        [x; 8]
    }
    #[inline(always)]
    fn wmul_add(self, mut acc: [i16; 8], codes: &Line, part: usize, by: [i16; 8]) -> [i16; 8] {
        for ((acc, &c), by) in acc.iter_mut().zip(&codes.0[part * 8..]).zip(by) {
            *acc += i16::from(c) * by;
        }
        acc
    }
    #[inline(always)]
    fn wflush(self, x: [i16; 8], out: &mut [i32]) {
        for (out, x) in out[..8].iter_mut().zip(x) {
            *out += i32::from(x);
        }
    }
}
