use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::semantics::flow::kinds::SinkKind;
use crate::semantics::lifetimes::{Flaw, analyze};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "access-after-lifetime",
    summary: "a raw pointer is used after its owner is gone",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[825, 416],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows raw pointers from the value that they point into, and finds reads and writes through them after that value was \
               dropped, replaced, made to grow (so that its buffer may have moved), or has left its scope, and pointers to \
               local variables or temporaries that a function returns.",
        why: "The compiler does not check how long a raw pointer is valid. The memory may hold something else by then: \
              the program reads foreign data or overwrites it, which is how memory errors become exploits.",
        example: "let name = CString::new(text)?.as_ptr();\nunsafe { open(CStr::from_ptr(name)) }",
        instead: "let name = CString::new(text)?;\nunsafe { open(CStr::from_ptr(name.as_ptr())) }",
        limits: "Owners that are moved into a structure are not followed further and stay silent, as are pointers that are stored behind \
                 references, but for statics and parameters that still hold them at the function's end. Where a returned pointer is used in the same file, the use is reported. \
                 Growing a collection that was made by `with_capacity` counts only where it asks for more room.",
        fix: "",
    },
    checks: &[
        Check::Block(check),
        Check::Flow(&[SinkKind::Pointer], "The pointer points to {source}, which is gone when `{sink}` uses it."),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            "use std::sync::atomic::{AtomicPtr, Ordering};\nstatic G: AtomicPtr<i32> = AtomicPtr::new(std::ptr::null_mut());\nfn f() { let mut x = 1; G.store(&mut x, Ordering::SeqCst); } //~ access-after-lifetime",
        ),
        Case::bad("a.rs", "fn f(out: &mut *const i32) { let x = 7; *out = &x; } //~ access-after-lifetime"),
        Case::bad(
            "a.rs",
            "fn f() -> &'static str { let s = String::from(\"q\"); unsafe { &*(s.as_str() as *const str) } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr::NonNull;\nfn f() -> Option<NonNull<i32>> { let mut i = 1; NonNull::new(&mut i) } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let p = 'b: { let s = String::from(\"abc\"); if s.len() > 2 { break 'b s.as_ptr(); } std::ptr::null() }; if !p.is_null() { println!(\"{}\", unsafe { *p }); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut v: Vec<u64> = Vec::new(); v.push(1); let first: *const u64 = v.first().unwrap(); v.push(2);\nprintln!(\"{}\", unsafe { *first }); } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn f(o: Option<String>) { let mut p = std::ptr::null(); if let Some(s) = o { p = s.as_ptr(); }\nunsafe { let _ = *p; } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "struct Item { b: String }\nfn eat(i: Item) {}\nfn f() { let item = Item { b: String::new() }; let p = &item as *const Item; eat(item);\nunsafe { println!(\"{}\", (*p).b); } } //~ access-after-lifetime",
        ),
        Case::good("a.rs", "fn f<'a, T>(x: &T) -> &'a T { unsafe { &*(x as *const T) } }"),
        Case::good(
            "a.rs",
            "fn f(o: Option<String>) { if let Some(s) = o { let p = s.as_ptr(); unsafe { let _ = *p; } } }",
        ),
        Case::near_miss(
            "a.rs",
            "#[derive(Clone, Copy)]\nstruct Item { b: u8 }\nfn eat(i: Item) {}\nfn f() { let item = Item { b: 1 }; let p = &item as *const Item; eat(item); unsafe { println!(\"{}\", (*p).b); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> u8 {\n    let s = String::from(\"x\");\n    let p = s.as_ptr();\n    drop(s);\n    unsafe { *p } //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let p = std::ffi::CString::new(\"x\").unwrap().as_ptr();\n    unsafe { libc::puts(p); } //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> i32 {\n    let p: *const i32;\n    { let x = 5; p = &x; }\n    unsafe { *p } //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let mut v = vec![1, 2, 3];\n    let p = v.as_mut_ptr();\n    v.push(4);\n    unsafe { *p = 1; } //~ access-after-lifetime\n}",
        ),
        Case::bad("a.rs", "fn f() -> *const i32 {\n    let x = 5;\n    &x as *const i32 //~ access-after-lifetime\n}"),
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> *const u8 {\n    let v = vec![0u8; n];\n    v.as_ptr() //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr;\nfn f() {\n    let b = Box::new(7);\n    let p = &*b as *const i32;\n    std::mem::drop(b);\n    let v = unsafe { ptr::read(p) }; //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(items: &mut Vec<u32>) {\n    let p = items.as_ptr();\n    items.reserve(100);\n    let s = unsafe { std::slice::from_raw_parts(p, 1) }; //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let mut s = String::from(\"a\");\n    let p = s.as_ptr();\n    s = String::from(\"b\");\n    unsafe { p.read() }; //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "struct P { x: i32 }\nfn f() -> i32 {\n    let p;\n    { let v = P { x: 1 }; p = &v as *const P; }\n    unsafe { (*p).x } //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let r: *mut String;\n    {\n        let mut s = String::new();\n        r = &mut s as *mut String;\n    }\n    unsafe { (*r).push('x'); } //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> *const std::os::raw::c_char {\n    let c = std::ffi::CString::new(\"hi\").unwrap();\n    return c.as_ptr(); //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let v = vec![1];\n    let p = &v[0] as *const i32;\n    let w = v;\n    drop(w);\n    println!(\"{}\", unsafe { *p }); //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let bytes = format!(\"{}\", 1).as_ptr();\n    unsafe { core::ptr::copy_nonoverlapping(bytes, out, 1); } //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "fn dangling() -> *const i32 { let x = 1; &x }\nfn f() -> i32 { let p = dangling(); unsafe { *p } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "use std::ffi::CString;\nfn f(path: &str) -> *mut c_void { let p = CString::new(path).unwrap().as_ptr(); //~ access-after-lifetime\n unsafe { lib_open(p) } }",
        ),
        Case::good(
            "a.rs",
            "use std::ffi::CString;\nfn f(path: &str) -> *mut c_void { let c = CString::new(path).unwrap(); let p = c.as_ptr(); unsafe { lib_open(p) } }",
        ),
        Case::good(
            "a.rs",
            "fn f() -> u8 { let s = String::from(\"x\"); let p = s.as_ptr(); let b = unsafe { *p }; drop(s); b }",
        ),
        Case::good(
            "a.rs",
            "fn f() { let c = std::ffi::CString::new(\"x\").unwrap(); let p = c.as_ptr(); unsafe { libc::puts(p); } }",
        ),
        Case::good("a.rs", "fn f() { unsafe { libc::puts(std::ffi::CString::new(\"x\").unwrap().as_ptr()); } }"),
        Case::good("a.rs", "fn f() -> i32 { let x = 5; let p = &x as *const i32; unsafe { *p } }"),
        Case::good("a.rs", "fn f() { let mut v = vec![1]; v.push(4); let p = v.as_mut_ptr(); unsafe { *p = 1; } }"),
        Case::good("a.rs", "fn f() -> *mut i32 { Box::into_raw(Box::new(5)) }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> *const u8 { v.as_ptr() }"),
        Case::good("a.rs", "fn f() -> *const u8 { static A: [u8; 2] = [1, 2]; A.as_ptr() }"),
        Case::good("a.rs", "fn f(v: &Vec<u8>) -> *const u8 { let p = v.as_ptr(); p }"),
        Case::good(
            "a.rs",
            "fn f() -> *const u8 { let s = String::from(\"x\"); let p = s.as_ptr(); std::mem::forget(s); p }",
        ),
        Case::good(
            "a.rs",
            "fn f() { let mut v = vec![1]; let mut p = v.as_ptr(); v.push(2); p = v.as_ptr(); unsafe { *p }; }",
        ),
        Case::good("a.rs", "fn f(x: &mut i32) -> *mut i32 { x as *mut i32 }"),
        Case::good("a.rs", "fn f() { let p = \"abc\".as_ptr(); unsafe { *p }; }"),
        Case::near_miss(
            "a.rs",
            "fn f() { let mut v = Vec::with_capacity(8); let p: *mut u8 = v.as_mut_ptr(); v.push(1u8); unsafe { *p }; }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(mut list: Vec<u8>) -> Holder { let p = list.as_mut_ptr(); let h = Holder { list }; unsafe { *p = 1; } h }",
        ),
        Case::near_miss("a.rs", "fn f() { let s = vec![1]; let p = s.as_ptr(); let t = s; unsafe { *p }; t.len(); }"),
        Case::near_miss("a.rs", "fn f() { let x = 5; let p = &x as *const i32; drop(x); unsafe { *p }; }"),
        Case::near_miss(
            "a.rs",
            "fn f(cond: bool) { let s = String::new(); let p = s.as_ptr(); if cond { drop(s); return; } unsafe { *p }; }",
        ),
        Case::near_miss("a.rs", "fn f() -> usize { let x = 5; &x as *const i32 as usize }"),
        Case::near_miss(
            "a.rs",
            "fn f() { let s = String::from(\"x\"); let n = s.as_ptr() as usize; drop(s); println!(\"{n}\"); }",
        ),
        Case::bad(
            "a.rs",
            "fn a1() { let p: *const i64; { let x = 5i64; p = &x; } unsafe { println!(\"{}\", *p); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn dangling() -> *const i64 { let x = 5; &x }\nfn b1() { let p = dangling(); unsafe { println!(\"{}\", *p); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn dangling_box() -> *const i64 { let b = Box::new(5i64); &*b as *const i64 }\nfn b4() { let p = dangling_box(); let v = unsafe { *p }; } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn raw_of2() -> *const i64 { let x = 1; &raw const x }\nfn b8() { let p = raw_of2(); let v = unsafe { p.read() }; } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn c3() { let s = String::from(\"a\"); let p = s.as_ptr(); std::mem::drop(s); let b = unsafe { *p }; } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "use std::ffi::CString;\nfn c6() { let p = CString::new(\"x\").unwrap().as_ptr(); unsafe { libc::puts(p); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn c9(k: i32) { let p: *const i64 = match k { 0 => { let x = 1i64; &x } _ => { let y = 2i64; &y } }; unsafe { println!(\"{}\", *p); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "static mut GLOBAL: *const i64 = std::ptr::null();\nfn d3() { { let x = 3; unsafe { GLOBAL = &x; } } unsafe { println!(\"{}\", *GLOBAL); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn d5() { let f = || -> *const i64 { let x = 5; &x }; let p = f(); unsafe { println!(\"{}\", *p); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr;\nfn e2() { let p = { let x = 5i64; &x as *const i64 }; let y = unsafe { ptr::read_volatile(p) }; } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn e7() { let mut v = vec![1]; let p = &v[0] as *const i32; v.clear(); v.shrink_to_fit(); unsafe { println!(\"{}\", *p); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn e10() { let p: *const i64; 'a: { let x = 5; p = &x; break 'a; } unsafe { println!(\"{}\", *p); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr;\nfn e13() { let mut p = ptr::null(); let mut i = 0; while i < 2 { let x = i; p = &x as *const i32; i += 1; } unsafe { println!(\"{}\", *p); } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "fn e16() { let p; { let a = [1i64, 2]; p = a.as_ptr(); } unsafe { println!(\"{}\", *p.add(1)); } } //~ access-after-lifetime",
        ),
        Case::good("a.rs", "fn use_ptr(p: *const i64) { unsafe { println!(\"{}\", *p); } }"),
        Case::good("a.rs", "fn fine_param(x: &i64) -> *const i64 { x }"),
        Case::good(
            "a.rs",
            "fn fine_param(x: &i64) -> *const i64 { x }\nfn b6() { let y = 4; let p = fine_param(&y); let v = unsafe { *p }; }",
        ),
        Case::good("a.rs", "fn out(p: &mut *const i64) { let x = 4; *p = &x; show(p); *p = std::ptr::null(); }"),
        Case::good("a.rs", "fn a() { let x = 5; let p: *const i32 = &x; unsafe { println!(\"{}\", *p); } }"),
        Case::good(
            "a.rs",
            "use std::ffi::CString;\nfn c() { unsafe { libc::puts(CString::new(\"x\").unwrap().as_ptr()); } }",
        ),
        Case::good("a.rs", "fn e() { let p = d(); unsafe { println!(\"{}\", *p); drop(Box::from_raw(p)); } }"),
        Case::good(
            "a.rs",
            "fn g() { let mut v = vec![1]; v.push(2); let p = v.as_ptr(); unsafe { println!(\"{}\", *p); } }",
        ),
        Case::good("a.rs", "fn i(x: &i32) -> *const i32 { x as *const i32 }"),
        Case::good("a.rs", "fn k2() -> *const i32 { &5 }"),
        Case::good("a.rs", "fn l() { let p; let x = 5; { p = &x as *const i32; } unsafe { println!(\"{}\", *p); } }"),
        Case::near_miss(
            "a.rs",
            "use std::ptr;\nstruct S { buf: Vec<u8> }\nimpl S { fn ptr(&self) -> *const u8 { self.buf.as_ptr() } fn first(&mut self) -> *mut u8 { let b = &mut self.buf; b.as_mut_ptr() } }\nfn n() { let s = S { buf: vec![1] }; let p = s.ptr(); unsafe { println!(\"{}\", *p); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn q() { let b = Box::new(1); let p = &*b as *const i32; let c = b; unsafe { println!(\"{}\", *p); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn s() { let a = std::sync::Arc::new(1); let b = a.clone(); let p = std::sync::Arc::as_ptr(&a); drop(a); unsafe { println!(\"{}\", *p); } drop(b); }",
        ),
        Case::near_miss("a.rs", "fn u(v: &mut Vec<u8>) { let p = v.as_mut_ptr(); unsafe { *p = 1; v.set_len(1); } }"),
        Case::near_miss("a.rs", "fn x() { let mut a = [1, 2]; let p = a.as_mut_ptr(); a[1] = 3; unsafe { *p = 2; } }"),
        Case::near_miss(
            "a.rs",
            "static X: i32 = 5;\nfn z() { let p; { let r = &X; p = r as *const i32; } unsafe { println!(\"{}\", *p); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn z3() { let p; { let x = 5; p = &x as *const i32; } println!(\"{:p}\", p); let n = p as usize; }",
        ),
        Case::bad(
            "a.rs",
            "use std::ffi::CString;\nunsafe fn fill(out: *mut *const c_char) {\n    let s = CString::new(\"short\").unwrap();\n    *out = s.as_ptr(); //~ access-after-lifetime\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::ffi::CString;\nfn f(names: &[&str]) {\n    let all: Vec<*const c_char> = names.iter().map(|n| CString::new(*n).unwrap().as_ptr()).collect(); //~ access-after-lifetime\n    unsafe { send(all.as_ptr()) }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> u64 {\n    let make = || {\n        let v = 7u64;\n        &v as *const u64 //~ access-after-lifetime\n    };\n    unsafe { make().read() }\n}",
        ),
        Case::good(
            "a.rs",
            "use std::ffi::CString;\nunsafe fn fill(out: *mut *mut c_char) { let s = CString::new(\"kept\").unwrap(); *out = s.into_raw(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::ffi::CString;\nfn f(owned: &[CString]) { let all: Vec<*const c_char> = owned.iter().map(|s| s.as_ptr()).collect(); unsafe { send(all.as_ptr()) } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(lists: Vec<&[u8]>) { let all: Vec<*const u8> = lists.iter().map(|l| l.as_ptr()).collect(); unsafe { send(all.as_ptr()) } }",
        ),
        Case::bad(
            "a.rs",
            "fn consume(s: String) { println!(\"{}\", s.len()); }\nfn f() -> u8 { let s = String::from(\"abc\"); let p = s.as_ptr(); consume(s); unsafe { *p } } //~ access-after-lifetime",
        ),
        Case::near_miss(
            "a.rs",
            "fn keep(all: &mut Vec<String>, s: String) { all.push(s); }\nfn f(all: &mut Vec<String>) -> u8 { let s = String::from(\"abc\"); let p = s.as_ptr(); keep(all, s); unsafe { *p } }",
        ),
        Case::near_miss(
            "a.rs",
            "impl<'a> V<'a> {\n    fn test(raw: &'a [u8]) -> Self { static FAKE: Id = Id::new(); Self { raw, id: &FAKE } }\n    fn sub(&self) -> Self { Self { raw: &self.raw[1..], ..*self } }\n}\nfn f(b: &[u8]) { let v = V::test(b); unsafe { raw(v.sub()) } }",
        ),
        Case::bad(
            "a.rs",
            "use std::ffi::CString;\nextern \"C\" { fn lib_send(p: *const c_char) -> c_int; }\nfn f(t: &str) -> c_int { let p = { let c = CString::new(t).unwrap(); c.as_ptr() }; unsafe { lib_send(p) } } //~ access-after-lifetime",
        ),
        Case::bad(
            "a.rs",
            "use std::ffi::CString;\nunsafe fn f(out: *mut *const c_char) -> c_int { let t = CString::new(\"t\").unwrap(); out.write(t.as_ptr()); 0 } //~ access-after-lifetime",
        ),
        Case::near_miss(
            "a.rs",
            "use std::ffi::CString;\nextern \"C\" { fn lib_send(p: *const c_char) -> c_int; }\nfn f(t: &str) -> c_int { let c = CString::new(t).unwrap(); let p = c.as_ptr(); unsafe { lib_send(p) } }",
        ),
    ],
};

fn check<'a>(cx: &mut Cx<'a>) {
    let text = cx.arena().text();
    if !["unsafe", "*const", "*mut", "as_ptr", "as_mut_ptr", "NonNull", ".store(&"].iter().any(|w| text.contains(w)) {
        return;
    }
    let all = analyze(&cx.block.hir(), cx.arena(), cx.file.declared.rust.outside());
    // A pointer that dangles from the start is wrong where it is made, whatever function it is handed to.
    for declaration in cx.arena().nodes().filter(|n| n.kind() == Kind::LetDeclaration) {
        let told =
            all.iter().any(|f| f.flaw == Flaw::Temporary && f.ended.is_some_and(|e| declaration.span().contains(e)));
        if let Some(made) = declaration.child(Field::Value).filter(|v| !told && of_temporary(*v)) {
            let message = "The value is a temporary that is dropped at the end of this statement, and the pointer dangles from there on. Give the value a name that lives as long as the pointer.";
            cx.report(Note::new(cx.rule, made.span(), message));
        }
    }
    for found in all {
        if !found.flaw.is_lifetime() {
            continue;
        }
        let owner = found.owner.map_or_else(|| "the value".to_owned(), |name| format!("`{name}`"));
        let message = match found.flaw {
            Flaw::Dropped => format!("The pointer points into {owner}, which has been dropped."),
            Flaw::OutOfScope => format!("The pointer points to {owner}, which has left its scope."),
            Flaw::Temporary => "The pointer points into a temporary that was dropped at the end of its statement. Give the value a name that lives as long as the pointer.".to_owned(),
            Flaw::Reallocated => format!("{} may have moved its buffer since this pointer was taken. Take the pointer again.", capitalized(&owner)),
            Flaw::Moved => format!("The pointer points to {owner}, which has been moved away."),
            Flaw::Stored => format!("This leaves a pointer to {owner} behind, which is gone when the function returns."),
            Flaw::Replaced => format!("The pointer points into an old value of {owner}, which was dropped when it was replaced."),
            _ if found.owner.is_some() => format!("This returns a pointer to {owner}, which is gone when the function returns."),
            _ => "This returns a pointer into a temporary, which is gone when the function returns.".to_owned(),
        };
        let mut note = Note::new(cx.rule, found.at, message);
        if let Some(ended) = found.ended {
            note = note.related(ended, "its life ends here");
        }
        cx.report(note);
    }
}

/// `CString::new(..).unwrap().as_ptr()`: a pointer into an owner that has no name.
fn of_temporary(value: Node<'_>) -> bool {
    let Some((mut of, name)) = method(unparenthesized(value)) else { return false };
    if !matches!(name.text(), "as_ptr" | "as_mut_ptr") {
        return false;
    }
    loop {
        of = unparenthesized(of);
        of = match of.kind() {
            Kind::TryExpression => match of.first_named() {
                Some(inner) => inner,
                None => return false,
            },
            Kind::MacroInvocation => {
                return of.child(Field::Macro).is_some_and(|m| matches!(m.text(), "format" | "vec"));
            }
            Kind::CallExpression => match method(of) {
                Some((inner, m)) => match m.text() {
                    "unwrap" | "expect" | "unwrap_or_default" => inner,
                    "to_vec" | "to_string" | "to_owned" | "into_bytes" | "into_boxed_slice" | "to_uppercase"
                    | "to_lowercase" => return true,
                    _ => return false,
                },
                None => {
                    return of.child(Field::Function).is_some_and(|f| {
                        matches!(
                            f.text().trim_start_matches("std::ffi::"),
                            "CString::new"
                                | "String::from"
                                | "Vec::from"
                                | "Vec::with_capacity"
                                | "CString::from_vec_unchecked"
                        )
                    });
                }
            },
            _ => return false,
        };
    }
}

fn capitalized(text: &str) -> String {
    text.strip_prefix("the").map_or_else(|| text.to_owned(), |rest| format!("The{rest}"))
}
