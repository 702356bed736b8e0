use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_clones;
use crate::rules::rust_clones::{bound_to, copies, only_borrowed, source_of};
use crate::rules::rust_code::{expression, head, plain_method, repeated_in, root, tail};
use crate::rules::rust_names::{Binding, Origin, binding, uses};
use crate::rules::rust_types::{Ty, macro_name, type_of};
use crate::rules::support::{is_loop, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "clone-in-loop",
    summary: "something is copied in every round only to be looked at",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds clones in a loop of something that comes from outside of it, where the copy is only borrowed: passed by reference, compared, walked, or bound to a variable that is used in these ways alone; and loops over a copy of a list (`for x in list.clone()`) whose elements are only looked at.",
        why: "Every round takes memory, copies every byte and frees it again, and needs none of it: a reference does the same.",
        example: "for line in lines {\n    let config = config.clone();\n    check(line, &config);\n}",
        instead: "for line in lines {\n    check(line, &config);\n}",
        limits: "Copies that are moved, stored, changed or captured are needed and left alone, as are `Rc` and `Arc`, and copies of what the loop changes.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check), Check::Nodes(&[Kind::ForExpression], walked)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(lines: &[String], config: &Config) { for line in lines { let c = config.clone(); check(line, &c); } } //~ clone-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u8], all: &Vec<u8>) { for x in xs { if all.clone().contains(x) { go(x); } } } //~ clone-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(names: &[String], want: &String) -> bool { for n in names { if n.clone() == *want { return true; } } false } //~ clone-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u8], opts: Options) { for x in xs { run(*x, &opts.clone()); } } //~ clone-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(rows: &[Row], keys: Vec<String>) { for row in rows { for key in keys.clone().iter() { row.get(key); } } } //~ clone-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(prefix: String, words: &[String]) { for w in words {\n    let p = prefix.clone(); //~ clone-in-loop\n    if w.starts_with(p.as_str()) { println!(\"{}\", p.len()); }\n} }",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&self, xs: &[u8]) { while self.more() { show(&self.title.clone()); } } } //~ clone-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(map: &HashMap<String, u8>, keys: &[String]) { for k in keys { let m = map.clone(); if m.contains_key(k) { go(k); } } } //~ clone-in-loop",
        ),
        Case::good("a.rs", "fn f(lines: &[String], config: &Config) { for line in lines { check(line, config); } }"),
        Case::good(
            "a.rs",
            "fn f(xs: &[u8], name: String, out: &mut Vec<String>) { for x in xs { out.push(name.clone()); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(xs: &[u8], name: &str) { for x in xs { let n = name.to_owned(); spawn(move || go(n)); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(xs: &[u8], s: &Arc<State>) { for x in xs { let s = s.clone(); tokio::spawn(async move { s.run().await }); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(xs: &[u8], v: &Vec<u8>) { for x in xs { let mut w = v.clone(); w.push(*x); send(&w); } }",
        ),
        Case::good("a.rs", "fn f(xs: &[A]) { for x in xs { let y = x.clone(); keep(y); } }"),
        Case::good("a.rs", "fn f(config: &Config) { let c = config.clone(); check(&c); }"),
        Case::good("a.rs", "fn f(xs: &[u8], p: &Path) { for x in xs { let q = p.join(\"a\").clone(); save(q); } }"),
        Case::bad(
            "a.rs",
            "fn f(table: &Vec<String>, rows: usize) -> usize { let mut w = 0; for _ in 0..rows { for cell in table.clone() { w += cell.len(); } } w } //~ clone-in-loop",
        ),
        Case::bad(
            "a.rs",
            "struct Cfg { name: String }\nfn f(c: &Cfg, v: &[u8]) -> usize { let mut n = 0; while n < v.len() { let d = c.clone(); n += d.name.len(); } n } //~ clone-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(c: &Cfg, v: &[u8]) { v.iter().for_each(|_| { let d = c.clone(); check(&d); }); } //~ clone-in-loop",
        ),
        Case::bad("a.rs", "fn f(v: &Vec<String>) { for c in v.clone() { check(&c); } } //~ clone-in-loop"),
        Case::bad("a.rs", "fn f(v: &[String]) { for c in v.iter().cloned() { check(&c); } } //~ clone-in-loop"),
        Case::bad(
            "a.rs",
            "fn f(v: &[String]) { for s in v { let t = s.to_string(); if t == \"x\" { go(); } } } //~ clone-in-loop",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(v: &mut Vec<String>) { for c in v.clone() { if c.is_empty() { v.push(String::new()); } } }",
        ),
        Case::near_miss("a.rs", "fn f(v: &[u8]) { for c in v.iter().cloned() { check(&c); } }"),
        Case::near_miss("a.rs", "fn f(&mut self) { for x in 0..3 { self.set(&self.name.clone()); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(mut cur: Node) { loop { let old = cur.clone(); cur = step(&old); if old.same(&cur) { break; } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(xs: &mut Vec<u8>) { for i in 0..9 { for x in xs.clone().iter() { xs.push(*x); } } }",
        ),
        Case::near_miss("a.rs", "fn f(s: &Rc<Scene>, xs: &[u8]) { for x in xs { draw(&s.clone(), x); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(xs: &[u8], t: &Template) { for x in xs { let u = t.clone(); render(&u).with(u); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(t: &Tree, n: usize) { for i in 0..n { let t = t.clone(); spawn(move || { for k in t.iter() { go(k, i); } }); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, ty)) = copies(node, cx).or_else(|| text_copy(node, cx)) else { return };
    let Some(around) = repeated_in(node) else { return };
    let Some(source) = source_of(of) else { return };
    if ty.as_ref().is_some_and(|t| rust_clones::is_shared(t) || t.is_integer()) || is_kept_by_name(of) {
        return;
    }
    // From outside of the loop, and not changed in it.
    let outside = source.kind() == Kind::SelfValue
        || binding(source)
            .is_some_and(|b| !around.span().contains(b.name.span()) || matches!(b.origin, Origin::For(_)));
    if !outside || changed(source, around) {
        return;
    }
    let lent = if let Some(bound) = bound_to(node) {
        let Some(all) = uses(&bound, cx) else { return };
        // What a closure or a future takes along must be its own.
        let taken = all.iter().any(|u| {
            u.ancestors().take_while(|a| a.span() != around.span()).any(|a| {
                matches!(a.kind(), Kind::ClosureExpression | Kind::AsyncBlock)
                    && !a.span().contains(node.span())
                    && (a.text().starts_with("move") || a.text().starts_with("async move"))
            })
        });
        !all.is_empty() && !taken && all.iter().all(|u| u.kind() != Kind::Identifier || looked_at(*u))
    } else {
        only_borrowed(node) && !mentions_twice(node, source)
    };
    if !lent {
        return;
    }
    let Some((_, name)) = method(node) else { return };
    let message = format!("Every round copies `{}` only to look at it. Borrow it instead.", of.text());
    cx.report(Note::new(cx.rule, tail(name, node), message).related(head(around), "runs again and again"));
}

/// Pointers that are shared are told by their names, too.
fn is_kept_by_name(of: Node<'_>) -> bool {
    let text = of.text();
    text.ends_with("tx")
        || text.ends_with("sender")
        || text.ends_with("rc")
        || text.ends_with("arc")
        || text.ends_with("handle")
}

fn looked_at(used: Node<'_>) -> bool {
    // `copy.name.len()` looks at a field.
    let mut at = used;
    while let Some(parent) = at.parent().filter(|p| p.kind() == Kind::FieldExpression && at.field() == Field::Value) {
        if parent.parent().is_some_and(|c| c.kind() == Kind::CallExpression && c.child(Field::Function) == Some(parent))
        {
            break;
        }
        at = parent;
    }
    used.parent().is_some_and(|p| p.kind() == Kind::TokenTree) && printed(used) || only_borrowed(at)
}

/// `name.to_string()` of what is text already.
fn text_copy<'a>(call: Node<'a>, cx: &Cx<'a>) -> Option<(Node<'a>, Option<Ty<'a>>)> {
    let (of, _) = plain_method(call).filter(|(_, m)| matches!(*m, "to_string" | "to_owned"))?;
    let ty = type_of(of, cx)?;
    let compared_later = bound_to(call).is_some();
    (compared_later && matches!(ty.name, "str" | "String")).then_some((of, Some(ty)))
}

/// `for x in list.clone()`, whose body only looks at the elements and does not touch the list.
fn walked<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(over), Some(body)) =
        (node.child(Field::Pattern), node.child(Field::Value), node.child(Field::Body))
    else {
        return;
    };
    let Some((of, how)) = plain_method(over) else { return };
    let Some((_, said)) = method(over) else { return };
    let (list, copied) = match how {
        "clone" | "to_vec" | "to_owned" => (of, true),
        // `for x in list.clone().iter()`
        "iter" => match plain_method(of) {
            Some((list, "clone" | "to_vec")) => (list, true),
            _ => return,
        },
        "cloned" => match plain_method(of) {
            Some((list, "iter")) => (list, type_of(list, cx).is_some_and(|t| t.arg().is_copy(cx) == Some(false))),
            _ => return,
        },
        _ => return,
    };
    let Some(source) = source_of(list) else { return };
    let whole = type_of(list, cx)
        .is_some_and(|t| matches!(t.name, "Vec" | "[]" | "HashMap" | "HashSet" | "BTreeMap" | "String"));
    if !copied || !whole || name.kind() != Kind::Identifier || body.descendants().any(|n| n.is_hole()) {
        return;
    }
    let touched =
        body.descendants().any(|n| matches!(n.kind(), Kind::Identifier | Kind::SelfValue) && n.text() == source.text());
    let Some(all) = uses(&Binding { name, pattern: name, origin: Origin::For(node), scope: body }, cx) else { return };
    if touched || all.is_empty() || !all.iter().all(|u| u.kind() != Kind::Identifier || looked_at(*u)) {
        return;
    }
    let message = format!("Every element of `{}` is copied only to be looked at. Go over references.", list.text());
    cx.report(Note::new(cx.rule, tail(said, over), message));
}

/// Whether a name stands in a formatting macro, which borrows.
fn printed(used: Node<'_>) -> bool {
    let name = used.ancestors().find(|a| a.kind() == Kind::MacroInvocation).map_or("", macro_name);
    matches!(
        name,
        "println"
            | "print"
            | "eprintln"
            | "eprint"
            | "format"
            | "write"
            | "writeln"
            | "assert_eq"
            | "debug"
            | "info"
            | "warn"
            | "error"
            | "trace"
    )
}

fn mentions_twice(copy: Node<'_>, source: Node<'_>) -> bool {
    let whole = statement(copy);
    let names = whole
        .descendants()
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::SelfValue) && n.text() == source.text());
    names.count() > 1 && (source.kind() == Kind::SelfValue || !is_loop(expression(whole)))
}

/// Whether the loop assigns to the variable, borrows it mutably, or calls a method that may change it.
fn changed(source: Node<'_>, around: Node<'_>) -> bool {
    let name = source.text();
    let own = |n: Node<'_>| root(n).is_some_and(|r| r.text() == name);
    around.descendants().any(|n| match n.kind() {
        Kind::AssignmentExpression | Kind::CompoundAssignmentExpr => n.child(Field::Left).is_some_and(own),
        Kind::ReferenceExpression => {
            n.child_of_kind(Kind::MutableSpecifier).is_some() && n.child(Field::Value).is_some_and(own)
        }
        Kind::CallExpression => method(n).is_some_and(|(r, m)| {
            let changes = matches!(
                m.text(),
                "push"
                    | "insert"
                    | "remove"
                    | "clear"
                    | "extend"
                    | "pop"
                    | "retain"
                    | "push_str"
                    | "push_back"
                    | "push_front"
                    | "pop_front"
                    | "drain"
                    | "truncate"
                    | "sort"
                    | "iter_mut"
                    | "get_mut"
                    | "entry"
                    | "append"
                    | "dedup"
                    | "swap"
                    | "resize"
            );
            own(r)
                && (changes || m.text().starts_with("set") || m.text().starts_with("add") || m.text().ends_with("_mut"))
        }),
        _ => false,
    })
}
