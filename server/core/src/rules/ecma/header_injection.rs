use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "header-injection",
    summary: "response headers that somebody outside can write",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Low,
    cwe: &[113],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds request data in response headers.",
        why: "Line breaks begin further headers or the body; node refuses them since version 4, but caches and cookies are still steered by what the header says.",
        example: "res.setHeader(\"X-Name\", req.query.name);",
        instead: "res.setHeader(\"X-Name\", encodeURIComponent(req.query.name));",
        limits: "Content lengths and other numbers are silent.",
        fix: "",
    },
    checks: &[Check::Flow(&[SinkKind::Header], "`{sink}` puts {source} into a response header. Remove line breaks and check it against what the header may hold.")],
    cases: &[
        Case::bad("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-Name", req.query.name); //~ header-injection
  res.end();
});"#),
        Case::bad("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.set("X-Lang", req.cookies.lang); //~ header-injection
  res.end();
});"#),
        Case::bad("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.append("Link", `<${req.query.url}>; rel=next`); //~ header-injection
  res.end();
});"#),
        Case::bad("a.js", r#"module.exports = (req, res) => {
  res.writeHead(200, { "X-A": req.query.a }); //~ header-injection
  res.end();
};"#),
        Case::bad("a.ts", r#"import Koa from "koa";
const app = new Koa();
app.use((ctx) => { ctx.set("X-User", ctx.query.user); }); //~ header-injection"#),
        Case::bad("a.ts", r#"import Fastify from "fastify";
const app = Fastify();
app.get("/x", async (request, reply) => { reply.header("X-T", request.query.t); return 1; }); //~ header-injection"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-Name", encodeURIComponent(req.query.name));
  res.end();
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-N", Number(req.query.n));
  res.end();
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-Name", "a");
  res.end(String(req.query.n).length + "");
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-Name", req.query.name.replace(/[\r\n]/g, ""));
  res.end();
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const h = { "X-Name": "a" };
  res.set(h);
  res.json(req.query.a);
});"#),
        Case::good("a.ts", r#"import express from "express";
import axios from "axios";
const app = express();
app.get("/x", async (req, res) => {
  axios.get("https://a.com", { headers: { "X-A": req.query.a } });
  res.end();
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!/^[\w-]+$/.test(req.query.name)) return res.end();
  res.setHeader("X-Name", req.query.name);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const m = new Map();
  m.set("a", req.query.a);
  res.end();
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import { cache, store } from "./c";
const app = express();
app.get("/x", async (req, res) => {
  cache.set("k", req.query.a);
  store.append("k", req.query.a);
  res.end();
});"#),
    ],
};
