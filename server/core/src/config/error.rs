//! What can be wrong with a configuration.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// One thing that is wrong in a configuration file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where, in bytes of the file; `None` if it is about the file as a whole.
    pub range: Option<Range<usize>>,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    pub(super) fn at(range: Range<usize>, message: impl Into<String>) -> Problem {
        Problem { range: Some(range), message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }
}

/// A configuration that cannot be used: what is wrong in one of its files, or on the command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The file; `None` for selectors that came from elsewhere.
    pub path: Option<PathBuf>,
    /// Its text, as far as it could be read.
    pub text: Arc<str>,
    /// What is wrong, at least one thing, in the order of the file.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// One-based line and column, counted in characters, of a problem.
    pub fn position(&self, problem: &Problem) -> Option<(usize, usize)> {
        let start = problem.range.as_ref()?.start;
        let before = self.text.get(..start)?;
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            if let Some(path) = &self.path {
                write!(f, "{}:", path.display())?;
                if let Some((line, column)) = self.position(problem) {
                    write!(f, "{line}:{column}:")?;
                }
                write!(f, " ")?;
            }
            write!(f, "{}", problem.message)?;
            if let Some(help) = &problem.help {
                write!(f, "; {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
