//! AMX: the panel product on tiles, everything else as AVX-512. The intrinsics are not stable, so it is `asm!`.
//!
//! A tile register holds 16 rows of 64 bytes. `tdpbsud c, a, b` adds to `c[16][16]` the products of `a` (16 rows of
//! 64 signed codes: a corpus line of 16 rows, read in place by its stride) and `b` (16 steps of 16 queries x 4 biased
//! codes: 16 lines of a panel group, read in place). So the panel that AVX-512 reads needs no other form.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count};

use super::x86::Avx512;
use super::{Table, avx512};
use crate::generic;
use crate::line::{LINE, Line};
use crate::panel::PanelRef;
use crate::simd::Simd;
use crate::{Isa, PanelHit, Rows};

/// Rows and queries of one step: two tiles by two.
const SIDE: usize = 32;

/// Whether CPU and kernel have AMX-INT8, and the kernel lets this process use it (asked for once, here).
pub(crate) fn available() -> bool {
    if !Isa::Avx512Vnni.is_available() || __cpuid(0).eax < 7 {
        return false;
    }
    let tiles = __cpuid_count(7, 0).edx;
    if tiles >> 24 & 1 == 0 || tiles >> 25 & 1 == 0 {
        return false;
    }
    // arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA): tile data is 8 KiB of context, given only on request.
    let mut result: i64 = 158;
    // SAFETY: a system call that takes two integers and touches no memory of ours; rcx and r11 are clobbered.
    unsafe {
        asm!(
            "syscall",
            inout("rax") result, in("rdi") 0x1023, in("rsi") 18, out("rcx") _, out("r11") _,
            options(nostack, nomem)
        );
    }
    result == 0
}

#[repr(C, align(64))]
struct Config([u8; 64]);

/// Palette 1; eight tiles of 16 rows of 64 bytes.
static CONFIG: Config = {
    let mut c = [0; 64];
    c[0] = 1;
    let mut i = 0;
    while i < 8 {
        c[16 + 2 * i] = 64;
        c[48 + i] = 16;
        i += 1;
    }
    Config(c)
};

/// `[tile][row][query]`: tiles are rows 0..16 and 16..32 by queries 0..16 and 16..32.
#[repr(C, align(64))]
struct Products([[[i32; 16]; 16]; 4]);

/// Products of 32 rows (`rows` is `32 * lines` long) with two panel groups (each `16 * lines` long).
///
/// # Safety
/// [`available`] returned true, and the tile configuration of this thread is `CONFIG`.
#[inline(always)]
unsafe fn products(rows: &[Line], b0: &[Line], b1: &[Line], lines: usize, out: &mut Products) {
    assert!(lines > 0 && rows.len() >= SIDE * lines && b0.len() >= 16 * lines && b1.len() >= 16 * lines);
    // SAFETY: reads 32 rows of `lines` lines, 16 lines a step of both groups, all inside the slices just checked; writes the 4 KiB of `out`. Tile
    // registers belong to nobody else: the compiler never uses them.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a0} + {stride}*1]",
            "tileloadd tmm6, [{b0} + {line}*1]",
            "tileloadd tmm7, [{b1} + {line}*1]",
            "tileloadd tmm5, [{a1} + {stride}*1]",
            "tdpbsud tmm0, tmm4, tmm6",
            "tdpbsud tmm1, tmm4, tmm7",
            "tdpbsud tmm2, tmm5, tmm6",
            "tdpbsud tmm3, tmm5, tmm7",
            "add {a0}, 64",
            "add {a1}, 64",
            "add {b0}, 1024",
            "add {b1}, 1024",
            "dec {k}",
            "jnz 2b",
            "tilestored [{c} + {line}*1], tmm0",
            "tilestored [{c} + {line}*1 + 1024], tmm1",
            "tilestored [{c} + {line}*1 + 2048], tmm2",
            "tilestored [{c} + {line}*1 + 3072], tmm3",
            a0 = inout(reg) rows.as_ptr() => _,
            a1 = inout(reg) rows.as_ptr().add(16 * lines) => _,
            b0 = inout(reg) b0.as_ptr() => _,
            b1 = inout(reg) b1.as_ptr() => _,
            k = inout(reg) lines => _,
            c = in(reg) out.0.as_mut_ptr(),
            stride = in(reg) lines * LINE,
            line = in(reg) LINE,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512vpopcntdq")]
fn panel_gt(panel: PanelRef<'_>, rows: Rows<'_>, thresholds: &[f32], out: &mut Vec<PanelHit>) {
    let n = panel.lines;
    let whole = rows.len() / SIDE * SIDE;
    if whole > 0 && panel.groups() > 0 {
        let (bounds, starts) = generic::starts(panel, rows, thresholds, Avx512::PANEL_BIAS);
        // SAFETY: this table is handed out only where `available` said yes; `CONFIG` is 64 readable bytes.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &CONFIG, options(nostack, readonly)) };
        // Two, in turn: the hits of one are looked for while the tiles work on the other.
        let mut buffers = [Products([[[0; 16]; 16]; 4]), Products([[[0; 16]; 16]; 4])];
        let mut pending: Option<Block> = None;
        let mut turn = 0;
        for row in (0..whole).step_by(SIDE) {
            let lines = &rows.lines[row * n..(row + SIDE) * n];
            for group in (0..panel.groups()).step_by(2) {
                // An odd last group goes with itself; its second half is left unread.
                let second = (group + 1).min(panel.groups() - 1);
                let (b0, b1) = (panel.steps(group), panel.steps(second));
                // SAFETY: as above, and the configuration has been loaded.
                unsafe { products(lines, b0, b1, n, &mut buffers[turn]) };
                if let Some(block) = pending.replace(Block { group, second, row }) {
                    hits(&buffers[1 - turn], panel, block, &bounds, &starts, thresholds, out);
                }
                turn = 1 - turn;
            }
        }
        if let Some(block) = pending {
            hits(&buffers[1 - turn], panel, block, &bounds, &starts, thresholds, out);
        }
        // SAFETY: as above; it frees the tile state, which makes context switches cheap again.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
    let first = out.len();
    avx512::panel_gt(panel, rows.slice(whole..rows.len()), &thresholds[whole..], out);
    for hit in &mut out[first..] {
        hit.row += whole as u32;
    }
}

/// Which products a buffer holds.
#[derive(Clone, Copy)]
struct Block {
    group: usize,
    second: usize,
    row: usize,
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512vpopcntdq")]
fn hits(
    products: &Products,
    panel: PanelRef<'_>,
    Block { group, second, row }: Block,
    bounds: &[i32],
    starts: &[i32],
    thresholds: &[f32],
    out: &mut Vec<PanelHit>,
) {
    let s = Avx512::token();
    let starts = &starts[row..row + SIDE];
    let mut all = [s.splat(-1); 2];
    for (r, &start) in starts.iter().enumerate() {
        let start = s.splat(start);
        for (side, all) in all.iter_mut().enumerate() {
            *all = s.and(*all, s.add(s.load(&products.0[r / 16 * 2 + side][r % 16]), start));
        }
    }
    if s.all_negative(s.and(all[0], all[1])) {
        return;
    }
    let scales = [s.fload(&panel.scales[group * 16..]), s.fload(&panel.scales[second * 16..])];
    let sides = if second == group { 1 } else { 2 };
    for r in 0..SIDE {
        for (side, &scale) in scales.iter().enumerate().take(sides) {
            let less = s.add(s.load(&products.0[r / 16 * 2 + side][r % 16]), s.splat(starts[r]));
            if s.all_negative(less) {
                continue;
            }
            let dots = s.add(less, s.splat(bounds[row + r]));
            let mut mask = s.ge(dots, scale, s.fsplat(thresholds[row + r]));
            if mask == 0 {
                continue;
            }
            let mut stored = [0; 16];
            s.store(dots, &mut stored);
            while mask != 0 {
                let lane = mask.trailing_zeros() as usize & 15;
                mask &= mask - 1;
                let query = ((group + side) * 16 + lane) as u32;
                out.push(PanelHit { query, row: (row + r) as u32, dot: stored[lane] });
            }
        }
    }
}

pub(crate) static TABLE: Table = Table { isa: Isa::Amx, panel_gt, ..avx512::TABLE };
