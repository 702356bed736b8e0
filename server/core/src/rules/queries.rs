//! Calls that ask a database.

use sidenote_grammars::Kind;

use super::shape::root_name;
use super::support::{args, bare, method, place_name, string_value, words};
use crate::syntax::Node;

/// Methods that look up or change a row of a model; the receiver's name must begin with a capital, or be a table of a client.
const LOOKUPS: &[&str] = &[
    "findOne",
    "findById",
    "findByPk",
    "findUnique",
    "findUniqueOrThrow",
    "findFirst",
    "findOneBy",
    "findOneOrFail",
    "findOneByOrFail",
    "findByIdOrFail",
    "find",
    "findBy",
    "findMany",
    "findAll",
    "findAndCount",
    "count",
    "countDocuments",
    "aggregate",
    "create",
    "insertOne",
    "updateOne",
    "deleteOne",
    "findOneAndUpdate",
    "findOneAndDelete",
    "findByIdAndUpdate",
    "findByIdAndDelete",
    "upsert",
];

/// Whether a text is a query that reads.
pub fn is_select(text: &str) -> bool {
    let text = text.trim_start();
    text.get(..6).is_some_and(|t| t.eq_ignore_ascii_case("select"))
        || text.get(..5).is_some_and(|t| t.eq_ignore_ascii_case("with "))
}

/// Whether a text is a query that reads or changes rows.
fn is_query(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    is_select(text) || ["insert", "update", "delete"].iter().any(|w| first.eq_ignore_ascii_case(w))
}

/// Whether a call that [`is_lookup`] knows changes rows.
pub fn is_write(call: Node<'_>) -> bool {
    let named = method(call).is_some_and(|(_, n)| {
        let name = n.text();
        ["create", "insert", "update", "delete", "upsert"].iter().any(|w| name.starts_with(w))
            || name.ends_with("Update")
            || name.ends_with("Delete")
    });
    let text = args(call).next().map(bare).map_or("", Node::text);
    let written = text.trim_start_matches(['`', '\'', '"']);
    named || is_query(written) && !is_select(written)
}

/// Whether a call, which is awaited, reads or changes rows.
pub fn is_lookup(call: Node<'_>) -> bool {
    call.parent().is_some_and(|p| matches!(p.kind(), Kind::AwaitExpression)) && asks(call)
}

/// Whether a call reads or changes rows, if somebody waits for it.
pub fn asks(call: Node<'_>) -> bool {
    let Some((of, name)) = method(call) else { return false };
    let name = name.text();
    // `Tier.create(toTier(row))` makes an object of what it is given; a model is given its columns.
    let given = args(call).next().map(bare).map(|a| a.kind());
    let makes = name == "create" && matches!(given, Some(Kind::CallExpression | Kind::NewExpression));
    if makes {
        return false;
    }
    if LOOKUPS.contains(&name) {
        let of = bare(of);
        let last = place_name(of).unwrap_or_default().into_owned();
        let root = root_name(of).map_or("", Node::text);
        // What a page holds is no table.
        if matches!(root, "window" | "document" | "globalThis") {
            return false;
        }
        let all: Vec<String> = words(of.text());
        // `this.Contact` is a class that something else of the program was handed, of which nobody knows what it asks.
        return root != "this" && last.starts_with(|c: char| c.is_ascii_uppercase())
            || matches!(root, "prisma" | "db" | "database" | "models" | "knex" | "em")
            || all.iter().any(|w| {
                matches!(
                    w.as_str(),
                    "repo" | "repository" | "prisma" | "model" | "collection" | "dao" | "db" | "orm" | "manager"
                )
            });
    }
    let first = args(call).next().map(bare);
    let text = first.and_then(|f| match f.kind() {
        Kind::TemplateString => Some(std::borrow::Cow::Borrowed(f.text().trim_start_matches('`'))),
        _ => string_value(f),
    });
    matches!(
        name,
        "query"
            | "execute"
            | "get"
            | "all"
            | "one"
            | "oneOrNone"
            | "any"
            | "manyOrNone"
            | "raw"
            | "$queryRawUnsafe"
            | "request"
    ) && text.is_some_and(|t| is_query(&t))
}
