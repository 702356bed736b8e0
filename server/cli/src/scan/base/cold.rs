//! The comparison where nothing is known from earlier scans: all files are parsed, for any may hold the twin of a function that
//! changed, but the data is followed only through those that have to do with what changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use sidenote_core::engine::Flow;
use sidenote_core::findings::Fingerprint;
use sidenote_core::program::Source;

use super::connected::connected;
use super::{Base, Before};
use crate::baseline::mark_known;
use crate::scan::analyze::{self, Copies, Loaded, Rules};
use crate::scan::beside;
use crate::scan::program::Following;
use crate::scan::twins::{self, Function};
use crate::scan::{Candidate, Job, Options, Read, Scan, collected, parsed, put_aside};

/// A file that was read, by its path.
type Version<'s> = (&'s str, &'s Source);

/// Compares what is found with what was found in the commit.
pub(super) fn compare(
    base: &Base,
    job: &Job<'_>,
    (candidates, before): (&[Candidate], &[Before]),
    keep_known: bool,
) -> Scan {
    // Of a file that is as it was something is reported only if another made it so.
    let loaded = job.load(candidates, |c| match keep_known || base.differs(c) {
        true => Rules::Soon,
        false => Rules::OnDemand,
    });
    let old: Vec<Candidate> = before.iter().map(|b| b.candidate.clone()).collect();
    let old_loaded = job.load(&old, |_| Rules::Soon);
    let is_changed: HashSet<&str> = candidates.iter().filter(|c| base.differs(c)).map(|c| &*c.path).collect();
    let paths = old.iter().chain(candidates).map(|c| &*c.path);
    let states = States {
        same: parsed(candidates, &loaded).filter(|(path, _)| !is_changed.contains(path)).collect(),
        was: parsed(&old, &old_loaded).collect(),
        is: parsed(candidates, &loaded).filter(|(path, _)| is_changed.contains(path)).collect(),
        old: old.iter().map(|c| &*c.path).collect(),
    };
    // What repeats what, then and now.
    let now = functions(job, candidates, &loaded);
    let then = candidates.iter().zip(&now).filter(|(c, _)| !base.differs(c)).map(|(_, functions)| functions.clone());
    let then = then.chain(functions(job, &old, &old_loaded)).collect();
    let (were_copies, copies) = rayon::join(|| copies(then), || copies(now.clone()));
    let number = |copies: &FxHashMap<Arc<str>, Copies>, path| copies.get(path).map_or(0, Vec::len);
    let mut news: HashSet<Arc<str>> =
        copies.keys().filter(|path| number(&copies, *path) != number(&were_copies, *path)).cloned().collect();
    let Followed { following, flows, news: by_flow } = states.follow(job, paths, (!keep_known).then_some(&news));
    news.extend(by_flow);
    let looked_at = |c: &Candidate| base.differs(c) || news.contains(&c.path);
    let options = Options { min_severity: job.options.min_severity, ..Options::default() };
    let earlier = |candidate: &Candidate, name: &str, loaded: &Read| match loaded {
        Ok(Some(Loaded::Parsed(parsed))) => {
            let known = (flows.get(&*candidate.path).cloned(), were_copies.get(&candidate.path));
            analyze::fingerprints_of(job.workspace, candidate, name, parsed, known, &options)
        }
        _ => Vec::new(),
    };
    let of_old = before.par_iter().zip(&old_loaded).flat_map_iter(|(b, loaded)| match &b.now {
        Some(name) => earlier(&b.candidate, name, loaded),
        None => Vec::new(),
    });
    let of_same = candidates
        .par_iter()
        .zip(&loaded)
        .filter(|(c, _)| !base.differs(c) && news.contains(&c.path))
        .flat_map_iter(|(c, loaded)| earlier(c, &c.path, loaded));
    let known: HashSet<Fingerprint> = of_old.chain(of_same).collect();
    let wanted = candidates.par_iter().zip(loaded).with_max_len(1).filter(|(c, _)| keep_known || looked_at(c));
    let program = following.program();
    let told = |(c, loaded): (&Candidate, Read)| job.report(c, loaded, (program, copies.get(&c.path)));
    let results: Vec<_> = wanted.map(told).collect();
    put_aside(following.into_program());
    let mut scan = collected(results);
    let untouched: HashSet<&str> = candidates.iter().filter(|c| !looked_at(c)).map(|c| &*c.path).collect();
    mark_known(&mut scan, |file, id| untouched.contains(&*file.path) || known.contains(id), keep_known);
    if !keep_known {
        // A file that was looked at for another's sake, and has nothing to say.
        scan.files.retain(|f| base.changes.contains_key(&f.file) || !f.findings.is_empty());
    }
    scan
}

/// A file's functions that may have twins.
type Functions = (Arc<str>, Vec<Function>);

/// The functions of each candidate.
fn functions(job: &Job<'_>, candidates: &[Candidate], read: &[Read]) -> Vec<Functions> {
    let files: Vec<(&Candidate, &Read)> = candidates.iter().zip(read).collect();
    beside::map(&files, |(c, read)| (c.path.clone(), twins::functions_of(job.workspace, c, read)))
}

/// The functions of files that repeat others.
fn copies(mut files: Vec<Functions>) -> FxHashMap<Arc<str>, Copies> {
    files.sort_by(|a, b| a.0.cmp(&b.0));
    twins::across(&files)
}

/// The program as it was and as it is.
struct States<'s> {
    /// Files that do not differ.
    same: Vec<Version<'s>>,
    /// The others.
    was: Vec<Version<'s>>,
    is: Vec<Version<'s>>,
    /// Where something was, whether it could be parsed or not.
    old: Vec<&'s str>,
}

/// What is known of the program as it is, and of how it was.
struct Followed<'w> {
    following: Following<'w>,
    /// What was found, by path.
    flows: HashMap<String, Flow>,
    /// Files of which the flow is another now.
    news: HashSet<Arc<str>>,
}

impl States<'_> {
    /// Follows the data through the program as it was, and then as it is: only what differs is followed again, and only where
    /// that has to do with a change or with some `other` files, unless all are asked for.
    fn follow<'w, 'p>(
        &self,
        job: &Job<'w>,
        paths: impl Iterator<Item = &'p str>,
        other: Option<&HashSet<Arc<str>>>,
    ) -> Followed<'w> {
        let mut following = Following::new(job.workspace, job.stats);
        for (path, source) in &self.same {
            following.set(path, (*source).clone());
        }
        self.back(&mut following);
        let wanted = other.map(|other| {
            let mut edges = following.edges();
            self.forth(&mut following);
            edges.extend(following.edges());
            self.back(&mut following);
            let changed = self.was.iter().chain(&self.is).map(|(path, _)| Arc::from(*path));
            connected(edges.iter(), changed.chain(other.iter().cloned()))
        });
        let wanted = |path: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(path));
        following.follow_those(&wanted);
        let flow = |path: &str| following.program().flow(path).filter(|_| following.program().failure(path).is_none());
        let flows = paths.filter_map(|path| Some((path.to_owned(), flow(path)?))).collect();
        self.forth(&mut following);
        let news = following.follow_those(&wanted).into_iter().filter(|path| wanted(path)).collect();
        Followed { following, flows, news }
    }

    fn back(&self, following: &mut Following<'_>) {
        swap(following, self.is.iter().map(|(path, _)| *path), &self.was);
    }

    fn forth(&self, following: &mut Following<'_>) {
        swap(following, self.old.iter().copied(), &self.is);
    }
}

/// Puts some versions of files in the place of others; what has no other version is gone.
fn swap<'s>(following: &mut Following<'_>, gone: impl Iterator<Item = &'s str>, new: &[Version<'_>]) {
    let kept: HashSet<&str> = new.iter().map(|(path, _)| *path).collect();
    gone.filter(|path| !kept.contains(path)).for_each(|path| following.remove(path));
    for (path, source) in new {
        following.set(path, (*source).clone());
    }
}
