//! Hover: what a finding says, how the data gets there, and its rule's docs.

use std::fmt::Write as _;

use sidenote_core::findings::{Finding, Location};
use sidenote_core::rules;
use tower_lsp::ls_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

use crate::convert::{Context, Positions, line_column};
use crate::pool::Analysis;
use crate::reviewing::Reviewing;
use crate::session::Session;

/// Most further places that are listed.
const MAX_RELATED: usize = 40;

/// What to show at a position: the findings there, narrowest first.
pub(crate) fn hover(
    analysis: &Analysis,
    session: &Session,
    reviewing: &Reviewing,
    position: Position,
) -> Option<Hover> {
    let document = analysis.document.as_ref()?;
    let offset = document.text().offset(line_column(position), session.encoding);
    let mut here: Vec<&Finding> =
        analysis.report.active().filter(|f| f.range.start <= offset && offset <= f.range.end).collect();
    here.sort_by_key(|f| f.range.len());
    let positions = Positions::new(document.text(), session.encoding);
    if here.is_empty() {
        return complexity(analysis, session, &positions, offset);
    }
    let cx = Context { uri: &analysis.uri, folder: analysis.folder.as_deref(), positions, session };
    let range = cx.positions.range(&here.first()?.range);
    let parts: Vec<String> = here
        .iter()
        .map(|f| describe(f, &cx, document.language().name, reviewing.told(&analysis.uri, document, f)))
        .collect();
    let (kind, rule) =
        if session.hover_markdown { (MarkupKind::Markdown, "\n\n---\n\n") } else { (MarkupKind::PlainText, "\n\n") };
    let contents = HoverContents::Markup(MarkupContent { kind, value: parts.join(rule) });
    Some(Hover { contents, range: Some(range) })
}

/// What makes a function as complex as the lens above it says: each increment with its place.
fn complexity(analysis: &Analysis, session: &Session, positions: &Positions<'_>, offset: usize) -> Option<Hover> {
    let threshold = analysis.settings.code_lens.complexity;
    let document = analysis.document.as_ref().filter(|_| threshold > 0)?;
    let (block, (head, total, places)) = document.blocks().iter().find_map(|placed| {
        let whole = placed.start..placed.start + placed.block.len();
        // A block's own text ends where a child's begins, so that the head of an inner one is looked for in its own.
        let functions = if whole.contains(&offset) { rules::complexity_places(placed.block) } else { Vec::new() };
        let here = |f: &(_, u32, Vec<_>)| {
            let head = placed.range(f.0);
            f.1 >= threshold && head.start <= offset && offset <= head.end
        };
        functions.into_iter().find(here).map(|f| (placed, f))
    })?;
    let (strong, code) = if session.hover_markdown { ("**", "`") } else { ("", "") };
    let mut out = format!("{strong}cognitive complexity {total}{strong}\n");
    for (span, told) in places.iter().take(MAX_RELATED) {
        let start = block.range(*span).start;
        let line = positions.position(start).line + 1;
        let _ = write!(out, "\n- {code}line {line}{code}: {told}");
    }
    if let Some(more) = places.len().checked_sub(MAX_RELATED).filter(|n| *n > 0) {
        let _ = write!(out, "\n- and {more} more");
    }
    let kind = if session.hover_markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
    let contents = HoverContents::Markup(MarkupContent { kind, value: out });
    Some(Hover { contents, range: Some(positions.range(&block.range(head))) })
}

fn describe(
    finding: &Finding,
    cx: &Context<'_>,
    language: &str,
    (verdict, explained): (Option<String>, Option<String>),
) -> String {
    let rule = finding.rule;
    let markdown = cx.session.hover_markdown;
    let mut out = String::new();
    let (strong, code) = if markdown { ("**", "`") } else { ("", "") };
    let _ = write!(out, "{strong}{}{strong}  ({}, {}", rule.id, rule.category.name(), finding.severity.name());
    for cwe in rule.cwe {
        let _ = write!(out, ", CWE-{cwe}");
    }
    let _ = write!(out, ")\n\n{}", finding.message);
    if let Some(verdict) = verdict {
        let _ = write!(out, "\n\n{strong}{verdict}{strong}");
    }
    if let Some(text) = explained {
        // What a model writes is text: no link, no image, no markup of its own.
        let text = if markdown { plain(&text) } else { text };
        let _ = write!(out, "\n\n{strong}The local model says{strong}\n\n{text}");
    }
    if let Some(told) = &finding.feedback {
        let _ = write!(out, "\n\n{strong}Taken down to info{strong}: {}", told.why);
    }
    if !finding.flow.is_empty() {
        let _ = write!(out, "\n\n{strong}Path of the data{strong}\n");
        for (n, (place, message)) in finding.flow.iter().enumerate() {
            let line = line_of(place, cx);
            let _ = write!(out, "\n{}. {message} ({code}{line}{code})", n + 1);
            if place.path.is_none() {
                let text = cx.positions.code(place.range.start);
                let _ =
                    if markdown { write!(out, "  \n   {}", inline_code(&text)) } else { write!(out, "\n   {text}") };
            }
        }
    }
    if !finding.related.is_empty() {
        let _ = write!(out, "\n\n{strong}Further places{strong}\n");
        for (place, message) in finding.related.iter().take(MAX_RELATED) {
            let _ = write!(out, "\n- {code}{}{code}: {message}", line_of(place, cx));
        }
        if let Some(more) = finding.related.len().checked_sub(MAX_RELATED).filter(|n| *n > 0) {
            let _ = write!(out, "\n- and {more} more");
        }
    }
    let docs = &rule.docs;
    for (heading, text) in [("What it does", docs.what), ("Why is this bad", docs.why)] {
        if !text.is_empty() {
            let _ = write!(out, "\n\n{strong}{heading}{strong}\n\n{text}");
        }
    }
    for (heading, text) in [("Example", docs.example), ("Use instead", docs.instead)] {
        if text.is_empty() {
            continue;
        }
        if markdown {
            let _ = write!(out, "\n\n{strong}{heading}{strong}\n\n```{language}\n{text}\n```");
        } else {
            let _ = write!(out, "\n\n{heading}\n\n{text}");
        }
    }
    for (heading, text) in [("Limits", docs.limits), ("Fix safety", docs.fix)] {
        if !text.is_empty() {
            let _ = write!(out, "\n\n{strong}{heading}{strong}\n\n{text}");
        }
    }
    // What is wrong with a suppression is not allowed by another one.
    if !matches!(rule.id, "unused-suppression" | "invalid-suppression") {
        let _ = write!(
            out,
            "\n\n{strong}To silence it{strong}\n\n{code}// sidenote: allow({id}) -- reason{code} here, or \
             {code}ignore = [\"{id}\"]{code} under {code}[rules]{code} in sidenote.toml",
            id = rule.id
        );
    }
    out
}

fn line_of(place: &Location, cx: &Context<'_>) -> String {
    match &place.path {
        None => format!("line {}", cx.positions.position(place.range.start).line + 1),
        Some(path) => format!("{path}:{}", place.line),
    }
}

/// A text as Markdown shows it, whatever marks are in it.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | ';' | ':' | '\'' | '"' | '?' | '/' | '%') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Code as Markdown shows it, whatever backticks are in it.
fn inline_code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{ticks}{gap}{text}{gap}{ticks}")
}

#[cfg(test)]
mod tests {
    use super::inline_code;

    #[test]
    fn backticks_stay_inside_of_code() {
        assert_eq!(inline_code("a"), "`a`");
        assert_eq!(inline_code("f(`x`)"), "`` f(`x`) ``");
        assert_eq!(inline_code("``"), "``` `` ```");
    }
}
