//! Conditions of models, and which text is harmless where.

use sidenote_grammars::Kind;

use crate::semantics::hir::{Lit, Ustr};
use crate::syntax::Node;

use super::kinds::{SinkKind, SinkKinds};
use super::models::{Base, Condition, Constant, Looks, Port, Test};
use super::value::{At, ELEMENT, Val, Value, join};

/// The values around a call or write, for conditions.
pub(super) struct Ports<'a> {
    pub args: &'a [Val],
    pub receiver: Option<&'a Val>,
    pub value: Option<&'a Val>,
}

impl<'a> Ports<'a> {
    /// Those of a write.
    pub(super) fn write(value: &'a Val, object: &'a Val) -> Ports<'a> {
        Ports { args: &[], receiver: Some(object), value: Some(value) }
    }

    /// The value at a port, as far as it is known; `None` where it is not given.
    pub(super) fn read(&self, port: &Port) -> Option<Val> {
        let root = match port.base {
            Base::Arg(n) => self.args.get(n as usize),
            Base::ArgsFrom(n) => self.args.get(n as usize),
            Base::This => self.receiver,
            Base::Value => self.value,
            _ => None,
        };
        let mut at = root?.clone();
        for name in &port.path {
            let next = at.field(*name).cloned();
            at = match next {
                // What was pushed stands beside what is known by its place.
                _ if *name == *ELEMENT => at.fields().map(|(_, v)| v.clone()).reduce(|a, b| join(&a, &b))?,
                Some(v) => v,
                // Names of headers are written in any case.
                None if name.contains('-') && at.fields().any(|(n, _)| n.eq_ignore_ascii_case(name)) => {
                    at.fields().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone())?
                }
                None if name.parse::<u8>().is_ok() => at.field(*ELEMENT).cloned()?,
                None => return None,
            };
        }
        Some(at)
    }

    /// Whether some element of a list, or the value itself, passes a test.
    fn any(&self, port: &Port, test: impl Fn(&Val) -> bool) -> bool {
        match port.path.split_last() {
            Some((last, above)) if *last == *ELEMENT => {
                let list = self.read(&Port { base: port.base, path: above.iter().copied().collect() });
                list.is_some_and(|l| l.fields().any(|(_, v)| test(v)))
            }
            _ => self.read(port).is_some_and(|v| test(&v)),
        }
    }
}

/// Whether a condition holds.
pub(super) fn holds(condition: &Condition, ports: &Ports<'_>) -> bool {
    let value = ports.read(&condition.port);
    match &condition.test {
        Test::Given(wanted) => {
            let given = value.as_ref().is_some_and(|v| !matches!(v.as_lit(), Some(Lit::Undefined)));
            // An object of which only some fields are known may have the rest.
            given == *wanted && (*wanted || !may_be_given(condition, ports))
        }
        Test::Constant(wanted) => value.is_some_and(|v| v.exact == *wanted),
        Test::In(list) => ports.any(&condition.port, |v| v.lits.iter().any(|l| list.iter().any(|c| equals(c, l)))),
        Test::NotIn(list) => {
            value.is_some_and(|v| v.exact && !v.lits.iter().any(|l| list.iter().any(|c| equals(c, l))))
        }
        Test::Contains(list) => any_text(value.as_ref(), |t| list.iter().any(|p| t.contains(p.as_str()))),
        Test::Starts(list) => any_text(value.as_ref(), |t| list.iter().any(|p| t.starts_with(p.as_str()))),
        Test::Looks(looks) => any_text(value.as_ref(), |t| looks_like(t, *looks)),
        Test::Is(path) => value.is_some_and(|v| v.apis.contains(path)),
        Test::IsNot(path) => value.is_some_and(|v| !v.apis.contains(path)),
        Test::Bare(wanted) => value.is_some_and(|v| (v.prefix.is_none() && v.lits.is_empty()) == *wanted),
        Test::Below(limit) => value.is_some_and(|v| v.lits.iter().any(|l| matches!(l, Lit::Num(n) if n < limit))),
    }
}

/// Whether a field that was not seen may be there all the same: its object was not built in sight.
fn may_be_given(condition: &Condition, ports: &Ports<'_>) -> bool {
    if condition.port.path.is_empty() {
        return false;
    }
    let root = Port { base: condition.port.base, path: Default::default() };
    match ports.read(&root) {
        // A constant or a function has none.
        Some(object) if object.exact || !object.funcs.is_empty() => false,
        Some(object) => {
            object.fields.is_none()
                || object.field(*ELEMENT).is_some()
                || object.has_taint() && !object.taints.is_empty()
        }
        None => false,
    }
}

fn any_text(value: Option<&Val>, test: impl Fn(&str) -> bool) -> bool {
    let Some(value) = value else { return false };
    let prefix = value.prefix.into_iter();
    value.strings().chain(prefix).any(|t| test(&t.to_lowercase()))
}

fn equals(constant: &Constant, lit: &Lit) -> bool {
    match (constant, lit) {
        (Constant::Text(a), Lit::Str(b)) => *a == b.to_lowercase(),
        (Constant::Number(a), Lit::Num(b)) => a == b,
        (Constant::Bool(a), Lit::Bool(b)) => a == b,
        (Constant::Bool(false), Lit::Null | Lit::Undefined) => false,
        _ => false,
    }
}

/// Whether lower-case text looks like a language.
fn looks_like(text: &str, looks: Looks) -> bool {
    let text = text.trim_start_matches(['(', ' ', '\n', '\t', '\r']);
    match looks {
        Looks::Sql => {
            const VERBS: [&str; 14] = [
                "select ",
                "insert ",
                "update ",
                "delete ",
                "replace into",
                "create table",
                "create database",
                "drop ",
                "alter ",
                "with ",
                "merge into",
                "exec ",
                "call ",
                "truncate ",
            ];
            VERBS.iter().any(|v| text.starts_with(v) || text.starts_with(&v.replace(' ', "\n")))
        }
        Looks::Html => {
            text.starts_with('<') && text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '/')
                || text.contains("</")
                || text.contains("/>")
                || text.contains("<br")
                || text.contains("<img")
        }
        Looks::PlainHttp => {
            let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("ws://"));
            host.is_some_and(|h| !h.is_empty() && !is_near(h))
        }
    }
}

/// Whether a host is this machine, or one of the network around it.
fn is_near(host: &str) -> bool {
    const LOCAL: [&str; 7] = ["localhost", "127.", "0.0.0.0", "[::1]", "192.168.", "10.", "host.docker"];
    LOCAL.iter().any(|l| host.starts_with(l))
}

/// The key before a value of an address's query that goes over plain HTTP: `pin` at the end of `http://door.example.com/open?pin=`.
pub(super) fn plain_query_key(text: &str) -> Option<&str> {
    let host = text.strip_prefix("http://").filter(|h| !is_near(h))?;
    let (_, key) = host.strip_suffix('=')?.rsplit_once(['?', '&'])?;
    (!key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')))
        .then_some(key)
}

/// Whether the constant text before foreign text decides what matters to a sink, so that the foreign part is harmless.
pub(super) fn prefix_protects(kind: SinkKind, prefix: Option<Ustr>) -> bool {
    let Some(prefix) = prefix else { return false };
    let text = prefix.as_str();
    match kind {
        // The host is fixed once the text has gone past it.
        SinkKind::Url => after_host(text) || text.starts_with('/') && !text.starts_with("//"),
        SinkKind::Redirect => {
            after_host(text)
                || text.starts_with('/') && text.len() > 1 && !text[1..].starts_with(['/', '\\'])
                || text.starts_with(['?', '#'])
                || text.starts_with("./")
                // `client/..`: something beside the page.
                || text.split_once('/').is_some_and(|(name, _)| {
                    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
                })
        }
        SinkKind::SensitiveUrl => text.split_once("://").is_some_and(|(_, rest)| is_near(rest)),
        SinkKind::ScriptUrl => {
            !text.is_empty() && !text.to_lowercase().starts_with("javascript:") && !text.starts_with("data:")
        }
        _ => false,
    }
}

/// Stands for text that is no constant.
pub(super) const UNKNOWN_TEXT: char = '\u{fffc}';

/// Kinds of sinks to which an address's host matters.
pub(super) const ADDRESS: SinkKinds = SinkKind::Url.set().and(SinkKind::Redirect.set()).and(SinkKind::ScriptUrl.set());

/// Whether text that is put behind this one, in which [`UNKNOWN_TEXT`] stands for what is no constant, cannot change an
/// address's host.
pub(super) fn is_past_host(text: &str) -> bool {
    if text.contains("://") {
        return after_host(text);
    }
    // `?from=` leads to the page itself.
    if text.starts_with(['?', '#']) {
        return true;
    }
    let rest = text.trim_start_matches(UNKNOWN_TEXT);
    rest.len() < text.len() && (rest.starts_with(['?', '#']) || rest.starts_with('/') && !rest.starts_with("//"))
}

fn after_host(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#']))
}

/// Whether a value cannot do harm whatever flowed into it.
pub(super) fn is_harmless(kind: SinkKind, value: &Value) -> bool {
    match kind {
        // A size is harmful as a number.
        SinkKind::Allocation | SinkKind::Timer => value.exact,
        // A guessable secret and a dangling pointer may be of any type.
        SinkKind::Secret
        | SinkKind::Pointer
        | SinkKind::CryptoValue
        | SinkKind::SensitiveLog
        | SinkKind::SensitiveStore
        | SinkKind::SensitiveWire
        | SinkKind::SensitiveUrl
        | SinkKind::WeakHash
        | SinkKind::FastHash => false,
        // An object of operators is what harms; a string is none.
        SinkKind::NoSql | SinkKind::StringCheck => {
            value.types.is_harmless() || value.types == super::value::Types::STRING
        }
        _ => value.types.is_harmless(),
    }
}

/// Whether the argument of a logger's call is written out as JSON, or as code has it, by the call's format.
pub(super) fn is_written_out(at: &At) -> bool {
    let node = at.arena.root().smallest_at(at.span);
    let holds = |n: &Node<'_>| n.kind() == Kind::Arguments;
    let Some(list) = std::iter::once(node).chain(node.ancestors()).find(holds) else { return false };
    let all: Vec<_> = list.named_children().collect();
    let format = all.iter().position(|a| a.kind() == Kind::String && a.text().contains('%'));
    let own = all.iter().position(|a| a.span().contains(at.span));
    let Some((format, own)) = format.zip(own).filter(|(f, o)| o > f) else { return false };
    let placeholders = all[format].text().split('%').skip(1).filter_map(|p| p.chars().next());
    let kind = placeholders.filter(|k| "sdifjoOc".contains(*k)).nth(own - format - 1);
    kind.is_some_and(|k| "joO".contains(k))
}
