//! `sidenote model`.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sidenote_model::Priority;
use sidenote_model::embed::{many_threads, program_quantize};
use sidenote_model::exam::Records;
use sidenote_model::store::{EMBEDDED, Entry, Features, Model, Store};

use crate::args::{Model as Args, ModelCommand, Selection};
use crate::error::{CLEAN, Error, FINDINGS};
use crate::local::eval::{self, Pair, Ranks};
use crate::local::measure::{self, Cost, RUNS, WARM_UPS, budget};
use crate::local::replay::{Replay, Taste};
use crate::local::{Encoder, collect, folders, program};
use crate::{output, scan, style};

/// Patience for a whole evaluation.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Runs it.
pub fn run(args: &Args) -> Result<u8, Error> {
    let mut store = Store::open(folders()?)?;
    match &args.command {
        ModelCommand::List { json } => list(&store, *json),
        ModelCommand::Add { file, name, r#use } => {
            let model = store.add(file, name.as_deref())?;
            say(&format!("`{}` may run: {}", model.entry.name, describe(&model)))?;
            if *r#use {
                store.choose(&model.entry.name)?;
                say_used(&model)?;
            }
            Ok(CLEAN)
        }
        ModelCommand::Use { name } => {
            let model = store.choose(name)?;
            say_used(&model)
        }
        ModelCommand::Exam { questions: true, .. } => super::exam::questions(),
        ModelCommand::Exam { name, threads, json, .. } => super::exam::run(&store, name.as_deref(), *threads, *json),
        ModelCommand::Feature { name: None, .. } => features(&store),
        ModelCommand::Feature { name: Some(name), state } => {
            if let Some(state) = state {
                store.switch(name, state == "on")?;
            }
            match store.features().get(name) {
                Some(on) => say(&format!("`{name}` is {}", if on { "on" } else { "off" })),
                None => Err(Error::Local(format!("there is no feature `{name}`: {}", Features::NAMES.join(", ")))),
            }
        }
        ModelCommand::Remove { name } => {
            let entry = store.remove(name)?;
            say(&format!("`{name}` may not run any more; {} is still there", style::shown(&entry.path)))
        }
        ModelCommand::Verify { names } => verify(&store, names),
        ModelCommand::Bench { name, threads } => bench(&store, name.as_deref(), *threads),
        ModelCommand::Eval { name, against, pairs, selection } => {
            let pairs = pairs_of(selection, *pairs)?;
            let name = name.as_deref().unwrap_or(store.encoder()).to_owned();
            let reference = against.as_deref().map(|a| grade(&store, a, &pairs)).transpose()?;
            let grade = grade(&store, &name, &pairs)?;
            tell_pairs(&pairs)?;
            table(&[reference.into_iter().collect(), vec![grade]].concat())
        }
        ModelCommand::Confidence { labels, root, json } => {
            super::confidence::run(&store, labels.as_deref(), root, *json)
        }
        ModelCommand::Replay { histories, selection } => replay(&store, *histories, selection),
        ModelCommand::Optimize { name, out, types, .. } if !store.model(name)?.header.is_encoder() => {
            super::decoder::optimize(&mut store, name, out, types)
        }
        ModelCommand::Optimize { name, out, types, pairs, selection } => {
            optimize(&mut store, name, out, types, &pairs_of(selection, *pairs)?)
        }
    }
}

/// Histories of dismissals over what is found in some code.
fn replay(store: &Store, histories: u64, selection: &Selection) -> Result<u8, Error> {
    let (_, scan) = scan::of_selection(selection)?;
    let encoder = Encoder::open(store, None, many_threads())?;
    let replay = Replay::new(&scan, &encoder)?;
    output::write(None, |out| {
        writeln!(out, "{} findings, {histories} histories of each kind", replay.len())?;
        writeln!(out, "{:<24} {:>9} {:>9} {:>9} {:>9}", "who dismisses", "by hand", "saved", "precision", "lost")?;
        for (taste, name) in Taste::ALL {
            let outcome = replay.run(taste, histories);
            writeln!(
                out,
                "{name:<24} {:>9} {:>7.1} % {:>7.1} % {:>7.2} %",
                outcome.dismissed,
                outcome.saved() * 100.0,
                outcome.precision() * 100.0,
                outcome.loss() * 100.0
            )?;
        }
        Ok(())
    })?;
    Ok(CLEAN)
}

pub(super) fn say(text: &str) -> Result<u8, Error> {
    output::write(None, |out| writeln!(out, "{text}"))?;
    Ok(CLEAN)
}

fn say_used(model: &Model) -> Result<u8, Error> {
    let name = &model.entry.name;
    if model.header.is_encoder() {
        return say(&format!("`{name}` is the encoder now: {}", describe(model)));
    }
    say(&format!(
        "`{name}` explains and proposes fixes from now on: {}. It votes and reviews when it has passed `sidenote model exam`",
        describe(model)
    ))
}

fn features(store: &Store) -> Result<u8, Error> {
    output::write(None, |out| {
        for name in Features::NAMES {
            let what = match name {
                "meaning" => "vectors of functions, for search and likeness",
                "verdicts" => "how likely findings are",
                "review" => "notes of the model's own",
                "explain" => "explanations on request",
                "fix" => "fixes on request",
                _ => "a log of what models saw",
            };
            let on = if store.features().get(name) == Some(true) { "on" } else { "off" };
            writeln!(out, "{name:<9} {on:<4} {what}")?;
        }
        Ok(())
    })?;
    Ok(CLEAN)
}

pub(super) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

pub(super) fn describe(model: &Model) -> String {
    let header = &model.header;
    let size = std::fs::metadata(&model.entry.path).map_or(0, |m| m.len());
    format!(
        "{}, {}, {:.1} M weights, {:.1} MB{}",
        header.architecture().unwrap_or("unknown"),
        header.main_type(),
        header.parameters() as f64 / 1e6,
        megabytes(size),
        if header.is_encoder() { ", an encoder" } else { "" }
    )
}

fn list(store: &Store, as_json: bool) -> Result<u8, Error> {
    let exams = Records::open(&store.folders().exams());
    let all: Vec<(Entry, Result<Model, String>)> =
        store.entries().into_iter().map(|e| (e.clone(), store.model(&e.name).map_err(|e| e.to_string()))).collect();
    if as_json {
        let list: Vec<Value> = all
            .iter()
            .map(|(entry, model)| {
                json!({
                    "name": entry.name, "path": entry.path, "sha256": entry.sha256,
                    "encoder": entry.name == store.encoder(), "reviewer": Some(entry.name.as_str()) == store.reviewer(),
                    "passed": exams.get(&entry.sha256, &sidenote_model::exam::version()).map(|r| r.passed()),
                    "about": model.as_ref().ok().map(describe), "problem": model.as_ref().err(),
                })
            })
            .collect();
        output::write(None, |out| {
            serde_json::to_writer_pretty(&mut *out, &list)?;
            writeln!(out)
        })?;
        return Ok(CLEAN);
    }
    output::write(None, |out| {
        for (entry, model) in &all {
            let (bold, dim, bad) = (style::BOLD, style::DIM, style::BAD);
            let used = if entry.name == store.encoder() {
                "  in use"
            } else if Some(entry.name.as_str()) == store.reviewer() {
                match exams.get(&entry.sha256, &sidenote_model::exam::version()) {
                    Some(record) if record.passed() => "  in use, passed its exam",
                    Some(_) => "  in use, failed its exam: explains and proposes fixes only",
                    None => "  in use, took no exam: explains and proposes fixes only",
                }
            } else {
                ""
            };
            writeln!(out, "{bold}{}{bold:#}{used}", entry.name)?;
            match model {
                Ok(model) => writeln!(out, "    {}", describe(model))?,
                Err(problem) => writeln!(out, "    {bad}{}{bad:#}", style::printable(problem))?,
            }
            writeln!(out, "    {dim}{}{dim:#}", style::shown(&entry.path))?;
        }
        Ok(())
    })?;
    Ok(CLEAN)
}

/// The exit code is 1 where something does not hold.
fn verify(store: &Store, names: &[String]) -> Result<u8, Error> {
    let known = store.entries();
    let all: Vec<String> =
        if names.is_empty() { known.iter().map(|e| e.name.clone()).collect() } else { names.to_vec() };
    let mut code = CLEAN;
    output::write(None, |out| {
        for name in &all {
            let outcome = if known.iter().any(|e| e.name == *name) {
                store
                    .model(name)
                    .map(|m| format!("{}, sha256 {}", describe(&m), m.entry.sha256))
                    .map_err(|e| e.to_string())
            } else {
                let checked = sidenote_model::check(Path::new(name), None);
                checked
                    .map(|(_, sha256)| format!("a whole GGUF file, not on the list, sha256 {sha256}"))
                    .map_err(|e| e.to_string())
            };
            match outcome {
                Ok(told) => writeln!(out, "{}good{:#}  {name}: {told}", style::GOOD, style::GOOD)?,
                Err(problem) => {
                    code = FINDINGS;
                    writeln!(out, "{}bad{:#}   {}", style::BAD, style::BAD, style::printable(&problem))?;
                }
            }
        }
        Ok(())
    })?;
    Ok(code)
}

fn bench(store: &Store, name: Option<&str>, threads: u32) -> Result<u8, Error> {
    if let Some(model) = name.map(|n| store.model(n)).transpose()?.filter(|m| !m.header.is_encoder()) {
        return super::decoder::bench(&model, threads);
    }
    let encoder = Encoder::open(store, name, threads)?;
    let cost = measure::cost(&encoder)?;
    let stream = blocks_a_second(&encoder)?;
    let searches = measure::searches(&encoder)?;
    let times = &cost.times;
    output::write(None, |out| {
        writeln!(out, "{}: {}", encoder.model.entry.name, describe(&encoder.model))?;
        writeln!(
            out,
            "  {threads} threads, {WARM_UPS} warm-ups, {RUNS} runs of one block of some 220 tokens, through the host"
        )?;
        writeln!(out, "  load     {:>8} ms", cost.about.loaded_in)?;
        for (what, value) in [
            ("mean", times.mean()),
            ("median", times.percentile(50)),
            ("p95", times.percentile(95)),
            ("p99", times.percentile(99)),
        ] {
            writeln!(out, "  {what:<8} {value:>8.1} ms")?;
        }
        if let Some(processor) = cost.processor {
            writeln!(out, "  {:<8} {processor:>8.1} ms of the processor a block", "work")?;
        }
        writeln!(out, "  stream   {stream:>8.1} blocks a second")?;
        writeln!(
            out,
            "  search   {:>8.1} ms (median; p95 {:.1}) over {} functions, with the question's embedding",
            searches.percentile(50),
            searches.percentile(95),
            measure::SEARCHED
        )?;
        if let Some(resident) = cost.resident {
            writeln!(out, "  resident {:>8.1} MB", megabytes(resident))?;
        }
        Ok(())
    })?;
    budget_table(&cost, None)?;
    Ok(CLEAN)
}

/// Blocks a second when the host has always another one.
fn blocks_a_second(encoder: &Encoder) -> Result<f64, Error> {
    use sidenote_model::BlockText;
    use sidenote_model::client::Answer;
    let lines: Vec<&str> = measure::BLOCK.lines().collect();
    let blocks: Vec<BlockText> = (0..RUNS)
        .map(|n| {
            // Real blocks are of all lengths: from a few lines to the whole.
            let text = lines[..4 + n * (lines.len() - 4) / RUNS].join("\n");
            let mut key = [0; 16];
            key[..8].copy_from_slice(&n.to_le_bytes());
            BlockText { key, text: sidenote_model::words::for_encoder(&text) }
        })
        .collect();
    let start = Instant::now();
    let ticket = encoder.embedder.host().embed(Priority::Background, None, blocks);
    let mut done = 0;
    while let Some(answer) = ticket.next() {
        match answer {
            Answer::Vector { .. } => done += 1,
            Answer::Failed(error) => return Err(Error::Host(error)),
            Answer::Skipped { reason, .. } => return Err(Error::Local(reason)),
            Answer::Done => break,
        }
    }
    Ok(f64::from(done) / start.elapsed().as_secs_f64())
}

fn budget_table(cost: &Cost, retained: Option<f64>) -> Result<(), Error> {
    let mark = |holds: bool| if holds { ("within", style::GOOD) } else { ("over", style::BAD) };
    let mut rows = vec![
        ("size", format!("{:.1} MB", megabytes(cost.size)), "< 100 MB", cost.size < budget::SIZE),
        ("p95", format!("{:.1} ms", cost.times.percentile(95)), "< 50 ms", cost.times.percentile(95) < budget::P95),
    ];
    if let Some(resident) = cost.resident {
        rows.push(("resident", format!("{:.1} MB", megabytes(resident)), "< 500 MB", resident < budget::RESIDENT));
    }
    if let Some(retained) = retained {
        rows.push(("accuracy", format!("{:.1} %", retained * 100.0), "> 90 %", retained > budget::RETAINED));
    }
    output::write(None, |out| {
        writeln!(out, "edge budget")?;
        for (what, value, limit, holds) in &rows {
            let (word, paint) = mark(*holds);
            writeln!(out, "  {what:<9} {value:>10}  {limit:<9} {paint}{word}{paint:#}")?;
        }
        Ok(())
    })
}

/// A model with its cost and its accuracy, with names kept and masked.
#[derive(Clone)]
struct Grade {
    name: String,
    kind: &'static str,
    cost: Cost,
    kept: Ranks,
    masked: Ranks,
}

fn pairs_of(selection: &Selection, most: usize) -> Result<Vec<Pair>, Error> {
    let pairs = eval::pairs(&collect(selection)?, most);
    if pairs.len() < 20 {
        return Err(Error::Local(format!(
            "only {} functions with a comment of some words are there: an evaluation wants hundreds; name more PATHs",
            pairs.len()
        )));
    }
    Ok(pairs)
}

fn tell_pairs(pairs: &[Pair]) -> Result<(), Error> {
    output::write(None, |out| {
        writeln!(out, "{} pairs of a comment ({:.0} words) and its function", pairs.len(), eval::mean_words(pairs))
    })
}

fn grade(store: &Store, name: &str, pairs: &[Pair]) -> Result<Grade, Error> {
    let cost = measure::cost(&Encoder::open(store, Some(name), 2)?)?;
    let encoder = Encoder::open(store, Some(name), many_threads())?;
    let failed = || Error::Local(format!("`{name}` could not embed all pairs; `sidenote doctor` tells more"));
    let kept = eval::rank(pairs, Some(&encoder), false, PATIENCE).ok_or_else(failed)?;
    let masked = eval::rank(pairs, Some(&encoder), true, PATIENCE).ok_or_else(failed)?;
    Ok(Grade { name: name.to_owned(), kind: encoder.model.header.main_type(), cost, kept, masked })
}

/// The first is the reference where there are several.
fn table(grades: &[Grade]) -> Result<u8, Error> {
    let Some(reference) = grades.first() else { return Ok(CLEAN) };
    output::write(None, |out| {
        writeln!(
            out,
            "{:<28} {:<5} {:>8} {:>8} {:>9}   {:^23}   {:^23}  retained",
            "model", "type", "size", "p95", "resident", "MRR, names kept", "MRR, names masked"
        )?;
        writeln!(
            out,
            "{:62}   {:>7} {:>7} {:>7}   {:>7} {:>7} {:>7}",
            "", "words", "meaning", "both", "words", "meaning", "both"
        )?;
        for grade in grades {
            let (k, m) = (grade.kept, grade.masked);
            writeln!(
                out,
                "{:<28} {:<5} {:>5.1} MB {:>5.1} ms {:>6.1} MB   {:>7.3} {:>7.3} {:>7.3}   {:>7.3} {:>7.3} {:>7.3}  {:>6.1} %",
                grade.name,
                grade.kind,
                megabytes(grade.cost.size),
                grade.cost.times.percentile(95),
                megabytes(grade.cost.resident.unwrap_or(0)),
                k.words,
                k.meaning,
                k.both,
                m.words,
                m.meaning,
                m.both,
                100.0 * retained(grade, reference)
            )?;
        }
        Ok(())
    })?;
    if let Some(last) = grades.last() {
        budget_table(&last.cost, (grades.len() > 1).then(|| retained(last, reference)))?;
    }
    Ok(CLEAN)
}

fn retained(grade: &Grade, reference: &Grade) -> f64 {
    grade.kept.meaning / reference.kept.meaning.max(f64::MIN_POSITIVE)
}

fn fits(grade: &Grade, reference: &Grade) -> bool {
    grade.cost.size < budget::SIZE
        && grade.cost.times.percentile(95) < budget::P95
        && grade.cost.resident.is_none_or(|r| r < budget::RESIDENT)
        && retained(grade, reference) > budget::RETAINED
}

/// Writes a model in another type, and allows it. Its name.
///
/// # Errors
/// When it cannot be written.
pub(super) fn quantised(store: &mut Store, model: &Model, out: &Path, kind: &str) -> Result<String, Error> {
    std::fs::create_dir_all(out).map_err(|source| Error::file(out, source))?;
    let out = out.canonicalize().map_err(|source| Error::file(out, source))?;
    let made = format!("{}-{kind}", model.entry.name);
    let file = out.join(format!("{made}.gguf"));
    program_quantize(&program()?, model, &file, kind).map_err(Error::Local)?;
    // What an earlier run made under this name is another file now.
    if store.entries().iter().any(|e| e.name == made) && made != EMBEDDED {
        store.remove(&made)?;
    }
    store.add(&file, Some(&made))?;
    Ok(made)
}

fn optimize(store: &mut Store, name: &str, out: &Path, types: &[String], pairs: &[Pair]) -> Result<u8, Error> {
    let model = store.model(name)?;
    let mut grades = vec![grade(store, name, pairs)?];
    for kind in types {
        let made = quantised(store, &model, out, kind)?;
        grades.push(grade(store, &made, pairs)?);
    }
    tell_pairs(pairs)?;
    table(&grades)?;
    let (reference, made) = (&grades[0], &grades[1..]);
    // The smallest that keeps 99 % of the accuracy is as good as the original; else the most accurate that fits.
    let good = made.iter().filter(|g| fits(g, reference));
    let choice = good
        .clone()
        .filter(|g| retained(g, reference) > 0.99)
        .min_by_key(|g| g.cost.size)
        .or_else(|| good.max_by(|a, b| retained(a, reference).total_cmp(&retained(b, reference))));
    match choice {
        Some(choice) => {
            say(&format!("keep `{}`: `sidenote model use {}` makes it the encoder", choice.name, choice.name))
        }
        None => say("none of them is within the edge budget"),
    }
}
