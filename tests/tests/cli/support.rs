use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use sidenote_tests::sidenote_binary;
use tempfile::TempDir;

/// Code with exactly one finding, on line 2, column 14.
pub const FLAWED: &str = "export function load(url: string) {\n  return new Promise(async (resolve) => {\n    resolve(await fetch(url));\n  });\n}\n";
/// The rule that finds it.
pub const RULE: &str = "async-promise-executor";

/// A folder with files that goes away in the end.
pub struct Project {
    pub folder: TempDir,
}

impl Project {
    /// With these files.
    pub fn new(files: &[(&str, &str)]) -> Project {
        let project = Project { folder: tempfile::tempdir().expect("a folder") };
        for (path, text) in files {
            project.write(path, text.as_bytes());
        }
        project
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("create");
        fs::write(path, bytes).expect("write");
    }

    /// Runs Sidenote in it.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, "", &[])
    }

    /// Runs Sidenote in it with something on standard input and in the environment.
    pub fn run_with(&self, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Outcome {
        let mut child = Command::new(sidenote_binary())
            .args(arguments)
            .envs(variables.iter().copied())
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // It may well end before it has read everything.
        let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on stdout"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on stderr"),
        }
    }

    /// The JSON report of a scan.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let outcome = self.run(&[&["scan", "--format", "json", "--quiet"], arguments].concat());
        assert!(matches!(outcome.code, Some(0 | 1)), "{outcome:?}");
        assert_eq!(outcome.stderr, "");
        serde_json::from_str(&outcome.stdout).expect("JSON")
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Asserts an exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Outcome {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Asserts that standard error says something.
    #[track_caller]
    pub fn says(self, text: &str) -> Outcome {
        assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }

    /// Asserts that standard output shows something.
    #[track_caller]
    pub fn shows(self, text: &str) -> Outcome {
        assert!(self.stdout.contains(text), "`{text}` is not in:\n{}", self.stdout);
        self
    }
}

/// `rule path:line` of every finding of a JSON report.
pub fn findings(report: &Value) -> Vec<String> {
    let list = report["findings"].as_array().expect("findings");
    list.iter()
        .map(|f| {
            let text = |key: &str| f[key].as_str().expect("text").to_owned();
            format!("{} {}:{}", text("rule"), text("path"), f["start"]["line"])
        })
        .collect()
}

/// `path reason` of every skipped file of a JSON report.
pub fn skipped(report: &Value) -> Vec<String> {
    let list = report["skipped"].as_array().expect("skipped");
    list.iter()
        .map(|s| format!("{} {}", s["path"].as_str().expect("path"), s["reason"].as_str().expect("reason")))
        .collect()
}
