use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::is_function;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "generator-without-yield",
    summary: "a generator yields nothing",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds generator functions (`function*`) that do something and hold no `yield`.",
        why: "A call of it runs nothing: it gives an iterator, and whoever loops over that gets no element. Either a `yield` was forgotten or the star is one too many.",
        example: "function* ids() {\n  return [1, 2, 3];\n}",
        instead: "function* ids() {\n  yield* [1, 2, 3];\n}",
        limits: "Empty generators and those that only throw are stubs, and left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(
        &[Kind::GeneratorFunction, Kind::GeneratorFunctionDeclaration, Kind::MethodDefinition],
        check,
    )],
    cases: &[
        Case::bad("a.js", "export function* ids() { return [1, 2]; } //~ generator-without-yield"),
        Case::bad("a.js", "const g = function* () { load(); }; //~ generator-without-yield"),
        Case::bad("a.ts", "class A { *[Symbol.iterator]() { return this.items; } } //~ generator-without-yield"),
        Case::bad(
            "a.ts",
            "class A { *walk() { for (const c of this.kids) { c.walk(); } } } //~ generator-without-yield",
        ),
        Case::bad("a.js", "const o = { *all() { return o.list; } }; //~ generator-without-yield"),
        Case::bad("a.js", "function* f(xs) { xs.forEach((x) => { go(x); }); } //~ generator-without-yield"),
        Case::bad(
            "a.ts",
            "async function* pages(u: string) { const r = await fetch(u); return r.json(); } //~ generator-without-yield",
        ),
        Case::bad(
            "a.js",
            "function* f() { function* inner() { yield 1; } return inner(); } //~ generator-without-yield",
        ),
        Case::good("a.js", "function* ids() { yield 1; }"),
        Case::good("a.js", "function* ids() { yield* [1, 2]; }"),
        Case::good("a.js", "function* ids() { const x = yield; return x; }"),
        Case::good("a.js", "function ids() { return [1, 2]; }"),
        Case::good("a.ts", "class A { *walk() { for (const c of this.kids) { yield* c.walk(); } } }"),
        Case::good("a.js", "function* f() { if (x) { yield x; } }"),
        Case::good("a.js", "const o = { all() { return 1; } };"),
        Case::good("a.js", "const g = function* () { while (true) { yield take(); } };"),
        Case::near_miss("a.js", "function* none() {}"),
        Case::near_miss("a.js", "const load = () => asyncToGenerator(function* () { return url; });"),
        Case::near_miss("a.js", "module.exports = { *beforeSend(request) { return null; } };"),
        Case::near_miss("a.js", "function* todo() { throw new Error('not yet'); }"),
        Case::near_miss("a.ts", "abstract class A { abstract walk(): Iterable<number>; }"),
        Case::near_miss("a.js", "function* f() { go({ a: [yield 1] }); }"),
        Case::near_miss("a.js", "function* f() { // nothing to walk\n}"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.kind() == Kind::MethodDefinition && !node.has_token("*") {
        return;
    }
    let Some(body) = node.child(Field::Body) else { return };
    let mut statements = body.named_children().filter(|s| !s.is_comment());
    let only_throws = |s: Node<'_>| s.kind() == Kind::ThrowStatement;
    let Some(first) = statements.next() else { return };
    // `co(function* () { .. })`: whoever takes it runs it, with or without a `yield`.
    if node.parent().is_some_and(|p| p.kind() == Kind::Arguments)
        || cx.file.imports.iter().any(|(_, path)| path == "co")
    {
        return;
    }
    // A hook that somebody else may fill.
    let answers = first.kind() == Kind::ReturnStatement
        && first.first_named().is_none_or(|v| {
            matches!(v.kind(), Kind::Null | Kind::Undefined | Kind::True | Kind::False | Kind::Number | Kind::String)
        });
    if answers && node.kind() == Kind::MethodDefinition {
        return;
    }
    if only_throws(first) || body.descendants_until(is_function).any(|n| n.kind() == Kind::YieldExpression) {
        return;
    }
    let end = node.child(Field::Parameters).map_or(body.span().start, |p| p.span().end);
    let message = "This generator yields nothing: a call runs none of it, and a loop over it ends at once. Add the `yield`, or take the star away.";
    cx.report(Note::new(cx.rule, Span { start: node.span().start, end }, message));
}
