//! Finding the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{WalkBuilder, WalkState};
use sidenote_core::grammars;

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

/// Folders of other people's code and of build results.
pub const FOREIGN: [&str; 4] = ["node_modules", "target", "dist", "vendor"];

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
    let mut found = BTreeSet::new();
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
            found.insert(candidate);
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
    let mut candidates: Vec<Candidate> = found.into_iter().collect();
    candidates.dedup_by(|later, first| {
        let same = later.file == first.file;
        first.named |= same && later.named;
        same
    });
    Walked { candidates, folders: folders.into_iter().map(|(name, paths)| (name, paths.len())).collect() }
}

type Skipped = Arc<Mutex<Vec<(&'static str, PathBuf)>>>;

fn builder(path: &Path, limits: Limits, skip: Skipped) -> WalkBuilder {
    let mut builder = WalkBuilder::new(path);
    builder
        .follow_links(false)
        .hidden(!limits.hidden)
        .git_ignore(!limits.no_gitignore)
        .ignore(!limits.no_gitignore)
        .git_exclude(!limits.no_gitignore)
        // What is found must not depend on whose machine it is, nor on whether there is a `.git`.
        .git_global(false)
        .require_git(false)
        .threads(limits.jobs)
        .filter_entry(move |entry| {
            if entry.depth() == 0 || !entry.file_type().is_some_and(|t| t.is_dir()) {
                return true;
            }
            let name = entry.file_name().to_str().unwrap_or_default();
            if name == ".git" {
                return false;
            }
            if limits.all_folders {
                return true;
            }
            let Some(foreign) = FOREIGN.iter().find(|f| **f == name) else { return true };
            // A folder named `target` that cargo did not make may well be somebody's module.
            let path = entry.path();
            let built = *foreign != "target"
                || path.join("CACHEDIR.TAG").is_file()
                || path.parent().is_some_and(|p| p.join("Cargo.toml").is_file());
            if built {
                skip.lock().unwrap_or_else(PoisonError::into_inner).push((foreign, path.to_owned()));
            }
            !built
        });
    builder
}

/// Whether the name could be that of a file to read: a known extension, or none, where a `#!` line may tell.
fn may_be_read(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    grammars::by_path(&name).is_some() || !name.contains('.')
}

fn path_of(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Partial(errors) => errors.first().and_then(path_of),
        _ => None,
    }
}
