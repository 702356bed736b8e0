//! Nothing is sent anywhere: a scan and the language server work where there is no network, and do not even ask for a socket.
//!
//! Both need what a sandbox may forbid, user namespaces and `ptrace`; where these are missing the test says so and looks at the rest.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use sidenote_tests::sidenote_binary;

use super::support::{FLAWED, Project, RULE};

/// Runs a program behind a few words of another's; whether it succeeded, and its output.
fn run(lead: &[&str], program: &[&str], folder: &Path) -> Option<(bool, String)> {
    let words: Vec<&str> = lead.iter().chain(program).copied().collect();
    let output = Command::new(words[0]).args(&words[1..]).current_dir(folder).stdin(Stdio::null()).output().ok()?;
    Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// A session with the language server: a document is opened, and what is published of it comes back.
fn session(lead: &[&str], folder: &Path) -> String {
    let binary = sidenote_binary().display().to_string();
    let words: Vec<&str> = lead.iter().copied().chain([binary.as_str(), "lsp"]).collect();
    let mut server = Command::new(words[0])
        .args(&words[1..])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut input = server.stdin.take().expect("stdin");
    let mut output = BufReader::new(server.stdout.take().expect("stdout"));
    let mut send = |message: serde_json::Value| {
        let text = message.to_string();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| input.flush()).expect("written");
    };
    // The next message that holds a text.
    let mut wait = |what: &str| loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).expect("a line") > 0, "the server ended before `{what}`");
            match line.trim() {
                "" => break,
                line => length = line.strip_prefix("Content-Length: ").map_or(length, |n| n.parse().expect("a length")),
            }
        }
        let mut body = vec![0; length];
        output.read_exact(&mut body).expect("a body");
        let body = String::from_utf8(body).expect("UTF-8");
        if body.contains(what) {
            return body;
        }
    };
    let uri = |path: &Path| format!("file://{}", path.display());
    send(serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "processId": null, "capabilities": {}, "workspaceFolders": [{ "uri": uri(folder), "name": "f" }],
    } }));
    wait("\"id\":1");
    send(serde_json::json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
    send(serde_json::json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument": {
        "uri": uri(&folder.join("a.ts")), "languageId": "typescript", "version": 1, "text": FLAWED,
    } } }));
    let published = wait("publishDiagnostics");
    send(serde_json::json!({ "jsonrpc": "2.0", "id": 2, "method": "shutdown" }));
    wait("\"id\":2");
    send(serde_json::json!({ "jsonrpc": "2.0", "method": "exit" }));
    assert!(server.wait().expect("an end").success());
    published
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_needs_a_network() {
    let project = Project::new(&[("a.ts", FLAWED), ("b.rs", "fn main() {}\n")]);
    let alone = ["unshare", "-rn"];
    if run(&alone, &["true"], project.path()).is_none_or(|(fine, _)| !fine) {
        eprintln!("no user namespaces here: that nothing needs a network is left to `nothing_asks_for_a_socket`");
        return;
    }
    // The walls stand: what listens on this machine is reached from outside of them, and not from inside.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let call = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    let control = |lead: &[&str]| run(lead, &["bash", "-c", &call], project.path()).is_some_and(|(fine, _)| fine);
    assert!(control(&["env"]) && !control(&alone), "the control");
    let binary = sidenote_binary().display().to_string();
    let (_, report) = run(&alone, &[&binary, "scan", "-q", "-f", "csv"], project.path()).expect("a scan");
    assert!(report.contains(RULE), "{report}");
    let (fine, _) = run(&alone, &[&binary, "doctor"], project.path()).expect("an answer");
    assert!(fine);
    assert!(session(&alone, project.path()).contains(RULE));
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_asks_for_a_socket() {
    let project = Project::new(&[("a.ts", FLAWED), ("b.rs", "fn main() {}\n")]);
    let log = project.path().join("calls.log").display().to_string();
    let watch = ["strace", "-f", "-qq", "-e", "trace=network", "-e", "signal=none", "-o", &log];
    let calls = || {
        let log = std::fs::read_to_string(project.path().join("calls.log")).unwrap_or_default();
        // Of a thread that ends while its process does strace may say that it let go of it in the middle of no call.
        log.lines().filter(|line| !line.contains("???( <detached")).map(|line| format!("{line}\n")).collect::<String>()
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let call = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    if run(&watch, &["true"], project.path()).is_none_or(|(fine, _)| !fine) {
        eprintln!("strace does not work here: that nothing asks for a socket is left to `nothing_needs_a_network`");
        return;
    }
    // What asks for one is seen.
    run(&watch, &["bash", "-c", &call], project.path());
    assert!(calls().contains("socket(") && calls().contains("connect("), "the control: {}", calls());
    let binary = sidenote_binary().display().to_string();
    let (_, report) = run(&watch, &[&binary, "scan", "-q", "-f", "csv"], project.path()).expect("a scan");
    assert!(report.contains(RULE), "{report}");
    assert_eq!(calls(), "", "a scan");
    assert!(session(&watch, project.path()).contains(RULE));
    // Pairs of ends inside of a process lead nowhere.
    let outward: Vec<String> = calls().lines().filter(|l| !l.contains("socketpair(")).map(str::to_owned).collect();
    assert_eq!(outward, [""; 0], "the language server");
}
