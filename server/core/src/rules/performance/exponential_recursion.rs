use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::integer;
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "exponential-recursion",
    summary: "a function computes the same smaller cases again and again",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[407, 674],
    families: &[Family::Rust, Family::Ecma],
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
            "a.js",
            "function fib(n) { if (n < 2) { return n; } return fib(n - 1) + fib(n - 2); } //~ exponential-recursion",
        ),
        Case::bad(
            "a.ts",
            "const fib = (n: number): number => (n < 2 ? n : fib(n - 1) + fib(n - 2)); //~ exponential-recursion",
        ),
        Case::bad(
            "a.ts",
            "class M { ways(n: number): number { return n < 2 ? 1 : this.ways(n - 1) + this.ways(n - 2); } } //~ exponential-recursion",
        ),
        Case::bad(
            "a.js",
            "export function t(n) { return n < 3 ? 1 : t(n - 1) + t(n - 2) + t(n - 3); } //~ exponential-recursion",
        ),
        Case::bad(
            "a.js",
            "function f(n) { if (n <= 0) return 1; const x = f(n - 1) * f(n - 2); return x; } //~ exponential-recursion",
        ),
        Case::bad(
            "a.js",
            "function hanoi(n) { return n === 0 ? 0 : hanoi(n - 1) + 1 + hanoi(n - 1); } //~ exponential-recursion",
        ),
        Case::bad(
            "a.js",
            "const p = function pell(n) { return n < 2 ? n : 2 * pell(n - 1) + pell(n - 2); }; //~ exponential-recursion",
        ),
        Case::bad(
            "a.ts",
            "export const stairs = function (n: number): number { return n < 2 ? 1 : stairs(n - 1) + stairs(n - 2); }; //~ exponential-recursion",
        ),
        Case::good("a.js", "function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }"),
        Case::good("a.js", "function sum(t) { return sum(t.left) + sum(t.right); }"),
        Case::good("a.js", "function fib(n, memo) { return fib(n - 1, memo) + fib(n - 2, memo); }"),
        Case::good("a.js", "function fib(n) { return cache[n] ??= fib(n - 1) + fib(n - 2); }"),
        Case::good("a.js", "function f(n) { return f(n / 2) + f(n / 3); }"),
        Case::good("a.js", "function f(n) { return n % 2 ? f(n - 1) : f(n - 2); }"),
        Case::good(
            "a.ts",
            "function fib(n: number) { let [a, b] = [0, 1]; for (let i = 0; i < n; i++) { [a, b] = [b, a + b]; } return a; }",
        ),
        Case::good("a.ts", "const mid = (a: number, b: number) => half(a - 1) + half(b - 1);"),
        Case::near_miss("a.js", "function f(n) { return g(n - 1) + g(n - 2); }"),
        Case::near_miss("a.js", "function f(n) { return f(n.a - 1) + h(n - 2); }"),
        Case::near_miss("a.js", "const memoFib = memoize((n) => (n < 2 ? n : memoFib(n - 1) + memoFib(n - 2)));"),
        Case::near_miss("a.js", "function f(n) { return n > 0 && f(n - 1); }"),
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
    let of_own = |n: &Node<'_>| matches!(n.kind(), Kind::FunctionItem) || is_function(*n);
    let Some(function) = node.ancestors().find(of_own) else { return };
    // `const fib = (n) => ..`, too.
    let named = function.child(Field::Name).or_else(|| {
        function.parent().filter(|p| p.kind() == Kind::VariableDeclarator).and_then(|p| p.child(Field::Name))
    });
    let Some(name) = named.map(Node::text) else { return };
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
                let own = term.child(Field::Function).is_some_and(|f| {
                    f.text() == name || f.text() == format!("Self::{name}") || f.text() == format!("this.{name}")
                });
                let mut given = args(term);
                let less = given.next().is_some_and(|a| {
                    operator(a) == "-"
                        && operands(a).is_some_and(|(l, r)| {
                            l.kind() == Kind::Identifier && (integer(r).is_some() || r.kind() == Kind::Number)
                        })
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
