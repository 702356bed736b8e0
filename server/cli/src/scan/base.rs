//! A scan compared with a commit: the files that differ from it are analysed as they are and as they were, and a finding is
//! known if they had it then, wherever it stood. Other files are looked at only if known findings are wanted too.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use sidenote_core::findings::Fingerprint;

use super::{Candidate, Scan, Workspace};
use crate::args;
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

    /// Leaves the candidates that differ, or all of them, with what the index holds where that is asked for.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn narrow(&self, candidates: &mut Vec<Candidate>, all: bool) -> Result<(), Error> {
        if !all {
            candidates.retain(|c| self.changes.contains_key(&c.file));
        }
        if self.state == State::Index {
            let name = |c: &Candidate| self.repository.relative(&c.file);
            let names: Vec<_> = candidates.iter().filter_map(name).collect();
            let contents = self.repository.contents(None, &names)?;
            for candidate in candidates {
                // A file that is not in the index yet stays what it is.
                candidate.content = name(candidate).and_then(|n| contents.get(&n)).map(|b| Arc::from(b.as_slice()));
            }
        }
        Ok(())
    }

    /// The candidates as they were, under the names that they have now: a fingerprint holds the path.
    ///
    /// # Errors
    /// When git cannot tell.
    pub fn before(&self, candidates: &[Candidate]) -> Result<Vec<Candidate>, Error> {
        let Some(commit) = &self.commit else { return Ok(Vec::new()) };
        let name = |c: &Candidate| self.changes.get(&c.file).and_then(|change| change.before.clone());
        let names: Vec<_> = candidates.iter().filter_map(name).collect();
        let contents = self.repository.contents(Some(commit), &names)?;
        let old = candidates.iter().filter_map(|candidate| {
            let content = contents.get(&name(candidate)?)?;
            Some(Candidate { content: Some(content.as_slice().into()), odd: None, ..candidate.clone() })
        });
        Ok(old.collect())
    }
}

impl Base {
    /// Whether a file is as it was.
    pub fn is_unchanged(&self, file: &std::path::Path) -> bool {
        !self.changes.contains_key(file)
    }
}

/// The findings of a scan, suppressed ones left out: that one is no longer silenced makes it news.
pub fn fingerprints(scan: &Scan) -> HashSet<Fingerprint> {
    let findings = scan.files.iter().flat_map(|f| &f.findings).filter(|f| f.suppressed.is_none());
    findings.map(|f| f.fingerprint).collect()
}
