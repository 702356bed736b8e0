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
    /// Whether the data flow is that of this very version, and not of an earlier one, moved along.
    pub complete: bool,
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
    /// Whether the data flow is worth waiting for.
    pub complete: bool,
    pub session: Arc<Session>,
}

/// A job done.
pub(crate) struct Analyzed {
    pub analysis: Analysis,
    pub memo: Memo,
    pub took: Duration,
    /// How long the data flow took, if it was waited for.
    pub flow_took: Option<Duration>,
}

/// Something to do when there is time.
pub(crate) struct Later {
    pub engine: Arc<Engine>,
    pub uri: Uri,
    pub stamp: u64,
    pub document: Document,
}

/// The threads; they end when this is dropped and their work is done.
pub(crate) struct Pool {
    jobs: Sender<Job>,
    flows: Sender<Later>,
    refreshes: Sender<Later>,
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
        Pool {
            jobs,
            flows: worker("sidenote-flow", events, flow),
            refreshes: worker("sidenote-worker", events, reparse),
        }
    }

    /// Analyses a snapshot; the answer is an [`Event::Analyzed`].
    pub(crate) fn analyze(&self, job: Job) {
        let _ = self.jobs.send(job);
    }

    /// Parses a snapshot from scratch; the answer is an [`Event::Refreshed`], or nothing if that fails.
    pub(crate) fn refresh(&self, snapshot: Later) {
        let _ = self.refreshes.send(snapshot);
    }

    /// Follows the data through a snapshot; the answer is an [`Event::Flowed`].
    pub(crate) fn flow(&self, snapshot: Later) {
        let _ = self.flows.send(snapshot);
    }
}

/// Starts a thread that turns snapshots into events, one after another.
fn worker(name: &str, events: &Sender<Event>, work: fn(Later) -> Option<Event>) -> Sender<Later> {
    let (sender, queue) = channel::<Later>();
    let events = events.clone();
    spawn(name.into(), move || {
        for snapshot in queue {
            if let Some(event) = work(snapshot)
                && events.send(event).is_err()
            {
                return;
            }
        }
    });
    sender
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
    let Job { uri, stamp, document, folder, engine, mut memo, complete, session } = job;
    let start = Instant::now();
    let mut flow_took = None;
    let made = catch_unwind(AssertUnwindSafe(|| {
        if complete && !engine.has_flow(&document, &memo) {
            let start = Instant::now();
            memo.set_flow(engine.flow(&document));
            flow_took = Some(start.elapsed());
        }
        let report = engine.analyze_quickly(&document, &mut memo);
        let positions = Positions::new(document.text(), session.encoding);
        let cx = Context { uri: &uri, folder: folder.as_deref(), positions, session: &session };
        let diagnostics = cx.diagnostics(&report);
        (report, diagnostics, engine.has_flow(&document, &memo))
    }));
    let (report, diagnostics, complete) = made.unwrap_or_else(|panic| {
        let what = panic_message(&*panic);
        tracing::error!("analysing {} version {} failed: {what}", uri.as_str(), document.version());
        memo = Memo::default();
        let message = format!("Sidenote could not analyse this version of the file (internal error: {what})");
        (Report::default(), vec![information(Range::default(), message)], true)
    });
    let analysis = Analysis {
        uri,
        version: document.version(),
        stamp,
        document: Some(document),
        folder,
        report,
        complete,
        diagnostics: Arc::new(diagnostics),
        result_id: 0,
    };
    Analyzed { analysis, memo, took: start.elapsed(), flow_took }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".into())
}

fn flow(snapshot: Later) -> Option<Event> {
    let Later { uri, stamp, document, engine } = snapshot;
    let start = Instant::now();
    // No data is followed through a version that breaks the engine; the analysis that shows it says so.
    let flow = catch_unwind(AssertUnwindSafe(|| engine.flow(&document))).unwrap_or_else(|panic| {
        tracing::error!("the data flow of {} failed: {}", uri.as_str(), panic_message(&*panic));
        engine.no_flow(&document)
    });
    Some(Event::Flowed { uri, stamp, flow: Box::new(flow), took: start.elapsed() })
}

fn reparse(snapshot: Later) -> Option<Event> {
    let Later { uri, stamp, mut document, .. } = snapshot;
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
