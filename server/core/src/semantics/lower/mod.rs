//! Lowering: from a block's syntax to its [`Hir`].

mod ecma;
mod rust;

use sidenote_grammars::Family;

use super::hir::Hir;
use crate::blocks::Block;

/// Nesting of syntax beyond which a part is skipped and reported; lowering recurses over it.
pub const MAX_DEPTH: usize = 200;

/// Lowers a block. Never fails: what it cannot make sense of becomes opaque.
pub fn lower(block: &Block) -> Hir {
    let mut hir = match block.arena().language().family {
        Family::Ecma => ecma::lower(block),
        Family::Rust => rust::lower(block),
    };
    // It lives as long as the block.
    hir.shrink();
    hir
}
