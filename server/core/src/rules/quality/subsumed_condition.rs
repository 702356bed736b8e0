use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::integer;
use crate::rules::shape::{exits, only_reads, operands, operator, same};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "subsumed-condition",
    summary: "a branch that an earlier one of the chain has taken already",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[561, 570],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds an `else if` that compares the same value with a number that an earlier branch of the chain covers: `n > 80` behind `n > 50`.",
        why: "Whatever it is true for went into the earlier branch, so that this one never runs. The order was meant to be the other way round.",
        example: "if score > 50 { 'c' } else if score > 80 { 'a' } else { 'f' }",
        instead: "if score > 80 { 'a' } else if score > 50 { 'c' } else { 'f' }",
        limits: "Only comparisons of one thing that is merely read with literal numbers.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::IfStatement, Kind::IfExpression], check),
        Check::Nodes(&[Kind::BinaryExpression], absorbed),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(n: i32) -> char { if n > 50 { 'c' } else if n > 80 { 'a' } else { 'f' } } //~ subsumed-condition",
        ),
        Case::bad("a.rs", "fn f(n: i32) { if n < 10 { a() } else if n < 5 { b() } } //~ subsumed-condition"),
        Case::bad("a.js", "if (n >= 1) a(); else if (n > 20) b(); //~ subsumed-condition"),
        Case::bad("a.rs", "fn f(n: i32) { if n < 10 { a() } else if n == 5 { b() } } //~ subsumed-condition"),
        Case::bad(
            "a.ts",
            "if (x.size <= 100) { a(); } else if (x.size > 500) { b(); } else if (x.size < 50) { c(); } //~ subsumed-condition",
        ),
        Case::good("a.rs", "fn f(n: i32) -> char { if n > 80 { 'a' } else if n > 50 { 'c' } else { 'f' } }"),
        Case::good("a.js", "if (n < 5) a(); else if (n < 10) b(); else c();"),
        Case::good("a.rs", "fn f(n: i32, m: i32) { if n > 50 { a() } else if m > 80 { b() } }"),
        Case::good("a.rs", "fn f(n: i32) { if n > 50 && go() { a() } else if n > 80 { b() } }"),
        Case::near_miss("a.rs", "fn f(n: i32) { if n > 50 { a() } else if n >= 50 { b() } }"),
        Case::near_miss("a.rs", "fn f() { if next() > 50 { a() } else if next() > 80 { b() } }"),
        Case::bad(
            "a.js",
            "function clamp(v, lo, hi) { if (v < lo) return lo; if (v < lo) return hi; return v; } //~ subsumed-condition",
        ),
        Case::bad(
            "a.ts",
            "function f(n: number) { if (n > 5) { return 1; }\n if (n > 10) { return 2; } //~ subsumed-condition\n return 3; }",
        ),
        Case::near_miss("a.js", "function f(v, lo) { if (v < lo) go(); if (v < lo) stop(); }"),
        Case::near_miss("a.js", "function f(q) { if (q.next()) return 1; if (q.next()) return 2; return 3; }"),
        Case::near_miss("a.js", "function f(n) { if (n > 10) return 1; if (n > 5) return 2; return 3; }"),
        Case::bad("a.js", "function f(a, b) { return a || (a && b); } //~ subsumed-condition"),
        Case::bad("a.ts", "const ok = (u: U) => u.on && (u.on || u.late); //~ subsumed-condition"),
        Case::near_miss("a.js", "function f(a, b, c) { return a || (b && c); }"),
        Case::near_miss("a.js", "function f(next, b) { return next() || (next() && b); }"),
        Case::bad(
            "a.ts",
            "function ok(a: boolean, b: boolean) { if ((a && b) || a) { go(); } } //~ subsumed-condition",
        ),
        Case::bad(
            "a.ts",
            "function f(u: U) { if (u.admin && (u.active || u.admin)) { go(); } } //~ subsumed-condition",
        ),
        Case::good("a.ts", "const ok = (a: boolean, b: boolean) => a || b;"),
        Case::good("a.ts", "const ok = (a: boolean, b: boolean, c: boolean) => (a && b) || (a && c);"),
        Case::good("a.ts", "function f(n: number) { if (n > 9) { a(); } else if (n > 3) { b(); } }"),
        Case::good("a.ts", "function f(n: number) { if (n > 9) { return 1; } if (n > 3) { return 2; } return 3; }"),
        Case::good("a.ts", "const ok = (a: boolean, b: boolean) => !a || (a && b);"),
        Case::good("a.ts", "function f(n: number) { if (n < 0) { return 1; } if (n < 5) { return 2; } return 3; }"),
        Case::good("a.ts", "const ok = (u: U) => u.a || (u.b && u.c);"),
        Case::near_miss("a.js", "function f(p) { return (p && p.topic) || p; }"),
        Case::near_miss("a.ts", "const shown = (color?: string) => color && (registry.get(color) || color);"),
    ],
};

/// What is compared, and the least and the greatest value for which the comparison holds.
fn range<'a>(condition: Node<'a>) -> Option<(Node<'a>, f64, f64)> {
    let condition = unparenthesized(condition);
    if condition.kind() != Kind::BinaryExpression {
        return None;
    }
    let (left, right) = operands(condition)?;
    let number = |n: Node<'a>| {
        integer(n).map(|n| n as f64).or_else(|| {
            (n.kind() == Kind::Number || n.kind() == Kind::FloatLiteral).then(|| n.text().parse().ok()).flatten()
        })
    };
    let (of, n, op) = match (number(left), number(right)) {
        (None, Some(n)) => (left, n, operator(condition)),
        (Some(n), None) => {
            let op = match operator(condition) {
                "<" => ">",
                ">" => "<",
                "<=" => ">=",
                ">=" => "<=",
                o => o,
            };
            (right, n, op)
        }
        _ => return None,
    };
    // A step of less than any that a program writes out.
    let step = n.abs().max(1.0) * 1e-9;
    let (least, most) = match op {
        ">" => (n + step, f64::INFINITY),
        ">=" => (n, f64::INFINITY),
        "<" => (f64::NEG_INFINITY, n - step),
        "<=" => (f64::NEG_INFINITY, n),
        "==" | "===" => (n, n),
        _ => return None,
    };
    only_reads(of).then_some((of, least, most))
}

/// The condition of the `if` right before, which leaves the function or round wherever this one's condition is true (TypeScript and
/// JavaScript).
fn taken_by<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let before = node.previous_named_sibling().filter(|b| b.kind() == Kind::IfStatement && node.kind() == b.kind())?;
    let (first, second) = (before.child(Field::Condition)?, node.child(Field::Condition)?);
    if before.child(Field::Alternative).is_some() || !exits(before.child(Field::Consequence)?) {
        return None;
    }
    let equal = same(unparenthesized(first), unparenthesized(second)) && only_reads(unparenthesized(first));
    let within = range(first)
        .zip(range(second))
        .is_some_and(|((a, low, high), (b, least, most))| same(a, b) && low <= least && most <= high);
    (equal || within).then_some(first)
}

/// `a || a && b` is `a`, and so is `a && (a || b)`.
fn absorbed<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let op = operator(node);
    let other = match op {
        "||" => "&&",
        "&&" => "||",
        _ => return,
    };
    let Some((left, right)) = operands(node) else { return };
    let (left, right) = (unparenthesized(left), unparenthesized(right));
    // `a && b || a` is `b` where both are something: only as a condition it is the same as `a`.
    let mut around = node;
    while let Some(parent) = around.parent().filter(|p| p.kind() == Kind::ParenthesizedExpression) {
        around = parent;
    }
    let condition = node.arena().language().family == Family::Rust
        || around.field() == Field::Condition
        || around.parent().is_some_and(|p| p.kind() == Kind::UnaryExpression && operator(p) == "!")
        || around.parent().is_some_and(|p| p.kind() == Kind::IfStatement || p.kind() == Kind::WhileStatement);
    for (whole, part) in [(left, right), (right, left)] {
        if part == left && !condition {
            continue;
        }
        if part.kind() != Kind::BinaryExpression || operator(part) != other || !only_reads(whole) {
            continue;
        }
        let Some((a, b)) = operands(part) else { continue };
        // As a value `a && (b || a)` is `b` where that is something.
        if same(unparenthesized(a), whole) || condition && same(unparenthesized(b), whole) {
            let message = format!(
                "`{}` decides this alone: the part with `{other}` changes nothing. Another condition was meant.",
                whole.text()
            );
            cx.report(Note::new(cx.rule, node.span(), message).related(part.span(), "changes nothing"));
            return;
        }
    }
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // Once a chain, at its head.
    if node
        .parent()
        .is_some_and(|p| p.kind() == Kind::ElseClause || p.kind() == node.kind() && node.field() == Field::Alternative)
    {
        return;
    }
    if let Some(before) = taken_by(node)
        && let Some(condition) = node.child(Field::Condition)
    {
        let message = "Whatever this is true for has left already by the `if` above, so that it never runs. Another condition was meant.";
        cx.report(
            Note::new(cx.rule, unparenthesized(condition).span(), message).related(before.span(), "leaves first"),
        );
        return;
    }
    let mut earlier: Vec<(Node<'a>, f64, f64, Node<'a>)> = Vec::new();
    let mut at = node;
    loop {
        if let Some(condition) = at.child(Field::Condition)
            && let Some((of, least, most)) = range(condition)
        {
            let covered = earlier
                .iter()
                .find(|(e, low, high, c)| *low <= least && most <= *high && same(*e, of) && !same(*c, condition));
            if let Some((.., before)) = covered {
                let message = "Whatever this is true for was taken by an earlier branch, so that it never runs. Put the narrower condition first.";
                cx.report(
                    Note::new(cx.rule, unparenthesized(condition).span(), message).related(before.span(), "covers it"),
                );
            }
            earlier.push((of, least, most, condition));
        }
        let next = at
            .child(Field::Alternative)
            .and_then(|e| if e.kind() == Kind::ElseClause { e.last_named() } else { Some(e) });
        match next {
            Some(n) if n.kind() == node.kind() => at = n,
            _ => break,
        }
    }
}
