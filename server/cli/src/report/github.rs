//! Workflow commands of GitHub Actions: one annotation for each finding.

use std::io::{self, Write};

use sidenote_core::findings::Severity;

use super::{Context, split_message};

/// Writes it.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    for file in &context.scan.files {
        for finding in file.findings.iter().filter(|f| f.suppressed.is_none()) {
            let command = match finding.severity {
                Severity::Critical | Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low | Severity::Info => "notice",
            };
            let (start, end) = (finding.region.start, finding.region.end);
            let (title, rest) = split_message(&finding.message);
            // Columns over several lines are refused.
            let columns = if start.line == end.line {
                format!(",col={},endColumn={}", start.column, end.column)
            } else {
                String::new()
            };
            let mut message = title.to_owned();
            for (i, step) in finding.flow.iter().enumerate() {
                let path = step.path.as_ref().unwrap_or(&file.path);
                message += &format!("\n{}. {} ({path}:{})", i + 1, step.message, step.region.start.line);
            }
            if !rest.is_empty() {
                message += &format!("\n{rest}");
            }
            writeln!(
                out,
                "::{command} file={},line={},endLine={}{columns},title={}::{}",
                property(&file.path),
                start.line,
                end.line,
                property(&format!("{} ({})", finding.rule.id, finding.severity.name())),
                data(&message)
            )?;
        }
        for gap in &file.gaps {
            let (path, line) = (property(&file.path), gap.region.start.line);
            let command = if gap.internal { "error" } else { "notice" };
            writeln!(out, "::{command} file={path},line={line},title=not analysed::{}", data(&gap.message))?;
        }
    }
    for skipped in context.scan.skipped.iter().filter(|s| s.why.is_trouble()) {
        writeln!(out, "::notice file={},title=skipped::{}", property(&skipped.path), data(&skipped.why.explain()))?;
    }
    Ok(())
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("50%\r\n::error::x"), "50%25%0D%0A::error::x");
        assert_eq!(property("a,b:c%"), "a%2Cb%3Ac%25");
    }
}
