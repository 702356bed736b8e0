//! stub
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
