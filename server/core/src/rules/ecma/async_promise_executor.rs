use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::parameters;
use crate::rules::support::{is_function, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "async-promise-executor",
    summary: "an async function as a promise's executor loses its errors",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `new Promise(async (resolve, reject) => ...)`.",
        why: "The constructor ignores the promise that an async executor returns: whatever is thrown in it after the first \
              `await` becomes an unhandled rejection, and the new promise never settles.",
        example: "const page = new Promise(async (resolve) => {\n  resolve(await load(url));\n});",
        instead: "const page = load(url);",
        limits: "A `Promise` that the block itself declares or the file imports is somebody else's and is left alone. So is an executor \
                 in which all that waits or may throw stands in a `try` with a handler: it loses nothing. Only where a short `try` is all of it the constructor is told of as needless.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::NewExpression], check)],
    cases: &[
        Case::bad("a.ts", "new Promise(async (resolve) => { resolve(await load()); }); //~ async-promise-executor"),
        Case::bad(
            "a.js",
            "export function wait(url) {\n  return new Promise(async function (resolve, reject) { //~ async-promise-executor\n    const r = await fetch(url);\n    resolve(r);\n  });\n}",
        ),
        Case::bad(
            "a.tsx",
            "const p: Promise<number> = new Promise<number>(async (ok, no) => ok(await f())); //~ async-promise-executor",
        ),
        Case::bad(
            "a.js",
            "class A { m() { return new Promise((async (r) => { await 1; r(); })); } } //~ async-promise-executor",
        ),
        Case::bad(
            "a.ts",
            "const p = new globalThis.Promise(async (r) => { await x(); r(1); }); //~ async-promise-executor",
        ),
        Case::good("a.ts", "new Promise((resolve, reject) => { setTimeout(resolve, 100); });"),
        Case::good("a.ts", "const p = load(url).then(async (page) => { await save(page); });"),
        Case::good("a.js", "const queue = new Queue(async (job) => { await job.run(); });"),
        Case::good("a.js", "async function f() { return await g(); }\nnew Promise((r) => { f().then(r); });"),
        Case::near_miss(
            "a.js",
            "import Promise from './cancellable';\nnew Promise(async (resolve) => { resolve(await load()); });",
        ),
        Case::near_miss("a.ts", "function f(Promise: any) { return new Promise(async () => { await 1; }); }"),
        Case::near_miss(
            "a.ts",
            "new Promise((resolve) => { const later = async () => { await 1; resolve(1); }; later(); });",
        ),
        Case::bad(
            "a.ts",
            "export const wait = (ms: number) => new Promise<void>(async (resolve) => { //~ async-promise-executor\n  await ready();\n  setTimeout(resolve, ms);\n});",
        ),
        Case::bad(
            "a.ts",
            "class A { load() {\n  return new Promise(async function (resolve, reject) { //~ async-promise-executor\n    resolve(await this.read());\n  });\n} }",
        ),
        Case::bad(
            "a.ts",
            "function f(url: string) { return new Promise(async (resolve) => resolve(await fetch(url))); } //~ async-promise-executor",
        ),
        Case::good(
            "a.ts",
            "export const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));",
        ),
        Case::good("a.ts", "async function f(url: string) { return (await fetch(url)).text(); }"),
        Case::good(
            "a.ts",
            "function f(url: string) { return new Promise((resolve, reject) => { fetch(url).then(resolve, reject); }); }",
        ),
        Case::good("a.ts", "const p = Promise.resolve().then(async () => { await go(); });"),
        Case::bad(
            "a.ts",
            "class C { connect(o: O) { return new Promise<string[]>(async (resolve, reject) => { try { await this.end(); resolve(await this.open(o)); } catch (e) { reject(e); } }); } } //~ async-promise-executor",
        ),
        Case::near_miss(
            "a.ts",
            "class C { connect(o: O) { return new Promise<string[]>(async (resolve, reject) => { try { const c = await this.open(o); c.on('ready', () => resolve(c.names)); } catch (e) { reject(e); } }); } }",
        ),
        Case::near_miss(
            "a.ts",
            "const p = new Promise<void>(async (resolve, reject) => {\n  const stop = () => { log.warn('stopped'); reject(new Error('x')); };\n  signal.addEventListener('abort', stop);\n  try { await go(); resolve(); } catch (e) { reject(e); }\n});",
        ),
        Case::bad(
            "a.ts",
            "const p = new Promise<void>(async (resolve, reject) => { //~ async-promise-executor\n  await ready();\n  try { await go(); resolve(); } catch (e) { reject(e); }\n});",
        ),
        Case::bad(
            "a.ts",
            "const p = new Promise<void>(async (resolve) => { //~ async-promise-executor\n  try { await go(); resolve(); } finally { stop(); }\n});",
        ),
        Case::near_miss("a.ts", "class P2 { constructor(f: F) { f(); } }\nnew P2(async () => { await go(); });"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(constructor) = node.child(Field::Constructor) else { return };
    let global = match constructor.kind() {
        Kind::Identifier => constructor.text() == "Promise" && !cx.is_bound("Promise"),
        Kind::MemberExpression => {
            matches!(constructor.text(), "globalThis.Promise" | "window.Promise" | "global.Promise")
        }
        _ => false,
    };
    if !global {
        return;
    }
    let Some(executor) = node.child(Field::Arguments).and_then(Node::first_named).map(unparenthesized) else {
        return;
    };
    if !matches!(executor.kind(), Kind::ArrowFunction | Kind::FunctionExpression)
        || !cx.open(executor).has_token("async")
    {
        return;
    }
    // What waits, or may throw, in a `try` whose handler tells of it loses nothing.
    if !may_lose(cx.open(executor)) {
        // Where nothing but that is in it, the constructor is for nothing.
        if is_one_try(cx.open(executor)) {
            let message = "This promise's executor is async, and so gives a promise already. Make the function around it async, and return the value.";
            cx.report(Note::new(cx.rule, constructor.span(), message).severity(Severity::Low));
        }
        return;
    }
    let message = "This promise's executor is async, so that its errors are lost. Await outside of the constructor, or use the async \
                   function's own promise.";
    cx.report(Note::new(cx.rule, constructor.span(), message));
}

/// Whether an async function has no `try` with a handler, or waits, throws or calls something outside of it, so that an error leaves it.
fn may_lose(executor: Node<'_>) -> bool {
    let Some(body) = executor.child(Field::Body) else { return false };
    let ends: Vec<&str> = parameters(executor).into_iter().map(Node::text).collect();
    // Without a `try` there is nothing that hands errors on.
    if !body.descendants_until(is_function).any(|n| n.kind() == Kind::TryStatement && n.child(Field::Handler).is_some())
    {
        return true;
    }
    let all = std::iter::once(body).chain(body.descendants_until(is_function)).filter(|n| !is_function(*n));
    all.filter(|n| match n.kind() {
        Kind::AwaitExpression | Kind::ThrowStatement => true,
        Kind::CallExpression => !is_harmless(*n, &ends),
        _ => false,
    })
    .any(|n| {
        !n.ancestors().take_while(|a| *a != executor).any(|a| {
            a.kind() == Kind::TryStatement
                && a.child(Field::Handler).is_some()
                && a.child(Field::Body).is_some_and(|b| b.span().contains(n.span()))
        })
    })
}

/// Whether all of a function is one short `try` that settles the promise, with no other function in it, to which an async function
/// could not hand the ends of the promise.
fn is_one_try(executor: Node<'_>) -> bool {
    const SHORT: usize = 8;
    let Some(body) = executor.child(Field::Body) else { return false };
    let mut statements = body.named_children().filter(|s| !s.is_comment());
    let (Some(only), None) = (statements.next(), statements.next()) else { return false };
    only.kind() == Kind::TryStatement
        && only.text().lines().count() <= SHORT
        && !body.descendants().any(|n| is_function(n) || n.is_hole())
}

/// Whether a call settles the promise, or only registers or tells something.
fn is_harmless(call: Node<'_>, ends: &[&str]) -> bool {
    let Some(name) = call.child(Field::Function).and_then(place_name) else { return false };
    ends.contains(&&*name)
        || name.starts_with("log")
        || matches!(
            &*name,
            "setTimeout"
                | "clearTimeout"
                | "addEventListener"
                | "removeEventListener"
                | "on"
                | "once"
                | "off"
                | "debug"
                | "info"
                | "warn"
                | "error"
                | "trace"
                | "now"
                | "bind"
        )
}
