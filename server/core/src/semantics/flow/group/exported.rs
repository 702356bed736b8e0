//! What other programs may do with a library: parameters of exported functions that become part of commands and of code.

use super::*;
use crate::semantics::flow::call::asks_own_key;
use crate::semantics::flow::place::PATH;
use crate::semantics::flow::report::Hit;
use crate::semantics::flow::value::{ClassRef, ELEMENT, Step, StepKind};
use crate::semantics::flow::world::ParamSink;

/// Most exported functions of a file that are looked at.
const MAX_FUNCTIONS: usize = 256;
/// Most values that are looked at for them.
const MAX_VALUES: usize = 4096;
/// Objects within what is exported: `exports.a.b`, `module.exports = { C }` with `C.prototype.run`.
const MAX_DEPTH: usize = 3;

impl Linker<'_> {
    /// Adds what other programs may do with a file to what was found in it.
    pub(super) fn settle_exported(&self, file: usize, result: &mut FileResult) {
        if self.family != Family::Ecma {
            return;
        }
        let (is_offered, may_run) = (self.files[file].links.is_offered, self.may_run(file));
        let writes = || self.units.iter().any(|u| u.file == file && writes_by_key(u.block.arena().text()));
        // What is exported, and summaries of it, cost.
        if !is_offered && !may_run && !writes() {
            return;
        }
        let functions = self.exported_functions(file);
        let hits = self.exported_hits(&functions, (may_run, is_offered), &result.hits);
        result.hits.extend(hits);
        if is_offered {
            result.offers = functions.into_iter().map(|f| f.block).collect();
        }
    }

    /// Parameters of exported functions that reach a shell or a compiler as part of a text, or of which all keys are written to
    /// nested objects, with the blocks of the sinks.
    fn exported_hits(
        &self,
        functions: &[FuncRef],
        (may_run, is_offered): (bool, bool),
        known: &[(BlockId, Hit)],
    ) -> Vec<(BlockId, Hit)> {
        let mut out: Vec<(BlockId, Hit)> = Vec::new();
        for func in functions {
            let Some(&i) = self.by_id.get(&func.block) else { continue };
            let text = self.units[i].block.arena().text();
            if !(may_run || writes_by_key(text) || is_offered && matches_text(text)) {
                continue;
            }
            let Some(summary) = self.summary_of(i, func.id) else { continue };
            for sink in summary.sinks.iter().filter(|s| s.param != THIS) {
                let same = |h: &Hit| h.at == sink.at && h.kind.rule() == sink.kind.rule();
                if known.iter().chain(&out).any(|(_, h)| same(h)) {
                    continue;
                }
                // One in a file of another group is routed there.
                let unit = self.by_id.get(&sink.at.block).copied().unwrap_or(i);
                let hir = &self.units[i].hir;
                // What is not declared comes from `arguments`.
                let function = hir.function(func.id);
                let param = function.params.get(sink.param as usize);
                let span = param.map_or(function.name_span, |p| hir.pat(p.pat).span);
                let arena = self.units[i].block.arena().clone();
                let at = At { block: func.block, arena, span };
                // Keys of what lies within a parameter are the program's own more often than not.
                let is_path = sink.kind == SinkKind::PropertyKey
                    && sink.name == *PATH
                    && sink.path.iter().all(|name| *name == *ELEMENT)
                    && !knows_prototypes(self.units[i].block.arena().text())
                    && !knows_prototypes(sink.at.arena.text())
                    && !goes_by_own_keys(&sink.at);
                // A text of any length that whoever uses the library hands on.
                let is_slow = is_offered && sink.kind == SinkKind::RegexInput && sink.path.is_empty();
                if !is_path && !is_slow && !is_built(sink, text_of(&at).unwrap_or_default()) {
                    continue;
                }
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

    /// Whether functions of a file may run anything. Summaries cost, and most files do not.
    fn may_run(&self, file: usize) -> bool {
        let runs = |text: &str| {
            ["child_process", "shelljs", "execa", "spawn", "vm\"", "vm'", "Function(", "eval("]
                .iter()
                .any(|w| text.contains(w))
        };
        let runs_for_others = |target: &FileId| {
            let runs =
                |s: &Arc<Summary>| s.sinks.iter().any(|s| matches!(s.kind, SinkKind::ShellText | SinkKind::Code));
            self.modules.interface(*target).is_some_and(|i| i.summaries.values().any(runs))
        };
        self.units.iter().filter(|u| u.file == file).any(|u| runs(u.block.arena().text()))
            || self.files[file].links.targets.values().any(runs_for_others)
    }

    /// Functions that a file exports, by themselves, in objects, as methods of classes and on prototypes.
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
        // With how deep they lie. Objects and classes hold each other.
        let mut open: Vec<(Val, usize)> = values.into_iter().map(|v| (v, 0)).collect();
        let mut classes: FxHashSet<(BlockId, u32)> = FxHashSet::default();
        let mut looked = 0;
        while let Some((value, depth)) = open.pop() {
            looked += 1;
            if looked > MAX_VALUES {
                break;
            }
            for func in &value.funcs {
                if !funcs.contains(func) && funcs.len() < MAX_FUNCTIONS {
                    funcs.push(*func);
                }
            }
            if let Some(class) = &value.class
                && classes.insert((class.block, class.id))
            {
                let members = self.members_of(class);
                let mut members: Vec<(&Ustr, &Val)> = members.iter().collect();
                // Which ones are looked at must not hang on the order of a map.
                members.sort_unstable_by_key(|(name, _)| name.as_str());
                open.extend(members.into_iter().map(|(_, v)| (v.clone(), MAX_DEPTH)));
            }
            if depth < MAX_DEPTH {
                open.extend(value.fields().map(|(_, v)| (v.clone(), depth + 1)));
            }
        }
        // The order of members is that of a map.
        funcs.sort_by_key(|f| (self.by_id.get(&f.block).copied(), f.block, f.id.0));
        funcs
    }

    /// The members of a class of this group or of another.
    fn members_of(&self, class: &ClassRef) -> Arc<Members> {
        if let Some(&i) = self.by_id.get(&class.block) {
            return self.class_members(i, class.id);
        }
        let interface = || self.modules.interface(self.modules.owner(class.block)?);
        interface().and_then(|i| i.classes.get(&(class.block, class.id)).cloned()).unwrap_or_default()
    }
}

/// Whether a function names what is dangerous about keys, or asks somebody whether one is.
fn knows_prototypes(text: &str) -> bool {
    ["__proto__", "nsafe", "isSafe", "Object.create(null)", "'prototype'", "\"prototype\""]
        .iter()
        .any(|w| text.contains(w))
}

/// Whether the code around a write `object[key]` asks the object for such a key of its own before it goes on below that.
fn goes_by_own_keys(write: &At) -> bool {
    let parts = text_of(write).and_then(|text| text.strip_suffix(']')?.rsplit_once('['));
    let code = write.arena.text();
    // What goes through the keys of the very object has no other ones.
    let own = |object: &str, key: &str| {
        code.contains(&format!("{key} in {object})"))
            || code.contains(&format!("{key} of Object.keys({object})"))
            || code.contains(&format!("Object.keys({object}).forEach({key} "))
            || code.contains(&format!("Object.keys({object}).forEach(({key})"))
            || code.contains(&format!("Object.keys({object}).forEach(function ({key})"))
    };
    parts.is_some_and(|(object, key)| asks_own_key(code, object, key) || own(object, key))
}

/// Whether a function may write properties along a path or by all keys of an object: there is a loop, and something in brackets.
fn writes_by_key(text: &str) -> bool {
    let loops = ["for ", "for(", "while", "forEach(", "reduce(", ".keys("].iter().any(|w| text.contains(w));
    loops && text.contains('[')
}

/// Whether a function may match a text with a pattern.
fn matches_text(text: &str) -> bool {
    text.contains('/')
        && [".replace(", ".match(", ".test(", ".split(", ".exec(", ".replaceAll("].iter().any(|w| text.contains(w))
}

/// Whether the program itself put the parameter of that name into a text that is run. A function that runs what it is given is an
/// `exec` of its own.
fn is_built(sink: &ParamSink, name: &str) -> bool {
    let steps = || std::iter::successors(sink.trace.as_ref(), |s: &&Arc<Step>| s.previous.as_ref());
    let joined = sink.prefix.is_some() && steps().any(|s| s.what == StepKind::Concatenated);
    let laid_out =
        || steps().any(|s| s.what == StepKind::Through && text_of(&s.at).is_some_and(|text| lays_out(text, name)));
    matches!(sink.kind, SinkKind::ShellText | SinkKind::Code) && (joined || laid_out())
}

fn text_of(at: &At) -> Option<&str> {
    at.arena.text().get(at.span.start as usize..at.span.end as usize)
}

/// Whether a call puts what it is given beside other text: `["ls", x].join(" ")`, `format("ls %s", x)`, `"ls ".concat(x)`,
/// `template.replace("{x}", x)`.
fn lays_out(call: &str, name: &str) -> bool {
    let quoted = |text: &str| text.trim_start().starts_with(['"', '\'', '`']);
    let format = || call.split_once("format(").is_some_and(|(_, rest)| quoted(rest));
    let is_other = |receiver: &str| receiver.trim() != name;
    let words = || {
        let parts = call
            .rsplit_once(".join(")
            .filter(|(_, by)| matches!(by.trim_end_matches(')').trim(), "\" \"" | "' '" | "` `"));
        parts.is_some_and(|(list, _)| is_other(list))
    };
    let fills = || {
        let parts = call.split_once(".replace(");
        !name.is_empty() && parts.is_some_and(|(template, with)| !template.contains(name) && with.contains(name))
    };
    words() || format() || quoted(call) && call.contains(".concat(") || fills()
}
