//! What became of a sink, and of the data that reaches it.

use std::ops::Range;
use std::sync::Arc;

use crate::semantics::hir::{ExprId, ExprKind, Ustr};

use super::super::kinds::{SinkKind, SinkKinds, SourceKind, SourceKinds};
use super::super::sink::{is_harmless, prefix_protects};
use super::super::value::{Origin, Step, StepKind, THIS, Taint, Val, lit_text};
use super::{Answers, CallNote, CallTrace, Data, SinkNote, SinkTrace, Stop, Verdict};

impl Answers<'_> {
    pub(super) fn sink(&self, note: &SinkNote, range: Range<usize>) -> SinkTrace {
        let kind = note.kind;
        let taints = if note.deep { note.value.deep_taints() } else { note.value.taints.to_vec() };
        let sources: Vec<&Taint> = taints.iter().filter(|t| matches!(t.origin, Origin::Source(_))).collect();
        let (verdict, why) = self.verdict(note, &taints);
        let data = sources.iter().map(|t| self.data(t, Some(kind))).collect();
        let lost = match verdict {
            Verdict::Untainted | Verdict::Parameter => match self.expr_at(note) {
                Some((unit, expr)) => self.lost(unit, expr, kind),
                None => Vec::new(),
            },
            _ => Vec::new(),
        };
        SinkTrace { range, kind, name: note.name.to_string(), verdict, why, data, lost }
    }

    /// The expression whose value stands at a sink.
    fn expr_at(&self, note: &SinkNote) -> Option<(usize, ExprId)> {
        let unit = self.unit_of(&note.at)?;
        let arena = super::address(&note.at.arena);
        let known = |id: &&ExprId| self.record.values.contains_key(&(arena, **id));
        let found = self.units[unit].by_span.get(&note.at.span)?.iter().rfind(known)?;
        Some((unit, *found))
    }

    fn verdict(&self, note: &SinkNote, taints: &[Taint]) -> (Verdict, String) {
        let (kind, value) = (note.kind, &note.value);
        if let Some(condition) = &note.unmet {
            return (Verdict::Condition, format!("`{}` does harm here only where {condition}", note.name));
        }
        if value.exact && taints.is_empty() {
            let shown = value.lits.first().and_then(lit_text).map(|t| shown(&t));
            let is = shown.map_or_else(String::new, |t| format!(": `{t}`"));
            return (Verdict::Constant, format!("the value is a constant{is}"));
        }
        if is_harmless(kind, value) {
            let what = match kind {
                SinkKind::NoSql | SinkKind::StringCheck => "text, which is no object",
                _ => "a number, a truth value or nothing",
            };
            return (Verdict::Harmless, format!("the value is {what}: no harm for {} can hide in it", kind.name()));
        }
        if prefix_protects(kind, value.prefix) {
            let text = value.prefix.map(|p| shown(&p)).unwrap_or_default();
            return (Verdict::Prefixed, format!("the constant text before it, `{text}`, decides where it leads"));
        }
        let accepts = kind.accepts();
        let source = |t: &Taint| match &t.origin {
            Origin::Source(s) => Some((s.kind, s.what)),
            Origin::Param(..) => None,
        };
        let sources: Vec<(&Taint, (SourceKind, Ustr))> = taints.iter().filter_map(|t| Some((t, source(t)?))).collect();
        let accepted = |(_, (k, _)): &&(&Taint, (SourceKind, Ustr))| accepts.has(*k);
        if let Some((_, (_, what))) = sources.iter().filter(accepted).find(|(t, _)| !t.cleaned.has(kind)) {
            return (Verdict::Reached, format!("{what} reaches it, and nothing on the way makes it harmless"));
        }
        if let Some((t, (_, what))) = sources.iter().find(accepted) {
            let by = self.cleaners(t, kind);
            let by = if by.is_empty() { String::new() } else { format!(": {}", by.join("; ")) };
            return (
                Verdict::Cleaned,
                format!("{what} reaches it, but was made harmless for {} before{by}", kind.name()),
            );
        }
        if let Some((_, (found, what))) = sources.first() {
            let text = format!(
                "{what} reaches it, but a source of the kind `{}` does not matter to {}: only {} do",
                found.name(),
                kind.name(),
                names(accepts)
            );
            return (Verdict::OtherSource, text);
        }
        let param = taints.iter().find_map(|t| match &t.origin {
            Origin::Param(n, path) if !t.cleaned.has(kind) => Some((*n, path)),
            _ => None,
        });
        if let Some((n, path)) = param {
            let name = self.parameter(note, n, path);
            let text = format!(
                "it gets {name}, and no caller in sight passes foreign data for it; a parameter alone is no source"
            );
            return (Verdict::Parameter, text);
        }
        (Verdict::Untainted, "nothing foreign is known to reach it".to_owned())
    }

    /// A parameter's name with what of it.
    fn parameter(&self, note: &SinkNote, n: u16, path: &[Ustr]) -> String {
        let rest: String = path.iter().map(|p| format!(".{p}")).collect();
        if n == THIS {
            return format!("`this{rest}`");
        }
        let named = self.unit_of(&note.at).and_then(|unit| {
            let hir = &self.units[unit].hir;
            let param = hir.functions.first()?.params.get(n as usize)?;
            let span = hir.pat(param.pat).span;
            self.units[unit].placed.block.arena().text().get(span.start as usize..span.end as usize).map(shown)
        });
        match named {
            Some(name) => format!("the parameter `{name}{rest}`"),
            None => format!("parameter {} of its function", n + 1),
        }
    }

    /// Who made data harmless for a kind of sink.
    fn cleaners(&self, taint: &Taint, kind: SinkKind) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let add = |out: &mut Vec<String>, text: String| {
            if !out.contains(&text) && out.len() < 4 {
                out.push(text);
            }
        };
        for step in steps(taint) {
            if let Some(call) = self.call_at(step)
                && call.cleans.has(kind)
            {
                add(&mut out, format!("`{}` on {}", call.name, self.place(&step.at)));
            }
        }
        for b in self.record.barriers.iter().filter(|b| b.kinds.has(kind) && b.origins.contains(&taint.origin)) {
            add(&mut out, format!("{} on {}", b.what, self.place(&b.at)));
        }
        if out.is_empty() {
            add(&mut out, "its source gives nothing that harms here, or a type says so".to_owned());
        }
        out
    }

    fn call_at(&self, step: &Step) -> Option<&CallNote> {
        let unit = self.unit_of(&step.at)?;
        let arena = super::address(&step.at.arena);
        let ids = self.units[unit].by_span.get(&step.at.span)?;
        ids.iter().find_map(|id| self.record.calls.get(&(arena, *id)))
    }

    /// "line 12" of a place in this file.
    fn place(&self, at: &super::At) -> String {
        match self.range(at) {
            Some(range) => format!("line {}", self.text.line_of(range.start) + 1),
            None => "another file".to_owned(),
        }
    }

    /// The way of some data, and the barriers that it met. With a kind of sink, what they say of that.
    pub(super) fn data(&self, taint: &Taint, kind: Option<SinkKind>) -> Data {
        let Origin::Source(source) = &taint.origin else {
            return Data { what: String::new(), source: "", steps: Vec::new(), barriers: Vec::new() };
        };
        let mut out = vec![Stop { range: self.range(&source.at), text: format!("{} comes in here", source.what) }];
        let mut barriers: Vec<Stop> = Vec::new();
        for step in steps(taint) {
            let call = self.call_at(step);
            let text = match (step.what, call) {
                (StepKind::Assigned, _) => "is stored here".to_owned(),
                (StepKind::Concatenated, _) => "becomes part of a text here".to_owned(),
                (StepKind::Passed, Some(call)) => format!("is passed to `{}`", call.name),
                (StepKind::Passed, None) => "is passed on here".to_owned(),
                (StepKind::Returned, Some(call)) => format!("comes back from `{}`", call.name),
                (StepKind::Returned, None) => "comes back from a call here".to_owned(),
                (StepKind::Through, Some(call)) => format!("goes through `{}`: {}", call.name, known(call)),
                (StepKind::Through, None) => "goes through a call here".to_owned(),
            };
            let stop = Stop { range: self.range(&step.at), text };
            if out.last() != Some(&stop) {
                out.push(stop);
            }
            if let (Some(call), Some(kind), StepKind::Through) = (call, kind, step.what)
                && call.cleans != SinkKinds::NONE
            {
                let text = format!("`{}` {}", call.name, says(call.cleans, kind));
                push(&mut barriers, Stop { range: self.range(&step.at), text });
            }
        }
        for guard in self.record.guards.iter().filter(|g| g.origins.contains(&taint.origin)) {
            let Some(kind) = kind else { break };
            let text = match guard.kinds {
                SinkKinds::NONE => match silent(guard.name) {
                    Some(why) => format!("`{}` is asked here, but says nothing of it: {why}", guard.name),
                    None => continue,
                },
                kinds if kinds.has(kind) && !taint.cleaned.has(kind) => {
                    format!(
                        "`{}` {} where it holds; the data also gets to the sink where it does not",
                        guard.name,
                        says(kinds, kind)
                    )
                }
                kinds => format!("`{}` {}", guard.name, says(kinds, kind)),
            };
            push(&mut barriers, Stop { range: self.range(&guard.at), text });
        }
        for barrier in self.record.barriers.iter().filter(|b| b.origins.contains(&taint.origin)) {
            let Some(kind) = kind else { break };
            let range = self.range(&barrier.at);
            let inside = |g: &super::record::Guard| {
                self.range(&g.at).zip(range.as_ref()).is_some_and(|(g, b)| g.start <= b.start && b.end <= g.end)
            };
            // Told above, by the call's name.
            if self.record.guards.iter().any(inside) {
                continue;
            }
            let text = match barrier.kinds.has(kind) && !taint.cleaned.has(kind) {
                true => format!(
                    "{} {} on one branch; the data gets to the sink on another",
                    barrier.what,
                    says(barrier.kinds, kind)
                ),
                false => format!("{} {}", barrier.what, says(barrier.kinds, kind)),
            };
            push(&mut barriers, Stop { range, text });
        }
        barriers.sort_by_key(|b| b.range.as_ref().map_or(usize::MAX, |r| r.start));
        Data { what: source.what.to_string(), source: source.kind.name(), steps: out, barriers }
    }

    pub(super) fn call(&self, unit: usize, id: ExprId, note: &CallNote, range: Range<usize>) -> CallTrace {
        let arena = super::address(self.units[unit].placed.block.arena());
        let hir = &self.units[unit].hir;
        let mut taints: Vec<Taint> = Vec::new();
        if let ExprKind::Call { callee, args, .. } = &hir.expr(id).kind {
            let receiver = match &hir.expr(*callee).kind {
                ExprKind::Field(base, _) => Some(*base),
                _ => None,
            };
            let parts = args.iter().map(|a| a.value).chain(receiver);
            for value in parts.filter_map(|p| self.record.values.get(&(arena, p))) {
                for taint in value.deep_taints() {
                    if matches!(taint.origin, Origin::Source(_)) && !taints.contains(&taint) {
                        taints.push(taint);
                    }
                }
            }
        }
        CallTrace {
            range,
            name: note.name.to_string(),
            paths: note.paths.iter().map(ToString::to_string).collect(),
            known: known(note).to_owned(),
            data: taints.iter().map(|t| self.data(t, None)).collect(),
        }
    }

    /// What a value is, for people.
    pub(super) fn value(&self, unit: usize, id: ExprId) -> Option<&Val> {
        self.record.values.get(&(super::address(self.units[unit].placed.block.arena()), id))
    }
}

fn push(list: &mut Vec<Stop>, stop: Stop) {
    if !list.contains(&stop) && list.len() < 12 {
        list.push(stop);
    }
}

/// The steps of a taint, the oldest first.
fn steps(taint: &Taint) -> Vec<&Step> {
    let mut steps: Vec<&Step> =
        std::iter::successors(taint.trace.as_ref(), |s| s.previous.as_ref()).map(Arc::as_ref).collect();
    steps.reverse();
    steps
}

/// What the engine takes a called function for.
pub(super) fn known(call: &CallNote) -> &'static str {
    match call {
        c if !c.funcs.is_empty() => "a function of the program",
        c if c.class => "a class of the program",
        c if c.model == Some(true) => "a model says where its values go",
        c if c.model.is_some() => "a model knows it",
        c if c.cleans != SinkKinds::NONE => "its name says that it makes text harmless",
        c if c.transforms => "its name says that it hands text on",
        _ => "no model knows it",
    }
}

fn says(kinds: SinkKinds, kind: SinkKind) -> String {
    if kinds.has(kind) {
        return format!("makes it harmless for {}", kind.name());
    }
    let names: Vec<&str> = SinkKind::ALL
        .iter()
        .filter(|k| kinds.has(**k) && **k != SinkKind::Normalized)
        .map(|k| k.name())
        .take(6)
        .collect();
    match names.is_empty() {
        true => format!("makes a path absolute, which is not enough for {}", kind.name()),
        false => format!("makes it harmless for {}, not for {}", names.join(", "), kind.name()),
    }
}

/// Why a call that looks like a check is none.
fn silent(name: Ustr) -> Option<&'static str> {
    Some(match name.as_str() {
        "startsWith" | "starts_with" => {
            "the beginning is none that decides, or the path was not made absolute before (`path.resolve`, `canonicalize`)"
        }
        "endsWith" | "ends_with" => "an ending does not decide what the rest is",
        "test" | "exec" | "match" | "is_match" | "search" => {
            "the pattern is not anchored at both ends, or lets harmful characters through"
        }
        "includes" | "has" | "contains" | "indexOf" | "contains_key" | "some" => {
            "the list is foreign too, or is a text; only a list of the program's own is an allow-list"
        }
        name if name.starts_with("is") || name.starts_with("check") || name.starts_with("valid") => {
            "no model describes it as a check, and its name does not say so"
        }
        _ => return None,
    })
}

fn names(kinds: SourceKinds) -> String {
    let names: Vec<&str> = SourceKind::ALL.iter().filter(|k| kinds.has(**k)).map(|k| k.name()).collect();
    names.join(", ")
}

/// At most forty characters, on one line.
pub(super) fn shown(text: &str) -> String {
    let mut out: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(40).collect();
    if text.chars().count() > 40 {
        out.push('…');
    }
    out
}
