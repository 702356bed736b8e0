//! Where the time goes.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sidenote_core::engine::Times;
use sidenote_core::rules;

/// A part of the work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Finding the files.
    Walk,
    /// Reading and decoding.
    Read,
    /// Syntax trees and blocks.
    Parse,
    /// Data flow, across files.
    Follow,
    /// Facts, rules, suppressions.
    Analyze,
    /// The same again after each round of fixes.
    Fix,
    /// Positions, fingerprints and hashes for the report.
    Resolve,
}

impl Phase {
    /// All of them, in the order of the work.
    pub const ALL: [Phase; 7] =
        [Phase::Walk, Phase::Read, Phase::Parse, Phase::Follow, Phase::Analyze, Phase::Fix, Phase::Resolve];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Walk => "walk",
            Phase::Read => "read",
            Phase::Parse => "parse",
            Phase::Follow => "follow",
            Phase::Analyze => "analyze",
            Phase::Fix => "fix",
            Phase::Resolve => "resolve",
        }
    }
}

thread_local! {
    /// The phase that this thread is in, and since when it counts.
    static OPEN: Cell<Option<(Phase, Instant)>> = const { Cell::new(None) };
}

/// Time by phase, added up over all threads.
#[derive(Debug)]
pub struct Stats {
    started: Instant,
    nanos: [AtomicU64; 7],
    /// Files of which the findings were known from an earlier scan, if any was remembered.
    known: AtomicU64,
    /// Those of them that were not even read.
    unread: AtomicU64,
    /// The rules' shares, where they are measured.
    pub rules: Arc<Times>,
}

impl Stats {
    /// Starts the clock.
    pub fn start() -> Stats {
        Stats {
            started: Instant::now(),
            nanos: Default::default(),
            known: AtomicU64::new(u64::MAX),
            unread: AtomicU64::new(0),
            rules: Arc::default(),
        }
    }

    /// Does something and counts its time, without that of what is timed within it.
    pub fn time<T>(&self, phase: Phase, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let outer = OPEN.replace(Some((phase, start)));
        if let Some((outer, since)) = outer {
            self.add(outer, start.duration_since(since));
        }
        let result = work();
        let end = Instant::now();
        if let Some((_, since)) = OPEN.replace(outer.map(|(outer, _)| (outer, end))) {
            self.add(phase, end.duration_since(since));
        }
        result
    }

    fn add(&self, phase: Phase, time: Duration) {
        self.nanos[phase as usize].fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Adds what was measured elsewhere to a rule of that id.
    pub fn of_rule<T>(&self, id: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        if let Some(rule) = rules::index(id) {
            self.rules.add(rule, start.elapsed().as_nanos() as u64);
        }
        result
    }

    /// Seconds in a phase, over all threads.
    pub fn seconds(&self, phase: Phase) -> f64 {
        self.nanos[phase as usize].load(Ordering::Relaxed) as f64 / 1e9
    }

    /// Tells of how many files the findings were known from an earlier scan, and how many of all were not read.
    pub fn keep(&self, known: usize, unread: usize) {
        self.known.store(known as u64, Ordering::Relaxed);
        self.unread.store(unread as u64, Ordering::Relaxed);
    }

    /// Of how many files the findings were known, and how many were not read; `None` without a cache.
    pub fn known(&self) -> Option<(u64, u64)> {
        let known = Some(self.known.load(Ordering::Relaxed)).filter(|n| *n != u64::MAX);
        known.map(|known| (known, self.unread.load(Ordering::Relaxed)))
    }

    /// Seconds since the start, by the wall's clock.
    pub fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

/// Most memory that the process has held, in bytes, where the system tells.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    #[test]
    fn time_within_a_phase_is_counted_once() {
        let stats = Stats::start();
        let wait = || sleep(Duration::from_millis(20));
        stats.time(Phase::Follow, || {
            wait();
            stats.time(Phase::Follow, wait);
            stats.time(Phase::Analyze, wait);
        });
        let (follow, analyze) = (stats.seconds(Phase::Follow), stats.seconds(Phase::Analyze));
        assert!(follow >= 0.04 && analyze >= 0.02, "{follow} {analyze}");
        assert!(follow + analyze <= stats.elapsed(), "{follow} {analyze} of {}", stats.elapsed());
    }
}
