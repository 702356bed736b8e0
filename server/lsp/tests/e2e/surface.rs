//! Requests beyond diagnostics: lenses, hints, symbols, commands, actions whose edits come later.

use serde_json::{Value, json};

use crate::client::{BAD, Client, URI, push};

fn document() -> Value {
    json!({"uri": URI})
}

fn whole() -> Value {
    json!({"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}})
}

async fn settings(client: &mut Client, settings: Value) {
    client.notify("workspace/didChangeConfiguration", json!({"settings": {"sidenote": settings}})).await;
}

#[tokio::test]
async fn notes_stand_at_the_end_of_lines() {
    let mut client = Client::start(push()).await;
    client.open(&format!("x;\n/* é😀 */ {BAD}\r\nnew Promise(async (r) => {{ await 1; r(); }});")).await;
    client.published(1).await;
    let hints = client.request("textDocument/inlayHint", json!({"textDocument": document(), "range": whole()})).await;
    let at: Vec<&Value> = hints.as_array().expect("hints").iter().map(|h| &h["position"]).collect();
    let length = "/* é😀 */ ".encode_utf16().count() + BAD.len() - 1;
    assert_eq!(at, [&json!({"line": 1, "character": length}), &json!({"line": 3, "character": BAD.len() - 1})]);
    let label = hints[0]["label"].as_str().expect("a label");
    assert!(label.ends_with(" async-promise-executor"), "{label}");
    assert_eq!(hints[0]["tooltip"]["kind"], "markdown");
    settings(&mut client, json!({"inlayHints": {"mode": "full"}})).await;
    let full = client.request("textDocument/inlayHint", json!({"textDocument": document(), "range": whole()})).await;
    let label = full[0]["label"].as_str().expect("a label").to_owned();
    assert!(label.len() > 30 && !label.contains("async-promise-executor"), "{label}");
    for off in [json!({"inlayHints": {"mode": "off"}}), json!({"inlayHints": {"categories": ["security"]}})] {
        settings(&mut client, off).await;
        let none =
            client.request("textDocument/inlayHint", json!({"textDocument": document(), "range": whole()})).await;
        assert_eq!(none, json!([]));
    }
    client.drain(std::time::Duration::from_millis(200)).await;
    client.finish().await;
}

#[tokio::test]
async fn lenses_tell_of_health_and_complexity() {
    let mut client = Client::start(push()).await;
    let hard = "function hard(a) {\n  if (a) { for (;;) { if (a) { while (a) { if (a) { a--; } } } } }\n}\n";
    client.open(&format!("{BAD}{hard}")).await;
    client.published(1).await;
    let lenses = client.request("textDocument/codeLens", json!({"textDocument": document()})).await;
    let titles: Vec<&str> =
        lenses.as_array().expect("lenses").iter().filter_map(|l| l["command"]["title"].as_str()).collect();
    assert_eq!(titles.len(), 2, "{lenses:#?}");
    assert!(titles[0].starts_with("Sidenote: health ") && titles[0].ends_with("/100, 1 finding"), "{titles:?}");
    assert_eq!(titles[1], "complexity 15");
    assert_eq!(lenses[1]["range"]["start"], json!({"line": 1, "character": 9}));
    // Each increment with its place.
    let at = |line, character| json!({"textDocument": document(), "position": {"line": line, "character": character}});
    let hover = client.request("textDocument/hover", at(1, 10)).await;
    let told = hover["contents"]["value"].as_str().expect("text");
    assert!(told.contains("cognitive complexity 15"), "{told}");
    for increment in [": +1\n", "+2 (1 for nesting)", "+3 (2 for nesting)", "+4 (3 for nesting)", "+5 (4 for nesting)"]
    {
        assert!(told.contains(increment), "{increment} in {told}");
    }
    assert!(told.contains("line 3"), "{told}");
    assert_eq!(hover["range"]["start"], json!({"line": 1, "character": 9}));
    assert_eq!(client.request("textDocument/hover", at(2, 20)).await, json!(null));
    settings(&mut client, json!({"codeLens": {"health": false, "complexity": 0}})).await;
    let none = client.request("textDocument/codeLens", json!({"textDocument": document()})).await;
    assert_eq!(none, json!([]));
    client.drain(std::time::Duration::from_millis(200)).await;
    client.finish().await;
}

#[tokio::test]
async fn symbols_are_a_tree_where_the_client_can_show_one() {
    let text = "class A { m() {} }\nfunction f() {}\n";
    let mut capabilities = push();
    capabilities["textDocument"]["documentSymbol"] = json!({"hierarchicalDocumentSymbolSupport": true});
    let mut client = Client::start(capabilities).await;
    client.open(text).await;
    client.published(1).await;
    let tree = client.request("textDocument/documentSymbol", json!({"textDocument": document()})).await;
    assert_eq!(tree.as_array().map(Vec::len), Some(2), "{tree:#?}");
    assert_eq!((&tree[0]["name"], &tree[0]["kind"]), (&json!("A"), &json!(5)));
    assert_eq!((&tree[0]["children"][0]["name"], &tree[0]["children"][0]["kind"]), (&json!("m"), &json!(6)));
    assert_eq!(tree[1]["selectionRange"]["start"], json!({"line": 1, "character": 9}));
    client.finish().await;

    let mut client = Client::start(push()).await;
    client.open(text).await;
    client.published(1).await;
    let flat = client.request("textDocument/documentSymbol", json!({"textDocument": document()})).await;
    let names: Vec<_> =
        flat.as_array().expect("symbols").iter().map(|s| json!([s["name"], s["containerName"]])).collect();
    assert_eq!(names, [json!(["A", null]), json!(["m", "A"]), json!(["f", null])]);
    client.finish().await;
}

#[tokio::test]
async fn edits_are_made_when_they_are_chosen() {
    let mut capabilities = push();
    capabilities["textDocument"]["codeAction"]["resolveSupport"] = json!({"properties": ["edit"]});
    capabilities["textDocument"]["codeAction"]["dataSupport"] = json!(true);
    let mut client = Client::start(capabilities).await;
    let unused = "// sidenote: allow(async-promise-executor) -- it was needed once\nx;\n";
    client.open(&unused.repeat(2)).await;
    client.published(1).await;
    let at = json!({"line": 0, "character": 3});
    let ask = json!({"textDocument": document(), "range": {"start": at, "end": at}, "context": {"diagnostics": []}});
    let found = client.request("textDocument/codeAction", ask).await;
    let titled = |title: &str| {
        let all = found.as_array().expect("actions").iter();
        all.clone().find(|a| a["title"] == title).unwrap_or_else(|| panic!("no {title} in {found:#?}")).clone()
    };
    let rule = titled("Fix all 2 of `unused-suppression` in this file");
    assert!(rule.get("edit").is_none() && rule.get("data").is_some(), "{rule}");
    let resolved = client.request("codeAction/resolve", rule.clone()).await;
    assert_eq!(resolved["edit"]["documentChanges"][0]["edits"].as_array().map(Vec::len), Some(2), "{resolved:#?}");
    let one = client.request("codeAction/resolve", titled("Remove the suppression")).await;
    assert_eq!(one["edit"]["documentChanges"][0]["edits"].as_array().map(Vec::len), Some(1), "{one:#?}");
    client.edit(2, ((1, 0), (1, 0)), "y").await;
    client.published(2).await;
    let late = client.ask("codeAction/resolve", rule).await;
    assert_eq!(client.answer(late).await["error"]["code"], -32801);
    client.finish().await;
}

#[tokio::test]
async fn commands_are_answered() {
    let mut client = Client::start(push()).await;
    let run = |command: &str, arguments: Value| json!({"command": command, "arguments": arguments});
    let page = client.request("workspace/executeCommand", run("sidenote.explain", json!(["redos"]))).await;
    assert_eq!(page["rule"], "redos");
    assert!(page["markdown"].as_str().is_some_and(|t| t.starts_with("# redos\n")), "{page}");
    // This client has no window for a page.
    let shown = client.expect("window/showMessage").await;
    assert!(shown["params"]["message"].as_str().is_some_and(|t| t.starts_with("redos: ")), "{shown}");
    for (command, arguments) in
        [("sidenote.explain", json!(["redoss"])), ("sidenote.none", json!([])), ("sidenote.fixAll", json!([3]))]
    {
        let id = client.ask("workspace/executeCommand", run(command, arguments)).await;
        assert_eq!(client.answer(id).await["error"]["code"], -32602);
    }
    client.open("// sidenote: allow(redos) -- it was needed once\nx;\n").await;
    client.published(1).await;
    let fix = client.ask("workspace/executeCommand", run("sidenote.fixAll", json!([URI]))).await;
    let apply = client.expect("workspace/applyEdit").await;
    assert_eq!(apply["params"]["edit"]["documentChanges"][0]["edits"].as_array().map(Vec::len), Some(1), "{apply}");
    client.send(json!({"id": apply["id"], "result": {"applied": true}})).await;
    assert_eq!(client.answer(fix).await["result"], json!({"applied": true}));
    client.finish().await;
}
