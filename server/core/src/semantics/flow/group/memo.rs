//! Runs that are remembered, within an analysis and from one to the next: a function that nobody hands anything to does on the way
//! down what its summary was made of on the way up.
//!
//! A run is a pure function of its block, its arguments and what it asks of the world. All that it asks is written down with
//! the answers; where the world would still answer the same, in the same order, the run need not be made again. Asking
//! again does what asking did, such as summarising a callee first, so that a linker with a memory goes through the
//! same states as one without.

use super::*;
use crate::semantics::flow::value::identical;
use crate::syntax::{Arena, Span};

/// Runs of one function that are remembered: as a summary, and with what callers are known to pass.
const MAX_RUNS_KEPT: usize = 4;

/// Something that a run asked of the world, with the answer.
#[derive(Clone)]
enum Read {
    Name(Ustr, Val),
    Child(u32, Val),
    Words(u32, Arc<[u32]>),
    TypePath(Ustr, Option<Ustr>),
    Class(Ustr, Option<ClassRef>),
    Summary(FuncRef, Option<Arc<Summary>>),
    Code(FuncRef, Option<(Arc<Arena>, Span)>),
    Member(ClassRef, Ustr, Option<Val>),
    Module(Ustr, Val),
    Cell(Ustr, Option<Val>),
    Super(Val),
    Shown(ClassRef, Option<Ustr>),
    Enumeration(ClassRef, bool),
    Conventional(Vec<Option<Ustr>>, Vec<Option<Ustr>>),
    Decorators(Vec<(Ustr, Vec<Ustr>)>),
}

/// A question, to tell it from others.
#[derive(PartialEq, Eq, Hash)]
enum Question {
    Name(Ustr),
    Child(u32),
    Words(u32),
    TypePath(Ustr),
    Class(Ustr),
    Summary(FuncRef),
    Code(FuncRef),
    Member(BlockId, u32, bool, Ustr),
    Module(Ustr),
    Cell(Ustr),
    Super,
    Shown(BlockId, u32),
    Enumeration(BlockId, u32),
    Conventional(Vec<Option<Ustr>>),
    Decorators,
}

/// A finished run. What it brought to light holds for every caller.
pub(super) struct Ran {
    pub outcome: Outcome,
    /// What callers need to know.
    pub summary: Arc<Summary>,
}

impl Ran {
    pub(super) fn new(mut outcome: Outcome) -> Ran {
        outcome.settle_chosen();
        let summary = Arc::new(Summary {
            result: outcome.result.clone(),
            sinks: std::mem::take(&mut outcome.param_sinks),
            writes: std::mem::take(&mut outcome.param_writes),
            calls: std::mem::take(&mut outcome.param_calls),
            told: std::mem::take(&mut outcome.told),
            throws: outcome.throws.take(),
        });
        outcome.locals.update(|v| v.has_taint().then(|| concrete(v)));
        let every = |list: &mut Vec<(Ustr, Val)>| list.iter_mut().for_each(|(_, v)| *v = concrete(v));
        every(&mut outcome.bindings);
        every(&mut outcome.names);
        every(&mut outcome.cells);
        outcome.inner.iter_mut().for_each(|(_, _, v)| *v = concrete(v));
        outcome.exported.iter_mut().for_each(|(_, v)| *v = concrete(v));
        outcome.contexts.iter_mut().flat_map(|(_, args)| args).for_each(|v| *v = concrete(v));
        Ran { outcome, summary }
    }
}

/// A run with everything that it depends on.
struct Kept {
    arena: Arc<Arena>,
    args: Vec<Val>,
    this: Val,
    locals: Option<Locals>,
    reads: Vec<Read>,
    ran: Arc<Ran>,
}

/// Runs by block and function.
#[derive(Default)]
pub struct Memory {
    old: FxHashMap<FuncRef, Vec<Arc<Kept>>>,
    new: FxHashMap<FuncRef, Vec<Arc<Kept>>>,
    /// Runs that were made, for tests.
    pub(crate) made: usize,
}

impl Memory {
    /// The memory for the next analysis: what the last one did not need is forgotten.
    pub(crate) fn next(self) -> Memory {
        Memory { old: self.new, new: FxHashMap::default(), made: 0 }
    }
}

impl Linker<'_> {
    /// Runs a function of a unit, or remembers how that went.
    pub(super) fn run(&self, i: usize, id: FnId, args: &[Val], this: Val) -> Arc<Ran> {
        let locals = (id != FnId(0)).then(|| self.locals.borrow()[i].clone());
        let Some(memory) = &self.memory else {
            let link = Link { linker: self, unit: i };
            return Arc::new(Ran::new(self.made(i, id, args, this, locals, &link)));
        };
        let unit = &self.units[i];
        let func = FuncRef { block: unit.block.id(), id };
        let list = |memory: &Memory| {
            let both = memory.new.get(&func).into_iter().chain(memory.old.get(&func)).flatten();
            both.cloned().collect::<SmallVec<[Arc<Kept>; 4]>>()
        };
        let known = list(&memory.borrow());
        let link = Link { linker: self, unit: i };
        for kept in known {
            let same = Arc::ptr_eq(&kept.arena, unit.block.arena())
                && kept.args.len() == args.len()
                && kept.args.iter().zip(args).all(|(a, b)| identical(a, b))
                && identical(&kept.this, &this)
                && match (&kept.locals, &locals) {
                    (None, None) => true,
                    (Some(a), Some(b)) => a.is_identical(b),
                    _ => false,
                };
            if same && kept.reads.iter().all(|read| read.holds(&link)) {
                let mut memory = memory.borrow_mut();
                let list = memory.new.entry(func).or_default();
                if !list.iter().any(|k| Arc::ptr_eq(k, &kept)) && list.len() < MAX_RUNS_KEPT {
                    list.push(kept.clone());
                }
                return kept.ran.clone();
            }
        }
        let recorder = Recorder { link, reads: RefCell::default(), seen: RefCell::default(), torn: Cell::new(false) };
        let outcome = self.made(i, id, args, this.clone(), locals.clone(), &recorder);
        let ran = Arc::new(Ran::new(outcome));
        let mut memory = memory.borrow_mut();
        memory.made += 1;
        let list = memory.new.entry(func).or_default();
        if !recorder.torn.get() && list.len() < MAX_RUNS_KEPT {
            let arena = unit.block.arena().clone();
            let (args, reads) = (args.to_vec(), recorder.reads.into_inner());
            list.push(Arc::new(Kept { arena, args, this, locals, reads, ran: ran.clone() }));
        }
        ran
    }

    fn made(&self, i: usize, id: FnId, args: &[Val], this: Val, locals: Option<Locals>, world: &dyn World) -> Outcome {
        let unit = &self.units[i];
        let interp = Interp::new(&unit.hir, &unit.block, world, self.models(i), this);
        let outcome = match locals {
            None => interp.run(args),
            Some(locals) => interp.run_function(id, args, locals),
        };
        self.steps.set(self.steps.get() + u64::from(outcome.steps));
        outcome
    }
}

fn same(a: Option<&Val>, b: Option<&Val>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => identical(a, b),
        (None, None) => true,
        _ => false,
    }
}

fn same_summary(a: Option<&Arc<Summary>>, b: Option<&Arc<Summary>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a.is_identical(b),
        (None, None) => true,
        _ => false,
    }
}

impl Read {
    /// Whether the world still answers so.
    fn holds(&self, world: &dyn World) -> bool {
        match self {
            Read::Name(name, then) => identical(&world.name(*name), then),
            Read::Child(n, then) => identical(&world.child(*n), then),
            Read::Words(n, then) => world.words(*n) == *then,
            Read::TypePath(path, then) => world.type_path(*path) == *then,
            Read::Class(path, then) => world.class(*path) == *then,
            Read::Summary(func, then) => same_summary(world.summary(func).as_ref(), then.as_ref()),
            Read::Code(func, then) => match (world.code(func), then) {
                (Some((a, x)), Some((b, y))) => Arc::ptr_eq(&a, b) && x == *y,
                (None, None) => true,
                _ => false,
            },
            Read::Member(class, name, then) => same(world.class_member(class, *name).as_ref(), then.as_ref()),
            Read::Module(specifier, then) => identical(&world.module(*specifier), then),
            Read::Cell(name, then) => same(world.cell(*name).as_ref(), then.as_ref()),
            Read::Super(then) => identical(&world.super_value(), then),
            Read::Shown(class, then) => world.shown_secret(class) == *then,
            Read::Enumeration(class, then) => world.is_enumeration(class) == *then,
            Read::Conventional(names, then) => world.conventional(names) == *then,
            Read::Decorators(then) => world.decorators() == *then,
        }
    }

    fn agrees(&self, other: &Read) -> bool {
        match (self, other) {
            (Read::Name(_, a), Read::Name(_, b)) | (Read::Module(_, a), Read::Module(_, b)) => identical(a, b),
            (Read::Child(_, a), Read::Child(_, b)) => identical(a, b),
            (Read::Words(_, a), Read::Words(_, b)) => a == b,
            (Read::TypePath(_, a), Read::TypePath(_, b)) => a == b,
            (Read::Class(_, a), Read::Class(_, b)) => a == b,
            (Read::Shown(_, a), Read::Shown(_, b)) => a == b,
            (Read::Enumeration(_, a), Read::Enumeration(_, b)) => a == b,
            (Read::Summary(_, a), Read::Summary(_, b)) => same_summary(a.as_ref(), b.as_ref()),
            (Read::Member(_, _, a), Read::Member(_, _, b)) => same(a.as_ref(), b.as_ref()),
            (Read::Code(..), Read::Code(..)) => true,
            (Read::Conventional(_, a), Read::Conventional(_, b)) => a == b,
            (Read::Decorators(a), Read::Decorators(b)) => a == b,
            (Read::Cell(_, a), Read::Cell(_, b)) => same(a.as_ref(), b.as_ref()),
            (Read::Super(a), Read::Super(b)) => identical(a, b),
            _ => false,
        }
    }
}

/// A world that writes down what it is asked.
struct Recorder<'l, 'a> {
    link: Link<'l, 'a>,
    reads: RefCell<Vec<Read>>,
    seen: RefCell<FxHashMap<Question, usize>>,
    /// Whether a question got two answers, so that the answers alone do not say how the run went.
    torn: Cell<bool>,
}

impl Recorder<'_, '_> {
    fn note(&self, question: Question, read: impl FnOnce() -> Read) {
        let mut reads = self.reads.borrow_mut();
        match self.seen.borrow_mut().entry(question) {
            std::collections::hash_map::Entry::Occupied(at) => {
                if !reads[*at.get()].agrees(&read()) {
                    self.torn.set(true);
                }
            }
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(reads.len());
                reads.push(read());
            }
        }
    }
}

impl World for Recorder<'_, '_> {
    fn name(&self, name: Ustr) -> Val {
        let answer = self.link.name(name);
        self.note(Question::Name(name), || Read::Name(name, answer.clone()));
        answer
    }

    fn child(&self, n: u32) -> Val {
        let answer = self.link.child(n);
        self.note(Question::Child(n), || Read::Child(n, answer.clone()));
        answer
    }

    fn words(&self, n: u32) -> Arc<[u32]> {
        let answer = self.link.words(n);
        self.note(Question::Words(n), || Read::Words(n, answer.clone()));
        answer
    }

    fn type_path(&self, path: Ustr) -> Option<Ustr> {
        let answer = self.link.type_path(path);
        self.note(Question::TypePath(path), || Read::TypePath(path, answer));
        answer
    }

    fn class(&self, path: Ustr) -> Option<ClassRef> {
        let answer = self.link.class(path);
        self.note(Question::Class(path), || Read::Class(path, answer));
        answer
    }

    fn summary(&self, func: &FuncRef) -> Option<Arc<Summary>> {
        let answer = self.link.summary(func);
        self.note(Question::Summary(*func), || Read::Summary(*func, answer.clone()));
        answer
    }

    fn code(&self, func: &FuncRef) -> Option<(Arc<Arena>, Span)> {
        let answer = self.link.code(func);
        self.note(Question::Code(*func), || Read::Code(*func, answer.clone()));
        answer
    }

    fn class_member(&self, class: &ClassRef, name: Ustr) -> Option<Val> {
        let answer = self.link.class_member(class, name);
        let question = Question::Member(class.block, class.id, class.is_static, name);
        self.note(question, || Read::Member(*class, name, answer.clone()));
        answer
    }

    fn module(&self, specifier: Ustr) -> Val {
        let answer = self.link.module(specifier);
        self.note(Question::Module(specifier), || Read::Module(specifier, answer.clone()));
        answer
    }

    fn cell(&self, name: Ustr) -> Option<Val> {
        let answer = self.link.cell(name);
        self.note(Question::Cell(name), || Read::Cell(name, answer.clone()));
        answer
    }

    fn shown_secret(&self, class: &ClassRef) -> Option<Ustr> {
        let answer = self.link.shown_secret(class);
        self.note(Question::Shown(class.block, class.id), || Read::Shown(*class, answer));
        answer
    }

    fn is_enumeration(&self, class: &ClassRef) -> bool {
        let answer = self.link.is_enumeration(class);
        self.note(Question::Enumeration(class.block, class.id), || Read::Enumeration(*class, answer));
        answer
    }

    fn super_value(&self) -> Val {
        let answer = self.link.super_value();
        self.note(Question::Super, || Read::Super(answer.clone()));
        answer
    }

    fn caught(&self) -> Val {
        self.link.caught()
    }

    fn casts_convert(&self) -> bool {
        self.link.casts_convert()
    }

    fn conventional(&self, names: &[Option<Ustr>]) -> Vec<Option<Ustr>> {
        let answer = self.link.conventional(names);
        let question = Question::Conventional(names.to_vec());
        self.note(question, || Read::Conventional(names.to_vec(), answer.clone()));
        answer
    }

    fn decorators(&self) -> Vec<(Ustr, Vec<Ustr>)> {
        let answer = self.link.decorators();
        self.note(Question::Decorators, || Read::Decorators(answer.clone()));
        answer
    }

    fn transforms(&self, name: Ustr) -> bool {
        self.link.transforms(name)
    }

    fn cleans(&self, name: Ustr) -> SinkKinds {
        self.link.cleans(name)
    }
}
