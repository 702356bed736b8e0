//! Rust.

use std::sync::OnceLock;

use crate::{BlockRole, Family, Kind, Language};

pub(crate) static RUST: Language = Language {
    name: "rust",
    family: Family::Rust,
    extensions: &["rs"],
    shebangs: &["rust-script", "cargo-eval"],
    lsp_ids: &["rust"],
    blocks: &[
        (Kind::FunctionItem, BlockRole::Function),
        (Kind::ClosureExpression, BlockRole::Function),
        (Kind::ImplItem, BlockRole::Container),
        (Kind::TraitItem, BlockRole::Container),
        (Kind::ModItem, BlockRole::Container),
    ],
    line_comment: "//",
    newer_words: &[],
    symbols: include_str!("symbols.scm"),
    grammar: || tree_sitter_rust::LANGUAGE.into(),
    tables: OnceLock::new(),
};
