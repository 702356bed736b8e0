//! What the rules that look at one block say of it, kept with the block.

use std::sync::Arc;

use crate::ustr::Ustr;
use sidenote_grammars::Kind;

use super::suppress::Suppression;
use super::{Times, memo, suppress, test_children, times};
use crate::blocks::Block;
use crate::config::Settings;
use crate::findings::{Category, Note};
use crate::rules::{self, BlockCheck, Check, Cx, FileFacts, NodeCheck, Rule, declared};
use crate::system::Deadline;

/// What is kept for a block: the notes of the rules that look at it alone, and under which facts they were made.
pub(super) struct BlockNotes {
    pub(super) facts: Arc<FileFacts>,
    pub(super) settings: Arc<Settings>,
    /// Whether the block lies in test code, beyond what `facts` say.
    pub(super) in_test: bool,
    pub(super) notes: Vec<Note>,
    /// Which child blocks the block's syntax marks as tests (`#[test]`, `#[cfg(test)]`), ascending.
    pub(super) tests: Vec<usize>,
    pub(super) suppressions: Vec<Suppression>,
    /// Methods that the block awaits, as written.
    pub(super) awaited: Vec<Ustr>,
}

/// The time that a block's rules have.
#[derive(Clone, Copy)]
pub(super) enum Left {
    Enough,
    Until(Deadline),
    /// The time was up before: only suppressions are read.
    Nothing,
}

/// The notes of a block, and whether all rules looked at all of it; those that did not are not kept.
pub(super) fn block_notes(
    block: &Arc<Block>,
    facts: &Arc<FileFacts>,
    settings: &Arc<Settings>,
    in_test: bool,
    (left, times): (Left, Option<&Times>),
) -> (Arc<BlockNotes>, bool) {
    if let Some(old) = block.notes::<BlockNotes>()
        && old.in_test == in_test
        && same(&old.facts, facts)
        && same(&old.settings, settings)
    {
        return (old, true);
    }
    let mut whole = true;
    let (notes, suppressions, tests, awaited) = if let Some(parsed) = block.parsed() {
        // Nothing is known of the new text; what was found before is still there.
        let (known, all) = block_notes(parsed, facts, settings, in_test, (left, times));
        whole = all;
        let moved = |s: &Suppression| s.moved(memo::held_span(s.span(), parsed.arena(), block.arena())?);
        (
            memo::held_notes(&known.notes, parsed.arena(), block.arena()),
            known.suppressions.iter().filter_map(moved).collect(),
            known.tests.clone(),
            known.awaited.clone(),
        )
    } else {
        let mut notes = Vec::new();
        whole &= run_rules(block, facts, settings, in_test, (left, times), &mut notes);
        (notes, suppress::read(block.arena(), settings), test_children(block.arena()), declared::awaited(block))
    };
    let (facts, settings) = (facts.clone(), settings.clone());
    let made = Arc::new(BlockNotes { facts, settings, in_test, notes, tests, suppressions, awaited });
    if whole {
        block.set_notes(made.clone());
    }
    (made, whole)
}

/// Goes on to a block of a depth, after those that `around` holds: whether one around it marks it as a test.
pub(super) fn enter(around: &mut Vec<(Arc<BlockNotes>, usize)>, depth: usize) -> bool {
    around.truncate(depth);
    around.last_mut().is_some_and(|(notes, met)| {
        *met += 1;
        notes.in_test || notes.tests.binary_search(&(*met - 1)).is_ok()
    })
}

pub(super) fn same<T: PartialEq>(a: &Arc<T>, b: &Arc<T>) -> bool {
    Arc::ptr_eq(a, b) || **a == **b
}

/// The rules by the node kinds that they want.
pub(super) struct Table {
    pub(super) by_kind: Vec<Vec<(usize, NodeCheck)>>,
    pub(super) by_block: Vec<(usize, BlockCheck)>,
}

pub(super) static TABLE: std::sync::LazyLock<Table> = std::sync::LazyLock::new(|| {
    let mut table = Table { by_kind: vec![Vec::new(); Kind::NAMES.len() + 2], by_block: Vec::new() };
    for (i, rule) in rules::all().iter().enumerate() {
        for check in rule.checks {
            match check {
                Check::Nodes(kinds, check) => kinds.iter().for_each(|k| table.by_kind[*k as usize].push((i, *check))),
                Check::Block(check) => table.by_block.push((i, *check)),
                // The interpreter asks for these itself.
                Check::Flow(..) | Check::Model | Check::Calls(..) | Check::Writes(..) => {}
            }
        }
    }
    table
});

/// Runs the rules over a block; whether there was time for all of them.
fn run_rules(
    block: &Arc<Block>,
    facts: &FileFacts,
    settings: &Settings,
    in_test: bool,
    (left, times): (Left, Option<&Times>),
    out: &mut Vec<Note>,
) -> bool {
    /// Nodes between two looks at the clock.
    const STRETCH: usize = 64;
    let late = || match left {
        Left::Enough => false,
        Left::Until(deadline) => deadline.passed(),
        Left::Nothing => true,
    };
    if late() {
        return false;
    }
    let table = &*TABLE;
    let family = block.arena().language().family;
    let in_test = (facts.is_test || in_test) && !settings.include_tests;
    // What others or a compiler wrote is not mended here, unless it is dangerous.
    let vendored = facts.is_vendored || facts.is_compiled;
    let wanted: Vec<bool> = rules::all()
        .iter()
        .zip(&settings.rules)
        .map(|(r, s)| s.enabled && r.families.contains(&family) && (r.in_tests || !in_test))
        .zip(rules::all())
        .map(|(wanted, r)| wanted && (!vendored || r.category == Category::Security) && !facts.is_beside(r))
        .collect();
    if let Some(times) = times {
        times::run_rules(block, facts, settings, &wanted, out, times);
        return !late();
    }
    let rule = |i: usize| -> &'static Rule { rules::all()[i] };
    for (i, check) in &table.by_block {
        if wanted[*i] {
            check(&mut Cx { rule: rule(*i), block, file: facts, settings, out });
            if late() {
                return false;
            }
        }
    }
    for (n, node) in block.arena().nodes().enumerate() {
        if n % STRETCH == STRETCH - 1 && late() {
            return false;
        }
        // A placeholder's own rules run in its block, where it is the root.
        if node.is_hole() {
            continue;
        }
        for (i, check) in &table.by_kind[node.kind() as usize] {
            if wanted[*i] {
                check(node, &mut Cx { rule: rule(*i), block, file: facts, settings, out });
            }
        }
    }
    true
}
