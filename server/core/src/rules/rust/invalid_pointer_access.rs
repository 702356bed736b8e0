use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::lifetimes::{Flaw, analyze};

pub static RULE: Rule = Rule {
    id: "invalid-pointer-access",
    summary: "a pointer is used that is null or was freed",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[476, 825, 415],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds reads and writes through pointers that are null for sure, that are a number (unless volatile, as for devices), that were freed or whose value was dropped in place, memory that is \
               freed or owned twice, and memory of an allocation that was never checked for failure.",
        why: "Using freed memory lets whoever controls what is put there next control the program; null and unchecked allocations \
              are undefined behaviour, which the compiler may turn into anything.",
        example: "let p = alloc(layout);\np.write(1);",
        instead: "let p = alloc(layout);\nif p.is_null() {\n    handle_alloc_error(layout);\n}\np.write(1);",
        limits: "A pointer counts as null where it is so on every way, or where one branch of an `if` or `match` gave it and nothing was asked since. Of functions that free a \
                 parameter only those of the same file are known.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(c: bool, x: &i32) { let p = if c { x as *const i32 } else { std::ptr::null() };\nprintln!(\"{}\", unsafe { *p }); } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "fn f(o: Option<*mut i32>) { let p = o.unwrap_or(std::ptr::null_mut());\nunsafe { *p = 1; } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "struct N { v: u32 }\nunsafe fn release(p: *mut N) { if !p.is_null() { drop(Box::from_raw(p)); } }\nfn f() { let p = Box::into_raw(Box::new(N { v: 1 })); unsafe { release(p);\nprintln!(\"{}\", (*p).v); } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::ManuallyDrop;\nfn f() { let mut s = ManuallyDrop::new(String::new()); unsafe { ManuallyDrop::drop(&mut s);\nManuallyDrop::drop(&mut s); } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut v = vec![1]; let w = unsafe { Vec::from_raw_parts(v.as_mut_ptr(), 1, 1) }; } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut x = 4; let b = unsafe { Box::from_raw(&mut x) }; } //~ invalid-pointer-access",
        ),
        Case::good(
            "a.rs",
            "fn f() { let mut v = vec![1]; let w = unsafe { Vec::from_raw_parts(v.as_mut_ptr(), 1, 1) }; std::mem::forget(v); }",
        ),
        Case::good(
            "a.rs",
            "fn f(c: bool, x: &i32) -> i32 { let p = if c { x as *const i32 } else { std::ptr::null() }; if p.is_null() { return 0; } unsafe { *p } }",
        ),
        Case::good(
            "a.rs",
            "struct N { v: u32 }\nunsafe fn show(p: *mut N) { let b = Box::from_raw(p); println!(\"{}\", b.v); let _ = Box::into_raw(b); }\nfn f() { let p = Box::into_raw(Box::new(N { v: 1 })); unsafe { show(p); println!(\"{}\", (*p).v); drop(Box::from_raw(p)); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() { let p = std::rc::Rc::into_raw(std::rc::Rc::new(1)); unsafe { std::rc::Rc::increment_strong_count(p); let a = std::rc::Rc::from_raw(p); let b = std::rc::Rc::from_raw(p); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(c: bool, x: &i32) { let p = if c { x as *const i32 } else { std::ptr::null() }; if c { println!(\"{}\", unsafe { *p }); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> i32 { let p: *const i32 = std::ptr::null(); unsafe { *p } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr;\nfn f() { let p = ptr::null_mut::<u8>(); unsafe { ptr::write(p, 1); } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::{alloc, dealloc, Layout};\nunsafe fn f(l: Layout) -> u8 {\n    let p = alloc(l);\n    if p.is_null() { return 0; }\n    dealloc(p, l);\n    *p //~ invalid-pointer-access\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let p = Box::into_raw(Box::new(1));\n    unsafe {\n        drop(Box::from_raw(p));\n        println!(\"{}\", *p); //~ invalid-pointer-access\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: *mut T) {\n    unsafe {\n        libc::free(p as *mut _);\n        libc::free(p as *mut _); //~ invalid-pointer-access\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "unsafe fn f(layout: Layout) {\n    let p = std::alloc::alloc(layout);\n    p.write(1); //~ invalid-pointer-access\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr;\nfn f(p: *mut String) {\n    unsafe {\n        ptr::drop_in_place(p);\n        println!(\"{}\", *p); //~ invalid-pointer-access\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let p = Box::into_raw(Box::new(1));\n    let a = unsafe { Box::from_raw(p) };\n    let b = unsafe { Box::from_raw(p) }; //~ invalid-pointer-access\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: *const u8) -> u8 { if p.is_null() { unsafe { *p } } else { 0 } } //~ invalid-pointer-access",
        ),
        Case::bad("a.rs", "unsafe fn f() { let p = libc::malloc(8) as *mut u32; *p = 1; } //~ invalid-pointer-access"),
        Case::bad(
            "a.rs",
            "fn f() { let p = 0 as *const u32; let v = unsafe { std::ptr::read_volatile(p) }; } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "fn f() -> u32 { let p = std::ptr::NonNull::<u32>::dangling(); unsafe { *p.as_ptr() } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let p = Box::into_raw(Box::new(1));\n    unsafe { let _ = Box::from_raw(p); }\n    unsafe { *p = 2; } //~ invalid-pointer-access\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: *mut Op) { unsafe { let a = Box::from_raw(p);\n let b = Box::from_raw(p); //~ invalid-pointer-access\n drop(a); drop(b); } }",
        ),
        Case::bad(
            "a.rs",
            "pub unsafe extern \"C\" fn f(p: *mut Op) -> u32 { unsafe { drop(Box::from_raw(p));\n (*p).n } } //~ invalid-pointer-access",
        ),
        Case::good(
            "a.rs",
            "pub unsafe extern \"C\" fn f(p: *mut Op) -> u32 { unsafe { let b = Box::from_raw(p); let n = b.n; let _ = Box::into_raw(b); (*p).n + n } }",
        ),
        Case::good("a.rs", "fn f(p: *const i32) -> i32 { if p.is_null() { return 0; } unsafe { *p } }"),
        Case::good(
            "a.rs",
            "unsafe fn f(l: Layout) { let p = std::alloc::alloc(l); if p.is_null() { std::alloc::handle_alloc_error(l); } p.write(1); }",
        ),
        Case::good("a.rs", "fn f() { let mut p = std::ptr::null_mut(); unsafe { open(&mut p); *p = 1; } }"),
        Case::good(
            "a.rs",
            "fn f(l: Layout) { unsafe { let p = alloc(l); assert!(!p.is_null()); *p = 1; dealloc(p, l); } }",
        ),
        Case::good("a.rs", "fn f() { let p = Box::into_raw(Box::new(1)); unsafe { *p = 2; drop(Box::from_raw(p)); } }"),
        Case::good("a.rs", "fn f() { let mut p: *const u8 = std::ptr::null(); p = get(); unsafe { *p }; }"),
        Case::good(
            "a.rs",
            "fn f(p: *mut T, l: Layout) { unsafe { std::ptr::drop_in_place(p); std::alloc::dealloc(p as *mut u8, l); } }",
        ),
        Case::good("a.rs", "fn f() { unsafe { call(std::ptr::null(), std::ptr::null_mut()); } }"),
        Case::good("a.rs", "fn f(p: *mut T) { unsafe { std::ptr::drop_in_place(p); std::ptr::write(p, T::new()); } }"),
        Case::good(
            "a.rs",
            "fn f() { let p: *const T = std::ptr::null(); if let Some(t) = unsafe { p.as_ref() } { t.go(); } }",
        ),
        Case::good("a.rs", "unsafe fn f(l: Layout) -> Option<NonNull<u8>> { NonNull::new(std::alloc::alloc(l)) }"),
        Case::good(
            "a.rs",
            "fn f() { let b = unsafe { Box::from_raw(Box::into_raw(Box::new(1))) }; println!(\"{b}\"); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(c: bool, q: *const u8) -> u8 { let mut p = std::ptr::null(); if c { p = q; } if c { unsafe { *p } } else { 0 } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() { let mut head: *mut Node = std::ptr::null_mut(); while more() { let n = make(head); head = n; } unsafe { free_list(head); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() -> &'static [u8] { unsafe { std::slice::from_raw_parts(std::ptr::NonNull::dangling().as_ptr(), 0) } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(mut p: *mut Node) { unsafe { while !p.is_null() { let next = (*p).next; drop(Box::from_raw(p)); p = next; } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(p: *mut u8, l: Layout) -> *mut u8 { unsafe { let q = std::alloc::realloc(p, l, 8); if q.is_null() { return p; } q } }",
        ),
        Case::near_miss("a.rs", "fn f(pool: &Pool, p: *mut u8) { pool.free(p); log(p as usize); }"),
        Case::bad(
            "a.rs",
            "use std::ptr::{self};\nfn a() { let p: *const i32 = ptr::null(); unsafe { println!(\"{}\", *p); } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr::{self};\nfn b() { let p = ptr::null_mut::<u8>(); unsafe { *p = 1; } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr::NonNull;\nfn c() { let p = NonNull::<u32>::dangling(); unsafe { println!(\"{}\", *p.as_ptr()); } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "fn e() { let p = Box::into_raw(Box::new(5)); unsafe { drop(Box::from_raw(p)); println!(\"{}\", *p); } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr::{self};\nfn f() { let p = Box::into_raw(Box::new(5)); unsafe { ptr::drop_in_place(p); let v = *p; } } //~ invalid-pointer-access",
        ),
        Case::bad("a.rs", "fn h() { let p = 0 as *const u8; unsafe { *p; } } //~ invalid-pointer-access"),
        Case::bad(
            "a.rs",
            "fn h2() { let p = 0x1234 as *const u8; unsafe { println!(\"{}\", *p); } } //~ invalid-pointer-access",
        ),
        Case::bad("a.rs", "fn i(p: *const u8) { if p.is_null() { unsafe { *p; } } } //~ invalid-pointer-access"),
        Case::bad(
            "a.rs",
            "use std::ptr::{self};\nfn k() { let mut p: *mut i32 = ptr::null_mut(); let x = unsafe { p.read() }; } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr::{self};\nfn l() { let p = ptr::dangling::<u64>(); let x = unsafe { ptr::read(p) }; } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "fn n() { let p: *const i32 = unsafe { std::mem::zeroed() }; unsafe { println!(\"{}\", *p); } } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr::{self};\nfn n2() { let p: *const i32 = std::ptr::null(); let r: &i32 = unsafe { &*p }; } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr::{self};\nfn n7() { let p: *const i32 = ptr::null(); let q = p; let s = unsafe { *q.cast::<u8>() }; } //~ invalid-pointer-access",
        ),
        Case::bad(
            "a.rs",
            "use std::ptr::{self};\nfn n8() { let p: *mut u8 = std::ptr::without_provenance_mut(8); unsafe { p.write(1); } } //~ invalid-pointer-access",
        ),
        Case::good("a.rs", "fn n3() { let p: *const i32 = Default::default(); }"),
        Case::good("a.rs", "use std::ptr::{self};\nfn nullp() -> *const i32 { ptr::null() }"),
        Case::good("a.rs", "fn take(p: *mut i32) { unsafe { drop(Box::from_raw(p)); } }"),
        Case::good(
            "a.rs",
            "fn ok1() { let x = 1; let p = &x as *const i32; if !p.is_null() { unsafe { println!(\"{}\", *p); } } }",
        ),
        Case::good("a.rs", "fn ok2(p: *const i32) -> Option<i32> { unsafe { p.as_ref().copied() } }"),
        Case::good(
            "a.rs",
            "use std::ptr::{self};\nfn ok3() { let mut p: *const i32 = ptr::null(); let x = 5; p = &x; unsafe { println!(\"{}\", *p); } }",
        ),
        Case::good(
            "a.rs",
            "fn ok4() { let p = Box::into_raw(Box::new(5)); unsafe { println!(\"{}\", *p); drop(Box::from_raw(p)); } }",
        ),
        Case::good(
            "a.rs",
            "use std::alloc::{alloc, dealloc, Layout};\nfn ok5() { unsafe { let l = Layout::new::<u64>(); let p = alloc(l) as *mut u64; if p.is_null() { std::alloc::handle_alloc_error(l); } *p = 1; dealloc(p as *mut u8, l); } }",
        ),
        Case::good("a.rs", "fn ok6(p: *const i32) { unsafe { println!(\"{}\", *p); } }"),
        Case::good("a.rs", "fn ok7(p: *mut i32) { if p.is_null() { return; } unsafe { *p = 1; } }"),
        Case::good(
            "a.rs",
            "use std::ptr::{self};\nfn ok8() { let p: *const i32 = ptr::null(); unsafe { ffi_call(p); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::ptr::NonNull;\nfn ok9() { let s: &[u8] = unsafe { std::slice::from_raw_parts(NonNull::dangling().as_ptr(), 0) }; }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::ptr::{self};\nfn ok10() { let p = Box::into_raw(Box::new(String::new())); unsafe { ptr::drop_in_place(p); ptr::write(p, String::new()); println!(\"{}\", *p); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn ok11() { let mut p = Box::into_raw(Box::new(1)); unsafe { drop(Box::from_raw(p)); } p = Box::into_raw(Box::new(2)); unsafe { println!(\"{}\", *p); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::ptr::{self};\nfn ok12(c: bool) { let mut p: *const i32 = ptr::null(); let x = 3; if c { p = &x; } if c { unsafe { println!(\"{}\", *p); } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn ok13() { const VGA: *mut u8 = 0xb8000 as *mut u8; unsafe { VGA.write_volatile(1); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::ptr::{self};\nfn ok14() { let p: *const i32 = ptr::null(); assert!(p.is_null()); println!(\"{:p}\", p); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(flag: bool, v: &mut i32) {\n    let mut p: *mut i32 = std::ptr::null_mut();\n    if flag { p = v; }\n    unsafe { p.write(1) } //~ invalid-pointer-access\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(flag: bool, v: &mut i32) { let mut p: *mut i32 = std::ptr::null_mut(); if flag { p = v; } if flag { unsafe { p.write(1) } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(flag: bool, v: &mut i32) { let mut p: *mut i32 = std::ptr::null_mut(); if flag { p = v; } if !p.is_null() { unsafe { p.write(1) } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(flag: bool, v: &mut i32) { let mut p: *mut i32 = std::ptr::null_mut(); if flag { p = v; } else { p = other(); } unsafe { p.write(1) } }",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: Option<&u8>) -> u8 { let raw = p.map_or(std::ptr::null(), |r| r as *const u8); unsafe { *raw } } //~ invalid-pointer-access",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(p: Option<&u8>) -> u8 { let raw = p.map_or(std::ptr::null(), |r| r as *const u8); if raw.is_null() { 0 } else { unsafe { *raw } } }",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::{realloc, Layout};\nfn grown(p: *mut u8, old: Layout) -> u8 { let q = unsafe { realloc(p, old, 64) }; if q.is_null() { return 0; } unsafe { *p } } //~ invalid-pointer-access",
        ),
        Case::near_miss(
            "a.rs",
            "use std::alloc::{realloc, Layout};\nfn grown(p: *mut u8, old: Layout) -> u8 { let p = unsafe { realloc(p, old, 64) }; if p.is_null() { return 0; } unsafe { *p } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::{alloc::{alloc, Layout}, ptr::NonNull};\nfn made(n: usize) -> *mut u64 { let l = Layout::array::<u64>(n).unwrap(); let p = unsafe { alloc(l) } as *mut u64; let Some(nn) = NonNull::new(p) else { std::process::abort() }; unsafe { nn.as_ptr().write(1) }; p }",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::ManuallyDrop;\nfn f(s: String) -> usize { let mut m = ManuallyDrop::new(s); unsafe { ManuallyDrop::drop(&mut m) }; m.len() } //~ invalid-pointer-access",
        ),
        Case::near_miss(
            "a.rs",
            "use std::mem::ManuallyDrop;\nfn f(s: String) -> usize { let mut m = ManuallyDrop::new(s); let n = m.len(); unsafe { ManuallyDrop::drop(&mut m) }; n }",
        ),
        Case::near_miss(
            "a.rs",
            "fn shrink(v: &mut V, mut p: *mut u64, n: usize) { unsafe { for _ in 0..n { v.len -= 1; p = p.offset(-1); std::ptr::drop_in_place(p); } } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::ptr::{self, NonNull};\nfn dangling(align: usize) -> NonNull<u8> { unsafe { NonNull::new_unchecked(ptr::null_mut::<u8>().wrapping_add(align)) } }",
        ),
    ],
};

fn check<'a>(cx: &mut Cx<'a>) {
    if !cx.arena().text().contains("unsafe") {
        return;
    }
    for found in analyze(&cx.block.hir(), cx.arena(), cx.file.declared.rust.outside()) {
        if found.flaw.is_lifetime() || found.flaw == Flaw::Unwritten {
            continue;
        }
        let (message, sure) = match found.flaw {
            Flaw::Null => ("The pointer is null here.", true),
            Flaw::MaybeNull => {
                ("The pointer is null on one of the ways that lead here. Check it with `is_null` first.", false)
            }
            Flaw::Unallocated => ("The pointer never pointed to memory: `dangling` is for values of no size.", true),
            Flaw::Address => ("The address is a number of the program: nothing says that there is a value.", false),
            Flaw::Unchecked => {
                ("The allocation may have failed, and the pointer is then null. Check it with `is_null` first.", false)
            }
            Flaw::Emptied => ("What the pointer points to was dropped in place.", true),
            Flaw::Owned => ("Another value owns this memory already: it will be freed twice.", true),
            _ => ("The memory was freed.", true),
        };
        let mut note = Note::new(cx.rule, found.at, message);
        if !sure {
            note = note.confidence(Confidence::Medium).severity(Severity::Medium);
        }
        if let Some(ended) = found.ended {
            let what = if found.flaw == Flaw::Unchecked { "it is allocated here" } else { "it is given back here" };
            note = note.related(ended, what);
        }
        cx.report(note);
    }
}
