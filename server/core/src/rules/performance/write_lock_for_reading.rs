use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_clones::bound_to;
use crate::rules::rust_code::{call_on, plain_method};
use crate::rules::rust_names::uses;
use crate::rules::rust_types::type_of;
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "write-lock-for-reading",
    summary: "a lock is taken for writing and only read",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `lock.write()` of a `RwLock` whose guard is only asked for its length, iterated, cloned, compared or indexed.",
        why: "A writer waits for all readers and keeps everybody else out; readers run side by side. `read()` is enough here.",
        example: "let n = self.users.write().unwrap().len();",
        instead: "let n = self.users.read().unwrap().len();",
        limits: "Only where the type of the lock and every use of the guard are known.",
        fix: "`write` becomes `read`.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "struct I { names: RwLock<HashMap<u64, String>> }\nimpl I { fn name(&self, id: u64) -> String { let names = self.names.write().unwrap_or_else(|e| e.into_inner()); names.get(&id).cloned().unwrap_or_default() } } //~ write-lock-for-reading",
        ),
        Case::bad("a.rs", "fn f(l: &RwLock<Vec<u8>>) -> usize { l.write().unwrap().len() } //~ write-lock-for-reading"),
        Case::bad(
            "a.rs",
            "fn f(l: &RwLock<HashMap<u8, u8>>) -> bool { l.write().unwrap().contains_key(&1) } //~ write-lock-for-reading",
        ),
        Case::bad(
            "a.rs",
            "struct A { l: RwLock<Vec<u8>> }\nimpl A { fn f(&self) -> bool { self.l.write().unwrap().is_empty() } //~ write-lock-for-reading\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(l: &RwLock<Vec<u8>>) -> usize { let g = l.write().unwrap(); g.len() } //~ write-lock-for-reading",
        ),
        Case::bad(
            "a.rs",
            "fn f(l: Arc<RwLock<Vec<u8>>>) -> Vec<u8> { l.write().unwrap().clone() } //~ write-lock-for-reading",
        ),
        Case::bad(
            "a.rs",
            "fn f(l: &RwLock<Vec<u8>>) { let g = l.write().unwrap(); for x in g.iter() { go(x); } } //~ write-lock-for-reading",
        ),
        Case::bad(
            "a.rs",
            "async fn f(l: &RwLock<Vec<u8>>) -> usize { l.write().await.len() } //~ write-lock-for-reading",
        ),
        Case::bad(
            "a.rs",
            "fn f(l: &RwLock<String>) -> bool { l.write().expect(\"l\").starts_with(\"x\") } //~ write-lock-for-reading",
        ),
        Case::good("a.rs", "fn f(l: &RwLock<Vec<u8>>) -> usize { l.read().unwrap().len() }"),
        Case::good("a.rs", "fn f(l: &RwLock<Vec<u8>>) { l.write().unwrap().push(1); }"),
        Case::good("a.rs", "fn f(l: &RwLock<Vec<u8>>) { let mut g = l.write().unwrap(); g.clear(); }"),
        Case::good("a.rs", "fn f(l: &RwLock<u8>) { *l.write().unwrap() = 1; }"),
        Case::good("a.rs", "fn f(m: &Mutex<Vec<u8>>) -> usize { m.lock().unwrap().len() }"),
        Case::good("a.rs", "fn f(l: &RwLock<Vec<u8>>) { let g = l.write().unwrap(); change(g); }"),
        Case::good("a.rs", "fn f(l: &RwLock<Vec<u8>>) { std::mem::take(&mut *l.write().unwrap()); }"),
        Case::good("a.rs", "fn f(l: &RwLock<Vec<u8>>) { for x in l.write().unwrap().iter_mut() { *x += 1; } }"),
        Case::bad(
            "a.rs",
            "fn f(m: &RwLock<Vec<u8>>) -> u8 { let g = m.write().unwrap(); g[0] } //~ write-lock-for-reading",
        ),
        Case::good("a.rs", "fn f(m: &RwLock<Vec<u8>>) { let mut g = m.write().unwrap(); g[0] = 1; }"),
        Case::near_miss("a.rs", "fn f(l: &Pipe) -> usize { l.write().unwrap().len() }"),
        Case::near_miss(
            "a.rs",
            "fn f(l: &RwLock<Vec<u8>>) { let g = l.write().unwrap(); if g.is_empty() { fill(); } drop(g); }",
        ),
        Case::near_miss("a.rs", "fn f(l: &RwLock<Cache>) -> u8 { l.write().unwrap().get(1) }"),
        Case::near_miss("a.rs", "fn f(l: &RwLock<()>) { let _g = l.write().unwrap(); go(); }"),
    ],
};

/// Methods that only look, on strings and collections alike.
const LOOKS: &[&str] = &[
    "len",
    "get",
    "is_empty",
    "contains",
    "contains_key",
    "iter",
    "clone",
    "starts_with",
    "ends_with",
    "keys",
    "values",
    "first",
    "last",
    "as_str",
    "is_some",
    "is_none",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, "write")) = plain_method(node) else { return };
    let mut ty = type_of(of, cx);
    while let Some(inner) = ty.as_ref().filter(|t| matches!(t.name, "Arc" | "Rc" | "Box")).map(|t| t.arg()) {
        ty = Some(inner);
    }
    let Some(held) = ty.filter(|t| t.name == "RwLock").map(|t| t.arg().name) else { return };
    if !matches!(held, "Vec" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "String" | "VecDeque" | "Option") {
        return;
    }
    // The guard: behind `unwrap`, `expect`, `?` and `.await`.
    let mut guard = node;
    while let Some(parent) = guard.parent() {
        match parent.kind() {
            Kind::TryExpression | Kind::AwaitExpression => guard = parent,
            Kind::FieldExpression => match parent.parent().and_then(|c| method(c).map(|(_, n)| (c, n.text()))) {
                Some((outer, "unwrap" | "expect" | "unwrap_or_else")) => guard = outer,
                _ => break,
            },
            _ => break,
        }
    }
    let looks = |n: Node<'a>| {
        call_on(n).is_some_and(|(_, name)| LOOKS.contains(&name.text()))
            || n.parent().is_some_and(|p| {
                p.kind() == Kind::IndexExpression
                    && p.first_named() == Some(n)
                    && p.parent().is_none_or(|o| match o.kind() {
                        Kind::AssignmentExpression | Kind::CompoundAssignmentExpr => p.field() != Field::Left,
                        Kind::ReferenceExpression => false,
                        Kind::FieldExpression | Kind::IndexExpression => false,
                        _ => true,
                    })
            })
    };
    let only = match bound_to(guard) {
        Some(bound) => uses(&bound, cx).is_some_and(|all| !all.is_empty() && all.iter().all(|u| looks(*u))),
        None => looks(guard),
    };
    if !only {
        return;
    }
    let Some((_, name)) = method(node) else { return };
    let message = "This only reads: `read()` lets other readers run at the same time.";
    cx.report(
        Note::new(cx.rule, name.span(), message)
            .suggestion("Take it for reading", vec![(name.span(), "read".to_owned())]),
    );
}
