use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, exits, parameters, returned};
use crate::rules::support::{args, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "missing-return-in-callback",
    summary: "a callback that must give a value gives none",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[394],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds callbacks of `map`, `filter`, `reduce`, `sort`, `some`, `every`, `find`, `flatMap` and `Array.from` \
              whose body is a block without any `return` of a value, and callbacks of `reduce` and `map` that can reach their end \
              without one where other ways give one.",
        why: "The result is then `undefined` for every element: `map` gives a list of `undefined`, `filter` an empty \
              one, and `reduce` loses its accumulator.",
        example: "const names = users.map((u) => { u.name; });",
        instead: "const names = users.map((u) => u.name);",
        limits: "Callbacks that always throw and generators are left alone, as are `map` calls whose result nobody uses, \
              async callbacks, and `find` with a Node-style callback (`(err, docs)`).",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::near_miss(
            "a.ts",
            "async function off(names: string[], q: Q) { const all = names.map((n) => { const p = q.find(n); if (p) { return q.remove(p); } else { warn(n); } }); await Promise.all(all); }",
        ),
        Case::near_miss(
            "a.js",
            "const used = columns.reduce((found, column, i) => { if (found !== undefined) { return found; } switch (column) { case 'used': return i; } });",
        ),
        Case::near_miss(
            "a.js",
            "const texts = keys.map((k) => { if (k == 'min') return 'at least'; if (k == 'max') return 'at most'; });\nconst s = texts.join(' and ');",
        ),
        Case::near_miss("a.js", "const s = rows.map((r) => { queue.push(r); }).once('pipe', go);"),
        Case::bad("a.js", "const names = users.map((u) => { u.name; }); //~ missing-return-in-callback"),
        Case::bad("a.js", "const on = xs.filter(function (x) { x.on === true; }); //~ missing-return-in-callback"),
        Case::bad("a.js", "const sum = xs.reduce((a, x) => { a + x; }, 0); //~ missing-return-in-callback"),
        Case::bad("a.js", "xs.sort((a, b) => { a - b; }); //~ missing-return-in-callback"),
        Case::bad("a.js", "if (xs.some((x) => { x.ok; })) { go(); } //~ missing-return-in-callback"),
        Case::bad(
            "a.js",
            "const sum = xs.reduce((acc, x) => { //~ missing-return-in-callback\n  if (x.ok) { return acc + x.n; }\n}, 0);",
        ),
        Case::bad("a.js", "const u = users.find((u) => { u.id === id; }); //~ missing-return-in-callback"),
        Case::bad("a.js", "const v = Array.from(set, (x) => { x * 2; }); //~ missing-return-in-callback"),
        Case::bad("a.js", "const all = xs.flatMap((x) => { load(x); }); //~ missing-return-in-callback"),
        Case::bad(
            "a.ts",
            "export const f = (xs: string[]): number[] => xs.map((x: string) => { parse(x); }); //~ missing-return-in-callback",
        ),
        Case::bad(
            "a.js",
            "const v = xs.map((value) => { //~ missing-return-in-callback\n  const first = value.first + ' this callback is long enough to become a block of its own in the tree';\n  const second = value.second + ' and so is looked at through a placeholder';\n  log(first, second);\n});",
        ),
        Case::bad(
            "a.js",
            "function labels(items) { return items.map((i) => { if (i.name) return i.name; }); } //~ missing-return-in-callback",
        ),
        Case::near_miss("a.js", "const names = items.map((i) => { if (i.name) return i.name; }).filter(Boolean);"),
        Case::near_miss("a.js", "const names = items.map((i) => { if (i.name) return i.name; else return; });"),
        Case::good("a.js", "const names = users.map((u) => u.name);"),
        Case::good("a.js", "const names = users.map((u) => { return u.name; });"),
        Case::good("a.js", "xs.forEach((x) => { use(x); });"),
        Case::good("a.js", "const sum = xs.reduce((a, x) => { if (x) { return a + x; } return a; }, 0);"),
        Case::good("a.js", "const names = users.map((u) => ({ name: u.name }));"),
        Case::good("a.js", "xs.sort((a, b) => { if (a < b) return -1; return 1; });"),
        Case::good("a.js", "const on = xs.filter((x) => { return x.on; });"),
        Case::good("a.js", "const v = xs.map((x) => { throw new Error(x); });"),
        Case::near_miss("a.js", "users.map((u) => { u.save(); });"),
        Case::near_miss("a.js", "User.find(function (err, users) { if (err) fail(err); show(users); });"),
        Case::near_miss("a.js", "const on = xs.filter((x) => { if (x.on) return true; });"),
        Case::near_miss("a.js", "const v = xs.map(save);"),
        Case::near_miss("a.js", "await Promise.all(xs.map(async (x) => { await save(x); }));"),
        Case::near_miss("a.js", "const v = xs.map(function* (x) { yield x; });"),
        Case::near_miss("a.js", "const c = _.find(xs, (x) => { x.ok; });"),
        Case::near_miss(
            "a.js",
            "const sum = xs.reduce((acc, x) => { switch (x.k) { case 1: return acc; default: return acc + 1; } }, 0);",
        ),
        Case::bad(
            "a.ts",
            "const s = (os: O[]) => [...os].sort((a, b) => { //~ missing-return-in-callback\n  if (a.t < b.t) return -1;\n  if (a.t > b.t) return 1;\n});",
        ),
        Case::near_miss(
            "a.ts",
            "const text = ['a', 'b'].map((p) => { const fill = o[p]; if (isFiller(fill)) { return fill.toSVG(); } }).join('');",
        ),
        Case::near_miss(
            "a.ts",
            "const fs = keys(encoding).reduce((details, channel) => { switch (channel) { case X: case Y: return details; case DETAIL: return [...details, 1]; } }, []);",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    // `Option.map(f)` of a module for functions is no array's `map`.
    let module =
        receiver.kind() == Kind::Identifier && receiver.text().starts_with(|c: char| c.is_uppercase() || c == '_');
    let at = match name.text() {
        _ if module && name.text() != "from" => return,
        "map" | "filter" | "reduce" | "reduceRight" | "sort" | "toSorted" | "some" | "every" | "find" | "findIndex"
        | "findLast" | "flatMap" => 0,
        "from" if receiver.text() == "Array" => 1,
        _ => return,
    };
    // A result that nobody uses makes it a loop.
    let unused = node.parent().is_some_and(|p| p.kind() == Kind::ExpressionStatement);
    if unused && !matches!(name.text(), "sort" | "reduce") || at == 0 && args(node).count() > 2 {
        return;
    }
    let Some(callback) = callback(node, at, cx) else { return };
    let Some(body) = callback.child(Field::Body).filter(|b| b.kind() == Kind::StatementBlock) else { return };
    // Several async callbacks are waited for, not asked for values.
    if callback.has_token("*") || callback.has_token("async") || body.descendants().any(|n| n.is_error()) {
        return;
    }
    let parameters = parameters(callback);
    // Models of databases, and events, call back with an error first; streams and tests call without values.
    if parameters.first().is_none_or(|p| matches!(p.text(), "err" | "error" | "e" | "_err")) {
        return;
    }
    // Who waits for all of them waits for `undefined` as well.
    let all = |list: &str| format!("Promise.all({list})");
    let waited = name.text() == "map"
        && node.parent().is_some_and(|p| match p.kind() {
            Kind::VariableDeclarator => p.child(Field::Name).is_some_and(|n| {
                let text = node.arena().text();
                text.contains(&all(n.text())) || text.contains(&format!("Promise.allSettled({})", n.text()))
            }),
            Kind::Arguments => p.parent().is_some_and(|c| {
                c.child(Field::Function).is_some_and(|f| matches!(f.text(), "Promise.all" | "Promise.allSettled"))
            }),
            _ => false,
        });
    if waited && body.descendants_until(is_function).any(|n| n.kind() == Kind::ReturnStatement) {
        return;
    }
    // What is not found yet is `undefined`: `reduce((found, x) => { if (found !== undefined) { return found; } .. })`.
    let searches = matches!(name.text(), "reduce" | "reduceRight")
        && parameters.first().is_some_and(|p| {
            let text = body.text();
            ["!== undefined", "=== undefined", "!= null", "== null"]
                .iter()
                .any(|t| text.contains(&format!("{} {t}", p.text())))
        });
    if searches {
        return;
    }
    // A stream or a lazy list has a `map` of its own: `rows.map(f).once('pipe', go)`.
    let chained = node.parent().filter(|p| p.kind() == Kind::MemberExpression).and_then(|p| p.child(Field::Property));
    if chained.is_some_and(|m| matches!(m.text(), "once" | "on" | "pipe" | "subscribe")) {
        return;
    }
    // A table of `if`s, each for one value of the same parameter, has all of them.
    let asks = |s: Node<'a>| {
        let condition =
            s.child(Field::Condition).map(crate::rules::support::bare).filter(|_| s.kind() == Kind::IfStatement)?;
        let (left, right) = crate::rules::shape::operands(condition)?;
        let equal = matches!(crate::rules::shape::operator(condition), "==" | "===") && right.kind() == Kind::String;
        equal.then(|| left.text())
    };
    let mut tests = body.named_children().filter(|s| !s.is_comment()).map(asks);
    let table = match tests.next() {
        Some(Some(first)) => {
            let rest: Vec<_> = tests.collect();
            !rest.is_empty() && rest.iter().all(|t| *t == Some(first))
        }
        _ => false,
    };
    if table {
        return;
    }
    let values = returned(callback).unwrap_or_default();
    // A `switch` over all kinds, which TypeScript checks.
    let covered = !cx.file.path.ends_with("js")
        && body.last_named().is_some_and(|s| {
            s.kind() == Kind::SwitchStatement
                && s.child(Field::Body).is_some_and(|b| {
                    b.named_children().last().is_some_and(|c| crate::rules::shape::case_body(c).any(exits))
                })
        });
    let ends = !exits(body) && !covered;
    let what = if values.is_empty() && ends && body.first_named().is_some() {
        "returns nothing"
    } else if name.text().starts_with("reduce") && !values.is_empty() && ends {
        "can reach its end without returning the accumulator"
    } else if matches!(name.text(), "sort" | "toSorted") && !values.is_empty() && ends {
        "gives no number on some way"
    } else if matches!(name.text(), "map" | "from") && partly(node, body, &values) && ends {
        "returns a value on some ways and none on others"
    } else {
        return;
    };
    let message =
        format!("The callback of `{}` {what}, so that its result is `undefined` there. Return the value.", name.text());
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// Whether some ways give a value, and the result is not sifted for those that do not.
fn partly(call: Node<'_>, body: Node<'_>, values: &[Node<'_>]) -> bool {
    let all = body
        .descendants_until(crate::rules::support::is_function)
        .filter(|n| n.kind() == Kind::ReturnStatement)
        .count();
    let mut at = call;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::ParenthesizedExpression | Kind::AwaitExpression | Kind::AsExpression => at = parent,
            Kind::MemberExpression => {
                return !values.is_empty()
                    && all == values.len()
                    && parent.child(Field::Property).is_some_and(|p| matches!(p.text(), "length" | "reduce" | "sort"));
            }
            // React leaves out what is undefined, and functions may sift what they are given.
            Kind::JsxExpression | Kind::Arguments | Kind::SpreadElement => return false,
            _ => break,
        }
    }
    let named = at.parent().filter(|p| p.kind() == Kind::VariableDeclarator).and_then(|p| p.child(Field::Name));
    let sifted = named.is_some_and(|n| {
        let text = n.text();
        call.arena().nodes().any(|m| {
            m.kind() == Kind::MemberExpression
                && m.child(Field::Object).is_some_and(|o| o.text() == text)
                && m.child(Field::Property).is_some_and(|p| matches!(p.text(), "filter" | "find" | "some"))
        })
    });
    let markup = values
        .iter()
        .any(|v| v.descendants().any(|n| matches!(n.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement)));
    !values.is_empty() && all == values.len() && !sifted && !markup
}
