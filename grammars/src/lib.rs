//! The language registry: which languages Sidenote reads, how it recognises them, their grammars,
//! and the tables that say which nodes are blocks, loops, branches and literals.
//!
//! A language is one [`Language`] value in a folder of its own. Nothing here knows about rules.

mod ecma;
pub mod kind;
mod rust;

use std::sync::OnceLock;

pub use kind::{Field, Kind};

/// A family of dialects that share node kinds, lowering and rules.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Family {
    /// JavaScript and TypeScript, each with or without JSX.
    Ecma,
    /// Rust.
    Rust,
}

/// What a node contributes to the block structure of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BlockRole {
    /// A function, method or closure: code that runs when called.
    Function,
    /// A class, impl, trait, module or namespace: its members are blocks of their own.
    Container,
}

/// One language, as data.
pub struct Language {
    /// Stable name in configuration and reports, for example `typescript`.
    pub name: &'static str,
    /// The family whose node kinds and rules it shares.
    pub family: Family,
    /// File extensions, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Interpreters of a `#!` line.
    pub shebangs: &'static [&'static str],
    /// Language identifiers of the Language Server Protocol.
    pub lsp_ids: &'static [&'static str],
    /// Nodes that make blocks.
    pub blocks: &'static [(Kind, BlockRole)],
    /// Line-comment leader.
    pub line_comment: &'static str,
    /// Words of the language that its grammar does not know yet, by the kind of node in which each is an error that loses nothing.
    pub newer_words: &'static [(Kind, &'static str)],
    /// tree-sitter query with `@definition.*` and `@name` captures, for outlines and symbol paths.
    pub symbols: &'static str,
    grammar: fn() -> tree_sitter::Language,
    tables: OnceLock<Tables>,
}

/// The grammar's own numbers, translated to [`Kind`] and [`Field`].
struct Tables {
    grammar: tree_sitter::Language,
    kinds: Vec<Kind>,
    fields: Vec<Field>,
    roles: Vec<Option<BlockRole>>,
    /// By symbol: whether it is punctuation.
    punctuation: Vec<bool>,
    /// Words that are tokens of their own, ascending.
    keywords: Vec<String>,
}

/// Tokens that say nothing beyond the node that they are part of, unless they fill a role in it.
const PUNCTUATION: [&str; 24] = [
    "(", ")", "{", "}", "[", "]", ",", ";", ":", ".", "\"", "'", "`", "=>", "=", "${", "//", "/*", "::", "->", "<",
    ">", "</", "/>",
];

impl Language {
    fn tables(&self) -> &Tables {
        self.tables.get_or_init(|| {
            let grammar = (self.grammar)();
            let kinds = (0..grammar.node_kind_count() as u16)
                .map(|id| {
                    let named = grammar.node_kind_is_named(id);
                    let name = grammar.node_kind_for_id(id).filter(|_| named);
                    name.and_then(Kind::from_name).unwrap_or(Kind::Token)
                })
                .collect();
            let fields = (0..=grammar.field_count() as u16)
                .map(|id| grammar.field_name_for_id(id).and_then(Field::from_name).unwrap_or(Field::None))
                .collect();
            let mut roles = vec![None; Kind::NAMES.len() + 2];
            for (kind, role) in self.blocks {
                roles[*kind as usize] = Some(*role);
            }
            let punctuation = (0..grammar.node_kind_count() as u16)
                .map(|id| {
                    let name = grammar.node_kind_for_id(id).filter(|_| !grammar.node_kind_is_named(id));
                    name.is_some_and(|name| matches!(name, "/" | "#") || PUNCTUATION.contains(&name))
                })
                .collect();
            let is_word = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let mut keywords: Vec<String> = (0..grammar.node_kind_count() as u16)
                .filter(|id| !grammar.node_kind_is_named(*id))
                .filter_map(|id| grammar.node_kind_for_id(id).map(str::to_owned))
                .filter(is_word)
                .collect();
            keywords.sort_unstable();
            Tables { grammar, kinds, fields, roles, punctuation, keywords }
        })
    }

    /// The tree-sitter grammar.
    pub fn grammar(&self) -> &tree_sitter::Language {
        &self.tables().grammar
    }

    /// The kind of a grammar's symbol; 65535 is tree-sitter's own ERROR symbol.
    pub fn kind(&self, symbol: u16) -> Kind {
        if symbol == u16::MAX {
            Kind::Error
        } else {
            self.tables().kinds.get(symbol as usize).copied().unwrap_or(Kind::Token)
        }
    }

    /// Whether a grammar's symbol is a token that says nothing by itself, such as a bracket or a comma.
    pub fn is_punctuation(&self, symbol: u16) -> bool {
        self.tables().punctuation.get(symbol as usize).copied().unwrap_or(false)
    }

    /// Whether a word is a token of its own somewhere in the grammar, so that it may not be any name.
    pub fn is_keyword(&self, word: &str) -> bool {
        self.tables().keywords.binary_search_by(|k| k.as_str().cmp(word)).is_ok()
    }

    /// The field of a grammar's field number.
    pub fn field(&self, id: Option<std::num::NonZeroU16>) -> Field {
        id.and_then(|id| self.tables().fields.get(id.get() as usize).copied()).unwrap_or(Field::None)
    }

    /// What a node of this kind contributes to the block structure.
    pub fn role(&self, kind: Kind) -> Option<BlockRole> {
        self.tables().roles[kind as usize]
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Language {}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every language, in the order of their names in reports.
pub static LANGUAGES: [&Language; 4] = [&rust::RUST, &ecma::TYPESCRIPT, &ecma::TSX, &ecma::JAVASCRIPT];

/// The language of that name (`rust`, `typescript`, `tsx`, `javascript`).
pub fn by_name(name: &str) -> Option<&'static Language> {
    LANGUAGES.into_iter().find(|l| l.name == name)
}

/// The language of a file by its name's extension, without regard to case.
pub fn by_path(path: &str) -> Option<&'static Language> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let (_, extension) = name.rsplit_once('.')?;
    LANGUAGES.into_iter().find(|l| l.extensions.iter().any(|e| e.eq_ignore_ascii_case(extension)))
}

/// The language named by a `#!` line: `#!/usr/bin/env -S node --flag` is JavaScript.
pub fn by_shebang(text: &str) -> Option<&'static Language> {
    let line = text.lines().next()?.strip_prefix("#!")?;
    let program = line
        .split_whitespace()
        .map(|w| w.rsplit('/').next().unwrap_or(w))
        .find(|w| *w != "env" && !w.starts_with('-') && !w.contains('='))?;
    LANGUAGES.into_iter().find(|l| l.shebangs.contains(&program))
}

/// The language of a Language Server Protocol identifier such as `typescriptreact`.
pub fn by_lsp_id(id: &str) -> Option<&'static Language> {
    LANGUAGES.into_iter().find(|l| l.lsp_ids.contains(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_table_holds_every_named_kind_and_field_of_every_grammar() {
        for language in LANGUAGES {
            let grammar = language.grammar();
            for id in 0..grammar.node_kind_count() as u16 {
                let Some(name) = grammar.node_kind_for_id(id) else { continue };
                if grammar.node_kind_is_named(id) && grammar.node_kind_is_visible(id) && name != "ERROR" {
                    let kind = language.kind(id);
                    assert_eq!(kind.name(), name, "{}: kind {id} is missing in kind.rs", language.name);
                }
            }
            for id in 1..=grammar.field_count() as u16 {
                let name = grammar.field_name_for_id(id).expect("field");
                assert!(Field::from_name(name).is_some(), "{}: field {name} is missing in kind.rs", language.name);
            }
        }
    }

    #[test]
    fn tables_are_sorted() {
        assert!(Kind::NAMES.windows(2).all(|w| w[0].1 < w[1].1));
        assert!(Field::NAMES.windows(2).all(|w| w[0].1 < w[1].1));
        for (i, (kind, _)) in Kind::NAMES.iter().enumerate() {
            assert_eq!(*kind as usize, i + 2);
        }
    }

    #[test]
    fn symbol_queries_compile() {
        for language in LANGUAGES {
            tree_sitter::Query::new(language.grammar(), language.symbols).expect(language.name);
        }
    }

    #[test]
    fn recognition() {
        let name = |l: Option<&'static Language>| l.map(|l| l.name);
        assert_eq!(name(by_path("a/b.TS")), Some("typescript"));
        assert_eq!(name(by_path("a\\b.mts")), Some("typescript"));
        assert_eq!(name(by_path("x.jsx")), Some("javascript"));
        assert_eq!(name(by_path("x.tsx")), Some("tsx"));
        assert_eq!(name(by_path("main.rs")), Some("rust"));
        assert_eq!(name(by_path("dir.rs/README")), None);
        assert_eq!(name(by_shebang("#!/usr/bin/env -S node --no-warnings\nx")), Some("javascript"));
        assert_eq!(name(by_shebang("#!/usr/bin/env NODE_ENV=x ts-node\nx")), Some("typescript"));
        assert_eq!(name(by_shebang("#!/bin/sh\n")), None);
        assert_eq!(name(by_shebang("")), None);
        assert_eq!(name(by_lsp_id("typescriptreact")), Some("tsx"));
    }
}
