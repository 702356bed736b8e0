use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_global, operands, operator};
use crate::rules::support::{bare, place_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "method-not-called",
    summary: "a method is named where its result was meant",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[480],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `text.toUpperCase`, `date.getTime`, `Date.now`, `Math.random` and the like without a call, where their result is compared, calculated with, put into a text, shown in JSX or returned.",
        why: "Without parentheses it is the function itself: comparisons with it are false, calculations give NaN, and a text shows its source.",
        example: "if (session.expires < Date.now) renew();",
        instead: "if (session.expires < Date.now()) renew();",
        limits: "Only methods without arguments that only texts, numbers and dates have. Comparisons with functions, `undefined` and `null`, `typeof`, and functions that are handed on are left alone.",
        fix: "The suggested fix adds the call.",
    },
    checks: &[Check::Nodes(&[Kind::MemberExpression], check)],
    cases: &[
        Case::bad("a.js", "const n = Number(price.toFixed); //~ method-not-called"),
        Case::near_miss("a.js", "const n = apply(price.toFixed, price);"),
        Case::bad("a.js", "if (expires < Date.now) renew(); //~ method-not-called"),
        Case::bad("a.js", "function f(s) { return s.toUpperCase; } //~ method-not-called"),
        Case::bad("a.js", "const age = Date.now() - start.getTime; //~ method-not-called"),
        Case::bad("a.js", "const label = `${name.trim}:`; //~ method-not-called"),
        Case::bad("a.js", "if (kind.toLowerCase === 'a') go(); //~ method-not-called"),
        Case::bad("a.js", "const id = 'x' + Math.random; //~ method-not-called"),
        Case::bad("a.tsx", "export const V = ({ name }: P) => <b>{name.toUpperCase}</b>; //~ method-not-called"),
        Case::bad("a.js", "const up = (s) => s.toLowerCase; //~ method-not-called"),
        Case::bad("a.ts", "const late = now.getTime > limit; //~ method-not-called"),
        Case::good("a.js", "if (expires < Date.now()) renew();"),
        Case::good("a.js", "const clock = Date.now;"),
        Case::good("a.js", "function f(s) { return s.toUpperCase(); }"),
        Case::good("a.js", "if (s.trim === undefined) go();"),
        Case::good("a.js", "if (typeof s.toUpperCase === 'function') go();"),
        Case::good("a.js", "const f = String.prototype.trim;"),
        Case::good("a.js", "xs.map(s.toUpperCase, s);"),
        Case::good("a.js", "if (s && s.toUpperCase) go();"),
        Case::near_miss("a.js", "if (Date.now === realNow) go();"),
        Case::near_miss("a.js", "function f() { return String.prototype.trim; }"),
        Case::near_miss("a.js", "const k = options.trim + 1;"),
        Case::near_miss("a.js", "function f(o) { return o.trim; }"),
        Case::near_miss("a.js", "const x = 'a' + style.toUpperCase.name;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(of), Some(name)) = (node.child(Field::Object).map(bare), node.child(Field::Property)) else { return };
    let global = match (of.text(), name.text()) {
        ("Date" | "performance", "now") | ("Math", "random") => is_global(of, of.text(), cx),
        _ => false,
    };
    let certain = matches!(
        name.text(),
        "toUpperCase"
            | "toLowerCase"
            | "toLocaleUpperCase"
            | "toLocaleLowerCase"
            | "getTime"
            | "toISOString"
            | "getFullYear"
            | "getMonth"
            | "getHours"
            | "getMinutes"
            | "getSeconds"
            | "getMilliseconds"
            | "trimStart"
            | "toFixed"
            | "trimEnd"
    );
    // `options.trim` may be a switch.
    let text = name.text() == "trim" && is_text_name(of);
    if !global && !certain && !text || of.text().ends_with("prototype") {
        return;
    }
    let Some(parent) = node.parent() else { return };
    let used = match parent.kind() {
        Kind::BinaryExpression => match operator(parent) {
            "<" | ">" | "<=" | ">=" | "-" | "*" | "/" | "%" | "+" => true,
            "===" | "!==" | "==" | "!=" => operands(parent).is_some_and(|(l, r)| {
                let other = bare(if l == node { r } else { l });
                matches!(other.kind(), Kind::String | Kind::Number | Kind::TemplateString)
            }),
            _ => false,
        },
        Kind::TemplateSubstitution => true,
        // `Number(price.toFixed)`
        Kind::Arguments => parent.parent().and_then(|c| c.child(Field::Function)).is_some_and(|f| {
            matches!(f.text(), "Number" | "parseInt" | "parseFloat" | "Number.parseFloat" | "Number.parseInt")
        }),
        Kind::ReturnStatement => !global,
        Kind::ArrowFunction => !global && node.field() == Field::Body,
        Kind::JsxExpression => parent.parent().is_some_and(|p| p.kind() == Kind::JsxElement),
        _ => false,
    };
    if !used {
        return;
    }
    let message = format!("`{}` is the function itself here: its result was meant.", node.text());
    let at = Span { start: node.span().end, end: node.span().end };
    let note = Note::new(cx.rule, node.span(), message).suggestion("Call it", vec![(at, "()".to_owned())]);
    cx.report(note);
}

/// Whether a name says that it stands for a text.
fn is_text_name(of: Node<'_>) -> bool {
    place_name(of).is_some_and(|n| {
        words(&n).last().is_some_and(|w| {
            matches!(
                w.as_str(),
                "s" | "str" | "string" | "text" | "name" | "line" | "word" | "title" | "email" | "label" | "value"
            )
        })
    })
}
