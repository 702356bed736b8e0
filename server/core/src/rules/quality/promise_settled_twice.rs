use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{exits, parameters};
use crate::rules::support::{args, bare, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "promise-settled-twice",
    summary: "a promise's executor goes on after it has settled the promise",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[670],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds executors of `new Promise` in which `resolve` or `reject` is certain to be called again after it was called: the first in an `if` without `return`, the second after it.",
        why: "Only the first call counts. What follows it runs although the promise has failed: requests are sent, files are written, and its errors are lost.",
        example: "if (!url) reject(new Error('no url'));\nresolve(fetch(url));",
        instead: "if (!url) return reject(new Error('no url'));\nresolve(fetch(url));",
        limits: "Only calls in the same function and statement list. Where the second call stands in a branch or a callback, nothing is said, and neither where the two belong to one branch each.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::NewExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function f(u) { return new Promise((resolve, reject) => {\n if (!u) reject(new Error('x'));\n resolve(fetch(u)); //~ promise-settled-twice\n }); }",
        ),
        Case::bad(
            "a.js",
            "function f(u) { return new Promise((resolve, reject) => {\n if (!u) { reject(new Error('x')); }\n go(u);\n resolve(1); //~ promise-settled-twice\n }); }",
        ),
        Case::bad(
            "a.js",
            "new Promise(function (ok, fail) {\n if (bad) fail(1);\n else go();\n ok(2); //~ promise-settled-twice\n});",
        ),
        Case::bad("a.js", "new Promise((resolve) => {\n resolve(1);\n resolve(2); //~ promise-settled-twice\n});"),
        Case::bad(
            "a.js",
            "new Promise((resolve, reject) => {\n fs.readFile(p, (err, data) => {\n  if (err) reject(err);\n  resolve(data); //~ promise-settled-twice\n });\n});",
        ),
        Case::bad(
            "a.ts",
            "new Promise<void>((resolve, reject) => {\n db.run(q, (e) => {\n  if (e) { reject(e); }\n  resolve(); //~ promise-settled-twice\n });\n});",
        ),
        Case::bad(
            "a.js",
            "new Promise((resolve, reject) => {\n try { go(); } catch (e) { reject(e); }\n resolve(1); //~ promise-settled-twice\n});",
        ),
        Case::bad(
            "a.js",
            "new Promise((resolve, reject) => {\n if (a) { if (b) { log(b); } reject(a); }\n resolve(2); //~ promise-settled-twice\n});",
        ),
        Case::good("a.js", "new Promise((resolve, reject) => { if (bad) return reject(1); resolve(2); });"),
        Case::good("a.js", "new Promise((resolve, reject) => { if (bad) { reject(1); return; } resolve(2); });"),
        Case::good("a.js", "new Promise((resolve, reject) => { if (bad) { reject(1); } else { resolve(2); } });"),
        Case::good(
            "a.js",
            "new Promise((resolve, reject) => { s.on('end', () => resolve(1)); s.on('error', (e) => reject(e)); });",
        ),
        Case::good(
            "a.js",
            "new Promise((resolve, reject) => { fs.readFile(p, (err, d) => err ? reject(err) : resolve(d)); });",
        ),
        Case::good("a.js", "new Promise((resolve) => { setTimeout(resolve, 10); });"),
        Case::good(
            "a.js",
            "new Promise((resolve, reject) => { switch (k) { case 1: resolve(1); break; default: reject(2); } });",
        ),
        Case::good("a.js", "function f(resolve, reject) { if (x) reject(1); resolve(2); }"),
        Case::near_miss(
            "a.js",
            "new Promise((resolve, reject) => { const t = setTimeout(() => reject(1), 9); go(() => { clearTimeout(t); resolve(2); }); });",
        ),
        Case::near_miss(
            "a.js",
            "new Promise((resolve, reject) => { if (bad) { reject(1); throw new Error('x'); } resolve(2); });",
        ),
        Case::near_miss("a.js", "new Promise((resolve, reject) => { if (a) resolve(1); if (b) reject(2); });"),
        Case::near_miss(
            "a.js",
            "new Promise((resolve, reject) => { for (const x of xs) { if (x) { resolve(x); } } });",
        ),
        Case::near_miss(
            "a.js",
            "new Promise((resolve, reject) => { if (bad) reject(1); const g = () => { resolve(2); }; g2(g); });",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.child(Field::Constructor).is_none_or(|c| c.text() != "Promise") {
        return;
    }
    let Some(executor) = args(node).next().map(bare).filter(|f| is_function(*f) && !f.is_hole()) else { return };
    let names: Vec<&str> =
        parameters(executor).into_iter().take(2).filter(|p| p.kind() == Kind::Identifier).map(Node::text).collect();
    let Some(body) = executor.child(Field::Body) else { return };
    // The executor itself, and callbacks inside of it, each by itself.
    for list in std::iter::once(body).chain(body.descendants()).filter(|n| n.kind() == Kind::StatementBlock) {
        let hidden = list
            .ancestors()
            .take_while(|a| *a != executor)
            .any(|a| is_function(a) && parameters(a).iter().any(|p| names.contains(&p.text())));
        if !hidden {
            twice(list, &names, cx);
        }
    }
}

/// A statement that may settle the promise and goes on, and one after it that certainly does.
fn twice<'a>(list: Node<'a>, names: &[&str], cx: &mut Cx<'a>) {
    let mut settled: Option<Node<'a>> = None;
    for statement in list.named_children() {
        if let (Some(first), Some(second)) = (settled, call_of(statement, names)) {
            let message = format!(
                "The promise is settled already when control comes from the `{}` above: this does nothing then, and what it computes is lost. Return after the first.",
                first.child(Field::Function).map_or("", Node::text)
            );
            let at = Span { start: first.span().start, end: first.span().start };
            let mut note = Note::new(cx.rule, second.span(), message).related(first.span(), "settled here");
            if first.parent().is_some_and(|p| p.kind() == Kind::ExpressionStatement) {
                note = note.suggestion("Return there", vec![(at, "return ".to_owned())]);
            }
            cx.report(note);
            return;
        }
        if exits(statement) {
            return;
        }
        let here = match statement.kind() {
            Kind::ExpressionStatement => call_of(statement, names),
            Kind::IfStatement => branch(statement.child(Field::Consequence), names),
            Kind::TryStatement => branch(statement.child(Field::Handler).and_then(|h| h.child(Field::Body)), names),
            _ => None,
        };
        settled = settled.or(here);
    }
}

/// The call of an expression statement that settles the promise.
fn call_of<'a>(statement: Node<'a>, names: &[&str]) -> Option<Node<'a>> {
    let expression = match statement.kind() {
        Kind::ExpressionStatement | Kind::ReturnStatement => bare(statement.first_named()?),
        _ => return None,
    };
    (expression.kind() == Kind::CallExpression
        && expression.child(Field::Function).is_some_and(|f| f.kind() == Kind::Identifier && names.contains(&f.text())))
    .then_some(expression)
}

/// The settling call of a branch after which control goes on.
fn branch<'a>(branch: Option<Node<'a>>, names: &[&str]) -> Option<Node<'a>> {
    let branch = branch?;
    if branch.kind() != Kind::StatementBlock {
        return call_of(branch, names).filter(|_| branch.kind() != Kind::ReturnStatement);
    }
    if exits(branch) {
        return None;
    }
    branch.named_children().find_map(|s| call_of(s, names).filter(|_| s.kind() != Kind::ReturnStatement))
}
