//! `sidenote similar`.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sidenote_kernels::{Index, KeyPair};
use sidenote_model::embed::{key, many_threads};
use sidenote_model::search::{Found, Search};
use sidenote_model::store::Store;

use super::search::show;
use crate::args::Similar as Args;
use crate::error::{CLEAN, Error, FINDINGS};
use crate::local::{CodeBlock, Encoder, collect, folders};
use crate::{output, style};

/// Functions shorter than this, in bytes, are like others by chance.
const LEAST: usize = 200;
/// Pairs that are looked at.
const MOST: usize = 100_000;

/// Runs it. The exit code is 1 when nothing is found.
pub fn run(args: &Args) -> Result<u8, Error> {
    let Some(place) = &args.place else { return pairs(args) };
    let usage = || Error::Local(format!("`{}` is no FILE:LINE, such as src/date.ts:12", place.escape_debug()));
    let (file, line) = place.rsplit_once(':').ok_or_else(usage)?;
    let line: u32 = line.parse().map_err(|_| usage())?;
    let wanted = Path::new(file).canonicalize().map_err(|source| Error::Path { path: file.into(), source })?;
    let mut selection = args.selection.clone();
    // The function's own file is looked at whatever else is.
    if !selection.paths.iter().any(|p| p.canonicalize().is_ok_and(|p| wanted.starts_with(p))) {
        selection.paths.push(wanted.clone());
    }
    let blocks = collect(&selection)?;
    let here = |b: &CodeBlock| wanted.ends_with(&*b.path) && (b.lines.0..=b.lines.1).contains(&line);
    // The innermost.
    let at = blocks.iter().enumerate().filter(|(_, b)| here(b)).min_by_key(|(_, b)| b.lines.1 - b.lines.0);
    let Some((at, block)) = at else {
        return Err(Error::Local(format!("there is no function at {file}:{line}")));
    };
    let encoder = Encoder::open(&Store::open(folders()?)?, None, many_threads())?;
    let texts: Vec<String> = blocks.iter().map(|b| b.searched()).collect();
    let outcome = encoder.embed(&texts, Duration::from_secs(args.searching.wait));
    let mut search = Search::default();
    for (block, text) in blocks.iter().zip(&texts) {
        let number = search.add(&block.symbol, text);
        if let Some(code) = outcome.codes.get(&key(text)) {
            search.vector(number, code);
        }
    }
    let own = match outcome.codes.get(&key(&texts[at])) {
        Some(code) => code.clone(),
        None => encoder.embedder.question(&texts[at], Duration::from_secs(30)).map_err(Error::Host)?,
    };
    let alike = search.by_meaning(&own, args.searching.count + 1).into_iter().filter(|(n, _)| *n != at);
    let found: Vec<Found> = alike
        .take(args.searching.count)
        .map(|(n, cosine)| {
            let structure = block.shape.as_ref().zip(blocks[n].shape.as_ref()).map_or(0.0, |(a, b)| a.structure(b));
            // What is built alike, too, comes first among equals.
            Found { block: n, score: cosine + structure, cosine: Some(cosine), words: 0.0 }
        })
        .collect();
    let mut found = found;
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    show(&blocks, &found, &args.searching, "like it is found")?;
    Ok(if found.is_empty() { FINDINGS } else { CLEAN })
}

/// Two functions that are alike.
struct Pair<'a> {
    a: &'a CodeBlock,
    b: &'a CodeBlock,
    cosine: f32,
    /// Share of the structure that is the same, where both are large enough to tell.
    structure: Option<f32>,
}

/// The functions of a workspace that are most alike, two by two, ranked by meaning and structure. Tests, conversions and small ones are
/// left out.
fn pairs(args: &Args) -> Result<u8, Error> {
    let mut blocks = collect(&args.selection)?;
    blocks.retain(|b| b.is_free && b.range.len() >= LEAST);
    let encoder = Encoder::open(&Store::open(folders()?)?, None, many_threads())?;
    let texts: Vec<String> = blocks.iter().map(|b| b.searched()).collect();
    let outcome = encoder.embed(&texts, Duration::from_secs(args.searching.wait));
    let mut index: Option<Index> = None;
    for (n, text) in texts.iter().enumerate() {
        if let Some(code) = outcome.codes.get(&key(text)) {
            let index = match &mut index {
                Some(index) => index,
                None => index.insert(Index::new(code.dim()).map_err(|e| Error::Local(e.to_string()))?),
            };
            index.insert(n as u128, code).map_err(|e| Error::Local(e.to_string()))?;
        }
    }
    let found = index.map(|index| index.pairs_above(args.least.clamp(0.1, 1.0), MOST)).transpose();
    let found = found.map_err(|e| Error::Local(e.to_string()))?.unwrap_or_default();
    let pair = |p: KeyPair| {
        let (a, b) = (&blocks[p.a as usize], &blocks[p.b as usize]);
        let structure = a.shape.as_ref().zip(b.shape.as_ref()).map(|(a, b)| a.structure(b));
        Pair { a, b, cosine: p.score, structure }
    };
    let mut all: Vec<Pair<'_>> = found.into_iter().map(pair).collect();
    let rank = |p: &Pair<'_>| p.cosine + p.structure.unwrap_or(0.0);
    all.sort_by(|x, y| rank(y).total_cmp(&rank(x)));
    all.truncate(args.searching.count);
    let place = |b: &CodeBlock| json!({"path": b.path, "line": b.lines.0, "end_line": b.lines.1, "symbol": b.symbol});
    if args.searching.json {
        let as_json =
            |p: &Pair<'_>| json!({"a": place(p.a), "b": place(p.b), "cosine": p.cosine, "structure": p.structure});
        let list: Vec<serde_json::Value> = all.iter().map(as_json).collect();
        output::write(None, |out| {
            serde_json::to_writer_pretty(&mut *out, &list)?;
            writeln!(out)
        })?;
    } else {
        output::write(None, |out| {
            for pair in &all {
                let told = |b: &CodeBlock| format!("{}:{}  {}", b.path, b.lines.0, b.symbol);
                let (bold, dim) = (style::BOLD, style::DIM);
                let structure =
                    pair.structure.map(|s| format!(", {:.0} % of the structure", s * 100.0)).unwrap_or_default();
                writeln!(out, "{bold}{}{bold:#}", style::printable(&told(pair.a)))?;
                writeln!(
                    out,
                    "{}  {dim}meaning {:.2}{structure}{dim:#}",
                    style::printable(&told(pair.b)),
                    pair.cosine
                )?;
                writeln!(out)?;
            }
            if all.is_empty() { writeln!(out, "No two functions are alike.") } else { Ok(()) }
        })?;
    }
    Ok(if all.is_empty() { FINDINGS } else { CLEAN })
}
