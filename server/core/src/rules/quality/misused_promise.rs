use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, operands, operator, root_name};
use crate::rules::support::{bare, declares, enclosing_function, is_async, is_function, method, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "misused-promise",
    summary: "a promise stands where a value is expected",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[670, 755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds async callbacks given to methods that do not wait (`forEach`, `filter`, `some`, `every`, `find`, \
              `findIndex`, `sort`), and calls of async functions of the file and of `bcrypt.compare` and `argon2.verify`, used as conditions without `await`.",
        why: "A promise is always truthy: `filter` keeps everything, `some` is always true, and the condition always \
              holds. `forEach` returns before the work is done, and a rejection goes unhandled.",
        example: "const admins = users.filter(async (u) => await isAdmin(u));",
        instead: "const flags = await Promise.all(users.map(isAdmin));\nconst admins = users.filter((_, i) => flags[i]);",
        limits: "`map` with an async callback is right if somebody waits for the promises. Functions of other files are \
              not followed. `forEach` whose callback handles every error itself is left alone.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::CallExpression], callbacks),
        Check::Nodes(
            &[
                Kind::IfStatement,
                Kind::TernaryExpression,
                Kind::WhileStatement,
                Kind::UnaryExpression,
                Kind::TemplateSubstitution,
            ],
            conditions,
        ),
    ],
    cases: &[
        Case::bad("a.js", "const a = users.filter(async (u) => await isAdmin(u)); //~ misused-promise"),
        Case::bad("a.js", "files.forEach(async (f) => { await upload(f); }); //~ misused-promise"),
        Case::bad("a.js", "const ok = xs.some(async (x) => { return await check(x); }); //~ misused-promise"),
        Case::bad(
            "a.js",
            "async function isAdmin(u) { return await db.has(u); }\nfunction f(u) {\n  if (isAdmin(u)) { allow(); } //~ misused-promise\n}",
        ),
        Case::bad(
            "a.js",
            "async function isAdmin(u) { return await db.has(u); }\nconst f = (u) => !isAdmin(u); //~ misused-promise",
        ),
        Case::bad(
            "a.ts",
            "class A {\n  async valid(x: string) { return await this.db.has(x); }\n  run(x: string) { return this.valid(x) ? 1 : 2; } //~ misused-promise\n}",
        ),
        Case::bad(
            "a.js",
            "const u = await users.find(async function (u) { return (await load(u)).ok; }); //~ misused-promise",
        ),
        Case::bad("a.js", "xs.sort(async (a, b) => (await rank(a)) - (await rank(b))); //~ misused-promise"),
        Case::bad("a.js", "[1, 2].forEach(async function (n) { await save(n); }); //~ misused-promise"),
        Case::bad("a.js", "if (xs.every(async (x) => await ok(x))) { go(); } //~ misused-promise"),
        Case::good("a.js", "const flags = await Promise.all(users.map(async (u) => await isAdmin(u)));"),
        Case::bad(
            "a.js",
            "const bcrypt = require('bcrypt');\nasync function f(u, p) { if (bcrypt.compare(p, u.hash)) { go(u); } } //~ misused-promise",
        ),
        Case::near_miss(
            "a.js",
            "const bcrypt = require('bcrypt');\nasync function f(u, p) { if (bcrypt.compareSync(p, u.hash) || await bcrypt.compare(p, u.old)) { go(u); } }",
        ),
        Case::good("a.js", "files.forEach((f) => { upload(f); });"),
        Case::good("a.js", "for (const f of files) { await upload(f); }"),
        Case::good(
            "a.js",
            "async function isAdmin(u) { return await db.has(u); }\nasync function f(u) { if (await isAdmin(u)) { allow(); } }",
        ),
        Case::good("a.js", "const a = users.filter((u) => u.admin);"),
        Case::good("a.js", "async function load() { return await db.get(); }\nconst p = load();"),
        Case::good("a.js", "xs.sort((a, b) => a - b);"),
        Case::good("a.js", "const p = xs.map(async (x) => await load(x));"),
        Case::bad(
            "a.ts",
            "class Repo { async has(i: string) { return await ask(i); } }\nconst repo = new Repo();\nexport function f() { if (repo.has('a')) { go(); } } //~ misused-promise",
        ),
        Case::bad(
            "a.ts",
            "class Repo { async has(i: string) { return true; } }\nconst repo = new Repo();\nexport function f() { if (repo.has('a')) { go(); } } //~ misused-promise",
        ),
        Case::near_miss("a.js", "files.forEach(async (f) => { try { await upload(f); } catch (e) { log(e); } });"),
        Case::bad(
            "a.ts",
            "export function f(get: () => Promise<boolean>) { if (get()) { go(); } } //~ misused-promise",
        ),
        Case::near_miss("a.ts", "export function f(get: (() => Promise<boolean>) | undefined) { if (get) { go(); } }"),
        Case::near_miss(
            "a.js",
            "async function isAdmin(u) { return await db.has(u); }\nfunction f(isAdmin) { if (isAdmin(1)) go(); }",
        ),
        Case::near_miss("a.js", "const s = stream.filter(async (x) => await ok(x)).map(go);"),
        Case::near_miss("a.js", "function isAdmin(u) { return u.ok; }\nif (isAdmin(u)) go();"),
        Case::near_miss("a.js", "app.find('/x', async (req) => { await go(req); });"),
        Case::near_miss("a.js", "it('runs', () => { xs.forEach((x) => it(x, async () => { await go(x); })); });"),
        Case::bad(
            "a.ts",
            "async function isPaid(o: O) { return (await find(o.id)).paid; }\nexport function text(o: O) { return `paid: ${isPaid(o)}`; } //~ misused-promise",
        ),
        Case::near_miss(
            "a.ts",
            "async function isPaid(o: O) { return (await find(o.id)).paid; }\nexport async function text(o: O) { return `paid: ${await isPaid(o)}`; }",
        ),
    ],
};

fn callbacks<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    let effect = match name.text() {
        "forEach" => {
            "nobody waits for it: what follows runs before the work is done, and a rejection goes unhandled. Use `for .. of` with `await`, or `await Promise.all(list.map(..))`"
        }
        "filter" => {
            "a promise is always truthy: everything is kept. Wait for `Promise.all(list.map(..))` first, then filter by the results"
        }
        "some" | "find" | "findIndex" | "findLast" => {
            "a promise is always truthy: the first element always matches. Wait for `Promise.all(list.map(..))` first"
        }
        "every" => "a promise is always truthy: this always holds. Wait for `Promise.all(list.map(..))` first",
        "sort" | "toSorted" => {
            "a promise is no number, so that nothing is sorted. Wait for the keys first, then sort by them"
        }
        _ => return,
    };
    let Some(callback) = callback(node, 0, cx) else { return };
    if is_async(callback) != Some(true) || callback.has_token("*") || is_stream(receiver, name.text()) {
        return;
    }
    // Without a rejection `forEach` may run in the background on purpose.
    if name.text() == "forEach" && (!cx.file.declared.may_reject(callback) || !awaits(callback)) {
        return;
    }
    let message = format!("`{}` gets an async function, and {effect}.", name.text());
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// The checks of passwords that give a promise: `bcrypt.compare(given, hash)`, without a callback.
fn verifies<'a>(call: Node<'a>, callee: Node<'a>, cx: &Cx<'a>) -> bool {
    crate::rules::support::ecma_path(callee, cx).is_some_and(|p| {
        let (module, name) = p.rsplit_once('.').unwrap_or_default();
        matches!((module, name), ("bcrypt" | "bcryptjs", "compare") | ("argon2", "verify"))
            && crate::rules::support::args(call).count() == 2
    })
}

fn awaits(function: Node<'_>) -> bool {
    function.descendants_until(|n| n != function && is_function(n)).any(|n| n.kind() == Kind::AwaitExpression)
}

/// Receivers whose methods do wait for promises, as those of streams and of libraries for asynchronous lists.
fn is_stream(receiver: Node<'_>, method: &str) -> bool {
    let text = receiver.text().to_lowercase();
    let last = root_name(receiver).map_or(String::new(), |r| r.text().to_lowercase());
    method != "forEach" && (text.contains("stream") || text.contains("readable") || text.contains("observable"))
        || ["async", "bluebird", "promise", "iter", "p"].contains(&last.as_str())
        || text.contains("cursor")
}

fn conditions<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let condition = match node.kind() {
        Kind::UnaryExpression if operator(node) == "!" => node.child(Field::Argument),
        Kind::TemplateSubstitution => node.first_named(),
        Kind::UnaryExpression => return,
        _ => node.child(Field::Condition),
    };
    let Some(condition) = condition.map(bare) else { return };
    let mut parts = vec![condition];
    while let Some(part) = parts.pop() {
        let part = bare(part);
        if part.kind() == Kind::BinaryExpression && matches!(operator(part), "&&" | "||") {
            parts.extend(operands(part).into_iter().flat_map(|(a, b)| [a, b]));
        }
        if part.kind() != Kind::CallExpression {
            continue;
        }
        let Some(callee) = part.child(Field::Function).map(bare) else { continue };
        let name = place_name(callee).unwrap_or_default();
        let promise = match callee.kind() {
            Kind::Identifier => {
                let known = cx.file.declared.async_functions.contains(name.as_ref())
                    || cx.file.declared.is_promise(None, &name);
                known && !declares(callee, &name)
                    // A parameter that says what it gives: `get: () => Promise<boolean>`.
                    || crate::rules::shape::written_type(callee).is_some_and(|t| {
                        t.rsplit_once("=>").is_some_and(|(_, gives)| gives.trim_start().starts_with("Promise<"))
                    })
            }
            Kind::MemberExpression => {
                callee.child(Field::Object).is_some_and(|o| cx.file.declared.is_promise(Some(bare(o)), &name))
                    || verifies(part, callee, cx)
            }
            _ => false,
        };
        if promise {
            let message = if node.kind() == Kind::TemplateSubstitution {
                format!("`{name}` is async: the text gets `[object Promise]`, and not what it resolves to. Await it.")
            } else {
                format!("`{name}` is async: its promise is always truthy, whatever it resolves to. Await it.")
            };
            let at = Span { start: part.span().start, end: part.span().start };
            let mut note = Note::new(cx.rule, part.span(), message);
            if enclosing_function(part).is_some_and(|f| is_async(f) == Some(true)) {
                note = note.suggestion("Await it", vec![(at, "await ".into())]);
            }
            cx.report(note);
        }
    }
}
