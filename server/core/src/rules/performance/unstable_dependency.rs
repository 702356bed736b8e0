use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, declarator, explains_dependencies, home};
use crate::rules::support::{args, bare, ecma_path, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unstable-dependency",
    summary: "a hook depends on a value that every render makes anew",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds effects, `useMemo` and `useCallback` of React whose list of dependencies holds an object, an array or a function \
               that the component makes in every render, or is one itself.",
        why: "React compares by identity, and what is made anew is never the same: the effect runs after every render, and nothing is remembered.",
        example: "const options = { unit: 'km' };\nuseEffect(() => { draw(rows, options); }, [rows, options]);",
        instead: "const options = useMemo(() => ({ unit: 'km' }), []);\nuseEffect(() => { draw(rows, options); }, [rows, options]);",
        limits: "Only values that are written out where the variable is declared; what a call gives may be the same each time. \
                 Effects that only set a state to a constant, and code with a comment about the dependencies, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.tsx",
            "function V({ rows }: P) { const columns = [{ id: 'a' }] as Column[]; const table = useMemo(() => build(rows, columns), [rows, columns]); return <b>{table}</b>; } //~ unstable-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function V({ rows }) { const since = new Date(); useEffect(() => { load(since); }, [since]); return <b>{rows}</b>; } //~ unstable-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function V({ rows }) { const pick = function (r) { return r.id; }; const ids = useCallback(() => rows.map(pick), [rows, pick]); return <b onClick={ids} />; } //~ unstable-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function V({ n }) { React.useLayoutEffect(() => { size(n); }, [n, []]); return <b />; } //~ unstable-dependency",
        ),
        Case::good("a.jsx", "function V({ n }) { useEffect(() => { size(n); }, []); return <b />; }"),
        Case::good("a.jsx", "function V({ n }) { useEffect(() => { size(n); }); return <b />; }"),
        Case::good(
            "a.jsx",
            "function V({ rows }) { const size = rows.length; useEffect(() => { load(size); }, [size]); return <b />; }",
        ),
        Case::good(
            "a.jsx",
            "function V({ id }) { const load = useCallback(() => get(id), [id]); useEffect(() => { load(); }, [load]); return <b />; }",
        ),
        Case::bad(
            "a.tsx",
            "function V({ rows }: P) { const options = { unit: 'km' }; useEffect(() => { draw(rows, options); }, [rows, options]); return <b />; } //~ unstable-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function V({ rows }) { const keys = ['a', 'b']; const all = useMemo(() => join(rows, keys), [rows, keys]); return <b>{all}</b>; } //~ unstable-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function V({ id }) { const load = () => get(id); useEffect(() => { load(); }, [load]); return <b />; } //~ unstable-dependency",
        ),
        Case::bad(
            "a.jsx",
            "function V({ id }) { useEffect(() => { paint(id); }, [{ id }]); return <b />; } //~ unstable-dependency",
        ),
        Case::good(
            "a.tsx",
            "const options = { unit: 'km' };\nfunction V({ rows }: P) { useEffect(() => { draw(rows, options); }, [rows, options]); return <b />; }",
        ),
        Case::good(
            "a.tsx",
            "function V({ rows }: P) { const options = useMemo(() => ({ unit: 'km' }), []); useEffect(() => { draw(rows, options); }, [rows, options]); return <b />; }",
        ),
        Case::good("a.tsx", "function V({ rows }: P) { useEffect(() => { draw(rows); }, [rows]); return <b />; }"),
        Case::good(
            "a.tsx",
            "function V({ rows }: P) { const n = 3; useEffect(() => { draw(rows, n); }, [rows, n]); return <b />; }",
        ),
        Case::near_miss(
            "a.tsx",
            "function V({ rows }: P) { const options = { unit: 'km' }; useEffect(() => { draw(rows, options.unit); }, [rows, options.unit]); return <b />; }",
        ),
        Case::near_miss(
            "a.tsx",
            "function V({ rows }: P) { const options = { unit: 'km' }; useEffect(() => { draw(rows, options); }, [JSON.stringify(options)]); return <b />; }",
        ),
        Case::near_miss(
            "a.ts",
            "function plan(rows: R[]) { const options = { unit: 'km' }; schedule(() => draw(rows, options), [rows, options]); }",
        ),
        Case::near_miss(
            "a.tsx",
            "function V({ rows }: P) {\n  const options = { unit: 'km' };\n  // the dependencies are meant: it is cheap\n  useEffect(() => { draw(rows, options); }, [rows, options]);\n  return <b />;\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let Some(path) = ecma_path(callee, cx) else { return };
    let hook = path.rsplit('.').next().unwrap_or(&path).to_owned();
    let effect = matches!(hook.as_str(), "useEffect" | "useLayoutEffect");
    if !effect && !matches!(hook.as_str(), "useMemo" | "useCallback") || callback(node, 0, cx).is_none() {
        return;
    }
    let Some(list) = args(node).nth(1).map(bare).filter(|l| l.kind() == Kind::Array) else { return };
    let component = home(node);
    if !is_function(component) || explains_dependencies(node, cx) {
        return;
    }
    let made = |entry: &Node<'a>| {
        let entry = bare(*entry);
        if entry.kind() != Kind::Identifier {
            return is_new(entry);
        }
        declarator(entry).is_some_and(|d| {
            home(d) == component
                && d.parent().is_some_and(|p| p.child(Field::Kind).is_some_and(|k| k.text() == "const"))
                && d.child(Field::Name).is_some_and(|n| n.kind() == Kind::Identifier)
                && d.child(Field::Value).map(bare).is_some_and(is_new)
        })
    };
    let Some(entry) = list.named_children().find(made) else { return };
    let what = if effect { "the effect runs after every render" } else { "nothing is remembered" };
    let message = format!(
        "`{}` is made anew in every render, so that it is never the same and {what}. Make it outside of the component, or with `useMemo` or `useCallback`.",
        entry.text().chars().take(40).collect::<String>()
    );
    cx.report(Note::new(cx.rule, entry.span(), message));
}

/// Whether an expression makes a new object each time.
fn is_new(value: Node<'_>) -> bool {
    is_function(value)
        || matches!(value.kind(), Kind::Object | Kind::Array | Kind::NewExpression | Kind::Regex)
        || matches!(value.kind(), Kind::AsExpression | Kind::SatisfiesExpression)
            && value.first_named().map(bare).is_some_and(is_new)
}
