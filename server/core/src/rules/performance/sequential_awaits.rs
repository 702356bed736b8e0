use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, is_function, method, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "sequential-awaits",
    summary: "waits that need nothing of each other run one after another",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds two or more neighbouring `const x = await get(..)` of calls that read (`get`, `fetch`, `load`, `find`, ..), none of which uses what another one gave.",
        why: "The second request is sent when the first one is back: two of 100 ms take 200. `Promise.all`, in Rust `tokio::try_join!`, sends both at once.",
        example: "const user = await fetchUser(id);\nconst orders = await fetchOrders(id);",
        instead: "const [user, orders] = await Promise.all([fetchUser(id), fetchOrders(id)]);",
        limits: "Only calls by names that say that they read over a network or from a database, whose arguments hold no value of an earlier one. Silent where something tells of an order: transactions, locks, a page or a browser, tests; and where the function checks the first result in between.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::LexicalDeclaration], check), Check::Nodes(&[Kind::LetDeclaration], rust)],
    cases: &[
        Case::near_miss(
            "a.js",
            "async function link(member, model, options = {}) { const subscriptions = await fetchSubscriptions(member, options); const product = await fetchProduct(model.id, options); return [subscriptions, product]; }",
        ),
        Case::near_miss(
            "migrate/2to3.js",
            "async function undo(tip) { const first = await db.get(pair('u', tip)); const second = await db.get(pair('b', tip)); return [first, second]; }",
        ),
        Case::near_miss(
            "auth/help.js",
            "const shows = (p) => it(`shows ${p}`, async () => { const app = await getApp(); const user = await getUser(); use(app, user); });",
        ),
        Case::near_miss(
            "a.ts",
            "class W { async connect() { const accounts = await this.getAccounts(); const id = await this.getChainId(); return { accounts, id }; } }",
        ),
        Case::near_miss(
            "a.js",
            "async function lit(world, pos) { const a = await world.getBlock(pos.left); const b = await world.getBlock(pos.right); return a || b; }",
        ),
        Case::near_miss(
            "a.ts",
            "class P { async balance(a: A, t: T) { const address = await this.#getAddress(a); const tag = await this.#getTag(t); return this.ask(address, tag); } }",
        ),
        Case::near_miss(
            "a.ts",
            "async function keys(accounts: A) { const mnemonic = await accounts.mnemonic.get(); const pass = await accounts.pass.get(); return derive(mnemonic, pass); }",
        ),
        Case::bad(
            "a.js",
            "async function f(id) { const user = await fetchUser(id);\n const orders = await fetchOrders(id); //~ sequential-awaits\n return { user, orders }; }",
        ),
        Case::bad(
            "a.ts",
            "async function f(id: string) { const user = await api.getUser(id);\n const posts = await api.getPosts(id); //~ sequential-awaits\n return [user, posts]; }",
        ),
        Case::bad(
            "a.js",
            "async function f(id) { const a = await db.users.findOne({ id });\n const b = await db.orders.find({ user: id }); //~ sequential-awaits\n return { a, b }; }",
        ),
        Case::bad(
            "a.js",
            "const f = async () => { const rates = await fetchRates();\n const news = await fetchNews(); //~ sequential-awaits\n return { rates, news }; };",
        ),
        Case::bad(
            "a.js",
            "async function f(a) { const x = await loadProfile(a);\n const y = await loadTeam(a); //~ sequential-awaits\n const z = await loadBilling(a);\n return { x, y, z }; }",
        ),
        Case::bad(
            "a.js",
            "async function f(id) { const { data } = await axios.get(`/u/${id}`);\n const { data: posts } = await axios.get(`/p/${id}`); //~ sequential-awaits\n return { data, posts }; }",
        ),
        Case::bad(
            "a.js",
            "async function f(req, res) { const user = await User.findById(req.params.id);\n const tags = await Tag.findAll(); //~ sequential-awaits\n const roles = await Role.findAll();\n res.json({ user, tags, roles }); }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(req, res) { const user = await User.findById(req.params.id);\n const tags = await Tag.findAll();\n res.json({ user, tags }); }",
        ),
        Case::bad(
            "a.ts",
            "async function f(this: S, id: string) { const u = await this.repo.findUser(id);\n const o = await this.repo.findOrders(id); //~ sequential-awaits\n return { u, o }; }",
        ),
        Case::bad(
            "a.rs",
            "async fn f(c: &Ctx) -> R<(U, O)> { let users = fetch_users(c).await?;\n let orders = fetch_orders(c).await?; //~ sequential-awaits\n Ok((users, orders)) }",
        ),
        Case::bad(
            "a.rs",
            "async fn f(c: &reqwest::Client) -> R<(String, String)> { let a = c.get(A).send().await?.text().await?;\n let b = c.get(B).send().await?.text().await?; //~ sequential-awaits\n Ok((a, b)) }",
        ),
        Case::good(
            "a.rs",
            "async fn f(c: &Ctx) -> R<O> { let user = fetch_user(c).await?; let orders = fetch_orders(c, user.id).await?; Ok(orders) }",
        ),
        Case::good(
            "a.rs",
            "async fn f(tx: &mut Tx) -> R<(U, O)> { let u = find_user(&mut *tx).await?; let o = find_orders(&mut *tx).await?; Ok((u, o)) }",
        ),
        Case::good(
            "a.js",
            "async function f(id) { const [user, orders] = await Promise.all([fetchUser(id), fetchOrders(id)]); return { user, orders }; }",
        ),
        Case::good(
            "a.js",
            "async function f(id) { const user = await fetchUser(id); const orders = await fetchOrders(user.account); return { user, orders }; }",
        ),
        Case::good(
            "a.js",
            "async function f(id) { const user = await fetchUser(id); if (!user) return null; const orders = await fetchOrders(id); return { user, orders }; }",
        ),
        Case::good(
            "a.js",
            "async function f(x) { const a = await save(x); const b = await remove(x); return [a, b]; }",
        ),
        Case::good(
            "a.js",
            "async function f(tx, id) { const a = await tx.findUser(id); const b = await tx.findOrders(id); return [a, b]; }",
        ),
        Case::good(
            "a.js",
            "async function f(u) { const res = await fetch(u); const text = await res.text(); return text; }",
        ),
        Case::good(
            "a.js",
            "async function f(page) { const a = await page.getTitle(); const b = await page.getBody(); return [a, b]; }",
        ),
        Case::good(
            "a.js",
            "async function f(id) { const user = fetchUser(id); const orders = fetchOrders(id); return [await user, await orders]; }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(id) { const token = await getToken(); const data = await fetchData(id); return [token, data]; }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(r) { const head = await r.readHead(); const body = await r.readBody(); return [head, body]; }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(id) { const lock = await getLock(id); const user = await getUser(id); return [lock, user]; }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(q) { const a = await q.getNext(); const b = await q.getNext(); return [a, b]; }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(form) { const a = await getInput('x'); const b = await getInput('y'); return [a, b]; }",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(ctx: Context) { const route: Route = await ctx.get(RestBindings.Operation.ROUTE); const params: Args = await ctx.get(RestBindings.Operation.PARAMS); return run(route, params); }",
        ),
    ],
};

/// First words of functions that ask somebody else.
const READS: &[&str] = &["fetch", "get", "load", "find", "query", "retrieve", "lookup", "search", "list", "count"];

/// Words that tell that the order is the point, or that nothing is asked at all.
const ORDERED: &[&str] = &[
    "tx",
    "trx",
    "transaction",
    "lock",
    "page",
    "browser",
    "reader",
    "stream",
    "cursor",
    "next",
    "token",
    "session",
    "connection",
    "conn",
    "client",
    "input",
    "prompt",
    "question",
    "element",
    "driver",
    "queue",
    "migration",
    "auth",
    "config",
    "settings",
    "body",
    "text",
    "json",
    "locator",
    "frame",
    "wait",
    "retry",
    "signer",
    "wallet",
    "context",
    "head",
    "chunk",
    "byte",
    "bytes",
    "line",
    "iterator",
    "store",
    "storage",
    "cache",
    "translations",
    "cookies",
    "headers",
    "redirect",
    "modal",
    "dialog",
    "module",
    "import",
    "chain",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let Some(second) = waits(node) else { return };
    let Some(before) = node.previous_named_sibling() else { return };
    let Some(first) = waits(before) else { return };
    // Three in a row are told once.
    if before.previous_named_sibling().is_some_and(|p| waits(p).is_some_and(|w| independent(p, w, first))) {
        return;
    }
    if !independent(before, first, second) || is_tested(node) || crate::rules::shape::runs_by_hand(&cx.file.path) {
        return;
    }
    // Both are handed the same options, in which a transaction goes along: it takes one query after another.
    let handed = |c: Node<'a>| args(c).last().map(bare).filter(|a| a.kind() == Kind::Identifier).map(Node::text);
    if handed(first).is_some_and(|f| {
        handed(second) == Some(f) && matches!(f, "options" | "opts" | "trx" | "tx" | "transaction" | "session" | "ctx")
    }) {
        return;
    }
    // One query more of the same database hardly shows; three in a row do.
    let of_model = |call: Node<'_>| {
        method(call).is_some_and(|(of, _)| {
            of.kind() == Kind::Identifier && of.text().starts_with(|c: char| c.is_ascii_uppercase())
        })
    };
    let third = || node.next_named_sibling().and_then(waits).is_some_and(|w| independent(node, second, w));
    if of_model(first) && of_model(second) && !third() {
        return;
    }
    let message = "This waits for nothing that the call above gave, and yet is sent only when that one is back. `await Promise.all([..])` sends both at once.";
    cx.report(Note::new(cx.rule, second.span(), message).related(first.span(), "waits first"));
}

/// Whether a statement stands in a test, whatever its file is called: `it('shows', async () => ..)`.
fn is_tested(node: Node<'_>) -> bool {
    node.ancestors().filter(|a| is_function(*a)).filter_map(|f| f.parent()).filter_map(|a| a.parent()).any(|c| {
        c.kind() == Kind::CallExpression
            && c.child(Field::Function)
                .is_some_and(|f| matches!(f.text(), "it" | "test" | "describe" | "beforeEach" | "beforeAll" | "before"))
    })
}

/// The awaited call of `const x = await get(..)`.
fn waits<'a>(statement: Node<'a>) -> Option<Node<'a>> {
    if statement.kind() != Kind::LexicalDeclaration || statement.named_children().count() != 1 {
        return None;
    }
    let value = statement.first_named()?.child(Field::Value)?;
    // The grammar reads `await get<T>(x)` as a call of `await get`.
    let typed = value
        .child(Field::Function)
        .filter(|f| value.kind() == Kind::CallExpression && f.kind() == Kind::AwaitExpression);
    let awaited = typed.or(Some(value).filter(|v| v.kind() == Kind::AwaitExpression))?;
    let call = if typed.is_some() { value } else { bare(awaited.first_named()?) };
    if call.kind() != Kind::CallExpression {
        return None;
    }
    let callee = if typed.is_some() { bare(awaited.first_named()?) } else { call.child(Field::Function)? };
    let name = place_name(callee)?;
    let first = words(&name).into_iter().next()?;
    if !READS.contains(&first.as_str())
        || call
            .descendants()
            .any(|n| n.is_hole() || is_function(n) || n.kind() == Kind::AwaitExpression && n != awaited)
    {
        return None;
    }
    // `world.getBlock(pos)` looks into what is there; a service, a database or the object itself may ask somebody.
    const ASKED: &[&str] = &[
        "api",
        "http",
        "https",
        "axios",
        "service",
        "services",
        "server",
        "backend",
        "repo",
        "repository",
        "db",
        "database",
        "rpc",
        "provider",
        "fetcher",
        "gateway",
        "remote",
        "sdk",
        "prisma",
        "dao",
        "orm",
        "collection",
        "client",
        "dal",
        "manager",
    ];
    let local = first == "get"
        && method(call).is_some_and(|(of, _)| {
            of.kind() != Kind::This
                && !place_name(of).is_some_and(|n| {
                    n.starts_with(|c: char| c.is_ascii_uppercase())
                        || words(&n).last().is_some_and(|w| ASKED.contains(&w.as_str()))
                })
        });
    if local {
        return None;
    }
    // A private helper works out what it was given more often than it asks anybody; a value of the configuration is there.
    let own = method(call).is_some_and(|(of, m)| {
        of.kind() == Kind::This && m.text().starts_with(['#', '_']) || m.text() == "get" && args(call).next().is_none()
    });
    if own {
        return None;
    }
    // `ctx.get(Bindings.ROUTE)` asks a container in memory.
    let bound = first == "get" && words(&name).len() == 1 && {
        let key = args(call).next().map(bare);
        let last = key.and_then(place_name).unwrap_or_default();
        key.is_some_and(|k| matches!(k.kind(), Kind::Identifier | Kind::MemberExpression))
            && last.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
    };
    if bound {
        return None;
    }
    let ordered = std::iter::once(statement).chain(statement.descendants()).any(|n| {
        matches!(n.kind(), Kind::Identifier | Kind::PropertyIdentifier | Kind::ShorthandPropertyIdentifierPattern)
            && words(n.text()).iter().any(|w| ORDERED.contains(&w.as_str()))
    });
    (!ordered).then_some(call)
}

/// Whether the second call uses nothing that the first statement binds, and is another call.
fn independent(statement: Node<'_>, first: Node<'_>, second: Node<'_>) -> bool {
    let Some(pattern) = statement.first_named().and_then(|d| d.child(Field::Name)) else { return false };
    let bound = std::iter::once(pattern)
        .chain(pattern.descendants())
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern));
    let uses = |name: &str| {
        second
            .descendants()
            .any(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) && n.text() == name)
    };
    !bound.map(Node::text).any(uses) && first.text() != second.text() && first.child(Field::Arguments).is_some()
}

/// Two neighbouring `let x = get(..).await` of Rust.
fn rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(next) = node.next_named_sibling().filter(|n| n.kind() == Kind::LetDeclaration) else { return };
    let (Some(first), Some(second)) = (waited(node), waited(next)) else { return };
    // Each pair once: of three in a row the first two.
    let before = node.previous_named_sibling().filter(|p| p.kind() == Kind::LetDeclaration);
    if before.and_then(waited).is_some() {
        return;
    }
    let (Some(pattern), Some(value)) = (node.child(Field::Pattern), next.child(Field::Value)) else { return };
    let names: Vec<&str> = pattern.descendants().filter(|n| n.kind() == Kind::Identifier).map(Node::text).collect();
    let uses = value.descendants().any(|n| {
        matches!(n.kind(), Kind::Identifier | Kind::TokenTree) && names.iter().any(|name| n.text().contains(name))
    });
    // What is asked one after the other on one connection, or in a transaction, has an order.
    let ordered =
        ["&mut", "conn", "tx", "trans", "stream", "sock", "session", "lock", "reader", "recv", "cursor", "next("];
    if uses || names.is_empty() || ordered.iter().any(|w| first.text().contains(w) || second.text().contains(w)) {
        return;
    }
    let message = "This waits for its answer before the next request is sent, and needs nothing of it. `tokio::try_join!` runs both at once.";
    cx.report(Note::new(cx.rule, second.span(), message).related(first.span(), "waited for first"));
}

/// The call that a `let` waits for, if its name says that it reads over a network or from a database.
fn waited<'a>(declaration: Node<'a>) -> Option<Node<'a>> {
    let mut at = declaration.child(Field::Value)?;
    let mut waits = false;
    loop {
        at = match at.kind() {
            Kind::TryExpression | Kind::ParenthesizedExpression => at.first_named()?,
            Kind::AwaitExpression => {
                waits = true;
                at.first_named()?
            }
            Kind::CallExpression => match method(at) {
                Some((of, m))
                    if matches!(
                        m.text(),
                        "unwrap"
                            | "expect"
                            | "map_err"
                            | "context"
                            | "unwrap_or_default"
                            | "text"
                            | "json"
                            | "bytes"
                            | "error_for_status"
                    ) =>
                {
                    of
                }
                _ => break,
            },
            _ => return None,
        };
    }
    let name = match method(at) {
        // `client.get(url).send()`
        Some((of, m)) if m.text() == "send" => {
            method(of).filter(|(_, m)| m.text() == "get").map(|_| "get".to_owned())?
        }
        Some((_, m)) => words(m.text()).first()?.clone(),
        None => words(at.child(Field::Function)?.text().rsplit("::").next()?).first()?.clone(),
    };
    (waits && matches!(name.as_str(), "get" | "fetch" | "load" | "find" | "list" | "count" | "query" | "lookup"))
        .then_some(at)
}
