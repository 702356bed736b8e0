//! Commands that a client may have executed.

use std::fmt::Write as _;
use std::sync::Arc;

use sidenote_core::findings::{Score, Severity};
use sidenote_core::rules;

use tower_lsp::ls_types::Uri;

use crate::catalog::Entry;
use crate::meaning::Answer;

/// Explains a rule, its one argument. The result is `{"rule": id, "markdown": text}`.
pub(crate) const EXPLAIN: &str = "sidenote.explain";
/// Scans every file of the workspace. The result counts what was found.
pub(crate) const SCAN: &str = "sidenote.scanWorkspace";
/// A report of the workspace as Markdown: `{"markdown": text}`.
pub(crate) const REPORT: &str = "sidenote.report";
/// Applies every safe fix of a document, its one argument a URI.
pub(crate) const FIX_ALL: &str = "sidenote.fixAll";

/// Functions that answer a question, its one argument, best first.
pub(crate) const SEARCH: &str = "sidenote.search";
/// Opens a place, `{"uri": uri, "range": range}`, where the client can.
pub(crate) const SHOW: &str = "sidenote.show";
/// What works and what does not: how far the vectors of functions are, and why there are none.
pub(crate) const STATUS: &str = "sidenote.status";

/// Says of a finding that it does not matter, `{"uri": uri, "fingerprint": id, "reason": text?, "user": bool?}`.
pub(crate) const DISMISS: &str = "sidenote.dismiss";
/// Takes that back; the same argument.
pub(crate) const UNDO_DISMISS: &str = "sidenote.undoDismiss";

/// Explains a finding, `{"uri", "rule", "start", "end"}` (bytes), with the user's model: `{"markdown": text}`. Told as it comes under the
/// request's progress, and shown where the mouse rests.
pub(crate) const EXPLAIN_MODEL: &str = "sidenote.explainWithModel";
/// Has the user's model propose a change for a finding, given as for [`EXPLAIN_MODEL`]; it is proven, and applied where the client
/// shows it first. The result is `{"diff": text, "applied": bool}`.
pub(crate) const FIX_MODEL: &str = "sidenote.fixWithModel";

/// All commands.
pub(crate) const ALL: [&str; 11] =
    [EXPLAIN, SCAN, REPORT, FIX_ALL, SEARCH, SHOW, STATUS, DISMISS, UNDO_DISMISS, EXPLAIN_MODEL, FIX_MODEL];

/// A finding as an argument.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct OfFinding {
    pub uri: Uri,
    pub rule: String,
    pub start: usize,
    pub end: usize,
}

/// A change as lines taken away and lines put in.
pub(crate) fn difference(text: &str, edits: &[(std::ops::Range<usize>, String)]) -> String {
    let mut out = String::new();
    for (range, new) in edits {
        let from = text[..range.start].rfind('\n').map_or(0, |n| n + 1);
        let to = if text[..range.end].ends_with('\n') {
            range.end
        } else {
            text[range.end..].find('\n').map_or(text.len(), |n| range.end + n)
        };
        let after = format!("{}{new}{}", &text[from..range.start], &text[range.end..to]);
        for line in text[from..to].lines() {
            let _ = writeln!(out, "-{line}");
        }
        for line in after.lines() {
            let _ = writeln!(out, "+{line}");
        }
    }
    out
}

/// Answers of a search.
pub(crate) fn answers(answers: &[Answer]) -> serde_json::Value {
    let answer = |a: &Answer| {
        serde_json::json!({
            "uri": a.place.uri, "range": a.place.range, "path": a.place.path, "symbol": a.place.symbol,
            "score": a.score, "cosine": a.cosine,
        })
    };
    answers.iter().map(answer).collect()
}

/// A rule's page; an error says what there is instead.
pub(crate) fn explain(id: &str) -> Result<serde_json::Value, String> {
    match rules::find(id) {
        Some(rule) => Ok(serde_json::json!({ "rule": id, "markdown": rules::markdown(rule) })),
        None => {
            let near = rules::suggestions(id).first().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            Err(format!("there is no rule `{id}`{near}"))
        }
    }
}

/// What was found in the workspace.
pub(crate) fn summary(files: &[Arc<Entry>]) -> serde_json::Value {
    let findings: usize = files.iter().flat_map(|e| e.counts).sum();
    let mut by_severity = serde_json::Map::new();
    for severity in Severity::ALL {
        let count: usize = files.iter().map(|e| e.counts[severity as usize]).sum();
        by_severity.insert(severity.name().into(), count.into());
    }
    let score = files.iter().map(|e| e.score).sum::<Score>();
    serde_json::json!({
        "files": files.len(), "lines": score.lines, "findings": findings, "bySeverity": by_severity, "health": score.value(),
    })
}

/// Rows of a table of the report.
const ROWS: usize = 100;

/// The report of the workspace.
pub(crate) fn report(files: &[Arc<Entry>]) -> serde_json::Value {
    let score = files.iter().map(|e| e.score).sum::<Score>();
    let count = |severity: Severity| files.iter().map(|e| e.counts[severity as usize]).sum::<usize>();
    let total: usize = Severity::ALL.into_iter().map(count).sum();
    let mut out = String::new();
    let _ = writeln!(out, "# Sidenote report\n");
    let _ = writeln!(
        out,
        "Health **{:.1}/100** over {} files and {} lines; {total} findings.\n",
        score.value(),
        files.len(),
        score.lines
    );
    let _ = writeln!(out, "| critical | high | medium | low | info |\n|---:|---:|---:|---:|---:|");
    let cells: Vec<String> = Severity::ALL.into_iter().rev().map(|s| count(s).to_string()).collect();
    let _ = writeln!(out, "| {} |\n", cells.join(" | "));
    let mut worst: Vec<&Arc<Entry>> = files.iter().filter(|e| e.score.debt > 0.0).collect();
    worst.sort_by(|a, b| b.score.debt.total_cmp(&a.score.debt).then_with(|| a.path.cmp(&b.path)));
    if !worst.is_empty() {
        let _ = writeln!(out, "## Files with the most to mend\n\n| file | findings | health |\n|---|---:|---:|");
        for entry in worst.iter().take(ROWS) {
            let findings: usize = entry.counts.iter().sum();
            // No link: editors refuse those to files in a page that a server wrote.
            let path = entry.path.replace('|', "\\|");
            let _ = writeln!(out, "| {path} | {findings} | {:.1} |", entry.score.value());
        }
        if worst.len() > ROWS {
            let _ = writeln!(out, "\n{} more files have findings.", worst.len() - ROWS);
        }
    }
    let mut by_rule: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for diagnostic in files.iter().flat_map(|e| e.diagnostics.iter()) {
        if let Some(tower_lsp::ls_types::NumberOrString::String(id)) = &diagnostic.code {
            *by_rule.entry(id).or_default() += 1;
        }
    }
    if !by_rule.is_empty() {
        let mut by_rule: Vec<_> = by_rule.into_iter().collect();
        by_rule.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let _ = writeln!(out, "\n## Rules\n\n| rule | findings |\n|---|---:|");
        for (id, count) in by_rule {
            let _ = writeln!(out, "| {id} | {count} |");
        }
    }
    serde_json::json!({ "markdown": out })
}
