//! What pointers point to at a point of the program.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::Flaw;
use crate::semantics::hir::{Hir, LocalId, Ustr};
use crate::syntax::Span;

/// What may hold a pointer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Place {
    /// A variable.
    Local(LocalId),
    /// A field of a variable; `[]` stands for all elements.
    Field(LocalId, Ustr),
    /// A static.
    Name(Ustr),
}

/// What a pointer may point to.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Pointee {
    /// A variable.
    Stack(LocalId),
    /// The heap memory of a variable's value.
    Heap(LocalId),
    /// A temporary of the statement at hand.
    Temporary,
    /// Memory that was allocated there and that no value owns; unchecked where the allocation may have failed.
    Allocation(Span, bool),
    /// Nothing.
    Null,
    /// Nothing on one of two ways; with the conditions that had been met where they came together.
    NullOnOneWay(u32),
    /// No memory at all.
    Unallocated,
    /// An address that the program made up.
    Address,
    /// What is not known, beside what is.
    Unknown,
    /// Something whose life has ended.
    Gone(Flaw, Option<Span>, Option<Ustr>),
}

/// The alternatives; none where nothing is known.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Points(SmallVec<[Pointee; 1]>);

/// Most alternatives that are kept; of more nothing is known.
const MAX: usize = 4;

impl Points {
    pub(super) fn one(pointee: Pointee) -> Points {
        Points(SmallVec::from_iter([pointee]))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Pointee> {
        self.0.iter()
    }

    pub(super) fn single(&self) -> Option<Pointee> {
        match &self.0[..] {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    /// Either of two.
    pub(super) fn joined(&self, other: &Points) -> Points {
        let mut out = self.clone();
        // A pointer that is null on one way only is no longer null for sure.
        for p in &other.0 {
            if !out.0.contains(p) {
                out.0.push(p.clone());
            }
        }
        if self.is_empty() != other.is_empty() {
            out.0.retain(|p| matches!(p, Pointee::Gone(..) | Pointee::Stack(_) | Pointee::Heap(_) | Pointee::Unknown));
            if !out.0.is_empty() && !out.0.contains(&Pointee::Unknown) {
                out.0.push(Pointee::Unknown);
            }
        }
        if out.0.len() > MAX { Points::default() } else { out }
    }

    /// The value of one of two branches.
    pub(super) fn either(&self, other: &Points, branches: u32) -> Points {
        let null = |p: &Points| matches!(p.0[..], [Pointee::Null]);
        let sound = |p: &Points| !p.0.iter().any(|p| matches!(p, Pointee::Null | Pointee::Gone(..)));
        if null(self) && sound(other) || null(other) && sound(self) {
            return Points::one(Pointee::NullOnOneWay(branches));
        }
        self.joined(other)
    }

    /// Without the possibility of null.
    pub(super) fn not_null(mut self) -> Points {
        self.0.retain(|p| !matches!(p, Pointee::Null | Pointee::NullOnOneWay(_)));
        for p in &mut self.0 {
            if let Pointee::Allocation(_, unchecked) = p {
                *unchecked = false;
            }
        }
        self
    }

    /// With everything that `test` names at its end.
    pub(super) fn ended(mut self, test: &dyn Fn(&Pointee) -> bool, flaw: Flaw, at: Option<Span>, hir: &Hir) -> Points {
        for p in &mut self.0 {
            if test(p) {
                let owner = match p {
                    Pointee::Stack(l) | Pointee::Heap(l) => Some(hir.local(*l).name),
                    _ => None,
                };
                *p = Pointee::Gone(flaw, at, owner);
            }
        }
        self
    }

    /// What is wrong with a use, if something is.
    pub(super) fn flaw(&self) -> Option<(Flaw, Option<Span>, Option<Ustr>)> {
        let gone = self.0.iter().find_map(|p| match p {
            Pointee::Gone(flaw, at, owner) => Some((*flaw, *at, *owner)),
            _ => None,
        });
        gone.or_else(|| match self.0[..] {
            [Pointee::Null] => Some((Flaw::Null, None, None)),
            [Pointee::Unallocated] => Some((Flaw::Unallocated, None, None)),
            [Pointee::Address] => Some((Flaw::Address, None, None)),
            [Pointee::Allocation(at, true)] => Some((Flaw::Unchecked, Some(at), None)),
            _ => None,
        })
    }
}

/// The state of a run.
#[derive(Clone, Debug)]
pub(super) struct State {
    points: FxHashMap<Place, Points>,
    /// Variables whose values own heap memory.
    pub(super) owners: FxHashSet<LocalId>,
    /// Variables that hold a value made in sight.
    pub(super) plain: FxHashSet<LocalId>,
    /// Variables that hold references.
    pub(super) references: FxHashSet<LocalId>,
    /// Those of them that drop something.
    pub(super) droppable: FxHashSet<LocalId>,
    /// Collections that were made with room for what comes.
    pub(super) roomy: FxHashSet<LocalId>,
    /// Owners that took what they own from a raw pointer.
    pub(super) adopted: FxHashSet<LocalId>,
    /// References whose life the compiler no longer knows.
    pub(super) laundered: FxHashSet<LocalId>,
    /// Variables whose values are moved, not copied.
    pub(super) moves: FxHashSet<LocalId>,
    /// Owners whose memory another value was made to own as well, and where.
    pub(super) shared: FxHashMap<LocalId, Span>,
    /// Allocations that nobody has written to.
    pub(super) fresh: FxHashSet<Span>,
    /// Whether this point can be reached.
    pub(super) live: bool,
}

impl State {
    pub(super) fn new() -> State {
        State {
            points: FxHashMap::default(),
            owners: FxHashSet::default(),
            plain: FxHashSet::default(),
            references: FxHashSet::default(),
            droppable: FxHashSet::default(),
            roomy: FxHashSet::default(),
            adopted: FxHashSet::default(),
            laundered: FxHashSet::default(),
            moves: FxHashSet::default(),
            shared: FxHashMap::default(),
            fresh: FxHashSet::default(),
            live: true,
        }
    }

    /// The same, unreachable.
    pub(super) fn dead(mut self) -> State {
        self.live = false;
        self
    }

    pub(super) fn points(&self, local: LocalId) -> Points {
        self.at(Place::Local(local))
    }

    pub(super) fn at(&self, place: Place) -> Points {
        self.points.get(&place).cloned().unwrap_or_default()
    }

    pub(super) fn set(&mut self, local: LocalId, points: Points) {
        self.put(Place::Local(local), points);
    }

    pub(super) fn put(&mut self, place: Place, points: Points) {
        if points.is_empty() {
            self.points.remove(&place);
        } else {
            self.points.insert(place, points);
        }
    }

    /// Nothing is known of a variable's fields any more.
    pub(super) fn forget_fields(&mut self, of: LocalId) {
        self.points.retain(|place, _| !matches!(place, Place::Field(local, _) if *local == of));
    }

    /// Somebody else's code ran, which may set statics.
    pub(super) fn forget_names(&mut self) {
        self.points.retain(|place, _| !matches!(place, Place::Name(_)));
    }

    /// The fields that one variable has go to another.
    pub(super) fn copy_fields(&mut self, from: LocalId, to: LocalId) {
        let fields: Vec<(Ustr, Points)> = self
            .points
            .iter()
            .filter_map(|(place, points)| match place {
                Place::Field(local, name) if *local == from => Some((*name, points.clone())),
                _ => None,
            })
            .collect();
        fields.into_iter().for_each(|(name, points)| self.put(Place::Field(to, name), points));
    }

    /// What the fields of a variable point to.
    pub(super) fn fields(&self, of: LocalId) -> impl Iterator<Item = &Points> {
        self.points
            .iter()
            .filter(move |(place, _)| matches!(place, Place::Field(local, _) if *local == of))
            .map(|(_, p)| p)
    }

    /// A pointer was found not to be null: so are its copies.
    pub(super) fn checked(&mut self, place: Place) {
        let Some(Pointee::Allocation(at, _)) = self.at(place).single() else { return };
        for points in self.points.values_mut() {
            for p in &mut points.0 {
                if matches!(p, Pointee::Allocation(other, _) if *other == at) {
                    *p = Pointee::Allocation(at, false);
                }
            }
        }
    }

    /// Ends what `test` names.
    pub(super) fn end(&mut self, test: impl Fn(&Pointee) -> bool, flaw: Flaw, at: Option<Span>) {
        for points in self.points.values_mut() {
            for p in points.0.iter_mut().filter(|p| test(p)) {
                *p = Pointee::Gone(flaw, at, None);
            }
        }
    }

    /// Ends what `test` names, with the owner's name.
    pub(super) fn end_named(&mut self, test: impl Fn(&Pointee) -> bool, flaw: Flaw, at: Option<Span>, hir: &Hir) {
        for points in self.points.values_mut() {
            *points = std::mem::take(points).ended(&test, flaw, at, hir);
        }
    }

    /// Ends the variables that `test` names for the places that `which` names.
    pub(super) fn end_in(
        &mut self,
        test: impl Fn(&Pointee) -> bool,
        which: impl Fn(&Place) -> bool,
        flaw: Flaw,
        at: Option<Span>,
        hir: &Hir,
    ) {
        for (_, points) in self.points.iter_mut().filter(|(place, _)| which(place)) {
            *points = std::mem::take(points).ended(&test, flaw, at, hir);
        }
    }

    /// An owner's value went to another variable.
    pub(super) fn moved(&mut self, from: LocalId, to: LocalId) {
        for points in self.points.values_mut() {
            for p in points.0.iter_mut().filter(|p| **p == Pointee::Heap(from)) {
                *p = Pointee::Heap(to);
            }
        }
        self.owners.remove(&from);
        self.owners.insert(to);
        if let Some(at) = self.shared.remove(&from) {
            self.shared.insert(to, at);
        }
    }

    /// An owner's value went where it is not followed.
    pub(super) fn forgotten(&mut self, from: LocalId) {
        for points in self.points.values_mut() {
            points.0.retain(|p| *p != Pointee::Heap(from));
        }
        self.owners.remove(&from);
        self.shared.remove(&from);
    }

    /// A variable became the owner of an allocation.
    pub(super) fn adopt(&mut self, allocation: Pointee, owner: LocalId) {
        self.adopted.insert(owner);
        for points in self.points.values_mut() {
            for p in points.0.iter_mut().filter(|p| **p == allocation) {
                *p = Pointee::Heap(owner);
            }
        }
    }

    /// Variables that are null here, and something sound at the end of another way.
    pub(super) fn null_here(&self, other: &State) -> Vec<Place> {
        if !self.live || !other.live {
            return Vec::new();
        }
        let sound = |place: Place| {
            let there = other.at(place);
            !there.iter().any(|p| matches!(p, Pointee::Null | Pointee::NullOnOneWay(_) | Pointee::Gone(..)))
        };
        let null = self.points.iter().filter(|(_, p)| p.single() == Some(Pointee::Null)).map(|(place, _)| *place);
        null.filter(|place| matches!(place, Place::Local(_)) && sound(*place)).collect()
    }

    /// What may be at a point that two ways lead to.
    pub(super) fn join(&mut self, other: &State) {
        if !other.live {
            return;
        }
        if !self.live {
            *self = other.clone();
            return;
        }
        let places: FxHashSet<Place> = self.points.keys().chain(other.points.keys()).copied().collect();
        for place in places {
            let joined = self.at(place).joined(&other.at(place));
            self.put(place, joined);
        }
        // An owner that was moved away on one way is no longer one for sure.
        self.owners.retain(|l| other.owners.contains(l));
        self.plain.retain(|l| other.plain.contains(l));
        self.moves.retain(|l| other.moves.contains(l));
        self.shared.retain(|l, _| other.shared.contains_key(l));
        self.fresh.retain(|a| other.fresh.contains(a));
    }
}
