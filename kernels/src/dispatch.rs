use std::sync::OnceLock;

use crate::Error;
use crate::isa::Table;
use crate::line::{Code, LINE, Line, Rows, check_dim, cosine, inv_norm, lines_for};
use crate::panel::{Panel, PanelHit};
use crate::signs::Signs;
use crate::topk::{Hit, TopK};

/// The variable that forces an instruction set, by [`Isa::name`].
pub const ISA_VARIABLE: &str = "SIDENOTE_ISA";

/// An instruction set that kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Plain Rust, everywhere.
    Scalar,
    /// AVX2 and FMA.
    Avx2,
    /// AVX2 with the dot-product instruction on 256 bits.
    AvxVnni,
    /// AVX-512 F, BW, VL, VNNI and VPOPCNTDQ.
    Avx512Vnni,
    /// AVX-512 as above, and tiles for the panel product.
    Amx,
    /// Armv8.0 NEON.
    Neon,
    /// NEON with `sdot`.
    NeonDotprod,
    /// WebAssembly's 128-bit SIMD.
    WasmSimd128,
}

impl Isa {
    /// All of them, slowest first on each architecture.
    pub const ALL: [Isa; 8] = [
        Isa::Scalar,
        Isa::Avx2,
        Isa::AvxVnni,
        Isa::Avx512Vnni,
        Isa::Amx,
        Isa::Neon,
        Isa::NeonDotprod,
        Isa::WasmSimd128,
    ];

    /// The name that [`ISA_VARIABLE`] takes.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Avx2 => "avx2",
            Isa::AvxVnni => "avxvnni",
            Isa::Avx512Vnni => "avx512vnni",
            Isa::Amx => "amx",
            Isa::Neon => "neon",
            Isa::NeonDotprod => "neon-dotprod",
            Isa::WasmSimd128 => "wasm-simd128",
        }
    }

    /// Whether this machine has it, by asking the CPU (and for AMX the kernel).
    pub fn is_available(self) -> bool {
        match self {
            Isa::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni => Isa::Avx2.is_available() && is_x86_feature_detected!("avxvnni"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
                    && is_x86_feature_detected!("avx512vpopcntdq")
            }
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Isa::Amx => crate::isa::amx_available(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDotprod => Isa::Neon.is_available() && std::arch::is_aarch64_feature_detected!("dotprod"),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::WasmSimd128 => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// Those that this machine has.
    pub fn available() -> impl Iterator<Item = Isa> {
        Isa::ALL.into_iter().filter(|isa| isa.is_available())
    }
}

impl std::str::FromStr for Isa {
    type Err = Error;

    fn from_str(s: &str) -> Result<Isa, Error> {
        Isa::ALL.into_iter().find(|isa| isa.name() == s).ok_or_else(|| Error::Isa(s.to_owned()))
    }
}

/// The kernels of one instruction set. All sets return the same integers, and so the same scores, codes and hits.
///
/// A value exists only for an instruction set that the machine has: that is what every `SAFETY` below stands on.
#[derive(Clone, Copy)]
pub struct Kernels(&'static Table);

impl std::fmt::Debug for Kernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Kernels").field(&self.0.isa).finish()
    }
}

impl Kernels {
    /// The best that this machine has, or what [`ISA_VARIABLE`] forces; chosen once a process.
    ///
    /// A forced set that is unknown or not available is ignored; [`Kernels::isa`] tells what was chosen.
    pub fn get() -> Kernels {
        static CHOSEN: OnceLock<Kernels> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let forced = std::env::var(ISA_VARIABLE).ok().and_then(|name| name.parse().ok());
            let best = || Isa::available().filter_map(|isa| Kernels::for_isa(isa).ok()).last();
            forced.and_then(|isa| Kernels::for_isa(isa).ok()).or_else(best).unwrap_or(Kernels::scalar())
        })
    }

    /// The reference kernels.
    pub fn scalar() -> Kernels {
        Kernels(Table::scalar())
    }

    /// The kernels of one instruction set.
    ///
    /// # Errors
    /// [`Error::Isa`] where the machine lacks it.
    pub fn for_isa(isa: Isa) -> Result<Kernels, Error> {
        let missing = || Error::Isa(isa.name().to_owned());
        if !isa.is_available() {
            return Err(missing());
        }
        Table::of(isa).map(Kernels).ok_or_else(missing)
    }

    /// Which instruction set this is.
    pub fn isa(self) -> Isa {
        self.0.isa
    }

    /// The mean of `rows`, shape `[n, dim]`; rows are added in order, without FMA, so every ISA rounds alike.
    ///
    /// # Errors
    /// [`Error::Dimension`] for a bad `dim` or when `rows` is empty or no whole number of rows.
    pub fn pool_dense(self, rows: &[f32], dim: usize) -> Result<Vec<f32>, Error> {
        check_dim(dim)?;
        let n = rows.len() / dim;
        if n == 0 || rows.len() != n * dim {
            return Err(Error::Dimension { expected: dim, found: rows.len() });
        }
        let mut acc = vec![0.0; dim];
        // SAFETY: `self` exists, so the machine has this instruction set.
        unsafe { (self.0.pool_dense)(rows, &mut acc) };
        let inv = 1.0 / n as f32;
        acc.iter_mut().for_each(|x| *x *= inv);
        Ok(acc)
    }

    /// Centres `pooled` by `mean`, and quantises it.
    ///
    /// `x = pooled - mean`, `q = round_ties_even(127 x / max|x|)`. Centring is not optional: uncentred vectors share
    /// one large component that eats the code range. With `kappa = sqrt(dim) max|x| / |x|` the relative rounding
    /// error is `e <= kappa / 254` and a cosine moves by at most `2 e + e^2`. A vector equal to the mean becomes the zero code,
    /// which is never a hit.
    ///
    /// # Errors
    /// [`Error::Dimension`] when the lengths differ or are impossible; [`Error::NonFinite`] for a NaN or infinity,
    /// given or arising.
    pub fn finish(self, mut pooled: Vec<f32>, mean: &[f32]) -> Result<Code, Error> {
        self.finish_in_place(&mut pooled, mean)
    }

    pub(crate) fn finish_in_place(self, x: &mut [f32], mean: &[f32]) -> Result<Code, Error> {
        let dim = mean.len();
        check_dim(dim)?;
        if x.len() != dim {
            return Err(Error::Dimension { expected: dim, found: x.len() });
        }
        // SAFETY: `self` exists, so the machine has this instruction set.
        let (max, finite) = unsafe { (self.0.centre)(x, mean) };
        if !finite {
            return Err(Error::NonFinite { at: x.iter().position(|x| !x.is_finite()).unwrap_or(0) });
        }
        let mut lines = vec![Line::ZERO; lines_for(dim)];
        if max == 0.0 {
            return Ok(Code { dim, lines, inv_norm: 0.0, sum: 0 });
        }
        // Keeps 127 / max finite and normal, from the smallest subnormal to the largest float; a power of two is exact.
        let pre = match max {
            m if m < 1e-30 => 2.0f32.powi(100),
            m if m > 1e30 => 2.0f32.powi(-100),
            _ => 1.0,
        };
        let scale = 127.0 / (max * pre);
        // SAFETY: as above.
        let (square, sum) = unsafe { (self.0.quantise)(x, pre, scale, &mut lines) };
        Ok(Code { dim, lines, inv_norm: inv_norm(square), sum })
    }

    /// Sums the rows `ids` of a table (`lines_per_row` lines each) into `acc`. Used through [`crate::StaticTable`].
    pub(crate) fn gather(self, table: &[Line], lines_per_row: usize, ids: &[u32], acc: &mut [i32]) {
        debug_assert_eq!(acc.len(), lines_per_row * LINE);
        // SAFETY: `self` exists, so the machine has this instruction set.
        unsafe { (self.0.pool_gather)(table, lines_per_row, ids, acc) }
    }

    /// The exact dot product of two code vectors.
    ///
    /// # Errors
    /// [`Error::Dimension`] when they differ in dimension.
    pub fn dot(self, a: &Code, b: &Code) -> Result<i32, Error> {
        same_dim(a.dim, b.dim)?;
        Ok(self.dot_lines(&a.lines, &b.lines))
    }

    pub(crate) fn dot_lines(self, a: &[Line], b: &[Line]) -> i32 {
        // SAFETY: `self` exists, so the machine has this instruction set.
        unsafe { (self.0.dot)(a, b) }
    }

    /// The cosine of two code vectors, symmetric, and 0 if either is the zero vector.
    ///
    /// # Errors
    /// [`Error::Dimension`] when they differ in dimension.
    pub fn cosine(self, a: &Code, b: &Code) -> Result<f32, Error> {
        Ok(cosine(self.dot(a, b)?, a.inv_norm, b.inv_norm))
    }

    /// The `k` rows of highest cosine with `query`, best first, ties by row. Zero vectors are never among them.
    ///
    /// # Errors
    /// [`Error::Dimension`] when the dimensions differ.
    pub fn scan_topk(self, query: &Code, rows: Rows<'_>, k: usize) -> Result<Vec<Hit>, Error> {
        same_dim(query.dim, rows.dim)?;
        let mut top = TopK::new(k);
        self.scan_into(query, rows, 0, &mut top, u128::from);
        Ok(top.into_hits())
    }

    /// Scans `rows`, numbered from `first`, into `top`; equal scores are ordered by `tie`.
    pub(crate) fn scan_into(self, query: &Code, rows: Rows<'_>, first: u32, top: &mut TopK, tie: impl Fn(u32) -> u128) {
        /// Rows between two looks at the threshold: their products stay in L1.
        const BLOCK: usize = 256;
        if query.inv_norm == 0.0 || top.capacity() == 0 {
            return;
        }
        let n = lines_for(rows.dim);
        let mut dots = [0i32; BLOCK];
        for start in (0..rows.len()).step_by(BLOCK) {
            let end = rows.len().min(start + BLOCK);
            let dots = &mut dots[..end - start];
            let inv = &rows.inv_norms[start..end];
            // The scan's product is rounded in another order than `cosine`: leave it two roundings of room.
            let bound = top.bound();
            let threshold = (bound - bound.abs() * 1e-6) / query.inv_norm;
            // SAFETY: `self` exists, so the machine has this instruction set. All lines from `start` on are passed,
            // so that the prefetch of the next block stays inside.
            let any = unsafe { (self.0.scan)(&query.lines, query.sum, &rows.lines[start * n..], inv, threshold, dots) };
            if !any {
                continue;
            }
            for (i, (&dot, &inv)) in dots.iter().zip(inv).enumerate() {
                if inv != 0.0 && dot as f32 * inv >= threshold {
                    let row = first + (start + i) as u32;
                    top.offer(cosine(dot, query.inv_norm, inv), tie(row), row);
                }
            }
        }
    }

    /// Pairs of a packed query and a row with `dot as f32 * scale[query] >= thresholds[row]`, sorted by row, then
    /// query.
    ///
    /// For cosines over `tau` with a panel from [`Panel::pack`], a row's threshold is `tau / inv_norm`. A NaN
    /// threshold admits nothing. The test is the same `f32` arithmetic on every ISA.
    ///
    /// # Errors
    /// [`Error::Dimension`] when the dimensions differ, or there is not one threshold a row.
    pub fn panel_gt(self, panel: &Panel, rows: Rows<'_>, thresholds: &[f32]) -> Result<Vec<PanelHit>, Error> {
        same_dim(panel.dim(), rows.dim)?;
        if thresholds.len() != rows.len() {
            return Err(Error::Dimension { expected: rows.len(), found: thresholds.len() });
        }
        let mut hits = Vec::new();
        self.panel_into(panel, rows, thresholds, &mut hits);
        hits.sort_unstable_by_key(|h| (h.row, h.query));
        Ok(hits)
    }

    /// As [`Kernels::panel_gt`], appending in no particular order.
    pub(crate) fn panel_into(self, panel: &Panel, rows: Rows<'_>, thresholds: &[f32], hits: &mut Vec<PanelHit>) {
        assert!(panel.dim() == rows.dim && thresholds.len() == rows.len());
        // SAFETY: `self` exists, so the machine has this instruction set.
        unsafe { (self.0.panel_gt)(panel.as_ref(), rows, thresholds, hits) }
    }

    /// Rows of `corpus` within `max` differing bits of `query`, as `(row, distance)` by row.
    ///
    /// # Errors
    /// [`Error::Dimension`] when the dimensions differ.
    pub fn hamming_scan(self, query: &Code, corpus: &Signs, max: u32) -> Result<Vec<(u32, u32)>, Error> {
        same_dim(query.dim, corpus.dim())?;
        let mut hits = Vec::new();
        // SAFETY: `self` exists, so the machine has this instruction set.
        unsafe { (self.0.hamming)(&Signs::of(query), corpus.groups(), max, &mut hits) };
        // The last group may be padded with rows that are not there.
        while hits.last().is_some_and(|&(row, _)| row as usize >= corpus.len()) {
            hits.pop();
        }
        Ok(hits)
    }

    /// Codes of `x * scale`; `x` is finite.
    pub(crate) fn quantise(self, x: &[f32], scale: f32, out: &mut [Line]) -> (i64, i32) {
        // SAFETY: `self` exists, so the machine has this instruction set.
        unsafe { (self.0.quantise)(x, 1.0, scale, out) }
    }

    /// `a [n, k] x b [k, m]`, `m` a multiple of 16; rounding differs between ISAs.
    pub(crate) fn matmul(self, a: &[f32], k: usize, b: &[f32], m: usize, out: &mut [f32]) {
        assert!(k > 0 && m.is_multiple_of(16) && b.len() == k * m && a.len() / k * m == out.len());
        // SAFETY: `self` exists, so the machine has this instruction set.
        unsafe { (self.0.matmul)(a, k, b, m, out) }
    }
}

fn same_dim(expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Dimension { expected, found }) }
}
