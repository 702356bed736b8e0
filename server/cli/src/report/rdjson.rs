//! The Reviewdog Diagnostic Format, whole or a diagnostic on each line. Its columns count bytes, from one.

use std::io::{self, Write};

use serde_json::{Value, json};
use sidenote_core::findings::Severity;

use super::Context;
use crate::scan::{FileReport, Finding, Region};

/// Writes one object.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<Value> = diagnostics(context).collect();
    let report = json!({ "source": source(), "diagnostics": all });
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

/// Writes a diagnostic on each line.
pub fn write_lines(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    for mut diagnostic in diagnostics(context) {
        diagnostic["source"] = source();
        serde_json::to_writer(&mut *out, &diagnostic)?;
        writeln!(out)?;
    }
    Ok(())
}

fn source() -> Value {
    json!({ "name": "sidenote", "url": env!("CARGO_PKG_REPOSITORY") })
}

fn diagnostics<'a>(context: &'a Context<'_>) -> impl Iterator<Item = Value> + 'a {
    let findings = context.scan.files.iter().flat_map(|file| file.findings.iter().map(move |f| (file, f)));
    findings.filter(|(_, f)| f.suppressed.is_none()).map(|(file, finding)| diagnostic(file, finding))
}

fn diagnostic(file: &FileReport, finding: &Finding) -> Value {
    let severity = match finding.severity {
        Severity::Critical | Severity::High => "ERROR",
        Severity::Medium => "WARNING",
        Severity::Low | Severity::Info => "INFO",
    };
    let mut value = json!({
        "message": finding.message,
        "location": { "path": file.path, "range": range(finding.region) },
        "severity": severity,
        "code": { "value": finding.rule.id },
    });
    let places = finding.flow.iter().chain(&finding.related);
    let related: Vec<Value> = places
        .map(|place| {
            let path = place.path.as_ref().unwrap_or(&file.path);
            json!({ "message": place.message, "location": { "path": path, "range": range(place.region) } })
        })
        .collect();
    if !related.is_empty() {
        value["related_locations"] = related.into();
    }
    // A suggestion is applied by itself, so only a fix of one place can be one.
    let suggestions: Vec<Value> = finding
        .fixes
        .iter()
        .filter_map(|fix| match fix.edits.as_slice() {
            [edit] => Some(json!({ "range": range(edit.region), "text": edit.text })),
            _ => None,
        })
        .collect();
    if !suggestions.is_empty() {
        value["suggestions"] = suggestions.into();
    }
    value
}

fn range(region: Region) -> Value {
    json!({
        "start": { "line": region.start.line, "column": region.start.byte },
        "end": { "line": region.end.line, "column": region.end.byte },
    })
}
