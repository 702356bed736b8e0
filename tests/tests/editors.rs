//! Foreign clients and validators against the built `sidenote`: pytest-lsp over the capabilities of several editors, real
//! Neovim, Emacs and VS Code, the strict reader of recorded sessions, Microsoft's SARIF validator, and what CI systems start.
//!
//! They set themselves up under the user's cache folder and need bash, Python 3.11 and npm, and on the first run PyPI and
//! the npm registry. `SIDENOTE_NO_EDITORS=1` leaves them out, and says so.

use std::fs;
use std::process::Command;

use sidenote_tests::{run_script, run_script_with_a_second_attempt, sidenote_binary, workspace_root};

/// Whether the editor checks are to be left out; prints a line when they are.
fn left_out(check: &str) -> bool {
    let left_out = std::env::var("SIDENOTE_NO_EDITORS").is_ok_and(|value| value == "1");
    if left_out {
        eprintln!("editors: {check} left out (SIDENOTE_NO_EDITORS=1)");
    }
    left_out
}

#[test]
fn pytest_lsp_under_the_capabilities_of_several_editors() {
    if left_out("pytest-lsp") {
        return;
    }
    run_script::<&str>("editors/pytest-lsp/run.sh", &[]);
}

#[test]
fn real_neovim() {
    if left_out("neovim") {
        return;
    }
    run_script::<&str>("editors/nvim/run.sh", &[]);
}

#[test]
fn real_emacs() {
    if left_out("emacs") {
        return;
    }
    run_script::<&str>("editors/emacs/run.sh", &[]);
}

/// The extension in a real workbench; screenshots are left in `target/vscode`.
#[test]
fn real_vs_code() {
    if left_out("vscode") {
        return;
    }
    run_script_with_a_second_attempt::<&str>("editors/vscode/run.sh", &[]);
}

/// Screenshots are left in `target/report`.
#[test]
fn the_html_report_in_a_real_browser() {
    if left_out("browser") {
        return;
    }
    run_script_with_a_second_attempt::<&str>("editors/browser/run.sh", &[]);
}

#[test]
fn sarif_satisfies_the_validator() {
    if left_out("sarif") {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let project = scratch.path().join("project é");
    fs::create_dir_all(project.join("src")).unwrap();
    fs::write(
        project.join("src/report 😀.ts"),
        "const https = require('https');\n/* é😀 */ https.request({ host: 'x', rejectUnauthorized: false });\n",
    )
    .unwrap();
    fs::write(
        project.join("src/client.rs"),
        "pub fn client() -> reqwest::Result<reqwest::Client> {\n    \
         reqwest::Client::builder().danger_accept_invalid_certs(true).build()\n}\n",
    )
    .unwrap();
    fs::create_dir(scratch.path().join("clean")).unwrap();
    fs::write(scratch.path().join("clean/nothing.ts"), "export const nothing = 1;\n").unwrap();

    let files = [("project é", "findings.sarif", 2), ("clean", "clean.sarif", 0)].map(|(folder, name, findings)| {
        let file = scratch.path().join(name);
        let output = Command::new(sidenote_binary())
            .args(["scan", ".", "--format", "sarif", "--output"])
            .arg(&file)
            .current_dir(scratch.path().join(folder))
            .output()
            .unwrap();
        let code = output.status.code();
        assert!(
            matches!(code, Some(0 | 1)),
            "scan of `{folder}` exited with {code:?}:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let log: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let results = log["runs"][0]["results"].as_array().expect("a run always has `results`");
        let tls = results.iter().filter(|result| result["ruleId"] == "tls-verification-disabled").count();
        assert_eq!(tls, findings, "in `{folder}`: {results:#?}");
        // GitHub tells findings apart by this key alone, and the validator does not ask for it.
        for result in results {
            let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap_or_default();
            let (digits, count) = hash.split_once(':').unwrap_or_default();
            let hexadecimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(hexadecimal && count.parse::<u32>().is_ok_and(|count| count > 0), "fingerprint {hash:?}");
        }
        file
    });
    run_script("editors/sarif/validate-sarif.sh", &files);
}

/// What TypeScript's compiler accepts it must accept after `scan --fix`.
#[test]
fn fixed_typescript_compiles() {
    if left_out("tsc") {
        return;
    }
    run_script::<&str>("editors/tsc/run.sh", &[]);
}

#[test]
fn the_action_the_hook_and_the_install_script() {
    if left_out("ci") {
        return;
    }
    run_script::<&str>("editors/ci/run.sh", &[]);
}

/// The strict reader guards everything above, so it is shown sessions that are wrong and must say so.
#[test]
fn the_strict_reader_tells_right_from_wrong() {
    if left_out("strict reader") {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let script = workspace_root().join("tests/editors/strict/run.sh");
    let read = |name: &str, messages: &[String]| {
        let file = scratch.path().join(name);
        fs::write(&file, messages.join("\n")).unwrap();
        let output = Command::new("bash").arg(&script).arg(&file).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text)
    };
    let good = session(2, 4, "");
    let (accepted, said) = read("good.jsonl", &good);
    assert!(accepted, "a correct session was rejected:\n{said}");

    let mut unanswered = good.clone();
    unanswered.retain(|line| !line.contains(r#""id":2,"result""#));
    let mut stray = good.clone();
    stray.insert(2, r#"{"dir":"s2c","junk":"debug: hello"}"#.to_owned());
    let wrong = [
        ("splits-a-character", session(3, 4, ""), "splits a character"),
        ("past-the-end", session(2, 99, ""), "is past the end of line"),
        ("null", session(2, 4, r#","relatedInformation":null"#), "leave the key out"),
        ("unknown-key", session(2, 4, r#","colour":"red""#), "unknown key 'colour'"),
        ("wrong-type", session(2, 4, r#","severity":"error""#), "severity: wrong type"),
        ("unanswered", unanswered, "was never answered"),
        ("stray-bytes", stray, "no LSP header"),
    ];
    for (name, messages, complaint) in wrong {
        let (accepted, said) = read(&format!("{name}.jsonl"), &messages);
        assert!(!accepted && said.contains(complaint), "{name}: want `{complaint}`, the reader said\n{said}");
    }
}

/// A recorded session over the text `é 😀 x`, with one diagnostic over UTF-16 columns `start..end` and `extra` members.
fn session(start: u32, end: u32, extra: &str) -> Vec<String> {
    let range = format!(r#"{{"start":{{"line":0,"character":{start}}},"end":{{"line":0,"character":{end}}}}}"#);
    let messages = [
        ("c2s", r#""id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}"#.to_owned()),
        ("s2c", r#""id":1,"result":{"capabilities":{"textDocumentSync":2}}"#.to_owned()),
        ("c2s", r#""method":"initialized","params":{}"#.to_owned()),
        (
            "c2s",
            r#""method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.ts","languageId":"typescript","version":1,"text":"é 😀 x\n"}}"#
                .to_owned(),
        ),
        (
            "s2c",
            format!(
                r#""method":"textDocument/publishDiagnostics","params":{{"uri":"file:///a.ts","version":1,"diagnostics":[{{"range":{range},"message":"m"{extra}}}]}}"#
            ),
        ),
        ("c2s", r#""id":2,"method":"shutdown""#.to_owned()),
        ("s2c", r#""id":2,"result":null"#.to_owned()),
        ("c2s", r#""method":"exit""#.to_owned()),
    ];
    let mut lines: Vec<String> = messages
        .iter()
        .map(|(direction, members)| format!(r#"{{"dir":"{direction}","msg":{{"jsonrpc":"2.0",{members}}}}}"#))
        .collect();
    lines.push(r#"{"dir":"end","exit_code":0}"#.to_owned());
    lines
}
