use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::BlockKind;
use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{mentions, parameters, report_in};
use crate::rules::support::{args, bare, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "inline-object-prop",
    summary: "a memoised component gets a new object in every render",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds object, array and function literals as props of components of the file that are wrapped in `memo`.",
        why: "`memo` compares the props by identity: a literal is new in every render, so that the component is \
              rendered every time and the comparison is wasted on top.",
        example: "const Row = memo(RowView);\nfunction List() { return <Row style={{ color: 'red' }} />; }",
        instead: "const STYLE = { color: 'red' };\nfunction List() { return <Row style={STYLE} />; }",
        limits: "Only components whose `memo` is in the same file, without a comparison of its own. Children and plain \
              components are left alone.",
        fix: "",
    },
    checks: &[Check::Block(check), Check::Nodes(&[Kind::JsxOpeningElement, Kind::JsxSelfClosingElement], provider)],
    cases: &[
        Case::near_miss(
            "a.jsx",
            "export function Group({ onChange, children }) { const [value, set] = useState(0); return <Ctx.Provider value={{ value, set }}>{children}</Ctx.Provider>; }",
        ),
        Case::near_miss(
            "a.jsx",
            "export function Group({ value, onChange, children }) { return <Ctx.Provider value={{ value, onChange }}>{children}</Ctx.Provider>; }",
        ),
        Case::bad(
            "a.jsx",
            "export function GroupProvider({ onChange, children }) { const [value, set] = useState(0); return <Ctx.Provider value={{ value, set }}>{children}</Ctx.Provider>; } //~ inline-object-prop",
        ),
        Case::bad(
            "a.jsx",
            "const Row = memo(RowView);\nfunction List() { return <Row style={{ color: 'red' }} />; } //~ inline-object-prop",
        ),
        Case::bad(
            "a.tsx",
            "const Row = React.memo(function Row(p: P) { return <i/>; });\nexport function List() { return <Row items={[1, 2]} />; } //~ inline-object-prop",
        ),
        Case::bad(
            "a.jsx",
            "import { memo } from 'react';\nexport const Row = memo((p) => <i>{p.x}</i>);\nexport const List = () => <Row onClick={() => go()} />; //~ inline-object-prop",
        ),
        Case::bad(
            "a.jsx",
            "const Row = memo(RowView);\nfunction List({ xs }) { return xs.map((x) => <Row key={x} x={x} opts={{ x }} />); } //~ inline-object-prop",
        ),
        Case::bad(
            "a.jsx",
            "const Row = memo(RowView);\nconst List = ({ a }) => <div><Row a={a} list={[]} /></div>; //~ inline-object-prop",
        ),
        Case::bad(
            "a.jsx",
            "const Row = memo(RowView);\nfunction A() { return <Row f={function () { go(); }}>text</Row>; } //~ inline-object-prop",
        ),
        Case::bad(
            "a.tsx",
            "const Row = memo<Props>(RowView);\nfunction A() { return <Row d={{ a: 1 } as D} />; } //~ inline-object-prop",
        ),
        Case::bad(
            "a.jsx",
            "const Cell = memo(forwardRef(CellView));\nfunction A() {\n  return (\n    <Cell\n      style={{ a: 1 }} //~ inline-object-prop\n    />\n  );\n}",
        ),
        Case::bad(
            "a.jsx",
            "function App() { const [n, setN] = useState(0); return <Ctx.Provider value={{ n, setN }}><Page /></Ctx.Provider>; } //~ inline-object-prop",
        ),
        Case::good(
            "a.jsx",
            "function App() { const [n, setN] = useState(0); const v = useMemo(() => ({ n, setN }), [n]); return <Ctx.Provider value={v}><Page /></Ctx.Provider>; }",
        ),
        Case::near_miss(
            "a.tsx",
            "export function Provider({ children, dark }: P) { return <Theme.Provider value={{ dark }}>{children}</Theme.Provider>; }",
        ),
        Case::near_miss(
            "a.tsx",
            "export const Item = ({ open, children }: P) => <ItemContext.Provider value={{ open }}><li><b>{children}</b></li></ItemContext.Provider>;",
        ),
        Case::near_miss(
            "a.tsx",
            "export const Form = ({ id, title }: P) => <Ctx.Provider value={{ id }}><Head title={title} /><Body id={id} /></Ctx.Provider>;",
        ),
        Case::near_miss("a.jsx", "const all = <Ctx.Provider value={{ a }}><Page /></Ctx.Provider>;"),
        Case::good(
            "a.jsx",
            "const STYLE = {};\nconst Row = memo(RowView);\nfunction List() { return <Row style={STYLE} />; }",
        ),
        Case::good("a.jsx", "function List() { return <Row style={{ color: 'red' }} />; }"),
        Case::good("a.jsx", "const Row = memo(RowView, same);\nfunction List() { return <Row style={{}} />; }"),
        Case::good(
            "a.jsx",
            "const Row = memo(RowView);\nfunction List() { const f = useCallback(() => go(), []); return <Row onClick={f} />; }",
        ),
        Case::good("a.jsx", "const Row = memo(RowView);\nfunction List() { return <Row x={1} y=\"a\" z={a.b} />; }"),
        Case::good("a.jsx", "const Row = memo(RowView);\nfunction List() { return <div style={{}}><Row /></div>; }"),
        Case::good("a.jsx", "const Row = observer(RowView);\nfunction List() { return <Row a={{}} />; }"),
        Case::good("a.jsx", "const Row = memo(RowView);\nfunction List() { return <Row>{[1, 2]}</Row>; }"),
        Case::near_miss("a.jsx", "const Row = memo(RowView);\nfunction List() { return <Other row={Row} a={{}} />; }"),
        Case::near_miss("a.jsx", "const Row = memo(RowView);\nfunction List(Row) { return <Row a={{}} />; }"),
        Case::near_miss("a.jsx", "const Row = cache.memo(RowView);\nfunction List() { return <Row a={{}} />; }"),
        Case::near_miss("a.jsx", "const Row = memo(RowView);\nconst one = <Row a={{}} />;"),
    ],
};

/// `<Ctx.Provider value={{ .. }}>` in a component: everybody who reads the context is rendered each time.
fn provider<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let given = node.child(Field::Name).filter(|n| n.text().ends_with(".Provider"));
    if given.is_none() || cx.block.kind() == BlockKind::Module && !node.ancestors().any(is_function) {
        return;
    }
    for attribute in node.named_children().filter(|a| a.kind() == Kind::JsxAttribute) {
        let named = attribute.first_named().is_some_and(|n| n.text() == "value");
        let value = attribute.last_named().filter(|v| v.kind() == Kind::JsxExpression).and_then(Node::first_named);
        let Some(value) = value.map(bare).filter(|v| named && matches!(v.kind(), Kind::Object | Kind::Array)) else {
            continue;
        };
        // Constants alone are the component's own business.
        if !value.descendants().any(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier)) {
            continue;
        }
        if !spares_others(node, value) || !serves_many(node, cx) {
            continue;
        }
        let message = "This value is new in every render: everybody who reads the context is rendered again, whatever changed. Keep it with `useMemo`.";
        cx.report(Note::new(cx.rule, value.span(), message));
    }
}

/// Whether a component stands around much of an application, as its name says. The few parts of a group or a field that read what it
/// tells them are rendered with it anyway.
fn serves_many(node: Node<'_>, cx: &Cx<'_>) -> bool {
    let functions = node.ancestors().filter(|a| is_function(*a));
    let names =
        functions.filter_map(|f| f.child(Field::Name).or_else(|| f.parent().and_then(|p| p.child(Field::Name))));
    names.map(Node::text).chain(cx.block.name()).any(|n| {
        let n = n.trim_matches('`');
        crate::rules::support::words(n).iter().any(|w| matches!(w.as_str(), "provider" | "app" | "root" | "layout"))
    })
}

/// Whether others could be spared: elements that are handed in stay the same while the provider renders again, and so do those that only
/// the provider's state changes. A component's own elements are made anew each time, with the value or without.
fn spares_others(provider: Node<'_>, value: Node<'_>) -> bool {
    let Some(element) = provider.parent().filter(|p| p.kind() == Kind::JsxElement) else { return false };
    let mut inside = element.named_children().filter(|c| {
        matches!(c.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement)
            || c.kind() == Kind::JsxExpression && c.first_named().is_some_and(|e| !e.is_comment())
    });
    let (Some(only), None) = (inside.next(), inside.next()) else { return false };
    let handed = only.kind() == Kind::JsxExpression
        && only.first_named().is_some_and(|e| e.text() == "children" || e.text().ends_with(".children"));
    let mentions_state = || {
        provider.arena().nodes().any(|n| {
            n.kind() == Kind::VariableDeclarator
                && n.child(Field::Value)
                    .and_then(|v| bare(v).child(Field::Function))
                    .is_some_and(|f| f.text().ends_with("useState") || f.text().ends_with("useReducer"))
                && n.child(Field::Name)
                    .is_some_and(|p| p.descendants().any(|d| d.kind() == Kind::Identifier && mentions(value, d.text())))
        })
    };
    // Who has no state renders when what is around does, which hands in new elements as well.
    let by_itself = || {
        provider.arena().nodes().any(|n| {
            n.kind() == Kind::CallExpression
                && n.child(Field::Function).is_some_and(|f| {
                    let name = f.text().rsplit('.').next().unwrap_or_default();
                    name.strip_prefix("use").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_uppercase()))
                })
        })
    };
    handed && (by_itself() || value.text().contains("this."))
        || only.kind() == Kind::JsxSelfClosingElement && mentions_state()
}

fn check(cx: &mut Cx<'_>) {
    if cx.block.kind() != BlockKind::Module {
        return;
    }
    let block = cx.block;
    let memoised: Vec<&str> = block
        .arena()
        .nodes()
        .filter(|n| n.kind() == Kind::VariableDeclarator)
        .filter_map(|n| {
            let call = bare(n.child(Field::Value)?);
            let callee = call.child(Field::Function)?;
            let memo = matches!(callee.text(), "memo" | "React.memo") && args(call).count() == 1;
            memo.then(|| n.child(Field::Name).map(Node::text))?
        })
        .collect();
    if memoised.is_empty() {
        return;
    }
    let inline = block.arena();
    let blocks = block.children().map(|c| c.arena()).chain(std::iter::once(inline));
    for arena in blocks {
        for element in arena.nodes() {
            if !matches!(element.kind(), Kind::JsxOpeningElement | Kind::JsxSelfClosingElement) {
                continue;
            }
            let Some(name) = element.child(Field::Name).filter(|n| memoised.contains(&n.text())) else { continue };
            // Code that runs once, and parameters of that name.
            let once = !element.ancestors().any(is_function);
            if once || element.ancestors().any(|f| parameters(f).iter().any(|p| mentions(*p, name.text()))) {
                continue;
            }
            for attribute in element.named_children().filter(|a| a.kind() == Kind::JsxAttribute) {
                let Some(value) = attribute
                    .last_named()
                    .filter(|v| v.kind() == Kind::JsxExpression)
                    .and_then(Node::first_named)
                    .map(bare)
                else {
                    continue;
                };
                let what = match value.kind() {
                    Kind::Object => "object",
                    Kind::Array => "array",
                    Kind::ArrowFunction | Kind::FunctionExpression => "function",
                    _ => continue,
                };
                let message = format!(
                    "`{}` is memoised, and this {what} is new in every render: it is rendered every time all the same. Make it once, outside or with a hook.",
                    name.text()
                );
                report_in(cx, value, Note::new(cx.rule, value.span(), message));
            }
        }
    }
}
