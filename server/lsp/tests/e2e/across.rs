//! Data across files: an edit in one shows in the others that are open.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, push};

const RUN: &str = "import { exec } from 'child_process';\nexport function run(x) {\n  exec('ls ' + x);\n}\n";
const CLEAN: &str = "import { exec } from 'child_process';\nexport function run(x) {\n  exec('ls ' + Number(x));\n}\n";
const APP: &str = "import { run } from './run.js';\nexport function h(req, res) { run(req.query.x); res.end(); }\n";

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// Waits until that many findings are published for a file.
async fn until(client: &mut Client, path: &Path, count: usize) -> Value {
    let wanted = uri(path);
    let wait = async {
        loop {
            let mut message = client.expect("textDocument/publishDiagnostics").await;
            let list = message["params"]["diagnostics"].take();
            if message["params"]["uri"] == wanted.as_str() && list.as_array().map(Vec::len) == Some(count) {
                return list;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("the findings change")
}

#[tokio::test]
async fn edits_in_one_file_show_in_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a path");
    let (app, run) = (root.join("app.js"), root.join("run.js"));
    std::fs::write(&app, APP).expect("write");
    std::fs::write(&run, RUN).expect("write");
    let mut capabilities = push();
    capabilities["textDocument"]["publishDiagnostics"] = json!({"relatedInformation": true});
    let folders = json!([{"uri": uri(&root), "name": "f"}]);
    let params = json!({"processId": null, "capabilities": capabilities, "workspaceFolders": folders});
    let mut client = Client::start_with(params).await;
    // Who calls it is on disk.
    client.open_as(&uri(&run), "javascript", RUN).await;
    // By itself it is a function that anybody may call; then its caller is known.
    loop {
        let found = until(&mut client, &run, 1).await;
        assert_eq!(found[0]["code"], "command-injection");
        let related = found[0]["relatedInformation"].as_array().expect("a way");
        if related.iter().any(|r| r["location"]["uri"] == uri(&app).as_str()) {
            break;
        }
    }
    // The caller's unsaved text wins over the disk.
    client.open_as(&uri(&app), "javascript", APP).await;
    let change = |uri: String, version: i32, text: String| json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]});
    client.notify("textDocument/didChange", change(uri(&app), 2, APP.replace("req.query.x", "'/tmp'"))).await;
    until(&mut client, &run, 0).await;
    client.notify("textDocument/didChange", change(uri(&app), 3, APP.into())).await;
    until(&mut client, &run, 1).await;
    // So does that of what is called.
    client.notify("textDocument/didChange", change(uri(&run), 2, CLEAN.into())).await;
    until(&mut client, &run, 0).await;
    client.notify("textDocument/didChange", change(uri(&run), 3, RUN.into())).await;
    until(&mut client, &run, 1).await;
    // A closed file is what is on disk, and the disk may change.
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri(&app)}})).await;
    std::fs::write(&app, APP.replace("req.query.x", "'/tmp'")).expect("write");
    let changes = json!({"changes": [{"uri": uri(&app), "type": 2}]});
    client.notify("workspace/didChangeWatchedFiles", changes).await;
    until(&mut client, &run, 0).await;
    client.finish().await;
}

/// A client that asks for diagnostics, with two documents open of which one calls the other.
async fn asking(refresh: bool) -> (tempfile::TempDir, Client, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a path");
    let (app, run) = (root.join("app.js"), root.join("run.js"));
    std::fs::write(&app, APP).expect("write");
    std::fs::write(&run, RUN).expect("write");
    let mut capabilities = push();
    capabilities["textDocument"]["diagnostic"] = json!({"relatedDocumentSupport": true});
    if refresh {
        capabilities["workspace"]["diagnostics"] = json!({"refreshSupport": true});
    }
    let folders = json!([{"uri": uri(&root), "name": "f"}]);
    let params = json!({"processId": null, "capabilities": capabilities, "workspaceFolders": folders});
    let mut client = Client::start_with(params).await;
    client.open_as(&uri(&app), "javascript", APP).await;
    client.open_as(&uri(&run), "javascript", RUN).await;
    (folder, client, uri(&app), uri(&run))
}

async fn pull_of(client: &mut Client, uri: &str) -> Value {
    client.request("textDocument/diagnostic", json!({"textDocument": {"uri": uri}})).await
}

/// Asks until the answer is as wanted.
async fn pull_until(client: &mut Client, uri: &str, good: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..200 {
        let answer = pull_of(client, uri).await;
        if good(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{uri} never is as it should be");
}

#[tokio::test]
async fn what_an_edit_changes_elsewhere_is_told_with_the_answer() {
    for refresh in [false, true] {
        let (_folder, mut client, app, run) = asking(refresh).await;
        let of_run = |a: &Value| a["items"].as_array().map(Vec::len) == Some(1);
        // By itself it is a function that anybody may call; then its caller is known, and stands in the way of the data.
        pull_until(&mut client, &run, |a| {
            let way = a["items"][0]["relatedInformation"].as_array();
            of_run(a) && way.is_some_and(|w| w.iter().any(|r| r["location"]["uri"] == app.as_str()))
        })
        .await;
        pull_of(&mut client, &app).await;
        let change = |version: i32, text: String| json!({"textDocument": {"uri": app, "version": version}, "contentChanges": [{"text": text}]});
        for (version, text, count) in [(2, APP.replace("req.query.x", "'/tmp'"), 0), (3, APP.to_owned(), 1)] {
            client.notify("textDocument/didChange", change(version, text)).await;
            let answer = pull_of(&mut client, &app).await;
            let other = &answer["relatedDocuments"][run.as_str()];
            assert_eq!(other["kind"], "full", "{answer}");
            assert_eq!(other["items"].as_array().map(Vec::len), Some(count), "{answer}");
            // It was told: neither again, nor as news.
            let id = other["resultId"].as_str().expect("an id");
            let params = json!({"textDocument": {"uri": run}, "previousResultId": id});
            let again = client.request("textDocument/diagnostic", params).await;
            assert_eq!(again["kind"], "unchanged", "{again}");
            let again = pull_of(&mut client, &app).await;
            assert!(again.get("relatedDocuments").is_none(), "{again}");
        }
        // A document that is gone holds nothing up.
        client.notify("textDocument/didClose", json!({"textDocument": {"uri": run}})).await;
        client.notify("textDocument/didChange", change(4, APP.replace("req.query.x", "'/tmp'"))).await;
        assert!(pull_of(&mut client, &app).await.get("relatedDocuments").is_none());
        client.drain(Duration::from_millis(50)).await;
        client.finish().await;
    }
}
