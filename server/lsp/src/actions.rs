//! Code actions: a finding's fixes, all safe fixes at once, and a suppression with its reason.

use std::collections::HashMap;
use std::ops::Range as Bytes;

use sidenote_core::document::Document;
use sidenote_core::findings::Finding;
use sidenote_core::fix::{Wanted, compatible, merged};
use sidenote_core::text::Text;
use tower_lsp::ls_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, DocumentChangeOperation, DocumentChanges,
    OneOf, OptionalVersionedTextDocumentIdentifier, Range, TextDocumentEdit, TextEdit, WorkspaceEdit,
};

use crate::convert::{self, Context, Positions};
use crate::pool::Analysis;
use crate::session::Session;

/// The kind of the action that applies every safe fix.
pub(crate) const FIX_ALL: &str = "source.fixAll.sidenote";

/// What a new suppression gives as its reason until somebody writes the real one.
const REASON: &str = "TODO: say why";

/// The actions for a range of the newest version.
pub(crate) fn actions(
    analysis: &Analysis,
    session: &Session,
    range: Range,
    context: &CodeActionContext,
) -> Vec<CodeActionOrCommand> {
    let Some(document) = &analysis.document else { return Vec::new() };
    if !session.code_action_literals {
        return Vec::new();
    }
    let positions = Positions::new(document.text(), session.encoding);
    let cx = Context { uri: &analysis.uri, folder: analysis.folder.as_deref(), positions, session };
    let wanted = convert::bytes(document.text(), range, session.encoding);
    let mut actions = Vec::new();
    if is_wanted(context, CodeActionKind::QUICKFIX.as_str()) {
        let here: Vec<&Finding> =
            analysis.report.active().filter(|f| f.range.start <= wanted.end && wanted.start <= f.range.end).collect();
        for finding in &here {
            for fix in &finding.fixes {
                actions.push(quick_fix(&cx, analysis, finding, &fix.title, &fix.edits, fix.safe));
            }
        }
        actions.extend(here.iter().enumerate().filter_map(|(n, finding)| {
            let first = here[..n].iter().all(|f| f.rule != finding.rule);
            if first { fix_all_of_rule(&cx, analysis, finding) } else { None }
        }));
        for finding in &here {
            // A word on a suppression is not silenced by another one.
            if matches!(finding.rule.id, "unused-suppression" | "invalid-suppression") {
                continue;
            }
            if let Some(edit) = suppression(document, finding) {
                let title = format!("Allow `{}` here", finding.rule.id);
                actions.push(quick_fix(&cx, analysis, finding, &title, &[edit], false));
            }
        }
    }
    if is_wanted(context, FIX_ALL) {
        let edits = merged(&compatible(analysis.report.active(), Wanted::Safe));
        if !edits.is_empty() {
            actions.push(CodeAction {
                title: "Fix all that Sidenote can fix safely".into(),
                kind: Some(CodeActionKind::from(FIX_ALL)),
                edit: Some(workspace_edit(&cx, analysis, &edits)),
                ..CodeAction::default()
            });
        }
    }
    actions.into_iter().map(CodeActionOrCommand::CodeAction).collect()
}

/// Whether the client asked for actions of this kind: `source` asks for `source.fixAll` too.
fn is_wanted(context: &CodeActionContext, kind: &str) -> bool {
    let inside = |wanted: &str| {
        wanted.is_empty() || kind.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    context.only.as_ref().is_none_or(|only| only.iter().any(|wanted| inside(wanted.as_str())))
}

type Edit = (Bytes<usize>, String);

fn quick_fix(
    cx: &Context<'_>,
    analysis: &Analysis,
    finding: &Finding,
    title: &str,
    edits: &[Edit],
    safe: bool,
) -> CodeAction {
    CodeAction {
        title: title.to_owned(),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![cx.diagnostic(finding)]),
        edit: Some(workspace_edit(cx, analysis, edits)),
        is_preferred: (safe && cx.session.preferred_actions).then_some(true),
        ..CodeAction::default()
    }
}

/// Every safe fix of the finding's rule in the file, where there is more than one.
fn fix_all_of_rule(cx: &Context<'_>, analysis: &Analysis, finding: &Finding) -> Option<CodeAction> {
    Wanted::Safe.of(finding)?;
    let fixes = compatible(analysis.report.active().filter(|f| f.rule == finding.rule), Wanted::Safe);
    let title = format!("Fix all {} of `{}` in this file", fixes.len(), finding.rule.id);
    (fixes.len() > 1).then(|| quick_fix(cx, analysis, finding, &title, &merged(&fixes), false))
}

fn workspace_edit(cx: &Context<'_>, analysis: &Analysis, edits: &[Edit]) -> WorkspaceEdit {
    let edits = edits.iter().map(|(range, text)| TextEdit { range: cx.positions.range(range), new_text: text.clone() });
    if cx.session.document_changes {
        let text_document =
            OptionalVersionedTextDocumentIdentifier { uri: analysis.uri.clone(), version: Some(analysis.version) };
        let edit = TextDocumentEdit { text_document, edits: edits.map(OneOf::Left).collect() };
        let changes = DocumentChanges::Operations(vec![DocumentChangeOperation::Edit(edit)]);
        WorkspaceEdit { document_changes: Some(changes), ..WorkspaceEdit::default() }
    } else {
        let changes = HashMap::from([(analysis.uri.clone(), edits.collect())]);
        WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }
    }
}

/// What stands around the start of a line.
enum Surroundings {
    Code,
    /// The children of a JSX element, where a comment needs braces.
    JsxChildren,
    /// A string, a template or a comment that goes on from the line before: nothing can be put between.
    Literal,
}

/// The insertion of a suppression on a line of its own above the finding's line. `None` where no comment can stand.
pub(crate) fn suppression(document: &Document, finding: &Finding) -> Option<Edit> {
    let text = document.text();
    let line = text.line_of(finding.range.start);
    let start = text.line_start(line);
    let content = text.slice(start, text.line_start(line + 1));
    let indent = &content[..content.len() - content.trim_start_matches([' ', '\t']).len()];
    let body = format!("sidenote: allow({}) -- {REASON}", finding.rule.id);
    let comment = match surroundings(document, start + indent.len()) {
        Surroundings::Code => format!("// {body}"),
        Surroundings::JsxChildren => format!("{{/* {body} */}}"),
        Surroundings::Literal => return None,
    };
    Some((start..start, format!("{indent}{comment}{}", line_break(text, line))))
}

fn surroundings(document: &Document, offset: usize) -> Surroundings {
    let root = document.tree().tree().root_node();
    let mut at = root.descendant_for_byte_range(offset, offset);
    while let Some(node) = at {
        // Only what began before the line stands around its start.
        if node.start_byte() < offset && offset < node.end_byte() {
            match node.kind() {
                "jsx_text" => return Surroundings::JsxChildren,
                "jsx_element" | "jsx_fragment" => {
                    let opening = node.child(0).map_or(0, |n| n.end_byte());
                    return if opening <= offset { Surroundings::JsxChildren } else { Surroundings::Code };
                }
                "template_string" | "string" | "string_literal" | "raw_string_literal" | "comment" | "line_comment"
                | "block_comment" | "regex" => return Surroundings::Literal,
                "template_substitution"
                | "jsx_expression"
                | "jsx_opening_element"
                | "jsx_self_closing_element"
                | "statement_block"
                | "block" => return Surroundings::Code,
                _ => {}
            }
        }
        at = node.parent();
    }
    Surroundings::Code
}

/// The line break that the line, or else the one before it, ends with.
fn line_break(text: &Text, line: usize) -> &'static str {
    let ends_with =
        |line: usize, end: &str| text.slice(text.line_start(line), text.line_start(line + 1)).ends_with(end);
    let last = if line + 1 < text.lines() { Some(line) } else { line.checked_sub(1) };
    match last {
        Some(line) if ends_with(line, "\r\n") => "\r\n",
        Some(line) if ends_with(line, "\r") => "\r",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests;
