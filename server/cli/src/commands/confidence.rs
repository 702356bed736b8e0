//! `sidenote model confidence`.

use std::path::Path;

use serde_json::{Value, json};
use sidenote_core::rules;
use sidenote_model::embed::many_threads;
use sidenote_model::store::Store;

use crate::error::{CLEAN, Error};
use crate::local::Encoder;
use crate::local::confidence::{Evidence, Hidden, Outcome, Worth, gather, judge, labels};
use crate::output;

/// From here on the cases of a rule tell what must be flagged from what must not.
const TELLS: f64 = 0.8;

/// Measures, and tells it rule by rule.
pub fn run(store: &Store, file: Option<&Path>, root: &Path, as_json: bool) -> Result<u8, Error> {
    let judged = match file {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|source| Error::file(file, source))?;
            labels(&text).map_err(|line| {
                Error::Local(format!("line {line} of {} is no rule, path, line and judgement", file.display()))
            })?
        }
        None => Vec::new(),
    };
    let encoder = Encoder::open(store, None, many_threads())?;
    let evidence = gather(&encoder, root, &judged)?;
    let outcome = judge(&evidence.judged);
    if as_json {
        let value = value(&evidence, &outcome);
        output::write(None, |out| {
            serde_json::to_writer_pretty(&mut *out, &value)?;
            writeln!(out)
        })?;
    } else {
        tell(&evidence, &outcome)?;
    }
    Ok(CLEAN)
}

fn word(worth: Worth) -> &'static str {
    match worth {
        Worth::Lifts => "lifts",
        Worth::LiftsNot => "lifts nothing",
        Worth::Unknown => "cannot be told",
    }
}

fn value(evidence: &Evidence, outcome: &Outcome) -> Value {
    let hidden = |h: &Hidden| {
        json!({
            "true": h.all.0, "false": h.all.1, "trueHidden": h.hidden.0, "falseHidden": h.hidden.1,
            "precisionBefore": h.precision().0, "precisionAfter": h.precision().1,
        })
    };
    let rule = |rule: &rules::Rule| {
        let cases = evidence.rules.get(rule.id)?;
        let judged = outcome.rules.get(rule.id).map(|r| {
            json!({
                "auc": r.auc, "worth": word(r.worth), "byPrior": hidden(&r.prior), "byNeighbours": hidden(&r.neighbours),
            })
        });
        Some(
            json!({ "rule": rule.id, "bad": cases.cases.0, "good": cases.cases.1, "auc": cases.auc, "judged": judged }),
        )
    };
    json!({
        "rules": rules::all().iter().filter_map(|r| rule(r)).collect::<Vec<_>>(),
        "missing": evidence.missing,
        "byPrior": hidden(&outcome.prior), "byNeighbours": hidden(&outcome.neighbours),
        "auc": { "prior": outcome.aucs.0, "neighbours": outcome.aucs.1, "withinRules": outcome.within.0, "pairs": outcome.within.1 },
        "surprise": { "prior": outcome.surprise.0, "neighbours": outcome.surprise.1 },
    })
}

fn tell(evidence: &Evidence, outcome: &Outcome) -> Result<(), Error> {
    let all = evidence.rules.len();
    let mean = evidence.rules.values().map(|r| r.auc).sum::<f64>() / all.max(1) as f64;
    let tell = evidence.rules.values().filter(|r| r.auc >= TELLS).count();
    output::write(None, |out| {
        writeln!(
            out,
            "{all} rules by their own cases, each case against the others: bad ones lean more to the bad in {:.0} % of pairs; in {tell} \
             rules in {:.0} % and more",
            100.0 * mean,
            100.0 * TELLS
        )?;
        if evidence.judged.is_empty() {
            return writeln!(out, "no judged findings: --labels FILE names them, and only they tell what it is worth");
        }
        let (t, f) = outcome.prior.all;
        writeln!(out, "{} judged findings: {t} true, {f} false; each by what those of other packages taught", t + f)?;
        if evidence.missing > 0 {
            writeln!(out, "  {} more are not there any more", evidence.missing)?;
        }
        writeln!(
            out,
            "  within a rule a true one leans more to the bad cases than a false one in {:.0} % of {} pairs (50 % is luck)",
            100.0 * outcome.within.0,
            outcome.within.1
        )?;
        writeln!(
            out,
            "\n{:<32} {:>5} {:>9} {:>22} {:>22}",
            "", "AUC", "surprise", "hidden, true / false", "precision of the rest"
        )?;
        for (what, auc, surprise, hidden) in [
            ("the rule's share of true ones", outcome.aucs.0, outcome.surprise.0, outcome.prior),
            ("that, and neighbours", outcome.aucs.1, outcome.surprise.1, outcome.neighbours),
        ] {
            writeln!(
                out,
                "{what:<32} {auc:>5.3} {surprise:>9.3} {:>22} {:>22}",
                format!("{} / {}", hidden.hidden.0, hidden.hidden.1),
                format!("{:.1} -> {:.1} %", 100.0 * hidden.precision().0, 100.0 * hidden.precision().1)
            )?;
        }
        writeln!(
            out,
            "\n{:<32} {:>12} {:>9} {:>10} {:>12} {:>12}  neighbours",
            "rule", "true / false", "cases AUC", "leans AUC", "by share", "neighbours"
        )?;
        for (name, rule) in &outcome.rules {
            let cases = evidence.rules.get(name.as_str()).map_or(f64::NAN, |c| c.auc);
            let pair = |(t, f): (usize, usize)| format!("{t} / {f}");
            let apart =
                if rule.prior.all.0 > 0 && rule.prior.all.1 > 0 { format!("{:.2}", rule.auc) } else { "-".into() };
            writeln!(
                out,
                "{name:<32} {:>12} {cases:>9.2} {apart:>10} {:>12} {:>12}  {}",
                pair(rule.prior.all),
                pair(rule.prior.hidden),
                pair(rule.neighbours.hidden),
                word(rule.worth)
            )?;
        }
        let lifts = outcome.rules.values().filter(|r| r.worth == Worth::Lifts).count();
        let told = outcome.rules.values().filter(|r| r.worth != Worth::Unknown).count();
        writeln!(out, "\nneighbours lift the precision of {lifts} of {told} rules of which it can be told")
    })
}
