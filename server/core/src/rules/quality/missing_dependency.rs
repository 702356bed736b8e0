use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, explains_dependencies, home, parameters, root_name};
use crate::rules::support::{args, bare, ecma_path, is_function, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "missing-dependency",
    summary: "a hook reads a value that its dependencies leave out",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `useMemo`, `useCallback` and effects of React whose callback reads a state value or a prop of the \
              component that the list of dependencies does not name, and those of `useMemo` and `useCallback` without a list.",
        why: "The callback keeps the value of the render in which it was made: it shows, sends or compares an old one, \
              and the bug comes and goes with the order of events.",
        example: "const total = useMemo(() => price * count, [price]);",
        instead: "const total = useMemo(() => price * count, [price, count]);",
        limits: "Only state values (`const [x] = useState()`) and destructured props, which are known to change. An effect \
              with an empty list that runs once on purpose (unless a timer or listener in it reads state or a prop, or it asks for a prop), setters, refs, and lists that are no literals are left \
              alone, and so is whatever a comment about the dependencies explains.",
        fix: "The suggestion adds the names to the list. The effect then runs more often, which needs a look.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::near_miss(
            "a.jsx",
            "import { useCallback } from 'react';\nexport function Video({ setAttributes, id }) { const change = useCallback((value) => { setAttributes({ value }); }, []); return <Box id={id} onChange={change} />; }",
        ),
        Case::bad(
            "a.tsx",
            "function Total({ rows }) { const sum = useMemo(() => rows.reduce(add, 0)); return <b>{sum}</b>; } //~ missing-dependency",
        ),
        Case::near_miss(
            "a.tsx",
            "function Total({ rows, deps }) { const sum = useMemo(() => rows.reduce(add, 0), deps); useEffect(() => paint(sum)); return <b>{sum}</b>; }",
        ),
        Case::near_miss(
            "a.tsx",
            "import { useEffect, useState } from 'react';\nexport function A({ date }) { const [shown, setShown] = useState(date); useEffect(() => { if (date !== shown) { setShown(date); } }, [date]); return <i>{shown}</i>; }",
        ),
        Case::bad(
            "a.tsx",
            "import { useEffect } from 'react';\nexport function A({ on, channel, live }) { useEffect(() => { const s = live.open(channel); return () => { s.close(); }; }, [on]); return null; } //~ missing-dependency",
        ),
        Case::bad(
            "a.tsx",
            "function V({ price }) {\n  const [count, setCount] = useState(0);\n  return useMemo(() => price * count, [price]); //~ missing-dependency\n}",
        ),
        Case::bad(
            "a.jsx",
            "function V({ id, onDone }) { return useCallback(() => onDone(id), [id]); } //~ missing-dependency",
        ),
        Case::bad(
            "a.tsx",
            "const V = ({ q }: P) => { const [page] = useState(1); useEffect(() => { load(q, page); }, [q]); return null; }; //~ missing-dependency",
        ),
        Case::bad(
            "a.js",
            "import React from 'react';\nfunction V() { const [a] = React.useState(1); const [b] = React.useState(2); const f = React.useCallback(() => a + b, [a]); return f; } //~ missing-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function V({ items }) { const [sel] = useState(null); const shown = useMemo(() => items.filter((i) => i.id === sel), [items]); return shown; } //~ missing-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); const inc = useCallback(() => { setN(n + 1); }, []); return inc; } //~ missing-dependency",
        ),
        Case::bad(
            "a.tsx",
            "export default function V({ user, theme }) { useLayoutEffect(() => { paint(user.name, theme); }, [user.name]); return null; } //~ missing-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function useThing({ url }) { const [opts] = useState({}); const run = useCallback(async () => { await fetch(url, opts); }, [url]); return run; } //~ missing-dependency",
        ),
        Case::good(
            "a.jsx",
            "function V({ price }) { const [count] = useState(0); return useMemo(() => price * count, [price, count]); }",
        ),
        Case::good(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); return useCallback(() => { setN((x) => x + 1); }, []); }",
        ),
        Case::bad(
            "a.jsx",
            "function V({ id }) { const [u, setU] = useState(); useEffect(() => { fetch(`/users/${id}`).then((r) => r.json()).then(setU); }, []); return u; } //~ missing-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); useEffect(() => { const t = setInterval(() => setN(n + 1), 9); return () => clearInterval(t); }, []); return n; } //~ missing-dependency",
        ),
        Case::good("a.jsx", "function V({ id }) { useEffect(() => { track(id); }, []); return null; }"),
        Case::good("a.jsx", "function V({ id }) { useEffect(() => { load(id); }); return null; }"),
        Case::good("a.jsx", "function V() { const ref = useRef(null); return useCallback(() => ref.current, []); }"),
        Case::good("a.jsx", "function V({ user }) { return useMemo(() => f(user.name), [user.name]); }"),
        Case::good("a.jsx", "function V({ id }) { const deps = [id]; return useMemo(() => f(id), deps); }"),
        Case::good("a.jsx", "const K = 1; function V() { return useMemo(() => K * 2, []); }"),
        Case::near_miss("a.jsx", "function V({ id }) { return useCallback((id) => load(id), []); }"),
        Case::near_miss("a.jsx", "function V({ id }) { return useMemo(() => xs.map((x) => ({ id: x })), []); }"),
        Case::near_miss(
            "a.jsx",
            "function V({ id, q }) {\n  // eslint-disable-next-line react-hooks/exhaustive-deps\n  return useMemo(() => f(id, q), [id]);\n}",
        ),
        Case::near_miss("a.jsx", "function V({ id }) { return useMemo(() => { const id = 1; return id; }, []); }"),
        Case::near_miss("a.jsx", "function V({ user }) { return useMemo(() => f(user), [user.id]); }"),
        Case::bad(
            "a.tsx",
            "export function Title({ name }: P) {\n  useEffect(() => {\n    document.title = name;\n  }, []); //~ missing-dependency\n  return null;\n}",
        ),
        Case::bad(
            "a.jsx",
            "function Counter() {\n  const [n, setN] = useState(0);\n  useEffect(() => { document.title = `Count: ${n}`; }, []); //~ missing-dependency\n  return <b onClick={() => setN(n + 1)}>{n}</b>;\n}",
        ),
        Case::near_miss(
            "a.tsx",
            "export function List({ items }: P) {\n  const [, setPicked] = useState<Item | null>(null);\n  const pick = useCallback((i: Item) => setPicked(i), []);\n  return <Row items={items} onPick={pick} />;\n}",
        ),
        Case::near_miss(
            "a.tsx",
            "function V({ items, onChange }: P) {\n  useEffect(() => {\n    onChange(items);\n    // We want to avoid unexpected calls, see issue 41820.\n  }, [items]);\n  return null;\n}",
        ),
        Case::bad(
            "a.tsx",
            "function Clock({ zone }: P) {\n  const [now, setNow] = useState('');\n  useEffect(() => {\n    const t = setInterval(() => setNow(format(new Date(), zone)), 1000);\n    return () => clearInterval(t);\n  }, []); //~ missing-dependency\n  return <time>{now}</time>;\n}",
        ),
        Case::near_miss(
            "a.tsx",
            "function V({ onKey }: P) {\n  useEffect(() => {\n    const f = (e) => onKey(e);\n    window.addEventListener('keydown', (e) => onKey(e));\n    return () => stop(f);\n  }, []);\n  return null;\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let Some(path) = ecma_path(callee, cx) else { return };
    let hook = path.rsplit('.').next().unwrap_or(&path).to_owned();
    let effect = matches!(hook.as_str(), "useEffect" | "useLayoutEffect");
    if !effect && !matches!(hook.as_str(), "useMemo" | "useCallback") {
        return;
    }
    if !effect && args(node).count() == 1 && callback(node, 0, cx).is_some() {
        let message =
            format!("`{hook}` has no list of dependencies: it starts anew in every render, and remembers nothing.");
        cx.report(Note::new(cx.rule, callee.span(), message));
        return;
    }
    let Some(list) = args(node).nth(1).map(bare).filter(|l| l.kind() == Kind::Array) else { return };
    let Some(function) = callback(node, 0, cx) else { return };
    let named: Vec<&str> = list.named_children().filter_map(root_name).map(Node::text).collect();
    if explains_dependencies(node, cx) || told_at_end(function, list, cx) {
        return;
    }
    let component = home(node);
    if !is_function(component) {
        return;
    }
    let mut missing: Vec<&'a str> = Vec::new();
    for name in changing(component) {
        let reads = !named.contains(&name) && !missing.contains(&name) && reads(function, name);
        if reads {
            missing.push(name);
        }
    }
    // To run once is often a decision, except where state is read that changes, or an id is asked for.
    if effect && named.is_empty() {
        let state = states(component);
        missing.retain(|name| {
            shown(function, name) || later(function, name) || !state.contains(name) && asked(function, name)
        });
    }
    // An effect that runs for something else reads what is new at that time: only what it leaves behind keeps an old value, and
    // what it asks for may be another's.
    if effect && !named.is_empty() && !leaves_something(function) {
        missing.retain(|name| {
            shown(function, name) || later(function, name) || asked(function, name) || handed_always(function, name)
        });
    }
    // What sets something is handed down by whoever keeps it, and stays the same: `setAttributes`.
    missing.retain(|n| !n.strip_prefix("set").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_uppercase())));
    if missing.is_empty() {
        return;
    }
    let names = missing.join("`, `");
    let message =
        format!("`{hook}` reads `{names}`, which the list of dependencies leaves out: it keeps an old value.");
    let at = Span { start: list.span().end - 1, end: list.span().end - 1 };
    let text = format!("{}{}", if list.first_named().is_some() { ", " } else { "" }, missing.join(", "));
    cx.report(Note::new(cx.rule, list.span(), message).suggestion("Add them to the list", vec![(at, text)]));
}

/// Whether the last words of the callback, right before the list, are a comment that explains.
fn told_at_end(function: Node<'_>, list: Node<'_>, cx: &Cx<'_>) -> bool {
    let body = function.child(Field::Body).filter(|b| b.kind() == Kind::StatementBlock);
    let inside = body.and_then(|b| b.children().filter(|n| n.is_named()).last()).filter(|n| n.is_comment());
    let before = list.span().start;
    let between = cx.arena().comments().find(|c| c.span().end <= before && before - c.span().end < 40);
    inside.or(between).is_some_and(|c| crate::rules::shape::explains(c.text()))
}

/// The component's values that change between renders: state, and destructured props.
fn changing<'a>(component: Node<'a>) -> Vec<&'a str> {
    let mut out = Vec::new();
    for pattern in parameters(component).into_iter().filter(|p| p.kind() == Kind::ObjectPattern) {
        for member in pattern.named_children() {
            match member.kind() {
                Kind::ShorthandPropertyIdentifierPattern => out.push(member.text()),
                Kind::PairPattern => {
                    out.extend(member.child(Field::Value).filter(|v| v.kind() == Kind::Identifier).map(Node::text))
                }
                _ => {}
            }
        }
    }
    out.extend(states(component));
    out
}

/// The component's state values.
fn states<'a>(component: Node<'a>) -> Vec<&'a str> {
    let mut out = Vec::new();
    for n in component.descendants_until(|n| n != component && is_function(n)) {
        let state = n.kind() == Kind::VariableDeclarator
            && n.child(Field::Value)
                .map(bare)
                .and_then(|v| v.child(Field::Function))
                .is_some_and(|f| place_name(f).as_deref() == Some("useState"));
        // `const [, setOpen] = useState()` binds the setter alone.
        let pattern = n.child(Field::Name).filter(|p| state && p.kind() == Kind::ArrayPattern);
        let first = pattern
            .filter(|p| !p.text().trim_start_matches(['[', ' ', '\n']).starts_with(','))
            .and_then(Node::first_named);
        out.extend(first.filter(|f| f.kind() == Kind::Identifier).map(Node::text));
    }
    out
}

/// Whether a function reads the variable, and nothing inside it binds the name anew.
fn reads(function: Node<'_>, name: &str) -> bool {
    let mut read = false;
    for n in function.descendants() {
        if matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) && n.text() == name {
            let parent = n.parent();
            let bound = parent.is_some_and(|p| match p.kind() {
                Kind::VariableDeclarator | Kind::FunctionDeclaration => n.field() == Field::Name,
                Kind::FormalParameters | Kind::ArrayPattern | Kind::RestPattern => true,
                Kind::RequiredParameter | Kind::OptionalParameter => n.field() == Field::Pattern,
                Kind::ArrowFunction | Kind::CatchClause => n.field() == Field::Parameter,
                Kind::PairPattern => n.field() == Field::Value,
                _ => false,
            });
            if bound {
                return false;
            }
            read = true;
        } else if n.kind() == Kind::ShorthandPropertyIdentifierPattern && n.text() == name {
            return false;
        }
    }
    read
}

/// Whether an effect hands the value on whenever it runs, to something that is no setter and no handler: `paint(name, theme)`.
fn handed_always(effect: Node<'_>, name: &str) -> bool {
    let Some(body) = effect.child(Field::Body) else { return false };
    let calls = if body.kind() == Kind::StatementBlock {
        body.named_children().filter(|s| s.kind() == Kind::ExpressionStatement).filter_map(Node::first_named).collect()
    } else {
        vec![body]
    };
    calls.into_iter().map(bare).filter(|c| c.kind() == Kind::CallExpression).any(|call| {
        let callee = call.child(Field::Function).and_then(place_name).unwrap_or_default();
        let first = crate::rules::support::words(&callee).first().cloned().unwrap_or_default();
        !matches!(first.as_str(), "set" | "on" | "handle" | "log" | "track" | "notify" | "dispatch" | "emit")
            && args(call).any(|a| !is_function(a) && (a.text() == name || crate::rules::shape::mentions(a, name)))
    })
}

/// Whether an effect returns a function that takes back what it did, so that something of it lives on until then.
fn leaves_something(effect: Node<'_>) -> bool {
    let Some(body) = effect.child(Field::Body) else { return false };
    body.descendants_until(is_function)
        .filter(|n| n.kind() == Kind::ReturnStatement)
        .any(|r| r.first_named().map(bare).is_some_and(|v| is_function(v) || v.is_hole()))
}

/// Whether a value is read in a function that runs later, again and again: a timer's, a listener's.
fn later(effect: Node<'_>, name: &str) -> bool {
    effect.descendants().filter(|n| *n != effect && is_function(*n)).any(|f| {
        let call = f.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent());
        let callee = call.and_then(|c| c.child(Field::Function)).and_then(place_name);
        let repeated =
            callee.is_some_and(|c| matches!(c.as_ref(), "setInterval" | "addEventListener" | "on" | "subscribe"));
        repeated && reads(f, name) && !only_called(f, name)
    })
}

/// Whether a function calls the value, as one does with a handler that is given.
fn only_called(function: Node<'_>, name: &str) -> bool {
    function
        .descendants()
        .filter(|n| n.kind() == Kind::Identifier && n.text() == name)
        .all(|n| n.field() == Field::Function && n.parent().is_some_and(|p| p.kind() == Kind::CallExpression))
}

/// Whether a value is shown or kept outside of the component, where it is old after the next render: `document.title = name`.
fn shown(effect: Node<'_>, name: &str) -> bool {
    let mentions = |n: Node<'_>| n.text() == name || crate::rules::shape::mentions(n, name);
    effect.descendants().any(|n| match n.kind() {
        Kind::AssignmentExpression => {
            n.child(Field::Left).is_some_and(|l| l.text() == "document.title")
                && n.child(Field::Right).is_some_and(mentions)
        }
        Kind::CallExpression => {
            n.child(Field::Function)
                .is_some_and(|f| matches!(f.text(), "localStorage.setItem" | "sessionStorage.setItem"))
                && args(n).any(mentions)
        }
        _ => false,
    })
}

/// Whether a prop is what a request asks for: `fetch(`/users/${id}`)`.
fn asked(effect: Node<'_>, name: &str) -> bool {
    effect.descendants().any(|n| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).and_then(place_name).is_some_and(|c| {
                let first = crate::rules::support::words(&c);
                first
                    .first()
                    .is_some_and(|w| matches!(w.as_str(), "fetch" | "get" | "load" | "request" | "axios" | "subscribe"))
            })
            && args(n).any(|a| !is_function(a) && crate::rules::shape::mentions(a, name))
    })
}
