use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "double-drop-on-panic",
    summary: "somebody else's code runs while unsafe code holds a value twice",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[415, 248, 908],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds calls of a closure or of a generic type's `clone` between an unsafe step that leaves a value doubled or missing (`ptr::read`, \
               `drop_in_place`, `set_len`) and the step that mends it.",
        why: "The closure may panic. Unwinding then drops the value that was read as well as the one that it was read from, or elements that were \
              never written: memory is freed twice, from safe code.",
        example: "let old = ptr::read(slot);\nlet new = make(old);\nptr::write(slot, new);",
        instead: "let guard = AbortOnDrop;\nlet old = ptr::read(slot);\nptr::write(slot, make(old));\nmem::forget(guard);",
        limits: "Functions that keep a guard, use `ManuallyDrop` or `catch_unwind`, or set the length to zero first are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionItem], check), Check::Nodes(&[Kind::CallExpression], rewritten)],
    cases: &[
        Case::bad(
            "a.rs",
            "pub fn map<T, F: FnOnce(T) -> T>(x: &mut T, f: F) {\n    unsafe {\n        let old = std::ptr::read(x);\n        let new = f(old); //~ double-drop-on-panic\n        std::ptr::write(x, new);\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "pub fn fill<T>(v: &mut Vec<T>, n: usize, mut f: impl FnMut() -> T) {\n    v.reserve(n);\n    unsafe {\n        v.set_len(v.len() + n);\n        for i in 0..n { let x = f(); std::ptr::write(v.as_mut_ptr().add(i), x); } //~ double-drop-on-panic\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr;\npub fn retain<T, F>(v: &mut Vec<T>, mut keep: F) where F: FnMut(&T) -> bool {\n    let mut gone = 0;\n    for i in 0..v.len() {\n        unsafe {\n            let p = v.as_mut_ptr().add(i);\n            if !keep(&*p) { gone += 1; ptr::drop_in_place(p); } //~ double-drop-on-panic\n        }\n    }\n    unsafe { v.set_len(v.len() - gone); }\n}",
        ),
        Case::bad(
            "a.rs",
            "pub fn update<T>(x: &mut T, f: impl FnOnce(T) -> T) { unsafe { let v = core::ptr::read(x); core::ptr::write(x, f(v)); } } //~ double-drop-on-panic",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr;\npub fn swap_all<T: Order>(list: &mut [T]) { for x in list.iter_mut() { unsafe { ptr::write(x, ptr::read(x).swapped()); } } } //~ double-drop-on-panic",
        ),
        Case::near_miss(
            "a.rs",
            "use std::ptr;\npub fn copy<T>(a: *mut T, b: *const T) { unsafe { ptr::write(a, ptr::read(b)); } }",
        ),
        Case::good(
            "a.rs",
            "pub fn map<T, F: FnOnce(T) -> T>(x: &mut T, f: F) { unsafe { let g = Abort; let old = std::ptr::read(x); std::ptr::write(x, f(old)); std::mem::forget(g); } }",
        ),
        Case::good(
            "a.rs",
            "pub fn swap<T>(a: &mut T, b: &mut T) { unsafe { let t = std::ptr::read(a); std::ptr::copy_nonoverlapping(b, a, 1); std::ptr::write(b, t); } }",
        ),
        Case::good(
            "a.rs",
            "pub fn call<T, F: FnOnce(T) -> T>(x: T, f: F) -> T { let x = std::mem::ManuallyDrop::new(x); unsafe { f(std::ptr::read(&*x)) } }",
        ),
        Case::good(
            "a.rs",
            "pub fn retain<T, F: FnMut(&T) -> bool>(v: &mut Vec<T>, mut f: F) { let n = v.len(); unsafe { v.set_len(0); } for i in 0..n { unsafe { let p = v.as_mut_ptr().add(i); if !f(&*p) { std::ptr::drop_in_place(p); } } } }",
        ),
        Case::near_miss(
            "a.rs",
            "pub fn first<T, R>(x: &T, f: impl FnOnce(&T) -> R) -> R { let r = f(x); unsafe { std::ptr::read(&r as *const R as *const u8) }; r }",
        ),
        Case::near_miss(
            "a.rs",
            "pub fn pop<T>(v: &mut Vec<T>) -> T { unsafe { let n = v.len() - 1; v.set_len(n); std::ptr::read(v.as_ptr().add(n)) } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn new<F: FnOnce()>(f: F) -> D { unsafe { ptr::write(data(), f); } unsafe fn call<F: FnOnce()>(raw: *mut u8) { let f: F = unsafe { ptr::read(raw.cast::<F>()) }; f(); } D { call: call::<F> } }",
        ),
    ],
};

/// What keeps a value safe while somebody else's code runs.
const GUARDS: [&str; 12] = [
    "ManuallyDrop",
    "catch_unwind",
    "abort",
    "uard",
    "mem::forget",
    "impl Drop",
    "set_len(0)",
    "SetLenOnDrop",
    "Abort",
    "Hole",
    "Drain",
    "panic::",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.text();
    if !text.contains("unsafe") || !["ptr::read", "set_len", "drop_in_place"].iter().any(|w| text.contains(w)) {
        return;
    }
    if GUARDS.iter().any(|g| text.contains(g)) {
        return;
    }
    let callables = callables(node);
    if callables.is_empty() {
        return;
    }
    let Some(body) = node.child(Field::Body) else { return };
    // The step that breaks the invariant, and the one that mends it.
    let calls: Vec<Node<'a>> = body
        .descendants_until(|n| n.kind() == Kind::FunctionItem)
        .filter(|n| n.kind() == Kind::CallExpression)
        .collect();
    let named = |call: Node<'a>, names: &[&str]| {
        let name = match method(call) {
            Some((_, name)) => name.text(),
            None => call.child(Field::Function).map_or("", |f| f.text().rsplit("::").next().unwrap_or_default()),
        };
        names.contains(&name)
    };
    let function = |call: Node<'a>| {
        method(call).is_none() && call.child(Field::Function).is_some_and(|f| f.text().contains("ptr::"))
    };
    let breaks = |c: &Node<'a>| {
        named(*c, &["set_len"])
            || named(*c, &["read"]) && (function(*c) || method(*c).is_some_and(|(r, _)| is_pointer(r)))
            || named(*c, &["drop_in_place"])
    };
    let mends = |c: &Node<'a>| named(*c, &["set_len"]) || named(*c, &["write", "copy", "copy_nonoverlapping"]);
    let Some(first) = calls.iter().find(|c| breaks(c)) else { return };
    let Some(last) = calls.iter().rev().find(|c| mends(c)) else { return };
    for call in &calls {
        let Some(callee) = call.child(Field::Function) else { continue };
        if callee.kind() != Kind::Identifier || !callables.contains(&callee.text()) {
            continue;
        }
        // In a loop the round before has broken what this one finds.
        let around = |n: &Node<'a>| n.ancestors().find(|a| crate::rules::support::is_loop(*a));
        let in_loop = around(call).is_some_and(|l| l.span().contains(first.span()) && !named(*first, &["set_len"]));
        let after = call.span().start > first.span().end || first.span().contains(call.span());
        let before = call.span().end < last.span().end;
        if (in_loop || after && before) && call.span() != first.span() {
            let message = format!(
                "`{}` may panic here, and unwinding drops what is held twice or was never written. Keep a guard that mends it, or set the length to zero first.",
                callee.text()
            );
            cx.report(
                Note::new(cx.rule, call.span(), message).related(first.span(), "from here on the value is not whole"),
            );
            return;
        }
    }
}

/// `ptr::write(x, ptr::read(x).convert())`: a method of whatever type it is runs while the value is held twice.
fn rewritten<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let named = |n: Node<'a>, name: &str| {
        n.kind() == Kind::CallExpression && n.child(Field::Function).is_some_and(|f| f.text().ends_with(name))
    };
    if !named(node, "ptr::write") {
        return;
    }
    let (Some(place), Some(value)) = (args(node).next(), args(node).nth(1)) else { return };
    let Some((receiver, _)) = method(value) else { return };
    let same = named(receiver, "ptr::read") && args(receiver).next().is_some_and(|a| a.text() == place.text());
    let function = node.ancestors().find(|n| crate::rules::support::is_function(*n));
    if !same || function.is_some_and(|f| GUARDS.iter().any(|g| f.text().contains(g))) {
        return;
    }
    let message = "If this call panics, unwinding drops the value here and where it was read from. Keep a guard that forgets one of them.";
    cx.report(
        Note::new(cx.rule, value.span(), message).related(receiver.span(), "from here on the value is held twice"),
    );
}

fn is_pointer(receiver: Node<'_>) -> bool {
    let text = receiver.text();
    text.contains("ptr") || args(receiver).next().is_none() && text.len() == 1
}

/// Parameters that are closures of somebody else.
fn callables<'a>(function: Node<'a>) -> Vec<&'a str> {
    let head_end = function.child(Field::Body).map_or(function.span().end, |b| b.span().start) as usize;
    let start = function.span().start as usize;
    let head = function.arena().text().get(start..head_end).unwrap_or_default();
    let parameters = function.child(Field::Parameters).into_iter().flat_map(Node::named_children);
    let closures = parameters.filter(|p| {
        p.child(Field::Type).is_some_and(|t| {
            let ty = t.text();
            ty.contains("Fn(")
                || ty.contains("FnMut(")
                || ty.contains("FnOnce(")
                // `F` with a bound.
                || [": Fn", ": impl Fn"].iter().any(|b| head.contains(&format!("{}{b}", ty.trim_start_matches(['&', ' ']).trim_start_matches("mut "))))
        })
    });
    closures.filter_map(|p| p.child(Field::Pattern)).map(|p| p.text().trim_start_matches("mut ")).collect()
}
