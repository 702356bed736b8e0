//! From a model as it is written to the tables that are looked into.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::rules;
use crate::semantics::hir::Ustr;

use super::super::kinds::{SinkKind, SinkKinds, SourceKind};
use super::super::value::Types;
use super::raw::{RawBecomes, RawCall, RawCondition, RawFlag, RawModel, RawSink, RawSource, RawType, Text};
use super::{
    CallModel, Condition, Constant, Convention, FlagModel, Looks, Models, Port, SinkModel, SourceModel, Test,
    TypeModel, expand,
};

/// One thing that is wrong in a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelProblem {
    /// Where, in bytes of the file.
    pub range: Range<usize>,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Most paths that one pattern with braces may stand for.
const MAX_EXPANDED: usize = 1000;
/// Longest pattern or port, in bytes.
const MAX_TEXT: usize = 1000;
/// Most fields below a port.
const MAX_PORT_FIELDS: usize = 8;

const PORT_HELP: &str =
    "write arg0, arg1.., args, this, return, value, cb0.1 or cb0.return, with .field or [] behind it";

impl Models {
    /// Adds a model. Nothing of it is used where a problem comes back.
    pub(super) fn add(&mut self, model: &RawModel) -> Vec<ModelProblem> {
        let mut loader = Loader { models: self, problems: Vec::new() };
        loader.model(model);
        loader.problems
    }
}

struct Loader<'m> {
    models: &'m mut Models,
    problems: Vec<ModelProblem>,
}

impl Loader<'_> {
    fn report(&mut self, at: &Text, message: String, help: Option<String>) {
        self.problems.push(ModelProblem { range: at.span(), message, help });
    }

    fn model(&mut self, model: &RawModel) {
        if model.library.trim().is_empty() {
            self.report(&model.library, "a model needs the library's name".into(), None);
        }
        model.types.iter().for_each(|raw| self.ty(raw));
        model.calls.iter().for_each(|raw| self.call(raw));
        model.sources.iter().for_each(|raw| self.source(raw));
        model.sinks.iter().for_each(|raw| self.sink(raw));
        model.flags.iter().for_each(|raw| self.flag(raw));
        for raw in &model.conventions {
            let types = raw.types.iter().map(|t| Ustr::from(t)).collect();
            let at = if self.models.own { 0 } else { self.models.conventions.len() };
            let (names, words) = (raw.names.clone(), raw.words.clone());
            self.models.conventions.insert(at, Convention { names, types, words });
        }
        self.models.transforms.extend(model.transforms.iter().map(|t| Ustr::from(t)));
        for raw in &model.cleaners {
            let kinds = self.sink_kinds(&raw.cleans);
            self.models.cleaners.push((raw.words.clone(), raw.with.clone(), kinds));
        }
    }

    /// The paths that some patterns stand for.
    fn paths(&mut self, patterns: &[Text]) -> Vec<String> {
        let mut out = Vec::new();
        for pattern in patterns {
            let wrong = pattern_problem(pattern, self.models.own);
            match wrong {
                Some((message, help)) => self.report(pattern, message, Some(help.to_owned())),
                None => out.extend(expand(pattern)),
            }
        }
        if self.models.own {
            let bare = |p: &&String| !p.contains(['.', ':', '(']);
            self.models.own_names.extend(out.iter().filter(bare).map(|p| Ustr::from(p)));
        }
        out
    }

    fn port(&mut self, text: &Text) -> Option<Port> {
        let port = Port::parse(text).filter(|p| text.len() <= MAX_TEXT && p.path.len() <= MAX_PORT_FIELDS);
        if port.is_none() {
            let shown: String = text.chars().take(60).collect();
            self.report(text, format!("`{shown}` is no port"), Some(PORT_HELP.to_owned()));
        }
        port
    }

    fn sink_kind(&mut self, name: &Text) -> Option<SinkKind> {
        let kind = SinkKind::from_name(name);
        if kind.is_none() {
            let known: Vec<&str> = SinkKind::ALL.iter().map(|k| k.name()).collect();
            self.report(name, format!("there is no kind of sink `{}`", &**name), Some(kind_help(name, &known)));
        }
        kind
    }

    fn sink_kinds(&mut self, names: &[Text]) -> SinkKinds {
        let mut kinds = SinkKinds::NONE;
        for name in names {
            if &**name == "all" {
                return SinkKinds::ALL;
            }
            kinds = kinds | self.sink_kind(name).map_or(SinkKinds::NONE, SinkKind::set);
        }
        kinds
    }

    fn ty(&mut self, raw: &RawType) {
        let name = Ustr::from(&raw.name);
        for alias in self.paths(&raw.names) {
            self.models.aliases.insert(Ustr::from(&alias), name);
        }
        let model =
            self.models.types.entry(name).or_insert_with(|| TypeModel { members: FxHashMap::default(), extends: None });
        for (members, ty) in &raw.members {
            for member in expand(&format!("{{{members}}}")) {
                model.members.insert(Ustr::from(&member), Ustr::from(ty));
            }
        }
        if let Some(base) = &raw.extends {
            model.extends = Some(Ustr::from(base));
        }
    }

    fn call(&mut self, raw: &RawCall) {
        let paths = self.paths(&raw.r#fn);
        if raw.r#fn.is_empty() {
            self.problems.push(ModelProblem {
                range: 0..0,
                message: "a `call` names no function".into(),
                help: Some("write `fn = [\"library.function\"]`".into()),
            });
        }
        let mut callbacks = Vec::new();
        for (arg, types) in &raw.callbacks {
            match if arg == "*" { Some(255) } else { arg.parse().ok() } {
                Some(n) => {
                    let types = types.iter().map(|t| (!t.is_empty()).then(|| Ustr::from(t))).collect();
                    callbacks.push((n, types));
                }
                None => {
                    let at = raw.r#fn.first().cloned().unwrap_or_default();
                    let help = "write the argument's number in quotes, or \"*\" for any".to_owned();
                    self.report(&at, format!("`{arg}` is no argument that could be a callback"), Some(help));
                }
            }
        }
        let flows = raw.flows.as_ref().map(|flows| flows.iter().filter_map(|f| self.flow(f)).collect());
        let guard = raw.guards.as_ref().and_then(|g| {
            let kinds = self.sink_kinds(&g.cleans);
            Some((self.port(&g.port)?, kinds, g.when))
        });
        let types = raw.types.as_ref().and_then(|name| match &**name {
            "string" => Some(Types::STRING),
            "number" => Some(Types::NUMBER),
            "boolean" => Some(Types::BOOL),
            "object" => Some(Types::OBJECT),
            other => {
                let message = format!("`{other}` is no type");
                self.report(name, message, Some("write string, number, boolean or object".into()));
                None
            }
        });
        let becomes = raw.becomes.iter().map(|b| self.becomes(b)).collect();
        let model = CallModel {
            returns: raw.returns.as_deref().map(Ustr::from),
            callbacks,
            flows,
            cleans: self.sink_kinds(&raw.cleans),
            guard,
            types,
            becomes,
            ends: raw.ends,
        };
        let own = self.models.own;
        self.models.calls.add(&paths, model, own);
    }

    fn becomes(&mut self, raw: &RawBecomes) -> (Ustr, bool, Vec<Condition>) {
        (Ustr::from(&raw.r#type), raw.port.as_deref() == Some("return"), self.conditions(&raw.when))
    }

    fn flow(&mut self, text: &Text) -> Option<(Port, Port)> {
        let ends = text.split_once('>').and_then(|(a, b)| Some((Port::parse(a.trim())?, Port::parse(b.trim())?)));
        let short = |p: &Port| p.path.len() <= MAX_PORT_FIELDS;
        let ends = ends.filter(|(a, b)| text.len() <= MAX_TEXT && short(a) && short(b));
        if ends.is_none() {
            let shown: String = text.chars().take(60).collect();
            let help = format!("write two ports with `>` between, as `arg0 > return`: {PORT_HELP}");
            self.report(text, format!("`{shown}` is no way of a value"), Some(help));
        }
        ends
    }

    fn source(&mut self, raw: &RawSource) {
        let Some(kind) = SourceKind::from_name(&raw.kind) else {
            let known: Vec<&str> = SourceKind::ALL.iter().map(|k| k.name()).collect();
            let message = format!("there is no kind of source `{}`", &*raw.kind);
            self.report(&raw.kind, message, Some(kind_help(&raw.kind, &known)));
            return;
        };
        if raw.read.is_empty() && raw.r#type.is_empty() && raw.r#fn.is_empty() {
            self.report(&raw.kind, "a source names nothing".into(), Some("give it `read`, `fn` or `type`".into()));
        }
        let what = Ustr::from(&raw.what);
        let cleans = self.sink_kinds(&raw.cleans);
        let own = self.models.own;
        let plain = || SourceModel { kind, what, port: None, when: Vec::new(), cleans };
        if !raw.read.is_empty() {
            let paths = self.paths(&raw.read);
            self.models.read_sources.add(&paths, plain(), own);
        }
        if !raw.r#type.is_empty() {
            let paths = self.paths(&raw.r#type);
            self.models.type_sources.add(&paths, plain(), own);
        }
        if !raw.r#fn.is_empty() {
            let paths = self.paths(&raw.r#fn);
            let port = match &raw.port {
                Some(port) => self.port(port),
                None => Port::parse("return"),
            };
            let when = self.conditions(&raw.when);
            self.models.call_sources.add(&paths, SourceModel { port, when, ..plain() }, own);
        }
    }

    fn sink(&mut self, raw: &RawSink) {
        let Some(kind) = self.sink_kind(&raw.kind) else { return };
        if raw.r#fn.is_empty() && raw.set.is_empty() {
            self.report(&raw.kind, "a sink names nothing".into(), Some("give it `fn` or `set`".into()));
        }
        let when = self.conditions(&raw.when);
        let given: Vec<Port> = raw.ports.iter().filter_map(|p| self.port(p)).collect();
        for (patterns, is_set) in [(&raw.r#fn, false), (&raw.set, true)] {
            let ports = match raw.ports.is_empty() {
                true => Port::parse(if is_set { "value" } else { "arg0" }).into_iter().collect(),
                false => given.clone(),
            };
            let own = self.models.own;
            for path in self.paths(patterns) {
                let name = Ustr::from(path.rsplit(['.', ':']).next().unwrap_or(&path));
                let model = SinkModel { kind, ports: ports.clone(), when: when.clone(), deep: raw.deep, name };
                let table = if is_set { &mut self.models.set_sinks } else { &mut self.models.call_sinks };
                table.add(&[path], model, own);
            }
        }
    }

    fn flag(&mut self, raw: &RawFlag) {
        if self.models.own && rules::find(&raw.rule).is_none() {
            let near = rules::suggestions(&raw.rule);
            let help = near.first().map_or("`sidenote rules` lists them".into(), |id| format!("did you mean `{id}`?"));
            self.report(&raw.rule, format!("there is no rule `{}`", &*raw.rule), Some(help));
        }
        if raw.r#fn.is_empty() && raw.set.is_empty() {
            self.report(&raw.rule, "a flag names nothing".into(), Some("give it `fn` or `set`".into()));
        }
        let at = raw.at.as_ref().and_then(|at| self.port(at));
        let when = self.conditions(&raw.when);
        for (patterns, is_set) in [(&raw.r#fn, false), (&raw.set, true)] {
            if patterns.is_empty() {
                continue;
            }
            let paths = self.paths(patterns);
            let model = FlagModel {
                rule: Ustr::from(&raw.rule),
                at: at.clone(),
                when: when.clone(),
                message: raw.message.clone(),
            };
            let own = self.models.own;
            let table = if is_set { &mut self.models.set_flags } else { &mut self.models.call_flags };
            table.add(&paths, model, own);
        }
    }

    fn conditions(&mut self, raw: &[RawCondition]) -> Vec<Condition> {
        let mut out = Vec::new();
        for c in raw {
            let Some(port) = self.port(&c.port) else { continue };
            let before = out.len();
            let mut tests = Vec::new();
            for (list, make) in [(&c.one_of, Test::In as fn(_) -> _), (&c.not_in, Test::NotIn as fn(_) -> _)] {
                if list.is_empty() {
                    continue;
                }
                match list.iter().map(constant).collect::<Result<Vec<_>, String>>() {
                    Ok(constants) => tests.push(make(constants)),
                    Err(message) => {
                        self.report(&c.port, message, Some("text, a number or a truth value is one".into()))
                    }
                }
            }
            let lower = |list: &[String]| list.iter().map(|s| s.to_lowercase()).collect::<Vec<_>>();
            if !c.contains.is_empty() {
                tests.push(Test::Contains(lower(&c.contains)));
            }
            if !c.starts.is_empty() {
                tests.push(Test::Starts(lower(&c.starts)));
            }
            if let Some(looks) = &c.looks {
                match &**looks {
                    "sql" => tests.push(Test::Looks(Looks::Sql)),
                    "html" => tests.push(Test::Looks(Looks::Html)),
                    "plain-http" => tests.push(Test::Looks(Looks::PlainHttp)),
                    other => {
                        let message = format!("text cannot look like `{other}`");
                        self.report(looks, message, Some("write sql, html or plain-http".into()));
                    }
                }
            }
            tests.extend(c.given.map(Test::Given));
            tests.extend(c.constant.map(Test::Constant));
            tests.extend(c.below.map(Test::Below));
            tests.extend(c.bare.map(Test::Bare));
            tests.extend(c.is.as_ref().map(|path| Test::Is(Ustr::from(path))));
            tests.extend(c.not_is.as_ref().map(|path| Test::IsNot(Ustr::from(path))));
            out.extend(tests.into_iter().map(|test| Condition { port: port.clone(), test }));
            if out.len() == before && self.problems.is_empty() {
                let help = "give it in, not_in, contains, starts, looks, given, constant, below, bare, is or not_is"
                    .to_owned();
                self.report(&c.port, format!("the condition on `{}` tests nothing", &*c.port), Some(help));
            }
        }
        out
    }
}

fn kind_help(name: &str, known: &[&str]) -> String {
    let scored = known.iter().map(|k| (strsim::jaro_winkler(name, k), *k));
    let near = scored.filter(|(s, _)| *s > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
    near.map_or_else(|| format!("known kinds are `{}`", known.join("`, `")), |(_, k)| format!("did you mean `{k}`?"))
}

/// What is wrong with a pattern of paths, and what would be right.
fn pattern_problem(pattern: &str, own: bool) -> Option<(String, &'static str)> {
    let shown: String = pattern.chars().take(60).collect();
    let wrong = |why: &str| format!("`{shown}` is no path: {why}");
    if pattern.trim().is_empty() {
        return Some(("a path is empty".to_owned(), "write `library.function`"));
    }
    if pattern.len() > MAX_TEXT {
        return Some((wrong("it is too long"), "split it"));
    }
    let mut count = 1usize;
    let mut inside = false;
    let mut members = 1usize;
    for c in pattern.chars() {
        match c {
            '{' if !inside => (inside, members) = (true, 1),
            '}' if inside => {
                inside = false;
                count = count.saturating_mul(members);
            }
            ',' if inside => members += 1,
            '{' | '}' => return Some((wrong("its braces do not match"), "write `{a,b}`; braces cannot be nested")),
            c if c.is_control() || c == ' ' && !inside => {
                return Some((wrong("it holds a blank"), "write `library.function`"));
            }
            _ => {}
        }
    }
    if inside {
        return Some((wrong("a brace is not closed"), "write `{a,b}`"));
    }
    if count > MAX_EXPANDED {
        return Some((wrong("its braces stand for more than 1000 paths"), "split it"));
    }
    for path in expand(pattern).iter().filter(|_| own) {
        let path = path.strip_prefix("jsx:").unwrap_or(path);
        let rest = path.strip_prefix("*.").or_else(|| path.strip_prefix("*::"));
        if rest.is_some_and(|r| r.contains(['.', ':'])) {
            return Some((wrong("behind `*.` stands one name"), "write `*.query`, or the whole path of the type"));
        }
        if rest.unwrap_or(path).contains('*') {
            return Some((wrong("`*` stands only at the beginning"), "write `*.query`, or name the functions"));
        }
    }
    None
}

fn constant(value: &toml::Value) -> Result<Constant, String> {
    Ok(match value {
        toml::Value::String(s) => Constant::Text(s.to_lowercase()),
        toml::Value::Integer(n) => Constant::Number(*n as f64),
        toml::Value::Float(n) => Constant::Number(*n),
        toml::Value::Boolean(b) => Constant::Bool(*b),
        other => return Err(format!("`{other}` is no constant")),
    })
}
