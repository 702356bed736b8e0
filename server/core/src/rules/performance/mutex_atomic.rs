use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_items::last_name;
use crate::rules::rust_types::{Ty, type_name};
use crate::rules::support::args;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "mutex-atomic",
    summary: "a lock protects a single number or truth value",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `Mutex<bool>`, `Mutex<usize>` and the like, and `Mutex::new(false)` and `Mutex::new(0)` where no type is written.",
        why: "An atomic does the same with one instruction: it needs no guard, cannot deadlock and cannot be poisoned.",
        example: "let done = Arc::new(Mutex::new(false));",
        instead: "let done = Arc::new(AtomicBool::new(false));",
        limits: "A `Condvar` needs its mutex: files that use one are left alone, and so are locks of async libraries, which are held across waits.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::GenericType, Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "struct A { done: Mutex<bool> } //~ mutex-atomic"),
        Case::bad("a.rs", "struct A { n: Arc<Mutex<usize>> } //~ mutex-atomic"),
        Case::bad("a.rs", "fn f() { let done = Arc::new(Mutex::new(false)); go(done); } //~ mutex-atomic"),
        Case::bad("a.rs", "static N: Mutex<u64> = Mutex::new(0); //~ mutex-atomic"),
        Case::bad("a.rs", "fn f() { let n = Mutex::new(0); go(&n); } //~ mutex-atomic"),
        Case::bad("a.rs", "type Count = std::sync::Mutex<i32>; //~ mutex-atomic"),
        Case::near_miss("a.rs", "fn f(n: &std::sync::Mutex<i32>) { *n.lock().unwrap() += 1; }"),
        Case::bad("a.rs", "struct A { n: parking_lot::Mutex<u32> } //~ mutex-atomic"),
        Case::bad("a.rs", "fn f() { let n = std::sync::Mutex::new(0u32); go(&n); } //~ mutex-atomic"),
        Case::good("a.rs", "struct A { done: AtomicBool }"),
        Case::good("a.rs", "struct A { names: Mutex<Vec<String>> }"),
        Case::good("a.rs", "use std::sync::Condvar;\nstruct A { done: Mutex<bool>, c: Condvar }"),
        Case::good("a.rs", "use tokio::sync::Mutex;\nstruct A { done: Mutex<bool> }"),
        Case::good("a.rs", "fn f() { let n = Mutex::new(Vec::new()); go(&n); }"),
        Case::good("a.rs", "struct A { n: Cell<u32> }"),
        Case::good("a.rs", "struct A { n: Mutex<Option<u32>> }"),
        Case::good("a.rs", "struct A { n: Mutex<f64> }"),
        Case::good("a.rs", "struct A { n: RwLock<u32> }"),
        Case::near_miss("a.rs", "struct A { n: Mutex<()> }"),
        Case::near_miss("a.rs", "fn f(p: (std::sync::Mutex<bool>, std::sync::Condvar)) {}"),
        Case::near_miss("a.rs", "struct A { n: Mutex<u128> }"),
        Case::near_miss("a.rs", "fn f(n: u8) { let m = Mutex::new(n); go(&m); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (lock, name) = if node.kind() == Kind::GenericType {
        let ty = Ty::parse(node.text());
        // Whoever takes it did not choose it.
        let taken = node.ancestors().any(|a| a.kind() == Kind::Parameter);
        if taken || ty.name != "Mutex" || ty.args.len() != 1 || ty.arg().refs > 0 {
            return;
        }
        (ty.path, ty.arg().name)
    } else {
        let Some(callee) = node.child(Field::Function) else { return };
        let Some(lock) = callee.text().strip_suffix("::new").filter(|p| last_name(p) == "Mutex") else { return };
        // The type beside it has been judged.
        if node.ancestors().any(|a| {
            matches!(a.kind(), Kind::LetDeclaration | Kind::StaticItem | Kind::ConstItem)
                && a.child(Field::Type).is_some()
                || a.kind() == Kind::FieldInitializer
        }) {
            return;
        }
        let Some(value) = args(node).next().filter(|v| matches!(v.kind(), Kind::BooleanLiteral | Kind::IntegerLiteral))
        else {
            return;
        };
        let Some(name) = type_name(value, cx) else { return };
        (lock, if name == "{integer}" { "i32" } else { name })
    };
    let atomic = match name {
        "bool" => "AtomicBool",
        "usize" => "AtomicUsize",
        "isize" => "AtomicIsize",
        "u64" => "AtomicU64",
        "i64" => "AtomicI64",
        "u32" => "AtomicU32",
        "i32" => "AtomicI32",
        "u8" | "u16" | "i8" | "i16" => "atomic of its size",
        _ => return,
    };
    let path =
        if lock.contains("::") { lock.to_owned() } else { cx.file.imports.path(lock).unwrap_or(lock).to_owned() };
    let plain = !path.contains("::") || path.starts_with("std::") || path.starts_with("parking_lot");
    let waits = cx.file.imports.iter().any(|(name, path)| name == "Condvar" || path.ends_with("Condvar"))
        || cx.arena().text().contains("Condvar");
    if !plain || waits {
        return;
    }
    let message = format!("A lock around one value that an atomic holds by itself: use an `{atomic}`.")
        .replace("an `atomic of its size`", "an atomic of its size");
    cx.report(Note::new(cx.rule, node.span(), message));
}
