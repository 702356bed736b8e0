use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{mentions, parameters};
use crate::rules::support::{bare, is_function, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "closure-over-loop-variable",
    summary: "a callback that runs later reads a loop variable that all rounds share",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[758],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds functions inside a loop that read its `var` variable and run after the round: handed to timers, `then`, event listeners, the callbacks of `fs` and `$.get`, or stored.",
        why: "There is one `var` for all rounds. When the functions run, it holds the value of the last one: every timer logs the same number.",
        example: "for (var i = 0; i < 3; i++) {\n  setTimeout(() => console.log(i), 100);\n}",
        instead: "for (let i = 0; i < 3; i++) {\n  setTimeout(() => console.log(i), 100);\n}",
        limits: "Callbacks that run at once (`map`, `forEach`), `let` and `const`, functions that get the value as a parameter, and variables that a function inside the loop binds anew are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForStatement, Kind::ForInStatement], check)],
    cases: &[
        Case::bad(
            "a.js",
            "for (var i = 0; i < files.length; i++) {\n  fs.readFile(files[i], (err, text) => { //~ closure-over-loop-variable\n    out[i] = text;\n  });\n}",
        ),
        Case::near_miss(
            "a.js",
            "for (var i = 0; i < files.length; i++) { fs.walkSync(files[i], (p) => { out[i] = p; }); }",
        ),
        Case::bad(
            "a.js",
            "function f() { for (var i = 0; i < 3; i++) { setTimeout(function () { log(i); }, 10); } } //~ closure-over-loop-variable",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { for (var k in xs) { load(k).then(() => done(k)); } } //~ closure-over-loop-variable",
        ),
        Case::bad(
            "a.js",
            "function f(els) { for (var i = 0; i < els.length; i++) { els[i].onclick = function () { open(i); }; } } //~ closure-over-loop-variable",
        ),
        Case::bad(
            "a.js",
            "function f(els) { for (var i = 0; i < els.length; i++) {\n  els[i].addEventListener('click', () => select(i)); //~ closure-over-loop-variable\n} }",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { var fns = []; for (var x of xs) { fns.push(() => x.name); } return fns; } //~ closure-over-loop-variable",
        ),
        Case::bad(
            "a.js",
            "function f(n) { for (var i = 0; i < n; i++) process.nextTick(() => go(i)); } //~ closure-over-loop-variable",
        ),
        Case::good("a.js", "function f() { for (let i = 0; i < 3; i++) { setTimeout(function () { log(i); }, 10); } }"),
        Case::good("a.js", "function f(xs) { for (var i = 0; i < 3; i++) { xs.forEach((x) => use(x, i)); } }"),
        Case::good(
            "a.js",
            "function f() { for (var i = 0; i < 3; i++) { (function (i) { setTimeout(() => log(i), 10); })(i); } }",
        ),
        Case::good("a.js", "function f(xs) { for (var i = 0; i < 3; i++) { setTimeout(tick, 10); } }"),
        Case::near_miss("a.js", "function f() { for (var i = 0; i < 3; i++) { setTimeout((i) => log(i), 10, i); } }"),
        Case::near_miss(
            "a.js",
            "function f() { for (var i = 0; i < 3; i++) { const n = i; setTimeout(() => log(n), 10); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(xs) { for (var i = 0; i < 3; i++) { if (xs.some((x) => x === i)) return i; } }",
        ),
        Case::near_miss("a.js", "async function f(xs) { for (var x of xs) { await load().then(() => x.done()); } }"),
        Case::near_miss("a.js", "function f(xs) { for (var i = 0; i < 3; i++) { xs.onclick = () => log(i); break; } }"),
        Case::bad(
            "a.js",
            "for (var i = 0; i < 3; i++) { setTimeout(function () { console.log(i); }, 10); } //~ closure-over-loop-variable",
        ),
        Case::bad(
            "a.js",
            "function f(rows) { var out = []; for (var k = 0; k < rows.length; k++) { out.push(() => rows[k]); } return out; } //~ closure-over-loop-variable",
        ),
        Case::good("a.js", "for (let i = 0; i < 3; i++) { setTimeout(() => console.log(i), 10); }"),
        Case::good(
            "a.js",
            "function f(rows) { var out = []; for (var k = 0; k < rows.length; k++) { out.push(rows[k]); } return out; }",
        ),
        Case::good(
            "a.js",
            "for (var i = 0; i < 3; i++) { (function (n) { setTimeout(function () { console.log(n); }, 10); })(i); }",
        ),
        Case::good("a.js", "for (const row of rows) { row.on('x', () => go(row)); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let head = if node.kind() == Kind::ForInStatement { Some(node) } else { node.child(Field::Initializer) };
    let Some(head) = head else { return };
    let is_var = match head.kind() {
        Kind::ForInStatement => head.child(Field::Kind).is_some_and(|k| k.text() == "var"),
        Kind::VariableDeclaration => true,
        _ => false,
    };
    let Some(body) = node.child(Field::Body).filter(|_| is_var) else { return };
    // Who leaves in the first round has one value.
    let leaves = body.kind() == Kind::StatementBlock
        && body.last_named().is_some_and(|s| matches!(s.kind(), Kind::BreakStatement | Kind::ReturnStatement));
    if leaves {
        return;
    }
    let names: Vec<&str> = if head.kind() == Kind::ForInStatement {
        head.child(Field::Left).filter(|l| l.kind() == Kind::Identifier).map(Node::text).into_iter().collect()
    } else {
        head.named_children()
            .filter_map(|d| d.child(Field::Name))
            .filter(|n| n.kind() == Kind::Identifier)
            .map(Node::text)
            .collect()
    };
    for function in body.descendants_until(|n| is_function(n)).filter(|n| is_function(*n) && !n.is_hole()) {
        if !runs_later(function) {
            continue;
        }
        let bound = |name: &str| {
            parameters(function).iter().any(|p| mentions(*p, name) || p.text() == name)
                || function.descendants().any(|n| {
                    n.kind() == Kind::VariableDeclarator && n.child(Field::Name).is_some_and(|d| d.text() == name)
                })
        };
        let read = names.iter().copied().find(|name| {
            function.child(Field::Body).is_some_and(|b| mentions(b, name) || b.text() == *name) && !bound(name)
        });
        let Some(name) = read else { continue };
        let message = format!(
            "This function runs after the round, and `{name}` is one variable for all rounds: it holds the last value by then. Declare it with `let`."
        );
        let mut span = function.span();
        span.end = function.child(Field::Body).map_or(span.end, |b| b.span().start);
        cx.report(Note::new(cx.rule, span, message));
    }
}

/// Whether a function is kept for later: by a timer, a promise, an event, or a place that outlives the round.
fn runs_later(function: Node<'_>) -> bool {
    let Some(parent) = function.parent() else { return false };
    match parent.kind() {
        Kind::AssignmentExpression => {
            function.field() == Field::Right
                && parent
                    .child(Field::Left)
                    .is_some_and(|l| matches!(bare(l).kind(), Kind::MemberExpression | Kind::SubscriptExpression))
        }
        Kind::Arguments => {
            let Some(call) = parent.parent().filter(|c| c.kind() == Kind::CallExpression) else { return false };
            // Waited for in the round.
            if call.parent().is_some_and(|p| p.kind() == Kind::AwaitExpression) {
                return false;
            }
            let callee = call.child(Field::Function);
            // `fs.readFile(p, (err, text) => ..)`
            let asks = callee.is_some_and(|c| {
                let (of, name) = c.text().rsplit_once('.').unwrap_or_default();
                matches!(of, "fs" | "child_process" | "cp" | "dns") && !name.ends_with("Sync")
                    || matches!(of, "$" | "jQuery") && matches!(name, "get" | "post" | "getJSON" | "ajax")
            });
            let name = callee.and_then(place_name);
            asks || name.is_some_and(|n| {
                matches!(
                    n.as_ref(),
                    "setTimeout"
                        | "setInterval"
                        | "setImmediate"
                        | "requestAnimationFrame"
                        | "queueMicrotask"
                        | "nextTick"
                        | "then"
                        | "addEventListener"
                        | "on"
                        | "once"
                        | "push"
                        | "subscribe"
                )
            })
        }
        _ => false,
    }
}
