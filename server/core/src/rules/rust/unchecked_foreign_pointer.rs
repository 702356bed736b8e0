use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::macro_name;
use crate::rules::shape::{mentions, operator};
use crate::rules::support::{args, enclosing_function, is_function, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unchecked-foreign-pointer",
    summary: "a pointer that may be null is used unchecked",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[476, 690],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds what a foreign function or an allocator returned and the function follows, or keeps in a struct, without ever asking whether it is null.",
        why: "C tells of a failure by null: no such name, no memory left. Following null is undefined behaviour, and a crash at best.",
        example: "let name = unsafe { CStr::from_ptr(lib_name(handle)) };",
        instead: "let name = unsafe { lib_name(handle) };\nif name.is_null() { return None; }\nlet name = unsafe { CStr::from_ptr(name) };",
        limits: "Foreign functions are those that the file declares in an `extern` block, and those of `libc` that return null in daily life. Any check, \
                 `NonNull::new`, `as_ref`, an assertion, or a comment with `SAFETY` in the function silences it.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "extern \"C\" { fn name(h: *mut c_void) -> *const c_char; }\nfn f(h: *mut c_void) -> String { unsafe { CStr::from_ptr(name(h)).to_string_lossy().into_owned() } } //~ unchecked-foreign-pointer",
        ),
        Case::bad(
            "a.rs",
            "extern \"C\" { fn get() -> *mut Ctx; }\nfn f() -> u32 { let c = unsafe { get() };\n  unsafe { (*c).n } } //~ unchecked-foreign-pointer",
        ),
        Case::bad(
            "a.rs",
            "fn home() -> String { unsafe { let p = libc::getenv(c\"HOME\".as_ptr());\n CStr::from_ptr(p).to_string_lossy().into_owned() } } //~ unchecked-foreign-pointer",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::{alloc, Layout};\nimpl B { fn new(n: usize) -> B { let ptr = unsafe { alloc(Layout::array::<u8>(n).unwrap()) }; //~ unchecked-foreign-pointer\n B { ptr, n } } }",
        ),
        Case::bad(
            "a.rs",
            "extern \"C\" { fn rows(n: *mut usize) -> *const u32; }\nfn f() -> u32 { let mut n = 0; unsafe { let p = rows(&mut n);\n std::slice::from_raw_parts(p, n).iter().sum() } } //~ unchecked-foreign-pointer",
        ),
        Case::bad(
            "a.rs",
            "extern \"C\" { fn codec_new(c: *const c_char) -> *mut c_void; }\nimpl Codec { fn new(c: &CStr) -> Codec { let raw = unsafe { codec_new(c.as_ptr()) }; //~ unchecked-foreign-pointer\n Codec { raw } } }",
        ),
        Case::good(
            "a.rs",
            "extern \"C\" { fn name(h: *mut c_void) -> *const c_char; }\nfn f(h: *mut c_void) -> Option<String> { let p = unsafe { name(h) }; if p.is_null() { return None; } Some(unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()) }",
        ),
        Case::good("a.rs", "extern \"C\" { fn get() -> *mut Ctx; }\nfn f() -> *mut Ctx { unsafe { get() } }"),
        Case::good(
            "a.rs",
            "use std::alloc::{alloc, handle_alloc_error, Layout};\nimpl B { fn new(l: Layout) -> B { let ptr = unsafe { alloc(l) }; if ptr.is_null() { handle_alloc_error(l) } B { ptr } } }",
        ),
        Case::good(
            "a.rs",
            "extern \"C\" { fn get() -> *mut Ctx; }\nfn f() -> Option<&'static Ctx> { unsafe { get().as_ref() } }",
        ),
        Case::good("a.rs", "fn get() -> *mut Ctx { CTX.as_ptr() }\nfn f() -> u32 { let c = get(); unsafe { (*c).n } }"),
        Case::near_miss(
            "a.rs",
            "extern \"C\" { fn version() -> *const c_char; }\nfn f() -> &'static CStr {\n // SAFETY: it points to a constant.\n unsafe { CStr::from_ptr(version()) } }",
        ),
        Case::near_miss(
            "a.rs",
            "extern \"C\" { fn get() -> *mut Ctx; }\nfn f() -> u32 { let c = NonNull::new(unsafe { get() }).expect(\"ctx\"); unsafe { c.as_ref().n } }",
        ),
        Case::near_miss(
            "a.rs",
            "extern \"C\" { fn __errno_location() -> *mut i32; }\nfn errno() -> i32 { unsafe { *__errno_location() } }",
        ),
    ],
};

/// Functions of libc that return null where something is missing.
const LIBC: [&str; 19] = [
    "getenv",
    "malloc",
    "calloc",
    "strdup",
    "fopen",
    "opendir",
    "getpwuid",
    "getpwnam",
    "getgrnam",
    "localtime",
    "gmtime",
    "gethostbyname",
    "dlopen",
    "dlsym",
    "strchr",
    "strstr",
    "strrchr",
    "getcwd",
    "ttyname",
];

/// Whether a call gives a pointer that may be null; the second says that it is memory.
fn may_be_null<'a>(call: Node<'a>, cx: &Cx<'a>) -> Option<bool> {
    let path = rust_path(call.child(Field::Function)?, cx)?;
    let last = path.rsplit("::").next().unwrap_or_default();
    // Where the number of the last error lies is known to the C library.
    if last.contains("errno") || last == "__error" {
        return None;
    }
    if !path.contains("::") && cx.file.declared.rust.foreign_pointers.contains(last) {
        return Some(false);
    }
    if path == format!("libc::{last}") && LIBC.contains(&last) {
        return Some(matches!(last, "malloc" | "calloc"));
    }
    matches!(
        path.as_str(),
        "std::alloc::alloc" | "std::alloc::alloc_zeroed" | "alloc::alloc::alloc" | "alloc::alloc::alloc_zeroed"
    )
    .then_some(true)
}

fn check<'a>(call: Node<'a>, cx: &mut Cx<'a>) {
    let Some(memory) = may_be_null(call, cx) else { return };
    let Some(function) = enclosing_function(call)
        .and_then(|f| if f.kind() == Kind::FunctionItem { Some(f) } else { enclosing_function(f) })
    else {
        return;
    };
    let text = function.text();
    if ["SAFETY", "Safety", "handle_alloc_error", "NonNull::new(", "is_null()"].iter().any(|w| text.contains(w)) {
        return;
    }
    let message =
        "This may be null, and nothing asks before it is followed. Check it with `is_null`, or make it a `NonNull`.";
    // Followed on the spot.
    let mut at = call;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::TypeCastExpression | Kind::ParenthesizedExpression | Kind::UnsafeBlock => at = parent,
            Kind::Block
                if parent.parent().is_some_and(|p| p.kind() == Kind::UnsafeBlock)
                    && parent.last_named() == Some(at) =>
            {
                at = parent
            }
            Kind::FieldExpression
                if method(parent.parent().unwrap_or(parent))
                    .is_some_and(|(_, m)| matches!(m.text(), "cast" | "cast_mut")) =>
            {
                at = parent.parent().unwrap_or(parent);
            }
            _ => break,
        }
    }
    if follows(at) {
        cx.report(Note::new(cx.rule, call.span(), message));
        return;
    }
    let Some(declaration) = at.parent().filter(|p| p.kind() == Kind::LetDeclaration && at.field() == Field::Value)
    else {
        return;
    };
    let Some(name) = declaration.child(Field::Pattern).map(|p| p.text().trim_start_matches("mut ")) else { return };
    let rest: Vec<Node<'a>> = std::iter::successors(declaration.next_named_sibling(), |n| n.next_named_sibling())
        .flat_map(|n| std::iter::once(n).chain(n.descendants_until(is_function)))
        .collect();
    let asked = rest.iter().any(|n| match n.kind() {
        Kind::BinaryExpression => matches!(operator(*n), "==" | "!=") && mentions(*n, name),
        Kind::MacroInvocation => macro_name(*n).contains("assert") && n.text().contains(name),
        Kind::CallExpression => match method(*n) {
            Some((of, m)) => {
                mentions(of, name) && matches!(m.text(), "as_ref" | "as_mut" | "is_null")
                    || m.text().contains("check") && mentions(*n, name)
            }
            None => n.child(Field::Function).is_some_and(|f| {
                let f = f.text();
                (f.contains("check")
                    || f.contains("cvt")
                    || f.contains("NonNull")
                    || f.contains("ensure")
                    || f.contains("assert"))
                    && mentions(*n, name)
            }),
        },
        Kind::IfExpression | Kind::MatchExpression => {
            n.child(Field::Condition).or_else(|| n.child(Field::Value)).is_some_and(|c| mentions(c, name))
        }
        Kind::AssignmentExpression => n.child(Field::Left).is_some_and(|l| l.text() == name),
        _ => false,
    });
    if asked {
        return;
    }
    let used = rest.iter().find(|n| n.kind() == Kind::Identifier && n.text() == name && follows(cast(**n)));
    // What is allocated and used in one function is followed elsewhere, with all its ways.
    if let Some(used) = used.filter(|_| !memory) {
        cx.report(Note::new(cx.rule, used.span(), message).related(call.span(), "it comes from here"));
        return;
    }
    // Kept in a struct for later.
    let made = call.child(Field::Function).map_or("", Node::text).rsplit("::").next().unwrap_or_default();
    let makes = ["new", "create", "open", "init", "alloc", "load"].iter().any(|w| made.split('_').any(|p| p == *w));
    let kept = (memory || makes)
        && rest.iter().any(|n| match n.kind() {
            Kind::ShorthandFieldInitializer => n.text() == name,
            Kind::FieldInitializer => n.child(Field::Value).is_some_and(|v| mentions(v, name)),
            _ => false,
        });
    if kept {
        let message = if memory {
            "The allocation may fail, and what is kept is then null. Check it, and call `handle_alloc_error`."
        } else {
            "This may fail, and what is kept is then null. Check it with `is_null`, or keep a `NonNull`."
        };
        cx.report(Note::new(cx.rule, call.span(), message));
    }
}

/// The outermost of the casts around a pointer.
fn cast(node: Node<'_>) -> Node<'_> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::TypeCastExpression | Kind::ParenthesizedExpression => at = parent,
            _ => break,
        }
    }
    at
}

/// Whether the place where a pointer stands follows it.
fn follows(pointer: Node<'_>) -> bool {
    let Some(parent) = pointer.parent() else { return false };
    match parent.kind() {
        Kind::UnaryExpression => parent.text().starts_with('*'),
        Kind::Arguments => parent.parent().is_some_and(|call| {
            let first = args(call).next().map(unparenthesized) == Some(unparenthesized(pointer));
            let path = call.child(Field::Function).map_or("", Node::text);
            let mut parts = path.rsplit("::");
            let (last, module) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            first
                && matches!(
                    (module, last),
                    ("CStr", "from_ptr")
                        | ("slice", "from_raw_parts" | "from_raw_parts_mut")
                        | ("ptr", "read" | "write" | "write_bytes")
                        | ("CString" | "Box", "from_raw")
                )
        }),
        Kind::FieldExpression => parent.parent().and_then(method).is_some_and(|(of, m)| {
            of == pointer && matches!(m.text(), "write" | "read" | "write_bytes" | "copy_from_nonoverlapping")
        }),
        _ => false,
    }
}
