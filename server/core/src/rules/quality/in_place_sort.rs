use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{home, is_said, parameters, returned, root_name};
use crate::rules::support::{args, bare, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "in-place-sort",
    summary: "`sort` or `reverse` changes somebody else's array",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[374],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `sort()` and `reverse()` whose result is taken as if it were a new array, while the array \
               belongs to a parameter, to `props` or `state`, or to a field.",
        why: "Both change the array itself and return it. The caller's list is suddenly in another order, and \
               React sees no change, since it is the same array.",
        example: "function newest(posts) {\n  const sorted = posts.sort(byDate);\n  return sorted[0];\n}",
        instead: "function newest(posts) {\n  const sorted = [...posts].sort(byDate);\n  return sorted[0];\n}",
        limits: "An array that the function made itself may be sorted in place, and so may a parameter that is returned at once \
               and one that the result is stored back to. A bare `list.sort()` says what it does.",
        fix: "The suggestion copies the array first.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "export function back(pts) {\n  // destructive: reverses them in place, so do not use them afterwards\n  return path(pts.reverse());\n}",
        ),
        Case::near_miss(
            "a.ts",
            "class S { keep() { this.done = this.done.reverse().slice(0, this.most).reverse(); } }",
        ),
        Case::bad(
            "a.ts",
            "function tree(group: G) { const sorted = group.items.sort((a, b) => a.n - b.n); return sorted.map(node); } //~ in-place-sort",
        ),
        Case::near_miss(
            "a.js",
            "function draw(frame) { const layers = frame.layers.sort((a, b) => a.z - b.z); return layers.map(paint); }",
        ),
        Case::near_miss("a.ts", "export function make(...args: A[]) { return build(...args.reverse()); }"),
        Case::near_miss(
            "a.js",
            "function Notes({ notes }) { const sorted = notes.sort((a, b) => b.get('at') - a.get('at')); return sorted.map(show); }",
        ),
        Case::near_miss(
            "a.js",
            "function keys(store, go) { ask(store.getAllKeys(), function (e) { const keys = e.target.result.sort(); go(keys); }); }",
        ),
        Case::near_miss(
            "a.ts",
            "class Q { pending: M[] = [];\n flush() { const sorted = this.pending.sort((a, b) => a.n - b.n); this.pending = []; this.send(sorted); } }",
        ),
        Case::near_miss(
            "a.ts",
            "class L { flush() { const sorted = this._added.sort((a, b) => a - b); this._added = []; return sorted; } }",
        ),
        Case::bad(
            "a.tsx",
            "export function SortedTable({ rows }: P) { const sorted = rows.sort((a, b) => a.n - b.n); return sorted.map(show); } //~ in-place-sort",
        ),
        Case::bad(
            "a.js",
            "function newest(posts) {\n  const sorted = posts.sort(byDate); //~ in-place-sort\n  return sorted[0];\n}",
        ),
        Case::bad("a.js", "const List = ({ items }) => <ul>{items.sort(cmp).map(show)}</ul>; //~ in-place-sort"),
        Case::bad("a.js", "class A { view() { return this.rows.reverse(); } } //~ in-place-sort"),
        Case::bad(
            "a.js",
            "function f(state) { return state.list.sort((a, b) => a - b).slice(0, 3); } //~ in-place-sort",
        ),
        Case::near_miss("a.js", "function f(o) { return o.list.sort((a, b) => a - b).slice(0, 3); }"),
        Case::bad(
            "a.js",
            "function f(props) { const last = props.items.reverse()[0]; return last; } //~ in-place-sort",
        ),
        Case::bad("a.js", "const top = (scores) => scores.sort((a, b) => b - a)[0]; //~ in-place-sort"),
        Case::bad(
            "a.ts",
            "function f(xs: readonly number[] | number[]) { const r = (xs as number[]).reverse(); return r; } //~ in-place-sort",
        ),
        Case::bad("a.js", "function f({ users }) { return users.sort(byName); } //~ in-place-sort"),
        Case::good("a.js", "function f(xs) { return [...xs].sort(); }"),
        Case::good("a.js", "function f(xs) { return xs.slice().sort(cmp); }"),
        Case::good("a.js", "function f(xs) { const ys = xs.filter(Boolean); return ys.sort(cmp); }"),
        Case::good("a.js", "function f(xs) { xs.sort(cmp); return xs; }"),
        Case::good("a.js", "function f(o) { return Object.keys(o).sort(); }"),
        Case::good("a.js", "function f(o) { o.list = o.list.sort(cmp); }"),
        Case::good("a.js", "function f(s) { return s.split('').reverse().join(''); }"),
        Case::good("a.js", "function f(xs) { return xs.map(g).sort(cmp); }"),
        Case::near_miss("a.js", "function render(rows, by) { rows.sort(by).forEach((row) => draw(row)); }"),
        Case::near_miss("a.ts", "class A { f() { return this.lineRangeMap.reverse(); } }"),
        Case::near_miss("a.js", "function f(animation) { return animation.reverse(500); }"),
        Case::near_miss("a.js", "function f(query) { return query.sort({ age: 1 }); }"),
        Case::near_miss("a.js", "function f(xs) { xs = xs.concat(1); return xs.sort(cmp); }"),
        Case::near_miss("a.js", "class A { top() { return this.query.sort('-date'); } }"),
        Case::near_miss("a.js", "function sortInPlace(xs) { return xs.sort(cmp); }"),
        Case::near_miss("a.ts", "export const sorted = (names: string[]) => names.sort();"),
        Case::near_miss("a.ts", "export function order(os: O[]) { return os.sort((a, b) => a.total - b.total); }"),
        Case::near_miss(
            "a.ts",
            "export const list = (http: Http) => http.get('/x').then((res) => ({ ...res, chunk: res.chunk?.reverse() }));",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    let mut arguments = args(node);
    let (first, second) = (arguments.next().map(bare), arguments.next());
    let fits = match name.text() {
        "sort" => match first {
            None => true,
            // A comparator; what sorts a query gets a string or an object.
            Some(f) => is_function(f) || f.kind() == Kind::Identifier && sounds_like_comparator(f.text()),
        },
        "reverse" => first.is_none(),
        _ => false,
    };
    if !fits || second.is_some() || !is_used(node) {
        return;
    }
    // A list of Immutable.js, whose `sort` gives a new one, holds what is asked with `get`.
    let immutable = first.is_some_and(|f| {
        f.descendants()
            .filter_map(method)
            .any(|(of, m)| m.text() == "get" && parameters(f).iter().any(|p| p.text() == of.text()))
    });
    if immutable {
        return;
    }
    // A comment says that it happens in place.
    let near = |span: Span| span.end <= node.span().start && node.span().start - span.end < 200;
    if is_said(cx, near, &["in place", "in-place", "destructive", "mutat"]) {
        return;
    }
    let receiver_place = bare(receiver);
    // `this.done = this.done.reverse().slice(0, 9)` keeps the outcome where the list was.
    let back = node.ancestors().find(|a| a.kind() == Kind::AssignmentExpression || is_function(*a));
    if back.is_some_and(|a| a.child(Field::Left).is_some_and(|l| l.text() == receiver_place.text())) {
        return;
    }
    if !matches!(receiver_place.kind(), Kind::Identifier | Kind::MemberExpression | Kind::SubscriptExpression) {
        return;
    }
    let Some(root) = root_name(receiver_place) else { return };
    // Maps, ranges and animations have a `reverse` of their own.
    let last = crate::rules::support::place_name(receiver_place).unwrap_or_default();
    let other = crate::rules::support::words(&last).last().is_some_and(|w| {
        matches!(
            w.as_str(),
            "map"
                | "range"
                | "mapping"
                | "animation"
                | "timeline"
                | "query"
                | "cursor"
                | "tween"
                | "chain"
                | "iterator"
        )
    });
    if other {
        return;
    }
    if receiver_place.descendants().any(|n| n.kind() == Kind::CallExpression) {
        return;
    }
    let owner = root.ancestors().filter(|a| is_function(*a)).find(|f| {
        parameters(*f).iter().any(|p| {
            p.descendants().any(|n| {
                n.text() == root.text()
                    && matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern)
            })
        })
    });
    let foreign = match (root.kind(), owner) {
        // A class's own list, which nobody else holds: `this._added`, `this.#added`.
        (Kind::This, _) => receiver_place.kind() == Kind::MemberExpression && !last.starts_with(['_', '#']),
        // `return xs.sort()` of a parameter does what it says; `const sorted = xs.sort()` takes the result for another list.
        (_, Some(f)) => {
            let whole = receiver_place == root && parameters(f).iter().any(|p| p.text() == root.text());
            // A part of what was handed in is somebody else's for sure where it is a component's or a store's. What a function takes
            // as its rest is its own.
            let named =
                node.parent().filter(|p| p.kind() == Kind::VariableDeclarator).and_then(|p| p.child(Field::Name));
            let another = named.is_some_and(|n| {
                crate::rules::support::words(n.text())
                    .iter()
                    .any(|w| matches!(w.as_str(), "sorted" | "ordered" | "reversed"))
            });
            let part = receiver_place != root && !another && !matches!(root.text(), "props" | "state");
            !part
                && !is_rest(f, root)
                && !reassigned(f, root.text())
                && !runs_over_own(f, root)
                && !is_answer(f)
                && (!whole || is_named(node))
        }
        _ => false,
    };
    // A function whose name says so does what it is asked to.
    let around = home(node);
    let named = around.child(Field::Name).or_else(|| around.parent().and_then(|p| p.child(Field::Name)));
    let told = named.is_some_and(|n| {
        let name = n.text().to_ascii_lowercase();
        let verb = crate::rules::support::words(n.text()).first().is_some_and(|w| w == "sort" || w == "reverse");
        name.contains("inplace") || verb
    });
    // `const sorted = this.pending.sort(..); this.pending = [];` takes the list over.
    let taken =
        crate::rules::support::statement(node).next_named_sibling().and_then(Node::first_named).is_some_and(|next| {
            next.kind() == Kind::AssignmentExpression
                && next.child(Field::Left).is_some_and(|l| l.text() == receiver_place.text())
        });
    // What a request of a database gave is for whoever is called back.
    let own = receiver_place.text().ends_with(".target.result");
    if !foreign || told || taken || own {
        return;
    }
    let text = receiver.text();
    let message = format!(
        "`{}` changes `{text}` itself, which belongs to somebody else, and returns it. Sort a copy: `[...{text}].{0}(..)`.",
        name.text()
    );
    let note = Note::new(cx.rule, name.span(), message);
    cx.report(note.suggestion("Copy it first", vec![(receiver.span(), format!("[...{text}]"))]));
}

fn sounds_like_comparator(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["cmp", "compare", "by", "sort", "order", "asc", "desc"].iter().any(|w| name.starts_with(w) || name.ends_with(w))
}

/// Whether the result goes anywhere but back to where the array is.
fn is_used(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    match parent.kind() {
        Kind::ExpressionStatement => false,
        // Gone through on the spot, and never taken for another list.
        Kind::MemberExpression => parent.child(Field::Property).is_none_or(|p| p.text() != "forEach"),
        Kind::AssignmentExpression => {
            let receiver = method(node).map(|(r, _)| bare(r).text());
            parent.child(Field::Left).map(Node::text) != receiver
        }
        // `=> xs.sort()` of a callback whose result nobody takes is not told apart from one that is taken.
        Kind::ArrowFunction => returned(parent).is_some(),
        _ => true,
    }
}

/// Whether the result gets a name of its own, or is handed on: as if the list itself stayed as it was.
fn is_named(node: Node<'_>) -> bool {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::ParenthesizedExpression | Kind::MemberExpression | Kind::CallExpression => at = parent,
            Kind::ArrowFunction | Kind::ReturnStatement => return at != node,
            _ => return true,
        }
    }
    true
}

/// Whether a name stands for a function's rest parameter.
fn is_rest(function: Node<'_>, root: Node<'_>) -> bool {
    parameters(function)
        .iter()
        .any(|p| p.text().strip_prefix("...").is_some_and(|n| n.split([':', ' ']).next() == Some(root.text())))
}

fn reassigned(function: Node<'_>, name: &str) -> bool {
    function.descendants().any(|n| {
        matches!(n.kind(), Kind::AssignmentExpression | Kind::VariableDeclarator)
            && [Field::Left, Field::Name].iter().any(|f| n.child(*f).is_some_and(|l| l.text() == name))
    })
}

/// Whether the parameter is what a promise brought: `get(url).then((r) => r.items.reverse())` sorts an answer that nobody else has.
fn is_answer(function: Node<'_>) -> bool {
    function
        .parent()
        .and_then(|a| a.parent())
        .and_then(method)
        .is_some_and(|(of, n)| n.text() == "then" && bare(of).kind() == Kind::CallExpression)
}

/// Whether the parameter is that of a callback, over whose values nothing is known: `groups.map((g) => g.sort())` sorts
/// arrays that were just made as often as not.
fn runs_over_own(function: Node<'_>, root: Node<'_>) -> bool {
    function.parent().is_some_and(|p| p.kind() == Kind::Arguments)
        && root.parent().is_some_and(|p| {
            p.kind() == Kind::MemberExpression
                && p.child(Field::Property).is_some_and(|m| matches!(m.text(), "sort" | "reverse"))
        })
}
