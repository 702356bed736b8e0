//! Search over blocks of code: words by BM25, meaning by vectors, both together.

use std::collections::{BTreeMap, HashMap};

use sidenote_kernels::{Code, Index};

use crate::words::words;

/// BM25's saturation of a word's count. This, the next two, and that a word asked twice counts twice, were chosen on one half of 600 pairs of a
/// comment and its function, and checked on the other (`benches/README.md`).
const K1: f32 = 3.0;
/// BM25's discount for long blocks.
const B: f32 = 0.9;
/// A word in a block's name counts so many times.
const NAME: u32 = 12;
/// How much the best vector counts beside the best words.
const MEANING: f32 = 1.0;
/// Candidates that each side puts forward.
const CANDIDATES: usize = 200;

/// Blocks, ready to be searched. A block is known by its number, from 0 in the order in which it was added.
#[derive(Default)]
pub struct Search {
    /// Of each block; none of one that was removed.
    lengths: Vec<Option<u32>>,
    gone: usize,
    /// Removed since the postings were last swept.
    unswept: usize,
    total: u64,
    postings: HashMap<String, Vec<(u32, u32)>>,
    vectors: Option<Index>,
}

/// A block that was found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Found {
    /// The block's number.
    pub block: usize,
    /// Higher is better; at most 2.
    pub score: f32,
    /// Cosine with the question, where there are vectors.
    pub cosine: Option<f32>,
    /// BM25's score; 0 where no word occurs.
    pub words: f32,
}

impl Search {
    /// Adds a block; returns its number.
    pub fn add(&mut self, name: &str, text: &str) -> usize {
        let number = self.lengths.len() as u32;
        let mut counts: HashMap<String, u32> = HashMap::new();
        let mut length = 0;
        for word in words(text) {
            length += 1;
            *counts.entry(stem(word)).or_default() += 1;
        }
        for word in words(name) {
            *counts.entry(stem(word)).or_default() += NAME - 1;
        }
        for (word, count) in counts {
            self.postings.entry(word).or_default().push((number, count));
        }
        self.lengths.push(Some(length));
        self.total += u64::from(length);
        number as usize
    }

    /// Adds the vector of a block.
    pub fn vector(&mut self, block: usize, code: &Code) {
        if self.vectors.is_none() {
            self.vectors = Index::new(code.dim()).ok();
        }
        if let Some(index) = &mut self.vectors {
            // Another dimension is another model's, and none of this search.
            let _ = index.insert(block as u128, code);
        }
    }

    /// Removes a block; its number is not given again.
    pub fn remove(&mut self, block: usize) {
        let Some(length) = self.lengths.get_mut(block).and_then(Option::take) else { return };
        self.total -= u64::from(length);
        self.gone += 1;
        self.unswept += 1;
        if let Some(index) = &mut self.vectors {
            index.remove(block as u128);
        }
        if self.unswept > 256 && self.unswept > self.len() / 2 {
            self.unswept = 0;
            let lengths = &self.lengths;
            self.postings.retain(|_, postings| {
                postings.retain(|(block, _)| lengths[*block as usize].is_some());
                !postings.is_empty()
            });
        }
    }

    /// Number of blocks.
    pub fn len(&self) -> usize {
        self.lengths.len() - self.gone
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Blocks by BM25, best first, at most `k`.
    pub fn by_words(&self, question: &str, k: usize) -> Vec<(usize, f32)> {
        let n = self.len() as f32;
        let mean = (self.total as f32 / n.max(1.0)).max(1.0);
        let mut scores: HashMap<u32, f32> = HashMap::new();
        let mut asked: BTreeMap<String, f32> = BTreeMap::new();
        for word in words(question).map(stem).filter(|w| !is_stop_word(w)) {
            *asked.entry(word).or_default() += 1.0;
        }
        for (word, times) in asked {
            let Some(postings) = self.postings.get(&word) else { continue };
            // Of those that are gone some are still in the list.
            let df = postings.iter().filter(|(block, _)| self.lengths[*block as usize].is_some()).count() as f32;
            let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            for &(block, count) in postings {
                let Some(length) = self.lengths[block as usize] else { continue };
                let (count, length) = (count as f32, length as f32);
                *scores.entry(block).or_default() +=
                    times * idf * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length / mean));
            }
        }
        let mut all: Vec<(usize, f32)> = scores.into_iter().map(|(block, score)| (block as usize, score)).collect();
        all.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(k);
        all
    }

    /// Blocks by cosine, best first, at most `k`.
    pub fn by_meaning(&self, question: &Code, k: usize) -> Vec<(usize, f32)> {
        let hits = self.vectors.as_ref().and_then(|index| index.top_k(question, k).ok()).unwrap_or_default();
        hits.into_iter().map(|hit| (hit.key as usize, hit.score)).collect()
    }

    /// The best blocks by words and, where there is the question's vector, by meaning: each side's scores as shares of its best,
    /// added up.
    pub fn find(&self, question: &str, vector: Option<&Code>, k: usize) -> Vec<Found> {
        let meaning = vector.map(|v| self.by_meaning(v, CANDIDATES.max(k))).unwrap_or_default();
        self.find_among(question, meaning, k)
    }

    /// The same, with the best blocks by meaning from elsewhere, best first.
    pub fn find_among(&self, question: &str, meaning: Vec<(usize, f32)>, k: usize) -> Vec<Found> {
        let words = self.by_words(question, CANDIDATES.max(k));
        let best_words = words.first().map_or(1.0, |w| w.1).max(f32::MIN_POSITIVE);
        let best_meaning = meaning.first().map_or(1.0, |m| m.1).max(0.05);
        let mut found: HashMap<usize, Found> = HashMap::new();
        for (block, score) in words {
            let share = score / best_words;
            found.insert(block, Found { block, score: share, cosine: None, words: score });
        }
        for (block, cosine) in meaning {
            let entry = found.entry(block).or_insert(Found { block, score: 0.0, cosine: None, words: 0.0 });
            entry.score += MEANING * (cosine / best_meaning).max(0.0);
            entry.cosine = Some(cosine);
        }
        let mut all: Vec<Found> = found.into_values().collect();
        all.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.block.cmp(&b.block)));
        all.truncate(k);
        all
    }
}

/// A word without its commonest endings, so that `dates` finds `date`.
fn stem(word: String) -> String {
    for (ending, least) in [("ing", 6), ("ed", 5), ("es", 5), ("s", 4)] {
        if word.len() >= least
            && let Some(short) = word.strip_suffix(ending)
            && !short.ends_with('s')
        {
            return short.strip_suffix('e').unwrap_or(short).to_owned();
        }
    }
    word.strip_suffix('e').filter(|short| short.len() >= 3).map_or_else(|| word.clone(), str::to_owned)
}

fn is_stop_word(word: &str) -> bool {
    const WORDS: [&str; 24] = [
        "a", "an", "and", "ar", "as", "at", "be", "by", "for", "from", "if", "in", "into", "is", "it", "of", "on",
        "or", "th", "that", "the", "to", "with", "thi",
    ];
    WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search() -> Search {
        let mut search = Search::default();
        search.add("parseDate", "function parseDate(text) { return new Date(Date.parse(text)); }");
        search.add("renderList", "function renderList(items) { return items.map(draw).join(''); }");
        search.add("zone", "fn zone(offset: i32) -> Option<Zone> { TimeZone::from_offset(offset) }");
        search
    }

    #[test]
    fn what_was_removed_does_not_count() {
        let fresh = |search: &mut Search| {
            search.add("client", "fn client() { builder.accept_invalid_certs(true) }");
            search.add("archive", "fn archive() { tar.create() }");
        };
        let (mut once, mut often) = (Search::default(), Search::default());
        fresh(&mut once);
        for n in 0..20 {
            if n > 0 {
                often.remove(2 * n - 2);
                often.remove(2 * n - 1);
            }
            fresh(&mut often);
        }
        let question = "a client that accepts invalid certificates";
        let scores = |search: &Search| search.by_words(question, 5).iter().map(|f| f.1).collect::<Vec<_>>();
        assert_eq!(scores(&often), scores(&once));
        assert!(scores(&once)[0] > 0.0);
    }

    #[test]
    fn words_find_identifiers_by_their_parts() {
        let search = search();
        let first = |question: &str| search.by_words(question, 3).first().map(|f| f.0);
        assert_eq!(first("parse a date"), Some(0));
        assert_eq!(first("rendering lists"), Some(1));
        assert_eq!(first("time zones from offsets"), Some(2));
        assert_eq!(first("the of a"), None);
        assert_eq!(first(""), None);
    }

    #[test]
    fn what_was_removed_is_not_found() {
        let mut search = Search::default();
        for n in 0..2000 {
            let number = search.add(&format!("load{n}"), "fn load(path: &Path) -> Vec<u8> { read(path) }");
            assert_eq!(number, n);
        }
        let before = search.by_words("load the path", 3000);
        (0..1999).for_each(|n| search.remove(n));
        search.remove(5);
        search.remove(99_999);
        assert_eq!((before.len(), search.len()), (2000, 1));
        let found: Vec<usize> = search.by_words("load the path", 3000).into_iter().map(|f| f.0).collect();
        assert_eq!(found, [1999]);
        assert!(search.postings.values().all(|p| p.len() < 1000), "swept");
        assert_eq!(search.add("path", "fn path() -> &'static Path { path }"), 2000);
        assert_eq!(search.by_words("path", 9).len(), 2);
    }

    #[test]
    fn meaning_finds_what_words_do_not() {
        let mut search = search();
        let code = |codes: [i8; 4]| Code::from_codes(&codes).expect("codes");
        for (block, codes) in [[100, 0, 0, 0], [0, 100, 0, 0], [0, 0, 100, 0]].into_iter().enumerate() {
            search.vector(block, &code(codes));
        }
        let found = search.find("when is it", Some(&code([90, 0, 20, 0])), 2);
        assert_eq!((found[0].block, found[0].words), (0, 0.0));
        assert!(found[0].cosine.is_some_and(|c| c > 0.9));
        // Both sides together outrank either.
        let found = search.find("zone", Some(&code([50, 0, 49, 0])), 3);
        assert_eq!(found[0].block, 2);
    }
}
