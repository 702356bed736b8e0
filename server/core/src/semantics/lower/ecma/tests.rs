use sidenote_grammars::by_name;

use super::*;
use crate::blocks::Blocks;
use crate::semantics::dump::dump;
use crate::semantics::lower::lower;
use crate::syntax::SyntaxTree;

mod code;
mod declarations;
mod robust;

fn blocks(language: &str, text: &str) -> Blocks {
    let language = by_name(language).expect("a language");
    let tree = SyntaxTree::parse_str(language, text).expect("a tree");
    Blocks::of_str(&tree, text)
}

/// The dumps of all blocks of a text, outermost first.
fn lowered(language: &str, text: &str) -> String {
    let dumps: Vec<String> = blocks(language, text).iter().map(|placed| dump(&lower(placed.block))).collect();
    dumps.join("----\n")
}
