//! What a scan is about: paths, the root they are told relative to, and the configuration of each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sidenote_core::config::{Config, ConfigError, discover, repository_root};
use sidenote_core::engine::{Engine, Times};
use sidenote_core::system::{OsSystem, System};

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
        let mut workspace = Workspace { root, targets: Vec::new(), engines: Vec::new() };
        for (path, file) in wanted.into_iter().zip(files) {
            let known = workspace.engines.iter().position(|(f, _)| *f == file);
            let project = match known {
                Some(i) => i,
                None => {
                    let config = configuration(file.as_deref(), &workspace.root, args)?;
                    workspace.engines.push((file, Engine::new(config)));
                    workspace.engines.len() - 1
                }
            };
            workspace.targets.push(Target { path, project });
        }
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

    /// From now on the time that each rule takes is added up.
    pub fn measure(&mut self, times: &Arc<Times>) {
        self.engines.iter_mut().for_each(|(_, engine)| engine.measure(times.clone()));
    }

    /// A path relative to the root, with `/`.
    pub fn relative(&self, path: &Path) -> Arc<str> {
        let rest = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = rest.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        parts.join("/").into()
    }
}

/// The configuration of a file, with the command line's selection over it.
///
/// # Errors
/// When the file or a selector cannot be used.
pub fn configuration(file: Option<&Path>, root: &Path, args: &args::Selection) -> Result<Config, ConfigError> {
    let config = match file {
        Some(file) => Config::load(&OsSystem, file, root)?,
        None => Config::default(),
    };
    if args.select.is_empty() && args.ignore.is_empty() {
        Ok(config)
    } else {
        config.narrowed(&args.select, &args.ignore)
    }
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
