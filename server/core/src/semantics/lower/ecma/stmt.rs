//! Statements.

use super::scopes::using_assignment;
use super::*;

impl<'a> Lower<'a> {
    /// Declares and lowers the statements that are a node's children.
    pub(super) fn statements(&mut self, node: Node<'a>, out: &mut Vec<ExprId>) {
        self.declare_all(node.named_children(), out);
        for child in node.named_children() {
            self.statement(child, out);
        }
    }

    /// Declares what statements bind; their functions are bound at once.
    fn declare_all(&mut self, statements: impl Iterator<Item = Node<'a>>, out: &mut Vec<ExprId>) {
        let mut hoisted = Vec::new();
        for statement in statements {
            self.declare_statement(statement, &mut hoisted);
        }
        for function in hoisted {
            let Some(local) = self.name_of(function).and_then(|name| self.resolve(name)) else { continue };
            let value = self.function_value(function);
            let bound = self.let_local(local, value, function.span());
            out.push(bound);
        }
    }

    /// A block with a scope of its own.
    pub(super) fn block(&mut self, node: Node<'a>) -> ExprId {
        self.deeper(node, |cx| {
            let mut out = Vec::new();
            cx.push_scope();
            cx.statements(node, &mut out);
            cx.pop_scope();
            cx.hir.add(block_of(out), node.span())
        })
    }

    /// A statement where one is wanted: the body of an `if` or a loop.
    pub(super) fn body(&mut self, node: Node<'a>) -> ExprId {
        if node.kind() == Kind::StatementBlock {
            return self.block(node);
        }
        self.deeper(node, |cx| {
            let mut out = Vec::new();
            cx.push_scope();
            cx.declare_all(std::iter::once(node), &mut out);
            cx.statement(node, &mut out);
            cx.pop_scope();
            match out.as_slice() {
                [one] => *one,
                _ => cx.hir.add(block_of(out), node.span()),
            }
        })
    }

    fn body_of(&mut self, node: Node<'a>) -> ExprId {
        match node.child(Field::Body) {
            Some(body) => self.body(body),
            None => self.hir.add(block_of(Vec::new()), node.span()),
        }
    }

    /// Lowers a statement, whose names are declared already.
    pub(super) fn statement(&mut self, node: Node<'a>, out: &mut Vec<ExprId>) {
        if self.depth >= MAX_DEPTH {
            let id = self.skip(node);
            return out.push(id);
        }
        self.depth += 1;
        self.statement_kind(node, out);
        self.depth -= 1;
    }

    fn statement_kind(&mut self, node: Node<'a>, out: &mut Vec<ExprId>) {
        let id = match node.kind() {
            Kind::ExpressionStatement => match node.first_named() {
                Some(inner) if inner.kind() == Kind::InternalModule => return self.namespace_statement(inner, out),
                Some(inner) => match using_assignment(inner) {
                    Some(using) => self.expr(using),
                    None => self.expr(inner),
                },
                None => return,
            },
            Kind::LexicalDeclaration | Kind::VariableDeclaration | Kind::UsingDeclaration => {
                for child in node.children().filter(|n| n.kind() == Kind::VariableDeclarator) {
                    let id = self.declarator(child);
                    out.push(id);
                }
                return;
            }
            Kind::ReturnStatement => {
                let value = node.first_named().map(|v| self.expr(v));
                self.hir.add(ExprKind::Return(value), node.span())
            }
            Kind::IfStatement => self.if_statement(node),
            Kind::StatementBlock => self.block(node),
            // Bound at the start of the scope.
            Kind::FunctionDeclaration | Kind::GeneratorFunctionDeclaration => return,
            Kind::ClassDeclaration | Kind::AbstractClassDeclaration => self.class_statement(node),
            Kind::ForStatement
            | Kind::ForInStatement
            | Kind::WhileStatement
            | Kind::DoStatement
            | Kind::LabeledStatement => self.labelled(node),
            Kind::TryStatement => self.try_statement(node),
            Kind::SwitchStatement => self.switch_statement(node),
            Kind::ThrowStatement => {
                let value = match node.first_named() {
                    Some(value) => self.expr(value),
                    None => self.opaque(Vec::new(), node.span()),
                };
                self.hir.add(ExprKind::Throw(value), node.span())
            }
            Kind::BreakStatement => self.hir.add(ExprKind::Break { label: label_of(node), value: None }, node.span()),
            Kind::ContinueStatement => self.hir.add(ExprKind::Continue(label_of(node)), node.span()),
            Kind::ImportStatement => return self.import(node),
            Kind::ExportStatement => return self.export(node, out),
            Kind::EnumDeclaration => self.enumeration(node),
            Kind::InternalModule | Kind::Module => return self.namespace_statement(node, out),
            Kind::ImportAlias => self.import_alias(node),
            Kind::InterfaceDeclaration | Kind::TypeAliasDeclaration => return self.named_type(node),
            Kind::WithStatement => {
                let object = self.role(node, Field::Object);
                let body = self.body_of(node);
                self.opaque(vec![object, body], node.span())
            }
            Kind::EmptyStatement
            | Kind::DebuggerStatement
            | Kind::HashBangLine
            | Kind::FunctionSignature
            | Kind::AmbientDeclaration
            | Kind::Comment
            | Kind::HtmlComment => return,
            Kind::Error => {
                for child in node.named_children().filter(|c| !expr::is_type(c.kind())) {
                    self.statement(child, out);
                }
                return;
            }
            kind if expr::is_type(kind) => return,
            _ => self.expr(node),
        };
        out.push(id);
    }

    fn declarator(&mut self, node: Node<'a>) -> ExprId {
        let Some(name) = node.child(Field::Name) else { return self.operands(node) };
        let ty = node.child(Field::Type).and_then(|t| self.annotation(t));
        let value = node.child(Field::Value).map(|v| self.expr(v));
        if let Some(value) = value {
            self.name_function(value, name);
        }
        if value.is_none() && self.is_declared_before(name) {
            return self.opaque(Vec::new(), node.span());
        }
        let pat = self.bind_pat(name);
        self.type_local(pat, ty.as_ref());
        self.hir.add(ExprKind::Let { pat, ty, value, otherwise: None }, node.span())
    }

    /// `var x;` of a name that the function has already, as a parameter or by another `var`: it keeps its value.
    fn is_declared_before(&self, name: Node<'a>) -> bool {
        let local = (name.kind() == Kind::Identifier).then(|| self.resolve(Ustr::from(name.text()))).flatten();
        local.is_some_and(|l| self.hir.local(l).span.start < name.span().start)
    }

    /// `if .. else if ..`, without recursion along the chain.
    fn if_statement(&mut self, node: Node<'a>) -> ExprId {
        let mut tests: SmallVec<[(Span, ExprId, ExprId); 4]> = SmallVec::new();
        let mut at = node;
        let alternative = loop {
            let cond = self.role(at, Field::Condition);
            let then = match at.child(Field::Consequence) {
                Some(then) => self.body(then),
                None => self.hir.add(block_of(Vec::new()), at.span()),
            };
            tests.push((at.span(), cond, then));
            match at.child(Field::Alternative).and_then(|e| e.first_named()) {
                Some(next) if next.kind() == Kind::IfStatement => at = next,
                Some(next) => break Some(self.body(next)),
                None => break None,
            }
        };
        self.fold_ifs(tests, alternative)
    }

    /// A loop or labelled statement; the innermost label is the loop's, others make blocks.
    fn labelled(&mut self, node: Node<'a>) -> ExprId {
        let mut labels: SmallVec<[(Ustr, Span); 1]> = SmallVec::new();
        let mut at = node;
        while at.kind() == Kind::LabeledStatement {
            let label = at.child(Field::Label).map_or("", Node::text);
            labels.push((Ustr::from(label), at.span()));
            match at.child(Field::Body) {
                Some(body) => at = body,
                None => return self.operands(node),
            }
        }
        let mut loop_label = || labels.pop().map(|(label, _)| label);
        let mut id = match at.kind() {
            Kind::ForStatement => {
                let label = loop_label();
                self.for_statement(at, label)
            }
            Kind::ForInStatement => {
                let label = loop_label();
                self.for_in_statement(at, label)
            }
            Kind::WhileStatement | Kind::DoStatement => {
                let label = loop_label();
                let post = at.kind() == Kind::DoStatement;
                let before = (!post).then(|| self.role(at, Field::Condition));
                let body = self.body_of(at);
                let cond = before.or_else(|| Some(self.role(at, Field::Condition)));
                self.hir.add(ExprKind::Loop { label, init: None, cond, post, update: None, body }, at.span())
            }
            _ => self.body(at),
        };
        while let Some((label, span)) = labels.pop() {
            let kind = ExprKind::Block { body: vec![id], value: false, label: Some(label), kind: BlockExpr::Plain };
            id = self.hir.add(kind, span);
        }
        id
    }

    fn for_statement(&mut self, node: Node<'a>, label: Option<Ustr>) -> ExprId {
        self.push_scope();
        let part = |cx: &mut Self, field| {
            let part = node.child(field).filter(|p| p.is_named() && p.kind() != Kind::EmptyStatement)?;
            let mut out = Vec::new();
            cx.declare_all(std::iter::once(part), &mut out);
            cx.statement(part, &mut out);
            match out.as_slice() {
                [one] => Some(*one),
                _ => Some(cx.hir.add(block_of(out), part.span())),
            }
        };
        let init = part(self, Field::Initializer);
        let cond = part(self, Field::Condition);
        let body = self.body_of(node);
        let update = part(self, Field::Increment);
        self.pop_scope();
        self.hir.add(ExprKind::Loop { label, init, cond, post: false, update, body }, node.span())
    }

    fn for_in_statement(&mut self, node: Node<'a>, label: Option<Ustr>) -> ExprId {
        let mut iterable = self.role(node, Field::Right);
        if node.children().take_while(|c| c.field() == Field::None).any(|c| c.text() == "await") {
            iterable = self.hir.add(ExprKind::Await(iterable), self.hir.expr(iterable).span);
        }
        self.push_scope();
        let left = node.child(Field::Left);
        let kind = node.child(Field::Kind).map(Node::text);
        let pat = match (left, kind) {
            (Some(left), Some(kind)) => {
                if kind != "var" {
                    let kind = if kind == "let" { LocalKind::Variable } else { LocalKind::Constant };
                    self.declare_pat(left, kind);
                }
                self.bind_pat(left)
            }
            (Some(left), None) => self.assign_pat(left),
            (None, _) => self.hir.add_pat(PatKind::Wild, node.span()),
        };
        let body = self.body_of(node);
        self.pop_scope();
        let keys = node.child(Field::Operator).is_some_and(|o| o.text() == "in");
        self.hir.add(ExprKind::ForEach { label, pat, iterable, keys, body }, node.span())
    }

    fn try_statement(&mut self, node: Node<'a>) -> ExprId {
        let body = self.body_of(node);
        let catch = node.child(Field::Handler).map(|handler| {
            self.push_scope();
            let pat = handler.child(Field::Parameter).map(|parameter| {
                self.declare_pat(parameter, LocalKind::Catch);
                self.bind_pat(parameter)
            });
            let body = self.body_of(handler);
            self.pop_scope();
            (pat, body)
        });
        let finally = node.child(Field::Finalizer).map(|f| self.body_of(f));
        self.hir.add(ExprKind::Try3 { body, catch, finally }, node.span())
    }

    fn switch_statement(&mut self, node: Node<'a>) -> ExprId {
        let value = self.role(node, Field::Value);
        let Some(body) = node.child(Field::Body) else { return self.opaque(vec![value], node.span()) };
        self.push_scope();
        let mut hoisted = Vec::new();
        let statements = |case: Node<'a>| {
            let is_test = move |n: &Node<'a>| n.field() == Field::Value && case.kind() == Kind::SwitchCase;
            case.named_children().filter(move |n| !is_test(n))
        };
        self.declare_all(body.named_children().flat_map(statements), &mut hoisted);
        let mut cases = Vec::new();
        for case in body.named_children() {
            let test = match case.kind() {
                Kind::SwitchCase => Some(self.role(case, Field::Value)),
                _ => None,
            };
            let mut out = Vec::new();
            for statement in statements(case) {
                self.statement(statement, &mut out);
            }
            cases.push(Case { test, body: out });
        }
        self.pop_scope();
        let switch = self.hir.add(ExprKind::Switch { value, cases }, node.span());
        if hoisted.is_empty() {
            return switch;
        }
        hoisted.push(switch);
        self.hir.add(block_of(hoisted), node.span())
    }
}

fn label_of(node: Node<'_>) -> Option<Ustr> {
    node.child(Field::Label).map(|l| Ustr::from(l.text()))
}
