use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "log-injection",
    summary: "log lines that somebody outside can write",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[117],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds request data in log messages, and in Rust in what a server prints.",
        why: "A line break ends the line, and what follows looks like another entry: traces are covered, and readers of the log are misled.",
        example: "console.log(\"login failed: \" + req.body.user);",
        instead: "console.log(\"login failed: \" + req.body.user.replace(/[\\r\\n]/g, \"\"));",
        limits: "Fields of an object that a structured logger writes are silent.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::Log],
            "`{sink}` logs {source}: line breaks in it forge lines of the log. Remove them, or log JSON.",
        ),
        Check::Flow(
            &[SinkKind::Console],
            "`{sink}` prints {source}: where a server's output is its log, line breaks in it forge entries. Remove them.",
        ),
    ],
    cases: &[
        Case::bad(
            "a.js",
            r#"const winston = require("winston");
const logger = winston.createLogger({ transports: [] });
app.get("/x", (req, res) => { logger.error("from " + req.query.from); }); //~ log-injection"#,
        ),
        Case::good(
            "a.js",
            r#"app.post("/x", (req, res) => { console.log("got", req.body, req.query); console.log(req.headers); });"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  console.log("login: " + req.body.user); //~ log-injection
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.error(`bad ${req.query.id}`); //~ log-injection
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import winston from "winston";
const logger = winston.createLogger({});
const app = express();
app.get("/x", async (req, res) => {
  logger.info("user %s", req.query.user); //~ log-injection
  res.end();
});"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = (req, res) => {
  const name = req.body.name || "?";
  console.warn("hello", name); //~ log-injection
  res.end();
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import pino from "pino";
import Fastify from "fastify";
const log = pino();
const app = Fastify();
app.get("/x", async (request) => { log.warn("from " + request.query.from); }); //~ log-injection"#,
        ),
        Case::bad(
            "a.js",
            r#"const http = require("http");
http.createServer((req, res) => {
  console.log(req.method + " " + decodeURIComponent(req.url)); //~ log-injection
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import log4js from "log4js";
const logger = log4js.getLogger();
function audit(text) { logger.debug(text); } //~ log-injection
export const get = (req, res) => { audit("q=" + req.query.q); res.end(); };"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Logger, Controller, Post, Body } from "@nestjs/common";
@Controller()
export class A {
  private readonly logger = new Logger("A");
  @Post() add(@Body() body: any) { this.logger.log(`added ${body.name}`); } //~ log-injection
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  console.log(value); //~ log-injection
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    console.log(item); //~ log-injection
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Request, Response } from "express";
class Service {
  private last = "";
  remember(value: string) { this.last = value; }
  run(res: Response) {
    const value = this.last;
    return value;
  }
}
export function get(req: Request, res: Response) {
  const value = (req.query.a as string) || (req.query.b as string) || "c";
  new Service().remember(value);
  console.log(value!); //~ log-injection
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    console.log(value); //~ log-injection
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    console.log(value); //~ log-injection
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    console.log(inner.value); //~ log-injection
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("started");
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("n=" + Number(req.query.n));
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("user " + req.query.user.replace(/[\r\n]/g, ""));
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  console.log(JSON.stringify(req.body));
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("q=" + encodeURIComponent(req.query.q));
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import pino from "pino";
const logger = pino();
const app = express();
app.get("/x", async (req, res) => {
  logger.info({ user: req.query.user }, "login");
  res.end();
});"#,
        ),
        Case::good(
            "a.js",
            r#"console.log(process.argv[2]);
console.log(location.hash);"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const level = req.query.level === "debug" ? "debug" : "info";
  console.log("level " + level);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  console.log(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  console.log(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  console.log(holder.safe);
};"#,
        ),
        Case::good(
            "a.js",
            r#"exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  console.log(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    console.log(value);
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"function unused(value: string) { return value; }
export function work(value: string, res: any) {
  console.log(value);
}
work("constant", null);
unused("x");"#,
        ),
        Case::bad(
            "a.js",
            r#"const express = require('express');
const app = express();
app.post('/error', (req, res) => {
  const data = JSON.parse(req.body.info);
  logger.warn(`${data.msg} --`, data); //~ log-injection
  res.end('OK');
});"#,
        ),
        Case::near_miss(
            "a.js",
            "const express = require('express');\nconst app = express();\napp.post('/hook', express.text(), (req, res) => {\n  const body = req.body;\n  if (!verifySignature(body, req.headers['x-signature'], secret)) return res.status(401).end();\n  console.log('event of ' + body.sender);\n});",
        ),
        Case::near_miss(
            "a.js",
            "const express = require('express');\nconst app = express();\nfunction maskSecret(value) {\n  return value.length < 6 ? '***' : value.slice(0, 2) + '***';\n}\napp.get('/hook', (req, res) => {\n  console.warn('rejected ' + maskSecret(req.query.guid));\n});",
        ),
        Case::near_miss(
            "a.js",
            "const winston = require('winston');\nconst log = winston.createLogger();\napp.post('/a', (req, res) => {\n  log.info('asked %d times: %j', count, req.body.name);\n});",
        ),
        Case::bad(
            "a.js",
            "const winston = require('winston');\nconst log = winston.createLogger();\napp.post('/a', (req, res) => {\n  log.info('asked %j times: %s', count, req.body.name); //~ log-injection\n});",
        ),
        Case::near_miss(
            "a.js",
            "const Koa = require('koa');\nnew Koa().use(async (ctx, next) => { logger.info('host %s', ctx.host); await next(); });",
        ),
        Case::near_miss(
            "a.js",
            r#"const express = require('express');
const app = express();
async function tiles(source, points) {
  for (const point of points) {
    let zoom = point.z;
    if (zoom < source.min) zoom = source.min;
    console.warn(`tile of ${zoom}`);
  }
}
app.get('/tiles/:z', async (req, res) => {
  const source = find(req.params.id);
  const z = parseInt(req.params.z, 10);
  await tiles(source, [{ z }]);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const line = String(req.query.q).replace(/\n|\r/g, " ");
  console.log(line);
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!/^[a-z]+$/.test(req.query.q)) return res.end();
  console.log(req.query.q);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  req.log = (x) => x;
  req.log(req.query.q);
  Math.log(Number(req.query.n));
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { run } from "./run";
const app = express();
app.get("/x", async (req, res) => {
  try {
    run();
  } catch (e) {
    console.error(e);
  }
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  console.log(value);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  console.log(value);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  console.log(value);
};"#,
        ),
        Case::bad(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn a(q: web::Query<Q>) -> HttpResponse { info!(\"login {}\", q.name); HttpResponse::Ok().finish() } //~ log-injection",
        ),
        Case::bad(
            "a.rs",
            "use log::warn;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn b(q: web::Json<Q>) -> HttpResponse { let m = format!(\"user {}\", q.name); log::warn!(\"{}\", m); HttpResponse::Ok().finish() } //~ log-injection",
        ),
        Case::bad(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn c(q: web::Form<Q>) -> HttpResponse { let name = &q.name; tracing::info!(\"user {name}\"); HttpResponse::Ok().finish() } //~ log-injection",
        ),
        Case::bad(
            "a.rs",
            "use log::error;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn d(q: web::Query<Q>) -> HttpResponse { tracing::error!(user = %q.name, \"failed\"); HttpResponse::Ok().finish() } //~ log-injection",
        ),
        Case::bad(
            "a.rs",
            "use log::error;\nuse actix_web::{web, HttpResponse};\nasync fn e(body: web::Bytes) -> HttpResponse { let s = String::from_utf8_lossy(&body); error!(\"bad body: {}\", s); HttpResponse::Ok().finish() } //~ log-injection",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn e2(p: web::Path<String>) -> HttpResponse { log::log!(log::Level::Info, \"p {}\", p); HttpResponse::Ok().finish() } //~ log-injection",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nfn e3() { let who = std::env::args().nth(1).unwrap(); info!(\"user {}\", who); }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::warn;\nfn e4() { let who = std::env::var(\"WHO\").unwrap(); warn!(\"user {who}\"); }",
        ),
        Case::bad(
            "a.rs",
            "use log::error;\nfn e5() { let who = reqwest::blocking::get(\"http://example.com\").unwrap().text().unwrap(); error!(\"user {}\", who); } //~ log-injection",
        ),
        Case::bad(
            "a.rs",
            "use log::info;\nfn e6() { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap(); info!(\"got {}\", s); } //~ log-injection",
        ),
        Case::good(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn f(q: web::Query<Q>) -> HttpResponse { info!(\"id {}\", q.id); HttpResponse::Ok().finish() }",
        ),
        Case::good(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn g(q: web::Query<Q>) -> HttpResponse { info!(\"login {:?}\", q.name); HttpResponse::Ok().finish() }",
        ),
        Case::good(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn h(q: web::Query<Q>) -> HttpResponse { info!(\"login {}\", q.name.replace('\\n', \"\").replace('\\r', \"\")); HttpResponse::Ok().finish() }",
        ),
        Case::good(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn i(q: web::Query<Q>) -> HttpResponse { info!(\"login {}\", q.name.escape_debug()); HttpResponse::Ok().finish() }",
        ),
        Case::good(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn j(q: web::Query<Q>) -> HttpResponse { info!(\"len {}\", q.name.len()); HttpResponse::Ok().finish() }",
        ),
        Case::good(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn k(q: web::Query<Q>) -> HttpResponse { info!(\"query {:?}\", q); HttpResponse::Ok().finish() }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn l(q: web::Query<Q>) -> HttpResponse { info!(\"started\"); HttpResponse::Ok().finish() }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn m(q: web::Query<Q>) -> HttpResponse { tracing::info!(user = ?q.name, \"x\"); HttpResponse::Ok().finish() }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize, Debug)] struct Q { name: String, id: u32 }\nasync fn n(q: web::Query<Q>) -> HttpResponse { let s: String = q.name.chars().filter(|c| !c.is_control()).collect(); info!(\"{s}\"); HttpResponse::Ok().finish() }",
        ),
        Case::near_miss(
            "a.rs",
            "use log::info;\nfn o() { let n: u32 = std::env::args().nth(1).unwrap().parse().unwrap(); info!(\"{n}\"); }",
        ),
        Case::near_miss(
            "a.js",
            r#"const http = require("http");
http.createServer((req, res) => {
  console.log(req.method + " " + req.url);
  res.end();
});"#,
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { let who = format!(\"user {}\", q.name); tracing::warn!(\"{who} failed\"); } //~ log-injection",
        ),
        Case::bad(
            "a.rs",
            "use axum::Json;\nasync fn a(Json(b): Json<Body>) { report(&b.name); }\nfn report(name: &str) { log::error!(\"no such name: {name}\"); } //~ log-injection",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::web;\nasync fn a(form: web::Form<F>) { if form.name.is_empty() { return; } log::info!(\"hello {}\", form.name.trim()); } //~ log-injection",
        ),
        Case::bad(
            "a.rs",
            "use poem::web::Path;\nasync fn a(Path(id): Path<String>) { tracing::debug!(id = %id, \"looked up\"); } //~ log-injection",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { tracing::warn!(\"user {:?} failed\", q.name); }",
        ),
        Case::good("a.rs", "use axum::extract::Path;\nasync fn a(Path(id): Path<u64>) { log::info!(\"item {id}\"); }"),
        Case::good(
            "a.rs",
            "use axum::Json;\nasync fn a(Json(b): Json<Body>) { log::info!(\"{} names\", b.names.len()); }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) { let name = q.name.replace(['\\n', '\\r'], \"_\"); log::info!(\"user {name}\"); }",
        ),
        Case::good("a.rs", "fn a(path: &std::path::Path) { log::info!(\"reading {}\", path.display()); }"),
        Case::good("a.rs", "use axum::http::Method;\nasync fn a(m: Method) { log::info!(\"{m}\"); }"),
    ],
};
