use proptest::prelude::*;
use sidenote_grammars::{LANGUAGES, by_name};

use super::*;
use crate::syntax::HOLE;
use crate::text::{Encoding, LineColumn};

/// Pieces from which random programs and random edits are made.
const PIECES: &[&str] = &[
    "function f(a) { return a + 1; }\n",
    "const g = async (x) => { await x; };\n",
    "class A { m() { return 'é😀'; } static s = 1; get p() { return this.q } }\n",
    "app.get('/', (req, res) => { /* a comment that makes the closure long enough to be a block of its own, so that the parent has a placeholder; it is long */ res.send(req.query.a); });\n",
    "(function (root, factory) { if (typeof module === 'object') { module.exports = factory(); } else { root.x = factory(); } /* as long as a header of a module that is for several systems is */ })",
    "(this, function () { return 1; });\n",
    "(this);\n",
    "/* what makes a header too long to be one, if it is put into it twice: this comment does, which says nothing but how long it is, and is long */",
    "fn f(a: u32) -> u32 { a + 1 }\n",
    "impl S { fn m(&self) { println!(\"{}\", 1) } }\n",
    "mod tests { use super::*; #[test] fn t() { assert!(true) } }\n",
    "{",
    "}",
    "(",
    ")",
    "'",
    "\"",
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
    "x",
    "=>",
    "class B {",
    "fn ",
    "${",
    "<a>",
    "</a>",
    "",
];

fn program() -> impl Strategy<Value = String> {
    prop::collection::vec(0..PIECES.len(), 0..14).prop_map(|v| v.into_iter().map(|i| PIECES[i]).collect())
}

fn shape(blocks: &Blocks) -> Vec<(usize, usize, BlockKind, Key, String)> {
    blocks
        .iter()
        .map(|p| {
            (
                p.start,
                p.block.len(),
                p.block.kind(),
                p.block.key(),
                format!("{:?}", p.block.arena().nodes().collect::<Vec<_>>()),
            )
        })
        .collect()
}

fn positions_are_right(blocks: &Blocks, text: &str) {
    for placed in blocks.iter() {
        for node in placed.block.arena().nodes().filter(|n| !n.text().contains(HOLE)) {
            let range = placed.range(node.span());
            if !node.text().is_empty() {
                assert_eq!(text.get(range.clone()), Some(node.text()), "{node:?} {range:?}");
            }
        }
        for (hole, child) in placed.block.arena().holes().zip(placed.block.children()) {
            assert_eq!(placed.range(hole.span()).len(), child.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn incremental_blocks_equal_blocks_from_scratch(
        start in program(),
        edits in prop::collection::vec((0u32..40, 0u32..90, 0u32..3, 0u32..30, program()), 1..6),
        language in 0..LANGUAGES.len(),
    ) {
        let language = LANGUAGES[language];
        let mut text = Text::new(&start);
        let mut tree = SyntaxTree::parse(language, &text).expect("parse");
        let mut blocks = Blocks::of_text(&tree, &text);
        for (line, column, lines, columns, new) in edits {
            let from = text.offset(LineColumn { line, column }, Encoding::Utf16);
            let to = text.offset(LineColumn { line: line + lines, column: column + columns }, Encoding::Utf16).max(from);
            let input = text.replace(from, to, &new).expect("edit");
            tree.edit(&input);
            let (new_tree, dirty) = tree.reparse(&text, Edit::from(&input)).expect("reparse");
            tree = new_tree;
            blocks.update(&tree, &text, dirty);
            // Held against the blocks of the very same tree: that is what the update promises.
            let whole = Blocks::of_text(&tree, &text);
            prop_assert_eq!(shape(&blocks), shape(&whole));
            positions_are_right(&blocks, &text.to_string());
            // And against a tree from scratch, where the text is well-formed: on broken text tree-sitter's own
            // incremental recovery may differ, which the editor mends by a fresh parse when idle.
            let fresh = SyntaxTree::parse(language, &text).expect("parse");
            if !fresh.root().has_error() && !tree.root().has_error() {
                prop_assert_eq!(shape(&blocks), shape(&Blocks::of_text(&fresh, &text)));
            }
        }
    }
}

fn blocks(language: &str, text: &str) -> Blocks {
    let tree = SyntaxTree::parse_str(by_name(language).expect(language), text).expect("parse");
    Blocks::of_str(&tree, text)
}

#[test]
fn functions_methods_and_classes_are_blocks() {
    let text = "import a from 'a';\nexport function f() { return () => 1; }\nclass C extends a { #x = 1; m() {} n() { return 2 } }\n";
    let blocks = blocks("typescript", text);
    let names: Vec<_> = blocks.iter().map(|p| (p.block.kind(), p.block.name().unwrap_or("").to_owned())).collect();
    assert_eq!(
        names,
        [
            (BlockKind::Module, String::new()),
            (BlockKind::Function, "f".to_owned()),
            (BlockKind::Container, "C".to_owned()),
            (BlockKind::Function, "m".to_owned()),
            (BlockKind::Function, "n".to_owned()),
        ]
    );
    positions_are_right(&blocks, text);
}

#[test]
fn an_edit_in_a_function_leaves_every_other_block_as_it_was() {
    let functions: String = (0..50).map(|i| format!("function f{i}(a) {{ return a * {i}; }}\n")).collect();
    let mut text = Text::new(&functions);
    let mut tree = SyntaxTree::parse(by_name("javascript").expect("js"), &text).expect("parse");
    let mut blocks = Blocks::of_text(&tree, &text);
    let before: Vec<Arc<Block>> = blocks.iter().map(|p| p.block.clone()).collect();
    let at = functions.find("* 25").expect("there");
    let input = text.replace(at + 2, at + 4, "77777").expect("edit");
    tree.edit(&input);
    let (tree, dirty) = tree.reparse(&text, Edit::from(&input)).expect("reparse");
    blocks.update(&tree, &text, dirty);
    let new = blocks.iter().zip(&before).skip(1).filter(|(p, old)| !Arc::ptr_eq(p.block, old)).count();
    assert_eq!(new, 1);
    assert!(Arc::ptr_eq(blocks.root().arena(), before[0].arena()), "the module's own syntax is shared");
}

#[test]
fn large_functions_are_split() {
    let inner: String = (0..200)
        .map(|i| {
            format!(
                "  function inner{i}(a) {{ return a.b.c.d.e.f.g.h({i}, 'some text here to make it long', 'more'); }}\n"
            )
        })
        .collect();
    let blocks = blocks("javascript", &format!("(function () {{\n{inner}}})();"));
    assert!(blocks.iter().count() > 200);
}

#[test]
fn a_function_that_is_called_at_once_with_another_stays_where_it_stands() {
    let header = "if (typeof module === 'object' && module.exports) { module.exports = factory(require('a')); } else if (typeof define === 'function' && define.amd) { define(['a'], factory); } else { root.b = factory(root.a); }";
    let body = "function (a) { return function (b) { return a(b); }; }";
    let count = |text: String| blocks("javascript", &text).iter().count();
    assert_eq!(count(format!("(function (root, factory) {{ {header} }})(this, {body});")), 1);
    assert_eq!(count(format!("(function (root, factory) {{ {header} }}(this, ({body})));")), 1);
    assert_eq!(count(format!("!((root, factory) => {{ {header} }})(this, {body});")), 1);
    assert_eq!(count(format!("(function (root, factory) {{ {header} }}).call(this, globalThis, {body});")), 1);
    assert_eq!(count(format!("(function (root, factory) {{ {header} }})(this, make);")), 2);
    assert_eq!(count(format!("run(function (root, factory) {{ {header} }}, {body});")), 2);
    assert_eq!(count(format!("(function (root, factory) {{ {header} {header} }})(this, {body});")), 2);
}

#[test]
fn path_at_finds_the_innermost_block() {
    let text = "class C { m() { return 1 } }\nx;";
    let blocks = blocks("typescript", text);
    let path: Vec<_> = blocks.path_at(text.find("return").expect("there")).iter().map(|p| p.block.kind()).collect();
    assert_eq!(path, [BlockKind::Module, BlockKind::Container, BlockKind::Function]);
    assert_eq!(blocks.path_at(text.len() - 1).len(), 1);
}

#[test]
fn a_long_block_finds_names_in_its_index_as_a_short_one_finds_them_by_looking() {
    use sidenote_grammars::Kind;
    // Handlers as short as these are no blocks of their own.
    let handlers: String =
        (0..900).map(|n| format!("  on('x', (a{}) => {{ const {{ b }} = a{}; go(b.c); }});\n", n % 7, n % 7)).collect();
    let whole = blocks("typescript", &format!("function setup(on: On) {{\n{handlers}}}\n"));
    let setup = whole.root().children().next().expect("the function");
    let arena = setup.arena();
    assert!(arena.len() > 10_000, "{} nodes", arena.len());
    for name in ["a3", "b", "on", "go", "c", "missing"] {
        let looked: Vec<_> = arena
            .nodes()
            .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern))
            .filter(|n| n.text() == name)
            .collect();
        assert_eq!(arena.named(name).collect::<Vec<_>>(), looked, "{name}");
    }
    assert_eq!(arena.named("b").count(), 1_800, "bound once and used once in each");
    assert!(arena.named("c").next().is_none(), "a property is no variable");
}

/// The blocks of a text after edits (line, column, lines, columns, new) are those of the text at its end.
fn hold_after(language: &'static Language, start: &str, edits: &[(u32, u32, u32, u32, &str)]) {
    let mut text = Text::new(start);
    let mut tree = SyntaxTree::parse(language, &text).expect("parse");
    let mut blocks = Blocks::of_text(&tree, &text);
    for (line, column, lines, columns, new) in edits.iter().copied() {
        let from = text.offset(LineColumn { line, column }, Encoding::Utf16);
        let to = text.offset(LineColumn { line: line + lines, column: column + columns }, Encoding::Utf16).max(from);
        let input = text.replace(from, to, new).expect("edit");
        tree.edit(&input);
        let (new_tree, dirty) = tree.reparse(&text, Edit::from(&input)).expect("reparse");
        tree = new_tree;
        blocks.update(&tree, &text, dirty);
        assert_eq!(shape(&blocks), shape(&Blocks::of_text(&tree, &text)), "{} {text}", language.name);
    }
}

#[test]
fn a_token_that_the_parser_invents_stays_one() {
    let header = PIECES[4];
    for language in LANGUAGES {
        let start = format!("class B {{{header}function f(a) {{ return a + 1; }}\n)");
        hold_after(language, "", &[(0, 0, 0, 0, &start), (1, 1, 0, 0, "{"), (1, 2, 0, 0, "")]);
    }
}
