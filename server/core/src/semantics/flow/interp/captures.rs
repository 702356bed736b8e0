//! What nested functions see of the variables around them.

use super::*;
use crate::blocks::hash_of_word;

/// Variables with their names.
pub(super) type Variables = Vec<(Ustr, LocalId)>;

impl Interp<'_> {
    /// What a child block captures is what its variables hold where it stands, guards before it included; a module's
    /// variables are settled before any of its functions runs.
    pub(super) fn capture(&mut self, child: u32) {
        if matches!(self.arena.root().kind(), Kind::Program | Kind::SourceFile) {
            return;
        }
        let hir = self.hir;
        // Of thousands of variables around a function it sees a few.
        let words = self.world.words(child);
        let own_of = self.own_of.get_or_insert_with(|| {
            let mut map: FxHashMap<Option<u32>, Variables> = FxHashMap::default();
            for (name, local) in &hir.bindings {
                map.entry(hash_of_word(name)).or_default().push((*name, *local));
            }
            map
        });
        // What is no word is not looked for.
        let hashes = words.iter().map(|word| Some(*word)).chain([None]);
        let own = hashes.filter_map(|hash| own_of.get(&hash)).flatten().copied();
        let inner_of = self.inner_of.get_or_insert_with(|| {
            let mut map: FxHashMap<u32, Variables> = FxHashMap::default();
            for (child, name, local) in &hir.inner_bindings {
                map.entry(*child).or_default().push((*name, *local));
            }
            map
        });
        let is_seen = |name: &Ustr| hash_of_word(name).is_none_or(|hash| words.binary_search(&hash).is_ok());
        let inner = inner_of.get(&child).into_iter().flatten().copied().filter(|(name, _)| is_seen(name));
        for (name, local) in own.chain(inner) {
            let value = self.state.locals.get(local);
            let slot = self.out.captured.entry((child, name)).or_insert_with(|| (local, value.clone()));
            if slot.0 == local {
                slot.1 = join(&slot.1, &value);
            } else {
                *slot = (local, value);
            }
        }
    }

    /// A child block is called or handed over here: what its variables hold now is what it finds. A hoisted function
    /// stands before the guards that its calls come after.
    pub(in crate::semantics::flow) fn use_child(&mut self, func: &FuncRef) {
        if let Some(&child) = self.children.get(&func.block) {
            self.capture(child);
            self.used_children.insert(child);
        }
    }

    /// Variables that may be assigned after a child block was made also hold what they hold in the end, unless the block's
    /// uses were seen.
    pub(super) fn settle_captures(&mut self) {
        let hir = self.hir;
        let captured = std::mem::take(&mut self.out.captured);
        self.out.inner.retain(|(child, name, _)| !captured.contains_key(&(*child, *name)));
        for ((child, name), (local, value)) in captured {
            let last = self.end.as_ref().unwrap_or(&self.state.locals).get(local);
            let open = hir.local(local).kind == LocalKind::Variable && !self.used_children.contains(&child);
            let value = if open { join(&value, &last) } else { value };
            self.out.inner.push((child, name, value));
        }
    }
}
