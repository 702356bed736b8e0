//! For people: the code with remarks beside it.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};
use sidenote_core::findings::Severity;
use sidenote_core::system::{OsSystem, System};

use super::{Context, split_message, tail};
use crate::scan::{FileReport, Finding, Fix, Place};
use crate::style::{self, DIM};

/// Most steps of a flow that are shown; of a longer one the first and the last.
const MAX_STEPS: usize = 8;
/// Most further places that are shown.
const MAX_RELATED: usize = 6;
/// Lines over which a marked range is drawn; of a longer one only the first line is marked.
const MAX_MARKED_LINES: u32 = 6;

/// Findings of one rule that are shown with their code; where a rule has more, it is a habit of the whole code, and each further one
/// takes a line. Those of high severity are always shown.
const MAX_WHOLE: usize = 8;

/// Writes it.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let plain = style::renderer();
    let mut shown: HashMap<&str, usize> = HashMap::new();
    let mut in_lines = false;
    for file in &context.scan.files {
        for finding in &file.findings {
            let before = shown.entry(finding.rule.id).or_default();
            *before += 1;
            let paint = style::severity(finding.severity);
            if *before > MAX_WHOLE && finding.severity < Severity::High {
                write_line(file, finding, out)?;
                in_lines = true;
                continue;
            }
            if std::mem::take(&mut in_lines) {
                writeln!(out)?;
            }
            let renderer = plain.clone().error(paint).warning(paint).info(paint);
            let page = Page { context, file, renderer: &renderer };
            writeln!(out, "{}\n", page.finding(finding, *before == 1))?;
        }
    }
    if in_lines {
        writeln!(out)?;
    }
    tail::troubles(context, &plain, out)?;
    if !context.args.quiet {
        tail::write(context, out)?;
    }
    Ok(())
}

/// A finding in one line: `low[throw-literal]: A text is thrown.. src/a.js:3:7`.
fn write_line(file: &FileReport, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let (title, _) = split_message(&finding.message);
    let (paint, start) = (style::severity(finding.severity), &finding.region.start);
    let place = format!("{}:{}:{}", style::shown(&file.file), start.line, start.column);
    let (name, id) = (finding.severity.name(), finding.rule.id);
    writeln!(out, "{paint}{name}[{id}]{paint:#}: {} {DIM}{place}{DIM:#}", style::printable(title))
}

/// The level that carries a severity's name and colour.
fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Critical | Severity::High => Level::ERROR,
        Severity::Medium => Level::WARNING,
        Severity::Low | Severity::Info => Level::INFO,
    }
    .with_name(severity.name())
}

struct Page<'a> {
    context: &'a Context<'a>,
    file: &'a FileReport,
    renderer: &'a Renderer,
}

/// A remark: where, what, and whether it is what the finding is about.
struct Mark {
    path: Option<Arc<str>>,
    range: Range<usize>,
    label: Option<String>,
    primary: bool,
}

impl Page<'_> {
    fn finding(&self, finding: &Finding, first: bool) -> String {
        let (title, rest) = split_message(&finding.message);
        let title = style::printable(title);
        let (marks, left_out) = marks(finding);
        let pieces = self.pieces(&marks);
        let mut group = Group::with_title(level(finding.severity).primary_title(&*title).id(finding.rule.id));
        for piece in &pieces {
            group = group.element(piece.snippet());
        }
        if pieces.is_empty() {
            let line = finding.region.start.line as usize;
            group = group.element(Origin::path(style::shown(&self.file.file)).line(line));
        }
        let mut remarks: Vec<(Level<'static>, String)> = Vec::new();
        if left_out > 0 {
            remarks.push((Level::NOTE, format!("and {left_out} more places: `--format json` has them all")));
        }
        if !rest.is_empty() {
            remarks.push((Level::HELP, style::printable(rest)));
        }
        if let Some(told) = finding.feedback.as_ref().filter(|_| finding.suppressed.is_none()) {
            remarks.push((Level::NOTE, format!("taken down to info: {}", style::printable(&told.why))));
        }
        if let Some(reason) = &finding.suppressed {
            remarks.push((Level::NOTE, format!("suppressed: {}", style::printable(reason))));
        }
        if finding.known {
            remarks.push((Level::NOTE, "known: it is not new".to_owned()));
        }
        if let Some(verdict) = &finding.verdict {
            remarks.push((Level::NOTE, style::printable(&verdict.told())));
        }
        // What a model says by itself is no rule's.
        if first && !finding.rule.checks.is_empty() {
            let id = finding.rule.id;
            remarks.push((Level::NOTE.with_name("more"), format!("sidenote explain {id}")));
            remarks.push((Level::NOTE.with_name("silence"), format!("// sidenote: allow({id}) -- reason")));
        }
        group = group.elements(remarks.into_iter().map(|(level, text)| level.message(text)));
        let mut report = vec![group];
        let patch = finding.fixes.iter().find_map(|fix| self.patch(fix).map(|piece| (fix, piece)));
        if let Some((fix, (piece, patches))) = &patch {
            let how = if fix.safe { "" } else { " (have a look at it)" };
            let title = format!("{}{how}", style::printable(&fix.title));
            let snippet = Snippet::source(&*piece.source).line_start(piece.first_line).path(&*piece.path);
            report
                .push(Group::with_title(Level::HELP.secondary_title(title)).element(snippet.patches(patches.clone())));
        }
        self.renderer.render(&report)
    }

    /// A fix as a patch, if it is small.
    fn patch<'f>(&self, fix: &'f Fix) -> Option<(Piece, Vec<Patch<'f>>)> {
        let (first, last) = (fix.edits.first()?, fix.edits.last()?);
        let range = first.region.start.offset..last.region.end.offset;
        let small = last.region.end.line - first.region.start.line < 4 && fix.edits.iter().all(|e| e.text.len() < 400);
        let text = self.file.text.as_ref().filter(|_| small)?;
        let piece = cut(text, range, style::shown(&self.file.file))?;
        let patches = fix
            .edits
            .iter()
            .map(|e| {
                Patch::new(e.region.start.offset - piece.start..e.region.end.offset - piece.start, e.text.as_str())
            })
            .collect();
        Some((piece, patches))
    }

    /// Excerpts with their marks: one for each run of marks in the same file.
    fn pieces(&self, marks: &[Mark]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for run in marks.chunk_by(|a, b| a.path == b.path) {
            let (text, path) = match &run[0].path {
                None => (self.file.text.clone(), style::shown(&self.file.file)),
                Some(path) => {
                    let file = self.context.workspace.root().join(&**path);
                    (OsSystem.read(&file).map(Into::into), style::shown(&file))
                }
            };
            let Some(text) = text else { continue };
            let all = run.iter().map(|m| m.range.start).min().unwrap_or(0)
                ..run.iter().map(|m| m.range.end).max().unwrap_or(0);
            let Some(mut piece) = cut(&text, all, path) else { continue };
            for mark in run {
                let Some(range) = clipped(&text, &mark.range) else { continue };
                let range = range.start - piece.start..range.end - piece.start;
                piece.marks.push((range, mark.label.clone(), mark.primary));
            }
            pieces.push(piece);
        }
        pieces
    }
}

/// The marks of a finding in the order in which to show them, and how many were left out.
fn marks(finding: &Finding) -> (Vec<Mark>, usize) {
    let own = Mark { path: None, range: finding.region.range(), label: None, primary: true };
    let mark = |place: &Place, label: String| Mark {
        path: place.path.clone(),
        range: place.region.range(),
        label: Some(style::printable(&label)),
        primary: false,
    };
    let mut marks = Vec::new();
    let steps = finding.flow.len();
    let mut left_out = 0;
    for (i, place) in finding.flow.iter().enumerate() {
        if steps > MAX_STEPS && i >= MAX_STEPS / 2 && i < steps - MAX_STEPS / 2 {
            left_out += 1;
            continue;
        }
        marks.push(mark(place, format!("{}. {}", i + 1, place.message)));
    }
    // The finding's own place takes the label of the step that ends there.
    match marks.iter_mut().rev().find(|m| m.path.is_none() && m.range == own.range) {
        Some(step) => step.primary = true,
        None => marks.push(own),
    }
    marks.extend(finding.related.iter().take(MAX_RELATED).map(|place| mark(place, place.message.clone())));
    left_out += finding.related.len().saturating_sub(MAX_RELATED);
    // Marks in the file itself are shown together, so that its excerpt comes but once where that keeps the order.
    if marks.iter().all(|m| m.path.is_none()) {
        marks.sort_by_key(|m| m.range.start);
    }
    (marks, left_out)
}

/// An excerpt of whole lines.
struct Piece {
    source: String,
    path: String,
    /// Offset in the text.
    start: usize,
    /// One-based.
    first_line: usize,
    /// Ranges in the excerpt, with labels, and whether they are what it is about.
    marks: Vec<(Range<usize>, Option<String>, bool)>,
}

impl Piece {
    fn snippet(&self) -> Snippet<'_, Annotation<'_>> {
        let marks = self.marks.iter().map(|(range, label, primary)| {
            let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            kind.span(range.clone()).label(label.as_deref())
        });
        Snippet::source(&*self.source).line_start(self.first_line).path(&*self.path).annotations(marks)
    }
}

/// The lines of `text` that hold a range.
fn cut(text: &str, range: Range<usize>, path: String) -> Option<Piece> {
    let before = text.get(..range.start)?;
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let end = text.get(range.end..)?.find('\n').map_or(text.len(), |i| range.end + i);
    let first_line = before.matches('\n').count() + 1;
    Some(Piece { source: text[start..end].to_owned(), path, start, first_line, marks: Vec::new() })
}

/// A range that is not drawn over too many lines: of a long one the first line.
fn clipped(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let marked = text.get(range.clone())?;
    if marked.matches('\n').count() < MAX_MARKED_LINES as usize {
        return Some(range.clone());
    }
    let line = marked.lines().next().unwrap_or("").trim_end();
    Some(range.start..range.start + line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_whole_lines() {
        let piece = cut("one\ntwo\nthree\n", 5..6, String::new()).expect("inside");
        assert_eq!((piece.source.as_str(), piece.start, piece.first_line), ("two", 4, 2));
        assert!(cut("é", 1..2, String::new()).is_none());
        let long = "a(\n".repeat(20);
        assert_eq!(clipped(&long, &(3..40)), Some(3..5));
        assert_eq!(clipped(&long, &(3..10)), Some(3..10));
    }
}
