//! One look over a version of a document: what was found in its blocks, put together.
//!
//! Of a block in which, with all that lies in it, nothing is to be told, that much is remembered with the block ([`Quiet`]), and it is
//! passed over until it or something in it is edited: the cost follows what there is to tell and what was edited.

use std::ops::Range;
use std::sync::Arc;

use crate::ustr::Ustr;
use rustc_hash::{FxHashMap, FxHashSet};

use super::memo::Carried;
use super::notes::{BlockNotes, Left, block_notes, same};
use super::{Gap, Memo, Times, suppress, twins};
use crate::blocks::{Block, Blocks, Placed};
use crate::config::Settings;
use crate::document::Document;
use crate::findings::{Category, Condition, Finding, Fix, Location, Note, Place};
use crate::rules::{self, FileFacts};
use crate::syntax::{Arena, Node, Span};
use crate::system::Deadline;

/// What is known of a block of which, with all blocks in it, nothing is told by itself: no finding, no gap, no suppression.
struct Quiet {
    facts: Arc<FileFacts>,
    settings: Arc<Settings>,
    in_test: bool,
    /// Callees that, when they are awaited somewhere in the file, make something be told.
    waits: Vec<Ustr>,
    /// Imported functions that do so when they give promises that may be rejected.
    rejecting: Vec<Ustr>,
    /// Imported functions that do so unless their promises are never rejected.
    unsettled: Vec<Ustr>,
    /// Methods that are awaited.
    awaited: Vec<Ustr>,
}

impl Quiet {
    fn add(&mut self, other: &Quiet) {
        self.waits.extend(&other.waits);
        self.rejecting.extend(&other.rejecting);
        self.unsettled.extend(&other.unsettled);
        self.awaited.extend(&other.awaited);
    }
}

/// Something to tell.
struct Told<'b> {
    note: Source,
    placed: Placed<'b>,
    symbol: String,
}

enum Source {
    /// Of the notes of a block that one.
    Block(Arc<BlockNotes>, usize),
    Flow(Note),
}

/// A note that counts if its callee is awaited somewhere in the file. There are many, and few are told.
struct Waiting<'b> {
    callee: Ustr,
    notes: Arc<BlockNotes>,
    /// Which of `notes` it is.
    number: usize,
    placed: Placed<'b>,
    /// The block and those around it, outermost first.
    path: Vec<&'b Block>,
}

/// A quiet block with what is awaited for.
struct Skipped<'b> {
    placed: Placed<'b>,
    in_test: bool,
    path: Vec<&'b Block>,
    quiet: Arc<Quiet>,
}

/// What was found.
pub(super) struct Seen {
    /// Findings, in no order.
    pub(super) findings: Vec<Finding>,
    pub(super) gaps: Vec<Gap>,
    /// In the order of the file.
    pub(super) suppressions: Vec<suppress::Placed>,
    /// Where the time was up: what stands behind was not looked at.
    pub(super) late: Option<usize>,
}

/// The look.
pub(super) struct Pass<'b> {
    document: &'b Document,
    settings: &'b Arc<Settings>,
    facts: &'b Arc<FileFacts>,
    memo: &'b Memo,
    times: Option<&'b Times>,
    deadline: Option<Deadline>,
    carried: Carried,
    /// The block at hand and those around it, outermost first.
    path: Vec<&'b Block>,
    told: Vec<Told<'b>>,
    waiting: Vec<Waiting<'b>>,
    skipped: Vec<Skipped<'b>>,
    awaited: FxHashSet<Ustr>,
    gaps: Vec<Gap>,
    suppressions: Vec<suppress::Placed>,
    late: Option<usize>,
    places: Places<'b>,
}

impl<'b> Pass<'b> {
    pub(super) fn new(
        document: &'b Document,
        settings: &'b Arc<Settings>,
        facts: &'b Arc<FileFacts>,
        memo: &'b Memo,
        times: Option<&'b Times>,
    ) -> Pass<'b> {
        Pass {
            document,
            settings,
            facts,
            memo,
            times,
            deadline: settings.time_limit.map(Deadline::after),
            carried: memo.carried(document.blocks()),
            path: Vec::new(),
            told: Vec::new(),
            waiting: Vec::new(),
            skipped: Vec::new(),
            awaited: FxHashSet::default(),
            gaps: Vec::new(),
            suppressions: Vec::new(),
            late: None,
            places: Places::new(document.blocks()),
        }
    }

    /// Looks at all blocks.
    pub(super) fn look(mut self) -> Seen {
        let root = Placed { block: self.document.blocks().root(), start: 0, depth: 0 };
        self.visit(root, false);
        // Now it is known what is awaited.
        for skipped in std::mem::take(&mut self.skipped) {
            if skipped.quiet.waits.iter().any(|w| self.awaited.contains(w)) {
                self.path = skipped.path;
                self.visit(skipped.placed, skipped.in_test);
            }
        }
        for waiting in std::mem::take(&mut self.waiting) {
            if self.awaited.contains(&waiting.callee) {
                let note = Source::Block(waiting.notes, waiting.number);
                self.told.push(Told { note, placed: waiting.placed, symbol: symbol(&waiting.path) });
            }
        }
        let findings = self.told.iter().filter_map(|told| {
            let note = match &told.note {
                Source::Block(notes, number) => notes.notes.get(*number)?,
                Source::Flow(note) => note,
            };
            Some(self.places.resolve(note, told.placed, self.settings, &told.symbol))
        });
        Seen { findings: findings.collect(), gaps: self.gaps, suppressions: self.suppressions, late: self.late }
    }

    /// What is known of a block that may be passed over.
    fn quiet(&self, block: &Arc<Block>, in_test: bool) -> Option<Arc<Quiet>> {
        if self.late.is_some() || self.memo.is_late() || self.carried.is_busy(block) {
            return None;
        }
        let quiet: Arc<Quiet> = block.summary()?;
        let holds = quiet.in_test == in_test
            && same(&quiet.facts, self.facts)
            && same(&quiet.settings, self.settings)
            && !quiet.waits.iter().any(|callee| self.awaited.contains(callee))
            && !quiet.rejecting.iter().any(|function| self.memo.is_rejecting(*function))
            && quiet.unsettled.iter().all(|function| self.memo.is_settling(*function));
        holds.then_some(quiet)
    }

    /// Looks at a block and at those in it: what is known of them if they are quiet.
    fn visit(&mut self, placed: Placed<'b>, in_test: bool) -> Option<Arc<Quiet>> {
        if let Some(quiet) = self.quiet(placed.block, in_test) {
            self.awaited.extend(&quiet.awaited);
            if !quiet.waits.is_empty() {
                let path = self.path.clone();
                self.skipped.push(Skipped { placed, in_test, path, quiet: quiet.clone() });
            }
            return Some(quiet);
        }
        self.path.push(placed.block);
        self.places.visited(placed);
        let left = match self.deadline {
            _ if self.late.is_some() || self.memo.is_late() => Left::Nothing,
            Some(deadline) => Left::Until(deadline),
            None => Left::Enough,
        };
        let (notes, whole) = block_notes(placed.block, self.facts, self.settings, in_test, (left, self.times));
        if !whole {
            self.late.get_or_insert(placed.start);
        }
        let (facts, settings) = (self.facts.clone(), self.settings.clone());
        let awaited = notes.awaited.clone();
        let (waits, rejecting, unsettled) = (Vec::new(), Vec::new(), Vec::new());
        let mut quiet = Quiet { facts, settings, in_test, waits, rejecting, unsettled, awaited };
        self.awaited.extend(&notes.awaited);
        let mut is_quiet = self.own(placed, &notes, &mut quiet) && whole;
        self.flow(placed, in_test);
        for (n, child) in placed.children().enumerate() {
            let in_test = in_test || notes.tests.binary_search(&n).is_ok();
            match self.visit(child, in_test) {
                Some(below) if is_quiet => quiet.add(&below),
                Some(_) => {}
                None => is_quiet = false,
            }
        }
        self.path.pop();
        let quiet = is_quiet.then(|| Arc::new(quiet));
        if let Some(quiet) = &quiet {
            placed.block.set_summary(quiet.clone());
        }
        quiet
    }

    /// What the rules that look at one block say of it: whether nothing is told without a condition.
    fn own(&mut self, placed: Placed<'b>, notes: &Arc<BlockNotes>, quiet: &mut Quiet) -> bool {
        let mut is_quiet = notes.suppressions.is_empty();
        for (number, note) in notes.notes.iter().enumerate() {
            is_quiet &= !note.conditions.is_empty();
            let holds = |c: &Condition| match c {
                Condition::Rejecting(f) => self.memo.is_rejecting(*f),
                Condition::Unsettled(f) => !self.memo.is_settling(*f),
                Condition::Awaited(_) => false,
            };
            if self.is_aside(note) {
                continue;
            }
            if note.conditions.is_empty() || note.conditions.iter().any(holds) {
                let note = Source::Block(notes.clone(), number);
                self.told.push(Told { note, placed, symbol: symbol(&self.path) });
            } else {
                for condition in &note.conditions {
                    if let Condition::Awaited(callee) = condition {
                        let (notes, path) = (notes.clone(), self.path.clone());
                        self.waiting.push(Waiting { callee: *callee, notes, number, placed, path });
                    }
                }
            }
            for condition in &note.conditions {
                match condition {
                    Condition::Awaited(callee) => quiet.waits.push(*callee),
                    Condition::Rejecting(function) => quiet.rejecting.push(*function),
                    Condition::Unsettled(function) => quiet.unsettled.push(*function),
                }
            }
        }
        let text = self.document.text();
        self.suppressions.extend(notes.suppressions.iter().map(|s| suppress::Placed::new(s, placed, text)));
        let gaps = self.gaps.len();
        block_gaps(placed, &mut self.gaps);
        is_quiet && self.gaps.len() == gaps
    }

    /// Whether what the file is in its package makes a note nobody's concern.
    fn is_aside(&self, note: &Note) -> bool {
        !self.settings.include_tests && self.memo.standing().is_beside(note.rule)
    }

    /// What the data flow says of a block.
    fn flow(&mut self, placed: Placed<'b>, in_test: bool) {
        let family = self.document.blocks().language().family;
        let silent = (self.facts.is_test || in_test) && !self.settings.include_tests;
        for note in self.carried.take(placed.block.arena()) {
            let enabled = rules::index(note.rule.id).is_some_and(|i| self.settings.rules[i].enabled);
            if enabled
                && note.rule.families.contains(&family)
                && (note.rule.in_tests || !silent)
                && (note.rule.category == Category::Security || !self.facts.is_compiled)
                && (note.rule.id != twins::RULE || !self.facts.is_practice)
                && !self.facts.is_beside(note.rule)
                && !self.is_aside(&note)
            {
                self.told.push(Told { note: Source::Flow(note), placed, symbol: symbol(&self.path) });
            }
        }
        if self.memo.gave_up(placed.block.arena()) {
            let range = placed.start..placed.start + placed.block.len();
            self.gaps.push(Gap { range, message: "too costly: its data flow was not followed to the end".into() });
        }
    }
}

/// The names of a block and of those around it.
fn symbol(path: &[&Block]) -> String {
    path.iter().filter_map(|b| b.name()).collect::<Vec<_>>().join(".")
}

/// Syntax errors and parts that lowering skipped, as gaps.
fn block_gaps(placed: Placed<'_>, gaps: &mut Vec<Gap>) {
    let arena = placed.block.arena();
    if arena.has_error() {
        let mut until = 0;
        for node in arena.nodes().filter(|n| n.is_error() && !is_newer(*n) || n.is_missing()) {
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

/// Whether an error is nothing but a word that the language has and its grammar does not know: `export type * from`, `<in out T>`.
fn is_newer(error: Node<'_>) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let Some(parent) = error.parent().filter(|_| error.text().chars().all(|c| in_word(c) || c == ' ')) else {
        return false;
    };
    let upto = (error.span().end - parent.span().start) as usize;
    let before = parent.text().get(..upto).unwrap_or_default();
    let newer = error.arena().language().newer_words.iter();
    newer.filter(|(kind, _)| *kind == parent.kind()).any(|(_, word)| before.split(|c| !in_word(c)).any(|w| w == *word))
}

/// Resolves block-relative places to ranges of the file.
struct Places<'a> {
    blocks: &'a Blocks,
    visited: FxHashMap<*const Arena, Placed<'a>>,
    /// All blocks: what leads to one that was passed over is rare.
    all: std::cell::OnceCell<FxHashMap<*const Arena, Placed<'a>>>,
}

impl<'a> Places<'a> {
    fn new(blocks: &'a Blocks) -> Places<'a> {
        Places { blocks, visited: FxHashMap::default(), all: std::cell::OnceCell::new() }
    }

    fn visited(&mut self, placed: Placed<'a>) {
        self.visited.insert(Arc::as_ptr(placed.block.arena()), placed);
    }

    /// The bytes of a span of another block, if that is there.
    fn range(&self, arena: &Arc<Arena>, span: Span, here: Placed<'_>) -> Option<Range<usize>> {
        let arena = Arc::as_ptr(arena);
        if let Some(placed) = self.visited.get(&arena) {
            return Some(placed.range(span));
        }
        if let Some(child) = here.children().find(|c| Arc::as_ptr(c.block.arena()) == arena) {
            return Some(child.range(span));
        }
        let all = || self.blocks.iter().map(|p| (Arc::as_ptr(p.block.arena()), p)).collect();
        self.all.get_or_init(all).get(&arena).map(|placed| placed.range(span))
    }

    fn location(&self, place: &Place, here: Placed<'_>) -> Location {
        let local = |range| Location { path: None, range, line: 0 };
        match place {
            Place::Here(span) => local(here.range(*span)),
            Place::Block(arena, span) => {
                local(self.range(arena, *span, here).unwrap_or_else(|| here.range(Span::default())))
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

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::document::Document;
    use crate::engine::Engine;
    use sidenote_grammars::by_path;

    fn gaps(path: &str, text: &str) -> usize {
        let document = Document::new(path, by_path(path).expect("language"), text, 1).expect("open");
        Engine::new(Config::everything()).analyze(&document).gaps.len()
    }

    #[test]
    fn words_that_the_grammar_does_not_know_yet_are_no_gaps() {
        for text in [
            "export type * from './types';",
            "export type * as T from './types';",
            "interface Box<in out T> { get(): T; }",
            "type Reader<out T, in U> = { read(x: U): T };",
            "class A { static accessor other = 2; }",
            "import defer * as x from 'y';",
        ] {
            assert_eq!(gaps("a.ts", text), 0, "{text}");
        }
        for text in ["export typo * from './types';", "interface Box<T U> {}", "class A { static x other = 2; }", "f(1"]
        {
            assert!(gaps("a.ts", text) > 0, "{text}");
        }
    }
}
