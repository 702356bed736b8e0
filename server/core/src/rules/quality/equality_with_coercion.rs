use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::{bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "equality-with-coercion",
    summary: "`==` compares values of different types",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[697, 1024],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `==` and `!=` with `true`, `false`, `''`, `0` or `[]`, where the other side is not known to be of \
              the same type.",
        why: "Both sides are converted first: `'' == 0`, `'0' == false` and `[] == ''` are true, `'true' == true` is \
              false. The check passes for values that nobody thought of.",
        example: "if (input == 0) { reset(); }",
        instead: "if (input === 0) { reset(); }",
        limits: "`== null` asks for `null` and `undefined` at once and is left alone; so are `typeof`, `length` and two \
              values of one type.",
        fix: "The suggestion compares with `===`, which tells more values apart.",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.js", "if (input == 0) { reset(); } //~ equality-with-coercion"),
        Case::bad("a.js", "const on = flag == true; //~ equality-with-coercion"),
        Case::bad("a.js", "const off = x != false; //~ equality-with-coercion"),
        Case::bad("a.js", "if (text == '') { empty(); } //~ equality-with-coercion"),
        Case::bad("a.js", "if ('' != name) { go(); } //~ equality-with-coercion"),
        Case::bad("a.js", "if (0 == n) { go(); } //~ equality-with-coercion"),
        Case::bad("a.js", "if (list == []) { go(); } //~ equality-with-coercion"),
        Case::bad("a.ts", "const b = o.value == false; //~ equality-with-coercion"),
        Case::good("a.js", "if (input === 0) { reset(); }"),
        Case::good("a.js", "if (x == null) { go(); }"),
        Case::good("a.js", "if (x != undefined) { go(); }"),
        Case::good("a.js", "if (typeof x == 'string') { go(); }"),
        Case::good("a.js", "if (xs.length == 0) { go(); }"),
        Case::good("a.js", "if (a == b) { go(); }"),
        Case::good("a.js", "if (kind == 'a') { go(); }"),
        Case::good("a.js", "if (x !== '') { go(); }"),
        Case::near_miss("a.js", "if (xs.indexOf(x) == 0) { go(); }"),
        Case::near_miss("a.js", "if (n % 2 == 0) { go(); }"),
        Case::near_miss("a.js", "if (s.trim() == '') { go(); }"),
        Case::near_miss("a.js", "if (typeof x == '') { go(); }"),
        Case::near_miss("a.js", "if (m.size != 0) { go(); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let op = node.child(Field::Operator).filter(|o| matches!(o.text(), "==" | "!="));
    let (Some(op), Some((left, right))) = (op, operands(node)) else { return };
    let (left, right) = (bare(left), bare(right));
    let (literal, other) = if risky(right) {
        (right, left)
    } else if risky(left) {
        (left, right)
    } else {
        return;
    };
    if is_same_type(literal, other) {
        return;
    }
    let strict = format!("{}=", op.text());
    let message = format!(
        "`{}` converts both sides first, so that other values equal `{}` as well. Use `{strict}`.",
        op.text(),
        literal.text()
    );
    cx.report(
        Note::new(cx.rule, node.span(), message)
            .suggestion(format!("Use `{strict}`"), vec![(op.span(), strict.clone())]),
    );
}

fn risky(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::True | Kind::False => true,
        Kind::Number => node.text() == "0",
        Kind::String => node.text().len() == 2,
        Kind::Array => node.first_named().is_none(),
        _ => false,
    }
}

/// Whether the other side certainly has the literal's type.
fn is_same_type(literal: Node<'_>, other: Node<'_>) -> bool {
    match other.kind() {
        Kind::UnaryExpression => match operator(other) {
            "typeof" => true,
            "!" => matches!(literal.kind(), Kind::True | Kind::False),
            _ => literal.kind() == Kind::Number,
        },
        Kind::MemberExpression => {
            literal.kind() == Kind::Number
                && other.child(Field::Property).is_some_and(|p| matches!(p.text(), "length" | "size"))
        }
        Kind::BinaryExpression => {
            literal.kind() == Kind::Number
                && matches!(operator(other), "-" | "*" | "/" | "%" | "&" | "|" | "^" | ">>" | "<<" | ">>>")
        }
        Kind::CallExpression => method(other).is_some_and(|(_, m)| match literal.kind() {
            Kind::String => {
                matches!(m.text(), "trim" | "toString" | "toLowerCase" | "toUpperCase" | "slice" | "substring" | "join")
            }
            Kind::Number => {
                matches!(m.text(), "indexOf" | "lastIndexOf" | "search" | "localeCompare" | "getTime" | "charCodeAt")
            }
            _ => false,
        }),
        kind => kind == literal.kind(),
    }
}
