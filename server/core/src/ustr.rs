//! Interned strings. Names come up again and again; each is kept once, for the life of the process, and compared by address.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{LazyLock, Mutex, PoisonError};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// An interned string: as small as a pointer, and equal to another only if it is the same one. Ordered as text, so that no order
/// depends on who came first.
#[derive(Clone, Copy)]
pub struct Ustr(&'static Entry);

struct Entry {
    /// Of the text alone: the same in every process.
    hash: u64,
    text: &'static str,
}

/// The one that is in no shard.
static EMPTY: Entry = Entry { hash: 0, text: "" };

/// Shards, so that workers seldom wait for each other.
const SHARDS: usize = 64;

/// Bytes of a shard's first piece of memory; each further one is twice as large, up to [`LAST_PIECE`]. Small ones matter: a
/// process that looks up some thousand names must not touch as many pages.
const FIRST_PIECE: usize = 256;
const LAST_PIECE: usize = 1 << 16;

/// A shard's lines of the processor's cache are its own.
#[repr(align(128))]
#[derive(Default)]
struct Shard(Mutex<Names>);

#[derive(Default)]
struct Names {
    known: HashTable<&'static Entry>,
    /// What is left of the piece that texts are put into.
    bytes: &'static mut [u8],
    /// What is left of the piece that entries are put into.
    entries: &'static mut [Entry],
    /// Bytes of the last piece.
    piece: usize,
}

static TABLE: LazyLock<Vec<Shard>> = LazyLock::new(|| (0..SHARDS).map(|_| Shard::default()).collect());

fn hash_of(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// The shard of a hash: by bits that the table inside does not look at first.
fn shard(hash: u64) -> &'static Mutex<Names> {
    &TABLE[(hash >> 40) as usize % SHARDS].0
}

impl Names {
    fn find(&self, text: &str, hash: u64) -> Option<&'static Entry> {
        self.known.find(hash, |entry| entry.hash == hash && entry.text == text).copied()
    }

    fn add(&mut self, text: &str, hash: u64) -> &'static Entry {
        let text = self.keep(text);
        if self.entries.is_empty() {
            let count = (self.piece / size_of::<Entry>()).max(8);
            self.entries = Box::leak((0..count).map(|_| Entry { hash: 0, text: "" }).collect());
        }
        let entries = std::mem::take(&mut self.entries);
        // There is one: they were just made if there was none.
        let Some((entry, rest)) = entries.split_first_mut() else { return &EMPTY };
        self.entries = rest;
        *entry = Entry { hash, text };
        let entry: &'static Entry = entry;
        self.known.insert_unique(hash, entry, |entry| entry.hash);
        entry
    }

    /// A copy that lasts.
    fn keep(&mut self, text: &str) -> &'static str {
        if self.bytes.len() < text.len() {
            if text.len() > LAST_PIECE / 4 {
                return Box::leak(text.into());
            }
            self.piece = (self.piece * 2).clamp(FIRST_PIECE, LAST_PIECE).max(text.len());
            self.bytes = Box::leak(vec![0; self.piece].into_boxed_slice());
        }
        let (copy, rest) = std::mem::take(&mut self.bytes).split_at_mut(text.len());
        self.bytes = rest;
        copy.copy_from_slice(text.as_bytes());
        // What was copied is text.
        std::str::from_utf8(copy).unwrap_or_default()
    }
}

impl Ustr {
    /// Interns a text. No trait's, so that whatever derefs to text can be given.
    #[must_use]
    pub fn from(text: &str) -> Ustr {
        if text.is_empty() {
            return Ustr(&EMPTY);
        }
        let hash = hash_of(text);
        let mut names = shard(hash).lock().unwrap_or_else(PoisonError::into_inner);
        Ustr(names.find(text, hash).unwrap_or_else(|| names.add(text, hash)))
    }

    /// The string, if somebody has interned it.
    pub fn from_existing(text: &str) -> Option<Ustr> {
        if text.is_empty() {
            return Some(Ustr(&EMPTY));
        }
        let hash = hash_of(text);
        shard(hash).lock().unwrap_or_else(PoisonError::into_inner).find(text, hash).map(Ustr)
    }

    /// The text.
    pub fn as_str(&self) -> &'static str {
        self.0.text
    }
}

impl From<&str> for Ustr {
    fn from(text: &str) -> Ustr {
        Ustr::from(text)
    }
}

impl From<String> for Ustr {
    fn from(text: String) -> Ustr {
        Ustr::from(&text)
    }
}

impl From<&String> for Ustr {
    fn from(text: &String) -> Ustr {
        Ustr::from(text)
    }
}

impl From<Cow<'_, str>> for Ustr {
    fn from(text: Cow<'_, str>) -> Ustr {
        Ustr::from(&text)
    }
}

impl Default for Ustr {
    fn default() -> Ustr {
        Ustr(&EMPTY)
    }
}

impl PartialEq for Ustr {
    fn eq(&self, other: &Ustr) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Ustr {}

impl Hash for Ustr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl Ord for Ustr {
    fn cmp(&self, other: &Ustr) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Ustr {
    fn partial_cmp(&self, other: &Ustr) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<str> for Ustr {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Ustr {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Ustr {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl Deref for Ustr {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Ustr {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Ustr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Ustr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault};

    use super::*;

    #[test]
    fn a_text_is_interned_once_by_whoever_comes() {
        let texts: Vec<String> = (0..5000).map(|n| format!("a name for the test {n} {}", "é".repeat(n % 40))).collect();
        let rounds: Vec<Vec<Ustr>> = std::thread::scope(|scope| {
            let one = || scope.spawn(|| texts.iter().map(|text| Ustr::from(text)).collect());
            let all: Vec<_> = (0..4).map(|_| one()).collect();
            all.into_iter().map(|t| t.join().expect("no panic")).collect()
        });
        for round in &rounds {
            assert_eq!(round, &rounds[0]);
            assert!(round.iter().zip(&texts).all(|(name, text)| name == text));
        }
        assert!(rounds[0].windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn what_nobody_interned_does_not_exist() {
        assert_eq!(Ustr::from_existing("nobody interned this in any test"), None);
        let name = Ustr::from("somebody interned this in a test");
        assert_eq!(Ustr::from_existing("somebody interned this in a test"), Some(name));
    }

    #[test]
    fn empty_and_very_long_texts_are_no_exception() {
        assert_eq!((Ustr::from(""), Ustr::from_existing("")), (Ustr::default(), Some(Ustr::default())));
        let long = "x".repeat(3 * LAST_PIECE);
        assert_eq!(Ustr::from(&long), Ustr::from(&long.clone()));
        assert_eq!(Ustr::from(&long).as_str(), long);
    }

    #[test]
    fn the_order_is_the_texts() {
        let (late, early) = (Ustr::from("zz ordered"), Ustr::from("aa ordered"));
        assert!(early < late);
        let hash = |name: Ustr| BuildHasherDefault::<FxHasher>::default().hash_one(name);
        assert_eq!(hash(early), hash(Ustr::from("aa ordered")));
    }
}
