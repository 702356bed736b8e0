use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_global, operator};
use crate::rules::support::{bare, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "native-prototype-extended",
    summary: "a method is hung on the objects of the language itself",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1321],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds functions that are assigned to the prototype of `Array`, `Object`, `String`, `Number`, `Boolean`, `Function`, `Date`, `RegExp`, `Promise`, `Map` or `Set`.",
        why: "Every program and library in the same process sees the new method: `for..in` over arrays and objects meets it, two libraries may mean different things by one name, and a later version of the language may bring a method of that name.",
        example: "Array.prototype.last = function () {\n  return this[this.length - 1];\n};",
        instead: "function last(list) {\n  return list[list.length - 1];\n}",
        limits: "What is filled in where an engine lacks it (under a condition, by `||`, or by the name of a standard method), `toJSON` of `BigInt`, and the test of what others do with a prototype are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::AssignmentExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "Array.prototype.last = function () { return this[this.length - 1]; }; //~ native-prototype-extended",
        ),
        Case::bad(
            "a.js",
            "String.prototype.format = function (...args) { return fill(this, args); }; //~ native-prototype-extended",
        ),
        Case::bad("a.js", "Object.prototype.clone = function () { return copy(this); }; //~ native-prototype-extended"),
        Case::bad(
            "a.ts",
            "(Array.prototype as any).unique = function () { return [...new Set(this)]; }; //~ native-prototype-extended",
        ),
        Case::bad(
            "a.js",
            "function install() {\n Number.prototype.clamp = function (a, b) { return Math.min(Math.max(this, a), b); }; //~ native-prototype-extended\n}",
        ),
        Case::bad(
            "a.js",
            "Date.prototype.addDays = function (n) { this.setDate(this.getDate() + n); return this; }; //~ native-prototype-extended",
        ),
        Case::bad(
            "a.js",
            "Array.prototype['remove'] = function (x) { this.splice(this.indexOf(x), 1); }; //~ native-prototype-extended",
        ),
        Case::bad("a.js", "Promise.prototype.done = (f) => f(); //~ native-prototype-extended"),
        Case::good("a.js", "class List { last() { return this.xs[this.xs.length - 1]; } }"),
        Case::good("a.js", "List.prototype.last = function () { return 1; };"),
        Case::good(
            "a.js",
            "if (!Array.prototype.last) { Array.prototype.last = function () { return this[this.length - 1]; }; }",
        ),
        Case::good(
            "a.js",
            "String.prototype.trim = String.prototype.trim || function () { return this.replace(/^\\s+|\\s+$/g, ''); };",
        ),
        Case::good("a.js", "const last = Array.prototype.at;"),
        Case::good("a.js", "BigInt.prototype.toJSON = function () { return this.toString(); };"),
        Case::good("a.js", "Array.prototype.push = original;"),
        Case::good("a.js", "Element.prototype.hide = function () { this.hidden = true; };"),
        Case::near_miss("a.js", "Array.prototype.includes = function (x) { return this.indexOf(x) !== -1; };"),
        Case::near_miss(
            "a.js",
            "typeof Array.prototype.last === 'function' || (Array.prototype.last = function () { return 1; });",
        ),
        Case::near_miss("a.js", "function f(Array) { Array.prototype.last = function () { return 1; }; }"),
        Case::near_miss(
            "a.js",
            "if ('last' in Array.prototype === false) Array.prototype.last = function () { return 1; };",
        ),
    ],
};

/// Methods that the language has or had, which somebody may fill in.
const STANDARD: &[&str] = &[
    "at",
    "bind",
    "catch",
    "codePointAt",
    "concat",
    "copyWithin",
    "difference",
    "endsWith",
    "entries",
    "every",
    "fill",
    "filter",
    "finally",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "flat",
    "flatMap",
    "forEach",
    "getYear",
    "groupBy",
    "includes",
    "indexOf",
    "intersection",
    "isWellFormed",
    "join",
    "keys",
    "lastIndexOf",
    "map",
    "matchAll",
    "normalize",
    "padEnd",
    "padStart",
    "pop",
    "push",
    "reduce",
    "reduceRight",
    "repeat",
    "replace",
    "replaceAll",
    "reverse",
    "shift",
    "slice",
    "some",
    "sort",
    "splice",
    "split",
    "startsWith",
    "substr",
    "then",
    "toISOString",
    "toJSON",
    "toReversed",
    "toSorted",
    "toSpliced",
    "toString",
    "toWellFormed",
    "trim",
    "trimEnd",
    "trimLeft",
    "trimRight",
    "trimStart",
    "union",
    "unshift",
    "values",
    "with",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right).map(bare)) else { return };
    let place = bare(left);
    let of = match place.kind() {
        Kind::MemberExpression | Kind::SubscriptExpression => place.child(Field::Object).map(bare),
        _ => None,
    };
    let Some(prototype) = of.filter(|o| o.kind() == Kind::MemberExpression) else { return };
    let Some(class) = prototype.child(Field::Object).map(bare) else { return };
    let native = matches!(
        class.text(),
        "Array"
            | "Object"
            | "String"
            | "Number"
            | "Boolean"
            | "Function"
            | "Date"
            | "RegExp"
            | "Promise"
            | "Map"
            | "Set"
    );
    if !native || prototype.child(Field::Property).is_none_or(|p| p.text() != "prototype") {
        return;
    }
    if !matches!(right.kind(), Kind::FunctionExpression | Kind::ArrowFunction) || !is_global(class, class.text(), cx) {
        return;
    }
    let Some(name) = place_name(place) else { return };
    // Filled in where it is not there.
    let asked = node.ancestors().any(|a| match a.kind() {
        Kind::IfStatement | Kind::TernaryExpression => true,
        Kind::BinaryExpression => matches!(operator(a), "||" | "&&" | "??"),
        _ => false,
    });
    let filler = ["polyfill", "shim", "compat"].iter().any(|w| cx.file.path.to_lowercase().contains(w));
    if asked || filler || STANDARD.contains(&&*name) || cx.file.is_test {
        return;
    }
    let message = format!(
        "Every `{0}` of the whole program gets `{name}`, in other people's code too. Write a function that takes the `{0}`.",
        class.text()
    );
    cx.report(Note::new(cx.rule, place.span(), message));
}
