use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "stack-trace-exposure",
    summary: "an error's stack is sent to the client",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[209, 497],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows the `stack` of errors into what a server answers: `res.send`, `res.json`, `res.end`, Koa's `ctx.body`, \
               Fastify's `reply.send` and their kin, and what handlers of Nest, hapi and AWS Lambda return.",
        why: "A stack tells paths, versions and the inner structure of the server to whoever provokes an error, which is the first \
              thing an attacker does.",
        example: "app.use((err, req, res, next) => res.status(500).send(err.stack));",
        instead: "app.use((err, req, res, next) => {\n  log.error(err);\n  res.status(500).send('Something went wrong');\n});",
        limits: "A stack that a condition keeps for development (`NODE_ENV`, `isDev`, `debug`) is left alone, and so is an error's \
                 message, which is often meant for the client.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::ErrorResponse],
        "`{sink}` sends {source} to the client, which tells about the server's inside. Log it and send a plain message.",
    )],
    cases: &[
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
