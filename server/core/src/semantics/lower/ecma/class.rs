//! Classes, enums and the container block of a class.

use super::*;

/// The name of the static field that stands for a static block.
const STATIC_BLOCK: &str = "static {}";

impl<'a> Lower<'a> {
    /// A container block: a class or a namespace.
    pub(super) fn container(&mut self, node: Node<'a>) {
        self.hir.functions.push(empty_function(node.span()));
        let mut out = Vec::new();
        if matches!(node.kind(), Kind::InternalModule | Kind::Module) {
            let name = self.namespace_name(node);
            self.hir.classes.push(Class { name, is_namespace: true, ..Class::default() });
            if let Some(body) = node.child(Field::Body) {
                self.hoist_vars(body);
                self.statements(body, &mut out);
            }
            self.note_bindings();
        } else {
            let id = self.class(node);
            let fields = &self.hir.class(id).fields;
            out.extend(fields.iter().filter(|f| f.is_static).filter_map(|f| f.value));
        }
        let name = node.child(Field::Name);
        let body = self.hir.add(block_of(out), node.span());
        let f = &mut self.hir.functions[0];
        f.name = name.map(|n| Ustr::from(n.text()));
        f.name_span = name.map_or(f.name_span, |n| n.span());
        f.body = Some(body);
    }

    /// A class declaration.
    pub(super) fn class_statement(&mut self, node: Node<'a>) -> ExprId {
        let value = self.class_value(node);
        match self.name_of(node).and_then(|name| self.resolve(name)) {
            Some(local) => self.let_local(local, value, node.span()),
            None => value,
        }
    }

    /// A class as a value.
    pub(super) fn class_value(&mut self, node: Node<'a>) -> ExprId {
        if node.is_hole() {
            return self.child(node);
        }
        self.deeper(node, |cx| {
            let name = node.child(Field::Name).filter(|_| node.kind() == Kind::Class);
            let Some(name) = name else {
                let id = cx.class(node);
                return cx.hir.add(ExprKind::Class(id), node.span());
            };
            // A class expression knows itself by its name.
            cx.push_scope();
            let local = cx.declare(Ustr::from(name.text()), LocalKind::Class, name.span());
            let id = cx.class(node);
            let value = cx.hir.add(ExprKind::Class(id), node.span());
            let bound = cx.let_local(local, value, node.span());
            let result = cx.hir.add(ExprKind::Local(local), name.span());
            cx.pop_scope();
            let kind = ExprKind::Block { body: vec![bound, result], value: true, label: None, kind: BlockExpr::Plain };
            cx.hir.add(kind, node.span())
        })
    }

    fn class(&mut self, node: Node<'a>) -> ClassId {
        let id = ClassId(self.hir.classes.len() as u32);
        self.hir.classes.push(Class::default());
        let mut class = Class { name: self.name_of(node), ..Class::default() };
        for child in node.children() {
            match child.kind() {
                Kind::Decorator => class.decorators.push(self.decorator(child)),
                Kind::ClassHeritage => self.heritage(child, &mut class),
                Kind::ClassBody => self.class_body(child, &mut class),
                _ => {}
            }
        }
        self.hir.classes[id.0 as usize] = class;
        id
    }

    fn heritage(&mut self, node: Node<'a>, class: &mut Class) {
        for child in node.named_children() {
            match child.kind() {
                Kind::ExtendsClause => class.parent = child.child(Field::Value).map(|v| self.expr(v)),
                Kind::ImplementsClause => {
                    class.implements.extend(child.named_children().map(|t| literal::intern(t.text())));
                }
                _ => class.parent = Some(self.expr(child)),
            }
        }
    }

    fn class_body(&mut self, node: Node<'a>, class: &mut Class) {
        let mut decorators = Vec::new();
        for child in node.named_children() {
            match child.kind() {
                Kind::Decorator => {
                    let decorator = self.decorator(child);
                    decorators.push(decorator);
                    continue;
                }
                Kind::MethodDefinition => {
                    let method = self.method(child, std::mem::take(&mut decorators));
                    class.methods.extend(method);
                }
                Kind::FieldDefinition | Kind::PublicFieldDefinition => class.fields.extend(self.field(child)),
                Kind::ClassStaticBlock => {
                    let callee = self.function_value(child);
                    let span = child.span();
                    let call = ExprKind::Call { callee, args: Vec::new(), new: false, name: span, types: Vec::new() };
                    let value = Some(self.hir.add(call, span));
                    class.fields.push(ClassField {
                        name: Ustr::from(STATIC_BLOCK),
                        ty: None,
                        value,
                        is_static: true,
                        decorators: Vec::new(),
                    });
                }
                _ => {}
            }
            decorators.clear();
        }
    }

    fn method(&mut self, node: Node<'a>, decorators: Vec<ExprId>) -> Option<Method> {
        let mut kind = MethodKind::Method;
        let mut is_static = false;
        let mut name = None;
        for child in self.full(node).children() {
            match (child.field(), child.kind()) {
                (Field::Name, _) => {
                    name = Some(literal::member_name(child));
                    break;
                }
                (_, Kind::Token) => match child.text() {
                    "get" => kind = MethodKind::Getter,
                    "set" => kind = MethodKind::Setter,
                    "static" => is_static = true,
                    // The grammar makes one token of these two where a line ends after them.
                    text if text.starts_with("static") => (is_static, kind) = (true, MethodKind::Getter),
                    _ => {}
                },
                _ => {}
            }
        }
        let name = name?;
        if !is_static && name == "constructor" {
            kind = MethodKind::Constructor;
        }
        let value = self.function_value(node);
        Some(Method { name, value, kind, is_static, decorators })
    }

    fn field(&mut self, node: Node<'a>) -> Option<ClassField> {
        let mut field =
            ClassField { name: Ustr::default(), ty: None, value: None, is_static: false, decorators: Vec::new() };
        let mut name = None;
        for child in node.children() {
            match child.field() {
                Field::Name | Field::Property => name = Some(child),
                Field::Type => field.ty = self.annotation(child),
                Field::Value => field.value = Some(self.expr(child)),
                Field::Decorator => field.decorators.push(self.decorator(child)),
                _ => field.is_static |= child.kind() == Kind::Token && child.text() == "static",
            }
        }
        let name = name?;
        field.name = literal::member_name(name);
        if let Some(value) = field.value {
            self.name_function(value, name);
        }
        Some(field)
    }

    /// An enum: an object of its constants.
    pub(super) fn enumeration(&mut self, node: Node<'a>) -> ExprId {
        let mut members = Vec::new();
        let mut next = Some(0.0);
        let body = node.child(Field::Body);
        for child in body.into_iter().flat_map(|b| b.named_children()) {
            let (name, value) = match child.kind() {
                Kind::EnumAssignment => (child.child(Field::Name), child.child(Field::Value)),
                _ => (Some(child), None),
            };
            let Some(name) = name else { continue };
            let value = match (value, next) {
                (Some(value), _) => self.expr(value),
                (None, Some(n)) => self.hir.add(ExprKind::Lit(Lit::Num(n)), child.span()),
                (None, None) => self.opaque(Vec::new(), child.span()),
            };
            next = match self.hir.expr(value).kind {
                ExprKind::Lit(Lit::Num(n)) => Some(n + 1.0),
                _ => None,
            };
            members.push(Member::Field(Key::Name(literal::member_name(name)), value));
        }
        let value = self.hir.add(ExprKind::Object(None, members), node.span());
        match self.name_of(node).and_then(|name| self.resolve(name)) {
            Some(local) => self.let_local(local, value, node.span()),
            None => value,
        }
    }
}
