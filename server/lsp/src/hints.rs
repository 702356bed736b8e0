//! Notes in the margin: a short annotation at the end of each line with findings.

use sidenote_core::document::Document;
use sidenote_core::findings::{Finding, Severity};
use tower_lsp::ls_types::{InlayHint, InlayHintLabel, InlayHintTooltip, MarkupContent, MarkupKind, Position, Range};

use crate::convert::{Context, Positions};
use crate::lenses::placed;
use crate::meaning::Alike;
use crate::pool::Analysis;
use crate::session::{HintMode, Session};

/// Characters of a full annotation.
const MAX_CHARS: usize = 100;

/// The annotations of the lines of a range.
pub(crate) fn hints(analysis: &Analysis, session: &Session, range: Range, alike: &[Alike]) -> Vec<InlayHint> {
    let Some(document) = &analysis.document else { return Vec::new() };
    let settings = &analysis.settings.inlay_hints;
    let text = document.text();
    let positions = Positions::new(text, session.encoding);
    let mut all = similar(analysis, document, &positions, range, alike);
    if settings.mode == HintMode::Off {
        return all;
    }
    let cx = Context { uri: &analysis.uri, folder: analysis.folder.as_deref(), positions, session };
    let lines = range.start.line as usize..=range.end.line as usize;
    let wanted = |f: &&Finding| settings.categories.contains(&f.rule.category);
    let mut by_line: Vec<(usize, Vec<&Finding>)> = Vec::new();
    for finding in analysis.report.active().filter(wanted) {
        let line = text.line_of(finding.range.start);
        if !lines.contains(&line) {
            continue;
        }
        match by_line.last_mut() {
            Some((last, findings)) if *last == line => findings.push(finding),
            _ => by_line.push((line, vec![finding])),
        }
    }
    let hint = |(line, mut findings): (usize, Vec<&Finding>)| {
        findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        InlayHint {
            position: end_of_line(&cx.positions, text.line_start(line + 1), line),
            label: InlayHintLabel::String(label(&findings, settings.mode)),
            kind: None,
            text_edits: None,
            tooltip: Some(tooltip(&findings, session.hover_markdown)),
            padding_left: Some(true),
            padding_right: None,
            data: None,
        }
    };
    all.extend(by_line.into_iter().map(hint));
    all
}

/// Notes behind the heads of functions that are being written and are like others.
fn similar(
    analysis: &Analysis,
    document: &Document,
    positions: &Positions<'_>,
    range: Range,
    alike: &[Alike],
) -> Vec<InlayHint> {
    if !analysis.settings.similar.hint || !alike.iter().any(|a| a.is_new) {
        return Vec::new();
    }
    let hint = |(head, alike): (std::ops::Range<usize>, &Alike)| InlayHint {
        position: positions.position(head.end),
        label: InlayHintLabel::String(format!("≈ {}", alike.name())),
        kind: None,
        text_edits: None,
        tooltip: Some(InlayHintTooltip::String(alike.title())),
        padding_left: Some(true),
        padding_right: Some(true),
        data: None,
    };
    let all = placed(document, alike).into_iter().filter(|(_, a)| a.is_new).map(hint);
    all.filter(|h| (range.start.line..=range.end.line).contains(&h.position.line)).collect()
}

fn end_of_line(positions: &Positions<'_>, next: usize, line: usize) -> Position {
    // The offset before the next line's start lies in the line break, whose position is the end of the text before it;
    // the last line has none.
    let before = positions.position(next.saturating_sub(1));
    let end = positions.position(next);
    if end.line as usize == line { end } else { before }
}

fn label(findings: &[&Finding], mode: HintMode) -> String {
    let Some(first) = findings.first() else { return String::new() };
    let mark = match first.severity {
        Severity::Critical | Severity::High => "▲",
        Severity::Medium => "●",
        Severity::Low | Severity::Info => "○",
    };
    let more = if findings.len() > 1 { format!(" +{}", findings.len() - 1) } else { String::new() };
    let what = match mode {
        HintMode::Full => shortened(first_sentence(&first.message)),
        HintMode::Compact | HintMode::Off => first.rule.id.to_owned(),
    };
    format!("{mark} {what}{more}")
}

/// The first sentence of a message, which stands alone.
pub(crate) fn first_sentence(message: &str) -> &str {
    let end = message.find(". ").or_else(|| message.find(": ")).unwrap_or(message.len());
    message[..end].trim_end_matches(['.', ':'])
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

fn tooltip(findings: &[&Finding], markdown: bool) -> InlayHintTooltip {
    let strong = if markdown { "**" } else { "" };
    let parts: Vec<String> = findings.iter().map(|f| format!("{strong}{}{strong}: {}", f.rule.id, f.message)).collect();
    let value = parts.join("\n\n");
    if markdown {
        InlayHintTooltip::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })
    } else {
        InlayHintTooltip::String(value)
    }
}
