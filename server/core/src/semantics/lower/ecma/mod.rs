use crate::blocks::Block;
use crate::semantics::hir::Hir;

pub(super) fn lower(_block: &Block) -> Hir {
    Hir::default()
}
