use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "chained-comparison",
    summary: "a comparison is compared with a third value",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[697],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `a < b < c` and `a == b == c`: the result of a comparison, which is true or false, compared with another value.",
        why: "`0 < x < 10` asks whether `true` or `false` is less than 10, which always holds.",
        example: "if (0 < x < 10) { go(); }",
        instead: "if (0 < x && x < 10) { go(); }",
        limits: "Comparisons with `true` or `false`, and of two comparisons (`(a < b) === (c < d)`), are meant.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.js", "function f(x) { return 0 < x < 10; } //~ chained-comparison"),
        Case::bad("a.js", "function f(a, b, c) { if (a === b === c) { go(); } } //~ chained-comparison"),
        Case::bad("a.js", "function f(a, lo, hi) { return lo <= a <= hi; } //~ chained-comparison"),
        Case::bad("a.ts", "function f(a: number) { return 10 > a > (1 as number); } //~ chained-comparison"),
        Case::bad("a.js", "function f(a, b) { return a == b == 1; } //~ chained-comparison"),
        Case::good("a.js", "function f(x) { return 0 < x && x < 10; }"),
        Case::good("a.js", "function f(a, b, c) { return (a < b) === c; }"),
        Case::good("a.js", "function f(a, b) { return a < b === true; }"),
        Case::good("a.js", "function f(a, b, c, d) { return (a < b) === (c < d); }"),
        Case::near_miss("a.js", "function f(a, b) { return a < b + 1; }"),
        Case::near_miss("a.js", "function f(a, b, ok) { return ok !== (a > b); }"),
        Case::near_miss("a.js", "function f(a, b, want) { return (a === b) === want; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || !compares(operator(node)) {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    // Without parentheses: who writes them knows what is compared.
    if left.kind() != Kind::BinaryExpression || !compares(operator(left)) {
        return;
    }
    let right = bare(right);
    let logical = matches!(right.kind(), Kind::True | Kind::False)
        || right.kind() == Kind::UnaryExpression && operator(right) == "!"
        || right.kind() == Kind::BinaryExpression && compares(operator(right));
    if logical {
        return;
    }
    let message = format!(
        "This compares the outcome of `{}`, which is true or false, with `{}`. Write two comparisons with `&&` between.",
        left.text(),
        right.text()
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

fn compares(operator: &str) -> bool {
    matches!(operator, "<" | "<=" | ">" | ">=" | "==" | "===" | "!=" | "!==")
}
