use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::is_global;
use crate::rules::support::{bare, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "shadowed-global",
    summary: "a variable takes a global's place and breaks it",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds variables that read the global of their own name while they hide it (`const process = process || \
              {}`), variables and parameters named `undefined`, `NaN` or `Infinity`, and assignments to built-in \
              classes.",
        why: "A `const` or `let` is in force from the start of its block: reading the global of that name there throws \
              a `ReferenceError`. Another `undefined` or `Promise` breaks all code that relies on it.",
        example: "function f() {\n  const location = location.href;\n}",
        instead: "function f() {\n  const here = location.href;\n}",
        limits: "A local name such as `name`, `event` or `fetch` that hides a global without reading it is a habit and is \
              left alone, and so are `var`, which is `undefined` then and works as a test, and libraries that install a \
              missing class after they have asked for it.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::VariableDeclarator, Kind::FormalParameters, Kind::AssignmentExpression], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "const config = require(<%= configFile %>)[env];\nconst db = {};\nlet s;\nif (config.url) { s = open(config.url, config); } else { s = open(config.name); }",
        ),
        Case::near_miss("a.d.ts", "declare var NaN: number;\ndeclare var Infinity: number;"),
        Case::near_miss(
            "a.tsx",
            "function B({ type }) { const button = <button type={type}>{text}</button>; return button; }",
        ),
        Case::near_miss("a.tsx", "function B() { const input = <input />; return input; }"),
        Case::bad("a.tsx", "function B(Row) { const Row = <Row />; return Row; } //~ shadowed-global"),
        Case::bad("a.js", "function f() { const location = location.href; } //~ shadowed-global"),
        Case::bad("a.js", "if (x) { let process = process || {}; use(process); } //~ shadowed-global"),
        Case::bad("a.js", "function f(undefined) { return x === undefined; } //~ shadowed-global"),
        Case::bad("a.js", "const NaN = 0; //~ shadowed-global"),
        Case::bad("a.js", "Promise = require('bluebird'); //~ shadowed-global"),
        Case::bad("a.js", "function f() { const { fetch } = fetch.bind(window); } //~ shadowed-global"),
        Case::bad("a.js", "let Infinity = 1e9; //~ shadowed-global"),
        Case::bad("a.ts", "function f() { const name: string = name.trim(); return name; } //~ shadowed-global"),
        Case::bad("a.js", "Array = MyArray; //~ shadowed-global"),
        Case::good("a.js", "function f() { const here = location.href; }"),
        Case::good("a.js", "function f(name) { return name; }"),
        Case::good("a.js", "var process = process || {};"),
        Case::good("a.js", "const fetch = require('node-fetch');"),
        Case::good("a.js", "function f() { const event = next(); }"),
        Case::good("a.js", "const x = undefined;"),
        Case::good("a.js", "let self = this;"),
        Case::good("a.js", "const { name } = person;"),
        Case::near_miss("a.js", "function f() { const location = () => location.href; }"),
        Case::near_miss("a.js", "if (!Promise) { Promise = require('bluebird'); }"),
        Case::near_miss("a.js", "const name = person.name;"),
        Case::near_miss("a.js", "const o = { undefined: 1 };"),
        Case::near_miss("a.ts", "const middleware = new Set<middleware.Fn>();"),
        Case::near_miss("a.ts", "const { address = parameters.chain, mode = 1 } = parameters;"),
        Case::near_miss("a.ts", "const prefix = dual<(prefix: string) => void>(2, go);"),
        Case::near_miss("a.js", "const process = require('process');"),
        Case::near_miss("a.js", "var global = typeof global === 'undefined' ? self : 1;"),
        Case::near_miss(
            "a.js",
            "(function (window, document, undefined) {\n  L.Grid = L.Layer.extend({ options: { showLabel: true, opacity: 1, weight: 0.8, color: '#aaa', font: '12px Verdana', zoomInterval: [{ start: 2, end: 2, interval: 40 }] }, set: function (o) { return o === undefined; } });\n}(this, document));",
        ),
        Case::near_miss(
            "a.js",
            "(function () { /** A safe reference for old browsers. */ var undefined; return x === undefined; })();",
        ),
    ],
};

const BUILT_IN: &[&str] = &[
    "Promise", "Array", "Object", "String", "Number", "Map", "Set", "Symbol", "JSON", "Math", "Date", "RegExp",
    "Error", "Proxy", "Reflect",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let is_value = |n: Node<'_>| matches!(n.text(), "undefined" | "NaN" | "Infinity");
    match node.kind() {
        Kind::VariableDeclarator => {
            let Some(name) = node.child(Field::Name) else { return };
            // `var undefined;` makes sure of the value, as libraries for old browsers do.
            if is_value(name) && (name.text() != "undefined" || node.child(Field::Value).is_some()) {
                return hides(name, cx);
            }
            let Some(value) = node.child(Field::Value) else { return };
            let scoped =
                node.parent().and_then(|p| p.child(Field::Kind)).is_some_and(|k| matches!(k.text(), "const" | "let"));
            if !scoped || matches!(bare(value).kind(), Kind::Class | Kind::ClassDeclaration) {
                return;
            }
            let bound: Vec<&str> = name
                .descendants()
                .filter(|n| {
                    *n == name && n.kind() == Kind::Identifier || n.kind() == Kind::ShorthandPropertyIdentifierPattern
                })
                .map(Node::text)
                .collect();
            // Templates of code (`require(<%= file %>)[env]`) read as something else.
            if cx.arena().has_error() {
                return;
            }
            let inner = value.descendants_until(runs_later);
            let read = std::iter::once(value).chain(inner).find(|n| {
                n.kind() == Kind::Identifier
                    && bound.contains(&n.text())
                    && !names_element(*n)
                    && !n.ancestors().any(is_type)
            });
            let Some(read) = read.filter(|_| !is_function(value)) else { return };
            let message = format!(
                "`{}` is this variable already, not the outer one: reading it here throws a `ReferenceError`. Give the variable another name.",
                read.text()
            );
            cx.report(Note::new(cx.rule, read.span(), message));
        }
        Kind::FormalParameters => {
            let named = node.named_children().map(|p| p.child(Field::Pattern).unwrap_or(p));
            // jQuery's `(window, undefined)` passes nothing for it, and is right.
            let Some(function) = node.parent() else { return };
            let called = match function.parent() {
                Some(p) => matches!(p.kind(), Kind::ParenthesizedExpression | Kind::CallExpression | Kind::Arguments),
                // A long one is a block of its own: what is around it is not seen.
                None => function.kind() == Kind::FunctionExpression && function.child(Field::Name).is_none(),
            };
            if let Some(name) = named.filter(|n| is_value(*n)).last().filter(|_| !called) {
                hides(name, cx);
            }
        }
        _ => {
            let Some(left) = node.child(Field::Left) else { return };
            let built_in = BUILT_IN.contains(&left.text()) && is_global(left, left.text(), cx);
            if !built_in || node.ancestors().any(|a| matches!(a.kind(), Kind::IfStatement | Kind::BinaryExpression)) {
                return;
            }
            let message = format!(
                "This replaces the built-in `{}` for the whole program, other people's modules included.",
                left.text()
            );
            cx.report(Note::new(cx.rule, left.span(), message));
        }
    }
}

/// Code that does not run where it stands, and types.
fn runs_later(n: Node<'_>) -> bool {
    is_function(n) || is_type(n) || matches!(n.kind(), Kind::Class | Kind::ClassBody)
}

/// `<button>`: an element of the page, and no variable.
fn names_element(n: Node<'_>) -> bool {
    let tag = n.parent().is_some_and(|p| {
        matches!(p.kind(), Kind::JsxOpeningElement | Kind::JsxSelfClosingElement | Kind::JsxClosingElement)
    });
    tag && n.field() == Field::Name && n.text().starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_type(n: Node<'_>) -> bool {
    matches!(
        n.kind(),
        Kind::TypeArguments | Kind::TypeAnnotation | Kind::TypeQuery | Kind::FunctionType | Kind::ObjectType
    )
}

fn hides<'a>(name: Node<'a>, cx: &mut Cx<'a>) {
    // `declare var NaN: number` says what is there.
    if name.ancestors().any(|a| a.kind() == Kind::AmbientDeclaration) {
        return;
    }
    let message = format!("This variable hides `{}`: every comparison with it means something else here.", name.text());
    cx.report(Note::new(cx.rule, name.span(), message));
}
