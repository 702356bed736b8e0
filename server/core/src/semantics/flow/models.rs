//! Models: what libraries do, as data. `models/<family>/*.toml` holds one library or one theme a file; users add theirs
//! as `[[model]]` tables of `sidenote.toml`. See `models/README.md` for the format.

mod catalog;
mod load;
mod raw;
mod set;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashMap;
use sidenote_grammars::Family;
use smallvec::SmallVec;

use crate::semantics::hir::Ustr;

use super::kinds::{SinkKind, SinkKinds, SourceKind};

pub use catalog::{Catalog, Entry, EntryKind, Library};
pub use load::ModelProblem;
pub use raw::RawModel;
pub use set::{ModelSet, check_model};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/models.rs"));
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
#[derive(Clone, Debug)]
pub struct TypeModel {
    /// Members with their types.
    pub members: FxHashMap<Ustr, Ustr>,
    /// The type whose members it has too.
    pub extends: Option<Ustr>,
}

/// What a call does.
#[derive(Clone, Debug, Default)]
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
    /// Whether it never comes back.
    pub ends: bool,
}

/// A source.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
pub struct Condition {
    /// Of which value.
    pub port: Port,
    /// What must hold of it.
    pub test: Test,
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = |list: &[String]| format!("`{}`", list.join("`, `"));
        let constants = |list: &[Constant]| {
            let text = |c: &Constant| match c {
                Constant::Text(s) => s.clone(),
                Constant::Number(n) => n.to_string(),
                Constant::Bool(b) => b.to_string(),
            };
            words(&list.iter().map(text).collect::<Vec<_>>())
        };
        write!(f, "`{}` ", self.port)?;
        match &self.test {
            Test::In(list) => write!(f, "is one of {}", constants(list)),
            Test::NotIn(list) => write!(f, "is none of {}", constants(list)),
            Test::Contains(list) => write!(f, "holds one of {}", words(list)),
            Test::Starts(list) => write!(f, "begins with one of {}", words(list)),
            Test::Looks(Looks::Sql) => write!(f, "begins with text that looks like SQL"),
            Test::Looks(Looks::Html) => write!(f, "holds text that looks like HTML"),
            Test::Looks(Looks::PlainHttp) => write!(f, "begins with `http://` or `ws://` and a host of the network"),
            Test::Given(true) => write!(f, "is given"),
            Test::Given(false) => write!(f, "is not given"),
            Test::Constant(true) => write!(f, "is a constant"),
            Test::Constant(false) => write!(f, "is no constant"),
            Test::Below(limit) => write!(f, "is below {limit}"),
            Test::Bare(true) => write!(f, "has no known beginning"),
            Test::Bare(false) => write!(f, "has a known beginning"),
            Test::Is(path) => write!(f, "is `{path}`"),
            Test::IsNot(path) => write!(f, "is not `{path}`"),
        }
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let any = |n: u8| if n == 255 { "*".to_owned() } else { n.to_string() };
        match self.base {
            Base::Arg(n) => write!(f, "arg{n}")?,
            Base::ArgsFrom(0) => write!(f, "args")?,
            Base::ArgsFrom(n) => write!(f, "arg{n}..")?,
            Base::This => write!(f, "this")?,
            Base::Return => write!(f, "return")?,
            Base::Value => write!(f, "value")?,
            Base::CallbackParam(n, param) => write!(f, "cb{}.{param}", any(n))?,
            Base::CallbackReturn(n) => write!(f, "cb{}.return", any(n))?,
        }
        self.path.iter().try_for_each(|name| match name.as_str() {
            "[]" | "?" => write!(f, "{name}"),
            name => write!(f, ".{name}"),
        })
    }
}

/// What must hold of a value.
#[derive(Clone, Debug)]
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
    /// It is not that API path.
    IsNot(Ustr),
}

/// A constant in a condition.
#[derive(Clone, Debug, PartialEq)]
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

/// Types of parameters by their names.
#[derive(Clone, Debug)]
struct Convention {
    names: Vec<Vec<String>>,
    types: Vec<Ustr>,
    /// Words of which the file must have one.
    words: Vec<String>,
}

/// All models of a language family.
#[derive(Clone, Debug, Default)]
pub struct Models {
    id: Identity,
    /// Whether what is added now is a user's own, which comes before what is built in.
    own: bool,
    /// Names without a path that a user's models describe: functions of the program too.
    own_names: rustc_hash::FxHashSet<Ustr>,
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
    conventions: Vec<Convention>,
    transforms: rustc_hash::FxHashSet<Ustr>,
    cleaners: Vec<(Vec<String>, Vec<String>, SinkKinds)>,
}

/// Tells one set of models from every other that the process ever had, also one at the same address.
#[derive(PartialEq, Eq, Debug)]
struct Identity(usize);

impl Default for Identity {
    fn default() -> Identity {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Identity(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Clone for Identity {
    fn clone(&self) -> Identity {
        Identity::default()
    }
}

/// Models by full path, and by last name where the path begins with `*.`.
#[derive(Clone, Debug)]
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
    /// Adds a model of some paths, before those that are there or behind them.
    fn add(&mut self, paths: &[String], item: T, first: bool) {
        let index = self.items.len() as u32;
        self.items.push(item);
        for path in paths {
            let list = match path.strip_prefix("*.").or_else(|| path.strip_prefix("*::")) {
                Some(name) => self.any.entry(Ustr::from(name)).or_default(),
                None => self.exact.entry(Ustr::from(path)).or_default(),
            };
            let at = if first { 0 } else { list.len() };
            list.insert(at, index);
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
    /// Members by the paths as they are written: `a.b`.
    written: FxHashMap<(Ustr, Ustr), Ustr>,
    /// What calls give: `a.b()`.
    called: FxHashMap<Ustr, Ustr>,
    /// What names say of what functions make harmless.
    cleans: FxHashMap<(usize, Ustr), SinkKinds>,
}

impl Cache {
    fn trim(&mut self) {
        if self.members.len() > MAX_CACHED {
            self.members.clear();
        }
        if self.lineages.len() > MAX_CACHED {
            self.lineages.clear();
        }
        if self.written.len() > MAX_CACHED {
            self.written.clear();
        }
        if self.called.len() > MAX_CACHED {
            self.called.clear();
        }
        if self.cleans.len() > MAX_CACHED {
            self.cleans.clear();
        }
    }
}

/// The path of a member as it is written: `a.b`.
pub(super) fn written(base: Ustr, name: Ustr) -> Ustr {
    CACHE.with_borrow_mut(|cache| match cache.written.get(&(base, name)) {
        Some(path) => *path,
        None => {
            let path = Ustr::from(&format!("{base}.{name}"));
            cache.trim();
            cache.written.insert((base, name), path);
            path
        }
    })
}

/// The path of what a call gives: `a.b()`.
pub(super) fn called(path: Ustr) -> Ustr {
    CACHE.with_borrow_mut(|cache| match cache.called.get(&path) {
        Some(returned) => *returned,
        None => {
            let returned = Ustr::from(&format!("{path}()"));
            cache.trim();
            cache.called.insert(path, returned);
            returned
        }
    })
}

thread_local! {
    static CACHE: std::cell::RefCell<Cache> = std::cell::RefCell::default();
}

impl Models {
    /// The built-in models of a family, read when somebody asks for the first time, which takes some milliseconds.
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
            match toml::from_str::<RawModel>(text) {
                Ok(model) => {
                    models.add(&model).iter().for_each(|p| tracing::error!("built-in model {name}: {}", p.message))
                }
                Err(error) => tracing::error!("built-in model {name}: {error}"),
            }
        }
        models
    }

    /// Whether a user's models describe functions of the program of that name.
    pub fn names_own(&self, name: Ustr) -> bool {
        !self.own_names.is_empty() && self.own_names.contains(&name)
    }

    /// The types of the parameters of a function of which no caller is known, by the names that people give them.
    pub fn conventional(&self, names: &[Option<Ustr>], says: &dyn Fn(&[String]) -> bool) -> Vec<Option<Ustr>> {
        let matches = |wanted: &[Vec<String>]| {
            wanted.len() <= names.len()
                && wanted.iter().zip(names).all(|(w, n)| n.is_some_and(|n| w.iter().any(|x| is_named(x, &n))))
        };
        let found = self.conventions.iter().find(|c| matches(&c.names) && (c.words.is_empty() || says(&c.words)));
        found.map_or_else(Vec::new, |c| c.types.iter().map(|t| (!t.is_empty()).then_some(*t)).collect())
    }

    /// Whether an unknown function hands its arguments' text on, by its name.
    pub fn transforms(&self, name: Ustr) -> bool {
        self.transforms.contains(&name)
    }

    /// What an unknown function makes harmless, by the words of its name.
    pub fn cleans(&self, name: Ustr) -> SinkKinds {
        let key = (self.id.0, name);
        if let Some(known) = CACHE.with_borrow(|cache| cache.cleans.get(&key).copied()) {
            return known;
        }
        let found = self.find_cleans(name);
        CACHE.with_borrow_mut(|cache| {
            cache.trim();
            cache.cleans.insert(key, found);
        });
        found
    }

    fn find_cleans(&self, name: Ustr) -> SinkKinds {
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
        let key = (self.id.0, base, name);
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
        let is_collection = self.types.get(&base).is_some_and(|t| t.members.contains_key(&Ustr::from("[]")));
        if let Some(ty) = wild
            && (!is_collection || self.calls.exact(Ustr::from(&format!("Array.{name}"))).next().is_none())
        {
            return ty;
        }
        if name == "default" {
            return base;
        }
        self.canonical(Ustr::from(&format!("{base}.{name}")))
    }

    /// The path itself and those of the types that it extends: `a.B.m`, `a.Base.m`.
    fn each_of_lineage(&self, path: Ustr, name: Ustr, each: &mut dyn FnMut(Ustr)) {
        let key = (self.id.0, path, name);
        CACHE.with_borrow_mut(|cache| {
            if let Some(known) = cache.lineages.get(&key) {
                known.iter().for_each(|path| each(*path));
                return;
            }
            let found = self.find_lineage(path, name);
            found.iter().for_each(|path| each(*path));
            cache.trim();
            cache.lineages.insert(key, found);
        });
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
            self.each_of_lineage(*path, at.name, &mut |path| found.extend(table.exact(path)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_model_loads() {
        for files in [embedded::ECMA, embedded::RUST] {
            let mut models = Models::default();
            for (name, text) in files {
                let model: RawModel = toml::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(models.add(&model), [], "{name}");
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
        let wrong = |text: &str| {
            let model: RawModel = toml::from_str(&format!("library = 'x'\n{text}")).expect(text);
            let problem = check_model(&model).into_iter().next().expect("a problem");
            (problem.message, problem.help.unwrap_or_default())
        };
        let (message, help) = wrong("[[sink]]\nfn = ['a.b']\nkind = 'sqll'");
        assert_eq!((&*message, &*help), ("there is no kind of sink `sqll`", "did you mean `sql`?"));
        let (message, help) = wrong("[[sink]]\nfn = ['a.b']\nports = ['argh']\nkind = 'sql'");
        assert!(message == "`argh` is no port" && help.contains("arg0"), "{message} {help}");
        for bad in ["a.*.b", "*.a.b", "{a", "a}", "{a,{b}}", "", "a b", &"{a,b,c,d}".repeat(12)] {
            let (message, _) = wrong(&format!("[[source]]\nread = ['{bad}']\nkind = 'remote'\nwhat = 'x'"));
            assert!(message.contains("path"), "{bad}: {message}");
        }
        let (_, help) = wrong("[[flag]]\nrule = 'weak-hsh'\nfn = ['a']\nmessage = 'm'");
        assert_eq!(help, "did you mean `weak-hash`?");
        let (message, _) = wrong("[[call]]\nfn = ['a']\nflows = ['arg0 -> return']");
        assert!(message.contains("no way"), "{message}");
        let (message, _) = wrong("[[sink]]\nfn = ['a']\nkind = 'sql'\nwhen = [{ port = 'arg0' }]");
        assert!(message.contains("tests nothing"), "{message}");
    }
}
