//! Verdicts on patterns, remembered by their text: the same patterns are judged again with every edit.

use std::sync::{Arc, LazyLock};

use dashmap::DashMap;

use super::{Dialect, Flags, Verdict, analyze};

/// Patterns that are kept; beyond them all are forgotten.
const MOST: usize = 8192;
/// Longest pattern that is judged, in bytes.
const LONGEST: usize = 4096;

/// By pattern and flag letters.
type Known = DashMap<(String, String), Option<Arc<Verdict>>>;

/// Shared by all workers of a scan. No entry is held across another call on the map.
static KNOWN: LazyLock<Known> = LazyLock::new(DashMap::default);

/// The verdict on a JavaScript pattern with its flag letters; `None` for one that is too long to be judged.
pub fn verdict(pattern: &str, flags: &str) -> Option<Arc<Verdict>> {
    let key = (pattern.to_owned(), flags.to_owned());
    if let Some(found) = KNOWN.get(&key) {
        return found.clone();
    }
    let judged =
        (pattern.len() <= LONGEST).then(|| Arc::new(analyze(pattern, Flags::from_letters(flags), Dialect::JavaScript)));
    if KNOWN.len() >= MOST {
        KNOWN.clear();
    }
    KNOWN.insert(key, judged.clone());
    judged
}
