use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, operands, operator, parameters, report_in, returned};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "boolean-comparator",
    summary: "a sort gets true or false where it needs a number",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[628],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds comparators of `sort` and `toSorted` that return a comparison: `(a, b) => a > b`.",
        why: "A comparator tells three things: less, equal, greater. `true` is 1 and `false` is 0, so that \"less\" is never told, and the order is wrong for all but a few lists.",
        example: "users.sort((a, b) => a.age > b.age);",
        instead: "users.sort((a, b) => a.age - b.age);",
        limits: "Comparators that return numbers, also by `?:`, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "users.sort((a, b) => a.age > b.age); //~ boolean-comparator"),
        Case::bad("a.js", "const s = xs.slice().sort(function (a, b) { return a < b; }); //~ boolean-comparator"),
        Case::bad(
            "a.ts",
            "export const f = (xs: string[]) => xs.toSorted((x, y) => x.toLowerCase() > y.toLowerCase()); //~ boolean-comparator",
        ),
        Case::bad("a.js", "xs.sort((a, b) => { const x = a.n; return x >= b.n; }); //~ boolean-comparator"),
        Case::good("a.js", "users.sort((a, b) => a.age - b.age);"),
        Case::good("a.js", "users.sort((a, b) => (a.age > b.age ? 1 : -1));"),
        Case::good("a.js", "users.sort((a, b) => a.name.localeCompare(b.name));"),
        Case::good("a.js", "users.filter((a, b) => a > b);"),
        Case::near_miss("a.js", "xs.sort((a, b) => Number(a > b) - Number(a < b));"),
        Case::near_miss("a.js", "xs.sort((a, b) => { if (a > b) return 1; return -1; });"),
        Case::near_miss("a.js", "xs.sort((a, b) => (a > b) - (a < b));"),
        Case::bad(
            "a.ts",
            "const sorted = (xs: P[]) => [...xs].sort((a, b) => a.price > b.price); //~ boolean-comparator",
        ),
        Case::bad(
            "a.ts",
            "function f(names: string[]) { return names.slice().sort((a, b) => a.toLowerCase() < b.toLowerCase()); } //~ boolean-comparator",
        ),
        Case::bad("a.ts", "users.sort(function (a, b) { return a.age >= b.age; }); //~ boolean-comparator"),
        Case::bad("a.ts", "const top = rows.toSorted((x, y) => y.score > x.score); //~ boolean-comparator"),
        Case::good("a.ts", "const sorted = (xs: P[]) => [...xs].sort((a, b) => a.price - b.price);"),
        Case::good("a.ts", "names.sort((a, b) => a.localeCompare(b));"),
        Case::good("a.ts", "xs.sort((a, b) => (a > b ? 1 : -1));"),
        Case::good("a.ts", "xs.filter((a) => a.price > 3);"),
        Case::near_miss("a.ts", "xs.sort((a, b) => Number(a.done) - Number(b.done));"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let Some((_, name)) = method(node).filter(|(_, n)| matches!(n.text(), "sort" | "toSorted")) else { return };
    let Some(function) = callback(node, 0, cx).filter(|_| args(node).count() == 1) else { return };
    if parameters(function).len() != 2 {
        return;
    }
    let values = returned(function).unwrap_or_default();
    let [value] = values.as_slice() else { return };
    let value = bare(*value);
    if value.kind() != Kind::BinaryExpression || !matches!(operator(value), "<" | ">" | "<=" | ">=") {
        return;
    }
    let message = format!(
        "`{}` needs a number that tells less, equal or greater; this gives true or false, and never \"less\".",
        name.text()
    );
    let mut note = Note::new(cx.rule, value.span(), message);
    if let Some((left, right)) = operands(value)
        && std::ptr::eq(value.arena(), cx.arena())
        && only_places(left)
        && only_places(right)
    {
        let text = if operator(value).starts_with('>') {
            format!("{} - {}", left.text(), right.text())
        } else {
            format!("{} - {}", right.text(), left.text())
        };
        note = note.suggestion("Compare as numbers", vec![(value.span(), text)]);
    }
    report_in(cx, value, note);
}

fn only_places(node: Node<'_>) -> bool {
    matches!(bare(node).kind(), Kind::Identifier | Kind::MemberExpression)
}
