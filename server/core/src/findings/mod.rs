//! Findings: what rules report, with stable identities.

mod fingerprint;
mod score;

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use fingerprint::{Fingerprint, fingerprints, fingerprints_of};
pub use score::{HALF, Score, score, weight};

use crate::rules::Rule;
use crate::syntax::{Arena, Span};

/// What a finding is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Somebody may make the program do what it should not.
    Security,
    /// The program does more work than it must.
    Performance,
    /// The program is wrong or hard to keep right.
    Quality,
}

/// How bad it is if the finding is true.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth mending when the code is touched.
    Low,
    /// Should be mended.
    Medium,
    /// Must be mended before a release.
    High,
    /// Must be mended now.
    Critical,
}

/// How sure the rule is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// A hint.
    Low,
    /// Probably true.
    Medium,
    /// Proven by the code in sight.
    High,
}

impl Category {
    /// All of them.
    pub const ALL: [Category; 3] = [Category::Security, Category::Performance, Category::Quality];

    /// Its name in configuration and reports.
    pub fn name(self) -> &'static str {
        match self {
            Category::Security => "security",
            Category::Performance => "performance",
            Category::Quality => "quality",
        }
    }
}

impl Severity {
    /// All of them, from least to most.
    pub const ALL: [Severity; 5] =
        [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// Its name in configuration and reports.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl Confidence {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// A place in some block of the file, or in another file.
#[derive(Clone, Debug)]
pub enum Place {
    /// A span in the block that the note belongs to.
    Here(Span),
    /// A span in another block of the same file; the arena is the block's identity.
    Block(Arc<Arena>, Span),
    /// A range in another file.
    File(Location),
}

/// A range of bytes in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Location {
    /// The other file's path relative to the workspace, with `/`; `None` for the finding's own file.
    pub path: Option<Arc<str>>,
    /// Byte range.
    pub range: Range<usize>,
    /// One-based line, set for other files, whose text the reader of the finding may not have at hand.
    pub line: u32,
}

/// A finding as a rule makes it: positions are relative to a block, so that it stays true when the block moves.
#[derive(Clone, Debug)]
pub struct Note {
    /// The rule.
    pub rule: &'static Rule,
    /// The flagged code.
    pub place: Place,
    /// What is wrong; the first sentence stands alone.
    pub message: String,
    /// Replaces the rule's severity.
    pub severity: Option<Severity>,
    /// How sure.
    pub confidence: Confidence,
    /// Further places, each with its explanation.
    pub related: Vec<(Place, String)>,
    /// How the data gets there: source, steps, sink.
    pub flow: Vec<(Place, String)>,
    /// What to change.
    pub fixes: Vec<NoteFix>,
    /// Code outside of the block has to bear it out, in one of these ways; in none if there are none.
    pub conditions: Vec<Condition>,
}

/// What code outside of a note's block must say for the note to count. Notes are kept with their blocks; this is looked up when they
/// are told, so that an edit elsewhere costs no rule another look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// What an imported function gives, by its local name (`save`, `store.save`), is a promise that may be rejected.
    Rejecting(crate::ustr::Ustr),
    /// What an imported function gives is not known to be a promise that is never rejected.
    Unsettled(crate::ustr::Ustr),
    /// The same callee, as written, is awaited somewhere in the file.
    Awaited(crate::ustr::Ustr),
}

/// A fix as a rule makes it.
#[derive(Clone, Debug)]
pub struct NoteFix {
    /// What it does, as a command: "Use `execFile`".
    pub title: String,
    /// Replacements in the note's own block.
    pub edits: Vec<(Span, String)>,
    /// Whether it keeps the meaning of correct code; such fixes are applied by `--fix`.
    pub safe: bool,
}

impl Note {
    /// A note on a span of the block at hand.
    pub fn new(rule: &'static Rule, span: Span, message: impl Into<String>) -> Note {
        Note {
            rule,
            place: Place::Here(span),
            message: message.into(),
            severity: None,
            confidence: rule.confidence,
            related: Vec::new(),
            flow: Vec::new(),
            fixes: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Has it count only if code elsewhere bears it out, in one of these ways.
    #[must_use]
    pub fn only_if(mut self, conditions: Vec<Condition>) -> Note {
        self.conditions = conditions;
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Note {
        self.related.push((Place::Here(span), message.into()));
        self
    }

    /// Adds a fix that keeps the meaning of correct code.
    #[must_use]
    pub fn safe_fix(mut self, title: impl Into<String>, edits: Vec<(Span, String)>) -> Note {
        self.fixes.push(NoteFix { title: title.into(), edits, safe: true });
        self
    }

    /// Adds a fix that somebody should look at.
    #[must_use]
    pub fn suggestion(mut self, title: impl Into<String>, edits: Vec<(Span, String)>) -> Note {
        self.fixes.push(NoteFix { title: title.into(), edits, safe: false });
        self
    }

    /// Sets the severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Note {
        self.severity = Some(severity);
        self
    }

    /// Sets the confidence.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Note {
        self.confidence = confidence;
        self
    }
}

/// A finding in a file.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad, after configuration.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The flagged bytes.
    pub range: Range<usize>,
    /// What is wrong; the first sentence stands alone.
    pub message: String,
    /// Further places.
    pub related: Vec<(Location, String)>,
    /// How the data gets there: source, steps, sink; empty where no data flows.
    pub flow: Vec<(Location, String)>,
    /// What to change.
    pub fixes: Vec<Fix>,
    /// Path of the enclosing named blocks, `Class.method`; empty at the top level.
    pub symbol: String,
    /// Why it is suppressed, if it is.
    pub suppressed: Option<String>,
    /// What people's feedback made of it.
    pub feedback: Option<crate::feedback::Told>,
}

/// A fix in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What it does, as a command.
    pub title: String,
    /// Replacements of byte ranges, ascending and disjoint.
    pub edits: Vec<(Range<usize>, String)>,
    /// Whether it keeps the meaning of correct code.
    pub safe: bool,
}
