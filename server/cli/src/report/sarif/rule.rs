//! Rules as SARIF describes them.

use serde_json::{Value, json};
use sidenote_core::findings::{Category, Confidence, Severity};
use sidenote_core::rules::{self, Rule};

/// Longest description that GitHub takes, in characters.
const MAX_DESCRIPTION: usize = 1024;
/// Most tags that GitHub shows.
const MAX_TAGS: usize = 10;

/// Every rule, the configuration's own behind the built-in ones; a result's `ruleIndex` is its position.
pub fn all(own: &[&'static Rule]) -> Vec<Value> {
    rules::all().iter().chain(own).map(|rule| describe(rule)).collect()
}

fn describe(rule: &Rule) -> Value {
    let mut tags = vec![rule.category.name().to_owned()];
    tags.extend(rule.cwe.iter().map(|n| format!("external/cwe/cwe-{n:03}")));
    tags.truncate(MAX_TAGS);
    let mut properties = json!({ "tags": tags, "precision": precision(rule.confidence) });
    if rule.category == Category::Security {
        properties["security-severity"] = security_severity(rule.severity).into();
    } else {
        properties["problem.severity"] = problem_severity(rule.severity).into();
    }
    let markdown = rules::markdown(rule);
    json!({
        "id": rule.id,
        "name": name(rule.id),
        "shortDescription": { "text": super::sentence(&plain(rule.summary)) },
        "fullDescription": { "text": shortened(&super::sentence(&plain(rule.docs.what))) },
        "help": { "text": plain(&markdown), "markdown": markdown },
        "defaultConfiguration": { "enabled": rule.default_on, "level": level(rule.severity) },
        "properties": properties,
    })
}

/// SARIF's level of a severity.
pub fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// What GitHub sorts security alerts by: over 9 is critical, from 7 on high, from 4 on medium.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "recommendation",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

/// The id in another spelling: SARIF wants the two to differ, in more than the case of their letters.
fn name(id: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |c| format!("{}{}", c.to_uppercase(), chars.as_str()))
    };
    let name: String = id.split('-').map(word).collect();
    if id.contains('-') { name } else { format!("{name}Rule") }
}

/// Without Markdown's marks of code.
fn plain(text: &str) -> String {
    text.lines().filter(|l| !l.starts_with("```")).collect::<Vec<_>>().join("\n").replace('`', "")
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_DESCRIPTION {
        return text.to_owned();
    }
    text.chars().take(MAX_DESCRIPTION - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_described_within_the_limits() {
        for rule in all(&[]) {
            let text = |at: &str| rule.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            for at in
                ["/id", "/name", "/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"]
            {
                assert!(!text(at).is_empty(), "{at} of {rule}");
            }
            assert!(text("/name").len() <= 255 && text("/name").chars().all(char::is_alphanumeric));
            assert!(
                text("/shortDescription/text").ends_with('.') && text("/fullDescription/text").chars().count() <= 1024
            );
            let security = rule["properties"]["tags"][0] == "security";
            let severity = text("/properties/security-severity").parse::<f64>();
            assert_eq!(severity.is_ok_and(|s| s > 0.0 && s <= 10.0), security, "{rule}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(name("async-promise-executor"), "AsyncPromiseExecutor");
        assert_eq!(name("ssrf"), "SsrfRule");
    }
}
