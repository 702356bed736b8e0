//! The files of a scan as a program: what they import is read too, though nothing is reported of it.

use std::collections::HashMap;
use std::sync::Mutex;

use rayon::prelude::*;
use sidenote_core::document::Document;
use sidenote_core::engine::why_skip;
use sidenote_core::grammars;
use sidenote_core::program::{Program, Source, Workers};
use sidenote_core::system::{OsSystem, System};

use super::analyze::guarded;
use super::stats::{Phase, Stats};
use super::walk::FOREIGN;
use super::workspace::Workspace;

/// Rounds in which files that files import are read.
const MAX_ROUNDS: usize = 64;

/// The workers of a scan.
struct Pool<'s> {
    stats: &'s Stats,
}

impl Workers for Pool<'_> {
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).into_par_iter().with_max_len(1).for_each(|n| self.stats.time(Phase::Follow, || work(n)));
    }

    fn guarded(&self, work: &mut dyn FnMut()) -> Result<(), String> {
        guarded(work)
    }
}

/// Follows the data through files with their paths, and through those that they import. On a worker.
pub fn follow(workspace: &Workspace, files: Vec<(&str, Source)>, stats: &Stats) -> Program {
    let root = workspace.root();
    let mut program = Program::new(root.to_owned());
    for (path, source) in files {
        program.set(path, source);
    }
    let known: Mutex<HashMap<String, bool>> = Mutex::default();
    let exists = |path: &str| {
        let Ok(mut known) = known.lock() else { return false };
        *known.entry(path.to_owned()).or_insert_with(|| {
            let foreign = path.split('/').any(|part| FOREIGN.contains(&part));
            !foreign && OsSystem.is_file(&root.join(path))
        })
    };
    stats.time(Phase::Follow, || program.read_layout(&OsSystem));
    for _ in 0..MAX_ROUNDS {
        let missing = stats.time(Phase::Follow, || program.missing(&exists));
        if missing.is_empty() {
            break;
        }
        let read = |path: &String| {
            let read = || guarded(|| read(workspace, path)).ok().flatten();
            stats.time(Phase::Follow, read).ok_or_else(|| path.clone())
        };
        let read: Vec<Result<(String, Source), String>> = missing.par_iter().map(read).collect();
        let Ok(mut known) = known.lock() else { break };
        for file in read {
            match file {
                Ok((path, source)) => program.set(&path, source),
                Err(path) => drop(known.insert(path, false)),
            }
        }
        drop(known);
        // A file may lie in a folder with a manifest of its own.
        stats.time(Phase::Follow, || program.read_layout(&OsSystem));
    }
    program.analyze(&Pool { stats });
    program
}

fn read(workspace: &Workspace, path: &str) -> Option<(String, Source)> {
    let language = grammars::by_path(path)?;
    let text = OsSystem.read(&workspace.root().join(path))?;
    let text = why_skip(text.as_bytes()).ok()?;
    let document = Document::new(path, language, text, 0).ok()?;
    let models = &workspace.engine(0).config().settings(path).models;
    Some((path.to_owned(), Source::new(path, document.blocks(), document.text(), models)))
}
