//! Thin shells: the generic algorithms, stamped once per instruction set, and the table that holds them.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
#[cfg(target_arch = "x86_64")]
mod filter;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::line::Line;
use crate::panel::PanelRef;
use crate::{Isa, PanelHit, Rows};

pub(crate) type DotFn = unsafe fn(&[Line], &[Line]) -> i32;
pub(crate) type ScanFn = unsafe fn(&[Line], i32, &[Line], &[f32], f32, &mut [i32]) -> bool;
pub(crate) type PanelFn = unsafe fn(PanelRef<'_>, Rows<'_>, &[f32], &mut Vec<PanelHit>);
pub(crate) type HammingFn = unsafe fn(&[u64], &[Line], u32, &mut Vec<(u32, u32)>);
pub(crate) type MatmulFn = unsafe fn(&[f32], usize, &[f32], usize, &mut [f32]);
pub(crate) type GatherFn = unsafe fn(&[Line], usize, &[u32], &mut [i32]);
pub(crate) type DenseFn = unsafe fn(&[f32], &mut [f32]);
pub(crate) type CentreFn = unsafe fn(&mut [f32], &[f32]) -> (f32, bool);
pub(crate) type QuantiseFn = unsafe fn(&[f32], f32, f32, &mut [Line]) -> (i64, i32);

/// One instruction set's kernels. Each may be called only where [`Isa::is_available`] holds for `isa`, with slices of
/// agreeing lengths (a wrong length panics, it does not read past an end).
pub(crate) struct Table {
    pub(crate) isa: Isa,
    pub(crate) dot: DotFn,
    pub(crate) scan: ScanFn,
    pub(crate) panel_gt: PanelFn,
    pub(crate) hamming: HammingFn,
    pub(crate) matmul: MatmulFn,
    pub(crate) pool_gather: GatherFn,
    pub(crate) pool_dense: DenseFn,
    pub(crate) centre: CentreFn,
    pub(crate) quantise: QuantiseFn,
}

/// `shells!(module, token type, isa, rows x vectors x steps of the register tile, feature attribute)`.
macro_rules! shells {
    ($name:ident, $token:path, $isa:expr, $mr:literal x $nv:literal x $unroll:literal, $(#[$feature:meta])?) => {
        pub(crate) mod $name {
            use $token as Token;
            use crate::generic;
            use crate::isa::Table;
            use crate::line::Line;
            use crate::panel::PanelRef;
            use crate::{Isa, PanelHit, Rows};

            $(#[$feature])?
            fn dot(a: &[Line], b: &[Line]) -> i32 {
                generic::dot(Token::token(), a, b)
            }

            $(#[$feature])?
            fn scan(q: &[Line], sum: i32, rows: &[Line], scales: &[f32], t: f32, out: &mut [i32]) -> bool {
                generic::scan(Token::token(), q, sum, rows, scales, t, out)
            }

            $(#[$feature])?
            pub(super) fn panel_gt(panel: PanelRef<'_>, rows: Rows<'_>, t: &[f32], out: &mut Vec<PanelHit>) {
                generic::panel_gt::<_, $mr, $nv, $unroll>(Token::token(), panel, rows, t, out)
            }

            $(#[$feature])?
            fn hamming(query: &[u64], groups: &[Line], max: u32, out: &mut Vec<(u32, u32)>) {
                generic::hamming(Token::token(), query, groups, max, out)
            }

            $(#[$feature])?
            fn matmul(a: &[f32], k: usize, b: &[f32], m: usize, out: &mut [f32]) {
                generic::matmul(Token::token(), a, k, b, m, out)
            }

            $(#[$feature])?
            fn pool_gather(table: &[Line], lines: usize, ids: &[u32], acc: &mut [i32]) {
                generic::pool_gather(Token::token(), table, lines, ids, acc)
            }

            $(#[$feature])?
            fn pool_dense(rows: &[f32], acc: &mut [f32]) {
                generic::pool_dense(rows, acc)
            }

            $(#[$feature])?
            fn centre(x: &mut [f32], mean: &[f32]) -> (f32, bool) {
                generic::centre(x, mean)
            }

            $(#[$feature])?
            fn quantise(x: &[f32], pre: f32, scale: f32, out: &mut [Line]) -> (i64, i32) {
                generic::quantise(x, pre, scale, out)
            }

            pub(crate) static TABLE: Table = Table {
                isa: $isa,
                dot,
                scan,
                panel_gt,
                hamming,
                matmul,
                pool_gather,
                pool_dense,
                centre,
                quantise,
            };
        }
    };
}

shells!(scalar_shells, crate::isa::scalar::Scalar, Isa::Scalar, 4 x 1 x 1,);

#[cfg(target_arch = "x86_64")]
shells!(avx2, crate::isa::x86::Avx2, Isa::Avx2, 8 x 1 x 4, #[target_feature(enable = "avx2,fma")]);

#[cfg(target_arch = "x86_64")]
shells!(avx_vnni, crate::isa::x86::AvxVnni, Isa::AvxVnni, 6 x 2 x 4, #[target_feature(enable = "avx2,fma,avxvnni")]);

#[cfg(target_arch = "x86_64")]
shells!(avx512, crate::isa::x86::Avx512, Isa::Avx512Vnni, 6 x 4 x 4,
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx512vpopcntdq")]);

#[cfg(target_arch = "aarch64")]
shells!(neon_shells, crate::isa::neon::Neon, Isa::Neon, 4 x 4 x 4, #[target_feature(enable = "neon")]);

#[cfg(target_arch = "aarch64")]
shells!(dotprod, crate::isa::neon::Dotprod, Isa::NeonDotprod, 5 x 4 x 4, #[target_feature(enable = "neon,dotprod")]);

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
shells!(wasm_shells, crate::isa::wasm::Simd128, Isa::WasmSimd128, 4 x 2 x 4, #[target_feature(enable = "simd128")]);

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) use amx::{TABLE as AMX, available as amx_available};

impl Table {
    pub(crate) fn scalar() -> &'static Table {
        &scalar_shells::TABLE
    }

    /// The kernels of `isa`, if this target can have them at all.
    pub(crate) fn of(isa: Isa) -> Option<&'static Table> {
        Some(match isa {
            Isa::Scalar => &scalar_shells::TABLE,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => &filter::TABLE,
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni => &avx_vnni::TABLE,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni => &avx512::TABLE,
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Isa::Amx => &AMX,
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => &neon_shells::TABLE,
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDotprod => &dotprod::TABLE,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::WasmSimd128 => &wasm_shells::TABLE,
            #[allow(unreachable_patterns)]
            _ => return None,
        })
    }
}
