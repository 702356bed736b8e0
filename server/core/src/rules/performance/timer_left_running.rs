use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{function, report_in};
use crate::rules::support::{args, bare, constant, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "timer-left-running",
    summary: "a timeout of a race runs on when the race is over",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[404],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `Promise.race([.., new Promise((_, reject) => setTimeout(..))])` whose timer nobody can clear.",
        why: "The timer runs on when the other promise has won: each call holds on to what its closure holds, and a program does not end before the last of them.",
        example: "return Promise.race([\n  work,\n  new Promise((_, reject) => setTimeout(() => reject(new Error('timeout')), ms)),\n]);",
        instead: "let timer;\nconst late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('timeout')), ms); });\nreturn Promise.race([work, late]).finally(() => clearTimeout(timer));",
        limits: "A timer whose handle is kept, or that is `unref`ed, is left alone, and so is one of less than a second that stands there.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "const w = (p, ms) => Promise.race([p, new Promise((_, reject) => setTimeout(() => reject(new Error('t')), ms))]); //~ timer-left-running",
        ),
        Case::bad(
            "a.js",
            "function f(p) { return Promise.race([p, new Promise((resolve) => setTimeout(resolve, 30000))]); } //~ timer-left-running",
        ),
        Case::bad(
            "a.ts",
            "async function f<T>(p: Promise<T>, ms: number) { return Promise.race<T>([p,\n new Promise<T>((_, rej) => { setTimeout(() => rej(new Error('t')), ms); })]); } //~ timer-left-running",
        ),
        Case::bad(
            "a.js",
            "async function f(p) { await Promise.race([p(), new Promise(function (res, rej) { setTimeout(rej, 5000, new Error('t')); })]); } //~ timer-left-running",
        ),
        Case::bad(
            "a.js",
            "async function f(p, ms) { const late = new Promise((_, rej) => setTimeout(() => rej(new Error('t')), ms)); //~ timer-left-running\n return Promise.race([p, late]); }",
        ),
        Case::bad(
            "a.js",
            "class C { call(p) { return Promise.race([p, new Promise((_, r) => setTimeout(() => r(this.e), this.ms))]); } } //~ timer-left-running",
        ),
        Case::bad(
            "a.js",
            "const f = async (p) => await Promise.race([new Promise((r) => setTimeout(() => r(null), LIMIT)), p]); //~ timer-left-running",
        ),
        Case::bad(
            "a.js",
            "exports.f = (p, t) => Promise.race([p.then(go), new Promise((_, rej) => setTimeout(() => rej('t'), t))]).catch(log); //~ timer-left-running",
        ),
        Case::good(
            "a.js",
            "function f(p, ms) { let t; const late = new Promise((_, rej) => { t = setTimeout(rej, ms); }); return Promise.race([p, late]).finally(() => clearTimeout(t)); }",
        ),
        Case::good(
            "a.js",
            "const f = (p, ms) => Promise.race([p, new Promise((_, rej) => setTimeout(rej, ms).unref())]);",
        ),
        Case::good("a.js", "const f = (p, q) => Promise.race([p, q]);"),
        Case::good("a.js", "const sleep = (ms) => new Promise((r) => setTimeout(r, ms));"),
        Case::good("a.js", "const f = (p) => Promise.race([p, AbortSignal.timeout(10)]);"),
        Case::good("a.js", "const f = (p) => Promise.all([p, new Promise((r) => setTimeout(r, 1000))]);"),
        Case::good("a.js", "const f = (p) => Promise.race([p, new Promise((r) => setTimeout(r, 50))]);"),
        Case::good("a.js", "const f = (p, e) => Promise.race([p, new Promise((r) => e.once('end', r))]);"),
        Case::near_miss(
            "a.js",
            "const f = (p, ms) => Promise.race([p, new Promise((_, rej) => { const t = setTimeout(rej, ms); p.finally(() => clearTimeout(t)); })]);",
        ),
        Case::near_miss("a.js", "const f = (p, ms) => other.race([p, new Promise((_, rej) => setTimeout(rej, ms))]);"),
        Case::near_miss("a.js", "const f = (p) => Promise.race([p, new Promise((r) => setTimeout(r, 0))]);"),
        Case::near_miss("a.js", "const f = (p, ms) => Promise.race([p, later(() => setTimeout(go, ms))]);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, _)) = method(node).filter(|(_, m)| m.text() == "race") else { return };
    if of.text() != "Promise" {
        return;
    }
    let Some(list) = args(node).next().map(bare).filter(|l| l.kind() == Kind::Array) else { return };
    for promise in list.named_children().map(constant) {
        if promise.kind() != Kind::NewExpression
            || promise.child(Field::Constructor).is_none_or(|c| c.text() != "Promise")
        {
            continue;
        }
        let Some(executor) = args(promise).next().and_then(|f| function(f, cx)) else { continue };
        let timer = executor.descendants().find(|n| {
            n.kind() == Kind::CallExpression && n.child(Field::Function).is_some_and(|f| f.text() == "setTimeout")
        });
        let Some(timer) = timer else { continue };
        // The executor's own statement or value: nobody has the handle.
        let lost = timer
            .parent()
            .is_some_and(|p| p.kind() == Kind::ExpressionStatement || p.kind() == Kind::ArrowFunction && p == executor);
        let short = args(timer).nth(1).is_none_or(|ms| ms.text().parse::<u32>().is_ok_and(|n| n < 1000));
        if lost && !short {
            let message = "This timer runs on when another promise has won the race. Keep its handle, and clear it in a `finally`.";
            report_in(cx, timer, Note::new(cx.rule, timer.span(), message));
        }
    }
}
