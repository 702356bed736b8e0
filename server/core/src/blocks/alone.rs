//! An edit inside one function or class, without a parse of the file around it.
//!
//! tree-sitter's incremental parse steps through every statement after an edit, so that its cost grows with the file. A
//! block that is well-formed before and after an edit of its inside stands where it stood, whatever it holds: then its new
//! text alone is parsed, and the file's tree is brought up to date when somebody wants it.
//!
//! Where the new text is broken, as it is at most moments while somebody types, the innermost block around the edit is
//! **held**: it keeps its place and what was found in it, and nothing around it is looked at again. A bracket or quote that
//! is about to be closed would otherwise tear the rest of the file apart and put it together again. A held document is
//! parsed as a whole when the typing rests. Where the characters tell that it is broken ([`broken`](super::broken)), it is not parsed.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sidenote_grammars::Kind;
use tree_sitter::InputEdit;

use super::broken::{Broken, has_same_tokens};
use super::{Block, BlockKind, Blocks, Child, Cx, HEADER, child_block, cut, is_closure, node_at, update};
use crate::syntax::{Span, SyntaxTree};
use crate::text::{Edit, Text};

/// A block longer than this, in bytes, is not parsed alone: that would take as long. Tests have small files.
const MAX_LEN: usize = if cfg!(test) { 250 } else { 24 * 1024 };

/// What is the same inside of something as at the top level, so that it can be parsed without what is around it. A method of a class
/// cannot.
const STANDS_ALONE: [Kind; 3] = [Kind::FunctionItem, Kind::FunctionDeclaration, Kind::GeneratorFunctionDeclaration];

/// In a file shorter than this, in bytes, nothing is parsed alone.
const WORTH_IT: usize = if cfg!(test) { 1 } else { 12 * 1024 };

/// Bytes of the module's own text between a syntax error and a block that it does not concern.
const NEAR: u32 = 200;

/// What became of an edit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Alone {
    /// The block around it was parsed.
    Parsed,
    /// The block around it is held.
    Held,
    /// It is not of that kind; nothing has changed.
    No,
}

/// The block that was parsed alone last, as the parser left it: whoever types goes on typing there, and most of it is as it was.
#[derive(Clone)]
pub(crate) struct Part {
    range: Range<usize>,
    tree: SyntaxTree,
    /// Where there is a syntax error.
    broken: Option<Broken>,
}

impl Part {
    /// Tells its tree of an edit that was made in the text.
    pub(crate) fn edit(&mut self, edit: &InputEdit) {
        self.tree.edit(edit);
        if let Some(good) = self.broken.as_mut().and_then(|b| b.good.as_mut()) {
            good.edit(edit);
        }
    }
}

impl Blocks {
    /// Blocks after an edit inside of a block that stands by itself before and after it, between the texts `before` and `text`. `part` has
    /// been told of the edit, and is the part of the new text afterwards. The cost follows that block, or less of it.
    pub(crate) fn update_alone(
        &mut self,
        (before, text): (&Text, &Text),
        edit: Edit,
        part: &mut Option<Box<Part>>,
    ) -> Alone {
        let known = part.take();
        if text.len() < WORTH_IT {
            return Alone::No;
        }
        let Some((path, from)) = standing_around(&self.root, edit) else { return Alone::No };
        let Some(old) = path.iter().try_fold(&self.root, |block, n| block.child(*n)).cloned() else { return Alone::No };
        let delta = edit.new_end as i64 - edit.old_end as i64;
        let new_len = old.len() as i64 + delta;
        if new_len < 2 {
            return Alone::No;
        }
        // What becomes as short as a header may be one, which what is around it says.
        let is_short = |len: usize| len <= HEADER;
        if is_closure(old.standing().arena.root().kind()) && is_short(old.len()) != is_short(new_len as usize) {
            return Alone::No;
        }
        let to = from + new_len as usize;
        // What ends in a brace is not continued by what follows.
        if text.chunk(to - 1).as_bytes().first() != Some(&b'}') {
            return Alone::No;
        }
        let known = known.filter(|p| p.range.start == from && p.range.end as i64 + delta == to as i64);
        let (tree, was) = known.map(|p| (p.tree, p.broken)).unzip();
        let was = was.flatten();
        let same = was.is_some() && has_same_tokens(self.language, before, text, edit);
        let first = |good: Option<SyntaxTree>| Broken::first(edit, before, (&old, from), good);
        let broken = was.map_or_else(|| first(tree.clone()), |b| b.then(edit, before, (&old, from)));
        if let Some(tree) = &tree
            && (same || broken.is_unbalanced(self.language, text))
            && hold(&mut self.root, 0, text, edit)
        {
            debug_assert!(!cfg!(test) || is_broken(self.language, text, from..to));
            *part = Some(Box::new(Part { range: from..to, tree: tree.clone(), broken: Some(broken) }));
            return Alone::Held;
        }
        let Ok(new_tree) = SyntaxTree::parse_part(self.language, text, from..to, tree.as_ref()) else {
            return Alone::No;
        };
        let new = self.alone((&old, path.len()), text, (from..to, &new_tree), (&broken, edit));
        let is_broken = matches!(new, Err(Unparsed::Broken));
        let broken = is_broken.then_some(broken);
        *part = Some(Box::new(Part { range: from..to, tree: new_tree, broken }));
        let new = match new {
            Ok(new) => new,
            Err(Unparsed::Broken) if hold(&mut self.root, 0, text, edit) => return Alone::Held,
            Err(_) => return Alone::No,
        };
        replace(&mut self.root, &path, new, delta);
        Alone::Parsed
    }

    /// The block at a depth, of the new text, in which there is no error: what is as it was when there was none before is taken over.
    fn alone(
        &self,
        (old, depth): (&Arc<Block>, usize),
        text: &Text,
        (range, tree): (Range<usize>, &SyntaxTree),
        (before, edit): (&Broken, Edit),
    ) -> Result<Arc<Block>, Unparsed> {
        let kind = old.standing().arena.root().kind();
        if tree.root().has_error() {
            return Err(Unparsed::Broken);
        }
        let node = node_at(self.language, tree.root(), kind, range.start, range.end).ok_or(Unparsed::Other)?;
        if cut(self.language, kind, &node) != Some(old.kind) {
            return Err(Unparsed::Other);
        }
        let append = |a: usize, b: usize, out: &mut String| text.append(a, b, out);
        let cx = Cx { language: self.language, append: &append };
        if let Some(good) = &before.good {
            let dirty = good.difference(tree, text, before.since);
            // The blocks have seen all but the last edit.
            let dirty = Edit { old_end: dirty.new_end + edit.old_end - edit.new_end, ..dirty };
            let mut new = old.clone();
            update(&mut new, (node, (range.start as u32, range.end as u32)), range.start, dirty, &cx, depth);
            return Ok(new);
        }
        let mut new = child_block(kind, node, &cx, 0, &mut |_, _| None);
        graft(&mut new, old);
        Ok(new)
    }
}

/// Whether there is a syntax error in a part of a text, for those who said so without a parse.
fn is_broken(language: &'static sidenote_grammars::Language, text: &Text, part: Range<usize>) -> bool {
    SyntaxTree::parse_part(language, text, part, None).is_ok_and(|tree| tree.root().has_error())
}

/// The block around an edit that can be parsed by itself, as the numbers of the children that lead to it, and where it starts: one of the
/// top level, or where that is too long a function in it. `None` if there is none, or if a syntax error may concern it.
fn standing_around(root: &Arc<Block>, edit: Edit) -> Option<(Vec<usize>, usize)> {
    let (mut path, mut block, mut start) = (Vec::new(), root, 0);
    loop {
        let n = block.children.partition_point(|c| start + ((c.at + c.before) as usize) < edit.start).checked_sub(1)?;
        let from = start + block.child_start(n) as usize;
        let child = &block.children[n].block;
        let has_error_around = match path.is_empty() {
            true => has_error_near(root, root.children[n].at),
            // What is long is not looked through; an error in its own text may reach anywhere in it.
            false => block.parsed.is_some() || block.arena.has_error(),
        };
        if edit.old_end >= from + child.len() || has_error_around {
            return None;
        }
        path.push(n);
        let stands_alone = path.len() == 1 || STANDS_ALONE.contains(&child.standing().arena.root().kind());
        if stands_alone && child.len() + edit.new_end - edit.old_end <= MAX_LEN {
            return (!has_error(child)).then_some((path, from));
        }
        (block, start) = (child, from);
    }
}

/// Puts a block in the place of another, which is longer by `delta` bytes then.
fn replace(slot: &mut Arc<Block>, path: &[usize], new: Arc<Block>, delta: i64) {
    let Some((n, rest)) = path.split_first() else {
        *slot = new;
        return;
    };
    let block = Block::to_change(slot);
    let before = block.children[*n].block.head().to_owned();
    replace(&mut block.children[*n].block, rest, new, delta);
    block.forget_head(&before, *n);
    block.len = (i64::from(block.len) + delta) as u32;
    for c in &mut block.children[n + 1..] {
        c.before = (i64::from(c.before) + delta) as u32;
    }
}

/// Why a block was not parsed alone.
enum Unparsed {
    /// Its text has a syntax error.
    Broken,
    /// It is no longer one block of its kind.
    Other,
}

/// Holds the innermost block around an edit; `start` is where the block in `slot` starts. False, and nothing changes, if the
/// edit is not within the own text of one block.
fn hold(slot: &mut Arc<Block>, start: usize, text: &Text, edit: Edit) -> bool {
    let delta = edit.new_end as i64 - edit.old_end as i64;
    let Ok(len) = u32::try_from(slot.len() as i64 + delta) else { return false };
    let inside = slot.children.partition_point(|c| start + ((c.at + c.before) as usize) < edit.start).checked_sub(1);
    let inside = inside.map(|n| (n, start + slot.child_start(n) as usize));
    if let Some((n, from)) = inside.filter(|(n, from)| edit.old_end < from + slot.children[*n].block.len()) {
        let block = Block::to_change(slot);
        if !hold(&mut block.children[n].block, from, text, edit) {
            return false;
        }
        block.len = len;
        for c in &mut block.children[n + 1..] {
            c.before = (i64::from(c.before) + delta) as u32;
        }
        return true;
    }
    if slot.kind == BlockKind::Module {
        return false;
    }
    let own = |at: usize| slot.to_own((at - start) as u32);
    let ((from, _), (to, to_end)) = (own(edit.start), own(edit.old_end));
    let mut new = String::new();
    text.append(edit.start, edit.new_end, &mut new);
    // The end of the edit is before the child that begins there.
    let Some(arena) = (to_end - to <= 1).then(|| slot.arena.unparsed(from..to, &new)).flatten() else { return false };
    let moved = (arena.text().len() as u32).wrapping_sub(slot.arena.text().len() as u32);
    if i64::from(moved as i32) != delta {
        // A child was cut.
        return false;
    }
    let shifted = |c: &Child| Child { at: if c.at >= to { c.at.wrapping_add(moved) } else { c.at }, ..c.clone() };
    *slot = Arc::new(Block {
        id: slot.id,
        kind: slot.kind,
        arena: Arc::new(arena),
        key: OnceLock::new(),
        len,
        children: slot.children.iter().map(shifted).collect(),
        parsed: Some(slot.parsed.clone().unwrap_or_else(|| slot.clone())),
        hir: OnceLock::new(),
        shape: OnceLock::new(),
        notes: Mutex::default(),
        summary: Mutex::default(),
        words: OnceLock::new(),
    });
    true
}

/// Whether a syntax error at the top level could reach over the child at an offset of the module's own text: it is around
/// it, or but few bytes away. One inside of another block ends with that.
fn has_error_near(root: &Block, at: u32) -> bool {
    let near = |span: Span| span.start <= at + NEAR && at <= span.end + NEAR;
    root.arena.has_error() && root.arena.nodes().any(|n| (n.is_error() || n.is_missing()) && near(n.span()))
}

/// Whether there is a syntax error; that a block is held is none.
fn has_error(block: &Block) -> bool {
    block.parsed.is_none() && block.arena.has_error() || block.children.iter().any(|c| has_error(&c.block))
}

/// Puts what is the same in the old block into the new one, so that what was computed for it stays.
fn graft(new: &mut Arc<Block>, old: &Arc<Block>) {
    if new.kind != old.kind {
        return;
    }
    let (a, b) = (new.children.len(), old.children.len());
    let standing = old.standing();
    let same_arena = *new.arena == *standing.arena;
    {
        let Some(block) = Arc::get_mut(new) else { return };
        // What was edited in place keeps its name.
        block.id = old.id;
        // From both ends, as far as the blocks are the same; one that differs is looked into.
        let mut before = 0;
        while before < a.min(b) {
            graft(&mut block.children[before].block, &old.children[before].block);
            before += 1;
            if !Arc::ptr_eq(&block.children[before - 1].block, &old.children[before - 1].block) {
                break;
            }
        }
        let mut after = 0;
        while after < a.min(b) - before {
            after += 1;
            graft(&mut block.children[a - after].block, &old.children[b - after].block);
            if !Arc::ptr_eq(&block.children[a - after].block, &old.children[b - after].block) {
                break;
            }
        }
        if same_arena {
            block.arena = standing.arena.clone();
            block.key = standing.key.clone();
            block.hir = standing.hir.clone();
            block.notes = Mutex::new(standing.notes.lock().unwrap_or_else(PoisonError::into_inner).clone());
        }
    }
    let same_children = a == b
        && new
            .children
            .iter()
            .zip(&old.children)
            .all(|(x, y)| Arc::ptr_eq(&x.block, &y.block) && x.at == y.at && x.before == y.before);
    if same_arena && same_children && new.len == old.len && old.parsed.is_none() {
        *new = old.clone();
    }
}
