//! The scan in numbers.

use std::collections::BTreeMap;

use serde::Serialize;
use sidenote_core::findings::{Category, Score, Severity};

use super::Scan;
use crate::args::FailOn;
use crate::budget::Spent;
use crate::owners::{NOBODY, Owners};
use crate::trend::Trend;

/// The scan in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Reported findings that are not suppressed.
    pub findings: usize,
    pub by_severity: BTreeMap<&'static str, usize>,
    pub by_category: BTreeMap<&'static str, usize>,
    pub by_rule: BTreeMap<&'static str, usize>,
    /// Analysed files.
    pub files: usize,
    pub files_with_findings: usize,
    pub lines: usize,
    pub bytes: usize,
    pub suppressed: usize,
    /// Left out by feedback: dismissed, or like findings that were.
    pub dismissed: usize,
    /// Below `--min-severity`.
    pub hidden: usize,
    /// In the baseline, or in the commit that the scan is compared with.
    pub known: usize,
    pub skipped: BTreeMap<&'static str, usize>,
    /// Notes of a model, which count for nothing else here.
    #[serde(skip_serializing_if = "is_none")]
    pub notes: usize,
    /// Places that could not be analysed.
    pub gaps: usize,
    /// Files in which Sidenote itself failed.
    pub internal_errors: usize,
    /// Fixes that `--fix` applied, by rule.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fixed: BTreeMap<&'static str, usize>,
    /// Reported findings with a fix that `--fix` would apply, and with one that only `--unsafe-fixes` would.
    pub fixable: usize,
    pub fixable_unsafe: usize,
    /// Health score of all files together, 0 to 100.
    pub score: f64,
    /// How the score changed, where an earlier one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
    /// What was spent of each budget.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Spent>,
    /// Findings by the owner of their file, where the repository says who owns what; a file may have several.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_owner: BTreeMap<String, usize>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Summary {
    /// Counts.
    pub fn of(scan: &Scan) -> Summary {
        let mut summary = Summary {
            findings: 0,
            by_severity: Severity::ALL.iter().map(|s| (s.name(), 0)).collect(),
            by_category: Category::ALL.iter().map(|c| (c.name(), 0)).collect(),
            by_rule: BTreeMap::new(),
            files: scan.files.len(),
            files_with_findings: 0,
            lines: 0,
            bytes: 0,
            suppressed: 0,
            dismissed: 0,
            hidden: 0,
            known: 0,
            skipped: BTreeMap::new(),
            notes: 0,
            gaps: 0,
            internal_errors: 0,
            fixed: BTreeMap::new(),
            fixable: 0,
            fixable_unsafe: 0,
            score: scan.files.iter().map(|f| f.score).sum::<Score>().value(),
            trend: None,
            budgets: Vec::new(),
            by_owner: BTreeMap::new(),
        };
        for file in &scan.files {
            let before = summary.findings;
            for finding in file.findings.iter().filter(|f| f.suppressed.is_none()) {
                summary.findings += 1;
                *summary.by_severity.entry(finding.severity.name()).or_default() += 1;
                *summary.by_category.entry(finding.rule.category.name()).or_default() += 1;
                *summary.by_rule.entry(finding.rule.id).or_default() += 1;
                let safe = finding.fixes.iter().any(|f| f.safe);
                summary.fixable += usize::from(safe);
                summary.fixable_unsafe += usize::from(!safe && !finding.fixes.is_empty());
            }
            for rule in file.fixed.iter().flat_map(|f| &f.rules) {
                *summary.fixed.entry(rule.id).or_default() += 1;
            }
            summary.files_with_findings += usize::from(summary.findings > before);
            summary.lines += file.lines;
            summary.bytes += file.bytes;
            summary.suppressed += file.suppressed;
            summary.dismissed += file.dismissed;
            summary.hidden += file.hidden;
            summary.known += file.known;
            summary.gaps += file.gaps.len();
            summary.internal_errors += usize::from(file.gaps.iter().any(|g| g.internal));
        }
        for skipped in &scan.skipped {
            *summary.skipped.entry(skipped.why.name()).or_default() += 1;
        }
        summary
    }

    /// Counts the findings of each owner.
    pub fn count_owners(&mut self, scan: &Scan, owners: &Owners) {
        if !owners.known() {
            return;
        }
        for file in &scan.files {
            let findings = file.findings.iter().filter(|f| f.suppressed.is_none()).count();
            let of_file = owners.of_file(&file.path);
            let named = if of_file.is_empty() { vec![NOBODY] } else { of_file };
            for owner in named.into_iter().filter(|_| findings > 0) {
                *self.by_owner.entry(owner.to_owned()).or_default() += findings;
            }
        }
    }

    /// The exit code of a scan.
    pub fn exit_code(&self, scan: &Scan, fail_on: FailOn) -> u8 {
        let findings = scan.files.iter().flat_map(|f| &f.findings).filter(|f| f.suppressed.is_none());
        let fails = findings.into_iter().any(|finding| {
            let reaches = |least: Option<Severity>| least.is_some_and(|least| finding.severity >= least);
            reaches(fail_on.any) || !finding.known && reaches(fail_on.new)
        });
        let fails = fails || fail_on != FailOn::default() && self.budgets.iter().any(|b| b.exceeded);
        if self.internal_errors > 0 {
            crate::error::INTERNAL
        } else if fails {
            crate::error::FINDINGS
        } else {
            crate::error::CLEAN
        }
    }
}
