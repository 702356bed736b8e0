//! What people said of findings, in the editor: it is applied to every analysis, and changed by commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sidenote_core::document::Document;
use sidenote_core::engine::Report;
use sidenote_core::feedback::{Entry, Examples, FILE_NAME, Feedback, Kind, List, ListError, Subject, Vote, user_file};
use sidenote_core::findings::{Finding, fingerprints};
use sidenote_core::system::{OsSystem, today, user_config};
use tower_lsp::ls_types::Uri;

use crate::pool::Analysis;

/// The feedback on one root, with what a model made of it so far.
pub(crate) struct Said {
    root: PathBuf,
    feedback: Feedback,
    /// What is wrong with a list.
    pub problem: Option<String>,
    /// By described text: the vote, or that there is none.
    votes: Mutex<FxHashMap<String, Option<Vote>>>,
}

/// Votes that are remembered; edits around findings make ever new texts.
const MOST_VOTES: usize = 10_000;

/// Findings that wait for a vote, and the examples that they are compared with.
pub(crate) struct Question {
    findings: Vec<Subject>,
    examples: Examples,
}

impl Question {
    /// What is to be compared with what.
    pub(crate) fn texts(&self) -> (Vec<String>, Vec<String>) {
        (self.findings.iter().map(|s| s.described.clone()).collect(), self.examples.texts())
    }
}

impl Said {
    /// Reads the lists of a root.
    pub(crate) fn of_root(root: PathBuf) -> Said {
        let (feedback, problem) = match Feedback::of_root(&OsSystem, &root, user_config().as_deref(), &today()) {
            Ok(feedback) => (feedback, None),
            Err(error) => (Feedback::default(), Some(error.to_string())),
        };
        Said { root, feedback, problem, votes: Mutex::default() }
    }

    fn votes(&self) -> std::sync::MutexGuard<'_, FxHashMap<String, Option<Vote>>> {
        self.votes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies it to what was found in a document that lies at a path below the root.
    pub(crate) fn apply(&self, path: &str, document: &Document, report: &mut Report) {
        let known = |described: &str| self.votes().get(described).copied().flatten();
        self.feedback.apply(path, document.text(), &mut report.findings, &known);
    }

    /// By rule, what a model should be asked about an analysis.
    pub(crate) fn questions(&self, path: &str, analysis: &Analysis) -> Vec<Question> {
        let Some(document) = analysis.document.as_ref().filter(|_| self.feedback.can_learn()) else {
            return Vec::new();
        };
        let asks = |f: &&Finding| f.suppressed.is_none() && f.feedback.is_none() && self.feedback.learns(f.rule.id);
        if !analysis.report.findings.iter().any(|f| asks(&f)) {
            return Vec::new();
        }
        let ids = fingerprints(path, document.text(), &analysis.report.findings);
        let mut by_rule: BTreeMap<&str, FxHashMap<String, Subject>> = BTreeMap::new();
        for (finding, id) in analysis.report.findings.iter().zip(ids).filter(|(f, _)| asks(f)) {
            let own = Subject::of(finding.rule.id, &finding.message, document.text(), &finding.range);
            if self.feedback.of(&id).is_none() && !self.votes().contains_key(&own.described) {
                by_rule.entry(finding.rule.id).or_default().insert(own.described.clone(), own);
            }
        }
        let question = |(rule, findings): (&str, FxHashMap<String, Subject>)| Question {
            findings: findings.into_values().collect(),
            examples: self.feedback.examples(rule),
        };
        by_rule.into_iter().map(question).collect()
    }

    /// Takes the answer to a question: the cosines of each text with the dismissed and the kept examples. Whether anything is to be
    /// told anew.
    pub(crate) fn take(&self, question: Question, rows: Vec<Option<Vec<f32>>>) -> bool {
        let mut votes = self.votes();
        if votes.len() > MOST_VOTES {
            votes.clear();
        }
        let mut news = false;
        for (own, row) in question.findings.into_iter().zip(rows) {
            let Some(row) = row else { continue };
            let vote = question.examples.vote(&own, &row);
            news |= vote.is_some();
            votes.insert(own.described, vote);
        }
        news
    }
}

/// What a client says of a finding.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Word {
    pub uri: Uri,
    pub fingerprint: String,
    #[serde(default)]
    reason: Option<String>,
    /// For this user alone.
    #[serde(default)]
    user: bool,
}

/// Dismisses a finding of an analysis, or takes that back; the answer says what is true now.
///
/// # Errors
/// Why nothing was changed, for people.
pub(crate) fn say(word: &Word, analysis: &Analysis, undo: bool) -> Result<String, String> {
    let (Some(document), Some(said), Some(path)) = (&analysis.document, &analysis.said, &analysis.path) else {
        return Err("feedback is kept for files of a workspace folder".to_owned());
    };
    let ids = fingerprints(path, document.text(), &analysis.report.findings);
    let found = analysis.report.findings.iter().zip(ids).find(|(_, id)| id.to_string() == word.fingerprint);
    let (finding, _) = found.ok_or("this finding is no longer there")?;
    let told = |error: ListError| error.to_string();
    let open = |file: &Path| List::open(file).map_err(told);
    let (team, own) = (said.root.join(FILE_NAME), user_config().map(|folder| user_file(&folder, &said.root)));
    if undo {
        for file in std::iter::once(&team).chain(&own) {
            let mut list = open(file)?;
            if list.take(&word.fingerprint).is_some() {
                list.save(file).map_err(told)?;
                return Ok(format!("`{}` counts again", finding.rule.id));
            }
        }
    }
    let file = if word.user { own.ok_or("there is no home folder for a list of your own")? } else { team };
    let mut list = open(&file)?;
    list.set(Entry {
        // What was learned is wrong here, where nobody spoke of the finding.
        kind: if undo { Kind::Kept } else { Kind::Dismissed },
        fingerprint: word.fingerprint.clone(),
        rule: finding.rule.id.to_owned(),
        path: path.clone(),
        symbol: finding.symbol.clone(),
        message: finding.message.clone(),
        reason: word.reason.clone().filter(|r| !r.trim().is_empty()),
        ..Entry::quoting(document.text(), &finding.range)
    });
    list.save(&file).map_err(told)?;
    Ok(if undo {
        format!("`{}` counts again, whatever is like it", finding.rule.id)
    } else {
        format!("`{}` is dismissed in {}", finding.rule.id, file.display())
    })
}

/// Findings of an analysis with their fingerprints, where feedback can be given.
pub(crate) fn named(analysis: &Analysis) -> Vec<(&Finding, String)> {
    let (Some(document), Some(path)) = (&analysis.document, &analysis.path) else { return Vec::new() };
    let ids = fingerprints(path, document.text(), &analysis.report.findings);
    analysis.report.findings.iter().zip(ids.iter().map(ToString::to_string)).collect()
}
