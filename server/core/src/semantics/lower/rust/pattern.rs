//! Patterns.

use sidenote_grammars::{Field, Kind};

use super::Lower;
use crate::semantics::hir::*;
use crate::syntax::Node;

impl Lower<'_> {
    /// Lowers a whole pattern and binds its variables in the scope at hand. `mutable` is the `mut` in front of it, `ty`
    /// the type declared for it.
    pub(super) fn pattern(&mut self, n: Node<'_>, kind: LocalKind, mutable: bool, ty: Option<&Type>) -> PatId {
        let outer = std::mem::take(&mut self.pattern_names);
        let pat = self.pat(n, kind, mutable, ty);
        self.pattern_names = outer;
        pat
    }

    fn pat(&mut self, n: Node<'_>, kind: LocalKind, mutable: bool, ty: Option<&Type>) -> PatId {
        match self.deeper(n, |cx| cx.pat_at(n, kind, mutable, ty)) {
            Some(pat) => pat,
            None => self.add_pat(PatKind::Wild, n),
        }
    }

    fn pat_at(&mut self, n: Node<'_>, kind: LocalKind, mutable: bool, ty: Option<&Type>) -> PatId {
        let sub = |cx: &mut Self, n| cx.pat(n, kind, false, None);
        let made = match n.kind() {
            Kind::Identifier | Kind::ShorthandFieldIdentifier => return self.name_pattern(n, kind, mutable, ty),
            Kind::MutPattern => match n.named_children().find(|n| n.kind() != Kind::MutableSpecifier) {
                Some(inner) => return self.pat(inner, kind, true, ty),
                None => PatKind::Wild,
            },
            Kind::RefPattern | Kind::ReferencePattern => {
                let mutable = n.child_of_kind(Kind::MutableSpecifier).is_some();
                match parts(n).next_back() {
                    Some(inner) => PatKind::Ref(self.pat(inner, kind, mutable && n.kind() == Kind::RefPattern, None)),
                    None => PatKind::Wild,
                }
            }
            Kind::CapturedPattern => {
                let mut inner = parts(n);
                let Some(name) = inner.next() else { return self.add_pat(PatKind::Wild, n) };
                let local = self.bind_pattern(name, kind, mutable, ty);
                let inner = inner.next().map(|n| sub(self, n));
                PatKind::Bind(local, inner)
            }
            Kind::TuplePattern | Kind::SlicePattern => {
                let (mut elements, mut rest) = (Vec::new(), None);
                for part in parts(n) {
                    let is_rest = part.kind() == Kind::RemainingFieldPattern
                        || part.kind() == Kind::CapturedPattern
                            && part.child_of_kind(Kind::RemainingFieldPattern).is_some();
                    if is_rest {
                        rest = Some(elements.len());
                    }
                    let skipped = part.kind() == Kind::RemainingFieldPattern || part.text() == "_";
                    elements.push(if skipped { None } else { Some(sub(self, part)) });
                }
                PatKind::Array { elements, rest }
            }
            Kind::TupleStructPattern => {
                let path = n.child(Field::Type).map_or(Ustr::from(""), |n| self.path(n));
                let elements = parts(n).filter(|p| p.field() != Field::Type).map(|p| sub(self, p)).collect();
                PatKind::Variant { path, elements }
            }
            Kind::StructPattern => {
                let path = n.child(Field::Type).map(|n| self.path(n));
                let mut fields = Vec::new();
                for field in n.named_children().filter(|n| n.kind() == Kind::FieldPattern) {
                    let Some(name) = field.child(Field::Name) else { continue };
                    let key = Key::Name(Ustr::from(name.text().trim_start_matches("r#")));
                    let pat = match field.child(Field::Pattern) {
                        Some(pat) => sub(self, pat),
                        None => {
                            let mutable = field.child_of_kind(Kind::MutableSpecifier).is_some();
                            let local = self.bind_pattern(name, kind, mutable, None);
                            let bind = self.add_pat(PatKind::Bind(local, None), name);
                            if field.has_token("ref") { self.add_pat(PatKind::Ref(bind), field) } else { bind }
                        }
                    };
                    fields.push((key, pat));
                }
                let rest = n.child_of_kind(Kind::RemainingFieldPattern);
                let rest = rest.map(|n| self.add_pat(PatKind::Wild, n));
                PatKind::Object { path, fields, rest }
            }
            Kind::OrPattern => {
                // `a | b | c` nests to the left.
                let (mut at, mut all) = (n, Vec::new());
                loop {
                    let inner: Vec<_> = parts(at).collect();
                    match inner.split_first() {
                        Some((first, rest)) if first.kind() == Kind::OrPattern => {
                            all.extend(rest.iter().rev().copied());
                            at = *first;
                        }
                        _ => {
                            all.extend(inner.iter().rev().copied());
                            break;
                        }
                    }
                }
                all.reverse();
                PatKind::Or(all.into_iter().map(|n| sub(self, n)).collect())
            }
            Kind::RangePattern => {
                let left = n.child(Field::Left).map(|n| self.expr(n));
                let right = n.child(Field::Right).map(|n| self.expr(n));
                let range = self.add(ExprKind::Range(left, right), n);
                PatKind::Value(range)
            }
            Kind::ScopedIdentifier | Kind::GenericPattern | Kind::ConstBlock | Kind::MacroInvocation => {
                PatKind::Value(self.expr(n))
            }
            _ if self.literal(n).is_some() => PatKind::Value(self.expr(n)),
            _ => PatKind::Wild,
        };
        self.add_pat(made, n)
    }

    fn name_pattern(&mut self, n: Node<'_>, kind: LocalKind, mutable: bool, ty: Option<&Type>) -> PatId {
        let name = n.text();
        if name == "_" {
            return self.add_pat(PatKind::Wild, n);
        }
        if name.starts_with(|c: char| c.is_uppercase()) {
            let span = self.span(n);
            let value = self.read(name, span);
            return self.add_pat(PatKind::Value(value), n);
        }
        let local = self.bind_pattern(n, kind, mutable, ty);
        self.add_pat(PatKind::Bind(local, None), n)
    }

    fn bind_pattern(&mut self, name: Node<'_>, kind: LocalKind, mutable: bool, ty: Option<&Type>) -> LocalId {
        let text = name.text();
        let plain = Ustr::from(text.strip_prefix("r#").unwrap_or(text));
        if let Some(local) = self.pattern_names.get(&plain) {
            return *local;
        }
        let kind = match kind {
            LocalKind::Constant if mutable => LocalKind::Variable,
            kind => kind,
        };
        let span = self.span(name);
        let local = self.declare(text, kind, ty.cloned(), span);
        self.pattern_names.insert(plain, local);
        local
    }

    /// The left side of an assignment, which is an expression in the grammar.
    pub(super) fn target(&mut self, n: Node<'_>) -> PatId {
        match self.deeper(n, |cx| cx.target_at(n)) {
            Some(pat) => pat,
            None => self.add_pat(PatKind::Wild, n),
        }
    }

    fn target_at(&mut self, n: Node<'_>) -> PatId {
        let made = match n.kind() {
            Kind::Identifier if n.text() == "_" => PatKind::Wild,
            Kind::TupleExpression | Kind::ArrayExpression => {
                let (mut elements, mut rest) = (Vec::new(), None);
                for part in n.named_children().filter(|n| n.kind() != Kind::AttributeItem) {
                    if part.kind() == Kind::RangeExpression && part.text() == ".." {
                        rest = Some(elements.len());
                        elements.push(None);
                    } else {
                        elements.push(Some(self.target(part)));
                    }
                }
                PatKind::Array { elements, rest }
            }
            Kind::CallExpression => {
                let path = n.child(Field::Function).map_or(Ustr::from(""), |n| self.path(n));
                let args: Vec<_> = n.child(Field::Arguments).into_iter().flat_map(Node::named_children).collect();
                PatKind::Variant { path, elements: args.into_iter().map(|n| self.target(n)).collect() }
            }
            Kind::StructExpression => {
                let path = n.child(Field::Name).map(|n| self.path(n));
                let mut fields = Vec::new();
                for field in n.child(Field::Body).into_iter().flat_map(Node::named_children) {
                    let (name, value) = match field.kind() {
                        Kind::FieldInitializer => (field.child(Field::Field), field.child(Field::Value)),
                        Kind::ShorthandFieldInitializer => (field.last_named(), field.last_named()),
                        _ => continue,
                    };
                    if let (Some(name), Some(value)) = (name, value) {
                        fields.push((Key::Name(Ustr::from(name.text())), self.target(value)));
                    }
                }
                PatKind::Object { path, fields, rest: None }
            }
            Kind::ParenthesizedExpression => match n.first_named() {
                Some(inner) => return self.target(inner),
                None => PatKind::Wild,
            },
            _ => PatKind::Place(self.expr(n)),
        };
        self.add_pat(made, n)
    }
}

/// The sub-patterns: named children and `_`.
fn parts(n: Node<'_>) -> impl DoubleEndedIterator<Item = Node<'_>> {
    let parts: Vec<_> = n
        .children()
        .filter(|n| !n.is_comment() && n.kind() != Kind::MutableSpecifier && (n.is_named() || n.text() == "_"))
        .collect();
    parts.into_iter()
}
