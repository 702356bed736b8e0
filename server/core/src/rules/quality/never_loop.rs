use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{head, leaves, statements};
use crate::rules::rust_types::macro_name;
use crate::rules::shape::{exits, explains};
use crate::rules::support::{bare, is_function, is_loop};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "never-loop",
    summary: "a loop never runs a second time",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[561],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds loops whose body leaves by `break` or `return` on every way through it, with no `continue`.",
        why: "It is no loop: either the jump was meant to stand under a condition, and all rounds but the first are missing, or an `if let` says it better.",
        example: "for item in items {\n    if item.ready { run(item); }\n    return;\n}",
        instead: "for item in items {\n    if item.ready { run(item); return; }\n}",
        limits: "A body that ends in a panic is left alone, as is `loop` with a label or a value that is used as a block, and code under `cfg`. In JavaScript taking the first of a collection (`for (const x of xs) return x;`) and asking whether an object has a key are idioms, and so are a `break` whose comment says why, `while (true)` and `do .. while (false)` as a block that can be left.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::ForExpression, Kind::WhileExpression, Kind::LoopExpression], check),
        Check::Nodes(&[Kind::ForStatement, Kind::WhileStatement, Kind::DoStatement, Kind::ForInStatement], ecma),
    ],
    cases: &[
        Case::near_miss(
            "a.js",
            "function bench(cb) { for (let i = 0; i < max; i++) { log.info('hello'); log.fatal('hello'); } setImmediate(cb); }",
        ),
        Case::bad(
            "a.js",
            "function f(xs) {\n  for (const x of xs) { //~ never-loop\n    if (x.ok) return x;\n    return null;\n  }\n}",
        ),
        Case::bad("a.js", "while (xs.length) { //~ never-loop\n  go(xs.pop());\n  break;\n}"),
        Case::bad(
            "a.js",
            "function f(xs) {\n  for (let i = 0; i < xs.length; i++) { //~ never-loop\n    if (xs[i].bad) { throw new Error('bad'); } else { return xs[i]; }\n  }\n}",
        ),
        Case::bad("a.js", "do { //~ never-loop\n  go();\n  break;\n} while (again());"),
        Case::bad(
            "a.js",
            "function has(list, x) {\n  for (var i = 0; i < list.length; i++) { //~ never-loop\n    if (list[i] === x) return true;\n    else return false;\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "async function f() {\n  for (let attempt = 0; attempt < 3; attempt++) { //~ never-loop\n    try { return await load(); } catch (e) { throw e; }\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "function f(q) {\n  while (q.next()) { //~ never-loop\n    switch (q.kind) { case 1: return 1; default: return 2; }\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "for (const file of files) { //~ never-loop\n  if (file.hidden) { skipped++; break; }\n  print(file);\n  break;\n}",
        ),
        Case::good("a.js", "for (const x of xs) { if (x.ok) { found = x; break; } }"),
        Case::good("a.js", "function f(xs) { for (const x of xs) { return x; } }"),
        Case::good("a.js", "function isEmpty(o) { for (const k in o) { return false; } return true; }"),
        Case::good("a.js", "while (true) { if (next()) continue; break; }"),
        Case::good("a.js", "do { if (a) break; go(); } while (false);"),
        Case::good("a.js", "for (;;) { const r = go(); if (r) continue; return; }"),
        Case::good("a.js", "outer: for (const x of xs) { for (const y of x.ys) { if (y) continue outer; } break; }"),
        Case::good(
            "a.js",
            "async function f() { for (let i = 0; i < 3; i++) { try { return await load(); } catch (e) { log(e); } } }",
        ),
        Case::near_miss("a.js", "function first(m) { for (const [, value] of m) { use(value); return value; } }"),
        Case::near_miss("a.js", "while (n--) { switch (n) { case 1: break; default: go(); } }"),
        Case::near_miss("a.js", "for (const x of xs) { run(() => { return x; }); }"),
        Case::near_miss("a.js", "while (true) { work(); if (bad) { fail(); } break; }"),
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
        Case::near_miss(
            "a.js",
            "async function f(answers) { for await (const a of answers) { if (a.failed) throw new Error(a.why); return a; } throw new Error('no answer'); }",
        ),
        Case::bad("a.js", "function f(xs) { for (const x of xs) { //~ never-loop\n console.log(x);\n break;\n } }"),
        Case::near_miss(
            "a.ts",
            "function f(all: Boxes, from: number, to: number) {\n  for (let k = from; k < to; k++) {\n    out.box = all.get(k);\n    break; // Only one box allowed per instance\n  }\n}",
        ),
        Case::near_miss(
            "a.js",
            "function f(xs) { let first; for (const x of xs) { first = x; break; } return first; }",
        ),
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

/// Whether the body ends by returning what the round is about: the first one is taken, after it was looked at.
fn ends_with_variable(node: Node<'_>, body: Node<'_>) -> bool {
    let Some(last) = body.last_named().filter(|l| l.kind() == Kind::ReturnStatement) else { return false };
    let variable = node.child(Field::Left).map(Node::text);
    last.first_named().is_some_and(|value| Some(value.text()) == variable)
}

fn ecma<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(body) = node.child(Field::Body) else { return };
    let condition = node.child(Field::Condition).map(bare);
    let of = node.kind() == Kind::ForInStatement;
    let fixed =
        condition.is_none_or(|c| matches!(c.text(), "true" | "false" | "1" | "0") || c.kind() == Kind::EmptyStatement);
    // `log.fatal(..)` writes a line, and the next round comes: names are not enough here.
    let guessed = || {
        body.named_children().any(|s| {
            s.kind() == Kind::ExpressionStatement
                && s.first_named().is_some_and(|e| {
                    crate::rules::shape::never_returns(e)
                        && crate::rules::support::method(e).is_some_and(|(of, _)| of.text() != "process")
                })
        })
    };
    if !of && fixed || !exits(body) || continues(node) || guessed() {
        return;
    }
    // To take the first one is an idiom; to decide by it looks as if the others were to be asked, too.
    let leaves = body.descendants_until(is_function).filter(|n| leave(*n, node)).count();
    if of && (leaves < 2 && !works_and_breaks(body) || ends_with_variable(node, body)) {
        return;
    }
    // `break; // only one box for each`
    let end = body.named_children().filter(|c| !c.is_comment()).last();
    if leaves < 2 && end.is_some_and(|l| l.kind() == Kind::BreakStatement && is_told_behind(l)) {
        return;
    }
    let end = node.child(Field::Body).map_or(node.span().end, |b| {
        if node.kind() == Kind::DoStatement { node.span().start + 2 } else { b.span().start }
    });
    let span = crate::syntax::Span { start: node.span().start, end };
    let message = "This never comes to a second round: every way through the body leaves the loop. Move the last exit behind the loop, or write `if`.";
    let last = body.descendants_until(is_function).filter(|n| leave(*n, node)).last();
    let mut note = Note::new(cx.rule, span, message);
    if let Some(last) = last {
        note = note.related(last.span(), "it always ends here at the latest");
    }
    cx.report(note);
}

/// Whether a body does something by calls, and breaks at its end: nobody wants to do it for the first element alone.
fn works_and_breaks(body: Node<'_>) -> bool {
    let statements: Vec<Node<'_>> = body.named_children().filter(|c| !c.is_comment()).collect();
    let [before @ .., last] = statements.as_slice() else { return false };
    last.kind() == Kind::BreakStatement
        && last.child(Field::Label).is_none()
        && !before.is_empty()
        && before.iter().all(|s| {
            s.kind() == Kind::ExpressionStatement && s.first_named().is_some_and(|e| e.kind() == Kind::CallExpression)
        })
}

/// Whether the comment behind a statement on its line says why.
fn is_told_behind(statement: Node<'_>) -> bool {
    let rest = statement.arena().text().get(statement.span().end as usize..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    line.find("//").is_some_and(|i| explains(&line[i..]))
}

/// Whether a statement leaves the loop.
fn leave(n: Node<'_>, around: Node<'_>) -> bool {
    match n.kind() {
        Kind::ReturnStatement | Kind::ThrowStatement => true,
        Kind::BreakStatement => {
            n.child(Field::Label).is_some()
                || n.ancestors().find(|a| is_loop(*a) || a.kind() == Kind::SwitchStatement) == Some(around)
        }
        _ => false,
    }
}

/// Whether a `continue` may begin the next round.
fn continues(around: Node<'_>) -> bool {
    around.descendants_until(is_function).any(|n| {
        n.kind() == Kind::ContinueStatement
            && (n.child(Field::Label).is_some() || n.ancestors().find(|a| is_loop(*a)) == Some(around))
    })
}
