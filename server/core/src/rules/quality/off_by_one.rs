use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::plain_method;
use crate::rules::rust_names::{Binding, Origin, binding};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{only_reads, operands, operator, same};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "off-by-one",
    summary: "an index runs one past the end",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[193],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds loops that run to `i <= list.length` and read `list[i]`, loops that start at `list.length` and read \
              `list[i]`, reads of `list[list.length]`, and in Rust reads of `list[i + 1]` in a loop to the list's end.",
        why: "The last index is `length - 1`: what is read one past it is `undefined`, and in Rust the program panics.",
        example: "for (let i = 0; i <= items.length; i++) { send(items[i]); }",
        instead: "for (let i = 0; i < items.length; i++) { send(items[i]); }",
        limits: "Only if the body reads that list at that very index, without asking first whether the index or the \
              element is there.",
        fix: "`<=` becomes `<`. It changes the result, so it is a suggestion.",
    },
    checks: &[
        Check::Nodes(&[Kind::ForStatement], counted),
        Check::Nodes(&[Kind::SubscriptExpression], end),
        Check::Nodes(&[Kind::ForExpression], range),
        Check::Nodes(&[Kind::IndexExpression], rust_end),
        Check::Nodes(&[Kind::WhileExpression], rust_while),
    ],
    cases: &[
        Case::bad(
            "a.ts",
            "class P {\n  tick() {\n    for (let i = 0; i <= this.jobs.length; i++) { //~ off-by-one\n      const job = this.jobs[i];\n      if (job.due < Date.now()) { this.emit('due', job); }\n    }\n  }\n}",
        ),
        Case::near_miss(
            "a.ts",
            "function f(jobs) { for (let i = 0; i <= jobs.length; i++) { const job = jobs[i]; if (job?.due < now) run(job); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(jobs) { for (let i = 0; i <= jobs.length; i++) { const job = jobs[i]; if (!job || job.due < now) continue; run(job); } }",
        ),
        Case::bad(
            "a.ts",
            "function f(jobs: J[]) { let best = jobs[0]; for (let i = 1; i <= jobs.length; i++) { if (jobs[i].at < best.at) best = jobs[i]; } return best; } //~ off-by-one",
        ),
        Case::near_miss("a.js", "for (let i = 0; i <= xs.length; i++) { if (!xs[i]?.ok) { break; } go(xs[i]); }"),
        Case::bad("a.js", "for (let i = 0; i <= items.length; i++) { send(items[i]); } //~ off-by-one"),
        Case::bad("a.js", "for (let i = 0; i <= xs.length; ++i) sum += xs[i]; //~ off-by-one"),
        Case::bad("a.js", "for (let i = items.length; i >= 0; i--) { send(items[i]); } //~ off-by-one"),
        Case::bad("a.js", "const last = xs[xs.length]; //~ off-by-one"),
        Case::bad(
            "a.js",
            "function f(a) { for (var i = 0; i <= a.list.length; i++) { go(a.list[i].name); } } //~ off-by-one",
        ),
        Case::bad("a.ts", "for (let i: number = 1; i <= args.length; i += 2) { use(args[i]!); } //~ off-by-one"),
        Case::bad("a.js", "if (path[path.length] === '/') { trim(); } //~ off-by-one"),
        Case::bad("a.js", "for (let i = 0; xs.length >= i; i++) { go(xs[i]); } //~ off-by-one"),
        Case::bad("a.rs", "fn f(v: &[u8]) { for i in 0..=v.len() { g(v[i]); } } //~ off-by-one"),
        Case::good("a.js", "for (let i = 0; i < items.length; i++) { send(items[i]); }"),
        Case::good("a.js", "for (let i = items.length - 1; i >= 0; i--) { send(items[i]); }"),
        Case::good("a.js", "xs[xs.length] = x;"),
        Case::good("a.js", "const last = xs[xs.length - 1];"),
        Case::good("a.js", "for (let i = 1; i <= xs.length; i++) { send(xs[i - 1]); }"),
        Case::good("a.js", "for (let i = 0; i <= n; i++) { send(xs[i]); }"),
        Case::good("a.js", "for (let i = 0; i <= xs.length; i++) { slice(0, i); }"),
        Case::good("a.rs", "fn f(v: &[u8]) { for i in 0..v.len() { g(v[i]); } }"),
        Case::bad("a.rs", "fn f(v: &[u32]) -> u32 { v[v.len()] } //~ off-by-one"),
        Case::bad(
            "a.rs",
            "fn f(v: &[u32]) -> u32 { let mut n = 0; let mut i = 0; while i <= v.len() { n += v[i]; i += 1; } n } //~ off-by-one",
        ),
        Case::bad("a.rs", "fn f(v: &[u32]) { for i in 0..=v.len() { println!(\"{}\", v[i]); } } //~ off-by-one"),
        Case::bad(
            "a.rs",
            "fn f(v: &[u32]) -> bool { for i in 0..v.len() { if v[i] > v[i + 1] { return false; } } true } //~ off-by-one",
        ),
        Case::good(
            "a.rs",
            "fn f(v: &[u32]) -> bool { for i in 0..v.len() { if i + 1 < v.len() && v[i] > v[i + 1] { return false; } } true }",
        ),
        Case::good(
            "a.rs",
            "fn f(v: &[u32]) -> bool { for i in 0..v.len() - 1 { if v[i] > v[i + 1] { return false; } } true }",
        ),
        Case::bad("a.rs", "fn f(v: &[i32]) -> i32 { let n = v.len(); v[n] } //~ off-by-one"),
        Case::good("a.rs", "fn f(v: &mut Vec<i32>) -> i32 { let n = v.len(); v.push(1); v[n] }"),
        Case::near_miss(
            "a.rs",
            "struct S { v: Vec<u32> }\nimpl S { fn f(&mut self) -> &mut u32 { let i = self.v.len(); self.v.push(1); &mut self.v[i] } }",
        ),
        Case::near_miss(
            "a.js",
            "for (let i = 0; i <= xs.length; i++) { if (i === xs.length) { flush(); } else { go(xs[i]); } }",
        ),
        Case::near_miss("a.js", "for (let i = 0; i <= xs.length; i++) { go(ys[i]); }"),
        Case::near_miss(
            "a.js",
            "for (let i = 0; i <= s.length; i++) { const c = s[i]; if (c === undefined) { end(); } }",
        ),
        Case::near_miss("a.js", "for (let i = 0; i <= xs.length - 1; i++) { go(xs[i]); }"),
        Case::near_miss("a.rs", "fn f(v: &[u8]) { for i in 0..=v.len() { g(&v[..i]); } }"),
        Case::near_miss("a.js", "for (let i = xs.length; i > 0; i--) { go(xs[i - 1]); }"),
        Case::near_miss("a.js", "for (let i = xs.length; i-- >= 0;) { go(xs[i]); }"),
        Case::good("a.ts", "function f(xs: string[]) { for (let i = xs.length - 1; i >= 0; i--) { go(xs[i]); } }"),
    ],
};

const MESSAGE: &str = "The last index is one less than the length: this reads one past the end.";

fn counted<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(body)) = (node.child(Field::Condition), node.child(Field::Body)) else { return };
    let condition = if condition.kind() == Kind::ExpressionStatement {
        condition.first_named().unwrap_or(condition)
    } else {
        condition
    };
    let Some((left, right)) = operands(condition) else { return };
    let (index, length, up) = match operator(condition) {
        "<=" => (left, right, true),
        ">=" if right.text() == "0" => (left, right, false),
        ">=" => (right, left, true),
        _ => return,
    };
    if index.kind() != Kind::Identifier || node.child(Field::Increment).is_none() {
        return;
    }
    let list = if up {
        length_of(length).map(|l| l.text())
    } else {
        let start = node.child(Field::Initializer).into_iter().flat_map(|i| i.descendants().collect::<Vec<_>>());
        let declarator = start
            .filter(|d| d.kind() == Kind::VariableDeclarator)
            .find(|d| d.child(Field::Name).is_some_and(|n| n.text() == index.text()));
        declarator.and_then(|d| d.child(Field::Value)).and_then(length_of).map(|l| l.text())
    };
    let Some(list) = list else { return };
    let reads = body.descendants().find(|n| {
        n.kind() == Kind::SubscriptExpression
            && n.child(Field::Object).is_some_and(|o| o.text() == list)
            && n.child(Field::Index).is_some_and(|i| i.text() == index.text())
            && !n.parent().is_some_and(|p| p.kind() == Kind::AssignmentExpression && n.field() == Field::Left)
    });
    let Some(read) = reads else { return };
    if asks(node, body, index.text(), list) {
        return;
    }
    let mut note = Note::new(cx.rule, condition.span(), MESSAGE).related(read.span(), "read here");
    if up && let Some(op) = condition.child(Field::Operator) {
        let strict = if op.text() == "<=" { "<" } else { ">" };
        note = note.suggestion(format!("Write `{strict}`"), vec![(op.span(), strict.into())]);
    }
    cx.report(note);
}

fn length_of<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let node = bare(node);
    let property = node.kind() == Kind::MemberExpression && node.child(Field::Property)?.text() == "length";
    if property { node.child(Field::Object) } else { None }
}

/// Whether the body asks for the end: a comparison with the index or a test of the element.
fn asks(around: Node<'_>, body: Node<'_>, index: &str, list: &str) -> bool {
    let element = format!("{list}[{index}]");
    // The element kept in a variable that is tested.
    let kept: Vec<&str> = body
        .descendants()
        .filter(|n| n.kind() == Kind::VariableDeclarator && n.child(Field::Value).is_some_and(|v| v.text() == element))
        .filter_map(|n| n.child(Field::Name).map(Node::text))
        .collect();
    let condition = around.child(Field::Condition);
    around.descendants().any(|n| {
        let compared = n.kind() == Kind::BinaryExpression
            && condition.is_none_or(|c| !c.span().contains(n.span()))
            && matches!(operator(n), "<" | "<=" | ">" | ">=" | "==" | "===" | "!=" | "!==" | "&&" | "||" | "??")
            && operands(n).is_some_and(|(l, r)| {
                [l, r].iter().any(|o| o.text() == index || o.text() == element || kept.contains(&o.text()))
            });
        let tested = matches!(n.kind(), Kind::IfStatement | Kind::TernaryExpression)
            && n.child(Field::Condition)
                .is_some_and(|c| asks_index(c, index, &element) || kept.iter().any(|k| asks_element(c, k)));
        compared || tested || n.kind() == Kind::OptionalChain
    })
}

/// Whether a condition asks for the index or the element, and not only for a field of the element, which must be there for that.
fn asks_index(condition: Node<'_>, index: &str, element: &str) -> bool {
    let field_of = |n: Node<'_>| {
        n.ancestors().find(|a| a.kind() == Kind::SubscriptExpression && a.text() == element).is_some_and(|e| {
            e.field() == Field::Object
                && e.parent().is_some_and(|p| {
                    p.kind() == Kind::MemberExpression && p.child_of_kind(Kind::OptionalChain).is_none()
                })
        })
    };
    let names =
        condition.descendants().chain([condition]).filter(|n| n.kind() == Kind::Identifier && n.text() == index);
    names.into_iter().any(|n| !field_of(n))
}

/// Whether a condition asks for an element that is kept in a variable, and not only for a field of it.
fn asks_element(condition: Node<'_>, kept: &str) -> bool {
    let field_of = |n: Node<'_>| {
        n.field() == Field::Object
            && n.parent()
                .is_some_and(|p| p.kind() == Kind::MemberExpression && p.child_of_kind(Kind::OptionalChain).is_none())
    };
    condition.descendants().chain([condition]).any(|n| n.kind() == Kind::Identifier && n.text() == kept && !field_of(n))
}

fn end<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(list), Some(index)) = (node.child(Field::Object), node.child(Field::Index)) else { return };
    let Some(measured) = length_of(index) else { return };
    let written = node.parent().is_some_and(|p| {
        matches!(p.kind(), Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression)
            && node.field() == Field::Left
            || p.kind() == Kind::UpdateExpression
            || p.kind() == Kind::ArrayPattern
    });
    if !written && same(list, measured) {
        cx.report(Note::new(cx.rule, node.span(), MESSAGE));
    }
}

/// Rust: `for i in 0..=v.len()` with `v[i]`, and `for i in 0..v.len()` with `v[i + 1]`.
fn range<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(index), Some(range), Some(body)) =
        (node.child(Field::Pattern), node.child(Field::Value).map(unparenthesized), node.child(Field::Body))
    else {
        return;
    };
    if range.kind() != Kind::RangeExpression || index.kind() != Kind::Identifier {
        return;
    }
    let text = range.text();
    let (end, element) = match text.split_once("..=") {
        Some((_, end)) => (end, index.text().to_owned()),
        None => (text.split_once("..").map_or("", |(_, end)| end), format!("{} + 1", index.text())),
    };
    let Some(list) = end.trim().strip_suffix(".len()") else { return };
    let element = format!("{list}[{element}]");
    let read = body.descendants().find(|n| {
        n.kind() == Kind::IndexExpression && n.text() == element
            // `println!("{}", v[i])`
            || n.kind() == Kind::MacroInvocation && n.text().contains(&element)
    });
    if let Some(read) = read.filter(|_| !guarded(body, index.text())) {
        let at = if text.contains("..=") { range } else { read };
        cx.report(Note::new(cx.rule, at.span(), MESSAGE).related(read.span(), "read here"));
    }
}

/// Whether a body asks where its index is.
fn guarded(body: Node<'_>, index: &str) -> bool {
    let asks = |c: Node<'_>| {
        c.kind() == Kind::Identifier && c.text() == index
            || c.kind() != Kind::IndexExpression
                && c.descendants_until(|n| n.kind() == Kind::IndexExpression)
                    .any(|n| n.kind() == Kind::Identifier && n.text() == index)
    };
    body.descendants().any(|n| match n.kind() {
        Kind::IfExpression | Kind::WhileExpression => n.child(Field::Condition).is_some_and(asks),
        Kind::MatchExpression => n.child(Field::Value).is_some_and(asks),
        Kind::BinaryExpression => {
            matches!(operator(n), "<" | "<=" | ">" | ">=" | "==" | "!=")
                && operands(n).is_some_and(|(l, r)| asks(l) || asks(r))
        }
        Kind::AssignmentExpression | Kind::CompoundAssignmentExpr => false,
        _ => false,
    })
}

/// Rust: `v[v.len()]`.
fn rust_end<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let mut parts = node.named_children();
    let (Some(list), Some(index)) = (parts.next(), parts.next()) else { return };
    let value = match index.kind() {
        // `let n = v.len(); v[n]`
        Kind::Identifier => binding(index).and_then(|b| match b.origin {
            Origin::Let(n) if b.pattern == b.name && n.child_of_kind(Kind::MutableSpecifier).is_none() => {
                // Nothing may have been added in between.
                let grown = binding(list).is_none_or(|l| l.pattern.kind() == Kind::MutPattern || is_mutable(&l));
                n.child(Field::Value).filter(|_| !grown)
            }
            _ => None,
        }),
        _ => Some(index),
    };
    let Some((measured, "len")) = value.and_then(plain_method) else { return };
    let sequence = type_of(list, cx).is_some_and(|t| matches!(t.name, "Vec" | "[]" | "[;]" | "VecDeque"));
    if sequence && same(list, measured) && only_reads(list) {
        cx.report(Note::new(cx.rule, node.span(), MESSAGE));
    }
}

/// Whether a variable can be changed.
fn is_mutable(bound: &Binding<'_>) -> bool {
    match bound.origin {
        Origin::Let(n) => n.child_of_kind(Kind::MutableSpecifier).is_some(),
        Origin::Param(n) => {
            n.child_of_kind(Kind::MutableSpecifier).is_some()
                || n.child(Field::Type).is_some_and(|t| t.text().contains("mut"))
        }
        _ => true,
    }
}

/// Rust: `while i <= v.len() { v[i]; i += 1; }`.
fn rust_while<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(body)) = (node.child(Field::Condition).map(unparenthesized), node.child(Field::Body))
    else {
        return;
    };
    let Some((index, end)) = operands(condition).filter(|_| operator(condition) == "<=") else { return };
    let Some((list, "len")) = plain_method(end) else { return };
    let element = format!("{}[{}]", list.text(), index.text());
    let read = body.descendants().find(|n| n.kind() == Kind::IndexExpression && n.text() == element);
    // The first thing that happens to the index must not be a step back.
    let stepped = |before: u32| {
        body.descendants().any(|n| {
            matches!(n.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr)
                && n.span().start < before
                && n.child(Field::Left).is_some_and(|l| l.text() == index.text())
        })
    };
    if index.kind() == Kind::Identifier
        && let Some(read) = read.filter(|r| !stepped(r.span().start) && !guarded(body, index.text()))
    {
        cx.report(Note::new(cx.rule, condition.span(), MESSAGE).related(read.span(), "read here"));
    }
}
