//! Everything that models know, for people: `sidenote models`.

use std::sync::LazyLock;

use sidenote_grammars::Family;

use super::raw::{RawModel, Text};
use super::set::holds_for;
use super::{SinkKind, embedded, expand};

/// What models know, by library.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// One's own first, then the built-in ones by family and name.
    pub libraries: Vec<Library>,
}

/// What is known of a library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Library {
    /// Its name.
    pub name: String,
    /// The language families that it is for.
    pub families: Vec<Family>,
    /// Whether it comes from the configuration.
    pub own: bool,
    /// What is known.
    pub entries: Vec<Entry>,
}

/// One thing that is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Paths, as written: `fs.{readFile,readFileSync}`.
    pub paths: Vec<String>,
    /// Where in the call or write, as ports; empty where that says nothing.
    pub ports: Vec<String>,
    /// Kinds of sources or sinks.
    pub kinds: Vec<String>,
    /// What it means, for people.
    pub what: String,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EntryKind {
    /// Where foreign data comes in.
    Source,
    /// Where it does harm.
    Sink,
    /// A function whose result is harmless.
    Sanitizer,
    /// A function whose truth says that a value is harmless.
    Guard,
    /// A function through which data goes.
    Flow,
    /// What is wrong by its constants alone.
    Flag,
    /// A type.
    Type,
}

impl Entry {
    /// Whether a path or kind of it holds this text, in lower case.
    pub fn mentions(&self, text: &str) -> bool {
        let has = |s: &str| s.to_lowercase().contains(text);
        self.kinds.iter().any(|k| has(k)) || self.paths.iter().any(|p| has(p) || expand(p).iter().any(|p| has(p)))
    }
}

impl EntryKind {
    /// All of them.
    pub const ALL: [EntryKind; 7] = [
        EntryKind::Source,
        EntryKind::Sink,
        EntryKind::Sanitizer,
        EntryKind::Guard,
        EntryKind::Flow,
        EntryKind::Flag,
        EntryKind::Type,
    ];

    /// Its name in lists.
    pub fn name(self) -> &'static str {
        match self {
            EntryKind::Source => "source",
            EntryKind::Sink => "sink",
            EntryKind::Sanitizer => "sanitizer",
            EntryKind::Guard => "guard",
            EntryKind::Flow => "flow",
            EntryKind::Flag => "flag",
            EntryKind::Type => "type",
        }
    }
}

static BUILT_IN: LazyLock<Vec<Library>> = LazyLock::new(|| {
    let mut out = Vec::new();
    for (family, files) in [(Family::Ecma, embedded::ECMA), (Family::Rust, embedded::RUST)] {
        // A test reads every embedded file.
        let models = files.iter().filter_map(|(_, text)| toml::from_str::<RawModel>(text).ok());
        let mut libraries: Vec<Library> = models.map(|m| library(&m, vec![family], false)).collect();
        libraries.sort_by(|a, b| a.name.cmp(&b.name));
        out.extend(libraries);
    }
    out
});

impl Catalog {
    pub(super) fn new(own: &[RawModel]) -> Catalog {
        let families = |m: &RawModel| [Family::Ecma, Family::Rust].into_iter().filter(|f| holds_for(m, *f)).collect();
        let mut libraries: Vec<Library> = own.iter().map(|m| library(m, families(m), true)).collect();
        libraries.extend(BUILT_IN.iter().cloned());
        Catalog { libraries }
    }

    /// What makes data harmless for a kind of sink: sanitizers and guards, with the library of each.
    pub fn barriers(&self, kind: SinkKind, family: Family) -> Vec<(&Library, &Entry)> {
        let harmless = |e: &Entry| {
            matches!(e.kind, EntryKind::Sanitizer | EntryKind::Guard)
                && e.kinds.iter().any(|k| k == kind.name() || k == "all")
        };
        let libraries = self.libraries.iter().filter(|l| l.families.contains(&family));
        libraries.flat_map(|l| l.entries.iter().filter(|e| harmless(e)).map(move |e| (l, e))).collect()
    }
}

fn library(model: &RawModel, families: Vec<Family>, own: bool) -> Library {
    let texts = |list: &[Text]| list.iter().map(|t| t.to_string()).collect::<Vec<_>>();
    let port = |p: &Option<Text>, default: &str| vec![p.as_ref().map_or(default.to_owned(), |p| p.to_string())];
    let mut entries = Vec::new();
    for s in &model.sources {
        let what = &s.what;
        let mut add = |paths: &[Text], ports: Vec<String>| {
            if !paths.is_empty() {
                let kinds = vec![s.kind.to_string()];
                let entry = Entry { kind: EntryKind::Source, paths: texts(paths), ports, kinds, what: what.clone() };
                entries.push(entry);
            }
        };
        add(&s.read, Vec::new());
        add(&s.r#type, Vec::new());
        add(&s.r#fn, port(&s.port, "return"));
    }
    for s in &model.sinks {
        let rule = SinkKind::from_name(&s.kind).map_or("", SinkKind::rule);
        for (paths, default) in [(&s.r#fn, "arg0"), (&s.set, "value")] {
            if !paths.is_empty() {
                let ports = if s.ports.is_empty() { vec![default.to_owned()] } else { texts(&s.ports) };
                let kinds = vec![s.kind.to_string()];
                let what = rule.to_owned();
                entries.push(Entry { kind: EntryKind::Sink, paths: texts(paths), ports, kinds, what });
            }
        }
    }
    for c in &model.calls {
        let paths = texts(&c.r#fn);
        if let Some(guard) = &c.guards {
            let what = if guard.when { "where it is true" } else { "where it is false" };
            entries.push(Entry {
                kind: EntryKind::Guard,
                paths: paths.clone(),
                ports: vec![guard.port.to_string()],
                kinds: texts(&guard.cleans),
                what: what.to_owned(),
            });
        }
        let flows = c.flows.as_deref().unwrap_or_default();
        if !c.cleans.is_empty() {
            let (ports, kinds) = (texts(flows), texts(&c.cleans));
            let what = "its result is harmless".to_owned();
            entries.push(Entry { kind: EntryKind::Sanitizer, paths, ports, kinds, what });
        } else if !flows.is_empty() {
            let ports = texts(flows);
            entries.push(Entry { kind: EntryKind::Flow, paths, ports, kinds: Vec::new(), what: String::new() });
        }
    }
    for c in &model.cleaners {
        let mut what = format!("functions with {} in their name", c.words.join(" or "));
        if !c.with.is_empty() {
            what = format!("{what}, and {}", c.with.join(" or "));
        }
        let kinds = texts(&c.cleans);
        entries.push(Entry { kind: EntryKind::Sanitizer, paths: Vec::new(), ports: Vec::new(), kinds, what });
    }
    for f in &model.flags {
        let paths = texts(&f.r#fn).into_iter().chain(texts(&f.set)).collect();
        let kinds = vec![f.rule.to_string()];
        entries.push(Entry { kind: EntryKind::Flag, paths, ports: Vec::new(), kinds, what: f.message.clone() });
    }
    for t in &model.types {
        let paths = std::iter::once(t.name.to_string()).chain(texts(&t.names)).collect();
        let what = t.extends.as_ref().map_or_else(String::new, |e| format!("extends {e}"));
        entries.push(Entry { kind: EntryKind::Type, paths, ports: Vec::new(), kinds: Vec::new(), what });
    }
    entries.sort_by_key(|e| e.kind);
    Library { name: model.library.to_string(), families, own, entries }
}
