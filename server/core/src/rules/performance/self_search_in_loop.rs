use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::lists::is_surely_data;
use crate::rules::rust_code::{closure, plain_method};
use crate::rules::rust_names::{Origin, binding};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{mentions, operator, parameters, same, written_type};
use crate::rules::support::{args, bare, constant, is_function, is_loop, method, place_name, runs_once, words};
use crate::rules::unparenthesized;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "self-search-in-loop",
    summary: "a list is searched for each of its own elements",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[407],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds loops and callbacks that go over a list and search the same list in every round for something of the round's element: `rows.map((r) => rows.filter((c) => c.parent === r.id))`, `list.filter((x, i) => list.indexOf(x) === i)`.",
        why: "The time grows with the square of the list's length: 10,000 elements take 100 million steps.",
        example: "return list.filter((x, i) => list.indexOf(x) === i);",
        instead: "return [...new Set(list)];",
        limits: "Only lists that hold data by their names, or that a function is handed as arrays. Lists that stand in the code, rounds that wait for something (`await`), tests and scripts that run once are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], ecma), Check::Nodes(&[Kind::CallExpression], rust)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function at(users, id) { for (const u of users) { if (u.id === id) { return users.indexOf(u); } } return -1; }",
        ),
        Case::bad(
            "a.js",
            "const uniq = (list) => list.filter((x, i) => list.indexOf(x) === i); //~ self-search-in-loop",
        ),
        Case::good("a.js", "function f(plugins) { return plugins.filter((p, i) => plugins.indexOf(p) === i); }"),
        Case::near_miss("a.js", "const ids = Object.keys(types).filter((k, i, all) => all.indexOf(k) === i);"),
        Case::bad(
            "a.ts",
            "export function uniq(tags: string[]) { return tags.filter((t, i) => tags.indexOf(t) === i); } //~ self-search-in-loop",
        ),
        Case::bad(
            "a.js",
            "function tree(rows) { return rows.map((r) => ({ ...r, kids: rows.filter((c) => c.parent === r.id) })); } //~ self-search-in-loop",
        ),
        Case::bad(
            "a.ts",
            "export function kids(rows: Row[]) { const out = new Map(); for (const r of rows) { out.set(r.id, rows.filter((c) => c.parent === r.id)); } return out; } //~ self-search-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(users) { users.forEach((u) => { u.boss = users.find((b) => b.id === u.bossId); }); } //~ self-search-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(orders) { for (let i = 0; i < orders.length; i++) { const o = orders[i]; o.n = orders.filter((x) => x.user === o.user).length; } } //~ self-search-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(items) { return items.filter((x, i, all) => all.findIndex((y) => y.id === x.id) === i); } //~ self-search-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(users) { for (const u of users) { show(users.indexOf(u), u); } } //~ self-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(nodes: &[Node]) { for n in nodes { let k: Vec<u32> = nodes.iter().filter(|m| m.deps.contains(&n.id)).map(|m| m.id).collect(); go(k); } } //~ self-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(rows: &Vec<Row>) -> usize { let mut c = 0; for r in rows.iter() { if rows.iter().any(|o| o.parent == Some(r.id)) { c += 1; } } c } //~ self-search-in-loop",
        ),
        Case::good("a.ts", "export function uniq(tags: string[]) { return [...new Set(tags)]; }"),
        Case::good(
            "a.js",
            "function f(users, groups) { return users.map((u) => groups.find((g) => g.id === u.group)); }",
        ),
        Case::good("a.js", "const KINDS = ['a', 'b'];\nconst x = KINDS.filter((k, i) => KINDS.indexOf(k) === i);"),
        Case::good(
            "a.js",
            "function f() { const tags = ['a', 'b']; return tags.map((t) => tags.find((u) => u > t)); }",
        ),
        Case::good(
            "a.js",
            "async function f(users) { for (const u of users) { await send(users.filter((x) => x.id !== u.id)); } }",
        ),
        Case::good("a.js", "function f(options) { return options.map((o) => options.find((p) => p.id === o.next)); }"),
        Case::good("a.js", "function f(users) { return users.map((u) => users.filter((x) => x.admin).length); }"),
        Case::good(
            "a.rs",
            "fn f(nodes: &[Node]) -> Vec<u32> { nodes.iter().filter(|n| n.ok).map(|n| n.id).collect() }",
        ),
        Case::near_miss(
            "a.js",
            "function f(users) { for (const u of users) { u.friends.filter((x) => x.id === u.id); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(users) { const first = users.find((u) => u.id === 1); for (const u of users) { go(u, first); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(a, b) { for (const u of a.users) { go(b.users.find((x) => x.id === u.id)); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(nodes: &[Node]) { for n in nodes { let k = n.deps.iter().filter(|d| **d != n.id).count(); go(k); } }",
        ),
    ],
};

fn ecma<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || runs_once(&cx.file.path) {
        return;
    }
    let Some((searched, name)) = method(node) else { return };
    if !matches!(name.text(), "indexOf" | "lastIndexOf" | "includes" | "find" | "findIndex" | "filter" | "some") {
        return;
    }
    let Some(list) = Some(bare(searched)).filter(|l| matches!(l.kind(), Kind::Identifier | Kind::MemberExpression))
    else {
        return;
    };
    let Some(what) = args(node).next() else { return };
    let mut at = node;
    while let Some(parent) = at.parent() {
        let round = match parent.kind() {
            _ if is_loop(parent) && at.field() == Field::Body => Some(over_and_names(parent)),
            _ if is_function(parent) => match callback_of(parent, list) {
                Some(found) => Some(Some(found)),
                None => return,
            },
            _ => None,
        };
        if let Some(Some((over, names, real))) = round
            && same_list(over, real.unwrap_or(list))
            && names.iter().any(|n| speaks_of(what, n))
        {
            let list = real.unwrap_or(list);
            let dedupes = is_position_of_itself(node, &names);
            // What is returned is searched for once.
            let once = is_loop(parent)
                && node
                    .ancestors()
                    .take_while(|a| *a != parent)
                    .any(|a| matches!(a.kind(), Kind::ReturnStatement | Kind::ThrowStatement));
            let waits = parent.descendants_until(is_function).any(|n| n.kind() == Kind::AwaitExpression);
            if waits || once || is_short(list) || !(is_surely_data(list) || is_handed(list)) {
                return;
            }
            let message = if dedupes {
                format!(
                    "`{0}` is searched for each of its elements, so that the time grows with the square of its length. A `Set` of `{0}`, or of the keys seen, keeps each once.",
                    list.text()
                )
            } else {
                format!(
                    "`{0}` is searched for each of its elements, so that the time grows with the square of its length. Make a `Map` of `{0}` once, before.",
                    list.text()
                )
            };
            cx.report(Note::new(cx.rule, Span { start: searched.span().start, end: name.span().end }, message));
            return;
        }
        at = parent;
    }
}

/// What a loop goes over, with the names of its element; the last is the list under another name.
type Round<'a> = (Node<'a>, Vec<&'a str>, Option<Node<'a>>);

fn over_and_names<'a>(around: Node<'a>) -> Option<Round<'a>> {
    match around.kind() {
        Kind::ForInStatement if around.has_token("of") => {
            Some((bare(around.child(Field::Right)?), names(around.child(Field::Left)?), None))
        }
        Kind::ForStatement => {
            let condition = around.child(Field::Condition)?;
            let length = condition.descendants().find(|n| {
                n.kind() == Kind::MemberExpression && n.child(Field::Property).is_some_and(|p| p.text() == "length")
            })?;
            let list = length.child(Field::Object)?;
            let index = around.child(Field::Initializer)?.named_children().find_map(|d| d.child(Field::Name))?;
            let element = format!("{}[{}]", list.text(), index.text());
            let kept = around
                .descendants()
                .filter(|n| {
                    n.kind() == Kind::VariableDeclarator && n.child(Field::Value).is_some_and(|v| v.text() == element)
                })
                .filter_map(|n| n.child(Field::Name))
                .flat_map(names);
            let mut all: Vec<&'a str> = kept.collect();
            all.push(index.text());
            Some((list, all, None))
        }
        _ => None,
    }
}

/// The list that a callback is called for each element of.
fn callback_of<'a>(function: Node<'a>, list: Node<'a>) -> Option<Round<'a>> {
    let call = function.parent().filter(|p| p.kind() == Kind::Arguments)?.parent()?;
    let (over, name) = method(call)?;
    let given = parameters(function);
    let nth = match name.text() {
        "map" | "forEach" | "filter" | "flatMap" | "some" | "every" | "find" | "findIndex" => 0,
        "reduce" => 1,
        _ => return None,
    };
    let element = names(*given.get(nth)?);
    // `list.filter((x, i, all) => all.indexOf(x) === i)`
    let other = given.get(nth + 2).filter(|a| a.text() == list.text()).map(|_| bare(over));
    Some((bare(over), element, other))
}

fn names<'a>(pattern: Node<'a>) -> Vec<&'a str> {
    std::iter::once(pattern)
        .chain(pattern.descendants())
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern))
        .map(Node::text)
        .collect()
}

fn same_list(over: Node<'_>, list: Node<'_>) -> bool {
    same(over, list)
}

/// Whether what is searched for has to do with the round's element.
fn speaks_of(what: Node<'_>, name: &str) -> bool {
    let own = is_function(what) && parameters(what).iter().any(|p| p.text() == name);
    !own && mentions(what, name)
}

/// `list.indexOf(x) === i`: whether the first of its kind is asked for.
fn is_position_of_itself(node: Node<'_>, names: &[&str]) -> bool {
    let asked = method(node).is_some_and(|(_, m)| matches!(m.text(), "indexOf" | "findIndex" | "lastIndexOf"));
    asked
        && node.parent().is_some_and(|p| matches!(operator(p), "===" | "==" | "!==" | "!=" | "<" | ">"))
        && node
            .ancestors()
            .any(|a| a.kind() == Kind::CallExpression && method(a).is_some_and(|(_, m)| m.text() == "filter"))
        && !names.is_empty()
}

/// Whether a list stands in the code, is a constant by its name, or holds a handful by what it is about.
fn is_short(list: Node<'_>) -> bool {
    let value = constant(list);
    let written = value.kind() == Kind::Array && value.first_named().is_some();
    let name = place_name(list).unwrap_or_default();
    let constant = name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
    let few = words(&name).last().is_some_and(|w| {
        matches!(
            w.as_str(),
            "options"
                | "args"
                | "types"
                | "kinds"
                | "columns"
                | "fields"
                | "flags"
                | "plugins"
                | "levels"
                | "roles"
                | "locales"
                | "languages"
                | "tabs"
                | "steps"
                | "buttons"
                | "panes"
                | "keys"
                | "names"
                | "children"
                | "props"
                | "params"
                | "extensions"
                | "versions"
                | "axes"
                | "series"
                | "layers"
                | "methods"
        )
    });
    written || constant || few
}

/// Whether a function around is handed the list, which it says is an array.
fn is_handed(list: Node<'_>) -> bool {
    let array = |t: &str| {
        let t = t.strip_prefix("readonly ").unwrap_or(t);
        t.ends_with("[]") || t.starts_with("Array<") || t.starts_with("ReadonlyArray<")
    };
    // A short function that says nothing of the list, but calls it one: `uniq(list)`.
    let plain =
        |f: Node<'_>| matches!(list.text(), "list" | "array" | "arr" | "items" | "values") && f.text().len() < 300;
    list.kind() == Kind::Identifier
        && list.ancestors().filter(|a| is_function(*a)).any(|f| {
            parameters(f).iter().any(|p| p.text() == list.text()) && written_type(list).map_or_else(|| plain(f), array)
        })
}

/// Rust: `for n in nodes { nodes.iter().filter(|m| m.parent == n.id) }`.
fn rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let Some((walk, name)) = method(node).filter(|(_, m)| {
        matches!(m.text(), "filter" | "find" | "any" | "position" | "all" | "filter_map" | "find_map")
    }) else {
        return;
    };
    let Some((list, "iter")) = plain_method(walk) else { return };
    let Some((_, body)) = args(node).next().and_then(closure) else { return };
    let Some(around) =
        node.ancestors().find(|a| a.kind() == Kind::ForExpression || is_function(*a) && a.kind() == Kind::FunctionItem)
    else {
        return;
    };
    if around.kind() != Kind::ForExpression {
        return;
    }
    let (Some(pattern), Some(over)) = (around.child(Field::Pattern), around.child(Field::Value)) else { return };
    let mut over = unparenthesized(over);
    loop {
        over = match over.kind() {
            Kind::ReferenceExpression => match over.last_named() {
                Some(inner) => inner,
                None => return,
            },
            Kind::CallExpression => match plain_method(over) {
                Some((of, "iter" | "enumerate")) => of,
                _ => return,
            },
            _ => break,
        };
    }
    let element = pattern.descendants().chain([pattern]).any(|n| {
        n.kind() == Kind::Identifier && body.descendants().any(|m| m.kind() == Kind::Identifier && m.text() == n.text())
    });
    let handed = binding(list).is_some_and(|b| matches!(b.origin, Origin::Param(_)));
    let waits = around.descendants().any(|n| n.kind() == Kind::AwaitExpression);
    if !same(over, list)
        || !element
        || !handed
        || waits
        || !type_of(list, cx).is_some_and(|t| matches!(t.name, "[]" | "Vec"))
    {
        return;
    }
    let message = format!(
        "`{0}` is searched for each of its elements, so that the time grows with the square of its length. Make a map of `{0}` once, before.",
        list.text()
    );
    cx.report(Note::new(cx.rule, Span { start: list.span().start, end: name.span().end }, message));
}
