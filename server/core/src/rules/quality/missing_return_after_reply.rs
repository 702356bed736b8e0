use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{exits, root_name};
use crate::rules::support::{args, bare, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "missing-return-after-reply",
    summary: "after an answer the code runs on and answers again",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[705],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds an `if` without `else` that ends in an answer (`res.send(..)`, `res.json(..)`, `callback(err)`, `next(err)`) and does not leave, where the code behind answers again.",
        why: "The second answer throws `Cannot set headers after they are sent`, or calls the callback twice: the caller goes on twice, once with an error and once without data.",
        example: "app.get('/', (req, res) => {\n  if (!req.user) {\n    res.status(401).send('no');\n  }\n  res.send('hello');\n});",
        instead: "app.get('/', (req, res) => {\n  if (!req.user) {\n    return res.status(401).send('no');\n  }\n  res.send('hello');\n});",
        limits: "Only where both are plain statements of the same function, one behind the other. Branches that leave in any way, and streams that are written in parts, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IfStatement], check)],
    cases: &[
        Case::near_miss(
            "a.ts",
            "function end(res, status, body) { res.status(status); if (body) { res.send(body); } res.status(200).end(); }",
        ),
        Case::bad(
            "a.ts",
            "function end(res, body) { if (body) { res.json(body); } res.end('none'); } //~ missing-return-after-reply",
        ),
        Case::bad(
            "a.js",
            "app.get('/', (req, res) => { if (!req.user) { res.status(401).send('no'); } res.send('hello'); }); //~ missing-return-after-reply",
        ),
        Case::bad(
            "a.js",
            "function load(id, callback) { db.get(id, (err, row) => { if (err) { callback(err); } callback(null, row); }); } //~ missing-return-after-reply",
        ),
        Case::bad(
            "a.js",
            "function f(err, data, cb) { if (err) cb(err); cb(null, data); } //~ missing-return-after-reply",
        ),
        Case::bad(
            "a.ts",
            "export const get = async (req: Request, res: Response) => {\n  const user = await find(req.params.id);\n  if (!user) {\n    res.status(404).json({ error: 'none' }); //~ missing-return-after-reply\n  }\n  res.json(user);\n};",
        ),
        Case::bad(
            "a.js",
            "function auth(req, res, next) { if (!req.token) { res.redirect('/login'); } next(); } //~ missing-return-after-reply",
        ),
        Case::bad(
            "a.js",
            "function auth(req, res, next) { if (!req.token) { next(new Error('no')); } check(req); next(); } //~ missing-return-after-reply",
        ),
        Case::bad(
            "a.js",
            "function f(req, res) { if (!req.q) { res.writeHead(400); res.end('q'); } const x = work(req.q); res.end(x); } //~ missing-return-after-reply",
        ),
        Case::good(
            "a.js",
            "app.get('/', (req, res) => { if (!req.user) { return res.status(401).send('no'); } res.send('hello'); });",
        ),
        Case::good(
            "a.js",
            "app.get('/', (req, res) => { if (!req.user) { res.send('no'); return; } res.send('hello'); });",
        ),
        Case::good(
            "a.js",
            "app.get('/', (req, res) => { if (!req.user) { res.send('no'); } else { res.send('hello'); } });",
        ),
        Case::good("a.js", "function f(err, data, cb) { if (err) return cb(err); cb(null, data); }"),
        Case::good("a.js", "function f(err, cb) { if (err) { throw err; } cb(null); }"),
        Case::near_miss("a.js", "function f(req, res) { if (req.head) { res.write('<p>'); } res.end('</p>'); }"),
        Case::near_miss("a.js", "function f(xs, next) { if (xs.length) { next(xs.shift()); } log(xs); }"),
        Case::near_miss("a.js", "function f(req, res) { if (!req.q) { res.status(400); } res.send('x'); }"),
        Case::near_miss("a.js", "function f(a, cb) { if (a) { cb(a); } setTimeout(() => cb(2), 10); }"),
        Case::near_miss("a.js", "function walk(node, cb) { if (node.left) { cb(node.left); } cb(node); }"),
        Case::bad(
            "a.ts",
            "import express from 'express';\nconst app = express();\napp.post('/a', (req, res) => {\n  if (!req.body) {\n    res.status(400).send('empty'); //~ missing-return-after-reply\n  }\n  res.send('ok');\n});",
        ),
        Case::good(
            "a.ts",
            "import express from 'express';\nconst app = express();\napp.post('/a', (req, res) => { if (!req.body) { return res.status(400).send('empty'); } res.send('ok'); });",
        ),
        Case::good(
            "a.ts",
            "import express from 'express';\nconst app = express();\napp.post('/a', (req, res) => { if (!req.body) { res.status(400).send('empty'); return; } res.send('ok'); });",
        ),
        Case::good(
            "a.ts",
            "import express from 'express';\nconst app = express();\napp.post('/a', (req, res) => { if (!req.body) { res.status(400).send('empty'); } else { res.send('ok'); } });",
        ),
    ],
};

/// What ends an answer.
const ENDS: &[&str] = &["send", "json", "jsonp", "end", "redirect", "render", "sendFile", "sendStatus", "download"];

/// Names of parameters that are called once with the outcome.
const CALLBACKS: &[&str] = &["callback", "cb", "done", "next"];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || node.child(Field::Alternative).is_some() {
        return;
    }
    let Some(then) = node.child(Field::Consequence) else { return };
    if exits(then)
        || then.descendants_until(is_function).any(|n| {
            matches!(
                n.kind(),
                Kind::ReturnStatement | Kind::ThrowStatement | Kind::BreakStatement | Kind::ContinueStatement
            )
        })
    {
        return;
    }
    let last = if then.kind() == Kind::StatementBlock { then.last_named() } else { Some(then) };
    let Some(first) = last.and_then(answer) else { return };
    // The rest of the list answers as a plain statement again.
    let mut at = node.next_named_sibling();
    let mut steps = 0;
    while let Some(next) = at {
        steps += 1;
        if steps > 12 {
            return;
        }
        if let Some(second) = answer(next) {
            // `if (body) res.send(body); res.end();`: an answer that is over is ended again without harm.
            let closes = second.response && args(second.call).next().is_none();
            if closes && first.response && method(second.call).is_some_and(|(_, m)| m.text() == "end") {
                return;
            }
            if first.receiver == second.receiver
                || first.response && second.is("next")
                || second.response && first.is("next")
            {
                tell(node, &first, &second, cx);
            }
            return;
        }
        if !matches!(next.kind(), Kind::ExpressionStatement | Kind::LexicalDeclaration | Kind::VariableDeclaration)
            || next.is_hole()
        {
            return;
        }
        at = next.next_named_sibling();
    }
}

fn tell<'a>(node: Node<'a>, first: &Answer<'a>, second: &Answer<'a>, cx: &mut Cx<'a>) {
    let condition = node.child(Field::Condition).map_or("", Node::text);
    // A callback that is called for every one of several things has no error to tell.
    if !first.response && !first.is("next") && !first.fails && !condition.contains("err") {
        return;
    }
    if first.is("next") && second.is("next") && !first.fails {
        return;
    }
    let what = if second.response { "the answer is sent again" } else { "the callback is called again" };
    let message = format!("The branch ends with an answer and does not leave: {what} below. `return` here.");
    cx.report(
        Note::new(cx.rule, first.call.span(), message)
            .related(node.span(), "the branch")
            .related(second.call.span(), "answers again here"),
    );
}

struct Answer<'a> {
    call: Node<'a>,
    /// The response's or the callback's name.
    receiver: &'a str,
    response: bool,
    /// Whether an error is handed over.
    fails: bool,
}

impl Answer<'_> {
    fn is(&self, name: &str) -> bool {
        !self.response && self.receiver == name
    }
}

/// The answer that a statement is.
fn answer<'a>(statement: Node<'a>) -> Option<Answer<'a>> {
    if statement.kind() != Kind::ExpressionStatement {
        return None;
    }
    let mut call = statement.first_named().map(bare)?;
    if call.kind() == Kind::AwaitExpression {
        call = call.first_named().map(bare)?;
    }
    if let Some((of, name)) = method(call) {
        let root = root_name(of)?;
        let response = matches!(root.text(), "res" | "response" | "reply") && ENDS.contains(&name.text());
        return response.then(|| Answer { call, receiver: root.text(), response: true, fails: false });
    }
    let callee =
        call.child(Field::Function).filter(|f| call.kind() == Kind::CallExpression && f.kind() == Kind::Identifier)?;
    let fails = args(call).next().map(bare).is_some_and(|a| {
        a.kind() == Kind::NewExpression || {
            let text = a.text().to_ascii_lowercase();
            a.kind() == Kind::Identifier
                && (text.starts_with("err") || text == "e" || text.ends_with("error") || text.ends_with("err"))
        }
    });
    CALLBACKS.contains(&callee.text()).then(|| Answer { call, receiver: callee.text(), response: false, fails })
}
