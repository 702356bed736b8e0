use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, declarator, parameters};
use crate::rules::support::{args, bare, method, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "index-as-key",
    summary: "elements of a list that changes are told apart by their position",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `key={index}` (also in a template or with `String(..)`) of a component or form element in a list that is state or that the file filters, sorts, removes from or adds to at the front.",
        why: "When an element goes or moves, React gives its neighbour the old one's state: text in inputs, selection and animations land in the wrong row, and every row is rendered again.",
        example: "{todos.map((todo, i) => <Todo key={i} todo={todo} />)}",
        instead: "{todos.map((todo) => <Todo key={todo.id} todo={todo} />)}",
        limits: "Lists that are given count where their rows can be removed or moved, hold inputs, or are records by their name. Lists that never change their order are left alone, as far as the block tells: constants, `Array.from({ length })`, lists of text split for display, skeletons. Keys that contain more than the index are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.tsx",
            "function V() { const [rows, setRows] = useState<R[]>([]); const sorted = [...rows].sort(by); return <ul>{sorted.map((r, i) => <li key={i}>{r.name}</li>)}</ul>; } //~ index-as-key",
        ),
        Case::near_miss(
            "a.tsx",
            "function V() { const tabs = [...LEFT]; return <ul>{tabs.map((t, i) => <li key={i}>{t}</li>)}</ul>; }",
        ),
        Case::near_miss(
            "src/table/deprecated.jsx",
            "export function Rows({ rows }) { return rows.map((row, i) => <tr key={i}><Cell value={row} /></tr>); }",
        ),
        Case::bad(
            "a.jsx",
            "function V({ items }) { return <ul>{items.map((item, index) => <li key={index}>{item.name}</li>)}</ul>; } //~ index-as-key",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [todos, setTodos] = useState([]); return todos.map((t, i) => <Todo key={i} todo={t} />); } //~ index-as-key",
        ),
        Case::bad(
            "a.jsx",
            "function V({ rows }) { return rows.filter((r) => r.on).map((r, i) => <Row key={`row-${i}`} {...r} />); } //~ index-as-key",
        ),
        Case::bad(
            "a.tsx",
            "function V(props: P) { return <>{props.users.map((u, idx) => <input key={idx} defaultValue={u.name} />)}</>; } //~ index-as-key",
        ),
        Case::bad(
            "a.jsx",
            "function V({ items }) { return items.map(function (item, i) { return <Item key={i} item={item} />; }); } //~ index-as-key",
        ),
        Case::bad(
            "a.jsx",
            "function V({ items }) { return <ul>{items.map((it, i) => <Card key={String(i)} it={it} />)}</ul>; } //~ index-as-key",
        ),
        Case::bad(
            "a.jsx",
            "function V({ items }) { return <ul>{items.map((it, i) => <Card key={i.toString()} it={it} />)}</ul>; } //~ index-as-key",
        ),
        Case::bad(
            "a.jsx",
            "function V({ items }) { return items.map((it, i) => (<div key={i}><Card it={it} /></div>)); } //~ index-as-key",
        ),
        Case::good(
            "a.jsx",
            "function V({ items }) { return items.map((item) => <li key={item.id}>{item.name}</li>); }",
        ),
        Case::good(
            "a.jsx",
            "function V({ items }) { return items.map((item, i) => <li key={item.id} data-i={i}>{item.name}</li>); }",
        ),
        Case::good("a.jsx", "function V() { return [1, 2, 3].map((n, i) => <Dot key={i} n={n} />); }"),
        Case::good(
            "a.jsx",
            "function V({ n }) { return Array.from({ length: n }).map((_, i) => <Skeleton key={i} />); }",
        ),
        Case::good(
            "a.jsx",
            "function V({ text }) { return text.split('\\n').map((line, i) => <p key={i}>{line}</p>); }",
        ),
        Case::good(
            "a.jsx",
            "const TABS = ['a', 'b'];\nfunction V() { return TABS.map((t, i) => <Tab key={i} t={t} />); }",
        ),
        Case::good(
            "a.jsx",
            "function V({ items }) { return items.map((item, i) => <li key={`${item.id}-${i}`}>{item.name}</li>); }",
        ),
        Case::good("a.jsx", "function V({ n }) { return [...Array(n)].map((_, i) => <Star key={i} />); }"),
        Case::near_miss(
            "a.jsx",
            "function V({ items }) { return items.map((item, i) => <Fragment key={item.key}>{i}</Fragment>); }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V() { const dots = ['x', 'y']; return dots.map((d, i) => <Dot key={i} d={d} />); }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ rows, cols }) { return rows.map((r) => cols.map((c, i) => <td key={c.id}>{r[i]}</td>)); }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ n }) { const stars = Array(n).fill(0); return stars.map((_, i) => <Star key={i} />); }",
        ),
        Case::near_miss(
            "a.jsx",
            "function V({ items }) { return items.map((index) => <li key={index}>{index}</li>); }",
        ),
        Case::bad(
            "a.tsx",
            "export function Todos({ todos }: P) {\n  const visible = useMemo(() => todos.filter((t) => t.done), [todos]);\n  return <ul>{visible.map((t, i) => <Item key={i} todo={t} />)}</ul>; //~ index-as-key\n}",
        ),
        Case::near_miss(
            "a.tsx",
            "function Icon({ iconPaths }: P) { return <svg>{iconPaths.map((d, i) => <path d={d} key={i} />)}</svg>; }",
        ),
        Case::near_miss(
            "a.tsx",
            "function V({ labels, onChange }: P) { return <>{labels.map((label, index) => <Option key={index} label={label} onChange={(v) => onChange(index, v)} />)}</>; }",
        ),
        Case::bad(
            "a.tsx",
            "function V({ palette, onDrop }: P) { return <>{palette.map((color, index) => <Swatch key={index} color={color} onRemove={() => onDrop(index)} />)}</>; } //~ index-as-key",
        ),
        Case::near_miss(
            "a.tsx",
            "function NavbarItems({ items }: P) { return <>{items.map((item, i) => <NavbarItem key={i} {...item} />)}</>; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((list, name)) = method(node) else { return };
    if name.text() != "map" || cx.file.is_practice || cx.file.is_example {
        return;
    }
    let Some(function) = callback(node, 0, cx).filter(|f| std::ptr::eq(f.arena(), cx.arena())) else { return };
    let parameters = parameters(function);
    let [item, index] = parameters.as_slice() else { return };
    // Without the element itself, rows are alike.
    if index.kind() != Kind::Identifier || item.text().starts_with('_') {
        return;
    }
    let Some(body) = function.child(Field::Body) else { return };
    let key = std::iter::once(body).chain(body.descendants()).find(|n| {
        n.kind() == Kind::JsxAttribute
            && n.first_named().is_some_and(|k| k.text() == "key")
            && n.last_named().is_some_and(|v| is_index(v, index.text()))
    });
    let Some(key) = key else { return };
    let inner = key.ancestors().find(|a| a.kind() == Kind::CallExpression);
    if inner != Some(node) || !may_change(list, key, cx) {
        return;
    }
    let message = "The position is no identity: when an element goes or moves, its neighbour takes over its state. Use something of the element itself.";
    cx.report(Note::new(cx.rule, key.span(), message));
}

/// Whether the value of a `key` is the index and nothing else.
fn is_index(value: Node<'_>, index: &str) -> bool {
    let Some(inner) = (if value.kind() == Kind::JsxExpression { value.first_named() } else { None }) else {
        return false;
    };
    let inner = bare(inner);
    match inner.kind() {
        Kind::Identifier => inner.text() == index,
        Kind::TemplateString => {
            let mut parts = inner.named_children().filter(|c| c.kind() == Kind::TemplateSubstitution);
            let first = parts.next().and_then(Node::first_named);
            first.is_some_and(|f| f.text() == index) && parts.next().is_none()
        }
        Kind::CallExpression => match method(inner) {
            Some((of, name)) => of.text() == index && name.text() == "toString",
            None => {
                inner.child(Field::Function).is_some_and(|f| f.text() == "String")
                    && args(inner).next().is_some_and(|a| a.text() == index)
            }
        },
        _ => false,
    }
}

/// Whether a list comes from outside or from state, so that its elements come and go.
fn may_change<'a>(list: Node<'a>, key: Node<'a>, cx: &Cx<'a>) -> bool {
    let mut at = bare(list);
    let mut changed = false;
    for _ in 0..8 {
        match at.kind() {
            // `useMemo(() => todos.filter(..), [todos])`
            Kind::CallExpression
                if at.child(Field::Function).is_some_and(|f| place_name(f).as_deref() == Some("useMemo")) =>
            {
                let Some(body) = callback(at, 0, cx).and_then(|f| f.child(Field::Body)) else { return false };
                if body.kind() == Kind::StatementBlock || !std::ptr::eq(body.arena(), list.arena()) {
                    return false;
                }
                at = bare(body);
            }
            Kind::CallExpression => {
                let Some((of, name)) = method(at) else { return false };
                if !matches!(
                    name.text(),
                    "filter" | "sort" | "toSorted" | "slice" | "reverse" | "concat" | "toReversed"
                ) {
                    return false;
                }
                changed |= name.text() != "slice" && name.text() != "concat";
                at = bare(of);
            }
            // `[...rows].sort(..)`
            Kind::Array => {
                let mut parts = at.named_children();
                let (Some(only), None) = (parts.next(), parts.next()) else { return false };
                match only.first_named().filter(|_| only.kind() == Kind::SpreadElement) {
                    Some(inner) => at = bare(inner),
                    None => return false,
                }
            }
            Kind::MemberExpression => {
                let object = at.child(Field::Object).map(bare);
                return object.is_some_and(|o| {
                    o.kind() == Kind::Identifier && matches!(o.text(), "props" | "state")
                        || o.kind() == Kind::MemberExpression && matches!(o.text(), "this.props" | "this.state")
                }) && !fixed_name(at)
                    && (changed || changes(at, key));
            }
            Kind::Identifier => {
                let name = at.text();
                if name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
                    || cx.file.imports.binds(name)
                    || fixed_name(at)
                {
                    return false;
                }
                let Some(made) = declarator_any(at) else { return is_prop(at) && (changed || changes(at, key)) };
                match made {
                    Made::State => return true,
                    Made::Value(value) => at = bare(value),
                }
            }
            _ => return false,
        }
    }
    false
}

enum Made<'a> {
    State,
    Value(Node<'a>),
}

/// How the block makes a variable.
fn declarator_any<'a>(name: Node<'a>) -> Option<Made<'a>> {
    let state = name.arena().nodes().any(|n| {
        n.kind() == Kind::VariableDeclarator
            && n.child(Field::Name).is_some_and(|p| {
                p.kind() == Kind::ArrayPattern && p.first_named().is_some_and(|f| f.text() == name.text())
            })
            && n.child(Field::Value)
                .and_then(|v| v.child(Field::Function))
                .is_some_and(|f| place_name(f).as_deref() == Some("useState"))
    });
    if state {
        return Some(Made::State);
    }
    declarator(name).and_then(|d| d.child(Field::Value)).map(Made::Value)
}

/// Whether a component's destructured props hold the name.
fn is_prop(name: Node<'_>) -> bool {
    name.ancestors().filter(|a| crate::rules::support::is_function(*a)).any(|f| {
        parameters(f).iter().any(|p| {
            p.kind() == Kind::ObjectPattern
                && p.named_children()
                    .any(|m| m.kind() == Kind::ShorthandPropertyIdentifierPattern && m.text() == name.text())
        })
    })
}

/// Whether a list that a component is given changes its order, as far as the component tells: its rows can be removed or moved, or
/// keep a state of their own, or it is a list of records by its name.
fn changes(list: Node<'_>, key: Node<'_>) -> bool {
    const RECORDS: &[&str] = &[
        "items",
        "todos",
        "tasks",
        "users",
        "people",
        "persons",
        "rows",
        "entries",
        "posts",
        "comments",
        "messages",
        "products",
        "orders",
        "notes",
        "contacts",
        "cards",
        "files",
        "records",
        "results",
        "notifications",
        "students",
        "employees",
        "friends",
        "members",
        "books",
        "songs",
        "movies",
        "articles",
        "customers",
        "invoices",
        "tickets",
        "logs",
        "list",
        "data",
        "transactions",
        "reviews",
        "questions",
        "answers",
        "players",
        "issues",
        "emails",
        "favorites",
        "todo",
        "cart",
    ];
    let last = place_name(list).and_then(|n| crate::rules::support::words(&n).last().cloned()).unwrap_or_default();
    // A menu's entries stand in the settings.
    let fixed = |n: Node<'_>| {
        n.child(Field::Name).is_some_and(|name| {
            crate::rules::support::words(name.text()).iter().any(|w| {
                matches!(
                    w.as_str(),
                    "nav"
                        | "navbar"
                        | "menu"
                        | "dropdown"
                        | "tabs"
                        | "breadcrumbs"
                        | "sidebar"
                        | "toolbar"
                        | "legend"
                        | "steps"
                        | "footer"
                        | "header"
                )
            })
        })
    };
    if RECORDS.contains(&last.as_str()) {
        return !list.ancestors().any(fixed);
    }
    let Some(element) = key.ancestors().find(|a| matches!(a.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement))
    else {
        return false;
    };
    std::iter::once(element).chain(element.descendants()).any(|n| match n.kind() {
        Kind::JsxAttribute => n.first_named().is_some_and(|a| {
            let words = crate::rules::support::words(a.text());
            words.first().is_some_and(|w| w == "on")
                && words
                    .iter()
                    .any(|w| matches!(w.as_str(), "remove" | "delete" | "move" | "reorder" | "drag" | "drop" | "sort"))
        }),
        Kind::JsxSelfClosingElement | Kind::JsxOpeningElement => {
            n.child(Field::Name).is_some_and(|t| matches!(t.text(), "input" | "textarea" | "select"))
        }
        _ => false,
    })
}

/// Names of lists whose order stays.
fn fixed_name(place: Node<'_>) -> bool {
    place_name(place).is_some_and(|n| {
        crate::rules::support::words(&n).iter().any(|w| {
            matches!(
                w.as_str(),
                "lines"
                    | "words"
                    | "chars"
                    | "columns"
                    | "cols"
                    | "headers"
                    | "steps"
                    | "paragraphs"
                    | "breadcrumbs"
                    | "crumbs"
                    | "segments"
                    | "parts"
                    | "tokens"
                    | "path"
                    | "features"
                    | "stars"
                    | "dots"
                    | "links"
            )
        })
    })
}
