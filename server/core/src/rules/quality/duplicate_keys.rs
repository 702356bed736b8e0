use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::key_name;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "duplicate-keys",
    summary: "an object has the same key twice",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1109],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds object literals and JSX elements that give the same key twice.",
        why: "The last one wins and the first is lost without a word. One of them was meant to have another name.",
        example: "const style = { color: 'red', width: 1, color: 'blue' };",
        instead: "const style = { color: 'red', width: 1, background: 'blue' };",
        limits: "A key given again behind a spread overrides on purpose. A getter and a setter of one name belong \
              together. Computed keys are compared only if they are strings.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::Object, Kind::JsxOpeningElement, Kind::JsxSelfClosingElement, Kind::ClassBody], check),
        Check::Nodes(&[Kind::FormalParameters], parameters),
    ],
    cases: &[
        Case::near_miss("a.js", "export function add(num1: number, num2: number): number {\n  return num1 + num2;\n}"),
        Case::bad("a.js", "const s = { color: 'red', width: 1, color: 'blue' }; //~ duplicate-keys"),
        Case::bad("a.js", "const o = {\n  a: 1,\n  'a': 2, //~ duplicate-keys\n};"),
        Case::bad("a.js", "f({ name, id, name }); //~ duplicate-keys"),
        Case::bad("a.js", "const o = { run() { return 1; }, run: 2 }; //~ duplicate-keys"),
        Case::bad("a.tsx", "const v = <A id=\"x\" title=\"t\" id=\"y\" />; //~ duplicate-keys"),
        Case::bad("a.js", "const o = { ['k']: 1, k: 2 }; //~ duplicate-keys"),
        Case::bad("a.ts", "export const map: Record<number, string> = { 1: 'a', 2: 'b', 1: 'c' }; //~ duplicate-keys"),
        Case::bad("a.js", "const o = { a: { b: 1, b: 2 } }; //~ duplicate-keys"),
        Case::bad("a.jsx", "const v = <A x={1} x={2}>t</A>; //~ duplicate-keys"),
        Case::bad("a.js", "class A { m() { return 1; } n() { return 2; } m() { return 3; } } //~ duplicate-keys"),
        Case::bad("a.js", "class A { static m() { return 1; } static m() { return 3; } } //~ duplicate-keys"),
        Case::bad("a.js", "function area(width, width) { return width * width; } //~ duplicate-keys"),
        Case::near_miss("a.js", "xs.forEach(function (_, _) { go(); });"),
        Case::good("a.js", "class A { m() { return 1; } static m() { return 3; } }"),
        Case::good("a.js", "class A { get m() { return 1; } set m(v) { this.v = v; } }"),
        Case::near_miss("a.ts", "class A { m(x: string): void; m(x: number): void; m(x: unknown) { go(x); } }"),
        Case::good("a.js", "const s = { color: 'red', width: 1 };"),
        Case::good("a.js", "const o = { a: { b: 1 }, c: { b: 2 } };"),
        Case::good("a.js", "const o = { get a() { return 1; }, set a(v) {} };"),
        Case::good("a.js", "const o = { ...base, a: 1 };"),
        Case::good("a.tsx", "const v = <A id=\"x\" {...props} id=\"y\" />;"),
        Case::good("a.js", "const o = { [k]: 1, [k2]: 2 };"),
        Case::good("a.js", "const { a, a: b } = o;"),
        Case::good("a.js", "const o = { a: 1, A: 2 };"),
        Case::near_miss("a.js", "const o = { a: 1, ...rest, a: 2 };"),
        Case::near_miss("a.js", "const o = { [k]: 1, [k]: 2 };"),
        Case::near_miss("a.js", "const o = { get a() { return 1; }, b: 2, set a(v) {} };"),
        Case::near_miss("a.js", "const o = { '1': 1, '01': 2 };"),
    ],
};

/// `function f(a, a)`: the second hides the first.
fn parameters<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // Types in a file of JavaScript, as Flow has them, are read as names.
    if node.descendants().any(|n| n.is_error()) {
        return;
    }
    let names: Vec<Node<'a>> = node.named_children().filter(|n| n.kind() == Kind::Identifier).collect();
    for (i, name) in names.iter().enumerate() {
        let text = name.text();
        // Whoever calls a parameter `_` says that nobody asks for it.
        if let Some(first) = names[..i].iter().find(|n| n.text() == text && !text.starts_with('_')) {
            let message =
                format!("Two parameters are called `{text}`: this one hides the first, which nobody can read.");
            cx.report(Note::new(cx.rule, name.span(), message).related(first.span(), "hidden"));
        }
    }
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // What the grammar could not take, as Flow's types in JavaScript, is no object.
    if node.descendants().any(|n| n.is_error()) || node.ancestors().any(|a| a.is_error()) {
        return;
    }
    let mut seen: std::collections::HashMap<String, Node<'a>> = std::collections::HashMap::new();
    for member in node.named_children() {
        let key = match member.kind() {
            Kind::SpreadElement | Kind::JsxExpression => {
                seen.clear();
                continue;
            }
            Kind::Pair => key_name(member).map(|k| k.into_owned()),
            Kind::ShorthandPropertyIdentifier => Some(member.text().to_owned()),
            Kind::MethodDefinition => {
                let method = cx.open(member);
                let accessor = method.has_token("get") || method.has_token("set");
                let name = method.child(Field::Name).filter(|n| n.kind() == Kind::PropertyIdentifier);
                let of_class = node.kind() == Kind::ClassBody;
                // A getter and a setter share a name, and so do a class and its objects.
                let place = ["static", "get", "set"].into_iter().filter(|w| of_class && method.has_token(w));
                let place: String = place.collect::<Vec<_>>().join(" ");
                let body = method.child(Field::Body).is_some();
                name.filter(|_| if of_class { body } else { !accessor })
                    .map(|n| format!("{place}{}{}", if place.is_empty() { "" } else { " " }, n.text()))
            }
            Kind::JsxAttribute => member.first_named().map(|n| n.text().to_owned()),
            _ => None,
        };
        let number = member.child(Field::Key).filter(|k| k.kind() == Kind::Number).map(|k| k.text().to_owned());
        let Some(key) = key.or(number).filter(|k| k != "__proto__") else { continue };
        if let Some(first) = seen.get(&key) {
            let place = member.child(Field::Key).unwrap_or(member);
            let message = format!("`{key}` is given twice: this one wins, and the first is lost without a word.");
            cx.report(Note::new(cx.rule, place.span(), message).related(first.span(), "lost"));
        } else {
            seen.insert(key, member);
        }
    }
}
