use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::home;
use crate::rules::support::{bare, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unused-collection",
    summary: "a collection is filled and never read, or read and never filled",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[563],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds local arrays, objects, maps and sets that start empty and are only ever added to, and \
               those that are read although nothing was ever added.",
        why: "What is collected for nobody costs memory and time, and mostly shows that the result was \
               forgotten. A loop over what is always empty never runs.",
        example: "function check(rows) {\n  const errors = [];\n  for (const row of rows) { if (!row.ok) errors.push(row); }\n  return true;\n}",
        instead: "function check(rows) {\n  const errors = [];\n  for (const row of rows) { if (!row.ok) errors.push(row); }\n  return errors.length === 0;\n}",
        limits: "Only variables of a function that are used there as receivers of the usual methods and in \
               nothing else: one that is passed on, returned, stored or known to an inner function of size is \
               left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::VariableDeclarator], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function f(rows) { const names = []; for (const r of rows) names.push(r.name); } //~ unused-collection",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { const seen = new Set(); for (const x of xs) { seen.add(x); } return xs; } //~ unused-collection",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { const byId = {}; xs.forEach((x) => { byId[x.id] = x; }); return xs; } //~ unused-collection",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { const m = new Map(); xs.forEach((x) => m.set(x.id, x)); } //~ unused-collection",
        ),
        Case::bad("a.js", "function f() { const out = []; for (const o of out) send(o); } //~ unused-collection"),
        Case::bad(
            "a.ts",
            "function f(k: string) { const found = new Map<string, number>(); if (found.has(k)) return found.get(k); return 0; } //~ unused-collection",
        ),
        Case::bad(
            "a.js",
            "const f = (x) => { let list = []; list.push(x); list.unshift(1); list = []; }; //~ unused-collection",
        ),
        Case::bad(
            "a.js",
            "function f(k) { const errors = []; if (errors.length > 0) throw new Error('x'); return k; } //~ unused-collection",
        ),
        Case::good(
            "a.js",
            "function f(rows) { const names = []; for (const r of rows) names.push(r.name); return names; }",
        ),
        Case::good(
            "a.js",
            "function f(xs) { const seen = new Set(); for (const x of xs) { if (seen.has(x)) continue; seen.add(x); go(x); } }",
        ),
        Case::good("a.js", "function f(cb) { const queue = []; cb(queue); for (const q of queue) run(q); }"),
        Case::good("a.js", "const shared = []; export function add(x) { shared.push(x); }"),
        Case::good("a.js", "function f(x) { const a = []; a.push(x); return { a }; }"),
        Case::good("a.js", "function f(xs) { const a = [1, 2]; for (const x of a) go(x); }"),
        Case::good("a.js", "function f(x) { const n = list.push(x); return n; }"),
        Case::good("a.js", "function f() { const args = []; args.push('x'); spawn('a', [...args]); }"),
        Case::near_miss("a.js", "function f(x) { const a = []; return a.push(x); }"),
        Case::near_miss("a.js", "function f() { const log = []; return { add: (x) => log.push(x), all: () => log }; }"),
        Case::near_miss("a.js", "function f(key) { const o = {}; o[key] ||= 1; return o[key]; }"),
        Case::near_miss("a.js", "function f() { const none = []; return none; }"),
        Case::near_miss("a.js", "function f(x) { const arr = []; arr.length = x; use(arr); }"),
        Case::near_miss("a.js", "function f(o) { const a = (o.list = []); a.push(1); }"),
        Case::near_miss("a.js", "function f(x) { const c = {}; c.go(); }"),
        Case::near_miss("a.js", "function f() { let a = []; a = load(); for (const x of a) go(x); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // Every use of the name is looked at.
    if cx.arena().len() > MAX_NODES {
        return;
    }
    let (Some(name), Some(value)) = (node.child(Field::Name), node.child(Field::Value)) else { return };
    if name.kind() != Kind::Identifier || !is_empty_collection(value) {
        return;
    }
    let around = home(node);
    if !is_function(around) {
        return;
    }
    let text = name.text();
    let (mut writes, mut reads, mut first_read) = (0, 0, None);
    for n in around.descendants() {
        // What a large inner function does with it is not seen from here.
        if n.is_hole() {
            return;
        }
        if n.text() != text
            || n == name
            || !matches!(
                n.kind(),
                Kind::Identifier | Kind::ShorthandPropertyIdentifier | Kind::ShorthandPropertyIdentifierPattern
            )
        {
            continue;
        }
        match usage(n) {
            Use::Write => writes += 1,
            Use::Read => {
                reads += 1;
                first_read = first_read.or(Some(n));
            }
            Use::Clear => {}
            Use::Other => return,
        }
    }
    match (writes, reads, first_read) {
        (1.., 0, _) => {
            let message = format!(
                "`{text}` is filled and never read: its content goes nowhere. Return it, use it, or leave it out."
            );
            cx.report(Note::new(cx.rule, name.span(), message));
        }
        (0, 1.., Some(read)) => {
            let message = format!("Nothing is ever added to `{text}`: it is empty wherever it is read.");
            cx.report(Note::new(cx.rule, name.span(), message).related(read.span(), "read here"));
        }
        _ => {}
    }
}

/// Blocks with more syntax nodes are left alone: the cost grows with the square.
const MAX_NODES: usize = 20_000;

fn is_empty_collection(value: Node<'_>) -> bool {
    let value = bare(value);
    match value.kind() {
        Kind::Array | Kind::Object => value.first_named().is_none(),
        Kind::NewExpression => {
            let known = value
                .child(Field::Constructor)
                .is_some_and(|c| matches!(c.text(), "Map" | "Set" | "WeakMap" | "WeakSet" | "Array"));
            known && value.child(Field::Arguments).is_none_or(|a| a.first_named().is_none())
        }
        _ => false,
    }
}

enum Use {
    /// Adds, and takes nothing out.
    Write,
    Read,
    /// Empties it.
    Clear,
    /// Anything else may do both.
    Other,
}

fn usage(n: Node<'_>) -> Use {
    let Some(parent) = n.parent() else { return Use::Other };
    match parent.kind() {
        Kind::MemberExpression if n.field() == Field::Object => {
            let property = parent.child(Field::Property).map_or("", Node::text);
            let Some(outer) = parent.parent() else { return Use::Other };
            if method(outer).is_some_and(|(receiver, _)| receiver == n) {
                let dropped = outer.parent().is_some_and(|p| {
                    p.kind() == Kind::ExpressionStatement
                        || p.kind() == Kind::ArrowFunction && p.parent().is_some_and(|a| a.kind() == Kind::Arguments)
                });
                return match property {
                    "push" | "unshift" | "add" | "set" if dropped => Use::Write,
                    "clear" if dropped => Use::Clear,
                    "has" | "get" | "includes" | "indexOf" | "join" | "at" | "some" | "every" | "find"
                    | "findIndex" => Use::Read,
                    _ => Use::Other,
                };
            }
            match (property, outer.kind()) {
                ("length" | "size", Kind::AssignmentExpression) if parent.field() == Field::Left => Use::Other,
                ("length" | "size", Kind::UpdateExpression | Kind::AugmentedAssignmentExpression) => Use::Other,
                ("length" | "size", _) => Use::Read,
                _ => Use::Other,
            }
        }
        Kind::SubscriptExpression if n.field() == Field::Object => {
            let stored = parent.parent().is_some_and(|p| {
                p.kind() == Kind::AssignmentExpression
                    && parent.field() == Field::Left
                    && p.parent().is_some_and(|s| s.kind() == Kind::ExpressionStatement)
            });
            if stored { Use::Write } else { Use::Other }
        }
        Kind::ForInStatement if n.field() == Field::Right => Use::Read,
        Kind::AssignmentExpression if n.field() == Field::Left => {
            let cleared = parent.child(Field::Right).is_some_and(is_empty_collection)
                && parent.parent().is_some_and(|s| s.kind() == Kind::ExpressionStatement);
            if cleared { Use::Clear } else { Use::Other }
        }
        _ => Use::Other,
    }
}
