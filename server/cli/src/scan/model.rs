//! What a scan found, independent of the texts it was found in.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use sidenote_core::claims::is_claim;
use sidenote_core::engine::SkipReason;
use sidenote_core::feedback::Told;
use sidenote_core::findings::{Confidence, Fingerprint, Score, Severity};
use sidenote_core::rules::Rule;
use sidenote_core::text::{Encoding, Text};

/// A position: one-based line, one-based column in UTF-16 units, byte offset from zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Position {
    pub line: u32,
    pub column: u32,
    pub offset: usize,
    /// One-based column in bytes.
    #[serde(skip)]
    pub byte: u32,
}

/// A range; the end is the position after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Region {
    pub start: Position,
    pub end: Position,
}

impl Region {
    /// The region of a byte range.
    pub fn new(text: &Text, range: &Range<usize>) -> Region {
        let position = |offset| {
            let at = text.position(offset, Encoding::Utf16);
            let byte = text.position(offset, Encoding::Utf8).column + 1;
            Position { line: at.line + 1, column: at.column + 1, offset, byte }
        };
        Region { start: position(range.start), end: position(range.end.max(range.start)) }
    }

    /// Its byte range.
    pub fn range(&self) -> Range<usize> {
        self.start.offset..self.end.offset
    }
}

/// A further place with its explanation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Place {
    /// Another file, relative to the root; `None` for the finding's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Arc<str>>,
    #[serde(flatten)]
    pub region: Region,
    pub message: String,
}

/// A fix.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Fix {
    pub title: String,
    /// Whether it keeps the meaning of correct code.
    pub safe: bool,
    pub edits: Vec<Replacement>,
}

/// One replacement of a fix.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Replacement {
    #[serde(flatten)]
    pub region: Region,
    pub text: String,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub confidence: Confidence,
    pub message: String,
    pub region: Region,
    pub related: Vec<Place>,
    pub flow: Vec<Place>,
    pub fixes: Vec<Fix>,
    pub symbol: String,
    /// The reason, if it is suppressed.
    pub suppressed: Option<String>,
    /// What people's feedback made of it.
    pub feedback: Option<Told>,
    /// Whether a baseline lists it, or the commit that the scan is compared with has it too.
    pub known: bool,
    pub fingerprint: Fingerprint,
    /// GitHub's hash of the line it starts on, where that was asked for.
    pub line_hash: Option<String>,
    /// What the user's model thinks of it, where that was asked for.
    pub verdict: Option<Verdict>,
}

impl Finding {
    /// Whether it counts: it is not suppressed, and no mere note of a model.
    pub fn counts(&self) -> bool {
        self.suppressed.is_none() && !is_claim(self.rule)
    }
}

/// What a model thinks of a finding.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Verdict {
    /// The model's name.
    pub model: Arc<str>,
    /// How likely the finding is, 0 to 1.
    pub probability: f64,
    /// Whether that is called likely.
    pub likely: bool,
}

impl Verdict {
    /// In a few words.
    pub fn told(&self) -> String {
        format!("model: {} {:.2} ({})", if self.likely { "likely" } else { "unlikely" }, self.probability, self.model)
    }
}

/// Something that could not be analysed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Gap {
    #[serde(flatten)]
    pub region: Region,
    pub message: String,
    /// Whether it is a failure of Sidenote rather than of the file.
    pub internal: bool,
}

/// What there is to say of a file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// Relative to the root, with `/`.
    pub path: Arc<str>,
    /// Where it lies.
    pub file: PathBuf,
    pub language: &'static str,
    pub lines: usize,
    pub bytes: usize,
    /// Over all findings that are not suppressed, whatever is reported.
    pub score: Score,
    /// What is to be reported, in the order of the file.
    pub findings: Vec<Finding>,
    /// Suppressed findings, reported or not.
    pub suppressed: usize,
    /// Findings that feedback leaves out, reported or not.
    pub dismissed: usize,
    /// Findings below `--min-severity`.
    pub hidden: usize,
    /// Findings that are not new, reported or not.
    pub known: usize,
    pub gaps: Vec<Gap>,
    /// The text, where a report shows it; with `--fix` the one after the fixes.
    pub text: Option<Arc<str>>,
    /// What `--fix` made of it, if anything.
    pub fixed: Option<Fixed>,
    /// Fixes that were left out, since the code after them did not prove right.
    pub fixes_refused: usize,
}

/// A file's text before and after its fixes.
#[derive(Clone, Debug)]
pub struct Fixed {
    pub before: Arc<str>,
    pub after: Arc<str>,
    /// The rule of each fix.
    pub rules: Vec<&'static Rule>,
}

/// Why a file was not analysed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Skip {
    /// By its content.
    Content(SkipReason),
    /// `[files]` leaves it out.
    Excluded,
    /// A link: what it leads to may lie anywhere.
    Symlink,
    /// A device, a pipe or a socket.
    Special,
    /// A file named by the user in a language that is not read.
    Language,
    /// The system says no.
    Unreadable(String),
    /// The parser gave up.
    Parse(String),
}

impl From<SkipReason> for Skip {
    fn from(why: SkipReason) -> Skip {
        Skip::Content(why)
    }
}

impl Skip {
    /// A stable name for machines.
    pub fn name(&self) -> &'static str {
        match self {
            Skip::Content(SkipReason::TooLarge) => "too-large",
            Skip::Content(SkipReason::Binary) => "not-text",
            Skip::Content(SkipReason::Minified) => "minified",
            Skip::Content(SkipReason::Generated) => "generated",
            Skip::Excluded => "excluded",
            Skip::Symlink => "symlink",
            Skip::Special => "not-a-file",
            Skip::Language => "language",
            Skip::Unreadable(_) => "unreadable",
            Skip::Parse(_) => "parse",
        }
    }

    /// A few words for people, for a count of such files.
    pub fn explain(&self) -> String {
        match self {
            Skip::Content(reason) => reason.explain().to_owned(),
            Skip::Excluded => "excluded by sidenote.toml".to_owned(),
            Skip::Symlink => "a symbolic link".to_owned(),
            Skip::Special => "no regular file".to_owned(),
            Skip::Language => "in a language that is not read".to_owned(),
            Skip::Unreadable(why) => format!("unreadable: {why}"),
            Skip::Parse(why) => why.clone(),
        }
    }

    /// Whether somebody should know even when they did not ask: the file might hold findings.
    pub fn is_trouble(&self) -> bool {
        matches!(self, Skip::Unreadable(_) | Skip::Parse(_) | Skip::Content(SkipReason::TooLarge | SkipReason::Binary))
    }
}

/// A file that was not analysed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    /// Relative to the root, with `/`.
    pub path: Arc<str>,
    pub why: Skip,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Scan {
    /// By path.
    pub files: Vec<FileReport>,
    /// By path.
    pub skipped: Vec<Skipped>,
}
