//! The world of one block: names, types, classes and summaries, resolved through the file.

use super::*;
use crate::semantics::flow::interp::carried::CARRIED;
use crate::semantics::flow::interp::cells::EVENT;
use crate::semantics::hir::Type;
use crate::syntax::{Arena, Span};

/// Aliases of types that are followed one after another.
const MAX_ALIASES: usize = 8;

/// The world of one block.
pub(super) struct Link<'l, 'a> {
    pub(super) linker: &'l Linker<'a>,
    pub(super) unit: usize,
}

impl Link<'_, '_> {
    /// The models that hold in the unit.
    fn models(&self) -> &Models {
        self.linker.models(self.unit)
    }

    /// Which file of the group the unit is of.
    fn file(&self) -> usize {
        self.linker.units[self.unit].file
    }

    pub(in crate::semantics::flow) fn imported(&self, module: Ustr, what: Imported) -> Val {
        if self.linker.target(self.file(), module).is_some() {
            return self.linker.imported(self.file(), module, what, 0).unwrap_or_else(unknown);
        }
        let base = bare(&module);
        let path = match what {
            Imported::Name(name) if name != "default" => Ustr::from(&format!("{base}{}{name}", self.separator())),
            _ => Ustr::from(base),
        };
        api(self.models().canonical(path))
    }

    /// The import of a local name, of the block or one around it.
    fn import(&self, name: Ustr) -> Option<Val> {
        let mut at = Some(self.unit);
        while let Some(i) = at {
            let unit = &self.linker.units[i];
            if let Some(import) = self.linker.import_of[i].get(&name).map(|n| &unit.hir.imports[*n]) {
                return Some(self.imported(import.module, import.what));
            }
            at = unit.parent;
        }
        None
    }

    fn import_path(&self, name: Ustr) -> Option<Ustr> {
        let mut at = Some(self.unit);
        while let Some(i) = at {
            let unit = &self.linker.units[i];
            if let Some(import) = self.linker.import_of[i].get(&name).map(|n| &unit.hir.imports[*n]) {
                let base = bare(&import.module);
                return Some(match import.what {
                    Imported::Name(name) if name != "default" => {
                        Ustr::from(&format!("{base}{}{name}", self.separator()))
                    }
                    _ => Ustr::from(base),
                });
            }
            at = unit.parent;
        }
        None
    }

    /// A path whose first name a glob import brings in, where models know it there.
    fn by_glob(&self, path: Ustr) -> Option<Ustr> {
        if self.linker.family != Family::Rust {
            return None;
        }
        let mut at = Some(self.unit);
        while let Some(i) = at {
            let unit = &self.linker.units[i];
            for import in unit.hir.imports.iter().filter(|im| im.what == Imported::Glob) {
                let full = Ustr::from(&format!("{}::{path}", import.module));
                if self.models().knows(full) {
                    return Some(full);
                }
            }
            at = unit.parent;
        }
        None
    }

    fn separator(&self) -> &'static str {
        if self.linker.family == Family::Rust { "::" } else { "." }
    }

    /// A path as written with its first part resolved by the imports.
    fn full_path(&self, path: Ustr) -> Option<Ustr> {
        let separator = self.separator();
        let (head, rest) = match path.as_str().split_once(separator) {
            Some((head, rest)) => (Ustr::from(head), Some(rest)),
            None => (path, None),
        };
        let Some(base) = self.import_path(head) else { return self.by_glob(path) };
        Some(match rest {
            Some(rest) => Ustr::from(&format!("{base}{separator}{rest}")),
            None => base,
        })
    }

    /// What the source calls by that name (TypeScript): `type A = ..`, `interface A extends ..`.
    fn alias(&self, path: Ustr) -> Option<&Type> {
        if self.linker.family == Family::Rust {
            return None;
        }
        let mut at = Some(self.unit);
        while let Some(i) = at {
            let unit = &self.linker.units[i];
            if let Some((_, ty)) = unit.hir.types.iter().find(|(name, _)| *name == path) {
                return Some(ty);
            }
            at = unit.parent;
        }
        None
    }

    /// What one of the types that an alias stands for is.
    fn aliased<T>(&self, ty: &Type, find: &dyn Fn(&Self, Ustr, usize) -> Option<T>, depth: usize) -> Option<T> {
        match ty {
            Type::Path(path, _) if depth < MAX_ALIASES => find(self, *path, depth + 1),
            Type::Union(parts) => parts.iter().find_map(|p| self.aliased(p, find, depth)),
            _ => None,
        }
    }

    fn type_path_below(&self, path: Ustr, depth: usize) -> Option<Ustr> {
        match self.alias(path) {
            Some(alias) => self.aliased(alias, &|link, path, depth| link.type_path_below(path, depth), depth),
            None => self.written_type(path),
        }
    }

    fn class_below(&self, path: Ustr, depth: usize) -> Option<ClassRef> {
        match self.alias(path) {
            Some(alias) => self.aliased(alias, &|link, path, depth| link.class_below(path, depth), depth),
            None => self.written_class(path),
        }
    }

    fn written_type(&self, path: Ustr) -> Option<Ustr> {
        let models = self.models();
        if let Some(full) = self.full_path(path) {
            let ours = of_crate(&full) && self.has_class(path)
                || self.linker.item(self.unit, &full).is_some_and(|item| self.linker.item_class(&item).is_some());
            return (!ours).then(|| models.canonical(full));
        }
        if path.as_str().contains("::") && models.is_type(models.canonical(path)) {
            return Some(models.canonical(path));
        }
        if self.has_class(path) {
            return None;
        }
        let known = models.canonical(path);
        (models.is_type(known) || known != path || path.as_str().contains(self.separator())).then_some(known)
    }

    fn written_class(&self, path: Ustr) -> Option<ClassRef> {
        let found = self.named_class(path);
        // An interface that one class of the file implements is that class.
        match found {
            None if self.linker.family == Family::Ecma && self.full_path(path).is_none() => {
                self.linker.implementer(self.file(), path)
            }
            found => found,
        }
    }

    fn named_class(&self, path: Ustr) -> Option<ClassRef> {
        if self.linker.family == Family::Rust {
            if path == "Self" {
                return self.linker.enclosing_class(self.unit);
            }
            let full = self.full_path(path).unwrap_or(path);
            if let Some(item) = self.linker.item(self.unit, &full)
                && let Some(class) = self.linker.item_class(&item)
            {
                return Some(ClassRef { is_static: false, ..class });
            }
            let foreign = full.as_str().contains("::") && self.models().is_type(self.models().canonical(full));
            if full != path && !of_crate(&full) || foreign {
                return None;
            }
            return self.own_class(full);
        }
        if self.full_path(path).is_some() {
            if let Some(value) = self.import(path) {
                return value.class.map(|c| ClassRef { is_static: false, ..c });
            }
            return None;
        }
        self.own_class(path)
    }
}

impl World for Link<'_, '_> {
    fn name(&self, name: Ustr) -> Val {
        let mut at = self.linker.units[self.unit].parent;
        let mut below = self.unit;
        while let Some(i) = at {
            if let Some(value) = self.linker.inner.borrow().get(&(below, name)) {
                return value.clone();
            }
            below = i;
            if let Some(value) = self.linker.envs.borrow()[i].get(&name) {
                return value.clone();
            }
            at = self.linker.units[i].parent;
        }
        if self.linker.family == Family::Rust {
            let text = name.as_str();
            if text.contains("::") {
                return self.rust_path(name);
            }
            match self.full_path(name) {
                // Something of this crate.
                Some(full) if of_crate(&full) => return self.rust_path(full),
                Some(full) => {
                    // Or of another one of the workspace.
                    let item = self.linker.item(self.unit, &full);
                    return match item.and_then(|item| self.linker.item_value(&item)) {
                        Some(value) => value,
                        None => api(self.models().canonical(full)),
                    };
                }
                None => {}
            }
        } else if let Some(value) = self.import(name) {
            return value;
        }
        // Declared outside but not yet known: no global of that name.
        let mut at = self.linker.units[self.unit].parent;
        while let Some(i) = at {
            if self.linker.bound[i].contains(&name) {
                return unknown();
            }
            at = self.linker.units[i].parent;
        }
        self.linker.globals.borrow_mut().entry(name).or_insert_with(|| api(self.models().canonical(name))).clone()
    }

    fn child(&self, n: u32) -> Val {
        let Some(&i) = self.linker.units[self.unit].children.get(n as usize) else { return unknown() };
        let unit = &self.linker.units[i];
        let block = unit.block.id();
        let mut value = Value { types: Types::OBJECT, ..Value::default() };
        match unit.block.kind() {
            BlockKind::Function => value.funcs.push(FuncRef { block, id: FnId(0) }),
            _ if unit.hir.classes.first().is_some_and(|c| c.is_namespace) => {
                for (name, v) in self.linker.envs.borrow()[i].iter() {
                    value = value.with_field(*name, v.clone());
                }
            }
            _ => value.class = Some(ClassRef { block, id: 0, is_static: true }),
        }
        Arc::new(value)
    }

    fn words(&self, n: u32) -> Arc<[u32]> {
        let units = &self.linker.units;
        units[self.unit].children.get(n as usize).map_or_else(|| [].into(), |child| units[*child].block.words())
    }

    fn type_path(&self, path: Ustr) -> Option<Ustr> {
        if let Some(alias) = self.alias(path) {
            return self.aliased(alias, &|link, path, depth| link.type_path_below(path, depth), 0);
        }
        self.written_type(path)
    }

    fn class(&self, path: Ustr) -> Option<ClassRef> {
        if let Some(alias) = self.alias(path) {
            return self.aliased(alias, &|link, path, depth| link.class_below(path, depth), 0);
        }
        self.written_class(path)
    }

    fn summary(&self, func: &FuncRef) -> Option<Arc<Summary>> {
        match self.linker.by_id.get(&func.block) {
            Some(&i) => self.linker.summary_of(i, func.id),
            None => {
                let owner = self.linker.modules.owner(func.block)?;
                self.linker.modules.interface(owner)?.summary(func)
            }
        }
    }

    fn code(&self, func: &FuncRef) -> Option<(Arc<Arena>, Span)> {
        let unit = &self.linker.units[*self.linker.by_id.get(&func.block)?];
        let function = unit.hir.functions.get(func.id.0 as usize)?;
        Some((unit.block.arena().clone(), function.span))
    }

    fn class_member(&self, class: &ClassRef, name: Ustr) -> Option<Val> {
        if let Some(&i) = self.linker.by_id.get(&class.block) {
            if let Some(found) = self.linker.class_members(i, class.id).get(&name) {
                let open = found.is_unknown().then(|| self.linker.overridden(class, i, name)).flatten();
                return Some(open.unwrap_or_else(|| found.clone()));
            }
            let parts = self.linker.parts(i, class.id);
            let found = parts.into_iter().find_map(|(j, n)| self.linker.class_members(j, n).get(&name).cloned());
            return found.or_else(|| self.linker.overridden(class, i, name));
        }
        self.linker.foreign_members(class)?.get(&name).cloned()
    }

    fn module(&self, specifier: Ustr) -> Val {
        self.imported(specifier, Imported::Namespace)
    }

    fn cell(&self, name: Ustr) -> Option<Val> {
        if name.starts_with(CARRIED) {
            self.linker.readers.borrow_mut().entry(name).or_default().insert(self.unit);
        }
        if let Some(event) = name.strip_prefix(EVENT) {
            return self.linker.listeners(self.file(), Ustr::from(event));
        }
        self.linker.cells.borrow().get(&name).cloned()
    }

    fn super_value(&self) -> Val {
        let class = self.linker.enclosing_class(self.unit).and_then(|c| self.linker.parent_class(&c));
        class.map_or_else(unknown, |c| {
            let class = Some(ClassRef { is_static: false, ..c });
            Arc::new(Value { class, types: Types::OBJECT, ..Value::default() })
        })
    }

    fn caught(&self) -> Val {
        api(Ustr::from("Error"))
    }

    fn shown_secret(&self, class: &ClassRef) -> Option<Ustr> {
        let own = *self.linker.by_id.get(&class.block)?;
        let mut parts = self.linker.parts(own, class.id);
        parts.push((own, class.id));
        let classes =
            || parts.iter().filter_map(|(i, n)| Some((*i, self.linker.units[*i].hir.classes.get(*n as usize)?)));
        let by_hand = classes().any(|(_, c)| c.implements.iter().any(|t| last_name(*t) == "Debug"));
        let derived = classes().any(|(i, c)| self.mentions(i, &c.decorators, &["Debug"]));
        if by_hand || !derived {
            return None;
        }
        let fields = classes().flat_map(|(_, c)| &c.fields).filter(|f| !f.is_static);
        let open = fields.filter(|f| !f.ty.as_ref().is_some_and(hides));
        open.map(|f| f.name).find(|n| super::super::lexicon::sensitive_name(*n).is_some())
    }

    fn is_enumeration(&self, class: &ClassRef) -> bool {
        let Some(&own) = self.linker.by_id.get(&class.block) else { return false };
        let mut parts = self.linker.parts(own, class.id);
        parts.push((own, class.id));
        // Variants are static fields; constants of an implementation have a type.
        let plain = |c: &crate::semantics::hir::Class| {
            c.fields.len() > 1 && c.fields.iter().all(|f| f.is_static && f.ty.is_none())
        };
        let known = |(i, n): (usize, u32)| self.linker.units[i].hir.classes.get(n as usize).is_some_and(plain);
        self.linker.family == Family::Rust && parts.into_iter().any(known)
    }

    fn casts_convert(&self) -> bool {
        self.linker.family == Family::Rust
    }

    fn conventional(&self, names: &[Option<Ustr>]) -> Vec<Option<Ustr>> {
        let units = || self.linker.units.iter().filter(|u| u.file == self.file());
        let says =
            |words: &[String]| units().any(|u| words.iter().any(|w| u.block.arena().text().contains(w.as_str())));
        self.models().conventional(names, &says)
    }

    fn decorators(&self) -> Vec<(Ustr, Vec<Ustr>)> {
        let linker = self.linker;
        let Some(parent) = linker.units[self.unit].parent else { return Vec::new() };
        let Some(number) = linker.units[parent].children.iter().position(|c| *c == self.unit) else {
            return Vec::new();
        };
        let hir = &linker.units[parent].hir;
        let is_own = |m: &&Method| matches!(hir.expr(m.value).kind, ExprKind::Child(n) if n as usize == number);
        let Some(method) = hir.classes.iter().flat_map(|c| &c.methods).find(is_own) else { return Vec::new() };
        let above = Link { linker, unit: parent };
        let mut out = Vec::new();
        for decorator in &method.decorators {
            let (callee, args) = match &hir.expr(*decorator).kind {
                ExprKind::Call { callee, args, .. } => (*callee, args.as_slice()),
                _ => (*decorator, &[][..]),
            };
            let ExprKind::Name(name) = hir.expr(callee).kind else { continue };
            let text = |a: &crate::semantics::hir::Arg| match &hir.expr(a.value).kind {
                ExprKind::Lit(Lit::Str(text)) => Some(*text),
                _ => None,
            };
            for path in &above.name(name).apis {
                out.push((*path, args.iter().filter_map(text).collect()));
            }
        }
        out
    }

    fn transforms(&self, name: Ustr) -> bool {
        self.models().transforms(name)
    }

    fn cleans(&self, name: Ustr) -> SinkKinds {
        self.models().cleans(name)
    }
}

impl Link<'_, '_> {
    /// Whether the file has a class of that name.
    fn has_class(&self, path: Ustr) -> bool {
        self.linker.files[self.file()].classes.contains_key(&last_name(path))
    }

    /// The class of that name in the file.
    fn own_class(&self, path: Ustr) -> Option<ClassRef> {
        let (i, id) = self.linker.find_class(self.unit, path)?;
        Some(ClassRef { block: self.linker.units[i].block.id(), id, is_static: false })
    }

    /// A Rust path: an import, an associated function of a type of the program, a function of one of its modules, or a
    /// library's item.
    fn rust_path(&self, path: Ustr) -> Val {
        let text = path.as_str();
        if let Some((ty, name)) = text.rsplit_once("::") {
            let ty_name = if ty == "Self" {
                self.linker.enclosing_class(self.unit).and_then(|c| self.class_name(&c))
            } else {
                Some(Ustr::from(ty))
            };
            if let Some(class) = ty_name.and_then(|t| self.class(t)) {
                return match self.class_member(&class, Ustr::from(name)) {
                    Some(member) if !member.is_unknown() => member,
                    // A variant.
                    Some(_) => {
                        let types = if self.is_enumeration(&class) { Types::NUMBER } else { Types::UNKNOWN };
                        Arc::new(Value { class: Some(class), types, ..Value::default() })
                    }
                    // A function of a trait, which a derive may have written.
                    None => {
                        let path = match name {
                            "parse" | "parse_from" | "try_parse" | "from_args" if self.reads_arguments(&class) => {
                                Ustr::from(&format!("clap::Parser::{name}"))
                            }
                            _ => path,
                        };
                        Arc::new(Value { class: Some(class), apis: SmallVec::from_iter([path]), ..Value::default() })
                    }
                };
            }
            // An item of a module: `inner::f`, `self::f`, `crate::f`.
            if let Some(value) = self.linker.item(self.unit, text).and_then(|item| self.linker.item_value(&item)) {
                return value;
            }
        }
        let full = self.full_path(path).unwrap_or(path);
        let known = self.models().canonical(full);
        if known == full
            && let Some((ty, name)) = full.as_str().rsplit_once("::")
        {
            let ty = Ustr::from(ty);
            let canonical = self.models().canonical(ty);
            if canonical != ty {
                return api(Ustr::from(&format!("{canonical}::{name}")));
            }
        }
        api(known)
    }

    /// Whether a derive makes the type read the command line.
    fn reads_arguments(&self, class: &ClassRef) -> bool {
        let Some(&own) = self.linker.by_id.get(&class.block) else { return false };
        let mut parts = self.linker.parts(own, class.id);
        parts.push((own, class.id));
        parts.iter().any(|(i, n)| {
            let derives = self.linker.units[*i].hir.classes.get(*n as usize).map_or(&[][..], |c| &c.decorators);
            self.mentions(*i, derives, &["Parser", "StructOpt", "FromArgs"])
        })
    }

    /// Whether attributes of a unit name one of these: `#[derive(Debug)]`.
    fn mentions(&self, unit: usize, attributes: &[crate::semantics::hir::ExprId], names: &[&str]) -> bool {
        let hir = &self.linker.units[unit].hir;
        attributes.iter().any(|d| {
            let span = hir.expr(*d).span;
            let inside = hir.exprs.iter().filter(|e| span.start <= e.span.start && e.span.end <= span.end);
            inside.into_iter().any(|e| matches!(&e.kind, ExprKind::Name(n) if names.contains(&last_name(*n).as_str())))
        })
    }

    fn class_name(&self, class: &ClassRef) -> Option<Ustr> {
        let i = *self.linker.by_id.get(&class.block)?;
        self.linker.units[i].hir.classes.get(class.id as usize)?.name
    }
}

/// Whether a type shows nothing of what it holds (`SecretString`), or holds nothing that is secret (numbers).
fn hides(ty: &crate::semantics::hir::Type) -> bool {
    use crate::semantics::hir::Type;
    match ty {
        Type::Path(path, args) => {
            super::super::lexicon::hides(last_name(*path))
                || super::super::interp::primitive(ty).is_harmless()
                || args.iter().any(hides)
        }
        Type::RawPointer(_) | Type::Function(_) => true,
        _ => false,
    }
}

/// The parts of the types of a crate that are declared in one file and have implementations in others, which import them by
/// name or with a glob.
pub(super) fn spread(units: &[Unit], files: &[Member]) -> FxHashMap<Ustr, Vec<(usize, u32)>> {
    // An implementation is a block of its own, a declaration stands in its module's.
    let is_impl = |i: usize| units[i].block.arena().root().kind() == sidenote_grammars::Kind::ImplItem;
    let mut by_name: FxHashMap<Ustr, Vec<(usize, u32)>> = FxHashMap::default();
    for file in files {
        for (name, parts) in &file.classes {
            by_name.entry(*name).or_default().extend(parts.iter().copied());
        }
    }
    by_name.retain(|name, parts| {
        let declared: Vec<usize> = parts.iter().filter(|(i, _)| !is_impl(*i)).map(|(i, _)| units[*i].file).collect();
        let [home] = declared[..] else { return false };
        parts.retain(|(i, _)| {
            let file = units[*i].file;
            let imports =
                |unit: &Unit| unit.hir.imports.iter().any(|im| im.local == *name || im.what == Imported::Glob);
            file == home || imports(&units[files[file].module])
        });
        parts.sort_unstable();
        parts.iter().any(|(i, _)| units[*i].file != home)
    });
    by_name
}

/// Most classes that are asked for what an abstract method does.
const MAX_HEIRS: usize = 3;

impl Linker<'_> {
    /// Whether a block stands, however deep, where only those who develop the program come: `if (config.dev) { app.get(..) }`.
    pub(super) fn is_for_development(&self, block: &BlockId) -> bool {
        let mut at = self.by_id.get(block).copied();
        while let Some((i, parent)) = at.and_then(|i| Some((i, self.units[i].parent?))) {
            let above = &self.units[parent];
            let place = above.children.iter().position(|c| *c == i).and_then(|n| above.block.arena().holes().nth(n));
            if place.is_some_and(crate::semantics::flow::report::is_for_development) {
                return true;
            }
            at = Some(parent);
        }
        false
    }

    /// What the classes that extend an abstract one put in the place of a method that it leaves open.
    fn overridden(&self, class: &ClassRef, unit: usize, name: Ustr) -> Option<Val> {
        if self.family == Family::Rust || class.is_static || !self.units[unit].declares_abstract() {
            return None;
        }
        let file = self.units[unit].file;
        let mut found: Option<Val> = None;
        let mut heirs = 0;
        for (j, unit) in self.units.iter().enumerate().filter(|(_, u)| u.file == file) {
            for n in 0..unit.hir.classes.len() as u32 {
                let heir = ClassRef { block: unit.block.id(), id: n, is_static: false };
                let extends = self.parent_class(&heir).is_some_and(|p| p.block == class.block && p.id == class.id);
                if !extends || heirs == MAX_HEIRS {
                    continue;
                }
                // All members of a class may not be asked for here: its own methods may be asking.
                let own = unit.hir.classes[n as usize].methods.iter().find(|m| m.name == name && !m.is_static);
                if let Some(method) = own.filter(|m| m.kind == MethodKind::Method) {
                    let link = Link { linker: self, unit: j };
                    let member = self.interp(j, &link, unknown()).eval(method.value);
                    heirs += 1;
                    found = Some(found.map_or_else(|| member.clone(), |f| join(&f, &member)));
                }
            }
        }
        found
    }

    /// The only class of a file that implements an interface.
    fn implementer(&self, file: usize, interface: Ustr) -> Option<ClassRef> {
        let mut found = None;
        for unit in self.units.iter().filter(|u| u.file == file) {
            for (n, class) in unit.hir.classes.iter().enumerate() {
                if !class.implements.contains(&interface) {
                    continue;
                }
                if found.is_some() {
                    return None;
                }
                found = Some(ClassRef { block: unit.block.id(), id: n as u32, is_static: false });
            }
        }
        found
    }

    /// The other parts of a type of which one is the n-th class of a unit: its fields, and all of its impls. Those in other
    /// files are found where the type's own file and theirs are of one crate and mean the same type by the name.
    pub(super) fn parts(&self, i: usize, n: u32) -> Vec<(usize, u32)> {
        // In JavaScript a class is written in one piece.
        let class = self.units[i].hir.classes.get(n as usize).filter(|_| self.family == Family::Rust);
        let Some(name) = class.and_then(|c| c.name) else { return Vec::new() };
        let own = self.files[self.units[i].file].classes.get(&last_name(name));
        let mut parts: Vec<(usize, u32)> = own.into_iter().flatten().filter(|p| **p != (i, n)).copied().collect();
        if let Some(all) = self.spread.get(&last_name(name)).filter(|all| all.contains(&(i, n))) {
            parts.extend(all.iter().filter(|(j, _)| self.units[*j].file != self.units[i].file));
        }
        parts
    }

    /// The members of a class of another group.
    pub(super) fn foreign_members(&self, class: &ClassRef) -> Option<Arc<Members>> {
        let owner = self.modules.owner(class.block)?;
        self.modules.interface(owner)?.members(class)
    }
}
