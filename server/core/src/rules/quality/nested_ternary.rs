use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "nested-ternary",
    summary: "one line asks four questions",
    category: Category::Quality,
    severity: Severity::Info,
    confidence: Confidence::High,
    cwe: &[1124],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds conditional expressions (`a ? b : c`) of four conditions and more on one line, and those that have another one of two conditions and more between `?` and `:`.",
        why: "Which answer belongs to which question can only be counted out. A table, or a function with `if` and `return`, is read at once.",
        example: "const code = level === 'error' ? 31 : level === 'warn' ? 33 : level === 'info' ? 36 : level === 'debug' ? 90 : 0;",
        instead: "const CODES = { error: 31, warn: 33, info: 36, debug: 90 };\nconst code = CODES[level] ?? 0;",
        limits: "Chains that stand one question a line, and types, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::TernaryExpression], check)],
    cases: &[
        Case::near_miss("a.js", "const order = va > vb ? (desc ? -1 : 1) : va < vb ? (desc ? 1 : -1) : 0;"),
        Case::bad(
            "a.js",
            "const c = l === 'e' ? 31 : l === 'w' ? 33 : l === 'i' ? 36 : l === 'd' ? 90 : 0; //~ nested-ternary",
        ),
        Case::bad(
            "a.js",
            "function f(n) { return n > 90 ? 'a' : n > 80 ? 'b' : n > 70 ? 'c' : n > 60 ? 'd' : 'f'; } //~ nested-ternary",
        ),
        Case::bad("a.js", "const x = a ? b ? c ? 1 : 2 : 3 : 4; //~ nested-ternary"),
        Case::bad(
            "a.ts",
            "const s = (n: number) => n < 1 ? 'a' : n < 2 ? 'b' : n < 3 ? 'c' : n < 4 ? 'd' : 'e'; //~ nested-ternary",
        ),
        Case::bad(
            "a.jsx",
            "const V = ({ s }) => <b>{s === 1 ? 'a' : s === 2 ? 'b' : s === 3 ? 'c' : s === 4 ? 'd' : null}</b>; //~ nested-ternary",
        ),
        Case::bad("a.js", "go(a ? b ? c ? 1 : 2 : 3 : 4); //~ nested-ternary"),
        Case::bad("a.js", "let y; y = a ? 1 : b ? 2 : c ? 3 : d ? 4 : e ? 5 : 6; //~ nested-ternary"),
        Case::bad("a.js", "const z = { k: a ? 1 : b ? 2 : c ? 3 : d ? 4 : 5 }; //~ nested-ternary"),
        Case::good("a.js", "const c = a ? 1 : 2;"),
        Case::good("a.js", "const c = a ? 1 : b ? 2 : 3;"),
        Case::good("a.js", "const c = a ? 1 : b ? 2 : c ? 3 : 4;"),
        Case::good(
            "a.js",
            "const c = a\n  ? 1\n  : b\n    ? 2\n    : c\n      ? 3\n      : d\n        ? 4\n        : 5;",
        ),
        Case::good("a.js", "const c = a ? (b ? 1 : 2) : 3;"),
        Case::good("a.ts", "type T<A> = A extends 1 ? 1 : A extends 2 ? 2 : A extends 3 ? 3 : A extends 4 ? 4 : 5;"),
        Case::good("a.js", "const c = a ? f(() => (b ? 1 : 2)) : 3;"),
        Case::good("a.js", "const t = { a: 1 }; const c = t[k] ?? 0;"),
        Case::near_miss("a.js", "const c = (a ? 1 : 2) + (b ? 3 : 4) + (c ? 5 : 6) + (d ? 7 : 8);"),
        Case::near_miss(
            "a.js",
            "const c = x === 1 ? 'a' :\n  x === 2 ? 'b' :\n  x === 3 ? 'c' :\n  x === 4 ? 'd' : 'e';",
        ),
        Case::near_miss("a.js", "const c = a ? 1 : f(b ? 1 : 2, c ? 1 : 2, d ? 1 : 2);"),
        Case::near_miss("a.js", "const c = (a ? b : c) ? 1 : 2;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let mut outer = node;
    while let Some(parent) = outer.parent().filter(|p| p.kind() == Kind::ParenthesizedExpression) {
        outer = parent;
    }
    // The whole is told of once.
    if outer.parent().is_some_and(|p| p.kind() == Kind::TernaryExpression) || cx.file.is_compiled {
        return;
    }
    let chain = conditions(node, 0, false);
    let within = node.child(Field::Consequence).map_or(0, |c| conditions(c, 0, true));
    let one_line = !node.text().contains('\n');
    if one_line && (chain >= 4 || within >= 2) {
        let message = "Which answer belongs to which question has to be counted out. Write a table, or a function with `if` and `return`.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

/// The conditions of an expression and of those in its branches; only in the first ones where `first` is set.
fn conditions(node: Node<'_>, depth: usize, first: bool) -> usize {
    // What stands in parentheses is set apart.
    if node.kind() != Kind::TernaryExpression || depth > 16 {
        return 0;
    }
    let then = node.child(Field::Consequence).map_or(0, |c| conditions(c, depth + 1, first));
    let other = if first { 0 } else { node.child(Field::Alternative).map_or(0, |c| conditions(c, depth + 1, first)) };
    1 + then + other
}
