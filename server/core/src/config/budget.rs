//! Budgets: how many findings of a rule a folder may have.

use std::ops::Range;
use std::path::PathBuf;

/// One line of `[budgets]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Budget {
    /// The folder whose files count, relative to the workspace, with `/`; empty for all of it.
    pub folder: String,
    /// Which rules count.
    pub selector: String,
    /// How many findings there may be.
    pub limit: u32,
    /// The file that says so.
    pub file: PathBuf,
    /// Where the number stands in it, in bytes.
    pub range: Range<usize>,
    /// The line, from one.
    pub line: usize,
}

impl Budget {
    /// Whether a file's findings count, by its path relative to the workspace.
    pub fn covers(&self, path: &str) -> bool {
        self.folder.is_empty() || path.strip_prefix(self.folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}
