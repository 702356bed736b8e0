//! `sidenote similar`.

use std::path::Path;
use std::time::Duration;

use sidenote_model::embed::{key, many_threads};
use sidenote_model::search::{Found, Search};
use sidenote_model::store::Store;

use super::search::show;
use crate::args::Similar as Args;
use crate::error::{CLEAN, Error, FINDINGS};
use crate::local::{CodeBlock, Encoder, collect, folders};

/// Runs it. The exit code is 1 when nothing is found.
pub fn run(args: &Args) -> Result<u8, Error> {
    let usage = || Error::Local(format!("`{}` is no FILE:LINE, such as src/date.ts:12", args.place.escape_debug()));
    let (file, line) = args.place.rsplit_once(':').ok_or_else(usage)?;
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
