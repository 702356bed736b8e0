//! Budgets of `sidenote.toml`: how many findings of a rule a folder may have, counted, and lowered when there are fewer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use sidenote_core::config::{self, Budget};
use sidenote_core::system::{OsSystem, System};

use crate::error::Error;
use crate::output;
use crate::scan::{Scan, Workspace};

/// A budget, and what was spent of it.
#[derive(Clone, Debug, Serialize)]
pub struct Spent {
    /// Which rules count.
    pub selector: String,
    /// The folder whose files count; empty for all of the repository.
    pub folder: String,
    pub limit: u32,
    pub findings: usize,
    pub exceeded: bool,
    /// The file that sets it, relative to the root, and the line.
    pub file: String,
    pub line: usize,
}

impl Spent {
    /// What is wrong, if it is exceeded.
    pub fn complaint(&self) -> Option<String> {
        let over = self.findings.checked_sub(self.limit as usize).filter(|n| *n > 0)?;
        let place = if self.folder.is_empty() { String::new() } else { format!(" in `{}`", self.folder) };
        let plural = if self.findings == 1 { "" } else { "s" };
        Some(format!(
            "{} finding{plural} of `{}`{place}, {over} over the budget of {} ({}:{})",
            self.findings, self.selector, self.limit, self.file, self.line
        ))
    }
}

/// Counts the findings that are not suppressed, known ones included.
pub fn count(workspace: &Workspace, scan: &Scan) -> Vec<Spent> {
    let spent = |budget: Budget| {
        let files = scan.files.iter().filter(|f| budget.covers(&f.path)).flat_map(|f| &f.findings);
        let counts = files.filter(|f| f.suppressed.is_none() && config::matches(&budget.selector, f.rule));
        let findings = counts.count();
        Spent {
            exceeded: findings > budget.limit as usize,
            findings,
            limit: budget.limit,
            file: workspace.relative(&budget.file).to_string(),
            line: budget.line,
            selector: budget.selector,
            folder: budget.folder,
        }
    };
    workspace.budgets().into_iter().map(spent).collect()
}

/// Lowers the budgets of which less was spent, where all of their folder was looked at, and tells what it did; none is ever raised.
///
/// # Errors
/// When a file cannot be written.
pub fn lower(workspace: &Workspace, scan: &Scan) -> Result<Vec<String>, Error> {
    let mut told = Vec::new();
    let mut edits: BTreeMap<PathBuf, Vec<(std::ops::Range<usize>, usize)>> = BTreeMap::new();
    for (budget, spent) in workspace.budgets().into_iter().zip(count(workspace, scan)) {
        let folder = workspace.root().join(&budget.folder);
        let whole = workspace.targets().iter().any(|t| folder.starts_with(&t.path));
        if whole && spent.findings < budget.limit as usize {
            told.push(format!(
                "{}:{}: {} {} -> {}",
                spent.file, spent.line, spent.selector, spent.limit, spent.findings
            ));
            edits.entry(budget.file).or_default().push((budget.range, spent.findings));
        }
    }
    for (file, mut numbers) in edits {
        let Some(mut text) = OsSystem.read(&file) else { continue };
        numbers.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        for (range, findings) in numbers {
            // Only what still is a number is replaced.
            let old = text.get(range.clone()).is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit()));
            if old {
                text.replace_range(range, &findings.to_string());
            }
        }
        output::raw(Some(&file), text.as_bytes())?;
    }
    Ok(told)
}
