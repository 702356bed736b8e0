//! The thread that knows the functions.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};
use sidenote_core::blocks::BlockId;
use sidenote_core::document::Document;
use sidenote_core::engine::why_skip;
use sidenote_core::functions::{Function, Key, functions, key};
use sidenote_core::grammars;
use sidenote_core::system::{OsSystem, System};
use tower_lsp::ls_types::{MessageType, SymbolKind, Uri};

use super::functions::Item;
use super::{Alike, Command, Opener, Place, Shared, Urgency, Vectors, lock};
use crate::convert::Positions;
use crate::event::Event;
use crate::files::{files_of, is_ours};
use crate::outbox::Outbox;
use crate::pool::Analysis;
use crate::session::Session;
use crate::workspace::{Workspace, file_path};

/// Quiet time of a document before its functions are taken out.
const QUIET: Duration = Duration::from_millis(250);
/// Time between two looks at what is alike, while vectors come.
const LOOK: Duration = Duration::from_secs(1);
/// Likeness from which on a function is told to be like another. Of 22 pairs above it that were read, in seven packages, all do
/// the same or a counterpart of it; of 42 between 0.85 and this, about six in ten.
const LIKENESS: f32 = 0.9;
/// Functions shorter than this, in bytes, are like others by chance.
const LEAST: usize = 200;
/// Functions like one that are looked at.
const MOST: usize = 16;
/// How long findings wait for a comparison with dismissed ones.
const PATIENCE: Duration = Duration::from_secs(20);
/// Deeply nested code is walked by recursion here and there.
const STACK: usize = 16 << 20;

pub(super) fn start(
    shared: Arc<Shared>,
    opener: Opener,
    me: Sender<Command>,
    queue: Receiver<Command>,
    (outbox, events): (Outbox, Sender<Event>),
) {
    let body = move || {
        crate::catalog::lower_priority();
        Worker {
            shared,
            opener: Some(opener),
            me,
            outbox,
            events,
            workspace: Workspace::new([], true),
            session: Arc::default(),
            enabled: true,
            waits_for_first: true,
            indexed: false,
            seen: FxHashMap::default(),
            open: FxHashMap::default(),
            files: VecDeque::new(),
            look_at: None,
        }
        .run(&queue);
    };
    let thread = std::thread::Builder::new().name("sidenote-meaning".into()).stack_size(STACK);
    if let Err(error) = thread.spawn(body) {
        tracing::error!("no thread: {error}");
    }
}

/// An open document.
#[derive(Default)]
struct Open {
    /// Texts that were there when it was opened.
    first: Option<FxHashSet<Key>>,
    path: String,
}

struct Worker {
    shared: Arc<Shared>,
    opener: Option<Opener>,
    me: Sender<Command>,
    outbox: Outbox,
    events: Sender<Event>,
    workspace: Workspace,
    session: Arc<Session>,
    enabled: bool,
    /// Whether no document was seen yet.
    waits_for_first: bool,
    /// Whether the files of the workspace were asked for.
    indexed: bool,
    /// Analyses that rest until they are due.
    seen: FxHashMap<Uri, (Arc<Analysis>, Instant)>,
    open: FxHashMap<Uri, Open>,
    /// Files that are to be read.
    files: VecDeque<PathBuf>,
    look_at: Option<Instant>,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Command>) {
        loop {
            let now = Instant::now();
            let due = self.seen.values().map(|s| s.1).chain(self.look_at).min();
            let next = match due {
                // Files are read between messages, one after another.
                _ if !self.files.is_empty() => queue.try_recv().map_err(|e| match e {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                }),
                Some(due) => queue.recv_timeout(due.saturating_duration_since(now)),
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(Command::End) | Err(RecvTimeoutError::Disconnected) => {
                    lock(&self.shared.vectors).take();
                    return;
                }
                Ok(command) => self.handle(command),
                Err(RecvTimeoutError::Timeout) => {
                    let done = catch_unwind(AssertUnwindSafe(|| self.work()));
                    if done.is_err() {
                        tracing::error!("taking functions out of a file failed");
                    }
                }
            }
        }
    }

    fn handle(&mut self, command: Command) {
        match command {
            Command::Workspace(workspace, session) => {
                (self.workspace, self.session) = (*workspace, session);
                if self.indexed {
                    self.index();
                }
            }
            Command::Seen(analysis) => {
                // The first one also starts the reading of the workspace.
                let is_first = std::mem::replace(&mut self.waits_for_first, false);
                let due = Instant::now() + if is_first { Duration::ZERO } else { QUIET };
                self.seen.insert(analysis.uri.clone(), (analysis, due));
            }
            Command::Closed(uri) => {
                self.seen.remove(&uri);
                self.open.remove(&uri);
                lock(&self.shared.alike).remove(&uri);
                match file_path(&uri).filter(|file| self.is_ours(file)) {
                    Some(file) if self.indexed => self.files.push_back(file),
                    _ => self.forget(&uri),
                }
            }
            Command::Files(files) => {
                if self.indexed {
                    self.files.extend(files);
                }
            }
            Command::Typing => {
                if let Some(vectors) = self.shared.vectors() {
                    vectors.typing();
                }
            }
            Command::Progress(progress) => {
                self.shared.progress.send_replace(progress);
                self.look_at.get_or_insert_with(|| Instant::now() + LOOK);
            }
            Command::End => {}
            Command::Enable(on) => {
                self.enabled = on;
                if !on {
                    self.seen.clear();
                    self.files.clear();
                    (self.indexed, self.waits_for_first) = (false, true);
                    self.open.clear();
                    lock(&self.shared.alike).clear();
                    let known: Vec<Uri> = lock(&self.shared.functions).files().cloned().collect();
                    known.iter().for_each(|uri| self.forget(uri));
                }
            }
        }
    }

    fn work(&mut self) {
        let now = Instant::now();
        let due: Vec<Uri> = self.seen.iter().filter(|(_, s)| s.1 <= now).map(|(uri, _)| uri.clone()).collect();
        for uri in due {
            if let Some((analysis, _)) = self.seen.remove(&uri)
                && self.enabled
            {
                self.take(&analysis);
            }
        }
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = None;
            self.look();
        }
        if let Some(file) = self.files.pop_front() {
            self.read(&file);
        }
    }

    /// The vectors, opened when they are first asked for.
    fn vectors(&mut self) -> Option<Arc<dyn Vectors>> {
        if let Some(opener) = self.opener.take() {
            let me = self.me.clone();
            let tell = move |progress| drop(me.send(Command::Progress(progress)));
            match opener(Box::new(tell)) {
                Ok(vectors) => *lock(&self.shared.vectors) = Some(vectors),
                Err(problem) => {
                    let text = format!("Sidenote works without a local model: {problem}");
                    self.outbox.log(MessageType::INFO, text);
                    self.shared.progress.send_modify(|p| p.problem = Some(problem));
                }
            }
        }
        self.shared.vectors()
    }

    /// All files of the workspace that are not open are read when there is time.
    fn index(&mut self) {
        self.indexed = true;
        let mut all: Vec<PathBuf> = self.workspace.folders().flat_map(files_of).collect();
        all.sort_unstable();
        let there: FxHashSet<&PathBuf> = all.iter().collect();
        let mut gone: Vec<Uri> = lock(&self.shared.functions).files().cloned().collect();
        gone.retain(|uri| !self.open.contains_key(uri) && file_path(uri).is_none_or(|file| !there.contains(&file)));
        gone.iter().for_each(|uri| self.forget(uri));
        self.files = all.into();
    }

    fn is_ours(&self, file: &Path) -> bool {
        self.workspace.folders().any(|folder| is_ours(folder, file))
    }

    fn forget(&mut self, uri: &Uri) {
        let mut functions = lock(&self.shared.functions);
        if functions.contains(uri) {
            functions.remove(uri);
            if let Some(vectors) = self.shared.vectors() {
                vectors.closed(uri.as_str().into());
            }
        }
    }

    /// Takes the functions out of a version of an open document.
    fn take(&mut self, analysis: &Analysis) {
        let Some(document) = &analysis.document else { return };
        let found = functions(document);
        let open = self.open.entry(analysis.uri.clone()).or_default();
        document.path().clone_into(&mut open.path);
        if open.first.is_none() {
            open.first = Some(found.iter().map(|f| key(&f.searched())).collect());
        }
        self.keep(&analysis.uri, document.path(), document, found, Urgency::Open);
        if !self.indexed && self.shared.vectors().is_some() {
            self.index();
        }
        self.judge(analysis);
    }

    /// Compares the findings of an analysis with those that people dismissed; the main loop is told where that changes anything.
    fn judge(&mut self, analysis: &Analysis) {
        let (Some(said), Some(path)) = (&analysis.said, &analysis.path) else { return };
        let questions = said.questions(path, analysis);
        if questions.is_empty() {
            return;
        }
        let Some(vectors) = self.vectors() else { return };
        let mut news = false;
        for question in questions {
            let (texts, others) = question.texts();
            match vectors.cosines(&texts, &others, PATIENCE) {
                Ok(rows) => news |= said.take(question, rows),
                Err(problem) => {
                    tracing::warn!("findings are not compared with dismissed ones: {problem}");
                    break;
                }
            }
        }
        if news {
            let _ = self.events.send(Event::Judged(analysis.uri.clone()));
        }
    }

    /// Takes the functions out of a file.
    fn read(&mut self, file: &Path) {
        let Some(uri) = Uri::from_file_path(file) else { return };
        if !self.enabled || self.open.contains_key(&uri) || self.seen.contains_key(&uri) {
            return;
        }
        let home = self.workspace.locate(&uri);
        let is_code = home.folder.is_some() && home.included && self.is_ours(file);
        let text = is_code.then(|| OsSystem.read(file)).flatten();
        let language = grammars::by_path(&home.path);
        let document = text.zip(language).and_then(|(text, language)| {
            let text = why_skip(text.as_bytes()).ok()?;
            home.index.on_disk(&home.path, language, text).ok()
        });
        match document {
            Some(document) => {
                let found = functions(&document);
                self.keep(&uri, &home.path, &document, found, Urgency::Background);
            }
            None => self.forget(&uri),
        }
    }

    fn keep(&mut self, uri: &Uri, path: &str, document: &Document, found: Vec<Function>, urgency: Urgency) {
        let Some(vectors) = self.vectors() else { return };
        let positions = Positions::new(document.text(), self.session.encoding);
        let mut texts = Vec::with_capacity(found.len());
        let mut items = Vec::with_capacity(found.len());
        for function in found {
            let text = function.searched();
            let key = key(&text);
            let place = Place {
                uri: uri.clone(),
                path: path.to_owned(),
                kind: if function.symbol.contains('.') { SymbolKind::METHOD } else { SymbolKind::FUNCTION },
                range: positions.range(&function.head),
                symbol: function.symbol,
            };
            let counts = function.is_free && function.range.len() >= LEAST;
            texts.push((key, text.clone()));
            items.push((Item { block: function.block, key, place, counts }, text));
        }
        lock(&self.shared.functions).set(uri, items);
        vectors.document(uri.as_str().into(), urgency, texts);
        if urgency == Urgency::Open {
            self.look_at.get_or_insert_with(|| Instant::now() + LOOK);
        }
    }

    /// What is like the functions of open documents; tells the client when that is news.
    fn look(&mut self) {
        let Some(vectors) = self.shared.vectors() else { return };
        let mut news = false;
        for (uri, open) in &self.open {
            let own: Vec<(usize, BlockId, Key)> = {
                let functions = lock(&self.shared.functions);
                let counts = functions.of_file(uri).filter(|(_, item)| item.counts);
                counts.map(|(n, item)| (n, item.block, item.key)).collect()
            };
            let mut found = Vec::new();
            for (number, block, key) in own {
                let mut near = vec![(key, 1.0)];
                near.extend(vectors.alike(key, LIKENESS, MOST));
                let functions = lock(&self.shared.functions);
                let others = near.iter().flat_map(|(key, likeness)| {
                    functions.of_key(key).filter(|(n, item)| *n != number && item.counts).map(|(_, i)| (i, *likeness))
                });
                let mut others = others;
                let Some((best, likeness)) = others.next() else { continue };
                found.push(Alike {
                    block,
                    is_new: open.first.as_ref().is_some_and(|first| !first.contains(&key)),
                    place: best.place.clone(),
                    likeness,
                    more: others.count(),
                });
            }
            let mut all = lock(&self.shared.alike);
            if all.get(uri).is_none_or(|old| **old != found) {
                news |= all.contains_key(uri) || !found.is_empty();
                all.insert(uri.clone(), Arc::new(found));
            }
        }
        if news && (self.session.refresh_hints || self.session.refresh_lenses) {
            self.outbox.refresh_hints(self.session.refresh_hints, self.session.refresh_lenses);
        }
    }
}
