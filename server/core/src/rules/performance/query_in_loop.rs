use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::queries::{asks, is_lookup, is_select, is_write};
use crate::rules::shape::home;
use crate::rules::support::{args, bare, enclosing_function, is_function, is_loop, method, string_value, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "query-in-loop",
    summary: "a database is asked once for every element of a list",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[1050],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds awaited queries in a loop over a list, or in a callback of `map` and `forEach`, that look up, add or change rows by something of the element: `findOne`, `find`, `insertOne`, `updateOne`, `findById`, `findUnique`, `findByPk`, `query`, `$queryRaw`, `fetch_one`, `query_row` and the like.",
        why: "A list of n rows takes n + 1 round trips to the database. One query with `IN (..)`, a join, or `include` takes one, and so does an `insertMany`.",
        example: "for (const post of posts) {\n  post.author = await db.query('select * from users where id = $1', [post.authorId]);\n}",
        instead: "const authors = await db.query('select * from users where id = any($1)', [posts.map((p) => p.authorId)]);",
        limits: "Silent for lists that are written out, in migrations, seeds and scripts by their paths, where the loop works off pages or batches, ends with the first answer that fits, asks another table in every round, or takes away what it finds; writes count over lists of data only.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nconst db = new PrismaClient();\nexport async function load(rows: R[]) { for (const r of rows) { await db.user.create({ data: r }); } } //~ query-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "class R { async all(ids: string[]) { return Promise.all(ids.map((id) => this.wechaty.Contact.find({ id }))); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function rank(db, children) { for (const child of children) { await db.docs.updateOne({ id: child.id }, { rank: 1 }); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function clear(tables) { for (const table of tables) { const all = await Constraint.find({ table: table.id }); for (const one of all) { await one.delete(); } } }",
        ),
        Case::near_miss(
            "a.js",
            "async function zip(files) { for (const name of files) { add(await File.findOne(path.join(root, name))); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(db, rows) { for (const row of rows) { try { await db.query('update t set a = $1 where id = $2', [row.a, row.id]); } catch (e) { log(e, row); } } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(rows) { for (const row of rows) { await User.findOneAndUpdate({ id: row.id }, { $set: { a: row.a } }); } }",
        ),
        Case::bad(
            "a.js",
            "async function f(db, posts) { for (const post of posts) { post.author = await db.query('select * from users where id = $1', [post.authorId]); } }  //~ query-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(posts) { return Promise.all(posts.map(async (p) => ({ ...p, author: await User.findById(p.authorId) }))); } //~ query-in-loop",
        ),
        Case::bad(
            "a.ts",
            "async function f(ids: string[]) { const out: User[] = []; for (const id of ids) { out.push(await prisma.user.findUnique({ where: { id } })); } return out; } //~ query-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(orders) { for (const o of orders) { const c = await Customer.findByPk(o.customerId); o.name = c.name; } } //~ query-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(db, xs) { for (let i = 0; i < xs.length; i++) { const r = await db.get('SELECT * FROM t WHERE id = ?', xs[i]); go(r); } } //~ query-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(xs) { for (const x of xs) { const r = await Item.findOne({ where: { sku: x.sku } }); go(r); } } //~ query-in-loop",
        ),
        Case::bad(
            "a.rs",
            "async fn f(pool: &PgPool, ids: &[i64]) -> Result<(), E> { for id in ids { let r = sqlx::query(\"SELECT * FROM t WHERE id = $1\").bind(id).fetch_one(pool).await?; go(r); } Ok(()) } //~ query-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(conn: &Connection, ids: &[i64]) -> R { let mut out = vec![]; for id in ids { out.push(conn.query_row(\"SELECT name FROM t WHERE id = ?1\", [id], |r| r.get(0))?); } Ok(out) } //~ query-in-loop",
        ),
        Case::good(
            "a.js",
            "async function f(db, posts) { const rows = await db.query('select * from users where id = any($1)', [posts.map((p) => p.authorId)]); return rows; }",
        ),
        Case::good("a.js", "async function f(id) { return User.findById(id); }"),
        Case::good("a.js", "async function f(users) { for (const u of users) { await u.save(); } }"),
        Case::good("a.js", "function f(xs) { return xs.map((x) => list.find((y) => y.id === x)); }"),
        Case::bad(
            "a.js",
            "async function f(db, xs) { for (const x of xs) { await db.query('insert into t values ($1)', [x]); } } //~ query-in-loop",
        ),
        Case::good(
            "a.js",
            "async function f(m) { for (const t of ['a', 'b']) { go(await db.query('select count(*) from ' + t)); } }",
        ),
        Case::good(
            "a.rs",
            "async fn f(pool: &PgPool, ids: &[i64]) -> R { sqlx::query(\"SELECT * FROM t WHERE id = ANY($1)\").bind(ids).fetch_all(pool).await }",
        ),
        Case::good("a.rs", "fn f(xs: &[u8], m: &Map) { for x in xs { m.query_row(x); } }"),
        Case::near_miss(
            "a.js",
            "async function f(c, xs) { await c.query('begin'); for (const x of xs) { await c.query('insert into t values ($1)', [x]); } await c.query('commit'); }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(db) { let page = 0; for (;;) { const rows = await db.query('select * from t offset ' + page); if (!rows.length) break; page++; } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(batches) { for (const batch of batches) { go(await db.query('select * from t where id = any($1)', [batch])); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(ids) { return Promise.all(ids.map((c) => window.require('Collections').Contact.find(c))); }",
        ),
        Case::near_miss(
            "a.ts",
            "const blobs = (paths: P[]) => Promise.all(paths.map(async (p) => ({ path: p.path, blob: await FileBlob.create(new URL(p.path)) })));",
        ),
        Case::near_miss("a.js", "function f(params) { for (const p of params) { url.searchParams.get(p); } }"),
        Case::near_miss("a.js", "async function f(els) { for (const el of els) { go(await el.findOne('.x')); } }"),
        Case::near_miss(
            "a.js",
            "async function f(xs) { const q = (x) => User.findById(x); for (const x of xs) { go(q, x); } }",
        ),
        Case::bad(
            "a.ts",
            "export const posts = (users: User[]) =>\n  Promise.all(users.map((u) => prisma.post.findMany({ where: { author: u.id } }))); //~ query-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(users) { return Promise.all(users.map(async (u) => { return await Post.findAll({ where: { user: u.id } }); })); } //~ query-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(keys: string[], filter: F) { for (const key of keys) { const found = await this.repository.find({ ...filter, type: key }); if (found.length > 0) return found[0]; } }",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(keys: string[], filter: F) { let all: T[] = []; for (const key of keys) { const repository = await this.repositories[key](); all.push(await repository.find(filter, { type: key })); } return all; }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(rows) { for (const row of rows) { const tier = await Tier.create(toTier(row)); store.push(tier); } }",
        ),
        Case::near_miss(
            "a.js",
            "const all = (items) => Promise.all(items.map((tier) => { return Tier.create(tier); }));",
        ),
        Case::good(
            "a.ts",
            "async function f(db: Db, ids: string[]) { return db.query('select * from t where id = any($1)', [ids]); }",
        ),
        Case::good(
            "a.ts",
            "async function f(ids: string[]) { return prisma.user.findMany({ where: { id: { in: ids } } }); }",
        ),
        Case::good(
            "a.ts",
            "async function f(ids: string[]) { const users = await User.find({ _id: { $in: ids } }); return users.map((u) => u.name); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((_, name)) = method(node) else { return };
    let reads = if cx.family() == Family::Ecma {
        is_lookup(node) || asks(node) && name.text() != "create" && waited_together(node)
    } else {
        rust_lookup(node, name.text())
    };
    if !reads {
        return;
    }
    let Some((around, over, names)) = repeated(node) else { return };
    if cx.family() == Family::Ecma && (searches(around) || asks_others(node, around)) {
        return;
    }
    // Something of the element is what is looked up.
    let element = node
        .descendants()
        .any(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) && names.contains(&n.text()));
    let literal = over.is_some_and(|o| matches!(bare(o).kind(), Kind::Array | Kind::ArrayExpression));
    let paced = std::iter::once(around).chain(around.descendants()).any(|n| {
        matches!(n.kind(), Kind::Identifier | Kind::PropertyIdentifier | Kind::FieldIdentifier)
            && words(n.text()).iter().any(|w| {
                matches!(
                    w.as_str(),
                    "batch"
                        | "batches"
                        | "chunk"
                        | "chunks"
                        | "page"
                        | "sleep"
                        | "delay"
                        | "retry"
                        | "attempt"
                        | "migration"
                        | "seed"
                )
            })
    });
    let script = ["migration", "seed", "script", "bench", "example"].iter().any(|w| cx.file.path.contains(w));
    // What a model makes one after another runs its hooks each time, in that order.
    // A client of Prisma runs none, and has `createMany`.
    let prisma = method(node).and_then(|(of, _)| crate::rules::shape::root_name(of)).is_some_and(|r| {
        r.text() == "prisma" || cx.file.declared.instances.get(r.text()).is_some_and(|t| t == "PrismaClient")
    });
    let makes = cx.family() == Family::Ecma && name.text() == "create" && !prisma;
    // Each that fails is told of by itself.
    let each = cx.family() == Family::Ecma
        && is_write(node)
        && node
            .ancestors()
            .take_while(|a| *a != around)
            .any(|a| a.kind() == Kind::TryStatement && a.child(Field::Handler).is_some());
    // What reads and writes at once answers for its own row.
    let at_once =
        name.text().contains("AndUpdate") || name.text().contains("AndReplace") || name.text().contains("AndDelete");
    // What is written in one transaction is written with care; on one connection it goes in order.
    let careful = cx.family() == Family::Ecma && is_write(node) && {
        let text = home(node).text();
        ["begin", "BEGIN", "transaction", "trx", "tx."].iter().any(|w| text.contains(w))
    };
    // Of what is written alone there must be many: a list of data by its name.
    let few = cx.family() == Family::Ecma
        && is_write(node)
        && over.is_some_and(|o| !crate::rules::lists::is_data(o))
        && !names.iter().any(|n| crate::rules::lists::is_one_of_data(n));
    // What is taken away with all that belongs to it goes one by one.
    let clears = cx.family() == Family::Ecma
        && !is_write(node)
        && around.descendants().filter(|n| n.kind() == Kind::CallExpression).any(|n| {
            n != node
                && n.child(Field::Function).and_then(crate::rules::support::place_name).is_some_and(|c| {
                    words(&c).first().is_some_and(|w| matches!(w.as_str(), "delete" | "remove" | "drop" | "destroy"))
                })
        });
    // A model of files asks the file system.
    let file = method(node).is_some_and(|(of, _)| matches!(of.text(), "File" | "Dir" | "Folder" | "Directory"));
    if few || clears || file {
        return;
    }
    if !element || literal || paced || script || careful || each || makes || at_once {
        return;
    }
    let message = "Every element asks the database by itself: a list of n takes n round trips. Ask once for all of them, with `IN (..)` or a join.";
    let mut head = around.span();
    head.end = around.child(Field::Body).map_or(head.end, |b| b.span().start);
    let mut note = Note::new(cx.rule, node.span(), message);
    if std::ptr::eq(around.arena(), node.arena()) {
        note = note.related(head, "for each of these");
    }
    cx.report(note);
}

/// Whether a call is what an array's callback gives, and `Promise.all` waits for all of them.
fn waited_together(call: Node<'_>) -> bool {
    let returned = call.parent().is_some_and(|p| p.kind() == Kind::ReturnStatement)
        || call.parent().is_some_and(|p| p.kind() == Kind::ArrowFunction) && call.field() == Field::Body;
    let Some(callback) = enclosing_function(call).filter(|_| returned) else { return false };
    let list = callback.parent().and_then(|p| p.parent());
    list.and_then(|l| l.parent()).and_then(|p| p.parent()).is_some_and(|all| {
        method(all).is_some_and(|(of, m)| of.text() == "Promise" && matches!(m.text(), "all" | "allSettled"))
    })
}

/// Whether a loop ends with the first answer that fits: the next question depends on the last answer.
fn searches(around: Node<'_>) -> bool {
    is_loop(around)
        && around
            .descendants_until(is_function)
            .any(|n| matches!(n.kind(), Kind::ReturnStatement | Kind::BreakStatement))
}

/// Whether each round asks another one: the table or repository is taken by the round's key.
fn asks_others(call: Node<'_>, around: Node<'_>) -> bool {
    let Some(root) = method(call).and_then(|(of, _)| crate::rules::shape::root_name(of)) else { return false };
    around
        .descendants()
        .any(|n| n.kind() == Kind::VariableDeclarator && n.child(Field::Name).is_some_and(|d| d.text() == root.text()))
}

fn rust_lookup(call: Node<'_>, name: &str) -> bool {
    match name {
        "fetch_one" | "fetch_optional" | "fetch_all" => {
            call.parent().is_some_and(|p| p.kind() == Kind::AwaitExpression) && args(call).count() == 1
        }
        "query_row" | "query_one" | "query_opt" => {
            args(call).next().and_then(string_value).is_some_and(|t| is_select(&t))
        }
        _ => false,
    }
}

/// The loop or callback that repeats a node, what it goes over, and the names that change with the round.
fn repeated<'a>(node: Node<'a>) -> Option<(Node<'a>, Option<Node<'a>>, Vec<&'a str>)> {
    let names = |pattern: Node<'a>| -> Vec<&'a str> {
        std::iter::once(pattern)
            .chain(pattern.descendants())
            .filter(|n| {
                matches!(
                    n.kind(),
                    Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern | Kind::ShorthandFieldIdentifier
                )
            })
            .map(Node::text)
            .collect()
    };
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::ForInStatement if at.field() == Field::Body => {
                return Some((parent, parent.child(Field::Right), names(parent.child(Field::Left)?)));
            }
            Kind::ForExpression if at.field() == Field::Body => {
                return Some((parent, parent.child(Field::Value), names(parent.child(Field::Pattern)?)));
            }
            Kind::ForStatement if at.field() == Field::Body => {
                let declared = parent.child(Field::Initializer)?.named_children().find_map(|d| d.child(Field::Name))?;
                return Some((parent, None, names(declared)));
            }
            _ if is_loop(parent) => return None,
            _ if is_function(parent) => {
                let call = parent.parent()?.parent()?;
                let (list, m) = method(call)?;
                if !matches!(m.text(), "map" | "forEach" | "flatMap") || parent.kind() == Kind::ClosureExpression {
                    return None;
                }
                let parameters = crate::rules::shape::parameters(parent);
                return Some((parent, Some(list), parameters.into_iter().flat_map(names).collect()));
            }
            _ => at = parent,
        }
    }
    None
}
