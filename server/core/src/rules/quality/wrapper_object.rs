use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::is_global;
use crate::rules::support::{args, declares};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "wrapper-object",
    summary: "a text, number or truth is wrapped into an object",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `new String(x)`, `new Number(x)` and `new Boolean(x)`.",
        why: "These make objects: `new Boolean(false)` is truthy, `new String('a') === 'a'` is false, and two of them are never equal.",
        example: "const on = new Boolean(flag);",
        instead: "const on = Boolean(flag);",
        limits: "Classes of a program that have such a name are left alone, and so is code that asks what wrappers do: `typeof new String('')`.",
        fix: "Drops the `new`: the call converts.",
    },
    checks: &[Check::Nodes(&[Kind::NewExpression], check)],
    cases: &[
        Case::bad("a.js", "const on = new Boolean(flag); //~ wrapper-object"),
        Case::bad("a.ts", "export const s = new String('abc'); //~ wrapper-object"),
        Case::bad("a.ts", "function f(n: string) { return new Number(n); } //~ wrapper-object"),
        Case::bad("a.js", "if (new Boolean(x)) { go(); } //~ wrapper-object"),
        Case::bad("a.js", "const o = { total: new Number(0) }; //~ wrapper-object"),
        Case::bad("a.js", "const parts = new String(id).split('-'); //~ wrapper-object"),
        Case::bad("a.js", "let name = new String; //~ wrapper-object"),
        Case::bad("a.tsx", "const V = ({ n }) => <b>{new Number(n)}</b>; //~ wrapper-object"),
        Case::good("a.js", "const on = Boolean(flag);"),
        Case::good("a.js", "const n = Number(text);"),
        Case::good("a.js", "const s = String(value);"),
        Case::good("a.js", "const xs = new Array(3);"),
        Case::good("a.js", "const o = new Object();"),
        Case::good("a.js", "const d = new Date();"),
        Case::good("a.ts", "function f(s: String) { return s; }"),
        Case::good("a.js", "const m = new Map();"),
        Case::near_miss("a.js", "import { Number } from './tokens';\nconst n = new Number(3);"),
        Case::near_miss("a.js", "class String {}\nconst s = new String();"),
        Case::near_miss("a.js", "const boxed = typeof new String('') === 'object';"),
        Case::near_miss("a.js", "const n = new ast.Number(3);"),
        Case::near_miss("a.js", "const s = new String(path);\ns.stats = stats;"),
        Case::near_miss("a.js", "// eslint-disable-next-line no-new-wrappers\nconst key = new String(index[2]);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(name) = node.child(Field::Constructor) else { return };
    if !["String", "Number", "Boolean"].iter().any(|n| is_global(name, n, cx)) {
        return;
    }
    let asks = node.parent().is_some_and(|p| {
        p.kind() == Kind::UnaryExpression && p.has_token("typeof")
            || p.kind() == Kind::BinaryExpression && p.has_token("instanceof")
    });
    if asks || declares(cx.arena().root(), name.text()) {
        return;
    }
    // What carries properties must be an object.
    let arena = cx.arena();
    let target = node.parent().and_then(|p| match p.kind() {
        Kind::VariableDeclarator => p.child(Field::Name),
        Kind::AssignmentExpression => p.child(Field::Left),
        _ => None,
    });
    let carries = target.is_some_and(|t| {
        arena.nodes().any(|n| {
            matches!(n.kind(), Kind::MemberExpression | Kind::SubscriptExpression)
                && n.field() == Field::Left
                && n.child(Field::Object).is_some_and(|o| o.text() == t.text())
        })
    });
    let meant = arena.comments().any(|c| {
        c.text().contains("wrapper") && c.span().end <= node.span().start && node.span().start - c.span().end < 60
    });
    if carries || meant {
        return;
    }
    let message = format!(
        "This makes an object, which is truthy and equal to nothing but itself. `{}({})` gives the value.",
        name.text(),
        args(node).next().map_or("", Node::text)
    );
    let mut note = Note::new(cx.rule, node.span(), message);
    if node.child(Field::Arguments).is_some() {
        let cut = Span { start: node.span().start, end: name.span().start };
        note = note.suggestion("Drop `new`", vec![(cut, String::new())]);
    }
    cx.report(note);
}
