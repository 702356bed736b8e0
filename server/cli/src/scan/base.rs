//! A scan compared with a commit: the files that differ from it are analysed as they are and as they were, and so is every
//! file in which another finds something else because of them. A finding is known if it was there then, wherever it stood.

mod cold;
mod connected;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use sidenote_core::findings::{Fingerprint, fingerprints_of};
use sidenote_core::text::Text;

use super::cache::{self, Cache, Imported, Looked, Snapshot};
use super::{Candidate, Job, Options, Scan, Workspace, collected};
use crate::args;
use crate::baseline::mark_known;
use crate::error::Error;
use crate::git::{Change, Repository, State};

/// The commit, and what differs from it.
pub struct Base {
    repository: Repository,
    /// `None` before the first commit.
    commit: Option<String>,
    state: State,
    changes: HashMap<PathBuf, Change>,
}

impl Base {
    /// What `--diff`, `--changed` and `--staged` ask for; `None` without any of them.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn open(workspace: &Workspace, args: &args::Scan) -> Result<Option<Base>, Error> {
        if args.since().is_none() && !args.changed && !args.staged {
            return Ok(None);
        }
        let repository = Repository::of(workspace.root())?;
        let commit = match args.since() {
            Some(name) => Some(repository.merge_base(name)?),
            None => repository.commit("HEAD").ok(),
        };
        let state = if args.staged { State::Index } else { State::WorkTree };
        let changes = repository.changes(commit.as_deref(), state)?;
        let changes = changes.into_iter().map(|change| (change.file.clone(), change)).collect();
        Ok(Some(Base { repository, commit, state, changes }))
    }

    /// Scans the candidates and marks what is known. Only files that differ are reported, and those in which something else
    /// is found because of them; all of them if `keep_known`.
    ///
    /// # Errors
    /// When git cannot tell what the files held.
    pub fn scan(&self, job: &Job<'_>, mut candidates: Vec<Candidate>, keep_known: bool) -> Result<Scan, Error> {
        if self.state == State::Index {
            self.take_from_index(&mut candidates)?;
        }
        let changed = |c: &Candidate| self.changes.contains_key(&c.file);
        if !keep_known && !candidates.iter().any(changed) {
            return Ok(Scan::default());
        }
        let before = self.before(job.workspace, &candidates)?;
        Ok(job.pool.install(|| {
            let kept = job.cache.and_then(|cache| self.compare_kept(job, cache, &candidates, &before, keep_known));
            kept.unwrap_or_else(|| cold::compare(self, job, (&candidates, &before), keep_known))
        }))
    }

    /// The same as [`cold::compare`], where it is known what was found in most files before the change.
    fn compare_kept(
        &self,
        job: &Job<'_>,
        cache: &Cache,
        candidates: &[Candidate],
        before: &[Before],
        keep_known: bool,
    ) -> Option<Scan> {
        if cache.is_empty() {
            return None;
        }
        let changed = |c: &Candidate| self.changes.contains_key(&c.file);
        let old: Vec<Candidate> = before.iter().map(|b| b.candidate.clone()).collect();
        let (looked, old_looked) = (cache::look(job, cache, candidates), cache::look(job, cache, &old));
        let is: Vec<(&Candidate, &Looked)> = candidates.iter().zip(&looked).collect();
        let same = is.iter().copied().filter(|(c, _)| !changed(c));
        let mut was: Vec<(&Candidate, &Looked)> = same.chain(old.iter().zip(&old_looked)).collect();
        was.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let new_paths: HashSet<Arc<str>> = candidates.iter().filter(|c| changed(c)).map(|c| c.path.clone()).collect();
        let old_paths: HashSet<Arc<str>> = old.iter().map(|c| c.path.clone()).collect();
        // What matters of the old state is all that there was, whatever is asked for now.
        let everything = Options { min_severity: job.options.min_severity, ..Options::default() };
        let old_job = Job { options: everything, done: &|| (), ..*job };
        let (imported, outline) = Imported::of(&old_job, cache, &was, &new_paths);
        let then = Snapshot::new(&old_job, cache, &was, (&imported, outline));
        if then.cost(&old_job, cache, &was) * 4 > was.len() {
            return None;
        }
        let (now_imported, outline) = Imported::of(job, cache, &is, &old_paths);
        let now = Snapshot::new(job, cache, &is, (&now_imported, outline));
        let differs = |c: &Candidate| changed(c) || then.key(&c.path) != now.key(&c.path);
        let wanted: Vec<_> = is.iter().copied().filter(|(c, _)| keep_known || differs(c)).collect();
        // Texts are told before they are analysed, and gone.
        let named: HashMap<&str, (Option<&Arc<str>>, Option<String>)> = before
            .iter()
            .zip(&old_looked)
            .map(|(b, looked)| {
                let renamed = b.now.as_ref().is_some_and(|now| *now != b.candidate.path);
                (
                    &*b.candidate.path,
                    (b.now.as_ref(), renamed.then(|| looked.text(&old_job, cache, &b.candidate)).flatten()),
                )
            })
            .collect();
        let mattered: Vec<_> =
            was.iter().copied().filter(|(c, _)| named.contains_key(&*c.path) || differs(c)).collect();
        let mut known: HashSet<Fingerprint> = HashSet::new();
        for file in then.found(&old_job, cache, &mattered).into_iter().flatten().flatten() {
            match named.get(&*file.path) {
                None | Some((Some(_), None)) => known.extend(file.findings.iter().map(|f| f.fingerprint)),
                // Gone, and with it what was found there.
                Some((None, _)) => {}
                Some((Some(name), Some(text))) => {
                    let findings = file.findings.iter().map(|f| (f.rule.id, f.symbol.as_str(), f.region.range()));
                    known.extend(fingerprints_of(name, &Text::new(text), findings));
                }
            }
        }
        let mut scan = collected(now.found(job, cache, &wanted));
        let untouched: HashSet<&str> = candidates.iter().filter(|c| !differs(c)).map(|c| &*c.path).collect();
        mark_known(&mut scan, |file, id| untouched.contains(&*file.path) || known.contains(id), keep_known);
        if !keep_known {
            scan.files.retain(|f| new_paths.contains(&f.path) || !f.findings.is_empty());
        }
        Some(scan)
    }

    fn take_from_index(&self, candidates: &mut [Candidate]) -> Result<(), Error> {
        let name = |c: &Candidate| self.repository.relative(&c.file).filter(|_| self.changes.contains_key(&c.file));
        let names: Vec<_> = candidates.iter().filter_map(name).collect();
        let contents = self.repository.contents(None, &names)?;
        for candidate in candidates {
            candidate.content = name(candidate).and_then(|n| contents.get(&n)).map(|b| Arc::from(b.as_slice()));
        }
        Ok(())
    }

    /// What differs, as it was. Files keep the names that they had: others import them by these.
    fn before(&self, workspace: &Workspace, candidates: &[Candidate]) -> Result<Vec<Before>, Error> {
        let Some(commit) = &self.commit else { return Ok(Vec::new()) };
        let mut now: HashMap<&PathBuf, &Candidate> = HashMap::new();
        for candidate in candidates {
            now.insert(&candidate.file, candidate);
        }
        let mut changes: Vec<&Change> = self.changes.values().filter(|c| c.before.is_some()).collect();
        changes.sort_by(|a, b| a.file.cmp(&b.file));
        let names: Vec<_> = changes.iter().filter_map(|c| c.before.clone()).collect();
        let contents = self.repository.contents(Some(commit), &names)?;
        let old = changes.into_iter().filter_map(|change| {
            let name = change.before.as_ref()?;
            let file = self.repository.file(name);
            let candidate = now.get(&change.file);
            // A file that is gone had its part in what was found elsewhere.
            let target = workspace.targets().iter().find(|t| file.starts_with(&t.path));
            let project = candidate.map(|c| c.project).or(target.map(|t| t.project))?;
            Some(Before {
                candidate: Candidate {
                    path: workspace.relative(&file),
                    file,
                    project,
                    named: false,
                    odd: None,
                    content: Some(contents.get(name)?.as_slice().into()),
                },
                now: candidate.map(|c| c.path.clone()),
            })
        });
        Ok(old.collect())
    }
}

impl Base {
    /// Whether a file differs from the commit.
    fn differs(&self, candidate: &Candidate) -> bool {
        self.changes.contains_key(&candidate.file)
    }
}

/// A file as it was.
struct Before {
    candidate: Candidate,
    /// Its path now: a fingerprint holds the path. `None` if it is gone.
    now: Option<Arc<str>>,
}
