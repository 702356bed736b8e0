//! Folders with what lies in them, however deep.

use std::collections::BTreeMap;

use serde::Serialize;
use sidenote_core::findings::Score;

use super::Context;
use crate::trend::Trend;

/// A folder in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Folder {
    /// Relative to the root; empty for the root itself.
    pub path: String,
    pub files: usize,
    pub lines: usize,
    /// Reported findings that are not suppressed.
    pub findings: usize,
    /// Health score of all files in it together.
    pub score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

/// The folders of the files that were looked at, by path.
pub fn of(context: &Context<'_>) -> Vec<Folder> {
    let mut folders: BTreeMap<&str, (Folder, Score)> = BTreeMap::new();
    for file in &context.scan.files {
        let active = file.findings.iter().filter(|f| f.counts()).count();
        let mut folder = file.path.rsplit_once('/').map_or("", |(f, _)| f);
        loop {
            let (row, score) = folders.entry(folder).or_insert_with(|| {
                let path = folder.to_owned();
                (Folder { path, files: 0, lines: 0, findings: 0, score: 0.0, trend: None }, Score::default())
            });
            row.files += 1;
            row.lines += file.lines;
            row.findings += active;
            *score = *score + file.score;
            if folder.is_empty() {
                break;
            }
            folder = folder.rsplit_once('/').map_or("", |(f, _)| f);
        }
    }
    let earlier = context.earlier.map(|e| &e.folders);
    let finished = |(row, score): (Folder, Score)| {
        let score = score.value();
        let before = earlier.and_then(|e| e.get(&row.path)).copied();
        Folder { score, trend: before.map(|before| Trend::new(before, score)), ..row }
    };
    folders.into_values().map(finished).collect()
}
