//! What other programs may do with a library: parameters of exported functions that become part of commands and of code.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::findings::Note;
use crate::semantics::flow::kinds::{SinkKind, SourceKind};
use crate::semantics::flow::report::{self, Hit};
use crate::semantics::flow::value::{At, FuncRef, Source, Step, StepKind, THIS, Val};
use crate::semantics::flow::world::ParamSink;
use crate::semantics::hir::Ustr;

use super::{Linker, address};

/// Most exported functions of a file that are looked at.
const MAX_FUNCTIONS: usize = 256;

impl Linker<'_> {
    /// Notes on parameters of exported functions, with the units that they belong to.
    pub(super) fn exported_notes(&self, exports: &FxHashMap<Ustr, Val>) -> Vec<(usize, Note)> {
        let mut funcs: Vec<FuncRef> = Vec::new();
        let mut add = |value: &Val| {
            for func in &value.funcs {
                if !funcs.contains(func) && funcs.len() < MAX_FUNCTIONS {
                    funcs.push(func.clone());
                }
            }
        };
        for value in exports.values() {
            add(value);
            value.fields().for_each(|(_, field)| add(field));
            let class = value.class.as_ref().and_then(|c| Some((*self.by_arena.get(&address(&c.arena))?, c.id)));
            if let Some((i, n)) = class {
                self.class_members(i, n).values().for_each(&mut add);
            }
        }
        // The order of the exports is that of a map.
        funcs.sort_by_key(|f| (self.by_arena.get(&address(&f.arena)).copied(), f.id.0));
        let mut out = Vec::new();
        let mut seen: Vec<At> = Vec::new();
        for func in funcs {
            let Some(&i) = self.by_arena.get(&address(&func.arena)) else { continue };
            let Some(summary) = self.summary_of(i, func.id) else { continue };
            for sink in summary.sinks.iter().filter(|s| s.param != THIS && is_built(s)) {
                if seen.contains(&sink.at) || self.is_reported(sink) {
                    continue;
                }
                seen.push(sink.at.clone());
                out.extend(self.exported_note(i, &func, sink));
            }
        }
        out
    }

    fn is_reported(&self, sink: &ParamSink) -> bool {
        let outcomes = self.outcomes.borrow();
        outcomes.iter().flatten().flat_map(|o| &o.hits).any(|h| h.at == sink.at && h.kind.rule() == sink.kind.rule())
    }

    fn exported_note(&self, i: usize, func: &FuncRef, sink: &ParamSink) -> Option<(usize, Note)> {
        let unit = *self.by_arena.get(&address(&sink.at.arena))?;
        let hir = &self.units[i].hir;
        let param = hir.function(func.id).params.get(sink.param as usize)?;
        let at = At { arena: func.arena.clone(), span: hir.pat(param.pat).span };
        let what = Ustr::from("a parameter of an exported function");
        let hit = Hit {
            kind: sink.kind,
            source: Arc::new(Source { kind: SourceKind::Library, at, what }),
            trace: sink.trace.clone(),
            at: sink.at.clone(),
            name: sink.name,
            via: None,
        };
        let here = self.units[unit].block.arena();
        let in_file = |arena: &Arc<crate::syntax::Arena>| self.place_in_file(arena);
        Some((unit, report::note(&hit, here, &in_file)?))
    }
}

/// Whether the program itself put the parameter into a text that is run, unquoted. A function that runs what it is given is
/// an `exec` of its own.
fn is_built(sink: &ParamSink) -> bool {
    let joined = std::iter::successors(sink.trace.as_ref(), |s: &&Arc<Step>| s.previous.as_ref())
        .any(|s| s.what == StepKind::Concatenated);
    let quoted = sink.prefix.is_some_and(|p| p.ends_with(['"', '\'']));
    match sink.kind {
        SinkKind::ShellText => joined && sink.prefix.is_some() && !quoted,
        SinkKind::Code => joined && sink.prefix.is_some(),
        _ => false,
    }
}
