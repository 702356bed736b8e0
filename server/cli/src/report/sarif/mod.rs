//! SARIF 2.1.0, as GitHub's code scanning takes it whole.
//!
//! One run. Columns count UTF-16 units, paths are relative to the scan's root and percent-encoded, every result has
//! GitHub's line hash beside our own fingerprint. Results over GitHub's limit are left out, the least severe first, and
//! a notification says so.

mod result;
mod rule;

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Context;
use crate::error::INTERNAL;
use crate::scan::{FileReport, Finding};

/// Most results that GitHub takes in one run.
const MAX_RESULTS: usize = 25_000;
/// Name of the folder that paths are relative to.
const ROOT: &str = "SRCROOT";

/// Writes it.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &log(context, MAX_RESULTS))?;
    writeln!(out)
}

fn log(context: &Context<'_>, most: usize) -> Value {
    let (kept, left_out) = kept(context.scan.files.iter(), most);
    let compared = context.args.compares();
    let results: Vec<Value> = kept.into_iter().map(|(file, finding)| result::result(file, finding, compared)).collect();
    let mut notifications = notifications(context);
    if left_out > 0 {
        let text = format!("{left_out} findings were left out, the least severe ones: a run holds {most} at most.");
        notifications
            .push(json!({ "descriptor": { "id": "truncated" }, "level": "warning", "message": { "text": text } }));
    }
    let internal = context.summary.internal_errors > 0;
    let code = context.summary.exit_code(context.scan, context.args.fail_on);
    let mut root = encoded(&context.workspace.root().to_string_lossy().replace('\\', "/"));
    if !root.starts_with('/') {
        root.insert(0, '/');
    }
    if !root.ends_with('/') {
        root.push('/');
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sidenote",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rule::all(),
                "notifications": [
                    event("gap", "A part of a file could not be analysed", "Code that cannot be parsed, or that nests too deeply, is passed over; the rest of its file is analysed."),
                    event("skipped", "A file was not analysed", "Files that are too large, no text, minified, generated, excluded, or not regular files are passed over."),
                    event("internal-error", "Sidenote failed on a file", "This is a mistake in Sidenote: please report it. The other files were analysed."),
                    event("truncated", "Results were left out", "A run holds no more results than code scanning takes; the most severe ones are kept."),
                ],
            } },
            "automationDetails": { "id": "sidenote/" },
            "columnKind": "utf16CodeUnits",
            "originalUriBaseIds": {
                ROOT: { "uri": format!("file://{root}"), "description": { "text": "The root of the scanned repository." } },
            },
            "invocations": [{
                "executionSuccessful": !internal,
                "exitCode": code,
                "exitCodeDescription": match code {
                    INTERNAL => "incomplete",
                    crate::error::FINDINGS => "findings",
                    _ => "clean",
                },
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    })
}

/// A kind of notification.
fn event(id: &str, short: &str, full: &str) -> Value {
    json!({
        "id": id,
        "shortDescription": { "text": format!("{short}.") },
        "fullDescription": { "text": full },
        "help": { "text": full },
    })
}

/// The findings to report, in their order; over the limit the most severe and surest, the first of equals.
fn kept<'a>(files: impl Iterator<Item = &'a FileReport>, most: usize) -> (Vec<(&'a FileReport, &'a Finding)>, usize) {
    let mut all: Vec<_> = files.flat_map(|f| f.findings.iter().map(move |finding| (f, finding))).enumerate().collect();
    let left_out = all.len().saturating_sub(most);
    if left_out > 0 {
        all.sort_by_key(|(i, (_, f))| (f.suppressed.is_some(), std::cmp::Reverse((f.severity, f.confidence)), *i));
        all.truncate(most);
        all.sort_by_key(|(i, _)| *i);
    }
    (all.into_iter().map(|(_, found)| found).collect(), left_out)
}

/// What could not be analysed.
fn notifications(context: &Context<'_>) -> Vec<Value> {
    let mut list = Vec::new();
    for file in &context.scan.files {
        for gap in &file.gaps {
            let (id, level) = if gap.internal { ("internal-error", "error") } else { ("gap", "note") };
            list.push(json!({
                "descriptor": { "id": id },
                "level": level,
                "message": { "text": sentence(&gap.message) },
                "locations": [result::location(&file.path, Some(gap.region))],
            }));
        }
    }
    for skipped in &context.scan.skipped {
        let level = if skipped.why.is_trouble() { "warning" } else { "note" };
        list.push(json!({
            "descriptor": { "id": "skipped" },
            "level": level,
            "message": { "text": sentence(&format!("not analysed: {}", skipped.why.explain())) },
            "locations": [result::location(&skipped.path, None)],
        }));
    }
    list
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), chars.as_str())
}

/// A path as a relative or absolute URI reference.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(encoded("a b/é#?%.ts"), "a%20b/%C3%A9%23%3F%25.ts");
        assert_eq!(encoded("c:x.ts"), "c%3Ax.ts");
    }

    #[test]
    fn sentences() {
        assert_eq!(sentence("syntax error: x"), "Syntax error: x.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), "");
    }
}
