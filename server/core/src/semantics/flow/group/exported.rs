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

/// What entries of archives call their names.
const ENTRY_NAMES: [&str; 5] = ["path", "name", "fileName", "filename", "entryName"];

/// A function that a file exports.
struct Exported {
    func: FuncRef,
    /// What makes the object whose method it is.
    maker: Option<FuncRef>,
    /// Whether it is all that the file exports.
    whole: bool,
}

impl Linker<'_> {
    /// Adds what other programs may do with a file to what was found in it.
    pub(super) fn settle_exported(&self, file: usize, result: &mut FileResult) {
        if self.family != Family::Ecma {
            return;
        }
        let is_offered = self.files[file].links.is_offered;
        let may_run = self.may_run(file) || self.may_query(file) || self.may_unpack(file);
        let text = |of: fn(&str) -> bool| self.units.iter().any(|u| u.file == file && of(u.block.arena().text()));
        let matches = text(matches_text);
        let acts = text(is_actions);
        let shows = text(shows_html);
        // What is exported, and summaries of it, cost.
        if !is_offered && !may_run && !matches && !acts && !shows && !text(writes_by_key) {
            return;
        }
        let functions = self.exported_functions(file);
        let hits = self.exported_hits(&functions, (may_run || matches || shows, is_offered, acts), &result.hits);
        result.hits.extend(hits);
        if is_offered {
            result.offers = functions.into_iter().map(|f| f.func.block).collect();
        }
    }

    /// Parameters of exported functions that reach a shell or a compiler as part of a text, or of which all keys are written to
    /// nested objects, with the blocks of the sinks.
    fn exported_hits(
        &self,
        functions: &[Exported],
        (runs, is_offered, acts): (bool, bool, bool),
        known: &[(BlockId, Hit)],
    ) -> Vec<(BlockId, Hit)> {
        let mut out: Vec<(BlockId, Hit)> = Vec::new();
        for Exported { func, maker, whole } in functions {
            let Some(&i) = self.by_id.get(&func.block) else { continue };
            let text = self.units[i].block.arena().text();
            if !runs && !acts && !writes_by_key(text) {
                continue;
            }
            // `_handle`: what its authors call themselves.
            if self.units[i].hir.function(func.id).name.is_some_and(|n| n.starts_with('_')) {
                continue;
            }
            let Some(summary) = self.summary_of(i, func.id) else { continue };
            let made = maker.as_ref().map_or_else(Vec::new, |m| self.made_by(m, &summary.sinks));
            let own = summary.sinks.iter().filter(|s| s.param != THIS).map(|s| (i, *func, s));
            for (i, func, sink) in own.chain(made.iter().map(|(i, func, s)| (*i, *func, s))) {
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
                    && !is_numbered(text_of(&sink.at).unwrap_or_default())
                    && !way(sink).any(|s| knows_prototypes(s.at.arena.text()))
                    && !goes_by_own_keys(&sink.at);
                // A text of any length that whoever uses the library hands on, or a header of the request that it is given.
                let near = self.by_id.get(&sink.at.block).is_some_and(|u| self.units[*u].file == self.units[i].file);
                let is_slow = sink.kind == SinkKind::RegexInput
                    && ((is_offered || *whole)
                        && sink.path.is_empty()
                        && sink.param == 0
                        && hands(sink) <= usize::from(near)
                        && is_text(text_of(&at).unwrap_or_default())
                        || is_header(sink, text_of(&at)));
                // `path.join(this.folder, entry.path)`: what an archive calls its entries leads anywhere.
                let is_entry = sink.kind == SinkKind::Path
                    && matches!(text_of(&at), Some("entry" | "zipEntry" | "tarEntry"))
                    && matches!(&sink.path[..], [name] if ENTRY_NAMES.contains(&name.as_str()))
                    && sink.trace.is_some();
                // `out[m[1]][m[2]] = value` of a text that is taken apart: its writer names both.
                let is_parsed = sink.kind == SinkKind::PropertyKey
                    && sink.path.is_empty()
                    && text_of(&sink.at).is_some_and(|write| write.contains("]["))
                    && is_taken_apart(sink)
                    && !knows_prototypes(sink.at.arena.text());
                // `element.innerHTML = "<b>" + name`
                let is_shown =
                    sink.kind == SinkKind::Html && hands(sink) == 0 && is_words(sink, text_of(&at).unwrap_or_default());
                // A statement that a package puts together of what it is given.
                let is_statement = sink.kind == SinkKind::Sql && is_joined(sink);
                // Whoever has the page's address calls an action with whatever they like.
                let is_action = acts
                    && matches!(
                        sink.kind,
                        SinkKind::Sql
                            | SinkKind::Command
                            | SinkKind::Path
                            | SinkKind::Code
                            | SinkKind::Template
                            | SinkKind::Url
                            | SinkKind::Redirect
                            | SinkKind::Xml
                            | SinkKind::Deserialize
                    );
                if !is_path
                    && !is_parsed
                    && !is_shown
                    && !is_action
                    && !is_slow
                    && !is_statement
                    && !is_entry
                    && !is_built(sink, text_of(&at).unwrap_or_default())
                {
                    continue;
                }
                let (kind, what) = match (is_entry, is_action) {
                    (true, _) => (SourceKind::ArchiveEntry, "the name of an archive's entry"),
                    (_, true) => (SourceKind::Remote, "an argument of a server action"),
                    _ => (SourceKind::Library, "a parameter of an exported function"),
                };
                let hit = Hit {
                    kind: sink.kind,
                    source: Arc::new(Source { kind, at, what: Ustr::from(what) }),
                    trace: sink.trace.clone(),
                    at: sink.at.clone(),
                    name: sink.name,
                };
                out.push((self.units[unit].block.id(), hit));
            }
        }
        // A function that writes in several branches is told of once, where it copies a value as it is.
        let place =
            |h: &Hit| (h.kind == SinkKind::PropertyKey).then(|| (h.at.block, text_of(&h.at).map(str::to_owned)));
        let copies = |h: &Hit| {
            let rest = h.at.arena.text().get(h.at.span.end as usize..).unwrap_or_default();
            !rest.split([';', '\n']).next().unwrap_or_default().contains('(')
        };
        let rank = |h: &Hit| (copies(h), h.at.span.start);
        let best = |h: &Hit| {
            place(h).is_none_or(|p| !out.iter().any(|(_, o)| place(o).as_ref() == Some(&p) && rank(o) > rank(h)))
        };
        let kept: Vec<bool> = out.iter().map(|(_, h)| best(h)).collect();
        out.into_iter().zip(kept).filter_map(|(hit, keep)| keep.then_some(hit)).collect()
    }

    /// Sinks that a method's object reaches by what its constructor put there: `this.options = options` in the one,
    /// `exec("ls " + this.options.dir)` in the other; as sinks of the constructor's parameters.
    fn made_by(&self, maker: &FuncRef, sinks: &[ParamSink]) -> Vec<(usize, FuncRef, ParamSink)> {
        let mut out = Vec::new();
        let below = || sinks.iter().filter(|s| s.param == THIS && !s.path.is_empty());
        let Some(&i) = self.by_id.get(&maker.block).filter(|_| below().next().is_some()) else { return out };
        let Some(summary) = self.summary_of(i, maker.id) else { return out };
        for sink in below() {
            let fields = summary.writes.iter().filter(|(param, path, _)| *param == THIS && path[..] == sink.path[..1]);
            for (.., value) in fields {
                // `const own = {}; own.dir = options.dir; this.options = own;`
                let (mut value, mut rest) = (value, &sink.path[1..]);
                while let Some((field, below)) = rest.split_first().and_then(|(n, r)| Some((value.field(*n)?, r))) {
                    (value, rest) = (field, below);
                }
                if crate::semantics::flow::sink::is_harmless(sink.kind, value) {
                    continue;
                }
                for taint in value.taints.iter().filter(|t| !t.cleaned.has(sink.kind)) {
                    let Origin::Param(param, path) = &taint.origin else { continue };
                    if *param != THIS {
                        let path = path.iter().chain(rest).copied().collect();
                        out.push((i, *maker, ParamSink { param: *param, path, ..sink.clone() }));
                    }
                }
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

    /// Whether functions of a file may ask a database.
    fn may_query(&self, file: usize) -> bool {
        let asks = |text: &str| [".query(", ".execute("].iter().any(|w| text.contains(w)) && text.contains(" FROM ");
        self.units.iter().filter(|u| u.file == file).any(|u| asks(u.block.arena().text()))
    }

    /// Whether functions of a file may write an archive's entries.
    fn may_unpack(&self, file: usize) -> bool {
        let writes = |text: &str| {
            ENTRY_NAMES.iter().any(|n| text.contains(&format!("ntry.{n}")))
                && ["createWriteStream", "writeFile", "mkdir"].iter().any(|w| text.contains(w))
        };
        self.units.iter().filter(|u| u.file == file).any(|u| writes(u.block.arena().text()))
    }

    /// Functions that a file exports, by themselves, in objects, as methods of classes and on prototypes; these with what makes
    /// their objects.
    fn exported_functions(&self, file: usize) -> Vec<Exported> {
        let mut values: Vec<Val> = Vec::new();
        for export in &self.units[self.files[file].module].hir.exports {
            match export {
                Export::Binding { local, .. } => values.push(self.module_name(file, *local)),
                Export::Value { value, .. } => values.push(self.exported_value(file, *value)),
                _ => {}
            }
        }
        values.extend(self.common.borrow()[file].clone());
        let single = values.len() == 1;
        let mut funcs: Vec<Exported> = Vec::new();
        // With how deep they lie. Objects and classes hold each other.
        let mut open: Vec<(Val, usize, Option<FuncRef>)> = values.into_iter().map(|v| (v, 0, None)).collect();
        let mut classes: FxHashSet<(BlockId, u32)> = FxHashSet::default();
        let mut looked = 0;
        while let Some((value, depth, maker)) = open.pop() {
            looked += 1;
            if looked > MAX_VALUES {
                break;
            }
            for func in &value.funcs {
                if !funcs.iter().any(|f| f.func == *func) && funcs.len() < MAX_FUNCTIONS {
                    funcs.push(Exported { func: *func, maker, whole: depth == 0 && single });
                }
            }
            // `this.run = function (x) ..` in a function that makes objects.
            let makes = |text: &str| text.contains("this.") && text.contains("= function");
            for func in value.funcs.iter().filter(|_| depth < MAX_DEPTH) {
                let Some(&i) = self.by_id.get(&func.block) else { continue };
                if !makes(self.units[i].block.arena().text()) {
                    continue;
                }
                let Some(summary) = self.summary_of(i, func.id) else { continue };
                let methods = summary
                    .writes
                    .iter()
                    .filter(|(param, path, value)| *param == THIS && path.len() == 1 && !value.funcs.is_empty());
                open.extend(methods.map(|(.., value)| (value.clone(), MAX_DEPTH, Some(*func))));
            }
            if let Some(class) = &value.class
                && classes.insert((class.block, class.id))
            {
                let members = self.members_of(class);
                let mut members: Vec<(&Ustr, &Val)> = members.iter().collect();
                // Which ones are looked at must not hang on the order of a map.
                members.sort_unstable_by_key(|(name, _)| name.as_str());
                let maker =
                    members.iter().find(|(n, _)| **n == "constructor").and_then(|(_, v)| v.funcs.first()).copied();
                open.extend(members.into_iter().map(|(_, v)| (v.clone(), MAX_DEPTH, maker)));
            }
            if depth < MAX_DEPTH {
                let of = |name: &Ustr| if *name == "prototype" { value.funcs.first().copied() } else { maker };
                open.extend(value.fields().map(|(n, v)| (v.clone(), depth + 1, of(n))));
            }
        }
        // The order of members is that of a map.
        funcs.sort_by_key(|Exported { func: f, .. }| (self.by_id.get(&f.block).copied(), f.block, f.id.0));
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
    ["__proto__", "'__'", "\"__\"", "nsafe", "isSafe", "Object.create(null)", "'prototype'", "\"prototype\""]
        .iter()
        .any(|w| text.contains(w))
}

/// The steps of the way to a sink, the last first.
fn way(sink: &ParamSink) -> impl Iterator<Item = &Arc<Step>> {
    std::iter::successors(sink.trace.as_ref(), |s| s.previous.as_ref())
}

/// Whether a write `table[row][column]` finds what it writes to by a number, as its name says.
fn is_numbered(write: &str) -> bool {
    let mut keys = write.split('[').skip(1).filter_map(|k| k.split(']').next());
    let numbered = |key: &str| {
        const NUMBERS: [&str; 14] = [
            "index", "idx", "i", "j", "k", "n", "row", "col", "column", "num", "number", "count", "position", "offset",
        ];
        let words = crate::semantics::flow::lexicon::words(key);
        key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && words.last().is_some_and(|w| NUMBERS.contains(&w.as_str()))
    };
    write.contains("][") && keys.next().is_some_and(numbered)
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

/// Whether what is matched is a header of the request that a function is given.
fn is_header(sink: &ParamSink, param: Option<&str>) -> bool {
    let is = |names: &[&str]| param.is_some_and(|p| names.contains(&p));
    match sink.path.as_slice() {
        [headers, _] => *headers == "headers" && is(&["req", "request"]),
        [_] => is(&["headers", "reqHeaders", "requestHeaders"]),
        _ => false,
    }
}

/// Whether a parameter is called as what others wrote, and not as what the caller decides on: patterns, files, kinds.
fn is_text(param: &str) -> bool {
    const TEXTS: [&str; 40] = [
        "text", "txt", "str", "string", "strings", "input", "html", "md", "markdown", "css", "xml", "json", "svg",
        "code", "content", "contents", "body", "line", "lines", "value", "val", "data", "header", "headers", "cookie",
        "url", "uri", "href", "address", "query", "email", "raw", "buffer", "chunk", "message", "msg", "name", "title",
        "template", "src",
    ];
    let name: String = param.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$')).collect();
    name.len() <= 2 || crate::semantics::flow::lexicon::words(&name).last().is_some_and(|w| TEXTS.contains(&w.as_str()))
}

/// Whether code may match a text with a pattern.
fn matches_text(text: &str) -> bool {
    [".replace(", ".match(", ".test(", ".split(", ".exec(", ".replaceAll("].iter().any(|w| text.contains(w))
}

/// Whether code may put text into a page as HTML.
fn shows_html(text: &str) -> bool {
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"].iter().any(|w| text.contains(w))
}

/// What people call text that is no markup.
const WORDS: [&str; 22] = [
    "author",
    "bio",
    "caption",
    "comment",
    "desc",
    "description",
    "email",
    "firstname",
    "heading",
    "label",
    "lastname",
    "message",
    "msg",
    "name",
    "nickname",
    "query",
    "search",
    "subject",
    "text",
    "title",
    "tooltip",
    "username",
];

/// Whether a parameter, or a part of it, is called as text is that is no markup, and stands beside tags of the program's own.
fn is_words(sink: &ParamSink, param: &str) -> bool {
    let name = sink.path.last().map_or(param, |n| n.as_str());
    let tag = |s: &Arc<Step>| {
        s.what == StepKind::Concatenated
            && text_of(&s.at).is_some_and(|t| t.contains("</") || t.contains("/>") || t.contains("<br"))
    };
    WORDS.contains(&name.to_lowercase().as_str())
        && sink.path.len() < 3
        && std::iter::successors(sink.trace.as_ref(), |s: &&Arc<Step>| s.previous.as_ref()).any(tag)
}

/// Whether what reaches a sink was taken out of a text.
fn is_taken_apart(sink: &ParamSink) -> bool {
    let apart = |s: &Arc<Step>| {
        s.what == StepKind::Through
            && s.at.block == sink.at.block
            && text_of(&s.at).is_some_and(|t| [".split(", ".match(", ".exec("].iter().any(|w| t.contains(w)))
    };
    std::iter::successors(sink.trace.as_ref(), |s: &&Arc<Step>| s.previous.as_ref()).any(apart)
}

/// How often what a function was given is handed on before it is used.
fn hands(sink: &ParamSink) -> usize {
    let steps = std::iter::successors(sink.trace.as_ref(), |s: &&Arc<Step>| s.previous.as_ref());
    steps.filter(|s| s.what == StepKind::Passed).count()
}

/// What people call a command that a function is given to run.
const COMMANDS: [&str; 5] = ["cmd", "command", "commandLine", "cmdline", "script"];

/// Whether it stands behind text of the program's own.
fn is_joined(sink: &ParamSink) -> bool {
    sink.prefix.is_some()
        && std::iter::successors(sink.trace.as_ref(), |s: &&Arc<Step>| s.previous.as_ref())
            .any(|s| s.what == StepKind::Concatenated)
}

/// Whether the program itself put the parameter of that name into a text that is run. A function that runs what it is given is an
/// `exec` of its own.
fn is_built(sink: &ParamSink, name: &str) -> bool {
    let steps = || std::iter::successors(sink.trace.as_ref(), |s: &&Arc<Step>| s.previous.as_ref());
    // Who is given a command runs it: `sudo(command)`. What the methods of an object give is its own: `RED.util.get(message)`.
    let own = format!("{name}.");
    let asked = |s: &Arc<Step>| {
        let below =
            |t: &str| t.strip_prefix(&own).is_some_and(|r| r.split('(').next().is_some_and(|c| c.contains('.')));
        s.what == StepKind::Through && text_of(&s.at).is_some_and(below)
    };
    if sink.kind == SinkKind::ShellText && (sink.path.is_empty() && COMMANDS.contains(&name) || steps().any(asked)) {
        return false;
    }
    // An option is no program of the caller's, wherever it stands in one.
    let option = sink.kind == SinkKind::Code && !sink.path.is_empty();
    let joined = is_joined(sink) || option && steps().any(|s| s.what == StepKind::Concatenated);
    // Whoever reads data does not run it.
    let parsed = || {
        let reads =
            |s: &Arc<Step>| s.what == StepKind::Through && text_of(&s.at).is_some_and(|t| t.contains("JSON.parse("));
        sink.kind == SinkKind::Code && steps().any(reads)
    };
    // What the program cleans by a function of its own, it cleans for whoever calls.
    if steps().any(|s| {
        text_of(&s.at)
            .is_some_and(|t| ["anitiz", "scapeShell", "hellEscape", "hellQuote"].iter().any(|w| t.contains(w)))
    }) {
        return false;
    }
    // Elements of what is given, and the names of classes, were written by whoever wrote the program.
    if sink.kind == SinkKind::Code && (sink.path.contains(&ELEMENT) || sink.path.last().is_some_and(|n| n == "name")) {
        return false;
    }
    // What is written out as JSON is a value of the language's own.
    let is_json =
        |s: &Arc<Step>| s.what == StepKind::Through && text_of(&s.at).is_some_and(|t| t.starts_with("JSON.stringify("));
    if sink.kind == SinkKind::Code && steps().any(is_json) {
        return false;
    }
    let laid_out =
        || steps().any(|s| s.what == StepKind::Through && text_of(&s.at).is_some_and(|text| lays_out(text, name)));
    matches!(sink.kind, SinkKind::ShellText | SinkKind::Code) && (joined || laid_out() || parsed())
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

/// Whether all that a file exports are functions that pages call on the server.
fn is_actions(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with("'use server'") || start.starts_with("\"use server\"")
}
