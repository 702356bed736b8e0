//! What Rust's source tells of the types of expressions: annotations, constructors, literals, fields and functions of the
//! file, and the standard library's methods. Nothing is inferred beyond that; what is not told is `None`.

use std::cell::Cell;

use sidenote_grammars::{Field, Kind};

use super::Cx;
use super::rust_names::{Binding, Origin, binding};
use super::support::{args, method, rust_path};
use crate::syntax::Node;

/// Nesting of expressions beyond which nothing is told.
const DEPTH: usize = 24;
/// Expressions that are looked at for one answer.
const STEPS: u32 = 300;
/// Nesting of written types beyond which nothing is told.
const TYPE_DEPTH: usize = 12;

/// A type as far as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ty<'a> {
    /// References in front of it.
    pub refs: u8,
    /// Whether the outermost reference is `&mut`.
    pub mutable: bool,
    /// The last segment of its path; `[]` for a slice, `[;]` for an array, `()` for a tuple, `*` for a raw pointer, `dyn`,
    /// `impl`, `fn`; `_` where it is not known. An iterator of any kind is `Iterator` over its items.
    pub name: &'a str,
    /// Its path as written; empty where it was not written.
    pub path: &'a str,
    /// Type arguments; the elements of a slice, array, tuple.
    pub args: Vec<Ty<'a>>,
    /// The length of an array, as written.
    pub length: Option<&'a str>,
}

impl<'a> Ty<'a> {
    /// A type without arguments.
    pub fn named(name: &'a str) -> Ty<'a> {
        Ty { refs: 0, mutable: false, name, path: "", args: Vec::new(), length: None }
    }

    /// A generic type.
    pub fn with(name: &'a str, args: Vec<Ty<'a>>) -> Ty<'a> {
        Ty { args, ..Ty::named(name) }
    }

    /// A type that is not known.
    pub fn unknown() -> Ty<'a> {
        Ty::named("_")
    }

    /// Reads a written type.
    pub fn parse(text: &'a str) -> Ty<'a> {
        parse(text, TYPE_DEPTH)
    }

    /// The type behind one more reference.
    #[must_use]
    pub fn reference(mut self, mutable: bool) -> Ty<'a> {
        self.refs = self.refs.saturating_add(1);
        self.mutable = mutable;
        self
    }

    /// The type without references.
    #[must_use]
    pub fn owned(mut self) -> Ty<'a> {
        self.refs = 0;
        self.mutable = false;
        self
    }

    /// The first argument, else something unknown.
    pub fn arg(&self) -> Ty<'a> {
        self.args.first().cloned().unwrap_or_else(Ty::unknown)
    }

    /// Whether it is an owned value of that type.
    pub fn is(&self, name: &str) -> bool {
        self.refs == 0 && self.name == name
    }

    /// Whether it is a primitive integer, by value.
    pub fn is_integer(&self) -> bool {
        self.refs == 0 && (is_unsigned(self.name) || is_signed(self.name) || self.name == "{integer}")
    }

    /// Whether it is a floating point number, by value.
    pub fn is_float(&self) -> bool {
        self.refs == 0 && matches!(self.name, "f32" | "f64" | "{float}")
    }

    /// Whether copying it is free and implicit; `None` where that is not known.
    pub fn is_copy(&self, cx: &Cx<'_>) -> Option<bool> {
        if self.refs > 0 {
            return Some(!self.mutable);
        }
        match self.name {
            "bool" | "char" | "*" | "{integer}" | "{float}" | "NonNull" | "PhantomData" | "Duration" | "Instant"
            | "TypeId" | "Ordering" | "fn" => Some(true),
            _ if self.is_integer() || self.is_float() => Some(true),
            "String" | "Vec" | "Box" | "Rc" | "Arc" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet" | "VecDeque"
            | "PathBuf" | "OsString" | "CString" | "RefCell" | "Mutex" | "RwLock" | "File" | "Iterator" => Some(false),
            "Option" | "[;]" => self.arg().is_copy(cx),
            "()" => self.args.iter().try_fold(true, |all, t| Some(all && t.is_copy(cx)?)),
            name => cx.file.declared.rust.types.get(name).map(|t| t.derives("Copy")),
        }
    }

    /// What iterating it yields.
    pub fn item(&self) -> Ty<'a> {
        let element = match self.name {
            "Vec" | "[]" | "[;]" | "VecDeque" | "HashSet" | "BTreeSet" | "BinaryHeap" | "LinkedList" | "Iterator"
            | "Option" => self.arg(),
            "HashMap" | "BTreeMap" if self.args.len() > 1 => {
                if self.refs > 0 {
                    let (k, v) = (self.args[0].clone(), self.args[1].clone());
                    return Ty::with("()", vec![k.reference(false), v.reference(self.mutable)]);
                }
                Ty::with("()", self.args[..2].to_vec())
            }
            "Range" | "RangeInclusive" => return self.arg(),
            _ => return Ty::unknown(),
        };
        if self.refs > 0 && self.name != "Iterator" { element.reference(self.mutable) } else { element }
    }

    /// Whether it holds elements in one piece of memory: a vector, array or slice, or a reference to one.
    pub fn is_sequence(&self) -> bool {
        matches!(self.name, "Vec" | "[]" | "[;]")
    }
}

/// Whether a type of that name is an unsigned integer.
pub fn is_unsigned(name: &str) -> bool {
    matches!(name, "u8" | "u16" | "u32" | "u64" | "u128" | "usize")
}

/// Whether a type of that name is a signed integer.
pub fn is_signed(name: &str) -> bool {
    matches!(name, "i8" | "i16" | "i32" | "i64" | "i128" | "isize")
}

fn parse(text: &str, depth: usize) -> Ty<'_> {
    let mut t = text.trim();
    let (mut refs, mut mutable) = (0u8, false);
    while let Some(rest) = t.strip_prefix('&') {
        t = rest.trim_start();
        if t.starts_with('\'') {
            t = t[1..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').trim_start();
        }
        let inner = t.strip_prefix("mut ").map(str::trim_start);
        if refs == 0 {
            mutable = inner.is_some();
        }
        t = inner.unwrap_or(t);
        refs = refs.saturating_add(1);
    }
    let mut ty = if depth == 0 { Ty::unknown() } else { parse_plain(t, depth - 1) };
    (ty.refs, ty.mutable) = (refs, mutable);
    ty
}

fn parse_plain(t: &str, depth: usize) -> Ty<'_> {
    if let Some(inner) = t.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return match split(inner, ';').as_slice() {
            [element, length] => Ty { length: Some(length), ..Ty::with("[;]", vec![parse(element, depth)]) },
            [element] => Ty::with("[]", vec![parse(element, depth)]),
            _ => Ty::unknown(),
        };
    }
    if let Some(inner) = t.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        let parts = split(inner, ',');
        return Ty::with("()", parts.iter().filter(|p| !p.trim().is_empty()).map(|p| parse(p, depth)).collect());
    }
    for word in ["dyn", "impl"] {
        if let Some(rest) = t.strip_prefix(word).filter(|r| r.starts_with(' ')) {
            let first = split(rest, '+').first().copied().unwrap_or(rest);
            return Ty::with(if word == "dyn" { "dyn" } else { "impl" }, vec![parse(first, depth)]);
        }
    }
    if t.starts_with('*') {
        return Ty::named("*");
    }
    if t.starts_with("fn(") || t.starts_with("unsafe ") || t.starts_with("extern ") || t.starts_with("for<") {
        return Ty::named("fn");
    }
    let open = t.find('<').filter(|_| t.ends_with('>'));
    let path = t[..open.unwrap_or(t.len())].trim().trim_end_matches("::");
    if path.is_empty() || !path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '#')) {
        return Ty::unknown();
    }
    let name = path.rsplit("::").next().unwrap_or(path);
    let args = open.map(|o| split(&t[o + 1..t.len() - 1], ',')).unwrap_or_default();
    let args = args.iter().filter(|a| !a.trim_start().starts_with('\'') && !a.contains('=') && !a.trim().is_empty());
    Ty { refs: 0, mutable: false, name, path, args: args.map(|a| parse(a, depth)).collect(), length: None }
}

/// Splits at a separator outside of brackets.
fn split(text: &str, by: char) -> Vec<&str> {
    let (mut out, mut from, mut depth, mut before) = (Vec::new(), 0, 0i32, ' ');
    for (i, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if before == '-' => {}
            '>' | ')' | ']' => depth -= 1,
            _ if c == by && depth == 0 => {
                out.push(&text[from..i]);
                from = i + c.len_utf8();
            }
            _ => {}
        }
        before = c;
    }
    out.push(&text[from..]);
    out
}

/// What is left of the depth, and of the steps that all branches of one question share.
#[derive(Clone, Copy)]
struct Depth<'s> {
    left: usize,
    steps: &'s Cell<u32>,
}

impl Depth<'_> {
    fn checked_sub(self, n: usize) -> Option<Self> {
        self.steps.set(self.steps.get().checked_sub(1)?);
        Some(Depth { left: self.left.checked_sub(n)?, ..self })
    }
}

/// The type of an expression.
pub fn type_of<'a>(node: Node<'a>, cx: &Cx<'a>) -> Option<Ty<'a>> {
    infer(node, cx, Depth { left: DEPTH, steps: &Cell::new(STEPS) }).filter(|t| t.name != "_")
}

/// The name of an expression's type behind references, if it is told.
pub fn type_name<'a>(node: Node<'a>, cx: &Cx<'a>) -> Option<&'a str> {
    type_of(node, cx).map(|t| t.name)
}

fn infer<'a>(node: Node<'a>, cx: &Cx<'a>, depth: Depth<'_>) -> Option<Ty<'a>> {
    let depth = depth.checked_sub(1)?;
    if node.is_hole() {
        return None;
    }
    match node.kind() {
        Kind::ParenthesizedExpression => infer(node.first_named()?, cx, depth),
        Kind::IntegerLiteral => Some(Ty::named(suffix(node.text()).unwrap_or("{integer}"))),
        Kind::FloatLiteral => Some(Ty::named(suffix(node.text()).unwrap_or("{float}"))),
        Kind::BooleanLiteral => Some(Ty::named("bool")),
        Kind::CharLiteral if node.text().starts_with('b') => Some(Ty::named("u8")),
        Kind::CharLiteral => Some(Ty::named("char")),
        Kind::StringLiteral | Kind::RawStringLiteral => Some(if node.text().starts_with('b') {
            Ty::with("[;]", vec![Ty::named("u8")]).reference(false)
        } else {
            Ty::named("str").reference(false)
        }),
        Kind::ReferenceExpression => {
            let mutable = node.child_of_kind(Kind::MutableSpecifier).is_some();
            Some(infer(node.child(Field::Value)?, cx, depth)?.reference(mutable))
        }
        Kind::UnaryExpression => {
            let inner = infer(node.last_named()?, cx, depth)?;
            if !node.text().starts_with('*') {
                return Some(if inner.is_integer() || inner.is_float() || inner.is("bool") {
                    inner
                } else {
                    return None;
                });
            }
            Some(deref(inner))
        }
        Kind::TypeCastExpression => Some(Ty::parse(node.child(Field::Type)?.text())),
        Kind::BinaryExpression => {
            let left = infer(node.child(Field::Left)?, cx, depth);
            match node.child(Field::Operator)?.text() {
                "==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||" => Some(Ty::named("bool")),
                "<<" | ">>" => left.filter(|t| t.is_integer()),
                _ => {
                    let number = |t: &Ty<'_>| t.is_integer() || t.is_float();
                    let left = left.map(|l| if l.name == "String" || l.mutable { l } else { l.owned() });
                    let right = infer(node.child(Field::Right)?, cx, depth).map(Ty::owned);
                    match (left, right) {
                        (Some(l), _) if l.is("String") => Some(l),
                        (Some(l), Some(r)) if number(&l) && number(&r) => {
                            Some(if l.name.starts_with('{') { r } else { l })
                        }
                        (Some(l), None) if number(&l) && !l.name.starts_with('{') => Some(l),
                        (None, Some(r)) if number(&r) && !r.name.starts_with('{') => Some(r),
                        _ => None,
                    }
                }
            }
        }
        Kind::RangeExpression => {
            let item = node.named_children().find_map(|e| infer(e, cx, depth).filter(|t| !t.name.starts_with('{')));
            Some(Ty::with("Range", vec![item.or_else(|| node.named_children().find_map(|e| infer(e, cx, depth)))?]))
        }
        Kind::Identifier => variable(node, cx, depth),
        Kind::FieldExpression => {
            let name = node.child(Field::Field)?.text();
            if let Ok(n) = name.parse::<usize>() {
                let tuple = infer(node.child(Field::Value)?, cx, depth)?;
                return if tuple.name == "()" { tuple.args.get(n).cloned() } else { None };
            }
            let value = node.child(Field::Value)?;
            if value.kind() == Kind::SelfValue {
                return cx.file.declared.rust.field(None, name).map(Ty::parse);
            }
            let of = infer(value, cx, depth)?;
            cx.file.declared.rust.field(Some(of.name), name).map(Ty::parse)
        }
        Kind::IndexExpression => {
            let mut parts = node.named_children();
            let base = infer(parts.next()?, cx, depth)?;
            let ranged = parts.next()?.kind() == Kind::RangeExpression;
            match base.name {
                "Vec" | "[]" | "[;]" | "VecDeque" if ranged => Some(Ty::with("[]", vec![base.arg()])),
                "Vec" | "[]" | "[;]" | "VecDeque" => Some(base.arg()),
                "HashMap" | "BTreeMap" => base.args.get(1).cloned(),
                "String" | "str" if ranged => Some(Ty::named("str")),
                _ => None,
            }
        }
        Kind::StructExpression => {
            let name = node.child(Field::Name)?;
            Some(Ty { args: Vec::new(), ..Ty::parse(name.text()) })
        }
        Kind::MacroInvocation => match macro_name(node) {
            "format" => Some(Ty::named("String")),
            "vec" => Some(Ty::with("Vec", vec![Ty::unknown()])),
            "matches" => Some(Ty::named("bool")),
            _ => None,
        },
        Kind::ArrayExpression => {
            let element = node.named_children().next().and_then(|e| infer(e, cx, depth)).unwrap_or_else(Ty::unknown);
            Some(Ty::with("[;]", vec![element]))
        }
        Kind::TupleExpression => {
            let parts = node.named_children().map(|e| infer(e, cx, depth).unwrap_or_else(Ty::unknown));
            Some(Ty::with("()", parts.collect()))
        }
        Kind::TryExpression => {
            let inner = infer(node.first_named()?, cx, depth)?;
            matches!(inner.name, "Option" | "Result").then(|| inner.arg())
        }
        Kind::UnsafeBlock | Kind::Block => {
            let block = if node.kind() == Kind::Block { node } else { node.child_of_kind(Kind::Block)? };
            let last = block.last_named()?;
            (last.kind() != Kind::ExpressionStatement).then(|| infer(last, cx, depth))?
        }
        Kind::IfExpression => infer(node.child(Field::Consequence)?, cx, depth),
        Kind::CallExpression => match method(node) {
            Some((receiver, name)) => method_type(node, receiver, name.text(), cx, depth),
            None => call_type(node, cx, depth),
        },
        _ => None,
    }
}

/// The type behind a dereference.
fn deref(mut ty: Ty<'_>) -> Ty<'_> {
    if ty.refs > 0 {
        ty.refs -= 1;
        ty.mutable = false;
        return ty;
    }
    match ty.name {
        "Box" | "Rc" | "Arc" | "MutexGuard" | "Ref" | "RefMut" => ty.arg(),
        "String" => Ty::named("str"),
        "Vec" => Ty::with("[]", ty.args),
        _ => Ty::unknown(),
    }
}

/// The last segment of a macro's path.
pub fn macro_name<'a>(node: Node<'a>) -> &'a str {
    let path = node.child(Field::Macro).map_or("", Node::text);
    path.rsplit("::").next().unwrap_or(path)
}

fn suffix(literal: &str) -> Option<&str> {
    const ALL: [&str; 14] =
        ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64"];
    if literal.starts_with("0x") && literal.ends_with(|c: char| c.is_ascii_digit()) && literal.contains('f') {
        // `0x1f32` is a number.
        return ALL[..12].iter().find(|s| literal.ends_with(**s)).map(|s| &literal[literal.len() - s.len()..]);
    }
    ALL.iter().find(|s| literal.ends_with(**s)).map(|s| &literal[literal.len() - s.len()..])
}

fn variable<'a>(name: Node<'a>, cx: &Cx<'a>, depth: Depth<'_>) -> Option<Ty<'a>> {
    let depth = depth.checked_sub(1)?;
    let Some(bound) = binding(name) else {
        return cx.file.declared.rust.constants.get(name.text()).map(|t| Ty::parse(t));
    };
    declared_type(bound, cx, depth)
}

/// The type of a variable.
pub fn type_of_binding<'a>(bound: Binding<'a>, cx: &Cx<'a>) -> Option<Ty<'a>> {
    declared_type(bound, cx, Depth { left: DEPTH, steps: &Cell::new(STEPS) }).filter(|t| t.name != "_")
}

fn declared_type<'a>(bound: Binding<'a>, cx: &Cx<'a>, depth: Depth<'_>) -> Option<Ty<'a>> {
    let whole = match bound.origin {
        Origin::Let(n) => match n.child(Field::Type) {
            Some(written) => {
                let ty = Ty::parse(written.text());
                // `Vec<_>`
                if ty.args.iter().any(|a| a.name == "_") {
                    n.child(Field::Value).and_then(|v| infer(v, cx, depth)).filter(|v| v.name == ty.name).unwrap_or(ty)
                } else {
                    ty
                }
            }
            None => infer(n.child(Field::Value)?, cx, depth)?,
        },
        Origin::Param(n) => Ty::parse(n.child(Field::Type)?.text()),
        Origin::Closure(n) => match n.child(Field::Type).filter(|_| n.kind() == Kind::Parameter) {
            Some(written) => Ty::parse(written.text()),
            None => closure_parameter(n, cx, depth)?,
        },
        Origin::For(n) => infer(n.child(Field::Value)?, cx, depth)?.item(),
        Origin::Condition(n) => infer(n.child(Field::Value)?, cx, depth)?,
        Origin::Arm(n) => {
            let matched = n.ancestors().find(|a| a.kind() == Kind::MatchExpression)?;
            infer(matched.child(Field::Value)?, cx, depth)?
        }
        Origin::Item(n) => Ty::parse(n.child(Field::Type)?.text()),
    };
    project(bound.pattern, bound.name, whole, depth)
}

/// The type that a pattern gives to one of its names.
fn project<'a>(pattern: Node<'a>, name: Node<'a>, ty: Ty<'a>, depth: Depth<'_>) -> Option<Ty<'a>> {
    let depth = depth.checked_sub(1)?;
    if pattern == name {
        return Some(ty);
    }
    let inside = |p: Node<'a>| p.span().contains(name.span());
    match pattern.kind() {
        Kind::MutPattern => project(pattern.last_named()?, name, ty, depth),
        Kind::MatchPattern => {
            let first = pattern.children().find(|c| !c.is_comment() && c.field() != Field::Condition)?;
            project(first, name, ty, depth)
        }
        Kind::RefPattern => Some(project(pattern.last_named()?, name, ty, depth)?.reference(false)),
        Kind::ReferencePattern => {
            let ty = if ty.refs > 0 { deref(ty) } else { Ty::unknown() };
            project(pattern.last_named()?, name, ty, depth)
        }
        Kind::CapturedPattern if pattern.first_named() == Some(name) => Some(ty),
        Kind::TuplePattern if ty.name == "()" => {
            let parts = pattern.children().filter(|c| !c.is_comment() && (c.is_named() || c.text() == "_"));
            let (i, part) = parts.enumerate().find(|(_, p)| inside(*p))?;
            let mut element = ty.args.get(i)?.clone();
            if ty.refs > 0 {
                element = element.reference(ty.mutable);
            }
            project(part, name, element, depth)
        }
        Kind::TupleStructPattern => {
            let variant = pattern.child(Field::Type)?.text();
            let element = match (variant, ty.name) {
                ("Some", "Option") | ("Ok", "Result") => ty.arg(),
                ("Err", "Result") => ty.args.get(1)?.clone(),
                _ => return None,
            };
            let element = if ty.refs > 0 { element.reference(ty.mutable) } else { element };
            let part = pattern.named_children().find(|p| p.field() != Field::Type && inside(*p))?;
            project(part, name, element, depth)
        }
        _ => None,
    }
}

/// What a closure's parameter is, by the method that takes the closure.
fn closure_parameter<'a>(parameter: Node<'a>, cx: &Cx<'a>, depth: Depth<'_>) -> Option<Ty<'a>> {
    let closure = parameter.ancestors().find(|a| a.kind() == Kind::ClosureExpression)?;
    let call = closure.parent()?.parent()?;
    let (receiver, name) = method(call)?;
    let of = infer(receiver, cx, depth)?;
    let item = of.item();
    let first = closure.child(Field::Parameters)?.named_children().next() == Some(parameter);
    match (of.name, name.text()) {
        (
            "Iterator",
            "map" | "for_each" | "flat_map" | "filter_map" | "any" | "all" | "position" | "find_map" | "map_while",
        ) if first => Some(item),
        (
            "Iterator",
            "filter" | "find" | "take_while" | "skip_while" | "inspect" | "partition" | "max_by_key" | "min_by_key",
        ) if first => Some(item.reference(false)),
        (
            "Vec" | "[]" | "[;]" | "VecDeque",
            "sort_by" | "sort_unstable_by" | "sort_by_key" | "sort_unstable_by_key" | "retain" | "dedup_by",
        ) => Some(of.arg().reference(false)),
        ("Option" | "Result", "map" | "and_then" | "is_some_and" | "is_ok_and" | "map_or" | "map_or_else") => {
            Some(of.arg())
        }
        _ => None,
    }
}

fn call_type<'a>(node: Node<'a>, cx: &Cx<'a>, depth: Depth<'_>) -> Option<Ty<'a>> {
    let callee = node.child(Field::Function)?;
    let written = if callee.kind() == Kind::GenericFunction { callee.child(Field::Function)? } else { callee };
    let first = || args(node).next().and_then(|a| infer(a, cx, depth)).unwrap_or_else(Ty::unknown);
    if written.kind() == Kind::Identifier {
        return match written.text() {
            "Some" => Some(Ty::with("Option", vec![first()])),
            "Ok" => Some(Ty::with("Result", vec![first(), Ty::unknown()])),
            "Err" => Some(Ty::with("Result", vec![Ty::unknown(), first()])),
            name if binding(written).is_none() => {
                cx.file.declared.rust.functions.get(name).and_then(Option::as_deref).map(Ty::parse)
            }
            _ => None,
        };
    }
    if written.kind() != Kind::ScopedIdentifier {
        return None;
    }
    let (of, name) = (written.child(Field::Path)?, written.child(Field::Name)?.text());
    let ty = Ty::parse(of.text());
    match (ty.name, name) {
        ("String", "new" | "from" | "with_capacity" | "from_utf8_lossy") => return Some(Ty::named("String")),
        (
            "Vec" | "VecDeque" | "HashMap" | "HashSet" | "BTreeMap" | "BTreeSet" | "BinaryHeap",
            "new" | "with_capacity" | "default",
        ) => {
            return Some(ty);
        }
        ("Vec", "from") => {
            let from = first();
            return Some(Ty::with("Vec", vec![if from.is_sequence() { from.arg() } else { Ty::unknown() }]));
        }
        ("Box" | "Rc" | "Arc" | "RefCell" | "Cell" | "Mutex" | "RwLock" | "OnceCell", "new") => {
            let path = ty.path;
            let inner = if ty.args.is_empty() { vec![first()] } else { ty.args };
            return Some(Ty { path, ..Ty::with(ty.name, inner) });
        }
        ("Rc" | "Arc", "clone") => {
            let mut inner = first();
            inner.refs = 0;
            return (inner.name == ty.name).then_some(inner);
        }
        ("mem", "take") => return Some(first().owned()),
        ("mem", "size_of" | "align_of") => return Some(Ty::named("usize")),
        _ => {}
    }
    let path = rust_path(callee, cx)?;
    match path.as_str() {
        "std::fs::File::open"
        | "std::fs::File::create"
        | "std::fs::File::create_new"
        | "File::open"
        | "File::create" => {
            return Some(Ty::with("Result", vec![Ty::named("File"), Ty::named("Error")]));
        }
        "std::fs::read_to_string" | "std::env::var" => {
            return Some(Ty::with("Result", vec![Ty::named("String"), Ty::named("Error")]));
        }
        "std::fs::read" => {
            return Some(Ty::with("Result", vec![Ty::with("Vec", vec![Ty::named("u8")]), Ty::named("Error")]));
        }
        _ => {}
    }
    if let Some(told) = cx.file.declared.rust.method(Some(ty.name), name) {
        let told = Ty::parse(told);
        return Some(if told.is("Self") { ty } else { told });
    }
    // `T::new(..)` makes a `T`, as everybody writes it.
    let constructor = matches!(name, "new" | "default" | "with_capacity");
    (constructor && ty.name.starts_with(|c: char| c.is_ascii_uppercase()) && ty.name != "Self").then_some(ty)
}

fn method_type<'a>(node: Node<'a>, receiver: Node<'a>, name: &str, cx: &Cx<'a>, depth: Depth<'_>) -> Option<Ty<'a>> {
    // What needs no receiver.
    match name {
        "to_string" if args(node).next().is_none() => return Some(Ty::named("String")),
        "len" | "count" if args(node).next().is_none() => return Some(Ty::named("usize")),
        "is_empty" | "is_some" | "is_none" | "is_ok" | "is_err" | "starts_with" | "ends_with" | "contains"
        | "contains_key" | "any" | "all" | "eq" | "ne" => return Some(Ty::named("bool")),
        "as_str" | "trim" | "trim_start" | "trim_end" => return Some(Ty::named("str").reference(false)),
        "as_bytes" => return Some(Ty::with("[]", vec![Ty::named("u8")]).reference(false)),
        "into_bytes" => return Some(Ty::with("Vec", vec![Ty::named("u8")])),
        "chars" => return Some(Ty::with("Iterator", vec![Ty::named("char")])),
        "char_indices" => {
            let item = Ty::with("()", vec![Ty::named("usize"), Ty::named("char")]);
            return Some(Ty::with("Iterator", vec![item]));
        }
        "split_whitespace" | "split_ascii_whitespace" | "split_terminator" => {
            return Some(Ty::with("Iterator", vec![Ty::named("str").reference(false)]));
        }
        // `OpenOptions::new().append(true).open(path)`.
        "open" if args(node).count() == 1 => {
            let first = std::iter::successors(Some(receiver), |n| method(*n).map(|(r, _)| r)).last()?;
            let made = first.child(Field::Function).and_then(|f| rust_path(f, cx))?;
            if matches!(
                made.as_str(),
                "std::fs::OpenOptions::new" | "std::fs::File::options" | "OpenOptions::new" | "File::options"
            ) {
                return Some(Ty::with("Result", vec![Ty::named("File"), Ty::named("Error")]));
            }
        }
        "collect" | "parse" | "sum" | "product" => {
            let told = node.child(Field::Function)?.child(Field::TypeArguments)?.first_named()?;
            let mut ty = Ty::parse(told.text());
            if name == "collect" && ty.args.iter().any(|a| a.name == "_") && ty.args.len() == 1 {
                let from = infer(receiver, cx, depth).filter(|t| t.name == "Iterator").map(|t| t.item());
                ty.args = vec![from.unwrap_or_else(Ty::unknown)];
            }
            return Some(if name == "parse" { Ty::with("Result", vec![ty, Ty::unknown()]) } else { ty });
        }
        _ => {}
    }
    let of = infer(receiver, cx, depth)?;
    let iterator = |item: Ty<'a>| Some(Ty::with("Iterator", vec![item]));
    let option = |item: Ty<'a>| Some(Ty::with("Option", vec![item]));
    let borrowed = |mutable: bool| {
        let mut whole = of.clone();
        (whole.refs, whole.mutable) = (1, mutable);
        whole.item()
    };
    let result = match (of.name, name) {
        (_, "clone") => Some(if of.refs > 0 && of.name == "dyn" { of.clone() } else { of.clone().owned() }),
        (
            "str" | "String",
            "to_owned" | "replace" | "repeat" | "replacen" | "to_ascii_lowercase" | "to_ascii_uppercase"
            | "into_string" | "into_owned",
        ) => Some(Ty::named("String")),
        ("str" | "String", "bytes") => iterator(Ty::named("u8")),
        ("str" | "String", "lines" | "split" | "rsplit" | "splitn" | "matches") => {
            iterator(Ty::named("str").reference(false))
        }
        ("str" | "String", "find" | "rfind") => option(Ty::named("usize")),
        ("String", "pop") => option(Ty::named("char")),
        ("[]" | "[;]" | "Vec", "to_vec" | "to_owned" | "into_vec") => Some(Ty::with("Vec", vec![of.arg()])),
        ("[]" | "[;]" | "Vec", "as_slice") => Some(Ty::with("[]", vec![of.arg()]).reference(false)),
        ("[]" | "[;]" | "Vec", "concat") if of.arg().name == "Vec" => Some(of.arg().owned()),
        ("[]" | "[;]" | "Vec", "join" | "concat") if matches!(of.arg().name, "str" | "String") => {
            Some(Ty::named("String"))
        }
        ("[]" | "[;]" | "Vec" | "VecDeque", "first" | "last" | "get" | "front" | "back" | "iter_next") => {
            option(of.arg().reference(false))
        }
        ("[]" | "[;]" | "Vec" | "VecDeque", "first_mut" | "last_mut" | "get_mut") => option(of.arg().reference(true)),
        ("Vec" | "VecDeque", "pop" | "pop_front" | "pop_back") => option(of.arg()),
        ("Vec", "remove" | "swap_remove") => Some(of.arg()),
        ("[]" | "[;]" | "Vec", "windows" | "chunks" | "chunks_exact" | "rchunks") => {
            iterator(Ty::with("[]", vec![of.arg()]).reference(false))
        }
        ("HashMap" | "BTreeMap", "get") if of.args.len() > 1 => option(of.args[1].clone().reference(false)),
        ("HashMap" | "BTreeMap", "get_mut") if of.args.len() > 1 => option(of.args[1].clone().reference(true)),
        ("HashMap" | "BTreeMap", "remove" | "insert") if of.args.len() > 1 => option(of.args[1].clone()),
        ("HashMap" | "BTreeMap", "keys") if of.args.len() > 1 => iterator(of.args[0].clone().reference(false)),
        ("HashMap" | "BTreeMap", "values") if of.args.len() > 1 => iterator(of.args[1].clone().reference(false)),
        (
            "Vec" | "[]" | "[;]" | "VecDeque" | "HashSet" | "BTreeSet" | "HashMap" | "BTreeMap" | "BinaryHeap",
            "iter",
        ) => iterator(borrowed(false)),
        ("Vec" | "[]" | "[;]" | "VecDeque" | "HashMap" | "BTreeMap", "iter_mut") => iterator(borrowed(true)),
        ("Vec" | "VecDeque" | "HashMap" | "BTreeMap" | "HashSet" | "BTreeSet", "drain" | "into_iter") => {
            iterator(of.item())
        }
        ("Option", "iter") => iterator(of.arg().reference(false)),
        ("[;]" | "[]" | "Range" | "Iterator", "into_iter") => iterator(of.item()),
        ("Option" | "Result", "unwrap" | "expect" | "unwrap_or" | "unwrap_or_default" | "unwrap_or_else") => {
            Some(of.arg())
        }
        ("Option" | "Result", "as_ref") => Some(Ty::with(of.name, vec![of.arg().reference(false)])),
        ("Option" | "Result", "as_mut") => Some(Ty::with(of.name, vec![of.arg().reference(true)])),
        ("Option", "cloned" | "copied") => option(of.arg().owned()),
        ("Option", "take" | "filter" | "or" | "or_else") => Some(of.clone().owned()),
        ("Option", "ok_or" | "ok_or_else") => Some(Ty::with("Result", vec![of.arg(), Ty::unknown()])),
        ("Result", "ok") => option(of.arg()),
        ("Result", "map_err" | "or_else") => Some(Ty::with("Result", vec![of.arg(), Ty::unknown()])),
        (
            "Iterator" | "Range",
            "filter" | "skip" | "take" | "rev" | "peekable" | "step_by" | "chain" | "inspect" | "take_while"
            | "skip_while" | "fuse" | "by_ref" | "cycle",
        ) => iterator(of.item()),
        ("Iterator", "cloned" | "copied") => iterator(of.item().owned()),
        ("Iterator" | "Range", "enumerate") => iterator(Ty::with("()", vec![Ty::named("usize"), of.item()])),
        ("Iterator" | "Range", "zip") => {
            let other = args(node).next().and_then(|a| infer(a, cx, depth)).map_or_else(Ty::unknown, |t| t.item());
            iterator(Ty::with("()", vec![of.item(), other]))
        }
        ("Iterator" | "Range", "map") => {
            let body = args(node).next().filter(|c| c.kind() == Kind::ClosureExpression && !c.is_hole());
            iterator(body.and_then(|c| infer(c.child(Field::Body)?, cx, depth)).unwrap_or_else(Ty::unknown))
        }
        ("Iterator" | "Range", "filter_map" | "flat_map" | "map_while" | "scan" | "flatten") => iterator(Ty::unknown()),
        (
            "Iterator" | "Range",
            "next" | "nth" | "last" | "max" | "min" | "find" | "max_by_key" | "min_by_key" | "peek" | "next_back"
            | "min_by" | "max_by",
        ) => option(of.item()),
        ("Mutex" | "RwLock", "lock" | "read" | "write") if !of.args.is_empty() => {
            Some(Ty::with("Result", vec![Ty::with("MutexGuard", vec![of.arg()]), Ty::unknown()]))
        }
        ("RefCell", "borrow") => Some(Ty::with("Ref", vec![of.arg()])),
        ("RefCell", "borrow_mut") => Some(Ty::with("RefMut", vec![of.arg()])),
        (
            number,
            "abs" | "pow" | "min" | "max" | "wrapping_add" | "wrapping_sub" | "wrapping_mul" | "saturating_sub"
            | "saturating_add" | "clamp" | "rem_euclid" | "sqrt" | "powi" | "powf" | "floor" | "ceil" | "round" | "sin"
            | "cos" | "exp" | "ln" | "to_radians",
        ) if matches!(number, "f32" | "f64" | "{float}") || is_signed(number) || is_unsigned(number) => {
            Some(of.clone().owned())
        }
        (number, "checked_add" | "checked_sub" | "checked_mul" | "checked_div")
            if is_signed(number) || is_unsigned(number) =>
        {
            option(of.clone().owned())
        }
        ("u8" | "char", "to_ascii_lowercase" | "to_ascii_uppercase") => Some(of.clone().owned()),
        _ => None,
    };
    // Methods of guards and smart pointers are those of what they hold.
    if result.is_none() && matches!(of.name, "Box" | "Rc" | "Arc" | "MutexGuard" | "Ref" | "RefMut") {
        let inner = of.arg();
        if inner.name == "str" && name == "to_owned" {
            return Some(Ty::named("String"));
        }
    }
    result.or_else(|| {
        cx.file
            .declared
            .rust
            .method(Some(of.name), name)
            .map(Ty::parse)
            .map(|t| if t.name == "Self" { of.clone().owned() } else { t })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_types_are_read() {
        let show = |text: &str| format!("{:?}", Ty::parse(text).name) + &Ty::parse(text).refs.to_string();
        assert_eq!(show("&'a mut Vec<String>"), "\"Vec\"1");
        assert_eq!(show("std::collections::HashMap<K, (A, B)>"), "\"HashMap\"0");
        assert_eq!(show("&&[u8; 4]"), "\"[;]\"2");
        assert_eq!(show("Box<dyn Fn(u8) -> u8>"), "\"Box\"0");
        assert_eq!(show("fn(u8) -> u8"), "\"fn\"0");
        let map = Ty::parse("HashMap<String, Vec<(u8, u16)>>");
        assert_eq!(map.args[1].arg().args[1].name, "u16");
        assert_eq!(Ty::parse("Option<&'a str>").arg(), Ty { path: "str", ..Ty::named("str") }.reference(false));
        assert!(Ty::parse("&mut T").mutable);
    }
}
