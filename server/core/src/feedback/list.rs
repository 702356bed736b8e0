//! The list as text.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{flagged, surroundings};
use crate::system::{IoError, read_list, today, write_list};
use crate::text::Text;

/// The form of the list that is read and written.
const FORMAT: u32 = 1;

const HEAD: &str = "\
# Findings that somebody looked at: `dismissed` ones no longer count, `kept` ones are true.
# `sidenote dismiss FILE:LINE --reason \"...\"` adds an entry, `sidenote dismiss --undo FILE:LINE` takes it back.
# An entry holds as long as the flagged code stays the same; a rule's entries are examples for others like them.
";

/// Why a list cannot be used.
#[derive(thiserror::Error, PartialEq, Eq, Debug)]
pub enum FeedbackError {
    /// It is no list.
    #[error("{0}")]
    Parse(String),
    /// A newer Sidenote wrote it.
    #[error("it has format {0}, and this Sidenote knows {FORMAT}")]
    Format(u32),
}

/// Why a list cannot be used or changed.
#[derive(thiserror::Error, Debug)]
pub enum ListError {
    /// It is no list.
    #[error("the feedback `{}` cannot be used: {error}", file.display())]
    Bad {
        /// Where it is.
        file: PathBuf,
        /// Why.
        error: FeedbackError,
    },
    /// It cannot be read.
    #[error("cannot read the feedback `{}`: {source}", file.display())]
    Read {
        /// Where it is.
        file: PathBuf,
        /// Why.
        source: IoError,
    },
    /// It cannot be written; what was there is still there.
    #[error("cannot write the feedback `{}`: {source}", file.display())]
    Write {
        /// Where it is.
        file: PathBuf,
        /// Why.
        source: IoError,
    },
}

/// What was said of a finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It does not matter here.
    #[default]
    Dismissed,
    /// It matters, and what is said of others does not hide it.
    Kept,
}

/// One finding of which something was said.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What is said.
    #[serde(default)]
    pub kind: Kind,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its rule.
    pub rule: String,
    /// Its file, relative to the root, with `/`; for people.
    pub path: String,
    /// Its line; for people.
    #[serde(default)]
    pub line: u32,
    /// The function around it; for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub symbol: String,
    /// What it said.
    #[serde(default)]
    pub message: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The day on which it was said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub since: String,
    /// The last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The flagged code on one line, and the code around it, by which others are compared with it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub flagged: String,
    /// See `flagged`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
}

impl Entry {
    /// An entry that quotes the code of a finding, said today; the rest is for the caller to fill in.
    pub fn quoting(text: &Text, range: &Range<usize>) -> Entry {
        Entry {
            line: u32::try_from(text.line_of(range.start) + 1).unwrap_or(u32::MAX),
            since: today(),
            flagged: flagged(text, range),
            code: surroundings(text, range),
            ..Entry::default()
        }
    }
}

/// A list of entries.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    format: u32,
    /// In the order of paths and lines.
    #[serde(default, rename = "finding", skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
}

impl List {
    /// The list in a file; one that is not there is empty.
    ///
    /// # Errors
    /// When it cannot be read, or is no list.
    pub fn open(file: &Path) -> Result<List, ListError> {
        match read_list(file) {
            Ok(Some(text)) => List::parse(&text).map_err(|error| ListError::Bad { file: file.to_owned(), error }),
            Ok(None) => Ok(List::default()),
            Err(source) => Err(ListError::Read { file: file.to_owned(), source }),
        }
    }

    /// Writes it to a file, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, file: &Path) -> Result<(), ListError> {
        write_list(file, &self.text()).map_err(|source| ListError::Write { file: file.to_owned(), source })
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it is no list, or one of a newer Sidenote.
    pub fn parse(text: &str) -> Result<List, FeedbackError> {
        #[derive(Deserialize)]
        struct Head {
            format: Option<u32>,
        }
        let broken = |e: toml::de::Error| FeedbackError::Parse(e.to_string().trim_end().to_owned());
        match toml::from_str::<Head>(text).map_err(broken)?.format {
            None => return Err(FeedbackError::Parse("`format = 1` is missing".to_owned())),
            Some(FORMAT) => {}
            Some(format) => return Err(FeedbackError::Format(format)),
        }
        let list: List = toml::from_str(text).map_err(broken)?;
        let is_day = |day: &str| {
            day.len() == 10
                && day.bytes().enumerate().all(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() })
        };
        match list.entries.iter().find(|e| e.expires.as_deref().is_some_and(|day| !is_day(day))) {
            Some(entry) => Err(FeedbackError::Parse(format!(
                "the entry of `{}` in `{}`: `{}` is no day; write it as 2027-03-31",
                entry.rule,
                entry.path,
                entry.expires.as_deref().unwrap_or_default()
            ))),
            None => Ok(list),
        }
    }

    /// As text, sorted, so that a change of one entry is a change of one place.
    pub fn text(&self) -> String {
        let mut list = List { format: FORMAT, entries: self.entries.clone() };
        list.entries.sort_by(|a, b| {
            (&a.path, a.line, &a.rule, &a.fingerprint).cmp(&(&b.path, b.line, &b.rule, &b.fingerprint))
        });
        // Serialising plain strings and numbers cannot fail.
        format!("{HEAD}{}", toml::to_string_pretty(&list).unwrap_or_default())
    }

    /// Says something of a finding, in place of what was said of it before.
    pub fn set(&mut self, entry: Entry) {
        self.entries.retain(|e| e.fingerprint != entry.fingerprint);
        self.entries.push(entry);
    }

    /// Takes back what was said of a finding.
    pub fn take(&mut self, fingerprint: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|e| e.fingerprint == fingerprint)?;
        Some(self.entries.remove(at))
    }
}
