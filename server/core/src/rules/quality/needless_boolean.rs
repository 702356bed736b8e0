use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "needless-boolean",
    summary: "a truth value is tested to give true or false",
    category: Category::Quality,
    severity: Severity::Info,
    confidence: Confidence::High,
    cwe: &[1164],
    families: &[Family::Ecma, Family::Rust],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `x > 0 ? true : false`, and `if c { true } else { false }` and `if (c) { return true; } else { return false; }`, where the condition is a truth value itself.",
        why: "The condition is the value already; who reads it looks for a difference that is not there.",
        example: "const isOpen = state === 'open' ? true : false;",
        instead: "const isOpen = state === 'open';",
        limits: "In JavaScript only for conditions that are truth values for certain: comparisons, `!`, `in`, `instanceof`, and what is made of them.",
        fix: "The suggested fix writes the condition, with `!` where it is turned around.",
    },
    checks: &[
        Check::Nodes(&[Kind::TernaryExpression], ternary),
        Check::Nodes(&[Kind::IfStatement], statement),
        Check::Nodes(&[Kind::IfExpression], rust),
    ],
    cases: &[
        Case::bad("a.ts", "function toggle(on: boolean) { return on ? true : false; } //~ needless-boolean"),
        Case::near_miss("a.ts", "function toggle(on?: boolean | string) { return on ? true : false; }"),
        Case::bad(
            "a.ts",
            "const ready = (n: number, m: number) => (n > 0 && m > 0 ? true : false); //~ needless-boolean",
        ),
        Case::bad("a.js", "const same = a instanceof B ? true : false; //~ needless-boolean"),
        Case::good("a.js", "const t = a > b ? yes() : false;"),
        Case::good("a.js", "function f(a) { if (a > 1) { return 1; } else { return 0; } }"),
        Case::good("a.js", "const ok = a && b ? true : false;"),
        Case::near_miss("a.js", "const v = a > b ? true : undefined;"),
        Case::near_miss("a.js", "const v = f(a) ? true : false;"),
        Case::bad("a.js", "const open = state === 'open' ? true : false; //~ needless-boolean"),
        Case::bad("a.ts", "const pos = (n: number): boolean => (n > 0 ? true : false); //~ needless-boolean"),
        Case::bad("a.js", "const missing = x in o ? false : true; //~ needless-boolean"),
        Case::bad("a.js", "function f(a) { if (a > 1) { return true; } else { return false; } } //~ needless-boolean"),
        Case::bad("a.js", "function f(a, b) { if (a < b && !b) return false; else return true; } //~ needless-boolean"),
        Case::bad("a.rs", "fn f(n: u32) -> bool { if n > 3 { true } else { false } } //~ needless-boolean"),
        Case::bad("a.rs", "fn f(s: &str) -> bool { if s.is_empty() { false } else { true } } //~ needless-boolean"),
        Case::bad("a.rs", "fn f(n: u32) { let big = if n > 3 { true } else { false }; g(big); } //~ needless-boolean"),
        Case::bad("a.js", "const e = !x ? true : false; //~ needless-boolean"),
        Case::good("a.js", "const open = state === 'open';"),
        Case::good("a.js", "const open = state ? true : false;"),
        Case::good("a.js", "const n = a > b ? 1 : 0;"),
        Case::good("a.js", "const t = a > b ? true : null;"),
        Case::good("a.js", "function f(a) { if (a > 1) { return true; } go(); return false; }"),
        Case::good("a.rs", "fn f(n: u32) -> bool { n > 3 }"),
        Case::good("a.rs", "fn f(n: u32) -> u8 { if n > 3 { 1 } else { 0 } }"),
        Case::good("a.rs", "fn f(n: u32) -> bool { if n > 3 { true } else { g() } }"),
        Case::near_miss("a.js", "function f(a) { if (a > 1) { go(); return true; } else { return false; } }"),
        Case::near_miss("a.rs", "fn f(n: Option<u32>) -> bool { if let Some(_) = n { true } else { false } }"),
        Case::near_miss(
            "a.js",
            "function f(a) { if (a === 1) { return true; } else if (a === 2) { return false; } return null; }",
        ),
        Case::near_miss("a.rs", "fn f(n: u32) -> bool { if n > 3 { log(); true } else { false } }"),
    ],
};

fn tell<'a>(at: Node<'a>, condition: Node<'a>, straight: bool, cx: &mut Cx<'a>) {
    let message = if straight {
        "The condition is `true` or `false` itself: give that."
    } else {
        "The condition is `true` or `false` itself: give it with `!`."
    };
    cx.report(Note::new(cx.rule, at.span(), message).related(condition.span(), "the condition"));
}

fn truth(node: Node<'_>) -> Option<bool> {
    match bare(node).kind() {
        Kind::True => Some(true),
        Kind::False => Some(false),
        Kind::BooleanLiteral => Some(bare(node).text() == "true"),
        _ => None,
    }
}

/// Whether an expression of JavaScript gives nothing but `true` and `false`.
fn is_truth(node: Node<'_>) -> bool {
    let node = bare(node);
    match node.kind() {
        Kind::UnaryExpression => operator(node) == "!",
        Kind::BinaryExpression => match operator(node) {
            "===" | "!==" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "instanceof" => true,
            "&&" | "||" => operands(node).is_some_and(|(l, r)| is_truth(l) && is_truth(r)),
            _ => false,
        },
        Kind::Identifier => crate::rules::shape::written_type(node) == Some("boolean"),
        _ => false,
    }
}

fn ternary<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(yes), Some(no)) =
        (node.child(Field::Condition), node.child(Field::Consequence), node.child(Field::Alternative))
    else {
        return;
    };
    if let (Some(a), Some(b)) = (truth(yes), truth(no))
        && a != b
        && is_truth(condition)
    {
        tell(node, condition, a, cx);
    }
}

/// The one statement of a branch, if that returns a truth value.
fn returns(branch: Node<'_>) -> Option<bool> {
    let only = if branch.kind() == Kind::StatementBlock {
        let mut all = branch.named_children();
        all.next().filter(|_| all.next().is_none())?
    } else {
        branch
    };
    truth(only.first_named().filter(|_| only.kind() == Kind::ReturnStatement)?)
}

fn statement<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(yes)) = (node.child(Field::Condition), node.child(Field::Consequence)) else { return };
    let Some(no) = node.child(Field::Alternative).and_then(Node::first_named) else { return };
    // One of several branches is a list of cases.
    if node.parent().is_some_and(|p| p.kind() == Kind::ElseClause) {
        return;
    }
    if let (Some(a), Some(b)) = (returns(yes), returns(no))
        && a != b
        && is_truth(condition)
    {
        tell(condition, condition, a, cx);
    }
}

fn rust<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(yes)) = (node.child(Field::Condition), node.child(Field::Consequence)) else { return };
    if matches!(condition.kind(), Kind::LetCondition | Kind::LetChain)
        || node.parent().is_some_and(|p| p.kind() == Kind::ElseClause)
    {
        return;
    }
    let Some(no) = node.child(Field::Alternative).and_then(Node::first_named) else { return };
    let only = |b: Node<'a>| {
        let mut all = b.children().filter(|n| n.is_named());
        let first = all.next()?;
        (b.kind() == Kind::Block && all.next().is_none()).then(|| truth(first)).flatten()
    };
    if let (Some(a), Some(b)) = (only(yes), only(no))
        && a != b
    {
        tell(node, condition, a, cx);
    }
}
