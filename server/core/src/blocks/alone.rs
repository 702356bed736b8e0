//! An edit inside one function or class, without a parse of the file around it.
//!
//! tree-sitter's incremental parse steps through every statement after an edit, so that its cost grows with the file. A
//! block that is well-formed before and after an edit of its inside stands where it stood, whatever it holds: then its new
//! text alone is parsed, and the file's tree is brought up to date when somebody wants it.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Block, Blocks, Cx, child_block, cut, node_at};
use crate::syntax::SyntaxTree;
use crate::text::{Edit, Text};

/// A block longer than this, in bytes, is not parsed alone: that would take as long.
const MAX_LEN: usize = if cfg!(test) { usize::MAX } else { 24 * 1024 };

/// In a file shorter than this, in bytes, nothing is parsed alone.
const WORTH_IT: usize = if cfg!(test) { 1 } else { 48 * 1024 };

impl Blocks {
    /// Blocks after an edit inside of a top-level block that stands by itself before and after it. `text` is the new one.
    /// The cost follows that block. False, and nothing changes, if the edit is not of that kind.
    pub(crate) fn update_alone(&mut self, text: &Text, edit: Edit) -> bool {
        let root = &self.root;
        // An error at the top level might reach over the block. One inside of another block ends with that.
        if text.len() < WORTH_IT || root.arena.has_error() {
            return false;
        }
        let n = root.children.partition_point(|c| ((c.at + c.before) as usize) < edit.start);
        let Some(n) = n.checked_sub(1) else { return false };
        let old = &root.children[n].block;
        let from = root.child_start(n) as usize;
        let delta = edit.new_end as i64 - edit.old_end as i64;
        let new_len = old.len() as i64 + delta;
        if edit.old_end >= from + old.len() || new_len < 2 || new_len as usize > MAX_LEN {
            return false;
        }
        if has_error(old) {
            return false;
        }
        let to = from + new_len as usize;
        // What ends in a brace is not continued by what follows.
        if text.chunk(to - 1).as_bytes().first() != Some(&b'}') {
            return false;
        }
        let Some(new) = self.alone(old, text, from..to) else { return false };
        let root = Arc::make_mut(&mut self.root);
        root.children[n].block = new;
        root.len = (i64::from(root.len) + delta) as u32;
        for c in &mut root.children[n + 1..] {
            c.before = (i64::from(c.before) + delta) as u32;
        }
        true
    }

    fn alone(&self, old: &Arc<Block>, text: &Text, range: Range<usize>) -> Option<Arc<Block>> {
        let kind = old.arena.root().kind();
        let tree = SyntaxTree::parse_part(self.language, text, range.clone()).ok()?;
        let node = node_at(self.language, tree.root(), kind, range.start, range.end)?;
        if tree.root().has_error() || cut(self.language, kind, &node) != Some(old.kind) {
            return None;
        }
        let append = |a: usize, b: usize, out: &mut String| text.append(a, b, out);
        let cx = Cx { language: self.language, append: &append };
        let mut new = child_block(kind, node, &cx, 0, &mut |_, _| None);
        graft(&mut new, old);
        Some(new)
    }
}

fn has_error(block: &Block) -> bool {
    block.arena.has_error() || block.children.iter().any(|c| has_error(&c.block))
}

/// Puts what is the same in the old block into the new one, so that what was computed for it stays.
fn graft(new: &mut Arc<Block>, old: &Arc<Block>) {
    if new.kind != old.kind {
        return;
    }
    let (a, b) = (new.children.len(), old.children.len());
    let same_arena = *new.arena == *old.arena;
    {
        let Some(block) = Arc::get_mut(new) else { return };
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
            block.arena = old.arena.clone();
            block.key = old.key.clone();
            block.hir = old.hir.clone();
            block.notes = Mutex::new(old.notes.lock().unwrap_or_else(PoisonError::into_inner).clone());
        }
    }
    let same_children = a == b
        && new
            .children
            .iter()
            .zip(&old.children)
            .all(|(x, y)| Arc::ptr_eq(&x.block, &y.block) && x.at == y.at && x.before == y.before);
    if same_arena && same_children && new.len == old.len {
        *new = old.clone();
    }
}
