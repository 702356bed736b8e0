use std::time::Duration;

use serde_json::json;

use crate::client::{BAD, Client, URI, pull, push};

#[tokio::test]
async fn findings_appear_and_vanish_while_typing() {
    let mut client = Client::start(push()).await;
    client.open("'é😀';\r\nnew Promise((r) => { r(); });\r\n").await;
    assert_eq!(client.published(1).await, json!([]));
    client.edit(2, ((1, 12), (1, 12)), "async ").await;
    let found = client.published(2).await;
    assert_eq!(found[0]["code"], "async-promise-executor");
    assert_eq!(found[0]["source"], "sidenote");
    assert_eq!(found[0]["severity"], 1);
    assert_eq!(found[0]["range"], json!({"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 11}}));
    // Behind the surrogate pair, on the line before.
    client.edit(3, ((0, 3), (0, 4)), "\n\n").await;
    assert_eq!(client.published(3).await[0]["range"]["start"], json!({"line": 3, "character": 4}));
    client.edit(4, ((3, 12), (3, 18)), "").await;
    assert_eq!(client.published(4).await, json!([]));
    client.finish().await;
}

#[tokio::test]
async fn closing_clears_and_opening_again_starts_afresh() {
    let mut client = Client::start(push()).await;
    client.open(BAD).await;
    assert_eq!(client.published(1).await.as_array().map(Vec::len), Some(1));
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": URI}})).await;
    let cleared = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(cleared["params"], json!({"uri": URI, "diagnostics": []}));
    client.edit(2, ((0, 0), (0, 3)), "").await;
    client.open("x;\n").await;
    assert_eq!(client.published(1).await, json!([]));
    client.finish().await;
}

#[tokio::test]
async fn each_version_is_published_once() {
    let mut capabilities = push();
    capabilities["textDocument"]["publishDiagnostics"] = json!({});
    let mut client = Client::start(capabilities).await;
    client.open(BAD).await;
    assert_eq!(client.published(1).await[0]["range"]["start"]["line"], 0);
    client.edit(2, ((1, 0), (1, 0)), "x;").await;
    assert_eq!(client.published(2).await[0]["range"]["start"]["line"], 0);
    client.edit(3, ((0, 0), (0, 0)), "\n").await;
    assert_eq!(client.published(3).await[0]["range"]["start"]["line"], 1);
    // The document is looked at again when it rests, and nothing new is found.
    assert!(client.drain(Duration::from_millis(1500)).await.is_empty());
    client.finish().await;
}

#[tokio::test]
async fn other_files_are_left_alone() {
    let mut client = Client::start(push()).await;
    client.open_as("file:///ws/README.md", "markdown", BAD).await;
    client.open_as("vscode-notebook-cell:/ws/a.ipynb#1", "javascript", BAD).await;
    assert!(client.drain(Duration::from_millis(300)).await.is_empty());
    client.open_as("untitled:Untitled-1", "typescriptreact", BAD).await;
    let published = client.expect("textDocument/publishDiagnostics").await;
    assert_eq!(published["params"]["diagnostics"].as_array().map(Vec::len), Some(1));
    client.finish().await;
}

#[tokio::test]
async fn what_is_not_analysed_is_said() {
    let mut client = Client::start(push()).await;
    let large = "// a line of a large file\n".repeat(5 * 1024 * 1024 / 26 + 2);
    client.open(&large).await;
    let said = client.published(1).await;
    assert_eq!(said[0]["severity"], 3);
    assert!(said[0]["message"].as_str().is_some_and(|m| m.contains("larger than 5 MB")), "{said}");
    // Once it is small again it is analysed, when the typing rests.
    client.edit(2, ((0, 0), (300_000, 0)), BAD).await;
    let said = client.published(2).await;
    assert!(said[0]["message"].as_str().is_some_and(|m| m.contains("larger than 5 MB")), "{said}");
    assert_eq!(client.published(2).await[0]["code"], "async-promise-executor");
    client.finish().await;
}

#[tokio::test]
async fn pulled_diagnostics_are_named_and_not_sent_twice() {
    let mut client = Client::start(pull()).await;
    client.open(BAD).await;
    let first = client.pull(None).await;
    assert_eq!(first["kind"], "full");
    assert_eq!(first["items"].as_array().map(Vec::len), Some(1));
    let id = first["resultId"].as_str().expect("an id");
    let second = client.pull(Some(id)).await;
    assert_eq!(second, json!({"kind": "unchanged", "resultId": id}));
    // An edit that changes no diagnostic.
    client.edit(2, ((1, 0), (1, 0)), "x;").await;
    assert_eq!(client.pull(Some(id)).await["kind"], "unchanged");
    client.edit(3, ((0, 0), (0, 0)), "\n").await;
    let moved = client.pull(Some(id)).await;
    assert_eq!(moved["kind"], "full");
    assert_eq!(moved["items"][0]["range"]["start"]["line"], 1);
    assert_ne!(moved["resultId"], id);
    client.finish().await;
}

#[tokio::test]
async fn files_that_are_not_open_have_no_diagnostics() {
    let mut client = Client::start(pull()).await;
    assert_eq!(client.pull(None).await, json!({"kind": "full", "items": []}));
    client.open_as("file:///ws/README.md", "markdown", BAD).await;
    let params = json!({"textDocument": {"uri": "file:///ws/README.md"}});
    assert_eq!(client.request("textDocument/diagnostic", params).await["items"], json!([]));
    client.finish().await;
}

#[tokio::test]
async fn folders_come_and_go() {
    let mut client = Client::start(push()).await;
    client.open(BAD).await;
    client.published(1).await;
    let folder = json!([{"uri": "file:///ws", "name": "ws"}]);
    let event = json!({"event": {"added": [], "removed": folder}});
    client.notify("workspace/didChangeWorkspaceFolders", event).await;
    client.edit(2, ((0, 0), (0, 0)), "\n").await;
    assert_eq!(client.published(2).await[0]["range"]["start"]["line"], 1);
    let event = json!({"event": {"added": folder, "removed": []}});
    client.notify("workspace/didChangeWorkspaceFolders", event).await;
    client.edit(3, ((0, 0), (1, 0)), "").await;
    assert_eq!(client.published(3).await[0]["range"]["start"]["line"], 0);
    client.finish().await;
}
