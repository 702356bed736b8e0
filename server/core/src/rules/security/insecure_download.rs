use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::CallView;

pub static RULE: Rule = Rule {
    id: "insecure-download",
    summary: "a program or archive is fetched over plain http",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[829, 494, 319],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds requests to `http://` addresses that end in the name of a program, script, package or archive (`.exe`, `.sh`, \
               `.dmg`, `.jar`, `.tar.gz`, `.zip` ..), and shell commands that `curl` or `wget` such an address.",
        why: "Whoever sits on the way puts another program there, and it runs.",
        example: "request('http://dl.example.com/tool.tar.gz').pipe(out);",
        instead: "request('https://dl.example.com/tool.tar.gz').pipe(out);",
        limits: "Addresses of this machine and of private networks are left alone. A checksum that is compared afterwards is not seen.",
        fix: "The suggested fix writes `https`; the server must offer it.",
    },
    checks: &[
        Check::Calls(
            &[
                "get",
                "request",
                "fetch",
                "download",
                "axios",
                "got",
                "node-fetch",
                "superagent",
                "needle",
                "stream",
                "nugget",
                "wget",
            ],
            fetch,
        ),
        Check::Calls(&["exec", "execSync", "spawn", "spawnSync"], shell),
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const request = require('request');\nrequest('http://dl.example.com/tool.tar.gz').pipe(out); //~ insecure-download",
        ),
        Case::bad(
            "a.js",
            "const http = require('http');\nhttp.get('http://downloads.example.org/setup.exe', save); //~ insecure-download",
        ),
        Case::bad("a.ts", "const r = await fetch(`http://cdn.example.net/driver-linux.zip`); //~ insecure-download"),
        Case::bad(
            "a.js",
            "const BASE = 'http://repo.example.com/';\nconst axios = require('axios');\naxios.get(BASE + 'plugin.jar'); //~ insecure-download",
        ),
        Case::bad(
            "a.js",
            "const { execSync } = require('child_process');\nexecSync('curl http://get.example.com/install.sh | sh'); //~ insecure-download",
        ),
        Case::bad(
            "a.js",
            "const download = require('download');\ndownload('http://files.example.com/app.dmg', dest); //~ insecure-download",
        ),
        Case::bad(
            "a.js",
            "const got = require('got');\ngot.stream('http://a.example.com/x.deb').pipe(f); //~ insecure-download",
        ),
        Case::bad(
            "a.js",
            "const cp = require('child_process');\ncp.exec('wget -q http://a.example.com/bin/agent.bin', done); //~ insecure-download",
        ),
        Case::good(
            "a.js",
            "const request = require('request');\nrequest('https://dl.example.com/tool.tar.gz').pipe(out);",
        ),
        Case::good("a.js", "fetch('http://api.example.com/list.json');"),
        Case::good("a.js", "fetch('http://localhost:8080/app.zip');"),
        Case::good(
            "a.js",
            "const { execSync } = require('child_process');\nexecSync('curl https://get.example.com/install.sh | sh');",
        ),
        Case::good("a.js", "const axios = require('axios');\naxios.get(url);"),
        Case::good("a.js", "fetch('/static/app.zip');"),
        Case::good("a.js", "fetch('http://127.0.0.1/a.exe');"),
        Case::good("a.js", "const { execSync } = require('child_process');\nexecSync('tar xf tool.tar.gz');"),
        Case::near_miss("a.js", "cache.get('http://dl.example.com/tool.tar.gz');"),
        Case::near_miss("a.js", "const link = 'http://dl.example.com/tool.exe';\nrender(link);"),
        Case::near_miss("a.js", "fetch('http://example.com/how-to-run.exe.html');"),
        Case::near_miss("a.js", "app.get('/files/app.zip', send);"),
    ],
};

const ENDINGS: &[&str] = &[
    ".exe",
    ".msi",
    ".dmg",
    ".pkg",
    ".deb",
    ".rpm",
    ".apk",
    ".jar",
    ".war",
    ".sh",
    ".bash",
    ".ps1",
    ".bat",
    ".cmd",
    ".bin",
    ".run",
    ".appimage",
    ".so",
    ".dll",
    ".dylib",
    ".tar.gz",
    ".tgz",
    ".tar.xz",
    ".tar.bz2",
    ".zip",
    ".7z",
    ".node",
    ".whl",
    ".vsix",
    ".py",
];

/// Whether text is a plain address of something that runs.
fn is_plain(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else { return false };
    let local = ["localhost", "127.", "0.0.0.0", "[::1]", "192.168.", "10.", "host.docker"];
    let path = rest.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    path.contains('/') && !local.iter().any(|l| rest.starts_with(l)) && ENDINGS.iter().any(|e| path.ends_with(e))
}

fn fetch(call: &CallView<'_>, out: &mut Vec<Note>) {
    const CLIENTS: [&str; 17] = [
        "http.",
        "request",
        "fetch",
        "window.fetch",
        "axios",
        "got",
        "node-fetch",
        "superagent",
        "needle",
        "download",
        "undici.",
        "follow-redirects.",
        "nugget",
        "wget",
        "ky",
        "cross-fetch",
        "bent",
    ];
    let client = call.paths.iter().any(|p| {
        CLIENTS
            .iter()
            .any(|c| p == c || p.starts_with(c) && (c.ends_with('.') || p.as_str()[c.len()..].starts_with('.')))
    });
    if let Some(address) = call.args.first().filter(|_| client).and_then(|a| a.as_str()).filter(|a| is_plain(a)) {
        report(call, &address, out);
    }
}

fn shell(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.paths.iter().any(|p| p.starts_with("child_process.")) {
        return;
    }
    let texts = call
        .args
        .iter()
        .take(2)
        .flat_map(|a| a.strings().chain(a.fields().flat_map(|(_, v)| v.strings())).collect::<Vec<_>>());
    for text in texts {
        if let Some(address) = text.split([' ', '"', '\'', '|']).find(|w| is_plain(w)) {
            return report(call, address, out);
        }
    }
}

fn report(call: &CallView<'_>, address: &str, out: &mut Vec<Note>) {
    let message =
        format!("`{address}` comes over plain http, so whoever sits on the way decides what runs. Use `https`.");
    let mut note = Note::new(call.rule, call.arg_span(0), message);
    let span = call.arg_span(0);
    let written = call.arena.slice(span);
    if let Some(at) = written.find("http://") {
        let mut inner = span;
        inner.start += at as u32;
        inner.end = inner.start + 7;
        note = note.suggestion("Use https", vec![(inner, "https://".into())]);
    }
    out.push(note);
}
