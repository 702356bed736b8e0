//! The syntax of one block as a flat array in preorder.
//!
//! Positions are offsets into the block's **own text**: the text of the block in which each child
//! block is cut down to one placeholder byte ([`HOLE`]). They do not move when a child block, or
//! anything outside, is edited, so whatever is computed from an arena can be kept for as long as
//! the block's own text stays the same.

use std::cell::Cell;
use std::hash::Hasher;
use std::num::NonZeroU16;
use std::sync::OnceLock;

use rustc_hash::FxHasher;
use sidenote_grammars::{Field, Kind, Language};

/// The byte that stands for a child block in a block's own text (U+001A, SUBSTITUTE).
pub(crate) const HOLE: char = '\u{1a}';

const ERROR: u8 = 1;
const MISSING: u8 = 2;
const HOLED: u8 = 4;
const NAMED: u8 = 8;

/// A half-open range of bytes in a block's own text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether `other` lies inside.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NodeData {
    kind: Kind,
    field: Field,
    flags: u8,
    start: u32,
    end: u32,
    parent: u32,
    /// One past the last node of this subtree.
    last: u32,
}

/// The syntax of one block. Equal arenas mean equal syntax.
#[derive(Debug, PartialEq, Eq)]
pub struct Arena {
    language: &'static Language,
    text: String,
    nodes: Vec<NodeData>,
    /// Node indexes of the child blocks' placeholders, ascending.
    holes: Vec<u32>,
    /// Node indexes of the comments, ascending.
    comments: Vec<u32>,
    has_error: bool,
    names: Names,
}

/// Nodes of an arena from which on its names are looked up in an index: a question about a name then costs what it finds, and not
/// what the block is long.
const INDEXED: usize = 4096;

/// Hashes of names with the indexes of the nodes that are called so, in that order; made when somebody asks first. It follows from
/// the nodes, so that no two equal arenas differ in it.
#[derive(Debug, Default)]
struct Names(OnceLock<Box<[(u64, u32)]>>);

impl Names {
    /// What is called so, and what has the same hash.
    fn of<'a, I: Iterator<Item = Node<'a>>>(&self, name: &str, all: impl Fn() -> I) -> &[(u64, u32)] {
        let index = self.0.get_or_init(|| {
            let mut all: Vec<(u64, u32)> = all().map(|n| (hash_of(n.text()), n.index)).collect();
            all.sort_unstable();
            all.into_boxed_slice()
        });
        let hash = hash_of(name);
        let same = index.partition_point(|(h, _)| *h < hash)..index.partition_point(|(h, _)| *h <= hash);
        &index[same]
    }
}

impl PartialEq for Names {
    fn eq(&self, _: &Names) -> bool {
        true
    }
}

impl Eq for Names {}

fn hash_of(name: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(name.as_bytes());
    hasher.finish()
}

impl Arena {
    /// The root node: the block itself.
    pub fn root(&self) -> Node<'_> {
        Node { arena: self, index: 0 }
    }

    /// The language.
    pub fn language(&self) -> &'static Language {
        self.language
    }

    /// The block's own text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Text of a span; empty where the span does not fit.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node, which never happens for an arena built from a block.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node at an index in preorder.
    pub fn node(&self, index: u32) -> Option<Node<'_>> {
        ((index as usize) < self.nodes.len()).then_some(Node { arena: self, index })
    }

    /// All nodes in preorder.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.nodes.len() as u32).map(|index| Node { arena: self, index })
    }

    /// The identifiers of that text that may stand for variables, in preorder; properties' names and types' are none.
    pub fn named<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = Node<'a>> + use<'a, 'n> {
        let (all, known) = match self.nodes.len() {
            length if length < INDEXED => (0..length as u32, &[][..]),
            _ => (0..0, self.names.of(name, || self.nodes().filter(|n| n.is_variable()))),
        };
        let nodes = known.iter().map(|(_, index)| *index).chain(all).map(|index| Node { arena: self, index });
        nodes.filter(move |n| n.is_variable() && n.text() == name)
    }

    /// The placeholders of the child blocks, in order.
    pub fn holes(&self) -> impl Iterator<Item = Node<'_>> {
        self.holes.iter().map(|&index| Node { arena: self, index })
    }

    /// The comments, in order.
    pub fn comments(&self) -> impl Iterator<Item = Node<'_>> {
        self.comments.iter().map(|&index| Node { arena: self, index })
    }

    /// Whether some part could not be parsed.
    pub fn has_error(&self) -> bool {
        self.has_error
    }
}

/// A node of an [`Arena`]; cheap to copy.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    arena: &'a Arena,
    index: u32,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.arena, other.arena) && self.index == other.index
    }
}

impl Eq for Node<'_> {}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{:?}", self.kind().name(), self.span())
    }
}

impl<'a> Node<'a> {
    fn data(self) -> &'a NodeData {
        &self.arena.nodes[self.index as usize]
    }

    fn is_variable(self) -> bool {
        matches!(
            self.kind(),
            Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern | Kind::ShorthandFieldIdentifier
        )
    }

    /// The arena that it belongs to.
    pub fn arena(self) -> &'a Arena {
        self.arena
    }

    /// Its index in preorder.
    pub fn index(self) -> u32 {
        self.index
    }

    /// Its kind.
    pub fn kind(self) -> Kind {
        self.data().kind
    }

    /// Its role in its parent.
    pub fn field(self) -> Field {
        self.data().field
    }

    /// Its span in the block's own text.
    pub fn span(self) -> Span {
        let d = self.data();
        Span { start: d.start, end: d.end }
    }

    /// Its text; a child block inside it shows as one placeholder byte.
    pub fn text(self) -> &'a str {
        self.arena.slice(self.span())
    }

    /// Whether the grammar names it; operators, keywords and punctuation are not.
    pub fn is_named(self) -> bool {
        self.data().flags & NAMED != 0
    }

    /// Whether the parser could not make sense of it.
    pub fn is_error(self) -> bool {
        self.data().flags & ERROR != 0
    }

    /// Whether the parser invented it to go on.
    pub fn is_missing(self) -> bool {
        self.data().flags & MISSING != 0
    }

    /// Whether it is the placeholder of a child block; its children are then in that block's arena.
    pub fn is_hole(self) -> bool {
        self.data().flags & HOLED != 0
    }

    /// Which child block it stands for, counted from 0.
    pub fn hole(self) -> Option<usize> {
        if self.is_hole() { self.arena.holes.binary_search(&self.index).ok() } else { None }
    }

    /// Whether it is a comment.
    pub fn is_comment(self) -> bool {
        matches!(self.kind(), Kind::Comment | Kind::LineComment | Kind::BlockComment | Kind::HtmlComment)
    }

    /// Its parent inside the block.
    pub fn parent(self) -> Option<Node<'a>> {
        (self.index != 0).then(|| Node { arena: self.arena, index: self.data().parent })
    }

    /// Parent, grandparent and so on inside the block.
    pub fn ancestors(self) -> impl Iterator<Item = Node<'a>> {
        std::iter::successors(self.parent(), |n| n.parent())
    }

    /// Its children: named nodes, and tokens that carry meaning (operators, keywords; not brackets, commas and
    /// semicolons).
    pub fn children(self) -> Children<'a> {
        Children { arena: self.arena, next: self.index + 1, end: self.data().last }
    }

    /// Its named children but for comments.
    pub fn named_children(self) -> impl Iterator<Item = Node<'a>> {
        self.children().filter(|n| n.is_named() && !n.is_comment())
    }

    /// The first child in that role.
    pub fn child(self, field: Field) -> Option<Node<'a>> {
        self.children().find(|n| n.field() == field)
    }

    /// All children in that role.
    pub fn children_in(self, field: Field) -> impl Iterator<Item = Node<'a>> {
        self.children().filter(move |n| n.field() == field)
    }

    /// The first child of that kind.
    pub fn child_of_kind(self, kind: Kind) -> Option<Node<'a>> {
        self.children().find(|n| n.kind() == kind)
    }

    /// Whether there is a child token with that text, such as `async` or `static`.
    pub fn has_token(self, text: &str) -> bool {
        self.children().any(|n| n.kind() == Kind::Token && n.text() == text)
    }

    /// The first named child that is no comment.
    pub fn first_named(self) -> Option<Node<'a>> {
        self.named_children().next()
    }

    /// The last named child that is no comment.
    pub fn last_named(self) -> Option<Node<'a>> {
        self.named_children().last()
    }

    /// The next sibling.
    pub fn next_sibling(self) -> Option<Node<'a>> {
        let parent = self.parent()?;
        let next = self.data().last;
        (next < parent.data().last).then_some(Node { arena: self.arena, index: next })
    }

    /// The next named sibling that is no comment.
    pub fn next_named_sibling(self) -> Option<Node<'a>> {
        std::iter::successors(self.next_sibling(), |n| n.next_sibling()).find(|n| n.is_named() && !n.is_comment())
    }

    /// The previous named sibling that is no comment; its cost grows with the number of siblings before.
    pub fn previous_named_sibling(self) -> Option<Node<'a>> {
        self.parent()?.named_children().take_while(|n| n.index < self.index).last()
    }

    /// The node and everything below it, in preorder.
    pub fn descendants(self) -> impl Iterator<Item = Node<'a>> {
        (self.index..self.data().last).map(|index| Node { arena: self.arena, index })
    }

    /// Everything below it, in preorder, without going into subtrees for which `stop` holds.
    pub fn descendants_until(self, mut stop: impl FnMut(Node<'a>) -> bool) -> impl Iterator<Item = Node<'a>> {
        let end = self.data().last;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let node = Node { arena: self.arena, index: next };
                next = if stop(node) { node.data().last } else { next + 1 };
                node
            })
        })
    }

    /// The smallest node that holds the span.
    pub fn smallest_at(self, span: Span) -> Node<'a> {
        let mut at = self;
        while let Some(child) = at.children().find(|c| c.span().contains(span)) {
            at = child;
        }
        at
    }
}

/// Iterator over the children of a node.
#[derive(Clone)]
pub struct Children<'a> {
    arena: &'a Arena,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        (self.next < self.end).then(|| {
            let node = Node { arena: self.arena, index: self.next };
            self.next = node.data().last;
            node
        })
    }
}

/// Which part of an arena is replaced; see [`ArenaBuilder::splice`].
pub(crate) struct Splice {
    pub own: std::ops::Range<u32>,
    pub outer: std::ops::Range<u32>,
    pub new_end: u32,
    pub nodes: std::ops::Range<u32>,
}

impl Arena {
    /// The direct children of the root that an edited range of the own text touches, as node indexes, and the range
    /// widened to their edges.
    pub(crate) fn touched(&self, edited: std::ops::Range<u32>) -> (std::ops::Range<u32>, std::ops::Range<u32>) {
        let at = |n: u32| self.nodes.get(n as usize);
        let is_code = |n: u32| at(n).is_some() && !Node { arena: self, index: n }.is_comment();
        // A token that the parser invents has no width, and so lies in no edited range: it may come and go at the end
        // of the code before the edit, or at the start of the code after it.
        let (mut first, mut n) = (1, 1);
        while let Some(node) = at(n).filter(|node| node.end < edited.start) {
            // Where one starts at the place of such a token, both are taken, as a place is all that finds them again.
            if is_code(n) && at(first).is_some_and(|first| first.start < node.start) {
                first = n;
            }
            n = node.last;
        }
        let (mut last, mut own) = (first, edited.clone());
        while let Some(node) = at(last) {
            let (done, code) = (node.start > edited.end, is_code(last));
            own = own.start.min(node.start)..own.end.max(node.end);
            last = node.last;
            if done && code && at(last).is_none_or(|next| next.start > node.start) {
                break;
            }
        }
        (first..last, own)
    }
}

impl Arena {
    /// The arena after an edit that nobody made sense of yet: of its syntax only the root and the placeholders are kept.
    /// `own` is the replaced range of the own text. `None` if that touches a placeholder.
    pub(crate) fn unparsed(&self, own: std::ops::Range<u32>, new: &str) -> Option<Arena> {
        let (start, end) = (own.start as usize, own.end as usize);
        let mut text = String::with_capacity(self.text.len() + new.len());
        text.push_str(self.text.get(..start)?);
        self.text.get(start..end)?;
        text.push_str(new);
        text.push_str(self.text.get(end..)?);
        let root = self.nodes.first()?;
        let last = self.holes.len() as u32 + 1;
        let mut nodes = vec![NodeData { flags: root.flags | ERROR, start: 0, end: text.len() as u32, last, ..*root }];
        for (index, &hole) in (1..).zip(&self.holes) {
            let node = &self.nodes[hole as usize];
            let shift = if node.end <= own.start {
                0
            } else if node.start >= own.end {
                (text.len() as u32).wrapping_sub(self.text.len() as u32)
            } else {
                return None;
            };
            let (start, end) = (node.start.wrapping_add(shift), node.end.wrapping_add(shift));
            nodes.push(NodeData { start, end, parent: 0, last: index + 1, ..*node });
        }
        Some(Arena {
            language: self.language,
            text,
            nodes,
            holes: (1..last).collect(),
            comments: Vec::new(),
            has_error: true,
            names: Names::default(),
        })
    }
}

/// Builds an [`Arena`] from one walk over tree-sitter's tree.
pub(crate) struct ArenaBuilder<'t> {
    language: &'static Language,
    nodes: Vec<NodeData>,
    holes: Vec<u32>,
    comments: Vec<u32>,
    has_error: bool,
    /// Absolute start of the block.
    base: u32,
    /// Bytes cut out of the own text so far.
    removed: u32,
    /// Absolute nodes behind the placeholders.
    cut: Vec<tree_sitter::Node<'t>>,
}

/// Nodes of which a thread keeps the room for the next arena.
const NODES_KEPT: usize = 1 << 16;

thread_local! {
    /// Where an arena's nodes come together. How many there will be is not known before, and room that grows and is given back costs more
    /// than the walk.
    static NODES: Cell<Vec<NodeData>> = const { Cell::new(Vec::new()) };
}

impl<'t> ArenaBuilder<'t> {
    /// Walks `root`; a node for which `is_block` holds, which is told the kind of the node around it as well, becomes a
    /// placeholder. Returns the arena and the nodes behind its placeholders. `start..end` is the block's range (the whole
    /// file for a module, else the node's); `append` copies absolute byte ranges of the source.
    pub(crate) fn build(
        language: &'static Language,
        root: tree_sitter::Node<'t>,
        (start, end): (u32, u32),
        is_block: impl Fn(Kind, Kind, &tree_sitter::Node<'t>) -> bool,
        append: impl Fn(usize, usize, &mut String),
    ) -> (Arena, Vec<tree_sitter::Node<'t>>) {
        let mut b = ArenaBuilder {
            language,
            nodes: NODES.take(),
            holes: Vec::new(),
            comments: Vec::new(),
            has_error: false,
            base: start,
            removed: 0,
            cut: Vec::new(),
        };
        b.walk(&mut root.walk(), Vec::new(), &is_block);
        let mut text = String::with_capacity((end - start - b.removed.min(end - start)) as usize);
        let mut at = start as usize;
        for node in &b.cut {
            append(at, node.start_byte(), &mut text);
            text.push(HOLE);
            at = node.end_byte();
        }
        append(at, end as usize, &mut text);
        b.nodes[0].start = 0;
        b.nodes[0].end = text.len() as u32;
        b.holes.shrink_to_fit();
        b.comments.shrink_to_fit();
        let nodes = b.nodes.to_vec();
        if b.nodes.capacity() <= NODES_KEPT {
            b.nodes.clear();
            NODES.set(b.nodes);
        }
        let arena = Arena {
            language,
            text,
            nodes,
            holes: b.holes,
            comments: b.comments,
            has_error: b.has_error,
            names: Names::default(),
        };
        (arena, b.cut)
    }

    /// The arena after an edit of the direct children of its root, of which those outside the edit are taken over.
    /// `None` if the new tree does not have them where they should be; then everything has to be built anew.
    ///
    /// `own` is the edited range of the own text and `outer` that of the file before the edit, both widened to the edges of
    /// the children that they touch; `new_end` is the end of the latter after the edit. Nodes `nodes` are replaced.
    pub(crate) fn splice(
        old: &Arena,
        root: tree_sitter::Node<'t>,
        base: u32,
        Splice { own, outer, new_end, nodes }: Splice,
        is_block: impl Fn(Kind, Kind, &tree_sitter::Node<'t>) -> bool,
        append: impl Fn(usize, usize, &mut String),
    ) -> Option<(Arena, Vec<tree_sitter::Node<'t>>)> {
        let (first, last) = (nodes.start as usize, nodes.end as usize);
        let mut kept = Vec::with_capacity(old.nodes.len() + 256);
        kept.extend_from_slice(&old.nodes[..first]);
        let before = |list: &[u32]| list[..list.partition_point(|n| *n < nodes.start)].to_vec();
        let mut b = ArenaBuilder {
            language: old.language,
            nodes: kept,
            holes: before(&old.holes),
            comments: before(&old.comments),
            has_error: false,
            base,
            removed: (outer.start - base) - own.start,
            cut: Vec::new(),
        };
        let delta = i64::from(new_end) - i64::from(outer.end);
        // Where the first child after the edit must be, in the file after it.
        let next =
            old.nodes.get(last).map(|n| i64::from(outer.end) + (i64::from(n.start) - i64::from(own.end)) + delta);
        let mut cursor = root.walk();
        let mut more = match (outer.start as usize).checked_sub(1) {
            Some(byte) => cursor.goto_first_child_for_byte(byte).is_some(),
            None => cursor.goto_first_child(),
        };
        while more && cursor.node().start_byte() < outer.start as usize {
            if cursor.node().end_byte() > outer.start as usize {
                return None;
            }
            more = cursor.goto_next_sibling();
        }
        while more {
            let node = cursor.node();
            if next.is_some_and(|next| node.start_byte() as i64 >= next) {
                break;
            }
            if node.end_byte() > new_end as usize {
                return None;
            }
            b.walk(&mut cursor, vec![0], &is_block);
            more = cursor.goto_next_sibling();
        }
        if let Some(next) = next {
            let (node, expected) = (cursor.node(), old.nodes[last]);
            if !more || node.start_byte() as i64 != next || old.language.kind(node.kind_id()) != expected.kind {
                return None;
            }
        }
        let mut text = String::with_capacity(old.text.len() + 256);
        text.push_str(old.text.get(..own.start as usize)?);
        let mut at = outer.start as usize;
        for node in &b.cut {
            append(at, node.start_byte(), &mut text);
            text.push(HOLE);
            at = node.end_byte();
        }
        append(at, new_end as usize, &mut text);
        let moved = text.len() as u32;
        debug_assert_eq!(moved, new_end - base - b.removed);
        text.push_str(old.text.get(own.end as usize..)?);
        let (shift, by) = (moved.wrapping_sub(own.end), (b.nodes.len() as u32).wrapping_sub(nodes.end));
        b.nodes.extend(old.nodes[last..].iter().map(|n| NodeData {
            start: n.start.wrapping_add(shift),
            end: n.end.wrapping_add(shift),
            parent: if n.parent == 0 { 0 } else { n.parent.wrapping_add(by) },
            last: n.last.wrapping_add(by),
            ..*n
        }));
        let after = |list: &[u32], out: &mut Vec<u32>| {
            let from = list.partition_point(|n| *n < nodes.end);
            out.extend(list[from..].iter().map(|n| n.wrapping_add(by)));
        };
        after(&old.holes, &mut b.holes);
        after(&old.comments, &mut b.comments);
        b.nodes[0].end = text.len() as u32;
        b.nodes[0].last = b.nodes.len() as u32;
        let has_error = b.has_error || old.has_error && b.nodes.iter().any(|n| n.flags & (ERROR | MISSING) != 0);
        let arena = Arena {
            language: old.language,
            text,
            nodes: b.nodes,
            holes: b.holes,
            comments: b.comments,
            has_error,
            names: Names::default(),
        };
        Some((arena, b.cut))
    }

    /// Walks the subtree at the cursor, and leaves the cursor there. `open` holds the indexes of the nodes around it, root
    /// first, none of them a token tree.
    fn walk(
        &mut self,
        cursor: &mut tree_sitter::TreeCursor<'t>,
        mut open: Vec<u32>,
        is_block: &impl Fn(Kind, Kind, &tree_sitter::Node<'t>) -> bool,
    ) {
        let outside = open.len();
        // Where the nodes that this walk opens end in the file.
        let mut ends: Vec<usize> = Vec::new();
        let mut token_trees = 0u32;
        loop {
            let node = cursor.node();
            let kind = self.language.kind(node.kind_id());
            let descend = if open.is_empty() {
                self.push(&node, kind, Field::None, 0, 0);
                true
            } else if kind == Kind::Token && !node.is_error() && token_trees == 0 && !self.is_telling(cursor, &node) {
                false
            } else {
                let field = self.language.field(field_of(cursor));
                let parent = *open.last().expect("an open node");
                if is_block(self.nodes[parent as usize].kind, kind, &node) {
                    self.holes.push(self.nodes.len() as u32);
                    self.push(&node, kind, field, parent, HOLED);
                    self.cut.push(node);
                    let length = (node.end_byte() - node.start_byte()) as u32;
                    self.removed += length - 1;
                    let index = self.nodes.len() - 1;
                    self.nodes[index].end = self.nodes[index].start + 1;
                    false
                } else {
                    self.push(&node, kind, field, parent, 0);
                    true
                }
            };
            let index = self.nodes.len() as u32 - 1;
            if descend && cursor.goto_first_child() {
                token_trees += u32::from(kind == Kind::TokenTree);
                open.push(index);
                ends.push(node.end_byte());
                continue;
            }
            loop {
                if open.len() == outside {
                    return;
                }
                if cursor.goto_next_sibling() {
                    break;
                }
                cursor.goto_parent();
                let closed = open.pop().expect("an open node") as usize;
                token_trees -= u32::from(self.nodes[closed].kind == Kind::TokenTree);
                self.nodes[closed].last = self.nodes.len() as u32;
                let end = ends.pop().expect("the end of an open node");
                self.nodes[closed].end = self.own(end);
            }
        }
    }

    fn own(&self, absolute: usize) -> u32 {
        (absolute as u32).saturating_sub(self.base).saturating_sub(self.removed)
    }

    fn push(&mut self, node: &tree_sitter::Node<'_>, kind: Kind, field: Field, parent: u32, flags: u8) {
        let index = self.nodes.len() as u32;
        let mut flags = flags;
        if kind == Kind::Error {
            flags |= ERROR;
            self.has_error = true;
        }
        if node.is_missing() {
            flags |= MISSING;
            self.has_error = true;
        }
        if kind != Kind::Token {
            flags |= NAMED;
        }
        if matches!(kind, Kind::Comment | Kind::LineComment | Kind::BlockComment | Kind::HtmlComment) {
            self.comments.push(index);
        }
        let (start, end) = (self.own(node.start_byte()), self.own(node.end_byte()));
        self.nodes.push(NodeData { kind, field, flags, start, end, parent, last: index + 1 });
    }

    /// Whether an anonymous token says something: it fills a role, is a word, or is an operator that
    /// its parent does not name by a field.
    fn is_telling(&self, cursor: &tree_sitter::TreeCursor<'t>, node: &tree_sitter::Node<'t>) -> bool {
        !self.language.is_punctuation(node.kind_id()) || cursor.field_id().is_some() || node.is_missing()
    }
}

fn field_of(cursor: &tree_sitter::TreeCursor<'_>) -> Option<NonZeroU16> {
    cursor.field_id()
}
