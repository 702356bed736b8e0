//! Modules and namespaces: imports and exports.

use super::*;

impl<'a> Lower<'a> {
    pub(super) fn module(&mut self, root: Node<'a>) {
        self.hir.functions.push(empty_function(root.span()));
        let mut out = Vec::new();
        self.hoist_vars(root);
        self.statements(root, &mut out);
        self.note_bindings();
        let body = self.hir.add(block_of(out), root.span());
        self.hir.functions[0].body = Some(body);
    }

    pub(super) fn import(&mut self, node: Node<'a>) {
        let mut type_only = false;
        let (mut clause, mut source) = (None, node.child(Field::Source));
        for child in node.children() {
            match child.kind() {
                Kind::ImportClause => clause = Some(child),
                Kind::ImportRequireClause => {
                    clause = Some(child);
                    source = child.child(Field::Source);
                }
                Kind::Token => type_only |= matches!(child.text(), "type" | "typeof"),
                _ => {}
            }
        }
        let (Some(clause), Some(source)) = (clause, source) else { return };
        let module = literal::string(source);
        for child in clause.named_children() {
            let local = Ustr::from(child.text());
            let span = child.span();
            match child.kind() {
                Kind::Identifier => {
                    let required = clause.kind() == Kind::ImportRequireClause;
                    let what = if required { Imported::Namespace } else { Imported::Default };
                    self.hir.imports.push(Import { module, what, local, type_only, span });
                }
                Kind::NamespaceImport => {
                    if let Some(name) = child.first_named() {
                        let local = Ustr::from(name.text());
                        self.hir.imports.push(Import { module, what: Imported::Namespace, local, type_only, span });
                    }
                }
                Kind::NamedImports => {
                    let specifiers = child.named_children().filter(|s| s.kind() == Kind::ImportSpecifier);
                    for specifier in specifiers {
                        let import = specifier_names(specifier).map(|(name, local, only)| Import {
                            module,
                            what: imported(name),
                            local,
                            type_only: type_only || only,
                            span: specifier.span(),
                        });
                        self.hir.imports.extend(import);
                    }
                }
                _ => {}
            }
        }
    }

    /// `import a = b.c`.
    pub(super) fn import_alias(&mut self, node: Node<'a>) -> ExprId {
        let Some(target) = node.last_named() else { return self.operands(node) };
        let value = self.expr(target);
        match node.first_named().and_then(|n| self.resolve(Ustr::from(n.text()))) {
            Some(local) => self.let_local(local, value, node.span()),
            None => value,
        }
    }

    pub(super) fn export(&mut self, node: Node<'a>, out: &mut Vec<ExprId>) {
        let mut source = None;
        let mut clause = None;
        let (mut default, mut all, mut type_only, mut global) = (false, false, false, false);
        let (mut declaration, mut value, mut equals) = (None, None, None);
        for child in node.children() {
            match (child.field(), child.kind()) {
                (Field::Source, _) => source = Some(literal::string(child)),
                (Field::Declaration, _) => declaration = Some(child),
                (Field::Value, _) => value = Some(child),
                (_, Kind::ExportClause | Kind::NamespaceExport) => clause = Some(child),
                (_, Kind::Decorator) => {
                    let decorator = self.decorator(child);
                    out.push(decorator);
                }
                (_, Kind::Token) => match child.text() {
                    "default" => default = true,
                    "*" => all = true,
                    "type" => type_only = true,
                    "namespace" => global = true,
                    _ => {}
                },
                _ if child.is_comment() => {}
                _ => equals = Some(child),
            }
        }
        if let Some(declaration) = declaration {
            return self.export_declaration(declaration, default, out);
        }
        if let Some(value) = value {
            return self.export_default(value, out);
        }
        match (clause, source) {
            _ if type_only || global => {}
            (Some(clause), Some(module)) if clause.kind() == Kind::NamespaceExport => {
                if let Some(name) = clause.last_named() {
                    let name = literal::member_name(name);
                    self.hir.exports.push(Export::From { name, module, what: Imported::Namespace });
                }
            }
            (Some(clause), _) => {
                let specifiers = clause.named_children().filter(|s| s.kind() == Kind::ExportSpecifier);
                for (local, name, only) in specifiers.filter_map(specifier_names) {
                    self.hir.exports.extend((!only).then(|| match source {
                        Some(module) => Export::From { name, module, what: imported(local) },
                        None => Export::Binding { name, local },
                    }));
                }
            }
            (None, Some(module)) if all => self.hir.exports.push(Export::All { module }),
            _ => {
                if let Some(value) = equals {
                    let id = self.export_equals(node, value);
                    out.push(id);
                }
            }
        }
    }

    fn export_default(&mut self, value: Node<'a>, out: &mut Vec<ExprId>) {
        let name = Ustr::from("default");
        if value.kind() == Kind::Identifier {
            let local = Ustr::from(value.text());
            return self.hir.exports.push(Export::Binding { name, local });
        }
        let value = self.expr(value);
        out.push(value);
        self.hir.exports.push(Export::Value { name, value });
    }

    /// `export = value`, which is `module.exports = value`.
    fn export_equals(&mut self, node: Node<'a>, value: Node<'a>) -> ExprId {
        let span = node.span();
        let value = self.expr(value);
        let module = self.hir.add(ExprKind::Name(Ustr::from("module")), span);
        let exports = self.hir.add(ExprKind::Field(module, Ustr::from("exports")), span);
        let place = self.hir.add_pat(PatKind::Place(exports), span);
        self.hir.add(ExprKind::Assign(place, value), span)
    }

    fn export_declaration(&mut self, node: Node<'a>, default: bool, out: &mut Vec<ExprId>) {
        let before = out.len();
        self.statement(node, out);
        let mut names = SmallVec::<[Ustr; 4]>::new();
        match node.kind() {
            Kind::LexicalDeclaration | Kind::VariableDeclaration | Kind::UsingDeclaration => {
                for declared in &out[before..] {
                    if let ExprKind::Let { pat, .. } = self.hir.expr(*declared).kind {
                        bound_names(&self.hir, pat, &mut names);
                    }
                }
            }
            Kind::InternalModule | Kind::Module => {
                let name = self.namespace_name(node);
                names.extend(name.map(|n| Ustr::from(n.split('.').next().unwrap_or(&n))));
            }
            Kind::ImportAlias => names.extend(node.first_named().map(|n| Ustr::from(n.text()))),
            Kind::InterfaceDeclaration
            | Kind::TypeAliasDeclaration
            | Kind::FunctionSignature
            | Kind::AmbientDeclaration => {}
            _ => match self.name_of(node) {
                Some(name) => names.push(name),
                // A declaration without a name can only be a default export, and is its value.
                None => {
                    if let (true, Some(value)) = (default, out[before..].last()) {
                        self.hir.exports.push(Export::Value { name: Ustr::from("default"), value: *value });
                    }
                }
            },
        }
        for local in names {
            let name = if default { Ustr::from("default") } else { local };
            self.hir.exports.push(Export::Binding { name, local });
        }
    }

    /// A namespace's name as written; none for `declare module 'name'`.
    pub(super) fn namespace_name(&self, node: Node<'a>) -> Option<Ustr> {
        let name = self.full(node).child(Field::Name).filter(|n| n.kind() != Kind::String)?;
        Some(Ustr::from(name.text()))
    }

    pub(super) fn namespace_statement(&mut self, node: Node<'a>, out: &mut Vec<ExprId>) {
        let Some(name) = self.namespace_name(node) else { return };
        let span = node.span();
        let mut value = self.namespace_value(node);
        let mut parts = name.split('.');
        let first = Ustr::from(parts.next().unwrap_or_default());
        for part in parts.rev() {
            let member = Member::Field(Key::Name(Ustr::from(part.trim())), value);
            value = self.hir.add(ExprKind::Object(None, vec![member]), span);
        }
        let Some(local) = self.resolve(first) else { return out.push(value) };
        let id = if self.hir.local(local).span == span {
            self.let_local(local, value, span)
        } else {
            // It adds to a function, class or namespace of the same name.
            let object = self.hir.add(ExprKind::Name(Ustr::from("Object")), span);
            let callee = self.hir.add(ExprKind::Field(object, Ustr::from("assign")), span);
            let target = self.hir.add(ExprKind::Local(local), span);
            let args = [target, value].map(|value| Arg { value, spread: false }).to_vec();
            self.hir.add(ExprKind::Call { callee, args, new: false, name: span, types: Vec::new() }, span)
        };
        out.push(id);
    }

    /// A namespace as a value; one of this block is the object of its exports.
    pub(super) fn namespace_value(&mut self, node: Node<'a>) -> ExprId {
        if node.is_hole() {
            return self.child(node);
        }
        self.deeper(node, |cx| {
            let before = cx.hir.exports.len();
            let mut out = Vec::new();
            cx.push_scope();
            if let Some(body) = node.child(Field::Body) {
                cx.hoist_vars(body);
                cx.statements(body, &mut out);
            }
            let mut members = Vec::new();
            for export in cx.hir.exports.split_off(before.min(cx.hir.exports.len())) {
                if let Export::Binding { name, local } = export {
                    let value = cx.name(&local, node.span());
                    members.push(Member::Field(Key::Name(name), value));
                }
            }
            cx.pop_scope();
            out.push(cx.hir.add(ExprKind::Object(None, members), node.span()));
            let kind = ExprKind::Block { body: out, value: true, label: None, kind: BlockExpr::Plain };
            cx.hir.add(kind, node.span())
        })
    }
}

fn imported(name: Ustr) -> Imported {
    if name == "default" { Imported::Default } else { Imported::Name(name) }
}

/// Name, alias (else the name again) and whether only the type is meant, of `name as alias`.
fn specifier_names(node: Node<'_>) -> Option<(Ustr, Ustr, bool)> {
    let name = literal::member_name(node.child(Field::Name)?);
    let alias = node.child(Field::Alias).map_or(name, literal::member_name);
    let is_type = |c: Node<'_>| c.field() == Field::None && c.kind() == Kind::Token && c.text().starts_with("type");
    Some((name, alias, node.children().any(is_type)))
}

/// The names that a pattern binds.
fn bound_names(hir: &Hir, pat: PatId, out: &mut SmallVec<[Ustr; 4]>) {
    match &hir.pat(pat).kind {
        PatKind::Bind(local, _) => out.push(hir.local(*local).name),
        PatKind::Object { fields, rest, .. } => {
            for pat in fields.iter().map(|(_, p)| p).chain(rest) {
                bound_names(hir, *pat, out);
            }
        }
        PatKind::Array { elements, .. } => {
            for pat in elements.iter().flatten() {
                bound_names(hir, *pat, out);
            }
        }
        PatKind::Default(pat, _) => bound_names(hir, *pat, out),
        _ => {}
    }
}
