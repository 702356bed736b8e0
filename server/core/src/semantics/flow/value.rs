//! The abstract domain: what is known of a value at a point of the program.
//!
//! One lattice carries everything that the rules ask for: taint with its history, constants and constant string
//! prefixes, primitive types, the library entity that a value is ("API path"), functions it may be, and its fields.
//! Values are shared trees; joining is bounded in every direction, so that loops reach their fixpoint quickly.

use std::sync::{Arc, LazyLock};

use smallvec::SmallVec;

use crate::blocks::BlockId;
use crate::semantics::hir::{FnId, Lit, Ustr};
use crate::syntax::{Arena, Span};

use super::kinds::{SinkKind, SinkKinds, SourceKind};

/// A shared value.
pub type Val = Arc<Value>;

/// Most taints that a value carries; further ones are dropped (a finding needs only one).
const MAX_TAINTS: usize = 6;
/// Most alternatives of functions, constants or API paths.
const MAX_ALTERNATIVES: usize = 4;
/// Most fields of a tracked object.
const MAX_FIELDS: usize = 48;
/// Depth of tracked objects.
const MAX_DEPTH: usize = 5;
/// Most values in a tracked object, however deep.
const MAX_WEIGHT: u32 = 400;
/// Longest access path below a parameter.
pub const MAX_PATH: usize = 3;

/// The pseudo field that stands for all elements of an array, map or other collection.
pub static ELEMENT: LazyLock<Ustr> = LazyLock::new(|| Ustr::from("[]"));

/// The pseudo field of an object that was written by a key which is no constant: any other field may be what stands at [`ELEMENT`].
pub static KEYED: LazyLock<Ustr> = LazyLock::new(|| Ustr::from("@keyed"));

/// The pseudo field of a port that stands for what a wrapper or a collection holds: its elements where it has some, else the
/// value itself (`Option`, `Result`, a future).
pub static CONTENT: LazyLock<Ustr> = LazyLock::new(|| Ustr::from("?"));

/// The field name of a position: `0`, `1` and so on.
pub fn position(n: usize) -> Ustr {
    static NAMES: LazyLock<Vec<Ustr>> = LazyLock::new(|| (0..32).map(|n: usize| Ustr::from(&n.to_string())).collect());
    NAMES.get(n).copied().unwrap_or_else(|| Ustr::from(&n.to_string()))
}

/// A span of some block's syntax.
#[derive(Clone, Debug)]
pub struct At {
    /// The block.
    pub block: BlockId,
    /// The block's syntax, which tells versions of it apart.
    pub arena: Arc<Arena>,
    /// The span in it.
    pub span: Span,
}

impl PartialEq for At {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.arena, &other.arena) && self.span == other.span
    }
}

/// One step of a value's way; the newest comes first.
#[derive(Debug)]
pub struct Step {
    /// Where.
    pub at: At,
    /// What happens there.
    pub what: StepKind,
    /// The step before.
    pub previous: Option<Arc<Step>>,
}

/// What happens in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepKind {
    /// Stored in a variable or field.
    Assigned,
    /// Put together with other text.
    Concatenated,
    /// Passed to a function of the program.
    Passed,
    /// Came back from a function of the program.
    Returned,
    /// Went through a library function.
    Through,
}

/// Where a taint began.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A source of a model.
    Source(Arc<Source>),
    /// The n-th parameter of the function at work, or something below it; [`THIS`] is the receiver.
    Param(u16, Below),
}

/// What lies below a parameter.
#[derive(Clone, Debug, Default)]
pub struct Below {
    /// Names, the outermost first.
    names: SmallVec<[Ustr; MAX_PATH]>,
    /// Where the last of them was read, which tells no two of them apart.
    pub read: Option<Arc<At>>,
}

impl std::ops::Deref for Below {
    type Target = [Ustr];

    fn deref(&self) -> &[Ustr] {
        &self.names
    }
}

impl PartialEq for Below {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl Below {
    /// What lies below that, as far down as is told apart.
    pub fn then(&self, name: Ustr) -> Below {
        let mut longer = self.clone();
        if longer.names.len() < MAX_PATH {
            longer.names.push(name);
        }
        longer
    }
}

/// The parameter number of `this`.
pub const THIS: u16 = u16::MAX;

/// A source in the program.
#[derive(Debug)]
pub struct Source {
    /// Which kind.
    pub kind: SourceKind,
    /// Where.
    pub at: At,
    /// What it is, for people: "the request's query string".
    pub what: Ustr,
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Origin::Source(a), Origin::Source(b)) => Arc::ptr_eq(a, b) || a.kind == b.kind && a.at == b.at,
            (Origin::Param(a, p), Origin::Param(b, q)) => a == b && p == q,
            _ => false,
        }
    }
}

/// One way in which a value is controlled by somebody.
#[derive(Clone, Debug)]
pub struct Taint {
    /// Where it began.
    pub origin: Origin,
    /// Kinds of sinks for which it was made harmless.
    pub cleaned: SinkKinds,
    /// How it got here, without the source itself.
    pub trace: Option<Arc<Step>>,
}

impl PartialEq for Taint {
    // The way is no part of the lattice: two ways from one source are one taint, or loops would never end.
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin && self.cleaned == other.cleaned
    }
}

/// A function of the program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FuncRef {
    /// The block that holds it.
    pub block: BlockId,
    /// Which function of the block.
    pub id: FnId,
}

/// A class of the program: the container block (or the block of an inline class) and the class's number in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClassRef {
    /// The block that holds it.
    pub block: BlockId,
    /// Which class of the block.
    pub id: u32,
    /// Whether the value is the class itself rather than an instance.
    pub is_static: bool,
}

/// Primitive types, as a set; empty means unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Types(pub u8);

impl Types {
    /// Nothing is known.
    pub const UNKNOWN: Types = Types(0);
    /// A string.
    pub const STRING: Types = Types(1);
    /// A number.
    pub const NUMBER: Types = Types(2);
    /// A truth value.
    pub const BOOL: Types = Types(4);
    /// `null`, `undefined`, `None`.
    pub const NULL: Types = Types(8);
    /// An object, array or function.
    pub const OBJECT: Types = Types(16);

    /// Whether it can only be a number, truth value or nothing: no text can hide in it.
    pub fn is_harmless(self) -> bool {
        self != Types::UNKNOWN && self.0 & !(Types::NUMBER.0 | Types::BOOL.0 | Types::NULL.0) == 0
    }

    fn join(self, other: Types) -> Types {
        if self == Types::UNKNOWN || other == Types::UNKNOWN { Types::UNKNOWN } else { Types(self.0 | other.0) }
    }
}

/// The known fields of a value, bounded in number, depth and weight.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// Sorted by name.
    list: Vec<(Ustr, Val)>,
    /// Levels of fields below.
    depth: u8,
    /// Values below, however deep.
    weight: u32,
    /// Whether somebody controls something in it.
    tainted: bool,
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || self.weight == other.weight
                && self.list.len() == other.list.len()
                && self.list.iter().zip(&other.list).all(|(a, b)| a.0 == b.0 && (Arc::ptr_eq(&a.1, &b.1) || a.1 == b.1))
    }
}

impl std::ops::Deref for Fields {
    type Target = [(Ustr, Val)];

    fn deref(&self) -> &Self::Target {
        &self.list
    }
}

impl Fields {
    /// Fields from a sorted list; what is too deep or too heavy is flattened.
    fn new(list: Vec<(Ustr, Val)>) -> Fields {
        let mut fields = Fields { list, ..Fields::default() };
        fields.settle();
        fields
    }

    fn settle(&mut self) {
        let heavy = |v: &Val| v.fields.as_ref().map_or(1, |f| f.weight + 1);
        for (_, value) in &mut self.list {
            if value.fields.as_ref().is_some_and(|f| usize::from(f.depth) + 1 >= MAX_DEPTH || f.weight > MAX_WEIGHT / 2)
            {
                *value = Arc::new(value.flattened());
            }
        }
        self.weight = self.list.iter().map(|(_, v)| heavy(v)).sum();
        if self.weight > MAX_WEIGHT {
            for (_, value) in &mut self.list {
                if value.fields.is_some() {
                    *value = Arc::new(value.flattened());
                }
            }
            self.weight = self.list.len() as u32;
        }
        self.depth = self.list.iter().map(|(_, v)| v.fields.as_ref().map_or(0, |f| f.depth + 1)).max().unwrap_or(0);
        self.tainted = self.list.iter().any(|(_, v)| v.has_taint());
    }
}

/// What is known of a value.
#[derive(Debug, Default)]
pub struct Value {
    /// Who controls it.
    pub taints: SmallVec<[Taint; 1]>,
    /// Library entities that it may be: `child_process.exec`, `express.Request`.
    pub apis: SmallVec<[Ustr; 1]>,
    /// Functions of the program that it may be.
    pub funcs: SmallVec<[FuncRef; 1]>,
    /// The class that it is, or is an instance of.
    pub class: Option<ClassRef>,
    /// Constants that it may be.
    pub lits: SmallVec<[Lit; 1]>,
    /// Whether it is one of `lits` for sure.
    pub exact: bool,
    /// Constant text that it begins with, where it is no constant.
    pub prefix: Option<Ustr>,
    /// Primitive types.
    pub types: Types,
    /// Known fields, sorted by name; [`ELEMENT`] stands for elements.
    pub fields: Option<Arc<Fields>>,
}

/// Most lists are empty or hold one thing, for which copying them in general costs too much.
fn copied<T: Clone>(list: &SmallVec<[T; 1]>) -> SmallVec<[T; 1]> {
    match list.as_slice() {
        [] => SmallVec::new(),
        [one] => SmallVec::from_buf([one.clone()]),
        many => many.iter().cloned().collect(),
    }
}

impl Clone for Value {
    fn clone(&self) -> Value {
        Value {
            taints: copied(&self.taints),
            apis: copied(&self.apis),
            funcs: copied(&self.funcs),
            class: self.class,
            lits: copied(&self.lits),
            exact: self.exact,
            prefix: self.prefix,
            types: self.types,
            fields: self.fields.clone(),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || self.types == other.types
                && self.exact == other.exact
                && self.taints == other.taints
                && self.apis == other.apis
                && self.funcs == other.funcs
                && self.class == other.class
                && self.lits == other.lits
                && self.prefix == other.prefix
                && self.fields == other.fields
    }
}

/// Values that are made again and again. Each thread has its own: counting the uses of one that is shared by all would make
/// them wait for each other.
struct Common {
    unknown: Val,
    undefined: Val,
    /// By the bits of their types.
    typed: [Val; 1 << 5],
}

thread_local! {
    static COMMON: Common = Common {
        unknown: Arc::new(Value::default()),
        undefined: made_constant(Lit::Undefined),
        typed: std::array::from_fn(|bits| Arc::new(Value { types: Types(bits as u8), ..Value::default() })),
    };
}

/// A value of which nothing is known.
pub fn unknown() -> Val {
    COMMON.with(|common| common.unknown.clone())
}

/// A constant.
pub fn constant(lit: Lit) -> Val {
    if matches!(lit, Lit::Undefined) {
        return COMMON.with(|common| common.undefined.clone());
    }
    made_constant(lit)
}

fn made_constant(lit: Lit) -> Val {
    let types = match lit {
        Lit::Str(_) | Lit::Char(_) | Lit::Bytes(_) => Types::STRING,
        Lit::Num(_) => Types::NUMBER,
        Lit::Bool(_) => Types::BOOL,
        Lit::Null | Lit::Undefined => Types::NULL,
        Lit::Regex { .. } => Types::OBJECT,
    };
    Arc::new(Value { lits: SmallVec::from_iter([lit]), exact: true, types, ..Value::default() })
}

/// A value of a primitive type of which no more is known.
pub fn of_type(types: Types) -> Val {
    COMMON.with(|common| match common.typed.get(usize::from(types.0)) {
        Some(value) => value.clone(),
        None => Arc::new(Value { types, ..Value::default() }),
    })
}

/// A library entity.
pub fn api(path: Ustr) -> Val {
    Arc::new(Value { apis: SmallVec::from_iter([path]), ..Value::default() })
}

impl Value {
    /// Whether somebody outside may decide what it is. What the program reads from its own surroundings is its own choice.
    pub fn is_foreign(&self) -> bool {
        let own = SourceKind::Environment.set()
            | SourceKind::Argument.set()
            | SourceKind::File.set()
            | SourceKind::Sensitive.set()
            | SourceKind::Password.set();
        self.has_taint()
            && self.deep_taints().iter().any(|t| match &t.origin {
                Origin::Source(source) => !own.has(source.kind),
                Origin::Param(..) => true,
            })
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Value::default()
    }

    /// The constant string that it is for sure.
    pub fn as_str(&self) -> Option<Ustr> {
        match (&self.lits[..], self.exact) {
            ([Lit::Str(s)], true) => Some(*s),
            _ => None,
        }
    }

    /// The constant that it is for sure.
    pub fn as_lit(&self) -> Option<&Lit> {
        match (&self.lits[..], self.exact) {
            ([lit], true) => Some(lit),
            _ => None,
        }
    }

    /// Constant strings that it may be.
    pub fn strings(&self) -> impl Iterator<Item = Ustr> {
        self.lits.iter().filter_map(|l| match l {
            Lit::Str(s) => Some(*s),
            _ => None,
        })
    }

    /// Whether it is surely `true` or surely `false`.
    pub fn as_bool(&self) -> Option<bool> {
        match self.as_lit()? {
            Lit::Bool(b) => Some(*b),
            Lit::Null | Lit::Undefined => Some(false),
            Lit::Num(n) => Some(*n != 0.0),
            Lit::Str(s) => Some(!s.is_empty()),
            _ => None,
        }
    }

    /// Constant text that its string form begins with; the whole for a constant.
    pub fn text_prefix(&self) -> Option<Ustr> {
        match self.as_lit() {
            Some(lit) => lit_text(lit),
            None => self.prefix,
        }
    }

    /// The same value without a mark that no longer holds of it: a part of an address does not begin with the page's own
    /// host, a decoded one may hold line breaks.
    pub fn without_mark(&self, mark: SinkKind) -> Value {
        let mut out = self.clone();
        for taint in &mut out.taints {
            taint.cleaned = SinkKinds(taint.cleaned.0 & !mark.set().0);
        }
        if let Some(element) = out.field(*ELEMENT).filter(|e| e.has_taint()) {
            let element = Arc::new(element.without_mark(mark));
            out.set_field(*ELEMENT, element);
        }
        out
    }

    /// A known field.
    pub fn field(&self, name: Ustr) -> Option<&Val> {
        let fields = self.fields.as_ref()?;
        fields.binary_search_by(|(n, _)| n.as_str().cmp(name.as_str())).ok().map(|i| &fields[i].1)
    }

    /// The function that gives or takes a field of an object; `kind` is how the names of such begin.
    pub fn accessor(&self, kind: &str, name: Ustr) -> Option<&Val> {
        let fields = self.fields.as_ref()?;
        let from = fields.partition_point(|(n, _)| n.as_str() < kind);
        let mut all = fields[from..].iter().map_while(|(n, v)| Some((n.as_str().strip_prefix(kind)?, v)));
        all.find(|(n, _)| *n == name.as_str()).map(|(_, v)| v)
    }

    /// Known fields.
    pub fn fields(&self) -> impl Iterator<Item = &(Ustr, Val)> {
        self.fields.iter().flat_map(|f| f.iter())
    }

    /// All taints in it, however deep.
    pub fn deep_taints(&self) -> Vec<Taint> {
        let mut out: Vec<Taint> = self.taints.to_vec();
        collect(self, &mut out, 0);
        out
    }

    /// The same value with a field set.
    pub fn with_field(&self, name: Ustr, value: Val) -> Value {
        let mut copy = self.clone();
        copy.set_field(name, value);
        copy
    }

    /// Sets a field.
    pub fn set_field(&mut self, name: Ustr, value: Val) {
        self.types = Types(self.types.0 | Types::OBJECT.0);
        self.exact = false;
        self.lits.clear();
        let fields = Arc::make_mut(self.fields.get_or_insert_default());
        let list = &mut fields.list;
        let find = |list: &[(Ustr, Val)], name: Ustr| list.binary_search_by(|(n, _)| n.as_str().cmp(name.as_str()));
        match find(list, name) {
            Ok(i) => list[i].1 = value,
            Err(i) if list.len() < MAX_FIELDS => list.insert(i, (name, value)),
            // Too many to tell apart: further ones flow into the elements.
            Err(_) => match find(list, *ELEMENT) {
                Ok(i) => list[i].1 = join(&list[i].1, &value),
                Err(i) => list.insert(i, (*ELEMENT, value)),
            },
        }
        fields.settle();
    }

    /// The same value with its fields replaced by a sorted list.
    pub fn with_fields(mut self, list: Vec<(Ustr, Val)>) -> Value {
        self.fields = Some(Arc::new(Fields::new(list)));
        self
    }

    /// The same value without fields; their taints become its own.
    pub(super) fn flattened(&self) -> Value {
        let mut flat = self.clone();
        let deep = self.deep_taints();
        flat.fields = None;
        deep.into_iter().for_each(|t| flat.add_taint(t));
        flat
    }

    /// The same value with its taints made harmless for some kinds, however deep.
    pub fn cleaned(&self, kinds: SinkKinds) -> Value {
        self.map_taints(&mut |t| Some(Taint { cleaned: t.cleaned | kinds, ..t.clone() }), 0)
    }

    /// The same value without taints, however deep.
    pub fn untainted(&self) -> Value {
        self.map_taints(&mut |_| None, 0)
    }

    /// What a number becomes as text: no harm can hide in it, but one that can be guessed makes a text that can be guessed.
    pub fn digits(&self) -> Value {
        let guessable = |t: &Taint| matches!(&t.origin, Origin::Source(s) if s.kind == SourceKind::WeakRandom);
        self.map_taints(&mut |t| guessable(t).then(|| t.clone()), 0)
    }

    /// Replaces every taint.
    pub fn map_taints(&self, f: &mut dyn FnMut(&Taint) -> Option<Taint>, depth: usize) -> Value {
        let mut copy = self.clone();
        if !copy.taints.is_empty() {
            copy.taints = self.taints.iter().filter_map(&mut *f).collect();
        }
        if depth < MAX_DEPTH
            && let Some(fields) = self.fields.as_ref().filter(|f| f.tainted)
        {
            let mapped = fields
                .iter()
                .map(|(n, v)| (*n, if v.has_taint() { Arc::new(v.map_taints(f, depth + 1)) } else { v.clone() }));
            copy.fields = Some(Arc::new(Fields::new(mapped.collect())));
        }
        copy
    }

    /// The same value with only those functions and classes that lie in certain blocks.
    pub fn only(self: &Arc<Value>, blocks: &dyn Fn(BlockId) -> bool) -> Val {
        self.only_at(blocks, 0).unwrap_or_else(|| self.clone())
    }

    /// `None` if nothing is to be left out.
    fn only_at(&self, blocks: &dyn Fn(BlockId) -> bool, depth: usize) -> Option<Val> {
        let own = self.funcs.iter().all(|f| blocks(f.block)) && self.class.is_none_or(|c| blocks(c.block));
        let inner: Vec<(usize, Val)> = match depth < MAX_DEPTH {
            true => {
                self.fields().enumerate().filter_map(|(i, (_, v))| Some((i, v.only_at(blocks, depth + 1)?))).collect()
            }
            false => Vec::new(),
        };
        if own && inner.is_empty() {
            return None;
        }
        let mut copy = self.clone();
        copy.funcs.retain(|f| blocks(f.block));
        copy.class = copy.class.filter(|c| blocks(c.block));
        if !inner.is_empty() {
            let mut list: Vec<(Ustr, Val)> = copy.fields().cloned().collect();
            inner.into_iter().for_each(|(i, v)| list[i].1 = v);
            copy = copy.with_fields(list);
        }
        Some(Arc::new(copy))
    }

    /// Whether somebody controls it or something in it.
    pub fn has_taint(&self) -> bool {
        !self.taints.is_empty() || self.fields.as_ref().is_some_and(|f| f.tainted)
    }

    /// Whether nothing of what it is leads anywhere: nobody controls it, and it has no fields, members or code.
    pub fn is_blank(&self) -> bool {
        self.taints.is_empty()
            && self.fields.is_none()
            && self.class.is_none()
            && self.apis.is_empty()
            && self.funcs.is_empty()
    }

    /// Whether a parameter's symbol is in it.
    pub fn has_symbol(&self, depth: usize) -> bool {
        let own = self.taints.iter().any(|t| matches!(t.origin, Origin::Param(..)));
        own || depth < MAX_DEPTH
            && self.fields.as_ref().is_some_and(|f| f.tainted && f.iter().any(|(_, v)| v.has_symbol(depth + 1)))
    }

    /// Adds a taint unless there are enough.
    pub fn add_taint(&mut self, taint: Taint) {
        if self.taints.len() < MAX_TAINTS && !self.taints.contains(&taint) {
            self.taints.push(taint);
        }
    }

    /// Adds a step to the way of every taint of the value itself.
    pub fn stepped(&self, at: &At, what: StepKind) -> Value {
        let mut copy = self.clone();
        for taint in &mut copy.taints {
            taint.trace = Some(step(taint.trace.as_ref(), at, what));
        }
        copy
    }
}

/// A step after others; the same place twice in a row is one step, and ways of more than 64 steps grow no more.
pub fn step(previous: Option<&Arc<Step>>, at: &At, what: StepKind) -> Arc<Step> {
    if let Some(old) = previous
        && (old.at == *at && (old.what == what || what != StepKind::Concatenated)
            || std::iter::successors(Some(old), |s| s.previous.as_ref()).count() >= 64)
    {
        return old.clone();
    }
    Arc::new(Step { at: at.clone(), what, previous: previous.cloned() })
}

fn collect(value: &Value, out: &mut Vec<Taint>, depth: usize) {
    if depth >= MAX_DEPTH || out.len() >= MAX_TAINTS * 4 {
        return;
    }
    for (_, field) in value.fields() {
        out.extend(field.taints.iter().cloned());
        collect(field, out, depth + 1);
    }
}

/// Whether two values are the same in everything, the ways of their taints included, which are no part of equality.
pub fn identical(a: &Val, b: &Val) -> bool {
    if Arc::ptr_eq(a, b) {
        return true;
    }
    let plain = a.types == b.types
        && a.exact == b.exact
        && a.prefix == b.prefix
        && a.class == b.class
        && a.apis == b.apis
        && a.funcs == b.funcs
        && a.lits == b.lits;
    let fields = || match (&a.fields, &b.fields) {
        (None, None) => true,
        (Some(x), Some(y)) => {
            Arc::ptr_eq(x, y)
                || x.len() == y.len() && x.iter().zip(y.iter()).all(|(p, q)| p.0 == q.0 && identical(&p.1, &q.1))
        }
        _ => false,
    };
    plain
        && a.taints.len() == b.taints.len()
        && a.taints.iter().zip(&b.taints).all(|(x, y)| {
            let what = |t: &Taint| match &t.origin {
                Origin::Source(s) => Some(s.what),
                Origin::Param(..) => None,
            };
            x == y && what(x) == what(y) && same_way(x.trace.as_ref(), y.trace.as_ref())
        })
        && fields()
}

/// Whether two ways are the same.
pub fn same_way(a: Option<&Arc<Step>>, b: Option<&Arc<Step>>) -> bool {
    let (mut a, mut b) = (a, b);
    loop {
        match (a, b) {
            (None, None) => return true,
            (Some(x), Some(y)) if Arc::ptr_eq(x, y) => return true,
            (Some(x), Some(y)) if x.at == y.at && x.what == y.what => {
                (a, b) = (x.previous.as_ref(), y.previous.as_ref());
            }
            _ => return false,
        }
    }
}

/// A literal's text when it becomes part of a string.
pub fn lit_text(lit: &Lit) -> Option<Ustr> {
    Some(match lit {
        Lit::Str(s) | Lit::Bytes(s) => *s,
        Lit::Num(n) => Ustr::from(&n.to_string()),
        Lit::Bool(b) => Ustr::from(if *b { "true" } else { "false" }),
        Lit::Char(c) => Ustr::from(c.encode_utf8(&mut [0; 4])),
        Lit::Null => Ustr::from("null"),
        Lit::Undefined => Ustr::from("undefined"),
        Lit::Regex { .. } => return None,
    })
}

/// The least value that covers both.
pub fn join(a: &Val, b: &Val) -> Val {
    join_at(a, b, 0)
}

fn join_at(a: &Val, b: &Val, depth: usize) -> Val {
    if Arc::ptr_eq(a, b) {
        return a.clone();
    }
    // A number stays one where it meets text: no harm hides in its digits.
    let digits = |number: &Val, other: &Val| {
        (number.types.is_harmless() && !number.taints.is_empty() && !other.types.is_harmless())
            .then(|| Arc::new(number.cleaned(super::kinds::DIGITS)))
    };
    let (number_a, number_b) = (digits(a, b), digits(b, a));
    let (a, b) = (number_a.as_ref().unwrap_or(a), number_b.as_ref().unwrap_or(b));
    let mut out = Value::clone(a);
    for taint in &b.taints {
        match out.taints.iter_mut().find(|t| t.origin == taint.origin) {
            Some(old) => old.cleaned = old.cleaned & taint.cleaned,
            None => out.add_taint(taint.clone()),
        }
    }
    merge(&mut out.apis, &b.apis);
    merge(&mut out.funcs, &b.funcs);
    if out.class.is_none() {
        out.class.clone_from(&b.class);
    }
    let before = out.lits.len();
    merge(&mut out.lits, &b.lits);
    let lost = out.lits.len() == MAX_ALTERNATIVES && before + b.lits.len() > MAX_ALTERNATIVES;
    out.exact = a.exact && b.exact && !lost;
    let (prefix_a, prefix_b) = (a.text_prefix(), b.text_prefix());
    out.prefix = match (prefix_a, prefix_b) {
        (Some(x), Some(y)) if !out.exact => common_prefix(x, y),
        _ => None,
    };
    out.types = a.types.join(b.types);
    out.fields = match (&a.fields, &b.fields) {
        (Some(x), Some(y)) if Arc::ptr_eq(x, y) => Some(x.clone()),
        (Some(_), Some(_)) if depth < MAX_DEPTH => Some(Arc::new(Fields::new(join_fields(a, b, depth + 1)))),
        // Somebody's whole object in the place of one whose fields are known: any field may be theirs.
        (Some(x), None) if !b.taints.is_empty() && b.types != Types::STRING => Some(Arc::new(overlaid(x, b))),
        (None, Some(y)) if !a.taints.is_empty() && a.types != Types::STRING => Some(Arc::new(overlaid(y, a))),
        // What was learned of a part of the very library entity on one way alone.
        (Some(x), None) if !b.apis.is_empty() => Some(Arc::new(reopened_fields(x))),
        (None, Some(y)) if !a.apis.is_empty() => Some(Arc::new(reopened_fields(y))),
        (x, y) => x.clone().or_else(|| y.clone()),
    };
    if out == **a { a.clone() } else { Arc::new(out) }
}

/// A field of a library entity that is known on one way alone, as far as it holds on the other, where it is what the library
/// gives: a check made it harmless there, or it was filled in where it was missing.
fn reopened(known: &Val) -> Option<Val> {
    let bare = || Arc::new(Value { fields: None, ..Value::clone(known) });
    match known.fields {
        Some(_) if !known.taints.is_empty() => Some(join(known, &bare())),
        None if known.exact || known.taints.iter().any(|t| t.cleaned.has(SinkKind::Command)) => None,
        _ => Some(known.clone()),
    }
}

fn reopened_fields(fields: &Fields) -> Fields {
    Fields::new(fields.list.iter().filter_map(|(name, value)| Some((*name, reopened(value)?))).collect())
}

/// Fields that may be those of a foreign object.
fn overlaid(fields: &Fields, foreign: &Value) -> Fields {
    let from_sources: SmallVec<[Taint; 1]> = super::place::below(foreign, *ELEMENT)
        .unwrap_or_default()
        .into_iter()
        .filter(|t| matches!(t.origin, Origin::Source(_)))
        .collect();
    if from_sources.is_empty() {
        return if foreign.apis.is_empty() { fields.clone() } else { reopened_fields(fields) };
    }
    let theirs = Arc::new(Value { taints: from_sources, ..Value::default() });
    Fields::new(fields.list.iter().map(|(n, v)| (*n, join(v, &theirs))).collect())
}

/// Fields of either. One that only one side knows may hold anything of somebody's on the other.
fn join_fields(left: &Value, right: &Value, depth: usize) -> Vec<(Ustr, Val)> {
    let list = |v: &Value| v.fields.clone().unwrap_or_default();
    let (a, b) = (list(left), list(right));
    let other = |side: &Value, name: Ustr, known: &Val| match super::place::below(side, name) {
        Some(taints) if side.types != Types::STRING && !taints.is_empty() => {
            let theirs = Arc::new(Value { taints: taints.into_iter().take(MAX_TAINTS).collect(), ..Value::default() });
            if side.apis.is_empty() { Some(join(known, &theirs)) } else { reopened(known).map(|k| join(&k, &theirs)) }
        }
        _ if !side.apis.is_empty() => reopened(known),
        _ => Some(known.clone()),
    };
    let mut out = Vec::with_capacity(a.len().max(b.len()));
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let order = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.0.as_str().cmp(y.0.as_str()),
            (Some(_), None) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        match order {
            std::cmp::Ordering::Less => {
                out.extend(other(right, a[i].0, &a[i].1).map(|v| (a[i].0, v)));
                i += 1;
            }
            std::cmp::Ordering::Greater => {
                out.extend(other(left, b[j].0, &b[j].1).map(|v| (b[j].0, v)));
                j += 1;
            }
            std::cmp::Ordering::Equal => {
                out.push((a[i].0, join_at(&a[i].1, &b[j].1, depth)));
                i += 1;
                j += 1;
            }
        }
    }
    out.truncate(MAX_FIELDS);
    out
}

fn merge<T: Clone + PartialEq>(into: &mut SmallVec<[T; 1]>, from: &[T]) {
    for item in from {
        if into.len() < MAX_ALTERNATIVES && !into.contains(item) {
            into.push(item.clone());
        }
    }
}

fn common_prefix(a: Ustr, b: Ustr) -> Option<Ustr> {
    if a == b {
        return Some(a);
    }
    let len = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y).map_or(a.len().min(b.len()), |((i, _), _)| i);
    (len > 0).then(|| Ustr::from(&a[..len]))
}
