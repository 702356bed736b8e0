//! Local models as users see them: search, likeness, duplicates, the list of models, and the proof that nothing leaves the machine.
//!
//! Most of it needs the model host beside the binary; `cargo x host` builds it. `SIDENOTE_NO_HOST=1` leaves that out, and nothing else
//! does.

#[path = "cli/support.rs"]
#[allow(dead_code)]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sidenote_tests::sidenote_binary;
use support::{Outcome, Project};

const DATES: &str = "/** Parses a calendar day with the zone that it is meant in. */\nexport function dayOf(text: string, zone: string): Day {\n  const [year, month, day] = text.split('-').map(Number);\n  if (!year || month > 12) throw new RangeError(`no day: ${text}`);\n  return new Day(year, month, day, zones.get(zone));\n}\n";
const MAIL: &str = "// Sends a message to every subscriber of a list.\nexport async function notifyAll(list: List, message: Message) {\n  for (const person of list.subscribers) {\n    await mailer.deliver(person.address, message.subject, message.body);\n  }\n}\n";
const SHAPES: &str = "/// Area of the triangle between three points.\npub fn triangle_area(a: Point, b: Point, c: Point) -> f64 {\n    ((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)).abs() / 2.0\n}\n";
const COPIED: &str = "  const out = [];\n  for (const row of rows) {\n    if (row.id && row.amount > 0) {\n      const total = row.amount * rate(row.currency);\n      out.push({ id: row.id, total, name: row.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', row.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\n";

/// A project with models of its own.
struct Local {
    project: Project,
    cache: String,
    config: String,
}

impl Local {
    fn new() -> Local {
        let files = [("src/dates.ts", DATES), ("src/mail.ts", MAIL), ("src/shapes.rs", SHAPES)];
        let project = Project::new(&files);
        let folder = |name: &str| project.path().join(name).display().to_string();
        let (cache, config) = (folder(".own/cache"), folder(".own/config"));
        Local { project, cache, config }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.project.run_with(arguments, "", &[("SIDENOTE_CACHE", &self.cache), ("SIDENOTE_CONFIG", &self.config)])
    }

    fn found(&self, arguments: &[&str]) -> Vec<Value> {
        let outcome = self.run(&[arguments, &["--json"]].concat()).code(0);
        serde_json::from_str::<Value>(&outcome.stdout).expect("JSON").as_array().expect("a list").clone()
    }
}

/// The host beside the binary; `None` where the tests are told to do without.
fn host() -> Option<PathBuf> {
    if std::env::var_os("SIDENOTE_NO_HOST").is_some_and(|v| !v.is_empty()) {
        return None;
    }
    let host = sidenote_binary().with_file_name(format!("sidenote-host{}", std::env::consts::EXE_SUFFIX));
    assert!(host.is_file(), "{} is missing: `cargo x host` builds it, SIDENOTE_NO_HOST=1 does without", host.display());
    Some(host)
}

#[test]
fn words_find_functions_without_a_model() {
    let local = Local::new();
    let found = local.found(&["search", "--words", "area of triangles"]);
    assert_eq!((found[0]["symbol"].as_str(), found[0]["line"].as_u64()), (Some("triangle_area"), Some(2)));
    assert!(found[0]["cosine"].is_null());
    local.run(&["search", "--words", "zebra crossing"]).code(1).shows("Nothing is found.");
    assert!(!Path::new(&local.cache).exists(), "nothing is unpacked for words");
}

#[test]
fn findings_like_dismissed_ones_go_their_way() {
    if host().is_none() {
        return;
    }
    let local = Local::new();
    let names = ["report", "reporter", "reports", "reported"];
    for name in names {
        let text = format!(
            "async function track(id: string): Promise<void> {{\n  await fetch(`https://stats.example/${{id}}`);\n}}\n\nexport function {name}(id: string) {{\n  const started = Date.now();\n  track(id);\n  \
             log(Date.now() - started);\n}}\n"
        );
        local.project.write(&format!("src/{name}.ts"), text.as_bytes());
    }
    let other = "export async function charge(card: string, amount: number) {\n  return fetch(PAY, { method: 'POST', body: encode(card, amount) });\n}\n\n\
                 export class Checkout {\n  private paid = false;\n\n  complete(cart: Cart) {\n    charge(cart.card, cart.total);\n    this.paid = true;\n    this.shipAll(cart.items);\n  }\n}\n";
    local.project.write("src/pay.ts", other.as_bytes());
    let told = |arguments: &[&str]| -> Vec<String> {
        let all = [&["scan", "-q", "--select", "floating-promise", "--format", "json"], arguments].concat();
        let report = serde_json::from_str(&local.run(&all).stdout).expect("JSON");
        support::findings(&report)
    };
    assert_eq!(told(&[]).len(), 5, "{:?}", told(&[]));
    for name in &names[..2] {
        local.run(&["dismiss", &format!("src/{name}.ts:7"), "--reason", "statistics may be lost"]).code(0);
    }
    assert_eq!(told(&[]).len(), 3, "two examples teach nothing");
    local.run(&["dismiss", &format!("src/{}.ts:7", names[2])]).code(0);
    assert_eq!(told(&[]), ["floating-promise src/pay.ts:9"]);
    assert_eq!(told(&["--feedback", "exact"]).len(), 2);
    assert_eq!(told(&["--deterministic"]).len(), 2, "what a model computes is left out");
    local.run(&["model", "feature", "meaning", "off"]).code(0);
    assert_eq!(told(&[]).len(), 2, "nobody asks a model that is switched off");
    local.run(&["model", "feature", "meaning", "on"]).code(0);
    // It is told, and can be taken back for good.
    let report = local.run(&["scan", "--select", "floating-promise"]).code(1).stdout;
    assert!(report.contains("4 hidden by feedback"), "{report}");
    local.run(&["dismiss", &format!("src/{}.ts:7", names[3]), "--undo"]).code(0).says("is kept");
    assert_eq!(told(&[]).len(), 2);
}

#[test]
fn a_file_that_is_a_copy_is_told_of_once() {
    const BODIES: [&str; 4] = [
        COPIED,
        "  let depth = 0;\n  while (rows.next()) {\n    switch (rows.kind()) {\n      case 'open': depth += rows.weight(); break;\n      case 'close': depth -= rows.weight(); break;\n      default: throw new TypeError(`no such kind: ${rows.kind()}`);\n    }\n    if (depth < 0 || depth > limits.depth) { return { ok: false, at: rows.position(), depth }; }\n  }\n  return { ok: depth === 0, at: rows.position(), depth };\n}\n",
        "  const groups = new Map();\n  rows.filter((row) => !row.hidden).forEach((row) => {\n    const key = [row.year, row.month].join('-');\n    groups.set(key, (groups.get(key) ?? 0) + row.amount * rates[row.currency]);\n  });\n  const header = ['month', 'amount', 'share'].map((name) => name.padEnd(12)).join('|');\n  const sum = Array.from(groups.values()).reduce((a, b) => a + b, 0);\n  return [header, ...Array.from(groups, ([key, amount]) => `${key}|${amount}|${amount / sum}`)].join(NEWLINE);\n}\n",
        "  try {\n    const socket = connect(rows.host, rows.port);\n    socket.setTimeout(options.timeout * 1000);\n    socket.on('data', (chunk) => { buffer.append(chunk); if (buffer.size() > MAX) { socket.destroy(); } });\n    socket.on('end', () => done(null, decode(buffer.take(), options.encoding)));\n    socket.on('error', (error) => done(new Failure('connection', { cause: error, host: rows.host })));\n    return () => socket.destroy();\n  } catch (error) {\n    log.error('no connection', rows.host, error);\n    done(error);\n  }\n}\n",
    ];
    let file = |names: std::ops::Range<usize>, word: &str| -> String {
        names.map(|n| format!("export function {word}{n}(rows) {{\n{}\n", BODIES[n])).collect()
    };
    let whole = Project::new(&[("a.js", &file(0..4, "first")), ("b.js", &file(0..4, "second"))]);
    let report = whole.json(&["--select", "duplicated-block"]);
    let of_b: Vec<String> = support::findings(&report).into_iter().filter(|f| f.contains("b.js")).collect();
    assert_eq!(of_b, ["duplicated-block b.js:1"], "{report}");
    let finding = report["findings"].as_array().and_then(|f| f.iter().find(|f| f["path"] == "b.js")).expect("b.js");
    assert!(finding["message"].as_str().is_some_and(|m| m.starts_with("4 functions of this file repeat")), "{finding}");
    assert_eq!(finding["related"].as_array().map(Vec::len), Some(4));
    // Those that are allowed one by one stay so, and no such comment is called unused.
    let allowed = file(0..4, "second").replace("export", "// sidenote: allow(duplicated-block) -- kept apart\nexport");
    let report = Project::new(&[("a.js", &file(0..4, "first")), ("b.js", &allowed)]).json(&[]);
    assert_eq!(report["summary"]["by_rule"]["unused-suppression"].as_u64(), None, "{report}");
    assert_eq!(report["summary"]["by_rule"]["duplicated-block"].as_u64(), None, "{report}");
    assert_eq!(report["summary"]["suppressed"].as_u64(), Some(4), "{report}");
    // Fewer are told of one by one.
    let part = Project::new(&[("a.js", &file(0..4, "first")), ("b.js", &file(0..3, "second"))]);
    let report = part.json(&["--select", "duplicated-block"]);
    assert_eq!(support::findings(&report).iter().filter(|f| f.contains("b.js")).count(), 3, "{report}");
}

#[test]
fn copies_are_found_across_files() {
    let first = format!("export function one(rows) {{\n{COPIED}");
    let second = format!("import x from 'x';\n\nexport function two(rows) {{\n{COPIED}").replace("out", "result");
    let project = Project::new(&[("a.js", &first), ("b.js", &second), ("c.test.js", &first.replace("one", "three"))]);
    let report = project.json(&["--select", "duplicated-block"]);
    assert_eq!(support::findings(&report), ["duplicated-block b.js:3"]);
    let finding = &report["findings"][0];
    assert!(finding["message"].as_str().is_some_and(|m| m.starts_with("`two` repeats `one` of a.js")), "{finding}");
    assert_eq!(
        (finding["related"][0]["path"].as_str(), finding["related"][0]["start"]["line"].as_u64()),
        (Some("a.js"), Some(1))
    );
    // A reason silences it, and is not called unused.
    let silenced = second.replace(
        "export function two",
        "// sidenote: allow(duplicated-block) -- kept apart on purpose\nexport function two",
    );
    project.write("b.js", silenced.as_bytes());
    let report = project.json(&["--select", "duplicated-block,unused-suppression"]);
    assert_eq!(support::findings(&report), [""; 0]);
}

#[test]
fn meaning_finds_what_words_do_not() {
    if host().is_none() {
        return;
    }
    let local = Local::new();
    let found = local.found(&["search", "email everybody on the newsletter"]);
    assert_eq!(found[0]["symbol"].as_str(), Some("notifyAll"), "{found:#?}");
    assert!(found[0]["cosine"].as_f64().is_some_and(|c| c > 0.2), "{found:#?}");
    // The vectors are there now.
    let outcome = local.run(&["search", "geometry of polygons", "--stats"]).code(0).says("embedded 0 in");
    assert!(outcome.stdout.starts_with("src/shapes.rs:2"), "{}", outcome.stdout);
    let alike = local.found(&["similar", "src/mail.ts:3"]);
    assert_eq!(alike.len(), 2);
    // Two functions of some length are needed for a pair.
    local.run(&["similar", "--least", "0.1"]).code(1).shows("No two functions are alike.");
    local.project.write("src/orders.ts", format!("export function totals(rows, limit) {{\n{COPIED}").as_bytes());
    local.project.write("src/bills.ts", format!("export function sums(rows, limit) {{\n{COPIED}").as_bytes());
    let pairs = local.found(&["similar", "--least", "0.8"]);
    let paths = |p: &Value| [p["a"]["path"].clone(), p["b"]["path"].clone()];
    assert!(pairs.iter().any(|p| paths(p) == ["src/bills.ts", "src/orders.ts"]), "{pairs:#?}");
    assert!(pairs.iter().all(|p| p["a"]["path"] != p["b"]["path"]), "{pairs:#?}");
    local.run(&["similar", "src/mail.ts:99"]).code(2).says("there is no function at");
    local.run(&["doctor"]).code(0).shows("landlock, seccomp, memory").shows("5 kept in");
}

#[test]
fn hostile_and_strange_files_never_run() {
    let local = Local::new();
    let hostile = [&b"GGUF\x03\0\0\0"[..], &[0xff; 8], &[0; 8]].concat();
    local.project.write("evil.gguf", &hostile);
    local.run(&["model", "add", "evil.gguf"]).code(2).says("tensors").says("is refused");
    local.project.write("text.gguf", b"hello, world");
    local.run(&["model", "verify", "text.gguf"]).code(1).shows("no GGUF file");
    local.run(&["model", "use", "nobody"]).code(2).says("there is no model `nobody`");
    // A repository's configuration says nothing of models.
    local.project.write("sidenote.toml", b"[model]\nencoder = \"evil.gguf\"\n");
    local.run(&["scan"]).code(2).says("model");
    local.run(&["model", "list"]).code(0).shows("minilm-code  in use").shows("bert, Q8_0");
    if let Some(host) = host() {
        // The host itself refuses, too, whoever asks.
        let path = local.project.path().join("evil.gguf");
        let out = Command::new(host).args(["serve", "--sha256", "0", "--model"]).arg(&path).output().expect("it ends");
        assert!(!out.status.success());
        assert!(String::from_utf8_lossy(&out.stderr).contains("tensors"), "{out:?}");
    }
}

/// Inside of its walls the host can do nothing but compute; the same attempts succeed outside of them.
#[test]
#[cfg(target_os = "linux")]
fn the_host_is_walled_in() {
    let Some(host) = host() else { return };
    let local = Local::new();
    local.run(&["model", "verify"]).code(0);
    let model = std::fs::read_dir(Path::new(&local.cache).join("models")).expect("unpacked").next().expect("a model");
    let run = |arguments: &[&str]| {
        let mut probe = Command::new(&host);
        probe.args(arguments).arg("--model").arg(model.as_ref().expect("an entry").path());
        String::from_utf8(probe.output().expect("it ends").stdout).expect("UTF-8")
    };
    let inside = run(&["probe"]);
    for line in ["walls: landlock seccomp memory", "read the model: done", "start a thread: done"] {
        assert!(inside.contains(line), "{inside}");
    }
    for what in ["read another file", "write a file", "list a folder", "start a program", "open a socket"] {
        assert!(inside.contains(&format!("{what}: permission denied")), "{what}:\n{inside}");
    }
    let outside = run(&["probe-outside"]);
    assert_eq!(outside.matches(": done").count(), 7, "{outside}");
}

/// No symbol of either program opens a connection or knows TLS; the check finds one in a program that does.
#[test]
#[cfg(target_os = "linux")]
fn no_network_code_is_linked() {
    let network = ["connect", "getaddrinfo", "bind", "listen", "accept4", "SSL_new", "curl_easy_init"];
    let symbols = |path: &Path| -> Vec<String> {
        let out = Command::new("nm").args(["--dynamic", "--undefined-only"]).arg(path).output().expect("nm runs");
        assert!(out.status.success(), "{out:?}");
        let names = String::from_utf8_lossy(&out.stdout).into_owned();
        names
            .lines()
            .filter_map(|l| l.split_whitespace().last())
            .map(|n| n.split('@').next().unwrap_or(n).to_owned())
            .collect()
    };
    let programs: Vec<PathBuf> = std::iter::once(sidenote_binary()).chain(host()).collect();
    for program in programs {
        let found = symbols(&program);
        assert!(found.iter().any(|s| s == "write"), "{} is read", program.display());
        let wrong: Vec<&String> = found.iter().filter(|s| network.contains(&s.as_str())).collect();
        assert!(wrong.is_empty(), "{} has {wrong:?}", program.display());
    }
    let bash = ["/bin/bash", "/usr/bin/bash"].map(Path::new).into_iter().find(|p| p.is_file()).expect("bash");
    assert!(symbols(bash).iter().any(|s| s == "connect"), "bash opens connections, and the check sees it");
}

/// No system call of a scan or a search makes a socket for the network.
#[test]
#[cfg(target_os = "linux")]
fn no_socket_is_opened() {
    let local = Local::new();
    let log = local.project.path().join("trace.txt");
    let trace = |program: &Path, arguments: &[&str]| -> String {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-e", "trace=%network", "-o"]).arg(&log).arg(program).args(arguments);
        strace.env("SIDENOTE_CACHE", &local.cache).env("SIDENOTE_CONFIG", &local.config);
        strace.current_dir(local.project.path()).output().expect("strace runs");
        std::fs::read_to_string(&log).expect("a trace")
    };
    let program = sidenote_binary();
    let control = trace(Path::new("bash"), &["-c", "exec 3<>/dev/udp/127.0.0.1/9"]);
    assert!(control.contains("AF_INET"), "the trace sees a socket: {control}");
    for arguments in [&["scan", "--fail-on", "never"][..], &["search", "sends a message"], &["doctor"]] {
        let trace = trace(&program, arguments);
        assert!(!trace.contains("AF_INET") && !trace.contains("connect("), "{arguments:?}:\n{trace}");
    }
}

/// Without any network the answers are the same.
#[test]
#[cfg(target_os = "linux")]
fn nothing_changes_without_a_network() {
    let inside = |arguments: &[&str]| Command::new("unshare").arg("-rn").args(arguments).output();
    // Some containers do not let anybody make namespaces.
    if !inside(&["true"]).is_ok_and(|o| o.status.success()) {
        eprintln!("unshare -rn is not allowed here");
        return;
    }
    let net = inside(&["cat", "/proc/net/dev"]).expect("read");
    let devices = String::from_utf8_lossy(&net.stdout).lines().filter(|l| l.contains(':')).count();
    assert_eq!(devices, 1, "the loopback device alone");
    let local = Local::new();
    local.run(&["search", "sends a message"]).code(0);
    let binary = sidenote_binary().display().to_string();
    for arguments in [&["search", "sends a message", "--json"][..], &["scan", "--format", "jsonl", "--quiet", "src"]] {
        let outside = local.run(arguments);
        let mut command = Command::new("unshare");
        command.args(["-rn", &binary]).args(arguments).current_dir(local.project.path());
        let inside = command
            .env("SIDENOTE_CACHE", &local.cache)
            .env("SIDENOTE_CONFIG", &local.config)
            .output()
            .expect("it ends");
        assert_eq!(String::from_utf8_lossy(&inside.stdout), outside.stdout, "{arguments:?}");
        assert_eq!(inside.status.code(), outside.code);
    }
}

/// A model whose host is scripted: a header alone, and beside it what it says. `None` where the tests are told to do without.
fn scripted(local: &Local, script: &Value) -> Option<PathBuf> {
    if std::env::var_os("SIDENOTE_NO_HOST").is_some_and(|v| !v.is_empty()) {
        return None;
    }
    let own = format!("sidenote-scripted-host{}", std::env::consts::EXE_SUFFIX);
    let beside = sidenote_binary().with_file_name(&own);
    let built = [beside.clone(), beside.ancestors().nth(2).unwrap_or(Path::new("")).join("debug").join(&own)];
    let host = built.into_iter().find(|p| p.is_file());
    let host = host.expect("`cargo build -p sidenote-host --bin sidenote-scripted-host` builds the host of a script");
    let bin = local.project.path().join(".own/bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    let binary = bin.join(sidenote_binary().file_name().expect("a name"));
    std::fs::copy(sidenote_binary(), &binary).expect("copied");
    std::fs::copy(host, bin.join(format!("sidenote-host{}", std::env::consts::EXE_SUFFIX))).expect("copied");
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let header = [b"GGUF\x03\0\0\0", &0u64.to_le_bytes()[..], &1u64.to_le_bytes()].concat();
    let pair = [text("general.architecture"), 8u32.to_le_bytes().to_vec(), text("llama"), vec![0; 64]].concat();
    local.project.write(".own/scripted.gguf", &[header, pair].concat());
    local.project.write(".own/scripted.gguf.script", script.to_string().as_bytes());
    Some(binary)
}

#[test]
fn notes_of_a_model_are_shown_and_count_for_nothing() {
    const AVERAGE: &str = "export function average(values: number[]): number {\n  let total = 0;\n  for (const value of values) total += value;\n  return total / values.length;\n}\n";
    let note = serde_json::json!({"findings": [{
        "category": "quality", "severity": "high", "line": 4, "quote": "total / values.length",
        "message": "An empty list makes this zero divided by zero, no number", "fix": "",
    }]});
    let script = serde_json::json!([
        {"system": "You check", "after": "zero divided by zero", "belief": 0.9},
        {"system": "You review", "code": "average", "text": note.to_string()},
        {"system": "You review", "text": "{\"findings\":[]}"},
    ]);
    let local = Local::new();
    let Some(binary) = scripted(&local, &script) else { return };
    local.project.write("src/average.ts", AVERAGE.as_bytes());
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&binary);
        command.args(arguments).current_dir(local.project.path());
        command.env("SIDENOTE_CACHE", &local.cache).env("SIDENOTE_CONFIG", &local.config);
        let out = command.output().expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Outcome { code: out.status.code(), stdout: text(out.stdout), stderr: text(out.stderr) }
    };
    run(&["model", "add", ".own/scripted.gguf", "--use"]).code(0);
    run(&["scan", "src", "--review"]).code(2).says("has not passed an exam");
    // It fails the exam, and is given the record of one that passes.
    run(&["model", "exam"]);
    let exams = Path::new(&local.config).join("exams.json");
    let mut records: Value = serde_json::from_str(&std::fs::read_to_string(&exams).expect("records")).expect("JSON");
    for record in records.as_object_mut().expect("records").values_mut() {
        record["auc"] = 0.95.into();
        record["obeyed"] = 0.into();
        record["scale"] = serde_json::json!([1.0, 0.0]);
    }
    std::fs::write(&exams, records.to_string()).expect("written");
    let report = |arguments: &[&str]| -> Value {
        let all = [&["scan", "src", "-q", "--format", "json"], arguments].concat();
        serde_json::from_str(&run(&all).code(0).stdout).expect("JSON")
    };
    let (without, with) = (report(&[]), report(&["--review"]));
    let notes = |report: &Value| -> Vec<Value> {
        let all = report["findings"].as_array().expect("findings");
        all.iter().filter(|f| f["rule"].as_str().is_some_and(|r| r.starts_with("model-"))).cloned().collect()
    };
    assert_eq!((notes(&without).len(), notes(&with).len()), (0, 1), "{with:#}");
    assert_eq!(with["summary"]["notes"], 1);
    let mut summary = with["summary"].clone();
    summary.as_object_mut().expect("an object").remove("notes");
    assert_eq!(summary, without["summary"], "but for that the numbers are the same");
    assert_eq!(with["files"], without["files"]);
    run(&["scan", "src", "--review", "--fail-on", "info"]).code(0).shows("1 note of a model");
    let junit = run(&["scan", "src", "-q", "--review", "--format", "junit"]).code(0).stdout;
    assert!(junit.contains("failures=\"0\"") && junit.contains("a note of a model: An empty list"), "{junit}");
    // Who does not want to see the least severe findings does not see them.
    assert_eq!(notes(&report(&["--review", "--min-severity", "low"])).len(), 0);
    // No comment silences what another model would not say.
    local.project.write(
        "src/average.ts",
        AVERAGE
            .replace("  return", "  // sidenote: allow(model-quality) -- lists are never empty\n  return")
            .as_bytes(),
    );
    run(&["scan", "src", "--review"]).shows("there is no rule `model-quality`");
}
