use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::is_global;
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "parse-int-without-radix",
    summary: "`parseInt` takes the element's index for a base",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[628],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `map(parseInt)`: `map` passes the index as the second argument, which `parseInt` takes for the \
              base.",
        why: "`['10', '10', '10'].map(parseInt)` is `[10, NaN, 2]`. The same holds for `flatMap`, `forEach` and \
              `Array.from(list, parseInt)`.",
        example: "const parts = version.split('.').map(parseInt);",
        instead: "const parts = version.split('.').map((part) => parseInt(part, 10));",
        limits: "`parseInt(x)` alone has read decimal since ES5 and is left alone; `parseFloat` and `Number` look at one \
              argument.",
        fix: "`map(parseInt)` becomes `map((text) => parseInt(text, 10))`; it changes the result, so it is a \
              suggestion.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "const v = s.split('.').map(parseInt); //~ parse-int-without-radix"),
        Case::bad("a.js", "const v = xs.map(Number.parseInt); //~ parse-int-without-radix"),
        Case::bad("a.js", "const v = xs.flatMap(parseInt); //~ parse-int-without-radix"),
        Case::bad("a.js", "const v = Array.from(set, parseInt); //~ parse-int-without-radix"),
        Case::bad("a.js", "const v = xs.filter(Boolean).map(parseInt).sort(cmp); //~ parse-int-without-radix"),
        Case::bad("a.js", "const [a, b] = s.split('-').map(parseInt); //~ parse-int-without-radix"),
        Case::bad("a.ts", "const v: number[] = (xs as string[]).map(parseInt); //~ parse-int-without-radix"),
        Case::bad("a.js", "const v = list?.map(parseInt); //~ parse-int-without-radix"),
        Case::bad("a.js", "const v = xs.map(window.parseInt); //~ parse-int-without-radix"),
        Case::good("a.js", "const v = xs.map((x) => parseInt(x, 10));"),
        Case::good("a.js", "const v = xs.map(Number);"),
        Case::good("a.js", "const v = xs.map(parseFloat);"),
        Case::good("a.js", "const v = parseInt(x);"),
        Case::good("a.js", "const v = xs.map(parse);"),
        Case::good("a.js", "const v = xs.map((x) => parseInt(x));"),
        Case::good("a.js", "const v = parseInt(x, 16);"),
        Case::good("a.js", "const v = Array.from(set, Number);"),
        Case::near_miss("a.js", "import { parseInt } from './safe';\nconst v = xs.map(parseInt);"),
        Case::near_miss("a.js", "function f(parseInt) { return xs.map(parseInt); }"),
        Case::near_miss("a.js", "const v = pipe(xs, parseInt);"),
        Case::near_miss("a.js", "const v = xs.map(my.parseInt);"),
        Case::near_miss("a.js", "const v = _.unary(parseInt);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    let mapper = match name.text() {
        "map" | "flatMap" | "forEach" => args(node).next(),
        "from" if receiver.text() == "Array" => args(node).nth(1),
        _ => None,
    };
    let Some(mapper) = mapper.map(bare) else { return };
    let known = is_global(mapper, "parseInt", cx)
        || matches!(mapper.text(), "Number.parseInt" | "window.parseInt" | "globalThis.parseInt");
    if !known {
        return;
    }
    let message = "The index is passed as the second argument, and `parseInt` takes it for the base: `['10', '10'].map(parseInt)` is `[10, NaN]`. Pass the text and 10.";
    let edit = vec![(mapper.span(), "(text) => parseInt(text, 10)".to_owned())];
    cx.report(Note::new(cx.rule, mapper.span(), message).suggestion("Read decimal numbers", edit));
}
