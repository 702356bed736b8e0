use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A row and its cosine with the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The row.
    pub row: u32,
    /// The cosine of the codes, in -1..=1 up to rounding.
    pub score: f32,
}

#[derive(Clone, Copy)]
struct Entry {
    score: f32,
    tie: u128,
    row: u32,
}

/// Greater is worse, so that a max-heap's top is the one to drop: lower score, then higher tie.
impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        other.score.total_cmp(&self.score).then(self.tie.cmp(&other.tie))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

/// The best `k` by (score descending, tie ascending): the same set whatever the order of the offers.
pub(crate) struct TopK {
    k: usize,
    heap: BinaryHeap<Entry>,
}

impl TopK {
    pub(crate) fn new(k: usize) -> TopK {
        TopK { k, heap: BinaryHeap::with_capacity(k.min(1 << 16)) }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.k
    }

    /// The score below which an offer is vain.
    pub(crate) fn bound(&self) -> f32 {
        match self.heap.peek() {
            Some(worst) if self.heap.len() == self.k => worst.score,
            _ => f32::NEG_INFINITY,
        }
    }

    pub(crate) fn offer(&mut self, score: f32, tie: u128, row: u32) {
        let entry = Entry { score, tie, row };
        if self.heap.len() < self.k {
            self.heap.push(entry);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && entry < *worst
        {
            *worst = entry;
        }
    }

    pub(crate) fn into_hits(self) -> Vec<Hit> {
        self.heap.into_sorted_vec().into_iter().map(|e| Hit { row: e.row, score: e.score }).collect()
    }
}
