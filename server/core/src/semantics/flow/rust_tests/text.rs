use super::check;

#[test]
fn bad_html() {
    check(
        &["xss"],
        r#"
use actix_web::{web, HttpResponse};
use axum::{extract::{Path, Query}, response::{Html, IntoResponse}};
use rocket::response::content;
#[derive(Deserialize)]
struct Q { name: String, age: u32 }
async fn a(Query(q): Query<Q>) -> Html<String> { Html(format!("<h1>Hello {}</h1>", q.name)) } //~ xss
async fn b(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().content_type("text/html").body(q.name.clone()) } //~ xss
async fn c(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().body(format!("<p>{}</p>", q.name)) } //~ xss
#[get("/hi/<name>")]
fn d(name: &str) -> content::RawHtml<String> { content::RawHtml(format!("<b>{name}</b>")) } //~ xss
async fn e(Path(p): Path<String>) -> impl IntoResponse {
    let mut page = String::from("<html>");
    page.push_str(&p);
    page += "</html>";
    Html(page) //~ xss
}
fn f() { let r = warp::path!("hi" / String).map(|name: String| warp::reply::html(format!("<i>{}</i>", name))); } //~ xss
async fn g(q: web::Query<Q>) -> HttpResponse {
    HttpResponse::Ok().content_type(actix_web::http::header::ContentType::html()).body(format!("Hi {}", q.name)) //~ xss
}
fn page(title: &str) -> String { format!("<title>{title}</title>") }
async fn h(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page(&q.name)) } //~ xss
async fn i(Path(p): Path<String>) -> axum::response::Html<String> { axum::response::Html(p) } //~ xss
async fn j(q: web::Form<Q>) -> HttpResponse {
    let rows: Vec<String> = vec![q.name.clone()];
    HttpResponse::Ok().insert_header(("content-type", "text/html")).body(rows.join("<br>")) //~ xss
}
async fn k(Query(q): Query<Q>) -> poem::web::Html<String> { poem::web::Html(q.name) } //~ xss
async fn l(Query(q): Query<Q>) -> impl IntoResponse { let m = maud::PreEscaped(q.name); m } //~ xss
"#,
    );
}

#[test]
fn good_html() {
    check(
        &["xss"],
        r#"
use actix_web::{web, HttpResponse};
use axum::{extract::{Path, Query}, response::Html, Json};
#[derive(Deserialize)]
struct Q { name: String, age: u32 }
async fn a(Query(q): Query<Q>) -> Html<String> { Html(format!("<h1>{}</h1>", html_escape::encode_text(&q.name))) }
async fn b(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().content_type("text/plain").body(q.name.clone()) }
async fn c(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().body(format!("Hello {}", q.name)) }
async fn d(q: web::Query<Q>) -> HttpResponse { HttpResponse::Ok().json(q.into_inner()) }
async fn e(Query(q): Query<Q>) -> Html<String> { Html(format!("<p>{}</p>", q.age)) }
async fn f(Query(q): Query<Q>) -> Json<String> { Json(format!("<p>{}</p>", q.name)) }
async fn g() -> Html<&'static str> { Html("<h1>hi</h1>") }
async fn h(Query(q): Query<Q>) -> Html<String> { Html(ammonia::clean(&q.name)) }
async fn i(Query(q): Query<Q>) -> Html<String> { Html(escape_html(&q.name)) }
async fn j(Path(p): Path<String>) -> String { format!("<p>{p}</p>") }
async fn k(Query(q): Query<Q>) -> Html<String> { let t = match q.name.as_str() { "a" => "A", _ => "B" }; Html(format!("<p>{t}</p>")) }
async fn l(q: web::Query<Q>, t: web::Data<Tera>) -> HttpResponse {
    let mut ctx = Context::new();
    ctx.insert("name", &q.name);
    HttpResponse::Ok().content_type("text/html").body(t.render("page.html", &ctx).unwrap())
}
"#,
    );
}

#[test]
fn html_near_misses() {
    check(
        &["xss"],
        r#"
use axum::extract::Path;
struct Html(String);
async fn a(Path(p): Path<String>) { let h = Html(p); }
async fn b(Path(p): Path<String>) { println!("<p>{p}</p>"); }
async fn c(Path(p): Path<u64>) -> axum::response::Html<String> { axum::response::Html(format!("<p>{p}</p>")) }
async fn d(Path(p): Path<String>) -> axum::response::Html<String> { axum::response::Html(format!("<p>{}</p>", p.len())) }
async fn e(Path(p): Path<String>, c: reqwest::Client) { c.post("https://a.example/").body(format!("{p}")).send().await.unwrap(); }
async fn f(Path(p): Path<String>) -> axum::response::Html<String> { let known = p == "x"; axum::response::Html(format!("<p>{known}</p>")) }
"#,
    );
}

#[test]
fn patterns_and_logs() {
    check(
        &["regex-injection", "log-injection"],
        r#"
use axum::extract::{Path, Query};
use regex::Regex;
use tracing::{info, warn};
#[derive(Deserialize)]
struct Q { pattern: String, n: u32 }
async fn a(Query(q): Query<Q>) { let re = Regex::new(&q.pattern).unwrap(); } //~ regex-injection
async fn b(Query(q): Query<Q>) { let re = regex::RegexBuilder::new(&format!("^{}$", q.pattern)).build().unwrap(); } //~ regex-injection
async fn c(Path(p): Path<String>) { fancy_regex::Regex::new(&p).unwrap(); } //~ regex-injection
async fn d(Query(q): Query<Q>) { Regex::new(&format!("^{}$", regex::escape(&q.pattern))).unwrap(); }
async fn e(Query(q): Query<Q>) { Regex::new(&format!(r"^\d{{{}}}$", q.n)).unwrap(); }
static RE: std::sync::LazyLock<Regex> = std::sync::LazyLock::new(|| Regex::new("^a+$").unwrap());
async fn f(Path(p): Path<String>) { RE.is_match(&p); }
async fn g(Path(p): Path<String>) { info!("user {} logged in", p); } //~ log-injection
async fn h(Path(p): Path<String>) { log::warn!("no such item: {p}"); } //~ log-injection
async fn i(Path(p): Path<String>) { info!(user = %p, "login"); } //~ log-injection
async fn j(Path(p): Path<u32>) { info!("user {} logged in", p); }
async fn k(Path(p): Path<String>) { info!("user {:?} logged in", p); }
async fn l(Path(p): Path<String>) { warn!("user {} logged in", p.escape_debug()); }
async fn m(Path(p): Path<String>) { info!("length {}", p.len()); }
async fn n(Path(p): Path<String>) { info!("{}", p.replace('\n', " ")); }
"#,
    );
}
