//! A program: files with what they import, and the data that flows between them.
//!
//! Files that import each other in a circle (all files of a crate, in Rust) are one *group*. Groups form no circles, which
//! gives two sweeps. Upwards, from what is imported to what imports it, every group says what it offers: values of exports
//! and summaries of functions. Downwards, from importers to what they import, every group learns what is handed to its
//! functions and runs them. Both are pure functions of the files: neither the order in which files are given nor the number
//! of workers shows in the result. What did not change since the last analysis, and reads nothing that did, is not
//! analysed again.

mod graph;
mod layout;
mod links;
mod outline;
mod sweep;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_grammars::Family;

use crate::blocks::{Block, BlockId, Blocks};
use crate::engine::{Flow, Standing};
use crate::findings::Location;
use crate::rules::Rule;
use crate::semantics::flow::kinds::{SinkKind, SourceKind};
use crate::semantics::flow::{
    Contexts, FileId, FileInput, FileResult, Interface, Linker, Links, Memory, ModelSet, Modules,
};
use crate::semantics::hir::{Export, Ustr};
use crate::semantics::imports::Imports;
use crate::syntax::Arena;
use crate::system::System;
use crate::text::Text;

use graph::Graph;
pub use layout::Layout;
pub use links::Names;
pub use outline::{Key, Linked, Outline};

/// How many things are done side by side is for the caller to say.
pub trait Workers: Sync {
    /// Calls `work` once for every number below `count`, in any order.
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync));

    /// Does something that may panic; the panic's message then.
    ///
    /// # Errors
    /// When it panics.
    fn guarded(&self, work: &mut dyn FnMut()) -> Result<(), String>;
}

/// The calling thread alone.
pub struct Alone;

impl Workers for Alone {
    fn each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(work);
    }

    fn guarded(&self, work: &mut dyn FnMut()) -> Result<(), String> {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        outcome.map_err(|payload| {
            let told = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
            told.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
        })
    }
}

/// A file, as a program takes it.
#[derive(Clone)]
pub struct Source {
    /// Its blocks.
    pub blocks: Blocks,
    /// Its text.
    pub text: Text,
    /// What it names of other files.
    pub names: Arc<Names>,
    /// What is known of libraries there.
    pub models: ModelSet,
    /// Whether it is test code: what it does with the code that it tests is no flaw of that.
    pub is_test: bool,
    /// Whether it shows how others are used: what it does with code that is no example is no flaw of that either.
    pub is_example: bool,
    /// Whether its folder is one in which packages test and show what they offer.
    pub is_aside: bool,
}

impl Source {
    /// A file; looks through all of its blocks. `place` is the part of its path that tells what it is for ([`crate::engine::Engine::place`]).
    pub fn new(place: &str, blocks: &Blocks, text: &Text, models: &ModelSet) -> Source {
        Source {
            blocks: blocks.clone(),
            text: text.clone(),
            models: models.clone(),
            names: Arc::new(Names::of(blocks)),
            is_test: crate::engine::is_test_file(place, blocks),
            is_example: crate::engine::is_example(place),
            is_aside: place.rsplit('/').skip(1).any(|folder| layout::ASIDE.contains(&folder)),
        }
    }
}

/// What a file is in its package.
fn standing(file: &File) -> Standing {
    Standing {
        is_aside: file.source.is_aside && file.links.is_aside,
        is_library: file.links.is_library,
        is_stand_in: file.links.is_stand_in,
    }
}

struct File {
    path: Arc<str>,
    source: Source,
    links: Arc<Links>,
    /// Where its blocks start, by their syntax; made when asked for.
    starts: OnceLock<FxHashMap<usize, (Arc<Block>, usize)>>,
    /// What was found in it last.
    found: Option<Arc<FileResult>>,
    /// Why its analysis failed.
    failed: Option<String>,
}

impl File {
    fn named(&self) -> Named<'_> {
        Named { path: &self.path, family: self.source.blocks.language().family, names: &self.source.names }
    }
}

/// A file with what it names of others.
#[derive(Clone, Copy)]
struct Named<'f> {
    path: &'f str,
    family: Family,
    names: &'f Names,
}

/// Names with the paths of the files that they lead to.
type Leads = Vec<(crate::semantics::hir::Ustr, String)>;

/// Where a file's names of modules lead, and the files of the modules that a Rust file declares.
fn leads(
    layout: &Layout,
    Named { path, family, names }: Named<'_>,
    crates: &FxHashMap<String, String>,
    exists: &dyn Fn(&str) -> bool,
) -> (Leads, Leads) {
    let targets = names.modules.iter().filter_map(|name| {
        let target = match family {
            Family::Rust => crates.get(name.as_str()).cloned(),
            Family::Ecma => layout.resolve(path, name, exists),
        };
        Some((*name, target?))
    });
    let declared = names
        .declared
        .iter()
        .filter_map(|(name, attribute)| Some((*name, layout.rust_module(path, name, attribute.as_deref(), exists)?)));
    (targets.collect(), declared.collect())
}

/// The graph of files with these paths and links.
fn graph_of<'l>(mut files: Vec<(&Arc<str>, FileId)>, links: impl Fn(FileId) -> Option<&'l Links>) -> Graph {
    files.sort_unstable();
    let order: FxHashMap<FileId, usize> = files.iter().enumerate().map(|(n, (_, id))| (*id, n)).collect();
    let count = files.iter().map(|(_, id)| id.0 as usize + 1).max().unwrap_or(0);
    let mut imports: Vec<Vec<FileId>> = vec![Vec::new(); count];
    for (_, id) in &files {
        let Some(links) = links(*id) else { continue };
        let list = &mut imports[id.0 as usize];
        list.extend(links.targets.values().filter(|t| *t != id));
        list.extend(links.modules.iter().map(|(_, t)| *t));
        // The modules of a crate see each other.
        for (_, child) in &links.modules {
            imports[child.0 as usize].push(*id);
        }
    }
    for list in &mut imports {
        list.sort_unstable_by_key(|f| order.get(f).copied());
        list.dedup();
    }
    let files: Vec<FileId> = files.into_iter().map(|(_, id)| id).collect();
    Graph::new(&files, |f| imports[f.0 as usize].clone())
}

/// What is remembered of a group.
struct Group {
    /// Its files with their modules and links, in the order of their evaluation.
    files: Vec<(FileId, Arc<Block>, Arc<Links>, ModelSet)>,
    wanted: bool,
    /// What it read of other files on the way up, and offers.
    reads: Reads,
    interfaces: Vec<Arc<Interface>>,
    /// What was handed to it.
    given: Arc<Contexts>,
    /// What it read of other files on the way down.
    reads_down: Reads,
    results: Vec<Arc<FileResult>>,
    failed: Option<String>,
    /// Its runs, for groups with files that somebody edits.
    memory: Mutex<Option<Memory>>,
}

/// Interfaces by file, as they were read.
type Reads = Vec<(FileId, Option<Arc<Interface>>)>;

/// Files and what is known of the flow between them.
#[derive(Default)]
pub struct Program {
    files: Vec<Option<File>>,
    by_path: FxHashMap<Arc<str>, FileId>,
    owners: FxHashMap<BlockId, FileId>,
    layout: Layout,
    root: PathBuf,
    groups: FxHashMap<FileId, Group>,
    /// Whether files came or went, or manifests changed, since the links were made.
    moved: bool,
    /// Files that changed since the last analysis.
    changed: FxHashSet<FileId>,
    /// Hits that are reported in a file, by the file that found them.
    incoming: FxHashMap<FileId, Vec<(FileId, usize)>>,
    /// Files that other files than tests import.
    used: FxHashSet<FileId>,
    /// Functions that packages offer to other programs, by their blocks.
    offered: FxHashSet<BlockId>,
    /// Files that somebody edits.
    edited: FxHashSet<FileId>,
    /// Exported names of functions that give promises which may be rejected, of the files that have such.
    rejecting: FxHashMap<FileId, BTreeSet<Ustr>>,
    /// Exported names of async functions whose promises are never rejected, of the files that have such.
    settling: FxHashMap<FileId, BTreeSet<Ustr>>,
    /// Whether nothing is remembered, not even within an analysis: what everything else is measured by.
    #[cfg(test)]
    forgetful: bool,
}

impl Program {
    /// A program without files. Their paths will be relative to `root`, with `/`.
    pub fn new(root: PathBuf) -> Program {
        Program { root, ..Program::default() }
    }

    /// The folder that paths are relative to.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads the manifests of the files that are there.
    pub fn read_layout(&mut self, system: &dyn System) {
        let layout = Layout::read(system, &self.root, layout::folders(self.by_path.keys().map(|p| &**p)));
        if layout != self.layout {
            self.layout = layout;
            self.moved = true;
        }
    }

    /// Takes a layout that was read for these files and others.
    pub fn set_layout(&mut self, layout: Layout) {
        if layout != self.layout {
            self.layout = layout;
            self.moved = true;
        }
    }

    /// Whether there is such a file.
    pub fn contains(&self, path: &str) -> bool {
        self.by_path.contains_key(path)
    }

    /// Paths of all files.
    pub fn paths(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_path.keys()
    }

    /// Adds a file, or its next version.
    pub fn set(&mut self, path: &str, source: Source) {
        let id = match self.by_path.get(path) {
            Some(id) => *id,
            None => {
                let id = FileId(self.files.len() as u32);
                self.files.push(None);
                self.by_path.insert(path.into(), id);
                id
            }
        };
        let slot = &mut self.files[id.0 as usize];
        match slot {
            Some(old)
                if Arc::ptr_eq(old.source.blocks.root(), source.blocks.root())
                    && old.source.models == source.models =>
            {
                return;
            }
            Some(old) => {
                let kept: FxHashSet<BlockId> = source.blocks.iter().map(|p| p.block.id()).collect();
                for placed in old.source.blocks.iter() {
                    if !kept.contains(&placed.block.id()) {
                        self.owners.remove(&placed.block.id());
                    }
                }
                self.owners.extend(kept.into_iter().map(|b| (b, id)));
                let same_names = old.source.names == source.names;
                (old.source, old.starts) = (source, OnceLock::new());
                if !same_names {
                    old.links = Arc::default();
                    self.moved = true;
                }
            }
            None => {
                self.owners.extend(source.blocks.iter().map(|p| (p.block.id(), id)));
                let starts = OnceLock::new();
                let path = path.into();
                *slot = Some(File { path, source, links: Arc::default(), starts, found: None, failed: None });
                self.moved = true;
            }
        }
        self.changed.insert(id);
    }

    /// Somebody edits a file, or does no more: what its functions do is remembered from one analysis to the next.
    pub fn edit(&mut self, path: &str, edited: bool) {
        if let Some(id) = self.by_path.get(path) {
            if edited {
                self.edited.insert(*id)
            } else {
                self.edited.remove(id)
            };
        }
    }

    /// Expressions that were visited in the last analysis of every group.
    pub fn steps(&self) -> u64 {
        self.groups.values().flat_map(|g| &g.results).map(|r| r.steps).sum()
    }

    /// Takes a file away.
    pub fn remove(&mut self, path: &str) {
        if let Some(id) = self.by_path.remove(path)
            && let Some(old) = self.files[id.0 as usize].take()
        {
            for placed in old.source.blocks.iter() {
                self.owners.remove(&placed.block.id());
            }
            self.changed.insert(id);
            self.edited.remove(&id);
            self.moved = true;
        }
    }

    #[cfg(test)]
    fn is_forgetful(&self) -> bool {
        self.forgetful
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "tests ask it")]
    fn is_forgetful(&self) -> bool {
        false
    }

    fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0 as usize)?.as_ref()
    }

    /// Whether files came or went, or name other files than before, since the last analysis.
    pub fn is_moved(&self) -> bool {
        self.moved
    }

    /// Files that those of the program name and that exist, but are not in it.
    pub fn missing(&self, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        let there = |path: &str| self.contains(path) || exists(path);
        let crates = self.layout.crates(&there);
        for file in self.files.iter().flatten() {
            let (targets, modules) = leads(&self.layout, file.named(), &crates, &there);
            missing.extend(targets.into_iter().chain(modules).map(|(_, p)| p));
        }
        missing.retain(|p| !self.contains(p));
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    fn relink(&mut self) {
        if !std::mem::take(&mut self.moved) {
            return;
        }
        let exists = |path: &str| self.contains(path);
        let crates = self.layout.crates(&exists);
        let offered = self.layout.offered(&exists);
        let mut all: Vec<(usize, Links)> = Vec::new();
        for (n, file) in self.files.iter().enumerate() {
            let Some(file) = file else { continue };
            let id = |(name, path): (_, String)| Some((name, *self.by_path.get(&*path)?));
            let (targets, modules) = leads(&self.layout, file.named(), &crates, &exists);
            let links = Links {
                is_offered: offered.contains(&*file.path),
                is_command: self.layout.is_command(&file.path),
                is_without_documents: self.layout.is_without_documents(&file.path),
                is_aside: self.layout.is_aside(&file.path),
                is_library: self.layout.is_library(&file.path),
                is_stand_in: self.layout.is_stand_in(&file.path),
                targets: targets.into_iter().filter_map(id).collect(),
                modules: modules.into_iter().filter_map(id).collect(),
            };
            if links != *file.links {
                all.push((n, links));
            }
        }
        for (n, links) in all {
            if let Some(file) = &mut self.files[n] {
                file.links = Arc::new(links);
            }
        }
    }

    fn graph(&self, wanted: impl Fn(&str) -> bool) -> Graph {
        let files = self.by_path.iter().filter(|(p, _)| wanted(p)).map(|(p, id)| (p, *id)).collect();
        graph_of(files, |id| self.file(id).map(|f| &*f.links))
    }

    /// Which files name which, as pairs of paths in any order.
    pub fn edges(&mut self) -> Vec<(Arc<str>, Arc<str>)> {
        self.relink();
        let path = |id: &FileId| self.file(*id).map(|f| f.path.clone());
        let files = self.files.iter().flatten();
        let of = |file: &File| -> Vec<(Arc<str>, Arc<str>)> {
            let targets = file.links.targets.values().chain(file.links.modules.iter().map(|(_, t)| t));
            targets.filter_map(|t| Some((file.path.clone(), path(t)?))).collect()
        };
        files.flat_map(of).collect()
    }

    /// Brings what is known up to date with the files. The files of which something else is found now, in any order.
    pub fn analyze(&mut self, workers: &dyn Workers) -> Vec<Arc<str>> {
        self.analyze_those(&|_| true, workers)
    }

    /// The same for the files of which the paths are `wanted`, which neither name others nor are named by any. Of those others
    /// nothing is known afterwards.
    pub fn analyze_those(&mut self, wanted: &dyn Fn(&str) -> bool, workers: &dyn Workers) -> Vec<Arc<str>> {
        self.relink();
        let graph = self.graph(wanted);
        let mut old = std::mem::take(&mut self.groups);
        let sweep = sweep::Sweep::new(self, &graph, &old);
        let made = sweep.run(workers);
        let mut news: FxHashSet<FileId> = std::mem::take(&mut self.changed);
        old.clear();
        self.rejecting.clear();
        self.settling.clear();
        for group in made {
            let offers = group.files.iter().zip(&group.interfaces).filter(|(_, i)| !i.rejecting.is_empty());
            self.rejecting.extend(offers.map(|((id, ..), i)| (*id, i.rejecting.clone())));
            let offers = group.files.iter().zip(&group.interfaces).filter(|(_, i)| !i.settling.is_empty());
            self.settling.extend(offers.map(|((id, ..), i)| (*id, i.settling.clone())));
            for ((id, ..), result) in group.files.iter().zip(&group.results) {
                let Some(Some(file)) = self.files.get_mut(id.0 as usize) else { continue };
                if !file.found.as_ref().is_some_and(|f| Arc::ptr_eq(f, result)) {
                    file.found = Some(result.clone());
                    news.insert(*id);
                }
                file.failed.clone_from(&group.failed);
            }
            if let Some((first, ..)) = group.files.iter().min_by_key(|(id, ..)| *id) {
                self.groups.insert(*first, group);
            }
        }
        self.route(&mut news);
        let mut paths: Vec<Arc<str>> = news.iter().filter_map(|id| self.file(*id).map(|f| f.path.clone())).collect();
        paths.sort_unstable();
        paths
    }

    /// Finds out which hits are reported in other files than those that found them; those files join the news.
    fn route(&mut self, news: &mut FxHashSet<FileId>) {
        let mut incoming: FxHashMap<FileId, Vec<(FileId, usize)>> = FxHashMap::default();
        let mut order: Vec<(&Arc<str>, FileId)> = self.by_path.iter().map(|(p, id)| (p, *id)).collect();
        order.sort_unstable();
        for (_, id) in order {
            let Some(file) = self.file(id) else { continue };
            let Some(found) = &file.found else { continue };
            for (n, (_, hit)) in found.hits.iter().enumerate() {
                let at = self.owners.get(&hit.at.block);
                let shown =
                    |owner: &FileId| file.source.is_example && self.file(*owner).is_some_and(|f| !f.source.is_example);
                if let Some(owner) = at.filter(|o| **o != id && !file.source.is_test && !shown(o)) {
                    incoming.entry(*owner).or_default().push((id, n));
                }
            }
        }
        let told: FxHashSet<FileId> = news.clone();
        for id in incoming.keys().chain(self.incoming.keys()) {
            let of = |map: &FxHashMap<FileId, Vec<(FileId, usize)>>| map.get(id).cloned().unwrap_or_default();
            let (before, now) = (of(&self.incoming), of(&incoming));
            if before != now || now.iter().any(|(from, _)| told.contains(from)) {
                news.insert(*id);
            }
        }
        // Ways that lead through a file that changed lie elsewhere now.
        for (n, file) in self.files.iter().enumerate() {
            let id = FileId(n as u32);
            if let Some(found) = file.as_ref().and_then(|f| f.found.as_ref())
                && !news.contains(&id)
            {
                let changed = |b: &BlockId| self.owners.get(b).is_some_and(|o| *o != id && told.contains(o));
                if found.hits.iter().any(|(_, hit)| hit.blocks().iter().any(changed)) {
                    news.insert(id);
                }
            }
        }
        self.incoming = incoming;
        let used = self.used_files();
        for id in used.symmetric_difference(&self.used) {
            let found = self.file(*id).and_then(|f| f.found.as_ref());
            if found.is_some_and(|f| f.hits.iter().any(|(_, hit)| hit.is_of_library())) {
                news.insert(*id);
            }
        }
        self.used = used;
        let founds = self.files.iter().flatten().filter_map(|f| f.found.as_ref());
        let offered: FxHashSet<BlockId> = founds.flat_map(|f| f.offers.iter().copied()).collect();
        if offered != self.offered {
            let differs = |hit: &crate::semantics::flow::Hit| {
                let block = &hit.source.at.block;
                hit.is_of_library() && offered.contains(block) != self.offered.contains(block)
            };
            for (n, file) in self.files.iter().enumerate() {
                let found = file.as_ref().and_then(|f| f.found.as_ref());
                if found.is_some_and(|f| f.hits.iter().any(|(_, hit)| differs(hit))) {
                    news.insert(FileId(n as u32));
                }
            }
            self.offered = offered;
        }
    }

    /// Files whose exports the program itself uses. What is only handed on (`export * from "./lib"`) is used where the file
    /// that hands it on is.
    fn used_files(&self) -> FxHashSet<FileId> {
        let mut used: FxHashSet<FileId> = FxHashSet::default();
        let mut handed_on: Vec<(FileId, FileId)> = Vec::new();
        let is_offered = |id: &FileId| self.file(*id).is_some_and(|f| f.links.is_offered);
        for (n, file) in self.files.iter().enumerate() {
            let Some(file) = file.as_ref().filter(|f| !f.source.is_test) else { continue };
            let id = FileId(n as u32);
            let hir = file.source.blocks.root().hir();
            let hands_on = |specifier: &Ustr| {
                let from = |e: &Export| matches!(e, Export::From { module, .. } | Export::All { module } if module == specifier);
                hir.exports.iter().any(from) && !hir.imports.iter().any(|i| i.module == *specifier)
            };
            for (specifier, target) in file.links.targets.iter().filter(|(_, t)| **t != id && !is_offered(t)) {
                if hands_on(specifier) {
                    handed_on.push((id, *target));
                } else {
                    used.insert(*target);
                }
            }
        }
        let mut again = true;
        while again {
            again = false;
            for (from, to) in &handed_on {
                again |= used.contains(from) && used.insert(*to);
            }
        }
        used
    }

    /// Whether a hit counts in its file: what strangers may pass to an exported function matters where the program itself
    /// does not call it, or where its package offers it to other programs.
    fn counts(&self, id: FileId, hit: &crate::semantics::flow::Hit) -> bool {
        // A text may be long where it is anybody's, and a statement's part anything.
        let slow = matches!(hit.kind, SinkKind::RegexInput | SinkKind::Sql) && hit.source.kind == SourceKind::Library;
        if slow && !self.offered.contains(&hit.source.at.block) {
            return false;
        }
        !(hit.is_of_library() && self.used.contains(&id)) || self.offered.contains(&hit.source.at.block)
    }

    /// Why the analysis of a file failed, if it did.
    pub fn failure(&self, path: &str) -> Option<&str> {
        self.file(*self.by_path.get(path)?)?.failed.as_deref()
    }

    /// The blocks of a file.
    pub fn blocks(&self, path: &str) -> Option<&Blocks> {
        Some(&self.file(*self.by_path.get(path)?)?.source.blocks)
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&Text> {
        Some(&self.file(*self.by_path.get(path)?)?.source.text)
    }

    /// The data flow of a file, as of the last analysis; `None` if it is not in the program.
    pub fn flow(&self, path: &str) -> Option<Flow> {
        let id = *self.by_path.get(path)?;
        let file = self.file(id)?;
        let found = file.found.as_ref()?;
        let own =
            found.hits.iter().filter(|(_, hit)| self.owners.get(&hit.at.block) == Some(&id) && self.counts(id, hit));
        let incoming = self.incoming.get(&id).into_iter().flatten().filter_map(|(from, n)| {
            let (_, hit) = self.file(*from)?.found.as_ref()?.hits.get(*n)?;
            Some((hit.at.block, hit))
        });
        let hits = own.map(|(block, hit)| (*block, hit)).chain(incoming);
        let elsewhere = |block: BlockId, arena: &Arc<Arena>, span| {
            let owner = self.owners.get(&block).filter(|o| **o != id)?;
            self.location(*owner, arena, span)
        };
        let flow = Flow::found(&file.source.blocks, &file.source.models, hits, found, &elsewhere);
        let flow = flow.standing(standing(file));
        Some(self.with_promises(flow, file, &file.source.blocks))
    }

    /// A flow with what is known of the promises that the file's imports give.
    fn with_promises(&self, flow: Flow, file: &File, blocks: &Blocks) -> Flow {
        let rejecting = self.imported(&self.rejecting, file, blocks);
        flow.with_promises(rejecting, self.imported(&self.settling, file, blocks))
    }

    /// What a file imports of the functions of other files in a table, by local names.
    fn imported(&self, table: &FxHashMap<FileId, BTreeSet<Ustr>>, file: &File, blocks: &Blocks) -> Arc<BTreeSet<Ustr>> {
        let mut names = BTreeSet::new();
        if blocks.language().family == Family::Ecma && file.links.targets.values().any(|t| table.contains_key(t)) {
            let of_module = |module: &str| table.get(file.links.targets.get(&Ustr::from(module))?);
            for (local, path) in Imports::of(&blocks.root().hir(), Family::Ecma).iter() {
                if let Some(offers) = of_module(path) {
                    let member = |name: &Ustr| match name.as_str() {
                        "default" => Ustr::from(local),
                        name => Ustr::from(&format!("{local}.{name}")),
                    };
                    names.extend(offers.iter().map(member));
                } else if let Some((module, name)) = path.rsplit_once('.')
                    && of_module(module).is_some_and(|offers| offers.contains(&Ustr::from(name)))
                {
                    names.insert(Ustr::from(local));
                }
            }
        }
        Arc::new(names)
    }

    /// Why what a file is in its package makes a rule's findings in it nobody's concern, if it does. They are told where
    /// [`Settings::include_tests`](crate::config::Settings) is set.
    pub fn why_beside(&self, path: &str, rule: &Rule) -> Option<&'static str> {
        standing(self.file(*self.by_path.get(path)?)?).why_beside(rule)
    }

    /// The data flow of another version of a file, all others being as they were in the last analysis. The version that the
    /// program has is looked up.
    pub fn flow_as(&self, path: &str, blocks: &Blocks) -> Option<Flow> {
        let id = *self.by_path.get(path)?;
        let file = self.file(id)?;
        if Arc::ptr_eq(file.source.blocks.root(), blocks.root()) {
            return self.flow(path);
        }
        let group = self.groups.values().find(|g| g.files.iter().any(|(f, ..)| *f == id))?;
        let own: FxHashMap<BlockId, &Arc<Arena>> = blocks.iter().map(|p| (p.block.id(), p.block.arena())).collect();
        let input = |(of, ..): &(FileId, Arc<Block>, Arc<Links>, ModelSet)| {
            let known = self.file(*of)?;
            let blocks = if *of == id { blocks } else { &known.source.blocks };
            let (links, models) = (known.links.clone(), known.source.models.clone());
            Some(FileInput { id: *of, blocks: blocks.clone(), links, models })
        };
        let inputs: Vec<FileInput> = group.files.iter().filter_map(input).collect();
        let settled = Settled::new(self);
        let linker = Linker::new(&inputs, &settled);
        linker.up(false);
        let at = inputs.iter().position(|i| i.id == id)?;
        let found = linker.down(&group.given).into_iter().nth(at)?;
        let hits = found
            .hits
            .iter()
            .filter(|(_, hit)| own.contains_key(&hit.at.block) && self.counts(id, hit))
            .map(|(b, h)| (*b, h));
        // What others bring here still ends where it did, unless the place itself was changed.
        let incoming = self.incoming.get(&id).into_iter().flatten().filter_map(|(from, n)| {
            let (_, hit) = self.file(*from)?.found.as_ref()?.hits.get(*n)?;
            own.get(&hit.at.block).filter(|a| Arc::ptr_eq(a, &hit.at.arena))?;
            Some((hit.at.block, hit))
        });
        let elsewhere = |block: BlockId, arena: &Arc<Arena>, span| {
            let owner = self.owners.get(&block).filter(|o| **o != id)?;
            self.location(*owner, arena, span)
        };
        let flow = Flow::found(blocks, &file.source.models, hits.chain(incoming), &found, &elsewhere);
        let flow = flow.standing(standing(file));
        Some(self.with_promises(flow, file, blocks))
    }

    fn location(&self, id: FileId, arena: &Arc<Arena>, span: crate::syntax::Span) -> Option<Location> {
        let file = self.file(id)?;
        let starts = file.starts.get_or_init(|| {
            let blocks = file.source.blocks.iter();
            blocks.map(|p| (Arc::as_ptr(p.block.arena()) as usize, (p.block.clone(), p.start))).collect()
        });
        let (block, start) = starts.get(&(Arc::as_ptr(arena) as usize))?;
        let range = crate::blocks::Placed { block, start: *start, depth: 0 }.range(span);
        let line = file.source.text.line_of(range.start) as u32 + 1;
        Some(Location { path: Some(file.path.clone()), range, line })
    }
}

/// The interfaces of the last analysis.
struct Settled<'p> {
    owners: &'p FxHashMap<BlockId, FileId>,
    interfaces: FxHashMap<FileId, &'p Arc<Interface>>,
}

impl<'p> Settled<'p> {
    fn new(program: &'p Program) -> Settled<'p> {
        let groups = program.groups.values();
        let interfaces = groups.flat_map(|g| g.files.iter().map(|(id, ..)| *id).zip(&g.interfaces)).collect();
        Settled { owners: &program.owners, interfaces }
    }
}

impl Modules for Settled<'_> {
    fn interface(&self, file: FileId) -> Option<Arc<Interface>> {
        self.interfaces.get(&file).map(|i| Arc::clone(i))
    }

    fn owner(&self, block: BlockId) -> Option<FileId> {
        self.owners.get(&block).copied()
    }
}

#[cfg(test)]
mod tests;
