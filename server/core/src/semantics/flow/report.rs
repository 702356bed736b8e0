//! What a run over a block brings to light.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use sidenote_grammars::{Field, Kind};

use crate::blocks::BlockId;
use crate::findings::{Confidence, Location, Note, Place, Severity};
use crate::rules::{self, Check, Rule};
use crate::semantics::hir::{ExprId, Hir, Key, LocalId, Member, Ustr};
use crate::syntax::{Arena, Span};

use super::call::Call;
use super::interp::Interp;
use super::kinds::{SinkKind, SinkKinds, SourceKind};
use super::lexicon;
use super::models::FlagModel;
use super::sink::{is_harmless, prefix_protects};
use super::state::Locals;
use super::value::{At, FuncRef, MAX_PATH, Origin, Source, Step, StepKind, Taint, Val, Value, step, unknown};
use super::world::{ParamSink, World};

/// What a value is that a function made which cannot be turned back: no secret, whatever it is called.
pub(super) const HASHED: &str = "@hashed";

/// A sink in the block at work.
pub(super) struct SinkSite {
    pub kind: SinkKind,
    pub at: At,
    pub name: Ustr,
}

/// Foreign data that reached a sink.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub kind: SinkKind,
    pub source: Arc<Source>,
    pub trace: Option<Arc<Step>>,
    pub at: At,
    pub name: Ustr,
}

impl Hit {
    /// Whether it is only what strangers may pass to a function that the file exports.
    pub(crate) fn is_of_library(&self) -> bool {
        let kinds = matches!(
            self.kind,
            SinkKind::ShellText | SinkKind::Code | SinkKind::PropertyKey | SinkKind::RegexInput | SinkKind::Sql
        );
        self.source.kind == SourceKind::Library && kinds
    }

    /// The blocks through which its way leads.
    pub(crate) fn blocks(&self) -> Vec<BlockId> {
        let steps = std::iter::successors(self.trace.as_ref(), |s| s.previous.as_ref());
        [self.at.block, self.source.at.block].into_iter().chain(steps.map(|s| s.at.block)).collect()
    }
}

/// Everything that a run brings to light.
pub struct Outcome {
    /// The block at work.
    pub(super) block: Option<BlockId>,
    /// Expressions that the module exports, with their values.
    pub(super) exported: Vec<(ExprId, Val)>,
    pub(super) result: Val,
    pub(super) this: Val,
    pub(super) bindings: Vec<(Ustr, Val)>,
    pub(super) inner: Vec<(u32, Ustr, Val)>,
    /// What child blocks capture: by child and name, the variable and what it holds.
    pub(super) captured: FxHashMap<(u32, Ustr), (LocalId, Val)>,
    pub(super) locals: Locals,
    pub(super) fields: Vec<(Ustr, Val)>,
    pub(super) names: Vec<(Ustr, Val)>,
    pub(super) hits: Vec<Hit>,
    pub(super) notes: Vec<Note>,
    pub(super) param_sinks: Vec<ParamSink>,
    pub(super) param_writes: Vec<(u16, Vec<Ustr>, Val)>,
    pub(super) param_calls: Vec<(u16, Vec<Ustr>, Vec<Val>)>,
    /// What the function's outcome says of its parameters.
    pub(super) told: Vec<super::interp::said::Told>,
    /// What is thrown where nothing around it catches.
    pub(super) throws: Option<Val>,
    pub(super) contexts: Vec<(FuncRef, Vec<Val>)>,
    /// Variables that hold what was looked up by a key, with the key.
    pub(super) looked_up: FxHashMap<LocalId, ExprId>,
    /// Variables that were assigned what was looked up by a key (`o = o[key]`), with what the key was then.
    pub(super) descended: FxHashMap<LocalId, Val>,
    /// What the block's own function hands to itself and a key chose: the parameter, the key, and the call.
    pub(super) chosen: Vec<(u16, Val, At)>,
    pub(super) out_of_fuel: bool,
    /// Expressions that were visited.
    pub(super) steps: u32,
    /// What was put into cells, and all of them if one was read before.
    pub(super) cells: Vec<(Ustr, Val)>,
    pub(super) stale_cells: Option<FxHashMap<Ustr, Val>>,
}

/// Most entries of each list of a summary.
const MAX_ENTRIES: usize = 64;

/// A call, as a rule's check sees it.
pub struct CallView<'a> {
    /// The rule at work.
    pub rule: &'static Rule,
    /// The block's lowered form.
    pub hir: &'a Hir,
    /// The block's syntax.
    pub arena: &'a Arc<Arena>,
    /// The expression.
    pub id: ExprId,
    /// API paths of what is called (`crypto.createHash`).
    pub paths: &'a [Ustr],
    /// Its last name; macros end in `!`.
    pub name: Ustr,
    /// The receiver of a method call.
    pub receiver: Option<&'a Val>,
    /// Arguments' values.
    pub args: &'a [Val],
    /// Arguments' expressions.
    pub arg_ids: &'a [ExprId],
    /// Whether it is `new`.
    pub new: bool,
    /// The whole call.
    pub span: Span,
    /// The called name.
    pub name_span: Span,
    pub(super) world: &'a dyn World,
}

impl CallView<'_> {
    /// The block that holds a function, with the function's span there; `None` where it is in another file.
    pub fn function(&self, func: &FuncRef) -> Option<(Arc<Arena>, Span)> {
        self.world.code(func)
    }

    /// Whether what is called may be this API path.
    pub fn is(&self, path: &str) -> bool {
        self.paths.iter().any(|p| p == path)
    }

    /// The span of an argument; the call's where it is not given.
    pub fn arg_span(&self, n: usize) -> Span {
        self.arg_ids.get(n).map_or(self.span, |id| self.hir.expr(*id).span)
    }
}

/// A write to a property, as a rule's check sees it.
pub struct WriteView<'a> {
    /// The rule at work.
    pub rule: &'static Rule,
    /// The block's lowered form.
    pub hir: &'a Hir,
    /// The block's syntax.
    pub arena: &'a Arc<Arena>,
    /// The place that is written; for a field of an object literal its value.
    pub place: ExprId,
    /// The property.
    pub name: Ustr,
    /// API paths of the property.
    pub paths: &'a [Ustr],
    /// The object.
    pub object: &'a Val,
    /// The value.
    pub value: &'a Val,
    /// Where.
    pub span: Span,
    pub(super) world: &'a dyn World,
}

impl WriteView<'_> {
    /// The block that holds a function, with the function's span there; `None` where it is in another file.
    pub fn function(&self, func: &FuncRef) -> Option<(Arc<Arena>, Span)> {
        self.world.code(func)
    }
}

/// Rules with checks of calls and writes, by name.
struct Checks {
    calls: FxHashMap<Ustr, Vec<(&'static Rule, rules::CallCheck)>>,
    writes: FxHashMap<Ustr, Vec<(&'static Rule, rules::WriteCheck)>>,
    flows: FxHashMap<SinkKind, (&'static Rule, &'static str)>,
}

static CHECKS: std::sync::LazyLock<Checks> = std::sync::LazyLock::new(|| {
    let mut checks = Checks { calls: FxHashMap::default(), writes: FxHashMap::default(), flows: FxHashMap::default() };
    for rule in rules::all() {
        for check in rule.checks {
            match check {
                Check::Calls(names, f) => {
                    names.iter().for_each(|n| checks.calls.entry(Ustr::from(n)).or_default().push((rule, *f)))
                }
                Check::Writes(names, f) => {
                    names.iter().for_each(|n| checks.writes.entry(Ustr::from(n)).or_default().push((rule, *f)))
                }
                Check::Flow(kinds, text) => kinds.iter().for_each(|k| {
                    checks.flows.insert(*k, (rule, text));
                }),
                _ => {}
            }
        }
    }
    checks
});

impl Default for Outcome {
    fn default() -> Outcome {
        Outcome {
            block: None,
            exported: Vec::new(),
            result: unknown(),
            this: unknown(),
            bindings: Vec::new(),
            inner: Vec::new(),
            captured: FxHashMap::default(),
            locals: Locals::default(),
            fields: Vec::new(),
            names: Vec::new(),
            hits: Vec::new(),
            notes: Vec::new(),
            param_sinks: Vec::new(),
            param_writes: Vec::new(),
            param_calls: Vec::new(),
            told: Vec::new(),
            throws: None,
            contexts: Vec::new(),
            looked_up: FxHashMap::default(),
            descended: FxHashMap::default(),
            chosen: Vec::new(),
            out_of_fuel: false,
            steps: 0,
            cells: Vec::new(),
            stale_cells: None,
        }
    }
}

impl Outcome {
    pub(super) fn call_event(&mut self, hir: &Hir, call: &Call<'_>, arena: &Arc<Arena>, world: &dyn World) {
        let Some(checks) = CHECKS.calls.get(&call.name) else { return };
        for (rule, check) in checks {
            let view = CallView {
                rule,
                hir,
                arena,
                id: call.id,
                paths: &call.paths,
                name: call.name,
                receiver: call.receiver.as_ref(),
                args: &call.args,
                arg_ids: &call.arg_ids,
                new: call.new,
                span: call.span,
                name_span: call.name_span,
                world,
            };
            check(&view, &mut self.notes);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one event")]
    pub(super) fn write_event(
        &mut self,
        hir: &Hir,
        place: ExprId,
        object: &Val,
        name: Ustr,
        value: &Val,
        paths: &[Ustr],
        arena: &Arc<Arena>,
        world: &dyn World,
    ) {
        let Some(checks) = CHECKS.writes.get(&name) else { return };
        for (rule, check) in checks {
            let span = hir.expr(place).span;
            check(&WriteView { rule, hir, arena, place, name, paths, object, value, span, world }, &mut self.notes);
        }
    }

    /// The fields of an object literal are writes too.
    pub(super) fn object(
        &mut self,
        hir: &Hir,
        members: &[Member],
        object: &Val,
        arena: &Arc<Arena>,
        world: &dyn World,
    ) {
        for member in members {
            let Member::Field(Key::Name(name), expr) = member else { continue };
            let Some(value) = object.field(*name) else { continue };
            self.write_event(hir, *expr, object, *name, value, &[], arena, world);
            self.named(*name, value, arena, hir.expr(*expr).span);
        }
    }

    pub(super) fn key_write_event(
        &mut self,
        _hir: &Hir,
        _place: ExprId,
        _object: &Val,
        _key: &Val,
        _value: &Val,
        _arena: &Arc<Arena>,
    ) {
    }

    pub(super) fn flag(&mut self, flag: &FlagModel, value: &Val, at: At, _arena: &Arc<Arena>) {
        let Some(rule) = rules::find(&flag.rule) else { return };
        let shown = value.lits.first().and_then(super::value::lit_text).or(value.prefix).unwrap_or_default();
        let message = flag.message.replace("{value}", &shown);
        self.notes.push(Note::new(rule, at.span, message));
    }

    pub(super) fn named(&mut self, name: Ustr, value: &Val, arena: &Arc<Arena>, span: Span) {
        if value.taints.is_empty() {
            return;
        }
        let weak = |t: &Taint| matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::WeakRandom);
        if let Some(block) = self.block
            && value.taints.iter().any(weak)
            && lexicon::must_be_random(&name)
        {
            let at = At { block, arena: arena.clone(), span };
            let site = SinkSite { kind: SinkKind::Secret, at, name };
            self.reach(value, &site, false);
        }
    }

    pub(super) fn repeat(&mut self, len: &Val, at: At) {
        if !len.taints.is_empty() {
            let site = SinkSite { kind: SinkKind::Allocation, at, name: Ustr::from("repeat") };
            self.reach(len, &site, false);
        }
    }

    /// Something came to lie at a path below an object, which may be a parameter's or lie below one.
    pub(super) fn written_below(&mut self, object: &Val, path: &[Ustr], value: &Val) {
        for taint in &object.taints {
            if let Origin::Param(param, above) = &taint.origin
                && above.len() + path.len() <= MAX_PATH
            {
                self.param_write(*param, [&above[..], path].concat(), value.clone());
            }
        }
    }

    pub(super) fn param_write(&mut self, param: u16, path: Vec<Ustr>, value: Val) {
        if self.param_writes.len() < MAX_ENTRIES
            && !self.param_writes.iter().any(|(p, q, v)| *p == param && *q == path && *v == value)
        {
            self.param_writes.push((param, path, value));
        }
    }

    pub(super) fn param_call(&mut self, param: u16, path: &[Ustr], args: &[Val]) {
        let same = |(p, q, a): &(u16, Vec<Ustr>, Vec<Val>)| *p == param && q == path && a == args;
        if self.param_calls.len() < MAX_ENTRIES && !self.param_calls.iter().any(same) {
            self.param_calls.push((param, path.to_vec(), args.to_vec()));
        }
    }

    pub(super) fn context(&mut self, func: &FuncRef, args: &[Val]) {
        self.contexts.push((*func, args.to_vec()));
    }

    /// A value reaches a sink.
    pub(super) fn reach(&mut self, value: &Value, site: &SinkSite, deep: bool) {
        if value.exact && value.taints.is_empty() && !deep
            || is_harmless(site.kind, value)
            || prefix_protects(site.kind, value.prefix)
        {
            return;
        }
        // `res.send(body)` of what is seen to be an object sends JSON.
        let object = value.types == super::value::Types::OBJECT
            && value.fields().any(|(name, _)| *name != *super::value::ELEMENT);
        if site.kind == SinkKind::Html && site.name == "send" && object {
            return;
        }
        for taint in &value.taints {
            self.reach_taint(taint, site, value.prefix);
        }
        if deep {
            self.reach_below(value, site, 0);
        }
    }

    /// The fields of a value reach a sink with it.
    fn reach_below(&mut self, value: &Value, site: &SinkSite, depth: usize) {
        // `{ name: { $eq: x } }` compares with x whatever it is.
        let literal = |name: &Ustr| site.kind == SinkKind::NoSql && *name == "$eq";
        for (_, field) in value.fields().filter(|(n, v)| v.has_taint() && !is_harmless(site.kind, v) && !literal(n)) {
            for taint in &field.taints {
                self.reach_taint(taint, site, field.prefix);
            }
            if depth < 5 {
                self.reach_below(field, site, depth + 1);
            }
        }
    }

    fn reach_taint(&mut self, taint: &Taint, site: &SinkSite, prefix: Option<Ustr>) {
        if taint.cleaned.has(site.kind) || !self.is_evidence(taint, site.kind, prefix) {
            return;
        }
        match &taint.origin {
            Origin::Source(source) => {
                // A guessable value is reported where it first becomes a secret.
                let once = site.kind == SinkKind::Secret;
                // A path from the command line as it is: whoever starts the program may read that file anyway. A server that names a
                // file as a whole is seldom believed by accident.
                let parts = || std::iter::successors(taint.trace.as_ref(), |s| s.previous.as_ref());
                if site.kind == SinkKind::Path
                    && matches!(source.kind, SourceKind::Argument | SourceKind::Response)
                    && !parts().any(|s| s.what == StepKind::Concatenated)
                {
                    return;
                }
                // A page of the program's own names files as a whole; below a folder of the program's it is to stay in there.
                if site.kind == SinkKind::Path
                    && source.what.as_str() == "the page's message"
                    && !parts().any(|s| s.what == StepKind::Concatenated || text_of(&s.at).contains("join("))
                {
                    return;
                }
                // `log("asked for %j", body)`: the breaks in it are escaped.
                if site.kind == SinkKind::Log && super::sink::is_written_out(&site.at) {
                    return;
                }
                // What serves only those who develop the program.
                if source.kind == SourceKind::Remote && serves_developers(&site.at) {
                    return;
                }
                if !super::strangers::may_bring(site, source, taint.trace.as_ref()) {
                    return;
                }
                // Names that a database gives of its own tables stand bare in a statement; a value stands in quotes.
                if site.kind == SinkKind::Sql
                    && source.kind == SourceKind::Stored
                    && !parts().any(|s| s.what == StepKind::Concatenated && is_quoted(text_of(&s.at)))
                {
                    return;
                }
                // Who starts a program writes into no log but their own; what is typed or piped into it may be anybody's.
                if site.kind == SinkKind::Log
                    && source.kind == SourceKind::Argument
                    && source.what.as_str() == "the command line"
                {
                    return;
                }
                // Text is no size.
                if site.kind == SinkKind::Timer
                    && taint.cleaned.has(SinkKind::NoSql)
                    && matches!(site.name.as_str(), "Buffer" | "SlowBuffer")
                {
                    return;
                }
                if site.kind == SinkKind::Html
                    && source.kind == SourceKind::PageText
                    && is_own_attribute(&source.at, parts().cloned())
                {
                    return;
                }
                // A hash that is made again and again is not fast.
                if site.kind == SinkKind::FastHash
                    && parts().any(|s| {
                        ["spinCount", "iterations", "iterationCount"].iter().any(|w| s.at.arena.text().contains(w))
                    })
                {
                    return;
                }
                // What a database or a protocol asks for when somebody logs in there.
                if site.kind == SinkKind::FastHash && is_of_handshake(site.at.arena.text()) {
                    return;
                }
                // A page's own script is sent to no server's request.
                if source.what.as_str() == "the request's address"
                    && matches!(site.kind, SinkKind::Redirect | SinkKind::Url | SinkKind::Path)
                    && ["location.href", "location.replace(", "window.fetch"]
                        .iter()
                        .any(|w| site.at.arena.text().contains(w))
                {
                    return;
                }
                // The elements that a plugin was called on.
                if site.kind == SinkKind::Html
                    && matches!(site.name.as_str(), "$" | "jQuery")
                    && text_of(&site.at).starts_with("this")
                {
                    return;
                }
                // A view of what a message brought is of its sender's size, and a number of two bytes is small.
                if site.kind == SinkKind::Timer
                    && (source.kind == SourceKind::Message && is_view(site)
                        || parts().any(|s| is_small_number(text_of(&s.at))))
                {
                    return;
                }
                // What node sends as JSON is no page: `response.end(JSON.stringify(x))`.
                let is_json =
                    |s: &Arc<Step>| s.what == StepKind::Through && text_of(&s.at).starts_with("JSON.stringify(");
                if site.kind == SinkKind::Html
                    && matches!(site.name.as_str(), "end" | "write")
                    && parts().take_while(|s| s.what != StepKind::Concatenated).any(is_json)
                    && !site.at.arena.text().contains("text/html")
                {
                    return;
                }
                // An answer that is written into a connection by hand, and no page: `socket.write("HTTP/1.1 101 ..")`.
                if site.kind == SinkKind::Html && site.name == "write" && text_of(&site.at).contains("HTTP/1.") {
                    return;
                }
                if site.kind == SinkKind::NoSql
                    && (source.what.as_str() == "a queue's message" || is_answered_at_once(&site.at))
                {
                    return;
                }
                // A command that somebody gives the program to run, by an option's name, is theirs: `exec(options.launch)`.
                let is_part = |s: &Arc<Step>| {
                    let text = s.at.arena.slice(s.at.span);
                    s.what == StepKind::Concatenated
                        || s.what == StepKind::Through && text.starts_with(['\'', '"', '`'])
                };
                if site.kind == SinkKind::Command
                    && source.kind == SourceKind::Argument
                    && site.at.arena.language().family == sidenote_grammars::Family::Ecma
                    && !source.at.arena.slice(source.at.span).contains("process.argv")
                    && !parts().any(is_part)
                {
                    return;
                }
                // Which program runs was said by whoever started this one, where no shell reads it.
                if site.kind == SinkKind::Command && source.kind == SourceKind::Argument && is_program(site) {
                    return;
                }
                // Stand-ins of tests and emulators say so.
                if site.kind == SinkKind::Secret
                    && parts().any(|s| ["fake", "dummy"].iter().any(|w| text_of(&s.at).contains(w)))
                {
                    return;
                }
                // A program keeps its settings, secrets among them, where it looks for them.
                if site.kind == SinkKind::SensitiveStore
                    && keeps_settings(site)
                    && !same_statement(&source.at, &site.at)
                {
                    return;
                }
                // `const password = generatePassword()` is told of where that gives it.
                if site.kind == SinkKind::Secret
                    && parts().any(|s| s.what == StepKind::Returned && makes_secret(text_of(&s.at)))
                {
                    return;
                }
                // What the program was started with is logged all over; it counts where it is read and logged at once.
                let local = source.kind.is_local() || source.kind == SourceKind::Response;
                if site.kind == SinkKind::Log && local && source.at.block != site.at.block {
                    return;
                }
                // What one call logs is said once.
                let same_line = |h: &Hit| {
                    let (a, b) = (h.at.span, site.at.span);
                    let between = a.end.min(b.end) as usize..a.start.max(b.start) as usize;
                    matches!(site.kind, SinkKind::Log | SinkKind::Console)
                        && h.at.block == site.at.block
                        && h.source.at == source.at
                        && site.at.arena.text().get(between).is_some_and(|t| !t.contains(['\n', ';']))
                };
                // A logger of the program's own, which writes what it is given by one of several calls, is one place.
                let same_logger = |h: &Hit| {
                    matches!(site.kind, SinkKind::Log | SinkKind::Console | SinkKind::SensitiveLog)
                        && h.kind == site.kind
                        && h.at.block == site.at.block
                        && h.source.at == source.at
                        && source.at.block != site.at.block
                };
                // A function that hashes whatever password it is given, once and again.
                let same_password = |h: &Hit| {
                    let is_one = h.source.at == source.at
                        || function_at(&h.at).is_some_and(|f| function_at(&site.at) == Some(f));
                    site.kind == SinkKind::FastHash && h.kind == site.kind && h.at.block == site.at.block && is_one
                };
                if site.kind.accepts().has(source.kind)
                    && !self.hits.iter().any(same_logger)
                    && !self.hits.iter().any(same_password)
                    && !self.hits.iter().any(|h| {
                        h.kind == site.kind && (h.at == site.at || once && h.source.at == source.at || same_line(h))
                    })
                {
                    self.hits.push(Hit {
                        kind: site.kind,
                        source: source.clone(),
                        trace: taint.trace.clone(),
                        at: site.at.clone(),
                        name: site.name,
                    });
                }
            }
            Origin::Param(param, path) => {
                let built = matches!(site.kind, SinkKind::ShellText | SinkKind::Code | SinkKind::Sql);
                let behind = built && taint.cleaned.has(SinkKind::Behind);
                let prefix = prefix.or_else(|| behind.then(|| Ustr::from("")));
                let same = |s: &ParamSink| {
                    s.param == *param && s.path[..] == path[..] && s.kind == site.kind && s.at == site.at
                };
                if self.param_sinks.len() < MAX_ENTRIES && !self.param_sinks.iter().any(same) {
                    self.param_sinks.push(ParamSink {
                        param: *param,
                        path: path.to_vec(),
                        read: path.read.clone(),
                        kind: site.kind,
                        at: site.at.clone(),
                        name: site.name,
                        trace: taint.trace.clone(),
                        prefix,
                    });
                }
            }
        }
    }

    /// Whether some kinds of data at some kinds of sinks have what makes them worth a word.
    fn is_evidence(&self, taint: &Taint, kind: SinkKind, prefix: Option<Ustr>) -> bool {
        let joined = || {
            std::iter::successors(taint.trace.as_ref(), |s| s.previous.as_ref())
                .any(|s| s.what == StepKind::Concatenated)
        };
        if super::sink::ADDRESS.has(kind) && taint.cleaned.has(SinkKind::WholeAddress) {
            return false;
        }
        if matches!(kind, SinkKind::Log | SinkKind::Header | SinkKind::Console) && taint.cleaned.has(SinkKind::Encoded)
        {
            return false;
        }
        if kind == SinkKind::Console && taint.cleaned.has(SinkKind::Log) {
            return false;
        }
        if kind == SinkKind::Log && taint.cleaned.has(SinkKind::Whole) {
            return false;
        }
        let Origin::Source(source) = &taint.origin else { return true };
        // A worker is sent messages by the page that made it, which may as well have it look for something that takes long, but not run
        // what it does not know.
        if source.kind == SourceKind::Message
            && !matches!(kind, SinkKind::Code | SinkKind::ScriptUrl | SinkKind::Html)
            && (source.at.arena.text().contains("self.addEventListener(")
                || crate::rules::evidence::answers_as_worker(source.at.arena.text()))
        {
            return false;
        }
        match (kind, source.kind) {
            (SinkKind::Html, SourceKind::Library) => !taint.cleaned.has(SinkKind::WholeAddress),
            // Inside of quotes a folder's name is one word.
            (SinkKind::ShellText, _) => joined() && !prefix.is_some_and(|p| p.ends_with(['"', '\''])),
            // An address that begins with its scheme is no option.
            (SinkKind::ProgramOption, _) => {
                prefix.is_none() && (taint.cleaned & super::sink::ADDRESS) == SinkKinds::NONE
            }
            _ => true,
        }
    }

    /// An argument reaches a sink inside a callee.
    pub(super) fn reach_param_sink(&mut self, value: &Val, sink: &ParamSink, call: &At) {
        let prefix = sink.prefix.or(value.prefix);
        if is_harmless(sink.kind, value) || prefix_protects(sink.kind, prefix) {
            return;
        }
        // `log.info(text)`, which is told of, where the program wrote `info` itself.
        if matches!(sink.kind, SinkKind::Log | SinkKind::Console | SinkKind::SensitiveLog) && is_logging(text_of(call))
        {
            return;
        }
        let site = SinkSite { kind: sink.kind, at: sink.at.clone(), name: sink.name };
        for taint in &value.taints {
            // What the callee itself reads out of what it was given begins there.
            let read = sink.read.as_ref().filter(|_| is_read(taint, sink.read.as_ref()));
            let before = read.is_none().then(|| step(taint.trace.as_ref(), call, StepKind::Passed));
            let trace = splice(sink.trace.as_ref(), before, read);
            self.reach_taint(&Taint { trace, ..taint.clone() }, &site, prefix);
        }
    }
}

/// Whether somebody's data comes in where a function reads it out of what it is given.
pub(super) fn is_read(taint: &Taint, read: Option<&Arc<At>>) -> bool {
    matches!((&taint.origin, read), (Origin::Source(source), Some(read)) if source.at == **read && taint.trace.is_none())
}

/// A way put behind another, or as far as it leads on from where it was read.
fn splice(way: Option<&Arc<Step>>, before: Option<Arc<Step>>, read: Option<&Arc<At>>) -> Option<Arc<Step>> {
    let mut steps: Vec<&Arc<Step>> = std::iter::successors(way, |s| s.previous.as_ref()).collect();
    let mut out = before;
    let leads_there = |s: &Step| read.is_some_and(|r| s.at.block == r.block && s.at.span.start < r.span.start);
    while steps.last().is_some_and(|s| leads_there(s) && !s.at.span.contains(read.map_or(s.at.span, |r| r.span))) {
        steps.pop();
    }
    while let Some(s) = steps.pop() {
        out = Some(step(out.as_ref(), &s.at, s.what));
    }
    out
}

impl Interp<'_> {
    pub(super) fn reach(&mut self, value: &Val, site: &SinkSite, deep: bool) {
        if let Some(record) = &self.record {
            record.sink(site.kind, &site.at, site.name, value, deep);
        }
        if value.has_taint() {
            self.out.reach(value, site, deep);
        }
    }

    /// A variable whose name says that it holds something sensitive is a source of it.
    pub(super) fn named_source(&mut self, name: Ustr, value: Val, span: Span) -> Val {
        // Functions, classes and objects of known fields are no secrets; what is in them may be.
        let file = value.apis.iter().any(|p| matches!(p.as_str(), "std::path::PathBuf" | "std::fs::File"));
        let structured = file || value.fields.is_some() || !value.funcs.is_empty() || value.class.is_some();
        if value.exact || value.types.is_harmless() || structured || value.apis.iter().any(|p| p == HASHED) {
            return value;
        }
        let Some(kind) = lexicon::sensitive_name(name) else {
            // Where a secret lies is no secret.
            if !value.taints.is_empty() && lexicon::place_name(name) {
                let mut place = value.cleaned(super::kinds::DISCLOSURE);
                place.taints.retain(|t| !super::place::is_sensitive(t));
                return Arc::new(place);
            }
            return value;
        };
        // The working directory.
        if name == "pwd" && self.arena.text().contains("cwd") {
            return value;
        }
        if matches!(name.as_str(), "secret" | "secrets") && is_stored_elsewhere(self.arena.text()) {
            return value;
        }
        let mut out = Value::clone(&value);
        if value.taints.iter().any(|t| matches!(&t.origin, Origin::Source(s) if s.kind == kind)) {
            return value;
        }
        let what = Ustr::from(&format!("`{name}`"));
        let origin = Origin::Source(Arc::new(Source { kind, at: self.at(span), what }));
        out.add_taint(Taint { origin, cleaned: SinkKinds::NONE, trace: None });
        Arc::new(out)
    }
}

/// Whether code speaks of a store of secrets, in which each has a name and versions: a `secret` of that is what it is called.
fn is_stored_elsewhere(text: &str) -> bool {
    [
        "ecretManager",
        "ecretVersion",
        "ecret.version",
        "secretId",
        "secretName",
        "createSecret(",
        "secret.name",
        "groups.secret",
    ]
    .iter()
    .any(|w| text.contains(w))
}

/// Whether a sink is part of a call that runs a program without a shell.
fn is_program(site: &SinkSite) -> bool {
    const RUN: [&str; 7] = ["spawn", "spawnSync", "execFile", "execFileSync", "fork", "execa", "execaSync"];
    let at = site.at.arena.root().smallest_at(site.at.span);
    let call = std::iter::once(at).chain(at.ancestors()).find(|n| n.kind() == Kind::CallExpression);
    RUN.contains(&site.name.as_str()) && call.is_none_or(|c| !c.text().contains("shell"))
}

/// Whether what an attribute of the page holds is the page's own: what elements are called, what was put there as data, or a part of
/// what is written again. Text that somebody typed, and an attribute that becomes HTML as it is, are not.
fn is_own_attribute(source: &At, mut way: impl Iterator<Item = Arc<Step>>) -> bool {
    let read = text_of(source);
    let is_attribute = [".attr(", ".getAttribute(", ".dataset"].iter().any(|a| read.contains(a));
    let named = ["id", "name", "class", "type"]
        .iter()
        .any(|n| read.contains(&format!("attr('{n}')")) || read.contains(&format!("attr(\"{n}\")")));
    let put = |s: Arc<Step>| {
        let text = text_of(&s.at);
        let passed = matches!(s.what, StepKind::Concatenated | StepKind::Passed | StepKind::Returned);
        passed || text.starts_with("JSON.parse(") || text.starts_with("decodeURIComponent(")
    };
    is_attribute && (named || way.any(put))
}

pub(super) fn text_of(at: &At) -> &str {
    at.arena.text().get(at.span.start as usize..at.span.end as usize).unwrap_or_default()
}

/// The function around a place, in its block.
fn function_at(at: &At) -> Option<Span> {
    let node = at.arena.root().smallest_at(at.span);
    node.ancestors().find(|n| crate::rules::support::is_function(*n)).map(|f| f.span())
}

/// Whether code runs only where the settings say that somebody develops: `if (config.dev) { app.post("/testing", ..) }`.
fn serves_developers(at: &At) -> bool {
    is_for_development(at.arena.root().smallest_at(at.span))
}

/// The same of a node of a block.
pub(super) fn is_for_development(node: crate::syntax::Node<'_>) -> bool {
    let says = |condition: &str| {
        let condition = condition.trim_start_matches('(').trim_end_matches(')').trim();
        let mode = condition.contains("NODE_ENV")
            && (condition.contains("!=") && condition.contains("production")
                || condition.contains("==") && ["development", "test"].iter().any(|m| condition.contains(m)));
        mode && !condition.contains("||")
            || !condition.starts_with('!')
                && [".dev", ".isDev", ".isDevelopment"].iter().any(|w| condition.ends_with(w))
    };
    node.ancestors().filter(|n| n.kind() == Kind::IfStatement).any(|branch| {
        let then = branch.child(Field::Consequence).is_some_and(|c| c.span().contains(node.span()));
        then && branch.child(Field::Condition).is_some_and(|c| says(c.text()))
    })
}

/// Whether code speaks of a handshake in which a server says what a password is hashed with.
fn is_of_handshake(code: &str) -> bool {
    // The last one is a service that is asked by the first digits of a password's hash.
    const WORDS: [&str; 7] =
        ["scramble", "Scramble", "handshake", "challenge", "Protocol-mandated", "verifier11G", "wnedPassword"];
    WORDS.iter().any(|w| code.contains(w)) || code.contains("seed") && !code.contains("seeds")
}

/// Whether a sink is a typed array over something of which nothing says that it is a number: `new Uint8Array(event.data)`.
fn is_view(site: &SinkSite) -> bool {
    let sized = ["length", "len", "size", "count", "num", "number", "n", "width", "height", "total", "capacity", "max"];
    site.name.ends_with("Array") && site.name != "Array" && !lexicon::has_word(text_of(&site.at), &sized)
}

/// Whether a call reads a number of at most two bytes.
fn is_small_number(call: &str) -> bool {
    const READS: [&str; 10] = [
        ".readUInt8(",
        ".readUint8(",
        ".readInt8(",
        ".readUInt16",
        ".readUint16",
        ".readInt16",
        ".getUint8(",
        ".getInt8(",
        ".getUint16(",
        ".getInt16(",
    ];
    READS.iter().any(|r| call.contains(r))
}

/// Whether what a store is asked for is there at once, so that it lies in memory: `const table = Table.findOne({ name }); table.id`.
fn is_answered_at_once(at: &At) -> bool {
    const CHAINED: [&str; 22] = [
        "then", "catch", "finally", "exec", "lean", "select", "populate", "sort", "limit", "skip", "where", "toArray",
        "cursor", "stream", "on", "once", "next", "forEach", "project", "hint", "session", "map",
    ];
    if at.arena.language().family != sidenote_grammars::Family::Ecma {
        return false;
    }
    let node = at.arena.root().smallest_at(at.span);
    let is_query = |n: &crate::syntax::Node<'_>| {
        n.kind() == Kind::CallExpression && n.child(Field::Function).is_some_and(|f| !f.span().contains(at.span))
    };
    let Some(call) = std::iter::once(node).chain(node.ancestors()).find(is_query) else { return false };
    let Some(kept) = call.parent().filter(|p| p.kind() == Kind::VariableDeclarator) else { return false };
    let Some(name) = kept.child(Field::Name).filter(|n| n.kind() == Kind::Identifier) else { return false };
    let read = |n: &crate::syntax::Node<'_>| {
        n.kind() == Kind::MemberExpression
            && n.child(Field::Object).is_some_and(|o| o.kind() == Kind::Identifier && o.text() == name.text())
    };
    let mut reads = at.arena.nodes().filter(read).peekable();
    reads.peek().is_some()
        && reads.all(|n| n.child(Field::Property).is_some_and(|p| !CHAINED.contains(&p.text())))
        && !at.arena.text().contains(&format!("await {}", name.text()))
}

/// Whether what is stored is all of a program's settings: `JSON.stringify(config)`.
fn keeps_settings(site: &SinkSite) -> bool {
    let whole = text_of(&site.at).strip_prefix("JSON.stringify(").and_then(|t| t.split([',', ')']).next());
    whole.is_some_and(|w| {
        lexicon::has_word(
            w.trim(),
            &["config", "cfg", "conf", "configuration", "settings", "cred", "creds", "credentials"],
        )
    })
}

/// Whether nothing ends between two places of a block.
fn same_statement(a: &At, b: &At) -> bool {
    let between = a.span.end.min(b.span.end) as usize..a.span.start.max(b.span.start) as usize;
    a.block == b.block && a.arena.text().get(between).is_none_or(|t| !t.contains([';', '\n']))
}

/// Whether a call is that of a function whose name says that what it gives must not be guessed.
fn makes_secret(call: &str) -> bool {
    let callee = call.split('(').next().unwrap_or_default();
    lexicon::must_be_random(callee.rsplit('.').next().unwrap_or(callee).trim())
}

/// Whether a call is one that models take for a logger's by its names alone.
fn is_logging(call: &str) -> bool {
    const LEVELS: [&str; 4] = ["info", "warn", "debug", "verbose"];
    const ALL: [&str; 4] = ["log", "error", "trace", "fatal"];
    let Some((callee, _)) = call.split_once('(') else { return false };
    let Some((receiver, level)) = callee.rsplit_once('.') else { return false };
    let receiver = receiver.rsplit('.').next().unwrap_or(receiver);
    let level = level.trim();
    LEVELS.contains(&level) && receiver != "this"
        || ALL.contains(&level) && matches!(receiver, "logger" | "log" | "LOG" | "LOGGER" | "Log")
}

/// Whether a text puts something between quotes of its own: `"name = '" + name + "'"`.
fn is_quoted(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    ["'\"+", "\"'+", "\\'+", "\\\"+", "'`+", "'${", "\"${"].iter().any(|open| text.contains(open))
}

/// Turns a hit into a note. `here` is the block that the note belongs to; `elsewhere` gives the place of what is in another
/// file.
#[allow(clippy::type_complexity, reason = "said in one place, where it is called")]
pub(crate) fn note(
    hit: &Hit,
    here: BlockId,
    elsewhere: &dyn Fn(BlockId, &Arc<Arena>, Span) -> Option<Location>,
) -> Option<Note> {
    let (rule, text) = CHECKS.flows.get(&hit.kind).copied()?;
    let place = |at: &At| -> Place {
        if at.block == here {
            return Place::Here(at.span);
        }
        elsewhere(at.block, &at.arena, at.span).map_or_else(|| Place::Block(at.arena.clone(), at.span), Place::File)
    };
    let message = text.replace("{source}", &hit.source.what).replace("{sink}", &hit.name);
    let mut note = Note::new(rule, hit.at.span, message);
    note.place = place(&hit.at);
    let mut flow = vec![(place(&hit.source.at), format!("{} comes in here", capitalized(&hit.source.what)))];
    let steps: Vec<&Arc<Step>> = std::iter::successors(hit.trace.as_ref(), |s| s.previous.as_ref()).collect();
    for step in steps.iter().rev().filter(|s| s.at != hit.at && s.at != hit.source.at) {
        let what = match step.what {
            StepKind::Assigned => "is stored here",
            StepKind::Concatenated => "becomes part of a text here",
            StepKind::Passed => "is passed on here",
            StepKind::Returned => "comes back from a call here",
            StepKind::Through => "goes through a call here",
        };
        flow.push((place(&step.at), what.to_owned()));
    }
    flow.push((place(&hit.at), format!("reaches `{}` here", hit.name)));
    if is_far(hit, &flow) {
        return None;
    }
    note.flow = flow;
    if hit.at.block == here && hit.at.arena.language().family == sidenote_grammars::Family::Ecma {
        for (title, edits) in rules::remedies::remedies(hit.kind, &hit.at.arena, hit.at.span) {
            note = note.suggestion(title, edits);
        }
    }
    let doubtful = hit.kind == SinkKind::Html && hit.source.kind == SourceKind::Response;
    if hit.source.kind.is_local() || doubtful {
        note.severity = Some(match rule.severity {
            Severity::Critical => Severity::High,
            Severity::High => Severity::Medium,
            _ => Severity::Low,
        });
        note.confidence = note.confidence.min(Confidence::Medium);
    }
    Some(note)
}

/// Whether the way is so long that somewhere on it stands a check or a turn that is not seen. In code that people use three of four such
/// findings were wrong, as against one of three shorter ones; what leaks is told of all the same, since nothing on the way mends it.
fn is_far(hit: &Hit, flow: &[(Place, String)]) -> bool {
    const LONG: usize = 8;
    const LONGEST: usize = 14;
    let is_local = hit.kind == SinkKind::Html && hit.source.kind.is_local();
    let is_checked = matches!(
        hit.kind,
        SinkKind::Path
            | SinkKind::PropertyKey
            | SinkKind::Merge
            | SinkKind::Code
            | SinkKind::Secret
            | SinkKind::FastHash
    );
    let leaves = |(place, _): &(Place, String)| matches!(place, Place::File(there) if there.path.is_some());
    let is_html = hit.kind == SinkKind::Html;
    (is_checked || is_local) && flow.len() >= LONG && flow.iter().any(leaves)
        || (is_checked || is_html) && flow.len() >= LONGEST
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
