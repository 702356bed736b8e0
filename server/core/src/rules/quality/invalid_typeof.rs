use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_global, operands, operator};
use crate::rules::support::{bare, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "invalid-typeof",
    summary: "`typeof` is compared with something that it never gives",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[570],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds comparisons of `typeof x` with a text that is no type's name (`'nubmer'`, `'array'`, `'null'`), or \
              with `undefined` or `null` themselves.",
        why: "`typeof` gives one of eight texts. Compared with anything else the check never holds, and what it should \
              guard runs unguarded.",
        example: "if (typeof cb === 'fucntion') { cb(); }",
        instead: "if (typeof cb === 'function') { cb(); }",
        limits: "Old hosts' `'unknown'` and `'date'` are reported as well. Comparisons with variables are left alone.",
        fix: "Where one type's name is close, the suggestion writes that one.",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression, Kind::SwitchStatement], check)],
    cases: &[
        Case::bad("a.js", "if (typeof cb === 'fucntion') { cb(); } //~ invalid-typeof"),
        Case::bad("a.js", "const a = typeof xs == 'array'; //~ invalid-typeof"),
        Case::bad("a.js", "const u = typeof x === undefined; //~ invalid-typeof"),
        Case::bad("a.js", "const n = typeof x !== null; //~ invalid-typeof"),
        Case::bad("a.js", "if ('nubmer' === typeof x) { go(); } //~ invalid-typeof"),
        Case::bad("a.js", "const s = typeof (x.y) === \"String\"; //~ invalid-typeof"),
        Case::bad("a.js", "switch (typeof x) {\n  case 'integer': go(); //~ invalid-typeof\n}"),
        Case::bad("a.ts", "const b = typeof x !== 'bool'; //~ invalid-typeof"),
        Case::bad("a.js", "const o = typeof x === `objects`; //~ invalid-typeof"),
        Case::good("a.js", "if (typeof cb === 'function') { cb(); }"),
        Case::good("a.js", "const s = typeof x === 'string';"),
        Case::good("a.js", "const b = typeof x === 'bigint';"),
        Case::good("a.js", "const u = typeof x === 'undefined';"),
        Case::good("a.js", "const same = typeof x === typeof y;"),
        Case::good("a.js", "const t = typeof x === kind;"),
        Case::good("a.js", "switch (typeof x) { case 'symbol': go(); break; case 'boolean': stop(); }"),
        Case::good("a.js", "const o = typeof x !== \"object\";"),
        Case::near_miss("a.js", "const k = kind === 'array';"),
        Case::near_miss("a.js", "const t = typeof x + 'array';"),
        Case::near_miss("a.js", "const k = type(x) === 'array';"),
        Case::near_miss("a.ts", "type T = typeof x;"),
        Case::near_miss("a.js", "const u = x === undefined;"),
    ],
};

const TYPES: &[&str] = &["undefined", "object", "boolean", "number", "string", "function", "symbol", "bigint"];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.kind() == Kind::SwitchStatement {
        if node.child(Field::Value).is_some_and(is_typeof)
            && let Some(body) = node.child(Field::Body)
        {
            let values: Vec<_> = body.named_children().filter_map(|c| c.child(Field::Value)).collect();
            values.into_iter().for_each(|value| judge(value, cx));
        }
        return;
    }
    if !matches!(operator(node), "==" | "===" | "!=" | "!==") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    if is_typeof(left) {
        judge(right, cx);
    } else if is_typeof(right) {
        judge(left, cx);
    }
}

fn is_typeof(node: Node<'_>) -> bool {
    let node = bare(node);
    node.kind() == Kind::UnaryExpression && operator(node) == "typeof"
}

fn judge<'a>(value: Node<'a>, cx: &mut Cx<'a>) {
    let value = bare(value);
    if matches!(value.kind(), Kind::Undefined | Kind::Null) || is_global(value, "undefined", cx) {
        let message =
            format!("`typeof` gives a text, never `{0}` itself. Write `'{0}'`, or compare the value.", value.text());
        let mut note = Note::new(cx.rule, value.span(), message);
        if value.text() == "undefined" {
            note = note.suggestion("Compare with the text", vec![(value.span(), "'undefined'".into())]);
        }
        cx.report(note);
        return;
    }
    let Some(text) = string_value(value) else { return };
    if TYPES.contains(&text.as_ref()) {
        return;
    }
    let hint = match text.as_ref() {
        "array" | "Array" => " Ask `Array.isArray`.",
        "null" => " `typeof null` is `'object'`; compare with `null`.",
        _ => "",
    };
    let message =
        format!("`typeof` never gives `'{text}'`, so that this comparison has always the same outcome.{hint}");
    let mut note = Note::new(cx.rule, value.span(), message);
    let near =
        TYPES.iter().map(|t| (strsim::jaro_winkler(&text.to_lowercase(), t), *t)).max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((score, name)) = near
        && score > 0.9
    {
        note = note.suggestion(format!("Write `'{name}'`"), vec![(value.span(), format!("'{name}'"))]);
    }
    cx.report(note);
}
