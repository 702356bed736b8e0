//! Rows by key: append, replace and remove without a rebuild; cheap snapshots; a file that maps back.

#[cfg(feature = "persist")]
mod file;
mod segment;
mod shared;

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashTable;

pub use shared::SharedIndex;

use crate::line::{Code, check_dim, cosine, lines_for};
use crate::pairs::check_threshold;
use crate::panel::{PANEL, Panel};
use crate::rowset::RowSet;
use crate::topk::TopK;
use crate::{Codes, Error, Kernels};
use segment::{SEGMENT, Segment};

/// The key of a row: 128 bits of whatever identifies a block.
pub type Key = u128;

/// A row and its cosine with the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The row's key.
    pub key: Key,
    /// The cosine of the codes.
    pub score: f32,
}

/// Two rows and their cosine; `a < b`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyPair {
    /// The lower key.
    pub a: Key,
    /// The higher key.
    pub b: Key,
    /// The cosine of the codes.
    pub score: f32,
}

/// Tables of rows by key; each is copied when a snapshot holds it and a key of its own is written.
const SHARDS: usize = 64;

/// Quantised rows by key.
///
/// A clone is a snapshot: it shares all rows, and a later write copies only the run of rows (1.6 MB at 384 dimensions)
/// and the key table (1/64 of all) that it touches. Results depend on the rows and keys alone, not on the order in
/// which they came.
///
/// Memory: `64 * ceil(dim / 64) + 24` bytes a row, and 5 to 10 for its place in the key tables: about 420 MB for a
/// million rows of 384.
#[derive(Clone)]
pub struct Index {
    dim: usize,
    kernels: Kernels,
    len: usize,
    segments: Vec<Arc<Segment>>,
    shards: Vec<Arc<HashTable<u32>>>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("dim", &self.dim).field("len", &self.len).finish_non_exhaustive()
    }
}

impl Index {
    /// No rows, of `dim` codes, searched with the machine's best kernels.
    ///
    /// # Errors
    /// [`Error::Dimension`] unless `1 <= dim <= MAX_DIM`.
    pub fn new(dim: usize) -> Result<Index, Error> {
        Index::with_kernels(dim, Kernels::get())
    }

    /// As [`Index::new`], with kernels of one's choice.
    ///
    /// # Errors
    /// As for [`Index::new`].
    pub fn with_kernels(dim: usize, kernels: Kernels) -> Result<Index, Error> {
        check_dim(dim)?;
        let shards = (0..SHARDS).map(|_| Arc::new(HashTable::new())).collect();
        Ok(Index { dim, kernels, len: 0, segments: Vec::new(), shards })
    }

    /// Codes a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether there is a row of that key.
    pub fn contains(&self, key: Key) -> bool {
        self.find(key).is_some()
    }

    /// The row of that key.
    pub fn get(&self, key: Key) -> Option<Code> {
        let row = self.find(key)? as usize;
        let lines = self.segments[row / SEGMENT].row(row % SEGMENT, lines_for(self.dim));
        Some(Code::from_lines(self.dim, lines.to_vec()))
    }

    /// All keys, in no particular order.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.segments.iter().flat_map(|s| s.keys.iter().copied())
    }

    /// Bytes of memory in use for rows and keys. Rows that are mapped from a file count too.
    pub fn memory(&self) -> usize {
        let tables: usize = self.shards.iter().map(|s| s.allocation_size()).sum();
        tables + self.segments.iter().map(|s| s.memory()).sum::<usize>()
    }

    /// Appends a row, or replaces the row of that key; says which (`true` for replaced).
    ///
    /// # Errors
    /// [`Error::Dimension`] for another dimension, [`Error::Overflow`] past `u32::MAX` rows.
    pub fn insert(&mut self, key: Key, code: &Code) -> Result<bool, Error> {
        if code.dim != self.dim {
            return Err(Error::Dimension { expected: self.dim, found: code.dim });
        }
        if let Some(row) = self.find(key) {
            let segment = Arc::make_mut(&mut self.segments[row as usize / SEGMENT]);
            segment.set(row as usize % SEGMENT, code, key);
            return Ok(true);
        }
        let limit = u32::MAX as usize;
        if self.len >= limit {
            return Err(Error::Overflow { what: "rows", found: self.len + 1, limit });
        }
        if self.len.is_multiple_of(SEGMENT) {
            self.segments.push(Arc::new(Segment::default()));
        }
        let row = self.len;
        Arc::make_mut(&mut self.segments[row / SEGMENT]).push(code, key);
        self.link(key, row as u32);
        self.len += 1;
        Ok(false)
    }

    /// Removes the row of that key; says whether there was one. The last row takes its place.
    pub fn remove(&mut self, key: Key) -> bool {
        let Some(row) = self.find(key).map(|row| row as usize) else { return false };
        self.unlink(key, row as u32);
        let last = self.len - 1;
        let n = lines_for(self.dim);
        if row != last {
            let from = Arc::clone(&self.segments[last / SEGMENT]);
            let at = last % SEGMENT;
            let moved = from.keys[at];
            let code = Code {
                dim: self.dim,
                lines: from.row(at, n).to_vec(),
                inv_norm: from.inv_norms[at],
                sum: from.sums[at],
            };
            // Not held while it is written to, or the write would copy it.
            drop(from);
            Arc::make_mut(&mut self.segments[row / SEGMENT]).set(row % SEGMENT, &code, moved);
            self.unlink(moved, last as u32);
            self.link(moved, row as u32);
        }
        if last.is_multiple_of(SEGMENT) {
            self.segments.pop();
        } else {
            Arc::make_mut(&mut self.segments[last / SEGMENT]).pop(n);
        }
        self.len = last;
        true
    }

    /// The `k` rows of highest cosine with `query`, best first, ties by key; zero vectors never.
    ///
    /// # Errors
    /// [`Error::Dimension`] for another dimension.
    pub fn top_k(&self, query: &Code, k: usize) -> Result<Vec<Neighbour>, Error> {
        if query.dim != self.dim {
            return Err(Error::Dimension { expected: self.dim, found: query.dim });
        }
        let mut top = TopK::new(k);
        for (i, segment) in self.segments.iter().enumerate() {
            let first = (i * SEGMENT) as u32;
            self.kernels
                .scan_into(query, segment.rows(self.dim), first, &mut top, |row| segment.keys[(row - first) as usize]);
        }
        Ok(top.into_hits().into_iter().map(|h| Neighbour { key: self.key(h.row), score: h.score }).collect())
    }

    /// All pairs of rows with a cosine of at least `tau`, sorted by keys: the set that brute force yields.
    ///
    /// # Errors
    /// [`Error::Threshold`] unless `0 < tau <= 1`; [`Error::Overflow`] when there are more than `limit`.
    pub fn pairs_above(&self, tau: f32, limit: usize) -> Result<Vec<KeyPair>, Error> {
        let pairs = self.kernels.pairs_of(&self.row_set(), tau, limit)?;
        let mut pairs: Vec<_> = pairs.iter().map(|p| self.key_pair(p.a, p.b, p.score)).collect();
        pairs.sort_unstable_by_key(|p| (p.a, p.b));
        Ok(pairs)
    }

    /// The pairs of [`Index::pairs_above`] that have a row of `changed` in them: what an edit can have altered. Keys
    /// that are not in the index are passed over.
    ///
    /// # Errors
    /// As for [`Index::pairs_above`].
    pub fn neighbours_of(&self, changed: &[Key], tau: f32, limit: usize) -> Result<Vec<KeyPair>, Error> {
        check_threshold(tau)?;
        let changed: BTreeSet<u32> = changed.iter().filter_map(|&key| self.find(key)).collect();
        let queries: Vec<u32> = changed.iter().copied().collect();
        let set = self.row_set();
        let (mut hits, mut bounds, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for queries in queries.chunks(PANEL) {
            let mut codes = Codes::new(self.dim)?;
            for &q in queries {
                codes.push_parts(set.row(q), set.inv_norm(q), set.sum(q))?;
            }
            let panel = Panel::pack(codes.as_rows())?;
            for (i, rows) in set.runs().iter().enumerate() {
                bounds.clear();
                // Infinity for a zero vector, which no finite product reaches.
                bounds.extend(rows.inv_norms.iter().map(|inv| tau * (1.0 - 1e-6) / inv));
                hits.clear();
                self.kernels.panel_into(&panel, *rows, &bounds, &mut hits);
                for hit in &hits {
                    let (q, row) = (queries[hit.query as usize], (i * SEGMENT) as u32 + hit.row);
                    // A pair of two changed rows is met twice.
                    if q == row || (row < q && changed.contains(&row)) {
                        continue;
                    }
                    let score = cosine(hit.dot, set.inv_norm(q), set.inv_norm(row));
                    if score >= tau {
                        if pairs.len() == limit {
                            return Err(Error::Overflow { what: "pairs", found: limit + 1, limit });
                        }
                        pairs.push(self.key_pair(q, row, score));
                    }
                }
            }
        }
        pairs.sort_unstable_by_key(|p| (p.a, p.b));
        Ok(pairs)
    }

    fn row_set(&self) -> RowSet<'_> {
        RowSet::many(self.dim, SEGMENT, self.segments.iter().map(|s| s.rows(self.dim)).collect())
    }

    fn key(&self, row: u32) -> Key {
        self.segments[row as usize / SEGMENT].keys[row as usize % SEGMENT]
    }

    fn key_pair(&self, x: u32, y: u32, score: f32) -> KeyPair {
        let (x, y) = (self.key(x), self.key(y));
        KeyPair { a: x.min(y), b: x.max(y), score }
    }

    fn find(&self, key: Key) -> Option<u32> {
        let hash = hash(key);
        self.shards[shard(hash)].find(hash, |&row| self.key(row) == key).copied()
    }

    /// `row` holds `key` already.
    fn link(&mut self, key: Key, row: u32) {
        let hash_of = hash(key);
        let segments = &self.segments;
        let rehash = |&row: &u32| hash(segments[row as usize / SEGMENT].keys[row as usize % SEGMENT]);
        Arc::make_mut(&mut self.shards[shard(hash_of)]).insert_unique(hash_of, row, rehash);
    }

    fn unlink(&mut self, key: Key, row: u32) {
        let hash = hash(key);
        if let Ok(entry) = Arc::make_mut(&mut self.shards[shard(hash)]).find_entry(hash, |&r| r == row) {
            entry.remove();
        }
    }
}

fn hash(key: Key) -> u64 {
    let mixed = ((key as u64) ^ ((key >> 64) as u64).rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The middle bits: a table uses the low ones for its places and the top seven for its tags.
fn shard(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}
