use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{repeated_in, tail};
use crate::rules::rust_names::visible;
use crate::rules::shape::mentions;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "chars-nth-in-loop",
    summary: "a string is walked from its start in every round of a loop",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[407],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `s.chars().nth(i)`, `s.char_indices().nth(i)` and `s.lines().nth(i)` in a loop over `i`, of a string that stays the same.",
        why: "Text has no index by character: `nth` walks from the start each time, so that the loop takes time in the square of the length.",
        example: "for i in 0..n { check(s.chars().nth(i).unwrap()); }",
        instead: "for c in s.chars().take(n) { check(c); }",
        limits: "Only where the position changes with the loop and the string comes from outside of it.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn pick(s: &str, at: &[usize]) -> Vec<Option<char>> { at.iter().map(|&i| s.chars().nth(i)).collect() } //~ chars-nth-in-loop",
        ),
        Case::near_miss(
            "a.rs",
            "fn third(all: &[String]) -> Vec<Option<char>> { all.iter().map(|s| s.chars().nth(2)).collect() }",
        ),
        Case::bad(
            "a.rs",
            "impl Lexer { fn peek(&self) -> Option<char> { self.src.chars().nth(self.pos) } } //~ chars-nth-in-loop",
        ),
        Case::near_miss("a.rs", "impl Name { fn second(&self) -> Option<char> { self.text.chars().nth(1) } }"),
        Case::bad(
            "a.rs",
            "fn f(s: &str, n: usize) { for i in 0..n { go(s.chars().nth(i).unwrap()); } } //~ chars-nth-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) { let mut i = 0; while i < s.len() { go(s.chars().nth(i)); i += 1; } } //~ chars-nth-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str, n: usize) { for i in 0..n { if s.chars().nth(i) == s.chars().nth(n) { go(); } } } //~ chars-nth-in-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(text: &str, n: usize) { for i in 0..n { go(text.lines().nth(i)); } } //~ chars-nth-in-loop",
        ),
        Case::good("a.rs", "fn f(s: &str) { for c in s.chars() { go(c); } }"),
        Case::good("a.rs", "fn f(s: &str) -> Option<char> { s.chars().nth(3) }"),
        Case::good("a.rs", "fn f(v: &[String]) { for s in v { go(s.chars().nth(2)); } }"),
        Case::good("a.rs", "fn f(v: &[u8], n: usize) { for i in 0..n { go(v.get(i)); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: &[String], n: usize) { for (i, s) in v.iter().enumerate() { go(s.chars().nth(i)); } }",
        ),
        Case::near_miss("a.rs", "fn f(s: &str, v: &[u8]) { for x in v { go(s.chars().nth(3), x); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, m)| m.text() == "nth") else { return };
    let Some((text, walk)) = method(unparenthesized(of)) else { return };
    if !matches!(walk.text(), "chars" | "char_indices" | "lines" | "split_whitespace") || args(of).next().is_some() {
        return;
    }
    let Some(around) = repeated_in(node) else {
        // A reader that keeps its place: `self.text.chars().nth(self.pos)`.
        let place = args(node).next().filter(|a| a.kind() == Kind::FieldExpression && a.text().starts_with("self."));
        let cursor = place.and_then(|p| p.child(Field::Field)).is_some_and(|f| {
            matches!(f.text(), "pos" | "position" | "cursor" | "index" | "idx" | "i" | "offset" | "current" | "at")
        });
        if cursor && text.kind() == Kind::FieldExpression && text.text().starts_with("self.") && walk.text() == "chars"
        {
            let message = "Each look walks the text from its start to the place where it stopped, so that reading it all takes the square of its length. Keep a position in bytes, or the characters in a `Vec`.";
            cx.report(Note::new(cx.rule, tail(walk, node), message));
        }
        return;
    };
    // Of several loops the outermost in which the string stays the same matters no more than the innermost.
    let text = unparenthesized(text);
    if text.kind() != Kind::Identifier && !(text.kind() == Kind::FieldExpression && text.text().starts_with("self.")) {
        return;
    }
    let inside = |name: &str| {
        visible(node, name).is_some_and(|b| around.span().contains(b.name.span()))
            || around.descendants().any(|n| {
                matches!(n.kind(), Kind::CompoundAssignmentExpr | Kind::AssignmentExpression)
                    && n.child(Field::Left).is_some_and(|l| l.text() == name)
            })
    };
    let changes =
        args(node).next().is_some_and(|a| a.descendants().any(|n| n.kind() == Kind::Identifier && inside(n.text())));
    let fixed = match text.kind() {
        Kind::Identifier => !inside(text.text()),
        _ => !around.descendants().any(|n| n.kind() == Kind::AssignmentExpression && mentions(n, text.text())),
    };
    if changes && fixed {
        let message = "Each round walks the string from its start to get there. Iterate over it once, or collect it into a `Vec` before the loop.";
        cx.report(Note::new(cx.rule, tail(walk, node), message));
    }
    let _ = name;
}
