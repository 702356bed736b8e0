//! Object and array literals.

use super::*;

impl<'a> Lower<'a> {
    pub(super) fn object(&mut self, node: Node<'a>) -> ExprId {
        let mut members = Vec::new();
        for child in node.named_children() {
            let member = match child.kind() {
                Kind::Pair => {
                    let (Some(key), Some(value)) = (child.child(Field::Key), child.child(Field::Value)) else {
                        continue;
                    };
                    let name = self.key(key);
                    let value = self.expr(value);
                    self.name_function(value, key);
                    Member::Field(name, value)
                }
                Kind::ShorthandPropertyIdentifier => {
                    Member::Field(Key::Name(Ustr::from(child.text())), self.expr(child))
                }
                Kind::MethodDefinition => {
                    let name = self.full(child).child(Field::Name);
                    let Some(name) = name else { continue };
                    let key = match literal::constant_key(name) {
                        Some(key) => Key::Name(self.accessor(child, key)),
                        // The key of a block of its own belongs to that block.
                        None if child.is_hole() => Key::Name(literal::member_name(name)),
                        None => self.key(name),
                    };
                    Member::Field(key, self.function_value(child))
                }
                _ => Member::Spread(self.expr(child)),
            };
            members.push(member);
        }
        self.hir.add(ExprKind::Object(None, members), node.span())
    }

    /// The name under which an object keeps a method: that of a getter or setter says so.
    fn accessor(&self, method: Node<'a>, name: Ustr) -> Ustr {
        let before = self.full(method).children().take_while(|c| c.field() != Field::Name);
        for token in before.filter(|c| c.kind() == Kind::Token) {
            match token.text() {
                "get" => return Ustr::from(&format!("{GETTER}{name}")),
                "set" => return Ustr::from(&format!("{SETTER}{name}")),
                _ => {}
            }
        }
        name
    }

    pub(super) fn key(&mut self, node: Node<'a>) -> Key {
        if let Some(name) = literal::constant_key(node) {
            return Key::Name(name);
        }
        Key::Computed(self.expr(node.first_named().unwrap_or(node)))
    }

    pub(super) fn array(&mut self, node: Node<'a>) -> ExprId {
        let mut members = Vec::new();
        let mut gaps = Gaps::new(node);
        for child in node.children() {
            let skipped = gaps.before(child);
            if !child.is_named() || child.is_comment() {
                continue;
            }
            members.extend((0..skipped).map(|_| Member::Element(None)));
            let value = self.expr(child);
            members.push(match child.kind() {
                Kind::SpreadElement => Member::Spread(value),
                _ => Member::Element(Some(value)),
            });
        }
        self.hir.add(ExprKind::Array(members), node.span())
    }
}

/// Counts the holes of `[a, , b]`, of which the tree only knows by what stands between the elements.
pub(super) struct Gaps<'a> {
    node: Node<'a>,
    at: u32,
    commas: usize,
    first: bool,
}

/// Holes in a row that are believed.
const MAX_HOLES: usize = 64;

impl<'a> Gaps<'a> {
    pub(super) fn new(node: Node<'a>) -> Gaps<'a> {
        Gaps { node, at: node.span().start, commas: 0, first: true }
    }

    /// How many elements are left out before a child; to be asked of every child in order.
    pub(super) fn before(&mut self, child: Node<'a>) -> usize {
        let text = self.node.arena().slice(Span { start: self.at, end: child.span().start });
        self.commas += text.bytes().filter(|b| *b == b',').count();
        self.at = child.span().end;
        if !child.is_named() || child.is_comment() {
            return 0;
        }
        let holes = self.commas - usize::from(!self.first).min(self.commas);
        self.first = false;
        self.commas = 0;
        holes.min(MAX_HOLES)
    }
}
