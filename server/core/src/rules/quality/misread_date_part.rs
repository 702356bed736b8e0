use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, bare, constant, is_function, method, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "misread-date-part",
    summary: "a part of a date is taken for another one",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[682],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `getMonth()` in the text of a date without the 1 that is missing, `getDay()` (the day of the week) in the place of `getDate()`, `getYear()` of a `Date`, and comparisons that never hold: `getDay() === 7`, `getMonth() === 12`.",
        why: "Months count from 0, `getDay` gives 0 for Sunday to 6 for Saturday, and `getYear` gives 124 for 2024: the date that is shown or sent is another one.",
        example: "const day = `${d.getFullYear()}-${d.getMonth()}-${d.getDate()}`;",
        instead: "const day = `${d.getFullYear()}-${d.getMonth() + 1}-${d.getDate()}`;",
        limits: "Texts that are only compared or looked up (names with `key`, `id`, `hash`, functions that compare) mean nothing to a reader and are left alone, and so are months that choose a name from a list.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression, Kind::BinaryExpression, Kind::SwitchStatement], check)],
    cases: &[
        Case::bad("a.js", "const day = `${d.getFullYear()}-${d.getMonth()}-${d.getDate()}`; //~ misread-date-part"),
        Case::bad(
            "a.js",
            "const day = d.getDate() + '/' + d.getMonth() + '/' + d.getFullYear(); //~ misread-date-part",
        ),
        Case::bad(
            "a.ts",
            "export const iso = (d: Date) => `${d.getUTCFullYear()}-${String(d.getUTCMonth()).padStart(2, '0')}-01`; //~ misread-date-part",
        ),
        Case::bad(
            "a.js",
            "const s = d.getFullYear() + '-' + (d.getMonth() + 1) + '-' + d.getDay(); //~ misread-date-part",
        ),
        Case::bad("a.js", "const year = new Date().getYear(); //~ misread-date-part"),
        Case::bad("a.js", "function f() { const now = new Date(); return now.getYear() - 18; } //~ misread-date-part"),
        Case::bad("a.ts", "if (date.getDay() === 7) { rest(); } //~ misread-date-part"),
        Case::bad("a.js", "const december = date.getMonth() == 12; //~ misread-date-part"),
        Case::bad(
            "a.js",
            "switch (d.getDay()) {\n  case 6: weekend(); break;\n  case 7: weekend(); break; //~ misread-date-part\n}",
        ),
        Case::bad(
            "a.js",
            "const stamp = [pad(d.getDate()), pad(d.getMonth()), d.getFullYear()].join('.'); //~ misread-date-part",
        ),
        Case::good("a.js", "const day = `${d.getFullYear()}-${d.getMonth() + 1}-${d.getDate()}`;"),
        Case::good("a.js", "const day = d.getDate() + '/' + (d.getMonth() + 1) + '/' + d.getFullYear();"),
        Case::good("a.js", "const s = `${MONTHS[d.getMonth()]} ${d.getFullYear()}`;"),
        Case::good("a.js", "const s = `${DAYS[d.getDay()]}, ${d.getDate()}`;"),
        Case::good("a.js", "const year = new Date().getFullYear();"),
        Case::good("a.js", "if (date.getDay() === 6 || date.getMonth() === 11) { rest(); }"),
        Case::good("a.js", "const s = 1 + d.getMonth() + '/' + d.getFullYear();"),
        Case::good("a.js", "const last = new Date(d.getFullYear(), d.getMonth(), d.getDate());"),
        Case::near_miss("a.js", "const key = `${d.getFullYear()}-${d.getMonth()}`; groups[key].push(d);"),
        Case::near_miss("a.js", "const now = new Date(); const same = date.getYear() === now.getYear();"),
        Case::near_miss("a.js", "const total = d.getFullYear() * 12 + d.getMonth();"),
        Case::near_miss("a.js", "const y = picker.getYear(); const age = car.getYear() + 1;"),
        Case::near_miss(
            "a.js",
            "function sameDay(a, b) { return `${a.getMonth()}/${a.getDate()}` === `${b.getMonth()}/${b.getDate()}`; }",
        ),
        Case::near_miss("a.js", "const s = `${d.getDate()} ${t('month.' + d.getMonth())} ${d.getFullYear()}`;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    match node.kind() {
        Kind::BinaryExpression => never_equal(node, cx),
        Kind::SwitchStatement => never_taken(node, cx),
        _ => {
            if args(node).next().is_some() {
                return;
            }
            let Some((of, name)) = method(node) else { return };
            match name.text() {
                "getYear" => year(node, of, cx),
                "getMonth" | "getUTCMonth" => month(node, of, cx),
                "getDay" | "getUTCDay" => day(node, of, cx),
                _ => {}
            }
        }
    }
}

/// The number that a part of a date never reaches, by the method that gives it.
fn beyond(call: Node<'_>) -> Option<(&'static str, &'static str)> {
    if args(bare(call)).next().is_some() {
        return None;
    }
    match method(bare(call))?.1.text() {
        "getDay" | "getUTCDay" => {
            Some(("7", "Days of the week count from 0, Sunday, to 6, Saturday: this is never 7."))
        }
        "getMonth" | "getUTCMonth" => Some(("12", "Months count from 0 to 11: this is never 12.")),
        _ => None,
    }
}

fn never_equal<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "==" | "===") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let (call, number) = if bare(left).kind() == Kind::Number { (right, left) } else { (left, right) };
    if let Some((_, message)) = beyond(call).filter(|(limit, _)| bare(number).text() == *limit) {
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn never_taken<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((limit, message)) = node.child(Field::Value).and_then(beyond) else { return };
    let cases = node.child(Field::Body).into_iter().flat_map(Node::named_children);
    for case in cases.filter(|c| c.kind() == Kind::SwitchCase) {
        if let Some(value) = case.child(Field::Value).filter(|v| v.text() == limit) {
            cx.report(Note::new(cx.rule, value.span(), message));
        }
    }
}

fn year<'a>(node: Node<'a>, of: Node<'a>, cx: &mut Cx<'a>) {
    // Two of them are as far apart as the years are.
    let pair =
        node.parent().is_some_and(|p| p.kind() == Kind::BinaryExpression && p.text().matches("getYear()").count() == 2);
    if pair {
        return;
    }
    let made = constant(of);
    if made.kind() == Kind::NewExpression && made.child(Field::Constructor).is_some_and(|c| c.text() == "Date") {
        let message = "`getYear` counts from 1900: it gives 124 for 2024. `getFullYear` gives the year.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn month<'a>(node: Node<'a>, of: Node<'a>, cx: &mut Cx<'a>) {
    let Some(text) = text_around(node).filter(|t| is_shown(*t, cx)) else { return };
    let has = |part: &str| text.text().contains(&format!("{}.{part}", of.text()));
    if has("getDate()") || has("getFullYear()") || has("getUTCDate()") || has("getUTCFullYear()") {
        let message = "Months count from 0: this text says the month before. Add 1.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn day<'a>(node: Node<'a>, of: Node<'a>, cx: &mut Cx<'a>) {
    let Some(text) = text_around(node).filter(|t| is_shown(*t, cx)) else { return };
    let has = |part: &str| text.text().contains(&format!("{}.{part}", of.text()));
    let dated = has("getMonth()") && has("getFullYear()") || has("getUTCMonth()") && has("getUTCFullYear()");
    if dated && !text.text().contains("Date()") {
        let message = "`getDay` gives the day of the week, 0 for Sunday. `getDate` gives the day of the month.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

/// The text that a number becomes a part of as it is: a template, a sum with strings, or a list that is joined.
fn text_around<'a>(number: Node<'a>) -> Option<Node<'a>> {
    let mut at = number;
    loop {
        let parent = at.parent()?;
        match parent.kind() {
            Kind::ParenthesizedExpression => at = parent,
            Kind::TemplateSubstitution => return parent.parent(),
            // `d.getMonth().toString().padStart(2, '0')`
            Kind::MemberExpression if at.field() == Field::Object => {
                let name = parent.child(Field::Property).map_or("", Node::text);
                let call = parent.parent().filter(|c| c.kind() == Kind::CallExpression)?;
                if !matches!(name, "toString" | "padStart") {
                    return None;
                }
                at = call;
            }
            // `pad(d.getMonth())`
            Kind::Arguments => {
                let call = parent.parent().filter(|c| c.kind() == Kind::CallExpression)?;
                let name = call.child(Field::Function)?.text();
                let pads = name == "String"
                    || words(name).iter().any(|w| matches!(w.as_str(), "pad" | "zero" | "padded" | "fill" | "lpad"));
                if !pads || parent.first_named() != Some(at) {
                    return None;
                }
                at = call;
            }
            Kind::Array => {
                let join = parent.parent().and_then(|m| m.parent()).filter(|c| method(*c).is_some())?;
                return (method(join)?.1.text() == "join").then_some(join);
            }
            Kind::BinaryExpression if operator(parent) == "+" => {
                let (left, right) = operands(parent)?;
                let other = if left == at { right } else { left };
                return sum_of_text(parent, other);
            }
            _ => return None,
        }
    }
}

/// The whole of a sum with strings, where a number is added to a string and not to a number.
fn sum_of_text<'a>(sum: Node<'a>, other: Node<'a>) -> Option<Node<'a>> {
    let strings = |n: Node<'_>| {
        std::iter::once(n).chain(n.descendants()).any(|d| matches!(d.kind(), Kind::String | Kind::TemplateString))
    };
    if bare(other).kind() == Kind::Number || !strings(other) {
        return None;
    }
    let plus = |n: &Node<'_>| n.kind() == Kind::BinaryExpression && operator(*n) == "+";
    let mut top = sum;
    while let Some(parent) = top.parent().filter(plus) {
        top = parent;
    }
    Some(top)
}

/// Whether somebody reads a text: it is no key, and is not only compared.
fn is_shown<'a>(text: Node<'a>, cx: &Cx<'a>) -> bool {
    let technical = |name: &str| {
        words(name).iter().any(|w| {
            matches!(
                w.as_str(),
                "key"
                    | "keys"
                    | "id"
                    | "hash"
                    | "cache"
                    | "same"
                    | "is"
                    | "equal"
                    | "equals"
                    | "eq"
                    | "group"
                    | "bucket"
                    | "seen"
                    | "uid"
            )
        })
    };
    let named = |n: Node<'_>| {
        n.child(Field::Name).or_else(|| n.child(Field::Left)).is_some_and(|d| technical(d.text()))
            || n.child(Field::Key).is_some_and(|d| technical(d.text()))
    };
    let mut function = false;
    for around in text.ancestors() {
        match around.kind() {
            Kind::BinaryExpression if matches!(operator(around), "==" | "===" | "!=" | "!==") && !function => {
                return false;
            }
            Kind::SubscriptExpression if !function => return false,
            Kind::VariableDeclarator | Kind::AssignmentExpression | Kind::Pair if named(around) => return false,
            _ if is_function(around) => {
                if named(around) {
                    return false;
                }
                function = true;
            }
            _ => {}
        }
    }
    !cx.block.name().is_some_and(technical)
}
