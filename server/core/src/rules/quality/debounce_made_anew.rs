use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::home;
use crate::rules::support::{args, bare, is_function, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "debounce-made-anew",
    summary: "a debounced function is made anew for each call, and never waits for another",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1164],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `debounce` and `throttle` whose function is called where it is made, and those that a component of React makes in every render.",
        why: "Each such function has a timer of its own and knows nothing of the calls before: every event gets through, only later.",
        example: "input.addEventListener('input', () => debounce(search, 200)());",
        instead: "input.addEventListener('input', debounce(search, 200));",
        limits: "In components only variables that hold the function beside hooks of state, and of which a handler is made; values of `useMemo`, `useCallback` and `useRef` are made once.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.ts",
            "export const onScroll = () => { _.throttle(() => paint(), 100)(); }; //~ debounce-made-anew",
        ),
        Case::bad("a.js", "el.onkeyup = function () { debounce(save, 500)(this.value); }; //~ debounce-made-anew"),
        Case::bad(
            "a.jsx",
            "function List({ load }) { const [page, setPage] = useState(0); const onScroll = throttle(() => { setPage(page + 1); load(page); }, 200); return <ul onScroll={onScroll}>{page}</ul>; } //~ debounce-made-anew",
        ),
        Case::bad(
            "a.tsx",
            "const Box = ({ save }: P) => { const [v, setV] = useState(''); const keep = _.debounce(save, 400); return <input value={v} onChange={(e) => { setV(e.target.value); keep(e.target.value); }} />; }; //~ debounce-made-anew",
        ),
        Case::good(
            "a.js",
            "const onType = throttle((e) => search(e.text), 100);\nel.addEventListener('keyup', onType);",
        ),
        Case::good(
            "a.js",
            "class Search { constructor() { this.later = debounce(this.run, 200); } onType() { this.later(); } }",
        ),
        Case::good("a.js", "export function later(fn) { return debounce(fn, 200); }"),
        Case::good(
            "a.jsx",
            "const later = debounce(search, 300);\nfunction Box() { const [v, setV] = useState(''); return <input value={v} onChange={(e) => { setV(e.target.value); later(e.target.value); }} />; }",
        ),
        Case::near_miss("a.js", "const now = debounce(save)(x);"),
        Case::bad("a.js", "input.addEventListener('input', () => _.debounce(fn, 200)()); //~ debounce-made-anew"),
        Case::bad("a.ts", "function onType(e: E) { debounce(() => search(e.text), 300)(); } //~ debounce-made-anew"),
        Case::bad("a.js", "window.onscroll = (e) => { throttle(paint, 16)(e); }; //~ debounce-made-anew"),
        Case::bad(
            "a.tsx",
            "function Search({ onSearch }: P) { const [text, setText] = useState(''); const later = debounce((t) => onSearch(t), 300); return <input value={text} onChange={(e) => { setText(e.target.value); later(e.target.value); }} />; } //~ debounce-made-anew",
        ),
        Case::good("a.js", "input.addEventListener('input', debounce(search, 200));"),
        Case::good("a.js", "const later = debounce(search, 200);\nexport const onType = (e) => later(e.text);"),
        Case::good(
            "a.tsx",
            "function Search({ onSearch }: P) { const [text, setText] = useState(''); const later = useMemo(() => debounce(onSearch, 300), [onSearch]); return <input value={text} onChange={(e) => { setText(e.target.value); later(e.target.value); }} />; }",
        ),
        Case::good(
            "a.tsx",
            "function Search({ onSearch }: P) { const [text, setText] = useState(''); const later = useRef(debounce(onSearch, 300)); return <input onChange={(e) => { setText(text); later.current(e); }} />; }",
        ),
        Case::near_miss("a.js", "const make = (ms) => { const later = debounce(search, ms); return () => later(); };"),
        Case::near_miss(
            "a.tsx",
            "function useLater(f: F) { const [n] = useState(0); const later = debounce(f, n); useEffect(() => later.cancel, []); return n; }",
        ),
        Case::near_miss("a.js", "const debounce = (f) => f; const on = () => debounce(paint)();"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let name = node.child(Field::Function).map(bare).and_then(place_name).unwrap_or_default();
    if !matches!(name.as_ref(), "debounce" | "throttle") || args(node).count() < 2 {
        return;
    }
    let Some(parent) = node.parent() else { return };
    if parent.kind() == Kind::CallExpression && node.field() == Field::Function {
        let message = format!(
            "Every call makes a function of its own here, so that none knows of the ones before: nothing is held back. Make the function of `{name}` once, outside."
        );
        cx.report(Note::new(cx.rule, node.span(), message));
        return;
    }
    if parent.kind() != Kind::VariableDeclarator {
        return;
    }
    let Some(variable) = parent.child(Field::Name).filter(|n| n.kind() == Kind::Identifier) else { return };
    let component = home(node);
    if !is_function(component) || !renders_state(component) {
        return;
    }
    // A handler calls it, or is it: `onChange={later}`.
    let handed = component.descendants().any(|n| {
        n.kind() == Kind::Identifier
            && n.text() == variable.text()
            && n.ancestors().take_while(|a| *a != component).any(|a| a.kind() == Kind::JsxAttribute)
    });
    if handed {
        let message = format!(
            "Every render makes another `{}`, whose timer knows nothing of the one before: while somebody types, each key gets through. Keep it with `useMemo` or `useRef`.",
            variable.text()
        );
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

/// Whether a function is a component that renders again by its own state.
fn renders_state(component: Node<'_>) -> bool {
    let own = |n: Node<'_>| n != component && is_function(n);
    let (mut state, mut element) = (false, false);
    for n in component.descendants_until(own) {
        state |= n.kind() == Kind::CallExpression
            && n.child(Field::Function)
                .and_then(place_name)
                .is_some_and(|c| matches!(c.as_ref(), "useState" | "useReducer" | "useContext"));
        element |= matches!(n.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement);
    }
    state && element
}
