//! Code of somebody else that a generic function of Rust runs: iterators, readers, closures and clones of its parameters' types.

use sidenote_grammars::{Field, Kind};

use super::support::method;
use crate::syntax::Node;

/// What a parameter of a generic type is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Foreign {
    /// It iterates.
    Iterator,
    /// It reads.
    Reader,
}

/// A function's text before its body.
pub fn head<'a>(function: Node<'a>) -> &'a str {
    let start = function.span().start as usize;
    let end = function.child(Field::Body).map_or(function.span().end, |b| b.span().start) as usize;
    function.arena().text().get(start..end).unwrap_or_default()
}

/// Parameters of generic types that iterate or read, and variables made of them by `into_iter`: name, parameter, kind.
pub fn parameters<'a>(function: Node<'a>, body: Node<'a>) -> Vec<(&'a str, &'a str, Foreign)> {
    let head = head(function);
    if head.contains("TrustedLen") {
        return Vec::new();
    }
    let parameters = function.child(Field::Parameters).into_iter().flat_map(Node::named_children);
    let mut out = Vec::new();
    for parameter in parameters {
        let (Some(pattern), Some(ty)) = (parameter.child(Field::Pattern), parameter.child(Field::Type)) else {
            continue;
        };
        let name = pattern.text().trim_start_matches("mut ");
        let ty = ty.text().trim_start_matches(['&', ' ']).trim_start_matches("mut ");
        // The bound: written in place, in the list of parameters, or in the `where` clause.
        let bound = if ty.starts_with("impl ") || ty.starts_with("dyn ") {
            ty
        } else if ty.chars().all(char::is_alphanumeric) && ty.starts_with(char::is_uppercase) {
            let at = head.find(&format!("{ty}:")).or_else(|| head.find(&format!("{ty} :")));
            match at.and_then(|at| head.get(at..)) {
                Some(rest) => rest.split([',', '{', ')']).next().unwrap_or_default(),
                None => continue,
            }
        } else {
            continue;
        };
        if bound.contains("Iterator") {
            out.push((name, name, Foreign::Iterator));
        } else if bound.contains("Read") && !bound.contains("AsyncRead") {
            out.push((name, name, Foreign::Reader));
        }
    }
    for declaration in body.descendants().filter(|n| n.kind() == Kind::LetDeclaration) {
        let (Some(pattern), Some(value)) = (declaration.child(Field::Pattern), declaration.child(Field::Value)) else {
            continue;
        };
        if let Some((receiver, m)) = method(value)
            && m.text() == "into_iter"
            && let Some((_, of, kind)) = out.iter().find(|(n, ..)| *n == receiver.text()).copied()
        {
            out.push((pattern.text().trim_start_matches("mut "), of, kind));
        }
    }
    out
}

/// Parameters that are closures of somebody else.
pub fn callables<'a>(function: Node<'a>) -> Vec<&'a str> {
    let head = head(function);
    let parameters = function.child(Field::Parameters).into_iter().flat_map(Node::named_children);
    let closures = parameters.filter(|p| {
        p.child(Field::Type).is_some_and(|t| {
            let ty = t.text();
            ty.contains("Fn(")
                || ty.contains("FnMut(")
                || ty.contains("FnOnce(")
                // `F` with a bound.
                || [": Fn", ": impl Fn"].iter().any(|b| head.contains(&format!("{}{b}", ty.trim_start_matches(['&', ' ']).trim_start_matches("mut "))))
        })
    });
    closures.filter_map(|p| p.child(Field::Pattern)).map(|p| p.text().trim_start_matches("mut ")).collect()
}

/// Variables of loops over a parameter that is a slice of a generic type: whatever is called on them is somebody else's.
pub fn elements<'a>(function: Node<'a>, body: Node<'a>) -> Vec<&'a str> {
    let parameters = function.child(Field::Parameters).into_iter().flat_map(Node::named_children);
    let slices: Vec<&str> = parameters
        .filter(|p| {
            let ty = p.child(Field::Type).map_or("", Node::text).trim_start_matches(['&', ' ']);
            let element = ty.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or_default();
            element.len() == 1 && element.starts_with(char::is_uppercase)
        })
        .filter_map(|p| p.child(Field::Pattern))
        .map(|p| p.text())
        .collect();
    body.descendants()
        .filter(|n| n.kind() == Kind::ForExpression)
        .filter(|n| n.child(Field::Value).is_some_and(|v| slices.contains(&root(v).text())))
        .filter_map(|n| n.child(Field::Pattern))
        .map(Node::text)
        .collect()
}

/// What a chain of methods starts with: `iter` of `iter.enumerate().rev()`.
pub fn root(mut node: Node<'_>) -> Node<'_> {
    loop {
        node = match node.kind() {
            Kind::ReferenceExpression => match node.child(Field::Value) {
                Some(inner) => inner,
                None => return node,
            },
            _ => match method(node) {
                Some((of, _)) => of,
                None => return node,
            },
        };
    }
}
