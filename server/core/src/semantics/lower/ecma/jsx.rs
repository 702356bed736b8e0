//! JSX.

use super::*;

impl<'a> Lower<'a> {
    /// An element; a fragment is an intrinsic element without a name.
    pub(super) fn jsx(&mut self, node: Node<'a>) -> ExprId {
        let open = if node.kind() == Kind::JsxElement { node.child(Field::OpenTag) } else { Some(node) };
        let mut tag = Ok(Ustr::from(""));
        let mut attributes = Vec::new();
        for child in open.into_iter().flat_map(|o| o.named_children()) {
            match (child.field(), child.kind()) {
                (Field::Name, _) => tag = self.jsx_tag(child),
                (_, Kind::JsxAttribute) => attributes.extend(self.jsx_attribute(child)),
                (Field::Attribute, _) => attributes.push(Member::Spread(self.expr(child))),
                _ => {}
            }
        }
        let mut children = Vec::new();
        if node.kind() == Kind::JsxElement {
            for child in node.named_children() {
                self.jsx_child(child, &mut children);
            }
        }
        self.hir.add(ExprKind::Jsx { tag, attributes, children }, node.span())
    }

    fn jsx_child(&mut self, child: Node<'a>, children: &mut Vec<ExprId>) {
        match child.kind() {
            Kind::JsxOpeningElement | Kind::JsxClosingElement => {}
            Kind::JsxText | Kind::HtmlCharacterReference => {
                let text = child.text().trim();
                if !text.is_empty() {
                    let text = literal::intern(&literal::entities(text));
                    children.push(self.hir.add(ExprKind::Lit(Lit::Str(text)), child.span()));
                }
            }
            Kind::JsxExpression => {
                if let Some(value) = child.first_named() {
                    let value = self.expr(value);
                    children.push(value);
                }
            }
            _ => {
                let value = self.expr(child);
                children.push(value);
            }
        }
    }

    fn jsx_tag(&mut self, node: Node<'a>) -> Result<Ustr, ExprId> {
        let text = node.text();
        let intrinsic = match node.kind() {
            Kind::Identifier => text.starts_with(|c: char| c.is_lowercase()) || text.contains('-'),
            Kind::MemberExpression | Kind::NestedIdentifier => false,
            _ => true,
        };
        if intrinsic { Ok(literal::intern(text)) } else { Err(self.expr(node)) }
    }

    fn jsx_attribute(&mut self, node: Node<'a>) -> Option<Member> {
        let mut parts = node.named_children();
        let name = literal::intern(parts.next()?.text());
        let value = match parts.next() {
            Some(value) if value.kind() == Kind::String => {
                let text = literal::jsx_string(value);
                self.hir.add(ExprKind::Lit(Lit::Str(text)), value.span())
            }
            Some(value) => self.expr(value),
            None => self.hir.add(ExprKind::Lit(Lit::Bool(true)), node.span()),
        };
        Some(Member::Field(Key::Name(name), value))
    }
}
