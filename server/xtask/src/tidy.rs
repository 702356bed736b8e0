//! What the crates must not do, held by tests over their sources and manifests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// Longest source file, in lines.
const MAX_LINES: usize = 1000;

/// Our crates, by folder.
const CRATES: [&str; 12] = [
    "grammars",
    "kernels",
    "server/files",
    "server/core",
    "server/model",
    "server/model/host",
    "server/lsp",
    "server/cli",
    "server/xtask",
    "tests",
    "benches",
    "benches/kernels",
];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let other_crate = path.join("Cargo.toml").is_file();
            if path.is_dir() && !other_crate && !matches!(name.as_str(), "demo" | "node_modules" | "target") {
                folders.push(path);
            } else if name.ends_with(".rs") {
                out.push(path);
            }
        }
    }
    out.sort();
    assert!(!out.is_empty(), "{folder} has no sources");
    out
}

/// The code without comments and without what stands in literals; line breaks stay.
fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let keep_lines = |out: &mut String, part: &str| out.extend(part.chars().filter(|c| *c == '\n'));
    while i < bytes.len() {
        let rest = &text[i..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest, out.chars().next_back()) {
            length
        } else if rest.starts_with('"') {
            string(rest)
        } else if let Some(length) = character(rest) {
            length
        } else {
            let c = rest.chars().next().expect("a boundary");
            out.push(c);
            i += c.len_utf8();
            continue;
        };
        keep_lines(&mut out, &rest[..length]);
        i += length;
    }
    out
}

fn raw_string(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let inner = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = inner.bytes().take_while(|b| *b == b'#').count();
    inner[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = rest.len() - inner.len() + hashes + 1;
    Some(rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()))
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal, not a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if let Some(escape) = inner.strip_prefix('\\') {
        return escape.get(1..)?.find('\'').map(|end| end + 4);
    }
    let c = inner.chars().next()?;
    inner[c.len_utf8()..].starts_with('\'').then(|| c.len_utf8() + 2)
}

/// Without tests: they may do what the code may not.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |at| &text[..at])
}

fn is_test_file(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n == "tests.rs") || path.components().any(|c| c.as_os_str() == "tests")
}

/// Fails for every source of these crates whose code holds one of the words.
fn forbid(crates: &[&str], words: &[&str], tests_too: bool, except: &[&str], why: &str) {
    let mut wrong = Vec::new();
    for folder in crates {
        for path in sources(folder) {
            let name = path.strip_prefix(root()).expect("inside").to_string_lossy().replace('\\', "/");
            if except.iter().any(|e| name.starts_with(e)) || !tests_too && is_test_file(&path) {
                continue;
            }
            let text = read(&path);
            let text = if tests_too { &text } else { without_tests(&text) };
            for (i, line) in code(text).lines().enumerate() {
                for word in words.iter().filter(|w| has_word(line, w)) {
                    wrong.push(format!("{name}:{}: `{word}`", i + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{why}:\n{}", wrong.join("\n"));
}

fn has_word(line: &str, word: &str) -> bool {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word)
        .any(|(at, _)| edge(line[..at].chars().next_back()) && edge(line[at + word.len()..].chars().next()))
}

fn all_but(crates: &[&str]) -> Vec<&'static str> {
    CRATES.into_iter().filter(|c| !crates.contains(c)).collect()
}

/// Names of the dependencies in a manifest, those of tests included.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let text = read(&root().join(folder).join("Cargo.toml"));
    let mut inside = false;
    let mut out = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if inside && let Some((name, _)) = line.split_once(['.', ' ', '=']) {
            out.insert(name.to_owned());
        }
    }
    out
}

#[test]
fn every_crate_is_known_and_linted() {
    let manifest = read(&root().join("Cargo.toml"));
    let list = manifest.split_once("members = [").and_then(|(_, r)| r.split_once(']')).expect("members").0;
    let members: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    assert_eq!(members, CRATES);
    for folder in CRATES {
        let manifest = read(&root().join(folder).join("Cargo.toml"));
        assert!(manifest.contains("[lints"), "{folder} has no lints");
    }
}

/// Invariant 5: only `lsp` knows the protocol's types.
#[test]
fn only_lsp_imports_lsp_types() {
    forbid(
        &all_but(&["server/lsp"]),
        &["tower_lsp", "lsp_types", "tower_lsp_server"],
        true,
        &[],
        "LSP types outside of lsp",
    );
    for folder in all_but(&["server/lsp"]) {
        assert!(!dependencies(folder).contains("tower-lsp"), "{folder} depends on tower-lsp");
    }
}

/// Invariant 5: only the model host links llama.cpp, and only where it is asked to.
#[test]
fn only_the_host_links_llama() {
    for folder in all_but(&["server/model/host"]) {
        assert!(!dependencies(folder).iter().any(|d| d.starts_with("llama")), "{folder} links llama.cpp");
    }
    let manifest = read(&root().join("server/model/host/Cargo.toml"));
    let llama: Vec<&str> = manifest.lines().filter(|l| l.starts_with("llama-cpp")).collect();
    assert_eq!(llama.len(), 2, "{llama:?}");
    for line in llama {
        assert!(line.contains("optional = true") && line.contains("\"=0.1."), "pinned and optional: {line}");
    }
    assert!(!manifest.contains("default = ["), "no build but the host's own compiles llama.cpp");
}

/// Invariant 5: only `kernels` and the model host contain `unsafe`; the kernels' bench calls rivals that are written in C.
#[test]
fn only_kernels_and_the_host_contain_unsafe() {
    forbid(
        &all_but(&["kernels", "server/model/host", "benches/kernels"]),
        &["unsafe", "allow(unsafe_code)"],
        true,
        &[],
        "unsafe code",
    );
}

/// The kernels' budget of unsafe blocks: each says why it holds, and one more is a decision.
#[test]
fn the_kernels_keep_to_their_unsafe_budget() {
    const BUDGET: usize = 31;
    let (mut blocks, mut reasons) = (0, 0);
    for path in sources("kernels/src") {
        let text = read(&path);
        blocks += code(&text).matches("unsafe {").count();
        reasons += text.matches("// SAFETY: ").count();
    }
    assert!(blocks == reasons && blocks <= BUDGET, "{blocks} unsafe blocks, {reasons} reasons, a budget of {BUDGET}");
    assert_eq!(blocks, BUDGET, "there are fewer now: lower the budget");
}

/// Invariant 8: no code path opens a network socket.
#[test]
fn nothing_opens_a_socket() {
    let words = [
        "std::net",
        "core::net",
        "tokio::net",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "UnixStream",
        "UnixListener",
        "ToSocketAddrs",
        "reqwest",
        "hyper",
        "ureq",
    ];
    // What listens there is the control of the test that nothing is sent.
    let except = ["server/xtask/src/tidy.rs", "tests/tests/cli/offline.rs"];
    forbid(&CRATES, &words, true, &except, "network code");
}

/// Invariant 8, for what we depend on.
#[test]
fn no_dependency_is_a_network_client() {
    let lock = read(&root().join("Cargo.lock"));
    let clients = [
        "attohttpc",
        "curl",
        "h2",
        "hyper",
        "isahc",
        "minreq",
        "native-tls",
        "openssl",
        "quinn",
        "reqwest",
        "rustls",
        "socket2",
        "surf",
        "tungstenite",
        "ureq",
    ];
    let names: BTreeSet<&str> = lock.lines().filter_map(|l| l.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    assert!(names.contains("tree-sitter"), "the lock file is read");
    for client in clients {
        assert!(!names.contains(client), "{client} is among the dependencies");
    }
    let manifest = read(&root().join("Cargo.toml"));
    let tokio = manifest.lines().find(|l| l.starts_with("tokio ")).expect("tokio");
    assert!(!tokio.contains("\"net\"") && !tokio.contains("\"full\""), "tokio can open sockets: {tokio}");
}

/// `core` reaches files, the clock, the environment and other processes through `system` alone, and knows no threads.
#[test]
fn core_touches_the_world_only_in_system() {
    let words = [
        "std::fs",
        "std::env",
        "std::process",
        "std::thread",
        "std::io",
        "Instant",
        "SystemTime",
        "OsSystem",
        "File::open",
    ];
    forbid(&["server/core/src"], &words, false, &["server/core/src/system.rs"], "the world outside of system.rs");
    let known = dependencies("server/core");
    for other in ["tokio", "rayon", "ignore", "sidenote-lsp", "sidenote-model", "sidenote-kernels", "anstream"] {
        assert!(!known.contains(other), "core depends on {other}");
    }
}

/// Kernels and grammars know nothing of what lies above them.
#[test]
fn lower_layers_do_not_know_the_upper_ones() {
    for (folder, allowed) in [
        ("grammars", &[][..]),
        ("kernels", &[]),
        ("server/files", &[]),
        ("server/model", &["sidenote-files", "sidenote-kernels"]),
        // Its tests drive the language server; the program does not know it.
        (
            "server/model/host",
            &["sidenote-files", "sidenote-kernels", "sidenote-model", "sidenote-lsp", "sidenote-core"],
        ),
        ("server/core", &["sidenote-files", "sidenote-grammars"]),
        ("tests", &[]),
    ] {
        let ours = dependencies(folder).into_iter().filter(|d| d.starts_with("sidenote-"));
        let wrong: Vec<String> = ours.filter(|d| !allowed.contains(&d.as_str())).collect();
        assert!(wrong.is_empty(), "{folder} depends on {wrong:?}");
    }
}

#[test]
fn files_are_of_a_size_a_person_can_hold() {
    for folder in CRATES {
        for path in sources(folder) {
            let lines = read(&path).lines().count();
            assert!(lines <= MAX_LINES, "{}: {lines} lines, more than {MAX_LINES}", path.display());
        }
    }
}

/// One rule is one file, named after its id.
#[test]
fn each_rule_is_one_file() {
    let mut rules = 0;
    for path in sources("server/core/src/rules") {
        let text = read(&path);
        let count = text.matches("\npub static RULE: Rule = Rule {").count();
        let folder = path.parent().expect("folder");
        if folder.ends_with("rules") {
            assert_eq!(count, 0, "{}: rules stand in the folders below", path.display());
            continue;
        }
        if count == 0 {
            continue;
        }
        assert_eq!(count, 1, "{}: one rule a file", path.display());
        let id = path.file_stem().expect("name").to_string_lossy().replace('_', "-");
        assert!(text.contains(&format!("\n    id: \"{id}\",\n")), "{}: the id is not `{id}`", path.display());
        rules += 1;
    }
    assert!(rules > 2, "found {rules} rules");
}

#[test]
fn literals_and_comments_are_taken_out() {
    let text = "let a = \"unsafe // \\\" x\"; // unsafe\nlet b = r#\"unsafe \" \"#; /* unsafe\n */ let c = '\"'; f::<'a>('\\'', b'x', '\\u{1}');";
    let plain = code(text);
    assert!(!plain.contains("unsafe"), "{plain}");
    assert!(plain.contains("let b = ;") && plain.contains("let c = ") && plain.contains("f::<'a>("), "{plain}");
    assert_eq!(plain.lines().count(), text.lines().count());
    assert!(has_word("unsafe {", "unsafe") && !has_word("unsafe_code", "unsafe"));
}

/// `cargo fmt` follows `mod` declarations, and those of the rules are written by the build script: it does not reach them.
#[test]
fn rules_are_formatted() {
    let files: Vec<_> = sources("server/core/src/rules").into_iter().map(|p| p.display().to_string()).collect();
    assert!(files.len() > 50, "the rules are where they were");
    let mut arguments = vec!["--edition", "2024", "--check", "--quiet"];
    arguments.extend(files.iter().map(String::as_str));
    let status = std::process::Command::new("rustfmt").args(arguments).status().expect("rustfmt runs");
    assert!(status.success(), "run `rustfmt --edition 2024` on the files above");
}
