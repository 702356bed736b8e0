//! Patterns: those that bind variables and those that assign to places.

use super::object::Gaps;
use super::*;

impl<'a> Lower<'a> {
    /// Lowers a pattern whose variables are declared already.
    pub(super) fn bind_pat(&mut self, node: Node<'a>) -> PatId {
        self.pattern(node, true)
    }

    /// Lowers the left side of an assignment.
    pub(super) fn assign_pat(&mut self, node: Node<'a>) -> PatId {
        self.pattern(node, false)
    }

    fn pattern(&mut self, node: Node<'a>, binds: bool) -> PatId {
        if self.depth >= MAX_DEPTH {
            self.hir.skipped.push(node.span());
            return self.hir.add_pat(PatKind::Wild, node.span());
        }
        self.depth += 1;
        let kind = self.pattern_kind(node, binds);
        self.depth -= 1;
        self.hir.add_pat(kind, node.span())
    }

    fn pattern_kind(&mut self, node: Node<'a>, binds: bool) -> PatKind {
        match node.kind() {
            Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern | Kind::Undefined => {
                match self.resolve(Ustr::from(node.text())) {
                    Some(local) if binds => PatKind::Bind(local, None),
                    _ => PatKind::Place(self.name(node.text(), node.span())),
                }
            }
            Kind::ObjectPattern => self.object_pattern(node, binds),
            Kind::ArrayPattern => self.array_pattern(node, binds),
            Kind::AssignmentPattern | Kind::ObjectAssignmentPattern => {
                let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else {
                    return PatKind::Wild;
                };
                let pat = self.pattern(left, binds);
                let value = self.expr(right);
                self.name_function(value, left);
                PatKind::Default(pat, value)
            }
            Kind::RestPattern | Kind::ParenthesizedExpression | Kind::NonNullExpression => match node.first_named() {
                Some(inner) => self.pattern_kind_deeper(inner, binds),
                None => PatKind::Wild,
            },
            _ => PatKind::Place(self.expr(node)),
        }
    }

    fn pattern_kind_deeper(&mut self, node: Node<'a>, binds: bool) -> PatKind {
        // Parentheses leave no trace, but they nest.
        let id = self.pattern(node, binds);
        self.hir.pat(id).kind.clone()
    }

    /// The pattern inside `...pattern`.
    fn rest(&mut self, node: Node<'a>, binds: bool) -> Option<PatId> {
        node.first_named().map(|inner| self.pattern(inner, binds))
    }

    fn object_pattern(&mut self, node: Node<'a>, binds: bool) -> PatKind {
        let (mut fields, mut rest) = (Vec::new(), None);
        for child in node.named_children() {
            match child.kind() {
                Kind::PairPattern => {
                    let (Some(key), Some(value)) = (child.child(Field::Key), child.child(Field::Value)) else {
                        continue;
                    };
                    let key = self.key(key);
                    fields.push((key, self.pattern(value, binds)));
                }
                Kind::RestPattern => rest = self.rest(child, binds),
                Kind::ShorthandPropertyIdentifierPattern => {
                    fields.push((Key::Name(Ustr::from(child.text())), self.pattern(child, binds)));
                }
                Kind::ObjectAssignmentPattern => {
                    if let Some(name) = child.child(Field::Left) {
                        fields.push((Key::Name(Ustr::from(name.text())), self.pattern(child, binds)));
                    }
                }
                _ => {}
            }
        }
        PatKind::Object { path: None, fields, rest }
    }

    fn array_pattern(&mut self, node: Node<'a>, binds: bool) -> PatKind {
        let (mut elements, mut rest) = (Vec::new(), None);
        let mut gaps = Gaps::new(node);
        for child in node.children() {
            let skipped = gaps.before(child);
            if !child.is_named() || child.is_comment() {
                continue;
            }
            elements.extend((0..skipped).map(|_| None));
            elements.push(if child.kind() == Kind::RestPattern {
                rest = Some(elements.len());
                self.rest(child, binds)
            } else {
                Some(self.pattern(child, binds))
            });
        }
        PatKind::Array { elements, rest }
    }

    /// Gives the variable that a pattern binds whole its declared type.
    pub(super) fn type_local(&mut self, pat: PatId, ty: Option<&Type>) {
        if let PatKind::Bind(local, None) = self.hir.pat(pat).kind
            && let Some(ty) = ty
        {
            self.hir.locals[local.0 as usize].ty = Some(ty.clone());
        }
    }
}
