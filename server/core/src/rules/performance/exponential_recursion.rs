use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::integer;
use crate::rules::shape::{operands, operator};
use crate::rules::support::args;
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "exponential-recursion",
    summary: "a function computes the same smaller cases again and again",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[407, 674],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `f(n - 1) + f(n - 2)`: a function of one number that calls itself twice with the number a little smaller.",
        why: "Each step doubles the work: `f(50)` takes 40 billion calls, nearly all of which were made before.",
        example: "fn fib(n: u64) -> u64 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }",
        instead: "fn fib(n: u64) -> u64 {\n    let (mut a, mut b) = (0, 1);\n    for _ in 0..n { (a, b) = (b, a + b); }\n    a\n}",
        limits: "Only functions whose arguments are the number less a constant; those that keep what they know (a cache, a memo) have more parameters.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn fib(n: u64) -> u64 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } } //~ exponential-recursion",
        ),
        Case::bad(
            "a.rs",
            "fn t(n: u32) -> u32 { match n { 0 => 0, 1 | 2 => 1, _ => t(n - 1) + t(n - 2) + t(n - 3) } } //~ exponential-recursion",
        ),
        Case::bad(
            "a.rs",
            "fn ways(n: i32) -> i32 { if n <= 1 { return 1; } ways(n - 1) + ways(n - 2) } //~ exponential-recursion",
        ),
        Case::bad(
            "a.rs",
            "impl M { fn hanoi(n: u32) -> u64 { if n == 0 { 0 } else { Self::hanoi(n - 1) + 1 + Self::hanoi(n - 1) } } } //~ exponential-recursion",
        ),
        Case::good("a.rs", "fn fact(n: u64) -> u64 { if n == 0 { 1 } else { n * fact(n - 1) } }"),
        Case::good("a.rs", "fn sum(t: &Tree) -> u64 { sum(&t.left) + sum(&t.right) }"),
        Case::good("a.rs", "fn fib(n: u64, memo: &mut Memo) -> u64 { fib(n - 1, memo) + fib(n - 2, memo) }"),
        Case::good("a.rs", "fn f(n: u64) -> u64 { f(n / 2) + f(n / 3) }"),
        Case::near_miss("a.rs", "fn f(n: u64) -> u64 { g(n - 1) + g(n - 2) }"),
        Case::near_miss("a.rs", "fn f(n: u64) -> u64 { if n % 2 == 0 { f(n - 1) } else { f(n - 2) } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "+" | "*") || node.parent().is_some_and(|p| p.kind() == Kind::BinaryExpression) {
        return;
    }
    let Some(function) = node.ancestors().find(|n| n.kind() == Kind::FunctionItem) else { return };
    let Some(name) = function.child(Field::Name).map(Node::text) else { return };
    let mut terms = vec![node];
    let mut calls = 0;
    while let Some(term) = terms.pop() {
        let term = unparenthesized(term);
        match term.kind() {
            Kind::BinaryExpression if matches!(operator(term), "+" | "*") => {
                let Some((left, right)) = operands(term) else { return };
                terms.extend([left, right]);
            }
            Kind::CallExpression => {
                let own = term
                    .child(Field::Function)
                    .is_some_and(|f| f.text() == name || f.text() == format!("Self::{name}"));
                let mut given = args(term);
                let less = given.next().is_some_and(|a| {
                    operator(a) == "-"
                        && operands(a).is_some_and(|(l, r)| l.kind() == Kind::Identifier && integer(r).is_some())
                });
                calls += usize::from(own && less && given.next().is_none());
            }
            _ => {}
        }
    }
    // What is remembered between calls is looked up first.
    let remembers = ["cache", "memo", "cached", "get("].iter().any(|w| function.text().to_lowercase().contains(w));
    if calls > 1 && !remembers {
        let message = format!(
            "Each call of `{name}` makes {calls} more, nearly all of them for numbers that were computed before: the time grows exponentially. Count upwards in a loop, or keep what is known."
        );
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
