//! The functions of a workspace, as texts with places.

use std::sync::Arc;

use rayon::prelude::*;
use sidenote_core::blocks::BlockKind;
use sidenote_core::document::Document;
use sidenote_core::duplicates::{Shape, head};
use sidenote_core::engine::why_skip;
use sidenote_core::grammars;
use sidenote_core::text::MAX_BYTES;

use crate::args::Selection;
use crate::error::Error;
use crate::scan::{Candidate, Limits, Workspace, walk, workers};

/// Functions shorter than this, in bytes, say nothing by themselves.
const LEAST: usize = 40;
/// Lines above a function in which its comment is looked for.
const MOST_COMMENT: usize = 40;

/// A function of a workspace.
#[derive(Clone, Debug)]
pub struct CodeBlock {
    /// Its file, relative to the workspace's root.
    pub path: Arc<str>,
    /// Its first and last line, counted from one.
    pub lines: (u32, u32),
    /// The names around it and its own, `Class.method`; empty for one without.
    pub symbol: String,
    /// The language's name.
    pub language: &'static str,
    /// The comment above it, without its marks.
    pub comment: String,
    /// Its text.
    pub text: String,
    /// What it looks like beside others.
    pub shape: Option<Arc<Shape>>,
}

impl CodeBlock {
    /// What a search looks into: what is said of it and what it does.
    pub fn searched(&self) -> String {
        if self.comment.is_empty() { self.text.clone() } else { format!("{}\n{}", self.comment, self.text) }
    }

    /// Its first line.
    pub fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default().trim()
    }
}

/// The functions of what a selection names, in the order of paths and lines.
///
/// # Errors
/// When a path or a configuration cannot be used.
pub fn collect(selection: &Selection) -> Result<Vec<CodeBlock>, Error> {
    let workspace = Workspace::open(selection, None)?;
    let pool = workers(selection.jobs)?;
    let walked = walk(&workspace, Limits::of(selection, &pool));
    let lists: Vec<Vec<CodeBlock>> =
        pool.install(|| walked.candidates.par_iter().map(|c| of_file(&workspace, c)).collect());
    Ok(lists.into_iter().flatten().collect())
}

/// None of a file that a scan would skip.
fn of_file(workspace: &Workspace, candidate: &Candidate) -> Vec<CodeBlock> {
    let included = workspace.engine(candidate.project).config().includes(&candidate.path);
    let Some(language) = grammars::by_path(&candidate.path).filter(|_| included && candidate.odd.is_none()) else {
        return Vec::new();
    };
    let small = std::fs::metadata(&candidate.file).is_ok_and(|m| m.len() <= MAX_BYTES as u64);
    let Some(bytes) = small.then(|| std::fs::read(&candidate.file).ok()).flatten() else { return Vec::new() };
    let Ok(text) = why_skip(&bytes) else { return Vec::new() };
    let Ok(document) = Document::new(&candidate.path, language, text, 0) else { return Vec::new() };
    let mut found = Vec::new();
    let mut names: Vec<Option<String>> = Vec::new();
    for placed in document.blocks().iter() {
        names.truncate(placed.depth);
        names.push(placed.block.name().map(str::to_owned));
        let range = placed.start..placed.start + placed.block.len();
        if placed.block.kind() != BlockKind::Function || range.len() < LEAST {
            continue;
        }
        let Some(own) = text.get(range.clone()) else { continue };
        let symbol: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
        let mut symbol = symbol.join(".");
        if placed.block.name().is_none() {
            // `const name = () => ..`
            let before = text[..range.start].rsplit('\n').next().unwrap_or_default();
            let name = before.split('=').next().unwrap_or_default().split(':').next().unwrap_or_default();
            let name = name.trim().rsplit(' ').next().unwrap_or_default();
            if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$') {
                symbol = if symbol.is_empty() { name.to_owned() } else { format!("{symbol}.{name}") };
            }
        }
        let line = |at: usize| document.text().line_of(at) as u32 + 1;
        let first = line(placed.range(head(placed)).start);
        found.push(CodeBlock {
            path: candidate.path.clone(),
            lines: (first, line(range.end.saturating_sub(1)).max(first)),
            symbol,
            language: language.name,
            comment: comment_above(&text[..range.start]),
            text: own.to_owned(),
            shape: placed.block.shape(),
        });
    }
    found
}

/// The comment that ends right above, without its marks; attributes and decorators may stand between.
fn comment_above(before: &str) -> String {
    let mut lines = Vec::new();
    let mut rest = before.rsplit('\n');
    // What stands on the function's own line before it: `export const f = `.
    rest.next();
    for line in rest.take(MOST_COMMENT) {
        let line = line.trim();
        if line.starts_with("#[") || line.starts_with('@') {
            continue;
        }
        let is_comment = line.starts_with("//") || line.starts_with('*') || line.starts_with("/*");
        if !is_comment {
            break;
        }
        lines.push(line.trim_start_matches(['/', '*', '!', ' ']).trim_end_matches(['/', '*', ' ']).to_owned());
        if line.starts_with("/*") {
            break;
        }
    }
    lines.reverse();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_above() {
        assert_eq!(
            comment_above("let a;\n\n/// Parses a date.\n/// In UTC.\n#[inline]\npub "),
            "Parses a date.\nIn UTC."
        );
        assert_eq!(
            comment_above("/**\n * Parses.\n * @param a text\n */\nexport const f = "),
            "Parses.\n@param a text"
        );
        assert_eq!(comment_above("f();\n\n"), "");
        assert_eq!(comment_above(""), "");
    }
}
