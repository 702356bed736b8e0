use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{closure, plain_method, round, tail};
use crate::rules::rust_items::last_name;
use crate::rules::rust_names::{Origin, binding};
use crate::rules::rust_types::type_of;
use crate::rules::shape::operator;
use crate::rules::support::{args, bare, is_loop, method, words};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "linear-search-in-loop",
    summary: "a list is searched from the front in every round of a loop",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[407],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `v.contains(..)` and `v.iter().any/find/position(..)` on a vector in a loop over something else, where the loop also grows the vector (`if !seen.contains(&x) { seen.push(x) }`) or the vector comes from outside of the function, and an equal element is searched.",
        why: "Every round looks at up to all elements: with 10,000 on both sides that is a hundred million steps, where a set takes 10,000.",
        example: "for id in ids {\n    if !seen.contains(&id) { seen.push(id); }\n}",
        instead: "for id in ids {\n    if seen.insert(id) { out.push(id); }\n}",
        limits: "Lists whose names say that they are short (columns, flags, options), lists of anything but texts, numbers and records that are found by their `id` (kinds, algorithms and the like are few), lists that a comment calls short, arrays, constants, strings and vectors that are made in every round are left alone, as are vectors whose length is written in the source. Only searches for something that changes with the round count.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::near_miss(
            "a.rs",
            "fn check(all: &[Member], seen: &mut Set) -> Result<(), Error> { for m in all { if !seen.insert(m.id) { return Err(all.iter().find(|x| x.name == m.name).into()); } } Ok(()) }",
        ),
        Case::bad(
            "a.rs",
            "fn common(a: &[Entry], b: &[Entry]) -> Vec<String> { let mut out = Vec::new(); for x in a { if b.iter().any(|y| y.name == x.name) { out.push(x.name.clone()); } } out } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(ids: &[u32]) -> Vec<u32> { let mut seen = Vec::new(); for id in ids { if !seen.contains(id) { seen.push(*id); } } seen } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &[String], b: &Vec<String>) { for x in a { if b.contains(x) { go(x); } } } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: Vec<User>, b: Vec<Order>) { for o in &b { let u = a.iter().find(|u| u.id == o.user); go(u); } } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &[u32], b: &[u32]) -> Vec<u32> { a.iter().copied().filter(|x| b.contains(x)).collect() } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &[String], order: &[String]) -> Vec<Option<usize>> { a.iter().map(|x| order.iter().position(|o| o == x)).collect() } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "struct S { seen: Vec<String> }\nimpl S { fn f(&mut self, names: &[String]) { for n in names { if self.seen.contains(n) { continue; } self.seen.push(n.clone()); } } } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &[u8], b: &[u8]) { let mut i = 0; while i < a.len() { if b.contains(&a[i]) { go(i); } i += 1; } } //~ linear-search-in-loop",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(a: &[Span], b: &[Span]) { for o in b { let u = a.iter().find(|u| u.start <= o.start); go(u); } }",
        ),
        Case::bad(
            "a.rs",
            "fn f(b: Vec<Order>) { let mut all: Vec<u32> = Vec::new(); for o in &b { if !all.iter().any(|u| *u == o.user) { all.push(o.user); } } } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &[u8], b: &[u8]) -> usize { let mut n = 0; for x in a.iter() { if b.contains(x) { n += 1; } } n } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(names: &[String], all: &[String]) -> usize { let mut k = 0; for n in names { if !all.contains(n) { k += 1; } } k } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &[u8]) { let mut order: Vec<u8> = vec![]; for x in a { let p = order.iter().position(|o| o == x); if p.is_none() { order.push(*x); } } } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(edges: &[(u8, u8)]) { let mut nodes: Vec<u8> = vec![]; for (a, b) in edges { if !nodes.contains(a) { nodes.push(*a); } go(b); } } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(lines: &str, stop: Vec<String>) { for w in lines.split(' ') { if stop.contains(&w.to_string()) { continue; } go(w); } } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(users: &[User], ids: &[u64]) -> usize { let all: Vec<u64> = users.iter().map(|u| u.id).collect(); let mut n = 0; for id in ids { if all.contains(id) { n += 1; } } n } //~ linear-search-in-loop",
        ),
        Case::bad(
            "a.rs",
            "struct I { users: Vec<User> }\nimpl I { fn f(&self, orders: &[(u64, u32)]) { for (uid, total) in orders { if let Some(u) = self.users.iter().find(|u| u.id == *uid) { go(u, total); } } } } //~ linear-search-in-loop",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(statistics: Vec<Column>, key_indices: &[usize]) -> Vec<Column> { statistics.into_iter().enumerate().filter(|(i, _)| key_indices.contains(i)).map(|(_, s)| s).collect() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(scripts: &[String], files: &[String]) -> usize { let mut n = 0; for s in scripts { if files.contains(s) { n += 1; } } n }",
        ),
        Case::good(
            "a.rs",
            "fn f(ids: &[u32]) { let mut seen = HashSet::new(); for id in ids { if seen.insert(id) { go(id); } } }",
        ),
        Case::good("a.rs", "fn f(a: &[u8]) { for x in a { if [1, 2, 3].contains(x) { go(x); } } }"),
        Case::good("a.rs", "fn f(a: &[u8], b: &Vec<u8>, y: u8) { for x in a { if b.contains(&y) { go(x); } } }"),
        Case::good("a.rs", "fn f(a: &[String]) { for x in a { if x.contains(\"y\") { go(x); } } }"),
        Case::good("a.rs", "fn f(a: &Vec<u8>, x: u8) -> bool { a.contains(&x) }"),
        Case::good("a.rs", "fn f(a: &[u8]) { let small = vec![1, 2]; for x in a { if small.contains(x) { go(x); } } }"),
        Case::good("a.rs", "fn f(a: &[Vec<u8>]) { for x in a { if x.contains(&1) { go(x); } } }"),
        Case::good(
            "a.rs",
            "const ALL: &[u8] = &[1, 2];\nfn f(a: &[u8]) { for x in a { if ALL.contains(x) { go(x); } } }",
        ),
        Case::near_miss("a.rs", "fn f(a: &[u8], r: Range<u8>) { for x in a { if r.contains(x) { go(x); } } }"),
        Case::near_miss("a.rs", "fn f(a: &[u8], b: &[u8; 4]) { for x in a { if b.contains(x) { go(x); } } }"),
        Case::near_miss(
            "a.rs",
            "fn f(rows: &[Row]) { for row in rows { let cells: Vec<u8> = row.cells(); for c in row.keys() { if cells.contains(&c) { go(c); } } } }",
        ),
        Case::near_miss("a.rs", "fn f(b: &Vec<u8>) { for i in 0..3 { if b.contains(&i) { go(i); } } }"),
        Case::near_miss(
            "a.rs",
            "fn f(client: &[CertificateType], server: &[CertificateType]) -> Option<CertificateType> { for ct in client { if server.contains(ct) { return Some(*ct); } } None }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(files: &[PathBuf]) { let mut found: Vec<PathBuf> = Vec::new(); for file in files { if found.iter().any(|p| file.starts_with(p)) { continue; } found.push(file.clone()); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(a: &[Span], fields: &[Field]) -> usize { a.iter().filter(|x| !fields.iter().any(|f| f.name == x.name)).count() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(all: &[Definition], refs: Vec<Definition>) -> Vec<Definition> { refs.into_iter().filter(|r| !all.contains(r)).collect() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(steps: &[u32]) { let mut v = Vec::new(); for s in steps {\n    // The limit is 20, so this is not too expensive.\n    if v.contains(s) { break; }\n    v.push(*s);\n} }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(groups: &[&dyn Group]) { let mut known = Vec::with_capacity(4); for g in groups { let kx = g.algorithm(); if !known.contains(&kx) { known.push(kx); } } go(known); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((inner, name)) = method(node) else { return };
    let Some(what) = args(node).next() else { return };
    let list = match name.text() {
        "contains" => inner,
        "any" | "find" | "position" | "filter" => match plain_method(inner) {
            Some((list, "iter")) => list,
            _ => return,
        },
        _ => return,
    };
    let Some(again) = round(node) else { return };
    let own =
        list.kind() == Kind::FieldExpression && list.child(Field::Value).is_some_and(|v| v.kind() == Kind::SelfValue);
    if !own && list.kind() != Kind::Identifier || list.text().chars().all(|c| c.is_uppercase() || c == '_') {
        return;
    }
    if !type_of(list, cx).is_some_and(|t| matches!(t.name, "Vec" | "[]" | "VecDeque")) {
        return;
    }
    let bound = binding(list);
    if bound.is_none() && !own {
        return;
    }
    // The loop or closure that repeats the search.
    let Some(around) = node.ancestors().find(|a| {
        is_loop(*a) && a.child(Field::Body).is_some_and(|b| b.span().contains(node.span()))
            || a.kind() == Kind::ClosureExpression && !what.span().contains(a.span())
    }) else {
        return;
    };
    if bound.is_some_and(|b| around.span().contains(b.name.span())) || few_rounds(around) {
        return;
    }
    let grows = around.descendants().any(|n| {
        method(n).is_some_and(|(r, m)| {
            matches!(m.text(), "push" | "push_back" | "extend") && r.kind() == list.kind() && r.text() == list.text()
        })
    });
    // A set answers only what asks for an equal element.
    let equal = name.text() == "contains" || compares(what);
    let given = bound.is_some_and(|b| match b.origin {
        Origin::Param(_) => true,
        // `let known: Vec<_> = rows.iter().map(..).collect();`
        Origin::Let(n) => n.child(Field::Value).is_some_and(|v| plain_method(v).is_some_and(|(_, m)| m == "collect")),
        _ => false,
    });
    let own_records = own && name.text() != "contains" && by_id(what);
    if !equal || !(grows || given || own_records) || is_few(list) || looped(around).is_some_and(is_few) {
        return;
    }
    // Of kinds, versions, algorithms and other things with names of their own there are a few; of texts and numbers there may be any
    // number, and of records that are told by a number of theirs.
    let of_list = type_of(list, cx);
    // A table of the program: `&'static [&'static str]`.
    let fixed = bound.is_some_and(|b| match b.origin {
        Origin::Param(p) => p.child(Field::Type).is_some_and(|t| t.text().contains("'static")),
        _ => false,
    });
    let mut element = of_list.map(|t| last_name(t.arg().name).to_owned()).unwrap_or_default();
    // What is looked for is of the same type.
    if matches!(element.as_str(), "" | "_") && name.text() == "contains" {
        element = type_of(bare(what), cx).map(|t| last_name(t.name).to_owned()).unwrap_or_default();
    }
    let plain =
        matches!(element.as_str(), "String" | "str" | "PathBuf" | "Path" | "OsString" | "Uuid" | "{integer}" | "char")
            || number(&element);
    let record = name.text() != "contains" && by_id(what);
    if fixed || !plain && !record || is_said_short(node) {
        return;
    }
    // What leaves the loop is searched for once.
    let once = node.ancestors().take_while(|a| *a != around).any(|a| a.kind() == Kind::ReturnExpression);
    if once {
        return;
    }
    // What is looked for changes with the round.
    let varies = what.descendants().any(|n| {
        n.kind() == Kind::Identifier
            && binding(n).is_some_and(|b| {
                !what.span().contains(b.name.span())
                    && (around.span().contains(b.name.span()) || steps(around, n.text()))
            })
    });
    if !varies {
        return;
    }
    let message = format!(
        "Every round searches `{}` from the front: the loop grows with the product of both lengths. Keep a set or a map of it.",
        list.text()
    );
    cx.report(Note::new(cx.rule, tail(name, node), message).related(again, "runs again and again"));
}

fn number(ty: &str) -> bool {
    matches!(ty, "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize")
}

/// `|u| u.id == order.user_id`.
fn by_id(what: Node<'_>) -> bool {
    let Some((_, body)) = closure(what) else { return false };
    let body = unparenthesized(body);
    body.named_children().any(|side| {
        let side = if side.kind() == Kind::UnaryExpression { side.last_named().unwrap_or(side) } else { side };
        side.kind() == Kind::FieldExpression
            && side.child(Field::Field).is_some_and(|f| {
                let f = f.text();
                matches!(
                    f,
                    "id" | "key" | "uuid" | "email" | "code" | "sku" | "number" | "name" | "username" | "hash" | "slug"
                ) || f.ends_with("_id")
            })
    })
}

/// Whether a comment right above says how long the list can get.
fn is_said_short(node: Node<'_>) -> bool {
    let before = &node.arena().text()[..node.span().start as usize];
    before.lines().rev().skip(1).take(6).take_while(|l| !l.trim_end().ends_with(';')).any(|l| {
        let l = l.trim_start().to_lowercase();
        l.starts_with("//")
            && ["limit", "few", "short", "small", "expensive", "at most", "long chain"].iter().any(|w| l.contains(w))
    })
}

/// Whether a loop counts a variable up or down.
fn steps(around: Node<'_>, name: &str) -> bool {
    around.descendants().any(|n| {
        matches!(n.kind(), Kind::CompoundAssignmentExpr | Kind::AssignmentExpression)
            && n.child(Field::Left).is_some_and(|l| l.text() == name)
    })
}

/// Whether a closure finds an element by something that equals something else.
fn compares(what: Node<'_>) -> bool {
    let Some((_, body)) = closure(what) else { return false };
    let body = unparenthesized(body);
    body.kind() == Kind::BinaryExpression && operator(body) == "=="
}

/// Whether a loop's range says that it runs a few times only.
fn few_rounds(around: Node<'_>) -> bool {
    let Some(over) = around.child(Field::Value).map(bare) else { return false };
    let literal =
        over.kind() == Kind::RangeExpression && over.named_children().all(|n| n.kind() == Kind::IntegerLiteral);
    literal || over.kind() == Kind::ArrayExpression
}

/// What a loop goes over, or an iterator whose closure this is.
fn looped(around: Node<'_>) -> Option<Node<'_>> {
    let mut over = match around.kind() {
        Kind::ForExpression => bare(around.child(Field::Value)?),
        Kind::ClosureExpression => method(around.parent()?.parent()?)?.0,
        _ => return None,
    };
    while let Some((of, _)) = method(over) {
        over = of;
    }
    Some(over)
}

/// Whether a list's name says that there are a few of them: columns, flags, options and the like.
fn is_few(list: Node<'_>) -> bool {
    let text = list.text();
    let name = text.rsplit(['.', '&', ' ']).next().unwrap_or(text);
    let words = words(name);
    words.iter().any(|w| {
        matches!(
            w.as_str(),
            "spec"
                | "specs"
                | "groups"
                | "errors"
                | "ignored"
                | "excluded"
                | "allowed"
                | "denied"
                | "skipped"
                | "reserved"
                | "supported"
                | "builtin"
                | "builtins"
                | "defaults"
        )
    }) || words.last().is_some_and(|w| {
        matches!(
            w.as_str(),
            "indices"
                | "indexes"
                | "columns"
                | "cols"
                | "scripts"
                | "args"
                | "arguments"
                | "options"
                | "opts"
                | "flags"
                | "fields"
                | "features"
                | "extensions"
                | "exts"
                | "suffixes"
                | "prefixes"
                | "kinds"
                | "types"
                | "dims"
                | "dimensions"
                | "axes"
                | "params"
                | "parameters"
                | "headers"
                | "variants"
                | "permissions"
                | "roles"
                | "languages"
                | "methods"
                | "protocols"
                | "locales"
                | "attrs"
                | "attributes"
                | "statistics"
                | "codecs"
                | "algorithms"
                | "schemes"
                | "modes"
                | "levels"
                | "targets"
                | "platforms"
                | "derives"
                | "traits"
        )
    })
}
