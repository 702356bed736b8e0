//! The two sweeps over the groups of a program.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// What a group sees of the others, and what it saw.
struct View<'s> {
    sweep: &'s Sweep<'s>,
    group: usize,
    /// Whether the groups above are known.
    down: AtomicBool,
    seen: Mutex<FxHashMap<FileId, Option<Arc<Interface>>>>,
}

impl Modules for View<'_> {
    fn interface(&self, file: FileId) -> Option<Arc<Interface>> {
        let sweep = self.sweep;
        // Groups of the same level are at work at the same time; on the way down all of an island are known.
        let is_down = self.down.load(Ordering::Acquire);
        let known = sweep.is_known(file, self.group, is_down);
        let found = if known { sweep.interfaces.get(file.0 as usize).and_then(|i| i.get().cloned()) } else { None };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(file).or_insert_with(|| found.clone());
        found
    }

    fn owner(&self, block: BlockId) -> Option<FileId> {
        self.sweep.program.owners.get(&block).copied()
    }
}

impl View<'_> {
    fn take(&self) -> Reads {
        let mut seen: Reads = self.seen.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        seen.sort_unstable_by_key(|(id, _)| *id);
        seen
    }
}

/// One analysis of a program.
pub(super) struct Sweep<'p> {
    program: &'p Program,
    graph: &'p Graph,
    old: &'p FxHashMap<FileId, Group>,
    /// The island of each group.
    islands: Vec<usize>,
    /// Groups that others import.
    wanted: Vec<bool>,
    interfaces: Vec<OnceLock<Arc<Interface>>>,
}

/// A group at work.
struct Work<'s> {
    linker: Option<Linker<'s>>,
    reads: Reads,
    interfaces: Vec<Arc<Interface>>,
    results: Vec<Arc<FileResult>>,
    reads_down: Reads,
    given: Arc<Contexts>,
    failed: Option<String>,
    memory: Option<Memory>,
}

impl<'p> Sweep<'p> {
    pub(super) fn new(program: &'p Program, graph: &'p Graph, old: &'p FxHashMap<FileId, Group>) -> Sweep<'p> {
        let mut islands = vec![0; graph.groups.len()];
        for island in 0..graph.islands() {
            graph.island(island).iter().for_each(|g| islands[*g] = island);
        }
        let mut wanted = vec![false; graph.groups.len()];
        for (g, files) in graph.groups.iter().enumerate() {
            for file in files.iter().filter_map(|f| program.file(*f)) {
                for target in file.links.targets.values().filter_map(|t| graph.of.get(t)).filter(|t| **t != g) {
                    wanted[*target] = true;
                }
            }
        }
        let interfaces = program.files.iter().map(|_| OnceLock::new()).collect();
        Sweep { program, graph, old, islands, wanted, interfaces }
    }

    /// Whether the interface of a file is there for a group to see: on the way up that of one below, on the way down that of every one,
    /// both of its own island alone. Others are at work at the same time.
    fn is_known(&self, file: FileId, group: usize, is_down: bool) -> bool {
        let levels = &self.graph.levels;
        let sees = |g: &usize| self.islands[*g] == self.islands[group] && (is_down || levels[*g] < levels[group]);
        self.graph.of.get(&file).is_some_and(sees)
    }

    /// Up and down every island, the largest first: what is to be remembered of every group.
    pub(super) fn run(&self, workers: &dyn Workers) -> Vec<Group> {
        let given: Vec<Mutex<Contexts>> = self.graph.groups.iter().map(|_| Mutex::default()).collect();
        let made: Vec<OnceLock<Group>> = self.graph.groups.iter().map(|_| OnceLock::new()).collect();
        let size = |n: usize| self.graph.island(n).iter().map(|g| self.size(*g)).sum();
        let order = largest_first(0..self.graph.islands(), size);
        workers.each(order.len(), &|n| self.visit(self.graph.island(order[n]), &given, &made, workers));
        made.into_iter().filter_map(OnceLock::into_inner).collect()
    }

    /// Up and down one island, level by level.
    fn visit(&self, groups: &[usize], given: &[Mutex<Contexts>], made: &[OnceLock<Group>], workers: &dyn Workers) {
        let view = |&group: &usize| View { sweep: self, group, down: AtomicBool::new(false), seen: Mutex::default() };
        let views: Vec<View<'_>> = groups.iter().map(view).collect();
        let works: Vec<Mutex<Option<Work<'_>>>> = groups.iter().map(|_| Mutex::new(None)).collect();
        let mut levels: Vec<Range<usize>> = Vec::new();
        for n in 0..groups.len() {
            match levels.last_mut() {
                Some(level) if self.graph.levels[groups[n]] == self.graph.levels[groups[level.start]] => {
                    level.end = n + 1
                }
                _ => levels.push(n..n + 1),
            }
        }
        let lock = |n: usize| works[n].lock().unwrap_or_else(PoisonError::into_inner);
        // Those with the most text first: what begins last keeps the other workers waiting least.
        let each = |level: &Range<usize>, work: &(dyn Fn(usize) + Sync)| match level.len() {
            1 => work(level.start),
            _ => {
                let order = largest_first(level.clone(), |n| self.size(groups[n]));
                workers.each(order.len(), &|n| work(order[n]));
            }
        };
        for level in &levels {
            each(level, &|n| {
                let work = self.up(groups[n], &views[n], workers);
                *lock(n) = Some(work);
            });
        }
        for level in levels.iter().rev() {
            each(level, &|n| {
                let given = std::mem::take(&mut *given[groups[n]].lock().unwrap_or_else(PoisonError::into_inner));
                if let Some(work) = &mut *lock(n) {
                    self.down(groups[n], work, &views[n], given, workers);
                }
            });
            for n in level.clone() {
                if let Some(work) = &*lock(n) {
                    self.hand_down(groups[n], work, given);
                }
            }
        }
        for (&g, work) in groups.iter().zip(works) {
            let Some(work) = work.into_inner().unwrap_or_else(PoisonError::into_inner) else { continue };
            let _ = made[g].set(Group {
                files: self.files(g),
                wanted: self.wanted[g],
                reads: work.reads,
                interfaces: work.interfaces,
                given: work.given,
                reads_down: work.reads_down,
                results: work.results,
                failed: work.failed,
                memory: Mutex::new(work.memory),
            });
        }
    }

    /// Bytes of text.
    fn size(&self, g: usize) -> usize {
        let files = self.graph.groups[g].iter().filter_map(|f| self.program.file(*f));
        files.map(|f| f.source.text.len()).sum()
    }

    fn files(&self, g: usize) -> Vec<(FileId, Arc<Block>, Arc<Links>, ModelSet)> {
        let files = self.graph.groups[g].iter().filter_map(|id| Some((*id, self.program.file(*id)?)));
        let file =
            |(id, f): (FileId, &File)| (id, f.source.blocks.root().clone(), f.links.clone(), f.source.models.clone());
        files.map(file).collect()
    }

    /// What is remembered of the same files.
    fn before(&self, g: usize) -> Option<&'p Group> {
        let files = self.files(g);
        let old = self.old.get(&files.iter().map(|(id, ..)| *id).min()?)?;
        let same = old.files.len() == files.len()
            && old
                .files
                .iter()
                .zip(&files)
                .all(|(a, b)| a.0 == b.0 && Arc::ptr_eq(&a.1, &b.1) && a.2 == b.2 && a.3 == b.3);
        (same && old.wanted == self.wanted[g] && old.failed.is_none()).then_some(old)
    }

    /// Whether a group would read now what it read then.
    fn holds(&self, reads: &Reads, group: usize, is_down: bool) -> bool {
        reads.iter().all(|(file, then)| {
            let known = self.is_known(*file, group, is_down);
            let now = if known { self.interfaces.get(file.0 as usize).and_then(OnceLock::get) } else { None };
            match (then, now) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            }
        })
    }

    fn linker<'s>(&self, g: usize, view: &'s View<'s>) -> Linker<'s> {
        let files = self.graph.groups[g].iter().filter_map(|id| Some((*id, self.program.file(*id)?)));
        let input = |(id, f): (FileId, &File)| FileInput {
            id,
            blocks: f.source.blocks.clone(),
            links: f.links.clone(),
            models: f.source.models.clone(),
        };
        let linker = Linker::new(&files.map(input).collect::<Vec<_>>(), view);
        // What a trace listens to happens.
        if crate::semantics::flow::trace::is_heard() || self.program.is_forgetful() {
            return linker;
        }
        if !self.is_edited(g) {
            return linker.with_memory(Memory::default());
        }
        let memory = self.then(g).and_then(|then| then.memory.lock().unwrap_or_else(PoisonError::into_inner).take());
        linker.with_memory(memory.map(Memory::next).unwrap_or_default())
    }

    fn is_edited(&self, g: usize) -> bool {
        self.graph.groups[g].iter().any(|f| self.program.edited.contains(f))
    }

    /// What is remembered of a group with the same first file.
    fn then(&self, g: usize) -> Option<&'p Group> {
        self.old.get(self.graph.groups[g].iter().min()?)
    }

    fn up<'s>(&self, g: usize, view: &'s View<'s>, workers: &dyn Workers) -> Work<'s> {
        let files = &self.graph.groups[g];
        let mut work = Work {
            linker: None,
            reads: Vec::new(),
            interfaces: Vec::new(),
            results: Vec::new(),
            reads_down: Vec::new(),
            given: Arc::default(),
            failed: None,
            memory: None,
        };
        let before = self.before(g);
        if let Some(old) = before.filter(|old| self.holds(&old.reads, g, false)) {
            work.interfaces = old.interfaces.clone();
            work.reads = old.reads.clone();
        } else {
            let mut made = None;
            let outcome = workers.guarded(&mut || {
                let linker = self.linker(g, view);
                let interfaces = linker.up(self.wanted[g]);
                made = Some((linker, interfaces));
            });
            work.failed = outcome.err();
            work.reads = view.take();
            match made {
                Some((linker, interfaces)) => {
                    work.linker = Some(linker);
                    work.interfaces = interfaces.into_iter().map(Arc::new).collect();
                }
                None => work.interfaces = files.iter().map(|_| Arc::default()).collect(),
            }
            // What is as it was stays the same object, so that nobody who read it has to look again.
            let then = self.then(g);
            for (file, now) in files.iter().zip(&mut work.interfaces) {
                let old = then.and_then(|t| {
                    let n = t.files.iter().position(|(id, ..)| id == file)?;
                    t.interfaces.get(n)
                });
                if let Some(old) = old.filter(|old| old.is_identical(now)) {
                    *now = old.clone();
                }
            }
        }
        for (file, interface) in files.iter().zip(&work.interfaces) {
            let _ = self.interfaces[file.0 as usize].set(interface.clone());
        }
        work
    }

    fn down<'s>(&self, g: usize, work: &mut Work<'s>, view: &'s View<'s>, given: Contexts, workers: &dyn Workers) {
        let count = self.graph.groups[g].len();
        if work.failed.is_some() {
            work.results = (0..count).map(|_| Arc::default()).collect();
            return;
        }
        if work.linker.is_none()
            && let Some(old) = self.before(g)
            && self.holds(&old.reads_down, g, true)
            && crate::semantics::flow::same_contexts(&old.given, &given)
        {
            work.results.clone_from(&old.results);
            work.reads_down.clone_from(&old.reads_down);
            work.given = old.given.clone();
            if self.is_edited(g) {
                work.memory = old.memory.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            return;
        }
        let mut results = Vec::new();
        let mut linker = work.linker.take();
        let outcome = workers.guarded(&mut || {
            let linker = linker.take().unwrap_or_else(|| {
                let linker = self.linker(g, view);
                linker.up(self.wanted[g]);
                linker
            });
            view.down.store(true, Ordering::Release);
            results = linker.down(&given);
            work.memory = linker.into_memory().filter(|_| self.is_edited(g));
        });
        work.failed = outcome.err();
        results.resize_with(count, FileResult::default);
        work.results = results.into_iter().map(Arc::new).collect();
        work.reads_down = view.take();
        work.given = Arc::new(given);
    }

    /// Gives what a group hands to functions of others to these.
    fn hand_down(&self, g: usize, work: &Work<'_>, given: &[Mutex<Contexts>]) {
        for (file, result) in self.graph.groups[g].iter().zip(&work.results) {
            if self.program.file(*file).is_none_or(|f| f.source.is_test) {
                continue;
            }
            let is_example = |id: &FileId| self.program.file(*id).is_some_and(|f| f.source.is_example);
            let shows = is_example(file);
            for (func, args) in &result.contexts {
                let owner = self.program.owners.get(&func.block).filter(|o| !shows || is_example(o));
                let Some(&target) = owner.and_then(|o| self.graph.of.get(o)) else { continue };
                let levels = &self.graph.levels;
                if self.islands[target] != self.islands[g] || levels[target] >= levels[g] {
                    continue;
                }
                // What comes from above is nobody's business there: who called in runs its own callbacks.
                let visible = |block: BlockId| {
                    let group = self.program.owners.get(&block).and_then(|o| self.graph.of.get(o));
                    group.is_some_and(|group| *group == target || levels[*group] < levels[target])
                };
                let args = args.iter().map(|v| v.only(&visible)).collect();
                given[target].lock().unwrap_or_else(PoisonError::into_inner).push((*func, args));
            }
        }
    }
}

/// Numbers, the largest first.
fn largest_first(numbers: Range<usize>, size: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut order: Vec<usize> = numbers.collect();
    order.sort_by_cached_key(|n| std::cmp::Reverse(size(*n)));
    order
}
