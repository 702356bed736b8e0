use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sidenote_core::config::Config;
use sidenote_core::document::Document;
use sidenote_core::engine::Engine;
use sidenote_core::grammars;
use sidenote_core::text::{Encoding, LineColumn, Text};

use crate::client::{BAD, Client, URI, pull, push};

/// Numbers that look random.
fn numbers(seed: u64) -> impl FnMut(u32) -> u32 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as u32) % below
    }
}

const PIECES: [&str; 12] = [
    "new Promise(async (r) => { await 1; r(); });\n",
    "function f() { return 'é😀'; }\n",
    "// sidenote: allow(async-promise-executor) -- a good reason\n",
    "x",
    "\r\n",
    "{",
    "}",
    "'",
    "`",
    "😀",
    "",
    "async ",
];

/// A thousand edits, sent without waiting for anything: the last diagnostics are those of the final text.
async fn a_thousand_edits(capabilities: Value, seed: u64) {
    let mut next = numbers(seed);
    let start: String = (0..40).map(|i| format!("function f{i}() {{\n  {BAD}}}\n")).collect();
    let language = grammars::by_name("typescript").expect("language");
    let mut mirror = Text::new(&start);
    let pulls = capabilities["textDocument"].get("diagnostic").is_some();
    let mut client = Client::start(capabilities).await;
    client.open(&start).await;
    let mut asked = Vec::new();
    for version in 2..=1001 {
        let (line, column) = (next(90), next(20));
        let end = if next(4) == 0 { (line + next(2), column + next(9)) } else { (line, column) };
        let text = PIECES[next(PIECES.len() as u32) as usize];
        client.edit(version, ((line, column), end), text).await;
        let at = |(line, column)| LineColumn { line, column };
        let at = |position| mirror.offset(at(position), Encoding::Utf16);
        let (from, to) = (at((line, column)), at(end));
        mirror.replace(from, to, text).expect("an edit");
        if pulls && version % 50 == 0 {
            asked.push(client.ask("textDocument/diagnostic", json!({"textDocument": {"uri": URI}})).await);
        }
    }
    for id in asked {
        assert_eq!(client.answer(id).await["result"]["kind"], "full");
    }
    let fresh = Document::new("a.ts", language, &mirror.to_string(), 1).expect("parse");
    let report = Engine::new(Config::default()).analyze(&fresh);
    let expected: Vec<Value> = report
        .active()
        .map(|f| {
            let at = |offset| {
                let LineColumn { line, column } = fresh.text().position(offset, Encoding::Utf16);
                json!({"line": line, "character": column})
            };
            json!([f.rule.id, {"start": at(f.range.start), "end": at(f.range.end)}])
        })
        .collect();
    assert!(!expected.is_empty());
    let shape = |found: &Value| -> Vec<Value> {
        found.as_array().expect("list").iter().map(|d| json!([d["code"], d["range"]])).collect()
    };
    // When the typing rests, the tree is parsed from scratch, which may change what is found in broken code.
    let mut found = if pulls { client.pull(None).await["items"].take() } else { client.published(1001).await };
    let patience = Instant::now() + Duration::from_secs(10);
    while shape(&found) != expected && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let more = client.drain(Duration::from_millis(50)).await;
        if pulls {
            found = client.pull(None).await["items"].take();
        } else if let Some(last) = more.iter().rfind(|m| m["params"]["version"] == 1001) {
            found = last["params"]["diagnostics"].clone();
        }
    }
    assert_eq!(shape(&found), expected);
    client.drain(Duration::from_millis(200)).await;
    client.finish().await;
}

#[tokio::test]
async fn a_thousand_edits_pushed() {
    for seed in 0..2 {
        a_thousand_edits(push(), seed).await;
    }
}

#[tokio::test]
async fn a_thousand_edits_pulled() {
    for seed in 10..12 {
        a_thousand_edits(pull(), seed).await;
    }
}

#[tokio::test]
async fn every_request_is_answered_once_cancelled_or_not() {
    let mut client = Client::start(pull()).await;
    client.open(&BAD.repeat(300)).await;
    let mut asked = Vec::new();
    for round in 0..60 {
        client.edit(round + 2, ((0, 0), (0, 0)), "x;").await;
        let document = json!({"uri": URI});
        let at = json!({"line": 0, "character": 0});
        let range = json!({"start": at, "end": {"line": 9, "character": 0}});
        asked.push(client.ask("textDocument/diagnostic", json!({"textDocument": document})).await);
        asked.push(client.ask("textDocument/hover", json!({"textDocument": document, "position": at})).await);
        let params = json!({"textDocument": document, "range": range, "context": {"diagnostics": []}});
        asked.push(client.ask("textDocument/codeAction", params).await);
        for id in asked.iter().rev().take(2) {
            client.send(json!({"method": "$/cancelRequest", "params": {"id": id}})).await;
        }
    }
    let mut answers: HashMap<i64, usize> = HashMap::new();
    for id in &asked {
        let answer = client.answer(*id).await;
        let cancelled = answer["error"]["code"] == -32800;
        assert!(cancelled || answer.get("result").is_some(), "{answer}");
        *answers.entry(*id).or_default() += 1;
    }
    let second = client.drain(Duration::from_millis(300)).await;
    assert!(second.is_empty(), "answered twice: {second:?}");
    client.finish().await;
}

#[tokio::test]
async fn a_cancelled_request_is_answered_at_once() {
    let mut client = Client::start(pull()).await;
    // Large enough that its first analysis takes a while.
    let large: String = (0..3000).map(|i| format!("function f{i}() {{\n  {BAD}}}\n")).collect();
    client.open(&large).await;
    let start = Instant::now();
    let id = client.ask("textDocument/diagnostic", json!({"textDocument": {"uri": URI}})).await;
    client.send(json!({"method": "$/cancelRequest", "params": {"id": id}})).await;
    let answer = client.answer(id).await;
    assert_eq!(answer["error"]["code"], -32800, "{:?} after {:?}", answer["error"], start.elapsed());
    assert_eq!(client.pull(None).await["items"].as_array().map(Vec::len), Some(3000));
    client.finish().await;
}
