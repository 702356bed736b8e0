use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "manual-drop-copy",
    summary: "dropping or forgetting does nothing to this value",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[561, 1164],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `drop(x)` and `mem::forget(x)` of references, of numbers and of other values that are copied.",
        why: "A copy, or the reference alone, is dropped: the value itself lives on. A lock stays taken, a file stays open, although the line says otherwise.",
        example: "let guard = &mutex.lock().unwrap();\ndrop(guard);",
        instead: "let guard = mutex.lock().unwrap();\ndrop(guard);",
        limits: "Only where the source tells the type.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(x: u32) { drop(x); } //~ manual-drop-copy"),
        Case::bad("a.rs", "fn f(a: &A) { drop(a); } //~ manual-drop-copy"),
        Case::bad("a.rs", "fn f(m: &Mutex<u8>) { let g = &m.lock().unwrap(); drop(g); } //~ manual-drop-copy"),
        Case::bad("a.rs", "fn f(a: A) { drop(&a); } //~ manual-drop-copy"),
        Case::bad("a.rs", "fn f(a: &mut A) { std::mem::drop(a); } //~ manual-drop-copy"),
        Case::bad("a.rs", "fn f(s: &str) { std::mem::forget(s); } //~ manual-drop-copy"),
        Case::bad("a.rs", "#[derive(Clone, Copy)]\nstruct P { x: u8 }\nfn f(p: P) { drop(p); } //~ manual-drop-copy"),
        Case::bad("a.rs", "fn f(v: Vec<u8>) { for x in v.iter() { drop(x); } } //~ manual-drop-copy"),
        Case::good("a.rs", "fn f(v: Vec<u8>) { drop(v); }"),
        Case::good("a.rs", "fn f(m: &Mutex<u8>) { let g = m.lock().unwrap(); drop(g); }"),
        Case::good("a.rs", "fn f<T>(x: T) { drop(x); }"),
        Case::good("a.rs", "struct P { x: String }\nfn f(p: P) { drop(p); }"),
        Case::good("a.rs", "fn f(a: Box<A>) { drop(a); }"),
        Case::good("a.rs", "fn f(q: &mut Queue, x: &A) { q.drop(x); }"),
        Case::good("a.rs", "fn f(o: Option<File>) { drop(o); }"),
        Case::good("a.rs", "fn f(x: A) { let _ = x; }"),
        Case::near_miss("a.rs", "fn drop(x: &A) { go(x); }\nfn f(x: &A) { drop(x); }"),
        Case::near_miss("a.rs", "fn f(tx: Sender<u8>) { drop(tx); }"),
        Case::near_miss("a.rs", "fn f(x: &A) { my::drop(x); }"),
        Case::near_miss("a.rs", "fn f(v: Vec<u8>) { for x in v.iter_mut().map(|x| make(x)) { drop(x); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function) else { return };
    let plain = callee.kind() == Kind::Identifier
        && callee.text() == "drop"
        && !cx.is_bound("drop")
        && !cx.file.declared.rust.functions.contains_key("drop");
    let path = if plain { "std::mem::drop".to_owned() } else { rust_path(callee, cx).unwrap_or_default() };
    let verb = match path.as_str() {
        "std::mem::drop" | "core::mem::drop" => "dropped",
        "std::mem::forget" | "core::mem::forget" => "forgotten",
        _ => return,
    };
    let (Some(value), None) = (args(node).next(), args(node).nth(1)) else { return };
    let Some(ty) = type_of(value, cx) else { return };
    let message = if ty.refs > 0 {
        format!("Only the reference is {verb} here: the value behind it lives on.")
    } else if ty.is_copy(cx) == Some(true) && ty.name != "Option" {
        format!("A copy is {verb} here, which does nothing: values of this type are copied.")
    } else {
        return;
    };
    cx.report(Note::new(cx.rule, node.span(), message));
}
