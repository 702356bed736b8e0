//! The main loop: one thread that owns the documents. It applies edits in the order of the wire, hands snapshots to the
//! pool and takes the results that still hold. It never waits for anything but its next event.

mod open;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_core::document::Document;
use sidenote_core::engine::Report;
use tower_lsp::ls_types::{Diagnostic, MessageType, TraceValue, Uri};

use crate::Life;
use crate::catalog::{Catalog, Entry};
use crate::event::Event;
use crate::index::News;
use crate::meaning::{Meaning, Opener};
use crate::outbox::Outbox;
use crate::pool::{Analysis, Analyzed, Follow, Job, Later, Pool};
use crate::reviewing::{self, Reviewing};
use crate::session::{ClientSettings, Scope, Session};
use crate::workspace::{Workspace, file_path};
use open::{Content, Open};

/// A turn longer than this is logged.
const LONG_TURN: Duration = Duration::from_millis(100);

/// A data flow that takes less than this is never put off.
const INLINE_FLOW: Duration = Duration::from_micros(1500);

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
            Event::Open { uri, language, version, text } => {
                let home = self.workspace.locate(&uri);
                let stamp = self.stamp();
                let published = self.documents.remove(&uri).and_then(Open::close);
                if home.index.wants_building() {
                    self.pool.flow(Follow::Build(home.index.clone()));
                }
                let mut open = Open::new(&uri, language, version, &text, home, stamp);
                open.published = published;
                self.opened(&uri);
                self.documents.insert(uri, open);
                self.tell_errors();
            }
            Event::Change { uri, version, changes } => {
                let stamp = self.stamp();
                let encoding = self.session.encoding;
                match self.documents.get_mut(&uri) {
                    Some(open) => {
                        let edited = open.change(&changes, encoding, version);
                        if self.typed.is_none_or(|at| at.elapsed() > TYPING) {
                            self.typed = Some(Instant::now());
                            self.meaning.typing();
                        }
                        open.stamp = stamp;
                        open.idle_at = edited.then(|| Instant::now() + IDLE);
                    }
                    None => tracing::warn!("an edit of {}, which is not open", uri.as_str()),
                }
            }
            Event::Close { uri } => {
                let closed = self.documents.remove(&uri);
                self.meaning.closed(&uri);
                self.reviewing.closed(&uri);
                if let Some(open) = &closed {
                    self.pool.flow(Follow::Close(uri.clone(), open.home.index.clone()));
                }
                let last = closed.and_then(Open::close);
                self.closed(uri, last);
            }
            Event::Ask { uri, diagnostics, reply } => match self.documents.get_mut(&uri) {
                Some(open) => open.waiters.push((diagnostics, reply)),
                None => drop(reply.send(None)),
            },
            Event::Analyzed(analyzed) => self.analyzed(*analyzed),
            Event::Reviewed { uri, stamp, diagnostics } => self.reviewed(&uri, stamp, diagnostics),
            Event::Flowed { uri, stamp, flow, took } => {
                if let Some(open) = self.documents.get_mut(&uri) {
                    open.flow_running = false;
                    open.flow_took = Some(took);
                    // Also that of an older version is nearer than what is there.
                    open.flow = Some(*flow);
                    open.again = open.stamp == stamp;
                }
            }
            Event::News(news) => self.take_news(news),
            Event::Files(files) => {
                self.meaning.changed(&files);
                for index in self.workspace.indexes() {
                    self.pool.flow(Follow::Changed(files.clone(), index.clone()));
                }
            }
            Event::Refreshed { uri, stamp, document, differs, skip } => {
                let next = self.stamp();
                if let Some(open) = self.documents.get_mut(&uri)
                    && open.stamp == stamp
                {
                    if let Some(reason) = skip {
                        open.skip(reason.explain());
                        open.stamp = next;
                    } else if let Content::Code(code) = &mut open.content {
                        **code = *document;
                        open.stamp = if differs { next } else { stamp };
                        if differs {
                            // Much may be new to the rules.
                            open.took = None;
                        }
                    }
                }
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

    /// Tells everybody of the folders.
    fn set_workspace(&self) {
        self.catalog.set_workspace(self.workspace.clone(), self.session.clone());
        self.meaning.set_workspace(&self.workspace, &self.session);
    }

    fn stamp(&mut self) -> u64 {
        self.stamps += 1;
        self.stamps
    }

    /// Forgets what was computed, under a new configuration.
    fn reset(&mut self) {
        for (uri, open) in &mut self.documents {
            self.stamps += 1;
            open.reset(self.workspace.locate(uri), self.stamps);
            if open.home.index.wants_building() {
                self.pool.flow(Follow::Build(open.home.index.clone()));
            }
        }
        self.tell_errors();
        if self.session.pull && self.session.refresh {
            self.outbox.refresh();
        }
        if self.session.refresh_hints || self.session.refresh_lenses {
            self.outbox.refresh_hints(self.session.refresh_hints, self.session.refresh_lenses);
        }
    }

    fn set_settings(&mut self, settings: ClientSettings) {
        self.settings = Arc::new(settings);
        self.meaning.enable(self.settings.enable && self.settings.similar.enable);
        if self.settings.diagnostics.scope == Scope::Workspace && self.settings.enable {
            self.show_all();
            self.catalog.want();
        }
    }

    /// A line for the client's log.
    fn greet(&self) {
        let folders: Vec<String> = self.workspace.folders().map(|f| f.display().to_string()).collect();
        let folders = if folders.is_empty() { "no folder".to_owned() } else { folders.join(", ") };
        let rules = sidenote_core::rules::all().len();
        let text = format!("Sidenote {} with {rules} rules, on {folders}", env!("CARGO_PKG_VERSION"));
        self.outbox.log(MessageType::INFO, text);
    }

    /// From now on the diagnostics of files that are not open are published, where the client does not ask for them.
    fn show_all(&mut self) {
        if !self.shows_all {
            self.shows_all = true;
            self.publish_files(self.catalog.files());
        }
    }

    fn publish_files(&self, files: Vec<Arc<Entry>>) {
        if !self.shows_all || self.session.pull_workspace {
            return;
        }
        let open: FxHashSet<PathBuf> = self.documents.keys().filter_map(file_path).collect();
        let is_open = |e: &Entry| file_path(&e.uri).is_some_and(|f| open.contains(&f));
        let files: Vec<_> =
            files.iter().filter(|e| !is_open(e)).map(|e| (e.uri.clone(), e.diagnostics.clone())).collect();
        if !files.is_empty() {
            self.outbox.publish_all(files);
        }
    }

    /// What the disk says of a file does not count while it is open.
    fn opened(&self, uri: &Uri) {
        let Some(file) = file_path(uri) else { return };
        self.catalog.set_open(&file, true);
        let was_shown = self.shows_all && !self.session.pull_workspace && self.session.pull;
        if was_shown && self.catalog.get(&file).is_some_and(|e| !e.diagnostics.is_empty()) {
            self.outbox.publish(uri.clone(), None, Arc::default());
        }
    }

    /// A document was closed; `last` are its diagnostics.
    fn closed(&self, uri: Uri, last: Option<Arc<Vec<Diagnostic>>>) {
        let mut on_disk = None;
        if let Some(file) = file_path(&uri) {
            self.catalog.set_open(&file, false);
            on_disk = self.catalog.get(&file).filter(|_| self.shows_all && !self.session.pull_workspace);
            self.catalog.touch(vec![file]);
        }
        let now = on_disk.map_or_else(Arc::default, |e| e.diagnostics.clone());
        let had = last.is_some_and(|d| !d.is_empty()) && !self.session.pull;
        if had || !now.is_empty() {
            self.outbox.publish(uri, None, now);
        }
    }

    /// Says once what is wrong with a configuration.
    fn tell_errors(&mut self) {
        let mut errors: Vec<String> = self.workspace.errors().map(|error| error.to_string()).collect();
        errors.extend(self.workspace.complaints().cloned());
        errors.dedup();
        for error in &errors {
            if !self.told.contains(error) {
                let text = format!("Sidenote goes on without this configuration, for it cannot be used.\n{error}");
                self.outbox.show(MessageType::ERROR, text);
            }
        }
        self.told = errors;
    }

    /// Documents whose data flow changed because others did are worth another analysis.
    fn take_news(&mut self, news: News) {
        for (uri, flow) in news {
            if let Some(open) = self.documents.get_mut(&uri) {
                open.flow = Some(flow);
                open.again = true;
            }
        }
    }

    /// Takes a result of the pool, unless the document has moved on.
    fn analyzed(&mut self, Analyzed { analysis, memo, took, flow_took, news }: Analyzed) {
        self.take_news(news);
        let Some(open) = self.documents.get_mut(&analysis.uri) else { return };
        if open.running == Some(analysis.stamp) {
            open.running = None;
            open.memo = memo;
        }
        open.flow_took = flow_took.or(open.flow_took);
        open.took = Some(took.saturating_sub(flow_took.unwrap_or_default()));
        if open.stamp != analysis.stamp {
            return;
        }
        let held = analysis.document.as_ref().is_some_and(Document::is_held);
        open.flow_at = (!analysis.complete && !held).then(|| Instant::now() + FLOW_DELAY);
        if self.trace != TraceValue::Off {
            let (version, count) = (analysis.version, analysis.diagnostics.len());
            let name = analysis.uri.path().as_str();
            self.outbox.trace(format!("{name} version {version}: {count} diagnostics in {} µs", took.as_micros()));
        }
        let (uri, stamp) = (analysis.uri.clone(), analysis.stamp);
        self.settle(analysis);
        if let Some(open) = self.documents.get(&uri)
            && let Some(current) = open.current.as_ref().filter(|c| c.stamp == stamp && c.complete)
        {
            self.reviewing.seen(current, &open.home.engine, &self.session);
        }
    }

    /// Takes what the user's model adds, unless the document has moved on.
    fn reviewed(&mut self, uri: &Uri, stamp: u64, diagnostics: Arc<Vec<Diagnostic>>) {
        let Some(open) = self.documents.get(uri).filter(|o| o.stamp == stamp) else { return };
        let Some(current) = open.current.as_ref().filter(|c| c.stamp == stamp) else { return };
        let analysis = Analysis { diagnostics, result_id: 0, ..Analysis::clone(current) };
        self.settle(analysis);
    }

    /// Publishes an analysis of the newest version and answers those who wait for it.
    fn settle(&mut self, mut analysis: Analysis) {
        let Some(open) = self.documents.get_mut(&analysis.uri) else { return };
        let same = open.published.as_ref().is_some_and(|p| p.as_slice() == analysis.diagnostics.as_slice());
        // The client asks for these by itself when the text changes, not when only the findings do.
        let again = !same && open.current.as_ref().is_some_and(|c| c.version == analysis.version);
        if again && (self.session.refresh_hints || self.session.refresh_lenses) {
            self.outbox.refresh_hints(self.session.refresh_hints, self.session.refresh_lenses);
        }
        if same && open.result_id != 0 {
            analysis.result_id = open.result_id;
        } else {
            self.result_ids += 1;
            analysis.result_id = self.result_ids;
        }
        open.result_id = analysis.result_id;
        // Of a file that is not ours nothing is said, not even that there is nothing to say.
        let silent = matches!(open.content, Content::Ignored) && open.published.is_none();
        let analysis = Arc::new(analysis);
        open.current = Some(analysis.clone());
        if self.settings.similar.enable {
            self.meaning.seen(&analysis);
        }
        let told_before = open.told;
        let told_now = open.answer(&analysis, &self.session);
        if self.session.pull {
            // A client that was told something else, and has no reason of its own to ask again.
            let otherwise = |(id, version)| version == analysis.version && id != analysis.result_id;
            if !told_now && told_before.is_some_and(otherwise) && self.session.refresh {
                self.outbox.refresh();
            }
        } else if !silent && (!same || open.published_version != Some(analysis.version)) {
            // Equal diagnostics of a newer version are news too: they say that the analysis has caught up.
            self.outbox.publish(analysis.uri.clone(), Some(analysis.version), analysis.diagnostics.clone());
            open.published_version = Some(analysis.version);
        }
        open.published = Some(analysis.diagnostics.clone());
    }

    /// Sends every document that changed to the pool, and answers what needs no analysis.
    fn dispatch(&mut self) {
        let mut settled = Vec::new();
        let mut quick = None;
        for (uri, open) in &mut self.documents {
            let current = open.current.clone().filter(|c| c.stamp == open.stamp);
            if let Content::Code(document) = &open.content
                && self.settings.enable
                && open.home.included
            {
                if (current.is_none() || open.again) && open.running.is_none() {
                    let mut memo = std::mem::take(&mut open.memo);
                    if let Some(flow) = open.flow.take() {
                        memo.set_flow(flow);
                    }
                    open.again = false;
                    open.running = Some(open.stamp);
                    let is_quick = open.is_quick() && quick.is_none();
                    open.typed = 0;
                    let job = Job {
                        uri: uri.clone(),
                        stamp: open.stamp,
                        document: (**document).clone(),
                        folder: open.home.index.base(),
                        engine: open.home.engine.clone(),
                        index: open.home.index.clone(),
                        said: open.home.said.clone(),
                        complete: match open.flow_took {
                            Some(took) => took < INLINE_FLOW,
                            None => document.text().len() < LARGE,
                        },
                        memo,
                        session: self.session.clone(),
                        settings: self.settings.clone(),
                    };
                    if is_quick {
                        quick = Some(job);
                    } else {
                        self.pool.analyze(job);
                    }
                }
                if let Some(current) = current {
                    open.answer(&current, &self.session);
                }
                continue;
            }
            if let Some(current) = current {
                open.answer(&current, &self.session);
                continue;
            }
            let diagnostics = if self.settings.enable && open.home.included {
                open.plain_diagnostics(uri, &self.workspace, &self.session)
            } else {
                Vec::new()
            };
            settled.push(plain(uri, open, &self.settings, diagnostics));
        }
        settled.into_iter().for_each(|analysis| self.settle(analysis));
        if let Some(job) = quick {
            self.analyzed(crate::pool::analyze(job));
        }
    }

    fn next_idle(&self) -> Option<Instant> {
        let flow_at = |o: &Open| o.flow_at.filter(|_| !o.flow_running);
        self.documents.values().flat_map(|o| [o.idle_at, flow_at(o)]).flatten().min()
    }

    fn refresh_idle(&mut self) {
        let now = Instant::now();
        for (uri, open) in &mut self.documents {
            if let Content::Code(document) = &open.content
                && !open.flow_running
                && open.flow_at.is_some_and(|at| at <= now)
            {
                (open.flow_at, open.flow_running) = (None, true);
                let document = (**document).clone();
                let (uri, engine) = (uri.clone(), open.home.engine.clone());
                let later = Later { uri, stamp: open.stamp, document, engine };
                self.pool.flow(Follow::Document(later, open.home.index.clone()));
            }
            if open.idle_at.is_none_or(|at| at > now) {
                continue;
            }
            open.idle_at = None;
            if let Content::Code(document) = &open.content {
                let document = (**document).clone();
                self.pool.refresh(Later {
                    uri: uri.clone(),
                    stamp: open.stamp,
                    document,
                    engine: open.home.engine.clone(),
                });
            } else if open.try_again() {
                self.stamps += 1;
                open.stamp = self.stamps;
            }
        }
    }
}

/// The analysis of a document that is not analysed.
fn plain(uri: &Uri, open: &Open, settings: &Arc<ClientSettings>, diagnostics: Vec<Diagnostic>) -> Analysis {
    Analysis {
        uri: uri.clone(),
        version: open.version,
        stamp: open.stamp,
        document: None,
        folder: open.home.index.base(),
        path: None,
        said: None,
        settings: settings.clone(),
        report: Report::default(),
        complete: true,
        diagnostics: Arc::new(diagnostics),
        result_id: 0,
    }
}
