//! Workspace folders, each with a configuration of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sidenote_core::config::{self, Config, ConfigError};
use sidenote_core::engine::Engine;
use sidenote_core::feedback::FILE_NAME;
use sidenote_core::system::OsSystem;
use tower_lsp::ls_types::Uri;

use crate::feedback::Said;
use crate::index::Index;

/// The configuration of a folder: the nearest file in it or above it, inside its repository; files further down hold there.
/// Without `rules` those that the repository brings are left out.
pub(crate) fn load_config(folder: &Path, rules: bool) -> Result<Config, ConfigError> {
    Config::of_folder(Arc::new(OsSystem), folder, folder, rules)
}

/// A folder with its engine.
#[derive(Clone)]
pub(crate) struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// The engine under the folder's configuration; under the default one if that cannot be used.
    pub engine: Arc<Engine>,
    /// What is wrong with the configuration.
    pub error: Option<ConfigError>,
    /// Its files.
    pub index: Arc<Index>,
    /// What people said of its findings.
    pub said: Arc<Said>,
}

impl Folder {
    fn load(path: PathBuf, rules: bool) -> Folder {
        let (config, error) = match load_config(&path, rules) {
            Ok(config) => (config, None),
            Err(error) => (Config::default(), Some(error)),
        };
        let engine = Arc::new(Engine::new(config));
        let index = Arc::new(Index::of_folder(&path, engine.clone()));
        let said = Arc::new(Said::of_root(index.base().unwrap_or_else(|| path.clone())));
        Folder { path, engine, error, index, said }
    }
}

/// All folders.
#[derive(Clone)]
pub(crate) struct Workspace {
    folders: Vec<Folder>,
    /// For documents outside of every folder.
    elsewhere: Arc<Engine>,
    strays: Arc<Index>,
    /// Whether rules are read that repositories bring.
    rules: bool,
}

impl Workspace {
    /// The folders at these places.
    pub(crate) fn new(folders: impl IntoIterator<Item = PathBuf>, rules: bool) -> Workspace {
        let elsewhere = Arc::new(Engine::new(Config::default()));
        let mut workspace = Workspace { folders: Vec::new(), elsewhere, strays: Arc::new(Index::of_strays()), rules };
        folders.into_iter().for_each(|path| workspace.add(path));
        workspace
    }

    /// Adds a folder, if it is not there yet.
    pub(crate) fn add(&mut self, path: PathBuf) {
        if self.folders.iter().all(|f| f.path != path) {
            self.folders.push(Folder::load(path, self.rules));
        }
    }

    /// Removes a folder.
    pub(crate) fn remove(&mut self, path: &Path) {
        self.folders.retain(|f| f.path != path);
    }

    /// Whether rules are read that repositories bring; what is open must be reset if that changes.
    pub(crate) fn set_rules(&mut self, rules: bool) -> bool {
        let changes = rules != self.rules;
        self.rules = rules;
        if changes {
            self.reload();
        }
        changes
    }

    /// Reads every configuration again.
    pub(crate) fn reload(&mut self) {
        for folder in &mut self.folders {
            *folder = Folder::load(std::mem::take(&mut folder.path), self.rules);
        }
    }

    /// Reads anew what people said of findings.
    pub(crate) fn listen(&mut self) {
        for folder in &mut self.folders {
            folder.said = Arc::new(Said::of_root(folder.index.base().unwrap_or_else(|| folder.path.clone())));
        }
    }

    /// What is wrong with lists of feedback.
    pub(crate) fn complaints(&self) -> impl Iterator<Item = &String> {
        self.folders.iter().filter_map(|f| f.said.problem.as_ref())
    }

    /// Where the folders are.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.iter().map(|f| f.path.as_path())
    }

    /// The indexes of all folders.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = &Arc<Index>> {
        self.folders.iter().map(|f| &f.index)
    }

    /// What is wrong with the configurations, with those further down as far as files there were asked for.
    pub(crate) fn errors(&self) -> impl Iterator<Item = ConfigError> {
        self.folders.iter().flat_map(|f| f.error.iter().cloned().chain(f.engine.config().errors()))
    }

    /// The innermost folder around a document, the document's path relative to it, and the engine for it. A document
    /// outside of every folder goes by its whole path.
    pub(crate) fn locate(&self, uri: &Uri) -> Home {
        let path = file_path(uri);
        let around = |f: &&Folder| path.as_ref().is_some_and(|p| p.starts_with(&f.path));
        let folder = self.folders.iter().filter(around).max_by_key(|f| f.path.as_os_str().len());
        let relative = |from: &Path| {
            let parts = path.as_deref().and_then(|p| p.strip_prefix(from).ok()).into_iter().flat_map(Path::components);
            parts.map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
        };
        match folder {
            Some(f) => {
                let path = relative(&f.path);
                let included = f.engine.config().includes(&path);
                let (engine, index, said) = (f.engine.clone(), f.index.clone(), Some(f.said.clone()));
                Home { folder: Some(f.path.clone()), path, included, engine, index, said }
            }
            None => {
                let whole = uri.path().as_str().trim_start_matches('/').to_owned();
                let path =
                    path.as_deref().map_or(whole, |p| p.to_string_lossy().trim_start_matches('/').replace('\\', "/"));
                let (engine, index) = (self.elsewhere.clone(), self.strays.clone());
                Home { folder: None, path, included: true, engine, index, said: None }
            }
        }
    }
}

/// Where a document belongs.
#[derive(Clone)]
pub(crate) struct Home {
    /// Its workspace folder.
    pub folder: Option<PathBuf>,
    /// Its path relative to that, with `/`.
    pub path: String,
    /// Whether the configuration leaves it in.
    pub included: bool,
    /// The engine that analyses it.
    pub engine: Arc<Engine>,
    /// The files that it lies among.
    pub index: Arc<Index>,
    /// What people said of findings in its folder.
    pub said: Option<Arc<Said>>,
}

/// The path of a `file:` URI.
pub(crate) fn file_path(uri: &Uri) -> Option<PathBuf> {
    if !uri.scheme().as_str().eq_ignore_ascii_case("file") {
        return None;
    }
    uri.to_file_path().map(std::borrow::Cow::into_owned)
}

/// What a client is asked to watch beside code: configuration files, the models and rules that they name by convention, and
/// what says where modules lie.
pub(crate) const WATCHED: [&str; 4] = [
    "**/sidenote-feedback.toml",
    "**/sidenote.toml",
    "**/sidenote/**/*.{toml,yml,yaml}",
    "**/{package.json,tsconfig*.json,jsconfig*.json,Cargo.toml}",
];

/// Whether a URI is that of a configuration file, or of one with models or rules in a folder `sidenote`.
pub(crate) fn is_config(uri: &Uri) -> bool {
    let mut parts = uri.path().as_str().rsplit('/');
    let name = parts.next().unwrap_or_default();
    let data = [".toml", ".yml", ".yaml"].iter().any(|e| name.ends_with(e));
    name == config::FILE_NAME || data && parts.any(|p| p == "sidenote")
}

/// Whether a URI is that of a list of feedback.
pub(crate) fn is_feedback(uri: &Uri) -> bool {
    uri.path().as_str().rsplit('/').next() == Some(FILE_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_folder_wins() {
        let workspace = Workspace::new(["/ws".into(), "/ws/packages/a".into()], true);
        let home = |uri: &str| {
            let home = workspace.locate(&uri.parse().expect("uri"));
            (home.folder.map(|f| f.to_string_lossy().into_owned()), home.path)
        };
        assert_eq!(home("file:///ws/x/y%20z.ts"), (Some("/ws".into()), "x/y z.ts".into()));
        assert_eq!(home("file:///ws/packages/a/b.ts"), (Some("/ws/packages/a".into()), "b.ts".into()));
        assert_eq!(home("file:///wsx/b.ts"), (None, "wsx/b.ts".into()));
        assert_eq!(home("untitled:Untitled-1"), (None, "Untitled-1".into()));
    }
}
