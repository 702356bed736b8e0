//! Blocks, statements and loops: where lives end.

use super::*;

impl Walk<'_> {
    pub(super) fn block(&mut self, body: &[ExprId], value: bool, label: Option<Ustr>) -> Points {
        self.scopes.push(Vec::new());
        if label.is_some() {
            self.loops.push(Exit { label, states: Vec::new(), values: Vec::new(), depth: self.scopes.len() - 1 });
        }
        let mut points = Points::default();
        for (i, id) in body.iter().enumerate() {
            points = self.eval(*id);
            let is_value = value && i + 1 == body.len();
            if !is_value {
                self.end_statement(*id);
            }
        }
        let left = if label.is_some() { self.loops.pop() } else { None };
        let span = body.last().map(|id| self.hir.expr(*id).span);
        // The outermost scope's end is the function's: `leave_function` speaks of it.
        if self.scopes.len() > 1 {
            points = self.end_scope(points, span, true);
        } else {
            self.scopes.pop();
        }
        if let Some(exit) = left {
            for (state, value) in exit.states.iter().zip(&exit.values) {
                points = if self.state.live { points.either(value, self.branches) } else { value.clone() };
                self.state.join(state);
            }
        }
        if value { points } else { Points::default() }
    }

    /// Leaves a loop or labelled block, and all scopes in it, with a value.
    pub(super) fn break_with(&mut self, at: usize, points: Points, span: Span) {
        if !self.state.live {
            return;
        }
        let inner: Vec<LocalId> = self.scopes[self.loops[at].depth.min(self.scopes.len())..].concat();
        let mut state = self.state.clone();
        let owners = state.owners.clone();
        let gone = |p: &Pointee| match p {
            Pointee::Stack(l) => inner.contains(l),
            Pointee::Heap(l) => inner.contains(l) && owners.contains(l),
            _ => false,
        };
        state.end_named(gone, Flaw::OutOfScope, Some(span), self.hir);
        let points = points.ended(&gone, Flaw::OutOfScope, Some(span), self.hir);
        self.loops[at].states.push(state);
        self.loops[at].values.push(points);
    }

    /// The innermost scope ends, and what its variables own with it; with `all`, the variables themselves as well.
    pub(super) fn end_scope(&mut self, points: Points, at: Option<Span>, all: bool) -> Points {
        let locals = self.scopes.pop().unwrap_or_default();
        let owners = self.state.owners.clone();
        let in_scope = |p: &Pointee| match p {
            Pointee::Stack(l) => all && locals.contains(l),
            Pointee::Heap(l) => locals.contains(l) && owners.contains(l),
            _ => false,
        };
        self.owned_twice(|l| locals.contains(&l));
        // A pattern's variable may be a reference, and `&x` what it refers to; not where a raw pointer is asked for.
        if !all {
            let hir = self.hir;
            let own = |p: &Pointee| matches!(p, Pointee::Stack(l) if locals.contains(l));
            let raw = |place: &Place| matches!(place, Place::Local(l) if matches!(hir.local(*l).ty, Some(Type::RawPointer(_))) && !locals.contains(l));
            self.state.end_in(own, raw, Flaw::OutOfScope, at, hir);
        }
        self.state.end_named(in_scope, Flaw::OutOfScope, at, self.hir);
        points.ended(&in_scope, Flaw::OutOfScope, at, self.hir)
    }

    /// Owners that are dropped while another value was made to own the same memory.
    pub(super) fn owned_twice(&mut self, dropped: impl Fn(LocalId) -> bool) {
        if !self.state.live {
            return;
        }
        let pending: Vec<(LocalId, Span)> = self.state.shared.iter().map(|(l, at)| (*l, *at)).collect();
        for (owner, at) in pending {
            if dropped(owner) && self.is_owner(owner) && !self.out.iter().any(|u| u.at == at) {
                let name = self.hir.local(owner).name;
                self.out.push(Use { flaw: Flaw::Owned, at, ended: None, owner: Some(name) });
            }
        }
    }

    /// Temporaries go at the end of their statement.
    pub(super) fn end_statement(&mut self, statement: ExprId) {
        let span = self.hir.expr(statement).span;
        self.state.end(|p| *p == Pointee::Temporary, Flaw::Temporary, Some(span));
        // `Box::from_raw(p);`
        if let Some(allocation) = self.adopted(statement) {
            self.state.end(|p| *p == allocation, Flaw::Freed, Some(span));
        }
    }

    /// Runs a loop's body twice, so that it meets what it left behind.
    pub(super) fn repeated(&mut self, label: Option<Ustr>, body: &dyn Fn(&mut Self)) {
        self.loops.push(Exit { label, states: Vec::new(), values: Vec::new(), depth: self.scopes.len() });
        for round in 0..2 {
            let head = self.state.clone();
            let before = self.out.len();
            body(self);
            // What is null in the first round may have been set before the second.
            if round == 0 && before <= self.out.len() {
                let unsure = |u: &Use| matches!(u.flaw, Flaw::Null | Flaw::Unallocated);
                let kept: Vec<Use> = self.out.drain(before..).filter(|u| !unsure(u)).collect();
                self.out.extend(kept);
            }
            self.state.join(&head);
        }
        if let Some(exit) = self.loops.pop() {
            self.state.live = !exit.states.is_empty();
            let mut exits = exit.states.into_iter();
            if let Some(first) = exits.next() {
                self.state = first;
            }
            exits.for_each(|s| self.state.join(&s));
        }
    }

    pub(super) fn exit_with(&mut self, state: State) {
        if let Some(exit) = self.loops.last_mut()
            && state.live
        {
            exit.states.push(state);
            exit.values.push(Points::default());
        }
    }
}
