//! The interpreter and the models on Rust: `//~ rule-id` marks the lines on which data reaches a sink of that rule, and no other line
//! may have one.

use sidenote_grammars::by_name;

use super::group;
use super::kinds::SinkKind;
use crate::blocks::Blocks;
use crate::syntax::SyntaxTree;

/// Lines, counted from one, with the rules whose sinks are reached there.
fn reached(code: &str) -> Vec<(usize, &'static str)> {
    let tree = SyntaxTree::parse_str(by_name("rust").expect("language"), code).expect("parse");
    assert!(!tree.tree().root_node().has_error(), "no Rust");
    let blocks = Blocks::of_str(&tree, code);
    let mut found = Vec::new();
    for kind in SinkKind::ALL {
        for offset in group::hits(&blocks, *kind) {
            found.push((code[..offset].matches('\n').count() + 1, kind.rule()));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Checks that the marked rules and, of `rules`, no others are reached.
fn check(rules: &[&str], code: &str) {
    let mut expected = Vec::new();
    for (i, line) in code.lines().enumerate() {
        for mark in line.split("//~").skip(1) {
            expected.extend(mark.split_whitespace().next().map(|rule| (i + 1, rule)));
        }
    }
    expected.sort_unstable();
    let found: Vec<(usize, &str)> = reached(code).into_iter().filter(|(_, r)| rules.contains(r)).collect();
    let line = |(n, rule): &(usize, &str)| format!("{rule}: {}", code.lines().nth(n - 1).unwrap_or("").trim());
    let missed: Vec<String> = expected.iter().filter(|e| !found.contains(e)).map(line).collect();
    let alarms: Vec<String> = found.iter().filter(|f| !expected.contains(f)).map(line).collect();
    assert!(missed.is_empty() && alarms.is_empty(), "missed {missed:#?}\nfalse alarms {alarms:#?}");
}

mod commands;
mod databases;
mod files;
mod network;
mod requests;
mod secrets;
mod sizes;
mod text;
mod ways;
