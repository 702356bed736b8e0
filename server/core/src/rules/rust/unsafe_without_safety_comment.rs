use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unsafe-without-safety-comment",
    summary: "an `unsafe` block does not say why it is sound",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1078],
    families: &[Family::Rust],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `unsafe` blocks without a comment that says `SAFETY` before them or inside, at their beginning.",
        why: "In an `unsafe` block the programmer vouches for what the compiler cannot check. Without the reason written down nobody can review \
              it, and the next change breaks it unnoticed.",
        example: "let first = unsafe { *list.get_unchecked(0) };",
        instead: "// SAFETY: the list was checked not to be empty above.\nlet first = unsafe { *list.get_unchecked(0) };",
        limits: "It looks at the lines directly above the statement and at the first line inside; it cannot tell whether the reason is right.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::UnsafeBlock], check)],
    cases: &[
        Case::bad("a.rs", "fn f(p: *const u8) -> u8 { unsafe { *p } } //~ unsafe-without-safety-comment"),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) {\n    let x = unsafe { v.get_unchecked(0) }; //~ unsafe-without-safety-comment\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    // Faster this way.\n    unsafe { go() } //~ unsafe-without-safety-comment\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    // SAFETY: nothing is shared.\n    let a = 1;\n    unsafe { go() } //~ unsafe-without-safety-comment\n}",
        ),
        Case::bad("a.rs", "fn f() {\n    if a {\n        unsafe { go() } //~ unsafe-without-safety-comment\n    }\n}"),
        Case::bad(
            "a.rs",
            "fn f() -> u8 {\n    let s = \"SAFETY: text\";\n    unsafe { go(s) } //~ unsafe-without-safety-comment\n}",
        ),
        Case::bad("a.rs", "fn f() {\n    g(|| unsafe { go() }); //~ unsafe-without-safety-comment\n}"),
        Case::bad("a.rs", "fn f() { let r = unsafe { go() } + 1; } //~ unsafe-without-safety-comment"),
        Case::good(
            "a.rs",
            "fn f(p: *const u8) -> u8 {\n    // SAFETY: `p` is valid by contract.\n    unsafe { *p }\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(p: *const u8) -> u8 {\n    unsafe {\n        // SAFETY: `p` is valid.\n        *p\n    }\n}",
        ),
        Case::good(
            "a.rs",
            "fn f() {\n    // Safety: one thread only,\n    // as the lock says.\n    let x = unsafe { go() };\n}",
        ),
        Case::good("a.rs", "fn f() {\n    let x = /* SAFETY: checked */ unsafe { go() };\n}"),
        Case::good("a.rs", "fn f() { go(); }"),
        Case::good("a.rs", "unsafe fn f() { go(); }"),
        Case::good("a.rs", "fn f() {\n    // SAFETY: fine.\n    return unsafe { go() };\n}"),
        Case::good("a.rs", "fn f() {\n    // SAFETY: fine.\n    match unsafe { go() } { _ => {} }\n}"),
        Case::near_miss("a.rs", "fn f() {\n    // SAFETY: fine.\n    #[allow(x)]\n    unsafe { go() }\n}"),
        Case::near_miss(
            "a.rs",
            "fn f() {\n    // SAFETY: the first\n    //\n    // and the second reason.\n    unsafe { go() }\n}",
        ),
        Case::near_miss("a.rs", "fn f() {\n    // SAFETY: long\n    let value =\n        unsafe { go() };\n}"),
        Case::near_miss("a.rs", "fn f() {\n    // safety: lower case will do.\n    unsafe { go() }\n}"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = cx.arena().text();
    let span = node.span();
    let says = |t: &str| t.to_ascii_lowercase().contains("safety");
    // Inside, at the beginning.
    let inside = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let body = inside.trim_start_matches("unsafe").trim_start().trim_start_matches('{').trim_start();
    if body.starts_with("//") || body.starts_with("/*") {
        let comment: String =
            body.lines().take_while(|l| l.trim_start().starts_with("//") || l.contains("/*")).collect();
        if says(&comment) {
            return;
        }
    }
    let before = text.get(..span.start as usize).unwrap_or_default();
    if before.trim_end().ends_with("*/") && before.rfind("/*").is_some_and(|at| says(&before[at..])) {
        return;
    }
    // Above the statement: skip the lines of the statement itself and attributes.
    let statement = crate::rules::support::statement(node).span().start as usize;
    let above = text.get(..statement).unwrap_or_default();
    let line = above.rfind('\n').map_or(0, |at| at + 1);
    for line in above.get(..line).unwrap_or_default().lines().rev() {
        let line = line.trim();
        if line.starts_with("#[") {
            continue;
        }
        if !line.starts_with("//") && !line.starts_with('*') && !line.starts_with("/*") {
            break;
        }
        if says(line) {
            return;
        }
    }
    let at = crate::syntax::Span { start: span.start, end: (span.start + "unsafe".len() as u32).min(span.end) };
    cx.report(Note::new(cx.rule, at, "Say in a `// SAFETY:` comment why this is sound."));
}
