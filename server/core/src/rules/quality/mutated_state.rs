use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::root_name;
use crate::rules::support::{bare, enclosing_function, method, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "mutated-state",
    summary: "state is changed in place and set to itself",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds state of `useState` that is changed in place: `items.push(x); setItems(items)`, `user.name = n; setUser(user)`, `items.sort()` and `delete state[key]`, writes to `this.state` outside of the constructor, and reducers (`(state, action)`) that change the state they are handed.",
        why: "React compares the old state with the new one by identity. The same array or object counts as unchanged, so that nothing is rendered; and earlier renders see values that they never had.",
        example: "items.push(item);\nsetItems(items);",
        instead: "setItems([...items, item]);",
        limits: "Only state that the same component declares, and only arrays and objects: refs, maps from a library and drafts of `immer` are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(
        &[
            Kind::CallExpression,
            Kind::AssignmentExpression,
            Kind::AugmentedAssignmentExpression,
            Kind::UpdateExpression,
        ],
        check,
    )],
    cases: &[
        Case::bad(
            "a.ts",
            "export function reducer(state: S = init, action: A) {\n  switch (action.type) {\n    case 'add':\n      state.items.push(action.item); //~ mutated-state\n      return state;\n    default:\n      return state;\n  }\n}",
        ),
        Case::near_miss(
            "a.ts",
            "import { createReducer } from '@reduxjs/toolkit';\nexport function reducer(state: S, action: A) { if (action.type === 'add') { state.items.push(action.item); } }",
        ),
        Case::near_miss(
            "a.js",
            "export function reducer(state, action) { state = { ...state }; if (action.type === 'n') { state.n = 1; } return state; }",
        ),
        Case::near_miss(
            "a.ts",
            "import { Layer } from '@deck.gl/core';\nexport class Bitmap extends Layer { update(c: C) { if (c.changed) { this.state.model = this.make(); this.setState({ done: true }); } } }",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [items, setItems] = useState([]); const add = (x) => { items.push(x); setItems(items); }; return <A f={add} />; } //~ mutated-state",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [user, setUser] = useState({}); function name(n) { user.name = n; setUser(user); } return <A f={name} />; } //~ mutated-state",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [xs, setXs] = React.useState([3, 1]); const sort = () => { xs.sort(); setXs(xs); }; return <A f={sort} />; } //~ mutated-state",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [m, setM] = useState({}); const f = (k) => { m[k] = true; setM({ ...m }); }; return <A f={f} />; } //~ mutated-state",
        ),
        Case::bad(
            "a.jsx",
            "class V extends React.Component { add(x) { this.state.items.push(x); this.setState({ items: this.state.items }); } } //~ mutated-state",
        ),
        Case::bad(
            "a.jsx",
            "class V extends Component { open() { this.state.open = true; this.forceUpdate(); } } //~ mutated-state",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [n, setN] = useState({ a: 1 }); const f = () => { n.a += 1; setN(n); }; return <A f={f} />; } //~ mutated-state",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [xs, setXs] = useState([]); const f = (i) => { xs.splice(i, 1); setXs(xs); }; return <A f={f} />; } //~ mutated-state",
        ),
        Case::bad(
            "a.tsx",
            "function V() { const [xs, setXs] = useState<string[]>([]); return <A f={() => { xs.unshift('a'); setXs(xs); }} />; } //~ mutated-state",
        ),
        Case::bad(
            "a.jsx",
            "export function V({ user }) { user.name = 'x'; return <b>{user.name}</b>; } //~ mutated-state",
        ),
        Case::near_miss("a.jsx", "export function V({ inputRef }) { inputRef.current = null; return <b />; }"),
        Case::near_miss(
            "a.jsx",
            "export function V({ form }) { const go = () => { form.x = 1; }; return <b onClick={go} />; }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [items, setItems] = useState([]); const add = (x) => setItems([...items, x]); return <A f={add} />; }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [user, setUser] = useState({}); const f = (n) => setUser({ ...user, name: n }); return <A f={f} />; }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [xs, setXs] = useState([]); const f = () => { const copy = [...xs]; copy.sort(); setXs(copy); }; return <A f={f} />; }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const box = useRef([]); const f = (x) => { box.current.push(x); }; return <A f={f} />; }",
        ),
        Case::good(
            "a.jsx",
            "class V extends Component { constructor(p) { super(p); this.state = { a: 1 }; this.state.b = 2; } }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [xs, setXs] = useImmer([]); const f = () => setXs((d) => { d.push(1); }); return <A f={f} />; }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); const f = () => setN(n + 1); return <A f={f} />; }",
        ),
        Case::good("a.jsx", "function V() { const [xs] = useState([]); return xs.map((x) => <A key={x} />); }"),
        Case::near_miss(
            "a.jsx",
            "function V() { const [m, setM] = useState(new Map()); const f = (k) => { const n = new Map(m); n.set(k, 1); setM(n); }; return <A f={f} />; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V() { const [xs, setXs] = useState([]); const f = () => { const xs = []; xs.push(1); return xs; }; return <A f={f} />; }",
        ),
        Case::near_miss("a.jsx", "class Machine { open() { this.state.open = true; } }"),
        Case::near_miss(
            "a.jsx",
            "function V() { const [box] = useState(() => ({ current: null })); const f = (el) => { box.current = el; }; return <A f={f} />; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V() { const [store] = useState(() => new Store()); const f = (x) => { store.push(x); }; return <A f={f} />; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let target = match node.kind() {
        Kind::CallExpression => {
            let Some((of, name)) = method(node) else { return };
            let changes = matches!(
                name.text(),
                "push" | "pop" | "shift" | "unshift" | "splice" | "sort" | "reverse" | "fill" | "copyWithin"
            );
            if !changes {
                return;
            }
            of
        }
        Kind::UpdateExpression => match node.child(Field::Argument).map(bare) {
            Some(place) if place.kind() != Kind::Identifier => match place.child(Field::Object) {
                Some(of) => of,
                None => return,
            },
            _ => return,
        },
        _ => match node.child(Field::Left).map(bare).and_then(|l| l.child(Field::Object)) {
            Some(of) => of,
            None => return,
        },
    };
    let target = bare(target);
    let Some(root) = root_name(target) else { return };
    if root.kind() == Kind::This {
        return of_class(node, target, cx);
    }
    if node.kind() == Kind::AssignmentExpression && prop(node, root, cx) {
        let message = format!(
            "`{}` belongs to whoever renders this component: changed here, others see it change while they render. Ask the owner to change it.",
            root.text()
        );
        cx.report(Note::new(cx.rule, node.span(), message));
        return;
    }
    if reduces(node, root, cx) {
        let message = format!(
            "`{}` is the state before: changed in place it stays the same object, and whoever compares them sees no change. Return a changed copy.",
            root.text()
        );
        cx.report(Note::new(cx.rule, node.span(), message));
        return;
    }
    let Some(setter) = setter(root) else { return };
    // The setter is called with something in the same function: else it may be a box that is kept on purpose.
    let Some(around) = enclosing_function(node) else { return };
    let set = around
        .descendants()
        .find(|n| n.kind() == Kind::CallExpression && n.child(Field::Function).is_some_and(|f| f.text() == setter));
    let Some(set) = set else { return };
    let message = format!(
        "`{}` is state: changed in place it is the same object for React, which then renders nothing, and earlier renders see the change. Give `{setter}` a changed copy.",
        root.text()
    );
    cx.report(Note::new(cx.rule, node.span(), message).related(set.span(), "set here"));
}

/// A write into `this.state`.
fn of_class<'a>(node: Node<'a>, target: Node<'a>, cx: &mut Cx<'a>) {
    let text = target.text();
    let state = text == "this.state" || text.starts_with("this.state.") || text.starts_with("this.state[");
    if !state {
        return;
    }
    // Other libraries have layers and widgets with a state and a `setState` of their own.
    if !crate::rules::shape::is_of_react(cx) {
        return;
    }
    // Whatever a class without `setState` calls its state is no React state.
    let own = cx.file.imports.binds("React")
        || cx.file.imports.binds("Component")
        || cx.arena().text().contains("this.setState(")
        || cx.arena().text().contains("this.forceUpdate(");
    let constructor = node
        .ancestors()
        .any(|a| a.kind() == Kind::MethodDefinition && a.child(Field::Name).is_some_and(|n| n.text() == "constructor"))
        || cx.block.name() == Some("constructor");
    if !own || constructor {
        return;
    }
    let message = "`this.state` is changed in place: React does not see it, and a later `setState` may overwrite it. Call `setState` with a changed copy.";
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// The setter of a variable that the component around declares with `useState`.
fn setter<'a>(name: Node<'a>) -> Option<&'a str> {
    let arena = name.arena();
    let mut found = None;
    for n in arena.nodes().filter(|n| n.kind() == Kind::VariableDeclarator) {
        let Some(pattern) = n.child(Field::Name) else { continue };
        if pattern.kind() == Kind::Identifier && pattern.text() == name.text() {
            return None;
        }
        if pattern.kind() != Kind::ArrayPattern {
            continue;
        }
        let mut parts = pattern.named_children();
        let (Some(value), Some(set)) = (parts.next(), parts.next()) else { continue };
        let hook = n.child(Field::Value).map(bare).and_then(|v| v.child(Field::Function));
        let state = hook.is_some_and(|f| place_name(f).as_deref() == Some("useState"));
        if state && value.text() == name.text() {
            found = Some(set.text());
        }
    }
    found
}

/// Whether a write goes into the state that a reducer is handed: `function reducer(state, action) { switch (action.type) ..`.
fn reduces<'a>(node: Node<'a>, root: Node<'a>, cx: &Cx<'a>) -> bool {
    if !matches!(root.text(), "state" | "prevState" | "prev") {
        return false;
    }
    let Some(around) = enclosing_function(node) else { return false };
    let parameters = crate::rules::shape::parameters(around);
    let [state, action] = parameters.as_slice() else { return false };
    if state.text() != root.text() || !matches!(action.text(), "action" | "event" | "msg") {
        return false;
    }
    // Drafts of immer are meant to be changed, and a variable of that name may be a copy.
    let drafts = cx.file.imports.iter().any(|(_, p)| {
        p.starts_with("immer")
            || p.starts_with("@reduxjs/toolkit")
            || p.starts_with("use-immer")
            || p.contains("produce")
    });
    let asks = around.text().contains(&format!("{}.type", action.text()));
    let copied = around.descendants().any(|n| {
        n.kind() == Kind::AssignmentExpression && n.child(Field::Left).is_some_and(|l| l.text() == root.text())
    });
    asks && !drafts && !copied
}

/// Whether a write while rendering goes into a prop that a component takes apart.
fn prop<'a>(node: Node<'a>, root: Node<'a>, cx: &Cx<'a>) -> bool {
    let Some(around) = enclosing_function(node) else { return false };
    let name = match around.child(Field::Name) {
        Some(n) => Some(n.text()),
        None => match around.parent() {
            Some(p) if p.kind() == Kind::VariableDeclarator => p.child(Field::Name).map(Node::text),
            Some(_) => None,
            None => cx.block.name(),
        },
    };
    let component = name.is_some_and(|n| n.starts_with(|c: char| c.is_ascii_uppercase()))
        && around.descendants().any(|n| matches!(n.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement));
    let ref_like = root.text().to_ascii_lowercase().ends_with("ref");
    let taken = crate::rules::shape::parameters(around).first().is_some_and(|p| {
        p.kind() == Kind::ObjectPattern
            && p.named_children()
                .any(|m| m.kind() == Kind::ShorthandPropertyIdentifierPattern && m.text() == root.text())
    });
    component && taken && !ref_like && !node.text().contains(".current")
}
