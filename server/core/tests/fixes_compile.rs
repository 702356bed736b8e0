//! Safe fixes of Rust's rules leave code that compiles, where the case compiled before.
//!
//! Cases are compiled as they are, with what they take for granted (collections, a few functions that take anything) in front.
//! What does not compile before its fix tells nothing and is left out; the test fails if that leaves too few.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sidenote_core::config::Config;
use sidenote_core::document::Document;
use sidenote_core::engine::Engine;
use sidenote_core::grammars;
use sidenote_core::rules;
use sidenote_core::rules::Verdict;

/// What cases use without saying where it comes from.
const PRELUDE: &str = "#![allow(warnings)]\n\
    use std::collections::*; use std::fmt; use std::fmt::{Debug, Display}; use std::io; use std::rc::Rc;\n\
    use std::cell::{Cell, RefCell}; use std::sync::{Arc, Mutex, RwLock}; use std::path::{Path, PathBuf}; use std::fs::File;\n\
    use std::fmt::Write as _; use std::io::{Read as _, Write as _, BufRead as _};\n\
    mod given { pub fn go<T>(_: T) {} pub fn send<T>(_: T) {} pub fn print<T>(_: T) {} pub fn keep<T>(_: T) {} }\n\
    #[allow(unused)] use given::*;\n";

struct Job {
    rule: &'static str,
    before: String,
    after: String,
}

#[test]
fn safe_fixes_of_rust_compile() {
    let jobs = jobs();
    assert!(jobs.len() > 50, "only {} safe fixes of Rust are in the cases", jobs.len());
    let folder = tempfile::tempdir().expect("a folder");
    let (next, compiled) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let known: Mutex<BTreeMap<String, bool>> = Mutex::default();
    let broken = Mutex::new(Vec::new());
    let worker = |number: usize| {
        let out = folder.path().join(number.to_string());
        std::fs::create_dir_all(&out).expect("a folder");
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let before = known.lock().expect("no panic").get(&job.before).copied();
            let before = before.unwrap_or_else(|| {
                let fits = compile(&job.before, &out).is_ok();
                known.lock().expect("no panic").insert(job.before.clone(), fits);
                fits
            });
            if !before {
                continue;
            }
            compiled.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = compile(&job.after, &out) {
                broken.lock().expect("no panic").push(format!("{}:\n{}\n{error}", job.rule, job.after));
            }
        }
    };
    std::thread::scope(|scope| {
        for number in 0..std::thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(move || worker(number));
        }
    });
    let broken = broken.into_inner().expect("no panic");
    let compiled = compiled.into_inner();
    assert!(broken.is_empty(), "{} fixes do not compile:\n{}", broken.len(), broken.join("\n\n"));
    assert!(compiled * 3 > jobs.len(), "only {compiled} of {} cases compile before their fix", jobs.len());
    println!("{compiled} of {} fixes compiled", jobs.len());
}

/// Every safe fix of every bad case, with the code before and after it.
fn jobs() -> Vec<Job> {
    let engine = Engine::new(Config::everything());
    let mut jobs = Vec::new();
    for rule in rules::all() {
        for case in rule.cases.iter().filter(|c| c.verdict == Verdict::Bad && c.file.ends_with(".rs")) {
            let language = grammars::by_path(case.file).expect("known");
            let document = Document::new(case.file, language, case.code, 1).expect("parses");
            for finding in engine.analyze(&document).active().filter(|f| f.rule.id == rule.id) {
                for fix in finding.fixes.iter().filter(|f| f.safe) {
                    let mut after = case.code.to_owned();
                    for (range, text) in fix.edits.iter().rev() {
                        after.replace_range(range.clone(), text);
                    }
                    let whole = |code: &str| format!("{PRELUDE}{code}\n");
                    jobs.push(Job { rule: rule.id, before: whole(case.code), after: whole(&after) });
                }
            }
        }
    }
    jobs
}

/// Checks a library of this text; the error is what the compiler says.
fn compile(code: &str, out: &Path) -> Result<(), String> {
    let mut child = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition", "2021", "--crate-type", "lib", "--crate-name", "case", "--emit=metadata", "--out-dir"])
        .arg(out)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("rustc does not start: {e}"))?;
    let mut input = child.stdin.take().expect("piped");
    input.write_all(code.as_bytes()).map_err(|e| e.to_string())?;
    drop(input);
    let done = child.wait_with_output().map_err(|e| e.to_string())?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}
