//! The threads that work: the latency pool analyses snapshots, one worker does what may take its time.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sidenote_core::document::Document;
use sidenote_core::engine::{Engine, Memo, Report, SkipReason, why_skip};
use tower_lsp::ls_types::{Diagnostic, Range, Uri};

use crate::convert::{Context, Positions, information};
use crate::event::Event;
use crate::session::Session;

/// The analysis of one version of a document.
pub(crate) struct Analysis {
    pub uri: Uri,
    /// The document's version, as the client counts.
    pub version: i32,
    /// The state of the document that this belongs to.
    pub stamp: u64,
    /// The text with its syntax; `None` where it is not analysed.
    pub document: Option<Document>,
    pub folder: Option<PathBuf>,
    pub report: Report,
    pub diagnostics: Arc<Vec<Diagnostic>>,
    /// Names these diagnostics to a client that asks for changes; equal ones have the same name.
    pub result_id: u64,
}

/// A snapshot to analyse.
pub(crate) struct Job {
    pub uri: Uri,
    pub stamp: u64,
    pub document: Document,
    pub folder: Option<PathBuf>,
    pub engine: Arc<Engine>,
    pub memo: Memo,
    pub session: Arc<Session>,
}

/// A job done.
pub(crate) struct Analyzed {
    pub analysis: Analysis,
    pub memo: Memo,
    pub took: Duration,
}

/// Something to do when there is time.
pub(crate) struct Refresh {
    pub uri: Uri,
    pub stamp: u64,
    pub document: Document,
}

/// The threads; they end when this is dropped and their work is done.
pub(crate) struct Pool {
    jobs: Sender<Job>,
    refreshes: Sender<Refresh>,
}

/// Threads that analyse. Documents are analysed side by side, versions of one document never.
const LATENCY_THREADS: usize = 2;

impl Pool {
    /// Starts the threads; what they make goes to `events`.
    pub(crate) fn new(events: &Sender<Event>) -> Pool {
        let (jobs, queue) = channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for n in 0..LATENCY_THREADS {
            let (queue, events) = (queue.clone(), events.clone());
            spawn(format!("sidenote-latency-{n}"), move || {
                while let Some(job) = next(&queue) {
                    if events.send(Event::Analyzed(Box::new(analyze(job)))).is_err() {
                        return;
                    }
                }
            });
        }
        let (refreshes, queue) = channel::<Refresh>();
        let events = events.clone();
        spawn("sidenote-worker".into(), move || {
            for refresh in queue {
                if let Some(event) = reparse(refresh)
                    && events.send(event).is_err()
                {
                    return;
                }
            }
        });
        Pool { jobs, refreshes }
    }

    /// Analyses a snapshot; the answer is an [`Event::Analyzed`].
    pub(crate) fn analyze(&self, job: Job) {
        let _ = self.jobs.send(job);
    }

    /// Parses a snapshot from scratch; the answer is an [`Event::Refreshed`], or nothing if that fails.
    pub(crate) fn refresh(&self, refresh: Refresh) {
        let _ = self.refreshes.send(refresh);
    }
}

fn spawn(name: String, body: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name).spawn(body) {
        tracing::error!("no thread: {error}");
    }
}

fn next<T>(queue: &Mutex<Receiver<T>>) -> Option<T> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn analyze(job: Job) -> Analyzed {
    let Job { uri, stamp, document, folder, engine, mut memo, session } = job;
    let start = Instant::now();
    let made = catch_unwind(AssertUnwindSafe(|| {
        let report = engine.analyze_again(&document, &mut memo);
        let positions = Positions::new(document.text(), session.encoding);
        let cx = Context { uri: &uri, folder: folder.as_deref(), positions, session: &session };
        let diagnostics = cx.diagnostics(&report);
        (report, diagnostics)
    }));
    let (report, diagnostics) = made.unwrap_or_else(|panic| {
        let what = panic_message(&*panic);
        tracing::error!("analysing {} version {} failed: {what}", uri.as_str(), document.version());
        memo = Memo::default();
        let message = format!("Sidenote could not analyse this version of the file (internal error: {what})");
        (Report::default(), vec![information(Range::default(), message)])
    });
    let analysis = Analysis {
        uri,
        version: document.version(),
        stamp,
        document: Some(document),
        folder,
        report,
        diagnostics: Arc::new(diagnostics),
        result_id: 0,
    };
    Analyzed { analysis, memo, took: start.elapsed() }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".into())
}

fn reparse(refresh: Refresh) -> Option<Event> {
    let Refresh { uri, stamp, mut document } = refresh;
    let skip: Option<SkipReason> = why_skip(document.text().to_string().as_bytes()).err();
    let differs = match catch_unwind(AssertUnwindSafe(|| document.refresh())) {
        Ok(Ok(differs)) => differs,
        Ok(Err(error)) => {
            tracing::warn!("{}: {error}", uri.as_str());
            return None;
        }
        Err(panic) => {
            tracing::error!("parsing {} failed: {}", uri.as_str(), panic_message(&*panic));
            return None;
        }
    };
    Some(Event::Refreshed { uri, stamp, document: Box::new(document), differs, skip })
}
