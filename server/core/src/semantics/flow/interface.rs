//! What crosses files: what a file offers to those that import it, what it hands to those that it imports, and what was
//! found in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::blocks::BlockId;
use crate::findings::Note;
use crate::semantics::hir::Ustr;

use super::report::Hit;
use super::value::{ClassRef, FuncRef, Val, identical};
use super::world::Summary;

/// The number of a file in its program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct FileId(pub u32);

/// Where a file's names of other files lead.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Links {
    /// Specifiers of JavaScript; names of the workspace's crates in Rust.
    pub targets: FxHashMap<Ustr, FileId>,
    /// Rust: modules that are declared without a body, by their path in the file (`a`, `inline::a`).
    pub modules: Vec<(Ustr, FileId)>,
    /// Whether its package offers it to other programs.
    pub is_offered: bool,
    /// Whether people install its package for its commands.
    pub is_command: bool,
    /// Whether the manifests say that the program keeps no documents, so that no filter of a store is meant.
    pub is_without_documents: bool,
    /// Whether it lies where its package tests or shows what it offers elsewhere.
    pub is_aside: bool,
    /// Whether it is part of a library, as its package's manifest says.
    pub is_library: bool,
    /// Whether its package stands in for servers of others, as its manifest says.
    pub is_stand_in: bool,
}

/// Members of a class by name.
pub type Members = FxHashMap<Ustr, Val>;

/// Functions with the arguments that some caller passes.
pub type Contexts = Vec<(FuncRef, Vec<Val>)>;

/// What a file offers to others.
#[derive(Clone, Default, Debug)]
pub struct Interface {
    /// Exported names with their values.
    pub(super) exports: FxHashMap<Ustr, Val>,
    /// `module.exports`, where the code writes to it.
    pub(super) common: Option<Val>,
    /// Rust: modules below, by name.
    pub(super) children: FxHashMap<Ustr, FileId>,
    /// Functions of the file that others can get hold of.
    pub(super) summaries: FxHashMap<FuncRef, Arc<Summary>>,
    /// Classes of the file that others can get hold of, by block and number.
    pub(super) classes: FxHashMap<(BlockId, u32), Arc<Members>>,
    /// Functions of the file among them that give promises which may be rejected.
    pub(super) rejects: FxHashSet<FuncRef>,
    /// Async functions of the file among them whose promises are never rejected.
    pub(super) settles: FxHashSet<FuncRef>,
    /// Exported names of functions that give promises which may be rejected, those of other files included; `default` is also what `module.exports` is.
    pub rejecting: BTreeSet<Ustr>,
    /// Exported names of async functions whose promises are never rejected, likewise.
    pub settling: BTreeSet<Ustr>,
}

/// Other files, as far as imports reach them.
pub trait Modules: Sync {
    /// What a file of another group offers; `None` where that is not known.
    fn interface(&self, file: FileId) -> Option<Arc<Interface>>;

    /// The file that a block is of.
    fn owner(&self, block: BlockId) -> Option<FileId>;
}

/// No other files.
pub struct NoModules;

impl Modules for NoModules {
    fn interface(&self, _: FileId) -> Option<Arc<Interface>> {
        None
    }

    fn owner(&self, _: BlockId) -> Option<FileId> {
        None
    }
}

/// What was found in a file.
#[derive(Default)]
pub struct FileResult {
    /// Foreign data that reached sinks, with the block that brought it there; the sink may be in another file.
    pub(crate) hits: Vec<(BlockId, Hit)>,
    /// Other notes by block.
    pub(crate) notes: Vec<(BlockId, Note)>,
    /// Blocks that were too costly to analyse whole.
    pub(crate) exhausted: Vec<BlockId>,
    /// Of a file that its package offers to other programs: the blocks of the functions that it exports, those of other files
    /// included.
    pub(crate) offers: FxHashSet<BlockId>,
    /// What it hands to functions of other groups.
    pub(crate) contexts: Contexts,
    /// Expressions that were visited to find it; the first file of a group holds those of the group.
    pub(crate) steps: u64,
}

/// Whether both are the same in everything.
pub fn same_contexts(a: &Contexts, b: &Contexts) -> bool {
    let values = |a: &[Val], b: &[Val]| a.len() == b.len() && a.iter().zip(b).all(|(x, y)| identical(x, y));
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.0 == y.0 && values(&x.1, &y.1))
}

impl Interface {
    /// Whether both offer the same in everything.
    pub fn is_identical(&self, other: &Interface) -> bool {
        let values = |a: &FxHashMap<Ustr, Val>, b: &FxHashMap<Ustr, Val>| {
            a.len() == b.len() && a.iter().all(|(name, v)| b.get(name).is_some_and(|w| identical(v, w)))
        };
        let common = match (&self.common, &other.common) {
            (Some(a), Some(b)) => identical(a, b),
            (None, None) => true,
            _ => false,
        };
        common
            && values(&self.exports, &other.exports)
            && self.children == other.children
            && self.rejects == other.rejects
            && self.settles == other.settles
            && self.rejecting == other.rejecting
            && self.settling == other.settling
            && self.summaries.len() == other.summaries.len()
            && self.classes.len() == other.classes.len()
            && self
                .summaries
                .iter()
                .all(|(f, s)| other.summaries.get(f).is_some_and(|o| Arc::ptr_eq(s, o) || s.is_identical(o)))
            && self.classes.iter().all(|(c, m)| other.classes.get(c).is_some_and(|o| Arc::ptr_eq(m, o) || values(m, o)))
    }

    pub(super) fn summary(&self, func: &FuncRef) -> Option<Arc<Summary>> {
        self.summaries.get(func).cloned()
    }

    pub(super) fn members(&self, class: &ClassRef) -> Option<Arc<Members>> {
        self.classes.get(&(class.block, class.id)).cloned()
    }
}
