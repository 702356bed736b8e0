//! The machine's own limits: memory read in order, and the multiply instruction on registers alone.

use std::arch::asm;
use std::arch::x86_64::*;

/// Reads every line of `bytes` with 64-byte loads, with a prefetch that crosses pages.
#[target_feature(enable = "avx512f")]
pub fn stream512(bytes: &[u8]) -> u64 {
    let mut acc = [_mm512_setzero_si512(); 8];
    for block in bytes.chunks_exact(512) {
        for (i, acc) in acc.iter_mut().enumerate() {
            // SAFETY: `i < 8` and a block is 512 bytes; a prefetch never faults.
            let x = unsafe {
                _mm_prefetch::<_MM_HINT_T0>(block.as_ptr().wrapping_add(i * 64 + 4096 + 2048).cast());
                _mm512_loadu_si512(block.as_ptr().add(i * 64).cast())
            };
            *acc = _mm512_xor_si512(*acc, x);
        }
    }
    let sum = acc.into_iter().fold(_mm512_setzero_si512(), |a, b| _mm512_xor_si512(a, b));
    _mm512_reduce_add_epi64(sum) as u64
}

/// The same without the prefetch, as most streams are written.
#[target_feature(enable = "avx512f")]
pub fn stream_plain512(bytes: &[u8]) -> u64 {
    let mut acc = [_mm512_setzero_si512(); 8];
    for block in bytes.chunks_exact(512) {
        for (i, acc) in acc.iter_mut().enumerate() {
            // SAFETY: `i < 8` and a block is 512 bytes.
            let x = unsafe { _mm512_loadu_si512(block.as_ptr().add(i * 64).cast()) };
            *acc = _mm512_xor_si512(*acc, x);
        }
    }
    let sum = acc.into_iter().fold(_mm512_setzero_si512(), |a, b| _mm512_xor_si512(a, b));
    _mm512_reduce_add_epi64(sum) as u64
}

fn folded(acc: [__m256i; 16]) -> u64 {
    // SAFETY: both are 32 bytes of plain data.
    let words = acc.map(|x| unsafe { std::mem::transmute::<__m256i, [u64; 4]>(x) });
    words.iter().flatten().fold(0, |a, b| a ^ b)
}

/// Reads every line of `bytes` with 32-byte loads, with a prefetch that crosses pages.
#[target_feature(enable = "avx2")]
pub fn stream256(bytes: &[u8]) -> u64 {
    let mut acc = [_mm256_setzero_si256(); 16];
    for block in bytes.chunks_exact(512) {
        for (i, acc) in acc.iter_mut().enumerate() {
            // SAFETY: `i < 16` and a block is 512 bytes; a prefetch never faults.
            let x = unsafe {
                if i % 2 == 0 {
                    _mm_prefetch::<_MM_HINT_T0>(block.as_ptr().wrapping_add(i * 32 + 4096 + 2048).cast());
                }
                _mm256_loadu_si256(block.as_ptr().add(i * 32).cast())
            };
            *acc = _mm256_xor_si256(*acc, x);
        }
    }
    folded(acc)
}

/// The same without the prefetch.
#[target_feature(enable = "avx2")]
pub fn stream_plain256(bytes: &[u8]) -> u64 {
    let mut acc = [_mm256_setzero_si256(); 16];
    for block in bytes.chunks_exact(512) {
        for (i, acc) in acc.iter_mut().enumerate() {
            // SAFETY: `i < 16` and a block is 512 bytes.
            let x = unsafe { _mm256_loadu_si256(block.as_ptr().add(i * 32).cast()) };
            *acc = _mm256_xor_si256(*acc, x);
        }
    }
    folded(acc)
}

macro_rules! twelve {
    ($($text:literal),+) => { concat!($($text, "\n"),+) };
}

/// `n` `vpdpbusd` of 512 bits, rounded up to 12, in chains of twelve.
#[target_feature(enable = "avx512f,avx512vnni")]
pub fn vnni512(n: u64) -> u64 {
    // SAFETY: registers only; needs AVX-512 VNNI, as the caller checked.
    unsafe {
        asm!(
            "2:",
            twelve!(
                "vpdpbusd zmm0, zmm16, zmm17", "vpdpbusd zmm1, zmm16, zmm17", "vpdpbusd zmm2, zmm16, zmm17",
                "vpdpbusd zmm3, zmm16, zmm17", "vpdpbusd zmm4, zmm16, zmm17", "vpdpbusd zmm5, zmm16, zmm17",
                "vpdpbusd zmm6, zmm16, zmm17", "vpdpbusd zmm7, zmm16, zmm17", "vpdpbusd zmm8, zmm16, zmm17",
                "vpdpbusd zmm9, zmm16, zmm17", "vpdpbusd zmm10, zmm16, zmm17", "vpdpbusd zmm11, zmm16, zmm17"
            ),
            "dec {n}",
            "jnz 2b",
            n = inout(reg) n.div_ceil(12).max(1) => _,
            out("zmm0") _, out("zmm1") _, out("zmm2") _, out("zmm3") _, out("zmm4") _, out("zmm5") _,
            out("zmm6") _, out("zmm7") _, out("zmm8") _, out("zmm9") _, out("zmm10") _, out("zmm11") _,
            options(nostack, nomem)
        );
    }
    0
}

/// `n` `vpdpbusd` of 256 bits in the VEX form.
#[target_feature(enable = "avx2,avxvnni")]
pub fn vnni256(n: u64) -> u64 {
    // SAFETY: registers only; needs AVX-VNNI, as the caller checked.
    unsafe {
        asm!(
            "2:",
            twelve!(
                "{{vex}} vpdpbusd ymm0, ymm12, ymm13", "{{vex}} vpdpbusd ymm1, ymm12, ymm13",
                "{{vex}} vpdpbusd ymm2, ymm12, ymm13", "{{vex}} vpdpbusd ymm3, ymm12, ymm13",
                "{{vex}} vpdpbusd ymm4, ymm12, ymm13", "{{vex}} vpdpbusd ymm5, ymm12, ymm13",
                "{{vex}} vpdpbusd ymm6, ymm12, ymm13", "{{vex}} vpdpbusd ymm7, ymm12, ymm13",
                "{{vex}} vpdpbusd ymm8, ymm12, ymm13", "{{vex}} vpdpbusd ymm9, ymm12, ymm13",
                "{{vex}} vpdpbusd ymm10, ymm12, ymm13", "{{vex}} vpdpbusd ymm11, ymm12, ymm13"
            ),
            "dec {n}",
            "jnz 2b",
            n = inout(reg) n.div_ceil(12).max(1) => _,
            out("ymm0") _, out("ymm1") _, out("ymm2") _, out("ymm3") _, out("ymm4") _, out("ymm5") _,
            out("ymm6") _, out("ymm7") _, out("ymm8") _, out("ymm9") _, out("ymm10") _, out("ymm11") _,
            options(nostack, nomem)
        );
    }
    0
}

/// `n` pairs of `vpmaddwd` and `vpaddd` of 256 bits: exact products of 16 codes each.
#[target_feature(enable = "avx2")]
pub fn madd256(n: u64) -> u64 {
    // SAFETY: registers only; needs AVX2, as the caller checked.
    unsafe {
        asm!(
            "2:",
            twelve!(
                "vpmaddwd ymm8, ymm14, ymm15", "vpaddd ymm0, ymm0, ymm8", "vpmaddwd ymm9, ymm14, ymm15",
                "vpaddd ymm1, ymm1, ymm9", "vpmaddwd ymm10, ymm14, ymm15", "vpaddd ymm2, ymm2, ymm10",
                "vpmaddwd ymm11, ymm14, ymm15", "vpaddd ymm3, ymm3, ymm11", "vpmaddwd ymm12, ymm14, ymm15",
                "vpaddd ymm4, ymm4, ymm12", "vpmaddwd ymm13, ymm14, ymm15", "vpaddd ymm5, ymm5, ymm13",
                "vpmaddwd ymm8, ymm14, ymm15", "vpaddd ymm6, ymm6, ymm8", "vpmaddwd ymm9, ymm14, ymm15",
                "vpaddd ymm7, ymm7, ymm9"
            ),
            "dec {n}",
            "jnz 2b",
            n = inout(reg) n.div_ceil(8).max(1) => _,
            out("ymm0") _, out("ymm1") _, out("ymm2") _, out("ymm3") _, out("ymm4") _, out("ymm5") _,
            out("ymm6") _, out("ymm7") _, out("ymm8") _, out("ymm9") _, out("ymm10") _, out("ymm11") _,
            out("ymm12") _, out("ymm13") _,
            options(nostack, nomem)
        );
    }
    0
}

#[repr(align(64))]
struct Config([u8; 64]);

/// `n` `tdpbsud` of full tiles, on four sums. AMX must be there and allowed to this process.
pub fn amx(n: u64) -> u64 {
    let mut config = Config([0; 64]);
    config.0[0] = 1;
    for i in 0..8 {
        config.0[16 + 2 * i] = 64;
        config.0[48 + i] = 16;
    }
    // SAFETY: `config` is a valid 64-byte configuration; the rest is tile registers, freed again at the end.
    unsafe {
        asm!(
            "ldtilecfg [{c}]",
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "tilezero tmm4", "tilezero tmm5", "tilezero tmm6", "tilezero tmm7",
            "2:",
            "tdpbsud tmm0, tmm4, tmm6",
            "tdpbsud tmm1, tmm4, tmm7",
            "tdpbsud tmm2, tmm5, tmm6",
            "tdpbsud tmm3, tmm5, tmm7",
            "dec {n}",
            "jnz 2b",
            "tilerelease",
            c = in(reg) &config,
            n = inout(reg) n.div_ceil(4).max(1) => _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }
    0
}
