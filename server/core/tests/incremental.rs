//! Incremental equals from scratch, findings included: over random edit scripts, a document that is changed step by
//! step and analysed with a memory reports what a fresh document of the same text reports.

use proptest::prelude::*;
use sidenote_core::config::Config;
use sidenote_core::document::{Change, Document};
use sidenote_core::engine::{Engine, Memo, Report};
use sidenote_core::grammars::{LANGUAGES, Language};
use sidenote_core::text::{Encoding, LineColumn};

/// Pieces from which programs and edits are made: findings and their near misses, facts of the whole file (imports,
/// declarations, test globals), suppressions, and debris.
const PIECES: &[&str] = &[
    "new Promise(async (r) => { await 1; r(); });\n",
    "function f(p) {\n  return new Promise(async (r) => { await p; r(); });\n}\n",
    "class A { m() { new Promise(async function (r) { await 1; }); } static s = 'é😀'; }\n",
    "const g = (a) => { /* a comment that makes the closure long enough to be a block of its own, so that its parent has a placeholder; that is long */ new Promise(async (r) => { await 1; r(); }); };\n",
    "// sidenote: allow(async-promise-executor) -- a good reason\n",
    "/* sidenote: allow-file(async-promise-executor) -- a good reason */\n",
    "{/* sidenote: allow(async-promise-executor) -- a good reason */}\n",
    "// sidenote: allow(async-promise-executor)\n",
    "// sidenote: allow(none) -- a good reason\n",
    "import Promise from 'bluebird';\n",
    "async function later() { await g(); }\n",
    "later();\n",
    "class B { async save() { await g(); } all() { this.save(); } }\n",
    "export function find(req, res) { const q = req.query.q; run('ls ' + q); show(q, res); }\nfunction show(q, res) { res.send('<p>' + q); }\n",
    "import { exec as run } from 'node:child_process';\nexport function h(req) { run(req.query.a); eval(req.body); }\n",
    "describe('x', () => { it('y', async () => { new Promise(async (r) => { await 1; }); }); });\n",
    "function Promise() {}\n",
    "fn f(a: u32) -> u32 { let m: u8 = unsafe { std::mem::uninitialized() }; a + 1 }\n",
    "impl S { async fn m(&self) { let g = self.lock().unwrap(); other().await; drop(g); } }\n",
    "mod tests { use super::*; #[test] fn t() { assert!(true) } }\n",
    "const E = <div>{new Promise(async (r) => { await 1; })}</div>;\n",
    "{",
    "}",
    "(",
    ")",
    "'",
    "`",
    "/*",
    "*/",
    "//",
    "\r\n",
    "\n",
    "\r",
    "😀",
    "é",
    " ",
    "async ",
    "x",
    "",
];

fn program(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(0..PIECES.len(), 0..most).prop_map(|v| v.into_iter().map(|i| PIECES[i]).collect())
}

fn path(language: &Language) -> String {
    format!("src/a.{}", language.extensions[0])
}

fn shown(report: &Report) -> (Vec<String>, Vec<String>, usize) {
    let findings = report.findings.iter().map(|f| format!("{f:#?}")).collect();
    (findings, report.gaps.iter().map(|g| format!("{g:?}")).collect(), report.lines)
}

/// An edit: from where, how far (`None` replaces the whole text), the new text, and how the version is analysed.
type Step = (u32, u32, Option<(u32, u32)>, String, (bool, bool));

fn step() -> impl Strategy<Value = Step> {
    let length = prop::option::weighted(0.95, (0u32..3, 0u32..30));
    (0u32..30, 0u32..90, length, program(3), any::<(bool, bool)>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn findings_after_edits_are_those_of_a_fresh_document(
        start in program(10),
        steps in prop::collection::vec(step(), 1..8),
        language in 0..LANGUAGES.len(),
        encoding in prop::sample::select(vec![Encoding::Utf8, Encoding::Utf16, Encoding::Utf32]),
    ) {
        let language = LANGUAGES[language];
        let path = path(language);
        let engine = Engine::new(Config::everything());
        let mut document = Document::new(&path, language, &start, 0).expect("open");
        let mut memo = Memo::default();
        for (version, (line, column, length, text, (analysed, late))) in (1..).zip(steps) {
            let range = length.map(|(lines, columns)| {
                let start = LineColumn { line, column };
                let column = if lines == 0 { column + columns } else { columns };
                (start, LineColumn { line: line + lines, column })
            });
            document.change(&[Change { range, text }], encoding, version).expect("change");
            let fresh = || {
                // The same tree and blocks, with nothing remembered.
                let mut forgetful = document.clone();
                forgetful.reset();
                shown(&engine.analyze(&forgetful))
            };
            // Some versions are never analysed, as while somebody types fast, and of some the data flow comes late.
            if analysed {
                prop_assert_eq!(shown(&engine.analyze_again(&document, &mut memo)), fresh());
            } else if late {
                let quick = engine.analyze_quickly(&document, &mut memo);
                prop_assert!(quick.findings.iter().all(|f| f.range.end <= document.text().len()));
                memo.set_flow(engine.flow(&document));
                prop_assert_eq!(shown(&engine.analyze_quickly(&document, &mut memo)), fresh());
            }
        }
        // A tree that was edited may differ from a fresh one where the text is broken, until it is refreshed.
        document.refresh().expect("refresh");
        let fresh = Document::new(&path, language, &document.text().to_string(), 0).expect("open");
        prop_assert_eq!(shown(&engine.analyze_again(&document, &mut memo)), shown(&engine.analyze(&fresh)));
    }

    #[test]
    fn findings_of_well_formed_code_need_no_refresh(
        before in prop::collection::vec(0usize..3, 0..6),
        edits in prop::collection::vec((0usize..6, 0usize..4), 1..10),
    ) {
        // Whole lines come and go, so that every version is well-formed.
        let lines = [PIECES[0], PIECES[4], "const x = 'é😀';\r\n", "import Promise from 'bluebird';\n"];
        let engine = Engine::new(Config::everything());
        let text: String = before.iter().map(|i| lines[*i]).collect();
        let language = sidenote_core::grammars::by_name("typescript").expect("typescript");
        let mut document = Document::new("a.ts", language, &text, 0).expect("open");
        let mut memo = Memo::default();
        for (version, (line, piece)) in (1..).zip(edits) {
            let at = LineColumn { line: (line % document.text().lines()) as u32, column: 0 };
            let change = Change { range: Some((at, at)), text: lines[piece].into() };
            document.change(&[change], Encoding::Utf16, version).expect("change");
            let fresh = Document::new("a.ts", language, &document.text().to_string(), 0).expect("open");
            prop_assert_eq!(shown(&engine.analyze_again(&document, &mut memo)), shown(&engine.analyze(&fresh)));
        }
    }
}

#[test]
fn the_empty_file_and_back() {
    let engine = Engine::new(Config::everything());
    for language in LANGUAGES {
        let mut document = Document::new(&path(language), language, "", 0).expect("open");
        let mut memo = Memo::default();
        for (version, text) in (1..).zip([PIECES[0], "", "\r", "\u{feff}", PIECES[1], ""]) {
            let all = (LineColumn::default(), LineColumn { line: u32::MAX, column: 0 });
            document
                .change(&[Change { range: Some(all), text: text.into() }], Encoding::Utf16, version)
                .expect("change");
            assert_eq!(document.text().to_string(), text);
            let fresh = Document::new(&path(language), language, text, 0).expect("open");
            assert_eq!(shown(&engine.analyze_again(&document, &mut memo)), shown(&engine.analyze(&fresh)));
        }
    }
}

/// What was given up for its cost is a gap, never passed over in silence.
#[test]
fn a_block_that_is_too_costly_is_a_gap() {
    // Loops in loops, each of which needs rounds of its own.
    let depth = 14;
    let code = format!(
        "function f(a) {{ {} x = g(x, a); {} }}",
        "while (more(a)) { let y = x; x = a + y; ".repeat(depth),
        "}".repeat(depth)
    );
    let language = sidenote_core::grammars::by_name("javascript").expect("known");
    let document = sidenote_core::document::Document::new("a.js", language, &code, 1).expect("parses");
    let report = sidenote_core::engine::Engine::new(sidenote_core::config::Config::default()).analyze(&document);
    assert!(report.gaps.iter().any(|g| g.message.starts_with("too costly")), "{:?}", report.gaps);
}

/// An edit inside of one block that changes what is true of another: language, text, what is replaced, by what.
const ELSEWHERE: &[(&str, &str, &str, &str)] = &[
    (
        "typescript",
        "class S {\n  constructor(private mailer: Any) {}\n  a() {\n    this.mailer.post(1);\n  }\n  async b() {\n    const x = 1;\n  }\n}\n",
        "const x = 1;",
        "await this.mailer.post(2);",
    ),
    (
        "typescript",
        "class S {\n  constructor(private orders: List<Order>) {}\n  close(o: Order) {\n    this.orders.save(o);\n  }\n}\n",
        "List<Order>",
        "Repository<Order>",
    ),
    (
        "typescript",
        "async function save(u: User) {\n  await db.write(u);\n}\nexport function f(u: User) {\n  store(u);\n  done();\n}\n",
        "save(u: User)",
        "store(u: User)",
    ),
    (
        "typescript",
        "function f(x: number) {\n  log(x);\n  return x;\n}\nexport function g() {\n  const y = f(1);\n  return y;\n}\n",
        "return x;",
        "audit(x);",
    ),
    (
        "javascript",
        "const WORD = /\\w+/g;\nfunction f(s) {\n  if (WORD.test(s)) go();\n}\nfunction g() {\n  reset();\n}\n",
        "reset();",
        "WORD.lastIndex = 0;",
    ),
    (
        "typescript",
        "function f(a: any) {\n  const t: { size: number } = a;\n  return t;\n}\nexport function g(list: Any[]) {\n  return list.map((x) => x.size).sort();\n}\n",
        "size: number",
        "size: string",
    ),
    (
        "typescript",
        "function make() {\n  class Inner { orders: List<Order>; }\n  return Inner;\n}\nclass S {\n  close(o: Order) {\n    this.orders.save(o);\n  }\n}\n",
        "List<Order>",
        "Repository<Order>",
    ),
    (
        "rust",
        "fn load() -> String {\n    pick()\n}\nasync fn serve() {\n    load();\n}\n",
        "pick()",
        "std::fs::read_to_string(\"a\").unwrap()",
    ),
    (
        "rust",
        "async fn save() {\n    work().await;\n}\nasync fn serve() {\n    let _ = store();\n}\n",
        "save()",
        "store()",
    ),
    (
        "rust",
        "struct A { a: u8, b: u8 }\nimpl PartialEq for A {\n    fn eq(&self, other: &Self) -> bool {\n        self.a == other.a\n    }\n}\nimpl Eq for A {}\nimpl std::hash::Hash for A {\n    fn hash<H: std::hash::Hasher>(&self, h: &mut H) {\n        self.a.hash(h);\n    }\n}\n",
        "self.a.hash(h);",
        "self.a.hash(h);\n        self.b.hash(h);",
    ),
];

#[test]
fn what_one_function_says_of_another_follows_its_edits() {
    let engine = Engine::new(Config::everything());
    let mut silent = Vec::new();
    for (language, before, old, new) in ELSEWHERE {
        let language = sidenote_core::grammars::by_name(language).expect("a language");
        let path = path(language);
        let fresh = |text: &str| {
            let document = Document::new(&path, language, text, 0).expect("open");
            shown(&engine.analyze(&document))
        };
        let (there, back) = (before.replacen(old, new, 1), (*before).to_owned());
        if fresh(before).0.len() == fresh(&there).0.len() {
            silent.push(format!("{old} -> {new}"));
        }
        let mut document = Document::new(&path, language, before, 0).expect("open");
        let mut memo = Memo::default();
        assert_eq!(shown(&engine.analyze_again(&document, &mut memo)), fresh(before));
        for (version, from, to, text) in [(1, old, new, &there), (2, new, old, &back)] {
            let now = document.text().to_string();
            let at = now.find(from).expect("there");
            let place = |offset| document.text().position(offset, Encoding::Utf8);
            let range = Some((place(at), place(at + from.len())));
            document.change(&[Change { range, text: (*to).into() }], Encoding::Utf8, version).expect("change");
            assert_eq!(document.text().to_string(), *text);
            assert_eq!(shown(&engine.analyze_again(&document, &mut memo)), fresh(text), "{from} -> {to}");
        }
    }
    assert!(silent.is_empty(), "these edits change nothing: {silent:#?}");
}

/// Edits in a file in which there is hardly anything to tell, so that most of it is passed over: what is found appears and goes.
const IN_QUIET: &[(&str, &str)] = &[
    ("return count + 1;", "return new Promise(async (r) => { await count; r(); });"),
    ("return inner(1);", "return inner(NaN === 1);"),
    // Somebody awaits what others call without waiting.
    ("const kept = 2;", "const kept = await this.store.persist(2);"),
    ("const seen = 3;", "// sidenote: allow(nan-comparison)\n    const seen = 3;"),
    ("const end = 4;", "const end = 4 +;"),
];

#[test]
fn what_was_passed_over_is_looked_at_when_it_is_edited() {
    let engine = Engine::new(Config::everything());
    let language = sidenote_core::grammars::by_name("typescript").expect("a language");
    let quiet =
        |n: usize| format!("export function quiet{n}(a: number) {{\n  const b = a + {n};\n  return b * 2;\n}}\n\n");
    let middle = "class Counter {\n  add(count: number) {\n    return count + 1;\n  }\n  nested() {\n    const make = (a: number) => { /* a comment that makes the closure long enough to be a block of its own, so that its parent has a placeholder; it is long */ return inner(1); };\n    return make;\n  }\n  async keep(store: Store) {\n    const kept = 2;\n    return kept;\n  }\n  async drop(store: Store) {\n    this.store.persist(5);\n    return 1;\n  }\n  see() {\n    const seen = 3;\n    const end = 4;\n    return seen + end;\n  }\n}\n";
    let text: String = (0..150).map(quiet).chain([middle.to_owned()]).chain((150..300).map(quiet)).collect();
    let fresh = |text: &str| {
        let document = Document::new(&path(language), language, text, 0).expect("open");
        shown(&engine.analyze(&document))
    };
    let none = fresh(&text);
    for remembers in [true, false] {
        let mut document = Document::new(&path(language), language, &text, 0).expect("open");
        let mut memo = Memo::default();
        let mut look = |document: &mut Document| {
            // Who remembers nothing leaves the blocks to the document alone, which then changes them in their places.
            let mut forgotten = Memo::default();
            shown(&engine.analyze_again(document, if remembers { &mut memo } else { &mut forgotten }))
        };
        assert_eq!(look(&mut document), none);
        for (version, (old, new)) in IN_QUIET.iter().enumerate() {
            for (from, to) in [(old, new), (new, old)] {
                let now = document.text().to_string();
                let at = now.find(from).expect("there");
                let place = |offset| document.text().position(offset, Encoding::Utf8);
                let range = Some((place(at), place(at + from.len())));
                let change = Change { range, text: (*to).into() };
                document.change(&[change], Encoding::Utf8, version as i32 + 1).expect("change");
                if document.is_held() {
                    document.refresh().expect("refresh");
                }
                let expected = fresh(&document.text().to_string());
                assert_eq!(look(&mut document), expected, "{from} -> {to}");
                assert_eq!(expected == none, to == old, "{from} -> {to} changes what is told");
            }
        }
    }
}

/// Edits a script again and again, each edit a version, a text and what takes its place: what is told is what is told of the new
/// text by itself, and `count` of it what the edit says.
fn follow(
    path: &str,
    before: &str,
    edits: &[(i32, &str, &str, usize)],
    count: impl Fn(&Report) -> usize,
    at_first: usize,
) {
    let engine = Engine::new(Config::default());
    let language = sidenote_core::grammars::by_name("javascript").expect("a language");
    let open = |text: &str| Document::new(path, language, text, 0).expect("open");
    let (mut document, mut memo) = (open(before), Memo::default());
    assert_eq!(count(&engine.analyze_again(&document, &mut memo)), at_first, "{before}");
    for (version, from, to, told) in edits {
        let at = document.text().to_string().find(from).expect("there");
        let place = |offset| document.text().position(offset, Encoding::Utf8);
        let range = Some((place(at), place(at + from.len())));
        document.change(&[Change { range, text: (*to).into() }], Encoding::Utf8, *version).expect("change");
        let now = engine.analyze_again(&document, &mut memo);
        assert_eq!(shown(&now), shown(&engine.analyze(&open(&document.text().to_string()))));
        assert_eq!(count(&now), *told, "{from} -> {to}");
    }
}

#[test]
fn a_function_that_names_a_variable_for_the_first_time_sees_what_it_held() {
    let before = "const { exec } = require('child_process');\nfunction f(req, res) {\n  let d = req.query.d;\n  [1].forEach(function () { exec('ls ' + 'x'); });\n  d = 'fixed';\n}\n";
    let commands = |report: &Report| report.findings.iter().filter(|f| f.rule.id == "command-injection").count();
    let edits = [(1, "+ 'x'", "+ d", 1), (2, "+ d", "+ 'x'", 0), (3, "+ 'x'", "+ [d].join()", 1)];
    follow("a.js", before, &edits, commands, 0);
}

#[test]
fn a_file_is_a_test_while_its_functions_say_so() {
    let before = "function f(xs) {\n  return xs.reduce((all, x) => ({ ...all, [x.key]: x }), {});\n}\nfunction g(t) {\n  t.count(1);\n}\n";
    let edits = [(1, "t.count(1);", "t.plan(2);", 0), (2, "t.plan(2);", "t.count(1);", 1)];
    follow("test/helper.js", before, &edits, |report| report.findings.len(), 1);
}

/// The block around a function knows it by its name, which an edit inside of the function changes.
#[test]
fn a_function_that_is_renamed_is_known_by_its_new_name() {
    let language = LANGUAGES[1];
    let path = path(language);
    let engine = Engine::new(Config::everything());
    let start = "describe('x', () => { it('y', async () => { new Promise(async (r) => { await 1; }); }); });\nfunction Promise() {}\n";
    let at = |line, column| LineColumn { line, column };
    for (end, text) in [(10, "Q"), (16, "later")] {
        let mut document = Document::new(&path, language, start, 0).expect("open");
        let mut memo = Memo::default();
        assert!(
            engine.analyze_again(&document, &mut memo).findings.iter().all(|f| f.rule.id != "async-promise-executor")
        );
        let change = Change { range: Some((at(1, 9), at(1, end))), text: text.into() };
        document.change(&[change], Encoding::Utf8, 1).expect("change");
        let fresh = Document::new(&path, language, &document.text().to_string(), 0).expect("open");
        let now = shown(&engine.analyze_again(&document, &mut memo));
        assert_eq!(now, shown(&engine.analyze(&fresh)));
        assert!(now.0.iter().any(|f| f.contains("async-promise-executor")));
    }
}
