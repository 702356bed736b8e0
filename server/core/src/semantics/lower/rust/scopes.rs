//! Which variable a name means.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::semantics::hir::{LocalId, Ustr};

/// The open scopes. Binding and leaving cost as much as the names that are bound, finding costs one look-up.
#[derive(Default)]
pub(super) struct Scopes {
    bound: FxHashMap<Ustr, Vec<LocalId>>,
    order: Vec<Ustr>,
}

/// An open scope, to be given back to [`Scopes::leave`].
pub(super) struct Scope(usize);

impl Scopes {
    pub(super) fn enter(&self) -> Scope {
        Scope(self.order.len())
    }

    pub(super) fn leave(&mut self, scope: Scope) {
        for name in self.order.drain(scope.0.min(self.order.len())..) {
            if let Some(stack) = self.bound.get_mut(&name) {
                stack.pop();
            }
        }
    }

    /// Binds a name in the innermost scope; an earlier variable of that name is hidden until the scope is left.
    pub(super) fn bind(&mut self, name: Ustr, id: LocalId) {
        self.bound.entry(name).or_default().push(id);
        self.order.push(name);
    }

    /// The names in scope with their variables, the last bound first.
    pub(super) fn visible(&self) -> impl Iterator<Item = (Ustr, LocalId)> + '_ {
        let mut seen = FxHashSet::default();
        let names = self.order.iter().rev().filter(move |name| seen.insert(**name));
        names.filter_map(|name| Some((*name, *self.bound.get(name)?.last()?)))
    }

    pub(super) fn find(&self, name: &str) -> Option<LocalId> {
        // A name that was never interned was never bound.
        let name = Ustr::from_existing(name)?;
        self.bound.get(&name)?.last().copied()
    }
}
