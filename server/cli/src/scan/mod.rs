//! The scan: walk, read, analyse on every core, collect in a stable order.

mod analyze;
mod base;
mod linehash;
mod model;
mod program;
mod shard;
mod stats;
mod summary;
mod walk;
mod workspace;

use analyze::Loaded;
pub use analyze::{Options, guard_panics};
pub use base::{Base, fingerprints};
#[cfg(test)]
pub use model::Replacement;
pub use model::{FileReport, Finding, Fix, Fixed, Gap, Place, Region, Scan, Skipped};
pub use shard::shard;
pub use stats::{Phase, Stats, peak_memory};
pub use summary::Summary;
pub use walk::{Candidate, Limits, walk};
pub use workspace::Workspace;

use rayon::prelude::*;
use sidenote_core::document::Document;

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

/// Analyses candidates on the workers. The result's order is theirs, whatever the number of threads.
pub fn scan(
    workspace: &Workspace,
    candidates: &[Candidate],
    options: &Options,
    pool: &rayon::ThreadPool,
    stats: &Stats,
    done: &(dyn Fn() + Sync),
) -> Scan {
    let results: Vec<_> = pool.install(|| {
        let load = |candidate: &Candidate| analyze::load(workspace, candidate, stats);
        let loaded: Vec<_> = candidates.par_iter().map(load).collect();
        let sources = candidates.iter().zip(&loaded).filter_map(|(candidate, loaded)| match loaded {
            Ok(Some(Loaded::Parsed(_, source))) => Some((&*candidate.path, source.clone())),
            _ => None,
        });
        let program = program::follow(workspace, sources.collect(), stats);
        let one = |(candidate, loaded): (&Candidate, Result<Option<Loaded>, Skipped>)| {
            let analyze =
                |document: Document| analyze::analyze(workspace, candidate, &document, &program, options, stats);
            let result = loaded.map(|loaded| {
                loaded.map(|loaded| match loaded {
                    Loaded::Parsed(document, _) => analyze(document),
                    Loaded::Failed(report) => report,
                })
            });
            done();
            result
        };
        candidates.par_iter().zip(loaded).map(one).collect()
    });
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

/// Scans what a selection of the command line names, for all findings that there are.
///
/// # Errors
/// When a path or a configuration cannot be used.
pub fn of_selection(selection: &args::Selection) -> Result<(Workspace, Scan), Error> {
    guard_panics();
    let workspace = Workspace::open(selection, None)?;
    let pool = workers(selection.jobs)?;
    let walked = walk(&workspace, Limits::of(selection, &pool));
    let scan = scan(&workspace, &walked.candidates, &Options::default(), &pool, &Stats::start(), &|| ());
    Ok((workspace, scan))
}
