//! Scopes: which declaration a name means. A scope is declared first and lowered then, so that closures see what is
//! declared after them.

use super::*;

/// Names that a child block is told of; scopes with more are generated code.
const MAX_VISIBLE: usize = 256;

impl<'a> Lower<'a> {
    pub(super) fn push_scope(&mut self) {
        self.scopes.push(self.undo.len());
    }

    pub(super) fn pop_scope(&mut self) {
        let start = self.scopes.pop().unwrap_or(0);
        while self.undo.len() > start {
            match self.undo.pop() {
                Some((name, Some(before))) => self.names.insert(name, before),
                Some((name, None)) => self.names.remove(&name),
                None => None,
            };
        }
    }

    /// Declares a name in the innermost scope; a second declaration there means the same variable.
    pub(super) fn declare(&mut self, name: Ustr, kind: LocalKind, span: Span) -> LocalId {
        let level = self.scopes.len();
        let before = self.names.get(&name).copied();
        if let Some((id, at)) = before
            && at == level
        {
            if kind == LocalKind::Function && self.hir.local(id).kind == LocalKind::Variable {
                self.hir.locals[id.0 as usize].kind = kind;
            }
            return id;
        }
        let id = LocalId(self.hir.locals.len() as u32);
        self.hir.locals.push(Local { name, kind, ty: None, function: self.function, span });
        self.names.insert(name, (id, level));
        self.undo.push((name, before));
        id
    }

    pub(super) fn resolve(&self, name: Ustr) -> Option<LocalId> {
        self.names.get(&name).map(|(id, _)| *id)
    }

    /// A variable, or a name from outside.
    pub(super) fn name(&mut self, name: &str, span: Span) -> ExprId {
        let name = Ustr::from(name);
        let kind = match self.resolve(name) {
            Some(local) => ExprKind::Local(local),
            None => ExprKind::Name(name),
        };
        self.hir.add(kind, span)
    }

    /// Fills the block's bindings from the scopes that are open.
    pub(super) fn note_bindings(&mut self) {
        let names = self.undo.iter().filter_map(|(name, _)| self.names.get(name).map(|(id, _)| (*name, *id)));
        self.hir.bindings = names.collect();
    }

    /// Notes what the n-th child block sees of inner scopes.
    pub(super) fn note_visible(&mut self, n: u32) {
        let from = self.scopes.get(self.outermost).copied().unwrap_or(self.undo.len());
        for (name, _) in self.undo[from..].iter().rev().take(MAX_VISIBLE) {
            if let Some((id, _)) = self.names.get(name) {
                self.hir.inner_bindings.push((n, *name, *id));
            }
        }
    }

    /// Declares the names that a pattern binds, in order.
    pub(super) fn declare_pat(&mut self, node: Node<'a>, kind: LocalKind) {
        let mut open: SmallVec<[Node<'a>; 8]> = SmallVec::new();
        open.push(node);
        while let Some(node) = open.pop() {
            match node.kind() {
                Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern => {
                    self.declare(Ustr::from(node.text()), kind, node.span());
                }
                Kind::ObjectPattern | Kind::ArrayPattern | Kind::RestPattern | Kind::Error => {
                    let from = open.len();
                    open.extend(node.named_children());
                    open[from..].reverse();
                }
                Kind::PairPattern => open.extend(node.child(Field::Value)),
                Kind::AssignmentPattern | Kind::ObjectAssignmentPattern => open.extend(node.child(Field::Left)),
                _ => {}
            }
        }
    }

    /// Declares the `var`s of a function's body or of a module.
    pub(super) fn hoist_vars(&mut self, body: Node<'a>) {
        for node in body.descendants_until(|n| !holds_statements(n.kind())) {
            match node.kind() {
                Kind::VariableDeclaration => self.declare_declarators(node, LocalKind::Variable),
                Kind::ForInStatement => {
                    let is_var = node.children_in(Field::Kind).any(|k| k.text() == "var");
                    if is_var && let Some(left) = node.child(Field::Left) {
                        self.declare_pat(left, LocalKind::Variable);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn declare_declarators(&mut self, node: Node<'a>, kind: LocalKind) {
        for declarator in node.children().filter(|n| n.kind() == Kind::VariableDeclarator) {
            if let Some(name) = declarator.child(Field::Name) {
                self.declare_pat(name, kind);
            }
        }
    }

    /// Declares what a statement binds in its block; functions go to `hoisted`.
    pub(super) fn declare_statement(&mut self, node: Node<'a>, hoisted: &mut Vec<Node<'a>>) {
        let kind = match node.kind() {
            Kind::LexicalDeclaration | Kind::UsingDeclaration => {
                let is_let = node.child(Field::Kind).is_some_and(|k| k.text() == "let");
                let kind = if is_let { LocalKind::Variable } else { LocalKind::Constant };
                return self.declare_declarators(node, kind);
            }
            Kind::FunctionDeclaration | Kind::GeneratorFunctionDeclaration => {
                hoisted.push(node);
                LocalKind::Function
            }
            Kind::ClassDeclaration | Kind::AbstractClassDeclaration => LocalKind::Class,
            Kind::EnumDeclaration => LocalKind::Constant,
            Kind::InternalModule | Kind::Module => {
                if let Some(name) = self.namespace_name(node) {
                    let first = name.split('.').next().unwrap_or(&name);
                    self.declare(Ustr::from(first), LocalKind::Constant, node.span());
                }
                return;
            }
            Kind::ImportAlias => {
                if let Some(name) = node.first_named() {
                    self.declare(Ustr::from(name.text()), LocalKind::Constant, name.span());
                }
                return;
            }
            Kind::ExpressionStatement => {
                if let Some(inner) = node.first_named() {
                    if inner.kind() == Kind::InternalModule {
                        self.declare_statement(inner, hoisted);
                    } else if let Some(name) = using_assignment(inner).and_then(|a| a.child(Field::Left)) {
                        self.declare_pat(name, LocalKind::Constant);
                    }
                }
                return;
            }
            Kind::ExportStatement | Kind::Error => {
                for child in node.named_children().filter(|c| c.kind() != Kind::Error) {
                    self.declare_statement(child, hoisted);
                }
                return;
            }
            _ => return,
        };
        let full = self.full(node);
        if let Some(name) = full.child(Field::Name) {
            let span = if node.is_hole() { node.span() } else { name.span() };
            self.declare(Ustr::from(name.text()), kind, span);
        }
    }
}

/// Whether statements may stand below a node without a function between.
fn holds_statements(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::StatementBlock
            | Kind::IfStatement
            | Kind::ElseClause
            | Kind::ForStatement
            | Kind::ForInStatement
            | Kind::WhileStatement
            | Kind::DoStatement
            | Kind::TryStatement
            | Kind::CatchClause
            | Kind::FinallyClause
            | Kind::SwitchStatement
            | Kind::SwitchBody
            | Kind::SwitchCase
            | Kind::SwitchDefault
            | Kind::LabeledStatement
            | Kind::WithStatement
            | Kind::ExportStatement
            | Kind::Error
    )
}

/// `using x = y`, `await using x = y`, which the TypeScript grammar takes for an assignment.
pub(super) fn using_assignment(node: Node<'_>) -> Option<Node<'_>> {
    let node = if node.kind() == Kind::AwaitExpression { node.first_named()? } else { node };
    (node.kind() == Kind::AssignmentExpression && node.has_token("using")).then_some(node)
}
