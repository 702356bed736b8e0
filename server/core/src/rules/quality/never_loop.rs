use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{head, leaves, statements};
use crate::rules::rust_types::macro_name;
use crate::rules::support::{is_function, is_loop};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "never-loop",
    summary: "a loop never runs a second time",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[561],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds loops whose body leaves by `break` or `return` on every way through it, with no `continue`.",
        why: "It is no loop: either the jump was meant to stand under a condition, and all rounds but the first are missing, or an `if let` says it better.",
        example: "for item in items {\n    if item.ready { run(item); }\n    return;\n}",
        instead: "for item in items {\n    if item.ready { run(item); return; }\n}",
        limits: "A body that ends in a panic is left alone, as is `loop` with a label or a value that is used as a block, and code under `cfg`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression, Kind::WhileExpression, Kind::LoopExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(xs: &[u8]) { for x in xs { go(x); return; } } //~ never-loop"),
        Case::bad("a.rs", "fn f() { loop { step(); break; } } //~ never-loop"),
        Case::bad("a.rs", "fn f(mut n: u8) { while n > 0 { n -= 1; break; } } //~ never-loop"),
        Case::bad("a.rs", "fn f(xs: &[u8]) -> Option<u8> { for x in xs { return Some(*x); } None } //~ never-loop"),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u8]) -> bool { for x in xs { if *x > 1 { return true; } else { return false; } } false } //~ never-loop",
        ),
        Case::bad("a.rs", "fn f(xs: &[u8]) { for x in xs { match x { 1 => break, _ => return } } } //~ never-loop"),
        Case::bad(
            "a.rs",
            "fn f(q: &mut Q) { while let Some(x) = q.pop() { if x.ok { go(x); } break; } } //~ never-loop",
        ),
        Case::bad("a.rs", "fn f() { for i in 0..3 { for j in 0..3 { go(i, j); } break; } } //~ never-loop"),
        Case::good("a.rs", "fn f(xs: &[u8]) { for x in xs { if *x > 1 { return; } } }"),
        Case::good("a.rs", "fn f() { loop { if step() { break; } } }"),
        Case::good("a.rs", "fn f(xs: &[u8]) { for x in xs { if skip(x) { continue; } go(x); break; } }"),
        Case::good("a.rs", "fn f() { loop { match next() { Some(x) => go(x), None => break } } }"),
        Case::good("a.rs", "fn f(xs: &[u8]) { for x in xs { go(x); } }"),
        Case::good("a.rs", "fn f() -> u8 { loop { let x = next(); if x > 3 { return x; } } }"),
        Case::good("a.rs", "fn f() { loop { wait(); } }"),
        Case::good("a.rs", "fn f(xs: &[u8]) { for x in xs { panic!(\"{x}\"); } }"),
        Case::near_miss("a.rs", "fn f() { 'a: loop { for i in 0..3 { if x(i) { continue 'a; } } break; } }"),
        Case::near_miss(
            "a.rs",
            "fn f() { let x = loop { if let Some(y) = a() { break y; } if let Some(z) = b() { break z; } }; go(x); }",
        ),
        Case::near_miss("a.rs", "fn f(xs: &[u8]) { for x in xs { let g = || { return 1; }; go(g, x); } }"),
        Case::near_miss(
            "a.rs",
            "fn f() { 'done: loop { if a() { break 'done; } if b() { break 'done; } go(); break; } }",
        ),
        Case::near_miss("a.rs", "fn f() { loop { tokio::select! { _ = a() => continue, _ = b() => {} } break; } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(body) = node.child(Field::Body) else { return };
    if !statements(body).iter().any(|s| leaves(*s)) || body.descendants().any(|n| n.kind() == Kind::AttributeItem) {
        return;
    }
    let label = node.child_of_kind(Kind::Label);
    let again = body.descendants_until(is_function).any(|n| match n.kind() {
        Kind::ContinueExpression => match n.child_of_kind(Kind::Label) {
            Some(l) => label.is_some_and(|own| own.text() == l.text()),
            None => n.ancestors().find(|a| is_loop(*a)) == Some(node),
        },
        // Macros hide jumps.
        Kind::MacroInvocation => {
            let known = matches!(
                macro_name(n),
                "println"
                    | "eprintln"
                    | "print"
                    | "format"
                    | "write"
                    | "writeln"
                    | "vec"
                    | "assert"
                    | "assert_eq"
                    | "assert_ne"
                    | "debug_assert"
                    | "panic"
                    | "matches"
                    | "debug"
                    | "info"
                    | "warn"
                    | "error"
                    | "trace"
                    | "log"
                    | "unreachable"
                    | "todo"
            );
            !known || n.text().contains("continue")
        }
        _ => false,
    });
    // A loop that several places break out of stands for a block.
    let breaks = body.descendants_until(is_function).filter(|n| n.kind() == Kind::BreakExpression).count();
    let stands_for_block = node.kind() == Kind::LoopExpression
        && (label.is_some() || breaks > 1 || node.parent().is_some_and(|p| p.kind() == Kind::LetDeclaration));
    if again || stands_for_block {
        return;
    }
    let Some(exit) = statements(body).into_iter().find(|s| leaves(*s)) else { return };
    if exit.descendants().chain(std::iter::once(exit)).any(|n| n.kind() == Kind::ContinueExpression) {
        return;
    }
    let message = "Every way through this loop leaves it: it never runs a second time.";
    cx.report(Note::new(cx.rule, head(node), message).related(exit.span(), "it is left here"));
}
