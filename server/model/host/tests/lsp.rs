//! The language server with a scripted host: likeness and search by meaning come to the editor, and whatever befalls the host,
//! findings stay as they are.
#![cfg(target_os = "linux")]

#[path = "../../../lsp/tests/e2e/client.rs"]
#[allow(dead_code)]
mod client;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use client::{BAD, Client, push};
use serde_json::{Value, json};
use sidenote_lsp::meaning::{Opener, opener};
use sidenote_model::client::{Launch, Options};
use sidenote_model::embed::Embedder;

const DAY: &str = "/** Parses a calendar day with its zone. */\nexport function dayOf(text: string, zone: string): Day {\n  const [year, month, day] = text.split('-').map(Number);\n  if (!year || month > 12 || day > 31) {\n    throw new RangeError(`no day: ${text}`);\n  }\n  const offset = zones.get(zone)?.offsetAt(year, month, day) ?? 0;\n  return new Day(year, month, day, offset, zone.toLowerCase());\n}\n";
const MAIL: &str = "export async function notifyAll(list: List, message: Message) {\n  for (const person of list.subscribers.filter((p) => !p.muted)) {\n    await mailer.deliver(person.address, message.subject, message.body);\n    await audit.record({ to: person.id, what: message.id, when: clock.now() });\n    counter.increment('mails', { list: list.name });\n  }\n}\n";

struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    fn new(files: &[(&str, &str)]) -> Ground {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join("ws").join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        Ground { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("ws").join(name)
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.file(name).display())
    }

    /// A host that takes so many milliseconds a block; its name is this folder, by which it is found.
    fn vectors(&self, pause: u32) -> Opener {
        let program = env!("CARGO_BIN_EXE_sidenote-scripted-host").into();
        let name = self.folder.path().to_owned();
        let launch = Launch { program, arguments: vec![pause.to_string().into(), "named".into(), name.into()] };
        let cache = self.folder.path().join("vectors.db");
        // Deaths come faster than any circuit should bear.
        let options = Options { backoff: Duration::from_millis(1), deaths: 10_000, ..Options::default() };
        opener(move || Ok((Embedder::new(launch, options, "scripted", &cache).0, "scripted".into())))
    }

    async fn start(&self, vectors: Opener) -> Client {
        let params = json!({
            "processId": null, "capabilities": push(),
            "workspaceFolders": [{"uri": self.uri(""), "name": "ws"}]
        });
        Client::with(Some(vectors)).introduced(params).await
    }

    /// The hosts of this folder.
    fn hosts(&self) -> Vec<u32> {
        let name = self.folder.path().display().to_string();
        let is_one = |process: &u32| {
            let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&name)
        };
        let entries = std::fs::read_dir("/proc").expect("read").flatten();
        entries.filter_map(|e| e.file_name().to_str()?.parse().ok()).filter(is_one).collect()
    }
}

async fn status(client: &mut Client) -> Value {
    let params = json!({"command": "sidenote.status", "arguments": []});
    client.request("workspace/executeCommand", params).await["similar"].take()
}

async fn until(client: &mut Client, what: &str, mut is: impl AsyncFnMut(&mut Client) -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is(client).await {
        assert!(Instant::now() < end, "{what}: {}", status(client).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn titles(client: &mut Client, uri: &str) -> Vec<String> {
    let lenses = client.request("textDocument/codeLens", json!({"textDocument": {"uri": uri}})).await;
    let title = |l: &Value| l["command"]["title"].as_str().map(str::to_owned);
    lenses.as_array().expect("lenses").iter().filter_map(title).filter(|t| t.starts_with("similar")).collect()
}

#[tokio::test]
async fn a_function_that_exists_is_pointed_to_while_it_is_written_again() {
    let ground = Ground::new(&[("src/day.ts", DAY), ("src/mail.ts", MAIL), ("src/new.ts", "export {};\n")]);
    let mut client = ground.start(ground.vectors(0)).await;
    let uri = ground.uri("src/new.ts");
    client.open_as(&uri, "typescript", "export {};\n").await;
    let ready = async |c: &mut Client| status(c).await["embedded"] == 2;
    until(&mut client, "the folder is embedded", ready).await;
    assert_eq!(titles(&mut client, &uri).await, [""; 0]);
    // Written again, under another name and with other words above it.
    let again = DAY.replace("dayOf", "readDay").replace("Parses a calendar", "Reads a");
    let change = json!({"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": again}]});
    client.notify("textDocument/didChange", change).await;
    let shown = async |c: &mut Client| !titles(c, &uri).await.is_empty();
    until(&mut client, "it is told", shown).await;
    let told = titles(&mut client, &uri).await;
    assert!(told[0].starts_with("similar: dayOf in src/day.ts:2 (0.9"), "{told:?}");
    let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}});
    let params = json!({"textDocument": {"uri": uri}, "range": whole});
    let hints = client.request("textDocument/inlayHint", params).await;
    let labels: Vec<&str> = hints.as_array().expect("hints").iter().filter_map(|h| h["label"].as_str()).collect();
    assert_eq!(labels, ["≈ dayOf"], "{hints}");
    assert_eq!(hints[0]["position"], json!({"line": 1, "character": 23}));
    // What was there before is worth a lens, not a note.
    let old = ground.uri("src/day.ts");
    client.open_as(&old, "typescript", DAY).await;
    let shown = async |c: &mut Client| !titles(c, &old).await.is_empty();
    until(&mut client, "of the older one too", shown).await;
    let params = json!({"textDocument": {"uri": old}, "range": whole});
    assert_eq!(client.request("textDocument/inlayHint", params).await, json!([]));
    // Off is off.
    let off = json!({"settings": {"sidenote": {"similar": {"lens": false, "hint": false}}}});
    client.notify("workspace/didChangeConfiguration", off).await;
    assert_eq!(titles(&mut client, &uri).await, [""; 0]);
    let off = json!({"settings": {"sidenote": {"similar": {"enable": false}}}});
    client.notify("workspace/didChangeConfiguration", off).await;
    let forgotten = async |c: &mut Client| status(c).await["functions"] == 0;
    until(&mut client, "all is forgotten", forgotten).await;
    client.drain(Duration::from_millis(200)).await;
    client.finish().await;
}

#[tokio::test]
async fn questions_find_functions_of_the_workspace() {
    let ground = Ground::new(&[("src/day.ts", DAY), ("src/mail.ts", MAIL), ("src/new.ts", "export {};\n")]);
    let mut client = ground.start(ground.vectors(0)).await;
    client.open_as(&ground.uri("src/new.ts"), "typescript", "export {};\n").await;
    let ready = async |c: &mut Client| status(c).await["state"] == "ready" && status(c).await["functions"] == 2;
    until(&mut client, "ready", ready).await;
    let found = client.request("workspace/symbol", json!({"query": "calendar day with zone"})).await;
    assert_eq!((&found[0]["name"], &found[0]["containerName"]), (&json!("dayOf"), &json!("src/day.ts")), "{found}");
    assert_eq!(found[0]["location"]["range"]["start"], json!({"line": 1, "character": 16}));
    let params = json!({"command": "sidenote.search", "arguments": ["deliver message to subscribers"]});
    let found = client.request("workspace/executeCommand", params).await;
    assert_eq!(found[0]["symbol"], "notifyAll", "{found}");
    assert!(found[0]["cosine"].as_f64().is_some_and(|c| c > 0.0), "{found}");
    // A file that goes takes its functions along.
    std::fs::remove_file(ground.file("src/mail.ts")).expect("removed");
    let changes = json!({"changes": [{"uri": ground.uri("src/mail.ts"), "type": 3}]});
    client.notify("workspace/didChangeWatchedFiles", changes).await;
    let gone = async |c: &mut Client| {
        let params = json!({"command": "sidenote.search", "arguments": ["deliver message to subscribers"]});
        let found = c.request("workspace/executeCommand", params).await;
        found.as_array().is_some_and(|all| all.iter().all(|f| f["symbol"] != "notifyAll"))
    };
    until(&mut client, "gone", gone).await;
    client.drain(Duration::from_millis(200)).await;
    client.finish().await;
}

#[tokio::test]
async fn without_a_host_everything_else_is_as_it_was() {
    let ground = Ground::new(&[("a.ts", BAD)]);
    let mut client = ground.start(opener(|| Err("there is no `sidenote-host` beside this program".into()))).await;
    let uri = ground.uri("a.ts");
    client.open_as(&uri, "typescript", &format!("{BAD}{DAY}")).await;
    let told = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(told["params"]["diagnostics"][0]["code"], "async-promise-executor");
    let log = client.expect("window/logMessage").await;
    assert!(log["params"]["message"].as_str().is_some_and(|m| m.contains("works without a local model")), "{log}");
    let problem = async |c: &mut Client| status(c).await["state"] == "problem";
    until(&mut client, "a problem", problem).await;
    assert_eq!(status(&mut client).await["embedded"], 0);
    let found = client.request("workspace/symbol", json!({"query": "calendar day"})).await;
    assert_eq!(found, json!([]));
    client.drain(Duration::from_millis(200)).await;
    client.finish().await;
}

/// A hundred hosts die while somebody types: every version has its findings, and at the end every function its vector.
#[tokio::test]
async fn killed_a_hundred_times_while_typing_nothing_is_lost() {
    let many: String = (0..800)
        .map(|n| format!("export function number{n}(a: number) {{\n  return a * {n} + offsets.get('{n}', a);\n}}\n"))
        .collect();
    let ground = Ground::new(&[("src/many.ts", &many), ("src/new.ts", "")]);
    let mut client = ground.start(ground.vectors(15)).await;
    let uri = ground.uri("src/new.ts");
    client.open_as(&uri, "typescript", BAD).await;
    client.expect("textDocument/publishDiagnostics").await;
    let mut kills = 0;
    let end = Instant::now() + Duration::from_secs(200);
    let mut version = 1;
    let mut spared = 0;
    while kills < 100 {
        assert!(Instant::now() < end, "{kills} kills");
        // A block on which ten hosts are killed one after another counts as their murderer. Where the machine is busy a host
        // needs more than one round to get past it: every seventh time it is given the time.
        if kills % 7 == 6 && spared < 5 {
            spared += 1;
        } else {
            spared = 0;
            for process in ground.hosts() {
                let mut kill = std::process::Command::new("kill");
                kill.args(["-9", &process.to_string()]).stderr(std::process::Stdio::null());
                kills += u32::from(kill.status().expect("kill runs").success());
            }
        }
        version += 1;
        // Always something new to embed, and always one finding more.
        let body = format!("\n  return list.filter((entry) => entry.size > {version});\n}}\n");
        let text = format!("{}export function next{version}(list: Entry[]) {{{body}", BAD.repeat(version % 7 + 1));
        let change = json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]});
        client.notify("textDocument/didChange", change).await;
        let told = client.expect("textDocument/publishDiagnostics").await;
        let found = told["params"]["diagnostics"].as_array().expect("diagnostics");
        let promised = found.iter().filter(|d| d["code"] == "async-promise-executor").count();
        assert_eq!((promised, &told["params"]["version"]), (version % 7 + 1, &json!(version)));
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let ready = async |c: &mut Client| {
        let status = status(c).await;
        status["state"] == "ready" && status["embedded"] == 801
    };
    until(&mut client, "all are embedded", ready).await;
    assert!(!ground.hosts().is_empty() && Path::new("/proc").exists());
    client.drain(Duration::from_millis(200)).await;
    client.finish().await;
    let end = Instant::now() + Duration::from_secs(20);
    while !ground.hosts().is_empty() {
        assert!(Instant::now() < end, "ended with the server");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
