use serde_json::{Value, json};

use crate::client::{BAD, Client, pull, push};

#[tokio::test]
async fn the_encoding_is_one_that_the_client_offers() {
    for (offered, chosen) in [
        (json!(["utf-16", "utf-8"]), "utf-8"),
        (json!(["utf-32", "utf-16"]), "utf-16"),
        (json!(["utf-32"]), "utf-32"),
        (Value::Null, "utf-16"),
    ] {
        let mut client = Client::new();
        let mut capabilities = push();
        capabilities["general"] = json!({ "positionEncodings": offered });
        let result = client.request("initialize", json!({"processId": null, "capabilities": capabilities})).await;
        assert_eq!(result["capabilities"]["positionEncoding"], chosen);
        client.notify("initialized", json!({})).await;
        client.open(&format!("'é😀'; {BAD}")).await;
        let column = |at: &str| match at {
            "utf-8" => 14,
            "utf-16" => 11,
            _ => 10,
        };
        assert_eq!(client.published(1).await[0]["range"]["start"]["character"], column(chosen));
        client.finish().await;
    }
}

#[tokio::test]
async fn without_shutdown_the_exit_code_is_1() {
    assert_eq!(Client::start(push()).await.hang_up().await, 1);
    let mut client = Client::start(push()).await;
    client.notify("exit", Value::Null).await;
    assert_eq!(client.hang_up().await, 1);
}

#[tokio::test]
async fn after_shutdown_the_end_of_the_input_is_an_orderly_end() {
    let mut client = Client::start(push()).await;
    client.request("shutdown", Value::Null).await;
    let late = client
        .ask(
            "textDocument/hover",
            json!({"textDocument": {"uri": "file:///x"}, "position": {"line": 0, "character": 0}}),
        )
        .await;
    assert_eq!(client.answer(late).await["error"]["code"], -32600);
    assert_eq!(client.hang_up().await, 0);
}

#[tokio::test]
async fn requests_before_initialize_are_refused() {
    let mut client = Client::new();
    let early = client.ask("textDocument/diagnostic", json!({"textDocument": {"uri": "file:///x"}})).await;
    assert_eq!(client.answer(early).await["error"]["code"], -32002);
    client.request("initialize", json!({"processId": null, "capabilities": {}})).await;
    client.notify("initialized", json!({})).await;
    let unknown = client.ask("sidenote/none", json!({})).await;
    assert_eq!(client.answer(unknown).await["error"]["code"], -32601);
    client.notify("$/unknown", json!({})).await;
    client.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_server_dies_with_its_client() {
    let mut parent = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
    let client = Client::start_with(json!({"processId": parent.id(), "capabilities": push()})).await;
    parent.kill().expect("kill");
    parent.wait().expect("wait");
    assert_eq!(client.ends_by_itself().await, 1);
}

#[tokio::test]
async fn what_can_be_watched_is_registered_and_settings_are_asked_for() {
    let mut capabilities = pull();
    capabilities["workspace"]["configuration"] = true.into();
    capabilities["workspace"]["didChangeConfiguration"] = json!({"dynamicRegistration": true});
    capabilities["workspace"]["didChangeWatchedFiles"] = json!({"dynamicRegistration": true});
    capabilities["workspace"]["diagnostics"] = json!({"refreshSupport": true});
    let mut client = Client::start(capabilities).await;
    let registration = client.expect("client/registerCapability").await;
    let registrations = &registration["params"]["registrations"];
    let methods: Vec<_> = registrations.as_array().expect("list").iter().map(|r| r["method"].as_str()).collect();
    assert_eq!(methods, [Some("workspace/didChangeConfiguration"), Some("workspace/didChangeWatchedFiles")]);
    client.send(json!({"id": registration["id"], "result": null})).await;
    let asked = client.expect("workspace/configuration").await;
    assert_eq!(asked["params"]["items"], json!([{"section": "sidenote"}]));
    client.open(BAD).await;
    // The settings are still on their way: nothing waits for them.
    assert_eq!(client.pull(None).await["items"].as_array().map(Vec::len), Some(1));
    client.send(json!({"id": asked["id"], "result": [{"enable": false}]})).await;
    let refresh = client.expect("workspace/diagnostic/refresh").await;
    client.send(json!({"id": refresh["id"], "result": null})).await;
    assert_eq!(client.pull(None).await["items"], json!([]));
    client.finish().await;
}

#[tokio::test]
async fn settings_are_also_taken_from_the_notification() {
    let mut client = Client::start(push()).await;
    client.open(BAD).await;
    assert_eq!(client.published(1).await.as_array().map(Vec::len), Some(1));
    client.notify("workspace/didChangeConfiguration", json!({"settings": {"sidenote": {"enable": false}}})).await;
    assert_eq!(client.published(1).await, json!([]));
    client.notify("workspace/didChangeConfiguration", json!({"settings": {"sidenote": {"enable": true}}})).await;
    assert_eq!(client.published(1).await.as_array().map(Vec::len), Some(1));
    client.finish().await;
}

#[tokio::test]
async fn a_trace_is_sent_where_it_is_asked_for() {
    let mut client = Client::start(push()).await;
    client.notify("$/setTrace", json!({"value": "messages"})).await;
    client.open(BAD).await;
    client.published(1).await;
    let trace = client.expect("$/logTrace").await;
    assert!(trace["params"]["message"].as_str().is_some_and(|m| m.contains("/ws/a.ts version 1: 1 diagnostics")));
    // Another may come: on a busy machine data flow follows the first look.
    client.finish_past("$/logTrace").await;
}
