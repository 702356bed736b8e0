use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "focused-test",
    summary: "one test is run alone, and all others are passed over",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1071],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: true,
    docs: Docs {
        what: "Finds `test.only`, `it.only`, `describe.only`, `context.only`, `fit` and `fdescribe` in tests.",
        why: "Only what is marked runs. Left in by mistake, the run is green while all other tests of the file, or of all files, are passed over.",
        example: "it.only('adds', () => { .. });",
        instead: "it('adds', () => { .. });",
        limits: "Only in test files, with a name and a function as arguments.",
        fix: "The suggested fix takes the mark away.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.test.js", "test.only('x', () => { go(); }); //~ focused-test"),
        Case::bad("a.test.js", "it.only('x', async () => { await go(); }); //~ focused-test"),
        Case::bad("a.test.ts", "describe.only('x', () => { it('y', () => {}); }); //~ focused-test"),
        Case::bad("a.spec.js", "fdescribe('x', () => { it('y', () => {}); }); //~ focused-test"),
        Case::bad("a.spec.js", "describe('x', () => { fit('y', () => { go(); }); }); //~ focused-test"),
        Case::bad("a.test.js", "context.only('x', function () { it('y', () => {}); }); //~ focused-test"),
        Case::bad("a.test.js", "test.describe.only('x', () => { test('y', () => {}); }); //~ focused-test"),
        Case::bad("a.test.js", "it.only(`x`, () => { go(); }); //~ focused-test"),
        Case::good("a.test.js", "test('x', () => { go(); });"),
        Case::good("a.test.js", "it.skip('x', () => { go(); });"),
        Case::good("a.test.js", "describe('x', () => { it('y', () => {}); });"),
        Case::good("a.js", "model.fit('x', () => {});"),
        Case::good("a.js", "fit('x', () => { go(); });"),
        Case::good("a.test.js", "knex.only('x', () => {});"),
        Case::good("a.test.js", "it('x', () => { fit(curve, () => 1); });"),
        Case::good("a.test.js", "test.each([1])('x', (n) => { go(n); });"),
        Case::near_miss("a.test.js", "const only = test.only;"),
        Case::near_miss("a.test.js", "it.only();"),
        Case::near_miss("a.test.js", "it('runs only', () => { expect(spy.only).toBe(1); });"),
        Case::near_miss("a.test.js", "import { fit } from './curve';\nit('x', () => { fit('linear', () => 1); });"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).filter(|_| cx.file.is_test) else { return };
    let text = callee.text();
    let marked = matches!(
        text,
        "test.only"
            | "it.only"
            | "describe.only"
            | "context.only"
            | "suite.only"
            | "specify.only"
            | "test.describe.only"
    );
    let focused = matches!(text, "fit" | "fdescribe" | "fcontext") && !cx.is_bound(text);
    if !marked && !focused {
        return;
    }
    let given: Vec<Node<'a>> = args(node).map(bare).collect();
    let named = given.first().is_some_and(|n| matches!(n.kind(), Kind::String | Kind::TemplateString));
    let runs = given.iter().skip(1).any(|f| matches!(f.kind(), Kind::ArrowFunction | Kind::FunctionExpression));
    if !named || !runs {
        return;
    }
    let plain = text.strip_suffix(".only").unwrap_or_else(|| text.trim_start_matches('f'));
    let message = "Only this runs, and all other tests are passed over.";
    let note =
        Note::new(cx.rule, callee.span(), message).suggestion("Run all tests", vec![(callee.span(), plain.to_owned())]);
    cx.report(note);
}
