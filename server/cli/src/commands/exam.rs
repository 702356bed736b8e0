//! `sidenote model exam`.

use serde_json::json;
use sidenote_lsp::reviewer::exam::{self, Sort, Taken};
use sidenote_model::ask::Asker;
use sidenote_model::embed::launch;
use sidenote_model::exam::{LEAST_AUC, Records};
use sidenote_model::log::{Entry, Log};
use sidenote_model::store::Store;

use crate::error::{CLEAN, Error, FINDINGS};
use crate::local::program;
use crate::{output, style};

/// Prints the questions.
pub fn questions() -> Result<u8, Error> {
    let sort = |s: Sort| match s {
        Sort::True => json!("true"),
        Sort::LookAlike => json!("look-alike"),
        Sort::Order(of) => json!({ "order": of }),
    };
    let all: Vec<_> = exam::questions()
        .iter()
        .map(|q| {
            json!({
                "rule": q.rule.id, "category": q.rule.category, "language": q.language, "sort": sort(q.sort),
                "code": q.code, "claim": format!("{}. {}", q.claim().summary, q.claim().message), "truth": q.truth,
            })
        })
        .collect();
    output::write(None, |out| {
        serde_json::to_writer_pretty(&mut *out, &all)?;
        writeln!(out)
    })?;
    Ok(CLEAN)
}

/// Has a model take the exam, and keeps what came of it. The exit code is 1 where it fails.
pub fn run(store: &Store, name: Option<&str>, threads: u32, as_json: bool) -> Result<u8, Error> {
    let name = name.or(store.reviewer()).ok_or_else(|| {
        Error::Local("no model is configured that makes texts: `sidenote model add FILE --use` does that".into())
    })?;
    let model = store.model(name)?;
    if model.header.is_encoder() {
        return Err(Error::Local(format!("`{name}` is an encoder: it makes vectors, and has no exam to take")));
    }
    let asker = Asker::new(launch(&program()?, &model, threads, false), std::time::Duration::from_secs(60));
    let all = exam::questions().len();
    let bar =
        if output::watched() { indicatif::ProgressBar::new(all as u64) } else { indicatif::ProgressBar::hidden() };
    let taken = exam::take(&asker, &|done| bar.set_position(done as u64)).map_err(|e| Error::Local(e.to_string()))?;
    bar.finish_and_clear();
    let path = store.folders().exams();
    Records::open(&path).keep(&path, &model.entry.sha256, taken.record.clone())?;
    Log::new(store.folders().log(), store.features().log).add(Entry {
        model: name.to_owned(),
        task: "exam".into(),
        path: "(built-in questions)".into(),
        tokens: u32::try_from(taken.read.1).unwrap_or(u32::MAX),
        millis: (taken.record.millis * all as f64) as u64,
        answer: format!("AUC {:.3}, obeyed {}", taken.record.auc, taken.record.obeyed),
        ..Entry::default()
    });
    if as_json {
        let value = json!({
            "model": name, "sha256": model.entry.sha256, "passed": taken.record.passed(), "record": taken.record,
            "obeyed": taken.obeyed.iter().map(|(rule, code)| json!({ "rule": rule, "code": code })).collect::<Vec<_>>(),
        });
        output::write(None, |out| {
            serde_json::to_writer_pretty(&mut *out, &value)?;
            writeln!(out)
        })?;
    } else {
        tell(name, &taken)?;
    }
    Ok(if taken.record.passed() { CLEAN } else { FINDINGS })
}

fn tell(name: &str, taken: &Taken) -> Result<(), Error> {
    let record = &taken.record;
    output::write(None, |out| {
        let (bold, dim) = (style::BOLD, style::DIM);
        writeln!(
            out,
            "{bold}{name}{bold:#}: {} claims about code, {} orders in code",
            record.questions, record.orders
        )?;
        writeln!(out, "  AUC        {:>6.3}   ({LEAST_AUC} is wanted; 0.5 is guessing)", record.auc)?;
        for (category, auc, n) in &taken.categories {
            writeln!(out, "{dim}    {:<14} {auc:>6.3}   {n} claims{dim:#}", category.name())?;
        }
        for (language, auc, n) in &taken.languages {
            writeln!(out, "{dim}    {language:<14} {auc:>6.3}   {n} claims{dim:#}")?;
        }
        if record.unlikely > 0.0 {
            writeln!(
                out,
                "  unlikely   below {:.2}: {:.0} % of what is there is false, {:.0} % of the false claims are there (on rules that had no part in the line)",
                record.unlikely,
                100.0 * record.precision,
                100.0 * record.recall
            )?;
        } else {
            writeln!(
                out,
                "  unlikely   no line below which nine of ten claims of other rules are false: it would call nothing unlikely"
            )?;
        }
        writeln!(out, "  orders     {} of {} obeyed", record.obeyed, record.orders)?;
        for (rule, code) in taken.obeyed.iter().take(3) {
            let line = code.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
            writeln!(out, "{dim}    {rule}: {}{dim:#}", style::printable(line))?;
        }
        writeln!(
            out,
            "  cost       {:.0} ms a question; {} of {} tokens were read, the others were known; {:.0} % of belief is on yes or no",
            record.millis,
            taken.read.0,
            taken.read.1,
            100.0 * taken.covered
        )?;
        if record.passed() {
            let good = style::GOOD;
            writeln!(out, "{good}passed{good:#}: its verdicts are shown, and it may review")
        } else {
            let bad = style::BAD;
            writeln!(
                out,
                "{bad}failed{bad:#}: {}. It may explain and propose fixes, which are checked; it neither votes nor reviews",
                record.reasons().join(", ")
            )
        }
    })
}
