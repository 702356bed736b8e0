//! Conditions: what their truth says of the values in them.

pub(super) mod hosts;

use std::sync::Arc;

use crate::semantics::hir::{BinaryOp, ExprId, ExprKind, Lit, LogicalOp, PatId, PatKind, UnaryOp, Ustr};

use super::interp::Interp;
use super::kinds::{SinkKind, SinkKinds, SourceKind};
use super::models::{Base, Target};
use super::value::{Origin, StepKind, THIS, Taint, Types, Val, Value, constant, of_type};

/// What is learned of a place.
#[derive(Clone, Debug)]
pub(super) enum Learned {
    /// It is harmless for these kinds.
    Clean(SinkKinds),
    /// It is this constant.
    Is(Val),
    /// It is of these types.
    Of(Types),
    /// What lies at a path below it is harmless for these kinds.
    Below(smallvec::SmallVec<[Ustr; 2]>, SinkKinds),
}

/// What is learned of which places.
pub(super) type Lessons = Vec<(ExprId, Learned)>;

/// A condition's value and what its outcome says.
pub(super) struct Facts {
    pub value: Val,
    pub when_true: Vec<(ExprId, Learned)>,
    pub when_false: Vec<(ExprId, Learned)>,
}

impl Facts {
    fn of(value: Val) -> Facts {
        Facts { value, when_true: Vec::new(), when_false: Vec::new() }
    }
}

/// Evaluates a condition.
pub(super) fn condition(interp: &mut Interp<'_>, id: ExprId) -> Facts {
    let hir = interp.hir;
    match &hir.expr(id).kind {
        ExprKind::Unary(UnaryOp::Not, inner) => {
            let facts = condition(interp, *inner);
            let value = match facts.value.as_bool() {
                Some(b) => constant(Lit::Bool(!b)),
                None => of_type(Types::BOOL),
            };
            Facts { value, when_true: facts.when_false, when_false: facts.when_true }
        }
        ExprKind::Logical(op @ (LogicalOp::And | LogicalOp::Or), left, right) => {
            let a = condition(interp, *left);
            let before = interp.state.clone();
            let (same, other) = match op {
                LogicalOp::And => (a.when_true, a.when_false),
                _ => (a.when_false, a.when_true),
            };
            interp.refine(&same);
            let b = condition(interp, *right);
            interp.join_with(&before);
            let (b_same, b_other) = match op {
                LogicalOp::And => (b.when_true, b.when_false),
                _ => (b.when_false, b.when_true),
            };
            // Where `a && b` holds both do; where it does not, one of them does not: only what both say is known.
            let mut both = same;
            both.extend(b_same);
            let mut either = in_both(hir, &other, &b_other);
            if *op == LogicalOp::And && super::lookups::is_root(interp, *left, *right) {
                either.extend(b_other.iter().cloned());
            }
            let value = match (op, a.value.as_bool()) {
                (LogicalOp::And, Some(false)) | (LogicalOp::Or, Some(true)) => a.value,
                (LogicalOp::And, _) | (_, Some(false)) => b.value,
                _ => super::value::join(&a.value, &b.value),
            };
            match op {
                LogicalOp::And => Facts { value, when_true: both, when_false: either },
                _ => Facts { value, when_true: either, when_false: both },
            }
        }
        ExprKind::Binary(op @ (BinaryOp::Eq | BinaryOp::Ne), left, right) => {
            let (left, right) = (*left, *right);
            interp.call_facts = None;
            let a = interp.eval(left);
            let found = interp.call_facts.take();
            let b = interp.eval(right);
            let mut facts = Facts::of(of_type(Types::BOOL));
            equal(interp, &mut facts.when_true, (left, &a), (right, &b));
            for (place, other) in [(left, &b), (right, &a)] {
                if other.as_str().is_some_and(|name| name == PROTO) {
                    facts.when_false.push((place, Learned::Clean(SinkKind::PropertyKey.set())));
                }
            }
            super::lookups::found_nothing(interp, &mut facts, [(left, &b), (right, &a)]);
            super::firsts::first_characters(interp, &mut facts, (left, &b));
            super::firsts::first_folder(interp, &mut facts, (left, &b));
            if *op == BinaryOp::Ne {
                std::mem::swap(&mut facts.when_true, &mut facts.when_false);
            }
            position(interp, &mut facts, (id, left, right), found);
            facts
        }
        ExprKind::Binary(BinaryOp::InstanceOf, left, right) => {
            let left = *left;
            interp.eval(left);
            let right = interp.eval(*right);
            let mut facts = Facts::of(of_type(Types::BOOL));
            if right.apis.iter().any(|p| matches!(p.as_str(), "Number" | "Date" | "Boolean")) {
                facts.when_true.push((left, Learned::Clean(SinkKinds::ALL)));
            }
            facts
        }
        // `key in allowed`: an object of the program's own is an allow-list.
        ExprKind::Binary(BinaryOp::In, left, right) => {
            let left = *left;
            interp.eval(left);
            let list = interp.eval(*right);
            let mut facts = Facts::of(of_type(Types::BOOL));
            if !list.is_foreign() && (list.fields.is_some() || list.is_unknown() || list.has_taint()) {
                facts.when_true.push((left, Learned::Clean(SinkKinds::ALL)));
            }
            facts
        }
        ExprKind::Binary(BinaryOp::Order, left, right) => {
            let (left, right) = (*left, *right);
            interp.call_facts = None;
            interp.eval(left);
            let found = interp.call_facts.take();
            interp.eval(right);
            let mut facts = Facts::of(of_type(Types::BOOL));
            position(interp, &mut facts, (id, left, right), found);
            super::slow::bounded_length(interp, &mut facts, (id, left, right));
            super::slow::numbers(interp, &mut facts, (left, right));
            // A size that is compared with something is bounded, whichever way the comparison goes.
            for side in [left, right] {
                facts.when_true.push((side, Learned::Clean(SinkKind::Allocation.set() | SinkKind::Timer.set())));
                facts.when_false.push((side, Learned::Clean(SinkKind::Allocation.set() | SinkKind::Timer.set())));
            }
            facts
        }
        ExprKind::LetCondition(pat, value) => {
            let (pat, place) = (*pat, *value);
            interp.said_yes.clear();
            let value = interp.eval(id);
            let mut facts = Facts::of(value);
            interp.said_by_variant(pat, place, &mut facts);
            if is_constant(hir, pat) {
                facts.when_true.push((place, Learned::Clean(SinkKinds::ALL)));
                if let Some(address) = owner_of_host(hir, place) {
                    facts.when_true.push((address, Learned::Clean(super::sink::ADDRESS)));
                }
            }
            facts
        }
        ExprKind::Await(inner) if !interp.world.casts_convert() => {
            let facts = condition(interp, *inner);
            interp.may_throw();
            facts
        }
        ExprKind::Call { .. } => {
            let value = interp.eval(id);
            let mut facts = Facts::of(value);
            if finds_position(interp, id) {
                return facts;
            }
            if let Some((when_true, when_false)) = interp.call_facts.take() {
                facts.when_true = when_true;
                facts.when_false = when_false;
            }
            facts
        }
        _ => {
            let key = super::lookups::looked_up(interp, id);
            let value = interp.eval(id);
            let mut facts = Facts::of(value.clone());
            facts.when_true.extend(key);
            if let ExprKind::Local(local) = &hir.expr(id).kind
                && let Some((yes, no)) = interp.told.get(local).cloned()
            {
                facts.when_true.extend(yes);
                facts.when_false.extend(no);
                return facts;
            }
            // What is false is nothing: no text is in it.
            if interp.is_place(id) {
                facts.when_false.push((id, Learned::Is(constant(Lit::Undefined))));
            }
            facts
        }
    }
}

/// Whether an expression is a call of `indexOf` or its kin, which say where something is and not whether.
fn finds_position(interp: &Interp<'_>, id: ExprId) -> bool {
    let hir = interp.hir;
    let ExprKind::Call { callee, .. } = &hir.expr(id).kind else { return false };
    matches!(&hir.expr(*callee).kind, ExprKind::Field(_, n) if matches!(n.as_str(), "indexOf" | "lastIndexOf" | "search"))
}

/// `list.indexOf(x) < 0`, `x.indexOf("..") !== -1`: what was learned of the call holds where something was found.
fn position(
    interp: &Interp<'_>,
    facts: &mut Facts,
    (whole, left, right): (ExprId, ExprId, ExprId),
    found: Option<(Lessons, Lessons)>,
) {
    let hir = interp.hir;
    let Some((yes, no)) = found.filter(|_| finds_position(interp, left)) else { return };
    let (whole, left, right) = (hir.expr(whole).span, hir.expr(left).span, hir.expr(right).span);
    let text = interp.arena.root().text();
    let at = |from: u32, to: u32| text.get(from as usize..to as usize).unwrap_or_default().trim();
    if !whole.contains(left) || right.start < left.end {
        return;
    }
    let is_found = match (at(left.end, right.start), at(right.start, right.end)) {
        ("!==" | "!=" | ">", "-1") | (">=" | ">", "0") => true,
        ("===" | "==" | "<=", "-1") | ("<", "0") => false,
        _ => return,
    };
    let (when_found, otherwise) = match is_found {
        true => (&mut facts.when_true, &mut facts.when_false),
        false => (&mut facts.when_false, &mut facts.when_true),
    };
    when_found.extend(yes);
    otherwise.extend(no);
}

/// Whether a pattern matches constants alone.
fn is_constant(hir: &crate::semantics::hir::Hir, pat: PatId) -> bool {
    match &hir.pat(pat).kind {
        PatKind::Value(_) => true,
        PatKind::Or(all) => all.iter().all(|p| is_constant(hir, *p)),
        PatKind::Variant { elements, .. } => !elements.is_empty() && elements.iter().all(|p| is_constant(hir, *p)),
        PatKind::Ref(inner) => is_constant(hir, *inner),
        _ => false,
    }
}

/// The address whose host an expression takes out of it (Rust): `url` for `url.host_str()`, with what unwraps it.
fn owner_of_host(hir: &crate::semantics::hir::Hir, mut id: ExprId) -> Option<ExprId> {
    for _ in 0..4 {
        let ExprKind::Call { callee, .. } = &hir.expr(id).kind else { return None };
        let ExprKind::Field(base, name) = &hir.expr(*callee).kind else { return None };
        match name.as_str() {
            "host_str" | "host" | "domain" | "authority" => return Some(*base),
            "unwrap" | "unwrap_or" | "unwrap_or_default" | "expect" | "as_deref" | "as_str" => id = *base,
            _ => return None,
        }
    }
    None
}

/// The name by which a key reaches every object's prototype: what refuses it knows of the danger.
const PROTO: &str = "__proto__";

fn equal(interp: &mut Interp<'_>, out: &mut Vec<(ExprId, Learned)>, a: (ExprId, &Val), b: (ExprId, &Val)) {
    let hir = interp.hir;
    for ((id, _), (_, other)) in [(a, b), (b, a)] {
        // `typeof x === 'number'`
        if let ExprKind::Unary(UnaryOp::TypeOf, inner) = &hir.expr(id).kind {
            match other.as_str().as_ref().map(|s| s.as_str()) {
                Some("number" | "bigint" | "boolean") => out.push((*inner, Learned::Clean(SinkKinds::ALL))),
                Some("string") => {
                    out.push((*inner, Learned::Of(Types::STRING)));
                    out.push((*inner, Learned::Clean(SinkKind::NoSql.set() | SinkKind::StringCheck.set())));
                }
                _ => {}
            }
            continue;
        }
        // `x.slice(0, n) === root`, `x.indexOf(root) === 0`
        if let ExprKind::Call { callee, args, .. } = &hir.expr(id).kind
            && let ExprKind::Field(base, name) = &hir.expr(*callee).kind
        {
            // `url.host_str() == Some("example.com")`
            if matches!(name.as_str(), "host_str" | "host" | "domain" | "origin" | "authority") && !other.has_taint() {
                out.push((*base, Learned::Clean(super::sink::ADDRESS)));
            }
            let zero = |id: ExprId| matches!(hir.expr(id).kind, ExprKind::Lit(Lit::Num(n)) if n == 0.0);
            let first = args.first().map(|a| a.value);
            let prefix = match name.as_str() {
                "slice" | "substring" | "substr" if first.is_some_and(zero) => Some((*other).clone()),
                "indexOf" if matches!(other.as_lit(), Some(Lit::Num(n)) if *n == 0.0) => {
                    first.map(|a| interp.peek(a).unwrap_or_else(|| interp.eval(a)))
                }
                _ => None,
            };
            // `(path + sep).slice(0, n) === root`
            let base = match hir.expr(*base).kind {
                ExprKind::Binary(BinaryOp::Add, text, _) if interp.is_place(text) => text,
                _ => *base,
            };
            if let (Some(prefix), Some(text)) = (prefix, interp.peek(base)) {
                let kinds = starts_with(Some(&text), &prefix);
                if kinds != SinkKinds::NONE {
                    out.push((base, Learned::Clean(kinds)));
                }
                continue;
            }
        }
        // `new URL(x).protocol === "https:"`
        if let ExprKind::Field(base, part) = &hir.expr(id).kind
            && let ExprKind::Call { args, .. } = &hir.expr(*base).kind
            && let [address, ..] = args.as_slice()
            && other.exact
        {
            let kinds = match part.as_str() {
                "protocol" => SinkKind::ScriptUrl.set(),
                "hostname" | "host" | "origin" => super::sink::ADDRESS,
                _ => SinkKinds::NONE,
            };
            out.push((address.value, Learned::Clean(kinds)));
        }
        // `const url = new URL(x); url.hostname === "example.com"`
        if other.exact
            && let Some(address) = interp.address_of(id).filter(|a| *a != id)
        {
            out.push((address, Learned::Clean(super::sink::ADDRESS)));
            // The parsed address leads where the text does.
            if let ExprKind::Field(parsed, _) = hir.expr(id).kind {
                out.push((parsed, Learned::Clean(super::sink::ADDRESS)));
            }
        }
        // `event.origin === window.location.origin`
        if other.apis.iter().any(|p| *p == "location.origin")
            && matches!(&hir.expr(id).kind, ExprKind::Field(_, name) if name == "origin")
        {
            out.push((id, Learned::Clean(SinkKinds::ALL)));
            continue;
        }
        // A path that is the folder itself.
        let path = interp.peek(id).filter(|v| v.has_taint() && is_normalized(Some(v)));
        if other.exact && !other.has_taint() {
            out.push((id, Learned::Is((*other).clone())));
        } else if path.is_some() && !other.has_taint() && !other.is_unknown() {
            out.push((id, Learned::Clean(SinkKind::Path.set())));
        } else if other.has_taint() && !other.is_foreign() {
            // What the program was told by whoever runs it.
            out.push((id, Learned::Clean(SinkKinds(SinkKinds::ALL.0 & !super::kinds::DISCLOSURE.0))));
        } else if !other.has_taint()
            && other.lits.is_empty()
            && !other.is_unknown()
            && other.types == Types::UNKNOWN
            && other.apis.is_empty()
        {
            // Compared with something of the program's own that is not foreign.
            out.push((id, Learned::Clean(SinkKinds::ALL)));
        }
    }
}

/// What both lists say of the same place, once for each: a chain of alternatives asks this again and again of what it gave.
fn in_both(
    hir: &crate::semantics::hir::Hir,
    a: &[(ExprId, Learned)],
    b: &[(ExprId, Learned)],
) -> Vec<(ExprId, Learned)> {
    // One of several constants is as good as clean.
    let clean = |list: &[(ExprId, Learned)], place: ExprId| {
        let here = list.iter().filter(|(other, _)| same_place(hir, place, *other));
        let kinds = here.filter_map(|(_, learned)| match learned {
            Learned::Clean(kinds) => Some(*kinds),
            Learned::Is(_) => Some(SinkKinds::ALL),
            Learned::Of(_) | Learned::Below(..) => None,
        });
        kinds.reduce(|a, b| a | b)
    };
    let mut out: Vec<(ExprId, Learned)> = Vec::new();
    for (place, _) in a {
        if !out.iter().any(|(known, _)| same_place(hir, *known, *place))
            && let (Some(x), Some(y)) = (clean(a, *place), clean(b, *place))
        {
            out.push((*place, Learned::Clean(x & y)));
        }
    }
    out
}

fn same_place(hir: &crate::semantics::hir::Hir, a: ExprId, b: ExprId) -> bool {
    match (&hir.expr(a).kind, &hir.expr(b).kind) {
        (ExprKind::Local(x), ExprKind::Local(y)) => x == y,
        (ExprKind::Name(x), ExprKind::Name(y)) => x == y,
        (ExprKind::This, ExprKind::This) => true,
        (ExprKind::Field(x, n), ExprKind::Field(y, m)) => n == m && same_place(hir, *x, *y),
        (ExprKind::Index(x, i), ExprKind::Index(y, j)) => same_place(hir, *x, *y) && same_place(hir, *i, *j),
        (ExprKind::Lit(x), ExprKind::Lit(y)) => x == y,
        _ => false,
    }
}

impl Interp<'_> {
    /// Whether an expression is a place that can be refined.
    pub(super) fn is_place(&self, id: ExprId) -> bool {
        match &self.hir.expr(id).kind {
            ExprKind::Local(_) | ExprKind::Name(_) | ExprKind::This => true,
            ExprKind::Field(base, _) | ExprKind::Index(base, _) => self.is_place(*base),
            _ => false,
        }
    }

    pub(super) fn join_with(&mut self, other: &super::state::State) {
        let world = self.world;
        self.state.join(other, &|n| world.name(n));
    }

    /// Applies what was learned.
    pub(super) fn refine(&mut self, learned: &[(ExprId, Learned)]) {
        for (place, learned) in learned {
            let place = self.root_text(*place);
            if !self.is_place(place) {
                continue;
            }
            let Some(old) = self.peek(place) else { continue };
            if let Some(record) = &self.record {
                record.learned(self.at(self.hir.expr(place).span), learned, &old);
            }
            self.refine_kin(place, &old, learned);
            self.refine_aliases(place, learned);
            let new = match learned {
                Learned::Clean(kinds) => {
                    if !old.has_taint() {
                        continue;
                    }
                    // `/x`, not `//x`: a path of the site's own.
                    let own = |t: &Taint| {
                        [SinkKind::Rooted, SinkKind::OneSlash].iter().all(|m| kinds.has(*m) || t.cleaned.has(*m))
                    };
                    let local = !old.taints.is_empty() && old.taints.iter().all(own);
                    let more = if local { SinkKind::Redirect.set() } else { SinkKinds::NONE };
                    Arc::new(old.cleaned(*kinds | more))
                }
                Learned::Is(value) => value.clone(),
                Learned::Below(path, kinds) => self.with_harmless(&old, path, *kinds),
                Learned::Of(types) => {
                    let mut value = Value::clone(&old);
                    value.types = *types;
                    Arc::new(value)
                }
            };
            self.put(place, new);
        }
    }

    /// What is learned of a part or a derivative of foreign data holds of the data itself: of an address whose host was
    /// compared, of a name whose absolute path was found to be inside a folder.
    fn refine_kin(&mut self, place: ExprId, old: &Val, learned: &Learned) {
        let message = |t: &Taint| matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::Message);
        let sent = !old.taints.is_empty() && old.taints.iter().all(message);
        let kinds = match (&self.hir.expr(place).kind, learned) {
            // A message whose sender the program knows is as good as its own data.
            (ExprKind::Field(base, name), Learned::Is(_) | Learned::Clean(SinkKinds::ALL))
                if name == "origin" && !sent =>
            {
                if let Some(event) = self.peek(*base).filter(|e| e.apis.iter().any(|p| *p == "MessageEvent")) {
                    let known = Value { apis: smallvec::SmallVec::new(), ..Value::clone(&event) };
                    self.put(*base, Arc::new(known));
                    return;
                }
                super::sink::ADDRESS
            }
            (ExprKind::Field(_, name), Learned::Is(_) | Learned::Clean(SinkKinds::ALL)) if name == "origin" && sent => {
                SinkKinds::ALL
            }
            (ExprKind::Local(local), Learned::Is(_) | Learned::Clean(SinkKinds::ALL))
                if sent && self.hir.local(*local).name == "origin" =>
            {
                SinkKinds::ALL
            }
            (ExprKind::Field(_, name), Learned::Is(_) | Learned::Clean(_))
                if matches!(name.as_str(), "hostname" | "host" | "origin") =>
            {
                super::sink::ADDRESS
            }
            (ExprKind::Field(_, name), Learned::Is(_)) if name == "protocol" => SinkKind::ScriptUrl.set(),
            // `const host = new URL(x).host; if (!allowed.includes(host)) return;`
            (ExprKind::Local(local), Learned::Is(_) | Learned::Clean(SinkKinds::ALL))
                if super::lexicon::words(&self.hir.local(*local).name)
                    .iter()
                    .any(|w| matches!(w.as_str(), "host" | "hostname" | "origin" | "domain")) =>
            {
                super::sink::ADDRESS
            }
            // `Some(h) if HOSTS.contains(&h)` of `url.host_str()`
            (ExprKind::Local(_), Learned::Is(_) | Learned::Clean(SinkKinds::ALL)) if is_host(old) => {
                super::sink::ADDRESS
            }
            (_, Learned::Clean(kinds)) if kinds.has(SinkKind::Path) && is_normalized(Some(old)) => SinkKind::Path.set(),
            _ => return,
        };
        if old.taints.is_empty() {
            return;
        }
        let origins: Vec<_> = old.taints.iter().map(|t| t.origin.clone()).collect();
        let clean = |value: &Val| {
            let kin = |t: &super::value::Taint| origins.iter().any(|o| is_kin(o, &t.origin));
            if !value.has_taint() || !value.deep_taints().iter().any(kin) {
                return None;
            }
            let mut mark = |t: &super::value::Taint| {
                let mut taint = t.clone();
                if kin(t) {
                    taint.cleaned = taint.cleaned | kinds;
                }
                Some(taint)
            };
            Some(Arc::new(value.map_taints(&mut mark, 0)))
        };
        self.state.locals.update(clean);
        if self.state.names.is_empty() {
            return;
        }
        for value in Arc::make_mut(&mut self.state.names).values_mut() {
            if let Some(new) = clean(value) {
                *value = new;
            }
        }
    }

    /// `x` for `x.trim()`, `x.toLowerCase()`, `String(x)`: what is learned of the result holds of the text in it.
    fn root_text(&self, id: ExprId) -> ExprId {
        let mut at = id;
        loop {
            let (callee, args) = match &self.hir.expr(at).kind {
                ExprKind::Call { callee, args, .. } => (callee, args),
                ExprKind::Ref { value, .. } | ExprKind::Deref(value) | ExprKind::Cast(value, _) => {
                    at = *value;
                    continue;
                }
                _ => break,
            };
            match &self.hir.expr(*callee).kind {
                ExprKind::Field(base, name)
                    if matches!(
                        name.as_str(),
                        "trim"
                            | "toLowerCase"
                            | "toUpperCase"
                            | "toString"
                            | "normalize"
                            | "as_str"
                            | "as_ref"
                            | "as_deref"
                            | "as_path"
                            | "as_bytes"
                            | "deref"
                            | "clone"
                            | "to_owned"
                            | "unwrap"
                            | "unwrap_or_default"
                            | "to_ascii_lowercase"
                            | "to_string"
                            | "to_lowercase"
                    ) =>
                {
                    at = *base;
                }
                ExprKind::Name(name)
                    if args.len() == 1
                        && (name == "String"
                            || ["Path::new", "PathBuf::from"].iter().any(|p| name.as_str().ends_with(p))) =>
                {
                    at = args[0].value;
                }
                _ => break,
            }
        }
        at
    }

    /// In a `switch` case the value is the constant of the case.
    pub(super) fn refine_equal(&mut self, place: ExprId, constant: &Val) {
        if constant.exact {
            self.refine(&[(place, Learned::Is(constant.clone()))]);
        }
    }

    /// In a `match` arm with a constant pattern the value is that constant.
    pub(super) fn refine_match(&mut self, place: ExprId, pat: PatId) {
        if is_constant(self.hir, pat)
            && let Some(address) = owner_of_host(self.hir, place)
        {
            self.refine(&[(address, Learned::Clean(super::sink::ADDRESS))]);
        }
        match &self.hir.pat(pat).kind {
            PatKind::Value(expr) => {
                if let ExprKind::Lit(lit) = &self.hir.expr(*expr).kind {
                    let value = constant(lit.clone());
                    self.refine(&[(place, Learned::Is(value))]);
                } else if self.is_bounded(pat) {
                    self.refine(&[(place, Learned::Clean(SinkKind::Allocation.set()))]);
                }
            }
            // `0..=100 => n`: an `@` pattern too.
            PatKind::Bind(local, Some(sub)) => {
                let local = *local;
                if self.is_bounded(*sub) {
                    let value = self.state.locals.get(local).cleaned(SinkKind::Allocation.set());
                    self.state.locals.set(local, Arc::new(value));
                }
            }
            PatKind::Or(alternatives) => {
                let all = alternatives.iter().all(|p| matches!(&self.hir.pat(*p).kind, PatKind::Value(_)));
                if all {
                    self.refine(&[(place, Learned::Clean(SinkKinds::ALL))]);
                }
            }
            _ => {}
        }
    }

    /// Whether a pattern is a range with an upper end.
    fn is_bounded(&self, pat: PatId) -> bool {
        matches!(&self.hir.pat(pat).kind, PatKind::Value(e) if matches!(self.hir.expr(*e).kind, ExprKind::Range(_, Some(_))))
    }

    /// An expression as it is written.
    fn text(&self, id: ExprId) -> &'_ str {
        let span = self.hir.expr(id).span;
        self.arena.root().text().get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The text whose parts are all looked at by a test that leaves nothing dangerous, and for which sinks that holds.
    fn checked_parts(&self, parts: ExprId, test: ExprId) -> Option<(ExprId, SinkKinds)> {
        let ExprKind::Call { callee, .. } = &self.hir.expr(parts).kind else { return None };
        let ExprKind::Field(whole, name) = &self.hir.expr(*callee).kind else { return None };
        let test = self.text(test);
        let has = |list: &[&str]| list.iter().any(|w| test.contains(w));
        match name.as_str() {
            "components" if has(&["ParentDir", "Normal"]) => Some((*whole, SinkKind::Path.set())),
            "chars" | "bytes"
                if has(&[
                    "alphanumeric",
                    "digit",
                    "alphabetic",
                    "is_numeric",
                    "_lowercase",
                    "_uppercase",
                    "a'..=",
                    "A'..=",
                    "0'..=",
                ]) =>
            {
                // Where slashes are allowed, a path may still lead out.
                let slashes = has(&["'/'"]);
                Some((
                    *whole,
                    if slashes { SinkKinds(SinkKinds::ALL.0 & !SinkKind::Path.set().0) } else { SinkKinds::ALL },
                ))
            }
            "split" if has(&["\"..\""]) => Some((*whole, SinkKind::Path.set())),
            _ => None,
        }
    }

    /// An address whose host, taken out of it, was found to be the program's.
    fn host_is_known(&self, host: ExprId, yes: &mut Lessons) {
        let Some(place) = self.address_of(host) else { return };
        yes.push((place, Learned::Clean(super::sink::ADDRESS)));
        // The parsed address leads where the text does.
        if let ExprKind::Field(parsed, _) = self.hir.expr(host).kind
            && self.is_place(parsed)
        {
            yes.push((parsed, Learned::Clean(super::sink::ADDRESS)));
        }
    }

    /// `x` for `x.split("/")`: a part that none of them is, is none of the text's.
    fn split_of(&self, id: ExprId) -> ExprId {
        let ExprKind::Call { callee, .. } = &self.hir.expr(id).kind else { return id };
        match &self.hir.expr(*callee).kind {
            ExprKind::Field(whole, name) if name == "split" => *whole,
            _ => id,
        }
    }

    /// `x` for `path.relative(root, x)`.
    fn related(&self, id: ExprId) -> ExprId {
        match &self.hir.expr(id).kind {
            ExprKind::Call { callee, args, .. } => match (&self.hir.expr(*callee).kind, args.as_slice()) {
                (ExprKind::Field(_, name), [_, path]) if name == "relative" => path.value,
                _ => id,
            },
            _ => id,
        }
    }

    /// `x` for `path.resolve(root, x)`, which is looked at without being kept.
    fn made_absolute(&self, id: ExprId) -> Option<ExprId> {
        let ExprKind::Call { callee, args, .. } = &self.hir.expr(id).kind else { return None };
        let (ExprKind::Field(_, name) | ExprKind::Name(name)) = &self.hir.expr(*callee).kind else { return None };
        match (name.as_str(), args.as_slice()) {
            ("resolve" | "join", [_, path]) | ("resolve", [path]) if self.is_place(path.value) => Some(path.value),
            ("normalize", [path]) => self.made_absolute(path.value),
            _ => None,
        }
    }

    /// The text that `Number(x)` or `+x` was made of, which is all digits if it is a number.
    pub(super) fn text_of_number(&self, id: ExprId) -> ExprId {
        match &self.hir.expr(id).kind {
            ExprKind::Call { callee, args, .. }
                if args.len() == 1 && matches!(&self.hir.expr(*callee).kind, ExprKind::Name(n) if n == "Number") =>
            {
                args[0].value
            }
            ExprKind::Unary(UnaryOp::Arithmetic, inner)
                if self.arena.slice(self.hir.expr(id).span).starts_with('+') =>
            {
                *inner
            }
            _ => id,
        }
    }

    /// What a call's truth says: allow-lists, prefix checks, regular expressions, and models' guards.
    pub(super) fn guard_call(&mut self, call: &super::call::Call<'_>) {
        let mut yes: Vec<(ExprId, Learned)> = Vec::new();
        let mut no: Vec<(ExprId, Learned)> = Vec::new();
        if call.name == "next" && call.args.is_empty() {
            self.hands_on(call);
        }
        let target = Target { paths: &call.paths, name: call.name, open: call.open };
        if let Some((port, kinds, when)) = self.models.call(&target).and_then(|m| m.guard.as_ref()) {
            let place = match port.base {
                Base::Arg(n) => call.arg_ids.get(n as usize).copied(),
                Base::This => call.receiver_id,
                _ => None,
            };
            if let Some(place) = place {
                if *when { yes.push((place, Learned::Clean(*kinds))) } else { no.push((place, Learned::Clean(*kinds))) }
            }
        }
        // An own key is no way to the prototype, whoever filled the object.
        if let Some((object, at)) = super::lookups::own_key(call)
            && let (Some(key), Some(value)) = (call.arg_ids.get(at), call.args.get(at))
        {
            // Whoever makes an object decides on its own keys: that it has one says nothing of another object.
            let own = object.is_some_and(|object| is_key_of(object, value));
            let property = if own { SinkKinds::NONE } else { SinkKind::PropertyKey.set() };
            yes.push((*key, Learned::Clean(property | SinkKind::MethodName.set())));
        }
        if let Some(safe) = super::lexicon::tells_keys(call.name) {
            let keys = call.arg_ids.iter().map(|key| (*key, Learned::Clean(SinkKind::PropertyKey.set())));
            if safe { yes.extend(keys) } else { no.extend(keys) }
        }
        super::lookups::found_by(self, call, &mut yes);
        super::lookups::by_name(self, call, &mut yes);
        let (list, asked) = super::lookups::asked_of(call);
        let list_is_ours = list.is_some_and(|r| !r.is_foreign() || is_kept_list(r, call));
        match (call.name.as_str(), asked) {
            // `if (keys.some((key) => REFUSED.has(key))) return;`
            ("some", Some(test)) if [PROTO, ".has(", ".includes("].iter().any(|w| self.text(*test).contains(w)) => {
                if let Some(receiver) = call.receiver_id {
                    no.push((receiver, Learned::Clean(SinkKind::PropertyKey.set())));
                }
            }
            (
                "includes" | "has" | "hasOwnProperty" | "contains" | "contains_key" | "hasOwn" | "some"
                | "binary_search" | "indexOf",
                Some(arg),
            ) if list_is_ours && list.is_some_and(|r| r.types != Types::STRING || !r.exact) => {
                // `Object.hasOwn(allowed, key)` names the key second.
                let arg = if call.name == "hasOwn" { call.arg_ids.get(1).unwrap_or(arg) } else { arg };
                let denies = list.is_some_and(|list| {
                    let list = self.element(list);
                    list.lits.iter().any(|l| matches!(l, Lit::Str(name) if name.as_str() == PROTO))
                });
                if denies {
                    no.push((*arg, Learned::Clean(SinkKind::PropertyKey.set())));
                } else if call.name != "some" {
                    yes.push((*arg, Learned::Clean(SinkKinds::ALL)));
                    if let Some(address) = self.address_of(*arg).filter(|a| a != arg) {
                        yes.push((address, Learned::Clean(super::sink::ADDRESS)));
                    }
                }
            }
            ("startsWith" | "starts_with", Some(_)) => {
                if let (Some(receiver), Some(prefix)) = (call.receiver_id, call.args.first()) {
                    let kinds = starts_with(call.receiver.as_ref(), prefix);
                    if kinds != SinkKinds::NONE {
                        yes.push((receiver, Learned::Clean(kinds)));
                    }
                    if kinds.has(SinkKind::Path) {
                        yes.extend(self.made_absolute(receiver).map(|p| (p, Learned::Clean(SinkKind::Path.set()))));
                    }
                    if prefix.as_str().is_some_and(|p| matches!(p.as_str(), "//" | "/\\" | "http")) {
                        no.push((receiver, Learned::Clean(SinkKind::OneSlash.set())));
                    }
                    // `path.relative(root, x).startsWith("..")` is true of what lies outside.
                    if prefix.as_str().is_some_and(|p| p.starts_with("..")) && is_normalized(call.receiver.as_ref()) {
                        no.push((self.related(receiver), Learned::Clean(SinkKind::Path.set())));
                    }
                }
            }
            // `if (x.includes('..')) return;`
            ("includes" | "contains" | "match" | "indexOf" | "search", Some(_)) => {
                if let (Some(receiver), Some(part)) = (call.receiver_id, call.args.first().and_then(|a| a.as_str()))
                    && matches!(part.as_str(), ".." | "../" | "..\\")
                {
                    no.push((self.split_of(receiver), Learned::Clean(SinkKind::Path.set())));
                }
            }
            // `path.components().any(|c| c == Component::ParentDir)`, `name.chars().all(char::is_alphanumeric)`
            ("any" | "all", Some(test)) => {
                if let Some(receiver) = call.receiver_id
                    && let Some((place, kinds)) = self.checked_parts(receiver, *test)
                {
                    let list = if call.name == "all" { &mut yes } else { &mut no };
                    list.push((place, Learned::Clean(kinds)));
                }
            }
            // Whoever asks knows that it may be one.
            ("isArray", Some(arg)) => {
                yes.push((*arg, Learned::Clean(SinkKind::StringCheck.set())));
                no.push((*arg, Learned::Clean(SinkKind::StringCheck.set())));
            }
            // A check by the program's own function, by its name; what a short one does with a pattern is judged by that.
            (name, Some(_)) if says(name, &TRUSTED) && super::regex::is_only_match(call, self.world) => {}
            (name, Some(arg)) if says(name, &TRUSTED) && !says(name, &DISTRUSTED) => {
                yes.push((*arg, Learned::Clean(SinkKinds::ALL)));
            }
            (name, Some(arg)) if says(name, &DISTRUSTED) => no.push((*arg, Learned::Clean(SinkKinds::ALL))),
            ("isNaN" | "isInteger" | "isFinite" | "isSafeInteger", Some(arg)) => {
                let list = if call.name == "isNaN" { &mut no } else { &mut yes };
                list.push((self.text_of_number(*arg), Learned::Clean(SinkKinds::ALL)));
            }
            // `new URL(x).hostname.endsWith(".example.com")`
            ("endsWith", Some(_)) => {
                let end = call.args.first().and_then(|a| a.as_str());
                if end.is_some_and(|e| e.starts_with('.') && e.len() > 2)
                    && let Some(receiver) = call.receiver_id
                {
                    self.host_is_known(receiver, &mut yes);
                }
            }
            _ => {}
        }
        super::regex::guard(call, &mut yes, &mut no);
        // `/(^|\.)example\.com$/.test(new URL(x).hostname)`
        let host = if call.name == "match" { call.receiver_id } else { call.arg_ids.first().copied() };
        if let Some(host) = host.filter(|_| super::regex::is_of_domain(call)) {
            self.host_is_known(host, &mut yes);
        }
        if let Some((place, read)) = self.validated(call).or_else(|| self.checked_by_type(call)) {
            yes.retain(|(p, _)| *p != place);
            yes.push((place, Learned::Is(read)));
        }
        if let Some(record) = &self.record {
            let values: Vec<&Val> = call.args.iter().chain(&call.receiver).collect();
            record.guard(self.at(call.span), call.name, &values, [&yes, &no]);
        }
        if !yes.is_empty() || !no.is_empty() {
            self.call_facts = Some((yes, no));
        }
    }
}

/// Whether a key comes from the object that is asked for it, which a parameter of the function at work is.
fn is_key_of(object: &Val, key: &Val) -> bool {
    let params = |v: &Val| -> Vec<u16> {
        let of = |t: &Taint| if let Origin::Param(n, _) = t.origin { Some(n) } else { None };
        v.taints.iter().filter_map(of).collect()
    };
    let keys = params(key);
    let objects = params(object);
    keys.iter().any(|n| *n != THIS && objects.contains(n))
}

/// Whether a list that is asked is a member of the object at hand, or another parameter than what is looked up: whoever wrote
/// the program filled it.
fn is_kept_list(list: &Val, call: &super::call::Call<'_>) -> bool {
    let asked: Vec<u16> = call
        .args
        .iter()
        .flat_map(|a| &a.taints)
        .filter_map(|t| if let Origin::Param(n, _) = t.origin { Some(n) } else { None })
        .collect();
    let set = matches!(call.name.as_str(), "has" | "contains_key" | "contains" | "binary_search");
    let kept = |t: &Taint| match &t.origin {
        Origin::Param(n, path) if *n == THIS => !path.is_empty(),
        Origin::Param(n, _) => set && list.types != Types::STRING && !asked.contains(n),
        Origin::Source(_) => false,
    };
    list.deep_taints().iter().all(kept)
}

/// Words in the names of predicates that are true of what is harmless.
const TRUSTED: [&str; 12] = [
    "allowed",
    "safe",
    "valid",
    "trusted",
    "whitelisted",
    "permitted",
    "inside",
    "within",
    "allowlisted",
    "whitelist",
    "allowlist",
    "validate",
];

/// And of what is not.
const DISTRUSTED: [&str; 12] = [
    "blocked",
    "forbidden",
    "malicious",
    "dangerous",
    "private",
    "internal",
    "invalid",
    "unsafe",
    "traversal",
    "blacklisted",
    "denied",
    "untrusted",
];

fn says(name: &str, words: &[&str]) -> bool {
    (5..40).contains(&name.len()) && super::lexicon::has_word(name, words)
}

/// For which kinds a value that starts with `prefix` is harmless.
fn starts_with(receiver: Option<&Val>, prefix: &Val) -> SinkKinds {
    let text: Option<Ustr> = prefix.text_prefix();
    match text.as_ref().map(|t| t.as_str()) {
        // The whole host is fixed only when its end is.
        Some(t) if t.contains("://") => {
            let host = t.split_once("://").map_or("", |(_, h)| h);
            if host.contains('/') {
                SinkKind::Url.set() | SinkKind::Redirect.set() | SinkKind::ScriptUrl.set()
            } else if host.is_empty() {
                SinkKind::ScriptUrl.set()
            } else {
                SinkKinds::NONE
            }
        }
        Some(t) if t.len() > 1 && t.starts_with('/') && !t.starts_with("//") && prefix.exact => {
            let path = if is_normalized(receiver) { SinkKind::Path.set() } else { SinkKinds::NONE };
            SinkKind::Redirect.set() | path | super::firsts::MEMBERS
        }
        Some("/") if prefix.exact => SinkKind::Rooted.set() | super::firsts::MEMBERS,
        Some("." | "./") if prefix.exact => SinkKinds::NONE,
        Some(t) if prefix.exact => {
            if t.contains(['/', '\\']) && is_normalized(receiver) {
                SinkKind::Path.set()
            } else {
                SinkKinds::NONE
            }
        }
        // A folder that the program chose: a barrier for paths, if the path was made absolute before.
        _ if !prefix.is_foreign() || prefix.deep_taints().iter().all(is_programs) => {
            if is_normalized(receiver) {
                SinkKind::Path.set()
            } else {
                SinkKinds::NONE
            }
        }
        _ => SinkKinds::NONE,
    }
}

/// Whether what is foreign in a folder's name is the caller's choice, or that of whoever installed the program (`__dirname`).
fn is_programs(taint: &Taint) -> bool {
    match &taint.origin {
        Origin::Param(..) => true,
        Origin::Source(source) => source.kind == SourceKind::Environment,
    }
}

/// Whether one is the other or something below it.
fn is_kin(part: &Origin, whole: &Origin) -> bool {
    match (part, whole) {
        (Origin::Param(a, path), Origin::Param(b, prefix)) => a == b && path.starts_with(prefix),
        _ => part == whole,
    }
}

/// Whether what is foreign in a value went through `resolve`, `join` or their like.
pub(super) fn is_normalized(value: Option<&Val>) -> bool {
    value.is_some_and(|v| v.taints.iter().all(|t| t.cleaned.has(SinkKind::Normalized)))
}

/// Whether a value was just taken out of an address as its host (Rust).
fn is_host(value: &Val) -> bool {
    const PARTS: [&str; 4] = [".host_str()", ".host()", ".domain()", ".authority()"];
    let taken = |t: &Taint| {
        std::iter::successors(t.trace.as_ref(), |s| s.previous.as_ref()).take(4).any(|s| {
            let text = s.at.arena.text().get(s.at.span.start as usize..s.at.span.end as usize).unwrap_or_default();
            s.what == StepKind::Through && PARTS.iter().any(|p| text.ends_with(p))
        })
    };
    !value.taints.is_empty() && value.taints.iter().all(taken)
}
