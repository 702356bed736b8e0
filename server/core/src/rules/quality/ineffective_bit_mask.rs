use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::computed;
use crate::rules::shape::{operands, operator};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "ineffective-bit-mask",
    summary: "a comparison with a masked value has one outcome only",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[570, 571],
    families: &[Family::Rust, Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds comparisons of `x & mask` or `x | mask` with a constant that always come out the same, or for which the mask changes nothing.",
        why: "The bits that the constant asks for are never there, or always: the check does not check. Mostly the mask or the constant is the wrong one, or `==` was meant to have another one beside it.",
        example: "if flags & 0b0110 == 0b1000 { stop(); }",
        instead: "if flags & 0b1110 == 0b1000 { stop(); }",
        limits: "Both must be numbers, sums and products of numbers, or such constants of the same file.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.js", "const f = (x) => (x & 4) === 2; //~ ineffective-bit-mask"),
        Case::bad("a.js", "if ((flags & 0xf0) == 0x0f) { go(); } //~ ineffective-bit-mask"),
        Case::bad("a.ts", "function f(x: number) { return (x & 3) > 3; } //~ ineffective-bit-mask"),
        Case::bad("a.ts", "function f(x: number) { return (x & 7) < 8; } //~ ineffective-bit-mask"),
        Case::bad("a.js", "const f = (x) => (x & 0) === 0; //~ ineffective-bit-mask"),
        Case::bad("a.js", "const f = (x) => 4 !== (x & 3); //~ ineffective-bit-mask"),
        Case::bad("a.js", "const f = (x) => (x & 0b101) === 0b010; //~ ineffective-bit-mask"),
        Case::bad("a.js", "while ((node.mode & 1) !== 2) { node = node.next; } //~ ineffective-bit-mask"),
        Case::good("a.js", "const f = (x) => (x & 4) === 4;"),
        Case::good("a.js", "const f = (x) => (x & 0xf0) !== 0;"),
        Case::good("a.js", "const f = (x, m) => (x & m) === 2;"),
        Case::good("a.js", "const f = (x) => (x & 6) === 2;"),
        Case::good("a.js", "const f = (x) => (x & 3) >= 2;"),
        Case::good("a.js", "const f = (x) => (x ^ 1) === 2;"),
        Case::good("a.ts", "const f = (x: number) => (x & FLAG) === OTHER;"),
        Case::good("a.ts", "const f = (x: number) => (x & 7) < 7;"),
        Case::near_miss("a.js", "const f = (x) => (x | 1) > 0;"),
        Case::near_miss("a.js", "const f = (x) => (x & 0x80000000) < 0;"),
        Case::near_miss("a.js", "const f = (x) => (x & (1 << 3)) === 8;"),
        Case::near_miss("a.js", "const f = (x) => (x & ~3) === 4;"),
        Case::bad("a.rs", "fn f(x: u32) -> bool { x & 1 == 2 } //~ ineffective-bit-mask"),
        Case::bad("a.rs", "fn f(x: u32) -> bool { (x & 0xf0) == 0x0f } //~ ineffective-bit-mask"),
        Case::bad("a.rs", "fn f(x: u32) -> bool { x | 1 == 0 } //~ ineffective-bit-mask"),
        Case::bad(
            "a.rs",
            "const MASK: u32 = 0x10;\nfn f(x: u32) -> bool { x & MASK == 0x20 } //~ ineffective-bit-mask",
        ),
        Case::bad("a.rs", "fn f(x: u32) -> bool { x & 3 > 3 } //~ ineffective-bit-mask"),
        Case::bad("a.rs", "fn f(x: u32) -> bool { x & 7 < 8 } //~ ineffective-bit-mask"),
        Case::bad("a.rs", "fn f(x: u32) -> bool { x & 0 == 0 } //~ ineffective-bit-mask"),
        Case::bad("a.rs", "fn f(x: u32) -> bool { 4 != x & 3 } //~ ineffective-bit-mask"),
        Case::bad("a.rs", "fn f(x: u32) -> bool { x | 8 < 8 } //~ ineffective-bit-mask"),
        Case::good("a.rs", "fn f(x: u32) -> bool { x & 1 == 1 }"),
        Case::good("a.rs", "fn f(x: u32) -> bool { x & 0xf0 == 0 }"),
        Case::good("a.rs", "fn f(x: u32) -> bool { x | 1 == 3 }"),
        Case::good("a.rs", "fn f(x: u32, m: u32) -> bool { x & m == 2 }"),
        Case::good("a.rs", "fn f(x: u32) -> bool { x & 3 >= 2 }"),
        Case::good("a.rs", "fn f(x: u32) -> bool { x & 6 != 4 }"),
        Case::good("a.rs", "fn f(x: u32) -> bool { x ^ 1 == 2 }"),
        Case::good("a.rs", "fn f(a: bool, b: bool) -> bool { a & b == true }"),
        Case::near_miss("a.rs", "fn f(x: u32) -> bool { x & (1 << 3) == 8 }"),
        Case::near_miss("a.rs", "fn f(x: u32) -> bool { x & !3 == 4 }"),
        Case::near_miss("a.rs", "fn f(x: u32) -> bool { x & MASK == 0x20 }"),
        Case::near_miss("a.rs", "fn f(x: u32) -> bool { x & 7 < 7 }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((left, right)) = operands(node) else { return };
    let op = operator(node);
    let (masked, constant, op) = match (value(left, cx), value(right, cx)) {
        (None, Some(c)) => (bare(left), c, op),
        (Some(c), None) => (bare(right), c, flipped(op)),
        _ => return,
    };
    if masked.kind() != Kind::BinaryExpression {
        return;
    }
    let Some((a, b)) = operands(masked) else { return };
    let Some(mask) = value(b, cx).or_else(|| value(a, cx)) else { return };
    let (c, m) = (constant, mask);
    // JavaScript's bits have a sign: `x | 1` may be negative, and so may a mask with the highest bit.
    let signed = cx.family() == Family::Ecma && (operator(masked) != "&" || m > 0x7fff_ffff);
    if c < 0 || m < 0 || signed {
        return;
    }
    let outcome = match (operator(masked), op) {
        ("&", "==" | "!=" | "===" | "!==") if c & !m != 0 => Some(op.starts_with('!')),
        ("&", "==" | "!=" | "===" | "!==") if m == 0 => Some((c == 0) == op.starts_with('=')),
        ("&", "<") if m < c => Some(true),
        ("&", "<=") if m <= c => Some(true),
        ("&", ">") if m <= c => Some(false),
        ("&", ">=") if m < c => Some(false),
        ("|", "==" | "!=") if c & m != m => Some(op == "!="),
        ("|", ">") if m > c => Some(true),
        ("|", ">=") if m >= c && m > 0 => Some(true),
        ("|", "<") if m >= c && m > 0 => Some(false),
        ("|", "<=") if m > c => Some(false),
        _ => None,
    };
    let Some(outcome) = outcome else { return };
    let message = format!(
        "With the mask `{m:#x}` this is always {outcome}, whatever the value. The mask or the constant is not the one that was meant."
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// The number that an expression is.
fn value(node: Node<'_>, cx: &Cx<'_>) -> Option<i128> {
    if cx.family() != Family::Ecma {
        return computed(node, cx);
    }
    let node = bare(node);
    if node.kind() != Kind::Number {
        return None;
    }
    let text = node.text().replace('_', "");
    let digits = |prefix: &str, radix: u32| text.strip_prefix(prefix).and_then(|d| i128::from_str_radix(d, radix).ok());
    text.parse().ok().or_else(|| digits("0x", 16)).or_else(|| digits("0b", 2)).or_else(|| digits("0o", 8))
}

fn flipped(op: &str) -> &str {
    match op {
        "<" => ">",
        ">" => "<",
        "<=" => ">=",
        ">=" => "<=",
        other => other,
    }
}
