//! From byte offsets and findings to positions and diagnostics.

use std::cell::RefCell;
use std::ops::Range as Bytes;
use std::path::Path;

use sidenote_core::engine::Report;
use sidenote_core::findings::{Finding, Location, Severity};
use sidenote_core::text::{Encoding, LineColumn, Text};
use tower_lsp::ls_types::{
    self as lsp, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, NumberOrString, Position,
    Range, Uri,
};

use crate::session::Session;

/// What diagnostics say they come from.
pub(crate) const SOURCE: &str = "sidenote";

/// Related places of one diagnostic; a longer path is cut in its middle.
const MAX_RELATED: usize = 40;

/// Lines longer than this, in bytes, are not kept decoded.
const LONG_LINE: usize = 2000;

/// Positions in one text. Neighbouring offsets are mostly on one line, which is kept.
pub(crate) struct Positions<'a> {
    text: &'a Text,
    encoding: Encoding,
    line: RefCell<Line>,
}

#[derive(Default)]
struct Line {
    number: usize,
    /// Bytes of the line with its end; empty while no line is kept.
    range: Bytes<usize>,
    /// The line without its end.
    content: String,
    ascii: bool,
}

impl<'a> Positions<'a> {
    pub(crate) fn new(text: &'a Text, encoding: Encoding) -> Positions<'a> {
        Positions { text, encoding, line: RefCell::default() }
    }

    /// The position of an offset. The end of a line is before its line break, even for an offset inside of one.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let mut line = self.line.borrow_mut();
        if !line.range.contains(&offset) {
            let number = self.text.line_of(offset);
            let (start, end) = (self.text.line_start(number), self.text.line_start(number + 1));
            line.content.clear();
            if end - start > LONG_LINE {
                line.range = 0..0;
                let LineColumn { line, column } = self.text.position(offset, self.encoding);
                return Position { line, character: column };
            }
            self.text.append(start, end, &mut line.content);
            let content = line.content.trim_end_matches(['\r', '\n']).len();
            line.content.truncate(content);
            line.ascii = line.content.is_ascii();
            line.number = number;
            line.range = start..end;
        }
        let bytes = (offset - line.range.start).min(line.content.len());
        let column = if line.ascii {
            bytes
        } else {
            let before = line.content.get(..bytes).unwrap_or(&line.content);
            match self.encoding {
                Encoding::Utf8 => before.len(),
                Encoding::Utf16 => before.encode_utf16().count(),
                Encoding::Utf32 => before.chars().count(),
            }
        };
        Position { line: line.number as u32, character: column as u32 }
    }

    /// The code of the line around an offset, without its indentation and not longer than a hover can show.
    pub(crate) fn code(&self, offset: usize) -> String {
        const LONGEST: usize = 100;
        let line = self.text.line_of(offset.min(self.text.len()));
        let (start, end) = (self.text.line_start(line), self.text.line_start(line + 1));
        if end - start > LONG_LINE {
            return "…".to_owned();
        }
        let text = self.text.slice(start, end);
        let text = text.trim();
        match text.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text.to_owned(),
        }
    }

    /// The range of a byte range.
    pub(crate) fn range(&self, bytes: &Bytes<usize>) -> Range {
        Range { start: self.position(bytes.start), end: self.position(bytes.end) }
    }
}

/// A position as the engine takes it.
pub(crate) fn line_column(position: Position) -> LineColumn {
    LineColumn { line: position.line, column: position.character }
}

/// The byte range of a range, with its ends in order.
pub(crate) fn bytes(text: &Text, range: Range, encoding: Encoding) -> Bytes<usize> {
    let (a, b) = (text.offset(line_column(range.start), encoding), text.offset(line_column(range.end), encoding));
    a.min(b)..a.max(b)
}

/// Everything that a finding's positions are relative to.
pub(crate) struct Context<'a> {
    /// The document.
    pub uri: &'a Uri,
    /// Its workspace folder.
    pub folder: Option<&'a Path>,
    /// Positions in the document.
    pub positions: Positions<'a>,
    /// What the client can show.
    pub session: &'a Session,
}

impl Context<'_> {
    /// The diagnostics of a report: findings that are not suppressed, and what could not be analysed. Syntax errors are
    /// left to the language's own server.
    pub(crate) fn diagnostics(&self, report: &Report) -> Vec<Diagnostic> {
        report.active().map(|f| self.diagnostic(f)).chain(self.gaps(report)).collect()
    }

    /// What could not be analysed, as diagnostics.
    pub(crate) fn gaps<'a>(&'a self, report: &'a Report) -> impl Iterator<Item = Diagnostic> + 'a {
        let gaps = report.gaps.iter().filter(|g| !g.message.starts_with("syntax error"));
        gaps.map(|g| information(self.positions.range(&g.range), g.message.clone()))
    }

    /// A finding as a diagnostic.
    pub(crate) fn diagnostic(&self, finding: &Finding) -> Diagnostic {
        let tags = (self.session.unnecessary_tag && finding.rule.id == "unused-suppression")
            .then(|| vec![DiagnosticTag::UNNECESSARY]);
        let has_related = !finding.related.is_empty() || !finding.flow.is_empty();
        Diagnostic {
            range: self.positions.range(&finding.range),
            severity: Some(severity(finding.severity)),
            code: Some(NumberOrString::String(finding.rule.id.to_owned())),
            code_description: None,
            source: Some(SOURCE.to_owned()),
            message: finding.message.clone(),
            related_information: (self.session.related_information && has_related).then(|| self.related(finding)),
            tags,
            data: None,
        }
    }

    fn related(&self, finding: &Finding) -> Vec<DiagnosticRelatedInformation> {
        let steps = finding.flow.iter().chain(&finding.related);
        let mut all: Vec<_> = steps
            .filter_map(|(place, message)| {
                let location = self.location(place)?;
                Some(DiagnosticRelatedInformation { location, message: message.clone() })
            })
            .collect();
        if all.len() > MAX_RELATED {
            all.drain(MAX_RELATED / 2..all.len() - MAX_RELATED / 2);
        }
        all
    }

    /// A place in this or another file. In another file, whose text is not at hand, it is the line.
    pub(crate) fn location(&self, place: &Location) -> Option<lsp::Location> {
        match &place.path {
            None => Some(lsp::Location { uri: self.uri.clone(), range: self.positions.range(&place.range) }),
            Some(path) => {
                let uri = Uri::from_file_path(self.folder?.join(path.as_ref()))?;
                let start = Position { line: place.line.saturating_sub(1), character: 0 };
                Some(lsp::Location { uri, range: Range { start, end: start } })
            }
        }
    }
}

/// A diagnostic that tells rather than warns.
pub(crate) fn information(range: Range, message: String) -> Diagnostic {
    Diagnostic {
        range,
        severity: Some(DiagnosticSeverity::INFORMATION),
        source: Some(SOURCE.to_owned()),
        message,
        ..Diagnostic::default()
    }
}

pub(crate) fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Critical | Severity::High => DiagnosticSeverity::ERROR,
        Severity::Medium => DiagnosticSeverity::WARNING,
        Severity::Low => DiagnosticSeverity::INFORMATION,
        Severity::Info => DiagnosticSeverity::HINT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_text_and_never_inside_a_line_break() {
        let source = format!("é😀x\r\n\r\ny\n{}😀z\nlast", "a".repeat(3000));
        let text = Text::new(&source);
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let positions = Positions::new(&text, encoding);
            for (offset, c) in source.char_indices().chain([(source.len(), ' ')]) {
                let LineColumn { line, column } = text.position(offset, encoding);
                let inside = c == '\n' && source[..offset].ends_with('\r');
                let expected = Position { line, character: column - u32::from(inside) };
                assert_eq!(positions.position(offset), expected, "{offset}");
            }
        }
    }
}
