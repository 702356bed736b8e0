//! What frameworks make of requests: extractors of the program's own, types that check what they are made of, addresses.

use super::check;

#[test]
fn extractors_of_the_program() {
    check(
        &["path-traversal", "xss", "sql-injection"],
        r#"
use poem::{handler, FromRequest, Request, RequestBody, Result};
use rocket::request::Outcome;
pub struct Token(String);
impl<'a> FromRequest<'a> for Token {
    async fn from_request(req: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let t = req.headers().get("token").and_then(|v| v.to_str().ok()).unwrap_or("");
        Ok(Token(t.to_string()))
    }
}
#[handler]
pub async fn a(token: Token) -> Result<Vec<u8>> {
    Ok(tokio::fs::read(std::path::Path::new("/var/tokens").join(&token.0)).await?) //~ path-traversal
}
#[handler]
pub async fn b(Token(name): Token) -> Result<Vec<u8>> {
    Ok(tokio::fs::read(format!("/var/{name}")).await?) //~ path-traversal
}
pub struct Agent { name: String, length: usize }
impl<'r> rocket::request::FromRequest<'r> for Agent {
    type Error = ();
    async fn from_request(req: &'r rocket::Request<'_>) -> Outcome<Self, ()> {
        match req.headers().get_one("user-agent") {
            Some(a) => Outcome::Success(Agent { name: a.to_owned(), length: a.len() }),
            None => Outcome::Error((rocket::http::Status::BadRequest, ())),
        }
    }
}
pub fn c(a: Agent) -> rocket::response::content::RawHtml<String> {
    if a.length > 100 { return rocket::response::content::RawHtml(format!("<p>{}</p>", a.length)); }
    rocket::response::content::RawHtml(format!("<p>{}</p>", a.name)) //~ xss
}
pub struct Id(u64);
impl<S> axum::extract::FromRequestParts<S> for Id {
    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, ()> {
        let id = parts.headers.get("id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
        id.map(Id).ok_or(())
    }
}
pub async fn d(db: &sqlx::PgPool, id: Id) { sqlx::query(&format!("DELETE FROM t WHERE id = {}", id.0)).execute(db).await; }
pub struct Svc { db: sqlx::PgPool }
pub struct Find { name: String, id: i64 }
impl Svc {
    async fn find(&self, request: tonic::Request<Find>) -> Result<(), tonic::Status> {
        let name = &request.get_ref().name;
        sqlx::query(&format!("SELECT 1 FROM t WHERE name = '{name}'")).execute(&self.db).await; //~ sql-injection
        Ok(())
    }
}
"#,
    );
}

#[test]
fn types_that_check_what_they_are_made_of() {
    check(
        &["path-traversal"],
        r#"
use axum::extract::Path;
pub struct Slug(String);
impl std::str::FromStr for Slug {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        if s.is_empty() || !s.chars().all(|c| c.is_ascii_lowercase()) { return Err("slug".into()); }
        Ok(Slug(s.to_string()))
    }
}
impl Slug { fn as_str(&self) -> &str { &self.0 } }
pub struct Loose(String);
impl std::str::FromStr for Loose {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> { Ok(Loose(s.trim().to_string())) }
}
pub struct Name(String);
impl TryFrom<String> for Name {
    type Error = ();
    fn try_from(v: String) -> Result<Self, ()> {
        if v.chars().any(|c| !c.is_ascii_alphanumeric()) { Err(()) } else { Ok(Name(v)) }
    }
}
async fn a(Path(raw): Path<String>) -> Result<String, ()> {
    let slug: Slug = raw.parse().map_err(|_| ())?;
    tokio::fs::read_to_string(format!("/srv/{}.md", slug.as_str())).await.map_err(|_| ())
}
async fn b(Path(raw): Path<String>) -> Result<String, ()> {
    let slug = raw.parse::<Slug>().map_err(|_| ())?;
    tokio::fs::read_to_string(format!("/srv/{}.md", slug.0)).await.map_err(|_| ())
}
async fn c(Path(raw): Path<String>) -> Result<String, ()> {
    let loose: Loose = raw.parse().map_err(|_| ())?;
    tokio::fs::read_to_string(format!("/srv/{}.md", loose.0)).await.map_err(|_| ()) //~ path-traversal
}
async fn d(Path(raw): Path<String>) -> Result<String, ()> {
    let name: Name = raw.try_into()?;
    tokio::fs::read_to_string(format!("/srv/{}.md", name.0)).await.map_err(|_| ())
}
async fn e(Path(raw): Path<String>) -> Result<String, ()> {
    let n: usize = raw.parse().map_err(|_| ())?;
    tokio::fs::read_to_string(format!("/srv/{n}.md")).await.map_err(|_| ())
}
"#,
    );
}

#[test]
fn addresses() {
    check(
        &["ssrf", "clear-text-transmission", "log-injection", "uncontrolled-allocation"],
        r#"
use axum::extract::{Json, Query};
use std::collections::HashMap;
async fn a(client: reqwest::Client, Json(hook): Json<HashMap<String, String>>) {
    let Ok(url) = reqwest::Url::parse(&hook["url"]) else { return };
    if !matches!(url.host_str(), Some("hooks.example.com" | "hooks.example.org")) { return; }
    client.post(url).body("{}").send().await;
}
async fn b(client: reqwest::Client, Json(hook): Json<HashMap<String, String>>) {
    let Ok(url) = reqwest::Url::parse(&hook["url"]) else { return };
    match url.host_str() {
        Some("a.example.com") | Some("b.example.com") => {}
        _ => return,
    }
    client.post(url).body("{}").send().await;
}
async fn c(client: reqwest::Client, Json(hook): Json<HashMap<String, String>>) {
    let Ok(url) = reqwest::Url::parse(&hook["url"]) else { return };
    if !matches!(url.scheme(), "http" | "https") { return; }
    client.post(url).body("{}").send().await; //~ ssrf
}
fn d(card: &str) {
    ureq::get(&format!("http://pay.example.com/charge?card_number={card}")).call(); //~ clear-text-transmission
    ureq::get(&format!("http://door.example.com/open?user=1&pin={card}")).call(); //~ clear-text-transmission
    ureq::get(&format!("http://shop.example.com/list?page={card}")).call();
    ureq::get(&format!("http://localhost:8080/open?password={card}")).call();
    ureq::get("http://shop.example.com/list?token=public").call();
}
async fn e(client: &reqwest::Client, user: &str, pw: &str) {
    client.post("http://auth.example.com/login").form(&[("user", user), ("password", pw)]).send().await; //~ clear-text-transmission
    client.post("https://auth.example.com/login").form(&[("user", user), ("password", pw)]).send().await;
    client.post("http://auth.example.com/find").form(&[("user", user), ("term", pw)]).send().await;
}
fn e2(password: &str) { ureq::post(&format!("http://localhost:8080/unlock?password={password}")).call(); }
async fn f(Query(q): Query<HashMap<String, String>>) {
    let user = q.get("user").cloned().unwrap_or_default().replace(['\r', '\n'], "");
    tracing::warn!("login failed for {user}");
    let name = q.get("name").cloned().unwrap_or_default().replace(|c: char| c.is_control(), "");
    tracing::warn!("login failed for {name}");
    let raw = q.get("raw").cloned().unwrap_or_default().replace(['a', 'b'], "");
    tracing::warn!("login failed for {raw}"); //~ log-injection
}
fn g(mut s: std::net::TcpStream) {
    let mut head = [0u8; 2];
    s.read_exact(&mut head).unwrap();
    let small = vec![0u8; u16::from_be_bytes(head) as usize];
    let mut long = [0u8; 4];
    s.read_exact(&mut long).unwrap();
    let large = vec![0u8; u32::from_be_bytes(long) as usize]; //~ uncontrolled-allocation
}
"#,
    );
}

#[test]
fn poem_tide_tonic_and_mongodb() {
    check(
        &[
            "xss",
            "sql-injection",
            "nosql-injection",
            "code-injection",
            "open-redirect",
            "path-traversal",
            "command-injection",
        ],
        r#"
use poem::{handler, web::{Path, Query}};
use mongodb::bson::{doc, Document};
#[handler]
fn a(Path(name): Path<String>) -> poem::Response { poem::Response::builder().content_type("text/html").body(name) } //~ xss
#[handler]
fn b(Path(name): Path<String>) -> poem::Response { poem::Response::builder().content_type("text/plain").body(name) }
#[handler]
fn c(req: &poem::Request) -> poem::web::Redirect { poem::web::Redirect::see_other(req.header("back").unwrap_or("/")) } //~ open-redirect
#[handler]
async fn d(jar: &poem::web::cookie::CookieJar) -> Vec<u8> {
    let theme = jar.get("theme").map(|c| c.value_str().to_string()).unwrap_or_default();
    tokio::fs::read(format!("themes/{theme}")).await.unwrap_or_default() //~ path-traversal
}
async fn e(req: tide::Request<()>) -> tide::Result {
    let name = req.param("name")?;
    Ok(tide::Response::builder(200).content_type(tide::http::mime::HTML).body(name).build()) //~ xss
}
async fn f(req: tide::Request<()>) -> tide::Result {
    let name = req.param("name")?;
    Ok(tide::Response::builder(200).content_type(tide::http::mime::PLAIN).body(name).build())
}
async fn g(mut req: tide::Request<sqlx::SqlitePool>) -> tide::Result {
    let table = req.body_string().await?;
    sqlx::query(&format!("SELECT * FROM {table}")).fetch_all(req.state()).await?; //~ sql-injection
    Ok("".into())
}
async fn h(req: tonic::Request<Find>) -> Result<(), tonic::Status> {
    let tenant = req.metadata().get("tenant").and_then(|v| v.to_str().ok()).unwrap_or("");
    std::process::Command::new("sh").arg("-c").arg(format!("ls {tenant}")).status(); //~ command-injection
    Ok(())
}
async fn i(coll: &mongodb::Collection<Document>, Query(q): Query<Filter>) {
    coll.find(doc! { "$where": format!("this.a == '{}'", q.name) }).await; //~ code-injection
    coll.find(doc! { "name": &q.name }).await;
}
async fn j(coll: &mongodb::Collection<Document>, axum::Json(body): axum::Json<serde_json::Value>) {
    let filter = mongodb::bson::to_document(&body).unwrap();
    coll.find_one(filter).await; //~ nosql-injection
}
pub struct Filter { name: String }
pub struct Find { name: String }
"#,
    );
}

#[test]
fn tests_enums_and_constructors_that_are_handed_over() {
    check(
        &["path-traversal", "sql-injection", "ssrf"],
        r#"
use axum::extract::{Path, Query, Json};
use std::path::{Component, PathBuf};
#[derive(serde::Deserialize, Clone, Copy)]
enum Dir { Asc, Desc }
impl std::fmt::Display for Dir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(match self { Dir::Asc => "ASC", Dir::Desc => "DESC" }) }
}
#[derive(serde::Deserialize)]
enum Loose { Known, Other(String) }
#[derive(serde::Deserialize)]
struct Search { dir: Option<Dir>, loose: Option<Loose>, name: String }
async fn a(db: &sqlx::PgPool, Query(s): Query<Search>) {
    let dir = s.dir.unwrap_or(Dir::Asc);
    sqlx::query(&format!("SELECT id FROM t ORDER BY id {dir}")).fetch_all(db).await;
    sqlx::query(&format!("SELECT id FROM t ORDER BY {}", s.name)).fetch_all(db).await; //~ sql-injection
}
fn inside(root: &PathBuf, name: &str) -> Option<PathBuf> {
    let rel = std::path::Path::new(name);
    rel.components().all(|c| matches!(c, Component::Normal(_))).then(|| root.join(rel))
}
fn below(root: &PathBuf, name: &str) -> Option<PathBuf> { (!name.is_empty()).then(|| root.join(name)) }
async fn b(root: PathBuf, Path(name): Path<String>) {
    if let Some(path) = inside(&root, &name) { tokio::fs::read(path).await; }
    if let Some(path) = below(&root, &name) { tokio::fs::read(path).await; } //~ path-traversal
}
struct Topic(String);
impl std::str::FromStr for Topic {
    type Err = ();
    fn from_str(s: &str) -> Result<Topic, ()> {
        let ok = s.len() < 40 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if ok { Ok(Topic(s.into())) } else { Err(()) }
    }
}
async fn c(Path(t): Path<String>) -> Result<(), ()> {
    let topic = t.parse::<Topic>()?;
    tokio::fs::read(format!("topics/{}", topic.0)).await;
    Ok(())
}
struct Body(serde_json::Value);
impl<S> axum::extract::FromRequest<S> for Body {
    async fn from_request(req: axum::extract::Request, _: &S) -> Result<Self, ()> {
        let bytes = axum::body::to_bytes(req.into_body(), 1 << 16).await.map_err(|_| ())?;
        serde_json::from_slice(&bytes).map(Body).map_err(|_| ())
    }
}
async fn d(client: reqwest::Client, Body(v): Body) {
    let Some(target) = v.pointer("/callback/url").and_then(|u| u.as_str()) else { return };
    client.put(target).json(&v).send().await; //~ ssrf
}
"#,
    );
}

#[test]
fn checks_in_functions_of_the_program() {
    check(
        &["path-traversal"],
        r#"
use axum::extract::Path;
fn word(s: &str) -> bool { !s.is_empty() && s.len() < 64 && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') }
fn short(s: &str) -> bool { s.len() < 64 }
fn plain(s: &str) -> bool {
    if s.is_empty() { return false; }
    s.bytes().all(|b| b.is_ascii_alphanumeric())
}
fn either(s: &str) -> bool { s.len() < 9 || s.bytes().all(|b| b.is_ascii_alphanumeric()) }
fn fine(s: &str) -> Result<(), String> {
    if !s.chars().all(|c| c.is_ascii_alphanumeric()) { return Err("no".into()); }
    Ok(())
}
fn lax(s: &str) -> Result<(), String> {
    if s.len() > 99 { return Err("no".into()); }
    Ok(())
}
async fn a(Path(p): Path<String>) { if !word(&p) { return; } std::fs::read(p); }
async fn b(Path(p): Path<String>) { if !short(&p) { return; } std::fs::read(p); } //~ path-traversal
async fn c(Path(p): Path<String>) { if plain(&p) { std::fs::read(p); } }
async fn d(Path(p): Path<String>) { if !plain(&p) { std::fs::read(p); } } //~ path-traversal
async fn e(Path(p): Path<String>) { if either(&p) { std::fs::read(p); } } //~ path-traversal
async fn f(Path(p): Path<String>) -> Result<(), String> { fine(&p)?; std::fs::read(p); Ok(()) }
async fn n(Path(p): Path<String>) -> Result<(), u8> { fine(&p).map_err(|_| 1)?; std::fs::read(p); Ok(()) }
async fn o(Path(p): Path<String>) -> Result<(), u8> { lax(&p).map_err(|_| 1)?; std::fs::read(p); Ok(()) } //~ path-traversal
async fn g(Path(p): Path<String>) -> Result<(), String> { lax(&p)?; std::fs::read(p); Ok(()) } //~ path-traversal
async fn h(Path(p): Path<String>) { if let Err(e) = fine(&p) { return; } std::fs::read(p); }
async fn i(Path(p): Path<String>) { if fine(&p).is_err() { return; } std::fs::read(p); }
async fn j(Path(p): Path<String>) { if fine(&p).is_err() { std::fs::read(p); } } //~ path-traversal
async fn k(Path(p): Path<String>) { if fine(&p).is_ok() { std::fs::read(p); } }
async fn l(Path(p): Path<String>) { let _ = fine(&p); std::fs::read(p); } //~ path-traversal
async fn m(Path(p): Path<String>) -> Result<(), String> { if let Ok(()) = fine(&p) { std::fs::read(p); } Ok(()) }
"#,
    );
}

#[test]
fn lists_of_numbers_bounds_and_bodies_as_they_came() {
    check(
        &["sql-injection", "uncontrolled-allocation", "unwrap-on-untrusted-input", "zip-bomb-unbounded-read"],
        r#"
use actix_web::{web, HttpResponse};
use std::io::Read;
#[derive(serde::Deserialize)]
pub struct Filter { name: String, ids: Vec<i64> }
pub async fn numbers(f: web::Query<Filter>) -> HttpResponse {
    let list = f.ids.iter().map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    sqlx::query(&format!("SELECT 1 FROM t WHERE id IN ({list})")).execute(&pool()).await;
    sqlx::query(&format!("SELECT 1 FROM t WHERE id = '{}'", f.name)).execute(&pool()).await; //~ sql-injection
    HttpResponse::Ok().finish()
}
pub async fn area(p: web::Path<(u32, u32)>) -> HttpResponse {
    let (w, h) = p.into_inner();
    let Some(size) = w.checked_mul(h).filter(|n| *n < 1_000_000) else { return HttpResponse::BadRequest().finish() };
    let image: Vec<u8> = Vec::with_capacity(size as usize);
    HttpResponse::Ok().body(image)
}
pub async fn at(p: web::Path<usize>, rows: web::Data<Vec<u8>>) -> HttpResponse {
    let n = p.into_inner();
    HttpResponse::Ok().body(rows[n].to_string()) //~ unwrap-on-untrusted-input
}
pub async fn until(p: web::Path<usize>, rows: web::Data<Vec<u8>>) -> HttpResponse {
    let n = p.into_inner();
    if n > rows.len() { return HttpResponse::BadRequest().finish(); }
    HttpResponse::Ok().body(rows[..n].to_vec())
}
pub async fn unpack(body: web::Bytes) -> HttpResponse {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut out).ok(); //~ zip-bomb-unbounded-read
    flate2::read::GzDecoder::new(&body[..]).take(1 << 20).read_to_end(&mut out).ok();
    HttpResponse::Ok().body(out)
}
pub async fn named(body: String) -> HttpResponse {
    sqlx::query(&format!("DELETE FROM t WHERE name = '{body}'")).execute(&pool()).await; //~ sql-injection
    HttpResponse::Ok().finish()
}
"#,
    );
}
