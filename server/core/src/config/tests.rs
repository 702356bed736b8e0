use std::collections::BTreeMap;

use super::*;
use crate::system::System;

/// Files in memory.
struct Files(BTreeMap<PathBuf, String>);

impl Files {
    fn new(files: &[(&str, &str)]) -> Files {
        Files(files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect())
    }
}

impl System for Files {
    fn read(&self, path: &Path) -> Option<String> {
        self.0.get(path).cloned()
    }

    fn is_file(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    fn files(&self, folder: &Path, _: usize) -> Vec<String> {
        let inside = self.0.keys().filter(|p| p.parent() == Some(folder));
        inside.filter_map(|p| p.file_name()?.to_str().map(str::to_owned)).collect()
    }
}

fn load_one(text: &str) -> Result<Config, ConfigError> {
    Config::load(&Files::new(&[("/r/sidenote.toml", text)]), Path::new("/r/sidenote.toml"), Path::new("/r"))
}

fn enabled(config: &Config, path: &str) -> Vec<&'static str> {
    let settings = config.settings(path);
    rules::all().iter().zip(&settings.rules).filter(|(_, s)| s.enabled).map(|(r, _)| r.id).collect()
}

fn severity(config: &Config, path: &str, id: &str) -> Option<Severity> {
    config.settings(path).rules[rules::index(id).expect("rule")].severity
}

/// The messages of a text that must be wrong, as `line:column: message; help`.
fn wrong(text: &str) -> Vec<String> {
    let error = load_one(text).expect_err(text);
    error.to_string().lines().map(|l| l.trim_start_matches("/r/sidenote.toml:").trim().to_owned()).collect()
}

const ASYNC: &str = "async-promise-executor";
const UNUSED: &str = "unused-suppression";

#[test]
fn selection() {
    let all = load_one("[rules]\nselect = [\"all\"]").expect("ok");
    assert_eq!(enabled(&all, "a.ts").len(), rules::all().len());
    let one = load_one(&format!("[rules]\nselect = [\"{ASYNC}\"]")).expect("ok");
    assert_eq!(enabled(&one, "a.ts"), [ASYNC]);
    let none = load_one("[rules]\nselect = []").expect("ok");
    assert!(enabled(&none, "a.ts").is_empty());
    let without = load_one("[rules]\nignore = [\"CWE-755\"]").expect("ok");
    assert!(!enabled(&without, "a.ts").contains(&ASYNC) && enabled(&without, "a.ts").contains(&UNUSED));
}

#[test]
fn more_precise_severities_win() {
    let text = format!("[rules.severity]\n{ASYNC} = \"info\"\nquality = \"critical\"\nCWE-755 = \"low\"");
    let config = load_one(&text).expect("ok");
    assert_eq!(severity(&config, "a.ts", ASYNC), Some(Severity::Info));
    assert_eq!(severity(&config, "a.ts", UNUSED), Some(Severity::Critical));
}

#[test]
fn overrides_apply_in_order_to_their_paths() {
    let text = format!(
        "[rules]\nselect = [\"{ASYNC}\"]\n[[overrides]]\npaths = [\"tests\"]\nselect = [\"{UNUSED}\"]\nignore = [\"{ASYNC}\"]\n\
         include-tests = true\n[overrides.cognitive-complexity]\nthreshold = 30\n\
         [[overrides]]\npaths = [\"*.spec.ts\"]\nseverity = {{ all = \"info\" }}"
    );
    let config = load_one(&text).expect("ok");
    assert_eq!(enabled(&config, "src/a.ts"), [ASYNC]);
    assert_eq!(enabled(&config, "tests/a.ts"), [UNUSED]);
    assert_eq!(config.settings("tests/a.ts").cognitive_complexity, 30);
    assert!(config.settings("tests/a.ts").include_tests && !config.settings("src/a.ts").include_tests);
    assert_eq!(severity(&config, "tests/a.spec.ts", UNUSED), Some(Severity::Info));
    assert!(Arc::ptr_eq(&config.settings("tests/a.ts"), &config.settings("tests/b.ts")), "made once");
    let narrowed = config.narrowed(&[ASYNC.to_owned()], &[]).expect("known");
    assert!(enabled(&narrowed, "tests/a.ts").is_empty(), "an override adds nothing to the command line's selection");
}

#[test]
fn extending() {
    let files = Files::new(&[
        ("/r/.git/HEAD", ""),
        ("/r/base.toml", "[rules]\nselect=[\"all\"]\nignore = [\"unused-suppression\"]\n[files]\nexclude = [\"gen\"]"),
        ("/r/a/b/sidenote.toml", "extends = \"../../base.toml\"\n[files]\nexclude = [\"old\"]"),
    ]);
    let path = discover(&files, Path::new("/r/a/b/c")).expect("found");
    assert_eq!(path, Path::new("/r/a/b/sidenote.toml"));
    let config = Config::load(&files, &path, Path::new("/r")).expect("ok");
    assert!(!enabled(&config, "a/b/x.ts").contains(&UNUSED));
    assert!(!config.includes("a/b/gen/x.ts") && !config.includes("a/b/old/x.ts") && config.includes("a/b/x.ts"));
    assert!(config.includes("old/x.ts"), "outside of the configuration's folder");
    assert_eq!(config.sources(), [PathBuf::from("/r/a/b/sidenote.toml"), PathBuf::from("/r/base.toml")]);
    let below = Config::load(&files, &path, Path::new("/r/a/b/c")).expect("ok");
    assert!(!below.includes("gen/x.ts"));
}

/// The configuration of a folder in a repository `/r`, seen from there.
fn of(files: &[(&str, &str)], folder: &str) -> Config {
    let mut all = vec![("/r/.git/HEAD", "")];
    all.extend(files);
    Config::of_folder(Arc::new(Files::new(&all)), Path::new(folder), Path::new("/r"), true).expect("a configuration")
}

#[test]
fn a_folders_own_file_builds_on_those_around() {
    let outer = format!(
        "[rules]\nselect = [\"{ASYNC}\", \"{UNUSED}\"]\n[files]\nexclude = [\"old\", \"/packages/a/gen\"]\n\
         [[overrides]]\npaths = [\"packages/a/*.spec.ts\"]\nignore = [\"{UNUSED}\"]\n"
    );
    let inner = format!(
        "[rules.severity]\n{ASYNC} = \"info\"\n[rules.cognitive-complexity]\nthreshold = 40\n\
         [[overrides]]\npaths = [\"/own.ts\"]\nselect = [\"cognitive-complexity\"]\n"
    );
    let innermost = format!("[rules]\nselect = [\"{UNUSED}\"]\n");
    let files = [
        ("/r/sidenote.toml", outer.as_str()),
        ("/r/packages/a/sidenote.toml", inner.as_str()),
        ("/r/packages/a/deep/er/sidenote.toml", innermost.as_str()),
    ];
    // Whether the scan starts at the root, in the package, or beside it.
    for folder in ["/r", "/r/packages", "/r/packages/a", "/r/packages/a/deep/er", "/r/packages/b"] {
        let config = of(&files, folder);
        assert_eq!(enabled(&config, "packages/a/x.ts"), [ASYNC, UNUSED], "{folder}");
        assert_eq!(severity(&config, "packages/a/x.ts", ASYNC), Some(Severity::Info));
        assert_eq!(config.settings("packages/a/x.ts").cognitive_complexity, 40);
        if folder != "/r/packages/a/deep/er" {
            assert_eq!(severity(&config, "packages/b/x.ts", ASYNC), None, "{folder}");
        }
        // Globs are seen from the folder of their own file.
        assert_eq!(enabled(&config, "packages/a/x.spec.ts"), [ASYNC]);
        assert_eq!(enabled(&config, "packages/a/own.ts").len(), 3);
        assert_eq!(enabled(&config, "packages/a/deep/own.ts").len(), 2);
        assert!(!config.includes("packages/a/gen/x.ts") && !config.includes("packages/a/old/x.ts"));
        assert!(config.includes("packages/a/x.ts"));
        // The nearer the later: it replaces the selection with what overrides made of it.
        assert_eq!(enabled(&config, "packages/a/deep/er/x.ts"), [UNUSED]);
        assert_eq!(config.settings("packages/a/deep/er/x.ts").cognitive_complexity, 40);
        assert_eq!(config.errors(), []);
    }
    let config = of(&files, "/r");
    assert!(Arc::ptr_eq(&config.settings("packages/a/x.ts"), &config.settings("packages/a/z/y.ts")), "made once");
    assert_eq!(config.further_down().len(), 1, "as far as it was asked");
    // The command line has the last word everywhere.
    let select = config.clone().narrowed(&["cognitive-complexity".to_owned()], &[]).expect("known");
    for path in ["x.ts", "packages/a/x.ts", "packages/a/deep/er/x.ts"] {
        assert_eq!(enabled(&select, path), ["cognitive-complexity"], "{path}");
    }
    let ignore = config.clone().narrowed(&[], &[UNUSED.to_owned()]).expect("known");
    assert_eq!(enabled(&ignore, "packages/a/deep/er/x.ts"), [""; 0]);
    assert_eq!(enabled(&ignore, "packages/a/x.ts"), [ASYNC]);
}

#[test]
fn a_folders_own_file_may_build_on_another_or_on_none() {
    let outer = ("/r/sidenote.toml", "[rules]\nselect = [\"all\"]\n");
    let count = |inner: &str, more: &[(&str, &str)]| {
        let files = [&[outer, ("/r/a/sidenote.toml", inner)], more].concat();
        enabled(&of(&files, "/r"), "a/x.ts").len()
    };
    let default = enabled(&Config::default(), "x.ts").len();
    assert_eq!(count("", &[]), rules::all().len());
    assert_eq!(count("root = true", &[]), default);
    let base = ("/r/base.toml", "[rules]\nselect = [\"async-promise-executor\"]\n");
    assert_eq!(count("extends = '../base.toml'", &[base]), 1);
    assert_eq!(count("extends = '../sidenote.toml'", &[]), rules::all().len());
    // Another repository inside of this one builds on nothing of it, but where it says nothing, what is around holds.
    assert_eq!(count("", &[("/r/a/.git", "gitdir: x")]), default);
    assert_eq!(enabled(&of(&[outer, ("/r/a/.git", "gitdir: x")], "/r"), "a/x.ts").len(), rules::all().len());
    // Nothing above the repository counts.
    let above = [("/sidenote.toml", "[rules]\nselect = []\n"), ("/r/a/sidenote.toml", "")];
    assert_eq!(enabled(&of(&above, "/r"), "a/x.ts").len(), default);
}

#[test]
fn models_and_rules_of_folders_further_down_hold_there() {
    let files = [
        ("/r/sidenote.toml", OWN),
        ("/r/a/sidenote.toml", "[rules]\npaths = ['rules/*.yml']\n"),
        ("/r/a/rules/a.yml", RULE),
    ];
    let config = of(&files, "/r");
    let code = "import { receive } from '@acme/queue';\nimport { open } from '@acme/db';\nopen().run(receive());\nconsole.log(1);\n";
    assert_eq!(spoken(&config, "x.ts", code), [("sql-injection", 3)]);
    assert_eq!(spoken(&config, "a/x.ts", code), [("sql-injection", 3), ("no-console", 4)]);
    let untrusted = Config::of_folder(Arc::new(Files::new(&files)), Path::new("/r"), Path::new("/r"), false);
    assert_eq!(spoken(&untrusted.expect("ok"), "a/x.ts", code), [("sql-injection", 3)]);
}

#[test]
fn a_broken_file_further_down_is_told_and_what_is_around_holds() {
    let files = [("/r/sidenote.toml", "[rules]\nselect = []\n"), ("/r/a/b/sidenote.toml", "[rulse]\n")];
    let config = of(&files, "/r");
    assert_eq!(config.errors(), []);
    assert_eq!(enabled(&config, "a/b/x.ts"), [""; 0]);
    assert_eq!(enabled(&config, "a/b/c/x.ts"), [""; 0]);
    let errors: Vec<String> = config.errors().iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["/r/a/b/sidenote.toml:1:2: unknown key `rulse`; did you mean `rules`?"]);
}

#[test]
fn budgets_are_of_their_folder() {
    let files = [
        ("/r/sidenote.toml", "[budgets]\nall = 100\nasync-promise-executor = 3\n"),
        ("/r/base.toml", "[budgets]\nquality = 5\nsecurity = 0\n"),
        ("/r/a/sidenote.toml", "extends = '../base.toml'\n[budgets]\nquality = 2\n"),
    ];
    let config = of(&files, "/r");
    let told = |config: &Config| {
        let told = |b: &Budget| format!("{}:{}:{} {} {}", b.file.display(), b.line, b.folder, b.selector, b.limit);
        config.budgets().iter().map(told).collect::<Vec<_>>()
    };
    let own = ["/r/sidenote.toml:2: all 100", "/r/sidenote.toml:3: async-promise-executor 3"];
    assert_eq!(told(&config), own);
    config.settings("a/x.ts");
    assert_eq!(
        told(&config),
        [&own[..], &["/r/a/sidenote.toml:3:a quality 2", "/r/base.toml:3:a security 0"]].concat()
    );
    let budget = &config.budgets()[2];
    assert!(budget.covers("a/x.ts") && !budget.covers("ab/x.ts") && config.budgets()[0].covers("ab/x.ts"));
    assert_eq!(files[2].1.get(budget.range.clone()), Some("2"));
    assert!(wrong("[budgets]\nqualty = 3")[0].contains("did you mean `quality`?"));
    assert!(wrong("[budgets]\nquality = -3")[0].contains("must lie between 0"));
}

#[test]
fn a_file_has_its_time() {
    let limit = |text: &str| load_one(text).expect(text).settings("a.ts").time_limit;
    assert_eq!(limit(""), Some(Duration::from_secs(30)));
    assert_eq!(limit("[files]\ntimeout = 5"), Some(Duration::from_secs(5)));
    assert_eq!(limit("[files]\ntimeout = 0.5"), Some(Duration::from_millis(500)));
    assert_eq!(limit("[files]\ntimeout = 0"), None);
    assert_eq!(wrong("[files]\ntimeout = -1"), ["2:11: `files.timeout` must lie between 0 and 86400"]);
    assert_eq!(wrong("[files]\ntimeout = 1e9"), ["2:11: `files.timeout` must lie between 0 and 86400"]);
    let files = [("/r/sidenote.toml", "[files]\ntimeout = 5"), ("/r/a/sidenote.toml", "[files]\ntimeout = 0.000001")];
    let config = of(&files, "/r");
    let code = "new Promise(async (r) => r(await 1));\nfunction f() { return new Promise(async (r) => r(await 1)); }\n\
                // sidenote: allow(async-promise-executor) -- it stays\nfunction g() { return 1; }\n";
    let language = sidenote_grammars::by_path("a.ts").expect("a language");
    let report = |config: &Config, path: &str| {
        let document = crate::document::Document::new(path, language, code, 0).expect("parsed");
        crate::engine::Engine::new(config.clone()).analyze(&document)
    };
    let late = report(&config, "a/x.ts");
    assert_eq!(late.gaps.len(), 1);
    assert_eq!(late.gaps[0].message, "took longer than 0.000001 s: the rest of the file was not analysed");
    assert_eq!(late.gaps[0].range.end, code.len());
    assert!(late.findings.iter().all(|f| f.rule.id != ASYNC), "{:?}", late.findings);
    let whole = report(&config.with_time_limit(0.0), "a/x.ts");
    assert_eq!((whole.gaps.len(), whole.findings.iter().filter(|f| f.rule.id == ASYNC).count()), (0, 2));
}

#[test]
fn discovery_stops_at_the_repository() {
    let files = Files::new(&[("/sidenote.toml", ""), ("/r/.git", "gitdir: x"), ("/q/a.ts", "")]);
    assert_eq!(discover(&files, Path::new("/r/a")), None);
    assert_eq!(discover(&files, Path::new("/q/a")), Some("/sidenote.toml".into()));
    assert_eq!(repository_root(&files, Path::new("/r/a/b")), Some("/r".into()));
}

#[test]
fn extending_stays_inside_ends_and_is_no_loop() {
    let message = |files: &[(&str, &str)]| {
        let files = Files::new(files);
        Config::load(&files, Path::new("/r/sidenote.toml"), Path::new("/r")).expect_err("refused").to_string()
    };
    assert!(message(&[("/r/sidenote.toml", "extends='../x.toml'"), ("/x.toml", "")]).contains("leaves the repository"));
    assert!(message(&[("/r/sidenote.toml", "extends='/x.toml'"), ("/x.toml", "")]).contains("relative path"));
    assert!(message(&[("/r/sidenote.toml", "extends='a/../../x.toml'"), ("/x.toml", "")]).contains("leaves"));
    assert!(message(&[("/r/sidenote.toml", "extends='passwd'")]).contains("`.toml`"));
    assert!(message(&[("/r/sidenote.toml", "extends='b.toml'")]).contains("no readable text file"));
    let cycle = [("/r/sidenote.toml", "extends='b.toml'"), ("/r/b.toml", "extends='./sidenote.toml'")];
    assert!(message(&cycle).contains("extends itself"));
    let chain: Vec<(String, String)> =
        (0..20).map(|i| (format!("/r/{i}.toml"), format!("extends='{}.toml'", i + 1))).collect();
    let mut chain: Vec<(&str, &str)> = chain.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    chain.push(("/r/sidenote.toml", "extends='0.toml'"));
    assert!(message(&chain).contains("more than 8"));
}

#[test]
fn mistakes_are_told_with_place_and_suggestion() {
    assert_eq!(wrong("[rulse]\n"), ["1:2: unknown key `rulse`; did you mean `rules`?"]);
    assert_eq!(wrong("[rules]\nselct = []"), ["2:1: unknown key `rules.selct`; did you mean `select`?"]);
    assert_eq!(
        wrong("[rules]\nselect = [\"asinc-promise-executor\"]"),
        ["2:11: there is no rule or category `asinc-promise-executor`; did you mean `async-promise-executor`?"]
    );
    assert_eq!(
        wrong("[rules]\nignore = [\"secrity\"]"),
        ["2:11: there is no rule or category `secrity`; did you mean `security`?"]
    );
    assert_eq!(
        wrong("[rules]\nselect = \"all\"")[0],
        "2:10: `rules.select` must be a list, not a string; put it in brackets: `[\"..\"]`"
    );
    assert_eq!(
        wrong("[rules.severity]\nquality = \"hihg\""),
        [
            "2:11: `rules.severity.quality` must be one of `info`, `low`, `medium`, `high`, `critical`; did you mean `high`?"
        ]
    );
    assert_eq!(
        wrong("[rules.cognitive-complexity]\nthreshold = 0"),
        ["2:13: `rules.cognitive-complexity.threshold` must lie between 1 and 1000"]
    );
    assert_eq!(wrong("[[overrides]]\nselect = []").len(), 1, "paths are required");
    assert!(wrong("[[overrides]]\nselect = []")[0].contains("lacks `paths`"));
    assert!(wrong("[rules]\npaths = [\"rules\"]")[0].contains("names no `.yml` file"));
    assert!(wrong("[rules\n")[0].starts_with("1:"));
    assert_eq!(wrong("a = 1\nb = 2\n[files]\nc = 3").len(), 3, "all at once");
    assert!(wrong("[files]\nexclude = [\"a[\"]")[0].starts_with("2:12: not a glob"));
}

#[test]
fn no_input_panics() {
    for text in [
        "\u{feff}[rules]\nselect = [\"all\"]".to_owned(),
        "[".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        "é = \"\u{202e}\"".to_owned(),
        "\0".to_owned(),
        "x".repeat(300_000),
        "[rules.cognitive-complexity]\nthreshold = 99999999999999999999999999".to_owned(),
        "[rules.cognitive-complexity]\nthreshold = 0x10".to_owned(),
        "[rules.cognitive-complexity]\nthreshold = 1.5".to_owned(),
        "rules = 1979-05-27".to_owned(),
    ] {
        let _ = load_one(&text).map_err(|e| e.to_string());
    }
    assert!(load_one("\u{feff}[rules]\nselect = [\"all\"]").is_ok());
}

/// The rules that speak in a text under a configuration, with lines.
fn spoken(config: &Config, path: &str, code: &str) -> Vec<(&'static str, usize)> {
    let language = sidenote_grammars::by_path(path).expect("a language");
    let document = crate::document::Document::new(path, language, code, 0).expect("parsed");
    let report = crate::engine::Engine::new(config.clone()).analyze(&document);
    let line = |at: usize| code[..at].matches('\n').count() + 1;
    report.findings.iter().map(|f| (f.rule.id, line(f.range.start))).collect()
}

const OWN: &str = r#"
[[model]]
library = "@acme/db"
language = "typescript"

[[model.source]]
fn = ["@acme/queue.receive"]
kind = "remote"
what = "a message of the queue"

[[model.sink]]
fn = ["@acme/db.Db.run"]
kind = "sql"

[[model.type]]
name = "@acme/db.Db"
names = ["@acme/db.open()"]

[[model.call]]
fn = ["quoteIdent"]
flows = ["arg0 > return"]
cleans = ["sql"]
"#;

#[test]
fn own_models_are_used_by_their_configuration_alone() {
    let code = "import { receive } from '@acme/queue';\nimport { open } from '@acme/db';\n\
                function quoteIdent(s: string) { return s.split('x').join('y'); }\n\
                const db = open();\ndb.run('select ' + receive());\ndb.run('select ' + quoteIdent(receive()));\n";
    let own = load_one(OWN).expect("ok");
    assert_eq!(spoken(&own, "a.ts", code), [("sql-injection", 5)]);
    assert_eq!(spoken(&Config::default(), "a.ts", code), []);
    let other = load_one(&OWN.replace("\"typescript\"", "\"rust\"")).expect("ok");
    assert_eq!(spoken(&other, "a.ts", code), []);
    assert_ne!(own.settings("a.ts").models, other.settings("a.ts").models);
    assert_eq!(own.settings("a.ts").models, load_one(OWN).expect("ok").settings("b.ts").models);
}

#[test]
fn own_models_come_before_built_in_ones() {
    let code = "import express from 'express';\nimport v from 'validator';\nconst app = express();\n\
                app.get('/', (req, res) => { res.send('<b>' + v.escape(req.query.q) + '</b>'); });\n";
    assert_eq!(spoken(&Config::default(), "a.ts", code), []);
    let own =
        "[[model]]\nlibrary = 'validator'\n[[model.call]]\nfn = ['validator.escape']\nflows = ['arg0 > return']\n";
    assert_eq!(spoken(&load_one(own).expect("ok"), "a.ts", code), [("xss", 4)]);
}

#[test]
fn models_are_read_from_files_of_the_repository() {
    let model = "library = 'acme'\n[[sink]]\nfn = ['acme.run']\nkind = 'command'\n";
    let load = |paths: &str, files: &[(&str, &str)]| {
        let text = format!("[models]\npaths = [{paths}]");
        let mut all = vec![("/r/.git/HEAD", ""), ("/r/sidenote.toml", text.as_str())];
        all.extend(files);
        Config::load(&Files::new(&all), Path::new("/r/sidenote.toml"), Path::new("/r"))
    };
    let code = "import { run } from 'acme';\nrun(process.argv[2]);\n";
    let two = [("/r/m/a.toml", "library = 'x'"), ("/r/m/b.toml", model), ("/r/m/c.md", "no")];
    let config = load("'m/*.toml'", &two).expect("ok");
    assert_eq!(spoken(&config, "a.ts", code), [("command-injection", 2)]);
    assert_eq!((config.sources().len(), config.data().len()), (1, 2));
    let error = |paths: &str, files: &[(&str, &str)]| load(paths, files).expect_err(paths).to_string();
    assert!(error("'../x/a.toml'", &[]).contains("2:10: `../x/a.toml` leaves the repository"));
    assert!(error("'/etc/a.toml'", &[]).contains("no relative path"));
    assert!(error("'**/a.toml'", &[]).contains("only the last part"));
    assert!(error("'m/*'", &[]).contains("names no `.toml` file; write `m/*.toml`"));
    assert!(error("'m/a.toml'", &[]).contains("2:10: `/r/m/a.toml` is no readable text file"));
    let wrong = model.replace("command", "comand");
    let told = error("'m/a.toml'", &[("/r/m/a.toml", wrong.as_str())]);
    assert!(told.starts_with("/r/m/a.toml:4:8: ") && told.contains("did you mean `command`?"), "{told}");
    let told = error("'m/a.toml'", &[("/r/m/a.toml", "library = 'x'\n[[sinks]]\n")]);
    assert!(told.contains("2:3: unknown key `sinks`; did you mean `sink`?"), "{told}");
}

#[test]
fn mistakes_in_models_are_told_with_place_and_suggestion() {
    let model = |rest: &str| wrong(&format!("[[model]]\nlibrary = 'x'\n{rest}"));
    assert_eq!(
        model("[[model.sink]]\nfn = ['a.b']\nports = ['arg']\nkind = 'sql'"),
        [
            "5:10: `arg` is no port; write arg0, arg1.., args, this, return, value, cb0.1 or cb0.return, with .field or [] behind it"
        ]
    );
    assert!(model("[[model.sink]]\nfn = ['a']\nkind = 'sqll'")[0].starts_with("5:8: `model[0].sink[0].kind` must be"));
    assert_eq!(model("[[model.snik]]")[0], "3:9: unknown key `model[0].snik`; did you mean `sink`?");
    assert!(model("[[model.source]]\nread = 'a'\nkind = 'remote'\nwhat = 'x'")[0].contains("put it in brackets"));
    assert!(wrong("[[model]]\nname = 'x'").iter().any(|m| m.contains("lacks `library`")));
    assert_eq!(model("[[model.flag]]\nrule = 'weak-hsh'\nfn = ['a.b']\nmessage = 'm'").len(), 1);
    assert!(model("[[model.source]]\nfn = ['{a,b}{c']\nkind = 'remote'\nwhat = 'x'")[0].contains("not closed"));
}

#[test]
fn the_command_line_selects_rules_that_a_folder_further_down_brings() {
    let files = [
        ("/r/sidenote.toml", "[rules]\nignore = ['cognitive-complexity']"),
        ("/r/a/sidenote.toml", "[rules]\nselect = ['cognitive-complexity']\npaths = ['own.yml']"),
        ("/r/a/own.yml", RULE),
    ];
    let code = "console.log(1);\n";
    for folder in ["/r", "/r/a", "/r/b"] {
        let select = |selector: &str| of(&files, folder).narrow(&[selector.to_owned()], &[]);
        let config = select("no-console");
        assert_eq!(spoken(&config, "a/x.ts", code), [("no-console", 1)], "{folder}");
        assert_eq!(spoken(&config, "b/x.ts", code), []);
        assert!(config.check_selector("no-console").is_ok(), "{folder}");
        let problem = config.check_selector("no-consol").expect_err("unknown");
        assert!(problem.message.contains("there is no rule or category `no-consol`"), "{problem:?}");
        // What only that folder switches on runs everywhere once it is asked for.
        let config = select("cognitive-complexity");
        for path in ["a/x.ts", "b/x.ts"] {
            assert_eq!(enabled(&config, path), ["cognitive-complexity"], "{folder} {path}");
        }
    }
}

#[test]
fn models_hold_for_folders_and_not_for_globs() {
    for key in ["models", "[overrides.models]\npaths", "[[overrides.model]]\nname"] {
        let error =
            load_one(&format!("[[overrides]]\npaths = ['a']\n{key} = ['x.toml']")).expect_err("unknown").to_string();
        assert!(error.contains("models hold for the whole folder of their `sidenote.toml`"), "{error}");
    }
}

const RULE: &str = "id: no-console\nlanguage: ts\nmessage: No console.\nrule: { pattern: console.log($A) }\n";

#[test]
fn rules_of_ones_own_live_like_built_in_ones() {
    let load = |toml: &str, rule: &str| {
        let files = [("/r/.git/HEAD", ""), ("/r/sidenote.toml", toml), ("/r/rules/a.yml", rule)];
        Config::load(&Files::new(&files), Path::new("/r/sidenote.toml"), Path::new("/r"))
    };
    let paths = "[rules]\npaths = ['rules/*.yml']\n";
    let code = "console.log(1);\n// sidenote: allow(no-console) -- it is a script\nconsole.log(2);\n";
    let config = load(paths, RULE).expect("ok");
    let document = crate::document::Document::new("a.ts", sidenote_grammars::by_path("a.ts").expect("ts"), code, 0);
    let report = crate::engine::Engine::new(config.clone()).analyze(&document.expect("parsed"));
    let told: Vec<_> = report.findings.iter().map(|f| (f.rule.id, f.suppressed.is_some())).collect();
    assert_eq!(told, [("no-console", false), ("no-console", true)]);
    // Selection, severities and overrides by id and category.
    let spoken = |toml: &str| spoken(&load(toml, RULE).expect(toml), "a.ts", "console.log(1);\n");
    assert_eq!(spoken(&format!("{paths}select = ['no-console']")), [("no-console", 1)]);
    assert_eq!(spoken(&format!("{paths}ignore = ['no-console']")), []);
    assert_eq!(spoken(&format!("{paths}ignore = ['quality']")), []);
    assert_eq!(spoken(&format!("{paths}[[overrides]]\npaths = ['a.ts']\nignore = ['no-console']")), []);
    let loud = load(&format!("{paths}[rules.severity]\nno-console = 'critical'"), RULE).expect("ok");
    assert_eq!(loud.settings("a.ts").find("no-console").and_then(|(_, s)| s.severity), Some(Severity::Critical));
    let narrowed = config.clone().narrowed(&["no-console".to_owned()], &[]).expect("known");
    assert_eq!(narrowed.settings("a.ts").rules.iter().filter(|s| s.enabled).count(), 1);
    // Mistakes, in either file.
    let error = load(&format!("{paths}ignore = ['no-consol']"), RULE).expect_err("unknown").to_string();
    assert!(error.contains("3:11: there is no rule or category `no-consol`; did you mean `no-console`?"), "{error}");
    let error = load(paths, &RULE.replace("pattern", "patern")).expect_err("wrong").to_string();
    assert!(error.starts_with("/r/rules/a.yml:"), "{error}");
    // Who does not trust the repository reads none of them.
    let files = [
        ("/r/.git/HEAD", ""),
        ("/r/sidenote.toml", "[rules]\npaths = ['rules/a.yml']\nignore = ['no-console']"),
        ("/r/rules/a.yml", "broken: ["),
    ];
    let config = Config::of_folder(Arc::new(Files::new(&files)), Path::new("/r"), Path::new("/r"), false);
    assert!(config.expect("ok").settings("a.ts").patterns.is_empty());
}
