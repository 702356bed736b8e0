use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{home, is_global};
use crate::rules::support::{args, bare, constant, declares, enclosing_loop, is_function, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "spent-iterator",
    summary: "an iterator is walked a second time, and gives nothing",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[672],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a constant that holds the iterator of a generator of the file, of `matchAll`, or of `keys()`, `values()` or `entries()` of a Map or Set, and that is walked to its end twice.",
        why: "An iterator can be walked once. The second walk finds it at its end and gets nothing, without an error.",
        example: "const found = text.matchAll(/\\d+/g);\nconst count = [...found].length;\nfor (const m of found) use(m);",
        instead: "const found = [...text.matchAll(/\\d+/g)];\nconst count = found.length;\nfor (const m of found) use(m);",
        limits: "Only if the first walk certainly goes to the end: a spread, `Array.from`, `new Set`, a loop that is not left.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::VariableDeclarator], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function* nums() { yield 1; }\nfunction f() { const it = nums(); const sum = [...it].length;\n return Math.max(...it) + sum; //~ spent-iterator\n}",
        ),
        Case::bad(
            "a.js",
            "function f(t) { const ms = t.matchAll(/a/g); const n = [...ms].length;\n for (const m of ms) { go(m, n); } //~ spent-iterator\n}",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { const m = new Map(xs); const ks = m.keys(); go([...ks]);\n return Array.from(ks); //~ spent-iterator\n}",
        ),
        Case::bad(
            "a.ts",
            "function f(xs: string[]) { const vs = new Set(xs).values(); const a = Array.from(vs);\n const b = new Set(vs); //~ spent-iterator\n return [a, b]; }",
        ),
        Case::bad(
            "a.js",
            "function* walk() { yield 1; }\nfunction f() { const all = walk(); for (const x of all) { go(x); }\n for (const x of all) { stop(x); } //~ spent-iterator\n}",
        ),
        Case::bad(
            "a.js",
            "export function* ids() { yield 1; }\nexport function f() { const it = ids(); const a = [...it];\n const b = [...it]; //~ spent-iterator\n return a.concat(b); }",
        ),
        Case::bad(
            "a.js",
            "function f(t, xs) { const ms = t.matchAll(/a/g); for (const x of xs) {\n for (const m of ms) { go(x, m); } //~ spent-iterator\n} }",
        ),
        Case::bad(
            "a.js",
            "function f(t) { const ms = t.matchAll(/a/g); const first = new Set(ms); if (first.size) {\n return [...ms]; //~ spent-iterator\n} return []; }",
        ),
        Case::good(
            "a.js",
            "function* nums() { yield 1; }\nfunction f() { const all = [...nums()]; return all.length + Math.max(...all); }",
        ),
        Case::good("a.js", "function f(t) { const ms = [...t.matchAll(/a/g)]; go([...ms]); return [...ms]; }"),
        Case::good("a.js", "function f(o) { const ks = Object.keys(o); go([...ks]); return [...ks]; }"),
        Case::good(
            "a.js",
            "function* nums() { yield 1; }\nfunction f() { const it = nums(); it.next(); return [...it]; }",
        ),
        Case::good(
            "a.js",
            "function f(t) { const ms = t.matchAll(/a/g); for (const m of ms) { if (m.index) break; } return [...ms]; }",
        ),
        Case::good(
            "a.js",
            "function f(t, a) { const ms = t.matchAll(/a/g); if (a) { return [...ms]; } else { return Array.from(ms); } }",
        ),
        Case::good("a.js", "function f(seq) { const ks = seq.keys(); go([...ks]); return [...ks]; }"),
        Case::good(
            "a.js",
            "function f(t) { let ms = t.matchAll(/a/g); go([...ms]); ms = t.matchAll(/a/g); return [...ms]; }",
        ),
        Case::near_miss(
            "a.js",
            "function f(t, a) { const ms = t.matchAll(/a/g); if (a) { return [...ms]; } return Array.from(ms); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(t, a) { const ms = t.matchAll(/a/g); return a ? [...ms] : Array.from(ms); }",
        ),
        Case::near_miss(
            "a.js",
            "function nums() { return [1]; }\nfunction f() { const it = nums(); return [...it, ...it]; }",
        ),
        Case::near_miss(
            "a.js",
            "function f(t) { const ms = t.matchAll(/a/g); const later = () => [...ms]; const more = () => [...ms]; return [later, more]; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(value)) = (node.child(Field::Name), node.child(Field::Value).map(bare)) else { return };
    let fixed = node.parent().and_then(|p| p.child(Field::Kind)).is_some_and(|k| k.text() == "const");
    if !fixed || name.kind() != Kind::Identifier || !is_iterator(value, cx) {
        return;
    }
    let around = home(node);
    let walks: Vec<(Node<'a>, bool)> =
        node.arena().named(name.text()).filter(|n| *n != name && home(*n) == around).filter_map(walk).collect();
    let spent = |first: Node<'a>, second: Node<'a>| {
        let here = statement(first);
        // The statement of the first walk stands before, in a list that holds the second.
        let list = here.parent();
        let told = list.is_some_and(|l| second.ancestors().any(|a| a == l) && l.kind() != Kind::SwitchCase)
            && here.span().end <= second.span().start;
        let same = here == statement(second)
            && !first.ancestors().take_while(|a| *a != here).any(|a| {
                a.kind() == Kind::TernaryExpression
                    || a.kind() == Kind::BinaryExpression
                        && matches!(a.child(Field::Operator).map(Node::text), Some("&&" | "||" | "??"))
            })
            && first.span().start < second.span().start
            && here.kind() != Kind::ForInStatement;
        // It is left with the first one.
        told && !matches!(here.kind(), Kind::ReturnStatement | Kind::ThrowStatement) || same
    };
    for (i, (second, _)) in walks.iter().enumerate() {
        // In a loop that its declaration stands outside of.
        let repeated = enclosing_loop(*second).filter(|l| walk_of(*second) != Some(*l));
        let again = repeated.is_some_and(|l| !l.span().contains(node.span()) && !leaves(l));
        if again || walks[..i].iter().any(|(first, whole)| *whole && spent(*first, *second)) {
            let message =
                format!("`{}` is at its end here, and gives nothing more. Keep its elements: `[...it]`.", name.text());
            cx.report(Note::new(cx.rule, second.span(), message));
            return;
        }
    }
}

/// Whether a value is an iterator that can be walked once.
fn is_iterator(value: Node<'_>, cx: &Cx<'_>) -> bool {
    if value.kind() != Kind::CallExpression {
        return false;
    }
    match method(value) {
        Some((_, name)) if name.text() == "matchAll" => true,
        Some((of, name)) if matches!(name.text(), "keys" | "values" | "entries") && args(value).next().is_none() => {
            let made = constant(of);
            made.kind() == Kind::NewExpression
                && made
                    .child(Field::Constructor)
                    .is_some_and(|c| matches!(c.text(), "Map" | "Set") && is_global(c, c.text(), cx))
        }
        Some(_) => false,
        None => value.child(Field::Function).is_some_and(|f| {
            f.kind() == Kind::Identifier && cx.file.declared.generators.contains(f.text()) && !declares(f, f.text())
        }),
    }
}

/// The loop over an iterator.
fn walk_of(name: Node<'_>) -> Option<Node<'_>> {
    name.parent().filter(|p| p.kind() == Kind::ForInStatement && name.field() == Field::Right && p.has_token("of"))
}

/// Where an iterator is walked, and whether certainly to its end.
fn walk<'a>(name: Node<'a>) -> Option<(Node<'a>, bool)> {
    let parent = name.parent()?;
    match parent.kind() {
        Kind::SpreadElement => Some((name, true)),
        Kind::ForInStatement => walk_of(name).map(|l| (name, !leaves(l))),
        Kind::Arguments => {
            let call = parent.parent()?;
            let array = method(call).is_some_and(|(of, m)| of.text() == "Array" && m.text() == "from");
            let made = call.kind() == Kind::NewExpression
                && call.child(Field::Constructor).is_some_and(|c| matches!(c.text(), "Set" | "Map"));
            (array || made).then_some((name, true))
        }
        _ => None,
    }
}

/// Whether a loop may end before its last round.
fn leaves(around: Node<'_>) -> bool {
    around
        .descendants_until(is_function)
        .any(|n| matches!(n.kind(), Kind::BreakStatement | Kind::ReturnStatement | Kind::ThrowStatement))
}
