//! What `this` is in functions that are put into an object: `Job.prototype.run = function () { this.build() }`,
//! `const job = { run() { this.build() } }`. Other methods of the object are found there.

use super::*;
use crate::semantics::hir::{Key, Member, PatKind};

/// A function of a block, or a block below it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// A nested function.
    Function(FnId),
    /// The n-th child block.
    Block(u32),
}

/// By function the place that holds it, or the object literal in which it stands.
pub(super) type Holders = FxHashMap<Part, ExprId>;

/// Most names of a place: `a.b.c.prototype`.
const MAX_NAMES: usize = 6;

impl Linker<'_> {
    /// The object in which a function of a block is.
    pub(super) fn holder(&self, i: usize, id: FnId) -> Option<Val> {
        self.held(i, Part::Function(id))
    }

    /// The number of a block among the children of another.
    pub(super) fn number(&self, child: usize, parent: usize) -> Option<u32> {
        self.units[parent].children.iter().position(|c| *c == child).map(|n| n as u32)
    }

    /// The object that a block puts a function into.
    pub(super) fn held(&self, i: usize, part: Part) -> Option<Val> {
        if self.family != Family::Ecma || !self.ready.get() {
            return None;
        }
        let holders = self.holders.borrow_mut().entry(i).or_insert_with(|| Arc::new(self.holders_of(i))).clone();
        let place = *holders.get(&part)?;
        let fields: Vec<(Ustr, Val)> = match &self.units[i].hir.expr(place).kind {
            ExprKind::Object(_, members) => self.functions_in(i, members),
            _ => {
                let object = self.value_at(i, place, 0)?;
                object.fields().filter(|(_, v)| !v.funcs.is_empty()).cloned().collect()
            }
        };
        (!fields.is_empty()).then(|| Arc::new(Value { types: Types::OBJECT, ..Value::default() }.with_fields(fields)))
    }

    fn holders_of(&self, i: usize) -> Holders {
        let hir = &self.units[i].hir;
        let mut out = Holders::default();
        let part = |value: ExprId| match hir.expr(value).kind {
            ExprKind::Function(id) => Some(Part::Function(id)),
            ExprKind::Child(n) => Some(Part::Block(n)),
            _ => None,
        };
        for (n, expr) in hir.exprs.iter().enumerate() {
            match &expr.kind {
                ExprKind::Assign(pat, value) => {
                    let PatKind::Place(place) = hir.pat(*pat).kind else { continue };
                    let ExprKind::Field(base, _) = hir.expr(place).kind else { continue };
                    if let Some(part) = part(*value) {
                        out.insert(part, base);
                    }
                }
                ExprKind::Object(_, members) => {
                    for member in members {
                        if let Member::Field(Key::Name(_), value) = member
                            && let Some(part) = part(*value)
                        {
                            out.insert(part, ExprId(n as u32));
                        }
                    }
                }
                _ => {}
            }
        }
        out
    }

    /// The functions of an object literal.
    fn functions_in(&self, i: usize, members: &[Member]) -> Vec<(Ustr, Val)> {
        let unit = &self.units[i];
        let link = Link { linker: self, unit: i };
        let function = |member: &Member| {
            let Member::Field(Key::Name(name), value) = member else { return None };
            let value = match unit.hir.expr(*value).kind {
                ExprKind::Function(id) => {
                    let mut value = Value { types: Types::OBJECT, ..Value::default() };
                    value.funcs.push(FuncRef { block: unit.block.id(), id });
                    Arc::new(value)
                }
                ExprKind::Child(n) => link.child(n),
                _ => return None,
            };
            (!value.funcs.is_empty()).then_some((*name, value))
        };
        members.iter().filter_map(function).collect()
    }

    /// What a place of a block held when that had run.
    fn value_at(&self, i: usize, place: ExprId, depth: usize) -> Option<Val> {
        match &self.units[i].hir.expr(place).kind {
            ExprKind::Local(local) => {
                let locals = self.locals.borrow();
                let ran = locals[i].fits(&Locals::unknown(self.units[i].hir.locals.len()));
                ran.then(|| locals[i].get(*local))
            }
            ExprKind::Name(name) => self.envs.borrow()[i].get(name).cloned(),
            ExprKind::Field(base, name) if depth < MAX_NAMES => {
                self.value_at(i, *base, depth + 1)?.field(*name).cloned()
            }
            _ => None,
        }
    }
}
