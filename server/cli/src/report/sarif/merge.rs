//! Puts the logs of a scan's shards together: what comes out is, byte for byte, the log of one scan.

use std::collections::BTreeMap;

use serde_json::Value;
use sidenote_core::findings::{Confidence, Severity};
use sidenote_core::rules;

use super::{MAX_COMPRESSED, MAX_RESULTS, fitting_values, truncated};

/// Why logs cannot be put together.
#[derive(thiserror::Error, Debug)]
pub enum MergeError {
    /// No SARIF of this Sidenote.
    #[error("log {0} is no SARIF log of sidenote {version}", version = env!("CARGO_PKG_VERSION"))]
    Foreign(usize),
    /// Another set of rules, or another repository.
    #[error("log {0} is of another scan than the first: {1} differs")]
    Other(usize, &'static str),
    /// None at all.
    #[error("there is nothing to merge")]
    Nothing,
}

/// The log of all of them. A file that several logs speak of is taken from the first that has results or notifications of it.
///
/// # Errors
/// When a log is not this version's, or they are not of one scan.
pub fn merge(logs: Vec<Value>) -> Result<Value, MergeError> {
    let mut logs = logs.into_iter().enumerate();
    let (_, mut whole) = logs.next().ok_or(MergeError::Nothing)?;
    check(&whole, 0)?;
    let mut results: BTreeMap<Vec<u8>, (usize, Vec<Value>)> = BTreeMap::new();
    let mut notes: BTreeMap<(bool, Vec<u8>), (usize, Vec<Value>)> = BTreeMap::new();
    let mut own: BTreeMap<String, Value> = BTreeMap::new();
    let mut left_out = 0;
    let mut code = 0;
    let mut successful = true;
    let mut take = |log: &mut Value, index: usize| {
        let run = &mut log["runs"][0];
        // Behind the built-in rules come those of configurations, in each log those that found something.
        if let Some(list) = run["tool"]["driver"]["rules"].as_array_mut() {
            for rule in list.split_off(rules::all().len().min(list.len())) {
                own.insert(rule["id"].as_str().unwrap_or_default().to_owned(), rule);
            }
        }
        let invocation = &mut run["invocations"][0];
        successful &= invocation["executionSuccessful"] == true;
        code = code.max(invocation["exitCode"].as_u64().unwrap_or(0));
        for note in taken(&mut invocation["toolExecutionNotifications"]) {
            let id = note["descriptor"]["id"].as_str().unwrap_or_default();
            if id == "truncated" {
                left_out += note["properties"]["leftOut"].as_u64().unwrap_or(0) as usize;
                continue;
            }
            // Files that were skipped come after gaps, as a scan tells them.
            let slot = notes.entry((id == "skipped", path(&note))).or_insert_with(|| (index, Vec::new()));
            if slot.0 == index {
                slot.1.push(note);
            }
        }
        for result in taken(&mut run["results"]) {
            let slot = results.entry(path(&result)).or_insert_with(|| (index, Vec::new()));
            if slot.0 == index {
                slot.1.push(result);
            }
        }
    };
    take(&mut whole, 0);
    for (index, mut log) in logs {
        check(&log, index)?;
        take(&mut log, index);
        for (what, at) in [("the set of rules", "/runs/0/tool"), ("the root", "/runs/0/originalUriBaseIds")] {
            if log.pointer(at) != whole.pointer(at) {
                return Err(MergeError::Other(index + 1, what));
            }
        }
    }
    let mut all: Vec<Value> = results.into_values().flat_map(|(_, list)| list).collect();
    let mut notifications: Vec<Value> = notes.into_values().flat_map(|(_, list)| list).collect();
    let count = all.len();
    all = worst(all);
    left_out += count - all.len();
    if left_out > 0 {
        notifications.push(truncated(left_out, MAX_RESULTS, MAX_COMPRESSED));
    }
    own.retain(|id, _| all.iter().any(|r| r["ruleId"] == id.as_str()));
    for result in &mut all {
        if let Some(at) = own.keys().position(|id| result["ruleId"] == id.as_str()) {
            result["ruleIndex"] = (rules::all().len() + at).into();
        }
    }
    let run = &mut whole["runs"][0];
    if let Some(list) = run["tool"]["driver"]["rules"].as_array_mut() {
        list.extend(own.into_values());
    }
    let invocation = &mut run["invocations"][0];
    invocation["executionSuccessful"] = successful.into();
    invocation["exitCode"] = code.into();
    invocation["exitCodeDescription"] = super::outcome(u8::try_from(code).unwrap_or(u8::MAX)).into();
    invocation["toolExecutionNotifications"] = notifications.into();
    run["results"] = all.into();
    Ok(whole)
}

fn check(log: &Value, index: usize) -> Result<(), MergeError> {
    let driver = &log["runs"][0]["tool"]["driver"];
    let one = log["runs"].as_array().is_some_and(|runs| runs.len() == 1);
    let ours = driver["name"] == "sidenote" && driver["semanticVersion"] == env!("CARGO_PKG_VERSION");
    let whole = log["runs"][0]["results"].is_array() && log["runs"][0]["invocations"].is_array();
    if one && ours && whole { Ok(()) } else { Err(MergeError::Foreign(index + 1)) }
}

fn taken(list: &mut Value) -> Vec<Value> {
    match list.take() {
        Value::Array(list) => list,
        _ => Vec::new(),
    }
}

/// The path of what a result or a notification is about, decoded: a scan's order is that of paths, not of URIs.
fn path(value: &Value) -> Vec<u8> {
    let uri = value.pointer("/locations/0/physicalLocation/artifactLocation/uri").and_then(Value::as_str);
    let mut bytes = uri.unwrap_or_default().bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next()))
        {
            out.push((high * 16 + low) as u8);
        } else {
            out.push(byte);
        }
    }
    out
}

/// Within the limits of one run, the worst, in their order.
fn worst(results: Vec<Value>) -> Vec<Value> {
    super::within_limits(
        results,
        MAX_RESULTS,
        |result| {
            let name = |key: &str| result["properties"][key].as_str().unwrap_or_default().to_owned();
            let severity = Severity::ALL.into_iter().find(|s| s.name() == name("severity"));
            let confidences = [Confidence::Low, Confidence::Medium, Confidence::High];
            let confidence = confidences.into_iter().find(|c| c.name() == name("confidence"));
            (result.get("suppressions").is_some(), std::cmp::Reverse((severity, confidence)))
        },
        |ranked| fitting_values(ranked.iter().map(|r| (*r).clone()), MAX_COMPRESSED),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_decoded() {
        let at =
            |uri: &str| path(&json!({ "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri } } }] }));
        assert_eq!(at("a%20b/%C3%A9.ts"), "a b/é.ts".as_bytes());
        assert_eq!(path(&json!({})), b"");
    }

    #[test]
    fn foreign_logs_are_refused() {
        assert!(matches!(merge(Vec::new()), Err(MergeError::Nothing)));
        assert!(matches!(
            merge(vec![json!({ "runs": [{ "tool": { "driver": { "name": "other" } } }] })]),
            Err(MergeError::Foreign(1))
        ));
        assert!(matches!(merge(vec![json!([1, 2])]), Err(MergeError::Foreign(1))));
    }
}
