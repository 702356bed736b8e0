//! A finding with everything that a finding may have, in every format.

use std::collections::BTreeMap;

use clap::Parser;
use serde_json::Value;
use sidenote_core::findings::{Confidence, Fingerprint, Score, Severity};
use sidenote_core::rules;
use sidenote_core::text::Text;

use super::Context;
use crate::args::{Cli, Command, Format};
use crate::owners::Owners;
use crate::scan::{FileReport, Finding, Fix, Place, Region, Replacement, Scan, Stats, Summary, Workspace};

const CODE: &str = "import { run } from './run';\n\nexport function handle(request) {\n  const name = request.query.name;\n  const text = `echo ${name}`;\n  run(text); // ](1)\n}\n";
const OTHER: &str = "export function run(command) {\n  exec(command);\n}\n";

/// The place of some code in a text.
fn region(text: &str, what: &str) -> Region {
    let start = text.find(what).expect("there");
    Region::new(&Text::new(text), &(start..start + what.len()))
}

fn place(path: Option<&str>, what: &str, message: &str) -> Place {
    let text = if path.is_some() { OTHER } else { CODE };
    Place { path: path.map(Into::into), region: region(text, what), message: message.to_owned() }
}

fn finding(flow: Vec<Place>) -> Finding {
    Finding {
        rule: rules::find("async-promise-executor").expect("a rule"),
        severity: Severity::Critical,
        confidence: Confidence::High,
        message: "A request reaches the shell. Pass it as an argument [list](x).".to_owned(),
        region: region(CODE, "run(text)"),
        related: vec![place(None, "handle", "called for every request")],
        flow,
        fixes: vec![Fix {
            title: "Use `execFile`".to_owned(),
            safe: true,
            edits: vec![Replacement { region: region(CODE, "run(text)"), text: "runFile('echo', [name])".to_owned() }],
        }],
        symbol: "handle".to_owned(),
        suppressed: None,
        feedback: None,
        known: false,
        fingerprint: Fingerprint([7; 16]),
        line_hash: Some("abc:1".to_owned()),
        verdict: None,
    }
}

fn flow() -> Vec<Place> {
    vec![
        place(None, "request.query.name", "the request's data"),
        place(None, "`echo ${name}`", "goes into a text"),
        place(None, "run(text)", "is passed to `run`"),
        place(Some("src/run.js"), "command", "comes in here"),
        place(Some("src/run.js"), "exec(command)", "reaches the shell"),
    ]
}

/// The report of one finding.
fn report(format: Format, finding: Finding) -> String {
    report_of(format, vec![finding])
}

fn report_of(format: Format, findings: Vec<Finding>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("canonical");
    std::fs::create_dir(root.join("src")).expect("create");
    std::fs::write(root.join("src/handle.js"), CODE).expect("write");
    std::fs::write(root.join("src/run.js"), OTHER).expect("write");
    let path = root.display().to_string();
    let Command::Scan(args) = Cli::parse_from(["sidenote", "scan", "--no-config", &path]).command else {
        panic!("a scan")
    };
    let workspace = Workspace::open(&args.selection, None).expect("a workspace");
    let file = FileReport {
        path: "src/handle.js".into(),
        file: root.join("src/handle.js"),
        language: "javascript",
        lines: 8,
        bytes: CODE.len(),
        score: Score { debt: 30.0, lines: 8 },
        findings,
        suppressed: 0,
        dismissed: 0,
        hidden: 0,
        known: 0,
        gaps: Vec::new(),
        text: Some(CODE.into()),
        fixed: None,
        fixes_refused: 0,
    };
    let scan = Scan { files: vec![file], skipped: Vec::new() };
    let (summary, stats, folders) = (Summary::of(&scan), Stats::start(), BTreeMap::new());
    let context = Context {
        workspace: &workspace,
        scan: &scan,
        summary: &summary,
        folders: &folders,
        stats: &stats,
        args: &args,
        owners: &Owners::default(),
        earlier: None,
    };
    let mut out = Vec::new();
    super::write(&context, format, &mut out).expect("written");
    let out = anstream::adapter::strip_bytes(&out).into_vec();
    String::from_utf8(out).expect("UTF-8").replace(&path, "ROOT")
}

#[test]
fn pretty_shows_the_way_of_the_data() {
    let out = report(Format::Pretty, finding(flow()));
    for text in [
        "critical[async-promise-executor]: A request reaches the shell\n",
        "ROOT/src/handle.js:6:3",
        "1. the request's data",
        "2. goes into a text",
        "3. is passed to `run`",
        "ROOT/src/run.js:1:21",
        "4. comes in here",
        "5. reaches the shell",
        "called for every request",
        "help: Pass it as an argument [list](x).",
        "Use `execFile`",
        "runFile('echo', [name])",
        "1 critical",
    ] {
        assert!(out.contains(text), "`{text}` is not in:\n{out}");
    }
    assert_eq!(out.matches("run(text)").count(), 2, "one mark for the finding and its step, one patch:\n{out}");
}

#[test]
fn a_habit_takes_a_line_for_each_further_finding() {
    let low = || Finding { severity: Severity::Low, ..finding(Vec::new()) };
    let mut all: Vec<Finding> = (0..12).map(|_| low()).collect();
    all.push(finding(flow()));
    let out = report_of(Format::Pretty, all);
    let line = "low[async-promise-executor]: A request reaches the shell ROOT/src/handle.js:6:3\n";
    assert_eq!(out.matches(line).count(), 4, "{out}");
    assert_eq!(out.matches("low[async-promise-executor]: A request reaches the shell\n").count(), 8, "{out}");
    assert!(out.contains(&format!("{line}\ncritical[")), "what is critical is shown with its code, set apart:\n{out}");
    assert!(out.contains("5. reaches the shell"), "{out}");
}

#[test]
fn long_flows_are_cut_in_the_middle() {
    let long = (0..50).map(|i| place(None, "run(text)", &format!("step {i}"))).collect();
    let out = report(Format::Pretty, finding(long));
    assert!(out.contains("1. step 0") && out.contains("50. step 49") && !out.contains("20. step 19"), "{out}");
    assert!(out.contains("and 42 more places"), "{out}");
}

#[test]
fn sarif_holds_flows_related_places_and_fixes() {
    let log: Value = serde_json::from_str(&report(Format::Sarif, finding(flow()))).expect("JSON");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["level"], "error");
    let text = result["message"]["text"].as_str().expect("text");
    assert!(text.starts_with("A request reaches the shell. "), "{text}");
    assert!(text.ends_with(" See: [called for every request](1)."), "{text}");
    assert!(!text.contains("[list](x)"), "no link but ours: {text}");
    assert_eq!(result["relatedLocations"][0]["id"], 1);
    let steps = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().expect("steps");
    assert_eq!(steps.len(), 5);
    let uri = |i: usize| steps[i]["location"]["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("uri");
    assert_eq!((uri(2), uri(3)), ("src/handle.js", "src/run.js"));
    assert_eq!(steps[3]["location"]["physicalLocation"]["region"]["startColumn"], 21);
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "runFile('echo', [name])");
    assert_eq!(replacement["deletedRegion"]["startLine"], 6);
    assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"], "abc:1");
    assert_eq!(result["partialFingerprints"]["sidenote/v1"], "07".repeat(16));
    assert_eq!(result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "handle");
}

#[test]
fn json_holds_all_of_it() {
    let report: Value = serde_json::from_str(&report(Format::Json, finding(flow()))).expect("JSON");
    let finding = &report["findings"][0];
    assert_eq!(finding["flow"].as_array().expect("flow").len(), 5);
    assert_eq!(finding["flow"][3]["path"], "src/run.js");
    assert_eq!(finding["related"][0]["message"], "called for every request");
    assert_eq!(finding["fixes"][0]["safe"], true);
    assert_eq!(finding["fixes"][0]["edits"][0]["start"]["line"], 6);
}

#[test]
fn github_lists_the_steps() {
    let out = report(Format::Github, finding(flow()));
    assert!(out.starts_with("::error file=src/handle.js,line=6,endLine=6,col=3,endColumn=12,title="), "{out}");
    assert!(out.contains("%0A4. comes in here (src/run.js:1)%0A"), "{out}");
    assert_eq!(out.lines().count(), 1);
}
