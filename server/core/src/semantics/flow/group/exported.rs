//! What other programs may do with a library: parameters of exported functions that become part of commands and of code.

use super::*;
use crate::semantics::flow::report::Hit;
use crate::semantics::flow::value::{Step, StepKind};
use crate::semantics::flow::world::ParamSink;

/// Most exported functions of a file that are looked at.
const MAX_FUNCTIONS: usize = 256;

impl Linker<'_> {
    /// Parameters of a file's exported functions that reach a shell or a compiler as part of a text, with the blocks of the
    /// sinks.
    pub(super) fn exported_hits(&self, file: usize, known: &[(BlockId, Hit)]) -> Vec<(BlockId, Hit)> {
        let mut out: Vec<(BlockId, Hit)> = Vec::new();
        // Summaries cost, and most functions run nothing. Those that hand on what they are given are left out.
        let runs = |text: &str| ["exec", "Function(", "eval("].iter().any(|w| text.contains(w));
        let units = || self.units.iter().filter(|u| u.file == file);
        if self.family != Family::Ecma || !units().any(|u| runs(u.block.arena().text())) {
            return out;
        }
        for func in self.exported_functions(file) {
            let Some(&i) = self.by_id.get(&func.block) else { continue };
            if !runs(self.units[i].block.arena().text()) {
                continue;
            }
            let Some(summary) = self.summary_of(i, func.id) else { continue };
            for sink in summary.sinks.iter().filter(|s| s.param != THIS && is_built(s)) {
                let same = |h: &Hit| h.at == sink.at && h.kind.rule() == sink.kind.rule();
                if known.iter().chain(&out).any(|(_, h)| same(h)) {
                    continue;
                }
                let Some(&unit) = self.by_id.get(&sink.at.block) else { continue };
                let hir = &self.units[i].hir;
                let Some(param) = hir.function(func.id).params.get(sink.param as usize) else { continue };
                let arena = self.units[i].block.arena().clone();
                let at = At { block: func.block, arena, span: hir.pat(param.pat).span };
                let what = Ustr::from("a parameter of an exported function");
                let hit = Hit {
                    kind: sink.kind,
                    source: Arc::new(Source { kind: SourceKind::Library, at, what }),
                    trace: sink.trace.clone(),
                    at: sink.at.clone(),
                    name: sink.name,
                };
                out.push((self.units[unit].block.id(), hit));
            }
        }
        out
    }

    /// Functions that a file exports, by themselves, in objects and as methods of classes.
    fn exported_functions(&self, file: usize) -> Vec<FuncRef> {
        let mut values: Vec<Val> = Vec::new();
        for export in &self.units[self.files[file].module].hir.exports {
            match export {
                Export::Binding { local, .. } => values.push(self.module_name(file, *local)),
                Export::Value { value, .. } => values.push(self.exported_value(file, *value)),
                _ => {}
            }
        }
        values.extend(self.common.borrow()[file].clone());
        let mut funcs: Vec<FuncRef> = Vec::new();
        let mut add = |value: &Val| {
            for func in &value.funcs {
                if !funcs.contains(func) && funcs.len() < MAX_FUNCTIONS {
                    funcs.push(*func);
                }
            }
        };
        for value in &values {
            let parts = std::iter::once(value).chain(value.fields().map(|(_, v)| v));
            for part in parts {
                add(part);
                if let Some(class) = &part.class
                    && let Some(&i) = self.by_id.get(&class.block)
                {
                    self.class_members(i, class.id).values().for_each(&mut add);
                }
            }
        }
        // The order of members is that of a map.
        funcs.sort_by_key(|f| (self.by_id.get(&f.block).copied(), f.id.0));
        funcs
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
