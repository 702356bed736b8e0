//! Which functions give promises that may be rejected.

use std::collections::{BTreeMap, BTreeSet};

use sidenote_grammars::{Field, Kind};

use super::support;
use crate::syntax::Node;

/// What must fail for the promise of a function to be rejected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rejects {
    /// It cannot be, or the function gives none.
    Never,
    /// One of these of the same file, which the function waits for: `this.name` or `name`.
    With(BTreeSet<String>),
    /// Something else may fail, or nothing is known.
    Itself,
}

/// Whether a call waits for nothing but time, by its name: `sleep(9)`, `nextTick()`.
pub fn passes_time(call: Node<'_>) -> bool {
    const PASSES: &[&str] =
        &["sleep", "delay", "wait", "tick", "idle", "frame", "pause", "timeout", "microtask", "raf"];
    let Some(callee) = call.child(Field::Function).filter(|_| call.kind() == Kind::CallExpression) else {
        return false;
    };
    // `await Promise.resolve()` has what follows run a moment later.
    if callee.text() == "Promise.resolve" && support::args(call).next().is_none() {
        return true;
    }
    let last = callee.text().rsplit('.').next().unwrap_or_default();
    // An event that comes once, and an element that is defined some day.
    if last == "once" && support::args(call).next().is_none() || last == "whenDefined" {
        return true;
    }
    let words = support::words(last);
    words.first().is_some_and(|w| w != "fetch")
        && words.iter().any(|w| PASSES.contains(&w.as_str()))
        && !words.windows(2).any(|w| w[0] == "wait" && matches!(w[1].as_str(), "for" | "until"))
}

/// What must fail for the promise of a function to be rejected.
pub fn rejects(function: Node<'_>) -> Rejects {
    within(function, 2)
}

/// What must fail for the promise of a function to be rejected, async or not; `None` where a function that is not async gives anything
/// else than promises that are known.
pub fn settles(function: Node<'_>) -> Option<Rejects> {
    if function.has_token("async") { Some(rejects(function)) } else { plain(function) }
}

/// That of a function that is not async: each value that it gives is a promise that nobody can reject, that of such a function, or none.
fn plain(function: Node<'_>) -> Option<Rejects> {
    let body = function.child(Field::Body).filter(|_| !function.has_token("*") && !function.is_hole())?;
    let values: Vec<Node<'_>> = if body.kind() == Kind::StatementBlock {
        // What is thrown at once is no rejection, and ends the caller.
        let returns = body.descendants_until(support::is_function).filter(|n| n.kind() == Kind::ReturnStatement);
        returns.filter_map(|r| r.first_named()).map(support::bare).collect()
    } else {
        vec![support::bare(body)]
    };
    let mut with = BTreeSet::new();
    let mut promises = 0;
    for value in values {
        if matches!(value.kind(), Kind::Null | Kind::Undefined | Kind::False | Kind::True)
            || value.text() == "undefined"
        {
            continue;
        }
        with.extend(calm(value, function, 3)?);
        promises += 1;
    }
    match (promises, with.is_empty()) {
        (0, _) => None,
        (_, true) => Some(Rejects::Never),
        _ => Some(Rejects::With(with)),
    }
}

/// The functions of the file with whose promises alone this one can be rejected; `None` where more may fail.
fn calm(value: Node<'_>, function: Node<'_>, depth: usize) -> Option<Vec<String>> {
    if depth == 0 {
        return None;
    }
    if is_only_resolved(value) || is_handled(value) || passes_time(value) {
        return Some(Vec::new());
    }
    match value.kind() {
        Kind::TernaryExpression => {
            let sides = [Field::Consequence, Field::Alternative].into_iter().filter_map(|f| value.child(f));
            let all: Option<Vec<_>> = sides.map(|s| calm(support::bare(s), function, depth - 1)).collect();
            Some(all?.concat())
        }
        Kind::AssignmentExpression => calm(support::bare(value.child(Field::Right)?), function, depth - 1),
        // A variable or a property, by all that the function stores there.
        Kind::Identifier | Kind::MemberExpression => {
            let stored = function.descendants().filter_map(|n| match n.kind() {
                Kind::AssignmentExpression if n.child(Field::Left).is_some_and(|l| l.text() == value.text()) => {
                    Some(n.child(Field::Right))
                }
                Kind::VariableDeclarator if n.child(Field::Name).is_some_and(|l| l.text() == value.text()) => {
                    n.child(Field::Value).map(Some)
                }
                _ => None,
            });
            let stored: Vec<Node<'_>> = stored.collect::<Option<_>>().filter(|s: &Vec<_>| !s.is_empty())?;
            let all: Option<Vec<_>> = stored.into_iter().map(|s| calm(support::bare(s), function, depth - 1)).collect();
            Some(all?.concat())
        }
        Kind::CallExpression => {
            if let Some((of, name)) = support::method(value) {
                let given = support::args(value).next().map(support::bare);
                let fails = |f: Node<'_>| {
                    !support::is_function(f)
                        || f.is_hole()
                        || f.has_token("async")
                        || f.descendants().any(|n| n.is_hole() || n.kind() == Kind::ThrowStatement)
                        || super::shape::returned(f)
                            .is_none_or(|r| r.into_iter().any(|v| support::bare(v).kind() == Kind::CallExpression))
                };
                // `Promise.resolve(this.state)`
                if of.text() == "Promise" && name.text() == "resolve" {
                    return given.is_none_or(|g| !gives_more(g)).then(Vec::new);
                }
                // What runs behind a promise that is always fulfilled.
                if matches!(name.text(), "then" | "finally") && given.is_some_and(|f| !fails(f)) {
                    return calm(support::bare(of), function, depth - 1);
                }
            }
            own_calls(value)
        }
        _ => None,
    }
}

/// Whether a value may itself be a promise, or wait for one.
fn gives_more(value: Node<'_>) -> bool {
    value.kind() == Kind::CallExpression || value.kind() == Kind::AwaitExpression || value.kind() == Kind::NewExpression
}

/// Functions and methods (`this.name`) by their names, with what must fail for their promises to be rejected; `None` where that is not
/// known.
pub type Settled = BTreeMap<String, Vec<Option<Rejects>>>;

/// Those of a file's async functions and methods whose promises are never rejected, if those of the `assumed` functions are not
/// either. All of one name must agree.
pub fn never_rejecting(all: &Settled, assumed: &BTreeSet<String>) -> BTreeSet<String> {
    let calm = |r: &Option<Rejects>| r.as_ref().is_some_and(|r| *r != Rejects::Itself);
    let mut never: BTreeSet<String> =
        all.iter().filter(|(_, found)| found.iter().all(calm)).map(|(name, _)| name.clone()).collect();
    // Whoever waits for one that may fail may fail, too.
    loop {
        let failing: Vec<String> = never
            .iter()
            .filter(|name| {
                all[*name].iter().flatten().any(|r| match r {
                    Rejects::With(others) => others.iter().any(|o| !never.contains(o) && !assumed.contains(o)),
                    _ => false,
                })
            })
            .cloned()
            .collect();
        if failing.is_empty() {
            return never;
        }
        never.retain(|n| !failing.contains(n));
    }
}

/// Of the functions and methods that are rejected only with imported ones, the local names of these.
pub fn rejecting_with_imports(
    all: &Settled,
    never: &BTreeSet<String>,
    imported: &BTreeSet<String>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = never_rejecting(all, imported)
        .into_iter()
        .filter(|name| !never.contains(name))
        .map(|name| (name, BTreeSet::new()))
        .collect();
    // What somebody waits for who is waited for counts, too.
    loop {
        let mut grown = false;
        for name in found.keys().cloned().collect::<Vec<_>>() {
            let with = all[&name].iter().flatten().filter_map(|r| match r {
                Rejects::With(others) => Some(others),
                _ => None,
            });
            let own = |n: &String| {
                if imported.contains(n) { Some(BTreeSet::from([n.clone()])) } else { found.get(n).cloned() }
            };
            let decide: BTreeSet<String> = with.flatten().filter_map(own).flatten().collect();
            if found.get(&name) != Some(&decide) {
                found.insert(name, decide);
                grown = true;
            }
        }
        if !grown {
            return found;
        }
    }
}

/// Whether a call is of a function of the same block which cannot fail.
fn catches_itself(call: Node<'_>, depth: usize) -> bool {
    // `Promise.all(pipes.map(write))` calls `write`, and nothing else.
    let each =
        support::method(call).filter(|(of, name)| of.text() == "Promise" && name.text() == "all").and_then(|_| {
            let list = support::args(call).next().map(support::bare)?;
            support::method(list).filter(|(_, m)| m.text() == "map").and_then(|_| support::args(list).next())
        });
    let callee = each
        .or_else(|| call.child(Field::Function).filter(|_| call.kind() == Kind::CallExpression))
        .filter(|f| f.kind() == Kind::Identifier);
    let Some(callee) = callee.filter(|_| depth > 0) else { return false };
    let mut found = call.arena().nodes().filter_map(|n| match n.kind() {
        Kind::VariableDeclarator | Kind::FunctionDeclaration
            if n.child(Field::Name).is_some_and(|d| d.text() == callee.text()) =>
        {
            Some(if n.kind() == Kind::VariableDeclarator { n.child(Field::Value).map(support::bare) } else { Some(n) })
        }
        _ => None,
    });
    let (Some(Some(only)), None) = (found.next(), found.next()) else { return false };
    support::is_function(only)
        && !only.is_hole()
        && if only.has_token("async") {
            within(only, depth - 1) == Rejects::Never
        } else {
            plain(only) == Some(Rejects::Never)
        }
}

/// Whether a promise has its errors handled at its end, and the handler throws none: `load().catch(report)`.
pub fn is_handled(call: Node<'_>) -> bool {
    let Some((receiver, name)) = support::method(call) else { return false };
    let handler = match name.text() {
        "catch" => support::args(call).next(),
        "then" if support::args(call).nth(1).is_some() => support::args(call).nth(1),
        // It tells of each what became of it.
        "allSettled" => return receiver.text() == "Promise",
        // Nothing comes behind the handler that could fail: `stop().then(() => 'ok', (e) => e).then((s) => log(s))`.
        "then" | "finally" => None,
        _ => return false,
    };
    if handler.is_none() {
        return support::args(call).next().map(support::bare).is_some_and(|f| {
            support::is_function(f)
                && !f.is_hole()
                && !f.has_token("async")
                && !f.descendants().any(|n| n.is_hole() || n.kind() == Kind::ThrowStatement)
        }) && is_handled(support::bare(receiver));
    }
    let quiet = |h: Node<'_>| match h.kind() {
        Kind::Identifier | Kind::MemberExpression => h.text() != "reject",
        _ => {
            let fails = |n: Node<'_>| n.is_hole() || n.kind() == Kind::ThrowStatement;
            support::is_function(h) && !h.is_hole() && !h.has_token("async") && !h.descendants().any(fails)
        }
    };
    handler.map(support::bare).is_some_and(quiet)
}

/// `new Promise((resolve) => ..)`, whose executor takes no way to reject it.
fn is_only_resolved(value: Node<'_>) -> bool {
    value.kind() == Kind::NewExpression
        && value.child(Field::Constructor).is_some_and(|c| c.text() == "Promise")
        && support::args(value)
            .next()
            .map(support::bare)
            .is_some_and(|f| support::is_function(f) && !f.has_token("async") && super::shape::parameters(f).len() == 1)
}

/// Whether a value is the promise of a moment that comes: `await this.refsAreSet.promise`, `await this.ready`.
fn is_moment(value: Node<'_>) -> bool {
    value.kind() == Kind::MemberExpression
        && value.child(Field::Property).is_some_and(|p| matches!(p.text(), "promise" | "ready" | "whenReady"))
}

/// The functions and methods of the file that a value waits for, if it is nothing but their calls: `this.load(x)`, `save()`, and
/// `Promise.all` of a list of such.
fn own_calls(value: Node<'_>) -> Option<Vec<String>> {
    let call = Some(support::bare(value)).filter(|c| c.kind() == Kind::CallExpression)?;
    if is_handled(call) {
        return Some(Vec::new());
    }
    let callee = support::bare(call.child(Field::Function)?);
    if callee.kind() == Kind::Identifier {
        return Some(vec![callee.text().to_owned()]);
    }
    let (receiver, name) = support::method(call)?;
    if receiver.kind() == Kind::This {
        return Some(vec![format!("this.{}", name.text())]);
    }
    if receiver.text() != "Promise" || name.text() != "all" {
        return None;
    }
    let list = support::bare(support::args(call).next()?);
    let parts: Vec<Node<'_>> = match list.kind() {
        Kind::Array => list.named_children().filter(|n| !n.is_comment()).collect(),
        _ => {
            let (_, mapped) = support::method(list)?;
            let each = support::args(list).next().map(support::bare)?;
            let body = each.child(Field::Body).filter(|_| each.kind() == Kind::ArrowFunction && !each.is_hole())?;
            (mapped.text() == "map").then(|| vec![body])?
        }
    };
    let all: Option<Vec<Vec<String>>> = parts.into_iter().map(own_calls).collect();
    Some(all?.concat())
}

/// Whether a function gives nothing but a promise that it makes itself, and that its executor can reject.
pub fn makes_promise(function: Node<'_>) -> bool {
    new_promise(function).is_some_and(|e| super::shape::parameters(e).len() == 2)
}

/// The executor of the new promise that is all that a function gives: `(ms) => new Promise((r) => setTimeout(r, ms))`.
pub fn new_promise<'a>(function: Node<'a>) -> Option<Node<'a>> {
    let body = function.child(Field::Body).filter(|_| !function.has_token("*"))?;
    let value = if body.kind() == Kind::StatementBlock {
        let mut statements = body.named_children().filter(|s| !s.is_comment());
        match (statements.next(), statements.next()) {
            (Some(only), None) if only.kind() == Kind::ReturnStatement => only.first_named(),
            _ => None,
        }
    } else {
        Some(body)
    };
    let made = value.map(support::bare).filter(|v| {
        v.kind() == Kind::NewExpression && v.child(Field::Constructor).is_some_and(|c| c.text() == "Promise")
    });
    let executor = made.and_then(|m| support::args(m).next()).map(support::bare);
    executor.filter(|e| support::is_function(*e))
}

fn within(function: Node<'_>, depth: usize) -> Rejects {
    if function.has_token("*") {
        return Rejects::Never;
    }
    if !function.has_token("async") {
        return if promises(function) { Rejects::Itself } else { Rejects::Never };
    }
    let Some(body) = function.child(Field::Body) else { return Rejects::Never };
    if body.kind() != Kind::StatementBlock {
        return Rejects::Itself;
    }
    // A function that only gives a value is called for that, and may come to fail when it is written out.
    let mut statements = body.named_children().filter(|s| !s.is_comment());
    if let (Some(only), None) = (statements.next(), statements.next())
        && only.kind() == Kind::ReturnStatement
        && only.first_named().is_some()
    {
        return Rejects::Itself;
    }
    // What is caught, as long as the handler does not throw itself.
    let guards: Vec<_> = body
        .descendants_until(support::is_function)
        .filter(|n| n.kind() == Kind::TryStatement)
        .filter_map(|t| t.child(Field::Body).zip(t.child(Field::Handler)))
        .filter(|(_, handler)| {
            !handler.descendants_until(support::is_function).any(|n| n.kind() == Kind::ThrowStatement)
        })
        .map(|(body, _)| body.span())
        .collect();
    let mut with = BTreeSet::new();
    for n in body.descendants_until(support::is_function) {
        let failing = match n.kind() {
            // While time passes nothing fails: `await sleep(9)`.
            Kind::AwaitExpression => match n.first_named().map(support::bare) {
                Some(c)
                    if passes_time(c)
                        || catches_itself(c, depth)
                        || is_handled(c)
                        || is_moment(c)
                        || is_only_resolved(c) =>
                {
                    continue;
                }
                failing => failing,
            },
            Kind::ThrowStatement => None,
            // The promise of what is returned becomes the function's own.
            Kind::ReturnStatement => {
                let Some(v) = n.first_named().map(support::bare) else { continue };
                // `return resolve(x)` leaves, and tells the promise around.
                let settles = v.child(Field::Function).is_some_and(|f| matches!(f.text(), "resolve" | "reject"));
                let call = matches!(v.kind(), Kind::CallExpression | Kind::TernaryExpression | Kind::BinaryExpression);
                if !call || settles {
                    continue;
                }
                Some(v)
            }
            Kind::ForInStatement if n.has_token("await") => None,
            _ => continue,
        };
        // `return f()` leaves the `try` before the promise settles.
        if n.kind() != Kind::ReturnStatement && guards.iter().any(|g| g.contains(n.span())) {
            continue;
        }
        match failing.and_then(own_calls) {
            Some(names) => with.extend(names),
            None => return Rejects::Itself,
        }
    }
    if with.is_empty() { Rejects::Never } else { Rejects::With(with) }
}

/// Whether a function that is not async says that it gives a promise, and hands on that of another call.
fn promises(function: Node<'_>) -> bool {
    // What may be no promise at all is kept and waited for elsewhere.
    let says = function.child(Field::ReturnType).is_some_and(|t| {
        super::declared::is_promise(t.text()) && !t.text().contains("| undefined") && !t.text().contains("undefined |")
    });
    let Some(body) = function.child(Field::Body).filter(|_| says) else { return false };
    let hands_on = |value: Node<'_>| {
        let value = support::bare(value);
        value.kind() == Kind::CallExpression
            && !value.text().contains(".catch(")
            && !value.child(Field::Function).is_some_and(|f| {
                let text = f.text();
                text.starts_with("Promise.") || text.ends_with(".catch")
            })
    };
    if body.kind() != Kind::StatementBlock {
        return hands_on(body);
    }
    let returns = body.descendants_until(support::is_function).filter(|n| n.kind() == Kind::ReturnStatement);
    returns.filter_map(|r| r.first_named()).any(hands_on)
}
