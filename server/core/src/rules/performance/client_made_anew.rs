use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{head, loop_around};
use crate::rules::shape::runs_by_hand;
use crate::rules::support::{ecma_path, enclosing_function, runs_once, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "client-made-anew",
    summary: "a client with its own connections is made for every call",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[400],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `new PrismaClient()` inside of a function that answers calls, and in Rust `reqwest::Client::new()` in a loop, or in an async function that uses it for its own requests alone.",
        why: "Each client has connections of its own: the database runs out of them under load, and every request waits for a new connection and its handshake.",
        example: "export async function posts() {\n  const prisma = new PrismaClient();\n  return prisma.post.findMany();\n}",
        instead: "const prisma = new PrismaClient();\nexport async function posts() {\n  return prisma.post.findMany();\n}",
        limits: "Functions that keep, return or disconnect the client, scripts, seeds, tests and `main` are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::NewExpression], prisma), Check::Nodes(&[Kind::CallExpression], http)],
    cases: &[
        Case::bad(
            "src/api.rs",
            "pub async fn user(id: u32) -> reqwest::Result<User> { let client = reqwest::Client::new(); client.get(url(id)).send().await?.json().await } //~ client-made-anew",
        ),
        Case::bad(
            "src/api.rs",
            "async fn ping(url: &str) -> bool { reqwest::Client::new().get(url).send().await.is_ok() } //~ client-made-anew",
        ),
        Case::near_miss(
            "src/api.rs",
            "pub async fn api(base: &str) -> Api { let client = reqwest::Client::new(); Api { client, base: base.into() } }",
        ),
        Case::near_miss(
            "src/main.rs",
            "async fn ping(url: &str) -> bool { reqwest::Client::new().get(url).send().await.is_ok() }",
        ),
        Case::bad(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport async function total(id: number) {\n const c = new PrismaClient(); //~ client-made-anew\n const n = await c.order.count({ where: { id } }); return n; }",
        ),
        Case::bad(
            "a.js",
            "import { PrismaClient } from '@prisma/client';\nrouter.post('/a', async (req, res) => {\n const prisma = new PrismaClient(); //~ client-made-anew\n const a = await prisma.a.create({ data: req.body }); res.json(a); });",
        ),
        Case::bad(
            "a.tsx",
            "import { PrismaClient } from '@prisma/client';\nexport default async function Page() {\n const prisma = new PrismaClient(); //~ client-made-anew\n const all = await prisma.post.findMany(); return <p>{all.length}</p>; }",
        ),
        Case::good(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport const db = globalThis.db ?? new PrismaClient();",
        ),
        Case::good(
            "a.ts",
            "import { PrismaClient } from './mine';\nexport async function f() { const prisma = new PrismaClient(); return prisma.post.findMany(); }",
        ),
        Case::near_miss(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport async function setupDb() { const prisma = new PrismaClient(); await prisma.user.deleteMany(); }",
        ),
        Case::bad(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport async function posts() {\n const prisma = new PrismaClient(); //~ client-made-anew\n return prisma.post.findMany(); }",
        ),
        Case::bad(
            "a.js",
            "const { PrismaClient } = require('@prisma/client');\napp.get('/u', async (req, res) => {\n const db = new PrismaClient(); //~ client-made-anew\n res.json(await db.user.findMany()); });",
        ),
        Case::bad(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport default async function handler(req: R, res: S) {\n const prisma = new PrismaClient({ log: ['query'] }); //~ client-made-anew\n const u = await prisma.user.findMany(); res.json(u); }",
        ),
        Case::bad(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport class U { async all() {\n const prisma = new PrismaClient(); //~ client-made-anew\n return await prisma.user.findMany(); } }",
        ),
        Case::bad(
            "a.ts",
            "import * as p from '@prisma/client';\nexport const posts = async () => {\n const prisma = new p.PrismaClient(); //~ client-made-anew\n return await prisma.post.count(); };",
        ),
        Case::bad(
            "a.rs",
            "async fn f(urls: &[String]) { for u in urls {\n let c = reqwest::Client::new(); //~ client-made-anew\n let _ = c.get(u).send().await; } }",
        ),
        Case::bad(
            "a.rs",
            "use reqwest::Client;\nasync fn f(urls: &[String]) { for u in urls {\n let c = Client::new(); //~ client-made-anew\n go(c.get(u)).await; } }",
        ),
        Case::bad(
            "a.rs",
            "fn f() { loop {\n let r = reqwest::blocking::Client::new().get(\"http://a\").send(); //~ client-made-anew\n g(r); } }",
        ),
        Case::good(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nconst prisma = new PrismaClient();\nexport const posts = () => prisma.post.findMany();",
        ),
        Case::good(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport function make() { return new PrismaClient(); }",
        ),
        Case::good(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nlet db: PrismaClient;\nexport function get() { db ??= new PrismaClient(); return db; }",
        ),
        Case::good(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nasync function main() { const prisma = new PrismaClient(); await prisma.user.create({ data }); }",
        ),
        Case::good(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport async function f() { const prisma = new PrismaClient(); await prisma.user.count(); await prisma.$disconnect(); }",
        ),
        Case::good(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport class S { constructor() { this.db = new PrismaClient(); } }",
        ),
        Case::good(
            "a.rs",
            "async fn f(urls: &[String]) { let c = reqwest::Client::new(); for u in urls { let _ = c.get(u).send().await; } }",
        ),
        Case::good("a.rs", "fn f() { for u in 0..3 { let c = Client::new(); g(c, u); } }"),
        Case::near_miss(
            "prisma/seed.ts",
            "import { PrismaClient } from '@prisma/client';\nasync function seed() { const prisma = new PrismaClient(); await prisma.user.create({ data }); }",
        ),
        Case::near_miss(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport function make() { const prisma = new PrismaClient(); return prisma; }",
        ),
        Case::near_miss(
            "a.ts",
            "import { PrismaClient } from '@prisma/client';\nexport function init() { const prisma = new PrismaClient(); globalThis.prisma = prisma; prisma.$use(log); }",
        ),
        Case::near_miss("a.rs", "fn f() -> Vec<reqwest::Client> { (0..3).map(|_| reqwest::Client::new()).collect() }"),
    ],
};

fn prisma<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(path) = node.child(Field::Constructor).and_then(|c| ecma_path(c, cx)) else { return };
    if path != "@prisma/client.PrismaClient"
        || runs_by_hand(&cx.file.path)
        || runs_once(&cx.file.path)
        || cx.file.is_script
    {
        return;
    }
    let Some(declarator) = node.parent().filter(|p| p.kind() == Kind::VariableDeclarator) else { return };
    let Some(name) = declarator.child(Field::Name).filter(|n| n.kind() == Kind::Identifier) else { return };
    let Some(function) = enclosing_function(node) else { return };
    let own = function
        .child(Field::Name)
        .or_else(|| function.parent().and_then(|p| p.child(Field::Name)))
        .map_or("", Node::text)
        .to_lowercase();
    if ["main", "seed", "run", "constructor", "setup", "migrate", "bootstrap", "init", "script"]
        .iter()
        .any(|w| own.contains(w))
    {
        return;
    }
    // Every mention is the beginning of a query.
    let queries = node.arena().named(name.text()).filter(|n| *n != name).all(|n| {
        n.parent().is_some_and(|p| {
            p.kind() == Kind::MemberExpression
                && n.field() == Field::Object
                && p.child(Field::Property).is_some_and(|m| !matches!(m.text(), "$disconnect" | "$extends" | "$on"))
        })
    });
    if queries && node.arena().named(name.text()).count() > 1 {
        let message =
            "Every call opens connections of its own, and leaves them open. Make one client for the whole program.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

/// Words of functions that run once, or make what is kept.
const ONCE: &[&str] = &[
    "main", "new", "init", "setup", "build", "connect", "run", "start", "test", "default", "download", "install",
    "update",
];

/// A client that an async function of a server or library makes for its own few requests.
fn for_a_call<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let path = &cx.file.path;
    let program = path.ends_with("main.rs")
        || path.rsplit('/').skip(1).any(|f| matches!(f, "bin" | "cli" | "commands" | "xtask" | "benches" | "tests"));
    let Some(function) = enclosing_function(node).filter(|f| f.kind() == Kind::FunctionItem) else { return };
    let name = function.child(Field::Name).map_or("", Node::text);
    let once = crate::rules::support::words(name).iter().any(|w| ONCE.contains(&w.as_str()));
    if program
        || once
        || cx.file.is_example
        || cx.file.is_script
        || crate::rules::support::is_async(function) != Some(true)
        || function.child(Field::Parameters).is_none_or(|p| p.named_children().next().is_none())
    {
        return;
    }
    let Some(declared) = node.parent() else { return };
    let asks = match declared.kind() {
        // `reqwest::Client::new().get(url)`
        Kind::FieldExpression => true,
        Kind::LetDeclaration => declared.child(Field::Pattern).is_some_and(|name| {
            let mut mentions = function
                .descendants()
                .filter(|n| n.kind() == Kind::Identifier && n.text() == name.text() && *n != name);
            let first = mentions.next();
            let asked =
                |n: Node<'a>| n.parent().is_some_and(|p| p.kind() == Kind::FieldExpression) && loop_around(n).is_none();
            name.kind() == Kind::Identifier && first.is_some_and(asked) && mentions.all(asked)
        }),
        _ => false,
    };
    if asks {
        let message = "Every call makes a client with its own connections and handshakes, and throws it away. Keep one, and hand it in: it is made to be cloned.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn http<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let Some(path) = node.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    if !matches!(path.as_str(), "reqwest::Client::new" | "reqwest::blocking::Client::new") {
        return;
    }
    let Some(around) = loop_around(node) else {
        for_a_call(node, cx);
        return;
    };
    // What is kept beyond its round is meant.
    let kept = node.ancestors().take_while(|a| *a != around).any(|a| {
        matches!(
            a.kind(),
            Kind::AssignmentExpression | Kind::Arguments | Kind::StructExpression | Kind::ArrayExpression
        )
    });
    if !kept {
        let message = "Every round makes a client with its own connections and handshakes. Make it before the loop.";
        cx.report(Note::new(cx.rule, node.span(), message).related(head(around), "runs again and again"));
    }
}
