//! Statements, items, functions and containers.

use std::collections::VecDeque;
use std::rc::Rc;

use sidenote_grammars::{Field, Kind};

use super::macro_rules::arms;
use super::{Lower, blank_function, is_public};
use crate::semantics::hir::*;
use crate::syntax::Node;

/// What the declaring pass over a scope found.
#[derive(Default)]
pub(super) struct Declared {
    /// The variable of each item that binds a name, in source order.
    locals: VecDeque<LocalId>,
}

impl Lower<'_> {
    /// Lowers a list of statements into `out`; the scope is the caller's. `top` says that its items are the block's
    /// bindings and exports. Returns whether the last expression is the list's value.
    pub(super) fn statements(&mut self, list: Node<'_>, out: &mut Vec<ExprId>, top: bool) -> bool {
        let all: Vec<_> = list.children().filter(|n| n.is_named() && !n.is_comment()).collect();
        let mut declared = Declared::default();
        self.declare_items(&all, &mut declared, top);
        self.items(&all, &mut declared, out, top);
        let mut value = false;
        for n in all {
            value = match n.kind() {
                kind if is_item(kind) => false,
                Kind::LetDeclaration => {
                    let id = self.deeper(n, |cx| cx.let_declaration(n));
                    out.extend(id);
                    false
                }
                Kind::EmptyStatement | Kind::AttributeItem | Kind::InnerAttributeItem | Kind::Label => false,
                Kind::MacroInvocation => {
                    let id = match self.item_macro(n, out, top) {
                        true => None,
                        false => Some(self.expr(n)),
                    };
                    out.extend(id);
                    id.is_some() && n.next_named_sibling().is_none_or(|s| s.kind() != Kind::EmptyStatement)
                }
                Kind::ExpressionStatement => {
                    let id = self.expr(n);
                    out.push(id);
                    !n.text().ends_with(';')
                }
                Kind::Error => {
                    let id = self.expr(n);
                    out.push(id);
                    false
                }
                _ => {
                    let id = self.expr(n);
                    out.push(id);
                    true
                }
            };
        }
        value
    }

    fn declare_items(&mut self, all: &[Node<'_>], declared: &mut Declared, top: bool) {
        for n in all.iter().copied() {
            let kind = match n.kind() {
                Kind::FunctionItem | Kind::FunctionSignatureItem => LocalKind::Function,
                Kind::ConstItem => LocalKind::Constant,
                Kind::StaticItem if n.child_of_kind(Kind::MutableSpecifier).is_some() => LocalKind::Variable,
                Kind::StaticItem => LocalKind::Constant,
                Kind::StructItem | Kind::EnumItem | Kind::UnionItem | Kind::TraitItem => LocalKind::Class,
                Kind::ModItem if self.behind(n).child(Field::Body).is_some() => LocalKind::Class,
                Kind::ForeignModItem => {
                    let inner: Vec<_> = n.child(Field::Body).into_iter().flat_map(Node::named_children).collect();
                    let _ = self.deeper(n, |cx| cx.declare_items(&inner, declared, top));
                    continue;
                }
                Kind::MacroDefinition => {
                    for arm in arms(n) {
                        let span = n.child(Field::Name).map_or_else(|| self.span(n), |name| self.span(name));
                        let local = self.declare(&arm.name, LocalKind::Function, None, span);
                        declared.locals.push_back(local);
                        if top {
                            self.hir.bindings.push((self.hir.local(local).name, local));
                        }
                    }
                    continue;
                }
                _ => continue,
            };
            let real = self.behind(n);
            let Some(name) = real.child(Field::Name).map(|n| n.text().to_owned()) else { continue };
            let ty = match n.kind() {
                Kind::ConstItem | Kind::StaticItem => n.child(Field::Type).map(|t| self.ty(t)),
                _ => None,
            };
            let span = match n.child(Field::Name) {
                Some(name) => self.span(name),
                None => self.span(n),
            };
            let local = self.declare(&name, kind, ty, span);
            declared.locals.push_back(local);
            if top {
                let name = self.hir.local(local).name;
                self.hir.bindings.push((name, local));
                if is_public(real) {
                    self.hir.exports.push(Export::Binding { name, local: name });
                }
            }
        }
    }

    fn items(&mut self, all: &[Node<'_>], declared: &mut Declared, out: &mut Vec<ExprId>, top: bool) {
        let mut attributes = Vec::new();
        for n in all.iter().copied() {
            if n.kind() == Kind::AttributeItem {
                attributes.push(n);
                continue;
            }
            let attributes = std::mem::take(&mut attributes);
            if is_item(n.kind()) {
                // Too deep: the name stays bound, to nothing known.
                if self.deeper(n, |cx| cx.item(n, &attributes, declared, out, top)).is_none() {
                    let bound = match n.kind() {
                        Kind::MacroDefinition => arms(n).len(),
                        _ => usize::from(self.binds(n)),
                    };
                    declared.locals.drain(..bound.min(declared.locals.len()));
                }
            }
        }
    }

    fn item(
        &mut self,
        n: Node<'_>,
        attributes: &[Node<'_>],
        declared: &mut Declared,
        out: &mut Vec<ExprId>,
        top: bool,
    ) {
        let local = if self.binds(n) { declared.locals.pop_front() } else { None };
        let value = match n.kind() {
            Kind::MacroDefinition => {
                for arm in arms(n) {
                    let Some(local) = declared.locals.pop_front() else { return };
                    let Some(function) = self.macro_function(&arm, n) else { continue };
                    let value = self.add(ExprKind::Function(function), n);
                    let span = self.hir.local(local).span;
                    let pat = self.hir.add_pat(PatKind::Bind(local, None), span);
                    let id = self.add(ExprKind::Let { pat, ty: None, value: Some(value), otherwise: None }, n);
                    out.push(id);
                }
                return;
            }
            Kind::UseDeclaration => return self.use_declaration(n),
            Kind::ExternCrateDeclaration => {
                let Some(name) = n.child(Field::Name) else { return };
                let local = Ustr::from(n.child(Field::Alias).unwrap_or(name).text());
                let module = Ustr::from(name.text());
                let span = self.span(n);
                self.import(module, Imported::Namespace, local, is_public(n), span);
                return;
            }
            Kind::ForeignModItem => {
                let inner: Vec<_> = n.child(Field::Body).into_iter().flat_map(Node::named_children).collect();
                return self.items(&inner, declared, out, top);
            }
            Kind::ModItem if !self.binds(n) => {
                let real = self.behind(n);
                let Some(name) = real.child(Field::Name) else { return };
                let (local, span) = (Ustr::from(name.text()), self.span(n));
                let module = Ustr::from(&format!("self::{local}"));
                self.import(module, Imported::Namespace, local, is_public(real), span);
                self.child_attributes(n, attributes);
                return;
            }
            Kind::ConstItem | Kind::StaticItem => {
                let Some(local) = local else { return };
                let ty = n.child(Field::Type).map(|t| self.ty(t));
                let value = self.opt(n.child(Field::Value));
                let span = self.hir.local(local).span;
                let pat = self.hir.add_pat(PatKind::Bind(local, None), span);
                let id = self.add(ExprKind::Let { pat, ty, value, otherwise: None }, n);
                out.push(id);
                return;
            }
            _ if n.is_hole() => {
                self.child_attributes(n, attributes);
                self.child(n)
            }
            Kind::FunctionItem | Kind::FunctionSignatureItem => {
                let decorators = self.attributes(attributes);
                let id = self.function_like(n, decorators);
                self.add(ExprKind::Function(id), n)
            }
            Kind::StructItem | Kind::UnionItem | Kind::EnumItem => {
                let decorators = self.attributes(attributes);
                let class = self.data_type(n, decorators);
                self.add(ExprKind::Class(class), n)
            }
            Kind::ImplItem | Kind::TraitItem | Kind::ModItem => {
                let decorators = self.attributes(attributes);
                let id = ClassId(self.hir.classes.len() as u32);
                self.hir.classes.push(Class { decorators, ..Class::default() });
                let mut body = Vec::new();
                let scope = self.scopes.enter();
                self.fill_container(n, id, &mut body);
                self.scopes.leave(scope);
                let class = self.add(ExprKind::Class(id), n);
                if body.is_empty() {
                    class
                } else {
                    body.push(class);
                    let kind = BlockExpr::Plain;
                    self.add(ExprKind::Block { body, value: true, label: None, kind }, n)
                }
            }
            _ => return,
        };
        let id = match local {
            Some(local) => {
                let span = self.hir.local(local).span;
                let pat = self.hir.add_pat(PatKind::Bind(local, None), span);
                self.add(ExprKind::Let { pat, ty: None, value: Some(value), otherwise: None }, n)
            }
            None => value,
        };
        out.push(id);
    }

    /// Keeps the attributes of a child block.
    fn child_attributes(&mut self, n: Node<'_>, attributes: &[Node<'_>]) {
        if let Some(hole) = n.hole()
            && !attributes.is_empty()
        {
            let decorators = self.attributes(attributes);
            self.hir.child_decorators.push((hole as u32, decorators));
        }
    }

    /// Whether the declaring pass gave the item a variable.
    fn binds(&self, n: Node<'_>) -> bool {
        let named = || self.behind(n).child(Field::Name).is_some();
        match n.kind() {
            Kind::FunctionItem
            | Kind::FunctionSignatureItem
            | Kind::ConstItem
            | Kind::StaticItem
            | Kind::StructItem
            | Kind::EnumItem
            | Kind::UnionItem
            | Kind::TraitItem => named(),
            Kind::ModItem => self.behind(n).child(Field::Body).is_some() && named(),
            _ => false,
        }
    }

    fn let_declaration(&mut self, n: Node<'_>) -> ExprId {
        let ty = n.child(Field::Type).map(|t| self.ty(t));
        // Before the pattern: `let x = x` reads the old one.
        let value = self.opt(n.child(Field::Value));
        let otherwise = n.child(Field::Alternative).map(|b| self.expr(b));
        let mutable = n.child_of_kind(Kind::MutableSpecifier).is_some();
        let pat = match n.child(Field::Pattern) {
            Some(pat) => self.pattern(pat, LocalKind::Constant, mutable, ty.as_ref()),
            None => self.add_pat(PatKind::Wild, n),
        };
        self.add(ExprKind::Let { pat, ty, value, otherwise }, n)
    }

    /// Lowers a function, signature or closure.
    pub(super) fn function_like(&mut self, n: Node<'_>, decorators: Vec<ExprId>) -> FnId {
        let id = FnId(self.hir.functions.len() as u32);
        let span = self.span(n);
        let mut f = blank_function(span);
        let closure = n.kind() == Kind::ClosureExpression;
        let name = n.child(Field::Name);
        f.name = name.map(|n| Ustr::from(n.text().trim_start_matches("r#")));
        f.name_span = match (name, n.child(Field::Parameters)) {
            (Some(name), _) => self.span(name),
            (None, Some(params)) => self.span(params),
            (None, None) => span,
        };
        let modifiers = n.child_of_kind(Kind::FunctionModifiers);
        let said = |word: &str| n.has_token(word) || modifiers.is_some_and(|m| m.has_token(word));
        f.is_async = said("async");
        f.is_unsafe = said("unsafe");
        f.inherits_this = closure;
        f.is_public = is_public(n);
        f.returns = n.child(Field::ReturnType).map(|t| self.ty(t));
        f.decorators = decorators;
        self.hir.functions.push(f);

        let outer = std::mem::replace(&mut self.function, id);
        let scope = self.scopes.enter();
        let mut params = Vec::new();
        let mut attributes = Vec::new();
        for p in n.child(Field::Parameters).into_iter().flat_map(Node::children) {
            if p.kind() == Kind::AttributeItem {
                attributes.push(p);
                continue;
            }
            let attributes = std::mem::take(&mut attributes);
            if p.is_comment() || !p.is_named() && p.text() != "_" {
                continue;
            }
            let pattern = match p.kind() {
                Kind::Parameter | Kind::VariadicParameter => p.child(Field::Pattern),
                _ => Some(p),
            };
            if p.kind() == Kind::SelfParameter || pattern.is_some_and(|p| p.kind() == Kind::SelfValue) {
                self.hir.functions[id.0 as usize].has_self = true;
                continue;
            }
            let ty = p.child(Field::Type).filter(|_| p.kind() == Kind::Parameter).map(|t| of_bound(self.ty(t), n));
            let mutable = p.child_of_kind(Kind::MutableSpecifier).is_some();
            let pat = match pattern {
                Some(pat) => self.pattern(pat, LocalKind::Param, mutable, ty.as_ref()),
                None => self.add_pat(PatKind::Wild, p),
            };
            let decorators = self.attributes(&attributes);
            let rest = p.kind() == Kind::VariadicParameter;
            params.push(Param { pat, ty, rest, decorators, property: None });
        }
        self.hir.functions[id.0 as usize].params = params;
        let body = self.opt(n.child(Field::Body));
        self.hir.functions[id.0 as usize].body = body;
        if id == FnId(0) {
            self.bind_outermost();
        }
        self.scopes.leave(scope);
        self.function = outer;
        id
    }

    fn data_type(&mut self, n: Node<'_>, decorators: Vec<ExprId>) -> ClassId {
        let name = n.child(Field::Name).map(|n| Ustr::from(n.text()));
        let body = n.child(Field::Body);
        let mut fields = self.fields(body);
        if n.kind() == Kind::EnumItem {
            let mut attributes = Vec::new();
            for variant in body.into_iter().flat_map(Node::named_children) {
                if variant.kind() == Kind::AttributeItem {
                    attributes.push(variant);
                    continue;
                }
                let attributes = std::mem::take(&mut attributes);
                let Some(name) = variant.child(Field::Name).map(|n| Ustr::from(n.text())) else { continue };
                let content = variant.child(Field::Body);
                let parts = self.fields(content).into_iter().map(|f| (f.name, f.ty.unwrap_or(Type::Other)));
                let ty = content.map(|c| {
                    if c.kind() == Kind::FieldDeclarationList {
                        Type::Object(parts.collect())
                    } else {
                        Type::Tuple(parts.map(|(_, ty)| ty).collect())
                    }
                });
                let value = self.opt(variant.child(Field::Value));
                let decorators = self.attributes(&attributes);
                fields.push(ClassField { name, ty, value, is_static: true, decorators });
            }
        }
        self.hir.classes.push(Class { name, fields, decorators, ..Class::default() });
        ClassId(self.hir.classes.len() as u32 - 1)
    }

    /// The fields of a struct, or of an enum's variant; empty for anything else.
    fn fields(&mut self, body: Option<Node<'_>>) -> Vec<ClassField> {
        let mut fields = Vec::new();
        let mut attributes = Vec::new();
        for part in body.into_iter().flat_map(Node::named_children) {
            let (name, ty) = match part.kind() {
                Kind::AttributeItem => {
                    attributes.push(part);
                    continue;
                }
                Kind::FieldDeclaration => {
                    let name = part.child(Field::Name).map_or("", Node::text);
                    (Ustr::from(name.trim_start_matches("r#")), part.child(Field::Type))
                }
                _ if part.field() == Field::Type => (Ustr::from(&fields.len().to_string()), Some(part)),
                _ => continue,
            };
            let ty = ty.map(|t| self.ty(t));
            let decorators = self.attributes(&std::mem::take(&mut attributes));
            fields.push(ClassField { name, ty, value: None, is_static: false, decorators });
        }
        fields
    }

    /// Fills the class of an impl, trait or module; code that its items run goes to `out`.
    pub(super) fn fill_container(&mut self, n: Node<'_>, id: ClassId, out: &mut Vec<ExprId>) {
        let at = id.0 as usize;
        let body = n.child(Field::Body);
        if n.kind() == Kind::ModItem {
            self.hir.classes[at].name = n.child(Field::Name).map(|n| Ustr::from(n.text()));
            self.hir.classes[at].is_namespace = true;
            if let Some(body) = body {
                self.statements(body, out, id == ClassId(0) && n.parent().is_none());
            }
            return;
        }
        let name = match n.kind() {
            Kind::ImplItem => n.child(Field::Type).map(|t| self.type_name(t)),
            _ => n.child(Field::Name).map(|n| Ustr::from(n.text())),
        };
        self.hir.classes[at].name = name;
        let implements = match n.kind() {
            Kind::ImplItem => n.child(Field::Trait).map(|t| self.path(t)).into_iter().collect(),
            // A trait's supertraits.
            _ => {
                let bounds = n.child(Field::Bounds).into_iter().flat_map(Node::named_children);
                bounds.filter(|b| b.kind() != Kind::Lifetime).map(|b| self.path(b)).collect()
            }
        };
        self.hir.classes[at].implements = implements;
        let outer = self.self_type;
        if n.kind() == Kind::ImplItem {
            self.self_type = name;
        }
        let mut attributes = Vec::new();
        for part in body.into_iter().flat_map(Node::named_children) {
            if part.kind() == Kind::AttributeItem {
                attributes.push(part);
                continue;
            }
            let attributes = std::mem::take(&mut attributes);
            let _ = self.deeper(part, |cx| cx.member(part, &attributes, id, out));
        }
        self.self_type = outer;
    }

    fn member(&mut self, part: Node<'_>, attributes: &[Node<'_>], id: ClassId, out: &mut Vec<ExprId>) {
        let at = id.0 as usize;
        match part.kind() {
            Kind::FunctionItem | Kind::FunctionSignatureItem => {
                let real = self.behind(part);
                let Some(name) = real.child(Field::Name).map(|n| Ustr::from(n.text().trim_start_matches("r#"))) else {
                    return;
                };
                let has_self = real.child(Field::Parameters).is_some_and(|p| {
                    let by_type = |p: Node<'_>| p.child(Field::Pattern).is_some_and(|p| p.kind() == Kind::SelfValue);
                    p.named_children().any(|p| p.kind() == Kind::SelfParameter || by_type(p))
                });
                let decorators = self.attributes(attributes);
                let value = match part.hole() {
                    Some(hole) => self.add(ExprKind::Child(hole as u32), part),
                    None => {
                        let f = self.function_like(part, Vec::new());
                        self.add(ExprKind::Function(f), part)
                    }
                };
                let method = Method { name, value, kind: MethodKind::Method, is_static: !has_self, decorators };
                self.hir.classes[at].methods.push(method);
            }
            Kind::ConstItem => {
                let Some(name) = part.child(Field::Name).map(|n| Ustr::from(n.text())) else { return };
                let ty = part.child(Field::Type).map(|t| self.ty(t));
                let value = self.opt(part.child(Field::Value));
                let decorators = self.attributes(attributes);
                let field = ClassField { name, ty, value, is_static: true, decorators };
                self.hir.classes[at].fields.push(field);
            }
            Kind::MacroInvocation | Kind::Error => {
                let value = self.expr(part);
                out.push(value);
            }
            _ => {}
        }
    }

    /// The path that stands for a type, as the name of an impl.
    fn type_name(&self, n: Node<'_>) -> Ustr {
        match self.ty(n) {
            Type::Path(path, _) => path,
            _ => self.path(n),
        }
    }

    fn import(&mut self, module: Ustr, what: Imported, local: Ustr, public: bool, span: crate::syntax::Span) {
        if public {
            self.hir.exports.push(match what {
                Imported::Glob => Export::All { module },
                _ => Export::From { name: local, module, what },
            });
        }
        self.hir.imports.push(Import { module, what, local, type_only: false, span });
    }

    fn use_declaration(&mut self, n: Node<'_>) {
        let public = is_public(n);
        // Branches that are still to be walked, with the path in front of them.
        let mut open: Vec<(Node<'_>, Rc<str>)> = n.child(Field::Argument).map(|a| (a, "".into())).into_iter().collect();
        while let Some((n, prefix)) = open.pop() {
            let join = |path: &str| {
                if prefix.is_empty() { path.to_owned() } else { format!("{prefix}::{}", path.trim_start_matches("::")) }
            };
            match n.kind() {
                Kind::UseList => {
                    let mut parts: Vec<_> = n.named_children().collect();
                    parts.reverse();
                    open.extend(parts.into_iter().map(|p| (p, prefix.clone())));
                }
                Kind::ScopedUseList => {
                    let path = n.child(Field::Path).map(|p| self.path(p));
                    let prefix: Rc<str> = path.map_or(prefix.clone(), |p| join(p.as_str()).into());
                    // Longer paths are no real ones, and would be copied at every level.
                    if prefix.len() < 4096 {
                        open.extend(n.child(Field::List).map(|l| (l, prefix)));
                    }
                }
                Kind::UseWildcard => {
                    let path = n.first_named().map(|p| self.path(p));
                    let module = path.map_or(prefix.to_string(), |p| join(p.as_str()));
                    let span = self.span(n);
                    self.import(Ustr::from(&module), Imported::Glob, Ustr::from("*"), public, span);
                }
                Kind::UseAsClause => {
                    let (Some(path), Some(alias)) = (n.child(Field::Path), n.child(Field::Alias)) else { continue };
                    let path = self.path(path);
                    let module =
                        if path == "self" && !prefix.is_empty() { prefix.to_string() } else { join(path.as_str()) };
                    let (local, span) = (Ustr::from(alias.text()), self.span(n));
                    self.import(Ustr::from(&module), Imported::Namespace, local, public, span);
                }
                Kind::Error => {}
                _ => {
                    let path = self.path(n);
                    let module =
                        if path == "self" && !prefix.is_empty() { prefix.to_string() } else { join(path.as_str()) };
                    let local = Ustr::from(module.rsplit("::").next().unwrap_or(&module));
                    let span = self.span(n);
                    self.import(Ustr::from(&module), Imported::Namespace, local, public, span);
                }
            }
        }
    }
}

pub(super) fn is_item(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::FunctionItem
            | Kind::FunctionSignatureItem
            | Kind::ConstItem
            | Kind::StaticItem
            | Kind::StructItem
            | Kind::EnumItem
            | Kind::UnionItem
            | Kind::TraitItem
            | Kind::ImplItem
            | Kind::ModItem
            | Kind::ForeignModItem
            | Kind::UseDeclaration
            | Kind::ExternCrateDeclaration
            | Kind::TypeItem
            | Kind::AssociatedType
            | Kind::MacroDefinition
    )
}

/// `Read` for `R` in `fn f<R: Read>(r: &mut R)`: a type parameter that reads is what it reads by.
fn of_bound(ty: Type, function: Node<'_>) -> Type {
    let Type::Path(name, parameters) = &ty else { return ty };
    if !parameters.is_empty() || name.len() > 8 || !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return ty;
    }
    let start = function.span().start as usize;
    let end = function.child(Field::Body).map_or(function.span().end, |b| b.span().start) as usize;
    let head = function.arena().text().get(start..end).unwrap_or_default();
    let Some(rest) = head.find(&format!("{name}:")).and_then(|at| head.get(at + name.len() + 1..)) else { return ty };
    let bounds = rest.split([',', '{', ')', '>']).next().unwrap_or_default();
    let reads = bounds.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| {
        matches!(*word, "Read" | "BufRead" | "AsyncRead" | "AsyncReadExt" | "AsyncBufRead" | "ReadBytesExt")
    });
    match reads {
        Some(word) => Type::Path(Ustr::from(word), Vec::new()),
        None => ty,
    }
}
