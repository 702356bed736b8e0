use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{home, mentions};
use crate::rules::support::{args, bare, is_function, is_loop, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "changed-while-iterated",
    summary: "a list loses elements while a loop counts through it",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1095],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `list.splice(i, 1)` in a loop that counts `i` up through that list and does not step back, and `splice`, `shift` or `delete` of the list that a `for..of` or `forEach` goes through.",
        why: "The next element moves to the place of the removed one, and the loop steps over it: of two neighbours only one is looked at.",
        example: "for (let i = 0; i < list.length; i++) {\n  if (list[i].old) list.splice(i, 1);\n}",
        instead: "list = list.filter((x) => !x.old);",
        limits: "Loops that count down, step back (`i--`), or leave after the removal are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function f(all, before) { outer: for (const x of all) { for (let j = 0; j < before.length; j++) { if (before[j] === x) { before.splice(j, 1); continue outer; } } go(x); } }",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { for (let i = 0; i < xs.length; i++) { if (xs[i].old) xs.splice(i, 1); } } //~ changed-while-iterated",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { for (const x of xs) { if (x.old) xs.splice(xs.indexOf(x), 1); } } //~ changed-while-iterated",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { xs.forEach((x, i) => { if (x.old) { xs.splice(i, 1); } }); } //~ changed-while-iterated",
        ),
        Case::bad(
            "a.ts",
            "class A { f() { for (let i = 0; i < this.xs.length; i += 1) { if (!this.xs[i]) { this.xs.splice(i, 1); log(i); } } } } //~ changed-while-iterated",
        ),
        Case::bad(
            "a.js",
            "function f(xs, ys) { for (const x of xs) { if (ys.has(x)) { xs.shift(); } } } //~ changed-while-iterated",
        ),
        Case::good(
            "a.js",
            "function f(xs) { for (let i = xs.length - 1; i >= 0; i--) { if (xs[i].old) xs.splice(i, 1); } }",
        ),
        Case::good(
            "a.js",
            "function f(xs) { for (let i = 0; i < xs.length; i++) { if (xs[i].old) { xs.splice(i, 1); i--; } } }",
        ),
        Case::good(
            "a.js",
            "function f(xs) { for (let i = 0; i < xs.length; i++) { if (xs[i].old) { xs.splice(i, 1); break; } } }",
        ),
        Case::good("a.js", "function f(xs, ys) { for (const x of xs) { ys.splice(0, 1); } }"),
        Case::good("a.js", "function f(xs) { for (const x of [...xs]) { xs.splice(xs.indexOf(x), 1); } }"),
        Case::near_miss(
            "a.js",
            "function f(xs) { for (let i = 0; i < xs.length; i++) { if (xs[i].old) xs.splice(i--, 1); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(xs) { for (let i = 0; i < xs.length; i++) { if (xs[i].old) { xs.splice(i, 1); return; } } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(xs) { for (let i = 0; i < xs.length; i++) { xs.splice(i, 1, next(xs[i])); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(xs) { for (let i = 0; i < xs.length;) { if (xs[i].old) xs.splice(i, 1); else i++; } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(xs) { for (const x of xs) { if (x.old) { xs.splice(xs.indexOf(x), 1); return x; } } }",
        ),
        Case::bad(
            "a.ts",
            "function f(xs: number[]) {\n  xs.forEach((x, i) => {\n    if (x < 0) xs.splice(i, 1); //~ changed-while-iterated\n  });\n}",
        ),
        Case::bad(
            "a.ts",
            "class L { list: A[] = []; drop(a: A) { this.list.forEach((x, i) => { if (x === a) { this.list.splice(i, 1); } }); } } //~ changed-while-iterated",
        ),
        Case::bad(
            "a.ts",
            "function f(users: U[]) {\n  for (let i = 0; i < users.length; i += 1) {\n    if (users[i].gone) {\n      users.splice(i, 1); //~ changed-while-iterated\n    }\n  }\n}",
        ),
        Case::good("a.ts", "function f(xs: number[]) { return xs.filter((x) => x >= 0); }"),
        Case::good(
            "a.ts",
            "function f(xs: number[]) { for (let i = xs.length - 1; i >= 0; i--) { if (xs[i] < 0) { xs.splice(i, 1); } } }",
        ),
        Case::good(
            "a.ts",
            "function f(xs: number[]) { for (let i = 0; i < xs.length; i++) { if (xs[i] < 0) { xs.splice(i, 1); i--; } } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let Some((list, name)) = method(node) else { return };
    let list = bare(list);
    let removes = match name.text() {
        "splice" => args(node).count() == 2,
        "shift" => args(node).next().is_none(),
        _ => return,
    };
    if !removes || !matches!(list.kind(), Kind::Identifier | Kind::MemberExpression) || leaves(node) {
        return;
    }
    let mut at = node;
    let around = loop {
        let Some(parent) = at.parent() else { return };
        if is_loop(parent) && at.field() == Field::Body {
            break parent;
        }
        if is_function(parent) {
            let over = parent.parent().and_then(|a| a.parent()).and_then(method);
            if over.is_some_and(|(of, m)| m.text() == "forEach" && bare(of).text() == list.text()) {
                break parent;
            }
            return;
        }
        at = parent;
    };
    let same = match around.kind() {
        Kind::ForInStatement => {
            around.child(Field::Operator).is_some_and(|o| o.text() == "of")
                && around.child(Field::Right).is_some_and(|r| bare(r).text() == list.text())
        }
        Kind::ForStatement => name.text() == "splice" && counts(around, node, list.text()),
        _ => is_function(around),
    };
    if !same {
        return;
    }
    let message = format!(
        "The element behind the removed one takes its place, and the loop steps over it. Build a new list with `filter`, or count `{}` down.",
        list.text()
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether the loop counts up through the list by the variable that `splice` is given, and never steps back.
fn counts(around: Node<'_>, splice: Node<'_>, list: &str) -> bool {
    let Some(index) = args(splice).next().filter(|i| i.kind() == Kind::Identifier).map(Node::text) else {
        return false;
    };
    let Some(increment) = around.child(Field::Increment) else { return false };
    let up = mentions(increment, index) && (increment.text().contains("++") || increment.text().contains("+="));
    let condition = around
        .child(Field::Condition)
        .is_some_and(|c| c.text().replace(' ', "").contains(&format!("{index}<{list}.length")));
    let back = around.child(Field::Body).is_some_and(|b| {
        b.descendants().any(|n| match n.kind() {
            Kind::UpdateExpression => mentions(n, index),
            Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => {
                n.child(Field::Left).is_some_and(|l| l.text() == index)
            }
            _ => false,
        })
    });
    up && condition && !back
}

/// Whether the loop is left in the statements around or behind the removal.
fn leaves(node: Node<'_>) -> bool {
    let home = home(node);
    let mut at = statement(node);
    loop {
        let mut next = Some(at);
        while let Some(s) = next {
            // `continue outer` leaves the inner loop.
            let goes_on_outside = s.kind() == Kind::ContinueStatement && s.first_named().is_some();
            if goes_on_outside
                || matches!(s.kind(), Kind::ReturnStatement | Kind::BreakStatement | Kind::ThrowStatement)
            {
                return true;
            }
            next = s.next_named_sibling();
        }
        let Some(parent) = at.parent() else { return false };
        if is_loop(parent) || parent == home {
            return false;
        }
        at = if parent.kind() == Kind::StatementBlock { parent.parent().unwrap_or(parent) } else { parent };
        if is_loop(at) || at == home {
            return false;
        }
    }
}
