//! Answers from the user's own GGUF under the model host.

use std::path::Path;
use std::time::{Duration, Instant};

use sidenote_core::claims::{self, Claim, Piece, without_comments};
use sidenote_core::document::Document;
use sidenote_core::findings::{Category, Finding, Location};
use sidenote_core::fix::Edits;
use sidenote_model::answers::Answers;
use sidenote_model::ask::{Answered, AskError, Asker};
use sidenote_model::client::Launch;
use sidenote_model::embed::launch;
use sidenote_model::exam::{Record, Records};
use sidenote_model::log::{Entry, Log};
use sidenote_model::prompt::{self, Material};
use sidenote_model::store::{Features, Folders, Store};
use sidenote_model::{Priority, Prompt, Want, review};

use super::{Advice, Case, PATIENCE, Reviewed, Reviewer, Task, Trouble, Verdict};

/// Without a question for so long the model is unloaded.
const IDLE: Duration = Duration::from_secs(180);

/// A model that answers.
pub struct Hosted {
    asker: Asker,
    name: String,
    record: Option<Record>,
    features: Features,
    log: Log,
    answers: Answers,
}

/// The user's reviewer; `None` where none is configured.
///
/// # Errors
/// When it is refused.
pub fn open(store: &Store, program: &Path, threads: u32, background: bool) -> Result<Option<Hosted>, String> {
    let Some(name) = store.reviewer() else { return Ok(None) };
    let model = store.model(name).map_err(|e| e.to_string())?;
    let record =
        Records::open(&store.folders().exams()).get(&model.entry.sha256, &sidenote_model::exam::version()).cloned();
    let parts = Parts {
        launch: launch(program, &model, threads, background),
        name: name.to_owned(),
        sha256: model.entry.sha256,
        record,
        features: store.features(),
    };
    Ok(Some(Hosted::new(parts, store.folders())))
}

/// What a reviewer is made of.
pub struct Parts {
    /// How its host is started.
    pub launch: Launch,
    /// Its name.
    pub name: String,
    /// Names its answers.
    pub sha256: String,
    /// What its exam said.
    pub record: Option<Record>,
    /// What it may be used for.
    pub features: Features,
}

impl Hosted {
    /// A reviewer that keeps its answers and its log in these folders.
    pub fn new(parts: Parts, folders: &Folders) -> Hosted {
        let Parts { launch, name, sha256, record, features } = parts;
        Hosted {
            asker: Asker::new(launch, IDLE),
            name,
            record,
            features,
            log: Log::new(folders.log(), features.log),
            answers: Answers::new(folders.answers(), &sha256),
        }
    }
}

/// A question with what the log says of it.
struct Question<'a> {
    task: &'static str,
    path: &'a str,
    line: usize,
    rule: &'a str,
    ask: (Prompt, Want),
    priority: Priority,
}

impl Hosted {
    fn ask(&self, question: Question<'_>, on_piece: &mut dyn FnMut(&str) -> bool) -> Result<Answered, Trouble> {
        let (prompt, want) = question.ask;
        let key = self.answers.key(&prompt, &want);
        if let Some(known) = self.answers.get(&key) {
            on_piece(&known.text);
            return Ok(known);
        }
        let start = Instant::now();
        let outcome = self.asker.ask(prompt, want, question.priority, PATIENCE, on_piece);
        let answer = match &outcome {
            Ok(answered) if answered.shares.is_empty() => answered.text.clone(),
            Ok(answered) => format!("{:.3} of {:.3}", answered.shares[0], answered.covered),
            Err(error) => format!("({error})"),
        };
        self.log.add(Entry {
            model: self.name.clone(),
            task: question.task.into(),
            path: question.path.into(),
            line: question.line as u64,
            rule: question.rule.into(),
            tokens: outcome.as_ref().map_or(0, |a| a.used.prompt),
            millis: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            answer,
            ..Entry::default()
        });
        match outcome {
            Ok(answered) => {
                self.answers.keep(&key, &answered);
                Ok(answered)
            }
            Err(AskError::Displaced) => Err(Trouble::Displaced),
            Err(AskError::Stopped) => Err(Trouble::Stopped),
            Err(error) => Err(Trouble::Failed(error.to_string())),
        }
    }

    fn allowed(&self, task: Task) -> Result<&Hosted, Trouble> {
        self.allows(task).map(|()| self).map_err(Trouble::Off)
    }

    fn judge(&self, question: Question<'_>, wanted: &mut dyn FnMut() -> bool) -> Result<Verdict, Trouble> {
        let rule = question.rule.to_owned();
        let answered = self.ask(question, &mut |_| wanted())?;
        let belief = answered.shares.first().copied().ok_or_else(|| Trouble::Failed("no answer".into()))?;
        let Some(record) = &self.record else { return Err(Trouble::Off("it has passed no exam".into())) };
        let verdict = record.verdict(&rule, f64::from(belief));
        Ok(Verdict { probability: verdict.probability, likely: verdict.likely })
    }
}

fn material(document: &Document, piece: &Piece, comments: bool) -> Material {
    let code = if comments {
        document.text().slice(piece.range.start, piece.range.end)
    } else {
        without_comments(document, &piece.range)
    };
    let head = claims::file_head(document, prompt::MOST_HEAD);
    Material { language: language(document).into(), head, code, signatures: piece.signatures.clone() }
}

fn language(document: &Document) -> &'static str {
    match document.language().name {
        "rust" => "Rust",
        "typescript" | "tsx" => "TypeScript",
        _ => "JavaScript",
    }
}

fn claim_of(document: &Document, piece: &Piece, finding: &Finding) -> prompt::Claim {
    let text = document.text();
    let step = |(place, message): &(Location, String)| {
        let line = if place.path.is_none() { text.line_of(place.range.start) as u32 + 1 } else { place.line };
        let code = if place.path.is_none() {
            text.slice(place.range.start, place.range.end).chars().take(60).collect()
        } else {
            String::new()
        };
        format!("{message} (line {line}) {code}").trim().to_owned()
    };
    prompt::Claim {
        summary: finding.rule.summary.into(),
        message: finding.message.clone(),
        line: (text.line_of(finding.range.start) + 2).saturating_sub(piece.line),
        flow: finding.flow.iter().map(step).collect(),
    }
}

impl Reviewer for Hosted {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn allows(&self, task: Task) -> Result<(), String> {
        let (on, name, exam) = match task {
            Task::Verdict => (self.features.verdicts, "verdicts", true),
            Task::Review => (self.features.review, "review", true),
            Task::Explain => (self.features.explain, "explain", false),
            Task::Fix => (self.features.fix, "fix", false),
        };
        let model = &self.name;
        if !on {
            return Err(format!("`{name}` is switched off: `sidenote model feature {name} on`"));
        }
        match &self.record {
            Some(record) if record.passed() || !exam => Ok(()),
            _ if !exam => Ok(()),
            Some(record) => Err(format!("`{model}` did not pass its exam: {}", record.reasons().join(", "))),
            None => Err(format!("`{model}` has not passed an exam: `sidenote model exam {model}`")),
        }
    }

    fn verdict(
        &self,
        document: &Document,
        finding: &Finding,
        urgent: bool,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<Verdict, Trouble> {
        let it = self.allowed(Task::Verdict)?;
        let piece = claims::piece_at(document, &finding.range);
        // Who wrote the comments may want the finding gone.
        let ask = prompt::verdict(&material(document, &piece, false), &claim_of(document, &piece, finding));
        let priority = if urgent { Priority::Visible } else { Priority::Background };
        let (path, line, rule) = (document.path(), piece.line, finding.rule.id);
        it.judge(Question { task: "verdict", path, line, rule, ask, priority }, wanted)
    }

    fn review(&self, case: Case<'_>, piece: &Piece, wanted: &mut dyn FnMut() -> bool) -> Result<Reviewed, Trouble> {
        let it = self.allowed(Task::Review)?;
        let Case { document, report, analyze } = case;
        let material = material(document, piece, false);
        let text = document.text();
        let inside = |f: &&Finding| piece.range.start <= f.range.start && f.range.start < piece.range.end;
        let known: Vec<String> = report
            .findings
            .iter()
            .filter(inside)
            .map(|f| {
                format!("line {}: {}", (text.line_of(f.range.start) + 2).saturating_sub(piece.line), f.rule.summary)
            })
            .collect();
        let question = |task, ask| Question {
            task,
            path: document.path(),
            line: piece.line,
            rule: "",
            ask,
            priority: Priority::Background,
        };
        let answered = it.ask(question("review", prompt::review(&material, &known)), &mut |_| wanted())?;
        let notes =
            review::parse(&answered.text).map_err(|e| Trouble::Failed(format!("its answer is no review: {e}")))?;
        let mut reviewed = Reviewed::default();
        for note in notes {
            let line = piece.line + (note.line as usize).saturating_sub(1);
            let claim = Claim { line, quote: note.quote, message: note.message, replacement: note.fix };
            let accepted = match claims::check(document, report, piece, &claim, analyze) {
                Ok(accepted) => accepted,
                Err(refusal) => {
                    reviewed.dropped.push(refusal.explain());
                    continue;
                }
            };
            if reviewed.advice.iter().any(|a| a.range == accepted.range) {
                reviewed.dropped.push("it says the same twice");
                continue;
            }
            // Asked again, as if somebody else had said it.
            let said = prompt::Claim {
                summary: "somebody says of one line what follows".into(),
                message: accepted.message.clone(),
                line: note.line as usize,
                flow: Vec::new(),
            };
            let verdict = it.judge(question("review", prompt::verdict(&material, &said)), wanted)?;
            if !verdict.likely || verdict.probability < 0.5 {
                reviewed.dropped.push("the model itself doubts it");
                continue;
            }
            let category = match note.category {
                review::Category::Quality => Category::Quality,
                review::Category::Security => Category::Security,
                review::Category::Performance => Category::Performance,
            };
            reviewed.advice.push(Advice {
                range: accepted.range,
                message: accepted.message,
                category,
                probability: verdict.probability,
                edits: accepted.edits,
            });
        }
        Ok(reviewed)
    }

    fn explain(
        &self,
        document: &Document,
        finding: &Finding,
        on_piece: &mut dyn FnMut(&str) -> bool,
    ) -> Result<String, Trouble> {
        let it = self.allowed(Task::Explain)?;
        let piece = claims::piece_at(document, &finding.range);
        let ask = prompt::explanation(&material(document, &piece, false), &claim_of(document, &piece, finding));
        let (path, line, rule) = (document.path(), piece.line, finding.rule.id);
        let question = Question { task: "explain", path, line, rule, ask, priority: Priority::Interactive };
        it.ask(question, on_piece).map(|a| a.text.trim().to_owned())
    }

    fn fix(&self, case: Case<'_>, finding: &Finding, wanted: &mut dyn FnMut() -> bool) -> Result<Edits, Trouble> {
        let it = self.allowed(Task::Fix)?;
        let Case { document, report, analyze } = case;
        let text = document.text();
        let piece = claims::piece_at(document, &finding.range);
        let (first, last) = (text.line_of(finding.range.start), text.line_of(finding.range.end));
        let end = if last + 1 < text.lines() { text.line_start(last + 1) } else { text.len() };
        let lines = text.line_start(first)..end;
        let old = text.slice(lines.start, lines.end);
        let ask = prompt::fix(&material(document, &piece, false), &claim_of(document, &piece, finding), &old);
        let (path, line, rule) = (document.path(), piece.line, finding.rule.id);
        let question = Question { task: "fix", path, line, rule, ask, priority: Priority::Interactive };
        let answered = it.ask(question, &mut |_| wanted())?;
        let new = prompt::fixed_lines(&answered.text).unwrap_or_default();
        claims::fixes(document, report, finding, &lines, &new, analyze)
            .map_err(|_| Trouble::Failed("the change that the model proposes does not hold: it leaves the finding, breaks the code or brings another finding".into()))
    }
}
