//! A rule's documentation as Markdown.

use std::fmt::Write;

use sidenote_grammars::{Family, LANGUAGES};

use super::Rule;

/// The whole page of a rule, with a final line break.
pub fn markdown(rule: &Rule) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# {}\n\n{}.\n", rule.id, capitalized(rule.summary));
    let languages: Vec<&str> = LANGUAGES.iter().filter(|l| rule.families.contains(&l.family)).map(|l| l.name).collect();
    let mut facts = vec![
        format!("Category: {}", rule.category.name()),
        format!("severity: {}", rule.severity.name()),
        format!("confidence: {}", rule.confidence.name()),
        format!("languages: {}", languages.join(", ")),
    ];
    if !rule.cwe.is_empty() {
        facts.push(rule.cwe.iter().map(|n| format!("CWE-{n}")).collect::<Vec<_>>().join(", "));
    }
    if !rule.default_on {
        facts.push("off by default".to_owned());
    }
    let _ = writeln!(out, "{}.", facts.join("; "));
    let fence = if rule.families.contains(&Family::Ecma) { "ts" } else { "rust" };
    let d = &rule.docs;
    for (heading, text, is_code) in [
        ("What it does", d.what, false),
        ("Why is this bad", d.why, false),
        ("Example", d.example, true),
        ("Use instead", d.instead, true),
        ("What it leaves alone", d.limits, false),
        ("Fix safety", d.fix, false),
    ] {
        if text.trim().is_empty() {
            continue;
        }
        let text = text.trim_end();
        let _ = if is_code {
            writeln!(out, "\n## {heading}\n\n```{fence}\n{text}\n```")
        } else {
            writeln!(out, "\n## {heading}\n\n{text}")
        };
    }
    out
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
