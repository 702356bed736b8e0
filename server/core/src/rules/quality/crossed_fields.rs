use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "crossed-fields",
    summary: "a field is compared with, or set from, another one",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[697],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `self.b == other.a` in `eq`, and `b: self.a` in `clone`, where `a` is used for itself, too, and `b` for nothing.",
        why: "A line was copied and one name not changed: values that differ in `b` count as equal, or lose it when they are cloned.",
        example: "self.x == other.x && self.y == other.x",
        instead: "self.x == other.x && self.y == other.y",
        limits: "Only in methods `eq` and `clone`, where the right partner exists.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionItem], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl PartialEq for K { fn eq(&self, o: &K) -> bool { self.a == o.a && self.b == o.a } } //~ crossed-fields",
        ),
        Case::bad(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl Clone for K { fn clone(&self) -> K { K { a: self.a, b: self.a } } } //~ crossed-fields",
        ),
        Case::bad(
            "a.rs",
            "struct K { x: u32, y: u32, z: u32 }\nimpl PartialEq for K { fn eq(&self, other: &Self) -> bool { self.x == other.x && self.y == other.y && self.z == other.y } } //~ crossed-fields",
        ),
        Case::bad(
            "a.rs",
            "struct K { a: String, b: String }\nimpl Clone for K { fn clone(&self) -> Self { Self { a: self.a.clone(), b: self.a.clone() } } } //~ crossed-fields",
        ),
        Case::good(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl PartialEq for K { fn eq(&self, o: &K) -> bool { self.a == o.a && self.b == o.b } }",
        ),
        Case::good(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl Clone for K { fn clone(&self) -> K { K { a: self.a, b: self.b } } }",
        ),
        Case::good("a.rs", "struct K { a: u32 }\nimpl K { fn same(&self, o: &L) -> bool { self.a == o.b } }"),
        Case::good(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl Clone for K { fn clone(&self) -> K { K { a: self.a, b: 0 } } }",
        ),
        Case::near_miss(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl PartialEq for K { fn eq(&self, o: &K) -> bool { self.a == o.a && self.b == o.b || self.a == o.b && self.b == o.a } }",
        ),
        Case::near_miss(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl K { fn eq(&self, o: &K) -> bool { self.sum(o.a) } }",
        ),
    ],
};

fn check<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let name = function.child(Field::Name).map_or("", Node::text);
    let Some(body) = function.child(Field::Body).filter(|_| matches!(name, "eq" | "clone")) else { return };
    // Pairs of fields with the place that makes them partners.
    let mut pairs: Vec<(&'a str, &'a str, Node<'a>)> = Vec::new();
    for n in body.descendants() {
        match n.kind() {
            Kind::BinaryExpression if name == "eq" && operator(n) == "==" => {
                let Some((left, right)) = operands(n) else { continue };
                if let (Some((true, a)), Some((false, b))) = (field(left), field(right)) {
                    pairs.push((a, b, n));
                }
            }
            Kind::FieldInitializer if name == "clone" => {
                let target = n.child(Field::Field).or_else(|| n.child(Field::Name));
                let mut value = n.child(Field::Value);
                if let Some((of, m)) = value.and_then(method)
                    && m.text() == "clone"
                {
                    value = Some(of);
                }
                if let (Some(target), Some((true, from))) = (target, value.and_then(field)) {
                    pairs.push((target.text(), from, n));
                }
            }
            _ => {}
        }
    }
    for (a, b, at) in &pairs {
        // `b` has its own partner, and `a` is partner of nothing.
        let own = pairs.iter().any(|(x, y, _)| x == b && y == b);
        let unused = !pairs.iter().any(|(_, y, _)| y == a);
        if a != b && own && unused {
            let message =
                format!("`{a}` is paired with `{b}`, which has a partner of its own: a copied name was not changed.");
            cx.report(Note::new(cx.rule, at.span(), message));
            return;
        }
    }
}

/// Whether a field is one of `self`, and its name.
fn field<'a>(node: Node<'a>) -> Option<(bool, &'a str)> {
    let node = unparenthesized(node);
    if node.kind() != Kind::FieldExpression {
        return None;
    }
    let of = node.child(Field::Value)?;
    let own = of.kind() == Kind::SelfValue;
    (own || of.kind() == Kind::Identifier).then_some((own, node.child(Field::Field)?.text()))
}
