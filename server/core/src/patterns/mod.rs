//! Users' own rules: YAML in ast-grep's language, matched by ast-grep's crates on the trees that are there anyway.
//!
//! Nothing here runs where a configuration has no such rules. A rule becomes a [`Rule`] like the built-in ones, so that
//! selection, severities, suppressions, fingerprints and every report treat it alike.

mod cases;
mod language;
mod load;
mod scan;

use std::sync::{Arc, Mutex, PoisonError};

use ast_grep_config::RuleConfig;
use rustc_hash::FxHashMap;

use crate::config::{Globs, Problem};
use crate::rules::Rule;
pub use cases::{Failure, Tested};
use language::Lang;
pub(crate) use load::{Loaded, load};
pub(crate) use scan::Match;

/// One's own rules, sorted by id. Equal sets find the same.
#[derive(Clone, Default)]
pub struct Patterns {
    set: Option<Arc<Set>>,
}

struct Set {
    /// Hash of the texts that they were read from.
    key: blake3::Hash,
    patterns: Vec<Pattern>,
}

/// A rule of one's own.
pub struct Pattern {
    /// As every part of Sidenote knows it.
    pub rule: &'static Rule,
    /// By language.
    matchers: Vec<RuleConfig<Lang>>,
    files: Option<Globs>,
    ignores: Option<Globs>,
    /// Whether its fix keeps the meaning of correct code.
    safe_fix: bool,
    /// Code in which it must find nothing, and in which it must find something.
    valid: Vec<String>,
    invalid: Vec<String>,
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Patterns) -> bool {
        self.key() == other.key()
    }
}

impl std::fmt::Debug for Patterns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.rules().map(|r| r.id)).finish()
    }
}

impl Patterns {
    /// A set of rules with different ids; `key` names what they were read from.
    pub(crate) fn new(key: blake3::Hash, mut patterns: Vec<Pattern>) -> Patterns {
        patterns.sort_by_key(|p| p.rule.id);
        Patterns { set: (!patterns.is_empty()).then(|| Arc::new(Set { key, patterns })) }
    }

    /// The rules of one file.
    ///
    /// # Errors
    /// What is wrong with it, each thing with its place.
    pub fn parse(text: &str) -> Result<Patterns, Vec<Problem>> {
        let mut problems = Vec::new();
        let Loaded { mut patterns, cases } = load(text, &mut problems);
        for (id, valid, invalid) in cases {
            if !Loaded::attach(&mut patterns, id.get_ref(), &valid, &invalid) {
                let message = format!("these are cases of `{}`, which is no rule of this file", id.get_ref());
                problems.push(Problem { range: Some(id.span()), message, help: None });
            }
        }
        if problems.is_empty() { Ok(Patterns::new(blake3::hash(text.as_bytes()), patterns)) } else { Err(problems) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.set.is_none()
    }

    /// What tells this set from others; `None` for the empty one.
    pub fn key(&self) -> Option<blake3::Hash> {
        self.set.as_ref().map(|s| s.key)
    }

    /// The rules, sorted by id.
    pub fn rules(&self) -> impl Iterator<Item = &'static Rule> + '_ {
        self.patterns().iter().map(|p| p.rule)
    }

    /// The position of a rule.
    pub fn index(&self, id: &str) -> Option<usize> {
        self.patterns().binary_search_by(|p| p.rule.id.cmp(id)).ok()
    }

    fn patterns(&self) -> &[Pattern] {
        self.set.as_ref().map(|s| s.patterns.as_slice()).unwrap_or_default()
    }
}

/// A rule that lives as long as the process. Equal texts give the same rule, so that reading a configuration again and again
/// costs nothing.
fn interned(key: blake3::Hash, make: impl FnOnce() -> Rule) -> &'static Rule {
    static KNOWN: Mutex<Option<FxHashMap<blake3::Hash, &'static Rule>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.get_or_insert_default().entry(key).or_insert_with(|| Box::leak(Box::new(make())))
}

#[cfg(test)]
mod tests;
