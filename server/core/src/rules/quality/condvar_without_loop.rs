use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::shape::is_commented;
use crate::rules::support::{args, enclosing_loop, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "condvar-without-loop",
    summary: "a condition variable is waited for without asking again",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[667],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `condvar.wait(guard)` and `wait_timeout` of a `Condvar` outside of a loop.",
        why: "A thread may wake up without having been notified, and another one may have taken what it was notified of: the condition must be asked again. A notification that came before the wait is lost, and the thread sleeps for ever.",
        example: "let guard = ready.lock().unwrap();\nlet _guard = condvar.wait(guard).unwrap();",
        instead: "let guard = ready.lock().unwrap();\nlet _guard = condvar.wait_while(guard, |ready| !*ready).unwrap();",
        limits: "Only where the source tells that it is a `Condvar`. `wait_while` asks by itself, and a `wait_timeout` with a comment is a pause that may end early.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<bool>, c: &Condvar) { let g = m.lock().unwrap(); let _g = c.wait(g).unwrap(); } //~ condvar-without-loop",
        ),
        Case::bad(
            "a.rs",
            "struct S { c: Condvar, m: Mutex<bool> }\nimpl S { fn f(&self) { let g = self.m.lock().unwrap(); drop(self.c.wait(g)); } } //~ condvar-without-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<bool>, c: Arc<Condvar>) { let mut g = m.lock().unwrap(); if !*g { g = c.wait(g).unwrap(); } go(g); } //~ condvar-without-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &Mutex<u8>, c: &Condvar) { let g = m.lock().unwrap(); let (g, _) = c.wait_timeout(g, D).unwrap(); go(g); } //~ condvar-without-loop",
        ),
        Case::good(
            "a.rs",
            "fn f(m: &Mutex<bool>, c: &Condvar) { let mut g = m.lock().unwrap(); while !*g { g = c.wait(g).unwrap(); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(m: &Mutex<bool>, c: &Condvar) { let g = m.lock().unwrap(); let _g = c.wait_while(g, |r| !*r).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "fn f(m: &Mutex<bool>, c: &Condvar) { let mut g = m.lock().unwrap(); loop { if *g { break; } g = c.wait(g).unwrap(); } }",
        ),
        Case::good("a.rs", "fn f(mut c: Child) { c.wait().unwrap(); }"),
        Case::near_miss(
            "a.rs",
            "fn f(c: &Condvar, m: &Mutex<bool>) {\n    let g = m.lock().unwrap();\n    // Waking up early does no harm.\n    let _g = c.wait_timeout(g, D).unwrap();\n}",
        ),
        Case::near_miss("a.rs", "fn f(b: &Barrier) { b.wait(); }"),
        Case::near_miss("a.rs", "fn f(q: &Queue, g: Guard) { q.wait(g); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, m)| matches!(m.text(), "wait" | "wait_timeout")) else { return };
    if args(node).next().is_none() || enclosing_loop(node).is_some() {
        return;
    }
    // A pause that ends early on purpose; whoever means it says so.
    if name.text() == "wait_timeout" && is_commented(statement(node))
        || name.text() == "wait_timeout" && is_commented(node)
    {
        return;
    }
    let mut ty = type_of(of, cx);
    while let Some(inner) = ty.as_ref().filter(|t| matches!(t.name, "Arc" | "Rc" | "Box")).map(|t| t.arg()) {
        ty = Some(inner);
    }
    if ty.is_some_and(|t| t.name == "Condvar") {
        let message = "A thread may wake up without a reason, or miss the notification: ask the condition in a loop around, or use `wait_while`.";
        cx.report(Note::new(cx.rule, name.span(), message));
    }
}
