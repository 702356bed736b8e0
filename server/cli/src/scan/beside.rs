//! Work that waits for nothing, done by workers that would otherwise wait for each other.
//!
//! The data flow goes from level to level of what imports what, and on some levels there is less to do than there are workers: a
//! circle of imports is one piece of work. Rules that look at one block need nothing of all that.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

/// Pieces of work, each done once, by whoever comes first.
pub struct Beside<'w> {
    next: AtomicUsize,
    count: usize,
    work: &'w (dyn Fn(usize) + Sync),
}

impl<'w> Beside<'w> {
    /// `work` is called with each number below `count`.
    pub fn new(count: usize, work: &'w (dyn Fn(usize) + Sync)) -> Beside<'w> {
        Beside { next: AtomicUsize::new(0), count, work }
    }

    /// Does one piece, if one is left.
    pub fn one(&self) -> bool {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let is_left = n < self.count;
        if is_left {
            (self.work)(n);
        }
        is_left
    }

    /// Does what is left, on all workers.
    pub fn rest(&self) {
        rayon::scope(|scope| {
            for _ in 1..rayon::current_num_threads() {
                scope.spawn(|_| while self.one() {});
            }
            while self.one() {}
        });
    }
}

/// What `work` makes of each item, in their order. Workers take one after another: files differ in size a thousandfold, and halves of a
/// list of them, which is how rayon begins, are no halves of the work.
pub fn map<'i, T: Sync, U: Send>(items: &'i [T], work: impl Fn(&'i T) -> U + Send + Sync) -> Vec<U> {
    items.par_iter().with_max_len(1).map(work).collect()
}

/// Calls `work` with each number below `count`, on all workers. Who finds none left does what lies beside until the others are done.
pub fn each(count: usize, work: &(dyn Fn(usize) + Sync), beside: Option<&Beside<'_>>) {
    let (next, left) = (AtomicUsize::new(0), AtomicUsize::new(count));
    let worker = || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= count {
                break;
            }
            work(n);
            left.fetch_sub(1, Ordering::Relaxed);
        }
        // A piece that is at work may have parts to share.
        while left.load(Ordering::Relaxed) > 0
            && (rayon::yield_now() == Some(rayon::Yield::Executed) || beside.is_some_and(Beside::one))
        {}
    };
    let most = if beside.is_some() { rayon::current_num_threads() } else { rayon::current_num_threads().min(count) };
    rayon::scope(|scope| {
        for _ in 1..most {
            scope.spawn(|_| worker());
        }
        worker();
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    use super::*;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
    }

    #[test]
    fn everything_is_done_once_at_any_number_of_workers() {
        for threads in [1, 2, 5] {
            for (count, more) in [(0, 0), (0, 7), (1, 30), (40, 3), (200, 200)] {
                let (done, also) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
                let work = |n| also.lock().expect("a lock").push(n);
                let beside = Beside::new(more, &work);
                pool(threads).install(|| {
                    each(count, &|n| done.lock().expect("a lock").push(n), Some(&beside));
                    beside.rest();
                });
                let sorted = |list: Mutex<Vec<usize>>| {
                    let mut list = list.into_inner().expect("a lock");
                    list.sort_unstable();
                    list
                };
                assert_eq!(sorted(done), (0..count).collect::<Vec<_>>());
                assert_eq!(sorted(also), (0..more).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn who_would_wait_does_what_lies_beside() {
        let met = AtomicUsize::new(0);
        let work = |_| {
            met.fetch_add(1, Ordering::SeqCst);
        };
        let beside = Beside::new(10, &work);
        pool(2).install(|| {
            // The one piece of this level ends only when somebody has done the rest beside it.
            let waits = |_| {
                let start = Instant::now();
                while met.load(Ordering::SeqCst) < 10 {
                    assert!(start.elapsed() < Duration::from_secs(60), "nobody works beside");
                    std::thread::yield_now();
                }
            };
            each(1, &waits, Some(&beside));
        });
    }
}
