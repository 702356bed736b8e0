//! Verdicts on patterns, remembered by their text: the same patterns are judged again with every edit.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::{Dialect, Flags, Verdict, analyze};

/// Patterns that are kept; beyond them all are forgotten.
const MOST: usize = 8192;
/// Longest pattern that is judged, in bytes.
const LONGEST: usize = 4096;

type Known = FxHashMap<(String, String), Option<Arc<Verdict>>>;

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// The verdict on a JavaScript pattern with its flag letters; `None` for one that is too long to be judged.
pub fn verdict(pattern: &str, flags: &str) -> Option<Arc<Verdict>> {
    let key = (pattern.to_owned(), flags.to_owned());
    if let Some(found) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return found.clone();
    }
    let judged =
        (pattern.len() <= LONGEST).then(|| Arc::new(analyze(pattern, Flags::from_letters(flags), Dialect::JavaScript)));
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MOST {
        known.clear();
    }
    known.insert(key, judged.clone());
    judged
}
