use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Condition, Confidence, Note, Severity};
use crate::rules::shape::{is_global, root_name};
use crate::rules::support::{args, bare, declares, ecma_path, enclosing_function, is_async, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "missing-await-in-try-return",
    summary: "a promise leaves a `try` before it can fail there",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `return promise` without `await` inside the `try` of an async function, where the promise comes \
              from an async function of the file, `fetch`, `fs.promises`, or a chain of `then`.",
        why: "The function returns before the promise is settled: its rejection is never caught by this `catch`, and \
              `finally` runs too early, as when it closes what the promise still needs.",
        example: "async function load(url) {\n  try { return fetch(url); } catch (e) { return null; }\n}",
        instead: "async function load(url) {\n  try { return await fetch(url); } catch (e) { return null; }\n}",
        limits: "Only calls that are known to give promises. A `return` inside the `catch` of a `try` without `finally` is \
              right as it is.",
        fix: "The suggestion adds `await`.",
    },
    checks: &[Check::Nodes(&[Kind::ReturnStatement], check)],
    cases: &[
        Case::near_miss(
            "a.ts",
            "class P { async call(tx: T, n: number): Promise<string> { try { return await this.send(tx); } catch (e) { fail(e); }\n try { await this.wait(); return this.call(tx, n + 1); } catch (e) { log(e); } } }",
        ),
        Case::near_miss(
            "a.js",
            "async function done(e) { await close(e); }\nasync function move(c) { try { const m = await c.next(); if (!m) { return done(null); } use(m); } catch (err) { return done(err); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function kids(dir) { try { const all = await list(dir); return Promise.all(all.map(load)); } catch {\n  // an error of the listing is not fatal\n } }",
        ),
        Case::bad(
            "a.js",
            "const ask = (id) => new Promise((resolve, reject) => { db.get(id, (e, row) => (e ? reject(e) : resolve(row))); });\nasync function read(id) { try { return ask(id); } catch (e) { log(e); } } //~ missing-await-in-try-return",
        ),
        Case::near_miss(
            "a.js",
            "const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));\nasync function wait() { try { return pause(9); } catch (e) { log(e); } }",
        ),
        Case::bad(
            "a.js",
            "const db = require('./db');\nexport async function one(id) { return [await db.users.byId(id)]; }\nexport async function find(id) { try { return db.users.byId(id); } catch (e) { return null; } } //~ missing-await-in-try-return",
        ),
        Case::near_miss(
            "a.js",
            "const db = require('./db');\nexport async function find(id) { try { return db.users.byId(id); } catch (e) { return null; } }",
        ),
        Case::bad(
            "a.js",
            "async function f(url) { try { return fetch(url); } catch (e) { return null; } } //~ missing-await-in-try-return",
        ),
        Case::bad(
            "a.js",
            "async function get() { return await db.x(); }\nasync function f() {\n  try {\n    return get(); //~ missing-await-in-try-return\n  } catch (e) { log(e); }\n}",
        ),
        Case::bad(
            "a.js",
            "import fs from 'fs/promises';\nasync function f(p) {\n  try { return fs.readFile(p); } catch { return ''; } //~ missing-await-in-try-return\n}",
        ),
        Case::bad(
            "a.ts",
            "class A {\n  async get() { return await this.db.x(); }\n  async run() {\n    const c = open();\n    try { return this.get(); } finally { c.close(); } //~ missing-await-in-try-return\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "async function f(u) { try { return load(u).then((r) => r.json()); } catch (e) { return null; } } //~ missing-await-in-try-return",
        ),
        Case::bad(
            "a.js",
            "const f = async (u) => { try { if (u) { return fetch(u); } } catch (e) { log(e); } }; //~ missing-await-in-try-return",
        ),
        Case::bad(
            "a.js",
            "import { readFile } from 'node:fs/promises';\nasync function f(p) { try { return readFile(p); } catch (e) { return null; } } //~ missing-await-in-try-return",
        ),
        Case::bad(
            "a.js",
            "async function f(u) { try { return Promise.all(u.map(go)); } catch (e) { return []; } } //~ missing-await-in-try-return",
        ),
        Case::bad(
            "a.js",
            "async function f(u) { try { a(); } catch (e) { return fetch(u); } finally { close(); } } //~ missing-await-in-try-return",
        ),
        Case::bad(
            "a.ts",
            "export async function f(g: () => Promise<number>) { try { return g(); } catch (e) { return 0; } } //~ missing-await-in-try-return",
        ),
        Case::good("a.ts", "export async function f(g: () => number) { try { return g(); } catch (e) { return 0; } }"),
        Case::near_miss(
            "a.ts",
            "export async function f(g: () => (() => Promise<number>)) { try { return g(); } catch (e) { return 0; } }",
        ),
        Case::good("a.js", "async function f(url) { try { return await fetch(url); } catch (e) { return null; } }"),
        Case::good("a.js", "async function f(url) { return fetch(url); }"),
        Case::good("a.js", "function f(url) { try { return fetch(url); } catch (e) { return null; } }"),
        Case::good("a.js", "async function f(x) { try { return parse(x); } catch (e) { return null; } }"),
        Case::good("a.js", "async function f(u) { try { a(); } catch (e) { return fetch(u); } }"),
        Case::good("a.js", "async function f(u) { try { return parse(u); } catch (e) { throw e; } }"),
        Case::good(
            "a.js",
            "async function f(u) { try { const r = await fetch(u); return r; } catch (e) { return null; } }",
        ),
        Case::good("a.js", "async function f(u) { try { return; } catch (e) { log(e); } }"),
        Case::bad(
            "a.ts",
            "class Repo { async find(i: string) { return await ask(i); } }\nconst repo = new Repo();\nexport async function f() { try { return repo.find('a'); } catch (e) { return log(e); } } //~ missing-await-in-try-return",
        ),
        Case::near_miss("a.js", "async function f(u) { try { return () => fetch(u); } catch (e) { return null; } }"),
        Case::near_miss("a.js", "async function f(u, fetch) { try { return fetch(u); } catch (e) { return null; } }"),
        Case::near_miss(
            "a.js",
            "async function f(u) { try { return load(u).then(a).catch(b); } catch (e) { return null; } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(u) { try { go(() => { return fetch(u); }); } catch (e) { return null; } }",
        ),
        Case::bad(
            "a.ts",
            "class S { constructor(private readonly users: Repository<User>) {}\n async load(id: number) { try { return this.users.findOne({ where: { id } }); } catch (e) { log(e); throw e; } } } //~ missing-await-in-try-return",
        ),
        Case::near_miss(
            "a.ts",
            "class S { constructor(private readonly users: Repository<User>) {}\n async make(d: D) { try { return this.users.create(d); } catch (e) { log(e); throw e; } } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(value) = node.first_named().map(bare).filter(|v| v.kind() == Kind::CallExpression) else { return };
    if enclosing_function(node).and_then(is_async) != Some(true) {
        return;
    }
    let Some(guard) = guard(node) else { return };
    // A handler that does the same, or that says in a comment which failure it is for, is not there for this one.
    let callee = value.child(Field::Function).map_or("", Node::text);
    let handler = guard.child(Field::Handler).filter(|h| !h.span().contains(node.span()));
    let other = handler.and_then(|h| h.child(Field::Body)).is_some_and(|b| {
        let again = b
            .descendants()
            .any(|n| n.kind() == Kind::CallExpression && n.child(Field::Function).is_some_and(|f| f.text() == callee));
        let silent = b.named_children().all(Node::is_comment) && (b.text().contains("//") || b.text().contains("/*"));
        again || silent
    });
    if other {
        return;
    }
    // Another round of the function itself has its own `try`: `return this.call(tx, attempt + 1)`.
    let itself = crate::rules::support::place_name(bare(value.child(Field::Function).unwrap_or(value)))
        .is_some_and(|n| enclosing_function(node).and_then(|f| f.child(Field::Name)).is_some_and(|f| f.text() == n));
    if itself && guard.child(Field::Handler).is_some() {
        return;
    }
    let known = is_promise(value, cx);
    let conditions: Vec<Condition> =
        if known { Vec::new() } else { awaited_elsewhere(value, cx).into_iter().collect() };
    if !known && conditions.is_empty() {
        return;
    }
    let what = if guard.child(Field::Handler).is_some() {
        "this `catch` never sees its rejection"
    } else {
        "`finally` runs before it is settled"
    };
    let message = format!("The promise leaves the `try` unsettled, so that {what}. Write `return await`.");
    let at = Span { start: value.span().start, end: value.span().start };
    let note = Note::new(cx.rule, value.span(), message).only_if(conditions);
    cx.report(note.suggestion("Await it here", vec![(at, "await ".into())]));
}

/// The `try` of the same function that should see what happens here.
fn guard(node: Node<'_>) -> Option<Node<'_>> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        if is_function(parent) {
            return None;
        }
        if parent.kind() == Kind::TryStatement {
            let in_body = at.field() == Field::Body;
            let in_handler = at.field() == Field::Handler;
            if in_body || in_handler && parent.child(Field::Finalizer).is_some() {
                return Some(parent);
            }
        }
        at = parent;
    }
    None
}

/// A method of an object that this file's class or an import holds: where the file awaits it elsewhere it gives a promise here.
fn awaited_elsewhere(call: Node<'_>, cx: &Cx<'_>) -> Option<Condition> {
    let callee = bare(call.child(Field::Function)?);
    let (receiver, _) = method(call)?;
    let text = callee.text();
    let shared = text.starts_with("this.") && receiver.kind() != Kind::This
        || root_name(callee).is_some_and(|r| {
            (cx.file.imports.binds(r.text()) || cx.file.declared.fixed.contains(r.text())) && !declares(call, r.text())
        });
    (shared && !text.contains('(')).then(|| Condition::Awaited(text.into()))
}

/// A method of a repository or the like, by the written type of the field that holds it.
fn asks_database(receiver: Node<'_>, name: &str, cx: &Cx<'_>) -> bool {
    let written = receiver.text().strip_prefix("this.").and_then(|f| cx.file.declared.fields.get(f));
    let library = written.is_some_and(|t| {
        ["Repository<", "EntityManager", "MongoRepository<", "Model<", "PrismaClient"].iter().any(|l| t.starts_with(l))
    });
    library
        && ["find", "save", "insert", "update", "delete", "remove", "count", "exist", "upsert", "query"]
            .iter()
            .any(|verb| name.starts_with(verb))
}

/// Whether a name is a parameter of the function around it whose written type gives a promise: `run: () => Promise<T>`.
fn is_given_async(call: Node<'_>, name: &str) -> bool {
    let around = enclosing_function(call);
    let list = around.and_then(|f| f.child(Field::Parameters));
    let mut parameters = list.into_iter().flat_map(Node::named_children);
    let parameter = parameters.find(|p| p.child(Field::Pattern).is_some_and(|b| b.text() == name));
    let written = parameter.and_then(|p| p.child(Field::Type)).map_or("", Node::text);
    written
        .rsplit_once("=>")
        .is_some_and(|(before, given)| before.matches("=>").count() == 0 && crate::rules::declared::is_promise(given))
}

fn is_promise<'a>(call: Node<'a>, cx: &Cx<'a>) -> bool {
    let Some(callee) = call.child(Field::Function).map(bare) else { return false };
    if callee.kind() == Kind::Identifier && !declares(callee, callee.text()) {
        let declared = &cx.file.declared;
        let known = declared.async_functions.contains(callee.text()) || declared.made_promises.contains(callee.text());
        if known || is_global(callee, "fetch", cx) {
            return true;
        }
    }
    if callee.kind() == Kind::Identifier && is_given_async(call, callee.text()) {
        return true;
    }
    if let Some((receiver, name)) = method(call) {
        if receiver.kind() == Kind::This {
            return cx.file.declared.async_methods.contains(name.text());
        }
        if cx.file.declared.gives_promise(receiver, name.text()) || asks_database(receiver, name.text(), cx) {
            return true;
        }
        // A chain that handles its errors itself has none left for the `catch`.
        if name.text() == "then" {
            return args(call).count() == 1;
        }
        if is_global(receiver, "Promise", cx) {
            return matches!(name.text(), "all" | "race" | "any");
        }
    }
    ecma_path(callee, cx).is_some_and(|p| p.starts_with("fs/promises.") || p.starts_with("fs.promises."))
}
