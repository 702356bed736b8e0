//! Interned texts. Equal texts are one object, so that comparing, copying and hashing them costs what a number costs.

use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

/// An interned text; it lives as long as the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ustr(ustr::Ustr);

/// Names that a thread keeps at hand.
const AT_HAND: usize = 2048;

thread_local! {
    /// What was interned last, by hash. The table of all names is shared, large and cold: a name costs two misses of the cache and a lock there,
    /// and code says the same few names again and again.
    static RECENT: RefCell<Vec<Option<ustr::Ustr>>> = const { RefCell::new(Vec::new()) };
}

impl Ustr {
    /// Interns a text.
    #[allow(clippy::should_implement_trait)]
    pub fn from(text: &str) -> Ustr {
        let mut hasher = FxHasher::default();
        hasher.write(text.as_bytes());
        let slot = hasher.finish() as usize % AT_HAND;
        RECENT.with_borrow_mut(|recent| {
            if recent.is_empty() {
                recent.resize(AT_HAND, None);
            }
            if let Some(known) = recent[slot]
                && known.as_str() == text
            {
                return Ustr(known);
            }
            let made = ustr::Ustr::from(text);
            recent[slot] = Some(made);
            Ustr(made)
        })
    }

    /// A text that was interned already, if it was.
    pub fn from_existing(text: &str) -> Option<Ustr> {
        ustr::Ustr::from_existing(text).map(Ustr)
    }

    /// The text.
    pub fn as_str(&self) -> &'static str {
        self.0.as_str()
    }
}

impl Deref for Ustr {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Ustr {
    fn from(text: &str) -> Ustr {
        Ustr::from(text)
    }
}

impl AsRef<str> for Ustr {
    fn as_ref(&self) -> &str {
        self
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

impl fmt::Display for Ustr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Ustr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Ustr;

    #[test]
    fn equal_texts_are_one_object_on_every_thread() {
        let texts: Vec<String> = (0..10_000).map(|n| format!("name{}", n % 5_000)).chain([String::new()]).collect();
        let names = || texts.iter().map(|t| Ustr::from(t)).collect::<Vec<_>>();
        let here = names();
        let there = std::thread::scope(|scope| scope.spawn(names).join().expect("no panic"));
        assert_eq!(here, there);
        for (name, text) in here.iter().zip(&texts) {
            assert_eq!((name.as_str(), name.is_empty()), (text.as_str(), text.is_empty()));
        }
        assert_eq!(here[0], here[5_000]);
        assert_ne!(here[0], here[1]);
        assert!(here[0].as_str().as_ptr() == here[5_000].as_str().as_ptr());
    }
}
