//! The state of the program at a point: what every variable holds.

use std::sync::Arc;

use crate::semantics::hir::Ustr;

use super::value::{Val, join};

/// What is known at a point of the program. Joining two states is what happens where two ways meet.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// By [`crate::semantics::hir::LocalId`].
    pub locals: Vec<Val>,
    /// Outer variables that were written or refined here.
    pub names: Vec<(Ustr, Val)>,
    /// `this`.
    pub this: Val,
    /// Whether the point can be reached.
    pub live: bool,
}

impl State {
    pub(super) fn name(&self, name: Ustr) -> Option<&Val> {
        self.names.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    pub(super) fn set_name(&mut self, name: Ustr, value: Val) {
        match self.names.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.names.push((name, value)),
        }
    }

    /// Joins another state into this one; `outer` tells what an outer variable holds where one side left it alone.
    pub(super) fn join(&mut self, other: &State, outer: &dyn Fn(Ustr) -> Val) {
        if !other.live {
            return;
        }
        if !self.live {
            *self = other.clone();
            return;
        }
        for (mine, theirs) in self.locals.iter_mut().zip(&other.locals) {
            if !Arc::ptr_eq(mine, theirs) {
                *mine = join(mine, theirs);
            }
        }
        if !Arc::ptr_eq(&self.this, &other.this) {
            self.this = join(&self.this, &other.this);
        }
        for (name, value) in &mut self.names {
            let theirs = other.name(*name).cloned().unwrap_or_else(|| outer(*name));
            *value = join(value, &theirs);
        }
        for (name, value) in &other.names {
            if self.name(*name).is_none() {
                self.names.push((*name, join(value, &outer(*name))));
            }
        }
    }

    /// Whether nothing would change by joining `other`, given that `self` is such a join already.
    pub(super) fn same(&self, other: &State) -> bool {
        let eq = |a: &Val, b: &Val| Arc::ptr_eq(a, b) || a == b;
        self.live == other.live
            && eq(&self.this, &other.this)
            && self.locals.iter().zip(&other.locals).all(|(a, b)| eq(a, b))
            && self.names.len() == other.names.len()
            && self.names.iter().zip(&other.names).all(|(a, b)| a.0 == b.0 && eq(&a.1, &b.1))
    }
}

/// Joins into an optional state.
pub(super) fn join_into(slot: &mut Option<State>, state: &State, outer: &dyn Fn(Ustr) -> Val) {
    if state.live {
        match slot {
            Some(old) => old.join(state, outer),
            None => *slot = Some(state.clone()),
        }
    }
}
