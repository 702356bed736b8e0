use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{constant, enclosing_function};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;

pub static RULE: Rule = Rule {
    id: "insecure-temp-file",
    summary: "a file of a name that can be guessed is made in the shared temporary folder",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[377, 379],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds files that are created or written under `/tmp`, `/var/tmp` or `/dev/shm` by a path that begins with a constant, or under \
               `env::temp_dir()` by a constant name; in JavaScript under `os.tmpdir()` too, unless the name is random.",
        why: "Everybody on the machine may write there. Whoever makes the file or a link of that name first reads what the program writes, or \
              makes it overwrite another file.",
        example: "fs::write(\"/tmp/report.txt\", text)?;",
        instead: "let mut file = tempfile::NamedTempFile::new()?;\nfile.write_all(text.as_bytes())?;",
        limits: "`create_new` and the flag `wx`, which refuse files that are there already, are left alone, as are reads, folders, and sockets.",
        fix: "",
    },
    checks: &[
        Check::Calls(&["create", "write", "copy", "open"], check),
        Check::Calls(
            &[
                "writeFile",
                "writeFileSync",
                "appendFile",
                "appendFileSync",
                "createWriteStream",
                "openSync",
                "open",
                "outputFile",
                "outputFileSync",
            ],
            written,
        ),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfs.writeFileSync('/tmp/report.txt', text); //~ insecure-temp-file",
        ),
        Case::bad(
            "a.ts",
            "import fs from 'fs';\nimport os from 'os';\nimport path from 'path';\nfunction f() { const out = path.join(os.tmpdir(), 'report.txt'); fs.writeFileSync(out, 'x'); } //~ insecure-temp-file",
        ),
        Case::bad(
            "a.js",
            "const { writeFile } = require('fs/promises');\nconst { tmpdir } = require('os');\nexports.save = (t) => writeFile(`${tmpdir()}/app-${process.pid}.json`, t); //~ insecure-temp-file",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nconst os = require('os');\nconst log = fs.createWriteStream(os.tmpdir() + '/app.log'); //~ insecure-temp-file",
        ),
        Case::bad(
            "a.ts",
            "import * as fs from 'fs';\nconst fd = fs.openSync('/var/tmp/lock', 'w'); //~ insecure-temp-file",
        ),
        Case::good(
            "a.js",
            "const fs = require('fs'), os = require('os'), path = require('path');\nconst dir = fs.mkdtempSync(path.join(os.tmpdir(), 'app-'));\nfs.writeFileSync(path.join(dir, 'a.txt'), text);",
        ),
        Case::good(
            "a.ts",
            "import fs from 'fs';\nimport os from 'os';\nimport path from 'path';\nimport { randomUUID } from 'crypto';\nfs.writeFileSync(path.join(os.tmpdir(), `${randomUUID()}.txt`), 'x');",
        ),
        Case::good("a.js", "const fs = require('fs');\nfs.writeFileSync('/tmp/app.lock', '', { flag: 'wx' });"),
        Case::good("a.js", "const fs = require('fs');\nconst text = fs.readFileSync('/tmp/in.txt', 'utf8');"),
        Case::good("a.js", "const fs = require('fs');\nfs.writeFileSync('./tmp/report.txt', text);"),
        Case::good(
            "a.js",
            "const fs = require('fs'), os = require('os'), crypto = require('crypto');\nconst name = crypto.randomBytes(8).toString('hex');\nconst file = `${os.tmpdir()}/${name}`;\nfs.writeFileSync(file, 'x');",
        ),
        Case::near_miss("a.js", "const fs = require('fs');\nfs.openSync('/tmp/in.txt', 'r');"),
        Case::near_miss("a.js", "const fs = require('fs');\nfs.writeFileSync('/templates/a.txt', text);"),
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
        Case::near_miss(
            "a.rs",
            "use std::fs::OpenOptions;\nfn f() -> std::io::Result<File> { let name = format!(\"/tmp/perf-{}.map\", std::process::id()); OpenOptions::new().append(true).create(true).open(&name) }",
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
    // Profilers look for these names.
    let prescribed = |t: &str| t.starts_with("/tmp/perf-") || t.starts_with("/tmp/jit-");
    let constants =
        path.strings().chain(path.prefix).any(|t| FOLDERS.iter().any(|f| t.starts_with(f)) && !prescribed(t.as_str()));
    let named = path.apis.iter().any(|a| a == "std::env::TempPath");
    if constants || named {
        out.push(Note::new(
            call.rule,
            call.arg_span(at),
            "Anybody on this machine can make a file or link of this name first. Use a fresh one, as `tempfile::NamedTempFile` makes it.",
        ));
    }
}

/// What makes a name that nobody guesses.
const RANDOM: [&str; 10] =
    ["random", "uuid", "nanoid", "mkdtemp", "tmpname", "tempy", "ulid", "cuid", "hash", "digest"];

/// Files that Node writes below the shared folder.
fn written(call: &CallView<'_>, out: &mut Vec<Note>) {
    let modules = ["fs.", "fs/promises.", "fs-extra.", "graceful-fs."];
    if !call.paths.iter().any(|p| modules.iter().any(|m| p.starts_with(m))) {
        return;
    }
    let Some(path) = call.args.first() else { return };
    let whole = call.arena.slice(call.span);
    let exclusive = ["'wx", "\"wx", "'ax", "\"ax", "O_EXCL"].iter().any(|f| whole.contains(f));
    let flags = call.args.get(1).and_then(|a| a.as_str());
    let reads = call.name.starts_with("open") && !flags.is_some_and(|f| f.starts_with(['w', 'a']) || f.contains('+'));
    if exclusive || reads {
        return;
    }
    let node = call.arena.root().smallest_at(call.arg_span(0));
    let named = constant(node).text();
    let shared =
        path.apis.iter().any(|p| matches!(p.as_str(), "os.tmpdir()" | "os.tmpDir()")) || named.contains("tmpdir()");
    let constants = path.strings().chain(path.prefix).any(|t| FOLDERS.iter().any(|f| t.starts_with(f)));
    if !shared && !constants {
        return;
    }
    // A name that is put together from something random, here or where the path was made.
    let around = enclosing_function(node).map_or(call.arena.text(), |f| f.text());
    let around = if around.len() > 4000 { named } else { around };
    let lower = format!("{named} {around}").to_lowercase();
    let varies = !path.exact && RANDOM.iter().any(|w| lower.contains(w));
    // Of what somebody else gives it as a name nothing is known.
    if varies || path.has_taint() && !constants && !named.contains("tmpdir()") {
        return;
    }
    out.push(
        Note::new(
            call.rule,
            call.arg_span(0),
            "Anybody on this machine can make a file or link of this name first. Make a folder of its own with `fs.mkdtemp`, or open the file with the flag `wx`.",
        )
        .severity(Severity::Low),
    );
}
