//! The report for people: one page that needs nothing else, and the badge.
//!
//! What comes from the scanned code is data: JSON in a block that is never run, with `<` escaped, which the page's script
//! shows as text. The page's policy allows only its own script and style, by a nonce that is a hash of the data.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;
use sidenote_core::findings;
use sidenote_core::system::{OsSystem, System};

use super::folders::{self, Folder};
use super::{Context, split_message};
use crate::scan::{FileReport, Finding, Place, Region, Summary};

/// Lines of code shown around a finding.
const AROUND: u32 = 2;
/// Most lines of an excerpt, and most characters of a line.
const MAX_LINES: u32 = 14;
const MAX_LINE: usize = 400;

#[derive(Serialize)]
struct Page<'a> {
    project: String,
    version: &'static str,
    /// Debt at which a thousand lines lose half of their score, for scores that the page computes.
    half: f64,
    summary: &'a Summary,
    files: Vec<FileRow<'a>>,
    folders: Vec<Folder>,
    rules: BTreeMap<&'static str, RuleRow>,
    findings: Vec<Row<'a>>,
    /// Who owns files, where the repository says so.
    owners: Vec<&'a str>,
}

#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a Arc<str>,
    lines: usize,
    findings: usize,
    debt: f64,
    score: f64,
    /// By position among the owners.
    owners: Vec<usize>,
}

#[derive(Serialize)]
struct RuleRow {
    summary: &'static str,
    category: &'static str,
    why: &'static str,
    cwe: &'static [u16],
    findings: usize,
    files: usize,
    debt: f64,
}

#[derive(Serialize)]
struct Row<'a> {
    rule: &'static str,
    severity: &'static str,
    confidence: &'static str,
    weight: f64,
    /// Index of the file.
    file: usize,
    line: u32,
    symbol: &'a str,
    message: &'a str,
    title: &'a str,
    rest: &'a str,
    suppressed: Option<&'a str>,
    code: Option<Excerpt>,
    flow: Vec<Step<'a>>,
    related: Vec<Step<'a>>,
    fixes: Vec<FixRow<'a>>,
}

#[derive(Serialize)]
struct FixRow<'a> {
    title: &'a str,
    safe: bool,
}

#[derive(Serialize)]
struct Step<'a> {
    path: Option<&'a Arc<str>>,
    line: u32,
    message: &'a str,
    code: Option<String>,
}

/// Lines, and which part of each is marked, in UTF-16 units.
#[derive(Serialize)]
struct Excerpt {
    first: u32,
    lines: Vec<String>,
    marks: Vec<Option<(u32, u32)>>,
}

/// The page.
pub fn page(context: &Context<'_>) -> String {
    // `<` would end the block that the data stands in.
    let data = serde_json::to_string(&model(context)).unwrap_or_default().replace('<', "\\u003c");
    let nonce = blake3::hash(data.as_bytes()).to_hex();
    fill(include_str!("page.html"), |name| match name {
        "NONCE" => &nonce,
        "STYLE" => include_str!("style.css"),
        "SCRIPT" => include_str!("app.js"),
        "DATA" => &data,
        _ => "",
    })
}

/// Puts values in the place of `@NAME@`; what is put in is not looked at again.
fn fill<'a>(template: &'a str, value: impl Fn(&str) -> &'a str) -> String {
    let parts = template.split('@').enumerate();
    parts.map(|(i, part)| if i % 2 == 0 { part } else { value(part) }).collect()
}

fn model<'a>(context: &'a Context<'a>) -> Page<'a> {
    let files = &context.scan.files;
    let mut rules: BTreeMap<&'static str, RuleRow> = BTreeMap::new();
    let owned: Vec<Vec<&str>> = files.iter().map(|f| context.owners.of_file(&f.path)).collect();
    let owners: BTreeSet<&str> = owned.iter().flatten().copied().collect();
    let owners: Vec<&str> = owners.into_iter().collect();
    let mut rows = Vec::new();
    let mut texts = Texts { context, others: HashMap::new() };
    for (index, file) in files.iter().enumerate() {
        let lines: Vec<&str> = file.text.as_deref().map(|t| t.lines().collect()).unwrap_or_default();
        let mut seen: Vec<&str> = Vec::new();
        for finding in &file.findings {
            let weight = if finding.counts() { findings::weight(finding.severity, finding.confidence) } else { 0.0 };
            let rule = finding.rule;
            let entry = rules.entry(rule.id).or_insert_with(|| RuleRow {
                summary: rule.summary,
                category: rule.category.name(),
                why: rule.docs.why,
                cwe: rule.cwe,
                findings: 0,
                files: 0,
                debt: 0.0,
            });
            entry.findings += 1;
            entry.debt += weight;
            if !seen.contains(&rule.id) {
                seen.push(rule.id);
                entry.files += 1;
            }
            rows.push(row(index, finding, weight, &lines, &mut texts));
        }
    }
    let position = |owner: &&str| owners.binary_search(owner).ok();
    let owned = owned.iter().map(|own| own.iter().filter_map(position).collect());
    Page {
        project: project(context),
        version: env!("CARGO_PKG_VERSION"),
        half: findings::HALF,
        summary: context.summary,
        files: files.iter().zip(owned).map(|(file, owners)| file_row(file, owners)).collect(),
        folders: folders::of(context),
        rules,
        findings: rows,
        owners,
    }
}

/// The root's name; where a checkout lies differs from machine to machine.
fn project(context: &Context<'_>) -> String {
    let name = context.workspace.root().file_name().filter(|_| !context.args.deterministic);
    name.map_or_else(|| "repository".into(), |n| n.to_string_lossy().into_owned())
}

fn file_row(file: &FileReport, owners: Vec<usize>) -> FileRow<'_> {
    FileRow {
        path: &file.path,
        lines: file.lines,
        findings: file.findings.iter().filter(|f| f.counts()).count(),
        debt: file.score.debt,
        score: file.score.value(),
        owners,
    }
}

fn row<'a>(file: usize, finding: &'a Finding, weight: f64, lines: &[&str], texts: &mut Texts<'_>) -> Row<'a> {
    let (title, rest) = split_message(&finding.message);
    let mut steps = |places: &'a [Place]| -> Vec<Step<'a>> {
        let step = |place: &'a Place| {
            let line = place.region.start.line;
            let code = match &place.path {
                None => lines.get(line as usize - 1).map(|l| cut(l.trim())),
                Some(path) => texts.line(path, line),
            };
            Step { path: place.path.as_ref(), line, message: &place.message, code }
        };
        places.iter().map(step).collect()
    };
    Row {
        rule: finding.rule.id,
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        weight,
        file,
        line: finding.region.start.line,
        symbol: &finding.symbol,
        message: &finding.message,
        title,
        rest,
        suppressed: finding.suppressed.as_deref(),
        code: excerpt(lines, &finding.region),
        flow: steps(&finding.flow),
        related: steps(&finding.related),
        fixes: finding.fixes.iter().map(|f| FixRow { title: &f.title, safe: f.safe }).collect(),
    }
}

/// Lines of other files, each read once.
struct Texts<'a> {
    context: &'a Context<'a>,
    others: HashMap<Arc<str>, Option<String>>,
}

impl Texts<'_> {
    fn line(&mut self, path: &Arc<str>, line: u32) -> Option<String> {
        let root = self.context.workspace.root();
        let text = self.others.entry(path.clone()).or_insert_with(|| OsSystem.read(&root.join(&**path)));
        text.as_ref()?.lines().nth(line as usize - 1).map(|l| cut(l.trim()))
    }
}

fn cut(line: &str) -> String {
    line.chars().take(MAX_LINE).collect()
}

fn excerpt(lines: &[&str], region: &Region) -> Option<Excerpt> {
    let (start, end) = (region.start.line, region.end.line.max(region.start.line));
    let first = start.saturating_sub(AROUND).max(1);
    let last = (end + AROUND).min(first + MAX_LINES - 1).min(lines.len() as u32);
    if first > last {
        return None;
    }
    let mark = |n: u32| {
        let from = if n == start { region.start.column - 1 } else { 0 };
        let to = if n == end { region.end.column - 1 } else { MAX_LINE as u32 };
        (start..=end).contains(&n).then_some((from, to))
    };
    let shown = (first..=last).map(|n| cut(lines[n as usize - 1]));
    Some(Excerpt { first, lines: shown.collect(), marks: (first..=last).map(mark).collect() })
}

/// A badge with the health, as an SVG image.
pub fn badge(score: f64) -> String {
    let colour = match score {
        s if s >= 80.0 => "#1f7a4d",
        s if s >= 50.0 => "#8f6200",
        _ => "#b3261e",
    };
    let value = format!("{score:.0}");
    let right = 20 + 8 * value.len();
    let (width, middle) = (52 + right, 52 + right / 2);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"20\" role=\"img\" aria-label=\"health: {value}\">\
         <title>health: {value} of 100</title><clipPath id=\"r\"><rect width=\"{width}\" height=\"20\" rx=\"3\"/></clipPath>\
         <g clip-path=\"url(#r)\"><rect width=\"52\" height=\"20\" fill=\"#454a54\"/><rect x=\"52\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/></g>\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
         <text x=\"26\" y=\"14\">health</text><text x=\"{middle}\" y=\"14\">{value}</text></g></svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        assert_eq!(fill("a @X@ b", |_| "@Y@"), "a @Y@ b");
    }

    #[test]
    fn the_page_asks_for_nothing() {
        for text in [include_str!("page.html"), include_str!("style.css"), include_str!("app.js")] {
            let urls = text.matches("http").count()
                - text.matches("http://www.w3.org/2000/svg").count()
                - text.matches("http-equiv").count();
            assert_eq!(urls, 0);
            for word in [
                "url(",
                "@import",
                "fetch(",
                "XMLHttpRequest",
                "innerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!text.contains(word), "{word}");
            }
        }
        assert!(!include_str!("app.js").contains("</script") && !include_str!("style.css").contains("</style"));
    }

    #[test]
    fn a_badge_is_well_formed() {
        for (score, colour) in [(100.0, "#1f7a4d"), (64.2, "#8f6200"), (3.0, "#b3261e")] {
            let badge = badge(score);
            assert!(badge.contains(&format!(">{score:.0}</text>")) && badge.contains(colour), "{badge}");
        }
    }
}
