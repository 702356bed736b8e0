//! What people say of findings: dismissed ones are left out, counted, and come back with other code.

use serde_json::Value;

use super::support::{FLAWED, Outcome, Project, RULE, findings};

const SECRET: &str = "import https from 'https';\nhttps.request({ host: 'x', rejectUnauthorized: false });\n";
const SECURITY: &str = "tls-verification-disabled";
const LIST: &str = "sidenote-feedback.toml";

fn project() -> Project {
    Project::new(&[(".git/HEAD", ""), ("src/a.ts", FLAWED), ("src/b.ts", FLAWED), ("src/tls.ts", SECRET)])
}

/// Runs Sidenote with a configuration folder of the project's own.
fn run(project: &Project, arguments: &[&str]) -> Outcome {
    let own = project.path().join(".own").display().to_string();
    project.run_with(arguments, "", &[("SIDENOTE_CONFIG", &own)])
}

fn list(project: &Project) -> String {
    std::fs::read_to_string(project.path().join(LIST)).expect("a list")
}

#[test]
fn a_dismissed_finding_is_left_out_until_its_code_changes() {
    let project = project();
    run(&project, &["dismiss", "src/a.ts:2", "--reason", "it is awaited elsewhere"]).code(0).says("is dismissed");
    assert!(list(&project).contains("reason = \"it is awaited elsewhere\""));
    let report = project.json(&[]);
    assert_eq!(findings(&report), [format!("{RULE} src/b.ts:2"), format!("{SECURITY} src/tls.ts:2")]);
    assert_eq!((report["summary"]["dismissed"].as_u64(), report["summary"]["suppressed"].as_u64()), (Some(1), Some(0)));
    run(&project, &["scan"]).code(1).shows("1 hidden by feedback");
    // Nothing is lost: it can be seen, and is marked as a person's word.
    let whole = project.json(&["--include-suppressed"]);
    assert_eq!(whole["findings"][0]["suppressed"], "dismissed: it is awaited elsewhere");
    assert_eq!(whole["findings"][0]["feedback"]["learned"], false);
    assert_eq!(findings(&project.json(&["--feedback", "off"])).len(), 3);
    let sarif = run(&project, &["scan", "-q", "--format", "sarif", "--include-suppressed"]).code(1);
    let sarif: Value = serde_json::from_str(&sarif.stdout).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let suppressions: Vec<&Value> = results.iter().filter_map(|r| r.get("suppressions")).collect();
    assert_eq!(suppressions.len(), 1);
    assert_eq!((&suppressions[0][0]["kind"], &suppressions[0][0]["status"]), (&"external".into(), &"accepted".into()));
    // It moves with its code, and comes back in another function.
    project.write("src/a.ts", format!("// A line.\n{FLAWED}").as_bytes());
    assert_eq!(findings(&project.json(&["src/a.ts"])), Vec::<String>::new());
    project.write("src/a.ts", FLAWED.replace("load", "loadAll").as_bytes());
    assert_eq!(findings(&project.json(&["src/a.ts"])), [format!("{RULE} src/a.ts:2")]);
    run(&project, &["dismiss", "--list"]).code(1).shows("gone");
    run(&project, &["dismiss", "--prune"]).code(0).says("1 of 1 entries");
    assert!(!list(&project).contains("[[finding]]"));
}

#[test]
fn the_score_follows() {
    let project = project();
    let before = project.json(&["src/a.ts"]);
    run(&project, &["dismiss", "src/a.ts:2"]).code(0).says("--reason");
    let after = project.json(&["src/a.ts"]);
    assert!(before["summary"]["score"].as_f64() < Some(100.0));
    assert_eq!(after["summary"]["score"].as_f64(), Some(100.0));
}

#[test]
fn security_is_never_left_out() {
    let project = project();
    run(&project, &["dismiss", "src/tls.ts:2", "--reason", "a mock"]).code(0).says("taken down to `info`");
    let report = project.json(&["src/tls.ts"]);
    assert_eq!(findings(&report), [format!("{SECURITY} src/tls.ts:2")]);
    assert_eq!(
        (&report["findings"][0]["severity"], &report["findings"][0]["feedback"]["why"]),
        (&"info".into(), &"dismissed: a mock".into())
    );
    run(&project, &["scan", "src/tls.ts", "--fail-on", "low"]).code(0).shows("taken down to info: dismissed: a mock");
    let filtered = project.json(&["src/tls.ts", "--min-severity", "low"]);
    assert_eq!((findings(&filtered).len(), filtered["summary"]["hidden"].as_u64()), (0, Some(1)));
}

#[test]
fn a_users_own_word_stays_theirs() {
    let project = project();
    run(&project, &["dismiss", "src/a.ts:2", "--user"]).code(0);
    assert!(!project.path().join(LIST).exists());
    let own = run(&project, &["scan", "src/a.ts"]).code(0);
    own.shows("1 hidden by feedback");
    let other = project.path().join(".other").display().to_string();
    project.run_with(&["scan", "src/a.ts", "-q"], "", &[("SIDENOTE_CONFIG", &other)]).code(1);
    run(&project, &["dismiss", "src/a.ts:2", "--undo"]).code(0).says("no longer dismissed");
    run(&project, &["scan", "src/a.ts", "-q"]).code(1);
}

#[test]
fn entries_end_with_their_day() {
    let project = project();
    run(&project, &["dismiss", "src/a.ts:2", "--expires", "2020-01-01"]).code(0);
    assert_eq!(findings(&project.json(&["src/a.ts"])).len(), 1);
    run(&project, &["dismiss", "--list"]).code(1).shows("its day is over");
    run(&project, &["dismiss", "src/a.ts:2", "--expires", "9999-01-01"]).code(0);
    assert_eq!(findings(&project.json(&["src/a.ts"])).len(), 0);
    let listed = run(&project, &["dismiss", "--list", "--json"]).code(0);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["state"]), (Some(1), &"holds".into()));
}

#[test]
fn what_cannot_be_said_is_refused() {
    let project = project();
    for (place, why) in
        [("src/a.ts:1", "there is no finding"), ("src/a.ts", "neither FILE:LINE"), ("nope.ts:3", "cannot scan")]
    {
        run(&project, &["dismiss", place]).code(2).says(why);
    }
    run(&project, &["dismiss"]).code(2);
    run(&project, &["dismiss", "src/a.ts:2", "--expires", "soon"]).code(2).says("2027-03-31");
    assert!(!project.path().join(LIST).exists());
    project.write(LIST, b"format = 1\n[[finding]]\nfingerprnt = \"a\"\n");
    let before = list(&project);
    run(&project, &["scan"]).code(2).says(LIST).says("fingerprnt").says("--feedback off");
    run(&project, &["dismiss", "src/a.ts:2"]).code(2).says(LIST);
    assert_eq!(list(&project), before, "a list that cannot be read is not written over");
    run(&project, &["scan", "-q", "--feedback", "off"]).code(1);
}
