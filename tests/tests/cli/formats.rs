use serde_json::Value;

use super::support::{FLAWED, Project, RULE};

/// One finding, one that is suppressed, one in a test, a gap.
fn project() -> Project {
    Project::new(&[
        ("src/é.ts", &format!("const s = \"é😀\"; {FLAWED}")),
        (
            "src/b.ts",
            "// sidenote: allow(async-promise-executor) -- the library wants it so\nnew Promise(async () => {});\n",
        ),
        ("src/c.ts", "function broken( {\n"),
        ("src/d.min.js", &"!function(e,t){for(var n=0;n<t.length;n++)e[n]=t[n]}(a,b);".repeat(100)),
    ])
}

#[test]
fn json() {
    let report = project().json(&[]);
    assert_eq!(report["format"], 1);
    assert_eq!(report["tool"]["name"], "sidenote");
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], RULE);
    assert_eq!(finding["path"], "src/é.ts");
    assert_eq!(finding["start"]["line"], 2);
    assert_eq!(finding["start"]["column"], 14);
    assert_eq!(finding["end"]["column"], 21);
    assert_eq!(finding["symbol"], "load");
    assert_eq!(finding["fingerprint"].as_str().expect("id").len(), 32);
    let text = format!("const s = \"é😀\"; {FLAWED}");
    let offset = |key: &str| finding[key]["offset"].as_u64().expect("offset") as usize;
    assert_eq!(&text[offset("start")..offset("end")], "Promise");
    let summary = &report["summary"];
    assert_eq!(summary["findings"], 1);
    assert_eq!(summary["suppressed"], 1);
    assert_eq!(summary["by_severity"]["high"], 1);
    assert_eq!(summary["by_category"]["quality"], 1);
    assert_eq!(summary["skipped"]["minified"], 1);
    assert!(summary["gaps"].as_u64().expect("gaps") >= 1);
    let score = summary["score"].as_f64().expect("score");
    assert!(score > 0.0 && score < 100.0, "{score}");
    let files = report["files"].as_array().expect("files");
    assert_eq!(files.len(), 3);
    assert!(files.iter().all(|f| f["score"].as_f64().is_some_and(|s| (0.0..=100.0).contains(&s))));
    assert_eq!(files[0]["path"], "src/b.ts");
    assert_eq!(files[0]["score"], 100.0, "a suppressed finding costs nothing");
}

#[test]
fn suppressed_findings_are_reported_when_asked_for_and_never_fail() {
    let project = Project::new(&[(
        "b.ts",
        "// sidenote: allow(async-promise-executor) -- the library wants it so\nnew Promise(async () => {});\n",
    )]);
    let report = project.json(&["--include-suppressed"]);
    assert_eq!(report["findings"][0]["suppressed"], "the library wants it so");
    assert_eq!(report["summary"]["findings"], 0);
    project.run(&["scan", "--include-suppressed"]).code(0).shows("suppressed: the library wants it so");
    let sarif: Value =
        serde_json::from_str(&project.run(&["scan", "-q", "-f", "sarif", "--include-suppressed"]).code(0).stdout)
            .expect("JSON");
    let suppression = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["kind"], "inSource");
    assert_eq!(suppression["justification"], "the library wants it so");
}

#[test]
fn jsonl() {
    let out = project().run(&["scan", "-q", "-f", "jsonl"]).code(1).stdout;
    let lines: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).expect("JSON on each line")).collect();
    let count = |kind: &str| lines.iter().filter(|l| l["type"] == kind).count();
    assert_eq!((count("finding"), count("file"), count("skipped"), count("summary")), (1, 3, 1, 1));
    assert!(count("gap") >= 1);
    let last = lines.last().expect("a line");
    assert_eq!(last["type"], "summary");
    assert_eq!(last["findings"], 1);
}

#[test]
fn github() {
    let out = project().run(&["scan", "-q", "-f", "github"]).code(1).stdout;
    let line = out.lines().find(|l| l.starts_with("::error ")).expect("an error");
    let (properties, message) = line["::error ".len()..].split_once("::").expect("a message");
    let property = |name: &str| properties.split(',').find_map(|p| p.strip_prefix(&format!("{name}="))).expect("there");
    assert_eq!(property("file"), "src/é.ts");
    assert_eq!((property("line"), property("col"), property("endColumn")), ("2", "14", "21"));
    assert!(property("title").starts_with(RULE) && message.contains("async"), "{line}");
    assert!(out.lines().all(|l| l.starts_with("::")), "{out}");
}

#[test]
fn pretty() {
    let out = project().run(&["scan"]).code(1);
    let out = out.shows("high[async-promise-executor]").shows("src/é.ts:2:14").shows("return new Promise(async");
    let out = out.shows("sidenote explain async-promise-executor").shows("allow(async-promise-executor) -- reason");
    let out = out.shows("1 finding in 1 file").shows("1 suppressed").shows("1 minified").shows("health");
    assert!(!out.stdout.contains("Error"), "{}", out.stdout);
    let quiet = project().run(&["scan", "--quiet"]).code(1);
    assert!(!quiet.stdout.contains("health") && quiet.stdout.contains(RULE));
}

#[test]
fn sarif() {
    let project = project();
    let out = project.run(&["scan", "-q", "-f", "sarif"]).code(1).stdout;
    let log: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    assert!(run["automationDetails"]["id"].as_str().expect("id").ends_with('/'));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let root = run["originalUriBaseIds"]["SRCROOT"]["uri"].as_str().expect("uri");
    assert!(root.starts_with("file:///") && root.ends_with('/'), "{root}");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 1);
    let result = &results[0];
    assert_eq!(rules[result["ruleIndex"].as_u64().expect("index") as usize]["id"], result["ruleId"]);
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "src/%C3%A9.ts");
    assert_eq!(
        place["region"],
        serde_json::json!({ "startLine": 2, "startColumn": 14, "endLine": 2, "endColumn": 21 })
    );
    let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().expect("a hash");
    let (digits, count) = hash.split_once(':').expect("a count");
    assert!(u64::from_str_radix(digits, 16).is_ok() && count == "1", "{hash}");
    let notifications = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications");
    let kinds: Vec<&str> = notifications.iter().map(|n| n["descriptor"]["id"].as_str().expect("id")).collect();
    assert!(kinds.contains(&"gap") && kinds.contains(&"skipped"), "{kinds:?}");
    let clean: Value = serde_json::from_str(
        &Project::new(&[("a.ts", "export const a = 1;\n")]).run(&["scan", "-q", "-f", "sarif"]).code(0).stdout,
    )
    .expect("JSON");
    assert_eq!(clean["runs"][0]["results"], serde_json::json!([]));
}

/// More results than GitHub takes: the least severe ones go, and a notification says so.
#[test]
fn sarif_within_githubs_limits() {
    let project =
        Project::new(&[("sidenote.toml", "[[overrides]]\npaths = [\"z.ts\"]\nseverity = { all = \"critical\" }\n")]);
    let many = "new Promise(async () => {});\n".repeat(101);
    for i in 0..250 {
        project.write(&format!("{i}.ts"), many.as_bytes());
    }
    project.write("z.ts", FLAWED.as_bytes());
    let out = project.run(&["scan", "-q", "-f", "sarif"]).code(1).stdout;
    let log: Value = serde_json::from_str(&out).expect("JSON");
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 25_000);
    let uri = |r: &Value| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().map(str::to_owned);
    assert_eq!(results.iter().filter_map(uri).filter(|u| u == "z.ts").count(), 1, "the severe one stays");
    let told = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications");
    let told = told.iter().find(|n| n["descriptor"]["id"] == "truncated").expect("a notice");
    assert!(told["message"]["text"].as_str().expect("text").starts_with("251 findings were left out"), "{told}");
}
