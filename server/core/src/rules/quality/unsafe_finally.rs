use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{bare, is_function, is_loop};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unsafe-finally",
    summary: "a `finally` overrules what its `try` was about to do",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[584],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `return`, `throw`, `break` and `continue` inside a `finally` that leave it.",
        why: "The error that was on its way is dropped without a word, and so is the value that `try` or `catch` \
              returned.",
        example: "try { return load(); } finally { return null; }",
        instead: "try { return load(); } catch (e) { return null; }",
        limits: "Jumps that stay inside the `finally`, as in a loop or a function of its own, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FinallyClause], check)],
    cases: &[
        Case::bad("a.js", "function f() { try { return a(); } finally { return null; } } //~ unsafe-finally"),
        Case::bad(
            "a.js",
            "function f() { try { a(); } finally { if (!x) { throw new Error('x'); } } } //~ unsafe-finally",
        ),
        Case::bad("a.js", "for (const x of xs) { try { a(x); } finally { break; } } //~ unsafe-finally"),
        Case::bad("a.js", "for (const x of xs) { try { a(x); } finally { if (x) continue; } } //~ unsafe-finally"),
        Case::bad(
            "a.js",
            "async function f() { try { await a(); } catch (e) { log(e); } finally {\n  return 1; //~ unsafe-finally\n} }",
        ),
        Case::bad(
            "a.js",
            "outer: for (const x of xs) { try { a(); } finally { for (const y of x) { break outer; } } } //~ unsafe-finally",
        ),
        Case::bad(
            "a.js",
            "function f() { try { a(); } finally { try { b(); } catch (e) { return 2; } } } //~ unsafe-finally",
        ),
        Case::bad(
            "a.js",
            "class A { m() { try { return 1; } finally { switch (x) { case 1: return 2; } } } } //~ unsafe-finally",
        ),
        Case::good("a.js", "function f() { try { return a(); } finally { close(); } }"),
        Case::good("a.js", "function f() { try { a(); } finally { xs.forEach((x) => { return x; }); } }"),
        Case::good("a.js", "function f() { try { a(); } finally { for (const x of xs) { if (x) break; } } }"),
        Case::good("a.js", "function f() { try { a(); } catch (e) { throw e; } }"),
        Case::good(
            "a.js",
            "function f() { try { a(); } finally { const g = function () { throw new Error('x'); }; g(); } }",
        ),
        Case::good("a.js", "function f() { try { a(); } finally { switch (x) { case 1: go(); break; } } }"),
        Case::good("a.js", "function f() { try { a(); } finally { while (x) { continue; } } }"),
        Case::good("a.js", "function f() { try { return 1; } catch (e) { return 2; } }"),
        Case::near_miss("a.js", "function f() { try { a(); } finally { } return 1; }"),
        Case::near_miss("a.js", "function f() { try { a(); } finally { class B { m() { return 1; } } new B().m(); } }"),
        Case::near_miss("a.js", "promise.finally(() => { return 1; });"),
        Case::near_miss("a.js", "function f() { let err; try { a(); } finally { if (err) throw err.error; } }"),
        Case::near_miss(
            "a.js",
            "function f() { try { a(); } finally { inner: for (const x of xs) { for (const y of x) { break inner; } } } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let jumps: Vec<Node<'a>> = node.descendants_until(is_function).filter(|n| leaves(*n, node)).collect();
    for jump in jumps {
        let word = jump.text().split([' ', ';', '\n']).next().unwrap_or("");
        let message = format!(
            "`{word}` in a `finally` drops the error that is on its way, and the value that was to be returned. Do this after the `try`, or in a `catch`."
        );
        cx.report(Note::new(cx.rule, jump.span(), message));
    }
}

fn leaves<'a>(jump: Node<'a>, finalizer: Node<'a>) -> bool {
    let inside = || jump.ancestors().take_while(|a| *a != finalizer);
    match jump.kind() {
        Kind::ReturnStatement => true,
        // A handler inside catches it.
        // `if (error) throw error` throws what was kept for later.
        Kind::ThrowStatement => !inside().any(|a| {
            let kept = a.kind() == Kind::IfStatement
                && a.child(Field::Condition)
                    .map(bare)
                    .is_some_and(|c| matches!(c.kind(), Kind::Identifier | Kind::MemberExpression));
            kept || a.kind() == Kind::TryStatement
        }),
        Kind::BreakStatement | Kind::ContinueStatement => match jump.child(Field::Label) {
            Some(label) => !inside().any(|a| {
                a.kind() == Kind::LabeledStatement && a.child(Field::Label).is_some_and(|l| l.text() == label.text())
            }),
            None => {
                let breaks = jump.kind() == Kind::BreakStatement;
                !inside().any(|a| is_loop(a) || breaks && a.kind() == Kind::SwitchStatement)
            }
        },
        _ => false,
    }
}
