//! The user's model in the editor: verdicts on findings, and notes of its own on functions that were changed.
//!
//! One thread of low priority looks at a document when nobody has changed it for a while: it asks for verdicts on its findings, and reviews
//! the functions that are not as they were when the document was opened. The main loop only sends it messages, and takes back the
//! diagnostics of the version that it still has. An edit makes it stop; nothing waits for it.

use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use sidenote_core::claims::{pieces, rule_of};
use sidenote_core::document::Document;
use sidenote_core::engine::Engine;
use sidenote_core::findings::Finding;
use sidenote_core::fix::Edits;
use tower_lsp::ls_types::{Diagnostic, DiagnosticSeverity, NumberOrString, Uri};

use crate::convert::{Context, Positions, severity};
use crate::event::Event;
use crate::pool::Analysis;
use crate::reviewer::{Advice, Case, Reviewer, Task, Trouble, Verdict};
use crate::session::Session;

/// A document must have rested for so long.
const REST: Duration = Duration::from_millis(2500);
/// Verdicts and answers that are remembered for one document.
const MOST: usize = 2000;
/// What such a diagnostic gives as its source.
pub(crate) const SOURCE: &str = "sidenote (model)";

/// Opens the user's reviewer when it is first needed, on a thread that may wait; `None` where none is configured.
pub type Opener = Box<dyn FnOnce() -> Result<Option<Arc<dyn Reviewer>>, String> + Send>;

enum Command {
    Seen(Arc<Analysis>, Arc<Engine>, Arc<Session>),
    Closed(Uri),
    End,
}

/// Names a finding for as long as its code is the same.
type Key = u64;

#[derive(Default)]
struct Known {
    verdicts: FxHashMap<Key, Verdict>,
    /// What was explained of a finding; the beginning while it is still being written.
    explained: FxHashMap<Key, String>,
    engine: Option<Arc<Engine>>,
}

struct Shared {
    /// Counts the analyses that were seen: what is asked for an old one is given up.
    seen: AtomicU64,
    ended: AtomicBool,
    /// Whether the reviewer may be asked anything.
    enabled: AtomicBool,
    known: Mutex<FxHashMap<Uri, Known>>,
    reviewer: Mutex<Option<Arc<dyn Reviewer>>>,
    problem: Mutex<Option<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handle; cheap to clone.
#[derive(Clone)]
pub(crate) struct Reviewing {
    shared: Arc<Shared>,
    /// `None` in a server without a reviewer.
    to: Option<Sender<Command>>,
}

/// The key of a finding in a document.
fn key(document: &Document, finding: &Finding) -> Key {
    let mut hasher = FxHasher::default();
    (finding.rule.id, &finding.symbol, &finding.message).hash(&mut hasher);
    document.text().slice(finding.range.start, finding.range.end).hash(&mut hasher);
    hasher.finish()
}

impl Reviewing {
    pub(crate) fn start(opener: Option<Opener>, events: Sender<Event>) -> Reviewing {
        let shared = Arc::new(Shared {
            seen: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            // Until the client has said so.
            enabled: AtomicBool::new(false),
            known: Mutex::default(),
            reviewer: Mutex::default(),
            problem: Mutex::default(),
        });
        let to = opener.and_then(|opener| {
            let (to, queue) = channel();
            let worker =
                Worker { shared: shared.clone(), events, resting: FxHashMap::default(), pieces: FxHashMap::default() };
            let body = move || {
                crate::catalog::lower_priority();
                worker.run(opener, &queue);
            };
            std::thread::Builder::new().name("sidenote-review".into()).spawn(body).ok().map(|_| to)
        });
        Reviewing { shared, to }
    }

    pub(crate) fn seen(&self, analysis: &Arc<Analysis>, engine: &Arc<Engine>, session: &Arc<Session>) {
        self.shared.seen.fetch_add(1, Ordering::SeqCst);
        if let Some(to) = self.to.as_ref().filter(|_| analysis.document.is_some() && self.is_enabled()) {
            let _ = to.send(Command::Seen(analysis.clone(), engine.clone(), session.clone()));
        }
    }

    pub(crate) fn closed(&self, uri: &Uri) {
        if let Some(to) = &self.to {
            let _ = to.send(Command::Closed(uri.clone()));
        }
    }

    pub(crate) fn end(&self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        if let Some(to) = &self.to {
            let _ = to.send(Command::End);
        }
    }

    /// Says whether the reviewer may be asked anything.
    pub(crate) fn enable(&self, on: bool) {
        self.shared.enabled.store(on, Ordering::SeqCst);
    }

    fn is_enabled(&self) -> bool {
        self.shared.enabled.load(Ordering::SeqCst)
    }

    /// The reviewer, if there is one and it may be asked.
    fn there(&self) -> Option<Arc<dyn Reviewer>> {
        lock(&self.shared.reviewer).clone().filter(|_| self.is_enabled())
    }

    /// The reviewer, if it is there and may do this.
    pub(crate) fn reviewer(&self, task: Task) -> Option<Arc<dyn Reviewer>> {
        self.there().filter(|r| r.allows(task).is_ok())
    }

    /// What is known of a finding: the verdict, and what was explained of it.
    pub(crate) fn told(&self, uri: &Uri, document: &Document, finding: &Finding) -> (Option<String>, Option<String>) {
        let Some(reviewer) = self.there() else { return (None, None) };
        let known = lock(&self.shared.known);
        let Some(known) = known.get(uri) else { return (None, None) };
        let key = key(document, finding);
        let verdict = known.verdicts.get(&key).map(|v| format!("{} ({})", v.told(), reviewer.name()));
        (verdict, known.explained.get(&key).cloned())
    }

    /// Explains a finding of an analysis; `on_piece` gets the text as it comes. Waits.
    ///
    /// # Errors
    /// Why there is no explanation.
    pub(crate) fn explain(
        &self,
        analysis: &Analysis,
        finding: &Finding,
        on_piece: &mut dyn FnMut(&str),
    ) -> Result<String, String> {
        let document = analysis.document.as_ref().ok_or("the document is not analysed")?;
        let reviewer = self.there().ok_or("no local model is configured, or none may be asked")?;
        let key = key(document, finding);
        let mut so_far = String::new();
        let outcome = reviewer.explain(document, finding, &mut |piece| {
            if !piece.is_empty() {
                so_far.push_str(piece);
                on_piece(piece);
                self.remember(&analysis.uri, key, so_far.clone());
            }
            !self.shared.ended.load(Ordering::SeqCst)
        });
        let text = outcome.map_err(|e| e.to_string())?;
        self.remember(&analysis.uri, key, text.clone());
        Ok(text)
    }

    fn remember(&self, uri: &Uri, key: Key, text: String) {
        let mut known = lock(&self.shared.known);
        let explained = &mut known.entry(uri.clone()).or_default().explained;
        if explained.len() < MOST {
            explained.insert(key, text);
        }
    }

    /// A change that makes a finding of an analysis go. Waits.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn fix(&self, analysis: &Analysis, finding: &Finding) -> Result<(String, Edits), String> {
        let document = analysis.document.as_ref().ok_or("the document is not analysed")?;
        let reviewer = self.there().ok_or("no local model is configured, or none may be asked")?;
        let engine = lock(&self.shared.known).get(&analysis.uri).and_then(|k| k.engine.clone());
        let engine = engine.ok_or("the document is not analysed")?;
        // By itself: what other files do to it is the same before and after.
        let report = engine.analyze(document);
        let here = report.active().find(|f| f.rule.id == finding.rule.id && f.range == finding.range);
        let here = here.ok_or("the finding needs other files, and a change for it cannot be proven")?;
        let analyze = |d: &Document| engine.analyze(d);
        let case = Case { document, report: &report, analyze: &analyze };
        let ended = || !self.shared.ended.load(Ordering::SeqCst);
        let edits = reviewer.fix(case, here, &mut || ended()).map_err(|e| e.to_string())?;
        Ok((reviewer.name(), edits))
    }

    /// What there is, for people and for editors.
    pub(crate) fn status(&self) -> serde_json::Value {
        let reviewer = self.there();
        let may = |task| reviewer.as_ref().map(|r| r.allows(task).err().unwrap_or_else(|| "on".into()));
        serde_json::json!({
            "model": reviewer.as_ref().map(|r| r.name()),
            "problem": *lock(&self.shared.problem),
            "verdicts": may(Task::Verdict), "review": may(Task::Review),
            "explain": may(Task::Explain), "fix": may(Task::Fix),
        })
    }
}

/// A document that rests.
struct Resting {
    analysis: Arc<Analysis>,
    engine: Arc<Engine>,
    session: Arc<Session>,
    since: Instant,
    done: bool,
}

/// What is known of a document's functions, by the hash of their text.
#[derive(Default)]
struct Pieces {
    /// Those that were there when it was opened, and those that were reviewed.
    known: FxHashSet<u64>,
    /// Notes on them, with ranges from the piece's start.
    advice: FxHashMap<u64, Vec<Advice>>,
}

struct Worker {
    shared: Arc<Shared>,
    events: Sender<Event>,
    resting: FxHashMap<Uri, Resting>,
    pieces: FxHashMap<Uri, Pieces>,
}

fn hash(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Worker {
    fn run(mut self, opener: Opener, queue: &Receiver<Command>) {
        // Nothing is opened before there is a document.
        let Ok(first) = queue.recv() else { return };
        match opener() {
            Ok(Some(reviewer)) => *lock(&self.shared.reviewer) = Some(reviewer),
            Ok(None) => return,
            Err(problem) => {
                tracing::warn!("no reviewer: {problem}");
                *lock(&self.shared.problem) = Some(problem);
                return;
            }
        }
        let mut next = Some(first);
        loop {
            let command = match next.take() {
                Some(command) => Some(command),
                None => match queue.recv_timeout(self.wait()) {
                    Ok(command) => Some(command),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                },
            };
            match command {
                Some(Command::Seen(analysis, engine, session)) => self.seen(analysis, engine, session),
                Some(Command::Closed(uri)) => {
                    self.resting.remove(&uri);
                    self.pieces.remove(&uri);
                    lock(&self.shared.known).remove(&uri);
                }
                Some(Command::End) => return,
                None => self.look(),
            }
        }
    }

    fn wait(&self) -> Duration {
        let due = self.resting.values().filter(|r| !r.done).map(|r| r.since + REST).min();
        due.map_or(Duration::from_secs(3600), |due| due.saturating_duration_since(Instant::now()))
    }

    fn seen(&mut self, analysis: Arc<Analysis>, engine: Arc<Engine>, session: Arc<Session>) {
        let Some(document) = &analysis.document else { return };
        let uri = analysis.uri.clone();
        if !self.pieces.contains_key(&uri) {
            let texts = pieces(document).into_iter().map(|p| hash(&document.text().slice(p.range.start, p.range.end)));
            let known = texts.collect();
            self.pieces.insert(uri.clone(), Pieces { known, advice: FxHashMap::default() });
        }
        lock(&self.shared.known).entry(uri.clone()).or_default().engine = Some(engine.clone());
        self.resting.insert(uri, Resting { analysis, engine, session, since: Instant::now(), done: false });
    }

    /// Looks at a document that has rested.
    fn look(&mut self) {
        let due =
            self.resting.iter().find(|(_, r)| !r.done && r.since + REST <= Instant::now()).map(|(uri, _)| uri.clone());
        let Some(resting) = due.and_then(|uri| self.resting.get_mut(&uri)) else { return };
        resting.done = true;
        let (analysis, engine, session) = (resting.analysis.clone(), resting.engine.clone(), resting.session.clone());
        let enabled = self.shared.enabled.load(Ordering::SeqCst);
        let Some(reviewer) = lock(&self.shared.reviewer).clone().filter(|_| enabled) else { return };
        let at = self.shared.seen.load(Ordering::SeqCst);
        let shared = self.shared.clone();
        let mut wanted = move || shared.seen.load(Ordering::SeqCst) == at && !shared.ended.load(Ordering::SeqCst);
        let whole =
            self.judge(&analysis, &*reviewer, &mut wanted) && self.review(&analysis, &engine, &*reviewer, &mut wanted);
        if !whole && let Some(resting) = self.resting.get_mut(&analysis.uri) {
            // Later, when it rests again; a question of somebody who waits may have come between.
            (resting.done, resting.since) = (false, Instant::now());
        }
        self.tell(&analysis, &session);
    }

    /// Asks for verdicts; whether all were given.
    fn judge(&self, analysis: &Analysis, reviewer: &dyn Reviewer, wanted: &mut dyn FnMut() -> bool) -> bool {
        let Some(document) = &analysis.document else { return true };
        if reviewer.allows(Task::Verdict).is_err() {
            return true;
        }
        for finding in analysis.report.active() {
            let key = key(document, finding);
            let known = |k: &FxHashMap<Uri, Known>| k.get(&analysis.uri).is_some_and(|k| k.verdicts.contains_key(&key));
            if known(&lock(&self.shared.known)) {
                continue;
            }
            match reviewer.verdict(document, finding, false, wanted) {
                Ok(verdict) => {
                    let mut known = lock(&self.shared.known);
                    let verdicts = &mut known.entry(analysis.uri.clone()).or_default().verdicts;
                    if verdicts.len() < MOST {
                        verdicts.insert(key, verdict);
                    }
                }
                Err(Trouble::Displaced | Trouble::Stopped) => return false,
                Err(trouble) => {
                    self.trouble(&trouble);
                    return true;
                }
            }
        }
        true
    }

    /// Reviews functions that are new; whether all were.
    fn review(
        &mut self,
        analysis: &Analysis,
        engine: &Engine,
        reviewer: &dyn Reviewer,
        wanted: &mut dyn FnMut() -> bool,
    ) -> bool {
        let Some(document) = &analysis.document else { return true };
        if reviewer.allows(Task::Review).is_err() {
            return true;
        }
        let Some(known) = self.pieces.get_mut(&analysis.uri) else { return true };
        let mut report = None;
        for piece in pieces(document) {
            let text = hash(&document.text().slice(piece.range.start, piece.range.end));
            if known.known.contains(&text) {
                continue;
            }
            let report = report.get_or_insert_with(|| engine.analyze(document));
            let case = Case { document, report, analyze: &|d| engine.analyze(d) };
            match reviewer.review(case, &piece, wanted) {
                Ok(reviewed) => {
                    known.known.insert(text);
                    let start = piece.range.start;
                    let moved =
                        |a: Advice| Advice { range: a.range.start - start..a.range.end - start, edits: None, ..a };
                    let advice: Vec<Advice> = reviewed.advice.into_iter().map(moved).collect();
                    if !advice.is_empty() && known.advice.len() < MOST {
                        known.advice.insert(text, advice);
                    }
                }
                Err(Trouble::Displaced | Trouble::Stopped) => return false,
                Err(trouble) => {
                    known.known.insert(text);
                    let shared = self.shared.clone();
                    *lock(&shared.problem) = Some(trouble.to_string());
                    return true;
                }
            }
        }
        true
    }

    fn trouble(&self, trouble: &Trouble) {
        tracing::warn!("the local model: {trouble}");
        *lock(&self.shared.problem) = Some(trouble.to_string());
    }

    /// Hands the main loop the diagnostics with what is known now, if that is more than rules say.
    fn tell(&self, analysis: &Analysis, session: &Session) {
        let Some(document) = &analysis.document else { return };
        let positions = Positions::new(document.text(), session.encoding);
        let cx = Context { uri: &analysis.uri, folder: analysis.folder.as_deref(), positions, session };
        let known = lock(&self.shared.known);
        let verdicts = known.get(&analysis.uri).map(|k| &k.verdicts);
        let mut all: Vec<Diagnostic> = Vec::new();
        let mut differs = false;
        for finding in analysis.report.active() {
            let mut diagnostic = cx.diagnostic(finding);
            if let Some(verdict) = verdicts.and_then(|v| v.get(&key(document, finding))) {
                let lowered = Some(severity(verdict.lowered(finding.severity, finding.rule.category)));
                differs |= lowered != diagnostic.severity;
                diagnostic.severity = lowered;
            }
            all.push(diagnostic);
        }
        drop(known);
        all.extend(cx.gaps(&analysis.report));
        let name = lock(&self.shared.reviewer).as_ref().map(|r| r.name()).unwrap_or_default();
        for piece in pieces(document) {
            let text = hash(&document.text().slice(piece.range.start, piece.range.end));
            for advice in self.pieces.get(&analysis.uri).and_then(|p| p.advice.get(&text)).into_iter().flatten() {
                differs = true;
                let range = piece.range.start + advice.range.start..piece.range.start + advice.range.end;
                all.push(Diagnostic {
                    range: cx.positions.range(&range),
                    severity: Some(DiagnosticSeverity::HINT),
                    code: Some(NumberOrString::String(rule_of(advice.category).id.to_owned())),
                    source: Some(SOURCE.to_owned()),
                    message: format!("{} ({name}, {:.2})", advice.message, advice.probability),
                    ..Diagnostic::default()
                });
            }
        }
        if differs {
            let _ = self.events.send(Event::Reviewed {
                uri: analysis.uri.clone(),
                stamp: analysis.stamp,
                diagnostics: Arc::new(all),
            });
        }
    }
}
