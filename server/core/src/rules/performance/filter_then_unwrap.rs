use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{closure, plain_method, tail};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "filter-then-unwrap",
    summary: "options are tested, and unwrapped in a second step",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `.filter(|x| x.is_some()).map(|x| x.unwrap())`, with `is_ok`, and with `filter_map(..)` written as `map` and `filter`.",
        why: "Each element is looked at twice, and the `unwrap` keeps a panic in the code that can never be needed.",
        example: "ids.into_iter().filter(|x| x.is_some()).map(|x| x.unwrap())",
        instead: "ids.into_iter().flatten()",
        limits: "Only where the two follow each other directly.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(v: Vec<Option<u32>>) -> Vec<u32> { v.into_iter().filter(|x| x.is_some()).map(|x| x.unwrap()).collect() } //~ filter-then-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: Vec<R>) -> Vec<u32> { v.into_iter().filter(|x| x.is_ok()).map(|x| x.unwrap()).collect() } //~ filter-then-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[L]) -> Option<&str> { v.iter().map(|o| o.first()).filter(|l| l.is_some()).map(|l| l.unwrap()).next() } //~ filter-then-unwrap",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: Vec<Option<u32>>) -> u32 { v.into_iter().filter(Option::is_some).map(Option::unwrap).sum() } //~ filter-then-unwrap",
        ),
        Case::good("a.rs", "fn f(v: Vec<Option<u32>>) -> Vec<u32> { v.into_iter().flatten().collect() }"),
        Case::good("a.rs", "fn f(v: Vec<Option<u32>>) -> usize { v.iter().filter(|x| x.is_some()).count() }"),
        Case::good(
            "a.rs",
            "fn f(v: Vec<A>) -> Vec<u32> { v.into_iter().filter(|x| x.n.is_some()).map(|x| x.m.unwrap()).collect() }",
        ),
        Case::good("a.rs", "fn f(v: Vec<Option<u32>>) -> Vec<u32> { v.into_iter().map(|x| x.unwrap()).collect() }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: Vec<Option<u32>>) -> Vec<u32> { v.into_iter().filter(|x| x.is_none()).map(|x| x.unwrap_or(1)).collect() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(v: Vec<u32>) -> Vec<u32> { v.into_iter().filter(|x| *x > 1).map(|x| go(x).unwrap()).collect() }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((filtered, _)) = method(node).filter(|(_, m)| m.text() == "map") else { return };
    let Some((_, filter)) = method(filtered).filter(|(_, m)| m.text() == "filter") else { return };
    let test = args(filtered).next().and_then(|a| asks(a, &["is_some", "is_ok"]));
    let taken = args(node).next().and_then(|a| asks(a, &["unwrap"]));
    if test.is_some() && taken.is_some() {
        let message = "`flatten()` keeps what is there and takes it out in one step.";
        cx.report(Note::new(cx.rule, tail(filter, node), message));
    }
}

/// The method of these that a closure of one parameter calls on it, `|x| x.is_some()` or `Option::is_some`.
fn asks<'a>(argument: Node<'a>, of: &[&str]) -> Option<&'a str> {
    if argument.kind() == Kind::ScopedIdentifier {
        let last = argument.text().rsplit("::").next()?;
        return of.contains(&last).then_some(last);
    }
    let (parameters, body) = closure(argument)?;
    let (receiver, name) = plain_method(body)?;
    let only = parameters.first()?.text();
    (of.contains(&name) && receiver.text() == only).then_some(name)
}
