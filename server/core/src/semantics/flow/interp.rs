//! The interpreter: runs a block's lowered form over abstract values.
//!
//! One run visits every expression at least once, in evaluation order. Branches join; loops run to a fixpoint (values are
//! bounded, so a handful of rounds do); functions of the block are run where they are called or handed over, in the state of
//! that moment, so that captured variables flow both ways; functions of other blocks are known by their summaries. Fuel
//! bounds the whole.

mod answers;
mod captures;
pub(super) mod carried;
pub(super) mod cells;
mod control;
mod observables;
mod operators;
mod pointers;
pub(super) mod said;
mod types;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_grammars::Kind;
use smallvec::SmallVec;

use crate::blocks::{Block, BlockId, BlockKind};
use crate::semantics::hir::{
    Arg, BinaryOp, Case, Export, ExprId, ExprKind, FnId, Hir, Key, Lit, LocalId, LocalKind, LogicalOp, Member, PatKind,
    Type, UnaryOp, Ustr,
};
use crate::syntax::{Arena, Span};

use super::guard::{Facts, Lessons};
use super::kinds::{SinkKind, SinkKinds, SourceKind};
use super::lexicon;
use super::models::Models;
use super::place::{is_weak_random, last_name};
use super::report::{Outcome, SinkSite};
use super::state::{Locals, State, join_into};
use super::trace::Recorder;
use super::value::{
    At, ClassRef, ELEMENT, FuncRef, KEYED, Origin, Source, StepKind, Taint, Types, Val, Value, api, constant, join,
    of_type, position, step, unknown,
};
use super::world::World;

/// Expressions that one run of a block may visit, per expression of the block, and at least.
const FUEL_PER_EXPR: u32 = 60;
const FUEL_MIN: u32 = 20_000;
/// Rounds after which a loop's state is taken as it is.
const MAX_ROUNDS: usize = 4;
/// Functions that may be on the stack at once.
const MAX_ACTIVE: usize = 20;
/// Longest constant that concatenation builds, in bytes.
const MAX_CONSTANT: usize = 2048;
/// Stack kept free, and stack added when it runs short, in bytes.
const RED_ZONE: usize = 128 * 1024;
const MORE_STACK: usize = 2 * 1024 * 1024;

/// A loop, switch or labelled block that is being run.
struct Scope {
    label: Option<Ustr>,
    is_loop: bool,
    breaks: Option<State>,
    continues: Option<State>,
    value: Option<Val>,
}

/// A function that is being run.
struct Activation<'a> {
    id: FnId,
    args: Vec<Val>,
    result: Option<Val>,
    exits: Option<State>,
    /// Where what it returns is what a client gets.
    answers: answers::Answers<'a>,
    /// What its outcome says of its parameters.
    said: said::Said,
}

/// One run over a block.
pub struct Interp<'a> {
    pub(super) hir: &'a Hir,
    pub(super) arena: &'a Arc<Arena>,
    pub(super) block: BlockId,
    pub(super) world: &'a dyn World,
    pub(super) models: &'a Models,
    pub(super) state: State,
    scopes: Vec<Scope>,
    active: Vec<Activation<'a>>,
    tries: Vec<Option<State>>,
    /// What is thrown by name inside of each of them.
    thrown: Vec<Option<Val>>,
    done: FxHashSet<FnId>,
    /// Variables of the block by the hash of their name, those of which it is no word together; made when a child is met.
    own_of: Option<FxHashMap<Option<u32>, captures::Variables>>,
    /// Names of inner scopes by child block, made when a child is met.
    inner_of: Option<FxHashMap<u32, captures::Variables>>,
    /// Child blocks by their ids, and those whose uses were seen.
    children: FxHashMap<BlockId, u32>,
    used_children: FxHashSet<u32>,
    /// What the variables held where the outermost function ran to its end: functions that are called later find the
    /// guards passed that returned early.
    end: Option<Locals>,
    /// Arguments that point to what is gone (Rust), once somebody asked.
    gone: Option<Vec<ExprId>>,
    budget: u32,
    fuel: u32,
    /// What the truth of the call that was evaluated last says; taken by the condition around it.
    pub(super) call_facts: Option<(Lessons, Lessons)>,
    /// What the program's own function that was called last says of its arguments where it gives something true, or `Ok`.
    pub(super) said_yes: Lessons,
    /// What the truth of a variable says that holds a condition: `const ok = /^[a-z]+$/.test(name)`.
    pub(super) told: FxHashMap<LocalId, (Lessons, Lessons)>,
    /// What handlers let through that were put before all others of a router, by the router as it is written.
    pub(super) through: FxHashMap<Ustr, Vec<said::Told>>,
    /// Which place an address, or a part of one that is bound to a name, was taken out of.
    pub(super) parsed: FxHashMap<LocalId, ExprId>,
    /// Where variables were taken out of.
    pub(super) aliases: FxHashMap<LocalId, super::aliases::Lies>,
    /// What the function that ran last says of its arguments, by its outcome.
    pub(super) last_told: Vec<said::Told>,
    /// Variables that are written to after they were declared, once somebody asked.
    assigned: Option<FxHashSet<LocalId>>,
    /// Whether an empty object is being written: what is below comes to be, and nothing of anybody's is in it.
    pub(super) making: bool,
    /// What promises resolve to and state is set to, by the call that made them, and what was read of them when.
    cells: FxHashMap<Ustr, Val>,
    read_cells: Vec<(Ustr, Val)>,
    source: &'a Block,
    /// A conversion whose target its variable's type tells (Rust): `let slug: Slug = text.parse()?`.
    pub(super) expected: Option<(ExprId, &'a Type)>,
    /// Getters that are being asked.
    pub(super) getters: u8,
    /// Where a function whose summary is applied reads what is looked up for it.
    pub(super) reading: Option<Arc<At>>,
    /// Summaries that are applied right now, one for a call in the other.
    pub(super) applying: u8,
    /// How often functions of the block ran for who was handed them while others did.
    pub(super) nested_runs: FxHashMap<FnId, u16>,
    /// What the method of this block that ran last made of its object.
    pub(super) left_this: Option<Val>,
    /// The call that functions are being handed to.
    pub(super) handing: Span,
    /// Expressions that a module exports.
    watched: SmallVec<[ExprId; 1]>,
    pub(super) out: Outcome,
    /// Who wants to know what happens; nobody in an analysis.
    pub(super) record: Option<std::rc::Rc<Recorder>>,
}

impl<'a> Interp<'a> {
    /// A run over a block. `this` is what `this` is in its outermost function.
    pub fn new(hir: &'a Hir, block: &'a Block, world: &'a dyn World, models: &'a Models, this: Val) -> Interp<'a> {
        let state = State { locals: Locals::unknown(hir.locals.len()), names: Default::default(), this, live: true };
        let fuel = FUEL_MIN.max(hir.exprs.len() as u32 * FUEL_PER_EXPR);
        Interp {
            hir,
            arena: block.arena(),
            block: block.id(),
            world,
            models,
            state,
            scopes: Vec::new(),
            active: Vec::new(),
            tries: Vec::new(),
            thrown: Vec::new(),
            done: FxHashSet::default(),
            own_of: None,
            inner_of: None,
            children: FxHashMap::default(),
            used_children: FxHashSet::default(),
            end: None,
            gone: None,
            expected: None,
            budget: fuel,
            fuel,
            making: false,
            told: FxHashMap::default(),
            aliases: FxHashMap::default(),
            through: FxHashMap::default(),
            parsed: FxHashMap::default(),
            last_told: Vec::new(),
            assigned: None,
            call_facts: None,
            said_yes: Lessons::new(),
            cells: FxHashMap::default(),
            read_cells: Vec::new(),
            source: block,
            getters: 0,
            reading: None,
            applying: 0,
            nested_runs: FxHashMap::default(),
            left_this: None,
            handing: Span::default(),
            watched: match block.kind() {
                BlockKind::Module => hir.exports.iter().filter_map(Export::value).collect(),
                _ => SmallVec::new(),
            },
            out: Outcome { block: Some(block.id()), ..Outcome::default() },
            record: super::trace::current(),
        }
    }

    /// Runs the block's own function with these arguments, then every function in it that nothing ran.
    pub fn run(self, args: &[Val]) -> Outcome {
        let (hir, source, world, models) = (self.hir, self.source, self.world, self.models);
        let this = self.state.this.clone();
        let mut first = self.run_once(args);
        let Some(cells) = first.stale_cells.take() else { return first };
        // What was set after it was read is found by a second run.
        let mut again = Interp::new(hir, source, world, models, this);
        again.cells = cells;
        let mut second = again.run_once(args);
        second.steps += first.steps;
        second.stale_cells = None;
        second
    }

    fn run_once(mut self, args: &[Val]) -> Outcome {
        let root = FnId(0);
        if self.hir.functions.is_empty() {
            return self.out;
        }
        let result = self.activate(root, args, true);
        self.out.result = result;
        if self.world.casts_convert() {
            self.out_parameters(root, args);
        }
        self.out.bindings = self.hir.bindings.iter().map(|(n, l)| (*n, self.state.locals.get(*l))).collect();
        let locals = &self.state.locals;
        self.out.inner = self.hir.inner_bindings.iter().map(|(c, n, l)| (*c, *n, locals.get(*l))).collect();
        self.settle_captures();
        self.state.live = true;
        for class in &self.hir.classes {
            for field in class.fields.iter().filter_map(|f| Some((f.name, f.value?))) {
                let value = self.eval(field.1);
                self.out.named(field.0, &value, self.arena, self.hir.expr(field.1).span);
                self.out.fields.push((field.0, value));
            }
        }
        for id in 1..self.hir.functions.len() as u32 {
            let id = FnId(id);
            if !self.done.contains(&id) {
                self.state.live = true;
                self.activate(id, &[], false);
            }
        }
        if self.has_stale_cells() {
            self.out.stale_cells = Some(self.cells.clone());
        }
        self.out.cells = std::mem::take(&mut self.cells).into_iter().collect();
        self.out.cells.sort_by_key(|(n, _)| n.as_str());
        self.out.this = self.state.this.clone();
        self.out.names = self.state.names.iter().map(|(n, v)| (*n, v.clone())).collect();
        self.out.names.sort_by_key(|(n, _)| n.as_str());
        self.out.locals = std::mem::take(&mut self.state.locals);
        self.out.out_of_fuel = self.fuel == 0;
        self.out.steps = self.budget - self.fuel;
        self.out
    }

    /// Runs one function that is nested in the block, with the block's variables as a run left them.
    pub fn run_function(mut self, id: FnId, args: &[Val], locals: Locals) -> Outcome {
        if locals.fits(&self.state.locals) {
            self.state.locals = locals;
        }
        self.out.result = self.activate(id, args, true);
        self.out.told = std::mem::take(&mut self.last_told);
        self.out.cells = std::mem::take(&mut self.cells).into_iter().collect();
        self.out.cells.sort_by_key(|(n, _)| n.as_str());
        self.out.out_of_fuel = self.fuel == 0;
        self.out.steps = self.budget - self.fuel;
        self.out
    }

    pub(super) fn at(&self, span: Span) -> At {
        At { block: self.block, arena: self.arena.clone(), span }
    }

    fn outer(&self, name: Ustr) -> Val {
        self.world.name(name)
    }

    fn join_state(&mut self, other: &State) {
        let world = self.world;
        self.state.join(other, &|n| world.name(n));
    }

    fn join_slot(&self, slot: &mut Option<State>, state: &State) {
        join_into(slot, state, &|n| self.world.name(n));
    }

    /// What a thrown error may leave behind: called wherever something may throw.
    pub(super) fn may_throw(&mut self) {
        if let Some(mut slot) = self.tries.pop() {
            self.join_slot(&mut slot, &self.state);
            self.tries.push(slot);
        }
    }

    /// How many functions of the block are at work, each called by the one before.
    pub(super) fn active_functions(&self) -> usize {
        self.active.len()
    }

    /// Whether a function of the block would be run by a call here rather than taken for what made its arguments.
    pub(super) fn may_run(&self, id: FnId) -> bool {
        self.fuel > 0 && self.active.len() < MAX_ACTIVE && !self.active.iter().any(|a| a.id == id)
    }

    /// Runs a function of the block with arguments; the result is what it returns.
    pub(super) fn activate(&mut self, id: FnId, args: &[Val], root: bool) -> Val {
        let hir = self.hir;
        let function = hir.function(id);
        if !self.may_run(id) {
            // A recursive call: what comes out is taken to be made of what went in.
            return self.made_of(args);
        }
        self.done.insert(id);
        let Some(body) = function.body else { return unknown() };
        let scopes = std::mem::take(&mut self.scopes);
        self.active.push(Activation {
            id,
            args: args.to_vec(),
            result: None,
            exits: None,
            answers: Default::default(),
            said: Default::default(),
        });
        self.bind_params(id, args, root);
        self.watch(id);
        if !self.world.casts_convert() {
            let answers = self.answers(id);
            if let Some(activation) = self.active.last_mut() {
                activation.answers = answers;
            }
        }
        // `(x) => value`, which may stand in a block of its own.
        let (is_block, inner) = match &hir.expr(body).kind {
            ExprKind::Block { body: list, value: true, label: None, .. } if list.len() == 1 => (false, list[0]),
            ExprKind::Block { .. } => (true, body),
            _ => (false, body),
        };
        let value = if is_block || self.world.casts_convert() { self.eval(body) } else { self.given_back(inner) };
        let falls_through = self.state.live;
        if is_block && falls_through {
            self.comes_back(Some(false), &Vec::new(), &Vec::new());
        }
        if root && id == FnId(0) && falls_through {
            self.end = Some(self.state.locals.clone());
        }
        let activation = self.active.pop().expect("the activation pushed above");
        self.last_told = activation.said.told();
        if root && id == FnId(0) {
            self.out.told = self.last_told.clone();
        }
        self.scopes = scopes;
        if let Some(exits) = &activation.exits {
            if falls_through { self.join_state(exits) } else { self.state = exits.clone() }
        }
        let has_value = !matches!(hir.expr(body).kind, ExprKind::Block { value: false, .. });
        if has_value && falls_through {
            self.answered(&activation.answers, &value, body);
        }
        if has_value
            && falls_through
            && let Some(name) = function.name
        {
            let declared = function.returns.as_ref().filter(|_| self.world.casts_convert());
            let given = declared.map_or_else(|| value.clone(), |ty| self.typed(&value, ty));
            let last = match &hir.expr(body).kind {
                ExprKind::Block { body: list, value: true, .. } => list.last().copied().unwrap_or(body),
                _ => body,
            };
            self.out.named(name, &given, self.arena, hir.expr(last).span);
        }
        let result = match activation.result {
            Some(returned) if falls_through && has_value => join(&returned, &value),
            Some(returned) => returned,
            None if has_value => value,
            None => constant(Lit::Undefined),
        };
        let result = match &function.returns {
            Some(Type::RawPointer(_)) => self.dangling(result),
            Some(ty) if self.world.casts_convert() => {
                let result = self.typed(&result, ty);
                if self.builds_pointers() { self.dangling(result) } else { result }
            }
            _ => result,
        };
        if function.is_generator { self.collection(&result) } else { result }
    }

    /// A value of which only the taints of some others are known.
    pub(super) fn made_of(&self, parts: &[Val]) -> Val {
        let mut value = Value::default();
        for part in parts {
            part.taints.iter().for_each(|t| value.add_taint(t.clone()));
        }
        Arc::new(value)
    }

    /// A collection of elements.
    pub(super) fn collection(&self, element: &Val) -> Val {
        Arc::new(Value { types: Types::OBJECT, ..Value::default() }.with_field(*ELEMENT, element.clone()))
    }

    /// Whether an object holds what is said about things rather than the things: `errors.password`.
    fn is_about(&self, object: ExprId) -> bool {
        let name = match &self.hir.expr(object).kind {
            ExprKind::Local(local) => self.hir.local(*local).name,
            ExprKind::Name(name) | ExprKind::Field(_, name) => *name,
            _ => return false,
        };
        lexicon::is_about(name)
    }

    /// What a function gives is what its name says: `newToken()`.
    fn returned_named(&mut self, value: &Val, span: Span) {
        if let Some(name) = self.hir.function(self.current()).name {
            self.out.named(name, value, self.arena, span);
        }
    }

    fn returned(&mut self, value: Val) {
        if let Some(mut activation) = self.active.pop() {
            activation.result = Some(match activation.result.take() {
                Some(old) => join(&old, &value),
                None => value,
            });
            self.join_slot(&mut activation.exits, &self.state);
            self.active.push(activation);
        }
        self.state.live = false;
    }

    /// The function being run.
    pub(super) fn current(&self) -> FnId {
        self.active.last().map_or(FnId(0), |a| a.id)
    }

    /// Evaluates an expression. In unreachable code nothing happens.
    pub(super) fn eval(&mut self, id: ExprId) -> Val {
        if !self.state.live {
            return unknown();
        }
        if self.fuel == 0 {
            return unknown();
        }
        self.fuel -= 1;
        let value = stacker::maybe_grow(RED_ZONE, MORE_STACK, || match self.tail(id) {
            Some(value) => value,
            None => self.eval_inner(id),
        });
        if self.watched.contains(&id) {
            self.out.exported.push((id, value.clone()));
        }
        if let Some(record) = &self.record {
            record.value(self.arena, id, &value);
        }
        value
    }

    fn eval_inner(&mut self, id: ExprId) -> Val {
        let hir = self.hir;
        let expr = hir.expr(id);
        let span = expr.span;
        match &expr.kind {
            ExprKind::Lit(lit) => constant(lit.clone()),
            ExprKind::Template(parts) => {
                let parts: Vec<Val> = parts.iter().map(|p| self.eval(*p)).collect();
                self.concat(&parts, span)
            }
            ExprKind::Local(local) => self.state.locals.get(*local),
            ExprKind::Name(name) => self.read_name(*name, span),
            ExprKind::This => self.state.this.clone(),
            ExprKind::Super => self.super_value(),
            ExprKind::Field(base, name) => {
                let value = self.eval(*base);
                if self.is_about(*base) {
                    self.plain_member(&value, *name, span)
                } else if self.is_routers(*base, *name) {
                    let what = Ustr::from("the page's address");
                    let origin = Source { kind: SourceKind::Location, at: self.at(span), what };
                    let mut out = Value::clone(&self.member(&value, *name, span));
                    out.add_taint(Taint {
                        origin: Origin::Source(Arc::new(origin)),
                        cleaned: SinkKinds::NONE,
                        trace: None,
                    });
                    Arc::new(out)
                } else {
                    self.read_member(&value, *name, span)
                }
            }
            ExprKind::Index(base, index) => {
                let base = self.eval(*base);
                // A part of a slice is a slice.
                let part = matches!(hir.expr(*index).kind, ExprKind::Range(..));
                let place = *index;
                let index = self.eval(place);
                self.out_of_bounds(place, &index, span);
                if part {
                    let mut value = Value::clone(&base);
                    value.prefix = None;
                    value.exact = false;
                    value.lits.clear();
                    // The last digits of a card.
                    if !self.arena.slice(span).ends_with("[..]") {
                        value.taints.retain(|t| !super::place::is_sensitive(t));
                    }
                    return Arc::new(value);
                }
                self.index(&base, &index, span)
            }
            ExprKind::Call { callee, args, new, name, types } => self.call(id, *callee, args, *new, *name, types),
            ExprKind::Tagged { tag, strings, values } => self.tagged(id, *tag, strings, values),
            ExprKind::Macro { path, args, name } => self.macro_call(id, *path, args, *name),
            ExprKind::Unary(op, operand) => {
                let value = self.eval(*operand);
                match op {
                    UnaryOp::Not => of_type(Types::BOOL),
                    UnaryOp::Arithmetic => match value.as_lit() {
                        Some(Lit::Num(n)) => constant(Lit::Num(-n)),
                        _ => {
                            // A number of which somebody chooses the size.
                            let made = Value::clone(&self.made_of(&[value]));
                            Arc::new(Value { types: Types::NUMBER, ..made })
                        }
                    },
                    UnaryOp::TypeOf => of_type(Types::STRING),
                    UnaryOp::Void => constant(Lit::Undefined),
                    UnaryOp::Delete => {
                        if matches!(self.hir.expr(*operand).kind, ExprKind::Field(..)) && self.is_place(*operand) {
                            self.put(*operand, constant(Lit::Undefined));
                        }
                        of_type(Types::BOOL)
                    }
                }
            }
            ExprKind::Binary(..) => self.binary(id),
            ExprKind::Logical(op, left, right) => self.logical(*op, *left, *right),
            ExprKind::Assign(pat, value) => {
                let new = self.eval(*value);
                if let PatKind::Place(place) = &hir.pat(*pat).kind
                    && let ExprKind::Local(local) = &hir.expr(*place).kind
                {
                    self.told.remove(local);
                    match self.chosen_by(*value) {
                        Some(key) => drop(self.out.descended.insert(*local, key)),
                        None => {
                            self.out.descended.remove(local);
                            self.out.looked_up.remove(local);
                        }
                    }
                }
                self.making = is_fresh(&hir.expr(*value).kind);
                self.assign(*pat, &new);
                self.making = false;
                new
            }
            ExprKind::AssignOp { place, read, value, logical, add } => {
                let old = self.eval(*read);
                let new = if let Some(op) = logical {
                    let before = self.state.clone();
                    let right = self.eval(*value);
                    self.join_state(&before);
                    match op {
                        LogicalOp::And => right,
                        _ => join(&old, &right),
                    }
                } else {
                    let right = self.eval(*value);
                    if *add { self.sum(&[old, right], span) } else { of_type(Types::NUMBER) }
                };
                self.making = logical.is_some() && is_fresh(&hir.expr(*value).kind);
                self.assign(*place, &new);
                self.making = false;
                new
            }
            ExprKind::Object(path, members) => self.object(*path, members),
            ExprKind::Array(members) => self.array(members),
            ExprKind::Repeat(value, len) => {
                let value = self.eval(*value);
                let len_value = self.eval(*len);
                self.out.repeat(&len_value, self.at(hir.expr(*len).span));
                self.collection(&value)
            }
            ExprKind::Function(id) => {
                let func = FuncRef { block: self.block, id: *id };
                Arc::new(Value { funcs: smallvec::smallvec![func], types: Types::OBJECT, ..Value::default() })
            }
            ExprKind::Class(class) => {
                for decorator in &hir.class(*class).decorators {
                    self.eval(*decorator);
                }
                if let Some(parent) = hir.class(*class).parent {
                    self.eval(parent);
                }
                let class = ClassRef { block: self.block, id: class.0, is_static: true };
                Arc::new(Value { class: Some(class), types: Types::OBJECT, ..Value::default() })
            }
            ExprKind::Child(n) => {
                self.capture(*n);
                let child = self.world.child(*n);
                for func in &child.funcs {
                    self.children.insert(func.block, *n);
                }
                child
            }
            ExprKind::Await(value) | ExprKind::Try(value) => {
                self.said_yes.clear();
                let value = self.eval(*value);
                self.may_throw();
                // `check(&name)?;`: from here on it went well.
                if matches!(expr.kind, ExprKind::Try(_)) && !self.said_yes.is_empty() {
                    let yes = std::mem::take(&mut self.said_yes);
                    self.refine(&yes);
                }
                if matches!(expr.kind, ExprKind::Try(_)) {
                    // The error leaves the function; what it carries is not followed.
                    let returned = unknown();
                    let before = self.state.clone();
                    self.returned(returned);
                    self.state = before;
                }
                control::awaited(value)
            }
            ExprKind::Yield(value) => {
                if let Some(value) = value {
                    let value = self.eval(*value);
                    let before = self.state.clone();
                    self.returned(value);
                    self.state = before;
                }
                unknown()
            }
            ExprKind::Ref { value, .. } => self.eval(*value),
            ExprKind::Deref(value) => {
                let value = self.eval(*value);
                let site = SinkSite { kind: SinkKind::Pointer, at: self.at(span), name: Ustr::from("*") };
                self.reach(&value, &site, false);
                value
            }
            ExprKind::Cast(value, ty) => {
                let value = self.eval(*value);
                self.handler(&value, ty, span);
                self.cast(&value, ty, span)
            }
            ExprKind::Range(a, b) => {
                let parts: Vec<Val> = [a, b].into_iter().flatten().map(|e| self.eval(*e)).collect();
                let made = self.made_of(&parts);
                self.collection(&made)
            }
            ExprKind::If { cond, then, alternative } => {
                let facts = self.condition(*cond);
                let never = self.is_never(*cond, &facts.value);
                let (yes, no) = (facts.when_true, facts.when_false);
                let base = self.state.clone();
                self.refine(&yes);
                let a = if never { self.dead() } else { self.eval(*then) };
                let after_then = std::mem::replace(&mut self.state, base);
                self.refine(&no);
                let b = alternative.map(|e| self.eval(e));
                let value = match (&b, after_then.live, self.state.live) {
                    (Some(b), true, true) => join(&a, b),
                    (Some(b), false, _) => b.clone(),
                    (_, true, _) => a,
                    _ => unknown(),
                };
                self.join_state(&after_then);
                value
            }
            ExprKind::LetCondition(pat, value) => {
                let value = self.eval(*value);
                self.assign(*pat, &value);
                of_type(Types::BOOL)
            }
            ExprKind::Block { body, value, label, kind: _ } => self.block(body, *value, *label),
            ExprKind::Let { pat, ty, value, otherwise } => {
                let mut bound = match value {
                    Some(value) => {
                        let outer = self.expected;
                        if let Some(ty) = ty
                            && self.world.casts_convert()
                        {
                            self.expected = self.conversion_in(*value).map(|id| (id, ty));
                        }
                        let v = self.told_by(*pat, *value);
                        self.note_address(*pat, *value);
                        self.expected = outer;
                        if self.state.live { v.clone() } else { unknown() }
                    }
                    None => constant(Lit::Undefined),
                };
                if let Some(ty) = ty {
                    self.handler(&bound, ty, span);
                    bound = self.typed(&bound, ty);
                }
                if let Some(otherwise) = otherwise {
                    let before = self.state.clone();
                    self.eval(*otherwise);
                    self.state = before;
                }
                self.bind_step(*pat, &bound, span);
                // What is looked up by a key is chosen by whoever chooses the key.
                if let (PatKind::Bind(local, _), Some(value)) = (&hir.pat(*pat).kind, value)
                    && let ExprKind::Index(base, key) = hir.expr(self.uncast(*value)).kind
                    && let key = self.uncast(key)
                    && self.is_place(key)
                    && !self.peek(self.uncast(base)).is_some_and(|b| cells::is_bare(&b))
                {
                    self.out.looked_up.insert(*local, key);
                } else if let (PatKind::Bind(local, _), Some(value)) = (&hir.pat(*pat).kind, value)
                    && let Some(key) = self.chosen_by(*value)
                {
                    self.out.descended.insert(*local, key);
                }
                unknown()
            }
            ExprKind::Loop { label, init, cond, post, update, body } => {
                if let Some(init) = init {
                    self.eval(*init);
                }
                self.run_loop(*label, *cond, *post, *update, *body)
            }
            ExprKind::ForEach { label, pat, iterable, keys, body } => {
                let source = self.eval(*iterable);
                let element = if *keys { self.keys_of(&source) } else { self.element(&source) };
                // `for await (const chunk of request)`
                let element = if *keys { element } else { self.streamed(element, span) };
                let mut head = self.state.clone();
                let mut breaks = None;
                for _ in 0..MAX_ROUNDS {
                    self.assign(*pat, &element);
                    self.enter(*label, true);
                    self.eval(*body);
                    let scope = self.leave();
                    if let Some(s) = &scope.continues {
                        self.join_state(s);
                    }
                    if let Some(s) = &scope.breaks {
                        self.join_slot(&mut breaks, s);
                    }
                    self.join_state(&head);
                    if self.state.same(&head) {
                        break;
                    }
                    head = self.state.clone();
                }
                if let Some(s) = &breaks {
                    self.join_state(s);
                }
                unknown()
            }
            ExprKind::Switch { value, cases } => self.switch(*value, cases),
            ExprKind::Match { value, arms } => {
                let subject = self.eval(*value);
                let base = self.state.clone();
                let mut result: Option<Val> = None;
                let mut merged: Option<State> = None;
                for arm in arms {
                    self.state = base.clone();
                    self.assign(arm.pat, &subject);
                    self.refine_match(*value, arm.pat);
                    if let Some(guard) = arm.guard {
                        let facts = self.condition(guard);
                        self.refine(&facts.when_true);
                    }
                    let v = self.eval(arm.body);
                    if self.state.live {
                        result = Some(result.map_or_else(|| v.clone(), |r| join(&r, &v)));
                        let state = self.state.clone();
                        self.join_slot(&mut merged, &state);
                    }
                }
                self.state = merged.unwrap_or(State { live: false, ..base });
                result.unwrap_or_else(unknown)
            }
            ExprKind::Try3 { body, catch, finally } => self.try_catch(*body, catch.as_ref(), *finally),
            ExprKind::Return(returned) => {
                let at = returned.map_or(span, |v| hir.expr(v).span);
                let value = match returned {
                    Some(value) => self.given_back(*value),
                    None => {
                        self.comes_back(Some(false), &Vec::new(), &Vec::new());
                        constant(Lit::Undefined)
                    }
                };
                if self.state.live {
                    self.returned_named(&value, at);
                    if let Some(answers) = self.active.last().map(|a| a.answers.clone()) {
                        self.answered(&answers, &value, returned.unwrap_or(id));
                    }
                    self.returned(value);
                }
                unknown()
            }
            ExprKind::Throw(value) => {
                let value = self.eval(*value);
                self.throws(&value);
                self.may_throw();
                self.state.live = false;
                unknown()
            }
            ExprKind::Break { label, value } => {
                let value = value.map(|v| self.eval(v));
                let found = self.scopes.iter().rposition(|s| label.is_none() || s.label == *label);
                if let Some(i) = found {
                    let mut slot = self.scopes[i].breaks.take();
                    self.join_slot(&mut slot, &self.state);
                    self.scopes[i].breaks = slot;
                    if let Some(v) = value {
                        self.scopes[i].value = Some(match self.scopes[i].value.take() {
                            Some(old) => join(&old, &v),
                            None => v,
                        });
                    }
                }
                self.state.live = false;
                unknown()
            }
            ExprKind::Continue(label) => {
                let found = self.scopes.iter().rposition(|s| s.is_loop && (label.is_none() || s.label == *label));
                if let Some(i) = found {
                    let mut slot = self.scopes[i].continues.take();
                    self.join_slot(&mut slot, &self.state);
                    self.scopes[i].continues = slot;
                }
                self.state.live = false;
                unknown()
            }
            ExprKind::Jsx { tag, attributes, children } => self.jsx(tag, attributes, children),
            ExprKind::Opaque(parts) => {
                let parts: Vec<Val> = parts.iter().map(|p| self.eval(*p)).collect();
                self.made_of(&parts)
            }
        }
    }

    /// What a condition says when it holds and when it does not.
    fn condition(&mut self, id: ExprId) -> Facts {
        super::guard::condition(self, id)
    }

    pub(super) fn eval_args(&mut self, args: &[Arg]) -> Vec<Val> {
        let mut out = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.eval(arg.value);
            if arg.spread {
                let element = self.element(&value);
                // A spread of known elements keeps their places.
                let known: Vec<Val> = (0..8).map_while(|i| value.field(position(i)).cloned()).collect();
                if known.is_empty() {
                    out.extend([element.clone(), element.clone(), element])
                } else {
                    out.extend(known)
                }
            } else {
                out.push(value);
            }
        }
        out
    }

    /// The value of a name from outside the block.
    pub(super) fn read_name(&mut self, name: Ustr, span: Span) -> Val {
        if name == "arguments" && !self.world.casts_convert() && !self.active.is_empty() {
            return self.arguments();
        }
        let value = self.state.name(name).cloned().unwrap_or_else(|| self.outer(name));
        let value = self.sourced_name(name, value, span);
        self.named_source(name, value, span)
    }
}

/// Whether a type holds small numbers alone: no size made of one is large.
fn is_small(ty: &Type) -> bool {
    matches!(ty, Type::Path(path, _) if matches!(path.as_str(), "u8" | "i8" | "u16" | "i16" | "bool" | "char"))
}

/// The primitive type that a declared type is.
pub(super) fn primitive(ty: &Type) -> Types {
    match ty {
        Type::Path(path, args) if args.is_empty() => match last_name(*path).as_str() {
            "number" | "bigint" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64"
            | "u128" | "usize" | "f32" | "f64" | "Date" | "NonZeroU32" | "NonZeroUsize" | "Uuid" | "IpAddr"
            | "Ipv4Addr" | "Ipv6Addr" | "SocketAddr" | "Duration" | "NaiveDate" | "char" => Types::NUMBER,
            "boolean" | "bool" => Types::BOOL,
            "string" | "String" | "str" => Types::STRING,
            "null" | "undefined" | "void" => Types::NULL,
            _ => Types::UNKNOWN,
        },
        Type::Path(path, args)
            if matches!(last_name(*path).as_str(), "Option" | "Promise" | "Result" | "Box" | "Arc" | "Rc" | "Cow") =>
        {
            args.first().map_or(Types::UNKNOWN, primitive)
        }
        Type::Lit(Lit::Num(_)) => Types::NUMBER,
        Type::Lit(Lit::Bool(_)) => Types::BOOL,
        // A union of literal types is an allow-list that the type checker holds.
        Type::Union(parts) => {
            let all: Vec<Types> = parts.iter().map(primitive).collect();
            if all.contains(&Types::UNKNOWN) {
                Types::UNKNOWN
            } else {
                all.into_iter().fold(Types(0), |a, b| Types(a.0 | b.0))
            }
        }
        _ => Types::UNKNOWN,
    }
}

/// Whether an expression makes an empty object or list.
fn is_fresh(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Object(None, members) if members.is_empty())
        || matches!(kind, ExprKind::Array(members) if members.is_empty())
}
