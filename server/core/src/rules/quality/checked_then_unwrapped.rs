use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::plain_method;
use crate::rules::shape::{only_reads, operands, operator};
use crate::rules::support::method;
use crate::rules::unparenthesized;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "checked-then-unwrapped",
    summary: "a value is tested, and unwrapped in a second step",
    category: Category::Quality,
    severity: Severity::Info,
    confidence: Confidence::High,
    cwe: &[1164],
    families: &[Family::Rust],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `x.unwrap()` and `x.expect(..)` inside of `if x.is_some()` and `if x.is_ok()`.",
        why: "The test and the unwrapping must be kept together by hand: whoever changes one of them makes the other panic. `if let` says both at once.",
        example: "if user.is_some() {\n    greet(user.unwrap());\n}",
        instead: "if let Some(user) = user {\n    greet(user);\n}",
        limits: "Only for variables and fields that nothing in between assigns.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IfExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(u: Option<User>) { if u.is_some() { greet(u.unwrap()); } } //~ checked-then-unwrapped"),
        Case::bad(
            "a.rs",
            "fn f(r: Result<u8, E>) -> u8 { if r.is_ok() { return r.unwrap(); } 0 } //~ checked-then-unwrapped",
        ),
        Case::bad(
            "a.rs",
            "impl S { fn f(&self) { if self.user.is_some() { greet(self.user.as_ref().unwrap()); } } } //~ checked-then-unwrapped",
        ),
        Case::bad(
            "a.rs",
            "fn f(u: Option<u8>, n: u8) -> bool { if u.is_some() && n > 3 { g(u.expect(\"there\")); } true } //~ checked-then-unwrapped",
        ),
        Case::bad(
            "a.rs",
            "fn f(u: &Option<String>) { if u.is_some() { go(u.clone().unwrap()); } } //~ checked-then-unwrapped",
        ),
        Case::bad(
            "a.rs",
            "fn f(u: Option<u8>) { if u.is_none() { go(); } else { run(u.unwrap()); } } //~ checked-then-unwrapped",
        ),
        Case::bad(
            "a.rs",
            "fn f(r: Result<u8, E>) { if r.is_err() { log(r.unwrap_err()); } } //~ checked-then-unwrapped",
        ),
        Case::bad(
            "a.rs",
            "fn f(u: Option<u8>) { let n = if u.is_some() { u.unwrap() } else { 0 }; go(n); } //~ checked-then-unwrapped",
        ),
        Case::good("a.rs", "fn f(u: Option<User>) { if let Some(u) = u { greet(u); } }"),
        Case::good("a.rs", "fn f(u: Option<User>) { if u.is_some() { go(); } }"),
        Case::good("a.rs", "fn f(u: Option<User>, v: Option<User>) { if u.is_some() { greet(v.unwrap()); } }"),
        Case::good("a.rs", "fn f(u: Option<u8>) -> u8 { u.unwrap_or(0) }"),
        Case::good("a.rs", "fn f(mut u: Option<u8>) { if u.is_some() { u = next(); go(u.unwrap()); } }"),
        Case::good("a.rs", "fn f(u: Option<u8>) { assert!(u.is_some()); go(u.unwrap()); }"),
        Case::good("a.rs", "fn f(u: Option<u8>, n: u8) { if u.is_some() || n > 3 { go(u.unwrap()); } }"),
        Case::good("a.rs", "fn f(u: Option<u8>) { if !u.is_some() { go(u.unwrap()); } }"),
        Case::near_miss("a.rs", "fn f(q: &mut Vec<u8>) { if q.pop().is_some() { go(q.pop().unwrap()); } }"),
        Case::near_miss("a.rs", "fn f(u: Option<u8>) { if u.is_some() { let u = next(); go(u.unwrap()); } }"),
        Case::near_miss("a.rs", "fn f(u: &mut Option<u8>) { if u.is_some() { go(u.take().unwrap()); } }"),
        Case::near_miss("a.rs", "fn f(u: Option<u8>) { if u.is_none() { go(u.unwrap_or(1)); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(then)) = (node.child(Field::Condition), node.child(Field::Consequence)) else { return };
    let otherwise = node.child(Field::Alternative);
    let mut parts = vec![unparenthesized(condition)];
    while let Some(part) = parts.pop() {
        if part.kind() == Kind::BinaryExpression && operator(part) == "&&" {
            parts.extend(operands(part).into_iter().flat_map(|(a, b)| [unparenthesized(a), unparenthesized(b)]));
            continue;
        }
        let Some((place, asked)) = plain_method(part) else { continue };
        let whole = part == unparenthesized(condition);
        let (branch, unwraps): (Option<Node<'a>>, &[&str]) = match asked {
            "is_some" | "is_ok" => (Some(then), &["unwrap", "expect"]),
            "is_err" => (Some(then), &["unwrap_err", "expect_err"]),
            "is_none" if whole => (otherwise, &["unwrap", "expect"]),
            _ => continue,
        };
        let Some(branch) = branch else { continue };
        if !matches!(place.kind(), Kind::Identifier | Kind::FieldExpression) || !only_reads(place) {
            continue;
        }
        let found = branch.descendants().find(|n| {
            let Some((of, name)) = method(*n).filter(|(_, m)| unwraps.contains(&m.text())) else { return false };
            let mut of = of;
            while let Some((inner, "as_ref" | "as_mut" | "as_deref" | "clone" | "cloned" | "copied")) = plain_method(of)
            {
                of = inner;
            }
            of.text() == place.text() && name.text() != "unwrap_or"
        });
        let Some(found) = found else { continue };
        let changed = branch.descendants().any(|n| {
            n.span().start < found.span().start
                && match n.kind() {
                    Kind::AssignmentExpression => {
                        n.child(Field::Left).is_some_and(|l| place.text().starts_with(l.text()))
                    }
                    Kind::LetDeclaration => n.child(Field::Pattern).is_some_and(|p| p.text() == place.text()),
                    Kind::ReferenceExpression => {
                        n.child_of_kind(Kind::MutableSpecifier).is_some() && n.text().ends_with(place.text())
                    }
                    Kind::CallExpression => plain_method(n)
                        .is_some_and(|(of, m)| of.text() == place.text() && matches!(m, "take" | "insert" | "replace")),
                    _ => false,
                }
        });
        if !changed {
            let message =
                format!("`{}` was just tested: `if let` takes the value and needs no `unwrap`.", place.text());
            cx.report(Note::new(cx.rule, found.span(), message).related(part.span(), "tested here"));
            return;
        }
    }
}
