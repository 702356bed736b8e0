use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::expression;
use crate::rules::rust_names::{Origin, binding};
use crate::rules::shape::{operator, same};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "atomic-read-then-write",
    summary: "an atomic is read and written in two steps",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[362, 367],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `x.store(x.load(..) + 1, ..)`, also with the loaded value in a variable in between, and `if !x.load(..) { x.store(true, ..); .. }`.",
        why: "Another thread may write between the two, and its change is lost: two threads that count up once each count one.",
        example: "let n = count.load(SeqCst);\ncount.store(n + 1, SeqCst);",
        instead: "count.fetch_add(1, SeqCst);",
        limits: "Only where the stored value is computed from the loaded one in the same block, or the store is the first thing that happens after the question.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check), Check::Nodes(&[Kind::IfExpression], guarded)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn next(&self) -> u32 { let n = self.seq.load(Ordering::SeqCst) + 1; self.seq.store(n, Ordering::SeqCst); n } //~ atomic-read-then-write",
        ),
        Case::near_miss(
            "a.rs",
            "fn set(&self, n: u32) { let old = self.seq.load(Ordering::SeqCst); log(old); self.seq.store(n, Ordering::SeqCst); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(c: &AtomicUsize) { let n = c.load(Ordering::SeqCst); c.store(n + 1, Ordering::SeqCst); } //~ atomic-read-then-write",
        ),
        Case::bad(
            "a.rs",
            "fn f(c: &AtomicUsize) { c.store(c.load(Ordering::Relaxed) + 1, Ordering::Relaxed); } //~ atomic-read-then-write",
        ),
        Case::bad(
            "a.rs",
            "struct S { n: AtomicU64 }\nimpl S { fn f(&self) { let old = self.n.load(Ordering::SeqCst); self.n.store(old - 1, Ordering::SeqCst); } } //~ atomic-read-then-write",
        ),
        Case::bad(
            "a.rs",
            "fn f(flag: &AtomicBool) { flag.store(!flag.load(Ordering::SeqCst), Ordering::SeqCst); } //~ atomic-read-then-write",
        ),
        Case::good("a.rs", "fn f(c: &AtomicUsize) { c.fetch_add(1, Ordering::SeqCst); }"),
        Case::good(
            "a.rs",
            "fn f(c: &AtomicUsize, d: &AtomicUsize) { let n = c.load(Ordering::SeqCst); d.store(n + 1, Ordering::SeqCst); }",
        ),
        Case::good("a.rs", "fn f(c: &AtomicUsize) { c.store(0, Ordering::SeqCst); }"),
        Case::good(
            "a.rs",
            "fn f(c: &AtomicUsize) { let n = c.load(Ordering::SeqCst); go(n); c.store(5, Ordering::SeqCst); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &AtomicBool) { if !a.load(Ordering::SeqCst) { a.store(true, Ordering::SeqCst); start(); } } //~ atomic-read-then-write",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(a: &AtomicBool, m: &Mutex<()>) { let _g = m.lock().unwrap(); if !a.load(Ordering::SeqCst) { a.store(true, Ordering::SeqCst); start(); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(c: &AtomicUsize) { let n = c.swap(0, Ordering::SeqCst); c.store(n + 1, Ordering::SeqCst); }",
        ),
        Case::near_miss("a.rs", "fn f(s: &mut Store, k: K) { let v = s.load(k); s.store(v + 1, k); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, m)| m.text() == "store") else { return };
    let mut given = args(node);
    let (Some(value), Some(ordering)) = (given.next(), given.next()) else { return };
    let atomic = |t: &str| ["Relaxed", "SeqCst", "Release", "Acquire", "AcqRel"].iter().any(|o| t.ends_with(o));
    if !atomic(ordering.text()) || matches!(value.kind(), Kind::IntegerLiteral) {
        return;
    }
    let loads = |n: Node<'a>| {
        method(n).is_some_and(|(from, m)| {
            m.text() == "load" && same(from, of) && args(n).next().is_some_and(|o| atomic(o.text()))
        })
    };
    // `let n = x.load(..) + 1; x.store(n, ..)`
    if value.kind() == Kind::Identifier {
        let computed = binding(value).is_some_and(|b| match b.origin {
            Origin::Let(declaration) => declaration.child(Field::Value).map(unparenthesized).is_some_and(|v| {
                v.kind() == Kind::BinaryExpression && v.named_children().any(|side| loads(unparenthesized(side)))
            }),
            _ => false,
        });
        if !computed {
            return;
        }
    }
    let direct = value.kind() == Kind::Identifier || value.descendants().any(loads);
    let before = || {
        value.descendants().filter(|n| n.kind() == Kind::Identifier).any(|n| {
            binding(n).is_some_and(|b| match b.origin {
                Origin::Let(declaration) => declaration.child(Field::Value).is_some_and(|v| loads(unparenthesized(v))),
                _ => false,
            })
        })
    };
    if direct || before() {
        let message = "Another thread may write between the `load` and this `store`, and its change is lost. Use `fetch_add`, `fetch_update` or `compare_exchange`.";
        cx.report(Note::new(cx.rule, name.span(), message));
    }
}

/// `if !started.load(..) { started.store(true, ..); .. }`: two threads may both find it unset.
fn guarded<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(body)) =
        (node.child(Field::Condition).map(unparenthesized), node.child(Field::Consequence))
    else {
        return;
    };
    let question = match condition.kind() {
        Kind::UnaryExpression if condition.text().starts_with('!') => condition.last_named(),
        Kind::BinaryExpression if operator(condition) == "==" => condition.child(Field::Left),
        _ => None,
    };
    let atomic =
        |n: Node<'_>| ["Relaxed", "SeqCst", "Release", "Acquire", "AcqRel"].iter().any(|o| n.text().ends_with(o));
    let Some(loaded) = question.map(unparenthesized) else { return };
    let Some((of, _)) = method(loaded).filter(|(_, m)| m.text() == "load" && args(loaded).next().is_some_and(atomic))
    else {
        return;
    };
    // The store comes first: what is set when the work is done is another matter.
    let Some(first) = body.named_children().find(|c| !c.is_comment()).map(expression) else { return };
    let stores = method(first)
        .is_some_and(|(to, m)| m.text() == "store" && same(to, of) && args(first).nth(1).is_some_and(atomic));
    // A second look under a lock is fine.
    let locked = node.ancestors().any(|a| {
        a.kind() == Kind::Block
            && a.named_children()
                .take_while(|s| s.span().end <= node.span().start)
                .any(|s| s.text().contains(".lock()"))
    });
    if stores && !locked {
        let message = "Another thread may find the same before this `store`, and both go on. `compare_exchange` or `swap` asks and sets at once.";
        cx.report(Note::new(cx.rule, loaded.span(), message).related(first.span(), "set here"));
    }
}
