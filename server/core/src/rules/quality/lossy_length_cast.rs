use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{is_iterator, plain_method};
use crate::rules::rust_items::last_name;
use crate::rules::rust_types::{macro_name, type_of};
use crate::rules::shape::operator;
use crate::rules::support::enclosing_function;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "lossy-length-cast",
    summary: "a length is cut down to a small integer",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[197, 681],
    families: &[Family::Rust],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `x.len() as u8`, `as u16`, `as i8`, `as i16` where nothing checks the length before.",
        why: "`as` drops the upper bits without a word: a list of 256 elements has the length 0, and what is written with that length cannot be read back, or reads beyond it.",
        example: "out.push(name.len() as u8);",
        instead: "out.push(u8::try_from(name.len()).map_err(|_| Error::TooLong)?);",
        limits: "Off by default: protocols bound many lengths elsewhere. Casts to 32 bits need four thousand million elements and are left alone. Silent where the function compares the length or mentions the type's maximum, where the value is masked or an array's, and in what only shows.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::TypeCastExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(out: &mut Vec<u8>, name: &str) { out.push(name.len() as u8); } //~ lossy-length-cast"),
        Case::bad("a.rs", "fn f(v: &[u8]) -> u16 { v.len() as u16 } //~ lossy-length-cast"),
        Case::bad("a.rs", "fn f(b: &mut BytesMut, v: &Vec<u8>) { b.put_u16(v.len() as u16); } //~ lossy-length-cast"),
        Case::bad("a.rs", "fn f(s: String) -> i16 { s.len() as i16 } //~ lossy-length-cast"),
        Case::bad(
            "a.rs",
            "fn f(m: &HashMap<u8, u8>) -> [u8; 2] { (m.len() as u16).to_be_bytes() } //~ lossy-length-cast",
        ),
        Case::bad("a.rs", "fn f(items: &[Item]) { write_header(items.len() as u8); } //~ lossy-length-cast"),
        Case::bad("a.rs", "fn f(s: &str) -> u8 { s.chars().count() as u8 } //~ lossy-length-cast"),
        Case::bad(
            "a.rs",
            "struct P { data: Vec<u8> }\nimpl P { fn len16(&self) -> u16 { self.data.len() as u16 } } //~ lossy-length-cast",
        ),
        Case::good("a.rs", "fn f(v: &[u8]) -> Result<u16, E> { Ok(u16::try_from(v.len())?) }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> u64 { v.len() as u64 }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> u32 { v.len() as u32 }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> u16 { assert!(v.len() <= u16::MAX as usize); v.len() as u16 }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> u8 { if v.len() > 255 { return 0; } v.len() as u8 }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> u8 { (v.len() & 0xff) as u8 }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> u8 { v.len().min(255) as u8 }"),
        Case::good("a.rs", "fn f(n: usize) -> u8 { n as u8 }"),
        Case::near_miss("a.rs", "fn f(v: &[u8; 16]) -> u8 { v.len() as u8 }"),
        Case::near_miss("a.rs", "const NAMES: [&str; 3] = [\"a\", \"b\", \"c\"];\nfn f() -> u8 { NAMES.len() as u8 }"),
        Case::near_miss("a.rs", "fn f(v: &[u8]) -> u8 { debug_assert!(v.len() < 256); v.len() as u8 }"),
        Case::near_miss("a.rs", "fn f() -> u8 { b\"abc\".len() as u8 }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(value), Some(ty)) = (node.child(Field::Value), node.child(Field::Type)) else { return };
    if !matches!(ty.text(), "u8" | "u16" | "i8" | "i16") {
        return;
    }
    let Some((of, counted)) = plain_method(value).filter(|(_, m)| matches!(*m, "len" | "count")) else { return };
    let literal = matches!(of.kind(), Kind::StringLiteral | Kind::ArrayExpression);
    let constant = last_name(of.text()).chars().all(|c| c.is_uppercase() || c == '_' || c.is_numeric());
    let known = type_of(of, cx);
    if literal
        || constant
        || known.as_ref().is_some_and(|t| t.name == "[;]")
        || counted == "count" && !is_iterator(of, cx)
    {
        return;
    }
    // `len` of an unknown type may be a small number already.
    if counted == "len"
        && !known.is_some_and(|t| {
            matches!(
                t.name,
                "Vec" | "[]" | "str" | "String" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "VecDeque"
            )
        })
    {
        return;
    }
    let home = enclosing_function(node).unwrap_or_else(|| cx.arena().root());
    let asked = value.text();
    let checked = home.descendants().any(|n| match n.kind() {
        Kind::BinaryExpression if matches!(operator(n), "<" | ">" | "<=" | ">=" | "==") => n.text().contains(asked),
        Kind::ScopedIdentifier => n.text().ends_with("::MAX"),
        Kind::MacroInvocation => macro_name(n).contains("assert") && n.text().contains("len"),
        Kind::MatchExpression => n.child(Field::Value).is_some_and(|v| v.text() == asked),
        _ => false,
    });
    if checked {
        return;
    }
    let message =
        format!("`as {0}` drops the upper bits of a length that is too large. `{0}::try_from` tells.", ty.text());
    cx.report(Note::new(cx.rule, node.span(), message));
}
