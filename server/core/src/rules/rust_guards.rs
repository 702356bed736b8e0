//! How long a guard lives, and whether something is awaited meanwhile.

use sidenote_grammars::{Field, Kind};

use super::support::is_function;
use crate::syntax::{Node, Span};

/// Whether awaits inside this node are another future's, or run in another function.
fn is_elsewhere(node: Node<'_>) -> bool {
    is_function(node) || node.kind() == Kind::AsyncBlock
}

/// The first `.await` after the declaration that the guard certainly lives to see.
pub fn await_while_held(declaration: Node<'_>, name: &str) -> Option<Span> {
    let mut statement = declaration.next_named_sibling();
    while let Some(s) = statement {
        // Calls are left after their arguments: what is moved into an awaited call was moved before the `.await`.
        let awaits = std::iter::once(s)
            .chain(s.descendants_until(is_elsewhere))
            .find(|n| n.kind() == Kind::AwaitExpression && !is_elsewhere(s));
        let moved = std::iter::once(s)
            .chain(s.descendants())
            .find(|n| n.kind() == Kind::Identifier && n.text() == name && moves(*n));
        match (awaits, moved) {
            (Some(a), Some(m)) => return (m.span().start > a.span().end).then(|| dot_await(a)),
            (Some(a), None) => return Some(dot_await(a)),
            (None, Some(_)) => return None,
            (None, None) => {}
        }
        // A new variable of that name hides the guard but does not end it; a macro may.
        statement = s.next_named_sibling();
    }
    None
}

/// Whether an identifier stands where its value is given away: as an argument, a value to bind, return or put in a struct.
fn moves(n: Node<'_>) -> bool {
    n.parent().is_some_and(|p| match p.kind() {
        Kind::Arguments
        | Kind::ReturnExpression
        | Kind::TupleExpression
        | Kind::ArrayExpression
        | Kind::ShorthandFieldInitializer => true,
        Kind::LetDeclaration | Kind::FieldInitializer => n.field() == Field::Value,
        Kind::AssignmentExpression => true,
        Kind::Block => p.last_named() == Some(n),
        _ => false,
    })
}

fn dot_await(node: Node<'_>) -> Span {
    let span = node.span();
    Span { start: span.end.saturating_sub(5).max(span.start), end: span.end }
}

/// An `.await` at which a temporary of its statement is alive.
pub fn await_in_statement(guard: Node<'_>) -> Option<Span> {
    let mut at = guard;
    while let Some(parent) = at.parent() {
        if is_elsewhere(parent) {
            return None;
        }
        match parent.kind() {
            Kind::AwaitExpression => return Some(dot_await(parent)),
            Kind::Block | Kind::LetDeclaration | Kind::ExpressionStatement | Kind::MatchArm => return None,
            Kind::MatchExpression | Kind::ForExpression if at.field() == Field::Value => {
                return parent.child(Field::Body).and_then(first_await);
            }
            Kind::LetCondition if at.field() == Field::Value => {
                let around = parent
                    .ancestors()
                    .find(|n| matches!(n.kind(), Kind::IfExpression | Kind::WhileExpression | Kind::MatchArm))?;
                return around.child(Field::Consequence).or_else(|| around.child(Field::Body)).and_then(first_await);
            }
            // The conditions of these end their temporaries.
            Kind::IfExpression | Kind::WhileExpression | Kind::LetChain | Kind::LoopExpression => return None,
            _ => at = parent,
        }
    }
    None
}

fn first_await(body: Node<'_>) -> Option<Span> {
    body.descendants_until(is_elsewhere).find(|n| n.kind() == Kind::AwaitExpression).map(dot_await)
}
