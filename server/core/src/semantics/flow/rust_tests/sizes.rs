use super::check;

const RULES: &[&str] = &["uncontrolled-allocation"];

#[test]
fn bad() {
    check(
        RULES,
        r#"
use actix_web::{web, HttpRequest};
use axum::extract::{Path, Query};
use std::net::{TcpListener, TcpStream};
use std::io::Read;
#[derive(Deserialize)]
struct Page { size: usize, items: Option<usize> }
async fn a(q: web::Query<Page>) { let v: Vec<u8> = Vec::with_capacity(q.size); } //~ uncontrolled-allocation
async fn b(Path(n): Path<usize>) { let buf = vec![0u8; n]; } //~ uncontrolled-allocation
async fn c(Query(q): Query<Page>) { let mut s = String::new(); s.reserve(q.size * 2); } //~ uncontrolled-allocation
fn d() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let v = vec![1u64; n]; //~ uncontrolled-allocation
}
fn e() -> std::io::Result<()> {
    let l = TcpListener::bind("0.0.0.0:1")?;
    for s in l.incoming() {
        let mut s = s?;
        let mut head = [0u8; 4];
        s.read_exact(&mut head)?;
        let len = u32::from_be_bytes(head) as usize;
        let mut body = vec![0; len]; //~ uncontrolled-allocation
        s.read_exact(&mut body)?;
    }
    Ok(())
}
async fn f(req: HttpRequest) {
    let n = req.headers().get("content-length").and_then(|v| v.to_str().ok()).and_then(|s| s.parse::<usize>().ok()).unwrap_or(0);
    let buf = bytes::BytesMut::with_capacity(n); //~ uncontrolled-allocation
}
fn make(n: usize) -> Vec<u8> { Vec::with_capacity(n) } //~ uncontrolled-allocation
async fn g(q: web::Query<Page>) { make(q.size); }
async fn h(q: web::Query<Page>) { let layout = std::alloc::Layout::array::<u8>(q.size).unwrap(); let p = unsafe { std::alloc::alloc(layout) }; } //~ uncontrolled-allocation
async fn i(Query(q): Query<Page>) { if let Some(n) = q.items { let s = "x".repeat(n); } } //~ uncontrolled-allocation
fn j(mut v: Vec<u8>) { let n = std::env::var("N").unwrap().parse::<usize>().unwrap(); v.resize(n, 0); } //~ uncontrolled-allocation
async fn k(body: web::Bytes) { let n = u64::from_le_bytes(body[..8].try_into().unwrap()); let v: Vec<u32> = Vec::with_capacity(n as usize); } //~ uncontrolled-allocation
async fn l(Path((a, b)): Path<(usize, String)>) { let m = std::collections::HashMap::<u8, u8>::with_capacity(a + 1); } //~ uncontrolled-allocation
"#,
    );
}

#[test]
fn good() {
    check(
        RULES,
        r#"
use actix_web::web;
use axum::extract::{Path, Query};
#[derive(Deserialize)]
struct Page { size: usize }
const MAX: usize = 1024;
async fn a(q: web::Query<Page>) -> Result<(), Error> { if q.size > MAX { return Err(Error::TooBig); } let v: Vec<u8> = Vec::with_capacity(q.size); Ok(()) }
async fn b(Path(n): Path<usize>) { let buf = vec![0u8; n.min(MAX)]; }
async fn c(Path(n): Path<usize>) { let buf = vec![0u8; std::cmp::min(n, MAX)]; }
async fn d(Path(n): Path<usize>) { let buf = vec![0u8; n.clamp(1, 100)]; }
fn e(items: &[u8]) { let v: Vec<u8> = Vec::with_capacity(items.len()); }
fn f() { let v = vec![0u8; 4096]; }
async fn g(body: web::Bytes) { let v: Vec<u8> = Vec::with_capacity(body.len()); }
async fn h(Path(n): Path<usize>) { let mut v: Vec<u8> = Vec::new(); v.try_reserve(n).unwrap(); }
async fn i(Path(n): Path<usize>) { if n <= 64 { let b = vec![0u8; n]; } }
async fn j(Path(n): Path<usize>) { assert!(n < 100); let b = vec![0u8; n]; }
async fn k(Path(n): Path<u8>) { let b = vec![0u8; n as usize]; }
async fn l(q: web::Query<Page>) { let n: u16 = q.size.try_into().unwrap(); let b: Vec<u8> = Vec::with_capacity(usize::from(n)); }
"#,
    );
}

#[test]
fn near_misses() {
    check(
        RULES,
        r#"
use axum::extract::Path;
async fn a(Path(n): Path<usize>) { let v = [0u8; 64]; v.get(n); }
async fn b(Path(n): Path<usize>) { let v: Vec<u32> = (0..10).filter(|i| *i != n).collect(); }
async fn c(Path(s): Path<String>) { let v = vec![s; 3]; }
struct Pool; impl Pool { fn with_capacity(n: usize) -> Pool { Pool } }
async fn d(Path(n): Path<usize>) { Pool::with_capacity(n); }
async fn e(Path(n): Path<usize>) { tokio::time::sleep(std::time::Duration::from_secs(n as u64)).await; }
async fn f(Path(s): Path<String>) { let mut o = String::with_capacity(s.len() + 2); o.push_str(&s); }
"#,
    );
}

#[test]
fn of_a_reader() {
    check(
        RULES,
        r#"
use std::io::{self, Read};
struct Frame { len: u32, kind: u8 }
impl Frame {
    fn read<R: Read>(r: &mut R) -> io::Result<Frame> {
        let mut h = [0u8; 5];
        r.read_exact(&mut h)?;
        Ok(Frame { len: u32::from_be_bytes([h[0], h[1], h[2], h[3]]), kind: h[4] })
    }
    fn body(&self) -> Vec<u8> { Vec::with_capacity(self.len as usize) } //~ uncontrolled-allocation
}
fn a(mut s: std::net::TcpStream) -> io::Result<Vec<u8>> { Ok(Frame::read(&mut s)?.body()) }
fn b<R>(mut r: R) -> io::Result<Vec<u8>> where R: Read {
    let mut n = [0; 8];
    r.read_exact(&mut n)?;
    Ok(vec![0; u64::from_le_bytes(n) as usize]) //~ uncontrolled-allocation
}
fn c(r: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut n = [0; 8];
    r.read_exact(&mut n)?;
    let n = u64::from_le_bytes(n) as usize;
    if n > 1024 { return Err(io::ErrorKind::InvalidData.into()); }
    Ok(vec![0; n])
}
fn d(r: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut n = [0; 2];
    r.read_exact(&mut n)?;
    Ok(vec![0; u16::from_le_bytes(n) as usize])
}
struct Small { len: u16, rest: u32 }
impl Small {
    fn read<R: Read>(r: &mut R) -> io::Result<Small> {
        let mut h = [0u8; 6];
        r.read_exact(&mut h)?;
        Ok(Small { len: u16::from_be_bytes([h[0], h[1]]), rest: u32::from_be_bytes([h[2], h[3], h[4], h[5]]) })
    }
}
fn f<R: Read>(r: &mut R) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let Small { len, rest } = Small::read(r)?;
    let short = vec![0; len as usize];
    let long = vec![0; rest as usize]; //~ uncontrolled-allocation
    Ok((short, long))
}
async fn e(headers: axum::http::HeaderMap) {
    let n = headers.get("n").and_then(|v| v.to_str().ok()).and_then(|s| s.parse::<usize>().ok()).unwrap_or(1);
    let v: Vec<u8> = Vec::with_capacity(n); //~ uncontrolled-allocation
}
"#,
    );
}
