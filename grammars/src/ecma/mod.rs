//! JavaScript and TypeScript: three grammars that share their node kinds.

use std::sync::OnceLock;

use crate::{BlockRole, Family, Kind, Language};

const BLOCKS: &[(Kind, BlockRole)] = &[
    (Kind::FunctionDeclaration, BlockRole::Function),
    (Kind::GeneratorFunctionDeclaration, BlockRole::Function),
    (Kind::FunctionExpression, BlockRole::Function),
    (Kind::GeneratorFunction, BlockRole::Function),
    (Kind::ArrowFunction, BlockRole::Function),
    (Kind::MethodDefinition, BlockRole::Function),
    (Kind::ClassStaticBlock, BlockRole::Function),
    (Kind::ClassDeclaration, BlockRole::Container),
    (Kind::AbstractClassDeclaration, BlockRole::Container),
    (Kind::Class, BlockRole::Container),
    (Kind::InternalModule, BlockRole::Container),
    (Kind::Module, BlockRole::Container),
];

const NEWER_WORDS: &[(Kind, &str)] = &[
    (Kind::ExportStatement, "type"),
    (Kind::ImportStatement, "defer"),
    (Kind::PublicFieldDefinition, "accessor"),
    (Kind::TypeParameters, "in"),
    (Kind::TypeParameters, "out"),
];

pub(crate) static TYPESCRIPT: Language = Language {
    name: "typescript",
    family: Family::Ecma,
    extensions: &["ts", "mts", "cts"],
    shebangs: &["ts-node", "tsx", "deno", "bun"],
    lsp_ids: &["typescript"],
    blocks: BLOCKS,
    line_comment: "//",
    newer_words: NEWER_WORDS,
    symbols: concat!(include_str!("javascript.scm"), include_str!("typescript.scm")),
    grammar: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    tables: OnceLock::new(),
};

pub(crate) static TSX: Language = Language {
    name: "tsx",
    family: Family::Ecma,
    extensions: &["tsx"],
    shebangs: &[],
    lsp_ids: &["typescriptreact"],
    blocks: BLOCKS,
    line_comment: "//",
    newer_words: NEWER_WORDS,
    symbols: concat!(include_str!("javascript.scm"), include_str!("typescript.scm")),
    grammar: || tree_sitter_typescript::LANGUAGE_TSX.into(),
    tables: OnceLock::new(),
};

pub(crate) static JAVASCRIPT: Language = Language {
    name: "javascript",
    family: Family::Ecma,
    extensions: &["js", "mjs", "cjs", "jsx"],
    shebangs: &["node", "nodejs", "zx"],
    lsp_ids: &["javascript", "javascriptreact"],
    blocks: BLOCKS,
    line_comment: "//",
    newer_words: &[(Kind::ImportStatement, "defer")],
    symbols: concat!(include_str!("javascript.scm"), include_str!("javascript_only.scm")),
    grammar: || tree_sitter_javascript::LANGUAGE.into(),
    tables: OnceLock::new(),
};
