//! Control flow: blocks, loops, switches, exceptions.

use super::*;

impl<'a> Interp<'a> {
    pub(super) fn enter(&mut self, label: Option<Ustr>, is_loop: bool) {
        self.scopes.push(Scope { label, is_loop, breaks: None, continues: None, value: None });
    }

    pub(super) fn leave(&mut self) -> Scope {
        self.scopes.pop().unwrap_or(Scope { label: None, is_loop: false, breaks: None, continues: None, value: None })
    }

    pub(in crate::semantics::flow) fn block(&mut self, body: &[ExprId], value: bool, label: Option<Ustr>) -> Val {
        if label.is_some() {
            self.enter(label, false);
        }
        let mut last = constant(Lit::Undefined);
        for expr in body {
            last = self.eval(*expr);
            if !self.state.live {
                break;
            }
        }
        if label.is_some() {
            let scope = self.leave();
            if let Some(s) = &scope.breaks {
                self.join_state(s);
            }
            if let Some(v) = scope.value {
                last = join(&last, &v);
            }
        }
        if value { last } else { unknown() }
    }

    pub(in crate::semantics::flow) fn run_loop(
        &mut self,
        label: Option<Ustr>,
        cond: Option<ExprId>,
        post: bool,
        update: Option<ExprId>,
        body: ExprId,
    ) -> Val {
        if let Some(cond) = cond
            && let ExprKind::Binary(BinaryOp::Order, counter, limit) = self.hir.expr(cond).kind
            && let Some(value) = self.bound_of_loop(counter, limit, body)
        {
            let at = self.at(self.hir.expr(limit).span);
            self.reach(&value, &SinkSite { kind: SinkKind::Timer, at, name: Ustr::from("for") }, false);
        }
        let mut head = self.state.clone();
        let mut exits: Option<State> = None;
        let mut value: Option<Val> = None;
        for _ in 0..MAX_ROUNDS {
            if let (Some(cond), false) = (cond, post) {
                let facts = self.condition(cond);
                let mut leaves = self.state.clone();
                std::mem::swap(&mut leaves, &mut self.state);
                self.refine(&facts.when_false);
                let constant_true = matches!(&self.hir.expr(cond).kind, ExprKind::Lit(Lit::Bool(true) | Lit::Num(1.0)));
                if !constant_true {
                    let state = self.state.clone();
                    self.join_slot(&mut exits, &state);
                }
                self.state = leaves;
                self.refine(&facts.when_true);
            }
            self.enter(label, true);
            self.eval(body);
            let scope = self.leave();
            if let Some(s) = &scope.continues {
                self.join_state(s);
            }
            if let Some(s) = &scope.breaks {
                self.join_slot(&mut exits, s);
            }
            if let Some(v) = scope.value {
                value = Some(value.map_or_else(|| v.clone(), |old| join(&old, &v)));
            }
            if let Some(update) = update {
                self.eval(update);
            }
            if let (Some(cond), true) = (cond, post) {
                let facts = self.condition(cond);
                let again = self.state.clone();
                self.refine(&facts.when_false);
                let state = self.state.clone();
                self.join_slot(&mut exits, &state);
                self.state = again;
                self.refine(&facts.when_true);
            }
            self.join_state(&head);
            if self.state.same(&head) {
                break;
            }
            head = self.state.clone();
        }
        match exits {
            Some(state) => self.state = state,
            None => self.state.live = false,
        }
        value.unwrap_or_else(unknown)
    }

    /// What says how often a loop runs: a number, or the length of what may be no list.
    fn bound_of_loop(&mut self, counter: ExprId, limit: ExprId, body: ExprId) -> Option<Val> {
        let hir = self.hir;
        match &hir.expr(limit).kind {
            // `{ "length": 1e9 }` has a length, too, unless an element's absence ends the loop.
            ExprKind::Field(list, name) if name == "length" && !self.world.casts_convert() && self.is_place(*list) => {
                let value = self.peek(*list)?;
                let open = |t: &Taint| {
                    matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::Remote)
                        && !t.cleaned.has(SinkKind::NoSql)
                };
                if value.types != Types::UNKNOWN || value.fields.is_some() || !value.taints.iter().any(open) {
                    return None;
                }
                let slice = |id: ExprId| self.arena.slice(hir.expr(id).span);
                let element = format!("{}[{}]", slice(*list), slice(counter));
                let text = slice(body);
                let ends = text.match_indices(&element).any(|(at, _)| {
                    let (before, after) = (text[..at].trim_end(), &text[at + element.len()..]);
                    after.starts_with(['.', '[']) || before.ends_with('=') && !before.ends_with("+=")
                });
                let asked = ["isArray", "instanceof Array"].iter().any(|w| self.arena.text().contains(w));
                (!ends && !asked && text.contains(&element)).then_some(value)
            }
            // `i < Number(req.query.n)`
            ExprKind::Call { callee, args, .. } if args.len() <= 2 => match &hir.expr(*callee).kind {
                ExprKind::Name(name) if matches!(name.as_str(), "Number" | "parseInt" | "parseFloat") => {
                    Some(self.eval(limit))
                }
                ExprKind::Field(_, name) if name == "parseInt" => Some(self.eval(limit)),
                _ => None,
            },
            ExprKind::Unary(UnaryOp::Arithmetic, _) => Some(self.eval(limit)),
            _ if self.is_place(limit) => self.peek(limit),
            _ => None,
        }
    }

    pub(in crate::semantics::flow) fn switch(&mut self, value: ExprId, cases: &[Case]) -> Val {
        let subject = self.eval(value);
        let base = self.state.clone();
        self.enter(None, false);
        let mut falling: Option<State> = None;
        let mut has_default = false;
        for case in cases {
            self.state = base.clone();
            match case.test {
                Some(test) => {
                    let test = self.eval(test);
                    self.refine_equal(value, &test);
                }
                None => has_default = true,
            }
            if let Some(state) = falling.take() {
                self.join_state(&state);
            }
            for statement in &case.body {
                self.eval(*statement);
            }
            if self.state.live {
                falling = Some(self.state.clone());
            }
        }
        let scope = self.leave();
        self.state = if has_default { State { live: false, ..base } } else { base };
        if let Some(state) = falling {
            self.join_state(&state);
        }
        if let Some(state) = &scope.breaks {
            self.join_state(state);
        }
        drop(subject);
        unknown()
    }

    pub(in crate::semantics::flow) fn try_catch(
        &mut self,
        body: ExprId,
        catch: Option<&(Option<crate::semantics::hir::PatId>, ExprId)>,
        finally: Option<ExprId>,
    ) -> Val {
        self.tries.push(Some(self.state.clone()));
        self.thrown.push(None);
        let mut value = self.eval(body);
        let (error, thrown) = (self.thrown.pop().flatten(), self.tries.pop().flatten());
        if let Some((pat, handler)) = catch {
            let after_body = self.state.clone();
            if let Some(state) = thrown {
                self.state = state;
                if let Some(pat) = pat {
                    let caught = self.world.caught();
                    let error = match error.filter(|e| e.has_taint()) {
                        // Others may throw there, too: it may be any error, and this one.
                        Some(e) => Arc::new(Value { apis: caught.apis.clone(), exact: false, ..Value::clone(&e) }),
                        None => caught,
                    };
                    self.assign(*pat, &error);
                }
                let handled = self.eval(*handler);
                value = join(&value, &handled);
            }
            self.join_state(&after_body);
        }
        if let Some(finally) = finally {
            let was_live = self.state.live;
            self.state.live = true;
            self.eval(finally);
            self.state.live &= was_live;
        }
        value
    }

    /// An error is thrown here: by name, or by a function of the program that is called.
    pub(in crate::semantics::flow) fn throws(&mut self, value: &Val) {
        if !self.state.live {
            return;
        }
        let joined = |old: Option<Val>| Some(old.map_or_else(|| value.clone(), |t| join(&t, value)));
        match self.thrown.last_mut() {
            Some(thrown) => *thrown = joined(thrown.take()),
            // Errors are told to logs and people more often than to anything that they harm.
            None if value.has_taint() && !self.world.casts_convert() => {
                let value = Arc::new(value.cleaned(SinkKind::Log.set() | SinkKind::Console.set()));
                self.out.throws = Some(self.out.throws.take().map_or_else(|| value.clone(), |t| join(&t, &value)));
            }
            None => {}
        }
    }

    /// Whether a condition is `false`, written so or by a constant of the same code: what depends on it never runs.
    pub(super) fn is_never(&self, cond: ExprId, value: &Val) -> bool {
        let fixed = match &self.hir.expr(cond).kind {
            ExprKind::Lit(_) => true,
            ExprKind::Local(local) => self.hir.local(*local).kind == LocalKind::Constant,
            _ => false,
        };
        fixed && !self.world.casts_convert() && matches!(value.as_lit(), Some(Lit::Bool(false)))
    }

    /// The value of code that never runs.
    pub(super) fn dead(&mut self) -> Val {
        self.state.live = false;
        unknown()
    }

    /// The value that a variable is declared with; what its truth says is remembered.
    pub(super) fn told_by(&mut self, pat: crate::semantics::hir::PatId, value: ExprId) -> Val {
        let hir = self.hir;
        let PatKind::Bind(local, None) = hir.pat(pat).kind else { return self.eval(value) };
        let mut whole = value;
        while let ExprKind::Await(inner) | ExprKind::Cast(inner, _) = hir.expr(whole).kind {
            whole = inner;
        }
        let (said, facts) = match &hir.expr(whole).kind {
            ExprKind::Call { .. } => {
                self.call_facts = None;
                let said = self.eval(value);
                (said, self.call_facts.take())
            }
            ExprKind::Logical(LogicalOp::And | LogicalOp::Or, ..) if whole == value && self.world.casts_convert() => {
                let facts = self.condition(value);
                (facts.value, Some((facts.when_true, facts.when_false)))
            }
            ExprKind::Unary(UnaryOp::Not, _) | ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne | BinaryOp::In, ..)
                if whole == value =>
            {
                let facts = self.condition(value);
                (facts.value, Some((facts.when_true, facts.when_false)))
            }
            ExprKind::Index(..) if whole == value => {
                let key = super::super::lookups::looked_up(self, value);
                (self.eval(value), key.map(|key| (vec![key], Vec::new())))
            }
            _ => (self.eval(value), None),
        };
        match facts.filter(|(yes, no)| !yes.is_empty() || !no.is_empty()) {
            Some(facts) => drop(self.told.insert(local, facts)),
            None => drop(self.told.remove(&local)),
        }
        said
    }

    /// The expression below type assertions.
    pub(super) fn uncast(&self, id: ExprId) -> ExprId {
        let mut at = id;
        while let ExprKind::Cast(inner, _) = self.hir.expr(at).kind {
            at = inner;
        }
        at
    }
}

/// What becomes of a query that is awaited (Mongoose): the rows, which are lists and objects as any.
pub(super) fn awaited(value: Val) -> Val {
    if !value.has_taint() || !value.apis.iter().any(|p| *p == "mongoose.Query") {
        return value;
    }
    let mut rows = Value::clone(&value);
    rows.apis.retain(|p| *p != "mongoose.Query");
    Arc::new(rows)
}
