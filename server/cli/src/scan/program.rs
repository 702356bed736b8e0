//! The files of a scan as a program: what they import is read too, though nothing is reported of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sidenote_core::document::Document;
use sidenote_core::engine::why_skip;
use sidenote_core::grammars;
use sidenote_core::program::{Program, Source, Workers};
use sidenote_core::system::{OsSystem, System};
use sidenote_lsp::files::FOREIGN;

use super::analyze::guarded;
use super::beside::{self, Beside};
use super::stats::{Phase, Stats};
use super::workspace::Workspace;

/// Rounds in which files that files import are read.
pub const MAX_ROUNDS: usize = 64;

/// The workers of a scan.
pub struct Pool<'s> {
    pub stats: &'s Stats,
    /// What they do while they would wait.
    pub beside: Option<&'s Beside<'s>>,
}

impl Workers for Pool<'_> {
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        beside::each(count, &|n| self.stats.time(Phase::Follow, || work(n)), self.beside);
    }

    fn guarded(&self, work: &mut dyn FnMut()) -> Result<(), String> {
        guarded(work)
    }
}

/// The program that grows out of a scan's files. Everything happens on a worker.
pub struct Following<'w> {
    workspace: &'w Workspace,
    stats: &'w Stats,
    program: Program,
    /// Whether there is such a file, as far as that was asked.
    known: Mutex<HashMap<String, bool>>,
}

impl<'w> Following<'w> {
    /// Without files.
    pub fn new(workspace: &'w Workspace, stats: &'w Stats) -> Following<'w> {
        Following { workspace, stats, program: Program::new(workspace.root().to_owned()), known: Mutex::default() }
    }

    /// Adds a file, or another version of it.
    pub fn set(&mut self, path: &str, source: Source) {
        self.program.set(path, source);
    }

    /// Takes a file away; it counts as gone even if it lies there.
    pub fn remove(&mut self, path: &str) {
        self.program.remove(path);
        if let Ok(known) = self.known.get_mut() {
            known.insert(path.to_owned(), false);
        }
    }

    /// Reads what the files import and follows the data through all of them: the paths of the files of which something
    /// else is found than before. Workers that would wait do what lies `beside`, though maybe not all of that.
    pub fn follow(&mut self, beside: &Beside<'_>) -> Vec<Arc<str>> {
        self.link();
        self.program.analyze(&Pool { stats: self.stats, beside: Some(beside) })
    }

    /// The same for the files of which the paths are `wanted`, and which have nothing to do with any other.
    pub fn follow_those(&mut self, wanted: &dyn Fn(&str) -> bool) -> Vec<Arc<str>> {
        self.link();
        self.program.analyze_those(wanted, &Pool { stats: self.stats, beside: None })
    }

    /// Which files name which, as pairs of paths; reads what they import first.
    pub fn edges(&mut self) -> Vec<(Arc<str>, Arc<str>)> {
        self.link();
        self.stats.time(Phase::Follow, || self.program.edges())
    }

    /// Reads what the files import, what these import, and so on.
    pub fn link(&mut self) {
        let (root, stats, known) = (self.workspace.root(), self.stats, &self.known);
        let exists = |path: &str| {
            let Ok(mut known) = known.lock() else { return false };
            *known.entry(path.to_owned()).or_insert_with(|| {
                let foreign = path.split('/').any(|part| FOREIGN.contains(&part));
                !foreign && OsSystem.is_file(&root.join(path))
            })
        };
        stats.time(Phase::Follow, || self.program.read_layout(&OsSystem));
        for _ in 0..MAX_ROUNDS {
            let missing = stats.time(Phase::Follow, || self.program.missing(&exists));
            if missing.is_empty() {
                break;
            }
            let read = |path: &String| {
                let read = || guarded(|| read(self.workspace, path)).ok().flatten();
                stats.time(Phase::Follow, read).ok_or_else(|| path.clone())
            };
            let read: Vec<Result<(String, Source), String>> = beside::map(&missing, read);
            let Ok(mut known) = known.lock() else { break };
            for file in read {
                match file {
                    Ok((path, source)) => self.program.set(&path, source),
                    Err(path) => drop(known.insert(path, false)),
                }
            }
            drop(known);
            // A file may lie in a folder with a manifest of its own.
            stats.time(Phase::Follow, || self.program.read_layout(&OsSystem));
        }
    }

    /// The program as it is now.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The program, which grows no further.
    pub fn into_program(self) -> Program {
        self.program
    }
}

fn read(workspace: &Workspace, path: &str) -> Option<(String, Source)> {
    let language = grammars::by_path(path)?;
    let text = OsSystem.read(&workspace.root().join(path))?;
    let text = why_skip(text.as_bytes()).ok()?;
    let document = Document::new(path, language, text, 0).ok()?;
    let engine = workspace.engine(0);
    let models = &engine.config().settings(path).models;
    Some((path.to_owned(), Source::new(engine.place(path), document.blocks(), document.text(), models)))
}
