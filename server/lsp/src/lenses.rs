//! Code lenses: the file's health above its first line, and the complexity of its harder functions.

use std::collections::HashMap;
use std::ops::Range as Bytes;

use sidenote_core::blocks::BlockId;
use sidenote_core::document::Document;
use sidenote_core::duplicates::head;
use sidenote_core::rules;
use tower_lsp::ls_types::{CodeLens, Command, Range};

use crate::commands;
use crate::convert::Positions;
use crate::meaning::Alike;
use crate::pool::Analysis;
use crate::session::Session;

/// The lenses of the newest version; `alike` is what a model knows of its functions.
pub(crate) fn lenses(analysis: &Analysis, session: &Session, alike: &[Alike]) -> Vec<CodeLens> {
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
        let hidden = analysis.report.findings.iter().filter(|f| f.suppressed.is_some() && f.feedback.is_some()).count();
        let hidden = if hidden > 0 { format!(", {hidden} hidden by feedback") } else { String::new() };
        let title = format!("Sidenote: health {:.0}/100, {findings}{hidden}", analysis.report.score().value());
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
    if analysis.settings.similar.lens {
        for (head, alike) in placed(document, alike) {
            let start = positions.position(head.start);
            let command = Command {
                title: alike.title(),
                command: commands::SHOW.into(),
                arguments: Some(vec![alike.argument()]),
            };
            lenses.push(CodeLens { range: Range { start, end: start }, command: Some(command), data: None });
        }
    }
    lenses
}

/// The functions of a version that are like others, with the bytes of their heads. What was found for an earlier version holds
/// until there is news.
pub(crate) fn placed<'a>(document: &Document, alike: &'a [Alike]) -> Vec<(Bytes<usize>, &'a Alike)> {
    if alike.is_empty() {
        return Vec::new();
    }
    let by_block: HashMap<BlockId, &Alike> = alike.iter().map(|a| (a.block, a)).collect();
    let blocks = document.blocks().iter();
    blocks.filter_map(|p| Some((p.range(head(p)), *by_block.get(&p.block.id())?))).collect()
}
