use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, report_in, returned};
use crate::rules::support::{args, bare, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "missing-key",
    summary: "elements of a list have no `key`",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds JSX elements made in a `map`, `flatMap` or `Array.from` callback, or written in an array, \
               without a `key`.",
        why: "Without keys React matches old and new elements by position: after an insertion or removal, \
               input, focus and state belong to the wrong row, and more of the page is built anew.",
        example: "items.map((item) => <Row item={item} />)",
        instead: "items.map((item) => <Row key={item.id} item={item} />)",
        limits: "Spread attributes may hold the key. Callbacks of `map` on receivers that are no lists \
               (`React.Children.map`, which sets keys) are left alone, and so is JSX of other libraries that \
               want none (`@jsxImportSource`, solid-js, preact's `h`), or write `class` for `className`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], mapped), Check::Nodes(&[Kind::Array], listed)],
    cases: &[
        Case::near_miss(
            "a.tsx",
            "function dots(this: Carousel) { return this.dots.map((dot) => <Dot label={dot.label} />); }\nfunction rows(this: Table) { return <div class=\"rows\">{this.rows.map((r) => <b>{r.a}</b>)}</div>; }",
        ),
        Case::bad("a.jsx", "const a = items.map((item) => <Row item={item} />); //~ missing-key"),
        Case::bad("a.jsx", "const a = <ul>{items.map((i) => <li>{i}</li>)}</ul>; //~ missing-key"),
        Case::bad("a.jsx", "const a = items.map((i) => { return <li>{i}</li>; }); //~ missing-key"),
        Case::bad("a.jsx", "const a = items.map(function (i) { return (\n  <li>{i}</li> //~ missing-key\n); });"),
        Case::bad(
            "a.jsx",
            "const a = items.filter(Boolean).map((i) => (i.ok ? <A/> : <B/>)); //~ missing-key //~ missing-key",
        ),
        Case::bad("a.jsx", "const a = Array.from(xs, (x) => <Row x={x} />); //~ missing-key"),
        Case::bad("a.jsx", "const a = [<A />, <B />]; //~ missing-key //~ missing-key"),
        Case::bad("a.jsx", "const a = items?.map((i) => i.ok && <Row i={i} />); //~ missing-key"),
        Case::bad("a.jsx", "const a = items.map((i) => <>{i}</>); //~ missing-key"),
        Case::good("a.jsx", "const a = items.map((i) => <Row key={i.id} i={i} />);"),
        Case::good("a.jsx", "const a = items.map((i) => <React.Fragment key={i}>{i}</React.Fragment>);"),
        Case::good("a.jsx", "const a = items.map((i) => <Row {...i} />);"),
        Case::good("a.jsx", "const a = React.Children.map(kids, (k) => <li>{k}</li>);"),
        Case::good("a.jsx", "const a = [<A key=\"a\" />, <B key=\"b\" />];"),
        Case::good("a.jsx", "const a = items.map((i) => i.name);"),
        Case::good("a.jsx", "const a = items.map((i) => ({ cell: <Cell i={i} /> }));"),
        Case::good("a.jsx", "const a = items.forEach((i) => <li>{i}</li>);"),
        Case::near_miss("a.jsx", "const a = maybe.map((x) => { const y = <A/>; return null; });"),
        Case::near_miss("a.jsx", "const a = option([<A />].length);"),
        Case::near_miss("a.jsx", "const columns = items.map((i) => ({ render: () => <b>{i}</b> }));"),
        Case::near_miss("a.tsx", "/** @jsxImportSource solid-js */\nconst a = items.map((i) => <li>{i}</li>);"),
    ],
};

fn mapped<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    let at = match name.text() {
        "map" | "flatMap" => 0,
        "from" if receiver.text() == "Array" => 1,
        _ => return,
    };
    if receiver.text().ends_with("Children") || other_library(cx) {
        return;
    }
    let Some(function) = callback(node, at, cx).filter(|f| args(node).count() <= at + 2 && is_function(*f)) else {
        return;
    };
    for value in returned(function).unwrap_or_default() {
        for element in elements(value) {
            report(element, cx);
        }
    }
}

fn listed<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // Counted, spread into something else or taken apart: no list of children.
    let rendered = node.parent().is_none_or(|p| {
        !matches!(
            p.kind(),
            Kind::MemberExpression
                | Kind::SpreadElement
                | Kind::ArrayPattern
                | Kind::Array
                | Kind::Pair
                | Kind::Arguments
        )
    });
    if !rendered || other_library(cx) {
        return;
    }
    let own: Vec<_> = node.named_children().map(bare).filter(|n| is_element(*n)).collect();
    if own.len() < 2 {
        return;
    }
    own.into_iter().for_each(|element| report(element, cx));
}

fn other_library(cx: &Cx<'_>) -> bool {
    let head = cx.arena().comments().next().is_some_and(|c| c.text().contains("@jsx"));
    head || cx.file.declared.other_jsx
        || cx
            .file
            .imports
            .iter()
            .any(|(_, path)| ["solid-js", "vue", "@builder.io/qwik", "hono/jsx"].iter().any(|l| path.starts_with(l)))
}

fn is_element(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement)
}

/// The elements that an expression may be.
fn elements(value: Node<'_>) -> Vec<Node<'_>> {
    let (mut todo, mut found) = (vec![value], Vec::new());
    while let Some(node) = todo.pop().map(bare) {
        match node.kind() {
            Kind::TernaryExpression => {
                todo.extend([Field::Alternative, Field::Consequence].iter().filter_map(|f| node.child(*f)))
            }
            Kind::BinaryExpression => todo.extend(node.child(Field::Right)),
            _ if is_element(node) => found.push(node),
            _ => {}
        }
    }
    found
}

fn report<'a>(element: Node<'a>, cx: &mut Cx<'a>) {
    let opening =
        if element.kind() == Kind::JsxElement { element.child_of_kind(Kind::JsxOpeningElement) } else { Some(element) };
    let Some(opening) = opening else { return };
    let keyed = opening.named_children().any(|a| match a.kind() {
        Kind::JsxAttribute => a.first_named().is_some_and(|n| n.text() == "key"),
        Kind::JsxExpression | Kind::SpreadElement => true,
        _ => false,
    });
    if keyed {
        return;
    }
    let what = match opening.child(Field::Name) {
        Some(name) => format!("`<{}>`", name.text()),
        None => "This fragment".to_owned(),
    };
    let message = format!(
        "{what} is one of a list and has no `key`: React matches old and new rows by position. Give each a key that belongs to its data."
    );
    report_in(cx, element, Note::new(cx.rule, opening.span(), message));
}
