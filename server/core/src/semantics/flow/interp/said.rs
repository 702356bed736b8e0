//! What a function's outcome says of what it was given: `const isName = (x) => /^[a-z]+$/.test(x)`,
//! `function assertName(x) { if (!isName(x)) throw new Error(x); }`.

use super::*;
use crate::semantics::flow::call::Call;
use crate::semantics::flow::guard::{Facts, Learned};
use crate::semantics::hir::PatId;

/// A parameter, and the kinds of sinks for which it is harmless where the function gives something true, something false,
/// and whenever it comes back.
pub type Told = (u16, [SinkKinds; 3]);

/// Parameters of one function that are looked at, with who controlled them in the beginning.
type Watched = SmallVec<[(u16, LocalId, SmallVec<[Origin; 2]>); 2]>;

/// What the exits of a running function have in common.
#[derive(Default)]
pub(super) struct Said {
    watched: Watched,
    /// Rust: the expressions whose value the function gives back at its end.
    tails: SmallVec<[ExprId; 4]>,
    /// By outcome; none where there is no such exit yet.
    kinds: [Option<Vec<SinkKinds>>; 3],
}

/// Most parameters of a function that are watched.
const MAX_WATCHED: usize = 4;
/// Depth of conditions in a condition.
const MAX_DEPTH: usize = 8;
/// From here on a parameter's number is that of a part of the first one, which is taken apart: `([name, value]) => ..`.
pub(in crate::semantics::flow) const PARTS: u16 = 0x100;

/// Most expressions that are a function's value.
const MAX_TAILS: usize = 12;

impl Interp<'_> {
    /// Begins to watch the parameters of the function at work.
    pub(super) fn watch(&mut self, id: FnId) {
        let hir = self.hir;
        // In Rust the type says whether the outcome can tell anything: a truth value, or an error.
        let rust = self.world.casts_convert();
        if rust && !tells(hir.function(id).returns.as_ref()) {
            return;
        }
        let mut watched = Watched::new();
        if let Some(first) = hir.function(id).params.first()
            && let PatKind::Array { elements, rest: None } = &hir.pat(first.pat).kind
        {
            for (n, part) in elements.iter().enumerate().take(MAX_WATCHED) {
                let Some(PatKind::Bind(local, None)) = part.map(|p| &hir.pat(p).kind) else { continue };
                let value = self.state.locals.get(*local);
                if !value.taints.is_empty() && !self.is_assigned(*local) {
                    let origins = value.taints.iter().map(|t| t.origin.clone()).collect();
                    watched.push((PARTS + n as u16, *local, origins));
                }
            }
        }
        for (n, param) in hir.function(id).params.iter().enumerate().take(MAX_WATCHED) {
            let PatKind::Bind(local, None) = hir.pat(param.pat).kind else { continue };
            let value = self.state.locals.get(local);
            if param.rest || value.taints.is_empty() || self.is_assigned(local) {
                continue;
            }
            watched.push((n as u16, local, value.taints.iter().map(|t| t.origin.clone()).collect()));
        }
        let mut tails = SmallVec::new();
        if rust
            && !watched.is_empty()
            && let Some(body) = hir.function(id).body
        {
            self.tails(body, &mut tails, 0);
        }
        if let Some(activation) = self.active.last_mut() {
            activation.said.watched = watched;
            activation.said.tails = tails;
        }
    }

    /// The expressions that a block, a condition or a `match` of Rust gives the value of.
    fn tails(&self, id: ExprId, out: &mut SmallVec<[ExprId; 4]>, depth: usize) {
        if depth > MAX_DEPTH || out.len() > MAX_TAILS {
            return;
        }
        match &self.hir.expr(id).kind {
            ExprKind::Block { body, value: true, label: None, .. } => {
                if let Some(last) = body.last() {
                    self.tails(*last, out, depth + 1);
                }
            }
            ExprKind::If { then, alternative: Some(alternative), .. } => {
                self.tails(*then, out, depth + 1);
                self.tails(*alternative, out, depth + 1);
            }
            ExprKind::Match { arms, .. } => arms.iter().for_each(|arm| self.tails(arm.body, out, depth + 1)),
            _ => out.push(id),
        }
    }

    /// Evaluates the expression that the function at work gives back at its end, if it is one.
    pub(super) fn tail(&mut self, id: ExprId) -> Option<Val> {
        let said = &mut self.active.last_mut()?.said;
        let at = said.tails.iter().position(|t| *t == id)?;
        said.tails.swap_remove(at);
        Some(self.given_back(id))
    }

    /// What an `Ok` or an `Err` that is given back says, where it is written out.
    fn outcome(&self, id: ExprId) -> Option<bool> {
        let ExprKind::Call { callee, .. } = &self.hir.expr(id).kind else {
            return matches!(&self.hir.expr(id).kind, ExprKind::Name(name) if *name == "None").then_some(false);
        };
        let ExprKind::Name(name) = &self.hir.expr(*callee).kind else { return None };
        match last_name(*name).as_str() {
            "Ok" | "Some" => Some(true),
            "Err" => Some(false),
            _ => None,
        }
    }

    /// Whether a variable is written to after it was declared.
    pub(in crate::semantics::flow) fn is_assigned(&mut self, local: LocalId) -> bool {
        let hir = self.hir;
        let assigned = self.assigned.get_or_insert_with(|| {
            let target = |kind: &PatKind| match kind {
                PatKind::Place(place) => match hir.expr(*place).kind {
                    ExprKind::Local(local) => Some(local),
                    _ => None,
                },
                _ => None,
            };
            hir.pats.iter().filter_map(|p| target(&p.kind)).collect()
        });
        assigned.contains(&local)
    }

    /// Evaluates what a function gives back, and notes what is known of its parameters then.
    pub(super) fn given_back(&mut self, value: ExprId) -> Val {
        if self.active.last().is_none_or(|a| a.said.watched.is_empty()) {
            return self.eval(value);
        }
        let hir = self.hir;
        if self.is_condition(value, 0) {
            let facts = self.condition(value);
            self.comes_back(facts.value.as_bool(), &facts.when_true, &facts.when_false);
            return facts.value;
        }
        self.call_facts = None;
        let given = self.eval(value);
        if self.world.casts_convert()
            && let Some(truth) = self.outcome(value)
        {
            self.comes_back(Some(truth), &Vec::new(), &Vec::new());
            return given;
        }
        let mut whole = value;
        while let ExprKind::Await(inner) | ExprKind::Cast(inner, _) = hir.expr(whole).kind {
            whole = inner;
        }
        let (yes, no) = match &hir.expr(whole).kind {
            ExprKind::Call { .. } => self.call_facts.take().unwrap_or_default(),
            ExprKind::Local(local) => self.told.get(local).cloned().unwrap_or_default(),
            _ => Default::default(),
        };
        self.comes_back(given.as_bool(), &yes, &no);
        given
    }

    /// A way out of the function at work that gives something true, something false, or either.
    pub(super) fn comes_back(&mut self, truth: Option<bool>, yes: &Lessons, no: &Lessons) {
        if !self.state.live || self.active.last().is_none_or(|a| a.said.watched.is_empty()) {
            return;
        }
        let mut found = [None, None, Some(self.known_of_params())];
        for (n, (lessons, never)) in [(yes, Some(false)), (no, Some(true))].into_iter().enumerate() {
            if truth == never {
                continue;
            }
            let before = (!lessons.is_empty()).then(|| self.state.clone());
            self.refine(lessons);
            found[n] = Some(self.known_of_params());
            if let Some(before) = before {
                self.state = before;
            }
        }
        let Some(activation) = self.active.last_mut() else { return };
        for (slot, kinds) in activation.said.kinds.iter_mut().zip(found) {
            let Some(kinds) = kinds else { continue };
            *slot = Some(match slot.take() {
                Some(old) => old.iter().zip(&kinds).map(|(a, b)| *a & *b).collect(),
                None => kinds,
            });
        }
    }

    /// For which kinds each watched parameter is harmless now.
    fn known_of_params(&self) -> Vec<SinkKinds> {
        let Some(activation) = self.active.last() else { return Vec::new() };
        let kinds = |(_, local, origins): &(u16, LocalId, SmallVec<[Origin; 2]>)| {
            let value = self.state.locals.get(*local);
            // What became a constant is harmless.
            let of = |origin: &Origin| {
                value.taints.iter().find(|t| t.origin == *origin).map_or(SinkKinds::ALL, |t| t.cleaned)
            };
            origins.iter().fold(SinkKinds::ALL, |all, origin| all & of(origin))
        };
        activation.said.watched.iter().map(kinds).collect()
    }

    /// Whether an expression is a condition, whose value is true or false.
    fn is_condition(&self, id: ExprId, depth: usize) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        match &self.hir.expr(id).kind {
            ExprKind::Unary(UnaryOp::Not, _) | ExprKind::Lit(Lit::Bool(_)) => true,
            ExprKind::Binary(op, ..) => !matches!(op, BinaryOp::Add | BinaryOp::Arithmetic),
            ExprKind::Logical(LogicalOp::And | LogicalOp::Or, a, b) => {
                self.is_condition(*a, depth + 1) && self.is_condition(*b, depth + 1)
            }
            ExprKind::Call { callee, .. } => {
                let name = match &self.hir.expr(*callee).kind {
                    ExprKind::Field(_, name) => *name,
                    ExprKind::Name(name) => last_name(*name),
                    ExprKind::Local(local) => self.hir.local(*local).name,
                    _ => return false,
                };
                depth > 0
                    && (matches!(
                        name.as_str(),
                        "test"
                            | "includes"
                            | "has"
                            | "startsWith"
                            | "endsWith"
                            | "some"
                            | "every"
                            | "hasOwn"
                            | "hasOwnProperty"
                            | "Boolean"
                            | "all"
                            | "any"
                            | "contains"
                            | "starts_with"
                            | "ends_with"
                    ) || name.starts_with("is"))
            }
            _ => false,
        }
    }

    /// What a call of a function of the program says of its arguments.
    pub(in crate::semantics::flow) fn told_of(&mut self, call: &Call<'_>) -> Vec<Told> {
        let [func] = call.callee.funcs.as_slice() else { return Vec::new() };
        if call.new || call.callee.field(Ustr::from(super::cells::BOUND)).is_some() {
            return Vec::new();
        }
        if func.block == self.block {
            return std::mem::take(&mut self.last_told);
        }
        self.world.summary(func).map(|s| s.told.clone()).unwrap_or_default()
    }

    /// `if let Err(e) = check(&name) { return .. }`: what a variant of the outcome says.
    pub(in crate::semantics::flow) fn said_by_variant(&mut self, pat: PatId, value: ExprId, facts: &mut Facts) {
        let said = std::mem::take(&mut self.said_yes);
        if said.is_empty() || !matches!(self.hir.expr(value).kind, ExprKind::Call { .. } | ExprKind::Await(_)) {
            return;
        }
        let PatKind::Variant { path, .. } = &self.hir.pat(pat).kind else { return };
        match last_name(*path).as_str() {
            "Ok" | "Some" => facts.when_true.extend(said),
            "Err" => facts.when_false.extend(said),
            _ => {}
        }
    }

    /// Those lessons for the arguments of a call: where it is true, where it is false, and afterwards.
    pub(in crate::semantics::flow) fn lessons_of(call: &Call<'_>, told: &[Told]) -> [Lessons; 3] {
        let mut lessons: [Lessons; 3] = Default::default();
        for (n, kinds) in told {
            let Some(place) = call.arg_ids.get(*n as usize) else { continue };
            for (list, kinds) in lessons.iter_mut().zip(kinds) {
                if *kinds != SinkKinds::NONE {
                    list.push((*place, Learned::Clean(*kinds)));
                }
            }
        }
        lessons
    }
}

impl Said {
    /// What is worth telling.
    pub(super) fn told(&self) -> Vec<Told> {
        let kinds = |outcome: usize, n: usize| {
            self.kinds[outcome].as_ref().and_then(|k| k.get(n)).copied().unwrap_or(SinkKinds::NONE)
        };
        let all =
            self.watched.iter().enumerate().map(|(n, (param, ..))| (*param, [kinds(0, n), kinds(1, n), kinds(2, n)]));
        all.filter(|(_, kinds)| kinds.iter().any(|k| *k != SinkKinds::NONE)).collect()
    }
}

/// Whether a function of Rust says by its outcome whether what it was given is fine.
fn tells(returned: Option<&Type>) -> bool {
    matches!(returned, Some(Type::Path(name, _)) if name == "bool" || last_name(*name) == "Result")
}
