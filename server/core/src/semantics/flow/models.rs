//! Models: what libraries do, as data. `models/<family>/*.toml` holds one library or one theme a file; users add theirs
//! as `[[model]]` tables of `sidenote.toml`. See `models/README.md` for the format.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sidenote_grammars::Family;
use smallvec::SmallVec;

use crate::semantics::hir::Ustr;

use super::kinds::{SinkKind, SinkKinds, SourceKind};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/models.rs"));
}

/// Why a model is refused.
#[derive(thiserror::Error, Debug)]
pub enum ModelError {
    /// No TOML, or keys that no model has.
    #[error("{file}: {error}")]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong, with its place.
        error: String,
    },
    /// A value that is not understood.
    #[error("{file}: {what}")]
    Value {
        /// The file.
        file: String,
        /// What is wrong and what would be right.
        what: String,
    },
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    #[allow(dead_code, reason = "documents the file; listed by `sidenote models`")]
    library: String,
    #[serde(default, rename = "type")]
    types: Vec<RawType>,
    #[serde(default, rename = "call")]
    calls: Vec<RawCall>,
    #[serde(default, rename = "source")]
    sources: Vec<RawSource>,
    #[serde(default, rename = "sink")]
    sinks: Vec<RawSink>,
    #[serde(default, rename = "flag")]
    flags: Vec<RawFlag>,
    #[serde(default, rename = "convention")]
    conventions: Vec<RawConvention>,
    #[serde(default)]
    transforms: Vec<String>,
    #[serde(default, rename = "cleaner")]
    cleaners: Vec<RawCleaner>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConvention {
    names: Vec<Vec<String>>,
    types: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCleaner {
    words: Vec<String>,
    #[serde(default)]
    with: Vec<String>,
    cleans: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawType {
    name: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    members: BTreeMap<String, String>,
    #[serde(default)]
    extends: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    r#fn: Vec<String>,
    #[serde(default)]
    returns: Option<String>,
    #[serde(default)]
    callbacks: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    flows: Option<Vec<String>>,
    #[serde(default)]
    cleans: Vec<String>,
    #[serde(default)]
    guards: Option<RawGuard>,
    #[serde(default)]
    types: Option<String>,
    #[serde(default)]
    becomes: Vec<RawBecomes>,
}

/// What the receiver is after the call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBecomes {
    r#type: String,
    /// `this` or `return`.
    #[serde(default)]
    port: Option<String>,
    #[serde(default)]
    when: Vec<RawCondition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGuard {
    port: String,
    cleans: Vec<String>,
    #[serde(default = "yes")]
    when: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    #[serde(default)]
    read: Vec<String>,
    #[serde(default)]
    r#type: Vec<String>,
    #[serde(default)]
    r#fn: Vec<String>,
    #[serde(default)]
    port: Option<String>,
    #[serde(default)]
    when: Vec<RawCondition>,
    kind: String,
    what: String,
    #[serde(default)]
    cleans: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSink {
    #[serde(default)]
    r#fn: Vec<String>,
    #[serde(default)]
    set: Vec<String>,
    #[serde(default)]
    ports: Vec<String>,
    kind: String,
    #[serde(default)]
    when: Vec<RawCondition>,
    #[serde(default)]
    deep: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFlag {
    rule: String,
    #[serde(default)]
    r#fn: Vec<String>,
    #[serde(default)]
    set: Vec<String>,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    when: Vec<RawCondition>,
    message: String,
}

/// All parts that are given must hold.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct RawCondition {
    port: String,
    /// One of these constants, for sure or possibly.
    #[serde(default, rename = "in")]
    one_of: Vec<toml::Value>,
    /// None of these constants, for sure.
    #[serde(default)]
    not_in: Vec<toml::Value>,
    /// The constant text begins with, ends with, or holds one of these, in lower case.
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    starts: Vec<String>,
    /// `sql`, `html`, `url`: what the constant part of the text looks like.
    #[serde(default)]
    looks: Option<String>,
    /// Whether it is given at all.
    #[serde(default)]
    given: Option<bool>,
    /// Whether it is a constant.
    #[serde(default)]
    constant: Option<bool>,
    /// A number below this.
    #[serde(default)]
    below: Option<f64>,
    /// Whether nothing is known of its beginning.
    #[serde(default)]
    bare: Option<bool>,
    /// API path that it is.
    #[serde(default)]
    is: Option<String>,
}

/// Where a value enters or leaves a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// The n-th argument.
    Arg(u8),
    /// Every argument from the n-th.
    ArgsFrom(u8),
    /// The receiver.
    This,
    /// The result.
    Return,
    /// The value that is written (`set` sinks).
    Value,
    /// A parameter of the callback that is passed as the n-th argument (255: any).
    CallbackParam(u8, u8),
    /// The result of the callback that is passed as the n-th argument (255: any).
    CallbackReturn(u8),
}

/// A base with a path of fields below it; [`super::value::ELEMENT`] stands for elements.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// Where.
    pub base: Base,
    /// Fields below.
    pub path: SmallVec<[Ustr; 2]>,
}

impl Port {
    /// Reads `arg0`, `arg1..`, `args`, `this`, `return`, `value`, `cb0.1`, `cb*.0`, `cb0.return`, each with `.field` and `[]`
    /// behind it.
    pub fn parse(text: &str) -> Option<Port> {
        let spaced = text.replace("..", "\u{0}").replace("[]", ".[]").replace('?', ".?");
        let mut parts = spaced.split('.').filter(|p| !p.is_empty());
        let head = parts.next()?;
        let base = if let Some(n) = head.strip_prefix("arg").filter(|n| !n.is_empty() && *n != "s") {
            match n.strip_suffix('\u{0}') {
                Some(n) => Base::ArgsFrom(n.parse().ok()?),
                None => Base::Arg(n.parse().ok()?),
            }
        } else if let Some(n) = head.strip_prefix("cb") {
            let n = if n == "*" { 255 } else { n.parse().ok()? };
            match parts.next()? {
                "return" => Base::CallbackReturn(n),
                param => Base::CallbackParam(n, param.parse().ok()?),
            }
        } else {
            match head {
                "args" => Base::ArgsFrom(0),
                "this" => Base::This,
                "return" => Base::Return,
                "value" => Base::Value,
                _ => return None,
            }
        };
        Some(Port { base, path: parts.map(Ustr::from).collect() })
    }
}

/// A type of a library.
#[derive(Debug)]
pub struct TypeModel {
    /// Members with their types.
    pub members: FxHashMap<Ustr, Ustr>,
    /// The type whose members it has too.
    pub extends: Option<Ustr>,
}

/// What a call does.
#[derive(Debug, Default)]
pub struct CallModel {
    /// API path of the result; `this` for the receiver's own.
    pub returns: Option<Ustr>,
    /// API paths of the parameters of callbacks, by argument (255: any); an empty one is unknown.
    pub callbacks: Vec<(u8, Vec<Option<Ustr>>)>,
    /// Where values go; `None` leaves it to the general rule for unknown calls.
    pub flows: Option<Vec<(Port, Port)>>,
    /// Kinds of sinks for which its result is harmless.
    pub cleans: SinkKinds,
    /// What its truth says of a value.
    pub guard: Option<(Port, SinkKinds, bool)>,
    /// Primitive type of the result: `string`, `number`, `boolean`.
    pub types: Option<super::value::Types>,
    /// What the receiver, or (`true`) the result, is afterwards: the first type whose conditions hold.
    pub becomes: Vec<(Ustr, bool, Vec<Condition>)>,
}

/// A source.
#[derive(Debug)]
pub struct SourceModel {
    /// Which kind.
    pub kind: SourceKind,
    /// What it is, for people.
    pub what: Ustr,
    /// Where it comes out of a call; `None` for a member that is read.
    pub port: Option<Port>,
    /// When a call is one.
    pub when: Vec<Condition>,
    /// Kinds of sinks for which it is harmless from the start: text that is never an object.
    pub cleans: SinkKinds,
}

/// A sink.
#[derive(Debug)]
pub struct SinkModel {
    /// Which kind.
    pub kind: SinkKind,
    /// Where values do harm.
    pub ports: Vec<Port>,
    /// When it is a sink.
    pub when: Vec<Condition>,
    /// Whether fields of the value count too.
    pub deep: bool,
    /// Name for people: the last part of the path.
    pub name: Ustr,
}

/// A call or write that is wrong by its constants alone.
#[derive(Debug)]
pub struct FlagModel {
    /// The rule that speaks.
    pub rule: Ustr,
    /// What is flagged; the call's name by default.
    pub at: Option<Port>,
    /// When.
    pub when: Vec<Condition>,
    /// What is wrong; `{value}` is the constant that made it so.
    pub message: String,
}

/// A condition on a value.
#[derive(Debug)]
pub struct Condition {
    /// Of which value.
    pub port: Port,
    /// What must hold of it.
    pub test: Test,
}

/// What must hold of a value.
#[derive(Debug)]
pub enum Test {
    /// It may be one of these constants.
    In(Vec<Constant>),
    /// It is a constant and none of these.
    NotIn(Vec<Constant>),
    /// Its constant text, in lower case, holds one of these.
    Contains(Vec<String>),
    /// Its constant text, in lower case, begins with one of these.
    Starts(Vec<String>),
    /// Its constant text looks like that language.
    Looks(Looks),
    /// It is given, or not.
    Given(bool),
    /// It is a constant, or not.
    Constant(bool),
    /// It is a number below.
    Below(f64),
    /// Nothing is known of its text's beginning.
    Bare(bool),
    /// It is this entity of a library.
    Is(Ustr),
}

/// A constant in a condition.
#[derive(Debug, PartialEq)]
pub enum Constant {
    /// Text, compared without regard to case.
    Text(String),
    /// A number.
    Number(f64),
    /// A truth value.
    Bool(bool),
}

/// What text looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Looks {
    /// An SQL statement.
    Sql,
    /// HTML.
    Html,
    /// An address with `http:` and no encryption.
    PlainHttp,
}

/// All models of a language family.
#[derive(Debug, Default)]
pub struct Models {
    types: FxHashMap<Ustr, TypeModel>,
    aliases: FxHashMap<Ustr, Ustr>,
    calls: Table<CallModel>,
    read_sources: Table<SourceModel>,
    call_sources: Table<SourceModel>,
    type_sources: Table<SourceModel>,
    call_sinks: Table<SinkModel>,
    set_sinks: Table<SinkModel>,
    call_flags: Table<FlagModel>,
    set_flags: Table<FlagModel>,
    conventions: Vec<(Vec<Vec<String>>, Vec<Ustr>)>,
    transforms: rustc_hash::FxHashSet<Ustr>,
    cleaners: Vec<(Vec<String>, Vec<String>, SinkKinds)>,
}

/// Models by full path, and by last name where the path begins with `*.`.
#[derive(Debug)]
struct Table<T> {
    items: Vec<T>,
    exact: FxHashMap<Ustr, SmallVec<[u32; 2]>>,
    any: FxHashMap<Ustr, SmallVec<[u32; 2]>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { items: Vec::new(), exact: FxHashMap::default(), any: FxHashMap::default() }
    }
}

impl<T> Table<T> {
    fn add(&mut self, patterns: &[String], item: T) {
        let index = self.items.len() as u32;
        self.items.push(item);
        for pattern in patterns.iter().flat_map(|p| expand(p)) {
            match pattern.strip_prefix("*.").or_else(|| pattern.strip_prefix("*::")) {
                Some(name) => self.any.entry(Ustr::from(name)).or_default().push(index),
                None => self.exact.entry(Ustr::from(&pattern)).or_default().push(index),
            }
        }
    }

    fn exact(&self, path: Ustr) -> impl Iterator<Item = &T> {
        self.exact.get(&path).into_iter().flatten().map(|i| &self.items[*i as usize])
    }

    fn any(&self, name: Ustr) -> impl Iterator<Item = &T> {
        self.any.get(&name).into_iter().flatten().map(|i| &self.items[*i as usize])
    }
}

/// Whether a parameter has the name that a convention asks for. A parameter that is taken apart is named `{a,b}` after what is
/// taken out of it: `{a}` asks for that field among others, `{}` for any.
fn is_named(wanted: &str, name: &str) -> bool {
    match (wanted.strip_prefix('{'), name.strip_prefix('{')) {
        (Some(wanted), Some(name)) => {
            let has = |field: &str| name.trim_end_matches('}').split(',').any(|n| n == field);
            wanted.trim_end_matches('}').split(',').filter(|f| !f.is_empty()).all(has)
        }
        _ => wanted == name,
    }
}

/// `a.{b,c}.d` as `a.b.d` and `a.c.d`.
fn expand(pattern: &str) -> Vec<String> {
    let Some((head, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
    let Some((inner, tail)) = rest.split_once('}') else { return vec![pattern.to_owned()] };
    let tails = expand(tail);
    inner.split(',').flat_map(|m| tails.iter().map(move |t| format!("{head}{}{t}", m.trim()))).collect()
}

static ECMA: LazyLock<Models> = LazyLock::new(|| Models::built_in(embedded::ECMA));
static RUST: LazyLock<Models> = LazyLock::new(|| Models::built_in(embedded::RUST));

/// Longest API path that grows further, in bytes.
const MAX_PATH_TEXT: usize = 96;
/// Entries of each cache of paths.
const MAX_CACHED: usize = 1 << 16;

/// Paths put together before; making one means formatting and interning text.
#[derive(Default)]
struct Cache {
    members: FxHashMap<(usize, Ustr, Ustr), Ustr>,
    lineages: FxHashMap<(usize, Ustr, Ustr), SmallVec<[Ustr; 4]>>,
}

impl Cache {
    fn trim(&mut self) {
        if self.members.len() > MAX_CACHED {
            self.members.clear();
        }
        if self.lineages.len() > MAX_CACHED {
            self.lineages.clear();
        }
    }
}

thread_local! {
    static CACHE: std::cell::RefCell<Cache> = std::cell::RefCell::default();
}

impl Models {
    /// The built-in models of a family.
    pub fn of(family: Family) -> &'static Models {
        match family {
            Family::Ecma => &ECMA,
            Family::Rust => &RUST,
        }
    }

    fn built_in(files: &[(&str, &str)]) -> Models {
        let mut models = Models::default();
        for (name, text) in files {
            // A test reads every embedded file, so that an error cannot get here.
            if let Err(error) = models.load(name, text) {
                tracing::error!("built-in model: {error}");
            }
        }
        models
    }

    /// Adds the models of a file.
    pub fn load(&mut self, file: &str, text: &str) -> Result<(), ModelError> {
        let parsed: ModelFile =
            toml::from_str(text).map_err(|e| ModelError::Syntax { file: file.into(), error: e.to_string() })?;
        let bad = |what: String| ModelError::Value { file: file.into(), what };
        for raw in &parsed.types {
            let name = Ustr::from(&raw.name);
            for alias in raw.names.iter().flat_map(|n| expand(n)) {
                self.aliases.insert(Ustr::from(&alias), name);
            }
            let model =
                self.types.entry(name).or_insert_with(|| TypeModel { members: FxHashMap::default(), extends: None });
            for (members, ty) in &raw.members {
                for member in expand(&format!("{{{members}}}")) {
                    model.members.insert(Ustr::from(&member), Ustr::from(ty));
                }
            }
            if let Some(base) = &raw.extends {
                model.extends = Some(Ustr::from(base));
            }
        }
        for raw in &parsed.calls {
            let callbacks = raw.callbacks.iter().map(|(arg, types)| {
                let number = if arg == "*" { Some(255) } else { arg.parse().ok() };
                let arg = number.ok_or_else(|| bad(format!("`{arg}` is no argument: write \"0\" or \"*\"")))?;
                let types = types.iter().map(|t| (!t.is_empty()).then(|| Ustr::from(t))).collect();
                Ok((arg, types))
            });
            let flows = raw
                .flows
                .as_ref()
                .map(|flows| flows.iter().map(|f| flow(f).ok_or_else(|| bad(port_help(f)))).collect());
            let guard = match &raw.guards {
                Some(g) => {
                    let port = Port::parse(&g.port).ok_or_else(|| bad(port_help(&g.port)))?;
                    Some((port, sink_kinds(&g.cleans).map_err(&bad)?, g.when))
                }
                None => None,
            };
            let types = match raw.types.as_deref() {
                None => None,
                Some("string") => Some(super::value::Types::STRING),
                Some("number") => Some(super::value::Types::NUMBER),
                Some("boolean") => Some(super::value::Types::BOOL),
                Some("object") => Some(super::value::Types::OBJECT),
                Some(other) => return Err(bad(format!("`{other}` is no type: string, number, boolean or object"))),
            };
            let model = CallModel {
                returns: raw.returns.as_deref().map(Ustr::from),
                callbacks: callbacks.collect::<Result<_, _>>()?,
                flows: flows.transpose()?,
                cleans: sink_kinds(&raw.cleans).map_err(&bad)?,
                guard,
                types,
                becomes: raw
                    .becomes
                    .iter()
                    .map(|b| {
                        let result = b.port.as_deref() == Some("return");
                        Ok((Ustr::from(&b.r#type), result, conditions(&b.when).map_err(&bad)?))
                    })
                    .collect::<Result<_, ModelError>>()?,
            };
            self.calls.add(&raw.r#fn, model);
        }
        for raw in &parsed.sources {
            let kind = SourceKind::from_name(&raw.kind)
                .ok_or_else(|| bad(format!("there is no kind of source `{}`", raw.kind)))?;
            let what = Ustr::from(&raw.what);
            let cleans = sink_kinds(&raw.cleans).map_err(&bad)?;
            if !raw.read.is_empty() {
                self.read_sources.add(&raw.read, SourceModel { kind, what, port: None, when: Vec::new(), cleans });
            }
            if !raw.r#type.is_empty() {
                self.type_sources.add(&raw.r#type, SourceModel { kind, what, port: None, when: Vec::new(), cleans });
            }
            if !raw.r#fn.is_empty() {
                let port = raw.port.as_deref().unwrap_or("return");
                let port = Port::parse(port).ok_or_else(|| bad(port_help(port)))?;
                let when = conditions(&raw.when).map_err(&bad)?;
                self.call_sources.add(&raw.r#fn, SourceModel { kind, what, port: Some(port), when, cleans });
            }
        }
        for raw in &parsed.sinks {
            let kind = SinkKind::from_name(&raw.kind)
                .ok_or_else(|| bad(format!("there is no kind of sink `{}`", raw.kind)))?;
            for patterns in [&raw.r#fn, &raw.set] {
                let is_set = std::ptr::eq(patterns, &raw.set);
                for pattern in patterns {
                    let ports = if raw.ports.is_empty() {
                        vec![if is_set { "value" } else { "arg0" }.to_owned()]
                    } else {
                        raw.ports.clone()
                    };
                    let ports = ports.iter().map(|p| Port::parse(p).ok_or_else(|| bad(port_help(p))));
                    for path in expand(pattern) {
                        let name = Ustr::from(path.rsplit(['.', ':']).next().unwrap_or(&path));
                        let model = SinkModel {
                            kind,
                            ports: ports.clone().collect::<Result<_, _>>()?,
                            when: conditions(&raw.when).map_err(&bad)?,
                            deep: raw.deep,
                            name,
                        };
                        let table = if is_set { &mut self.set_sinks } else { &mut self.call_sinks };
                        table.add(&[path], model);
                    }
                }
            }
        }
        for raw in &parsed.flags {
            let at = match &raw.at {
                Some(at) => Some(Port::parse(at).ok_or_else(|| bad(port_help(at)))?),
                None => None,
            };
            for (patterns, is_set) in [(&raw.r#fn, false), (&raw.set, true)] {
                if patterns.is_empty() {
                    continue;
                }
                let model = FlagModel {
                    rule: Ustr::from(&raw.rule),
                    at: at.clone(),
                    when: conditions(&raw.when).map_err(&bad)?,
                    message: raw.message.clone(),
                };
                let table = if is_set { &mut self.set_flags } else { &mut self.call_flags };
                table.add(patterns, model);
            }
        }
        for raw in parsed.conventions {
            self.conventions.push((raw.names, raw.types.iter().map(|t| Ustr::from(t)).collect()));
        }
        self.transforms.extend(parsed.transforms.iter().map(|t| Ustr::from(t)));
        for raw in parsed.cleaners {
            let kinds = sink_kinds(&raw.cleans).map_err(&bad)?;
            self.cleaners.push((raw.words, raw.with, kinds));
        }
        Ok(())
    }

    /// The types of the parameters of a function of which no caller is known, by the names that people give them.
    pub fn conventional(&self, names: &[Option<Ustr>]) -> Vec<Option<Ustr>> {
        let matches = |wanted: &[Vec<String>]| {
            wanted.len() <= names.len()
                && wanted.iter().zip(names).all(|(w, n)| n.is_some_and(|n| w.iter().any(|x| is_named(x, &n))))
        };
        let found = self.conventions.iter().find(|(wanted, _)| matches(wanted));
        found.map_or_else(Vec::new, |(_, types)| types.iter().map(|t| (!t.is_empty()).then_some(*t)).collect())
    }

    /// Whether an unknown function hands its arguments' text on, by its name.
    pub fn transforms(&self, name: Ustr) -> bool {
        self.transforms.contains(&name)
    }

    /// What an unknown function makes harmless, by the words of its name.
    pub fn cleans(&self, name: Ustr) -> SinkKinds {
        let words = super::lexicon::words(&name);
        let has = |list: &[String]| list.iter().any(|w| words.contains(w));
        let found = self.cleaners.iter().filter(|(words, with, _)| has(words) && (with.is_empty() || has(with)));
        found.fold(SinkKinds::NONE, |kinds, (_, _, k)| kinds | *k)
    }

    /// The path under which models know an entity.
    pub fn canonical(&self, path: Ustr) -> Ustr {
        self.aliases.get(&path).copied().unwrap_or(path)
    }

    /// Whether models know a type of that name.
    pub fn is_type(&self, path: Ustr) -> bool {
        self.types.contains_key(&path)
    }

    /// The API path of a member.
    pub fn member(&self, base: Ustr, name: Ustr) -> Ustr {
        if base.len() > MAX_PATH_TEXT {
            return base;
        }
        let key = (std::ptr::from_ref(self) as usize, base, name);
        CACHE.with_borrow_mut(|cache| match cache.members.get(&key) {
            Some(path) => *path,
            None => {
                let path = self.find_member(base, name);
                cache.trim();
                cache.members.insert(key, path);
                path
            }
        })
    }

    fn find_member(&self, base: Ustr, name: Ustr) -> Ustr {
        let mut at = Some(base);
        let mut wild = None;
        // A model's chain of `extends` is short; the bound is for one that bites its tail.
        for _ in 0..8 {
            let Some(model) = at.and_then(|t| self.types.get(&t)) else { break };
            if let Some(ty) = model.members.get(&name) {
                return *ty;
            }
            if wild.is_none() {
                wild = model.members.get(&Ustr::from("*")).copied();
            }
            at = model.extends;
        }
        // Members of any name, but methods of collections stay what they are.
        if let Some(ty) = wild
            && self.calls.exact(Ustr::from(&format!("Array.{name}"))).next().is_none()
        {
            return ty;
        }
        if name == "default" {
            return base;
        }
        self.canonical(Ustr::from(&format!("{base}.{name}")))
    }

    /// The path itself and those of the types that it extends: `a.B.m`, `a.Base.m`.
    fn lineage(&self, path: Ustr, name: Ustr) -> SmallVec<[Ustr; 4]> {
        let key = (std::ptr::from_ref(self) as usize, path, name);
        CACHE.with_borrow_mut(|cache| {
            if let Some(known) = cache.lineages.get(&key) {
                return known.clone();
            }
            let found = self.find_lineage(path, name);
            cache.trim();
            cache.lineages.insert(key, found.clone());
            found
        })
    }

    fn find_lineage(&self, path: Ustr, name: Ustr) -> SmallVec<[Ustr; 4]> {
        let mut out = SmallVec::new();
        out.push(path);
        let mut base = path.as_str().strip_suffix(name.as_str()).and_then(|p| p.strip_suffix('.')).map(Ustr::from);
        for _ in 0..8 {
            let Some(parent) = base.and_then(|b| self.types.get(&b)).and_then(|t| t.extends) else { break };
            out.push(Ustr::from(&format!("{parent}.{name}")));
            base = Some(parent);
        }
        // What every type has: `unwrap`, `clone`.
        if base.is_some_and(|b| self.types.contains_key(&b)) {
            out.push(Ustr::from(&format!("Any.{name}")));
        }
        out
    }

    /// Whether a model names this path: an item that a glob import may bring in.
    pub fn knows(&self, path: Ustr) -> bool {
        self.types.contains_key(&path)
            || self.aliases.contains_key(&path)
            || self.calls.exact.contains_key(&path)
            || self.call_sources.exact.contains_key(&path)
            || self.call_sinks.exact.contains_key(&path)
            || self.call_flags.exact.contains_key(&path)
    }

    /// The source that every value of a type is.
    pub fn type_source(&self, path: Ustr) -> Option<&SourceModel> {
        self.type_sources.exact(path).next()
    }

    /// Looks in a table for a call or access: by the paths of what is called, then by its name alone where its receiver's
    /// type is unknown.
    fn look<'m, T>(&'m self, table: &'m Table<T>, at: &Target<'_>) -> Vec<&'m T> {
        let mut found: Vec<&T> = Vec::new();
        for path in at.paths {
            for path in self.lineage(*path, at.name) {
                found.extend(table.exact(path));
            }
        }
        if found.is_empty() && at.open {
            found.extend(table.any(at.name));
        }
        found
    }

    /// What a call does, as far as models say.
    pub fn call(&self, at: &Target<'_>) -> Option<&CallModel> {
        self.look(&self.calls, at).into_iter().next()
    }

    /// Sources that a member read is.
    pub fn read_sources(&self, at: &Target<'_>) -> Vec<&SourceModel> {
        self.look(&self.read_sources, at)
    }

    /// Sources that a call is.
    pub fn call_sources(&self, at: &Target<'_>) -> Vec<&SourceModel> {
        self.look(&self.call_sources, at)
    }

    /// Sinks that a call is.
    pub fn call_sinks(&self, at: &Target<'_>) -> Vec<&SinkModel> {
        self.look(&self.call_sinks, at)
    }

    /// Sinks that a write is.
    pub fn set_sinks(&self, at: &Target<'_>) -> Vec<&SinkModel> {
        self.look(&self.set_sinks, at)
    }

    /// Flags that may be raised on a call.
    pub fn call_flags(&self, at: &Target<'_>) -> Vec<&FlagModel> {
        self.look(&self.call_flags, at)
    }

    /// Flags that may be raised on a write.
    pub fn set_flags(&self, at: &Target<'_>) -> Vec<&FlagModel> {
        self.look(&self.set_flags, at)
    }
}

/// What is called, read or written.
pub struct Target<'a> {
    /// API paths that it may have.
    pub paths: &'a [Ustr],
    /// Its last name.
    pub name: Ustr,
    /// Whether its receiver's type is unknown, so that models for any receiver apply.
    pub open: bool,
}

fn flow(text: &str) -> Option<(Port, Port)> {
    let (from, to) = text.split_once('>')?;
    Some((Port::parse(from.trim())?, Port::parse(to.trim())?))
}

fn port_help(text: &str) -> String {
    format!(
        "`{text}` is no port: write arg0, arg1.., args, this, return, value, cb0.1 or cb0.return, with .field or [] behind it"
    )
}

fn sink_kinds(names: &[String]) -> Result<SinkKinds, String> {
    let mut kinds = SinkKinds::NONE;
    for name in names {
        if name == "all" {
            return Ok(SinkKinds::ALL);
        }
        kinds = kinds | SinkKind::from_name(name).ok_or_else(|| format!("there is no kind of sink `{name}`"))?.set();
    }
    Ok(kinds)
}

fn conditions(raw: &[RawCondition]) -> Result<Vec<Condition>, String> {
    let mut out = Vec::new();
    for c in raw {
        let port = Port::parse(&c.port).ok_or_else(|| port_help(&c.port))?;
        let before = out.len();
        let mut add = |test| out.push(Condition { port: port.clone(), test });
        let constants = |list: &[toml::Value]| list.iter().map(constant).collect::<Result<Vec<_>, _>>();
        if !c.one_of.is_empty() {
            add(Test::In(constants(&c.one_of)?));
        }
        if !c.not_in.is_empty() {
            add(Test::NotIn(constants(&c.not_in)?));
        }
        if !c.contains.is_empty() {
            add(Test::Contains(c.contains.iter().map(|s| s.to_lowercase()).collect()));
        }
        if !c.starts.is_empty() {
            add(Test::Starts(c.starts.iter().map(|s| s.to_lowercase()).collect()));
        }
        match c.looks.as_deref() {
            None => {}
            Some("sql") => add(Test::Looks(Looks::Sql)),
            Some("html") => add(Test::Looks(Looks::Html)),
            Some("plain-http") => add(Test::Looks(Looks::PlainHttp)),
            Some(other) => return Err(format!("text cannot look like `{other}`: sql, html or plain-http")),
        }
        if let Some(given) = c.given {
            add(Test::Given(given));
        }
        if let Some(constant) = c.constant {
            add(Test::Constant(constant));
        }
        if let Some(below) = c.below {
            add(Test::Below(below));
        }
        if let Some(bare) = c.bare {
            add(Test::Bare(bare));
        }
        if let Some(path) = &c.is {
            add(Test::Is(Ustr::from(path)));
        }
        if out.len() == before {
            return Err(format!("the condition on `{}` tests nothing", c.port));
        }
    }
    Ok(out)
}

fn constant(value: &toml::Value) -> Result<Constant, String> {
    Ok(match value {
        toml::Value::String(s) => Constant::Text(s.to_lowercase()),
        toml::Value::Integer(n) => Constant::Number(*n as f64),
        toml::Value::Float(n) => Constant::Number(*n),
        toml::Value::Boolean(b) => Constant::Bool(*b),
        other => return Err(format!("`{other}` is no constant: text, a number or a truth value")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_model_loads() {
        for files in [embedded::ECMA, embedded::RUST] {
            let mut models = Models::default();
            for (name, text) in files {
                models.load(name, text).unwrap_or_else(|e| panic!("{e}"));
            }
            let rules = models.call_flags.items.iter().chain(&models.set_flags.items).map(|f| f.rule);
            for rule in rules {
                assert!(crate::rules::find(&rule).is_some(), "a flag names the unknown rule {rule}");
            }
        }
    }

    #[test]
    fn ports_are_read() {
        let port =
            |text: &str| Port::parse(text).map(|p| (p.base, p.path.iter().map(|u| u.as_str()).collect::<Vec<_>>()));
        assert_eq!(port("arg2.shell"), Some((Base::Arg(2), vec!["shell"])));
        assert_eq!(port("this[]"), Some((Base::This, vec!["[]"])));
        assert_eq!(port("arg1.."), Some((Base::ArgsFrom(1), vec![])));
        assert_eq!(port("args"), Some((Base::ArgsFrom(0), vec![])));
        assert_eq!(port("cb*.0"), Some((Base::CallbackParam(255, 0), vec![])));
        assert_eq!(port("cb1.return"), Some((Base::CallbackReturn(1), vec![])));
        assert_eq!(port("nonsense"), None);
    }

    #[test]
    fn braces_expand() {
        assert_eq!(expand("a.{b, c}.d"), ["a.b.d", "a.c.d"]);
        assert_eq!(expand("{a,b}{c,d}").len(), 4);
    }

    #[test]
    fn errors_say_what_would_be_right() {
        let mut models = Models::default();
        let error =
            models.load("m.toml", "library = 'x'\n[[sink]]\nfn = ['a.b']\nkind = 'sqll'\n").expect_err("refused");
        assert!(error.to_string().contains("no kind of sink `sqll`"), "{error}");
        let error = models.load("m.toml", "library = 'x'\n[[sinks]]\n").expect_err("refused");
        assert!(error.to_string().contains("sinks"), "{error}");
    }
}
