use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::binding;
use crate::rules::support::{is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "mutable-static",
    summary: "a `static mut` is written or borrowed without a lock",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[362, 567],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds functions without `unsafe` that write a `static mut` of their file, or take a reference to it.",
        why: "Two threads that call the function at once race: increments get lost, a `Vec` that both grow is freed twice. Nothing in the \
              function's signature warns its callers.",
        example: "static mut COUNT: u64 = 0;\npub fn bump() { unsafe { COUNT += 1; } }",
        instead: "static COUNT: AtomicU64 = AtomicU64::new(0);\npub fn bump() { COUNT.fetch_add(1, Ordering::Relaxed); }",
        limits: "Only the first place in each function. Left alone: unsafe functions, unsafe code with a `SAFETY` comment, functions that take a lock, \
                 disable interrupts or run once, `main`, raw pointers to the static (`&raw`, `addr_of!`), and plain reads by value.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionItem], check)],
    cases: &[
        Case::bad("a.rs", "static mut N: u64 = 0;\npub fn f() { unsafe { N += 1; } } //~ mutable-static"),
        Case::bad(
            "a.rs",
            "static mut CACHE: Vec<u8> = Vec::new();\npub fn f() { unsafe { CACHE.push(1); } } //~ mutable-static",
        ),
        Case::bad(
            "a.rs",
            "static mut C: Option<Config> = None;\npub fn f(c: Config) { unsafe { C = Some(c); } } //~ mutable-static",
        ),
        Case::bad(
            "a.rs",
            "static mut B: [u8; 64] = [0; 64];\npub fn f() -> &'static mut [u8; 64] { unsafe { &mut B } } //~ mutable-static",
        ),
        Case::bad(
            "a.rs",
            "static mut B: [u8; 64] = [0; 64];\npub fn f(i: usize) { unsafe { B[i] = 1; } } //~ mutable-static",
        ),
        Case::good(
            "a.rs",
            "static N: AtomicU64 = AtomicU64::new(0);\npub fn f() { N.fetch_add(1, Ordering::Relaxed); }",
        ),
        Case::good("a.rs", "static mut N: u64 = 0;\npub unsafe fn f() { unsafe { N += 1; } }"),
        Case::good("a.rs", "static mut N: u64 = 0;\npub fn f() { let _g = LOCK.lock().unwrap(); unsafe { N += 1; } }"),
        Case::good("a.rs", "static mut N: u64 = 0;\npub fn f() { INIT.call_once(|| unsafe { N = 1; }); }"),
        Case::good("a.rs", "static mut N: u64 = 0;\npub fn f() -> u64 { unsafe { N } }"),
        Case::near_miss("a.rs", "static mut N: u64 = 0;\npub fn f() -> *mut u64 { &raw mut N }"),
        Case::near_miss(
            "a.rs",
            "static mut N: u64 = 0;\npub fn f() {\n  // SAFETY: one thread alone runs before `main`.\n  unsafe { N += 1; } }",
        ),
        Case::near_miss("a.rs", "static N: Cell<u64> = Cell::new(0);\nfn f() { let mut N = 1; N += 1; }"),
        Case::near_miss(
            "a.rs",
            "static mut GLOBAL: Dispatch = NONE;\nfn set(d: Dispatch) -> bool { if STATE.compare_exchange(0, 1, SeqCst, SeqCst).is_err() { return false; } unsafe { GLOBAL = d; } STATE.store(2, SeqCst); true }",
        ),
    ],
};

fn check<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let statics = &cx.file.declared.rust.mutable_statics;
    if statics.is_empty() || function.is_hole() || !function.text().contains("unsafe") {
        return;
    }
    let modifiers = function.child_of_kind(Kind::FunctionModifiers).map_or("", Node::text);
    let name = function.child(Field::Name).map_or("", Node::text);
    let text = function.text();
    let guarded =
        ["SAFETY", "Safety:", "lock(", "call_once", "critical", "interrupt", "Once", "compare_exchange", "#[test"];
    if modifiers.split_whitespace().any(|w| w == "unsafe") || name == "main" || guarded.iter().any(|g| text.contains(g))
    {
        return;
    }
    let Some(body) = function.child(Field::Body) else { return };
    let ours = |n: Node<'a>| root(n).is_some_and(|r| statics.contains(r.text()) && binding(r).is_none());
    let found =
        body.descendants_until(|n| is_function(n) && n.kind() != Kind::ClosureExpression).find(|n| match n.kind() {
            Kind::AssignmentExpression | Kind::CompoundAssignmentExpr => n.child(Field::Left).is_some_and(ours),
            Kind::ReferenceExpression => !n.text().starts_with("&raw") && n.child(Field::Value).is_some_and(ours),
            Kind::CallExpression => method(*n).is_some_and(|(of, m)| {
                matches!(
                    m.text(),
                    "push"
                        | "insert"
                        | "push_str"
                        | "clear"
                        | "pop"
                        | "remove"
                        | "extend"
                        | "get_or_insert_with"
                        | "take"
                        | "replace"
                        | "as_mut"
                        | "as_ref"
                        | "iter_mut"
                        | "as_mut_slice"
                        | "get_mut"
                        | "retain"
                        | "drain"
                        | "truncate"
                        | "append"
                ) && ours(of)
            }),
            _ => false,
        });
    if let Some(at) = found {
        let message = "A `static mut` belongs to all threads at once, and nothing here keeps two of them apart. Use an atomic, a `Mutex` or `OnceLock`.";
        cx.report(Note::new(cx.rule, at.span(), message));
    }
}

/// The variable that a place is a part of.
fn root(place: Node<'_>) -> Option<Node<'_>> {
    let mut at = unparenthesized(place);
    loop {
        at = match at.kind() {
            Kind::Identifier => return Some(at),
            Kind::FieldExpression => unparenthesized(at.child(Field::Value)?),
            Kind::IndexExpression => unparenthesized(at.first_named()?),
            _ => return None,
        };
    }
}
