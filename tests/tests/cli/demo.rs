//! The demonstration repository: every planted flaw is found, and nothing else.

use std::fs;
use std::path::Path;

use sidenote_tests::workspace_root;

use super::support::Project;

/// Rule, file, and the line's own text.
const FLAWS: [(&str, &str, &str); 18] = [
    ("accumulating-spread", "api/src/catalog.ts", "const byId = products.reduce"),
    ("code-injection", "api/src/discount.ts", "new Function(\"goods\""),
    ("incomplete-sanitization", "api/src/mail.ts", "text.replace(\"<\", \"&lt;\")"),
    ("incomplete-sanitization", "api/src/mail.ts", "text.replace(\"<\", \"&lt;\")"),
    ("floating-promise", "api/src/orders.ts", "audit(\"placed\", order.id);"),
    ("cognitive-complexity", "api/src/pricing.ts", "export function shipping("),
    ("hardcoded-secret", "api/src/session.ts", "const sessionSecret ="),
    ("tls-verification-disabled", "api/src/supplier.ts", "rejectUnauthorized: false"),
    ("async-promise-executor", "api/src/supplier.ts", "new Promise(async (resolve)"),
    ("lock-across-await", "cli/src/cache.rs", "let mut held = lists.lock()"),
    ("ignored-io-amount", "cli/src/cache.rs", "file.write(list.as_bytes())?;"),
    ("uninit-memory", "cli/src/cache.rs", "list.set_len(length)"),
    ("blocking-in-async", "cli/src/import.rs", "std::fs::read_to_string(path)?"),
    ("regex-in-loop", "cli/src/import.rs", "let pattern = Regex::new"),
    ("cognitive-complexity", "cli/src/label.rs", "pub fn label("),
    ("tls-verification-disabled", "cli/src/supplier.rs", ".danger_accept_invalid_certs(true)"),
    ("hardcoded-cryptographic-value", "cli/src/vault.rs", "Nonce::from_slice(b\"corner-shop!\")"),
    ("hardcoded-cryptographic-value", "cli/src/vault.rs", "b\"0123456789abcdef0123456789abcdef\""),
];

/// The one that is suppressed, with its reason.
const SUPPRESSED: usize = 17;

fn copy(from: &Path, project: &Project, prefix: &str) {
    for entry in fs::read_dir(from).expect("the demonstration") {
        let entry = entry.expect("entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            copy(&entry.path(), project, &format!("{name}/"));
        } else {
            project.write(&name, &fs::read(entry.path()).expect("read"));
        }
    }
}

/// Whether a line of a file is, or holds, the text.
fn holds(root: &Path, path: &str, line: u64, text: &str) -> bool {
    let file = fs::read_to_string(root.join(path)).expect("a file of the demonstration");
    file.lines().nth(line as usize - 1).is_some_and(|l| l.contains(text))
}

#[test]
fn every_flaw_is_found_and_nothing_else() {
    // A copy, for what lies around a repository must not matter.
    let project = Project::new(&[(".git/HEAD", "ref: refs/heads/main\n")]);
    copy(&workspace_root().join("tests/demo"), &project, "");
    let report = project.json(&["--include-suppressed"]);
    let mut found: Vec<(String, String, u64, bool)> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|f| {
            let text = |key: &str| f[key].as_str().expect("text").to_owned();
            (text("rule"), text("path"), f["start"]["line"].as_u64().expect("line"), f["suppressed"].is_string())
        })
        .collect();
    let mut missing = Vec::new();
    for (i, (rule, path, text)) in FLAWS.iter().enumerate() {
        let at = found.iter().position(|(r, p, line, suppressed)| {
            r == rule && p == path && holds(project.path(), p, *line, text) && *suppressed == (i == SUPPRESSED)
        });
        match at {
            Some(at) => drop(found.remove(at)),
            None => missing.push(format!("{rule} {path}: {text}")),
        }
    }
    assert!(missing.is_empty() && found.is_empty(), "missing: {missing:#?}\nnot planted: {found:#?}");
    assert_eq!(report["summary"]["gaps"], 0);
    project.run(&["scan"]).code(1).shows("17 findings").shows("1 suppressed");
    // Where it lies, as `cargo x scan` shows it, too.
    let here = workspace_root().join("tests/demo");
    project.run(&["scan", &here.to_string_lossy()]).code(1).shows("17 findings").shows("1 suppressed");
}
