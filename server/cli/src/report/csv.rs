//! Comma-separated values as RFC 4180 has them, for spreadsheets.

use std::io::{self, Write};

use super::Context;

/// Writes it.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "path,line,column,rule,category,severity,confidence,cwe,symbol,state,fingerprint,message,owners\r\n")?;
    for file in &context.scan.files {
        let owners = context.owners.of_file(&file.path).join(" ");
        for finding in &file.findings {
            let cwe: Vec<String> = finding.rule.cwe.iter().map(|n| format!("CWE-{n}")).collect();
            let state = match (&finding.suppressed, finding.known) {
                (Some(_), _) => "suppressed",
                (None, true) => "known",
                (None, false) => "open",
            };
            let row = [
                quoted(&path(&file.path)),
                finding.region.start.line.to_string(),
                finding.region.start.column.to_string(),
                finding.rule.id.to_owned(),
                finding.rule.category.name().to_owned(),
                finding.severity.name().to_owned(),
                finding.confidence.name().to_owned(),
                cwe.join(" "),
                quoted(&finding.symbol),
                state.to_owned(),
                finding.fingerprint.to_string(),
                quoted(&finding.message),
                quoted(&owners),
            ];
            write!(out, "{}\r\n", row.join(","))?;
        }
    }
    Ok(())
}

/// A path that no spreadsheet takes for a formula.
fn path(path: &str) -> String {
    if path.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("./{path}") } else { path.to_owned() }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
