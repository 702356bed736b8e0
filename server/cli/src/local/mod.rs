//! What local models serve: search, likeness, and the models themselves.

mod blocks;
pub mod confidence;
mod encoder;
pub mod eval;
pub mod measure;
pub mod replay;

pub use blocks::{CodeBlock, collect};
pub use encoder::{Encoder, folders, program, wanted};
