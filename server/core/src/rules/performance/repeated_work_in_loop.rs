use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, mentions, parameters, root_name};
use crate::rules::support::{args, bare, is_function, is_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "repeated-work-in-loop",
    summary: "a loop computes the same thing in every round",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[1050],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds costly calls in loops and array callbacks whose arguments no round changes: `JSON.parse(text)`, `JSON.stringify(x)`, `structuredClone(x)`, `list.sort(..)`, `new Intl.NumberFormat(..)`, `fs.readFileSync(path)`, `document.querySelector('..')`.",
        why: "The result is the same in every round, and is paid for as often as the loop runs.",
        example: "for (const row of rows) {\n  const schema = JSON.parse(text);\n  check(row, schema);\n}",
        instead: "const schema = JSON.parse(text);\nfor (const row of rows) {\n  check(row, schema);\n}",
        limits: "Only if all names in the call are bound outside of the loop and nothing in it changes them or calls their methods. Copies that each round needs for itself (`structuredClone`, `JSON.parse`) are reported only if the round does not change or keep the result.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression, Kind::NewExpression], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "const shown = all.map((p) => { if (Object.keys(POSITIONS).includes(p)) { return p; } });",
        ),
        Case::near_miss(
            "a.ts",
            "export const f = (documents: D[]) => documents.map((document) => JSON.stringify(document));",
        ),
        Case::near_miss(
            "a.ts",
            "function f(subs: S[], message: M) { for (const sub of subs) { sub.emit('x', structuredClone(message)); } }",
        ),
        Case::bad(
            "a.js",
            "function f(items, map) { for (const item of items) { if (Object.keys(map).includes(item)) { log(item); } } } //~ repeated-work-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(rows, text) { for (const row of rows) { check(row, JSON.parse(text)); } } //~ repeated-work-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(groups, all) { for (const g of groups) { const sorted = all.sort((a, b) => a.x - b.x); g.first = sorted[0]; } } //~ repeated-work-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(dates) { return dates.map((d) => new Intl.DateTimeFormat('de').format(d)); } //~ repeated-work-in-loop",
        ),
        Case::bad(
            "a.ts",
            "function f(xs: string[]) { for (const x of xs) { document.getElementById('list')!.append(x); } } //~ repeated-work-in-loop",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfunction f(names) { names.forEach((n) => { const t = fs.readFileSync('template.html', 'utf8'); show(t.replace('x', n)); }); } //~ repeated-work-in-loop",
        ),
        Case::bad(
            "a.js",
            "function f(xs, state) { const out = []; for (let i = 0; i < xs.length; i++) { out.push(JSON.stringify(state) + xs[i]); } return out; } //~ repeated-work-in-loop",
        ),
        Case::bad(
            "a.ts",
            "function f(o: R) { for (let i = 0; i < Object.keys(o).length; i++) { go(i); } } //~ repeated-work-in-loop",
        ),
        Case::bad(
            "a.ts",
            "const f = (rows: string[], allowed: string[]) => rows.filter((r) => new Set(allowed).has(r)); //~ repeated-work-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "function f(o: R) { for (let i = 0; i < Object.keys(o).length; i++) { delete o[i]; } }",
        ),
        Case::near_miss("a.ts", "const f = (rows: string[][]) => rows.map((r) => new Set(r).has('a'));"),
        Case::good("a.js", "function f(rows) { for (const row of rows) { check(JSON.parse(row.text)); } }"),
        Case::good(
            "a.js",
            "function f(rows, text) { const schema = JSON.parse(text); for (const row of rows) { check(row, schema); } }",
        ),
        Case::good("a.js", "function f(xs, all) { for (const x of xs) { all.push(x); all.sort(); } }"),
        Case::good(
            "a.js",
            "function f(xs) { for (const x of xs) { const l = new Intl.NumberFormat(x.locale); show(l, x); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(rows, text) { return rows.map((row) => { const copy = JSON.parse(text); copy.id = row.id; return copy; }); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(n) { while (true) { const state = JSON.parse(read()); if (state.n > n) break; } }",
        ),
        Case::near_miss("a.js", "function f(xs, o) { for (const x of xs) { o.n = x; send(JSON.stringify(o)); } }"),
        Case::near_miss("a.js", "function f(xs, o) { for (const x of xs) { apply(o, x); send(JSON.stringify(o)); } }"),
        Case::bad(
            "a.ts",
            "export function known(obj: Record<string, number>, list: string[]) { return list.filter((k) => Object.keys(obj).includes(k)); } //~ repeated-work-in-loop",
        ),
        Case::near_miss(
            "a.ts",
            "export function known(all: Rec[], k: string) { return all.filter((o) => Object.keys(o).includes(k)); }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(rows: Row[], base: Meta) { return rows.map((r) => ({ id: r.id, meta: JSON.parse(JSON.stringify(base)) })); }",
        ),
        Case::bad(
            "a.ts",
            "function f(rows: string[], settings: Record<string, string>) {\n  let out = '';\n  for (const row of rows) {\n    const keys = Object.keys(settings).sort(); //~ repeated-work-in-loop\n    out += row + keys.join(',');\n  }\n  return out;\n}",
        ),
        Case::good(
            "a.ts",
            "function f(rows: Row[], o: O) { const text = JSON.stringify(o); for (const row of rows) { go(row, text); } }",
        ),
        Case::good("a.ts", "function f(rows: Row[]) { for (const row of rows) { go(JSON.stringify(row)); } }"),
        Case::good(
            "a.ts",
            "function f(rows: Row[], o: O) { for (const row of rows) { o.n++; go(row, JSON.stringify(o)); } }",
        ),
        Case::good(
            "a.ts",
            "function f(rows: Row[]) { const fmt = new Intl.NumberFormat('de'); return rows.map((r) => fmt.format(r.n)); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((what, keeps)) = costly(node) else { return };
    let Some((around, names)) = round(node, cx) else { return };
    if !fixed(node, around, &names) || keeps && changed(node, around) || once(node, around) {
        return;
    }
    let message = format!("`{what}` gives the same in every round of this loop. Compute it once, before.");
    let mut span = node.span();
    span.end = node.child(Field::Arguments).map_or(span.end, |a| a.span().start);
    cx.report(Note::new(cx.rule, span, message));
}

/// What a costly call is, and whether its result is a value of the caller's own that may be changed.
fn costly<'a>(node: Node<'a>) -> Option<(&'a str, bool)> {
    if node.kind() == Kind::NewExpression {
        let name = node.child(Field::Constructor)?;
        // A set that is made to be asked once.
        if matches!(name.text(), "Set" | "Map") {
            let plain = args(node).next().is_some_and(|a| bare(a).kind() == Kind::Identifier);
            let asked = node
                .parent()
                .and_then(|p| p.parent())
                .and_then(method)
                .is_some_and(|(of, m)| bare(of) == node && matches!(m.text(), "has" | "get"));
            return (plain && asked).then(|| (name.text(), false));
        }
        return name.text().starts_with("Intl.").then(|| (name.text(), false));
    }
    let callee = node.child(Field::Function)?;
    let first = args(node).next().map(bare);
    let named = first.is_some_and(|a| a.kind() == Kind::String);
    match callee.text() {
        "JSON.parse" | "structuredClone" => {
            let plain = first.is_some_and(|a| matches!(a.kind(), Kind::Identifier | Kind::MemberExpression));
            plain.then(|| (callee.text(), true))
        }
        "JSON.stringify" => {
            // Read again at once, it is a copy for each round.
            if node
                .parent()
                .and_then(|p| p.parent())
                .is_some_and(|c| c.child(Field::Function).is_some_and(|f| f.text() == "JSON.parse"))
            {
                return None;
            }
            let plain = first.is_some_and(|a| matches!(a.kind(), Kind::Identifier | Kind::MemberExpression));
            plain.then(|| (callee.text(), false))
        }
        // A list made anew to be searched once.
        "Object.keys" | "Object.values" => {
            // The keys of a constant table are a handful.
            let constant = |t: &str| t.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
            let plain = first.is_some_and(|a| a.kind() == Kind::Identifier && !constant(a.text()));
            let searched = node.parent().and_then(|p| p.parent()).and_then(method).is_some_and(|(of, m)| {
                bare(of) == node && matches!(m.text(), "includes" | "indexOf" | "find" | "some" | "sort" | "toSorted")
            });
            (plain && (searched || counts(node).is_some())).then(|| (callee.text(), false))
        }
        "fs.readFileSync" | "readFileSync" => named.then(|| (callee.text(), true)),
        "document.querySelector" | "document.getElementById" | "document.querySelectorAll" => {
            named.then(|| (callee.text(), false))
        }
        _ => {
            let (of, name) = method(node).filter(|(_, n)| n.text() == "sort")?;
            let list = bare(of);
            (list.kind() == Kind::Identifier && args(node).count() <= 1).then(|| (name.text(), false))
        }
    }
}

/// The loop or array callback around, and the names that change with its rounds.
fn round<'a>(node: Node<'a>, cx: &Cx<'a>) -> Option<(Node<'a>, Vec<&'a str>)> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        if is_loop(parent) {
            // Counted and listed loops go over data; others wait for something.
            let counted = matches!(parent.kind(), Kind::ForInStatement)
                || parent.kind() == Kind::ForStatement
                    && parent.child(Field::Condition).is_some_and(|c| c.text().contains(".length"));
            let over = parent.child(Field::Right).map(bare).is_some_and(|o| o.kind() == Kind::Array);
            let asked = counts(node) == Some(parent) && at.field() == Field::Condition;
            if at.field() != Field::Body && !asked || !counted || over || parent.has_token("await") {
                return None;
            }
            let head = parent.child(Field::Left).or_else(|| parent.child(Field::Initializer))?;
            return Some((parent, bound(head)));
        }
        if is_function(parent) {
            let call = parent.parent()?.parent()?;
            let (of, name) = method(call)?;
            let each =
                matches!(name.text(), "map" | "filter" | "forEach" | "flatMap" | "some" | "every" | "find" | "reduce");
            if !each || bare(of).kind() == Kind::Array || callback(call, 0, cx).is_none_or(|f| f != parent) {
                return None;
            }
            return Some((parent, parameters(parent).into_iter().flat_map(bound).collect()));
        }
        at = parent;
    }
    None
}

/// The loop that goes to the length of a list which its condition makes anew: `i < Object.keys(o).length`.
fn counts<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let length = node.parent().filter(|p| p.child(Field::Property).is_some_and(|n| n.text() == "length"))?;
    let condition = length.parent().filter(|c| c.kind() == Kind::BinaryExpression)?;
    condition.parent().filter(|l| l.kind() == Kind::ForStatement)
}

fn bound<'a>(pattern: Node<'a>) -> Vec<&'a str> {
    pattern
        .descendants()
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern))
        .map(Node::text)
        .collect()
}

/// Whether nothing that the call names is bound, assigned, or handed to somebody in the loop.
fn fixed(node: Node<'_>, around: Node<'_>, names: &[&str]) -> bool {
    let mut own: Vec<&str> = names.to_vec();
    for n in around.descendants() {
        match n.kind() {
            Kind::VariableDeclarator => own.extend(n.child(Field::Name).into_iter().flat_map(bound)),
            Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => {
                own.extend(n.child(Field::Left).and_then(root_name).map(Node::text));
            }
            Kind::UpdateExpression => own.extend(n.child(Field::Argument).and_then(root_name).map(Node::text)),
            Kind::UnaryExpression if n.text().starts_with("delete") => {
                own.extend(n.child(Field::Argument).and_then(root_name).map(Node::text));
            }
            Kind::CallExpression | Kind::NewExpression if n != node && !node.span().contains(n.span()) => {
                // Whoever gets an object, or is it, may change it.
                own.extend(args(n).filter(|a| bare(*a).kind() != Kind::String).filter_map(root_name).map(Node::text));
                // What is done with the result itself changes nothing of what it is made of.
                let of = method(n).map(|(of, _)| of).filter(|of| bare(*of) != node);
                own.extend(of.and_then(root_name).map(Node::text).filter(|t| *t != "document"));
            }
            _ => {}
        }
    }
    let used = node
        .descendants()
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::This | Kind::ShorthandPropertyIdentifier));
    let inner: Vec<&str> =
        node.descendants().filter(|n| is_function(*n)).flat_map(parameters).flat_map(bound).collect();
    let document = node.text().starts_with("document.") && !names.contains(&"document");
    // `this` may be changed by any method.
    let text_only = |t: &str| {
        matches!(
            t,
            "JSON"
                | "Object"
                | "Set"
                | "Map"
                | "Intl"
                | "document"
                | "fs"
                | "structuredClone"
                | "undefined"
                | "readFileSync"
        )
    };
    let mut any_call = used.map(Node::text).filter(|t| (!text_only(t) || names.contains(t)) && !inner.contains(t));
    document
        || any_call.all(|t| t != "this" && !own.contains(&t))
            && !around.descendants().any(|n| n.kind() == Kind::AwaitExpression || n.kind() == Kind::YieldExpression)
}

/// Whether a round changes or keeps what the call gives it.
fn changed(node: Node<'_>, around: Node<'_>) -> bool {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::ParenthesizedExpression | Kind::AsExpression | Kind::NonNullExpression => at = parent,
            Kind::VariableDeclarator => {
                let Some(name) = parent.child(Field::Name).filter(|n| n.kind() == Kind::Identifier) else {
                    return false;
                };
                return around.descendants().any(|n| match n.kind() {
                    Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => {
                        n.child(Field::Left).is_some_and(|l| {
                            l.kind() != Kind::Identifier && root_name(l).is_some_and(|r| r.text() == name.text())
                        })
                    }
                    Kind::ReturnStatement => n.first_named().is_some_and(|v| bare(v).text() == name.text()),
                    Kind::CallExpression => {
                        let keeps = method(n).is_some_and(|(of, m)| {
                            matches!(m.text(), "push" | "set" | "add")
                                && (mentions(of, name.text()) || args(n).any(|a| mentions(a, name.text())))
                        });
                        keeps
                            || n.child(Field::Function)
                                .is_some_and(|f| matches!(f.text(), "Object.assign" | "Reflect.set"))
                    }
                    _ => false,
                });
            }
            // A value of the round's own in an object that it builds, or the callback's result.
            Kind::ArrowFunction
            | Kind::ReturnStatement
            | Kind::Pair
            | Kind::AssignmentExpression
            | Kind::SpreadElement
            | Kind::Array => return true,
            Kind::Arguments => {
                // Who is handed a copy of his own may keep it.
                let copies = node.child(Field::Function).is_some_and(|f| f.text() == "structuredClone");
                return copies
                    || parent.parent().and_then(|c| c.child(Field::Function)).is_some_and(|f| {
                        matches!(f.text().rsplit('.').next(), Some("push" | "set" | "add" | "assign" | "unshift"))
                    });
            }
            _ => return false,
        }
    }
    false
}

/// Whether the call runs in one round at most: behind it the loop is left.
fn once(node: Node<'_>, around: Node<'_>) -> bool {
    let mut at = node;
    node.ancestors().take_while(|a| *a != around).any(|a| {
        // The condition itself is asked for in every round.
        let asked = at.field() == Field::Condition;
        at = a;
        matches!(a.kind(), Kind::ReturnStatement | Kind::ThrowStatement) && is_loop(around)
            || matches!(a.kind(), Kind::SwitchCase | Kind::CatchClause)
            || matches!(a.kind(), Kind::IfStatement | Kind::TernaryExpression) && !asked
    })
}
