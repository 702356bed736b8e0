//! Paths and types.

use sidenote_grammars::{Field, Kind};

use super::Lower;
use crate::semantics::hir::*;
use crate::syntax::Node;

/// Nesting of types beyond which a part is [`Type::Other`].
const TYPE_DEPTH: usize = 16;

impl Lower<'_> {
    /// A path without generic arguments; `Self` is resolved where the block shows what it is.
    pub(super) fn path(&self, n: Node<'_>) -> Ustr {
        let text = n.text();
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
        let text = if plain { text.to_owned() } else { path_text(n, 0) };
        match (self.self_type, text.strip_prefix("Self")) {
            (Some(ty), Some("")) => ty,
            (Some(ty), Some(rest)) if rest.starts_with("::") => Ustr::from(&format!("{ty}{rest}")),
            _ => Ustr::from(&text),
        }
    }

    /// The explicit type arguments of a path: the innermost `::<..>` list.
    pub(super) fn path_types(&self, n: Node<'_>) -> Vec<Type> {
        if !n.text().contains('<') {
            return Vec::new();
        }
        let mut at = Some(n);
        while let Some(n) = at {
            if let Some(list) = n.child(Field::TypeArguments) {
                return self.type_arguments(list);
            }
            at = n.child(Field::Path).or_else(|| n.child(Field::Function));
        }
        Vec::new()
    }

    pub(super) fn type_arguments(&self, list: Node<'_>) -> Vec<Type> {
        self.types_in(list, 0)
    }

    fn types_in(&self, list: Node<'_>, depth: usize) -> Vec<Type> {
        let types = list.named_children().filter(|n| {
            !matches!(n.kind(), Kind::Lifetime | Kind::TraitBounds | Kind::AttributeItem | Kind::VisibilityModifier)
        });
        types.map(|n| self.ty_at(n, depth + 1)).collect()
    }

    pub(super) fn ty(&self, n: Node<'_>) -> Type {
        self.ty_at(n, 0)
    }

    fn ty_at(&self, n: Node<'_>, depth: usize) -> Type {
        if depth > TYPE_DEPTH {
            return Type::Other;
        }
        let inner = |n: Option<Node<'_>>| n.map_or(Type::Other, |n| self.ty_at(n, depth + 1));
        match n.kind() {
            Kind::TypeIdentifier
            | Kind::PrimitiveType
            | Kind::ScopedTypeIdentifier
            | Kind::Identifier
            | Kind::ScopedIdentifier => {
                let types = if n.kind() == Kind::ScopedTypeIdentifier { self.path_types(n) } else { Vec::new() };
                Type::Path(self.path(n), types)
            }
            Kind::GenericType | Kind::GenericTypeWithTurbofish => {
                let path = n.child(Field::Type).map_or(Ustr::from(""), |n| self.path(n));
                let types = n.child(Field::TypeArguments).map(|n| self.types_in(n, depth)).unwrap_or_default();
                Type::Path(path, types)
            }
            Kind::ReferenceType => inner(n.child(Field::Type)),
            Kind::PointerType => Type::RawPointer(Box::new(inner(n.child(Field::Type)))),
            Kind::ArrayType => Type::Array(Box::new(inner(n.child(Field::Element)))),
            Kind::TupleType => Type::Tuple(self.types_in(n, depth)),
            Kind::UnitType => Type::Tuple(Vec::new()),
            Kind::AbstractType | Kind::DynamicType => inner(n.child(Field::Trait)),
            Kind::BoundedType => inner(n.named_children().find(|n| n.kind() != Kind::Lifetime)),
            Kind::HigherRankedTraitBound | Kind::TypeBinding => inner(n.child(Field::Type)),
            Kind::FunctionType => {
                let unit = Type::Tuple(Vec::new());
                let result = n.child(Field::ReturnType).map_or(unit, |n| self.ty_at(n, depth + 1));
                Type::Function(Box::new(result))
            }
            _ => Type::Other,
        }
    }
}

/// A path's text without generic arguments and space.
fn path_text(n: Node<'_>, depth: usize) -> String {
    // Segments from the last to the first: the grammar nests paths to the left.
    let mut segments: Vec<String> = Vec::new();
    let mut at = Some(n);
    while let Some(n) = at {
        at = None;
        match n.kind() {
            Kind::ScopedIdentifier | Kind::ScopedTypeIdentifier => {
                segments.push(n.child(Field::Name).map_or("", Node::text).to_owned());
                match n.child(Field::Path) {
                    Some(path) => at = Some(path),
                    // A leading `::`.
                    None => segments.push(String::new()),
                }
            }
            Kind::GenericType | Kind::GenericTypeWithTurbofish => at = n.child(Field::Type),
            Kind::GenericFunction => at = n.child(Field::Function),
            Kind::GenericPattern => at = n.first_named(),
            Kind::BracketedType if depth < TYPE_DEPTH => {
                let inner = n.first_named();
                let ty =
                    inner.and_then(|n| if n.kind() == Kind::QualifiedType { n.child(Field::Type) } else { Some(n) });
                let mut text = ty.map(|n| path_text(n, depth + 1)).unwrap_or_default();
                if (text.is_empty() || text == "_")
                    && let Some(alias) = inner.and_then(|n| n.child(Field::Alias))
                {
                    text = path_text(alias, depth + 1);
                }
                segments.push(text);
            }
            Kind::ReferenceType if depth < TYPE_DEPTH => at = n.child(Field::Type),
            Kind::DynamicType | Kind::AbstractType => at = n.child(Field::Trait),
            Kind::Identifier
            | Kind::TypeIdentifier
            | Kind::FieldIdentifier
            | Kind::PrimitiveType
            | Kind::SelfValue
            | Kind::Super
            | Kind::Crate
            | Kind::Metavariable => segments.push(n.text().to_owned()),
            // Self types of `impl Trait for [T]` and the like.
            _ => segments.push(n.text().chars().filter(|c| !c.is_whitespace()).take(80).collect()),
        }
    }
    segments.reverse();
    segments.join("::")
}
