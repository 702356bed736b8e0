use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, home, mentions};
use crate::rules::support::{args, bare, ecma_path, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "derived-state",
    summary: "state is computed from other state in an effect",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[1176],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds effects of React whose whole body sets one state to a value computed from the dependencies, where nothing else sets that state.",
        why: "Every change renders twice: once with the old value, once more after the effect. In between the page shows values that do not belong together.",
        example: "const [shown, setShown] = useState([]);\nuseEffect(() => {\n  setShown(items.filter((i) => i.name.includes(query)));\n}, [items, query]);",
        instead: "const shown = useMemo(() => items.filter((i) => i.name.includes(query)), [items, query]);",
        limits: "Effects that do anything else, that wait, or whose state is set elsewhere too, are left alone; so are values that are not computed from a dependency.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.jsx",
            "function T({ users }) { const [total, setTotal] = useState(0); useEffect(() => { setTotal(users.length); }, [users]); return <b>{total}</b>; } //~ derived-state",
        ),
        Case::near_miss(
            "a.jsx",
            "function T({ users }) { const [first, setFirst] = useState(users); useEffect(() => { setFirst(users.first); }, [users]); return <b>{first}</b>; }",
        ),
        Case::near_miss(
            "a.tsx",
            "export function Card({ getAsset, value }: P) { const [asset, setAsset] = useState(null); useEffect(() => { setAsset(value ? getAsset(value) : null); }, [value, getAsset]); return <img src={asset} />; }",
        ),
        Case::bad(
            "a.tsx",
            "export function D({ rows }: P) { const [count, setCount] = useState(0); useEffect(() => { setCount(rows.filter((r) => r.done).length); }, [rows]); return <p>{count}</p>; } //~ derived-state",
        ),
        Case::bad(
            "a.jsx",
            "function V({ xs, q }) { const [s, setS] = useState([]); useEffect(() => { setS(xs.filter((x) => x.n === q)); }, [xs, q]); return s; } //~ derived-state",
        ),
        Case::bad(
            "a.jsx",
            "function V({ a, b }) { const [full, setFull] = useState(''); useEffect(() => { setFull(a + ' ' + b); }, [a, b]); return full; } //~ derived-state",
        ),
        Case::bad(
            "a.tsx",
            "const V = ({ xs }: P) => { const [t, setT] = useState<number>(0); React.useEffect(() => setT(xs.reduce((a, x) => a + x, 0)), [xs]); return t; }; //~ derived-state",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); const [d, setD] = useState(0); useEffect(() => { const twice = n * 2; setD(twice); }, [n]); return <b onClick={() => setN(1)}>{d}</b>; } //~ derived-state",
        ),
        Case::good("a.jsx", "function V({ xs }) { const t = useMemo(() => sum(xs), [xs]); return t; }"),
        Case::good(
            "a.jsx",
            "function V({ id }) { const [u, setU] = useState(); useEffect(() => { load(id).then(setU); }, [id]); return u; }",
        ),
        Case::good(
            "a.jsx",
            "function V({ v }) { const [s, setS] = useState(v); useEffect(() => { setS(v.trim()); }, [v]); return <input value={s} onChange={(e) => setS(e.target.value)} />; }",
        ),
        Case::good(
            "a.jsx",
            "function V({ id }) { const [n, setN] = useState(0); useEffect(() => { setN(0); }, [id]); return n; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ xs }) { const [s, setS] = useState([]); useEffect(() => { log(xs); setS(xs.slice(1)); }, [xs]); return s; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ k }) { const [w, setW] = useState(0); useEffect(() => { setW(ref.current.offsetWidth); }, [k]); return w; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ k }) { const [w, setW] = useState(0); useEffect(() => { setW(localStorage.getItem(k)); }, [k]); return w; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ xs }) { const [s, setS] = useState([]); useEffect(() => { setS(xs.slice(1)); }); return s; }",
        ),
        Case::bad(
            "a.tsx",
            "function V({ first, last }: P) {\n  const [full, setFull] = useState('');\n  useEffect(() => {\n    setFull(first + ' ' + last); //~ derived-state\n  }, [first, last]);\n  return <b>{full}</b>;\n}",
        ),
        Case::bad(
            "a.tsx",
            "function V({ items, q }: P) {\n  const [shown, setShown] = useState<Item[]>([]);\n  useEffect(() => {\n    setShown(items.filter((i) => i.name.includes(q))); //~ derived-state\n  }, [items, q]);\n  return <List items={shown} />;\n}",
        ),
        Case::bad(
            "a.tsx",
            "export const V = ({ xs }: P) => {\n  const [total, setTotal] = useState(0);\n  useEffect(() => {\n    setTotal(xs.reduce((a, b) => a + b, 0)); //~ derived-state\n  }, [xs]);\n  return <b>{total}</b>;\n};",
        ),
        Case::bad(
            "a.tsx",
            "function V() {\n  const [name, setName] = useState('');\n  const [valid, setValid] = useState(false);\n  useEffect(() => {\n    setValid(name.length > 3); //~ derived-state\n  }, [name]);\n  return <input value={name} disabled={!valid} onChange={(e) => setName(e.target.value)} />;\n}",
        ),
        Case::good(
            "a.tsx",
            "function V({ first, last }: P) { const full = first + ' ' + last; return <b>{full}</b>; }",
        ),
        Case::good(
            "a.tsx",
            "function V({ items, q }: P) { const shown = useMemo(() => items.filter((i) => i.name.includes(q)), [items, q]); return <List items={shown} />; }",
        ),
        Case::good(
            "a.tsx",
            "function V({ id }: P) { const [u, setU] = useState(null); useEffect(() => { load(id).then(setU, fail); }, [id]); return <b>{u}</b>; }",
        ),
        Case::good(
            "a.tsx",
            "function V() { const [w, setW] = useState(0); useEffect(() => { const f = () => setW(window.innerWidth); window.addEventListener('resize', f); return () => window.removeEventListener('resize', f); }, []); return <b>{w}</b>; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let Some(path) = ecma_path(callee, cx) else { return };
    if path.rsplit('.').next() != Some("useEffect") {
        return;
    }
    let Some(list) = args(node).nth(1).map(bare).filter(|l| l.kind() == Kind::Array) else { return };
    let names: Vec<&str> = list.named_children().filter_map(crate::rules::shape::root_name).map(Node::text).collect();
    let Some(effect) = callback(node, 0, cx).filter(|_| !names.is_empty()) else { return };
    if effect.has_token("async") || !std::ptr::eq(effect.arena(), cx.arena()) {
        return;
    }
    let Some(body) = effect.child(Field::Body) else { return };
    let statements: Vec<Node<'a>> =
        if body.kind() == Kind::StatementBlock { body.named_children().collect() } else { vec![body] };
    let Some((last, before)) = statements.split_last() else { return };
    if !before.iter().all(|s| s.kind() == Kind::LexicalDeclaration) {
        return;
    }
    let call = if last.kind() == Kind::ExpressionStatement { last.first_named() } else { Some(*last) };
    let Some(call) = call.map(bare).filter(|c| c.kind() == Kind::CallExpression && args(*c).count() == 1) else {
        return;
    };
    let Some(setter) = call.child(Field::Function).filter(|f| f.kind() == Kind::Identifier).map(Node::text) else {
        return;
    };
    let Some(value) = args(call).next().map(bare) else { return };
    // Set elsewhere, or handed on, it is a state of its own; it is declared once and called here.
    let component = home(node);
    let mentioned = component.descendants().filter(|n| n.kind() == Kind::Identifier && n.text() == setter).count();
    let state = component.descendants_until(|n| n != component && is_function(n)).any(|n| {
        n.kind() == Kind::VariableDeclarator
            && n.child(Field::Value)
                .map(bare)
                .and_then(|v| v.child(Field::Function))
                .is_some_and(|f| f.text().ends_with("useState"))
            && n.child(Field::Name).is_some_and(|p| p.named_children().nth(1).is_some_and(|s| s.text() == setter))
    });
    if mentioned != 2 || !state || component.descendants().any(|n| n.is_hole() && n != effect) {
        return;
    }
    // `rows.filter(..).length` is as computed as the list.
    let whole = |mut v: Node<'a>| {
        while v.kind() == Kind::MemberExpression {
            let Some(of) = v.child(Field::Object).map(bare) else { break };
            v = of;
        }
        v
    };
    let counted = value.kind() == Kind::MemberExpression
        && value.child(Field::Property).is_some_and(|p| p.text() == "length")
        && value.child(Field::Object).is_some_and(|o| o.kind() == Kind::Identifier && names.contains(&o.text()));
    let computed = |v: Node<'a>| {
        let v = whole(v);
        let from = names.iter().any(|n| mentions(v, n)) || before.iter().any(|s| mentions_declared(*s, v));
        from && matches!(
            v.kind(),
            Kind::CallExpression
                | Kind::BinaryExpression
                | Kind::TemplateString
                | Kind::Object
                | Kind::Array
                | Kind::TernaryExpression
        )
    };
    let declared = before.iter().any(|s| mentions_declared(*s, value));
    if !(counted || computed(value) || declared && value.kind() == Kind::Identifier) || is_function(value) {
        return;
    }
    // What is read from the page, a store or a clock is no function of the dependencies.
    let pure = statements.iter().flat_map(|s| s.descendants()).all(|n| match n.kind() {
        Kind::AwaitExpression | Kind::NewExpression => false,
        Kind::Identifier => {
            !matches!(
                n.text(),
                "window"
                    | "document"
                    | "localStorage"
                    | "sessionStorage"
                    | "Date"
                    | "fetch"
                    | "navigator"
                    | "performance"
                    | "location"
            ) && !n.text().ends_with("Ref")
                && n.text() != "ref"
        }
        Kind::PropertyIdentifier => !matches!(n.text(), "current" | "random" | "then" | "matches"),
        _ => true,
    });
    // What a function that was handed in does besides, nobody knows here: `getAsset(value)` may begin to load it.
    let asks = statements.iter().flat_map(|s| s.descendants()).any(|n| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).is_some_and(|f| f.kind() == Kind::Identifier && names.contains(&f.text()))
    });
    if !pure || asks {
        return;
    }
    let message = format!(
        "`{setter}` only ever gets what follows from `{}`: each change renders twice. Compute the value while rendering, with `useMemo` where it is costly.",
        names.join("`, `")
    );
    cx.report(Note::new(cx.rule, call.span(), message));
}

/// Whether the value uses something that the statement declares.
fn mentions_declared(statement: Node<'_>, value: Node<'_>) -> bool {
    statement
        .named_children()
        .filter_map(|d| d.child(Field::Name))
        .any(|n| n.kind() == Kind::Identifier && mentions(value, n.text()))
}
