//! What the user's model thinks: a verdict on each finding, and findings of its own in the functions of the scanned files.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sidenote_core::claims::{pieces, rule_of};
use sidenote_core::document::Document;
use sidenote_core::findings::{self, Confidence, Fingerprint, Location, Severity, fingerprints};
use sidenote_core::grammars;
use sidenote_lsp::reviewer::{self, Advice, Case, Hosted, Reviewer as _, Task, Trouble};
use sidenote_model::embed::many_threads;
use sidenote_model::store::Store;

use super::{FileReport, Finding, Fix, Region, Replacement, Scan, Verdict, Workspace};
use crate::args;
use crate::error::Error;
use crate::local::{folders, program};
use crate::{output, style};

/// Notes of a model, by the position of their file.
pub struct Notes(Vec<(usize, Finding)>);

impl Notes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts them among the findings of their files.
    pub fn show(self, scan: &mut Scan) {
        for (at, note) in self.0 {
            let Some(file) = scan.files.get_mut(at) else { continue };
            let before = file.findings.partition_point(|f| f.region.start <= note.region.start);
            file.findings.insert(before, note);
        }
    }
}

/// Judges the findings and reviews the functions of a scan.
///
/// # Errors
/// When there is no model, or it may not.
pub fn run(workspace: &Workspace, scan: &mut Scan, args: &args::Scan) -> Result<Notes, Error> {
    let store = Store::open(folders()?)?;
    let Some(model) = reviewer::open(&store, &program()?, many_threads(), true).map_err(Error::Local)? else {
        let why =
            "no model is configured that makes texts: `sidenote model add FILE --use`, then `sidenote model exam`";
        return Err(Error::Local(why.into()));
    };
    let (verdicts, review) = (model.allows(Task::Verdict), model.allows(Task::Review));
    if let (Err(why), Err(_)) = (&verdicts, &review) {
        return Err(Error::Local(why.clone()));
    }
    let mut run = Run {
        model: &model,
        name: model.name().into(),
        // Notes are of the least severity: who does not want to see that does not wait for them.
        left: if review.is_ok() && args.min_severity <= Severity::Info { args.review_limit } else { 0 },
        verdicts: verdicts.is_ok(),
        bar: bar(args, scan),
        notes: Vec::new(),
        dropped: 0,
        skipped: 0,
        failed: None,
    };
    let start = Instant::now();
    for (at, file) in scan.files.iter_mut().enumerate() {
        run.file(workspace, at, file);
        run.bar.inc(1);
    }
    run.bar.finish_and_clear();
    if let Some(why) = &run.failed {
        say!("{}note{:#}: the model could not answer everything: {why}", style::DIM, style::DIM);
    }
    if !args.quiet {
        let Run { notes, dropped, skipped, .. } = &run;
        let rest = if *skipped > 0 && args.min_severity <= Severity::Info {
            format!(", {skipped} functions not looked at (--review-limit)")
        } else {
            String::new()
        };
        say!(
            "{}note{:#}: {} reviewed in {:.0} s: {} notes of its own, {dropped} dropped by the gate{rest}",
            style::DIM,
            style::DIM,
            run.name,
            start.elapsed().as_secs_f64(),
            notes.len()
        );
    }
    Ok(Notes(run.notes))
}

fn bar(args: &args::Scan, scan: &Scan) -> ProgressBar {
    if args.quiet || !output::watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(scan.files.len() as u64), ProgressDrawTarget::stderr_with_hz(4));
    if let Ok(template) = ProgressStyle::with_template("reviewing {pos}/{len} files  {elapsed:.dim}") {
        bar.set_style(template);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

struct Run<'a> {
    model: &'a Hosted,
    name: Arc<str>,
    /// Functions that may still be reviewed.
    left: usize,
    verdicts: bool,
    bar: ProgressBar,
    notes: Vec<(usize, Finding)>,
    dropped: usize,
    skipped: usize,
    failed: Option<String>,
}

impl Run<'_> {
    fn file(&mut self, workspace: &Workspace, at: usize, file: &mut FileReport) {
        let Ok(text) = std::fs::read_to_string(&file.file) else { return };
        // What was found is true of the text that was read then.
        let Some(language) = grammars::by_path(&file.path).filter(|_| text.len() == file.bytes) else { return };
        let Ok(document) = Document::new(&file.path, language, &text, 1) else { return };
        if self.verdicts && self.failed.is_none() {
            for finding in &mut file.findings {
                let told = in_core(finding);
                match self.model.verdict(&document, &told, false, &mut || true) {
                    Ok(verdict) => {
                        finding.severity = verdict.lowered(finding.severity, finding.rule.category);
                        let (probability, likely) = (round(verdict.probability), verdict.likely);
                        finding.verdict = Some(Verdict { model: self.name.clone(), probability, likely });
                    }
                    Err(trouble) => self.failed(&trouble),
                }
            }
        }
        let all = pieces(&document);
        let some = all.len().min(if self.failed.is_some() { 0 } else { self.left });
        self.skipped += all.len() - some;
        if some == 0 {
            return;
        }
        self.left -= some;
        let Some(engine) = workspace.engine_of(&file.file) else { return };
        let report = engine.analyze(&document);
        let analyze = |d: &Document| engine.analyze(d);
        let case = Case { document: &document, report: &report, analyze: &analyze };
        for piece in &all[..some] {
            match self.model.review(case, piece, &mut || true) {
                Ok(reviewed) => {
                    self.dropped += reviewed.dropped.len();
                    for advice in reviewed.advice {
                        let note = self.note(&document, &piece.symbol, advice);
                        self.notes.push((at, note));
                    }
                }
                Err(trouble) => self.failed(&trouble),
            }
        }
    }

    fn failed(&mut self, trouble: &Trouble) {
        // One question that fails does not stop the others, a host that is gone does.
        if self.failed.is_none() {
            self.failed = Some(trouble.to_string());
        }
    }

    fn note(&self, document: &Document, symbol: &str, advice: Advice) -> Finding {
        let rope = document.text();
        let rule = rule_of(advice.category);
        let plain = findings::Finding {
            rule,
            severity: Severity::Info,
            confidence: Confidence::Low,
            range: advice.range.clone(),
            message: advice.message.clone(),
            related: Vec::new(),
            flow: Vec::new(),
            fixes: Vec::new(),
            symbol: symbol.to_owned(),
            suppressed: None,
            feedback: None,
        };
        let fingerprint = fingerprints(document.path(), rope, std::slice::from_ref(&plain)).pop();
        let fix = |edits: Vec<(std::ops::Range<usize>, String)>| Fix {
            title: format!("Change it as `{}` proposes", self.name),
            safe: false,
            edits: edits
                .into_iter()
                .map(|(range, text)| Replacement { region: Region::new(rope, &range), text })
                .collect(),
        };
        Finding {
            rule,
            severity: Severity::Info,
            confidence: Confidence::Low,
            message: style::printable(&advice.message),
            region: Region::new(rope, &advice.range),
            related: Vec::new(),
            flow: Vec::new(),
            fixes: advice.edits.map(fix).into_iter().collect(),
            symbol: symbol.to_owned(),
            suppressed: None,
            known: false,
            fingerprint: fingerprint.unwrap_or(Fingerprint([0; 16])),
            line_hash: None,
            feedback: None,
            verdict: Some(Verdict { model: self.name.clone(), probability: round(advice.probability), likely: true }),
        }
    }
}

fn round(p: f64) -> f64 {
    (p * 1000.0).round() / 1000.0
}

/// A finding as the engine has it.
fn in_core(finding: &Finding) -> findings::Finding {
    let place = |p: &super::Place| {
        let location = Location { path: p.path.clone(), range: p.region.range(), line: p.region.start.line };
        (location, p.message.clone())
    };
    findings::Finding {
        rule: finding.rule,
        severity: finding.severity,
        confidence: finding.confidence,
        range: finding.region.range(),
        message: finding.message.clone(),
        related: Vec::new(),
        flow: finding.flow.iter().map(place).collect(),
        fixes: Vec::new(),
        symbol: finding.symbol.clone(),
        suppressed: None,
        feedback: None,
    }
}
