use super::check;

const RULES: &[&str] = &["command-injection"];

#[test]
fn bad() {
    check(
        RULES,
        r#"
use actix_web::{web, HttpRequest, HttpResponse};
use axum::extract::{Path as AxumPath, Query};
use std::process::{self, Command};
use clap::Parser;

#[derive(Deserialize)]
struct Ping { host: String, count: u32 }

async fn a(q: web::Query<Ping>) -> HttpResponse {
    let out = Command::new("sh").arg("-c").arg(format!("ping -c 1 {}", q.host)).output().unwrap(); //~ command-injection
    HttpResponse::Ok().finish()
}
async fn b(web::Json(p): web::Json<Ping>) -> String {
    let line = "ping ".to_string() + &p.host;
    let mut cmd = Command::new("bash");
    cmd.arg("-c");
    cmd.arg(&line); //~ command-injection
    cmd.spawn().expect("spawn");
    String::new()
}
async fn c(Query(ping): Query<Ping>) -> String {
    let out = tokio::process::Command::new("sh").args(["-c", &format!("host {}", ping.host)]).output().await; //~ command-injection
    String::new()
}
async fn d(AxumPath(tool): AxumPath<String>) {
    process::Command::new(tool).status().unwrap(); //~ command-injection
}
fn e() {
    let args: Vec<String> = std::env::args().collect();
    let name = &args[1];
    Command::new("/bin/sh").arg("-c").arg(name).spawn().unwrap(); //~ command-injection
}
fn run(line: &str) -> std::io::Result<process::Output> {
    Command::new("sh").arg("-c").arg(line).output() //~ command-injection
}
async fn f(req: HttpRequest) -> HttpResponse {
    let id = req.match_info().get("id").unwrap_or("0");
    run(&format!("systemctl restart {id}")).ok();
    HttpResponse::Ok().finish()
}
#[derive(Parser)]
struct Args { #[arg(long)] hook: String, jobs: usize }
fn g() {
    let args = Args::parse();
    Command::new("sh").arg("-c").arg(&args.hook).status().unwrap(); //~ command-injection
}
#[get("/run/<task>")]
fn h(task: String) -> String {
    let cmd = format!("make {}", task);
    Command::new("bash").args(&["-c", cmd.as_str()]).spawn().unwrap(); //~ command-injection
    String::new()
}
fn i() -> anyhow::Result<()> {
    let mut input = String::new();
    std::io::stdin().read_line(&mut input)?;
    let input = input.trim();
    Command::new("cmd").arg("/C").arg(input).output()?; //~ command-injection
    Ok(())
}
fn j() {
    if let Some(tool) = std::env::args().nth(1) {
        let c = std::ffi::CString::new(tool).unwrap();
        unsafe { libc::system(c.as_ptr()); } //~ command-injection
    }
}
struct Runner { program: String }
impl Runner {
    fn new(program: String) -> Self { Self { program } }
    fn go(&self) { Command::new(&self.program).spawn().unwrap(); } //~ command-injection
}
async fn k(q: web::Query<Ping>) { Runner::new(q.host.clone()).go(); }
async fn l(body: String, req: HttpRequest) -> Result<(), Error> {
    let editor = match req.headers().get("x-editor") {
        Some(v) => v.to_str().unwrap().to_owned(),
        None => return Ok(()),
    };
    let parts: Vec<&str> = editor.split(' ').collect();
    Command::new(parts[0]).spawn()?; //~ command-injection
    Ok(())
}
"#,
    );
}

#[test]
fn good() {
    check(
        RULES,
        r#"
use actix_web::{web, HttpRequest};
use std::process::Command;

#[derive(Deserialize)]
struct Ping { host: String, count: u32, unit: Unit }

async fn a(q: web::Query<Ping>) { Command::new("ping").arg("-c").arg("1").arg(&q.host).output().unwrap(); }
async fn b(q: web::Query<Ping>) { Command::new("sh").arg("-c").arg(format!("ping -c {} localhost", q.count)).output().unwrap(); }
fn c() { Command::new("sh").arg("-c").arg("ls -la").output().unwrap(); }
async fn d(q: web::Query<Ping>) { Command::new("git").args(["log", "--", q.host.as_str()]).status().unwrap(); }
async fn e(q: web::Query<Ping>) {
    let cmd = match q.host.as_str() { "up" => "systemctl start app", "down" => "systemctl stop app", _ => return };
    Command::new("sh").arg("-c").arg(cmd).status().unwrap();
}
const TOOLS: &[&str] = &["ls", "df"];
async fn f(path: web::Path<String>) {
    let tool = path.into_inner();
    if !TOOLS.contains(&tool.as_str()) { return; }
    Command::new(&tool).status().unwrap();
}
async fn g(q: web::Query<Ping>) {
    let line = format!("ping {}", shell_escape::escape(q.host.clone().into()));
    Command::new("sh").arg("-c").arg(line).status().unwrap();
}
async fn h(q: web::Path<u32>) { Command::new("sh").arg("-c").arg(format!("kill {}", q.into_inner())).status().unwrap(); }
async fn i(q: web::Query<Ping>) -> Option<()> {
    let pid: u32 = q.host.parse().ok()?;
    Command::new("sh").arg("-c").arg(format!("kill {pid}")).status().ok()?;
    None
}
async fn j(q: web::Query<Ping>) {
    if !matches!(q.host.as_str(), "a" | "b") { return; }
    Command::new("sh").arg("-c").arg(&q.host).status().unwrap();
}
async fn k(q: web::Query<Ping>) {
    if !q.host.chars().all(|c| c.is_ascii_alphanumeric()) { return; }
    Command::new("sh").arg("-c").arg(format!("host {}", q.host)).status().unwrap();
}
fn l() -> std::io::Result<()> {
    let exe = std::env::current_exe()?;
    Command::new(exe).arg("--child").spawn()?;
    Ok(())
}
"#,
    );
}

#[test]
fn near_misses() {
    check(
        RULES,
        r#"
use actix_web::web;
struct Command { name: String }
impl Command { fn new(name: String) -> Self { Command { name } } fn arg(self, a: &str) -> Self { self } }
async fn a(path: web::Path<String>) { Command::new(path.into_inner()).arg("-c"); }
async fn b(path: web::Path<String>) { std::process::Command::new("grep").arg("-e").arg(path.into_inner()).output().unwrap(); }
async fn c(path: web::Path<String>) {
    let mut name = path.into_inner();
    name = String::from("ls");
    std::process::Command::new(name).status().unwrap();
}
async fn d(path: web::Path<String>) { std::process::Command::new("sh").arg(path.into_inner()).status().unwrap(); }
async fn e(path: web::Path<String>) { std::process::Command::new("sh").arg("-c").arg("echo $X").env("X", path.into_inner()).status().unwrap(); }
async fn f(path: web::Path<String>) {
    let known = lookup(path.len());
    std::process::Command::new(known).status().unwrap();
}
"#,
    );
}

#[test]
fn out_parameters() {
    check(
        RULES,
        r#"
use axum::extract::Query;
use std::process::Command;
fn fill(buf: &mut String, host: &str) {
    buf.push_str("ping ");
    buf.push_str(host);
}
fn set(line: &mut String, host: &str) {
    *line = format!("ping {host}");
}
fn fixed(line: &mut String, host: &str) {
    *line = format!("ping {}", host.len());
}
fn reads(line: &mut String, host: &str) -> bool {
    line.contains(host)
}
fn shell() -> Command {
    let mut sh = Command::new("sh");
    sh.arg("-c");
    sh
}
async fn a(Query(q): Query<Ping>) {
    let mut line = String::new();
    fill(&mut line, &q.host);
    Command::new("sh").arg("-c").arg(&line).status().ok(); //~ command-injection
}
async fn b(Query(q): Query<Ping>) {
    let mut line = String::new();
    set(&mut line, &q.host);
    Command::new("sh").arg("-c").arg(&line).status().ok(); //~ command-injection
}
async fn ok1(Query(q): Query<Ping>) {
    let mut line = String::new();
    fixed(&mut line, &q.host);
    Command::new("sh").arg("-c").arg(&line).status().ok();
}
async fn ok2(Query(q): Query<Ping>) {
    let mut line = String::from("ls");
    reads(&mut line, &q.host);
    Command::new("sh").arg("-c").arg(&line).status().ok();
}
async fn ok3(Query(q): Query<Ping>) {
    let mut line = String::new();
    fill(&mut line, "localhost");
    Command::new("sh").arg("-c").arg(&line).status().ok();
}
"#,
    );
}
