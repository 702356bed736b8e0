//! Checkstyle's XML, which Jenkins, Bitbucket and many viewers read.

use std::io::{self, Write};

use sidenote_core::findings::Severity;

use super::Context;
use super::xml::escaped;

/// Writes it.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"10.0\">")?;
    for file in &context.scan.files {
        let mut findings = file.findings.iter().filter(|f| f.suppressed.is_none()).peekable();
        if findings.peek().is_none() {
            continue;
        }
        writeln!(out, "  <file name=\"{}\">", escaped(&file.path))?;
        for finding in findings {
            let severity = match finding.severity {
                Severity::Critical | Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low | Severity::Info => "info",
            };
            let (at, rule) = (finding.region.start, finding.rule.id);
            writeln!(
                out,
                "    <error line=\"{}\" column=\"{}\" severity=\"{severity}\" message=\"{}\" source=\"sidenote.{rule}\"/>",
                at.line,
                at.column,
                escaped(&finding.message)
            )?;
        }
        writeln!(out, "  </file>")?;
    }
    writeln!(out, "</checkstyle>")
}
