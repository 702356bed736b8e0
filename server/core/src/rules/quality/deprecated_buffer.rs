use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::is_global;
use crate::rules::support::{args, bare};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "deprecated-buffer",
    summary: "new Buffer takes its argument for a size or for bytes",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[477, 908],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `new Buffer(..)` and `Buffer(..)` of Node.",
        why: "With a number it gives memory that older versions of Node do not clear, with a text it gives its bytes: whoever can send a number instead of a text reads what the process had there. Newer versions warn at run time.",
        example: "const body = new Buffer(text, 'utf8');",
        instead: "const body = Buffer.from(text, 'utf8');",
        limits: "Code that falls back to it where `Buffer.from` or `Buffer.alloc` is missing, and a `Buffer` from a module, are left alone.",
        fix: "The suggested fix writes `Buffer.alloc` for a number and `Buffer.from` for a literal.",
    },
    checks: &[Check::Nodes(&[Kind::NewExpression, Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "const b = new Buffer(16); //~ deprecated-buffer"),
        Case::bad("a.js", "const b = new Buffer(text, 'base64'); //~ deprecated-buffer"),
        Case::bad("a.js", "function f(n) { return Buffer(n); } //~ deprecated-buffer"),
        Case::bad("a.ts", "export const pack = (s: string) => new Buffer(s).toString('hex'); //~ deprecated-buffer"),
        Case::bad(
            "a.js",
            "const auth = 'Basic ' + new Buffer(user + ':' + password).toString('base64'); //~ deprecated-buffer",
        ),
        Case::bad(
            "a.js",
            "const { Buffer } = require('buffer');\nmodule.exports = (n) => new Buffer(n); //~ deprecated-buffer",
        ),
        Case::bad(
            "a.js",
            "import { Buffer } from 'node:buffer';\nexport const b = new Buffer([1, 2]); //~ deprecated-buffer",
        ),
        Case::bad("a.js", "class P { read(n) { this.b = new Buffer(n); } } //~ deprecated-buffer"),
        Case::good("a.js", "const b = Buffer.alloc(16);"),
        Case::good("a.js", "const b = Buffer.from(text, 'base64');"),
        Case::good("a.js", "import { Buffer } from 'safe-buffer';\nconst b = new Buffer(text);"),
        Case::good("a.js", "class Buffer {}\nconst b = new Buffer(16);"),
        Case::good("a.js", "const b = new DataBuffer(16);"),
        Case::good("a.js", "function f(Buffer) { return new Buffer(1); }"),
        Case::good("a.js", "const b = new lib.Buffer(16);"),
        Case::good("a.js", "const b = Buffer.from ? Buffer.from(t) : new Buffer(t);"),
        Case::near_miss(
            "a.js",
            "function from(t) { if (Buffer.from) { return Buffer.from(t); } return new Buffer(t); }",
        ),
        Case::near_miss(
            "a.js",
            "const alloc = typeof Buffer.alloc === 'function' ? Buffer.alloc : (n) => new Buffer(n);",
        ),
        Case::near_miss("a.js", "const device = new Buffer({ usage: 1 });"),
        Case::near_miss("a.js", "import { Buffer } from './gpu';\nconst b = new Buffer(4);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let callee = node.child(if node.kind() == Kind::NewExpression { Field::Constructor } else { Field::Function });
    let Some(callee) = callee.filter(|c| c.kind() == Kind::Identifier && c.text() == "Buffer") else { return };
    let given: Vec<Node<'a>> = args(node).map(bare).collect();
    let Some(first) = given.first().filter(|f| f.kind() != Kind::Object) else { return };
    // Of Node, by the global name or from its module.
    let own = match cx.file.imports.path("Buffer") {
        Some(path) => matches!(path.trim_start_matches("node:"), "buffer.Buffer" | "buffer"),
        None => is_global(callee, "Buffer", cx),
    };
    if !own || node.arena().text().contains("Buffer.from") || node.arena().text().contains("Buffer.alloc") {
        return;
    }
    let message = "With a number this gives a buffer of that size, with anything else its bytes. Say which: `Buffer.alloc(size)` or `Buffer.from(data)`.";
    let mut note = Note::new(cx.rule, node.span(), message);
    let instead = match first.kind() {
        Kind::Number => Some("Buffer.alloc"),
        Kind::String | Kind::TemplateString | Kind::Array => Some("Buffer.from"),
        _ => None,
    };
    if let Some(instead) = instead {
        let head = Span { start: node.span().start, end: callee.span().end };
        note = note.suggestion(format!("Write `{instead}`"), vec![(head, instead.to_owned())]);
    }
    cx.report(note);
}
