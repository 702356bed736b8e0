use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::tail;
use crate::rules::rust_types::macro_name;
use crate::rules::support::{is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "panic-across-ffi",
    summary: "a function that C calls may panic on what C hands in",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[248],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `unwrap()` and `expect(..)` of conversions, parsing, files and locks, and written out panics, in functions with a body that are `extern \"C\"` and exported or handed out.",
        why: "A panic must not unwind into C: the whole program is aborted, and before Rust 1.81 the behaviour was undefined. The caller gets no error that it could handle.",
        example: "#[no_mangle]\npub extern \"C\" fn parse(p: *const c_char) -> i32 {\n    let s = unsafe { CStr::from_ptr(p) }.to_str().unwrap();\n    s.parse().unwrap()\n}",
        instead: "#[no_mangle]\npub extern \"C\" fn parse(p: *const c_char) -> i32 {\n    let s = unsafe { CStr::from_ptr(p) }.to_str();\n    s.ok().and_then(|s| s.parse().ok()).unwrap_or(-1)\n}",
        limits: "Functions that use `catch_unwind`, and `extern \"C-unwind\"`, are left alone, as are assertions and values that are there by construction. Only the first place of each function.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionItem], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "extern \"C\" fn call<F: FnMut(i32)>(n: i32, data: *mut c_void) {\n    let mut state = unsafe { Box::from_raw(data as *mut State<F>) };\n    (state.callback)(n); //~ panic-across-ffi\n    std::mem::forget(state);\n}",
        ),
        Case::bad(
            "a.rs",
            "extern \"C\" fn done<T>(data: *mut c_void) {\n    let mut state: Box<State<T>> = unsafe { std::mem::transmute(data) };\n    match state.finished { Some(ref mut f) => (*f)(), None => {} } //~ panic-across-ffi\n    std::mem::forget(state);\n}",
        ),
        Case::near_miss(
            "a.rs",
            "extern \"C\" fn call<F: FnMut(i32)>(n: i32, data: *mut c_void) { let state = unsafe { &mut *(data as *mut State<F>) }; (state.callback)(n); }",
        ),
        Case::near_miss(
            "a.rs",
            "extern \"C\" fn call<F: FnMut(i32)>(n: i32, data: *mut c_void) {\n    let state = unsafe { &mut *(data as *mut State<F>) };\n    let _ = std::panic::catch_unwind(AssertUnwindSafe(|| (state.callback)(n)));\n}",
        ),
        Case::bad(
            "a.rs",
            "pub extern \"C\" fn f(p: *const c_char) -> i32 { if p.is_null() { return -1; }\n let s = unsafe { CStr::from_ptr(p) }.to_str().unwrap(); //~ panic-across-ffi\n go(s) }",
        ),
        Case::bad(
            "a.rs",
            "pub unsafe extern \"C\" fn f(p: *const c_char) -> i32 { text(p).parse::<i32>().unwrap() } //~ panic-across-ffi",
        ),
        Case::bad(
            "a.rs",
            "extern \"C\" fn f(s: &S) -> *mut c_char { CString::new(s.name()).unwrap().into_raw() } //~ panic-across-ffi",
        ),
        Case::bad(
            "a.rs",
            "extern \"C\" fn f(k: u32) -> u32 { match k { 0 => 1, _ => panic!(\"kind {k}\") } } //~ panic-across-ffi",
        ),
        Case::bad(
            "a.rs",
            "extern \"system\" fn f() { let c = std::fs::read(\"a.toml\").expect(\"config\"); go(c) } //~ panic-across-ffi",
        ),
        Case::good(
            "a.rs",
            "pub extern \"C\" fn f(p: *const c_char) -> i32 { catch_unwind(|| text(p).parse::<i32>().unwrap()).unwrap_or(-1) }",
        ),
        Case::good("a.rs", "pub extern \"C-unwind\" fn f(p: *const c_char) -> i32 { text(p).parse::<i32>().unwrap() }"),
        Case::good("a.rs", "pub fn f(s: &str) -> i32 { s.parse().unwrap() }"),
        Case::good("a.rs", "pub extern \"C\" fn f(p: *const c_char) -> i32 { text(p).parse().unwrap_or(-1) }"),
        Case::near_miss("a.rs", "extern \"C\" { fn f(p: *const c_char) -> i32; }"),
        Case::near_miss("a.rs", "extern \"C\" fn f(p: *mut S) { let s = unsafe { p.as_mut() }.unwrap(); s.n += 1; }"),
        Case::near_miss("a.rs", "extern \"C\" fn f() -> *mut c_char { CString::new(\"1.0\").unwrap().into_raw() }"),
        Case::near_miss(
            "a.rs",
            "extern \"C\" fn on_signal(signum: i32) { let old = match signum { 11 => A, 7 => B, _ => panic!(\"unknown signal: {signum}\") }; go(old); }",
        ),
        Case::near_miss(
            "a.rs",
            "#[no_mangle]\npub extern \"C\" fn on_assert(line: i32) -> ! { panic!(\"assertion failed at {line}\"); }",
        ),
    ],
};

fn check<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let modifiers = function.child_of_kind(Kind::FunctionModifiers).map_or("", Node::text);
    let foreign = ["extern \"C\"", "extern \"system\"", "extern \"cdecl\"", "extern \"stdcall\""]
        .iter()
        .any(|e| modifiers.contains(e));
    if !foreign || function.text().contains("catch_unwind") {
        return;
    }
    // Whoever calls it wants the end.
    if function.child(Field::ReturnType).is_some_and(|t| t.text() == "!") {
        return;
    }
    let Some(body) = function.child(Field::Body) else { return };
    // C knows nothing of types: it was made for a closure of somebody's.
    // What was taken out of a raw pointer is given back when the closure is done, or never.
    let given_back = ["forget(", "into_raw("].iter().any(|w| body.text().contains(w));
    let generic = function.child(Field::TypeParameters).is_some() && given_back;
    let found = body.descendants_until(is_function).find_map(|n| match n.kind() {
        // `(data.callback)(..)`, `(*f)(..)`: what a user of this program handed over.
        Kind::CallExpression if generic && handed_over(n) => Some(n.span()),
        Kind::CallExpression => {
            let (of, name) = method(n)?;
            if !matches!(name.text(), "unwrap" | "expect") || of.kind() != Kind::CallExpression {
                return None;
            }
            let fails = match method(of) {
                Some((from, m)) => {
                    matches!(
                        m.text(),
                        "to_str"
                            | "parse"
                            | "into_string"
                            | "lock"
                            | "recv"
                            | "send"
                            | "join"
                            | "write_all"
                            | "flush"
                            | "run"
                            | "load"
                    ) && !matches!(from.kind(), Kind::StringLiteral)
                }
                None => of.child(Field::Function).is_some_and(|f| {
                    let literal = of
                        .child(Field::Arguments)
                        .and_then(Node::first_named)
                        .is_some_and(|a| matches!(a.kind(), Kind::StringLiteral | Kind::RawStringLiteral));
                    let f = f.text();
                    f.contains("fs::")
                        || f.contains("File::")
                        || !literal
                            && ["CString::new", "from_utf8", "from_str", "from_slice"].iter().any(|w| f.ends_with(w))
                }),
            };
            fails.then(|| tail(name, n))
        }
        Kind::MacroInvocation if macro_name(n) == "panic" && !is_impossible(n) => Some(n.span()),
        _ => None,
    });
    if let Some(span) = found {
        let message = "A panic cannot unwind into C: it aborts the program. Return an error code, or catch it with `catch_unwind`.";
        cx.report(Note::new(cx.rule, span, message));
    }
}

/// `_ => panic!("unknown signal")`: the last arm of a `match`, which stands for what cannot come.
fn is_impossible(panic: Node<'_>) -> bool {
    let arm = panic.ancestors().take_while(|a| !is_function(*a)).find(|a| a.kind() == Kind::MatchArm);
    let said = panic.text().to_lowercase();
    arm.and_then(|a| a.child(Field::Pattern)).is_some_and(|p| p.text() == "_")
        && ["unknown", "unexpected", "unsupported", "impossible", "unreachable", "invalid"]
            .iter()
            .any(|w| said.contains(w))
}

/// A call of a closure that is a field or stands behind a pointer.
fn handed_over(call: Node<'_>) -> bool {
    call.child(Field::Function)
        .filter(|f| f.kind() == Kind::ParenthesizedExpression)
        .and_then(Node::first_named)
        .is_some_and(|f| {
            f.kind() == Kind::FieldExpression
                || f.kind() == Kind::UnaryExpression
                    && f.text().starts_with('*')
                    && f.last_named().is_some_and(|v| v.kind() == Kind::Identifier)
        })
}
