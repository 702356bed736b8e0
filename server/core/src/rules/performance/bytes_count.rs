use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{behind, plain_method, tail};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "bytes-count",
    summary: "elements are counted whose number is known",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `.bytes().count()`, `.iter().count()` and `.into_iter().count()` of collections, and `.chars().count()` that is only compared with zero.",
        why: "The length is stored: `len()` reads it, `count()` walks everything. For the question whether a string is empty `is_empty()` answers at once, where counting decodes every character.",
        example: "if name.chars().count() == 0 { return; }",
        instead: "if name.is_empty() { return; }",
        limits: "The number of characters is not the length in bytes: `chars().count()` by itself is left alone. So are iterators of unknown types and everything with a filter.",
        fix: "`bytes().count()` becomes `len()`, which is the same number.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(s: &str) -> usize { s.bytes().count() } //~ bytes-count"),
        Case::bad("a.rs", "fn f(v: &Vec<u8>) -> usize { v.iter().count() } //~ bytes-count"),
        Case::bad("a.rs", "fn f(name: String) { if name.chars().count() == 0 { return; } go(name); } //~ bytes-count"),
        Case::bad("a.rs", "fn f(name: &str) -> bool { name.trim().chars().count() > 0 } //~ bytes-count"),
        Case::bad("a.rs", "fn f(m: &HashMap<u8, u8>) -> usize { m.into_iter().count() } //~ bytes-count"),
        Case::bad(
            "a.rs",
            "struct A { rows: Vec<Row> }\nimpl A { fn n(&self) -> usize { self.rows.iter().count() } } //~ bytes-count",
        ),
        Case::bad("a.rs", "fn f(s: &str) -> bool { s.chars().count() >= 1 } //~ bytes-count"),
        Case::bad("a.rs", "fn f() -> usize { let parts = [1, 2, 3]; parts.iter().count() } //~ bytes-count"),
        Case::good("a.rs", "fn f(s: &str) -> usize { s.len() }"),
        Case::good("a.rs", "fn f(s: &str) -> usize { s.chars().count() }"),
        Case::good("a.rs", "fn f(s: &str) -> usize { s.bytes().filter(|b| *b == b'a').count() }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> usize { v.iter().filter(|x| **x > 1).count() }"),
        Case::good("a.rs", "fn f(s: &str) -> bool { s.chars().count() > 1 }"),
        Case::good("a.rs", "fn f(s: &str) -> usize { s.split(',').count() }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> usize { v.len() }"),
        Case::good("a.rs", "fn f(s: &str) -> usize { s.lines().count() }"),
        Case::near_miss("a.rs", "fn f(r: File) -> usize { r.bytes().count() }"),
        Case::near_miss("a.rs", "fn f(t: &Tree) -> usize { t.iter().count() }"),
        Case::near_miss("a.rs", "fn f(db: &Table) -> usize { db.count() }"),
        Case::near_miss("a.rs", "fn f(s: &str) -> bool { s.chars().count() == 1 }"),
        Case::near_miss("a.rs", "fn f(v: Option<u8>) -> usize { v.iter().count() }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((inner, "count")) = plain_method(node) else { return };
    let Some((of, walked)) = plain_method(inner) else { return };
    let Some((_, name)) = method(inner) else { return };
    let span = tail(name, node);
    let known = |names: &[&str]| type_of(of, cx).is_some_and(|t| names.contains(&t.name));
    let counted = match walked {
        "bytes" => known(&["str", "String"]),
        "iter" | "into_iter" | "iter_mut" => {
            known(&["Vec", "[]", "[;]", "VecDeque", "HashMap", "HashSet", "BTreeMap", "BTreeSet", "BinaryHeap"])
        }
        "chars" => return emptiness(node, of, span, cx),
        _ => false,
    };
    if counted {
        let message = format!("`{walked}().count()` walks everything to find a number that is stored. Use `len()`.");
        let edits = vec![(span, "len()".to_owned())];
        cx.report(Note::new(cx.rule, span, message).safe_fix("Use `len`", edits));
    }
}

fn emptiness<'a>(node: Node<'a>, of: Node<'a>, span: Span, cx: &mut Cx<'a>) {
    let Some(parent) = node.parent().filter(|p| p.kind() == Kind::BinaryExpression) else { return };
    let Some((left, right)) = operands(parent) else { return };
    let empty = match (operator(parent), right.text()) {
        _ if left != node => return,
        ("==", "0") | ("<", "1") | ("<=", "0") => true,
        ("!=", "0") | (">", "0") | (">=", "1") => false,
        _ => return,
    };
    let message = "Every character is decoded to learn whether there is one. `is_empty()` answers at once.";
    let edits = vec![(behind(of, parent), ".is_empty()".to_owned())];
    let mut edits = edits;
    if !empty {
        let start = parent.span().start;
        edits.insert(0, (Span { start, end: start }, "!".to_owned()));
    }
    cx.report(Note::new(cx.rule, span, message).safe_fix("Use `is_empty`", edits));
}
