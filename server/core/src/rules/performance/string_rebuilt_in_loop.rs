use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{closure, loop_around};
use crate::rules::rust_names::{captures, visible};
use crate::rules::rust_types::{macro_name, type_of};
use crate::rules::shape::{operands, operator, same};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "string-rebuilt-in-loop",
    summary: "a string is made anew in every round to append to it",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `s = format!(\"{s}{x}\")` and `s = s.clone() + x` of a `String` in a loop that it comes from outside of.",
        why: "`format!` and `clone` copy everything so far in every round: 10,000 pieces of 100 bytes move 5 GB.",
        example: "for p in parts { out = format!(\"{out}{p},\"); }",
        instead: "for p in parts {\n    out.push_str(p);\n    out.push(',');\n}",
        limits: "Only where the string stands at the front of what is made, and is declared outside of the loop.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::AssignmentExpression], check), Check::Nodes(&[Kind::CallExpression], folded)],
    cases: &[
        Case::near_miss(
            "a.rs",
            "fn f(v: &[String]) -> String { let mut s = String::new(); for p in v { s = s + p; } s }",
        ),
        Case::good(
            "a.rs",
            "fn f(v: &[String]) -> String { let mut s = String::new(); for p in v { s = s + &p + \",\"; } s }",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[String]) -> String { let mut s = String::new(); for p in v { s = s.to_owned() + &p + \",\"; } s } //~ string-rebuilt-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[String]) -> String { let mut s = String::new(); for p in v { s = format!(\"{}{}\", s, p); } s } //~ string-rebuilt-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[String]) -> String { let mut out = String::from(\"[\"); while go() { out = format!(\"{out},{}\", v[0]); } out } //~ string-rebuilt-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[String]) -> String { let mut s = String::new(); for p in v { s = s.clone() + p; } s } //~ string-rebuilt-in-loop",
        ),
        Case::good(
            "a.rs",
            "fn f(v: &[String]) -> String { let mut s = String::new(); for p in v { s.push_str(p); } s }",
        ),
        Case::good("a.rs", "fn f(v: &[String]) -> String { let mut s = String::new(); for p in v { s += p; } s }"),
        Case::good("a.rs", "fn f(v: &[u32]) -> u32 { let mut s = 0; for p in v { s = s + p; } s }"),
        Case::good("a.rs", "fn f(a: &str) -> String { let mut s = String::new(); s = s + a; s }"),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) -> String { v.iter().fold(String::new(), |acc, b| format!(\"{acc}{b}\")) } //~ string-rebuilt-in-loop",
        ),
        Case::near_miss("a.rs", "fn f(v: &[String]) { for p in v { let mut s = String::new(); s = s + p; go(s); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: &[String]) -> String { let mut s = String::new(); for p in v { s = format!(\"{p}{s}\"); } s }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((place, value)) = operands(node) else { return };
    if place.kind() != Kind::Identifier {
        return;
    }
    let Some(around) = loop_around(node) else { return };
    let value = unparenthesized(value);
    let grows = match value.kind() {
        Kind::MacroInvocation if macro_name(value) == "format" => begins_with(value, place.text()),
        Kind::BinaryExpression if operator(value) == "+" => {
            let mut first = value;
            while first.kind() == Kind::BinaryExpression && operator(first) == "+" {
                let Some((left, _)) = operands(first) else { return };
                first = unparenthesized(left);
            }
            // `s + x` alone takes the text over and appends in place.
            let copied = method(first).filter(|(_, m)| matches!(m.text(), "clone" | "to_owned" | "to_string"));
            copied.is_some_and(|(of, _)| same(of, place)) && type_of(place, cx).is_some_and(|t| t.is("String"))
        }
        _ => false,
    };
    let outside =
        || visible(around, place.text()).is_some_and(|b| visible(node, place.text()).is_some_and(|i| i.name == b.name));
    if grows && outside() {
        let message = format!(
            "Every round makes `{}` anew to append to it. Append in place: `push_str`, or `write!` for what needs formatting.",
            place.text()
        );
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

/// Whether `format!` puts a variable first.
fn begins_with(format: Node<'_>, name: &str) -> bool {
    let Some(literal) = format.descendants().find(|n| n.kind() == Kind::StringLiteral) else { return false };
    let text = literal.text().trim_start_matches('"');
    if text.starts_with(&format!("{{{name}}}")) {
        return captures(literal, name);
    }
    let first = literal.next_named_sibling();
    text.starts_with("{}") && first.is_some_and(|f| f.text() == name)
}

/// `fold(String::new(), |acc, x| format!("{acc}{x}"))`.
fn folded<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if method(node).is_none_or(|(_, n)| n.text() != "fold") {
        return;
    }
    let Some((parameters, body)) = args(node).nth(1).and_then(closure) else { return };
    let body = if body.kind() == Kind::Block { body.last_named().unwrap_or(body) } else { body };
    let Some(first) = parameters.first().filter(|p| p.kind() == Kind::Identifier) else { return };
    if body.kind() == Kind::MacroInvocation && macro_name(body) == "format" && begins_with(body, first.text()) {
        let message =
            format!("Every round makes `{}` anew to append to it. Append in place and hand it on.", first.text());
        cx.report(Note::new(cx.rule, body.span(), message));
    }
}
