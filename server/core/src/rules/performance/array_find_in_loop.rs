use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::lists::is_surely_data;
use crate::rules::shape::{callback, declarator, is_array, mentions, operator, written_type};
use crate::rules::support::{args, bare, is_function, is_loop, method, runs_once, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "array-find-in-loop",
    summary: "a list is searched from its start in every round",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[407],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `includes`, `indexOf`, `find`, `findIndex`, `some` and `filter` on a list that stays the same, inside a loop \
              or a callback of `map`, `filter`, `forEach` and the like over another list.",
        why: "Two lists of n elements take n² comparisons: 10,000 users and orders make 100 million. A `Set` or a `Map` \
              made once before the loop answers at once.",
        example: "const missing = users.filter((u) => !active.includes(u.id));",
        instead: "const ids = new Set(active);\nconst missing = users.filter((u) => !ids.has(u.id));",
        limits: "Whether a list is long the code hardly ever tells: only lists that hold data by their names (`users`, `orderIds`), and two parameters of one function, count. Only if the searched value is certainly an array of unknown length that comes from outside the loop and \
              does not change in it, or that the loop itself fills, and if an element is found by being equal to something. Literals, strings, constants in capitals, short-named options, and loops over constants or the keys of an object are left alone, as are lists that the condition asks for first, searches on the way to an error, and migrations.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.ts",
            "export function unique<T>(values: T[]): T[] { return values.filter((v, i) => values.indexOf(v) === i); } //~ array-find-in-loop",
        ),
        Case::bad(
            "a.ts",
            "export function once(input: string[]) { const seen: string[] = []; for (const s of input) { if (!seen.includes(s)) { seen.push(s); } } return seen; } //~ array-find-in-loop",
        ),
        Case::near_miss(
            "a.js",
            "function gather(frames) { const names = []; frames.forEach((frame) => { if (names.indexOf(frame.filename) === -1) { names.push(frame.filename); } }); return names; }",
        ),
        Case::bad(
            "a.ts",
            "function f(users: User[], active: string[]) { return users.filter((u) => !active.includes(u.id)); } //~ array-find-in-loop",
        ),
        Case::bad(
            "a.ts",
            "function f(users: User[], orders: Order[]) {\n  for (const u of users) {\n    const o = orders.find((o) => o.user === u.id); //~ array-find-in-loop\n    use(u, o);\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "function f(rows, o) {\n  const ids = Object.keys(o);\n  rows.forEach((r) => { if (ids.indexOf(r.id) >= 0) go(r); }); //~ array-find-in-loop\n}",
        ),
        Case::bad(
            "a.js",
            "function f(orders, rows) {\n  const old = rows.map((r) => r.id);\n  return orders.filter((x) => !old.includes(x)); //~ array-find-in-loop\n}",
        ),
        Case::bad(
            "a.ts",
            "function f(xs: number[], ys: number[]) { const out = []; for (let i = 0; i < xs.length; i++) { if (ys.includes(xs[i])) out.push(i); } return out; } //~ array-find-in-loop",
        ),
        Case::bad(
            "a.ts",
            "const f = (xs: A[], ys: readonly B[]) => xs.map((x) => ys.find((y) => y.id === x.id)); //~ array-find-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(text, xs) {\n  const words = text.split(' ');\n  return xs.filter((x) => words.includes(x)); //~ array-find-in-loop\n}",
        ),
        Case::bad(
            "a.ts",
            "function f(users: U[], orders: O[]) { return users.map((u) => ({ ...u, open: orders.some((o) => o.user === u.id) })); } //~ array-find-in-loop",
        ),
        Case::bad("a.js", "function f(xs) { return xs.filter((x, i) => xs.indexOf(x) === i); } //~ array-find-in-loop"),
        Case::bad(
            "a.js",
            "function f(orders, customers) { return orders.map((o) => customers.find((c) => c.id === o.customer)); } //~ array-find-in-loop",
        ),
        Case::bad(
            "a.ts",
            "function f(xs: A[], bad: A[]) { for (const b of bad) { const i = xs.indexOf(b); if (i >= 0) xs.splice(i, 1); } } //~ array-find-in-loop",
        ),
        Case::bad(
            "a.ts",
            "async function f(lines: L[], db: Db) { const products = await db.products(); return lines.map((l) => products.find((p) => p.id === l.id)); } //~ array-find-in-loop",
        ),
        Case::good("a.js", "function f(orders, text) { return orders.filter((o) => text.includes(o.id)); }"),
        Case::bad(
            "a.ts",
            "export const f = (users: User[], teams: Team[]) => teams.map((t) => users.filter((u) => u.team === t.id).length); //~ array-find-in-loop",
        ),
        Case::bad(
            "a.ts",
            "export class S { private items: Item[] = [];\n missing(ids: string[]) { return ids.filter((id) => this.items.findIndex((p) => p.id === id) < 0); } } //~ array-find-in-loop",
        ),
        Case::near_miss("a.js", "function f(xs) { return xs.filter((x, i) => xs.indexOf(x, i + 1) === -1); }"),
        Case::good(
            "a.ts",
            "function f(users: U[], active: string[]) { const ids = new Set(active); return users.filter((u) => ids.has(u.id)); }",
        ),
        Case::good("a.ts", "function f(active: string[], id: string) { return active.includes(id); }"),
        Case::good("a.js", "for (const x of xs) { if (['a', 'b'].includes(x)) go(x); }"),
        Case::good("a.js", "for (const u of users) { if (u.roles.includes('admin')) go(u); }"),
        Case::good("a.js", "const KINDS = ['a', 'b']; for (const x of xs) { if (KINDS.includes(x)) go(x); }"),
        Case::good("a.ts", "function f(xs: string[], text: string) { return xs.filter((x) => text.includes(x)); }"),
        Case::good("a.js", "for (const x of xs) { const ys = load(x).map(g); if (ys.includes(1)) go(x); }"),
        Case::good("a.js", "for (const x of xs) { if (s.indexOf(x) >= 0) go(x); }"),
        Case::bad(
            "a.ts",
            "function f(xs: string[]) { const seen: string[] = []; for (const x of xs) { if (!seen.includes(x)) seen.push(x); } return seen; } //~ array-find-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(xs) { const out = []; xs.forEach((x) => { if (out.indexOf(x.id) === -1) out.push(x.id); }); return out; } //~ array-find-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "function f(xs: string[], seen: string[]) { for (const x of xs) { if (!seen.includes(x)) seen.shift(); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(xs: string[], ys: string[]) { return xs.filter((x) => ys.some((y) => x.startsWith(y + '.'))); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(xs) { const out = []; for (const x of xs) { if (out.includes('end')) { go(); } out.push(x); } return out; }",
        ),
        Case::near_miss("a.ts", "function f(xs: string[], ys: string[]) { return ys.find(Boolean); }"),
        Case::near_miss("a.js", "const kinds = ['a', 'b', 'c']; const r = xs.filter((x) => kinds.includes(x));"),
        Case::near_miss(
            "a.ts",
            "function f(xs: string[], ys: string[]) { for (const x of xs) { ys = next(ys); if (ys.includes(x)) go(x); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(options: Options, names: string[]) { for (const name in options) { if (names.includes(name)) go(name); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(names: string[]) { for (const option of INSECURE) { if (names.includes(option)) go(option); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(ids: number[]) { for (let i = 0; i < ids.length; i++) { if (ids.indexOf(i) === -1) { free = i; break; } } }",
        ),
        Case::near_miss("a.ts", "function f(xs: string[]) { return ['x'].map((y) => xs.includes(y)); }"),
        Case::near_miss("a.ts", "function f(ys: string[]) { el.on('x', (e) => { if (ys.includes(e.id)) go(e); }); }"),
        Case::near_miss(
            "a.js",
            "function f(wanted, found) {\n  const known = found.map((n) => n.name);\n  const bad = wanted.filter((n) => !known.includes(n));\n  throw new Error(`unknown: ${bad}`);\n}",
        ),
        Case::near_miss(
            "a.ts",
            "function f(found: Map<string, R>, rules?: string[]) { for (const [rule, data] of found) { if (rules && !rules.includes(rule)) continue; add(data); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(lists: L[], wanted: string[]) { lists.forEach((l) => { if (wanted == null || wanted.length === 0 || wanted.indexOf(l.group) !== -1) go(l); }); }",
        ),
        Case::near_miss(
            "db/migrations/2-settings.js",
            "exports.up = async (db, wanted) => { const existing = await db.settings(); return wanted.filter((s) => !existing.includes(s)); };",
        ),
        Case::near_miss(
            "a.ts",
            "function clean(nodes: Element[], allowedTags: string[]) { return nodes.filter((n) => allowedTags.includes(n.tagName)); }",
        ),
        Case::bad(
            "a.ts",
            "export const tree = (rows: Row[]) => rows.map((r) => ({ ...r, children: rows.filter((c) => c.parent === r.id) })); //~ array-find-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "function f(a: string, b: string) { const xs = a.split(','); const ys = b.split(','); return !xs.some((x) => ys.indexOf(x) === -1); }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(hre: object, blacklist: string[]) { for (const [key, value] of Object.entries(hre)) { if (blacklist.includes(key)) continue; set(key, value); } }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(solc: string[]) { const unsupportedVersions: string[] = []; for (const v of solc) { if (!ok(v) && !unsupportedVersions.includes(v)) { unsupportedVersions.push(v); } } return unsupportedVersions; }",
        ),
        Case::near_miss(
            "a.ts",
            "async function f(scripts: S[], bundles: B[]) { for (const s of scripts) { const b = bundles.find((b) => b.id === s.id); await report(s, b); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((list, name)) = method(node) else { return };
    if !matches!(name.text(), "includes" | "indexOf" | "find" | "findIndex" | "findLast" | "some" | "filter")
        || list.kind() != Kind::Identifier && field_type(list, cx).is_none()
    {
        return;
    }
    let count = args(node).count();
    if count != 1 || runs_once(&cx.file.path) || fails_next(node) || is_optional(node, list) {
        return;
    }
    // A short function that is handed a list of which it says nothing but that it is one.
    let handed =
        parameter_of(list).is_some_and(|f| f.text().len() < 200 && written_type(list).is_some_and(is_array_type));
    if is_first_of_its_kind(node, list, cx)
        && (handed || !is_few(list))
        && (is_surely_data(list) || parameter_of(list).is_some())
    {
        let message = format!(
            "`{}` is searched for every one of its elements, so that the time grows with the square of its length. `[...new Set({0})]` keeps each once.",
            list.text()
        );
        cx.report(Note::new(cx.rule, Span { start: list.span().start, end: name.span().end }, message));
        return;
    }
    let Some(round) = round(node, list) else { return };
    // A round that waits for somebody else takes longer than any search.
    let waits = is_loop(round) && round.descendants_until(is_function).any(|n| n.kind() == Kind::AwaitExpression);
    if waits || is_few(list) {
        return;
    }
    let field = field_type(list, cx);
    let long = field.map_or_else(|| is_long(list), |t| is_array_type(t) && is_plural(&list))
        && !changes(round, node, list.text())
        || grows(node, list, round);
    // What is asked on a rare way costs little.
    let rare = node
        .ancestors()
        .take_while(|a| *a != round)
        .any(|a| a.kind() == Kind::ElseClause || a.kind() == Kind::CatchClause);
    if rare || !long || !by_equality(node, cx) || leaves_with_match(node, round) || !is_between_data(list, round) {
        return;
    }
    let message = format!(
        "`{0}` is searched from its start in every round, so that the time grows with the product of both lengths. Make a `Set` or a `Map` of `{0}` once, before.",
        list.text()
    );
    let mut head = round.span();
    head.end = round.child(Field::Body).map_or(head.end, |b| b.span().start);
    cx.report(
        Note::new(cx.rule, Span { start: list.span().start, end: name.span().end }, message)
            .related(head, "runs for every element"),
    );
}

/// Whether what the rounds go over holds data by its name, and so does the list or the rounds fill it; or both are parameters of a short
/// function.
fn is_between_data(list: Node<'_>, round: Node<'_>) -> bool {
    let over = if is_function(round) {
        round.parent().and_then(|p| p.parent()).and_then(method).map(|(over, _)| over)
    } else {
        round.child(Field::Right).or_else(|| counted_list(round))
    };
    let Some(over) = over else { return false };
    let fills = declarator(list)
        .and_then(|d| d.child(Field::Value))
        .is_some_and(|v| bare(v).kind() == Kind::Array && bare(v).first_named().is_none());
    let data = is_surely_data(over);
    // Two lists of which a short function knows nothing: `missing(wanted, present)`.
    let both = parameter_of(bare(over)).is_some_and(|f| parameter_of(list) == Some(f) && f.text().len() < 400);
    // A list that the loop fills is as long as what it goes over.
    let filled = fills
        && parameter_of(bare(over))
            .is_some_and(|f| f.text().len() < 400 && written_type(bare(over)).is_some_and(is_array_type));
    data && (is_surely_data(list) || fills) || both || filled
}

/// The list of `for (let i = 0; i < list.length; i++)`.
fn counted_list<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let length = |n: &Node<'a>| {
        n.kind() == Kind::MemberExpression && n.child(Field::Property).is_some_and(|p| p.text() == "length")
    };
    node.child(Field::Condition)?.descendants().find(length)?.child(Field::Object)
}

/// The function around of which a name is a parameter.
fn parameter_of<'a>(name: Node<'a>) -> Option<Node<'a>> {
    name.ancestors()
        .filter(|a| is_function(*a) && name.kind() == Kind::Identifier)
        .find(|f| crate::rules::shape::parameters(*f).iter().any(|p| p.text() == name.text()))
}

/// The loop, or the callback of an array's method, that runs the search for every element and does not bind the list.
fn round<'a>(node: Node<'a>, list: Node<'a>) -> Option<Node<'a>> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        if is_loop(parent) && at.field() == Field::Body {
            // Over a few literals, or the list itself.
            let over = parent.child(Field::Right).map(bare);
            let of_keys = parent.kind() == Kind::ForInStatement && parent.has_token("in");
            let few = of_keys
                || over.is_some_and(|o| o.kind() == Kind::Array || is_constant(o) || mentions(o, list.text()))
                || parent.child(Field::Condition).is_some_and(|c| mentions(c, list.text()))
                || parent.kind() == Kind::WhileStatement
                || parent.kind() == Kind::DoStatement
                || parent.kind() == Kind::ForStatement
                    && !parent.child(Field::Condition).is_some_and(|c| c.text().contains(".length"));
            let bound = binds(parent, list.text());
            return (!few && !bound).then_some(parent);
        }
        if is_function(parent) {
            let call = parent.parent()?.parent()?;
            let (over, name) = method(call)?;
            let each = matches!(name.text(), "map" | "filter" | "forEach" | "flatMap" | "some" | "every" | "reduce");
            let short = bare(over).kind() == Kind::Array || bare(over).text().starts_with("Object.");
            // The same list for every one of its elements: parents and children in one table.
            let itself = over.text() == list.text();
            let joined = method(node).is_some_and(|(_, m)| matches!(m.text(), "find" | "filter"));
            if !each || short || binds(parent, list.text()) || itself && !(joined && name.text() == "map") {
                return None;
            }
            return Some(parent);
        }
        at = parent;
    }
    None
}

fn binds(around: Node<'_>, name: &str) -> bool {
    around.descendants().any(|n| match n.kind() {
        Kind::VariableDeclarator => n.child(Field::Name).is_some_and(|d| mentions(d, name)),
        Kind::ForInStatement => n.child(Field::Left).is_some_and(|d| mentions(d, name)),
        Kind::FormalParameters => mentions(n, name),
        Kind::ArrowFunction => n.child(Field::Parameter).is_some_and(|p| p.text() == name),
        _ => false,
    })
}

/// The written type of `this.name`.
fn field_type<'a>(list: Node<'a>, cx: &'a Cx<'_>) -> Option<&'a str> {
    let name = list.text().strip_prefix("this.").filter(|_| list.kind() == Kind::MemberExpression)?;
    cx.file.declared.fields.get(name).map(String::as_str)
}

fn is_array_type(written: &str) -> bool {
    let written = written.strip_prefix("readonly ").unwrap_or(written);
    written.ends_with("[]") || written.starts_with("Array<") || written.starts_with("ReadonlyArray<")
}

/// Whether the value is an array whose length the code does not bound.
fn is_long(list: Node<'_>) -> bool {
    if is_constant(list) {
        return false;
    }
    if let Some(written) = written_type(list) {
        return is_array_type(written);
    }
    let Some(value) = declarator(list).and_then(|d| d.child(Field::Value)).map(bare) else {
        return is_plural(&list) && is_plain_parameter(list);
    };
    // What was waited for and is named like many.
    if value.kind() == Kind::AwaitExpression {
        return is_plural(&list) && value.first_named().map(bare).is_some_and(|c| c.kind() == Kind::CallExpression);
    }
    value.kind() == Kind::CallExpression && is_array(value) && !few(value)
}

/// Whether the search is part of a failure's message: the statements behind it throw.
fn fails_next(node: Node<'_>) -> bool {
    let here = statement(node);
    let declares = matches!(here.kind(), Kind::LexicalDeclaration | Kind::VariableDeclaration);
    declares && here.next_named_sibling().is_some_and(|next| next.kind() == Kind::ThrowStatement)
}

/// Whether the same condition asks first if there is such a list at all: `only && !only.includes(x)`, a short list that
/// somebody may give.
fn is_optional(node: Node<'_>, list: Node<'_>) -> bool {
    node.ancestors().take_while(|a| !is_function(*a)).filter(|a| matches!(operator(*a), "&&" | "||")).any(|a| {
        let Some(left) = a.child(Field::Left).map(bare).filter(|l| !l.span().contains(node.span())) else {
            return false;
        };
        let asks = |n: Node<'_>| {
            let n = bare(n);
            n.text() == list.text()
                || n.kind() == Kind::UnaryExpression
                    && n.child(Field::Argument).is_some_and(|x| x.text() == list.text())
                || matches!(operator(n), "==" | "===" | "!=" | "!==")
                    && n.child(Field::Left).is_some_and(|x| x.text() == list.text())
        };
        asks(left) || left.kind() == Kind::BinaryExpression && left.child(Field::Left).is_some_and(asks)
    })
}

/// Whether a name tells of many things: `users`, `idList`.
fn is_plural(name: &Node<'_>) -> bool {
    let words = crate::rules::support::words(name.text());
    let last = words.last().map_or("", String::as_str);
    let plural = last.len() > 3 && last.ends_with('s') && !last.ends_with("ss") && !last.ends_with("us");
    (plural || matches!(last, "list" | "array")) && !is_few(*name)
}

/// Whether a name tells of things of which there are never many.
fn is_few(name: Node<'_>) -> bool {
    let words = crate::rules::support::words(name.text());
    let last = words.last().map_or("", String::as_str);
    // What is allowed or known is written down somewhere: `allowedTags`, `supportedCurrencies`.
    let first = words.first().map_or("", String::as_str);
    let listed = words.len() > 1
        && matches!(
            first,
            "allowed"
                | "supported"
                | "forbidden"
                | "disallowed"
                | "ignored"
                | "excluded"
                | "reserved"
                | "valid"
                | "default"
        )
        || words.iter().any(|w| {
            matches!(
                w.as_str(),
                "blacklist"
                    | "whitelist"
                    | "blocklist"
                    | "denylist"
                    | "allowlist"
                    | "track"
                    | "codec"
                    | "version"
                    | "role"
                    | "feature"
            )
        });
    listed
        || matches!(
            last,
            "args"
                | "refs"
                | "parents"
                | "ancestors"
                | "options"
                | "opts"
                | "flags"
                | "keys"
                | "props"
                | "types"
                | "extensions"
                | "params"
                | "events"
                | "methods"
                | "fields"
                | "attrs"
                | "names"
                | "kinds"
                | "modes"
                | "parts"
                | "plugins"
                | "zooms"
                | "plans"
                | "webhooks"
                | "scopes"
                | "locales"
                | "languages"
                | "prefixes"
                | "suffixes"
                | "behaviors"
                | "uniforms"
                | "columns"
                | "chars"
                | "characters"
                | "versions"
                | "tracks"
                | "codecs"
                | "roles"
                | "permissions"
                | "features"
                | "formats"
                | "protocols"
                | "levels"
                | "sizes"
                | "colors"
                | "characteristics"
                | "filters"
                | "values"
                | "tags"
                | "states"
                | "statuses"
                | "categories"
                | "browsers"
                | "matches"
        )
}

/// Whether a variable is a parameter of JavaScript, without a type or a value of its own.
fn is_plain_parameter(list: Node<'_>) -> bool {
    list.arena().nodes().any(|n| {
        n.kind() == Kind::FormalParameters
            && n.named_children().any(|p| p.kind() == Kind::Identifier && p.text() == list.text())
    })
}

/// Whether a name is written like that of a constant.
fn is_constant(name: Node<'_>) -> bool {
    name.text().chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
}

/// Whether an array comes from a literal, or was cut short.
fn few(value: Node<'_>) -> bool {
    value.descendants().any(|n| {
        n.kind() == Kind::Array && n.first_named().is_some_and(|e| e.kind() != Kind::SpreadElement)
            || method(n).is_some_and(|(_, m)| m.text() == "slice")
            || method(n).is_some_and(|(r, m)| {
                // A few words in one text: `characteristics.split(',')`.
                let comma = args(n)
                    .next()
                    .is_some_and(|a| matches!(a.text().trim_matches(['\'', '"', '`']), "," | ", " | "|" | ";"));
                m.text() == "split" && (bare(r).kind() == Kind::String || comma)
            })
    })
}

/// Whether a list that begins empty gets an element of most rounds, and is asked for something of the round.
fn grows(node: Node<'_>, list: Node<'_>, round: Node<'_>) -> bool {
    let asked = args(node).next().map(bare);
    let varies = asked.is_some_and(|a| !matches!(a.kind(), Kind::String | Kind::Number | Kind::TemplateString));
    let empty = declarator(list)
        .and_then(|d| d.child(Field::Value))
        .is_some_and(|v| bare(v).kind() == Kind::Array && bare(v).first_named().is_none());
    let inside = declarator(list).is_some_and(|d| round.span().contains(d.span()));
    let (mut pushed, mut other) = (false, false);
    for (_, name) in round.descendants().filter_map(method).filter(|(of, _)| of.text() == list.text()) {
        match name.text() {
            "push" => pushed = true,
            "pop" | "shift" | "splice" | "unshift" => other = true,
            _ => {}
        }
    }
    let assigned = round.descendants().any(|n| {
        n.kind() == Kind::AssignmentExpression && n.child(Field::Left).is_some_and(|l| l.text() == list.text())
    });
    varies && empty && !inside && pushed && !other && !assigned
}

/// Whether an element is found by being equal to something, so that a set or a map finds it as well.
fn by_equality<'a>(node: Node<'a>, cx: &Cx<'a>) -> bool {
    let Some((_, name)) = method(node) else { return false };
    if matches!(name.text(), "includes" | "indexOf") {
        return true;
    }
    let Some(function) = callback(node, 0, cx) else { return false };
    let Some(body) = function.child(Field::Body) else { return false };
    let all = || std::iter::once(body).chain(body.descendants());
    let equal = all().any(|n| n.kind() == Kind::BinaryExpression && matches!(operator(n), "===" | "=="));
    let more = all().any(|n| {
        n.kind() == Kind::CallExpression
            || n.kind() == Kind::BinaryExpression && matches!(operator(n), "||" | "<" | ">" | "<=" | ">=")
    });
    equal && !more
}

/// Whether the round changes the list.
fn changes(round: Node<'_>, search: Node<'_>, list: &str) -> bool {
    // What was found is taken out: the search goes over what is left.
    let position = method(search).is_some_and(|(_, n)| matches!(n.text(), "indexOf" | "findIndex"));
    round.descendants().any(|n| match n.kind() {
        Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => {
            n.child(Field::Left).is_some_and(|l| l.text() == list || l.text().starts_with(&format!("{list}[")))
        }
        Kind::CallExpression => method(n).is_some_and(|(r, m)| {
            r.text() == list
                && matches!(m.text(), "push" | "pop" | "shift" | "unshift" | "splice" | "sort" | "reverse" | "fill")
                && !(position && m.text() == "splice")
        }),
        _ => false,
    })
}

/// Whether the search happens once, on the way out of the loop.
fn leaves_with_match(node: Node<'_>, round: Node<'_>) -> bool {
    node.ancestors()
        .take_while(|a| *a != round)
        .any(|a| matches!(a.kind(), Kind::ThrowStatement | Kind::ReturnStatement) && is_loop(round))
}

/// `xs.filter((x, i) => xs.indexOf(x) === i)`.
fn is_first_of_its_kind<'a>(node: Node<'a>, list: Node<'a>, cx: &Cx<'a>) -> bool {
    let Some(compared) = node.parent().filter(|p| matches!(operator(*p), "===" | "==")) else { return false };
    let Some(function) = compared.ancestors().find(|a| crate::rules::support::is_function(*a)) else { return false };
    let Some(call) = function.parent().and_then(|p| p.parent()) else { return false };
    let over = method(call).is_some_and(|(of, n)| n.text() == "filter" && bare(of).text() == list.text());
    let parameters = crate::rules::shape::parameters(function);
    let index = parameters.get(1).map_or("", |p| p.text());
    let by_index = [Field::Left, Field::Right].iter().any(|f| compared.child(*f).is_some_and(|o| o.text() == index));
    let found = method(node).is_some_and(|(_, n)| matches!(n.text(), "indexOf" | "findIndex"));
    found && over && by_index && callback(call, 0, cx) == Some(function)
}
