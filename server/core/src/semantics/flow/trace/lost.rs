//! Where a flow was lost: back from a sink through what its value is made of, to the first place that was foreign.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use crate::semantics::hir::{BinaryOp, ExprId, ExprKind, Hir, LocalId, Member, PatId, PatKind, Ustr};

use super::super::kinds::{SinkKind, SinkKinds};
use super::super::sink::is_harmless;
use super::super::value::{Origin, Val};
use super::verdict::{known, shown};
use super::{Answers, Stop};

/// Most expressions that are looked at.
const MAX_LOOKED: usize = 2000;
/// Most answers.
const MAX_ANSWERS: usize = 5;

/// What an expression is made of.
enum Part {
    /// Another expression: by block and number.
    Expr(usize, ExprId),
    /// Nothing that could be followed: a parameter, an import, a global.
    End(String),
}

impl Answers<'_> {
    /// Where foreign data last was on its way to an expression; if it never was, what the value is made of in the end.
    pub(super) fn lost(&self, unit: usize, expr: ExprId, kind: SinkKind) -> Vec<Stop> {
        let mut queue = VecDeque::from([(unit, expr)]);
        let mut seen: FxHashSet<(usize, ExprId)> = FxHashSet::default();
        let (mut losses, mut ends) = (Vec::new(), Vec::new());
        while let Some((unit, expr)) = queue.pop_front() {
            if !seen.insert((unit, expr)) || seen.len() > MAX_LOOKED || losses.len() >= MAX_ANSWERS {
                continue;
            }
            for part in self.parts(unit, expr) {
                match part {
                    Part::End(text) => push(&mut ends, Stop { range: Some(self.range_of(unit, expr)), text }),
                    Part::Expr(at, part) => {
                        if self.value(at, part).is_some_and(|v| is_foreign(v, kind)) {
                            let text = self.reason(unit, expr, at, part, kind);
                            push(&mut losses, Stop { range: Some(self.range_of(unit, expr)), text });
                        } else {
                            queue.push_back((at, part));
                        }
                    }
                }
            }
        }
        if losses.is_empty() { ends } else { losses }
    }

    /// What an expression's value is made of.
    fn parts(&self, unit: usize, expr: ExprId) -> Vec<Part> {
        let hir = &self.units[unit].hir;
        let here = |list: &[ExprId]| list.iter().map(|e| Part::Expr(unit, *e)).collect::<Vec<_>>();
        match &hir.expr(expr).kind {
            ExprKind::Local(local) => self.definitions(unit, *local),
            ExprKind::Name(name) => self.outer(unit, *name),
            ExprKind::This => vec![Part::End("`this`: what is in the object is not known to be foreign".into())],
            ExprKind::Field(base, _) | ExprKind::Await(base) | ExprKind::Try(base) | ExprKind::Deref(base) => {
                here(&[*base])
            }
            ExprKind::Index(base, _) | ExprKind::Cast(base, _) | ExprKind::Ref { value: base, .. } => here(&[*base]),
            ExprKind::Unary(_, value) | ExprKind::Assign(_, value) => here(&[*value]),
            ExprKind::Template(parts) | ExprKind::Opaque(parts) => here(parts),
            ExprKind::Tagged { values, .. } => here(values),
            ExprKind::Macro { args, .. } => here(args),
            ExprKind::Binary(_, a, b) | ExprKind::Logical(_, a, b) => here(&[*a, *b]),
            ExprKind::AssignOp { read, value, .. } => here(&[*read, *value]),
            ExprKind::If { then, alternative, .. } => {
                here(&std::iter::once(*then).chain(*alternative).collect::<Vec<_>>())
            }
            ExprKind::Block { body, value: true, .. } => here(body.last().map_or(&[], std::slice::from_ref)),
            ExprKind::Match { arms, .. } => here(&arms.iter().map(|a| a.body).collect::<Vec<_>>()),
            ExprKind::Object(_, members) | ExprKind::Array(members) => here(&member_values(members)),
            ExprKind::Repeat(value, _) => here(&[*value]),
            ExprKind::Call { callee, args, .. } => {
                let mut parts = here(&args.iter().map(|a| a.value).collect::<Vec<_>>());
                match &hir.expr(*callee).kind {
                    ExprKind::Field(base, _) | ExprKind::Index(base, _) => parts.push(Part::Expr(unit, *base)),
                    _ => {}
                }
                let arena = super::address(self.units[unit].placed.block.arena());
                let note = self.record.calls.get(&(arena, expr));
                for func in note.iter().flat_map(|n| &n.funcs) {
                    if let Some(&at) = self.by_id.get(&func.block) {
                        let returned = returned(&self.units[at].hir, func.id.0 as usize);
                        parts.extend(returned.into_iter().map(|e| Part::Expr(at, e)));
                    }
                }
                if let Some(note) = note
                    && note.funcs.is_empty()
                {
                    let path = note.paths.first().map_or_else(|| note.name.to_string(), ToString::to_string);
                    parts.push(Part::End(format!("`{path}(..)`: {}, and it is no source", known(note))));
                }
                parts
            }
            _ => Vec::new(),
        }
    }

    /// What a variable was set to.
    fn definitions(&self, unit: usize, local: LocalId) -> Vec<Part> {
        let hir = &self.units[unit].hir;
        let binds = |pat: PatId| pattern_binds(hir, pat, local, 0);
        let mut out = Vec::new();
        for expr in &hir.exprs {
            match &expr.kind {
                ExprKind::Let { pat, value: Some(value), .. }
                | ExprKind::Assign(pat, value)
                | ExprKind::LetCondition(pat, value)
                | ExprKind::AssignOp { place: pat, value, .. }
                | ExprKind::ForEach { pat, iterable: value, .. }
                    if binds(*pat) =>
                {
                    out.push(Part::Expr(unit, *value));
                }
                ExprKind::Match { value, arms } if arms.iter().any(|a| binds(a.pat)) => {
                    out.push(Part::Expr(unit, *value));
                }
                _ => {}
            }
        }
        for (n, function) in hir.functions.iter().enumerate() {
            for (i, param) in function.params.iter().enumerate() {
                if !binds(param.pat) {
                    continue;
                }
                let callers = self.arguments(unit, n, i);
                if callers.is_empty() {
                    let name = hir.local(local).name;
                    let of = function.name.map_or_else(String::new, |f| format!(" of `{f}`"));
                    out.push(Part::End(format!(
                        "the parameter `{name}`{of}: no call in this file passes anything for it, and its type is no request"
                    )));
                }
                out.extend(callers);
            }
        }
        out
    }

    /// What the calls in the file pass for a parameter.
    fn arguments(&self, unit: usize, function: usize, param: usize) -> Vec<Part> {
        let block = self.units[unit].placed.block.id();
        let mut out = Vec::new();
        for ((caller, id), note) in &self.record.calls {
            let called = |f: &super::super::value::FuncRef| f.block == block && f.id.0 as usize == function;
            if !note.funcs.iter().any(called) {
                continue;
            }
            if let Some(&at) = self.by_arena.get(caller)
                && let ExprKind::Call { args, .. } = &self.units[at].hir.expr(*id).kind
                && let Some(arg) = args.get(param)
            {
                out.push((at, arg.value));
            }
        }
        out.sort_unstable_by_key(|(at, id)| (*at, id.0));
        out.into_iter().map(|(at, id)| Part::Expr(at, id)).collect()
    }

    /// What a name from outside of a block is.
    fn outer(&self, unit: usize, name: Ustr) -> Vec<Part> {
        let mut child = unit;
        while let Some(parent) = self.units[child].parent {
            let hir = &self.units[parent].hir;
            let number = self.units[child].number;
            let inner = hir.inner_bindings.iter().find(|(c, n, _)| *c == number && *n == name).map(|(_, _, l)| *l);
            let local = inner.or_else(|| hir.bindings.iter().find(|(n, _)| *n == name).map(|(_, l)| *l));
            if let Some(local) = local {
                return self.definitions(parent, local);
            }
            child = parent;
        }
        let import = self.units.iter().flat_map(|u| &u.hir.imports).find(|i| i.local == name);
        vec![Part::End(match import {
            Some(import) => format!("`{name}` comes from `{}`, and no model says that it is foreign", import.module),
            None => format!("`{name}` is no name of this file, and no model says that it is foreign"),
        })]
    }

    /// Why what was foreign in a part is not in the whole.
    fn reason(&self, unit: usize, expr: ExprId, part_unit: usize, part: ExprId, kind: SinkKind) -> String {
        let hir = &self.units[unit].hir;
        let (whole, part_value) = (self.value(unit, expr), self.value(part_unit, part));
        let Some(part_value) = part_value else { return String::new() };
        let text = self.units[part_unit].placed.block.arena().text();
        let span = self.units[part_unit].hir.expr(part).span;
        let what = shown(text.get(span.start as usize..span.end as usize).unwrap_or_default());
        let cleaned = whole.is_some_and(|v| {
            let of = |t: &super::super::value::Taint| part_value.deep_taints().iter().any(|p| p.origin == t.origin);
            v.deep_taints().iter().any(|t| of(t) && t.cleaned.has(kind))
        });
        let arena = super::address(self.units[unit].placed.block.arena());
        if let Some(call) = self.record.calls.get(&(arena, expr)) {
            let name = call.paths.first().map_or_else(|| call.name.to_string(), ToString::to_string);
            return if cleaned || call.cleans.has(kind) {
                format!("`{what}` is foreign; `{name}` makes it harmless for {}", kind.name())
            } else if whole.is_some_and(|v| v.types.is_harmless()) {
                format!("`{what}` is foreign, but what `{name}` gives is a number or a truth value")
            } else if !call.funcs.is_empty() {
                format!(
                    "`{what}` is foreign, but what `{name}` gives back is not made of it, as far as it was followed"
                )
            } else if call.model == Some(true) {
                format!("`{what}` is foreign; the model of `{name}` says that nothing of it comes out")
            } else {
                format!(
                    "`{what}` is foreign; no model says what `{name}` makes of its arguments, so nothing of it is followed further"
                )
            };
        }
        if cleaned {
            return format!("`{what}` is foreign; a check before this place makes it harmless for {}", kind.name());
        }
        match &hir.expr(expr).kind {
            _ if whole.is_none() => format!("`{what}` is foreign, but this was never reached"),
            _ if whole.is_some_and(|v| v.types.is_harmless()) => {
                format!("`{what}` is foreign, but this is a number, a truth value or nothing")
            }
            ExprKind::Field(_, name) => {
                format!("`{what}` is foreign, but its member `{name}` is not known to be: no model names it")
            }
            ExprKind::Local(_) | ExprKind::Name(_) => {
                format!(
                    "`{what}` is foreign, but what is read here was set to something else, or is read where that did not run"
                )
            }
            ExprKind::Binary(op, ..) if *op != BinaryOp::Add => {
                format!("`{what}` is foreign, but what comes out of the operator is none of it")
            }
            _ => format!("`{what}` is foreign, and gets lost here"),
        }
    }
}

/// Whether a value carries data that matters to a kind of sink, or to some other.
fn is_foreign(value: &Val, kind: SinkKind) -> bool {
    !is_harmless(kind, value)
        && value.deep_taints().iter().any(|t| match &t.origin {
            Origin::Source(s) => kind.accepts().has(s.kind) && !t.cleaned.has(kind) && t.cleaned != SinkKinds::ALL,
            Origin::Param(..) => false,
        })
}

fn push(list: &mut Vec<Stop>, stop: Stop) {
    if !list.contains(&stop) && list.len() < MAX_ANSWERS {
        list.push(stop);
    }
}

fn member_values(members: &[Member]) -> Vec<ExprId> {
    members
        .iter()
        .filter_map(|m| match m {
            Member::Field(_, value) | Member::Spread(value) | Member::Element(Some(value)) => Some(*value),
            Member::Element(None) => None,
        })
        .collect()
}

/// Whether a pattern binds or writes a variable. Nesting is that of the source, which lowering bounds; the depth is for safety.
fn pattern_binds(hir: &Hir, pat: PatId, local: LocalId, depth: usize) -> bool {
    if depth > 100 {
        return false;
    }
    let inner = |p: &PatId| pattern_binds(hir, *p, local, depth + 1);
    match &hir.pat(pat).kind {
        PatKind::Bind(bound, rest) => *bound == local || rest.as_ref().is_some_and(inner),
        PatKind::Place(place) => is_below(hir, *place, local, depth),
        PatKind::Object { fields, rest, .. } => {
            fields.iter().any(|(_, p)| inner(p)) || rest.as_ref().is_some_and(inner)
        }
        PatKind::Array { elements, .. } => elements.iter().flatten().any(inner),
        PatKind::Variant { elements, .. } => elements.iter().any(inner),
        PatKind::Default(p, _) | PatKind::Ref(p) => inner(p),
        PatKind::Or(all) => all.iter().any(inner),
        PatKind::Wild | PatKind::Value(_) => false,
    }
}

/// Whether a place is a variable or something in it.
fn is_below(hir: &Hir, place: ExprId, local: LocalId, depth: usize) -> bool {
    match &hir.expr(place).kind {
        ExprKind::Local(l) => *l == local,
        ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Deref(base) => {
            depth <= 100 && is_below(hir, *base, local, depth + 1)
        }
        _ => false,
    }
}

/// What a function gives back: its `return`s, and its body's value.
fn returned(hir: &Hir, function: usize) -> Vec<ExprId> {
    let Some(function) = hir.functions.get(function) else { return Vec::new() };
    let inside = |span: crate::syntax::Span| function.span.start <= span.start && span.end <= function.span.end;
    let of_others = |span: crate::syntax::Span| {
        hir.functions.iter().any(|f| {
            f.span != function.span
                && function.span.start <= f.span.start
                && f.span.end <= function.span.end
                && f.span.start <= span.start
                && span.end <= f.span.end
        })
    };
    let mut out: Vec<ExprId> = hir
        .exprs
        .iter()
        .filter(|e| inside(e.span) && !of_others(e.span))
        .filter_map(|e| if let ExprKind::Return(Some(value)) = e.kind { Some(value) } else { None })
        .collect();
    if let Some(body) = function.body
        && !matches!(hir.expr(body).kind, ExprKind::Block { value: false, .. })
    {
        out.push(body);
    }
    out
}
