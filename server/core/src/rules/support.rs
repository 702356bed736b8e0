//! What several rules ask of syntax: constants, call paths, loops, enclosing functions.

use std::borrow::Cow;

use sidenote_grammars::{Field, Kind};

use super::{Cx, unparenthesized};
use crate::syntax::{Node, Span};

/// A node without the parentheses, casts and assertions around it.
pub fn bare(mut node: Node<'_>) -> Node<'_> {
    loop {
        node = unparenthesized(node);
        match node.kind() {
            Kind::AsExpression | Kind::SatisfiesExpression | Kind::NonNullExpression => match node.first_named() {
                Some(inner) => node = inner,
                None => return node,
            },
            _ => return node,
        }
    }
}

/// The text of a string literal or of a template without substitutions; escapes are resolved as far as they matter
/// to rules (`\n`, `\t`, quotes, backslashes; others stay as written).
pub fn string_value<'a>(node: Node<'a>) -> Option<Cow<'a, str>> {
    match node.kind() {
        Kind::String | Kind::TemplateString => {
            if node.child_of_kind(Kind::TemplateSubstitution).is_some() {
                return None;
            }
            let text = node.text();
            let inner = text.get(1..text.len().checked_sub(1)?)?;
            Some(unescape(inner))
        }
        Kind::StringLiteral => {
            let text = node.text();
            let from = text.find('"')? + 1;
            let inner = text.get(from..text.len().checked_sub(1)?)?;
            Some(unescape(inner))
        }
        Kind::RawStringLiteral => {
            let text = node.text();
            let from = text.find('"')? + 1;
            Some(Cow::Borrowed(text.get(from..text.rfind('"')?)?))
        }
        _ => None,
    }
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(c @ ('x' | 'u')) => out.extend(['\\', c]),
            Some(c) => out.push(c),
            None => out.push('\\'),
        }
    }
    Cow::Owned(out)
}

/// The constant behind an expression: itself, or the initial value of a `const` of that name that the block declares
/// exactly once (for Rust also a `let` without `mut`, a `const` or a `static`).
pub fn constant<'a>(node: Node<'a>) -> Node<'a> {
    let node = bare(node);
    if node.kind() != Kind::Identifier {
        return node;
    }
    let name = node.text();
    let mut found = None;
    for bound in node.arena().named(name) {
        let Some(n) = bound.parent() else { continue };
        let (binding, fixed) = match n.kind() {
            Kind::VariableDeclarator => {
                let fixed = n.parent().is_some_and(|p| p.child(Field::Kind).is_some_and(|k| k.text() == "const"));
                (n.child(Field::Name), fixed)
            }
            Kind::LetDeclaration => (n.child(Field::Pattern), n.child_of_kind(Kind::MutableSpecifier).is_none()),
            Kind::ConstItem | Kind::StaticItem => (n.child(Field::Name), true),
            _ => continue,
        };
        if binding == Some(bound) {
            if found.is_some() || !fixed {
                return node;
            }
            found = n.child(Field::Value);
        }
    }
    found.map_or(node, bare)
}

/// The source text of a constant expression: of the node, of a constant of the block, or of one that the file's top level
/// declares.
pub fn constant_text<'a>(node: Node<'a>, cx: &Cx<'a>) -> &'a str {
    let node = constant(node);
    if matches!(node.kind(), Kind::Identifier | Kind::ScopedIdentifier) {
        let name = node.text().rsplit("::").next().unwrap_or_default();
        if !declares(node, name)
            && let Some(text) = cx.file.declared.constants.get(name)
        {
            return text;
        }
    }
    node.text()
}

/// Whether the block itself binds the name: a parameter, a variable, a pattern.
pub fn declares(anywhere: Node<'_>, name: &str) -> bool {
    anywhere.arena().named(name).any(binds)
}

fn binds(n: Node<'_>) -> bool {
    let Some(parent) = n.parent() else { return false };
    match parent.kind() {
        Kind::VariableDeclarator | Kind::FunctionDeclaration | Kind::ClassDeclaration => n.field() == Field::Name,
        Kind::LetDeclaration | Kind::RequiredParameter | Kind::OptionalParameter | Kind::Parameter => {
            n.field() == Field::Pattern
        }
        Kind::ArrowFunction | Kind::CatchClause => n.field() == Field::Parameter,
        Kind::ForInStatement => n.field() == Field::Left && parent.child(Field::Kind).is_some(),
        Kind::AssignmentPattern => n.field() == Field::Left,
        Kind::PairPattern => n.field() == Field::Value,
        Kind::TupleStructPattern => n.field() != Field::Type,
        Kind::FormalParameters
        | Kind::ArrayPattern
        | Kind::ObjectPattern
        | Kind::RestPattern
        | Kind::ClosureParameters
        | Kind::TuplePattern
        | Kind::MutPattern
        | Kind::RefPattern => true,
        _ => n.kind() != Kind::Identifier,
    }
}

/// The arguments of a call, in order.
pub fn args<'a>(call: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    call.child(Field::Arguments).into_iter().flat_map(Node::named_children)
}

/// Receiver and name of a method call `receiver.name(..)`, of either family; generic arguments are looked through.
pub fn method<'a>(call: Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    if call.kind() != Kind::CallExpression {
        return None;
    }
    let mut callee = call.child(Field::Function)?;
    if callee.kind() == Kind::GenericFunction {
        callee = callee.child(Field::Function)?;
    }
    match callee.kind() {
        Kind::MemberExpression => Some((callee.child(Field::Object)?, callee.child(Field::Property)?)),
        Kind::FieldExpression => Some((callee.child(Field::Value)?, callee.child(Field::Field)?)),
        _ => None,
    }
}

/// The method calls that follow a call in its chain, from the inside out: `.b()` and `.c()` of `a().b().c()`; `?` and `.await` are
/// looked through.
pub fn chain<'a>(call: Node<'a>) -> Vec<Node<'a>> {
    let mut out = Vec::new();
    let mut at = call;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::FieldExpression if at.field() == Field::Value => at = parent,
            Kind::GenericFunction if at.field() == Field::Function => at = parent,
            Kind::TryExpression | Kind::AwaitExpression | Kind::ParenthesizedExpression => at = parent,
            Kind::CallExpression if at.field() == Field::Function => {
                out.push(parent);
                at = parent;
            }
            _ => break,
        }
    }
    out
}

/// The key of an object's pair as text, for `key`, `"key"` and `["key"]`.
pub fn key_name<'a>(pair: Node<'a>) -> Option<Cow<'a, str>> {
    let key = pair.child(Field::Key)?;
    match key.kind() {
        Kind::PropertyIdentifier | Kind::Identifier => Some(Cow::Borrowed(key.text())),
        Kind::String => string_value(key),
        Kind::ComputedPropertyName => key.first_named().and_then(string_value),
        _ => None,
    }
}

/// The last name of a place: `a` of `a`, `x.a`, `x['a']`, `x?.a`.
pub fn place_name<'a>(place: Node<'a>) -> Option<Cow<'a, str>> {
    let place = bare(place);
    match place.kind() {
        Kind::Identifier | Kind::ShorthandPropertyIdentifier => Some(Cow::Borrowed(place.text())),
        Kind::MemberExpression => place.child(Field::Property).map(|p| Cow::Borrowed(p.text())),
        Kind::SubscriptExpression => place.child(Field::Index).and_then(string_value),
        Kind::FieldExpression => place.child(Field::Field).map(|p| Cow::Borrowed(p.text())),
        _ => None,
    }
}

/// The dotted path of names, with its first name resolved through the file's imports, as if the block did not hide it:
/// `jwt.sign` becomes `jsonwebtoken.sign`. `None` where it is not a plain path.
pub fn ecma_path(node: Node<'_>, cx: &Cx<'_>) -> Option<String> {
    let mut names = Vec::new();
    let mut at = bare(node);
    loop {
        match at.kind() {
            Kind::MemberExpression => {
                names.push(at.child(Field::Property)?.text());
                at = bare(at.child(Field::Object)?);
            }
            Kind::Identifier => {
                names.push(cx.file.imports.path(at.text()).unwrap_or(at.text()));
                break;
            }
            Kind::This => {
                names.push("this");
                break;
            }
            // `require("crypto").createHash`
            Kind::CallExpression if at.child(Field::Function).is_some_and(|f| f.text() == "require") => {
                let module = args(at).next().filter(|a| a.kind() == Kind::String)?.text();
                let module = module.get(1..module.len() - 1)?;
                names.push(module.strip_prefix("node:").unwrap_or(module));
                break;
            }
            _ => return None,
        }
    }
    names.reverse();
    Some(names.join("."))
}

/// The path of a Rust expression or callee, without generic arguments, with its first name resolved through the `use`
/// declarations of the file and of the block: `fs::read` becomes `std::fs::read`.
pub fn rust_path(node: Node<'_>, cx: &Cx<'_>) -> Option<String> {
    let mut node = node;
    if node.kind() == Kind::GenericFunction {
        node = node.child(Field::Function)?;
    }
    let text = match node.kind() {
        Kind::Identifier => node.text().to_owned(),
        Kind::ScopedIdentifier => {
            let mut names = Vec::new();
            let mut at = node;
            loop {
                match at.kind() {
                    Kind::ScopedIdentifier | Kind::ScopedTypeIdentifier => {
                        names.push(at.child(Field::Name)?.text());
                        match at.child(Field::Path) {
                            Some(path) => at = path,
                            None => break,
                        }
                    }
                    Kind::GenericType | Kind::GenericTypeWithTurbofish => at = at.child(Field::Type)?,
                    Kind::BracketedType => at = at.first_named()?,
                    _ => {
                        names.push(at.text());
                        break;
                    }
                }
            }
            names.reverse();
            names.join("::")
        }
        _ => return None,
    };
    Some(resolve_rust(&text, cx))
}

/// Resolves the first name of a Rust path.
pub fn resolve_rust(path: &str, cx: &Cx<'_>) -> String {
    let (first, rest) = path.split_once("::").map_or((path, ""), |(a, b)| (a, b));
    let inner = cx.block.hir().imports.iter().find(|i| i.local.as_str() == first).map(|i| i.module.as_str());
    match inner.or_else(|| cx.file.imports.path(first)) {
        Some(base) if rest.is_empty() => base.to_owned(),
        Some(base) => format!("{base}::{rest}"),
        None => path.to_owned(),
    }
}

/// Whether a node begins a function of its own; its body does not run where it stands.
pub fn is_function(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        Kind::FunctionDeclaration
            | Kind::FunctionExpression
            | Kind::GeneratorFunction
            | Kind::GeneratorFunctionDeclaration
            | Kind::ArrowFunction
            | Kind::MethodDefinition
            | Kind::ClassStaticBlock
            | Kind::FunctionItem
            | Kind::ClosureExpression
    )
}

/// The nearest function around a node inside the block.
pub fn enclosing_function(node: Node<'_>) -> Option<Node<'_>> {
    node.ancestors().find(|n| is_function(*n))
}

/// Whether a node runs inside an async function or block: the nearest of these around it is async.
pub fn in_async(node: Node<'_>) -> bool {
    node.ancestors().find_map(is_async).unwrap_or(false)
}

/// Whether a function or async block is async; `None` for anything else.
pub fn is_async(node: Node<'_>) -> Option<bool> {
    match node.kind() {
        Kind::AsyncBlock => Some(true),
        Kind::FunctionItem => {
            Some(node.child_of_kind(Kind::FunctionModifiers).is_some_and(|m| m.text().split(' ').any(|w| w == "async")))
        }
        _ if is_function(node) => Some(node.has_token("async")),
        _ => None,
    }
}

/// Whether a node is a loop statement or expression.
pub fn is_loop(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        Kind::ForStatement
            | Kind::ForInStatement
            | Kind::WhileStatement
            | Kind::DoStatement
            | Kind::ForExpression
            | Kind::WhileExpression
            | Kind::LoopExpression
    )
}

/// The nearest loop of the same function that runs a node again and again: the node is in its body, condition or
/// increment, not in its initializer or iterated expression.
pub fn enclosing_loop(node: Node<'_>) -> Option<Node<'_>> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        if is_function(parent) || parent.kind() == Kind::AsyncBlock {
            return None;
        }
        if is_loop(parent) && matches!(at.field(), Field::Body | Field::Condition | Field::Increment) {
            return Some(parent);
        }
        at = parent;
    }
    None
}

/// The statement of the innermost block around a node.
pub fn statement(node: Node<'_>) -> Node<'_> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        if matches!(parent.kind(), Kind::Block | Kind::StatementBlock | Kind::Program | Kind::SourceFile) {
            break;
        }
        at = parent;
    }
    at
}

/// Whether code runs only where a condition around it, or one before it that ends in a return, says that this is no production
/// system.
pub fn for_developers(node: Node<'_>) -> bool {
    const WORDS: [&str; 7] = ["env", "production", "development", "isdev", "isprod", "debug", "expose"];
    let span = node.span();
    let says = |condition: Node<'_>| {
        let text = condition.text().to_ascii_lowercase();
        !condition.span().contains(span) && WORDS.iter().any(|w| text.contains(w))
    };
    let around = node.ancestors().any(|n| {
        let condition = match n.kind() {
            Kind::TernaryExpression | Kind::IfStatement => n.child(Field::Condition),
            Kind::BinaryExpression => n.child(Field::Left),
            _ => None,
        };
        condition.is_some_and(says)
    });
    around || node.ancestors().take_while(|n| !is_function(*n)).any(|n| left_production(n, span))
}

/// Whether a block returns before a place where this is a production system: `if (isProduction) return res.sendStatus(500);`
fn left_production(block: Node<'_>, place: Span) -> bool {
    if !matches!(block.kind(), Kind::StatementBlock | Kind::Program) {
        return false;
    }
    block.named_children().take_while(|s| s.span().end <= place.start).any(|s| {
        let (Some(condition), Some(then)) = (s.child(Field::Condition), s.child(Field::Consequence)) else {
            return false;
        };
        let text = condition.text().to_ascii_lowercase();
        let production =
            text.contains("prod") && !["!prod", "!isprod", "!is_prod", "!=="].iter().any(|w| text.contains(w));
        s.kind() == Kind::IfStatement && production && (then.text().contains("return") || then.text().contains("throw"))
    })
}

/// Whether a file's folder says that its code runs once and is done: migrations, seeds of a database.
pub fn runs_once(path: &str) -> bool {
    path.rsplit('/').skip(1).any(|folder| {
        matches!(folder, "migrations" | "migration" | "seeders" | "seeder" | "seeds" | "seed" | "codemods")
    })
}

/// The words of a name in lower case: `jwtSecretKey`, `JWT_SECRET_KEY` and `jwt-secret-key` give the same three.
pub fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut lower_before = false;
    let mut fresh = true;
    let chars: Vec<char> = name.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            fresh = true;
            continue;
        }
        let next_lower = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        let upper_run_ends = c.is_uppercase() && !lower_before && next_lower && i > 0 && chars[i - 1].is_uppercase();
        if fresh || (c.is_uppercase() && lower_before) || upper_run_ends {
            out.push(String::new());
            fresh = false;
        }
        if let Some(last) = out.last_mut() {
            last.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase() || c.is_numeric();
    }
    out
}
