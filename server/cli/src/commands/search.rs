//! `sidenote search`.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sidenote_model::embed::key;
use sidenote_model::search::{Found, Search};

use crate::args::{Search as Args, Searching};
use crate::error::{CLEAN, Error, FINDINGS};
use crate::local::{CodeBlock, Encoder, collect};
use crate::{output, style};

/// A question is short, but the host may have to be started for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs it. The exit code is 1 when nothing is found.
pub fn run(args: &Args) -> Result<u8, Error> {
    let start = Instant::now();
    let blocks = collect(&args.selection)?;
    let read = start.elapsed();
    let encoder = if args.words || blocks.is_empty() { None } else { Encoder::or_words() };
    let texts: Vec<String> = blocks.iter().map(|b| b.searched()).collect();
    let outcome = encoder.as_ref().map(|e| e.embed(&texts, Duration::from_secs(args.searching.wait)));
    let embedded = start.elapsed();
    let mut search = Search::default();
    for (block, text) in blocks.iter().zip(&texts) {
        let number = search.add(&block.symbol, text);
        if let Some(code) = outcome.as_ref().and_then(|o| o.codes.get(&key(text))) {
            search.vector(number, code);
        }
    }
    let indexed = start.elapsed();
    let vectors = outcome.as_ref().is_some_and(|o| !o.codes.is_empty());
    let question = encoder.as_ref().filter(|_| vectors).and_then(|e| {
        // The host is started, if it was not needed before, outside of the search's time.
        e.embedder.host().about().ok()?;
        Some(e)
    });
    let asked = Instant::now();
    let question = question.and_then(|e| e.embedder.question(&args.question, PATIENCE).ok());
    let found = search.find(&args.question, question.as_ref(), args.searching.count);
    let searched = asked.elapsed();
    show(&blocks, &found, &args.searching, "is found")?;
    if args.searching.stats {
        say!(
            "{} functions; read {:.0} ms, embedded {} in {:.0} ms, indexed {:.0} ms, searched {:.1} ms with the question's embedding",
            blocks.len(),
            ms(read),
            outcome.map_or(0, |o| o.computed),
            ms(embedded - read),
            ms(indexed - embedded),
            ms(searched)
        );
    }
    Ok(if found.is_empty() { FINDINGS } else { CLEAN })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Shows functions with their places, scores and first lines.
///
/// # Errors
/// When standard output is closed.
pub fn show(blocks: &[CodeBlock], found: &[Found], args: &Searching, verb: &str) -> Result<(), Error> {
    if args.json {
        let list: Vec<Value> = found.iter().map(|f| as_json(&blocks[f.block], f)).collect();
        return output::write(None, |out| {
            serde_json::to_writer_pretty(&mut *out, &list)?;
            writeln!(out)
        });
    }
    output::write(None, |out| {
        if found.is_empty() {
            return writeln!(out, "Nothing {verb}.");
        }
        found.iter().try_for_each(|f| line(out, &blocks[f.block], f))
    })
}

fn line(out: &mut dyn Write, block: &CodeBlock, found: &Found) -> io::Result<()> {
    let path = style::printable(&block.path);
    let symbol = style::printable(&block.symbol);
    let (bold, dim) = (style::BOLD, style::DIM);
    let mut scores = vec![format!("{:.2}", found.score)];
    scores.extend(found.cosine.map(|c| format!("meaning {c:.2}")));
    scores.extend((found.words > 0.0).then(|| format!("words {:.1}", found.words)));
    writeln!(out, "{bold}{path}:{}{bold:#}  {symbol}  {dim}{}{dim:#}", block.lines.0, scores.join(", "))?;
    let width = style::width(120).saturating_sub(6).max(20);
    let said = block.comment.lines().next().unwrap_or_default();
    let lines = [said, block.first_line()];
    for text in lines.into_iter().filter(|l| !l.is_empty()) {
        let text: String = style::printable(text).chars().take(width).collect();
        writeln!(out, "    {dim}{text}{dim:#}")?;
    }
    Ok(())
}

fn as_json(block: &CodeBlock, found: &Found) -> Value {
    json!({
        "path": block.path, "line": block.lines.0, "end_line": block.lines.1, "symbol": block.symbol,
        "language": block.language, "score": found.score, "cosine": found.cosine, "words": found.words,
        "snippet": block.first_line(), "comment": block.comment,
    })
}
