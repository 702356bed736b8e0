//! What the rules of performance and quality ask of syntax: equality, effects, where control goes, callbacks.

use std::sync::Arc;

use sidenote_grammars::{Field, Kind};

use super::Cx;
use super::support::{args, bare, declares, is_function, is_loop, statement};
use crate::findings::{Note, Place};
use crate::syntax::{Node, Span};

/// Whether two subtrees say the same, whatever their spaces, comments and outer parentheses.
pub fn same(a: Node<'_>, b: Node<'_>) -> bool {
    let (a, b) = (super::unparenthesized(a), super::unparenthesized(b));
    let mut left = a.descendants().filter(|n| !n.is_comment());
    let mut right = b.descendants().filter(|n| !n.is_comment());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) => {
                if x.kind() != y.kind() || x.is_hole() || y.is_hole() || x.is_error() {
                    return false;
                }
                let (leaf_x, leaf_y) = (x.children().next().is_none(), y.children().next().is_none());
                if leaf_x != leaf_y || (leaf_x || is_text(x)) && x.text() != y.text() {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

fn is_text(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::String | Kind::TemplateString | Kind::Regex | Kind::StringLiteral | Kind::JsxText)
}

/// Whether evaluating an expression only reads: no call, no assignment, nothing that waits. Getters are taken for fields.
pub fn only_reads(node: Node<'_>) -> bool {
    !node.descendants().any(|n| {
        n.is_hole()
            || is_function(n)
            || matches!(
                n.kind(),
                Kind::CallExpression
                    | Kind::NewExpression
                    | Kind::MacroInvocation
                    | Kind::AwaitExpression
                    | Kind::YieldExpression
                    | Kind::AssignmentExpression
                    | Kind::AugmentedAssignmentExpression
                    | Kind::CompoundAssignmentExpr
                    | Kind::UpdateExpression
                    | Kind::TryExpression
                    | Kind::JsxElement
                    | Kind::JsxSelfClosingElement
                    | Kind::Import
            )
            || n.kind() == Kind::UnaryExpression && n.has_token("delete")
            || n.kind() == Kind::Token && n.text() == "delete"
    })
}

/// The operator of a binary, unary or assignment expression; empty if there is none.
pub fn operator<'a>(node: Node<'a>) -> &'a str {
    node.child(Field::Operator).map_or("", Node::text)
}

/// Both operands.
pub fn operands<'a>(node: Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    Some((node.child(Field::Left)?, node.child(Field::Right)?))
}

/// Whether a node is the global of that name: nothing in the block or at the file's top level binds it.
pub fn is_global(node: Node<'_>, name: &str, cx: &Cx<'_>) -> bool {
    node.kind() == Kind::Identifier && node.text() == name && !cx.is_bound(name) && !declares(node, name)
}

/// The function behind a node: an inline one, or that in a child block.
pub fn function<'a>(node: Node<'a>, cx: &Cx<'a>) -> Option<Node<'a>> {
    let node = bare(node);
    matches!(node.kind(), Kind::ArrowFunction | Kind::FunctionExpression).then(|| cx.open(node))
}

/// The inline function that a call gets as its n-th argument.
pub fn callback<'a>(call: Node<'a>, n: usize, cx: &Cx<'a>) -> Option<Node<'a>> {
    function(args(call).nth(n)?, cx)
}

/// Reports a note whose span lies in the block of `inner`: this one, or a child of it.
pub fn report_in<'a>(cx: &mut Cx<'a>, inner: Node<'a>, mut note: Note) {
    if !std::ptr::eq(inner.arena(), cx.arena()) {
        let child = cx.block.children().find(|c| std::ptr::eq(Arc::as_ptr(c.arena()), inner.arena()));
        let Some(child) = child else { return };
        if let Place::Here(span) = note.place {
            note.place = Place::Block(Arc::clone(child.arena()), span);
        }
        // Edits and related places of this block's text would land elsewhere.
        note.fixes.clear();
        note.related.clear();
    }
    cx.report(note);
}

/// The parameters' patterns of a function, without types and default values.
pub fn parameters<'a>(function: Node<'a>) -> Vec<Node<'a>> {
    if let Some(only) = function.child(Field::Parameter) {
        return vec![only];
    }
    let Some(list) = function.child(Field::Parameters) else { return Vec::new() };
    list.named_children()
        .map(|p| p.child(Field::Pattern).unwrap_or(p))
        .map(|p| if p.kind() == Kind::AssignmentPattern { p.child(Field::Left).unwrap_or(p) } else { p })
        .collect()
}

/// The values that a function returns, an arrow's expression included; `None` where it has no body.
pub fn returned<'a>(function: Node<'a>) -> Option<Vec<Node<'a>>> {
    let body = function.child(Field::Body)?;
    if body.kind() != Kind::StatementBlock {
        return Some(vec![body]);
    }
    let returns = body.descendants_until(|n| is_function(n) || n.kind() == Kind::ClassDeclaration);
    Some(returns.filter(|n| n.kind() == Kind::ReturnStatement).filter_map(Node::first_named).collect())
}

/// Whether control never passes the end of a statement of JavaScript.
pub fn exits(statement: Node<'_>) -> bool {
    exits_within(statement, MAX_DEPTH)
}

/// Nesting of statements beyond which control is taken to pass.
const MAX_DEPTH: usize = 40;

fn exits_within(statement: Node<'_>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let exits = |inner: Node<'_>| exits_within(inner, depth);
    match statement.kind() {
        Kind::ReturnStatement | Kind::ThrowStatement | Kind::BreakStatement | Kind::ContinueStatement => true,
        Kind::StatementBlock => statement.named_children().any(exits),
        Kind::IfStatement => {
            let otherwise = statement
                .child(Field::Alternative)
                .and_then(|e| if e.kind() == Kind::ElseClause { e.last_named() } else { Some(e) });
            otherwise.is_some_and(exits) && statement.child(Field::Consequence).is_some_and(exits)
        }
        Kind::TryStatement => {
            let finalizer = statement.child(Field::Finalizer).and_then(|f| f.child(Field::Body));
            let handler = statement.child(Field::Handler).map(|h| h.child(Field::Body));
            finalizer.is_some_and(exits)
                || statement.child(Field::Body).is_some_and(exits) && handler.is_none_or(|body| body.is_some_and(exits))
        }
        Kind::WhileStatement => {
            statement.child(Field::Condition).is_some_and(|c| matches!(bare(c).text(), "true" | "1"))
                && !broken(statement)
        }
        Kind::ForStatement => {
            let condition = statement.child(Field::Condition);
            condition.is_none_or(|c| c.kind() == Kind::EmptyStatement) && !broken(statement)
        }
        Kind::SwitchStatement => switch_exits(statement, depth),
        Kind::ExpressionStatement => statement.first_named().is_some_and(never_returns),
        _ => false,
    }
}

fn switch_exits(statement: Node<'_>, depth: usize) -> bool {
    let Some(body) = statement.child(Field::Body) else { return false };
    let clauses: Vec<_> = body.named_children().collect();
    let has_default = clauses.iter().any(|c| c.kind() == Kind::SwitchDefault);
    let last_exits = clauses.last().is_some_and(|c| case_body(*c).any(|s| exits_within(s, depth)));
    has_default && last_exits && !broken(statement)
}

/// The statements of a `case` or `default`.
pub fn case_body<'a>(clause: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    clause.named_children().filter(|n| n.field() != Field::Value)
}

/// Whether a `break` inside may leave this loop or switch.
pub fn broken(around: Node<'_>) -> bool {
    around.descendants_until(is_function).any(|n| {
        n.kind() == Kind::BreakStatement
            && (n.child(Field::Label).is_some()
                || n.ancestors().find(|a| is_loop(*a) || a.kind() == Kind::SwitchStatement) == Some(around))
    })
}

/// Calls after which nothing follows: `process.exit()`, `assertNever(x)`.
pub fn never_returns(expression: Node<'_>) -> bool {
    let expression = bare(expression);
    if expression.kind() != Kind::CallExpression {
        return false;
    }
    let Some(callee) = expression.child(Field::Function) else { return false };
    let text = callee.text();
    let last = text.rsplit('.').next().unwrap_or(text).to_ascii_lowercase();
    text == "process.exit"
        || text == "process.abort"
        || ["assertnever", "unreachable", "die", "fail", "panic", "bail", "fatal", "usage", "exit", "absurd"]
            .contains(&last.as_str())
        || last.starts_with("throw")
            && !super::support::words(text).iter().any(|w| matches!(w.as_str(), "if" | "when" | "unless" | "on"))
        || last.contains("unreachable")
        || last.contains("exhaustive")
        || last.starts_with("neverreach")
}

/// Whether a comment lies inside a node that says why, and is no mark of a tool or of work to be done.
pub fn is_explained(node: Node<'_>) -> bool {
    node.descendants().any(|n| n.is_comment() && explains(n.text()))
}

/// Whether a comment behind a node on its line, or in the line above it, says why.
pub fn is_commented(node: Node<'_>) -> bool {
    let text = node.arena().text();
    let line = text[node.span().end as usize..].lines().next().unwrap_or_default();
    let above = text[..node.span().start as usize].rsplit('\n').nth(1).unwrap_or_default().trim_start();
    line.find("//").is_some_and(|i| explains(&line[i..])) || above.starts_with("//") && explains(above)
}

/// Whether a comment at such a place explains itself with one of these words, which are in lower case.
pub fn is_said(cx: &Cx<'_>, near: impl Fn(Span) -> bool, words: &[&str]) -> bool {
    cx.arena().comments().filter(|c| near(c.span()) && explains(c.text())).any(|c| {
        let text = c.text().to_lowercase().replace('`', "");
        words.iter().any(|w| text.contains(w))
    })
}

/// Whether a comment's text says something to a reader: not `TODO`, not a mark such as `//~ ERROR` or `// NOT OK`.
pub fn explains(comment: &str) -> bool {
    let text = comment.trim_matches(|c: char| matches!(c, '/' | '*' | '{' | '}') || c.is_whitespace());
    let first = text.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or_default();
    let mark = [
        "todo",
        "fixme",
        "xxx",
        "hack",
        "bug",
        "bad",
        "nok",
        "ruleid",
        "flag",
        "alert",
        "flaw",
        "vuln",
        "vulnerable",
        "noncompliant",
        "finding",
        "smell",
    ];
    // `EXPECT rule-id`, `WARN: ..`: a word in capitals that is not one of those that give a reason.
    let shouted = first.len() > 2
        && first.chars().all(|c| c.is_ascii_uppercase())
        && !matches!(first, "SAFETY" | "NOTE" | "IGNORE" | "INVARIANT" | "PANIC" | "UNWRAP" | "PERF" | "COMPAT");
    let names_a_rule = shouted && text.split_whitespace().nth(1).is_none_or(|w| w.contains(['-', '_']));
    let marks = text.starts_with(['~', '$', '^', '@', '!']) && !text.starts_with("@ignore")
        || mark.contains(&first.to_ascii_lowercase().as_str());
    !marks && !names_a_rule && text.chars().any(|c| c.is_ascii_lowercase())
}

/// Whether a name occurs in a subtree as a variable.
pub fn mentions(node: Node<'_>, name: &str) -> bool {
    node.descendants().any(|n| {
        matches!(
            n.kind(),
            Kind::Identifier | Kind::ShorthandPropertyIdentifier | Kind::ShorthandPropertyIdentifierPattern
        ) && n.text() == name
    })
}

/// Whether a comment in or right above the statement speaks of the dependencies of a hook.
pub fn explains_dependencies(node: Node<'_>, cx: &Cx<'_>) -> bool {
    let around = statement(node).span();
    cx.arena().comments().any(|c| {
        let near = c.span().end <= around.start && around.start - c.span().end < 40 || around.contains(c.span());
        near && (c.text().contains("deps") || c.text().contains("dependenc") || c.text().contains("eslint-disable"))
    })
}

/// The innermost function around a node, or the block's root.
pub fn home<'a>(node: Node<'a>) -> Node<'a> {
    node.ancestors().find(|n| is_function(*n)).unwrap_or_else(|| node.arena().root())
}

/// The first variable of an expression of members, subscripts and calls: `a` of `a.b[0].c()`.
pub fn root_name<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let mut at = bare(node);
    loop {
        at = match at.kind() {
            Kind::Identifier | Kind::This => return Some(at),
            Kind::MemberExpression | Kind::SubscriptExpression => bare(at.child(Field::Object)?),
            Kind::CallExpression => bare(at.child(Field::Function)?),
            Kind::AwaitExpression => bare(at.first_named()?),
            _ => return None,
        };
    }
}

/// The declaration that a name means where it stands: a declarator, or a parameter of TypeScript; `Err` for a parameter without a
/// node of its own. Functions around are asked from the inside out; `None` where none declares it or one does twice.
fn declaration<'a>(name: Node<'a>) -> Option<Result<Node<'a>, ()>> {
    if name.kind() != Kind::Identifier {
        return None;
    }
    let text = name.text();
    // The function of each declaration; `None` is the block itself.
    let mut found: Vec<(Option<Node<'a>>, Result<Node<'a>, ()>)> = Vec::new();
    for n in name.arena().nodes() {
        match n.kind() {
            Kind::VariableDeclarator if n.child(Field::Name).is_some_and(|d| d.text() == text) => {
                found.push((n.ancestors().find(|a| super::support::is_function(*a)), Ok(n)));
            }
            Kind::RequiredParameter | Kind::OptionalParameter
                if n.child(Field::Pattern).is_some_and(|d| d.text() == text) =>
            {
                found.push((n.ancestors().find(|a| super::support::is_function(*a)), Ok(n)));
            }
            Kind::FormalParameters if n.named_children().any(|d| d.kind() == Kind::Identifier && d.text() == text) => {
                found.push((n.parent(), Err(())));
            }
            Kind::ShorthandPropertyIdentifierPattern if n.text() == text => {
                let parameters = n.ancestors().find(|a| a.kind() == Kind::FormalParameters);
                found.extend(parameters.map(|p| (p.parent(), Err(()))));
            }
            Kind::ArrowFunction if n.child(Field::Parameter).is_some_and(|d| d.text() == text) => {
                found.push((Some(n), Err(())));
            }
            _ => {}
        }
    }
    // A declarator's own name, and a parameter's, stand in the function that they belong to.
    let around = name.ancestors().filter(|a| super::support::is_function(*a)).map(Some).chain([None]);
    for function in around {
        let mut here = found.iter().filter(|(of, _)| *of == function);
        match (here.next(), here.next()) {
            (Some((_, only)), None) => return Some(*only),
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
    }
    None
}

/// The declarator of the variable that a name means, unless its function declares the name more than once or takes it as a
/// parameter.
pub fn declarator<'a>(name: Node<'a>) -> Option<Node<'a>> {
    declaration(name)?.ok().filter(|d| d.kind() == Kind::VariableDeclarator)
}

/// The type written beside the variable or parameter that a name means, without the colon; `None` where there is none.
pub fn written_type<'a>(name: Node<'a>) -> Option<&'a str> {
    let written = declaration(name)?.ok()?.child(Field::Type)?;
    Some(written.text().trim_start_matches([':', ' ', '\n']).trim())
}

/// Whether an expression is certainly an array: a literal, a variable with an array's type or an array's initial value, or a
/// call that gives a new array.
pub fn is_array(node: Node<'_>) -> bool {
    is_array_within(node, 4)
}

fn is_array_within(node: Node<'_>, depth: usize) -> bool {
    let node = bare(node);
    match node.kind() {
        _ if depth == 0 => false,
        Kind::Array => true,
        Kind::Identifier => {
            let typed = written_type(node)
                .is_some_and(|t| t.ends_with("[]") || t.starts_with("Array<") || t.starts_with("ReadonlyArray<"));
            typed || declarator(node).and_then(|d| d.child(Field::Value)).is_some_and(|v| is_array_within(v, depth - 1))
        }
        Kind::CallExpression => {
            let Some((receiver, name)) = super::support::method(node) else { return false };
            match name.text() {
                "keys" | "values" | "entries" => receiver.text() == "Object",
                "from" | "of" => receiver.text() == "Array",
                "split" => true,
                "map" | "flatMap" if args(node).next().is_some_and(|a| is_function(bare(a))) => true,
                "map" | "filter" | "flatMap" | "flat" | "slice" | "concat" | "sort" | "reverse" | "toSorted" => {
                    is_array_within(receiver, depth - 1)
                }
                _ => false,
            }
        }
        Kind::NewExpression => node.child(Field::Constructor).is_some_and(|c| c.text() == "Array"),
        _ => false,
    }
}

/// Whether a file's classes may be components of React: it imports React or one like it, holds elements by its name, or imports nothing, as
/// scripts of a page do.
pub fn is_of_react(cx: &Cx<'_>) -> bool {
    let mut imports = cx.file.imports.iter().map(|(_, path)| path).peekable();
    cx.file.path.ends_with("sx")
        || imports.peek().is_none()
        || imports.any(|path| {
            path.starts_with("react") || path.starts_with("preact") || path.starts_with("@wordpress/element")
        })
}

/// Whether a file is part of a page: by its folder, its ending, or what it imports.
pub fn is_of_a_page(cx: &Cx<'_>) -> bool {
    let path = &cx.file.path;
    let folder = path.rsplit('/').skip(1).any(|f| {
        matches!(
            f,
            "browser"
                | "components"
                | "component"
                | "ui"
                | "widgets"
                | "hooks"
                | "composables"
                | "electron-browser"
                | "public"
                | "static"
                | "www"
        )
    });
    folder
        || path.ends_with("sx")
        || path.ends_with(".vue")
        || cx.file.imports.iter().any(|(_, from)| {
            ["react", "preact", "vue", "svelte", "@angular/core", "lit", "solid-js", "@wordpress/element"].iter().any(
                |library| {
                    from.strip_prefix(library).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/', '-']))
                },
            )
        })
}

/// Whether a file is run by hand, and somebody waits for its end: a script, a migration, a program's commands.
pub fn runs_by_hand(path: &str) -> bool {
    path.rsplit('/').skip(1).any(|f| {
        matches!(f, "scripts" | "script" | "npm-scripts" | "migrate" | "migration" | "migrations" | "seeds" | "cli")
    })
}

/// The expression that a name is given where it is declared in the function.
pub fn local_value<'a>(name: Node<'a>, outer: Node<'a>) -> Option<Node<'a>> {
    let is = |n: &Node<'a>| n.child(Field::Name).is_some_and(|l| l.text() == name.text());
    let declared = |n: Node<'a>| n.kind() == Kind::VariableDeclarator && is(&n);
    let assigned = |n: Node<'a>| match n.kind() {
        Kind::VariableDeclarator if is(&n) => n.child(Field::Value),
        Kind::AssignmentExpression if n.child(Field::Left).is_some_and(|l| l.text() == name.text()) => {
            n.child(Field::Right)
        }
        _ => None,
    };
    if name.kind() != Kind::Identifier {
        return None;
    }
    let holds = |f: &Node<'a>| f.descendants().any(declared);
    let function = name.ancestors().filter(|n| is_function(*n)).find(holds).or(Some(outer).filter(holds))?;
    function.descendants().find_map(assigned).map(bare)
}
