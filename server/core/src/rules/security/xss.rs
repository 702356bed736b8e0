use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{parameters, root_name};
use crate::rules::support::{bare, is_function, key_name, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "xss",
    summary: "HTML that somebody outside can write",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[79],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data that becomes HTML: in the browser through `innerHTML` and its kin, jQuery, React, Vue and Angular; on a server through responses.",
        why: "A script in the page of another user acts with that user's rights: it reads the session and sends requests in their name.",
        example: "el.innerHTML = location.hash.slice(1);\nres.send(\"<h1>\" + req.query.name + \"</h1>\");",
        instead: "el.textContent = location.hash.slice(1);\nres.send(\"<h1>\" + escapeHtml(req.query.name) + \"</h1>\");",
        limits: "Responses of JSON, plain text or files are silent. Data that the server stored earlier is not followed.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::Html],
            "`{sink}` writes {source} into a page as HTML: scripts in it run for whoever opens the page. Escape it, set `textContent`, or clean it with DOMPurify.",
        ),
        Check::Flow(
            &[SinkKind::ScriptUrl],
            "`{sink}` takes {source} as an address: `javascript:` in it runs as a script of the page. Accept only addresses that begin with `https://`.",
        ),
        Check::Nodes(&[Kind::JsxAttribute], given_html),
        Check::Nodes(&[Kind::Pair], vue_template),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const nunjucks = require('nunjucks');\nnunjucks.configure('views', { autoescape: false, express: app }); //~ xss",
        ),
        Case::bad("a.js", "export default { props: ['body'], template: '<div v-html=\"body\"></div>' }; //~ xss"),
        Case::near_miss(
            "a.js",
            r#"app.get("/export", (req, res) => {
  res.attachment("data.json");
  res.end("<b>" + req.query.include);
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const config = JSON.parse(process.argv[2]);
http.createServer((request, response) => response.end("<b>" + config.body + "</b>"));"#,
        ),
        Case::near_miss(
            "a.js",
            "export default { props: ['body'], template: '<div v-html=\"sanitize(body)\"></div><p v-text=\"body\"></p>' };",
        ),
        Case::near_miss(
            "a.js",
            r#"$.fn.picker = function (options) {
  var run = { open: function (e) { $(e.target).addClass(options.classPrefix); } };
  this[0].innerHTML = '<div class="' + options.classPrefix + 'inner"></div>';
  return run[options.command](options);
};"#,
        ),
        Case::near_miss(
            "a.js",
            "app.use((req, res) => res.status(403).send('<p>not from ' + req.headers.origin + '</p>'));",
        ),
        Case::near_miss(
            "a.js",
            "const { parse } = require('node-html-parser');\napp.get('/list', (req, res) => {\n  const page = parse(text);\n  page.querySelector('title').innerHTML = 'Index of ' + req.query.dir;\n});",
        ),
        Case::near_miss(
            "a.js",
            "app.use((req, res, next) => {\n  if (req.headers['content-type'].match(/json;.+$/)) return res.status(415).end(`HTTP 415 - [${req.headers['content-type']}]`);\n  next();\n});",
        ),
        Case::near_miss(
            "a.js",
            "app.use((req, res) => res.send('<p>made with ' + req.headers['x-made-with'] + '</p>'));",
        ),
        Case::bad("a.js", "$.fn.tip = function (options) {\n  this.html('<b>' + options.text + '</b>'); //~ xss\n};"),
        Case::bad(
            "a.js",
            "app.use((req, res) => res.status(403).send('<p>not from ' + req.headers.referer + '</p>')); //~ xss",
        ),
        Case::near_miss(
            "a.js",
            "const nunjucks = require('nunjucks');\nnunjucks.configure('views', { autoescape: true });",
        ),
        Case::bad(
            "a.ts",
            "import { h } from 'vue';\nimport { useRoute } from 'vue-router';\nexport const f = () => { const r = useRoute(); return () => h('a', { href: r.query.to }, 'go'); }; //~ xss",
        ),
        Case::bad(
            "a.js",
            "module.exports = async function (context, req) {\n  context.res = { headers: { 'Content-Type': 'text/html' }, body: '<h1>' + req.query.name + '</h1>' }; //~ xss\n};",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut h = handlebars::Handlebars::new(); h.register_escape_fn(handlebars::no_escape); } //~ xss",
        ),
        Case::bad(
            "m.js",
            r#"class Autocomplete {
  highlight(string, $el) {
    const start = $el.text().indexOf(string);
    const before = $el.text().slice(0, start);
    $el.html(`<span>${before}<b>${string}</b></span>`); //~ xss
  }
}"#,
        ),
        Case::near_miss(
            "m.js",
            r#"app.controller('c', function ($scope, $http) {
  $http.get('/names').then((r) => $scope.append(r.data));
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const express = require('express');
const app = express();
app.get('/p/:pad', (req, res) => {
  const real = encodeURIComponent(req.params.pad) + new URL(req.url, 'http://invalid.invalid').search;
  res.status(302).send(`You should be redirected to <a href="${real}">${real}</a>`);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            "import { h } from 'vue';\nimport { useRoute } from 'vue-router';\nexport const setup = () => { const route = useRoute(); return () => h('p', route.query.note as string); };",
        ),
        Case::near_miss(
            "a.js",
            "const http = require('http');\nhttp.createServer((req, res) => {\n  const u = new URL(req.url, 'http://localhost');\n  res.setHeader('Content-Type', 'text/html');\n  res.end('<p>' + u.pathname + '</p>');\n});",
        ),
        Case::bad(
            "a.js",
            "const http = require('http');\nhttp.createServer((req, res) => {\n  const u = new URL(req.url, 'http://localhost');\n  res.setHeader('Content-Type', 'text/html');\n  res.end('<p>' + decodeURIComponent(u.pathname) + '</p>'); //~ xss\n});",
        ),
        Case::bad(
            "a.tsx",
            "export function Comment({ html }: Props) { return <div dangerouslySetInnerHTML={{ __html: html }} />; } //~ xss",
        ),
        Case::bad(
            "a.jsx",
            "export const Post = (props) => { const { post } = props; return <p dangerouslySetInnerHTML={{ __html: props.post.body }} />; }; //~ xss",
        ),
        Case::bad(
            "a.jsx",
            "function V() { const [posts, setPosts] = useState([]); return <p dangerouslySetInnerHTML={{ __html: posts[0].html }} />; } //~ xss",
        ),
        Case::good(
            "a.jsx",
            "export function V({ html }) { return <div dangerouslySetInnerHTML={{ __html: DOMPurify.sanitize(html) }} />; }",
        ),
        Case::good(
            "a.jsx",
            "export function V({ html }) { const clean = DOMPurify.sanitize(html); return <div dangerouslySetInnerHTML={{ __html: clean }} />; }",
        ),
        Case::good(
            "a.jsx",
            "const CSS = 'a{}'; export const V = () => <style dangerouslySetInnerHTML={{ __html: CSS }} />;",
        ),
        Case::near_miss(
            "a.jsx",
            "export const V = ({ sanitizedHtml }) => <p dangerouslySetInnerHTML={{ __html: sanitizedHtml }} />;",
        ),
        Case::bad(
            "a.ts",
            r#"import { Controller, Get, Query } from "@nestjs/common";
@Controller("hi")
export class Hi {
  @Get()
  hello(@Query("name") name: string) {
    return `<h1>Hello ${name}</h1>`; //~ xss
  }
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import type { APIGatewayProxyHandler } from "aws-lambda";
export const page: APIGatewayProxyHandler = async (event) => {
  const who = event.queryStringParameters?.name;
  return {
    statusCode: 200,
    headers: { "Content-Type": "text/html" },
    body: `Hi ${who}`, //~ xss
  };
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import { Controller, Get, Header, Query } from "@nestjs/common";
@Controller("hi")
export class Hi {
  @Get()
  @Header("content-type", "text/plain")
  hello(@Query("name") name: string) {
    return `<h1>Hello ${name}</h1>`;
  }
  @Get("json")
  json(@Query("name") name: string) {
    return { html: `<h1>Hello ${name}</h1>` };
  }
}"#,
        ),
        Case::good(
            "a.ts",
            r#"export async function handler(event) {
  return {
    statusCode: 200,
    headers: { "content-type": "application/json" },
    body: `<b>${event.queryStringParameters.name}</b>`,
  };
}"#,
        ),
        Case::good(
            "a.ts",
            r#"import Koa from "koa";
const app = new Koa();
app.use((ctx) => {
  ctx.type = "text";
  ctx.body = "<p>" + ctx.query.msg;
});"#,
        ),
        Case::bad(
            "a.rs",
            r#"use axum::{extract::Query, http::{header, StatusCode}, response::IntoResponse};
async fn greet(Query(q): Query<HashMap<String, String>>) -> impl IntoResponse {
    let name = q.get("name").map(String::as_str).unwrap_or("you");
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], format!("<h1>{name}</h1>")) //~ xss
}"#,
        ),
        Case::bad(
            "a.rs",
            r#"use axum::extract::Path;
use maud::{html, Markup, PreEscaped};
async fn page(Path(user): Path<String>) -> Markup {
    html! {
        h1 { "Hello " (user) }
        div { (PreEscaped(user.clone())) } //~ xss
    }
}"#,
        ),
        Case::good(
            "a.rs",
            r#"use axum::{extract::Path, http::header, response::IntoResponse};
use maud::{html, Markup};
async fn plain(Path(user): Path<String>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain")], format!("hello <b>{user}</b>"))
}
async fn page(Path(user): Path<String>) -> Markup {
    html! { p { (user) } }
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.send("<h1>Hello " + req.query.name + "</h1>"); //~ xss
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.status(404).send(`No such page: ${req.originalUrl}`); //~ xss
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  res.write("<p>"); 
  res.write(req.body.comment); //~ xss
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import http from "http";
http.createServer((req, res) => {
  const { searchParams } = new URL(req.url!, "http://x");
  res.writeHead(200, { "Content-Type": "text/html" });
  res.end("<b>" + searchParams.get("q") + "</b>"); //~ xss
});"#,
        ),
        Case::bad("a.js", r#"document.getElementById("out").innerHTML = location.hash.slice(1); //~ xss"#),
        Case::bad(
            "a.js",
            r#"const params = new URLSearchParams(window.location.search);
document.write("<p>" + params.get("name") + "</p>"); //~ xss"#,
        ),
        Case::bad(
            "a.js",
            r##"window.addEventListener("message", (event) => {
  const box = document.querySelector("#box");
  box.insertAdjacentHTML("beforeend", event.data.html); //~ xss
});"##,
        ),
        Case::bad(
            "a.ts",
            r##"import $ from "jquery";
const q = decodeURIComponent(window.location.search.split("q=")[1]);
$("#result").html("Found: " + q); //~ xss"##,
        ),
        Case::bad(
            "a.tsx",
            r#"import { useSearchParams } from "next/navigation";
export default function Page() {
  const params = useSearchParams();
  const text = params.get("text");
  return <div dangerouslySetInnerHTML={{ __html: text }} />; //~ xss
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
const app = new Koa();
app.use(async (ctx) => {
  ctx.body = `<h1>${ctx.query.title}</h1>`; //~ xss
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Component } from "@angular/core";
import { ActivatedRoute } from "@angular/router";
import { DomSanitizer } from "@angular/platform-browser";
@Component({})
export class A {
  html: any;
  constructor(private route: ActivatedRoute, private sanitizer: DomSanitizer) {
    this.html = this.sanitizer.bypassSecurityTrustHtml(this.route.snapshot.queryParams.html); //~ xss
  }
}"#,
        ),
        Case::bad(
            "a.tsx",
            r#"import { useParams } from "react-router-dom";
export function Link() {
  const { to } = useParams();
  return <a href={to}>go</a>; //~ xss
}"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = (req, res) => {
  const page = (title) => "<title>" + title + "</title>";
  res.send(page(req.query.t)); //~ xss
};"#,
        ),
        Case::bad(
            "a.js",
            r#"function show(text) {
  const el = document.createElement("div");
  el.innerHTML = `<b>${text}</b>`; //~ xss
  document.body.append(el);
}
show(document.referrer);"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const name = req.query.name || "you";
  const parts = ["<p>", name, "</p>"];
  res.send(parts.join("")); //~ xss
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.json({ name: req.query.name });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.send({ name: req.query.name });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.type("text/plain").send(req.query.name);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  res.setHeader("Content-Type", "application/json");
  res.end(req.body.text);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import escapeHtml from "escape-html";
const app = express();
app.get("/x", async (req, res) => {
  res.send("<p>" + escapeHtml(req.query.name) + "</p>");
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.render("page", { name: req.query.name });
});"#,
        ),
        Case::good("a.js", r#"document.getElementById("out").textContent = location.hash.slice(1);"#),
        Case::good(
            "a.ts",
            r##"import DOMPurify from "dompurify";
document.querySelector("#a").innerHTML = DOMPurify.sanitize(location.hash);"##,
        ),
        Case::good(
            "a.tsx",
            r#"export function Page({ text }: { text: string }) {
  const params = new URLSearchParams(location.search);
  return <p title={params.get("t")}>{params.get("q")}</p>;
}"#,
        ),
        Case::good(
            "a.js",
            r#"const n = parseInt(new URLSearchParams(location.search).get("page"), 10);
document.body.innerHTML = "<p>Page " + n + "</p>";"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.send(`<p>${encodeURIComponent(req.query.q)}</p>`);
});"#,
        ),
        Case::good(
            "a.ts",
            r##"import $ from "jquery";
$("#out").text(location.hash);
$("#list").html("<li>fixed</li>");"##,
        ),
        Case::good(
            "a.js",
            r#"const esc = (s) => s.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
exports.get = (req, res) => res.send("<p>" + esc(req.query.q) + "</p>");"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  res.end(req.query.q);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const page = Number(req.query.page) || 1;
  res.send(`<p>Page ${page}</p>`);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const lang = ["en", "de"].includes(req.query.lang) ? req.query.lang : "en";
  res.send(`<html lang="${lang}">`);
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const link = document.createElement("a");
link.href = "/search?q=" + location.hash.slice(1);
link.textContent = location.hash;"#,
        ),
        Case::near_miss(
            "a.jsx",
            r#"export function Link({ id }) {
  const p = new URLSearchParams(location.search);
  return <a href={`/user/${p.get("id")}`}>go</a>;
}"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.set("Content-Type", "text/csv");
  res.send(req.query.rows);
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const el = document.createElement("div");
el.innerHTML = "<p>loading</p>";
el.dataset.q = location.search;
console.assert(el.innerHTML !== location.hash);"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  res.status(200).json(req.body);
  res.sendStatus(204);
});"#,
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn a(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().content_type(\"text/html\").body(format!(\"<h1>{}</h1>\", q.name)) } //~ xss",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse, http::header::ContentType};\nuse axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn b(q: web::Query<Q>) -> HttpResponse {\n    let html = format!(\"<p>Hello {}</p>\", q.name);\n    HttpResponse::Ok()\n        .content_type(ContentType::html())\n        .body(html) //~ xss\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn c(Query(q): Query<Q>) -> Html<String> { Html(format!(\"<h1>{}</h1>\", q.name)) } //~ xss",
        ),
        Case::bad(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\nasync fn d(Path(name): Path<String>) -> impl IntoResponse { let s = String::from(\"<b>\") + &name + \"</b>\"; Html(s) } //~ xss",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::get;\nuse axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[rocket::get(\"/h/<name>\")]\nfn e(name: &str) -> rocket::response::content::RawHtml<String> { rocket::response::content::RawHtml(format!(\"<p>{}</p>\", name)) } //~ xss",
        ),
        Case::bad(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\nfn f() {\n    use warp::Filter;\n    let r = warp::path!(\"h\" / String).map(|n: String| warp::reply::html(format!(\"<p>{}</p>\", n))); //~ xss\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::web;\nuse axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\n#[poem::handler]\nfn g(poem::web::Query(q): poem::web::Query<Q>) -> poem::web::Html<String> { poem::web::Html(format!(\"<p>{}</p>\", q.name)) } //~ xss",
        ),
        Case::bad(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn h(req: tide::Request<()>) -> tide::Result {\n    let q: Q = req.query()?;\n    Ok(tide::Response::builder(200).body(format!(\"<html>{}</html>\", q.name)).content_type(tide::http::mime::HTML).build()) //~ xss\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\nasync fn h2(req: hyper::Request<hyper::Body>) -> hyper::Response<hyper::Body> {\n    let name = req.uri().query().unwrap_or(\"\");\n    hyper::Response::builder().header(\"Content-Type\", \"text/html\").body(hyper::Body::from(format!(\"<p>{name}</p>\"))).unwrap() //~ xss\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn h4(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().insert_header((\"Content-Type\", \"text/html; charset=utf-8\")).body(q.name.clone()) } //~ xss",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn i(Query(q): Query<Q>) -> Html<String> { Html(format!(\"<h1>{}</h1>\", html_escape::encode_text(&q.name))) }",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn j(Query(q): Query<Q>) -> String { format!(\"hello {}\", q.name) }",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn k(Query(q): Query<Q>) -> Json<Q> { Json(q) }",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn l(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().content_type(\"text/plain\").body(format!(\"hi {}\", q.name)) }",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn m(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().json(q.into_inner()) }",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn n(Query(q): Query<Q>) -> Html<String> { Html(format!(\"<p>{}</p>\", q.n)) }",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn o(Query(q): Query<Q>) -> Html<String> { let t = Tpl { name: q.name }; Html(t.render().unwrap()) }",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn p(Query(q): Query<Q>) -> Html<String> { Html(ammonia::clean(&q.name)) }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\nasync fn r() -> Html<&'static str> { Html(\"<h1>hi</h1>\") }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn s(Query(q): Query<Q>, tera: State<tera::Tera>) -> Html<String> { let mut c = tera::Context::new(); c.insert(\"name\", &q.name); Html(tera.render(\"a.html\", &c).unwrap()) }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn t(Query(q): Query<Q>) -> maud::Markup { maud::html! { h1 { (q.name) } } }",
        ),
        Case::near_miss(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse axum::{extract::{Query, Path}, response::{Html, IntoResponse, Response}, Json};\n#[derive(serde::Deserialize, serde::Serialize)] struct Q { name: String, n: u32 }\nasync fn v(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().body(format!(\"hello {}\", q.name)) }",
        ),
        Case::bad(
            "a.js",
            r#"const Hapi = require("@hapi/hapi");
const server = Hapi.server();
server.route({ method: "GET", path: "/", handler: (request, h) => `<p>${request.query.a}</p>` }); //~ xss"#,
        ),
        Case::bad(
            "a.js",
            r#"$.fn.gallery = function (options) {
  const settings = $.extend({ caption: "" }, options);
  this.html("<b>" + settings.caption + "</b>"); //~ xss
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const script = document.createElement("script");
script.src = new URL(location.href).searchParams.get("plugin"); //~ xss"#,
        ),
        Case::bad(
            "a.js",
            r#"const field = document.getElementById("name");
document.getElementById("out").innerHTML = "<b>" + field.value + "</b>"; //~ xss"#,
        ),
        Case::bad(
            "a.js",
            r#"fetch("/api/comments").then((r) => r.json()).then((list) => {
  document.getElementById("c").innerHTML = list.map((c) => `<p>${c.text}</p>`).join(""); //~ xss
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import { Controller, Get, Query } from "@nestjs/common";
@Controller()
export class Hello {
  @Get() hello(@Query("name") name: string) { return { text: `<h1>${name}</h1>` }; }
}"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const tab = window.location.hash;
if (tab) $(tab).addClass("active");"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const mysql = require("mysql");
const db = mysql.createConnection({});
require("express")().get("/x", (req, res) => {
  db.query("SELECT * FROM t", (err, rows) => res.send(rows));
});"#,
        ),
        Case::good(
            "a.rs",
            "use axum::response::Html;\nuse axum::extract::Query;\nasync fn a(Query(q): Query<Q>) -> Html<String> { Html(format!(\"<p>{}</p>\", html_escape::encode_text(&q.name))) }",
        ),
        Case::good(
            "a.rs",
            "use axum::Json;\nuse axum::extract::Query;\nasync fn a(Query(q): Query<Q>) -> Json<Out> { Json(Out { name: q.name }) }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>) -> String { format!(\"hello {}\", q.name) }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::response::Html;\nuse axum::extract::Path;\nasync fn a(Path(n): Path<u32>) -> Html<String> { Html(format!(\"<p>{n}</p>\")) }",
        ),
        Case::good(
            "a.js",
            "require('express')().get('/', (req, res) => { const text = Buffer.from(req.query.text).toString('base64'); res.send(text); });",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::response::Html;\nuse axum::extract::Query;\nasync fn a(Query(q): Query<Q>) -> Html<String> { Html(if q.name == \"x\" { \"<b>x</b>\".to_string() } else { String::new() }) }",
        ),
    ],
};

/// `template: '<div v-html="html"></div>'` of a component of Vue, of which nothing says that it is clean.
fn vue_template<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(value) = node.child(Field::Value) else { return };
    if key_name(node).as_deref() != Some("template") || !matches!(value.kind(), Kind::String | Kind::TemplateString) {
        return;
    }
    let Some(at) = value.text().find("v-html=\"") else { return };
    let shown = value.text()[at + 8..].split('"').next().unwrap_or_default();
    let clean = words(shown).iter().any(|w| {
        ["saniti", "safe", "clean", "escape", "purif", "trusted", "highlight", "icon", "svg"]
            .iter()
            .any(|c| w.starts_with(c))
    });
    let t = shown.trim_start();
    if clean || t.is_empty() || t.starts_with("$t(") || t.starts_with("t(") {
        return;
    }
    let start = value.span().start + at as u32;
    let span = crate::syntax::Span { start, end: start + 9 + shown.len() as u32 };
    let message = format!(
        "`{shown}` is written into the page as HTML, and nothing here cleans it: scripts in it run for whoever sees the component. Clean it with DOMPurify, or show it as text."
    );
    cx.report(Note::new(cx.rule, span, message).severity(Severity::Medium).confidence(Confidence::Medium));
}

/// `dangerouslySetInnerHTML={{ __html: html }}` of a prop or of state, which nobody here has cleaned.
fn given_html<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.first_named().is_none_or(|n| n.text() != "dangerouslySetInnerHTML") {
        return;
    }
    let object = node.last_named().filter(|v| v.kind() == Kind::JsxExpression).and_then(Node::first_named).map(bare);
    let Some(object) = object.filter(|o| o.kind() == Kind::Object) else { return };
    let pair = object.named_children().find(|p| p.kind() == Kind::Pair && key_name(*p).as_deref() == Some("__html"));
    let Some(value) = pair.and_then(|p| p.child(Field::Value)).map(bare) else { return };
    if !matches!(value.kind(), Kind::Identifier | Kind::MemberExpression | Kind::SubscriptExpression) {
        return;
    }
    let Some(root) = root_name(value).filter(|r| r.kind() == Kind::Identifier) else { return };
    let clean = words(value.text()).iter().any(|w| {
        ["saniti", "safe", "clean", "escape", "purif", "trusted", "highlight", "css", "style", "script", "json", "svg"]
            .iter()
            .any(|c| w.starts_with(c))
    });
    // A script or style element holds code of the page itself.
    let code = node.ancestors().any(|a| {
        matches!(a.kind(), Kind::JsxOpeningElement | Kind::JsxSelfClosingElement)
            && a.child(Field::Name).is_some_and(|n| matches!(n.text(), "script" | "style"))
    });
    if clean || code {
        return;
    }
    let name = root.text();
    let component = node.ancestors().filter(|a| is_function(*a)).last();
    let prop = component.is_some_and(|f| {
        parameters(f).first().is_some_and(|p| {
            p.kind() == Kind::Identifier && p.text() == name && name == "props"
                || p.kind() == Kind::ObjectPattern
                    && p.descendants().any(|n| {
                        matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern)
                            && n.text() == name
                    })
        })
    });
    let state = node.arena().nodes().any(|n| {
        n.kind() == Kind::VariableDeclarator
            && n.child(Field::Name)
                .is_some_and(|p| p.kind() == Kind::ArrayPattern && p.first_named().is_some_and(|f| f.text() == name))
            && n.child(Field::Value)
                .map(bare)
                .and_then(|v| v.child(Field::Function))
                .is_some_and(|f| f.text().ends_with("useState"))
    });
    if !prop && !state {
        return;
    }
    let message = format!(
        "`{}` is written into the page as HTML, and nothing here cleans it: scripts in it run for whoever sees the component. Clean it with DOMPurify, or show it as text.",
        value.text()
    );
    cx.report(Note::new(cx.rule, value.span(), message).severity(Severity::Medium).confidence(Confidence::Medium));
}
