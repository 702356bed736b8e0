use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::lists::is_data;
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, bare, enclosing_loop, method};
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
              elements, where the loop also adds to it or its name says that it is a queue; and `unshift` in a loop over data.",
        why: "Taking the first element moves all others: with 100,000 elements every round moves megabytes, and the \
              loop grows with the square of the length.",
        example: "while (queue.length) {\n  const node = queue.shift();\n  queue.push(...node.children);\n}",
        instead: "for (let i = 0; i < queue.length; i++) {\n  const node = queue[i];\n  queue.push(...node.children);\n}",
        limits: "Engines move small arrays fast: only loops over the array's whole length are reported. Loops that wait (`await`) in every round spend their time elsewhere.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check), Check::Nodes(&[Kind::CallExpression], front)],
    cases: &[
        Case::near_miss(
            "a.js",
            "const Cell = { all: function(opt) { const queue = []; queue.push(this); while (queue.length > 0) { const c = queue.shift(); for (const e of c.embedded(opt)) { queue.push(e); } } } };",
        ),
        Case::near_miss(
            "a.js",
            "function all(tables) { const queue = [...tables]; while (queue.length > 0) { const name = queue.shift(); const t = Table.findOne({ name }); queue.push(...t.refs); } }",
        ),
        Case::near_miss(
            "a.js",
            "class G { below(id) { const queue = [id]; const out = []; while (queue.length > 0) { const at = queue.shift(); out.push(at); for (const c of this.children.get(at)) { queue.push(c); } } return out; } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(slug) { const slugs = []; let components = slug.split('/'); for (let i = 0; i < components.length; i++) { slugs.unshift(components[i]); } return slugs; }",
        ),
        Case::near_miss(
            "a.js",
            "function before(node) { const nodes = []; for (const n of previous(node)) { if (!n.isText) { break; } nodes.unshift(n); } return nodes; }",
        ),
        Case::near_miss(
            "a.ts",
            "const finish = () => { while (readQueue.length) { readQueue.shift()!.resolve(done); } };",
        ),
        Case::near_miss("a.ts", "function wake() { while (queue.length) { queue.shift()(); } }"),
        Case::bad(
            "a.js",
            "while (queue.length) { const n = queue.shift(); queue.push(...n.children); } //~ shift-in-loop",
        ),
        Case::bad(
            "a.js",
            "while (queue.length > 0) {\n  const n = queue.shift(); //~ shift-in-loop\n  for (const c of n.next) { queue.push(c); }\n}",
        ),
        Case::bad(
            "a.ts",
            "function bfs(graph: Map<N, N[]>, start: N) { const queue = [start]; while (queue.length) { const n = queue.shift()!; for (const k of graph.get(n)!) { queue.push(k); } } } //~ shift-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(root) { const q = [root]; while (q.length !== 0) { const n = q.shift(); n.kids.forEach((k) => q.push(k)); } } //~ shift-in-loop",
        ),
        Case::near_miss(
            "a.js",
            "function walk(root, callback) { const q = [root]; while (q.length !== 0) { const n = q.shift(); n.kids.forEach((k) => { q.push(k); callback(k, n); }); } }",
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
        Case::near_miss("a.js", "for (const stack of stacks) { stack.unshift(next); }"),
        Case::near_miss("a.js", "while (jobs.length) { const j = jobs.shift(); await run(j); jobs.push(j.next); }"),
        Case::near_miss("a.js", "while (log.length > 100) { log.shift(); }"),
        Case::bad("a.js", "while (queue.length) { const n = queue.shift(); other.push(n); } //~ shift-in-loop"),
        Case::near_miss("a.ts", "while (this.pendingJobs.length > 0) { this.run(this.pendingJobs.shift()!); }"),
        Case::bad("a.js", "for (const x of xs) { out.unshift(x); } //~ shift-in-loop"),
        Case::good("a.js", "for (const x of ['a', 'b']) { out.unshift(x); }"),
        Case::near_miss("a.js", "while (node) { path.unshift(node.name); node = node.parent; }"),
        Case::near_miss("a.js", "for (const x of xs) { if (x.first) out.unshift(x); else out.push(x); }"),
        Case::near_miss("a.js", "while (a.length) { a.shift(); setTimeout(() => 1); }"),
        Case::near_miss(
            "a.ts",
            "function walk(chart: C) { const discovered = [chart]; while (discovered.length) { const c = discovered.shift(); go(c); discovered.push(...c.children); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function walk(blocks: B[]) { const left = [...blocks]; while (left.length) { const b = left.shift(); left.push(...b.inner); } }",
        ),
        Case::near_miss(
            "a.js",
            "function find(root) { const queue = [root]; while (queue.length) { const dir = queue.shift(); for (const e of fs.readdirSync(dir)) { queue.push(e); } } }",
        ),
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
    // A queue by its name may hold any number of things.
    let named =
        queue.kind() == Kind::Identifier && is_queue(queue_text) && bare(condition).kind() != Kind::BinaryExpression
            || queue.kind() == Kind::Identifier
                && is_queue(queue_text)
                && operands(bare(condition)).is_some_and(|(_, r)| matches!(r.text(), "0" | "1"));
    let grows = named || body.is_some_and(|b| b.descendants().any(adds));
    let waits = around.descendants().any(|n| matches!(n.kind(), Kind::AwaitExpression | Kind::YieldExpression));
    // `readers.shift().resolve(x)`: whoever waits for an answer is told, and there are a few of them.
    let tells = node.parent().map(|p| if p.kind() == Kind::NonNullExpression { p.parent() } else { Some(p) });
    let tells = tells.flatten().is_some_and(|p| {
        p.kind() == Kind::MemberExpression
            && p.child(Field::Property).is_some_and(|m| matches!(m.text(), "resolve" | "reject"))
            || p.kind() == Kind::CallExpression
                && p.child(Field::Function).is_some_and(|f| f.span().contains(node.span()))
    });
    if !drains || !grows || waits || tells {
        return;
    }
    // Structures of the program's own are walked a few steps; what is handed in may have any size.
    let own_structure = queue.kind() == Kind::Identifier
        && !begins_with_list(queue)
        && body.is_some_and(|b| b.descendants().any(|n| n.kind() == Kind::This));
    // What begins as a copy of a few parts, or belongs to a class, is hardly ever long enough for the move to show: engines only step
    // a list's start, up to tens of thousands of elements.
    let of_class = node
        .ancestors()
        .filter(|a| crate::rules::support::is_function(*a))
        .last()
        .is_some_and(|f| f.kind() == Kind::MethodDefinition || f.descendants().any(|n| n.kind() == Kind::This));
    if queue.kind() == Kind::Identifier && (of_class || begins_with_list(queue) || !may_be_large(node, queue)) {
        return;
    }
    // A round that asks a database takes longer than any move.
    let looks_up = body
        .is_some_and(|b| b.descendants().filter(|n| n.kind() == Kind::CallExpression).any(crate::rules::queries::asks));
    if own_structure || looks_up {
        return;
    }
    // A queue that is called one, or begins with a list of data, may grow long; who looks at files meanwhile waits for those.
    if !(is_queue(queue_text) || is_data(queue) || begins_with_list(queue)) || body.is_some_and(asks_the_system) {
        return;
    }
    let message = format!(
        "`{}` moves every element that is left, in every round: the loop grows with the square of the queue. Read by an index, or use a queue.",
        name.text()
    );
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// Whether what is walked may be large: a queue, a graph or a board that is handed in, or jobs and their like. What hands each element to
/// a callback of its caller takes longer in there.
fn may_be_large(node: Node<'_>, queue: Node<'_>) -> bool {
    const LARGE: &[&str] = &[
        "graph",
        "grid",
        "adj",
        "adjacency",
        "neighbor",
        "neighbors",
        "neighbours",
        "edges",
        "maze",
        "board",
        "matrix",
        "jobs",
        "tasks",
        "work",
        "pending",
        "todo",
        "messages",
        "events",
        "backlog",
    ];
    let large = |name: &str| crate::rules::support::words(name).iter().any(|w| LARGE.contains(&w.as_str()));
    let Some(function) = node.ancestors().filter(|a| crate::rules::support::is_function(*a)).last() else {
        return true;
    };
    let parameters = crate::rules::shape::parameters(function);
    let named = |name: &str| parameters.iter().any(|p| p.child(Field::Pattern).unwrap_or(*p).text() == name);
    let calls_back = function.descendants().any(|n| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).is_some_and(|f| f.kind() == Kind::Identifier && named(f.text()))
    });
    named(queue.text())
        || large(queue.text())
        || !calls_back
        || parameters
            .iter()
            .any(|p| p.descendants().chain([*p]).any(|n| n.kind() == Kind::Identifier && large(n.text())))
}

/// Whether a queue begins as a copy of a list: `const open = [...blocks]`.
fn begins_with_list(queue: Node<'_>) -> bool {
    let value = crate::rules::shape::declarator(queue).and_then(|d| d.child(Field::Value)).map(bare);
    value.is_some_and(|v| {
        v.kind() == Kind::Array && v.named_children().any(|e| e.kind() == Kind::SpreadElement)
            || method(v).is_some_and(|(of, m)| m.text() == "slice" || of.text() == "Array" && m.text() == "from")
    })
}

/// Whether code reads files or folders, which takes longer than the move of a few thousand elements.
fn asks_the_system(body: Node<'_>) -> bool {
    body.descendants().filter(|n| n.kind() == Kind::CallExpression).any(|c| {
        let callee = c.child(Field::Function).map_or("", Node::text);
        let last = callee.rsplit('.').next().unwrap_or(callee);
        callee.starts_with("fs.")
            || last.ends_with("Sync")
            || last.starts_with("readDir")
            || last.starts_with("readFile")
    })
}

/// Whether a name says that it is a queue.
fn is_queue(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    crate::rules::support::words(last).iter().any(|w| {
        matches!(
            w.as_str(),
            "queue"
                | "q"
                | "stack"
                | "work"
                | "pending"
                | "backlog"
                | "jobs"
                | "tasks"
                | "todo"
                | "worklist"
                | "frontier"
        )
    })
}

/// `list.unshift(x)` in a loop that goes over data.
fn front<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((list, name)) = method(node).filter(|(l, n)| n.text() == "unshift" && l.kind() == Kind::Identifier) else {
        return;
    };
    let given: Vec<Node<'a>> = args(node).collect();
    let [only] = given.as_slice() else { return };
    let Some(around) = enclosing_loop(node) else { return };
    // A loop over data: others climb a few steps.
    let counted = around.kind() == Kind::ForInStatement && around.has_token("of")
        || around.kind() == Kind::ForStatement
            && around.child(Field::Condition).is_some_and(|c| c.text().contains(".length"));
    let over = around.child(Field::Right).map(bare);
    let listed = || {
        let length = |n: &Node<'a>| {
            n.kind() == Kind::MemberExpression && n.child(Field::Property).is_some_and(|p| p.text() == "length")
        };
        around.child(Field::Condition)?.descendants().find(length)?.child(Field::Object)
    };
    // A handful of parts is put in order as fast one way as the other.
    let data = over.or_else(listed).is_some_and(crate::rules::lists::is_surely_data);
    let few = over.is_some_and(|o| o.kind() == Kind::Array)
        || !data
        || around.child(Field::Left).is_some_and(|l| l.text() == list.text());
    let inside = around.child(Field::Body).is_some_and(|b| {
        b.descendants().any(|n| {
            n.kind() == Kind::VariableDeclarator && n.child(Field::Name).is_some_and(|d| d.text() == list.text())
        })
    });
    let rare = node.ancestors().take_while(|a| *a != around).any(|a| {
        matches!(a.kind(), Kind::IfStatement | Kind::SwitchCase | Kind::TernaryExpression | Kind::CatchClause)
            || crate::rules::support::is_function(a)
    });
    // A loop that is left early hardly goes over all.
    let left = around
        .descendants_until(crate::rules::support::is_function)
        .any(|n| matches!(n.kind(), Kind::BreakStatement | Kind::ReturnStatement));
    if !counted || few || inside || rare || left || only.kind() == Kind::SpreadElement {
        return;
    }
    let message = format!(
        "`unshift` moves every element of `{}` in every round: the loop grows with the square of its length. `push`, and `reverse` once.",
        list.text()
    );
    cx.report(Note::new(cx.rule, name.span(), message));
}
