//! What is remembered of a document from one version to the next.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use crate::ustr::Ustr;
use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_grammars::Family;

use super::{file_facts, twins};
use crate::blocks::{Block, BlockId, BlockKind, Blocks};
use crate::config::Settings;
use crate::findings::{Category, Finding, Location, Note, Place};
use crate::rules::declared::{Part, squeezed};
use crate::rules::{FileFacts, Rule};
use crate::semantics::flow::{self, ModelSet};
use crate::syntax::{Arena, Node, Span};

/// What is remembered of a document from one version to the next; see [`super::Engine::analyze_again`]. A new
/// configuration does not hurt it.
#[derive(Clone, Default)]
pub struct Memo {
    facts: Option<(Arc<Block>, Arc<FileFacts>)>,
    flow: Option<Flow>,
    own: Option<Own>,
    /// Whether the time for the rules was up before all had run.
    late: bool,
}

/// What the rules of a configuration found in one version of a document.
#[derive(Clone)]
struct Own {
    root: Arc<Block>,
    settings: Arc<Settings>,
    found: Arc<(Vec<Finding>, bool)>,
}

/// What a file is in the package that it is published with.
#[derive(Clone, Copy, Default)]
pub(crate) struct Standing {
    /// Whether it lies where its package tests or shows what it offers elsewhere.
    pub is_aside: bool,
    /// Whether the package is a library: nobody runs it.
    pub is_library: bool,
    /// Whether the package stands in for servers of others, or between them and those who ask.
    pub is_stand_in: bool,
}

impl Standing {
    /// Whether a rule's findings in it are nobody's concern.
    pub(super) fn is_beside(self, rule: &Rule) -> bool {
        self.why_beside(rule).is_some()
    }

    /// Why they are none, if they are none.
    pub(crate) fn why_beside(self, rule: &Rule) -> Option<&'static str> {
        // What a library does of these another program asks for, or a protocol that it speaks.
        const PRESCRIBED: [&str; 8] = [
            "ecb-mode",
            "jwt-alg-none",
            "jwt-not-verified",
            "password-hash-too-fast",
            "rsa-without-oaep",
            "static-iv",
            "weak-cipher",
            "weak-hash",
        ];
        // To take, fetch and hand on what it is told to is what a stand-in is for.
        const MEANT: [&str; 10] = [
            "code-injection",
            "command-injection",
            "cors-misconfiguration",
            "header-injection",
            "open-redirect",
            "path-traversal",
            "ssrf",
            "tls-verification-disabled",
            "weak-cipher",
            "xss",
        ];
        if rule.category != Category::Security {
            return None;
        }
        if self.is_aside {
            return Some("its package is published, and this lies among its tests, examples or documents");
        }
        if self.is_library && PRESCRIBED.contains(&rule.id) {
            return Some(
                "its package is a published library, which does this because programs or protocols ask for it",
            );
        }
        let is_meant = self.is_stand_in && MEANT.contains(&rule.id);
        is_meant.then_some("its package is published as a mock or a proxy, which is meant to do this")
    }
}

/// The data flow of one version of a document: a pure function of its blocks.
#[derive(Clone)]
pub struct Flow {
    /// The module block of that version.
    root: Arc<Block>,
    /// Notes with the syntax of the blocks that they belong to.
    notes: Vec<(Arc<Arena>, Note)>,
    /// Syntax of the blocks that were too costly to follow to the end.
    exhausted: Vec<Arc<Arena>>,
    /// The models that it was made with.
    models: ModelSet,
    /// Whether more is known of the file soon.
    provisional: bool,
    /// What the file is in its package.
    standing: Standing,
    /// Imported functions that give promises that may be rejected, by their local names.
    rejecting: Arc<BTreeSet<Ustr>>,
    /// Imported async functions whose promises are never rejected, likewise.
    settling: Arc<BTreeSet<Ustr>>,
    busy: OnceLock<Arc<FxHashSet<usize>>>,
}

impl Flow {
    /// The same, with the imported functions that give promises which may be rejected, and those whose never are.
    pub(crate) fn with_promises(self, rejecting: Arc<BTreeSet<Ustr>>, settling: Arc<BTreeSet<Ustr>>) -> Flow {
        Flow { rejecting, settling, ..self }
    }

    /// The same, with what the file is in its package.
    pub(crate) fn standing(self, standing: Standing) -> Flow {
        Flow { standing, ..self }
    }

    /// The same, with what is known of functions that repeat those of other files in place of what the file alone tells.
    pub(super) fn among(mut self, notes: Vec<(Arc<Arena>, Note)>) -> Flow {
        self.notes.retain(|(_, note)| note.rule.id != twins::RULE);
        self.notes.extend(notes);
        self.busy = OnceLock::new();
        self
    }

    /// The same, to be replaced when the files around it are known.
    pub fn provisional(self) -> Flow {
        Flow { provisional: true, ..self }
    }

    /// Follows the data through a file that is looked at by itself. The cost grows with the file.
    pub fn of(blocks: &Blocks, models: &ModelSet) -> Flow {
        let found = flow::analyze_alone(blocks, models);
        Flow::found(blocks, models, found.hits.iter().map(|(b, h)| (*b, h)), &found, &|_, _, _| None)
    }

    /// What was found in a file: hits with the blocks that they belong to, and everything else of `result`. `elsewhere`
    /// gives the place of what is in another file.
    #[allow(clippy::type_complexity, reason = "said in one place, where it is called")]
    pub(crate) fn found<'h>(
        blocks: &Blocks,
        models: &ModelSet,
        hits: impl Iterator<Item = (BlockId, &'h flow::Hit)>,
        result: &flow::FileResult,
        elsewhere: &dyn Fn(BlockId, &Arc<Arena>, Span) -> Option<Location>,
    ) -> Flow {
        let arenas: FxHashMap<BlockId, &Arc<Arena>> = blocks.iter().map(|p| (p.block.id(), p.block.arena())).collect();
        let arena = |block: &BlockId| arenas.get(block).map(|a| Arc::clone(a));
        // What several ways lead to is told once, with the source that is furthest from the program's user.
        let mut once: Vec<(BlockId, &flow::Hit)> = Vec::new();
        let mut seen: FxHashMap<(&str, BlockId, Span), usize> = FxHashMap::default();
        for (block, hit) in hits {
            let key = (hit.kind.rule(), hit.at.block, hit.at.span);
            match seen.get(&key) {
                Some(&n) if once[n].1.source.kind.is_local() && !hit.source.kind.is_local() => once[n] = (block, hit),
                Some(_) => {}
                None => {
                    seen.insert(key, once.len());
                    once.push((block, hit));
                }
            }
        }
        let hits = once.into_iter();
        let hits = hits.filter_map(|(block, hit)| Some((arena(&block)?, flow::note(hit, block, elsewhere)?)));
        let other = result.notes.iter().filter_map(|(block, note)| Some((arena(block)?, note.clone())));
        Flow {
            root: blocks.root().clone(),
            notes: hits.chain(other).chain(twins::in_file(blocks)).collect(),
            exhausted: result.exhausted.iter().filter_map(arena).collect(),
            models: models.clone(),
            provisional: false,
            standing: Standing::default(),
            rejecting: Arc::default(),
            settling: Arc::default(),
            busy: OnceLock::new(),
        }
    }
}

impl Flow {
    /// The addresses of the syntax of all blocks that there is something to tell of or that notes lead to, and of those around them;
    /// looked for once.
    fn busy(&self) -> Arc<FxHashSet<usize>> {
        let look = || {
            let mut wanted: FxHashSet<usize> = self.exhausted.iter().map(address).collect();
            for (arena, note) in &self.notes {
                wanted.insert(address(arena));
                let steps = note.related.iter().chain(&note.flow).map(|(place, _)| place);
                wanted.extend(steps.chain([&note.place]).filter_map(|place| match place {
                    Place::Block(arena, _) => Some(address(arena)),
                    _ => None,
                }));
            }
            let mut busy = FxHashSet::default();
            if !wanted.is_empty() {
                mark(&self.root, &wanted, &mut busy);
            }
            Arc::new(busy)
        };
        self.busy.get_or_init(look).clone()
    }

    /// A data flow in which nothing was found, for a version that could not be followed through.
    pub fn none(blocks: &Blocks, models: &ModelSet) -> Flow {
        let (root, models) = (blocks.root().clone(), models.clone());
        Flow {
            root,
            notes: Vec::new(),
            exhausted: Vec::new(),
            models,
            provisional: false,
            standing: Standing::default(),
            rejecting: Arc::default(),
            settling: Arc::default(),
            busy: OnceLock::new(),
        }
    }
}

impl Memo {
    /// Whether the data flow of a block was given up for its cost.
    pub(super) fn gave_up(&self, arena: &Arc<Arena>) -> bool {
        self.flow.as_ref().is_some_and(|f| f.exhausted.iter().any(|a| Arc::ptr_eq(a, arena)))
    }

    /// What the file is in its package, as far as that is known.
    pub(super) fn standing(&self) -> Standing {
        self.flow.as_ref().map_or_else(Standing::default, |f| f.standing)
    }

    /// Whether an imported function is known to give promises that may be rejected.
    pub(super) fn is_rejecting(&self, function: Ustr) -> bool {
        self.flow.as_ref().is_some_and(|f| f.rejecting.contains(&function))
    }

    /// Whether an imported function is known to give promises that are never rejected.
    pub(super) fn is_settling(&self, function: Ustr) -> bool {
        self.flow.as_ref().is_some_and(|f| f.settling.contains(&function))
    }

    /// Facts of the file.
    pub(super) fn facts(&mut self, path: &str, place: &str, blocks: &Blocks) -> Arc<FileFacts> {
        let root = blocks.root();
        if let Some((of, facts)) = &mut self.facts
            && facts.path == path
            && has_same_facts(of, root, blocks.language().family)
        {
            *of = root.clone();
            return facts.clone();
        }
        let mut facts = file_facts(path, place, blocks);
        // Equal facts stay the same object, so that no block has to compare them.
        if let Some((_, old)) = &self.facts
            && **old == *facts
        {
            facts = old.clone();
        }
        self.facts = Some((root.clone(), facts.clone()));
        facts
    }

    /// What the rules of a configuration find in a version, and whether all of it was looked through; looked for once.
    pub(super) fn own(
        &mut self,
        root: &Arc<Block>,
        settings: &Arc<Settings>,
        look: impl FnOnce() -> (Vec<Finding>, bool),
    ) -> (Vec<Finding>, bool) {
        if let Some(known) = &self.own
            && Arc::ptr_eq(&known.root, root)
            && known.settings == *settings
        {
            return (*known.found).clone();
        }
        let found = Arc::new(look());
        self.own = Some(Own { root: root.clone(), settings: settings.clone(), found: found.clone() });
        (*found).clone()
    }

    /// Remembers that the time for the rules was up.
    pub(super) fn set_late(&mut self) {
        self.late = true;
    }

    /// Whether the time for the rules was up before all had run.
    pub(super) fn is_late(&self) -> bool {
        self.late
    }

    /// Remembers the data flow of a version.
    pub fn set_flow(&mut self, flow: Flow) {
        self.flow = Some(flow);
    }

    /// Whether the data flow of exactly this version, under these models, is known.
    pub fn has_flow_of(&self, blocks: &Blocks, models: &ModelSet) -> bool {
        let holds = |f: &Flow| !f.provisional && Arc::ptr_eq(&f.root, blocks.root()) && f.models == *models;
        self.flow.as_ref().is_some_and(holds)
    }

    /// Whether the data flow of any version is known.
    pub fn has_flow(&self) -> bool {
        self.flow.is_some()
    }

    /// The notes of the data flow, by the syntax of their blocks. Where the flow is that of an earlier version they are carried
    /// over: what is untouched stays, what was edited moves along. The cost follows the notes and the edits.
    pub(super) fn carried(&self, blocks: &Blocks) -> Carried {
        let mut carried = Carried::default();
        let Some(flow) = &self.flow else { return carried };
        let mut moves = Moves::default();
        if !Arc::ptr_eq(&flow.root, blocks.root()) {
            pairs(&flow.root, blocks.root(), &mut |old, new| {
                carried.edited.insert(Arc::as_ptr(new) as usize);
                if !Arc::ptr_eq(old.arena(), new.arena()) {
                    moves.edited.insert(Arc::as_ptr(old.arena()), Move::new(old.arena(), new.arena()));
                }
            });
        }
        for (arena, note) in &flow.notes {
            match moves.edited.get(&Arc::as_ptr(arena)) {
                Some(edited) => carried.add(&edited.new, moves.here(note, edited)),
                None => carried.add(arena, moves.others(note)),
            }
        }
        carried.busy = flow.busy();
        carried
    }
}

/// Notes of a data flow as they are to be told of one version of a document.
#[derive(Default)]
pub(super) struct Carried {
    notes: FxHashMap<usize, Vec<Note>>,
    /// Blocks that are not as they were when the data was followed, by their addresses.
    edited: FxHashSet<usize>,
    /// See [`Flow::busy`].
    busy: Arc<FxHashSet<usize>>,
}

impl Carried {
    fn add(&mut self, arena: &Arc<Arena>, note: Option<Note>) {
        if let Some(note) = note {
            self.notes.entry(address(arena)).or_default().push(note);
        }
    }

    /// The notes of a block, which are told once.
    pub(super) fn take(&mut self, arena: &Arc<Arena>) -> Vec<Note> {
        self.notes.remove(&address(arena)).unwrap_or_default()
    }

    /// Whether there may be notes of a block or of one in it, or notes that lead there.
    pub(super) fn is_busy(&self, block: &Arc<Block>) -> bool {
        self.edited.contains(&(Arc::as_ptr(block) as usize)) || self.busy.contains(&address(block.arena()))
    }
}

/// An address stands for what lies there as long as somebody holds that.
fn address(arena: &Arc<Arena>) -> usize {
    Arc::as_ptr(arena) as usize
}

/// Whether everything that [`FileFacts`] are read from is the same in both versions: the own syntax of modules and classes, and
/// of every function what [`Part`] says. The cost is that of the blocks that were edited.
fn has_same_facts(old: &Arc<Block>, new: &Arc<Block>, family: Family) -> bool {
    let mut same = true;
    let paired = pairs(old, new, &mut |a, b| {
        let (a, b) = (a.standing(), b.standing());
        same &= Arc::ptr_eq(a.arena(), b.arena())
            || match a.kind() {
                BlockKind::Function => Part::of(a, family) == Part::of(b, family),
                BlockKind::Module => false,
                BlockKind::Container => family == Family::Ecma && is_same_but_for_blanks(a.arena(), b.arena()),
            };
    });
    same && paired
}

/// Whether two versions of a block's own syntax have the same tokens, with blanks at the same places.
fn is_same_but_for_blanks(old: &Arena, new: &Arena) -> bool {
    let is_leaf = |n: Node<'_>| n.children().next().is_none();
    let same = |a: Node<'_>, b: Node<'_>| {
        a.kind() == b.kind()
            && a.field() == b.field()
            && is_leaf(a) == is_leaf(b)
            && (!is_leaf(a) || a.text() == b.text())
    };
    old.len() == new.len()
        && old.nodes().zip(new.nodes()).all(|(a, b)| same(a, b))
        && squeezed(old.text()) == squeezed(new.text())
}

/// Collects the blocks that are `wanted` and those around them.
fn mark(block: &Block, wanted: &FxHashSet<usize>, busy: &mut FxHashSet<usize>) -> bool {
    let mut is_busy = wanted.contains(&address(block.arena()));
    for child in block.children() {
        is_busy |= mark(child, wanted, busy);
    }
    if is_busy {
        busy.insert(address(block.arena()));
    }
    is_busy
}

/// Calls `edited` for the blocks of two versions that are not one and the same, paired by their place. False if some have
/// no partner. The cost follows the number of such blocks and of their children.
fn pairs<'a>(
    old: &'a Arc<Block>,
    new: &'a Arc<Block>,
    edited: &mut impl FnMut(&'a Arc<Block>, &'a Arc<Block>),
) -> bool {
    let mut all = true;
    let mut stack = vec![(old, new)];
    while let Some((old, new)) = stack.pop() {
        if Arc::ptr_eq(old, new) {
            continue;
        }
        edited(old, new);
        let (a, b) = (old.children().len(), new.children().len());
        let both = old.children().zip(new.children());
        let before = both.take_while(|(x, y)| Arc::ptr_eq(x, y)).count();
        let most = a.min(b) - before;
        let after = (1..=most)
            .take_while(|n| matches!((old.child(a - n), new.child(b - n)), (Some(x), Some(y)) if Arc::ptr_eq(x, y)));
        let after = after.count();
        all &= a == b;
        let rest = old.children().take(a - after).zip(new.children().take(b - after)).skip(before);
        stack.extend(rest.filter(|(x, y)| x.kind() == y.kind()));
    }
    all
}

/// Notes of the last parsed version of a block that is held, moved along with the edits since.
pub(super) fn held_notes(notes: &[Note], parsed: &Arc<Arena>, held: &Arc<Arena>) -> Vec<Note> {
    let (moves, edited) = (Moves::default(), Move::new(parsed, held));
    notes.iter().filter_map(|note| moves.here(note, &edited)).collect()
}

/// Where a span of the last parsed version of a block that is held is now.
pub(super) fn held_span(span: Span, parsed: &Arc<Arena>, held: &Arc<Arena>) -> Option<Span> {
    Move::new(parsed, held).span(span)
}

/// How the own text of a block moved under an edit: everything before and after it is as it was.
struct Move {
    new: Arc<Arena>,
    /// Length of the text before the edit that both have.
    before: u32,
    /// Where in the old text the part after the edit begins.
    after: u32,
    /// By how much that part moved.
    delta: i64,
}

impl Move {
    fn new(old: &Arc<Arena>, new: &Arc<Arena>) -> Move {
        let (a, b) = (old.text().as_bytes(), new.text().as_bytes());
        let before = a.iter().zip(b).take_while(|(x, y)| x == y).count();
        let most = a.len().min(b.len()) - before;
        let after = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(x, y)| x == y).count();
        Move {
            new: new.clone(),
            before: before as u32,
            after: (a.len() - after) as u32,
            delta: b.len() as i64 - a.len() as i64,
        }
    }

    fn offset(&self, offset: u32) -> Option<u32> {
        if offset <= self.before {
            Some(offset)
        } else if offset >= self.after {
            u32::try_from(i64::from(offset) + self.delta).ok()
        } else {
            None
        }
    }

    fn span(&self, span: Span) -> Option<Span> {
        let moved = Span { start: self.offset(span.start)?, end: self.offset(span.end)? };
        (moved.start <= moved.end).then_some(moved)
    }
}

#[derive(Default)]
struct Moves {
    edited: FxHashMap<*const Arena, Move>,
}

impl Moves {
    /// A note of a block that is as it was; its place and steps may lie in edited ones.
    fn others(&self, note: &Note) -> Option<Note> {
        let mut note = note.clone();
        if !self.edited.is_empty() {
            note.place = self.place(note.place, None)?;
            self.steps(&mut note, None);
        }
        Some(note)
    }

    /// A note of an edited block; `None` where the edit cuts its place or its fix.
    fn here(&self, note: &Note, edited: &Move) -> Option<Note> {
        let mut note = note.clone();
        note.place = self.place(note.place, Some(edited))?;
        self.steps(&mut note, Some(edited));
        note.fixes.retain_mut(|fix| {
            fix.edits.iter_mut().all(|(span, _)| edited.span(*span).map(|moved| *span = moved).is_some())
        });
        Some(note)
    }

    fn steps(&self, note: &mut Note, edited: Option<&Move>) {
        for list in [&mut note.related, &mut note.flow] {
            *list = std::mem::take(list)
                .into_iter()
                .filter_map(|(place, message)| Some((self.place(place, edited)?, message)))
                .collect();
        }
    }

    fn place(&self, place: Place, edited: Option<&Move>) -> Option<Place> {
        match place {
            Place::Here(span) => edited.map_or(Some(span), |e| e.span(span)).map(Place::Here),
            Place::Block(arena, span) => match self.edited.get(&Arc::as_ptr(&arena)) {
                Some(e) => e.span(span).map(|span| Place::Block(e.new.clone(), span)),
                None => Some(Place::Block(arena, span)),
            },
            Place::File(location) => Some(Place::File(location)),
        }
    }
}
