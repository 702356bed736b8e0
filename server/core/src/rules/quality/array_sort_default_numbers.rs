use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, function, operator, returned, written_type};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "array-sort-default-numbers",
    summary: "numbers are sorted as text",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[697],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `sort()` and `toSorted()` without a comparison function on arrays of numbers: literals, arrays \
              declared as `number[]`, results of `map(Number)` and the like.",
        why: "Without a comparison function the elements are compared as text: `[10, 9, 1]` becomes `[1, 10, 9]`. It \
              works in the first test and fails with the first number of two digits.",
        example: "const ranks = names.map((n) => n.length).sort();",
        instead: "const ranks = names.map((n) => n.length).sort((a, b) => a - b);",
        limits: "Only where the elements are certainly numbers; typed arrays sort by value and are silent.",
        fix: "The suggestion adds `(a, b) => a - b`. It changes the order, which is the point.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "const r = [10, 9, 1].sort(); //~ array-sort-default-numbers"),
        Case::bad("a.js", "const r = names.map((n) => n.length).sort(); //~ array-sort-default-numbers"),
        Case::bad("a.ts", "function f(xs: number[]) { return xs.sort(); } //~ array-sort-default-numbers"),
        Case::bad("a.js", "const ids = Object.keys(o).map(Number).sort(); //~ array-sort-default-numbers"),
        Case::bad("a.ts", "const xs: Array<number> = load();\nxs.sort(); //~ array-sort-default-numbers"),
        Case::bad(
            "a.js",
            "const r = s.split(',').map((x) => parseInt(x, 10)).toSorted(); //~ array-sort-default-numbers",
        ),
        Case::bad(
            "a.js",
            "const r = rows.map((r) => +r.score).filter(Boolean).sort().reverse(); //~ array-sort-default-numbers",
        ),
        Case::bad(
            "a.ts",
            "function f(xs: readonly number[]) { return [...xs].sort(); } //~ array-sort-default-numbers",
        ),
        Case::bad("a.js", "const sizes = [300, 20, 1000];\nsizes.sort(); //~ array-sort-default-numbers"),
        Case::good("a.js", "const r = [10, 9, 1].sort((a, b) => a - b);"),
        Case::good("a.js", "const r = names.sort();"),
        Case::good("a.js", "const r = ['b', 'a'].sort();"),
        Case::good("a.ts", "function f(xs: string[]) { return xs.sort(); }"),
        Case::good("a.ts", "function f(xs: number[]) { return xs.sort(byValue); }"),
        Case::good("a.js", "const r = Object.keys(o).sort();"),
        Case::good("a.js", "const r = names.map((n) => n.name).sort();"),
        Case::good("a.js", "const r = names.map(String).sort();"),
        Case::near_miss("a.ts", "function f(xs: Uint8Array) { return xs.sort(); }"),
        Case::near_miss("a.js", "const r = new Float64Array([3, 20, 1]).sort();"),
        Case::near_miss("a.js", "const r = [1, 'a', 2].sort();"),
        Case::near_miss("a.js", "const r = xs.map((x) => x.length + 'px').sort();"),
        Case::near_miss("a.js", "const r = sort([10, 9]);"),
        Case::bad(
            "a.ts",
            "interface Order { total: number; name: string }\nexport const totals = (os: Order[]) => os.map((o) => o.total).sort(); //~ array-sort-default-numbers",
        ),
        Case::bad(
            "a.ts",
            "export const a = (ns: string[]) => ns.toSorted();\nexport const b = (ns: number[]) => ns.toSorted(); //~ array-sort-default-numbers",
        ),
        Case::near_miss(
            "a.ts",
            "interface Order { total: number; name: string }\nexport const names = (os: Order[]) => os.map((o) => o.name).sort();",
        ),
        Case::near_miss(
            "a.ts",
            "interface Order { total: number }\ninterface Row { total: string }\nexport const totals = (os: Row[]) => os.map((o) => o.total).sort();",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    if !matches!(name.text(), "sort" | "toSorted") || args(node).next().is_some() || !holds_numbers(receiver, 6, cx) {
        return;
    }
    let span = Span { start: name.span().start, end: node.span().end };
    let message = format!(
        "These are numbers, and `{}()` compares them as text: 10 comes before 9. Give it `(a, b) => a - b`.",
        name.text()
    );
    let inside = Span { start: node.span().end - 1, end: node.span().end - 1 };
    cx.report(
        Note::new(cx.rule, span, message).suggestion("Compare as numbers", vec![(inside, "(a, b) => a - b".into())]),
    );
}

/// Whether an expression is certainly an array of numbers.
fn holds_numbers<'a>(node: Node<'a>, depth: usize, cx: &Cx<'a>) -> bool {
    let node = bare(node);
    match node.kind() {
        _ if depth == 0 => false,
        Kind::Array => {
            let mut elements = node.named_children().peekable();
            elements.peek().is_some()
                && elements.all(|e| match e.kind() {
                    Kind::SpreadElement => e.first_named().is_some_and(|s| holds_numbers(s, depth - 1, cx)),
                    _ => is_number(e),
                })
        }
        Kind::Identifier => {
            if let Some(written) = written_type(node) {
                return is_numbers(written);
            }
            let value = declarator(node).filter(|d| d.child(Field::Type).is_none()).and_then(|d| d.child(Field::Value));
            value.is_some_and(|v| holds_numbers(v, depth - 1, cx))
        }
        Kind::CallExpression => {
            let Some((receiver, name)) = method(node) else { return false };
            match name.text() {
                "map" => gives_number(node, cx),
                "filter" | "slice" | "concat" | "reverse" | "sort" | "flat" => holds_numbers(receiver, depth - 1, cx),
                _ => false,
            }
        }
        _ => false,
    }
}

fn is_numbers(written: &str) -> bool {
    let written = written.strip_prefix("readonly ").unwrap_or(written);
    matches!(written, "number[]" | "Array<number>" | "ReadonlyArray<number>")
}

/// Whether the callback of a `map` gives numbers.
fn gives_number<'a>(call: Node<'a>, cx: &Cx<'a>) -> bool {
    let Some(mapper) = args(call).next() else { return false };
    if matches!(bare(mapper).text(), "Number" | "parseFloat" | "Number.parseFloat") {
        return true;
    }
    let Some(mapper) = function(mapper, cx) else { return false };
    let numbers = &cx.file.declared.numbers;
    let written = |v: Node<'_>| {
        let v = bare(v);
        v.kind() == Kind::MemberExpression
            && v.child(Field::Object).is_some_and(|o| o.kind() == Kind::Identifier)
            && v.child(Field::Property).is_some_and(|p| numbers.contains(p.text()))
    };
    returned(mapper).is_some_and(|values| !values.is_empty() && values.iter().all(|v| is_number(*v) || written(*v)))
}

fn is_number(node: Node<'_>) -> bool {
    let node = bare(node);
    match node.kind() {
        Kind::Number => !node.text().ends_with('n'),
        Kind::UnaryExpression => match operator(node) {
            "+" => true,
            "-" => node.child(Field::Argument).is_some_and(|a| a.kind() == Kind::Number),
            _ => false,
        },
        Kind::CallExpression => {
            let callee = node.child(Field::Function).map_or("", Node::text);
            matches!(callee, "Number" | "parseInt" | "parseFloat" | "Number.parseInt" | "Number.parseFloat")
                || callee.starts_with("Math.") && callee.len() > 5
                || callee.ends_with(".getTime")
        }
        Kind::MemberExpression => node.child(Field::Property).is_some_and(|p| p.text() == "length"),
        Kind::BinaryExpression => matches!(operator(node), "-" | "*" | "/" | "%" | "**"),
        _ => false,
    }
}
