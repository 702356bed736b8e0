//! The scan: walk, read, analyse on every core, collect in a stable order.

mod analyze;
mod base;
mod beside;
pub mod cache;
mod linehash;
mod model;
mod program;
#[cfg(feature = "model")]
pub mod review;
mod shard;
mod stats;
mod summary;
mod twins;
mod walk;
mod workspace;

use analyze::{Copies, Loaded, Rules};
pub use analyze::{Options, guard_panics};
pub use base::Base;
use beside::Beside;
#[cfg(any(test, feature = "model"))]
pub use model::Replacement;
pub use model::{FileReport, Finding, Fix, Fixed, Gap, Place, Region, Scan, Skipped, Verdict};
pub use shard::part;
pub use stats::{Phase, Stats, peak_memory};
pub use summary::Summary;
pub use walk::{Candidate, Limits, walk};
pub use workspace::Workspace;

use std::collections::HashSet;
use std::sync::OnceLock;

use rayon::prelude::*;
use sidenote_core::grammars::Family;
use sidenote_core::program::{Program, Source};
use sidenote_core::semantics::flow::models::Models;

use crate::args;
use crate::error::Error;

/// Stack of a worker, in bytes: deep code nests deeply, and the default of 2 MB is soon spent.
const STACK: usize = 16 << 20;

/// Starts the workers; all cores without a number.
///
/// # Errors
/// When the system gives no threads.
pub fn workers(jobs: Option<u16>) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.map_or(0, usize::from))
        .stack_size(STACK)
        .thread_name(|i| format!("scan-{i}"))
        .build()
        .map_err(|e| Error::Threads(e.to_string()))
}

/// How a scan goes: where, for what, with which workers.
pub struct Job<'a> {
    pub workspace: &'a Workspace,
    pub options: Options,
    pub pool: &'a rayon::ThreadPool,
    pub stats: &'a Stats,
    /// What was found before, unless that does not count.
    pub cache: Option<&'a cache::Cache>,
    /// Called for each file that is done.
    pub done: &'a (dyn Fn() + Sync),
}

/// A candidate as it was read.
type Read = Result<Option<Loaded>, Skipped>;

impl Job<'_> {
    /// Analyses candidates. The result's order is theirs, whatever the number of threads.
    pub fn scan(&self, candidates: &[Candidate]) -> Scan {
        self.scan_part(candidates, |_| true)
    }

    /// Reports some of the candidates; the data is followed through all of them, for what one file does may be wrong because
    /// of another.
    pub fn scan_part(&self, candidates: &[Candidate], mine: impl Fn(&Candidate) -> bool + Sync) -> Scan {
        let results: Vec<Told> = self.pool.install(|| {
            if let Some(cache) = self.cache {
                // Where something is kept, most likely nothing has to be analysed.
                if cache.is_empty() {
                    read_models(candidates);
                }
                let looked = cache::look(self, cache, candidates);
                let files: Vec<_> = candidates.iter().zip(&looked).collect();
                let (imported, outline) = cache::Imported::of(self, cache, &files, &HashSet::new());
                let state = cache::Snapshot::new(self, cache, &files, (&imported, outline));
                let mine: Vec<_> = files.into_iter().filter(|(c, _)| mine(c)).collect();
                return state.found(self, cache, &mine);
            }
            read_models(candidates);
            let loaded = self.load(candidates, |_| Rules::Soon);
            let mut following = program::Following::new(self.workspace, self.stats);
            for (path, source) in parsed(candidates, &loaded) {
                following.set(path, source.clone());
            }
            let stats = self.stats;
            let functions: Vec<OnceLock<Vec<twins::Function>>> = candidates.iter().map(|_| OnceLock::new()).collect();
            let alone = |n: usize| {
                let (candidate, read) = (&candidates[n], &loaded[n]);
                if let Ok(Some(Loaded::Parsed(parsed))) = read
                    && mine(candidate)
                {
                    parsed.prepare(self.workspace, candidate, stats);
                }
                let of = || twins::functions_of(self.workspace, candidate, read);
                let _ = functions[n].set(stats.time(Phase::Analyze, || stats.of_rule(twins::RULE, of)));
            };
            let beside = Beside::new(candidates.len(), &alone);
            following.follow(&beside);
            beside.rest();
            let functions = functions.into_iter().map(|f| f.into_inner().unwrap_or_default());
            let functions: Vec<_> = candidates.iter().map(|c| c.path.clone()).zip(functions).collect();
            let copies = stats.time(Phase::Analyze, || stats.of_rule(twins::RULE, || twins::across(&functions)));
            let program = following.into_program();
            let mine = candidates.par_iter().zip(loaded).with_max_len(1).filter(|(candidate, _)| mine(candidate));
            let told = mine.map(|(c, loaded)| self.report(c, loaded, (&program, copies.get(&c.path)))).collect();
            put_aside(program);
            told
        });
        collected(results)
    }

    fn load(&self, candidates: &[Candidate], rules: impl Fn(&Candidate) -> Rules + Sync) -> Vec<Read> {
        let load = |c: &Candidate| analyze::load(self.workspace, c, rules(c), self.stats);
        beside::map(candidates, load)
    }

    fn report(&self, candidate: &Candidate, loaded: Read, known: (&Program, Option<&Copies>)) -> Told {
        let analyze = |parsed| analyze::analyze(self.workspace, candidate, parsed, known, &self.options, self.stats);
        let result = loaded.map(|loaded| {
            loaded.map(|loaded| match loaded {
                Loaded::Parsed(parsed) => analyze(*parsed),
                Loaded::Failed(report) => *report,
            })
        });
        (self.done)();
        result
    }
}

/// Lets one worker read the models of libraries while the others parse: without that all of them wait for it together.
fn read_models(candidates: &[Candidate]) {
    for family in [Family::Rust, Family::Ecma] {
        if candidates.iter().any(|c| c.path.ends_with(".rs") == (family == Family::Rust)) {
            rayon::spawn(move || _ = Models::of(family));
        }
    }
}

/// Takes something large apart on a worker, for which nobody waits: not even the end of the process.
fn put_aside(what: impl Send + 'static) {
    rayon::spawn(move || drop(what));
}

/// What there is to say of a candidate.
type Told = Result<Option<FileReport>, Skipped>;

/// The candidates that were read and parsed.
fn parsed<'a>(candidates: &'a [Candidate], loaded: &'a [Read]) -> impl Iterator<Item = (&'a str, &'a Source)> {
    candidates.iter().zip(loaded).filter_map(|(candidate, loaded)| match loaded {
        Ok(Some(Loaded::Parsed(parsed))) => Some((&*candidate.path, &parsed.source)),
        _ => None,
    })
}

fn collected(results: impl IntoIterator<Item = Told>) -> Scan {
    let mut scan = Scan::default();
    for result in results {
        match result {
            Ok(Some(report)) => scan.files.push(report),
            // A file in a language that is not read.
            Ok(None) => {}
            Err(skipped) => scan.skipped.push(skipped),
        }
    }
    scan
}

/// The files that a selection names with what they import, before the data is followed through them.
///
/// # Errors
/// When a path or a configuration cannot be used.
pub fn linked(selection: &args::Selection) -> Result<(Workspace, Program), Error> {
    guard_panics();
    let workspace = Workspace::open(selection, None)?;
    let pool = workers(selection.jobs)?;
    let walked = walk(&workspace, Limits::of(selection, &pool));
    workspace.settle(&walked.candidates)?;
    let stats = Stats::start();
    let program = pool.install(|| {
        let load = |candidate: &Candidate| analyze::load(&workspace, candidate, Rules::OnDemand, &stats);
        let loaded = beside::map(&walked.candidates, load);
        let mut following = program::Following::new(&workspace, &stats);
        for (path, source) in parsed(&walked.candidates, &loaded) {
            following.set(path, source.clone());
        }
        following.link();
        following.into_program()
    });
    Ok((workspace, program))
}

/// Scans what a selection of the command line names, for all findings that there are.
///
/// # Errors
/// When a path or a configuration cannot be used.
pub fn of_selection(selection: &args::Selection) -> Result<(Workspace, Scan), Error> {
    guard_panics();
    let workspace = Workspace::open(selection, None)?;
    let pool = workers(selection.jobs)?;
    let walked = walk(&workspace, Limits::of(selection, &pool));
    workspace.settle(&walked.candidates)?;
    let (stats, options) = (Stats::start(), Options::default());
    let job = Job { workspace: &workspace, options, pool: &pool, stats: &stats, cache: None, done: &|| () };
    let scan = job.scan(&walked.candidates);
    Ok((workspace, scan))
}
