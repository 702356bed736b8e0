//! Code lenses: the file's health above its first line, and the complexity of its harder functions.

use sidenote_core::rules;
use tower_lsp::ls_types::{CodeLens, Command, Range};

use crate::commands;
use crate::convert::Positions;
use crate::pool::Analysis;
use crate::session::Session;

/// The lenses of the newest version. A seam: what a model knows of a function (one like it elsewhere) comes here too.
pub(crate) fn lenses(analysis: &Analysis, session: &Session) -> Vec<CodeLens> {
    let Some(document) = &analysis.document else { return Vec::new() };
    let settings = &analysis.settings.code_lens;
    let positions = Positions::new(document.text(), session.encoding);
    let mut lenses = Vec::new();
    if settings.health {
        let count = analysis.report.active().count();
        let findings = match count {
            0 => "no findings".to_owned(),
            1 => "1 finding".to_owned(),
            n => format!("{n} findings"),
        };
        let title = format!("Sidenote: health {:.0}/100, {findings}", analysis.report.score().value());
        let command = Command { title, command: commands::REPORT.into(), arguments: None };
        lenses.push(CodeLens { range: Range::default(), command: Some(command), data: None });
    }
    if settings.complexity > 0 {
        for placed in document.blocks().iter() {
            for (head, total) in rules::complexity(placed.block) {
                if total < settings.complexity {
                    continue;
                }
                let command = Command {
                    title: format!("complexity {total}"),
                    command: commands::EXPLAIN.into(),
                    arguments: Some(vec!["cognitive-complexity".into()]),
                };
                let start = positions.position(placed.range(head).start);
                lenses.push(CodeLens { range: Range { start, end: start }, command: Some(command), data: None });
            }
        }
    }
    lenses
}
