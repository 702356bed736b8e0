use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{closure, expression, statements};
use crate::rules::shape::operator;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "order-without-equal",
    summary: "an order never says that two values are equal",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[697],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `if a < b { Ordering::Less } else { Ordering::Greater }` as a function `cmp` or as the closure of `sort_by` and its like.",
        why: "Of two equal values each is greater than the other. Sorting needs a total order: it may give any order, and since Rust 1.81 panics. A `BTreeMap` never finds such a key again.",
        example: "v.sort_by(|a, b| if a.age < b.age { Ordering::Less } else { Ordering::Greater });",
        instead: "v.sort_by(|a, b| a.age.cmp(&b.age));",
        limits: "Only if no way through the function gives anything else than `Less` and `Greater`. Comparisons for one value alone (`max_by`) do no harm.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], sorting), Check::Nodes(&[Kind::FunctionItem], ord)],
    cases: &[
        Case::bad(
            "a.rs",
            "use std::cmp::Ordering;\nfn f(v: &mut Vec<P>) { v.sort_by(|a, b|\n if a.age < b.age { Ordering::Less } else { Ordering::Greater }); //~ order-without-equal\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut [P]) { v.sort_unstable_by(|a, b| {\n if a.x > b.x { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less } //~ order-without-equal\n}); }",
        ),
        Case::bad(
            "a.rs",
            "impl Ord for A { fn cmp(&self, o: &Self) -> Ordering {\n if self.n < o.n { Ordering::Less } else { Ordering::Greater } //~ order-without-equal\n} }",
        ),
        Case::bad(
            "a.rs",
            "use std::cmp::Ordering::*;\nfn f(v: &mut Vec<u8>) { v.sort_by(|a, b|\n if a < b { Less } else { Greater }); } //~ order-without-equal",
        ),
        Case::bad(
            "a.rs",
            "impl Ord for A { fn cmp(&self, o: &A) -> std::cmp::Ordering {\n if self.cost > o.cost { return Ordering::Less; } Ordering::Greater } } //~ order-without-equal",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut Vec<P>) { v.sort_by(|a, b|\n if a.x < b.x { Ordering::Less } else if a.y < b.y { Ordering::Less } else { Ordering::Greater }); } //~ order-without-equal",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut Vec<P>) { v.sort_by(|a, b| {\n match a.x < b.x { true => Ordering::Less, false => Ordering::Greater } //~ order-without-equal\n}); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[P]) -> Vec<P> { let mut w = v.to_vec(); w.sort_unstable_by(|a, b|\n if a.n >= b.n { Ordering::Less } else { Ordering::Greater }); w } //~ order-without-equal",
        ),
        Case::good("a.rs", "fn f(v: &mut Vec<P>) { v.sort_by(|a, b| a.age.cmp(&b.age)); }"),
        Case::good(
            "a.rs",
            "fn f(v: &mut Vec<P>) { v.sort_by(|a, b| if a < b { Ordering::Less } else if a > b { Ordering::Greater } else { Ordering::Equal }); }",
        ),
        Case::good("a.rs", "impl Ord for A { fn cmp(&self, o: &Self) -> Ordering { self.n.cmp(&o.n) } }"),
        Case::good(
            "a.rs",
            "fn f(v: &[P]) -> Option<&P> { v.iter().max_by(|a, b| if a.n < b.n { Ordering::Less } else { Ordering::Greater }) }",
        ),
        Case::good(
            "a.rs",
            "impl Ord for A { fn cmp(&self, o: &Self) -> Ordering { if self == o { Ordering::Equal } else if self.n < o.n { Ordering::Less } else { Ordering::Greater } } }",
        ),
        Case::good(
            "a.rs",
            "impl PartialOrd for A { fn partial_cmp(&self, o: &Self) -> Option<Ordering> { if self.n < o.n { Some(Ordering::Less) } else { Some(Ordering::Greater) } } }",
        ),
        Case::good("a.rs", "fn f(a: u8, b: u8) -> Ordering { if a < b { Ordering::Less } else { Ordering::Greater } }"),
        Case::good(
            "a.rs",
            "fn f(v: &mut Vec<P>) { v.sort_by(|a, b| if a.first { Ordering::Less } else { a.n.cmp(&b.n) }); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(v: &[P], n: u8) { let _ = v.binary_search_by(|p| if p.n < n { Ordering::Less } else { Ordering::Greater }); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(v: &mut Vec<P>) { v.sort_by(|a, b| if a.n < b.n { Ordering::Less } else { order(a, b) }); }",
        ),
        Case::near_miss(
            "a.rs",
            "impl Ord for A { fn cmp(&self, o: &Self) -> Ordering { match self.n - o.n { 0 => Ordering::Equal, x if x < 0 => Ordering::Less, _ => Ordering::Greater } } }",
        ),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<P>) { v.sort_by(|_, _| Ordering::Less); }"),
    ],
};

fn sorting<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let sorts = method(node).is_some_and(|(_, m)| {
        matches!(m.text(), "sort_by" | "sort_unstable_by" | "par_sort_by" | "par_sort_unstable_by" | "sorted_by")
    });
    if !sorts {
        return;
    }
    let Some((given, body)) = args(node).next().map(|a| cx.open(a)).and_then(closure) else { return };
    if given.len() == 2 && std::ptr::eq(body.arena(), cx.arena()) {
        judge(body, cx);
    }
}

fn ord<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let named = node.child(Field::Name).is_some_and(|n| n.text() == "cmp");
    let ordering = node.child(Field::ReturnType).is_some_and(|t| t.text().ends_with("Ordering"));
    let takes = node.child(Field::Parameters).is_some_and(|p| p.text().starts_with("(&self,"));
    if named
        && ordering
        && takes
        && let Some(body) = node.child(Field::Body)
    {
        judge(body, cx);
    }
}

/// Whether every way gives `Less` or `Greater`, each somewhere.
fn judge<'a>(body: Node<'a>, cx: &mut Cx<'a>) {
    let mut given = Vec::new();
    if !gather(body, &mut given, 0) {
        return;
    }
    let is = |word: &str| given.iter().any(|n| n.text().rsplit("::").next() == Some(word));
    let only = given.iter().all(|n| matches!(n.text().rsplit("::").next(), Some("Less" | "Greater")));
    let compares = body
        .descendants()
        .any(|n| n.kind() == Kind::BinaryExpression && matches!(operator(n), "<" | ">" | "<=" | ">="));
    let known = given.iter().all(|n| n.text().contains("Ordering::") || !n.text().contains("::"));
    if !only || !known || !is("Less") || !is("Greater") || !compares {
        return;
    }
    let at = if body.kind() == Kind::Block { body.first_named().map_or(body, expression) } else { body };
    let message = "Of two equal values each is greater than the other: sorting may panic, and nothing is found again. Use `cmp`, or `total_cmp` for floating point numbers.";
    cx.report(Note::new(cx.rule, at.span(), message));
}

/// The values that an expression may have; `false` where they cannot be told.
fn gather<'a>(node: Node<'a>, out: &mut Vec<Node<'a>>, depth: usize) -> bool {
    let node = expression(node);
    if depth > 8 {
        return false;
    }
    match node.kind() {
        Kind::Block => {
            let all = statements(node);
            let Some((last, before)) = all.split_last() else { return false };
            // Only `if c { return x; }` before.
            let before = before.iter().map(|s| expression(*s)).all(|s| {
                s.kind() == Kind::LetDeclaration
                    || s.kind() == Kind::IfExpression
                        && s.child(Field::Alternative).is_none()
                        && s.child(Field::Consequence).is_some_and(|c| gather(c, out, depth + 1))
            });
            before && gather(*last, out, depth + 1)
        }
        Kind::IfExpression => {
            let then = node.child(Field::Consequence).is_some_and(|c| gather(c, out, depth + 1));
            let other = node.child(Field::Alternative).and_then(Node::first_named);
            then && other.is_some_and(|o| gather(o, out, depth + 1))
        }
        Kind::MatchExpression => {
            let arms: Vec<Node<'a>> = node
                .child(Field::Body)
                .into_iter()
                .flat_map(Node::named_children)
                .filter(|a| a.kind() == Kind::MatchArm)
                .collect();
            !arms.is_empty() && arms.iter().all(|a| a.child(Field::Value).is_some_and(|v| gather(v, out, depth + 1)))
        }
        Kind::ReturnExpression => node.first_named().is_some_and(|v| gather(v, out, depth + 1)),
        Kind::ScopedIdentifier | Kind::Identifier => {
            out.push(node);
            true
        }
        _ => false,
    }
}
