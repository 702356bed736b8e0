use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, expression, leaves as rust_leaves, plain_method, statements};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{only_reads, operands, operator, same};
use crate::rules::support::{args, bare, is_function, is_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "map-contains-then-insert",
    summary: "a map or set is searched twice for the same key",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `if !map.contains_key(&k) { map.insert(k, v); }`, `if map.contains_key(&k) { .. map.get(&k) .. map[&k] .. }` and `if !set.contains(&x) { set.insert(x); }`.",
        why: "The key is hashed or compared along the whole path twice. `entry` finds the place once, `get` tells by itself whether there is something, and `insert` of a set whether it was new.",
        example: "if !counts.contains_key(&word) {\n    counts.insert(word, 1);\n}",
        instead: "counts.entry(word).or_insert(1);",
        limits: "The map and the key must be the same expressions, and nothing else may use the map between. Conditions that ask more are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IfExpression], check), Check::Nodes(&[Kind::LetDeclaration], counted)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(m: &mut HashMap<String, u8>, k: String) { if !m.contains_key(&k) { m.insert(k, 1); } } //~ map-contains-then-insert",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &HashMap<u8, u8>, k: u8) -> u8 { if m.contains_key(&k) { m[&k] } else { 0 } } //~ map-contains-then-insert",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &HashMap<u8, u8>, k: u8) { if m.contains_key(&k) { let v = m.get(&k).unwrap(); go(v); } } //~ map-contains-then-insert",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &mut HashSet<u8>, x: u8) { if !s.contains(&x) { s.insert(x); go(x); } } //~ map-contains-then-insert",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &mut BTreeMap<u8, V>, k: u8) { if m.contains_key(&k) { m.get_mut(&k).unwrap().n += 1; } else { m.insert(k, V::new()); } } //~ map-contains-then-insert",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&mut self, k: &str) { if !self.map.contains_key(k) { self.map.insert(k.to_string(), 1); } } } //~ map-contains-then-insert",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>, k: u8) { if m.contains_key(&k) { m.remove(&k); } } //~ map-contains-then-insert",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>, k: u8) { if m.contains_key(&k) == false { m.insert(k, 2); } } //~ map-contains-then-insert",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: &mut HashMap<String, u32>, k: &String) { let n = m.get(k).copied().unwrap_or(0); m.insert(k.clone(), n + 1); } //~ map-contains-then-insert",
        ),
        Case::good("a.rs", "fn f(m: &mut HashMap<String, u8>, k: String) { m.entry(k).or_insert(1); }"),
        Case::good(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>, k: u8, j: u8) { if !m.contains_key(&k) { m.insert(j, 1); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>, n: &mut HashMap<u8, u8>, k: u8) { if !m.contains_key(&k) { n.insert(k, 1); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(m: &HashMap<u8, u8>, k: u8) -> bool { if m.contains_key(&k) { go() } else { false } }",
        ),
        Case::good("a.rs", "fn f(m: &HashMap<u8, u8>, k: u8) { if let Some(v) = m.get(&k) { go(v); } }"),
        Case::good("a.rs", "fn f(s: &mut HashSet<u8>, x: u8) { if s.insert(x) { go(x); } }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>, x: u8) { if !v.contains(&x) { v.push(x); } }"),
        Case::good("a.rs", "fn f(m: &mut HashMap<u8, u8>, k: u8) { if m.contains_key(&k) { return; } go(k); }"),
        Case::bad(
            "a.rs",
            "fn f(m: &mut HashMap<String, u32>, k: &str) { if m.get(k).is_none() { m.insert(k.to_string(), 1); } } //~ map-contains-then-insert",
        ),
        Case::bad(
            "a.rs",
            "fn f(text: &str) { let mut seen = HashSet::new(); for l in text.lines() { if seen.contains(l) { continue; } seen.insert(l); go(l); } } //~ map-contains-then-insert",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(text: &str) { let mut seen = HashSet::new(); for l in text.lines() { if seen.contains(l) { continue; } go(l); seen.insert(l); } }",
        ),
        Case::near_miss(
            "a.rs",
            "struct Grid { rows: Vec<Row> }\nimpl Grid { fn cut(&mut self, n: usize) { if self.rows.get(n).is_some() { self.rows.remove(n); } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>, k: u8) { if !m.contains_key(&k) && m.len() < 9 { m.insert(k, 1); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>, k: u8) { if !m.contains_key(&k) { let n = m.len() as u8; m.insert(k, n); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>, k: u8) { if !m.contains_key(&k) { tasks.push(move |m: &mut M| { m.insert(k, 1); }); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>, mut k: u8) { if m.contains_key(&k) { k += 1; m.insert(k, 1); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &mut HashMap<u8, V>, k: u8) -> &V { if m.contains_key(&k) { return &m[&k]; } m.insert(k, V::new()); &m[&k] }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(r: &RwLock<HashMap<u8, u8>>, k: u8) { if !r.read().unwrap().contains_key(&k) { r.write().unwrap().insert(k, 1); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(body)) = (node.child(Field::Condition), node.child(Field::Consequence)) else { return };
    let Some((mut call, mut there)) = question(condition) else { return };
    let Some((mut map, mut asked)) = method(call) else { return };
    // `map.get(&k).is_none()`.
    if let ("is_none" | "is_some", None) = (asked.text(), args(call).next())
        && let Some((of, get)) = method(map).filter(|(_, m)| m.text() == "get")
    {
        there = there == (asked.text() == "is_some");
        (call, map, asked) = (map, of, get);
    }
    let (Some(key), None) = (args(call).next(), args(call).nth(1)) else { return };
    let set = match asked.text() {
        "contains_key" | "get" => false,
        "contains" => true,
        _ => return,
    };
    // A vector has `get`, too, and no key that could be missing.
    if asked.text() == "get" && type_of(map, cx).is_none_or(|ty| !ty.name.ends_with("Map")) {
        return;
    }
    if !only_reads(map) || !only_reads(key) {
        return;
    }
    let otherwise = node.child(Field::Alternative).and_then(Node::last_named).filter(|n| n.kind() == Kind::Block);
    let (with, without) = if there { (Some(body), otherwise) } else { (otherwise, Some(body)) };
    let found = without
        .and_then(|b| access(b, map, key, set, false))
        .or_else(|| with.filter(|_| !set).and_then(|b| access(b, map, key, set, true)));
    // `if set.contains(&x) { continue; } set.insert(x);`
    let found = found.or_else(|| {
        let leaves = there && otherwise.is_none() && statements(body).last().is_some_and(|s| rust_leaves(*s));
        let whole = node.parent().filter(|p| p.kind() == Kind::ExpressionStatement).unwrap_or(node);
        let next = whole.next_named_sibling().filter(|_| leaves)?;
        let insert = expression(next);
        let (of, name) = method(insert).filter(|(_, n)| n.text() == "insert")?;
        let fits = args(insert).count() == if set { 1 } else { 2 };
        // A value of its own that takes time is made only where it is needed.
        let cheap = set || args(insert).nth(1).is_some_and(only_reads);
        (fits && cheap && same(of, map) && same_key(args(insert).next()?, key)).then_some((insert, name.text()))
    });
    let Some(second) = found else { return };
    // A reference that is returned from one branch alone would be taken to live in the other one, too.
    let handed_out = matches!(second.1, "get" | "index")
        && body.descendants_until(is_function).any(|n| n.kind() == Kind::ReturnExpression);
    if handed_out {
        return;
    }
    let instead = match (set, second.1) {
        (true, _) => "`insert` tells whether it was new",
        (_, "insert") => "`entry` finds the place once",
        (_, "remove") => "`remove` tells whether there was something",
        _ => "`if let Some(..) = map.get(..)` searches once",
    };
    let message = format!("The same key is searched for twice: {instead}.");
    cx.report(Note::new(cx.rule, call.span(), message).related(second.0.span(), "searched for again"));
}

/// The call that a condition consists of, and whether it asks that the key is there.
fn question<'a>(condition: Node<'a>) -> Option<(Node<'a>, bool)> {
    let condition = bare(condition);
    match condition.kind() {
        Kind::CallExpression => Some((condition, true)),
        Kind::UnaryExpression if condition.text().starts_with('!') => Some((bare(condition.last_named()?), false)),
        Kind::BinaryExpression => {
            let (left, right) = operands(condition)?;
            let equal = operator(condition) == "==";
            let truth = match right.text() {
                "true" => true,
                "false" => false,
                _ => return None,
            };
            (equal || operator(condition) == "!=").then_some((bare(left), truth == equal))
        }
        _ => None,
    }
    .filter(|(c, _)| c.kind() == Kind::CallExpression)
}

/// The access to the same key, if it is the block's first use of the map.
fn access<'a>(block: Node<'a>, map: Node<'a>, key: Node<'a>, set: bool, there: bool) -> Option<(Node<'a>, &'a str)> {
    let uses = block.descendants_until(is_function).filter(|n| n.kind() == map.kind() && same(*n, map));
    let first = uses.take(2).collect::<Vec<_>>();
    let used = *first.first()?;
    if let Some(other) = first.get(1)
        && !there
        && !other.parent().is_some_and(|p| p.kind() == Kind::FieldExpression && p.text().ends_with("insert"))
    {
        return None;
    }
    // A key that is changed first is another key.
    let names: Vec<&str> = key.descendants().filter(|n| n.kind() == Kind::Identifier).map(Node::text).collect();
    let changed = block.descendants().any(|n| {
        matches!(n.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr | Kind::LetDeclaration)
            && n.span().start < used.span().start
            && n.child(Field::Left)
                .or_else(|| n.child(Field::Pattern))
                .is_some_and(|l| l.descendants().any(|d| names.contains(&d.text())))
    });
    let repeated = used.ancestors().take_while(|a| *a != block).any(is_loop);
    if changed || repeated {
        return None;
    }
    if let Some(parent) = used.parent().filter(|p| there && p.kind() == Kind::IndexExpression) {
        let index = parent.named_children().nth(1)?;
        return same_key(index, key).then_some((parent, "index"));
    }
    let (call, name) = call_on(used)?;
    let fits = match name.text() {
        "insert" => !there && args(call).count() == if set { 1 } else { 2 },
        "get" | "get_mut" => {
            there
                && args(call).count() == 1
                && call_on(call).is_some_and(|(_, n)| matches!(n.text(), "unwrap" | "expect"))
        }
        "remove" => there && args(call).count() == 1,
        _ => false,
    };
    (fits && same_key(args(call).next()?, key)).then_some((call, name.text()))
}

/// Whether two arguments name the same key: as it is, borrowed, copied.
fn same_key(a: Node<'_>, b: Node<'_>) -> bool {
    same(core(a), core(b))
}

fn core(mut node: Node<'_>) -> Node<'_> {
    loop {
        node = bare(node);
        let inner = match node.kind() {
            Kind::ReferenceExpression => node.child(Field::Value),
            Kind::UnaryExpression if node.text().starts_with('*') => node.last_named(),
            Kind::CallExpression => plain_method(node)
                .filter(|(_, m)| {
                    matches!(*m, "clone" | "to_string" | "to_owned" | "as_str" | "as_ref" | "into" | "borrow")
                })
                .map(|(of, _)| of),
            _ => None,
        };
        match inner {
            Some(inner) => node = inner,
            None => return node,
        }
    }
}

/// `let n = map.get(&k).copied().unwrap_or(0); map.insert(k, n + 1);`
fn counted<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (node.child(Field::Pattern), node.child(Field::Value)) else { return };
    let mut at = value;
    let mut falls_back = false;
    let (map, get) = loop {
        let Some((of, name)) = method(at) else { return };
        match name.text() {
            "unwrap_or" | "unwrap_or_default" => {
                falls_back = true;
                at = of;
            }
            "copied" | "cloned" | "map" => at = of,
            "get" => break (of, at),
            _ => return,
        }
    };
    let (Some(key), None) = (args(get).next(), args(get).nth(1)) else { return };
    if !falls_back || pattern.kind() != Kind::Identifier || !only_reads(map) {
        return;
    }
    let plain = |t: &str| {
        t.trim_start_matches('&')
            .trim_end_matches(".clone()")
            .trim_end_matches(".to_string()")
            .trim_end_matches(".to_owned()")
            .to_owned()
    };
    let Some(next) = node.next_named_sibling() else { return };
    let next = if next.kind() == Kind::ExpressionStatement { next.first_named().unwrap_or(next) } else { next };
    let Some((of, name)) = method(next).filter(|(_, m)| m.text() == "insert") else { return };
    let mut given = args(next);
    let (Some(second), Some(new)) = (given.next(), given.next()) else { return };
    let counts = new.descendants().any(|n| n.kind() == Kind::Identifier && n.text() == pattern.text());
    if counts && same(of, map) && plain(second.text()) == plain(key.text()) {
        let message = "The same key is searched for twice: `*map.entry(key).or_insert(..)` finds the place once.";
        cx.report(Note::new(cx.rule, get.span(), message).related(name.span(), "searched for again"));
    }
}
