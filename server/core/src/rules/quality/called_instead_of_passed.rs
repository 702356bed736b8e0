use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, declares, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "called-instead-of-passed",
    summary: "a function is called where it should be handed over",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[480],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `setTimeout(f(), 100)`, `setInterval(f(), ..)`, `el.addEventListener('click', f())`, `onClick={f()}` and `useEffect(f(), [])` where `f` gives no function or sets a state, and listeners taken off that were never put on: `removeEventListener('click', () => ..)` and `.. f.bind(this)`.",
        why: "The function runs at once, and what is handed over is its result: nothing happens later. A function that is written anew, or bound anew, is another one than that which listens: nothing is removed.",
        example: "setTimeout(refresh(), 1000);",
        instead: "setTimeout(refresh, 1000);",
        limits: "Calls that may give a function are left alone: names that say so (`create`, `make`, `get`, `debounce`, `throttle`, `handler`, `on`, `bind`, `curry`, `with` ..), methods, and functions that are not known to the file to return nothing.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check), Check::Nodes(&[Kind::JsxAttribute], attribute)],
    cases: &[
        Case::bad(
            "a.ts",
            "export function debounce(fn: (s: string) => void, ms: number) { let t: Timer; return (s: string) => { clearTimeout(t); t = setTimeout(fn(s), ms); }; } //~ called-instead-of-passed",
        ),
        Case::bad(
            "a.tsx",
            "export function F({ onSave }: { onSave: (v: string) => void }) { return <form onSubmit={onSave('a')} />; } //~ called-instead-of-passed",
        ),
        Case::near_miss(
            "a.tsx",
            "export function F({ onSave }: { onSave: (v: string) => () => void }) { return <form onSubmit={onSave('a')} />; }",
        ),
        Case::near_miss(
            "a.ts",
            "export function later(fn: (s: string) => void, ms: number) { setTimeout(() => fn('a'), ms); }",
        ),
        Case::bad(
            "a.tsx",
            "function A() { const [open, setOpen] = useState(false); return <b onClick={setOpen(true)}>{open}</b>; } //~ called-instead-of-passed",
        ),
        Case::near_miss(
            "a.tsx",
            "function A() { const [open, setOpen] = useSteps(false); return <b onClick={setOpen(true)}>{open}</b>; }",
        ),
        Case::bad("a.js", "function refresh() { go(); }\nsetTimeout(refresh(), 1000); //~ called-instead-of-passed"),
        Case::bad(
            "a.js",
            "function tick() { n++; }\nfunction f() { setInterval(tick(), 50); //~ called-instead-of-passed\n}",
        ),
        Case::bad(
            "a.js",
            "function open() { go(); }\nel.addEventListener('click', open()); //~ called-instead-of-passed",
        ),
        Case::bad(
            "a.jsx",
            "function save() { go(); }\nconst B = () => <button onClick={save()}>x</button>; //~ called-instead-of-passed",
        ),
        Case::bad(
            "a.js",
            "function f(el) { el.removeEventListener('click', () => go()); } //~ called-instead-of-passed",
        ),
        Case::bad(
            "a.js",
            "function f(el) { el.removeEventListener('click', go.bind(this)); } //~ called-instead-of-passed",
        ),
        Case::bad(
            "a.js",
            "class A { stop() { window.removeEventListener('resize', this.onResize.bind(this)); } } //~ called-instead-of-passed",
        ),
        Case::bad(
            "a.js",
            "function load() { fetch('/x').then((r) => { set(r); }); }\nfunction V() { useEffect(load(), []); //~ called-instead-of-passed\n}",
        ),
        Case::bad("a.js", "const tick = () => { n++; };\nrequestAnimationFrame(tick()); //~ called-instead-of-passed"),
        Case::bad(
            "a.jsx",
            "function V() { const [n, setN] = useState(0); const inc = () => { setN(n + 1); }; return <button onClick={inc()}>x</button>; } //~ called-instead-of-passed",
        ),
        Case::good("a.js", "function refresh() { go(); }\nsetTimeout(refresh, 1000);"),
        Case::good("a.js", "function refresh() { return () => go(); }\nsetTimeout(refresh(), 1000);"),
        Case::good("a.js", "setTimeout(() => refresh(), 1000);"),
        Case::good("a.js", "el.addEventListener('click', debounce(open, 100));"),
        Case::good("a.js", "el.removeEventListener('click', open);"),
        Case::good(
            "a.jsx",
            "function save(x) { return () => go(x); }\nconst B = () => <button onClick={save(1)}>x</button>;",
        ),
        Case::good("a.jsx", "const B = () => <button onClick={() => save()}>x</button>;"),
        Case::good("a.js", "el.addEventListener('click', makeHandler());"),
        Case::near_miss("a.js", "const make = () => () => go();\nsetTimeout(make(), 10);"),
        Case::near_miss("a.js", "function label() { go(); }\nconst B = h('button', label());"),
        Case::near_miss("a.js", "function f(emitter) { emitter.removeListener('x', () => go()); emitter.off('x'); }"),
        Case::near_miss("a.js", "import { open } from './o';\nel.addEventListener('click', open());"),
        Case::near_miss("a.jsx", "function text() { go(); }\nconst B = () => <button title={text()}>x</button>;"),
        Case::near_miss("a.js", "function f(refresh) { setTimeout(refresh(), 10); }\nfunction refresh() { go(); }"),
        Case::bad(
            "a.jsx",
            "export function Save({ id }) {\n  const onClick = async () => { await fetch('/save/' + id); };\n  return <button onClick={onClick()}>save</button>; //~ called-instead-of-passed\n}",
        ),
        Case::bad(
            "a.ts",
            "async function sweep() { await clean(); }\nsetInterval(sweep(), 1000); //~ called-instead-of-passed",
        ),
        Case::near_miss("a.ts", "async function sweep() { await clean(); }\nsetInterval(() => sweep(), 1000);"),
        Case::bad(
            "a.jsx",
            "export function V() { const save = () => console.log('saved'); return <button onClick={save()}>save</button>; } //~ called-instead-of-passed",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let (name, of) = match method(node) {
        Some((of, name)) => (name.text(), Some(of)),
        None => (callee.text(), None),
    };
    let nth = match name {
        "setTimeout"
        | "setInterval"
        | "setImmediate"
        | "requestAnimationFrame"
        | "queueMicrotask"
        | "useEffect"
        | "useLayoutEffect" => 0,
        "addEventListener" | "removeEventListener" if of.is_some() || callee.kind() == Kind::Identifier => 1,
        _ => return,
    };
    let Some(value) = args(node).nth(nth).map(bare) else { return };
    if name == "removeEventListener" {
        let bound = method(value).is_some_and(|(_, n)| n.text() == "bind");
        if is_function(value) || bound {
            let how = if bound { "bound" } else { "written" };
            let message = format!(
                "This function is {how} anew here, and is another one than that which listens: nothing is removed. Keep the function, and hand over the same one."
            );
            cx.report(Note::new(cx.rule, value.span(), message));
        }
        return;
    }
    if gives_nothing(value, cx) {
        tell(value, cx);
    }
}

fn attribute<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(value)) = (node.first_named(), node.last_named()) else { return };
    let event = name.text().strip_prefix("on").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_uppercase()));
    if !event || value.kind() != Kind::JsxExpression {
        return;
    }
    if let Some(inner) = value.first_named().map(bare).filter(|v| gives_nothing(*v, cx)) {
        tell(inner, cx);
    }
}

/// Whether an expression calls a function of the file that gives no value.
fn gives_nothing(value: Node<'_>, cx: &Cx<'_>) -> bool {
    let Some(callee) = value.child(Field::Function).filter(|_| value.kind() == Kind::CallExpression) else {
        return false;
    };
    callee.kind() == Kind::Identifier
        && ((cx.file.declared.void_functions.contains(callee.text())
            || cx.file.declared.is_promise(None, callee.text()))
            && !declares_below(value, callee.text(), cx)
            || local_void(value, callee.text(), cx)
            || typed_void(callee)
            || sets_state(callee))
}

/// Whether a parameter, or a property that a parameter is taken apart into, is written down as a function that gives nothing.
fn typed_void(callee: Node<'_>) -> bool {
    let nothing = |t: &str| t.ends_with("=> void") && t.matches("=>").count() == 1;
    if let Some(written) = crate::rules::shape::written_type(callee) {
        return nothing(written);
    }
    // `({ onSave }: { onSave: (v: string) => void })`
    let name = callee.text();
    callee.ancestors().filter(|a| is_function(*a)).any(|f| {
        let Some(list) = f.child(Field::Parameters) else { return false };
        list.named_children().any(|p| {
            let taken = p.child(Field::Pattern).filter(|d| d.kind() == Kind::ObjectPattern).is_some_and(|d| {
                d.named_children().any(|n| n.kind() == Kind::ShorthandPropertyIdentifierPattern && n.text() == name)
            });
            taken
                && p.child(Field::Type).into_iter().flat_map(Node::descendants).any(|s| {
                    s.kind() == Kind::PropertySignature
                        && s.child(Field::Name).is_some_and(|n| n.text() == name)
                        && s.child(Field::Type).is_some_and(|t| nothing(t.text()))
                })
        })
    })
}

/// Whether a name is the setter of `const [open, setOpen] = useState(..)`.
fn sets_state(callee: Node<'_>) -> bool {
    callee.arena().nodes().any(|n| {
        n.kind() == Kind::VariableDeclarator
            && n.child(Field::Name)
                .filter(|p| p.kind() == Kind::ArrayPattern)
                .is_some_and(|p| p.named_children().nth(1).is_some_and(|s| s.text() == callee.text()))
            && n.child(Field::Value)
                .map(bare)
                .and_then(|v| v.child(Field::Function))
                .is_some_and(|f| crate::rules::support::place_name(f).as_deref() == Some("useState"))
    })
}

/// Whether the only thing of that name in the block is a function that gives nothing.
fn local_void<'a>(anywhere: Node<'a>, name: &str, cx: &Cx<'a>) -> bool {
    let mut found = anywhere.arena().nodes().filter(|n| match n.kind() {
        Kind::VariableDeclarator | Kind::FunctionDeclaration => n.child(Field::Name).is_some_and(|d| d.text() == name),
        Kind::FormalParameters => crate::rules::shape::mentions(*n, name),
        _ => false,
    });
    let (Some(only), None) = (found.next(), found.next()) else { return false };
    let function = if only.kind() == Kind::VariableDeclarator { only.child(Field::Value) } else { Some(only) };
    function.map(bare).filter(|f| is_function(*f)).is_some_and(|f| {
        let f = cx.open(f);
        // `() => console.log(x)`
        let logs = f.child(Field::Body).is_some_and(|b| bare(b).text().starts_with("console."));
        f.has_token("async") || logs || crate::rules::declared::returns_nothing(f)
    })
}

/// Whether the block itself binds the name to something else than the file's function.
fn declares_below(anywhere: Node<'_>, name: &str, cx: &Cx<'_>) -> bool {
    cx.block.kind() != crate::blocks::BlockKind::Module && declares(anywhere, name)
}

fn tell<'a>(value: Node<'a>, cx: &mut Cx<'a>) {
    let name = value.child(Field::Function).map_or("", Node::text);
    let message = format!(
        "`{name}` is called here and now, and gives no function to call later. Hand over the function itself, or one that calls it."
    );
    let mut note = Note::new(cx.rule, value.span(), message);
    let (span, text) = if args(value).next().is_none() {
        (value.span(), name.to_owned())
    } else {
        (value.span(), format!("() => {}", value.text()))
    };
    note = note.suggestion("Hand over the function", vec![(span, text)]);
    cx.report(note);
}
