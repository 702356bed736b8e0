//! GitLab's code quality report.

use std::io::{self, Write};

use serde_json::json;
use sidenote_core::findings::{Category, Severity};

use super::Context;

/// Writes it.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut first = true;
    write!(out, "[")?;
    for file in &context.scan.files {
        for finding in file.findings.iter().filter(|f| f.suppressed.is_none()) {
            let severity = match finding.severity {
                Severity::Critical => "blocker",
                Severity::High => "critical",
                Severity::Medium => "major",
                Severity::Low => "minor",
                Severity::Info => "info",
            };
            let category = match finding.rule.category {
                Category::Security => "Security",
                Category::Performance => "Performance",
                Category::Quality => "Bug Risk",
            };
            let entry = json!({
                "type": "issue",
                "check_name": finding.rule.id,
                "description": finding.message,
                "categories": [category],
                "severity": severity,
                "fingerprint": finding.fingerprint.to_string(),
                "location": {
                    "path": file.path,
                    "lines": { "begin": finding.region.start.line, "end": finding.region.end.line },
                },
            });
            write!(out, "{}\n  {entry}", if first { "" } else { "," })?;
            first = false;
        }
    }
    writeln!(out, "{}]", if first { "" } else { "\n" })
}
