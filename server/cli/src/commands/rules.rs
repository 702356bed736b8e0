//! `sidenote rules`.

use std::path::Path;

use serde_json::{Value, json};
use sidenote_core::config::matches;
use sidenote_core::grammars::{Family, LANGUAGES};
use sidenote_core::rules::{self, Rule};

use crate::args;
use crate::error::{CLEAN, Error, INTERNAL};
use crate::{output, style};

/// Runs it.
pub fn run(args: &args::Rules) -> Result<u8, Error> {
    if let Some(args::RulesCommand::Test { path }) = &args.command {
        return super::rules_test::run(path);
    }
    let here = Path::new(".").canonicalize().map_err(|source| Error::Path { path: ".".into(), source })?;
    let config = super::config::of(None, &here, &here)?;
    let settings = config.settings("");
    let problems: Vec<_> = args.select.iter().filter_map(|s| config.check_selector(s).err()).collect();
    if !problems.is_empty() {
        return Err(sidenote_core::config::ConfigError { path: None, text: "".into(), problems }.into());
    }
    let family = match &args.language {
        None => None,
        Some(name) => Some(family(name).ok_or_else(|| Error::Language(name.clone()))?),
    };
    let wanted = |rule: &&'static Rule| {
        (args.select.is_empty() || args.select.iter().any(|s| matches(s, rule)))
            && family.is_none_or(|f| rule.families.contains(&f))
            && args.category.is_none_or(|c| rule.category == c)
    };
    let mut list: Vec<&'static Rule> = settings.every().filter(wanted).collect();
    if args.measure {
        return measure(&list, args.json);
    }
    if args.json {
        let list: Vec<Value> = list.iter().map(|r| json(r)).collect();
        output::write(None, |out| {
            serde_json::to_writer_pretty(&mut *out, &list)?;
            writeln!(out)
        })?;
        return Ok(CLEAN);
    }
    list.sort_by_key(|r| (r.category, std::cmp::Reverse(r.severity), r.id));
    let longest = list.iter().map(|r| r.id.len()).max().unwrap_or(0);
    let width = style::width(120);
    output::write(None, |out| {
        let mut category = None;
        for rule in &list {
            if category != Some(rule.category) {
                let gap = if category.is_some() { "\n" } else { "" };
                writeln!(out, "{gap}{}{}{:#}", style::BOLD, rule.category.name(), style::BOLD)?;
                category = Some(rule.category);
            }
            let paint = style::severity(rule.severity);
            let off = if rule.default_on { "" } else { " (off by default)" };
            let room = width.saturating_sub(longest + 25 + off.len()).max(20);
            let summary = rule.summary.replace('`', "");
            let cut: String = match summary.char_indices().nth(room) {
                Some((at, _)) => format!("{}…", &summary[..at]),
                None => summary,
            };
            writeln!(
                out,
                "  {:<longest$}  {paint}{:<8}{paint:#}  {}{:<7}{:#}  {cut}{}{off}{:#}",
                rule.id,
                rule.severity.name(),
                style::DIM,
                languages(rule),
                style::DIM,
                style::DIM,
                style::DIM,
            )?;
        }
        let plural = if list.len() == 1 { "" } else { "s" };
        writeln!(out, "\n{}{} rule{plural}; `sidenote explain RULE` tells more{:#}", style::DIM, list.len(), style::DIM)
    })?;
    Ok(CLEAN)
}

fn family(name: &str) -> Option<Family> {
    match name {
        "ts" => Some(Family::Ecma),
        "js" => Some(Family::Ecma),
        "rs" => Some(Family::Rust),
        name => LANGUAGES.iter().find(|l| l.name == name).map(|l| l.family),
    }
}

/// Short names of a rule's languages.
pub fn languages(rule: &Rule) -> &'static str {
    match (rule.families.contains(&Family::Ecma), rule.families.contains(&Family::Rust)) {
        (true, true) => "ts rust",
        (true, false) => "ts",
        _ => "rust",
    }
}

fn json(rule: &Rule) -> Value {
    let languages = LANGUAGES.iter().filter(|l| rule.families.contains(&l.family)).map(|l| l.name);
    json!({
        "id": rule.id,
        "summary": rule.summary,
        "category": rule.category,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "cwe": rule.cwe,
        "languages": languages.collect::<Vec<_>>(),
        "default": rule.default_on,
        "in_tests": rule.in_tests,
        "fix": !rule.docs.fix.is_empty(),
    })
}

/// Every rule's precision and recall on its own cases; exit code 3 if one is judged wrong.
fn measure(list: &[&Rule], as_json: bool) -> Result<u8, Error> {
    let measures: Vec<_> = rules::measure().into_iter().filter(|m| list.iter().any(|r| r.id == m.rule.id)).collect();
    let wrong = measures.iter().any(|m| !m.is_perfect());
    output::write(None, |out| {
        if as_json {
            let list: Vec<Value> = measures
                .iter()
                .map(|m| {
                    json!({
                        "rule": m.rule.id, "cases": m.cases, "true_positives": m.true_positives,
                        "false_positives": m.false_positives, "false_negatives": m.false_negatives,
                        "precision": m.precision(), "recall": m.recall(),
                    })
                })
                .collect();
            serde_json::to_writer_pretty(&mut *out, &list)?;
            return writeln!(out);
        }
        let longest = measures.iter().map(|m| m.rule.id.len()).max().unwrap_or(4);
        writeln!(out, "{:<longest$}  cases  found  false  missed  precision  recall", "rule")?;
        for m in &measures {
            let paint = if m.is_perfect() { style::GOOD } else { style::BAD };
            writeln!(
                out,
                "{:<longest$}  {:>5}  {:>5}  {:>5}  {:>6}  {paint}{:>9.3}  {:>6.3}{paint:#}",
                m.rule.id,
                m.cases,
                m.true_positives,
                m.false_positives,
                m.false_negatives,
                m.precision(),
                m.recall()
            )?;
        }
        Ok(())
    })?;
    Ok(if wrong { INTERNAL } else { CLEAN })
}
