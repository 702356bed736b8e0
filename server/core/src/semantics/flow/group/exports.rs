//! What the files of a group export, to each other while the group is at work and to other groups when it is done.

use std::collections::BTreeSet;

use super::*;
use crate::rules::rejections::{Rejects, rejects};
use crate::rules::support::is_function;
use crate::semantics::flow::interp::cells::EVENT;
use crate::semantics::hir::GETTER;

/// Re-exports that are followed one after another.
const MAX_HOPS: usize = 16;

impl Linker<'_> {
    /// Remembers what a module's code left in `module.exports` and `exports`.
    pub(super) fn keep_common(&self, file: usize, outcome: &Outcome) {
        let mut found: Option<Val> = None;
        for (name, value) in &outcome.names {
            let exported = match name.as_str() {
                "module" => value.field(Ustr::from("exports")).cloned(),
                "exports" => Some(value.clone()),
                _ => None,
            };
            if let Some(exported) = exported {
                found = Some(found.map_or_else(|| exported.clone(), |old| merged(&old, &exported)));
            }
        }
        if let Some(found) = found {
            // The names themselves are no library's.
            let mut value = Value::clone(&concrete(&found));
            value.apis.retain(|p| !matches!(p.as_str(), "module.exports" | "exports"));
            self.common.borrow_mut()[file] = Some(Arc::new(value));
        }
    }

    /// The value that a file of the program exports under a name.
    pub(super) fn export(&self, file: FileId, name: Ustr, hops: usize) -> Option<Val> {
        match self.file_of.get(&file) {
            Some(&own) => self.own_export(own, name, hops),
            None => {
                let interface = self.modules.interface(file)?;
                if let Some(value) = interface.exports.get(&name) {
                    return Some(value.clone());
                }
                let common = interface.common.as_ref()?;
                common_export(common, name).or_else(|| self.given_by_getter(common, name))
            }
        }
    }

    fn own_export(&self, file: usize, name: Ustr, hops: usize) -> Option<Val> {
        if hops >= MAX_HOPS {
            return None;
        }
        let hir = &self.units[self.files[file].module].hir;
        for export in &hir.exports {
            match export {
                Export::Binding { name: exported, local } if *exported == name => {
                    return Some(self.module_name(file, *local));
                }
                Export::Value { name: exported, value } if *exported == name => {
                    return Some(self.exported_value(file, *value));
                }
                Export::From { name: exported, module, what } if *exported == name => {
                    return self.imported(file, *module, *what, hops + 1);
                }
                _ => {}
            }
        }
        if let Some(common) = self.common.borrow()[file].clone()
            && let Some(found) = common_export(&common, name).or_else(|| self.given_by_getter(&common, name))
        {
            return Some(found);
        }
        if name == "default" {
            return None;
        }
        hir.exports.iter().find_map(|export| match export {
            Export::All { module } => self.export(self.target(file, *module)?, name, hops + 1),
            _ => None,
        })
    }

    /// What a getter of `module.exports` gives whoever asks: `get name() { return require("./name"); }`.
    fn given_by_getter(&self, common: &Val, name: Ustr) -> Option<Val> {
        let getter = common.accessor(GETTER, name)?.funcs.first()?;
        let summary = Link { linker: self, unit: self.files.first()?.module }.summary(getter)?;
        Some(concrete(&summary.result))
    }

    /// What a name of a module's top level holds.
    pub(super) fn module_name(&self, file: usize, name: Ustr) -> Val {
        let unit = self.files[file].module;
        let known = self.envs.borrow()[unit].get(&name).cloned();
        known.unwrap_or_else(|| Link { linker: self, unit }.name(name))
    }

    /// The value of an exported expression, as the module's run saw it.
    pub(super) fn exported_value(&self, file: usize, value: crate::semantics::hir::ExprId) -> Val {
        let outcomes = self.outcomes.borrow();
        let exported = outcomes[self.files[file].module].as_ref().map(|r| &r.outcome.exported[..]).unwrap_or_default();
        let found = exported.iter().filter(|(id, _)| *id == value).map(|(_, v)| v.clone());
        found.reduce(|a, b| join(&a, &b)).unwrap_or_else(unknown)
    }

    /// The file that a specifier in a file of the group leads to.
    pub(super) fn target(&self, file: usize, module: Ustr) -> Option<FileId> {
        self.files[file].links.targets.get(&module).copied()
    }

    /// What a file of the group imports from a module of the program; `None` if it is none, or has no such export.
    pub(super) fn imported(&self, file: usize, module: Ustr, what: Imported, hops: usize) -> Option<Val> {
        let target = self.target(file, module)?;
        match what {
            Imported::Name(name) => self.export(target, name, hops),
            Imported::Namespace | Imported::Glob => Some(self.namespace(target)),
            Imported::Default => {
                // CommonJS through a default import: the exports object.
                self.export(target, Ustr::from("default"), hops).or_else(|| self.common_of(target))
            }
        }
    }

    fn common_of(&self, file: FileId) -> Option<Val> {
        match self.file_of.get(&file) {
            Some(&own) => self.common.borrow()[own].clone(),
            None => self.modules.interface(file)?.common.clone(),
        }
    }

    /// A module as an object.
    pub(super) fn namespace(&self, file: FileId) -> Val {
        let common = self.common_of(file);
        let value = match common {
            Some(common) => Value::clone(&common),
            None => Value { types: Types::OBJECT, ..Value::default() },
        };
        let mut names: Vec<(Ustr, Val)> = match self.file_of.get(&file) {
            Some(&own) => {
                self.export_names(own, 0).into_iter().filter_map(|n| Some((n, self.own_export(own, n, 0)?))).collect()
            }
            None => self
                .modules
                .interface(file)
                .map(|i| i.exports.iter().map(|(n, v)| (*n, v.clone())).collect())
                .unwrap_or_default(),
        };
        // Of `module.exports` the fields that no export names stay.
        let named = |n: &Ustr| names.iter().any(|(m, _)| m == n);
        let rest: Vec<(Ustr, Val)> = value.fields().filter(|(n, _)| !named(n)).cloned().collect();
        names.extend(rest);
        names.sort_by_key(|(n, _)| n.as_str());
        if names.is_empty() { Arc::new(value) } else { Arc::new(value.with_fields(names)) }
    }

    /// Names that a file of the group exports.
    fn export_names(&self, file: usize, hops: usize) -> Vec<Ustr> {
        let mut names = Vec::new();
        if hops >= MAX_HOPS {
            return names;
        }
        for export in &self.units[self.files[file].module].hir.exports {
            match export {
                Export::Binding { name, .. } | Export::Value { name, .. } | Export::From { name, .. } => {
                    names.push(*name)
                }
                Export::All { module } => {
                    let Some(target) = self.target(file, *module) else { continue };
                    let below = match self.file_of.get(&target) {
                        Some(&own) => self.export_names(own, hops + 1),
                        None => self
                            .modules
                            .interface(target)
                            .map(|i| i.exports.keys().copied().collect())
                            .unwrap_or_default(),
                    };
                    names.extend(below.into_iter().filter(|n| *n != "default"));
                }
            }
        }
        names.sort_unstable_by_key(|n| n.as_str());
        names.dedup();
        names
    }

    /// What each file offers to other groups, with summaries of everything that these can get hold of.
    pub(super) fn interfaces(&self) -> Vec<Interface> {
        let mut out: Vec<Interface> = (0..self.files.len()).map(|file| self.interface(file)).collect();
        let mut open: Vec<Val> = Vec::new();
        for interface in &out {
            let mut values: Vec<_> = interface.exports.iter().collect();
            values.sort_by_key(|(n, _)| n.as_str());
            open.extend(interface.common.iter().cloned());
            open.extend(values.into_iter().map(|(_, v)| v.clone()));
        }
        open.reverse();
        while let Some(value) = open.pop() {
            for func in &value.funcs {
                let Some(&i) = self.by_id.get(&func.block) else { continue };
                let interface = &mut out[self.units[i].file];
                if interface.summaries.contains_key(func) {
                    continue;
                }
                let Some(summary) = self.summary_of(i, func.id) else { continue };
                open.push(summary.result.clone());
                open.extend(summary.writes.iter().map(|(_, _, v)| v.clone()));
                interface.summaries.insert(*func, summary);
                if self.family == Family::Ecma {
                    match self.rejections(i, func.id) {
                        Some((_, Rejects::With(_) | Rejects::Itself)) => drop(interface.rejects.insert(*func)),
                        Some((true, Rejects::Never)) => drop(interface.settles.insert(*func)),
                        _ => {}
                    }
                }
            }
            if let Some(class) = &value.class
                && let Some(&i) = self.by_id.get(&class.block)
            {
                let interface = &mut out[self.units[i].file];
                interface.classes.entry((class.block, class.id)).or_insert_with(|| {
                    let members = self.whole_class(i, class.id);
                    let mut list: Vec<_> = members.iter().collect();
                    list.sort_by_key(|(n, _)| n.as_str());
                    open.extend(list.into_iter().rev().map(|(_, v)| v.clone()));
                    members
                });
            }
            open.extend(value.fields().map(|(_, v)| v.clone()));
        }
        let of = |i: &Interface| (self.all_of(i, &out, |i| &i.rejects), self.all_of(i, &out, |i| &i.settles));
        let names: Vec<_> = out.iter().map(of).collect();
        for (interface, (rejecting, settling)) in out.iter_mut().zip(names) {
            interface.rejecting = rejecting;
            interface.settling = settling;
        }
        out
    }

    /// Whether a function is async, and what must fail for the promise that it gives to be rejected.
    fn rejections(&self, i: usize, id: FnId) -> Option<(bool, Rejects)> {
        let told = |f: crate::syntax::Node<'_>| (f.has_token("async"), rejects(f));
        let unit = &self.units[i];
        let root = unit.block.arena().root();
        if id.0 == 0 && is_function(root) {
            return Some(told(root));
        }
        let span = unit.hir.functions.get(id.0 as usize).map(|f| f.span);
        let function = unit.block.arena().nodes().find(|n| is_function(*n) && !n.is_hole() && Some(n.span()) == span);
        function.map(told)
    }

    /// Exported names that stand for nothing but functions of a set of their files.
    fn all_of(
        &self,
        interface: &Interface,
        group: &[Interface],
        set: impl Fn(&Interface) -> &FxHashSet<FuncRef>,
    ) -> BTreeSet<Ustr> {
        let within = |func: &FuncRef| match self.by_id.get(&func.block) {
            Some(&i) => set(&group[self.units[i].file]).contains(func),
            None => {
                let owner = self.modules.owner(func.block).and_then(|file| self.modules.interface(file));
                owner.is_some_and(|i| set(&i).contains(func))
            }
        };
        let all = |value: &Val| !value.funcs.is_empty() && value.apis.is_empty() && value.funcs.iter().all(within);
        let of_common = interface.common.iter().flat_map(|c| {
            let own = std::iter::once((Ustr::from("default"), c.clone()));
            own.chain(c.fields().map(|(name, value)| (*name, value.clone())))
        });
        let exports = interface.exports.iter().map(|(name, value)| (*name, value.clone()));
        exports.chain(of_common).filter(|(_, value)| all(value)).map(|(name, _)| name).collect()
    }

    fn interface(&self, file: usize) -> Interface {
        let mut interface = Interface::default();
        let id = self.files[file].id;
        if self.family == Family::Rust {
            self.crate_interface(file, &mut interface);
            return interface;
        }
        interface.common = self.common_of(id);
        for name in self.export_names(file, 0) {
            if let Some(value) = self.own_export(file, name, 0) {
                interface.exports.insert(name, value);
            }
        }
        let listened = self.listened(file);
        if listened.fields.is_some() {
            interface.exports.insert(Ustr::from(EVENTS), Arc::new(listened));
        }
        interface
    }

    /// Who listens to an event of an emitter that modules share: functions of this group, or of those that a file imports.
    pub(super) fn listeners(&self, file: usize, event: Ustr) -> Option<Val> {
        let own = self.cells.borrow().get(&Ustr::from(&format!("{EVENT}{event}"))).cloned();
        let theirs = self.imported_events(file);
        let all = own.into_iter().chain(theirs.iter().filter_map(|v| v.field(event).cloned()));
        all.reduce(|a, b| join(&a, &b))
    }

    /// What the files that a file imports say of events, in an order that hangs on no map.
    fn imported_events(&self, file: usize) -> Vec<Val> {
        let mut targets: Vec<FileId> = self.files[file].links.targets.values().copied().collect();
        targets.sort_unstable();
        targets.dedup();
        let events = |t: &FileId| self.modules.interface(*t)?.exports.get(&Ustr::from(EVENTS)).cloned();
        targets.iter().filter_map(events).collect()
    }

    /// Events with their listeners, as far as a file and those that it imports have any.
    fn listened(&self, file: usize) -> Value {
        let mut out = Value::default();
        let cells = self.cells.borrow();
        let mut own: Vec<(Ustr, Val)> = cells
            .iter()
            .filter_map(|(name, listener)| Some((Ustr::from(name.strip_prefix(EVENT)?), listener.clone())))
            .collect();
        own.sort_by_key(|(name, _)| name.as_str());
        let theirs = self.imported_events(file);
        let theirs = theirs.iter().flat_map(|v| v.fields().cloned());
        for (name, listener) in own.into_iter().chain(theirs).take(MAX_EVENTS) {
            let all = out.field(name).map_or_else(|| listener.clone(), |old| join(old, &listener));
            out.set_field(name, all);
        }
        out
    }

    /// All members of a class, those of its other parts included.
    fn whole_class(&self, i: usize, n: u32) -> Arc<Members> {
        let own = self.class_members(i, n);
        let parts = self.parts(i, n);
        if parts.is_empty() {
            return own;
        }
        let mut all = Members::clone(&own);
        for (j, m) in parts {
            for (name, value) in self.class_members(j, m).iter() {
                all.entry(*name).or_insert_with(|| value.clone());
            }
        }
        Arc::new(all)
    }
}

/// The name under which an interface says who listens to which event; no export is called so.
const EVENTS: &str = "@events";
/// Most of them.
const MAX_EVENTS: usize = 64;

/// What `module.exports` gives under a name.
fn common_export(common: &Val, name: Ustr) -> Option<Val> {
    common.field(name).cloned()
}

/// `module.exports` and `exports`, which are one object until one of them is replaced.
fn merged(a: &Val, b: &Val) -> Val {
    let mut out = Value::clone(a);
    // `exports.version = "3"; module.exports = Engine;`
    if out.funcs.is_empty() {
        out.funcs.clone_from(&b.funcs);
    }
    if out.class.is_none() {
        out.class.clone_from(&b.class);
    }
    for (name, value) in b.fields() {
        if out.field(*name).is_none() {
            out = out.with_field(*name, value.clone());
        }
    }
    Arc::new(out)
}
