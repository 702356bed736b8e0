//! The language-neutral form of a block: what lowering makes of an arena and what the interpreter reads.
//!
//! Everything is an expression, as in Rust: a JavaScript statement is an expression whose value nobody uses. One
//! [`Hir`] holds one block with all functions that are nested in it; a function that is a block of its own appears as
//! [`ExprKind::Child`].
//!
//! Conventions that lowering must keep:
//! * Evaluation order is the order of the operands as listed here.
//! * A name that is bound inside the block is a [`LocalId`] (one per declaration, shadowing makes a new one, closures
//!   of the same block share it); any other name is [`ExprKind::Name`] and is resolved by linking: enclosing blocks,
//!   then the module's top level and imports, then globals.
//! * Hoisting is done by lowering: function declarations are bound at the start of their scope.
//! * Parentheses, non-null assertions, `satisfies` and comments leave no trace; casts do ([`ExprKind::Cast`]).
//! * What a language cannot express here becomes [`ExprKind::Opaque`] over the operands that are evaluated.
//! * Spans are in the block's own text and cover the expression as written.

pub use crate::ustr::Ustr;

use crate::syntax::Span;

/// Index of an expression in [`Hir::exprs`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ExprId(pub u32);

/// Index of a pattern in [`Hir::pats`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PatId(pub u32);

/// Index of a variable in [`Hir::locals`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LocalId(pub u32);

/// Index of a function in [`Hir::functions`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FnId(pub u32);

/// Index of a class in [`Hir::classes`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClassId(pub u32);

/// One lowered block.
#[derive(Clone, Debug, Default)]
pub struct Hir {
    /// Expressions.
    pub exprs: Vec<Expr>,
    /// Patterns.
    pub pats: Vec<Pat>,
    /// Variables of the block and of the functions nested in it.
    pub locals: Vec<Local>,
    /// Functions; the first is the block itself: the function, or the code that runs when the module or class is
    /// evaluated (no parameters then).
    pub functions: Vec<Function>,
    /// Classes (impls, traits). For a container block the first is the container itself.
    pub classes: Vec<Class>,
    /// Names that the block's outermost scope binds, for the blocks inside it and for other modules: variables,
    /// functions, classes. Imports are in `imports` alone.
    pub bindings: Vec<(Ustr, LocalId)>,
    /// Names of inner scopes that the n-th child block sees beside `bindings`: child, name, variable. Where a name comes
    /// twice, both times it is the same variable.
    pub inner_bindings: Vec<(u32, Ustr, LocalId)>,
    /// Imports of the module (of the block, for Rust's inner `use`).
    pub imports: Vec<Import>,
    /// Exports of the module.
    pub exports: Vec<Export>,
    /// Types that the block declares (TypeScript): aliases, and interfaces as what they extend.
    pub types: Vec<(Ustr, Type)>,
    /// Decorators and attributes of child blocks that are no methods, by the child's number, where they stand in this
    /// block's text (Rust); ascending. A method's are in [`Method::decorators`].
    pub child_decorators: Vec<(u32, Vec<ExprId>)>,
    /// Parts that were not lowered because nesting was too deep; reported as not analysed.
    pub skipped: Vec<Span>,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Lit {
    /// A string, unescaped.
    Str(Ustr),
    /// A byte string (Rust), lossily as text.
    Bytes(Ustr),
    /// A number; integers beyond 2^53 lose precision.
    Num(f64),
    /// A truth value.
    Bool(bool),
    /// A character.
    Char(char),
    /// `null`, `None`, `()`.
    Null,
    /// `undefined`.
    Undefined,
    /// A regular expression literal.
    Regex {
        /// Its pattern, as written.
        pattern: Ustr,
        /// Its flags.
        flags: Ustr,
    },
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// Its value.
    pub value: ExprId,
    /// `...value`.
    pub spread: bool,
}

/// How the names of an object's getters begin among its fields; the name of what they give follows.
pub const GETTER: &str = "get ";
/// The same for setters, and among the members of a class.
pub const SETTER: &str = "set ";

/// The key of a member.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    /// A name known from the source, also of `"quoted"` and `['constant']` keys and of tuple fields (`0`).
    Name(Ustr),
    /// Computed at run time.
    Computed(ExprId),
}

/// A part of an object, struct or array literal.
#[derive(Clone, Copy, Debug)]
pub enum Member {
    /// `key: value`; a method or accessor has a closure as its value.
    Field(Key, ExprId),
    /// A positional element; `None` is an array's hole.
    Element(Option<ExprId>),
    /// `...value`, `..base`.
    Spread(ExprId),
}

/// Binary operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryOp {
    /// `+`: a sum or a concatenation.
    Add,
    /// `-`, `*`, `/`, `%`, `**`, bitwise operators, shifts: the result is a number.
    Arithmetic,
    /// `==`, `===`.
    Eq,
    /// `!=`, `!==`.
    Ne,
    /// `<`, `<=`, `>`, `>=`.
    Order,
    /// `in`: the left operand is the key.
    In,
    /// `instanceof`.
    InstanceOf,
}

/// Short-circuit operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogicalOp {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `??`
    Nullish,
}

/// Unary operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `-`, `+`, `~`: the result is a number. (`++` and `--` are [`ExprKind::AssignOp`].)
    Arithmetic,
    /// `typeof`
    TypeOf,
    /// `void`
    Void,
    /// `delete`
    Delete,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal.
    Lit(Lit),
    /// A string put together from parts: template strings, `format!`, JSX text. Constant parts are literals.
    Template(Vec<ExprId>),
    /// A variable of this block.
    Local(LocalId),
    /// A name from outside the block; for Rust the path as written, `std::fs::read` (`crate::`, `self::`, `super::` kept,
    /// generic arguments left out).
    Name(Ustr),
    /// `this`, `self`.
    This,
    /// `super`.
    Super,
    /// `base.name`, `base?.name`.
    Field(ExprId, Ustr),
    /// `base[index]`; a constant string as index makes a [`ExprKind::Field`].
    Index(ExprId, ExprId),
    /// `callee(args)`; a method call has a [`ExprKind::Field`] or [`ExprKind::Index`] as its callee. `new Callee(args)`
    /// sets `new`.
    Call {
        /// What is called.
        callee: ExprId,
        /// Its arguments.
        args: Vec<Arg>,
        /// `new callee(args)`.
        new: bool,
        /// Span of the called name alone, for findings.
        name: Span,
        /// Explicit type arguments, `::<T>` or `<T>`.
        types: Vec<Type>,
    },
    /// `` tag`a${b}c` ``: constant strings, one more than values.
    Tagged {
        /// The tag.
        tag: ExprId,
        /// The constant strings.
        strings: Vec<Ustr>,
        /// The values.
        values: Vec<ExprId>,
    },
    /// A macro that lowering knows by name (Rust): arguments re-parsed. Formatting macros have a
    /// [`ExprKind::Template`] as their first argument where they format.
    Macro {
        /// Path as written, without `!`.
        path: Ustr,
        /// Its arguments.
        args: Vec<ExprId>,
        /// Span of the path, for findings.
        name: Span,
    },
    /// A unary operator.
    Unary(UnaryOp, ExprId),
    /// A binary operator.
    Binary(BinaryOp, ExprId, ExprId),
    /// A short-circuit operator.
    Logical(LogicalOp, ExprId, ExprId),
    /// `pattern = value`; its value is `value`.
    Assign(PatId, ExprId),
    /// `place op= value`, with `None` for arithmetic; `Some(op)` for `||=`, `&&=`, `??=`. `add` tells `+=`.
    AssignOp {
        /// The place, read and written.
        place: PatId,
        /// Reads the place.
        read: ExprId,
        /// The right side.
        value: ExprId,
        /// Short-circuit operator.
        logical: Option<LogicalOp>,
        /// Whether it is `+=`.
        add: bool,
    },
    /// An object or struct literal; for a struct its path.
    Object(Option<Ustr>, Vec<Member>),
    /// An array or tuple literal, `vec![..]`.
    Array(Vec<Member>),
    /// `[value; len]`, `vec![value; len]`.
    Repeat(ExprId, ExprId),
    /// A function of this block, as a value.
    Function(FnId),
    /// A class of this block, as a value.
    Class(ClassId),
    /// The n-th child block (function or class), as a value.
    Child(u32),
    /// `await value`, `value.await`.
    Await(ExprId),
    /// `yield value`.
    Yield(Option<ExprId>),
    /// `value?`.
    Try(ExprId),
    /// `&value`, `&mut value`; `raw` for `&raw`, `addr_of!`.
    Ref {
        /// The operand.
        value: ExprId,
        /// `&mut`.
        mutable: bool,
        /// `&raw const`, `&raw mut`.
        raw: bool,
    },
    /// `*value`.
    Deref(ExprId),
    /// `value as Type`, `<Type>value`.
    Cast(ExprId, Type),
    /// `a..b`, `a..=b`.
    Range(Option<ExprId>, Option<ExprId>),
    /// `cond ? a : b`, `if`; without an alternative where there is none.
    If {
        /// The condition; `if let` has a [`ExprKind::LetCondition`].
        cond: ExprId,
        /// Where it holds.
        then: ExprId,
        /// Where it does not.
        alternative: Option<ExprId>,
    },
    /// `let pattern = value` as a condition; true where the pattern matches. `matches!` too.
    LetCondition(PatId, ExprId),
    /// Expressions one after another. The value is the last one's where `value` is set.
    Block {
        /// Its expressions.
        body: Vec<ExprId>,
        /// Whether the last expression is its value.
        value: bool,
        /// Label, for `break 'label`.
        label: Option<Ustr>,
        /// `unsafe`, `async`, or plain.
        kind: BlockExpr,
    },
    /// A declaration: `let pattern: ty = value else { .. }`.
    Let {
        /// The pattern.
        pat: PatId,
        /// The declared type.
        ty: Option<Type>,
        /// The value.
        value: Option<ExprId>,
        /// `else` block, which never falls through.
        otherwise: Option<ExprId>,
    },
    /// `while`, `do`, `for (;;)`, `loop`.
    Loop {
        /// Label.
        label: Option<Ustr>,
        /// Runs once, before.
        init: Option<ExprId>,
        /// Condition.
        cond: Option<ExprId>,
        /// Whether the condition comes after the body.
        post: bool,
        /// Runs after the body.
        update: Option<ExprId>,
        /// Body.
        body: ExprId,
    },
    /// `for (pattern of iterable)`, `for pattern in iterable`; with `keys` JavaScript's `for in`.
    ForEach {
        /// Label.
        label: Option<Ustr>,
        /// Bound for every element.
        pat: PatId,
        /// What is iterated.
        iterable: ExprId,
        /// Whether keys are iterated.
        keys: bool,
        /// Body.
        body: ExprId,
    },
    /// `switch`; a case without tests is the default, and control falls through to the next case.
    Switch {
        /// What is compared.
        value: ExprId,
        /// The cases.
        cases: Vec<Case>,
    },
    /// `match`.
    Match {
        /// What is matched.
        value: ExprId,
        /// The arms.
        arms: Vec<Arm>,
    },
    /// `try`.
    Try3 {
        /// The guarded body.
        body: ExprId,
        /// The handler.
        catch: Option<(Option<PatId>, ExprId)>,
        /// The finalizer.
        finally: Option<ExprId>,
    },
    /// `return`.
    Return(Option<ExprId>),
    /// `throw`.
    Throw(ExprId),
    /// `break`.
    Break {
        /// Label.
        label: Option<Ustr>,
        /// Value of the loop or block.
        value: Option<ExprId>,
    },
    /// `continue`.
    Continue(Option<Ustr>),
    /// A JSX element. A component's tag is an expression, an intrinsic one a name.
    Jsx {
        /// Name of an intrinsic element (`div`), or the component.
        tag: Result<Ustr, ExprId>,
        /// Attributes; a spread is a [`Member::Spread`].
        attributes: Vec<Member>,
        /// Children.
        children: Vec<ExprId>,
    },
    /// Something else: the operands are evaluated, their taint reaches the result.
    Opaque(Vec<ExprId>),
}

/// Which kind of block expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockExpr {
    /// `{ .. }`
    Plain,
    /// `unsafe { .. }`
    Unsafe,
    /// `async { .. }`: runs when awaited, which is taken to be at once.
    Async,
}

/// A case of a `switch`.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the value is compared with; `None` for the default.
    pub test: Option<ExprId>,
    /// Its statements.
    pub body: Vec<ExprId>,
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its pattern.
    pub pat: PatId,
    /// Its guard.
    pub guard: Option<ExprId>,
    /// Its value.
    pub body: ExprId,
}

/// A pattern.
#[derive(Clone, Debug)]
pub struct Pat {
    /// What it is.
    pub kind: PatKind,
    /// Where it stands.
    pub span: Span,
}

/// What a pattern is.
#[derive(Clone, Debug)]
pub enum PatKind {
    /// Matches anything, binds nothing.
    Wild,
    /// Binds a variable, `name @ pattern`.
    Bind(LocalId, Option<PatId>),
    /// Assigns to a place that is an expression: `Local`, `Name`, `Field`, `Index`, `Deref`.
    Place(ExprId),
    /// Fields by key; `rest` takes the others. For a struct pattern its path.
    Object {
        /// Path of a struct or variant.
        path: Option<Ustr>,
        /// The fields.
        fields: Vec<(Key, PatId)>,
        /// `...rest`.
        rest: Option<PatId>,
    },
    /// Elements by position; the element at `rest` takes the others (and may bind them).
    Array {
        /// The elements; `None` skips one.
        elements: Vec<Option<PatId>>,
        /// Index of the rest element in `elements`.
        rest: Option<usize>,
    },
    /// A tuple struct or variant: `Some(x)`.
    Variant {
        /// Path as written.
        path: Ustr,
        /// Its fields.
        elements: Vec<PatId>,
    },
    /// `pattern = default`.
    Default(PatId, ExprId),
    /// `&pattern`, `ref` and boxes.
    Ref(PatId),
    /// Alternatives.
    Or(Vec<PatId>),
    /// A constant, a range, or a path to one.
    Value(ExprId),
}

/// How a variable came to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LocalKind {
    /// A parameter, or a variable inside a parameter's pattern.
    Param,
    /// `let`, `var`, `static mut`, `let mut`.
    Variable,
    /// `const`, `let` without `mut`, `static`.
    Constant,
    /// A function declaration.
    Function,
    /// A class declaration.
    Class,
    /// The error of a `catch`.
    Catch,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name.
    pub name: Ustr,
    /// How it came to be.
    pub kind: LocalKind,
    /// Declared type.
    pub ty: Option<Type>,
    /// The function that declares it.
    pub function: FnId,
    /// Its declaration.
    pub span: Span,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, or that of the variable or property that it is bound to.
    pub name: Option<Ustr>,
    /// Parameters, without `this`; a Rust `self` parameter is not listed either, see `has_self`.
    pub params: Vec<Param>,
    /// Its body; `None` for a signature.
    pub body: Option<ExprId>,
    /// Declared return type.
    pub returns: Option<Type>,
    /// `async`.
    pub is_async: bool,
    /// Generator.
    pub is_generator: bool,
    /// Whether `this` is that of the surrounding function (arrow functions and Rust closures).
    pub inherits_this: bool,
    /// Rust: takes `self`.
    pub has_self: bool,
    /// Rust: `unsafe fn`. JavaScript: never.
    pub is_unsafe: bool,
    /// Whether it is exported, `pub`, or a public method.
    pub is_public: bool,
    /// Decorators and attributes, as expressions (`Get(":id")` is a call, `test` a name).
    pub decorators: Vec<ExprId>,
    /// The whole function.
    pub span: Span,
    /// Its name, else its head, for findings.
    pub name_span: Span,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its pattern.
    pub pat: PatId,
    /// Declared type.
    pub ty: Option<Type>,
    /// `...rest`.
    pub rest: bool,
    /// Decorators, `@Body()`.
    pub decorators: Vec<ExprId>,
    /// A parameter property of a constructor (`private x: T`): also assigned to `this.x`.
    pub property: Option<Ustr>,
}

/// A class, impl, trait or inline module.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// Its name; for an impl the self type's path.
    pub name: Option<Ustr>,
    /// `extends` as an expression.
    pub parent: Option<ExprId>,
    /// Traits and interfaces that it implements, as written.
    pub implements: Vec<Ustr>,
    /// Fields, in order: name, declared type, initial value, whether static. A static block is a static field with the
    /// name `static {}`, whose value calls the block. For a container block the values of static fields are evaluated by
    /// the body of `functions[0]`; those of other fields by nobody but whoever makes an instance.
    pub fields: Vec<ClassField>,
    /// Methods, in order.
    pub methods: Vec<Method>,
    /// Decorators and attributes.
    pub decorators: Vec<ExprId>,
    /// Whether it is a namespace (`mod`, `namespace`): its bindings are members.
    pub is_namespace: bool,
}

/// A field of a class.
#[derive(Clone, Debug)]
pub struct ClassField {
    /// Its name (`#private` with its hash).
    pub name: Ustr,
    /// Declared type.
    pub ty: Option<Type>,
    /// Initial value.
    pub value: Option<ExprId>,
    /// `static`.
    pub is_static: bool,
    /// Decorators.
    pub decorators: Vec<ExprId>,
}

/// What a method is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MethodKind {
    /// A method.
    Method,
    /// The constructor.
    Constructor,
    /// `get`.
    Getter,
    /// `set`.
    Setter,
}

/// A method.
#[derive(Clone, Debug)]
pub struct Method {
    /// Its name.
    pub name: Ustr,
    /// [`ExprKind::Function`] or [`ExprKind::Child`].
    pub value: ExprId,
    /// What it is.
    pub kind: MethodKind,
    /// `static`; a Rust associated function without `self`.
    pub is_static: bool,
    /// Decorators that stand before the method in the class's own text, outside of the function (TypeScript). Others are
    /// in [`Function::decorators`].
    pub decorators: Vec<ExprId>,
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// The module's specifier as written (`./a`, `node:fs`); for Rust the full path (`std::process::Command`).
    pub module: Ustr,
    /// What of it.
    pub what: Imported,
    /// The local name.
    pub local: Ustr,
    /// Only types (`import type`).
    pub type_only: bool,
    /// Where.
    pub span: Span,
}

/// What of a module is imported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Imported {
    /// The default export.
    Default,
    /// The whole module: `* as ns`, `import x = require()`; Rust: the path itself.
    Namespace,
    /// A named export.
    Name(Ustr),
    /// Every name (Rust's glob); the local name is `*`.
    Glob,
}

/// An export.
#[derive(Clone, Debug)]
pub enum Export {
    /// A name of the top level under an exported name (`default` for the default export).
    Binding {
        /// The exported name.
        name: Ustr,
        /// The name inside.
        local: Ustr,
    },
    /// An expression: `export default expr`.
    Value {
        /// The exported name.
        name: Ustr,
        /// Its value, evaluated in the module's body.
        value: ExprId,
    },
    /// `export { a as b } from 'm'`.
    From {
        /// The exported name.
        name: Ustr,
        /// The other module.
        module: Ustr,
        /// Its name there.
        what: Imported,
    },
    /// `export * from 'm'`.
    All {
        /// The other module.
        module: Ustr,
    },
}

impl Export {
    /// The expression that it exports.
    pub fn value(&self) -> Option<ExprId> {
        match self {
            Export::Value { value, .. } => Some(*value),
            _ => None,
        }
    }
}

/// A type as written, as far as analysis uses it.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// A path with arguments: `string`, `express.Request`, `Vec<u8>`, `u32`. References and `mut` are dropped.
    Path(Ustr, Vec<Type>),
    /// A union.
    Union(Vec<Type>),
    /// A literal type.
    Lit(Lit),
    /// `T[]`, `[T]`, `[T; n]`.
    Array(Box<Type>),
    /// A tuple.
    Tuple(Vec<Type>),
    /// `{ a: T }`.
    Object(Vec<(Ustr, Type)>),
    /// A function type, with its result.
    Function(Box<Type>),
    /// `*const T`, `*mut T`.
    RawPointer(Box<Type>),
    /// Anything else.
    Other,
}

impl Hir {
    /// Gives back the room that it does not need.
    pub(crate) fn shrink(&mut self) {
        self.exprs.shrink_to_fit();
        self.pats.shrink_to_fit();
        self.locals.shrink_to_fit();
        self.functions.shrink_to_fit();
        self.classes.shrink_to_fit();
        self.bindings.shrink_to_fit();
        self.inner_bindings.shrink_to_fit();
        self.imports.shrink_to_fit();
        self.exports.shrink_to_fit();
        self.types.shrink_to_fit();
    }

    /// The expression of an id.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// The pattern of an id.
    pub fn pat(&self, id: PatId) -> &Pat {
        &self.pats[id.0 as usize]
    }

    /// The variable of an id.
    pub fn local(&self, id: LocalId) -> &Local {
        &self.locals[id.0 as usize]
    }

    /// The function of an id.
    pub fn function(&self, id: FnId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// The class of an id.
    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.0 as usize]
    }

    /// The class, of this block or a child of it, that a variable is declared with.
    pub fn declared_class(&self, local: LocalId) -> Option<ExprId> {
        let binds = |pat: PatId| matches!(self.pat(pat).kind, PatKind::Bind(l, None) if l == local);
        self.exprs.iter().find_map(|e| match e.kind {
            ExprKind::Let { pat, value: Some(value), .. } if binds(pat) => {
                matches!(self.expr(value).kind, ExprKind::Class(_) | ExprKind::Child(_)).then_some(value)
            }
            _ => None,
        })
    }

    /// Adds an expression.
    pub fn add(&mut self, kind: ExprKind, span: Span) -> ExprId {
        self.exprs.push(Expr { kind, span });
        ExprId(self.exprs.len() as u32 - 1)
    }

    /// Adds a pattern.
    pub fn add_pat(&mut self, kind: PatKind, span: Span) -> PatId {
        self.pats.push(Pat { kind, span });
        PatId(self.pats.len() as u32 - 1)
    }

    /// The expression's constant string, if it is one.
    pub fn as_str(&self, id: ExprId) -> Option<Ustr> {
        match &self.expr(id).kind {
            ExprKind::Lit(Lit::Str(s)) => Some(*s),
            _ => None,
        }
    }
}
