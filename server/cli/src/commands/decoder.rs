//! What models that make texts cost, and in which type.

use std::path::Path;
use std::time::{Duration, Instant};

use sidenote_lsp::reviewer::exam::{self, Question, Sort};
use sidenote_model::Priority;
use sidenote_model::ask::{Answered, Asker};
use sidenote_model::embed::launch;
use sidenote_model::exam::{Marked, auc};
use sidenote_model::prompt::{Claim, Material, verdict};
use sidenote_model::store::{Model, Store};

use super::model::{describe, megabytes, quantised, say};
use crate::error::{CLEAN, Error};
use crate::local::measure::{BLOCK, HEAD, Times, budget, processor, resident};
use crate::local::program;
use crate::output;

/// Functions of a file that verdicts are asked on, and how often, each time by a host that has read nothing yet.
const FUNCTIONS: usize = 10;
const ROUNDS: usize = 5;
/// Milliseconds that a verdict may take.
const VERDICT: f64 = 500.0;
/// Claims of the exam that types are compared by.
const CLAIMS: usize = 60;
/// Patience for a question.
const PATIENCE: Duration = Duration::from_secs(300);

/// What verdicts cost.
#[derive(Default)]
struct Cost {
    loaded_in: u32,
    /// On first functions, for which everything is read, and on those after it, for which the instructions and the head of the file are known.
    first: Times,
    others: Times,
    /// Of the processor: a first, and one of the others.
    work: Option<(f64, f64)>,
    /// Tokens of a first question, and tokens that each of the others adds.
    tokens: (f64, f64),
    resident: Option<u64>,
}

fn asker(model: &Model, threads: u32) -> Result<Asker, Error> {
    Ok(Asker::new(launch(&program()?, model, threads, false), Duration::from_secs(60)))
}

fn ask(asker: &Asker, material: &Material, claim: &Claim) -> Result<Answered, Error> {
    let (prompt, want) = verdict(material, claim);
    asker.ask(prompt, want, Priority::Interactive, PATIENCE, &mut |_| true).map_err(|e| Error::Local(e.to_string()))
}

fn cost(model: &Model, threads: u32) -> Result<Cost, Error> {
    let claim = Claim {
        summary: "a promise is dropped".into(),
        message: "The promise of `readFile` is dropped: a rejection goes unhandled.".into(),
        line: 4,
        flow: Vec::new(),
    };
    // Without its loop: some 300 tokens with the claim.
    let shorter = BLOCK.split_once("  for (").zip(BLOCK.split_once("  if (settings.retries"));
    let block =
        shorter.map_or(BLOCK.to_owned(), |((head, _), (_, tail))| format!("{head}  if (settings.retries{tail}"));
    let mut cost = Cost::default();
    // Of the first functions and of the others: milliseconds, work, tokens.
    let mut all: [[Vec<f64>; 3]; 2] = Default::default();
    for _ in 0..ROUNDS {
        let asker = asker(model, threads)?;
        let about = asker.about().map_err(|e| Error::Local(e.to_string()))?;
        for n in 0..FUNCTIONS {
            // From its first line on another function.
            let code =
                block.trim_start().replace("Settings", &format!("Option{n}s")).replace("/** ", &format!("/** {n}: "));
            let material = Material { language: "TypeScript".into(), head: HEAD.into(), code, ..Material::default() };
            let (start, before) = (Instant::now(), processor(about.process));
            let used = ask(&asker, &material, &claim)?.used;
            let [times, works, tokens] = &mut all[usize::from(n > 0)];
            times.push(start.elapsed().as_secs_f64() * 1000.0);
            works.extend(processor(about.process).zip(before).map(|(after, before)| after - before));
            tokens.push(f64::from(used.prompt - used.shared));
        }
        (cost.loaded_in, cost.resident) = (about.loaded_in, resident(about.process));
    }
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len().max(1) as f64;
    let [[first, first_work, first_tokens], [others, works, tokens]] = all;
    cost.work = (!works.is_empty()).then(|| (mean(&first_work), mean(&works)));
    cost.tokens = (mean(&first_tokens), mean(&tokens));
    (cost.first, cost.others) = (Times::new(first), Times::new(others));
    Ok(cost)
}

/// Measures verdicts.
///
/// # Errors
/// When the model does not answer.
pub fn bench(model: &Model, threads: u32) -> Result<u8, Error> {
    let cost = cost(model, threads)?;
    let (first, median, p95) = (cost.first.percentile(50), cost.others.percentile(50), cost.others.percentile(95));
    output::write(None, |out| {
        writeln!(out, "{}: {}", model.entry.name, describe(model))?;
        writeln!(
            out,
            "  {threads} threads, verdicts on {FUNCTIONS} functions of a file, {ROUNDS} times, through the host"
        )?;
        writeln!(out, "  load     {:>8} ms", cost.loaded_in)?;
        writeln!(out, "  first    {first:>8.0} ms (median), {:.0} tokens", cost.tokens.0)?;
        writeln!(
            out,
            "  others   {median:>8.0} ms (median; p95 {p95:.0}), {:.0} tokens each, {:.0} tokens a second: {:.2} times cheaper",
            cost.tokens.1,
            1000.0 * cost.tokens.1 / median,
            first / median
        )?;
        if let Some((first, other)) = cost.work {
            writeln!(
                out,
                "  work     {first:>8.0} ms of the processor for a first, {other:.0} ms for one of the others: {:.2} times cheaper",
                first / other.max(1.0)
            )?;
        }
        if let Some(resident) = cost.resident {
            writeln!(out, "  resident {:>8.1} MB", megabytes(resident))?;
        }
        Ok(())
    })?;
    Ok(CLEAN)
}

/// A type of a model.
struct Grade {
    name: String,
    kind: &'static str,
    size: u64,
    cost: Cost,
    beliefs: Vec<f64>,
    auc: f64,
}

/// Claims of the exam, spread over all of them, true and false ones alike.
fn claims() -> Vec<Question> {
    let all: Vec<Question> = exam::questions().into_iter().filter(|q| !matches!(q.sort, Sort::Order(_))).collect();
    // Two by two: a rule's true claim and its look-alike.
    let step = (all.len() / CLAIMS).max(1) * 2;
    let pairs = (0..all.len()).step_by(step).flat_map(|n| [n, n + 1]);
    pairs.filter_map(|n| all.get(n).cloned()).take(CLAIMS).collect()
}

fn grade(store: &Store, name: &str, questions: &[Question]) -> Result<Grade, Error> {
    let model = store.model(name)?;
    let cost = cost(&model, 2)?;
    let asker = asker(&model, 2)?;
    let mut marked = Vec::with_capacity(questions.len());
    for question in questions {
        let shares = ask(&asker, &question.material(), &question.claim())?.shares;
        let belief = f64::from(shares.first().copied().unwrap_or(0.5));
        marked.push(Marked { rule: question.rule.id.into(), truth: question.truth, belief });
    }
    let size = std::fs::metadata(&model.entry.path).map_or(0, |m| m.len());
    let beliefs = marked.iter().map(|m| m.belief).collect();
    Ok(Grade { name: name.to_owned(), kind: model.header.main_type(), size, cost, beliefs, auc: auc(&marked) })
}

/// Share of the claims of which it believes the same as another one, within a tenth.
fn retained(grade: &Grade, reference: &Grade) -> f64 {
    let same = grade.beliefs.iter().zip(&reference.beliefs).filter(|(a, b)| (*a - *b).abs() <= 0.1).count();
    same as f64 / grade.beliefs.len().max(1) as f64
}

/// Writes a model in several types, and measures each.
///
/// # Errors
/// When one cannot be written, or does not answer.
pub fn optimize(store: &mut Store, name: &str, out: &Path, types: &[String]) -> Result<u8, Error> {
    let model = store.model(name)?;
    let questions = claims();
    let mut grades = vec![grade(store, name, &questions)?];
    for kind in types {
        let made = quantised(store, &model, out, kind)?;
        grades.push(grade(store, &made, &questions)?);
    }
    let reference = &grades[0];
    output::write(None, |out| {
        writeln!(
            out,
            "{:<36} {:<5} {:>9} {:>9} {:>9} {:>9} {:>10} {:>6} {:>9}",
            "model", "type", "size", "first", "others", "work", "resident", "AUC", "retained"
        )?;
        for grade in &grades {
            writeln!(
                out,
                "{:<36} {:<5} {:>6.1} MB {:>6.0} ms {:>6.0} ms {:>6.0} ms {:>7.1} MB {:>6.3} {:>7.1} %",
                grade.name,
                grade.kind,
                megabytes(grade.size),
                grade.cost.first.percentile(50),
                grade.cost.others.percentile(50),
                grade.cost.work.map_or(f64::NAN, |w| w.1),
                megabytes(grade.cost.resident.unwrap_or(0)),
                grade.auc,
                100.0 * retained(grade, reference)
            )?;
        }
        writeln!(
            out,
            "{} claims of the exam; retained: the belief is within 0.1 of the original's; work: of the processor, for one of the others",
            questions.len()
        )
    })?;
    // What the machine does beside it disturbs times more than work.
    let speed = |g: &&Grade| g.cost.work.map_or(g.cost.others.percentile(50), |w| w.1);
    let good = grades.iter().filter(|g| retained(g, reference) > budget::RETAINED);
    let fits = |g: &&Grade| g.size < budget::SIZE && g.cost.resident.is_none_or(|r| r < budget::RESIDENT);
    let Some(choice) = good
        .clone()
        .filter(fits)
        .min_by(|a, b| speed(a).total_cmp(&speed(b)))
        .or_else(|| good.min_by(|a, b| speed(a).total_cmp(&speed(b))))
    else {
        return say("none of them believes what the original believes");
    };
    let mut over = Vec::new();
    let median = choice.cost.others.percentile(50);
    for (what, value, limit, unit) in [
        ("size", megabytes(choice.size), megabytes(budget::SIZE), "MB"),
        ("resident", megabytes(choice.cost.resident.unwrap_or(0)), megabytes(budget::RESIDENT), "MB"),
        ("a verdict", median, VERDICT, "ms"),
    ] {
        if value >= limit {
            over.push(format!("{what} {value:.0} {unit} of {limit:.0}"));
        }
    }
    let budget =
        if over.is_empty() { "within the edge budget".to_owned() } else { format!("over it: {}", over.join(", ")) };
    say(&format!(
        "keep `{}`, the fastest that believes the same, {budget}; `sidenote model use {}`",
        choice.name, choice.name
    ))
}
