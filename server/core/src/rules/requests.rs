//! Functions that answer requests of a server.

use sidenote_grammars::Field;

use super::Cx;
use super::shape::parameters;
use super::support::{args, is_async, method, string_value};
use crate::syntax::Node;

/// Whether a function takes a request.
pub fn handles(function: Node<'_>, cx: &Cx<'_>) -> bool {
    let names: Vec<String> =
        parameters(function).iter().map(|p| p.text().trim_start_matches('_').to_lowercase()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let pair = match names.as_slice() {
        [a, b, ..] => {
            matches!((*a, *b), ("req" | "request", "res" | "response" | "reply" | "rep" | "h"))
                || names.len() == 4 && names[1].starts_with("req")
        }
        _ => false,
    };
    let context = matches!(names.as_slice(), ["ctx" | "context" | "c" | "req" | "request", ..]) && routed(function);
    // `app.get('/terms', async () => ..)`, which needs nothing of the request.
    let bare_route = names.is_empty() && is_async(function) == Some(true) && routed(function);
    // Handlers of routes in files of frameworks.
    let own = function.child(Field::Name).map_or("", Node::text);
    let method = matches!(own, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "loader" | "action")
        && is_async(function) == Some(true);
    pair || context
        || bare_route
        || method
            && names.first().is_some_and(|n| n.starts_with("req") || n.starts_with('{'))
            && cx.block.name().is_some()
}

/// Whether a function is passed to a router: `app.get('/path', f)`.
fn routed(function: Node<'_>) -> bool {
    let Some(call) = function.parent().and_then(|p| p.parent()) else { return false };
    method(call).is_some_and(|(_, m)| {
        matches!(m.text(), "get" | "post" | "put" | "patch" | "delete" | "all" | "use" | "route")
            && args(call).next().is_some_and(|a| string_value(a).is_some_and(|s| s.starts_with('/')) || a == function)
    })
}
