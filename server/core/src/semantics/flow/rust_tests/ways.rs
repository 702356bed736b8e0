//! Ways by which data gets around: macros of the file, builders, methods that write into `self`, traits called by name, sockets.

use super::check;

#[test]
fn macros_of_the_file_are_functions() {
    check(
        &["command-injection", "path-traversal"],
        r#"
macro_rules! sh {
    ($line:expr) => { std::process::Command::new("sh").arg("-c").arg($line).status() }; //~ command-injection
}
macro_rules! named {
    ($dir:literal, $name:ident) => { std::fs::read_to_string(format!("{}/{}", $dir, $name)) }; //~ path-traversal
}
macro_rules! log_in { ($what:ty) => { struct Wrapper($what); } }
macro_rules! either {
    ($a:expr) => { std::fs::read($a) };
    ($a:expr, $b:expr) => { std::process::Command::new("sh").arg("-c").arg($b).status() }; //~ command-injection
}
fn f(req: actix_web::HttpRequest) {
    let line = req.query_string().to_string();
    let _ = sh!(&line);
    let _ = sh!("ls");
    let _ = named!("/srv", line);
    let _ = either!(1, line);
}
"#,
    );
    check(
        &["command-injection"],
        r#"
macro_rules! sh { ($line:expr) => { std::process::Command::new("sh").arg("-c").arg($line).status() }; }
fn f(req: actix_web::HttpRequest) { let n = req.query_string().len(); let _ = sh!("ls"); show!(req.query_string()); }
"#,
    );
}

#[test]
fn builders_and_methods_that_write() {
    check(
        &["sql-injection"],
        r#"
use axum::extract::Path;
pub struct Query { conds: Vec<String>, order: String }
impl Query {
    pub fn new() -> Self { Self { conds: vec![], order: String::new() } }
    pub fn cond(mut self, c: impl Into<String>) -> Self { self.conds.push(c.into()); self }
    pub fn set_order(&mut self, o: String) { self.order = o; }
    pub fn sql(&self) -> String { format!("SELECT id FROM t WHERE {}", self.conds.join(" AND ")) }
    pub fn ordered(&self) -> String { format!("SELECT id FROM t ORDER BY {}", self.order) }
}
async fn f(db: &sqlx::PgPool, Path(t): Path<String>) {
    let sql = Query::new().cond(t.clone()).cond("a > 0").sql();
    sqlx::query(&sql).execute(db).await; //~ sql-injection
    let mut q = Query::new();
    q.set_order(t.clone());
    sqlx::query(&q.ordered()).execute(db).await; //~ sql-injection
}
async fn g(db: &sqlx::PgPool, Path(t): Path<String>) {
    let sql = Query::new().cond("b").cond("a > 0").sql();
    sqlx::query(&sql).execute(db).await;
    let mut q = Query::new();
    q.set_order("id".to_string());
    sqlx::query(&q.ordered()).bind(t).execute(db).await;
}
"#,
    );
}

#[test]
fn sockets_frames_and_halves() {
    check(
        &["command-injection", "path-traversal", "uncontrolled-allocation"],
        r#"
use futures::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt};
async fn halves(s: tokio::net::TcpStream) {
    let (r, _w) = s.into_split();
    let mut lines = tokio::io::BufReader::new(r).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tokio::fs::read(&line).await; //~ path-traversal
    }
}
async fn framed(s: tokio::net::TcpStream) {
    let mut f = tokio_util::codec::Framed::new(s, tokio_util::codec::LinesCodec::new());
    while let Some(Ok(line)) = f.next().await {
        tokio::process::Command::new("sh").arg("-c").arg(&line).status().await; //~ command-injection
    }
}
async fn socket(mut s: axum::extract::ws::WebSocket) {
    while let Some(Ok(m)) = s.recv().await {
        let text = m.into_text().unwrap();
        tokio::fs::read(format!("notes/{text}")).await; //~ path-traversal
    }
}
fn datagram() {
    let s = std::net::UdpSocket::bind("0.0.0.0:1").unwrap();
    let mut buf = [0u8; 100];
    let (n, _) = s.recv_from(&mut buf).unwrap();
    let text = String::from_utf8_lossy(&buf[..n]);
    let mut parts = text.split(' ');
    std::process::Command::new(parts.next().unwrap()).spawn(); //~ command-injection
}
async fn sizes(mut s: tokio::net::TcpStream) {
    let n = s.read_u32().await.unwrap();
    let a = vec![0u8; n as usize]; //~ uncontrolled-allocation
    let n = s.read_u16().await.unwrap();
    let b = vec![0u8; n as usize];
}
"#,
    );
}

#[test]
fn traits_by_name_and_clients_by_builders() {
    check(
        &["ssrf", "weak-hash", "clear-text-transmission", "log-injection"],
        r#"
use axum::Json;
use std::collections::HashMap;
async fn clients(Json(u): Json<String>) {
    let c = reqwest::Client::builder().timeout(T).gzip(true).build().unwrap();
    c.get(&u).send().await; //~ ssrf
    let a = ureq::AgentBuilder::new().timeout(T).build();
    a.get(&u).call(); //~ ssrf
    let w = awc::Client::builder().finish();
    w.get("https://example.org/").send().await;
    println!("{u}"); //~ log-injection
    println!("{u:?}");
}
const HOSTS: &[&str] = &["a.example.org"];
async fn listed(Json(raw): Json<String>) -> Result<(), ()> {
    let url = url::Url::parse(&raw).map_err(|_| ())?;
    match url.host_str() {
        Some(h) if HOSTS.contains(&h) => {}
        _ => return Err(()),
    }
    reqwest::get(url).await;
    Ok(())
}
fn hashes(password: &str) {
    let mut h = md5::Md5::new();
    Digest::update(&mut h, password.as_bytes()); //~ weak-hash
}
fn numbers(q: actix_web::web::Query<HashMap<String, u32>>) {
    let n = q.get("n").copied().unwrap_or(1);
    reqwest::blocking::get(format!("http://{n}/"));
}
"#,
    );
}
