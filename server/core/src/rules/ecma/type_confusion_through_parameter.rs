use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "type-confusion-through-parameter",
    summary: "checks of a text that may be an array",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[843],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds checks such as `indexOf(\"..\")` of query parameters that may be arrays.",
        why: "Query parsers make an array of a parameter that is given twice. `indexOf` and `includes` then look for a whole element, find none, and the check is passed by what it was to stop.",
        example: "if (req.query.file.includes(\"..\")) return res.sendStatus(400);",
        instead: "const file = String(req.query.file);\nif (file.includes(\"..\")) return res.sendStatus(400);",
        limits: "Only checks for characters that attacks are made of count.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::StringCheck],
        "`{sink}` checks {source} as a text, but `?a=1&a=2` makes it an array, which passes. Test `typeof x === \"string\"` first.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (req.query.file.includes("..")) return res.sendStatus(400); //~ type-confusion-through-parameter
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const file = req.query.file;
  if (file.indexOf("../") !== -1) return res.end(); //~ type-confusion-through-parameter
  res.end();
});"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = (req, res) => {
  if (req.query.html.indexOf("<") >= 0) return res.end(); //~ type-confusion-through-parameter
  res.end();
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const { q } = req.query;
  if (q.includes("'")) throw new Error("no"); //~ type-confusion-through-parameter
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
const app = new Koa();
app.use((ctx) => {
  if (ctx.query.path.includes("..")) ctx.throw(400); //~ type-confusion-through-parameter
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const allowed = !req.query.url.includes("javascript:"); //~ type-confusion-through-parameter
  res.json(allowed);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const file = req.query.file || "a";
  if (file.lastIndexOf("..") > -1) return res.end(); //~ type-confusion-through-parameter
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const bad = ["<"].some((c) => req.query.text.includes("<script")); //~ type-confusion-through-parameter
  res.json(bad);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Request, Response } from "express";
const unsafe = (value: any) => value.indexOf(";") >= 0; //~ type-confusion-through-parameter
export const get = (req: Request, res: Response) => res.json(unsafe(req.query.cmd));"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Fastify from "fastify";
const app = Fastify();
app.get("/x", async (request: any) => {
  const { path } = request.query;
  return path.includes("..") ? "no" : "yes"; //~ type-confusion-through-parameter
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"export default function handler(req, res) {
  const { query: { name } } = req;
  if (name.includes("__proto__")) return res.status(400).end(); //~ type-confusion-through-parameter
  res.end();
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  switch (true) {
    case req.query.a.includes("|"): return res.end(); //~ type-confusion-through-parameter
  }
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (req.query.a?.toString().includes("..")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (req.query.a.length > 10) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  if (req.body.names.includes("../")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (req.headers.host.includes("\\")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const list = ["..", "<"];
  if (list.includes("..")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const q = req.query.q + "";
  if (q.includes("<")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const n = Number(req.query.n);
  if (String(n).includes("..")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (typeof req.query.file !== "string") return res.end();
  if (req.query.file.includes("..")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const file = String(req.query.file);
  if (file.includes("..")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/:file", async (req, res) => {
  if (req.params.file.includes("..")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (req.query.tags.includes("news")) return res.end();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (req.url.includes("..")) return res.end();
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const q = req.query.q;
  if (typeof q === "string" && q.includes("<")) return res.end();
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (req.originalUrl.indexOf("..") >= 0) return res.end();
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!["..", "a"].includes(req.query.kind)) return res.end();
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const file = `${req.query.file}`;
  if (file.indexOf("..") >= 0) return res.end();
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const files = [].concat(req.query.file);
  if (files.length > 1) return res.end();
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (Array.isArray(req.query.file)) return res.end();
  if (req.query.file.includes("..")) return res.end();
  res.end();
});"#,
        ),
    ],
};
