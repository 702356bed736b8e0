use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
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
    in_tests: true,
    docs: Docs {
        what: "Finds `new Promise(async (resolve, reject) => ...)`.",
        why: "The constructor ignores the promise that an async executor returns: whatever is thrown in it after the first \
              `await` becomes an unhandled rejection, and the new promise never settles.",
        example: "const page = new Promise(async (resolve) => {\n  resolve(await load(url));\n});",
        instead: "const page = load(url);",
        limits: "A `Promise` that the block itself declares or the file imports is somebody else's and is left alone.",
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
    // A `try` around everything hands errors on; the async function inside is one too many all the same.
    let body = cx.open(executor).child(Field::Body);
    let guarded = body.is_some_and(|b| {
        let mut statements = b.named_children().filter(|s| !s.is_comment());
        statements.next().is_some_and(|s| s.kind() == Kind::TryStatement && s.child(Field::Handler).is_some())
            && statements.next().is_none()
    });
    let message = if guarded {
        "This promise's executor is async: the function gives a promise already. Await outside of the constructor, and return \
         the value."
    } else {
        "This promise's executor is async, so that its errors are lost. Await outside of the constructor, or use the async \
         function's own promise."
    };
    let note = Note::new(cx.rule, constructor.span(), message);
    cx.report(if guarded { note.severity(Severity::Low) } else { note });
}
