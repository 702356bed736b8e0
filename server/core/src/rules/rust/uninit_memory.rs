use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, is_function, method, rust_path, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::lifetimes::{Flaw, analyze};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "uninit-memory",
    summary: "memory is taken for initialised that is not",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[908, 457],
    families: &[Family::Rust],
    default_on: true,
    in_tests: true,
    docs: Docs {
        what: "Finds `set_len` right after `with_capacity` or `reserve` with no write between them, slices and unchecked reads of a vector's \
               unwritten room, `MaybeUninit::uninit().assume_init()` and its kin, allocations that are read before anybody writes to them, \
               `mem::uninitialized`, and `mem::zeroed` of types for which zero is no value (references, `Box`, `NonNull`, `NonZero`, function pointers).",
        why: "Such a value is undefined behaviour as soon as it exists: the compiler may do anything, and what is read \
              may be old memory of the process, secrets included.",
        example: "let mut buf: Vec<u8> = Vec::with_capacity(n);\nunsafe { buf.set_len(n) };\nfile.read_exact(&mut buf)?;",
        instead: "let mut buf = vec![0u8; n];\nfile.read_exact(&mut buf)?;",
        limits: "A vector that is touched in any other way between its allocation and `set_len`, shrinking, elements of `MaybeUninit`, and \
                 `assume_init` of a type that is not written beside it are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check), Check::Block(allocations)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn get<R: Read>(&mut self, end: usize, r: &mut R) -> io::Result<()> {\n    if end > self.data.len() {\n        let len = self.data.len();\n        unsafe { self.data.set_len(end); } //~ uninit-memory\n        r.read_exact(&mut self.data[len..end])?;\n    }\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "fn record<R: Read>(r: &mut R, len: usize) -> io::Result<Vec<u8>> {\n    let mut data = vec![0; 5];\n    r.read_exact(&mut data)?;\n    data.reserve(len - 5);\n    unsafe { data.set_len(len) }; //~ uninit-memory\n    r.read_exact(&mut data[5..])?;\n    Ok(data)\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn get<R: Read>(&mut self, end: usize, r: &mut R) -> io::Result<()> {\n    let len = self.data.len();\n    if end > self.data.len() { self.data.resize(end, 0); }\n    unsafe { self.data.set_len(end); }\n    r.read_exact(&mut self.data[len..end])\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> {\n    let mut v = Vec::with_capacity(n);\n    unsafe { v.set_len(n); } //~ uninit-memory\n    v\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(r: &mut R, n: usize) {\n    let mut v: Vec<u8> = Vec::with_capacity(n);\n    unsafe {\n        v.set_len(n); //~ uninit-memory\n        r.read_exact(&mut v);\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn grow(&mut self, n: usize) {\n    self.buf.reserve(n);\n    unsafe { self.buf.set_len(self.buf.len() + n) } //~ uninit-memory\n} }",
        ),
        Case::bad("a.rs", "fn f() { let x: u32 = unsafe { MaybeUninit::uninit().assume_init() }; } //~ uninit-memory"),
        Case::bad(
            "a.rs",
            "fn f() -> [u8; 16] { unsafe { std::mem::MaybeUninit::<[u8; 16]>::uninit().assume_init() } } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::mem;\nfn f() { let x: [u8; 4] = unsafe { mem::uninitialized() }; } //~ uninit-memory",
        ),
        Case::bad("a.rs", "fn f() { let x: &str = unsafe { std::mem::zeroed() }; } //~ uninit-memory"),
        Case::bad("a.rs", "fn f() -> &'static str { unsafe { std::mem::zeroed() } } //~ uninit-memory"),
        Case::bad(
            "a.rs",
            "use std::alloc::{alloc, Layout};\nunsafe fn f() -> u32 {\n    let p = alloc(Layout::new::<u32>()) as *mut u32;\n    if p.is_null() { return 0; }\n    *p //~ uninit-memory\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::{alloc, handle_alloc_error, Layout};\nunsafe fn f(l: Layout) -> u64 {\n    let p = alloc(l).cast::<u64>();\n    if p.is_null() { handle_alloc_error(l) }\n    p.read() //~ uninit-memory\n}",
        ),
        Case::good(
            "a.rs",
            "use std::alloc::{alloc, Layout};\nunsafe fn f() -> u32 {\n    let p = alloc(Layout::new::<u32>()) as *mut u32;\n    if p.is_null() { return 0; }\n    p.write(3);\n    *p\n}",
        ),
        Case::good(
            "a.rs",
            "use std::alloc::{alloc, Layout};\nunsafe fn f(init: fn(*mut Node)) -> u32 {\n    let p = alloc(Layout::new::<Node>()) as *mut Node;\n    if p.is_null() { return 0; }\n    init(p);\n    (*p).id\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::alloc::{alloc, Layout};\nunsafe fn f() -> u32 {\n    let p = alloc(Layout::new::<Node>()) as *mut Node;\n    if p.is_null() { return 0; }\n    (*p).id = 4;\n    std::ptr::addr_of_mut!((*p).next).write(std::ptr::null_mut());\n    (*p).id\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::alloc::{alloc_zeroed, Layout};\nunsafe fn f() -> u32 {\n    let p = alloc_zeroed(Layout::new::<u32>()) as *mut u32;\n    if p.is_null() { return 0; }\n    *p\n}",
        ),
        Case::bad("a.rs", "fn f() { let x = unsafe { core::mem::zeroed::<Box<u8>>() }; } //~ uninit-memory"),
        Case::bad(
            "a.rs",
            "fn f() { let x = MaybeUninit::<u64>::uninit(); let y = unsafe { x.assume_init() }; } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "impl R { fn fill(&mut self) {\n    if self.buf.capacity() == self.used { self.grow(); }\n    let b = self.buf.len();\n    unsafe { self.buf.set_len(self.buf.capacity()); } //~ uninit-memory\n    self.inner.read(&mut self.buf[b..]);\n} }",
        ),
        Case::good("a.rs", "fn f(n: usize) -> Vec<u8> { let mut v = vec![0; n]; unsafe { v.set_len(n); } v }"),
        Case::good(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n); unsafe { ptr::write_bytes(v.as_mut_ptr(), 0, n); v.set_len(n); } v }",
        ),
        Case::good("a.rs", "fn f() { let a: [MaybeUninit<u8>; 8] = unsafe { MaybeUninit::uninit().assume_init() }; }"),
        Case::good(
            "a.rs",
            "fn f() { let mut x = MaybeUninit::<u64>::uninit(); x.write(1); let y = unsafe { x.assume_init() }; }",
        ),
        Case::good("a.rs", "fn f() { let x: libc::stat = unsafe { std::mem::zeroed() }; }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { unsafe { v.set_len(0); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(n: usize) { let mut v: Vec<MaybeUninit<u8>> = Vec::with_capacity(n); unsafe { v.set_len(n); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(n: usize) { let mut v = Vec::with_capacity(n); fill(v.spare_capacity_mut()); unsafe { v.set_len(n); } }",
        ),
        Case::near_miss("a.rs", "fn f(b: &mut BytesMut, len: usize) { b.reserve(1); unsafe { b.set_len(len); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: &mut Vec<u8>) { v.reserve(1); let n = v.len(); unsafe { v.set_len(n - 1); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(n: usize) { let mut x = MaybeUninit::<sys::T>::uninit(); let y = unsafe { sys::init(x.as_mut_ptr()); x.assume_init() }; }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() { let x: Option<Box<u8>> = unsafe { std::mem::zeroed() }; let p: *const u8 = unsafe { std::mem::zeroed() }; }",
        ),
        Case::bad(
            "a.rs",
            "fn a(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n); unsafe { v.set_len(n); } v } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::io::Read;\nfn b(r: &mut impl Read, n: usize) -> Vec<u8> { let mut v: Vec<u8> = Vec::with_capacity(n); unsafe { v.set_len(n) }; r.read_exact(&mut v).unwrap(); v } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn c() -> u32 { let x: u32 = unsafe { MaybeUninit::uninit().assume_init() }; x } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::{self};\nfn d() -> [u8; 32] { unsafe { mem::uninitialized() } } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn e() { let mut a: [u8; 64] = unsafe { MaybeUninit::uninit().assume_init() }; a[0] = 1; } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn f() { let x = MaybeUninit::<u64>::uninit(); let y = unsafe { x.assume_init() }; } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn g() { let x: MaybeUninit<u64> = MaybeUninit::uninit(); let y = unsafe { *x.as_ptr() }; } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn h() { let x: MaybeUninit<String> = MaybeUninit::uninit(); let r = unsafe { x.assume_init_ref() }; } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "fn j() { let mut v: Vec<u32> = Vec::new(); v.reserve(10); unsafe { v.set_len(10); } println!(\"{:?}\", v); } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::{self};\nfn k() { let b: Box<i32> = unsafe { mem::zeroed() }; } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn k2() { let b: &str = unsafe { MaybeUninit::zeroed().assume_init() }; } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "fn l() -> bool { let v: Vec<u8> = Vec::with_capacity(4); unsafe { *v.get_unchecked(0) == 1 } } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "fn m2() { let mut s = String::with_capacity(10); unsafe { s.as_mut_vec().set_len(10); } } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "fn m3(n: usize) { let mut v = Vec::<u8>::with_capacity(n); let p = v.as_mut_ptr(); let s = unsafe { std::slice::from_raw_parts_mut(p, n) }; s[0] = 1; } //~ uninit-memory",
        ),
        Case::bad(
            "a.rs",
            "fn m5<T>(n: usize) -> Vec<T> { let mut v = Vec::with_capacity(n); unsafe { v.set_len(n); } v } //~ uninit-memory",
        ),
        Case::good(
            "a.rs",
            "fn ok1(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n); v.resize(n, 0); unsafe { v.set_len(n); } v }",
        ),
        Case::good(
            "a.rs",
            "fn ok2(n: usize) { let mut v: Vec<u8> = Vec::with_capacity(n); unsafe { std::ptr::write_bytes(v.as_mut_ptr(), 0, n); v.set_len(n); } }",
        ),
        Case::good(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn ok3() { let mut x = MaybeUninit::uninit(); x.write(1); let y: i32 = unsafe { x.assume_init() }; }",
        ),
        Case::good(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn ok4() { let a: [MaybeUninit<u8>; 4] = unsafe { MaybeUninit::uninit().assume_init() }; }",
        ),
        Case::good(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn ok5() { let mut x = MaybeUninit::<libc::stat>::uninit(); unsafe { libc::fstat(0, x.as_mut_ptr()); let s = x.assume_init(); } }",
        ),
        Case::good(
            "a.rs",
            "use std::mem::{self};\nfn ok6() { let s: libc::stat = unsafe { mem::zeroed() }; let n: u64 = unsafe { mem::zeroed() }; }",
        ),
        Case::good(
            "a.rs",
            "fn ok7(src: &[u8]) { let n = src.len(); let mut v: Vec<u8> = Vec::with_capacity(n); unsafe { std::ptr::copy_nonoverlapping(src.as_ptr(), v.as_mut_ptr(), n); v.set_len(n); } }",
        ),
        Case::good("a.rs", "fn ok8() { let mut v = vec![1, 2, 3]; unsafe { v.set_len(1); } }"),
        Case::good(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn ok9() { let mut x = MaybeUninit::<u64>::uninit(); unsafe { x.as_mut_ptr().write(5); } let y = unsafe { x.assume_init() }; }",
        ),
        Case::good(
            "a.rs",
            "fn ok10(n: usize) { let mut v: Vec<u8> = Vec::with_capacity(n); for i in 0..n { unsafe { v.as_mut_ptr().add(i).write(0); } } unsafe { v.set_len(n); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn ok11(n: usize) { let mut v: Vec<u8> = Vec::with_capacity(n); let s = v.spare_capacity_mut(); for x in s.iter_mut() { x.write(0); } unsafe { v.set_len(n); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn ok12(n: usize) { let mut v: Vec<MaybeUninit<u8>> = Vec::with_capacity(n); unsafe { v.set_len(n); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::mem::MaybeUninit;\nfn ok13() { let x = MaybeUninit::<u64>::zeroed(); let y = unsafe { x.assume_init() }; }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::mem::{self, MaybeUninit};\nfn ok14() { let mut arr: [MaybeUninit<u8>; 4] = [const { MaybeUninit::uninit() }; 4]; for a in &mut arr { a.write(1); } let b: [u8; 4] = unsafe { mem::transmute(arr) }; }",
        ),
        Case::near_miss(
            "a.rs",
            "fn ok15(n: usize, f: &mut File) { let mut v: Vec<u8> = Vec::with_capacity(n); let got = unsafe { libc::read(0, v.as_mut_ptr() as *mut _, n) }; unsafe { v.set_len(got as usize); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn empty<T>() -> T { assert_eq!(std::mem::size_of::<T>(), 0); unsafe { MaybeUninit::uninit().assume_init() } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn grow(storage: Box<[MaybeUninit<u8>]>, n: usize) -> Box<[MaybeUninit<u8>]> {\n    let mut vec: Vec<_> = storage.into();\n    vec.reserve(n);\n    // SAFETY: This is a `Vec` of `MaybeUninit`.\n    unsafe { vec.set_len(vec.capacity()) };\n    vec.into_boxed_slice()\n}",
        ),
        Case::near_miss(
            "a.rs",
            "impl<T, const N: usize> S for [T; N] { type Storage = [MaybeUninit<T>; N];\n    fn new_storage() -> Self::Storage {\n        // SAFETY: An uninitialized `[MaybeUninit<_>; _]` is valid.\n        unsafe { MaybeUninit::uninit().assume_init() }\n    }\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if let Some((receiver, name)) = method(node) {
        match name.text() {
            "set_len" => set_len(node, receiver, name, cx),
            "assume_init" | "assume_init_ref" | "assume_init_mut" | "assume_init_read" | "assume_init_drop" => {
                assume_init(node, receiver, cx);
            }
            "as_ptr" => dereferenced(node, receiver, cx),
            "get_unchecked" | "get_unchecked_mut" => unchecked(node, receiver, cx),
            _ => {}
        }
        return;
    }
    let Some(callee) = node.child(Field::Function) else { return };
    let Some(path) = rust_path(callee, cx) else { return };
    match path.as_str() {
        "std::mem::uninitialized" | "core::mem::uninitialized" => report(
            node,
            "`mem::uninitialized` makes a value of memory that nobody has written, which is undefined behaviour for nearly every type. Use `MaybeUninit`.",
            cx,
        ),
        "std::mem::zeroed" | "core::mem::zeroed" | "zeroed" | "mem::zeroed"
            if result_type(node).is_some_and(never_zero) =>
        {
            report(
                node,
                "Zero is no value of this type, so that making it is undefined behaviour. Use `Option`, or a value that exists.",
                cx,
            );
        }
        "std::slice::from_raw_parts"
        | "std::slice::from_raw_parts_mut"
        | "core::slice::from_raw_parts_mut"
        | "slice::from_raw_parts_mut" => {
            slice_of_room(node, cx);
        }
        _ => {}
    }
}

/// Memory that was allocated and is read before anybody writes to it.
fn allocations<'a>(cx: &mut Cx<'a>) {
    let text = cx.arena().text();
    if !text.contains("alloc(") {
        return;
    }
    for found in analyze(&cx.block.hir(), cx.arena(), cx.file.declared.rust.outside()) {
        if found.flaw == Flaw::Unwritten {
            let note = Note::new(cx.rule, found.at, "This reads memory that was allocated and never written.");
            cx.report(match found.ended {
                Some(at) => note.related(at, "it is allocated here"),
                None => note,
            });
        }
    }
}

fn report<'a>(node: Node<'a>, message: &str, cx: &mut Cx<'a>) {
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// The type of a call's value as far as it is written beside it: its turbofish, or the `let` that it ends up in.
fn result_type<'a>(call: Node<'a>) -> Option<&'a str> {
    if let Some(types) = call
        .child(Field::Function)
        .filter(|f| f.kind() == Kind::GenericFunction)
        .and_then(|f| f.child(Field::TypeArguments))
    {
        return types.first_named().map(Node::text);
    }
    let mut at = call;
    loop {
        let parent = at.parent()?;
        match parent.kind() {
            Kind::UnsafeBlock | Kind::ParenthesizedExpression => {}
            Kind::ExpressionStatement if !parent.text().ends_with(';') => {}
            Kind::Block if parent.last_named() == Some(at) => {}
            Kind::LetDeclaration if at.field() == Field::Value => return parent.child(Field::Type).map(Node::text),
            // The value of a function.
            Kind::FunctionItem if at.field() == Field::Body => return parent.child(Field::ReturnType).map(Node::text),
            _ => return None,
        }
        at = parent;
    }
}

fn never_zero(ty: &str) -> bool {
    let path = ty.split('<').next().unwrap_or(ty);
    let name = path.rsplit("::").next().unwrap_or(path).trim();
    ty.starts_with('&')
        || ty.starts_with("fn(")
        || ty.starts_with("extern \"C\" fn")
        || ty.starts_with("unsafe extern")
        || matches!(name, "Box" | "Rc" | "Arc" | "NonNull" | "Vec" | "String" | "HashMap" | "BTreeMap" | "Mutex")
            && !ty.starts_with('*')
            && !ty.starts_with('[')
            && name != "Mutex"
        || name.starts_with("NonZero")
}

fn assume_init<'a>(node: Node<'a>, receiver: Node<'a>, cx: &mut Cx<'a>) {
    let (source, through) = match receiver.kind() {
        Kind::CallExpression => (receiver, None),
        Kind::Identifier => match untouched(node, receiver) {
            Some(value) => (value, Some(receiver)),
            None => return,
        },
        _ => return,
    };
    let Some(callee) = source.child(Field::Function) else { return };
    let text = callee.text();
    if text.ends_with("::new_uninit") || text.ends_with("::new_uninit_slice") {
        let owner = text.split(['<', ':']).find(|t| !t.is_empty()).unwrap_or_default();
        if matches!(owner, "Box" | "Rc" | "Arc" | "std" | "alloc") {
            report(node, UNWRITTEN, cx);
        }
        return;
    }
    let zeroed = text.ends_with("::zeroed");
    if !text.contains("MaybeUninit") || !(text.ends_with("::uninit") || zeroed) {
        return;
    }
    let written = text.split_once("MaybeUninit::<").and_then(|(_, t)| t.rsplit_once(">::")).map(|(t, _)| t);
    let ty = written.or_else(|| {
        let declared =
            through.and_then(|v| declaration(node, v.text())).and_then(|d| d.child(Field::Type)).map(Node::text);
        declared.and_then(|t| t.split_once('<')).and_then(|(_, t)| t.strip_suffix('>')).or_else(|| result_type(node))
    });
    let Some(ty) = ty else { return };
    // `assert_eq!(size_of::<T>(), 0)`: of a value without bytes none is read.
    let empty = node.ancestors().find(|n| is_function(*n)).is_some_and(|f| {
        let text: String = f.text().chars().filter(|c| !c.is_whitespace()).collect();
        text.contains(&format!("size_of::<{ty}>(),0)")) || text.contains(&format!("size_of::<{ty}>()==0"))
    });
    if empty {
        return;
    }
    // `type Storage = [MaybeUninit<T>; N]`, as the comment says.
    if ty.starts_with("Self::") && is_said_uninit(node) {
        return;
    }
    let bad = if zeroed { never_zero(ty) } else { !ty.contains("MaybeUninit") && ty != "()" && ty != "_" };
    if bad {
        report(node, UNWRITTEN, cx);
    }
}

const UNWRITTEN: &str =
    "This takes memory that nobody has written for a value, which is undefined behaviour. Write it first.";

/// `*x.as_ptr()` of a `MaybeUninit` that nothing was written to.
fn dereferenced<'a>(node: Node<'a>, receiver: Node<'a>, cx: &mut Cx<'a>) {
    let Some(parent) = node.parent().filter(|p| p.kind() == Kind::UnaryExpression && p.text().starts_with('*')) else {
        return;
    };
    let written =
        parent.parent().is_some_and(|p| p.kind() == Kind::AssignmentExpression && parent.field() == Field::Left);
    if written || receiver.kind() != Kind::Identifier {
        return;
    }
    let Some(source) = untouched(node, receiver) else { return };
    let callee = source.child(Field::Function).map_or("", Node::text);
    if callee.contains("MaybeUninit") && callee.ends_with("::uninit") {
        report(parent, UNWRITTEN, cx);
    }
}

/// `v.get_unchecked(0)` of a vector that has room but no elements.
fn unchecked<'a>(node: Node<'a>, receiver: Node<'a>, cx: &mut Cx<'a>) {
    if receiver.kind() != Kind::Identifier {
        return;
    }
    let Some(source) = untouched(node, receiver) else { return };
    let callee = source.child(Field::Function).map_or("", Node::text);
    if callee.starts_with("Vec") && (callee.ends_with("::with_capacity") || callee.ends_with("::new")) {
        report(node, "The vector has no elements yet: this reads memory that nobody has written.", cx);
    }
}

/// A slice over the unwritten room of a vector.
fn slice_of_room<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(mut pointer) = args(node).next() else { return };
    // Through one variable.
    if pointer.kind() == Kind::Identifier
        && let Some(value) = untouched(node, pointer)
    {
        pointer = value;
    }
    let Some((owner, name)) = method(pointer) else { return };
    if !matches!(name.text(), "as_ptr" | "as_mut_ptr") || owner.kind() != Kind::Identifier {
        return;
    }
    let Some(source) = untouched(pointer, owner) else { return };
    let callee = source.child(Field::Function).map_or("", Node::text);
    let typed = declaration(node, owner.text()).is_some_and(|d| d.text().contains("MaybeUninit"));
    if callee.starts_with("Vec") && callee.ends_with("::with_capacity") && !typed {
        report(
            node,
            "This is a slice of elements that nobody has written, which is undefined behaviour. Use `spare_capacity_mut`.",
            cx,
        );
    }
}

/// The declaration of a variable that a place sees: the last one before it, in a block around it.
fn declaration<'a>(node: Node<'a>, name: &str) -> Option<Node<'a>> {
    let function = node.ancestors().find(|n| is_function(*n))?;
    let all = function.descendants().filter(|n| {
        n.kind() == Kind::LetDeclaration
            && n.span().end <= node.span().start
            && n.child(Field::Pattern).is_some_and(|p| p.text().trim_start_matches("mut ") == name)
    });
    let last = all.last()?;
    last.parent().is_some_and(|block| block.span().contains(node.span())).then_some(last)
}

/// The initial value of a variable that is mentioned nowhere between its declaration and this use.
fn untouched<'a>(node: Node<'a>, variable: Node<'a>) -> Option<Node<'a>> {
    let declaration = declaration(node, variable.text())?;
    let between = declaration.span().end..variable.span().start;
    let touched = node
        .arena()
        .nodes()
        .any(|n| n.kind() == Kind::Identifier && n.text() == variable.text() && between.contains(&n.span().start));
    if touched { None } else { declaration.child(Field::Value) }
}

fn set_len<'a>(node: Node<'a>, receiver: Node<'a>, name: Node<'a>, cx: &mut Cx<'a>) {
    // `text.as_mut_vec().set_len(n)`
    let receiver = match method(receiver) {
        Some((text, m)) if m.text() == "as_mut_vec" => text,
        _ => receiver,
    };
    let place = receiver.text();
    let Some(length) = args(node).next() else { return };
    if is_said_uninit(node) {
        return;
    }
    let shrinks = length.text().contains('-') || length.text().contains("min(") || length.text() == "0";
    if !matches!(receiver.kind(), Kind::Identifier | Kind::FieldExpression) || shrinks {
        return;
    }
    let Some(allocation) = allocation(node, place) else {
        to_capacity(node, place, name, length, cx);
        then_read(node, place, name, length, cx);
        return;
    };
    // Room for more says nothing of a length that was there before.
    let room = allocation.first_named().filter(|_| allocation.kind() == Kind::ExpressionStatement);
    if let Some(room) = room.and_then(|c| args(c).next())
        && !length.text().contains(room.text())
        && !room.text().starts_with(&format!("{} -", length.text()))
        && !length.text().contains("capacity()")
    {
        return;
    }
    let end = node.span().start;
    let start = allocation.span().end;
    // Anything of the vector or of its owner between the two may have written it.
    let root = place.split('.').next().unwrap_or(place);
    let touched = node.arena().nodes().any(|n| {
        let here = n.span().start >= start && n.span().start < end;
        here && !receiver.span().contains(n.span())
            && (n.kind() == Kind::Identifier || n.kind() == Kind::SelfValue || n.kind() == Kind::TokenTree)
            && (n.text() == root || n.kind() == Kind::TokenTree && n.text().contains(root))
            && !is_harmless(n, place)
    });
    let loops = node.ancestors().take_while(|n| !n.span().contains(allocation.span())).any(is_conditional);
    if touched || loops {
        return;
    }
    let span = crate::syntax::Span { start: name.span().start, end: node.span().end };
    let message = format!(
        "`{place}` is said to have elements that nobody has written: reading them is undefined behaviour and may leak old memory. Use `resize`, `vec![0; n]`, or write through `spare_capacity_mut` first."
    );
    cx.report(Note::new(cx.rule, span, message).related(allocation.span(), "allocated here, without a value"));
}

/// `v.set_len(v.capacity())` in a function that writes nothing to the vector's room before.
fn to_capacity<'a>(node: Node<'a>, place: &str, name: Node<'a>, length: Node<'a>, cx: &mut Cx<'a>) {
    if length.text() != format!("{place}.capacity()") || is_said_uninit(node) {
        return;
    }
    let Some(function) = node.ancestors().find(|n| is_function(*n)) else { return };
    let (from, to) = (function.span().start as usize, node.span().start as usize);
    let before = node.arena().text().get(from..to).unwrap_or_default();
    let writes = ["ptr::", "as_mut_ptr", "spare_capacity", "set_len", "MaybeUninit", "resize", "extend", "write_bytes"];
    if writes.iter().any(|w| before.contains(w)) {
        return;
    }
    let span = crate::syntax::Span { start: name.span().start, end: node.span().end };
    let message = format!(
        "All of `{place}`'s room is said to be elements, which nobody has written. Use `resize`, or write through `spare_capacity_mut` first."
    );
    cx.report(Note::new(cx.rule, span, message).confidence(Confidence::Medium));
}

/// `self.buf.set_len(end); reader.read(&mut self.buf[start..end])`: a reader gets to see what nobody has written.
fn then_read<'a>(node: Node<'a>, place: &str, name: Node<'a>, length: Node<'a>, cx: &mut Cx<'a>) {
    let Some(function) = node.ancestors().find(|n| is_function(*n)) else { return };
    let (from, to) = (function.span().start as usize, node.span().start as usize);
    let before = node.arena().text().get(from..to).unwrap_or_default();
    let writes =
        ["ptr::", "as_mut_ptr", "spare_capacity", "set_len", "MaybeUninit", "resize", "write_bytes", "vec![", "assert"];
    // What grows is compared with the length that it has.
    let grows = before.contains(&format!("> {place}.len()")) || before.contains(&format!("{place}.len() <"));
    if !grows
        || !matches!(length.kind(), Kind::Identifier | Kind::BinaryExpression)
        || writes.iter().any(|w| before.contains(w))
    {
        return;
    }
    let read = function.descendants().any(|n| {
        n.span().start > node.span().end
            && method(n).is_some_and(|(_, m)| matches!(m.text(), "read" | "read_exact"))
            && args(n)
                .next()
                .is_some_and(|a| a.text().strip_prefix("&mut ").is_some_and(|a| a.split('[').next() == Some(place)))
    });
    if read {
        let span = crate::syntax::Span { start: name.span().start, end: node.span().end };
        let message = format!(
            "`{place}` is said to be longer than what was written to it, and a reader is shown the rest. Use `resize`."
        );
        cx.report(Note::new(cx.rule, span, message).confidence(Confidence::Medium));
    }
}

fn is_conditional(n: Node<'_>) -> bool {
    crate::rules::support::is_loop(n) || is_function(n)
}

/// Whether a mention only asks for the length or capacity.
fn is_harmless(n: Node<'_>, place: &str) -> bool {
    let mut at = n;
    while at.text() != place {
        match at.parent() {
            Some(p) if p.kind() == Kind::FieldExpression => at = p,
            _ => return false,
        }
    }
    at.parent().is_some_and(|p| {
        p.kind() == Kind::FieldExpression && matches!(p.child(Field::Field).map(Node::text), Some("len" | "capacity"))
    })
}

/// The last statement before a call, in the same function, which gives the vector unwritten room: `let v = Vec::with_capacity(..)` or
/// `v.reserve(..)`; `None` where another statement may have come between by a different path.
fn allocation<'a>(node: Node<'a>, place: &str) -> Option<Node<'a>> {
    let mut at = statement(node);
    loop {
        let mut before: Vec<Node<'a>> = at.parent()?.named_children().take_while(|n| n.index() < at.index()).collect();
        while let Some(s) = before.pop() {
            if is_allocation(s, place) {
                return Some(s);
            }
            if s.descendants().any(|n| n.kind() == Kind::CallExpression && is_allocation_call(n, place)) {
                return None;
            }
        }
        // Out of `unsafe { .. }` or a plain block only.
        let block = at.parent()?;
        let around = block.parent()?;
        if !matches!(around.kind(), Kind::UnsafeBlock | Kind::Block | Kind::ExpressionStatement) {
            return None;
        }
        at = statement(around);
    }
}

fn is_allocation_call(n: Node<'_>, place: &str) -> bool {
    method(n).is_some_and(|(r, m)| r.text() == place && matches!(m.text(), "reserve" | "reserve_exact"))
}

fn is_allocation(s: Node<'_>, place: &str) -> bool {
    if s.kind() == Kind::LetDeclaration {
        let named = s.child(Field::Pattern).is_some_and(|p| p.text().trim_start_matches("mut ") == place);
        let value =
            s.child(Field::Value).filter(|v| v.kind() == Kind::CallExpression).and_then(|v| v.child(Field::Function));
        let uninit = |t: &str| t.contains("MaybeUninit");
        return named
            && value.is_some_and(|f| {
                (f.text().starts_with("Vec") || f.text().starts_with("String::"))
                    && f.text().ends_with("::with_capacity")
                    && !uninit(f.text())
            })
            && !s.child(Field::Type).is_some_and(|t| uninit(t.text()));
    }
    s.kind() == Kind::ExpressionStatement && s.first_named().is_some_and(|c| is_allocation_call(c, place))
}

/// Whether the comment right above says that the elements are `MaybeUninit`.
fn is_said_uninit(node: Node<'_>) -> bool {
    let before = &node.arena().text()[..node.span().start as usize];
    let lines = before.lines().rev().skip(1).take_while(|l| l.trim_start().starts_with("//"));
    lines.into_iter().any(|l| l.contains("MaybeUninit"))
}
