use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, tail};
use crate::rules::rust_items::last_name;
use crate::rules::rust_names::{Origin, binding};
use crate::rules::support::{args, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "needless-collect",
    summary: "a collection is built only to be asked one thing",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `.collect::<Vec<_>>()` followed at once by `len()`, `is_empty()`, `contains(..)`, `first()`, `last()`, `get(i)`, `iter()` or `into_iter()`.",
        why: "Memory is taken, grown and filled for every element, and thrown away again. The iterator answers by itself: `count()`, `next().is_none()`, `any(..)`, `nth(i)`.",
        example: "let n = lines.filter(|l| !l.is_empty()).collect::<Vec<_>>().len();",
        instead: "let n = lines.filter(|l| !l.is_empty()).count();",
        limits: "Sets and maps drop duplicates and are left alone. A collection between two steps is meant where the first step has effects (threads are started, all of them, before the first is joined), fails early, or borrows what the second one changes.",
        fix: "`collect::<Vec<_>>().len()` becomes `count()`.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(l: &str) -> usize { l.lines().filter(|l| !l.is_empty()).collect::<Vec<_>>().len() } //~ needless-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> bool { s.split(' ').collect::<Vec<&str>>().is_empty() } //~ needless-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> bool { s.split(' ').collect::<Vec<_>>().contains(&\"x\") } //~ needless-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) -> u32 { v.iter().map(|x| u32::from(*x)).collect::<Vec<u32>>().iter().sum() } //~ needless-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) -> Vec<u8> { v.iter().filter(|x| **x > 1).collect::<Vec<_>>().into_iter().copied().collect() } //~ needless-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> Option<String> { s.split('.').collect::<Vec<_>>().last().map(|s| s.to_string()) } //~ needless-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> usize { s.chars().rev().collect::<Vec<char>>().len() } //~ needless-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> Option<&str> { s.split('/').collect::<Vec<_>>().first().copied() } //~ needless-collect",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) -> bool { v.iter().filter(|x| **x > 3).collect::<VecDeque<_>>().is_empty() } //~ needless-collect",
        ),
        Case::good("a.rs", "fn f(s: &str) -> usize { s.split(' ').count() }"),
        Case::good("a.rs", "fn f(s: &str) -> usize { s.split(' ').collect::<HashSet<_>>().len() }"),
        Case::good("a.rs", "fn f(s: &str) -> String { s.split(' ').collect::<Vec<_>>().join(\"-\") }"),
        Case::good("a.rs", "fn f(s: &str) -> Vec<&str> { s.split(' ').collect::<Vec<_>>() }"),
        Case::good(
            "a.rs",
            "fn f(v: &[u8]) -> Result<usize, E> { Ok(v.iter().map(check).collect::<Result<Vec<_>, E>>()?.len()) }",
        ),
        Case::good("a.rs", "fn f(s: &str) -> usize { s.chars().collect::<String>().len() }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> usize { v.iter().copied().collect::<BTreeSet<u8>>().len() }"),
        Case::good(
            "a.rs",
            "fn f(v: Vec<u8>) -> Vec<Vec<u8>> { v.iter().copied().collect::<Vec<_>>().chunks(2).map(|c| c.to_vec()).collect() }",
        ),
        Case::bad(
            "a.rs",
            "fn f(words: &[&str]) -> usize { words.iter().filter(|w| w.len() > 3).collect::<Vec<_>>().iter().map(|w| w.len()).sum() } //~ needless-collect",
        ),
        Case::bad("a.rs", "fn f(path: &str) -> &str { path.split('/').collect::<Vec<_>>()[1] } //~ needless-collect"),
        Case::near_miss(
            "a.rs",
            "fn f(n: u8) { (0..n).map(|i| thread::spawn(move || work(i))).collect::<Vec<_>>().into_iter().for_each(|t| t.join().unwrap()); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>) { m.keys().copied().collect::<Vec<_>>().into_iter().for_each(|k| { m.remove(&k); }); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(&mut self) { for k in self.map.keys().cloned().collect::<Vec<_>>().iter() { self.drop_key(k); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(v: &[u8]) -> usize { v.iter().map(|x| { log(x); x }).collect::<Vec<_>>().len() }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(xs: &[u8]) -> Keys { Keys { all: xs.iter().copied().collect::<Vec<_>>().into_iter() } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(s: &str) -> Vec<&str> { s.split_whitespace().collect::<Vec<_>>().into_iter().rev().collect() }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((source, name)) = method(node).filter(|(_, n)| n.text() == "collect") else { return };
    let told = node.child(Field::Function).and_then(|f| f.child(Field::TypeArguments)).and_then(Node::first_named);
    if !told.is_some_and(|t| matches!(last_name(t.text()), "Vec" | "VecDeque" | "LinkedList")) {
        return;
    }
    if let Some(element) = node.parent().filter(|p| p.kind() == Kind::IndexExpression && p.first_named() == Some(node))
    {
        let plain = element.named_children().nth(1).is_some_and(|i| i.kind() == Kind::IntegerLiteral);
        let read = element.parent().is_none_or(|p| p.kind() != Kind::AssignmentExpression);
        if plain && read && !has_effects(source) {
            let message = "A collection is built only for one element, and thrown away. Ask the iterator: `nth(..)`.";
            cx.report(Note::new(cx.rule, Span { start: name.span().start, end: element.span().end }, message));
        }
        return;
    }
    let Some((call, asks)) = call_on(node) else { return };
    let count = args(call).count();
    let instead = match (asks.text(), count) {
        ("len", 0) => "count()",
        ("is_empty", 0) => "next().is_none()",
        ("contains", 1) => "any(|x| x == ..)",
        ("first", 0) => "next()",
        ("last", 0) => "last()",
        ("get", 1) => "nth(..)",
        ("iter" | "into_iter", 0) => {
            // Reading from the back, measuring and sorting need all elements.
            let next = call_on(call).map_or("", |(_, n)| n.text());
            if matches!(next, "" | "rev" | "len" | "next_back" | "rfind" | "cycle" | "as_slice")
                || !consumed(call)
                || !apart(source, node)
            {
                return;
            }
            ""
        }
        _ => return,
    };
    if has_effects(source) {
        return;
    }
    let message = if instead.is_empty() {
        format!("A collection is built only for `{}()` to walk it again. Go on with the iterator.", asks.text())
    } else {
        format!("A collection is built only for `{}`, and thrown away. Ask the iterator: `{instead}`.", asks.text())
    };
    let mut note = Note::new(cx.rule, Span { start: name.span().start, end: asks.span().end }, message);
    if asks.text() == "len" {
        note = note.safe_fix("Use `count`", vec![(tail(name, call), "count()".to_owned())]);
    }
    cx.report(note);
}

/// Whether the chain that goes on from here ends in a value rather than in an iterator that is kept.
fn consumed(call: Node<'_>) -> bool {
    std::iter::successors(Some(call), |c| call_on(*c).map(|(c, _)| c)).filter_map(call_on).any(|(_, n)| {
        matches!(
            n.text(),
            "collect"
                | "sum"
                | "product"
                | "count"
                | "for_each"
                | "fold"
                | "any"
                | "all"
                | "max"
                | "min"
                | "max_by_key"
                | "min_by_key"
                | "find"
                | "position"
                | "join"
                | "unzip"
                | "partition"
                | "last"
                | "next"
                | "nth"
                | "try_for_each"
                | "try_fold"
                | "reduce"
        )
    })
}

/// Whether nothing else in the statement speaks of what the iterator borrows.
fn apart(source: Node<'_>, collect: Node<'_>) -> bool {
    let whole = statement(collect);
    // Parameters of the steps' closures are names of their own.
    let is_name = |n: &Node<'_>| {
        n.kind() == Kind::SelfValue
            || n.kind() == Kind::Identifier
                && !n.ancestors().take_while(|a| *a != whole).any(|a| a.kind() == Kind::ClosureParameters)
                && binding(*n)
                    .is_none_or(|b| !matches!(b.origin, Origin::Closure(_)) || !whole.span().contains(b.name.span()))
    };
    let names: Vec<&str> = source.descendants().filter(is_name).map(Node::text).collect();
    let mut rest = whole.descendants().filter(|n| is_name(n) && !collect.span().contains(n.span()));
    // Threads of a pool work at the same time; the steps of an iterator one after the other.
    let parallel = source.descendants().any(|n| n.kind() == Kind::FieldIdentifier && n.text().contains("par"));
    !parallel && !rest.any(|n| names.contains(&n.text()) && !n.text().starts_with(|c: char| c.is_uppercase()))
}

/// Whether a step of the chain does something beyond computing: a closure with statements, or one that starts or waits.
fn has_effects(source: Node<'_>) -> bool {
    source.descendants().any(|n| {
        n.is_hole()
            || n.kind() == Kind::ClosureExpression
                && n.descendants().any(|d| {
                    matches!(
                        d.kind(),
                        Kind::ExpressionStatement
                            | Kind::AssignmentExpression
                            | Kind::CompoundAssignmentExpr
                            | Kind::AsyncBlock
                    ) || d.kind() == Kind::Identifier && (d.text().contains("spawn") || d.text().contains("send"))
                        || d.kind() == Kind::FieldIdentifier
                            && (d.text().contains("spawn") || d.text().contains("send"))
                        || d.kind() == Kind::MacroInvocation && d.text().contains("print")
                })
    })
}
