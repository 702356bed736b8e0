//! Clones: of what, and what happens to them.

use sidenote_grammars::{Field, Kind};

use super::rust_code::{call_on, plain_method};
use super::rust_names::{Binding, Origin, binding, uses};
use super::rust_types::{Ty, type_of};
use super::support::statement;
use super::{Cx, unparenthesized};
use crate::syntax::Node;

/// What a call copies: the receiver of `clone()`, and of `to_owned()`, `to_string()`, `to_vec()` where it has that type
/// already.
pub fn copies<'a>(call: Node<'a>, cx: &Cx<'a>) -> Option<(Node<'a>, Option<Ty<'a>>)> {
    let (of, name) = plain_method(call)?;
    let ty = type_of(of, cx);
    let same = match name {
        "clone" => true,
        "to_owned" => ty.as_ref().is_some_and(|t| t.refs == 0 && t.name != "str" && t.name != "[]"),
        "to_string" => ty.as_ref().is_some_and(|t| t.name == "String" && t.refs == 0),
        "to_vec" => ty.as_ref().is_some_and(|t| t.name == "Vec" && t.refs == 0),
        _ => false,
    };
    same.then_some((of, ty))
}

/// Whether a type is shared rather than copied when it is cloned.
pub fn is_shared(ty: &Ty<'_>) -> bool {
    matches!(
        ty.name,
        "Rc" | "Arc" | "Weak" | "Sender" | "SyncSender" | "UnboundedSender" | "Bytes" | "Waker" | "PyObject"
    )
}

/// Methods that only look, on strings, vectors, maps and options alike.
const LOOKS: &[&str] = &[
    "len",
    "is_empty",
    "as_str",
    "as_bytes",
    "as_slice",
    "as_ref",
    "iter",
    "chars",
    "bytes",
    "lines",
    "split",
    "starts_with",
    "ends_with",
    "contains",
    "contains_key",
    "get",
    "first",
    "last",
    "trim",
    "keys",
    "values",
    "find",
    "to_lowercase",
    "to_uppercase",
    "as_deref",
    "is_some",
    "is_none",
    "windows",
    "chunks",
    "join",
    "split_whitespace",
    "eq_ignore_ascii_case",
];

/// Whether a value is only looked at where it stands: borrowed as an argument, compared, or the receiver of a method that
/// looks.
pub fn only_borrowed(value: Node<'_>) -> bool {
    let Some(mut parent) = value.parent() else { return false };
    let mut at = value;
    while parent.kind() == Kind::ParenthesizedExpression {
        at = parent;
        let Some(p) = parent.parent() else { return false };
        parent = p;
    }
    match parent.kind() {
        Kind::ReferenceExpression => {
            parent.child_of_kind(Kind::MutableSpecifier).is_none()
                && parent.parent().is_some_and(|p| p.kind() == Kind::Arguments)
        }
        Kind::BinaryExpression => {
            parent.child(Field::Operator).is_some_and(|o| matches!(o.text(), "==" | "!=" | "<" | ">" | "<=" | ">="))
        }
        _ => call_on(at).is_some_and(|(_, name)| LOOKS.contains(&name.text())),
    }
}

/// The variable that a plain `let` binds to a value.
pub fn bound_to<'a>(value: Node<'a>) -> Option<Binding<'a>> {
    let parent = value.parent().filter(|p| p.kind() == Kind::LetDeclaration && value.field() == Field::Value)?;
    let pattern = parent.child(Field::Pattern).filter(|p| p.kind() == Kind::Identifier)?;
    let fixed = parent.child_of_kind(Kind::MutableSpecifier).is_none() && parent.child(Field::Alternative).is_none();
    let scope = parent.parent().filter(|s| s.kind() == Kind::Block)?;
    fixed.then_some(Binding { name: pattern, pattern, origin: Origin::Let(parent), scope })
}

/// The variable that is copied, if it is not used again: an owned variable of the function whose copy is its last use.
pub fn last_use<'a>(of: Node<'a>, cx: &Cx<'a>) -> Option<Binding<'a>> {
    let of = unparenthesized(of);
    let bound = binding(of)?;
    if !bound.is_plain() || !matches!(bound.origin, Origin::Let(_) | Origin::Param(_)) {
        return None;
    }
    let all = uses(&bound, cx)?;
    if all.last() != Some(&of) || super::rust_names::repeats_within(of, bound.scope) {
        return None;
    }
    // What else borrows it may still be alive.
    let here = statement(of);
    let held = all[..all.len() - 1].iter().any(|u| {
        here.span().contains(u.span())
            || is_kept(*u)
            || u.ancestors().take_while(|a| *a != bound.scope).any(|a| match a.kind() {
                Kind::LetDeclaration => {
                    !a.child(Field::Value).and_then(|v| type_of(v, cx)).is_some_and(|t| is_plain_value(&t))
                }
                Kind::ClosureExpression | Kind::AsyncBlock | Kind::AssignmentExpression | Kind::StructExpression => {
                    true
                }
                Kind::MatchExpression | Kind::ForExpression | Kind::IfExpression | Kind::WhileExpression => {
                    a.span().contains(of.span())
                }
                _ => false,
            })
    });
    (!held).then_some(bound)
}

/// Whether a collection or builder takes a reference to the variable.
fn is_kept(used: Node<'_>) -> bool {
    let reference = used.parent().filter(|p| p.kind() == Kind::ReferenceExpression);
    let call = reference.and_then(|r| r.parent()).filter(|a| a.kind() == Kind::Arguments).and_then(|a| a.parent());
    call.is_some_and(|c| super::support::method(c).is_some())
}

fn is_plain_value(ty: &Ty<'_>) -> bool {
    ty.refs == 0 && (ty.is_integer() || ty.is_float() || matches!(ty.name, "bool" | "char" | "String" | "PathBuf"))
}

/// Where the copied value comes from, if that is a place: its first variable.
pub fn source_of<'a>(of: Node<'a>) -> Option<Node<'a>> {
    let reads = matches!(
        unparenthesized(of).kind(),
        Kind::Identifier | Kind::FieldExpression | Kind::SelfValue | Kind::UnaryExpression
    );
    if reads { super::rust_code::root(unparenthesized(of)) } else { None }
}
