//! A summary in Markdown, for the page of a CI job or a comment.

use std::collections::BTreeMap;
use std::io::{self, Write};

use sidenote_core::findings::Severity;

use super::{Context, split_message};
use crate::budget::Spent;
use crate::owners::NOBODY;
use crate::scan::{FileReport, Finding, Summary};

/// Most findings that are listed: a job's page takes a megabyte.
const MAX_ROWS: usize = 200;

/// Writes it.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let s = context.summary;
    let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut all: Vec<_> =
        context.scan.files.iter().flat_map(|file| file.findings.iter().map(move |f| (file, f))).collect();
    all.retain(|(_, f)| f.suppressed.is_none() && !f.known);
    let new = if context.args.compares() { "new " } else { "" };
    if all.is_empty() {
        writeln!(out, "## Sidenote: no {new}findings\n")?;
    } else {
        writeln!(out, "## Sidenote: {}\n", plural(all.len(), &format!("{new}finding")))?;
    }
    let mut facts =
        vec![plural(s.files, "file"), plural(s.lines, "line"), format!("health **{:.1}**/100{}", s.score, trend(s))];
    let counts = [
        (s.suppressed, "suppressed"),
        (s.dismissed, "hidden by feedback"),
        (s.known, "known"),
        (s.gaps, "not analysed"),
        (s.internal_errors, "failed"),
    ];
    facts.extend(counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    writeln!(out, "{}\n", facts.join(" · "))?;
    for complaint in s.budgets.iter().filter_map(Spent::complaint) {
        writeln!(out, "- ❌ over budget: {}", cell(&complaint))?;
    }
    if s.budgets.iter().any(|b| b.exceeded) {
        writeln!(out)?;
    }
    if all.is_empty() {
        return Ok(());
    }
    all.sort_by_key(|(_, f)| std::cmp::Reverse((f.severity, f.confidence)));
    let owned = context.owners.known();
    if owned {
        per_owner(context, &all, out)?;
        writeln!(out, "| severity | rule | place | finding | owners |\n|---|---|---|---|---|")?;
    } else {
        writeln!(out, "| severity | rule | place | finding |\n|---|---|---|---|")?;
    }
    for (file, finding) in all.iter().take(MAX_ROWS) {
        let (title, _) = split_message(&finding.message);
        let place = format!("{}:{}", file.path, finding.region.start.line);
        let owners: Vec<String> = context.owners.of_file(&file.path).into_iter().map(code).collect();
        let owners = if owned { format!(" {} |", owners.join(" ")) } else { String::new() };
        writeln!(
            out,
            "| {} | {} | {} | {} |{owners}",
            mark(finding.severity),
            code(finding.rule.id),
            code(&place),
            cell(title)
        )?;
    }
    if all.len() > MAX_ROWS {
        writeln!(out, "\nand {} more.", all.len() - MAX_ROWS)?;
    }
    Ok(())
}

fn trend(summary: &Summary) -> String {
    summary.trend.map_or_else(String::new, |t| format!(" ({})", t.text()))
}

/// The findings of each owner's files, by severity.
fn per_owner(context: &Context<'_>, all: &[(&FileReport, &Finding)], out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<&str, BTreeMap<Severity, usize>> = BTreeMap::new();
    for (file, finding) in all {
        let mut owners = context.owners.of_file(&file.path);
        if owners.is_empty() {
            owners.push(NOBODY);
        }
        for owner in owners {
            *counts.entry(owner).or_default().entry(finding.severity).or_default() += 1;
        }
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(owner, by)| (std::cmp::Reverse(by.values().sum::<usize>()), *owner));
    let severities = || Severity::ALL.iter().rev();
    let names: Vec<&str> = severities().map(|s| mark(*s)).collect();
    writeln!(out, "| owner | findings | {} |\n|---|---|{}", names.join(" | "), "---|".repeat(names.len()))?;
    for (owner, by) in rows {
        let numbers: Vec<String> =
            severities().map(|s| by.get(s).map_or_else(String::new, ToString::to_string)).collect();
        writeln!(out, "| {} | {} | {} |", code(owner), by.values().sum::<usize>(), numbers.join(" | "))?;
    }
    writeln!(out)
}

fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "🔴 critical",
        Severity::High => "🟠 high",
        Severity::Medium => "🟡 medium",
        Severity::Low => "🔵 low",
        Severity::Info => "⚪ info",
    }
}

/// Text in a table, in which nothing but code between backticks has a meaning.
fn cell(text: &str) -> String {
    let mut out = String::new();
    let text = text.replace(['\n', '\r', '\t'], " ");
    let pieces: Vec<&str> = text.split('`').collect();
    for (i, piece) in pieces.iter().enumerate() {
        // An odd last backtick opens nothing.
        if i % 2 == 1 && i + 1 < pieces.len() {
            out.push_str(&code(piece));
            continue;
        }
        for c in piece.chars() {
            match c {
                '<' => out.push_str("&lt;"),
                '&' => out.push_str("&amp;"),
                // A name behind it would be told of every run.
                '@' => out.push_str("&#64;"),
                '|' | '\\' | '*' | '_' | '[' | ']' | '#' | '!' | '~' => out.extend(['\\', c]),
                c => out.push(c),
            }
        }
    }
    out
}

/// Code in a table.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    // A bar ends a cell even in code.
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|").replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::{cell, code};

    #[test]
    fn nothing_leaves_its_cell() {
        assert_eq!(cell("a | b\n@me <img> `x|y` *z*"), "a \\| b &#64;me &lt;img> `x\\|y` \\*z\\*");
        assert_eq!(cell("odd ` tick"), "odd  tick");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
    }
}
