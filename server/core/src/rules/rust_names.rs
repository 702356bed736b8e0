//! Which declaration a name of Rust means, and where else it is used.

use sidenote_grammars::{Field, Kind};

use super::Cx;
use super::support::is_function;
use crate::syntax::Node;

/// What declares a variable.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A `let`.
    Let(Node<'a>),
    /// A function's parameter.
    Param(Node<'a>),
    /// A closure's parameter.
    Closure(Node<'a>),
    /// A `for` loop.
    For(Node<'a>),
    /// The `let` of an `if` or `while`.
    Condition(Node<'a>),
    /// An arm of a `match`.
    Arm(Node<'a>),
    /// A `const` or `static` of an inner block.
    Item(Node<'a>),
}

/// A variable's declaration.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The name in the pattern.
    pub name: Node<'a>,
    /// The whole pattern.
    pub pattern: Node<'a>,
    /// What it is part of.
    pub origin: Origin<'a>,
    /// The node inside of which the name is visible.
    pub scope: Node<'a>,
}

impl Binding<'_> {
    /// Whether the pattern is the name alone.
    pub fn is_plain(&self) -> bool {
        self.pattern == self.name
            || self.pattern.kind() == Kind::MutPattern && self.pattern.last_named() == Some(self.name)
    }
}

/// The name that a pattern binds under this text.
pub fn bound_in<'a>(pattern: Node<'a>, name: &str) -> Option<Node<'a>> {
    pattern.descendants().find(|n| n.text() == name && binds(*n))
}

/// Whether an identifier inside a pattern makes a variable.
fn binds(n: Node<'_>) -> bool {
    if n.kind() == Kind::ShorthandFieldIdentifier {
        return true;
    }
    if n.kind() != Kind::Identifier || n.text().starts_with(|c: char| c.is_uppercase()) || n.field() == Field::Type {
        return false;
    }
    n.field() != Field::Condition
        && !n.ancestors().take_while(|a| !ends_pattern(*a)).any(|a| {
            matches!(a.kind(), Kind::ScopedIdentifier | Kind::RangePattern | Kind::TokenTree | Kind::BinaryExpression)
                || a.field() == Field::Condition
        })
}

/// Whether a node holds a pattern rather than being part of one.
fn ends_pattern(n: Node<'_>) -> bool {
    is_function(n)
        || matches!(
            n.kind(),
            Kind::Block
                | Kind::LetCondition
                | Kind::LetDeclaration
                | Kind::MatchArm
                | Kind::ForExpression
                | Kind::Parameters
                | Kind::ClosureParameters
        )
}

/// The variable that an identifier means, if the block declares it. The cost is that of a walk to the root past the statements
/// before.
pub fn binding<'a>(name: Node<'a>) -> Option<Binding<'a>> {
    if name.kind() != Kind::Identifier {
        return None;
    }
    visible(name, name.text())
}

/// The variable of that name that is visible at a node.
pub fn visible<'a>(from: Node<'a>, text: &str) -> Option<Binding<'a>> {
    let mut at = from;
    while let Some(parent) = at.parent() {
        let found = match parent.kind() {
            Kind::Block => in_block(parent, at, text),
            Kind::IfExpression if at.field() == Field::Consequence => {
                in_condition(parent, parent.child(Field::Condition), at, text)
            }
            Kind::WhileExpression if at.field() == Field::Body => {
                in_condition(parent, parent.child(Field::Condition), at, text)
            }
            Kind::LetChain => in_condition(parent, Some(parent), at, text)
                .map(|b| Binding { scope: parent.parent().unwrap_or(parent), ..b }),
            Kind::ForExpression if at.field() == Field::Body => {
                let pattern = parent.child(Field::Pattern);
                pattern.and_then(|p| {
                    Some(Binding { name: bound_in(p, text)?, pattern: p, origin: Origin::For(parent), scope: at })
                })
            }
            Kind::MatchArm if at.field() == Field::Value => arm(parent, text),
            Kind::MatchPattern if at.field() == Field::Condition => parent.parent().and_then(|a| arm(a, text)),
            Kind::ClosureExpression | Kind::FunctionItem => parameter(parent, text),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        if parent.kind() == Kind::FunctionItem {
            return None;
        }
        at = parent;
    }
    None
}

fn arm<'a>(arm: Node<'a>, text: &str) -> Option<Binding<'a>> {
    let pattern = arm.child(Field::Pattern)?;
    let guard = pattern.child(Field::Condition);
    let name =
        pattern.descendants_until(|n| Some(n) == guard).find(|n| Some(*n) != guard && n.text() == text && binds(*n))?;
    Some(Binding { name, pattern, origin: Origin::Arm(arm), scope: arm })
}

fn parameter<'a>(function: Node<'a>, text: &str) -> Option<Binding<'a>> {
    let list = function.child(Field::Parameters)?;
    let closure = function.kind() == Kind::ClosureExpression;
    list.named_children().find_map(|p| {
        let pattern = if p.kind() == Kind::Parameter { p.child(Field::Pattern)? } else { p };
        let name = bound_in(pattern, text)?;
        let origin = if closure { Origin::Closure(p) } else { Origin::Param(p) };
        Some(Binding { name, pattern, origin, scope: function })
    })
}

fn in_condition<'a>(scope: Node<'a>, condition: Option<Node<'a>>, at: Node<'a>, text: &str) -> Option<Binding<'a>> {
    let condition = condition?;
    let lets = std::iter::once(condition).chain(condition.named_children());
    let before = lets.filter(|n| n.kind() == Kind::LetCondition && n.span().end <= at.span().start);
    before
        .filter_map(|n| {
            let pattern = n.child(Field::Pattern)?;
            Some(Binding { name: bound_in(pattern, text)?, pattern, origin: Origin::Condition(n), scope })
        })
        .last()
}

fn in_block<'a>(block: Node<'a>, at: Node<'a>, text: &str) -> Option<Binding<'a>> {
    let mut found = None;
    for n in block.named_children() {
        match n.kind() {
            Kind::LetDeclaration if n.index() < at.index() => {
                let Some(pattern) = n.child(Field::Pattern) else { continue };
                if let Some(name) = bound_in(pattern, text) {
                    found = Some(Binding { name, pattern, origin: Origin::Let(n), scope: block });
                }
            }
            Kind::ConstItem | Kind::StaticItem if found.is_none() => {
                let Some(name) = n.child(Field::Name).filter(|name| name.text() == text) else { continue };
                found = Some(Binding { name, pattern: name, origin: Origin::Item(n), scope: block });
            }
            _ => {}
        }
    }
    found
}

/// Where a variable is used after its declaration, in order; a string literal stands for a capture in a format string. `None` where
/// a large closure, which is a block of its own, mentions it.
pub fn uses<'a>(bound: &Binding<'a>, cx: &Cx<'a>) -> Option<Vec<Node<'a>>> {
    let text = bound.name.text();
    let mut out = Vec::new();
    let pattern = bound.pattern.span();
    for n in bound.scope.descendants().filter(|n| n.span().start >= pattern.end) {
        if n.is_hole() {
            if mentions_deep(n, text, cx) {
                return None;
            }
            continue;
        }
        match n.kind() {
            Kind::Identifier | Kind::Metavariable if n.text() == text => {
                let own = binding(n).is_some_and(|b| b.name == bound.name);
                let declares = !own && n != bound.name && n.parent().is_some_and(|p| p.kind() == Kind::Parameter);
                if own && !declares {
                    out.push(n);
                }
            }
            Kind::StringLiteral | Kind::RawStringLiteral if captures(n, text) => out.push(n),
            _ => {}
        }
    }
    Some(out)
}

/// Whether a format string names a variable: `"{name}"`, `"{:>name$}"`.
pub fn captures(literal: Node<'_>, name: &str) -> bool {
    let within = literal.parent().is_some_and(|p| p.kind() == Kind::TokenTree);
    within
        && literal.text().match_indices('{').any(|(i, _)| {
            let rest = &literal.text()[i + 1..];
            let inner = rest.split('}').next().unwrap_or("");
            inner.split([':', '$', '.', '>', '<', '^', ' ']).any(|word| word.trim() == name)
        })
}

/// Whether the block behind a placeholder says a name.
fn mentions_deep<'a>(hole: Node<'a>, name: &str, cx: &Cx<'a>) -> bool {
    let Some(child) = hole.hole().and_then(|n| cx.block.child(n)) else { return true };
    says(child, name)
}

fn says(block: &crate::blocks::Block, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let text = block.arena().text();
    let here =
        text.match_indices(name).any(|(i, _)| !text[..i].ends_with(word) && !text[i + name.len()..].starts_with(word));
    here || block.children().any(|c| says(c, name))
}

/// Whether a node stands where a loop, or a closure that may run often, repeats it although `outside` is evaluated once.
pub fn repeats_within(node: Node<'_>, outside: Node<'_>) -> bool {
    node.ancestors()
        .take_while(|a| *a != outside)
        .any(|a| super::support::is_loop(a) || is_function(a) || a.kind() == Kind::AsyncBlock)
}
