use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, enclosing_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "shift-in-loop",
    summary: "a queue is emptied from the front of an array",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[407],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `queue.shift()` (and `unshift`, `splice(0, 1)`) in a loop that runs as long as the array has \
              elements, where the loop also adds to it or the array comes from outside.",
        why: "Taking the first element moves all others: with 100,000 elements every round moves megabytes, and the \
              loop grows with the square of the length.",
        example: "while (queue.length) {\n  const node = queue.shift();\n  queue.push(...node.children);\n}",
        instead: "for (let i = 0; i < queue.length; i++) {\n  const node = queue[i];\n  queue.push(...node.children);\n}",
        limits: "Engines move small arrays fast: only loops over the array's whole length whose body adds to it are \
              reported. Loops that wait (`await`) in every round spend their time elsewhere.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "while (queue.length) { const n = queue.shift(); queue.push(...n.children); } //~ shift-in-loop",
        ),
        Case::bad(
            "a.js",
            "while (queue.length > 0) {\n  const n = queue.shift(); //~ shift-in-loop\n  for (const c of n.next) { queue.push(c); }\n}",
        ),
        Case::bad(
            "a.js",
            "function f(root) { const q = [root]; while (q.length !== 0) { const n = q.shift(); n.kids.forEach((k) => q.push(k)); } } //~ shift-in-loop",
        ),
        Case::bad("a.js", "let n; while ((n = todo.shift())) { todo.push(...n.kids); } //~ shift-in-loop"),
        Case::bad(
            "a.js",
            "do { const x = q.shift(); if (x.more) q.push(x.more); } while (q.length); //~ shift-in-loop",
        ),
        Case::bad(
            "a.js",
            "for (; work.length > 0;) { const x = work.shift(); work.push(x.a, x.b); } //~ shift-in-loop",
        ),
        Case::bad("a.js", "while (q.length) { const [x] = q.splice(0, 1); q.push(x.next); } //~ shift-in-loop"),
        Case::bad(
            "a.ts",
            "while (this.queue.length) { const n = this.queue.shift()!; this.queue.push(n.left); } //~ shift-in-loop",
        ),
        Case::good("a.js", "const first = queue.shift();"),
        Case::good("a.js", "for (let i = 0; i < queue.length; i++) { queue.push(...queue[i].children); }"),
        Case::good("a.js", "while (stack.length) { const n = stack.pop(); stack.push(...n.kids); }"),
        Case::good("a.js", "while (x.next()) { args.shift(); }"),
        Case::good("a.js", "for (const a of list) { a.shift(); }"),
        Case::good("a.js", "while (queue.length) { const n = queue.dequeue(); queue.push(n.k); }"),
        Case::good("a.js", "if (queue.length) { queue.shift(); queue.push(1); }"),
        Case::good("a.js", "while (args.length) { use(args.shift()); }"),
        Case::near_miss("a.js", "while (jobs.length) { const j = jobs.shift(); await run(j); jobs.push(j.next); }"),
        Case::near_miss("a.js", "while (log.length > 100) { log.shift(); }"),
        Case::near_miss("a.js", "while (queue.length) { const n = queue.shift(); other.push(n); }"),
        Case::near_miss("a.js", "while (a.length) { a.shift(); setTimeout(() => 1); }"),
        Case::near_miss("a.js", "while (running) { const q = []; q.push(1); q.shift(); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((queue, name)) = method(node) else { return };
    let takes = name.text() == "shift" && args(node).next().is_none()
        || name.text() == "splice" && args(node).map(Node::text).eq(["0", "1"]);
    if !takes {
        return;
    }
    let Some(around) = enclosing_loop(node) else { return };
    let Some(condition) = around.child(Field::Condition) else { return };
    let queue_text = queue.text();
    // As long as something is in it, and not down to a fixed length.
    let drains = condition.text().contains(node.text())
        || condition.descendants().any(|n| {
            n.kind() == Kind::MemberExpression
                && n.text() == format!("{queue_text}.length")
                && n.parent().is_some_and(|p| {
                    p.kind() != Kind::BinaryExpression
                        || operands(p)
                            .is_some_and(|(l, r)| l == n && matches!(r.text(), "0" | "1") || operator(p) == "&&")
                })
        });
    let adds = |n: Node<'a>| method(n).is_some_and(|(r, m)| m.text() == "push" && r.text() == queue_text);
    let body = around.child(Field::Body);
    let grows = body.is_some_and(|b| b.descendants().any(adds));
    let waits = around.descendants().any(|n| matches!(n.kind(), Kind::AwaitExpression | Kind::YieldExpression));
    if !drains || !grows || waits {
        return;
    }
    let message = format!(
        "`{}` moves every element that is left, in every round: the loop grows with the square of the queue. Read by an index, or use a queue.",
        name.text()
    );
    cx.report(Note::new(cx.rule, name.span(), message));
}
