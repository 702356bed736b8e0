//! The vector primitives of AVX2, AVX-VNNI and AVX-512 VNNI.

use std::arch::x86_64::*;

use crate::line::{LINE, Line, as_words};
use crate::simd::Simd;

/// Register-only intrinsics: their one precondition is the instruction set.
macro_rules! reg {
    ($e:expr) => {{
        // SAFETY: a token exists only inside a function with its target features (see `Simd`), and these
        // intrinsics touch no memory.
        unsafe { $e }
    }};
}

/// A load from a reference that covers exactly what is read, or a store to one.
macro_rules! mem {
    ($load:ident($from:expr)) => {{
        // SAFETY: the reference is as long as the vector, the intrinsic asks no alignment, and the token brings
        // the instruction.
        unsafe { $load($from.as_ptr().cast()) }
    }};
    ($store:ident($to:expr, $x:expr)) => {{
        // SAFETY: as for a load; the reference is exclusive.
        unsafe { $store($to.as_mut_ptr().cast(), $x) }
    }};
}

#[inline(always)]
fn prefetch_line(lines: &[Line], at: usize) {
    // SAFETY: SSE is part of x86-64; a prefetch never faults, so an address past the end is harmless, and
    // `wrapping_add` may form it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(lines.as_ptr().wrapping_add(at).cast()) }
}

/// `N` elements of a slice from `at` on. The callers' loops make the check vanish.
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

/// AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

/// AVX2, FMA and AVX-VNNI: the dot-product instruction on 256 bits.
#[derive(Clone, Copy)]
pub(crate) struct AvxVnni(());

/// AVX-512 F, BW, VL, VNNI and VPOPCNTDQ (Ice Lake and Zen 4 on).
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx2 {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn token() -> Avx2 {
        Avx2(())
    }
}

impl AvxVnni {
    #[inline]
    #[target_feature(enable = "avx2,fma,avxvnni")]
    pub(crate) fn token() -> AvxVnni {
        AvxVnni(())
    }
}

impl Avx512 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512vpopcntdq")]
    pub(crate) fn token() -> Avx512 {
        Avx512(())
    }
}

/// What the two 256-bit ISAs share.
macro_rules! ymm {
    () => {
        const LANES: usize = 8;
        const PANEL_BIAS: i32 = 128;

        type I = __m256i;
        type F = __m256;
        type U = __m256i;
        type W = __m256i;

        #[inline(always)]
        fn splat(self, x: i32) -> __m256i {
            reg!(_mm256_set1_epi32(x))
        }
        #[inline(always)]
        fn load(self, x: &[i32; 16]) -> __m256i {
            mem!(_mm256_loadu_si256(part::<i32, 8>(x, 0)))
        }
        #[inline(always)]
        fn store(self, x: __m256i, out: &mut [i32; 16]) {
            mem!(_mm256_storeu_si256(part_mut::<i32, 8>(out, 0), x))
        }
        #[inline(always)]
        fn hsum(self, x: __m256i) -> i32 {
            reg!({
                let x = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
                let x = _mm_add_epi32(x, _mm_shuffle_epi32::<0b01_00_11_10>(x));
                _mm_cvtsi128_si32(_mm_add_epi32(x, _mm_shuffle_epi32::<0b10_11_00_01>(x)))
            })
        }
        #[inline(always)]
        fn add(self, x: __m256i, y: __m256i) -> __m256i {
            reg!(_mm256_add_epi32(x, y))
        }
        #[inline(always)]
        fn and(self, x: __m256i, y: __m256i) -> __m256i {
            reg!(_mm256_and_si256(x, y))
        }
        #[inline(always)]
        fn all_negative(self, x: __m256i) -> bool {
            reg!(_mm256_movemask_ps(_mm256_castsi256_ps(x)) == 0xff)
        }
        #[inline(always)]
        fn prefetch(self, lines: &[Line], at: usize) {
            prefetch_line(lines, at)
        }
        #[inline(always)]
        fn fsplat(self, x: f32) -> __m256 {
            reg!(_mm256_set1_ps(x))
        }
        #[inline(always)]
        fn fload(self, x: &[f32]) -> __m256 {
            mem!(_mm256_loadu_ps(part::<f32, 8>(x, 0)))
        }
        #[inline(always)]
        fn fstore(self, x: __m256, out: &mut [f32]) {
            mem!(_mm256_storeu_ps(part_mut::<f32, 8>(out, 0), x))
        }
        #[inline(always)]
        fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
            reg!(_mm256_fmadd_ps(a, b, c))
        }
        #[inline(always)]
        fn ge(self, x: __m256i, scale: __m256, threshold: __m256) -> u32 {
            reg!({
                let score = _mm256_mul_ps(_mm256_cvtepi32_ps(x), scale);
                _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(score, threshold)) as u32
            })
        }
        #[inline(always)]
        fn uzero(self) -> __m256i {
            reg!(_mm256_setzero_si256())
        }
        #[inline(always)]
        fn xor_pop(self, acc: __m256i, words: &Line, at: usize, query: u64) -> __m256i {
            let x = mem!(_mm256_loadu_si256(part::<i8, 32>(&words.0, at * 32)));
            reg!({
                let x = _mm256_xor_si256(x, _mm256_set1_epi64x(query as i64));
                // Population count of a nibble, by shuffle; sums of eight bytes, by difference from zero.
                let table = _mm256_setr_epi8(
                    0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
                );
                let low = _mm256_set1_epi8(15);
                let a = _mm256_shuffle_epi8(table, _mm256_and_si256(x, low));
                let b = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16::<4>(x), low));
                _mm256_add_epi64(acc, _mm256_sad_epu8(_mm256_add_epi8(a, b), _mm256_setzero_si256()))
            })
        }
        #[inline(always)]
        fn ustore(self, x: __m256i, out: &mut [u64]) {
            mem!(_mm256_storeu_si256(part_mut::<u64, 4>(out, 0), x))
        }
        #[inline(always)]
        fn wzero(self) -> __m256i {
            reg!(_mm256_setzero_si256())
        }
        #[inline(always)]
        fn wadd(self, acc: __m256i, codes: &Line, at: usize) -> __m256i {
            let x = mem!(_mm_loadu_si128(part::<i8, 16>(&codes.0, at * 16)));
            reg!(_mm256_add_epi16(acc, _mm256_cvtepi8_epi16(x)))
        }
        #[inline(always)]
        fn wsplat(self, x: i16) -> __m256i {
            reg!(_mm256_set1_epi16(x))
        }
        #[inline(always)]
        fn wmul_add(self, acc: __m256i, codes: &Line, at: usize, by: __m256i) -> __m256i {
            let x = mem!(_mm_loadu_si128(part::<i8, 16>(&codes.0, at * 16)));
            reg!(_mm256_add_epi16(acc, _mm256_mullo_epi16(_mm256_cvtepi8_epi16(x), by)))
        }
        #[inline(always)]
        fn wflush(self, x: __m256i, out: &mut [i32]) {
            let mut sums = [0i16; 16];
            mem!(_mm256_storeu_si256(sums, x));
            for (out, sum) in part_mut::<i32, 16>(out, 0).iter_mut().zip(sums) {
                *out += i32::from(sum);
            }
        }
    };
}

impl Simd for Avx2 {
    ymm!();

    const SCAN_BIAS: i32 = 0;
    const SCAN_AHEAD: usize = 24;
    const ROW_BY_ROW: bool = true;

    /// Even and odd bytes of each lane's four, zero-extended to 16 bits: biased codes are 0..=255, and
    /// `madd` of them with a row stays below 2 * 255 * 127 = 64,770, in 32 bits.
    type P = (__m256i, __m256i);
    type R = (__m256i, __m256i);
    /// Codes 0, 2, 1, 3 of a step, sign-extended.
    type Word = [i16; 4];
    type Q = [__m256i; 2];

    #[inline(always)]
    fn panel(self, step: &Line, at: usize) -> Self::P {
        let x = mem!(_mm256_loadu_si256(part::<i8, 32>(&step.0, at * 32)));
        reg!((_mm256_and_si256(x, _mm256_set1_epi16(0xff)), _mm256_srli_epi16::<8>(x)))
    }
    #[inline(always)]
    fn words<'a>(self, rows: &'a [Line], scratch: &'a mut Vec<[i16; 4]>) -> &'a [[i16; 4]] {
        let wanted = rows.len() * (LINE / 4);
        if scratch.len() < wanted {
            scratch.resize(wanted, [0; 4]);
        }
        for (line, words) in rows.iter().zip(scratch.chunks_exact_mut(LINE / 4)) {
            for (i, words) in words.chunks_exact_mut(4).enumerate() {
                let x = mem!(_mm_loadu_si128(part::<i8, 16>(&line.0, i * 16)));
                let x = reg!({
                    let order = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
                    _mm256_cvtepi8_epi16(_mm_shuffle_epi8(x, order))
                });
                mem!(_mm256_storeu_si256(part_mut::<[i16; 4], 4>(words, 0), x));
            }
        }
        &scratch[..wanted]
    }
    #[inline(always)]
    fn bcast(self, &[a, c, b, d]: &[i16; 4]) -> Self::R {
        let pair = |lo: i16, hi: i16| i32::from(lo as u16) | (i32::from(hi) << 16);
        reg!((_mm256_set1_epi32(pair(a, c)), _mm256_set1_epi32(pair(b, d))))
    }
    #[inline(always)]
    fn dp(self, acc: __m256i, p: Self::P, r: Self::R) -> __m256i {
        reg!(_mm256_add_epi32(_mm256_add_epi32(acc, _mm256_madd_epi16(p.0, r.0)), _mm256_madd_epi16(p.1, r.1)))
    }
    #[inline(always)]
    fn query(self, line: &Line) -> Self::Q {
        [0, 32].map(|at| mem!(_mm256_loadu_si256(part::<i8, 32>(&line.0, at))))
    }
    /// Products of a magnitude and a code with the sign of the other: two are at most 2 * 127 * 127, which 16 bits hold.
    #[inline(always)]
    fn dot_line(self, acc: __m256i, q: &Self::Q, row: &Line) -> __m256i {
        let [r0, r1] = self.query(row);
        reg!({
            let ones = _mm256_set1_epi16(1);
            let a = _mm256_maddubs_epi16(_mm256_abs_epi8(r0), _mm256_sign_epi8(q[0], r0));
            let b = _mm256_maddubs_epi16(_mm256_abs_epi8(r1), _mm256_sign_epi8(q[1], r1));
            _mm256_add_epi32(acc, _mm256_add_epi32(_mm256_madd_epi16(a, ones), _mm256_madd_epi16(b, ones)))
        })
    }
}

/// What one row brings to the filtered panel product.
#[derive(Clone, Copy, Default)]
pub(crate) struct Halved {
    /// Codes that are odd.
    pub(crate) odd: i32,
    /// Sum of squared codes.
    pub(crate) square: i64,
}

/// Primitives of the filtered panel product ([`crate::isa::filter`]): codes without their last bit, two steps at a time.
impl Avx2 {
    /// Biased codes (0..=255) to halves of 0..=127.
    #[inline(always)]
    pub(crate) fn halve_panel(self, line: &Line, out: &mut Line) {
        for at in [0, 32] {
            let x = mem!(_mm256_loadu_si256(part::<i8, 32>(&line.0, at)));
            let x = reg!(_mm256_and_si256(_mm256_srli_epi16::<1>(x), _mm256_set1_epi8(0x7f)));
            mem!(_mm256_storeu_si256(part_mut::<i8, 32>(&mut out.0, at), x));
        }
    }

    /// A row's codes to halves of -64..=63, rounded down.
    #[inline(always)]
    pub(crate) fn halve_row(self, row: &[Line], out: &mut [Line]) -> Halved {
        let (mut odd, mut square, mut squares) = (self.uzero(), 0i64, self.splat(0));
        for (i, (line, out)) in row.iter().zip(out).enumerate() {
            for at in [0, 32] {
                let x = mem!(_mm256_loadu_si256(part::<i8, 32>(&line.0, at)));
                let half = reg!({
                    let raised = _mm256_xor_si256(x, _mm256_set1_epi8(i8::MIN));
                    let half = _mm256_and_si256(_mm256_srli_epi16::<1>(raised), _mm256_set1_epi8(0x7f));
                    _mm256_sub_epi8(half, _mm256_set1_epi8(64))
                });
                mem!(_mm256_storeu_si256(part_mut::<i8, 32>(&mut out.0, at), half));
                odd = reg!({
                    let bits = _mm256_and_si256(x, _mm256_set1_epi8(1));
                    _mm256_add_epi64(odd, _mm256_sad_epu8(bits, _mm256_setzero_si256()))
                });
                squares = reg!({
                    let abs = _mm256_abs_epi8(x);
                    let pairs = _mm256_maddubs_epi16(abs, abs);
                    _mm256_add_epi32(squares, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
                });
            }
            // A lane takes 8 squares of 127 * 127 a line: far from 2^31 when it is emptied.
            if i % 1024 == 1023 {
                square += i64::from(self.hsum(squares));
                squares = self.splat(0);
            }
        }
        square += i64::from(self.hsum(squares));
        // The counts lie in the low halves of 64-bit lanes.
        Halved { odd: self.hsum(odd), square }
    }

    /// Two steps of halves, exact: a pair of products is at most 2 * 127 * 64, and two of those fit 16 bits.
    #[inline(always)]
    pub(crate) fn dp_halves(self, acc: __m256i, p: [__m256i; 2], r: [&[i8; 4]; 2]) -> __m256i {
        let word = |w: &[i8; 4]| reg!(_mm256_set1_epi32(i32::from_ne_bytes(w.map(|c| c as u8))));
        let (r0, r1) = (word(r[0]), word(r[1]));
        reg!({
            let sums = _mm256_add_epi16(_mm256_maddubs_epi16(p[0], r0), _mm256_maddubs_epi16(p[1], r1));
            _mm256_add_epi32(acc, _mm256_madd_epi16(sums, _mm256_set1_epi16(1)))
        })
    }

    /// Half of a line: eight queries of one step.
    #[inline(always)]
    pub(crate) fn halves(self, step: &Line, at: usize) -> __m256i {
        mem!(_mm256_loadu_si256(part::<i8, 32>(&step.0, at * 32)))
    }
}

impl Simd for AvxVnni {
    ymm!();

    const SCAN_BIAS: i32 = 128;

    type P = __m256i;
    type R = __m256i;
    type Word = [i8; 4];
    type Q = [__m256i; 2];

    #[inline(always)]
    fn panel(self, step: &Line, at: usize) -> __m256i {
        mem!(_mm256_loadu_si256(part::<i8, 32>(&step.0, at * 32)))
    }
    #[inline(always)]
    fn words<'a>(self, rows: &'a [Line], _: &'a mut Vec<[i8; 4]>) -> &'a [[i8; 4]] {
        as_words(rows)
    }
    #[inline(always)]
    fn bcast(self, word: &[i8; 4]) -> __m256i {
        reg!(_mm256_set1_epi32(i32::from_ne_bytes(word.map(|c| c as u8))))
    }
    #[inline(always)]
    fn dp(self, acc: __m256i, p: __m256i, r: __m256i) -> __m256i {
        reg!(_mm256_dpbusd_avx_epi32(acc, p, r))
    }
    #[inline(always)]
    fn query(self, line: &Line) -> Self::Q {
        [mem!(_mm256_loadu_si256(part::<i8, 32>(&line.0, 0))), mem!(_mm256_loadu_si256(part::<i8, 32>(&line.0, 32)))]
    }
    #[inline(always)]
    fn dot_line(self, acc: __m256i, q: &Self::Q, row: &Line) -> __m256i {
        let r = self.query(row);
        reg!({
            let flip = _mm256_set1_epi8(i8::MIN);
            let acc = _mm256_dpbusd_avx_epi32(acc, _mm256_xor_si256(r[0], flip), q[0]);
            _mm256_dpbusd_avx_epi32(acc, _mm256_xor_si256(r[1], flip), q[1])
        })
    }
}

impl Simd for Avx512 {
    const LANES: usize = 16;
    const PANEL_BIAS: i32 = 128;
    const SCAN_BIAS: i32 = 128;

    type I = __m512i;
    type F = __m512;
    type P = __m512i;
    type R = __m512i;
    type Word = [i8; 4];
    type Q = __m512i;
    type U = __m512i;
    type W = __m512i;

    #[inline(always)]
    fn splat(self, x: i32) -> __m512i {
        reg!(_mm512_set1_epi32(x))
    }
    #[inline(always)]
    fn load(self, x: &[i32; 16]) -> __m512i {
        mem!(_mm512_loadu_si512(x))
    }
    #[inline(always)]
    fn store(self, x: __m512i, out: &mut [i32; 16]) {
        mem!(_mm512_storeu_si512(out, x))
    }
    #[inline(always)]
    fn hsum(self, x: __m512i) -> i32 {
        reg!(_mm512_reduce_add_epi32(x))
    }
    #[inline(always)]
    fn add(self, x: __m512i, y: __m512i) -> __m512i {
        reg!(_mm512_add_epi32(x, y))
    }
    #[inline(always)]
    fn and(self, x: __m512i, y: __m512i) -> __m512i {
        reg!(_mm512_and_si512(x, y))
    }
    #[inline(always)]
    fn all_negative(self, x: __m512i) -> bool {
        reg!(_mm512_cmplt_epi32_mask(x, _mm512_setzero_si512()) == 0xffff)
    }
    #[inline(always)]
    fn panel(self, step: &Line, _: usize) -> __m512i {
        mem!(_mm512_loadu_si512(step.0))
    }
    #[inline(always)]
    fn words<'a>(self, rows: &'a [Line], _: &'a mut Vec<[i8; 4]>) -> &'a [[i8; 4]] {
        as_words(rows)
    }
    #[inline(always)]
    fn bcast(self, word: &[i8; 4]) -> __m512i {
        reg!(_mm512_set1_epi32(i32::from_ne_bytes(word.map(|c| c as u8))))
    }
    #[inline(always)]
    fn dp(self, acc: __m512i, p: __m512i, r: __m512i) -> __m512i {
        reg!(_mm512_dpbusd_epi32(acc, p, r))
    }
    #[inline(always)]
    fn query(self, line: &Line) -> __m512i {
        mem!(_mm512_loadu_si512(line.0))
    }
    #[inline(always)]
    fn dot_line(self, acc: __m512i, q: &__m512i, row: &Line) -> __m512i {
        let row = mem!(_mm512_loadu_si512(row.0));
        reg!(_mm512_dpbusd_epi32(acc, _mm512_xor_si512(row, _mm512_set1_epi8(i8::MIN)), *q))
    }
    #[inline(always)]
    fn prefetch(self, lines: &[Line], at: usize) {
        prefetch_line(lines, at)
    }
    #[inline(always)]
    fn fsplat(self, x: f32) -> __m512 {
        reg!(_mm512_set1_ps(x))
    }
    #[inline(always)]
    fn fload(self, x: &[f32]) -> __m512 {
        mem!(_mm512_loadu_ps(part::<f32, 16>(x, 0)))
    }
    #[inline(always)]
    fn fstore(self, x: __m512, out: &mut [f32]) {
        mem!(_mm512_storeu_ps(part_mut::<f32, 16>(out, 0), x))
    }
    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        reg!(_mm512_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn ge(self, x: __m512i, scale: __m512, threshold: __m512) -> u32 {
        reg!({
            let score = _mm512_mul_ps(_mm512_cvtepi32_ps(x), scale);
            u32::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(score, threshold))
        })
    }
    #[inline(always)]
    fn uzero(self) -> __m512i {
        reg!(_mm512_setzero_si512())
    }
    #[inline(always)]
    fn xor_pop(self, acc: __m512i, words: &Line, _: usize, query: u64) -> __m512i {
        let x = mem!(_mm512_loadu_si512(words.0));
        reg!({
            let x = _mm512_xor_si512(x, _mm512_set1_epi64(query as i64));
            _mm512_add_epi64(acc, _mm512_popcnt_epi64(x))
        })
    }
    #[inline(always)]
    fn ustore(self, x: __m512i, out: &mut [u64]) {
        mem!(_mm512_storeu_si512(part_mut::<u64, 8>(out, 0), x))
    }
    #[inline(always)]
    fn wzero(self) -> __m512i {
        reg!(_mm512_setzero_si512())
    }
    #[inline(always)]
    fn wadd(self, acc: __m512i, codes: &Line, at: usize) -> __m512i {
        let x = mem!(_mm256_loadu_si256(part::<i8, 32>(&codes.0, at * 32)));
        reg!(_mm512_add_epi16(acc, _mm512_cvtepi8_epi16(x)))
    }
    #[inline(always)]
    fn wsplat(self, x: i16) -> __m512i {
        reg!(_mm512_set1_epi16(x))
    }
    #[inline(always)]
    fn wmul_add(self, acc: __m512i, codes: &Line, at: usize, by: __m512i) -> __m512i {
        let x = mem!(_mm256_loadu_si256(part::<i8, 32>(&codes.0, at * 32)));
        reg!(_mm512_add_epi16(acc, _mm512_mullo_epi16(_mm512_cvtepi8_epi16(x), by)))
    }
    #[inline(always)]
    fn wflush(self, x: __m512i, out: &mut [i32]) {
        let mut sums = [0i16; 32];
        mem!(_mm512_storeu_si512(sums, x));
        for (out, sum) in part_mut::<i32, 32>(out, 0).iter_mut().zip(sums) {
            *out += i32::from(sum);
        }
    }
}
