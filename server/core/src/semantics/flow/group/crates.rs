//! Rust: the modules of a crate, and paths through them.

use super::*;

/// Imports that are followed one after another.
const MAX_HOPS: usize = 12;

/// A module.
struct Node {
    /// The block of its items.
    unit: usize,
    parent: Option<usize>,
    children: FxHashMap<Ustr, usize>,
}

/// The modules of a crate.
#[derive(Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The module of each unit.
    of: Vec<usize>,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A module of the group.
    Module(usize),
    /// A module of another group.
    Foreign(FileId),
    /// What the items of a unit bind.
    Bound(usize, Ustr),
    /// A class.
    Class(ClassRef),
    /// What a module of another group exports.
    Exported(FileId, Ustr),
    /// A member of something else: an associated function, a variant.
    Member(Arc<Item>, Ustr),
}

/// What names of modules lead to, as far as it was asked; `None` for those that lead out of the program.
pub(super) type Known = FxHashMap<(usize, Ustr), Option<Item>>;

impl Tree {
    pub(super) fn new(units: &[Unit], files: &[Member]) -> Tree {
        let mut tree = Tree { nodes: Vec::new(), of: Vec::with_capacity(units.len()) };
        for (i, unit) in units.iter().enumerate() {
            let around = unit.parent.map(|p| tree.of[p]);
            let name = match unit.hir.classes.first() {
                Some(class) if unit.block.kind() == BlockKind::Container && class.is_namespace => class.name,
                _ => None,
            };
            let own = match (around, name) {
                (Some(around), None) => around,
                (around, name) => {
                    let node = tree.nodes.len();
                    tree.nodes.push(Node { unit: i, parent: around, children: FxHashMap::default() });
                    if let (Some(around), Some(name)) = (around, name) {
                        tree.nodes[around].children.insert(last_name(name), node);
                    }
                    node
                }
            };
            tree.of.push(own);
        }
        let number: FxHashMap<FileId, usize> = files.iter().enumerate().map(|(i, f)| (f.id, i)).collect();
        for file in files {
            for (path, target) in &file.links.modules {
                let Some(&child) = number.get(target) else { continue };
                let mut at = Some(tree.of[file.module]);
                let mut parts = path.split("::").peekable();
                while let (Some(part), Some(node)) = (parts.next(), at) {
                    if parts.peek().is_some() {
                        at = tree.nodes[node].children.get(&Ustr::from(part)).copied();
                        continue;
                    }
                    let child = tree.of[files[child].module];
                    tree.nodes[node].children.insert(Ustr::from(part), child);
                    if tree.nodes[child].parent.is_none() && child != node {
                        tree.nodes[child].parent = Some(node);
                    }
                }
            }
        }
        tree
    }

    /// The module at the top of the crate.
    fn root(&self, mut node: usize) -> usize {
        for _ in 0..64 {
            match self.nodes[node].parent {
                Some(parent) => node = parent,
                None => break,
            }
        }
        node
    }
}

impl Linker<'_> {
    /// What a path leads to that is written in a unit; `None` if that is no part of the program.
    pub(super) fn item(&self, unit: usize, path: &str) -> Option<Item> {
        self.item_from(*self.tree.of.get(unit)?, path, 0)
    }

    fn item_from(&self, module: usize, path: &str, hops: usize) -> Option<Item> {
        if hops > MAX_HOPS {
            return None;
        }
        let mut parts = path.split("::");
        let first = parts.next()?;
        let mut at = match first {
            "crate" => Item::Module(self.tree.root(module)),
            "self" => Item::Module(module),
            "super" => Item::Module(self.tree.nodes[module].parent?),
            _ => self.named(module, Ustr::from(first), hops)?,
        };
        for part in parts {
            let name = Ustr::from(part);
            at = match at {
                Item::Module(module) if part == "super" => Item::Module(self.tree.nodes[module].parent?),
                Item::Module(module) => self.named(module, name, hops)?,
                Item::Foreign(file) => {
                    let interface = self.modules.interface(file)?;
                    match interface.children.get(&name) {
                        Some(child) => Item::Foreign(*child),
                        None if interface.exports.contains_key(&name) => Item::Exported(file, name),
                        None => return None,
                    }
                }
                other => Item::Member(Arc::new(other), name),
            };
        }
        Some(at)
    }

    /// What is known of an item's value.
    pub(super) fn item_value(&self, item: &Item) -> Option<Val> {
        match item {
            Item::Module(_) | Item::Foreign(_) => None,
            Item::Bound(unit, name) => self.envs.borrow()[*unit].get(name).cloned(),
            Item::Class(class) => Some(Arc::new(Value { class: Some(*class), ..Value::default() })),
            Item::Exported(file, name) => self.modules.interface(*file)?.exports.get(name).cloned(),
            Item::Member(of, name) => {
                let value = self.item_value(of)?;
                match value.class {
                    Some(class) => Link { linker: self, unit: 0 }.class_member(&class, *name),
                    None => value.field(*name).cloned(),
                }
            }
        }
    }

    /// The class that an item is.
    pub(super) fn item_class(&self, item: &Item) -> Option<ClassRef> {
        match item {
            Item::Class(class) => Some(*class),
            Item::Exported(..) => self.item_value(item)?.class,
            _ => None,
        }
    }

    /// A name in a module: an item, a module below, an import, a crate.
    fn named(&self, module: usize, name: Ustr, hops: usize) -> Option<Item> {
        if let Some(known) = self.items.borrow().get(&(module, name)) {
            return known.clone();
        }
        // Imports that lead back here lead nowhere.
        self.items.borrow_mut().insert((module, name), None);
        let found = self.find_named(module, name, hops);
        self.items.borrow_mut().insert((module, name), found.clone());
        found
    }

    fn find_named(&self, module: usize, name: Ustr, hops: usize) -> Option<Item> {
        let node = &self.tree.nodes[module];
        if let Some(&child) = node.children.get(&name) {
            return Some(Item::Module(child));
        }
        let unit = node.unit;
        if let Some(class) = self.class_in(unit, name) {
            return Some(Item::Class(class));
        }
        if self.bound[unit].contains(&name) {
            return Some(Item::Bound(unit, name));
        }
        let hir = &self.units[unit].hir;
        if let Some(import) = self.import_of[unit].get(&name).map(|n| &hir.imports[*n]) {
            return self.item_from(module, &import_path(import), hops + 1);
        }
        for import in hir.imports.iter().filter(|im| im.what == Imported::Glob) {
            let found = match self.item_from(module, &import.module, hops + 1) {
                Some(Item::Module(other)) if other != module => self.named(other, name, hops + 1),
                Some(Item::Foreign(file)) => {
                    let interface = self.modules.interface(file);
                    let exports = interface.is_some_and(|i| i.exports.contains_key(&name));
                    exports.then_some(Item::Exported(file, name))
                }
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        // A crate of the workspace.
        let target = self.target(self.units[unit].file, name)?;
        Some(match self.file_of.get(&target) {
            Some(&own) => Item::Module(self.tree.of[self.files[own].module]),
            None => Item::Foreign(target),
        })
    }

    /// The class of that name that a unit's file declares at the unit's own level, or has implementations for.
    fn class_in(&self, unit: usize, name: Ustr) -> Option<ClassRef> {
        let list = self.files[self.units[unit].file].classes.get(&name)?;
        let module = self.tree.of[unit];
        let here = list.iter().find(|(i, _)| self.tree.of[*i] == module)?;
        Some(ClassRef { block: self.units[here.0].block.id(), id: here.1, is_static: false })
    }

    /// What a file of a crate offers to other crates.
    pub(super) fn crate_interface(&self, file: usize, interface: &mut Interface) {
        let module = self.tree.of[self.files[file].module];
        let unit = self.files[file].module;
        for (name, child) in &self.files[file].links.modules {
            if !name.contains("::") {
                interface.children.insert(*name, *child);
            }
        }
        let mut names: Vec<Ustr> = self.envs.borrow()[unit].keys().copied().collect();
        names.extend(self.files[file].classes.keys());
        let mut globs = vec![module];
        let mut at = 0;
        while at < globs.len() && at < 32 {
            let node = globs[at];
            at += 1;
            let hir = &self.units[self.tree.nodes[node].unit].hir;
            if node != module {
                names.extend(self.envs.borrow()[self.tree.nodes[node].unit].keys().copied());
                names.extend(self.files[self.units[self.tree.nodes[node].unit].file].classes.keys());
            }
            for export in &hir.exports {
                match export {
                    Export::From { name, .. } => names.push(*name),
                    Export::All { module: path } => {
                        if let Some(Item::Module(other)) = self.item_from(node, path, 1)
                            && !globs.contains(&other)
                        {
                            globs.push(other);
                        }
                    }
                    _ => {}
                }
            }
        }
        names.sort_unstable_by_key(|n| n.as_str());
        names.dedup();
        for name in names {
            match self.named(module, name, 0) {
                Some(Item::Module(other)) => {
                    let unit = &self.units[self.tree.nodes[other].unit];
                    // A module that is re-exported as a whole.
                    if unit.parent.is_none() {
                        interface.children.entry(name).or_insert(self.files[unit.file].id);
                    }
                }
                Some(item) => {
                    if let Some(value) = self.item_value(&item) {
                        interface.exports.insert(name, value);
                    }
                }
                None => {}
            }
        }
    }
}

/// The path that an import brings in.
pub(super) fn import_path(import: &crate::semantics::hir::Import) -> String {
    match import.what {
        Imported::Name(name) => format!("{}::{name}", import.module),
        _ => import.module.to_string(),
    }
}
