//! Lifetimes of values behind raw pointers (Rust).
//!
//! A run over one function follows which owner every pointer variable points into, and ends the pointers when the owner is
//! dropped, reassigned, made to grow, or leaves its scope. It reports what is read or written through a pointer that has ended, is
//! null for sure, may be null because an allocation may have failed, or was freed. Of a pointer whose origin is not in sight
//! nothing is said. References need no such care: the compiler looks after them.

mod owners;
mod place;
mod scopes;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use crate::semantics::hir::*;
use crate::syntax::{Arena, Span};

use state::{Place, Pointee, Points, State};

/// Expressions that one function may take.
const FUEL: u32 = 60_000;
/// Stack kept free, and stack added when it runs short, in bytes.
const RED_ZONE: usize = 128 * 1024;
const MORE_STACK: usize = 2 * 1024 * 1024;

/// Why a pointer may not be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// Its owner was dropped.
    Dropped,
    /// Its owner left its scope.
    OutOfScope,
    /// Its owner was a temporary, gone at the end of its statement.
    Temporary,
    /// Its owner may have moved its buffer.
    Reallocated,
    /// Its owner was given another value.
    Replaced,
    /// It leaves the function that its owner lives in.
    Returned,
    /// It is left behind in a static or behind a parameter when the function that its owner lives in ends.
    Stored,
    /// Its owner was moved away.
    Moved,
    /// It is null.
    Null,
    /// It is null on one of the ways that lead here.
    MaybeNull,
    /// It never pointed to memory (`dangling()`).
    Unallocated,
    /// It is a number that the program made up.
    Address,
    /// The allocation may have failed.
    Unchecked,
    /// It was freed.
    Freed,
    /// What it points to was dropped; the memory is still there.
    Emptied,
    /// A value owns what it points to already.
    Owned,
    /// It was allocated, and nobody has written to it.
    Unwritten,
}

impl Flaw {
    /// Whether the owner's life had ended, rather than that there never was one or that it was freed by hand.
    pub fn is_lifetime(self) -> bool {
        !matches!(
            self,
            Flaw::Null
                | Flaw::MaybeNull
                | Flaw::Unallocated
                | Flaw::Address
                | Flaw::Unchecked
                | Flaw::Freed
                | Flaw::Emptied
                | Flaw::Owned
                | Flaw::Unwritten
        )
    }
}

/// A use of a pointer that may not be used.
#[derive(Clone, Debug)]
pub struct Use {
    /// What is wrong.
    pub flaw: Flaw,
    /// Where it is used.
    pub at: Span,
    /// Where the owner's life ended, where that is a place.
    pub ended: Option<Span>,
    /// The owner's name, where it has one.
    pub owner: Option<Ustr>,
}

/// What a file says of its functions and types.
#[derive(Clone, Copy, Default)]
pub struct Outside<'a> {
    /// Functions that free what a parameter points to, with the parameter's number.
    pub frees: Option<&'a BTreeMap<String, usize>>,
    /// Functions that drop a text or list that they are given, with the parameter's number.
    pub drops: Option<&'a BTreeMap<String, usize>>,
    /// Functions that the file declares as foreign.
    pub foreign: Option<&'a BTreeSet<String>>,
    /// Types that are moved, not copied.
    pub moved: Option<&'a BTreeSet<String>>,
}

/// All such uses in a block.
pub fn analyze(hir: &Hir, arena: &Arena, outside: Outside<'_>) -> Vec<Use> {
    let mut out = Vec::new();
    for id in 0..hir.functions.len() as u32 {
        run(hir, arena, outside, FnId(id), &mut out);
    }
    out
}

/// Expressions of a block by which a pointer into a function's own variables leaves it.
pub fn escapes(hir: &Hir, arena: &Arena) -> Vec<Span> {
    let mut out = Vec::new();
    for (id, function) in hir.functions.iter().enumerate() {
        if function.returns.is_some() {
            run(hir, arena, Outside::default(), FnId(id as u32), &mut out);
        }
    }
    out.retain(|u| u.flaw == Flaw::Returned);
    out.iter().map(|u| u.at).collect()
}

/// Arguments of a block's calls that point to what is gone.
pub fn handed_on(hir: &Hir, arena: &Arena) -> Vec<ExprId> {
    let mut out = Vec::new();
    (0..hir.functions.len() as u32).flat_map(|id| run(hir, arena, Outside::default(), FnId(id), &mut out)).collect()
}

fn run(hir: &Hir, arena: &Arena, outside: Outside<'_>, id: FnId, out: &mut Vec<Use>) -> Vec<ExprId> {
    let function = hir.function(id);
    let Some(body) = function.body else { return Vec::new() };
    let mut walk = Walk {
        hir,
        arena,
        outside,
        function: id,
        branches: 0,
        stored: Vec::new(),
        state: State::new(),
        scopes: Vec::new(),
        loops: Vec::new(),
        built: None,
        handed_on: Vec::new(),
        out,
        fuel: FUEL,
    };
    let result = walk.eval(body);
    if walk.state.live && !matches!(hir.expr(body).kind, ExprKind::Block { value: false, .. }) {
        walk.leave_function(&result, tail(hir, body));
    } else if walk.state.live {
        walk.left_behind();
    }
    walk.owned_twice(|_| true);
    walk.handed_on
}

/// The expression that gives a block its value.
fn tail(hir: &Hir, mut at: ExprId) -> ExprId {
    while let ExprKind::Block { body, value: true, .. } = &hir.expr(at).kind {
        let Some(last) = body.last() else { break };
        at = *last;
    }
    at
}

struct Walk<'a> {
    hir: &'a Hir,
    arena: &'a Arena,
    outside: Outside<'a>,
    function: FnId,
    /// Conditions that were met so far.
    branches: u32,
    /// Places outside of the function that were given pointers, and where.
    stored: Vec<(Place, Span)>,
    state: State,
    /// Variables declared in the open blocks.
    scopes: Vec<Vec<LocalId>>,
    /// States with which the open loops are left.
    loops: Vec<Exit>,
    /// The struct literal that was evaluated last, with what its fields point to.
    built: Option<(ExprId, Vec<(Ustr, Points)>)>,
    /// Arguments that point to what is gone, given to functions that are not known.
    handed_on: Vec<ExprId>,
    out: &'a mut Vec<Use>,
    fuel: u32,
}

/// A loop or labelled block that may be left.
struct Exit {
    label: Option<Ustr>,
    /// The states with which it is left.
    states: Vec<State>,
    /// What the values that it is left with point to.
    values: Vec<Points>,
    /// How many scopes were open before it.
    depth: usize,
}

/// How a call uses its pointer arguments.
enum Role {
    /// Reads or writes through these arguments.
    Access(&'static [usize]),
    /// Frees what the first argument points to.
    Free,
    /// Takes ownership of what the first argument points to.
    Adopt,
    /// Drops what the first argument points to; the memory stays.
    DropInPlace,
    /// Nothing is known.
    Other,
}

fn role(path: &str) -> Role {
    let mut parts = path.rsplit("::");
    let name = parts.next().unwrap_or_default();
    let module = parts.next().unwrap_or_default();
    match (module, name) {
        ("ptr", "copy" | "copy_nonoverlapping" | "swap" | "swap_nonoverlapping") => Role::Access(&[0, 1]),
        (
            "ptr",
            "read" | "write" | "read_volatile" | "write_volatile" | "read_unaligned" | "write_unaligned" | "replace"
            | "write_bytes",
        )
        | ("slice", "from_raw_parts" | "from_raw_parts_mut")
        | ("CStr", "from_ptr")
        | ("libc", "strlen" | "puts" | "strdup" | "atoi") => Role::Access(&[0]),
        ("libc", "strcpy" | "strcmp" | "memcpy" | "memmove" | "strcat" | "memcmp") => Role::Access(&[0, 1]),
        ("ptr", "drop_in_place") => Role::DropInPlace,
        ("alloc" | "libc" | "", "dealloc" | "free") | ("alloc" | "libc" | "", "realloc") => Role::Free,
        ("Box" | "Rc" | "Arc" | "CString", "from_raw") | ("Vec" | "String", "from_raw_parts") => Role::Adopt,
        _ => Role::Other,
    }
}

/// Whether a call of this path makes a value that owns heap memory.
fn makes_owner(path: &str) -> bool {
    let mut parts = path.rsplit("::");
    let name = parts.next().unwrap_or_default();
    let ty = parts.next().unwrap_or_default();
    matches!(ty, "Vec" | "String" | "CString" | "Box" | "OsString" | "PathBuf" | "VecDeque" | "Rc" | "Arc")
        && matches!(
            name,
            "new"
                | "from"
                | "with_capacity"
                | "from_iter"
                | "from_raw"
                | "from_vec_unchecked"
                | "default"
                | "from_utf8_lossy"
        )
}

/// Methods whose result owns memory of its own.
fn copies(name: &str) -> bool {
    matches!(
        name,
        "to_string"
            | "to_owned"
            | "to_vec"
            | "into_bytes"
            | "into_bytes_with_nul"
            | "into_boxed_slice"
            | "into_boxed_str"
            | "to_uppercase"
            | "to_lowercase"
            | "repeat"
            | "into_string"
            | "to_path_buf"
    )
}

/// Methods that hand on the value itself.
fn passes(name: &str) -> bool {
    matches!(name, "unwrap" | "expect" | "unwrap_or_default" | "unwrap_or_else" | "ok" | "unwrap_unchecked")
}

/// Methods that may move a collection's buffer.
fn grows(name: &str) -> bool {
    matches!(
        name,
        "push"
            | "push_str"
            | "insert"
            | "insert_str"
            | "extend"
            | "extend_from_slice"
            | "append"
            | "reserve"
            | "reserve_exact"
            | "shrink_to_fit"
            | "resize"
            | "push_back"
            | "push_front"
            | "resize_with"
    )
}

/// Type names whose values own heap memory.
fn is_owner_type(ty: &Type) -> bool {
    match ty {
        Type::Path(path, _) => matches!(
            path.as_str().rsplit("::").next().unwrap_or_default(),
            "Vec" | "String" | "CString" | "Box" | "OsString" | "PathBuf" | "VecDeque"
        ),
        _ => false,
    }
}

impl Walk<'_> {
    fn eval(&mut self, id: ExprId) -> Points {
        if !self.state.live || self.fuel == 0 {
            return Points::default();
        }
        self.fuel -= 1;
        stacker::maybe_grow(RED_ZONE, MORE_STACK, || self.step(id))
    }

    fn all(&mut self, ids: impl IntoIterator<Item = ExprId>) {
        for id in ids {
            self.eval(id);
        }
    }

    fn step(&mut self, id: ExprId) -> Points {
        let hir = self.hir;
        let expr = hir.expr(id);
        match &expr.kind {
            ExprKind::Name(name) => self.state.at(Place::Name(*name)),
            ExprKind::Lit(_) | ExprKind::This | ExprKind::Super | ExprKind::Child(_) | ExprKind::Class(_) => {
                Points::default()
            }
            ExprKind::Function(function) => {
                self.captured(*function);
                Points::default()
            }
            ExprKind::Local(local) => self.state.points(*local),
            ExprKind::Field(base, _) => {
                self.eval(*base);
                self.place(id).map_or_else(Points::default, |p| self.state.at(p))
            }
            ExprKind::Index(base, index) => {
                self.eval(*base);
                self.eval(*index);
                self.elements(*base)
            }
            ExprKind::Call { callee, args, types: _, name, .. } => self.call(id, *callee, args, *name),
            ExprKind::Macro { args, .. } if self.is_assertion(id) => {
                self.condition(args[0], true);
                self.all(args[1..].to_vec());
                Points::default()
            }
            // Names in a macro that nobody knows: anything may happen to them.
            ExprKind::Opaque(parts) => {
                for part in parts {
                    self.eval(*part);
                    if let ExprKind::Local(local) = &hir.expr(*part).kind {
                        self.state.forgotten(*local);
                        self.state.set(*local, Points::default());
                    }
                }
                Points::default()
            }
            ExprKind::Template(parts) | ExprKind::Macro { args: parts, .. } => {
                self.all(parts.iter().copied());
                if let ExprKind::Macro { path, .. } = &expr.kind
                    && matches!(path.as_str(), "panic" | "unreachable" | "todo" | "unimplemented")
                {
                    self.state.live = false;
                }
                Points::default()
            }
            ExprKind::Tagged { values, .. } => {
                self.all(values.iter().copied());
                Points::default()
            }
            ExprKind::Unary(_, inner) | ExprKind::Yield(Some(inner)) | ExprKind::Await(inner) => {
                self.eval(*inner);
                Points::default()
            }
            ExprKind::Try(inner) => {
                self.branches += 1;
                self.eval(*inner)
            }
            ExprKind::Binary(_, a, b) => {
                self.all([*a, *b]);
                Points::default()
            }
            ExprKind::Logical(_, a, b) => {
                self.branches += 1;
                self.eval(*a);
                let before = self.state.clone();
                self.condition(*a, matches!(&expr.kind, ExprKind::Logical(LogicalOp::And, ..)));
                self.eval(*b);
                self.state.join(&before);
                Points::default()
            }
            ExprKind::Assign(pat, value) => {
                let points = self.value(*value, Some(*pat));
                self.assign(*pat, points, *value);
                Points::default()
            }
            ExprKind::AssignOp { read, value, .. } => {
                self.eval(*read);
                self.eval(*value);
                if let ExprKind::Local(local) = &hir.expr(*read).kind {
                    self.grown(*local, expr.span);
                }
                Points::default()
            }
            ExprKind::Object(_, members) | ExprKind::Array(members) => {
                let mut fields: Vec<(Ustr, Points)> = Vec::new();
                for member in members {
                    let (name, value) = match member {
                        Member::Field(Key::Name(name), value) => (*name, *value),
                        Member::Field(_, value) | Member::Element(Some(value)) | Member::Spread(value) => {
                            (Ustr::from("[]"), *value)
                        }
                        Member::Element(None) => continue,
                    };
                    let points = self.value(value, None);
                    self.written(&points);
                    if !points.is_empty() {
                        fields.push((name, points));
                    }
                }
                self.built = Some((id, fields));
                Points::default()
            }
            ExprKind::Repeat(a, b) => {
                self.all([*a, *b]);
                Points::default()
            }
            ExprKind::Ref { value, mutable, .. } => self.reference(*value, *mutable),
            ExprKind::Deref(inner) => {
                let points = self.eval(*inner);
                self.read(&points, expr.span);
                Points::default()
            }
            ExprKind::Cast(inner, ty) => {
                let points = self.eval(*inner);
                match (&hir.expr(*inner).kind, ty) {
                    (ExprKind::Lit(Lit::Num(n)), Type::RawPointer(_)) if *n == 0.0 => Points::one(Pointee::Null),
                    (ExprKind::Lit(Lit::Num(_)), Type::RawPointer(_)) => Points::one(Pointee::Address),
                    // A number made of a pointer.
                    (_, Type::Path(path, _)) if matches!(path.as_str(), "usize" | "u64" | "isize") => points,
                    _ => points,
                }
            }
            ExprKind::Range(a, b) => {
                self.all([a, b].into_iter().flatten().copied());
                Points::default()
            }
            ExprKind::If { cond, then, alternative } => {
                self.branches += 1;
                self.scopes.push(Vec::new());
                self.eval(*cond);
                let before = self.state.clone();
                self.condition(*cond, true);
                let mut points = self.eval(*then);
                points = self.end_scope(points, Some(hir.expr(*then).span), false);
                let after = std::mem::replace(&mut self.state, before);
                self.condition(*cond, false);
                if let Some(alternative) = alternative {
                    let other = self.eval(*alternative);
                    points = match (after.live, self.state.live) {
                        (true, true) => points.either(&other, self.branches),
                        (false, _) => other,
                        _ => points,
                    };
                }
                let doubtful = if alternative.is_none() { self.state.null_here(&after) } else { Vec::new() };
                self.state.join(&after);
                for place in doubtful {
                    self.state.put(place, Points::one(Pointee::NullOnOneWay(self.branches)));
                }
                points
            }
            ExprKind::LetCondition(pat, value) => {
                let points = self.value(*value, None);
                self.bind(*pat, points, *value);
                self.taken_out(*pat, *value);
                Points::default()
            }
            ExprKind::Block { body, value, label, .. } => self.block(body, *value, *label),
            ExprKind::Let { pat, value, otherwise, ty } => {
                let mut points = value.map_or_else(Points::default, |v| self.value(v, Some(*pat)));
                if matches!(ty, Some(Type::RawPointer(_))) && value.is_some_and(|v| self.is_zeroed(v)) {
                    points = Points::one(Pointee::Null);
                }
                if let Some(otherwise) = otherwise {
                    self.branches += 1;
                    let before = self.state.clone();
                    self.eval(*otherwise);
                    self.state = before;
                }
                if matches!(ty, Some(Type::RawPointer(_)))
                    && points.is_empty()
                    && let Some(owner) = value.and_then(|v| self.lender(v))
                {
                    points = Points::one(Pointee::Heap(owner));
                }
                match value {
                    Some(value) => self.bind(*pat, points, *value),
                    None => self.declare(*pat),
                }
                Points::default()
            }
            ExprKind::Loop { label, init, cond, update, body, .. } => {
                self.all(init.iter().copied());
                self.branches += 1;
                self.repeated(*label, &|walk| {
                    walk.scopes.push(Vec::new());
                    if let Some(cond) = cond {
                        walk.eval(*cond);
                        let leaving = walk.state.clone();
                        walk.condition(*cond, true);
                        walk.exit_with(leaving);
                    }
                    walk.eval(*body);
                    walk.all(update.iter().copied());
                    walk.end_scope(Points::default(), Some(hir.expr(*body).span), false);
                });
                Points::default()
            }
            ExprKind::ForEach { label, pat, iterable, body, .. } => {
                self.branches += 1;
                self.given_away(*iterable);
                let before = self.state.clone();
                let elements = self.elements(*iterable);
                self.repeated(*label, &|walk| {
                    walk.declare(*pat);
                    if let Some(local) = walk.bound(*pat) {
                        walk.state.set(local, elements.clone());
                    }
                    walk.eval(*body);
                    let now = walk.state.clone();
                    walk.exit_with(now);
                });
                self.state.join(&before);
                Points::default()
            }
            ExprKind::Switch { value, cases } => {
                self.eval(*value);
                for case in cases {
                    self.all(case.body.iter().copied());
                }
                Points::default()
            }
            ExprKind::Match { value, arms } => {
                let subject = self.value(*value, None);
                self.branches += 1;
                let before = self.state.clone();
                let mut merged: Option<State> = None;
                let mut points: Option<Points> = None;
                for arm in arms {
                    self.state = before.clone();
                    self.scopes.push(Vec::new());
                    self.bind(arm.pat, subject.clone(), *value);
                    self.taken_out(arm.pat, *value);
                    if let Some(guard) = arm.guard {
                        self.eval(guard);
                        self.condition(guard, true);
                    }
                    let p = self.eval(arm.body);
                    // What the pattern took out goes at the arm's end.
                    let locals = self.scopes.pop().unwrap_or_default();
                    let owners = self.state.owners.clone();
                    let gone = |p: &Pointee| matches!(p, Pointee::Heap(l) if locals.contains(l) && owners.contains(l));
                    let span = Some(hir.expr(arm.body).span);
                    let p = p.ended(&gone, Flaw::OutOfScope, span, hir);
                    self.state.end_named(gone, Flaw::OutOfScope, span, hir);
                    if self.state.live {
                        points = Some(points.map_or_else(|| p.clone(), |old| old.either(&p, self.branches)));
                        match &mut merged {
                            Some(merged) => merged.join(&self.state),
                            None => merged = Some(self.state.clone()),
                        }
                    }
                }
                self.state = merged.unwrap_or_else(|| before.dead());
                points.unwrap_or_default()
            }
            ExprKind::Try3 { body, catch, finally } => {
                self.eval(*body);
                self.all(catch.iter().map(|c| c.1).chain(*finally));
                Points::default()
            }
            ExprKind::Return(value) => {
                if let Some(value) = value {
                    let points = self.value(*value, None);
                    self.leave_function(&points, tail(hir, *value));
                } else {
                    self.left_behind();
                }
                self.state.live = false;
                Points::default()
            }
            ExprKind::Throw(value) => {
                self.eval(*value);
                self.state.live = false;
                Points::default()
            }
            ExprKind::Break { label, value } => {
                let points = value.map_or_else(Points::default, |v| self.value(v, None));
                let at = self.loops.iter().rposition(|e| label.is_none() || e.label == *label);
                if let Some(at) = at {
                    self.break_with(at, points, expr.span);
                }
                self.state.live = false;
                Points::default()
            }
            ExprKind::Continue(_) => {
                // What the next round sees is the state at the loop's head, which is joined in.
                let state = self.state.clone();
                self.exit_with(state);
                self.state.live = false;
                Points::default()
            }
            ExprKind::Yield(None) | ExprKind::Jsx { .. } => Points::default(),
        }
    }

    /// The value of an expression that is stored somewhere: an owner that is named there moves.
    fn value(&mut self, id: ExprId, target: Option<PatId>) -> Points {
        let points = self.eval(id);
        if let ExprKind::Local(from) = &self.hir.expr(id).kind
            && self.is_owner(*from)
        {
            match target.and_then(|t| self.bound(t)) {
                Some(to) => self.state.moved(*from, to),
                None => self.state.forgotten(*from),
            }
        }
        points
    }

    /// A value that goes where it is not followed.
    fn given_away(&mut self, id: ExprId) {
        self.value(id, None);
    }

    fn bound(&self, pat: PatId) -> Option<LocalId> {
        match &self.hir.pat(pat).kind {
            PatKind::Bind(local, None) => Some(*local),
            PatKind::Place(place) => match &self.hir.expr(*place).kind {
                ExprKind::Local(local) => Some(*local),
                _ => None,
            },
            _ => None,
        }
    }

    fn declare(&mut self, pat: PatId) {
        match &self.hir.pat(pat).kind {
            PatKind::Bind(local, sub) => {
                self.state.set(*local, Points::default());
                if let Some(scope) = self.scopes.last_mut() {
                    scope.push(*local);
                }
                if let Some(sub) = sub {
                    self.declare(*sub);
                }
            }
            PatKind::Object { fields, rest, .. } => {
                fields.iter().map(|f| f.1).chain(*rest).for_each(|p| self.declare(p));
            }
            PatKind::Array { elements, .. } => elements.iter().flatten().for_each(|p| self.declare(*p)),
            PatKind::Variant { elements, .. } => elements.iter().for_each(|p| self.declare(*p)),
            PatKind::Or(list) => list.iter().for_each(|p| self.declare(*p)),
            PatKind::Default(p, _) | PatKind::Ref(p) => self.declare(*p),
            PatKind::Wild | PatKind::Place(_) | PatKind::Value(_) => {}
        }
    }

    fn bind(&mut self, pat: PatId, points: Points, value: ExprId) {
        self.declare(pat);
        let target = match &self.hir.pat(pat).kind {
            PatKind::Bind(local, _) => Some(*local),
            // `let Some(p) = ..`
            PatKind::Variant { elements, .. } if elements.len() == 1 => self.bound(elements[0]),
            _ => None,
        };
        if let Some(local) = target {
            let declared = self.hir.local(local).ty.as_ref().is_some_and(is_owner_type) && !self.is_reference(local);
            if self.owns(value) || declared {
                self.state.owners.insert(local);
            }
            self.made_here(local, value);
            if let Some(allocation) = self.adopted(value) {
                self.state.owners.insert(local);
                self.state.adopt(allocation, local);
            }
            self.state.set(local, points);
            self.take_fields(local, value);
        } else if matches!(self.hir.pat(pat).kind, PatKind::Wild)
            && let Some(allocation) = self.adopted(value)
        {
            // `let _ = Box::from_raw(p);` drops at once.
            self.state.end(|p| *p == allocation, Flaw::Freed, Some(self.hir.expr(value).span));
        }
    }

    /// `Some(text)` of an `Option<String>` that is a parameter by value: the pattern's variable owns the text.
    fn taken_out(&mut self, pat: PatId, value: ExprId) {
        let (PatKind::Variant { elements, .. }, ExprKind::Local(whole)) =
            (&self.hir.pat(pat).kind, &self.hir.expr(value).kind)
        else {
            return;
        };
        let owned = matches!(&self.hir.local(*whole).ty, Some(Type::Path(path, args))
            if path.as_str().ends_with("Option") && args.first().is_some_and(is_owner_type));
        if owned
            && !self.is_reference(*whole)
            && let [inner] = elements.as_slice()
            && let Some(local) = self.bound(*inner)
        {
            self.state.owners.insert(local);
        }
    }

    fn assign(&mut self, pat: PatId, points: Points, value: ExprId) {
        let PatKind::Place(place) = &self.hir.pat(pat).kind else { return };
        match &self.hir.expr(*place).kind {
            ExprKind::Local(local) => {
                if self.is_owner(*local) && !matches!(&self.hir.expr(value).kind, ExprKind::Local(v) if v == local) {
                    let span = self.hir.expr(*place).span;
                    self.state.end(|p| *p == Pointee::Heap(*local), Flaw::Replaced, Some(span));
                }
                if self.owns(value) {
                    self.state.owners.insert(*local);
                }
                self.state.set(*local, points);
                self.take_fields(*local, value);
            }
            ExprKind::Field(base, _) => {
                self.written_below(*place);
                self.eval(*base);
                if let Some(place) = self.place(*place) {
                    self.state.put(place, points);
                }
            }
            ExprKind::Name(name) => {
                self.stored.push((Place::Name(*name), self.hir.expr(value).span));
                self.state.put(Place::Name(*name), points);
            }
            ExprKind::Deref(inner) => {
                if let ExprKind::Local(out) = &self.hir.expr(*inner).kind
                    && self.hir.local(*out).kind == LocalKind::Param
                    && (self.arena_says_reference(*out) && self.says_pointer(*out) || self.points_to_pointer(*out))
                {
                    let place = Place::Field(*out, Ustr::from("*"));
                    self.stored.push((place, self.hir.expr(value).span));
                    self.state.put(place, points.clone());
                }
                let target = self.eval(*inner);
                self.used(&target, self.hir.expr(*place).span);
                self.written(&target);
            }
            // `(*p).field = value`, `list[i] = value`
            _ => {
                self.written_below(*place);
                self.eval(*place);
            }
        }
    }

    /// Something is written to a part of what a pointer points to.
    fn written_below(&mut self, mut place: ExprId) {
        loop {
            place = match &self.hir.expr(place).kind {
                ExprKind::Field(base, _) | ExprKind::Index(base, _) => *base,
                ExprKind::Deref(inner) => {
                    if let Some(place) = self.pointer(*inner) {
                        let points = self.state.at(place);
                        self.written(&points);
                    }
                    return;
                }
                _ => return,
            };
        }
    }

    /// What pointers point to is written, or may be by whoever has them now.
    fn written(&mut self, points: &Points) {
        for p in points.iter() {
            if let Pointee::Allocation(at, _) = p {
                self.state.fresh.remove(at);
            }
        }
    }

    /// Something is read through pointers.
    fn read(&mut self, points: &Points, at: Span) {
        self.used(points, at);
        if let Some(Pointee::Allocation(allocation, _)) = points.single()
            && self.state.live
            && self.state.fresh.contains(&allocation)
            && !self.out.iter().any(|u| u.at == at)
        {
            self.out.push(Use { flaw: Flaw::Unwritten, at, ended: Some(allocation), owner: None });
        }
    }

    /// Remembers what is known of a variable by the expression that makes its value.
    fn made_here(&mut self, local: LocalId, value: ExprId) {
        if self.is_lasting(local) {
            return;
        }
        let (plain, droppable) = match &self.hir.expr(value).kind {
            ExprKind::Lit(Lit::Str(_) | Lit::Bytes(_)) => (false, false),
            ExprKind::Lit(_) | ExprKind::Binary(..) | ExprKind::Unary(..) => (true, false),
            ExprKind::Array(_) | ExprKind::Repeat(..) => (!self.owns(value), false),
            ExprKind::Object(..) => (true, true),
            ExprKind::Call { callee, .. } => match &self.hir.expr(*callee).kind {
                // `Type::new(..)`
                ExprKind::Name(path) => {
                    let mut parts = path.as_str().rsplit("::");
                    let constructor = matches!(parts.next(), Some("new" | "default"));
                    let ty = parts.next().is_some_and(|t| {
                        t.starts_with(char::is_uppercase)
                            && !matches!(t, "ManuallyDrop" | "MaybeUninit" | "NonNull" | "Cell")
                    });
                    if constructor && path.as_str().ends_with("with_capacity")
                        || path.as_str().ends_with("::with_capacity")
                    {
                        self.state.roomy.insert(local);
                    }
                    (constructor && ty, constructor && ty)
                }
                _ => (false, false),
            },
            _ => (false, false),
        };
        if let Some(ty) = self.made_type(value)
            && self.outside.moved.is_some_and(|m| m.contains(ty))
        {
            self.state.moves.insert(local);
        }
        if let ExprKind::Ref { .. } = &self.hir.expr(value).kind {
            self.state.references.insert(local);
        }
        if self.is_laundered(value) || self.is_raw_slice(value) {
            self.state.laundered.insert(local);
        }
        if plain {
            self.state.plain.insert(local);
        }
        if droppable {
            self.state.droppable.insert(local);
        }
    }

    fn is_assertion(&self, id: ExprId) -> bool {
        matches!(&self.hir.expr(id).kind, ExprKind::Macro { path, args, .. }
            if !args.is_empty() && matches!(path.as_str(), "assert" | "debug_assert"))
    }

    /// What a condition's truth says of null pointers. The condition itself was evaluated before, or need not be.
    fn condition(&mut self, id: ExprId, truth: bool) {
        match &self.hir.expr(id).kind {
            ExprKind::Unary(UnaryOp::Not, inner) => self.condition(*inner, !truth),
            ExprKind::Logical(LogicalOp::And, a, b) if truth => {
                self.condition(*a, true);
                self.condition(*b, true);
            }
            ExprKind::Logical(LogicalOp::Or, a, b) if !truth => {
                self.condition(*a, false);
                self.condition(*b, false);
            }
            ExprKind::Call { callee, .. } => {
                if let ExprKind::Field(base, name) = &self.hir.expr(*callee).kind
                    && name == "is_null"
                    && let Some(place) = self.pointer(*base)
                {
                    self.null(place, truth);
                }
            }
            ExprKind::Binary(op @ (BinaryOp::Eq | BinaryOp::Ne), a, b) => {
                for (pointer, other) in [(*a, *b), (*b, *a)] {
                    if let Some(place) = self.pointer(pointer)
                        && self.is_null(other)
                    {
                        self.null(place, truth == (*op == BinaryOp::Eq));
                    }
                }
            }
            _ => {}
        }
    }

    /// Something is read or written through pointers.
    fn used(&mut self, points: &Points, at: Span) {
        if !self.state.live {
            return;
        }
        let once = || match points.single() {
            Some(Pointee::NullOnOneWay(branches)) if branches == self.branches => Some((Flaw::MaybeNull, None, None)),
            _ => None,
        };
        let Some((flaw, ended, owner)) = points.flaw().or_else(once) else { return };
        if self.out.iter().any(|u| u.at == at) {
            return;
        }
        self.out.push(Use { flaw, at, ended, owner });
    }

    /// Variables that a closure captures may be moved into it, or be set by it.
    fn captured(&mut self, function: FnId) {
        let span = self.hir.function(function).span;
        for expr in self.hir.exprs.iter().filter(|e| span.start <= e.span.start && e.span.end <= span.end) {
            if let ExprKind::Local(local) = &expr.kind
                && self.hir.local(*local).function != function
            {
                let points = self.state.points(*local);
                self.written(&points);
                self.state.forgotten(*local);
                self.state.set(*local, Points::default());
                self.state.forget_fields(*local);
            }
        }
    }

    fn grown(&mut self, owner: LocalId, at: Span) {
        let call = self.arena.slice(at);
        let moves = call.contains("reserve") || call.contains("shrink");
        if self.state.roomy.contains(&owner) && !moves {
            return;
        }
        if self.is_owner(owner) || self.hir.local(owner).ty.as_ref().is_some_and(is_owner_type) {
            let hir = self.hir;
            self.state.end_named(|p| *p == Pointee::Heap(owner), Flaw::Reallocated, Some(at), hir);
        }
    }
}

mod call;

#[cfg(test)]
mod tests;
