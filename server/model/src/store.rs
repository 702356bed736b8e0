//! Models of this user: the embedded encoder, and files that the user allowed.
//!
//! A model runs only if its SHA-256 is on the list: that of the embedded encoder, and those which `sidenote model add` wrote to the
//! user's own `models.toml`. A repository's configuration can neither add nor choose one.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sidenote_files::Writing;

use crate::file::{ModelError, check, sha256};
use crate::gguf::Header;

/// Name of the encoder that is built in.
pub const EMBEDDED: &str = "minilm-code";
static ENCODER: &[u8] = include_bytes!("../encoder/encoder.gguf");
static ENCODER_SHA256: &str = include_str!("../encoder/encoder.sha256");

/// Why the store cannot do something.
#[derive(thiserror::Error, Debug)]
pub enum StoreError {
    /// A model is refused.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file of the store cannot be read or written.
    #[error("cannot use `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The list is no list.
    #[error("`{}` cannot be read: {message}", path.display())]
    List {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// No such model.
    #[error("there is no model `{0}`; `sidenote model list` shows those that there are")]
    Unknown(String),
    /// A name that is taken, or none.
    #[error("{0}")]
    Name(String),
}

/// Where a user's models are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folders {
    /// What may be deleted at any time: the unpacked encoder, vectors.
    pub cache: PathBuf,
    /// The user's own choices.
    pub config: PathBuf,
}

impl Folders {
    /// The file of cached vectors.
    pub fn vectors(&self) -> PathBuf {
        self.cache.join("vectors.db")
    }

    /// What exams said.
    pub fn exams(&self) -> PathBuf {
        self.config.join("exams.json")
    }

    /// Answers of models, to be found again.
    pub fn answers(&self) -> PathBuf {
        self.cache.join("answers")
    }

    /// The log of what models saw.
    pub fn log(&self) -> PathBuf {
        self.cache.join("model-log.jsonl")
    }

    fn list(&self) -> PathBuf {
        self.config.join("models.toml")
    }
}

/// The user's `models.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct List {
    /// Name of the encoder in use; the embedded one without.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoder: Option<String>,
    /// Name of the model that verifies, reviews and explains; none without.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewer: Option<String>,
    /// What models may be used for.
    #[serde(skip_serializing_if = "Features::is_default")]
    features: Features,
    #[serde(rename = "model")]
    models: Vec<Entry>,
}

/// What models are used for; each can be switched off by itself. The user's own file alone says so, never a repository's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Features {
    /// Vectors of functions: search by meaning, likeness.
    pub meaning: bool,
    /// Verdicts on findings.
    pub verdicts: bool,
    /// Findings of the model's own.
    pub review: bool,
    /// Explanations that somebody asks for.
    pub explain: bool,
    /// Fixes that somebody asks for.
    pub fix: bool,
    /// The log of what a model saw.
    pub log: bool,
}

impl Default for Features {
    fn default() -> Features {
        Features { meaning: true, verdicts: true, review: true, explain: true, fix: true, log: true }
    }
}

impl Features {
    /// Their names.
    pub const NAMES: [&str; 6] = ["meaning", "verdicts", "review", "explain", "fix", "log"];

    fn is_default(&self) -> bool {
        *self == Features::default()
    }

    fn slot(&mut self, name: &str) -> Option<&mut bool> {
        Some(match name {
            "meaning" => &mut self.meaning,
            "verdicts" => &mut self.verdicts,
            "review" => &mut self.review,
            "explain" => &mut self.explain,
            "fix" => &mut self.fix,
            "log" => &mut self.log,
            _ => return None,
        })
    }

    /// Whether one of them is on, by name.
    pub fn get(mut self, name: &str) -> Option<bool> {
        self.slot(name).map(|f| *f)
    }
}

/// A model on the list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name in commands.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// The file that was allowed.
    pub sha256: String,
}

/// A model that may run.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its place on the list.
    pub entry: Entry,
    /// What its file says.
    pub header: Header,
}

/// The user's models.
#[derive(Clone, Debug)]
pub struct Store {
    folders: Folders,
    list: List,
}

impl Store {
    /// Reads the list.
    ///
    /// # Errors
    /// When there is a list that cannot be read.
    pub fn open(folders: Folders) -> Result<Store, StoreError> {
        let path = folders.list();
        let list = match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|e| StoreError::List { path, message: e.to_string() })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => List::default(),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        Ok(Store { folders, list })
    }

    /// The folders.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// Every model, the embedded encoder first.
    pub fn entries(&self) -> Vec<Entry> {
        std::iter::once(self.embedded()).chain(self.list.models.iter().cloned()).collect()
    }

    /// The name of the encoder in use.
    pub fn encoder(&self) -> &str {
        self.list.encoder.as_deref().unwrap_or(EMBEDDED)
    }

    /// The name of the model that verifies, reviews and explains.
    pub fn reviewer(&self) -> Option<&str> {
        self.list.reviewer.as_deref()
    }

    /// What models may be used for.
    pub fn features(&self) -> Features {
        self.list.features
    }

    /// Switches a feature.
    ///
    /// # Errors
    /// When there is none of that name, or the list cannot be written.
    pub fn switch(&mut self, name: &str, on: bool) -> Result<(), StoreError> {
        let Some(slot) = self.list.features.slot(name) else {
            return Err(StoreError::Name(format!("there is no feature `{name}`: {}", Features::NAMES.join(", "))));
        };
        *slot = on;
        self.write()
    }

    fn embedded(&self) -> Entry {
        let sha256 = ENCODER_SHA256.trim().to_owned();
        let path = self.folders.cache.join("models").join(format!("{EMBEDDED}-{}.gguf", &sha256[..16]));
        Entry { name: EMBEDDED.into(), path, sha256 }
    }

    fn entry(&self, name: &str) -> Result<Entry, StoreError> {
        self.entries().into_iter().find(|e| e.name == name).ok_or_else(|| StoreError::Unknown(name.to_owned()))
    }

    /// Checks a model against the list and returns it; unpacks the embedded one where that is needed.
    ///
    /// # Errors
    /// When there is no such model, or its file is not the one that was allowed.
    pub fn model(&self, name: &str) -> Result<Model, StoreError> {
        let entry = self.entry(name)?;
        if entry.name == EMBEDDED && check(&entry.path, Some(&entry.sha256)).is_err() {
            unpack(&entry.path)?;
        }
        let (header, _) = check(&entry.path, Some(&entry.sha256))?;
        Ok(Model { entry, header })
    }

    /// Allows a file: checks it, and writes its hash to the user's list. Without a name, its own.
    ///
    /// # Errors
    /// When the file is refused, the name taken, or the list cannot be written.
    pub fn add(&mut self, file: &Path, name: Option<&str>) -> Result<Model, StoreError> {
        let io = |source| StoreError::Io { path: file.to_owned(), source };
        let path = file.canonicalize().map_err(io)?;
        let own = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.map_or(own, str::to_owned);
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            return Err(StoreError::Name(format!(
                "`{}` is no name for a model: letters, digits, `-`, `_` and `.`; choose one with --name",
                name.escape_debug()
            )));
        }
        if self.entries().iter().any(|e| e.name == name) {
            return Err(StoreError::Name(format!(
                "there is a model `{name}` already; choose another name with --name"
            )));
        }
        let (header, sha256) = check(&path, None)?;
        let entry = Entry { name, path, sha256 };
        self.list.models.push(entry.clone());
        self.write()?;
        Ok(Model { entry, header })
    }

    /// Takes a model off the list; its file stays where it is.
    ///
    /// # Errors
    /// When there is no such model, or the list cannot be written.
    pub fn remove(&mut self, name: &str) -> Result<Entry, StoreError> {
        if name == EMBEDDED {
            return Err(StoreError::Name(format!("`{EMBEDDED}` is built in; `sidenote model use NAME` replaces it")));
        }
        let at = self.list.models.iter().position(|e| e.name == name);
        let at = at.ok_or_else(|| StoreError::Unknown(name.to_owned()))?;
        let entry = self.list.models.remove(at);
        self.list.encoder.take_if(|n| n == name);
        self.list.reviewer.take_if(|n| n == name);
        self.write()?;
        Ok(entry)
    }

    /// Makes a model the encoder, or, where it makes texts, the reviewer.
    ///
    /// # Errors
    /// When it is refused, or the list cannot be written.
    pub fn choose(&mut self, name: &str) -> Result<Model, StoreError> {
        let model = self.model(name)?;
        if model.header.is_encoder() {
            self.list.encoder = (name != EMBEDDED).then(|| name.to_owned());
        } else {
            self.list.reviewer = Some(name.to_owned());
        }
        self.write()?;
        Ok(model)
    }

    fn write(&self) -> Result<(), StoreError> {
        let path = self.folders.list();
        let message = |e: toml::ser::Error| StoreError::List { path: path.clone(), message: e.to_string() };
        let text = format!(
            "# Models that may run, by their hashes. Written by `sidenote model`.\n{}",
            toml::to_string(&self.list).map_err(message)?
        );
        replace(&path, text.as_bytes())
    }
}

/// Writes a file whole or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let io = |source| StoreError::Io { path: path.to_owned(), source };
    Writing::OWN.put(path, bytes).map_err(io)
}

fn unpack(path: &Path) -> Result<(), StoreError> {
    let found = sha256(&mut &*ENCODER).unwrap_or_default();
    let wanted = ENCODER_SHA256.trim();
    if found != wanted {
        // The binary itself is damaged.
        return Err(
            ModelError::Changed { path: "the embedded encoder".into(), found, wanted: wanted.to_owned() }.into()
        );
    }
    replace(path, ENCODER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(folder: &Path) -> Store {
        Store::open(Folders { cache: folder.join("cache"), config: folder.join("config") }).expect("a store")
    }

    #[test]
    fn the_embedded_encoder_is_whole_and_is_unpacked_again_when_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(folder.path());
        let model = store.model(store.encoder()).expect("unpacked");
        assert_eq!(model.header.architecture(), Some("bert"));
        assert_eq!((model.header.number("embedding_length"), model.header.main_type()), (Some(384), "Q8_0"));
        assert!(model.header.is_encoder() && ENCODER.len() < 20_000_000);
        std::fs::write(&model.entry.path, "GGUF").expect("damaged");
        store.model(EMBEDDED).expect("unpacked again");
        assert_eq!(std::fs::read(&model.entry.path).expect("read").len(), ENCODER.len());
    }

    #[test]
    fn only_what_was_allowed_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("mine.gguf");
        std::fs::write(&file, ENCODER).expect("written");
        let mut store = store(folder.path());
        assert!(matches!(store.model("mine"), Err(StoreError::Unknown(_))));
        store.add(&file, None).expect("allowed");
        assert!(matches!(store.add(&file, None), Err(StoreError::Name(_))), "taken");
        assert!(matches!(store.add(&file, Some("../x")), Err(StoreError::Name(_))));
        store.choose("mine").expect("an encoder");
        let mut store = super::Store::open(store.folders().clone()).expect("read again");
        assert_eq!(store.encoder(), "mine");
        // One byte of a weight: the header is as good as before.
        let mut changed = ENCODER.to_vec();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        std::fs::write(&file, changed).expect("written");
        let error = store.model("mine").expect_err("changed").to_string();
        assert!(error.contains("has changed since it was allowed"), "{error}");
        store.remove("mine").expect("removed");
        assert_eq!(store.encoder(), EMBEDDED);
    }

    #[test]
    fn features_are_switched_one_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = store(folder.path());
        assert_eq!((store.features(), store.reviewer()), (Features::default(), None));
        store.switch("review", false).expect("switched");
        assert!(matches!(store.switch("everything", false), Err(StoreError::Name(_))));
        let store = super::Store::open(store.folders().clone()).expect("read again");
        let told: Vec<_> = Features::NAMES.iter().filter(|n| store.features().get(n) == Some(false)).collect();
        assert_eq!(told, [&"review"]);
    }

    #[test]
    fn hostile_files_and_lists_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = store(folder.path());
        let file = folder.path().join("x.gguf");
        std::fs::write(&file, b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f\0\0\0\0\0\0\0\0").expect("written");
        let error = store.add(&file, None).expect_err("hostile").to_string();
        assert!(error.contains("tensors"), "{error}");
        assert!(matches!(store.add(folder.path(), Some("folder")), Err(StoreError::Model(_))));
        std::fs::create_dir_all(&store.folders().config).expect("made");
        std::fs::write(store.folders().config.join("models.toml"), "modl = 1").expect("written");
        assert!(matches!(Store::open(store.folders().clone()), Err(StoreError::List { .. })));
    }
}
