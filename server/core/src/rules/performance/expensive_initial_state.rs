use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, is_function, method, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "expensive-initial-state",
    summary: "the first value of a state is computed again in every render",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `useState(..)` and `useRef(..)` whose argument parses JSON, reads the browser's storage, or builds, filters or sorts a list.",
        why: "React takes the first value in the first render alone. The expression runs in each of them, and what it gives is thrown away.",
        example: "const [cart, setCart] = useState(JSON.parse(localStorage.getItem('cart')));",
        instead: "const [cart, setCart] = useState(() => JSON.parse(localStorage.getItem('cart')));",
        limits: "Calls of functions whose work is not seen here are left alone, and so are lists of a few literals.",
        fix: "Puts an arrow in front, where it is `useState`.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.jsx",
            "function V() { const [c, setC] = useState(JSON.parse(localStorage.getItem('c'))); return <b>{c}</b>; } //~ expensive-initial-state",
        ),
        Case::bad(
            "a.jsx",
            "function V({ xs }) { const [s] = useState(xs.filter((x) => x.on).map((x) => x.id)); return <b>{s}</b>; } //~ expensive-initial-state",
        ),
        Case::bad(
            "a.tsx",
            "function V() { const [t, setT] = React.useState(localStorage.getItem('t') ?? 'light'); return <b>{t}</b>; } //~ expensive-initial-state",
        ),
        Case::bad(
            "a.tsx",
            "function V({ n }) { const [g] = useState(Array.from({ length: n }, () => 0)); return <b>{g}</b>; } //~ expensive-initial-state",
        ),
        Case::bad(
            "a.tsx",
            "function V({ xs }) { const [s] = useState<string[]>([...xs].sort()); return <b>{s}</b>; } //~ expensive-initial-state",
        ),
        Case::bad(
            "a.tsx",
            "function V({ n }) { const [g] = useState(new Array(n).fill(null)); return <b>{g}</b>; } //~ expensive-initial-state",
        ),
        Case::bad(
            "a.jsx",
            "function V({ o }) { const [e] = useState(Object.entries(o).map(([k]) => k)); return <b>{e}</b>; } //~ expensive-initial-state",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [u] = useState(sessionStorage.getItem('u')); return <b>{u}</b>; } //~ expensive-initial-state",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [c] = useState(() => JSON.parse(localStorage.getItem('c'))); return <b>{c}</b>; }",
        ),
        Case::good("a.jsx", "function V() { const [n] = useState(0); return <b>{n}</b>; }"),
        Case::good("a.jsx", "function V({ n }) { const [m] = useState(n); return <b>{m}</b>; }"),
        Case::good("a.jsx", "function V() { const [xs] = useState([]); return <b>{xs}</b>; }"),
        Case::good("a.jsx", "function V({ xs }) { const [n] = useState(xs.length); return <b>{n}</b>; }"),
        Case::good("a.jsx", "function V() { const [f] = useState(readAll); return <b>{f}</b>; }"),
        Case::good(
            "a.jsx",
            "function V({ xs }) { const s = useMemo(() => xs.map((x) => x.id), [xs]); return <b>{s}</b>; }",
        ),
        Case::good("a.jsx", "function V() { const [d] = useState(new Date()); return <b>{d}</b>; }"),
        Case::near_miss("a.jsx", "function V({ a }) { const [s] = useState(getInitial(a)); return <b>{s}</b>; }"),
        Case::near_miss(
            "a.jsx",
            "function V() { const [s] = useState({ load: () => xs.map((x) => x.id) }); return <b>{s}</b>; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V() { const [s] = useState(['a', 'b'].map((x) => x + 1)); return <b>{s}</b>; }",
        ),
        Case::near_miss("a.js", "const s = store.useState(JSON.parse(text));"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let of_react = callee.kind() == Kind::Identifier
        || callee.child(Field::Object).is_some_and(|o| matches!(o.text(), "React" | "Preact"));
    let Some(hook) = place_name(callee).filter(|n| of_react && matches!(n.as_ref(), "useState" | "useRef")) else {
        return;
    };
    let Some(first) = args(node).next() else { return };
    if is_function(bare(first)) || args(node).nth(1).is_some() {
        return;
    }
    let parts = std::iter::once(first).chain(first.descendants_until(is_function));
    let Some(work) = parts.into_iter().find_map(work) else { return };
    let message = if hook == "useState" {
        format!(
            "{work} in every render, and counts in the first alone. Give `useState` a function: `useState(() => ..)`."
        )
    } else {
        format!("{work} in every render, and counts in the first alone. Fill the reference where it is still empty.")
    };
    let mut note = Note::new(cx.rule, first.span(), message);
    if hook == "useState" {
        let (start, end) = (first.span().start, first.span().end);
        let brace = first.kind() == Kind::Object;
        let edits = vec![
            (Span { start, end: start }, if brace { "() => (" } else { "() => " }.to_owned()),
            (Span { start: end, end }, if brace { ")" } else { "" }.to_owned()),
        ];
        note = note.suggestion("Compute it in the first render alone", edits);
    }
    cx.report(note);
}

/// What an expression does that takes time, in words.
fn work(node: Node<'_>) -> Option<&'static str> {
    if node.kind() != Kind::CallExpression {
        return None;
    }
    let (of, name) = method(node)?;
    let of = bare(of);
    match (of.text(), name.text()) {
        ("JSON", "parse") => Some("This parses JSON"),
        ("localStorage" | "sessionStorage" | "window.localStorage" | "window.sessionStorage", "getItem") => {
            Some("This reads the browser's storage")
        }
        ("Array", "from") => Some("This builds a list"),
        (_, "map" | "filter" | "flatMap" | "reduce") if args(node).next().is_some_and(|a| is_function(bare(a))) => {
            (of.kind() != Kind::Array || of.descendants().any(|n| n.kind() == Kind::SpreadElement))
                .then_some("This goes through a list")
        }
        (_, "sort" | "toSorted") => Some("This sorts a list"),
        (_, "fill") if of.kind() == Kind::NewExpression => Some("This builds a list"),
        _ => None,
    }
}
