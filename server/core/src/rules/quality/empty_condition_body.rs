use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};

use crate::rules::shape::explains;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "empty-condition-body",
    summary: "a semicolon ends a statement before its body",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[390, 670],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `if (x);` and `for (..);` or `while (..);` whose semicolon stands on the same line and is followed by a block.",
        why: "The condition decides nothing: the block below runs always, and once.",
        example: "if (user.isAdmin); {\n  allow();\n}",
        instead: "if (user.isAdmin) {\n  allow();\n}",
        limits: "Loops with an empty body that do their work in their head, and nothing that looks like a body below, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(
        &[Kind::IfStatement, Kind::ForStatement, Kind::WhileStatement, Kind::ForInStatement],
        check,
    )],
    cases: &[
        Case::bad("a.js", "function f(x) { if (x); go(); } //~ empty-condition-body"),
        Case::bad("a.js", "function f(x) { if (x); { go(); } } //~ empty-condition-body"),
        Case::bad("a.js", "function f(xs) { for (const x of xs); { go(); } } //~ empty-condition-body"),
        Case::bad("a.js", "function f(n) { for (let i = 0; i < n; i++); { go(); } } //~ empty-condition-body"),
        Case::bad("a.js", "function f(x) { while (x.next()); { go(x); } } //~ empty-condition-body"),
        Case::bad("a.js", "if (a === b); //~ empty-condition-body\n{ go(); }"),
        Case::bad("a.ts", "function f(x: boolean) { if (!x); return 1; } //~ empty-condition-body"),
        Case::bad("a.js", "function f(x) { if (x > 1); else go(); } //~ empty-condition-body"),
        Case::good("a.js", "function f(x) { if (x) go(); }"),
        Case::good("a.js", "function f(x) { while (x.next()); go(x); }"),
        Case::good("a.js", "function f(xs) { let i = 0; for (; xs[i]; i++); return i; }"),
        Case::good("a.js", "function f(x) { if (x) { } go(); }"),
        Case::good("a.js", "function f(x) { if (x) { ; } go(); }"),
        Case::good("a.js", "function f(x) { do ; while (x.next()); }"),
        Case::good("a.js", "function f(x) { if (x) return; go(); }"),
        Case::good("a.js", "for (;;) { go(); }"),
        Case::near_miss("a.js", "function f(x) { while (x.next());\n\n go(x); }"),
        Case::near_miss("a.js", "function f(x) { if (x) { /* nothing */ } else { go(); } }"),
        Case::near_miss("a.js", "function f(s) { for (i = 0; s[i] === ' '; i++);\n return i; }"),
        Case::near_miss("a.js", "function f(x) { if (x) /* none */ ; else go(); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || cx.arena().has_error() {
        return;
    }
    let branch = node.child(Field::Consequence).or_else(|| node.child(Field::Body));
    let Some(empty) = branch.filter(|b| b.kind() == Kind::EmptyStatement) else { return };
    let block = node.next_named_sibling().is_some_and(|n| n.kind() == Kind::StatementBlock);
    // A comment says that it is meant.
    let told = cx.arena().comments().any(|c| node.span().contains(c.span()) && explains(c.text()));
    if told || node.kind() != Kind::IfStatement && !block {
        return;
    }
    let message = if block {
        "This semicolon is the whole body: the block below runs always, and once."
    } else {
        "This semicolon is the whole body: the condition decides nothing."
    };
    let span = crate::syntax::Span { start: node.span().start, end: empty.span().end };
    let mut note = Note::new(cx.rule, span, message);
    if block {
        note = note.suggestion("Take the semicolon away", vec![(empty.span(), String::new())]);
    }
    cx.report(note);
}
