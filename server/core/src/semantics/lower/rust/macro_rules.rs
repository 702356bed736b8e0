//! `macro_rules!`: an arm that takes expressions and gives one is a function.
//!
//! Its body is parsed again with the `$` of its variables blanked, so that `$x` reads the parameter `x`. The function is bound as
//! `name!`, or as `name!2` by the number of its parameters where the macro has several arms; whoever calls the macro calls that.
//! Arms that take anything else (types, items, other tokens between the variables) stay unknown.

use sidenote_grammars::{Field, Kind};

use super::reparse::{is_token, tokens};
use super::{Lower, blank_function};
use crate::semantics::hir::*;
use crate::syntax::{Node, Span};

/// Longest body that is read, in bytes.
const MAX_BODY: u32 = 4_000;
/// Most arms and most parameters of one.
const MAX_ARMS: usize = 12;
const MAX_PARAMETERS: usize = 12;

/// An arm that can be a function.
pub(super) struct Arm<'n> {
    /// Under which name it is bound.
    pub(super) name: String,
    parameters: Vec<(Node<'n>, bool)>,
    body: Node<'n>,
}

/// The arms of a macro that can be functions.
pub(super) fn arms(n: Node<'_>) -> Vec<Arm<'_>> {
    let Some(name) = n.child(Field::Name).map(Node::text) else { return Vec::new() };
    let rules: Vec<Node<'_>> = n.named_children().filter(|c| c.kind() == Kind::MacroRule).collect();
    if rules.is_empty() || rules.len() > MAX_ARMS {
        return Vec::new();
    }
    let single = rules.len() == 1;
    let mut out: Vec<Arm<'_>> = Vec::new();
    for rule in rules {
        let (Some(left), Some(body)) = (rule.child(Field::Left), rule.child(Field::Right)) else { continue };
        let Some(parameters) = parameters(left) else { continue };
        if body.span().end - body.span().start > MAX_BODY {
            continue;
        }
        let rest = parameters.last().is_some_and(|p| p.1);
        let name = match (single, rest) {
            (true, _) => format!("{name}!"),
            (false, true) => format!("{name}!*"),
            (false, false) => format!("{name}!{}", parameters.len()),
        };
        if !out.iter().any(|a| a.name == name) {
            out.push(Arm { name, parameters, body });
        }
    }
    out
}

/// The variables of an arm's head, and whether each stands for several; `None` where there is more than variables and commas.
fn parameters(left: Node<'_>) -> Option<Vec<(Node<'_>, bool)>> {
    let mut out = Vec::new();
    for token in tokens(left) {
        match token.kind() {
            Kind::TokenBindingPattern => out.push((variable(token)?, false)),
            Kind::TokenRepetitionPattern => {
                let mut inner = token.named_children().filter(|c| c.kind() == Kind::TokenBindingPattern);
                match (inner.next(), inner.next()) {
                    (Some(only), None) => out.push((variable(only)?, true)),
                    // `$(,)?`
                    (None, _) if token.text().chars().all(|c| "$(),;?* ".contains(c)) => {}
                    _ => return None,
                }
            }
            _ if is_token(token, ",") => {}
            _ => return None,
        }
    }
    // What stands for several comes last.
    let several = out.iter().position(|p| p.1);
    (out.len() <= MAX_PARAMETERS && several.is_none_or(|at| at + 1 == out.len())).then_some(out)
}

/// `$x` of `$x:expr`.
fn variable(binding: Node<'_>) -> Option<Node<'_>> {
    let of = binding.named_children().find(|c| c.kind() == Kind::FragmentSpecifier).map_or("", Node::text);
    if !matches!(of, "expr" | "ident" | "literal" | "tt" | "path" | "block" | "expr_2021") {
        return None;
    }
    binding.named_children().find(|c| c.kind() == Kind::Metavariable).filter(|m| m.text().len() > 1)
}

impl Lower<'_> {
    /// The function that an arm is; `None` where its body is no expression.
    pub(super) fn macro_function(&mut self, arm: &Arm<'_>, n: Node<'_>) -> Option<FnId> {
        let mut masks: Vec<(Span, u8)> = Vec::new();
        for part in arm.body.descendants() {
            let span = part.span();
            match part.kind() {
                Kind::Metavariable => masks.push((Span { start: span.start, end: span.start + 1 }, b' ')),
                // `$($x),*`: what is between the brackets, once.
                Kind::TokenRepetition => {
                    let inner = part.named_children().fold(None, |all: Option<Span>, c| {
                        Some(all.map_or(c.span(), |a| Span { start: a.start, end: c.span().end }))
                    })?;
                    masks.push((Span { start: span.start, end: inner.start }, b' '));
                    masks.push((Span { start: inner.end, end: span.end }, b' '));
                }
                _ => {}
            }
        }
        masks.retain(|(s, _)| s.start < s.end);
        let id = FnId(self.hir.functions.len() as u32);
        let mut function = blank_function(self.span(n));
        function.name = Some(Ustr::from(&arm.name));
        if let Some(name) = n.child(Field::Name) {
            function.name_span = self.span(name);
        }
        self.hir.functions.push(function);
        let outer = std::mem::replace(&mut self.function, id);
        let scope = self.scopes.enter();
        let params = arm.parameters.iter().map(|(variable, rest)| {
            let span = self.span(*variable);
            let local = self.declare(variable.text().trim_start_matches('$'), LocalKind::Param, None, span);
            let pat = self.hir.add_pat(PatKind::Bind(local, None), span);
            Param { pat, ty: None, rest: *rest, decorators: Vec::new(), property: None }
        });
        let params: Vec<Param> = params.collect();
        let body = self.reparse(("fn f() {", "}"), arm.body, &masks, |cx, root| {
            Some(cx.expr(root.first_named()?.child(Field::Body)?))
        });
        self.scopes.leave(scope);
        self.function = outer;
        let function = &mut self.hir.functions[id.0 as usize];
        function.params = params;
        function.body = body;
        body.map(|_| id)
    }
}
