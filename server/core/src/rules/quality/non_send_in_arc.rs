use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_items::last_name;
use crate::rules::rust_types::Ty;
use crate::rules::support::args;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "non-send-in-arc",
    summary: "something that cannot be shared between threads is put into an `Arc`",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[821],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `Arc<RefCell<T>>`, `Arc<Cell<T>>`, `Arc<Rc<T>>` and `Arc<Mutex<Rc<T>>>`, as types and as `Arc::new(..)`.",
        why: "An `Arc` may be sent to another thread only if what it holds may be used from several: these may not. Either nothing is shared, and an `Rc` is enough, or it will be, and a `Mutex`, `RwLock` or atomic is missing.",
        example: "let cache = Arc::new(RefCell::new(HashMap::new()));",
        instead: "let cache = Arc::new(Mutex::new(HashMap::new()));",
        limits: "Only what is written out. Cells of other crates that can be shared (`AtomicCell`, `OnceLock`) are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::GenericType], types), Check::Nodes(&[Kind::CallExpression], made)],
    cases: &[
        Case::bad("a.rs", "struct A { x: Arc<RefCell<u8>> } //~ non-send-in-arc"),
        Case::bad("a.rs", "fn f() { let x = Arc::new(RefCell::new(1)); go(x); } //~ non-send-in-arc"),
        Case::bad("a.rs", "fn f(x: Arc<Rc<A>>) {} //~ non-send-in-arc"),
        Case::bad("a.rs", "struct A { x: Arc<Cell<u32>> } //~ non-send-in-arc"),
        Case::bad("a.rs", "fn f() -> Arc<Mutex<Rc<A>>> { make() } //~ non-send-in-arc"),
        Case::bad("a.rs", "fn f() { go(std::sync::Arc::new(std::cell::Cell::new(0))); } //~ non-send-in-arc"),
        Case::bad("a.rs", "type Shared = Arc<std::cell::RefCell<Vec<u8>>>; //~ non-send-in-arc"),
        Case::bad("a.rs", "fn f() { let n = Arc::new(Rc::new(String::new())); go(n); } //~ non-send-in-arc"),
        Case::good("a.rs", "struct A { x: Arc<Mutex<u8>> }"),
        Case::good("a.rs", "struct A { x: Rc<RefCell<u8>> }"),
        Case::good("a.rs", "struct A { x: Arc<AtomicCell<u8>> }"),
        Case::good("a.rs", "struct A { x: Arc<OnceCell<u8>> }"),
        Case::good("a.rs", "fn f() { let x = Arc::new(RwLock::new(1)); go(x); }"),
        Case::good("a.rs", "struct A { x: Arc<Vec<u8>> }"),
        Case::good("a.rs", "fn f() { let x = Rc::new(RefCell::new(1)); go(x); }"),
        Case::good("a.rs", "struct A { x: Arc<Mutex<RefCell<u8>>> }"),
        Case::near_miss("a.rs", "use atomic_refcell::AtomicRefCell as RefCell;\nstruct A { x: Arc<RefCell<u8>> }"),
        Case::near_miss("a.rs", "struct A { x: Arc<dyn Fn(RefCell<u8>)> }"),
        Case::near_miss("a.rs", "fn f() { let x: Archive<RefCell<u8>> = make(); go(x); }"),
        Case::near_miss("a.rs", "struct A { x: Rc<Arc<u8>> }"),
    ],
};

fn types<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let ty = Ty::parse(node.text());
    if ty.name != "Arc" || ty.args.len() != 1 {
        return;
    }
    let inner = ty.arg();
    let held = if matches!(inner.name, "Mutex" | "RwLock") { inner.arg() } else { inner.clone() };
    let shared = inner.name != held.name;
    if held.refs == 0 && (held.name == "Rc" || !shared && matches!(held.name, "RefCell" | "Cell" | "UnsafeCell")) {
        report(node, held.name, cx);
    }
}

fn made<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function) else { return };
    if !(callee.text() == "Arc::new" || callee.text().ends_with("::Arc::new")) {
        return;
    }
    let Some(inner) = args(node).next().and_then(|a| a.child(Field::Function)) else { return };
    let Some(name) = inner.text().strip_suffix("::new").map(last_name) else { return };
    // The type beside it has been judged.
    let typed = node.ancestors().any(|a| a.kind() == Kind::LetDeclaration && a.child(Field::Type).is_some());
    if matches!(name, "RefCell" | "Cell" | "Rc") && !typed {
        report(node, name, cx);
    }
}

fn report<'a>(node: Node<'a>, name: &str, cx: &mut Cx<'a>) {
    if cx
        .file
        .imports
        .path(name)
        .is_some_and(|p| !p.starts_with("std::") && !p.starts_with("alloc::") && !p.starts_with("core::"))
    {
        return;
    }
    let instead = if name == "Rc" { "`Arc`" } else { "a `Mutex`, a `RwLock` or an atomic" };
    let message = format!(
        "`{name}` cannot be shared between threads, and neither can this `Arc`. Use {instead} inside, or `Rc` outside."
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}
