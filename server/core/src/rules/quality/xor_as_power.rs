use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::{bare, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "xor-as-power",
    summary: "`^` is no power: it is exclusive or",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[480, 682],
    families: &[Family::Rust, Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `2 ^ 8`, `2 ^ bits`, `10 ^ 6` and the like: the base of a power in decimal on the left of `^`.",
        why: "`2 ^ 8` is 10, not 256.",
        example: "const MAX: u32 = 2 ^ 16;",
        instead: "const MAX: u32 = 1 << 16;",
        limits: "Only for 2 and 10 in decimal on the left, and constants, or names that speak of an exponent, on the right; hexadecimal and binary numbers are masks.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::bad("a.ts", "const wait = (job: Job) => Math.min(1000 * 2 ^ job.attempts, 60_000); //~ xor-as-power"),
        Case::near_miss("a.ts", "const seed = (job: Job) => job.attempts ^ 2;"),
        Case::bad("a.rs", "fn f() -> u32 { 2 ^ 16 } //~ xor-as-power"),
        Case::bad("a.rs", "const MAX: u64 = 10 ^ 6; //~ xor-as-power"),
        Case::bad("a.rs", "fn f(bits: u32) -> u32 { 2 ^ bits } //~ xor-as-power"),
        Case::bad("a.rs", "fn f(exponent: u32) -> u32 { 10 ^ exponent } //~ xor-as-power"),
        Case::bad("a.js", "const max = 2 ^ 32; //~ xor-as-power"),
        Case::bad("a.js", "const factor = 10 ^ decimals; //~ xor-as-power"),
        Case::bad("a.ts", "const size: number = 2 ^ depth; //~ xor-as-power"),
        Case::bad("a.js", "const x = n / (10 ^ 3); //~ xor-as-power"),
        Case::bad("a.rs", "fn f(n: u32) -> u32 { n * 2 ^ 10 } //~ xor-as-power"),
        Case::good("a.rs", "fn f() -> u32 { 1 << 16 }"),
        Case::good("a.rs", "fn f() -> u32 { 0x2 ^ 0x10 }"),
        Case::good("a.rs", "fn f(a: u32, b: u32) -> u32 { a ^ b }"),
        Case::good("a.rs", "fn f(x: u32) -> u32 { x ^ 1 }"),
        Case::good("a.js", "const max = 2 ** 32;"),
        Case::good("a.js", "const x = a ^ b;"),
        Case::good("a.js", "const x = 0b10 ^ mask;"),
        Case::good("a.js", "const x = 2 ^ mask;"),
        Case::near_miss("a.rs", "fn f() -> u32 { 1 ^ 3 }"),
        Case::near_miss("a.rs", "fn f(flags: u32) -> u32 { flags ^ 2 }"),
        Case::near_miss("a.js", "const x = 2 ^ 0x10;"),
        Case::near_miss("a.js", "const n = 3 ^ 2;"),
        Case::bad("a.ts", "const KB = 2 ^ 10; //~ xor-as-power"),
        Case::bad("a.ts", "export const limit = 10 ^ 6; //~ xor-as-power"),
        Case::bad("a.ts", "function f() { return 1000 * (2 ^ 8); } //~ xor-as-power"),
        Case::bad("a.ts", "const max = 2 ^ 32; //~ xor-as-power"),
        Case::good("a.ts", "const KB = 2 ** 10;"),
        Case::good("a.ts", "const flip = (a: number) => a ^ 1;"),
        Case::good("a.ts", "const mix = (a: number, b: number) => a ^ b;"),
        Case::good("a.ts", "const mask = 0xff ^ 0x0f;"),
        Case::near_miss("a.ts", "let h = 5381; h = h * 33 ^ c;"),
        Case::near_miss("a.ts", "const bits = FLAG_A ^ FLAG_B;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if operator(node) != "^" {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    // `n * 2 ^ 10` is `(n * 2) ^ 10`.
    let last = if left.kind() == Kind::BinaryExpression && operator(left) == "*" {
        left.last_named().unwrap_or(left)
    } else {
        left
    };
    let (base, exponent) = (bare(last).text(), bare(right));
    let plain = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit());
    if !matches!(base, "2" | "10") {
        return;
    }
    let named = place_name(exponent).is_some_and(|n| {
        words(&n).iter().any(|w| {
            matches!(
                w.as_str(),
                "attempt"
                    | "attempts"
                    | "retries"
                    | "retry"
                    | "bits"
                    | "bit"
                    | "exponent"
                    | "exp"
                    | "power"
                    | "decimals"
                    | "digits"
                    | "depth"
                    | "precision"
                    | "width"
            )
        })
    });
    let number = plain(exponent.text()) && exponent.text().len() < 4;
    let letter = matches!(exponent.text(), "n" | "k" | "e" | "p") && last == left;
    if !named && !number && !letter {
        return;
    }
    let rust = cx.family() == Family::Rust;
    let value = match (bare(left).text().parse::<u64>(), exponent.text().parse::<u64>()) {
        (Ok(b), Ok(e)) => format!(": this is {}", b ^ e),
        _ => String::new(),
    };
    let instead = match (rust, base) {
        (true, "2") => format!("1 << {}", exponent.text()),
        (true, _) => format!("{base}u64.pow({})", exponent.text()),
        (false, _) => format!("{base} ** {}", exponent.text()),
    };
    let message = format!("`^` is exclusive or, not a power{value}. Write `{instead}`.");
    let span = last.span().to(right.span());
    let instead = if rust && base == "2" && last != left { format!("({instead})") } else { instead };
    cx.report(Note::new(cx.rule, node.span(), message).suggestion("Write the power", vec![(span, instead)]));
}
