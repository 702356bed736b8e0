use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, constant, ecma_path, method, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "hidden-code",
    summary: "code that is written so that nobody reads it is run",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[506, 94],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds constants that are decoded (`Buffer.from('..', 'hex')`, `atob('..')`, `unescape('%..')`, `String.fromCharCode(..)`) and then run or loaded: by \
               `eval`, `Function`, `require`, `import`, `vm`, or as a timer's text.",
        why: "There is no reason to encode code of one's own but to hide what it does: this is how back doors get into packages.",
        example: "eval(Buffer.from('636f6e736f6c652e6c6f6728', 'hex').toString());",
        instead: "console.log();",
        limits: "Only constants are judged; code that comes from elsewhere is `code-injection`'s matter.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression, Kind::NewExpression], check)],
    cases: &[
        Case::bad("a.js", "eval(Buffer.from('636f6e736f6c652e6c6f67283129', 'hex').toString()); //~ hidden-code"),
        Case::bad("a.js", "new Function(atob('Y29uc29sZS5sb2coMSk='))(); //~ hidden-code"),
        Case::bad(
            "a.js",
            "const m = require(Buffer.from('2e2f746573742f64617461', 'hex').toString()); //~ hidden-code",
        ),
        Case::bad(
            "a.js",
            "const vm = require('vm');\nconst text = Buffer.from('Y29uc29sZS5sb2coMSk=', 'base64').toString('utf8');\nvm.runInThisContext(text); //~ hidden-code",
        ),
        Case::bad("a.js", "eval(String.fromCharCode(97, 108, 101, 114, 116, 40, 49, 41)); //~ hidden-code"),
        Case::good("a.js", "eval('1 + 1');"),
        Case::good("a.js", "const text = Buffer.from('aGVsbG8gd29ybGQ=', 'base64').toString(); console.log(text);"),
        Case::good("a.js", "eval(Buffer.from(source, 'base64').toString());"),
        Case::good("a.js", "const fs = require('fs'); require('./x');"),
        Case::near_miss("a.js", "const run = new Function('text', 'return atob(text)'); run('aGVsbG8gd29ybGQ=');"),
        Case::near_miss("a.js", "setTimeout(() => show(atob('aGVsbG8gd29ybGQ=')), 10);"),
    ],
};

/// Whether a call decodes a constant.
fn decodes(call: Node<'_>) -> bool {
    let Some(function) = call.child(Field::Function) else { return false };
    let literal = |least: usize| {
        args(call)
            .next()
            .map(|a| constant(a))
            .and_then(string_value)
            .is_some_and(|t| t.len() >= least && !t.contains("${"))
    };
    match function.text() {
        "Buffer.from" | "Buffer" => {
            let coding = args(call).nth(1).and_then(string_value);
            coding.is_some_and(|c| matches!(c.as_ref(), "hex" | "base64" | "base64url")) && literal(12)
        }
        "atob" | "window.atob" | "globalThis.atob" => literal(12),
        "unescape" | "decodeURIComponent" => {
            literal(12) && args(call).next().is_some_and(|a| constant(a).text().contains('%'))
        }
        "String.fromCharCode" => args(call).count() >= 4 && args(call).all(|a| a.kind() == Kind::Number),
        _ => false,
    }
}

/// The constant that is decoded in an expression: `Buffer.from('..', 'hex').toString()`, or a variable that holds that.
fn decoded<'a>(value: Node<'a>) -> Option<Node<'a>> {
    let mut at = bare(constant(value));
    for _ in 0..4 {
        if at.kind() != Kind::CallExpression {
            return None;
        }
        if decodes(at) {
            return Some(at);
        }
        at = bare(constant(method(at)?.0));
    }
    None
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).or_else(|| node.child(Field::Constructor)) else { return };
    let runs = match callee.text() {
        "eval" | "window.eval" | "global.eval" | "globalThis.eval" | "Function" | "require" | "import"
        | "setTimeout" | "setInterval" => true,
        _ => ecma_path(callee, cx).is_some_and(|p| p.starts_with("vm.") || p == "module._compile"),
    };
    if !runs {
        return;
    }
    if let Some(found) = args(node).find_map(decoded) {
        let message = "This runs a constant that was encoded, so that nobody who reads the code sees what it does. Write it out, or remove it.";
        cx.report(Note::new(cx.rule, node.span(), message).related(found.span(), "it is decoded here"));
    }
}
