use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{behind, integer, is_iterator, plain_method, tail};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "iter-nth",
    summary: "an iterator is walked to reach an element by number",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `.iter().nth(i)` on vectors, slices and arrays, `.skip(n).next()`, and `.nth(0)`.",
        why: "A slice gives any element at once through `get`. `skip(n).next()` builds an adapter for what `nth` does in one call, which many iterators do without walking.",
        example: "let third = rows.iter().nth(2);",
        instead: "let third = rows.get(2);",
        limits: "Maps, sets and lists have no `get` by number; iterators of unknown origin may not. They are left alone.",
        fix: "`iter().nth(i)` becomes `get(i)`, `skip(n).next()` becomes `nth(n)`; both give the same.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(rows: &[Row]) -> Option<&Row> { rows.iter().nth(2) } //~ iter-nth"),
        Case::bad("a.rs", "fn f(rows: Vec<u8>) -> u8 { *rows.iter().nth(0).unwrap() } //~ iter-nth"),
        Case::bad("a.rs", "fn f(s: &str) -> Option<&str> { s.split(',').skip(2).next() } //~ iter-nth"),
        Case::bad("a.rs", "fn f(it: impl Iterator<Item = u8>) -> Option<u8> { it.skip(3).next() } //~ iter-nth"),
        Case::bad(
            "a.rs",
            "struct T { cells: Vec<Cell> }\nimpl T { fn at(&self, i: usize) -> &Cell { self.cells.iter().nth(i).expect(\"in range\") } } //~ iter-nth",
        ),
        Case::bad("a.rs", "fn f() { let xs = [1, 2, 3]; let i = pick(); show(xs.iter().nth(i)); } //~ iter-nth"),
        Case::bad("a.rs", "fn f(s: &str) -> Option<char> { s.chars().nth(0) } //~ iter-nth"),
        Case::bad("a.rs", "fn f(xs: &mut Vec<u8>) { if let Some(x) = xs.iter_mut().nth(1) { *x = 0; } } //~ iter-nth"),
        Case::bad("a.rs", "fn f(text: &str) -> Option<&str> { text.lines().skip(1).next() } //~ iter-nth"),
        Case::good("a.rs", "fn f(rows: &[Row]) -> Option<&Row> { rows.get(2) }"),
        Case::good("a.rs", "fn f(m: &HashMap<u8, u8>) -> Option<(&u8, &u8)> { m.iter().nth(2) }"),
        Case::good("a.rs", "fn f(s: &str) -> Option<char> { s.chars().nth(4) }"),
        Case::good("a.rs", "fn f(l: &LinkedList<u8>) -> Option<&u8> { l.iter().nth(2) }"),
        Case::good("a.rs", "fn f(s: &str) -> Option<&str> { s.split(',').nth(2) }"),
        Case::good("a.rs", "fn f(rows: &[Row]) -> Option<&Row> { rows.iter().filter(|r| r.live).nth(2) }"),
        Case::good("a.rs", "fn f(mut args: Args) -> Option<String> { args.nth(1) }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> Vec<u8> { v.iter().skip(2).copied().collect() }"),
        Case::near_miss("a.rs", "fn f(p: &Parser) -> Option<Token> { p.skip(1).next() }"),
        Case::near_miss("a.rs", "fn f(b: &BTreeSet<u8>) -> Option<&u8> { b.iter().nth(1) }"),
        Case::near_miss("a.rs", "fn f(v: &[u8]) -> Option<&u8> { v.iter().skip(2).next_back() }"),
        Case::near_miss("a.rs", "fn f(t: &Tree) -> Option<Node> { t.iter().nth(3) }"),
        Case::near_miss("a.rs", "fn f(d: &Doc) -> Option<Row> { d.nth(0) }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((inner, name)) = method(node) else { return };
    let first = args(node).next();
    match (name.text(), first) {
        ("nth", Some(n)) => {
            let sequence = plain_method(inner).filter(|(_, m)| matches!(*m, "iter" | "iter_mut"));
            if let Some((of, walked)) = sequence
                && type_of(of, cx).is_some_and(|t| t.is_sequence() || t.name == "VecDeque")
            {
                let get = if walked == "iter" { "get" } else { "get_mut" };
                let message = format!("A slice gives its elements by number: `{get}({})` needs no iterator.", n.text());
                let edits = vec![(behind(of, node), format!(".{get}({})", n.text()))];
                cx.report(Note::new(cx.rule, tail(name, node), message).safe_fix(format!("Use `{get}`"), edits));
            } else if integer(n) == Some(0) && is_iterator(inner, cx) {
                let edits = vec![(tail(name, node), "next()".to_owned())];
                let note = Note::new(cx.rule, tail(name, node), "`nth(0)` is the next element: `next()` says so.");
                cx.report(note.severity(Severity::Info).safe_fix("Use `next`", edits));
            }
        }
        ("next", None) => {
            let Some((of, skip)) = method(inner).filter(|(_, m)| m.text() == "skip") else { return };
            let (Some(n), None) = (args(inner).next(), args(inner).nth(1)) else { return };
            let walks =
                is_iterator(of, cx) || type_of(of, cx).is_some_and(|t| t.name == "impl" && t.arg().name == "Iterator");
            if !walks {
                return;
            }
            let message = format!("`nth({})` does this in one call, without an adapter.", n.text());
            let edits = vec![(tail(skip, node), format!("nth({})", n.text()))];
            cx.report(Note::new(cx.rule, tail(skip, node), message).suggestion("Use `nth`", edits));
        }
        _ => {}
    }
}
