//! Code actions: a finding's fixes, all of its rule, all safe ones at once, suppressions with their reason, an explanation.
//! A client that can is given the edits only of what the user chose.

use std::collections::HashMap;
use std::ops::Range as Bytes;

use serde::{Deserialize, Serialize};
use sidenote_core::document::Document;
use sidenote_core::findings::{Finding, Fix};
use sidenote_core::fix::{Wanted, compatible, merged};
use sidenote_core::text::Text;
use tower_lsp::ls_types::{
    AnnotatedTextEdit, ChangeAnnotation, CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, Command,
    DocumentChangeOperation, DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, Range, TextDocumentEdit,
    TextEdit, Uri, WorkspaceEdit,
};

use crate::convert::{self, Context, Positions};
use crate::pool::Analysis;
use crate::reviewer::Task;
use crate::reviewing::Reviewing;
use crate::session::Session;
use crate::{commands, feedback};

/// The kind of the action that applies every safe fix.
pub(crate) const FIX_ALL: &str = "source.fixAll.sidenote";

/// What a new suppression gives as its reason until somebody writes the real one.
const REASON: &str = "TODO: say why";

/// Where a suppression speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Scope {
    Line,
    Block,
    File,
}

/// What an action does, told so that its edit can be made later.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Plan {
    /// One fix of one finding.
    Fix { rule: String, at: Bytes<usize>, fix: usize },
    /// Every safe fix of a rule.
    FixRule { rule: String },
    /// Every safe fix.
    FixAll,
    /// A suppression.
    Allow { rule: String, at: Bytes<usize>, scope: Scope },
}

/// An action that waits for its edit.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    uri: Uri,
    version: i32,
    plan: Plan,
}

/// The actions for a range of the newest version.
pub(crate) fn actions(
    analysis: &Analysis,
    session: &Session,
    reviewing: &Reviewing,
    range: Range,
    context: &CodeActionContext,
) -> Vec<CodeActionOrCommand> {
    let Some(document) = &analysis.document else { return Vec::new() };
    if !session.code_action_literals {
        return Vec::new();
    }
    let positions = Positions::new(document.text(), session.encoding);
    let cx = Context { uri: &analysis.uri, folder: analysis.folder.as_deref(), positions, session };
    let offer = Offer { cx, analysis, document };
    let wanted = convert::bytes(document.text(), range, session.encoding);
    let mut actions = Vec::new();
    if is_wanted(context, CodeActionKind::QUICKFIX.as_str()) {
        let here: Vec<&Finding> =
            analysis.report.active().filter(|f| f.range.start <= wanted.end && wanted.start <= f.range.end).collect();
        actions.extend(here.iter().flat_map(|f| offer.fixes(f)));
        let mut rules: Vec<&str> = Vec::new();
        for finding in &here {
            if !rules.contains(&finding.rule.id) {
                rules.push(finding.rule.id);
                actions.extend(offer.fix_rule(finding));
            }
        }
        actions.extend(here.iter().flat_map(|f| offer.suppressions(f)));
        let touches = |f: &Finding| f.range.start <= wanted.end && wanted.start <= f.range.end;
        actions.extend(
            feedback::named(analysis).iter().filter(|(f, _)| touches(f)).filter_map(|(f, id)| offer.word(f, id)),
        );
        actions.extend(rules.iter().map(|id| explanation(id)));
        for (task, title, command) in [
            (Task::Explain, "Explain with local model", commands::EXPLAIN_MODEL),
            (Task::Fix, "Fix with local model", commands::FIX_MODEL),
        ] {
            if let Some(reviewer) = reviewing.reviewer(task) {
                let name = reviewer.name();
                actions.extend(here.iter().map(|f| of_model(&analysis.uri, f, format!("{title} ({name})"), command)));
            }
        }
    }
    if is_wanted(context, FIX_ALL) && counting(analysis).any(|f| f.fixes.iter().any(|f| f.safe)) {
        let title = "Fix all that Sidenote can fix safely".to_owned();
        actions.extend(offer.action(title, CodeActionKind::from(FIX_ALL), None, Plan::FixAll));
    }
    actions.into_iter().map(CodeActionOrCommand::CodeAction).collect()
}

/// The document of an action that waits for its edit.
pub(crate) fn pending_uri(action: &CodeAction) -> Option<Uri> {
    Some(serde_json::from_value::<Pending>(action.data.clone()?).ok()?.uri)
}

/// Fills the edit of an action in; `None` if the document has changed since it was offered.
pub(crate) fn resolve(mut action: CodeAction, analysis: &Analysis, session: &Session) -> Option<CodeAction> {
    let pending: Pending = serde_json::from_value(action.data.take()?).ok()?;
    let document = analysis.document.as_ref().filter(|_| pending.version == analysis.version)?;
    let positions = Positions::new(document.text(), session.encoding);
    let cx = Context { uri: &analysis.uri, folder: analysis.folder.as_deref(), positions, session };
    let edits = edits(&pending.plan, analysis, document)?;
    action.edit = Some(workspace_edit(&cx, analysis, &edits));
    Some(action)
}

/// Edits that a model made, to be looked at before they are applied; `None` where the client cannot show them first.
pub(crate) fn to_be_confirmed(
    analysis: &Analysis,
    session: &Session,
    model: &str,
    edits: &[Edit],
) -> Option<WorkspaceEdit> {
    let document = analysis.document.as_ref().filter(|_| session.confirms_changes && session.document_changes)?;
    let positions = Positions::new(document.text(), session.encoding);
    let text_document =
        OptionalVersionedTextDocumentIdentifier { uri: analysis.uri.clone(), version: Some(analysis.version) };
    let id = "sidenote-model".to_owned();
    let edit = |(range, text): &Edit| {
        OneOf::Right(AnnotatedTextEdit {
            text_edit: TextEdit { range: positions.range(range), new_text: text.clone() },
            annotation_id: id.clone(),
        })
    };
    let edits = edits.iter().map(edit).collect();
    let annotation = ChangeAnnotation {
        label: format!("Proposed by {model}"),
        needs_confirmation: Some(true),
        description: Some("A local language model wrote this. It parses, and the finding is gone.".into()),
    };
    let change = DocumentChangeOperation::Edit(TextDocumentEdit { text_document, edits });
    Some(WorkspaceEdit {
        document_changes: Some(DocumentChanges::Operations(vec![change])),
        change_annotations: Some(HashMap::from([(id, annotation)])),
        ..WorkspaceEdit::default()
    })
}

/// Every safe fix of a document as one edit, with their number; `None` if there is none.
pub(crate) fn fix_all(analysis: &Analysis, session: &Session) -> Option<WorkspaceEdit> {
    let document = analysis.document.as_ref()?;
    let positions = Positions::new(document.text(), session.encoding);
    let cx = Context { uri: &analysis.uri, folder: analysis.folder.as_deref(), positions, session };
    edits(&Plan::FixAll, analysis, document).map(|edits| workspace_edit(&cx, analysis, &edits))
}

/// The findings that are fixed with others: what was dismissed keeps its code, unless its own fix is chosen.
fn counting(analysis: &Analysis) -> impl Iterator<Item = &Finding> {
    analysis.report.active().filter(|f| f.feedback.is_none())
}

/// The edits of a plan; `None` if there is nothing to do.
fn edits(plan: &Plan, analysis: &Analysis, document: &Document) -> Option<Vec<Edit>> {
    let finding =
        |rule: &str, at: &Bytes<usize>| analysis.report.active().find(|f| f.rule.id == rule && f.range == *at);
    let edits = match plan {
        Plan::Fix { rule, at, fix } => finding(rule, at)?.fixes.get(*fix)?.edits.clone(),
        Plan::FixRule { rule } => merged(&compatible(counting(analysis).filter(|f| f.rule.id == rule), Wanted::Safe)),
        Plan::FixAll => merged(&compatible(counting(analysis), Wanted::Safe)),
        Plan::Allow { rule, at, scope } => vec![allow(document, finding(rule, at)?, *scope)?],
    };
    Some(edits).filter(|e| !e.is_empty())
}

/// Actions for the findings of one analysis.
struct Offer<'a> {
    cx: Context<'a>,
    analysis: &'a Analysis,
    document: &'a Document,
}

impl Offer<'_> {
    fn fixes(&self, finding: &Finding) -> Vec<CodeAction> {
        let make = |(n, fix): (usize, &Fix)| {
            let plan = Plan::Fix { rule: finding.rule.id.to_owned(), at: finding.range.clone(), fix: n };
            let mut action = self.action(fix.title.clone(), CodeActionKind::QUICKFIX, Some(finding), plan)?;
            action.is_preferred = (fix.safe && self.cx.session.preferred_actions).then_some(true);
            Some(action)
        };
        finding.fixes.iter().enumerate().filter_map(make).collect()
    }

    /// Every safe fix of the finding's rule in the file, where there is more than one.
    fn fix_rule(&self, finding: &Finding) -> Option<CodeAction> {
        Wanted::Safe.of(finding)?;
        let id = finding.rule.id;
        let count = compatible(self.analysis.report.active().filter(|f| f.rule.id == id), Wanted::Safe).len();
        if count < 2 {
            return None;
        }
        let title = format!("Fix all {count} of `{id}` in this file");
        self.action(title, CodeActionKind::QUICKFIX, None, Plan::FixRule { rule: id.to_owned() })
    }

    fn suppressions(&self, finding: &Finding) -> Vec<CodeAction> {
        let id = finding.rule.id;
        if is_word(id) {
            return Vec::new();
        }
        let make = |scope| {
            let title = match scope {
                Scope::Line => format!("Allow `{id}` here"),
                Scope::Block => {
                    let (name, _) = around(self.document, finding)?;
                    format!("Allow `{id}` in all of `{name}`")
                }
                Scope::File => format!("Allow `{id}` in this file"),
            };
            // Where no comment can stand nothing is offered.
            allow(self.document, finding, scope)?;
            let plan = Plan::Allow { rule: id.to_owned(), at: finding.range.clone(), scope };
            self.action(title, CodeActionKind::QUICKFIX, Some(finding), plan)
        };
        [Scope::Line, Scope::Block, Scope::File].into_iter().filter_map(make).collect()
    }

    /// To dismiss a finding, or to take that back.
    fn word(&self, finding: &Finding, fingerprint: &str) -> Option<CodeAction> {
        let id = finding.rule.id;
        if is_word(id) {
            return None;
        }
        let (title, command) = match &finding.feedback {
            None if finding.suppressed.is_some() => return None,
            None => (format!("Dismiss this `{id}`: it does not matter here"), commands::DISMISS),
            Some(told) => (format!("Count this `{id}` again ({})", told.why), commands::UNDO_DISMISS),
        };
        let argument = serde_json::json!({ "uri": self.analysis.uri, "fingerprint": fingerprint });
        Some(CodeAction {
            title: title.clone(),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: finding.suppressed.is_none().then(|| vec![self.cx.diagnostic(finding)]),
            command: Some(Command { title, command: command.into(), arguments: Some(vec![argument]) }),
            ..CodeAction::default()
        })
    }

    fn action(&self, title: String, kind: CodeActionKind, finding: Option<&Finding>, plan: Plan) -> Option<CodeAction> {
        let mut action = CodeAction {
            title,
            kind: Some(kind),
            diagnostics: finding.map(|f| vec![self.cx.diagnostic(f)]),
            ..CodeAction::default()
        };
        if self.cx.session.resolve_edits {
            let pending = Pending { uri: self.analysis.uri.clone(), version: self.analysis.version, plan };
            action.data = serde_json::to_value(pending).ok();
        } else {
            let edits = edits(&plan, self.analysis, self.document)?;
            action.edit = Some(workspace_edit(&self.cx, self.analysis, &edits));
        }
        Some(action)
    }
}

/// A command for the user's model about a finding.
fn of_model(uri: &Uri, finding: &Finding, title: String, command: &str) -> CodeAction {
    let (start, end) = (finding.range.start, finding.range.end);
    let of = commands::OfFinding { uri: uri.clone(), rule: finding.rule.id.to_owned(), start, end };
    let arguments = serde_json::to_value(of).ok().map(|of| vec![of]);
    CodeAction {
        title: title.clone(),
        kind: Some(CodeActionKind::QUICKFIX),
        command: Some(Command { title, command: command.into(), arguments }),
        ..CodeAction::default()
    }
}

/// Whether a rule speaks of suppressions: its word is not silenced by another one.
fn is_word(id: &str) -> bool {
    matches!(id, "unused-suppression" | "invalid-suppression")
}

fn explanation(id: &str) -> CodeAction {
    let title = format!("Explain `{id}`");
    let arguments = Some(vec![id.into()]);
    CodeAction {
        title: title.clone(),
        kind: Some(CodeActionKind::QUICKFIX),
        command: Some(Command { title, command: commands::EXPLAIN.into(), arguments }),
        ..CodeAction::default()
    }
}

/// Whether the client asked for actions of this kind: `source` asks for `source.fixAll` too.
fn is_wanted(context: &CodeActionContext, kind: &str) -> bool {
    let inside = |wanted: &str| {
        wanted.is_empty() || kind.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    context.only.as_ref().is_none_or(|only| only.iter().any(|wanted| inside(wanted.as_str())))
}

type Edit = (Bytes<usize>, String);

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

/// The named function or class around a finding, if it begins on an earlier line, with that line.
fn around<'a>(document: &'a Document, finding: &Finding) -> Option<(&'a str, usize)> {
    let text = document.text();
    let path = document.blocks().path_at(finding.range.start);
    let placed = path.into_iter().rev().find(|p| p.block.name().is_some_and(|n| !n.trim().is_empty()))?;
    let line = text.line_of(placed.start);
    (line < text.line_of(finding.range.start)).then(|| placed.block.name().map(|name| (name, line))).flatten()
}

/// The insertion of a suppression on a line of its own. `None` where no comment can stand.
fn allow(document: &Document, finding: &Finding, scope: Scope) -> Option<Edit> {
    let text = document.text();
    let (line, word) = match scope {
        Scope::Line => (text.line_of(finding.range.start), "allow"),
        Scope::Block => (around(document, finding)?.1, "allow"),
        // A `#!` line stays the first; an attribute of a Rust file begins likewise, and may well stand below.
        Scope::File => (usize::from(text.slice(0, 2) == "#!" && text.slice(0, 3) != "#!["), "allow-file"),
    };
    let start = text.line_start(line);
    let content = text.slice(start, text.line_start(line + 1));
    let indent = &content[..content.len() - content.trim_start_matches([' ', '\t']).len()];
    let body = format!("sidenote: {word}({}) -- {REASON}", finding.rule.id);
    let comment = match surroundings(document, start + indent.len()) {
        Surroundings::Code => format!("// {body}"),
        Surroundings::JsxChildren => format!("{{/* {body} */}}"),
        Surroundings::Literal => return None,
    };
    Some((start..start, format!("{indent}{comment}{}", line_break(text, line))))
}

fn surroundings(document: &Document, offset: usize) -> Surroundings {
    let Ok(tree) = document.tree() else { return Surroundings::Code };
    let root = tree.tree().root_node();
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
