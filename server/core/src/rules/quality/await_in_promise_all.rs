use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::is_global;
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "await-in-promise-all",
    summary: "promises are awaited one by one inside `Promise.all`",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `await` on the elements of an array that is given to `Promise.all`, `allSettled`, `race` or `any`.",
        why: "Each `await` ends before the next element is even begun: the work runs one after another, `race` never \
              races, and `allSettled` does not see the rejection.",
        example: "const [a, b] = await Promise.all([await load(1), await load(2)]);",
        instead: "const [a, b] = await Promise.all([load(1), load(2)]);",
        limits: "An `await` deeper inside an element, as in `load(await id())`, is left alone.",
        fix: "Takes the `await` away. The work then runs at the same time, which somebody should have a look at.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "async function f() { const [a, b] = await Promise.all([await load(1), await load(2)]); } //~ await-in-promise-all",
        ),
        Case::bad(
            "a.js",
            "async function f() { await Promise.race([await slow(), timeout(10)]); } //~ await-in-promise-all",
        ),
        Case::bad("a.js", "async function f() { return Promise.allSettled([await a()]); } //~ await-in-promise-all"),
        Case::bad(
            "a.js",
            "async function f() { await Promise.any([\n  await a(), //~^ await-in-promise-all\n  b(),\n]); }",
        ),
        Case::bad("a.ts", "const f = async () => Promise.all([await load('a'), load('b')]); //~ await-in-promise-all"),
        Case::bad(
            "a.js",
            "async function f() { await Promise.all([await Promise.resolve(1)]); } //~ await-in-promise-all",
        ),
        Case::bad("a.js", "async function f() { await Promise.all([(await load(1)), 2]); } //~ await-in-promise-all"),
        Case::bad(
            "a.js",
            "class A { async m() { await Promise.all([await this.a(), await this.b()]); } } //~ await-in-promise-all",
        ),
        Case::good("a.js", "async function f() { await Promise.all([load(1), load(2)]); }"),
        Case::good("a.js", "async function f() { const a = await load(1); const b = await load(2); }"),
        Case::good("a.js", "async function f() { await Promise.all(xs.map(load)); }"),
        Case::good("a.js", "async function f() { await Promise.all([load(await id())]); }"),
        Case::good("a.js", "async function f() { await all([await load(1)]); }"),
        Case::good("a.js", "async function f() { return [await a(), await b()]; }"),
        Case::good("a.js", "async function f() { await Promise.all([a(), ...(await more())]); }"),
        Case::good("a.js", "async function f() { await Promise.all(await list()); }"),
        Case::near_miss("a.js", "async function f() { await Promise.all([(async () => { await a(); })(), b()]); }"),
        Case::near_miss("a.js", "async function f(Promise) { await Promise.all([await load(1)]); }"),
        Case::near_miss("a.js", "async function f() { await Promise.resolve([await load(1)]); }"),
        Case::near_miss("a.js", "async function f() { await Promise.all([load((await x).y)]); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    if !matches!(name.text(), "all" | "allSettled" | "race" | "any") || !is_global(receiver, "Promise", cx) {
        return;
    }
    let Some(list) = args(node).next().map(bare).filter(|a| a.kind() == Kind::Array) else { return };
    let awaited: Vec<Node<'a>> =
        list.named_children().map(bare).filter(|e| e.kind() == Kind::AwaitExpression).collect();
    if awaited.is_empty() {
        return;
    }
    let edits = awaited.iter().filter_map(|a| {
        let inner = a.first_named()?;
        Some((Span { start: a.span().start, end: inner.span().start }, String::new()))
    });
    let message = format!(
        "Each `await` waits before the next element begins, so that `Promise.{}` has nothing left to do at the same time. Pass the promises.",
        name.text()
    );
    let note = Note::new(cx.rule, name.span(), message).suggestion("Pass the promises", edits.collect());
    cx.report(note);
}
