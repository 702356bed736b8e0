use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, operands, operator, parameters, returned};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "reduce-without-start",
    summary: "a sum over objects begins with an object",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[682],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `list.reduce((sum, x) => sum + x.price)` without a first value, where the callback adds properties of the elements to the sum.",
        why: "Without a first value the sum begins with the first element itself: `[object Object]` and the rest as text. An empty list throws.",
        example: "const total = items.reduce((sum, item) => sum + item.price);",
        instead: "const total = items.reduce((sum, item) => sum + item.price, 0);",
        limits: "Only if the callback reads a property of each element, and takes the sum as it is.",
        fix: "The suggested fix adds `0`.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "const t = items.reduce((sum, i) => sum + i.price); //~ reduce-without-start"),
        Case::bad("a.js", "const t = items.reduce((sum, i) => sum + i.price * i.qty); //~ reduce-without-start"),
        Case::bad(
            "a.ts",
            "const t = rows.map(load).reduce((a: number, r: Row) => a + r.amount); //~ reduce-without-start",
        ),
        Case::bad(
            "a.js",
            "const t = items.reduce(function (sum, i) { return sum + i.size; }); //~ reduce-without-start",
        ),
        Case::bad("a.js", "const t = xs.reduce((m, x) => Math.max(m, x.height)); //~ reduce-without-start"),
        Case::bad("a.js", "const t = words.reduce((n, w) => n + w.length); //~ reduce-without-start"),
        Case::bad(
            "a.js",
            "const t = xs.reduce((n, x) => { const v = x.a; return n + x.a; }); //~ reduce-without-start",
        ),
        Case::bad("a.js", "const t = this.cart.items.reduce((s, i) => i.product.price + s); //~ reduce-without-start"),
        Case::good("a.js", "const t = items.reduce((sum, i) => sum + i.price, 0);"),
        Case::good("a.js", "const t = xs.reduce((a, b) => a + b);"),
        Case::good("a.js", "const t = xs.reduce((a, b) => (a.size > b.size ? a : b));"),
        Case::good("a.js", "const t = xs.reduce((a, b) => a.concat(b.items));"),
        Case::good("a.js", "const t = parts.reduce((a, b) => a + b.trim());"),
        Case::good("a.js", "const t = xs.reduce((a, b) => a.n + b.n);"),
        Case::good("a.js", "const t = xs.reduce((a, b) => Math.max(a, b));"),
        Case::good("a.js", "const t = xs.reduce((a, b) => a + b.n, start);"),
        Case::near_miss("a.js", "const t = xs.reduce((a, b, i, all) => a + all.length);"),
        Case::near_miss("a.js", "const t = xs.map((x) => x.n).reduce((a, b) => a + b);"),
        Case::near_miss("a.js", "const t = xs.reduce((a, b) => ({ n: a.n + b.n }));"),
        Case::near_miss("a.js", "const t = sum.reduce((a, b) => a + tax.rate * b);"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((_, name)) = method(node).filter(|(_, m)| matches!(m.text(), "reduce" | "reduceRight")) else { return };
    if args(node).count() != 1 {
        return;
    }
    let Some(function) = callback(node, 0, cx) else { return };
    let given = parameters(function);
    let (Some(sum), Some(element)) = (given.first(), given.get(1)) else { return };
    if sum.kind() != Kind::Identifier || element.kind() != Kind::Identifier {
        return;
    }
    let Some(values) = returned(function).filter(|v| !v.is_empty()) else { return };
    let adds = |value: &Node<'a>| {
        let value = bare(*value);
        let parts: Vec<Node<'a>> = match value.kind() {
            Kind::BinaryExpression if operator(value) == "+" => {
                operands(value).map(|(l, r)| vec![l, r]).unwrap_or_default()
            }
            Kind::CallExpression => method(value)
                .filter(|(of, m)| of.text() == "Math" && matches!(m.text(), "max" | "min"))
                .map(|_| args(value).collect())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        let [a, b] = parts.as_slice() else { return false };
        let (a, b) = (bare(*a), bare(*b));
        a.text() == sum.text() && reads(b, element.text()) || b.text() == sum.text() && reads(a, element.text())
    };
    // The sum may be something else than a number elsewhere.
    let taken_apart = function
        .descendants()
        .any(|n| n.kind() == Kind::MemberExpression && n.child(Field::Object).is_some_and(|o| o.text() == sum.text()));
    if taken_apart || !values.iter().all(adds) {
        return;
    }
    let message = "Without a first value this begins with the first element itself, and not with a number. Hand over `0` behind the callback.";
    let mut note = Note::new(cx.rule, name.span(), message);
    if let Some(last) = args(node).last() {
        let at = Span { start: last.span().end, end: last.span().end };
        note = note.suggestion("Begin with 0", vec![(at, ", 0".to_owned())]);
    }
    cx.report(note);
}

/// Whether a value is computed from properties of the element alone, and calls nothing.
fn reads(value: Node<'_>, element: &str) -> bool {
    let calls = std::iter::once(value).chain(value.descendants()).any(|n| n.kind() == Kind::CallExpression);
    let plain = value.descendants().chain([value]).filter(|n| n.kind() == Kind::Identifier && n.text() == element);
    let members =
        plain.map(|n| n.parent().is_some_and(|p| p.kind() == Kind::MemberExpression && n.field() == Field::Object));
    let members: Vec<bool> = members.collect();
    !calls && !members.is_empty() && members.into_iter().all(|m| m)
}
