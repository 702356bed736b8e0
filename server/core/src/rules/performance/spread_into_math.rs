use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, mentions, root_name};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "spread-into-math",
    summary: "a list of any length becomes arguments",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[770],
    families: &[Family::Ecma],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `Math.max(...list)`, `Math.min(...list)`, `list.push(...other)` in the same manner with `apply`, \
              and `String.fromCharCode(...bytes)` on lists whose length nothing bounds.",
        why: "Every element becomes an argument on the stack: from about 100,000 elements on (sooner in a deep call) it \
              throws `RangeError: Maximum call stack size exceeded`, in production first.",
        example: "const top = Math.max(...samples);",
        instead: "const top = samples.reduce((a, b) => Math.max(a, b), -Infinity);",
        limits: "Literals, short slices, and lists made from object keys or arguments are left alone, as are `push(...)` \
              with a spread, where lists are mostly short.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "const top = Math.max(...samples); //~ spread-into-math"),
        Case::bad("a.js", "const low = Math.min(...points.map((p) => p.y)); //~ spread-into-math"),
        Case::bad("a.js", "const t = Math.max.apply(null, samples); //~ spread-into-math"),
        Case::bad("a.js", "const s = String.fromCharCode(...bytes); //~ spread-into-math"),
        Case::bad("a.js", "function f(xs) { return Math.max(0, ...xs); } //~ spread-into-math"),
        Case::bad("a.js", "const s = String.fromCharCode.apply(null, new Uint8Array(buf)); //~ spread-into-math"),
        Case::bad("a.js", "const w = Math.max(...rows.map((r) => r.length), 10); //~ spread-into-math"),
        Case::bad("a.ts", "const m = Math.max(...(values as number[])); //~ spread-into-math"),
        Case::good("a.js", "const top = Math.max(a, b);"),
        Case::good("a.js", "const m = Math.max(...[a, b, c]);"),
        Case::good("a.js", "const t = xs.reduce((a, b) => Math.max(a, b), 0);"),
        Case::good("a.js", "f(...xs);"),
        Case::good("a.js", "const m = Math.max(...xs.slice(0, 10));"),
        Case::good("a.js", "const s = String.fromCharCode(65);"),
        Case::good("a.js", "const m = Math.hypot(...[x, y]);"),
        Case::good("a.js", "const m = math.max(...xs);"),
        Case::near_miss("a.js", "const m = Math.max(...Object.values(counts));"),
        Case::near_miss("a.js", "function f(...args) { return Math.max(...args); }"),
        Case::near_miss("a.js", "const m = Math.max(...[1, 2].map((x) => x * 2));"),
        Case::near_miss("a.js", "const sizes = [10, 20, 30];\nconst m = Math.max(...sizes);"),
        Case::near_miss("a.js", "function f() { return Math.max.apply(null, arguments); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let (path, list) = match callee.text() {
        "Math.max.apply" | "Math.min.apply" | "String.fromCharCode.apply" => {
            (callee.text().trim_end_matches(".apply"), args(node).nth(1))
        }
        "Math.max" | "Math.min" | "String.fromCharCode" => {
            (callee.text(), args(node).find(|a| a.kind() == Kind::SpreadElement).and_then(Node::first_named))
        }
        _ => return,
    };
    let Some(list) = list.map(bare).filter(|l| !is_short(*l, 4)) else { return };
    let message = format!(
        "Every element of `{}` becomes an argument of `{path}`: a long list overflows the stack. Use a loop or `reduce`.",
        short(list)
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

fn short(list: Node<'_>) -> &str {
    root_name(list).map_or("the list", Node::text)
}

/// Whether the list's length is known to be small.
fn is_short(list: Node<'_>, depth: usize) -> bool {
    let list = bare(list);
    match list.kind() {
        _ if depth == 0 => false,
        Kind::Array => !list
            .named_children()
            .any(|e| e.kind() == Kind::SpreadElement && e.first_named().is_some_and(|s| !is_short(s, depth - 1))),
        Kind::Identifier => {
            let rest = list.arena().nodes().any(|n| n.kind() == Kind::RestPattern && mentions(n, list.text()));
            list.text() == "arguments"
                || rest
                || declarator(list).and_then(|d| d.child(Field::Value)).is_some_and(|v| is_short(v, depth - 1))
        }
        Kind::CallExpression => match method(list) {
            Some((receiver, name)) => match name.text() {
                "keys" | "values" | "entries" => receiver.text() == "Object",
                "slice" | "splice" | "subarray" => args(list).count() == 2,
                "map" | "filter" | "concat" | "flat" => is_short(receiver, depth - 1),
                _ => false,
            },
            None => false,
        },
        _ => false,
    }
}
