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
              `findIndex`, `sort`), and calls of async functions of the file and of `bcrypt.compare` and `argon2.verify`, used as conditions without `await`, those of repositories of TypeORM and tables of Prisma, and `await list.map(async ..)`.",
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
        Check::Nodes(&[Kind::AwaitExpression], awaited_list),
    ],
    cases: &[
        Case::bad(
            "a.ts",
            "import { Repository } from 'typeorm';\nclass C { constructor(private readonly orders: Repository<Order>) {}\n async confirm(id: number) { const o = this.orders.findOneBy({ id });\n if (!o) { throw new Error('x'); } } //~ misused-promise\n}",
        ),
        Case::bad(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nconst db = new PrismaClient();\nexport async function has(email: string) { if (db.user.findFirst({ where: { email } })) { return true; } return false; } //~ misused-promise",
        ),
        Case::bad(
            "a.ts",
            "class S { async run(j: J) { await j.go(); }\n async all(js: J[]) { await js.map((j) => this.run(j)); } } //~ misused-promise",
        ),
        Case::bad(
            "a.js",
            "async function f(xs) { await xs.map(async (x) => { await save(x); }); } //~ misused-promise",
        ),
        Case::near_miss(
            "a.ts",
            "import { Repository } from 'typeorm';\nclass C { constructor(private readonly orders: Repository<Order>) {}\n async confirm(id: number) { const o = await this.orders.findOneBy({ id }); if (!o) { throw new Error('x'); } } }",
        ),
        Case::near_miss("a.js", "async function f(xs) { await Promise.all(xs.map(async (x) => { await save(x); })); }"),
        Case::near_miss(
            "a.js",
            "async function f(xs) { const ys = await Bluebird.map(xs, async (x) => save(x)); return ys; }",
        ),
        Case::near_miss("a.js", "async function f(q) { return await q.map((x) => x + 1); }"),
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

/// Calls of a repository of TypeORM, by the written type of what is called, or of a table of a `PrismaClient` of the file. Each gives a
/// promise.
fn asks_database<'a>(call: Node<'a>, cx: &Cx<'a>) -> bool {
    let Some((of, name)) = crate::rules::support::method(call) else { return false };
    let of = bare(of);
    let repository = || {
        let field = of.text().strip_prefix("this.").and_then(|f| cx.file.declared.fields.get(f)).map(String::as_str);
        field.or_else(|| crate::rules::shape::written_type(of)).is_some_and(|t| t.starts_with("Repository<"))
            && cx.file.imports.path("Repository").is_some_and(|p| p.starts_with("typeorm"))
    };
    let prisma = || {
        let client = root_name(of).filter(|r| of.kind() == Kind::MemberExpression && r.kind() == Kind::Identifier);
        client.is_some_and(|c| {
            cx.file.declared.instances.get(c.text()).is_some_and(|t| t == "PrismaClient") && !declares(c, c.text())
        })
    };
    match name.text() {
        "findOne" | "findOneBy" | "findOneOrFail" | "findOneByOrFail" | "findBy" | "findAndCount" | "exist"
        | "exists" | "existsBy" | "countBy" => repository(),
        "find" | "save" | "remove" => repository(),
        "findFirst" | "findUnique" | "findMany" | "findFirstOrThrow" | "findUniqueOrThrow" | "updateMany"
        | "deleteMany" | "upsert" | "aggregate" | "groupBy" => prisma(),
        "count" | "update" | "delete" => repository() || prisma(),
        _ => false,
    }
}

/// `await list.map(async ..)`: what is waited for is an array, whose promises nobody waits for.
fn awaited_list<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(call) = node.first_named().map(bare).filter(|c| c.kind() == Kind::CallExpression) else { return };
    let Some((of, name)) = crate::rules::support::method(call).filter(|(_, m)| m.text() == "map") else { return };
    let Some(function) = callback(call, 0, cx) else { return };
    let root = root_name(of).map_or("", Node::text);
    let library = ["$", "_", "async", "Bluebird", "Promise", "bluebird", "pMap"].contains(&root)
        || is_stream(of, "map")
        || matches!(bare(of).kind(), Kind::AwaitExpression)
        || crate::rules::support::method(bare(of)).is_some_and(|(first, m)| {
            matches!(m.text(), "resolve" | "all" | "query" | "from" | "find" | "each" | "filterAsync")
                || first.text() == "Promise"
        });
    let gives = is_async(function) == Some(true) && !function.has_token("*")
        || crate::rules::shape::returned(function).is_some_and(|values| {
            !values.is_empty()
                && values.into_iter().map(bare).all(|v| {
                    let callee = v.child(Field::Function).filter(|_| v.kind() == Kind::CallExpression).map(bare);
                    callee.is_some_and(|c| match c.kind() {
                        Kind::Identifier => cx.file.declared.is_promise(None, c.text()) && !declares(c, c.text()),
                        Kind::MemberExpression => {
                            let name = place_name(c).unwrap_or_default();
                            c.child(Field::Object)
                                .is_some_and(|o| o.kind() == Kind::This && cx.file.declared.is_promise(Some(o), &name))
                        }
                        _ => false,
                    })
                })
        });
    if library || !gives {
        return;
    }
    let message = "This waits for an array, and for none of the promises in it. Wait for `Promise.all(..)` of it.";
    let mut note = Note::new(cx.rule, name.span(), message);
    let (start, end) = (call.span().start, call.span().end);
    note = note.suggestion(
        "Wait for all",
        vec![(Span { start, end: start }, "Promise.all(".to_owned()), (Span { start: end, end }, ")".to_owned())],
    );
    cx.report(note);
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
        // A constant that holds a promise.
        let held = crate::rules::support::constant(part);
        if part.kind() == Kind::Identifier && held != part && held.kind() == Kind::CallExpression {
            if asks_database(held, cx) {
                let message = format!(
                    "`{}` is a promise, and always truthy, whatever it resolves to. Await the call that gives it.",
                    part.text()
                );
                cx.report(Note::new(cx.rule, part.span(), message).related(held.span(), "the promise"));
            }
            continue;
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
                    || asks_database(part, cx)
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
