use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{expression, statements};
use crate::rules::shape::{only_reads, operands, same};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "almost-swapped",
    summary: "two assignments look like a swap and lose one of the values",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[563],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `a = b; b = a;`.",
        why: "After the first line both hold the same, so that the second one does nothing and the old value of the first is lost.",
        example: "left = right;\nright = left;",
        instead: "std::mem::swap(&mut left, &mut right);",
        limits: "The two assignments must follow each other and mirror each other exactly.",
        fix: "A swap is suggested; it changes what the code does.",
    },
    checks: &[Check::Nodes(&[Kind::Block], check), Check::Nodes(&[Kind::ExpressionStatement], ecma)],
    cases: &[
        Case::bad("a.rs", "fn f(mut a: u8, mut b: u8) { a = b; b = a; go(a, b); } //~ almost-swapped"),
        Case::bad("a.rs", "fn f(p: &mut P) {\n    p.x = p.y; //~ almost-swapped\n    p.y = p.x;\n}"),
        Case::bad("a.rs", "fn f(v: &mut [u8], i: usize, j: usize) { v[i] = v[j]; v[j] = v[i]; } //~ almost-swapped"),
        Case::bad(
            "a.rs",
            "impl A { fn flip(&mut self) { self.front = self.back; self.back = self.front; } } //~ almost-swapped",
        ),
        Case::bad("a.rs", "fn f(a: &mut u8, b: &mut u8) { *a = *b; *b = *a; } //~ almost-swapped"),
        Case::bad("a.rs", "fn f(mut a: u8, mut b: u8) { if a > b { a = b; b = a; } go(a, b); } //~ almost-swapped"),
        Case::bad(
            "a.rs",
            "fn f(mut lo: f64, mut hi: f64) { while lo > hi {\n lo = hi; //~ almost-swapped\n hi = lo;\n} }",
        ),
        Case::bad("a.rs", "fn f(v: &mut [u8]) { v[0] = v[1]; v[1] = v[0]; } //~ almost-swapped"),
        Case::bad("a.ts", "function f(a: number, b: number) { a = b; b = a; return [a, b]; } //~ almost-swapped"),
        Case::bad("a.js", "function f(xs, i, j) { xs[i] = xs[j]; xs[j] = xs[i]; } //~ almost-swapped"),
        Case::good("a.js", "function f(a, b) { [a, b] = [b, a]; return a - b; }"),
        Case::near_miss("a.js", "function f(a, b) { const t = a; a = b; b = t; return [a, b]; }"),
        Case::good("a.rs", "fn f(mut a: u8, mut b: u8) { std::mem::swap(&mut a, &mut b); go(a, b); }"),
        Case::good("a.rs", "fn f(mut a: u8, mut b: u8) { let t = a; a = b; b = t; go(a, b); }"),
        Case::good("a.rs", "fn f(mut a: u8, mut b: u8) { a = b; b = 0; go(a, b); }"),
        Case::good("a.rs", "fn f(v: &mut [u8]) { v.swap(0, 1); }"),
        Case::good("a.rs", "fn f(mut a: u8, b: u8, mut c: u8) { a = b; c = a; go(a, c); }"),
        Case::good("a.rs", "fn f(mut a: u8, mut b: u8) { (a, b) = (b, a); go(a, b); }"),
        Case::good("a.rs", "fn f(mut a: u8, mut b: u8) { a += b; b += a; go(a, b); }"),
        Case::good("a.rs", "fn f(mut a: u8, mut b: u8) { a = b + 1; b = a; go(a, b); }"),
        Case::near_miss("a.rs", "fn f(p: &mut P, q: &mut P) { p.x = q.y; q.x = p.y; }"),
        Case::near_miss("a.rs", "fn f(mut a: u8, mut b: u8) { a = b; log(a); b = a; go(b); }"),
        Case::near_miss("a.rs", "fn f(it: &mut I) { *it.next() = *it.peek(); *it.peek() = *it.next(); }"),
        Case::near_miss("a.rs", "fn f(mut a: u8, mut b: u8) { a ^= b; b ^= a; a ^= b; go(a, b); }"),
        Case::near_miss(
            "a.ts",
            "class W { go(index: number) { this.active = index;\n index = this.active;\n return index; } }",
        ),
        Case::bad(
            "a.ts",
            "function f(a: number, b: number) {\n  a = b; //~ almost-swapped\n  b = a;\n  return a - b;\n}",
        ),
        Case::bad(
            "a.ts",
            "function f(xs: number[], i: number, j: number) {\n  xs[i] = xs[j]; //~ almost-swapped\n  xs[j] = xs[i];\n}",
        ),
        Case::bad(
            "a.ts",
            "class P { x = 1; y = 2; flip() {\n  this.x = this.y; //~ almost-swapped\n  this.y = this.x;\n} }",
        ),
        Case::bad("a.ts", "let lo = 1, hi = 2;\nif (lo > hi) {\n  lo = hi; //~ almost-swapped\n  hi = lo;\n}"),
        Case::bad("a.ts", "function f(p: Pair) {\n  p.first = p.second; //~ almost-swapped\n  p.second = p.first;\n}"),
        Case::bad(
            "a.ts",
            "function f(m: number[][], i: number, j: number) {\n  m[i][j] = m[j][i]; //~ almost-swapped\n  m[j][i] = m[i][j];\n}",
        ),
        Case::good("a.ts", "function f(a: number, b: number) { const t = a; a = b; b = t; return a - b; }"),
        Case::good("a.ts", "function f(a: number, b: number) { [a, b] = [b, a]; return a - b; }"),
        Case::good(
            "a.ts",
            "function f(xs: number[], i: number, j: number) { const t = xs[i]; xs[i] = xs[j]; xs[j] = t; }",
        ),
        Case::good("a.ts", "function f(a: number, b: number, c: number) { a = b; b = c; return a + b; }"),
        Case::good("a.ts", "function f(a: number, b: number) { a = b; b = a + 1; return a + b; }"),
        Case::good("a.ts", "class P { x = 1; y = 2; copy() { this.x = this.y; } }"),
        Case::good("a.ts", "function f(a: number, b: number) { a = b; go(a); b = a; return b; }"),
        Case::near_miss(
            "a.ts",
            "function f(el: HTMLInputElement, v: string) { el.value = v; v = el.value; return v; }",
        ),
        Case::near_miss("a.ts", "function f(a: number, next: () => number) { a = next(); let b = a; return b; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let all = statements(node);
    for pair in all.windows(2) {
        let (first, second) = (expression(pair[0]), expression(pair[1]));
        if first.kind() != Kind::AssignmentExpression || second.kind() != Kind::AssignmentExpression {
            continue;
        }
        let (Some((a, b)), Some((c, d))) = (operands(first), operands(second)) else { continue };
        if !same(a, d) || !same(b, c) || same(a, b) || !only_reads(a) || !only_reads(b) {
            continue;
        }
        let message = format!(
            "After this both are `{0}`, and the old value of `{1}` is lost: this is no swap. Use `std::mem::swap`.",
            b.text(),
            a.text()
        );
        let note =
            Note::new(cx.rule, first.span(), message).related(second.span(), "this assigns what is there already");
        cx.report(note);
    }
}

fn ecma<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let assigned = |s: Node<'a>| {
        s.first_named().filter(|e| s.kind() == Kind::ExpressionStatement && e.kind() == Kind::AssignmentExpression)
    };
    let Some(first) = assigned(node) else { return };
    let Some(second) = node.next_named_sibling().and_then(assigned) else { return };
    let (Some((a, b)), Some((c, d))) = (operands(first), operands(second)) else { return };
    if !same(a, d) || !same(b, c) || same(a, b) || !only_reads(a) || !only_reads(b) {
        return;
    }
    // A property may have a setter, and then the variable reads what became of its value.
    if a.kind() == Kind::MemberExpression && b.kind() == Kind::Identifier {
        return;
    }
    let message = format!(
        "After this both are `{0}`, and the old value of `{1}` is lost: this is no swap. Write `[{1}, {0}] = [{0}, {1}]`.",
        b.text(),
        a.text()
    );
    cx.report(Note::new(cx.rule, first.span(), message).related(second.span(), "this assigns what is there already"));
}
