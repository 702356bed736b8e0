use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_global, operator};
use crate::rules::support::{args, bare, constant, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "nan-arithmetic",
    summary: "a calculation that can only give NaN",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[682],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds arithmetic with `undefined`, with text that is no number, with object and function literals, and `parseInt` or `Number` of such text.",
        why: "The result is always `NaN`, which spreads through everything that is computed with it, and is equal to nothing.",
        example: "const total = undefined * rate;",
        instead: "const total = (count ?? 0) * rate;",
        limits: "Only what is written out, and constants of the block that hold it. `+` with text joins it and is left alone, and so are `null`, `true`, dates and what is not known.",
        fix: "",
    },
    checks: &[Check::Nodes(
        &[Kind::BinaryExpression, Kind::UnaryExpression, Kind::CallExpression, Kind::AugmentedAssignmentExpression],
        check,
    )],
    cases: &[
        Case::near_miss("a.js", "'use strict';\n\n{{content-for 'app-prefix'}}\n"),
        Case::bad("a.js", "const x = undefined * 2; //~ nan-arithmetic"),
        Case::bad("a.js", "const x = 'abc' - 1; //~ nan-arithmetic"),
        Case::bad("a.js", "const x = n / 'two'; //~ nan-arithmetic"),
        Case::bad("a.js", "const x = {} * 2; //~ nan-arithmetic"),
        Case::bad("a.js", "const x = +'ten'; //~ nan-arithmetic"),
        Case::bad("a.js", "const n = parseInt('abc', 10); //~ nan-arithmetic"),
        Case::bad("a.js", "const x = undefined + 1; //~ nan-arithmetic"),
        Case::bad("a.js", "function f(x) { x -= 'px'; return x; } //~ nan-arithmetic"),
        Case::bad("a.js", "const n = Number('12px'); //~ nan-arithmetic"),
        Case::bad("a.js", "const x = 1 * (() => 2); //~ nan-arithmetic"),
        Case::good("a.js", "const x = '3' * 2;"),
        Case::good("a.js", "const x = 'a' + 1;"),
        Case::good("a.js", "const x = n * 2;"),
        Case::good("a.js", "const x = +'10';"),
        Case::good("a.js", "const n = parseInt('12px', 10);"),
        Case::good("a.js", "const x = null * 2;"),
        Case::good("a.js", "const n = parseInt('ff', 16);"),
        Case::good("a.js", "const x = new Date() - start;"),
        Case::near_miss("a.js", "const x = '' * 2;"),
        Case::near_miss("a.js", "const x = +'0x1f';"),
        Case::near_miss("a.js", "const x = -'Infinity';"),
        Case::near_miss("a.js", "const x = '1e3' * 2;"),
        Case::near_miss("a.js", "const x = ' 12 ' - 1;"),
        Case::near_miss("a.js", "const x = NaN * 2;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let wrong = match node.kind() {
        Kind::BinaryExpression => {
            let arithmetic = matches!(operator(node), "-" | "*" | "/" | "%" | "**");
            let parts = [node.child(Field::Left), node.child(Field::Right)];
            let number = |n: Node<'_>| bare(n).kind() == Kind::Number;
            let plus = operator(node) == "+" && parts.iter().flatten().any(|n| number(*n));
            parts.into_iter().flatten().find(|n| arithmetic && never_number(*n, cx) || plus && is_undefined(*n, cx))
        }
        Kind::AugmentedAssignmentExpression => node
            .child(Field::Right)
            .filter(|r| matches!(operator(node), "-=" | "*=" | "/=" | "%=" | "**=") && never_number(*r, cx)),
        Kind::UnaryExpression => node
            .child(Field::Argument)
            .filter(|a| matches!(operator(node), "+" | "-") && bare(*a).kind() == Kind::String && never_number(*a, cx)),
        _ => {
            let Some(callee) = node.child(Field::Function).map(bare) else { return };
            let first = args(node).next().filter(|a| bare(*a).kind() == Kind::String);
            let text = first.and_then(|a| string_value(bare(a)));
            let told = text.is_some_and(|t| {
                if is_global(callee, "Number", cx) {
                    !reads_as_number(&t)
                } else {
                    let ten = args(node).nth(1).is_none_or(|r| r.text() == "10");
                    (is_global(callee, "parseInt", cx) && ten || is_global(callee, "parseFloat", cx))
                        && !begins_as_number(&t)
                }
            });
            first.filter(|_| told)
        }
    };
    // A template that is no program yet: `{{content-for 'head'}}`, `<% if (ts) {%>'x': {`.
    let Some(wrong) = wrong.filter(|_| !cx.arena().has_error() && !node.ancestors().any(|a| a.is_error())) else {
        return;
    };
    let lines =
        cx.arena().text().get(node.span().start as usize..).unwrap_or_default().lines().next().unwrap_or_default();
    if lines.trim_end().ends_with("}}") && cx.arena().text().contains("{{") {
        return;
    }
    let message = format!("`{}` is no number, so that this is always NaN.", wrong.text());
    cx.report(Note::new(cx.rule, node.span(), message));
}

fn is_undefined(node: Node<'_>, cx: &Cx<'_>) -> bool {
    let node = bare(node);
    node.kind() == Kind::Undefined && !crate::rules::support::declares(node, "undefined") && !cx.is_bound("undefined")
}

fn never_number<'a>(node: Node<'a>, cx: &Cx<'a>) -> bool {
    let node = constant(node);
    match node.kind() {
        Kind::Undefined => is_undefined(node, cx),
        Kind::Object | Kind::ArrowFunction | Kind::FunctionExpression | Kind::Regex => true,
        Kind::String => string_value(node).is_some_and(|t| !reads_as_number(&t)),
        _ => false,
    }
}

fn reads_as_number(text: &str) -> bool {
    let text = text.trim();
    let digits = text.trim_start_matches(['+', '-']);
    let prefixed = ["0x", "0X", "0o", "0O", "0b", "0B"].iter().any(|p| digits.starts_with(p));
    text.is_empty()
        || text.contains('\\')
        || prefixed
        || digits == "Infinity"
        || digits.parse::<f64>().is_ok() && !digits.contains("inf") && !digits.contains("nan")
}

fn begins_as_number(text: &str) -> bool {
    let digits = text.trim_start().trim_start_matches(['+', '-']);
    digits.is_empty()
        || digits.contains('\\')
        || digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || digits.starts_with("Infinity")
}
