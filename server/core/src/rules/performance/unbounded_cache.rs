use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::Block;
use crate::blocks::BlockKind;
use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::requests::handles;
use crate::rules::shape::{mentions, root_name};
use crate::rules::support::{args, bare, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unbounded-cache",
    summary: "a cache only ever grows",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[401, 770],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a `Map`, `Set` or plain object of the module's top level that functions add to by keys of a request, or a list that is a log by its name and gets something from every request, and from \
              which nothing is ever taken away.",
        why: "In a server it holds every key that anybody ever sent: memory grows until the process is killed, and a \
              client that sends new keys makes that happen soon.",
        example: "const cache = new Map();\napp.get('/users/:id', async (req, res) => {\n  const id = req.params.id;\n  if (!cache.has(id)) cache.set(id, await load(id));\n  res.json(cache.get(id));\n});",
        instead: "const cache = new LRUCache({ max: 1000 });",
        limits: "Only where the key is seen to be part of a request, or is a parameter by a name without end (`id`, `url`, `email`) of an async function; what is passed elsewhere, exported, cleared, or bounded by \
                 its size is left alone, and so are `WeakMap` and `WeakSet`.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.ts",
            "export class OrderService {\n  private cache = new Map<string, Order>(); //~ unbounded-cache\n  async get(id: string) { const hit = this.cache.get(id); if (hit) return hit; const o = await load(id); this.cache.set(id, o); return o; }\n}",
        ),
        Case::near_miss(
            "a.ts",
            "export class OrderService { private cache = new Map<string, Order>(); async get(id: string) { const o = await load(id); this.cache.set(id, o); return o; } drop(id: string) { this.cache.delete(id); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export class OrderLoader { private cache = new Map<string, Order>(); async get(id: string) { const o = await load(id); this.cache.set(id, o); return o; } }",
        ),
        Case::bad(
            "a.js",
            "const history = []; //~ unbounded-cache\napp.use((req, res, next) => { history.push({ url: req.url, at: Date.now() }); next(); });\napp.get('/history', (req, res) => { res.json(history); });",
        ),
        Case::near_miss(
            "a.js",
            "const history = [];\napp.use((req, res, next) => { history.push(req.url); if (history.length > 100) history.shift(); next(); });",
        ),
        Case::near_miss(
            "a.js",
            "const todos = [];\napp.post('/todos', (req, res) => { todos.push(req.body); res.json(todos); });",
        ),
        Case::bad(
            "a.js",
            "const seen = new Map();\napp.get('/:k', (req, res) => { seen.set(req.params.k, Date.now()); res.end(); });\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.js",
            "const userCache = new Map();\nexport async function get(req) { const id = req.params.id; if (!userCache.has(id)) userCache.set(id, await load(id)); return userCache.get(id); }\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.ts",
            "const hits = new Map<string, number>();\nexport const count = (req: Request) => { const key = `${req.ip}:${req.path}`; hits.set(key, (hits.get(key) ?? 0) + 1); };\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.js",
            "const visitors = new Set();\nfunction see(req) { visitors.add(req.headers['x-id']); }\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.js",
            "const tokenCache = new Map();\napp.get('/x', (req, res) => { tokenCache.set(req.query.t, 1); res.end('this handler is long enough to be a block of its own in the tree of blocks, as most handlers are'); });\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.js",
            "const cache = new Map(), other = 1;\nfunction f(ctx) { const { id } = ctx.params; cache.set(id, other); }\n//~^^ unbounded-cache",
        ),
        Case::good(
            "a.js",
            "const cache = new Map();\nfunction user(id) { if (!cache.has(id)) cache.set(id, load(id)); return cache.get(id); }",
        ),
        Case::good(
            "a.js",
            "const cache = new Map();\nfunction f(req) { cache.set(req.params.k, 1); }\nfunction g(k) { cache.delete(k); }",
        ),
        Case::good(
            "a.js",
            "const cache = new Map();\nfunction f(req) { if (cache.size > 100) cache.clear(); cache.set(req.params.k, 1); }",
        ),
        Case::good("a.js", "const cache = new WeakMap();\nfunction f(req) { cache.set(req.body, 1); }"),
        Case::good("a.js", "const cache = new LRU(100);\nfunction f(req) { cache.set(req.params.k, 1); }"),
        Case::good("a.js", "function f(req) { const cache = new Map(); cache.set(req.params.k, 2); return cache; }"),
        Case::good(
            "a.js",
            "let cache = new Map();\nfunction f(req) { cache.set(req.params.k, 1); }\nfunction reset() { cache = new Map(); }",
        ),
        Case::bad(
            "a.js",
            "const sessions = {}; //~ unbounded-cache\napp.get('/s', (req, res) => { sessions[req.query.id] = { at: Date.now() }; res.end(); });",
        ),
        Case::near_miss(
            "a.js",
            "const sessions = {};\napp.get('/s', (req, res) => { sessions[req.query.id] = 1; res.end(); });\napp.get('/x', (req, res) => { delete sessions[req.query.id]; res.end(); });",
        ),
        Case::near_miss("a.js", "export const cache = new Map();\nfunction f(req) { cache.set(req.params.k, 1); }"),
        Case::near_miss(
            "a.js",
            "const cache = new Map();\nfunction f(req) { cache.set(req.params.k, 1); }\nregister(cache);",
        ),
        Case::near_miss("a.js", "const cache = new Map();\nfunction f(req) { cache.set('last', req.params.k); }"),
        Case::bad(
            "a.ts",
            "const cache = new Map<string, User>(); //~ unbounded-cache\nexport async function user(id: string) { const hit = cache.get(id); if (hit) return hit; const u = await load(id); cache.set(id, u); return u; }",
        ),
        Case::near_miss(
            "a.ts",
            "const cache = new Map<string, Plugin>();\nexport async function plugin(name: string) { const hit = cache.get(name); if (hit) return hit; const p = await load(name); cache.set(name, p); return p; }",
        ),
        Case::near_miss(
            "a.ts",
            "const cache = new Map<string, User>();\nexport async function user(id: string) { if (cache.size > 100) cache.clear(); const u = await load(id); cache.set(id, u); return u; }",
        ),
        Case::good(
            "a.ts",
            "const cache = new Map<string, string>();\nexport function get(req: Request) { const k = req.params.id; if (cache.size > 500) { cache.delete(cache.keys().next().value); } cache.set(k, load(k)); }",
        ),
    ],
};

fn check(cx: &mut Cx<'_>) {
    if cx.block.kind() == BlockKind::Container {
        class(cx);
    }
    if cx.block.kind() != BlockKind::Module {
        return;
    }
    let mut notes = Vec::new();
    for node in cx.arena().root().named_children() {
        if !matches!(node.kind(), Kind::LexicalDeclaration | Kind::VariableDeclaration) {
            continue;
        }
        for declarator in node.named_children() {
            let (Some(name), Some(value)) = (declarator.child(Field::Name), declarator.child(Field::Value).map(bare))
            else {
                continue;
            };
            let empty = is_new_store(value)
                || value.kind() == Kind::Object && value.first_named().is_none()
                || value.kind() == Kind::Array && value.first_named().is_none() && is_log(name.text())
                || value.text() == "Object.create(null)";
            if !empty || name.kind() != Kind::Identifier {
                continue;
            }
            let mut uses = Uses::default();
            visit(cx, cx.block, name, 0, &mut uses);
            if uses.grows && uses.asked && !uses.bounded {
                let message = format!(
                    "Functions add to `{}` by keys that they are given, and nothing is ever taken away: it grows as long as the process lives. Bound its size, or let entries expire.",
                    name.text()
                );
                notes.push(Note::new(cx.rule, name.span(), message));
            }
        }
    }
    notes.into_iter().for_each(|n| cx.report(n));
}

/// `new Map()`, `new Set()`.
fn is_new_store(value: Node<'_>) -> bool {
    let kind = value.child(Field::Constructor).map_or("", Node::text);
    value.kind() == Kind::NewExpression && matches!(kind, "Map" | "Set") && args(value).next().is_none()
}

/// Last words of classes of which a program has one, as long as it runs.
const LASTING: &[&str] = &["service", "repository", "manager", "controller", "provider", "gateway", "resolver"];

/// A private field of a service that only ever grows.
fn class(cx: &mut Cx<'_>) {
    let Some(name) = cx.block.name() else { return };
    let lasting = crate::rules::support::words(name).last().is_some_and(|w| LASTING.contains(&w.as_str()));
    if !lasting {
        return;
    }
    let fields = cx.arena().nodes().filter(|n| matches!(n.kind(), Kind::PublicFieldDefinition | Kind::FieldDefinition));
    let mut notes = Vec::new();
    for field in fields {
        let (Some(name), Some(value)) =
            (field.child(Field::Name).or_else(|| field.child(Field::Property)), field.child(Field::Value).map(bare))
        else {
            continue;
        };
        let private = field.text().starts_with("private ") || name.text().starts_with(['#', '_']);
        if !is_new_store(value) || !private || field.text().starts_with("static") {
            continue;
        }
        let mut uses = Uses::default();
        within(cx.block, name.text(), 0, &mut uses);
        if uses.grows && uses.asked && !uses.bounded {
            let message = format!(
                "Methods add to `{}` by keys that they are given, and nothing is ever taken away: it grows as long as the service lives. Bound its size, or let entries expire.",
                name.text()
            );
            notes.push(Note::new(cx.rule, name.span(), message));
        }
    }
    notes.into_iter().for_each(|n| cx.report(n));
}

/// Looks at every mention of `this.name` in a class.
fn within(block: &Block, name: &str, depth: usize, uses: &mut Uses) {
    if depth > 30 {
        uses.bounded = true;
        return;
    }
    for n in block.arena().nodes() {
        // `const { cache } = this`, and whatever else is called so.
        let other = matches!(n.kind(), Kind::ShorthandPropertyIdentifierPattern | Kind::String)
            && n.text().trim_matches(['\'', '"']) == name;
        uses.bounded |= other;
        let own = n.kind() == Kind::MemberExpression
            && n.child(Field::Property).is_some_and(|p| p.text() == name)
            && n.child(Field::Object).is_some_and(|o| o.kind() == Kind::This);
        if !own {
            continue;
        }
        let member = n.parent().filter(|p| p.kind() == Kind::MemberExpression && n.field() == Field::Object);
        let Some((member, call)) = member.and_then(|m| Some((m, m.parent()?))) else {
            uses.bounded = true;
            continue;
        };
        match member.child(Field::Property).map_or("", Node::text) {
            "get" | "has" | "forEach" | "values" | "keys" | "entries" => {}
            "set" | "add" => {
                let open = args(call).next().map(bare).is_some_and(|k| is_open(k) || is_asked(k));
                (uses.grows, uses.asked) = (uses.grows || open, uses.asked || open);
            }
            _ => uses.bounded = true,
        }
    }
    for child in block.children() {
        within(child, name, depth + 1, uses);
    }
}

#[derive(Default)]
struct Uses {
    grows: bool,
    /// Whether a key is part of a request.
    asked: bool,
    bounded: bool,
}

/// Looks at every mention of the variable, in this block and those inside it; `depth` counts blocks.
fn visit(cx: &Cx<'_>, block: &Block, declared: Node<'_>, depth: usize, uses: &mut Uses) {
    let name = declared.text();
    if depth > 30 {
        uses.bounded = true;
        return;
    }
    for n in block.arena().nodes() {
        let mentioned = matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) && n.text() == name;
        if !mentioned || n == declared {
            continue;
        }
        // `sessions[id] = ..` of an object, and reads of it.
        if let Some(slot) = n.parent().filter(|p| p.kind() == Kind::SubscriptExpression && n.field() == Field::Object) {
            let stored =
                slot.field() == Field::Left && slot.parent().is_some_and(|p| p.kind() == Kind::AssignmentExpression);
            let taken =
                slot.parent().is_some_and(|p| p.kind() == Kind::UnaryExpression && p.text().starts_with("delete"));
            let inside = depth > 0 || n.ancestors().any(is_function);
            let key = slot.child(Field::Index).map(bare);
            let cleared = slot
                .parent()
                .and_then(|p| p.child(Field::Right))
                .is_some_and(|v| matches!(bare(v).kind(), Kind::Undefined | Kind::Null));
            uses.bounded |= taken || stored && cleared;
            if stored {
                uses.grows |= inside && key.is_some_and(|k| !matches!(k.kind(), Kind::String | Kind::Number));
                uses.asked |= key.is_some_and(is_asked);
            }
            continue;
        }
        // `res.json(history)` shows it.
        let shown = n.parent().and_then(|p| p.parent()).and_then(method);
        if is_log(name)
            && shown.is_some_and(|(of, m)| of.text().starts_with("res") && matches!(m.text(), "json" | "send"))
        {
            continue;
        }
        let member = n.parent().filter(|p| p.kind() == Kind::MemberExpression && n.field() == Field::Object);
        let Some((member, call)) = member.and_then(|m| Some((m, m.parent()?))) else {
            // Passed on, exported, assigned anew, or another variable of that name.
            uses.bounded = true;
            continue;
        };
        match member.child(Field::Property).map_or("", Node::text) {
            "get" | "has" | "forEach" | "values" | "keys" | "entries" => {}
            // What every request leaves in a log of its own.
            "push" if is_log(name) => {
                let asked = n.ancestors().filter(|a| is_function(*a)).any(|f| handles(f, cx));
                (uses.grows, uses.asked) = (uses.grows || asked, uses.asked || asked);
            }
            "set" | "add" => {
                let inside = depth > 0 || n.ancestors().any(is_function);
                let key = args(call).next().map(bare);
                let open = key.is_some_and(|k| !matches!(k.kind(), Kind::String | Kind::Number));
                uses.grows |= inside && open;
                uses.asked |= key.is_some_and(|k| is_asked(k) || is_open(k));
            }
            _ => uses.bounded = true,
        }
    }
    for child in block.children() {
        visit(cx, child, declared, depth + 1, uses);
    }
}

/// Whether a list is a log, by its name, and no store that a program keeps in memory on purpose.
fn is_log(name: &str) -> bool {
    const LOGS: &[&str] = &[
        "history", "log", "logs", "requests", "visits", "hits", "events", "audit", "trail", "errors", "timings",
        "metrics",
    ];
    crate::rules::support::words(name).last().is_some_and(|w| LOGS.contains(&w.as_str()))
}

/// Whether a key is a parameter whose name says that there is no end of its values, in a function that fetches what it keeps.
fn is_open(key: Node<'_>) -> bool {
    const OPEN: &[&str] = &[
        "url", "uri", "href", "id", "email", "query", "token", "ip", "username", "slug", "search", "term", "address",
        "session",
    ];
    let telling = key.kind() == Kind::Identifier
        && crate::rules::support::words(key.text()).last().is_some_and(|w| OPEN.contains(&w.as_str()));
    telling
        && key.ancestors().filter(|a| is_function(*a)).any(|f| {
            crate::rules::shape::parameters(f).iter().any(|p| p.text() == key.text())
                && f.descendants_until(is_function).any(|n| n.kind() == Kind::AwaitExpression)
        })
}

/// Whether a key comes from a request: `req.params.id`, or a variable that is made of one.
fn is_asked(key: Node<'_>) -> bool {
    let of_request = |n: Node<'_>| {
        n.descendants().any(|m| {
            m.kind() == Kind::MemberExpression
                && root_name(m).is_some_and(|r| matches!(r.text(), "req" | "request" | "ctx" | "event"))
        })
    };
    let named = key.kind() == Kind::Identifier
        && key.arena().nodes().any(|n| {
            n.kind() == Kind::VariableDeclarator
                && n.child(Field::Name).is_some_and(|d| mentions(d, key.text()) || d.text().contains(key.text()))
                && n.child(Field::Value).is_some_and(of_request)
        });
    named || of_request(key)
}
