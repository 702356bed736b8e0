use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, parameters, report_in, root_name};
use crate::rules::support::{bare, is_function, method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "returned-from-for-each",
    summary: "a value is returned from the callback of `forEach`, and lost",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[394],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `return value` under a condition in the callback of `forEach`, where the value is the element or a part of it, or where the function around returns a fixed value behind the loop.",
        why: "It leaves the callback for one element, and nothing else: the loop runs on, the value is thrown away, and the function returns what stands behind the loop, whatever was found.",
        example: "users.forEach((u) => {\n  if (u.id === id) return u;\n});\nreturn null;",
        instead: "return users.find((u) => u.id === id) ?? null;",
        limits: "An empty `return`, the result of a call (`return next(err)`), and `forEach` of libraries that stop or gather (lodash, immutable, TypeScript's) are left alone, and so are callbacks that return on every way.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function find(users, id) {\n  users.forEach((u) => {\n    if (u.id === id) return u; //~ returned-from-for-each\n  });\n  return null;\n}",
        ),
        Case::bad(
            "a.js",
            "function has(xs, x) {\n  xs.forEach(function (y) {\n    if (y === x) {\n      return true; //~ returned-from-for-each\n    }\n  });\n  return false;\n}",
        ),
        Case::bad(
            "a.ts",
            "export function name(xs: X[], id: string) {\n  xs.forEach((x) => {\n    if (x.id === id) { return x.name; } //~ returned-from-for-each\n  });\n}",
        ),
        Case::bad(
            "a.js",
            "function ok(list) { list.forEach(item => { if (!item.valid) { return false; } }); return true; } //~ returned-from-for-each",
        ),
        Case::bad(
            "a.ts",
            "class A { get(k: string) { this.items.forEach((item, i) => { if (item.k === k) return i; }); return -1; } } //~ returned-from-for-each",
        ),
        Case::bad(
            "a.js",
            "const first = (m) => { m.forEach((v, k) => { switch (v) { case 1: return k; default: log(k); } }); }; //~ returned-from-for-each",
        ),
        Case::bad(
            "a.js",
            "function f(a) { Object.keys(a).forEach((k) => { if (a[k]) { return k; } }); return undefined; } //~ returned-from-for-each",
        ),
        Case::bad(
            "a.js",
            "function f(rows) { rows.forEach((row) => { for (const c of row) { if (c.big) return c; } if (row.ok) return row; }); return null; } //~ returned-from-for-each",
        ),
        Case::good(
            "a.js",
            "function find(users, id) { for (const u of users) { if (u.id === id) return u; } return null; }",
        ),
        Case::good("a.js", "function f(xs) { xs.forEach((x) => { if (!x) return; use(x); }); return null; }"),
        Case::good("a.js", "const f = (xs, id) => xs.find((x) => { if (x.id === id) return true; return false; });"),
        Case::good(
            "a.js",
            "function f(xs, done) { xs.forEach((x) => { if (x.bad) return done(x); use(x); }); return null; }",
        ),
        Case::good(
            "a.js",
            "function f(xs) { let found; xs.forEach((x) => { if (x.ok) { found = x; } }); return found; }",
        ),
        Case::good("a.js", "function f(xs) { return xs.some((x) => { if (x.ok) return true; return false; }); }"),
        Case::good(
            "a.js",
            "function f(xs) { xs.forEach((x) => { const ys = x.map((y) => { if (y) return y; return 0; }); use(ys); }); return null; }",
        ),
        Case::good("a.js", "function f(xs) { xs.forEach((x) => x.id); }"),
        Case::near_miss("a.js", "function f(xs) { _.forEach(xs, (x) => { if (x.ok) return false; }); return true; }"),
        Case::near_miss("a.js", "function f(node) { return ts.forEachChild(node, (n) => { if (n.ok) return n; }); }"),
        Case::near_miss(
            "a.js",
            "function f(xs) { xs.forEach((x) => { if (x.a) { return true; } use(x); }); use(xs); }",
        ),
        Case::near_miss("a.js", "function f(xs) { xs.forEach((x) => { if (x.skip) return x; use(x); return x; }); }"),
        Case::near_miss("a.js", "function f(map) { return map.forEach((v) => { if (v.ok) return v; }); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node).filter(|(_, n)| n.text() == "forEach") else { return };
    // What uses the result is another `forEach`.
    if node.parent().is_none_or(|p| p.kind() != Kind::ExpressionStatement) {
        return;
    }
    let root = root_name(receiver).map_or("", Node::text);
    if matches!(root, "_" | "lodash" | "R" | "ts" | "async" | "angular" | "$" | "jQuery" | "I" | "Immutable") {
        return;
    }
    let Some(function) = callback(node, 0, cx) else { return };
    let Some(body) = function.child(Field::Body).filter(|b| b.kind() == Kind::StatementBlock) else { return };
    if function.has_token("async") || body.last_named().is_some_and(|s| s.kind() == Kind::ReturnStatement) {
        return;
    }
    let names: Vec<&str> = parameters(function).iter().map(|p| p.text()).collect();
    let fixed = fixed_behind(node);
    let lost = body.descendants_until(|n| is_function(n)).find(|r| {
        let Some(value) = r.first_named().filter(|_| r.kind() == Kind::ReturnStatement).map(bare) else { return false };
        let conditional = r.ancestors().take_while(|a| *a != body).any(|a| {
            matches!(a.kind(), Kind::IfStatement | Kind::SwitchStatement | Kind::ForInStatement | Kind::ForStatement)
        });
        let element = match value.kind() {
            Kind::Identifier | Kind::MemberExpression | Kind::SubscriptExpression => {
                !value.descendants().any(|n| n.kind() == Kind::CallExpression)
                    && root_name(value).is_some_and(|n| names.contains(&n.text()))
            }
            _ => false,
        };
        let literal = matches!(value.kind(), Kind::True | Kind::False) || value.kind() == Kind::Identifier && !element;
        conditional
            && (element || literal && value.kind() != Kind::Identifier && fixed.is_some_and(|f| f != value.text()))
    });
    let Some(lost) = lost else { return };
    let message = "This leaves the callback for one element: `forEach` throws the value away and runs on. Use `find`, `some` or a `for .. of` loop.";
    let _ = name;
    report_in(cx, function, Note::new(cx.rule, lost.span(), message));
}

/// The fixed value that the function around returns right behind the loop.
fn fixed_behind<'a>(call: Node<'a>) -> Option<&'a str> {
    let next = statement(call).next_named_sibling().filter(|s| s.kind() == Kind::ReturnStatement)?;
    let value = bare(next.first_named()?);
    matches!(value.kind(), Kind::True | Kind::False | Kind::Null | Kind::Undefined).then(|| value.text())
}
