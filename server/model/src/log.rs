//! What models saw: one line a question, in a file of the user's own that never grows large. Code itself is not in it, but where it
//! stands, how long the answer took and what it said.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Bytes after which the older half goes.
const MOST: u64 = 1 << 20;
/// Bytes of an answer that are kept.
const MOST_ANSWER: usize = 300;

/// A question and its answer.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Seconds since 1970.
    pub time: u64,
    /// The model's name.
    pub model: String,
    /// What it was asked for: `verdict`, `review`, `explain`, `fix`, `exam`.
    pub task: String,
    /// The file.
    pub path: String,
    /// The first line of the block, from 1.
    pub line: u64,
    /// The rule, where it is about a finding.
    pub rule: String,
    /// Tokens that it read.
    pub tokens: u32,
    /// Milliseconds.
    pub millis: u64,
    /// What it answered, cut short.
    pub answer: String,
}

/// The log; without a path nothing is kept.
#[derive(Clone, Debug, Default)]
pub struct Log {
    path: Option<PathBuf>,
}

impl Log {
    /// A log in this file, if it is on.
    pub fn new(path: PathBuf, on: bool) -> Log {
        Log { path: on.then_some(path) }
    }

    /// Adds a line. A log that cannot be written is no reason to stop.
    pub fn add(&self, mut entry: Entry) {
        let Some(path) = &self.path else { return };
        entry.time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        entry.answer.truncate(entry.answer.floor_char_boundary(MOST_ANSWER));
        let Ok(mut line) = serde_json::to_vec(&entry) else { return };
        line.push(b'\n');
        if let Some(folder) = path.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        if std::fs::metadata(path).is_ok_and(|m| m.len() > MOST) {
            let _ = halve(path);
        }
        // One write: lines of several processes do not mix.
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let _ = file.and_then(|mut file| file.write_all(&line));
    }
}

fn halve(path: &Path) -> std::io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let from = text.floor_char_boundary(text.len() / 2);
    let from = text[from..].find('\n').map_or(text.len(), |n| from + n + 1);
    sidenote_files::Writing::CACHE.put(path, &text.as_bytes()[from..])
}

/// The newest lines of a log, the oldest of them first. What is damaged is left out.
pub fn newest(path: &Path, most: usize) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut found: Vec<Entry> = text.lines().rev().filter_map(|l| serde_json::from_str(l).ok()).take(most).collect();
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_can_be_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/log.jsonl");
        Log::new(path.clone(), false).add(Entry::default());
        assert!(!path.exists());
        let log = Log::new(path.clone(), true);
        let entry = |n: u64| Entry { line: n, answer: "é".repeat(1000), ..Entry::default() };
        (0..5000).for_each(|n| log.add(entry(n)));
        assert!(std::fs::metadata(&path).expect("there").len() <= MOST + 1000);
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut f| f.write_all(b"{broken\n"))
            .expect("written");
        let last = newest(&path, 3);
        assert_eq!(last.iter().map(|e| e.line).collect::<Vec<_>>(), [4997, 4998, 4999]);
        assert!(last[0].answer.len() <= MOST_ANSWER && last[0].time > 0);
    }
}
