//! The engine: runs the rules over a document's blocks, with what it knows kept by block.

mod foreign;
mod memo;
mod skip;
mod suppress;
mod times;
mod twins;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_grammars::Kind;
use ustr::Ustr;

use crate::blocks::{Block, Blocks, Placed};
use crate::config::{Config, Settings};
use crate::document::Document;
use crate::findings::{Condition, Finding, Fix, Location, Note, Place, Score, score};
use crate::program::Workers;
use crate::rules::declared::{self, Declared};
use crate::rules::{self, BlockCheck, Check, Cx, FileFacts, NodeCheck, Rule};
use crate::semantics::flow::trace::{Trace, trace};
use crate::semantics::imports::Imports;
use crate::syntax::Arena;
use crate::system::Deadline;

pub use memo::{Flow, Memo};
pub use skip::{SkipReason, why_skip};
pub use suppress::Suppression;
pub use times::Times;
pub use twins::{Twin, TwinPlace};

/// Something that could not be analysed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// Which bytes.
    pub range: std::ops::Range<usize>,
    /// Why.
    pub message: String,
}

/// How the message of a gap begins where the time was up: what else was found then is chance.
pub const LATE: &str = "took longer than";

/// What the engine says of a file.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Findings in the order of the file, suppressed ones included.
    pub findings: Vec<Finding>,
    /// What could not be analysed: syntax errors, nesting too deep, budgets.
    pub gaps: Vec<Gap>,
    /// Number of lines.
    pub lines: usize,
}

impl Report {
    /// Findings that are not suppressed.
    pub fn active(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.suppressed.is_none())
    }

    /// Health score.
    pub fn score(&self) -> Score {
        score(&self.findings, self.lines)
    }
}

/// The engine. Immutable; share it between threads.
pub struct Engine {
    config: Config,
    /// Where the time of each rule is added up, if somebody asks.
    times: Option<Arc<Times>>,
}

/// What is kept for a block: the notes of the rules that look at it alone, and under which facts they were made.
struct BlockNotes {
    facts: Arc<FileFacts>,
    settings: Arc<Settings>,
    /// Whether the block lies in test code, beyond what `facts` say.
    in_test: bool,
    notes: Vec<Note>,
    /// Which child blocks the block's syntax marks as tests (`#[test]`, `#[cfg(test)]`), ascending.
    tests: Vec<usize>,
    suppressions: Vec<Suppression>,
    /// Methods that the block awaits, as written.
    awaited: Vec<Ustr>,
}

/// A note that counts if its callee is awaited somewhere in the file.
struct Waiting<'b> {
    callee: Ustr,
    notes: Arc<BlockNotes>,
    /// Which of `notes` it is.
    number: usize,
    placed: Placed<'b>,
    /// The block and those around it, outermost first.
    path: Vec<&'b Block>,
}

impl Engine {
    /// An engine for a configuration.
    pub fn new(config: Config) -> Engine {
        Engine { config, times: None }
    }

    /// From now on the time that each rule takes is added up.
    pub fn measure(&mut self, times: Arc<Times>) {
        self.times = Some(times);
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Follows the data through a document, for [`Memo::set_flow`]. The cost grows with the file.
    pub fn flow(&self, document: &Document) -> Flow {
        Flow::of(document.blocks(), &self.config.settings(document.path()).models)
    }

    /// Tells what the data flow knows of some bytes of a document: why there is a finding, or where a flow was lost. The cost is
    /// that of the whole flow, and somewhat more.
    pub fn trace(&self, document: &Document, range: &std::ops::Range<usize>) -> Trace {
        self.trace_during(document, range, || drop(self.flow(document)))
    }

    /// The same for a document that is part of a program: `analyze` follows the data through that, on this thread.
    pub fn trace_during(&self, document: &Document, range: &std::ops::Range<usize>, analyze: impl FnOnce()) -> Trace {
        trace(document.text(), document.blocks(), range, analyze)
    }

    /// A data flow in which nothing was found, for a version that could not be followed through.
    pub fn no_flow(&self, document: &Document) -> Flow {
        Flow::none(document.blocks(), &self.config.settings(document.path()).models)
    }

    /// Whether the memory holds the data flow of exactly this version under this configuration.
    pub fn has_flow(&self, document: &Document, memo: &Memo) -> bool {
        memo.has_flow_of(document.blocks(), &self.config.settings(document.path()).models)
    }

    /// Does what needs no data flow: the rules that look at one block, and those of the configuration. [`Engine::analyze_quickly`]
    /// with the memory that this gives finds it done, and asks for tree-sitter's tree no more.
    pub fn prepare(&self, document: &Document) -> Memo {
        let settings = self.config.settings(document.path());
        let mut memo = Memo::default();
        let facts = memo.facts(document.path(), document.blocks());
        let left = settings.time_limit.map(Deadline::after).map_or(Left::Enough, Left::Until);
        let mut around: Vec<(Arc<BlockNotes>, usize)> = Vec::new();
        for placed in document.blocks().iter() {
            let in_test = enter(&mut around, placed.depth);
            let (notes, whole) = block_notes(placed.block, &facts, &settings, in_test, (left, self.times.as_deref()));
            if !whole {
                memo.set_late();
                break;
            }
            around.push((notes, 0));
        }
        if !settings.patterns.is_empty() && !memo.is_late() {
            memo.own(document.blocks().root(), &settings, || own_findings(document, &settings));
        }
        memo
    }

    /// Runs the rules that look at one block over a document that is new, by several workers at once. [`Engine::analyze_quickly`]
    /// with this memory finds that done; the report is the same.
    pub fn prepare_with(&self, document: &Document, memo: &mut Memo, workers: &dyn Workers, parts: usize) {
        let settings = self.config.settings(document.path());
        let facts = memo.facts(document.path(), document.blocks());
        let times = self.times.as_deref();
        // Of processor time each thread has its own.
        let left = || settings.time_limit.map(Deadline::after).map_or(Left::Enough, Left::Until);
        let (root, whole) = block_notes(document.blocks().root(), &facts, &settings, false, (left(), times));
        if !whole {
            return;
        }
        workers.each(parts, &|part| {
            let left = left();
            let mut around = vec![(root.clone(), 0)];
            let (mut met, mut mine) = (0, false);
            for placed in document.blocks().iter().skip(1) {
                if placed.depth > 1 && !mine {
                    continue;
                }
                let in_test = enter(&mut around, placed.depth);
                if placed.depth == 1 {
                    mine = met % parts == part;
                    met += 1;
                }
                if mine {
                    let (notes, whole) = block_notes(placed.block, &facts, &settings, in_test, (left, times));
                    if !whole {
                        return;
                    }
                    around.push((notes, 0));
                }
            }
        });
    }

    /// Analyses a document. What was computed for its blocks before is used again where it still holds.
    pub fn analyze(&self, document: &Document) -> Report {
        self.analyze_again(document, &mut Memo::default())
    }

    /// Analyses a document of which `memo` remembers an earlier version. The report is that of [`Engine::analyze`].
    pub fn analyze_again(&self, document: &Document, memo: &mut Memo) -> Report {
        if !self.has_flow(document, memo) {
            memo.set_flow(self.flow(document));
        }
        self.analyze_quickly(document, memo)
    }

    /// Analyses a document at a cost that follows the edits since the version that `memo` remembers. Findings that need
    /// the data flow of the file are those that the memory holds ([`Memo::set_flow`]), moved along with the edits since; the
    /// report is that of [`Engine::analyze`] if [`Engine::has_flow`] this very version.
    pub fn analyze_quickly(&self, document: &Document, memo: &mut Memo) -> Report {
        let settings = self.config.settings(document.path());
        let deadline = settings.time_limit.map(Deadline::after);
        // Where the time was up: what stands behind is not looked at.
        let mut late = None;
        let blocks = document.blocks();
        let family = blocks.language().family;
        let facts = memo.facts(document.path(), blocks);
        let mut findings = Vec::new();
        // Notes that count if somebody awaits the same callee, with the blocks around them, and what is awaited. There are many of the
        // first, and few are told.
        let mut waiting: Vec<Waiting<'_>> = Vec::new();
        let mut awaited: FxHashSet<Ustr> = FxHashSet::default();
        let mut gaps = Vec::new();
        let mut suppressions = Vec::new();
        let places = Places::new(blocks);
        // The blocks around the one at hand: notes, whether they are tests, and how many children were met.
        let mut around: Vec<(Arc<BlockNotes>, usize)> = Vec::new();
        // The block at hand and those around it, outermost first.
        let mut path: Vec<&Block> = Vec::new();
        let repeats = !twins::is_practice(document.path());
        let flow_notes = memo.flow_notes(blocks);
        let mut flow_notes = flow_notes.iter().peekable();
        for (index, placed) in blocks.iter().enumerate() {
            let in_test = enter(&mut around, placed.depth);
            path.truncate(placed.depth);
            path.push(placed.block);
            let in_time = deadline.filter(|_| late.is_none());
            let left = if late.is_some() || memo.is_late() {
                Left::Nothing
            } else {
                in_time.map_or(Left::Enough, Left::Until)
            };
            let kept = (left, self.times.as_deref());
            let (notes, whole) = block_notes(placed.block, &facts, &settings, in_test, kept);
            if !whole {
                late.get_or_insert(placed.start);
            }
            around.push((notes.clone(), 0));
            let mut found: Vec<&Note> = Vec::new();
            let symbol = || path.iter().filter_map(|b| b.name()).collect::<Vec<_>>().join(".");
            for (number, note) in notes.notes.iter().enumerate() {
                let rejects = |c: &Condition| matches!(c, Condition::Rejecting(f) if memo.is_rejecting(*f));
                if note.conditions.is_empty() || note.conditions.iter().any(rejects) {
                    found.push(note);
                    continue;
                }
                let callees = note.conditions.iter().filter_map(|c| match c {
                    Condition::Awaited(callee) => Some(*callee),
                    Condition::Rejecting(_) => None,
                });
                waiting.extend(callees.map(|callee| Waiting {
                    callee,
                    notes: notes.clone(),
                    number,
                    placed,
                    path: path.clone(),
                }));
            }
            awaited.extend(&notes.awaited);
            let silent = (facts.is_test || in_test) && !settings.include_tests;
            while let Some((_, note)) = flow_notes.next_if(|(i, _)| *i <= index) {
                let enabled = rules::index(note.rule.id).is_some_and(|i| settings.rules[i].enabled);
                if enabled
                    && note.rule.families.contains(&family)
                    && (note.rule.in_tests || !silent)
                    && (repeats || note.rule.id != twins::RULE)
                {
                    found.push(note);
                }
            }
            if !found.is_empty() {
                let symbol = symbol();
                findings.extend(found.into_iter().map(|note| places.resolve(note, placed, &settings, &symbol)));
            }
            suppressions.extend(notes.suppressions.iter().map(|s| suppress::Placed::new(s, placed, document.text())));
            block_gaps(placed, &mut gaps);
            if memo.gave_up(placed.block.arena()) {
                let range = placed.start..placed.start + placed.block.len();
                gaps.push(Gap { range, message: "too costly: its data flow was not followed to the end".into() });
            }
        }
        for Waiting { notes, number, placed, path, .. } in waiting.into_iter().filter(|w| awaited.contains(&w.callee)) {
            let symbol = path.iter().filter_map(|b| b.name()).collect::<Vec<_>>().join(".");
            findings.extend(notes.notes.get(number).map(|note| places.resolve(note, placed, &settings, &symbol)));
        }
        // Where a finding begins that is told in full elsewhere, nothing more need be said.
        let begins: Vec<_> =
            findings.iter().filter_map(|f| Some((f.rule.id, f.flow.first()?.0.range.clone()))).collect();
        findings
            .retain(|f| !f.flow.is_empty() || !begins.iter().any(|(rule, at)| *rule == f.rule.id && *at == f.range));
        // What a rule tells of the place where its data arrives is told with the whole path already.
        let ends: Vec<_> =
            findings.iter().filter(|f| !f.flow.is_empty()).map(|f| (f.rule.id, f.range.clone())).collect();
        findings.retain(|f| {
            let meets = |at: &std::ops::Range<usize>| at.start < f.range.end && f.range.start < at.end;
            !f.flow.is_empty() || !ends.iter().any(|(rule, at)| *rule == f.rule.id && meets(at))
        });
        if let (Some(start), Some(limit)) = (late, settings.time_limit) {
            let message = format!("{LATE} {} s: the rest of the file was not analysed", limit.as_secs_f64());
            gaps.push(Gap { range: start..document.text().len(), message });
        } else if !settings.patterns.is_empty() {
            let (own, whole) = memo.own(blocks.root(), &settings, || own_findings(document, &settings));
            findings.extend(own.iter().cloned());
            if !whole {
                let message =
                    "too costly: not all of it was looked through for the rules of the configuration".to_owned();
                gaps.push(Gap { range: 0..document.text().len(), message });
            }
        }
        suppress::apply(document, &settings, suppressions, &mut findings);
        findings.sort_by(|a, b| (a.range.start, a.range.end, a.rule.id).cmp(&(b.range.start, b.range.end, b.rule.id)));
        findings.dedup_by(|a, b| a.rule == b.rule && a.range == b.range && a.message == b.message);
        gaps.sort_by_key(|g| g.range.start);
        Report { findings, gaps, lines: document.text().lines() }
    }
}

/// The time that a block's rules have.
#[derive(Clone, Copy)]
enum Left {
    Enough,
    Until(Deadline),
    /// The time was up before: only suppressions are read.
    Nothing,
}

/// The notes of a block, and whether all rules looked at all of it; those that did not are not kept.
fn block_notes(
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
fn enter(around: &mut Vec<(Arc<BlockNotes>, usize)>, depth: usize) -> bool {
    around.truncate(depth);
    around.last_mut().is_some_and(|(notes, met)| {
        *met += 1;
        notes.in_test || notes.tests.binary_search(&(*met - 1)).is_ok()
    })
}

/// What the rules of the configuration find, and whether all of the file was looked through. The cost grows with the file.
fn own_findings(document: &Document, settings: &Settings) -> (Vec<Finding>, bool) {
    let wanted = |rule: &Rule| settings.find(rule.id).is_some_and(|(_, s)| s.enabled);
    let text = document.text().to_string();
    let Ok(tree) = document.tree() else { return (Vec::new(), false) };
    let (found, whole) = settings.patterns.scan(Some(document.path()), document.language(), text, tree.tree(), &wanted);
    // The named blocks around a place: where each begins and ends, and its path.
    let mut symbols: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    if !found.is_empty() {
        let mut path: Vec<&Block> = Vec::new();
        for placed in document.blocks().iter() {
            path.truncate(placed.depth);
            path.push(placed.block);
            let symbol = path.iter().filter_map(|b| b.name()).collect::<Vec<_>>().join(".");
            symbols.push((placed.start..placed.start + placed.block.len(), symbol));
        }
    }
    let symbol = |at: usize| {
        let around = symbols.iter().rev().find(|(range, _)| range.contains(&at));
        around.map_or_else(String::new, |(_, symbol)| symbol.clone())
    };
    let local = |range| Location { path: None, range, line: 0 };
    let finding = |m: crate::patterns::Match| Finding {
        rule: m.rule,
        severity: settings.find(m.rule.id).and_then(|(_, s)| s.severity).unwrap_or(m.rule.severity),
        confidence: m.rule.confidence,
        symbol: symbol(m.range.start),
        range: m.range,
        message: m.message,
        related: m.related.into_iter().map(|(range, text)| (local(range), text)).collect(),
        flow: Vec::new(),
        fixes: m.fixes,
        suppressed: None,
        feedback: None,
    };
    (found.into_iter().map(finding).collect(), whole)
}

fn same<T: PartialEq>(a: &Arc<T>, b: &Arc<T>) -> bool {
    Arc::ptr_eq(a, b) || **a == **b
}

/// Facts of the file that every block's rules may use; kept with the module block that they are read from.
fn file_facts(path: &str, blocks: &Blocks) -> Arc<FileFacts> {
    let root = blocks.root();
    let hir = root.hir();
    let imports = Imports::of(&hir, blocks.language().family);
    let is_test = is_test(path, root, &imports);
    Arc::new(FileFacts { path: path.to_owned(), imports, declared: Declared::of(blocks), is_test })
}

/// Whether a file is test code.
pub(crate) fn is_test_file(path: &str, blocks: &Blocks) -> bool {
    let root = blocks.root();
    is_test(path, root, &Imports::of(&root.hir(), blocks.language().family))
}

/// Whether the file is test code, by what it says rather than where it lies: a folder named `test` holds fixtures and
/// helpers too, and other people's servers.
fn is_test(path: &str, module: &Block, imports: &Imports) -> bool {
    const FRAMEWORKS: [&str; 15] = [
        "vitest",
        "@jest/globals",
        "mocha",
        "chai",
        "ava",
        "tap",
        "tape",
        "jasmine",
        "@playwright/test",
        "test",
        "cypress",
        "tstyche",
        "uvu",
        "bun:test",
        "@japa/runner",
    ];
    // What only tests ask for, in a folder of tests.
    const HELPERS: [&str; 7] = ["assert", "sinon", "supertest", "nock", "should", "proxyquire", "power-assert"];
    let name = path.rsplit('/').next().unwrap_or(path);
    let rust_tests =
        matches!(name, "tests.rs" | "test.rs") || name.ends_with("_test.rs") || name.ends_with("_tests.rs");
    // Cargo's folder for what is measured.
    let benches = name.ends_with(".rs") && (path.starts_with("benches/") || path.contains("/benches/"));
    let jest = path.starts_with("__tests__/") || path.contains("/__tests__/");
    let named = [".test.", ".spec.", ".tst.", ".e2e."].iter().any(|m| name.contains(m));
    if named || jest || rust_tests || benches {
        return true;
    }
    let framework =
        |path: &str| FRAMEWORKS.iter().any(|f| path == *f || path.strip_prefix(f).is_some_and(|r| r.starts_with('.')));
    if imports.iter().any(|(_, path)| framework(path)) {
        return true;
    }
    let in_folder = path.rsplit('/').skip(1).any(|f| matches!(f, "test" | "tests" | "spec" | "specs" | "e2e"));
    let helper =
        |path: &str| HELPERS.iter().any(|f| path == *f || path.strip_prefix(f).is_some_and(|r| r.starts_with('.')));
    if in_folder && (imports.iter().any(|(_, path)| helper(path)) || asserts(module, 3)) {
        return true;
    }
    // `#[test]` at the top level: an integration test, helpers included.
    let of_root = |n: &crate::syntax::Node<'_>| n.parent().is_some_and(|p| p.parent().is_none());
    if module.arena().nodes().any(|n| {
        n.kind() == Kind::AttributeItem && of_root(&n) && !n.text().contains("cfg") && is_test_attribute(n.text())
    }) {
        return true;
    }
    // `describe("..", ..)` at the top level, where no such name is declared.
    module.arena().nodes().filter(|n| n.kind() == Kind::CallExpression).any(|call| {
        let callee = call.child(sidenote_grammars::Field::Function);
        callee.is_some_and(|c| {
            c.kind() == Kind::Identifier && matches!(c.text(), "describe" | "suite") && !imports.binds(c.text())
        })
    })
}

/// Whether functions are handed a runner's context (`t.plan(2)`, `t.assert.ok(..)`): helpers of tests.
fn asserts(block: &Block, depth: usize) -> bool {
    let text = block.arena().text();
    ["t.plan(", "t.assert.", "t.equal(", "t.deepEqual(", "t.after("].iter().any(|m| {
        text.match_indices(m)
            .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.'))
    }) || depth > 0 && block.children().any(|c| asserts(c, depth - 1))
}

/// Whether a file tests, measures or shows other code.
pub(crate) fn is_for_tests(document: &Document) -> bool {
    twins::is_practice(document.path()) || file_facts(document.path(), document.blocks()).is_test
}

/// The child blocks that attributes mark as tests.
pub(crate) fn test_children(arena: &Arena) -> Vec<usize> {
    let mut tests = Vec::new();
    for attribute in arena.nodes().filter(|n| n.kind() == Kind::AttributeItem && is_test_attribute(n.text())) {
        let marked = std::iter::successors(attribute.next_named_sibling(), |n| n.next_named_sibling())
            .find(|n| n.kind() != Kind::AttributeItem);
        tests.extend(marked.and_then(|n| n.hole()));
    }
    tests.sort_unstable();
    tests.dedup();
    tests
}

/// Whether an attribute is `#[test]`, `#[tokio::test]`, `#[cfg(test)]` and the like.
fn is_test_attribute(text: &str) -> bool {
    let text = text.trim_start_matches("#[").trim_end_matches(']').trim();
    let path = text.split(['(', '=']).next().unwrap_or("").trim();
    match path {
        "cfg" => text.contains("test") && !text.contains("not(test"),
        "bench" | "rstest" | "test_case" | "quickcheck" => true,
        // `cargo_test`, `async_test` and the like are frameworks' own.
        _ => path.rsplit("::").next().is_some_and(|name| name == "test" || name.ends_with("_test")),
    }
}

/// The rules by the node kinds that they want.
struct Table {
    by_kind: Vec<Vec<(usize, NodeCheck)>>,
    by_block: Vec<(usize, BlockCheck)>,
}

static TABLE: std::sync::LazyLock<Table> = std::sync::LazyLock::new(|| {
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
    let wanted: Vec<bool> = rules::all()
        .iter()
        .zip(&settings.rules)
        .map(|(r, s)| s.enabled && r.families.contains(&family) && (r.in_tests || !in_test))
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

/// Syntax errors and parts that lowering skipped, as gaps.
fn block_gaps(placed: Placed<'_>, gaps: &mut Vec<Gap>) {
    let arena = placed.block.arena();
    if arena.has_error() {
        let mut until = 0;
        for node in arena.nodes().filter(|n| n.is_error() || n.is_missing()) {
            if node.span().start >= until || node.is_missing() {
                let what = if node.is_missing() { "something is missing here" } else { "this cannot be parsed" };
                gaps.push(Gap { range: placed.range(node.span()), message: format!("syntax error: {what}") });
                until = node.span().end;
            }
        }
    }
    if placed.block.parsed().is_some() {
        return;
    }
    for span in &placed.block.hir().skipped {
        gaps.push(Gap { range: placed.range(*span), message: "nested too deeply: not analysed".into() });
    }
}

/// Resolves block-relative places to ranges of the file.
struct Places<'a> {
    blocks: &'a Blocks,
    by_arena: std::cell::OnceCell<FxHashMap<*const Arena, Placed<'a>>>,
}

impl<'a> Places<'a> {
    fn new(blocks: &'a Blocks) -> Places<'a> {
        Places { blocks, by_arena: std::cell::OnceCell::new() }
    }

    fn location(&self, place: &Place, here: Placed<'_>) -> Location {
        let local = |range| Location { path: None, range, line: 0 };
        match place {
            Place::Here(span) => local(here.range(*span)),
            Place::Block(arena, span) => {
                let map = self
                    .by_arena
                    .get_or_init(|| self.blocks.iter().map(|p| (Arc::as_ptr(p.block.arena()), p)).collect());
                match map.get(&Arc::as_ptr(arena)) {
                    Some(placed) => local(placed.range(*span)),
                    None => local(here.range(crate::syntax::Span::default())),
                }
            }
            Place::File(location) => location.clone(),
        }
    }

    fn resolve(&self, note: &Note, here: Placed<'_>, settings: &Settings, symbol: &str) -> Finding {
        let setting = rules::index(note.rule.id).and_then(|i| settings.rules[i].severity);
        let steps = |list: &[(Place, String)]| list.iter().map(|(p, m)| (self.location(p, here), m.clone())).collect();
        let fixes = note.fixes.iter().map(|fix| {
            let mut edits: Vec<_> = fix.edits.iter().map(|(span, text)| (here.range(*span), text.clone())).collect();
            edits.sort_by_key(|(range, _)| (range.start, range.end));
            Fix { title: fix.title.clone(), edits, safe: fix.safe }
        });
        Finding {
            rule: note.rule,
            severity: setting.or(note.severity).unwrap_or(note.rule.severity),
            confidence: note.confidence,
            range: self.location(&note.place, here).range,
            message: note.message.clone(),
            related: steps(&note.related),
            flow: steps(&note.flow),
            fixes: fixes.collect(),
            symbol: symbol.to_owned(),
            suppressed: None,
            feedback: None,
        }
    }
}
