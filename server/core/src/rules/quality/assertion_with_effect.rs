use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::macro_name;
use crate::rules::support::{enclosing_function, is_loop};
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
        limits: "Only methods whose names say that they change something, on variables and fields that are looked at later, and functions of such names that are lent something.",
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
        Case::near_miss(
            "a.rs",
            "fn f(all: Vec<u8>) { let mut it = all.into_iter(); go(it.by_ref().take(2)); debug_assert!(it.next().is_none()); }",
        ),
        Case::near_miss(
            "a.rs",
            "impl Drop for S { fn drop(&mut self) { debug_assert!(self.unwind.replace(None).is_none()); } }",
        ),
        Case::near_miss("a.rs", "fn f(s: &mut Store, m: M) { debug_assert_eq!(m, module(&mut *s)); go(s); }"),
        Case::bad(
            "a.rs",
            "fn f(all: Vec<u8>) -> u8 { let mut it = all.into_iter(); debug_assert!(it.next().is_some()); it.sum() } //~ assertion-with-effect",
        ),
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
    let wrong = changing.iter().find(|m| {
        text.match_indices(&format!(".{m}("))
            .any(|(i, _)| is_plain_place(&text[..i]) && is_seen_later(node, &text[..i]))
    });
    // What is lent to a function that changes it, by its name; others are handed a context.
    let lent = !code.is_empty() && text.match_indices("&mut").any(|(i, _)| changes_by_name(&text[..i]));
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

/// Whether somebody looks at a place after the assertion: at a variable further down or in the next round, at a field anywhere but in `drop`.
fn is_seen_later(assertion: Node<'_>, before: &str) -> bool {
    let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).map_or(0, |i| i + 1);
    let root = before[start..].split('.').next().unwrap_or_default();
    let Some(function) = enclosing_function(assertion) else { return true };
    if root == "self" {
        return function.child(Field::Name).is_none_or(|n| n.text() != "drop");
    }
    let declared = |n: Node<'_>| {
        n.kind() == Kind::LetDeclaration
            && n.child(Field::Pattern).is_some_and(|p| p.text().trim_start_matches("mut ") == root)
    };
    let Some(own) = function.descendants().filter(|n| declared(*n)).last() else { return true };
    let home = own.parent().map_or(function.span(), Node::span);
    // A later round sees what an earlier one did.
    let again = assertion.ancestors().take_while(|a| home.contains(a.span()) && a.span() != home).any(is_loop);
    let end = assertion.span().end;
    again || function.descendants().any(|n| n.span().start >= end && home.contains(n.span()) && n.text() == root)
}

/// Whether the function whose argument comes next says in its name that it changes it.
fn changes_by_name(before: &str) -> bool {
    let Some(open) = before.rfind('(') else { return true };
    let name = before[..open].rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
    let first = name.split('_').next().unwrap_or_default();
    const CHANGES: [&str; 26] = [
        "set", "add", "update", "apply", "push", "insert", "remove", "fill", "read", "write", "advance", "consume",
        "drain", "init", "register", "process", "run", "step", "next", "take", "swap", "replace", "sort", "pop",
        "skip", "parse",
    ];
    CHANGES.contains(&first)
}
