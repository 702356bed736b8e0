//! Links the blocks of a group of files: resolves names, keeps summaries, and runs every block once it is known who calls it.
//!
//! A group is a file, or files that import each other in a circle, or the files of a crate. First every module's top level
//! runs by itself, for what its variables are. Then functions are summarised on demand, each once, with their parameters as
//! symbols. The modules run again with the summaries, which tells which functions are handed to whom (a request handler to
//! a router); what other groups may call is summarised ([`Linker::up`]). When it is known what the groups that import this
//! one hand to its functions, every function runs with what is known of its callers ([`Linker::down`]).

mod crates;
mod exported;
mod exports;
mod holders;
mod link;
mod memo;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_grammars::Family;
use smallvec::SmallVec;

use crate::blocks::{Block, BlockId, BlockKind, Blocks, hash_of_word};
use crate::semantics::hir::{
    Class, Export, ExprId, ExprKind, FnId, Function, Hir, Imported, Lit, LocalKind, Method, MethodKind, PatKind,
    SETTER, Type, Ustr,
};
use crate::semantics::imports::bare;

use super::interface::{Contexts, FileId, FileResult, Interface, Links, Members, Modules, NoModules};
use super::interp::Interp;
use super::interp::cells::LISTENERS;
use super::kinds::{SinkKind, SinkKinds, SourceKind};
use super::models::{ModelSet, Models};
use super::place::last_name;
use super::report::Outcome;
use super::state::Locals;
use super::value::{At, Below, ClassRef, FuncRef, Origin, Source, THIS, Taint, Types, Val, Value, api, join, unknown};
use super::world::{Summary, World};
use crates::{Known, Tree};
use link::Link;
pub use memo::Memory;
use memo::Ran;

/// Times that a function is run again because more became known of its callers.
const MAX_RUNS: u8 = 2;

/// A file, as the linker takes it.
pub struct FileInput {
    /// Its number in the program.
    pub id: FileId,
    /// Its blocks.
    pub blocks: Blocks,
    /// Where its names of other files lead.
    pub links: Arc<Links>,
    /// What is known of libraries.
    pub models: ModelSet,
}

/// A file of the group.
struct Member {
    id: FileId,
    /// The unit of its module block.
    module: usize,
    links: Arc<Links>,
    models: ModelSet,
    /// Classes by name: unit and number.
    classes: FxHashMap<Ustr, SmallVec<[(usize, u32); 2]>>,
}

struct Unit {
    block: Arc<Block>,
    hir: Arc<Hir>,
    /// Which file of the group.
    file: usize,
    parent: Option<usize>,
    children: Vec<usize>,
    /// Whether its text speaks of something abstract, once somebody asked.
    abstracts: OnceCell<bool>,
}

impl Unit {
    fn declares_abstract(&self) -> bool {
        *self.abstracts.get_or_init(|| self.block.arena().text().contains("abstract "))
    }
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

/// What remains to be run: a block, or a function nested in it, with what its callers are known to pass.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Task {
    unit: usize,
    function: u32,
}

/// Links a group of files.
pub struct Linker<'a> {
    family: Family,
    modules: &'a dyn Modules,
    files: Vec<Member>,
    file_of: FxHashMap<FileId, usize>,
    units: Vec<Unit>,
    by_id: FxHashMap<BlockId, usize>,
    /// The modules of a crate, and what names in them lead to.
    tree: Tree,
    items: RefCell<Known>,
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
    outcomes: RefCell<Vec<Option<Arc<Ran>>>>,
    /// What runs of nested functions with their callers' arguments brought to light beyond that.
    nested: RefCell<Vec<(usize, Arc<Ran>)>>,
    /// Runs of earlier analyses, if they are remembered.
    memory: Option<RefCell<Memory>>,
    contexts: RefCell<FxHashMap<Task, Vec<Val>>>,
    /// The parts of types that have implementations in several files of the crate, by name.
    spread: FxHashMap<Ustr, Vec<(usize, u32)>>,
    members: RefCell<FxHashMap<(usize, u32), Arc<Members>>>,
    building: RefCell<FxHashSet<(usize, u32)>>,
    ready: Cell<bool>,
    /// Expressions that were visited.
    steps: Cell<u64>,
    /// Positions of the imports of each block, by local name, and the names that its scope binds.
    import_of: Vec<FxHashMap<Ustr, usize>>,
    bound: Vec<FxHashSet<Ustr>>,
    /// Names of functions that are given to a router: `post(create)`, `.to(create)` (Rust).
    routed: FxHashSet<Ustr>,
    /// Values of globals, which never change while the group is analysed.
    globals: RefCell<FxHashMap<Ustr, Val>>,
    /// What blocks put into cells that others read.
    cells: RefCell<FxHashMap<Ustr, Val>>,
    /// Who asked for what other handlers leave in requests and their like, by cell.
    readers: RefCell<FxHashMap<Ustr, BTreeSet<usize>>>,
    /// Which objects functions are members of, by the block that puts them there; made when somebody asks.
    holders: RefCell<FxHashMap<usize, Arc<holders::Holders>>>,
    /// `module.exports` of each file, where its code wrote to it.
    common: RefCell<Vec<Option<Val>>>,
    /// Functions in the order in which they are to be run.
    queue: RefCell<Vec<Task>>,
}

impl<'a> Linker<'a> {
    /// A linker over files of one language family, in the order of their evaluation.
    pub fn new(inputs: &[FileInput], modules: &'a dyn Modules) -> Linker<'a> {
        let family = inputs.first().map_or(Family::Ecma, |f| f.blocks.language().family);
        let mut units: Vec<Unit> = Vec::new();
        let mut files: Vec<Member> = Vec::new();
        for (file, input) in inputs.iter().enumerate() {
            let module = units.len();
            let mut stack: Vec<(usize, usize)> = Vec::new();
            for placed in input.blocks.iter() {
                while stack.last().is_some_and(|(depth, _)| *depth >= placed.depth) {
                    stack.pop();
                }
                let parent = stack.last().map(|(_, i)| *i);
                let index = units.len();
                if let Some(parent) = parent {
                    units[parent].children.push(index);
                }
                let (block, hir) = (placed.block.clone(), placed.block.hir());
                units.push(Unit { block, hir, file, parent, children: Vec::new(), abstracts: OnceCell::new() });
                stack.push((placed.depth, index));
            }
            let mut classes: FxHashMap<Ustr, SmallVec<[(usize, u32); 2]>> = FxHashMap::default();
            for (i, unit) in units.iter().enumerate().skip(module) {
                for (n, class) in unit.hir.classes.iter().enumerate() {
                    if let Some(name) = class.name
                        && !class.is_namespace
                    {
                        classes.entry(last_name(name)).or_default().push((i, n as u32));
                    }
                }
            }
            let (links, models) = (input.links.clone(), input.models.clone());
            files.push(Member { id: input.id, module, links, models, classes });
        }
        let count = units.len();
        Linker {
            family,
            modules,
            file_of: files.iter().enumerate().map(|(i, f)| (f.id, i)).collect(),
            by_id: units.iter().enumerate().map(|(i, u)| (u.block.id(), i)).collect(),
            tree: if family == Family::Rust { Tree::new(&units, &files) } else { Tree::default() },
            items: RefCell::default(),
            spread: if family == Family::Rust { link::spread(&units, &files) } else { FxHashMap::default() },
            envs: RefCell::new(vec![FxHashMap::default(); count]),
            inner: RefCell::default(),
            sums: RefCell::default(),
            depth: Cell::new(0),
            lowest: Cell::new(usize::MAX),
            provisional: RefCell::default(),
            locals: RefCell::new(vec![Locals::default(); count]),
            outcomes: RefCell::new((0..count).map(|_| None).collect()),
            nested: RefCell::default(),
            memory: None,
            contexts: RefCell::default(),
            members: RefCell::default(),
            building: RefCell::default(),
            ready: Cell::new(false),
            steps: Cell::new(0),
            import_of: units
                .iter()
                .map(|u| u.hir.imports.iter().enumerate().rev().map(|(n, im)| (im.local, n)).collect())
                .collect(),
            routed: routed(&units, family),
            bound: units.iter().map(|u| u.hir.bindings.iter().map(|(n, _)| *n).collect()).collect(),
            globals: RefCell::default(),
            cells: RefCell::default(),
            readers: RefCell::default(),
            holders: RefCell::default(),
            common: RefCell::new(vec![None; files.len()]),
            queue: RefCell::default(),
            files,
            units,
        }
    }

    /// The same, remembering runs of earlier analyses.
    pub fn with_memory(self, memory: Memory) -> Self {
        Linker { memory: Some(RefCell::new(memory)), ..self }
    }

    /// What is remembered for the next analysis.
    pub fn into_memory(self) -> Option<Memory> {
        self.memory.map(RefCell::into_inner)
    }

    /// Runs the modules, and summarises what other groups may call: what each file offers, in the order of the files.
    /// Where nobody imports the group, `wanted` is false and there is nothing to offer.
    pub fn up(&self, wanted: bool) -> Vec<Interface> {
        // What the variables of modules and namespaces are, without looking into functions.
        for i in self.top_levels() {
            let ran = self.run_unit(i, &[]);
            self.keep_env(i, ran);
        }
        self.ready.set(true);
        // What classes hold was looked at without functions so far.
        self.members.borrow_mut().clear();
        for i in self.top_levels() {
            let ran = self.run_unit(i, &[]);
            self.take_contexts(&ran.outcome.contexts);
            self.keep_env(i, ran);
        }
        if wanted { self.interfaces() } else { self.files.iter().map(|_| Interface::default()).collect() }
    }

    /// Runs every function, with what other groups hand to some of them: what was found, in the order of the files.
    pub fn down(&self, given: &Contexts) -> Vec<FileResult> {
        self.take_contexts(given);
        let mut queue: Vec<Task> = (0..self.units.len())
            .filter(|i| self.units[*i].block.kind() == BlockKind::Function)
            .map(|unit| Task { unit, function: 0 })
            .collect();
        // Functions of other blocks are run whole by the line above.
        let nested = |t: &Task| t.function != 0;
        queue.extend(self.queue.borrow_mut().drain(..).filter(nested));
        let mut runs: FxHashMap<Task, u8> = FxHashMap::default();
        let mut at = 0;
        while at < queue.len() {
            let task = queue[at];
            at += 1;
            let run = runs.entry(task).or_default();
            if *run >= MAX_RUNS {
                continue;
            }
            *run += 1;
            let args = self.params(task);
            if task.function == 0 {
                let ran = self.run_unit(task.unit, &args);
                self.take_contexts(&ran.outcome.contexts);
                self.keep_env(task.unit, ran);
            } else {
                let this = self.holder(task.unit, FnId(task.function)).unwrap_or_else(unknown);
                let ran = self.run(task.unit, FnId(task.function), &args, this);
                self.take_contexts(&ran.outcome.contexts);
                self.nested.borrow_mut().push((task.unit, ran));
            }
            queue.append(&mut self.queue.borrow_mut());
        }
        self.results()
    }

    /// Blocks whose code runs when a file is loaded.
    fn top_levels(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.units.len()).filter(|i| self.units[*i].block.kind() != BlockKind::Function)
    }

    fn keep_env(&self, i: usize, ran: Arc<Ran>) {
        let outcome = &ran.outcome;
        self.locals.borrow_mut()[i] = outcome.locals.clone();
        let mut envs = self.envs.borrow_mut();
        envs[i].extend(outcome.bindings.iter().map(|(name, value)| (*name, value.clone())));
        if !outcome.inner.is_empty() {
            let mut inner = self.inner.borrow_mut();
            for (child, name, value) in &outcome.inner {
                if let Some(&child) = self.units[i].children.get(*child as usize) {
                    inner.insert((child, *name), value.clone());
                }
            }
        }
        // Outer variables that a function writes hold that too.
        let mut news: Vec<(usize, Ustr)> = Vec::new();
        for (name, value) in &outcome.names {
            let mut at = self.units[i].parent;
            while let Some(p) = at {
                if let Some(old) = envs[p].get_mut(name) {
                    let new = join(old, value);
                    if self.family == Family::Ecma && tells_more(&new, old) {
                        news.push((p, *name));
                    }
                    *old = new;
                    break;
                }
                at = self.units[p].parent;
            }
        }
        drop(envs);
        news.iter().for_each(|(p, name)| self.run_readers(*p, *name, i));
        if !outcome.cells.is_empty() {
            self.keep_cells(i, &outcome.cells);
        }
        if self.units[i].parent.is_none() && self.family == Family::Ecma {
            self.keep_common(self.units[i].file, outcome);
        }
        self.outcomes.borrow_mut()[i] = Some(ran);
    }

    /// Has functions below a block that name a variable of it run again, for another one, `by`, has put something into it.
    fn run_readers(&self, block: usize, name: Ustr, by: usize) {
        let Some(word) = hash_of_word(&name) else { return };
        let mut queue = self.queue.borrow_mut();
        let mut open = self.units[block].children.clone();
        while let Some(unit) = open.pop() {
            let block = &self.units[unit].block;
            if block.words().binary_search(&word).is_err() {
                continue;
            }
            open.extend(&self.units[unit].children);
            if unit != by && block.kind() == BlockKind::Function && block.arena().text().contains(name.as_str()) {
                queue.push(Task { unit, function: 0 });
            }
        }
    }

    /// Remembers what a block put into cells. The blocks around it, which may have read them, are worth another run.
    fn keep_cells(&self, i: usize, found: &[(Ustr, Val)]) {
        let mut cells = self.cells.borrow_mut();
        let readers = self.readers.borrow();
        let mut news = false;
        let mut asked = BTreeSet::new();
        for (name, value) in found {
            let new = cells.get(name).map_or_else(|| value.clone(), |old| join(old, value));
            if cells.get(name) != Some(&new) {
                news = true;
                asked.extend(readers.get(name).into_iter().flatten().copied().filter(|unit| *unit != i));
                cells.insert(*name, new);
            }
        }
        let around = std::iter::successors(self.units[i].parent, |p| self.units[*p].parent);
        let around = around.filter(|p| self.units[*p].block.kind() == BlockKind::Function);
        if news {
            asked.extend(around);
            self.queue.borrow_mut().extend(asked.into_iter().map(|unit| Task { unit, function: 0 }));
        }
    }

    /// Remembers what callers pass to functions of the group.
    fn take_contexts(&self, found: &Contexts) {
        let mut contexts = self.contexts.borrow_mut();
        for (func, args) in found {
            let Some(&unit) = self.by_id.get(&func.block) else { continue };
            let task = Task { unit, function: func.id.0 };
            let new = match contexts.get(&task) {
                None => args.clone(),
                Some(old) => {
                    let len = old.len().max(args.len());
                    let get = |list: &[Val], n: usize| list.get(n).cloned();
                    (0..len)
                        .map(|n| match (get(old, n), get(args, n)) {
                            (Some(a), Some(b)) => join(&a, &b),
                            (Some(a), None) | (None, Some(a)) => a,
                            (None, None) => unknown(),
                        })
                        .collect()
                }
            };
            if contexts.get(&task) != Some(&new) {
                contexts.insert(task, new);
                self.queue.borrow_mut().push(task);
            }
        }
    }

    /// The parameters of a function: symbols, joined with what callers are known to pass.
    fn params(&self, task: Task) -> Vec<Val> {
        let i = task.unit;
        let hir = &self.units[i].hir;
        let Some(function) = hir.functions.get(task.function as usize) else { return Vec::new() };
        let context = self.contexts.borrow().get(&task).cloned().unwrap_or_default();
        let routed = if task.function == 0 { self.routed_params(i) } else { Vec::new() };
        let handles = task.function == 0 && self.handles_requests(i, function);
        (0..self.arity(i, task.function as usize))
            .map(|n| {
                let Some(param) = function.params.get(n) else {
                    return symbol(&context.get(n).map_or_else(Value::default, |v| Value::clone(v)), n as u16);
                };
                let extracted = || param.ty.as_ref().and_then(|ty| self.extracted(i, ty));
                let known = context.get(n).cloned().or_else(extracted);
                let mut value = known.map_or_else(Value::default, |v| Value::clone(&v));
                let pat = hir.pat(param.pat);
                // A body as it came: `async fn create(body: String)`.
                let body = handles
                    && matches!(&param.ty, Some(Type::Path(path, _))
                        if matches!(last_name(*path).as_str(), "String" | "Bytes"));
                if let PatKind::Bind(local, _) = &pat.kind
                    && (body || routed.contains(&hir.local(*local).name))
                {
                    let block = &self.units[i].block;
                    let at = At { block: block.id(), arena: block.arena().clone(), span: pat.span };
                    let what = Ustr::from("the request");
                    let origin = Origin::Source(Arc::new(Source { kind: SourceKind::Remote, at, what }));
                    // Rocket refuses segments that lead out.
                    let segments = matches!(&param.ty, Some(Type::Path(path, _)) if last_name(*path) == "PathBuf");
                    let cleaned = if segments { SinkKind::Path.set() } else { SinkKinds::NONE };
                    value.add_taint(Taint { origin, cleaned, trace: None });
                }
                symbol(&value, n as u16)
            })
            .collect()
    }

    /// What a type of the program takes from a request, where a framework makes a handler's parameter of it (Rust):
    /// `FromRequest`, `FromRequestParts`.
    fn extracted(&self, i: usize, ty: &Type) -> Option<Val> {
        let Type::Path(path, _) = ty else { return None };
        if self.family != Family::Rust {
            return None;
        }
        let link = Link { linker: self, unit: i };
        let class = link.class(*path)?;
        let made = ["from_request", "from_request_parts"]
            .iter()
            .find_map(|name| link.class_member(&class, Ustr::from(name)).filter(|m| !m.funcs.is_empty()))?;
        let summary = link.summary(made.funcs.first()?)?;
        Some(concrete(&summary.result)).filter(|v| v.has_taint())
    }

    /// Whether a function answers requests: it has a route attribute, takes something else from the request, or is given to a
    /// router by name.
    fn handles_requests(&self, i: usize, function: &Function) -> bool {
        if self.family != Family::Rust {
            return false;
        }
        let link = Link { linker: self, unit: i };
        let extracts = |ty: &Type| match ty {
            Type::Path(path, _) => link.type_path(*path).is_some_and(|p| self.models(i).type_source(p).is_some()),
            _ => false,
        };
        // `async fn create(body: String) -> HttpResponse`
        let answers = |ty: &Type| match ty {
            Type::Path(path, _) => matches!(
                link.type_path(*path).unwrap_or(*path).as_str(),
                "actix_web::HttpResponse"
                    | "axum::response::Response"
                    | "axum::response::Html"
                    | "axum::response::Redirect"
            ),
            _ => false,
        };
        let answers = function.returns.as_ref().is_some_and(answers)
            && self.units[i].block.arena().text().trim_start().trim_start_matches("pub ").starts_with("async fn");
        answers
            || function.params.iter().any(|p| p.ty.as_ref().is_some_and(extracts))
            || function.name.is_some_and(|name| self.routed.contains(&name))
            || self.has_route_attribute(i)
    }

    fn has_route_attribute(&self, i: usize) -> bool {
        let Some(parent) = self.units[i].parent else { return false };
        let hir = &self.units[parent].hir;
        let Some(number) = self.units[parent].children.iter().position(|c| *c == i) else { return false };
        let found = hir.child_decorators.binary_search_by_key(&(number as u32), |(n, _)| *n);
        found.is_ok_and(|at| {
            hir.child_decorators[at].1.iter().any(|d| {
                let callee = match &hir.expr(*d).kind {
                    ExprKind::Call { callee, .. } => &hir.expr(*callee).kind,
                    other => other,
                };
                matches!(callee, ExprKind::Name(n) if matches!(
                    last_name(*n).as_str(),
                    "get" | "post" | "put" | "delete" | "patch" | "route" | "handler"
                ))
            })
        })
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

    fn interp<'l>(&'l self, i: usize, link: &'l Link<'l, 'a>, this: Val) -> Interp<'l> {
        let unit = &self.units[i];
        Interp::new(&unit.hir, &unit.block, link, self.models(i), this)
    }

    /// The models that hold in a unit.
    fn models(&self, i: usize) -> &Models {
        self.files[self.units[i].file].models.of(self.family)
    }

    fn run_unit(&self, i: usize, args: &[Val]) -> Arc<Ran> {
        let this = match self.enclosing_class(i) {
            Some(class) if self.units[i].block.kind() == BlockKind::Function => {
                let value = Value { class: Some(class), types: Types::OBJECT, ..Value::default() };
                Interp::param_this(&Arc::new(value))
            }
            // A function that is a method of some object, or makes one.
            _ if self.family == Family::Ecma
                && self.units[i].hir.functions.first().is_some_and(|f| !f.inherits_this)
                && self.units[i].block.kind() == BlockKind::Function =>
            {
                let own = self.units[i].parent.and_then(|p| self.held(p, holders::Part::Block(self.number(i, p)?)));
                Interp::param_this(&own.unwrap_or_else(unknown))
            }
            _ => self.own_instance(i).unwrap_or_else(unknown),
        };
        self.run(i, FnId(0), args, this)
    }

    /// An instance of the class that a block is: `this` of its fields, and of the arrow functions in them.
    fn own_instance(&self, i: usize) -> Option<Val> {
        let unit = &self.units[i];
        let is_class = self.family == Family::Ecma
            && unit.block.kind() == BlockKind::Container
            && unit.hir.classes.first().is_some_and(|c| !c.is_namespace);
        is_class.then(|| {
            let class = ClassRef { block: unit.block.id(), id: 0, is_static: false };
            Arc::new(Value { class: Some(class), types: Types::OBJECT, ..Value::default() })
        })
    }

    /// The class of which a block is a method.
    fn enclosing_class(&self, i: usize) -> Option<ClassRef> {
        let parent = self.units[i].parent?;
        let unit = &self.units[parent];
        let class = unit.hir.classes.first()?;
        let is_class = unit.block.kind() == BlockKind::Container && !class.is_namespace;
        is_class.then(|| ClassRef { block: unit.block.id(), id: 0, is_static: false })
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
            let new = stacker::maybe_grow(256 * 1024, 4 * 1024 * 1024, || self.summarized(i, id));
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

    fn summarized(&self, i: usize, id: FnId) -> Arc<Summary> {
        let hir = &self.units[i].hir;
        let count = self.arity(i, id.0 as usize);
        let args: Vec<Val> = (0..count).map(|n| symbol(&Value::default(), n as u16)).collect();
        let own_this = hir.functions.get(id.0 as usize).is_some_and(|f| !f.inherits_this);
        let ran = match id {
            FnId(0) => self.run_unit(i, &args),
            _ if own_this && self.family == Family::Ecma => {
                let this = self.holder(i, id).unwrap_or_else(unknown);
                self.run(i, id, &args, Interp::param_this(&this))
            }
            // `run = (req) => this.build(req)`
            _ => {
                let this = self.own_instance(i).filter(|_| !own_this);
                self.run(i, id, &args, this.map_or_else(unknown, |t| Interp::param_this(&t)))
            }
        };
        // What functions nested in it find in the variables around them is what it leaves there.
        if id == FnId(0) && self.family == Family::Ecma {
            let mut known = self.locals.borrow_mut();
            if !known[i].fits(&ran.outcome.locals) {
                known[i] = ran.outcome.locals.clone();
            }
        }
        ran.summary.clone()
    }

    /// How many arguments of a function are told apart: its parameters, and a few more where it takes any number.
    fn arity(&self, i: usize, function: usize) -> usize {
        let hir = &self.units[i].hir;
        let Some(function) = hir.functions.get(function) else { return 0 };
        let count = function.params.len();
        let arguments = |e: &crate::semantics::hir::Expr| matches!(&e.kind, ExprKind::Name(n) if *n == "arguments");
        if self.family != Family::Ecma {
            count
        } else if function.params.last().is_some_and(|p| p.rest) {
            count + 3
        } else if count < 4 && hir.exprs.iter().any(arguments) {
            4
        } else {
            count
        }
    }

    /// The members of a class: methods, and what its fields hold.
    fn class_members(&self, i: usize, n: u32) -> Arc<Members> {
        if let Some(known) = self.members.borrow().get(&(i, n)) {
            return known.clone();
        }
        if !self.building.borrow_mut().insert((i, n)) {
            return Arc::default();
        }
        let unit = &self.units[i];
        let link = Link { linker: self, unit: i };
        let class: &Class = &unit.hir.classes[n as usize];
        let mut members: Members = Members::default();
        if let Some(parent) = class.parent {
            members.extend(self.inherited(&link, parent));
        }
        let mut interp = self.interp(i, &link, unknown());
        for field in &class.fields {
            let mut value = match field.value {
                Some(value) => interp.eval(value),
                None => unknown(),
            };
            if let Some(ty) = &field.ty {
                value = interp.typed(&value, ty);
            }
            if field.decorators.iter().any(|d| interp.is_validated(*d)) {
                value = Arc::new(Value { types: Types::NUMBER, ..Value::clone(&value) });
            }
            members.insert(field.name, concrete(&value));
        }
        // Getters come last, since what they give depends on what else there is.
        let mut methods: Vec<_> = class.methods.iter().collect();
        methods.sort_by_key(|m| m.kind == MethodKind::Getter);
        for method in methods {
            let value = interp.eval(method.value);
            let value = match method.kind {
                MethodKind::Getter => {
                    self.members.borrow_mut().insert((i, n), Arc::new(members.clone()));
                    match value.funcs.first().and_then(|f| link.summary(f)) {
                        // What it gives depends on the object at hand.
                        Some(summary) => of_this(&summary.result),
                        None => unknown(),
                    }
                }
                MethodKind::Setter => {
                    members.insert(Ustr::from(&format!("{}{}", SETTER, method.name)), value);
                    continue;
                }
                MethodKind::Constructor => {
                    // `constructor(private db: Pool)` declares a field.
                    for func in &value.funcs {
                        let Some(&unit) = self.by_id.get(&func.block) else { continue };
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

    /// The members of what an `extends` names: a class, or what a mixin makes of those that it is given, `Runs(Named(Base))`.
    fn inherited(&self, link: &Link<'_, '_>, parent: ExprId) -> Vec<(Ustr, Val)> {
        let hir = &self.units[link.unit].hir;
        let mut all: Vec<(Ustr, Val)> = Vec::new();
        if let ExprKind::Call { args, .. } = &hir.expr(parent).kind {
            args.iter().for_each(|arg| all.extend(self.inherited(link, arg.value)));
        }
        if let Some(class) = self.class_of(link, parent) {
            let members = match self.by_id.get(&class.block) {
                Some(&unit) => Some(self.class_members(unit, class.id)),
                None => self.foreign_members(&class),
            };
            all.extend(members.iter().flat_map(|m| m.iter()).map(|(k, v)| (*k, v.clone())));
        }
        all
    }

    /// The class that an expression at the head of a class is.
    fn class_of(&self, link: &Link<'_, '_>, id: ExprId) -> Option<ClassRef> {
        let hir = &self.units[link.unit].hir;
        let run = |id: ExprId| self.interp(link.unit, link, unknown()).eval(id).class;
        match hir.expr(id).kind {
            // Several classes of a file may have the name; the one in sight is meant.
            ExprKind::Name(name) if self.family == Family::Ecma => link.name(name).class.or_else(|| link.class(name)),
            ExprKind::Name(name) => link.class(name),
            ExprKind::Local(local) => {
                hir.declared_class(local).and_then(run).or_else(|| link.class(hir.local(local).name))
            }
            ExprKind::Call { .. } if self.family == Family::Ecma && self.ready.get() => run(id),
            _ => None,
        }
    }

    /// The class that a class extends.
    fn parent_class(&self, class: &ClassRef) -> Option<ClassRef> {
        let &unit = self.by_id.get(&class.block)?;
        let parent = self.units[unit].hir.classes.get(class.id as usize)?.parent?;
        let class = self.class_of(&Link { linker: self, unit }, parent)?;
        Some(ClassRef { is_static: false, ..class })
    }

    /// The class of that name in the file of a unit. In JavaScript it is the nearest one in sight, if there is one.
    fn find_class(&self, from: usize, name: Ustr) -> Option<(usize, u32)> {
        let all = self.files[self.units[from].file].classes.get(&last_name(name))?;
        if all.len() > 1 && self.family == Family::Ecma {
            // What declares a class whose head is a block of its own is the block around that.
            let declares = |(i, n): (usize, u32)| match self.units[i].block.kind() {
                BlockKind::Container if n == 0 => self.units[i].parent,
                _ => Some(i),
            };
            let mut around = std::iter::successors(Some(from), |i| self.units[*i].parent);
            let near = around.find_map(|unit| all.iter().find(|c| declares(**c) == Some(unit)));
            return near.or(all.first()).copied();
        }
        all.first().copied()
    }

    /// What holds of a file as a whole.
    fn settle(&self, file: usize, result: &mut FileResult) {
        // Middleware that takes operators out of every request; a program of which the manifest names no store with operators.
        let units = || self.units.iter().filter(|u| u.file == file);
        let has = |part: &str| units().any(|u| u.block.arena().text().contains(part));
        if result.hits.iter().any(|(_, h)| h.kind == SinkKind::NoSql)
            && (has("express-mongo-sanitize") || self.files[file].links.is_without_documents && !has("mongo"))
        {
            result.hits.retain(|(_, h)| h.kind != SinkKind::NoSql);
        }
        let fast = |k: SinkKind| matches!(k, SinkKind::FastHash | SinkKind::WeakHash);
        // What another file hands to a function that does what a protocol prescribes.
        result.hits.retain(|(_, h)| !fast(h.kind) || !crate::rules::evidence::prescribes_hash(h.at.arena.text()));
        let hashes = |n: &crate::findings::Note| n.rule.id == "weak-hash";
        if (result.hits.iter().any(|(_, h)| fast(h.kind)) || result.notes.iter().any(|(_, n)| hashes(n)))
            && units().any(|u| crate::rules::evidence::prescribes_hash(u.block.arena().text()))
        {
            result.hits.retain(|(_, h)| !fast(h.kind));
            result.notes.retain(|(_, n)| !hashes(n));
        }
        // What is there only for those who develop the program.
        result.hits.retain(|(_, h)| h.source.kind != SourceKind::Remote || !self.is_for_development(&h.at.block));
        // Who starts a command of theirs may run others.
        if self.files[file].links.is_command {
            let runs = |k: SinkKind| matches!(k, SinkKind::Command | SinkKind::ShellText);
            result.hits.retain(|(_, h)| !runs(h.kind) || h.source.kind != SourceKind::Argument);
        }
        self.settle_exported(file, result);
    }

    fn results(&self) -> Vec<FileResult> {
        let mut results: Vec<FileResult> = self.files.iter().map(|_| FileResult::default()).collect();
        let mut take = |i: usize, outcome: &Outcome| {
            let unit = &self.units[i];
            let result = &mut results[unit.file];
            let block = unit.block.id();
            result.hits.extend(outcome.hits.iter().map(|hit| (block, hit.clone())));
            result.notes.extend(outcome.notes.iter().map(|n| (block, n.clone())));
            if outcome.out_of_fuel && !result.exhausted.contains(&block) {
                result.exhausted.push(block);
            }
            let foreign = outcome.contexts.iter().filter(|(func, _)| !self.by_id.contains_key(&func.block));
            result.contexts.extend(foreign.cloned());
        };
        for (i, ran) in self.outcomes.borrow().iter().enumerate() {
            if let Some(ran) = ran {
                take(i, &ran.outcome);
            }
        }
        for (i, ran) in self.nested.borrow().iter() {
            take(*i, &ran.outcome);
        }
        for (file, result) in results.iter_mut().enumerate() {
            self.settle(file, result);
        }
        if let Some(first) = results.first_mut() {
            first.steps = self.steps.get();
        }
        results
    }
}

/// What is found in a file that is looked at by itself.
pub fn analyze_alone(blocks: &Blocks, models: &ModelSet) -> FileResult {
    let (id, links) = (FileId::default(), Arc::default());
    let linker = Linker::new(&[FileInput { id, blocks: blocks.clone(), links, models: models.clone() }], &NoModules);
    linker.up(false);
    linker.down(&Vec::new()).pop().unwrap_or_default()
}

/// Names of functions that are handed to a router.
fn routed(units: &[Unit], family: Family) -> FxHashSet<Ustr> {
    let mut names = FxHashSet::default();
    if family != Family::Rust {
        return names;
    }
    for unit in units {
        for expr in &unit.hir.exprs {
            let ExprKind::Call { callee, args, .. } = &expr.kind else { continue };
            let name = match &unit.hir.expr(*callee).kind {
                ExprKind::Name(name) => last_name(*name),
                ExprKind::Field(_, name) => *name,
                _ => continue,
            };
            if !matches!(name.as_str(), "get" | "post" | "put" | "patch" | "delete" | "any" | "to" | "fallback") {
                continue;
            }
            for arg in args.iter().take(2) {
                match &unit.hir.expr(arg.value).kind {
                    ExprKind::Name(name) => drop(names.insert(last_name(*name))),
                    ExprKind::Local(local) if unit.hir.local(*local).kind == LocalKind::Function => {
                        names.insert(unit.hir.local(*local).name);
                    }
                    _ => {}
                }
            }
        }
    }
    names
}

/// Whether a value holds somebody's data, or listeners to it, that another one does not.
fn tells_more(new: &Val, old: &Val) -> bool {
    let listeners = |v: &Val| v.fields().filter(|(n, _)| n.starts_with(LISTENERS)).count();
    new.has_taint() && !old.has_taint() || listeners(new) > listeners(old)
}

/// Whether a Rust path begins in the crate itself.
fn of_crate(path: &str) -> bool {
    matches!(path.split("::").next(), Some("crate" | "self" | "super"))
}

/// A value that also stands for a parameter.
fn symbol(value: &Value, param: u16) -> Val {
    let mut value = value.clone();
    value.add_taint(Taint { origin: Origin::Param(param, Below::default()), cleaned: SinkKinds::NONE, trace: None });
    Arc::new(value)
}

/// A value that depends on the receiver alone.
fn of_this(value: &Val) -> Val {
    let keep = |t: &Taint| !matches!(t.origin, Origin::Param(n, _) if n != THIS);
    Arc::new(value.map_taints(&mut |t| keep(t).then(|| t.clone()), 0))
}

/// A value without symbols of parameters: what holds for every caller.
fn concrete(value: &Val) -> Val {
    if !value.has_taint() || !value.has_symbol(0) {
        return value.clone();
    }
    Arc::new(value.map_taints(&mut |t| matches!(t.origin, Origin::Source(_)).then(|| t.clone()), 0))
}

/// Where sinks of a kind are reached, as offsets in the file, rules or no rules.
#[cfg(test)]
pub(super) fn hits(blocks: &Blocks, kind: super::kinds::SinkKind) -> Vec<usize> {
    let places: FxHashMap<BlockId, _> = blocks.iter().map(|p| (p.block.id(), p)).collect();
    let result = analyze_alone(blocks, &ModelSet::default());
    let hits = result.hits.iter().filter(|(_, h)| h.kind == kind);
    hits.filter_map(|(_, h)| places.get(&h.at.block).map(|p| p.range(h.at.span).start)).collect()
}
