//! Nothing panics or overflows, and every id and span is in range.

use proptest::prelude::*;

use super::*;

/// Pieces from which random programs are made; some are broken.
const PIECES: &[&str] = &[
    "import a, { b as c } from 'm';\n",
    "import * as n from 'n'; import r = require('r');\n",
    "export default ",
    "export { a as b, c } from 'x';\n",
    "export = a;\n",
    "const { a = 1, ...b } = c;\n",
    "let [x, , y = {}] = z,",
    "[a, b.c, ...d] = ",
    "function f(a, { b }, ...c) { return a + b; }\n",
    "async function* g() { for await (const x of y) yield* x; }\n",
    "const h = (x) => x?.a?.[b]?.(...c);\n",
    "class A extends B { #p = 1; static { A; } get q() { return this.#p } constructor(private x) {} @d() m() {} }\n",
    "@Dec() class C { @In() x; }",
    "enum E { A, B = 'b', C = A << 2 }\n",
    "namespace N.M { export const k = 1; }\n",
    "`a${b}c${`d${e}`}`",
    "tag`x${1}`",
    "<div a={b} {...c}>d {e}</div>",
    "<A.B/>",
    "if (a) b; else if (c) { d } else ",
    "for (let i = 0; i < 1; i++) ",
    "for (const k in o) ",
    "switch (a) { case 1: let q; default: function s() {} }",
    "try { a } catch ({ e }) { b } finally { c }",
    "lab: while (1) continue lab;",
    "x ||= y++ + -z ** typeof w;",
    "new A.B<T>(1);",
    "<T>a as B satisfies C;",
    "var v: { a: string | 'b'; c(): [x: D[]] } = 1;",
    "'\\u{1F600}\\x4",
    "'\\ud83d\\ude00\\9\\8'",
    "/a[/]b/g",
    "0x_1n",
    "😀é",
    "\u{1a}",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    "=>",
    "...",
    "=",
    ".",
    "?.",
    "`",
    "${",
    "'",
    "/*",
    "*/",
    "//",
    "\n",
    "<",
    ">",
    "</",
    "@",
    "#",
    "class ",
    "function ",
    "return ",
    "await ",
    "using a = b;",
    "yield ",
    "a ",
    "1 ",
];

fn check(hir: &Hir, text: &str) {
    let span = |span: Span| {
        assert!(span.start <= span.end && span.end as usize <= text.len(), "{span:?} of {}", text.len());
        assert!(text.is_char_boundary(span.start as usize) && text.is_char_boundary(span.end as usize), "{span:?}");
    };
    hir.exprs.iter().for_each(|e| span(e.span));
    hir.pats.iter().for_each(|p| span(p.span));
    hir.locals.iter().for_each(|l| span(l.span));
    hir.functions.iter().for_each(|f| (span(f.span), span(f.name_span)).0);
    hir.imports.iter().for_each(|i| span(i.span));
    hir.skipped.iter().for_each(|s| span(*s));
    for (_, local) in &hir.bindings {
        hir.local(*local);
    }
    for local in &hir.locals {
        hir.function(local.function);
    }
    for e in &hir.exprs {
        match e.kind {
            ExprKind::Function(f) => assert!((f.0 as usize) < hir.functions.len()),
            ExprKind::Class(c) => assert!((c.0 as usize) < hir.classes.len()),
            _ => {}
        }
    }
    // The dump visits every id that hangs below a function or class and panics at one out of range. Those of
    // expressions that nobody refers to are looked at too.
    dump(hir);
    let dumped = |kind: ExprKind| {
        let mut alone = hir.clone();
        let id = alone.add(kind, Span::default());
        alone.functions.truncate(1);
        alone.classes.clear();
        alone.exports.clear();
        alone.functions[0].body = Some(id);
        dump(&alone)
    };
    if hir.exprs.len() < 40 {
        for e in &hir.exprs {
            dumped(e.kind.clone());
        }
    }
}

/// Lowers every block of a text, checks it, and returns how many parts were skipped.
fn check_text(language: &str, text: &str) -> usize {
    let blocks = blocks(language, text);
    let mut skipped = 0;
    for placed in blocks.iter() {
        let hir = lower(placed.block);
        check(&hir, placed.block.arena().text());
        skipped += hir.skipped.len();
    }
    skipped
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn anything_lowers(
        language in prop::sample::select(&["javascript", "typescript", "tsx"][..]),
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14),
    ) {
        check_text(language, &pieces.concat());
    }

    #[test]
    fn cut_programs_lower(
        language in prop::sample::select(&["javascript", "typescript", "tsx"][..]),
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..29]), 1..8),
        cut in 0.0..1.0f64,
    ) {
        let text = pieces.concat();
        let at = text.floor_char_boundary((text.len() as f64 * cut) as usize);
        check_text(language, &text[..at]);
    }
}

#[test]
fn long_chains_are_no_nesting() {
    let n = 20_000;
    let calls = format!("x = a{};", ".b()[c]!".repeat(n));
    assert_eq!(check_text("typescript", &calls), 0);
    let sum = format!("x = a{};", " + 'b'".repeat(n));
    assert_eq!(check_text("javascript", &sum), 0);
    let ands = format!("x = a{};", " && b".repeat(n));
    assert_eq!(check_text("javascript", &ands), 0);
    let ifs = format!("if (a) b; {}", "else if (c) d; ".repeat(2_000));
    assert_eq!(check_text("javascript", &ifs), 0);
    let ternaries = format!("x = {} e;", "c ? d : ".repeat(2_000));
    assert_eq!(check_text("javascript", &ternaries), 0);
    for language in ["javascript", "typescript"] {
        let sequence = format!("a{};", ", b".repeat(2_000));
        assert_eq!(check_text(language, &sequence), 0);
    }
    let union = format!("let a: A{};", " | B".repeat(n));
    assert_eq!(check_text("typescript", &union), 0);
}

#[test]
fn deep_nesting_is_skipped_and_reported() {
    let nest =
        |open: &str, middle: &str, close: &str| format!("x = {}{middle}{}", open.repeat(3_000), close.repeat(3_000));
    for (language, text) in [
        ("javascript", nest("f(", "a", ")")),
        ("javascript", nest("[", "a", "]")),
        ("javascript", nest("{a:", "a", "}")),
        ("javascript", nest("x => (", "a", ")")),
        ("javascript", nest("!", "a", "")),
        ("javascript", nest("`${", "a", "}`")),
        ("javascript", nest("<a>", "a", "</a>")),
        ("tsx", nest("<a b={", "1", "}/>")),
        ("javascript", nest("function () { return ", "a", "}")),
        ("javascript", nest("class { x = ", "a", "}")),
        ("javascript", format!("0;{}a{}", "{".repeat(3_000), "}".repeat(3_000))),
        ("javascript", format!("0;{}a", "if (b) ".repeat(3_000))),
        ("javascript", format!("0;{}a", "for (;;) ".repeat(3_000))),
        ("javascript", format!("let {}a{} = b", "[".repeat(3_000), "]".repeat(3_000))),
        ("javascript", format!("{}1", "a = ".repeat(3_000))),
    ] {
        assert!(check_text(language, &text) > 0, "{:.20}", text);
    }
    // Types too, though nothing runs in them.
    check_text("typescript", &format!("let a: {}B{};", "A<".repeat(3_000), ">".repeat(3_000)));
}

#[test]
fn long_strings_keep_their_beginning() {
    let text = format!("x = '{}';", "é\\n".repeat(4_000));
    let blocks = blocks("javascript", &text);
    let hir = lower(blocks.root());
    let kept = hir.exprs.iter().find_map(|e| match e.kind {
        ExprKind::Lit(Lit::Str(s)) => Some(s),
        _ => None,
    });
    // The 256th byte is in the middle of a letter.
    assert_eq!(kept.map(|s| s.len()), Some(255));
    assert!(kept.is_some_and(|s| s.starts_with("é\né\n")));
}
