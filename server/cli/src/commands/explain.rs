//! `sidenote explain RULE`.

use std::io::{self, Write};
use std::path::Path;

use sidenote_core::rules::{self, Rule};

use super::rules::languages;
use crate::args;
use crate::error::{CLEAN, Error};
use crate::{output, style};

/// Runs it.
pub fn run(args: &args::Explain) -> Result<u8, Error> {
    if let Some(place) = &args.trace {
        return super::trace::run(place, args);
    }
    #[cfg(feature = "model")]
    if let Some(most) = args.processing {
        return super::processing::run(most);
    }
    let id = args.rule.as_deref().unwrap_or_default();
    let here = Path::new(".").canonicalize().map_err(|source| Error::Path { path: ".".into(), source })?;
    // Whoever asks for a built-in rule need not have a configuration that holds.
    let found = match rules::find(id) {
        Some(rule) => Some(rule),
        None => super::config::of(None, &here, &here)?.settings("").find(id).map(|(rule, _)| rule),
    };
    let Some(rule) = found else {
        return Err(Error::NoRule { id: style::printable(id), near: rules::suggestions(id) });
    };
    if args.markdown {
        return super::shell::print(rules::markdown(rule).as_bytes());
    }
    output::write(None, |out| page(out, rule))?;
    Ok(CLEAN)
}

fn page(out: &mut dyn Write, rule: &Rule) -> io::Result<()> {
    let width = style::width(100).min(100);
    let (bold, dim) = (style::BOLD, style::DIM);
    let paint = style::severity(rule.severity);
    writeln!(out, "{bold}{}{bold:#}", rule.id)?;
    style::prose(out, rule.summary, 0, width)?;
    let cwe: Vec<String> = rule.cwe.iter().map(|n| format!("CWE-{n}")).collect();
    let mut facts = vec![rule.category.name().to_owned(), languages(rule).replace(' ', ", ")];
    facts.push(format!("confidence {}", rule.confidence.name()));
    facts.extend(cwe);
    if !rule.default_on {
        facts.push("off by default".to_owned());
    }
    writeln!(out, "{paint}{}{paint:#}{dim} · {}{dim:#}", rule.severity.name(), facts.join(" · "))?;
    let d = &rule.docs;
    let sections = [
        ("What it does", d.what, false),
        ("Why this is bad", d.why, false),
        ("Example", d.example, true),
        ("Use instead", d.instead, true),
        ("What it leaves alone", d.limits, false),
        ("The fix", d.fix, false),
    ];
    for (heading, text, is_code) in sections.into_iter().filter(|(_, text, _)| !text.trim().is_empty()) {
        writeln!(out, "\n{bold}{heading}{bold:#}")?;
        if is_code {
            code(out, text)?;
        } else {
            text.split("\n\n").try_for_each(|p| style::prose(out, p, 2, width))?;
        }
    }
    writeln!(out, "\n{bold}To silence it{bold:#}")?;
    writeln!(
        out,
        "  one finding   {}// sidenote: allow({}) -- why this is fine{:#}",
        style::CODE,
        rule.id,
        style::CODE
    )?;
    writeln!(out, "  everywhere    {}[rules] ignore = [\"{}\"]{:#} in sidenote.toml", style::CODE, rule.id, style::CODE)
}

/// Code behind a bar; comments set back.
fn code(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let bar = if style::unicode() { '│' } else { '|' };
    for line in text.trim_end().lines() {
        let (code, comment) =
            line.split_at(line.find("//").filter(|i| !line[..*i].ends_with(':')).unwrap_or(line.len()));
        let (dim, paint) = (style::DIM, style::CODE);
        writeln!(out, "  {dim}{bar}{dim:#} {paint}{code}{paint:#}{dim}{comment}{dim:#}")?;
    }
    Ok(())
}
