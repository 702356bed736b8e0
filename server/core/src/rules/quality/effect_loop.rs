use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, home, mentions, report_in};
use crate::rules::support::{args, bare, ecma_path, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "effect-loop",
    summary: "an effect sets state in every render, which renders again",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[835],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `useEffect` and `useLayoutEffect` without a list of dependencies, or with one that names the state, whose callback sets that state at once and unconditionally to something new.",
        why: "The effect runs after every render, the new state renders again, and the effect runs again: the page hangs or React gives up.",
        example: "useEffect(() => {\n  setCount(count + 1);\n});",
        instead: "useEffect(() => {\n  setCount((c) => c + 1);\n}, [userId]);",
        limits: "Calls under a condition, in callbacks, and of constants (which React notices to be the same) are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check), Check::Nodes(&[Kind::ExpressionStatement], rendering)],
    cases: &[
        Case::bad(
            "a.jsx",
            "function V() { const [, update] = useState(0); useEffect(() => { update((n) => n + 1); }); return <b />; } //~ effect-loop",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [, update] = useState(0); useEffect(() => { update((n) => n + 1); }, []); return <b />; }",
        ),
        Case::bad(
            "a.tsx",
            "export function T({ rows }: P) { const [n, setN] = useState(0); setN(rows.length); return <p>{n}</p>; } //~ effect-loop",
        ),
        Case::bad(
            "a.jsx",
            "const T = (p) => { const [n, setN] = React.useState(0); setN(p.x); return <p>{n}</p>; }; //~ effect-loop",
        ),
        Case::near_miss(
            "a.tsx",
            "export function T({ rows }: P) { const [n, setN] = useState(0); if (n !== rows.length) { setN(rows.length); } return <p>{n}</p>; }",
        ),
        Case::near_miss(
            "a.tsx",
            "export function useN() { const [n, setN] = useState(0); const bump = () => { setN(n + 1); }; return bump; }",
        ),
        Case::near_miss("a.ts", "export function Make() { const [a, setA] = pair(); setA(1); return a; }"),
        Case::bad(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { setN(n + 1); }); return n; } //~ effect-loop",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { setN(n + 1); }, [n]); return n; } //~ effect-loop",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [xs, setXs] = useState([]); useEffect(() => { setXs([...xs, 1]); }, [xs]); return xs; } //~ effect-loop",
        ),
        Case::bad(
            "a.jsx",
            "import React from 'react';\nfunction V({ id }) { const [o, setO] = React.useState({}); React.useEffect(() => { setO({ id }); }); return o; } //~ effect-loop",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); useLayoutEffect(() => setN((x) => x + 1)); return n; } //~ effect-loop",
        ),
        Case::good("a.jsx", "function V() { const [n, setN] = useState(0); useEffect(() => { setN(1); }); return n; }"),
        Case::good(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { if (n < 3) { setN(n + 1); } }); return n; }",
        ),
        Case::good(
            "a.jsx",
            "function V({ id }) { const [n, setN] = useState(0); useEffect(() => { setN(id * 2); }, [id]); return n; }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { setN(n + 1); }, []); return n; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { const t = setTimeout(() => setN(n + 1), 9); return () => clearTimeout(t); }); return n; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ w }) { const [n, setN] = useState(0); useEffect(() => { setN(w); }); return n; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { setN(Math.min(n, 5)); }, [n]); return n; }",
        ),
        Case::bad(
            "a.tsx",
            "function V() {\n  const [n, setN] = useState(0);\n  useEffect(() => {\n    setN(n + 1); //~ effect-loop\n  }, [n]);\n  return <b>{n}</b>;\n}",
        ),
        Case::bad(
            "a.tsx",
            "function V() {\n  const [xs, setXs] = useState<string[]>([]);\n  useEffect(() => {\n    setXs([...xs, 'a']); //~ effect-loop\n  }, [xs]);\n  return <b>{xs}</b>;\n}",
        ),
        Case::bad(
            "a.tsx",
            "function V() {\n  const [n, setN] = useState(0);\n  useEffect(() => {\n    setN(n + 1); //~ effect-loop\n  });\n  return <b>{n}</b>;\n}",
        ),
        Case::good(
            "a.tsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { setN(1); }, []); return <b>{n}</b>; }",
        ),
        Case::good(
            "a.tsx",
            "function V({ id }: P) { const [u, setU] = useState(null); useEffect(() => { load(id).then(setU, fail); }, [id]); return <b>{u}</b>; }",
        ),
        Case::good(
            "a.tsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { if (n < 3) { setN(n + 1); } }, [n]); return <b>{n}</b>; }",
        ),
        Case::good(
            "a.tsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { const t = setTimeout(() => setN((k) => k + 1), 9); return () => clearTimeout(t); }, [n]); return <b>{n}</b>; }",
        ),
        Case::near_miss(
            "a.tsx",
            "function V({ a }: P) { const [n, setN] = useState(0); useEffect(() => { setN(a.length); }, [a]); return <b>{n}</b>; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let Some(path) = ecma_path(callee, cx) else { return };
    if !matches!(path.rsplit('.').next(), Some("useEffect" | "useLayoutEffect")) {
        return;
    }
    let Some(effect) = callback(node, 0, cx) else { return };
    let Some(body) = effect.child(Field::Body) else { return };
    let list = args(node).nth(1).map(bare);
    if list.is_some_and(|l| l.kind() != Kind::Array) {
        return;
    }
    let statements: Vec<Node<'a>> =
        if body.kind() == Kind::StatementBlock { body.named_children().collect() } else { vec![body] };
    for statement in statements {
        // What stands behind may never be reached.
        let plain =
            matches!(statement.kind(), Kind::ExpressionStatement | Kind::LexicalDeclaration | Kind::CallExpression);
        if !plain {
            return;
        }
        let call = if statement.kind() == Kind::ExpressionStatement {
            statement.first_named().map(bare)
        } else {
            Some(bare(statement))
        };
        let Some(call) = call.filter(|c| c.kind() == Kind::CallExpression) else { continue };
        let Some(setter) = call.child(Field::Function).filter(|f| f.kind() == Kind::Identifier) else { continue };
        let Some(state) = state_of(node, setter.text()) else { continue };
        let Some(value) = args(call).next().map(bare) else { continue };
        let listed = list.is_some_and(|l| l.named_children().any(|d| d.text() == state));
        if list.is_some() && !listed || !is_new(value, state) {
            continue;
        }
        let message = if listed {
            format!("This sets `{state}`, whose change runs the effect again: it never ends.")
        } else {
            "The effect runs after every render and sets state, which renders again: it never ends. Name what it depends on.".to_owned()
        };
        report_in(cx, call, Note::new(cx.rule, call.span(), message));
        return;
    }
}

/// `setN(rows.length)` as a statement of the component itself: each render asks for the next.
fn rendering<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(call) = node.first_named().map(bare).filter(|c| c.kind() == Kind::CallExpression) else { return };
    let Some(setter) = call.child(Field::Function).filter(|f| f.kind() == Kind::Identifier) else { return };
    if !setter.text().starts_with("set") {
        return;
    }
    let component = home(node);
    let Some(body) = component.child(Field::Body).filter(|b| is_function(component) && node.parent() == Some(*b))
    else {
        return;
    };
    // What stands behind a `return` of some renders is not reached by all.
    let mut before = body.named_children().take_while(|s| *s != node);
    let leaves = before.any(|s| s.descendants_until(is_function).any(|n| n.kind() == Kind::ReturnStatement));
    let named = component.child(Field::Name).or_else(|| component.parent().and_then(|p| p.child(Field::Name)));
    let renders =
        named.is_some_and(|n| n.text().starts_with(|c: char| c.is_uppercase()) || n.text().starts_with("use"));
    if leaves || !renders || args(call).count() != 1 || state_of(node, setter.text()).is_none() {
        return;
    }
    let message = format!(
        "Every render calls `{}`, which asks for another: React gives up with `Too many re-renders`. Compute the value while rendering, or set it in an effect or a handler.",
        setter.text()
    );
    cx.report(Note::new(cx.rule, call.span(), message));
}

/// The state that a setter of the component belongs to.
fn state_of<'a>(node: Node<'a>, setter: &str) -> Option<&'a str> {
    let component = home(node);
    component
        .descendants_until(|n| n != component && is_function(n))
        .filter(|n| n.kind() == Kind::VariableDeclarator)
        .find_map(|n| {
            let pattern = n.child(Field::Name).filter(|p| p.kind() == Kind::ArrayPattern)?;
            let hook = n.child(Field::Value).map(bare)?.child(Field::Function)?;
            let mut parts = pattern.named_children();
            let (state, set) = match (parts.next()?, parts.next()) {
                (state, Some(set)) => (state.text(), set),
                // `const [, update] = useState(0)`
                (set, None) if pattern.text()[1..].trim_start().starts_with(',') => ("", set),
                _ => return None,
            };
            (hook.text().ends_with("useState") && set.text() == setter).then_some(state)
        })
}

/// Whether a value is another one every time: counted up, a new list, object or function's result of the state.
fn is_new(value: Node<'_>, state: &str) -> bool {
    match value.kind() {
        Kind::Object | Kind::Array => true,
        Kind::BinaryExpression => {
            mentions(value, state) && value.child(Field::Operator).is_some_and(|o| matches!(o.text(), "+" | "-" | "*"))
        }
        Kind::ArrowFunction => value.child(Field::Body).map(bare).is_some_and(|b| {
            matches!(b.kind(), Kind::Object | Kind::Array)
                || b.kind() == Kind::BinaryExpression
                    && b.child(Field::Operator).is_some_and(|o| matches!(o.text(), "+" | "-"))
        }),
        Kind::NewExpression => true,
        _ => false,
    }
}
