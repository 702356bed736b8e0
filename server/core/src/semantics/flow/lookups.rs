//! What a lookup by a key says of the key.

use crate::semantics::hir::{ExprId, ExprKind, Lit};

use super::guard::{Facts, Learned};
use super::interp::Interp;
use super::kinds::{SinkKind, SinkKinds};
use super::value::Val;

/// `table[key]`, where the program wrote down what the table holds: what is found in it has one of its keys, or the name of
/// something that all objects have.
pub(super) fn looked_up(interp: &mut Interp<'_>, id: ExprId) -> Option<(ExprId, Learned)> {
    let ExprKind::Index(table, key) = interp.hir.expr(id).kind else { return None };
    if !interp.is_place(table) || interp.world.casts_convert() {
        return None;
    }
    let table = interp.eval(table);
    let written = table.fields().next().is_some() || table.apis.iter().any(|p| p.as_str().ends_with(".json"));
    let names = SinkKind::PropertyKey.set() | SinkKind::PrototypeBase.set() | SinkKind::MethodName.set();
    (written && !table.has_taint()).then_some((key, Learned::Clean(SinkKinds(SinkKinds::ALL.0 & !names.0))))
}

/// `const row = table[key]; if (row === undefined) return;`
pub(super) fn found_nothing(interp: &Interp<'_>, facts: &mut Facts, sides: [(ExprId, &Val); 2]) {
    for (place, other) in sides {
        if matches!(other.as_lit(), Some(Lit::Null | Lit::Undefined))
            && let ExprKind::Local(local) = &interp.hir.expr(place).kind
            && let Some((yes, _)) = interp.told.get(local)
        {
            facts.when_false.extend(yes.iter().cloned());
        }
    }
}
