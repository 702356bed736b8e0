//! The health score now, beside what it was: in a baseline, or in an earlier JSON report.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How a score changed.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Trend {
    /// What it was.
    pub score: f64,
    /// What came on top; negative where it fell.
    pub change: f64,
}

impl Trend {
    /// From a score to another.
    pub fn new(before: f64, now: f64) -> Trend {
        Trend { score: before, change: round(now - before) }
    }

    /// `+3.1`, `-0.5`, `±0`.
    pub fn text(self) -> String {
        if self.change == 0.0 { "\u{b1}0".to_owned() } else { format!("{:+.1}", self.change) }
    }
}

fn round(x: f64) -> f64 {
    // Nothing but zero is zero.
    let rounded = (x * 10.0).round() / 10.0;
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// An earlier score, with those of folders where they are known.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    pub score: f64,
    pub folders: BTreeMap<String, f64>,
}

impl Earlier {
    /// Reads the score of an earlier JSON report (`--format json`).
    ///
    /// # Errors
    /// When the file is none.
    pub fn load(path: &Path) -> Result<Earlier, Error> {
        #[derive(Deserialize)]
        struct Report {
            summary: Summary,
            #[serde(default)]
            folders: Vec<Folder>,
        }
        #[derive(Deserialize)]
        struct Summary {
            score: f64,
        }
        #[derive(Deserialize)]
        struct Folder {
            path: String,
            score: f64,
        }
        let wrong = |message: String| Error::Log { path: path.to_owned(), message };
        let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
        let report: Report = serde_json::from_str(&text)
            .map_err(|e| wrong(format!("it is no report of `sidenote scan --format json`: {e}")))?;
        let folders = report.folders.into_iter().map(|f| (f.path, f.score)).collect();
        Ok(Earlier { score: report.summary.score, folders })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_a_sign() {
        let text = |before, now| Trend::new(before, now).text();
        assert_eq!(text(79.0, 82.1), "+3.1");
        assert_eq!(text(82.1, 79.0), "-3.1");
        assert_eq!(text(82.12, 82.14), "\u{b1}0");
        assert_eq!(text(82.14, 82.12), "\u{b1}0");
    }
}
