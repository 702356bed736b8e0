use super::support::{FLAWED, Project, RULE, findings, skipped};

#[test]
fn the_nearest_configuration_holds() {
    let project = Project::new(&[
        ("sidenote.toml", "[rules.severity]\nasync-promise-executor = \"info\"\n[files]\nexclude = [\"gen\"]\n"),
        ("a.ts", FLAWED),
        ("gen/b.ts", FLAWED),
        (
            "sub/sidenote.toml",
            "extends = \"../sidenote.toml\"\n[[overrides]]\npaths = [\"quiet.ts\"]\nignore = [\"all\"]\n",
        ),
        ("sub/c.ts", FLAWED),
        ("sub/quiet.ts", FLAWED),
        (".git/HEAD", "ref: refs/heads/main\n"),
    ]);
    let report = project.json(&["."]);
    assert_eq!(findings(&report), [format!("{RULE} a.ts:2"), format!("{RULE} sub/c.ts:2")]);
    assert_eq!(report["findings"][0]["severity"], "info");
    assert_eq!(skipped(&report), ["gen/b.ts excluded"]);
    project.run(&["scan"]).code(0);
    project.run(&["scan", "--fail-on", "info"]).code(1);
    let sub = project.json(&["sub"]);
    assert_eq!(findings(&sub), [format!("{RULE} sub/c.ts:2")], "paths are relative to the repository");
    assert_eq!(findings(&project.json(&["--no-config"])).len(), 4);
    assert_eq!(findings(&project.json(&["--config", "sub/sidenote.toml", "sub"])).len(), 1);
    project.run(&["config", "check"]).code(0).shows("sidenote.toml").shows("rules are on");
    project.run(&["config", "check", "sub"]).code(0).shows("builds on");
}

#[test]
fn fingerprints_do_not_depend_on_where_the_scan_starts() {
    let project = Project::new(&[(".git/HEAD", ""), ("pkg/src/a.ts", FLAWED)]);
    let id = |report: serde_json::Value| report["findings"][0]["fingerprint"].as_str().expect("id").to_owned();
    let whole = id(project.json(&[]));
    assert_eq!(id(project.json(&["pkg"])), whole);
    assert_eq!(id(project.json(&["pkg/src/a.ts"])), whole);
    let moved = format!("// A line more.\n\n{FLAWED}");
    project.write("pkg/src/a.ts", moved.as_bytes());
    assert_eq!(id(project.json(&[])), whole);
}

#[test]
fn mistakes_exit_with_2_and_show_the_place() {
    let with = |text: &str| Project::new(&[("a.ts", FLAWED), ("sidenote.toml", text)]);
    with("[rulse]\n").run(&["scan"]).code(2).says("sidenote.toml:1:2").says("did you mean `rules`?");
    with("[rules]\nselect = [\"asinc-promise-executor\"]\n")
        .run(&["scan"])
        .code(2)
        .says("sidenote.toml:2:11")
        .says("did you mean `async-promise-executor`?");
    with("[rules\n").run(&["scan"]).code(2).says("sidenote.toml:1");
    with("[rules]\nselect = \"all\"\n").run(&["config", "check"]).code(2).says("must be a list");
    with("[rules]\nselect = \"all\"\n").run(&["scan", "--no-config"]).code(1);
}

/// A scanned repository names no program, no model, no output, and reads nothing outside of itself.
#[test]
fn hostile_configurations_are_refused() {
    let outside = Project::new(&[("secret.toml", "password = \"hunter2\"\n")]);
    let absolute = outside.path().join("secret.toml").display().to_string();
    for text in [
        format!("extends = {absolute:?}\n"),
        "extends = \"../../../../../../etc/passwd\"\n".to_owned(),
        "extends = \"../x.toml\"\n".to_owned(),
        "extends = \"sidenote.toml\"\n".to_owned(),
        "[[model]]\npath = \"evil.gguf\"\n".to_owned(),
        "output = \"/etc/passwd\"\n".to_owned(),
        "[rules]\npaths = [\"/etc\"]\n".to_owned(),
        "exec = \"curl evil\"\n".to_owned(),
        "[".repeat(100_000),
        format!("x = {}", "{a=".repeat(50_000)),
        "x".repeat(1_000_000),
        "[files]\nexclude = [\"../../**\"]\n".to_owned(),
    ] {
        let project = Project::new(&[("a.ts", FLAWED), ("sidenote.toml", &text)]);
        let outcome = project.run(&["scan"]).code(2);
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_linked_base_does_not_lead_outside() {
    let outside = Project::new(&[("secret.toml", "password = \"hunter2\"\n")]);
    let project = Project::new(&[("a.ts", FLAWED), ("sidenote.toml", "extends = \"base/secret.toml\"\n")]);
    std::os::unix::fs::symlink(outside.path(), project.path().join("base")).expect("link");
    let outcome = project.run(&["scan"]).code(2).says("leaves the repository");
    assert!(!outcome.stderr.contains("hunter2"));
}

#[test]
fn the_schema_is_json_and_names_every_section() {
    let project = Project::new(&[]);
    let schema: serde_json::Value =
        serde_json::from_str(&project.run(&["config", "schema"]).code(0).stdout).expect("JSON");
    for key in ["extends", "rules", "files", "overrides"] {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
}

const MODEL: &str = "library = \"@acme/db\"\n[[sink]]\nfn = [\"@acme/db.run\"]\nkind = \"sql\"\n";
const CALL: &str = "import express from 'express';\nimport { run } from '@acme/db';\nconst app = express();\n\
                    app.get('/', (req) => { run('select ' + req.query.q); });\n";

#[test]
fn own_models_find_what_built_in_ones_do_not() {
    let project = Project::new(&[
        (".git/HEAD", ""),
        ("sidenote.toml", "[models]\npaths = [\"sidenote/models/*.toml\"]\n"),
        ("sidenote/models/db.toml", MODEL),
        ("a.ts", CALL),
    ]);
    assert_eq!(findings(&project.json(&[])), ["sql-injection a.ts:4"]);
    assert_eq!(findings(&project.json(&["--no-config"])), Vec::<String>::new());
    project.run(&["models"]).code(0).shows("your own\n  @acme/db").shows("express");
    project.run(&["models", "--own", "--json"]).code(0).shows("\"@acme/db.run\"");
    project.run(&["models", "express"]).code(0).shows("express.Request");
    project.run(&["models", "child_process.exec"]).code(0).shows("command-injection");
    project.run(&["models", "exprss"]).code(2).says("did you mean `express`?");
    project.write("sidenote/models/db.toml", MODEL.replace("kind", "knid").as_bytes());
    project.run(&["scan"]).code(2).says("sidenote/models/db.toml:4:1").says("did you mean `kind`?");
}

const OWN_RULE: &str = "id: no-console\nlanguages: [typescript]\nseverity: error\ncategory: security\ncwe: [532]\nmessage: $A goes to the console.\n\
                        note: Use the logger.\nrule:\n  pattern: console.log($A)\nfix: logger.info($A)\nsafe-fix: true\n\
                        tests:\n  valid:\n    - logger.info(1)\n  invalid:\n    - console.log(1)\n";

/// In every report, selected, suppressed, mended, explained and tested like a rule that is built in.
#[test]
fn own_rules_live_like_built_in_ones() {
    let code = "console.log(1);\n// sidenote: allow(no-console) -- it is a script\nconsole.log(2);\n";
    let project = Project::new(&[
        (".git/HEAD", ""),
        ("sidenote.toml", "[rules]\npaths = [\"sidenote/rules/*.yml\"]\n"),
        ("sidenote/rules/console.yml", OWN_RULE),
        ("a.ts", code),
    ]);
    let report = project.json(&[]);
    assert_eq!(findings(&report), ["no-console a.ts:1"]);
    assert_eq!(report["findings"][0]["severity"], "high");
    assert_eq!(report["findings"][0]["message"], "1 goes to the console.");
    let id = report["findings"][0]["fingerprint"].as_str().expect("a fingerprint").to_owned();
    assert_eq!(findings(&project.json(&["--select", "no-console"])).len(), 1);
    assert_eq!(findings(&project.json(&["--ignore", "no-console"])).len(), 0);
    assert_eq!(findings(&project.json(&["--select", "CWE-532"])).len(), 1);
    project.run(&["scan", "--select", "no-consol"]).code(2).says("did you mean `no-console`?");
    project.run(&["scan"]).code(1).shows("goes to the console").shows("logger.info(1)");
    let sarif: serde_json::Value =
        serde_json::from_str(&project.run(&["scan", "--format", "sarif", "--quiet"]).code(1).stdout).expect("JSON");
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    let index = result["ruleIndex"].as_u64().expect("an index") as usize;
    let rule = &run["tool"]["driver"]["rules"][index];
    assert_eq!((&result["ruleId"], &rule["id"]), (&"no-console".into(), &"no-console".into()));
    assert_eq!(rule["properties"]["security-severity"], "8.0");
    for format in ["jsonl", "github", "gitlab", "junit", "checkstyle", "rdjson", "rdjsonl", "markdown", "csv"] {
        project.run(&["scan", "--format", format, "--quiet"]).code(1).shows("no-console");
    }
    project.run(&["explain", "no-console"]).code(0).shows("Use the logger.").shows("console.log(1)");
    project.run(&["rules", "--select", "no-console"]).code(0).shows("no-console");
    project.run(&["rules", "test"]).code(0).shows("1 rules, 2 cases, 0 wrong");
    project.write("a.ts", format!("// A line more.\n{code}").as_bytes());
    assert_eq!(project.json(&[])["findings"][0]["fingerprint"], id.as_str(), "it does not depend on the line");
    project.run(&["scan", "--fix"]).code(0);
    let mended = std::fs::read_to_string(project.path().join("a.ts")).expect("read");
    assert!(mended.contains("logger.info(1);") && mended.contains("console.log(2);"), "{mended}");
}

#[test]
fn mistakes_in_own_rules_point_into_their_file() {
    let project = Project::new(&[
        (".git/HEAD", ""),
        ("sidenote.toml", "[rules]\npaths = [\"rules/*.yml\"]\n"),
        ("rules/a.yml", "id: a\nlanguage: ts\nrule:\n  kind: call_expresion\n"),
        ("a.ts", FLAWED),
    ]);
    project.run(&["scan"]).code(2).says("rules/a.yml:4:9").says("did you mean `call_expression`?");
    project.run(&["rules", "test", "rules/a.yml"]).code(2).says("rules/a.yml:4:9");
    project.run(&["explain", RULE]).code(0);
    let wrong = "id: a\nlanguage: ts\nrule: { pattern: f() }\ntests: { valid: ['f()'], invalid: ['g()'] }\n";
    project.write("rules/a.yml", wrong.as_bytes());
    project.run(&["rules", "test"]).code(1).shows("it must find nothing here").shows("2 wrong");
    #[cfg(unix)]
    {
        let outside = Project::new(&[("b.yml", wrong)]);
        std::fs::remove_file(project.path().join("rules/a.yml")).expect("remove");
        std::os::unix::fs::symlink(outside.path().join("b.yml"), project.path().join("rules/a.yml")).expect("link");
        project.write("sidenote.toml", b"[rules]\npaths = [\"rules/a.yml\"]\n");
        project.run(&["scan"]).code(2).says("leaves the repository");
    }
}

#[test]
fn the_command_line_selects_rules_of_folders_further_down() {
    const OWN: &str =
        "id: own-console\nlanguage: ts\nseverity: error\nmessage: No console.\nrule: { pattern: console.log($A) }\n";
    let project = Project::new(&[
        (".git/HEAD", ""),
        ("a/sidenote.toml", "[rules]\npaths = [\"own.yml\"]\n"),
        ("a/own.yml", OWN),
        ("a/x.ts", "console.log(1);\n"),
        ("b/y.ts", "console.log(1);\n"),
    ]);
    for paths in [&["."][..], &["a", "b"], &["b", "a"], &["a"]] {
        let report = project.json(&[&["--select", "own-console"], paths].concat());
        assert_eq!(findings(&report), ["own-console a/x.ts:1"], "{paths:?}");
        assert_eq!(findings(&project.json(&[&["--ignore", "own-console"], paths].concat())), [""; 0], "{paths:?}");
    }
    let stdin = ["scan", "--select", "own-console", "--stdin-filename", "a/z.ts", "--format", "jsonl", "--quiet"];
    project.run_with(&stdin, "console.log(2);\n", &[]).code(1).shows("own-console");
    // Nobody knows it, or nobody who is looked at.
    project.run(&["scan", "--select", "own-consol"]).code(2).says("there is no rule or category `own-consol`");
    project.run(&["scan", "--select", "own-console", "b"]).code(2).says("there is no rule or category `own-console`");
}

#[test]
fn who_names_a_folder_of_tests_hears_of_what_lies_there() {
    const NEVER: &str = "export const empty = (n: number) => n === NaN;\n";
    let project = Project::new(&[(".git/HEAD", ""), ("tests/fixtures/app/a.ts", NEVER), ("third_party/b.ts", NEVER)]);
    let [a, b] = ["tests/fixtures/app/a.ts", "third_party/b.ts"].map(|path| format!("nan-comparison {path}:1"));
    let found = |paths: &[&str]| findings(&project.json(&[paths, &["--cache-dir", "cache"]].concat()));
    let nothing: [String; 0] = [];
    // Twice: what is remembered of the one is nothing to the other.
    for _ in 0..2 {
        assert_eq!(found(&["."]), nothing);
        assert_eq!(found(&["tests/fixtures"]), [a.as_str()]);
        assert_eq!(found(&["tests/fixtures/app/a.ts", "third_party"]), [a.as_str(), b.as_str()]);
    }
}
