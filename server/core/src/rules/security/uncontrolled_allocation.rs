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
            "use axum::extract::Path;\nasync fn f(Path(n): Path<usize>) {\n    let layout = std::alloc::Layout::from_size_align(n, 8).unwrap(); //~ uncontrolled-allocation\n}",
        ),
        Case::bad(
            "a.rs",
            "fn main() {\n    let n = std::env::args().nth(1).unwrap().parse::<usize>().unwrap();\n    let layout = std::alloc::Layout::array::<u64>(n).unwrap(); //~ uncontrolled-allocation\n}",
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
    ],
};
