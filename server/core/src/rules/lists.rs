//! What lists hold, by what they are called: data, of which there may be any number, or the few parts that something is made of.

use sidenote_grammars::{Field, Kind};

use super::support::{bare, constant, method, place_name, words};
use crate::syntax::Node;

/// Words for things of which a program that works has many.
const DATA: &[&str] = &[
    "accounts",
    "addresses",
    "albums",
    "animals",
    "appointments",
    "arr",
    "array",
    "arrays",
    "articles",
    "artifacts",
    "artists",
    "assets",
    "attachments",
    "backups",
    "balances",
    "batches",
    "bills",
    "blocks",
    "bookings",
    "books",
    "branches",
    "buckets",
    "bytes",
    "campaigns",
    "candidates",
    "cards",
    "cars",
    "categories",
    "cats",
    "cells",
    "channels",
    "characters",
    "chars",
    "chunks",
    "cities",
    "citizens",
    "clients",
    "comments",
    "commits",
    "companies",
    "contacts",
    "coordinates",
    "coords",
    "countries",
    "courses",
    "customers",
    "data",
    "dates",
    "deals",
    "decks",
    "departments",
    "devices",
    "directories",
    "dirs",
    "docs",
    "doctors",
    "documents",
    "dogs",
    "downloads",
    "edges",
    "elements",
    "elems",
    "els",
    "emails",
    "employees",
    "endpoints",
    "entities",
    "entries",
    "events",
    "expenses",
    "features",
    "feeds",
    "filenames",
    "files",
    "flights",
    "folders",
    "followers",
    "foods",
    "frames",
    "friends",
    "fruits",
    "games",
    "genres",
    "grades",
    "groups",
    "guids",
    "hashes",
    "histograms",
    "hits",
    "hosts",
    "hotels",
    "ids",
    "images",
    "ingredients",
    "intervals",
    "invoices",
    "issues",
    "items",
    "jobs",
    "keys",
    "leads",
    "lessons",
    "likes",
    "lines",
    "links",
    "list",
    "lists",
    "locations",
    "logs",
    "mails",
    "matches",
    "matrices",
    "measurements",
    "members",
    "messages",
    "metrics",
    "movies",
    "msgs",
    "nodes",
    "notes",
    "notifications",
    "numbers",
    "nums",
    "objects",
    "offers",
    "orders",
    "organisations",
    "organizations",
    "packets",
    "pages",
    "paragraphs",
    "parts",
    "paths",
    "patients",
    "payments",
    "people",
    "persons",
    "pets",
    "photos",
    "pixels",
    "places",
    "players",
    "playlists",
    "points",
    "polygons",
    "positions",
    "posts",
    "prices",
    "products",
    "projects",
    "promises",
    "pubkeys",
    "queries",
    "queue",
    "quotes",
    "ranges",
    "ratings",
    "readings",
    "receipts",
    "recipes",
    "recipients",
    "records",
    "rects",
    "reports",
    "repos",
    "repositories",
    "requests",
    "reservations",
    "results",
    "reviews",
    "rooms",
    "rows",
    "sales",
    "samples",
    "scores",
    "segments",
    "sensors",
    "sentences",
    "servers",
    "services",
    "sessions",
    "shapes",
    "skus",
    "snapshots",
    "songs",
    "stack",
    "statements",
    "stations",
    "stocks",
    "strings",
    "students",
    "subscribers",
    "subscriptions",
    "symbols",
    "tables",
    "tags",
    "tasks",
    "teachers",
    "teams",
    "tests",
    "things",
    "threads",
    "tickets",
    "todos",
    "tokens",
    "topics",
    "tracks",
    "trades",
    "transactions",
    "triangles",
    "trips",
    "tuples",
    "tweets",
    "txs",
    "uploads",
    "uris",
    "urls",
    "users",
    "uuids",
    "vals",
    "values",
    "vectors",
    "vehicles",
    "vertices",
    "videos",
    "votes",
    "wallets",
    "words",
];

/// Whether a name says that many things are in what it names: `users`, `orderIds`, `xs`.
pub fn is_data_name(name: &str) -> bool {
    let name = name.trim_matches(['_', '$', '#']);
    // `xs`: one of many things that have no name.
    let short = name.len() == 2 && name.ends_with('s') && name.chars().all(|c| c.is_ascii_lowercase());
    short || words(name).last().is_some_and(|w| DATA.contains(&w.as_str()))
}

/// Words of [`DATA`] that name short lists as often as long ones: events of a button, bytes of a number, parts of a whole.
const VAGUE: &[&str] = &[
    "addresses",
    "assets",
    "batches",
    "blocks",
    "buckets",
    "bytes",
    "cells",
    "channels",
    "characters",
    "chars",
    "chunks",
    "clients",
    "events",
    "frames",
    "groups",
    "hosts",
    "intervals",
    "keys",
    "links",
    "matches",
    "members",
    "pages",
    "parts",
    "paths",
    "points",
    "queue",
    "ranges",
    "rects",
    "samples",
    "segments",
    "services",
    "shapes",
    "stack",
    "statements",
    "symbols",
    "tags",
    "tests",
    "strings",
    "things",
    "threads",
    "tokens",
    "topics",
    "tuples",
    "vectors",
    "wallets",
];

/// Whether a list holds things of which programs store thousands: users, orders, records.
pub fn is_surely_data(list: Node<'_>) -> bool {
    is_data(list) && !is_vague(list, 8)
}

fn is_vague(list: Node<'_>, depth: usize) -> bool {
    let at = bare(list);
    let Some(depth) = depth.checked_sub(1) else { return false };
    if let Some((of, name)) = method(at)
        && matches!(name.text(), "map" | "filter" | "slice" | "sort" | "reverse" | "flat" | "flatMap" | "trim")
    {
        return is_vague(of, depth);
    }
    place_name(at).is_some_and(|n| words(&n).last().is_some_and(|w| VAGUE.contains(&w.as_str())))
}

/// Whether a name says that it stands for one of many things: `user`, `orderId`.
pub fn is_one_of_data(name: &str) -> bool {
    let Some(last) = words(name.trim_matches(['_', '$', '#'])).pop() else { return false };
    let many = match last.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if last.ends_with(['s', 'x', 'h']) => format!("{last}es"),
        None => format!("{last}s"),
    };
    last.len() > 1 && DATA.contains(&many.as_str())
}

/// Whether a list may hold any number of things, by its own name or that of what it is made of: `users`, `this.items.filter(ok)`,
/// `await loadUsers()`, the entries of what is declared as a `Record`.
pub fn is_data(list: Node<'_>) -> bool {
    let mut at = bare(list);
    for _ in 0..8 {
        if at.kind() == Kind::AwaitExpression {
            let Some(inner) = at.first_named() else { return false };
            at = bare(inner);
            continue;
        }
        let Some((of, name)) = method(at) else { break };
        match name.text() {
            "map" | "filter" | "slice" | "sort" | "reverse" | "flat" | "flatMap" | "concat" | "toSorted"
            | "toReversed" | "trim" | "then" => at = bare(of),
            "keys" | "values" | "entries" if of.text() == "Object" => {
                return at.child(Field::Arguments).and_then(Node::first_named).is_some_and(is_table);
            }
            "from" if of.text() == "Array" => {
                let Some(first) = at.child(Field::Arguments).and_then(Node::first_named) else { return false };
                at = bare(first);
            }
            "keys" | "values" | "entries" => at = bare(of),
            // `text.split(',')`, `str.match(/x/g)`: pieces of a text.
            "split" => return at.child(Field::Arguments).is_none_or(|a| a.named_children().count() <= 2),
            "match" | "matchAll" => return true,
            _ => break,
        }
    }
    if at.kind() == Kind::NewExpression {
        return at.child(Field::Arguments).and_then(Node::first_named).is_some_and(is_data);
    }
    if at.kind() == Kind::CallExpression {
        return at.child(Field::Function).and_then(place_name).is_some_and(|n| is_data_name(&n));
    }
    place_name(at).is_some_and(|n| is_data_name(&n)) || {
        let value = constant(at);
        value != at && value.kind() == Kind::CallExpression && is_data(value)
    }
}

/// Whether an object is declared as a table, of which the program does not know the keys: `Record<string, User>`.
fn is_table(object: Node<'_>) -> bool {
    let object = bare(object);
    if object.kind() != Kind::Identifier {
        return false;
    }
    object.arena().nodes().any(|n| {
        let named = n.child(Field::Pattern).or_else(|| n.child(Field::Name)).is_some_and(|p| p.text() == object.text());
        named
            && n.child(Field::Type).is_some_and(|t| {
                let written = t.text().trim_start_matches([':', ' ']);
                written.starts_with("Record<string") || written.starts_with("{ [")
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_data() {
        for name in ["users", "orderIds", "xs", "this_rows", "ROWS", "allFiles"] {
            assert!(is_data_name(name), "{name}");
        }
        for name in ["plugins", "options", "args", "x", "config", "namers", "s"] {
            assert!(!is_data_name(name), "{name}");
        }
        for name in ["user", "orderId", "city", "hash"] {
            assert!(is_one_of_data(name), "{name}");
        }
        for name in ["plugin", "namer", "x", "option", ""] {
            assert!(!is_one_of_data(name), "{name}");
        }
    }
}
