use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::callback;
use crate::rules::support::{args, bare, ecma_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "async-effect",
    summary: "an effect is an async function, whose promise React takes for its clean-up",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[628],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `useEffect(async () => ..)` and `useLayoutEffect` alike.",
        why: "React calls what an effect returns when the component goes. A promise cannot be called, errors in it are lost, and nothing is cleaned up.",
        example: "useEffect(async () => {\n  setUser(await load(id));\n}, [id]);",
        instead: "useEffect(() => {\n  let gone = false;\n  load(id).then((user) => gone || setUser(user), report);\n  return () => { gone = true; };\n}, [id]);",
        limits: "Async functions that the effect itself calls are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.jsx", "function V() { useEffect(async () => { await load(); }, []); } //~ async-effect"),
        Case::bad(
            "a.jsx",
            "import React from 'react';\nfunction V() { React.useEffect(async function () { await load(); }); } //~ async-effect",
        ),
        Case::bad(
            "a.tsx",
            "export const V = () => { useLayoutEffect(async () => { set(await load()); }, [id]); return null; }; //~ async-effect",
        ),
        Case::bad(
            "a.js",
            "import { useEffect as effect } from 'react';\nfunction useX() { effect(async () => go(), []); } //~ async-effect",
        ),
        Case::good("a.jsx", "function V() { useEffect(() => { load().then(set); }, []); }"),
        Case::good("a.jsx", "function V() { useEffect(() => { (async () => { await load(); })(); }, []); }"),
        Case::good(
            "a.jsx",
            "function V() { useEffect(() => { const run = async () => { await load(); }; run(); }, []); }",
        ),
        Case::good("a.jsx", "function V() { const f = useCallback(async () => { await load(); }, []); return f; }"),
        Case::near_miss("a.js", "app.use(async (req) => { await go(req); });"),
        Case::near_miss("a.js", "import { useEffect } from './bus';\nuseEffect('a', async () => { await go(); });"),
        Case::bad(
            "a.tsx",
            "function V({ id }: P) {\n  useEffect(async () => { //~ async-effect\n    await load(id);\n  }, [id]);\n  return null;\n}",
        ),
        Case::bad(
            "a.tsx",
            "function V() {\n  React.useLayoutEffect(async () => { //~ async-effect\n    await measure();\n  });\n  return null;\n}",
        ),
        Case::bad(
            "a.tsx",
            "function useUser(id: string) {\n  useEffect(async function () { //~ async-effect\n    setUser(await get(id));\n  }, [id]);\n}",
        ),
        Case::bad(
            "a.tsx",
            "export const V = ({ q }: P) => {\n  useEffect(async () => { //~ async-effect\n    const r = await fetch(q);\n    show(await r.text());\n  }, [q]);\n  return null;\n};",
        ),
        Case::good("a.tsx", "function V({ id }: P) { useEffect(() => { void load(id); }, [id]); return null; }"),
        Case::good(
            "a.tsx",
            "function V({ id }: P) { useEffect(() => { const go = async () => { await load(id); }; go().catch(show); }, [id]); return null; }",
        ),
        Case::good(
            "a.tsx",
            "function V({ id }: P) { useEffect(() => { load(id).then(show, fail); }, [id]); return null; }",
        ),
        Case::good(
            "a.tsx",
            "function V({ id }: P) { useEffect(() => { const t = setTimeout(run, 9); return () => clearTimeout(t); }, [id]); return null; }",
        ),
        Case::near_miss(
            "a.tsx",
            "function V() { const go = useCallback(async () => { await load(); }, []); return <b onClick={go} />; }",
        ),
        Case::near_miss("a.tsx", "function V() { useQuery(async () => { await load(); }, []); return null; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let Some(path) = ecma_path(callee, cx) else { return };
    if !matches!(path.rsplit('.').next(), Some("useEffect" | "useLayoutEffect")) {
        return;
    }
    let Some(given) = args(node).next() else { return };
    if callback(node, 0, cx).is_none_or(|f| !f.has_token("async")) {
        return;
    }
    let mut span = given.span();
    span.end = span.start + 5;
    let message = "React takes what an effect returns for its clean-up, and an async function returns a promise: nothing is cleaned up, and errors are lost. Call an async function inside.";
    cx.report(Note::new(cx.rule, span, message));
}
