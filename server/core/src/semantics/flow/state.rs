//! The state of the program at a point: what every variable holds.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::semantics::hir::{LocalId, Ustr};

use super::value::{Val, identical, join, unknown};

/// Most outer variables that are followed through one block; a block that touches more keeps the first.
const MAX_NAMES: usize = 96;

/// Variables in a chunk.
const CHUNK: usize = 32;

/// What every variable of a block holds. States share all of it, and then chunks, until one of them writes, so that a branch
/// costs what it touches and not what a long function or module declares.
#[derive(Clone, Debug, Default)]
pub(super) struct Locals {
    chunks: Arc<Vec<Arc<Vec<Val>>>>,
}

impl Locals {
    /// That many variables of which nothing is known.
    pub(super) fn unknown(count: usize) -> Locals {
        thread_local! {
            static CHUNK_OF_UNKNOWN: Arc<Vec<Val>> = Arc::new(vec![unknown(); CHUNK]);
        }
        let chunk = CHUNK_OF_UNKNOWN.with(Clone::clone);
        Locals { chunks: Arc::new(vec![chunk; count.div_ceil(CHUNK)]) }
    }

    pub(super) fn get(&self, local: LocalId) -> Val {
        let n = local.0 as usize;
        self.chunks[n / CHUNK][n % CHUNK].clone()
    }

    pub(super) fn set(&mut self, local: LocalId, value: Val) {
        let n = local.0 as usize;
        let slot = &self.chunks[n / CHUNK][n % CHUNK];
        if !Arc::ptr_eq(slot, &value) {
            Arc::make_mut(&mut Arc::make_mut(&mut self.chunks)[n / CHUNK])[n % CHUNK] = value;
        }
    }

    /// Replaces every value for which `f` has another.
    pub(super) fn update(&mut self, f: impl Fn(&Val) -> Option<Val>) {
        for at in 0..self.chunks.len() {
            for n in 0..CHUNK {
                if let Some(new) = f(&self.chunks[at][n]) {
                    Arc::make_mut(&mut Arc::make_mut(&mut self.chunks)[at])[n] = new;
                }
            }
        }
    }

    /// Whether both are of one block.
    pub(super) fn fits(&self, other: &Locals) -> bool {
        self.chunks.len() == other.chunks.len()
    }

    fn join(&mut self, other: &Locals) {
        if Arc::ptr_eq(&self.chunks, &other.chunks) {
            return;
        }
        for (at, theirs) in other.chunks.iter().enumerate() {
            let Some(mine) = self.chunks.get(at).filter(|mine| !Arc::ptr_eq(mine, theirs)) else { continue };
            let joined = |n: usize| {
                let both = (!Arc::ptr_eq(&mine[n], &theirs[n])).then(|| join(&mine[n], &theirs[n]));
                both.filter(|both| !Arc::ptr_eq(&mine[n], both)).map(|both| (n, both))
            };
            let news: SmallVec<[(usize, Val); 4]> = (0..CHUNK).filter_map(joined).collect();
            if !news.is_empty() {
                let mine = Arc::make_mut(&mut Arc::make_mut(&mut self.chunks)[at]);
                news.into_iter().for_each(|(n, value)| mine[n] = value);
            }
        }
    }

    /// Whether both hold the same in everything.
    pub(super) fn is_identical(&self, other: &Locals) -> bool {
        let mut chunks = self.chunks.iter().zip(other.chunks.iter());
        self.chunks.len() == other.chunks.len()
            && chunks.all(|(a, b)| Arc::ptr_eq(a, b) || a.iter().zip(b.iter()).all(|(x, y)| identical(x, y)))
    }

    fn same(&self, other: &Locals) -> bool {
        let eq = |a: &Val, b: &Val| Arc::ptr_eq(a, b) || a == b;
        let mut chunks = self.chunks.iter().zip(other.chunks.iter());
        Arc::ptr_eq(&self.chunks, &other.chunks)
            || chunks.all(|(a, b)| Arc::ptr_eq(a, b) || a.iter().zip(b.iter()).all(|(x, y)| eq(x, y)))
    }
}

/// What is known at a point of the program. Joining two states is what happens where two ways meet.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// By [`crate::semantics::hir::LocalId`].
    pub locals: Locals,
    /// Outer variables that were written or refined here.
    pub names: Arc<FxHashMap<Ustr, Val>>,
    /// `this`.
    pub this: Val,
    /// Whether the point can be reached.
    pub live: bool,
}

impl State {
    pub(super) fn name(&self, name: Ustr) -> Option<&Val> {
        self.names.get(&name)
    }

    pub(super) fn set_name(&mut self, name: Ustr, value: Val) {
        if self.names.len() < MAX_NAMES || self.names.contains_key(&name) {
            Arc::make_mut(&mut self.names).insert(name, value);
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
        self.locals.join(&other.locals);
        if !Arc::ptr_eq(&self.this, &other.this) {
            self.this = join(&self.this, &other.this);
        }
        if Arc::ptr_eq(&self.names, &other.names) {
            return;
        }
        if !self.names.is_empty() {
            for (name, value) in Arc::make_mut(&mut self.names) {
                let theirs = other.name(*name).cloned().unwrap_or_else(|| outer(*name));
                if !Arc::ptr_eq(value, &theirs) {
                    *value = join(value, &theirs);
                }
            }
        }
        for (name, value) in other.names.iter() {
            if self.name(*name).is_none() {
                self.set_name(*name, join(value, &outer(*name)));
            }
        }
    }

    /// Whether nothing would change by joining `other`, given that `self` is such a join already.
    pub(super) fn same(&self, other: &State) -> bool {
        let eq = |a: &Val, b: &Val| Arc::ptr_eq(a, b) || a == b;
        self.live == other.live
            && eq(&self.this, &other.this)
            && self.locals.same(&other.locals)
            && self.names.len() == other.names.len()
            && (Arc::ptr_eq(&self.names, &other.names)
                || self.names.iter().all(|(n, v)| other.name(*n).is_some_and(|o| eq(v, o))))
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
