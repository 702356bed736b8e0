use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, declares};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unfinished-assertion",
    summary: "an assertion that asserts nothing",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[570],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: true,
    docs: Docs {
        what: "Finds `expect(x);` without a matcher, `expect(x).not;`, and matchers of Jest that are not called: `expect(x).toBe;`.",
        why: "Nothing is compared: the test passes whatever the value is.",
        example: "test('adds', () => {\n  expect(add(1, 2) === 3);\n});",
        instead: "test('adds', () => {\n  expect(add(1, 2)).toBe(3);\n});",
        limits: "Only in test files. Chai's assertions by property (`expect(x).to.be.true`) are complete.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ExpressionStatement], check)],
    cases: &[
        Case::bad("a.test.js", "test('x', () => { expect(add(1, 2) === 3); }); //~ unfinished-assertion"),
        Case::bad("a.test.js", "test('x', () => { expect(value); }); //~ unfinished-assertion"),
        Case::bad("a.test.js", "test('x', () => { expect(value).toBeTruthy; }); //~ unfinished-assertion"),
        Case::bad("a.test.ts", "it('x', async () => { expect(await load()); }); //~ unfinished-assertion"),
        Case::bad("a.test.js", "it('x', () => { expect(value).not; }); //~ unfinished-assertion"),
        Case::bad("a.test.js", "it('x', () => { expect(value).not.toBeNull; }); //~ unfinished-assertion"),
        Case::bad("a.test.js", "it('x', () => { expect(a.b.includes('c')); }); //~ unfinished-assertion"),
        Case::bad("a.spec.ts", "it('x', () => { expect(spy).toHaveBeenCalled; }); //~ unfinished-assertion"),
        Case::good("a.test.js", "test('x', () => { expect(add(1, 2)).toBe(3); });"),
        Case::good("a.test.js", "test('x', () => { expect(value).to.be.true; });"),
        Case::good("a.test.js", "test('x', () => { expect(value).to.exist; });"),
        Case::good("a.test.js", "test('x', () => { expect.assertions(1); go(); });"),
        Case::good("a.test.js", "test('x', () => { const e = expect(value); e.toBe(1); });"),
        Case::good("a.js", "expect(value);"),
        Case::good("a.test.js", "test('x', () => { expect(value).not.toBe(1); });"),
        Case::good("a.test.js", "test('x', () => { assert(value); });"),
        Case::near_miss(
            "a.test.js",
            "function expect(x) { if (!x) throw new Error('x'); }\ntest('x', () => { expect(value); });",
        ),
        Case::near_miss("a.test.js", "test('x', () => expect(value).to.be.ok);"),
        Case::near_miss("a.test.js", "test('x', () => { expect(value).true; });"),
        Case::near_miss("a.test.js", "test('x', () => { expect(1, 2); });"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !cx.file.is_test || cx.file.imports.declares("expect") || declares(node, "expect") {
        return;
    }
    // Modules whose `expect` asserts by itself.
    if cx.file.imports.path("expect").is_some_and(|p| !is_runner(p)) {
        return;
    }
    let Some(whole) = node.first_named() else { return };
    let mut at = whole;
    let mut last = None;
    while at.kind() == Kind::MemberExpression {
        let (Some(of), Some(name)) = (at.child(Field::Object), at.child(Field::Property)) else { return };
        last = last.or(Some(name.text()));
        at = of;
    }
    let expects = at.kind() == Kind::CallExpression
        && at.child(Field::Function).is_some_and(|f| f.text() == "expect")
        && args(at).count() == 1;
    let matcher = |n: &str| n.strip_prefix("to").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_uppercase()));
    let unfinished = match last {
        None => true,
        Some("not" | "resolves" | "rejects") => true,
        Some(name) => matcher(name),
    };
    if !expects || !unfinished {
        return;
    }
    let message = match last.filter(|n| matcher(n)) {
        Some(name) => format!("`{name}` is named and not called: nothing is compared."),
        None => "Nothing is said of the value: this passes whatever it is. Add a matcher.".to_owned(),
    };
    cx.report(Note::new(cx.rule, whole.span(), message));
}

fn is_runner(path: &str) -> bool {
    ["@jest", "jest", "vitest", "@playwright", "bun", "expect", "chai", "@vitest", "@storybook", "@wdio"]
        .iter()
        .any(|m| path.starts_with(m))
}
