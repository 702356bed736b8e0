use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "sort-for-minmax",
    summary: "a list is sorted for its first or last element",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[407],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `list.sort(..)[0]`, `.sort(..).at(-1)`, `.sort(..).pop()`, `.sort(..).shift()` and taking only the \
              first element of a list sorted in place.",
        why: "Sorting takes n log n comparisons, and reorders the list for everybody else, where one pass finds the \
              least or greatest element.",
        example: "const oldest = users.sort((a, b) => b.age - a.age)[0];",
        instead: "const oldest = users.reduce((best, u) => (u.age > best.age ? u : best));",
        limits: "Only if the sorted list itself is not used again in the expression. Short literals are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::SubscriptExpression, Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "const oldest = users.sort((a, b) => b.age - a.age)[0]; //~ sort-for-minmax"),
        Case::bad("a.js", "const min = xs.sort((a, b) => a - b)[0]; //~ sort-for-minmax"),
        Case::bad("a.js", "const max = [...xs].sort((a, b) => a - b).pop(); //~ sort-for-minmax"),
        Case::bad("a.js", "const last = xs.slice().sort(byDate).at(-1); //~ sort-for-minmax"),
        Case::bad("a.js", "const first = Object.keys(o).sort()[0]; //~ sort-for-minmax"),
        Case::bad("a.js", "const newest = files.filter((f) => f.ok).sort(byTime).reverse()[0]; //~ sort-for-minmax"),
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
        Case::near_miss("a.js", "const min = [a, b].sort()[0];"),
        Case::near_miss("a.js", "const x = sort(xs)[0];"),
        Case::near_miss("a.js", "const q = await db.find().sort({ at: -1 })[0];"),
        Case::near_miss("a.js", "const x = xs.sort(cmp)[i];"),
        Case::near_miss("a.js", "const d = Model.find().sort('-at').at(0);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
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
    let literal = list.kind() == Kind::Array && !list.named_children().any(|e| e.kind() == Kind::SpreadElement);
    if query || literal || list.text().contains(".find(") {
        return;
    }
    let message = "The whole list is sorted for one of its elements. One pass finds the least or greatest: `reduce`, or `Math.min` and `Math.max`.";
    cx.report(Note::new(cx.rule, Span { start: name.span().start, end: node.span().end }, message));
}
