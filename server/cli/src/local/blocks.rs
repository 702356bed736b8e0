//! The functions of a workspace, as texts with places.

use std::ops::Deref;
use std::sync::Arc;

use rayon::prelude::*;
use sidenote_core::document::Document;
use sidenote_core::engine::why_skip;
use sidenote_core::functions::{Function, functions};
use sidenote_core::grammars;
use sidenote_core::text::MAX_BYTES;

use crate::args::Selection;
use crate::error::Error;
use crate::scan::{Candidate, Limits, Workspace, walk, workers};

/// A function of a workspace.
#[derive(Clone, Debug)]
pub struct CodeBlock {
    /// Its file, relative to the workspace's root.
    pub path: Arc<str>,
    /// Its first and last line, counted from one.
    pub lines: (u32, u32),
    /// The language's name.
    pub language: &'static str,
    /// The rest of what is known of it.
    pub function: Function,
}

impl Deref for CodeBlock {
    type Target = Function;

    fn deref(&self) -> &Function {
        &self.function
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
    let line = |at: usize| document.text().line_of(at) as u32 + 1;
    let place = |function: Function| {
        let first = line(function.head.start);
        let last = line(function.range.end.saturating_sub(1)).max(first);
        CodeBlock { path: candidate.path.clone(), lines: (first, last), language: language.name, function }
    };
    functions(&document).into_iter().map(place).collect()
}
