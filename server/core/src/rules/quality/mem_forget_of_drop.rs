use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, enclosing_function, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "mem-forget-of-drop",
    summary: "a value that owns something is forgotten instead of dropped",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[401, 772],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `mem::forget` of a value whose type is told to own memory, a file, a lock or another resource.",
        why: "What it owns is never given back: memory leaks, files stay open, locks stay taken. To keep a value from being dropped on purpose, `ManuallyDrop` says so in the type, and also when something panics between.",
        example: "std::mem::forget(buffer);",
        instead: "let buffer = std::mem::ManuallyDrop::new(buffer);",
        limits: "Silent where a raw pointer, handle or descriptor is taken from the value in the same function: somebody else owns it then.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(buffer: Vec<u8>) { std::mem::forget(buffer); } //~ mem-forget-of-drop"),
        Case::bad(
            "a.rs",
            "use std::mem;\nfn f() { let s = String::from(\"a\"); mem::forget(s); } //~ mem-forget-of-drop",
        ),
        Case::bad("a.rs", "fn f(file: File) { std::mem::forget(file); } //~ mem-forget-of-drop"),
        Case::bad("a.rs", "fn f(m: &Mutex<u8>) { std::mem::forget(m.lock().unwrap()); } //~ mem-forget-of-drop"),
        Case::bad("a.rs", "use std::mem::forget;\nfn f(b: Box<A>) { forget(b); } //~ mem-forget-of-drop"),
        Case::bad("a.rs", "fn f(a: Arc<A>) { core::mem::forget(a); } //~ mem-forget-of-drop"),
        Case::bad(
            "a.rs",
            "struct G { n: u8 }\nimpl Drop for G { fn drop(&mut self) { go(); } }\nfn f(g: G) { std::mem::forget(g); } //~ mem-forget-of-drop",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let tmp = tempfile::TempDir::new(); let v = vec![1]; std::mem::forget(v); } //~ mem-forget-of-drop",
        ),
        Case::good("a.rs", "fn f(buffer: Vec<u8>) { drop(buffer); }"),
        Case::good("a.rs", "fn f(v: Vec<u8>) { let v = std::mem::ManuallyDrop::new(v); go(v.as_ptr()); }"),
        Case::good("a.rs", "fn f(mut v: Vec<u8>) -> *mut u8 { let p = v.as_mut_ptr(); std::mem::forget(v); p }"),
        Case::good("a.rs", "fn f(b: Box<A>) { let p = Box::into_raw(b); go(p); }"),
        Case::good("a.rs", "fn f(x: u8) { std::mem::forget(x); }"),
        Case::good("a.rs", "fn f(x: T) { std::mem::forget(x); }"),
        Case::good("a.rs", "fn f(f: File) -> i32 { let fd = f.as_raw_fd(); std::mem::forget(f); fd }"),
        Case::good("a.rs", "fn f(v: Vec<u8>) { self::forget(v); }"),
        Case::near_miss("a.rs", "fn f(v: Vec<u8>) { cache.forget(v); }"),
        Case::near_miss("a.rs", "fn f(s: &str) { std::mem::forget(s); }"),
        Case::near_miss("a.rs", "fn f(a: Arc<A>) -> *const A { let p = &*a as *const A; std::mem::forget(a); p }"),
        Case::near_miss("a.rs", "fn f(g: Guard) { if armed() { std::mem::forget(g); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(path) = node.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    if !matches!(path.as_str(), "std::mem::forget" | "core::mem::forget") {
        return;
    }
    let Some(value) = args(node).next() else { return };
    let Some(ty) = type_of(value, cx) else { return };
    let own = cx.file.declared.rust.implemented.contains(&("Drop".to_owned(), ty.name.to_owned()));
    let owns = matches!(
        ty.name,
        "Vec"
            | "String"
            | "Box"
            | "Rc"
            | "Arc"
            | "File"
            | "MutexGuard"
            | "RwLockReadGuard"
            | "RwLockWriteGuard"
            | "HashMap"
            | "BTreeMap"
            | "TcpStream"
            | "JoinHandle"
            | "TempDir"
            | "CString"
            | "PathBuf"
    );
    if ty.refs > 0 || !(own || owns) {
        return;
    }
    // The value's memory or handle goes on elsewhere.
    let home = enclosing_function(node).unwrap_or_else(|| cx.arena().root());
    let handed = home.descendants().any(|n| {
        n.kind() == Kind::PointerType
            || matches!(n.kind(), Kind::FieldIdentifier | Kind::Identifier)
                && n.parent() != Some(home)
                && (n.text().ends_with("ptr")
                    || n.text().contains("raw")
                    || n.text().ends_with("handle")
                    || n.text().contains("transmute")
                    || n.text() == "read"
                    || n.text() == "leak")
    });
    if handed {
        return;
    }
    let message = format!(
        "This `{}` is never dropped, and what it owns is never given back. If that is meant, `ManuallyDrop` says so in the type.",
        ty.name
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}
