use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::{macro_name, type_of};
use crate::rules::shape::{mentions, operands, operator};
use crate::rules::support::{enclosing_function, is_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "division-by-length",
    summary: "a number is divided by a length that may be zero",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[369],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `/ v.len()` and `% v.len()` of integers where nothing asks whether `v` is empty.",
        why: "An empty list is the first thing that somebody hands in; division by zero panics.",
        example: "let mean = v.iter().sum::<u32>() / v.len() as u32;",
        instead: "if v.is_empty() { return None; }\nlet mean = v.iter().sum::<u32>() / v.len() as u32;",
        limits: "Silent where the function asks for the length or emptiness, asserts something of it, or walks the same list around, and for fields, which constructors fill. Floating point gives NaN instead, and is left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(v: &[u32]) -> u32 { v.iter().sum::<u32>() / v.len() as u32 } //~ division-by-length"),
        Case::bad("a.rs", "fn f(v: &[u64], total: usize) -> usize { total / v.len() } //~ division-by-length"),
        Case::bad(
            "a.rs",
            "fn f(names: &Vec<String>, all: usize) -> usize { all / names.len() + 1 } //~ division-by-length",
        ),
        Case::near_miss("a.rs", "impl A { pub fn f(&self) -> usize { self.sum / self.shards.len() } }"),
        Case::bad("a.rs", "fn f(v: &[u32], n: usize) -> u32 { v[n % v.len()] } //~ division-by-length"),
        Case::good(
            "a.rs",
            "fn f(v: &[u32]) -> u32 { if v.is_empty() { return 0; } v.iter().sum::<u32>() / v.len() as u32 }",
        ),
        Case::good("a.rs", "fn f(v: &[u64], total: usize) -> usize { total / v.len().max(1) }"),
        Case::good("a.rs", "fn f(v: &[f64]) -> f64 { v.iter().sum::<f64>() / v.len() as f64 }"),
        Case::good("a.rs", "fn f(v: &[u64], n: usize) -> usize { match v.len() { 0 => 0, l => n / l } }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: &[u32]) { for (i, x) in v.iter().enumerate() { go(*x, (i + 1) % v.len()); } }",
        ),
        Case::near_miss("a.rs", "fn f(n: usize) -> usize { n / NAMES.len() }"),
        Case::near_miss("a.rs", "fn f(v: &[u32; 4], n: usize) -> usize { n / v.len() }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "/" | "%") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let mut divisor = unparenthesized(right);
    if divisor.kind() == Kind::TypeCastExpression {
        if divisor.child(Field::Type).is_some_and(|t| matches!(t.text(), "f32" | "f64")) {
            return;
        }
        divisor = divisor.first_named().map_or(divisor, unparenthesized);
    }
    let Some((of, _)) = method(divisor).filter(|(_, m)| m.text() == "len") else { return };
    let constant = of.text().chars().all(|c| c.is_uppercase() || c.is_numeric() || matches!(c, '_' | ':'));
    // A length that the type tells, or of something that is no list of the caller's.
    let known = type_of(of, cx);
    let list =
        known.as_ref().is_none_or(|t| matches!(t.name, "Vec" | "[]" | "VecDeque" | "str" | "String" | "HashMap" | "_"));
    let place = of.kind() == Kind::Identifier;
    if constant || !list || !place || left.kind() == Kind::FloatLiteral {
        return;
    }
    let told = known.is_some();
    let home = enclosing_function(node).unwrap_or_else(|| node.arena().root());
    let name = of.text();
    let last = name.rsplit('.').next().unwrap_or(name);
    let asked = std::iter::once(home).chain(home.descendants()).any(|n| match n.kind() {
        Kind::CallExpression => method(n).is_some_and(|(r, m)| {
            matches!(
                m.text(),
                "is_empty" | "first" | "last" | "max" | "push" | "chunks" | "checked_div" | "checked_rem"
            ) && mentions(r, last)
        }),
        Kind::BinaryExpression => {
            matches!(operator(n), "<" | ">" | "<=" | ">=" | "==" | "!=") && n.text().contains("len()")
        }
        Kind::MacroInvocation => macro_name(n).contains("assert"),
        Kind::MatchExpression => n.child(Field::Value).is_some_and(|v| v.text().contains(last)),
        _ => false,
    });
    let walked = node.ancestors().any(|a| is_loop(a) && a.child(Field::Value).is_some_and(|v| v.text().contains(last)))
        || node.ancestors().any(|a| a.kind() == Kind::ClosureExpression);
    if told && !asked && !walked {
        let message = format!("`{name}` may be empty, and this panics then. Ask first, or use `checked_div`.");
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
