use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "owned-comparison",
    summary: "text is copied only to be compared",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `a.to_string() == b`, `to_owned`, `String::from(..)` in a comparison, `a.to_lowercase() == b.to_lowercase()`, `map.get(&key.to_string())` of keys that are found by `&str`, and `list.contains(&key.to_string())`.",
        why: "The copy is made, compared and thrown away. `str` and `String` compare as they are; `eq_ignore_ascii_case` folds the case without memory.",
        example: "if name.to_string() == \"root\" { allow(); }",
        instead: "if name == \"root\" { allow(); }",
        limits: "Only where the text is a literal, or both sides plainly text; `to_string` of numbers and other values is left alone. Text beyond ASCII folds differently: then `to_lowercase` is right.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check), Check::Nodes(&[Kind::CallExpression], looked_up)],
    cases: &[
        Case::bad(
            "a.rs",
            "struct R { tags: Vec<String> }\nfn f(r: &R, tag: &str) -> bool { r.tags.contains(&tag.to_string()) } //~ owned-comparison",
        ),
        Case::bad("a.rs", "fn f(v: &[String]) -> bool { v.contains(&\"a\".to_string()) } //~ owned-comparison"),
        Case::near_miss("a.rs", "fn f(v: &[String], n: u8) -> bool { v.contains(&n.to_string()) }"),
        Case::bad("a.rs", "fn f(a: &str, b: &User) -> bool { a.to_string() == b.name } //~ owned-comparison"),
        Case::bad("a.rs", "fn f(a: &str) -> bool { a.to_owned() != \"x\" } //~ owned-comparison"),
        Case::bad("a.rs", "fn f(a: &str, b: &str) -> bool { a == String::from(\"yes\") } //~ owned-comparison"),
        Case::bad("a.rs", "fn f(a: &str) -> bool { a.to_lowercase() == \"yes\".to_lowercase() } //~ owned-comparison"),
        Case::bad(
            "a.rs",
            "fn f(a: &str, b: &str) -> bool { a.to_lowercase() == b.to_lowercase() } //~ owned-comparison",
        ),
        Case::good("a.rs", "fn f(a: &str, b: &User) -> bool { a == b.name }"),
        Case::good("a.rs", "fn f(n: u32, b: &str) -> bool { n.to_string() == b }"),
        Case::good("a.rs", "fn f(a: &str, b: &str) -> bool { a.eq_ignore_ascii_case(b) }"),
        Case::good("a.rs", "fn f(a: &str) -> bool { a.to_lowercase() == \"yes\" }"),
        Case::bad(
            "a.rs",
            "fn f(m: &HashMap<String, u8>, key: &str) -> Option<u8> { m.get(&key.to_string()).copied() } //~ owned-comparison",
        ),
        Case::good("a.rs", "fn f(m: &HashMap<Id, u8>, key: &Id) -> Option<u8> { m.get(&key.to_owned()).copied() }"),
        Case::near_miss("a.rs", "fn f(a: Id, b: &str) -> bool { a.to_string() == b }"),
        Case::near_miss("a.rs", "fn f(a: &str) -> usize { a.to_string().len() }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "==" | "!=") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let text = |n: Node<'a>| {
        matches!(n.kind(), Kind::StringLiteral | Kind::RawStringLiteral)
            || type_of(n, cx).is_some_and(|t| matches!(t.name, "str" | "String"))
    };
    let folded = |n: Node<'a>| {
        method(unparenthesized(n))
            .filter(|(of, m)| matches!(m.text(), "to_lowercase" | "to_uppercase") && text(*of))
            .map(|(_, m)| m.text())
    };
    if let (Some(a), Some(b)) = (folded(left), folded(right)) {
        if a == b {
            let message =
                "Both sides are copied to compare them. `eq_ignore_ascii_case` does it in place, if the text is ASCII.";
            cx.report(Note::new(cx.rule, node.span(), message).confidence(Confidence::Medium));
        }
        return;
    }
    for (side, other) in [(left, right), (right, left)] {
        let side = unparenthesized(side);
        let copied = match method(side) {
            Some((of, m)) => matches!(m.text(), "to_string" | "to_owned") && text(of) && args(side).next().is_none(),
            None => {
                side.kind() == Kind::CallExpression
                    && side.text().starts_with("String::from(")
                    && args(side).next().is_some_and(text)
            }
        };
        if copied && (text(other) || matches!(other.kind(), Kind::FieldExpression | Kind::Identifier)) {
            let message = "This copy is made only to be compared. Text compares as it is.";
            cx.report(Note::new(cx.rule, side.span(), message));
            return;
        }
    }
}

/// `map.get(&key.to_string())` where `key` is text already.
fn looked_up<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((map, name)) = method(node) else { return };
    if !matches!(name.text(), "get" | "get_mut" | "contains_key" | "contains" | "remove") || args(node).count() != 1 {
        return;
    }
    let Some(key) =
        args(node).next().filter(|k| k.kind() == Kind::ReferenceExpression).and_then(|k| k.child(Field::Value))
    else {
        return;
    };
    let text = |n: Node<'a>| {
        matches!(n.kind(), Kind::StringLiteral | Kind::RawStringLiteral)
            || type_of(n, cx).is_some_and(|t| matches!(t.name, "str" | "String"))
    };
    let copied = match method(key) {
        Some((of, m)) => matches!(m.text(), "to_string" | "to_owned") && text(of) && args(key).next().is_none(),
        None => {
            key.kind() == Kind::CallExpression
                && key.child(Field::Function).is_some_and(|f| f.text() == "String::from")
                && args(key).next().is_some_and(text)
        }
    };
    let keyed = type_of(map, cx).is_some_and(|t| {
        matches!(t.name, "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet")
            && t.args.first().is_some_and(|k| k.name == "String" && k.refs == 0)
    });
    // `tags.contains(&tag.to_string())` of a list.
    let listed = name.text() == "contains"
        && type_of(map, cx).is_some_and(|t| {
            matches!(t.name, "Vec" | "[]" | "[;]" | "VecDeque") && t.args.first().is_some_and(|k| k.name == "String")
        });
    if copied && listed {
        let message = "This copy is made only to be compared. `iter().any(|x| x == ..)` compares in place.";
        cx.report(Note::new(cx.rule, key.span(), message));
        return;
    }
    if copied && keyed {
        let message = "This copy is made only to look something up. Keys of `String` are found by `&str` as well.";
        cx.report(Note::new(cx.rule, key.span(), message));
    }
}
