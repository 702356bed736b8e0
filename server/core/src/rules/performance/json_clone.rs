use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::is_global;
use crate::rules::support::{args, bare, constant, is_function, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "json-clone",
    summary: "an object is copied by way of text",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[1073],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `JSON.parse(JSON.stringify(value))`.",
        why: "It writes the whole value as text and reads it back, and it changes it on the way: dates become strings, \
              `undefined`, functions, maps and sets are lost, cycles throw.",
        example: "const copy = JSON.parse(JSON.stringify(state));",
        instead: "const copy = structuredClone(state);",
        limits: "Off by default: of what it finds in other people's code one in four is worth a change, for most of what is copied so is plain data. A replacer or reviver makes a difference, and so does a value that is to be what JSON would make of it: \
              comments that say so, names like `toJSON` and `pluginJson`, schemas, and a copy that takes the place of what it copies, are silent. `structuredClone` needs Node 17 or a browser \
              of 2022, and throws on functions.",
        fix: "The suggestion writes `structuredClone`. Dates stay dates then, and functions throw: it needs a look.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::near_miss(
            "a.ts",
            "export function clone<T>(v: T): T { if (typeof structuredClone === 'function') { return structuredClone(v); } else { return JSON.parse(JSON.stringify(v)) as T; } }",
        ),
        Case::bad("a.js", "const copy = JSON.parse(JSON.stringify(state)); //~ json-clone"),
        Case::bad("a.js", "function f(o) { return JSON.parse(JSON.stringify(o.items)); } //~ json-clone"),
        Case::bad("a.ts", "const copy = JSON.parse(JSON.stringify(state)) as State; //~ json-clone"),
        Case::bad("a.js", "const c = { ...JSON.parse(JSON.stringify(base)), x: 1 }; //~ json-clone"),
        Case::bad("a.js", "xs.map((x) => JSON.parse(JSON.stringify(x))); //~ json-clone"),
        Case::bad("a.js", "let next = JSON.parse( JSON.stringify( prev ) ); //~ json-clone"),
        Case::bad("a.js", "class A { copy() { return JSON.parse(JSON.stringify(this.data)); } } //~ json-clone"),
        Case::bad("a.js", "const c = window.JSON ? JSON.parse(JSON.stringify(defaults)) : null; //~ json-clone"),
        Case::good("a.js", "const copy = structuredClone(state);"),
        Case::good("a.js", "const o = JSON.parse(text);"),
        Case::good("a.js", "const t = JSON.stringify(o);"),
        Case::good("a.js", "const o = JSON.parse(JSON.stringify(o, replacer));"),
        Case::good("a.js", "const o = JSON.parse(JSON.stringify(o), reviver);"),
        Case::good("a.js", "const o = JSON.parse(await r.text());"),
        Case::good("a.js", "const c = { ...state };"),
        Case::good("a.js", "const c = clone(state);"),
        Case::near_miss("a.js", "function toJSON(o) { return JSON.parse(JSON.stringify(o)); }"),
        Case::near_miss("a.js", "const JSON = require('./json5');\nconst c = JSON.parse(JSON.stringify(o));"),
        Case::near_miss("a.js", "const o = JSON.parse(String(JSON.stringify(o)));"),
        Case::near_miss("a.js", "try { x = JSON.parse(JSON.stringify(data)); } catch (e) { x = null; }"),
        Case::near_miss("a.js", "const plain = toPlain(JSON.parse(JSON.stringify(doc.toJSON(), null)));"),
        Case::bad(
            "a.ts",
            "export function copy(u: User): User { const text = JSON.stringify(u); return JSON.parse(text); } //~ json-clone",
        ),
        Case::near_miss(
            "a.ts",
            "function f(timing: T) {\n  // it is necessary to evaluate the getters here via parse/stringify\n  // late evaluation throws in the main thread\n  return { timing: JSON.parse(JSON.stringify(timing)) };\n}",
        ),
        Case::near_miss(
            "a.ts",
            "function f(u: User) { const text = JSON.stringify(u); send(text); return JSON.parse(text); }",
        ),
        Case::near_miss("a.js", "function deepClone(json) { return JSON.parse(JSON.stringify(json)); }"),
        Case::near_miss(
            "a.js",
            "function load(plugin) {\n  // Clone to keep the original, and to drop any live properties.\n  plugin = JSON.parse(JSON.stringify(plugin));\n  return plugin;\n}",
        ),
        Case::near_miss(
            "a.ts",
            "class E { event: IEvent; copy() { return new E(JSON.parse(JSON.stringify(this.event))); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(queries: Q, params: P) {\n  // Stringify and parse the data to remove undefined values.\n  // If we don't do this, an update with an undefined id\n  // would remove the id from the record, which nobody wants, whatever the provider of the data does with it.\n  const copy = JSON.parse(JSON.stringify(params.data));\n  queries.set(copy);\n}",
        ),
        Case::near_miss(
            "a.js",
            "function plain(msg) { msg.buttons = JSON.parse(JSON.stringify(msg.buttons)); return msg; }",
        ),
        Case::bad(
            "a.ts",
            "// The state of the board.\nfunction undo(history: H[], board: Board) { history.push(JSON.parse(JSON.stringify(board))); } //~ json-clone",
        ),
        Case::near_miss("a.js", "const styles = (el) => JSON.parse(JSON.stringify(getComputedStyle(el)));"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(inner) = json(node, "parse", cx) else { return };
    let Some(value) = json(text_of(bare(inner)), "stringify", cx) else { return };
    // Somebody who makes JSON wants what JSON makes of the value.
    let meant = |name: &str| name.to_lowercase().contains("json") || name.to_lowercase().contains("serializ");
    let inside = cx.block.name().is_some_and(meant)
        || node.ancestors().any(|a| {
            a.child(Field::Name)
                .is_some_and(|n| n.kind() != Kind::ComputedPropertyName && n.text().len() < 80 && meant(n.text()))
        });
    // What is tried may fail on purpose, and what is written out loses its `undefined` on purpose.
    let shape = bare(value);
    let tried = node.ancestors().take_while(|a| !is_function(*a)).any(|a| a.kind() == Kind::TryStatement);
    let error = matches!(shape.text(), "err" | "error" | "e");
    let wire = |n: Node<'_>| {
        crate::rules::support::words(&crate::rules::support::place_name(n).unwrap_or_default())
            .last()
            .is_some_and(|w| WIRE.contains(&w.as_str()))
    };
    // What a call gives may be anything that is no plain data: the styles of an element, a document of a database.
    let already = meant(shape.text()) || wire(shape) || shape.kind() == Kind::CallExpression;
    // The way of those that have no `structuredClone`.
    let fallback = cx.arena().text().contains("typeof structuredClone")
        || cx.arena().text().contains("structuredClone ?")
        || cx.arena().text().contains("(structuredClone)");
    let of_schemas = cx.file.path.contains("schema");
    if makes_plain(node, value) || of_schemas {
        return;
    }
    if fallback || inside || already || tried || error || shape.kind() == Kind::Object || told_above(node, cx) {
        return;
    }
    let message = "The value is copied by way of text: dates become text, and `undefined`, maps and sets are lost. `structuredClone` copies it as it is.";
    let edit = vec![(node.span(), format!("structuredClone({})", value.text()))];
    let mut note = Note::new(cx.rule, node.span(), message);
    if !value.text().contains('\u{1a}') {
        note = note.suggestion("Use `structuredClone`", edit);
    }
    cx.report(note);
}

/// Last words of what was JSON before, so that nothing of it can be lost.
const WIRE: &[&str] = &["schema", "manifest", "payload", "event", "metadata", "trace", "lhr", "log", "package"];

/// Behind a constant that is read here alone its value: `const text = JSON.stringify(x); return JSON.parse(text);`.
fn text_of<'a>(node: Node<'a>) -> Node<'a> {
    let value = constant(node);
    let reads = node.arena().nodes().filter(|n| n.kind() == Kind::Identifier && n.text() == node.text()).count();
    if node.kind() == Kind::Identifier && reads == 2 && value.kind() == Kind::CallExpression { value } else { node }
}

/// Whether the comment above, all of its lines, says why the value goes through text.
fn told_above(node: Node<'_>, cx: &Cx<'_>) -> bool {
    const SAID: &[&str] = &["stringify", "parse", "json", "serializ", "function", "getter", "live "];
    let text = cx.arena().text();
    let above = text.get(..statement(node).span().start as usize).unwrap_or_default().trim_end();
    let lines = above.lines().rev().map(str::trim).take(12);
    let comment = |l: &&str| l.starts_with("//") || l.starts_with('*') || l.starts_with("/*");
    lines
        .take_while(comment)
        .any(|l| crate::rules::shape::explains(l) && SAID.iter().any(|w| l.to_lowercase().contains(w)))
}

/// Whether the copy takes the place of what is copied, which makes plain data of it: `m.rows = JSON.parse(JSON.stringify(m.rows))`.
fn makes_plain(node: Node<'_>, value: Node<'_>) -> bool {
    let at = node.ancestors().find(|a| a.kind() != Kind::ParenthesizedExpression && a.kind() != Kind::AsExpression);
    at.is_some_and(|a| {
        a.kind() == Kind::AssignmentExpression && a.child(Field::Left).is_some_and(|l| l.text() == bare(value).text())
    })
}

/// The only argument of `JSON.method(..)`.
fn json<'a>(node: Node<'a>, wanted: &str, cx: &Cx<'a>) -> Option<Node<'a>> {
    let (receiver, name) = method(node)?;
    let mut arguments = args(node);
    let only = arguments.next()?;
    (name.text() == wanted && is_global(receiver, "JSON", cx) && arguments.next().is_none()).then_some(only)
}
