use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::exits;
use crate::rules::support::{bare, is_function, is_loop};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "never-loop",
    summary: "a loop never comes to a second round",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[670],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds loops whose body leaves on every path: with `return`, `throw` or `break` before a second \
               round can begin.",
        why: "What looks like a loop is an `if`. Mostly the last `return` belongs behind the loop, so that \
               only the first element is ever looked at.",
        example: "for (const user of users) {\n  if (user.admin) { return user; }\n  return null;\n}",
        instead: "for (const user of users) {\n  if (user.admin) { return user; }\n}\nreturn null;",
        limits: "Taking the first of a collection (`for (const x of xs) return x;`) and asking whether an object \
               has a key (`for (k in o) return false;`) are idioms, and so are `while (true)` and `do .. while \
               (false)` as a block that can be left.",
        fix: "",
    },
    checks: &[Check::Nodes(
        &[Kind::ForStatement, Kind::WhileStatement, Kind::DoStatement, Kind::ForInStatement],
        check,
    )],
    cases: &[
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
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(body) = node.child(Field::Body) else { return };
    let condition = node.child(Field::Condition).map(bare);
    let of = node.kind() == Kind::ForInStatement;
    let fixed =
        condition.is_none_or(|c| matches!(c.text(), "true" | "false" | "1" | "0") || c.kind() == Kind::EmptyStatement);
    if !of && fixed || !exits(body) || continues(node) {
        return;
    }
    // To take the first one is an idiom; to decide by it looks as if the others were to be asked, too.
    let leaves = body.descendants_until(is_function).filter(|n| leave(*n, node)).count();
    if of && leaves < 2 {
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
