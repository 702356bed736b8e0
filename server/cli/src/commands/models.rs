//! `sidenote models`.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use sidenote_core::config::Config;
use sidenote_core::grammars::{Family, LANGUAGES};
use sidenote_core::semantics::flow::models::{Entry, EntryKind, Library};

use crate::args::Models as Args;
use crate::error::{CLEAN, Error};
use crate::{output, style};

/// Runs it.
pub fn run(args: &Args) -> Result<u8, Error> {
    let catalog = configuration(args.config.as_deref())?.settings("").models.catalog();
    let filter = args.filter.as_deref().map(str::to_lowercase);
    let mut libraries: Vec<Library> =
        catalog.libraries.iter().filter(|l| l.own || !args.own).filter_map(|l| kept(l, filter.as_deref())).collect();
    if let Some(filter) = &args.filter
        && libraries.is_empty()
    {
        let near = near(filter, catalog.libraries.iter().map(|l| l.name.as_str()));
        return Err(Error::NoModel { filter: style::printable(filter), near });
    }
    libraries.sort_by_key(|l| !l.own);
    if args.json {
        let list: Vec<Value> = libraries.iter().map(json).collect();
        output::write(None, |out| {
            serde_json::to_writer_pretty(&mut *out, &list)?;
            writeln!(out)
        })?;
        return Ok(CLEAN);
    }
    output::write(None, |out| match filter {
        Some(_) => libraries.iter().try_for_each(|l| page(out, l)),
        None => table(out, &libraries),
    })?;
    Ok(CLEAN)
}

fn configuration(file: Option<&Path>) -> Result<Config, Error> {
    let here = Path::new(".").canonicalize().map_err(|source| Error::Path { path: ".".into(), source })?;
    super::config::of(file, &here, &here)
}

/// What of a library a filter leaves; all of it if it is named.
fn kept(library: &Library, filter: Option<&str>) -> Option<Library> {
    let Some(filter) = filter else { return Some(library.clone()) };
    if library.name.to_lowercase() == filter {
        return Some(library.clone());
    }
    let entries: Vec<Entry> = library.entries.iter().filter(|e| e.mentions(filter)).cloned().collect();
    (!entries.is_empty()).then(|| Library { entries, ..library.clone() })
}

fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    // Few enough to look at all of them.
    let scored = known.map(|k| (strsim::jaro_winkler(name, k), k)).filter(|(score, _)| *score > 0.8);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k.to_owned())
}

fn languages(library: &Library) -> Vec<&'static str> {
    LANGUAGES.iter().filter(|l| library.families.contains(&l.family)).map(|l| l.name).collect()
}

fn json(library: &Library) -> Value {
    let entry = |e: &Entry| json!({ "kind": e.kind.name(), "paths": e.paths, "ports": e.ports, "kinds": e.kinds, "what": e.what });
    json!({
        "library": library.name,
        "languages": languages(library),
        "own": library.own,
        "entries": library.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// One line for each library: how much is known of it.
fn table(out: &mut dyn Write, libraries: &[Library]) -> io::Result<()> {
    let longest = libraries.iter().map(|l| l.name.chars().count()).max().unwrap_or(0).min(40);
    let mut heading = None;
    for library in libraries {
        let title = match (library.own, &library.families[..]) {
            (true, _) => "your own",
            (false, [Family::Rust]) => "Rust",
            _ => "TypeScript and JavaScript",
        };
        if heading != Some(title) {
            let gap = if heading.is_some() { "\n" } else { "" };
            writeln!(out, "{gap}{}{title}{:#}", style::BOLD, style::BOLD)?;
            heading = Some(title);
        }
        let counts: Vec<String> = EntryKind::ALL
            .iter()
            .filter_map(|kind| {
                let n = library.entries.iter().filter(|e| e.kind == *kind).count();
                (n > 0).then(|| format!("{n} {}{}", kind.name(), if n == 1 { "" } else { "s" }))
            })
            .collect();
        let name = style::printable(&library.name);
        writeln!(out, "  {name:<longest$}  {}{}{:#}", style::DIM, counts.join(", "), style::DIM)?;
    }
    writeln!(
        out,
        "\n{}`sidenote models LIBRARY` tells what is known; `[[model]]` in sidenote.toml adds to it{:#}",
        style::DIM,
        style::DIM
    )
}

fn page(out: &mut dyn Write, library: &Library) -> io::Result<()> {
    let (bold, dim, code) = (style::BOLD, style::DIM, style::CODE);
    let own = if library.own { ", your own" } else { "" };
    let names = languages(library).join(", ");
    writeln!(out, "{bold}{}{bold:#}  {dim}{names}{own}{dim:#}", style::printable(&library.name))?;
    for entry in &library.entries {
        let paths = if entry.paths.is_empty() { entry.what.clone() } else { entry.paths.join(" ") };
        write!(out, "  {:<9}  {code}{}{code:#}", entry.kind.name(), style::printable(&paths))?;
        let mut facts = Vec::new();
        if !entry.ports.is_empty() {
            facts.push(entry.ports.join(", "));
        }
        if !entry.kinds.is_empty() {
            facts.push(entry.kinds.join(", "));
        }
        if !entry.what.is_empty() && !entry.paths.is_empty() {
            facts.push(entry.what.clone());
        }
        writeln!(out, "  {dim}{}{dim:#}", style::printable(&facts.join(" · ")))?;
    }
    writeln!(out)
}
