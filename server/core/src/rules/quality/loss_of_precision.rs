use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "loss-of-precision",
    summary: "a number is too large to be kept exactly",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[681],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds whole numbers in the code that a double cannot hold: it has 53 bits.",
        why: "The program works with another number than the one that is written: `9007199254740993` is \
              `9007199254740992`. Ids and sums come out wrong.",
        example: "const id = 9007199254740993;",
        instead: "const id = 9007199254740993n;",
        limits: "Fractions and numbers with an exponent are approximations anyway and are left alone, as are large numbers \
              that happen to be exact.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::Number], check)],
    cases: &[
        Case::near_miss("a.js", "buf[0] = size / 72057594037927940; // 2**56"),
        Case::bad("a.js", "const id = 9007199254740993; //~ loss-of-precision"),
        Case::bad("a.js", "const big = 0x20000000000001; //~ loss-of-precision"),
        Case::bad("a.js", "f(12345678901234567890); //~ loss-of-precision"),
        Case::bad("a.js", "const n = -9007199254740995; //~ loss-of-precision"),
        Case::bad("a.ts", "const id: number = 5123000000000000001; //~ loss-of-precision"),
        Case::bad("a.js", "const o = { id: 1152921504606846977 }; //~ loss-of-precision"),
        Case::bad("a.js", "const n = 9_007_199_254_740_993; //~ loss-of-precision"),
        Case::bad("a.js", "const b = 0b100000000000000000000000000000000000000000000000000001; //~ loss-of-precision"),
        Case::bad("a.js", "const u64 = 0xffffffffffffffff; //~ loss-of-precision"),
        Case::good("a.js", "const id = 9007199254740993n;"),
        Case::good("a.js", "const id = 9007199254740992;"),
        Case::good("a.js", "const max = 9007199254740991;"),
        Case::good("a.js", "const pi = 3.141592653589793238462643383279;"),
        Case::good("a.js", "const big = 1e21;"),
        Case::good("a.js", "const u32 = 0xffffffff;"),
        Case::good("a.js", "const n = 10000000000000000000000;"),
        Case::good("a.js", "const s = '9007199254740993';"),
        Case::near_miss("a.js", "const two64 = 18446744073709551616;"),
        Case::near_miss("a.js", "const n = 1_000_000_000_000_000_000;"),
        Case::near_miss("a.js", "const h = 0x8000000000000000;"),
        Case::near_miss("a.js", "const x = 5e-324;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text: String = node.text().chars().filter(|c| *c != '_').collect();
    // 2^53 has 16 digits, and 14 in hexadecimal.
    if text.len() < 15 || text.ends_with('n') {
        return;
    }
    let lower = text.to_ascii_lowercase();
    let value = if let Some(hex) = lower.strip_prefix("0x") {
        u128::from_str_radix(hex, 16)
    } else if let Some(bits) = lower.strip_prefix("0b") {
        u128::from_str_radix(bits, 2)
    } else if let Some(octal) = lower.strip_prefix("0o") {
        u128::from_str_radix(octal, 8)
    } else {
        lower.parse()
    };
    let Ok(value) = value else { return };
    let kept = value as f64;
    if kept as u128 == value {
        return;
    }
    // What a program prints of a double reads back as the same one: `72057594037927940` is 2 ** 56.
    if kept.to_string() == lower {
        return;
    }
    let message =
        format!("{} is kept as {kept}: a number holds 53 bits. Use a BigInt (`{0}n`) or a string.", node.text());
    cx.report(Note::new(cx.rule, node.span(), message));
}
