//! What a scan is about: paths, the root they are told relative to, and the configuration of each.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sidenote_core::config::{Budget, Config, ConfigError, discover, repository_root};
use sidenote_core::engine::{Engine, Times};
use sidenote_core::system::{OsSystem, System};

use super::walk::Candidate;
use crate::args;
use crate::error::Error;

/// A path that the user named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Absolute, links resolved.
    pub path: PathBuf,
    /// Its configuration's place in the workspace.
    pub project: usize,
}

/// What a scan is about.
pub struct Workspace {
    root: PathBuf,
    targets: Vec<Target>,
    /// One engine for each configuration.
    engines: Vec<(Option<PathBuf>, Engine)>,
    /// What the command line selects and ignores.
    selectors: Vec<String>,
    /// Fingerprints of findings that are not fixed.
    spared: HashSet<String>,
}

impl Workspace {
    /// Resolves paths and configurations; a file that is read from standard input stands for the paths. The root is the repository of the paths, else their configuration's folder, else
    /// the current folder if they lie in it, else the nearest folder above all of them.
    ///
    /// # Errors
    /// When a path does not exist, or a configuration cannot be used.
    pub fn open(args: &args::Selection, stdin_filename: Option<&Path>) -> Result<Workspace, Error> {
        let wanted = match stdin_filename {
            Some(path) => vec![resolve_missing(path).map_err(|source| Error::Path { path: path.to_owned(), source })?],
            None => args
                .paths
                .iter()
                .map(|path| path.canonicalize().map_err(|source| Error::Path { path: path.clone(), source }))
                .collect::<Result<Vec<_>, _>>()?,
        };
        let files: Vec<Option<PathBuf>> = match &args.config {
            Some(file) => {
                let file = file.canonicalize().ok().filter(|f| f.is_file());
                let file = file.ok_or_else(|| Error::NoConfig(args.config.clone().unwrap_or_default()))?;
                wanted.iter().map(|_| Some(file.clone())).collect()
            }
            None if args.no_config => vec![None; wanted.len()],
            None => wanted.iter().map(|path| discover(&OsSystem, folder_of(path))).collect(),
        };
        let here = std::env::current_dir().and_then(|d| d.canonicalize()).ok();
        let roots = wanted.iter().zip(&files).map(|(path, file)| {
            let found = file.as_ref().filter(|_| args.config.is_none()).and_then(|f| f.parent());
            repository_root(&OsSystem, folder_of(path))
                .or_else(|| found.map(Path::to_owned))
                .or_else(|| here.clone().filter(|h| path.starts_with(h)))
                .unwrap_or_else(|| folder_of(path).to_owned())
        });
        let root = roots.reduce(|a, b| common(&a, &b)).unwrap_or_default();
        let selectors = args.select.iter().chain(&args.ignore).cloned().collect();
        let (targets, engines, spared) = Default::default();
        let mut workspace = Workspace { root, targets, engines, selectors, spared };
        for (path, file) in wanted.into_iter().zip(files) {
            let known = workspace.engines.iter().position(|(f, _)| *f == file);
            let project = match known {
                Some(i) => i,
                None => {
                    let config = configuration(folder_of(&path), &workspace.root, args)?;
                    workspace.engines.push((file, Engine::new(config)));
                    workspace.engines.len() - 1
                }
            };
            workspace.targets.push(Target { path, project });
        }
        let asked: Vec<String> = workspace.targets.iter().map(|t| workspace.relative(&t.path).to_string()).collect();
        workspace.engines.iter_mut().for_each(|(_, engine)| engine.ask_for(asked.iter().cloned()));
        Ok(workspace)
    }

    /// The folder to which reported paths are relative.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the user named.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The engine of a project.
    pub fn engine(&self, project: usize) -> &Engine {
        &self.engines[project].1
    }

    /// The engine of a file, by the nearest of the paths that were named.
    #[cfg(feature = "model")]
    pub fn engine_of(&self, file: &Path) -> Option<&Engine> {
        let near = self.targets.iter().filter(|t| file.starts_with(&t.path));
        near.max_by_key(|t| t.path.components().count()).map(|t| self.engine(t.project))
    }

    /// From now on the time that each rule takes is added up.
    pub fn measure(&mut self, times: &Arc<Times>) {
        self.engines.iter_mut().for_each(|(_, engine)| engine.measure(times.clone()));
    }

    /// From now on these findings are not fixed.
    pub fn spare(&mut self, fingerprints: impl IntoIterator<Item = String>) {
        self.spared.extend(fingerprints);
    }

    /// Findings that are not fixed, by their fingerprints.
    pub fn spared(&self) -> &HashSet<String> {
        &self.spared
    }

    /// What the user named, relative to the root; `.` for the root.
    pub fn named(&self) -> Vec<String> {
        let name = |path: std::sync::Arc<str>| if path.is_empty() { ".".to_owned() } else { path.to_string() };
        let mut all: Vec<String> = self.targets.iter().map(|t| name(self.relative(&t.path))).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Reads the configurations of the folders that candidates lie in, and looks whether one of them knows what is selected.
    ///
    /// # Errors
    /// When a configuration cannot be used, or a selector names nothing.
    pub fn settle(&self, candidates: &[Candidate]) -> Result<(), Error> {
        let mut folder = None;
        for candidate in candidates {
            let lies_in = (candidate.file.parent(), candidate.project);
            if folder != Some(lies_in) {
                folder = Some(lies_in);
                self.engine(candidate.project).config().includes(&candidate.path);
            }
        }
        if let Some(error) = self.engines.iter().find_map(|(_, engine)| engine.config().errors().into_iter().next()) {
            return Err(error.into());
        }
        let problem = |selector: &String| {
            let mut told = self.engines.iter().map(|(_, engine)| engine.config().check_selector(selector));
            told.clone().all(|t| t.is_err()).then(|| told.find_map(Result::err)).flatten()
        };
        let problems: Vec<_> = self.selectors.iter().filter_map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { path: None, text: "".into(), problems }.into()) }
    }

    /// How many findings there may be of which rule and where.
    pub fn budgets(&self) -> Vec<Budget> {
        let mut all: Vec<Budget> = self.engines.iter().flat_map(|(_, engine)| engine.config().budgets()).collect();
        all.sort_by(|a, b| (&a.folder, &a.selector, &a.file).cmp(&(&b.folder, &b.selector, &b.file)));
        all.dedup();
        all
    }

    /// A path relative to the root, with `/`.
    pub fn relative(&self, path: &Path) -> Arc<str> {
        let rest = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = rest.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        parts.join("/").into()
    }
}

/// The configuration of a folder, with the command line's selection over it.
///
/// # Errors
/// When a file or a selector cannot be used.
fn configuration(folder: &Path, root: &Path, args: &args::Selection) -> Result<Config, Error> {
    let mut config = match &args.config {
        Some(file) => {
            let found = file.canonicalize().ok().filter(|f| f.is_file());
            Config::load(&OsSystem, &found.ok_or_else(|| Error::NoConfig(file.clone()))?, root)?
        }
        None if args.no_config => Config::default(),
        None => Config::of_folder(Arc::new(OsSystem), folder, root, true)?,
    };
    if !args.select.is_empty() || !args.ignore.is_empty() {
        config = config.narrow(&args.select, &args.ignore);
    }
    Ok(match args.file_timeout {
        Some(seconds) => config.with_time_limit(seconds),
        None => config,
    })
}

fn folder_of(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(path) }
}

fn common(a: &Path, b: &Path) -> PathBuf {
    a.ancestors().find(|folder| b.starts_with(folder)).unwrap_or(a).to_owned()
}

/// Absolute, for a file that need not exist.
fn resolve_missing(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(std::io::ErrorKind::InvalidFilename.into());
    };
    Ok(OsSystem.canonical(folder).unwrap_or_else(|| folder.to_owned()).join(name))
}
