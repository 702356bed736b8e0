//! Sidenote's grammars, as ast-grep sees them.

use std::borrow::Cow;

use ast_grep_core::matcher::{Pattern, PatternBuilder, PatternError};
use ast_grep_core::tree_sitter::{LanguageExt, StrDoc};
use serde::{Deserialize, Deserializer};
use sidenote_grammars::{Family, LANGUAGES, Language};

/// A language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lang(pub &'static Language);

impl Lang {
    /// The language of that name, in any case and with the short names that people use.
    pub(super) fn named(name: &str) -> Option<Lang> {
        let name = match name.to_lowercase().as_str() {
            "ts" => "typescript".to_owned(),
            "js" | "jsx" => "javascript".to_owned(),
            "rs" => "rust".to_owned(),
            name => name.to_owned(),
        };
        LANGUAGES.iter().find(|l| l.name == name).map(|l| Lang(l))
    }
}

impl<'de> Deserialize<'de> for Lang {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lang, D::Error> {
        let name = String::deserialize(deserializer)?;
        Lang::named(&name).ok_or_else(|| serde::de::Error::custom(format!("`{name}` is no language that is read")))
    }
}

impl ast_grep_core::Language for Lang {
    /// Metavariables begin with `$`, which is no letter of Rust: there another letter stands for it while a pattern is parsed.
    fn pre_process_pattern<'q>(&self, query: &'q str) -> Cow<'q, str> {
        let letter = self.expando_char();
        if letter == '$' || !query.contains('$') {
            return Cow::Borrowed(query);
        }
        let mut out = String::with_capacity(query.len() + 8);
        let mut dollars = 0;
        let flush = |out: &mut String, dollars: &mut usize, is_variable: bool| {
            let sign = if is_variable { letter } else { '$' };
            out.extend(std::iter::repeat_n(sign, std::mem::take(dollars)));
        };
        for c in query.chars() {
            if c == '$' {
                dollars += 1;
                continue;
            }
            let is_variable = c.is_ascii_uppercase() || c == '_' || dollars == 3;
            flush(&mut out, &mut dollars, is_variable);
            out.push(c);
        }
        let is_variable = dollars == 3;
        flush(&mut out, &mut dollars, is_variable);
        Cow::Owned(out)
    }

    fn expando_char(&self) -> char {
        match self.0.family {
            Family::Ecma => '$',
            Family::Rust => 'µ',
        }
    }

    fn kind_to_id(&self, kind: &str) -> u16 {
        self.0.grammar().id_for_node_kind(kind, true)
    }

    fn field_to_id(&self, field: &str) -> Option<u16> {
        self.0.grammar().field_id_for_name(field).map(std::num::NonZeroU16::get)
    }

    fn build_pattern(&self, builder: &PatternBuilder<'_>) -> Result<Pattern, PatternError> {
        builder.build(|text| StrDoc::try_new(text, *self))
    }
}

impl LanguageExt for Lang {
    fn get_ts_language(&self) -> tree_sitter::Language {
        self.0.grammar().clone()
    }
}
