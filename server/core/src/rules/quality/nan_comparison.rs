use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_global, operands, operator};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "nan-comparison",
    summary: "a comparison with NaN, which is never equal to anything",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[697, 570],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds comparisons with `NaN` or `Number.NaN`, `case NaN`, and `indexOf(NaN)`.",
        why: "NaN differs from every value, itself included: `x === NaN` is always false and `x !== NaN` always true, \
              so that the check does nothing.",
        example: "if (parseFloat(text) === NaN) { fail(); }",
        instead: "if (Number.isNaN(parseFloat(text))) { fail(); }",
        limits: "`Object.is(x, NaN)` and `includes(NaN)` work and are silent.",
        fix: "The suggestion asks `Number.isNaN` instead. It changes what the code does, which is the point.",
    },
    checks: &[Check::Nodes(
        &[Kind::BinaryExpression, Kind::SwitchCase, Kind::SwitchStatement, Kind::CallExpression],
        check,
    )],
    cases: &[
        Case::bad("a.js", "if (parseFloat(t) === NaN) { fail(); } //~ nan-comparison"),
        Case::bad("a.js", "const bad = x == NaN; //~ nan-comparison"),
        Case::bad("a.js", "const ok = x !== Number.NaN; //~ nan-comparison"),
        Case::bad("a.js", "if (NaN != x) { go(); } //~ nan-comparison"),
        Case::bad("a.js", "switch (x) {\n  case NaN: go(); //~ nan-comparison\n}"),
        Case::bad("a.js", "switch (NaN) { case x: go(); } //~ nan-comparison"),
        Case::bad("a.js", "const i = xs.indexOf(NaN); //~ nan-comparison"),
        Case::bad("a.js", "while (n < NaN) { go(); } //~ nan-comparison"),
        Case::bad("a.ts", "const ok = (x as number) !== NaN; //~ nan-comparison"),
        Case::good("a.js", "if (Number.isNaN(x)) { fail(); }"),
        Case::good("a.js", "const ok = Object.is(x, NaN);"),
        Case::good("a.js", "const has = xs.includes(NaN);"),
        Case::good("a.js", "const x = NaN;"),
        Case::good("a.js", "return_(NaN);"),
        Case::good("a.js", "const v = ok ? 1 : NaN;"),
        Case::good("a.js", "const i = xs.indexOf(nan);"),
        Case::good("a.js", "if (x === null) { go(); }"),
        Case::near_miss("a.js", "function f(NaN) { return x === NaN; }"),
        Case::near_miss("a.js", "const ok = x === 'NaN';"),
        Case::near_miss("a.js", "const ok = x === o.NaN;"),
        Case::near_miss("a.js", "const v = x || NaN;"),
        Case::near_miss("a.js", "const ok = isNaN(x) === true;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let is_nan = |n: Node<'a>, cx: &Cx<'a>| {
        let n = bare(n);
        is_global(n, "NaN", cx) || n.text() == "Number.NaN"
    };
    match node.kind() {
        Kind::BinaryExpression => {
            let op = operator(node);
            if !matches!(op, "==" | "===" | "!=" | "!==" | "<" | "<=" | ">" | ">=") {
                return;
            }
            let Some((left, right)) = operands(node) else { return };
            let other = if is_nan(left, cx) {
                right
            } else if is_nan(right, cx) {
                left
            } else {
                return;
            };
            let outcome = op.starts_with('!');
            let message =
                format!("NaN is equal to nothing, not even to itself: this is always {outcome}. Ask `Number.isNaN`.");
            let mut note = Note::new(cx.rule, node.span(), message);
            if !matches!(op, "<" | "<=" | ">" | ">=") {
                let text = format!("{}Number.isNaN({})", if outcome { "!" } else { "" }, other.text());
                note = note.suggestion("Use `Number.isNaN`", vec![(node.span(), text)]);
            }
            cx.report(note);
        }
        Kind::SwitchCase | Kind::SwitchStatement => {
            if let Some(value) = node.child(Field::Value).filter(|v| is_nan(*v, cx)) {
                let message = "NaN is equal to nothing, not even to itself: no case ever matches. Ask `Number.isNaN` before the `switch`.";
                cx.report(Note::new(cx.rule, value.span(), message));
            }
        }
        _ => {
            let Some((_, name)) = method(node) else { return };
            if matches!(name.text(), "indexOf" | "lastIndexOf") && args(node).next().is_some_and(|a| is_nan(a, cx)) {
                let message = format!(
                    "`{}` compares with `===` and never finds NaN. Use `includes(NaN)` or `findIndex(Number.isNaN)`.",
                    name.text()
                );
                cx.report(Note::new(cx.rule, name.span(), message));
            }
        }
    }
}
