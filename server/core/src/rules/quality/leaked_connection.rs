use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, enclosing_function, is_function, method, place_name, statement, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "leaked-connection",
    summary: "a connection or file is not given back when something fails",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[772, 404],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `const c = await pool.connect()` (`getConnection`, `acquire`) and `const f = await fs.open(..)` whose `release` or `close` is missing, or stands at the end of the code and in no `finally`, with waits in between, or with a `return` before it.",
        why: "Every query that fails leaves a connection taken. After as many failures as the pool has connections, all requests wait for ever.",
        example: "const client = await pool.connect();\nconst rows = await client.query(sql);\nclient.release();",
        instead: "const client = await pool.connect();\ntry {\n  return await client.query(sql);\n} finally {\n  client.release();\n}",
        limits: "Only where the same function gives it back: what is returned, stored or handed to somebody may be given back there. A `catch` that gives it back, too, is as good as a `finally`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::VariableDeclarator], check)],
    cases: &[
        Case::bad(
            "a.ts",
            "import { promises as fsp } from 'node:fs';\nexport async function tail(file: string) { const h = await fsp.open(file, 'r'); const { size } = await h.stat(); await h.read(buf, 0, 10, size - 10); return String(buf); } //~ leaked-connection",
        ),
        Case::bad(
            "a.js",
            "async function f(sql) { const c = await pool.connect(); const r = await c.query(sql); return r.rows; } //~ leaked-connection",
        ),
        Case::near_miss(
            "a.js",
            "async function f(p) { const h = await fsp.open(p); for await (const line of h.readLines()) { use(line); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(sql) { const c = await pool.connect(); return c.query(sql).finally(c.release); }",
        ),
        Case::bad(
            "a.js",
            "async function f(sql) { const c = await pool.connect(); //~ leaked-connection\n const r = await c.query(sql); c.release(); return r; }",
        ),
        Case::bad(
            "a.ts",
            "export async function f(id: number) { const conn = await this.pool.getConnection(); //~ leaked-connection\n const [rows] = await conn.query('select 1', [id]);\n conn.release();\n return rows; }",
        ),
        Case::bad(
            "a.js",
            "async function f(p) { const h = await fsp.open(p, 'r'); //~ leaked-connection\n const s = await h.readFile('utf8');\n if (s.length === 0) { return 0; }\n await h.close(); return s.length; }",
        ),
        Case::bad(
            "a.js",
            "async function f() { const c = await db.pool.connect(); //~ leaked-connection\n await c.query('begin'); await c.query('commit'); c.release(); }",
        ),
        Case::bad(
            "a.js",
            "const run = async (p) => { const client = await clientPool.acquire(); //~ leaked-connection\n await client.send(p); clientPool.release(client); };",
        ),
        Case::bad(
            "a.js",
            "async function f(sql) { const c = await pool.connect(); //~ leaked-connection\n if (!sql) { return null; }\n const r = await c.query(sql); c.release(); return r; }",
        ),
        Case::bad(
            "a.ts",
            "class Repo { async all() { const c = await this.pool.connect(); //~ leaked-connection\n const r = await c.query('select 1'); c.release(); return r.rows; } }",
        ),
        Case::bad(
            "a.js",
            "async function f(p) { const file = await fs.promises.open(p); //~ leaked-connection\n await file.write('x'); await file.sync(); await file.close(); }",
        ),
        Case::good(
            "a.js",
            "async function f(sql) { const c = await pool.connect(); try { return await c.query(sql); } finally { c.release(); } }",
        ),
        Case::good(
            "a.js",
            "async function f(sql) { const c = await pool.connect(); try { await c.query(sql); c.release(); } catch (e) { c.release(e); throw e; } }",
        ),
        Case::good("a.js", "async function f() { const c = await pool.connect(); return c; }"),
        Case::good("a.js", "async function f() { const c = await pool.connect(); await use(c); }"),
        Case::good("a.js", "async function f() { const c = await pool.connect(); log(c.id); c.release(); }"),
        Case::good("a.js", "async function f(sql) { const r = await pool.query(sql); return r; }"),
        Case::good("a.js", "async function f() { await pool.connect(); await go(); }"),
        Case::good("a.js", "async function f() { const ws = await socket.connect(); await ws.send('x'); ws.close(); }"),
        Case::near_miss(
            "a.js",
            "async function f(sql) { const c = await pool.connect(); const r = await c.query(sql).finally(() => c.release()); return r; }",
        ),
        Case::near_miss(
            "a.js",
            "async function f() { const c = await pool.connect(); this.client = c; await c.query('x'); c.release(); }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(sql) { const c = await pool.connect(); c.on('error', () => c.release()); await c.query(sql); c.release(); }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(p) { const door = await house.open(p); await door.pass(); await door.close(); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(value)) = (node.child(Field::Name), node.child(Field::Value)) else { return };
    if name.kind() != Kind::Identifier || value.kind() != Kind::AwaitExpression {
        return;
    }
    let Some((of, how)) = value.first_named().map(bare).and_then(method) else { return };
    let taken = match how.text() {
        "connect" | "acquire" | "getConnection" => of_pool(of) || how.text() == "getConnection",
        "open" => matches!(of.text(), "fs.promises" | "fsp" | "fsPromises" | "promises" | "fs"),
        _ => false,
    };
    let Some(function) = enclosing_function(node).filter(|_| taken) else { return };
    let Some(begin) = Some(statement(node)).filter(|s| s.parent().is_some_and(|p| p.kind() == Kind::StatementBlock))
    else {
        return;
    };
    let mut end = None;
    for used in function.descendants().filter(|n| n.text() == name.text() && *n != name) {
        if !matches!(used.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) {
            continue;
        }
        match gives_back(used) {
            Some(call) => {
                // A callback, a `catch` or a `finally` that gives it back knows of failures.
                let careful = call
                    .ancestors()
                    .take_while(|a| *a != function)
                    .any(|a| matches!(a.kind(), Kind::FinallyClause | Kind::CatchClause) || is_function(a));
                let here = statement(call).parent() == begin.parent();
                if careful || !here || end.is_some() {
                    return;
                }
                end = Some(call);
            }
            None if keeps(used) || ends_itself(used) => return,
            None => {}
        }
    }
    let Some(end) = end.map(statement) else {
        let message = format!("Nothing gives `{}` back: every call leaves another one open.", name.text());
        cx.report(Note::new(cx.rule, name.span(), message));
        return;
    };
    // What may fail in between: a wait, or a way out.
    let mut between =
        std::iter::successors(begin.next_named_sibling(), |s| s.next_named_sibling()).take_while(|s| *s != end);
    let fails = between.any(|s| {
        std::iter::once(s)
            .chain(s.descendants_until(is_function))
            .any(|n| matches!(n.kind(), Kind::AwaitExpression | Kind::ReturnStatement | Kind::ThrowStatement))
    });
    if !fails {
        return;
    }
    let message = format!(
        "When something fails before it is given back, `{}` stays taken. Give it back in a `finally`.",
        name.text()
    );
    cx.report(Note::new(cx.rule, name.span(), message).related(end.span(), "given back here, if all went well"));
}

/// Whether a receiver is a pool, by its name.
fn of_pool(of: Node<'_>) -> bool {
    place_name(of).is_some_and(|n| words(&n).last().is_some_and(|w| w == "pool"))
}

/// The call that gives a connection back: `c.release()`, `f.close()`, `pool.release(c)`.
fn gives_back<'a>(used: Node<'a>) -> Option<Node<'a>> {
    let parent = used.parent()?;
    let call = parent.parent().filter(|c| c.kind() == Kind::CallExpression)?;
    let (of, name) = method(call)?;
    let ends = matches!(name.text(), "release" | "close" | "end" | "destroy" | "done" | "releaseConnection");
    let own = parent.kind() == Kind::MemberExpression && of == used;
    let pool = parent.kind() == Kind::Arguments && args(call).next() == Some(used) && of_pool(of);
    (ends && (own || pool)).then_some(call)
}

/// Whether a mention is of something that ends it when it is done, or of the way to end it.
fn ends_itself(used: Node<'_>) -> bool {
    used.parent().and_then(|p| p.child(Field::Property)).is_some_and(|m| {
        matches!(
            m.text(),
            "readLines"
                | "createReadStream"
                | "createWriteStream"
                | "readableWebStream"
                | "release"
                | "close"
                | "end"
                | "destroy"
                | "done"
                | "pipe"
                | "on"
                | "once"
        )
    })
}

/// Whether a mention hands the connection to somebody, or keeps it: anything but calls of its methods and reads of its fields.
fn keeps(used: Node<'_>) -> bool {
    let Some(parent) = used.parent() else { return true };
    parent.kind() != Kind::MemberExpression || used.field() != Field::Object
}
