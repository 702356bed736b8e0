use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::in_async;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "unawaited-assertion",
    summary: "nobody waits for an assertion about a promise",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[670],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: true,
    docs: Docs {
        what: "Finds `expect(promise).rejects..` and `.resolves..` that is a statement of its own, without `await` or `return`.",
        why: "The test ends before the promise settles, and passes whatever it does. The assertion that fails later shows up in another test, or nowhere.",
        example: "test('fails', () => {\n  expect(load('x')).rejects.toThrow();\n});",
        instead: "test('fails', async () => {\n  await expect(load('x')).rejects.toThrow();\n});",
        limits: "An `expect` that the file declares itself is left alone, and so is what is kept, returned or awaited later.",
        fix: "The suggested fix adds `await` where the function around is async.",
    },
    checks: &[Check::Nodes(&[Kind::ExpressionStatement], check)],
    cases: &[
        Case::bad(
            "a.test.js",
            "test('x', async () => { expect(load()).rejects.toThrow('no'); }); //~ unawaited-assertion",
        ),
        Case::bad("a.test.js", "it('x', () => { expect(load()).resolves.toBe(1); }); //~ unawaited-assertion"),
        Case::bad(
            "a.test.ts",
            "it('x', async () => { expect(load()).resolves.not.toBe(1); }); //~ unawaited-assertion",
        ),
        Case::bad(
            "a.test.js",
            "test('x', async () => { const p = load(); go();\n expect(p).rejects.toBeInstanceOf(E); //~ unawaited-assertion\n await go(); });",
        ),
        Case::bad("a.test.js", "test('x', () => { expect(() => load()).rejects.toThrow(); }); //~ unawaited-assertion"),
        Case::bad(
            "a.test.js",
            "describe('d', () => { it('x', function () { expect(run()).rejects.toMatchObject({ a: 1 }); }); }); //~ unawaited-assertion",
        ),
        Case::bad(
            "a.test.js",
            "test.each([1])('x', async (n) => { expect(load(n)).rejects.toThrow(); }); //~ unawaited-assertion",
        ),
        Case::bad(
            "a.spec.ts",
            "it('x', async () => { void 0; expect(svc.find(1)).resolves.toEqual({}); }); //~ unawaited-assertion",
        ),
        Case::good("a.test.js", "test('x', async () => { await expect(load()).rejects.toThrow('no'); });"),
        Case::good("a.test.js", "it('x', () => { return expect(load()).resolves.toBe(1); });"),
        Case::good("a.test.js", "it('x', () => expect(load()).resolves.toBe(1));"),
        Case::good(
            "a.test.js",
            "test('x', async () => { const p = expect(load()).rejects.toThrow(); go(); await p; });",
        ),
        Case::good("a.test.js", "test('x', () => { expect(load()).toBe(1); });"),
        Case::good(
            "a.test.js",
            "test('x', async () => { await Promise.all([expect(a()).rejects.toThrow(), expect(b()).rejects.toThrow()]); });",
        ),
        Case::good("a.test.js", "test('x', () => { check(load()).rejects.toThrow(); });"),
        Case::good("a.test.js", "test('x', (done) => { expect(load()).resolves.toBe(1).then(done); });"),
        Case::near_miss("a.test.js", "test('x', () => { expect(spy.rejects).toBe(1); });"),
        Case::near_miss("a.test.js", "test('x', () => { expect(load).to.rejects; });"),
        Case::near_miss(
            "a.test.js",
            "test('x', async () => { all.push(expect(load()).rejects.toThrow()); await Promise.all(all); });",
        ),
        Case::near_miss("a.test.js", "test('x', () => { expect(stub.resolves(1)).toBe(2); });"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(call) = node.first_named().filter(|c| c.kind() == Kind::CallExpression) else { return };
    let (mut at, mut waits) = (call, false);
    loop {
        let inner = match at.kind() {
            Kind::CallExpression if at.child(Field::Function).is_some_and(|f| f.text() == "expect") => break,
            Kind::CallExpression => at.child(Field::Function),
            Kind::MemberExpression => {
                let name = at.child(Field::Property).map_or("", Node::text);
                // Somebody goes on with it.
                if matches!(name, "then" | "catch" | "finally") {
                    return;
                }
                waits |= matches!(name, "rejects" | "resolves");
                at.child(Field::Object)
            }
            _ => None,
        };
        let Some(inner) = inner else { return };
        at = inner;
    }
    if !waits || is_global_bound(cx) {
        return;
    }
    let message = "The test is over before this is known, and passes either way. `await` or `return` it.";
    let mut note = Note::new(cx.rule, call.span(), message);
    if in_async(node) {
        let start = Span { start: call.span().start, end: call.span().start };
        note = note.suggestion("Wait for it", vec![(start, "await ".to_owned())]);
    }
    cx.report(note);
}

/// Whether `expect` is something of the file's own.
fn is_global_bound(cx: &Cx<'_>) -> bool {
    cx.file.imports.declares("expect")
}
