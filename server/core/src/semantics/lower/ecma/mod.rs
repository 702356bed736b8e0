//! Lowering of JavaScript, TypeScript and JSX.
//!
//! A function whose body is an expression has that expression as its body; a statement block is a
//! [`ExprKind::Block`] without a value. A string literal of more than 4 KB keeps its first 256 bytes. `a['b']` is
//! `a.b`; `x++` is `x op= 1`; `export = x` is `module.exports = x`; `import(..)`, `new.target` and `import.meta` are
//! names; an enum is an object. Type-only syntax leaves no trace but for the types in [`Local`] and its like.

mod class;
mod expr;
mod jsx;
mod literal;
mod module;
mod object;
mod pattern;
mod scopes;
mod stmt;
#[cfg(test)]
mod tests;
mod types;

use rustc_hash::FxHashMap;
use sidenote_grammars::{Field, Kind};
use smallvec::SmallVec;

use super::MAX_DEPTH;
use crate::blocks::{Block, BlockKind};
use crate::semantics::hir::*;
use crate::syntax::{Node, Span};

/// Lowers a block into an empty `hir`.
pub(super) fn lower(block: &Block, hir: Hir) -> Hir {
    let root = block.arena().root();
    let mut cx = Lower {
        block,
        hir,
        names: FxHashMap::default(),
        undo: Vec::new(),
        scopes: Vec::new(),
        outermost: 1,
        function: FnId(0),
        depth: 0,
    };
    cx.push_scope();
    match block.kind() {
        BlockKind::Module => cx.module(root),
        BlockKind::Function => {
            cx.function(root);
        }
        BlockKind::Container => cx.container(root),
    }
    cx.hir
}

/// The state of lowering one block.
struct Lower<'a> {
    block: &'a Block,
    hir: Hir,
    /// What each visible name means, with the level of the scope that binds it.
    names: FxHashMap<Ustr, (LocalId, usize)>,
    /// What the names that open scopes bind meant before.
    undo: Vec<(Ustr, Option<(LocalId, usize)>)>,
    /// Where each open scope begins in `undo`.
    scopes: Vec<usize>,
    /// How many scopes, from outside, are in the block's bindings.
    outermost: usize,
    function: FnId,
    depth: usize,
}

impl<'a> Lower<'a> {
    fn opaque(&mut self, operands: Vec<ExprId>, span: Span) -> ExprId {
        self.hir.add(ExprKind::Opaque(operands), span)
    }

    /// What stands for a part that is nested too deeply.
    fn skip(&mut self, node: Node<'a>) -> ExprId {
        self.hir.skipped.push(node.span());
        self.opaque(Vec::new(), node.span())
    }

    /// Runs `f` one level deeper, or skips the node.
    fn deeper(&mut self, node: Node<'a>, f: impl FnOnce(&mut Self) -> ExprId) -> ExprId {
        if self.depth >= MAX_DEPTH {
            return self.skip(node);
        }
        self.depth += 1;
        let id = f(self);
        self.depth -= 1;
        id
    }

    /// The value of a placeholder.
    fn child(&mut self, node: Node<'a>) -> ExprId {
        let Some(n) = node.hole() else { return self.opaque(Vec::new(), node.span()) };
        self.note_visible(n as u32);
        self.hir.add(ExprKind::Child(n as u32), node.span())
    }

    /// A function or class node with its own children, also where it is a block of its own.
    fn full(&self, node: Node<'a>) -> Node<'a> {
        match node.hole().and_then(|n| self.block.child(n)) {
            Some(child) => child.arena().root(),
            None => node,
        }
    }

    /// The name that a declaration carries.
    fn name_of(&self, node: Node<'a>) -> Option<Ustr> {
        let name = self.full(node).child(Field::Name)?;
        let text = name.text();
        (!text.is_empty()).then(|| Ustr::from(text))
    }

    /// Lowers a function as a value.
    fn function_value(&mut self, node: Node<'a>) -> ExprId {
        if node.is_hole() {
            return self.child(node);
        }
        self.deeper(node, |cx| {
            let id = cx.function(node);
            cx.hir.add(ExprKind::Function(id), node.span())
        })
    }

    /// Lowers a function, method, arrow function or static block of this block.
    fn function(&mut self, node: Node<'a>) -> FnId {
        let id = FnId(self.hir.functions.len() as u32);
        let mut f = empty_function(node.span());
        let mut parameters = None;
        let mut body = None;
        let mut own_name = None;
        let mut decorators: SmallVec<[Node<'a>; 2]> = SmallVec::new();
        f.is_public = node.kind() == Kind::MethodDefinition;
        f.inherits_this = matches!(node.kind(), Kind::ArrowFunction | Kind::ClassStaticBlock);
        for child in node.children() {
            match child.field() {
                Field::Name => {
                    f.name_span = child.span();
                    f.name = Some(literal::member_name(child));
                    f.is_public &= child.kind() != Kind::PrivatePropertyIdentifier;
                    own_name = (child.kind() == Kind::Identifier).then_some(child);
                }
                Field::Parameters | Field::Parameter => parameters = Some(child),
                Field::ReturnType => f.returns = self.annotation(child),
                Field::Body => body = Some(child),
                Field::Decorator => decorators.push(child),
                _ => match child.kind() {
                    Kind::Token => match child.text() {
                        "async" => f.is_async = true,
                        "*" => f.is_generator = true,
                        _ => {}
                    },
                    Kind::AccessibilityModifier => f.is_public &= child.text() == "public",
                    _ => {}
                },
            }
        }
        if f.name.is_none() {
            let end = parameters.map_or(node.span().start, |p| p.span().end);
            f.name_span = Span { start: node.span().start, end: end.max(node.span().start) };
        }
        self.hir.functions.push(f);
        let decorators = decorators.into_iter().map(|d| self.decorator(d)).collect();
        let outer = std::mem::replace(&mut self.function, id);
        self.push_scope();
        // A function expression knows itself by its name; a declaration's name is bound around it.
        let itself = match (node.kind(), own_name) {
            (Kind::FunctionExpression | Kind::GeneratorFunction, Some(name)) => {
                let local = self.declare(Ustr::from(name.text()), LocalKind::Function, name.span());
                self.push_scope();
                Some((local, name.span()))
            }
            _ => None,
        };
        if id.0 == 0 {
            self.outermost = self.scopes.len();
        }
        let before = self.hir.exprs.len();
        let params = parameters.map(|p| self.parameters(p)).unwrap_or_default();
        let body = body.map(|body| {
            if body.kind() != Kind::StatementBlock {
                return self.expr(body);
            }
            let mut out = Vec::new();
            self.hoist_vars(body);
            self.statements(body, &mut out);
            if let Some((local, span)) = itself
                && self.hir.exprs[before..].iter().any(|e| matches!(e.kind, ExprKind::Local(l) if l == local))
            {
                let value = self.hir.add(ExprKind::Function(id), span);
                let first = self.let_local(local, value, span);
                out.insert(0, first);
            }
            self.hir.add(block_of(out), body.span())
        });
        if id.0 == 0 {
            self.note_bindings();
        }
        if itself.is_some() {
            self.pop_scope();
        }
        self.pop_scope();
        self.function = outer;
        let f = &mut self.hir.functions[id.0 as usize];
        f.params = params;
        f.body = body;
        f.decorators = decorators;
        id
    }

    fn parameters(&mut self, node: Node<'a>) -> Vec<Param> {
        if node.kind() != Kind::FormalParameters {
            self.declare_pat(node, LocalKind::Param);
            let pat = self.bind_pat(node);
            return vec![Param { pat, ty: None, rest: false, decorators: Vec::new(), property: None }];
        }
        for child in node.named_children() {
            let pattern = match child.kind() {
                Kind::RequiredParameter | Kind::OptionalParameter => child.child(Field::Pattern),
                _ => Some(child),
            };
            if let Some(pattern) = pattern {
                self.declare_pat(pattern, LocalKind::Param);
            }
        }
        node.named_children().filter_map(|child| self.parameter(child)).collect()
    }

    fn parameter(&mut self, node: Node<'a>) -> Option<Param> {
        let mut param = Param { pat: PatId(0), ty: None, rest: false, decorators: Vec::new(), property: None };
        let (mut pattern, mut value, mut property) = (Some(node), None, false);
        if matches!(node.kind(), Kind::RequiredParameter | Kind::OptionalParameter) {
            pattern = None;
            for child in node.children() {
                match child.field() {
                    Field::Pattern | Field::Name => pattern = Some(child),
                    Field::Type => param.ty = self.annotation(child),
                    Field::Value => value = Some(child),
                    Field::Decorator => param.decorators.push(self.decorator(child)),
                    _ => {
                        property |= match child.kind() {
                            Kind::AccessibilityModifier | Kind::OverrideModifier => true,
                            _ => child.kind() == Kind::Token && child.text() == "readonly",
                        }
                    }
                }
            }
        }
        let mut pattern = pattern.filter(|p| p.kind() != Kind::This)?;
        if pattern.kind() == Kind::RestPattern {
            param.rest = true;
            pattern = pattern.first_named()?;
        }
        if property && pattern.kind() == Kind::Identifier {
            param.property = Some(Ustr::from(pattern.text()));
        }
        param.pat = self.bind_pat(pattern);
        self.type_local(param.pat, param.ty.as_ref());
        if let Some(value) = value {
            let default = self.expr(value);
            self.name_function(default, pattern);
            param.pat = self.hir.add_pat(PatKind::Default(param.pat, default), node.span());
        }
        Some(param)
    }

    fn decorator(&mut self, node: Node<'a>) -> ExprId {
        match node.first_named() {
            Some(e) => self.expr(e),
            None => self.opaque(Vec::new(), node.span()),
        }
    }

    /// Gives a function or class without a name that of what it is bound to.
    fn name_function(&mut self, value: ExprId, to: Node<'a>) {
        let (f, class) = match self.hir.expr(value).kind {
            ExprKind::Function(f) => (Some(f), None),
            ExprKind::Class(c) => (None, Some(c)),
            _ => return,
        };
        let Some(name) = literal::bound_name(to) else { return };
        if let Some(f) = f {
            self.hir.functions[f.0 as usize].name.get_or_insert(name);
        }
        if let Some(c) = class {
            self.hir.classes[c.0 as usize].name.get_or_insert(name);
        }
    }

    fn let_local(&mut self, local: LocalId, value: ExprId, span: Span) -> ExprId {
        let pat = self.hir.add_pat(PatKind::Bind(local, None), self.hir.local(local).span);
        self.hir.add(ExprKind::Let { pat, ty: None, value: Some(value), otherwise: None }, span)
    }
}

fn empty_function(span: Span) -> Function {
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
        name_span: Span { start: span.start, end: span.start },
    }
}

/// Statements one after another.
fn block_of(body: Vec<ExprId>) -> ExprKind {
    ExprKind::Block { body, value: false, label: None, kind: BlockExpr::Plain }
}
