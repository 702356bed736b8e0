//! What a function's outcome says of what it was given: `const isName = (x) => /^[a-z]+$/.test(x)`,
//! `function assertName(x) { if (!isName(x)) throw new Error(x); }`.

use super::*;
use crate::semantics::flow::call::Call;
use crate::semantics::flow::guard::{Facts, Learned};
use crate::semantics::hir::PatId;

/// What a function's ways out say of a parameter, or of a part of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// The parameter's number.
    pub param: u16,
    /// Names below it; none for the whole.
    pub path: SmallVec<[Ustr; 2]>,
    /// The kinds of sinks for which it is harmless where the function gives something true, something false, whenever it comes
    /// back, and where it hands on to the next handler ([`HANDED_ON`]).
    pub kinds: [SinkKinds; WAYS],
}

/// The ways out of a function that are told apart.
const WAYS: usize = 4;
/// The way on to the next handler: `next()`.
pub(in crate::semantics::flow) const HANDED_ON: usize = 3;
/// Most parts of one parameter that are told of.
const MAX_KNOWN: usize = 8;

/// What is known of the watched parameters at one way out.
#[derive(Clone, Default)]
struct Known {
    whole: Vec<SinkKinds>,
    /// Parts by the place of their parameter among those watched.
    parts: Vec<(usize, SmallVec<[Ustr; 2]>, SinkKinds)>,
}

impl Known {
    /// What holds at both ways.
    fn and(&self, other: &Known) -> Known {
        let part = |of: &Known, (n, path): (usize, &[Ustr])| {
            let found = of.parts.iter().find(|(m, p, _)| *m == n && p[..] == *path).map(|(.., kinds)| *kinds);
            let whole = of.whole.get(n).copied().unwrap_or(SinkKinds::NONE);
            found.unwrap_or(SinkKinds::NONE) | whole
        };
        let mut parts: Vec<(usize, SmallVec<[Ustr; 2]>, SinkKinds)> = Vec::new();
        for (n, path, _) in self.parts.iter().chain(&other.parts) {
            let kinds = part(self, (*n, path)) & part(other, (*n, path));
            if kinds != SinkKinds::NONE && !parts.iter().any(|(m, p, _)| m == n && p == path) {
                parts.push((*n, path.clone(), kinds));
            }
        }
        Known { whole: self.whole.iter().zip(&other.whole).map(|(a, b)| *a & *b).collect(), parts }
    }
}

/// Parameters of one function that are looked at, with who controlled them in the beginning.
type Watched = SmallVec<[(u16, Option<LocalId>, SmallVec<[Origin; 2]>); 2]>;

/// What the exits of a running function have in common.
#[derive(Default)]
pub(super) struct Said {
    watched: Watched,
    /// Variables that parts of something are taken out into, where they hold them to the end.
    taken: SmallVec<[LocalId; 4]>,
    /// Rust: the expressions whose value the function gives back at its end.
    tails: SmallVec<[ExprId; 4]>,
    /// By outcome; none where there is no such exit yet.
    kinds: [Option<Known>; WAYS],
}

/// Most parameters of a function that are watched.
const MAX_WATCHED: usize = 4;
/// Most variables that parts are taken out into that are looked at.
const MAX_TAKEN: usize = 12;
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
                    watched.push((PARTS + n as u16, Some(*local), origins));
                }
            }
        }
        for (n, param) in hir.function(id).params.iter().enumerate().take(MAX_WATCHED) {
            // `function check({ name }) { .. }`
            if !rust && matches!(hir.pat(param.pat).kind, PatKind::Object { .. }) {
                watched.push((n as u16, None, SmallVec::new()));
            }
            let PatKind::Bind(local, None) = hir.pat(param.pat).kind else { continue };
            let value = self.state.locals.get(local);
            let typed = !rust && !value.apis.is_empty();
            if param.rest || value.taints.is_empty() && !typed || self.is_assigned(local) {
                continue;
            }
            watched.push((n as u16, Some(local), value.taints.iter().map(|t| t.origin.clone()).collect()));
        }
        let mut tails = SmallVec::new();
        if rust
            && !watched.is_empty()
            && let Some(body) = hir.function(id).body
        {
            self.tails(body, &mut tails, 0);
        }
        let mut taken = SmallVec::new();
        let is_param = |(_, local, origins): &(u16, Option<LocalId>, SmallVec<[Origin; 2]>)| {
            local.is_none() || origins.iter().any(|o| matches!(o, Origin::Param(..)))
        };
        if !rust && watched.iter().any(is_param) {
            let span = hir.function(id).span;
            for pat in &hir.pats {
                let PatKind::Object { fields, .. } = &pat.kind else { continue };
                for (_, part) in fields.iter().filter(|_| span.contains(pat.span)) {
                    if let PatKind::Bind(local, None) = hir.pat(*part).kind
                        && taken.len() < MAX_TAKEN
                        && !self.is_assigned(local)
                    {
                        taken.push(local);
                    }
                }
            }
        }
        if let Some(activation) = self.active.last_mut() {
            activation.said.taken = taken;
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
        let mut found = [None, None, Some(self.known_of_params()), None];
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
        activation.said.note(found);
    }

    /// `next()`: what a handler found of the request holds for those that come after it.
    pub(in crate::semantics::flow) fn hands_on(&mut self, call: &Call<'_>) {
        let hir = self.hir;
        let ExprKind::Call { callee, .. } = &hir.expr(call.id).kind else { return };
        let ExprKind::Local(next) = &hir.expr(*callee).kind else { return };
        let is_next =
            |p: &crate::semantics::hir::Param| matches!(&hir.pat(p.pat).kind, PatKind::Bind(l, None) if l == next);
        let takes = |a: &Activation<'_>| hir.function(a.id).params.iter().skip(1).any(is_next);
        let Some(at) = self.active.iter().rposition(takes).filter(|_| self.state.live) else { return };
        let known = self.known_of(&self.active[at].said);
        self.active[at].said.note([None, None, None, Some(known)]);
    }

    /// For which kinds each parameter of the function at work that is watched is harmless now.
    fn known_of_params(&self) -> Known {
        self.active.last().map_or_else(Known::default, |a| self.known_of(&a.said))
    }

    fn known_of(&self, said: &Said) -> Known {
        let watched = &said.watched;
        let kinds = |(_, local, origins): &(u16, Option<LocalId>, SmallVec<[Origin; 2]>)| {
            let Some(local) = local else { return SinkKinds::NONE };
            let value = self.state.locals.get(*local);
            // What became a constant is harmless.
            let of = |origin: &Origin| {
                value.taints.iter().find(|t| t.origin == *origin).map_or(SinkKinds::ALL, |t| t.cleaned)
            };
            let all = if origins.is_empty() { SinkKinds::NONE } else { SinkKinds::ALL };
            origins.iter().fold(all, |all, origin| all & of(origin))
        };
        let mut parts = Vec::new();
        if !self.world.casts_convert() {
            for (n, (_, local, _)) in watched.iter().enumerate() {
                if let Some(local) = local {
                    known_parts(n, &self.state.locals.get(*local), &mut SmallVec::new(), &mut parts);
                }
            }
            for local in &said.taken {
                let value = self.state.locals.get(*local);
                let [taint] = value.taints.as_slice() else { continue };
                let Origin::Param(param, path) = &taint.origin else { continue };
                let as_it_is = std::iter::successors(taint.trace.as_ref(), |s| s.previous.as_ref())
                    .all(|s| s.what == StepKind::Assigned);
                let of = watched.iter().position(|(n, ..)| n == param);
                if let Some(n) = of.filter(|_| as_it_is && taint.cleaned != SinkKinds::NONE)
                    && (1..=2).contains(&path.len())
                {
                    parts.push((n, path.iter().copied().collect(), taint.cleaned));
                }
            }
        }
        Known { whole: watched.iter().map(kinds).collect(), parts }
    }

    /// Whether an expression is a condition, whose value is true or false.
    fn is_condition(&self, id: ExprId, depth: usize) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        match &self.hir.expr(id).kind {
            ExprKind::Unary(UnaryOp::Not, _) | ExprKind::Lit(Lit::Bool(_)) => true,
            ExprKind::Binary(op, ..) => !matches!(op, BinaryOp::Add | BinaryOp::Arithmetic),
            // `name && isText(name) && other(name)`: where all of it is true, each is.
            ExprKind::Logical(LogicalOp::And, a, b) => {
                self.is_condition(*a, depth + 1) || self.is_condition(*b, depth + 1)
            }
            ExprKind::Logical(LogicalOp::Or, a, b) => {
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
        for Told { param, path, kinds } in told {
            let Some(place) = call.arg_ids.get(*param as usize) else { continue };
            for (list, kinds) in lessons.iter_mut().zip(kinds) {
                if *kinds != SinkKinds::NONE && path.is_empty() {
                    list.push((*place, Learned::Clean(*kinds)));
                } else if *kinds != SinkKinds::NONE {
                    list.push((*place, Learned::Below(path.clone(), *kinds)));
                }
            }
        }
        lessons
    }

    /// What the function that was handed over last says of the request where it hands on.
    pub(in crate::semantics::flow) fn said_before_next(&self, func: &FuncRef, call: &Call<'_>) -> Vec<Told> {
        let told = match func.block == self.block {
            true => self.last_told.clone(),
            false => self.world.summary(func).map(|s| s.told.clone()).unwrap_or_default(),
        };
        // `app.param("id", (req, res, next, id) => ..)`
        let named = (call.name == "param").then(|| call.args.first()?.as_str()).flatten();
        let of_request = |mut t: Told| match named {
            Some(name) if t.param == 3 && t.path.is_empty() => {
                t.path = [Ustr::from("params"), name].into_iter().collect();
                Some(t)
            }
            _ => (t.param == 0 && !t.path.is_empty()).then_some(t),
        };
        told.into_iter().filter_map(of_request).filter(|t| t.kinds[HANDED_ON] != SinkKinds::NONE).collect()
    }

    /// What handlers let through that were put before all others of the router that a call adds one to.
    pub(in crate::semantics::flow) fn let_through_before(&self, call: &Call<'_>) -> Vec<Told> {
        let router = call.receiver_id.filter(|_| !self.through.is_empty());
        let router = router.map(|id| Ustr::from(self.arena.slice(self.hir.expr(id).span)));
        router.and_then(|router| self.through.get(&router).cloned()).unwrap_or_default()
    }

    /// `router.use(check)`, `router.param("id", check)`: what they let through, for the handlers that are added later.
    pub(in crate::semantics::flow) fn lets_through(&mut self, call: &Call<'_>, told: Vec<Told>) {
        let all = match call.name.as_str() {
            "use" => call.args.first().is_some_and(|a| !a.funcs.is_empty()),
            "param" => true,
            _ => false,
        };
        if let Some(router) = call.receiver_id.filter(|_| all && !told.is_empty()) {
            let router = Ustr::from(self.arena.slice(self.hir.expr(router).span));
            self.through.insert(router, told);
        }
    }

    /// A value of which a part is harmless for these kinds.
    pub(in crate::semantics::flow) fn with_harmless(&mut self, whole: &Val, path: &[Ustr], kinds: SinkKinds) -> Val {
        let Some((name, below)) = path.split_first() else { return Arc::new(whole.cleaned(kinds)) };
        let at = Arc::new(self.at(self.handing));
        let part = self.project_read(whole, &[*name], Some(&at));
        if !part.has_taint() {
            return whole.clone();
        }
        let part = self.with_harmless(&part, below, kinds);
        Arc::new(whole.with_field(*name, part))
    }
}

/// Parts of an object that somebody made harmless, as far down as requests are deep.
fn known_parts(
    n: usize,
    value: &Val,
    path: &mut SmallVec<[Ustr; 2]>,
    out: &mut Vec<(usize, SmallVec<[Ustr; 2]>, SinkKinds)>,
) {
    for (name, field) in value.fields() {
        if *name == *ELEMENT || out.len() >= MAX_KNOWN {
            continue;
        }
        path.push(*name);
        let kinds = field.taints.iter().fold(SinkKinds::ALL, |all, t| all & t.cleaned);
        if !field.taints.is_empty() && kinds != SinkKinds::NONE {
            out.push((n, path.clone(), kinds));
        }
        if path.len() < 2 {
            known_parts(n, field, path, out);
        }
        path.pop();
    }
}

impl Said {
    /// What is worth telling.
    pub(super) fn told(&self) -> Vec<Told> {
        let whole = |known: &Known, n: usize| known.whole.get(n).copied().unwrap_or(SinkKinds::NONE);
        let ways = |of: &dyn Fn(&Known) -> SinkKinds| -> [SinkKinds; WAYS] {
            std::array::from_fn(|way| self.kinds[way].as_ref().map_or(SinkKinds::NONE, of))
        };
        let mut out: Vec<Told> = Vec::new();
        for (n, (param, ..)) in self.watched.iter().enumerate() {
            out.push(Told { param: *param, path: SmallVec::new(), kinds: ways(&|known| whole(known, n)) });
            for (m, path, _) in self.kinds.iter().flatten().flat_map(|k| &k.parts) {
                let part = |known: &Known| {
                    let found = known.parts.iter().find(|(o, p, _)| *o == n && p == path);
                    found.map_or(SinkKinds::NONE, |(.., kinds)| *kinds)
                };
                if *m == n && !out.iter().any(|t| t.param == *param && t.path == *path) {
                    out.push(Told { param: *param, path: path.clone(), kinds: ways(&part) });
                }
            }
        }
        out.retain(|told| told.kinds.iter().any(|k| *k != SinkKinds::NONE));
        out
    }

    /// One more way out, by what is known on it.
    fn note(&mut self, found: [Option<Known>; WAYS]) {
        for (slot, known) in self.kinds.iter_mut().zip(found) {
            let Some(known) = known else { continue };
            *slot = Some(slot.take().map_or_else(|| known.clone(), |old| old.and(&known)));
        }
    }
}

/// Whether a function of Rust says by its outcome whether what it was given is fine.
fn tells(returned: Option<&Type>) -> bool {
    matches!(returned, Some(Type::Path(name, _)) if name == "bool" || last_name(*name) == "Result")
}
