use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::macro_name;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "assertion-with-effect",
    summary: "a check that is left out of release builds does work",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[617],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `debug_assert!`, `debug_assert_eq!` and `debug_assert_ne!` whose condition changes something: `pop`, `insert`, `remove`, `push`, `next`, `take`, `&mut`, assignments.",
        why: "Release builds leave the whole macro out, and with it the change: the program does something else than in tests.",
        example: "debug_assert!(stack.pop().is_some());",
        instead: "let top = stack.pop();\ndebug_assert!(top.is_some());",
        limits: "Only methods whose names say that they change something, on variables and fields.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::MacroInvocation], check)],
    cases: &[
        Case::bad("a.rs", "fn f(v: &mut Vec<u8>) { debug_assert!(v.pop().is_some()); } //~ assertion-with-effect"),
        Case::bad("a.rs", "fn f(s: &mut HashSet<u8>) { debug_assert!(s.insert(1)); } //~ assertion-with-effect"),
        Case::bad("a.rs", "fn f(it: &mut Iter) { debug_assert_eq!(it.next(), None); } //~ assertion-with-effect"),
        Case::bad(
            "a.rs",
            "fn f(m: &mut Map) { debug_assert!(m.remove(&1).is_none(), \"there\"); } //~ assertion-with-effect",
        ),
        Case::bad(
            "a.rs",
            "impl A { fn f(&mut self) { debug_assert!(self.seen.insert(3)); } } //~ assertion-with-effect",
        ),
        Case::bad("a.rs", "fn f(x: &mut u8) { debug_assert!(step(&mut *x)); } //~ assertion-with-effect"),
        Case::bad("a.rs", "fn f(o: &mut Option<u8>) { debug_assert!(o.take().is_some()); } //~ assertion-with-effect"),
        Case::bad(
            "a.rs",
            "fn f(v: &mut Vec<u8>) { std::debug_assert_ne!(v.pop(), Some(1)); } //~ assertion-with-effect",
        ),
        Case::good("a.rs", "fn f(v: &Vec<u8>) { debug_assert!(v.len() > 1); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { let x = v.pop(); debug_assert!(x.is_some()); }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { assert!(v.pop().is_some()); }"),
        Case::good("a.rs", "fn f(s: &HashSet<u8>) { debug_assert!(s.contains(&1)); }"),
        Case::good("a.rs", "fn f(v: &[u8]) { debug_assert_eq!(v.iter().next(), None); }"),
        Case::good("a.rs", "fn f(v: &[u8]) { debug_assert!(v.iter().all(|x| *x > 1)); }"),
        Case::good("a.rs", "fn f(a: u8, b: u8) { debug_assert_eq!(a, b, \"pop() failed\"); }"),
        Case::good("a.rs", "fn f(v: &[u8]) { debug_assert!(v.first().is_some()); }"),
        Case::near_miss("a.rs", "fn f(s: &str) { debug_assert!(s.chars().next().is_some()); }"),
        Case::near_miss("a.rs", "fn f(v: &[u8]) { debug_assert!(v.iter().take(3).count() == 3); }"),
        Case::near_miss("a.rs", "fn f(s: &HashSet<u8>) { debug_assert!(s.clone().insert(1)); }"),
        Case::near_miss("a.rs", "fn f(p: &Path) { debug_assert!(p.components().next().is_some()); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(macro_name(node), "debug_assert" | "debug_assert_eq" | "debug_assert_ne") {
        return;
    }
    let Some(tree) = node.child_of_kind(Kind::TokenTree) else { return };
    // The tokens without those of the message: strings are one token each.
    let code: String = tree
        .descendants()
        .filter(|t| {
            t.first_named().is_none()
                && !matches!(t.kind(), Kind::StringLiteral | Kind::StringContent | Kind::TokenTree)
        })
        .map(Node::text)
        .collect::<Vec<_>>()
        .join(" ");
    let text: String = tree.text().chars().filter(|c| !c.is_whitespace()).collect();
    let changing =
        ["pop", "insert", "remove", "push", "next", "take", "swap_remove", "pop_front", "pop_back", "replace"];
    let wrong =
        changing.iter().find(|m| text.match_indices(&format!(".{m}(")).any(|(i, _)| is_plain_place(&text[..i])));
    let lent = text.contains("&mut") && !code.is_empty() && !text.contains("\"&mut");
    let what = match wrong {
        Some(m) => format!("`{m}`"),
        None if lent => "`&mut`".to_owned(),
        None => return,
    };
    let message = format!(
        "Release builds leave this out, and with it what {what} changes. Do the work before, and assert its outcome."
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether a text ends in a variable or field that nothing made anew: `v`, `self.seen`.
fn is_plain_place(before: &str) -> bool {
    let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).map_or(0, |i| i + 1);
    let place = &before[start..];
    let opens = before[..start].ends_with(['(', ',', '!', '=', '&', '*']);
    !place.is_empty()
        && opens
        && place.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && before[..start].matches('"').count().is_multiple_of(2)
}
