//! Places at which nobody waits for a promise on purpose (TypeScript and JavaScript).

use sidenote_grammars::{Field, Kind};

use super::Cx;
use super::shape::is_said;
use super::support::{args, bare, enclosing_function, is_async, is_function, method};
use crate::syntax::{Node, Span};

/// Whether a comment right above the statement, or right behind it, says that nobody is to wait, or that errors stay unhandled.
pub fn is_meant(node: Node<'_>, cx: &Cx<'_>) -> bool {
    const SAID: &[&str] = &[
        "not await",
        "n't await",
        "no await",
        "without await",
        "fire and forget",
        "fire-and-forget",
        "intentionally not",
        "unhandled",
        "not wait",
        "use an await",
        "do not return as promise",
        "n't wait",
        "never wait",
        "without waiting",
        "abandoned",
        "asynchronously",
        "in the background",
        "best effort",
        "best-effort",
        "never fails",
        "never reject",
        ".catch",
    ];
    let here = node.span();
    let near = |c: Span| {
        let above = c.end <= here.start && here.start - c.end < 160;
        let behind = c.start >= here.end && c.start - here.end < 40;
        above || behind
    };
    is_said(cx, near, SAID)
}

/// Whether a constructor, or a method that a framework calls in its place, begins an object's own asynchronous set-up: nobody could wait
/// for it there.
pub fn only_begins(node: Node<'_>, call: Node<'_>) -> bool {
    let inits = method(call).is_some_and(|(of, name)| {
        let words = super::support::words(name.text().trim_start_matches(['#', '_']));
        of.kind() == Kind::This
            && words.iter().take(2).any(|w| matches!(w.as_str(), "init" | "initialize" | "initialise"))
    });
    let Some(function) = enclosing_function(node).filter(|_| inits) else { return false };
    let name = function.child(Field::Name).map_or("", Node::text);
    function.kind() == Kind::MethodDefinition && matches!(name, "constructor" | "init" | "postConstruct")
}

/// Whether something stands in a `try` of its function.
fn is_tried(call: Node<'_>) -> bool {
    call.ancestors().take_while(|a| !is_function(*a)).any(|a| a.kind() == Kind::TryStatement)
}

/// First words of functions that bring something to where it is kept, or to somebody.
pub const KEEPS: &[&str] = &[
    "save", "write", "delete", "remove", "insert", "create", "send", "publish", "commit", "upload", "post", "put",
    "persist", "submit", "store", "pay", "charge", "transfer", "export", "register",
];

/// Whether a part of a page starts something of its own: in a listener, an effect, a hook of its life. What fails there shows in the
/// browser's console and ends nothing; what is saved or sent is told of all the same, and so is what a `try` lets go.
pub fn starts_for_a_page(call: Node<'_>, cx: &Cx<'_>) -> bool {
    if enclosing_function(call).is_none() {
        return false;
    }
    let callee = call.child(Field::Function).map(bare);
    let own = match method(call) {
        Some((of, _)) => of.kind() == Kind::This || of.text().starts_with("this."),
        None => callee.is_some_and(|f| f.kind() == Kind::Identifier && f.text() != "fetch"),
    };
    let keeps = |name: &str| super::support::words(name).first().is_some_and(|w| KEEPS.contains(&w.as_str()));
    let name = callee.and_then(super::support::place_name).unwrap_or_default();
    // `useEffect(() => { (async () => { setValue(await store.get(key)); })(); })`
    let effect = callee.filter(|f| is_function(*f)).is_some_and(|f| {
        let names_effect = |c: Node<'_>| {
            c.kind() == Kind::CallExpression
                && c.child(Field::Function).and_then(super::support::place_name).is_some_and(|n| n.ends_with("Effect"))
        };
        call.ancestors().any(names_effect)
            && !cx
                .open(f)
                .descendants()
                .filter(|n| n.kind() == Kind::CallExpression)
                .any(|n| n.child(Field::Function).and_then(super::support::place_name).is_some_and(|n| keeps(&n)))
    });
    (own && !keeps(&name) || effect) && !is_tried(call) && super::shape::is_of_a_page(cx)
}

/// Whether somebody else's promise is looked into where a value may be one: `if (isPromise(data)) { data.then(show); }`.
pub fn may_be_one(of: Node<'_>) -> bool {
    let name = of.text();
    of.kind() == Kind::Identifier
        && enclosing_function(of).is_some_and(|f| {
            let text = f.text();
            text.contains(&format!("isPromise({name})")) || text.contains(&format!("{name} instanceof Promise"))
        })
}

/// Whether a part of a page, or code for browsers, goes on when something is there: `icons.load(url).then(draw)`. What fails shows in the
/// console and ends nothing. Requests are told of, what keeps something, what is tried, and what settles another promise.
pub fn waits_on_a_page(call: Node<'_>, cx: &Cx<'_>) -> bool {
    let mut begins = call;
    while let Some((of, name)) = method(begins).filter(|(_, n)| matches!(n.text(), "then" | "finally")) {
        if args(begins).any(|f| is_async(bare(f)) == Some(true)) {
            return false;
        }
        if name.text() == "then" && args(begins).next().is_some_and(|f| matches!(bare(f).text(), "resolve" | "reject"))
        {
            return false;
        }
        begins = bare(of);
    }
    if begins == call
        || begins.kind() != Kind::CallExpression
        || !(cx.file.declared.page || super::shape::is_of_a_page(cx))
    {
        return false;
    }
    let name = begins.child(Field::Function).map(bare).and_then(super::support::place_name).unwrap_or_default();
    let first = super::support::words(&name).into_iter().next().unwrap_or_default();
    let asks = KEEPS.contains(&first.as_str())
        || matches!(first.as_str(), "fetch" | "axios" | "install" | "blob" | "json" | "text")
        || name == "request"
        || super::shape::root_name(begins).is_some_and(|r| matches!(r.text(), "api" | "axios" | "http"));
    let settles = call
        .ancestors()
        .any(|a| a.kind() == Kind::NewExpression && a.child(Field::Constructor).is_some_and(|c| c.text() == "Promise"));
    !asks && !settles && !is_tried(call)
}

/// What is handed to `Promise.all`.
fn list(call: Node<'_>) -> Option<Node<'_>> {
    let (of, name) = method(call)?;
    if of.text() == "Promise" && name.text() == "all" { args(call).next().map(bare) } else { None }
}

/// Whether the same list of promises is waited for as a whole, and so are its rejections: `Promise.all(parts).then(keep)` beside
/// `return Promise.all(parts.concat(others))`.
pub fn is_waited_for_whole(call: Node<'_>) -> bool {
    let Some((begins, "then")) = method(call).map(|(of, name)| (bare(of), name.text())) else { return false };
    let Some(name) = list(begins).filter(|l| l.kind() == Kind::Identifier) else { return false };
    let Some(function) = enclosing_function(call) else { return false };
    function.descendants().filter(|n| *n != begins).filter_map(list).any(|l| {
        let waited = l
            .ancestors()
            .take_while(|a| *a != function)
            .any(|a| matches!(a.kind(), Kind::ReturnStatement | Kind::AwaitExpression));
        waited
            && (l.text() == name.text()
                || l.descendants().any(|n| n.kind() == Kind::Identifier && n.text() == name.text()))
    })
}

/// Whether a program that is started by its name runs what it is there for: a rejection ends it with its message.
pub fn runs_a_program(call: Node<'_>, cx: &Cx<'_>) -> bool {
    let path = cx.file.path.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let program =
        path.rsplit('/').nth(1) == Some("bin") || stem == "cli" || stem.ends_with("-cli") || stem.ends_with("-bin");
    program && !is_tried(call) && !args(call).any(|a| matches!(a.text(), "cb" | "callback" | "done"))
}
