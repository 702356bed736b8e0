use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::exits;
use crate::rules::support::{bare, is_function, is_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "conditional-hook",
    summary: "a React hook is not called in every render",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[670],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds hooks (`useState`, `useEffect`, `useAnything`) that a component or another hook calls \
               under a condition, in a loop, behind an early `return`, in a callback, or in a `try`.",
        why: "React tells hooks apart by the order of their calls. When one is left out in some render, all \
               later ones get the state of their neighbours.",
        example: "function Page({ user }) {\n  if (!user) return null;\n  const [open, setOpen] = useState(false);\n}",
        instead: "function Page({ user }) {\n  const [open, setOpen] = useState(false);\n  if (!user) return null;\n}",
        limits: "Only inside of functions that are named like components or hooks. `use(promise)` may be \
               conditional.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.jsx",
            "function Page({ user }) {\n  if (!user) return null;\n  const [open, setOpen] = useState(false); //~ conditional-hook\n  return <p>{open}</p>;\n}",
        ),
        Case::bad(
            "a.tsx",
            "export const Page = ({ on }: Props) => {\n  if (on) {\n    useEffect(() => { start(); }, []); //~ conditional-hook\n  }\n  return null;\n};",
        ),
        Case::bad(
            "a.jsx",
            "import { Row } from 'react-x';\nfunction List({ items }) {\n  for (const item of items) {\n    useItem(item); //~ conditional-hook\n  }\n  return null;\n}",
        ),
        Case::bad(
            "a.jsx",
            "function useData(id) {\n  const data = id && useQuery(id); //~ conditional-hook\n  return data;\n}",
        ),
        Case::bad(
            "a.jsx",
            "function useData(id) {\n  return id ? React.useMemo(() => load(id), [id]) : null; //~ conditional-hook\n}",
        ),
        Case::bad(
            "a.jsx",
            "function List({ items }) {\n  const all = items.map((item) => {\n    const ref = useRef(null); //~ conditional-hook\n    return <li ref={ref}>{item}</li>;\n  });\n  return <ul>{all}</ul>;\n}",
        ),
        Case::bad(
            "a.jsx",
            "const Panel = memo(function Panel({ mode }) {\n  switch (mode) {\n    case 'a': return <A/>;\n  }\n  const theme = useTheme(); //~ conditional-hook\n  return <B theme={theme}/>;\n});",
        ),
        Case::bad(
            "a.jsx",
            "function Form() {\n  const submit = () => {\n    const dispatch = useDispatch(); //~ conditional-hook\n    dispatch(save());\n  };\n  return <form onSubmit={submit}/>;\n}",
        ),
        Case::bad(
            "a.jsx",
            "import React from 'react';\nfunction Form() {\n  try {\n    useStore(); //~ conditional-hook\n  } catch (e) { log(e); }\n  return null;\n}",
        ),
        Case::good(
            "a.jsx",
            "function Page({ user }) {\n  const [open] = useState(false);\n  if (!user) return null;\n  return <p>{open}</p>;\n}",
        ),
        Case::good(
            "a.jsx",
            "function Page() {\n  useEffect(() => { if (a) return; start(); }, []);\n  const x = useMemo(() => (a ? 1 : 2), []);\n  return x;\n}",
        ),
        Case::good(
            "a.jsx",
            "function Page({ p }) {\n  if (p) { const data = use(p); return <A d={data}/>; }\n  return null;\n}",
        ),
        Case::good("a.js", "function setup(app) {\n  if (app) { app.use(router); useragent.parse(app); }\n}"),
        Case::good(
            "a.js",
            "export function boot(env) {\n  if (env.dev) { useDevtools(); }\n  [1].map(() => useFixture());\n}",
        ),
        Case::good(
            "a.jsx",
            "function useA(x) {\n  const value = useContext(C) || x;\n  const y = useB() ?? 1;\n  return useD(value) ? y : x;\n}",
        ),
        Case::good(
            "a.jsx",
            "function Outer() {\n  function Inner() { const [a] = useState(1); return <p>{a}</p>; }\n  return <Inner/>;\n}",
        ),
        Case::good(
            "a.jsx",
            "const Row = forwardRef((props, ref) => {\n  const id = useId();\n  return <p id={id} ref={ref}/>;\n});",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ s }) { if (process.env.NODE_ENV !== 'production') { useEffect(() => { warn(s); }); } return <b>{s}</b>; }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ s }) { if (s) {\n// eslint-disable-next-line react-hooks/rules-of-hooks\nuseEffect(() => { warn(s); }); } return <b>{s}</b>; }",
        ),
        Case::near_miss(
            "a.js",
            "function useToEffect(path, item) {\n  if (!item) { return useToEffectRaw(path); }\n  return [useToEffectRaw(item)];\n}",
        ),
        Case::near_miss(
            "a.jsx",
            "function Page() {\n  const useCustom = pick();\n  return <A render={() => <B hook={useCustom}/>}/>;\n}",
        ),
        Case::near_miss(
            "a.jsx",
            "function Page({ a }) {\n  if (!a) throw new Error('a is missing');\n  const [x] = useState(a);\n  return x;\n}",
        ),
        Case::near_miss(
            "a.jsx",
            "function Page() {\n  const helper = (x) => { if (x) return 1; return 2; };\n  const [n] = useState(helper(1));\n  return n;\n}",
        ),
        Case::near_miss("a.js", "class Store { useItem(x) { if (x) { this.useOther(x); } } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let name = match callee.kind() {
        Kind::Identifier => callee,
        Kind::MemberExpression => match method(node) {
            Some((receiver, name)) if receiver.text() == "React" => name,
            _ => return,
        },
        _ => return,
    };
    if !is_hook(name.text()) {
        return;
    }
    // Another library's of that name, of which the file of this package holds the only one.
    let elsewhere = cx.file.imports.path(name.text()).is_some_and(|p| p.starts_with('.'));
    if elsewhere && KNOWN.contains(&name.text()) {
        return;
    }
    // Elsewhere `use` is a verb like any other.
    let react = KNOWN.contains(&name.text())
        || ["react", "preact", "@/hooks"].iter().any(|l| cx.file.imports.iter().any(|(_, path)| path.starts_with(l)))
        || cx.file.path.ends_with("sx")
            && cx.arena().nodes().any(|n| matches!(n.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement));
    if !react {
        return;
    }
    // Somebody thought of it, and says so.
    let line = node.span().start;
    let told = cx
        .arena()
        .comments()
        .any(|c| c.text().contains("rules-of-hooks") && c.span().start < line && line - c.span().end.min(line) < 160);
    let Some(why) = around(node, cx).filter(|_| !told) else { return };
    let message = format!(
        "`{}` is called {why}, and so not in every render: React then takes the state of one hook for that of another. Call it at the top of the component.",
        name.text()
    );
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// Hooks of React itself and of its most used libraries.
const KNOWN: &[&str] = &[
    "useState",
    "useEffect",
    "useLayoutEffect",
    "useMemo",
    "useCallback",
    "useRef",
    "useReducer",
    "useContext",
    "useId",
    "useTransition",
    "useDeferredValue",
    "useSyncExternalStore",
    "useImperativeHandle",
    "useSelector",
    "useDispatch",
    "useQuery",
    "useMutation",
    "useRouter",
    "useNavigate",
    "useParams",
];

/// Named `use` and a capital letter.
fn is_hook(name: &str) -> bool {
    name.strip_prefix("use").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// Named like a component or a hook.
fn renders(name: &str) -> bool {
    is_hook(name) || name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Why the call does not run in every render of the component or hook around it; `None` if it does, or there is none.
fn around<'a>(node: Node<'a>, cx: &Cx<'a>) -> Option<&'static str> {
    let mut why = None;
    let mut at = node;
    while let Some(parent) = at.parent() {
        let field = at.field();
        let here = match parent.kind() {
            // A condition that holds for all renders or for none.
            Kind::IfStatement | Kind::TernaryExpression
                if parent.child(Field::Condition).is_some_and(|c| {
                    c.text().contains("process.env.")
                        || c.text().contains("__DEV__")
                        || c.text().contains("import.meta.env")
                }) =>
            {
                None
            }
            Kind::IfStatement | Kind::TernaryExpression if field != Field::Condition => Some("under a condition"),
            Kind::SwitchCase | Kind::SwitchDefault => Some("under a condition"),
            Kind::BinaryExpression
                if field == Field::Right
                    && parent.child(Field::Operator).is_some_and(|o| matches!(o.text(), "&&" | "||" | "??")) =>
            {
                Some("under a condition")
            }
            Kind::TryStatement if field == Field::Body => Some("in a `try`"),
            Kind::CatchClause => Some("in a `catch`"),
            Kind::StatementBlock if left_before(parent, at) => Some("behind an early `return`"),
            _ if is_loop(parent) && field == Field::Body => Some("in a loop"),
            _ => None,
        };
        why = why.or(here);
        if is_function(parent) {
            return match name_of(parent, cx) {
                Some(name) if renders(&name) => why,
                // A callback, or a helper, of a component.
                name => {
                    let wrapped = name.is_none() && component_argument(parent);
                    if wrapped {
                        return why;
                    }
                    let outer = parent.ancestors().filter(|a| is_function(*a)).find_map(|f| name_of(f, cx));
                    outer.filter(|n| renders(n)).map(|_| "in a function inside of the component")
                }
            };
        }
        at = parent;
    }
    None
}

/// Whether a statement before `at` in the same list may leave the function.
fn left_before(block: Node<'_>, at: Node<'_>) -> bool {
    block.named_children().take_while(|s| s.index() < at.index()).any(|s| {
        let leaves = |n: Node<'_>| n.kind() == Kind::ReturnStatement;
        s.kind() != Kind::FunctionDeclaration
            && (leaves(s) || s.descendants_until(|n| is_function(n) || n.is_hole()).any(leaves))
            && !exits(s)
    })
}

/// The name that a function is declared with or bound to.
fn name_of<'a>(function: Node<'a>, cx: &Cx<'a>) -> Option<String> {
    if let Some(name) = function.child(Field::Name) {
        return (function.kind() != Kind::MethodDefinition).then(|| name.text().to_owned());
    }
    let Some(parent) = function.parent() else {
        // The block's own function: its block knows the name that it is bound to.
        return cx.block.name().map(ToOwned::to_owned);
    };
    match parent.kind() {
        Kind::VariableDeclarator => parent.child(Field::Name).map(|n| n.text().to_owned()),
        Kind::Arguments if component_argument(function) => {
            let call = parent.parent()?.parent().filter(|p| p.kind() == Kind::VariableDeclarator)?;
            call.child(Field::Name).map(|n| n.text().to_owned())
        }
        _ => None,
    }
}

/// Whether a function is handed to `memo`, `forwardRef` or `observer`, which make components of it.
fn component_argument(function: Node<'_>) -> bool {
    let call = function.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent());
    let callee = call.and_then(|c| c.child(Field::Function));
    callee.is_some_and(|c| {
        matches!(c.text().rsplit('.').next(), Some("memo" | "forwardRef" | "observer" | "renderHook" | "lazy"))
    })
}
