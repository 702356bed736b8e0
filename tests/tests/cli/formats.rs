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

/// A folder whose names and code try to leave every format.
fn hostile() -> Project {
    let flaw = |name: &str| {
        format!("export function {name}(url) {{\n  return new Promise(async (r) => r(await fetch(url)));\n}}\n")
    };
    Project::new(&[
        ("=cmd|' /C calc'!A0.ts", &flaw("a")),
        ("@scope/b,\"c\" & <d> ]]>.ts", &flaw("b")),
        ("line\nbreak\t\u{1b}[31m\u{7}.ts", &flaw("c")),
        ("ünï/😀`|`.ts", &format!("/* 😀é */ {}", flaw("dé"))),
        ("clean.ts", "export const x = 1;\n"),
    ])
}

fn report(project: &Project, format: &str) -> String {
    project.run(&["scan", "-q", "--select", RULE, "-f", format]).code(1).stdout
}

#[test]
fn xml_holds_what_it_cannot_say() {
    let project = hostile();
    let text = report(&project, "checkstyle");
    let checkstyle = roxmltree::Document::parse(&text).expect("XML");
    let errors: Vec<_> = checkstyle.descendants().filter(|n| n.has_tag_name("error")).collect();
    assert_eq!(errors.len(), 4);
    let names: Vec<_> = checkstyle.descendants().filter_map(|n| n.attribute("name")).collect();
    assert!(
        names.contains(&"@scope/b,\"c\" & <d> ]]>.ts") && names.contains(&"line\nbreak\t\u{FFFD}[31m\u{FFFD}.ts"),
        "{names:?}"
    );
    assert!(errors.iter().all(|e| e.attribute("source") == Some("sidenote.async-promise-executor")));
    assert!(errors.iter().all(|e| e.attribute("severity") == Some("error") && e.attribute("line") == Some("2")));

    let text = report(&project, "junit");
    let junit = roxmltree::Document::parse(&text).expect("XML");
    let root = junit.root_element();
    assert_eq!((root.attribute("tests"), root.attribute("failures")), (Some("5"), Some("4")));
    let failed = junit.descendants().filter(|n| n.has_tag_name("failure")).count();
    assert_eq!((failed, junit.descendants().filter(|n| n.has_tag_name("testcase")).count()), (4, 5));
}

#[test]
fn csv_is_read_back_and_holds_no_formula() {
    let text = report(&hostile(), "csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
    let mut paths: Vec<&str> = rows.iter().map(|r| &r[0]).collect();
    paths.sort_unstable();
    // Colours and bells never leave the process, whatever the format.
    let expected = ["./=cmd|' /C calc'!A0.ts", "./@scope/b,\"c\" & <d> ]]>.ts", "line\nbreak\t.ts", "ünï/😀`|`.ts"];
    assert_eq!(paths, expected);
    assert!(rows.iter().all(|r| r.len() == 13 && &r[3] == RULE && &r[9] == "open" && !r[11].is_empty()));
}

#[test]
fn gitlab_and_reviewdog_get_what_they_ask_for() {
    let project = hostile();
    let gitlab: Value = serde_json::from_str(&report(&project, "gitlab")).expect("JSON");
    let list = gitlab.as_array().expect("a list");
    let ids: std::collections::BTreeSet<_> = list.iter().filter_map(|i| i["fingerprint"].as_str()).collect();
    assert_eq!((list.len(), ids.len()), (4, 4));
    assert!(
        list.iter()
            .all(|i| i["severity"] == "critical" && i["location"]["lines"]["begin"] == 2 && i["check_name"] == RULE)
    );
    let clean = Project::new(&[("a.ts", "export const x = 1;\n")]);
    assert_eq!(clean.run(&["scan", "-q", "-f", "gitlab"]).code(0).stdout, "[]\n");

    let whole: Value = serde_json::from_str(&report(&project, "rdjson")).expect("JSON");
    let lines: Vec<Value> =
        report(&project, "rdjsonl").lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!((whole["source"]["name"].as_str(), lines.len()), (Some("sidenote"), 4));
    for (a, b) in whole["diagnostics"].as_array().expect("a list").iter().zip(&lines) {
        assert_eq!((&a["message"], &a["location"]), (&b["message"], &b["location"]));
        assert_eq!((&a["severity"], &b["source"]["name"]), (&"ERROR".into(), &"sidenote".into()));
    }
    // Columns count bytes.
    let one = Project::new(&[("a.ts", &format!("/* 😀é */ {}", FLAWED.replace('\n', " ")))]);
    let diagnostic: Value = serde_json::from_str(&report(&one, "rdjsonl")).expect("JSON");
    let text = format!("/* 😀é */ {}", FLAWED.replace('\n', " "));
    let range = &diagnostic["location"]["range"];
    let at = |end: &str| range[end]["column"].as_u64().expect("a column") as usize - 1;
    assert_eq!(&text[at("start")..at("end")], "Promise");
}

#[test]
fn markdown_keeps_its_table() {
    let text = report(&hostile(), "markdown");
    assert!(text.starts_with("## Sidenote: 4 findings\n\n5 files · "), "{text}");
    let rows: Vec<&str> = text.lines().filter(|l| l.starts_with("| 🟠 high |")).collect();
    assert_eq!(rows.len(), 4, "{text}");
    for row in rows {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    }
    let clean = Project::new(&[("a.ts", "export const x = 1;\n")]);
    clean.run(&["scan", "-q", "-f", "markdown"]).code(0).shows("## Sidenote: no findings");
}

#[test]
fn several_reports_at_once() {
    let project = Project::new(&[("a.ts", FLAWED)]);
    let outcome =
        project.run(&["scan", "-o", "sarif=out/a.sarif", "-o", "pretty"]).code(2).says("create the folder first");
    assert!(outcome.stdout.contains("high[async-promise-executor]"), "what can be written is: {outcome:?}");
    let both = ["scan", "-o", "sarif=a.sarif", "-o", "junit=b=c.xml", "-o", "pretty", "-f", "csv", "-o", "plain"];
    project.run(&both).code(1).shows("high[async-promise-executor]");
    let read = |name: &str| std::fs::read_to_string(project.path().join(name)).expect("written");
    assert!(read("a.sarif").contains("primaryLocationLineHash"));
    assert!(read("b=c.xml").contains("<testsuites") && read("plain").starts_with("path,line,"));
    project.run(&["scan", "-o", "sarif", "-o", "pretty"]).code(2).says("two reports").says("--output sarif=");
}
