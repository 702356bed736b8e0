use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "uncontrolled-allocation",
    summary: "somebody outside chooses how much memory is allocated",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[770, 789],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows numbers from requests, the network, the command line and the environment to sizes of allocations: `with_capacity`, \
               `reserve`, `resize`, `vec![x; n]`, `repeat`, layouts.",
        why: "A few bytes that say \"four billion\" make the program ask for so much memory, and it is aborted or starves its \
              neighbours.",
        example: "let len = stream.read_u32().await? as usize;\nlet mut body = vec![0; len];",
        instead: "let len = stream.read_u32().await? as usize;\nif len > MAX_BODY {\n    return Err(Error::TooLarge);\n}\nlet mut body = vec![0; len];",
        limits: "A number that was compared with anything counts as bounded, as does one that fits in 16 bits, one after `min` or `clamp`, and the \
                 length of something that is already in memory. `try_reserve` reports failure and is left alone.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Allocation],
        "The size of this allocation comes from {source} and has no upper bound. Check it first.",
    )],
    cases: &[
        Case::bad(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(n): Path<usize>) { let buf = vec![0u8; n]; } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::web;\n#[derive(Deserialize)]\nstruct Page { size: usize }\nasync fn f(q: web::Query<Page>) { let v: Vec<u8> = Vec::with_capacity(q.size); } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "fn f() {\n    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();\n    let s = \"x\".repeat(n); //~ uncontrolled-allocation\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::net::TcpListener;\nuse std::io::Read;\nfn f() -> std::io::Result<()> {\n    let (mut s, _) = TcpListener::bind(\"0.0.0.0:1\")?.accept()?;\n    let mut head = [0; 4];\n    s.read_exact(&mut head)?;\n    let mut body = vec![0; u32::from_be_bytes(head) as usize]; //~ uncontrolled-allocation\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Path;\nfn make(n: usize) -> Vec<u8> { Vec::with_capacity(n) } //~ uncontrolled-allocation\nasync fn f(Path(n): Path<usize>) { make(n * 2); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut Vec<u8>) {\n    let n = std::env::var(\"N\").unwrap().parse::<usize>().unwrap();\n    v.resize(n, 0); //~ uncontrolled-allocation\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(n): Path<usize>) {\n    let layout = std::alloc::Layout::from_size_align(n, 8).unwrap();
    let p = unsafe { std::alloc::alloc(layout) }; //~ uncontrolled-allocation\n}",
        ),
        Case::bad(
            "a.rs",
            "fn main() {\n    let n = std::env::args().nth(1).unwrap().parse::<usize>().unwrap();\n    let layout = std::alloc::Layout::array::<u64>(n).unwrap();
    let p = unsafe { std::alloc::alloc_zeroed(layout) }; //~ uncontrolled-allocation\n}",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(n): Path<usize>) { let buf = vec![0u8; n.min(1024)]; }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nconst MAX: usize = 9;\nasync fn f(Path(n): Path<usize>) { if n > MAX { return; } let buf = vec![0u8; n]; }",
        ),
        Case::good("a.rs", "fn f(items: &[u8]) { let v: Vec<u8> = Vec::with_capacity(items.len() * 2); }"),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(n): Path<usize>) { let mut v: Vec<u8> = Vec::new(); if v.try_reserve(n).is_err() { return; } }",
        ),
        Case::good("a.rs", "fn f() { let v = vec![0u8; 65536]; }"),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(n): Path<u8>) { let v = vec![0u8; n as usize]; }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(s): Path<String>) { let mut o = String::with_capacity(s.len() + 2); o.push_str(&s); }",
        ),
        Case::near_miss("a.rs", "use axum::extract::Path;\nasync fn f(Path(s): Path<String>) { let v = vec![s; 3]; }"),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Path;\nstruct Pool;\nimpl Pool { fn with_capacity(n: usize) -> Pool { Pool } }\nasync fn f(Path(n): Path<usize>) { Pool::with_capacity(n); }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(n): Path<usize>) { assert!(n < 64); let b = vec![0u8; n]; }",
        ),
        Case::bad(
            "a.rs",
            "#[derive(serde::Deserialize)] struct Q { n: usize, m: u64, small: u8 }\nasync fn a(q: actix_web::web::Query<Q>) { let v: Vec<u8> = Vec::with_capacity(q.n); } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "#[derive(serde::Deserialize)] struct Q { n: usize, m: u64, small: u8 }\nasync fn b(q: axum::extract::Query<Q>) { let v = vec![0u8; q.n]; } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "fn d() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let v: Vec<u64> = Vec::with_capacity(n); } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::{alloc, Layout};\nfn f() { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap(); let n: usize = s.trim().parse().unwrap(); unsafe { let p = alloc(Layout::from_size_align(n, 1).unwrap()); } } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::{alloc, Layout};\nfn g() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let l = Layout::array::<u64>(n).unwrap(); unsafe { alloc(l); } } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "use std::alloc::{alloc, realloc, Layout};\nfn g2() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let l = Layout::new::<u8>(); unsafe { let p = alloc(l); realloc(p, l, n); } } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "fn g3() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let b: Box<[std::mem::MaybeUninit<u8>]> = Box::new_uninit_slice(n); } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "fn g4() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let v: Vec<u8> = std::iter::repeat(0).take(n).collect(); } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "use std::collections::VecDeque;\nfn g5() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let v = VecDeque::<u8>::with_capacity(n); } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "fn g6() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); unsafe { let p = libc::malloc(n); } } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "fn h(mut s: std::net::TcpListener) { let (mut c, _) = s.accept().unwrap(); let mut h = [0u8; 4]; c.read_exact(&mut h).unwrap(); let n = u32::from_be_bytes(h) as usize; let mut buf = vec![0; n]; c.read_exact(&mut buf).unwrap(); } //~ uncontrolled-allocation",
        ),
        Case::bad(
            "a.rs",
            "async fn h2(l: tokio::net::TcpListener) { use tokio::io::AsyncReadExt; let (mut c, _) = l.accept().await.unwrap(); let n = c.read_u32().await.unwrap(); let mut b = bytes::BytesMut::with_capacity(n as usize); } //~ uncontrolled-allocation",
        ),
        Case::good(
            "a.rs",
            "const MAX: usize = 4096;\nfn i() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); if n > MAX { return; } let v: Vec<u8> = Vec::with_capacity(n); }",
        ),
        Case::good(
            "a.rs",
            "const MAX: usize = 4096;\nfn j() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let v: Vec<u8> = Vec::with_capacity(n.min(MAX)); }",
        ),
        Case::good(
            "a.rs",
            "fn k() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let v = vec![0u8; std::cmp::min(n, 1024)]; }",
        ),
        Case::good(
            "a.rs",
            "fn l() { let v: Vec<String> = std::env::args().collect(); let w: Vec<u8> = Vec::with_capacity(v.len()); }",
        ),
        Case::good(
            "a.rs",
            "fn m() { let n: u8 = std::env::args().nth(1).unwrap().parse().unwrap(); let v = vec![0u8; n as usize]; }",
        ),
        Case::good(
            "a.rs",
            "fn n() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let n = n.clamp(1, 100); let v = vec![0u8; n]; }",
        ),
        Case::good(
            "a.rs",
            "fn o() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); assert!(n < 100); let v = vec![0u8; n]; }",
        ),
        Case::good(
            "a.rs",
            "fn p() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let mut v: Vec<u8> = Vec::new(); v.try_reserve(n).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn r(d: &[u8]) { let v = vec![0u8; d.len()]; let s = String::with_capacity(d.len() * 2); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn s() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let n = match n { 0..=100 => n, _ => 100 }; let v = vec![0u8; n]; }",
        ),
        Case::near_miss(
            "a.rs",
            "fn t() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let v = vec![0u8; n % 64]; let w = vec![0u8; n & 0xff]; }",
        ),
        Case::near_miss(
            "a.rs",
            "fn u() { let n: usize = std::env::args().nth(1).unwrap().parse().unwrap(); let v = if n < 10 { vec![0u8; n] } else { vec![] }; }",
        ),
        Case::bad("a.rs", "use std::io::Read;\nfn f(s: &mut std::net::TcpStream) -> Vec<u8> { let mut head = [0u8; 4]; s.read_exact(&mut head).unwrap(); let n = u32::from_be_bytes([head[0], head[1], head[2], head[3]]); vec![0; n as usize] } //~ uncontrolled-allocation"),
        Case::near_miss("a.rs", "fn f() -> Vec<String> { let vars = std::env::vars(); let mut out = Vec::with_capacity(vars.size_hint().0); out.extend(vars.map(|v| v.0)); out }"),
    ],
};
