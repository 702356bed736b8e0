//! stub
mod dispatch;
mod error;
mod generic;
mod isa;
mod line;
mod panel;
mod signs;
mod simd;
mod topk;

pub use dispatch::{ISA_VARIABLE, Isa, Kernels};
pub use error::Error;
pub use line::{Code, Codes, Line, Rows};
pub use panel::{PANEL, Panel, PanelHit};
pub use signs::Signs;
pub use topk::Hit;

/// The largest dimension: keeps every biased product below 255 * 127 * 32,768 = 1.07e9 < 2^31.
pub const MAX_DIM: usize = 32_768;
