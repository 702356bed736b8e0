use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, home, operands, operator, parameters, root_name, written_type};
use crate::rules::support::{bare, is_function, method, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "equality-with-coercion",
    summary: "`==` compares values of different types",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[697, 1024],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `==` and `!=` with `true`, `false`, `''`, `0` or `[]`, where the other side is a parameter or a name of which nothing is said, \
              or something that was typed in or sent (`el.value`, `req.query.page`).",
        why: "Both sides are converted first: `'' == 0`, `'0' == false` and `[] == ''` are true, `'true' == true` is \
              false. The check passes for values that nobody thought of.",
        example: "if (input == 0) { reset(); }",
        instead: "if (input === 0) { reset(); }",
        limits: "`== null` asks for `null` and `undefined` at once and is left alone; so are `typeof`, `length` and two \
              values of one type, as far as a written type, a first value or what is done to a variable tells, and \
              files that compare with `==` throughout.",
        fix: "The suggestion compares with `===`, which tells more values apart.",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check)],
    cases: &[
        Case::near_miss("a.js", "function f(box) { if (box.control.value != '') { return 1; } return 0; }"),
        Case::near_miss(
            "a.js",
            "function f(a, b) { const d = a.x * b.y - 1; const t = tag(d); return t == 0 || this.volume() == 0; }",
        ),
        Case::near_miss(
            "a.js",
            "function outcome(status) { if (status >= 400 || status == 0) { return 'failure'; } return 'success'; }",
        ),
        Case::near_miss("a.js", "class T { begin(rowIndex) { if (rowIndex == 0 && !this.open) { this.top(); } } }"),
        Case::near_miss(
            "a.js",
            "goog.provide('shaka.Ads');\nclass Ad { isOver() { return this.manager_.left() == 0; } }",
        ),
        Case::bad(
            "a.js",
            "import goog from 'goog';\nexport const over = (left) => left == 0; //~ equality-with-coercion",
        ),
        Case::near_miss("a.ts", "class Q { isEmpty(): boolean { return this.size() == 0; } }"),
        Case::bad("a.js", "if (input == 0) { reset(); } //~ equality-with-coercion"),
        Case::bad("a.js", "const on = flag == true; //~ equality-with-coercion"),
        Case::bad("a.js", "const off = x != false; //~ equality-with-coercion"),
        Case::bad("a.js", "if (text == '') { empty(); } //~ equality-with-coercion"),
        Case::bad("a.js", "if ('' != name) { go(); } //~ equality-with-coercion"),
        Case::bad("a.js", "if (0 == n) { go(); } //~ equality-with-coercion"),
        Case::bad("a.js", "if (list == []) { go(); } //~ equality-with-coercion"),
        Case::bad("a.ts", "const b = o.value == false; //~ equality-with-coercion"),
        Case::good("a.js", "if (input === 0) { reset(); }"),
        Case::good("a.js", "if (x == null) { go(); }"),
        Case::good("a.js", "if (x != undefined) { go(); }"),
        Case::good("a.js", "if (typeof x == 'string') { go(); }"),
        Case::good("a.js", "if (xs.length == 0) { go(); }"),
        Case::good("a.js", "if (a == b) { go(); }"),
        Case::good("a.js", "if (kind == 'a') { go(); }"),
        Case::good("a.js", "if (x !== '') { go(); }"),
        Case::near_miss("a.js", "if (xs.indexOf(x) == 0) { go(); }"),
        Case::near_miss("a.js", "if (n % 2 == 0) { go(); }"),
        Case::near_miss("a.js", "if (s.trim() == '') { go(); }"),
        Case::near_miss("a.js", "if (typeof x == '') { go(); }"),
        Case::near_miss("a.js", "if (m.size != 0) { go(); }"),
        Case::bad("a.ts", "export function f(value: any) { if (value == '0') { go(); } } //~ equality-with-coercion"),
        Case::bad("a.ts", "function f(id: string | number) { return id == 0; } //~ equality-with-coercion"),
        Case::near_miss(
            "a.js",
            "function f(parts) { return parts.map((p, index) => { if (index == 0) { return p; } return up(p); }); }",
        ),
        Case::near_miss("a.js", "function f(data) { const packed = data.readInt8(0); if (packed == 0) { go(); } }"),
        Case::near_miss("a.js", "function f(left) { while (true) { if (left-- == 0) { break; } go(); } }"),
        Case::near_miss("a.ts", "function f(rect: DOMRect) { return rect.height == 0; }"),
        Case::near_miss(
            "a.ts",
            "interface Item { count: number }\nexport function f(all: Map<string, Item>) { all.forEach((item) => { if (item.count == 0) { go(); } }); }",
        ),
        Case::near_miss(
            "a.js",
            "export function f(a, b) { if (a == 0) go(); if (a == 'x') go(); if (b == a) go(); if (b == 'y') go(); if (a == 'z') go(); if (b == 0) go(); if (a == b.c) go(); if (b == 'q') go(); }",
        ),
        Case::bad("a.js", "function f(req) { return req.query.page == 0; } //~ equality-with-coercion"),
        Case::bad("a.js", "function f(el) { if (el.value == 0) go(); } //~ equality-with-coercion"),
        Case::near_miss("a.js", "function f(packet) { return packet.seq == 0; }"),
        Case::near_miss("a.js", "function f(value) { const text = value + ''; return text == '0' ? '-0' : text; }"),
        Case::near_miss("a.js", "if (result.jsonrpc != '2.0') { fail(); }"),
        Case::near_miss(
            "a.ts",
            "function f(xs: X[]) { return Math.max(0, xs.count - 1) == 0 ? 0 : total / xs.count; }",
        ),
        Case::near_miss("a.js", "function f(x) { return Number(x) == 0 || parseInt(x, 10) == 0; }"),
        Case::near_miss(
            "a.ts",
            "function divide(a: V, b: V) { return a.map((v, i) => { if (b[i] == 0) { throw new Error('zero'); } return v / b[i]; }); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(len) { let rest = len; for (;;) { rest >>= 7; if (rest == 0) { break; } } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let op = node.child(Field::Operator).filter(|o| matches!(o.text(), "==" | "!="));
    let (Some(op), Some((left, right))) = (op, operands(node)) else { return };
    let (left, right) = (bare(left), bare(right));
    let (literal, other) = if risky(right, left) {
        (right, left)
    } else if risky(left, right) {
        (left, right)
    } else {
        return;
    };
    // What somebody typed into a field is a text.
    let typed = literal.kind() == Kind::String
        && other.kind() == Kind::MemberExpression
        && other.child(Field::Property).is_some_and(|p| p.text() == "value");
    if typed
        || !may_be_other(other)
        || is_same_type(literal, other)
        || cx.file.declared.loose
        || is_known(literal, other, cx)
    {
        return;
    }
    let strict = format!("{}=", op.text());
    let message = format!(
        "`{}` converts both sides first, so that other values equal `{}` as well. Use `{strict}`.",
        op.text(),
        literal.text()
    );
    cx.report(
        Note::new(cx.rule, node.span(), message)
            .suggestion(format!("Use `{strict}`"), vec![(op.span(), strict.clone())]),
    );
}

fn risky(node: Node<'_>, other: Node<'_>) -> bool {
    match node.kind() {
        Kind::True | Kind::False => true,
        Kind::Number => node.text() == "0",
        // `''`, and texts that a number or a truth value equals.
        Kind::String => {
            let text = node.text().get(1..node.text().len() - 1).unwrap_or_default();
            text.is_empty() || text.len() < 6 && text.parse::<f64>().is_ok() && is_anything(other)
        }
        Kind::Array => node.first_named().is_none(),
        _ => false,
    }
}

/// Whether a value may be of another type than the one that it is compared with: a parameter or a name of which nothing is said, or what
/// somebody typed in or sent. What a program computes itself has the type that its author knows.
fn may_be_other(value: Node<'_>) -> bool {
    match value.kind() {
        Kind::Identifier => is_anything(value) || !crate::rules::support::declares(value, value.text()),
        Kind::MemberExpression | Kind::SubscriptExpression => {
            value.descendants().any(is_sent) || value.kind() == Kind::MemberExpression && is_sent_name(value)
        }
        Kind::CallExpression => false,
        _ => true,
    }
}

fn is_sent_name(value: Node<'_>) -> bool {
    value.child(Field::Property).is_some_and(is_sent)
}

/// Whether a name tells of what comes from outside.
fn is_sent(n: Node<'_>) -> bool {
    matches!(
        n.text(),
        "value" | "input" | "text" | "query" | "params" | "body" | "data" | "req" | "request" | "form" | "env"
    )
}

/// Whether a value is a parameter of which nothing is said: it may be a number as well as a text.
fn is_anything(node: Node<'_>) -> bool {
    let written = || written_type(node).is_none_or(|t| matches!(t, "any" | "unknown") || t.contains('|'));
    node.kind() == Kind::Identifier
        && node.ancestors().filter(|a| is_function(*a)).any(|f| parameters(f).iter().any(|p| p.text() == node.text()))
        && written()
}

/// Whether the code tells, by a type, a first value or what is done to a variable, that the other side has the literal's type. In
/// TypeScript the compiler compares nothing else with a literal, unless it was told not to look.
fn is_known<'a>(literal: Node<'a>, other: Node<'a>, cx: &Cx<'a>) -> bool {
    let wanted = match literal.kind() {
        Kind::Number => "number",
        Kind::String => "string",
        Kind::True | Kind::False => "boolean",
        _ => return false,
    };
    let number = wanted == "number";
    // `this.size() == 0`
    if number
        && other.kind() == Kind::CallExpression
        && crate::rules::support::method(other).is_some_and(|(_, m)| matches!(m.text(), "size" | "count" | "length"))
    {
        return true;
    }
    if other.kind() == Kind::UpdateExpression {
        return number;
    }
    if other.kind() == Kind::MemberExpression {
        let name = place_name(other).unwrap_or_default();
        // A property that is compared with 0 is a number, but for what somebody typed in or sent.
        if number && literal.text() == "0" && !other.descendants().any(is_sent) {
            return true;
        }
        if number
            && (cx.file.declared.numbers.contains(name.as_ref())
                || matches!(
                    name.as_ref(),
                    "button" | "buttons" | "nodeType" | "rangeCount" | "childCount" | "byteLength"
                ))
        {
            return true;
        }
    }
    // An element of a list that is compared with 0 is a number as far as TypeScript knows.
    if number
        && other.kind() == Kind::SubscriptExpression
        && !cx.file.path.ends_with("js")
        && !cx.file.path.ends_with("jsx")
    {
        return true;
    }
    // `rowIndex == 0`
    let counts = |n: &str| {
        crate::rules::support::words(n).last().is_some_and(|w| matches!(w.as_str(), "index" | "idx" | "i" | "j"))
    };
    if number && other.kind() == Kind::Identifier && (counts(other.text()) || is_ordered(other)) {
        return true;
    }
    let Some(root) = root_name(other) else { return false };
    let root_type = written_type(root);
    if other == root && root_type == Some(wanted) {
        return true;
    }
    let loose_type = |t: &str| t.contains("any") || t.contains("unknown") || t.contains('|');
    if other != root && root_type.is_some_and(|t| !loose_type(t)) {
        return true;
    }
    if other != root {
        return false;
    }
    let counted = || {
        home(other).descendants().any(|n| {
            n.kind() == Kind::UpdateExpression && n.child(Field::Argument).is_some_and(|a| a.text() == other.text())
                || n.kind() == Kind::AugmentedAssignmentExpression
                    && operator(n) != "+="
                    && n.child(Field::Left).is_some_and(|l| l.text() == other.text())
        })
    };
    let first = declarator(other).and_then(|d| d.child(Field::Value)).map(bare);
    first.is_some_and(|v| v.kind() == literal.kind() || is_same_type(literal, v))
        || number && (counted() || is_index(other))
}

/// Whether the same condition asks whether the variable is less or greater than a number: `status >= 400 || status == 0`.
fn is_ordered(other: Node<'_>) -> bool {
    other.ancestors().take_while(|a| matches!(a.kind(), Kind::BinaryExpression | Kind::ParenthesizedExpression)).any(
        |a| {
            a.descendants().any(|n| {
                matches!(operator(n), "<" | "<=" | ">" | ">=")
                    && n.child(Field::Left).is_some_and(|l| l.text() == other.text())
                    && n.child(Field::Right).is_some_and(|r| r.kind() == Kind::Number)
            })
        },
    )
}

/// Whether a variable is the index that a list's method hands to its callback.
fn is_index(name: Node<'_>) -> bool {
    let function =
        name.ancestors().filter(|a| is_function(*a)).find(|f| parameters(*f).iter().any(|p| p.text() == name.text()));
    let Some(function) = function else { return false };
    let Some((_, list)) = function.parent().and_then(|a| a.parent()).and_then(method) else { return false };
    let at = match list.text() {
        "map" | "filter" | "forEach" | "flatMap" | "some" | "every" | "find" | "findIndex" => 1,
        "reduce" | "reduceRight" => 2,
        _ => return false,
    };
    parameters(function).get(at).is_some_and(|p| p.text() == name.text())
}

/// Whether the other side certainly has the literal's type.
fn is_same_type(literal: Node<'_>, other: Node<'_>) -> bool {
    match other.kind() {
        Kind::UnaryExpression => match operator(other) {
            "typeof" => true,
            "!" => matches!(literal.kind(), Kind::True | Kind::False),
            _ => literal.kind() == Kind::Number,
        },
        Kind::MemberExpression => {
            literal.kind() == Kind::Number
                && other.child(Field::Property).is_some_and(|p| matches!(p.text(), "length" | "size"))
        }
        Kind::BinaryExpression => {
            literal.kind() == Kind::Number
                && matches!(operator(other), "-" | "*" | "/" | "%" | "&" | "|" | "^" | ">>" | "<<" | ">>>")
        }
        Kind::CallExpression if other.child(Field::Function).is_some_and(|f| f.kind() == Kind::Identifier) => {
            let callee = other.child(Field::Function).map_or("", Node::text);
            match literal.kind() {
                Kind::Number => matches!(callee, "Number" | "parseInt" | "parseFloat"),
                Kind::String => callee == "String",
                _ => callee == "Boolean",
            }
        }
        Kind::CallExpression => method(other).is_some_and(|(of, m)| match literal.kind() {
            Kind::Number if of.text() == "Math" => true,
            Kind::String => {
                matches!(m.text(), "trim" | "toString" | "toLowerCase" | "toUpperCase" | "slice" | "substring" | "join")
            }
            Kind::Number => {
                matches!(m.text(), "indexOf" | "lastIndexOf" | "search" | "localeCompare" | "getTime" | "charCodeAt")
                    || m.text().starts_with("readInt")
                    || m.text().starts_with("readUInt")
            }
            _ => false,
        }),
        kind => kind == literal.kind(),
    }
}
