//! Where memory comes from: Linux with glibc is where that is a choice.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sidenote_tests::sidenote_binary;

use super::support::Project;

#[test]
fn what_asks_the_system_for_memory_asks_mimalloc() {
    let project = Project::new(&[]);
    project.run_with(&["--version"], "", &[("MIMALLOC_VERBOSE", "1")]).code(0).says("mimalloc: process init");
}

#[test]
fn a_server_takes_no_huge_pages() {
    let mut server = Command::new(sidenote_binary())
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let status = format!("/proc/{}/status", server.id());
    let start = Instant::now();
    let told = loop {
        let text = fs::read_to_string(&status).expect("a process has a status");
        let told = text.lines().find_map(|line| line.strip_prefix("THP_enabled:")).map(|n| n.trim().to_owned());
        // Older kernels do not tell.
        if told.as_deref() != Some("1") || start.elapsed() > Duration::from_secs(30) {
            break told;
        }
        sleep(Duration::from_millis(5));
    };
    drop(server.stdin.take());
    server.wait().expect("it ends when nobody writes to it");
    assert_ne!(told.as_deref(), Some("1"));
}
