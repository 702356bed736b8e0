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
    ],
};
