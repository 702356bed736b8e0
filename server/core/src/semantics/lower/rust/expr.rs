//! Expressions.

use sidenote_grammars::{Field, Kind};

use super::Lower;
use crate::semantics::hir::*;
use crate::syntax::{Node, Span};

impl Lower<'_> {
    /// Lowers an expression. Chains that the grammar nests to the left (calls, fields, operators, casts) are walked, not
    /// recursed into.
    pub(super) fn expr(&mut self, n: Node<'_>) -> ExprId {
        let mut spine = Vec::new();
        let mut at = n;
        while let Some(inner) = spine_child(at) {
            spine.push(at);
            at = inner;
        }
        let mut value = self.deeper(at, |cx| cx.atom(at)).unwrap_or_else(|| self.opaque(Vec::new(), at));
        while let Some(outer) = spine.pop() {
            let wrapped = self.deeper(outer, |cx| cx.wrap(outer, value));
            value = wrapped.unwrap_or_else(|| self.opaque(vec![value], outer));
        }
        value
    }

    pub(super) fn opt(&mut self, n: Option<Node<'_>>) -> Option<ExprId> {
        n.map(|n| self.expr(n))
    }

    /// An operand; where it is missing, something opaque in the place of `whole`.
    fn operand(&mut self, n: Option<Node<'_>>, whole: Node<'_>) -> ExprId {
        match n {
            Some(n) => self.expr(n),
            None => self.opaque(Vec::new(), whole),
        }
    }

    /// A node whose left part, lowered already, is `base`.
    fn wrap(&mut self, n: Node<'_>, base: ExprId) -> ExprId {
        let kind = match n.kind() {
            Kind::ParenthesizedExpression | Kind::GenericFunction => return base,
            Kind::CallExpression => {
                let function = n.child(Field::Function);
                let types = function.map(|f| self.path_types_of_callee(f)).unwrap_or_default();
                let name = function.map_or_else(|| self.span(n), |f| self.called_name(f));
                let args = self.arguments(n.child(Field::Arguments));
                ExprKind::Call { callee: base, args, new: false, name, types }
            }
            Kind::FieldExpression => {
                let name = n.child(Field::Field).map_or("", Node::text);
                ExprKind::Field(base, Ustr::from(name.strip_prefix("r#").unwrap_or(name)))
            }
            Kind::AwaitExpression => ExprKind::Await(base),
            Kind::TryExpression => ExprKind::Try(base),
            Kind::IndexExpression => {
                let index = n.named_children().nth(1);
                let index = self.operand(index, n);
                ExprKind::Index(base, index)
            }
            Kind::TypeCastExpression => ExprKind::Cast(base, n.child(Field::Type).map_or(Type::Other, |t| self.ty(t))),
            Kind::BinaryExpression => {
                let right = n.child(Field::Right);
                let right = self.operand(right, n);
                match n.child(Field::Operator).map_or("", Node::text) {
                    "&&" => ExprKind::Logical(LogicalOp::And, base, right),
                    "||" => ExprKind::Logical(LogicalOp::Or, base, right),
                    "+" => ExprKind::Binary(BinaryOp::Add, base, right),
                    "==" => ExprKind::Binary(BinaryOp::Eq, base, right),
                    "!=" => ExprKind::Binary(BinaryOp::Ne, base, right),
                    "<" | "<=" | ">" | ">=" => ExprKind::Binary(BinaryOp::Order, base, right),
                    _ => ExprKind::Binary(BinaryOp::Arithmetic, base, right),
                }
            }
            Kind::RangeExpression => {
                let right = n.named_children().nth(1);
                ExprKind::Range(Some(base), self.opt(right))
            }
            _ => ExprKind::Opaque(vec![base]),
        };
        self.add(kind, n)
    }

    fn path_types_of_callee(&self, f: Node<'_>) -> Vec<Type> {
        match f.kind() {
            Kind::GenericFunction => f.child(Field::TypeArguments).map(|t| self.type_arguments(t)).unwrap_or_default(),
            Kind::ScopedIdentifier => self.path_types(f),
            _ => Vec::new(),
        }
    }

    fn called_name(&self, f: Node<'_>) -> Span {
        let f = if f.kind() == Kind::GenericFunction { f.child(Field::Function).unwrap_or(f) } else { f };
        let name = match f.kind() {
            Kind::FieldExpression => f.child(Field::Field),
            Kind::ScopedIdentifier => f.child(Field::Name),
            _ => None,
        };
        self.span(name.unwrap_or(f))
    }

    fn arguments(&mut self, list: Option<Node<'_>>) -> Vec<Arg> {
        let values = list.into_iter().flat_map(Node::named_children).filter(|n| n.kind() != Kind::AttributeItem);
        values.map(|n| Arg { value: self.expr(n), spread: false }).collect()
    }

    /// An expression that is no chain.
    fn atom(&mut self, n: Node<'_>) -> ExprId {
        if let Some(lit) = self.literal(n) {
            return self.add(ExprKind::Lit(lit), n);
        }
        if n.is_hole() {
            return self.child(n);
        }
        let kind = match n.kind() {
            Kind::Identifier | Kind::SelfValue | Kind::Metavariable => {
                let span = self.span(n);
                return self.read(n.text(), span);
            }
            Kind::ScopedIdentifier | Kind::GenericFunction | Kind::GenericPattern | Kind::Crate | Kind::Super => {
                let path = self.path(n);
                match path.as_str() {
                    "Option::None" | "std::option::Option::None" => ExprKind::Lit(Lit::Null),
                    p if !p.contains("::") => {
                        let span = self.span(n);
                        return self.read(p, span);
                    }
                    _ => ExprKind::Name(path),
                }
            }
            Kind::UnaryExpression => {
                let operand = n.last_named();
                let operand = self.operand(operand, n);
                match n.text().as_bytes().first() {
                    Some(b'*') => ExprKind::Deref(operand),
                    Some(b'!') => ExprKind::Unary(UnaryOp::Not, operand),
                    _ => ExprKind::Unary(UnaryOp::Arithmetic, operand),
                }
            }
            Kind::ReferenceExpression => {
                let value = n.child(Field::Value);
                let value = self.operand(value, n);
                let mutable = n.child_of_kind(Kind::MutableSpecifier).is_some();
                ExprKind::Ref { value, mutable, raw: n.has_token("raw") }
            }
            Kind::RangeExpression => {
                let right = n.first_named();
                ExprKind::Range(None, self.opt(right))
            }
            Kind::AssignmentExpression => {
                let value = self.operand(n.child(Field::Right), n);
                match n.child(Field::Left).map(|l| self.target(l)) {
                    Some(target) => ExprKind::Assign(target, value),
                    None => ExprKind::Opaque(vec![value]),
                }
            }
            Kind::CompoundAssignmentExpr => {
                let read = self.operand(n.child(Field::Left), n);
                let value = self.operand(n.child(Field::Right), n);
                let span = self.hir.expr(read).span;
                let place = self.hir.add_pat(PatKind::Place(read), span);
                let add = n.child(Field::Operator).is_some_and(|o| o.text() == "+=");
                ExprKind::AssignOp { place, read, value, logical: None, add }
            }
            Kind::TupleExpression => {
                let parts: Vec<_> = n.named_children().filter(|n| n.kind() != Kind::AttributeItem).collect();
                ExprKind::Array(parts.into_iter().map(|n| Member::Element(Some(self.expr(n)))).collect())
            }
            Kind::ArrayExpression => {
                let parts: Vec<_> = n.named_children().filter(|n| n.kind() != Kind::AttributeItem).collect();
                match (n.child(Field::Length), parts.first()) {
                    (Some(length), Some(first)) => {
                        let value = self.expr(*first);
                        ExprKind::Repeat(value, self.expr(length))
                    }
                    _ => ExprKind::Array(parts.into_iter().map(|n| Member::Element(Some(self.expr(n)))).collect()),
                }
            }
            Kind::StructExpression => self.struct_expr(n),
            Kind::ClosureExpression => {
                let id = self.function_like(n, Vec::new());
                ExprKind::Function(id)
            }
            Kind::MacroInvocation => return self.macro_call(n),
            Kind::Block => return self.block(n, BlockExpr::Plain),
            Kind::UnsafeBlock | Kind::AsyncBlock | Kind::GenBlock | Kind::TryBlock | Kind::ConstBlock => {
                let kind = match n.kind() {
                    Kind::UnsafeBlock => BlockExpr::Unsafe,
                    Kind::AsyncBlock | Kind::GenBlock => BlockExpr::Async,
                    _ => BlockExpr::Plain,
                };
                match n.child_of_kind(Kind::Block) {
                    Some(block) => {
                        let id = self.block(block, kind);
                        let span = self.span(n);
                        self.hir.exprs[id.0 as usize].span = span;
                        return id;
                    }
                    None => ExprKind::Opaque(Vec::new()),
                }
            }
            Kind::IfExpression => return self.if_expr(n),
            Kind::LetCondition | Kind::LetChain => return self.condition(n),
            Kind::MatchExpression => self.match_expr(n),
            Kind::LoopExpression | Kind::WhileExpression | Kind::ForExpression => self.loop_expr(n),
            Kind::ReturnExpression => ExprKind::Return(self.opt(n.first_named())),
            Kind::YieldExpression => ExprKind::Yield(self.opt(n.first_named())),
            Kind::BreakExpression => {
                let value = n.named_children().find(|n| n.kind() != Kind::Label);
                let value = self.opt(value);
                ExprKind::Break { label: label(n), value }
            }
            Kind::ContinueExpression => ExprKind::Continue(label(n)),
            Kind::ExpressionStatement | Kind::ParenthesizedExpression => match n.first_named() {
                Some(inner) => return self.expr(inner),
                None => ExprKind::Opaque(Vec::new()),
            },
            _ => {
                let parts: Vec<_> = n.named_children().filter(|n| is_operand(n.kind())).collect();
                ExprKind::Opaque(parts.into_iter().map(|n| self.expr(n)).collect())
            }
        };
        self.add(kind, n)
    }

    fn struct_expr(&mut self, n: Node<'_>) -> ExprKind {
        let path = n.child(Field::Name).map(|n| self.path(n));
        let mut members = Vec::new();
        for part in n.child(Field::Body).into_iter().flat_map(Node::named_children) {
            match part.kind() {
                Kind::FieldInitializer => {
                    let name = part.child(Field::Field).map_or("", Node::text);
                    let value = part.child(Field::Value);
                    let value = self.operand(value, part);
                    members.push(Member::Field(Key::Name(Ustr::from(name.trim_start_matches("r#"))), value));
                }
                Kind::ShorthandFieldInitializer => {
                    let Some(name) = part.last_named() else { continue };
                    let value = self.expr(name);
                    members.push(Member::Field(Key::Name(Ustr::from(name.text().trim_start_matches("r#"))), value));
                }
                Kind::BaseFieldInitializer => {
                    if let Some(base) = part.first_named() {
                        let base = self.expr(base);
                        members.push(Member::Spread(base));
                    }
                }
                _ => {}
            }
        }
        ExprKind::Object(path, members)
    }

    /// A block with a scope of its own.
    pub(super) fn block(&mut self, n: Node<'_>, kind: BlockExpr) -> ExprId {
        let scope = self.scopes.enter();
        let mut body = Vec::new();
        let value = self.statements(n, &mut body, false);
        if self.macro_depth == 0 && n.parent().is_some_and(|p| p.index() == 0) {
            self.bind_outermost();
        }
        self.scopes.leave(scope);
        self.add(ExprKind::Block { body, value, label: label(n), kind }, n)
    }

    /// The condition of `if`, `while` or a guard; its `let`s bind in the scope at hand.
    pub(super) fn condition(&mut self, n: Node<'_>) -> ExprId {
        match n.kind() {
            Kind::LetCondition => {
                let value = self.operand(n.child(Field::Value), n);
                match n.child(Field::Pattern) {
                    Some(pat) => {
                        let pat = self.pattern(pat, LocalKind::Constant, false, None);
                        self.add(ExprKind::LetCondition(pat, value), n)
                    }
                    None => value,
                }
            }
            Kind::LetChain => {
                let mut all: Option<ExprId> = None;
                for part in n.named_children() {
                    let next = if matches!(part.kind(), Kind::LetCondition | Kind::LetChain) {
                        self.deeper(part, |cx| cx.condition(part)).unwrap_or_else(|| self.opaque(Vec::new(), part))
                    } else {
                        self.expr(part)
                    };
                    all = Some(match all {
                        Some(left) => {
                            let span = self.hir.expr(left).span.to(self.hir.expr(next).span);
                            self.hir.add(ExprKind::Logical(LogicalOp::And, left, next), span)
                        }
                        None => next,
                    });
                }
                all.unwrap_or_else(|| self.opaque(Vec::new(), n))
            }
            _ => self.expr(n),
        }
    }

    /// `if` with its `else if`s, which are a list here.
    fn if_expr(&mut self, n: Node<'_>) -> ExprId {
        let mut links = Vec::new();
        let mut at = Some(n);
        let mut alternative = None;
        while let Some(link) = at.take() {
            let scope = self.scopes.enter();
            let cond = link.child(Field::Condition).map(|c| self.condition(c));
            let cond = cond.unwrap_or_else(|| self.opaque(Vec::new(), link));
            let then = link.child(Field::Consequence).map(|b| self.block(b, BlockExpr::Plain));
            let then = then.unwrap_or_else(|| self.opaque(Vec::new(), link));
            self.scopes.leave(scope);
            links.push((link, cond, then));
            match link.child(Field::Alternative).and_then(Node::last_named) {
                Some(next) if next.kind() == Kind::IfExpression => at = Some(next),
                Some(block) => alternative = Some(self.expr(block)),
                None => {}
            }
        }
        for (link, cond, then) in links.into_iter().rev() {
            alternative = Some(self.add(ExprKind::If { cond, then, alternative }, link));
        }
        alternative.unwrap_or_else(|| self.opaque(Vec::new(), n))
    }

    fn match_expr(&mut self, n: Node<'_>) -> ExprKind {
        let value = self.operand(n.child(Field::Value), n);
        let mut arms = Vec::new();
        for arm in n.child(Field::Body).into_iter().flat_map(Node::named_children) {
            if arm.kind() == Kind::MatchArm {
                arms.push(self.arm(arm));
            }
        }
        ExprKind::Match { value, arms }
    }

    fn arm(&mut self, arm: Node<'_>) -> Arm {
        let scope = self.scopes.enter();
        let (pat, guard) = match arm.child(Field::Pattern) {
            Some(p) => self.match_pattern(p),
            None => (self.add_pat(PatKind::Wild, arm), None),
        };
        let body = self.operand(arm.child(Field::Value), arm);
        self.scopes.leave(scope);
        Arm { pat, guard, body }
    }

    /// A pattern with its guard.
    pub(super) fn match_pattern(&mut self, p: Node<'_>) -> (PatId, Option<ExprId>) {
        let first = p.children().find(|c| !c.is_comment() && c.field() != Field::Condition);
        let pat = match first {
            Some(first) => self.pattern(first, LocalKind::Constant, false, None),
            None => self.add_pat(PatKind::Wild, p),
        };
        (pat, p.child(Field::Condition).map(|c| self.condition(c)))
    }

    fn loop_expr(&mut self, n: Node<'_>) -> ExprKind {
        let scope = self.scopes.enter();
        let label = label(n);
        let kind = if n.kind() == Kind::ForExpression {
            let iterable = self.operand(n.child(Field::Value), n);
            let pat = match n.child(Field::Pattern) {
                Some(pat) => self.pattern(pat, LocalKind::Constant, false, None),
                None => self.add_pat(PatKind::Wild, n),
            };
            let body = self.operand(n.child(Field::Body), n);
            ExprKind::ForEach { label, pat, iterable, keys: false, body }
        } else {
            let cond = n.child(Field::Condition).map(|c| self.condition(c));
            let body = self.operand(n.child(Field::Body), n);
            ExprKind::Loop { label, init: None, cond, post: false, update: None, body }
        };
        self.scopes.leave(scope);
        kind
    }
}

/// The left part of a chain's link.
fn spine_child(n: Node<'_>) -> Option<Node<'_>> {
    if n.is_hole() {
        return None;
    }
    match n.kind() {
        Kind::CallExpression => n.child(Field::Function),
        Kind::GenericFunction => n.child(Field::Function).filter(|f| f.kind() == Kind::FieldExpression),
        Kind::FieldExpression | Kind::TypeCastExpression => n.child(Field::Value),
        Kind::BinaryExpression => n.child(Field::Left),
        Kind::AwaitExpression | Kind::TryExpression | Kind::IndexExpression | Kind::ParenthesizedExpression => {
            n.first_named()
        }
        Kind::RangeExpression => {
            let first = n.children().find(|c| !c.is_comment())?;
            first.is_named().then_some(first)
        }
        _ => None,
    }
}

/// A label without its quote.
fn label(n: Node<'_>) -> Option<Ustr> {
    let label = n.children().find(|c| c.kind() == Kind::Label)?;
    Some(Ustr::from(label.text().trim_start_matches('\'').trim()))
}

/// Whether a part of something unknown is evaluated.
fn is_operand(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::TypeArguments
            | Kind::TypeParameters
            | Kind::TypeIdentifier
            | Kind::FieldIdentifier
            | Kind::PrimitiveType
            | Kind::GenericType
            | Kind::Lifetime
            | Kind::Label
            | Kind::AttributeItem
            | Kind::InnerAttributeItem
            | Kind::VisibilityModifier
            | Kind::MutableSpecifier
            | Kind::WhereClause
            | Kind::MacroDefinition
    )
}
