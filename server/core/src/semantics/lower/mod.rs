//! Lowering: from a block's syntax to its [`Hir`].

mod ecma;
mod rust;

use std::cell::Cell;

use sidenote_grammars::Family;

use super::hir::{Expr, Hir};
use crate::blocks::Block;

/// Nesting of syntax beyond which a part is skipped and reported; lowering recurses over it.
pub const MAX_DEPTH: usize = 200;

/// Expressions of which a thread keeps the room for the next block.
const EXPRS_KEPT: usize = 1 << 14;

thread_local! {
    /// Where a block's expressions come together. How many there will be is not known before, and room that grows and is given back
    /// costs as much as the lowering.
    static EXPRS: Cell<Vec<Expr>> = const { Cell::new(Vec::new()) };
}

/// Lowers a block. Never fails: what it cannot make sense of becomes opaque.
pub fn lower(block: &Block) -> Hir {
    let hir = Hir { exprs: EXPRS.take(), ..Hir::default() };
    let mut hir = match block.arena().language().family {
        Family::Ecma => ecma::lower(block, hir),
        Family::Rust => rust::lower(block, hir),
    };
    // It lives as long as the block.
    let mut exprs = std::mem::take(&mut hir.exprs);
    hir.exprs = Vec::with_capacity(exprs.len());
    hir.exprs.append(&mut exprs);
    if exprs.capacity() <= EXPRS_KEPT {
        EXPRS.set(exprs);
    }
    hir.shrink();
    hir
}
