use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{is_array, operator};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "for-in-array",
    summary: "`for .. in` goes over the keys of a list, or over a number",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[670],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `for (const x in list)` where `list` is certainly an array and `x` is used as an element or in arithmetic, and `for (const i in list.length)`.",
        why: "`in` gives the keys, as text: `x` is `\"0\"`, `\"1\"`, .., and `x + 1` is `\"01\"`. Properties that somebody added to the array come too. Over a number the loop never runs.",
        example: "for (const name in ['a', 'b']) { greet(name); }",
        instead: "for (const name of ['a', 'b']) { greet(name); }",
        limits: "Keys that only serve as an index (`list[i]`) are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForInStatement], check)],
    cases: &[
        Case::bad("a.js", "for (const i in xs.length) { go(i); } //~ for-in-array"),
        Case::bad("a.js", "for (const n in ['a', 'b']) { greet(n); } //~ for-in-array"),
        Case::bad("a.js", "const xs = [1, 2]; for (const x in xs) { total += x * 2; } //~ for-in-array"),
        Case::bad("a.ts", "function f(xs: string[]) { for (const x in xs) { greet(x); } } //~ for-in-array"),
        Case::bad("a.js", "const ys = xs.map((x) => x.id); for (const y in ys) { go(y.name); } //~ for-in-array"),
        Case::bad(
            "a.js",
            "function f(s) { const parts = s.split(','); for (const p in parts) { go(p.trim()); } } //~ for-in-array",
        ),
        Case::bad("a.ts", "function f(xs: number[]) { for (const i in xs) { go(xs[i + 1]); } } //~ for-in-array"),
        Case::bad("a.js", "for (let k in Object.keys(o)) { go(o[k]); } //~ for-in-array"),
        Case::good("a.js", "for (const x of xs) { go(x); }"),
        Case::good("a.js", "for (const k in o) { go(k, o[k]); }"),
        Case::good("a.ts", "function f(xs: string[]) { for (const i in xs) { go(xs[i]); } }"),
        Case::good("a.js", "for (const k in { a: 1 }) { go(k); }"),
        Case::good("a.js", "for (let i = 0; i < xs.length; i++) { go(i); }"),
        Case::good("a.js", "const xs = [1]; for (const i in xs) { xs[i] = 0; }"),
        Case::good("a.js", "for (const k in map.size) { go(k); }\nfor (const k in config) { go(k); }"),
        Case::good("a.ts", "function f(o: Record<string, string>) { for (const k in o) { go(k); } }"),
        Case::near_miss(
            "a.ts",
            "function f(xs: string[]) { for (const i in xs) { if (Object.hasOwn(xs, i)) { go(xs[i]); } } }",
        ),
        Case::near_miss("a.ts", "function f(xs: string[]) { for (const i in xs) { go(Number(i)); } }"),
        Case::near_miss("a.js", "function f(xs) { for (const x in xs) { greet(x); } }"),
        Case::near_miss("a.ts", "function f(xs: string[]) { for (const i in xs) { console.log(i, xs[i]); } }"),
        Case::bad(
            "a.js",
            "function total(numbers) {\n  let sum = 0;\n  const list = [1, 2].concat(numbers);\n  for (const n in list) { //~ for-in-array\n    sum += n;\n  }\n  return sum;\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.child(Field::Operator).is_none_or(|o| o.text() != "in") {
        return;
    }
    let (Some(left), Some(over), Some(body)) =
        (node.child(Field::Left), node.child(Field::Right).map(bare), node.child(Field::Body))
    else {
        return;
    };
    let mut head = node.span();
    head.end = over.span().end;
    let length =
        over.kind() == Kind::MemberExpression && over.child(Field::Property).is_some_and(|p| p.text() == "length");
    if length || over.kind() == Kind::Number {
        let message = "A number has no keys, so that this loop never runs. Count with `for (let i = 0; i < n; i++)`.";
        cx.report(Note::new(cx.rule, head, message));
        return;
    }
    if left.kind() != Kind::Identifier || !is_array(over) {
        return;
    }
    let name = left.text();
    let uses: Vec<Node<'a>> = body.descendants().filter(|n| n.kind() == Kind::Identifier && n.text() == name).collect();
    let over_text = over.text();
    let index = |n: &Node<'a>| {
        n.parent().is_some_and(|p| {
            p.kind() == Kind::SubscriptExpression
                && n.field() == Field::Index
                && p.child(Field::Object).is_some_and(|o| o.text() == over_text)
        })
    };
    let arithmetic = uses.iter().find(|n| {
        n.parent().is_some_and(|p| p.kind() == Kind::BinaryExpression && matches!(operator(p), "+" | "*" | "/" | "%"))
    });
    let any_index = uses.iter().any(index);
    let wrong = if any_index { arithmetic.copied() } else { uses.iter().find(|n| is_element(**n)).copied() };
    let Some(wrong) = wrong else { return };
    let message =
        format!("`{name}` is a key as text, \"0\", \"1\" and so on, not an element. `of` gives the elements.");
    let mut note = Note::new(cx.rule, head, message).related(wrong.span(), "used as a value");
    if !any_index && let Some(word) = node.child(Field::Operator) {
        note = note.suggestion("Go over the elements", vec![(word.span(), "of".to_owned())]);
    }
    cx.report(note);
}

/// Whether the loop's variable is used for more than a key: in arithmetic, as an object, handed over alone.
fn is_element(n: Node<'_>) -> bool {
    n.parent().is_some_and(|p| match p.kind() {
        Kind::BinaryExpression => matches!(operator(p), "+" | "*" | "/" | "-" | "%"),
        Kind::AugmentedAssignmentExpression => n.field() == Field::Right,
        Kind::MemberExpression => n.field() == Field::Object,
        Kind::SubscriptExpression => true,
        Kind::Arguments => p.parent().is_some_and(|c| {
            let callee = c.child(Field::Function).map_or("", Node::text);
            p.named_children().count() == 1
                && !matches!(callee, "Number" | "parseInt" | "String" | "Object.hasOwn" | "hasOwn")
                && !callee.starts_with("console.")
                && !callee.ends_with("hasOwnProperty")
        }),
        _ => false,
    })
}
