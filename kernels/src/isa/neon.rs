//! The vector primitives of AArch64, with and without the dot-product extension.

use std::arch::aarch64::*;
use std::arch::asm;

use crate::line::{LINE, Line, as_words};
use crate::simd::Simd;

/// Register-only intrinsics: their one precondition is the instruction set.
macro_rules! reg {
    ($e:expr) => {{
        // SAFETY: NEON is part of this target's baseline, and these intrinsics touch no memory.
        #[allow(unused_unsafe)]
        unsafe {
            $e
        }
    }};
}

/// A load from a reference that covers exactly what is read, or a store to one.
macro_rules! mem {
    ($load:ident($from:expr)) => {{
        // SAFETY: the reference is as long as the vector, and the intrinsic asks no alignment.
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

/// Armv8.0.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

/// With `sdot`.
#[derive(Clone, Copy)]
pub(crate) struct Dotprod(());

impl Neon {
    #[inline]
    #[target_feature(enable = "neon")]
    pub(crate) fn token() -> Neon {
        Neon(())
    }
}

impl Dotprod {
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    pub(crate) fn token() -> Dotprod {
        Dotprod(())
    }

    /// `acc + dot4(a, b)`; the intrinsic is not stable, the instruction is.
    #[inline(always)]
    fn sdot(self, mut acc: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
        // SAFETY: the token proves the extension; registers only.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {0:v}.4s, {1:v}.16b, {2:v}.16b",
                inout(vreg) acc, in(vreg) a, in(vreg) b,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        acc
    }
}

macro_rules! shared {
    () => {
        const LANES: usize = 4;
        const PANEL_BIAS: i32 = 0;
        const SCAN_BIAS: i32 = 0;

        type I = int32x4_t;
        type F = float32x4_t;
        type U = uint64x2_t;
        type W = int16x8_t;
        type Q = [int8x16_t; 4];

        #[inline(always)]
        fn splat(self, x: i32) -> int32x4_t {
            reg!(vdupq_n_s32(x))
        }
        #[inline(always)]
        fn load(self, x: &[i32; 16]) -> int32x4_t {
            mem!(vld1q_s32(part::<i32, 4>(x, 0)))
        }
        #[inline(always)]
        fn store(self, x: int32x4_t, out: &mut [i32; 16]) {
            mem!(vst1q_s32(part_mut::<i32, 4>(out, 0), x))
        }
        #[inline(always)]
        fn hsum(self, x: int32x4_t) -> i32 {
            reg!(vaddvq_s32(x))
        }
        #[inline(always)]
        fn add(self, x: int32x4_t, y: int32x4_t) -> int32x4_t {
            reg!(vaddq_s32(x, y))
        }
        #[inline(always)]
        fn and(self, x: int32x4_t, y: int32x4_t) -> int32x4_t {
            reg!(vandq_s32(x, y))
        }
        #[inline(always)]
        fn all_negative(self, x: int32x4_t) -> bool {
            reg!(vmaxvq_s32(x) < 0)
        }
        #[inline(always)]
        fn query(self, line: &Line) -> Self::Q {
            [
                mem!(vld1q_s8(part::<i8, 16>(&line.0, 0))),
                mem!(vld1q_s8(part::<i8, 16>(&line.0, 16))),
                mem!(vld1q_s8(part::<i8, 16>(&line.0, 32))),
                mem!(vld1q_s8(part::<i8, 16>(&line.0, 48))),
            ]
        }
        #[inline(always)]
        fn prefetch(self, _: &[Line], _: usize) {}
        #[inline(always)]
        fn fsplat(self, x: f32) -> float32x4_t {
            reg!(vdupq_n_f32(x))
        }
        #[inline(always)]
        fn fload(self, x: &[f32]) -> float32x4_t {
            mem!(vld1q_f32(part::<f32, 4>(x, 0)))
        }
        #[inline(always)]
        fn fstore(self, x: float32x4_t, out: &mut [f32]) {
            mem!(vst1q_f32(part_mut::<f32, 4>(out, 0), x))
        }
        #[inline(always)]
        fn fma(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
            reg!(vfmaq_f32(c, a, b))
        }
        #[inline(always)]
        fn ge(self, x: int32x4_t, scale: float32x4_t, threshold: float32x4_t) -> u32 {
            let bits = mem!(vld1q_u32([1u32, 2, 4, 8]));
            reg!({
                let score = vmulq_f32(vcvtq_f32_s32(x), scale);
                vaddvq_u32(vandq_u32(vcgeq_f32(score, threshold), bits))
            })
        }
        #[inline(always)]
        fn uzero(self) -> uint64x2_t {
            reg!(vdupq_n_u64(0))
        }
        #[inline(always)]
        fn xor_pop(self, acc: uint64x2_t, words: &Line, at: usize, query: u64) -> uint64x2_t {
            let x = mem!(vld1q_u8(part::<i8, 16>(&words.0, at * 16)));
            reg!({
                let x = veorq_u8(x, vreinterpretq_u8_u64(vdupq_n_u64(query)));
                vpadalq_u32(acc, vpaddlq_u16(vpaddlq_u8(vcntq_u8(x))))
            })
        }
        #[inline(always)]
        fn ustore(self, x: uint64x2_t, out: &mut [u64]) {
            mem!(vst1q_u64(part_mut::<u64, 2>(out, 0), x))
        }
        #[inline(always)]
        fn wzero(self) -> int16x8_t {
            reg!(vdupq_n_s16(0))
        }
        #[inline(always)]
        fn wadd(self, acc: int16x8_t, codes: &Line, at: usize) -> int16x8_t {
            let x = mem!(vld1_s8(part::<i8, 8>(&codes.0, at * 8)));
            reg!(vaddw_s8(acc, x))
        }
        #[inline(always)]
        fn wsplat(self, x: i16) -> int16x8_t {
            reg!(vdupq_n_s16(x))
        }
        #[inline(always)]
        fn wmul_add(self, acc: int16x8_t, codes: &Line, at: usize, by: int16x8_t) -> int16x8_t {
            let x = mem!(vld1_s8(part::<i8, 8>(&codes.0, at * 8)));
            reg!(vmlaq_s16(acc, vmovl_s8(x), by))
        }
        #[inline(always)]
        fn wflush(self, x: int16x8_t, out: &mut [i32]) {
            let mut sums = [0i16; 8];
            mem!(vst1q_s16(sums, x));
            for (out, sum) in part_mut::<i32, 8>(out, 0).iter_mut().zip(sums) {
                *out += i32::from(sum);
            }
        }
    };
}

impl Simd for Dotprod {
    shared!();

    type P = int8x16_t;
    type R = int8x16_t;
    type Word = [i8; 4];

    #[inline(always)]
    fn panel(self, step: &Line, at: usize) -> int8x16_t {
        let x = mem!(vld1q_s8(part::<i8, 16>(&step.0, at * 16)));
        reg!(veorq_s8(x, vdupq_n_s8(i8::MIN)))
    }
    #[inline(always)]
    fn words<'a>(self, rows: &'a [Line], _: &'a mut Vec<[i8; 4]>) -> &'a [[i8; 4]] {
        as_words(rows)
    }
    #[inline(always)]
    fn bcast(self, word: &[i8; 4]) -> int8x16_t {
        reg!(vreinterpretq_s8_s32(vdupq_n_s32(i32::from_ne_bytes(word.map(|c| c as u8)))))
    }
    #[inline(always)]
    fn dp(self, acc: int32x4_t, p: int8x16_t, r: int8x16_t) -> int32x4_t {
        self.sdot(acc, p, r)
    }
    #[inline(always)]
    fn dot_line(self, mut acc: int32x4_t, q: &Self::Q, row: &Line) -> int32x4_t {
        let r = self.query(row);
        for i in 0..LINE / 16 {
            acc = self.sdot(acc, q[i], r[i]);
        }
        acc
    }
}

impl Simd for Neon {
    shared!();

    /// Even and odd codes of four lanes' steps. Two products of codes in -127..=127 fit an `i16`: `smull`, `smlal`,
    /// then one pairwise widening add.
    type P = (int8x8_t, int8x8_t);
    type R = (int8x8_t, int8x8_t);
    /// Codes 0, 2, 1, 3 of a step.
    type Word = [i8; 4];

    #[inline(always)]
    fn panel(self, step: &Line, at: usize) -> Self::P {
        let x = mem!(vld1q_s8(part::<i8, 16>(&step.0, at * 16)));
        reg!({
            let x = veorq_s8(x, vdupq_n_s8(i8::MIN));
            let (even, odd) = (vuzp1q_s8(x, x), vuzp2q_s8(x, x));
            (vget_low_s8(even), vget_low_s8(odd))
        })
    }
    #[inline(always)]
    fn words<'a>(self, rows: &'a [Line], scratch: &'a mut Vec<[i8; 4]>) -> &'a [[i8; 4]] {
        scratch.clear();
        scratch.extend(as_words(rows).iter().map(|&[a, b, c, d]| [a, c, b, d]));
        scratch
    }
    #[inline(always)]
    fn bcast(self, &[a, c, b, d]: &[i8; 4]) -> Self::R {
        let pair = |lo: i8, hi: i8| i16::from_ne_bytes([lo as u8, hi as u8]);
        reg!((vreinterpret_s8_s16(vdup_n_s16(pair(a, c))), vreinterpret_s8_s16(vdup_n_s16(pair(b, d)))))
    }
    #[inline(always)]
    fn dp(self, acc: int32x4_t, p: Self::P, r: Self::R) -> int32x4_t {
        reg!(vpadalq_s16(acc, vmlal_s8(vmull_s8(p.0, r.0), p.1, r.1)))
    }
    #[inline(always)]
    fn dot_line(self, mut acc: int32x4_t, q: &Self::Q, row: &Line) -> int32x4_t {
        let r = self.query(row);
        for i in 0..LINE / 16 {
            acc = reg!({
                let pairs = vmull_s8(vget_low_s8(q[i]), vget_low_s8(r[i]));
                vpadalq_s16(acc, vmlal_high_s8(pairs, q[i], r[i]))
            });
        }
        acc
    }
}
