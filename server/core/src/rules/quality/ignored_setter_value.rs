use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{bare, is_function, key_name, method, words};
use crate::rules::{Case, Check, Cx, Docs, Rule, support};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "ignored-setter-value",
    summary: "a setter does not use the value that it is given",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[563],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds setters (of classes, objects and `Object.defineProperty`) that never read their parameter, and setters that return a value.",
        why: "`box.width = 20` looks as if it worked, and something else is stored, or nothing. What a setter returns is thrown away.",
        example: "set width(value) { this._width = 10; }",
        instead: "set width(value) { this._width = value; }",
        limits: "Setters that are empty, only throw, warn or log, or have a parameter whose name begins with `_`, are taken as meant.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::MethodDefinition, Kind::Pair], check)],
    cases: &[
        Case::near_miss("a.js", "class S { set long(value) { this.change('long', value); return this; } }"),
        Case::near_miss("a.js", "class B { set port(value) { return this.setValue('port', value); } }"),
        Case::bad("a.js", "class A { set width(value) { this._w = 10; } } //~ ignored-setter-value"),
        Case::bad("a.js", "const o = { set width(v) { this.w = w; } }; //~ ignored-setter-value"),
        Case::bad(
            "a.ts",
            "class A { private w = 0; set width(value: number) { this.w = this.w + 1; } } //~ ignored-setter-value",
        ),
        Case::bad(
            "a.js",
            "Object.defineProperty(o, 'x', { set: function (v) { this._x = 1; this.touch(); } }); //~ ignored-setter-value",
        ),
        Case::bad("a.js", "class A { set x(v) { this._x = v; return v; } } //~ ignored-setter-value"),
        Case::bad("a.js", "class A { static set x(v) { A.y = 0; } } //~ ignored-setter-value"),
        Case::bad("a.js", "class A { set name(name) { this._name = this._name; } } //~ ignored-setter-value"),
        Case::bad("a.js", "class A { set x(v) { if (this.open) { this._x = x; } } } //~ ignored-setter-value"),
        Case::good("a.js", "class A { set width(value) { this._w = value; } }"),
        Case::good("a.js", "class A { set width(value) { throw new Error('read only'); } }"),
        Case::good("a.js", "class A { set width(value) {} }"),
        Case::good("a.js", "class A { set width(_value) { this.touch(); } }"),
        Case::good("a.js", "class A { get width() { return 10; } }"),
        Case::good("a.js", "class A { set width(value) { console.warn('deprecated'); } }"),
        Case::good("a.js", "const o = { set: function (k, v) { return this.m; } };"),
        Case::good("a.js", "class A { set x(v) { if (!v) { return; } this._x = v; } }"),
        Case::near_miss("a.js", "class A { set width({ value }) { this._w = value; } }"),
        Case::near_miss("a.js", "class A { set(v) { this.touch(); } }"),
        Case::near_miss("a.js", "class A { set x(v) { this._x = arguments[0]; } }"),
        Case::near_miss("a.js", "class A { set x(v) { this.fail('x is read only'); } }"),
        Case::near_miss("a.js", "const map = { set: function (v) { return 1; }, get: function () { return 2; } };"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let function = match node.kind() {
        Kind::MethodDefinition if !node.is_hole() && node.has_token("set") => node,
        Kind::Pair => {
            let defines = node
                .ancestors()
                .find(|a| a.kind() == Kind::CallExpression)
                .and_then(method)
                .is_some_and(|(of, n)| of.text() == "Object" && n.text() == "defineProperty");
            if !defines || key_name(node).as_deref() != Some("set") {
                return;
            }
            match node.child(Field::Value).map(bare).filter(|v| is_function(*v) && !v.is_hole()) {
                Some(function) => function,
                None => return,
            }
        }
        _ => return,
    };
    let (Some(body), Some(parameter)) =
        (function.child(Field::Body), crate::rules::shape::parameters(function).first().copied())
    else {
        return;
    };
    let what = node.child(Field::Name).or_else(|| node.child(Field::Key)).unwrap_or(node);
    let returned = body.descendants_until(is_function).find(|n| {
        n.kind() == Kind::ReturnStatement
            && n.first_named().is_some_and(|v| !matches!(v.kind(), Kind::UnaryExpression | Kind::Undefined | Kind::This))
            // `return this.setValue('x', value)` does what a setter is for, and leaves.
            && !n.first_named().is_some_and(|v| matches!(bare(v).kind(), Kind::CallExpression | Kind::AssignmentExpression))
    });
    if let Some(returned) = returned.filter(|_| node.kind() == Kind::MethodDefinition) {
        let message = "What a setter returns is thrown away: an assignment gives the value that was assigned.";
        cx.report(Note::new(cx.rule, returned.span(), message));
        return;
    }
    if parameter.kind() != Kind::Identifier || parameter.text().starts_with('_') {
        return;
    }
    let name = parameter.text();
    let reads = body.descendants().any(|n| {
        n.is_hole()
            || matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier)
                && (n.text() == name || n.text() == "arguments")
    });
    if reads || !stores(body) || refuses(body) {
        return;
    }
    let message = format!("This setter never reads `{name}`: whatever is assigned, the same is stored.");
    cx.report(Note::new(cx.rule, what.span(), message).related(parameter.span(), "never read"));
}

fn stores(body: Node<'_>) -> bool {
    body.descendants_until(is_function).any(|n| {
        matches!(n.kind(), Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression | Kind::UpdateExpression)
    })
}

/// Whether it tells that it sets nothing.
fn refuses(body: Node<'_>) -> bool {
    body.descendants_until(is_function).any(|n| match n.kind() {
        Kind::ThrowStatement => true,
        Kind::CallExpression => n.child(Field::Function).is_some_and(|f| {
            support::place_name(f).is_some_and(|n| {
                words(&n).iter().any(|w| {
                    matches!(
                        w.as_str(),
                        "warn" | "error" | "fail" | "deprecate" | "deprecated" | "invariant" | "assert"
                    )
                })
            })
        }),
        _ => false,
    })
}
