//! What people said of findings: dismissals, and what a model learns from them.
//!
//! The list is text that a team reviews. A **dismissal** speaks of one finding, by its fingerprint: it no longer counts, until the flagged
//! code changes. Dismissals of a rule are also examples: a finding whose surroundings are near to several of them
//! ([`vote`]) is treated likewise, as long as no finding that somebody **kept** is as near. Findings of security rules are never hidden, only
//! taken down to the least severity.
//!
//! This module knows no model: somebody else turns described texts ([`Subject`]) into vectors and tells the cosines.

mod list;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

pub use list::{Entry, FeedbackError, Kind, List, ListError};

use crate::findings::{Category, Finding, Fingerprint, Severity, fingerprints};
use crate::rules::Rule;
use crate::system::System;
use crate::text::Text;

/// The list's name at the root of a repository.
pub const FILE_NAME: &str = "sidenote-feedback.toml";

/// Dismissals of a rule that a finding must be near to.
pub const NEIGHBOURS: usize = 3;

/// Cosine, and share of identifiers in common, from which on a finding is near to a dismissed one: chosen on scripted histories
/// (`sidenote model replay`; the table is in `benches/README.md`).
const NEAR: f32 = 0.9;
const SAME_NAMES: f32 = 0.5;

/// Identifiers that flagged code must have to be compared by them.
const LEAST_IDENTIFIERS: usize = 2;
/// Most bytes of flagged code that are kept.
const LONGEST_FLAGGED: usize = 300;

/// Lines before and after a finding that say what it is about.
const AROUND: usize = 3;
/// Most lines of a finding's surroundings, and most bytes of a line.
const MOST_LINES: usize = 14;
const LONGEST_LINE: usize = 160;

/// Where a user's own list for a root is, in the folder of their choices.
pub fn user_file(folder: &Path, root: &Path) -> PathBuf {
    let hash = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
    let name = root.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    folder.join("feedback").join(format!("{name}-{}.toml", &hash[..16]))
}

/// What other findings of a rule are compared with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Examples {
    dismissed: Vec<Subject>,
    kept: Vec<Subject>,
}

impl Examples {
    /// The described texts, dismissed ones first.
    pub fn texts(&self) -> Vec<String> {
        self.dismissed.iter().chain(&self.kept).map(|s| s.described.clone()).collect()
    }

    /// The vote on a finding, by its cosines with these texts, in their order; `None` also where these are of other texts.
    pub fn vote(&self, own: &Subject, cosines: &[f32]) -> Option<Vote> {
        if cosines.len() != self.dismissed.len() + self.kept.len() {
            return None;
        }
        let (near, against) = cosines.split_at(self.dismissed.len());
        let near: Vec<_> = self.dismissed.iter().zip(near.iter().copied()).collect();
        let against: Vec<_> = self.kept.iter().zip(against.iter().copied()).collect();
        vote(own, &near, &against)
    }
}

/// What feedback makes of a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// Whether it follows from other findings, and nobody spoke of this one.
    pub learned: bool,
    /// In words.
    pub why: String,
}

/// The feedback that holds for a root.
#[derive(Clone, Debug, Default)]
pub struct Feedback {
    lists: List,
    by_id: HashMap<String, usize>,
    /// Files that entries speak of; a fingerprint holds in its file alone.
    paths: HashSet<String>,
    /// Rules with enough dismissals to learn from.
    learns: HashMap<String, usize>,
}

impl Feedback {
    /// The feedback of some lists on a day, `2026-11-28`; entries that are over do not count.
    pub fn new(lists: impl IntoIterator<Item = List>, today: &str) -> Feedback {
        let holds = |e: &Entry| e.expires.as_deref().is_none_or(|last| today <= last);
        let entries: Vec<Entry> = lists.into_iter().flat_map(|l| l.entries).filter(holds).collect();
        let mut feedback = Feedback::default();
        for entry in entries {
            // The user's own word, which comes later, wins.
            if let Some(old) = feedback.by_id.insert(entry.fingerprint.clone(), feedback.lists.entries.len()) {
                feedback.lists.entries[old].fingerprint.clear();
            }
            feedback.lists.entries.push(entry);
        }
        feedback.lists.entries.retain(|e| !e.fingerprint.is_empty());
        let places = feedback.lists.entries.iter().enumerate().map(|(n, e)| (e.fingerprint.clone(), n));
        feedback.by_id = places.collect();
        feedback.paths = feedback.lists.entries.iter().map(|e| e.path.clone()).collect();
        for entry in feedback.lists.entries.iter().filter(|e| e.kind == Kind::Dismissed) {
            *feedback.learns.entry(entry.rule.clone()).or_default() += 1;
        }
        feedback.learns.retain(|_, count| *count >= NEIGHBOURS);
        feedback
    }

    /// The feedback on what lies below a root: the repository's list, and this user's own.
    ///
    /// # Errors
    /// The list that cannot be used, and why.
    pub fn of_root(system: &dyn System, root: &Path, user: Option<&Path>, today: &str) -> Result<Feedback, ListError> {
        let files = [Some(root.join(FILE_NAME)), user.map(|folder| user_file(folder, root))];
        let mut lists = Vec::new();
        for file in files.into_iter().flatten() {
            if let Some(text) = system.read(&file) {
                lists.push(List::parse(&text).map_err(|error| ListError::Bad { file, error })?);
            }
        }
        Ok(Feedback::new(lists, today))
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.lists.entries.is_empty()
    }

    /// Whether there is anything to learn from.
    pub fn can_learn(&self) -> bool {
        !self.learns.is_empty()
    }

    /// Whether there is enough to learn from for a rule.
    pub fn learns(&self, rule: &str) -> bool {
        self.learns.contains_key(rule)
    }

    /// What was said of a finding.
    pub fn of(&self, id: &Fingerprint) -> Option<&Entry> {
        self.by_id.get(&id.to_string()).map(|n| &self.lists.entries[*n])
    }

    /// The fingerprints of what was dismissed.
    pub fn dismissed(&self) -> impl Iterator<Item = &str> {
        self.lists.entries.iter().filter(|e| e.kind == Kind::Dismissed).map(|e| e.fingerprint.as_str())
    }

    /// A rule's dismissed and kept findings.
    pub fn examples(&self, rule: &str) -> Examples {
        let of = |kind: Kind| {
            let entries = self.lists.entries.iter().filter(|e| e.kind == kind && e.rule == rule);
            entries.map(|e| Subject::new(&e.rule, &e.message, &e.flagged, &e.code)).collect()
        };
        Examples { dismissed: of(Kind::Dismissed), kept: of(Kind::Kept) }
    }

    /// What is to be done about a finding by what was said of it, or by a vote over its described text.
    pub fn judge(&self, rule: &Rule, id: &Fingerprint, vote: impl FnOnce() -> Option<Vote>) -> Option<Told> {
        match self.of(id) {
            Some(entry) if entry.kind == Kind::Kept => None,
            Some(entry) => {
                let why = entry.reason.as_deref().filter(|r| !r.trim().is_empty()).unwrap_or("no reason given");
                Some(Told { learned: false, why: format!("dismissed: {why}") })
            }
            None if self.learns(rule.id) => {
                let Vote { near, percent } = vote()?;
                let why = format!("like {near} findings that were dismissed (likeness {percent} %)");
                Some(Told { learned: true, why })
            }
            None => None,
        }
    }

    /// Applies what was said to a document's findings. `vote` is asked for the vote over a described text ([`Subject`]).
    pub fn apply(&self, path: &str, text: &Text, findings: &mut [Finding], vote: &dyn Fn(&str) -> Option<Vote>) {
        // Fingerprints cost a hash over the flagged code of every finding: most files have nothing to do with any entry.
        let speaks = |f: &Finding| self.paths.contains(path) || self.learns(f.rule.id);
        if !findings.iter().any(speaks) {
            return;
        }
        let ids = fingerprints(path, text, findings);
        for (finding, id) in findings.iter_mut().zip(ids).filter(|(f, _)| f.suppressed.is_none()) {
            let vote = || vote(&Subject::of(finding.rule.id, &finding.message, text, &finding.range).described);
            let Some(told) = self.judge(finding.rule, &id, vote) else { continue };
            if hides(finding.rule) {
                finding.suppressed = Some(told.why.clone());
            } else {
                finding.severity = Severity::Info;
            }
            finding.feedback = Some(told);
        }
    }
}

/// Whether a dismissed finding of a rule is left out; else it is only taken down.
pub fn hides(rule: &Rule) -> bool {
    rule.category != Category::Security
}

/// The code around a finding: its lines and a few before and after, without their common indentation.
pub fn surroundings(text: &Text, range: &Range<usize>) -> String {
    let first = text.line_of(range.start.min(text.len()));
    let last = text.line_of(range.end.min(text.len())).clamp(first, first + MOST_LINES);
    let from = first.saturating_sub(AROUND);
    let to = (last + AROUND + 1).min(text.lines()).min(from + MOST_LINES);
    let cut = |line: &str| {
        let end = line.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= LONGEST_LINE).last();
        line[..end.unwrap_or(0)].trim_end().to_owned()
    };
    let lines: Vec<String> = (from..to)
        .map(|line| {
            let (start, end) = (text.line_start(line), text.line_start(line + 1));
            // A line may be as long as the file.
            cut(&text.slice(start, end.min(start + 4 * LONGEST_LINE)))
        })
        .collect();
    let indent = |line: &String| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = lines.iter().filter(|l| !l.is_empty()).map(indent).min().unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|l| l.get(common..).unwrap_or_default()).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// The flagged code itself, on one line and not too long.
pub fn flagged(text: &Text, range: &Range<usize>) -> String {
    let code = text.slice(range.start, range.end.min(range.start + LONGEST_FLAGGED));
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a finding is compared by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// What is embedded: rule, message, surroundings.
    pub described: String,
    identifiers: BTreeSet<String>,
}

impl Subject {
    /// Of a finding in a text.
    pub fn of(rule: &str, message: &str, text: &Text, range: &Range<usize>) -> Subject {
        Subject::new(rule, message, &flagged(text, range), &surroundings(text, range))
    }

    /// Of a finding's parts.
    pub fn new(rule: &str, message: &str, flagged: &str, surroundings: &str) -> Subject {
        let of_flagged = identifiers(flagged);
        // A keyword or an operator says nothing; then it is what stands around it.
        let identifiers = if of_flagged.len() >= LEAST_IDENTIFIERS { of_flagged } else { identifiers(surroundings) };
        Subject { described: format!("{rule}: {message}\n{surroundings}"), identifiers }
    }

    /// Share of the identifiers that both have, 0 to 1.
    fn overlap(&self, other: &Subject) -> f32 {
        let common = self.identifiers.intersection(&other.identifiers).count();
        let all = self.identifiers.len() + other.identifiers.len() - common;
        common as f32 / all.max(1) as f32
    }
}

fn identifiers(code: &str) -> BTreeSet<String> {
    let words = code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    words.filter(|w| w.starts_with(|c: char| !c.is_numeric())).map(str::to_owned).collect()
}

/// The outcome of a vote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vote {
    /// Dismissals that are near.
    pub near: usize,
    /// The cosine of the last one that was needed, in hundredths.
    pub percent: u8,
}

/// Whether a finding goes the way of dismissed ones, by its cosines with those and with the kept ones of its rule: enough of
/// the dismissed are near and name mostly the same things, and none of the kept is nearer than the last of these.
pub fn vote(own: &Subject, dismissed: &[(&Subject, f32)], kept: &[(&Subject, f32)]) -> Option<Vote> {
    let is_near = |(other, cosine): &&(&Subject, f32)| *cosine >= NEAR && own.overlap(other) >= SAME_NAMES;
    let mut near: Vec<f32> = dismissed.iter().filter(is_near).map(|d| d.1).collect();
    near.sort_by(|a, b| b.total_cmp(a));
    let last = *near.get(NEIGHBOURS - 1)?;
    if kept.iter().any(|(_, cosine)| *cosine >= last) {
        return None;
    }
    Some(Vote { near: near.len(), percent: (last.clamp(0.0, 1.0) * 100.0) as u8 })
}

#[cfg(test)]
mod tests;
