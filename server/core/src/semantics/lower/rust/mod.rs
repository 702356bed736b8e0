//! Lowering of Rust.
//!
//! Beyond the conventions of [`hir`](crate::semantics::hir):
//! * Items are bound at the start of their scope, in source order; `impl` blocks stand there as class or child values.
//! * `None` and `()` are [`Lit::Null`](crate::semantics::hir::Lit::Null). A pattern that is one identifier starting with
//!   a capital letter is a constant, as in idiomatic Rust; any other identifier binds.
//! * `<T as Trait>::f` is the path `T::f`.
//! * A child of a function block has all names that it sees in `inner_bindings`, since shadowing makes `bindings` alone
//!   ambiguous.
//! * `mod name;` is an import of `self::name`; its child block is empty and stands nowhere.
//! * An enum is a class whose static fields are its variants; a variant's type is a tuple or an object of its fields.
//! * An arm of a `macro_rules!` that takes expressions is a function ([`macro_rules`]), bound as `name!`.
//! * Macros are re-parsed ([`macros`]), with spans in the block's own text. A macro that lowering does not know holds its
//!   arguments where these are expressions, and one [`ExprKind::Opaque`](crate::semantics::hir::ExprKind::Opaque) over the names that
//!   occur in it.

mod expr;
mod format;
mod items;
mod literal;
mod macro_rules;
mod macros;
mod pattern;
mod reparse;
mod scopes;
mod types;

#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;
use sidenote_grammars::Kind;

use self::scopes::Scopes;
use super::MAX_DEPTH;
use crate::blocks::{Block, BlockKind};
use crate::semantics::hir::*;
use crate::syntax::{Node, Span};

/// Lowers a block of Rust into an empty `hir`.
pub(super) fn lower(block: &Block, hir: Hir) -> Hir {
    let root = block.arena().root();
    let mut cx = Lower {
        block,
        hir,
        scopes: Scopes::default(),
        function: FnId(0),
        self_type: None,
        depth: 0,
        shift: 0,
        window: root.span(),
        macro_depth: 0,
        pattern_names: FxHashMap::default(),
    };
    match block.kind() {
        BlockKind::Function => cx.function_block(root),
        BlockKind::Module => cx.module(root),
        BlockKind::Container => cx.container_block(root),
    }
    cx.hir
}

/// Entries of `inner_bindings` in one block; the farthest names of the last children are left out beyond.
const MAX_INNER_BINDINGS: usize = 100_000;

struct Lower<'b> {
    block: &'b Block,
    hir: Hir,
    scopes: Scopes,
    /// The function that is being lowered.
    function: FnId,
    /// What `Self` means, where the block shows it.
    self_type: Option<Ustr>,
    depth: usize,
    /// From offsets of the arena at hand to offsets of the block; not 0 inside a re-parsed macro.
    shift: i64,
    /// Where the arena at hand lies in the block.
    window: Span,
    macro_depth: usize,
    /// Variables that the pattern at hand has bound: alternatives bind the same ones.
    pattern_names: FxHashMap<Ustr, LocalId>,
}

impl<'b> Lower<'b> {
    /// A node's span in the block's own text.
    fn span(&self, n: Node<'_>) -> Span {
        self.place(n.span())
    }

    fn place(&self, s: Span) -> Span {
        let at =
            |x: u32| (i64::from(x) + self.shift).clamp(i64::from(self.window.start), i64::from(self.window.end)) as u32;
        Span { start: at(s.start), end: at(s.end) }
    }

    fn add(&mut self, kind: ExprKind, n: Node<'_>) -> ExprId {
        let span = self.span(n);
        self.hir.add(kind, span)
    }

    fn add_pat(&mut self, kind: PatKind, n: Node<'_>) -> PatId {
        let span = self.span(n);
        self.hir.add_pat(kind, span)
    }

    /// Runs `f` one level deeper; `None`, with the part reported as skipped, where that is too deep.
    fn deeper<T>(&mut self, n: Node<'_>, f: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            let span = self.span(n);
            self.hir.skipped.push(span);
            return None;
        }
        self.depth += 1;
        let out = f(self);
        self.depth -= 1;
        Some(out)
    }

    /// The node itself, or the root of the child block that it stands for.
    fn behind<'n>(&self, n: Node<'n>) -> Node<'n>
    where
        'b: 'n,
    {
        match n.hole().and_then(|h| self.block.child(h)) {
            Some(child) => child.arena().root(),
            None => n,
        }
    }

    fn opaque(&mut self, operands: Vec<ExprId>, n: Node<'_>) -> ExprId {
        self.add(ExprKind::Opaque(operands), n)
    }

    /// Declares a variable in the scope at hand.
    fn declare(&mut self, name: &str, kind: LocalKind, ty: Option<Type>, span: Span) -> LocalId {
        let name = Ustr::from(name.strip_prefix("r#").unwrap_or(name));
        self.hir.locals.push(Local { name, kind, ty, function: self.function, span });
        let id = LocalId(self.hir.locals.len() as u32 - 1);
        self.scopes.bind(name, id);
        id
    }

    /// Reads a name without `::`.
    fn read(&mut self, name: &str, span: Span) -> ExprId {
        let name = name.strip_prefix("r#").unwrap_or(name);
        let kind = match (self.scopes.find(name), name) {
            (Some(local), _) => ExprKind::Local(local),
            (None, "self") => ExprKind::This,
            (None, "None") => ExprKind::Lit(Lit::Null),
            (None, "Self") => ExprKind::Name(self.self_type.unwrap_or_else(|| Ustr::from("Self"))),
            (None, _) => ExprKind::Name(Ustr::from(name)),
        };
        self.hir.add(kind, span)
    }

    fn function_block(&mut self, root: Node<'_>) {
        self.function_like(root, Vec::new());
    }

    /// Takes the names that are visible where a function block's outermost scope ends as its bindings.
    fn bind_outermost(&mut self) {
        if self.block.kind() == BlockKind::Function && self.hir.bindings.is_empty() {
            let mut visible: Vec<_> = self.scopes.visible().collect();
            visible.reverse();
            self.hir.bindings = visible;
        }
    }

    /// The placeholder of a child block, as a value.
    fn child(&mut self, n: Node<'_>) -> ExprId {
        let hole = n.hole().unwrap_or(0) as u32;
        if self.block.kind() == BlockKind::Function {
            let room = MAX_INNER_BINDINGS.saturating_sub(self.hir.inner_bindings.len());
            let visible = self.scopes.visible().take(room);
            self.hir.inner_bindings.extend(visible.map(|(name, local)| (hole, name, local)));
        }
        self.add(ExprKind::Child(hole), n)
    }

    fn module(&mut self, root: Node<'_>) {
        self.code(root);
        let mut body = Vec::new();
        self.statements(root, &mut body, true);
        self.finish_code(root, body);
    }

    fn container_block(&mut self, root: Node<'_>) {
        self.code(root);
        self.hir.classes.push(Class::default());
        let mut body = Vec::new();
        self.fill_container(root, ClassId(0), &mut body);
        self.finish_code(root, body);
    }

    /// The function of a block that is no function: what runs when it is evaluated.
    fn code(&mut self, root: Node<'_>) {
        self.hir.functions.push(blank_function(root.span()));
    }

    fn finish_code(&mut self, root: Node<'_>, body: Vec<ExprId>) {
        let kind = ExprKind::Block { body, value: false, label: None, kind: BlockExpr::Plain };
        let body = self.add(kind, root);
        self.hir.functions[0].body = Some(body);
    }
}

fn blank_function(span: Span) -> Function {
    Function {
        name: None,
        params: Vec::new(),
        body: None,
        returns: None,
        is_async: false,
        is_generator: false,
        inherits_this: false,
        has_self: false,
        is_unsafe: false,
        is_public: false,
        decorators: Vec::new(),
        span,
        name_span: span,
    }
}

/// Whether an item says `pub` in any form.
fn is_public(n: Node<'_>) -> bool {
    n.child_of_kind(Kind::VisibilityModifier).is_some()
}
