//! Blocks: the units of analysis and of caching.
//!
//! A file is a tree of blocks: the module, its functions, its classes (impls, traits, namespaces) and their
//! methods. A nested function belongs to the function around it, unless that one is large. A block is immutable
//! and shared between the versions of a document; an edit makes new blocks only where text or syntax changed, and
//! what was computed for a block ([`Block::hir`], [`Block::notes`]) lives and dies with it.

mod alone;
mod broken;

pub(crate) use alone::{Alone, Part};

use std::any::Any;
use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHasher;
use sidenote_grammars::{BlockRole, Field, Kind, Language};

use crate::duplicates::Shape;
use crate::semantics::hir::Hir;
use crate::semantics::lower::lower;
use crate::syntax::{Arena, ArenaBuilder, Node, Span, Splice, SyntaxTree};
use crate::text::{Edit, Text};

/// A function longer than this, in bytes, is split: the functions inside it are blocks of their own. A file that is
/// wrapped in one function is then still analysed piece by piece.
const LARGE: usize = 16 * 1024;

/// A closure shorter than this, in bytes, stays in the block around it.
const SMALL_CLOSURE: usize = 160;

/// A function of at most so many bytes that is called where it stands and is given another one stays in the block around it.
const HEADER: usize = if cfg!(test) { 400 } else { 2048 };

/// A module's own syntax of fewer nodes than this is built anew after an edit.
const WORTH_SPLICING: usize = if cfg!(test) { 1 } else { 2000 };

/// Nesting of blocks beyond which everything stays in the innermost one.
const MAX_NESTING: usize = 24;

/// What a block is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BlockKind {
    /// A file's top level without its functions and classes.
    Module,
    /// A function, method or closure.
    Function,
    /// The head and fields of a class, impl, trait or namespace.
    Container,
}

/// The content key of a block: blake3 of its language, kind and own text.
pub type Key = [u8; 16];

/// Names a block for as long as it is edited in place. Ids say nothing but "the same".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BlockId(u64);

impl BlockId {
    fn next() -> BlockId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        BlockId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// One block. Positions in it are offsets into its own text ([`Arena::text`]).
// A clone is a version of the same block: own text and syntax are shared, so that its notes stay true.
#[derive(Debug)]
pub struct Block {
    id: BlockId,
    kind: BlockKind,
    arena: Arc<Arena>,
    key: OnceLock<Key>,
    /// Length in the file, child blocks included, in bytes.
    len: u32,
    children: Vec<Child>,
    /// Of a block that is held: its last version that was parsed.
    parsed: Option<Arc<Block>>,
    hir: OnceLock<Arc<Hir>>,
    shape: OnceLock<Option<Arc<Shape>>>,
    notes: Mutex<Kept>,
    /// The same for the block and everything in it.
    summary: Mutex<Kept>,
    /// What it mentions, and everything in it.
    words: OnceLock<Arc<[u32]>>,
}

/// The hash of a word, as [`Block::words`] has it; `None` for what is no word as a whole.
pub fn hash_of_word(name: &str) -> Option<u32> {
    name.chars().all(is_of_word).then(|| word_hash(name))
}

fn is_of_word(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

fn word_hash(word: &str) -> u32 {
    let mut hasher = FxHasher::default();
    word.hash(&mut hasher);
    (hasher.finish() >> 32) as u32
}

/// What somebody keeps with a block.
type Kept = Option<Arc<dyn Any + Send + Sync>>;

impl Clone for Block {
    fn clone(&self) -> Block {
        Block {
            id: self.id,
            kind: self.kind,
            arena: self.arena.clone(),
            key: self.key.clone(),
            len: self.len,
            children: self.children.clone(),
            parsed: self.parsed.clone(),
            hir: self.hir.clone(),
            shape: self.shape.clone(),
            notes: Mutex::new(self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            // What is cloned is about to be changed inside.
            summary: Mutex::default(),
            words: OnceLock::new(),
        }
    }
}

#[derive(Clone, Debug)]
struct Child {
    /// Offset of the placeholder in the parent's own text.
    at: u32,
    /// Bytes that the earlier children take in the file beyond their placeholders.
    before: u32,
    block: Arc<Block>,
}

impl Block {
    /// Its name for what refers to it: an edit inside of the block leaves it.
    pub fn id(&self) -> BlockId {
        self.id
    }

    /// What it is.
    pub fn kind(&self) -> BlockKind {
        self.kind
    }

    /// Its syntax.
    pub fn arena(&self) -> &Arc<Arena> {
        &self.arena
    }

    /// Of a block that is held, which was edited and not parsed since: its last version that was.
    pub fn parsed(&self) -> Option<&Arc<Block>> {
        self.parsed.as_ref()
    }

    /// Itself, or its last version that was parsed.
    pub fn standing(&self) -> &Block {
        self.parsed.as_deref().unwrap_or(self)
    }

    /// Its content key.
    pub fn key(&self) -> Key {
        *self.key.get_or_init(|| key(self.arena.language(), self.kind, &self.arena))
    }

    /// Its child blocks, in order; the n-th belongs to the arena's n-th placeholder.
    pub fn children(&self) -> impl ExactSizeIterator<Item = &Arc<Block>> {
        self.children.iter().map(|c| &c.block)
    }

    /// The n-th child block.
    pub fn child(&self, n: usize) -> Option<&Arc<Block>> {
        self.children.get(n).map(|c| &c.block)
    }

    /// Length in the file in bytes, child blocks included.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether it is empty, as an empty file's module is.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its name in the source, if it has one: `function name`, `class Name`, `impl Type`, a method's name.
    pub fn name(&self) -> Option<&str> {
        // A module has none, and may have thousands of children to look through.
        if self.kind == BlockKind::Module {
            return None;
        }
        let root = self.standing().arena.root();
        let named = |field| root.child(field).map(Node::text);
        named(Field::Name).or_else(|| if root.kind() == Kind::ImplItem { named(Field::Type) } else { None })
    }

    /// Its lowered form, made on first use.
    pub fn hir(&self) -> Arc<Hir> {
        self.hir.get_or_init(|| Arc::new(lower(self))).clone()
    }

    /// What it looks like beside other functions, made on first use; `None` where it is not worth comparing.
    pub fn shape(&self) -> Option<Arc<Shape>> {
        self.shape.get_or_init(|| Shape::of(self).map(Arc::new)).clone()
    }

    /// What somebody kept here for this block. The keeper must be able to tell whether it still holds.
    pub fn notes<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let slot = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().and_then(|any| any.clone().downcast().ok())
    }

    /// Keeps something for as long as this block lives.
    pub fn set_notes<T: Any + Send + Sync>(&self, notes: Arc<T>) {
        *self.notes.lock().unwrap_or_else(PoisonError::into_inner) = Some(notes);
    }

    /// What somebody kept here for this block and everything in it. The keeper must be able to tell whether it still holds.
    pub fn summary<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let slot = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().and_then(|any| any.clone().downcast().ok())
    }

    /// Keeps something for as long as this block lives, and everything in it is as it is.
    pub fn set_summary<T: Any + Send + Sync>(&self, summary: Arc<T>) {
        *self.summary.lock().unwrap_or_else(PoisonError::into_inner) = Some(summary);
    }

    /// Hashes of the words in it and in everything in it, ascending and each once: whatever name it uses is among them.
    pub fn words(&self) -> Arc<[u32]> {
        let of = || {
            let standing = self.standing();
            let text = standing.arena.text().split(|c: char| !is_of_word(c));
            let mut words: Vec<u32> = text.filter(|w| !w.is_empty()).map(word_hash).collect();
            standing.children().for_each(|child| words.extend_from_slice(&child.words()));
            words.sort_unstable();
            words.dedup();
            words.into()
        };
        self.words.get_or_init(of).clone()
    }

    /// The block behind a pointer, to change what is in it.
    fn to_change(slot: &mut Arc<Block>) -> &mut Block {
        let block = Arc::make_mut(slot);
        block.summary = Mutex::default();
        block.words = OnceLock::new();
        block
    }

    /// Everything before its body: its name and what it is, which the block around it is lowered with.
    fn head(&self) -> &str {
        let root = self.standing().arena.root();
        let head = root.child(Field::Body).map_or(root.span().end, |b| b.span().start) - root.span().start;
        root.text().get(..head as usize).unwrap_or_default()
    }

    /// Forgets what was read of the head of the n-th child, which was `before`, unless that is the same.
    fn forget_head(&mut self, before: &str, n: usize) {
        if before != self.children[n].block.head() {
            self.hir = OnceLock::new();
            self.notes = Mutex::default();
        }
    }

    /// Offset in the file, relative to the block's start, of an offset in its own text. At a placeholder that is the
    /// child's start.
    pub fn to_outer(&self, own: u32) -> u32 {
        let children = self.children.partition_point(|c| c.at < own);
        match children.checked_sub(1).map(|i| &self.children[i]) {
            Some(c) => own + c.before + c.block.len - 1,
            None => own,
        }
    }

    /// The offset in the own text of an offset relative to the block's start; the edges of the placeholder for what lies
    /// in a child.
    fn to_own(&self, outer: u32) -> (u32, u32) {
        let n = self.children.partition_point(|c| c.at + c.before <= outer);
        match n.checked_sub(1).map(|n| &self.children[n]) {
            None => (outer, outer),
            Some(c) if outer < c.at + c.before + c.block.len => (c.at, c.at + 1),
            Some(c) => {
                let own = outer - c.before - (c.block.len - 1);
                (own, own)
            }
        }
    }

    /// The module block after an edit of its own text; what the edit does not touch is taken over. `None` if that is
    /// not possible.
    fn spliced(
        &self,
        node: tree_sitter::Node<'_>,
        range: (u32, u32),
        dirty: Edit,
        cx: &Cx<'_>,
        reuse: &mut dyn FnMut(Kind, (u32, u32)) -> Option<Arc<Block>>,
    ) -> Option<Block> {
        if self.kind != BlockKind::Module || range.0 != 0 || self.arena.len() < WORTH_SPLICING {
            return None;
        }
        if cx.language.kind(node.kind_id()) != self.arena.root().kind() {
            return None;
        }
        let edited = self.to_own(dirty.start as u32).0..self.to_own(dirty.old_end as u32).1;
        let (nodes, own) = self.arena.touched(edited);
        let outer = self.to_outer(own.start)..self.to_outer(own.end);
        let delta = i64::from(range.1) - i64::from(self.len);
        let new_end = u32::try_from(i64::from(outer.end) + delta).ok()?;
        if outer.start as usize > dirty.start || (outer.end as usize) < dirty.old_end || new_end < outer.start {
            return None;
        }
        let is_block = |around: Kind, kind: Kind, node: &tree_sitter::Node<'_>| {
            cut(cx.language, kind, node).is_some() && !is_header(cx.language, around, kind, node)
        };
        let splice = Splice { own: own.clone(), outer, new_end, nodes };
        let append = |a: usize, b: usize, out: &mut String| (cx.append)(a, b, out);
        let (arena, cut_nodes) = ArenaBuilder::splice(&self.arena, node, 0, splice, is_block, append)?;
        let first = self.children.partition_point(|c| c.at < own.start);
        let last = self.children.partition_point(|c| c.at < own.end);
        let mut children = Vec::with_capacity(self.children.len() + cut_nodes.len());
        children.extend_from_slice(&self.children[..first]);
        let removed = |children: &[Child]| children.last().map_or(0, |c| c.before + c.block.len - 1);
        let mut before = removed(&children);
        for (hole, node) in arena.holes().skip(first).zip(cut_nodes) {
            let block = child_block(hole.kind(), node, cx, 0, reuse);
            let len = block.len;
            children.push(Child { at: hole.span().start, before, block });
            before += len - 1;
        }
        let moved = (arena.text().len() as u32).wrapping_sub(self.arena.text().len() as u32);
        let longer = before.wrapping_sub(removed(&self.children[..last]));
        children.extend(self.children[last..].iter().map(|c| Child {
            at: c.at.wrapping_add(moved),
            before: c.before.wrapping_add(longer),
            block: c.block.clone(),
        }));
        if children.len() != arena.holes().count() {
            return None;
        }
        Some(Block {
            id: self.id,
            kind: self.kind,
            arena: Arc::new(arena),
            key: OnceLock::new(),
            len: range.1,
            children,
            parsed: None,
            hir: OnceLock::new(),
            shape: OnceLock::new(),
            notes: Mutex::default(),
            summary: Mutex::default(),
            words: OnceLock::new(),
        })
    }

    /// Offset of the n-th child relative to the block's start.
    fn child_start(&self, n: usize) -> u32 {
        self.children[n].at + self.children[n].before
    }

    fn build(kind: BlockKind, node: tree_sitter::Node<'_>, range: (u32, u32), cx: &Cx<'_>, depth: usize) -> Block {
        Block::build_with(kind, node, range, cx, depth, &mut |_, _| None)
    }

    /// Builds a block; `reuse` may supply a child of the given kind and absolute range that is known to be unchanged.
    fn build_with(
        kind: BlockKind,
        node: tree_sitter::Node<'_>,
        range: (u32, u32),
        cx: &Cx<'_>,
        depth: usize,
        reuse: &mut dyn FnMut(Kind, (u32, u32)) -> Option<Arc<Block>>,
    ) -> Block {
        let splits = splits(kind, (range.1 - range.0) as usize, depth);
        let is_block = |around: Kind, kind: Kind, node: &tree_sitter::Node<'_>| {
            splits && cut(cx.language, kind, node).is_some() && !is_header(cx.language, around, kind, node)
        };
        let (arena, nodes) =
            ArenaBuilder::build(cx.language, node, range, is_block, |a, b, out| (cx.append)(a, b, out));
        let mut before = 0;
        let children = arena
            .holes()
            .zip(nodes)
            .map(|(hole, node)| {
                let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
                let block = child_block(hole.kind(), node, cx, depth, reuse);
                let child = Child { at: hole.span().start, before, block };
                before += end - start - 1;
                child
            })
            .collect();
        Block {
            id: BlockId::next(),
            kind,
            arena: Arc::new(arena),
            key: OnceLock::new(),
            len: range.1 - range.0,
            children,
            parsed: None,
            hir: OnceLock::new(),
            shape: OnceLock::new(),
            notes: Mutex::default(),
            summary: Mutex::default(),
            words: OnceLock::new(),
        }
    }
}

/// The block behind a placeholder.
fn child_block(
    kind: Kind,
    node: tree_sitter::Node<'_>,
    cx: &Cx<'_>,
    depth: usize,
    reuse: &mut dyn FnMut(Kind, (u32, u32)) -> Option<Arc<Block>>,
) -> Arc<Block> {
    let range = (node.start_byte() as u32, node.end_byte() as u32);
    reuse(kind, range).unwrap_or_else(|| {
        let kind = cut(cx.language, kind, &node).unwrap_or(BlockKind::Function);
        Arc::new(Block::build(kind, node, range, cx, depth + 1))
    })
}

/// Whether the functions inside a block are blocks of their own.
fn splits(kind: BlockKind, len: usize, depth: usize) -> bool {
    depth < MAX_NESTING && (kind != BlockKind::Function || len > LARGE)
}

/// Whether a node inside a splitting block is a block of its own, and which.
fn cut(language: &Language, kind: Kind, node: &tree_sitter::Node<'_>) -> Option<BlockKind> {
    let len = node.end_byte() - node.start_byte();
    match language.role(kind)? {
        BlockRole::Container if len > 2 => Some(BlockKind::Container),
        BlockRole::Function if len >= SMALL_CLOSURE || !is_closure(kind) && len > 2 => Some(BlockKind::Function),
        _ => None,
    }
}

/// Whether a function that stands in a node of the kind `around` is called there and is given another one:
/// `(function (root, factory) { .. })(this, function () { .. })`. It chooses a module system and leaves the other's result to it, which
/// concerns the block around.
fn is_header(language: &Language, around: Kind, kind: Kind, node: &tree_sitter::Node<'_>) -> bool {
    if !is_closure(kind)
        || !matches!(around, Kind::CallExpression | Kind::ParenthesizedExpression)
        || node.end_byte() - node.start_byte() > HEADER
    {
        return false;
    }
    let kind = |node: &tree_sitter::Node<'_>| language.kind(node.kind_id());
    let mut call = node.parent();
    // `(function () { .. })(..)`, `(function () { .. }).call(this, ..)`
    while let Some(outer) = call.filter(|c| matches!(kind(c), Kind::ParenthesizedExpression | Kind::MemberExpression)) {
        call = outer.parent();
    }
    let Some(call) = call.filter(|c| kind(c) == Kind::CallExpression) else { return false };
    let is_called = call.child_by_field_name("function").is_some_and(|f| f.end_byte() >= node.end_byte());
    let is_function = |node: tree_sitter::Node<'_>| {
        let mut inner = node;
        while kind(&inner) == Kind::ParenthesizedExpression
            && let Some(below) = inner.named_child(0)
        {
            inner = below;
        }
        is_closure(kind(&inner))
    };
    let arguments = call.child_by_field_name("arguments").filter(|_| is_called);
    arguments.is_some_and(|list| list.named_children(&mut list.walk()).any(is_function))
}

fn is_closure(kind: Kind) -> bool {
    matches!(kind, Kind::ArrowFunction | Kind::FunctionExpression | Kind::GeneratorFunction | Kind::ClosureExpression)
}

fn key(language: &Language, kind: BlockKind, arena: &Arena) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(language.name.as_bytes());
    hasher.update(&[0, kind as u8]);
    hasher.update(arena.text().as_bytes());
    // The text alone does not say what its placeholders stand for.
    for hole in arena.holes() {
        hasher.update(&(hole.kind() as u16).to_le_bytes());
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

struct Cx<'a> {
    language: &'static Language,
    append: &'a dyn Fn(usize, usize, &mut String),
}

/// The blocks of one version of a file.
#[derive(Clone, Debug)]
pub struct Blocks {
    language: &'static Language,
    root: Arc<Block>,
}

/// A block with its place in the file.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The block.
    pub block: &'a Arc<Block>,
    /// Where it starts in the file, in bytes.
    pub start: usize,
    /// How many blocks are around it.
    pub depth: usize,
}

impl Placed<'_> {
    /// The file's byte range of a span in the block's own text.
    pub fn range(&self, span: Span) -> std::ops::Range<usize> {
        let start = self.start + self.block.to_outer(span.start) as usize;
        // The end is mapped by its last byte, so that it stays before a child block that begins there and covers one
        // that it ends with.
        let end = match span.end.checked_sub(1) {
            Some(last) if span.end > span.start => match self.block.children.binary_search_by_key(&last, |c| c.at) {
                Ok(n) => self.start + (self.block.child_start(n) + self.block.children[n].block.len) as usize,
                Err(_) => self.start + self.block.to_outer(last) as usize + 1,
            },
            _ => start,
        };
        start..end.max(start)
    }
}

impl<'a> Placed<'a> {
    /// Its child blocks.
    pub fn children(self) -> impl ExactSizeIterator<Item = Placed<'a>> {
        let placed = move |(n, child): (usize, &'a Child)| Placed {
            block: &child.block,
            start: self.start + self.block.child_start(n) as usize,
            depth: self.depth + 1,
        };
        self.block.children.iter().enumerate().map(placed)
    }
}

impl Placed<'_> {
    /// The file's ranges of the child blocks that start in a range of the file.
    pub fn children_starting_in(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = std::ops::Range<usize>> {
        let first = range.start.saturating_sub(self.start) as u32;
        let from = self.block.children.partition_point(|c| c.at + c.before < first);
        let starts = move |n: usize| self.start + self.block.child_start(n) as usize;
        (from..self.block.children.len())
            .map(move |n| starts(n)..starts(n) + self.block.children[n].block.len())
            .take_while(move |r| r.start < range.end)
    }
}

impl Blocks {
    /// Blocks of a parsed string.
    pub fn of_str(tree: &SyntaxTree, text: &str) -> Blocks {
        let append = |a: usize, b: usize, out: &mut String| out.push_str(text.get(a..b).unwrap_or(""));
        Blocks::build(tree, text.len(), &append)
    }

    /// Blocks of a parsed text.
    pub fn of_text(tree: &SyntaxTree, text: &Text) -> Blocks {
        Blocks::build(tree, text.len(), &|a, b, out| text.append(a, b, out))
    }

    fn build(tree: &SyntaxTree, len: usize, append: &dyn Fn(usize, usize, &mut String)) -> Blocks {
        let cx = Cx { language: tree.language(), append };
        let root = Arc::new(Block::build(BlockKind::Module, tree.root(), (0, len as u32), &cx, 0));
        Blocks { language: tree.language(), root }
    }

    /// Blocks after an edit. `dirty` covers every change of text and syntax since these blocks were made, `tree` and
    /// `text` are the new ones. Blocks outside it are shared with the old version; the cost follows the blocks that
    /// `dirty` touches.
    pub fn update(&mut self, tree: &SyntaxTree, text: &Text, dirty: Edit) {
        let append = |a: usize, b: usize, out: &mut String| text.append(a, b, out);
        let cx = Cx { language: tree.language(), append: &append };
        let root = (tree.root(), (0, text.len() as u32));
        update(&mut self.root, root, 0, dirty, &cx, 0);
    }

    /// The language.
    pub fn language(&self) -> &'static Language {
        self.language
    }

    /// The module block.
    pub fn root(&self) -> &Arc<Block> {
        &self.root
    }

    /// Whether any block is held. The cost grows with the file.
    pub(crate) fn is_held(&self) -> bool {
        self.iter().any(|p| p.block.parsed.is_some())
    }

    /// Whether both are the same blocks at the same places.
    pub fn same_shape(&self, other: &Blocks) -> bool {
        let mut pairs = self.iter().zip(other.iter());
        pairs.all(|(a, b)| a.start == b.start && a.block.len == b.block.len && a.block.arena == b.block.arena)
            && self.iter().count() == other.iter().count()
    }

    /// All blocks, parents before children, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = Placed<'_>> {
        let mut stack = vec![Placed { block: &self.root, start: 0, depth: 0 }];
        std::iter::from_fn(move || {
            let placed = stack.pop()?;
            for n in (0..placed.block.children.len()).rev() {
                let start = placed.start + placed.block.child_start(n) as usize;
                stack.push(Placed { block: &placed.block.children[n].block, start, depth: placed.depth + 1 });
            }
            Some(placed)
        })
    }

    /// The innermost block that holds a byte of the file, with the blocks around it, outermost first.
    pub fn path_at(&self, offset: usize) -> Vec<Placed<'_>> {
        let mut path = vec![Placed { block: &self.root, start: 0, depth: 0 }];
        loop {
            let last = path[path.len() - 1];
            let relative = offset.saturating_sub(last.start) as u32;
            let n = last.block.children.partition_point(|c| c.at + c.before <= relative);
            let Some(n) = n.checked_sub(1) else { return path };
            let start = last.block.child_start(n);
            let child = &last.block.children[n].block;
            if relative >= start + child.len {
                return path;
            }
            path.push(Placed { block: child, start: last.start + start as usize, depth: last.depth + 1 });
        }
    }
}

/// Brings a block that starts at `start` of both texts up to date. `node` and `range` are the block's in the new tree.
fn update(
    slot: &mut Arc<Block>,
    (node, range): (tree_sitter::Node<'_>, (u32, u32)),
    start: usize,
    dirty: Edit,
    cx: &Cx<'_>,
    depth: usize,
) {
    let delta = dirty.new_end as i64 - dirty.old_end as i64;
    let new_len = (slot.len as i64 + delta) as u32;
    // The one child that strictly holds the change, if it is still the same kind of block at the same place.
    let inside = slot.children.iter().enumerate().find_map(|(n, c)| {
        let from = start + slot.child_start(n) as usize;
        let to = from + c.block.len();
        (from < dirty.start && dirty.old_end < to).then_some((n, from, (to as i64 + delta) as usize))
    });
    let same_split = splits(slot.kind, slot.len(), depth) == splits(slot.kind, new_len as usize, depth);
    if let Some((n, from, to)) = inside
        && same_split
        && let kind = slot.children[n].block.arena.root().kind()
        && let Some(child) = node_at(cx.language, node, kind, from, to)
        && cut(cx.language, kind, &child) == Some(slot.children[n].block.kind)
        && !child.parent().is_some_and(|p| is_header(cx.language, cx.language.kind(p.kind_id()), kind, &child))
    {
        let block = Block::to_change(slot);
        let before = block.children[n].block.head().to_owned();
        update(&mut block.children[n].block, (child, (from as u32, to as u32)), from, dirty, cx, depth + 1);
        block.forget_head(&before, n);
        block.len = new_len;
        for c in &mut block.children[n + 1..] {
            c.before = (i64::from(c.before) + delta) as u32;
        }
        return;
    }
    let old = slot.clone();
    let mut reuse = |kind: Kind, (from, to): (u32, u32)| {
        // Ranges that touch the change are not known to be the same.
        let before = (to as usize) < dirty.start;
        let after = (from as usize) > dirty.new_end;
        let old_from = if before {
            i64::from(from)
        } else if after {
            i64::from(from) - delta
        } else {
            return None;
        };
        let relative = u32::try_from(old_from - start as i64).ok()?;
        let n = old.children.binary_search_by_key(&relative, |c| c.at + c.before).ok()?;
        let child = &old.children[n].block;
        (child.len == to - from && child.arena.root().kind() == kind).then(|| child.clone())
    };
    let block = old.spliced(node, range, dirty, cx, &mut reuse);
    let block = block.unwrap_or_else(|| Block::build_with(old.kind, node, range, cx, depth, &mut reuse));
    *slot = Arc::new(Block { id: old.id, ..block });
}

/// The node of that kind with exactly that range.
fn node_at<'t>(
    language: &Language,
    root: tree_sitter::Node<'t>,
    kind: Kind,
    from: usize,
    to: usize,
) -> Option<tree_sitter::Node<'t>> {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.start_byte() == from && node.end_byte() == to && language.kind(node.kind_id()) == kind {
            return Some(node);
        }
        cursor.goto_first_child_for_byte(from)?;
        // A child that ends where the block starts comes first where it has no width.
        while cursor.node().end_byte() <= from {
            if !cursor.goto_next_sibling() {
                return None;
            }
        }
        if cursor.node().start_byte() > from {
            return None;
        }
    }
}

#[cfg(test)]
mod tests;
