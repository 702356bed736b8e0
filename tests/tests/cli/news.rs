//! Only what is new: baselines, and scans compared with a commit.

use std::path::Path;
use std::process::Command;

use super::support::{FLAWED, Project, RULE, findings};

/// The flaw again, in another function.
const SECOND: &str = "export function other(url: string) {\n  return new Promise(async (done) => {\n    done(await fetch(url));\n  });\n}\n";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
        .args(["-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git starts");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn commit_all(project: &Project) {
    git(project.path(), &["add", "--all"]);
    git(project.path(), &["commit", "--quiet", "-m", "x"]);
}

/// A repository with one commit.
fn repository(files: &[(&str, &str)]) -> Project {
    let project = Project::new(files);
    git(project.path(), &["init", "--quiet"]);
    commit_all(&project);
    project
}

#[test]
fn a_pull_request_gains_exactly_its_new_findings() {
    let project = repository(&[("src/old.ts", FLAWED), ("src/moved.ts", SECOND), ("src/same.ts", FLAWED)]);
    git(project.path(), &["checkout", "--quiet", "-b", "topic"]);
    // Lines move, a file is renamed and edited, a file gains a flaw, a new file brings one.
    project.write("src/old.ts", format!("// a new head\n\n{FLAWED}").as_bytes());
    git(project.path(), &["mv", "src/moved.ts", "src/renamed.ts"]);
    project.write("src/renamed.ts", format!("const first = 1;\n{SECOND}console.log(first);\n").as_bytes());
    commit_all(&project);
    assert_eq!(findings(&project.json(&["--diff", "main"])), [""; 0]);
    project.write("src/old.ts", format!("// a new head\n\n{FLAWED}{SECOND}").as_bytes());
    project.write("src/new file é.ts", FLAWED.as_bytes());
    let news = [format!("{RULE} src/new file é.ts:2"), format!("{RULE} src/old.ts:9")];
    // Whether it is committed or not, and whatever the other branch does meanwhile.
    assert_eq!(findings(&project.json(&["--diff", "main"])), news);
    assert_eq!(findings(&project.json(&["--changed"])), news);
    commit_all(&project);
    git(project.path(), &["checkout", "--quiet", "main"]);
    project.write("src/same.ts", b"export const same = 1;\n");
    commit_all(&project);
    git(project.path(), &["checkout", "--quiet", "topic"]);
    assert_eq!(findings(&project.json(&["--diff", "main"])), news);
    assert_eq!(findings(&project.json(&["--changed"])), [""; 0]);
    let report = project.json(&["--diff", "main"]);
    assert_eq!((&report["summary"]["files"], &report["summary"]["known"]), (&3.into(), &2.into()));
    // A folder narrows it, and known findings can be had.
    assert_eq!(findings(&project.json(&["--diff", "main", "src/old.ts"])).len(), 1);
    let all = project.json(&["--diff", "main", "--include-known"]);
    let known: Vec<bool> = all["findings"].as_array().expect("a list").iter().map(|f| f["known"] == true).collect();
    assert_eq!(known, [false, true, false, true, true]);
}

#[test]
fn what_is_staged_is_what_counts_before_a_commit() {
    let project = repository(&[("a.ts", "export const a = 1;\n")]);
    project.write("a.ts", FLAWED.as_bytes());
    project.write("b.ts", FLAWED.as_bytes());
    assert_eq!(findings(&project.json(&["--staged"])), [""; 0]);
    git(project.path(), &["add", "a.ts"]);
    // What lies in the folder may be mended already; the commit would hold the flaw all the same.
    project.write("a.ts", b"export const a = 2;\n");
    assert_eq!(findings(&project.json(&["--staged"])), [format!("{RULE} a.ts:2")]);
    project.run(&["scan", "--staged"]).code(1).shows(RULE);
    assert_eq!(findings(&project.json(&["--changed"])), [format!("{RULE} b.ts:2")]);
    // Before the first commit everything is new.
    let fresh = Project::new(&[("a.ts", FLAWED)]);
    git(fresh.path(), &["init", "--quiet"]);
    git(fresh.path(), &["add", "--all"]);
    assert_eq!(findings(&fresh.json(&["--staged"])).len(), 1);
}

#[test]
fn a_pull_request_keeps_the_budgets() {
    let project =
        repository(&[("sidenote.toml", "[budgets]\nquality = 1\n"), ("a.ts", FLAWED), ("b.ts", "export {};\n")]);
    project.write("b.ts", FLAWED.as_bytes());
    // As the action scans: what is known is reported too, so that sums mean something.
    let all = ["scan", "-q", "--diff", "HEAD", "--include-known", "--fail-on", "new:critical"];
    project.run(&all).code(1).says("over budget: 2 findings of `quality`");
    project.run(&["scan", "--diff", "HEAD", "--fail-on", "new:critical"]).code(0).says("budgets are not checked");
    project.write("b.ts", b"export {};\n");
    project.run(&all).code(0);
}

#[test]
fn git_errors_say_what_to_do() {
    let project = repository(&[("a.ts", FLAWED)]);
    project.run(&["scan", "--diff", "nowhere"]).code(2).says("git knows no commit `nowhere`").says("fetch");
    project.run(&["scan", "--diff", "--output=x"]).code(2);
    project.run(&["scan", "--diff", "HEAD", "--staged"]).code(2).says("cannot be used with");
    let plain = Project::new(&[("a.ts", FLAWED)]);
    plain.run(&["scan", "--changed"]).code(2).says("lies in no git repository").says("baseline");
}

#[cfg(unix)]
#[test]
fn a_repository_cannot_make_git_run_its_programs() {
    use std::os::unix::fs::PermissionsExt;
    let project = repository(&[("a.ts", "export const a = 1;\n")]);
    let trap = project.path().join(".git/trap");
    std::fs::write(&trap, "#!/bin/sh\ntouch \"$(dirname \"$0\")/sprung\"\n").expect("write");
    std::fs::set_permissions(&trap, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    let program = trap.display().to_string();
    for key in ["core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv", "diff.x.command"] {
        git(project.path(), &["config", key, &program]);
    }
    project.write(".gitattributes", b"*.ts diff=x\n");
    project.write("a.ts", FLAWED.as_bytes());
    let sprung = project.path().join(".git/sprung");
    assert_eq!(findings(&project.json(&["--changed"])).len(), 1);
    assert_eq!(findings(&project.json(&["--diff", "HEAD"])).len(), 1);
    assert!(!sprung.exists(), "a program of the repository ran");
    // The trap works.
    git(project.path(), &["diff"]);
    assert!(sprung.exists());
}

#[test]
fn a_baseline_counts_and_keeps_its_reasons() {
    let project = Project::new(&[("a.ts", FLAWED), ("b.ts", SECOND)]);
    let list = || std::fs::read_to_string(project.path().join("sidenote-baseline.toml")).expect("a list");
    project.run(&["baseline", "create", "--reason", "from before"]).code(0).says("2 added");
    assert!(list().contains("path = \"a.ts\"") && list().contains("reason = \"from before\""), "{}", list());
    project.run(&["baseline", "create"]).code(2).says("already").says("--force");
    let with = ["scan", "--baseline", "sidenote-baseline.toml"];
    project.run(&with).code(0).shows("2 known").shows("no findings");
    // Another finding of the same kind in the same function is not hidden by the one that is listed.
    let twice = "export function load(url: string) {\n  void new Promise(async (r) => { r(await fetch(url)); });\n  return new Promise(async (r) => { r(await fetch(url)); });\n}\n";
    project.write("c.ts", twice.as_bytes());
    let both = project.json(&["--baseline", "sidenote-baseline.toml"]);
    assert_eq!(findings(&both), [format!("{RULE} c.ts:2"), format!("{RULE} c.ts:3")]);
    project
        .run(&["baseline", "update", "c.ts", "--reason", "the first one"])
        .code(0)
        .says("2 added, 2 kept, 0 removed");
    project.write("c.ts", format!("{twice}{}", twice.replace("load", "again")).as_bytes());
    assert_eq!(findings(&project.json(&["--baseline", "sidenote-baseline.toml"])).len(), 2);
    // What is gone goes, what stays keeps its reason, nothing is added.
    project.write("a.ts", b"export const a = 1;\n");
    project.run(&["baseline", "prune"]).code(0).says("0 added, 3 kept, 1 removed");
    assert!(list().contains("reason = \"from before\"") && !list().contains("a.ts"), "{}", list());
    // A list that was looked at from one folder only keeps the rest.
    std::fs::remove_file(project.path().join("b.ts")).expect("remove");
    project.run(&["baseline", "prune", "c.ts"]).code(0).says("3 kept, 0 removed");
    project.run(&["baseline", "prune"]).code(0).says("2 kept, 1 removed");
}

#[test]
fn a_baseline_ends_on_its_day_and_is_checked() {
    let project = Project::new(&[("a.ts", FLAWED)]);
    project.run(&["baseline", "create", "--expires", "yesterday"]).code(2).says("2027-03-31");
    project.run(&["baseline", "create", "--expires", "2020-01-31"]).code(0);
    project
        .run(&["scan", "--baseline", "sidenote-baseline.toml"])
        .code(1)
        .says("1 entries of the baseline have expired");
    project.run(&["baseline", "update", "--expires", "9999-12-31"]).code(0).says("1 added, 0 kept, 1 removed");
    project.run(&["scan", "--baseline", "sidenote-baseline.toml"]).code(0);
    project.run(&["scan", "--baseline", "nowhere.toml"]).code(2).says("sidenote baseline create");
    project.write("sidenote-baseline.toml", b"format = 1\n[[finding]]\nrule = 3\n");
    project.run(&["scan", "--baseline", "sidenote-baseline.toml"]).code(2).says("is no baseline").says("line 3");
}

#[test]
fn the_exit_code_can_follow_new_findings_alone() {
    let project = Project::new(&[("a.ts", FLAWED)]);
    project.run(&["baseline", "create"]).code(0);
    let scan = |fail_on: &str| {
        project.run(&["scan", "--baseline", "sidenote-baseline.toml", "--include-known", "--fail-on", fail_on])
    };
    scan("low").code(1).shows("known: it is not new");
    scan("new:low").code(0).shows(RULE);
    scan("critical,new:low").code(0);
    project.write("b.ts", FLAWED.as_bytes());
    scan("new:low").code(1);
    scan("new:critical").code(0);
    project.run(&["scan", "--fail-on", "old:low"]).code(2).says("new:high");
    let sarif = project.run(&["scan", "--baseline", "sidenote-baseline.toml", "--include-known", "-f", "sarif", "-q"]);
    let log: serde_json::Value = serde_json::from_str(&sarif.stdout).expect("JSON");
    let states: Vec<_> =
        log["runs"][0]["results"].as_array().expect("results").iter().map(|r| &r["baselineState"]).collect();
    assert_eq!(states, ["unchanged", "new"]);
}

/// A request's data goes from one file into another's command.
fn across(route: &str) -> Project {
    repository(&[
        (
            "src/run.js",
            "const { exec } = require('child_process');\nexports.run = (text) => {\n  exec('ls ' + text);\n};\n",
        ),
        ("src/app.js", route),
        ("src/alone.js", FLAWED),
    ])
}

#[test]
fn a_change_brings_findings_in_files_that_it_does_not_touch() {
    let head = "const app = require('express')();\nconst { run } = require('./run');\n";
    let safe = format!("{head}app.get('/', (req, res) => {{ run('here'); res.end(); }});\n");
    let flawed = safe.replace("'here'", "req.query.folder");
    let select = ["--select", "command-injection,async-promise-executor", "--changed"];
    let project = across(&safe);
    assert_eq!(findings(&project.json(&select)), [""; 0]);
    project.write("src/app.js", flawed.as_bytes());
    let report = project.json(&select);
    assert_eq!(findings(&report), ["command-injection src/run.js:3"]);
    assert_eq!(report["findings"][0]["flow"][0]["path"], "src/app.js");
    // It was there before: neither another edit nor a new name of the file that runs it makes it new.
    let project = across(&flawed);
    project.write("src/app.js", format!("// new\n{flawed}").as_bytes());
    assert_eq!(findings(&project.json(&select)), [""; 0]);
    git(project.path(), &["mv", "src/run.js", "src/start.js"]);
    project.write("src/app.js", flawed.replace("./run", "./start").as_bytes());
    assert_eq!(findings(&project.json(&select)), [""; 0]);
    // A check that goes away makes it new.
    let checked = flawed.replace("run(req", "if (!/^[a-z]+$/.test(req.query.folder)) return;\n  run(req");
    let project = across(&checked);
    assert_eq!(findings(&project.json(&["--select", "command-injection"])), [""; 0]);
    project.write("src/app.js", flawed.as_bytes());
    assert_eq!(findings(&project.json(&select)), ["command-injection src/run.js:3"]);
}
