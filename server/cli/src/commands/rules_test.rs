//! `sidenote rules test`.

use std::path::Path;

use sidenote_core::config::{Config, ConfigError, FILE_NAME};
use sidenote_core::patterns::{Patterns, Tested};
use sidenote_core::system::{OsSystem, System};

use crate::error::{CLEAN, Error, FINDINGS};
use crate::{output, style};

/// Runs it: exit code 1 if a rule is wrong in one of its cases.
pub fn run(path: &Path) -> Result<u8, Error> {
    let path = path.canonicalize().map_err(|source| Error::Path { path: path.to_owned(), source })?;
    let is_rules = path.extension().is_some_and(|e| e == "yml" || e == "yaml");
    let patterns = if path.is_file() && is_rules {
        let text = OsSystem.read(&path).unwrap_or_default();
        Patterns::parse(&text).map_err(|problems| ConfigError {
            path: Some(path.clone()),
            text: text.into(),
            problems,
        })?
    } else if path.is_file() {
        Config::load(&OsSystem, &path, path.parent().unwrap_or(&path))?.settings("").patterns.clone()
    } else {
        super::config::of(None, &path, &path)?.settings("").patterns.clone()
    };
    let tested = patterns.test();
    let wrong: usize = tested.iter().map(|t| t.failures.len()).sum();
    output::write(None, |out| {
        if tested.is_empty() {
            return writeln!(out, "No rules of your own: `[rules] paths` in {FILE_NAME} names files with them.");
        }
        tested.iter().try_for_each(|t| page(out, t))?;
        let cases: usize = tested.iter().map(|t| t.cases).sum();
        writeln!(out, "\n{} rules, {cases} cases, {wrong} wrong", tested.len())
    })?;
    Ok(if wrong == 0 { CLEAN } else { FINDINGS })
}

fn page(out: &mut dyn std::io::Write, tested: &Tested) -> std::io::Result<()> {
    let (good, bad, dim) = (style::GOOD, style::BAD, style::DIM);
    let id = tested.rule.id;
    match (tested.cases, tested.failures.len()) {
        (0, _) => {
            writeln!(out, "{dim}none{dim:#}  {id}  {dim}no cases: give it `tests:` with `valid` and `invalid`{dim:#}")
        }
        (n, 0) => writeln!(out, "{good}ok{good:#}    {id}  {dim}{n} cases{dim:#}"),
        (n, wrong) => writeln!(out, "{bad}wrong{bad:#} {id}  {dim}{wrong} of {n} cases{dim:#}"),
    }?;
    for failure in &tested.failures {
        writeln!(out, "      {} ({})", failure.why, failure.language)?;
        for line in failure.code.trim_end().lines().take(20) {
            writeln!(out, "      {dim}|{dim:#} {}", style::printable(line))?;
        }
    }
    Ok(())
}
