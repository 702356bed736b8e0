use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{is_function, is_loop};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "deep-nesting",
    summary: "code is nested too deeply",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1124],
    families: &[Family::Ecma, Family::Rust],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds conditions, loops and `try` statements that stand inside more than five others of the same \
              function.",
        why: "Each level is one more thing to keep in mind, and the line that matters ends at the right margin.",
        example: "if (a) { for (;;) { if (b) { while (c) { if (d) { if (e) { go(); } } } } } }",
        instead: "if (!a) return;\nfor (;;) { step(); }",
        limits: "`else if` is no level of its own. Off by default: cognitive complexity weighs the same and more.",
        fix: "",
    },
    checks: &[Check::Nodes(
        &[
            Kind::IfStatement,
            Kind::ForStatement,
            Kind::ForInStatement,
            Kind::WhileStatement,
            Kind::DoStatement,
            Kind::SwitchStatement,
            Kind::TryStatement,
            Kind::IfExpression,
            Kind::ForExpression,
            Kind::WhileExpression,
            Kind::LoopExpression,
            Kind::MatchExpression,
        ],
        check,
    )],
    cases: &[
        Case::bad(
            "a.js",
            "if (a) { for (;;) { if (b) { while (c) { if (d) { if (e) { go(); } } } } } } //~ deep-nesting",
        ),
        Case::bad(
            "a.js",
            "function f() { try { if (a) { if (b) { if (c) { for (const x of y) { if (x) { go(); } } } } } } catch (e) { log(e); } } //~ deep-nesting",
        ),
        Case::bad(
            "a.js",
            "if (a) { if (b) { if (c) { if (d) { if (e) { switch (k) { case 1: go(); } } } } } } //~ deep-nesting",
        ),
        Case::bad("a.js", "for (;;) for (;;) for (;;) for (;;) for (;;) for (;;) go(); //~ deep-nesting"),
        Case::bad(
            "a.ts",
            "const f = () => { if (a) { if (b) { if (c) { if (d) { if (e) { if (g) { go(); } } } } } } }; //~ deep-nesting",
        ),
        Case::bad(
            "a.js",
            "do { if (a) { if (b) { if (c) { if (d) { if (e) { go(); } } } } } } while (x); //~ deep-nesting",
        ),
        Case::bad("a.rs", "fn f() { loop { loop { loop { loop { loop { if a { g() } } } } } } } //~ deep-nesting"),
        Case::bad(
            "a.rs",
            "fn f(k: u8) { if k > 1 { if k > 2 { if k > 3 { if k > 4 { if k > 5 { match k { _ => g() } } } } } } } //~ deep-nesting",
        ),
        Case::good("a.js", "if (a) { if (b) { if (c) { if (d) { if (e) { go(); } } } } }"),
        Case::good(
            "a.js",
            "if (a) {} else if (b) {} else if (c) {} else if (d) {} else if (e) {} else if (f) {} else if (g) {}",
        ),
        Case::good("a.js", "f(() => { f(() => { f(() => { f(() => { f(() => { f(() => { go(); }); }); }); }); }); });"),
        Case::good("a.js", "for (const x of xs) { go(x); }"),
        Case::good("a.js", "switch (k) { case 1: if (a) { go(); } }"),
        Case::good("a.js", "{ { { { { { { go(); } } } } } } }"),
        Case::good("a.rs", "fn f() { if a { if b { if c { g() } } } }"),
        Case::good(
            "a.rs",
            "fn f(k: u8) { if k == 1 {} else if k == 2 {} else if k == 3 {} else if k == 4 {} else if k == 5 {} else if k == 6 {} else if k == 7 {} }",
        ),
        Case::near_miss(
            "a.js",
            "if (a) { if (b) { if (c) { go(() => { if (d) { if (e) { if (f) { go(); } } } }); } } }",
        ),
        Case::near_miss("a.js", "const v = a ? b ? c ? d ? e ? f ? 1 : 2 : 3 : 4 : 5 : 6 : 7;"),
        Case::near_miss("a.rs", "fn f() { if a { if b { if c { g(|| { if d { if e { if h { g() } } } }) } } } }"),
        Case::near_miss(
            "a.js",
            "if (a) { if (b) { if (c) { if (d) { if (e) { x = y ? 1 : 2; } else if (z) { go(); } } } } }",
        ),
        Case::bad(
            "a.ts",
            "function f(a: any) {\n  if (a) { for (const x of a) { if (x) { while (x.n) { if (x.m) { if (x.k) { //~ deep-nesting\n    go(x);\n  } } } } } }\n}",
        ),
        Case::bad(
            "a.ts",
            "function g(rows: any[]) {\n  for (const r of rows) { for (const c of r) { if (c) { for (const d of c) { if (d) { try { if (d.e) { //~ deep-nesting\n    go(d);\n  } } catch { stop(); } } } } } }\n}",
        ),
        Case::good("a.ts", "function f(a: any[]) { for (const x of a) { if (x) { go(x); } } }"),
        Case::good("a.ts", "function f(a: any[]) { for (const x of a) { if (!x) { continue; } go(x); } }"),
        Case::near_miss(
            "a.ts",
            "const f = (a: number) => { switch (a) { case 1: { if (b) { go(); } break; } default: stop(); } };",
        ),
    ],
};

const LIMIT: usize = 5;

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if is_chained(node) {
        return;
    }
    let around = node.ancestors().take_while(|a| !is_function(*a)).filter(|a| nests(*a) && !is_chained(*a)).count();
    // Only the first level beyond, not all inside it as well.
    if around != LIMIT {
        return;
    }
    let end = node.text().bytes().take_while(u8::is_ascii_alphabetic).count() as u32;
    let span = Span { start: node.span().start, end: node.span().start + end.max(1) };
    let message = format!(
        "This stands inside {around} conditions and loops. Return early, or take the inner part out into a function."
    );
    cx.report(Note::new(cx.rule, span, message));
}

fn nests(n: Node<'_>) -> bool {
    is_loop(n)
        || matches!(
            n.kind(),
            Kind::IfStatement | Kind::SwitchStatement | Kind::TryStatement | Kind::IfExpression | Kind::MatchExpression
        )
}

/// Whether it is the `if` of an `else if`.
fn is_chained(n: Node<'_>) -> bool {
    n.parent().is_some_and(|p| p.kind() == Kind::ElseClause)
}
