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
use crate::feedback::Said;
use crate::index::{Index, News, Parts, threads};
use crate::session::{ClientSettings, Session};

/// The analysis of one version of a document.
#[derive(Clone)]
pub(crate) struct Analysis {
    pub uri: Uri,
    /// The document's version, as the client counts.
    pub version: i32,
    /// The state of the document that this belongs to.
    pub stamp: u64,
    /// The text with its syntax; `None` where it is not analysed.
    pub document: Option<Document>,
    pub folder: Option<PathBuf>,
    /// Its path relative to the root of its folder; `None` outside of every folder.
    pub path: Option<String>,
    /// What people said of findings there.
    pub said: Option<Arc<Said>>,
    pub settings: Arc<ClientSettings>,
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
    pub index: Arc<Index>,
    pub said: Option<Arc<Said>>,
    pub memo: Memo,
    /// Whether nothing is known of the document.
    pub is_new: bool,
    /// Whether the data flow is worth waiting for.
    pub complete: bool,
    pub session: Arc<Session>,
    pub settings: Arc<ClientSettings>,
}

/// A job done.
pub(crate) struct Analyzed {
    pub analysis: Analysis,
    pub memo: Memo,
    pub took: Duration,
    /// How long the data flow took, if it was waited for.
    pub flow_took: Option<Duration>,
    /// What it changed for other documents.
    pub news: News,
}

/// Something to do when there is time.
pub(crate) struct Later {
    pub engine: Arc<Engine>,
    pub uri: Uri,
    pub stamp: u64,
    pub document: Document,
}

/// What the thread that follows the data is told.
pub(crate) enum Follow {
    /// Follow the data through a version of a document.
    Document(Later, Arc<Index>),
    /// Read the files of a folder, but for some documents that are open.
    Build(Arc<Index>, Vec<Later>),
    /// A document was closed.
    Close(Uri, Arc<Index>),
    /// Files changed on disk.
    Changed(Vec<PathBuf>, Arc<Index>),
}

/// The threads; they end when this is dropped and their work is done.
pub(crate) struct Pool {
    jobs: Sender<Job>,
    flows: Sender<Follow>,
    refreshes: Sender<Later>,
}

/// The rules go over a document that is new and longer than this, in bytes, on several threads.
const WORTH_PARTS: usize = 64 * 1024;

/// Most of these threads.
const MOST_PARTS: usize = 4;

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
            flows: worker("sidenote-flow", events, follow),
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

    /// Follows the data; the answer is an [`Event::Flowed`], or [`Event::News`] if there are some.
    pub(crate) fn flow(&self, what: Follow) {
        let _ = self.flows.send(what);
    }
}

/// Starts a thread that turns what it is sent into events, one after another.
fn worker<T: Send + 'static>(name: &str, events: &Sender<Event>, work: fn(T) -> Vec<Event>) -> Sender<T> {
    let (sender, queue) = channel::<T>();
    let events = events.clone();
    spawn(name.into(), move || {
        for what in queue {
            for event in work(what) {
                if events.send(event).is_err() {
                    return;
                }
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

/// Analyses a snapshot on the calling thread.
pub(crate) fn analyze(job: Job) -> Analyzed {
    let Job { uri, stamp, document, folder, engine, index, said, mut memo, is_new, complete, session, settings } = job;
    let path = said.as_ref().map(|_| index.path_of(&document));
    let start = Instant::now();
    let (mut flow_took, mut news) = (None, News::new());
    let made = catch_unwind(AssertUnwindSafe(|| {
        // Through a block that is held no data can be followed; what was known of it moves along.
        if complete && !document.is_held() && !engine.has_flow(&document, &memo) {
            let start = Instant::now();
            match index.try_follow(&uri, &document, &engine) {
                Some((flow, others)) => {
                    memo.set_flow(flow.unwrap_or_else(|| engine.flow(&document)));
                    flow_took = Some(start.elapsed());
                    news = others;
                }
                // Until the files around it are known it is looked at by itself.
                None if !memo.has_flow() => memo.set_flow(engine.flow(&document).provisional()),
                None => {}
            }
        }
        let parts = threads().min(MOST_PARTS);
        if is_new && parts > 1 && document.text().len() > WORTH_PARTS {
            engine.prepare_with(&document, &mut memo, &Parts, parts);
        }
        let mut report = engine.analyze_quickly(&document, &mut memo);
        if let (Some(said), Some(path)) = (&said, &path) {
            said.apply(path, &document, &mut report);
        }
        let positions = Positions::new(document.text(), session.encoding);
        let cx = Context { uri: &uri, folder: folder.as_deref(), positions, session: &session };
        let diagnostics = cx.diagnostics(&report);
        (report, diagnostics, !document.is_held() && engine.has_flow(&document, &memo))
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
        path,
        said,
        settings,
        report,
        complete,
        diagnostics: Arc::new(diagnostics),
        result_id: 0,
    };
    Analyzed { analysis, memo, took: start.elapsed(), flow_took, news }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".into())
}

fn follow(what: Follow) -> Vec<Event> {
    let guarded = |what: &str, work: &mut dyn FnMut() -> News| {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
            tracing::error!("following the data through {what} failed: {}", panic_message(&*panic));
            News::new()
        })
    };
    let mut events = Vec::new();
    let news = match what {
        Follow::Document(Later { uri, stamp, document, engine }, index) => {
            let start = Instant::now();
            let mut flow = None;
            let news = guarded(uri.as_str(), &mut || {
                let (found, news) = index.follow(&uri, &document, &engine);
                flow = Some(found.unwrap_or_else(|| engine.flow(&document)));
                news
            });
            // No data is followed through a version that breaks the engine; the analysis that shows it says so.
            let flow = Box::new(flow.unwrap_or_else(|| engine.no_flow(&document)));
            events.push(Event::Flowed { uri, stamp, flow, took: start.elapsed() });
            news
        }
        Follow::Build(index, open) => guarded("a folder", &mut || index.build(&open)),
        Follow::Close(uri, index) => guarded(uri.as_str(), &mut || index.close(&uri)),
        Follow::Changed(files, index) => guarded("changed files", &mut || index.changed(&files)),
    };
    if !news.is_empty() {
        events.push(Event::News(news));
    }
    events
}

fn reparse(snapshot: Later) -> Vec<Event> {
    let Later { uri, stamp, mut document, .. } = snapshot;
    let skip: Option<SkipReason> = why_skip(document.text().to_string().as_bytes()).err();
    let differs = match catch_unwind(AssertUnwindSafe(|| document.refresh())) {
        Ok(Ok(differs)) => differs,
        Ok(Err(error)) => {
            tracing::warn!("{}: {error}", uri.as_str());
            false
        }
        Err(panic) => {
            tracing::error!("parsing {} failed: {}", uri.as_str(), panic_message(&*panic));
            false
        }
    };
    // What cannot be parsed stays as it is, and is followed all the same.
    let differs = differs || document.is_held();
    document.settle();
    vec![Event::Refreshed { uri, stamp, document: Box::new(document), differs, skip }]
}
