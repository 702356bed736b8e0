use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, operands, operator};
use crate::rules::support::{bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "fractional-index",
    summary: "an index may have a fraction, and finds nothing",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[682],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds lists that are read at half their length (`list[list.length / 2]`), at the middle of two bounds (`list[(lo + hi) / 2]`) or at `Math.random() * list.length`, where nothing makes a whole number of it.",
        why: "Division gives a fraction: `list[1.5]` is `undefined`, for every list of an odd length, and for nearly every random number.",
        example: "const mid = sorted.length / 2;\nreturn sorted[mid];",
        instead: "const mid = Math.floor(sorted.length / 2);\nreturn sorted[mid];",
        limits: "Only indexes that are seen to be divided or random. Variables that are assigned again, lengths that are asked to be even (`% 2`), and writes are left alone.",
        fix: "The suggested fix rounds down.",
    },
    checks: &[Check::Nodes(&[Kind::SubscriptExpression], check)],
    cases: &[
        Case::bad("a.js", "function f(xs) { return xs[xs.length / 2]; } //~ fractional-index"),
        Case::bad("a.js", "function f(xs) { const mid = xs.length / 2; return xs[mid]; } //~ fractional-index"),
        Case::bad("a.ts", "export const pick = (xs: string[]) => xs[Math.random() * xs.length]; //~ fractional-index"),
        Case::bad(
            "a.js",
            "function f(xs, x) { let lo = 0, hi = xs.length;\n while (lo < hi) { const mid = (lo + hi) / 2;\n if (xs[mid] < x) lo = mid + 1; else hi = mid; } //~ fractional-index\n return lo; }",
        ),
        Case::bad("a.js", "function f(xs, n) { return xs[(xs.length - 1) / 2].id; } //~ fractional-index"),
        Case::bad("a.js", "function f(xs) { let i = Math.random() * xs.length; return xs[i]; } //~ fractional-index"),
        Case::bad("a.ts", "class A { mid() { return this.rows[this.rows.length / 2]; } } //~ fractional-index"),
        Case::bad("a.js", "function q(sorted) { return sorted[sorted.length * 0.95]; } //~ fractional-index"),
        Case::good("a.js", "function f(xs) { return xs[Math.floor(xs.length / 2)]; }"),
        Case::good("a.js", "function f(xs) { return xs[(xs.length / 2) | 0]; }"),
        Case::good("a.js", "function f(xs) { const mid = xs.length >> 1; return xs[mid]; }"),
        Case::good("a.js", "function f(xs) { return xs[~~(Math.random() * xs.length)]; }"),
        Case::good("a.js", "function f(xs, i) { return xs[i / 2]; }"),
        Case::good("a.js", "function f(xs) { return xs.slice(xs.length / 2); }"),
        Case::good("a.js", "function f(xs) { return xs[parseInt(xs.length / 2)]; }"),
        Case::good("a.js", "function f(xs) { return xs[xs.length - 1]; }"),
        Case::near_miss("a.js", "function f(xs) { let mid = xs.length / 2; mid = Math.floor(mid); return xs[mid]; }"),
        Case::near_miss(
            "a.js",
            "function f(xs) { if (xs.length % 2 === 0) return (xs[xs.length / 2] + xs[xs.length / 2 - 1]) / 2; }",
        ),
        Case::near_miss("a.js", "function f(xs) { for (let i = 0; i < xs.length; i += 2) { use(xs[i / 2]); } }"),
        Case::near_miss("a.js", "function f(sizes, w) { return sizes[w.length / 2] ?? sizes.base; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(list), Some(index)) = (node.child(Field::Object), node.child(Field::Index)) else { return };
    let written = node.field() == Field::Left
        && node
            .parent()
            .is_some_and(|p| matches!(p.kind(), Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression));
    if written || node.arena().text().contains("% 2") || node.arena().text().contains("& 1") {
        return;
    }
    let index = bare(index);
    let value = if index.kind() == Kind::Identifier {
        let Some(declared) = declarator(index).filter(|d| !assigned(*d, index.text())) else { return };
        let Some(value) = declared.child(Field::Value).map(bare) else { return };
        value
    } else {
        index
    };
    if !is_fraction(value, bare(list)) {
        return;
    }
    let message = "This index has a fraction more often than not, and nothing lies there: `list[1.5]` is `undefined`. Round it with `Math.floor`.";
    let fix = vec![(value.span(), format!("Math.floor({})", value.text()))];
    cx.report(Note::new(cx.rule, index.span(), message).suggestion("Round down", fix));
}

/// Whether a number is divided by two, a share of the list's length, or random.
fn is_fraction(value: Node<'_>, list: Node<'_>) -> bool {
    let Some((left, right)) = operands(value).filter(|_| value.kind() == Kind::BinaryExpression) else { return false };
    let (left, right) = (bare(left), bare(right));
    let length = format!("{}.length", list.text());
    let of_length = |n: Node<'_>| {
        let n = bare(n);
        n.text() == length
            || n.kind() == Kind::BinaryExpression
                && matches!(operator(n), "+" | "-")
                && operands(n).is_some_and(|(l, r)| bare(l).text() == length && bare(r).kind() == Kind::Number)
    };
    let random = |n: Node<'_>| method(n).is_some_and(|(of, m)| of.text() == "Math" && m.text() == "random");
    match operator(value) {
        "/" if right.text() == "2" => of_length(left) || is_middle(left, value),
        "*" => random(left) && of_length(right) || of_length(left) && (random(right) || right.text().starts_with("0.")),
        _ => false,
    }
}

/// Whether a sum is of the two bounds of a search: both are variables that a loop compares with each other.
fn is_middle(sum: Node<'_>, at: Node<'_>) -> bool {
    let Some((low, high)) = operands(sum).filter(|_| operator(sum) == "+") else { return false };
    let (low, high) = (bare(low), bare(high));
    let around =
        at.ancestors().find(|a| matches!(a.kind(), Kind::WhileStatement | Kind::DoStatement | Kind::ForStatement));
    low.kind() == Kind::Identifier
        && high.kind() == Kind::Identifier
        && around.and_then(|w| w.child(Field::Condition)).is_some_and(|c| {
            let text = c.text();
            text.contains(low.text()) && text.contains(high.text())
        })
}

/// Whether something gives the variable another value.
fn assigned(declared: Node<'_>, name: &str) -> bool {
    declared.arena().nodes().any(|n| {
        matches!(n.kind(), Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression)
            && n.child(Field::Left).is_some_and(|l| l.text() == name)
    })
}
