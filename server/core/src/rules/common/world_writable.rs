use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::evidence::{field, numbers};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::value::Val;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "world-writable",
    summary: "a file or folder that every user of the machine may change",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[732, 276],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds permissions with which others may write: `chmod` with `0o777` or `0o666`, modes of `mkdir`, `writeFile`, `open` and \
               `createWriteStream`, and a `umask` of zero.",
        why: "Another user, or another service that was broken into, then changes the program's configuration, scripts or data.",
        example: "fs.chmodSync(socket, 0o777);",
        instead: "fs.chmodSync(socket, 0o770);",
        limits: "`mkdir`'s and `open`'s modes are cut by the process's umask, so these are reported with low severity; folders with \
                 the sticky bit (`0o1777`) are left alone.",
        fix: "The suggested fix takes the permission to write from others.",
    },
    checks: &[
        Check::Calls(&["chmod", "chmodSync", "fchmod", "fchmodSync", "lchmod"], chmod),
        Check::Calls(&["exec", "execSync", "spawn", "spawnSync", "execFile", "execFileSync"], command),
        Check::Calls(
            &[
                "mkdir",
                "mkdirSync",
                "writeFile",
                "writeFileSync",
                "open",
                "openSync",
                "createWriteStream",
                "appendFile",
                "appendFileSync",
                "mkdirp",
            ],
            made,
        ),
        Check::Calls(&["umask"], umask),
        Check::Calls(&["from_mode", "set_mode", "mode", "chmod", "fchmod", "open", "mkdir", "arg", "args"], rust),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const { execSync } = require('child_process');\nexecSync('chmod -R 777 /srv/data'); //~ world-writable",
        ),
        Case::near_miss("a.js", "const fs = require('fs');\nif (options.unixsocket777) fs.chmodSync(socket, 0o777);"),
        Case::near_miss("a.js", "const { execSync } = require('child_process');\nexecSync('chmod 755 /srv/data');"),
        Case::bad(
            "a.rs",
            "fn f(p: &str) { std::process::Command::new(\"chmod\").args([\"-R\", \"777\", p]).status().ok(); } //~ world-writable",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(p: &str) { std::process::Command::new(\"chmod\").args([\"750\", p]).status().ok(); std::process::Command::new(\"seq\").arg(\"7\").status().ok(); }",
        ),
        Case::bad(
            "a.ts",
            "import { S3Client, PutBucketAclCommand } from '@aws-sdk/client-s3';\nexport const f = (s: S3Client) => s.send(new PutBucketAclCommand({ Bucket: 'b', ACL: 'public-read-write' })); //~ world-writable",
        ),
        Case::bad("a.js", "const fs = require('fs');\nfs.chmodSync('/var/run/app.sock', 0o777); //~ world-writable"),
        Case::bad("a.ts", "import { chmod } from 'node:fs/promises';\nawait chmod(path, '0666'); //~ world-writable"),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nconst MODE = 0o777;\nfs.chmod(target, MODE, done); //~ world-writable",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfs.writeFileSync(file, text, { mode: 0o666 }); //~ world-writable",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfs.mkdirSync(dir, { recursive: true, mode: 0o777 }); //~ world-writable",
        ),
        Case::bad("a.js", "const fs = require('fs');\nfs.openSync(file, 'w', 0o666); //~ world-writable"),
        Case::bad("a.js", "process.umask(0); //~ world-writable"),
        Case::bad(
            "a.js",
            "const fs = require('fs').promises;\nasync function f(p) { await fs.chmod(p, 511); } //~ world-writable",
        ),
        Case::good("a.js", "const fs = require('fs');\nfs.chmodSync(file, 0o755);"),
        Case::good("a.js", "const fs = require('fs');\nfs.chmodSync(file, '600');"),
        Case::good("a.js", "const fs = require('fs');\nfs.writeFileSync(file, text, { mode: 0o600 });"),
        Case::good("a.js", "const fs = require('fs');\nfs.mkdirSync(dir, { recursive: true });"),
        Case::good("a.js", "const fs = require('fs');\nfs.chmodSync(file, stat.mode | 0o111);"),
        Case::good("a.js", "process.umask(0o077);"),
        Case::good("a.js", "const fs = require('fs');\nfs.chmodSync('/tmp/shared', 0o1777);"),
        Case::good("a.js", "const old = process.umask();"),
        Case::near_miss("a.js", "door.chmod(lock, 0o777);\nconst port = 0o777;"),
        Case::near_miss("a.js", "const fs = require('fs');\nfs.openSync(file, 'r', 0o666);"),
        Case::near_miss("a.js", "const fs = require('fs');\nfs.writeFileSync(file, '777');"),
        Case::near_miss("a.js", "const fs = require('fs');\nfs.mkdirSync(dir, { mode });"),
        Case::bad(
            "a.rs",
            "use std::fs::{self, Permissions};\nfn a() { fs::set_permissions(\"/x\", Permissions::from_mode(0o777)).unwrap(); } //~ world-writable",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::OpenOptions;\nfn b() { OpenOptions::new().create(true).write(true).mode(0o666).open(\"a\").unwrap(); } //~ world-writable",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::{self};\nfn c() { let mut p = fs::metadata(\"x\").unwrap().permissions(); p.set_mode(0o777); fs::set_permissions(\"x\", p).unwrap(); } //~ world-writable",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::DirBuilder;\nfn d() { DirBuilder::new().mode(0o777).create(\"d\").unwrap(); } //~ world-writable",
        ),
        Case::bad("a.rs", "fn e() { unsafe { libc::chmod(c\"/x\".as_ptr(), 0o777); } } //~ world-writable"),
        Case::bad("a.rs", "fn e2() { nix::sys::stat::umask(nix::sys::stat::Mode::empty()); } //~ world-writable"),
        Case::bad("a.rs", "fn e3() { unsafe { libc::umask(0); } } //~ world-writable"),
        Case::bad(
            "a.rs",
            "use std::fs::{self, Permissions};\nfn e4() { const MODE: u32 = 0o666; fs::set_permissions(\"x\", Permissions::from_mode(MODE)).unwrap(); } //~ world-writable",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::{self, Permissions};\nfn e5() { let p = Permissions::from_mode(0o757); fs::set_permissions(\"x\", p).unwrap(); } //~ world-writable",
        ),
        Case::bad(
            "a.rs",
            "fn e6() { unsafe { libc::open(c\"/x\".as_ptr(), libc::O_CREAT | libc::O_WRONLY, 0o666); } } //~ world-writable",
        ),
        Case::good(
            "a.rs",
            "use std::fs::{self, Permissions};\nfn f() { fs::set_permissions(\"/x\", Permissions::from_mode(0o600)).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use std::fs::{self, Permissions};\nfn g() { fs::set_permissions(\"/x\", Permissions::from_mode(0o755)).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use std::fs::{self};\nfn h() { let mut p = fs::metadata(\"x\").unwrap().permissions(); p.set_mode(p.mode() | 0o111); }",
        ),
        Case::good(
            "a.rs",
            "use std::fs::{self, Permissions};\nfn i(m: u32) { fs::set_permissions(\"/x\", Permissions::from_mode(m)).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs::{self, Permissions};\nfn j() { fs::set_permissions(\"/tmp/x\", Permissions::from_mode(0o1777)).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs::{self, Permissions};\nfn k() { let readonly = 0o444; fs::set_permissions(\"/x\", Permissions::from_mode(readonly)).unwrap(); }",
        ),
        Case::bad(
            "a.rs",
            "use std::os::unix::fs::PermissionsExt;\nfn a(p: &str) { let mut perms = std::fs::metadata(p).unwrap().permissions(); perms.set_mode(0o777); std::fs::set_permissions(p, perms).unwrap(); } //~ world-writable",
        ),
        Case::bad(
            "a.rs",
            "use std::os::unix::fs::DirBuilderExt;\nfn a() { std::fs::DirBuilder::new().mode(0o777).create(\"spool\").unwrap(); } //~ world-writable",
        ),
        Case::bad("a.rs", "fn a(p: *const libc::c_char) { unsafe { libc::chmod(p, 0o666); } } //~ world-writable"),
        Case::good(
            "a.rs",
            "use std::os::unix::fs::PermissionsExt;\nfn a(p: &str) { std::fs::set_permissions(p, std::fs::Permissions::from_mode(0o755)).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use std::os::unix::fs::PermissionsExt;\nfn a(p: &str) { std::fs::set_permissions(p, std::fs::Permissions::from_mode(0o600)).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use std::os::unix::fs::OpenOptionsExt;\nfn a() { let f = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o640).open(\"log\").unwrap(); go(f); }",
        ),
        Case::good(
            "a.rs",
            "use std::os::unix::fs::DirBuilderExt;\nfn a() { std::fs::DirBuilder::new().mode(0o700).create(\"spool\").unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use std::os::unix::fs::PermissionsExt;\nfn a(p: &str, mode: u32) { std::fs::set_permissions(p, std::fs::Permissions::from_mode(mode & 0o755)).unwrap(); }",
        ),
        Case::good("a.rs", "fn a() { unsafe { libc::umask(0o027); } }"),
        Case::good(
            "a.rs",
            "use std::os::unix::fs::PermissionsExt;\nfn a(p: &str) -> bool { std::fs::metadata(p).unwrap().permissions().mode() & 0o002 != 0 }",
        ),
        Case::good(
            "a.rs",
            "use std::os::unix::fs::PermissionsExt;\nfn a(p: &std::path::Path) { let mut m = p.metadata().unwrap().permissions(); m.set_readonly(true); std::fs::set_permissions(p, m).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::os::unix::fs::DirBuilderExt;\nfn a() { std::fs::DirBuilder::new().mode(0o1777).create(\"shared\").unwrap(); }",
        ),
        Case::near_miss("a.rs", "fn a() -> u32 { let mask = 0o777; mask & 0o640 }"),
        Case::near_miss(
            "a.rs",
            "use std::os::unix::fs::PermissionsExt;\nfn bind(p: &str) {\n    // read and write permissions for all users on the socket\n    let perms = std::fs::Permissions::from_mode(0o666);\n    std::fs::set_permissions(p, perms).unwrap();\n}",
        ),
        Case::near_miss("a.rs", "fn a(t: &mut Tile) { t.set_mode(Mode::Fill); }"),
    ],
};

fn is_fs(call: &CallView<'_>) -> bool {
    call.paths.iter().any(|p| {
        ["fs.", "fs/promises.", "fs-extra.", "graceful-fs.", "original-fs.", "mkdirp"].iter().any(|l| p.starts_with(l))
    })
}

/// A constant mode with which others may write.
fn open_mode(value: Option<&Val>) -> Option<u32> {
    let value = value?;
    let texts = value.strings().filter_map(|s| u32::from_str_radix(s.trim_start_matches("0o"), 8).ok());
    let found = numbers(value).filter(|n| *n >= 0.0 && *n < 65_536.0).map(|n| n as u32).chain(texts);
    found.into_iter().find(|m| m & 0o002 != 0 && m & 0o1000 == 0)
}

fn report(call: &CallView<'_>, mode: u32, n: usize, severity: Severity, out: &mut Vec<Note>) {
    let message = format!(
        "With the mode {mode:#o} every user of the machine may change it. Leave others out: {:#o}.",
        mode & !0o007
    );
    let mut note = Note::new(call.rule, call.arg_span(n), message).severity(severity);
    let written = call.arena.slice(call.arg_span(n));
    if written.starts_with("0o") {
        note = note.suggestion("Leave others out", vec![(call.arg_span(n), format!("{:#o}", mode & !0o007))]);
    }
    out.push(note);
}

fn chmod(call: &CallView<'_>, out: &mut Vec<Note>) {
    // `if (options.unixsocket777) fs.chmodSync(socket, 0o777);` was asked for.
    let asked = |n: Node<'_>| {
        n.kind() == Kind::IfStatement
            && n.child(Field::Condition).is_some_and(|c| c.text().contains("777") || c.text().contains("666"))
    };
    if call.arena.root().smallest_at(call.span).ancestors().any(asked) {
        return;
    }
    if let Some(mode) = open_mode(call.args.get(1)).filter(|_| is_fs(call)) {
        report(call, mode, 1, Severity::Medium, out);
    }
}

/// `exec('chmod 777 /srv/data')`, `spawn('chmod', ['-R', '777', dir])`
fn command(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.paths.iter().any(|p| p.starts_with("child_process.")) {
        return;
    }
    let Some(first) = call.args.first() else { return };
    let line = first.strings().next().or(first.prefix).map(|s| s.as_str().to_owned()).unwrap_or_default();
    let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    words.extend(
        call.args.get(1).into_iter().flat_map(|a| a.fields()).filter_map(|(_, v)| v.as_str()).map(|s| s.to_string()),
    );
    let Some(at) = words.iter().position(|w| w == "chmod" || w.ends_with("/chmod")) else { return };
    let mode = words[at + 1..].iter().find(|w| !w.starts_with('-'));
    let open = mode.is_some_and(|m| {
        matches!(m.as_str(), "a+w" | "o+w" | "a+rw" | "a+rwx" | "o+rw" | "+w" | "ugo+w" | "ugo+rwx")
            || u32::from_str_radix(m, 8).is_ok_and(|m| m & 0o002 != 0 && m & 0o1000 == 0)
    });
    if let Some(mode) = mode.filter(|_| open) {
        let message = format!("With the mode {mode} every user of the machine may change it. Leave others out.");
        out.push(Note::new(call.rule, call.arg_span(0), message));
    }
}

fn made(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !is_fs(call) {
        return;
    }
    let name = call.name.as_str();
    for (n, value) in call.args.iter().enumerate().skip(1) {
        let mode = match name {
            "mkdir" | "mkdirSync" | "mkdirp" => {
                open_mode(field(Some(value), "mode")).or_else(|| open_mode(Some(value).filter(|_| n == 1)))
            }
            "open" | "openSync" => {
                let writes = call
                    .args
                    .get(1)
                    .is_some_and(|f| f.strings().any(|s| s.starts_with('w') || s.starts_with('a') || s.contains('+')));
                open_mode(Some(value).filter(|_| n == 2 && writes))
            }
            _ => open_mode(field(Some(value), "mode")),
        };
        if let Some(mode) = mode {
            return report(call, mode, n, Severity::Low, out);
        }
    }
}

fn umask(call: &CallView<'_>, out: &mut Vec<Note>) {
    let zero = call.args.first().is_some_and(|v| {
        v.exact && numbers(v).any(|n| n == 0.0) || v.apis.iter().any(|p| p == "nix::sys::stat::Mode::empty()")
    });
    if zero && (call.is("process.umask") || call.is("libc::umask") || call.is("nix::sys::stat::umask")) {
        let message = "With a umask of zero every user of the machine may change the files that the process makes. Use `0o022` or stricter.";
        out.push(Note::new(call.rule, call.name_span, message));
    }
}

/// `Command::new("chmod").args(["777", path])`
fn program(call: &CallView<'_>, out: &mut Vec<Note>) {
    let is_command = call.paths.iter().any(|p| p.starts_with("std::process::Command."));
    if !is_command || !call.arena.text().contains("Command::new(\"chmod\")") {
        return;
    }
    let parts = call.args.iter().flat_map(|a| a.strings().chain(a.fields().filter_map(|(_, v)| v.as_str())));
    let open = |m: &str| {
        matches!(m, "a+w" | "o+w" | "a+rw" | "a+rwx" | "o+rw" | "ugo+rwx")
            || m.len() >= 3 && u32::from_str_radix(m, 8).is_ok_and(|m| m & 0o002 != 0 && m & 0o1000 == 0)
    };
    if let Some(mode) = parts.into_iter().find(|m| open(m)) {
        let message = format!("With the mode {mode} every user of the machine may change it. Leave others out.");
        out.push(Note::new(call.rule, call.arg_span(0), message));
    }
}

/// `Permissions::from_mode`, `set_mode`, modes of new files and folders, and libc's calls.
fn rust(call: &CallView<'_>, out: &mut Vec<Note>) {
    if matches!(call.name.as_str(), "arg" | "args") {
        return program(call, out);
    }
    let libc = |n: &str| call.is(&format!("libc::{n}"));
    let (at, severity) = match call.name.as_str() {
        "from_mode" if call.is("std::fs::Permissions::from_mode") || call.is("Permissions::from_mode") => {
            (0, Severity::Medium)
        }
        "set_mode" if call.receiver.is_some() => (0, Severity::Medium),
        "mode"
            if call.paths.iter().any(|p| {
                ["std::fs::OpenOptions.", "std::fs::CreateOptions.", "std::fs::NewOptions.", "std::fs::DirBuilder."]
                    .iter()
                    .any(|t| p.starts_with(t))
            }) =>
        {
            (0, Severity::Low)
        }
        "chmod" | "fchmod" if libc(&call.name) => (1, Severity::Medium),
        "mkdir" if libc("mkdir") => (1, Severity::Low),
        "open" if libc("open") => (2, Severity::Low),
        _ => return,
    };
    if let Some(mode) = call.args.get(at).and_then(|v| {
        let found = numbers(v).filter(|n| *n >= 0.0 && *n < 65_536.0).map(|n| n as u32);
        found.into_iter().find(|m| m & 0o002 != 0 && m & 0o1000 == 0)
    }) && !is_meant(call)
    {
        report(call, mode, at, severity, out);
    }
}

/// Whether a comment shortly above says that others shall have these permissions.
fn is_meant(call: &CallView<'_>) -> bool {
    let before = &call.arena.text()[..call.span.start as usize];
    let said = |line: &str| {
        let line = line.trim_start().to_lowercase();
        line.starts_with("//")
            && ["all users", "everyone", "everybody", "any user", "relax", "restrictive", "world-writable", "umask"]
                .iter()
                .any(|w| line.contains(w))
    };
    before.lines().rev().take(12).any(said)
}
