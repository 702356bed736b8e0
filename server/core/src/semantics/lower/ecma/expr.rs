//! Expressions. What nests to the left (`a.b().c()`, `a + b + c`) is taken down and up again without recursion.

use super::*;

impl<'a> Lower<'a> {
    pub(super) fn expr(&mut self, node: Node<'a>) -> ExprId {
        self.deeper(node, |cx| {
            let mut links: SmallVec<[Node<'a>; 8]> = SmallVec::new();
            let mut at = node;
            while let Some(next) = base(at) {
                links.push(at);
                at = next;
            }
            let mut value = cx.leaf(at);
            while let Some(link) = links.pop() {
                value = cx.link(link, at, value);
                at = link;
            }
            value
        })
    }

    /// The operands of a node that has no meaning of its own.
    pub(super) fn operands(&mut self, node: Node<'a>) -> ExprId {
        let mut operands = Vec::new();
        for child in node.named_children() {
            if !is_type(child.kind()) {
                self.statement(child, &mut operands);
            }
        }
        self.opaque(operands, node.span())
    }

    /// Lowers the child in a role; opaque where it is missing.
    pub(super) fn role(&mut self, node: Node<'a>, field: Field) -> ExprId {
        match node.child(field) {
            Some(child) => self.expr(child),
            None => self.opaque(Vec::new(), node.span()),
        }
    }

    fn first(&mut self, node: Node<'a>) -> ExprId {
        match node.first_named() {
            Some(child) => self.expr(child),
            None => self.opaque(Vec::new(), node.span()),
        }
    }

    /// An expression around its leftmost operand, which is lowered as `value`.
    fn link(&mut self, node: Node<'a>, operand: Node<'a>, value: ExprId) -> ExprId {
        let span = node.span();
        let kind = match node.kind() {
            Kind::MemberExpression | Kind::NestedIdentifier => {
                let name = node.child(Field::Property).map_or("", Node::text);
                ExprKind::Field(value, Ustr::from(name))
            }
            Kind::SubscriptExpression => match node.child(Field::Index) {
                Some(index) => {
                    let constant = matches!(index.kind(), Kind::String | Kind::TemplateString);
                    match constant.then(|| literal::constant_key(index)).flatten() {
                        Some(name) => ExprKind::Field(value, name),
                        None => ExprKind::Index(value, self.expr(index)),
                    }
                }
                None => ExprKind::Opaque(vec![value]),
            },
            Kind::CallExpression => return self.call(node, operand, value),
            Kind::BinaryExpression => {
                let operator = node.child(Field::Operator).map_or("", Node::text);
                let right = self.role(node, Field::Right);
                binary(operator, value, right)
            }
            Kind::AsExpression => match node.last_named().filter(|t| *t != operand) {
                Some(ty) => {
                    let ty = self.ty(ty);
                    ExprKind::Cast(value, ty)
                }
                // `as const`
                None => return value,
            },
            _ => return value,
        };
        self.hir.add(kind, span)
    }

    /// An expression that does not nest to the left.
    fn leaf(&mut self, node: Node<'a>) -> ExprId {
        if node.is_hole() {
            return self.child(node);
        }
        let span = node.span();
        let kind = match node.kind() {
            Kind::Identifier | Kind::ShorthandPropertyIdentifier => return self.name(node.text(), span),
            Kind::Import | Kind::MetaProperty => ExprKind::Name(Ustr::from(node.text())),
            Kind::PropertyIdentifier | Kind::PrivatePropertyIdentifier => ExprKind::Lit(Lit::Str(node.text().into())),
            Kind::String => ExprKind::Lit(Lit::Str(literal::string(node))),
            Kind::Number => ExprKind::Lit(Lit::Num(literal::number(node.text()))),
            Kind::True => ExprKind::Lit(Lit::Bool(true)),
            Kind::False => ExprKind::Lit(Lit::Bool(false)),
            Kind::Null => ExprKind::Lit(Lit::Null),
            Kind::Undefined => ExprKind::Lit(Lit::Undefined),
            Kind::Regex => {
                let part = |field| literal::intern(node.child(field).map_or("", Node::text));
                ExprKind::Lit(Lit::Regex { pattern: part(Field::Pattern), flags: part(Field::Flags) })
            }
            Kind::This => ExprKind::This,
            Kind::Super => ExprKind::Super,
            Kind::TemplateString => return self.template(node),
            Kind::Object => return self.object(node),
            Kind::Array => return self.array(node),
            Kind::ArrowFunction
            | Kind::FunctionExpression
            | Kind::GeneratorFunction
            | Kind::FunctionDeclaration
            | Kind::GeneratorFunctionDeclaration
            | Kind::MethodDefinition => return self.function_value(node),
            Kind::Class | Kind::ClassDeclaration | Kind::AbstractClassDeclaration => return self.class_value(node),
            Kind::NewExpression => return self.new_expression(node),
            Kind::AwaitExpression => ExprKind::Await(self.first(node)),
            Kind::YieldExpression => ExprKind::Yield(node.first_named().map(|v| self.expr(v))),
            Kind::UnaryExpression => return self.unary(node),
            Kind::UpdateExpression => return self.update(node),
            Kind::TernaryExpression => return self.ternary(node),
            Kind::SequenceExpression => return self.sequence(node),
            Kind::AssignmentExpression => return self.assignment(node),
            Kind::AugmentedAssignmentExpression => return self.augmented(node),
            Kind::TypeAssertion => {
                let ty = node.child_of_kind(Kind::TypeArguments).and_then(|t| t.first_named());
                let ty = ty.map_or(Type::Other, |t| self.ty(t));
                let value = node.last_named().filter(|n| n.kind() != Kind::TypeArguments);
                let value = value.map(|v| self.expr(v)).unwrap_or_else(|| self.opaque(Vec::new(), span));
                ExprKind::Cast(value, ty)
            }
            Kind::SpreadElement => return self.first(node),
            Kind::JsxElement | Kind::JsxSelfClosingElement => return self.jsx(node),
            Kind::JsxExpression | Kind::ExpressionStatement => return self.first(node),
            Kind::InternalModule | Kind::Module => return self.namespace_value(node),
            // A pattern where an expression should be: broken code.
            _ => return self.operands(node),
        };
        self.hir.add(kind, span)
    }

    fn call(&mut self, node: Node<'a>, callee_node: Node<'a>, callee: ExprId) -> ExprId {
        let mut args = Vec::new();
        let mut types = Vec::new();
        for child in node.children() {
            match (child.field(), child.kind()) {
                (Field::Arguments, Kind::TemplateString) => {
                    let (strings, values) = self.template_parts(child);
                    return self.hir.add(ExprKind::Tagged { tag: callee, strings, values }, node.span());
                }
                (Field::Arguments, _) => args = self.arguments(child),
                (Field::TypeArguments, _) => types = self.type_arguments(child),
                _ => {}
            }
        }
        let name = called_name(callee_node);
        self.hir.add(ExprKind::Call { callee, args, new: false, name, types }, node.span())
    }

    fn new_expression(&mut self, node: Node<'a>) -> ExprId {
        let Some(constructor) = node.child(Field::Constructor) else { return self.operands(node) };
        let callee = self.expr(constructor);
        let types = node.child(Field::TypeArguments).map(|t| self.type_arguments(t)).unwrap_or_default();
        let args = node.child(Field::Arguments).map(|a| self.arguments(a)).unwrap_or_default();
        let name = called_name(constructor);
        self.hir.add(ExprKind::Call { callee, args, new: true, name, types }, node.span())
    }

    fn arguments(&mut self, node: Node<'a>) -> Vec<Arg> {
        let arg = |child: Node<'a>| {
            let spread = child.kind() == Kind::SpreadElement;
            Arg { value: self.expr(child), spread }
        };
        node.named_children().map(arg).collect()
    }

    fn template(&mut self, node: Node<'a>) -> ExprId {
        let mut parts = Vec::new();
        let mut whole = None;
        let mut at = Span { start: node.span().start + 1, end: node.span().end };
        for child in node.children().filter(|c| c.kind() == Kind::TemplateSubstitution) {
            at.end = child.span().start;
            self.fragment(node, at, &mut parts);
            parts.push(self.first(child));
            at.start = child.span().end;
            whole = Some(child);
        }
        at.end = node.span().end - u32::from(node.text().len() > 1 && node.text().ends_with('`'));
        if whole.is_none() {
            let text = literal::intern(&literal::unescape(node.arena().slice(at)));
            return self.hir.add(ExprKind::Lit(Lit::Str(text)), node.span());
        }
        self.fragment(node, at, &mut parts);
        self.hir.add(ExprKind::Template(parts), node.span())
    }

    fn fragment(&mut self, node: Node<'a>, span: Span, parts: &mut Vec<ExprId>) {
        let text = node.arena().slice(span);
        if !text.is_empty() {
            let text = literal::intern(&literal::unescape(text));
            parts.push(self.hir.add(ExprKind::Lit(Lit::Str(text)), span));
        }
    }

    fn template_parts(&mut self, node: Node<'a>) -> (Vec<Ustr>, Vec<ExprId>) {
        let (mut strings, mut values) = (Vec::new(), Vec::new());
        let text = |span| literal::intern(&literal::unescape(node.arena().slice(span)));
        let mut at = Span { start: node.span().start + 1, end: node.span().end };
        for child in node.children().filter(|c| c.kind() == Kind::TemplateSubstitution) {
            at.end = child.span().start;
            strings.push(text(at));
            values.push(self.first(child));
            at.start = child.span().end;
        }
        at.end = node.span().end - u32::from(node.text().len() > 1 && node.text().ends_with('`'));
        strings.push(text(at));
        (strings, values)
    }

    fn unary(&mut self, node: Node<'a>) -> ExprId {
        let value = self.role(node, Field::Argument);
        let op = match node.child(Field::Operator).map_or("", Node::text) {
            "!" => UnaryOp::Not,
            "typeof" => UnaryOp::TypeOf,
            "void" => UnaryOp::Void,
            "delete" => UnaryOp::Delete,
            // A negative number is a literal.
            "-" if let ExprKind::Lit(Lit::Num(n)) = self.hir.expr(value).kind => {
                return self.hir.add(ExprKind::Lit(Lit::Num(-n)), node.span());
            }
            _ => UnaryOp::Arithmetic,
        };
        self.hir.add(ExprKind::Unary(op, value), node.span())
    }

    fn update(&mut self, node: Node<'a>) -> ExprId {
        let Some(argument) = node.child(Field::Argument) else { return self.operands(node) };
        let read = self.expr(argument);
        let place = self.hir.add_pat(PatKind::Place(read), argument.span());
        let value = self.hir.add(ExprKind::Lit(Lit::Num(1.0)), node.span());
        self.hir.add(ExprKind::AssignOp { place, read, value, logical: None, add: false }, node.span())
    }

    /// `a ? b : c ? d : ..`, without recursion along the chain.
    fn ternary(&mut self, node: Node<'a>) -> ExprId {
        let mut tests: SmallVec<[(Span, ExprId, ExprId); 4]> = SmallVec::new();
        let mut at = node;
        let mut alternative = None;
        loop {
            let cond = self.role(at, Field::Condition);
            let then = self.role(at, Field::Consequence);
            tests.push((at.span(), cond, then));
            match at.child(Field::Alternative) {
                Some(next) if next.kind() == Kind::TernaryExpression => at = next,
                Some(next) => break alternative = Some(self.expr(next)),
                None => break,
            }
        }
        self.fold_ifs(tests, alternative)
    }

    /// Builds `if` in `if` from the tests of a chain; there is at least one.
    pub(super) fn fold_ifs(
        &mut self,
        mut tests: SmallVec<[(Span, ExprId, ExprId); 4]>,
        mut alternative: Option<ExprId>,
    ) -> ExprId {
        while let Some((span, cond, then)) = tests.pop() {
            alternative = Some(self.hir.add(ExprKind::If { cond, then, alternative }, span));
        }
        alternative.unwrap_or(ExprId(0))
    }

    fn sequence(&mut self, node: Node<'a>) -> ExprId {
        let mut body = Vec::new();
        // One grammar nests sequences to the right.
        let mut at = node;
        loop {
            let mut next = None;
            for child in at.named_children() {
                if child.kind() == Kind::SequenceExpression && child.span().end == at.span().end {
                    next = Some(child);
                } else {
                    body.push(self.expr(child));
                }
            }
            match next {
                Some(child) => at = child,
                None => break,
            }
        }
        let kind = ExprKind::Block { body, value: true, label: None, kind: BlockExpr::Plain };
        self.hir.add(kind, node.span())
    }

    fn assignment(&mut self, node: Node<'a>) -> ExprId {
        let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else {
            return self.operands(node);
        };
        if node.has_token("using") {
            let value = self.expr(right);
            let pat = self.bind_pat(left);
            return self.hir.add(ExprKind::Let { pat, ty: None, value: Some(value), otherwise: None }, node.span());
        }
        let pat = self.assign_pat(left);
        let value = self.expr(right);
        self.name_function(value, left);
        self.hir.add(ExprKind::Assign(pat, value), node.span())
    }

    fn augmented(&mut self, node: Node<'a>) -> ExprId {
        let Some(left) = node.child(Field::Left) else { return self.operands(node) };
        let read = self.expr(left);
        let place = self.hir.add_pat(PatKind::Place(read), left.span());
        let value = self.role(node, Field::Right);
        let operator = node.child(Field::Operator).map_or("", Node::text);
        let logical = match operator {
            "&&=" => Some(LogicalOp::And),
            "||=" => Some(LogicalOp::Or),
            "??=" => Some(LogicalOp::Nullish),
            _ => None,
        };
        self.hir.add(ExprKind::AssignOp { place, read, value, logical, add: operator == "+=" }, node.span())
    }
}

/// The leftmost operand of an expression that nests to the left.
fn base(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        Kind::MemberExpression | Kind::SubscriptExpression | Kind::NestedIdentifier => node.child(Field::Object),
        Kind::CallExpression => node.child(Field::Function),
        Kind::BinaryExpression => node.child(Field::Left),
        Kind::NonNullExpression
        | Kind::ParenthesizedExpression
        | Kind::AsExpression
        | Kind::SatisfiesExpression
        | Kind::InstantiationExpression => node.first_named(),
        _ => None,
    }
}

fn binary(operator: &str, left: ExprId, right: ExprId) -> ExprKind {
    let op = match operator {
        "&&" => return ExprKind::Logical(LogicalOp::And, left, right),
        "||" => return ExprKind::Logical(LogicalOp::Or, left, right),
        "??" => return ExprKind::Logical(LogicalOp::Nullish, left, right),
        "+" => BinaryOp::Add,
        "==" | "===" => BinaryOp::Eq,
        "!=" | "!==" => BinaryOp::Ne,
        "<" | "<=" | ">" | ">=" => BinaryOp::Order,
        "in" => BinaryOp::In,
        "instanceof" => BinaryOp::InstanceOf,
        _ => BinaryOp::Arithmetic,
    };
    ExprKind::Binary(op, left, right)
}

/// Span of the name alone of what is called.
fn called_name(callee: Node<'_>) -> Span {
    match callee.kind() {
        Kind::MemberExpression => callee.child(Field::Property).unwrap_or(callee).span(),
        _ => callee.span(),
    }
}

/// Whether a node speaks of types alone.
pub(super) fn is_type(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::TypeAnnotation
            | Kind::TypeArguments
            | Kind::TypeParameters
            | Kind::TypeIdentifier
            | Kind::PredefinedType
            | Kind::GenericType
            | Kind::ObjectType
            | Kind::UnionType
            | Kind::IntersectionType
            | Kind::AccessibilityModifier
            | Kind::OverrideModifier
            | Kind::OptionalChain
            | Kind::StatementIdentifier
            | Kind::EscapeSequence
            | Kind::StringFragment
            | Kind::ImplementsClause
            | Kind::IndexSignature
            | Kind::PropertySignature
            | Kind::MethodSignature
            | Kind::CallSignature
            | Kind::ConstructSignature
            | Kind::AbstractMethodSignature
    )
}
