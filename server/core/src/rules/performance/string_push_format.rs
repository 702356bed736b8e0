use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{plain_method, round};
use crate::rules::rust_types::{macro_name, type_of};
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "string-push-format",
    summary: "a string is formatted only to be appended to another",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `s.push_str(&format!(..))` and `s += &format!(..)`.",
        why: "`format!` takes memory for a string of its own, which is copied and freed at once. `write!` formats straight into the string at hand.",
        example: "out.push_str(&format!(\"{}: {}\n\", key, value));",
        instead: "write!(out, \"{}: {}\n\", key, value)?;",
        limits: "Outside of loops this costs little and is left alone, unless one function does it three times and more.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression, Kind::CompoundAssignmentExpr, Kind::AssignmentExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(xs: &[u8]) -> String { let mut s = String::new(); for x in xs { s = s + &format!(\"{x},\"); } s } //~ string-push-format",
        ),
        Case::bad(
            "a.rs",
            "fn f(out: &mut String, ks: &[u8]) { for k in ks { out.push_str(&format!(\"{}: x\", k)); } } //~ string-push-format",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u8]) -> String { let mut s = String::new(); for x in xs { s += &format!(\"{x},\"); } s } //~ string-push-format",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &mut String, a: f64) { while go() { s.push_str(&format!(\"{:.2}\", a)); } } //~ string-push-format",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&mut self) { for n in &self.ns { self.buf.push_str(&format!(\"{}\", n)); } } } //~ string-push-format",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &mut String, v: &[u8]) { for a in v { s.push_str(format!(\"{a}\").as_str()); } } //~ string-push-format",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &mut String, v: &[u8]) { for a in v { s.push_str(&std::format!(\"{a}\")); } } //~ string-push-format",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u8], s: &mut String) { xs.iter().for_each(|x| s.push_str(&format!(\"{x} \"))); } //~ string-push-format",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &mut String, v: &[u8]) { for a in v { *s += &format!(\"{a:02x}\"); } } //~ string-push-format",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &mut String, a: u8) {\n *s += &format!(\"{a:02x}\"); //~ string-push-format\n *s += &format!(\"{a}\"); //~ string-push-format\n *s += &format!(\"{a:?}\"); //~ string-push-format\n}",
        ),
        Case::good("a.rs", "fn f(out: &mut String, k: u8) { write!(out, \"{}: x\", k).unwrap(); }"),
        Case::good("a.rs", "fn f(out: &mut String, k: &str) { out.push_str(k); }"),
        Case::good("a.rs", "fn f(n: &mut u8, k: u8) { *n += &k; }"),
        Case::good("a.rs", "fn f(v: &mut Vec<String>, k: u8) { v.push(format!(\"{k}\")); }"),
        Case::good("a.rs", "fn f(k: u8) -> String { \"a\".to_string() + &format!(\"{k}\") }"),
        Case::good("a.rs", "fn f(out: &mut String, k: u8) { out.push_str(&k.to_string()); }"),
        Case::good("a.rs", "fn f(out: &mut String) { out.push_str(\"format!\"); }"),
        Case::good("a.rs", "fn f(p: &mut PathBuf, k: u8) { p.push(&format!(\"{k}\")); }"),
        Case::bad(
            "a.rs",
            "fn f(v: &[char]) -> String { let mut s = String::new(); for c in v { s.push_str(&c.to_string()); } s } //~ string-push-format",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(out: &mut String, k: u8) { let line = format!(\"{k}\"); out.push_str(&line); log(line); }",
        ),
        Case::near_miss("a.rs", "fn f(out: &mut String, k: u8) { out.push_str(&format_name(k)); }"),
        Case::near_miss("a.rs", "fn f(out: &mut String, k: u8) { out.push_str(&format!(\"{k}: x\")); }"),
        Case::near_miss("a.rs", "fn f(out: &mut String, k: u8) { out.push_str(&trim(&format!(\"{k}\"))); }"),
        Case::near_miss("a.rs", "fn f(out: &mut String, k: u8) { out.insert_str(0, &format!(\"{k}\")); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !appends(node, cx) {
        return;
    }
    let around = node.ancestors().find(|a| a.kind() == Kind::FunctionItem);
    let often =
        || around.is_some_and(|f| f.descendants().filter(|n| appended(*n).is_some_and(is_format)).take(3).count() == 3);
    if round(node).is_none() && !often() {
        return;
    }
    let message = "This makes a string that is copied and dropped at once. `write!` formats straight into this one.";
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether a node appends what `format!` made, or the text of a number or character.
fn appends<'a>(node: Node<'a>, cx: &Cx<'a>) -> bool {
    let Some(value) = appended(node) else { return false };
    let shown = plain_method(value)
        .filter(|(_, m)| *m == "to_string")
        .is_some_and(|(of, _)| type_of(of, cx).is_some_and(|t| t.name == "char" || t.is_integer() || t.is_float()));
    shown || is_format(value)
}

fn is_format(value: Node<'_>) -> bool {
    value.kind() == Kind::MacroInvocation && macro_name(value) == "format"
}

/// What is lent to be appended.
fn appended<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let value = match node.kind() {
        Kind::CallExpression if method(node).is_some_and(|(_, n)| n.text() == "push_str") => args(node).next(),
        // `s = s + &format!(..)`
        Kind::AssignmentExpression => {
            let (place, value) = operands(node)?;
            let (first, second) = operands(value).filter(|_| operator(value) == "+")?;
            (first.text() == place.text()).then_some(second)
        }
        Kind::CompoundAssignmentExpr => node.child(Field::Right).filter(|_| operator(node) == "+="),
        _ => None,
    };
    let value = value?;
    match plain_method(value) {
        Some((of, "as_str" | "as_ref")) => Some(of),
        _ if value.kind() == Kind::ReferenceExpression => value.child(Field::Value),
        _ => None,
    }
}
