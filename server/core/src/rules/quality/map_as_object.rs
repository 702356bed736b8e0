use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_global, operands, operator};
use crate::rules::support::{args, bare, constant, declares, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "map-as-object",
    summary: "a Map or Set is used as if it were an object or an array",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[480, 704],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `map[key]`, `key in map`, `map.length`, `Object.keys(map)` and `for (const key in map)` where the variable holds a `new Map()` or `new Set()`.",
        why: "The entries of a Map are no properties: what is written this way is not in the Map, `get`, `has`, `size` and `for..of` do not see it, and what was `set` is not found.",
        example: "const seen = new Map();\nfor (const row of rows) {\n  seen[row.id] = row;\n}",
        instead: "const seen = new Map();\nfor (const row of rows) {\n  seen.set(row.id, row);\n}",
        limits: "Only constants that are made by `new Map()`, `new Set()`, `new WeakMap()` or `new WeakSet()` of the language. Methods that are called by a computed name are left alone.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::SubscriptExpression], subscript),
        Check::Nodes(&[Kind::BinaryExpression], within),
        Check::Nodes(&[Kind::MemberExpression], length),
        Check::Nodes(&[Kind::CallExpression], keys),
        Check::Nodes(&[Kind::ForInStatement], each),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "function f(rows) { const seen = new Map(); for (const r of rows) { seen[r.id] = r; } return seen; } //~ map-as-object",
        ),
        Case::bad("a.js", "function f(id) { const m = new Map(load()); return m[id]; } //~ map-as-object"),
        Case::bad(
            "a.ts",
            "function f(id: string) { const m = new Map<string, number>(); m.set('a', 1); if (id in m) { go(); } } //~ map-as-object",
        ),
        Case::bad("a.js", "function f(xs) { const s = new Set(xs); return s.length > 0; } //~ map-as-object"),
        Case::bad("a.js", "const cache = new Map();\nfunction get(k) {\n return cache[k]; //~ map-as-object\n}"),
        Case::bad("a.js", "function f(xs) { const m = new Map(xs); return Object.keys(m).length; } //~ map-as-object"),
        Case::bad("a.js", "function f(xs) { const m = new Map(xs); for (const k in m) { go(k); } } //~ map-as-object"),
        Case::bad(
            "a.js",
            "function f(x) { const s = new Set([1, 2]); return Object.entries(s).map(go); } //~ map-as-object",
        ),
        Case::bad(
            "a.ts",
            "function f(k: object) { const w = new WeakMap(); w[k as any] = 1; return w; } //~ map-as-object",
        ),
        Case::good(
            "a.js",
            "function f(rows) { const seen = new Map(); for (const r of rows) { seen.set(r.id, r); } return seen; }",
        ),
        Case::good(
            "a.js",
            "function f(rows) { const seen = {}; for (const r of rows) { seen[r.id] = r; } return seen; }",
        ),
        Case::good("a.js", "function f(xs) { return new Set(xs).size; }"),
        Case::good("a.js", "function f(xs) { const m = new Map(xs); for (const [k, v] of m) { go(k, v); } }"),
        Case::good("a.js", "import { Map } from 'immutable';\nfunction f(k) { const m = new Map(); return m[k]; }"),
        Case::good("a.js", "function f(xs) { const m = new Map(xs); return [...m.keys()].length; }"),
        Case::good("a.js", "function f(k) { let m = new Map(); m = Object.fromEntries(m); return m[k]; }"),
        Case::good("a.js", "class Map {}\nfunction f(k) { const m = new Map(); return m[k]; }"),
        Case::near_miss("a.js", "function f(name) { const m = new Map(); return m[name](1); }"),
        Case::near_miss("a.js", "function f() { const m = new Map(); return m[Symbol.iterator]; }"),
        Case::near_miss("a.js", "const m = new Map();\nfunction f(m, k) { return m[k]; }"),
        Case::near_miss("a.js", "function f(x) { const m = new Map(); return x[m]; }"),
    ],
};

/// `Map` or `Set`, where an expression is a constant that holds a new one.
fn holds<'a>(node: Node<'a>, cx: &Cx<'a>) -> Option<&'a str> {
    let node = bare(node);
    if node.kind() != Kind::Identifier {
        return None;
    }
    let known = |name: &str| matches!(name, "Map" | "Set" | "WeakMap" | "WeakSet") && !cx.file.imports.binds(name);
    let value = constant(node);
    if value.kind() == Kind::NewExpression {
        let class = value.child(Field::Constructor)?;
        return (known(class.text()) && is_global(class, class.text(), cx) && !rebound(node)).then_some(class.text());
    }
    let class = cx.file.declared.instances.get(node.text())?.as_str();
    (known(class) && !declares(node, node.text())).then_some(class)
}

/// Whether the block binds a name more than once, by parameters or patterns too.
fn rebound(name: Node<'_>) -> bool {
    name.arena().named(name.text()).any(|n| {
        n.parent().is_some_and(|p| match p.kind() {
            Kind::ArrowFunction => n.field() == Field::Parameter,
            kind => matches!(
                kind,
                Kind::RequiredParameter
                    | Kind::OptionalParameter
                    | Kind::FormalParameters
                    | Kind::CatchClause
                    | Kind::ArrayPattern
                    | Kind::ObjectPattern
                    | Kind::RestPattern
            ),
        })
    })
}

fn tell<'a>(at: Node<'a>, class: &str, instead: &str, cx: &mut Cx<'a>) {
    let message = format!("This looks at properties of a `{class}`, and its entries are none: {instead}.");
    cx.report(Note::new(cx.rule, at.span(), message));
}

fn subscript<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(of), Some(index)) = (node.child(Field::Object), node.child(Field::Index)) else { return };
    let called = node.field() == Field::Function && node.parent().is_some_and(|p| p.kind() == Kind::CallExpression);
    if called || index.text().starts_with("Symbol") {
        return;
    }
    let Some(class) = holds(of, cx) else { return };
    let written = node.field() == Field::Left && node.parent().is_some_and(|p| p.kind() == Kind::AssignmentExpression);
    let instead = match (class.ends_with("Map"), written) {
        (true, true) => "write `set(key, value)`",
        (true, false) => "write `get(key)`",
        (false, true) => "write `add(value)`",
        (false, false) => "write `has(value)`",
    };
    tell(node, class, instead, cx);
}

fn within<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((_, right)) = operands(node).filter(|_| operator(node) == "in") else { return };
    if let Some(class) = holds(right, cx) {
        tell(node, class, "write `has(key)`", cx);
    }
}

fn length<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(of), Some(name)) = (node.child(Field::Object), node.child(Field::Property)) else { return };
    if name.text() == "length"
        && let Some(class) = holds(of, cx)
    {
        tell(node, class, "write `size`", cx);
    }
}

fn keys<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node) else { return };
    if of.text() != "Object" || !matches!(name.text(), "keys" | "values" | "entries") {
        return;
    }
    let Some(class) = args(node).next().and_then(|a| holds(a, cx)) else { return };
    tell(node, class, "write `[...it.keys()]` and the like", cx);
}

fn each<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !node.has_token("in") {
        return;
    }
    let Some(over) = node.child(Field::Right) else { return };
    if let Some(class) = holds(over, cx) {
        tell(over, class, "write `for (.. of ..)`", cx);
    }
}
