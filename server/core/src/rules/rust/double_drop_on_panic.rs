use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_foreign::{Foreign, callables, elements, parameters, root};
use crate::rules::support::{args, is_loop, method};
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
        what: "Finds calls of a closure, of an iterator or of a generic type's `clone` between an unsafe step that leaves a value doubled or missing (`ptr::read`, \
               `drop_in_place`, `set_len`, a gap that `ptr::copy` opens, a second owner by `from_raw_parts`) and the step that mends it.",
        why: "The closure may panic. Unwinding then drops the value that was read as well as the one that it was read from, or elements that were \
              never written: memory is freed twice, from safe code.",
        example: "let old = ptr::read(slot);\nlet new = make(old);\nptr::write(slot, new);",
        instead: "let guard = AbortOnDrop;\nlet old = ptr::read(slot);\nptr::write(slot, make(old));\nmem::forget(guard);",
        limits: "Functions that keep a guard, use `ManuallyDrop` or `catch_unwind`, or set the length to zero first are left alone.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::FunctionItem], check),
        Check::Nodes(&[Kind::FunctionItem], gap),
        Check::Nodes(&[Kind::FunctionItem], second_owner),
        Check::Nodes(&[Kind::CallExpression], rewritten),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            "impl<T> Stack<T> { pub fn apply<F: Fn(T) -> T>(&mut self, f: F) { for i in 0..self.len { unsafe { let p = self.items.add(i); p.write(f(p.read())); } } } } //~ double-drop-on-panic",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr;\npub fn insert_many<T, I: IntoIterator<Item = T>>(v: &mut Vec<T>, at: usize, it: I) {\n    let it = it.into_iter();\n    let (n, _) = it.size_hint();\n    v.reserve(n);\n    unsafe {\n        let p = v.as_mut_ptr().add(at);\n        ptr::copy(p, p.add(n), v.len() - at);\n        for (i, x) in it.enumerate() { if i < n { ptr::write(p.add(i), x); } } //~ double-drop-on-panic\n        v.set_len(v.len() + n);\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn insert_slice<T: Clone>(v: &mut Vec<T>, at: usize, slice: &[T]) {\n    v.reserve(slice.len());\n    unsafe {\n        let mut p = v.as_mut_ptr().add(at);\n        ptr::copy(p, p.offset(slice.len() as isize), v.len() - at);\n        for x in slice { ptr::write(p, x.clone()); p = p.offset(1); } //~ double-drop-on-panic\n        v.set_len(v.len() + slice.len());\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "impl<T> Map<T> { pub fn retain<F: FnMut(usize, &T) -> bool>(&mut self, mut pred: F) {\n    let values = &mut self.values;\n    self.ids.retain(|id| unsafe {\n        if pred(id, values.get_unchecked(id)) { true } else { ptr::drop_in_place(values.get_unchecked_mut(id)); false } //~ double-drop-on-panic\n    });\n} }",
        ),
        Case::bad(
            "a.rs",
            "impl<T> Compact<T> { fn with<R, F: FnOnce(&mut Vec<T>) -> R>(&mut self, f: F) -> R {\n    let mut vec = unsafe { Vec::from_raw_parts(self.ptr, self.len, self.cap) };\n    let r = f(&mut vec); //~ double-drop-on-panic\n    std::mem::forget(std::mem::replace(self, Compact::from(vec)));\n    r\n} }",
        ),
        Case::bad(
            "a.rs",
            "unsafe fn at<T>(list: &[T], i: usize) -> *const T { list.as_ptr().add(i) }\nfn merge<T, F: Fn(&T, &T) -> bool>(list: &mut [T], compare: &F) {\n    let mut left = Vec::new();\n    unsafe {\n        left.push(at(list, 0).read());\n        if compare(&left[0], &list[1]) { list[1] = at(&left, 0).read(); } //~ double-drop-on-panic\n    }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::ptr;\npub fn insert_many<T, I: IntoIterator<Item = T>>(v: &mut Vec<T>, at: usize, it: I) { let old = v.len(); let it = it.into_iter(); unsafe { v.set_len(at); let p = v.as_mut_ptr().add(at); ptr::copy(p, p.add(4), old - at); for x in it { ptr::write(p, x); } v.set_len(old + 4); } }",
        ),
        Case::near_miss(
            "a.rs",
            "impl<T> Compact<T> { fn with<R, F: FnOnce(&mut Vec<T>) -> R>(&mut self, f: F) -> R { let mut vec = ManuallyDrop::new(unsafe { Vec::from_raw_parts(self.ptr, self.len, self.cap) }); f(&mut vec) } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn insert<T>(v: &mut Vec<T>, at: usize, x: T) { unsafe { let p = v.as_mut_ptr().add(at); ptr::copy(p, p.add(1), v.len() - at); ptr::write(p, x); v.set_len(v.len() + 1); } }",
        ),
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
    if !text.contains("unsafe")
        || !["ptr::read", "set_len", "drop_in_place", ".read()"].iter().any(|w| text.contains(w))
    {
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
    // `at(list, i).read()` of a function that gives a pointer.
    let of_pointer = |c: Node<'a>| {
        method(c).and_then(|(r, _)| r.child(Field::Function)).is_some_and(|f| {
            let returned = cx.file.declared.rust.functions.get(f.text()).and_then(Option::as_deref);
            returned.is_some_and(|t| t.starts_with('*'))
        })
    };
    let breaks = |c: &Node<'a>| {
        named(*c, &["set_len"])
            || named(*c, &["read"]) && of_pointer(*c)
            || named(*c, &["read"]) && (function(*c) || method(*c).is_some_and(|(r, _)| is_pointer(r)))
            || named(*c, &["drop_in_place"])
    };
    let mends = |c: &Node<'a>| named(*c, &["set_len"]) || named(*c, &["write", "copy", "copy_nonoverlapping"]);
    let Some(first) = calls.iter().find(|c| breaks(c)) else { return };
    // `list[k] = at(left, i).read();`
    let put_back = |c: &Node<'a>| {
        named(*c, &["read"])
            && of_pointer(*c)
            && c.parent().is_some_and(|p| p.kind() == Kind::AssignmentExpression && c.field() == Field::Right)
    };
    // `ids.retain(|id| ..)`: the next round finds what this one dropped.
    let rounds = first.ancestors().take_while(|a| *a != body).find(|a| a.kind() == Kind::ClosureExpression);
    let retained = rounds.filter(|c| {
        named(*first, &["drop_in_place"])
            && c.parent().and_then(Node::parent).and_then(method).is_some_and(|(_, m)| m.text() == "retain")
    });
    if let Some(closure) = retained {
        let called = closure.descendants().find(|n| {
            n.kind() == Kind::CallExpression
                && n.child(Field::Function)
                    .is_some_and(|f| f.kind() == Kind::Identifier && callables.contains(&f.text()))
        });
        if let Some(call) = called {
            report(call, *first, cx);
        }
        return;
    }
    let Some(last) = calls.iter().rev().find(|c| mends(c) || put_back(c)) else { return };
    for call in &calls {
        let Some(callee) = call.child(Field::Function) else { continue };
        if callee.kind() != Kind::Identifier || !callables.contains(&callee.text()) {
            continue;
        }
        // In a loop the round before has broken what this one finds.
        let around = |n: &Node<'a>| n.ancestors().find(|a| is_loop(*a));
        let in_loop = around(call).is_some_and(|l| l.span().contains(first.span()) && !named(*first, &["set_len"]));
        // `p.write(f(p.read()))`
        let handed = call.span().contains(first.span()) && call.span() != first.span();
        let after = call.span().start > first.span().end || first.span().contains(call.span()) || handed;
        let before = call.span().end < last.span().end;
        if (in_loop || after && before) && call.span() != first.span() {
            report(*call, *first, cx);
            return;
        }
    }
}

fn report<'a>(call: Node<'a>, first: Node<'a>, cx: &mut Cx<'a>) {
    let what = match method(call) {
        Some((_, name)) => name.text(),
        None => call.child(Field::Function).map_or_else(|| root(call).text(), Node::text),
    };
    let message = format!(
        "`{what}` may panic here, and unwinding drops what is held twice or was never written. Keep a guard that mends it, or set the length to zero first."
    );
    cx.report(Note::new(cx.rule, call.span(), message).related(first.span(), "from here on the value is not whole"));
}

/// `ptr::copy(p, p.add(n), ..)` opens a gap, and somebody else's iterator, closure or `clone` fills it: until it is full some
/// elements are there twice, and the vector's length still counts them.
fn gap<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.text();
    if !text.contains("ptr::copy(") || !text.contains("unsafe") || GUARDS.iter().any(|g| text.contains(g)) {
        return;
    }
    let Some(body) = node.child(Field::Body) else { return };
    let all: Vec<Node<'a>> = body.descendants_until(|n| n.kind() == Kind::FunctionItem).collect();
    let plain = |n: Node<'a>| -> String { n.text().chars().filter(|c| !c.is_whitespace()).collect() };
    // The elements behind are moved away: the loop over a column's rows does so in every round.
    let shift = all.iter().copied().find(|n| {
        if n.kind() != Kind::CallExpression
            || !n.child(Field::Function).is_some_and(|f| f.text().ends_with("ptr::copy"))
        {
            return false;
        }
        let mut given = args(*n);
        let (Some(from), Some(to)) = (given.next(), given.next()) else { return false };
        let (from, to) = (plain(from), plain(to));
        to.strip_prefix(&from).is_some_and(|rest| rest.starts_with(".add(") || rest.starts_with(".offset("))
            || is_loop_of_pair(&from, &to)
    });
    let Some(shift) = shift else { return };
    let sets = |n: &Node<'a>| match n.kind() {
        Kind::CallExpression => method(*n).is_some_and(|(_, m)| m.text() == "set_len"),
        Kind::AssignmentExpression | Kind::CompoundAssignmentExpr => {
            n.child(Field::Left).is_some_and(|l| l.text() == "self.len" || l.text().ends_with(".len"))
        }
        _ => false,
    };
    let lowered = all.iter().any(|n| sets(n) && n.span().end <= shift.span().start);
    let Some(last) = all.iter().rev().find(|n| sets(n) && n.span().start >= shift.span().end) else { return };
    if lowered {
        return;
    }
    let iterators: Vec<&str> =
        parameters(node, body).into_iter().filter(|(.., k)| *k == Foreign::Iterator).map(|(n, ..)| n).collect();
    let (closures, elements) = (callables(node), elements(node, body));
    let somebodys = |n: Node<'a>| match n.kind() {
        Kind::ForExpression => n.child(Field::Value).is_some_and(|v| iterators.contains(&root(v).text())),
        Kind::CallExpression => match method(n) {
            Some((of, m)) => {
                m.text() == "next" && iterators.contains(&of.text())
                    || m.text() == "clone" && elements.contains(&of.text())
            }
            None => n.child(Field::Function).is_some_and(|f| closures.contains(&f.text())),
        },
        _ => false,
    };
    let open = |n: &Node<'a>| {
        let around = n.kind() == Kind::ForExpression && n.span().contains(shift.span());
        n.span().start < last.span().end && (n.span().start >= shift.span().end || around)
    };
    if let Some(found) = all.iter().copied().find(|n| open(n) && somebodys(*n)) {
        let at = if found.kind() == Kind::ForExpression { found.child(Field::Value).unwrap_or(found) } else { found };
        report(at, shift, cx);
    }
}

/// `ptr::copy(read_p, write_p, n)` of two walking pointers.
fn is_loop_of_pair(from: &str, to: &str) -> bool {
    from.starts_with("read") && to.starts_with("write")
}

/// `Vec::from_raw_parts(self.ptr, ..)` while `self` still owns the memory: both free it if what is called in between panics.
fn second_owner<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.text();
    let kept = ["forget", "ManuallyDrop", "into_raw"].iter().any(|w| text.contains(w));
    if !text.contains("from_raw_parts(")
        || !kept
        || ["catch_unwind", "abort", "Abort", "uard"].iter().any(|g| text.contains(g))
    {
        return;
    }
    let closures = callables(node);
    let Some(body) = node.child(Field::Body).filter(|_| !closures.is_empty()) else { return };
    let calls =
        || body.descendants_until(|n| n.kind() == Kind::FunctionItem).filter(|n| n.kind() == Kind::CallExpression);
    let made = calls().find(|n| {
        let vector = n.child(Field::Function).is_some_and(|f| {
            let mut parts = f.text().rsplit("::");
            parts.next() == Some("from_raw_parts")
                && parts.next().is_some_and(|t| t.contains("Vec") || t.contains("String"))
        });
        let wrapped = n.ancestors().take_while(|a| *a != body).any(|a| {
            a.kind() == Kind::CallExpression
                && a.child(Field::Function).is_some_and(|f| f.text().contains("ManuallyDrop"))
        });
        vector && !wrapped && args(*n).any(|a| a.text().contains("self"))
    });
    let Some(made) = made else { return };
    let called = calls().find(|n| {
        n.span().start > made.span().end
            && n.child(Field::Function).is_some_and(|f| f.kind() == Kind::Identifier && closures.contains(&f.text()))
    });
    if let Some(call) = called {
        report(call, made, cx);
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
