//! Links the blocks of a file: resolves names, keeps summaries, and runs every block once it is known who calls it.
//!
//! First the module's top level runs by itself, for what its variables are. Then functions are summarised on demand, each once,
//! with their parameters as symbols. The module runs again with the summaries, which tells which functions are handed to
//! whom (a request handler to a router), and at last every function runs with what is known of its callers.

mod exported;
mod link;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_grammars::Family;
use smallvec::SmallVec;

use crate::blocks::{Block, BlockKind, Blocks};
use crate::findings::{Note, Place};
use crate::semantics::hir::{Class, Export, ExprKind, FnId, Hir, Imported, Lit, MethodKind, PatKind, Ustr};
use crate::semantics::imports::bare;
use crate::syntax::Arena;

use super::interp::Interp;
use super::kinds::{SinkKind, SinkKinds, SourceKind};
use super::models::{ModelSet, Models};
use super::place::last_name;
use super::report::{self, Outcome};
use super::state::Locals;
use super::value::{At, ClassRef, FuncRef, Origin, Source, THIS, Taint, Types, Val, Value, api, join, unknown};
use super::world::{Summary, World};
use link::Link;

/// Times that a function is run again because more became known of its callers.
const MAX_RUNS: u8 = 2;

/// Other files, as far as imports reach them.
pub trait Modules {
    /// The module that a specifier names in the file at work; `None` for libraries and for what cannot be found.
    fn resolve(&self, specifier: &str) -> Option<Arc<FileFlow>>;
}

/// No other files.
pub struct NoModules;

impl Modules for NoModules {
    fn resolve(&self, _: &str) -> Option<Arc<FileFlow>> {
        None
    }
}

/// What is known of a file after its analysis.
#[derive(Default)]
pub struct FileFlow {
    /// Notes by the position of their block in [`Blocks::iter`].
    pub notes: Vec<(usize, Note)>,
    /// Positions of blocks that were too costly to analyse whole.
    pub exhausted: Vec<usize>,
    /// Exported names with their values.
    exports: FxHashMap<Ustr, Val>,
    summaries: FxHashMap<(usize, u32), Arc<Summary>>,
    classes: FxHashMap<(usize, u32), Arc<Members>>,
    /// Keeps the syntax alive whose addresses are the keys above, with the path and place of each for findings elsewhere.
    arenas: Vec<Arc<Arena>>,
}

/// Members of a class by name.
type Members = FxHashMap<Ustr, Val>;

fn address(arena: &Arc<Arena>) -> usize {
    Arc::as_ptr(arena) as usize
}

/// Analyses the data flow of a file.
pub fn analyze(blocks: &Blocks, modules: &dyn Modules, models: &ModelSet) -> FileFlow {
    let models = models.of(blocks.language().family);
    let linker = Linker::new(blocks, models, modules);
    linker.run();
    linker.finish()
}

struct Unit {
    block: Arc<Block>,
    hir: Arc<Hir>,
    parent: Option<usize>,
    children: Vec<usize>,
}

/// How far the summary of a function is.
enum Sum {
    /// Being made, at a depth of the stack of those; what a round before made, for calls in a circle.
    Running(usize, Option<Arc<Summary>>),
    /// Made in this round of a circle whose first function, at that depth, is not done yet.
    Provisional(usize, Arc<Summary>),
    Done(Arc<Summary>),
}

/// Rounds for functions that call each other in a circle.
const MAX_ROUNDS: usize = 3;

struct Linker<'a> {
    family: Family,
    models: &'a Models,
    modules: &'a dyn Modules,
    units: Vec<Unit>,
    by_arena: FxHashMap<usize, usize>,
    envs: RefCell<Vec<FxHashMap<Ustr, Val>>>,
    /// Names of inner scopes by the child block that sees them.
    inner: RefCell<FxHashMap<(usize, Ustr), Val>>,
    /// By block and function.
    sums: RefCell<FxHashMap<(usize, u32), Sum>>,
    /// How many summaries are being made, and the lowest of them that the one at work leans on.
    depth: Cell<usize>,
    lowest: Cell<usize>,
    /// Functions with provisional summaries, in the order in which they were made.
    provisional: RefCell<Vec<(usize, u32)>>,
    /// The variables of every block when its run ended.
    locals: RefCell<Vec<Locals>>,
    outcomes: RefCell<Vec<Option<Outcome>>>,
    contexts: RefCell<Vec<Option<Vec<Val>>>>,
    /// Classes by name: block and number.
    classes: FxHashMap<Ustr, SmallVec<[(usize, u32); 2]>>,
    members: RefCell<FxHashMap<(usize, u32), Arc<Members>>>,
    building: RefCell<FxHashSet<(usize, u32)>>,
    imported: RefCell<FxHashMap<Ustr, Option<Arc<FileFlow>>>>,
    ready: Cell<bool>,
    /// Positions of the imports of each block, by local name, and the names that its scope binds.
    import_of: Vec<FxHashMap<Ustr, usize>>,
    bound: Vec<FxHashSet<Ustr>>,
    /// Values of globals and imports, which never change while the file is analysed.
    globals: RefCell<FxHashMap<Ustr, Val>>,
}

impl<'a> Linker<'a> {
    fn new(blocks: &Blocks, models: &'a Models, modules: &'a dyn Modules) -> Linker<'a> {
        let mut units: Vec<Unit> = Vec::new();
        let mut stack: Vec<(usize, usize)> = Vec::new();
        for placed in blocks.iter() {
            while stack.last().is_some_and(|(depth, _)| *depth >= placed.depth) {
                stack.pop();
            }
            let parent = stack.last().map(|(_, i)| *i);
            let index = units.len();
            if let Some(parent) = parent {
                units[parent].children.push(index);
            }
            units.push(Unit { block: placed.block.clone(), hir: placed.block.hir(), parent, children: Vec::new() });
            stack.push((placed.depth, index));
        }
        let by_arena = units.iter().enumerate().map(|(i, u)| (address(u.block.arena()), i)).collect();
        let mut classes: FxHashMap<Ustr, SmallVec<[(usize, u32); 2]>> = FxHashMap::default();
        for (i, unit) in units.iter().enumerate() {
            for (n, class) in unit.hir.classes.iter().enumerate() {
                if let Some(name) = class.name
                    && !class.is_namespace
                {
                    classes.entry(last_name(name)).or_default().push((i, n as u32));
                }
            }
        }
        let count = units.len();
        Linker {
            family: blocks.language().family,
            models,
            modules,
            by_arena,
            envs: RefCell::new(vec![FxHashMap::default(); count]),
            inner: RefCell::default(),
            sums: RefCell::default(),
            depth: Cell::new(0),
            lowest: Cell::new(usize::MAX),
            provisional: RefCell::default(),
            locals: RefCell::new(vec![Locals::default(); count]),
            outcomes: RefCell::new((0..count).map(|_| None).collect()),
            contexts: RefCell::new(vec![None; count]),
            classes,
            members: RefCell::default(),
            building: RefCell::default(),
            imported: RefCell::default(),
            ready: Cell::new(false),
            import_of: units
                .iter()
                .map(|u| u.hir.imports.iter().enumerate().rev().map(|(n, im)| (im.local, n)).collect())
                .collect(),
            bound: units.iter().map(|u| u.hir.bindings.iter().map(|(n, _)| *n).collect()).collect(),
            globals: RefCell::default(),
            units,
        }
    }

    fn run(&self) {
        // What the variables of modules and namespaces are, without looking into functions.
        for i in self.top_levels() {
            let mut outcome = self.run_unit(i, &[]);
            self.keep_env(i, &mut outcome);
        }
        self.ready.set(true);
        // What classes hold was looked at without functions so far.
        self.members.borrow_mut().clear();
        let mut queue: Vec<usize> = Vec::new();
        for i in self.top_levels() {
            let mut outcome = self.run_unit(i, &[]);
            self.keep_env(i, &mut outcome);
            self.take_contexts(&outcome, &mut queue);
            self.outcomes.borrow_mut()[i] = Some(outcome);
        }
        queue.clear();
        let mut runs = vec![0u8; self.units.len()];
        for i in 0..self.units.len() {
            if self.units[i].block.kind() == BlockKind::Function {
                queue.push(i);
            }
        }
        let mut at = 0;
        while at < queue.len() {
            let i = queue[at];
            at += 1;
            if runs[i] >= MAX_RUNS {
                continue;
            }
            runs[i] += 1;
            let args = self.params(i);
            let mut outcome = self.run_unit(i, &args);
            self.keep_env(i, &mut outcome);
            self.take_contexts(&outcome, &mut queue);
            self.outcomes.borrow_mut()[i] = Some(outcome);
        }
    }

    /// Blocks whose code runs when the file is loaded.
    fn top_levels(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.units.len()).filter(|i| self.units[*i].block.kind() != BlockKind::Function)
    }

    fn keep_env(&self, i: usize, outcome: &mut Outcome) {
        let mut locals = std::mem::take(&mut outcome.locals);
        locals.update(|v| v.has_taint().then(|| concrete(v)));
        self.locals.borrow_mut()[i] = locals;
        let mut envs = self.envs.borrow_mut();
        for (name, value) in &outcome.bindings {
            envs[i].insert(*name, concrete(value));
        }
        if !outcome.inner.is_empty() {
            let mut inner = self.inner.borrow_mut();
            for (child, name, value) in &outcome.inner {
                if let Some(&child) = self.units[i].children.get(*child as usize) {
                    inner.insert((child, *name), concrete(value));
                }
            }
        }
        // Outer variables that a function writes hold that too.
        for (name, value) in &outcome.names {
            let mut at = self.units[i].parent;
            while let Some(p) = at {
                if let Some(old) = envs[p].get_mut(name) {
                    *old = join(old, &concrete(value));
                    break;
                }
                at = self.units[p].parent;
            }
        }
    }

    fn take_contexts(&self, outcome: &Outcome, queue: &mut Vec<usize>) {
        let mut contexts = self.contexts.borrow_mut();
        for (func, args) in &outcome.contexts {
            let Some(&i) = self.by_arena.get(&address(&func.arena)) else { continue };
            if func.id != FnId(0) {
                continue;
            }
            let args: Vec<Val> = args.iter().map(concrete).collect();
            let new = match &contexts[i] {
                None => args,
                Some(old) => {
                    let len = old.len().max(args.len());
                    let get = |list: &[Val], n: usize| list.get(n).cloned();
                    (0..len)
                        .map(|n| match (get(old, n), get(&args, n)) {
                            (Some(a), Some(b)) => join(&a, &b),
                            (Some(a), None) | (None, Some(a)) => a,
                            (None, None) => unknown(),
                        })
                        .collect()
                }
            };
            if contexts[i].as_ref() != Some(&new) {
                contexts[i] = Some(new);
                queue.push(i);
            }
        }
    }

    /// The parameters of a function's block: symbols, joined with what callers are known to pass.
    fn params(&self, i: usize) -> Vec<Val> {
        let hir = &self.units[i].hir;
        let Some(function) = hir.functions.first() else { return Vec::new() };
        let contexts = self.contexts.borrow();
        let context = contexts[i].as_deref().unwrap_or_default();
        let routed = self.routed_params(i);
        (0..function.params.len())
            .map(|n| {
                let mut value = context.get(n).map_or_else(Value::default, |v| Value::clone(v));
                let pat = hir.pat(function.params[n].pat);
                if let PatKind::Bind(local, _) = &pat.kind
                    && routed.contains(&hir.local(*local).name)
                {
                    let at = At { arena: self.units[i].block.arena().clone(), span: pat.span };
                    let what = Ustr::from("the request");
                    let origin = Origin::Source(Arc::new(Source { kind: SourceKind::Remote, at, what }));
                    value.add_taint(Taint { origin, cleaned: SinkKinds::NONE, trace: None });
                }
                symbol(&value, n as u16)
            })
            .collect()
    }

    /// Names of parameters that a route attribute fills from the request: `#[get("/<name>?<page>", data = "<form>")]`.
    fn routed_params(&self, i: usize) -> Vec<Ustr> {
        if self.family != Family::Rust {
            return Vec::new();
        }
        let Some(parent) = self.units[i].parent else { return Vec::new() };
        let hir = &self.units[parent].hir;
        let Some(number) = self.units[parent].children.iter().position(|c| *c == i) else { return Vec::new() };
        let Ok(found) = hir.child_decorators.binary_search_by_key(&(number as u32), |(n, _)| *n) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for decorator in &hir.child_decorators[found].1 {
            let ExprKind::Call { callee, .. } = &hir.expr(*decorator).kind else { continue };
            let ExprKind::Name(route) = &hir.expr(*callee).kind else { continue };
            if !matches!(
                last_name(*route).as_str(),
                "get" | "post" | "put" | "delete" | "patch" | "head" | "options" | "route"
            ) {
                continue;
            }
            let span = hir.expr(*decorator).span;
            for expr in hir.exprs.iter().filter(|e| span.start <= e.span.start && e.span.end <= span.end) {
                let ExprKind::Lit(Lit::Str(text)) = &expr.kind else { continue };
                for part in text.as_str().split('<').skip(1) {
                    if let Some((name, _)) = part.split_once('>') {
                        names.push(Ustr::from(name.trim_end_matches("..")));
                    }
                }
            }
        }
        names
    }

    fn run_unit(&self, i: usize, args: &[Val]) -> Outcome {
        let unit = &self.units[i];
        let link = Link { linker: self, unit: i };
        let this = match self.enclosing_class(i) {
            Some(class) if unit.block.kind() == BlockKind::Function => {
                let value = Value { class: Some(class), types: Types::OBJECT, ..Value::default() };
                Interp::param_this(&Arc::new(value))
            }
            _ => unknown(),
        };
        Interp::new(&unit.hir, unit.block.arena(), &link, self.models, this).run(args)
    }

    /// The class of which a block is a method.
    fn enclosing_class(&self, i: usize) -> Option<ClassRef> {
        let parent = self.units[i].parent?;
        let unit = &self.units[parent];
        let class = unit.hir.classes.first()?;
        (unit.block.kind() == BlockKind::Container && !class.is_namespace).then(|| ClassRef {
            arena: unit.block.arena().clone(),
            id: 0,
            is_static: false,
        })
    }

    /// The summary of a function of a block; made on demand. Functions that call each other in a circle are gone round a
    /// few times by the first of them; in each round every other one is made once.
    fn summary_of(&self, i: usize, id: FnId) -> Option<Arc<Summary>> {
        if !self.ready.get() {
            return None;
        }
        let key = (i, id.0);
        match self.sums.borrow().get(&key) {
            Some(Sum::Done(summary)) => return Some(summary.clone()),
            Some(Sum::Running(depth, before)) => {
                self.lowest.set(self.lowest.get().min(*depth));
                return before.clone();
            }
            Some(Sum::Provisional(depth, summary)) => {
                self.lowest.set(self.lowest.get().min(*depth));
                return Some(summary.clone());
            }
            None => {}
        }
        let depth = self.depth.get();
        let outer_lowest = self.lowest.replace(usize::MAX);
        let first_provisional = self.provisional.borrow().len();
        self.depth.set(depth + 1);
        let mut before: Option<Arc<Summary>> = None;
        let mut lowest = usize::MAX;
        for round in 1..=MAX_ROUNDS {
            self.sums.borrow_mut().insert(key, Sum::Running(depth, before.clone()));
            self.lowest.set(usize::MAX);
            let new = Arc::new(stacker::maybe_grow(256 * 1024, 4 * 1024 * 1024, || self.summarized(i, id)));
            let stable = before.as_ref() == Some(&new);
            before = Some(new);
            lowest = lowest.min(self.lowest.get());
            // Only the first function of a circle goes round again.
            if stable || lowest != depth || round == MAX_ROUNDS {
                break;
            }
            for key in self.provisional.borrow_mut().drain(first_provisional..) {
                self.sums.borrow_mut().remove(&key);
            }
        }
        self.depth.set(depth);
        let summary = before?;
        if lowest < depth {
            self.lowest.set(outer_lowest.min(lowest));
            self.sums.borrow_mut().insert(key, Sum::Provisional(lowest, summary.clone()));
            self.provisional.borrow_mut().push(key);
        } else {
            self.lowest.set(outer_lowest);
            let mut sums = self.sums.borrow_mut();
            for key in self.provisional.borrow_mut().drain(first_provisional..) {
                if let Some(Sum::Provisional(_, made)) = sums.get(&key) {
                    let done = Sum::Done(made.clone());
                    sums.insert(key, done);
                }
            }
            sums.insert(key, Sum::Done(summary.clone()));
        }
        Some(summary)
    }

    fn summarized(&self, i: usize, id: FnId) -> Summary {
        let count = self.units[i].hir.functions.get(id.0 as usize).map_or(0, |f| f.params.len());
        let args: Vec<Val> = (0..count).map(|n| symbol(&Value::default(), n as u16)).collect();
        let outcome = if id == FnId(0) {
            self.run_unit(i, &args)
        } else {
            let unit = &self.units[i];
            let link = Link { linker: self, unit: i };
            let locals = self.locals.borrow()[i].clone();
            Interp::new(&unit.hir, unit.block.arena(), &link, self.models, unknown()).run_function(id, &args, locals)
        };
        Summary {
            result: outcome.result,
            sinks: outcome.param_sinks,
            writes: outcome.param_writes,
            calls: outcome.param_calls,
        }
    }

    /// The members of a class: methods, and what its fields hold.
    fn class_members(&self, i: usize, n: u32) -> Arc<FxHashMap<Ustr, Val>> {
        if let Some(known) = self.members.borrow().get(&(i, n)) {
            return known.clone();
        }
        if !self.building.borrow_mut().insert((i, n)) {
            return Arc::default();
        }
        let unit = &self.units[i];
        let link = Link { linker: self, unit: i };
        let class: &Class = &unit.hir.classes[n as usize];
        let mut members: FxHashMap<Ustr, Val> = FxHashMap::default();
        if let Some(parent) = class.parent
            && let Some(parent) = self.class_of_expr(i, &unit.hir.expr(parent).kind)
        {
            members.extend(self.class_members(parent.0, parent.1).iter().map(|(k, v)| (*k, v.clone())));
        }
        let mut interp = Interp::new(&unit.hir, unit.block.arena(), &link, self.models, unknown());
        for field in &class.fields {
            let mut value = match field.value {
                Some(value) => interp.eval(value),
                None => unknown(),
            };
            if let Some(ty) = &field.ty {
                value = interp.typed(&value, ty);
            }
            members.insert(field.name, concrete(&value));
        }
        for method in &class.methods {
            let value = interp.eval(method.value);
            let value = match method.kind {
                MethodKind::Getter => match value.funcs.first().and_then(|f| link.summary(f)) {
                    Some(summary) => concrete(&summary.result),
                    None => unknown(),
                },
                MethodKind::Setter => continue,
                MethodKind::Constructor => {
                    // `constructor(private db: Pool)` declares a field.
                    for func in &value.funcs {
                        let Some(&unit) = self.by_arena.get(&address(&func.arena)) else { continue };
                        let Some(function) = self.units[unit].hir.functions.get(func.id.0 as usize) else { continue };
                        for param in &function.params {
                            if let (Some(property), Some(ty)) = (param.property, &param.ty) {
                                members.insert(property, concrete(&interp.typed(&unknown(), ty)));
                            }
                        }
                    }
                    value
                }
                _ => value,
            };
            members.insert(method.name, value);
        }
        // What the methods write to `this`; the constructor first, so that its types are there for the others.
        self.members.borrow_mut().insert((i, n), Arc::new(members.clone()));
        if self.ready.get() {
            let mut methods: Vec<_> = class.methods.iter().collect();
            methods.sort_by_key(|m| m.kind != MethodKind::Constructor);
            for method in methods {
                let funcs = interp.eval(method.value).funcs.clone();
                for func in &funcs {
                    let Some(summary) = link.summary(func) else { continue };
                    for (param, path, value) in &summary.writes {
                        if *param == THIS && path.len() == 1 {
                            let value = concrete(value);
                            members.entry(path[0]).and_modify(|old| *old = join(old, &value)).or_insert(value);
                        }
                    }
                }
                self.members.borrow_mut().insert((i, n), Arc::new(members.clone()));
            }
        }
        self.building.borrow_mut().remove(&(i, n));
        Arc::new(members)
    }

    fn class_of_expr(&self, i: usize, kind: &ExprKind) -> Option<(usize, u32)> {
        match kind {
            ExprKind::Name(name) => self.find_class(i, *name),
            ExprKind::Local(local) => self.find_class(i, self.units[i].hir.local(*local).name),
            _ => None,
        }
    }

    fn find_class(&self, _from: usize, name: Ustr) -> Option<(usize, u32)> {
        self.classes.get(&last_name(name)).and_then(|list| list.first().copied())
    }

    fn finish(self) -> FileFlow {
        let mut flow = FileFlow::default();
        let arenas = &self.by_arena;
        // Middleware that takes operators out of every request.
        let of_mongo = |o: &Outcome| o.hits.iter().any(|h| h.kind == SinkKind::NoSql);
        let operators_removed = self.outcomes.borrow().iter().flatten().any(of_mongo)
            && self.units.iter().any(|u| u.block.arena().text().contains("express-mongo-sanitize"));
        for (i, outcome) in self.outcomes.borrow_mut().iter_mut().enumerate() {
            let Some(outcome) = outcome else { continue };
            let here = self.units[i].block.arena();
            for hit in outcome.hits.iter().filter(|h| !(operators_removed && h.kind == SinkKind::NoSql)) {
                let mut hit = hit.clone();
                // A sink in another file is reported where this file calls into it.
                if !arenas.contains_key(&address(&hit.at.arena))
                    && let Some(via) = &hit.via
                {
                    hit.at = via.clone();
                }
                let in_file = |arena: &Arc<Arena>| self.place_in_file(arena);
                if let Some(note) = report::note(&hit, here, &in_file) {
                    flow.notes.push((i, note));
                }
            }
            flow.notes.extend(std::mem::take(&mut outcome.notes).into_iter().map(|n| (i, n)));
            if outcome.out_of_fuel {
                flow.exhausted.push(i);
            }
        }
        flow.notes.sort_by_key(|(i, _)| *i);
        flow.exports = self.exports();
        flow.notes.extend(self.exported_notes(&flow.exports));
        flow.notes.sort_by_key(|(i, _)| *i);
        for ((i, id), sum) in self.sums.borrow().iter() {
            if let Sum::Done(summary) = sum {
                flow.summaries.insert((address(self.units[*i].block.arena()), *id), summary.clone());
            }
        }
        for ((i, n), members) in self.members.borrow().iter() {
            flow.classes.insert((address(self.units[*i].block.arena()), *n), members.clone());
        }
        flow.arenas = self.units.iter().map(|u| u.block.arena().clone()).collect();
        flow
    }

    fn place_in_file(&self, arena: &Arc<Arena>) -> Option<Place> {
        self.by_arena.contains_key(&address(arena)).then(|| Place::Block(arena.clone(), crate::syntax::Span::default()))
    }

    fn exports(&self) -> FxHashMap<Ustr, Val> {
        let mut out = FxHashMap::default();
        let Some(module) = self.units.first() else { return out };
        let link = Link { linker: self, unit: 0 };
        let env = self.envs.borrow()[0].clone();
        let local = |name: Ustr| env.get(&name).cloned().unwrap_or_else(|| link.name(name));
        for export in &module.hir.exports {
            match export {
                Export::Binding { name, local: inner } => {
                    out.insert(*name, concrete(&local(*inner)));
                }
                Export::Value { name, value } => {
                    let mut interp = Interp::new(&module.hir, module.block.arena(), &link, self.models, unknown());
                    let value = interp.eval(*value);
                    out.insert(*name, concrete(&value));
                }
                Export::From { name, module, what } => {
                    let value = link.imported(*module, *what);
                    out.insert(*name, value);
                }
                Export::All { module } => {
                    if let Some(other) = self.file(*module) {
                        for (name, value) in &other.exports {
                            out.entry(*name).or_insert_with(|| value.clone());
                        }
                    }
                }
            }
        }
        // CommonJS: what the module's code left in `module.exports` and `exports`.
        if let Some(Some(outcome)) = self.outcomes.borrow().first() {
            for (name, value) in &outcome.names {
                let exported = match name.as_str() {
                    "module" => value.field(Ustr::from("exports")).cloned(),
                    "exports" => Some(value.clone()),
                    _ => None,
                };
                let Some(exported) = exported else { continue };
                for (field, value) in exported.fields() {
                    out.insert(*field, concrete(value));
                }
                if !exported.funcs.is_empty() || exported.class.is_some() {
                    out.insert(Ustr::from("default"), concrete(&exported));
                }
            }
        }
        // Everything that other files may call is summarised now.
        let values: Vec<Val> = out.values().cloned().collect();
        for value in values {
            self.summarize(&value);
        }
        out
    }

    fn summarize(&self, value: &Val) {
        for func in &value.funcs {
            if let Some(&i) = self.by_arena.get(&address(&func.arena)) {
                self.summary_of(i, func.id);
            }
        }
        if let Some(class) = &value.class
            && let Some(&i) = self.by_arena.get(&address(&class.arena))
        {
            for member in self.class_members(i, class.id).values() {
                for func in &member.funcs {
                    if let Some(&i) = self.by_arena.get(&address(&func.arena)) {
                        self.summary_of(i, func.id);
                    }
                }
            }
        }
        for (_, field) in value.fields() {
            for func in &field.funcs {
                if let Some(&i) = self.by_arena.get(&address(&func.arena)) {
                    self.summary_of(i, func.id);
                }
            }
        }
    }

    fn file(&self, specifier: Ustr) -> Option<Arc<FileFlow>> {
        if let Some(known) = self.imported.borrow().get(&specifier) {
            return known.clone();
        }
        let found = self.modules.resolve(&specifier);
        self.imported.borrow_mut().insert(specifier, found.clone());
        found
    }

    fn foreign(&self, arena: &Arc<Arena>) -> Option<Arc<FileFlow>> {
        let imported = self.imported.borrow();
        imported.values().flatten().find(|f| f.arenas.iter().any(|a| Arc::ptr_eq(a, arena))).cloned()
    }
}

/// Whether a Rust path begins in the crate itself.
fn of_crate(path: &str) -> bool {
    matches!(path.split("::").next(), Some("crate" | "self" | "super"))
}

/// A value that also stands for a parameter.
fn symbol(value: &Value, param: u16) -> Val {
    let mut value = value.clone();
    value.add_taint(Taint { origin: Origin::Param(param, SmallVec::new()), cleaned: SinkKinds::NONE, trace: None });
    Arc::new(value)
}

/// A value without symbols of parameters: what holds for every caller.
fn concrete(value: &Val) -> Val {
    if !value.has_taint() {
        return value.clone();
    }
    Arc::new(value.map_taints(&mut |t| matches!(t.origin, Origin::Source(_)).then(|| t.clone()), 0))
}

/// Where sinks of a kind are reached, as offsets in the file, rules or no rules.
#[cfg(test)]
pub(super) fn hits(blocks: &Blocks, kind: super::kinds::SinkKind) -> Vec<usize> {
    let linker = Linker::new(blocks, Models::of(blocks.language().family), &NoModules);
    linker.run();
    let places: Vec<_> = blocks.iter().collect();
    let outcomes = linker.outcomes.borrow();
    let hits = outcomes.iter().flatten().flat_map(|o| &o.hits).filter(|h| h.kind == kind);
    hits.filter_map(|h| linker.by_arena.get(&address(&h.at.arena)).map(|i| places[*i].range(h.at.span).start)).collect()
}
