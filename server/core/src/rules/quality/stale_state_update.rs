use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::mentions;
use crate::rules::support::{args, bare, key_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "stale-state-update",
    summary: "state is set from a value that may be out of date",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[662],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds two calls of one state setter with the old value in one function (`setN(n + 1); setN(n + 1)`), and `this.setState({ n: this.state.n + 1 })`.",
        why: "State changes when the component renders again, not at the call: both calls see the same old value, and one update is lost.",
        example: "setCount(count + 1);\nsetCount(count + 1);",
        instead: "setCount((c) => c + 1);\nsetCount((c) => c + 1);",
        limits: "A single call with the old value is left alone, and so are two in different branches.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ExpressionStatement], check)],
    cases: &[
        Case::near_miss(
            "a.ts",
            "import { Layer } from '@deck.gl/core';\nexport class Text extends Layer { update() { this.setState({ n: this.state.n + 1 }); } }",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); const inc = () => { setN(n + 1);\n setN(n + 1); //~ stale-state-update\n}; return inc; }",
        ),
        Case::bad(
            "a.jsx",
            "class V extends React.Component { inc() { this.setState({ n: this.state.n + 1 }); } } //~ stale-state-update",
        ),
        Case::bad(
            "a.jsx",
            "class V extends React.Component { toggle = () => this.setState({ open: !this.state.open }); m() { this.setState({ n: this.state.n - 1 }); } } //~ stale-state-update",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [xs, setXs] = useState([]); const add = (a, b) => { setXs([...xs, a]); log(a);\n setXs([...xs, b]); //~ stale-state-update\n}; return add; }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); const inc = () => { setN((x) => x + 1); setN((x) => x + 1); }; return inc; }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); const inc = () => { setN(n + 1); }; return inc; }",
        ),
        Case::good("a.jsx", "class V extends React.Component { inc() { this.setState((s) => ({ n: s.n + 1 })); } }"),
        Case::good("a.jsx", "class V extends React.Component { show() { this.setState({ open: true }); } }"),
        Case::near_miss(
            "a.jsx",
            "class V extends React.Component { set() { this.setState({ n: this.props.n + 1 }); } }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); const f = () => { setN(0); setN(1); }; return f; }",
        ),
        Case::near_miss("a.js", "function f(n, setN) { setN(n); setN(n + 1); }"),
        Case::bad(
            "a.tsx",
            "function V() {\n  const [n, setN] = useState(0);\n  const two = () => {\n    setN(n + 1);\n    setN(n + 1); //~ stale-state-update\n  };\n  return <b onClick={two}>{n}</b>;\n}",
        ),
        Case::bad(
            "a.tsx",
            "function V() {\n  const [count, setCount] = useState(0);\n  function reset() {\n    setCount(count + 5);\n    setCount(count * 2); //~ stale-state-update\n  }\n  return <b onClick={reset}>{count}</b>;\n}",
        ),
        Case::bad(
            "a.tsx",
            "export const V = () => {\n  const [xs, setXs] = useState<string[]>([]);\n  const add = () => {\n    setXs([...xs, 'a']);\n    setXs([...xs, 'b']); //~ stale-state-update\n  };\n  return <b onClick={add}>{xs}</b>;\n};",
        ),
        Case::bad(
            "a.tsx",
            "function V() {\n  const [n, setN] = React.useState(0);\n  return <b onClick={() => {\n    setN(n + 1);\n    setN(n + 1); //~ stale-state-update\n  }}>{n}</b>;\n}",
        ),
        Case::good(
            "a.tsx",
            "function V() { const [n, setN] = useState(0); const two = () => { setN((k) => k + 1); setN((k) => k + 1); }; return <b onClick={two}>{n}</b>; }",
        ),
        Case::good(
            "a.tsx",
            "function V() { const [n, setN] = useState(0); return <b onClick={() => setN(n + 1)}>{n}</b>; }",
        ),
        Case::good(
            "a.tsx",
            "function V() { const [a, setA] = useState(0); const [b, setB] = useState(0); const go = () => { setA(a + 1); setB(b + 1); }; return <b onClick={go}>{a}{b}</b>; }",
        ),
        Case::good(
            "a.tsx",
            "function V() { const [n, setN] = useState(0); const go = (up: boolean) => { if (up) { setN(n + 1); } else { setN(n - 1); } }; return <b onClick={() => go(true)}>{n}</b>; }",
        ),
        Case::near_miss(
            "a.tsx",
            "function V() { const [n, setN] = useState(0); const go = () => { setN(1); setN(2); }; return <b onClick={go}>{n}</b>; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let Some(call) = node.first_named().map(bare).filter(|c| c.kind() == Kind::CallExpression) else { return };
    let Some(callee) = call.child(Field::Function) else { return };
    let Some(value) = args(call).next().map(bare) else { return };
    if callee.text() == "this.setState" {
        if !crate::rules::shape::is_of_react(cx) {
            return;
        }
        let stale = value.kind() == Kind::Object
            && value.named_children().any(|p| {
                key_name(p).zip(p.child(Field::Value)).is_some_and(|(key, v)| {
                    let old = format!("this.state.{key}");
                    let v = bare(v);
                    v.kind() == Kind::BinaryExpression
                        && [Field::Left, Field::Right].iter().any(|f| v.child(*f).is_some_and(|o| o.text() == old))
                })
            });
        if stale {
            let message = "`this.state` may be out of date here: updates of the same moment get lost. Hand over a function: `this.setState((state) => ..)`.";
            cx.report(Note::new(cx.rule, call.span(), message));
        }
        return;
    }
    if callee.kind() != Kind::Identifier || !callee.text().starts_with("set") {
        return;
    }
    let Some(state) = state(call, callee.text()) else { return };
    if !derived(value, state) {
        return;
    }
    // An earlier statement of the same list set it from the old value too.
    let Some(list) = node.parent() else { return };
    let earlier = list.named_children().take_while(|s| s.index() < node.index()).find(|s| {
        s.kind() == Kind::ExpressionStatement
            && s.first_named().map(bare).is_some_and(|c| {
                c.child(Field::Function).is_some_and(|f| f.text() == callee.text())
                    && args(c).next().is_some_and(|v| derived(bare(v), state))
            })
    });
    let Some(earlier) = earlier else { return };
    let message = format!(
        "Both calls see the same old `{state}`: the first update is lost. Hand over functions: `{}((old) => ..)`.",
        callee.text()
    );
    cx.report(Note::new(cx.rule, call.span(), message).related(earlier.span(), "set from the same value"));
}

fn derived(value: Node<'_>, state: &str) -> bool {
    !matches!(value.kind(), Kind::ArrowFunction | Kind::FunctionExpression | Kind::Identifier) && mentions(value, state)
}

/// The state that belongs to a setter of the block.
fn state<'a>(anywhere: Node<'a>, setter: &str) -> Option<&'a str> {
    anywhere.arena().nodes().filter(|n| n.kind() == Kind::VariableDeclarator).find_map(|n| {
        let pattern = n.child(Field::Name).filter(|p| p.kind() == Kind::ArrayPattern)?;
        let hook = n.child(Field::Value).map(bare)?.child(Field::Function)?;
        let mut parts = pattern.named_children();
        let (state, set) = (parts.next()?, parts.next()?);
        (hook.text().ends_with("useState") && set.text() == setter).then(|| state.text())
    })
}
