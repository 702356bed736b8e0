use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::macro_name;
use crate::rules::shape::{mentions, operator};
use crate::rules::support::{args, is_function, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unsound-safe-function",
    summary: "a public safe function is only sound for some arguments",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[119, 125, 787, 476, 704],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds public functions without `unsafe` that hand a parameter unchecked to an operation that relies on it: a raw pointer that is \
               read, an index for `get_unchecked` or pointer arithmetic, bytes for `from_utf8_unchecked`, an `Option` for \
               `unwrap_unchecked`; methods that make a `&mut` of `&self`; and constructors of a pointer that `drop` frees.",
        why: "Whoever calls it needs no `unsafe`, and a wrong argument reads or writes memory that belongs to something else. The compiler's \
              promise ends here, in a function that does not say so.",
        example: "pub fn at(items: &[u32], i: usize) -> u32 {\n    unsafe { *items.get_unchecked(i) }\n}",
        instead: "pub fn at(items: &[u32], i: usize) -> Option<u32> {\n    items.get(i).copied()\n}\n\n/// # Safety\n/// `i` must be less than `items.len()`.\npub unsafe fn at_unchecked(items: &[u32], i: usize) -> u32 {\n    unsafe { *items.get_unchecked(i) }\n}",
        limits: "Functions that compare the parameter with anything, assert something of it or check it for null, and those whose unsafe code \
                 has a comment with `SAFETY`, are left alone; so are functions that are not public, for their callers stand beside them.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::FunctionItem], check),
        Check::Nodes(&[Kind::FunctionItem], takes_over),
        Check::Nodes(&[Kind::CallExpression], read_text),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            "pub struct CBox { ptr: *mut u8 }\nimpl CBox { pub fn new(ptr: *mut u8) -> CBox { CBox { ptr: ptr } } } //~ unsound-safe-function\nimpl Drop for CBox { fn drop(&mut self) { unsafe { c_free(self.ptr) } } }",
        ),
        Case::near_miss(
            "a.rs",
            "pub struct CBox { ptr: *mut u8 }\nimpl CBox { pub unsafe fn new(ptr: *mut u8) -> CBox { CBox { ptr } } }\nimpl Drop for CBox { fn drop(&mut self) { unsafe { c_free(self.ptr) } } }",
        ),
        Case::near_miss(
            "a.rs",
            "pub struct View { ptr: *const u8 }\nimpl View { pub fn new(ptr: *const u8) -> View { View { ptr } } }",
        ),
        Case::bad(
            "a.rs",
            "impl<T> Index<usize> for Slab<T> { type Output = T; fn index(&self, i: usize) -> &T { unsafe { &*self.mem.offset(i as isize) } } } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "impl<T> IndexMut<usize> for Arr<T> { fn index_mut(&mut self, i: usize) -> &mut T { unsafe { self.ptr.wrapping_offset(i as isize).as_mut() }.unwrap() } } //~ unsound-safe-function",
        ),
        Case::bad("a.rs", "pub fn twin<T>(v: &T) -> T { unsafe { std::ptr::read(v) } } //~ unsound-safe-function"),
        Case::bad(
            "a.rs",
            "pub fn words(b: &[u8]) -> &[u32] { unsafe { std::slice::from_raw_parts(b.as_ptr() as *const u32, b.len() / 4) } } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "pub fn floats(b: &[u8]) -> &[f32] { unsafe { std::slice::from_raw_parts(b.as_ptr().cast::<f32>(), b.len() / 4) } } //~ unsound-safe-function",
        ),
        Case::near_miss("a.rs", "pub fn twin<T: Copy>(v: &T) -> T { unsafe { std::ptr::read(v) } }"),
        Case::near_miss(
            "a.rs",
            "pub fn words(b: &[u8]) -> &[u32] { assert_eq!(b.as_ptr() as usize % std::mem::align_of::<u32>(), 0); unsafe { std::slice::from_raw_parts(b.as_ptr() as *const u32, b.len() / 4) } }",
        ),
        Case::near_miss(
            "a.rs",
            "impl<T> Index<usize> for Slab<T> { type Output = T; fn index(&self, i: usize) -> &T { assert!(i < self.len); unsafe { &*self.mem.offset(i as isize) } } }",
        ),
        Case::bad(
            "a.rs",
            "pub fn f(v: &[u32], i: usize) -> u32 { unsafe { *v.get_unchecked(i) } } //~ unsound-safe-function",
        ),
        Case::bad("a.rs", "pub fn f(p: *const u32) -> u32 { unsafe { *p } } //~ unsound-safe-function"),
        Case::bad(
            "a.rs",
            "use std::slice;\n#[no_mangle]\npub extern \"C\" fn sum(p: *const u32, n: usize) -> u32 {\n  let s = unsafe { slice::from_raw_parts(p, n) }; //~ unsound-safe-function\n  s.iter().sum() }",
        ),
        Case::bad(
            "a.rs",
            "pub fn text(b: &[u8]) -> &str { unsafe { std::str::from_utf8_unchecked(b) } } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "impl B { pub fn put(&mut self, i: usize, b: u8) { unsafe { *self.ptr.add(i) = b } } } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "impl B { pub fn all(&self) -> &mut [u8] { unsafe { std::slice::from_raw_parts_mut(self.ptr, self.cap) } } } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "pub fn f(o: Option<u8>) -> u8 { unsafe { o.unwrap_unchecked() } } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "use std::ffi::CStr;\npub fn f(p: *const c_char) -> String { unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned() } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "impl<T> C<T> { pub fn get_mut(&self) -> &mut T { unsafe { &mut *self.0.get() } } } //~ unsound-safe-function",
        ),
        Case::bad("a.rs", "pub fn drop_it(p: *mut T) { unsafe { drop(Box::from_raw(p)) } } //~ unsound-safe-function"),
        Case::bad(
            "a.rs",
            "pub fn f(n: u32) -> char { unsafe { char::from_u32_unchecked(n) } } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "pub fn f(k: u8) -> u8 { match k { 0 => 1, _ => unsafe { std::hint::unreachable_unchecked() } } } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "pub fn header(b: &[u8]) -> &Frame { unsafe { &*(b.as_ptr() as *const Frame) } } //~ unsound-safe-function",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &mut TcpStream) -> String { let mut buf = vec![0; 64]; s.read_exact(&mut buf).unwrap(); unsafe { String::from_utf8_unchecked(buf) } } //~ unsound-safe-function",
        ),
        Case::good(
            "a.rs",
            "pub fn f(v: &[u32], i: usize) -> u32 { if i < v.len() { unsafe { *v.get_unchecked(i) } } else { 0 } }",
        ),
        Case::bad(
            "a.rs",
            "pub fn f(from: &[u8], to: &mut [u8]) { unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to.as_mut_ptr(), from.len()) } } //~ unsound-safe-function",
        ),
        Case::near_miss(
            "a.rs",
            "pub fn f(from: &[u8], to: &mut [u8]) { assert!(to.len() >= from.len()); unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to.as_mut_ptr(), from.len()) } }",
        ),
        Case::near_miss(
            "a.rs",
            "pub fn f(from: &[u8]) -> Vec<u8> { let mut to = vec![0; from.len()]; unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to.as_mut_ptr(), from.len()) } to }",
        ),
        Case::bad("a.rs", "pub fn f(at: usize) -> u8 { unsafe { *(at as *const u8) } } //~ unsound-safe-function"),
        Case::bad(
            "a.rs",
            "pub fn f(s: *const i8, to: &mut [i8; 8]) { unsafe { libc::strcpy(to.as_mut_ptr(), s) }; } //~ unsound-safe-function",
        ),
        Case::good("a.rs", "pub unsafe fn f(p: *const u32) -> u32 { unsafe { *p } }"),
        Case::good("a.rs", "fn f(p: *const u32) -> u32 { unsafe { *p } }"),
        Case::good(
            "a.rs",
            "pub extern \"C\" fn f(p: *const u32) -> u32 { if p.is_null() { return 0; } unsafe { *p } }",
        ),
        Case::good(
            "a.rs",
            "pub fn put(&mut self, i: usize, b: u8) { assert!(i < self.cap); unsafe { *self.ptr.add(i) = b } }",
        ),
        Case::good("a.rs", "pub fn f(p: *const u32) -> bool { p.is_null() }"),
        Case::good(
            "a.rs",
            "pub fn text(b: &[u8]) -> &str { if !b.is_ascii() { return \"\"; } unsafe { std::str::from_utf8_unchecked(b) } }",
        ),
        Case::near_miss(
            "a.rs",
            "pub fn f(v: &[u32], i: Index) -> u32 {\n  // SAFETY: an `Index` is made for this slice alone.\n  unsafe { *v.get_unchecked(i) } }",
        ),
        Case::near_miss(
            "a.rs",
            "pub fn f(v: &[u32], n: usize) -> u32 { let n = n.min(v.len() - 1); unsafe { *v.get_unchecked(n) } }",
        ),
        Case::near_miss(
            "a.rs",
            "impl A { pub fn all(&mut self) -> &mut [u8] { unsafe { std::slice::from_raw_parts_mut(self.ptr, self.cap) } } }",
        ),
        Case::near_miss("a.rs", "impl A { pub fn get(&self, pool: &mut Pool) -> &mut u8 { unsafe { pool.take() } } }"),
        Case::near_miss(
            "a.rs",
            "fn f(r: &mut impl Read) -> String { let mut buffer = [0u8; 64]; let n = r.read(&mut buffer).unwrap(); let valid = match std::str::from_utf8(&buffer[..n]) { Ok(_) => n, Err(e) => e.valid_up_to() }; unsafe { std::str::from_utf8_unchecked(&buffer[..valid]) }.to_owned() }",
        ),
    ],
};

/// A parameter that something relies on.
struct Relied<'a> {
    at: Node<'a>,
    name: &'a str,
    what: &'static str,
}

fn check<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let text = function.text();
    if !text.contains("unsafe") || function.is_hole() {
        return;
    }
    let modifiers = function.child_of_kind(Kind::FunctionModifiers).map_or("", Node::text);
    // `impl Index for ..`: as public as the type.
    let indexes = matches!(function.child(Field::Name).map(Node::text), Some("index" | "index_mut"))
        && function.child(Field::Parameters).is_some_and(|p| p.child_of_kind(Kind::SelfParameter).is_some());
    let public = indexes || function.child_of_kind(Kind::VisibilityModifier).is_some_and(|v| v.text() == "pub");
    let marked = modifiers.split_whitespace().any(|w| w == "unsafe") || text.trim_start().starts_with("unsafe ");
    // What C calls back, and nobody else: C cannot name a generic function.
    let callback = modifiers.contains("extern") && function.child(Field::TypeParameters).is_some();
    if !public || marked || callback {
        return;
    }
    let (Some(body), Some(parameters)) = (function.child(Field::Body), function.child(Field::Parameters)) else {
        return;
    };
    if body.descendants().any(|n| n.is_comment() && says_safety(n.text())) {
        return;
    }
    if let Some(note) = exclusive_of_shared(function, parameters, body, cx) {
        cx.report(note);
        return;
    }
    let found = body
        .descendants_until(is_function)
        .filter(|n| n.ancestors().any(|a| a.kind() == Kind::UnsafeBlock))
        .find_map(|n| {
            let relied = relied_on(n, cx)?;
            let parameter = parameters.named_children().find(|p| {
                p.kind() == Kind::Parameter
                    && p.child(Field::Pattern).is_some_and(|p| p.text().trim_start_matches("mut ") == relied.name)
            })?;
            let ty = parameter.child(Field::Type)?.text();
            if relied.what == COPIED {
                let generic = function.child(Field::TypeParameters).is_some_and(|t| {
                    let own = ty.trim_start_matches(['&', ' ']).trim_start_matches("mut ").trim();
                    own.len() == 1
                        && t.named_children().any(|t| t.text().split([':', '=']).next().map(str::trim) == Some(own))
                });
                let head = crate::rules::rust_foreign::head(function);
                let kept = ["ptr::write", "forget", "ManuallyDrop", "MaybeUninit", "Copy"];
                return (generic
                    && ty.starts_with('&')
                    && !kept.iter().any(|w| body.text().contains(w) || head.contains(w)))
                .then_some(relied);
            }
            if relied.what == SHORTER {
                let slice = ty.starts_with("&mut [") || ty.starts_with("&[") || ty.contains("Vec<");
                return (slice && !checked(body, relied.name)).then_some(relied);
            }
            let pointer = ty.starts_with('*');
            // `*(address as *const u32)`
            if relied.what == POINTER && matches!(ty, "usize" | "u64" | "isize") {
                return (!checked(body, relied.name)).then_some(relied);
            }
            if relied.what == POINTER && !pointer || relied.what != POINTER && pointer {
                return None;
            }
            // Of a type of its own less is known.
            let plain =
                |t: &str| matches!(t.trim_start_matches('&'), "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64");
            if (relied.what.starts_with("taken not") || relied.what.starts_with("taken to have")) && !plain(ty) {
                return None;
            }
            let aligned = ["align_of", "is_aligned", "align_to", "align_offset", "repr(C, packed"];
            if relied.what.starts_with("taken for values") {
                let looks = aligned.iter().any(|w| body.text().contains(w));
                return (ty.contains("[u8]") && !looks).then_some(relied);
            }
            if relied.what.ends_with("another type") && !ty.contains("[u8]") {
                return None;
            }
            if relied.what.starts_with("taken to have") {
                return Some(relied);
            }
            // An index of a type of its own may be made for this alone.
            if relied.what == INDEX && !matches!(ty, "usize" | "isize" | "u32" | "u64" | "i32" | "u16" | "u8") {
                return None;
            }
            (!checked(body, relied.name)).then_some(relied)
        });
    if let Some(relied) = found {
        let message = format!(
            "`{}` is {} here, and nothing checks it: safe code that calls this function can break memory. Check it, or mark the function `unsafe`.",
            relied.name, relied.what
        );
        cx.report(Note::new(cx.rule, relied.at.span(), message));
    }
}

const POINTER: &str = "a pointer that is followed";
const INDEX: &str = "a position that is trusted";
const SHORTER: &str = "taken to be as long as the other side of the copy";
const COPIED: &str = "copied bit by bit, while its owner still has it,";

fn says_safety(comment: &str) -> bool {
    comment.contains("SAFETY")
        || comment.contains("Safety")
        || comment.contains("safe because")
        || comment.contains("safety:")
}

/// The parameter that an operation relies on.
fn relied_on<'a>(n: Node<'a>, cx: &Cx<'a>) -> Option<Relied<'a>> {
    let named = |n: Node<'a>| {
        let mut n = unparenthesized(n);
        loop {
            n = match n.kind() {
                Kind::TypeCastExpression => unparenthesized(n.child(Field::Value).or_else(|| n.first_named())?),
                Kind::CallExpression => {
                    let (of, m) = method(n).filter(|(_, m)| matches!(m.text(), "cast" | "cast_mut" | "cast_const"))?;
                    let _ = m;
                    of
                }
                Kind::Identifier => return Some(n.text()),
                _ => return None,
            };
        }
    };
    if n.kind() == Kind::UnaryExpression && n.text().starts_with('*') {
        let inner = unparenthesized(n.last_named()?);
        // `*(bytes.as_ptr() as *const T)`
        if inner.kind() == Kind::TypeCastExpression
            && let Some((of, m)) = inner.first_named().and_then(method)
            && matches!(m.text(), "as_ptr" | "as_mut_ptr")
            && let Some(name) = named(of)
        {
            return Some(Relied { at: n, name, what: "taken for a value of another type" });
        }
        if let Some(name) = named(inner) {
            return Some(Relied { at: n, name, what: POINTER });
        }
        let (_, m) = method(inner)?;
        if matches!(m.text(), "add" | "offset" | "sub" | "wrapping_add") {
            return Some(Relied { at: n, name: named(args(inner).next()?)?, what: INDEX });
        }
        if matches!(m.text(), "get_unchecked" | "get_unchecked_mut") {
            return Some(Relied { at: inner, name: named(args(inner).next()?)?, what: INDEX });
        }
        return None;
    }
    if n.kind() != Kind::CallExpression {
        return None;
    }
    if let Some((of, m)) = method(n) {
        return match m.text() {
            "get_unchecked" | "get_unchecked_mut" => Some(Relied { at: n, name: named(args(n).next()?)?, what: INDEX }),
            "read"
            | "write"
            | "read_unaligned"
            | "write_unaligned"
            | "copy_to_nonoverlapping"
            | "copy_from_nonoverlapping" => {
                if let Some(name) = named(of) {
                    return Some(Relied { at: n, name, what: POINTER });
                }
                let (_, inner) = method(unparenthesized(of))?;
                matches!(inner.text(), "add" | "offset")
                    .then(|| Some(Relied { at: n, name: named(args(unparenthesized(of)).next()?)?, what: INDEX }))?
            }
            // `self.ptr.wrapping_offset(i).as_ref()`
            "as_ref" | "as_mut" => {
                let (_, inner) = method(unparenthesized(of))?;
                let moves = matches!(inner.text(), "add" | "offset" | "wrapping_add" | "wrapping_offset");
                let mut place = args(unparenthesized(of));
                moves.then(|| Some(Relied { at: n, name: named(place.next()?)?, what: INDEX }))?
            }
            "unwrap_unchecked" => Some(Relied { at: n, name: named(of)?, what: "taken to be there" }),
            _ => None,
        };
    }
    let path = rust_path(n.child(Field::Function)?, cx)?;
    let mut parts = path.rsplit("::");
    let last = parts.next().unwrap_or_default();
    let module = parts.next().unwrap_or_default();
    match (module, last) {
        // `ptr::copy_nonoverlapping(from.as_ptr(), to.as_mut_ptr(), from.len())`
        ("ptr", "copy" | "copy_nonoverlapping") if args(n).nth(1).is_some_and(|a| slice_of(a).is_some()) => {
            let [from, to, count] = args(n).collect::<Vec<_>>()[..] else { return None };
            let (from, to) = (slice_of(from)?, slice_of(to)?);
            let (of_from, of_to) = (mentions(count, from), mentions(count, to));
            let name = if of_from && !of_to {
                to
            } else if of_to && !of_from {
                from
            } else {
                return None;
            };
            Some(Relied { at: n, name, what: SHORTER })
        }
        ("ptr", "read")
            if args(n).next().is_some_and(|a| a.kind() == Kind::Identifier) && !is_raw(n, args(n).next()?) =>
        {
            Some(Relied { at: n, name: named(args(n).next()?)?, what: COPIED })
        }
        // `slice::from_raw_parts(bytes.as_ptr() as *const u32, n)`
        ("slice", "from_raw_parts" | "from_raw_parts_mut")
            if args(n).next().is_some_and(|a| {
                a.kind() == Kind::TypeCastExpression && !is_bytes(a)
                    || method(a).is_some_and(|(_, m)| m.text() == "cast")
                        && a.text().ends_with(">()")
                        && !a.text().contains("<u8>")
                        && !a.text().contains("c_char")
            }) =>
        {
            let cast = args(n).next()?;
            let inner = match method(cast) {
                Some((inner, _)) => inner,
                None => cast.child(Field::Value).or_else(|| cast.first_named())?,
            };
            let (of, m) = method(unparenthesized(inner))?;
            matches!(m.text(), "as_ptr" | "as_mut_ptr")
                .then(|| Some(Relied { at: n, name: named(of)?, what: "taken for values of another type" }))?
        }
        (
            "slice" | "ptr" | "Box" | "Rc" | "Arc" | "CStr" | "CString" | "String" | "Vec",
            "from_raw_parts" | "from_raw_parts_mut" | "from_raw" | "from_ptr",
        )
        | (
            "ptr",
            "read"
            | "write"
            | "copy"
            | "copy_nonoverlapping"
            | "read_unaligned"
            | "write_unaligned"
            | "write_bytes"
            | "drop_in_place",
        ) => args(n).filter_map(named).next().map(|name| Relied { at: n, name, what: POINTER }),
        (_, "new_unchecked") if module.starts_with("NonZero") => {
            Some(Relied { at: n, name: named(args(n).next()?)?, what: "taken not to be zero" })
        }
        (_, "from_u32_unchecked") => {
            Some(Relied { at: n, name: named(args(n).next()?)?, what: "taken for a character" })
        }
        (_, "unreachable_unchecked") => {
            let arm =
                n.ancestors().take_while(|a| a.kind() != Kind::FunctionItem).find(|a| a.kind() == Kind::MatchArm)?;
            let whole = arm.ancestors().find(|a| a.kind() == Kind::MatchExpression)?;
            Some(Relied { at: n, name: named(whole.child(Field::Value)?)?, what: "taken to have no other value" })
        }
        (_, "from_utf8_unchecked" | "from_utf8_unchecked_mut") => {
            let mut arg = unparenthesized(args(n).next()?);
            while let Some((of, m)) = method(arg) {
                if !matches!(m.text(), "to_vec" | "as_slice" | "as_ref" | "into" | "clone" | "to_owned" | "into_vec") {
                    return None;
                }
                arg = of;
            }
            Some(Relied { at: n, name: named(arg)?, what: "taken for UTF-8" })
        }
        _ => None,
    }
}

/// The slice that a pointer is the beginning of: `name.as_ptr()`.
fn slice_of<'a>(pointer: Node<'a>) -> Option<&'a str> {
    let (of, m) = method(unparenthesized(pointer))?;
    (matches!(m.text(), "as_ptr" | "as_mut_ptr") && of.kind() == Kind::Identifier).then(|| of.text())
}

/// `from_utf8_unchecked` of a buffer that the function reads from outside.
fn read_text<'a>(call: Node<'a>, cx: &mut Cx<'a>) {
    let Some(path) =
        call.child(Field::Function).and_then(|f| rust_path(f, cx)).filter(|p| p.ends_with("from_utf8_unchecked"))
    else {
        return;
    };
    let Some(function) = call.ancestors().find(|n| n.kind() == Kind::FunctionItem) else { return };
    let Some(name) = args(call).next().map(|a| a.text().trim_start_matches('&').split(['[', '.']).next().unwrap_or(""))
    else {
        return;
    };
    let validated = ["valid_up_to", "from_utf8(", "validated"].iter().any(|w| function.text().contains(w));
    if validated || function.text().contains("SAFETY") || function.text().contains("is_ascii") || name.is_empty() {
        return;
    }
    let read = function.descendants().any(|n| {
        method(n).is_some_and(|(_, m)| {
            matches!(m.text(), "read" | "read_exact" | "read_to_end" | "recv" | "recv_from" | "read_until" | "read_buf")
                && args(n)
                    .any(|a| a.text().strip_prefix("&mut ").is_some_and(|t| t.split(['[', '.']).next() == Some(name)))
        })
    });
    if read {
        let message = format!(
            "`{name}` was read from outside and may hold anything: text that is no UTF-8 is undefined behaviour. Use `{}`.",
            path.rsplit("::").nth(1).map_or_else(|| "from_utf8".to_owned(), |m| format!("{m}::from_utf8"))
        );
        cx.report(Note::new(cx.rule, call.span(), message));
    }
}

/// Whether a function looks at a parameter before it relies on it, in whatever way.
fn checked(body: Node<'_>, name: &str) -> bool {
    body.descendants().any(|n| match n.kind() {
        Kind::BinaryExpression => {
            matches!(operator(n), "<" | ">" | "<=" | ">=" | "==" | "!=" | "%" | "&") && mentions(n, name)
        }
        Kind::MacroInvocation => macro_name(n).contains("assert") && n.text().contains(name),
        Kind::CallExpression => match method(n) {
            Some((of, m)) => {
                matches!(
                    m.text(),
                    "is_null"
                        | "is_ascii"
                        | "is_some"
                        | "is_none"
                        | "is_empty"
                        | "contains"
                        | "get"
                        | "min"
                        | "validate"
                        | "is_char_boundary"
                        | "check"
                        | "is_aligned"
                        | "clamp"
                        | "all"
                ) && mentions(n, name)
                    || m.text().contains("check") && !m.text().contains("unchecked") && mentions(n, name)
                    || m.text().starts_with("is_") && mentions(of, name)
                    || matches!(m.text(), "as_ref" | "as_mut") && of.text() == name
            }
            None => n.child(Field::Function).is_some_and(|f| {
                let f = f.text();
                (f.ends_with("from_utf8")
                    || f.contains("NonNull::new") && !f.contains("unchecked")
                    || f.contains("check") && !f.contains("unchecked")
                    || f.contains("valid"))
                    && mentions(n, name)
            }),
        },
        // A new variable of that name.
        Kind::LetDeclaration => n.child(Field::Pattern).is_some_and(|p| p.text().trim_start_matches("mut ") == name),
        Kind::MatchExpression | Kind::ForExpression => n.child(Field::Value).is_some_and(|v| mentions(v, name)),
        Kind::AssignmentExpression | Kind::CompoundAssignmentExpr => {
            n.child(Field::Left).is_some_and(|l| l.text() == name)
        }
        _ => false,
    })
}

/// `fn(&self) -> &mut T`.
fn exclusive_of_shared<'a>(function: Node<'a>, parameters: Node<'a>, body: Node<'a>, cx: &Cx<'a>) -> Option<Note> {
    let returned = function.child(Field::ReturnType)?;
    let own = parameters.named_children().find(|p| p.kind() == Kind::SelfParameter)?;
    let shared = own.text().starts_with('&') && !own.text().contains("mut");
    let others = parameters.named_children().filter(|p| p.kind() == Kind::Parameter).any(|p| {
        p.child(Field::Type).is_some_and(|t| t.text().contains('&') || t.text().contains('<') || t.text().contains('*'))
    });
    let ty = returned.text();
    let exclusive = ty.strip_prefix('&').map(|t| {
        let t = t.trim_start();
        let t = if t.starts_with('\'') { t.split_once(' ').map_or("", |(_, t)| t) } else { t };
        t.starts_with("mut ")
    });
    let made = body.descendants().any(|n| {
        n.ancestors().any(|a| a.kind() == Kind::UnsafeBlock)
            && (n.kind() == Kind::ReferenceExpression && n.text().starts_with("&mut *")
                || n.kind() == Kind::CallExpression
                    && n.child(Field::Function).is_some_and(|f| f.text().ends_with("from_raw_parts_mut")))
    });
    // An arena hands out what nobody else has.
    let arena = function.child(Field::Name).is_some_and(|n| n.text().starts_with("alloc"));
    if !shared || others || arena || exclusive != Some(true) || !made {
        return None;
    }
    let at = body.descendants().find(|n| {
        n.kind() == Kind::ReferenceExpression && n.text().starts_with("&mut *")
            || n.kind() == Kind::CallExpression
                && n.child(Field::Function).is_some_and(|f| f.text().ends_with("from_raw_parts_mut"))
    })?;
    let message = "Two calls give two `&mut` to the same value, which is undefined behaviour, and callers need no `unsafe` for it. Take `&mut self`, or hand out a guard.";
    Some(Note::new(cx.rule, at.span(), message))
}

/// Whether a name is a parameter that is a raw pointer.
fn is_raw(call: Node<'_>, name: Node<'_>) -> bool {
    let function = call.ancestors().find(|n| n.kind() == Kind::FunctionItem);
    let parameters = function.and_then(|f| f.child(Field::Parameters)).into_iter().flat_map(Node::named_children);
    !parameters.into_iter().any(|p| {
        p.child(Field::Pattern).is_some_and(|n| n.text().trim_start_matches("mut ") == name.text())
            && p.child(Field::Type).is_some_and(|t| t.text().starts_with('&'))
    })
}

/// Whether a pointer is cast to bytes or the like, which lie anywhere.
fn is_bytes(cast: Node<'_>) -> bool {
    let ty = cast.child(Field::Type).map_or("", Node::text);
    matches!(ty.rsplit([' ', '*']).next(), Some("u8" | "i8" | "c_char" | "c_uchar" | "c_void" | "MaybeUninit<u8>"))
        || ty.contains("MaybeUninit<u8>")
}

/// `pub fn new(ptr: *mut T) -> Self`, where `drop` frees what the field points to: any pointer will do, from safe code.
fn takes_over<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let frees = &cx.file.declared.rust.frees;
    let public = function.child_of_kind(Kind::VisibilityModifier).is_some_and(|v| v.text() == "pub");
    if frees.is_empty() || !public || function.is_hole() || function.child_of_kind(Kind::FunctionModifiers).is_some() {
        return;
    }
    let (Some(body), Some(parameters)) = (function.child(Field::Body), function.child(Field::Parameters)) else {
        return;
    };
    let pointers: Vec<&str> = parameters
        .named_children()
        .filter(|p| p.child(Field::Type).is_some_and(|t| t.text().starts_with('*')))
        .filter_map(|p| p.child(Field::Pattern))
        .map(|p| p.text())
        .collect();
    if pointers.is_empty() {
        return;
    }
    let found = body.descendants_until(is_function).filter(|n| n.kind() == Kind::StructExpression).find_map(|made| {
        let ty = made.child(Field::Name)?.text();
        let ty = ty.split('<').next().unwrap_or(ty);
        let frees = |field: &str| frees.iter().any(|(of, f)| f == field && (of == ty || ty == "Self"));
        made.child(Field::Body)?.named_children().find_map(|init| {
            let (field, value) = match init.kind() {
                Kind::ShorthandFieldInitializer => (init.text(), init),
                Kind::FieldInitializer => {
                    (init.child(Field::Field).or_else(|| init.child(Field::Name))?.text(), init.child(Field::Value)?)
                }
                _ => return None,
            };
            (frees(field) && pointers.contains(&value.text())).then_some((init, value.text()))
        })
    });
    if let Some((at, name)) = found {
        let message = format!(
            "`{name}` is freed when this value is dropped, and safe code may hand over any pointer. Mark the function `unsafe`, and say what the pointer must be."
        );
        cx.report(Note::new(cx.rule, at.span(), message));
    }
}
