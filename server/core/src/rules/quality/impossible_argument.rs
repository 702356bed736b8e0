use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, integer, tail};
use crate::rules::rust_names::{Origin, binding};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, bare, constant, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "impossible-argument",
    summary: "an argument makes the call useless or makes it panic",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[628],
    families: &[Family::Rust, Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds ranges that run backwards (`9..0` in a loop or a slice, `n..0` of a number without sign), `step_by(0)`, `chunks(0)` and `windows(0)`, `splitn(0, ..)` and `splitn(1, ..)`, `clamp` and `min`/`max` with their bounds swapped, and indexes beyond the end of an array whose length is written. In JavaScript: `replaceAll` and `matchAll` with an expression without `g`, and months after December (`new Date(2024, 12, 25)`).",
        why: "The loop never runs, the call panics every time, or the value is always the same. The numbers were meant to stand the other way round.",
        example: "for i in 10..0 { count_down(i); }",
        instead: "for i in (0..10).rev() { count_down(i); }",
        limits: "Only numbers that are written in the source.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::RangeExpression], range),
        Check::Nodes(&[Kind::CallExpression], call),
        Check::Nodes(&[Kind::IndexExpression], index),
        Check::Nodes(&[Kind::CallExpression, Kind::NewExpression], ecma),
    ],
    cases: &[
        Case::bad("a.ts", "export const dashes = (s: string) => s.replaceAll(/ +/, '-'); //~ impossible-argument"),
        Case::bad("a.js", "for (const m of text.matchAll(/a(b)/)) { go(m); } //~ impossible-argument"),
        Case::bad("a.js", "const eve = new Date(2023, 12, 31, 23, 59); //~ impossible-argument"),
        Case::bad("a.ts", "const clean = input.trim().replaceAll(/x/i, ''); //~ impossible-argument"),
        Case::bad("a.ts", "const found = Array.from(line.matchAll(/k=(\\w+)/)); //~ impossible-argument"),
        Case::good("a.js", "const t = text.replaceAll(/a/g, 'b');"),
        Case::good("a.js", "const t = text.replaceAll('a', 'b');"),
        Case::good("a.js", "for (const m of text.matchAll(/a/gi)) { go(m); }"),
        Case::good("a.js", "const t = text.replace(/a/, 'b');"),
        Case::bad("a.js", "const eve = (year) => new Date(year, 12, 31); //~ impossible-argument"),
        Case::bad("a.rs", "fn f(n: usize) { for i in n..0 { go(i); } } //~ impossible-argument"),
        Case::bad("a.rs", "fn f(v: &[u8]) { for i in v.len() - 1..0 { go(v[i]); } } //~ impossible-argument"),
        Case::near_miss("a.rs", "fn f(n: i32) { for i in n..0 { go(i); } for i in -5..0 { go(i); } }"),
        Case::good("a.js", "const d = new Date(2024, 11, 25);"),
        Case::good("a.ts", "const d = new Date(2024, month, 25);"),
        Case::good("a.ts", "const d = new Date('2024-12-25');"),
        Case::good("a.ts", "const all = [...text.matchAll(new RegExp(word, 'g'))];"),
        Case::near_miss("a.js", "const t = text.replaceAll(pattern, 'b'); const d = new Day(2024, 12, 25);"),
        Case::near_miss("a.js", "const end = new Date(2024, 12, 0).getDate(); const n = list.max(3).min(9);"),
        Case::bad("a.js", "const t = text.replaceAll(/a/, 'b'); //~ impossible-argument"),
        Case::bad("a.ts", "const RE = /a/i;\nexport const all = [...text.matchAll(RE)]; //~ impossible-argument"),
        Case::bad("a.js", "const day = new Date(2024, 12, 25); //~ impossible-argument"),
        Case::near_miss("a.js", "const t = text.replaceAll(/a/g, 'b').replaceAll('c', 'd').replace(/e/, 'f');"),
        Case::near_miss(
            "a.js",
            "const last = new Date(2024, 12, 0); const d = new Date(year, 12, 1); const s = z.number().max(0).min(5);",
        ),
        Case::bad("a.rs", "fn f() { for i in 10..0 { go(i); } } //~ impossible-argument"),
        Case::bad("a.rs", "fn f(v: &[u8]) -> &[u8] { &v[5..2] } //~ impossible-argument"),
        Case::bad("a.rs", "fn f(v: &[u8]) { for x in v.iter().step_by(0) { go(x); } } //~ impossible-argument"),
        Case::bad("a.rs", "fn f(v: &[u8]) { for x in v.chunks(0) { go(x); } } //~ impossible-argument"),
        Case::bad("a.rs", "fn f(s: &str) { for p in s.splitn(1, ',') { go(p); } } //~ impossible-argument"),
        Case::bad("a.rs", "fn f(x: u8) -> u8 { x.max(100).min(0) } //~ impossible-argument"),
        Case::bad("a.rs", "fn f(x: i32) -> i32 { x.clamp(10, 1) } //~ impossible-argument"),
        Case::bad("a.rs", "fn f() -> u8 { let a = [1, 2, 3]; a[3] } //~ impossible-argument"),
        Case::bad("a.rs", "fn f(a: [u8; 4]) -> u8 { a[4] } //~ impossible-argument"),
        Case::bad("a.rs", "fn f() { (9..=3).for_each(|i| go(i)); } //~ impossible-argument"),
        Case::good("a.rs", "fn f() { for i in 0..10 { go(i); } }"),
        Case::good("a.rs", "fn f() { for i in (0..10).rev() { go(i); } }"),
        Case::good("a.rs", "fn f(v: &[u8]) { for x in v.iter().step_by(2) { go(x); } }"),
        Case::good("a.rs", "fn f(s: &str) { for p in s.splitn(2, ',') { go(p); } }"),
        Case::good("a.rs", "fn f(x: u8) -> u8 { x.max(0).min(100) }"),
        Case::good("a.rs", "fn f(x: i32) -> i32 { x.clamp(1, 10) }"),
        Case::good("a.rs", "fn f() -> u8 { let a = [1, 2, 3]; a[2] }"),
        Case::good("a.rs", "fn f(n: i32) -> bool { n > 10 || n < 0 }"),
        Case::near_miss("a.rs", "fn f() { assert!((5..3).is_empty()); let r = 5..3; go(r); }"),
        Case::near_miss("a.rs", "fn f(v: &[u8]) -> &[u8] { &v[3..3] }"),
        Case::near_miss("a.rs", "fn f(a: &[u8]) -> u8 { a[4] }"),
        Case::near_miss("a.rs", "fn f(a: [u8; N]) -> u8 { a[4] }"),
    ],
};

fn range<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let mut ends = node.named_children();
    // `n..0` of numbers that are never below 0.
    if let (Some(from), Some(to)) = (node.first_named(), node.last_named())
        && from != to
        && integer(to) == Some(0)
        && integer(from).is_none()
        && !node.text().contains("..=")
        && node.field() == Field::Value
        && node.parent().is_some_and(|p| p.kind() == Kind::ForExpression)
    {
        let counted = method(from).is_some_and(|(_, m)| m.text() == "len") || from.text().contains(".len() ");
        if counted || type_of(from, cx).is_some_and(|t| crate::rules::rust_types::is_unsigned(t.name)) {
            let message =
                "This range is empty, and the loop never runs. To count down, turn it round: `(0..high).rev()`.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        return;
    }
    let (Some(a), Some(b)) = (ends.next().and_then(integer), ends.next().and_then(integer)) else { return };
    if a <= b {
        return;
    }
    let mut at = node;
    while let Some(p) = at.parent().filter(|p| p.kind() == Kind::ParenthesizedExpression) {
        at = p;
    }
    let Some(parent) = at.parent() else { return };
    let message = match parent.kind() {
        Kind::ForExpression if at.field() == Field::Value => {
            "This range is empty, and the loop never runs. To count down, turn it round: `(low..high).rev()`."
        }
        Kind::IndexExpression => "The range ends before it starts: taking this slice panics.",
        Kind::FieldExpression
            if call_on(at).is_some_and(|(_, n)| {
                matches!(n.text(), "for_each" | "map" | "rev" | "filter" | "step_by" | "collect" | "sum")
            }) =>
        {
            "This range is empty: nothing comes out of it."
        }
        _ => return,
    };
    cx.report(Note::new(cx.rule, node.span(), message));
}

fn call<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let Some((of, name)) = method(node) else { return };
    let mut numbers = args(node).map(integer);
    let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
    let Some(n) = first else { return };
    let message = match (name.text(), n) {
        ("step_by", 0) => "`step_by(0)` panics: there is no next element.".to_owned(),
        ("chunks" | "chunks_exact" | "rchunks" | "windows" | "chunks_mut" | "array_chunks", 0) => {
            format!("`{}(0)` panics: a piece holds one element at least.", name.text())
        }
        ("splitn" | "rsplitn", 0 | 1) if args(node).count() == 2 => format!(
            "`{0}({n}, ..)` does not split anything. The number is that of the parts, not of the cuts.",
            name.text()
        ),
        ("clamp", low) if second.is_some_and(|high| high < low) => {
            "`clamp` panics when its lower bound is the greater one.".to_owned()
        }
        ("min" | "max", outer) => {
            let Some((_, inner_name)) = method(of) else { return };
            let Some(inner) = args(of).next().and_then(integer) else { return };
            let swapped = match (name.text(), inner_name.text()) {
                ("min", "max") => inner > outer,
                ("max", "min") => inner < outer,
                _ => false,
            };
            if !swapped {
                return;
            }
            format!("The result is {outer}, whatever the value: the bounds stand the wrong way round.")
        }
        _ => return,
    };
    cx.report(Note::new(cx.rule, tail(name, node), message));
}

fn ecma<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    if node.kind() == Kind::NewExpression {
        let number = |a: Node<'_>| bare(a).text().parse::<u32>().ok();
        let mut arguments = args(node).map(number);
        let (_, month, day) = (arguments.next().flatten(), arguments.next().flatten(), arguments.next().flatten());
        // Day 0 of the next month is the last one of this, and day 1 the end of the year.
        let next_year = month == Some(12) && day.is_some_and(|d| d > 1);
        if next_year && node.child(Field::Constructor).is_some_and(|c| c.text() == "Date") {
            let message = "Months count from 0: this is January of the next year. December is 11.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        return;
    }
    let Some((_, name)) = method(node).filter(|(_, n)| matches!(n.text(), "replaceAll" | "matchAll")) else { return };
    let Some(pattern) = args(node).next().map(constant).filter(|p| p.kind() == Kind::Regex) else { return };
    let flags = pattern.text().rsplit('/').next().unwrap_or_default();
    if flags.chars().all(|c| c.is_ascii_lowercase()) && !flags.contains('g') {
        let message = format!("`{}` throws a `TypeError` for an expression without the flag `g`. Add it.", name.text());
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn index<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let mut parts = node.named_children();
    let (Some(base), Some(n)) = (parts.next(), parts.next().and_then(integer)) else { return };
    let Some(ty) = type_of(base, cx).filter(|t| t.name == "[;]") else { return };
    let written = ty.length.and_then(|l| l.trim().parse::<i128>().ok());
    // A literal that a fixed variable holds.
    let listed = || {
        let bound = binding(base).filter(|b| b.is_plain())?;
        let Origin::Let(declared) = bound.origin else { return None };
        let value = declared.child(Field::Value).filter(|v| v.kind() == Kind::ArrayExpression)?;
        match value.child(Field::Length) {
            Some(length) => integer(length),
            None => i128::try_from(value.named_children().filter(|c| c.kind() != Kind::AttributeItem).count()).ok(),
        }
    };
    if let Some(length) = written.or_else(listed).filter(|l| n >= *l) {
        let message = format!("The array has {length} elements: the last one is at {}. This panics.", length - 1);
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
