//! What a team agrees on: configurations of packages, owners, budgets, time, the health's trend, and reports that nothing but the
//! code decides.

use std::path::Path;

use super::support::{FLAWED, Project, RULE, findings};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("create");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy");
        }
    }
}

#[test]
fn a_packages_configuration_builds_on_the_repositorys() {
    let project = Project::new(&[
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("sidenote.toml", "[rules.severity]\nasync-promise-executor = \"info\"\n[files]\nexclude = [\"gen\"]\n"),
        ("a.ts", FLAWED),
        ("packages/web/sidenote.toml", "[rules]\nignore = [\"async-promise-executor\"]\npaths = [\"own.yml\"]\n"),
        (
            "packages/web/own.yml",
            "id: no-console\nlanguage: ts\nmessage: No console.\nrule: { pattern: console.log($A) }\n",
        ),
        ("packages/web/b.ts", &format!("{FLAWED}console.log(1);\n")),
        ("packages/web/gen/b.ts", FLAWED),
        ("packages/web/legacy/sidenote.toml", "root = true\n"),
        ("packages/web/legacy/c.ts", &format!("{FLAWED}console.log(1);\n")),
        ("packages/api/d.ts", FLAWED),
    ]);
    let all =
        [format!("{RULE} a.ts:2"), format!("{RULE} packages/api/d.ts:2"), "no-console packages/web/b.ts:6".to_owned()];
    let own = format!("{RULE} packages/web/legacy/c.ts:2");
    let report = project.json(&[]);
    assert_eq!(findings(&report), [&all[..], std::slice::from_ref(&own)].concat());
    let severities: Vec<_> =
        report["findings"].as_array().expect("a list").iter().map(|f| f["severity"].as_str().expect("one")).collect();
    assert_eq!((severities[0], severities[1]), ("info", "info"));
    assert_ne!(severities[3], "info", "`root = true` builds on nothing");
    // The same wherever the scan starts.
    assert_eq!(findings(&project.json(&["packages/web"])), [all[2].clone(), own.clone()]);
    assert_eq!(findings(&project.json(&["packages/web/legacy"])), [own]);
    assert_eq!(findings(&project.json(&["packages/web/b.ts", "packages/api"])), all[1..]);
    let shards: usize = (1..=2).map(|n| findings(&project.json(&["--shard", &format!("{n}/2")])).len()).sum();
    assert_eq!(shards, 4);
    // The command line has the last word.
    assert_eq!(findings(&project.json(&["--select", RULE])).len(), 4);
    assert_eq!(findings(&project.json(&["--config", "sidenote.toml"])).len(), 4);
    assert_eq!(findings(&project.json(&["--no-config"])).len(), 5);
    let stdin = project.run_with(&["scan", "-q", "--stdin-filename", "packages/web/b.ts"], FLAWED, &[]);
    stdin.code(0);
    project
        .run(&["config", "check"])
        .code(0)
        .shows("further down: packages/web/sidenote.toml")
        .shows("further down: packages/web/legacy/sidenote.toml");
    project.run(&["config", "check", "packages/web"]).code(0).shows("builds on: sidenote.toml");
    project.write("packages/web/sidenote.toml", b"[rulse]\n");
    for command in [&["scan"][..], &["config", "check"], &["baseline", "create"]] {
        project.run(command).code(2).says("packages/web/sidenote.toml:1:2").says("did you mean `rules`?");
    }
    project.run(&["scan", "packages/api", "-q", "--fail-on", "never"]).code(0);
}

#[test]
fn owners_stand_in_every_report_that_has_room() {
    let project = Project::new(&[
        (".git/HEAD", ""),
        (".github/CODEOWNERS", "* @org/all\n/web/ @org/web lead@example.com # the site\n/free/\n"),
        ("a.ts", FLAWED),
        ("web/b.ts", FLAWED),
        ("web/c.ts", FLAWED),
        ("free/d.ts", FLAWED),
    ]);
    let report = project.json(&[]);
    let owners: Vec<String> =
        report["findings"].as_array().expect("a list").iter().map(|f| f["owners"].to_string()).collect();
    assert_eq!(
        owners,
        [r#"["@org/all"]"#, "null", r#"["@org/web","lead@example.com"]"#, r#"["@org/web","lead@example.com"]"#]
    );
    assert_eq!(report["files"][2]["owners"][0], "@org/web");
    let by_owner = serde_json::json!({ "@org/all": 1, "@org/web": 2, "lead@example.com": 2, "unowned": 1 });
    assert_eq!(report["summary"]["by_owner"], by_owner);
    let run = |format: &str| project.run(&["scan", "-q", "-f", format]).code(1).stdout;
    let sarif: serde_json::Value = serde_json::from_str(&run("sarif")).expect("JSON");
    let results = &sarif["runs"][0]["results"];
    assert_eq!(results[2]["properties"]["owners"], serde_json::json!(["@org/web", "lead@example.com"]));
    assert!(results[1]["properties"].get("owners").is_none());
    let csv = run("csv");
    assert!(csv.lines().next().is_some_and(|head| head.ends_with("message,owners")), "{csv}");
    assert!(csv.contains(",\"@org/web lead@example.com\"\r\n") && csv.contains(",\"\"\r\n"), "{csv}");
    let markdown = run("markdown");
    assert!(markdown.contains("| `@org/web` | 2 |") && markdown.contains("| `unowned` | 1 |"), "{markdown}");
    assert!(markdown.contains("| `@org/web` `lead@example.com` |"), "{markdown}");
    project.run(&["scan", "-q", "--stats"]).code(1).says("findings by owner").says("2  @org/web");
    project.run(&["scan", "-q", "--report", "out"]).code(1);
    let page = std::fs::read_to_string(project.path().join("out/index.html")).expect("a page");
    assert!(
        page.contains(r#""owners":["@org/all","@org/web","lead@example.com"]"#),
        "the owners are in the page's data"
    );
    // Without such a file nothing is said of owners.
    std::fs::remove_file(project.path().join(".github/CODEOWNERS")).expect("remove");
    assert!(!run("json").contains("owner") && !run("markdown").contains("owner"));
    project.write("CODEOWNERS", b"[Web][2] @team\n*.ts\na{b @x\n");
    project.run(&["scan", "-f", "markdown"]).code(1).shows("| `@team` | 4 |").says("CODEOWNERS:3 is passed over");
}

#[test]
fn more_findings_than_a_budget_allows_fail() {
    let project = Project::new(&[
        (".git/HEAD", ""),
        (
            "sidenote.toml",
            "# what there may be\n[budgets]\nasync-promise-executor = 3 # less each month\nsecurity = 0\n",
        ),
        ("web/sidenote.toml", "[budgets]\nquality = 10\n"),
        ("a.ts", FLAWED),
        ("web/b.ts", FLAWED),
        ("web/c.ts", FLAWED),
    ]);
    let scan = ["scan", "-q", "--fail-on", "critical"];
    project.run(&scan).code(0);
    project.write("web/d.ts", FLAWED.as_bytes());
    project
        .run(&scan)
        .code(1)
        .says("over budget: 4 findings of `async-promise-executor`, 1 over the budget of 3 (sidenote.toml:3)");
    // What a baseline knows is counted, what is suppressed is not.
    project.run(&["baseline", "create"]).code(0);
    project.run(&[&scan[..], &["--baseline", "sidenote-baseline.toml"]].concat()).code(1).says("over budget");
    project.run(&["scan", "-q", "--fail-on", "never"]).code(0).says("over budget");
    let report = project.run(&[&scan[..], &["-f", "json"]].concat()).code(1);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).expect("JSON");
    let spent: Vec<String> = report["summary"]["budgets"]
        .as_array()
        .expect("budgets")
        .iter()
        .map(|b| format!("{} {} {} {} {}", b["folder"], b["selector"], b["findings"], b["limit"], b["exceeded"]))
        .collect();
    assert_eq!(
        spent,
        ["\"\" \"async-promise-executor\" 4 3 true", "\"\" \"security\" 0 0 false", "\"web\" \"quality\" 3 10 false"]
    );
    project.run(&[&scan[..], &["-f", "markdown"]].concat()).code(1).shows("over budget: 4 findings");
    project.run(&[&scan[..], &["-f", "sarif"]].concat()).code(1).shows("4 findings of `async-promise-executor`");
    // A part of the scan says nothing of a sum.
    project.run(&["scan", "--shard", "1/2", "--fail-on", "never"]).code(0).says("budgets are not checked");
    // A list that is made anew never raises a budget, and lowers the one of which less is spent.
    project.run(&["baseline", "update"]).code(0).says("budget lowered: web/sidenote.toml:2: quality 10 -> 3");
    let text = |path: &str| std::fs::read_to_string(project.path().join(path)).expect("a file");
    assert_eq!(text("web/sidenote.toml"), "[budgets]\nquality = 3\n");
    assert!(text("sidenote.toml").contains("async-promise-executor = 3 # less each month\n"));
    for file in ["web/c.ts", "web/d.ts"] {
        project.write(file, b"export const a = 1;\n");
    }
    // Only where all of its folder was looked at.
    project.run(&["baseline", "update", "web"]).code(0).says("quality 3 -> 1");
    assert!(text("sidenote.toml").contains("async-promise-executor = 3"));
    project.run(&["baseline", "update"]).code(0).says("async-promise-executor 3 -> 2");
    assert!(text("sidenote.toml").starts_with("# what there may be\n[budgets]\nasync-promise-executor = 2 # less"));
    project.run(&scan).code(0);
    project.write("sidenote.toml", b"[budgets]\nasync-promise-exekutor = 3\n");
    project.run(&scan).code(2).says("sidenote.toml:2:1").says("did you mean `async-promise-executor`?");
}

#[test]
fn a_file_that_takes_too_long_is_a_gap() {
    let project =
        Project::new(&[("a.ts", FLAWED), ("slow/b.ts", FLAWED), ("slow/sidenote.toml", "[files]\ntimeout = 1e-9\n")]);
    let report = project.json(&[]);
    assert_eq!(findings(&report), [format!("{RULE} a.ts:2")]);
    let gap = &report["gaps"][0];
    assert_eq!((gap["path"].as_str(), gap["internal"].as_bool()), (Some("slow/b.ts"), Some(false)));
    assert!(gap["message"].as_str().is_some_and(|m| m.contains("took longer than")), "{gap}");
    project.run(&["scan"]).code(1).shows("not all of this file could be analysed: took longer than");
    // The command line decides; without a clock there is no limit.
    assert_eq!(findings(&project.json(&["--file-timeout", "60"])).len(), 2);
    assert_eq!(findings(&project.json(&["--deterministic"])).len(), 2);
    assert_eq!(findings(&project.json(&["--file-timeout", "0.000000001"])).len(), 0);
    project.run(&["scan", "--file-timeout", "soon"]).code(2).says("a number of seconds");
}

#[test]
fn the_health_has_a_trend() {
    let project = Project::new(&[(".git/HEAD", ""), ("src/a.ts", FLAWED), ("src/b.ts", FLAWED), ("lib/c.ts", FLAWED)]);
    let score = |report: &serde_json::Value| report["summary"]["score"].as_f64().expect("a score");
    let before = project.json(&[]);
    assert!(before["summary"].get("trend").is_none());
    let folders: Vec<_> = before["folders"].as_array().expect("folders").iter().map(|f| &f["path"]).collect();
    assert_eq!(folders, ["", "lib", "src"]);
    project.run(&["scan", "-q", "--output", "json=before.json", "--fail-on", "never"]).code(0);
    project.run(&["baseline", "create"]).code(0);
    project.write("src/b.ts", b"export const b = 1;\n");
    for with in [["--score-baseline", "before.json"], ["--baseline", "sidenote-baseline.toml"]] {
        let now = project.json(&with);
        let change = ((score(&now) - score(&before)) * 10.0).round() / 10.0;
        assert!(change > 0.0, "{now}");
        assert_eq!(now["summary"]["trend"]["change"].as_f64(), Some(change), "{with:?}");
        assert_eq!(now["summary"]["trend"]["score"].as_f64(), Some(score(&before)));
        let text = format!("(+{change:.1})");
        project.run(&[&["scan", "--fail-on", "never"], &with[..]].concat()).code(0).shows(&text);
        project.run(&[&["scan", "-f", "markdown", "--fail-on", "never"], &with[..]].concat()).code(0).shows(&text);
    }
    let now = project.json(&["--score-baseline", "before.json"]);
    assert_eq!(now["folders"][1]["trend"]["change"], 0.0);
    assert!(now["folders"][2]["trend"]["change"].as_f64().is_some_and(|c| c > 0.0));
    project
        .run(&["scan", "-q", "--stats", "--score-baseline", "before.json"])
        .code(1)
        .says("health by folder")
        .says("  lib");
    // A list of one folder says nothing of the whole.
    assert!(project.json(&["src", "--baseline", "sidenote-baseline.toml"])["summary"].get("trend").is_none());
    project.run(&["scan", "--score-baseline", "src/a.ts"]).code(2).says("no report of `sidenote scan --format json`");
}

/// What is clean never costs: neither more of it, nor where the flawed code stands, nor into how many files it is split.
#[test]
fn the_health_is_stable() {
    let score = |project: &Project| project.json(&[])["summary"]["score"].as_f64().expect("a score");
    let clean: String = (0..400).map(|n| format!("export const c{n} = (x: number) => x + {n};\n")).collect();
    let project = Project::new(&[(".git/HEAD", ""), ("src/a.ts", FLAWED)]);
    let first = score(&project);
    assert!(first < 100.0, "{first}");
    assert_eq!(score(&project), first, "the same code, the same score");
    project.write("src/a.ts", format!("// one\n\n\n{FLAWED}").as_bytes());
    assert_eq!(score(&project), first, "blanks and comments in a short file");
    let mut before = first;
    for n in 0..4 {
        project.write(&format!("src/clean{n}.ts"), clean.as_bytes());
        let now = score(&project);
        assert!(now >= before, "clean file {n}: {before} to {now}");
        before = now;
    }
    assert!(before > first);
    // The same flaw once more is worse, and gone it is as before.
    project.write("src/b.ts", FLAWED.as_bytes());
    assert!(score(&project) < before);
    project.write("src/b.ts", b"export const b = 1;\n");
    assert!(score(&project) >= before);
}

/// The demonstration, owners and a package's configuration with a rule of its own, in a folder.
fn team(folder: &Path) {
    copy(&sidenote_tests::workspace_root().join("tests/demo"), folder);
    std::fs::create_dir_all(folder.join(".git")).expect("create");
    for (path, text) in [
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("CODEOWNERS", "* @all\n/api/ @api\n"),
        ("cli/sidenote.toml", "[budgets]\nall = 1\n"),
        ("api/broken.ts", "function broken( {\n"),
        ("api/minified.js", &"!function(e,t){for(var n=0;n<t.length;n++)e[n]=t[n]}(a,b);".repeat(100)),
    ] {
        std::fs::write(folder.join(path), text).expect("write");
    }
}

#[test]
fn nothing_but_the_code_decides_what_is_written() {
    let first = Project::new(&[]);
    let second = Project::new(&[("before.json", "")]);
    let deep = second.path().join("some/where/else with blanks");
    team(first.path());
    team(&deep);
    first.run(&["baseline", "create", "cli"]).code(0);
    std::fs::copy(first.path().join("sidenote-baseline.toml"), deep.join("sidenote-baseline.toml")).expect("copy");
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
    let flags = ["--deterministic", "--fail-on", "never", "--stats", "--baseline"];
    for format in formats {
        let run = |root: &Path, here: &Path, jobs: &str, variables: &[(&str, &str)]| {
            let (root, list) = (root.display().to_string(), root.join("sidenote-baseline.toml").display().to_string());
            let out =
                [&["scan", "-f", format, "--jobs", jobs, "--include-known"], &flags[..], &[&list, &root]].concat();
            let project = if here == first.path() { &first } else { &second };
            let outcome = project.run_with(&out, "", variables).code(0);
            (outcome.stdout, outcome.stderr)
        };
        let wanted = run(first.path(), first.path(), "1", &[]);
        assert!(wanted.0.len() > 500, "{format}: {}", wanted.0);
        let path = first.path().canonicalize().expect("canonical").display().to_string();
        assert!(!wanted.0.contains(&path) && !wanted.1.contains(&path), "{format} names the folder");
        for (root, here, jobs, variables) in [
            (first.path(), first.path(), "2", &[][..]),
            (first.path(), second.path(), "8", &[("TERM", "dumb"), ("LC_ALL", "C"), ("COLUMNS", "40")][..]),
            (&deep, second.path(), "1", &[("LANG", "de_DE.UTF-8"), ("TZ", "Asia/Tokyo")][..]),
            (&deep, first.path(), "8", &[("NO_COLOR", "1")][..]),
        ] {
            assert!(run(root, here, jobs, variables) == wanted, "{format} with {jobs} threads in {}", root.display());
        }
    }
    let page = |root: &Path| {
        let out = second.path().join("out");
        let (root, out_) = (root.display().to_string(), out.display().to_string());
        let badge = out.join("badge.svg").display().to_string();
        second
            .run(&["scan", "-q", "--deterministic", "--fail-on", "never", "--report", &out_, "--badge", &badge, &root])
            .code(0);
        (std::fs::read(out.join("index.html")).expect("a page"), std::fs::read(badge).expect("a badge"))
    };
    assert!(page(first.path()) == page(&deep), "the page differs");
}
