use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{BAD, Client, pull, push};

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

async fn start(folders: &[&Path], capabilities: Value) -> Client {
    let folders: Vec<_> = folders.iter().map(|f| json!({"uri": uri(f), "name": "f"})).collect();
    let params = json!({"processId": null, "capabilities": capabilities, "workspaceFolders": folders});
    Client::start_with(params).await
}

async fn open(client: &mut Client, path: &Path) -> usize {
    client.open_as(&uri(path), "typescript", BAD).await;
    count(client).await
}

async fn count(client: &mut Client) -> usize {
    let message = client.expect("textDocument/publishDiagnostics").await;
    message["params"]["diagnostics"].as_array().expect("list").len()
}

fn write(folder: &Path, text: &str) {
    std::fs::write(folder.join("sidenote.toml"), text).expect("write");
}

fn changed(folder: &Path) -> Value {
    json!({"changes": [
        {"uri": uri(&folder.join("other.txt")), "type": 2},
        {"uri": uri(&folder.join("sidenote.toml")), "type": 2}
    ]})
}

#[tokio::test]
async fn each_folder_has_its_own_configuration() {
    let root = tempfile::tempdir().expect("folder");
    let (a, b) = (root.path().join("a"), root.path().join("a/b"));
    std::fs::create_dir_all(&b).expect("folders");
    write(&a, "[rules]\nignore = [\"async-promise-executor\"]\n");
    write(&b, "root = true\n[files]\nexclude = [\"generated/**\"]\n");
    let mut client = start(&[&a, &b], push()).await;
    assert_eq!(open(&mut client, &a.join("x.ts")).await, 0);
    assert_eq!(open(&mut client, &b.join("x.ts")).await, 1);
    assert_eq!(open(&mut client, &b.join("generated/x.ts")).await, 0);
    client.finish().await;
}

#[tokio::test]
async fn a_changed_configuration_is_read_again() {
    let root = tempfile::tempdir().expect("folder");
    let file = root.path().join("x.ts");
    let mut client = start(&[root.path()], push()).await;
    assert_eq!(open(&mut client, &file).await, 1);
    write(root.path(), "[rules]\nignore = [\"quality\"]\n");
    client.notify("workspace/didChangeWatchedFiles", changed(root.path())).await;
    assert_eq!(count(&mut client).await, 0);
    std::fs::remove_file(root.path().join("sidenote.toml")).expect("remove");
    client.notify("workspace/didChangeWatchedFiles", changed(root.path())).await;
    assert_eq!(count(&mut client).await, 1);
    client.finish().await;
}

#[tokio::test]
async fn a_folders_own_configuration_holds_there() {
    let root = tempfile::tempdir().expect("folder");
    write(root.path(), "[rules.severity]\nasync-promise-executor = \"info\"\n");
    let inner = root.path().join("packages/web");
    std::fs::create_dir_all(&inner).expect("folders");
    write(&inner, "[rules]\nignore = [\"async-promise-executor\"]\n");
    let mut client = start(&[root.path()], push()).await;
    assert_eq!(open(&mut client, &root.path().join("x.ts")).await, 1);
    assert_eq!(open(&mut client, &inner.join("y.ts")).await, 0);
    // It builds on what is around it, as a scan has it.
    write(&inner, "[rules.cognitive-complexity]\nthreshold = 3\n");
    client.notify("workspace/didChangeWatchedFiles", changed(&inner)).await;
    let severity = loop {
        let shown = client.expect("textDocument/publishDiagnostics").await;
        let inside = shown["params"]["uri"].as_str().is_some_and(|uri| uri.ends_with("y.ts"));
        if let Some(first) = shown["params"]["diagnostics"].get(0).filter(|_| inside) {
            break first["severity"].clone();
        }
    };
    assert_eq!(severity, 4, "`info`");
    // One that cannot be used is told when a file there is opened; what is around it holds.
    let broken = root.path().join("broken");
    std::fs::create_dir_all(&broken).expect("folders");
    write(&broken, "[rulse]\n");
    let document = uri(&broken.join("z.ts"));
    client.open_as(&document, "typescript", BAD).await;
    let shown = client.expect("window/showMessage").await;
    assert!(shown["params"]["message"].as_str().is_some_and(|m| m.contains("rulse")), "{shown}");
    client.drain(Duration::from_millis(300)).await;
    client.finish().await;
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_shown_once() {
    let root = tempfile::tempdir().expect("folder");
    write(root.path(), "# é😀\n[rules]\nignroe = []\n");
    let mut client = start(&[root.path()], push()).await;
    let shown = client.expect("window/showMessage").await;
    assert_eq!(shown["params"]["type"], 1);
    assert!(shown["params"]["message"].as_str().is_some_and(|m| m.contains("ignroe") && m.contains(":3:1")), "{shown}");
    let config = root.path().join("sidenote.toml");
    let text = std::fs::read_to_string(&config).expect("read");
    client.open_as(&uri(&config), "toml", &text).await;
    let message = client.expect("textDocument/publishDiagnostics").await;
    let found = &message["params"]["diagnostics"];
    assert_eq!(found[0]["range"]["start"], json!({"line": 2, "character": 0}));
    assert_eq!(found[0]["severity"], 1);
    // The same error again is no news, and the default configuration goes on.
    client.notify("workspace/didChangeWatchedFiles", changed(root.path())).await;
    assert_eq!(open(&mut client, &root.path().join("x.ts")).await, 1);
    write(root.path(), "[rules]\nignore = []\n");
    let saved = json!({"textDocument": {"uri": uri(&config)}});
    client.notify("textDocument/didSave", saved).await;
    assert_eq!(count(&mut client).await, 0);
    client.drain(Duration::from_millis(300)).await;
    client.finish().await;
}

#[tokio::test]
async fn a_client_that_asks_is_told_to_ask_again() {
    let root = tempfile::tempdir().expect("folder");
    let file = uri(&root.path().join("x.ts"));
    let mut capabilities = pull();
    capabilities["workspace"]["diagnostics"] = json!({"refreshSupport": true});
    let mut client = start(&[root.path()], capabilities).await;
    client.open_as(&file, "typescript", BAD).await;
    let params = json!({"textDocument": {"uri": file}});
    let first = client.request("textDocument/diagnostic", params.clone()).await;
    assert_eq!(first["items"].as_array().map(Vec::len), Some(1));
    write(root.path(), "[rules]\nignore = [\"quality\"]\n");
    client.notify("workspace/didChangeWatchedFiles", changed(root.path())).await;
    let refresh = client.expect("workspace/diagnostic/refresh").await;
    client.send(json!({"id": refresh["id"], "result": null})).await;
    assert_eq!(client.request("textDocument/diagnostic", params).await["items"], json!([]));
    client.finish().await;
}

const RULE: &str =
    "id: no-console\nlanguage: ts\nmessage: No console here.\nrule: { pattern: console.log($A) }\nfix: log($A)\n";

#[tokio::test]
async fn rules_of_the_workspace_speak_where_it_is_trusted() {
    let root = tempfile::tempdir().expect("folder");
    std::fs::create_dir_all(root.path().join("sidenote/rules")).expect("folders");
    std::fs::write(root.path().join("sidenote/rules/a.yml"), RULE).expect("write");
    write(root.path(), "[rules]\npaths = [\"sidenote/rules/*.yml\"]\n");
    let mut client = start(&[root.path()], push()).await;
    let document = uri(&root.path().join("x.ts"));
    client.open_as(&document, "typescript", "console.log(1);\n").await;
    let shown = client.expect("textDocument/publishDiagnostics").await;
    let found = &shown["params"]["diagnostics"];
    assert_eq!(found[0]["code"], "no-console", "{shown}");
    assert!(found[0]["message"].as_str().is_some_and(|m| m.contains("No console here")), "{shown}");
    let settings = |on: bool| json!({"settings": {"sidenote": {"workspaceRules": on}}});
    client.notify("workspace/didChangeConfiguration", settings(false)).await;
    assert_eq!(count(&mut client).await, 0);
    client.notify("workspace/didChangeConfiguration", settings(true)).await;
    assert_eq!(count(&mut client).await, 1);
    // A rule that is edited is read again.
    std::fs::write(root.path().join("sidenote/rules/a.yml"), RULE.replace("console", "konsole")).expect("write");
    let edited = json!({"changes": [{"uri": uri(&root.path().join("sidenote/rules/a.yml")), "type": 2}]});
    client.notify("workspace/didChangeWatchedFiles", edited).await;
    assert_eq!(count(&mut client).await, 0);
    client.finish().await;
}
