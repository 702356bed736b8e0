//! JSON, as one object or one on each line. `format` counts up when a field changes its meaning; new fields may come.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;
use sidenote_core::findings::{Category, Confidence, Severity};

use super::Context;
use super::folders::{self, Folder};
use crate::scan::{FileReport, Finding, Fix, Gap, Place, Region, Skipped, Summary, Verdict};

const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    tool: Tool,
    summary: &'a Summary,
    findings: Vec<FindingRow<'a>>,
    files: Vec<FileRow<'a>>,
    folders: Vec<Folder>,
    skipped: Vec<SkippedRow<'a>>,
    gaps: Vec<GapRow<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

const TOOL: Tool = Tool { name: "sidenote", version: env!("CARGO_PKG_VERSION") };

#[derive(Serialize)]
struct FindingRow<'a> {
    rule: &'static str,
    category: Category,
    severity: Severity,
    confidence: Confidence,
    cwe: &'static [u16],
    path: &'a Arc<str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owners: Vec<&'a str>,
    #[serde(flatten)]
    region: Region,
    message: &'a str,
    symbol: &'a str,
    fingerprint: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    related: &'a [Place],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    flow: &'a [Place],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fixes: &'a [Fix],
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<FeedbackRow<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    known: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'a Verdict>,
}

#[derive(Serialize)]
struct FeedbackRow<'a> {
    learned: bool,
    why: &'a str,
}

impl<'a> FindingRow<'a> {
    fn new(context: &'a Context<'_>, file: &'a FileReport, finding: &'a Finding) -> FindingRow<'a> {
        FindingRow {
            rule: finding.rule.id,
            category: finding.rule.category,
            severity: finding.severity,
            confidence: finding.confidence,
            cwe: finding.rule.cwe,
            path: &file.path,
            owners: context.owners.of_file(&file.path),
            region: finding.region,
            message: &finding.message,
            symbol: &finding.symbol,
            fingerprint: finding.fingerprint.to_string(),
            related: &finding.related,
            flow: &finding.flow,
            fixes: &finding.fixes,
            suppressed: finding.suppressed.as_deref(),
            feedback: finding.feedback.as_ref().map(|told| FeedbackRow { learned: told.learned, why: &told.why }),
            known: finding.known,
            verdict: finding.verdict.as_ref(),
        }
    }
}

#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a Arc<str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owners: Vec<&'a str>,
    language: &'static str,
    lines: usize,
    bytes: usize,
    score: f64,
    findings: usize,
    suppressed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<usize>,
}

impl<'a> FileRow<'a> {
    fn new(context: &'a Context<'_>, file: &'a FileReport) -> FileRow<'a> {
        FileRow {
            path: &file.path,
            owners: context.owners.of_file(&file.path),
            language: file.language,
            lines: file.lines,
            bytes: file.bytes,
            score: file.score.value(),
            findings: file.findings.iter().filter(|f| f.counts()).count(),
            suppressed: file.suppressed,
            fixed: file.fixed.as_ref().map(|f| f.rules.len()),
        }
    }
}

#[derive(Serialize)]
struct SkippedRow<'a> {
    path: &'a Arc<str>,
    reason: &'static str,
    message: String,
}

impl<'a> SkippedRow<'a> {
    fn new(skipped: &'a Skipped) -> SkippedRow<'a> {
        SkippedRow { path: &skipped.path, reason: skipped.why.name(), message: skipped.why.explain() }
    }
}

#[derive(Serialize)]
struct GapRow<'a> {
    path: &'a Arc<str>,
    #[serde(flatten)]
    gap: &'a Gap,
}

/// Writes one object.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let files = &context.scan.files;
    let report = Report {
        format: FORMAT,
        tool: TOOL,
        summary: context.summary,
        findings: files
            .iter()
            .flat_map(|f| f.findings.iter().map(|finding| FindingRow::new(context, f, finding)))
            .collect(),
        files: files.iter().map(|f| FileRow::new(context, f)).collect(),
        folders: folders::of(context),
        skipped: context.scan.skipped.iter().map(SkippedRow::new).collect(),
        gaps: files.iter().flat_map(|f| f.gaps.iter().map(|gap| GapRow { path: &f.path, gap })).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line<'a> {
    Finding(FindingRow<'a>),
    Gap(GapRow<'a>),
    File(FileRow<'a>),
    Folder(Folder),
    Skipped(SkippedRow<'a>),
    Summary {
        format: u32,
        tool: Tool,
        #[serde(flatten)]
        summary: &'a Summary,
    },
}

/// Writes an object on each line, told apart by `type`; the summary comes last.
pub fn write_lines(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |line: Line<'_>| -> io::Result<()> {
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)
    };
    for file in &context.scan.files {
        for finding in &file.findings {
            line(Line::Finding(FindingRow::new(context, file, finding)))?;
        }
        for gap in &file.gaps {
            line(Line::Gap(GapRow { path: &file.path, gap }))?;
        }
        line(Line::File(FileRow::new(context, file)))?;
    }
    for folder in folders::of(context) {
        line(Line::Folder(folder))?;
    }
    for skipped in &context.scan.skipped {
        line(Line::Skipped(SkippedRow::new(skipped)))?;
    }
    line(Line::Summary { format: FORMAT, tool: TOOL, summary: context.summary })
}
