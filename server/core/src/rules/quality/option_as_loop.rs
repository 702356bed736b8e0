use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::is_iterator;
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "option-as-loop",
    summary: "a `for` loop walks an `Option` or `Result`, which runs once at most",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[670],
    families: &[Family::Rust],
    default_on: true,
    in_tests: true,
    docs: Docs {
        what: "Finds `for x in it.next()`, and loops over what is told to be an `Option` or a `Result`.",
        why: "The loop runs once or not at all. Mostly a whole iterator was meant, and everything behind its first element is left out without a word; of a `Result` the error is dropped.",
        example: "for line in lines.next() {\n    show(line);\n}",
        instead: "for line in lines {\n    show(line);\n}",
        limits: "Only where the type is told by the method's name and its receiver, or by the source. `opt.iter()` and `opt.into_iter()` say that it is meant.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(v: &[u8]) { for x in v.iter().next() { show(x); } } //~ option-as-loop"),
        Case::bad("a.rs", "fn f(t: &str) { for l in t.lines().next() { show(l); } } //~ option-as-loop"),
        Case::bad(
            "a.rs",
            "fn f(t: &str) { for l in t.lines().filter(|l| l.len() > 3).next() { show(l); } } //~ option-as-loop",
        ),
        Case::bad("a.rs", "fn f(o: Option<Vec<u8>>) { for x in o { show(x); } } //~ option-as-loop"),
        Case::bad("a.rs", "fn f(r: Result<Vec<u8>, E>) { for x in r { show(x); } } //~ option-as-loop"),
        Case::bad("a.rs", "fn f(t: &str) { for c in t.chars().nth(2) { show(c); } } //~ option-as-loop"),
        Case::good("a.rs", "fn f(v: &[u8]) { for x in v.iter() { show(x); } }"),
        Case::good("a.rs", "fn f(o: Option<u8>) { for x in o.iter() { show(x); } }"),
        Case::good("a.rs", "fn f(o: Option<Vec<u8>>) { for x in o.unwrap_or_default() { show(x); } }"),
        Case::good("a.rs", "fn f(t: &str) { if let Some(l) = t.lines().next() { show(l); } }"),
        Case::near_miss("a.rs", "fn f(pages: &mut Pages) { for row in pages.next() { show(row); } }"),
        Case::near_miss("a.rs", "fn f(o: Option<u8>) { for x in o.into_iter().chain(rest()) { show(x); } }"),
        Case::near_miss("a.rs", "fn f(t: &str) { for c in t.lines().next().unwrap().chars() { show(c); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(value) = node.child(Field::Value).map(unparenthesized) else { return };
    let single = method(value).is_some_and(|(of, name)| {
        matches!((name.text(), args(value).count()), ("next", 0) | ("nth", 1)) && is_iterator(of, cx)
    });
    let told = matches!(value.kind(), Kind::Identifier | Kind::FieldExpression)
        && type_of(value, cx).is_some_and(|t| t.refs == 0 && matches!(t.name, "Option" | "Result"));
    if !single && !told {
        return;
    }
    let message = if single {
        "This loop runs once at most: it walks the `Option` that the call gives. Walk the iterator itself, or use `if let Some(..)`."
    } else {
        "This loop runs once at most, and what is missing or failed goes unseen. Use `if let`, or walk what is inside."
    };
    cx.report(Note::new(cx.rule, value.span(), message));
}
