//! What the items of a Rust file say: types, their fields, what functions return.

use std::collections::{BTreeMap, BTreeSet};

use sidenote_grammars::{Field, Kind};

use crate::blocks::{Block, BlockKind, Blocks};
use crate::semantics::lifetimes::Outside;
use crate::syntax::Node;

use super::rust_bodies::{
    Secret, SecretParameters, dropped_parameter, freed_parameter, gives_constant, secret_parameters,
};

/// A struct, enum or union.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TypeItem {
    /// Traits that it derives, by their last name.
    pub derived: BTreeSet<String>,
    /// Fields of a struct, with their types.
    pub fields: BTreeMap<String, String>,
    /// Variants of an enum with the types of their fields; a struct is one variant without a name.
    pub variants: Vec<(String, Vec<String>)>,
    /// Whether it has type parameters.
    pub generic: bool,
}

impl TypeItem {
    /// Whether it derives a trait.
    pub fn derives(&self, name: &str) -> bool {
        self.derived.contains(name)
    }
}

/// What a method that compares or hashes looks at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Fields of `self`.
    pub fields: BTreeSet<String>,
    /// Whether it looks at more than plain fields.
    pub whole: bool,
    /// Whether its only comparison asks the other value, or turns the answer round.
    pub reversed: Option<bool>,
}

impl Compared {
    fn of(block: &Block) -> Option<Compared> {
        let named = |b: &&std::sync::Arc<Block>| matches!(b.name(), Some("eq" | "hash" | "cmp" | "partial_cmp"));
        let method = block.children().find(named)?;
        let body = method.arena().root().child(Field::Body)?;
        let mut out = Compared::default();
        let mut comparisons = Vec::new();
        for n in body.descendants() {
            if n.kind() == Kind::SelfValue {
                let field = n.parent().filter(|p| p.kind() == Kind::FieldExpression);
                let called = field.is_some_and(|f| {
                    f.parent().is_some_and(|c| c.kind() == Kind::CallExpression && f.field() == Field::Function)
                });
                match field.and_then(|f| f.child(Field::Field)).filter(|_| !called) {
                    Some(name) => {
                        out.fields.insert(name.text().to_owned());
                    }
                    None => out.whole = true,
                }
            } else if n.is_hole() || n.kind() == Kind::MacroInvocation || n.kind() == Kind::MatchExpression {
                out.whole = true;
            } else if let Some((receiver, name)) = super::support::method(n)
                && matches!(name.text(), "cmp" | "partial_cmp" | "total_cmp")
            {
                comparisons.push(receiver);
            }
        }
        if let [receiver] = comparisons[..] {
            let of_self = receiver.descendants().any(|n| n.kind() == Kind::SelfValue);
            out.reversed = Some(of_self == body.text().contains(".reverse()"));
        }
        Some(out)
    }
}

/// Words of functions that take keys, nonces and salts.
const CRYPTO: [&str; 12] = [
    "new_from_slice",
    "from_slice",
    "Aes",
    "ChaCha",
    "ncryptor",
    "ecryptor",
    "Nonce",
    "pbkdf2",
    "scrypt",
    "argon2",
    "symm::",
    "from_secret",
];

/// The parameters that a function uses as keys, nonces and salts.
fn secrets_of(function: Node<'_>) -> Vec<Secret> {
    if CRYPTO.iter().any(|w| function.text().contains(w)) { secret_parameters(function) } else { Vec::new() }
}

/// The items of a file, inner modules included. Where one name stands for different things, nothing is told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// Types by name.
    pub types: BTreeMap<String, TypeItem>,
    /// What free functions return.
    pub functions: BTreeMap<String, Option<String>>,
    /// What methods and associated functions return, by the type's name and theirs.
    pub methods: BTreeMap<(String, String), String>,
    /// Types of constants and statics.
    pub constants: BTreeMap<String, String>,
    /// Source of the values of constants that are short and call nothing.
    pub values: BTreeMap<String, String>,
    /// Traits that are implemented by hand: trait, type.
    pub implemented: BTreeSet<(String, String)>,
    /// Async functions and methods whose names no other function of the file has.
    pub async_functions: BTreeSet<String>,
    /// Free functions whose calls cost something: they loop, format, collect, or ask the system.
    pub costly: BTreeSet<String>,
    /// What functions and methods that are not async call, as written, for names that no async function has; only in files
    /// with async code.
    pub calls: BTreeMap<String, BTreeSet<String>>,
    /// Traits of operators that are implemented, by their last name.
    pub operator_impls: BTreeSet<String>,
    /// The formatting traits (`Display`, `Debug`, ..) that are implemented by hand.
    pub formatting: BTreeSet<String>,
    /// What `eq`, `hash`, `cmp` and `partial_cmp` look at that are written by hand: by the trait and the type.
    pub compared: BTreeMap<(String, String), Compared>,
    /// Fields that a type's `drop` names in unsafe code, by type and field.
    pub frees: BTreeSet<(String, String)>,
    /// Statics that are `mut`.
    pub mutable_statics: BTreeSet<String>,
    /// Functions that free what a parameter points to, with its number; only where all of that name do.
    pub frees_parameter: BTreeMap<String, usize>,
    /// Functions that keep nothing of a text or list that they are given, which is dropped when they end; with its number.
    pub drops_parameter: BTreeMap<String, usize>,
    /// Names of types that are moved, not copied.
    pub moved: BTreeSet<String>,
    /// Functions that give a constant of the program; only where all of that name do.
    pub constant_functions: BTreeSet<String>,
    /// Functions of the file with the parameters that they use as keys, nonces and salts.
    pub secret_parameters: SecretParameters,
    /// How many functions of the file have a name.
    named: BTreeMap<String, u32>,
    /// Names of functions that do neither.
    others: BTreeSet<String>,
    /// Foreign functions.
    pub foreign: BTreeSet<String>,
    /// Foreign functions that return a raw pointer.
    pub foreign_pointers: BTreeSet<String>,
    /// Names of functions that are not async to those who call them.
    sync: BTreeSet<String>,
    /// Names of methods that implement a trait.
    pub trait_methods: BTreeSet<String>,
    /// Names of types that are declared twice.
    twice: BTreeSet<String>,
}

impl Items {
    /// Reads a file.
    pub fn of(blocks: &Blocks) -> Items {
        let mut items = Items::default();
        let with_async = blocks.iter().any(|b| b.block.arena().text().contains("async"));
        // The self types of the containers around a block, outermost first.
        let mut around: Vec<Option<String>> = Vec::new();
        for placed in blocks.iter() {
            around.truncate(placed.depth);
            let root = placed.block.arena().root();
            let mut own = None;
            match placed.block.kind() {
                BlockKind::Module => {
                    items.list(root);
                    items.run_at_once(placed.block, root);
                }
                BlockKind::Container => {
                    if let Some(body) = root.child(Field::Body).filter(|_| root.kind() == Kind::ModItem) {
                        items.list(body);
                        items.run_at_once(placed.block, body);
                    }
                    // A trait's methods are nobody's in particular.
                    if root.kind() == Kind::TraitItem {
                        own = Some(String::new());
                    }
                    if root.kind() == Kind::ImplItem {
                        own = root.child(Field::Type).map(|t| last_name(t.text()).to_owned());
                        if let Some(of) = root.child(Field::Trait) {
                            if FORMATTING.contains(&last_name(of.text())) {
                                items.formatting.insert(last_name(of.text()).to_owned());
                            }
                            if OPERATORS.contains(&last_name(of.text())) {
                                items.operator_impls.insert(last_name(of.text()).to_owned());
                            }
                            // Inherent methods come first where a trait has one of the same name; the names of these are taken
                            // by no other.
                            let of_std = matches!(last_name(of.text()), "ToString" | "Clone" | "Default" | "Drop");
                            let methods = placed.block.children().filter_map(|c| c.name());
                            items.trait_methods.extend(methods.filter(|_| !of_std).map(str::to_owned));
                        }
                        if root.child(Field::Trait).is_some_and(|of| last_name(of.text()) == "Drop")
                            && let Some(ty) = &own
                        {
                            items.frees_of(placed.block, ty);
                        }
                        // `PartialEq<str>` says nothing of how the type compares with itself.
                        let plain = root
                            .child(Field::Type)
                            .is_some_and(|t| !t.text().contains("::") && !t.text().starts_with('&'));
                        if let (Some(of), Some(ty), true) = (root.child(Field::Trait), &own, plain)
                            && !(last_name(of.text()) == "PartialOrd" && calls_cmp(placed.block))
                            && (!of.text().contains('<')
                                || of.text().contains("<Self>")
                                || of.text().contains(&format!("<{ty}>")))
                        {
                            let name = last_name(of.text());
                            if matches!(name, "PartialEq" | "Hash" | "Ord" | "PartialOrd")
                                && let Some(compared) = Compared::of(placed.block)
                            {
                                items.compared.insert((name.to_owned(), ty.clone()), compared);
                            }
                            items.implemented.insert((last_name(of.text()).to_owned(), ty.clone()));
                        }
                    }
                }
                BlockKind::Function if root.kind() == Kind::FunctionItem => {
                    let inside = around.last().is_some_and(Option::is_some);
                    // A function inside of a function is nobody's method.
                    let parent_is_function =
                        around.len() > 1 && around.last().is_some_and(|a| a.as_deref() == Some(""));
                    if parent_is_function {
                        around.push(Some(String::new()));
                        continue;
                    }
                    let of = if inside { around.last().cloned().flatten() } else { None };
                    if of.is_none() && costs(placed.block) {
                        items.costly.extend(root.child(Field::Name).map(|n| n.text().to_owned()));
                    }
                    items.body_of(root, of.as_deref().filter(|t| !t.is_empty()));
                    items.function(root, of);
                    if with_async {
                        items.calls_of(root);
                    }
                    own = Some(String::new());
                }
                BlockKind::Function => own = Some(String::new()),
            }
            around.push(own);
        }
        let copied = |items: &Items, name: &String| items.implemented.contains(&("Copy".to_owned(), name.clone()));
        items.moved = items
            .types
            .iter()
            .filter(|(name, t)| !t.derives("Copy") && !t.generic && !copied(&items, name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in std::mem::take(&mut items.others) {
            items.frees_parameter.remove(&name);
            items.constant_functions.remove(&name);
        }
        items.drops_parameter.retain(|name, _| items.named.get(name) == Some(&1));
        // Of methods the type is not known where they are called.
        let names = std::mem::take(&mut items.named);
        items.secret_parameters.retain(|key, _| key.strip_prefix('.').is_none_or(|n| names.get(n) == Some(&1)));
        let sync = std::mem::take(&mut items.sync);
        let taken = &items.async_functions;
        items.calls.retain(|f, called| !taken.contains(f) && !called.is_empty());
        items.async_functions.retain(|f| !sync.contains(f));
        items
    }

    /// What is told to those who follow pointers through a function.
    pub fn outside(&self) -> Outside<'_> {
        Outside {
            frees: Some(&self.frees_parameter),
            drops: Some(&self.drops_parameter),
            foreign: Some(&self.foreign),
            moved: Some(&self.moved),
        }
    }

    /// Notes what a function does for its callers.
    fn body_of(&mut self, root: Node<'_>, of: Option<&str>) {
        let Some(name) = root.child(Field::Name).map(|n| n.text().to_owned()) else { return };
        *self.named.entry(name.clone()).or_default() += 1;
        if of.is_none()
            && let Some(n) = dropped_parameter(root)
        {
            self.drops_parameter.insert(name.clone(), n);
        }
        let secrets = secrets_of(root);
        if !secrets.is_empty() {
            let takes_self = root
                .child(Field::Parameters)
                .is_some_and(|p| p.named_children().any(|c| c.kind() == Kind::SelfParameter));
            let key = match of {
                _ if takes_self => format!(".{name}"),
                Some(of) => format!("{of}::{name}"),
                None => name.clone(),
            };
            self.secret_parameters.insert(key, secrets);
        }
        let (freed, constant) = (freed_parameter(root), gives_constant(root));
        match freed {
            Some(n) if self.frees_parameter.get(&name).is_none_or(|old| *old == n) => {
                self.frees_parameter.insert(name.clone(), n);
            }
            _ if constant => {
                self.constant_functions.insert(name);
            }
            _ => {
                self.others.insert(name);
            }
        }
    }

    /// Notes what a function calls by name, outside of its closures.
    fn calls_of(&mut self, root: Node<'_>) {
        let is_async = root.child_of_kind(Kind::FunctionModifiers).is_some_and(|m| m.has_token("async"));
        let (Some(name), Some(body), false) = (root.child(Field::Name), root.child(Field::Body), is_async) else {
            return;
        };
        let called = called(body);
        match self.calls.entry(name.text().to_owned()) {
            std::collections::btree_map::Entry::Vacant(slot) => drop(slot.insert(called)),
            // Two of one name: what both do is certain.
            std::collections::btree_map::Entry::Occupied(mut slot) => slot.get_mut().retain(|c| called.contains(c)),
        }
    }

    /// The type of a type's field; of `self`, whose type is not asked for, that of the only field of that name.
    pub fn field(&self, of: Option<&str>, name: &str) -> Option<&str> {
        if let Some(of) = of.filter(|of| *of != "Self") {
            return self.types.get(of)?.fields.get(name).map(String::as_str);
        }
        let mut all = self.types.values().filter_map(|t| t.fields.get(name));
        let first = all.next()?;
        all.all(|t| t == first).then_some(first.as_str())
    }

    /// What a method returns: of that type's, else of the only one of that name.
    pub fn method(&self, of: Option<&str>, name: &str) -> Option<&str> {
        let of = of?;
        self.methods.get(&(of.to_owned(), name.to_owned())).map(String::as_str)
    }

    fn list(&mut self, list: Node<'_>) {
        let mut derived = BTreeSet::new();
        for n in list.named_children() {
            match n.kind() {
                Kind::AttributeItem => {
                    let text = n.text();
                    if let Some(inner) = text.split("derive(").nth(1) {
                        let names = inner.split(')').next().unwrap_or("").split(',');
                        derived.extend(names.map(|d| last_name(d.trim()).to_owned()));
                    }
                    continue;
                }
                Kind::StructItem | Kind::UnionItem | Kind::EnumItem => self.data_type(n, std::mem::take(&mut derived)),
                Kind::ForeignModItem => self.foreign_block(n),
                Kind::ConstItem | Kind::StaticItem => {
                    if n.child_of_kind(Kind::MutableSpecifier).is_some() {
                        self.mutable_statics.extend(n.child(Field::Name).map(|n| n.text().to_owned()));
                    }
                    if let (Some(name), Some(ty)) = (n.child(Field::Name), n.child(Field::Type)) {
                        // Under `cfg`, one name has several values.
                        if self.constants.insert(name.text().to_owned(), ty.text().to_owned()).is_some() {
                            self.values.remove(name.text());
                            continue;
                        }
                        let value = n.child(Field::Value).map(Node::text).filter(|v| v.len() < 40 && !v.contains('('));
                        if let Some(value) = value {
                            self.values.insert(name.text().to_owned(), value.to_owned());
                        }
                    }
                }
                _ => {}
            }
            derived.clear();
        }
    }

    /// Functions of a list that are async to their author alone: `#[tokio::main]` makes them run to their end where they are called.
    fn run_at_once(&mut self, block: &Block, list: Node<'_>) {
        let named = |n: &Node<'_>| {
            let text = n.text().trim_start_matches("#[").trim_end_matches(']');
            let path = text.split('(').next().unwrap_or_default().trim();
            n.kind() == Kind::AttributeItem && last_name(path) == "main" && path.contains("::")
        };
        for attribute in list.named_children().filter(named) {
            let marked = std::iter::successors(attribute.next_named_sibling(), |n| n.next_named_sibling())
                .find(|n| n.kind() != Kind::AttributeItem);
            let function = marked.and_then(|n| n.hole()).and_then(|n| block.child(n));
            self.sync.extend(function.and_then(|f| f.name().map(str::to_owned)));
        }
    }

    /// Notes what a type's `drop` hands to unsafe code.
    fn frees_of(&mut self, block: &Block, ty: &str) {
        let Some(method) = block.children().find(|c| c.name() == Some("drop")) else { return };
        let root = method.arena().root();
        for field in root.descendants().filter(|n| n.kind() == Kind::FieldExpression) {
            let own = field.child(Field::Value).is_some_and(|v| v.kind() == Kind::SelfValue);
            if own && field.ancestors().any(|a| a.kind() == Kind::UnsafeBlock) {
                self.frees.extend(field.child(Field::Field).map(|f| (ty.to_owned(), f.text().to_owned())));
            }
        }
    }

    /// Reads the declarations of an `extern` block.
    fn foreign_block(&mut self, block: Node<'_>) {
        for function in block.child(Field::Body).into_iter().flat_map(Node::named_children) {
            self.foreign.extend(function.child(Field::Name).map(|n| n.text().to_owned()));
            let pointer = function.child(Field::ReturnType).is_some_and(|t| t.text().starts_with('*'));
            if let Some(name) = function.child(Field::Name).filter(|_| pointer) {
                self.foreign_pointers.insert(name.text().to_owned());
            }
        }
    }

    fn data_type(&mut self, n: Node<'_>, derived: BTreeSet<String>) {
        let Some(name) = n.child(Field::Name).map(|n| n.text().to_owned()) else { return };
        let mut fields = BTreeMap::new();
        if n.kind() == Kind::StructItem {
            for field in n.child(Field::Body).into_iter().flat_map(Node::named_children) {
                if let (Some(name), Some(ty)) = (field.child(Field::Name), field.child(Field::Type)) {
                    fields.insert(name.text().to_owned(), ty.text().to_owned());
                }
            }
        }
        let types = |list: Option<Node<'_>>| -> Vec<String> {
            let parts = list.into_iter().flat_map(Node::named_children);
            let types = parts.filter_map(|p| if p.field() == Field::Type { Some(p) } else { p.child(Field::Type) });
            types.map(|t| t.text().to_owned()).collect()
        };
        let variants = match n.kind() {
            Kind::StructItem => vec![(String::new(), types(n.child(Field::Body)))],
            Kind::EnumItem => {
                let all = n.child(Field::Body).into_iter().flat_map(Node::named_children);
                let all = all.filter(|v| v.kind() == Kind::EnumVariant);
                all.map(|v| (v.child(Field::Name).map_or("", Node::text).to_owned(), types(v.child(Field::Body))))
                    .collect()
            }
            _ => Vec::new(),
        };
        let generic = n
            .child(Field::TypeParameters)
            .is_some_and(|p| p.named_children().any(|c| c.kind() != Kind::LifetimeParameter));
        if self.types.contains_key(&name) || self.twice.contains(&name) {
            self.types.remove(&name);
            self.twice.insert(name);
            return;
        }
        self.types.insert(name, TypeItem { derived, fields, variants, generic });
    }

    fn function(&mut self, n: Node<'_>, of: Option<String>) {
        let Some(name) = n.child(Field::Name).map(|n| n.text().to_owned()) else { return };
        let is_async = n.child_of_kind(Kind::FunctionModifiers).is_some_and(|m| m.has_token("async"));
        if is_async {
            self.async_functions.insert(name.clone());
        } else {
            self.sync.insert(name.clone());
        }
        let returns =
            if is_async { "_".to_owned() } else { n.child(Field::ReturnType).map_or("()", Node::text).to_owned() };
        match of {
            Some(of) if !of.is_empty() => {
                self.methods.insert((of, name), returns);
            }
            Some(_) => {}
            None => {
                let slot = self.functions.entry(name).or_insert_with(|| Some(returns.clone()));
                if slot.as_deref() != Some(returns.as_str()) {
                    *slot = None;
                }
            }
        }
    }
}

/// What [`Items`] read of a function's body; its head aside.
#[derive(PartialEq, Eq, Debug)]
pub struct Part {
    names_async: bool,
    costs: bool,
    freed: Option<usize>,
    constant: bool,
    secrets: Vec<Secret>,
    calls: BTreeSet<String>,
    /// The whole of a method whose trait is looked into.
    body: Option<String>,
}

impl Part {
    /// That of a function's block.
    pub fn of(block: &Block) -> Part {
        let (text, root) = (block.arena().text(), block.arena().root());
        let looked_into = ["eq", "hash", "cmp", "partial_cmp", "drop"];
        Part {
            names_async: text.contains("async"),
            costs: costs(block),
            freed: freed_parameter(root),
            constant: gives_constant(root),
            secrets: secrets_of(root),
            calls: root.child(Field::Body).map(called).unwrap_or_default(),
            body: block.name().is_some_and(|n| looked_into.contains(&n)).then(|| text.to_owned()),
        }
    }
}

/// What a function's body calls by name, outside of its closures.
fn called(body: Node<'_>) -> BTreeSet<String> {
    let elsewhere = |n: Node<'_>| matches!(n.kind(), Kind::ClosureExpression | Kind::AsyncBlock | Kind::FunctionItem);
    let paths = body.descendants_until(elsewhere).filter(|n| n.kind() == Kind::CallExpression);
    let paths = paths.filter_map(|c| c.child(Field::Function)).filter(|f| {
        matches!(f.kind(), Kind::Identifier | Kind::ScopedIdentifier)
            && last_name(f.text()).starts_with(|c: char| c.is_ascii_lowercase())
            && f.text().len() < 60
    });
    paths.map(|f| f.text().to_owned()).take(MOST_CALLS).collect()
}

/// The traits whose method is `fmt`.
const FORMATTING: &[&str] = &["Display", "Debug", "LowerHex", "UpperHex", "Binary", "Octal", "Pointer", "LowerExp"];

/// The traits of operators with two operands.
const OPERATORS: &[&str] = &[
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Rem",
    "BitAnd",
    "BitOr",
    "BitXor",
    "AddAssign",
    "SubAssign",
    "MulAssign",
    "DivAssign",
];

/// Calls of one function that are noted.
const MOST_CALLS: usize = 64;

/// Whether a function does more than a few steps.
fn costs(block: &Block) -> bool {
    let text = block.arena().text();
    ["for ", "while ", "loop ", "format!(", "fs::", "File::", "Command::", ".collect", "env::var", ".join("]
        .iter()
        .any(|w| text.contains(w))
}

/// Whether a `partial_cmp` leaves the work to `cmp`.
fn calls_cmp(block: &Block) -> bool {
    let calls = |b: &Block| b.arena().text().contains(".cmp(") || b.arena().text().contains("Ord::cmp(");
    calls(block) || block.children().any(|c| calls(c))
}

/// The last segment of a path, without arguments and references.
pub fn last_name(text: &str) -> &str {
    let text = text.trim().trim_start_matches('&').trim_start_matches("mut ").trim();
    let path = text.split('<').next().unwrap_or(text).trim();
    path.rsplit("::").next().unwrap_or(path)
}
