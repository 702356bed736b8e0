//! Variables that hold what lies in another: what is learned of one place holds for the other, too.

use smallvec::SmallVec;

use crate::semantics::hir::{ExprId, ExprKind, Key, Lit, LocalId, PatId, PatKind, Ustr};

use super::guard::Learned;
use super::interp::Interp;
use super::kinds::SinkKinds;

/// A variable, and names below it.
pub(super) type Lies = (LocalId, SmallVec<[Ustr; 2]>);

/// Deepest place that is told from others.
const MAX_NAMES: usize = 3;

impl Interp<'_> {
    /// Remembers where a variable was taken out of: `const name = req.query.name`, `const { query } = req`.
    pub(super) fn note_alias(&mut self, pat: PatId, value: ExprId) {
        if self.world.casts_convert() {
            return;
        }
        let hir = self.hir;
        match &hir.pat(pat).kind {
            PatKind::Bind(local, None) => match self.lies(value).filter(|(_, names)| !names.is_empty()) {
                Some(lies) => drop(self.aliases.insert(*local, lies)),
                None => drop(self.aliases.remove(local)),
            },
            PatKind::Object { fields, .. } => {
                let Some((root, names)) = self.lies(value) else { return };
                for (key, part) in fields {
                    if let (Key::Name(name), PatKind::Bind(local, None)) = (key, &hir.pat(*part).kind) {
                        let mut names = names.clone();
                        names.push(*name);
                        self.aliases.insert(*local, (root, names));
                    }
                }
            }
            _ => {}
        }
    }

    /// Where a place lies below a variable that is never written to.
    fn lies(&mut self, place: ExprId) -> Option<Lies> {
        let hir = self.hir;
        let (base, name) = match &hir.expr(place).kind {
            ExprKind::Local(local) if self.is_assigned(*local) => return None,
            ExprKind::Local(local) => {
                return Some(self.aliases.get(local).cloned().unwrap_or_else(|| (*local, SmallVec::new())));
            }
            ExprKind::Field(base, name) => (*base, *name),
            ExprKind::Index(base, index) => match &hir.expr(*index).kind {
                ExprKind::Lit(Lit::Str(name)) => (*base, *name),
                _ => return None,
            },
            _ => return None,
        };
        let (root, mut names) = self.lies(base)?;
        names.push(name);
        (names.len() <= MAX_NAMES).then_some((root, names))
    }

    /// What was learned of a place holds wherever else it is read.
    pub(super) fn refine_aliases(&mut self, place: ExprId, learned: &Learned) {
        let kinds = match learned {
            Learned::Clean(kinds) => *kinds,
            Learned::Is(value) if value.exact => SinkKinds::ALL,
            _ => return,
        };
        if self.aliases.is_empty() {
            return;
        }
        let Some((root, names)) = self.lies(place).filter(|(_, names)| !names.is_empty()) else { return };
        let outer = std::mem::replace(&mut self.handing, self.hir.expr(place).span);
        let whole = self.state.locals.get(root);
        if whole.has_taint() || !whole.apis.is_empty() {
            let new = self.with_harmless(&whole, &names, kinds);
            self.state.locals.set(root, new);
        }
        let others: SmallVec<[(LocalId, SmallVec<[Ustr; 2]>); 2]> = self
            .aliases
            .iter()
            .filter(|(_, (other, path))| *other == root && names.starts_with(path))
            .map(|(local, (_, path))| (*local, names[path.len()..].iter().copied().collect()))
            .collect();
        for (local, below) in others {
            let value = self.state.locals.get(local);
            if value.has_taint() && !self.is_assigned(local) {
                let new = self.with_harmless(&value, &below, kinds);
                self.state.locals.set(local, new);
            }
        }
        self.handing = outer;
    }
}
