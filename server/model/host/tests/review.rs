//! The reviewer with a scripted host: verdicts, notes behind the gate, explanations and fixes, in a scan and in the editor.
#![cfg(unix)]

#[path = "../../../lsp/tests/e2e/client.rs"]
#[allow(dead_code)]
mod client;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Client, URI, push};
use serde_json::{Value, json};
use sidenote_core::claims::pieces;
use sidenote_core::config::Config;
use sidenote_core::document::Document;
use sidenote_core::engine::Engine;
use sidenote_lsp::reviewer::{Case, Hosted, Parts, Reviewer, Task, Trouble};
use sidenote_model::client::Launch;
use sidenote_model::exam::{Marked, Record};
use sidenote_model::log::newest;
use sidenote_model::store::{Features, Folders};

const CODE: &str = "export function wait() {\n  return new Promise(async (r) => { await 1; r(); });\n}\n";
const AVERAGE: &str = "export function average(values: number[]): number {\n  let total = 0;\n  for (const value of values) total += value;\n  return total / values.length;\n}\n";

/// What the scripted model says: it doubts the finding in [`CODE`], and has notes on [`AVERAGE`], of which one is true.
fn script() -> Value {
    let note = |line: u32, quote: &str, message: &str, fix: &str| json!({"category": "quality", "severity": "high", "line": line, "quote": quote, "message": message, "fix": fix});
    let notes = json!({"findings": [
        note(4, "total / values.length", "An empty list makes this zero divided by zero, no number", "values.length ? total / values.length : 0"),
        note(4, "total / values.size", "This quote does not stand in the code at all", ""),
        note(3, "total += value", "The model is not sure of this one, it says", ""),
    ]});
    json!([
        {"system": "You check", "code": "new Promise", "belief": 0.02},
        {"system": "You check", "after": "zero divided by zero", "belief": 0.9},
        {"system": "You check", "after": "not sure of this one", "belief": 0.05},
        {"system": "You review", "code": "average", "text": notes.to_string()},
        {"system": "You review", "text": "{\"findings\":[]}"},
        {"system": "You explain", "text": "An error in an async executor is lost. [click](http://x)"},
        {"system": "You correct", "text": "{\"lines\":\"return new Promise((r) => { r(); });\"}"},
    ])
}

fn folders(folder: &Path) -> Folders {
    Folders { cache: folder.join("cache"), config: folder.join("config") }
}

fn passed() -> Record {
    let marked = |n: usize, truth: bool| {
        let belief = if truth { 0.9 } else { 0.1 };
        Marked { rule: format!("x{}", n % 10), truth, belief }
    };
    let all: Vec<Marked> = (0..100).flat_map(|n| [marked(n, true), marked(n, false)]).collect();
    Record::of("v".into(), &all, (0, 10), 1.0)
}

fn hosted(folder: &Path, record: Option<Record>, features: Features) -> Hosted {
    let path = folder.join("script.json");
    std::fs::write(&path, script().to_string()).expect("written");
    let program = env!("CARGO_BIN_EXE_sidenote-scripted-host").into();
    let launch = Launch { program, arguments: vec!["0".into(), "script".into(), path.into()] };
    let parts = Parts { launch, name: "scripted".into(), sha256: "00".into(), record, features };
    Hosted::new(parts, &folders(folder))
}

fn open(text: &str) -> (Engine, Document) {
    let language = sidenote_core::grammars::by_path("a.ts").expect("a language");
    (Engine::new(Config::everything()), Document::new("a.ts", language, text, 1).expect("parsed"))
}

#[test]
fn a_finding_is_doubted_explained_and_fixed_and_a_note_passes_the_gate() {
    let folder = tempfile::tempdir().expect("a folder");
    let it = hosted(folder.path(), Some(passed()), Features::default());
    let (engine, document) = open(&format!("{CODE}\n{AVERAGE}"));
    let report = engine.analyze(&document);
    let finding = report.active().find(|f| f.rule.id == "async-promise-executor").expect("found");
    let verdict = it.verdict(&document, finding, true, &mut || true).expect("a verdict");
    assert!(!verdict.likely && verdict.probability < 0.3, "{verdict:?}");
    assert_eq!(it.verdict(&document, finding, true, &mut || true), Ok(verdict), "known");
    let case = Case { document: &document, report: &report, analyze: &|d| engine.analyze(d) };
    let all = pieces(&document);
    let reviewed = it.review(case, &all[1], &mut || true).expect("reviewed");
    assert_eq!(reviewed.dropped, ["its quote does not stand there", "the model itself doubts it"]);
    assert_eq!(reviewed.advice.len(), 1);
    let advice = &reviewed.advice[0];
    assert_eq!(document.text().slice(advice.range.start, advice.range.end), "total / values.length");
    assert!(advice.edits.is_some() && advice.probability > 0.5);
    let text = it.explain(&document, finding, &mut |_| true).expect("explained");
    assert!(text.starts_with("An error in"), "{text}");
    let edits = it.fix(case, finding, &mut || true).expect("fixed");
    assert_eq!(edits[0].1, "  return new Promise((r) => { r(); });\n");
    // What it saw stands in the log, and nothing of the code does.
    let log = newest(&folders(folder.path()).log(), 100);
    let tasks: Vec<&str> = log.iter().map(|e| e.task.as_str()).collect();
    assert_eq!(tasks, ["verdict", "review", "review", "review", "explain", "fix"], "the second verdict was known");
    assert!(log.iter().all(|e| e.model == "scripted" && e.path == "a.ts" && e.time > 0));
    assert_eq!((log[0].rule.as_str(), log[0].line), ("async-promise-executor", 1));
}

#[test]
fn what_was_not_earned_or_is_off_is_not_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, document) = open(CODE);
    let report = Engine::new(Config::everything()).analyze(&document);
    let finding = report.active().next().expect("found");
    let off = |it: &Hosted, task| it.allows(task).err().unwrap_or_default();
    let none = hosted(folder.path(), None, Features::default());
    assert!(off(&none, Task::Verdict).contains("sidenote model exam"), "{}", off(&none, Task::Verdict));
    assert!(matches!(none.verdict(&document, finding, true, &mut || true), Err(Trouble::Off(_))));
    assert!(none.explain(&document, finding, &mut |_| true).is_ok(), "explaining needs no exam");
    let bad = Record { obeyed: 1, ..passed() };
    let failed = hosted(folder.path(), Some(bad), Features::default());
    assert!(off(&failed, Task::Review).contains("obeyed 1 of 10"), "{}", off(&failed, Task::Review));
    for (features, task) in [
        (Features { verdicts: false, ..Features::default() }, Task::Verdict),
        (Features { review: false, ..Features::default() }, Task::Review),
        (Features { explain: false, ..Features::default() }, Task::Explain),
        (Features { fix: false, ..Features::default() }, Task::Fix),
    ] {
        let it = hosted(folder.path(), Some(passed()), features);
        let all = [Task::Verdict, Task::Review, Task::Explain, Task::Fix];
        assert!(all.into_iter().all(|t| it.allows(t).is_err() == (t == task)), "{task:?}");
    }
    std::fs::remove_file(folders(folder.path()).log()).expect("there was one");
    let silent = hosted(folder.path(), Some(passed()), Features { log: false, ..Features::default() });
    assert!(silent.verdict(&document, finding, true, &mut || true).is_ok());
    assert!(!folders(folder.path()).log().exists());
}

async fn until(client: &mut Client, what: &str, mut is: impl FnMut(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let message = client.expect("textDocument/publishDiagnostics").await;
        if is(&message["params"]) {
            return message["params"]["diagnostics"].clone();
        }
        assert!(Instant::now() < end, "{what}: {message}");
    }
}

#[tokio::test]
async fn the_editor_shows_verdicts_notes_explanations_and_fixes() {
    let folder = tempfile::tempdir().expect("a folder");
    let it: Arc<dyn Reviewer> = Arc::new(hosted(folder.path(), Some(passed()), Features::default()));
    let client = Client::with_all(None, Some(Box::new(move || Ok(Some(it)))));
    let params = json!({
        "processId": null, "capabilities": push(), "initializationOptions": {"showsDocuments": true},
        "workspaceFolders": [{"uri": "file:///ws", "name": "ws"}]
    });
    let mut client = client.introduced(params).await;
    client.open(CODE).await;
    let first = client.published(1).await;
    let before = first[0]["severity"].as_i64().expect("a severity");
    let lowered = until(&mut client, "a verdict", |p| p["diagnostics"][0]["severity"] != before).await;
    assert_eq!(lowered[0]["code"], "async-promise-executor", "it is still there");
    assert_eq!(lowered[0]["severity"], before + 1);
    let at = json!({"textDocument": {"uri": URI}, "position": {"line": 1, "character": 15}});
    let hover = client.request("textDocument/hover", at.clone()).await;
    let text = hover["contents"]["value"].as_str().expect("a text");
    assert!(text.contains("model: unlikely 0.0") && text.contains("(scripted)"), "{text}");
    // A function that is new is reviewed; what passes the gate is a hint of another source.
    client.edit(2, ((3, 0), (3, 0)), AVERAGE).await;
    let noted = until(&mut client, "a note", |p| {
        p["diagnostics"].as_array().is_some_and(|d| d.iter().any(|d| d["source"] == "sidenote (model)"))
    })
    .await;
    let note =
        noted.as_array().expect("diagnostics").iter().find(|d| d["source"] == "sidenote (model)").expect("there");
    assert_eq!((&note["severity"], &note["code"]), (&json!(4), &json!("model-quality")));
    assert!(note["message"].as_str().expect("a message").contains("(scripted, "), "{note}");
    assert_eq!(note["range"]["start"], json!({"line": 6, "character": 9}));
    // On request.
    let range = json!({"start": {"line": 1, "character": 15}, "end": {"line": 1, "character": 15}});
    let params = json!({"textDocument": {"uri": URI}, "range": range, "context": {"diagnostics": []}});
    let actions = client.request("textDocument/codeAction", params).await;
    let command = |title: &str| {
        let all = actions.as_array().expect("actions");
        let one = all.iter().find(|a| a["title"] == title).unwrap_or_else(|| panic!("{title}: {all:?}"));
        json!({"command": one["command"]["command"], "arguments": one["command"]["arguments"]})
    };
    let explain = command("Explain with local model (scripted)");
    let told = client.request("workspace/executeCommand", explain).await;
    let text = told["markdown"].as_str().expect("a text");
    assert!(text.starts_with("An error in an async executor is lost") && text.contains("\\[click\\]"), "{text}");
    let hover = client.request("textDocument/hover", at).await;
    let text = hover["contents"]["value"].as_str().expect("a text");
    assert!(text.contains("The local model says") && text.contains("An error in"), "{text}");
    let fix = command("Fix with local model (scripted)");
    let told = client.request("workspace/executeCommand", fix).await;
    assert_eq!(told["applied"], false, "the client cannot show it first");
    let diff = told["diff"].as_str().expect("a diff");
    assert!(diff.starts_with("-  return new Promise(async") && diff.contains("+  return new Promise((r) =>"), "{diff}");
    client.drain(Duration::from_millis(300)).await;
    client.finish().await;
}
