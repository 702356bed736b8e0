//! Rust through the whole engine: `//~ rule-id` marks a finding that starts on its line; of the named rules there is no other.

use sidenote_core::{config::Config, document::Document, engine::Engine, grammars};

fn check(rules: &[&str], code: &str) {
    let language = grammars::by_path("a.rs").expect("Rust is known");
    let document = Document::new("a.rs", language, code, 1).expect("parses");
    let report = Engine::new(Config::everything()).analyze(&document);
    let mut found: Vec<(usize, &str)> = report
        .active()
        .filter(|f| rules.contains(&f.rule.id))
        .map(|f| (code[..f.range.start].matches('\n').count() + 1, f.rule.id))
        .collect();
    let mut expected: Vec<(usize, &str)> = code
        .lines()
        .enumerate()
        .flat_map(|(i, l)| l.split("//~").skip(1).filter_map(move |m| Some((i + 1, m.split_whitespace().next()?))))
        .collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn ciphers_cookies_and_permissions() {
    check(
        &["weak-cipher", "insecure-cookie", "world-writable"],
        r#"
use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use openssl::symm::Cipher;
use cookie::Cookie;
fn a() { let c = Cipher::des_ede3_cbc(); } //~ weak-cipher
fn b() { let c = Cipher::aes_256_ecb(); } //~ weak-cipher
fn c() { let c = Cipher::aes_256_gcm(); }
fn d(key: &[u8]) { let c = rc4::Rc4::new(key.into()); } //~ weak-cipher
fn e() { let c = Cookie::build(("id", "1")).secure(false).http_only(true); } //~ insecure-cookie
fn f() { let c = Cookie::build(("id", "1")).secure(true).http_only(true); }
fn g(flag: bool) { let c = Cookie::build(("id", "1")).secure(flag); }
fn h() { fs::set_permissions("a", Permissions::from_mode(0o777)).unwrap(); } //~ world-writable
fn i() { fs::set_permissions("a", Permissions::from_mode(0o644)).unwrap(); }
fn j() { OpenOptions::new().write(true).mode(0o666).open("a").unwrap(); } //~ world-writable
fn k(p: &mut Permissions) { p.set_mode(0o755); }
"#,
    );
}

#[test]
fn a_finding_has_its_whole_path() {
    let code = "use actix_web::web;\nfn run(line: &str) { std::process::Command::new(\"sh\").arg(\"-c\").arg(line).spawn().unwrap(); }\nasync fn f(q: web::Query<String>) {\n    let line = format!(\"ls {}\", q.into_inner());\n    run(&line);\n}\n";
    let language = grammars::by_path("a.rs").expect("Rust is known");
    let document = Document::new("a.rs", language, code, 1).expect("parses");
    let report = Engine::new(Config::everything()).analyze(&document);
    let finding = report.active().find(|f| f.rule.id == "command-injection").expect("found");
    let lines: Vec<usize> =
        finding.flow.iter().map(|(at, _)| code[..at.range.start].matches('\n').count() + 1).collect();
    assert_eq!(lines.first(), Some(&3), "the source comes first: {lines:?}");
    assert_eq!(lines.last(), Some(&2), "the sink comes last: {lines:?}");
    assert!(lines.contains(&5), "the call between them: {lines:?}");
}

/// A small program of our own with the flaw of RUSTSEC-2020-0030: a server's answer names the files that are written. The advisory's
/// program, mozwire 0.4.1, is found by the same way.
#[test]
fn a_server_that_names_files_is_followed_from_its_answer_to_the_file() {
    let code = r#"
use std::path::Path;
#[derive(serde::Deserialize)]
struct Server { hostname: String, key: String }
#[derive(serde::Deserialize)]
struct Servers { list: Vec<Server> }
impl Servers {
    fn load(client: &reqwest::blocking::Client) -> Servers {
        client.get("https://api.example.org/servers").send().unwrap().json().unwrap()
    }
}
fn save(out: &Path, server: &Server) {
    let path = out.join(format!("{}.conf", server.hostname));
    std::fs::write(&path, &server.key).unwrap();
}
fn main() {
    let client = reqwest::blocking::Client::new();
    let servers = Servers::load(&client);
    for server in servers.list.iter().filter(|s| !s.key.is_empty()) {
        save(Path::new("configs"), server);
    }
}
"#;
    let language = grammars::by_path("a.rs").expect("Rust is known");
    let document = Document::new("a.rs", language, code, 1).expect("parses");
    let report = Engine::new(Config::everything()).analyze(&document);
    let finding = report.active().find(|f| f.rule.id == "path-traversal").expect("found");
    let line = |offset: usize| code[..offset].matches('\n').count() + 1;
    assert_eq!(line(finding.range.start), 14, "the file is written here");
    let way: Vec<usize> = finding.flow.iter().map(|(at, _)| line(at.range.start)).collect();
    assert_eq!((way.first(), way.last()), (Some(&9), Some(&14)), "from the answer to the file: {way:?}");
    assert!(way.contains(&18) && way.contains(&13), "through the list and the name of the file: {way:?}");
}
