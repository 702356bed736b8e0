use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_global, operator};
use crate::rules::support::{args, bare};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "implied-eval",
    summary: "a timer is given code as text",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[95],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `setTimeout`, `setInterval`, `setImmediate` and `execScript` with a written text, or a sum of texts, in place of a function.",
        why: "The text is compiled as code every time, in the global scope: names of the function around it are not found, a value put into it is code, and a content security policy without `unsafe-eval` forbids it.",
        example: "setTimeout('refresh(' + id + ')', 1000);",
        instead: "setTimeout(() => refresh(id), 1000);",
        limits: "Variables are left alone, as they mostly hold functions. Text that somebody outside controls is what `code-injection` tells of.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "setTimeout('go()', 100); //~ implied-eval"),
        Case::bad("a.js", "window.setInterval(\"tick()\", 1000); //~ implied-eval"),
        Case::bad("a.js", "function f(id) { setTimeout('refresh(' + id + ')', 10); } //~ implied-eval"),
        Case::bad("a.ts", "export function f(n: number) { setTimeout(`next(${n})`, 10); } //~ implied-eval"),
        Case::bad("a.js", "const t = self.setTimeout('go()'); //~ implied-eval"),
        Case::bad("a.js", "globalThis.setTimeout(('a' + 'b'), 5); //~ implied-eval"),
        Case::bad("a.js", "function f(name) { setInterval(name + '.update()', 50); } //~ implied-eval"),
        Case::bad("a.jsx", "const B = () => <a onClick={() => setTimeout('go()', 1)} />; //~ implied-eval"),
        Case::good("a.js", "setTimeout(() => go(), 100);"),
        Case::good("a.js", "setTimeout(go, 100);"),
        Case::good("a.js", "setTimeout(go.bind(null, 'x'), 100);"),
        Case::good("a.js", "import { setTimeout } from 'timers/promises';\nawait setTimeout('x');"),
        Case::good("a.js", "clock.setTimeout('name', 100);"),
        Case::good("a.js", "function f(setTimeout) { setTimeout('x'); }"),
        Case::good("a.js", "setTimeout(function () { eval2('x'); }, 5);"),
        Case::good("a.js", "setTimeout(callbacks['go'], 5);"),
        Case::near_miss("a.js", "function f(a, b) { setTimeout(a + b, 10); }"),
        Case::near_miss("a.js", "setTimeout(ready || 'x', 10);"),
        Case::near_miss("a.js", "class T { run() { this.setTimeout('name', 5); } }"),
        Case::near_miss("a.js", "const { setInterval } = timers;\nsetInterval('every 5 minutes', go);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let name = match callee.kind() {
        Kind::Identifier => callee,
        Kind::MemberExpression => {
            let (Some(of), Some(name)) = (callee.child(Field::Object).map(bare), callee.child(Field::Property)) else {
                return;
            };
            if !["window", "self", "globalThis", "global"].iter().any(|g| is_global(of, g, cx)) {
                return;
            }
            name
        }
        _ => return,
    };
    let timer = matches!(name.text(), "setTimeout" | "setInterval" | "setImmediate" | "execScript");
    if !timer || callee.kind() == Kind::Identifier && !is_global(callee, name.text(), cx) {
        return;
    }
    let Some(code) = args(node).next().map(bare).filter(|c| is_text(*c)) else { return };
    let message =
        format!("`{}` compiles this text as code, in the global scope, every time. Give it a function.", name.text());
    cx.report(Note::new(cx.rule, code.span(), message));
}

/// Whether an expression is a text for sure: written, or a sum with a written part.
fn is_text(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::String | Kind::TemplateString => true,
        Kind::BinaryExpression if operator(node) == "+" => {
            [Field::Left, Field::Right].into_iter().filter_map(|side| node.child(side)).any(|n| is_text(bare(n)))
        }
        _ => false,
    }
}
