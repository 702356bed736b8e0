//! Comparisons of what a text begins with: its first characters, the first folder of a path.

use crate::semantics::hir::{ExprId, ExprKind, Lit};

use super::guard::{Facts, Learned, is_normalized};
use super::interp::Interp;
use super::kinds::{SinkKind, SinkKinds};
use super::value::Val;

/// What a name may do as that of a member: none begins with a slash.
pub(super) const MEMBERS: SinkKinds =
    SinkKind::MethodName.set().and(SinkKind::PropertyKey.set()).and(SinkKind::PrototypeBase.set());

/// `to[0] === "/"`, `to.charAt(1) !== "/"`.
pub(super) fn first_characters(interp: &Interp<'_>, facts: &mut Facts, (place, other): (ExprId, &Val)) {
    let hir = interp.hir;
    let (base, at) = match &hir.expr(place).kind {
        ExprKind::Index(base, at) => (*base, *at),
        ExprKind::Call { callee, args, .. } => match (&hir.expr(*callee).kind, args.first()) {
            (ExprKind::Field(base, name), Some(at)) if matches!(name.as_str(), "charAt" | "at") => (*base, at.value),
            _ => return,
        },
        _ => return,
    };
    if other.as_str().is_none_or(|t| t != "/") {
        return;
    }
    match hir.expr(at).kind {
        ExprKind::Lit(Lit::Num(0.0)) => {
            facts.when_true.push((base, Learned::Clean(SinkKind::Rooted.set() | MEMBERS)));
        }
        ExprKind::Lit(Lit::Num(1.0)) => facts.when_false.push((base, Learned::Clean(SinkKind::OneSlash.set()))),
        _ => {}
    }
}

/// `normalized.split(path.sep)[0] === ".."`
pub(super) fn first_folder(interp: &mut Interp<'_>, facts: &mut Facts, (place, other): (ExprId, &Val)) {
    let hir = interp.hir;
    if let ExprKind::Index(parts, at) = &hir.expr(place).kind
        && matches!(hir.expr(*at).kind, ExprKind::Lit(Lit::Num(0.0)))
        && let ExprKind::Call { callee, .. } = &hir.expr(*parts).kind
        && let ExprKind::Field(base, name) = &hir.expr(*callee).kind
        && name == "split"
        && other.as_str().is_some_and(|t| t == "..")
        && is_normalized(interp.peek(*base).as_ref())
    {
        facts.when_false.push((*base, Learned::Clean(SinkKind::Path.set())));
    }
}
