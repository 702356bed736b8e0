use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;

pub static RULE: Rule = Rule {
    id: "insecure-temp-file",
    summary: "a file of a name that can be guessed is made in the shared temporary folder",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[377, 379],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds files that are created or written under `/tmp`, `/var/tmp` or `/dev/shm` by a path that begins with a constant, or under \
               `env::temp_dir()` by a constant name.",
        why: "Everybody on the machine may write there. Whoever makes the file or a link of that name first reads what the program writes, or \
              makes it overwrite another file.",
        example: "fs::write(\"/tmp/report.txt\", text)?;",
        instead: "let mut file = tempfile::NamedTempFile::new()?;\nfile.write_all(text.as_bytes())?;",
        limits: "`create_new`, which refuses files that are there already, is left alone, as are reads, folders, and sockets.",
        fix: "",
    },
    checks: &[Check::Calls(&["create", "write", "copy", "open"], check)],
    cases: &[
        Case::bad("a.rs", "fn f(t: &str) { std::fs::write(\"/tmp/report.txt\", t).unwrap(); } //~ insecure-temp-file"),
        Case::bad(
            "a.rs",
            "use std::fs::File;\nfn f() { let f = File::create(\"/tmp/app.log\").unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad(
            "a.rs",
            "use std::fs;\nfn f(id: u32, t: &str) { fs::write(format!(\"/tmp/app-{id}.json\"), t).unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad(
            "a.rs",
            "use tokio::fs;\nasync fn f(t: &[u8]) { fs::write(\"/var/tmp/cache.bin\", t).await.unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad(
            "a.rs",
            "use std::path::Path;\nfn f() { let p = Path::new(\"/tmp/lock\"); std::fs::File::create(p).unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad("a.rs", "fn f(a: &str) { std::fs::copy(a, \"/tmp/copy\").unwrap(); } //~ insecure-temp-file"),
        Case::bad(
            "a.rs",
            "const OUT: &str = \"/tmp/out\";\nfn f() { std::fs::File::create(OUT).unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad("a.rs", "fn f() { std::fs::write(\"/dev/shm/key\", b\"x\").unwrap(); } //~ insecure-temp-file"),
        Case::good("a.rs", "fn f() { let f = tempfile::NamedTempFile::new().unwrap(); }"),
        Case::good("a.rs", "fn f() { std::fs::File::create_new(\"/tmp/app.lock\").unwrap(); }"),
        Case::good("a.rs", "fn f() { std::fs::read_to_string(\"/tmp/in.txt\").unwrap(); }"),
        Case::good("a.rs", "fn f() { std::fs::write(\"out/report.txt\", \"x\").unwrap(); }"),
        Case::good("a.rs", "fn f() { std::fs::File::create(\"/var/log/app.log\").unwrap(); }"),
        Case::good("a.rs", "fn f(dir: &Path) { std::fs::write(dir.join(\"a\"), \"x\").unwrap(); }"),
        Case::good(
            "a.rs",
            "fn f() { let d = tempfile::tempdir().unwrap(); std::fs::write(d.path().join(\"a\"), \"x\").unwrap(); }",
        ),
        Case::good("a.rs", "fn f() { std::fs::copy(\"/tmp/in\", \"out\").unwrap(); }"),
        Case::near_miss("a.rs", "fn f() { println!(\"/tmp/report.txt\"); store.write(\"/tmp/x\", 1); }"),
        Case::near_miss("a.rs", "fn f() { std::fs::write(\"tmp/report.txt\", \"x\").unwrap(); }"),
        Case::near_miss("a.rs", "fn f() { std::fs::File::create(\"/tmpfiles/x\").unwrap(); }"),
        Case::near_miss("a.rs", "fn f() { std::fs::create_dir_all(\"/tmp/report\").unwrap(); }"),
        Case::bad(
            "a.rs",
            "use std::fs::File;\nfn a() { let f = File::create(\"/tmp/app.log\").unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad(
            "a.rs",
            "use std::{env, fs};\nfn b() { let p = env::temp_dir().join(\"myapp.tmp\"); fs::write(&p, \"x\").unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad(
            "a.rs",
            "use std::fs;\nfn c() { let p = format!(\"/tmp/app-{}.sock\", std::process::id()); fs::write(p, \"x\").unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad(
            "a.rs",
            "use std::{env, fs::File};\nfn d() { let mut p = std::env::temp_dir(); p.push(\"data.json\"); let f = File::create(&p).unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad(
            "a.rs",
            "use std::fs;\nfn e() { let f = fs::OpenOptions::new().write(true).create(true).open(\"/tmp/x\").unwrap(); } //~ insecure-temp-file",
        ),
        Case::bad(
            "a.rs",
            "use std::{env, fs};\nfn f() { let f = fs::OpenOptions::new().write(true).create(true).truncate(true).open(env::temp_dir().join(\"x\")).unwrap(); } //~ insecure-temp-file",
        ),
        Case::good(
            "a.rs",
            "use std::fs;\nfn g() { let f = fs::OpenOptions::new().write(true).create_new(true).open(\"/tmp/x\").unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "fn h() { let f = tempfile::NamedTempFile::new().unwrap(); let g = tempfile::tempfile().unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use std::fs;\nfn i() { let d = tempfile::tempdir().unwrap(); fs::write(d.path().join(\"x\"), \"x\").unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use std::{env, fs};\nfn j() { let p = env::temp_dir().join(uuid::Uuid::new_v4().to_string()); fs::write(p, \"x\").unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs;\nfn k() { fs::read(\"/tmp/x\").unwrap(); fs::remove_file(\"/tmp/x\").unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn l() { let f = tempfile::Builder::new().prefix(\"x\").tempfile_in(\"/tmp\").unwrap(); }",
        ),
        Case::bad(
            "a.rs",
            "fn f(data: &[u8]) { let p = std::env::temp_dir().join(format!(\"app-{}.bin\", std::process::id())); std::fs::write(p, data).unwrap(); } //~ insecure-temp-file",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(data: &[u8]) { let p = std::env::temp_dir().join(format!(\"app-{}-{}.bin\", std::process::id(), uuid::Uuid::new_v4())); std::fs::write(p, data).unwrap(); }",
        ),
    ],
};

const FOLDERS: [&str; 3] = ["/tmp/", "/var/tmp/", "/dev/shm/"];

fn check(call: &CallView<'_>, out: &mut Vec<Note>) {
    let modules = ["std::fs", "tokio::fs", "async_std::fs", "fs_err"];
    let of_fs = |name: &str| modules.iter().any(|m| call.is(&format!("{m}::{name}")));
    let at = match call.name.as_str() {
        "create" if call.is("std::fs::File::create") => 0,
        "write" if of_fs("write") => 0,
        "copy" if of_fs("copy") => 1,
        // `OpenOptions` that make a file unless there is one.
        "open" if call.receiver.is_some_and(|r| r.apis.iter().any(|a| a == "std::fs::CreateOptions")) => 0,
        _ => return,
    };
    let Some(path) = call.args.get(at) else { return };
    let constants = path.strings().chain(path.prefix).any(|t| FOLDERS.iter().any(|f| t.starts_with(f)));
    let named = path.apis.iter().any(|a| a == "std::env::TempPath");
    if constants || named {
        out.push(Note::new(
            call.rule,
            call.arg_span(at),
            "Anybody on this machine can make a file or link of this name first. Use a fresh one, as `tempfile::NamedTempFile` makes it.",
        ));
    }
}
