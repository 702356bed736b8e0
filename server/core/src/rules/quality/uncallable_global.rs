use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_global, operator};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "uncallable-global",
    summary: "something is called or constructed that cannot be",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[628],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds calls of `Math()`, `JSON()`, `Reflect()`, `Atomics()`, `Intl()`, `new Symbol()`, `new Math()`, literals that are called, and `instanceof` with a string, number, array, object or `null` on its right.",
        why: "All of these throw a TypeError whenever they are run.",
        example: "const id = new Symbol('id');",
        instead: "const id = Symbol('id');",
        limits: "Only the globals themselves: what the file binds under these names is left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression, Kind::NewExpression, Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.js", "const c = 2 * r * Math.PI(); //~ uncallable-global"),
        Case::near_miss("a.js", "const c = Math.PI * r; const Math2 = { PI() { return 3; } }; Math2.PI();"),
        Case::bad("a.js", "const x = Math(); //~ uncallable-global"),
        Case::bad("a.js", "const x = JSON('a'); //~ uncallable-global"),
        Case::bad("a.js", "const s = new Symbol('id'); //~ uncallable-global"),
        Case::bad("a.js", "const m = new Math(); //~ uncallable-global"),
        Case::bad("a.js", "if (x instanceof 'string') { go(); } //~ uncallable-global"),
        Case::bad("a.js", "if (x instanceof null) { go(); } //~ uncallable-global"),
        Case::bad("a.js", "const r = Reflect(o, 'x'); //~ uncallable-global"),
        Case::bad("a.js", "const n = new BigInt(3); //~ uncallable-global"),
        Case::bad("a.js", "if (x instanceof []) { go(); } //~ uncallable-global"),
        Case::bad("a.js", "const n = new JSON(); //~ uncallable-global"),
        Case::good("a.js", "const s = Symbol('id');"),
        Case::good("a.js", "const x = Math.max(1, 2);"),
        Case::good("a.js", "const n = BigInt(3);"),
        Case::good("a.js", "if (x instanceof String) { go(); }"),
        Case::good("a.js", "import JSON from './json';\nconst x = JSON('a');"),
        Case::good("a.js", "const d = new Intl.DateTimeFormat();"),
        Case::good("a.js", "const m = new Map();"),
        Case::good("a.js", "const a = (() => 1)();"),
        Case::near_miss("a.js", "function f(Math) { return Math(); }"),
        Case::near_miss("a.js", "class Symbol {}\nconst s = new Symbol();"),
        Case::near_miss("a.js", "if (x instanceof types[k]) { go(); }"),
        Case::near_miss("a.js", "const r = new Reflect.Thing();"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    match node.kind() {
        Kind::BinaryExpression => {
            let Some(right) = node.child(Field::Right).map(bare).filter(|_| operator(node) == "instanceof") else {
                return;
            };
            if matches!(
                right.kind(),
                Kind::String | Kind::TemplateString | Kind::Number | Kind::Null | Kind::Array | Kind::Undefined
            ) {
                let message = format!(
                    "`instanceof {}` throws: its right side must be a class. For strings and numbers ask `typeof`.",
                    right.text()
                );
                cx.report(Note::new(cx.rule, node.span(), message));
            }
        }
        Kind::CallExpression => {
            let Some(callee) = node.child(Field::Function).map(bare) else { return };
            let of_math = callee.child(Field::Object).is_some_and(|o| is_global(o, "Math", cx));
            let number = callee.child(Field::Property).map_or("", Node::text);
            if of_math && matches!(number, "PI" | "E" | "LN2" | "LN10" | "LOG2E" | "LOG10E" | "SQRT2" | "SQRT1_2") {
                let message = format!("`Math.{number}` is a number, and no function: calling it throws.");
                cx.report(Note::new(cx.rule, node.span(), message));
                return;
            }
            let object = ["Math", "JSON", "Reflect", "Atomics", "Intl"].into_iter().find(|n| is_global(callee, n, cx));
            if let Some(name) = object {
                let message = format!("`{name}` is an object with functions, and no function: calling it throws.");
                cx.report(Note::new(cx.rule, node.span(), message));
            }
        }
        _ => {
            let Some(class) = node.child(Field::Constructor).map(bare) else { return };
            let global = ["Symbol", "BigInt", "Math", "JSON", "Reflect", "Atomics"]
                .into_iter()
                .find(|n| is_global(class, n, cx));
            if let Some(name) = global {
                let message = format!("`{name}` is no class: `new {name}` throws.");
                cx.report(Note::new(cx.rule, node.span(), message));
            }
        }
    }
}
