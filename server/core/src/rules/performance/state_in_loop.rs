use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{exits, mentions, operator, parameters, root_name};
use crate::rules::support::{args, bare, is_function, is_loop, method, place_name, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "state-in-loop",
    summary: "state is set from its old value in every round of a loop",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a React state setter called in a loop, or in a callback of `forEach` or `map`, with a value made \
              from the state itself: `setItems([...items, x])`.",
        why: "The state does not change until the next render: every round starts from the same old value, so that only \
              the last one is kept; and each call asks for a render.",
        example: "for (const x of added) { setItems([...items, x]); }",
        instead: "setItems((items) => [...items, ...added]);",
        limits: "Setters that get a function see the newest value and are left alone. Only setters of `useState` in the \
              same component.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function V({ rows }) { const [ids, setIds] = useState({}); useEffect(() => { rows.forEach((r) => { ids[r.id] = show(r); setIds(ids); }); }, [rows]); return ids; }",
        ),
        Case::bad(
            "a.js",
            "function V() { const [items, setItems] = useState([]); const add = (xs) => { for (const x of xs) { setItems([...items, x]); } }; return add; } //~ state-in-loop",
        ),
        Case::bad(
            "a.js",
            "function V() { const [n, setN] = useState(0); xs.forEach((x) => { setN(n + x); }); } //~ state-in-loop",
        ),
        Case::bad(
            "a.tsx",
            "const V = () => { const [m, setM] = React.useState<Map>({}); const go = () => { for (let i = 0; i < 3; i++) { setM({ ...m, [i]: 1 }); } }; return go; }; //~ state-in-loop",
        ),
        Case::bad(
            "a.js",
            "function useX() { const [all, setAll] = useState([]); async function run(xs) { for (const x of xs) { const r = await load(x); setAll(all.concat(r)); } } return run; } //~ state-in-loop",
        ),
        Case::bad(
            "a.js",
            "function V() { const [n, setN] = useState(0); while (next()) { setN(n + 1); } } //~ state-in-loop",
        ),
        Case::bad(
            "a.js",
            "function V() { const [s, setS] = useState(''); lines.map((l) => setS(s + l)); } //~ state-in-loop",
        ),
        Case::bad(
            "a.js",
            "function V({ xs }) { const [sel, setSel] = useState([]); const all = () => xs.forEach((x) => setSel([...sel, x.id])); return all; } //~ state-in-loop",
        ),
        Case::bad(
            "a.js",
            "function V() { const [t, setT] = useState(0); for (const x of xs) { if (x.ok) { setT(t + x.n); } } } //~ state-in-loop",
        ),
        Case::good(
            "a.js",
            "function V() { const [items, setItems] = useState([]); for (const x of xs) { setItems((old) => [...old, x]); } }",
        ),
        Case::good("a.js", "function V() { const [items, setItems] = useState([]); setItems([...items, ...xs]); }"),
        Case::good("a.js", "function V() { const [n, setN] = useState(0); for (const x of xs) { setN(x); } }"),
        Case::good("a.js", "function V() { const [n, setN] = useState(0); return () => setN(n + 1); }"),
        Case::good("a.js", "function V() { for (const x of xs) { setItems([...items, x]); } }"),
        Case::good(
            "a.js",
            "function V() { const [n, setN] = useState(0); for (const x of xs) { use(n + x); } setN(n + 1); }",
        ),
        Case::good(
            "a.js",
            "function V() { const [n] = useState(0); const [m, setM] = useState(0); for (const x of xs) { setM(n + x); } }",
        ),
        Case::good(
            "a.js",
            "function V() { const [n, setN] = useState(0); const t = xs.reduce((a, x) => a + x, n); setN(t); }",
        ),
        Case::near_miss(
            "a.js",
            "function V() { const [n, setN] = useState(0); for (const x of xs) { x.onclick = () => setN(n + x.id); } }",
        ),
        Case::near_miss(
            "a.js",
            "function V() { const [items, setItems] = useState([]); return items.map((i) => h('a', { onClick: () => setItems(items.filter((x) => x !== i)) })); }",
        ),
        Case::near_miss(
            "a.js",
            "function V() { const [n, setN] = useState(0); for (const x of xs) { if (x.ok) { setN(n + 1); break; } } }",
        ),
        Case::near_miss(
            "a.js",
            "function V() { const [items, setItems] = useState([]); for (const items of xs) { setItems([...items]); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(setter) =
        node.child(Field::Function).filter(|f| f.kind() == Kind::Identifier && f.text().starts_with("set"))
    else {
        return;
    };
    let Some(value) = args(node).next().map(bare).filter(|v| !is_function(*v)) else { return };
    let Some(state) = state_of(setter) else { return };
    // What is changed in place and set again keeps what every round did; `mutated-state` tells of that.
    let in_place = value.text() == state
        && node.arena().nodes().any(|n| {
            let place = match n.kind() {
                Kind::AssignmentExpression => n.child(Field::Left),
                Kind::UnaryExpression if operator(n) == "delete" => n.child(Field::Argument),
                _ => None,
            };
            place.is_some_and(|p| p.kind() != Kind::Identifier && root_name(p).is_some_and(|r| r.text() == state))
        });
    if !mentions(value, state) || in_place {
        return;
    }
    let mut at = node;
    while let Some(parent) = at.parent() {
        let round = is_loop(parent) && at.field() == Field::Body;
        if is_function(parent) && !runs_at_once(parent) {
            return;
        }
        if round || is_function(parent) {
            let own = statement(node);
            let leaves = parent.span().contains(own.span()) && own.next_named_sibling().is_some_and(exits);
            let bound = parent.child(Field::Left).is_some_and(|l| mentions(l, state))
                || parameters(parent).iter().any(|p| mentions(*p, state));
            if !leaves && !bound {
                let message = format!(
                    "`{state}` keeps its old value until the next render, so that every round starts from the same and only the last one counts. Pass a function to `{}`, or set it once.",
                    setter.text()
                );
                cx.report(Note::new(cx.rule, node.span(), message));
            }
            return;
        }
        at = parent;
    }
}

/// The state that belongs to a setter of `useState`.
fn state_of<'a>(setter: Node<'a>) -> Option<&'a str> {
    setter.arena().nodes().filter(|n| n.kind() == Kind::VariableDeclarator).find_map(|n| {
        let pattern = n.child(Field::Name).filter(|p| p.kind() == Kind::ArrayPattern)?;
        let hook = bare(n.child(Field::Value)?).child(Field::Function)?;
        let mut names = pattern.named_children();
        let (state, set) = (names.next()?, names.next()?);
        (set.text() == setter.text() && place_name(hook).as_deref() == Some("useState")).then(|| state.text())
    })
}

/// Whether a function is the callback of `forEach` or `map`.
fn runs_at_once(function: Node<'_>) -> bool {
    let call = function.parent().and_then(|p| p.parent());
    call.and_then(|c| method(c)).is_some_and(|(_, m)| matches!(m.text(), "forEach" | "map"))
}
