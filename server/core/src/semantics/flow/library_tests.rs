//! Models of TypeScript's libraries on small programs: which lines reach a sink.

use super::kinds::SinkKind;
use super::tests::reached;

mod carried;
mod checks;
mod commands;
mod databases;
mod files;
mod guards;
mod handlers;
mod lookups;
mod network;
mod objects;
mod older;
mod shapes;
mod turns;

/// Checks that the lines marked `//!` and no others reach a sink of the kinds.
fn check(kinds: &[SinkKind], code: &str) {
    let expected: Vec<usize> =
        code.lines().enumerate().filter(|(_, l)| l.ends_with("//!")).map(|(i, _)| i + 1).collect();
    let mut found: Vec<usize> = kinds.iter().flat_map(|k| reached("typescript", *k, code)).collect();
    found.sort_unstable();
    found.dedup();
    let line = |n: &usize| format!("{n}: {}", code.lines().nth(n - 1).unwrap_or("").trim());
    let missed: Vec<String> = expected.iter().filter(|l| !found.contains(l)).map(line).collect();
    let false_alarms: Vec<String> = found.iter().filter(|l| !expected.contains(l)).map(line).collect();
    assert!(missed.is_empty() && false_alarms.is_empty(), "missed {missed:#?}\nfalse alarms {false_alarms:#?}");
}
