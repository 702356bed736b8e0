use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "ssrf",
    summary: "requests to addresses that somebody outside chooses",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[918],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data that decides the host, or the whole, of a request that the server makes.",
        why: "The server stands inside the network: metadata services of clouds, databases and admin pages answer to it.",
        example: "const page = await fetch(req.query.url);",
        instead: "const base = HOSTS[req.query.service];\nif (!base) return res.sendStatus(400);\nconst page = await fetch(`${base}/status`);",
        limits: "Where the host is constant and only the path or query is foreign, it is silent. A check of the host counts for the address that it was read from.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Url],
        "`{sink}` sends a request to an address that {source} decides: it reaches services inside the network. Take the host from a list of your own.",
    )],
    cases: &[
        Case::near_miss(
            "a.js",
            "app.use((req, res) => {\n  const serviceUrl = config.get('service');\n  const slash = serviceUrl.endsWith('/') ? '' : '/';\n  fetch(serviceUrl + slash + req.query.path).then((r) => r.pipe(res));\n});",
        ),
        Case::bad(
            "a.js",
            "app.use((req, res) => {\n  const host = req.query.host;\n  const rest = config.get('rest');\n  fetch(`${host}${rest}`).then((r) => r.pipe(res)); //~ ssrf\n});",
        ),
        Case::near_miss(
            "a.js",
            "const axios = require('axios');\napp.get('/avatar', async (req, res) => {\n  const u = new URL('https://cdn.example.com/avatars/');\n  u.pathname = '/avatars/' + req.query.id;\n  res.json((await axios.get(u.toString())).data);\n});",
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const r = await fetch(req.query.url); //~ ssrf
  res.json(await r.json());
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import axios from "axios";
const app = express();
app.post("/x", async (req, res) => {
  const { data } = await axios.get(req.body.url); //~ ssrf
  res.json(data);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import http from "http";
const app = express();
app.get("/x", async (req, res) => {
  http.get("http://" + req.query.host + "/status", (r) => r.pipe(res)); //~ ssrf
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import axios from "axios";
const app = express();
app.get("/x", async (req, res) => {
  const r = await axios({ method: "get", url: `https://${req.params.tenant}.example.com/x` }); //~ ssrf
  res.json(r.data);
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const request = require("request");
exports.proxy = (req, res) => request(req.query.url).pipe(res); //~ ssrf"#,
        ),
        Case::bad(
            "a.ts",
            r#"import got from "got";
import Fastify from "fastify";
const app = Fastify();
app.get("/p", async (request, reply) => {
  const { target } = request.query as any;
  return got(target).json(); //~ ssrf
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import https from "https";
const app = express();
app.get("/x", async (req, res) => {
  https.request({ hostname: req.query.host, path: "/" }, () => {}).end(); //~ ssrf
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import puppeteer from "puppeteer";
export async function shot(req, res) {
  const browser = await puppeteer.launch();
  const page = await browser.newPage();
  await page.goto(req.query.url); //~ ssrf
  res.end(await page.screenshot());
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { NextRequest, NextResponse } from "next/server";
export async function GET(request: NextRequest) {
  const url = request.nextUrl.searchParams.get("url")!;
  const r = await fetch(url); //~ ssrf
  return NextResponse.json(await r.json());
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import axios from "axios";
async function load(u) {
  const opts = { timeout: 100 };
  return axios.post(u, {}, opts); //~ ssrf
}
export const hook = async (req, res) => { await load(req.body.callback); res.end(); };"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const u = new URL(req.query.u);
  const r = await fetch(u.toString()); //~ ssrf
  res.json({ ok: r.ok });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { request } from "undici";
export default async function handler(req, res) {
  const { statusCode } = await request(req.query.target as string); //~ ssrf
  res.json({ statusCode });
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import axios from "axios";
const app = express();
app.get("/x", async (req, res) => {
  const client = axios.create({ timeout: 1000 });
  const r = await client.get(req.query.url); //~ ssrf
  res.json(r.data);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!req.query.url.startsWith("http")) return res.end();
  await fetch(req.query.url); //~ ssrf
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const r = await fetch("https://api.example.com/users/" + req.query.id);
  res.json(await r.json());
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import axios from "axios";
const app = express();
app.get("/x", async (req, res) => {
  const r = await axios.get("https://api.example.com/x", { params: { q: req.query.q } });
  res.json(r.data);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import axios from "axios";
const app = express();
app.post("/x", async (req, res) => {
  const r = await axios.post("https://api.example.com/x", req.body);
  res.json(r.data);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const HOSTS = { a: "https://a.example.com", b: "https://b.example.com" };
  const base = HOSTS[req.query.s];
  if (!base) return res.end();
  await fetch(`${base}/x`);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!["https://a.com/x", "https://b.com/x"].includes(req.query.url)) return res.end();
  await fetch(req.query.url);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const u = new URL(req.query.url);
  if (u.hostname !== "api.example.com") return res.end();
  await fetch(u);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const ALLOWED = new Set(["a.com"]);
const app = express();
app.get("/x", async (req, res) => {
  const { url } = req.query;
  const u = new URL(url);
  if (!ALLOWED.has(u.host)) return res.sendStatus(400);
  await fetch(url);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  await fetch(`https://example.com/?q=${encodeURIComponent(req.query.q)}`);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!req.query.url.startsWith("https://api.example.com/")) return res.end();
  await fetch(req.query.url);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const port = Number(req.query.port);
  await fetch(`http://localhost:${port}/`);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"const api = process.env.API_URL;
export const get = async (req, res) => res.json(await (await fetch(`${api}/users/${req.params.id}`)).json());"#,
        ),
        Case::good(
            "a.ts",
            r#"import axios from "axios";
const client = axios.create({ baseURL: "https://api.example.com" });
export const get = async (req, res) => res.json((await client.get("/users", { headers: { a: req.get("a") } })).data);"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const r = await fetch("/api/" + req.query.x);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import axios from "axios";
const app = express();
app.get("/x", async (req, res) => {
  const url = "https://example.com/a/" + req.query.a + "/" + req.query.b;
  await axios.get(url);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const qs = new URLSearchParams({ q: req.query.q });
  await fetch("https://example.com/search?" + qs);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { cache } from "./cache";
const app = express();
app.get("/x", async (req, res) => {
  app.get(req.query.path, () => {});
  cache.get(req.query.url);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  let url = req.query.url;
  url = "https://example.com";
  await fetch(url);
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const id = new URLSearchParams(location.search).get("id");
fetch(`/api/items/${id}`).then((r) => r.json());"#,
        ),
        Case::near_miss(
            "a.js",
            "const from = new URLSearchParams(location.search).get('from');\nfetch(from).then((r) => r.json());",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, get, HttpResponse};\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\n#[get(\"/p\")]\nasync fn a(q: web::Query<Q>) -> HttpResponse {\n    let body = reqwest::get(&q.url).await.unwrap().text().await.unwrap(); //~ ssrf\n    HttpResponse::Ok().body(body)\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn b(Query(q): Query<Q>) -> String {\n    let client = reqwest::Client::new();\n    let res = client.get(format!(\"http://{}/api\", q.host)).send().await.unwrap(); //~ ssrf\n    let r2 = client.post(q.url.as_str()).body(\"x\").send().await; //~ ssrf\n    let r3 = client.request(reqwest::Method::GET, &q.url).send().await; //~ ssrf\n    String::new()\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::get;\nuse axum::Json;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn c(Json(q): Json<Q>) -> String {\n    let url = url::Url::parse(&q.url).unwrap();\n    reqwest::get(url).await.unwrap().text().await.unwrap() //~ ssrf\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\nuse std::collections::HashMap;\nasync fn d(Query(q): Query<HashMap<String, String>>) -> String {\n    let Some(u) = q.get(\"u\") else { return String::new() };\n    let r = ureq::get(u).call().unwrap().into_string().unwrap(); //~ ssrf\n    let s = reqwest::blocking::get(u.clone()).unwrap(); //~ ssrf\n    let i = isahc::get(u.as_str()).unwrap(); //~ ssrf\n    r\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn e(Query(q): Query<Q>) {\n    let uri: hyper::Uri = q.url.parse().unwrap();\n    let client = hyper::Client::new();\n    let res = client.get(uri).await.unwrap(); //~ ssrf\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn e2(Query(q): Query<Q>) {\n    let req = hyper::Request::builder().method(\"GET\").uri(&q.url).body(hyper::Body::empty()).unwrap(); //~ ssrf\n    hyper::Client::new().request(req).await.unwrap();\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn f(Query(q): Query<Q>) { let s = tokio::net::TcpStream::connect((q.host.as_str(), 80)).await; } //~ ssrf",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn f2(Query(q): Query<Q>) { let s = std::net::TcpStream::connect(format!(\"{}:80\", q.host)).unwrap(); } //~ ssrf",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn g(Query(q): Query<Q>) { let c = awc::Client::default(); let r = c.get(&q.url).send().await; } //~ ssrf",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn h(Query(q): Query<Q>) { let mut e = curl::easy::Easy::new(); e.url(&q.url).unwrap(); } //~ ssrf",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn i(Query(q): Query<Q>) { let r = surf::get(&q.url).recv_string().await; } //~ ssrf",
        ),
        Case::good(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn j(Query(q): Query<Q>) { let r = reqwest::get(format!(\"https://api.example.com/users/{}\", q.path)).await; }",
        ),
        Case::good(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn k(Query(q): Query<Q>) { let r = reqwest::get(format!(\"https://{}.example.com\", q.id)).await; }",
        ),
        Case::good(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn l(Query(q): Query<Q>) { let c = reqwest::Client::new(); let r = c.get(\"https://api.example.com\").query(&[(\"q\", &q.path)]).send().await; }",
        ),
        Case::good(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn m(Query(q): Query<Q>) {\n    let u = url::Url::parse(&q.url).unwrap();\n    if u.host_str() != Some(\"example.com\") { return; }\n    let r = reqwest::get(u).await;\n}",
        ),
        Case::good(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn n(Query(q): Query<Q>) {\n    const HOSTS: [&str; 2] = [\"a.example.com\", \"b.example.com\"];\n    if !HOSTS.contains(&q.host.as_str()) { return; }\n    let r = reqwest::get(format!(\"https://{}/x\", q.host)).await;\n}",
        ),
        Case::good(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn o(Query(q): Query<Q>) {\n    let base = match q.path.as_str() { \"eu\" => \"https://eu.example.com\", _ => \"https://us.example.com\" };\n    let r = reqwest::get(base).await;\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn p(Query(q): Query<Q>) {\n    let mut u = url::Url::parse(\"https://api.example.com/\").unwrap();\n    u.query_pairs_mut().append_pair(\"q\", &q.path);\n    u.set_path(&q.path);\n    let r = reqwest::get(u).await;\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use actix_web::get;\nuse axum::extract::Query;\n#[derive(serde::Deserialize)] struct Q { url: String, host: String, id: u32, path: String }\nasync fn r(Query(q): Query<Q>) {\n    if q.url.starts_with(\"https://trusted.example.com/\") { let r = reqwest::get(&q.url).await; }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use actix_web::get;\nasync fn s() { let u = std::env::var(\"API_URL\").unwrap(); let r = reqwest::get(u).await; }",
        ),
        Case::near_miss(
            "a.rs",
            "use actix_web::get;\nasync fn t() { let c = reqwest::Client::new(); let u = format!(\"{}/v1\", CONFIG.base_url); c.get(u).send().await; }",
        ),
        Case::good(
            "a.js",
            r#"const fetch = require("node-fetch");
module.exports = async (req, res) => {
  const r = await fetch(config.api + "/x?y=" + req.query.y);
  res.json(await r.json());
};"#,
        ),
        Case::near_miss(
            "a.js",
            r#"module.exports = async (ctx) => {
  const target = ctx.query.url;
  const host = new URL(target).host;
  if (!["a.example", "b.example"].includes(host)) ctx.throw(400);
  ctx.body = (await fetch(target)).body;
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const HOSTS = ["hooks.example.com", "api.example.com"];
express().post("/hook", async (req, res) => {
  const { hostname } = new URL(req.body.hook);
  if (!HOSTS.includes(hostname)) return res.sendStatus(400);
  await fetch(req.body.hook);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const HOSTS = ["hooks.example.com", "api.example.com"];
express().post("/hook", async (req, res) => {
  const { hostname } = new URL(req.body.hook);
  if (!HOSTS.includes(hostname)) return res.sendStatus(400);
  await fetch(req.body.other); //~ ssrf
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
express().post("/hook", async (req, res) => {
  const address = new URL(req.body.hook);
  if (address.hostname !== "hooks.example.com") return res.sendStatus(400);
  await fetch(req.body.hook);
});"#,
        ),
        Case::bad(
            "a.rs",
            "use axum::Json;\nasync fn a(c: reqwest::Client, Json(b): Json<Hook>) { for url in b.urls { c.head(&url).send().await; } } //~ ssrf",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nasync fn a(c: reqwest::Client, Path(id): Path<String>) { c.get(format!(\"https://api.example.org/items/{id}\")).send().await; }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(c: reqwest::Client, Query(q): Query<Q>) { c.get(\"https://api.example.org/search\").query(&[(\"q\", q.word)]).send().await; }",
        ),
        Case::good(
            "a.rs",
            "use axum::Json;\nasync fn a(c: reqwest::Client, Json(b): Json<Body>) { c.post(\"https://api.example.org/items\").json(&b).send().await; }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nasync fn a(c: reqwest::Client, Path(port): Path<u16>) { c.get(format!(\"http://localhost:{port}/health\")).send().await; }",
        ),
        Case::good(
            "a.rs",
            "async fn a(c: reqwest::Client) { let base = std::env::var(\"API\").unwrap_or_default(); c.get(format!(\"{base}/items\")).send().await; }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(c: reqwest::Client, Query(q): Query<Q>) { let host = match q.region.as_str() { \"eu\" => \"eu.example.org\", _ => \"us.example.org\" }; c.get(format!(\"https://{host}/\")).send().await; }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(c: reqwest::Client, Query(q): Query<Q>) { if !q.url.starts_with(\"https://api.example.org/\") { return; } c.get(&q.url).send().await; }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>, map: HashMap<String, String>) { let v = map.get(&q.url); go(v); }",
        ),
        Case::near_miss(
            "a.rs",
            "use http::Request;\nfn send(c: Client, req: Request<Bytes>) { let (parts, body) = req.into_parts(); let again = Request::builder().uri(parts.uri.clone()).body(body); c.request(again); }",
        ),
    ],
};
