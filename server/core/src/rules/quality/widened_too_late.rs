use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::integer;
use crate::rules::rust_names::visible;
use crate::rules::rust_types::{macro_name, type_of, type_of_binding};
use crate::rules::shape::{operands, operator};
use crate::rules::support::enclosing_function;
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "widened-too-late",
    summary: "a product is cast to a wider type after it may have overflowed",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[190, 681],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `(w * h) as usize` and the like, where both factors are variables of a narrower integer type, sums of bytes (`(a + b) as u16`), and quotients of whole numbers that become floating point (`(a / b) as f64`).",
        why: "The multiplication is done in the narrow type: 70,000 times 70,000 in `u32` wraps around (or panics in debug builds), and the wide type gets what is left. As the size of a buffer that is too small.",
        example: "let size = (width * height * 4) as usize;",
        instead: "let size = width as usize * height as usize * 4;",
        limits: "Only where the source tells the narrow types: of parameters, fields and annotations. Checked and wrapping arithmetic, and functions that compare a factor with a limit, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::TypeCastExpression], check), Check::Nodes(&[Kind::MacroInvocation], in_vec)],
    cases: &[
        Case::bad("a.rs", "fn f(w: u32, h: u32) -> usize { (w * h * 4) as usize } //~ widened-too-late"),
        Case::bad("a.rs", "fn f(w: u32, h: u32) -> Vec<u8> { vec![0; (w * h) as usize] } //~ widened-too-late"),
        Case::bad(
            "a.rs",
            "struct I { w: u16, h: u16 }\nimpl I { fn f(&self) -> u32 { (self.w * self.h) as u32 } } //~ widened-too-late",
        ),
        Case::bad("a.rs", "fn f(a: i32, b: i32) -> i64 { let x = (a * b) as i64; x } //~ widened-too-late"),
        Case::good("a.rs", "fn f(w: u32, h: u32) -> usize { w as usize * h as usize * 4 }"),
        Case::good("a.rs", "fn f(w: u32) -> usize { (w * 4) as usize }"),
        Case::good("a.rs", "fn f(w: u64, h: u64) -> u32 { (w * h) as u32 }"),
        Case::good("a.rs", "fn f(w: u32, h: u32) -> f64 { (w * h) as f64 }"),
        Case::bad("a.rs", "fn f(a: u8, b: u8) -> u16 { (a + b) as u16 } //~ widened-too-late"),
        Case::bad("a.rs", "fn f(hits: u64, all: u64) -> f64 { (hits / all) as f64 } //~ widened-too-late"),
        Case::good("a.rs", "fn f(hits: f64, all: f64) -> f32 { (hits / all) as f32 }"),
        Case::good("a.rs", "fn f(bytes: u64) -> f64 { (bytes / 1024) as f64 }"),
        Case::bad("a.rs", "fn f(n: u64, from: u64, to: u64) -> f64 { (n / (to - from)) as f64 } //~ widened-too-late"),
        Case::near_miss(
            "a.rs",
            "fn f(w: u32, h: u32) -> Option<usize> { if w > 4096 || h > 4096 { return None; } Some((w * h) as usize) }",
        ),
        Case::near_miss("a.rs", "fn f(w: u32, h: u32) -> usize { w.wrapping_mul(h) as usize }"),
    ],
};

fn width(ty: &str) -> Option<u32> {
    Some(match ty {
        "u8" | "i8" => 8,
        "u16" | "i16" => 16,
        "u32" | "i32" => 32,
        "u64" | "i64" | "usize" | "isize" => 64,
        "u128" | "i128" => 128,
        _ => return None,
    })
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(value), Some(ty)) = (node.child(Field::Value), node.child(Field::Type)) else { return };
    let value = unparenthesized(value);
    if value.kind() != Kind::BinaryExpression {
        return;
    }
    if operator(value) == "/" && matches!(ty.text(), "f64" | "f32") {
        return quotient(value, ty.text(), cx);
    }
    let sum = operator(value) == "+";
    if !sum && operator(value) != "*" {
        return;
    }
    let Some(to) = width(ty.text()) else { return };
    let mut factors = vec![value];
    let mut variables: Vec<Node<'a>> = Vec::new();
    while let Some(n) = factors.pop() {
        let n = unparenthesized(n);
        if n.kind() == Kind::BinaryExpression && operator(n) == operator(value) {
            let Some((left, right)) = operands(n) else { return };
            factors.extend([left, right]);
        } else if integer(n).is_none()
            && !n.text().chars().all(|c| c.is_uppercase() || c.is_numeric() || matches!(c, '_' | ':'))
        {
            variables.push(n);
        }
    }
    let narrow = |n: &Node<'a>| {
        matches!(n.kind(), Kind::Identifier | Kind::FieldExpression)
            && type_of(*n, cx)
                .is_some_and(|t| t.refs == 0 && width(t.name).is_some_and(|w| w < to && w < if sum { 16 } else { 64 }))
    };
    if variables.len() < 2 || !variables.iter().all(narrow) {
        return;
    }
    let names: Vec<&str> = variables.iter().map(|v| v.text()).collect();
    if !asked(node, &names) {
        report(value.span(), ty.text(), cx);
    }
}

/// `(a / b) as f64`: whole numbers are divided, and what is left over is gone.
fn quotient<'a>(value: Node<'a>, ty: &str, cx: &mut Cx<'a>) {
    let Some((left, right)) = operands(value) else { return };
    let plain = |n: Node<'a>| {
        let n = unparenthesized(n);
        // `(to - from)`
        if n.kind() == Kind::BinaryExpression && matches!(operator(n), "+" | "-") {
            return operands(n).is_some_and(|(l, r)| {
                [l, r].iter().all(|o| matches!(o.kind(), Kind::Identifier | Kind::FieldExpression))
                    && type_of(l, cx).is_some_and(|t| t.is_integer() && !t.name.starts_with('{'))
            });
        }
        let read = matches!(n.kind(), Kind::Identifier | Kind::FieldExpression)
            || n.kind() == Kind::CallExpression && n.text().ends_with(".len()");
        let constant = n.text().chars().all(|c| c.is_uppercase() || c.is_numeric() || matches!(c, '_' | ':'));
        read && !constant && type_of(n, cx).is_some_and(|t| t.is_integer() && !t.name.starts_with('{'))
    };
    if plain(left) && plain(right) {
        let message = format!(
            "Whole numbers are divided here, and the rest is dropped; `as {ty}` comes too late. Cast both sides first."
        );
        cx.report(Note::new(cx.rule, value.span(), message));
    }
}

/// `vec![0; (w * h) as usize]`, whose inside is tokens.
fn in_vec<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if macro_name(node) != "vec" {
        return;
    }
    let product = node.descendants().filter(|n| n.kind() == Kind::TokenTree && n.text().starts_with('(')).find(|n| {
        n.next_sibling()
            .is_some_and(|a| a.text() == "as" && a.next_sibling().is_some_and(|t| matches!(t.text(), "usize" | "u64")))
    });
    let Some(product) = product else { return };
    let plain = product
        .children()
        .all(|t| matches!(t.text(), "(" | ")" | "*") || matches!(t.kind(), Kind::Identifier | Kind::IntegerLiteral));
    let names: Vec<Node<'a>> = product.children().filter(|t| t.kind() == Kind::Identifier).collect();
    let narrow = |n: &Node<'a>| {
        visible(node, n.text())
            .and_then(|b| type_of_binding(b, cx))
            .is_some_and(|t| t.refs == 0 && width(t.name).is_some_and(|w| w < 64))
    };
    if !plain || names.len() < 2 || !names.iter().all(narrow) {
        return;
    }
    let names: Vec<&str> = names.iter().map(|n| n.text()).collect();
    if !asked(node, &names) {
        report(product.span(), "usize", cx);
    }
}

/// Whether the function asks how large a factor is: it has thought of it.
fn asked(node: Node<'_>, names: &[&str]) -> bool {
    let home = enclosing_function(node).unwrap_or_else(|| node.arena().root());
    home.descendants().any(|n| match n.kind() {
        Kind::BinaryExpression if matches!(operator(n), "<" | ">" | "<=" | ">=") => {
            names.iter().any(|v| n.text().contains(v))
        }
        Kind::MacroInvocation => n.text().contains("assert") && names.iter().any(|v| n.text().contains(v)),
        Kind::FieldIdentifier => matches!(n.text(), "checked_mul" | "saturating_mul" | "min" | "clamp"),
        _ => false,
    })
}

fn report(at: Span, ty: &str, cx: &mut Cx<'_>) {
    let message =
        format!("The result is made in the narrow type and may not fit; `as {ty}` comes too late. Cast the operands.");
    cx.report(Note::new(cx.rule, at, message));
}
