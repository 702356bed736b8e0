//! What a file's top level declares, as far as rules in other blocks of the file ask for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ustr::Ustr;
use sidenote_grammars::{Family, Field, Kind};

use super::rejections::{self, Rejects, Settled, rejects, settles};
use super::{shape, support};
use crate::blocks::{Block, Blocks};
use crate::syntax::{Arena, Node};

/// Longest constant that is kept, in bytes.
const LONGEST: usize = 256;

/// Names that a file declares.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Source text of the top level's constants (`const`, `static`) with a short literal value.
    pub constants: BTreeMap<String, String>,
    /// The top level's generic structs (Rust): whether they are public without reserve, and the types of their fields.
    pub generic_structs: BTreeMap<String, (bool, Vec<String>)>,
    /// The top level's structs without parameters that hold cells or `Rc` (Rust), with the types of their fields.
    pub structs: BTreeMap<String, Vec<String>>,
    /// The top level's traits (Rust): whether they ask for `Send` or `Sync`, or for traits that may.
    pub traits: BTreeMap<String, bool>,
    /// The top level's type aliases (Rust) with the types that they stand for, as written.
    pub aliases: BTreeMap<String, String>,
    /// Async functions of the top level that may reject: not those whose body is one `try` with a handler.
    pub async_functions: BTreeSet<String>,
    /// The parameters' names of the top level's functions (TypeScript and JavaScript), for those with two and more; empty for
    /// patterns.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Async functions (`name`) and methods (`this.name`) whose promises are never rejected, whatever the functions of the file that
    /// they wait for do.
    pub never_rejecting: BTreeSet<String>,
    /// Those of them whose promises are rejected only with those of imported functions, with the local names of these.
    pub rejecting_with_imports: BTreeMap<String, BTreeSet<String>>,
    /// Functions of the top level that are nothing but a `new Promise` whose executor may reject it (TypeScript and JavaScript).
    pub made_promises: BTreeSet<String>,
    /// Methods that are async in every class of the file that has a method of that name, and may reject.
    pub async_methods: BTreeSet<String>,
    /// Fields of the file's classes with their written types (TypeScript), where all classes agree.
    pub fields: BTreeMap<String, String>,
    /// Methods of the top level's interfaces whose written type is a promise, as `Interface.method` (TypeScript).
    pub promising: BTreeSet<String>,
    /// Functions (`name`) and methods (`Class.name`; `this.name` where all of that name are) that give promises, whether these can
    /// be rejected or not (TypeScript and JavaScript).
    pub promises: BTreeSet<String>,
    /// Constants of the top level (TypeScript and JavaScript) that hold a `new` object, with the name of its class.
    pub instances: BTreeMap<String, String>,
    /// Generator functions of the top level (TypeScript and JavaScript).
    pub generators: BTreeSet<String>,
    /// Functions of the top level (TypeScript and JavaScript) that give no value on any way.
    pub void_functions: BTreeSet<String>,
    /// Functions of the top level (TypeScript and JavaScript) that read or write files, or wait for a process, every time they are
    /// called, and meanwhile hold up everything else.
    pub blocking_functions: BTreeSet<String>,
    /// Functions of the top level (TypeScript and JavaScript) that make a regular expression of some of their parameters in every call,
    /// with the positions of these.
    pub compiling_functions: BTreeMap<String, Vec<usize>>,
    /// Properties that every interface, class and type of the file that has them writes down as numbers (TypeScript).
    pub numbers: BTreeSet<String>,
    /// Whether the file compares with `==` as a habit: many times, and hardly ever with `===`.
    pub loose: bool,
    /// Whether the file's JSX is not React's: it has attributes `class` and `for`, or functions that give elements have a `this`.
    pub other_jsx: bool,
    /// Whether the file (TypeScript and JavaScript) works on a page: it makes or finds elements, or draws.
    pub page: bool,
    /// Names that the top level (TypeScript and JavaScript) imports.
    pub imported: BTreeSet<String>,
    /// Names that the top level (TypeScript and JavaScript) imports or declares with `const`.
    pub fixed: BTreeSet<String>,
    /// Regular expressions of the top level (TypeScript and JavaScript) with the flag `g` or `y`, in files that never name
    /// `lastIndex`.
    pub stateful_regexes: BTreeSet<String>,
    /// Methods of the file's classes (TypeScript and JavaScript).
    pub class_methods: BTreeSet<String>,
    /// Those of them that use `this`, and are nowhere bound to their object.
    pub this_methods: BTreeSet<String>,
    /// What Rust's items say.
    pub rust: super::rust_items::Items,
}

impl Declared {
    /// Reads a file's blocks.
    pub fn of(blocks: &Blocks) -> Declared {
        let mut declared = Declared::default();
        let root = blocks.root();
        let mut sync = BTreeSet::new();
        // Of each function and method of a name what must fail for its promise to be rejected.
        let mut settled = BTreeMap::new();
        for node in root.arena().root().named_children() {
            declared.top_level(root, node, &mut settled);
        }
        let mut plain = BTreeSet::new();
        let mut no_numbers = BTreeSet::new();
        let (mut loose, mut strict) = (0, 0);
        let mut bound = Some(BTreeSet::new());
        // The class around, by its depth.
        let mut class: Option<(usize, String)> = None;
        // The same, of classes without a name, too.
        let mut any_class = None;
        for placed in blocks.iter() {
            let node = placed.block.arena().root();
            if class.as_ref().is_some_and(|(depth, _)| *depth >= placed.depth) {
                class = None;
            }
            if any_class.is_some_and(|depth| depth >= placed.depth) {
                any_class = None;
            }
            if matches!(node.kind(), Kind::ClassDeclaration | Kind::AbstractClassDeclaration | Kind::Class) {
                any_class = Some(placed.depth);
            }
            if matches!(node.kind(), Kind::ClassDeclaration | Kind::AbstractClassDeclaration) {
                class = node.child(Field::Name).map(|n| (placed.depth, n.text().to_owned()));
            }
            if blocks.language().family == Family::Ecma {
                declared.properties_of(placed.block.arena(), &mut no_numbers);
                declared.other_jsx |= has_other_jsx(placed.block.arena());
                declared.page = declared.page || names_page(placed.block.arena().text());
                let counts = equalities(placed.block.arena());
                (loose, strict) = (loose + counts.0, strict + counts.1);
                match (binds(placed.block.arena()), &mut bound) {
                    (Some(names), Some(all)) => all.extend(names),
                    (None, all) => *all = None,
                    (Some(_), None) => {}
                }
                // An overload without a result: who is called back is told of errors there.
                let signatures = placed.block.arena().nodes().filter(|n| {
                    n.kind() == Kind::MethodSignature && n.parent().is_some_and(|p| p.kind() == Kind::ClassBody)
                });
                let silent = signatures.filter(|n| {
                    n.child(Field::ReturnType).is_some_and(|t| t.text().trim_matches([':', ' ']) == "void")
                });
                sync.extend(silent.filter_map(|n| n.child(Field::Name)).map(|n| n.text().to_owned()));
            }
            if node.kind() == Kind::MethodDefinition {
                let name = node.child(Field::Name).map_or("", Node::text).to_owned();
                // Frameworks bind the methods of the objects that describe components.
                if any_class.is_some_and(|depth| depth + 1 == placed.depth) {
                    declared.class_methods.insert(name.clone());
                    if uses_this(node) {
                        declared.this_methods.insert(name.clone());
                    }
                }
                if gives_promise(node) {
                    if let Some((_, class)) = class.as_ref().filter(|(depth, _)| depth + 1 == placed.depth) {
                        declared.promises.insert(format!("{class}.{name}"));
                    }
                    declared.promises.insert(format!("this.{name}"));
                } else {
                    plain.insert(format!("this.{name}"));
                }
                let rejects = rejects(node);
                let told = settles(node);
                settled.entry(format!("this.{name}")).or_default().push(told);
                if rejects != Rejects::Never {
                    if let Some((_, class)) = class.as_ref().filter(|(depth, _)| depth + 1 == placed.depth) {
                        declared.promising.insert(format!("{class}.{name}"));
                    }
                    declared.async_methods.insert(name);
                } else {
                    sync.insert(name);
                }
            }
        }
        declared.this_methods.retain(|m| bound.as_ref().is_some_and(|b| !b.contains(m)));
        declared.never_rejecting = rejections::never_rejecting(&settled, &BTreeSet::new());
        declared.rejecting_with_imports =
            rejections::rejecting_with_imports(&settled, &declared.never_rejecting, &declared.imported);
        let never = &declared.never_rejecting;
        declared.async_methods.retain(|m| !sync.contains(m) && !never.contains(&format!("this.{m}")));
        declared.async_functions.retain(|f| !never.contains(f));
        declared.promising.retain(|m| m.split_once('.').is_none_or(|(_, m)| !never.contains(&format!("this.{m}"))));
        declared.promises.retain(|m| !plain.contains(m));
        declared.numbers.retain(|p| !no_numbers.contains(p));
        // In a long file a few are a habit, too; Closure's compiler knows the types.
        let long = root.len() > LONG;
        declared.loose = loose >= HABIT && loose > 4 * strict
            || long && loose > strict
            || root.arena().text().contains("goog.provide(")
            || root.arena().text().contains("goog.module(")
            || root.arena().text().contains("goog.require(");
        if !declared.stateful_regexes.is_empty()
            && blocks.iter().any(|placed| placed.block.arena().text().contains("lastIndex"))
        {
            declared.stateful_regexes.clear();
        }
        if blocks.language().family == Family::Rust {
            declared.rust = super::rust_items::Items::of(blocks);
        }
        declared
    }

    /// Notes the written types of fields, and which properties are numbers; `others` are those of some other type.
    fn properties_of(&mut self, arena: &Arena, others: &mut BTreeSet<String>) {
        for Property { name, written, place } in properties(arena) {
            if place != Place::Signature && written.len() <= LONGEST {
                let known = self.fields.entry(name.clone()).or_insert_with(|| written.clone());
                if *known != written {
                    known.clear();
                }
            }
            if place != Place::Parameter {
                (if written == "number" { &mut self.numbers } else { &mut *others }).insert(name);
            }
        }
    }

    fn top_level(&mut self, root: &Block, node: Node<'_>, settled: &mut Settled) {
        let node = match node.kind() {
            Kind::ExportStatement => match node.child(Field::Declaration).or_else(|| node.child(Field::Value)) {
                Some(inner) => inner,
                None => return,
            },
            _ => node,
        };
        match node.kind() {
            Kind::StructItem if node.child(Field::TypeParameters).is_none() => {
                let telling = ["Rc<", "Cell<"].iter().any(|w| node.text().contains(w));
                let fields = node.child(Field::Body).into_iter().flat_map(Node::named_children).filter(|_| telling);
                let types = fields.filter_map(|f| match f.kind() {
                    Kind::FieldDeclaration => f.child(Field::Type),
                    _ if f.field() == Field::Type => Some(f),
                    _ => None,
                });
                let types: Vec<String> = types.map(|t| t.text().to_owned()).collect();
                if let Some(name) = node.child(Field::Name).filter(|_| !types.is_empty()) {
                    self.structs.insert(name.text().to_owned(), types);
                }
            }
            Kind::StructItem => {
                let fields = node.child(Field::Body).into_iter().flat_map(Node::named_children);
                let types = fields.filter_map(|f| match f.kind() {
                    Kind::FieldDeclaration => f.child(Field::Type),
                    _ if f.field() == Field::Type => Some(f),
                    _ => None,
                });
                let types = types.map(|t| t.text().to_owned()).collect();
                if let Some(name) = node.child(Field::Name) {
                    let public = node.child_of_kind(Kind::VisibilityModifier).is_some_and(|v| v.text() == "pub");
                    self.generic_structs.insert(name.text().to_owned(), (public, types));
                }
            }
            Kind::TraitItem => {
                let node = open(root, node);
                if let Some(name) = node.child(Field::Name) {
                    // A supertrait of somebody else's may ask for it.
                    let asks = node.child(Field::Bounds).is_some_and(|b| {
                        let known = |t: &str| {
                            matches!(t.trim(), "Sized" | "Copy" | "Clone" | "Debug" | "Default" | "'static" | "?Sized")
                        };
                        b.text().trim_start_matches(':').split('+').any(|t| !known(t))
                    });
                    self.traits.insert(name.text().to_owned(), asks);
                }
            }
            Kind::TypeItem => {
                if let (Some(name), Some(ty)) = (node.child(Field::Name), node.child(Field::Type))
                    && ty.text().len() <= LONGEST
                {
                    self.aliases.insert(name.text().to_owned(), ty.text().to_owned());
                }
            }
            Kind::FunctionDeclaration => {
                let function = open(root, node);
                if let Some(name) = function.child(Field::Name) {
                    self.function(name, function, settled);
                    if returns_nothing(function) {
                        self.void_functions.insert(name.text().to_owned());
                    }
                    self.costs(name.text(), function);
                }
            }
            Kind::GeneratorFunctionDeclaration => {
                let function = open(root, node);
                if let Some(name) = function.child(Field::Name).filter(|_| !function.has_token("async")) {
                    self.generators.insert(name.text().to_owned());
                }
            }
            Kind::AmbientDeclaration => {
                // `declare const api: { save(x: string): Promise<void> }` and `declare const repo: Repo`
                for declarator in node.descendants().filter(|n| n.kind() == Kind::VariableDeclarator) {
                    let (Some(name), Some(written)) = (declarator.child(Field::Name), declarator.child(Field::Type))
                    else {
                        continue;
                    };
                    let own = name.text().to_owned();
                    match written.first_named().filter(|t| t.kind() == Kind::ObjectType) {
                        Some(members) => {
                            self.members(&own, members);
                            self.instances.insert(own.clone(), own);
                        }
                        None => {
                            let class = written.text().trim_start_matches(':').trim().to_owned();
                            self.instances.insert(own, class);
                        }
                    }
                }
                for class in node.named_children().filter(|n| n.kind() == Kind::ClassDeclaration) {
                    let body = open(root, class).child(Field::Body);
                    for method in
                        body.into_iter().flat_map(Node::named_children).filter(|m| m.kind() == Kind::MethodSignature)
                    {
                        let promise = method.child(Field::ReturnType).is_some_and(|t| is_promise(t.text()));
                        if let (Some(class), Some(own)) =
                            (open(root, class).child(Field::Name), method.child(Field::Name).filter(|_| promise))
                        {
                            self.promising.insert(format!("{}.{}", class.text(), own.text()));
                            self.promises.insert(format!("{}.{}", class.text(), own.text()));
                        }
                    }
                }
                let told = node.named_children().filter(|n| n.kind() == Kind::FunctionSignature);
                for signature in told {
                    let promise = signature.child(Field::ReturnType).is_some_and(|t| is_promise(t.text()));
                    if let Some(name) = signature.child(Field::Name).filter(|_| promise) {
                        self.async_functions.insert(name.text().to_owned());
                    }
                }
            }
            Kind::InterfaceDeclaration => {
                let (Some(name), Some(body)) = (node.child(Field::Name), node.child(Field::Body)) else { return };
                self.members(name.text(), body);
            }
            Kind::TypeAliasDeclaration => {
                let value = node.child(Field::Value).filter(|v| v.kind() == Kind::ObjectType);
                if let (Some(name), Some(body)) = (node.child(Field::Name), value) {
                    self.members(name.text(), body);
                }
            }
            Kind::ImportStatement => {
                let clause = node.child_of_kind(Kind::ImportClause);
                let names = clause.into_iter().flat_map(Node::descendants);
                // `a as b` binds its second name alone.
                let names = names.filter(|n| {
                    n.kind() == Kind::Identifier && n.next_named_sibling().is_none_or(|s| s.kind() != Kind::Identifier)
                });
                self.imported.extend(names.map(|n| n.text().to_owned()));
                self.fixed.extend(self.imported.iter().cloned());
            }
            Kind::LexicalDeclaration => {
                let fixed = node.child(Field::Kind).is_some_and(|k| k.text() == "const");
                for declarator in node.named_children().filter(|n| n.kind() == Kind::VariableDeclarator) {
                    if let Some(pattern) = declarator.child(Field::Name).filter(|_| fixed) {
                        let all = std::iter::once(pattern).chain(pattern.descendants());
                        let names = all.filter(|n| {
                            matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern)
                                && n.field() != Field::Right
                        });
                        self.fixed.extend(names.map(|n| n.text().to_owned()));
                    }
                    let name = declarator.child(Field::Name).filter(|n| n.kind() == Kind::Identifier);
                    let (Some(name), Some(value)) = (name, declarator.child(Field::Value)) else { continue };
                    if let Some(written) = declarator.child(Field::Type).filter(|t| fixed && t.text().len() <= LONGEST)
                    {
                        let class = written.text().trim_start_matches(':').trim().to_owned();
                        self.instances.insert(name.text().to_owned(), class);
                    }
                    let value = support::bare(value);
                    let class = value.child(Field::Constructor).filter(|c| c.kind() == Kind::Identifier);
                    if let Some(class) = class.filter(|_| fixed && value.kind() == Kind::NewExpression) {
                        self.instances.insert(name.text().to_owned(), class.text().to_owned());
                    }
                    if keeps_its_place(value) {
                        self.stateful_regexes.insert(name.text().to_owned());
                    }
                    if matches!(value.kind(), Kind::ArrowFunction | Kind::FunctionExpression) {
                        self.function(name, open(root, value), settled);
                        if fixed && returns_nothing(open(root, value)) {
                            self.void_functions.insert(name.text().to_owned());
                        }
                        if fixed {
                            self.costs(name.text(), open(root, value));
                        }
                    } else if fixed {
                        self.constant(name, value);
                    }
                }
            }
            Kind::ConstItem | Kind::StaticItem if node.child_of_kind(Kind::MutableSpecifier).is_none() => {
                if let (Some(name), Some(value)) = (node.child(Field::Name), node.child(Field::Value)) {
                    self.constant(name, value);
                }
            }
            _ => {}
        }
    }

    /// Notes the members of an interface, or of a type of objects, that give promises.
    fn members(&mut self, of: &str, body: Node<'_>) {
        for member in body.named_children() {
            let promise = match member.kind() {
                Kind::MethodSignature => member.child(Field::ReturnType).is_some_and(|t| is_promise(t.text())),
                // `load: (id: number) => Promise<string>`
                Kind::PropertySignature => member.child(Field::Type).is_some_and(|t| {
                    t.first_named().is_some_and(|f| {
                        f.kind() == Kind::FunctionType
                            && f.child(Field::ReturnType).is_some_and(|r| is_promise(r.text()))
                    })
                }),
                _ => false,
            };
            if let Some(own) = member.child(Field::Name).filter(|_| promise) {
                self.promising.insert(format!("{of}.{}", own.text()));
            }
        }
    }

    /// Whether a method of what `receiver` names is known to give a promise: `repo.find(..)` where `const repo = new Repo()`,
    /// `this.repo.find(..)` where the field's type is written, both of a class or an interface of this file.
    pub fn gives_promise(&self, receiver: Node<'_>, method: &str) -> bool {
        self.class_of(receiver).is_some_and(|ty| self.promising.contains(&format!("{ty}.{method}")))
    }

    /// Whether a call of a function or method of this file is known to give a promise, which may be one that is never rejected.
    pub fn is_promise(&self, receiver: Option<Node<'_>>, name: &str) -> bool {
        match receiver {
            None => self.promises.contains(name),
            Some(of) if of.kind() == Kind::This => self.promises.contains(&format!("this.{name}")),
            Some(of) => self.class_of(of).is_some_and(|ty| self.promises.contains(&format!("{ty}.{name}"))),
        }
    }

    /// Whether calling a function of this file gives a promise that may be rejected.
    pub fn may_reject(&self, function: Node<'_>) -> bool {
        match rejects(function) {
            Rejects::Never => false,
            Rejects::With(others) => !others.is_subset(&self.never_rejecting),
            Rejects::Itself => true,
        }
    }

    /// The class of what a constant or a field with a written type holds.
    fn class_of<'r>(&'r self, receiver: Node<'r>) -> Option<&'r str> {
        let text = receiver.text();
        // A variable or parameter with a written type.
        if let Some(written) = shape::written_type(receiver) {
            return Some(written);
        }
        match text.strip_prefix("this.") {
            Some(field) => self.fields.get(field).map(String::as_str),
            None if receiver.kind() == Kind::Identifier && !support::declares(receiver, text) => {
                self.instances.get(text).map(String::as_str)
            }
            None => None,
        }
    }

    fn function(&mut self, name: Node<'_>, function: Node<'_>, settled: &mut Settled) {
        if gives_promise(function) || rejections::new_promise(function).is_some() {
            self.promises.insert(name.text().to_owned());
        }
        let rejects = rejects(function);
        if rejects != Rejects::Never {
            self.async_functions.insert(name.text().to_owned());
        }
        if rejections::makes_promise(function) {
            self.made_promises.insert(name.text().to_owned());
        }
        let told = settles(function);
        settled.entry(name.text().to_owned()).or_default().push(told);
        let names = shape::parameters(function);
        if names.len() > 1 {
            let plain = |n: &Node<'_>| if n.kind() == Kind::Identifier { n.text().to_owned() } else { String::new() };
            self.parameters.insert(name.text().to_owned(), names.iter().map(plain).collect());
        }
    }

    /// Notes what a function does in every call that its callers had better not do again and again.
    fn costs(&mut self, name: &str, function: Node<'_>) {
        if holds_up(function) {
            self.blocking_functions.insert(name.to_owned());
        }
        let compiled = compiles(function);
        if !compiled.is_empty() {
            self.compiling_functions.insert(name.to_owned(), compiled);
        }
    }

    fn constant(&mut self, name: Node<'_>, value: Node<'_>) {
        let literal = matches!(
            value.kind(),
            Kind::String
                | Kind::TemplateString
                | Kind::StringLiteral
                | Kind::RawStringLiteral
                | Kind::ArrayExpression
                | Kind::ReferenceExpression
                | Kind::BooleanLiteral
                | Kind::True
                | Kind::False
                | Kind::UnaryExpression
        );
        if literal && value.text().len() <= LONGEST && !value.descendants().any(|n| n.kind() == Kind::CallExpression) {
            self.constants.insert(name.text().to_owned(), value.text().to_owned());
        }
    }
}

/// Methods that a block awaits, as written: `this.store.save`, `mailer.send`. None in Rust, whose `await` stands behind.
pub fn awaited(block: &Block) -> Vec<Ustr> {
    // What is handed a function may give whatever that gives.
    let calls_back = |a: &Node<'_>| {
        a.first_named()
            .map(support::bare)
            .is_some_and(|c| support::args(c).any(|f| support::is_function(support::bare(f))))
    };
    let awaits = block.arena().nodes().filter(|n| n.kind() == Kind::AwaitExpression && !calls_back(n));
    // The grammar reads `await get<T>(x)` as a call of `await get`.
    let callees = awaits.filter_map(|a| {
        let typed = a.parent().is_some_and(|p| p.kind() == Kind::CallExpression && p.child(Field::Function) == Some(a));
        let inner = a.first_named().map(support::bare)?;
        if typed { Some(inner) } else { inner.child(Field::Function) }
    });
    let methods = callees.filter(|c| c.kind() == Kind::MemberExpression && c.text().len() <= LONGEST / 4);
    methods.map(|c| Ustr::from(c.text())).collect()
}

/// A property with its written type, the blanks in which stand for one each.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Property {
    name: String,
    written: String,
    place: Place,
}

/// Where a property is written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// A class's own field.
    Field,
    /// A constructor's parameter that is a field, too.
    Parameter,
    /// An interface or a type.
    Signature,
}

/// The properties that a block writes down with their types (TypeScript).
fn properties(arena: &Arena) -> impl Iterator<Item = Property> {
    arena.nodes().filter_map(|node| {
        let (name, place) = match node.kind() {
            Kind::PublicFieldDefinition => (node.child(Field::Name), Place::Field),
            Kind::PropertySignature => (node.child(Field::Name), Place::Signature),
            Kind::RequiredParameter if node.child_of_kind(Kind::AccessibilityModifier).is_some() => {
                (node.child(Field::Pattern), Place::Parameter)
            }
            _ => return None,
        };
        let written = squeezed(node.child(Field::Type)?.text().trim_start_matches(':'));
        Some(Property { name: name?.text().to_owned(), written, place })
    })
}

/// Whether code uses the context that a test's runner hands to it: `t.plan(2)`, `t.assert.ok(..)`.
pub fn names_runner(text: &str) -> bool {
    ["t.plan(", "t.assert.", "t.equal(", "t.deepEqual(", "t.after("].iter().any(|m| {
        text.match_indices(m)
            .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.'))
    })
}

/// Whether code has what TypeScript makes of `?.` for older engines; nobody writes `_a === void 0`.
pub fn lowers_chains(text: &str) -> bool {
    text.contains(" === null || _a === void 0 ?")
}

/// Whether code describes tests to a runner: `describe('..', () => ..)`.
pub fn describes(text: &str) -> bool {
    ["describe('", "describe(\"", "describe(`"].iter().any(|w| text.contains(w))
}

/// Whether code loads what lies above its folder.
pub fn loads_from_above(text: &str) -> bool {
    ["require('..", "require(\"..", "from '..", "from \"..", "__dirname+'/../", "__dirname + '/../"]
        .iter()
        .any(|w| text.contains(w))
}

/// Whether a text makes or finds elements of a page, or draws on one.
pub fn names_page(text: &str) -> bool {
    const NAMES: [&str; 10] = [
        "document.createElement",
        "document.querySelector",
        "document.getElementById",
        "document.body",
        "document.addEventListener",
        "window.addEventListener",
        "requestAnimationFrame(",
        "HTMLElement",
        "customElements.",
        "$(document)",
    ];
    NAMES.iter().any(|n| text.contains(n))
}

/// A text with one blank for every run of blanks, and none at its ends.
pub fn squeezed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// What a file's facts read of a function; while this is the same the facts are. Of classes and modules they may read all.
#[derive(PartialEq, Eq, Debug)]
pub struct Part {
    kind: Kind,
    /// Everything before the body; of TypeScript's blanks only where they are, for no fact tells more of them.
    head: String,
    properties: Vec<Property>,
    rejects: Rejects,
    settles: Option<Rejects>,
    makes_promise: bool,
    returns_nothing: bool,
    holds_up: bool,
    compiles: Vec<usize>,
    equalities: (usize, usize),
    names_last_index: bool,
    names_runner: bool,
    names_page: bool,
    lowers_chains: bool,
    describes: bool,
    loads_from_above: bool,
    uses_this: bool,
    binds: Option<Vec<String>>,
    rust: Option<super::rust_items::Part>,
}

impl Part {
    /// That of a function's block.
    pub fn of(block: &Block, family: Family) -> Part {
        let (arena, root) = (block.arena(), block.arena().root());
        let head = root.child(Field::Body).map_or(root.span().end, |b| b.span().start) - root.span().start;
        let ecma = family == Family::Ecma;
        let head = root.text().get(..head as usize).unwrap_or_default();
        Part {
            kind: root.kind(),
            head: if ecma { squeezed(head) } else { head.to_owned() },
            properties: if ecma { properties(arena).collect() } else { Vec::new() },
            rejects: if ecma { rejects(root) } else { Rejects::Never },
            settles: if ecma { settles(root) } else { None },
            makes_promise: ecma && rejections::makes_promise(root),
            returns_nothing: ecma && returns_nothing(root),
            holds_up: ecma && holds_up(root),
            compiles: if ecma { compiles(root) } else { Vec::new() },
            equalities: if ecma { equalities(arena) } else { (0, 0) },
            names_last_index: ecma && arena.text().contains("lastIndex"),
            names_runner: ecma && names_runner(arena.text()),
            names_page: ecma && names_page(arena.text()),
            lowers_chains: ecma && lowers_chains(arena.text()),
            describes: ecma && describes(arena.text()),
            loads_from_above: ecma && loads_from_above(arena.text()),
            uses_this: ecma && uses_this(root),
            binds: if ecma { binds(arena) } else { Some(Vec::new()) },
            rust: (!ecma).then(|| super::rust_items::Part::of(block)),
        }
    }
}

/// Whether a method, called for an object, uses it.
fn uses_this(method: Node<'_>) -> bool {
    let own = |n: Node<'_>| {
        support::is_function(n) && n.kind() != Kind::ArrowFunction
            || matches!(n.kind(), Kind::ClassDeclaration | Kind::Class | Kind::ClassBody)
    };
    method.kind() == Kind::MethodDefinition
        && !["static", "get", "set"].into_iter().any(|t| method.has_token(t))
        && method.child(Field::Body).is_some_and(|b| b.descendants_until(own).any(|n| n.kind() == Kind::This))
}

/// The methods that a block binds to an object (`this.go.bind(this)`) or stores anew; `None` where something binds them all.
fn binds(arena: &Arena) -> Option<Vec<String>> {
    const ALL: [&str; 7] = ["utobind", "utoBind", "bindAll", "bindFunctions", "bindMethods", "bindThis", "@bound"];
    let text = arena.text();
    if text.contains("ind") && ALL.iter().any(|w| text.contains(w)) || text.contains("@bind") {
        return None;
    }
    let last = |n: Node<'_>| n.child(Field::Property).map(|p| p.text().to_owned());
    let names = arena.nodes().filter_map(|n| match n.kind() {
        Kind::CallExpression => support::method(n).filter(|(_, m)| m.text() == "bind").and_then(|(of, _)| last(of)),
        Kind::AssignmentExpression => n.child(Field::Left).and_then(last),
        _ => None,
    });
    Some(names.collect())
}

/// Whether a value is a regular expression that remembers where it stopped.
pub fn keeps_its_place(value: Node<'_>) -> bool {
    let flags = match value.kind() {
        Kind::Regex => value.text().rsplit('/').next().unwrap_or_default(),
        Kind::NewExpression if value.child(Field::Constructor).is_some_and(|c| c.text() == "RegExp") => {
            let second = support::args(value).nth(1).filter(|f| f.kind() == Kind::String);
            second.map_or("", |f| f.text().trim_matches(['\'', '"']))
        }
        _ => return false,
    };
    flags.chars().all(|c| c.is_ascii_lowercase()) && flags.contains(['g', 'y'])
}

/// Whether a written type is that of a promise.
pub(super) fn is_promise(written: &str) -> bool {
    written.trim_start_matches(':').trim().starts_with("Promise<")
}

fn open<'a>(block: &'a Block, node: Node<'a>) -> Node<'a> {
    node.hole().and_then(|n| block.child(n)).map_or(node, |child| child.arena().root())
}

/// Whether a function does something and gives no value on any way through it.
pub fn returns_nothing(function: Node<'_>) -> bool {
    if function.has_token("async") || function.has_token("*") || function.is_hole() {
        return false;
    }
    let typed = function.child(Field::ReturnType).map(|t| t.text().trim_start_matches(':').trim());
    if typed.is_some_and(|t| t != "void" && t != "undefined") {
        return false;
    }
    let Some(body) = function.child(Field::Body).filter(|b| b.kind() == Kind::StatementBlock) else { return false };
    let works = body.named_children().any(|s| {
        matches!(s.kind(), Kind::ExpressionStatement | Kind::IfStatement | Kind::TryStatement) || support::is_loop(s)
    });
    let leaves = body.descendants_until(support::is_function).any(|n| {
        n.is_hole() && n.kind() != Kind::FunctionDeclaration && !support::is_function(n)
            || n.kind() == Kind::ReturnStatement && n.first_named().is_some()
    });
    let throws = body.last_named().is_some_and(|s| s.kind() == Kind::ThrowStatement);
    works && !leaves && !throws
}

/// Comparisons with `==` from which on it may be a file's habit.
const HABIT: usize = 8;

/// Bytes from which a file is long enough to show what its author does as a habit.
const LONG: usize = 6000;

/// Whether elements have attributes that React calls otherwise, or stand in a function that is called on an object.
fn has_other_jsx(arena: &Arena) -> bool {
    let text = arena.text();
    (text.contains(" class=") || text.contains(" for=") || text.contains("(this:"))
        && arena.nodes().any(|n| match n.kind() {
            Kind::JsxAttribute => n.first_named().is_some_and(|a| matches!(a.text(), "class" | "for")),
            Kind::FormalParameters => {
                n.text().starts_with("(this:")
                    && n.parent().is_some_and(|f| {
                        f.descendants().any(|e| matches!(e.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement))
                    })
            }
            _ => false,
        })
}

/// How many comparisons convert their sides, and how many do not. Those with `null`, and of `typeof`, tell nothing.
fn equalities(arena: &Arena) -> (usize, usize) {
    let (mut loose, mut strict) = (0, 0);
    if !arena.text().contains("==") && !arena.text().contains("!=") {
        return (0, 0);
    }
    for n in arena.nodes().filter(|n| n.kind() == Kind::BinaryExpression && !n.is_hole()) {
        match shape::operator(n) {
            "===" | "!==" => strict += 1,
            "==" | "!=" => {
                let telling = shape::operands(n).is_some_and(|(a, b)| {
                    [a, b].iter().all(|s| {
                        let is_typeof = s.kind() == Kind::UnaryExpression && shape::operator(*s) == "typeof";
                        !is_typeof && !matches!(s.kind(), Kind::Null | Kind::Undefined)
                    })
                });
                loose += usize::from(telling);
            }
            _ => {}
        }
    }
    (loose, strict)
}

/// Whether every call of a function reads or writes files, or waits for a process: not behind a condition, which may remember the
/// outcome.
fn holds_up(function: Node<'_>) -> bool {
    let Some(body) = function.child(Field::Body) else { return false };
    std::iter::once(body).chain(body.descendants_until(support::is_function)).any(|n| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).is_some_and(|f| {
                let name = f.text().rsplit('.').next().unwrap_or_default();
                matches!(
                    name,
                    "readFileSync"
                        | "writeFileSync"
                        | "appendFileSync"
                        | "readdirSync"
                        | "execSync"
                        | "execFileSync"
                        | "spawnSync"
                        | "copyFileSync"
                        | "pbkdf2Sync"
                        | "scryptSync"
                )
            })
            && always(n, function)
    })
}

/// Whether a node of a function is evaluated in every call that gets there: behind no condition, which may remember the outcome.
fn always(n: Node<'_>, function: Node<'_>) -> bool {
    !n.ancestors().take_while(|a| *a != function).any(|a| {
        matches!(a.kind(), Kind::IfStatement | Kind::TernaryExpression | Kind::SwitchCase | Kind::CatchClause)
            || matches!(shape::operator(a), "||" | "&&" | "??" | "??=" | "||=")
    })
}

/// The positions of the parameters of which a function makes a regular expression in every call; empty where it makes none, or of
/// other things as well.
fn compiles(function: Node<'_>) -> Vec<usize> {
    let none = Vec::new();
    let Some(body) = function.child(Field::Body).filter(|_| function.text().contains("RegExp(")) else { return none };
    let made = std::iter::once(body).chain(body.descendants_until(support::is_function)).find(|n| {
        n.kind() == Kind::NewExpression
            && n.child(Field::Constructor).is_some_and(|c| c.text() == "RegExp")
            && always(*n, function)
            && !n.ancestors().take_while(|a| *a != function).any(support::is_loop)
    });
    let names = shape::parameters(function);
    let mut used = Vec::new();
    for n in made.and_then(|m| m.child(Field::Arguments)).into_iter().flat_map(Node::descendants) {
        match n.kind() {
            Kind::Identifier => match names.iter().position(|p| p.text() == n.text()) {
                Some(at) => used.push(at),
                None => return none,
            },
            Kind::CallExpression | Kind::MemberExpression | Kind::SubscriptExpression | Kind::This => return none,
            _ => {}
        }
    }
    used.sort_unstable();
    used.dedup();
    used
}

/// Whether a function is async, or says that it gives a promise.
fn gives_promise(function: Node<'_>) -> bool {
    !function.has_token("*")
        && (function.has_token("async") || function.child(Field::ReturnType).is_some_and(|t| is_promise(t.text())))
}
