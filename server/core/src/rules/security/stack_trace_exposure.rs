use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::root_name;
use crate::rules::support::{args, bare, is_function, key_name, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::kinds::SinkKind;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "stack-trace-exposure",
    summary: "an error's stack is sent to the client",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[209, 497, 200],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows the `stack` of errors into what a server answers: `res.send`, `res.json`, `res.end`, Koa's `ctx.body`, \
               Fastify's `reply.send` and their kin, and what handlers of Nest, hapi and AWS Lambda return; and whole errors, and the \
               messages of unforeseen ones (status 500), in the answers of Express and its kin, as well as the whole environment.",
        why: "A stack tells paths, versions and the inner structure of the server to whoever provokes an error, which is the first \
              thing an attacker does.",
        example: "app.use((err, req, res, next) => res.status(500).send(err.stack));",
        instead: "app.use((err, req, res, next) => {\n  log.error(err);\n  res.status(500).send('Something went wrong');\n});",
        limits: "A stack that a condition keeps for development (`NODE_ENV`, `isDev`, `debug`) is left alone, and so is an error's \
                 message under another status than 500, which is meant for the client.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::ErrorResponse],
            "`{sink}` sends {source} to the client, which tells about the server's inside. Log it and send a plain message.",
        ),
        Check::Nodes(&[Kind::CallExpression], failure),
        Check::Calls(&["errorhandler", "errorHandler"], developers),
        Check::Nodes(&[Kind::Object], answer),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const errorhandler = require('errorhandler');\napp.use(errorhandler()); //~ stack-trace-exposure",
        ),
        Case::good(
            "a.js",
            "const errorhandler = require('errorhandler');\nif (process.env.NODE_ENV !== 'production') app.use(errorhandler());",
        ),
        Case::bad(
            "a.ts",
            r#"import express, { Request, Response, NextFunction } from "express";
const app = express();
app.use((err: Error, req: Request, res: Response, next: NextFunction) => {
  res.status(500).json({ message: err.message, stack: err.stack }); //~ stack-trace-exposure
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import type { APIGatewayProxyEventV2 } from "aws-lambda";
export const lookup = async (event: APIGatewayProxyEventV2) => {
  try {
    return { statusCode: 200, body: await load(event) };
  } catch (err: any) {
    return { statusCode: 500, body: err.stack }; //~ stack-trace-exposure
  }
};"#,
        ),
        Case::bad(
            "a.js",
            "app.use((err, req, res, next) => {\n  res.status(500).send(err.stack); //~ stack-trace-exposure\n});",
        ),
        Case::bad(
            "a.js",
            "const http = require('http');\nhttp.createServer((req, res) => {\n  try { work(req); } catch (e) {\n    res.end(e.stack); //~ stack-trace-exposure\n  }\n});",
        ),
        Case::bad(
            "a.ts",
            "app.get('/', async (req: Request, res: Response) => {\n  try { await work(); } catch (error) {\n    res.json({ error: (error as Error).stack }); //~ stack-trace-exposure\n  }\n});",
        ),
        Case::bad(
            "a.js",
            "app.use(function (err, req, res, next) {\n  const details = 'Error: ' + err.stack;\n  res.write(details); //~ stack-trace-exposure\n});",
        ),
        Case::bad(
            "a.js",
            "function fail(res, e) { res.status(500).json({ message: e.message, stack: e.stack }); } //~ stack-trace-exposure\napp.get('/', (req, res) => { try { work(); } catch (e) { fail(res, e); } });",
        ),
        Case::bad(
            "a.js",
            "app.get('/', (req, res) => {\n  load().catch((err) => {\n    const { stack } = err;\n    res.send(`<pre>${stack}</pre>`); //~ stack-trace-exposure\n  });\n});",
        ),
        Case::bad(
            "a.js",
            "const fastify = require('fastify')();\nfastify.setErrorHandler((error, request, reply) => {\n  reply.send({ stack: error.stack }); //~ stack-trace-exposure\n});",
        ),
        Case::bad(
            "a.ts",
            "export default async function handler(req: NextApiRequest, res: NextApiResponse) {\n  try { await run(); } catch (err: any) {\n    res.status(500).json({ stack: err.stack.split('\\n') }); //~ stack-trace-exposure\n  }\n}\nimport type { NextApiRequest, NextApiResponse } from 'next';",
        ),
        Case::bad(
            "a.js",
            "app.use((err, req, res, next) => { const body = {}; body.trace = err.stack; res.send(body); }); //~ stack-trace-exposure",
        ),
        Case::bad(
            "a.js",
            "app.use((err, req, res, next) => { res.end(err && err.stack ? err.stack : 'oops'); }); //~ stack-trace-exposure",
        ),
        Case::bad(
            "a.js",
            "const Koa = require('koa');\nnew Koa().use(async (ctx, next) => {\n  try { await next(); } catch (err) {\n    ctx.body = err.stack; //~ stack-trace-exposure\n  }\n});",
        ),
        Case::bad(
            "a.js",
            "app.use((err, req, res, next) => { res.send(String(err.stack).replace(/\\n/g, '<br>')); }); //~ stack-trace-exposure",
        ),
        Case::bad(
            "a.js",
            "exports.handler = async (event) => { try { return await load(event); } catch (err) { return { statusCode: 500, body: JSON.stringify(err) }; } }; //~ stack-trace-exposure",
        ),
        Case::good(
            "a.js",
            "app.use((err, req, res, next) => { console.error(err.stack); res.status(500).send('oops'); });",
        ),
        Case::good(
            "a.js",
            "app.use((err, req, res, next) => { res.json({ stack: process.env.NODE_ENV === 'production' ? undefined : err.stack }); });",
        ),
        Case::good(
            "a.js",
            "app.use((err, req, res, next) => {\n  if (isDevelopment) { res.send(err.stack); } else { res.send('oops'); }\n});",
        ),
        Case::bad(
            "a.js",
            "app.get('/', async (req, res) => { try { await work(); } catch (err) { res.status(500).send(err.message); } }); //~ stack-trace-exposure",
        ),
        Case::good(
            "a.js",
            "app.use((err, req, res, next) => {\n  if (process.env.NODE_ENV === 'production') {\n    return res.sendStatus(500);\n  } else {\n    return res.status(500).send(err);\n  }\n});",
        ),
        Case::good(
            "a.js",
            "app.use((err, req, res, next) => {\n  if (IS_NODE_ENV_PRODUCTION) {\n    return res.status(500).send();\n  }\n  return res.status(500).send('failed: ' + err.stack);\n});",
        ),
        Case::good(
            "a.js",
            "app.use((err, req, res, next) => {\n  if (res.serverError) {\n    return res.serverError(err);\n  } else if (process.env.NODE_ENV !== 'production') {\n    return res.status(500).send(err);\n  }\n  return res.sendStatus(500);\n});",
        ),
        Case::bad(
            "a.js",
            "app.use((err, req, res, next) => {\n  if (res.headersSent) {\n    return next(err);\n  }\n  return res.status(500).send('failed: ' + err.stack); //~ stack-trace-exposure\n});",
        ),
        Case::bad(
            "a.js",
            "app.get('/', (req, res) => { db.all('SELECT 1', (err, rows) => { if (err) return res.status(500).json({ error: err }); res.json(rows); }); }); //~ stack-trace-exposure",
        ),
        Case::bad(
            "a.ts",
            "export async function get(req: Request, res: Response) { try { await work(); } catch (e) { res.status(500).json({ error: (e as Error).message }); } } //~ stack-trace-exposure",
        ),
        Case::bad("a.js", "app.get('/debug', (req, res) => { res.json(process.env); }); //~ stack-trace-exposure"),
        Case::good(
            "a.js",
            "app.get('/', async (req, res) => { try { await work(); } catch (err) { res.status(404).json({ error: err.message }); } });",
        ),
        Case::good(
            "a.js",
            "app.get('/', async (req, res) => { try { await work(); } catch (err) { res.status(500).json({ error: 'failed' }); } });",
        ),
        Case::near_miss(
            "a.js",
            "app.get('/', (req, res) => { const err = find(req); res.status(500).json({ error: err.code }); });",
        ),
        Case::good("a.js", "app.use((err, req, res, next) => { res.status(400).json({ error: err.message }); });"),
        Case::good(
            "a.js",
            "app.use((err, req, res, next) => { logger.error({ stack: err.stack }); res.sendStatus(500); });",
        ),
        Case::good("a.js", "app.get('/', (req, res) => { res.json({ cards: [...game.cards] }); });"),
        Case::good("a.js", "app.use((err, req, res, next) => { next(err.stack); });"),
        Case::good("a.js", "process.on('uncaughtException', (err) => { fs.appendFileSync('crash.log', err.stack); });"),
        Case::good(
            "a.js",
            "app.use((err, req, res, next) => { res.status(500).json({ ok: false, id: report(err.stack) }); });",
        ),
        Case::good(
            "a.js",
            "app.use((err, req, res, next) => { res.json({ error: 'x', ...(config.debug && { stack: err.stack }) }); });",
        ),
        Case::good("a.js", "try { work(); } catch (e) { console.log(e.stack); }"),
        Case::good("a.js", "app.use((err, req, res, next) => { res.json({ depth: err.stack.length }); });"),
        Case::near_miss("a.js", "const stack = []; stack.push(1); app.get('/', (req, res) => res.json(stack));"),
        Case::near_miss("a.js", "app.get('/', (req, res) => res.json({ stack: 'mern' }));"),
        Case::near_miss(
            "a.js",
            "app.get('/', (req, res) => { const depth = parser.stack.length; res.json({ depth }); });",
        ),
        Case::near_miss(
            "a.js",
            "app.use((err, req, res, next) => { delete err.stack; res.json({ error: err.message }); });",
        ),
        Case::near_miss(
            "a.js",
            "app.use((err, req, res, next) => { const body = { message: 'oops' }; if (app.get('env') === 'development') body.stack = err.stack; res.json(body); });",
        ),
        Case::near_miss("a.js", "const out = element.end(err.stack);"),
    ],
};

/// `res.status(500).send(err.message)`, `res.status(500).json({ error: err })` and `res.json(process.env)`.
fn failure<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, _)) = method(node).filter(|(_, n)| matches!(n.text(), "send" | "json" | "end")) else { return };
    let Some(root) = root_name(of).filter(|r| matches!(r.text(), "res" | "response" | "reply")) else { return };
    let Some(given) = args(node).next().map(bare) else { return };
    if given.text() == "process.env" {
        let message = "The whole environment goes to the client, and with it every secret that is kept there.";
        cx.report(Note::new(cx.rule, given.span(), message).severity(Severity::High));
        return;
    }
    if crate::rules::support::for_developers(node) {
        return;
    }
    // The stack is followed by its own.
    if !failed(of, node, root.text()) || given.text().contains("stack") {
        return;
    }
    let Some(told) = error_in(given, 4).filter(|e| caught(*e)) else { return };
    let message = "What went wrong inside is told to the client: messages of databases and files name tables, paths and hosts. Log the error and send a plain message.";
    cx.report(Note::new(cx.rule, told.span(), message).severity(Severity::Low).confidence(Confidence::Medium));
}

/// Whether the answer says that the server failed: `status(500)` in the chain, or `res.statusCode = 500` before.
fn failed(of: Node<'_>, call: Node<'_>, root: &str) -> bool {
    let mut at = bare(of);
    while let Some((inner, name)) = method(at) {
        if matches!(name.text(), "status" | "code") {
            return args(at).next().is_some_and(|a| a.text() == "500");
        }
        at = bare(inner);
    }
    let statement = crate::rules::support::statement(call);
    let before = statement.parent().into_iter().flat_map(Node::named_children);
    before.take_while(|s| s.index() < statement.index()).any(|s| {
        let text = s.text();
        text.starts_with(&format!("{root}.status(500)")) || text.starts_with(&format!("{root}.statusCode = 500"))
    })
}

/// The error, or its message, that a value hands on.
fn error_in<'a>(value: Node<'a>, depth: usize) -> Option<Node<'a>> {
    let value = bare(value);
    let depth = depth.checked_sub(1)?;
    match value.kind() {
        Kind::Identifier => Some(value),
        Kind::MemberExpression => {
            let told = value.child(Field::Property).is_some_and(|p| matches!(p.text(), "message" | "sqlMessage"));
            let object = value.child(Field::Object).map(bare).filter(|o| told && o.kind() == Kind::Identifier);
            object.map(|_| value)
        }
        Kind::Object => value.named_children().find_map(|p| match p.kind() {
            Kind::Pair => {
                let telling = key_name(p).is_some_and(|k| {
                    matches!(k.as_ref(), "error" | "err" | "message" | "details" | "detail" | "reason" | "msg")
                });
                p.child(Field::Value).filter(|_| telling).and_then(|v| error_in(v, depth))
            }
            Kind::ShorthandPropertyIdentifier => Some(p),
            _ => None,
        }),
        Kind::BinaryExpression => [Field::Right, Field::Left].iter().find_map(|f| error_in(value.child(*f)?, depth)),
        Kind::TemplateString => value
            .named_children()
            .filter(|c| c.kind() == Kind::TemplateSubstitution)
            .find_map(|c| error_in(c.first_named()?, depth)),
        Kind::CallExpression => {
            let text = value.child(Field::Function).map_or("", Node::text);
            let hands_on = matches!(text, "String" | "JSON.stringify")
                || method(value).is_some_and(|(_, n)| n.text() == "toString");
            let inner = args(value).next().or_else(|| method(value).map(|(of, _)| of));
            inner.filter(|_| hands_on).and_then(|v| error_in(v, depth))
        }
        _ => None,
    }
}

/// Whether the variable is what a `catch`, or a callback's first parameter, caught.
fn caught(told: Node<'_>) -> bool {
    let Some(name) = root_name(told).or(Some(told)).map(Node::text) else { return false };
    let named = name == "e"
        || name == "ex"
        || name.to_ascii_lowercase().starts_with("err")
        || name.ends_with("Err")
        || name.ends_with("Error");
    told.ancestors().any(|a| match a.kind() {
        Kind::CatchClause => a.child(Field::Parameter).is_some_and(|p| p.text() == name),
        _ if is_function(a) => named && crate::rules::shape::parameters(a).first().is_some_and(|p| p.text() == name),
        _ => false,
    })
}

/// `return { statusCode: 500, body: JSON.stringify(err) }`.
fn answer<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.parent().is_none_or(|p| p.kind() != Kind::ReturnStatement) {
        return;
    }
    let field = |name: &str| {
        node.named_children()
            .find(|p| p.kind() == Kind::Pair && key_name(*p).as_deref() == Some(name))
            .and_then(|p| p.child(Field::Value))
    };
    if field("statusCode").is_none_or(|s| s.text() != "500") {
        return;
    }
    if crate::rules::support::for_developers(node) {
        return;
    }
    let Some(told) = field("body").map(bare).and_then(|b| error_in(b, 4)).filter(|e| caught(*e)) else { return };
    let message = "What went wrong inside is told to the client: messages of databases and files name tables, paths and hosts. Log the error and send a plain message.";
    cx.report(Note::new(cx.rule, told.span(), message).severity(Severity::Low).confidence(Confidence::Medium));
}

/// The middleware `errorhandler`, which is made for development, where nothing keeps it there.
fn developers(call: &CallView<'_>, out: &mut Vec<Note>) {
    let node = call.arena.root().smallest_at(call.span);
    let text = call.arena.text();
    let kept =
        ["NODE_ENV", "isDev", "development", "get('env')", "get(\"env\")", "DEBUG"].iter().any(|w| text.contains(w));
    if call.is("errorhandler") && !kept && node.ancestors().all(|a| a.kind() != Kind::IfStatement) {
        let message = "This middleware sends stacks to the client: it is made for development. Use it there alone.";
        out.push(Note::new(call.rule, call.name_span, message));
    }
}
