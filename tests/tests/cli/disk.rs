//! Disks that are full: what was there stays, nothing half written is left, and the error names the file.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sidenote_tests::sidenote_binary;

use super::support::{FLAWED, Outcome, Project};

const FIXABLE: &str = "const a = rows.map((r) => r.map((c) => c.text).flat()).flat();\n";

/// Runs Sidenote where no file can be made larger than so many blocks, as on a full disk.
fn run_within(project: &Project, blocks: u32, arguments: &[&str]) -> Outcome {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let own = project.path().join(".own");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).arg(sidenote_binary()).args(arguments).current_dir(project.path());
    shell.env("SIDENOTE_CONFIG", own).stdin(Stdio::null());
    outcome(shell)
}

fn outcome(mut command: Command) -> Outcome {
    let output = command.output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Outcome { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Everything below a folder with what it holds.
fn all(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut out = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                out.push((entry.path(), std::fs::read(entry.path()).expect("read")));
            }
        }
    }
    out.sort();
    out
}

#[test]
fn a_full_disk_costs_nothing_that_was_there() {
    let project = Project::new(&[(".git/HEAD", ""), ("a.ts", FLAWED), ("b.js", FIXABLE)]);
    let formats = [
        "pretty",
        "json",
        "jsonl",
        "sarif",
        "github",
        "gitlab",
        "junit",
        "checkstyle",
        "rdjson",
        "rdjsonl",
        "markdown",
        "csv",
    ];
    let mut writers: Vec<(String, Vec<String>)> = Vec::new();
    let mut writer = |file: &str, arguments: &[&str]| {
        writers.push((file.to_owned(), arguments.iter().map(|a| (*a).to_owned()).collect()));
    };
    for format in formats {
        writer(&format!("out.{format}"), &["scan", "-q", "--output", &format!("{format}=out.{format}")]);
    }
    writer("page/index.html", &["scan", "-q", "--report", "page"]);
    writer("health.svg", &["scan", "-q", "--badge", "health.svg"]);
    writer("known.toml", &["baseline", "create", "--file", "known.toml", "--force"]);
    writer("known.toml", &["baseline", "update", "--file", "known.toml"]);
    writer("sidenote-feedback.toml", &["dismiss", "a.ts:2", "--reason", "it is awaited elsewhere"]);
    writer("b.js", &["scan", "-q", "--fix"]);
    std::fs::create_dir(project.path().join("page")).expect("made");
    // First where nothing was, then where an earlier run has written.
    for round in 0..2 {
        for (file, arguments) in &writers {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            if round == 0 && arguments[1] == "update" {
                continue;
            }
            let before = all(project.path());
            let outcome = run_within(&project, 0, &arguments).code(3).says(file);
            assert!(outcome.stderr.contains("File too large"), "{arguments:?}: {}", outcome.stderr);
            assert!(all(project.path()) == before, "{arguments:?} left something behind");
        }
        if round == 0 {
            for (_, arguments) in &writers {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                if !arguments.contains(&"--fix") {
                    let done = run_within(&project, 100_000, &arguments);
                    assert!(matches!(done.code, Some(0 | 1)), "{arguments:?}: {done:?}");
                }
            }
        }
    }
}

#[test]
fn a_cache_that_does_not_fit_is_a_warning_and_the_old_one_stays() {
    let project = Project::new(&[(".git/HEAD", ""), ("a.ts", FLAWED)]);
    let scan = ["scan", "--format", "jsonl", "--cache-dir", "cache"];
    run_within(&project, 100_000, &scan).code(1);
    project.write("a.ts", format!("{FLAWED}export const one = 1;\n").as_bytes());
    let before = all(project.path());
    let outcome = run_within(&project, 0, &scan).code(1).says("what was found is not kept for the next scan");
    assert_eq!(outcome.stdout, project.run(&["scan", "--format", "jsonl", "--no-cache"]).code(1).stdout);
    assert!(all(project.path()) == before);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_is_told() {
    let project = Project::new(&[(".git/HEAD", ""), ("a.ts", FLAWED)]);
    for format in [
        "pretty",
        "json",
        "jsonl",
        "sarif",
        "github",
        "gitlab",
        "junit",
        "checkstyle",
        "rdjson",
        "rdjsonl",
        "markdown",
        "csv",
    ] {
        let mut command = Command::new(sidenote_binary());
        command.args(["scan", "--format", format]).current_dir(project.path());
        command.stdout(std::fs::File::options().write(true).open("/dev/full").expect("/dev/full"));
        outcome(command).code(3).says("cannot write to standard output").says("free some space");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn one_report_that_fails_does_not_cost_the_others() {
    let project = Project::new(&[(".git/HEAD", ""), ("a.ts", FLAWED)]);
    let outputs = ["sarif=/dev/full", "json=a.json", "csv=missing/a.csv", "junit=a.xml"];
    let arguments: Vec<&str> = outputs.iter().flat_map(|o| ["--output", o]).collect();
    let told = project.run(&[&["scan", "--badge", "badge.svg"], &arguments[..]].concat()).code(3);
    told.says("cannot write `/dev/full`").says("cannot write `missing/a.csv`");
    for file in ["a.json", "a.xml", "badge.svg"] {
        assert!(std::fs::metadata(project.path().join(file)).is_ok_and(|m| m.len() > 100), "{file}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_nobody_can_hear_costs_nothing() {
    let project = Project::new(&[(".git/HEAD", ""), ("a.ts", FLAWED)]);
    let mut command = Command::new(sidenote_binary());
    command.args(["scan", "--format", "jsonl"]).current_dir(project.path()).stdout(Stdio::piped());
    command.stderr(std::fs::File::options().write(true).open("/dev/full").expect("/dev/full"));
    let output = command.spawn().expect("it starts").wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("async-promise-executor"));
}
