//! What is known of a program without its syntax: which files there are and where their names lead. That is enough to tell
//! whether what was once found in a file still holds.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_grammars::Family;

use super::graph::Graph;
use super::layout::{self, Layout};
use super::{Leads, Named, Names, Workers, graph_of, leads};
use crate::semantics::flow::{FileId, Links};
use crate::system::System;

/// Names something by its content.
pub type Key = [u8; 16];

struct File {
    path: Arc<str>,
    family: Family,
    names: Arc<Names>,
    /// Names its text and what it is analysed with.
    key: Key,
}

/// Files with what they name of others.
pub struct Outline {
    root: PathBuf,
    files: Vec<File>,
    by_path: FxHashMap<Arc<str>, FileId>,
    layout: Layout,
    /// Folders of which the manifests were read; files come, and none goes.
    folders: usize,
    /// Where the names of the files lead, as far as that is known.
    leads: Vec<OnceLock<(Leads, Leads)>>,
    /// Whether that is known of all, and nothing is missing.
    is_whole: bool,
}

impl Outline {
    /// Without files. Their paths will be relative to `root`, with `/`.
    pub fn new(root: PathBuf) -> Outline {
        Outline {
            root,
            files: Vec::new(),
            by_path: FxHashMap::default(),
            layout: Layout::default(),
            folders: 0,
            leads: Vec::new(),
            is_whole: false,
        }
    }

    /// Adds a file, once. `key` names its text and everything else, but for other files, that decides what is found in it.
    /// After [`Outline::missing`] these are files that it named.
    pub fn add(&mut self, path: &Arc<str>, family: Family, names: Arc<Names>, key: Key) {
        self.is_whole = false;
        let id = FileId(self.files.len() as u32);
        if self.by_path.insert(path.clone(), id).is_none() {
            self.files.push(File { path: path.clone(), family, names, key });
            self.leads.push(OnceLock::new());
        }
    }

    /// Takes back that some files exist that [`Outline::missing`] named: nothing can be read there.
    pub fn lack(&mut self, paths: &FxHashSet<String>) {
        self.is_whole = false;
        for leads in &mut self.leads {
            let leads_there = |(targets, modules): &(Leads, Leads)| {
                targets.iter().chain(modules).any(|(_, path)| paths.contains(path))
            };
            if leads.get().is_some_and(leads_there) {
                *leads = OnceLock::new();
            }
        }
    }

    /// Reads the manifests of the files that are there.
    pub fn read_layout(&mut self, system: &dyn System) {
        let folders = layout::folders(self.by_path.keys().map(|p| &**p));
        if folders.len() == self.folders {
            return;
        }
        self.folders = folders.len();
        let layout = Layout::read(system, &self.root, folders);
        if layout != self.layout {
            (self.layout, self.is_whole) = (layout, false);
            self.leads.iter_mut().for_each(|leads| *leads = OnceLock::new());
        }
    }

    /// Files that those of the program name and that exist, but are not in it.
    pub fn missing(&mut self, exists: &(dyn Fn(&str) -> bool + Sync), workers: &dyn Workers) -> Vec<String> {
        /// Files that are looked at in one go.
        const STRETCH: usize = 64;
        let contains = |path: &str| self.by_path.contains_key(path);
        let there = |path: &str| contains(path) || exists(path);
        let crates = self.layout.crates(&there);
        let new: Vec<(&File, &OnceLock<_>)> =
            self.files.iter().zip(&self.leads).filter(|(_, leads)| leads.get().is_none()).collect();
        workers.each(new.len().div_ceil(STRETCH), &|n| {
            for (file, known) in new.iter().skip(n * STRETCH).take(STRETCH) {
                known.get_or_init(|| leads(&self.layout, file.named(), &crates, &there));
            }
        });
        let all = self.leads.iter().filter_map(OnceLock::get);
        let targets = all.flat_map(|(targets, modules)| targets.iter().chain(modules));
        let mut missing: Vec<String> = targets.filter(|(_, p)| !contains(p)).map(|(_, p)| p.clone()).collect();
        missing.sort_unstable();
        missing.dedup();
        // Then what exists makes no difference any more.
        self.is_whole = missing.is_empty();
        missing
    }

    /// Follows the names, and tells what each file depends on.
    pub fn link(mut self, workers: &dyn Workers) -> Linked {
        let known = self.is_whole.then(|| std::mem::take(&mut self.leads));
        let exists = |path: &str| self.by_path.contains_key(path);
        let crates = self.layout.crates(&exists);
        let of = |file: &File| leads(&self.layout, file.named(), &crates, &exists);
        let known = known.map(|known| known.into_iter().filter_map(OnceLock::into_inner).collect());
        let all: Vec<(Leads, Leads)> = known.unwrap_or_else(|| self.files.iter().map(of).collect());
        let offered = self.layout.offered(&exists);
        let links: Vec<Links> = all
            .into_iter()
            .zip(&self.files)
            .map(|((targets, modules), file)| {
                let id = |(name, path): (_, String)| Some((name, *self.by_path.get(&*path)?));
                Links {
                    is_offered: offered.contains(&*file.path),
                    is_command: self.layout.is_command(&file.path),
                    is_without_documents: self.layout.is_without_documents(&file.path),
                    is_aside: self.layout.is_aside(&file.path),
                    is_library: self.layout.is_library(&file.path),
                    is_stand_in: self.layout.is_stand_in(&file.path),
                    targets: targets.into_iter().filter_map(id).collect(),
                    modules: modules.into_iter().filter_map(id).collect(),
                }
            })
            .collect();
        let graph = graph_of(self.by_path.iter().map(|(p, id)| (p, *id)).collect(), |id| links.get(id.0 as usize));
        let count = graph.groups.len();
        let mut below: Vec<FxHashSet<usize>> = vec![FxHashSet::default(); count];
        let mut above = below.clone();
        for (n, links) in links.iter().enumerate() {
            let from = graph.of[&FileId(n as u32)];
            for to in links.targets.values().chain(links.modules.iter().map(|(_, t)| t)).map(|t| graph.of[t]) {
                if from != to {
                    below[from].insert(to);
                    above[to].insert(from);
                }
            }
        }
        let keys = self.keys(&graph, &links, (&below, &above), workers);
        Linked {
            layout: self.layout,
            paths: self.files.into_iter().map(|f| f.path).collect(),
            by_path: self.by_path,
            graph,
            below,
            above,
            keys,
        }
    }

    /// Names, for each group, everything that decides what is found in its files: these and what they import, and what
    /// imports them, with everything that that imports.
    fn keys(
        &self,
        graph: &Graph,
        links: &[Links],
        (below, above): (&[FxHashSet<usize>], &[FxHashSet<usize>]),
        workers: &dyn Workers,
    ) -> Vec<Key> {
        /// Groups that are hashed in one go.
        const STRETCH: usize = 64;
        // What the files of a group say by themselves.
        let own = |files: &[FileId]| {
            let mut hasher = blake3::Hasher::new();
            for id in files {
                let file = &self.files[id.0 as usize];
                text(&mut hasher, &file.path);
                hasher.update(&file.key);
                let links = &links[id.0 as usize];
                let told = [
                    links.is_offered,
                    links.is_command,
                    links.is_without_documents,
                    links.is_aside,
                    links.is_library,
                    links.is_stand_in,
                ];
                hasher.update(&told.map(u8::from));
                let mut targets: Vec<_> = links.targets.iter().map(|(name, to)| (name.as_str(), *to)).collect();
                targets.sort_unstable();
                for (name, to) in targets.into_iter().chain(links.modules.iter().map(|(n, to)| (n.as_str(), *to))) {
                    text(&mut hasher, name);
                    text(&mut hasher, &self.files[to.0 as usize].path);
                }
                hasher.update(&[0xff]);
            }
            hasher
        };
        let mut hashers: Vec<OnceLock<blake3::Hasher>> = graph.groups.iter().map(|_| OnceLock::new()).collect();
        workers.each(hashers.len().div_ceil(STRETCH), &|n| {
            for (files, hasher) in graph.groups.iter().zip(&hashers).skip(n * STRETCH).take(STRETCH) {
                hasher.get_or_init(|| own(files));
            }
        });
        let mut down: Vec<Key> = Vec::with_capacity(below.len());
        // Groups come after those that they import.
        for (group, hasher) in hashers.iter_mut().enumerate() {
            let hasher = hasher.take().unwrap_or_else(|| own(&graph.groups[group]));
            down.push(with(hasher, below[group].iter().filter_map(|g| down.get(*g).copied())));
        }
        let mut up: Vec<Key> = vec![[0; 16]; above.len()];
        for group in (0..above.len()).rev() {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&down[group]);
            up[group] = with(hasher, above[group].iter().map(|g| up[*g]));
        }
        up
    }
}

impl File {
    fn named(&self) -> Named<'_> {
        Named { path: &self.path, family: self.family, names: &self.names }
    }
}

fn text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

/// The hash of what a hasher has taken and of some keys, whatever their order.
fn with(mut hasher: blake3::Hasher, keys: impl Iterator<Item = Key>) -> Key {
    let mut keys: Vec<Key> = keys.collect();
    keys.sort_unstable();
    for key in keys {
        hasher.update(&key);
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

/// Files of which it is known where their names lead.
pub struct Linked {
    layout: Layout,
    paths: Vec<Arc<str>>,
    by_path: FxHashMap<Arc<str>, FileId>,
    graph: Graph,
    /// The groups that each imports, and those that import it.
    below: Vec<FxHashSet<usize>>,
    above: Vec<FxHashSet<usize>>,
    keys: Vec<Key>,
}

impl Linked {
    /// Where modules lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Names everything in the program that decides what is found in a file: where it is the same, the same is found.
    pub fn key(&self, path: &str) -> Option<Key> {
        let group = self.graph.of.get(self.by_path.get(path)?)?;
        self.keys.get(*group).copied()
    }

    /// All files that decide what is found in some files, these among them.
    pub fn closure<'p>(&self, paths: impl Iterator<Item = &'p str>) -> FxHashSet<Arc<str>> {
        let groups = paths.filter_map(|p| self.graph.of.get(self.by_path.get(p)?).copied());
        let mut open: Vec<usize> = groups.collect();
        let mut importers: FxHashSet<usize> = open.iter().copied().collect();
        while let Some(group) = open.pop() {
            open.extend(self.above[group].iter().copied().filter(|g| importers.insert(*g)));
        }
        let mut all = importers.clone();
        open.extend(importers);
        while let Some(group) = open.pop() {
            open.extend(self.below[group].iter().copied().filter(|g| all.insert(*g)));
        }
        let files = all.iter().flat_map(|g| &self.graph.groups[*g]);
        files.filter_map(|id| self.paths.get(id.0 as usize).cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::hir::Ustr;
    use crate::system::NoSystem;

    /// A program of files `name: imported, ..`; the key of each file is its name and `salt`, where that is given for it.
    fn linked(files: &[(&str, &[&str])], salted: Option<&str>) -> Linked {
        let mut outline = Outline::new(PathBuf::from("/r"));
        for (name, imports) in files {
            let modules = imports.iter().map(|i| Ustr::from(&format!("./{i}"))).collect();
            let mut hasher = blake3::Hasher::new();
            hasher.update(name.as_bytes());
            hasher.update(&[u8::from(salted == Some(name))]);
            let key = with(hasher, std::iter::empty());
            let names = Arc::new(Names { modules, declared: Vec::new() });
            outline.add(&format!("{name}.ts").into(), Family::Ecma, names, key);
        }
        outline.read_layout(&NoSystem);
        outline.link(&crate::program::Alone)
    }

    const FILES: &[(&str, &[&str])] = &[
        ("app", &["a", "b"]),
        ("a", &["util"]),
        ("b", &["circle"]),
        ("circle", &["b"]),
        ("util", &[]),
        ("lone", &["util"]),
    ];

    #[test]
    fn a_key_changes_with_what_a_file_depends_on() {
        let before = linked(FILES, None);
        let changed = |salted: &str| -> Vec<&str> {
            let after = linked(FILES, Some(salted));
            let differs = |name: &&str| before.key(&format!("{name}.ts")) != after.key(&format!("{name}.ts"));
            FILES.iter().map(|(name, _)| *name).filter(differs).collect()
        };
        assert_eq!(changed("lone"), ["util", "lone"]);
        assert_eq!(changed("util"), ["app", "a", "b", "circle", "util", "lone"]);
        // What `app` hands to `util` may depend on `b`.
        assert_eq!(changed("b"), ["app", "a", "b", "circle", "util"]);
        assert_eq!(before.key("nothing.ts"), None);
    }

    #[test]
    fn a_closure_holds_what_a_key_stands_for() {
        let linked = linked(FILES, None);
        let closure = |name: &str| {
            let mut found: Vec<String> = linked.closure([name].into_iter()).iter().map(|p| p.to_string()).collect();
            found.sort();
            found
        };
        assert_eq!(closure("lone.ts"), ["lone.ts", "util.ts"]);
        assert_eq!(closure("circle.ts"), ["a.ts", "app.ts", "b.ts", "circle.ts", "util.ts"]);
        assert_eq!(closure("util.ts").len(), 6);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_none() {
        let outline = || {
            let mut outline = Outline::new(PathBuf::from("/r"));
            let names = Arc::new(Names { modules: vec![Ustr::from("./b")], declared: Vec::new() });
            outline.add(&"a.ts".into(), Family::Ecma, names, [1; 16]);
            outline.read_layout(&NoSystem);
            outline
        };
        let workers = crate::program::Alone;
        let mut lacking = outline();
        assert_eq!(lacking.missing(&|path| path == "b.ts" || path == "b.js", &workers), ["b.ts"]);
        lacking.lack(&FxHashSet::from_iter(["b.ts".to_owned()]));
        // What the name leads to is asked again.
        assert_eq!(lacking.missing(&|path| path == "b.js", &workers), ["b.js"]);
        lacking.lack(&FxHashSet::from_iter(["b.js".to_owned()]));
        assert!(lacking.missing(&|_| false, &workers).is_empty());
        let mut alone = outline();
        assert!(alone.missing(&|_| false, &workers).is_empty());
        assert_eq!(lacking.link(&workers).key("a.ts"), alone.link(&workers).key("a.ts"));
    }

    #[test]
    fn a_manifest_of_a_new_folder_is_read_before_names_are_followed_on() {
        struct Disk;
        impl System for Disk {
            fn read(&self, path: &std::path::Path) -> Option<String> {
                path.ends_with("lib/package.json").then(|| r#"{ "name": "x", "main": "main.ts" }"#.to_owned())
            }
            fn is_file(&self, path: &std::path::Path) -> bool {
                path.ends_with("lib/package.json")
            }
        }
        let workers = crate::program::Alone;
        let there = |path: &str| matches!(path, "lib/a.ts" | "lib/main.ts");
        let named = |names: &[&str]| {
            let modules = names.iter().map(|n| Ustr::from(n)).collect();
            Arc::new(Names { modules, declared: Vec::new() })
        };
        let mut outline = Outline::new(PathBuf::from("/r"));
        outline.add(&"app.ts".into(), Family::Ecma, named(&["./lib/a", "x"]), [1; 16]);
        outline.read_layout(&Disk);
        assert_eq!(outline.missing(&there, &workers), ["lib/a.ts"]);
        outline.add(&"lib/a.ts".into(), Family::Ecma, named(&[]), [2; 16]);
        outline.read_layout(&Disk);
        assert_eq!(outline.missing(&there, &workers), ["lib/main.ts"]);
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_another_key() {
        let one = linked(&[("a", &["b"]), ("b", &[])], None);
        let other = linked(&[("a", &["b"]), ("c", &[])], None);
        assert_ne!(one.key("a.ts"), other.key("a.ts"));
    }
}
