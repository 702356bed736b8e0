//! Finding the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{WalkBuilder, WalkState};
use sidenote_lsp::files::{may_be_read, walker};

use super::workspace::Workspace;
use crate::args;

/// A file to look at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Candidate {
    /// Relative to the root, with `/`.
    pub path: Arc<str>,
    /// Where it lies.
    pub file: PathBuf,
    /// Which of the workspace's projects it belongs to.
    pub project: usize,
    /// Whether the user named it, rather than a folder that holds it.
    pub named: bool,
    /// What it is, if it is not a regular file.
    pub odd: Option<Odd>,
    /// What it holds, where that is not what lies on the disk.
    pub content: Option<Arc<[u8]>>,
}

/// What is not a regular file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Odd {
    Symlink,
    Special,
    /// A folder or file that cannot be looked at.
    Unreadable(String),
}

/// What a walk leaves out.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Look into [`FOREIGN`] folders too.
    pub all_folders: bool,
    /// Look at what `.gitignore` leaves out too.
    pub no_gitignore: bool,
    /// Look at hidden files too.
    pub hidden: bool,
    /// Threads.
    pub jobs: usize,
}

impl Limits {
    /// What the command line says.
    pub fn of(selection: &args::Selection, pool: &rayon::ThreadPool) -> Limits {
        Limits {
            all_folders: selection.all_folders,
            no_gitignore: selection.no_gitignore,
            hidden: selection.hidden,
            jobs: pool.current_num_threads(),
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Walked {
    /// By path, without repetitions.
    pub candidates: Vec<Candidate>,
    /// Folders that were left out, by name.
    pub folders: BTreeMap<&'static str, usize>,
}

/// Walks the workspace's paths.
pub fn walk(workspace: &Workspace, limits: Limits) -> Walked {
    let mut found = Vec::new();
    let mut folders: BTreeMap<&'static str, BTreeSet<PathBuf>> = BTreeMap::new();
    for target in workspace.targets() {
        if !target.path.is_dir() {
            let candidate = Candidate {
                path: workspace.relative(&target.path),
                file: target.path.clone(),
                project: target.project,
                named: true,
                odd: (!target.path.is_file()).then_some(Odd::Special),
                content: None,
            };
            found.push(candidate);
            continue;
        }
        let results = Mutex::new((Vec::new(), Vec::new()));
        let push = |candidate| results.lock().unwrap_or_else(PoisonError::into_inner).0.push(candidate);
        let skip = Arc::new(Mutex::new(Vec::new()));
        let walker = builder(&target.path, limits, skip.clone()).build_parallel();
        walker.run(|| {
            Box::new(|entry| {
                let make = |file: &Path, odd| Candidate {
                    path: workspace.relative(file),
                    file: file.to_owned(),
                    project: target.project,
                    named: false,
                    odd,
                    content: None,
                };
                match entry {
                    Ok(entry) => {
                        let Some(kind) = entry.file_type() else { return WalkState::Continue };
                        if !kind.is_dir() && may_be_read(entry.path()) {
                            let odd = if kind.is_symlink() {
                                Some(Odd::Symlink)
                            } else {
                                (!kind.is_file()).then_some(Odd::Special)
                            };
                            push(make(entry.path(), odd));
                        }
                    }
                    Err(error) => {
                        if let Some(path) = path_of(&error) {
                            let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                            push(make(&path, Some(Odd::Unreadable(why))));
                        }
                    }
                }
                WalkState::Continue
            })
        });
        let (candidates, _): (Vec<Candidate>, Vec<()>) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.extend(candidates);
        for (name, path) in skip.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            folders.entry(name).or_default().insert(path);
        }
    }
    let mut candidates = found;
    candidates.sort_unstable();
    candidates.dedup_by(|later, first| {
        let same = later.file == first.file;
        first.named |= same && later.named;
        same
    });
    Walked { candidates, folders: folders.into_iter().map(|(name, paths)| (name, paths.len())).collect() }
}

type Skipped = Arc<Mutex<Vec<(&'static str, PathBuf)>>>;

fn builder(path: &Path, limits: Limits, skip: Skipped) -> WalkBuilder {
    let mut builder = walker(path, move |foreign, path| {
        if !limits.all_folders {
            skip.lock().unwrap_or_else(PoisonError::into_inner).push((foreign, path.to_owned()));
        }
        limits.all_folders
    });
    builder
        .hidden(!limits.hidden)
        .git_ignore(!limits.no_gitignore)
        .ignore(!limits.no_gitignore)
        .git_exclude(!limits.no_gitignore)
        .threads(limits.jobs);
    builder
}

fn path_of(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Partial(errors) => errors.first().and_then(path_of),
        _ => None,
    }
}
