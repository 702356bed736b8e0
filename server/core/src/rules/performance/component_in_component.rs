use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::report_in;
use crate::rules::support::{bare, enclosing_function, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "component-in-component",
    summary: "a component is made anew in every render of another",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds components that are declared inside another component and rendered there as an element.",
        why: "Each render makes another component type: React throws the old one away with its state and its DOM, and builds everything again. Inputs lose their focus.",
        example: "function Page({ items }) {\n  const Row = ({ item }) => <li>{item}</li>;\n  return <ul>{items.map((i) => <Row key={i} item={i} />)}</ul>;\n}",
        instead: "const Row = ({ item }) => <li>{item}</li>;\nfunction Page({ items }) {\n  return <ul>{items.map((i) => <Row key={i} item={i} />)}</ul>;\n}",
        limits: "Functions that are called (`{renderRow(x)}`), values of `useMemo` and `useCallback`, and tests are left alone.",
        fix: "",
    },
    checks: &[Check::Block(block)],
    cases: &[
        Case::bad(
            "a.jsx",
            "function V({ n }) { const Inner = () => <b>{n}</b>; return <Inner />; } //~ component-in-component",
        ),
        Case::bad(
            "a.tsx",
            "export const V = ({ xs }: P) => { function Row({ x }: R) { return <li>{x}</li>; } return <ul>{xs.map((x) => <Row key={x} x={x} />)}</ul>; }; //~ component-in-component",
        ),
        Case::bad(
            "a.jsx",
            "const V = () => { const Head = function () { return <h1>x</h1>; }; return <div><Head /></div>; }; //~ component-in-component",
        ),
        Case::bad(
            "a.jsx",
            "export default function V({ a }) {\n  const Cell = ({ v }) => { //~ component-in-component\n    return <td>{v}</td>;\n  };\n  return <Cell v={a}></Cell>;\n}",
        ),
        Case::good("a.jsx", "const Inner = () => <b />;\nfunction V() { return <Inner />; }"),
        Case::good(
            "a.jsx",
            "function V({ n }) { const renderInner = () => <b>{n}</b>; return <div>{renderInner()}</div>; }",
        ),
        Case::good("a.jsx", "function V() { const Inner = useMemo(() => make(), []); return <Inner />; }"),
        Case::good("a.jsx", "function withX(C) { const Wrapped = (p) => <C {...p} />; return Wrapped; }"),
        Case::near_miss("a.jsx", "function V({ as }) { const Tag = as; return <Tag />; }"),
        Case::near_miss("a.jsx", "function V() { const Icon = () => <b />; return <Button icon={Icon} />; }"),
        Case::near_miss("a.jsx", "function make() { const Inner = () => <b />; return { render: () => <Inner /> }; }"),
        Case::bad(
            "a.tsx",
            "export function List({ xs }: P) {\n  const Item = ({ x }: { x: X }) => <li>{x.name}</li>; //~ component-in-component\n  return <ul>{xs.map((x) => <Item key={x.id} x={x} />)}</ul>;\n}",
        ),
        Case::bad(
            "a.tsx",
            "export const Page = () => {\n  function Header() { //~ component-in-component\n    return <h1>Title</h1>;\n  }\n  return <main><Header /></main>;\n};",
        ),
        Case::bad(
            "a.tsx",
            "export default function Form() {\n  const Field = (p: F) => <input name={p.name} />; //~ component-in-component\n  return <form><Field name=\"a\" /><Field name=\"b\" /></form>;\n}",
        ),
        Case::bad(
            "a.tsx",
            "function Table({ rows }: P) {\n  const Row = (p: R) => { return <tr><td>{p.a}</td></tr>; }; //~ component-in-component\n  return <table>{rows.map((r) => <Row key={r.a} {...r} />)}</table>;\n}",
        ),
        Case::good(
            "a.tsx",
            "const Item = ({ x }: { x: X }) => <li>{x.name}</li>;\nexport function List({ xs }: P) { return <ul>{xs.map((x) => <Item key={x.id} x={x} />)}</ul>; }",
        ),
        Case::good(
            "a.tsx",
            "export function List({ xs }: P) { const item = (x: X) => <li key={x.id}>{x.name}</li>; return <ul>{xs.map(item)}</ul>; }",
        ),
        Case::good("a.tsx", "export function V({ a }: P) { const Tag = a ? 'b' : 'i'; return <Tag>{a}</Tag>; }"),
        Case::good("a.tsx", "export function V() { const head = <h1>Title</h1>; return <main>{head}</main>; }"),
        Case::near_miss(
            "a.tsx",
            "export function make(name: string) { const Made = () => <i>{name}</i>; return Made; }",
        ),
    ],
};

fn block(cx: &mut Cx<'_>) {
    let arena = cx.arena();
    for node in arena.nodes().filter(|n| n.index() != 0) {
        if matches!(node.kind(), Kind::VariableDeclarator | Kind::FunctionDeclaration) {
            check(node, cx);
        }
    }
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // A long function is a block of its own.
    let Some(name) = cx.open(node).child(Field::Name).filter(|n| n.kind() == Kind::Identifier) else { return };
    if !is_component(name.text()) {
        return;
    }
    let function =
        if node.kind() == Kind::FunctionDeclaration { Some(node) } else { node.child(Field::Value).map(bare) };
    let Some(function) = function.filter(|f| is_function(*f)) else { return };
    // The function around, which must be a component itself.
    let Some(around) = enclosing_function(node) else { return };
    let outer = match around.child(Field::Name) {
        Some(n) if around.kind() != Kind::MethodDefinition => Some(n.text()),
        Some(_) => None,
        None => match around.parent() {
            Some(p) if p.kind() == Kind::VariableDeclarator => p.child(Field::Name).map(Node::text),
            Some(_) => None,
            None => cx.block.name(),
        },
    };
    if !outer.is_some_and(is_component) {
        return;
    }
    let makes = |n: Node<'a>| cx.open(n).descendants().any(is_element);
    if !makes(function) {
        return;
    }
    let rendered = around.descendants_until(|n| n == function || n == node).any(|n| {
        matches!(n.kind(), Kind::JsxOpeningElement | Kind::JsxSelfClosingElement)
            && n.child(Field::Name).is_some_and(|e| e.text() == name.text())
    });
    if !rendered {
        return;
    }
    let message = format!(
        "Every render makes a new component `{}`: React throws the old one away with its state and builds its elements again. Declare it outside.",
        name.text()
    );
    report_in(cx, name, Note::new(cx.rule, name.span(), message));
}

fn is_component(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.contains(|c: char| c.is_ascii_lowercase())
        || name.len() == 1 && name.starts_with(|c: char| c.is_ascii_uppercase())
}

fn is_element(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement)
}
