use serde_json::{Value, json};

use crate::client::{BAD, Client, URI, push};

async fn actions(client: &mut Client, only: Option<&str>) -> Vec<Value> {
    let mut context = json!({"diagnostics": []});
    if let Some(only) = only {
        context["only"] = json!([only]);
    }
    let at = json!({"line": 1, "character": 6});
    let params = json!({"textDocument": {"uri": URI}, "range": {"start": at, "end": at}, "context": context});
    let result = client.request("textDocument/codeAction", params).await;
    result.as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_finding_can_be_allowed_with_a_reason() {
    let mut client = Client::start(push()).await;
    client.open(&format!("{{\n  {BAD}}}\n")).await;
    client.published(1).await;
    let found = actions(&mut client, None).await;
    let titles: Vec<&str> = found.iter().filter_map(|a| a["title"].as_str()).collect();
    let rule = "`async-promise-executor`";
    let wanted = [
        format!("Allow {rule} here"),
        format!("Allow {rule} in this file"),
        format!("Dismiss this {rule}: it does not matter here"),
        format!("Explain {rule}"),
    ];
    assert_eq!(titles, wanted);
    assert_eq!(found[2]["command"]["command"], "sidenote.dismiss");
    assert_eq!(found[2]["command"]["arguments"][0]["uri"], URI);
    assert_eq!(found[3]["command"]["command"], "sidenote.explain");
    assert_eq!(found[3]["command"]["arguments"], json!(["async-promise-executor"]));
    assert_eq!(found[0]["kind"], "quickfix");
    assert_eq!(found[0]["diagnostics"][0]["code"], "async-promise-executor");
    let change = &found[0]["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({"uri": URI, "version": 1}));
    let start = json!({"line": 1, "character": 0});
    let text = "  // sidenote: allow(async-promise-executor) -- TODO: say why\n";
    assert_eq!(change["edits"], json!([{"range": {"start": start, "end": start}, "newText": text}]));
    assert!(actions(&mut client, Some("refactor")).await.is_empty());
    client.edit(2, ((1, 0), (1, 0)), text).await;
    assert_eq!(client.published(2).await, json!([]));
    client.finish().await;
}

#[tokio::test]
async fn safe_fixes_are_preferred_and_all_of_them_come_at_once() {
    let mut client = Client::start(push()).await;
    client.open("x;\n// sidenote: allow(async-promise-executor) -- it was needed once\ny;\n").await;
    let found = client.published(1).await;
    assert_eq!(found[0]["code"], "unused-suppression");
    assert_eq!(found[0]["tags"], json!([1]));
    let fixes = actions(&mut client, Some("quickfix")).await;
    assert_eq!(fixes.len(), 2, "{fixes:#?}");
    assert_eq!(fixes[0]["isPreferred"], true);
    assert_eq!(fixes[1]["title"], "Explain `unused-suppression`");
    let all = actions(&mut client, Some("source.fixAll")).await;
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0]["kind"], "source.fixAll.sidenote");
    assert_eq!(all[0]["edit"], fixes[0]["edit"]);
    client.finish().await;
}

#[tokio::test]
async fn all_of_a_rule_can_be_fixed_in_the_file() {
    let mut client = Client::start(push()).await;
    let unused = "// sidenote: allow(async-promise-executor) -- it was needed once\n";
    client.open(&format!("x;\n{unused}y;\n{unused}z;\nconst a = b.map((c) => c.d).flat();\n")).await;
    client.published(1).await;
    let fixes = actions(&mut client, Some("quickfix")).await;
    assert_eq!(fixes.len(), 3, "{fixes:#?}");
    assert_eq!(fixes[1]["title"], "Fix all 2 of `unused-suppression` in this file");
    assert_eq!(fixes[1].get("isPreferred"), None);
    let lines = |action: &Value| -> Vec<Value> {
        let edits = action["edit"]["documentChanges"][0]["edits"].as_array().cloned().unwrap_or_default();
        edits.iter().map(|e| e["range"]["start"]["line"].clone()).collect()
    };
    assert_eq!(lines(&fixes[1]), [1, 3]);
    let all = actions(&mut client, Some("source.fixAll.sidenote")).await;
    assert_eq!(lines(&all[0])[..2], [1, 3], "{all:#?}");
    assert!(lines(&all[0]).contains(&json!(5)), "{all:#?}");
    client.finish().await;
}

#[tokio::test]
async fn hover_tells_of_the_rule() {
    let mut client = Client::start(push()).await;
    client.open(&format!("x;\n{BAD}")).await;
    let at =
        |line, character| json!({"textDocument": {"uri": URI}, "position": {"line": line, "character": character}});
    // The hover needs no diagnostics to have been published.
    let hover = client.request("textDocument/hover", at(1, 5)).await;
    assert_eq!(hover["contents"]["kind"], "markdown");
    let text = hover["contents"]["value"].as_str().expect("text");
    for part in [
        "**async-promise-executor**",
        "CWE-755",
        "What it does",
        "```typescript",
        "`// sidenote: allow(async-promise-executor) -- reason`",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(hover["range"]["start"], json!({"line": 1, "character": 4}));
    assert_eq!(client.request("textDocument/hover", at(0, 0)).await, Value::Null);
    client.published(1).await;
    client.finish().await;
}
