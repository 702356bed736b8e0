//! Why a finding exists, and for a suspected miss where the flow was lost: a recording of what the interpreter really did,
//! and questions to it.
//!
//! Recording is off unless [`trace`] asks for it; then every run of the interpreter notes the values of expressions, the
//! sinks that it met, what it knew of calls, and what conditions said. The answers are read off those notes.

mod lost;
mod record;
mod verdict;

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::blocks::{BlockId, Blocks, Placed};
use crate::semantics::hir::{ExprId, ExprKind, Hir};
use crate::syntax::{Arena, Span};
use crate::text::Text;

use super::kinds::SinkKind;
use super::value::At;
pub(crate) use record::is_heard;
pub(super) use record::{CallNote, Recorder, SinkNote, current};

/// What is known of some lines of a file.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The sinks there, in the order of the file.
    pub sinks: Vec<SinkTrace>,
    /// The calls there that are no sinks.
    pub calls: Vec<CallTrace>,
    /// Whether any code there was followed at all.
    pub followed: bool,
    /// The bytes that were asked for; for a called name the whole call.
    pub range: Range<usize>,
}

/// A sink, and what reaches it.
#[derive(Clone, Debug)]
pub struct SinkTrace {
    /// Where the value stands.
    pub range: Range<usize>,
    /// Which harm it does.
    pub kind: SinkKind,
    /// Its name: the function or property.
    pub name: String,
    /// What became of it.
    pub verdict: Verdict,
    /// That in a sentence.
    pub why: String,
    /// Foreign data that reaches it, harmful or not.
    pub data: Vec<Data>,
    /// Where the flow was lost, or where the value comes from, nearest first.
    pub lost: Vec<Stop>,
}

/// Foreign data on its way to a sink.
#[derive(Clone, Debug)]
pub struct Data {
    /// What it is: "the request's data".
    pub what: String,
    /// The kind of its source.
    pub source: &'static str,
    /// From the source to the sink.
    pub steps: Vec<Stop>,
    /// Checks and sanitizers that it met, and what they say.
    pub barriers: Vec<Stop>,
}

/// A place with what is said of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    /// Where, in bytes of the file; `None` in another file.
    pub range: Option<Range<usize>>,
    /// What is said.
    pub text: String,
}

/// What became of a sink.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Foreign data reaches it.
    Reached,
    /// What reaches it was made harmless on the way.
    Cleaned,
    /// What reaches it comes from a source that does not matter to this kind of sink.
    OtherSource,
    /// The value is of a type in which no harm can hide.
    Harmless,
    /// Constant text before the value decides what matters.
    Prefixed,
    /// The value is a constant.
    Constant,
    /// It is as harmful as a parameter, and no caller in sight passes foreign data.
    Parameter,
    /// Nothing foreign is known to reach it.
    Untainted,
    /// It is a sink under conditions that do not hold here.
    Condition,
}

impl Verdict {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Reached => "reached",
            Verdict::Cleaned => "cleaned",
            Verdict::OtherSource => "other-source",
            Verdict::Harmless => "harmless",
            Verdict::Prefixed => "prefixed",
            Verdict::Constant => "constant",
            Verdict::Parameter => "parameter",
            Verdict::Untainted => "untainted",
            Verdict::Condition => "condition",
        }
    }
}

/// A call, and what is known of what is called.
#[derive(Clone, Debug)]
pub struct CallTrace {
    /// The whole call.
    pub range: Range<usize>,
    /// The called name.
    pub name: String,
    /// API paths that it may have.
    pub paths: Vec<String>,
    /// What the engine takes it for.
    pub known: String,
    /// Foreign data in its arguments.
    pub data: Vec<Data>,
}

/// Tells what is known of some bytes of a file from what the interpreter does during `analyze`, which must follow the data
/// through these very blocks, on this thread.
pub fn trace(text: &Text, blocks: &Blocks, range: &Range<usize>, analyze: impl FnOnce()) -> Trace {
    let wanted = blocks.iter().map(|p| address(p.block.arena())).collect();
    let record = record::during(wanted, analyze);
    Answers::new(text, blocks, &record).trace(range)
}

/// A recording with the file that it is of.
struct Answers<'a> {
    text: &'a Text,
    record: &'a record::Record,
    units: Vec<Unit<'a>>,
    by_arena: FxHashMap<usize, usize>,
    by_id: FxHashMap<BlockId, usize>,
}

/// A block of the file.
struct Unit<'a> {
    placed: Placed<'a>,
    hir: std::sync::Arc<Hir>,
    parent: Option<usize>,
    /// The number that it has among its parent's children.
    number: u32,
    /// Expressions by their spans.
    by_span: FxHashMap<Span, Vec<ExprId>>,
}

impl<'a> Answers<'a> {
    fn new(text: &'a Text, blocks: &'a Blocks, record: &'a record::Record) -> Answers<'a> {
        let mut units: Vec<Unit<'a>> = Vec::new();
        let mut stack: Vec<usize> = Vec::new();
        let mut met: Vec<u32> = Vec::new();
        for placed in blocks.iter() {
            stack.truncate(placed.depth);
            let parent = stack.last().copied();
            let number = parent.map_or(0, |p: usize| {
                met[p] += 1;
                met[p] - 1
            });
            stack.push(units.len());
            met.push(0);
            let hir = placed.block.hir();
            let mut by_span: FxHashMap<Span, Vec<ExprId>> = FxHashMap::default();
            for (n, expr) in hir.exprs.iter().enumerate() {
                by_span.entry(expr.span).or_default().push(ExprId(n as u32));
            }
            units.push(Unit { placed, hir, parent, number, by_span });
        }
        let by_arena = units.iter().enumerate().map(|(i, u)| (address(u.placed.block.arena()), i)).collect();
        let by_id = units.iter().enumerate().map(|(i, u)| (u.placed.block.id(), i)).collect();
        Answers { text, record, units, by_arena, by_id }
    }

    fn unit_of(&self, at: &At) -> Option<usize> {
        self.by_arena.get(&address(&at.arena)).copied()
    }

    /// The place in the file; `None` in another one.
    fn range(&self, at: &At) -> Option<Range<usize>> {
        self.unit_of(at).map(|i| self.units[i].placed.range(at.span))
    }

    fn range_of(&self, unit: usize, expr: ExprId) -> Range<usize> {
        self.units[unit].placed.range(self.units[unit].hir.expr(expr).span)
    }

    /// The call whose name some bytes are, else those bytes.
    fn whole(&self, wanted: &Range<usize>) -> Range<usize> {
        for ((arena, id), note) in &self.record.calls {
            let Some(&unit) = self.by_arena.get(arena) else { continue };
            let name = self.units[unit].placed.range(note.name_span);
            if name.start <= wanted.start && wanted.end <= name.end {
                return self.range_of(unit, *id);
            }
        }
        wanted.clone()
    }

    fn trace(&self, wanted: &Range<usize>) -> Trace {
        let wanted = &self.whole(wanted);
        let touches = |r: &Range<usize>| r.start < wanted.end && wanted.start < r.end.max(r.start + 1);
        let mut sinks: Vec<SinkTrace> = Vec::new();
        for note in &self.record.sinks {
            let Some(range) = self.range(&note.at).filter(touches) else { continue };
            sinks.push(self.sink(note, range));
        }
        // A condition that fails in one run and holds in another says nothing.
        let met: Vec<_> = sinks
            .iter()
            .filter(|s| s.verdict != Verdict::Condition)
            .map(|s| (s.range.start, s.kind, s.name.clone()))
            .collect();
        sinks.retain(|s| s.verdict != Verdict::Condition || !met.contains(&(s.range.start, s.kind, s.name.clone())));
        sinks.sort_by_key(|s| (s.range.start, s.range.end, s.kind));
        let mut calls = Vec::new();
        let mut followed = false;
        for (i, unit) in self.units.iter().enumerate() {
            let arena = address(unit.placed.block.arena());
            for (n, expr) in unit.hir.exprs.iter().enumerate() {
                let range = unit.placed.range(expr.span);
                let id = ExprId(n as u32);
                if !touches(&range) || !self.record.values.contains_key(&(arena, id)) {
                    continue;
                }
                followed |= !matches!(expr.kind, ExprKind::Block { .. });
                if let Some(note) = self.record.calls.get(&(arena, id)) {
                    // A call that begins there, or whose name stands there.
                    let name = unit.placed.range(note.name_span);
                    if (touches(&name) || wanted.contains(&range.start))
                        && !sinks.iter().any(|s| range.start <= s.range.start && s.range.end <= range.end)
                    {
                        calls.push(self.call(i, id, note, range));
                    }
                }
            }
        }
        calls.sort_by_key(|c| (c.range.start, std::cmp::Reverse(c.range.end)));
        Trace { sinks, calls, followed, range: wanted.clone() }
    }
}

fn address(arena: &std::sync::Arc<Arena>) -> usize {
    std::sync::Arc::as_ptr(arena) as usize
}

#[cfg(test)]
mod tests;
