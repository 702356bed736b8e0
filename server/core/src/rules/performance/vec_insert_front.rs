use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{expression, integer, loop_around, root, round, tail};
use crate::rules::rust_names::binding;
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, is_function, is_loop, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "vec-insert-front",
    summary: "a loop puts elements in, or takes them from, the front of a vector",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `v.insert(0, x)` and `v.remove(0)` on vectors, and `insert(0, c)` and `insert_str(0, ..)` on strings, in a loop.",
        why: "Every call moves all other elements by one place, so that the loop grows with the square of the length.",
        example: "for line in lines {\n    out.insert(0, line);\n}",
        instead: "for line in lines {\n    out.push_front(line); // a `VecDeque`\n}",
        limits: "Only where the source tells that it is a vector or string that lives longer than the loop. Loops that leave right after the call, and calls under a condition, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(lines: Vec<String>) -> Vec<String> { let mut out = Vec::new(); for l in lines { out.insert(0, l); } out } //~ vec-insert-front",
        ),
        Case::bad(
            "a.rs",
            "fn f(queue: &mut Vec<u8>) { while !queue.is_empty() { let x = queue.remove(0); go(x); } } //~ vec-insert-front",
        ),
        Case::bad(
            "a.rs",
            "struct A { jobs: Vec<Job> }\nimpl A { fn run(&mut self) { while !self.jobs.is_empty() { let j = self.jobs.remove(0); j.run(); } } } //~ vec-insert-front",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: u32) -> String { let mut s = String::new(); let mut n = n; while n > 0 { s.insert(0, digit(n)); n /= 10; } s } //~ vec-insert-front",
        ),
        Case::bad(
            "a.rs",
            "fn f(parts: &[&str]) -> String { let mut s = String::new(); for p in parts { s.insert_str(0, p); } s } //~ vec-insert-front",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut v: Vec<u8>) { loop { if v.is_empty() { break; } v.remove(0); } } //~ vec-insert-front",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u8]) -> Vec<u8> { let mut v: Vec<u8> = vec![]; xs.iter().for_each(|x| v.insert(0, *x)); v } //~ vec-insert-front",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut v: Vec<u8>, n: usize) -> Vec<u8> { while v.len() > n { v.remove(0); } v } //~ vec-insert-front",
        ),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { v.insert(0, 1); }"),
        Case::good("a.rs", "fn f(q: &mut VecDeque<u8>) { while let Some(x) = q.pop_front() { go(x); } }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { for i in 0..3 { v.push(i); } }"),
        Case::good("a.rs", "fn f(m: &mut HashMap<u8, u8>) { for i in 0..3 { m.insert(0, i); m.remove(0); } }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { while let Some(x) = v.pop() { go(x); } }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>, i: usize) { for x in 0..3 { v.insert(i, x); } }"),
        Case::good(
            "a.rs",
            "fn f(rows: Vec<Row>) { for r in rows { let mut cells: Vec<u8> = r.cells(); cells.insert(0, 1); send(cells); } }",
        ),
        Case::good("a.rs", "fn f(v: &mut SmallVec<[u8; 4]>) { for i in 0..3 { v.insert(0, i); } }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<u8>) { for x in 0..9 { if x == 3 { v.remove(0); break; } } }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<u8>) { for x in 0..9 { if done(x) { v.insert(0, x); return; } } }"),
        Case::near_miss("a.rs", "fn f(t: &mut Table) { for x in 0..9 { t.insert(0, x); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: &mut Vec<u8>, xs: &[u8]) { for x in xs { v.push(*x); if v.len() > 20 { v.remove(0); } } }",
        ),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<u8>) { on_click(|| { v.remove(0); }); }"),
        Case::near_miss(
            "a.rs",
            "fn f(mut v: Vec<u8>) -> Vec<u8> { for _ in 0..3 { let x = v.remove(0); v.push(x); } v }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((to, name)) = method(node) else { return };
    let first = args(node).next().and_then(integer);
    let wanted: &[&str] = match (name.text(), args(node).count()) {
        ("insert", 2) => &["Vec", "String"],
        ("insert_str", 2) => &["String"],
        ("remove", 1) => &["Vec", "String"],
        _ => return,
    };
    if first != Some(0) {
        return;
    }
    let Some(again) = round(node) else { return };
    if !type_of(to, cx).is_some_and(|t| wanted.contains(&t.name)) {
        return;
    }
    // A few rounds are no square of anything.
    let few = loop_around(node).and_then(|l| l.child(Field::Value)).filter(|v| v.kind() == Kind::RangeExpression);
    if few.is_some_and(|range| {
        let ends: Vec<_> = range.named_children().map(integer).collect();
        matches!(ends[..], [Some(from), Some(to)] if to - from <= 16)
    }) {
        return;
    }
    // One that is made in every round starts empty each time.
    if let (Some(r), Some(l)) = (root(to).and_then(binding), loop_around(node))
        && l.span().contains(r.name.span())
    {
        return;
    }
    let last = std::iter::successors(Some(statement(node)), |s| s.next_named_sibling()).last();
    // What runs under a condition may run once.
    let conditional = node.ancestors().take_while(|a| !is_loop(*a) && !is_function(*a)).any(|a| {
        matches!(a.kind(), Kind::IfExpression | Kind::MatchArm)
            && a.child(Field::Condition).is_none_or(|c| !c.span().contains(node.span()))
    });
    let leaves = conditional
        || last.map(expression).is_some_and(|e| matches!(e.kind(), Kind::BreakExpression | Kind::ReturnExpression));
    if leaves {
        return;
    }
    let message = format!(
        "Each `{}` moves every other element, and the loop grows with the square of the length. Use a `VecDeque`, or work from the end.",
        name.text()
    );
    cx.report(Note::new(cx.rule, tail(name, node), message).related(again, "runs again and again"));
}
