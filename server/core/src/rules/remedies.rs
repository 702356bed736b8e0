//! Suggested rewrites for data that reaches a sink (TypeScript and JavaScript): what the sink would have to look like.
//!
//! None is safe by itself: a text shown as text instead of as HTML is another program. Each leaves code that parses and from which
//! the finding is gone.

use sidenote_grammars::{Field, Kind};

use super::shape::operator;
use super::support::{args, bare, method};
use crate::semantics::flow::kinds::SinkKind;
use crate::syntax::{Arena, Node, Span};

/// A title, and edits in the block's own text.
pub(crate) type Remedy = (String, Vec<(Span, String)>);

/// Rewrites of the sink at a span of a block.
pub(crate) fn remedies(kind: SinkKind, arena: &Arena, at: Span) -> Vec<Remedy> {
    let node = widest(arena.root().smallest_at(at), at);
    match kind {
        SinkKind::Html => html(node).into_iter().collect(),
        SinkKind::Command => command(node).into_iter().collect(),
        SinkKind::Sql => sql(node),
        SinkKind::Path => path(node).into_iter().collect(),
        SinkKind::Regex => regex(node).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The outermost node of that very span.
fn widest(node: Node<'_>, at: Span) -> Node<'_> {
    node.ancestors().take_while(|a| a.span() == at).last().unwrap_or(node)
}

/// The call of which a node is the n-th argument.
fn call_of(argument: Node<'_>) -> Option<(Node<'_>, usize)> {
    let call = argument.parent().filter(|p| p.kind() == Kind::Arguments)?.parent()?;
    let position = args(call).position(|a| a == argument)?;
    matches!(call.kind(), Kind::CallExpression | Kind::NewExpression).then_some((call, position))
}

/// `x.innerHTML = text` becomes `x.textContent = text`; jQuery's `html(text)` becomes `text(text)`.
fn html(node: Node<'_>) -> Option<Remedy> {
    let title = || "Show it as text, not as HTML".to_owned();
    if node.kind() == Kind::MemberExpression {
        let property = node.child(Field::Property).filter(|p| matches!(p.text(), "innerHTML" | "outerHTML"))?;
        let assignment =
            node.parent().filter(|p| p.kind() == Kind::AssignmentExpression && node.field() == Field::Left)?;
        let plain = !has_markup(assignment.child(Field::Right)?);
        return (plain && property.text() == "innerHTML")
            .then(|| (title(), vec![(property.span(), "textContent".to_owned())]));
    }
    let (call, _) = call_of(node)?;
    let (of, name) = method(call)?;
    let jquery = of.text().starts_with('$') && name.text() == "html" && !has_markup(node);
    jquery.then(|| (title(), vec![(name.span(), "text".to_owned())]))
}

/// Whether a constant part of a text begins a tag.
fn has_markup(value: Node<'_>) -> bool {
    value.descendants().any(|n| matches!(n.kind(), Kind::String | Kind::TemplateString) && n.text().contains('<'))
}

/// The constant and the changing parts of a text, in order; `None` where it is no text made here.
fn parts<'a>(value: Node<'a>) -> Option<Vec<Part<'a>>> {
    let mut out = Vec::new();
    gather(bare(value), &mut out, 0)?;
    out.iter().any(|p| matches!(p, Part::Value(_))).then_some(out)
}

enum Part<'a> {
    Text(&'a str),
    Value(Node<'a>),
}

fn gather<'a>(value: Node<'a>, out: &mut Vec<Part<'a>>, depth: usize) -> Option<()> {
    if depth > 20 {
        return None;
    }
    match value.kind() {
        Kind::String => out.push(Part::Text(inner(value)?)),
        Kind::TemplateString => {
            let text = value.arena().text();
            let mut from = value.span().start + 1;
            for child in value.named_children().filter(|c| c.kind() == Kind::TemplateSubstitution) {
                out.push(Part::Text(text.get(from as usize..child.span().start as usize)?));
                out.push(Part::Value(child.first_named()?));
                from = child.span().end;
            }
            out.push(Part::Text(text.get(from as usize..value.span().end.checked_sub(1)? as usize)?));
        }
        Kind::BinaryExpression if operator(value) == "+" => {
            gather(bare(value.child(Field::Left)?), out, depth + 1)?;
            gather(bare(value.child(Field::Right)?), out, depth + 1)?;
        }
        _ => out.push(Part::Value(value)),
    }
    // Escapes would have to be undone.
    let escaped = out.last().is_some_and(|p| matches!(p, Part::Text(t) if t.contains('\\')));
    (!escaped).then_some(())
}

fn inner<'a>(string: Node<'a>) -> Option<&'a str> {
    let text = string.text();
    text.get(1..text.len().checked_sub(1)?)
}

/// `cp.exec(`git clone ${url}`, ..)` becomes `cp.execFile("git", ["clone", url], ..)`.
fn command(node: Node<'_>) -> Option<Remedy> {
    let (call, position) = call_of(node)?;
    let (_, name) = method(call)?;
    let instead = match name.text() {
        "exec" => "execFile",
        "execSync" => "execFileSync",
        _ => return None,
    };
    let parts = parts(node).filter(|_| position == 0)?;
    // Words of the command line, each of constant and changing pieces.
    let mut words: Vec<Vec<(bool, String)>> = vec![Vec::new()];
    for part in parts {
        match part {
            Part::Text(text) => {
                let plain = |c: char| {
                    c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '=' | ':' | ',' | '@' | '%' | '+')
                };
                if !text.chars().all(plain) {
                    return None;
                }
                for (n, piece) in text.split(' ').enumerate() {
                    if n > 0 {
                        words.push(Vec::new());
                    }
                    if let Some(last) = words.last_mut().filter(|_| !piece.is_empty()) {
                        last.push((false, piece.to_owned()));
                    }
                }
            }
            Part::Value(value) => words.last_mut()?.push((true, value.text().to_owned())),
        }
    }
    words.retain(|w| !w.is_empty());
    let shown = |word: &Vec<(bool, String)>| match word.as_slice() {
        [(false, text)] => format!("'{text}'"),
        [(true, value)] => value.clone(),
        pieces => {
            let body: String = pieces.iter().map(|(v, t)| if *v { format!("${{{t}}}") } else { t.clone() }).collect();
            format!("`{body}`")
        }
    };
    let (program, rest) = words.split_first()?;
    // Which program runs must not be up to the data.
    if program.iter().any(|(changes, _)| *changes) || rest.is_empty() {
        return None;
    }
    let list: Vec<String> = rest.iter().map(shown).collect();
    let text = format!("{}, [{}]", shown(program), list.join(", "));
    Some((
        format!("Use `{instead}`, which runs no shell"),
        vec![(name.span(), instead.to_owned()), (node.span(), text)],
    ))
}

/// A query made of parts becomes one with placeholders and a list of values.
fn sql(node: Node<'_>) -> Vec<Remedy> {
    sql_remedies(node).unwrap_or_default()
}

fn sql_remedies(node: Node<'_>) -> Option<Vec<Remedy>> {
    let (call, position) = call_of(node)?;
    let (_, name) = method(call)?;
    if position != 0 || args(call).count() != 1 {
        return None;
    }
    let parts = parts(node)?;
    let mut pieces: Vec<String> = Vec::new();
    let mut values: Vec<&str> = Vec::new();
    for part in &parts {
        match part {
            Part::Text(text) => pieces.push((*text).to_owned()),
            Part::Value(value) => {
                values.push(value.text());
                pieces.push(String::new());
            }
        }
    }
    // The text before and behind each value: a value stands alone or in quotes of its own.
    let mut n = 0;
    let mut slots = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        if !matches!(part, Part::Value(_)) {
            continue;
        }
        let before = i.checked_sub(1).and_then(|b| pieces.get(b)).cloned().unwrap_or_default();
        let after = pieces.get(i + 1).cloned().unwrap_or_default();
        let quoted = before.ends_with('\'') && after.starts_with('\'');
        let compared = {
            let lead = before.trim_end_matches('\'').trim_end().to_ascii_lowercase();
            lead.ends_with('=')
                || lead.ends_with('>')
                || lead.ends_with('<')
                || lead.ends_with("values (")
                || lead.ends_with("values(")
                || lead.ends_with(" like")
                || n > 0 && lead.ends_with(',')
        };
        if !compared || !quoted && (before.ends_with('\'') || after.starts_with('\'')) {
            return None;
        }
        if quoted {
            if let Some(b) = i.checked_sub(1).and_then(|b| pieces.get_mut(b)) {
                b.pop();
            }
            if let Some(a) = pieces.get_mut(i + 1) {
                a.remove(0);
            }
        }
        slots.push(i);
        n += 1;
    }
    if pieces.iter().any(|p| p.contains('`')) {
        return None;
    }
    let written = |mark: &dyn Fn(usize) -> String| -> String {
        let mut text = String::new();
        let mut n = 0;
        for (i, piece) in pieces.iter().enumerate() {
            text.push_str(piece);
            if slots.contains(&i) {
                n += 1;
                text.push_str(&mark(n));
            }
        }
        text
    };
    let tagged = match name.text() {
        "$queryRawUnsafe" => Some("$queryRaw"),
        "$executeRawUnsafe" => Some("$executeRaw"),
        _ => None,
    };
    if let Some(tag) = tagged {
        let text = written(&|n| format!("${{{}}}", values.get(n - 1).copied().unwrap_or_default()));
        let span = Span { start: name.span().start, end: call.span().end };
        return Some(vec![(format!("Use `{tag}`, which sends values apart"), vec![(span, format!("{tag}`{text}`"))])]);
    }
    let list = values.join(", ");
    let one = |title: &str, mark: &dyn Fn(usize) -> String| -> Remedy {
        (title.to_owned(), vec![(node.span(), format!("`{}`, [{list}]", written(mark)))])
    };
    let question = |title: &str| one(title, &|_| "?".to_owned());
    match name.text() {
        "query" => Some(vec![
            one("Send the values apart (PostgreSQL: `$1`)", &|n| format!("${n}")),
            question("Send the values apart (MySQL: `?`)"),
        ]),
        "execute" | "raw" | "all" | "get" | "run" | "each" => Some(vec![question("Send the values apart (`?`)")]),
        _ => None,
    }
}

/// `path.join(root, name)` becomes `path.join(root, path.basename(name))`.
fn path(node: Node<'_>) -> Option<Remedy> {
    let call = bare(node);
    let (of, name) = method(call)?;
    if of.text() != "path" || !matches!(name.text(), "join" | "resolve") {
        return None;
    }
    let given: Vec<Node<'_>> = args(call).collect();
    let last = given.last().filter(|_| given.len() > 1)?;
    if !matches!(bare(*last).kind(), Kind::Identifier | Kind::MemberExpression | Kind::SubscriptExpression) {
        return None;
    }
    // The parts before must be the program's own.
    let fixed = given.iter().rev().skip(1).all(|a| {
        matches!(bare(*a).kind(), Kind::String)
            || bare(*a).text().chars().all(|c| c.is_ascii_uppercase() || c == '_')
            || matches!(bare(*a).text(), "__dirname" | "process.cwd()")
    });
    fixed.then(|| {
        ("Take the file's name alone".to_owned(), vec![(last.span(), format!("path.basename({})", last.text()))])
    })
}

/// `new RegExp(text)` becomes one that reads the text as it stands.
fn regex(node: Node<'_>) -> Option<Remedy> {
    let (_, position) = call_of(node)?;
    let plain = matches!(bare(node).kind(), Kind::Identifier | Kind::MemberExpression | Kind::SubscriptExpression);
    (position == 0 && plain).then(|| {
        let text = format!("String({}).replace(/[.*+?^${{}}()|[\\]\\\\]/g, '\\\\$&')", node.text());
        ("Take the text as it stands".to_owned(), vec![(node.span(), text)])
    })
}
