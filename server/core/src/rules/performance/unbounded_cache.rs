use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::Block;
use crate::blocks::BlockKind;
use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, is_function, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unbounded-cache",
    summary: "a cache only ever grows",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Low,
    cwe: &[401, 770],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds a `Map`, `Set`, object or array of the module's top level that functions add to by keys of their \
              arguments, and from which nothing is ever taken away.",
        why: "In a server it holds every key that anybody ever sent: memory grows until the process is killed, and a \
              client that sends new keys makes that happen soon.",
        example: "const cache = new Map();\nexport async function user(id) {\n  if (!cache.has(id)) cache.set(id, await load(id));\n  return cache.get(id);\n}",
        instead: "const cache = new LRUCache({ max: 1000 });",
        limits: "Only names that say cache, in files that serve requests; what is passed elsewhere, exported, cleared, or \
              bounded by its size is left alone, and so are `WeakMap` and `WeakSet`. Off by default: whether the keys \
              are bounded is seldom seen in the code.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.js",
            "const cache = new Map();\nfunction user(id) { if (!cache.has(id)) cache.set(id, load(id)); return cache.get(id); }\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.js",
            "const userCache = new Map();\nexport async function get(req) { userCache.set(req.id, await load(req)); }\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.ts",
            "const cache = new Map<string, User>();\nexport const get = (id: string) => { const u = load(id); cache.set(id, u); return u; };\n//~^^ unbounded-cache",
        ),
        Case::bad("a.js", "const seenCache = new Set();\nfunction see(x) { seenCache.add(x); }\n//~^^ unbounded-cache"),
        Case::bad(
            "a.js",
            "let memo = new Map();\nexport function f(x) { memo.set(x, g(x)); return memo.get(x); }\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.js",
            "const resultCache = new Map();\nclass A { run(k) { resultCache.set(k, 1); } }\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.js",
            "const cache = new Map(), other = 1;\nfunction f(k) { cache.set(k, other); }\n//~^^ unbounded-cache",
        ),
        Case::bad(
            "a.js",
            "const tokenCache = new Map();\napp.get('/x', (req, res) => { tokenCache.set(req.query.t, 1); res.end('this handler is long enough to be a block of its own in the tree of blocks, as most handlers are'); });\n//~^^ unbounded-cache",
        ),
        Case::good(
            "a.js",
            "const cache = new Map();\nfunction f(k) { cache.set(k, 1); }\nfunction g(k) { cache.delete(k); }",
        ),
        Case::good(
            "a.js",
            "const cache = new Map();\nfunction f(k) { if (cache.size > 100) cache.clear(); cache.set(k, 1); }",
        ),
        Case::good("a.js", "const cache = new WeakMap();\nfunction f(k) { cache.set(k, 1); }"),
        Case::good("a.js", "const cache = new LRU(100);\nfunction f(k) { cache.set(k, 1); }"),
        Case::good("a.js", "function f() { const cache = new Map(); cache.set(1, 2); return cache; }"),
        Case::good("a.js", "const table = new Map();\nfunction f(k) { table.set(k, 1); }"),
        Case::good("a.js", "const cache = new Map([[1, 2]]);\nfunction f(k) { return cache.get(k); }"),
        Case::good(
            "a.js",
            "let cache = new Map();\nfunction f(k) { cache.set(k, 1); }\nfunction reset() { cache = new Map(); }",
        ),
        Case::near_miss("a.js", "const cache = new Map();\ncache.set('a', 1);\nfunction f(k) { return cache.get(k); }"),
        Case::near_miss("a.js", "export const cache = new Map();\nfunction f(k) { cache.set(k, 1); }"),
        Case::near_miss("a.js", "const cache = new Map();\nfunction f(k) { cache.set(k, 1); }\nregister(cache);"),
        Case::near_miss("a.js", "const cache = new Map();\nfunction f(k) { cache.set('last', k); }"),
    ],
};

fn check(cx: &mut Cx<'_>) {
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
            let kind = value.child(Field::Constructor).map_or("", Node::text);
            let empty =
                value.kind() == Kind::NewExpression && matches!(kind, "Map" | "Set") && args(value).next().is_none();
            let told = words(name.text()).iter().any(|w| matches!(w.as_str(), "cache" | "cached" | "memo" | "caches"));
            if !empty || !told || name.kind() != Kind::Identifier {
                continue;
            }
            let mut uses = Uses::default();
            visit(cx.block, name.text(), name, 0, &mut uses);
            if uses.grows && !uses.bounded {
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

#[derive(Default)]
struct Uses {
    grows: bool,
    bounded: bool,
}

/// Looks at every mention of the variable, in this block and those inside it; `depth` counts blocks.
fn visit(block: &Block, name: &str, declared: Node<'_>, depth: usize, uses: &mut Uses) {
    if depth > 30 {
        uses.bounded = true;
        return;
    }
    for n in block.arena().nodes() {
        let mentioned = matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) && n.text() == name;
        if !mentioned || n == declared {
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
            "set" | "add" => {
                let inside = depth > 0 || n.ancestors().any(is_function);
                let key = args(call).next().map(bare);
                let open = key.is_some_and(|k| !matches!(k.kind(), Kind::String | Kind::Number));
                uses.grows |= inside && open;
            }
            _ => uses.bounded = true,
        }
    }
    for child in block.children() {
        visit(child, name, declared, depth + 1, uses);
    }
}
