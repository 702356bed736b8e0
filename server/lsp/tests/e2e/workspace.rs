//! Files that are not open.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{BAD, Client, pull, push};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("folder");
    fs::create_dir_all(folder.path().join("src")).expect("folder");
    fs::create_dir_all(folder.path().join("node_modules/x")).expect("folder");
    fs::write(folder.path().join("src/bad.ts"), BAD).expect("file");
    fs::write(folder.path().join("src/good.ts"), "export function wellMade() {}\n").expect("file");
    fs::write(folder.path().join("node_modules/x/index.js"), BAD).expect("file");
    folder
}

fn uri(folder: &Path, file: &str) -> String {
    format!("file://{}", folder.join(file).display())
}

async fn start(folder: &Path, capabilities: Value, options: Value) -> Client {
    Client::start_with(json!({
        "processId": null,
        "capabilities": capabilities,
        "initializationOptions": options,
        "workspaceFolders": [{"uri": format!("file://{}", folder.display()), "name": "ws"}]
    }))
    .await
}

fn command(name: &str) -> Value {
    json!({"command": name, "arguments": []})
}

#[tokio::test]
async fn a_scan_shows_what_is_not_open_and_follows_the_disk() {
    let folder = folder();
    let mut client = start(folder.path(), push(), json!({"showsDocuments": true})).await;
    let sum = client.request("workspace/executeCommand", command("sidenote.scanWorkspace")).await;
    assert_eq!((&sum["files"], &sum["findings"]), (&json!(2), &json!(1)), "{sum}");
    let shown = client.expect("textDocument/publishDiagnostics").await;
    let bad = uri(folder.path(), "src/bad.ts");
    assert_eq!(shown["params"]["uri"], bad);
    assert_eq!(shown["params"]["diagnostics"].as_array().map(Vec::len), Some(1));
    let report = client.request("workspace/executeCommand", command("sidenote.report")).await;
    assert!(report["markdown"].as_str().is_some_and(|t| t.contains("| src/bad.ts | 1 |")), "{report}");

    // Open, the text of the editor counts; closed, that of the disk.
    client.open_as(&bad, "typescript", "nothing;\n").await;
    let opened = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!((&opened["params"]["uri"], &opened["params"]["diagnostics"]), (&json!(bad), &json!([])));
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": bad}})).await;
    let closed = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(closed["params"]["diagnostics"].as_array().map(Vec::len), Some(1), "{closed}");

    // Thousands of events are one piece of work.
    fs::write(folder.path().join("src/bad.ts"), "mended;\n").expect("file");
    fs::write(folder.path().join("src/good.ts"), BAD.repeat(3)).expect("file");
    let names = ["src/bad.ts", "src/good.ts", "src/gone.ts", "node_modules/x/index.js", "a.txt"];
    let changes: Vec<Value> = (0..3000).map(|i| json!({"uri": uri(folder.path(), names[i % 5]), "type": 2})).collect();
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": changes })).await;
    let mut counts = Vec::new();
    for _ in 0..2 {
        let told = client.expect("textDocument/publishDiagnostics").await;
        counts.push((told["params"]["uri"].clone(), told["params"]["diagnostics"].as_array().map(Vec::len)));
    }
    counts.sort_by_key(|c| c.0.to_string());
    let expected = [(json!(bad), Some(0)), (json!(uri(folder.path(), "src/good.ts")), Some(3))];
    assert_eq!(counts, expected);
    fs::remove_file(folder.path().join("src/good.ts")).expect("file");
    let deleted = json!({"files": [{"uri": uri(folder.path(), "src/good.ts")}]});
    client.notify("workspace/didDeleteFiles", deleted).await;
    let told = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(told["params"]["diagnostics"], json!([]));
    client.finish().await;
}

#[tokio::test]
async fn the_workspace_is_asked_for_and_the_answer_waits_for_news() {
    let folder = folder();
    let options = json!({"diagnostics": {"scope": "workspace"}});
    let mut client = start(folder.path(), pull(), options).await;
    let ask = json!({"previousResultIds": [], "partialResultToken": "part"});
    let id = client.ask("workspace/diagnostic", ask).await;
    let part = client.expect("$/progress").await;
    assert_eq!(part["params"]["token"], "part");
    let item = part["params"]["value"]["items"][0].clone();
    assert_eq!((&item["uri"], &item["kind"]), (&json!(uri(folder.path(), "src/bad.ts")), &json!("full")));
    assert_eq!(client.answer(id).await["result"], json!({"items": []}));

    let known = json!([{"uri": item["uri"], "value": item["resultId"]}]);
    let held = client.ask("workspace/diagnostic", json!({ "previousResultIds": known })).await;
    let unread = client.drain(Duration::from_millis(300)).await;
    assert!(unread.is_empty(), "{unread:?}");
    fs::write(folder.path().join("src/bad.ts"), BAD.repeat(2)).expect("file");
    let change = json!({"uri": item["uri"], "type": 2});
    client.notify("workspace/didChangeWatchedFiles", json!({"changes": [change]})).await;
    let news = client.answer(held).await;
    assert_eq!(news["result"]["items"][0]["items"].as_array().map(Vec::len), Some(2), "{news}");

    let known = json!([{"uri": item["uri"], "value": news["result"]["items"][0]["resultId"]}]);
    let held = client.ask("workspace/diagnostic", json!({ "previousResultIds": known })).await;
    client.drain(Duration::from_millis(50)).await;
    let start = Instant::now();
    client.send(json!({"method": "$/cancelRequest", "params": {"id": held}})).await;
    assert_eq!(client.answer(held).await["error"]["code"], -32800);
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    client.finish().await;
}

#[tokio::test]
async fn symbols_of_the_workspace_are_found_by_name() {
    let folder = folder();
    let mut client = start(folder.path(), push(), json!({})).await;
    let found = client.request("workspace/symbol", json!({"query": "WELL"})).await;
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found:#?}");
    assert_eq!(found[0]["name"], "wellMade");
    assert_eq!(found[0]["location"]["uri"], uri(folder.path(), "src/good.ts"));
    // To look for a name shows no findings.
    let unread = client.drain(Duration::from_millis(200)).await;
    assert!(unread.is_empty(), "{unread:?}");
    client.finish().await;
}

#[tokio::test]
async fn work_in_the_background_is_shown() {
    let folder = folder();
    for n in 0..200 {
        fs::write(folder.path().join(format!("src/f{n}.ts")), BAD.repeat(30)).expect("file");
    }
    let mut capabilities = push();
    capabilities["window"] = json!({"workDoneProgress": true});
    let mut client = start(folder.path(), capabilities, json!({"showsDocuments": true})).await;
    let scan = client.ask("workspace/executeCommand", command("sidenote.scanWorkspace")).await;
    let create = client.expect("window/workDoneProgress/create").await;
    client.send(json!({"id": create["id"], "result": null})).await;
    let begin = client.expect("$/progress").await;
    assert_eq!(begin["params"]["token"], create["params"]["token"]);
    assert_eq!(begin["params"]["value"]["kind"], "begin");
    let mut kind = Value::Null;
    while kind != "end" {
        kind = client.expect("$/progress").await["params"]["value"]["kind"].clone();
        assert!(kind == "report" || kind == "end", "{kind}");
    }
    let sum = client.answer(scan).await;
    assert_eq!(sum["result"]["findings"], 200 * 30 + 1, "{sum}");
    client.drain(Duration::from_millis(100)).await;
    client.finish().await;
}

#[tokio::test]
async fn what_was_found_follows_a_file_that_moves() {
    let folder = folder();
    let mut client = start(folder.path(), push(), json!({"showsDocuments": true})).await;
    client.request("workspace/executeCommand", command("sidenote.scanWorkspace")).await;
    let (old, new) = (uri(folder.path(), "src/bad.ts"), uri(folder.path(), "lib/moved.ts"));
    assert_eq!(client.expect("textDocument/publishDiagnostics").await["params"]["uri"], old);
    // Not open: the old name is silent, the new one speaks.
    fs::create_dir_all(folder.path().join("lib")).expect("folder");
    fs::rename(folder.path().join("src/bad.ts"), folder.path().join("lib/moved.ts")).expect("moved");
    client.notify("workspace/didRenameFiles", json!({"files": [{"oldUri": old, "newUri": new}]})).await;
    let mut counts = Vec::new();
    for _ in 0..2 {
        let told = client.expect("textDocument/publishDiagnostics").await;
        counts.push((told["params"]["uri"].clone(), told["params"]["diagnostics"].as_array().map(Vec::len)));
    }
    counts.sort_by_key(|c| c.1);
    assert_eq!(counts, [(json!(old), Some(0)), (json!(new), Some(1))]);
    // Open: an editor closes the old name and opens the new one, before or after it tells of the move.
    client.open_as(&new, "typescript", BAD).await;
    client.expect("textDocument/publishDiagnostics").await;
    let back = uri(folder.path(), "src/again.ts");
    fs::rename(folder.path().join("lib/moved.ts"), folder.path().join("src/again.ts")).expect("moved");
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": new}})).await;
    client.open_as(&back, "typescript", BAD).await;
    client.notify("workspace/didRenameFiles", json!({"files": [{"oldUri": new, "newUri": back}]})).await;
    let mut last = std::collections::HashMap::new();
    let end = Instant::now() + Duration::from_secs(20);
    while last.get(&new) != Some(&0) || last.get(&back) != Some(&1) {
        assert!(Instant::now() < end, "{last:?}");
        let told = client.expect("textDocument/publishDiagnostics").await;
        let count = told["params"]["diagnostics"].as_array().map_or(0, Vec::len);
        last.insert(told["params"]["uri"].as_str().unwrap_or_default().to_owned(), count);
    }
    client.drain(Duration::from_millis(100)).await;
    client.finish().await;
}
