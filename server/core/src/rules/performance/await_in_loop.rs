use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::lists::{is_data, is_one_of_data};
use crate::rules::queries::is_lookup;
use crate::rules::shape::{is_said, mentions, root_name};
use crate::rules::support::{args, bare, is_function, is_loop, method, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "await-in-loop",
    summary: "independent waits run one after another",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `await` in a `for .. of` loop (in Rust: `for .. in`) over a list, where no round needs what another one gave.",
        why: "Each round waits for the one before it: 50 requests of 100 ms take five seconds instead of one tenth of \
              one. `Promise.all`, or `futures::future::try_join_all` and `buffered` in Rust, starts them together.",
        example: "const pages = [];\nfor (const url of urls) {\n  pages.push(await fetch(url));\n}",
        instead: "const pages = await Promise.all(urls.map((url) => fetch(url)));",
        limits: "Silent where the order matters or is not known not to: a variable or field carried from round to round, \
              `break`, `return` or `throw` in the loop or in a handler, waiting on purpose (`sleep`, `delay`, retries), \
              transactions, migrations, streams, locks, writes to one place (`write`, `run`, `exec`, `save`, \
              `next`), and `for await`. Only calls whose names say that they read or send one thing (`get`, `fetch`, `load`, \
              `find`, `send`, `upload`, ..; of the object's own methods those that `fetch`, `load` or send) are reported, and only over lists of data (`ids`, `urls`, `users`): a few plugins that are \
              loaded one after another cost nothing.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::ForInStatement, Kind::ForStatement], check),
        Check::Nodes(&[Kind::ForExpression], rust_check),
    ],
    cases: &[
        Case::near_miss(
            "src/scripts/migrate.ts",
            "export async function migrate(files: string[]) { const all = {}; for (const file of files) { all[file] = JSON.parse(await fs.readFile(file, 'utf8')); } return all; }",
        ),
        Case::near_miss(
            "a.js",
            "export async function load(scripts, options) { const read = []; for (const script of toArray(scripts)) { const loaded = await loadFile(script, options); read.push(loaded); } return read; }",
        ),
        Case::near_miss(
            "a.js",
            "class W { async paths(hashes) { const out = []; for (const hash of hashes) { const path = await this.getPath(hash); if (path) { out.push(path); } } return out; } }",
        ),
        Case::near_miss(
            "a.js",
            "async function metas(db, hashes) { const out = []; for (const hash of hashes) { const m = await db.getMeta(hash); assert(m); out.push(m); } return out; }",
        ),
        Case::near_miss(
            "a.js",
            "async function clean(devices, zb) { const out = []; for (const device of devices) { const e = await zb.resolveEntity(device); if (e) { out.push(e); } } return out; }",
        ),
        Case::bad(
            "a.ts",
            "async function dirs(uris: U[], files: F) { const out: U[] = []; for (const uri of uris) { const stat = await files.resolve(uri); if (stat.isDirectory) { out.push(uri); } } return out; } //~ await-in-loop",
        ),
        Case::near_miss(
            "a.js",
            "async function up(files, to) { let client; try { client = await getClient(to); for (const file of files) { await client.uploadFile(file, to.path); } } finally { client.end(); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function all(nodes, vite) { const deps = new Set(); for (const node of nodes) { await find_deps(vite, node, deps); } return deps; }",
        ),
        Case::near_miss(
            "a.js",
            "async function post(relations, options) { for (const { value, field, context } of relations) { context[field.name] = await getRelation(value, field, options); } }",
        ),
        Case::near_miss(
            "a.js",
            "class Q { async has() { const out = []; for (const item of this.items) { const r = await findNodes({ items: [item], cache: this.cache }); if (r.size) { out.push(item); } } return out; } }",
        ),
        Case::near_miss(
            "a.ts",
            "class L { async drop(first: E) { const uploadEntry = async (entry: E) => { for (const child of await entries(entry)) { await uploadEntry(child); } }; await uploadEntry(first); } }",
        ),
        Case::near_miss(
            "a.ts",
            "async function restore(savedMessages: M[], runtime: R) { for (const message of savedMessages) { await runtime.notifyOpReplay(message); } }",
        ),
        Case::near_miss(
            "a.js",
            "class P { async run(images) { const out = []; for (const image of images) { out.push(await this.model.generate(image)); } return out; } }",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(snaps: S[]) { const out = [];\n  // this takes no time: faster than Promise.all\n  for (const s of snaps) { out.push(await convertSnapshot(s)); } return out; }",
        ),
        Case::bad(
            "a.ts",
            "async function total(skus: string[]) { let total = 0; for (const sku of skus) { const p = await fetchProduct(sku); total += p.price; } return total; } //~ await-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "async function total(skus: string[]) { let total = 0; for (const sku of skus) { const p = await fetchProduct(sku, total); total += p.price; } return total; }",
        ),
        Case::bad(
            "a.js",
            "async function f(urls) { const out = []; for (const url of urls) { out.push(await fetch(url)); } return out; } //~ await-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(ids) {\n  const users = [];\n  for (const id of ids) {\n    const user = await loadUser(id); //~ await-in-loop\n    users.push(user);\n  }\n  return users;\n}",
        ),
        Case::bad(
            "a.js",
            "async function f(files) { const m = new Map(); for (const file of files) { m.set(file, await readFile(file)); } return m; } //~ await-in-loop",
        ),
        Case::bad(
            "a.ts",
            "async function f(ids: string[], db: Db) { const r: R[] = []; for (const id of ids) { r.push(await db.fetchOne(id)); } return r; } //~ await-in-loop",
        ),
        Case::bad(
            "a.js",
            "const f = async (xs) => { const o = {}; for (const x of xs) { o[x.id] = await this.fetchDetails(x); } return o; }; //~ await-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(paths) { const out = []; for (const p of paths) { const s = await fs.stat(p); if (s.isFile()) out.push(p); } return out; } //~ await-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(xs) { for (const x of xs) { x.size = await getSize(x.path); } } //~ await-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(links) { const mods = []; for (const n of links) { const { a } = await fetchModule(n); mods.push({ n, a }); } return mods; } //~ await-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(this: B) { const namers = await this.config.getNamers(); for (const namer of namers) { await this.loadConfig(namer); } }",
        ),
        Case::near_miss(
            "a.ts",
            "class D { async sign(chunks: Buffer[]) { for (const chunk of chunks) { await this.transport.send(CLA, INS, 0, chunk); } } }",
        ),
        Case::near_miss(
            "a.ts",
            "class S { async end() { for (const task of this.tasks) { await task.call(this); } } }",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(plugins: Plugin[]) { for (const plugin of plugins) { const m = await loadModule(plugin.name); m.init(); } }",
        ),
        Case::bad(
            "a.ts",
            "async function heads(log: Log) { const out = []; for (const { hash } of await log.heads()) { out.push(await getBlock(hash)); } return out; } //~ await-in-loop",
        ),
        Case::good("a.js", "async function f(urls) { return Promise.all(urls.map((url) => fetch(url))); }"),
        Case::good("a.js", "async function f(stream) { for await (const x of stream) { await fetch(x); } }"),
        Case::good("a.js", "async function f(xs) { for (const x of xs) { use(x); } await load(xs); }"),
        Case::good(
            "a.js",
            "async function f(urls) { for (const u of urls) { const r = await fetch(u); if (r.ok) return r; } }",
        ),
        Case::good(
            "a.js",
            "async function f(xs) { let last = null; for (const x of xs) { last = await load(x, last); } return last; }",
        ),
        Case::good("a.js", "async function f(xs) { for (const x of xs) { await write(x); } }"),
        Case::good("a.js", "async function f(xs) { for (const x of xs) { await load(x); await sleep(100); } }"),
        Case::good(
            "a.js",
            "async function f(xs) { for (const x of xs) { try { use(await load(x)); } catch (e) { throw new Error(x); } } }",
        ),
        Case::bad(
            "a.js",
            "async function f(xs) { const out = []; for (const x of xs) { try { out.push(await load(x)); } catch (e) { log(e); } } return out; } //~ await-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(users) { for (const user of users) { await sendEmail(user.email); } } //~ await-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(files, api) { for (let i = 0; i < files.length; i++) { await api.upload(files[i]); } } //~ await-in-loop",
        ),
        Case::bad(
            "a.ts",
            "async function f(files: string[], m: M) { for (let i = 0, n = files.length; i < n; i += 1) { const b = await readFile(files[i]!); m.set(files[i], b); } } //~ await-in-loop",
        ),
        Case::bad(
            "a.ts",
            "async function f(rows: Row[], api: Api) { for (const [i, row] of rows.entries()) { await api.upload(row.id); } } //~ await-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "class U { async all(uri: U, entries: E[], context: C) { for (const entry of entries) { await this.indexEntry(uri, entry, context); } } }",
        ),
        Case::good("a.js", "async function f(n, api) { for (let i = 0; i < n; i++) { await api.upload(i); } }"),
        Case::bad(
            "a.js",
            "async function f(urls) { const pages = {}; for (const url of urls) { const res = await fetch(url); pages[url] = await res.text(); } return pages; } //~ await-in-loop",
        ),
        Case::bad(
            "a.js",
            "async function f(urls) { const out = []; for (const url of urls) { out.push(await (await fetch(url)).json()); } return out; } //~ await-in-loop",
        ),
        Case::bad(
            "a.rs",
            "async fn all(urls: Vec<String>, c: &reqwest::Client) -> Vec<String> {\n    let mut out = vec![];\n    for u in urls {\n        out.push(c.get(u).send().await.unwrap().text().await.unwrap()); //~ await-in-loop\n    }\n    out\n}",
        ),
        Case::bad(
            "a.rs",
            "async fn f(hosts: &[String]) -> Vec<bool> { let mut up = vec![]; for h in hosts { up.push(ping_host(h).await); } up } //~ await-in-loop",
        ),
        Case::bad(
            "a.rs",
            "async fn f(&self, urls: &[String]) -> Vec<Page> { let mut out = vec![]; for url in urls { let page = self.fetch(url).await; out.push(page); } out } //~ await-in-loop",
        ),
        Case::bad(
            "a.ts",
            "async function f(ids: string[], http: Http) { const r: P[] = []; for (const id of ids) { const p = await http.get<P>(`/p/${id}`); r.push(p); } return r; } //~ await-in-loop",
        ),
        Case::near_miss(
            "a.js",
            "async function f(xs) { for (const x of xs) { xs2.push(async () => await load(x)); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(xs) { let total = 0; for (const x of xs) { if (total > 10) { continue; } total += (await getSize(x)).n; } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(db, xs) { const tx = await db.begin(); for (const x of xs) { await tx.get(x); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(root) { const paths = [join(root, 'a.ts'), join(root, 'b.ts')]; const out = []; for (const p of paths) { out.push(await readFile(p)); } return out; }",
        ),
        Case::near_miss("a.js", "async function f() { for (const w of ['a', 'b']) { use(await load(w)); } }"),
        Case::near_miss(
            "a.js",
            "async function f(xs) { const seen = []; for (const x of xs) { seen.push(await load(x, seen.length)); } }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(pages) { for (const p of pages) { const t = await p.read(); log(t); await p.next(); } }",
        ),
        Case::bad(
            "a.rs",
            "async fn f(&self, ids: &[u64]) -> Result<Vec<User>, E> {\n    let mut out = Vec::new();\n    for id in ids {\n        let user = self.fetch_user(*id).await?; //~ await-in-loop\n        out.push(user);\n    }\n    Ok(out)\n}",
        ),
        Case::bad(
            "a.rs",
            "async fn f(urls: Vec<String>) -> Vec<Page> { let mut out = vec![]; for url in urls { out.push(fetch(&url).await.unwrap()); } out } //~ await-in-loop",
        ),
        Case::bad(
            "a.rs",
            "async fn f(c: &Api, names: &[String]) -> HashMap<String, u64> { let mut m = HashMap::new(); for n in names { m.insert(n.clone(), c.get_size(n).await); } m } //~ await-in-loop",
        ),
        Case::bad(
            "a.rs",
            "async fn f(paths: &[PathBuf]) -> u64 { let mut total = 0; for p in paths { total += tokio::fs::metadata(p).await.unwrap().len(); } total } //~ await-in-loop",
        ),
        Case::good(
            "a.rs",
            "async fn f(ids: &[u64]) { let all = join_all(ids.iter().map(|id| fetch(*id))).await; go(all); }",
        ),
        Case::good("a.rs", "async fn f(xs: &[u8]) { for x in xs { send(x).await; } }"),
        Case::good(
            "a.rs",
            "async fn f(ids: &[u64]) -> Option<User> { for id in ids { if let Some(u) = fetch(*id).await { return Some(u); } } None }",
        ),
        Case::good(
            "a.rs",
            "async fn f(ids: &[u64]) -> u64 { let mut last = 0; for id in ids { last = fetch(*id, last).await; } last }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn f(tx: &mut Transaction, ids: &[u64]) { let mut out = vec![]; for id in ids { out.push(tx.get(*id).await); } go(out); }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn f(conn: &mut Conn, ids: &[u64]) { let mut out = vec![]; for id in ids { out.push(load_user(&mut *conn, *id).await); } go(out); }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn f(ids: &[u64]) { let mut out = vec![]; for id in ids { out.push(fetch(*id).await); tokio::time::sleep(D).await; } go(out); }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn f(ids: &[u64]) { let mut out = vec![]; for id in ids { out.push(async move { fetch(*id).await }); } go(out); }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn f() { let mut out = vec![]; for name in [\"a\", \"b\"] { out.push(fetch(name).await); } go(out); }",
        ),
        Case::near_miss(
            "a.js",
            "async function f(names) {\n  // download artifacts sequentially one after another\n  for (const name of names) {\n    await download(name);\n  }\n}",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(urls: string[]) { for (const u of urls) {\n  // the service allows one request at a time\n  await fetch(u); } }",
        ),
        Case::bad(
            "a.ts",
            "async function f(skus: string[]) { const out = new Map(); for (let i = 0; i < skus.length; i += 1) { const p = await fetchPrice(skus[i]); out.set(skus[i], p); } return out; } //~ await-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "async function replay(thread: Thread, events: E[]) { for (const event of events) { await thread.processEvent(event); } }",
        ),
        Case::bad(
            "a.ts",
            "async function total(files: string[]) {\n  let sum = 0;\n  for (let i = 0; i < files.length; i++) {\n    sum += await sizeOf(files[i]); //~ await-in-loop\n  }\n  return sum;\n}",
        ),
        Case::near_miss(
            "a.js",
            "async function steps(paths) { for (const path of paths) { bdd.setFile(path); await loadSteps(path); bdd.clearFile(); } }",
        ),
        Case::bad(
            "a.rs",
            "async fn f(client: &reqwest::Client, urls: &[String]) -> reqwest::Result<Vec<String>> { let mut out = Vec::new(); for u in urls {\n    let body = client.get(u).send().await?; //~ await-in-loop\n    out.push(body.text().await?);\n} Ok(out) }",
        ),
    ],
};

/// First words of functions that only read.
const READS: &[&str] = &[
    "get", "fetch", "load", "find", "read", "stat", "lstat", "resolve", "lookup", "retrieve", "download", "describe",
    "exists", "access", "realpath", "compute", "search", "size", "count", "verify",
];

/// First words of functions that do one thing for one element (TypeScript and JavaScript).
const SENDS: &[&str] = &[
    "send",
    "notify",
    "email",
    "mail",
    "upload",
    "translate",
    "invite",
    "charge",
    "refund",
    "enrich",
    "scrape",
    "crawl",
    "ping",
    "post",
];

/// First words of functions that do one thing for one element (Rust, where `send` and `process` mostly go to one place).
const RUST_SENDS: &[&str] = &[
    "notify",
    "email",
    "upload",
    "check",
    "validate",
    "convert",
    "render",
    "translate",
    "enrich",
    "scrape",
    "crawl",
    "ping",
    "resize",
    "compress",
    "probe",
    "query",
];

/// Words that tell that order or pace is the point.
const ORDERED: &[&str] = &[
    "sleep",
    "delay",
    "wait",
    "retry",
    "attempt",
    "tx",
    "trx",
    "transaction",
    "lock",
    "mutex",
    "migration",
    "migrate",
    "reader",
    "stream",
    "cursor",
    "page",
    "browser",
    "prompt",
    "question",
    "rl",
    "readline",
    "queue",
    "throttle",
    "limit",
    "limiter",
    "next",
    "token",
    "iterator",
    "socket",
    "connection",
    "conn",
    "client",
    "session",
    "transport",
    "apdu",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(body) = node.child(Field::Body) else { return };
    let (bound, head_end) = if node.kind() == Kind::ForStatement {
        let Some((index, end)) = counted(node) else { return };
        (vec![index], end)
    } else {
        let (Some(left), Some(over)) = (node.child(Field::Left), node.child(Field::Right)) else { return };
        if node.child(Field::Operator).is_none_or(|o| o.text() != "of")
            || node.has_token("await")
            || crate::rules::support::constant(bare(over)).kind() == Kind::Array
                && crate::rules::support::constant(bare(over))
                    .first_named()
                    .is_some_and(|e| e.kind() != Kind::SpreadElement)
        {
            return;
        }
        (bound_names(left), over.span().end)
    };
    let inside = || body.descendants_until(is_function);
    let awaits: Vec<Node<'a>> = inside().filter(|n| n.kind() == Kind::AwaitExpression).collect();
    // One call that reads, with the round's own element; what follows it reads the answer (`await response.json()`).
    let body_of = |n: &Node<'a>| {
        n.first_named().map(bare).and_then(method).is_some_and(|(of, m)| {
            matches!(of.kind(), Kind::Identifier | Kind::AwaitExpression)
                && matches!(m.text(), "json" | "text" | "blob" | "arrayBuffer" | "formData" | "buffer")
        })
    };
    let answers: Vec<Node<'a>> = awaits.iter().copied().filter(|n| !body_of(n)).collect();
    let [only] = answers.as_slice() else { return };
    // The grammar reads `await get<T>(x)` as a call of `await get`.
    let typed = only.parent().filter(|p| p.kind() == Kind::CallExpression && p.child(Field::Function) == Some(*only));
    let inner = only.first_named().map(bare).filter(|c| c.kind() == Kind::CallExpression);
    let Some(mut call) = inner.or(typed) else { return };
    // `s3.getObject(..).promise()`.
    while let Some((of, name)) = method(call)
        && matches!(name.text(), "promise" | "toPromise" | "catch")
        && bare(of).kind() == Kind::CallExpression
    {
        call = bare(of);
    }
    let Some(callee) = call.child(Field::Function) else { return };
    let callee = if callee == *only { only.first_named().unwrap_or(callee) } else { callee };
    // `task.call(this)` runs the task, whatever that does.
    let applied = method(call).is_some_and(|(_, m)| m.text() == "call")
        && call.child(Field::Arguments).and_then(Node::first_named).is_some_and(|a| a.kind() == Kind::This);
    let reads = !applied
        && place_name(callee).is_some_and(|n| {
            // `resolveEntity(device)` looks into what is known already.
            words(&n).first().is_some_and(|w| {
                READS.contains(&w.as_str()) && (w != "resolve" || n.as_ref() == "resolve")
                    || SENDS.contains(&w.as_str())
            })
        });
    // What an object reads of its own lies in memory, or in a file beside it, as often as far away: `this.getCredit(hash)`.
    const OWN: &[&str] =
        &["get", "read", "find", "lookup", "count", "exists", "search", "compute", "verify", "resolve", "size"];
    let reads = reads
        && !method(call).is_some_and(|(of, m)| {
            of.kind() == Kind::This && words(m.text()).first().is_some_and(|w| OWN.contains(&w.as_str()))
        });
    // A model computes on this machine, one thing at a time.
    let computes = method(call).is_some_and(|(of, _)| place_name(of).as_deref() == Some("model"));
    // `query-in-loop` tells of those: one query is better than many at a time.
    // A walk through folders goes on where it is.
    let itself = place_name(callee).is_some_and(|n| {
        let named = |f: Node<'a>| f.child(Field::Name).or_else(|| f.parent().and_then(|p| p.child(Field::Name)));
        cx.block.name() == Some(n.as_ref())
            || node.ancestors().filter(|a| is_function(*a)).filter_map(named).any(|f| f.text() == n)
    });
    // Rounds that are handed something of the object's own share it: a cache that one fills for the next.
    let shares = call.child(Field::Arguments).is_some_and(|a| a.descendants().any(|n| n.kind() == Kind::This));
    // So do those that fill one set, and those that speak over one connection: `const client = await getClient()`.
    let shares = shares
        || args(call).map(bare).any(|a| {
            let made = crate::rules::shape::declarator(a).and_then(|d| d.child(Field::Value)).map(bare);
            a.kind() == Kind::Identifier
                && !bound.contains(&a.text())
                && made.is_some_and(|v| v.kind() == Kind::NewExpression)
        })
        || method(call).is_some_and(|(of, _)| of.kind() == Kind::Identifier && is_awaited_for(of));
    if !reads
        || shares
        || computes
        || itself
        || is_lookup(call)
        || inside().any(stops)
        || node.ancestors().take_while(|a| !is_function(*a)).any(is_loop)
    {
        return;
    }
    if !bound.iter().any(|b| mentions(call, b)) {
        return;
    }
    if node.descendants().any(|n| {
        matches!(n.kind(), Kind::Identifier | Kind::PropertyIdentifier)
            && words(n.text()).iter().any(|w| {
                ORDERED.contains(&w.as_str()) && w != "client" && (w != "page" || call.span().contains(n.span()))
            })
    }) {
        return;
    }
    // Scripts, and what people name at a command line or one or many of an option, are a few.
    let few = node.child(Field::Right).map(bare).is_some_and(|l| {
        l.kind() == Kind::MemberExpression && l.child(Field::Property).is_some_and(|p| p.text() == "_")
            || l.child(Field::Function).and_then(place_name).is_some_and(|n| {
                matches!(n.as_ref(), "toArray" | "castArray" | "asArray" | "arrify" | "ensureArray" | "makeArray")
            })
    });
    if few || crate::rules::shape::runs_by_hand(&cx.file.path) {
        return;
    }
    if wants_order(node, cx) || happens_in_order(*only, callee, &bound) {
        return;
    }
    // A few plugins that are loaded one after another cost nothing that anybody waits for; a list of users does.
    let many = match node.child(Field::Right).filter(|_| node.kind() != Kind::ForStatement) {
        Some(list) => is_data(list),
        None => counted_list(node).is_some_and(is_data),
    };
    if !many && !bound.iter().any(|b| is_one_of_data(b) && (*b != "value" || bound.len() == 1)) {
        return;
    }
    let mut own: Vec<&str> = bound;
    for n in inside().filter(|n| n.kind() == Kind::VariableDeclarator) {
        own.extend(n.child(Field::Name).map(bound_names).unwrap_or_default());
    }
    if inside().any(|n| carries(n, &own, body)) {
        return;
    }
    let mut head = node.span();
    head.end = head_end;
    let message = "No round needs what another one gave, and yet each waits for the one before. Start them together: `await Promise.all(list.map(..))`.";
    cx.report(Note::new(cx.rule, only.span(), message).related(head, "once a round"));
}

/// Whether a variable is given something that was waited for: `client = await getClient(options)`.
fn is_awaited_for(name: Node<'_>) -> bool {
    name.arena().nodes().any(|n| {
        let (left, right) = match n.kind() {
            Kind::AssignmentExpression => (n.child(Field::Left), n.child(Field::Right)),
            Kind::VariableDeclarator => (n.child(Field::Name), n.child(Field::Value)),
            _ => return false,
        };
        left.is_some_and(|l| l.text() == name.text()) && right.is_some_and(|r| bare(r).kind() == Kind::AwaitExpression)
    })
}

/// Whether things that happened one after another are handled, and what comes of it is not looked at: the second event is told of a
/// state that the first one made.
fn happens_in_order(waited: Node<'_>, callee: Node<'_>, bound: &[&str]) -> bool {
    const HAPPENED: &[&str] = &[
        "event",
        "events",
        "action",
        "actions",
        "command",
        "commands",
        "step",
        "steps",
        "update",
        "updates",
        "change",
        "changes",
        "op",
        "ops",
        "operation",
        "operations",
        "mutation",
        "mutations",
        "patch",
        "packet",
        "packets",
        "frame",
        "delta",
        "instruction",
        "statement",
    ];
    let handles = place_name(callee)
        .is_some_and(|n| words(&n).first().is_some_and(|w| matches!(w.as_str(), "process" | "handle")));
    let unused = waited.parent().is_some_and(|p| p.kind() == Kind::ExpressionStatement);
    let happened = bound.iter().any(|b| words(b).last().is_some_and(|w| HAPPENED.contains(&w.as_str())));
    let replays =
        place_name(callee).is_some_and(|n| words(&n).iter().any(|w| matches!(w.as_str(), "replay" | "replays")));
    (handles && happened || replays) && unused
}

/// Whether a comment in the loop, or right above it, says that the order or the pace is meant.
fn wants_order(node: Node<'_>, cx: &Cx<'_>) -> bool {
    const SAID: &[&str] = &[
        "sequential",
        "one by one",
        " at a time",
        "one after",
        "in order",
        "in sequence",
        "serial",
        "in turn",
        "in series",
        "promise.all",
        "rate limit",
        "rate-limit",
        "throttl",
        "not parallel",
        "in parallel",
        "concurren",
        "overload",
    ];
    let span = node.span();
    let near = |c: Span| span.contains(c) || c.end <= span.start && span.start - c.end < 80;
    is_said(cx, near, SAID)
}

/// The index of `for (let i = 0; i < list.length; i++)`, and where its head ends.
fn counted<'a>(node: Node<'a>) -> Option<(&'a str, u32)> {
    let declared = node.child(Field::Initializer)?.named_children().find_map(|d| d.child(Field::Name))?;
    let condition = node.child(Field::Condition)?;
    let increment = node.child(Field::Increment)?;
    let list = counted_list(node);
    let step = increment.text().contains("++") || increment.text().replace(' ', "").ends_with("+=1");
    let up = step && mentions(increment, declared.text());
    let bounded = list.is_some() && condition.text().contains('<');
    (up && bounded && declared.kind() == Kind::Identifier).then(|| (declared.text(), increment.span().end))
}

/// The list of `for (let i = 0; i < list.length; i++)`.
fn counted_list<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let condition = node.child(Field::Condition)?;
    let length = |n: &Node<'a>| {
        n.kind() == Kind::MemberExpression && n.child(Field::Property).is_some_and(|p| p.text() == "length")
    };
    // `for (let i = 0, n = list.length; i < n; i++)`
    let counted = || {
        let bound = node.child(Field::Condition)?.child(Field::Right)?;
        let declared = node.child(Field::Initializer)?.named_children();
        let value = declared.filter(|d| d.child(Field::Name).is_some_and(|n| n.text() == bound.text())).last()?;
        value.child(Field::Value).filter(length)
    };
    condition.descendants().find(length).or_else(counted)?.child(Field::Object)
}

fn stops(n: Node<'_>) -> bool {
    match n.kind() {
        // `assert(credit)` throws.
        Kind::CallExpression => n.child(Field::Function).is_some_and(|f| f.text() == "assert"),
        // A round that fails by itself leaves the others alone.
        Kind::TryStatement => n.child(Field::Handler).is_none_or(|h| {
            h.descendants_until(is_function)
                .any(|s| matches!(s.kind(), Kind::ThrowStatement | Kind::ReturnStatement | Kind::BreakStatement))
        }),
        Kind::BreakStatement
        | Kind::ReturnStatement
        | Kind::ThrowStatement
        | Kind::YieldExpression
        | Kind::UpdateExpression => true,
        _ => false,
    }
}

fn bound_names<'a>(pattern: Node<'a>) -> Vec<&'a str> {
    pattern
        .descendants()
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern))
        .map(Node::text)
        .collect()
}

/// Whether a node changes something that lives longer than the round and that the round reads.
fn carries(n: Node<'_>, own: &[&str], body: Node<'_>) -> bool {
    match n.kind() {
        // A sum of what was waited for asks for no order; it must not be read by the round.
        Kind::AugmentedAssignmentExpression => {
            let sums = crate::rules::shape::operator(n) == "+="
                && n.child(Field::Right).is_some_and(|r| {
                    bare(r).kind() == Kind::AwaitExpression || root(Some(bare(r))).is_some_and(|r| own.contains(&r))
                });
            !root(n.child(Field::Left)).is_some_and(|r| own.contains(&r) || sums && count(body, r) == 1)
        }
        Kind::AssignmentExpression => {
            let Some(left) = n.child(Field::Left) else { return true };
            // A slot of a table by the round's own key is no carried value; a variable is.
            let slot =
                matches!(left.kind(), Kind::SubscriptExpression) || root(Some(left)).is_some_and(|r| own.contains(&r));
            !slot || root(Some(left)).is_some_and(|r| !own.contains(&r) && count(body, r) > 1)
        }
        Kind::CallExpression => {
            let Some((receiver, name)) = method(n) else { return false };
            let Some(root) = root(Some(receiver)) else { return false };
            // What is told before the call and taken back behind it holds for one round at a time: `registry.clearFile()`.
            let first = words(name.text()).first().cloned().unwrap_or_default();
            let told = matches!(
                first.as_str(),
                "clear" | "begin" | "start" | "stop" | "end" | "enter" | "leave" | "reset" | "restore"
            );
            if told && n.parent().is_some_and(|p| p.kind() == Kind::ExpressionStatement) && !own.contains(&root) {
                return true;
            }
            let collects = matches!(name.text(), "push" | "set" | "add" | "unshift");
            // What gathers results must not be looked at in the loop.
            collects && !own.contains(&root) && count(body, root) > 1
        }
        _ => false,
    }
}

fn root<'a>(place: Option<Node<'a>>) -> Option<&'a str> {
    root_name(place?).map(Node::text)
}

fn count(body: Node<'_>, name: &str) -> usize {
    body.descendants().filter(|n| matches!(n.kind(), Kind::Identifier | Kind::This) && n.text() == name).count()
}

// Rust.

fn rust_check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(over), Some(body)) =
        (node.child(Field::Pattern), node.child(Field::Value), node.child(Field::Body))
    else {
        return;
    };
    let elsewhere = |n: Node<'_>| is_function(n) || n.kind() == Kind::AsyncBlock;
    let inside = || body.descendants_until(elsewhere).filter(|n| !elsewhere(*n));
    let awaits: Vec<Node<'a>> = inside().filter(|n| n.kind() == Kind::AwaitExpression).collect();
    // One, or several in a chain: `client.get(url).send().await?.text().await?`.
    // What follows the one that asks may read its answer: `let r = client.get(url).send().await?; out.push(r.text().await?)`.
    let answer = |n: &Node<'a>| {
        let asked = n.first_named().and_then(method);
        asked.is_some_and(|(of, m)| {
            of.kind() == Kind::Identifier && matches!(m.text(), "text" | "json" | "bytes" | "into_string" | "body_json")
        })
    };
    let first = awaits.iter().find(|n| !answer(n)).copied();
    let awaits: Vec<Node<'a>> = awaits.into_iter().filter(|n| !answer(n) || first.is_none()).collect();
    let chained = awaits.windows(2).all(|w| w[0].span().contains(w[1].span()));
    let Some(only) = awaits.last().filter(|_| chained) else { return };
    let Some(call) = only.first_named().filter(|c| c.kind() == Kind::CallExpression) else { return };
    let Some(callee) = call.child(Field::Function) else { return };
    let name = callee.text().rsplit(['.', ':']).next().unwrap_or_default();
    let reads = words(name)
        .first()
        .is_some_and(|w| READS.contains(&w.as_str()) || RUST_SENDS.contains(&w.as_str()) || w == "metadata")
        // `client.get(url).send()` asks, and changes nothing.
        || name == "send" && [".get(", ".head("].iter().any(|asks| callee.text().contains(asks));
    // What is lent for changing is used by one round at a time.
    let exclusive = call.descendants().any(|n| n.kind() == Kind::MutableSpecifier);
    let literal = matches!(over.kind(), Kind::ArrayExpression | Kind::MacroInvocation)
        || over.kind() == Kind::RangeExpression && over.named_children().all(|n| n.kind() == Kind::IntegerLiteral);
    if !reads || exclusive || literal || inside().any(rust_stops) {
        return;
    }
    if node.ancestors().take_while(|a| !elsewhere(*a)).any(is_loop) {
        return;
    }
    let bound: Vec<&str> = rust_names(pattern);
    if !bound.iter().any(|b| call.descendants().any(|n| n.kind() == Kind::Identifier && n.text() == *b)) {
        return;
    }
    let telling = |n: Node<'_>| {
        matches!(n.kind(), Kind::Identifier | Kind::FieldIdentifier | Kind::TypeIdentifier)
            && words(n.text()).iter().any(|w| {
                // A client that is lent to be looked at serves many at a time.
                ORDERED.contains(&w.as_str()) && w != "client" && (w != "page" || call.span().contains(n.span()))
            })
    };
    if node.descendants().any(telling) {
        return;
    }
    let mut own = bound;
    for n in inside().filter(|n| matches!(n.kind(), Kind::LetDeclaration | Kind::LetCondition | Kind::MatchArm)) {
        own.extend(n.child(Field::Pattern).map(rust_names).unwrap_or_default());
    }
    if inside().any(|n| rust_carries(n, &own, body)) {
        return;
    }
    let mut head = node.span();
    head.end = over.span().end;
    let message = "No round needs what another one gave, and yet each waits for the one before. Run them together: `futures::future::try_join_all`, or a stream with `buffered(n)`.";
    cx.report(Note::new(cx.rule, only.span(), message).related(head, "once a round"));
}

fn rust_stops(n: Node<'_>) -> bool {
    matches!(n.kind(), Kind::BreakExpression | Kind::ReturnExpression)
        || n.kind() == Kind::MacroInvocation
            && n.child(Field::Macro).is_some_and(|m| matches!(m.text(), "panic" | "bail" | "yield_" | "select"))
}

fn rust_names<'a>(pattern: Node<'a>) -> Vec<&'a str> {
    std::iter::once(pattern)
        .chain(pattern.descendants())
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandFieldIdentifier))
        .map(Node::text)
        .collect()
}

/// Whether a node changes something that lives longer than the round and that the round reads.
fn rust_carries(n: Node<'_>, own: &[&str], body: Node<'_>) -> bool {
    let outside = |place: Option<Node<'_>>| match place.and_then(crate::rules::rust_code::root) {
        Some(root) if own.contains(&root.text()) => None,
        Some(root) => Some(root.text().to_owned()),
        None => Some(String::new()),
    };
    match n.kind() {
        // A sum asks for no order; it must not be read by the round.
        Kind::CompoundAssignmentExpr => outside(n.child(Field::Left)).is_some_and(|r| rust_count(body, &r) != 1),
        Kind::AssignmentExpression => outside(n.child(Field::Left)).is_some(),
        Kind::CallExpression => {
            let Some((receiver, name)) = method(n) else { return false };
            let collects = matches!(name.text(), "push" | "insert" | "push_back" | "extend" | "push_str");
            collects && outside(Some(receiver)).is_some_and(|r| r == "self" || rust_count(body, &r) != 1)
        }
        _ => false,
    }
}

fn rust_count(body: Node<'_>, name: &str) -> usize {
    body.descendants().filter(|n| n.kind() == Kind::Identifier && n.text() == name).count()
}
