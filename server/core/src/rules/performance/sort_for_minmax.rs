use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::lists::is_surely_data;
use crate::rules::rust_code::call_on;
use crate::rules::rust_names::{binding, repeats_within, uses};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{home, operator};
use crate::rules::support::{args, bare, is_function, is_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "sort-for-minmax",
    summary: "a list is sorted for its first or last element",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[407],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `list.sort(..)[0]`, `.sort(..).at(-1)`, `.sort(..).pop()`, `.sort(..).shift()` and taking only the \
              first element of a list sorted in place. In Rust: a vector that is sorted and of which nothing but its first or last element is asked.",
        why: "Sorting takes n log n comparisons, and reorders the list for everybody else, where one pass finds the \
              least or greatest element.",
        example: "const oldest = users.sort((a, b) => b.age - a.age)[0];",
        instead: "const oldest = users.reduce((best, u) => (u.age > best.age ? u : best));",
        limits: "Only if the sorted list itself is not used again in the expression. Short literals are left alone.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::SubscriptExpression, Kind::CallExpression], check),
        Check::Nodes(&[Kind::VariableDeclarator], kept),
        Check::Nodes(&[Kind::CallExpression], rust_check),
    ],
    cases: &[
        Case::near_miss(
            "a.ts",
            "function top(shapes: S[], byPage: Record<string, S[]>) { const [page] = Object.entries(byPage).sort(([, a], [, b]) => b.length - a.length)[0]; return page; }",
        ),
        Case::near_miss(
            "a.ts",
            "function role(currentUserGroups: string[], rank: R) { const sorted = currentUserGroups.filter((g) => g in rank).sort((a, b) => rank[a] - rank[b]); return sorted[0]; }",
        ),
        Case::near_miss(
            "a.js",
            "function stem(word, suffixes) { const matches = suffixes.filter((s) => word.endsWith(s)); return matches.sort((a, b) => b.length - a.length)[0]; }",
        ),
        Case::near_miss("a.js", "const first = Object.keys(o).sort()[0];"),
        Case::bad("a.js", "const oldest = users.sort((a, b) => b.age - a.age)[0]; //~ sort-for-minmax"),
        Case::bad("a.js", "const min = xs.sort((a, b) => a - b)[0]; //~ sort-for-minmax"),
        Case::bad("a.js", "const max = [...xs].sort((a, b) => a - b).pop(); //~ sort-for-minmax"),
        Case::bad("a.js", "const last = xs.slice().sort(byDate).at(-1); //~ sort-for-minmax"),
        Case::near_miss("a.js", "const first = files.map((f) => f.path).sort()[0];"),
        Case::near_miss("a.js", "const newest = files.filter((f) => f.ok).sort(byTime).reverse()[0];"),
        Case::bad("a.js", "const newest = files.sort(byTime).reverse()[0]; //~ sort-for-minmax"),
        Case::near_miss(
            "a.ts",
            "function root(path: string, uris: string[]) { const roots = uris.filter((u) => path.startsWith(u)); return roots.sort((a, b) => b.length - a.length)[0]; }",
        ),
        Case::bad("a.js", "const [x] = [xs.toSorted(cmp).at(0)]; //~ sort-for-minmax"),
        Case::bad("a.js", "const low = ys.sort().shift(); //~ sort-for-minmax"),
        Case::good("a.js", "const sorted = xs.sort();"),
        Case::good("a.js", "const min = Math.min(...xs);"),
        Case::good("a.js", "const second = xs.sort(cmp)[1];"),
        Case::good("a.js", "const top = xs.sort(cmp).slice(0, 3);"),
        Case::good("a.js", "const x = xs[0];"),
        Case::good("a.js", "xs.sort(cmp).forEach(go);"),
        Case::good("a.js", "const x = xs.at(-1);"),
        Case::good("a.js", "const r = xs.reverse()[0];"),
        Case::bad(
            "a.rs",
            "fn f(mut xs: Vec<u32>) -> Option<u32> { xs.sort(); xs.last().copied() } //~ sort-for-minmax",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[i32]) -> i32 { let mut s = v.to_vec(); s.sort(); s[s.len() - 1] } //~ sort-for-minmax",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[U]) -> Option<U> { let mut s = v.to_vec(); s.sort_by_key(|u| u.age); s.into_iter().next() } //~ sort-for-minmax",
        ),
        Case::good("a.rs", "fn f(mut xs: Vec<u32>) -> (Option<u32>, Vec<u32>) { xs.sort(); (xs.last().copied(), xs) }"),
        Case::good("a.rs", "fn f(mut xs: Vec<u32>) -> u32 { xs.sort(); xs[xs.len() / 2] }"),
        Case::bad(
            "a.ts",
            "export function f(xs: P[]) { const sorted = [...xs].sort((a, b) => b.price - a.price); return sorted[0]; } //~ sort-for-minmax",
        ),
        Case::good(
            "a.ts",
            "export function f(xs: P[]) { const sorted = [...xs].sort((a, b) => b.price - a.price); return [sorted[0], sorted]; }",
        ),
        Case::near_miss("a.js", "const min = [a, b].sort()[0];"),
        Case::near_miss("a.js", "const x = sort(xs)[0];"),
        Case::near_miss("a.js", "const q = await db.find().sort({ at: -1 })[0];"),
        Case::near_miss("a.js", "const x = xs.sort(cmp)[i];"),
        Case::near_miss("a.js", "const d = Model.find().sort('-at').at(0);"),
        Case::near_miss(
            "a.ts",
            "function f(runs: Run[]) { return runs.slice().sort((a, b) => score(a) - score(b) || a.tti - b.tti)[0]; }",
        ),
        Case::near_miss("a.ts", "const latest = versions.sort((a, b) => semver.rcompare(a, b))[0];"),
        Case::near_miss(
            "a.js",
            "export const latest = (versions) => versions.filter((v) => !semver.prerelease(v)).sort(semver.rcompare)[0];",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let taken = match node.kind() {
        Kind::SubscriptExpression => match (node.child(Field::Object), node.child(Field::Index)) {
            (Some(object), Some(index)) if index.text() == "0" => object,
            _ => return,
        },
        _ => match method(node) {
            Some((receiver, name)) => {
                let first = args(node).next().map(Node::text);
                match (name.text(), first) {
                    ("pop" | "shift", None) | ("at", Some("0" | "-1")) => receiver,
                    _ => return,
                }
            }
            None => return,
        },
    };
    let mut sorted = bare(taken);
    if let Some((receiver, name)) = method(sorted)
        && name.text() == "reverse"
    {
        sorted = bare(receiver);
    }
    let Some((list, name)) = method(sorted) else { return };
    if !matches!(name.text(), "sort" | "toSorted") {
        return;
    }
    let list = bare(list);
    // Databases' queries sort by names; literals are short.
    let query = args(sorted).next().map(bare).is_some_and(|a| matches!(a.kind(), Kind::Object | Kind::String));
    if !is_plain(args(sorted).next().map(bare)) {
        return;
    }
    let literal = list.kind() == Kind::Array && !list.named_children().any(|e| e.kind() == Kind::SpreadElement);
    // Of texts that were just taken out of a list no shorter way finds the first.
    let texts = args(sorted).next().is_none() && method(list).is_some_and(|(_, m)| m.text() == "map");
    if query || literal || texts || list.text().contains(".find(") || !may_be_long(list) {
        return;
    }
    let message = "The whole list is sorted for one of its elements. One pass finds the least or greatest: `reduce`, or `Math.min` and `Math.max`.";
    cx.report(Note::new(cx.rule, Span { start: name.span().start, end: node.span().end }, message));
}

/// Whether a list, or the one that it copies, holds data: a handful is sorted as fast as it is looked through.
fn may_be_long(list: Node<'_>) -> bool {
    let copied = (list.kind() == Kind::Array)
        .then(|| list.named_children().find(|e| e.kind() == Kind::SpreadElement).and_then(Node::first_named))
        .flatten();
    let list = copied.unwrap_or(list);
    // The entries of an object are a handful of groups.
    // What was picked out of a list is a handful as well.
    let picked = |n: Node<'_>| method(n).is_some_and(|(_, m)| m.text() == "filter") || n.text().contains(".filter(");
    is_surely_data(list)
        && !list.text().contains("Object.")
        && !picked(list)
        && !picked(crate::rules::support::constant(bare(list)))
}

/// Whether a comparator asks one thing of each side, so that one pass is as short to write: `(a, b) => a.total - b.total`.
fn is_plain(comparator: Option<Node<'_>>) -> bool {
    let Some(function) = comparator else { return true };
    // A library's comparison is not rewritten for a few versions: `semver.rcompare`.
    if !is_function(function) || function.is_hole() {
        return function.kind() != Kind::MemberExpression;
    }
    let Some(mut body) = function.child(Field::Body) else { return false };
    if body.kind() == Kind::StatementBlock {
        let mut statements = body.named_children().filter(|n| !n.is_comment());
        let (Some(only), None) = (statements.next(), statements.next()) else { return false };
        let Some(value) = only.first_named().filter(|_| only.kind() == Kind::ReturnStatement) else { return false };
        body = value;
    }
    let several = |n: Node<'_>| match n.kind() {
        Kind::BinaryExpression => matches!(operator(n), "||" | "&&" | "??"),
        Kind::CallExpression => {
            !method(n).is_some_and(|(_, m)| matches!(m.text(), "localeCompare" | "getTime" | "valueOf"))
                && n.child(Field::Function).is_none_or(|f| !matches!(f.text(), "Number" | "Date.parse" | "String"))
        }
        _ => false,
    };
    !several(bare(body)) && !body.descendants().any(several)
}

/// `const sorted = list.sort(..); return sorted[0];`, where nothing else is asked of it.
fn kept<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(variable), Some(value)) = (node.child(Field::Name), node.child(Field::Value).map(bare)) else { return };
    if cx.family() != Family::Ecma || variable.kind() != Kind::Identifier {
        return;
    }
    let Some((list, name)) = method(value).filter(|(_, n)| matches!(n.text(), "sort" | "toSorted")) else { return };
    let list = bare(list);
    let literal = list.kind() == Kind::Array && !list.named_children().any(|e| e.kind() == Kind::SpreadElement);
    let query = args(value).next().map(bare).is_some_and(|a| matches!(a.kind(), Kind::Object | Kind::String));
    if !is_plain(args(value).next().map(bare)) {
        return;
    }
    let around = home(node);
    if !is_function(around) || literal || query || list.text().contains(".find(") || !may_be_long(list) {
        return;
    }
    let mut uses = Vec::new();
    for n in around.descendants() {
        if n.is_hole() {
            return;
        }
        let named = matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier);
        if named && n.text() == variable.text() && n != variable {
            uses.push(n);
        }
    }
    let indexed = |n: Node<'a>, index: &str| {
        n.parent().is_some_and(|p| {
            p.kind() == Kind::SubscriptExpression
                && n.field() == Field::Object
                && p.child(Field::Index).is_some_and(|i| i.text().replace(' ', "") == index)
        })
    };
    let one = match uses.as_slice() {
        [only] => {
            let taken = only
                .parent()
                .and_then(|m| m.parent())
                .and_then(method)
                .is_some_and(|(of, m)| of == *only && matches!(m.text(), "at" | "pop" | "shift"));
            indexed(*only, "0") || taken
        }
        [of, _] => indexed(*of, &format!("{}.length-1", variable.text())),
        _ => false,
    };
    let again =
        uses.first().is_some_and(|u| u.ancestors().take_while(|a| *a != around).any(|a| is_loop(a) || is_function(a)));
    if one && !again {
        let message = "The whole list is sorted for one of its elements. One pass finds the least or greatest: `reduce`, or `Math.min` and `Math.max`.";
        cx.report(Note::new(cx.rule, Span { start: name.span().start, end: value.span().end }, message));
    }
}

// Rust.

/// `v.sort(); v.last()`, where nothing else uses the sorted vector.
fn rust_check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let Some((list, name)) = method(node).filter(|(l, n)| l.kind() == Kind::Identifier && n.text().starts_with("sort"))
    else {
        return;
    };
    let stands_alone = node.parent().filter(|p| p.kind() == Kind::ExpressionStatement);
    let Some(block) = stands_alone.and_then(|s| s.parent()).filter(|b| b.kind() == Kind::Block) else { return };
    let Some(bound) = binding(list) else { return };
    let owned = type_of(list, cx).is_some_and(|t| t.refs == 0 && matches!(t.name, "Vec" | "[;]"));
    let Some(all) = uses(&bound, cx).filter(|_| owned) else { return };
    let after: Vec<Node<'a>> = all.into_iter().filter(|u| u.span().start > node.span().end).collect();
    let Some(first) = after.first().copied() else { return };
    if !block.span().contains(first.span()) || repeats_within(first, block) {
        return;
    }
    let taken = match after.as_slice() {
        [only] => match call_on(*only) {
            Some((call, m)) => match (m.text(), args(call).next().map(Node::text)) {
                ("first" | "last" | "pop", None) | ("remove" | "swap_remove", Some("0")) => true,
                ("iter" | "into_iter", None) => {
                    call_on(call).is_some_and(|(_, n)| matches!(n.text(), "next" | "last" | "next_back"))
                }
                _ => false,
            },
            None => only.parent().is_some_and(|p| {
                p.kind() == Kind::IndexExpression
                    && p.first_named() == Some(*only)
                    && p.named_children().nth(1).is_some_and(|i| i.text() == "0")
            }),
        },
        // `v[v.len() - 1]`
        [of, _] => of.parent().is_some_and(|p| {
            p.kind() == Kind::IndexExpression
                && p.named_children().nth(1).is_some_and(|i| i.text() == format!("{}.len() - 1", list.text()))
        }),
        _ => false,
    };
    if taken {
        let message = "The whole list is sorted for one of its elements. `iter().min()` or `max()`, or one of the forms with `_by_key`, finds it in one pass.";
        let span = Span { start: name.span().start, end: node.span().end };
        cx.report(Note::new(cx.rule, span, message).related(first.span(), "all that is asked of it"));
    }
}
