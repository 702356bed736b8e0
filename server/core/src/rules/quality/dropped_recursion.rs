use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::parameters;
use crate::rules::support::{bare, is_function, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "dropped-recursion",
    summary: "a search calls itself and drops what it finds",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[252],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds functions that look for something (`find..`, `get..`, `search..`, `has..`, `count..`), change nothing, and call themselves as a statement.",
        why: "What is found further down is dropped: the function finds only what lies at the top, and says of all else that it is not there.",
        example: "function findNode(nodes, id) {\n  for (const n of nodes) {\n    if (n.id === id) return n;\n    findNode(n.children, id);\n  }\n  return null;\n}",
        instead: "    const found = findNode(n.children, id);\n    if (found) return found;",
        limits: "Functions that store, push or call back anything are left alone: they may work by what they do.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ExpressionStatement], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function lookup(scope, name) { if (name in scope.names) return scope.names[name]; if (scope.outer) { lookup(scope.outer, name); } return undefined; } //~ dropped-recursion",
        ),
        Case::near_miss("a.js", "class P extends Q { get(name) { get(this.version); return super.get(name); } }"),
        Case::bad(
            "a.js",
            "function findNode(nodes, id) {\n  for (const n of nodes) {\n    if (n.id === id) return n;\n    findNode(n.children, id); //~ dropped-recursion\n  }\n  return null;\n}",
        ),
        Case::bad(
            "a.ts",
            "export function findDeep(items: Item[], id: string): Item | null { for (const i of items) { if (i.id === id) return i; findDeep(i.children, id); } return null; } //~ dropped-recursion",
        ),
        Case::bad(
            "a.ts",
            "class Tree { find(node: N, key: string): N | null { if (!node) return null; if (node.key === key) return node; if (key < node.key) { this.find(node.left, key); } return this.find(node.right, key); } } //~ dropped-recursion",
        ),
        Case::bad(
            "a.js",
            "function hasCycle(n) { if (n.seen) { return true; } if (n.next) { hasCycle(n.next); } return false; } //~ dropped-recursion",
        ),
        Case::bad(
            "a.js",
            "const getRoot = function getRoot(n) { if (!n.parent) return n; getRoot(n.parent); }; //~ dropped-recursion",
        ),
        Case::bad(
            "a.js",
            "function searchTree(t, k) { if (t === null) return -1; if (t.k === k) return t.v; searchTree(k < t.k ? t.l : t.r, k); } //~ dropped-recursion",
        ),
        Case::bad(
            "a.rs",
            "fn find<'a>(nodes: &'a [Node], id: u32) -> Option<&'a Node> {\n    for n in nodes {\n        if n.id == id { return Some(n); }\n        find(&n.children, id); //~ dropped-recursion\n    }\n    None\n}",
        ),
        Case::bad(
            "a.js",
            "function containsValue(o, v) { for (const k in o) { if (o[k] === v) return true; if (typeof o[k] === 'object') containsValue(o[k], v); } return false; } //~ dropped-recursion",
        ),
        Case::good(
            "a.js",
            "function findNode(nodes, id) { for (const n of nodes) { if (n.id === id) return n; const d = findNode(n.children, id); if (d) return d; } return null; }",
        ),
        Case::good(
            "a.js",
            "function findRoot(n) { if (!n.parent) return n; const up = findRoot(n.parent); return up; }",
        ),
        Case::good(
            "a.js",
            "function findAll(nodes, test, out = []) { for (const n of nodes) { if (test(n)) out.push(n); findAll(n.children, test, out); } return out; }",
        ),
        Case::good("a.js", "function walk(n, f) { f(n); for (const c of n.children) walk(c, f); return n; }"),
        Case::good("a.js", "function getDepth(n) { return n ? 1 + getDepth(n.next) : 0; }"),
        Case::good(
            "a.js",
            "let found = null;\nfunction findNode(n, id) { if (n.id === id) { found = n; return n; } for (const c of n.children) findNode(c, id); return found; }",
        ),
        Case::good("a.js", "function find(n) { if (n.id === 1) return n; other(n); return null; }"),
        Case::good(
            "a.rs",
            "fn find(nodes: &[Node], out: &mut Vec<u32>) -> usize { for n in nodes { out.push(n.id); find(&n.children, out); } out.len() }",
        ),
        Case::good("a.js", "function hasNext(it) { if (it.done) return false; return hasNext(it.rest); }"),
        Case::near_miss(
            "a.js",
            "function getRow(t, cb) { if (t.row) { cb(t.row); return true; } getRow(t.next, cb); return false; }",
        ),
        Case::near_miss(
            "a.js",
            "function countAll(n, totals) { totals.n++; for (const c of n.children) { countAll(c, totals); } return totals; }",
        ),
        Case::near_miss(
            "a.js",
            "function findFree(slots) { if (slots.pop()) return true; findFree(slots); return false; }",
        ),
        Case::near_miss(
            "a.js",
            "function getSize(n) { n.size = 0; for (const c of n.children) { getSize(c); n.size += c.size; } return n.size; }",
        ),
        Case::near_miss(
            "a.js",
            "function get(url) { if (!url) return null; const o = { find(n) { return n; } }; get2(o); return o; }",
        ),
    ],
};

/// First words of functions that answer by what they return.
const ANSWERS: &[&str] = &[
    "find", "get", "search", "lookup", "locate", "has", "contains", "includes", "is", "count", "sum", "exists", "match",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(call) = node.first_named().map(bare).filter(|c| c.kind() == Kind::CallExpression) else { return };
    let Some(callee) = call.child(Field::Function) else { return };
    let name = match callee.kind() {
        Kind::Identifier => callee.text(),
        Kind::MemberExpression if callee.child(Field::Object).is_some_and(|o| o.kind() == Kind::This) => {
            callee.child(Field::Property).map_or("", Node::text)
        }
        Kind::FieldExpression if callee.child(Field::Value).is_some_and(|o| o.kind() == Kind::SelfValue) => {
            callee.child(Field::Field).map_or("", Node::text)
        }
        _ => return,
    };
    if !words(name).first().is_some_and(|w| ANSWERS.contains(&w.as_str())) {
        return;
    }
    // What an inner function drops is dropped in another call than its own.
    let Some(function) = node.ancestors().find(|a| is_function(*a)) else { return };
    // Inside of a method, a plain name is another function's.
    if function.kind() == Kind::MethodDefinition && callee.kind() == Kind::Identifier {
        return;
    }
    let own = function.child(Field::Name).map(Node::text).or_else(|| {
        let at = function.parent().filter(|p| p.kind() == Kind::VariableDeclarator)?;
        at.child(Field::Name).map(Node::text)
    });
    let Some(body) = function.child(Field::Body).filter(|_| own == Some(name)) else { return };
    if cx.family() == Family::Rust && function.child(Field::ReturnType).is_none() {
        return;
    }
    let given = parameters(function);
    let mut answers = cx.family() == Family::Rust;
    for n in body.descendants() {
        let acts = match n.kind() {
            _ if n.is_hole() => true,
            Kind::AssignmentExpression
            | Kind::AugmentedAssignmentExpression
            | Kind::CompoundAssignmentExpr
            | Kind::UpdateExpression
            | Kind::AwaitExpression
            | Kind::YieldExpression
            | Kind::NewExpression
            | Kind::ThrowStatement
            | Kind::MacroInvocation
            | Kind::TryStatement
            | Kind::TryExpression => true,
            Kind::ReturnStatement => {
                answers |= n.first_named().is_some();
                false
            }
            Kind::ExpressionStatement => {
                let inner = n.first_named().map(bare);
                inner.is_some_and(|i| {
                    i.kind() == Kind::CallExpression
                        && i.child(Field::Function).is_none_or(|f| f.text() != callee.text())
                })
            }
            Kind::CallExpression => {
                let called = n.child(Field::Function);
                let changes = called.and_then(|f| f.child(Field::Property).or_else(|| f.child(Field::Field)));
                called.is_some_and(|f| given.iter().any(|p| p.text() == f.text()))
                    || changes.is_some_and(|m| {
                        matches!(
                            m.text(),
                            "push"
                                | "pop"
                                | "shift"
                                | "unshift"
                                | "splice"
                                | "add"
                                | "set"
                                | "delete"
                                | "insert"
                                | "remove"
                        )
                    })
            }
            _ => false,
        };
        if acts {
            return;
        }
    }
    if !answers {
        return;
    }
    let message =
        format!("What `{name}` finds here is dropped, and it changes nothing besides. Return it, or keep it.");
    cx.report(Note::new(cx.rule, call.span(), message));
}
