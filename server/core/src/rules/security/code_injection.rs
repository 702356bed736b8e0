use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "code-injection",
    summary: "code that somebody outside can write",
    category: Category::Security,
    severity: Severity::Critical,
    confidence: Confidence::High,
    cwe: &[94, 95, 1336],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data in `eval`, `Function`, `vm`, timers with text, in templates that are compiled, and in Rust in what \
               interpreters (rhai, mlua, boa, rquickjs) run and template engines (tera, handlebars, minijinja) compile.",
        why: "The data becomes part of the program: it reads secrets, files and sessions, and starts other programs.",
        example: "eval(\"(\" + req.query.filter + \")\");\nejs.render(\"<p>\" + req.query.name + \"</p>\");",
        instead: "JSON.parse(req.query.filter);\nejs.render(\"<p><%= name %></p>\", { name: req.query.name });",
        limits: "Sandboxes (`vm`, `vm2`) are no protection and count as sinks.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::Code],
            "`{sink}` runs {source} as code: whoever sends it can do whatever the program may. Parse the data (`JSON.parse`), or look it up in a table of what is allowed.",
        ),
        Check::Flow(
            &[SinkKind::Template],
            "`{sink}` compiles a template that {source} is part of: templates are code. Keep the template constant and pass the data as a variable.",
        ),
    ],
    cases: &[
        Case::bad(
            "a.js",
            r#"const express = require("express");
const app = express();
app.get("/x", (req, res) => {
  setTimeout((text) => {
    eval(text); //~ code-injection
  }, 10, req.query.code);
});"#,
        ),
        Case::bad(
            "a.rs",
            r#"use axum::extract::Json;
async fn run(Json(job): Json<Job>) {
    let engine = rhai::Engine::new();
    engine.eval::<i64>(&job.script); //~ code-injection
}"#,
        ),
        Case::bad(
            "a.rs",
            r#"use axum::extract::Query;
use mongodb::{bson::doc, bson::Document, Collection};
async fn find(Query(q): Query<Search>, col: Collection<Document>) {
    let filter = doc! { "$where": format!("this.name == '{}'", q.name) };
    col.find_one(filter, None).await; //~ code-injection
}"#,
        ),
        Case::bad(
            "a.rs",
            r#"use axum::extract::Form;
async fn preview(Form(page): Form<Page>) -> String {
    tera::Tera::one_off(&page.template, &tera::Context::new(), true).unwrap() //~ code-injection
}"#,
        ),
        Case::good(
            "a.rs",
            r#"use axum::extract::Form;
async fn preview(Form(page): Form<Page>) -> String {
    let mut context = tera::Context::new();
    context.insert("title", &page.title);
    let engine = rhai::Engine::new();
    engine.eval::<i64>("40 + 2");
    tera::Tera::one_off("<h1>{{ title }}</h1>", &context, true).unwrap()
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  eval(req.query.code); //~ code-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const f = new Function("x", "return " + req.body.expr); //~ code-injection
  res.json({ v: f(1) });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  setTimeout("go('" + req.query.to + "')", 100); //~ code-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import vm from "node:vm";
const app = express();
app.post("/x", async (req, res) => {
  const v = vm.runInNewContext(req.body.script, { a: 1 }); //~ code-injection
  res.json({ v });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import ejs from "ejs";
const app = express();
app.get("/x", async (req, res) => {
  res.end(ejs.render("<p>" + req.query.name + "</p>")); //~ code-injection
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const pug = require("pug");
exports.page = (req, res) => {
  const fn = pug.compile(`p Hello ${req.query.name}`); //~ code-injection
  res.end(fn());
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const Handlebars = require("handlebars");
function render(source, data) { return Handlebars.compile(source)(data); } //~ code-injection
exports.page = (req, res) => { const html = render(req.body.template, {}); res.json({ html }); };"#,
        ),
        Case::bad(
            "a.js",
            r#"const q = decodeURIComponent(location.hash.slice(1));
eval("show(" + q + ")"); //~ code-injection"#,
        ),
        Case::bad(
            "a.js",
            r#"window.addEventListener("message", (e) => {
  eval(e.data.code); //~ code-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import _ from "lodash";
export const page = (req, res) => res.json({ html: _.template(req.query.t)({}) }); //~ code-injection"#,
        ),
        Case::bad(
            "a.ts",
            r#"import nunjucks from "nunjucks";
import Koa from "koa";
const app = new Koa();
app.use(async (ctx) => {
  const html = nunjucks.renderString("Hello " + ctx.query.name, {}); //~ code-injection
  ctx.type = "text/plain";
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import vm from "vm";
class Rules {
  run(source: string) { return new vm.Script(source).runInThisContext(); } //~ code-injection
}
export function post(req, res) { new Rules().run(req.body.rule); res.end(); }"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  (0, eval)(req.query.code); //~ code-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const script = `return ${req.query.e ?? "1"}`;
  const g = Function(script); //~ code-injection
  res.json({ v: g() });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const v = JSON.parse(req.query.filter);
  res.json(v);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import ejs from "ejs";
const app = express();
app.get("/x", async (req, res) => {
  res.end(ejs.render("<p><%= name %></p>", { name: req.query.name }));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { run } from "./run";
const app = express();
app.get("/x", async (req, res) => {
  setTimeout(() => run(req.query.x), 100);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  eval("1 + 1");
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const n = Number(req.query.n);
  res.json({ v: eval("2 * " + n) });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const ops = { add: (a, b) => a + b };
  const op = ops[req.query.op];
  res.json({ v: op ? op(1, 2) : 0 });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import vm from "node:vm";
const app = express();
app.get("/x", async (req, res) => {
  const v = vm.runInNewContext("a + 1", { a: req.query.a });
  res.json({ v });
});"#,
        ),
        Case::good(
            "a.js",
            r#"const Handlebars = require("handlebars");
const page = Handlebars.compile("<p>{{name}}</p>");
exports.page = (req, res) => res.json({ html: page({ name: req.query.name }) });"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.render("index", { title: req.query.title });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!["a", "b"].includes(req.query.fn)) return res.end();
  eval(req.query.fn + "()");
});"#,
        ),
        Case::good(
            "a.js",
            r#"const template = require("fs").readFileSync(__dirname + "/a.ejs", "utf8");
const ejs = require("ejs");
exports.page = (req, res) => { const html = ejs.render(template, { q: req.query.q }); res.json({ html }); };"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { poll } from "./poll";
const app = express();
app.get("/x", async (req, res) => {
  setInterval(poll, 1000);
  setTimeout(poll.bind(null, req.query.id), 10);
});"#,
        ),
        Case::bad(
            "m.js",
            r#"var Base = function (context) {
  this.context = context;
  this.build = function (key, path) {
    function source(text) {
      return 'context["' + text.match(/\*(\w+)\*/)[1] + '"]' + text;
    }
    return eval(source(path)); //~ code-injection
  };
};
module.exports = Base;"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const evaluate = (s) => s.length;
  res.json({ n: evaluate(req.query.code) });
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  let code = req.query.code;
  code = "1";
  eval(code);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!/^\d+$/.test(req.query.n)) return res.end();
  eval("f(" + req.query.n + ")");
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { page } from "./page";
const app = express();
app.get("/x", async (req, res) => {
  const rows = await page.$$eval("a", (list) => list.length);
  res.json({ rows, q: req.query.q });
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import { compile } from "path-to-regexp";
export const get = (req, res) => res.json({ p: compile("/u/:id")({ id: req.query.id }) });"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { Worker } from "worker_threads";
const app = express();
app.get("/x", async (req, res) => {
  new Worker("./worker.js").postMessage(req.query.job);
});"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = function compile(expression) {
  return new Function("x", "return " + expression); //~ code-injection
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const AsyncFunction = Object.getPrototypeOf(async function () {}).constructor;
module.exports = async (ctx) => {
  ctx.body = await new AsyncFunction(ctx.request.body.script)(); //~ code-injection
};"#,
        ),
        Case::bad(
            "a.js",
            r#"require("express")().get("/x", (req, res) => {
  res.render("index", req.query); //~ code-injection
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"require("express")().get("/x", (req, res) => {
  res.render("index", { user: req.user, q: req.query.q });
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const express = require("express");
express().post("/sum", (req, res) => {
  const sum = req.body.sum;
  if (!/^[\d+\-*\/(). ]+$/.test(sum)) return res.sendStatus(400);
  res.json({ is: eval(sum) });
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const express = require("express");
express().post("/sum", (req, res) => {
  const sum = req.body.sum;
  if (!/^[\d+\-*\/(). \w]+$/.test(sum)) return res.sendStatus(400);
  res.json({ is: eval(sum) }); //~ code-injection
});"#,
        ),
    ],
};
