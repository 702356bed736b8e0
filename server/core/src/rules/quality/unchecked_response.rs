use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, is_global, parameters};
use crate::rules::support::{args, bare, enclosing_function, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unchecked-response",
    summary: "an answer is taken for data without a look at its status",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[252, 754],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `const res = await fetch(url); return res.json()` and `fetch(url).then((r) => r.json())` where nobody looks at `ok` or `status`.",
        why: "`fetch` fails only when there is no answer at all. An error's answer (404, 500) is parsed like any other, and its body goes on as if it were the data.",
        example: "const res = await fetch(url);\nreturn res.json();",
        instead: "const res = await fetch(url);\nif (!res.ok) throw new Error(`${res.status} of ${url}`);\nreturn res.json();",
        limits: "Answers that are handed to somebody, functions that look at an error inside of the data (`data.error`), and files that a page brings along are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::VariableDeclarator], kept), Check::Nodes(&[Kind::CallExpression], chained)],
    cases: &[
        Case::bad(
            "a.ts",
            "export async function load(url: string) {\n  const res = await fetch(url); //~ unchecked-response\n  return res.json();\n}",
        ),
        Case::bad(
            "a.js",
            "async function users() { const response = await fetch(`${API}/users`); const data = await response.json(); return data.users; } //~ unchecked-response",
        ),
        Case::bad("a.js", "const load = (u) => fetch(u).then((r) => r.json()); //~ unchecked-response"),
        Case::bad(
            "a.js",
            "function show() { fetch('/api/items').then((response) => response.json()).then((items) => render(items)).catch(log); } //~ unchecked-response",
        ),
        Case::bad(
            "a.ts",
            "async function post(body: B): Promise<R> { const r = await fetch(URL_, { method: 'POST', body: JSON.stringify(body) }); return (await r.json()) as R; } //~ unchecked-response",
        ),
        Case::bad(
            "a.js",
            "import fetch from 'node-fetch';\nasync function f(u) { const res = await fetch(u); return (await res.json()).items; } //~ unchecked-response",
        ),
        Case::bad(
            "a.js",
            "async function f(u) { try { const res = await fetch(u); set(await res.json()); } catch (e) { log(e); } } //~ unchecked-response",
        ),
        Case::bad(
            "a.js",
            "const f = async (u) => { const res = await fetch(u, { headers }); const { items } = await res.json(); return items; }; //~ unchecked-response",
        ),
        Case::good(
            "a.js",
            "async function f(u) { const res = await fetch(u); if (!res.ok) throw new Error(res.status); return res.json(); }",
        ),
        Case::good(
            "a.js",
            "async function f(u) { const res = await fetch(u); return res.status === 200 ? res.json() : null; }",
        ),
        Case::good("a.js", "async function f(u) { const res = await fetch(u); check(res); return res.json(); }"),
        Case::good("a.js", "const f = (u) => fetch(u).then((r) => { if (!r.ok) throw r; return r.json(); });"),
        Case::good("a.js", "const f = (u) => fetch(u).then(check).then((r) => r.json());"),
        Case::good(
            "a.js",
            "async function f(u) { const res = await fetch(u); const data = await res.json(); if (data.error) throw data.error; return data; }",
        ),
        Case::good("a.js", "async function f(u) { const res = await fetch(u); return res; }"),
        Case::good(
            "a.js",
            "async function f(u) { const res = await fetch(u); const { ok } = res; return ok && res.json(); }",
        ),
        Case::near_miss("a.js", "async function f(fetch) { const res = await fetch('/x'); return res.json(); }"),
        Case::near_miss("a.js", "async function f() { const res = await fetch('./words.json'); return res.json(); }"),
        Case::near_miss("a.js", "async function f(u) { const res = await axios.get(u); return res.data; }"),
        Case::near_miss(
            "a.js",
            "async function f(u) { const res = await fetch(u); const { data, errors } = await res.json(); return errors ? null : data; }",
        ),
    ],
};

const MESSAGE: &str =
    "`fetch` fails only without any answer: a 404 or 500 is parsed here like the data. Look at `ok` first.";

fn kept<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(value)) = (node.child(Field::Name), node.child(Field::Value).map(bare)) else { return };
    if name.kind() != Kind::Identifier || value.kind() != Kind::AwaitExpression {
        return;
    }
    let Some(call) = value.first_named().map(bare).filter(|c| fetches(*c, cx)) else { return };
    let Some(function) = enclosing_function(node) else { return };
    let mut parsed = false;
    for used in function.descendants().filter(|n| n.text() == name.text() && *n != name) {
        if used.is_hole() || !matches!(used.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) {
            continue;
        }
        let read = used.parent().filter(|p| p.kind() == Kind::MemberExpression && used.field() == Field::Object);
        match read.and_then(|p| p.child(Field::Property)).map(Node::text) {
            Some("json") => parsed = true,
            _ => return,
        }
    }
    let body = function.child(Field::Body).unwrap_or(function);
    if parsed && !asks_inside(body.text()) && !function.descendants().any(|n| n.is_hole()) {
        cx.report(Note::new(cx.rule, call.span(), MESSAGE));
    }
}

fn chained<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, _)) = method(node).filter(|(_, m)| m.text() == "then") else { return };
    let call = bare(of);
    if !fetches(call, cx) {
        return;
    }
    let Some(function) = callback(node, 0, cx) else { return };
    let given = parameters(function);
    let (Some(body), [response]) = (function.child(Field::Body).map(bare), given.as_slice()) else { return };
    let parses = method(body).is_some_and(|(r, m)| m.text() == "json" && r.text() == response.text());
    if parses && !asks_inside(statement(node).text()) {
        cx.report(Note::new(cx.rule, call.span(), MESSAGE));
    }
}

/// Whether a call is `fetch(..)` of something that a server answers, and no file that a page brings along.
fn fetches(call: Node<'_>, cx: &Cx<'_>) -> bool {
    let Some(callee) = call.child(Field::Function).filter(|_| call.kind() == Kind::CallExpression) else {
        return false;
    };
    let imported = callee.text() == "fetch"
        && cx.file.imports.path("fetch").is_some_and(|p| {
            ["node-fetch", "cross-fetch", "isomorphic-fetch", "undici"].iter().any(|l| p.starts_with(l))
        });
    let own = ["window.fetch", "globalThis.fetch", "self.fetch"].contains(&callee.text());
    let first = args(call).next().map_or("", Node::text);
    let brought = [".json", ".wasm", ".txt", ".svg", ".csv"]
        .iter()
        .any(|e| first.trim_end_matches(['\'', '"', '`']).ends_with(e))
        || first.contains("import.meta.url")
        || first.contains("data:")
        || first.to_lowercase().contains("blob")
        || first.to_lowercase().contains("dataur");
    (is_global(callee, "fetch", cx) || imported || own) && !brought
}

/// Whether the data says by itself whether it is an error, and somebody looks.
fn asks_inside(text: &str) -> bool {
    ["error", "success", ".ok", "status", ".message", ".code", "validate", "safeParse", ".parse("]
        .iter()
        .any(|w| text.contains(w))
}
