use std::sync::Arc;

use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Place, Severity};
use crate::rules::lists::is_surely_data;
use crate::rules::shape::{mentions, parameters};
use crate::rules::support::{
    args, bare, constant, enclosing_function, enclosing_loop, is_function, method, place_name, runs_once, words,
};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "accumulating-spread",
    summary: "an accumulator is copied for every element",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[407],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `reduce` callbacks and loops that build their result by copying it whole for every element: `{...acc, x}`, \
               `[...acc, x]`, `acc.concat(x)`, `Object.assign({}, acc, x)`.",
        why: "Every round copies all that was gathered before, so that the time and the garbage grow with the square of the \
              number of elements: 10,000 elements make 50 million copies.",
        example: "const byId = users.reduce((acc, u) => ({ ...acc, [u.id]: u }), {});",
        instead: "const byId = Object.fromEntries(users.map((u) => [u.id, u]));",
        limits: "Only lists that hold data, by their names, count (`users`, `orderIds`, `this.items.filter(..)`, what `split` gives, the entries of a `Record`), \
                 and loops that count: of plugins, fields or layers there is a handful. Reducing a list that stands in the code, the entries of options, keys of a constant or a definition, warnings and errors that are gathered, migrations, a loop that is left right after the copy, and variables that are declared inside the loop are \
                 left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], reduce), Check::Nodes(&[Kind::AssignmentExpression], in_loop)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function f(rows, first, last) { let start; for (const row of rows) { start = []; if (row.top) { start = start.concat(first); } if (row.end) { start = start.concat(last); } go(row, start); } }",
        ),
        Case::bad(
            "a.js",
            "function f(rows, all) { for (const row of rows) { all = all.concat(row.parts); } all = []; } //~ accumulating-spread",
        ),
        Case::near_miss(
            "a.js",
            "const found = (url.hash ?? '#').substring(1).split('&').map((p) => p.split('=')).reduce((all, [k, v]) => ({ ...all, [k]: v }), {});",
        ),
        Case::near_miss(
            "a.js",
            "function walk(flow, items, types) { let nodes = items.slice(); while (nodes.length > 0) { const n = nodes.shift(); if (types[n.type]) { nodes = nodes.concat(types[n.type].flow); } } }",
        ),
        Case::near_miss(
            "a.js",
            "function flatten(arr) { return arr.reduce((flat, x) => flat.concat(Array.isArray(x) ? flatten(x) : x), []); }",
        ),
        Case::near_miss("a.js", "const all = (pages) => pages.reduce((acc, page) => acc.concat(page.data), []);"),
        Case::near_miss(
            "a.tsx",
            "function bars(children) { let all = []; let items = React.Children.toArray(children); items.forEach((item) => { if (item.type) { all = all.concat(item.props.children); } }); return all; }",
        ),
        Case::near_miss(
            "a.js",
            "function after(ids) { let out = []; let to = ids; while (to.length) { const deps = next(to); out = out.concat(deps); to = deps; } return out; }",
        ),
        Case::near_miss(
            "a.js",
            "class U { static flatten(array) { while (deep(array)) { array = array.reduce((first, rest) => { return first.concat(rest); }); } return array; } }",
        ),
        Case::near_miss(
            "a.js",
            "function all(topics) { let out = []; for (const topic of topics) { out = out.concat(of(topic)); } return out; }",
        ),
        Case::near_miss(
            "a.ts",
            "export function format(backup: Record<string, { raw: string }>, fit: F) { return Object.entries(backup).reduce((acc, [locale, { raw }]) => ({ ...acc, [locale]: fit(raw) }), {}); }",
        ),
        Case::near_miss(
            "a.js",
            "function normalize(include) { let all = []; for (let i = 0, n = include.length; i < n; i++) { all = all.concat(one(include[i])); } return all; }",
        ),
        Case::near_miss(
            "a.js",
            "function scan(dir, files) { let results = []; files.forEach((fn) => { if (isDir(fn)) { const sub = scan(join(dir, fn), list(fn)); results = results.concat(sub); } }); return results; }",
        ),
        Case::near_miss(
            "a.js",
            "const flatten = (array) => (array.flat ? array.flat() : array.reduce((all, x) => all.concat(x), []));",
        ),
        Case::near_miss(
            "a.js",
            "const find = () => getConfigFileLocations().reduce((files, at) => files.concat(names(at)), []);",
        ),
        Case::near_miss(
            "a.jsx",
            "const labels = (children) => Children.toArray(children).reduce((acc, child) => [...acc, child.props.label], []);",
        ),
        Case::near_miss(
            "a.js",
            "function month(day) { let all = []; for (let i = 0; i < 31; i++) { all = all.concat(on(day, i)); } return all; }",
        ),
        Case::near_miss(
            "a.js",
            "function until(day) { let all = []; while (it.getTime() < day.getTime()) { all = all.concat(on(it)); it.addDays(1); } return all; }",
        ),
        Case::bad(
            "a.js",
            "function many(day) { let all = []; for (let i = 0; i < 31000; i++) { all = all.concat(on(day, i)); } return all; } //~ accumulating-spread",
        ),
        Case::near_miss(
            "a.ts",
            "function parse(nodes: N[]) { let warnings = []; for (const n of nodes) { const [x, w] = one(n); use(x); warnings = warnings.concat(w); } return warnings; }",
        ),
        Case::near_miss(
            "a.ts",
            "const f = (model: M) => model.keys.reduce((acc, key) => ({ ...acc, [key]: model.props[key] }), {});",
        ),
        Case::near_miss(
            "a.js",
            "const f = (o) => Object.entries(Codes).filter(ok).reduce((acc, [k, v]) => ({ ...acc, [k]: v }), {});",
        ),
        Case::near_miss(
            "a.ts",
            "const f = (def: D) => def.items.map(parse).reduce((acc, x) => (x ? [...acc, x] : acc), []);",
        ),
        Case::bad(
            "a.ts",
            "class S { index() { return this.items.reduce((acc, x) => ({ ...acc, [x.id]: x }), {}); } } //~ accumulating-spread",
        ),
        Case::near_miss(
            "a.ts",
            "const f = (record: R) => Object.keys(record).reduce((rec, key) => (record[key] === null ? { ...rec, [key]: none } : rec), record);",
        ),
        Case::near_miss(
            "a.ts",
            "export const m = (ops: Op[]) => ops.reduce((acc, op) => ({ ...acc, [op]: f(op) }), {});",
        ),
        Case::near_miss(
            "a.ts",
            "class T { addrs() { let all = []; for (const group of this.listeners.values()) { all = [...all, group.addr]; } return all; } }",
        ),
        Case::bad(
            "a.js",
            "const f = (rows) => rows.reduce((acc, [k, v]) => { if (!acc[k]) { return { ...acc, [k]: v }; } return { ...acc, [k]: [acc[k], v] }; }, {}); //~ accumulating-spread",
        ),
        Case::bad("a.ts", "const o = users.reduce((acc, u) => ({ ...acc, [u.id]: u }), {}); //~ accumulating-spread"),
        Case::bad(
            "a.js",
            "const o = xs.reduce(function (all, x) { if (x) { return [...all, x]; } return all; }, []); //~ accumulating-spread",
        ),
        Case::bad(
            "a.js",
            "const o = xs.reduce((all, x) => x.ok ? all.concat(x.items) : all, []); //~ accumulating-spread",
        ),
        Case::bad(
            "a.js",
            "const o = ids.reduceRight((acc, k) => Object.assign({}, acc, { [k]: 1 }), {}); //~ accumulating-spread",
        ),
        Case::bad(
            "a.ts",
            "function f(rows: Row[]) {\n  let out: Record<string, Row> = {};\n  for (const row of rows) {\n    out = { ...out, [row.id]: row }; //~ accumulating-spread\n  }\n  return out;\n}",
        ),
        Case::bad(
            "a.js",
            "let all = [];\nwhile (queue.length) {\n  const next = queue.pop();\n  all = [...all, next]; //~ accumulating-spread\n}",
        ),
        Case::bad(
            "a.js",
            "function f(n) {\n  let all = [];\n  for (let i = 0; i < n; i++) all = all.concat([i]); //~ accumulating-spread\n  return all;\n}",
        ),
        Case::bad(
            "a.ts",
            "export const index = records.filter((r) => r.isActive && !r.deletedAt).reduce<Record<string, Entry>>((accumulator, record) => {\n  const key = record.category.toLowerCase();\n  const value = { id: record.id, title: record.title };\n  return { ...accumulator, [key]: value }; //~ accumulating-spread\n}, {});",
        ),
        Case::good("a.ts", "const o = users.reduce((acc, u) => { acc[u.id] = u; return acc; }, {});"),
        Case::good("a.js", "const sum = xs.reduce((a, x) => a + x, 0);"),
        Case::good("a.js", "for (const x of xs) { all.push(...x.items); }"),
        Case::good("a.js", "const o = Object.fromEntries(users.map((u) => [u.id, { ...u }]));"),
        Case::good("a.js", "const state = { ...state0, ready: true };"),
        Case::good(
            "a.js",
            "function reducer(state, action) { return { ...state, items: [...state.items, action.item] }; }",
        ),
        Case::bad(
            "a.js",
            "export function f(users) { let out = {}; users.forEach((u) => { out = { ...out, [u.name]: u }; }); return out; } //~ accumulating-spread",
        ),
        Case::near_miss("a.js", "for (const x of xs) { let copy = [1]; copy = [...copy, x]; use(copy); }"),
        Case::near_miss("a.js", "for (const x of xs) { if (x.last) { all = [...all, x]; break; } }"),
        Case::near_miss("a.js", "const merged = [base, extra].reduce((acc, o) => ({ ...acc, ...o }), {});"),
        Case::near_miss(
            "a.js",
            "const o = xs.reduce((acc, x) => { acc.push({ ...x, n: acc.length }); return acc; }, []);",
        ),
        Case::near_miss("a.js", "while (next()) { event = { ...event, value: read(), scope }; list = [...list]; }"),
        Case::near_miss(
            "a.ts",
            "export const all = (resolvers: R[]) => resolvers.reduce((acc, r) => acc.concat(r.fields), []);",
        ),
        Case::near_miss(
            "a.ts",
            "const prevented = (events: string[]) => events.reduce((handlers, name) => ({ ...handlers, [name]: stop }), {});",
        ),
        Case::near_miss(
            "a.ts",
            "function bits(count: number, bytes: Bytes) { let out: boolean[] = []; for (const byte of bytes) { out = out.concat(bitsOf(byte)); } return out; }",
        ),
        Case::near_miss(
            "a.ts",
            "const removeKey = (target, path) => Object.keys(target).reduce((acc, key) => (key === path ? acc : { ...acc, [key]: target[key] }), {});",
        ),
        Case::near_miss(
            "a.js",
            "function chain(node) { let out = []; while (node) { out = out.concat(node.marks); node = node.parent; } return out; }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(contributions: C[]) { let all: S[] = []; for (const c of contributions) { all = all.concat(c.snippets); } return all; }",
        ),
        Case::bad(
            "a.ts",
            "const f = async (db: Db) => (await db.loadUsers()).reduce((acc, u) => ({ ...acc, [u.id]: u }), {}); //~ accumulating-spread",
        ),
        Case::bad(
            "a.js",
            "function words(text) { return text.split(' ').reduce((seen, w) => [...seen, w.trim()], []); } //~ accumulating-spread",
        ),
        Case::near_miss("a.js", "for (const k of ['anyOf', 'oneOf']) { json = { ...json, [k]: 1 }; }"),
        Case::near_miss("a.js", "for (let item of items) { item = Object.assign({}, item); use(item); }"),
        Case::near_miss("a.js", "for (const b of buttons) { b.onclick = () => { list = [...list, b.id]; }; }"),
        Case::near_miss("a.js", "const text = parts.reduce((acc, p) => acc.concat(p.toString()), '');"),
        Case::bad(
            "a.ts",
            "export const byKey = (obj: Record<string, number>) => Object.entries(obj).reduce((acc, [k, v]) => ({ ...acc, [k]: v * 2 }), {}); //~ accumulating-spread",
        ),
        Case::near_miss(
            "a.js",
            "function f(steps) { const levels = [0.05, 0.08, 0.11]; return levels.reduce((all, v, i) => ({ ...all, [`level${i}`]: v }), {}); }",
        ),
        Case::near_miss(
            "a.js",
            "export const pick = (options) => Object.keys(options).reduce((memo, key) => ({ ...memo, [key]: options[key] || 1 }), {});",
        ),
        Case::near_miss(
            "a.ts",
            "export function f(d: D) { Object.entries(d.props).forEach(([key, value]) => { value = Object.assign({}, value, { type: resolve(value.type) }); out[key] = value; }); }",
        ),
        Case::near_miss(
            "db/migrations/01-events.js",
            "exports.up = async (rows) => rows.reduce((all, row) => all.concat(row.id), []);",
        ),
        Case::near_miss(
            "a.ts",
            "function f(options: O[]) { for (const option of options) { let { keywords = [] } = option; if (option.label) { keywords = [...keywords, option.label]; } use(keywords); } }",
        ),
        Case::near_miss(
            "a.ts",
            "async function all(brokers: B[]) { let groups: G[] = []; for (const b of brokers) { const r = await b.list(); groups = groups.concat(r.groups); } return groups; }",
        ),
        Case::good(
            "a.ts",
            "function f(xs: X[]) { const out: Y[] = []; for (const x of xs) { out.push(...x.ys); } return out; }",
        ),
        Case::good("a.ts", "function f(xs: X[]) { return Object.fromEntries(xs.map((x) => [x.id, x])); }"),
        Case::near_miss(
            "a.ts",
            "export const signals = (m: M) => m.children.reduce((all, child) => all.concat(child.signals()), []);",
        ),
        Case::near_miss(
            "a.ts",
            "export const settings = (parts: P[]) => parts.reduce((acc, p) => ({ ...acc, ...p.settings }), {});",
        ),
        Case::near_miss(
            "a.ts",
            "function f(m: M) { let marks: X[] = []; for (const c of HEADER_CHANNELS) { marks = marks.concat(heads(m, c)); } return marks; }",
        ),
    ],
};

const ADVICE: &str = "so that the cost grows with the square of the length. Change one accumulator in place";

fn reduce<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    if !matches!(name.text(), "reduce" | "reduceRight") || is_short(receiver) || runs_once(&cx.file.path) {
        return;
    }
    let mut arguments = args(node);
    let Some(callback) = arguments.next().map(bare) else { return };
    if !matches!(callback.kind(), Kind::ArrowFunction | Kind::FunctionExpression) {
        return;
    }
    let initial = arguments.next().map(bare);
    // A record's own few keys, which change one after another: `Object.keys(rec).reduce((rec, key) => .., rec)`.
    let keys = method(bare(receiver))
        .is_some_and(|(of, m)| of.text() == "Object" && matches!(m.text(), "keys" | "entries" | "values"));
    let from_one = keys && initial.is_some_and(|i| matches!(i.kind(), Kind::Identifier | Kind::MemberExpression));
    // Only data grows: what else is gathered, of plugins or fields, is a handful.
    // A record's entries are a handful, whatever its type, unless its name tells of data.
    let table = method(bare(receiver)).filter(|_| keys).and_then(|_| args(bare(receiver)).next()).map(bare);
    let any = |n: &str| matches!(n, "obj" | "object" | "o" | "record" | "map" | "dict" | "table" | "input" | "source");
    let named = table.is_none_or(|t| place_name(t).is_some_and(|n| any(&n) || crate::rules::lists::is_data_name(&n)));
    if from_one || is_of_one(receiver, 8) || !is_surely_data(receiver) || !named {
        return;
    }
    // A list of lists, whose first is what the others are added to, is short: `lists.reduce((a, b) => a.concat(b))`.
    let flattens = initial.is_none()
        && enclosing_function(node).and_then(|f| f.child(Field::Name)).is_some_and(|n| {
            words(n.text()).first().is_some_and(|w| matches!(w.as_str(), "flatten" | "flat" | "concat" | "merge"))
        });
    if flattens {
        return;
    }
    // Where there is no `flat`: `list.flat ? list.flat() : list.reduce(..)`.
    if node.parent().is_some_and(|p| p.kind() == Kind::TernaryExpression && p.text().contains(".flat")) {
        return;
    }
    // A string's `concat` is no copy of an array.
    let text = match initial {
        Some(initial) => matches!(initial.kind(), Kind::String | Kind::TemplateString),
        None => [".endsWith(", ".startsWith(", ".trim", "'", "\"", "`"].iter().any(|m| callback.text().contains(m)),
    };
    let function = cx.open(callback);
    let Some(accumulator) = first_parameter(function) else { return };
    let Some(body) = function.child(Field::Body) else { return };
    let mut results = Vec::new();
    if body.kind() == Kind::StatementBlock {
        let returns = body.descendants_until(is_function).filter(|n| n.kind() == Kind::ReturnStatement);
        results.extend(returns.filter_map(Node::first_named));
    } else {
        results.push(body);
    }
    let mut copies = Vec::new();
    while let Some(result) = results.pop() {
        let result = bare(result);
        if result.kind() == Kind::TernaryExpression {
            results.extend(result.child(Field::Consequence));
            results.extend(result.child(Field::Alternative));
        } else if let Some(copy) = copy_of(result, accumulator)
            && !(text && copy.kind() == Kind::CallExpression)
        {
            copies.push(copy);
        }
    }
    // Where several ways of one callback copy, the first tells.
    copies.sort_unstable_by_key(|c| c.span().start);
    copies.truncate(1);
    // A walk that adds what it finds further down: `list.reduce((all, x) => all.concat(flatten(x)), [])`.
    let named = node.ancestors().filter(|a| is_function(*a)).filter_map(|f| f.child(Field::Name)).map(Node::text);
    let names: Vec<&str> = named.chain(cx.block.name()).collect();
    for copy in copies {
        let walks = copy.descendants().any(|n| {
            n.kind() == Kind::CallExpression
                && n.child(Field::Function).and_then(place_name).is_some_and(|c| names.contains(&c.as_ref()))
        });
        if walks {
            continue;
        }
        let message = format!(
            "`{accumulator}` is copied whole for every element, {ADVICE}, or use `Object.fromEntries`, `flatMap` or a loop."
        );
        let mut note = Note::new(cx.rule, copy.span(), message);
        if let Some(child) = callback.hole().and_then(|n| cx.block.child(n)) {
            note.place = Place::Block(Arc::clone(child.arena()), copy.span());
        }
        cx.report(note);
    }
}

/// Whether a list holds what one thing is made of, which is no data that grows: a constant's or a definition's keys (`Object.keys(Codes)`,
/// `model.keys`), the parts of a definition (`def.items`), or what is made of them.
fn is_of_one(list: Node<'_>, depth: usize) -> bool {
    let list = constant(bare(list));
    let Some(depth) = depth.checked_sub(1) else { return false };
    if let Some((of, m)) = method(list) {
        return match m.text() {
            "map" | "filter" | "slice" | "sort" | "reverse" | "flatMap" => is_of_one(of, depth),
            // A variable may hold a table of any size.
            "keys" | "values" | "entries" | "getOwnPropertyNames" if of.text() == "Object" => args(list)
                .next()
                .map(bare)
                .is_some_and(|o| o.kind() != Kind::Identifier || o.text().starts_with(|c: char| c.is_uppercase())),
            _ => false,
        };
    }
    if list.kind() == Kind::CallExpression {
        let name = list.child(Field::Function).and_then(place_name).unwrap_or_default();
        return matches!(
            name.as_ref(),
            "objectValues" | "objectKeys" | "objectEntries" | "keys" | "values" | "entries"
        );
    }
    list.kind() == Kind::MemberExpression
        && list.child(Field::Object).is_some_and(|o| o.kind() != Kind::This)
        && list.child(Field::Property).is_some_and(|p| {
            words(p.text()).last().is_some_and(|w| {
                matches!(w.as_str(), "keys" | "values" | "entries" | "types" | "properties" | "attributes" | "def")
            }) || list.text().contains("def.")
        })
}

/// Whether an accumulator gathers what is hardly ever there: warnings, errors.
fn is_rare(name: &str) -> bool {
    words(name).last().is_some_and(|w| {
        matches!(w.as_str(), "warnings" | "errors" | "issues" | "problems" | "diagnostics" | "failures")
    })
}

/// Whether a list is short for certain, or by what it is about: one that stands in the code, or the entries of options.
fn is_short(list: Node<'_>) -> bool {
    const OPTIONS: &[&str] = &[
        "options",
        "opts",
        "option",
        "config",
        "configuration",
        "settings",
        "args",
        "arguments",
        "headers",
        "fields",
        "attributes",
        "flags",
        "children",
        "channels",
        "brokers",
        "plugins",
        "recipes",
        "names",
        "components",
        "kinds",
        "ops",
        "operators",
        "listeners",
        "transports",
        "pairs",
        "params",
        "parameters",
        "middlewares",
        "handlers",
        "locales",
        "levels",
        "providers",
        "extensions",
        "presets",
        "themes",
        "props",
        "slots",
        "layers",
        "logs",
        "sessions",
        "threads",
        "menu",
        "widgets",
    ];
    let list = constant(bare(list));
    if list.kind() == Kind::Array {
        return !list.named_children().any(|e| e.kind() == Kind::SpreadElement);
    }
    let about = match method(list) {
        // What is made of a short list is as short.
        Some((of, m)) if matches!(m.text(), "map" | "filter" | "slice" | "sort" | "reverse") => return is_short(of),
        // The parts of an address: `hash.split('&')`.
        Some((_, m)) if m.text() == "split" && args(list).next().is_some_and(|a| a.text().contains('&')) => {
            return true;
        }
        // `React.Children.toArray(children)`
        Some((_, m)) if m.text() == "toArray" => args(list).next(),
        // `listeners.values()` of a map.
        Some((of, m)) if matches!(m.text(), "keys" | "values" | "entries") && args(list).next().is_none() => {
            return is_short(of);
        }
        Some((of, m)) if of.text() == "Object" && matches!(m.text(), "keys" | "values" | "entries") => {
            args(list).next()
        }
        Some(_) => None,
        None if list.kind() == Kind::CallExpression => list.child(Field::Function),
        None => Some(list),
    };
    let name = about.map(bare).and_then(place_name).unwrap_or_default();
    // A constant that is written out: `HEADER_CHANNELS`.
    if name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit()) {
        return true;
    }
    let words = words(name.trim_end_matches('_'));
    // `getConfigFileLocations()`
    words.iter().any(|w| matches!(w.as_str(), "config" | "option" | "options"))
        || words.last().is_some_and(|w| OPTIONS.contains(&w.as_str()))
}

fn first_parameter(function: Node<'_>) -> Option<&str> {
    if let Some(only) = function.child(Field::Parameter) {
        return Some(only.text());
    }
    let first = function.child(Field::Parameters)?.first_named()?;
    let name = if first.kind() == Kind::Identifier { first } else { first.child(Field::Pattern)? };
    (name.kind() == Kind::Identifier).then(|| name.text())
}

/// What copies the value of that name in a new value of it: the spread, or the call.
fn copy_of<'a>(value: Node<'a>, name: &str) -> Option<Node<'a>> {
    match value.kind() {
        Kind::Object | Kind::Array => value
            .named_children()
            .find(|c| c.kind() == Kind::SpreadElement && c.first_named().is_some_and(|s| bare(s).text() == name))
            .filter(|copy| grows(value, *copy)),
        Kind::CallExpression => {
            let (receiver, method) = method(value)?;
            let concat = method.text() == "concat" && receiver.text() == name;
            let assign = method.text() == "assign" && receiver.text() == "Object" && {
                let mut arguments = args(value);
                arguments.next().is_some_and(|a| a.text().trim_matches(['{', '}', ' ']).is_empty())
                    && arguments.next().is_some_and(|a| a.text() == name)
                    && arguments.next().is_some_and(|a| {
                        let a = bare(a);
                        a.kind() == Kind::Object
                            && a.named_children()
                                .any(|p| p.child(Field::Key).is_some_and(|k| k.kind() == Kind::ComputedPropertyName))
                    })
            };
            (concat || assign).then_some(value)
        }
        _ => None,
    }
}

/// Whether a copy has more than it copies: an element, a key that is not always the same, or another spread.
fn grows(value: Node<'_>, copy: Node<'_>) -> bool {
    value.named_children().filter(|c| *c != copy).any(|c| {
        value.kind() == Kind::Array
            // Objects that are merged are a few settings more often than data.
            || c.kind() == Kind::SpreadElement && value.kind() == Kind::Array
            || c.child(Field::Key).is_some_and(|k| k.kind() == Kind::ComputedPropertyName)
    })
}

fn in_loop<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else { return };
    if left.kind() != Kind::Identifier || runs_once(&cx.file.path) {
        return;
    }
    let name = left.text();
    if is_rare(name) {
        return;
    }
    let Some(statement) = node.parent().filter(|p| p.kind() == Kind::ExpressionStatement) else { return };
    let Some(copy) = copy_of(bare(right), name) else { return };
    let Some(around) = enclosing_loop(node).or_else(|| for_each(node)) else { return };
    if !goes_over_data(around) {
        return;
    }
    // A list that stands in the code is short, and so are the children of an element.
    let list = around.child(Field::Right).or_else(|| {
        around.parent().and_then(|p| p.parent()).filter(|_| is_function(around)).and_then(method).map(|(over, _)| over)
    });
    if list.map(constant_or_first).is_some_and(|r| r.kind() == Kind::Array || is_short(r)) {
        return;
    }
    // A walk that takes a whole generation in each round has few rounds.
    let steps = |n: Node<'_>| {
        n.kind() == Kind::UpdateExpression
            || n.kind() == Kind::AugmentedAssignmentExpression
            || method(n).is_some_and(|(_, m)| matches!(m.text(), "pop" | "shift" | "next" | "splice" | "exec" | "read"))
    };
    if around.kind() == Kind::WhileStatement && !around.descendants_until(is_function).any(steps) {
        return;
    }
    // What is still to be done grows at one end and shrinks at the other.
    let taken = |n: Node<'_>| {
        method(n).is_some_and(|(of, m)| of.text() == name && matches!(m.text(), "shift" | "pop" | "splice"))
    };
    if adds_own_result(copy, cx) || around.descendants_until(is_function).any(taken) {
        return;
    }
    // A round that waits for somebody else takes longer than any copy.
    let waits =
        around.descendants_until(is_function).any(|n| n.kind() == Kind::AwaitExpression) || around.has_token("await");
    if waits {
        return;
    }
    // In a switch or an `if` at the loop's end too: what follows must run on to the next round.
    let leaves = statement
        .next_named_sibling()
        .filter(|_| !is_function(around))
        .is_some_and(|next| matches!(next.kind(), Kind::BreakStatement | Kind::ReturnStatement | Kind::ThrowStatement));
    if leaves
        || declared_in(around, name)
        || starts_anew(around, name)
        || (copy.kind() == Kind::CallExpression && is_text(node, name))
    {
        return;
    }
    let message = format!("`{name}` is copied whole in every round, {ADVICE}: `push`, or assign the key.");
    cx.report(Note::new(cx.rule, copy.span(), message).confidence(Confidence::Medium));
}

/// Whether a loop, or the callback of a `forEach`, goes over data or counts, and does not climb the few steps to a root.
fn goes_over_data(around: Node<'_>) -> bool {
    match around.kind() {
        Kind::ForInStatement => around.child(Field::Right).is_some_and(is_surely_data),
        Kind::WhileStatement | Kind::DoStatement => around.child(Field::Condition).is_some_and(|c| {
            let text = c.text();
            // The days between two dates are a handful.
            [".length", "<", ">", ".size", ".next("].iter().any(|w| text.contains(w)) && !text.contains(".getTime(")
        }),
        // `i < 31` is a month; `i < list.length` tells the list.
        Kind::ForStatement if around.child(Field::Condition).is_some_and(is_few) => false,
        Kind::ForStatement => {
            let list = around.child(Field::Condition).and_then(|c| {
                c.descendants().find(|n| {
                    n.kind() == Kind::MemberExpression
                        && n.child(Field::Property).is_some_and(|p| matches!(p.text(), "length" | "size"))
                })
            });
            // `for (let i = 0, n = list.length; i < n; i++)`
            let list = list.or_else(|| {
                let bound =
                    around.child(Field::Condition).and_then(|c| c.child(Field::Right)).map(constant_or_first)?;
                (bound.kind() == Kind::MemberExpression).then_some(bound)
            });
            list.is_none_or(|l| l.child(Field::Object).is_some_and(|o| o.kind() == Kind::This || is_surely_data(o)))
        }
        _ => around.parent().and_then(|p| p.parent()).and_then(method).is_some_and(|(over, _)| is_surely_data(over)),
    }
}

/// Behind a variable its first value.
fn constant_or_first<'a>(node: Node<'a>) -> Node<'a> {
    let first = crate::rules::shape::declarator(bare(node)).and_then(|d| d.child(Field::Value)).map(bare);
    first.unwrap_or_else(|| bare(node))
}

/// Whether what is added comes from the function itself: a walk through folders or a tree adds a few at a time.
fn adds_own_result(copy: Node<'_>, cx: &Cx<'_>) -> bool {
    let named = copy.ancestors().filter(|a| is_function(*a)).filter_map(|f| f.child(Field::Name)).map(Node::text);
    let names: Vec<&str> = named.chain(cx.block.name()).collect();
    let around = crate::rules::support::statement(copy).parent();
    let calls = |n: Node<'_>| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).and_then(place_name).is_some_and(|c| names.contains(&c.as_ref()))
    };
    around.is_some_and(|s| s.descendants().any(calls))
}

/// Whether a condition bounds a counter by a small number that stands there.
fn is_few(condition: Node<'_>) -> bool {
    let right = condition.child(Field::Right).map(bare).filter(|r| r.kind() == Kind::Number);
    right.and_then(|n| n.text().parse::<u32>().ok()).is_some_and(|n| n <= 100)
}

/// The callback of a `forEach` around.
fn for_each<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let function = enclosing_function(node)?;
    let call = function.parent()?.parent()?;
    let (over, name) = method(call)?;
    (name.text() == "forEach" && bare(over).kind() != Kind::Array).then_some(function)
}

/// Whether a loop declares the name anew in every round.
fn declared_in(around: Node<'_>, name: &str) -> bool {
    let parameter = is_function(around)
        && parameters(around).iter().any(|p| {
            p.text() == name
                || p.descendants().any(|n| {
                    matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern) && n.text() == name
                })
        });
    parameter
        || around.descendants().any(|n| {
            n.kind() == Kind::VariableDeclarator
                && n.child(Field::Name).is_some_and(|b| {
                    b.text() == name
                        || b.kind() != Kind::Identifier
                            && b.descendants().any(|p| {
                                matches!(p.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern)
                                    && p.text() == name
                            })
                })
                && n.parent().and_then(|p| p.parent()).is_some_and(|p| p.kind() == Kind::StatementBlock)
        })
}

/// Whether every round sets the variable to something new first, so that nothing is gathered over the rounds.
fn starts_anew(around: Node<'_>, name: &str) -> bool {
    let Some(body) = around.child(Field::Body) else { return false };
    let resets = |statement: Node<'_>| {
        statement.kind() == Kind::ExpressionStatement
            && statement.first_named().is_some_and(|set| {
                set.kind() == Kind::AssignmentExpression
                    && set.child(Field::Left).is_some_and(|l| l.text() == name)
                    && set.child(Field::Right).is_some_and(|value| !mentions(value, name))
            })
    };
    body.named_children().any(resets)
}

/// Whether the variable starts as a string.
fn is_text(node: Node<'_>, name: &str) -> bool {
    node.arena().nodes().any(|n| {
        n.kind() == Kind::VariableDeclarator
            && n.child(Field::Name).is_some_and(|b| b.text() == name)
            && n.child(Field::Value).is_some_and(|v| matches!(bare(v).kind(), Kind::String | Kind::TemplateString))
    })
}
