//! Vectors of blocks, from floats to decisions: pool, centre, quantise to int8; dot products, exact top-k, all pairs above a
//! threshold, Hamming scans, and a static tier that embeds a block with no model run. This crate knows nothing of
//! files (but an [`Index`]'s own), blocks or models.
//!
//! # Shape
//! Three storeys, as in memchr. `generic` holds each algorithm once, over the vector primitives of `simd::Simd`.
//! `isa` has the primitives of each instruction set and stamps thin shells, which are safe `#[target_feature]`
//! functions over slices of [`Line`]; and one table of shells an instruction set. [`Kernels`] is a handle to a table: the
//! best is chosen once a process, and called once a panel or a scan, never once a vector. `SIDENOTE_ISA` forces one.
//!
//! | instruction set | dot product of codes | register tile (rows x lanes) |
//! |---|---|---|
//! | scalar | plain Rust | 4 x 4 |
//! | AVX2 | split even and odd codes, `vpmaddwd`; panels behind a bound by `vpmaddubsw` on halved codes | 8 x 8 |
//! | AVX-VNNI | `vpdpbusd`, 256 bits | 6 x 16 |
//! | AVX-512 VNNI | `vpdpbusd`, 512 bits | 6 x 64 |
//! | AMX | `tdpbsud` for panels, AVX-512 for the rest | 32 x 32 |
//! | NEON | `smull`, `smlal`, `sadalp` | 4 x 16 |
//! | NEON dotprod | `sdot` | 5 x 16 |
//! | WebAssembly simd128 | `i32x4.dot_i16x8_s`; scans `i16x8.extmul` | 4 x 8 |
//!
//! # Exactness
//! Everything after quantisation is integer arithmetic, or `f32` arithmetic done in one order on every instruction set. So
//! dots, scores, hits, pairs and codes are the same bits everywhere; tests compare them. Only sketches differ in
//! their last bits, and they are bounds with slack, verified by full dot products.
//!
//! # The tricks, and why they hold
//! - **One unsigned side.** `vpdpbusd` multiplies unsigned by signed bytes. A panel's codes are stored raised by 128
//!   (`q ^ 0x80`), and `sum (q + 128) r = dot + 128 sum r`: accumulators start at `-128 sum r`, kept a row. Scans raise the rows
//!   instead, for `128 sum q` is one number a scan.
//! - **No overflow.** Codes are in -127..=127 and `dim <= MAX_DIM`, so the raised sum is at most
//!   255 * 127 * 32,768 = 1.07e9 < 2^31.
//! - **Rounding without a rounding instruction.** `x + 1.5 * 2^23` leaves the nearest integer, ties to even, in the low
//!   mantissa bits, for any |x| < 2^22; the same on SSE2 and AVX-512.
//! - **A hit test of one AND.** Accumulators also start at `-bound(row)`, the least product that some query of the panel
//!   could hit with; if all stay negative no query hit. The exact test, `dot as f32 * scale >= threshold`, runs
//!   only behind it.
//! - **A bound that is cheaper than the product** (AVX2): codes without their last bit, two steps of which fit 16 bits. What is left out
//!   is at most `sqrt(dim) / 2` times the two norms; a tile that it does not rule out is computed again in full (`isa/filter.rs`).
//! - **Quantisation error.** With `kappa = sqrt(dim) max|x| / |x|`, the relative error of a vector is
//!   `e <= kappa / 254`: each code is off by at most half a step of `max|x| / 127`, so `|error| <= sqrt(dim) max|x| / 254`.
//!   A cosine moves by at most `2 e + e^2`.
//! - **Sketches** bound cosines from above by Cauchy-Schwarz: see [`Sketcher`].
//!
//! # Unsafe
//! Three kinds, each with its SAFETY: loads and stores behind references of the vector's length, calls through the
//! table (a [`Kernels`] exists only where its instructions do), and register-only intrinsics behind a token that only
//! code compiled for the instruction set can make. Besides: the tile `asm!`, two casts of lines, one of
//! bounded floats, and the file mapping. There are 31 blocks; a test counts them.
//!
//! # Example
//! ```
//! use sidenote_kernels::{Codes, Kernels};
//!
//! let kernels = Kernels::get();
//! let mut codes = Codes::new(3)?;
//! for x in [[1.0, 0.0, 0.2], [0.9, 0.1, 0.2], [-1.0, 0.5, 0.0]] {
//!     codes.push(&kernels.finish(x.to_vec(), &[0.0; 3])?)?;
//! }
//! let query = kernels.finish(vec![1.0, 0.0, 0.1], &[0.0; 3])?;
//! let hits = kernels.scan_topk(&query, codes.as_rows(), 2)?;
//! assert_eq!([hits[0].row, hits[1].row], [0, 1]);
//! assert_eq!(kernels.pairs_above(codes.as_rows(), 0.9, 100)?.len(), 1);
//! # Ok::<(), sidenote_kernels::Error>(())
//! ```

mod dispatch;
mod error;
mod generic;
mod index;
mod isa;
mod lexer;
mod line;
mod pairs;
mod panel;
mod rowset;
mod signs;
mod simd;
mod sketch;
mod topk;

pub use dispatch::{ISA_VARIABLE, Isa, Kernels};
pub use error::Error;
pub use index::{Index, Key, KeyPair, Neighbour, SharedIndex};
pub use lexer::{StaticTable, lex};
pub use line::{Code, Codes, Line, Rows};
pub use pairs::Pair;
pub use panel::{PANEL, Panel, PanelHit};
pub use signs::Signs;
pub use sketch::{Sketch, Sketcher};
pub use topk::Hit;

/// The largest dimension: keeps every biased product below 255 * 127 * 32,768 = 1.07e9 < 2^31.
pub const MAX_DIM: usize = 32_768;
