//! What rules ask of Rust's syntax: chains of methods, rounds of loops, constants.

use sidenote_grammars::{Field, Kind};

use super::Cx;
use super::rust_types::type_of;
use super::support::{args, is_loop, method};
use super::unparenthesized;
use crate::syntax::{Node, Span};

/// From a method's name to the end of its call.
pub fn tail(name: Node<'_>, call: Node<'_>) -> Span {
    Span { start: name.span().start, end: call.span().end }
}

/// From the end of a receiver to the end of the call: what has to go so that the receiver stands alone.
pub fn behind(receiver: Node<'_>, call: Node<'_>) -> Span {
    Span { start: receiver.span().end, end: call.span().end }
}

/// Receiver and name of a method call without arguments.
pub fn plain_method<'a>(call: Node<'a>) -> Option<(Node<'a>, &'a str)> {
    let (receiver, name) = method(unparenthesized(call))?;
    args(unparenthesized(call)).next().is_none().then(|| (receiver, name.text()))
}

/// The call of which a node is the receiver, with the method's name.
pub fn call_on<'a>(receiver: Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    let mut field = receiver.parent()?;
    if field.kind() == Kind::ParenthesizedExpression {
        field = field.parent()?;
    }
    if field.kind() != Kind::FieldExpression
        || field.child(Field::Value).is_none_or(|v| unparenthesized(v) != unparenthesized(receiver))
    {
        return None;
    }
    let mut call = field.parent()?;
    if call.kind() == Kind::GenericFunction {
        call = call.parent()?;
    }
    let (_, name) = method(call)?;
    (name.parent() == Some(field)).then_some((call, name))
}

/// Parameters and body of a closure that is written in place and not a block of its own.
pub fn closure<'a>(node: Node<'a>) -> Option<(Vec<Node<'a>>, Node<'a>)> {
    if node.kind() != Kind::ClosureExpression || node.is_hole() {
        return None;
    }
    let list = node.child(Field::Parameters)?;
    let parameters = list.children().filter(|c| c.is_named() && !c.is_comment() || c.text() == "_").collect();
    Some((parameters, node.child(Field::Body)?))
}

/// The constant integer that an expression is, `u8::MAX` and the like included.
pub fn integer(node: Node<'_>) -> Option<i128> {
    let node = unparenthesized(node);
    match node.kind() {
        Kind::IntegerLiteral => parse_integer(node.text()),
        Kind::CharLiteral if node.text().starts_with("b'") && node.text().len() == 4 => {
            Some(i128::from(node.text().as_bytes()[2]))
        }
        Kind::UnaryExpression if node.text().starts_with('-') => Some(-integer(node.last_named()?)?),
        Kind::NegativeLiteral => Some(-integer(node.last_named()?)?),
        Kind::ScopedIdentifier => {
            let text = node.text().trim_start_matches("std::").trim_start_matches("core::");
            let (ty, end) = text.split_once("::")?;
            limits(ty).and_then(|(min, max)| match end {
                "MIN" => Some(min),
                "MAX" => Some(max),
                _ => None,
            })
        }
        _ => None,
    }
}

/// The least and the greatest value of a primitive integer type; those of `u128` do not fit.
pub fn limits(ty: &str) -> Option<(i128, i128)> {
    Some(match ty {
        "u8" => (0, u8::MAX.into()),
        "u16" => (0, u16::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "u64" | "usize" => (0, u64::MAX.into()),
        "i8" => (i8::MIN.into(), i8::MAX.into()),
        "i16" => (i16::MIN.into(), i16::MAX.into()),
        "i32" => (i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => (i64::MIN.into(), i64::MAX.into()),
        _ => return None,
    })
}

fn parse_integer(text: &str) -> Option<i128> {
    let text: String = text.chars().filter(|c| *c != '_').collect();
    let (radix, digits) = match text.get(..2) {
        Some("0x") => (16, &text[2..]),
        Some("0o") => (8, &text[2..]),
        Some("0b") => (2, &text[2..]),
        _ => (10, text.as_str()),
    };
    let digits = ["u128", "i128", "usize", "isize", "u16", "u32", "u64", "i16", "i32", "i64", "u8", "i8"]
        .iter()
        .find_map(|s| digits.strip_suffix(s))
        .unwrap_or(digits);
    i128::from_str_radix(digits, radix).ok()
}

/// What runs the node again and again: a loop's head, or an iterator's method.
pub fn round(node: Node<'_>) -> Option<Span> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::FunctionItem | Kind::AsyncBlock | Kind::ConstItem | Kind::StaticItem => return None,
            Kind::ClosureExpression => return repeats(parent),
            _ if is_loop(parent) && matches!(at.field(), Field::Body | Field::Condition) => return Some(head(parent)),
            _ => at = parent,
        }
    }
    None
}

/// The innermost loop, or closure of an iterator's method, that runs a node again and again.
pub fn repeated_in<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::FunctionItem | Kind::AsyncBlock | Kind::ConstItem | Kind::StaticItem => return None,
            Kind::ClosureExpression => return repeats(parent).map(|_| parent),
            _ if is_loop(parent) && matches!(at.field(), Field::Body | Field::Condition) => return Some(parent),
            _ => at = parent,
        }
    }
    None
}

/// The innermost loop of the same function whose body or condition a node is in.
pub fn loop_around<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::FunctionItem | Kind::AsyncBlock | Kind::ClosureExpression => return None,
            _ if is_loop(parent) && matches!(at.field(), Field::Body | Field::Condition) => return Some(parent),
            _ => at = parent,
        }
    }
    None
}

/// A loop without its body.
pub fn head(node: Node<'_>) -> Span {
    let span = node.span();
    let end = node.child(Field::Body).map_or(span.end, |b| b.span().start);
    let text = node.arena().slice(Span { start: span.start, end });
    Span { start: span.start, end: span.start + text.trim_end().len() as u32 }
}

/// The method's name, if the closure is an argument of an iterator's method; of those that `Option` has as well,
/// only behind something that iterates.
fn repeats(closure: Node<'_>) -> Option<Span> {
    let call = closure.parent()?.parent()?;
    let (receiver, name) = method(call)?;
    let certain = matches!(
        name.text(),
        "for_each"
            | "filter_map"
            | "flat_map"
            | "any"
            | "all"
            | "position"
            | "fold"
            | "take_while"
            | "skip_while"
            | "map_while"
            | "retain"
            | "partition"
    );
    let both = matches!(name.text(), "map" | "filter" | "find" | "inspect");
    (certain || both && (iterates(receiver) || is_told_iterator(receiver))).then(|| name.span())
}

/// Whether a chain of methods begins at a parameter that is declared as an iterator.
fn is_told_iterator(node: Node<'_>) -> bool {
    let first = std::iter::successors(Some(node), |n| method(*n).map(|(r, _)| r)).last().unwrap_or(node);
    first.kind() == Kind::Identifier
        && super::rust_names::binding(first).is_some_and(|b| match b.origin {
            super::rust_names::Origin::Param(p) => p.child(Field::Type).is_some_and(|t| t.text().contains("Iterator<")),
            _ => false,
        })
}

/// Whether a chain of methods begins by iterating over something.
pub fn iterates(node: Node<'_>) -> bool {
    std::iter::successors(Some(node), |n| method(*n).map(|(r, _)| r)).filter_map(method).any(|(_, m)| {
        matches!(
            m.text(),
            "iter"
                | "into_iter"
                | "iter_mut"
                | "par_iter"
                | "lines"
                | "chars"
                | "char_indices"
                | "split"
                | "split_whitespace"
                | "bytes"
                | "keys"
                | "values"
                | "enumerate"
                | "windows"
                | "chunks"
        )
    })
}

/// Whether an expression is certainly an iterator of the standard library.
pub fn is_iterator<'a>(node: Node<'a>, cx: &Cx<'a>) -> bool {
    iterates(node) || type_of(node, cx).is_some_and(|t| matches!(t.name, "Iterator" | "Range"))
}

/// The expression of a statement; the node itself if it is the value of its block.
pub fn expression(statement: Node<'_>) -> Node<'_> {
    if statement.kind() == Kind::ExpressionStatement { statement.first_named().unwrap_or(statement) } else { statement }
}

/// The statements of a block, without attributes and items.
pub fn statements<'a>(block: Node<'a>) -> Vec<Node<'a>> {
    block
        .named_children()
        .filter(|n| {
            !matches!(n.kind(), Kind::AttributeItem | Kind::InnerAttributeItem | Kind::EmptyStatement | Kind::Label)
        })
        .collect()
}

/// The first variable (or `self`) of a place: `a` of `a.b[0].c` and of `a.b().c`.
pub fn root<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let mut at = node;
    loop {
        at = match at.kind() {
            Kind::Identifier | Kind::SelfValue => return Some(at),
            Kind::FieldExpression => at.child(Field::Value)?,
            Kind::IndexExpression | Kind::TryExpression | Kind::AwaitExpression | Kind::ParenthesizedExpression => {
                at.first_named()?
            }
            Kind::ReferenceExpression => at.child(Field::Value)?,
            Kind::UnaryExpression => at.last_named()?,
            Kind::CallExpression => method(at)?.0,
            _ => return None,
        };
    }
}

/// The constant integer that an expression is, constants of the file and sums and products included.
pub fn computed(node: Node<'_>, cx: &Cx<'_>) -> Option<i128> {
    computed_within(node, cx, 8)
}

fn computed_within(node: Node<'_>, cx: &Cx<'_>, depth: usize) -> Option<i128> {
    let depth = depth.checked_sub(1)?;
    let node = unparenthesized(node);
    if let Some(n) = integer(node) {
        return Some(n);
    }
    match node.kind() {
        Kind::Identifier => cx.file.declared.rust.values.get(node.text()).and_then(|v| product(v)),
        Kind::TypeCastExpression => computed_within(node.child(Field::Value)?, cx, depth),
        Kind::BinaryExpression => {
            let left = computed_within(node.child(Field::Left)?, cx, depth)?;
            let right = computed_within(node.child(Field::Right)?, cx, depth)?;
            match node.child(Field::Operator)?.text() {
                "*" => left.checked_mul(right),
                "+" => left.checked_add(right),
                "-" => left.checked_sub(right),
                "<<" => left.checked_shl(u32::try_from(right).ok()?),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The value of `64 * 1024` and `1 << 16`.
fn product(text: &str) -> Option<i128> {
    if let Some((left, right)) = text.split_once("<<") {
        return parse_integer(left.trim())?.checked_shl(u32::try_from(parse_integer(right.trim())?).ok()?);
    }
    text.split('*').try_fold(1i128, |all, part| all.checked_mul(parse_integer(part.trim())?))
}

/// Whether control never passes the end of an expression or statement: every way through it breaks, continues or returns.
/// Calls and macros that never return do not count.
pub fn leaves(node: Node<'_>) -> bool {
    leaves_within(node, 40)
}

fn leaves_within(node: Node<'_>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let inner = |n: Node<'_>| leaves_within(n, depth);
    match node.kind() {
        _ if node.is_hole() => false,
        Kind::ReturnExpression | Kind::BreakExpression | Kind::ContinueExpression => true,
        Kind::ExpressionStatement | Kind::ParenthesizedExpression => node.first_named().is_some_and(inner),
        Kind::Block if node.child_of_kind(Kind::Label).is_some() => false,
        Kind::Block => node.named_children().any(inner),
        Kind::UnsafeBlock => node.child_of_kind(Kind::Block).is_some_and(inner),
        Kind::IfExpression => {
            let otherwise = node.child(Field::Alternative).and_then(Node::last_named);
            otherwise.is_some_and(inner) && node.child(Field::Consequence).is_some_and(inner)
        }
        Kind::MatchExpression => {
            let arms = node.child(Field::Body).into_iter().flat_map(Node::named_children);
            let mut arms = arms.filter(|a| a.kind() == Kind::MatchArm).peekable();
            arms.peek().is_some() && arms.all(|a| a.child(Field::Value).is_some_and(inner))
        }
        Kind::LoopExpression => !broken(node),
        _ => false,
    }
}

/// Whether a `break` inside may leave this loop.
pub fn broken(around: Node<'_>) -> bool {
    let stop = |n: Node<'_>| super::support::is_function(n) || n.kind() == Kind::AsyncBlock;
    let label = around.child_of_kind(Kind::Label).map(Node::text);
    around.descendants_until(stop).any(|n| {
        // Macros hide jumps.
        let hidden = n.kind() == Kind::MacroInvocation && n.text().contains("break");
        hidden
            || n.kind() == Kind::BreakExpression
                && match n.child_of_kind(Kind::Label) {
                    Some(l) => Some(l.text()) == label,
                    None => n.ancestors().find(|a| is_loop(*a)) == Some(around),
                }
    })
}
