use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::operator;
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "index-as-boolean",
    summary: "a position is asked whether it is true",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[480],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `list.indexOf(x)`, `findIndex`, `lastIndexOf`, `search` and `localeCompare` used as a condition of their own, or behind `!`.",
        why: "What is not found gives -1, which counts as true, and what is found at the very front gives 0, which counts as false.",
        example: "if (list.indexOf(x)) { go(); }",
        instead: "if (list.includes(x)) { go(); }",
        limits: "Comparisons with a number, and `~list.indexOf(x)`, ask the right thing. `search` counts with a regular expression only.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.ts",
            "function f(xs: X[], id: string) { const i = xs.findIndex((x) => x.id === id);\n if (i) { xs.splice(i, 1); } } //~ index-as-boolean",
        ),
        Case::bad(
            "a.js",
            "function f(xs, x) { const at = xs.indexOf(x);\n return !at ? null : xs[at]; } //~ index-as-boolean",
        ),
        Case::near_miss(
            "a.js",
            "function f(xs, x) { const at = xs.indexOf(x); if (at < 0) { return; } if (at) { go(at); } }",
        ),
        Case::near_miss("a.js", "function f(s) { const at = s.indexOf(':'); return s.slice(0, at); }"),
        Case::bad("a.js", "function f(xs, x) { if (xs.indexOf(x)) { go(); } } //~ index-as-boolean"),
        Case::bad("a.js", "function f(xs, x) { return !xs.indexOf(x) ? 1 : 2; } //~ index-as-boolean"),
        Case::bad(
            "a.js",
            "function f(xs) { if (xs.length && xs.findIndex((x) => x.ok)) { go(); } } //~ index-as-boolean",
        ),
        Case::bad("a.js", "function f(s) { while (s.lastIndexOf('a')) { s = s.slice(1); } } //~ index-as-boolean"),
        Case::bad("a.ts", "function f(s: string) { if (!s.search(/x/) || s === '') { go(); } } //~ index-as-boolean"),
        Case::good("a.js", "function f(xs, x) { if (xs.indexOf(x) !== -1) { go(); } }"),
        Case::good("a.js", "function f(xs, x) { if (~xs.indexOf(x)) { go(); } }"),
        Case::good("a.js", "function f(xs, x) { if (xs.includes(x)) { go(); } }"),
        Case::good("a.js", "function f(xs, x) { const i = xs.indexOf(x); return i; }"),
        Case::near_miss("a.js", "function f(host) { return !host.indexOf('/') ? 1 : 2; }"),
        Case::near_miss("a.js", "function f(xs, x) { if (xs.indexOf(x) > 0) { go(); } }"),
        Case::near_miss("a.js", "function f(a, b) { return a.localeCompare(b) || a.n - b.n; }"),
        Case::near_miss("a.js", "function f(q) { if (q.search('text')) { go(); } }"),
        Case::near_miss("a.js", "function f(index, x) { if (index.indexOf) { go(x); } }"),
        Case::bad("a.ts", "function f(s: string) { if (s.indexOf('x')) { go(); } } //~ index-as-boolean"),
        Case::bad("a.ts", "const has = (xs: string[]) => (xs.indexOf('a') ? 1 : 2); //~ index-as-boolean"),
        Case::bad(
            "a.ts",
            "function f(s: string) { while (s.indexOf('//')) { s = s.replace('//', '/'); } return s; } //~ index-as-boolean",
        ),
        Case::good("a.ts", "function f(s: string) { if (s.indexOf('x') >= 0) { go(); } }"),
        Case::good("a.ts", "function f(s: string) { if (~s.indexOf('x')) { go(); } }"),
        Case::good("a.ts", "function f(s: string) { if (s.includes('x')) { go(); } }"),
        Case::good("a.ts", "function f(s: string) { if (s.indexOf('x') === 0) { go(); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let Some((of, name)) = method(node) else { return };
    let first = args(node).next();
    let position = match name.text() {
        "indexOf" | "lastIndexOf" | "findIndex" | "findLastIndex" => first.is_some(),
        "search" => first.is_some_and(|a| bare(a).kind() == Kind::Regex),
        _ => false,
    };
    // `!text.indexOf('/')` asks whether the text begins so.
    let begins = name.text() == "indexOf"
        && first.is_some_and(|a| matches!(bare(a).kind(), Kind::String | Kind::TemplateString))
        && node.parent().is_some_and(|p| operator(p) == "!");
    if position && !begins && name.text() != "search" {
        kept(node, cx);
    }
    if !position || begins || !is_condition(node) {
        return;
    }
    let message = format!(
        "`{}` gives -1 for what is not there, which counts as true, and 0 for the first place, which counts as false. Compare it with -1, or use `includes` or `some`.",
        name.text()
    );
    let mut note = Note::new(cx.rule, node.span(), message);
    if name.text() == "indexOf" && args(node).count() == 1 {
        let text = format!("{}.includes({})", of.text(), first.map_or("", Node::text));
        note = note.suggestion("Use `includes`", vec![(node.span(), text)]);
    }
    cx.report(note);
}

/// `const i = list.indexOf(x); if (i) ..`: the position is kept in a constant, which nothing compares with a number.
fn kept<'a>(call: Node<'a>, cx: &mut Cx<'a>) {
    let Some(declarator) = call.parent().filter(|p| p.kind() == Kind::VariableDeclarator) else { return };
    let fixed = declarator.parent().and_then(|p| p.child(Field::Kind)).is_some_and(|k| k.text() == "const");
    let Some(name) = declarator.child(Field::Name).filter(|n| n.kind() == Kind::Identifier && fixed) else { return };
    let used: Vec<Node<'a>> = name.arena().named(name.text()).filter(|n| *n != name).collect();
    let compared = used.iter().any(|n| {
        n.parent().is_some_and(|p| {
            matches!(operator(p), "<" | "<=" | ">" | ">=" | "==" | "===" | "!=" | "!==" | "~")
                || p.kind() == Kind::VariableDeclarator
                || p.kind() == Kind::AssignmentExpression
        })
    });
    let Some(asked) = used.into_iter().find(|n| is_condition(*n)).filter(|_| !compared) else { return };
    let message = format!(
        "`{}` is -1 for what is not there, which counts as true, and 0 for the first place, which counts as false. Compare it with -1.",
        name.text()
    );
    cx.report(Note::new(cx.rule, asked.span(), message).related(call.span(), "the position"));
}

/// Whether an expression decides by being true: under `if`, `while`, `?:`, `!`, `&&` and `||` of such.
fn is_condition(node: Node<'_>) -> bool {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::ParenthesizedExpression => at = parent,
            Kind::BinaryExpression if matches!(operator(parent), "&&" | "||") => at = parent,
            Kind::UnaryExpression => return operator(parent) == "!",
            Kind::IfStatement | Kind::WhileStatement | Kind::DoStatement | Kind::TernaryExpression => {
                return at.field() == Field::Condition;
            }
            _ => return false,
        }
    }
    false
}
