use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::{is_signed, is_unsigned, type_of};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "abs-then-cast",
    summary: "`abs` overflows for the smallest number before it becomes unsigned",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[190],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `x.abs() as u32` of a signed integer.",
        why: "The smallest number has no positive counterpart of its type: `i32::MIN.abs()` panics in a debug build and stays negative in a release build. `unsigned_abs` is right for every number.",
        example: "let distance = (a - b).abs() as u64;",
        instead: "let distance = (a - b).unsigned_abs();",
        limits: "Only where the source tells that it is an integer.",
        fix: "`abs` becomes `unsigned_abs`, which gives the unsigned type of the same width; the cast stays.",
    },
    checks: &[Check::Nodes(&[Kind::TypeCastExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(x: i32) -> u32 { x.abs() as u32 } //~ abs-then-cast"),
        Case::bad("a.rs", "fn f(x: i64, y: i64) -> usize { (x - y).abs() as usize } //~ abs-then-cast"),
        Case::bad("a.rs", "fn f(x: &[i16]) -> u16 { let n: i16 = x[0]; n.abs() as u16 } //~ abs-then-cast"),
        Case::bad("a.rs", "struct P { dx: i32 }\nfn f(p: &P) -> u64 { p.dx.abs() as u64 } //~ abs-then-cast"),
        Case::good("a.rs", "fn f(x: i32) -> u32 { x.unsigned_abs() }"),
        Case::good("a.rs", "fn f(x: f32) -> u32 { x.abs() as u32 }"),
        Case::good("a.rs", "fn f(x: i32) -> i64 { x.abs() as i64 }"),
        Case::good("a.rs", "fn f(x: i32) -> f64 { x.abs() as f64 }"),
        Case::near_miss("a.rs", "fn f(p: Path) -> usize { p.abs() as usize }"),
        Case::near_miss("a.rs", "fn f(x: i32) -> u32 { x.wrapping_abs() as u32 }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(value), Some(ty)) = (node.child(Field::Value).map(unparenthesized), node.child(Field::Type)) else {
        return;
    };
    let Some((of, name)) = method(value).filter(|(_, n)| n.text() == "abs") else { return };
    if !is_unsigned(ty.text()) || args(value).next().is_some() {
        return;
    }
    if !type_of(of, cx).is_some_and(|t| is_signed(t.name)) {
        return;
    }
    let message =
        "The smallest number of its type has no `abs`: it panics or stays negative. `unsigned_abs` is right for all.";
    let fix = vec![(name.span(), "unsigned_abs".to_owned())];
    cx.report(Note::new(cx.rule, node.span(), message).safe_fix("Use `unsigned_abs`", fix));
}
