//! The baseline: a list of findings that are accepted for now, as text that people review.
//!
//! An entry stands for one finding, by its fingerprint, which counts equal findings of a function apart: where two of them
//! were accepted, a third is new.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sidenote_core::findings::Fingerprint;

use crate::scan::{FileReport, Finding, Scan};

const FORMAT: u32 = 1;

/// Why a baseline cannot be used.
#[derive(thiserror::Error, Debug)]
pub enum BaselineError {
    /// It cannot be read.
    #[error("cannot read the baseline `{}`: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// It is no baseline.
    #[error("`{}` is no baseline: {message}", path.display())]
    Parse { path: PathBuf, message: String },
    /// A newer Sidenote wrote it.
    #[error("the baseline `{}` has format {format}; this Sidenote knows {FORMAT}", path.display())]
    Format { path: PathBuf, format: u32 },
    /// It is there already.
    #[error("there is a baseline `{}` already", .0.display())]
    Exists(PathBuf),
}

impl BaselineError {
    /// What the user may do next.
    pub fn next_step(&self) -> Option<String> {
        Some(match self {
            BaselineError::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                "`sidenote baseline create` writes one".to_owned()
            }
            BaselineError::Read { .. } => return None,
            BaselineError::Parse { .. } => {
                "mend it, or write it anew with `sidenote baseline create --force`".to_owned()
            }
            BaselineError::Format { .. } => "use the Sidenote that wrote it, or a newer one".to_owned(),
            BaselineError::Exists(_) => {
                "`sidenote baseline update` keeps its reasons; `--force` writes it anew".to_owned()
            }
        })
    }
}

/// The list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    format: u32,
    /// The health when it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health: Option<Health>,
    #[serde(default, rename = "finding", skip_serializing_if = "Vec::is_empty")]
    entries: Vec<Entry>,
}

/// A score, and of which paths.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Health {
    score: f64,
    of: Vec<String>,
}

/// An accepted finding. Everything but the fingerprint, the reason and the day is for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    rule: String,
    path: String,
    #[serde(default)]
    line: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    symbol: String,
    #[serde(default)]
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

/// What an update did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    pub added: usize,
    pub kept: usize,
    pub removed: usize,
}

impl Baseline {
    /// Reads one.
    ///
    /// # Errors
    /// When the file cannot be read or is no baseline.
    pub fn load(path: &Path) -> Result<Baseline, BaselineError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| BaselineError::Read { path: path.to_owned(), source })?;
        Baseline::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Baseline, BaselineError> {
        #[derive(Deserialize)]
        struct Head {
            format: Option<u32>,
        }
        let broken = |message: String| BaselineError::Parse { path: path.to_owned(), message };
        let head: Head = toml::from_str(text).map_err(|e| broken(e.to_string()))?;
        match head.format {
            None => return Err(broken("`format = 1` is missing".to_owned())),
            Some(FORMAT) => {}
            Some(format) => return Err(BaselineError::Format { path: path.to_owned(), format }),
        }
        let baseline: Baseline = toml::from_str(text).map_err(|e| broken(e.to_string()))?;
        for entry in &baseline.entries {
            if let Some(Err(problem)) = entry.expires.as_deref().map(day) {
                return Err(broken(format!("the entry of `{}` in `{}`: {problem}", entry.rule, entry.path)));
            }
        }
        Ok(baseline)
    }

    /// As text: sorted, so that a change of one finding is a change of one place.
    pub fn text(&self) -> String {
        const HEAD: &str = "# Findings that are accepted for now. `sidenote scan --baseline` leaves them out.\n\
                            # `sidenote baseline update` adds and removes entries; write a reason beside those that stay.\n";
        // Serialising plain strings and numbers cannot fail.
        format!("{HEAD}{}", toml::to_string(self).unwrap_or_default())
    }

    /// Fingerprints of the entries that hold on a day.
    pub fn known(&self, today: &str) -> HashSet<String> {
        let holds = |e: &&Entry| e.expires.as_deref().is_none_or(|last| today <= last);
        self.entries.iter().filter(holds).map(|e| e.fingerprint.clone()).collect()
    }

    /// Entries that no longer hold on a day.
    pub fn expired(&self, today: &str) -> usize {
        self.entries.iter().filter(|e| e.expires.as_deref().is_some_and(|last| today > last)).count()
    }

    /// Takes out what is gone, refreshes what people read of the rest, and adds what is new where `add` says with which
    /// reason and last day. `in_scope` tells whether the scan looked at an entry's file at all. An expired entry is
    /// renewed by `add`, and else taken out.
    pub fn update(
        &mut self,
        scan: &Scan,
        add: Option<(Option<&str>, Option<&str>)>,
        today: &str,
        in_scope: impl Fn(&str) -> bool,
    ) -> Changes {
        let mut changes = Changes::default();
        let mut old: BTreeMap<String, Entry> =
            std::mem::take(&mut self.entries).into_iter().map(|e| (e.fingerprint.clone(), e)).collect();
        let before = old.len();
        let findings = scan.files.iter().flat_map(|file| file.findings.iter().map(move |f| (file, f)));
        for (file, finding) in findings.filter(|(_, f)| f.suppressed.is_none()) {
            let mut entry = Entry::new(&file.path, finding);
            let held = old.remove(&entry.fingerprint);
            let valid = held.filter(|e| e.expires.as_deref().is_none_or(|last| today <= last));
            match (valid, add) {
                (Some(held), _) => {
                    (entry.reason, entry.expires) = (held.reason, held.expires);
                    changes.kept += 1;
                }
                (None, Some((reason, expires))) => {
                    (entry.reason, entry.expires) = (reason.map(str::to_owned), expires.map(str::to_owned));
                    changes.added += 1;
                }
                (None, None) => continue,
            }
            self.entries.push(entry);
        }
        for (_, entry) in old {
            if !in_scope(&entry.path) {
                self.entries.push(entry);
                changes.kept += 1;
            }
        }
        changes.removed = before.saturating_sub(changes.kept);
        self.entries.sort_by(|a, b| {
            (&a.path, a.line, &a.rule, &a.fingerprint).cmp(&(&b.path, b.line, &b.rule, &b.fingerprint))
        });
        self.format = FORMAT;
        changes
    }

    /// The health of these paths when it was made.
    pub fn score(&self, of: &[String]) -> Option<f64> {
        self.health.as_ref().filter(|h| h.of == of).map(|h| h.score)
    }

    /// Notes the health of some paths; that of others stays.
    pub fn set_score(&mut self, score: f64, of: &[String]) {
        if self.health.as_ref().is_none_or(|h| h.of == of) {
            self.health = Some(Health { score, of: of.to_owned() });
        }
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Entry {
    fn new(path: &str, finding: &Finding) -> Entry {
        Entry {
            fingerprint: finding.fingerprint.to_string(),
            rule: finding.rule.id.to_owned(),
            path: path.to_owned(),
            line: finding.region.start.line,
            symbol: finding.symbol.clone(),
            message: finding.message.clone(),
            reason: None,
            expires: None,
        }
    }
}

/// A day as `2026-11-28`; such texts compare as the days do.
///
/// # Errors
/// When it is none.
pub fn day(text: &str) -> Result<String, String> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    if shaped && humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).is_ok() {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no day; write it as 2027-03-31"))
    }
}

/// Marks the findings that are known, and takes them out unless they are to be kept.
pub fn mark_known(scan: &mut Scan, known: impl Fn(&FileReport, &Fingerprint) -> bool, keep: bool) {
    for file in &mut scan.files {
        let open = |f: &Finding| f.suppressed.is_none() && !f.known;
        let is_known: Vec<bool> = file.findings.iter().map(|f| open(f) && known(file, &f.fingerprint)).collect();
        for (finding, known) in file.findings.iter_mut().zip(is_known) {
            finding.known |= known;
            file.known += usize::from(known);
        }
        if !keep {
            file.findings.retain(|f| !f.known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_checked() {
        assert_eq!(day("2028-02-29").as_deref(), Ok("2028-02-29"));
        for wrong in ["", "2027-02-29", "2027-2-9", "27-02-09", "2027/02/09", "tomorrow!!", "2027-13-01"] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
        assert!(day(&sidenote_core::system::today()).is_ok());
    }

    #[test]
    fn a_broken_list_says_where() {
        let parse = |text: &str| Baseline::parse(text, Path::new("b.toml")).map_err(|e| e.to_string());
        let entry = "[[finding]]\nfingerprint = \"a\"\nrule = \"r\"\npath = \"p\"\n";
        assert_eq!(parse(&format!("format = 1\n{entry}")).expect("fine").len(), 1);
        assert!(parse(entry).expect_err("no format").contains("`format = 1` is missing"));
        assert!(parse("format = 9\nnew = 1\n").expect_err("newer").contains("format 9"));
        let unknown = parse(&format!("format = 1\n{entry}resaon = \"x\"\n")).expect_err("a typing error");
        assert!(unknown.contains("resaon") && unknown.contains("line 6"), "{unknown}");
        assert!(parse(&format!("format = 1\n{entry}expires = \"soon\"\n")).expect_err("no day").contains("2027-03-31"));
        assert!(parse("format = ").is_err());
    }

    #[test]
    fn an_entry_holds_to_the_end_of_its_day() {
        let text =
            "format = 1\n[[finding]]\nfingerprint = \"a\"\nrule = \"r\"\npath = \"p\"\nexpires = \"2026-05-01\"\n";
        let list = Baseline::parse(text, Path::new("b.toml")).expect("a list");
        assert!(list.known("2026-05-01").contains("a") && list.expired("2026-05-01") == 0);
        assert!(list.known("2026-05-02").is_empty() && list.expired("2026-05-02") == 1);
    }
}
