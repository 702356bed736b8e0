use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::kinds::{SinkKind, SourceKind};
use crate::semantics::flow::value::Origin;
use crate::semantics::hir::{ExprId, ExprKind};

pub static RULE: Rule = Rule {
    id: "unwrap-on-untrusted-input",
    summary: "a request can stop the program by what it holds",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[248, 754, 129],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `unwrap` and `expect` on the result of reading, parsing or looking up something in what a client sent, and slices and \
               lists that are indexed by a number from it which nothing bounds.",
        why: "Whoever sends the request decides whether it fails. A panic ends the request at least, holds locks poisoned, and ends the whole \
              program where panics abort.",
        example: "let id: u32 = query.id.parse().unwrap();",
        instead: "let Ok(id) = query.id.parse::<u32>() else { return HttpResponse::BadRequest().finish() };",
        limits: "Only data of requests counts; the command line and files are the business of whoever starts the program. What fails for other \
                 reasons, as locks and databases do, is left alone. Frameworks that catch the panic of one request still drop its connection and poison its locks.",
        fix: "",
    },
    checks: &[
        Check::Calls(&["unwrap", "expect"], check),
        Check::Flow(
            &[SinkKind::Unwrap],
            "Whoever sends {source} decides whether this fails, and a panic stops what serves it. Answer with an error.",
        ),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(p: web::Path<usize>, s: web::Data<Vec<u8>>) -> HttpResponse { let n = p.into_inner(); HttpResponse::Ok().body(s[n].to_string()) } //~ unwrap-on-untrusted-input",
        ),
        Case::near_miss(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(p: web::Path<usize>, s: web::Data<Vec<u8>>) -> HttpResponse { let n = p.into_inner(); if n >= s.len() { return HttpResponse::NotFound().finish(); } HttpResponse::Ok().body(s[n].to_string()) }",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(q: web::Query<Q>) -> HttpResponse { let n: u32 = q.n.parse().unwrap(); ok(n) } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(body: web::Bytes) -> HttpResponse { let v: Value = serde_json::from_slice(&body).unwrap(); ok(v) } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(body: web::Bytes) -> HttpResponse { let s = std::str::from_utf8(&body).expect(\"text\"); ok(s) } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Query;\nuse std::collections::HashMap;\nasync fn f(Query(q): Query<HashMap<String, String>>) -> String { q.get(\"id\").unwrap().clone() } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use axum::Json;\nasync fn f(Json(v): Json<serde_json::Value>) -> String { v[\"name\"].as_str().unwrap().to_string() } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{HttpRequest, HttpResponse};\nasync fn f(req: HttpRequest) -> HttpResponse { let h = req.headers().get(\"x\").unwrap(); ok(h) } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(p): Path<String>) -> String { let (a, b) = p.split_once('-').unwrap(); a.to_owned() } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use std::io::Read;\nfn f(mut s: std::net::TcpStream) { let mut t = String::new(); s.read_to_string(&mut t).ok(); sum(t.trim()); }\nfn sum(n: &str) { let n: u16 = n.parse().unwrap(); go(n); } //~ unwrap-on-untrusted-input",
        ),
        Case::near_miss(
            "a.rs",
            "use std::io::Read;\nfn f(mut s: std::net::TcpStream) { let mut head = [0u8; 8]; s.read_exact(&mut head).ok(); let n = u32::from_be_bytes(head[..4].try_into().unwrap()); go(n); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn main() { sum(&std::env::args().nth(1).unwrap()); }\nfn sum(n: &str) { let n: u16 = n.parse().unwrap(); go(n); }",
        ),
        Case::near_miss(
            "a.rs",
            "use http::Request;\nimpl S { fn call(&mut self, req: Request<Bytes>) { let url = Url::parse(req.uri().to_string().as_str()).expect(\"an address\"); go(url); } }",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(q: web::Query<Q>) -> HttpResponse { let n: u32 = q.n.parse().unwrap_or(0); ok(n) }",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(q: web::Query<Q>) -> HttpResponse { let Ok(n) = q.n.parse::<u32>() else { return bad() }; ok(n) }",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(q: web::Query<Q>, db: web::Data<Pool>) -> HttpResponse { let u = db.find(&q.n).await.unwrap(); ok(u) }",
        ),
        Case::good("a.rs", "fn f() { let n: u32 = std::env::args().nth(1).unwrap().parse().unwrap(); }"),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(q: web::Query<Q>) -> HttpResponse { let l = CACHE.lock().unwrap(); ok(l) }",
        ),
        Case::near_miss(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nasync fn f(q: web::Query<Q>) -> HttpResponse { let re = Regex::new(\"^a\").unwrap(); ok(re.is_match(&q.n)) }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::Json;\nasync fn f(Json(v): Json<Item>) -> String { serde_json::to_string(&v).unwrap() }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(p): Path<String>) -> String { let first = p.split('/').next().unwrap(); first.to_owned() }",
        ),
        Case::bad(
            "a.rs",
            "use axum::body::Bytes;\nasync fn a(body: Bytes) -> String { String::from_utf8(body.to_vec()).unwrap() } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use axum::http::HeaderMap;\nasync fn a(h: HeaderMap) -> String { h.get(\"x-id\").unwrap().to_str().map(str::to_owned).unwrap_or_default() } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Path;\nasync fn a(Path(p): Path<String>) -> String { let id = id_of(&p); id.to_string() }\nfn id_of(p: &str) -> u32 { p.trim_start_matches(\"u\").parse().expect(\"a number\") } //~ unwrap-on-untrusted-input",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::web;\nasync fn a(q: web::Query<Q>) -> String { let v: serde_json::Value = serde_json::from_str(&q.filter).unwrap(); v.to_string() } //~ unwrap-on-untrusted-input",
        ),
        Case::good(
            "a.rs",
            "use axum::body::Bytes;\nasync fn a(body: Bytes) -> String { String::from_utf8_lossy(&body).into_owned() }",
        ),
        Case::good(
            "a.rs",
            "use axum::http::HeaderMap;\nasync fn a(h: HeaderMap) -> String { h.get(\"x-id\").and_then(|v| v.to_str().ok()).unwrap_or(\"none\").to_owned() }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nasync fn a(Path(id): Path<u32>) -> String { let n: i64 = id.try_into().unwrap_or(0); n.to_string() }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(Query(q): Query<Q>, db: Db) -> String { let conn = db.pool.lock().unwrap(); conn.name(&q.id) }",
        ),
        Case::good("a.rs", "fn a() -> u16 { std::env::var(\"PORT\").unwrap().parse().unwrap() }"),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nasync fn a(Path(p): Path<String>) -> Result<String, StatusCode> { let n: u32 = p.parse().map_err(|_| StatusCode::BAD_REQUEST)?; Ok(n.to_string()) }",
        ),
        Case::good(
            "a.rs",
            "fn a(line: &str) -> u32 { line.trim().parse().unwrap() }\nfn main() { a(&std::fs::read_to_string(\"n.txt\").unwrap()); }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::http::Request;\nuse http::Uri;\nfn call<B>(req: Request<B>) -> Uri { without_prefix(req.uri()) }\nfn without_prefix(uri: &Uri) -> Uri { uri.path().trim_start_matches(\"/api\").parse().unwrap() }",
        ),
    ],
};

/// Calls whose success depends on what the data holds.
const MAY_FAIL: [&str; 37] = [
    "parse",
    "get",
    "from_utf8",
    "from_slice",
    "from_str",
    "from_reader",
    "from_value",
    "to_str",
    "nth",
    "first",
    "last",
    "as_str",
    "as_u64",
    "as_i64",
    "as_f64",
    "as_bool",
    "as_array",
    "as_object",
    "find",
    "rfind",
    "split_once",
    "rsplit_once",
    "decode",
    "strip_prefix",
    "strip_suffix",
    "pop",
    "header",
    "cookie",
    "query",
    "param",
    "try_into",
    "try_from",
    "file_name",
    "position",
    "from_hex",
    "parse_str",
    "get_mut",
];

fn check(call: &CallView<'_>, out: &mut Vec<Note>) {
    let Some(receiver) = call.receiver else { return };
    let remote = receiver.taints.iter().find_map(|t| match &t.origin {
        Origin::Source(s) if s.kind == SourceKind::Remote => Some(s),
        _ => None,
    });
    let Some(source) = remote else { return };
    let ExprKind::Call { callee, .. } = &call.hir.expr(call.id).kind else { return };
    let ExprKind::Field(base, _) = &call.hir.expr(*callee).kind else { return };
    let mut base = *base;
    while let ExprKind::Await(inner) | ExprKind::Try(inner) = &call.hir.expr(base).kind {
        base = *inner;
    }
    let ExprKind::Call { callee: made, .. } = &call.hir.expr(base).kind else { return };
    let (name, first) = match &call.hir.expr(*made).kind {
        ExprKind::Field(of, name) => (name.as_str(), Some(*of)),
        ExprKind::Name(path) => (path.as_str().rsplit("::").next().unwrap_or_default(), None),
        _ => return,
    };
    let next_of_characters = name == "next"
        && first.is_some_and(|of| match &call.hir.expr(of).kind {
            ExprKind::Call { callee, .. } => {
                matches!(&call.hir.expr(*callee).kind, ExprKind::Field(_, n) if matches!(n.as_str(), "chars" | "bytes" | "lines" | "split_whitespace"))
            }
            _ => false,
        });
    if !MAY_FAIL.contains(&name) && !next_of_characters {
        return;
    }
    // `head[..4].try_into().unwrap()` of an array that is declared here: both lengths are written in the source.
    if name == "try_into" && first.is_some_and(|of| of_array(call, of)) {
        return;
    }
    let mut note = Note::new(
        call.rule,
        call.name_span,
        format!(
            "Whoever sends {} decides whether `{name}` fails, and a panic stops what serves it. Answer with an error.",
            source.what
        ),
    );
    if std::sync::Arc::ptr_eq(&source.at.arena, call.arena) {
        note = note.related(source.at.span, "the data comes in here");
    }
    out.push(note);
}

/// Whether an expression is a part of a local array, cut at places that the source gives.
fn of_array(call: &CallView<'_>, part: ExprId) -> bool {
    let ExprKind::Index(array, range) = &call.hir.expr(part).kind else { return false };
    let ExprKind::Local(local) = &call.hir.expr(*array).kind else { return false };
    let range = call.arena.slice(call.hir.expr(*range).span);
    if !range.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '=' | ' ' | '_')) {
        return false;
    }
    let name = call.hir.local(*local).name;
    let text = call.arena.text();
    [format!("let mut {name} = ["), format!("let {name} = ["), format!("{name}: [u8;")]
        .iter()
        .any(|d| text.contains(d.as_str()))
}
