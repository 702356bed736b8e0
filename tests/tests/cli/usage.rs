use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use sidenote_tests::sidenote_binary;

use super::support::{FLAWED, Project, RULE, findings};

#[test]
fn exit_codes() {
    let project = Project::new(&[("src/a.ts", FLAWED), ("clean/b.ts", "export const b = 1;\n")]);
    project.run(&["scan"]).code(1).shows(RULE).shows("1 finding");
    project.run(&["scan", "clean"]).code(0).shows("no findings").shows("100.0");
    project.run(&["scan", "--fail-on", "never"]).code(0).shows(RULE);
    project.run(&["scan", "--fail-on", "critical"]).code(0).shows(RULE);
    project.run(&["scan", "--fail-on", "high"]).code(1);
    project.run(&["scan", "--ignore", RULE]).code(0);
    project.run(&["scan", "--select", "security"]).code(0);
    project.run(&["scan", "--select", "CWE-755,security"]).code(1);
    let hidden = project.run(&["scan", "--min-severity", "critical"]).code(0);
    assert!(hidden.stdout.contains("1 below --min-severity") && !hidden.stdout.contains(RULE), "{hidden:?}");
}

#[test]
fn usage_errors_exit_with_2_and_say_what_to_do() {
    let project = Project::new(&[("a.ts", FLAWED)]);
    project.run(&["scan", "nowhere"]).code(2).says("cannot scan `nowhere`").says("check the spelling");
    project.run(&["scan", "--selct", "x"]).code(2).says("--select");
    project.run(&["scan", "--select", "asinc-promise-executor"]).code(2).says("did you mean `async-promise-executor`?");
    project.run(&["scan", "--fail-on", "bad"]).code(2).says("never");
    project.run(&["scan", "--min-severity", "bad"]).code(2).says("critical");
    project.run(&["scan", "--config", "nowhere.toml"]).code(2).says("there is no configuration file");
    project.run(&["scan", "--jobs", "0"]).code(2);
    project.run(&["frobnicate"]).code(2);
    project.run(&[]).code(2);
    project.run(&["explain", "async-promise-executr"]).code(2).says("did you mean `async-promise-executor`");
    project.run(&["rules", "--language", "cobol"]).code(2).says("names no language");
    project.run(&["rules", "--select", "nothing-like-it"]).code(2).says("`sidenote rules` lists them");
}

#[test]
fn help_and_version() {
    let project = Project::new(&[]);
    project.run(&["--help"]).code(0).shows("scan").shows("explain");
    project.run(&["scan", "--help"]).code(0).shows("Exit codes:").shows("--fail-on");
    let version = project.run(&["--version"]).code(0).stdout;
    assert_eq!(version.trim(), concat!("sidenote ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn rules_are_listed_filtered_and_explained() {
    let project = Project::new(&[]);
    project.run(&["rules"]).code(0).shows(RULE).shows("quality");
    let rust = project.run(&["rules", "--language", "rust"]).code(0).stdout;
    assert!(rust.contains("unused-suppression") && !rust.contains(RULE), "{rust}");
    let list: serde_json::Value =
        serde_json::from_str(&project.run(&["rules", "--json"]).code(0).stdout).expect("JSON");
    let list = list.as_array().expect("a list");
    assert!(list.iter().any(|r| r["id"] == RULE && r["category"] == "quality" && r["cwe"][0] == 755));
    let quality: serde_json::Value =
        serde_json::from_str(&project.run(&["rules", "--json", "--category", "quality"]).code(0).stdout).expect("JSON");
    assert!(quality.as_array().expect("a list").iter().all(|r| r["category"] == "quality"));
    for rule in list {
        let id = rule["id"].as_str().expect("id");
        project.run(&["explain", id]).code(0).shows(id).shows("Why this is bad").shows("To silence it");
        project.run(&["explain", "--markdown", id]).code(0).shows(&format!("# {id}\n"));
    }
}

#[test]
fn every_rule_judges_its_own_cases_right() {
    let project = Project::new(&[]);
    let out = project.run(&["rules", "--measure", "--json"]).code(0).stdout;
    let list: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    for measure in list.as_array().expect("a list") {
        assert_eq!(measure["precision"], 1.0, "{measure}");
        assert_eq!(measure["recall"], 1.0, "{measure}");
        assert!(measure["true_positives"].as_u64().expect("a number") >= 4, "{measure}");
    }
}

#[test]
fn completions_and_manual_pages() {
    let project = Project::new(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        project.run(&["completions", shell]).code(0).shows("stdin-filename");
    }
    project.run(&["man"]).code(0).shows(".TH sidenote");
    fs::create_dir(project.path().join("man")).expect("create");
    project.run(&["man", "--folder", "man"]).code(0);
    let page = fs::read_to_string(project.path().join("man/sidenote-scan.1")).expect("a page");
    assert!(page.contains("fail\\-on"), "{page}");
}

#[test]
fn colour_only_where_it_is_wanted() {
    let project = Project::new(&[("a.ts", FLAWED)]);
    assert!(!project.run(&["scan"]).stdout.contains('\u{1b}'), "a pipe");
    assert!(project.run(&["scan", "--color", "always"]).stdout.contains("\u{1b}["));
    let forced = project.run_with(&["scan"], "", &[("CLICOLOR_FORCE", "1")]);
    assert!(forced.stdout.contains("\u{1b}["));
    let never = project.run_with(&["scan", "--color", "never"], "", &[("CLICOLOR_FORCE", "1")]);
    assert!(!never.stdout.contains('\u{1b}'));
    let plain = project.run_with(&["scan"], "", &[("TERM", "dumb")]);
    assert!(plain.stdout.lines().all(|l| l.is_ascii()), "{}", plain.stdout);
}

#[test]
fn the_report_goes_to_a_file_whole_or_not_at_all() {
    let project = Project::new(&[("a.ts", FLAWED), ("out/report.json", "what was there")]);
    project.run(&["scan", "-f", "json", "-o", "out/report.json"]).code(1).says("written to out/report.json");
    let text = fs::read_to_string(project.path().join("out/report.json")).expect("read");
    serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
    let left: Vec<_> = fs::read_dir(project.path().join("out")).expect("read").collect();
    assert_eq!(left.len(), 1, "no temporary file stays");
    project.run(&["scan", "-o", "nowhere/report.json"]).code(2).says("nowhere/report.json").says("create the folder");
    project.run(&["scan", "-o", "out"]).code(2).says("cannot write `out`");
    let colour = project.run(&["scan", "-o", "out/pretty.txt", "--color", "always"]).code(1);
    assert_eq!(colour.stdout, "");
    assert!(!fs::read_to_string(project.path().join("out/pretty.txt")).expect("read").contains('\u{1b}'));
    if cfg!(target_os = "linux") {
        project.run(&["scan", "-f", "json", "-o", "/dev/full"]).code(3).says("/dev/full").says("space");
        project.run(&["scan", "-f", "json", "-o", "/dev/null"]).code(1);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = Project::new(&[]);
    for i in 0..400 {
        project.write(&format!("src/{i}.ts"), FLAWED.as_bytes());
    }
    let mut child = Command::new(sidenote_binary())
        .args(["scan", "--quiet"])
        .current_dir(project.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "what was found stays found");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn stats_tell_where_the_time_went() {
    let project = Project::new(&[("a.ts", FLAWED)]);
    let out = project.run(&["scan", "--stats"]).code(1);
    for word in ["walk", "read", "parse", "analyze", "wall", "files/s", "MB/s", RULE] {
        assert!(out.stderr.contains(word), "`{word}` is not in:\n{}", out.stderr);
    }
    if cfg!(target_os = "linux") {
        assert!(out.stderr.contains("MB at most"), "{}", out.stderr);
    }
}

#[test]
fn a_place_is_explained() {
    let code = "import express from 'express';\nimport { exec } from 'child_process';\nimport { load } from '@acme/x';\n\
                const app = express();\napp.get('/', (req) => {\n  const id = req.query.id;\n  exec('ls ' + id);\n  \
                exec('ls ' + load(id));\n});\n";
    let project = Project::new(&[(".git/HEAD", ""), ("src/a.ts", code)]);
    project
        .run(&["explain", "--trace", "src/a.ts:7"])
        .code(0)
        .shows("command-injection")
        .shows("const id = req.query.id;")
        .shows("What would silence it")
        .shows("// sidenote: allow(command-injection)");
    project.run(&["explain", "--trace", "src/a.ts:8"]).code(0).shows("no model says what").shows("@acme/x.load");
    let json = project.run(&["explain", "--trace", "src/a.ts:8:3", "--json"]).code(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["sinks"][0]["verdict"], "untainted", "{json}");
    project.run(&["explain", "--trace", "src/a.ts"]).code(2).says("FILE:LINE");
    project.run(&["explain", "--trace", "src/a.ts:999"]).code(2).says("lines");
    project.run(&["explain", "--trace", "src/b.ts:1"]).code(2).says("src/b.ts");
    project.run(&["explain"]).code(2);
}

/// Data that comes from another file is explained like that of one file.
#[test]
fn a_flow_across_files_is_explained() {
    let app = "import express from 'express';\nimport { run } from './run';\nconst app = express();\n\
               app.get('/', (req) => {\n  run(req.query.id as string);\n});\n";
    let run = "import { exec } from 'child_process';\nexport function run(id: string) {\n  if (!id.startsWith('x')) return;\n  exec('ls ' + id);\n}\n";
    let project = Project::new(&[(".git/HEAD", ""), ("src/app.ts", app), ("src/run.ts", run)]);
    let found = findings(&project.json(&[]));
    assert_eq!(found.len(), 1, "{found:?}");
    let place = found[0].split(' ').nth(1).expect("a place");
    project
        .run(&["explain", "--trace", place])
        .code(0)
        .shows("command-injection")
        .shows("src/app.ts")
        .shows("What would silence it");
}

#[test]
fn what_a_published_package_is_not_told_of_is_explained() {
    let manifest = r#"{ "name": "a", "version": "1.0.0", "repository": "a/a", "description": "A mock server" }"#;
    let code = "const app = require('express')();\napp.get('/', async (req) => {\n  await fetch(req.query.to);\n});\n";
    let files = [(".git/HEAD", ""), ("package.json", manifest), ("lib/a.js", code)];
    let project = Project::new(&files);
    assert_eq!(findings(&project.json(&["--select", "ssrf"])), Vec::<String>::new());
    project.run(&["explain", "--trace", "lib/a.js:3"]).code(0).shows("published as a mock").shows("include-tests");
    let asked = Project::new(&[files.as_slice(), &[("sidenote.toml", "[rules]\ninclude-tests = true\n")]].concat());
    assert_eq!(findings(&asked.json(&["--select", "ssrf"])).len(), 1);
}

/// Runs the language server over a session that ends in order, with an edit of a document that is not open, which it warns of.
fn lsp(project: &Project, arguments: &[&str], log: Option<&str>) -> super::support::Outcome {
    let document = "file:///x/never-opened.ts";
    let edit = format!(
        r#"{{"jsonrpc":"2.0","method":"textDocument/didChange","params":{{"textDocument":{{"uri":"{document}","version":2}},"contentChanges":[{{"text":"x"}}]}}}}"#
    );
    let hover = format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":{{"textDocument":{{"uri":"{document}"}},"position":{{"line":0,"character":0}}}}}}"#
    );
    // Each with the answer that has to be there before the next is sent.
    let messages = [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}"#,
            Some(r#""id":1"#),
        ),
        (r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#, None),
        (&edit, None),
        (&hover, Some(r#""id":2"#)),
        (r#"{"jsonrpc":"2.0","id":3,"method":"shutdown"}"#, Some(r#""id":3"#)),
        (r#"{"jsonrpc":"2.0","method":"exit"}"#, None),
    ];
    let mut child = Command::new(sidenote_binary())
        .arg("lsp")
        .args(arguments)
        .envs(log.map(|level| ("SIDENOTE_LOG", level)))
        .current_dir(project.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut input = child.stdin.take().expect("stdin");
    let mut output = child.stdout.take().expect("stdout");
    let mut heard = Vec::new();
    for (message, answer) in messages {
        // It may well end before it has read everything.
        let _ = write!(input, "Content-Length: {}\r\n\r\n{message}", message.len());
        while answer.is_some_and(|answer| !String::from_utf8_lossy(&heard).contains(answer)) {
            let mut part = [0; 4096];
            match output.read(&mut part) {
                Ok(n) if n > 0 => heard.extend(&part[..n]),
                _ => break,
            }
        }
    }
    output.read_to_end(&mut heard).expect("it ends");
    drop(input);
    let ended = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    super::support::Outcome { code: ended.status.code(), stdout: text(heard), stderr: text(ended.stderr) }
}

#[test]
fn the_servers_log_goes_where_it_is_told() {
    const WARNING: &str = "an edit of file:///x/never-opened.ts, which is not open";
    let project = Project::new(&[]);
    let read = || fs::read_to_string(project.path().join("server.log")).unwrap_or_default();
    let outcome = lsp(&project, &[], None).code(0).says(WARNING);
    assert!(!outcome.stdout.contains(WARNING) && outcome.stdout.starts_with("Content-Length: "), "{outcome:?}");
    let outcome = lsp(&project, &["--log-file", "server.log"], None).code(0);
    assert!(outcome.stderr.is_empty() && read().matches(WARNING).count() == 1, "{outcome:?}\n{}", read());
    // It grows, and holds what is asked for.
    lsp(&project, &["--log-file", "server.log"], Some("warn")).code(0);
    assert_eq!(read().matches(WARNING).count(), 2);
    lsp(&project, &["--log-file", "server.log"], Some("error")).code(0);
    assert_eq!(read().matches(WARNING).count(), 2);
    let outcome = lsp(&project, &[], Some("error")).code(0);
    assert_eq!(outcome.stderr, "");
    lsp(&project, &["--log-file", "nowhere/server.log"], None).code(2).says("cannot write the log");
}
