use super::check;

const RULES: &[&str] = &["ssrf", "open-redirect"];

#[test]
fn bad() {
    check(
        RULES,
        r#"
use actix_web::{web, HttpRequest};
use axum::{extract::{Query, State}, response::Redirect, Json};
use reqwest::Client;

#[derive(Deserialize)]
struct Fetch { url: String, host: String, port: u16 }

async fn a(q: web::Query<Fetch>) -> String { reqwest::get(&q.url).await.unwrap().text().await.unwrap() } //~ ssrf
async fn b(Json(f): Json<Fetch>, State(client): State<Client>) { client.get(f.url).send().await.unwrap(); } //~ ssrf
async fn c(Query(f): Query<Fetch>) {
    let url = format!("http://{}:{}/status", f.host, f.port);
    let client = reqwest::Client::new();
    client.post(&url).body("x").send().await.unwrap(); //~ ssrf
}
fn d(f: Fetch) -> String { ureq::get(&f.url).call().unwrap().into_string().unwrap() } //~ ssrf
async fn e(q: web::Form<Fetch>) { d(q.into_inner()); }
async fn f(req: HttpRequest) {
    let target = req.headers().get("x-target").unwrap().to_str().unwrap();
    let url = reqwest::Url::parse(target).unwrap();
    reqwest::get(url).await.unwrap(); //~ ssrf
}
struct Api { http: Client }
impl Api { async fn load(&self, url: &str) -> String { self.http.get(url).send().await.unwrap().text().await.unwrap() } } //~ ssrf
async fn g(api: web::Data<Api>, q: web::Query<Fetch>) { api.load(&q.url).await; }
async fn h(q: web::Query<Fetch>) { let s = std::net::TcpStream::connect(format!("{}:80", q.host)).unwrap(); } //~ ssrf
#[post("/hook", data = "<hook>")]
async fn i(hook: rocket::serde::json::Json<Fetch>) { reqwest::get(hook.url.as_str()).await.unwrap(); } //~ ssrf
async fn j(q: Query<Fetch>) -> Redirect { Redirect::to(&q.url) } //~ open-redirect
async fn k(q: web::Query<Fetch>) { reqwest::Client::new().request(reqwest::Method::GET, &q.url).send().await; } //~ ssrf
async fn l(q: web::Query<Fetch>) {
    let url = if q.url.starts_with("http") { q.url.clone() } else { format!("http://{}", q.url) };
    reqwest::get(url).await.unwrap(); //~ ssrf
}
"#,
    );
}

#[test]
fn good() {
    check(
        RULES,
        r#"
use actix_web::web;
use axum::{extract::{Query, State, Path}, response::Redirect};
use reqwest::Client;
#[derive(Deserialize)]
struct Fetch { url: String, id: u32 }
async fn a(q: web::Query<Fetch>) { reqwest::get(format!("https://api.example.com/items/{}", q.url)).await.unwrap(); }
async fn b(q: web::Query<Fetch>) { Client::new().get("https://api.example.com").query(&[("q", &q.url)]).send().await.unwrap(); }
async fn c(q: web::Query<Fetch>) { reqwest::get(format!("http://{}.internal", q.id)).await.unwrap(); }
async fn d() { let u = "https://example.com"; reqwest::get(u).await.unwrap(); }
const HOSTS: [&str; 2] = ["https://a.example/", "https://b.example/"];
async fn e(q: web::Query<Fetch>) { if HOSTS.contains(&q.url.as_str()) { reqwest::get(&q.url).await.unwrap(); } }
async fn f(q: web::Query<Fetch>) {
    let base = match q.url.as_str() { "eu" => "https://eu.example.com", _ => "https://us.example.com" };
    reqwest::get(base).await.unwrap();
}
async fn g(q: web::Query<Fetch>) { Client::new().post("https://api.example.com").body(q.url.clone()).send().await.unwrap(); }
async fn h(Path(p): Path<String>) -> Redirect { Redirect::to("/home") }
async fn i(Path(p): Path<String>) -> Redirect { Redirect::to(&format!("/users/{p}")) }
fn j(cfg: &Config) { reqwest::blocking::get(&cfg.endpoint).unwrap(); }
async fn k(q: web::Query<Fetch>) { if q.url.starts_with("https://api.example.com/") { reqwest::get(&q.url).await.unwrap(); } }
fn l() { let base = std::env::var("API").unwrap(); reqwest::blocking::get(format!("{base}/x")).unwrap(); }
"#,
    );
}

#[test]
fn near_misses() {
    check(
        RULES,
        r#"
use actix_web::web;
use std::collections::HashMap;
async fn a(q: web::Query<String>, cache: web::Data<HashMap<String, String>>) { cache.get(&q.into_inner()); }
async fn b(q: web::Path<String>, store: Store) { store.get(&q).await.unwrap(); }
async fn c(q: web::Path<String>) { let u = url::Url::parse(&q).unwrap(); println!("{}", u.path()); }
async fn d(q: web::Path<String>, c: Client) { c.header("X-User", q.into_inner()); }
async fn e(q: web::Path<String>) { let mut url = reqwest::Url::parse("https://a.example/").unwrap(); url.set_query(Some(&q)); reqwest::get(url).await.unwrap(); }
async fn f(q: web::Path<u16>) { std::net::TcpStream::connect(("127.0.0.1", q.into_inner())).unwrap(); }
"#,
    );
}
