//! Promises that can only be fulfilled, by how they are made.

use sidenote_grammars::{Field, Kind};

use super::shape;
use super::support::{args, bare, is_async, is_function, method};
use crate::syntax::Node;

/// A variable that holds a `new Deferred()` which the block never rejects.
pub fn is_only_fulfilled(of: Node<'_>) -> bool {
    of.kind() == Kind::Identifier
        && of.arena().nodes().any(|n| {
            n.kind() == Kind::VariableDeclarator
                && n.child(Field::Name).is_some_and(|b| b.text() == of.text())
                && n.child(Field::Value)
                    .map(bare)
                    .filter(|v| v.kind() == Kind::NewExpression)
                    .and_then(|v| v.child(Field::Constructor))
                    .is_some_and(|c| c.text().contains("Deferred"))
        })
        && !of.arena().text().contains(&format!("{}.reject", of.text()))
}

/// Whether a promise is made of executors that take no way to reject it, by itself or each of a list.
pub fn never_rejects(promise: Node<'_>) -> bool {
    match promise.kind() {
        Kind::NewExpression => is_fulfilling(promise),
        Kind::CallExpression => {
            let Some((of, name)) = method(promise) else { return false };
            of.text() == "Promise"
                && matches!(name.text(), "all" | "race")
                && args(promise).next().map(super::support::constant).is_some_and(|list| match list.kind() {
                    Kind::Array if list.first_named().is_none() => gathers_fulfilling(promise, list),
                    Kind::Array => list.named_children().map(bare).all(is_fulfilling),
                    Kind::CallExpression => {
                        method(list).is_some_and(|(_, m)| m.text() == "map")
                            && args(list).next().map(bare).is_some_and(|f| {
                                is_async(f) == Some(false)
                                    && shape::returned(f).is_some_and(|v| {
                                        !v.is_empty()
                                            && v.into_iter()
                                                .map(bare)
                                                .all(|v| is_fulfilling(v) || super::rejections::passes_time(v))
                                    })
                            })
                    }
                    _ => false,
                })
        }
        _ => false,
    }
}

/// Whether all that is pushed to a list that begins empty can only be fulfilled.
fn gathers_fulfilling(promise: Node<'_>, list: Node<'_>) -> bool {
    let Some(name) = list.parent().and_then(|d| d.child(Field::Name)) else { return false };
    let mut pushed = promise.arena().nodes().filter_map(|n| {
        let (of, m) = method(n)?;
        (of.text() == name.text() && m.text() == "push")
            .then(|| args(n).all(|a| is_fulfilling(bare(a)) || super::rejections::is_handled(bare(a))))
    });
    pushed.next() == Some(true) && pushed.all(|p| p)
}

/// `new Promise((resolve) => ..)`, whose executor takes no way to reject it.
fn is_fulfilling(value: Node<'_>) -> bool {
    value.kind() == Kind::NewExpression
        && value.child(Field::Constructor).is_some_and(|c| c.text() == "Promise")
        && args(value)
            .next()
            .map(bare)
            .is_some_and(|f| is_function(f) && is_async(f) != Some(true) && shape::parameters(f).len() == 1)
}

/// A variable that holds a `new Promise((resolve) => ..)` whose executor takes no way to reject it.
pub fn is_only_resolved(of: Node<'_>) -> bool {
    let value = (of.kind() == Kind::Identifier)
        .then(|| shape::declarator(of).and_then(|d| d.child(Field::Value)).map(bare))
        .flatten();
    value.is_some_and(is_fulfilling)
}
