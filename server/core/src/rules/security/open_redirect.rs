use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "open-redirect",
    summary: "redirects to addresses that somebody outside chooses",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[601],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data that decides where a browser is sent.",
        why: "A link that begins with a trusted name ends on a page that asks for the password. In the page itself `javascript:` addresses run as scripts.",
        example: "res.redirect(req.query.next);",
        instead: "const next = PAGES[req.query.next] ?? \"/\";\nres.redirect(next);",
        limits: "Addresses that begin with a constant host, or with `/` and a constant letter, are silent, and so are those that were found to \
                 begin with one slash (`to.startsWith(\"/\") && !to.startsWith(\"//\")`). Headers are silent, for no link sets them, and so is a \
                 request's path that no parser of addresses takes apart.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Redirect],
        "`{sink}` sends the visitor to an address that {source} decides: a link to this site leads to another one. Accept only paths of your own.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            "export async function getServerSideProps(context) {\n  return { redirect: { destination: context.query.next, permanent: false } }; //~ open-redirect\n}",
        ),
        Case::bad(
            "c.js",
            r#"const from = new URLSearchParams(document.referrer.split('?')[1]).get('next');
document.location = from; //~ open-redirect"#,
        ),
        Case::bad(
            "m.js",
            r#"const parseurl = require('parseurl');
const url = require('url');
module.exports = (root) =>
  function serve(req, res, next) {
    const original = parseurl.original(req);
    original.pathname += '/';
    res.statusCode = 303;
    res.setHeader('Location', url.format(original)); //~ open-redirect
    res.end();
  };"#,
        ),
        Case::bad(
            "t.js",
            r#"const express = require('express');
const app = express();
app.get('/back', (req, res) => {
  res.redirect(req.query['return-to']); //~ open-redirect
});"#,
        ),
        Case::near_miss(
            "t.js",
            r#"const express = require('express');
const app = express();
app.get('/back', (req, res) => {
  res.redirect(req.get('x-return-to'));
  res.redirect(req.headers.referer);
});
app.get('/old/:name', (req, res) => res.redirect(req.params.name + '/'));
app.get(/^\/old/, (req, res) => res.redirect(req.url.replace(/^\/old/, '/new')));"#,
        ),
        Case::bad(
            "t.js",
            r#"const url = require('url');
exports.serve = function (req, res) {
  const pathname = url.parse(req.url).pathname;
  res.setHeader('Location', pathname + '/'); //~ open-redirect
  res.end();
};"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const lang = new URLSearchParams(location.search).get('lang');
function withParameter(uri, key, value) { return uri.replace(/lang=\w*/, key + '=' + value); }
window.location.href = withParameter(window.location.href, 'lang', lang);"#,
        ),
        Case::near_miss(
            "s.js",
            r#"const express = require('express');
const app = express();
app.get('/logout', (req, res) => {
  const base = config.prefix ? config.prefix.replace(/\/$/, '') : req.protocol + '://' + req.get('host');
  res.redirect(base);
});"#,
        ),
        Case::near_miss(
            "h.js",
            r#"const http = require('http');
http.createServer((req, res) => {
  const host = config.allowedHosts[0];
  res.setHeader('Location', host + req.url);
  res.end();
});"#,
        ),
        Case::near_miss("b.js", r#"if (document.referrer.length > 0) document.location = document.referrer;"#),
        Case::near_miss(
            "a.js",
            r#"const express = require('express');
const app = express();
app.get('/tests/index.html', (req, res) => {
  res.redirect(['./', ...req.url.split('?').slice(1)].join('?'));
});
app.use((req, res, next) => {
  if (req.secure) return next();
  res.redirect('https://' + req.hostname + req.originalUrl);
});
app.get('/p/:pad', (req, res) => {
  const real = encodeURIComponent(req.params.pad) + new URL(req.url, 'http://invalid.invalid').search;
  res.header('Location', real);
});"#,
        ),
        Case::near_miss(
            "a.js",
            "app.get('/in', (req, res) => {\n  const from = req.session.known ? '' : '?from=' + req.originalUrl;\n  res.redirect(config.get('signin url') + from);\n});",
        ),
        Case::bad(
            "a.js",
            "const isAllowed = (u) => /^https?:\\/\\/(www\\.)?example\\.com/.test(u);\napp.get('/go', (req, res) => {\n  if (isAllowed(req.query.u)) return res.redirect(req.query.u); //~ open-redirect\n  res.end();\n});",
        ),
        Case::near_miss(
            "a.js",
            "app.get('*', (req, res) => {\n  const topic = req.path.match(/^\\/topic\\/(\\d+)\\//);\n  if (topic) return res.redirect(config.get('root') + topic[0]);\n  res.end();\n});",
        ),
        Case::bad(
            "a.ts",
            r#"import { Controller, Get, Query, Redirect } from "@nestjs/common";
@Controller()
export class Go {
  @Get("go")
  @Redirect()
  go(@Query("to") to: string) {
    return { url: to, statusCode: 302 }; //~ open-redirect
  }
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import type { APIGatewayProxyEventV2 } from "aws-lambda";
export const go = async (event: APIGatewayProxyEventV2) => ({
  statusCode: 302,
  headers: { Location: event.queryStringParameters!.next! }, //~ open-redirect
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import Koa from "koa";
const app = new Koa();
app.use((ctx) => {
  const to = ctx.query.returnTo as string;
  ctx.redirect(to.startsWith("/") && !to.startsWith("//") ? to : "/");
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/back", (req, res) => {
  const to = String(req.query.to);
  if (to[0] !== "/" || to[1] === "/") return res.redirect("/");
  res.redirect(to);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/back", (req, res) => {
  const to = String(req.query.to);
  if (to.startsWith("/")) res.redirect(to); //~ open-redirect
});"#,
        ),
        Case::bad(
            "a.rs",
            r#"use axum::{extract::Query, response::Redirect};
async fn go(Query(q): Query<HashMap<String, String>>) -> Redirect {
    Redirect::to(&q["next"]) //~ open-redirect
}"#,
        ),
        Case::bad(
            "a.rs",
            r#"use hyper::{body::Incoming, Request, Response, StatusCode};
async fn go(req: Request<Incoming>) -> Response<Full<Bytes>> {
    let to = req.uri().query().unwrap_or("/");
    Response::builder().status(StatusCode::FOUND).header("Location", to).body(Full::default()).unwrap() //~ open-redirect
}"#,
        ),
        Case::bad(
            "a.rs",
            r#"use actix_web::{http::header, web, HttpResponse};
async fn go(q: web::Query<Next>) -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, q.next.clone())).finish() //~ open-redirect
}"#,
        ),
        Case::good(
            "a.rs",
            r#"use axum::{extract::{Path, Query}, response::Redirect};
async fn home() -> Redirect { Redirect::to("/home") }
async fn item(Path(id): Path<u64>) -> Redirect { Redirect::to(&format!("/items/{id}")) }
async fn search(Query(q): Query<HashMap<String, String>>) -> Redirect {
    Redirect::to(&format!("/search?q={}", urlencoding::encode(&q["q"])))
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect(req.query.next); //~ open-redirect
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect(302, req.query.next || "/"); //~ open-redirect
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("Location", req.query.to); //~ open-redirect
  res.status(302).end();
});"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = (req, res) => {
  res.writeHead(302, { Location: req.query.url }); //~ open-redirect
  res.end();
};"#,
        ),
        Case::bad("a.js", r#"location.href = new URLSearchParams(location.search).get("next"); //~ open-redirect"#),
        Case::bad(
            "a.js",
            r#"const next = window.location.hash.slice(1);
window.location.assign(next); //~ open-redirect"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
const app = new Koa();
app.use((ctx) => { ctx.redirect(ctx.query.to); }); //~ open-redirect"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Fastify from "fastify";
const app = Fastify();
app.get("/r", (request, reply) => reply.redirect(request.query.to)); //~ open-redirect"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { NextResponse } from "next/server";
export function GET(request: Request) {
  const to = new URL(request.url).searchParams.get("to");
  return NextResponse.redirect(to); //~ open-redirect
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const target = req.session.returnTo || req.body.returnTo;
  function go(r, to) { r.redirect(to); } //~ open-redirect
  go(res, target);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const { to = "/" } = req.query;
  return res.redirect(`${to}?ok=1`); //~ open-redirect
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect("//" + req.query.host); //~ open-redirect
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect("https://" + req.query.host + req.url); //~ open-redirect
});"#,
        ),
        Case::bad("a.js", r#"window.location = decodeURIComponent(location.search.slice(6)); //~ open-redirect"#),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect("/login?next=" + encodeURIComponent(req.query.next));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect("/users/" + req.params.id);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect("https://example.com/" + req.query.path);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const next = req.query.next === "home" ? "/home" : "/";
  res.redirect(next);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const PAGES = ["/a", "/b"];
  if (!PAGES.includes(req.query.next)) return res.redirect("/");
  res.redirect(req.query.next);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const u = new URL(req.query.next, "https://example.com");
  if (u.origin !== "https://example.com") return res.redirect("/");
  res.redirect(u.href);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect(`/page/${Number(req.query.n)}`);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect("back");
  res.redirect(process.env.HOME_URL);
});"#,
        ),
        Case::good("a.js", r#"location.href = "/search?q=" + location.hash.slice(1);"#),
        Case::good(
            "a.js",
            r#"location.reload();
location.hash = location.search;
history.pushState({}, "", "/a" + location.search);"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const map = new Map([["a", "/a"]]);
  res.redirect(map.get(req.query.k) ?? "/");
});"#,
        ),
        Case::good(
            "a.js",
            r#"module.exports = (req, res) => {
  res.writeHead(302, { Location: "/done" });
  res.end();
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.redirect("?page=" + req.query.page);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!/^\/[a-z]+$/.test(req.query.next)) return res.redirect("/");
  res.redirect(req.query.next);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-Next", "a");
  res.locals.next = req.query.next;
  res.json({});
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  let next = req.query.next;
  next = "/";
  res.redirect(next);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  switch (req.query.to) {
    case "/a": res.redirect(req.query.to); break;
    default: res.redirect("/");
  }
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import { NextRequest, NextResponse } from "next/server";
export function middleware(request: NextRequest) {
  const { pathname, origin } = request.nextUrl;
  const to = new URL(`/login?from=${pathname}`, origin);
  return NextResponse.redirect(pathname === "/" ? to : new URL("/home", request.url));
}"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (req.query.next.startsWith("https://example.com/")) res.redirect(req.query.next);
  else res.redirect("/");
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const q = new URLSearchParams(window.location.search);
if (q.get("a")) window.location = q.get("a"); //~ open-redirect
window.location.href = q.get("next"); //~ open-redirect"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { redirect } from "next/navigation";
export default async function Page({ searchParams }: { searchParams: { next: string } }) {
  redirect(searchParams.next); //~ open-redirect
}"#,
        ),
        Case::near_miss("a.js", r#"location.replace(location.pathname + location.search);"#),
        Case::near_miss(
            "a.js",
            r#"function go(path) {
  location.replace(location.href.slice(0, location.href.indexOf('#')) + '#' + path);
}
window.addEventListener("hashchange", () => go(location.hash.slice(1)));"#,
        ),
        Case::bad(
            "a.js",
            "import { NextResponse } from 'next/server';\nexport async function GET(request) {\n  const { searchParams } = new URL(request.url);\n  return NextResponse.redirect(searchParams.get('to')); //~ open-redirect\n}",
        ),
        Case::good(
            "a.js",
            "const config = require('yargs').argv;\nrequire('express')().use((req, res, next) => {\n  const root = config.rootPath;\n  if (req.query.to === root) return res.redirect(req.query.to);\n  next();\n});",
        ),
        Case::good(
            "a.js",
            "require('http').createServer((req, res) => {\n  res.writeHead(302, { Location: 'https://' + req.headers.host + '/' });\n  res.end();\n});",
        ),
        Case::near_miss(
            "a.rs",
            "use actix_web::{http::header, HttpRequest, HttpResponse};\nasync fn back(req: HttpRequest) -> HttpResponse { let to = req.headers().get(header::REFERER).and_then(|h| h.to_str().ok()).unwrap_or(\"/\"); HttpResponse::SeeOther().append_header((header::LOCATION, to)).finish() }",
        ),
    ],
};
