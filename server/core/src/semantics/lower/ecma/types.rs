//! Types, as far as analysis uses them.

use super::*;

/// Nesting of types that is looked at.
const MAX_TYPE_DEPTH: usize = 32;

impl<'a> Lower<'a> {
    /// The type of `: T`.
    pub(super) fn annotation(&mut self, node: Node<'a>) -> Option<Type> {
        match node.kind() {
            Kind::TypeAnnotation => node.first_named().map(|t| type_of(t, 0)),
            _ => Some(Type::Other),
        }
    }

    pub(super) fn ty(&mut self, node: Node<'a>) -> Type {
        type_of(node, 0)
    }

    /// `type A = ..`, `interface A extends B`.
    pub(super) fn named_type(&mut self, node: Node<'a>) {
        let Some(name) = node.child(Field::Name) else { return };
        let ty = match node.kind() {
            Kind::TypeAliasDeclaration => node.child(Field::Value).map(|t| type_of(t, 0)),
            _ => node.child_of_kind(Kind::ExtendsTypeClause).map(|extended| {
                let mut all = types(extended.named_children(), 0);
                if all.len() == 1 { all.swap_remove(0) } else { Type::Union(all) }
            }),
        };
        // Whoever has a structure of its own is nobody's else.
        if let Some(ty @ (Type::Path(..) | Type::Union(_))) = ty {
            self.hir.types.push((Ustr::from(name.text()), ty));
        }
    }

    pub(super) fn type_arguments(&mut self, node: Node<'a>) -> Vec<Type> {
        node.named_children().map(|t| type_of(t, 0)).collect()
    }
}

fn types<'a>(nodes: impl Iterator<Item = Node<'a>>, depth: usize) -> Vec<Type> {
    nodes.map(|n| type_of(n, depth)).collect()
}

fn inner(node: Node<'_>, depth: usize) -> Type {
    node.first_named().map_or(Type::Other, |n| type_of(n, depth))
}

fn type_of(node: Node<'_>, depth: usize) -> Type {
    if depth > MAX_TYPE_DEPTH {
        return Type::Other;
    }
    let depth = depth + 1;
    let path = |node: Node<'_>| Type::Path(Ustr::from(node.text()), Vec::new());
    match node.kind() {
        Kind::PredefinedType | Kind::TypeIdentifier | Kind::NestedTypeIdentifier | Kind::Identifier => path(node),
        Kind::GenericType => {
            let Some(name) = node.child(Field::Name) else { return Type::Other };
            let arguments = node.child(Field::TypeArguments);
            let arguments = arguments.map(|a| types(a.named_children(), depth)).unwrap_or_default();
            match (name.text(), arguments.as_slice()) {
                ("Array" | "ReadonlyArray", [item]) => Type::Array(Box::new(item.clone())),
                ("Readonly" | "NonNullable" | "Required" | "Partial", [inner]) | ("Omit" | "Pick", [inner, _]) => {
                    inner.clone()
                }
                (name, _) => Type::Path(Ustr::from(name), arguments),
            }
        }
        Kind::UnionType => union(node, depth),
        // What it is and what it has besides.
        Kind::IntersectionType => intersection(node, depth),
        Kind::ArrayType => Type::Array(Box::new(inner(node, depth))),
        Kind::TupleType => Type::Tuple(types(node.named_children(), depth)),
        Kind::RequiredParameter | Kind::OptionalParameter => {
            // A tuple's named element.
            let annotation = node.child(Field::Type).and_then(|t| t.first_named());
            annotation.map_or(Type::Other, |t| type_of(t, depth))
        }
        Kind::ParenthesizedType | Kind::ReadonlyType | Kind::OptionalType | Kind::RestType => inner(node, depth),
        Kind::FunctionType => {
            let result = node.child(Field::ReturnType);
            Type::Function(Box::new(result.map_or(Type::Other, |r| type_of(r, depth))))
        }
        Kind::ObjectType | Kind::InterfaceBody => {
            let field = |member: Node<'_>| {
                let name = literal::constant_key(member.child(Field::Name)?)?;
                let ty = match member.kind() {
                    Kind::PropertySignature => member.child(Field::Type).map_or(Type::Other, |t| inner(t, depth)),
                    Kind::MethodSignature => {
                        let result = member.child(Field::ReturnType);
                        Type::Function(Box::new(result.map_or(Type::Other, |r| inner(r, depth))))
                    }
                    _ => return None,
                };
                Some((name, ty))
            };
            Type::Object(node.named_children().filter_map(field).collect())
        }
        Kind::LiteralType => match node.first_named() {
            Some(lit) => literal_type(lit),
            None => Type::Other,
        },
        _ => Type::Other,
    }
}

/// A union's alternatives; unions nest to the left, long ones deeply.
fn union(node: Node<'_>, depth: usize) -> Type {
    let mut all = Vec::new();
    let mut at = Some(node);
    while let Some(union) = at.take() {
        let children: SmallVec<[Node<'_>; 2]> = union.named_children().collect();
        for child in children.iter().rev() {
            if child.kind() == Kind::UnionType && at.is_none() {
                at = Some(*child);
            } else {
                all.push(type_of(*child, depth));
            }
        }
    }
    all.reverse();
    if all.len() == 1 { all.swap_remove(0) } else { Type::Union(all) }
}

/// The named types of an intersection; they nest to the left as well.
fn intersection(node: Node<'_>, depth: usize) -> Type {
    let mut all = Vec::new();
    let mut open: SmallVec<[Node<'_>; 4]> = SmallVec::new();
    open.push(node);
    while let Some(at) = open.pop() {
        if at.kind() == Kind::IntersectionType {
            let from = open.len();
            open.extend(at.named_children());
            open[from..].reverse();
        } else if let ty @ Type::Path(..) = type_of(at, depth) {
            all.push(ty);
        }
    }
    match all.len() {
        0 => Type::Other,
        1 => all.swap_remove(0),
        _ => Type::Union(all),
    }
}

fn literal_type(node: Node<'_>) -> Type {
    Type::Lit(match node.kind() {
        Kind::String => Lit::Str(literal::string(node)),
        Kind::Number => Lit::Num(literal::number(node.text())),
        Kind::UnaryExpression => {
            let sign = if node.text().starts_with('-') { -1.0 } else { 1.0 };
            Lit::Num(sign * node.child(Field::Argument).map_or(f64::NAN, |n| literal::number(n.text())))
        }
        Kind::True => Lit::Bool(true),
        Kind::False => Lit::Bool(false),
        Kind::Null => Lit::Null,
        Kind::Undefined => Lit::Undefined,
        _ => return Type::Other,
    })
}
