//! A document: one file's text, syntax and blocks at one version.

use std::sync::Arc;

use sidenote_grammars::Language;

use crate::blocks::{Alone, Blocks, Part};
use crate::syntax::{ParseError, SyntaxTree};
use crate::text::{Edit, Encoding, LineColumn, Text, TextError};

/// One version of a file. Cheap to clone: a clone is a snapshot.
#[derive(Clone)]
pub struct Document {
    path: Arc<str>,
    version: i32,
    text: Text,
    /// tree-sitter's tree, unless it was forgotten.
    tree: Option<SyntaxTree>,
    /// Edits that `tree` was told of and does not yet show, as one: blocks were brought up to date without it.
    pending: Option<Edit>,
    blocks: Blocks,
    /// The block that was parsed alone last, of this text.
    part: Option<Box<Part>>,
    /// Whether a block is held: its text is broken, and the file around it was not parsed again.
    held: bool,
    /// After a rest in a broken state: the blocks from before it, of the same text. Who goes on typing goes on from these.
    aside: Option<Blocks>,
}

/// A change as an editor sends it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The replaced range, in the text after the changes before this one; `None` replaces everything.
    pub range: Option<(LineColumn, LineColumn)>,
    /// The new text.
    pub text: String,
}

/// Why a document could not be opened or changed; it stays as it was.
#[derive(thiserror::Error, Debug)]
pub enum DocumentError {
    /// No tree.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// An edit outside of the text.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl Document {
    /// Opens a text. `path` is relative to the workspace, with `/`.
    pub fn new(path: &str, language: &'static Language, text: &str, version: i32) -> Result<Document, DocumentError> {
        let tree = SyntaxTree::parse_str(language, text)?;
        let blocks = Blocks::of_str(&tree, text);
        Ok(Document {
            path: path.into(),
            version,
            text: Text::new(text),
            tree: Some(tree),
            pending: None,
            blocks,
            part: None,
            held: false,
            aside: None,
        })
    }

    /// A text of which the blocks are known. tree-sitter's tree is made for who asks.
    #[must_use]
    pub fn of_blocks(path: &str, text: Text, blocks: Blocks) -> Document {
        Document {
            path: path.into(),
            version: 0,
            text,
            tree: None,
            pending: None,
            blocks,
            part: None,
            held: false,
            aside: None,
        }
    }

    /// Applies the changes of one notification, one after another, and parses once. Ranges with an end before their
    /// start are read the other way round.
    pub fn change(&mut self, changes: &[Change], encoding: Encoding, version: i32) -> Result<(), DocumentError> {
        let mut text = self.text.clone();
        let mut tree = self.own_tree()?;
        let mut edit: Option<Edit> = None;
        let mut whole = false;
        let mut part = self.part.take();
        for change in changes {
            let Some((a, b)) = change.range else {
                text = Text::new(&change.text);
                (whole, edit) = (true, None);
                continue;
            };
            let (a, b) = (text.offset(a, encoding), text.offset(b, encoding));
            let input = text.replace(a.min(b), a.max(b), &change.text)?;
            if !whole {
                tree.edit(&input);
                if let Some(part) = &mut part {
                    part.edit(&input);
                }
                let next = Edit::from(&input);
                edit = Some(edit.map_or(next, |e| e.then(next)));
            }
        }
        if whole {
            let tree = SyntaxTree::parse(tree.language(), &text)?;
            self.blocks = Blocks::of_text(&tree, &text);
            (self.tree, self.pending) = (Some(tree), None);
            (self.held, self.aside) = (false, None);
        } else if let Some(edit) = edit {
            let pending = self.pending.map_or(edit, |p| p.then(edit));
            let torn = self.aside.take().map(|aside| std::mem::replace(&mut self.blocks, aside));
            let alone = self.blocks.update_alone((&self.text, &text), edit, &mut part);
            if alone != Alone::No {
                // Edits of one held block may have mended another.
                self.held = alone == Alone::Held || self.held && self.blocks.is_held();
                (self.tree, self.pending, self.part) = (Some(tree), Some(pending), part);
            } else {
                self.held = false;
                if let Some(torn) = torn {
                    self.blocks = torn;
                }
                let (tree, dirty) = tree.reparse(&text, pending)?;
                // The blocks have seen all but the last edit.
                let old_end = dirty.new_end - edit.new_end + edit.old_end;
                self.blocks.update(&tree, &text, Edit { old_end, ..dirty });
                (self.tree, self.pending) = (Some(tree), None);
            }
        }
        self.text = text;
        self.version = version;
        Ok(())
    }

    /// Parses from scratch. tree-sitter's incremental trees of broken code may differ from fresh ones; an editor calls
    /// this when idle. Returns whether anything differed.
    pub fn refresh(&mut self) -> Result<bool, DocumentError> {
        let tree = SyntaxTree::parse(self.language(), &self.text)?;
        let blocks = Blocks::of_text(&tree, &self.text);
        let differs = !self.blocks.same_shape(&blocks);
        if differs {
            let before = std::mem::replace(&mut self.blocks, blocks);
            self.aside = self.held.then_some(before);
        }
        (self.tree, self.pending, self.part, self.held) = (Some(tree), None, None, false);
        Ok(differs)
    }

    /// Whether a block is held: its text is broken, and stands for what was last parsed until [`Document::refresh`].
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Takes what is held for what there is, where the text cannot be parsed as a whole.
    pub fn settle(&mut self) {
        self.held = false;
    }

    /// Forgets everything that was computed for its blocks, as a new configuration demands.
    pub fn reset(&mut self) {
        if let Ok(tree) = self.tree() {
            self.blocks = Blocks::of_text(&tree, &self.text);
            (self.tree, self.pending) = (Some(tree), None);
            (self.part, self.held, self.aside) = (None, false, None);
        }
    }

    /// Forgets tree-sitter's tree: blocks hold what rules need, in less memory. It is made again for who asks.
    pub fn forget_tree(&mut self) {
        (self.tree, self.pending, self.part) = (None, None, None);
    }

    /// Takes over the blocks of another document, with what was computed for them, if they are the same.
    pub fn share(&mut self, blocks: &Blocks) {
        if self.blocks.same_shape(blocks) {
            self.blocks = blocks.clone();
        }
    }

    /// Path relative to the workspace.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Version, as the editor counts.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Language.
    pub fn language(&self) -> &'static Language {
        self.blocks.language()
    }

    /// Text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Blocks.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// tree-sitter's tree. After edits inside of a function this is where the file is parsed again.
    ///
    /// # Errors
    /// When the tree had been forgotten, and the parser gives up this time.
    pub fn tree(&self) -> Result<SyntaxTree, DocumentError> {
        let tree = self.own_tree()?;
        let fresh = self.pending.and_then(|edit| tree.reparse(&self.text, edit).ok());
        Ok(fresh.map_or(tree, |(tree, _)| tree))
    }

    /// The tree without what is pending.
    fn own_tree(&self) -> Result<SyntaxTree, DocumentError> {
        match &self.tree {
            Some(tree) => Ok(tree.clone()),
            None => Ok(SyntaxTree::parse(self.language(), &self.text)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::engine::{Engine, Memo};
    use sidenote_grammars::by_name;

    #[test]
    fn changes_of_one_notification_apply_one_after_another() {
        let mut document =
            Document::new("a.ts", by_name("typescript").expect("ts"), "let a = 1;\nlet b = 2;\n", 1).expect("open");
        let at = |line, column| LineColumn { line, column };
        let changes = [
            Change { range: Some((at(0, 4), at(0, 5))), text: "😀x".into() },
            Change { range: Some((at(0, 6), at(0, 7))), text: "y".into() },
            Change { range: Some((at(1, 4), at(1, 5))), text: "c".into() },
        ];
        document.change(&changes, Encoding::Utf16, 2).expect("change");
        assert_eq!(document.text().to_string(), "let 😀y = 1;\nlet c = 2;\n");
        assert_eq!(document.version(), 2);
        document.change(&[Change { range: None, text: "x".into() }], Encoding::Utf16, 3).expect("change");
        assert_eq!(document.text().to_string(), "x");
        assert!(!document.refresh().expect("refresh"));
    }

    /// Edits inside of functions and classes, of texts that are well-formed most of the time.
    const INSIDES: &[&str] = &[
        "a",
        "1",
        " ",
        "\n",
        "{",
        "}",
        "(",
        ")",
        ";",
        "=>",
        "'",
        "`",
        "/*",
        "*/",
        "//",
        "x => { y }",
        "if (a) { b() }",
        "😀",
        "class Z { z() {} }",
        "",
        "return",
        "\u{e9}",
        "async ",
        "<",
        "fn q() {}",
    ];

    const FILES: &[(&str, &str)] = &[
        (
            "typescript",
            "import a from 'b';\nexport function f(x: number) { return () => { a(x); }; }\nclass C { m() { return 1 }\n  n(): string { return `é😀${this.m()}` } }\nconst g = async (y) => { await y; return { a: 1 } };\nexport default class { p = 1; q() {} }\n",
        ),
        (
            "tsx",
            "export function View(p) { return <div a={p.b}>{p.list.map((x) => { return <i>{x}</i> })}</div>; }\nfunction other() { return 1; }\n",
        ),
        (
            "javascript",
            "(function () { function a() { return 1 } function b() { return 2 } })();\nmodule.exports = function (x) { return x };\n",
        ),
        (
            "rust",
            "use a::b;\nfn f(x: u32) -> u32 { let y = |z| { z + x }; y(1) }\nimpl S { fn m(&self) { println!(\"{}\", 1) } fn n() {} }\nmod tests { use super::*; #[test] fn t() { assert!(true) } }\n",
        ),
    ];

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 600, ..Default::default() })]

        #[test]
        fn edits_inside_of_blocks_equal_a_parse_from_scratch(
            file in 0..FILES.len(),
            edits in proptest::collection::vec((0u32..300, 0u32..4, 0..INSIDES.len(), proptest::bool::ANY), 1..12),
        ) {
            let (name, text) = FILES[file];
            let language = by_name(name).expect("language");
            let mut document = Document::new("a", language, text, 1).expect("open");
            for (at, length, new, undo) in edits {
                let old = document.text().to_string();
                let mut start = at as usize % old.len().max(1);
                let mut end = (start + length as usize).min(old.len());
                while !old.is_char_boundary(start) { start -= 1; }
                while !old.is_char_boundary(end) { end += 1; }
                let place = |d: &Document, offset| d.text().position(offset, Encoding::Utf8);
                let range = Some((place(&document, start), place(&document, end)));
                document.change(&[Change { range, text: INSIDES[new].into() }], Encoding::Utf8, 2).expect("change");
                same_as_from_scratch(&document)?;
                if undo {
                    let range = Some((place(&document, start), place(&document, start + INSIDES[new].len())));
                    let text = old[start..end].to_owned();
                    document.change(&[Change { range, text }], Encoding::Utf8, 3).expect("change");
                    same_as_from_scratch(&document)?;
                }
            }
        }
    }

    /// What people type, by language family.
    const TYPED: &[(&str, &[&str])] = &[
        (
            "ts",
            &[
                "const margin = compute(input.length, `${label} é`, [1, 2, 30]);",
                "if (items.some((i) => i.ok)) { return { a: [x], 'b(': /[(]/ } } // (",
                "for (const [k, v] of map) { log(k, `(${v})`); }",
                "let insert = in1 + 12 * (3.5 - 0x1f);",
                "await Promise.all(list.map(async (e) => { await e.run({ ...o }); }));",
                "<b title={f(x)}>( {y} </b>;",
            ],
        ),
        (
            "rs",
            &[
                "let margin = compute(input.len(), &format!(\"{label} é(\"), &[1, 2, 30]);",
                "if let Some(x) = map.get(&'(') { return Err(E::new(x)); }",
                "let s = r#\"(\"#; for i in 0..10 { go(i as u32); } // [",
                "fn inner<'a>(x: &'a str) -> &'a str { match x { \"[\" => x, _ => x } }",
            ],
        ),
    ];

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 150, ..Default::default() })]

        /// Letter by letter, with some taken back on the way.
        #[test]
        fn what_is_typed_equals_a_parse_from_scratch(
            file in 0..FILES.len(),
            statement in 0usize..12,
            at in 0u32..300,
            back in proptest::collection::vec((0usize..60, 1usize..20), 0..4),
        ) {
            let (name, text) = FILES[file];
            let typed = TYPED.iter().find(|(family, _)| (*family == "rs") == (name == "rust")).expect("family").1;
            let typed: Vec<char> = typed[statement % typed.len()].chars().collect();
            let mut document = Document::new("a", by_name(name).expect("language"), text, 1).expect("open");
            let mut at = at as usize % text.len();
            while !text.is_char_boundary(at) { at -= 1; }
            let start = document.text().position(at, Encoding::Utf32);
            let place = |n: usize| LineColumn { line: start.line, column: start.column + n as u32 };
            let mut put = |from: usize, to: usize, new: String| {
                let range = Some((place(from), place(to)));
                document.change(&[Change { range, text: new }], Encoding::Utf32, 2).expect("change");
                same_as_from_scratch(&document)
            };
            let mut n = 0;
            let mut back = back;
            while n < typed.len() {
                put(n, n, typed[n].to_string())?;
                n += 1;
                if let Some(position) = back.iter().position(|(when, _)| *when == n) {
                    for _ in 0..back.remove(position).1.min(n) {
                        n -= 1;
                        put(n, n + 1, String::new())?;
                    }
                }
            }
        }
    }

    fn same_as_from_scratch(document: &Document) -> Result<(), proptest::test_runner::TestCaseError> {
        let mut document = document.clone();
        if document.is_held() {
            document.refresh().expect("refresh");
            proptest::prop_assert!(!document.is_held());
        }
        let text = document.text().to_string();
        let fresh = Document::new("a", document.language(), &text, 1).expect("open");
        // On broken text tree-sitter's own recovery may differ.
        if !fresh.tree().expect("tree").root().has_error() && !document.tree().expect("tree").root().has_error() {
            proptest::prop_assert!(document.blocks().same_shape(fresh.blocks()), "{text}");
        }
        Ok(())
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 300, ..Default::default() })]

        #[test]
        fn what_is_held_is_analysed_and_mended(
            file in 0..FILES.len(),
            edits in proptest::collection::vec((0u32..300, 0u32..4, 0..INSIDES.len(), 0u32..4), 1..14),
        ) {
            let (name, text) = FILES[file];
            let language = by_name(name).expect("language");
            let engine = Engine::new(Config::everything());
            let mut document = Document::new("a", language, text, 1).expect("open");
            let mut memo = Memo::default();
            for (at, length, new, then) in edits {
                let old = document.text().to_string();
                let mut start = at as usize % old.len().max(1);
                let mut end = (start + length as usize).min(old.len());
                while !old.is_char_boundary(start) { start -= 1; }
                while !old.is_char_boundary(end) { end += 1; }
                let place = |d: &Document, offset| d.text().position(offset, Encoding::Utf8);
                let range = Some((place(&document, start), place(&document, end)));
                document.change(&[Change { range, text: INSIDES[new].into() }], Encoding::Utf8, 2).expect("change");
                // The blocks are those of the text: lengths, own texts and children fit it.
                let now = document.text().to_string();
                proptest::prop_assert_eq!(document.blocks().root().len(), now.len());
                for placed in document.blocks().iter() {
                    let whole = &now[placed.start..placed.start + placed.block.len()];
                    let mut own = placed.block.arena().text().to_owned();
                    for child in document.blocks().iter().filter(|c| {
                        c.depth == placed.depth + 1 && c.start >= placed.start && c.start < placed.start + placed.block.len()
                    }) {
                        own = own.replacen('\u{1a}', &now[child.start..child.start + child.block.len()], 1);
                    }
                    proptest::prop_assert_eq!(own, whole);
                }
                if !document.is_held() && then > 0 {
                    memo.set_flow(engine.flow(&document));
                }
                let report = engine.analyze_quickly(&document, &mut memo);
                proptest::prop_assert!(report.findings.iter().all(|f| f.range.end <= now.len()));
                if then == 3 {
                    document.refresh().expect("refresh");
                }
            }
            document.refresh().expect("refresh");
            let fresh = Document::new("a", language, &document.text().to_string(), 1).expect("open");
            let (after, before) = (engine.analyze_again(&document, &mut memo), engine.analyze(&fresh));
            proptest::prop_assert_eq!(format!("{:#?}", after.findings), format!("{:#?}", before.findings));
        }
    }

    #[test]
    fn a_brace_may_end_the_code_of_a_template() {
        let (name, text) = FILES[0];
        let mut document = Document::new("a", by_name(name).expect("language"), text, 1).expect("open");
        let inside = text.find("his.m()").expect("a template");
        // The first edit makes the function's own tree, which the second one goes on from.
        for (at, new) in [(text.find("turn `").expect("a return") + 5, " "), (inside + 1, "}")] {
            let place = Some(document.text().position(at, Encoding::Utf8)).map(|p| (p, p));
            document.change(&[Change { range: place, text: new.into() }], Encoding::Utf8, 2).expect("change");
        }
        assert!(document.text().to_string().contains("${t}his.m()}`"));
        assert!(!document.is_held(), "it is whole");
        same_as_from_scratch(&document).expect("the same");
    }

    #[test]
    fn a_broken_function_is_held_until_it_is_whole_or_the_typing_rests() {
        let text = "class C { m() { return 1 } n() { return 2 } }\nfunction f() { if (a === NaN) { b() } }\nfunction g() { if (c === NaN) { d() } }\n";
        let mut document = Document::new("a.ts", by_name("typescript").expect("ts"), text, 1).expect("open");
        let engine = Engine::new(Config::everything());
        let mut memo = Memo::default();
        let lines = |d: &Document, memo: &mut Memo| -> Vec<usize> {
            let found = engine.analyze_quickly(d, memo).findings;
            found.iter().filter(|f| f.rule.id == "nan-comparison").map(|f| f.range.start).collect()
        };
        let found = lines(&document, &mut memo);
        assert_eq!(found.len(), 2);
        let before: Vec<_> = document.blocks().iter().map(|p| p.block.clone()).collect();
        let at = |column| LineColumn { line: 1, column };
        let put = |d: &mut Document, column, text: &str| {
            d.change(&[Change { range: Some((at(column), at(column))), text: text.into() }], Encoding::Utf8, 2)
                .expect("change");
        };
        // An open template would swallow everything that follows.
        put(&mut document, 15, "x(`");
        assert!(document.is_held());
        let after: Vec<_> = document.blocks().iter().map(|p| p.block.clone()).collect();
        let same: Vec<bool> = before.iter().zip(&after).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
        assert_eq!(same, [false, true, true, true, false, true]);
        assert_eq!(lines(&document, &mut memo), [found[0] + 3, found[1] + 3], "what was found moves along");
        // A rest shows what there is; typing on goes on from before.
        assert!(document.refresh().expect("refresh"));
        assert!(!document.is_held());
        put(&mut document, 18, "`");
        assert!(document.is_held(), "the bracket is still open");
        put(&mut document, 19, ");");
        assert!(!document.is_held());
        same_as_from_scratch(&document).expect("same");
        assert_eq!(lines(&document, &mut memo), [found[0] + 6, found[1] + 6]);
    }

    #[test]
    fn what_a_function_says_of_its_file_is_read_again_when_it_is_edited() {
        let cookie = "app.use(session({ secret: s, cookie: { httpOnly: false } }));\n";
        for (path, outer, inner, rule) in [
            (
                "a.js",
                "function f(a) { return a === NaN; }\n",
                "var _a; return (_a = b) === null || _a === void 0 ? 1 : 2;",
                "nan-comparison",
            ),
            ("examples/a.js", cookie, "return require('../lib').go();", "insecure-cookie"),
        ] {
            let text = format!("const session = require('express-session');\n{outer}function g(b) {{ return 1; }}\n");
            let mut document = Document::new(path, by_name("javascript").expect("js"), &text, 1).expect("open");
            let engine = Engine::new(Config::everything());
            let mut memo = Memo::default();
            let mut found =
                |d: &Document| engine.analyze_again(d, &mut memo).findings.iter().filter(|f| f.rule.id == rule).count();
            assert_eq!(found(&document), 1, "{rule}");
            let place = |offset| document.text().position(offset, Encoding::Utf8);
            let at = text.find("return 1;").expect("there");
            let change = [Change { range: Some((place(at), place(at + 9))), text: inner.into() }];
            document.change(&change, Encoding::Utf8, 2).expect("change");
            assert_eq!(found(&document), 0, "{rule}");
        }
    }

    #[test]
    fn an_edit_inside_of_a_function_needs_no_tree_of_the_file() {
        let text = "class C { m() { return 1 } n() { return 2 } }\nfunction f() { return 3 }\n";
        let mut document = Document::new("a.ts", by_name("typescript").expect("ts"), text, 1).expect("open");
        let before: Vec<_> = document.blocks().iter().map(|p| p.block.clone()).collect();
        let at = |column| LineColumn { line: 0, column };
        let change = [Change { range: Some((at(23), at(24))), text: "17".into() }];
        document.change(&change, Encoding::Utf8, 2).expect("change");
        assert!(document.pending.is_some());
        let after: Vec<_> = document.blocks().iter().map(|p| p.block.clone()).collect();
        let same: Vec<bool> = before.iter().zip(&after).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
        assert_eq!(same, [false, false, false, true, true]);
        assert!(Arc::ptr_eq(before[1].arena(), after[1].arena()), "the class's own syntax is shared");
        let again = [Change { range: Some((at(0), at(0))), text: "let x;".into() }];
        document.change(&again, Encoding::Utf8, 3).expect("change");
        assert!(document.pending.is_none());
        same_as_from_scratch(&document).expect("same");
    }
}
