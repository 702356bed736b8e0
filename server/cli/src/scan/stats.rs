//! Where the time goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

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

    /// Does something and counts its time.
    pub fn time<T>(&self, phase: Phase, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.nanos[phase as usize].fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        result
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
