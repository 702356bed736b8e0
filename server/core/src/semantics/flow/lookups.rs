//! What a lookup by a key says of the key.

use crate::semantics::hir::{BinaryOp, ExprId, ExprKind, Lit, Member};

use super::call::Call;
use super::guard::{Facts, Learned, Lessons};
use super::interp::Interp;
use super::kinds::{SinkKind, SinkKinds};
use super::value::{Origin, Val};

/// `table[key]`, where the program wrote down what the table holds: what is found in it has one of its keys, or the name of
/// something that all objects have.
pub(super) fn looked_up(interp: &mut Interp<'_>, id: ExprId) -> Option<(ExprId, Learned)> {
    let ExprKind::Index(table, key) = interp.hir.expr(id).kind else { return None };
    if !interp.is_place(table) || interp.world.casts_convert() {
        return None;
    }
    let table = interp.eval(table);
    let written = table.fields().next().is_some() || table.apis.iter().any(|p| p.as_str().ends_with(".json"));
    let names = SinkKind::PropertyKey.set() | SinkKind::PrototypeBase.set() | SinkKind::MethodName.set();
    (written && !table.has_taint()).then_some((key, Learned::Clean(SinkKinds(SinkKinds::ALL.0 & !names.0))))
}

/// `const row = table[key]; if (row === undefined) return;`
pub(super) fn found_nothing(interp: &Interp<'_>, facts: &mut Facts, sides: [(ExprId, &Val); 2]) {
    for (place, other) in sides {
        if matches!(other.as_lit(), Some(Lit::Null | Lit::Undefined))
            && let ExprKind::Local(local) = &interp.hir.expr(place).kind
            && let Some((yes, _)) = interp.told.get(local)
        {
            facts.when_false.extend(yes.iter().cloned());
        }
    }
}

/// Whether a call is that of a library whose functions are given what others have as their object: `_.has(object, key)`; and
/// whether it comes last there: `R.has(key, object)`.
fn given_first(call: &Call<'_>) -> Option<bool> {
    let of = |names: &[&str]| {
        call.paths.iter().any(|p| {
            let p = p.as_str();
            let rest = |n: &&str| p.strip_prefix(*n).is_some_and(|r| r.is_empty() || r.starts_with(['.', '/', '-']));
            names.iter().any(rest)
        })
    };
    if call.args.len() < 2 || call.new {
        return None;
    }
    if of(&["ramda", "R", "lodash/fp"]) {
        return Some(false);
    }
    of(&["lodash", "lodash-es", "_", "underscore", "has", "hasown", "has-own-prop"]).then_some(true)
}

/// The list or object that a call asks for something, and what it asks for.
pub(super) fn asked_of<'c>(call: &'c Call<'_>) -> (Option<&'c Val>, Option<&'c ExprId>) {
    match given_first(call) {
        Some(true) => (call.args.first(), call.arg_ids.get(1)),
        Some(false) => (call.args.get(1), call.arg_ids.first()),
        None => (call.receiver.as_ref(), call.arg_ids.first()),
    }
}

/// The object that a call asks for a key of its own, and where among the arguments the key stands.
pub(super) fn own_key<'c>(call: &'c Call<'_>) -> Option<(Option<&'c Val>, usize)> {
    match (call.name.as_str(), given_first(call)) {
        ("hasOwn", _) => Some((call.args.first(), 1)),
        ("hasOwnProperty", _) => Some((call.receiver.as_ref(), 0)),
        ("has", Some(true)) => Some((call.args.first(), 1)),
        ("has", Some(false)) => Some((call.args.get(1), 0)),
        _ => None,
    }
}

/// Harm that is done by text which nobody would have as the name of anything: line breaks, the addresses of others.
const MADE_UP: SinkKinds =
    SinkKind::Log.set().and(SinkKind::Console.set()).and(SinkKind::Header.set()).and(SinkKind::Redirect.set());

/// Deepest objects and lists in an argument in which what is looked for is found.
const MAX_DEPTH: usize = 3;

/// `if (await rooms.find(id))`, `db.getRow("select ..", [id])`: what is there under somebody's name has that name.
pub(super) fn found_by(interp: &Interp<'_>, call: &Call<'_>, yes: &mut Lessons) {
    const SEARCHES: [&str; 4] = ["find", "get", "lookup", "search"];
    /// Those who are asked get whatever the address says, or the request itself.
    const OTHERS: [&str; 18] = [
        "http",
        "https",
        "axios",
        "request",
        "req",
        "got",
        "superagent",
        "ky",
        "needle",
        "agent",
        "client",
        "api",
        "ctx",
        "params",
        "searchparams",
        "headers",
        "query",
        "body",
    ];
    let Some(store) = call.receiver.as_ref().filter(|_| !interp.world.casts_convert()) else { return };
    let first = super::lexicon::words(&call.name).into_iter().next();
    // What is handed in as a store was filled by whoever hands it in.
    let kept = store.deep_taints().iter().all(|t| matches!(t.origin, Origin::Param(..)));
    if !first.is_some_and(|w| SEARCHES.contains(&w.as_str())) || !kept {
        return;
    }
    let name = call.receiver_id.and_then(|id| match &interp.hir.expr(id).kind {
        ExprKind::Local(local) => Some(interp.hir.local(*local).name),
        ExprKind::Name(name) | ExprKind::Field(_, name) => Some(super::place::last_name(*name)),
        ExprKind::This => Some("this".into()),
        _ => None,
    });
    if name.is_none_or(|n| OTHERS.contains(&n.to_lowercase().as_str())) {
        return;
    }
    for arg in &call.arg_ids {
        names_in(interp, *arg, 0, yes);
    }
}

/// The places in an argument that say what is looked for.
fn names_in(interp: &Interp<'_>, id: ExprId, depth: usize, yes: &mut Lessons) {
    if depth > MAX_DEPTH {
        return;
    }
    match &interp.hir.expr(id).kind {
        ExprKind::Local(_) | ExprKind::Name(_) | ExprKind::Field(..) | ExprKind::Index(..) => {
            yes.push((id, Learned::Clean(MADE_UP)));
        }
        // `pages.get(path + ".html")`
        ExprKind::Binary(BinaryOp::Add, name, rest) if matches!(interp.hir.expr(*rest).kind, ExprKind::Lit(_)) => {
            names_in(interp, *name, depth + 1, yes);
        }
        ExprKind::Object(_, members) | ExprKind::Array(members) => {
            for member in members {
                if let Member::Field(_, value) | Member::Element(Some(value)) = member {
                    names_in(interp, *value, depth + 1, yes);
                }
            }
        }
        _ => {}
    }
}

/// `root && !path.startsWith(root)`: where that is false the path lies below the folder, if there is one.
pub(super) fn is_root(interp: &Interp<'_>, left: ExprId, right: ExprId) -> bool {
    let text = |id: ExprId| interp.arena.slice(interp.hir.expr(id).span);
    let folder = ["root", "base", "dir", "folder"].iter().any(|w| text(left).to_ascii_lowercase().ends_with(w));
    folder && interp.is_place(left) && text(right).contains("startsWith(") && text(right).contains(text(left))
}

/// `await validateInput(body);`: what does not throw went through a schema, which says of every part whether it is text.
/// `if (checkAllowOrigin(req))`: what is asked of a request is whether its origin may read the answer.
pub(super) fn by_name(interp: &mut Interp<'_>, call: &Call<'_>, yes: &mut Lessons) {
    if interp.world.casts_convert() || !(8..40).contains(&call.name.len()) {
        return;
    }
    let Some(arg) = call.arg_ids.first().copied() else { return };
    let words = super::lexicon::words(&call.name);
    let has = |all: &[&str]| words.iter().any(|w| all.contains(&w.as_str()));
    if has(&["origin", "cors"]) && has(&["allow", "allowed", "allows", "valid", "trusted", "check", "same"]) {
        let origin = ["headers".into(), "origin".into()].into_iter().collect();
        yes.push((arg, Learned::Below(origin, SinkKind::CorsOrigin.set())));
    }
    // `if (isRelativeUrl("/" + target))`: it leads to no other host.
    if has(&["relative", "local"]) && has(&["url", "uri", "redirect", "link", "href", "address", "destination"]) {
        let place = match interp.hir.expr(arg).kind {
            ExprKind::Binary(BinaryOp::Add, start, rest) if matches!(interp.hir.expr(start).kind, ExprKind::Lit(_)) => {
                rest
            }
            _ => arg,
        };
        yes.push((place, Learned::Clean(SinkKind::Redirect.set())));
    }
    if words.first().is_some_and(|w| w == "validate") && words.len() > 1 && interp.is_statement(call.span) {
        interp.refine(&[(arg, Learned::Clean(SinkKind::NoSql.set() | SinkKind::StringCheck.set()))]);
    }
}

impl Interp<'_> {
    /// Whether a call stands by itself, so that it can do nothing but throw or write.
    fn is_statement(&self, span: crate::syntax::Span) -> bool {
        let at = self.arena.root().smallest_at(span);
        let mut around = at.ancestors().filter(|n| n.span() != span && n.span().contains(span));
        around
            .find(|n| n.kind() != sidenote_grammars::Kind::AwaitExpression)
            .is_some_and(|n| n.kind() == sidenote_grammars::Kind::ExpressionStatement)
    }
}
