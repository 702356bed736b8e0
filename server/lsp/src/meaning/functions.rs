//! The functions that are known, by file, by text and by words.

use rustc_hash::FxHashMap;
use sidenote_core::blocks::BlockId;
use sidenote_core::functions::Key;
use tower_lsp::ls_types::Uri;

use super::{Answer, Place};

/// A function with its place.
pub(super) struct Item {
    pub block: BlockId,
    pub key: Key,
    pub place: Place,
    /// Whether likeness to it is worth telling: it is no test, no conversion, and not tiny.
    pub counts: bool,
}

/// All of them.
#[derive(Default)]
pub(super) struct Functions {
    items: FxHashMap<usize, Item>,
    by_file: FxHashMap<Uri, Vec<usize>>,
    by_key: FxHashMap<Key, Vec<usize>>,
    #[cfg(feature = "model")]
    words: sidenote_model::search::Search,
    #[cfg(not(feature = "model"))]
    next: usize,
}

impl Functions {
    /// The functions of a file's newest version, each with the text to look for words in.
    pub fn set(&mut self, uri: &Uri, functions: Vec<(Item, String)>) {
        self.remove(uri);
        let numbers = functions.into_iter().map(|(item, text)| self.add(item, &text)).collect();
        self.by_file.insert(uri.clone(), numbers);
    }

    fn add(&mut self, item: Item, text: &str) -> usize {
        #[cfg(feature = "model")]
        let number = self.words.add(&item.place.symbol, text);
        #[cfg(not(feature = "model"))]
        let number = {
            let _ = text;
            self.next += 1;
            self.next
        };
        self.by_key.entry(item.key).or_default().push(number);
        self.items.insert(number, item);
        number
    }

    /// A file is gone.
    pub fn remove(&mut self, uri: &Uri) {
        for number in self.by_file.remove(uri).unwrap_or_default() {
            #[cfg(feature = "model")]
            self.words.remove(number);
            let Some(item) = self.items.remove(&number) else { continue };
            if let Some(numbers) = self.by_key.get_mut(&item.key) {
                numbers.retain(|n| *n != number);
                if numbers.is_empty() {
                    self.by_key.remove(&item.key);
                }
            }
        }
    }

    pub fn contains(&self, uri: &Uri) -> bool {
        self.by_file.contains_key(uri)
    }

    pub fn files(&self) -> impl Iterator<Item = &Uri> {
        self.by_file.keys()
    }

    /// The functions of a file.
    pub fn of_file(&self, uri: &Uri) -> impl Iterator<Item = (usize, &Item)> {
        let numbers = self.by_file.get(uri).into_iter().flatten();
        numbers.filter_map(|n| Some((*n, self.items.get(n)?)))
    }

    /// The functions of a text.
    pub fn of_key(&self, key: &Key) -> impl Iterator<Item = (usize, &Item)> {
        let numbers = self.by_key.get(key).into_iter().flatten();
        numbers.filter_map(|n| Some((*n, self.items.get(n)?)))
    }

    /// The best answers to a question; `near` are those by meaning, best first.
    pub fn find(&self, question: &str, near: &[(Key, f32)], most: usize) -> Vec<Answer> {
        #[cfg(feature = "model")]
        {
            let meaning =
                near.iter().flat_map(|(key, cosine)| self.of_key(key).map(move |(n, _)| (n, *cosine))).collect();
            let found = self.words.find_among(question, meaning, most);
            let answer = |f: sidenote_model::search::Found| {
                let item = self.items.get(&f.block)?;
                Some(Answer { place: item.place.clone(), score: f.score, cosine: f.cosine })
            };
            found.into_iter().filter_map(answer).collect()
        }
        #[cfg(not(feature = "model"))]
        {
            let _ = (question, near, most);
            Vec::new()
        }
    }
}
