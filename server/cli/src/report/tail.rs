//! What stands under the findings: what could not be analysed, the numbers, the score.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use sidenote_core::findings::{Category, Severity};

use super::{Context, folders};
use crate::scan::{Phase, Summary, peak_memory};
use crate::style::{self, BOLD, DIM, GOOD};

/// Most files named one by one.
const MAX_NAMED: usize = 5;
/// Most folders whose health is told.
const MAX_FOLDERS: usize = 10;

/// Failures, and files that somebody should know of.
pub fn troubles(context: &Context<'_>, renderer: &Renderer, out: &mut dyn Write) -> io::Result<()> {
    for file in &context.scan.files {
        for gap in file.gaps.iter().filter(|g| g.internal) {
            let group = Group::with_title(Level::ERROR.with_name("internal error").primary_title(&*gap.message))
                .element(Origin::path(style::shown(&file.file)));
            writeln!(out, "{}\n", renderer.render(&[group]))?;
        }
    }
    let with_gaps: Vec<_> = context.scan.files.iter().filter(|f| f.gaps.iter().any(|g| !g.internal)).collect();
    for file in with_gaps.iter().take(MAX_NAMED) {
        let Some(gap) = file.gaps.first() else { continue };
        let more = file.gaps.len() - 1;
        let and = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        let title = format!("not all of this file could be analysed: {}{and}", gap.message);
        let mut group = Group::with_title(Level::NOTE.with_name("gap").primary_title(title));
        let line = gap.region.start.line as usize;
        let source = file.text.as_ref().and_then(|t| t.lines().nth(line - 1));
        let path = style::shown(&file.file);
        group = match source {
            Some(source) => {
                let at =
                    source.char_indices().nth(gap.region.start.column as usize - 1).map_or(source.len(), |(i, _)| i);
                let end = source[at..].chars().next().map_or(at, |c| at + c.len_utf8());
                let mark = AnnotationKind::Primary.span(at..end);
                group.element(Snippet::source(source).line_start(line).path(path).annotation(mark))
            }
            None => group.element(Origin::path(path).line(line)),
        };
        writeln!(out, "{}\n", renderer.render(&[group]))?;
    }
    if with_gaps.len() > MAX_NAMED {
        writeln!(out, "{DIM}and gaps in {} more files{DIM:#}\n", with_gaps.len() - MAX_NAMED)?;
    }
    let troubles: Vec<_> = context.scan.skipped.iter().filter(|s| s.why.is_trouble()).collect();
    for skipped in troubles.iter().take(MAX_NAMED) {
        let title = format!("skipped: {}", style::printable(&skipped.why.explain()));
        let path = style::shown(&context.workspace.root().join(&*skipped.path));
        let group = Group::with_title(Level::NOTE.primary_title(title)).element(Origin::path(path));
        writeln!(out, "{}\n", renderer.render(&[group]))?;
    }
    if troubles.len() > MAX_NAMED {
        writeln!(out, "{DIM}and {} more files skipped{DIM:#}\n", troubles.len() - MAX_NAMED)?;
    }
    Ok(())
}

fn count(n: usize, what: &str) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(c);
    }
    let plural = if n == 1 || what.ends_with("skipped") || what.ends_with("suppressed") { "" } else { "s" };
    format!("{text} {what}{plural}")
}

/// The numbers.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let s = context.summary;
    let separator = if style::unicode() { " · " } else { " - " };
    if s.findings == 0 {
        let (good, mark) = (style::GOOD, if style::unicode() { "✔ " } else { "" });
        let what = if s.files == 0 { "no file to look at" } else { "no findings" };
        writeln!(out, "{good}{mark}{what}{good:#}")?;
    } else {
        let severities: Vec<String> = Severity::ALL
            .iter()
            .rev()
            .filter_map(|severity| {
                let n = s.by_severity.get(severity.name()).copied().filter(|n| *n > 0)?;
                let paint = style::severity(*severity);
                Some(format!("{paint}{n} {}{paint:#}", severity.name()))
            })
            .collect();
        let files = count(s.files_with_findings, "file");
        writeln!(out, "{BOLD}{}{BOLD:#} in {files}{separator}{}", count(s.findings, "finding"), severities.join(", "))?;
        let categories: Vec<String> = Category::ALL
            .iter()
            .filter_map(|c| s.by_category.get(c.name()).filter(|n| **n > 0).map(|n| format!("{n} {}", c.name())))
            .collect();
        writeln!(out, "{DIM}{}{DIM:#}", categories.join(separator))?;
    }
    let time = if context.args.deterministic { String::new() } else { format!(" in {:.2} s", context.stats.elapsed()) };
    let mut rest = vec![format!("{}, {}{time}", count(s.files, "file"), count(s.lines, "line"))];
    if s.suppressed > 0 {
        rest.push(count(s.suppressed, "suppressed"));
    }
    if s.dismissed > 0 {
        rest.push(format!("{} hidden by feedback", s.dismissed));
    }
    if s.known > 0 {
        rest.push(format!("{} known", s.known));
    }
    if s.hidden > 0 {
        rest.push(format!("{} below --min-severity", s.hidden));
    }
    if s.notes > 0 {
        rest.push(format!("{} of a model", count(s.notes, "note")));
    }
    if s.gaps > 0 {
        rest.push(count(s.gaps, "gap"));
    }
    writeln!(out, "{DIM}{}{DIM:#}", rest.join(separator))?;
    let skipped: usize = s.skipped.values().sum();
    if skipped > 0 {
        let why: Vec<String> = s.skipped.iter().map(|(name, n)| format!("{n} {name}")).collect();
        writeln!(
            out,
            "{DIM}{}: {}{DIM:#}",
            count(skipped, "file skipped")
                .replace("file skipped", if skipped == 1 { "file skipped" } else { "files skipped" }),
            why.join(", ")
        )?;
    }
    if !context.folders.is_empty() {
        let names: Vec<String> = context.folders.keys().map(|n| format!("{n}/")).collect();
        writeln!(out, "{DIM}not looked into: {} (--all-folders does){DIM:#}", names.join(", "))?;
    }
    if context.args.fix {
        writeln!(out, "{}", fixes(context))?;
    } else if s.fixable > 0 {
        writeln!(out, "{DIM}{} can be fixed by --fix{DIM:#}", count(s.fixable, "finding"))?;
    }
    if s.files > 0 {
        writeln!(out, "health {} {}{}", bar(s.score), painted(s.score), trend(s))?;
    }
    Ok(())
}

fn paint(score: f64) -> annotate_snippets::renderer::Style {
    match score {
        s if s >= 80.0 => style::GOOD,
        s if s >= 50.0 => style::FAIR,
        _ => style::BAD,
    }
}

fn painted(score: f64) -> String {
    let style = paint(score);
    format!("{style}{score:.1}{style:#}{DIM}/100{DIM:#}")
}

/// ` (+3.1)`, where an earlier score is known.
fn trend(summary: &Summary) -> String {
    let Some(trend) = summary.trend else { return String::new() };
    let style = if trend.change < 0.0 { style::BAD } else { style::GOOD };
    format!(" {style}({}){style:#}", trend.text())
}

fn bar(score: f64) -> String {
    const CELLS: usize = 24;
    let (full, empty) = if style::unicode() { ("━", "─") } else { ("=", "-") };
    let filled = ((score / 100.0 * CELLS as f64).round() as usize).min(CELLS);
    let style = paint(score);
    format!("{style}{}{style:#}{DIM}{}{DIM:#}", full.repeat(filled), empty.repeat(CELLS - filled))
}

/// What `--fix` did, or with `--diff` would do.
fn fixes(context: &Context<'_>) -> String {
    let s = context.summary;
    let total: usize = s.fixed.values().sum();
    let files = context.scan.files.iter().filter(|f| f.fixed.is_some()).count();
    let refused: usize = context.scan.files.iter().map(|f| f.fixes_refused).sum();
    let mut text = match (total, context.args.previews()) {
        (0, _) => "nothing to fix".to_owned(),
        (_, true) => format!("would fix {} in {}", count(total, "finding"), count(files, "file")),
        (_, false) => format!("{GOOD}fixed {}{GOOD:#} in {}", count(total, "finding"), count(files, "file")),
    };
    if total > 0 {
        let mut rules: Vec<_> = s.fixed.iter().collect();
        rules.sort_by_key(|(id, n)| (std::cmp::Reverse(**n), **id));
        let named: Vec<String> = rules.iter().take(MAX_NAMED).map(|(id, n)| format!("{n} {id}")).collect();
        let more = if rules.len() > MAX_NAMED { ", ..." } else { "" };
        text += &format!(" {DIM}({}{more}){DIM:#}", named.join(", "));
    }
    match refused {
        0 => {}
        1 => text += "; 1 fix left out, since the code after it did not prove right",
        n => text += &format!("; {n} fixes left out, since the code after them did not prove right"),
    }
    if s.fixable_unsafe > 0 && !context.args.unsafe_fixes {
        text += &format!("; {DIM}--unsafe-fixes would change {} more{DIM:#}", s.fixable_unsafe);
    }
    text
}

/// The numbers in one line, beside a report for machines.
pub fn one_line(context: &Context<'_>) -> String {
    let s = context.summary;
    let files: Vec<String> =
        context.args.reports().iter().filter_map(|(_, f)| f.as_deref().map(style::shown)).collect();
    let to = if files.is_empty() { String::new() } else { format!(" written to {}", files.join(", ")) };
    let gaps = if s.gaps > 0 { format!(", {}", count(s.gaps, "gap")) } else { String::new() };
    let (findings, files) = (count(s.findings, "finding"), count(s.files, "file"));
    let left = if context.args.fix { format!("{}; left: ", fixes(context)) } else { String::new() };
    format!("{BOLD}sidenote{BOLD:#}: {left}{findings} in {files}{gaps}, health {}{}{to}", painted(s.score), trend(s))
}

/// Where the time went.
pub fn stats(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (s, stats) = (context.summary, context.stats);
    if context.args.deterministic {
        return tables(context, out);
    }
    let elapsed = stats.elapsed().max(1e-9);
    let megabytes = s.bytes as f64 / 1e6;
    writeln!(out, "\n{BOLD}time{BOLD:#} {DIM}(over all threads){DIM:#}")?;
    for phase in Phase::ALL {
        writeln!(out, "  {:<8} {:>9.1} ms", phase.name(), stats.seconds(phase) * 1e3)?;
    }
    writeln!(out, "  {:<8} {:>9.1} ms", "wall", elapsed * 1e3)?;
    let total: f64 = Phase::ALL.iter().map(|phase| stats.seconds(*phase)).sum::<f64>().max(1e-9);
    let rules = stats.rules.by_rule();
    if !rules.is_empty() {
        writeln!(
            out,
            "{BOLD}time by rule{BOLD:#} {DIM}(of all {:.1} ms; data flow is in `follow`){DIM:#}",
            total * 1e3
        )?;
        for (rule, nanos) in rules {
            let seconds = nanos as f64 / 1e9;
            writeln!(out, "  {:>9.1} ms {:>5.1} %  {}", seconds * 1e3, seconds * 100.0 / total, rule.id)?;
        }
    }
    writeln!(
        out,
        "{BOLD}speed{BOLD:#}  {:.0} files/s, {:.0} lines/s, {:.1} MB/s",
        s.files as f64 / elapsed,
        s.lines as f64 / elapsed,
        megabytes / elapsed
    )?;
    if let Some(peak) = peak_memory() {
        writeln!(out, "{BOLD}memory{BOLD:#} {:.1} MB at most", peak as f64 / 1e6)?;
    }
    if let Some((known, unread)) = stats.known() {
        let files = s.files;
        writeln!(
            out,
            "{BOLD}cache{BOLD:#}  {known} of {files} files known from an earlier scan, {unread} not even read"
        )?;
    }
    tables(context, out)
}

/// Findings by rule and owner, and the folders in the worst health.
fn tables(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let s = context.summary;
    if !s.by_rule.is_empty() {
        writeln!(out, "{BOLD}findings by rule{BOLD:#}")?;
        let mut rules: Vec<_> = s.by_rule.iter().collect();
        rules.sort_by_key(|(id, n)| (std::cmp::Reverse(**n), **id));
        for (id, n) in rules {
            writeln!(out, "  {n:>6}  {id}")?;
        }
    }
    if !s.by_owner.is_empty() {
        writeln!(out, "{BOLD}findings by owner{BOLD:#}")?;
        let mut owners: Vec<_> = s.by_owner.iter().collect();
        owners.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), *name));
        for (name, n) in owners {
            writeln!(out, "  {n:>6}  {}", style::printable(name))?;
        }
    }
    let mut folders = folders::of(context);
    folders.retain(|f| f.findings > 0);
    folders.sort_by(|a, b| a.score.total_cmp(&b.score).then_with(|| a.path.cmp(&b.path)));
    if !folders.is_empty() {
        writeln!(out, "{BOLD}health by folder{BOLD:#} {DIM}(the worst){DIM:#}")?;
    }
    for folder in folders.iter().take(MAX_FOLDERS) {
        let path = if folder.path.is_empty() { "." } else { &folder.path };
        let change = folder.trend.map_or_else(String::new, |t| format!(" ({})", t.text()));
        writeln!(out, "  {:>6.1}{change}  {}", folder.score, style::printable(path))?;
    }
    Ok(())
}
