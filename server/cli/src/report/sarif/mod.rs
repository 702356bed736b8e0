//! SARIF 2.1.0, as GitHub's code scanning takes it whole.
//!
//! One run. Columns count UTF-16 units, paths are relative to the scan's root and percent-encoded, every result has
//! GitHub's line hash beside our own fingerprint. Results over GitHub's limit are left out, the least severe first, and
//! a notification says so.

mod merge;
mod result;
mod rule;

pub use merge::{MergeError, merge};

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};
use sidenote_core::rules::{self, Rule};

use super::Context;
use crate::budget::Spent;
use crate::error::INTERNAL;
use crate::owners::Owners;
use crate::scan::{FileReport, Finding};

/// Most results that GitHub takes in one run.
const MAX_RESULTS: usize = 25_000;
/// Name of the folder that paths are relative to.
const ROOT: &str = "SRCROOT";

/// Longest file that GitHub takes, in bytes when compressed.
const MAX_COMPRESSED: u64 = 10_000_000;

/// Writes it, a result at a time.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Log::new(context, MAX_RESULTS, MAX_COMPRESSED))?;
    writeln!(out)
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    automation_details: Value,
    column_kind: &'static str,
    original_uri_base_ids: Value,
    invocations: Value,
    #[serde(serialize_with = "each")]
    results: Results<'a>,
}

/// Findings that become JSON one by one: all of them together would take many times the memory of the scan.
struct Results<'a> {
    findings: Vec<(&'a FileReport, &'a Finding)>,
    compared: bool,
    owners: &'a Owners,
    /// Rules of configurations, behind the built-in ones.
    own: Vec<&'static Rule>,
}

fn each<S: serde::Serializer>(results: &Results<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(results.findings.iter().map(|(file, finding)| {
        let mut result = result::result(file, finding, results.compared, results.owners);
        if let Some(index) = results.own.iter().position(|r| r.id == finding.rule.id) {
            result["ruleIndex"] = (rules::all().len() + index).into();
        }
        result
    }))
}

/// The rules among some findings that are not built in, by id.
fn own_rules(findings: &[(&FileReport, &Finding)]) -> Vec<&'static Rule> {
    let foreign = findings.iter().map(|(_, f)| f.rule).filter(|r| rules::index(r.id).is_none());
    let mut own: Vec<&'static Rule> = foreign.collect();
    own.sort_by_key(|r| r.id);
    own.dedup_by_key(|r| r.id);
    own
}

impl<'a> Log<'a> {
    fn new(context: &Context<'a>, most: usize, compressed: u64) -> Log<'a> {
        let compared = context.args.compares();
        let owners = context.owners;
        let (kept, left_out) = kept(context.scan.files.iter(), most, compressed, compared, owners);
        let own = own_rules(&kept);
        let mut notifications = notifications(context);
        if left_out > 0 {
            notifications.push(truncated(left_out, most, compressed));
        }
        let internal = context.summary.internal_errors > 0;
        let code = context.summary.exit_code(context.scan, context.args.fail_on);
        for complaint in context.summary.budgets.iter().filter_map(Spent::complaint) {
            notifications.push(json!({
                "descriptor": { "id": "budget" },
                "level": "error",
                "message": { "text": sentence(&complaint) },
            }));
        }
        let mut root = encoded(&context.workspace.root().to_string_lossy().replace('\\', "/"));
        if !root.starts_with('/') {
            root.insert(0, '/');
        }
        if !root.ends_with('/') {
            root.push('/');
        }
        let run = Run {
            tool: json!({ "driver": {
                "name": "sidenote",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rule::all(&own),
                "notifications": [
                    event("gap", "A part of a file could not be analysed", "Code that cannot be parsed, or that nests too deeply, is passed over; the rest of its file is analysed."),
                    event("skipped", "A file was not analysed", "Files that are too large, no text, minified, generated, excluded, or not regular files are passed over."),
                    event("internal-error", "Sidenote failed on a file", "This is a mistake in Sidenote: please report it. The other files were analysed."),
                    event("budget", "There are more findings than a budget allows", "The configuration sets how many findings of a rule a folder may have; more of them fail the scan."),
                    event("truncated", "Results were left out", "A run holds no more results than code scanning takes; the most severe ones are kept."),
                ],
            } }),
            automation_details: json!({ "id": "sidenote/" }),
            column_kind: "utf16CodeUnits",
            original_uri_base_ids: if context.args.deterministic {
                // Where it lies differs from machine to machine.
                json!({ ROOT: { "description": { "text": "The root of the scanned repository." } } })
            } else {
                json!({
                    ROOT: { "uri": format!("file://{root}"), "description": { "text": "The root of the scanned repository." } },
                })
            },
            invocations: json!([{
                "executionSuccessful": !internal,
                "exitCode": code,
                "exitCodeDescription": outcome(code),
                "toolExecutionNotifications": notifications,
            }]),
            results: Results { findings: kept, compared, owners, own },
        };
        Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }
    }
}

/// What an exit code says.
fn outcome(code: u8) -> &'static str {
    match code {
        INTERNAL => "incomplete",
        crate::error::FINDINGS => "findings",
        _ => "clean",
    }
}

/// That results were left out.
fn truncated(left_out: usize, most: usize, compressed: u64) -> Value {
    let text = format!(
        "{left_out} findings were left out, the least severe ones: code scanning takes {most} and {} MB at most.",
        compressed / 1_000_000
    );
    json!({
        "descriptor": { "id": "truncated" },
        "level": "warning",
        "message": { "text": text },
        "properties": { "leftOut": left_out },
    })
}

/// How many results, in their order, stay below a number of bytes when compressed. What stands around them takes a tenth.
fn fitting_values(results: impl Iterator<Item = Value>, compressed: u64) -> usize {
    /// Where compressed bytes are counted; nothing is kept, so nothing can fail.
    struct Count(u64);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let room = compressed / 10 * 9;
    let mut encoder = flate2::write::DeflateEncoder::new(Count(0), flate2::Compression::fast());
    results
        .take_while(|result| serde_json::to_writer(&mut encoder, result).is_ok() && encoder.get_ref().0 <= room)
        .count()
}

/// What a run takes of a list, in its order: the worst by `rank`, at most so many, of those as many as `fitting` says.
fn within_limits<T, R: Ord>(
    all: Vec<T>,
    most: usize,
    rank: impl Fn(&T) -> R,
    fitting: impl Fn(&[&T]) -> usize,
) -> Vec<T> {
    /// So many results never come near the limit of a file's size.
    const FEW: usize = 2_000;
    if all.len() <= most.min(FEW) {
        return all;
    }
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_cached_key(|i| (rank(&all[*i]), *i));
    order.truncate(most);
    let ranked: Vec<&T> = order.iter().map(|i| &all[*i]).collect();
    let fit = fitting(&ranked);
    order.truncate(fit);
    let kept: std::collections::HashSet<usize> = order.into_iter().collect();
    all.into_iter().enumerate().filter(|(i, _)| kept.contains(i)).map(|(_, one)| one).collect()
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

/// The findings to report, in their order, and how many are left out; over a limit the most severe and surest are kept, the
/// first of equals.
fn kept<'a>(
    files: impl Iterator<Item = &'a FileReport>,
    most: usize,
    compressed: u64,
    compared: bool,
    owners: &Owners,
) -> (Vec<(&'a FileReport, &'a Finding)>, usize) {
    let all: Vec<_> = files.flat_map(|f| f.findings.iter().map(move |finding| (f, finding))).collect();
    let count = all.len();
    let rank =
        |(_, f): &(&FileReport, &Finding)| (f.suppressed.is_some(), std::cmp::Reverse((f.severity, f.confidence)));
    let kept = within_limits(all, most, rank, |ranked| {
        fitting_values(ranked.iter().map(|(file, finding)| result::result(file, finding, compared, owners)), compressed)
    });
    let left_out = count - kept.len();
    (kept, left_out)
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
    fn a_file_stays_below_its_size() {
        let rule = sidenote_core::rules::all()[0];
        let place = crate::scan::Region::new(&sidenote_core::text::Text::new("x"), &(0..1));
        let finding = |n: u32| Finding {
            rule,
            severity: sidenote_core::findings::Severity::Low,
            confidence: sidenote_core::findings::Confidence::Low,
            message: noise(n),
            region: place,
            related: Vec::new(),
            flow: Vec::new(),
            fixes: Vec::new(),
            symbol: String::new(),
            suppressed: None,
            feedback: None,
            known: false,
            fingerprint: sidenote_core::findings::Fingerprint([n as u8; 16]),
            line_hash: None,
            verdict: None,
        };
        let file = FileReport {
            path: "a.ts".into(),
            file: "a.ts".into(),
            language: "typescript",
            lines: 1,
            bytes: 1,
            score: sidenote_core::findings::score(&[], 1),
            findings: (0..3_000).map(finding).collect(),
            suppressed: 0,
            dismissed: 0,
            hidden: 0,
            known: 0,
            gaps: Vec::new(),
            text: None,
            fixed: None,
            fixes_refused: 0,
        };
        let (all, none) = kept([&file].into_iter(), 25_000, 10_000_000, false, &Owners::default());
        assert_eq!((all.len(), none), (3_000, 0));
        let (some, rest) = kept([&file].into_iter(), 25_000, 100_000, false, &Owners::default());
        assert!(!some.is_empty() && some.len() < 3_000 && some.len() + rest == 3_000, "{}", some.len());
        assert_eq!(some[0].1.message, file.findings[0].message, "the first of equals are kept");
        let mut worse = file.clone();
        worse.findings[2_500].severity = sidenote_core::findings::Severity::High;
        let (few, rest) = kept([&worse].into_iter(), 10, 10_000_000, false, &Owners::default());
        assert_eq!((few.len(), rest), (10, 2_990));
        assert_eq!(few[9].1.message, file.findings[2_500].message, "the worst stays, and in its place");
    }

    /// Text that hardly compresses.
    fn noise(n: u32) -> String {
        let mut x = u64::from(n).wrapping_add(0x9E37_79B9_7F4A_7C15);
        (0..12)
            .map(|_| {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                format!("{x:x}")
            })
            .collect()
    }

    #[test]
    fn sentences() {
        assert_eq!(sentence("syntax error: x"), "Syntax error: x.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), "");
    }
}
