//! The main loop: one thread that owns the documents. It applies edits in the order of the wire, hands snapshots to the
//! pool and takes the results that still hold. It never waits for anything but its next event.
//!
//! Here is its state, and what an event leads to. The work is done in the rooms below: documents come, change and go
//! (`documents`, one of them in `open`), folders and settings (`folders`), what is given to the pool and when (`schedule`), what comes back (`results`), and
//! answers to those who ask for diagnostics (`pulls`).

mod documents;
mod folders;
mod open;
mod pulls;
mod results;
mod schedule;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use tower_lsp::ls_types::{TraceValue, Uri};

use crate::Life;
use crate::catalog::Catalog;
use crate::event::Event;
use crate::meaning::{Meaning, Opener};
use crate::outbox::Outbox;
use crate::pool::{Follow, Pool};
use crate::reviewing::{self, Reviewing};
use crate::session::{ClientSettings, Session};
use crate::workspace::Workspace;
use open::Open;

/// A turn longer than this is logged.
const LONG_TURN: Duration = Duration::from_millis(100);

/// A data flow that takes less than this is never put off.
// An unoptimised build, as tests run it, is slower by an order of magnitude.
const INLINE_FLOW: Duration = Duration::from_micros(if cfg!(debug_assertions) { 15_000 } else { 1500 });

/// Of a document larger than this, in bytes, the first diagnostics do not wait for the data flow.
const LARGE: usize = 256 * 1024;

/// The data is followed through a larger file only when nobody has typed for this long.
const FLOW_DELAY: Duration = Duration::from_millis(40);

/// A document that was not edited for this long is parsed from scratch.
const IDLE: Duration = Duration::from_secs(1);

/// How often the model is told that somebody types.
const TYPING: Duration = Duration::from_millis(500);

/// Where events go, and what the loop has to say.
#[derive(Clone)]
pub(crate) struct Events {
    sender: Sender<Event>,
    outbox: Outbox,
    catalog: Catalog,
    meaning: Meaning,
    reviewing: Reviewing,
}

impl Events {
    /// Tells the loop. The event is dropped if the server is at its end.
    pub(crate) fn send(&self, event: Event) {
        let _ = self.sender.send(event);
    }

    /// What is known of files that are not open.
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// What a local model knows of functions.
    pub(crate) fn meaning(&self) -> &Meaning {
        &self.meaning
    }

    /// What the user's model thinks of findings.
    pub(crate) fn reviewing(&self) -> &Reviewing {
        &self.reviewing
    }

    /// What the loop has to say to the client.
    pub(crate) fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }
}

/// Starts the loop's thread. It ends with [`Event::Stop`].
pub(crate) fn start(life: Arc<Life>, vectors: Option<Opener>, reviewer: Option<reviewing::Opener>) -> Events {
    let (sender, events) = channel();
    let outbox = Outbox::default();
    let catalog = Catalog::new(sender.clone());
    let meaning = Meaning::start(vectors, outbox.clone(), sender.clone());
    let reviewing = Reviewing::start(reviewer, sender.clone());
    let mut state = State::new(Pool::new(&sender), outbox.clone(), catalog.clone(), meaning.clone(), reviewing.clone());
    let body = move || {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| state.run(&events)));
        if ended.is_err() {
            tracing::error!("the main loop broke");
            life.is_broken.store(true, Ordering::SeqCst);
            life.broke.notify_one();
        }
    };
    if let Err(error) = std::thread::Builder::new().name("sidenote-main-loop".into()).spawn(body) {
        tracing::error!("no main loop: {error}");
    }
    Events { sender, outbox, catalog, meaning, reviewing }
}

struct State {
    documents: FxHashMap<Uri, Open>,
    workspace: Workspace,
    session: Arc<Session>,
    settings: Arc<ClientSettings>,
    trace: TraceValue,
    /// The last stamp given out; every state of every document has its own.
    stamps: u64,
    /// The last result id given out.
    result_ids: u64,
    /// Configuration errors that the user was told of.
    told: Vec<String>,
    pool: Pool,
    outbox: Outbox,
    catalog: Catalog,
    meaning: Meaning,
    reviewing: Reviewing,
    /// When the model was last told that somebody types.
    typed: Option<Instant>,
    /// Whether diagnostics of files that are not open are published.
    shows_all: bool,
}

impl State {
    fn new(pool: Pool, outbox: Outbox, catalog: Catalog, meaning: Meaning, reviewing: Reviewing) -> State {
        State {
            documents: FxHashMap::default(),
            workspace: Workspace::new([], true),
            session: Arc::default(),
            settings: Arc::default(),
            trace: TraceValue::Off,
            stamps: 0,
            result_ids: 0,
            told: Vec::new(),
            pool,
            outbox,
            catalog,
            meaning,
            reviewing,
            typed: None,
            shows_all: false,
        }
    }

    fn run(&mut self, events: &Receiver<Event>) {
        loop {
            let first = match self.next_idle() {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => events.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            let start = Instant::now();
            // Everything that waits is taken in one turn: versions that are already old are never analysed.
            let mut batch: Vec<Event> = match first {
                Ok(event) => vec![event],
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            batch.extend(events.try_iter());
            let count = batch.len();
            let mut batch = batch.into_iter().peekable();
            while let Some(mut event) = batch.next() {
                // Edits of one document that follow each other are applied one after another and parsed once.
                if let Event::Change { uri, version, changes } = &mut event {
                    while let Some(Event::Change { uri: next, .. }) = batch.peek()
                        && next == uri
                        && let Some(Event::Change { version: newer, changes: more, .. }) = batch.next()
                    {
                        *version = newer;
                        changes.extend(more);
                    }
                }
                if matches!(event, Event::Stop) {
                    self.meaning.end();
                    self.reviewing.end();
                    return;
                }
                self.handle(event);
            }
            self.refresh_idle();
            self.dispatch();
            self.answer_pulls();
            let took = start.elapsed();
            if took > LONG_TURN {
                tracing::warn!("a turn over {count} events took {} ms", took.as_millis());
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Start { session, folders, settings, trace } => {
                (self.session, self.trace) = (session, trace);
                self.workspace = Workspace::new(folders, settings.workspace_rules);
                self.set_workspace();
                self.greet();
                self.tell_errors();
                self.set_settings(settings);
            }
            Event::Open { uri, language, version, text } => self.open(uri, language, version, &text),
            Event::Change { uri, version, changes } => self.change(&uri, version, &changes),
            Event::Close { uri } => self.close(uri),
            Event::Ask { uri, diagnostics, reply } => match self.documents.get_mut(&uri) {
                Some(open) => open.waiters.push((diagnostics, reply)),
                None => drop(reply.send(None)),
            },
            Event::Analyzed(analyzed) => self.analyzed(*analyzed),
            Event::Reviewed { uri, stamp, diagnostics } => self.reviewed(&uri, stamp, diagnostics),
            Event::Flowed { uri, stamp, flow, took } => self.flowed(&uri, stamp, *flow, took),
            Event::News(news) => {
                self.await_news(None, &news);
                self.take_news(news);
            }
            Event::Files(files) => {
                self.meaning.changed(&files);
                for index in self.workspace.indexes() {
                    self.pool.flow(Follow::Changed(files.clone(), index.clone()));
                }
            }
            Event::Refreshed { uri, stamp, document, differs, skip } => {
                self.refreshed(&uri, stamp, *document, differs, skip);
            }
            Event::Settings(settings) => {
                if settings != *self.settings {
                    if self.workspace.set_rules(settings.workspace_rules) {
                        self.set_workspace();
                        self.tell_errors();
                    }
                    self.set_settings(settings);
                    self.reset();
                }
            }
            Event::Folders { added, removed } => {
                removed.iter().for_each(|path| self.workspace.remove(path));
                added.into_iter().for_each(|path| self.workspace.add(path));
                self.set_workspace();
                self.tell_errors();
                self.reset();
            }
            Event::Reload => {
                self.workspace.reload();
                self.set_workspace();
                self.tell_errors();
                self.reset();
            }
            Event::Feedback => {
                self.workspace.listen();
                for (uri, open) in &mut self.documents {
                    open.home.said = self.workspace.locate(uri).said;
                    open.again = true;
                }
                self.set_workspace();
                self.tell_errors();
            }
            Event::Judged(uri) => {
                if let Some(open) = self.documents.get_mut(&uri) {
                    open.again = true;
                }
            }
            Event::Catalogued(files) => self.publish_files(files.iter().filter_map(|f| self.catalog.get(f)).collect()),
            Event::ShowWorkspace => self.show_all(),
            Event::Flush(sent) => self.outbox.flush(sent),
            Event::Trace(trace) => self.trace = trace,
            Event::Stop => {}
        }
    }

    fn stamp(&mut self) -> u64 {
        self.stamps += 1;
        self.stamps
    }
}
