//! JUnit's XML: a suite for each file, a failed test for each finding, a passed one for a file without.

use std::io::{self, Write};

use sidenote_core::claims::is_claim;

use super::Context;
use super::xml::escaped;
use crate::scan::{FileReport, Finding};

/// Writes it.
pub fn write(context: &Context<'_>, out: &mut dyn Write) -> io::Result<()> {
    let files = &context.scan.files;
    let tests: usize = files.iter().map(|f| f.findings.len().max(1)).sum();
    let failures: usize = files.iter().map(failures).sum();
    let errors = context.summary.internal_errors;
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"sidenote\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\">",
        tests + errors
    )?;
    for file in files {
        suite(file, out)?;
    }
    writeln!(out, "</testsuites>")
}

fn fails(finding: &Finding) -> bool {
    finding.suppressed.is_none() && !finding.known && !is_claim(finding.rule)
}

fn failures(file: &FileReport) -> usize {
    file.findings.iter().filter(|f| fails(f)).count()
}

fn suite(file: &FileReport, out: &mut dyn Write) -> io::Result<()> {
    let path = escaped(&file.path);
    let broken = file.gaps.iter().find(|g| g.internal);
    writeln!(
        out,
        "  <testsuite name=\"{path}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        file.findings.len().max(1) + usize::from(broken.is_some()),
        failures(file),
        usize::from(broken.is_some()),
        file.findings.len() - failures(file)
    )?;
    if file.findings.is_empty() {
        writeln!(out, "    <testcase classname=\"{path}\" name=\"no findings\"/>")?;
    }
    for finding in &file.findings {
        let (rule, at) = (finding.rule.id, finding.region.start);
        let (severity, message) = (finding.severity.name(), escaped(&finding.message));
        writeln!(out, "    <testcase classname=\"{path}\" name=\"{rule} {}:{}\">", at.line, at.column)?;
        if let Some(reason) = &finding.suppressed {
            writeln!(out, "      <skipped message=\"suppressed: {}\"/>", escaped(reason))?;
        } else if is_claim(finding.rule) {
            writeln!(out, "      <skipped message=\"a note of a model: {message}\"/>")?;
        } else if finding.known {
            writeln!(out, "      <skipped message=\"known\"/>")?;
        } else {
            let mut text = format!("{}:{}:{}: {}", file.path, at.line, at.column, finding.message);
            for (i, step) in finding.flow.iter().enumerate() {
                let path = step.path.as_deref().unwrap_or(&file.path);
                text += &format!("\n{}. {path}:{}: {}", i + 1, step.region.start.line, step.message);
            }
            let text = escaped(&text).replace("&#10;", "\n");
            writeln!(out, "      <failure type=\"{severity}\" message=\"{message}\">{text}</failure>")?;
        }
        writeln!(out, "    </testcase>")?;
    }
    if let Some(gap) = broken {
        writeln!(
            out,
            "    <testcase classname=\"{path}\" name=\"analysis\"><error message=\"{}\"/></testcase>",
            escaped(&gap.message)
        )?;
    }
    writeln!(out, "  </testsuite>")
}
