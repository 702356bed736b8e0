use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "random-key",
    summary: "an element of a list gets another key in every render",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1188],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `key={Math.random()}`, `key={uuid()}`, `key={nanoid()}`, `key={Date.now()}` and their kin in JSX.",
        why: "React takes every element for a new one: all are thrown away with their state and built again, in every render.",
        example: "items.map((i) => <Row key={Math.random()} item={i} />)",
        instead: "items.map((i) => <Row key={i.id} item={i} />)",
        limits: "Ids that were made once and are stored with the data are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::JsxAttribute], check)],
    cases: &[
        Case::bad("a.jsx", "const V = ({ xs }) => xs.map((x) => <li key={Math.random()}>{x}</li>); //~ random-key"),
        Case::bad(
            "a.tsx",
            "import { v4 as uuidv4 } from 'uuid';\nconst V = ({ xs }: P) => <ul>{xs.map((x) => <Row key={uuidv4()} x={x} />)}</ul>; //~ random-key",
        ),
        Case::bad(
            "a.jsx",
            "const V = ({ xs }) => xs.map((x) => <Row key={`${x.name}-${Math.random()}`} x={x} />); //~ random-key",
        ),
        Case::bad(
            "a.jsx",
            "const V = ({ xs }) => xs.map((x) => <Row key={crypto.randomUUID()} x={x} />); //~ random-key",
        ),
        Case::bad(
            "a.jsx",
            "const V = ({ xs }) => xs.map((x, i) => <Row key={i + Date.now()} x={x} />); //~ random-key",
        ),
        Case::good("a.jsx", "const V = ({ xs }) => xs.map((x) => <li key={x.id}>{x}</li>);"),
        Case::good("a.jsx", "const V = ({ xs }) => xs.map((x) => <li key={keyOf(x)}>{x}</li>);"),
        Case::good("a.jsx", "const V = ({ xs }) => xs.map((x) => <li key={`row-${x.id}`}>{x}</li>);"),
        Case::good("a.jsx", "const id = uuid(); const V = () => <li key={id} />;"),
        Case::near_miss("a.jsx", "const V = () => <Chart seed={Math.random()} />;"),
        Case::near_miss("a.jsx", "const V = ({ x }) => <li key={uuid(x.name)} />;"),
        Case::bad(
            "a.tsx",
            "const V = ({ xs }: P) => <ul>{xs.map((x) => <li key={Math.random()}>{x}</li>)}</ul>; //~ random-key",
        ),
        Case::bad(
            "a.tsx",
            "import { v4 as uuid } from 'uuid';\nconst V = ({ xs }: P) => <ul>{xs.map((x) => <li key={uuid()}>{x}</li>)}</ul>; //~ random-key",
        ),
        Case::bad(
            "a.tsx",
            "const V = ({ xs }: P) => <ul>{xs.map((x) => <Row key={crypto.randomUUID()} x={x} />)}</ul>; //~ random-key",
        ),
        Case::good("a.tsx", "const V = ({ xs }: P) => <ul>{xs.map((x) => <li key={x.id}>{x.name}</li>)}</ul>;"),
        Case::good("a.tsx", "const V = ({ xs }: P) => <ul>{xs.map((x) => <li key={x}>{x}</li>)}</ul>;"),
        Case::good("a.tsx", "const make = (name: string) => ({ id: crypto.randomUUID(), name });"),
        Case::good(
            "a.tsx",
            "const V = ({ xs }: P) => <ul>{xs.map((x) => <li key={`${x.kind}-${x.id}`}>{x.name}</li>)}</ul>;",
        ),
        Case::near_miss(
            "a.tsx",
            "const V = () => { const [key] = useState(() => Math.random()); return <Row key={key} />; }",
        ),
        Case::near_miss("a.tsx", "const V = ({ xs }: P) => <i style={{ top: Math.random() }} key={xs.id} />;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.first_named().is_none_or(|n| n.text() != "key") {
        return;
    }
    let Some(value) = node.last_named().filter(|v| v.kind() == Kind::JsxExpression).and_then(Node::first_named) else {
        return;
    };
    let made = bare(value).descendants().find(|n| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Arguments).is_some_and(|a| a.first_named().is_none())
            && n.child(Field::Function).is_some_and(|f| {
                matches!(
                    f.text(),
                    "Math.random"
                        | "Date.now"
                        | "performance.now"
                        | "crypto.randomUUID"
                        | "uuid"
                        | "uuidv4"
                        | "uuidV4"
                        | "uuid.v4"
                        | "v4"
                        | "nanoid"
                        | "shortid.generate"
                        | "cuid"
                        | "_.uniqueId"
                        | "uniqueId"
                )
            })
    });
    let Some(made) = made else { return };
    let message = format!(
        "`{}` gives another key in every render: React throws every element away and builds it again. Use an id that belongs to the data.",
        made.text()
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}
