//! A language model of the user's own that reads findings and code: what it is asked for and what may come of it.
//!
//! This crate knows no model. Somebody else answers ([`Reviewer`]); what is answered is checked by `sidenote_core::claims` before it is
//! shown. A verdict says how likely a finding is; it removes none.

#[cfg(feature = "model")]
pub mod exam;
#[cfg(feature = "model")]
mod host;

use std::time::Duration;

use sidenote_core::claims::Piece;
use sidenote_core::document::Document;
use sidenote_core::engine::Report;
use sidenote_core::findings::{Category, Finding, Severity};
use sidenote_core::fix::Edits;

#[cfg(feature = "model")]
pub use host::{Hosted, Parts, open};

/// What a model is asked for. Each can be switched off by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Task {
    /// Whether a finding is true.
    Verdict,
    /// Findings of its own.
    Review,
    /// What a finding means.
    Explain,
    /// Other code for a finding.
    Fix,
}

/// What a model thinks of a finding.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Verdict {
    /// Calibrated probability that it is true.
    pub probability: f64,
    /// Whether it is called likely.
    pub likely: bool,
}

impl Verdict {
    /// The severity that a finding is shown with: an unlikely one weighs a step less. Those of security keep theirs.
    pub fn lowered(self, severity: Severity, category: Category) -> Severity {
        if self.likely || category == Category::Security {
            return severity;
        }
        match severity {
            Severity::Critical => Severity::High,
            Severity::High => Severity::Medium,
            Severity::Medium => Severity::Low,
            Severity::Low | Severity::Info => Severity::Info,
        }
    }

    /// In a few words.
    pub fn told(self) -> String {
        format!("model: {} {:.2}", if self.likely { "likely" } else { "unlikely" }, self.probability)
    }
}

/// A finding of the model's own that passed the gate. It is a hint, whatever the model thinks.
#[derive(Clone, PartialEq, Debug)]
pub struct Advice {
    /// The quoted bytes.
    pub range: std::ops::Range<usize>,
    /// What is said.
    pub message: String,
    /// What it is about.
    pub category: Category,
    /// How likely the model itself thinks it is, asked a second time.
    pub probability: f64,
    /// A change that was proven.
    pub edits: Option<Edits>,
}

/// What came of a review.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reviewed {
    /// What passed the gate.
    pub advice: Vec<Advice>,
    /// How much did not, and why.
    pub dropped: Vec<&'static str>,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// It is switched off, or the model has not earned it.
    Off(String),
    /// Somebody who waits came between: ask again later.
    Displaced,
    /// Nobody wants it any more.
    Stopped,
    /// The model does not work.
    Failed(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trouble::Off(why) | Trouble::Failed(why) => f.write_str(why),
            Trouble::Displaced => f.write_str("another question came between"),
            Trouble::Stopped => f.write_str("it was given up"),
        }
    }
}

/// A document with what rules found in it.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The document.
    pub document: &'a Document,
    /// Its report.
    pub report: &'a Report,
    /// Analyses a changed document as this one was.
    pub analyze: &'a dyn Fn(&Document) -> Report,
}

/// Somebody who answers. Every call waits; `wanted` is asked in between whether to go on.
pub trait Reviewer: Send + Sync {
    /// Which model it is.
    fn name(&self) -> String;

    /// Whether it is on and earned.
    ///
    /// # Errors
    /// Why not, for people.
    fn allows(&self, task: Task) -> Result<(), String>;

    /// Whether a finding is true.
    ///
    /// # Errors
    /// Why there is no verdict.
    fn verdict(
        &self,
        document: &Document,
        finding: &Finding,
        urgent: bool,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<Verdict, Trouble>;

    /// Findings of its own in a piece.
    ///
    /// # Errors
    /// Why there is no review.
    fn review(&self, case: Case<'_>, piece: &Piece, wanted: &mut dyn FnMut() -> bool) -> Result<Reviewed, Trouble>;

    /// Explains a finding, piece by piece.
    ///
    /// # Errors
    /// Why there is no explanation.
    fn explain(
        &self,
        document: &Document,
        finding: &Finding,
        on_piece: &mut dyn FnMut(&str) -> bool,
    ) -> Result<String, Trouble>;

    /// A change that makes a finding go, proven.
    ///
    /// # Errors
    /// Why there is none.
    fn fix(&self, case: Case<'_>, finding: &Finding, wanted: &mut dyn FnMut() -> bool) -> Result<Edits, Trouble>;
}

/// Patience for one question.
pub const PATIENCE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unlikely_finding_weighs_less_and_stays() {
        let unlikely = Verdict { probability: 0.1, likely: false };
        assert_eq!(unlikely.lowered(Severity::High, Category::Quality), Severity::Medium);
        assert_eq!(unlikely.lowered(Severity::Info, Category::Quality), Severity::Info);
        assert_eq!(unlikely.lowered(Severity::High, Category::Security), Severity::High);
        assert_eq!(unlikely.told(), "model: unlikely 0.10");
        let likely = Verdict { probability: 0.83, likely: true };
        assert_eq!(likely.lowered(Severity::High, Category::Quality), Severity::High);
        assert_eq!(likely.told(), "model: likely 0.83");
    }
}
