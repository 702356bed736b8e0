//! SQL text and command lines that are built of a function's own parameters (Rust).

use sidenote_grammars::{Field, Kind};

use super::rust_names::{Origin, binding};
use super::rust_types::macro_name;
use super::support::{args, method, rust_path, string_value};
use super::{Cx, unparenthesized};
use crate::findings::{Confidence, Note, Severity};
use crate::syntax::Node;

/// Methods and functions that take a statement's text.
fn runs(name: &str) -> bool {
    matches!(
        name,
        "execute"
            | "query"
            | "query_as"
            | "query_scalar"
            | "query_row"
            | "query_map"
            | "query_one"
            | "query_opt"
            | "execute_batch"
            | "batch_execute"
            | "prepare"
            | "prepare_cached"
            | "sql_query"
            | "raw_sql"
            | "simple_query"
            | "query_drop"
            | "query_first"
            | "query_iter"
            | "exec_drop"
            | "exec"
            | "exec_first"
            | "fetch_all"
            | "fetch_one"
            | "from_string"
            | "execute_unprepared"
    )
}

/// Reports a statement into whose quotes a text parameter of the function is put.
pub fn quoted_parameter<'a>(call: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = call.child(Field::Function) else { return };
    let name = match method(call) {
        Some((_, m)) => m.text().to_owned(),
        None => rust_path(callee, cx).unwrap_or_default().rsplit("::").next().unwrap_or_default().to_owned(),
    };
    if !runs(&name) {
        return;
    }
    let by_format = || args(call).find_map(built).and_then(placeholder_in_quotes);
    let Some((parameter, at)) = by_format().or_else(|| args(call).find_map(joined_in_quotes)) else { return };
    let message = format!(
        "`{name}` runs SQL into whose quotes `{parameter}` is put as it is: a quote in it ends the text, and the rest runs as SQL. Keep the statement constant and bind the value."
    );
    cx.report(
        Note::new(
            cx.rule,
            call.child(Field::Arguments).and_then(Node::first_named).map_or(call.span(), |a| a.span()),
            message,
        )
        .related(at.span(), "it is put in here")
        .confidence(Confidence::Medium)
        .severity(Severity::High),
    );
}

/// The `format!` that makes an argument, on the spot or in the only `let` of the name.
fn built(argument: Node<'_>) -> Option<Node<'_>> {
    let mut at = unparenthesized(argument);
    loop {
        at = match at.kind() {
            Kind::ReferenceExpression => unparenthesized(at.child(Field::Value)?),
            Kind::MacroInvocation => return (macro_name(at) == "format").then_some(at),
            Kind::CallExpression => {
                let (of, m) = method(at)?;
                matches!(m.text(), "as_str" | "as_ref" | "to_owned" | "into" | "clone").then_some(of)?
            }
            Kind::Identifier => match binding(at)?.origin {
                Origin::Let(n) => unparenthesized(n.child(Field::Value)?),
                _ => return None,
            },
            _ => return None,
        };
    }
}

/// The parameter of the function, a text, that stands in single quotes in the SQL of a `format!`.
fn placeholder_in_quotes<'a>(format: Node<'a>) -> Option<(&'a str, Node<'a>)> {
    let (text, places) = placeholders(format)?;
    let sql = is_statement(&text);
    let quoted =
        |at: usize| text[..at].trim_end_matches('%').ends_with('\'') && text[..at].matches('\'').count() % 2 == 1;
    let found = places.into_iter().find(|(at, name)| sql && quoted(*at) && is_text_parameter(format, name));
    found.map(|(_, name)| (name, format))
}

/// The parameter of the function, a text, that stands in single quotes in SQL that is joined: `"… = '".to_owned() + &name + "'"`.
fn joined_in_quotes<'a>(argument: Node<'a>) -> Option<(&'a str, Node<'a>)> {
    let mut at = unparenthesized(argument);
    while at.kind() == Kind::ReferenceExpression {
        at = unparenthesized(at.child(Field::Value)?);
    }
    if at.kind() == Kind::Identifier
        && let Origin::Let(n) = binding(at)?.origin
    {
        at = unparenthesized(n.child(Field::Value)?);
    }
    let (mut parts, whole) = (Vec::new(), at);
    while at.kind() == Kind::BinaryExpression && at.child(Field::Operator)?.text() == "+" {
        parts.push(unparenthesized(at.child(Field::Right)?));
        at = unparenthesized(at.child(Field::Left)?);
    }
    parts.push(at);
    let mut text = String::new();
    for part in parts.iter().rev() {
        if let Some(literal) =
            part.descendants().find(|n| matches!(n.kind(), Kind::StringLiteral | Kind::RawStringLiteral))
        {
            text.push_str(&string_value(literal)?);
            continue;
        }
        let mut name = *part;
        while name.kind() == Kind::ReferenceExpression {
            name = unparenthesized(name.child(Field::Value)?);
        }
        let quoted = text.trim_end_matches('%').ends_with('\'') && text.matches('\'').count() % 2 == 1;
        if quoted && is_statement(&text) && name.kind() == Kind::Identifier && is_text_parameter(whole, name.text()) {
            return Some((name.text(), whole));
        }
    }
    None
}

fn is_statement(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    upper.contains("SELECT ") && upper.contains(" FROM ")
        || upper.contains("INSERT INTO ")
        || upper.contains("UPDATE ") && upper.contains(" SET ")
        || upper.contains("DELETE FROM ")
}

/// Names with their positions in a text.
type Named<'a> = Vec<(usize, &'a str)>;

/// The text of a `format!`, and the names that are put in at its placeholders with their positions; arguments that are more than
/// a name, and named ones, are left out.
fn placeholders<'a>(format: Node<'a>) -> Option<(std::borrow::Cow<'a, str>, Named<'a>)> {
    let literal = format.descendants().find(|n| matches!(n.kind(), Kind::StringLiteral | Kind::RawStringLiteral))?;
    let text = string_value(literal)?;
    let given: Vec<Node<'a>> = literal.parent()?.children().skip_while(|n| *n != literal).skip(1).collect();
    let mut positional: Vec<Vec<Node<'a>>> = given.split(|n| n.text() == ",").map(<[_]>::to_vec).collect();
    positional.retain(|p| p.iter().any(|n| n.is_named()));
    let mut out = Vec::new();
    let mut next = 0;
    for (i, _) in text.match_indices('{') {
        let inner = text[i + 1..].split('}').next().unwrap_or_default();
        let argument = if inner.is_empty() {
            let argument = positional.get(next).cloned();
            next += 1;
            argument.and_then(|tokens| match tokens.iter().filter(|t| t.is_named()).collect::<Vec<_>>()[..] {
                [only] if only.kind() == Kind::Identifier => Some(only.text()),
                _ => None,
            })
        } else if inner.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
            // The name as it stands in the source.
            literal.text().find(&format!("{{{inner}}}")).and_then(|at| literal.text().get(at + 1..at + 1 + inner.len()))
        } else {
            None
        };
        out.extend(argument.map(|name| (i, name)));
    }
    Some((text, out))
}

/// Reports a shell's command line that is built of a text parameter of the function.
pub fn shell_parameter<'a>(call: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(call).filter(|(_, m)| matches!(m.text(), "arg" | "args")) else { return };
    let shell = std::iter::successors(Some(of), |n| method(*n).map(|(r, _)| r)).last().is_some_and(|root| {
        root.child(Field::Function).is_some_and(|f| f.text().ends_with("Command::new"))
            && args(root).next().is_some_and(|a| {
                let program = a.text().trim_matches('"').rsplit('/').next().unwrap_or_default().to_owned();
                matches!(program.as_str(), "sh" | "bash" | "zsh" | "dash" | "cmd" | "cmd.exe" | "powershell")
            })
    });
    if !shell {
        return;
    }
    let mut texts: Vec<Node<'a>> = Vec::new();
    for argument in
        args(call).map(|a| if a.kind() == Kind::ReferenceExpression { a.child(Field::Value).unwrap_or(a) } else { a })
    {
        match argument.kind() {
            Kind::ArrayExpression => texts.extend(argument.named_children()),
            _ => texts.push(argument),
        }
    }
    let found = texts.into_iter().filter_map(|t| built(t).map(|f| (t, f))).find_map(|(at, format)| {
        let (_, places) = placeholders(format)?;
        places.into_iter().find(|(_, n)| is_text_parameter(format, n)).map(|(_, n)| (at, n))
    });
    if let Some((at, parameter)) = found {
        let message = format!(
            "The shell runs a line that `{parameter}` is part of: `;` or `$(..)` in it runs what the caller likes. Start the program without a shell, and give `{parameter}` as an argument."
        );
        cx.report(
            Note::new(cx.rule, at.span(), message)
                .related(name.span(), "handed to the shell here")
                .confidence(Confidence::Medium)
                .severity(Severity::High),
        );
    }
}

/// Whether a name is a parameter of the function around that holds text.
fn is_text_parameter(inside: Node<'_>, name: &str) -> bool {
    let Some(bound) = super::rust_names::visible(inside, name) else { return false };
    let Origin::Param(parameter) = bound.origin else { return false };
    parameter.child(Field::Type).is_some_and(|t| {
        let t = t.text().trim_start_matches('&').trim_start_matches("'static ").trim_start_matches("'_ ");
        matches!(t, "str" | "String" | "Option<String>")
            || t.ends_with(" str")
            || t.starts_with("impl AsRef<str>")
            || t.starts_with("impl Into<String>")
            || t.starts_with("Cow<")
    })
}
