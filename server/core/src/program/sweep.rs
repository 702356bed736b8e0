//! The two sweeps over the groups of a program.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// What a group sees of the others, and what it saw.
struct View<'s> {
    sweep: &'s Sweep<'s>,
    level: usize,
    /// Whether the groups above are known.
    down: AtomicBool,
    seen: Mutex<FxHashMap<FileId, Option<Arc<Interface>>>>,
}

impl Modules for View<'_> {
    fn interface(&self, file: FileId) -> Option<Arc<Interface>> {
        let sweep = self.sweep;
        // Groups of the same level are at work at the same time; on the way down all of them are known.
        let known = self.down.load(Ordering::Acquire) || sweep.level_of(file).is_some_and(|l| l < self.level);
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
    /// The level of each group.
    levels: Vec<usize>,
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
        let mut levels = vec![0; graph.groups.len()];
        for (level, groups) in graph.levels.iter().enumerate() {
            groups.iter().for_each(|g| levels[*g] = level);
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
        Sweep { program, graph, old, levels, wanted, interfaces }
    }

    fn level_of(&self, file: FileId) -> Option<usize> {
        self.graph.of.get(&file).map(|g| self.levels[*g])
    }

    /// Up and down: what is to be remembered of every group.
    pub(super) fn run(&self, workers: &dyn Workers) -> Vec<Group> {
        let count = self.graph.groups.len();
        let view = |g: usize| View {
            sweep: self,
            level: self.levels[g],
            down: AtomicBool::new(false),
            seen: Mutex::default(),
        };
        let views: Vec<View<'_>> = (0..count).map(view).collect();
        let works: Vec<Mutex<Option<Work<'_>>>> = (0..count).map(|_| Mutex::new(None)).collect();
        for groups in &self.graph.levels {
            let groups = self.largest_first(groups);
            workers.each(groups.len(), &|n| {
                let g = groups[n];
                let work = self.up(g, &views[g], workers);
                *works[g].lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
            });
        }
        let given: Vec<Mutex<Contexts>> = (0..count).map(|_| Mutex::default()).collect();
        for groups in self.graph.levels.iter().rev() {
            let order = self.largest_first(groups);
            workers.each(order.len(), &|n| {
                let g = order[n];
                let given = std::mem::take(&mut *given[g].lock().unwrap_or_else(PoisonError::into_inner));
                if let Some(work) = &mut *works[g].lock().unwrap_or_else(PoisonError::into_inner) {
                    self.down(g, work, &views[g], given, workers);
                }
            });
            for &g in groups {
                if let Some(work) = &*works[g].lock().unwrap_or_else(PoisonError::into_inner) {
                    self.hand_down(g, work, &given);
                }
            }
        }
        let works = works.into_iter().map(|w| w.into_inner().unwrap_or_else(PoisonError::into_inner));
        let finish = |(g, work): (usize, Option<Work<'_>>)| {
            let work = work?;
            Some(Group {
                files: self.files(g),
                wanted: self.wanted[g],
                reads: work.reads,
                interfaces: work.interfaces,
                given: work.given,
                reads_down: work.reads_down,
                results: work.results,
                failed: work.failed,
                memory: Mutex::new(work.memory),
            })
        };
        works.enumerate().filter_map(finish).collect()
    }

    /// The groups of a level, those with the most text first: what begins last keeps the other workers waiting least.
    fn largest_first(&self, groups: &[usize]) -> Vec<usize> {
        let size = |g: usize| -> usize {
            let files = self.graph.groups[g].iter().filter_map(|f| self.program.file(*f));
            files.map(|f| f.source.text.len()).sum()
        };
        let mut order = groups.to_vec();
        order.sort_by_cached_key(|g| std::cmp::Reverse(size(*g)));
        order
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
    fn holds(&self, reads: &Reads, level: usize, down: bool) -> bool {
        reads.iter().all(|(file, then)| {
            let known = down || self.level_of(*file).is_some_and(|l| l < level);
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
        if let Some(old) = before.filter(|old| self.holds(&old.reads, self.levels[g], false)) {
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
            && self.holds(&old.reads_down, 0, true)
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
            for (func, args) in &result.contexts {
                let owner = self.program.owners.get(&func.block);
                let Some(&target) = owner.and_then(|o| self.graph.of.get(o)) else { continue };
                let level = self.levels[target];
                if level >= self.levels[g] {
                    continue;
                }
                // What comes from above is nobody's business there: who called in runs its own callbacks.
                let visible = |block: BlockId| {
                    let group = self.program.owners.get(&block).and_then(|o| self.graph.of.get(o));
                    group.is_some_and(|group| *group == target || self.levels[*group] < level)
                };
                let args = args.iter().map(|v| v.only(&visible)).collect();
                given[target].lock().unwrap_or_else(PoisonError::into_inner).push((*func, args));
            }
        }
    }
}
