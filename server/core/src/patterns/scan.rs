//! Matching a file.

use std::ops::Range;
use std::time::Duration;

use ast_grep_core::matcher::MatcherExt;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_core::{AstGrep, Matcher};

use super::language::Lang;
use super::{Pattern, Patterns};
use crate::findings::Fix;
use crate::rules::Rule;
use crate::system::Deadline;

/// How long a file may take. Patterns nested in each other can take long on a large file.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most matches of one rule in a file.
const MAX_MATCHES: usize = 2000;

/// What a rule found.
#[derive(Clone)]
pub(crate) struct Match {
    pub rule: &'static Rule,
    pub range: Range<usize>,
    pub message: String,
    pub related: Vec<(Range<usize>, String)>,
    pub fixes: Vec<Fix>,
}

impl Patterns {
    /// What the wanted rules find in a file, and whether all of it was looked through. Without a path every rule is for the file.
    pub(crate) fn scan(
        &self,
        path: Option<&str>,
        language: &'static sidenote_grammars::Language,
        text: String,
        tree: &tree_sitter::Tree,
        wanted: &dyn Fn(&Rule) -> bool,
    ) -> (Vec<Match>, bool) {
        let of_file = |p: &&Pattern| {
            wanted(p.rule)
                && path.is_none_or(|path| {
                    p.files.as_ref().is_none_or(|g| g.matches(path))
                        && !p.ignores.as_ref().is_some_and(|g| g.matches(path))
                })
        };
        let rules: Vec<_> = self
            .patterns()
            .iter()
            .filter(of_file)
            .flat_map(|p| p.matchers.iter().filter(|m| m.language == Lang(language)).map(move |m| (p, m)))
            .collect();
        let mut found = Vec::new();
        if rules.is_empty() {
            return (found, true);
        }
        let mut by_kind: Vec<Vec<usize>> = vec![Vec::new(); language.grammar().node_kind_count() + 1];
        for (i, (_, matcher)) in rules.iter().enumerate() {
            for kind in &matcher.matcher.potential_kinds().unwrap_or_default() {
                if let Some(list) = by_kind.get_mut(kind) {
                    list.push(i);
                }
            }
        }
        let root = AstGrep::doc(StrDoc { src: text, lang: Lang(language), tree: tree.clone() });
        let deadline = Deadline::after(PATIENCE);
        let mut counts = vec![0usize; rules.len()];
        for (n, node) in root.root().dfs().enumerate() {
            if n % 256 == 255 && deadline.passed() {
                return (found, false);
            }
            let Some(candidates) = by_kind.get(usize::from(node.kind_id())) else { continue };
            for &i in candidates {
                let (pattern, config) = rules[i];
                if counts[i] >= MAX_MATCHES {
                    continue;
                }
                let Some(hit) = config.matcher.match_node(node.clone()) else { continue };
                counts[i] += 1;
                let fixes = config.fixer.iter().map(|fixer| {
                    let edit = hit.make_edit(&config.matcher, fixer);
                    let text = String::from_utf8_lossy(&edit.inserted_text).into_owned();
                    let title = fixer.title().unwrap_or("Rewrite it as the rule says").to_owned();
                    let range = edit.position..edit.position + edit.deleted_length;
                    Fix { title, edits: vec![(range, text)], safe: pattern.safe_fix }
                });
                let labels = config.get_labels(&hit);
                let related = labels.iter().filter_map(|l| Some((l.range(), l.message?.to_owned()))).collect();
                let message = config.get_message(&hit);
                let message = if message.trim().is_empty() { pattern.rule.docs.what.to_owned() } else { message };
                found.push(Match { rule: pattern.rule, range: hit.range(), message, related, fixes: fixes.collect() });
            }
        }
        (found, true)
    }
}
