//! Findings as SARIF describes them.

use serde_json::{Value, json};
use sidenote_core::rules;

use super::{ROOT, encoded, rule};
use crate::owners::Owners;
use crate::scan::{FileReport, Finding, Fix, Place, Region};

/// Most locations that GitHub takes in a result.
const MAX_LOCATIONS: usize = 1000;

/// A finding; `compared` says whether new ones are told apart from known ones.
pub fn result(file: &FileReport, finding: &Finding, compared: bool, owners: &Owners) -> Value {
    let mut text = no_links(&super::sentence(&finding.message));
    let related = &finding.related[..finding.related.len().min(MAX_LOCATIONS)];
    if !related.is_empty() {
        let links = related.iter().enumerate().map(|(i, p)| format!("[{}]({})", linked(&p.message), i + 1));
        text.push_str(&format!(" See: {}.", links.collect::<Vec<_>>().join("; ")));
    }
    let mut result = json!({
        "ruleId": finding.rule.id,
        "level": rule::level(finding.severity),
        "message": { "text": text },
        "locations": [located(&file.path, finding)],
        "partialFingerprints": { "sidenote/v1": finding.fingerprint.to_string() },
        "properties": {
            "category": finding.rule.category,
            "severity": finding.severity,
            "confidence": finding.confidence,
        },
    });
    let owners = owners.of_file(&file.path);
    if !owners.is_empty() {
        result["properties"]["owners"] = owners.into();
    }
    if let Some(verdict) = &finding.verdict {
        result["properties"]["verdict"] = json!(verdict);
    }
    if let Some(index) = rules::index(finding.rule.id) {
        result["ruleIndex"] = index.into();
    }
    if let Some(hash) = finding.line_hash.as_ref().filter(|h| !h.is_empty()) {
        result["partialFingerprints"]["primaryLocationLineHash"] = hash.as_str().into();
    }
    if !related.is_empty() {
        let list = related.iter().enumerate().map(|(i, place)| {
            let mut location = place_of(&file.path, place);
            location["id"] = (i + 1).into();
            location
        });
        result["relatedLocations"] = list.collect();
    }
    if !finding.flow.is_empty() {
        let last = finding.flow.len() - 1;
        let steps = finding.flow.iter().enumerate().take(MAX_LOCATIONS).map(|(i, place)| {
            let importance = if i == 0 || i == last { "essential" } else { "important" };
            json!({ "location": place_of(&file.path, place), "importance": importance })
        });
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps.collect::<Vec<_>>() }] }]);
    }
    if !finding.fixes.is_empty() {
        result["fixes"] = finding.fixes.iter().map(|fix| fix_of(&file.path, fix)).collect();
    }
    if compared {
        result["baselineState"] = if finding.known { "unchanged" } else { "new" }.into();
    }
    if let Some(reason) = &finding.suppressed {
        let kind = if finding.feedback.is_some() { "external" } else { "inSource" };
        result["suppressions"] = json!([{ "kind": kind, "status": "accepted", "justification": reason }]);
    } else if let Some(told) = &finding.feedback {
        result["properties"]["feedback"] = told.why.as_str().into();
    }
    result
}

/// A place in a file, or the file as a whole.
pub fn location(path: &str, region: Option<Region>) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": encoded(path), "uriBaseId": ROOT } });
    if let Some(region) = region {
        physical["region"] = region_of(region);
    }
    json!({ "physicalLocation": physical })
}

fn located(path: &str, finding: &Finding) -> Value {
    let mut location = location(path, Some(finding.region));
    if !finding.symbol.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": finding.symbol }]);
    }
    location
}

fn place_of(path: &str, place: &Place) -> Value {
    let mut location = location(place.path.as_deref().unwrap_or(path), Some(place.region));
    location["message"] = json!({ "text": super::sentence(&no_links(&place.message)) });
    location
}

fn fix_of(path: &str, fix: &Fix) -> Value {
    let replacements = fix
        .edits
        .iter()
        .map(|edit| json!({ "deletedRegion": region_of(edit.region), "insertedContent": { "text": edit.text } }));
    json!({
        "description": { "text": super::sentence(&fix.title) },
        "artifactChanges": [{
            "artifactLocation": { "uri": encoded(path), "uriBaseId": ROOT },
            "replacements": replacements.collect::<Vec<_>>(),
        }],
    })
}

fn region_of(region: Region) -> Value {
    json!({
        "startLine": region.start.line,
        "startColumn": region.start.column,
        "endLine": region.end.line,
        "endColumn": region.end.column,
    })
}

/// Without anything that reads as a link: `[text](1)`.
fn no_links(text: &str) -> String {
    text.replace("](", "] (")
}

/// As the text of a link.
fn linked(text: &str) -> String {
    text.trim().trim_end_matches('.').replace(['[', ']'], "")
}
