//! Blocks on their way to the model while somebody works: debounced, the newest wins, and nobody waits.
//!
//! One thread holds what each document consists of. When a document has been quiet for a moment, blocks without a vector are looked
//! up in the cache and then embedded, in the order of their documents' priorities; a new version takes back
//! what it no longer contains. Vectors are in an index whose snapshots anybody may search.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sidenote_kernels::{Code, Index, SharedIndex};

use crate::client::{Answer, HostError, Ticket};
use crate::embed::{Embedder, many_threads};
use crate::message::{BlockKey, Priority};

/// Quiet time of a document before its blocks are embedded.
const DEBOUNCE: Duration = Duration::from_millis(400);
/// Quiet time after which the model may use more than one thread.
const CALM: Duration = Duration::from_secs(3);
/// Blocks of one request: what a change of mind can cost the queue.
const BATCH: usize = 64;
/// Vectors are published together: each time the rows around them are copied.
const PUBLISH: Duration = Duration::from_millis(250);
/// Pause after the host has failed.
const SULK: Duration = Duration::from_secs(30);

/// How far it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Blocks with a vector.
    pub done: usize,
    /// Blocks of all documents.
    pub all: usize,
    /// Why it does not go on, if it does not.
    pub problem: Option<HostError>,
}

enum Command {
    Document(Arc<str>, Priority, Vec<(BlockKey, String)>),
    Closed(Arc<str>),
    Typing,
    End,
}

/// A handle to the stream. Dropping it ends the thread; vectors that are there are kept.
pub struct Stream {
    to: Sender<Command>,
    embedder: Arc<Embedder>,
    index: Arc<Mutex<Option<Arc<SharedIndex>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Stream {
    /// Starts the thread; the host is started with the first block that is not in the cache. `on_progress` is called from the thread.
    pub fn new(embedder: Arc<Embedder>, on_progress: impl Fn(&Progress) + Send + 'static) -> Stream {
        let (to, from) = channel();
        let index = Arc::new(Mutex::new(None));
        let worker = Worker {
            embedder: embedder.clone(),
            index: index.clone(),
            documents: HashMap::new(),
            waiting: HashMap::new(),
            typed: None,
            many: None,
            resume: None,
            problem: None,
            told: Progress::default(),
            on_progress: Box::new(on_progress),
        };
        let thread = std::thread::Builder::new().name("model stream".into()).spawn(move || worker.run(&from)).ok();
        Stream { to, embedder, index, thread }
    }

    /// The blocks of a document's newest version, each with the key of its text. Returns at once.
    pub fn document(&self, name: Arc<str>, priority: Priority, blocks: Vec<(BlockKey, String)>) {
        let _ = self.to.send(Command::Document(name, priority, blocks));
    }

    /// A document is gone.
    pub fn closed(&self, name: Arc<str>) {
        let _ = self.to.send(Command::Closed(name));
    }

    /// Somebody types: one thread is enough for a while.
    pub fn typing(&self) {
        let _ = self.to.send(Command::Typing);
    }

    /// The vectors that there are, by the block's key.
    pub fn index(&self) -> Option<Arc<Index>> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.as_ref().map(|i| i.snapshot())
    }

    /// The blocks nearest to a question, best first, at most `k`. Waits for the model.
    ///
    /// # Errors
    /// Why there is no vector of the question.
    pub fn near(&self, question: &str, k: usize, within: Duration) -> Result<Vec<(BlockKey, f32)>, HostError> {
        let Some(index) = self.index().filter(|i| !i.is_empty()) else { return Ok(Vec::new()) };
        let code = self.embedder.question(question, within)?;
        let near = index.top_k(&code, k).unwrap_or_default();
        Ok(near.into_iter().map(|n| (n.key.to_le_bytes(), n.score)).collect())
    }

    /// The cosines of texts with others, apart from the documents. Waits for the model.
    ///
    /// # Errors
    /// Why not all of them have a vector.
    pub fn cosines(
        &self,
        texts: &[String],
        others: &[String],
        within: Duration,
    ) -> Result<Vec<Option<Vec<f32>>>, HostError> {
        self.embedder.cosines(texts, others, within)
    }

    /// Blocks whose cosine with a block is at least `least`, best first, at most `k`; empty while it has no vector.
    pub fn alike(&self, key: BlockKey, least: f32, k: usize) -> Vec<(BlockKey, f32)> {
        let Some(index) = self.index() else { return Vec::new() };
        let own = u128::from_le_bytes(key);
        let Some(code) = index.get(own) else { return Vec::new() };
        let near = index.top_k(&code, k + 1).unwrap_or_default();
        let others = near.into_iter().filter(|n| n.key != own && n.score >= least);
        others.take(k).map(|n| (n.key.to_le_bytes(), n.score)).collect()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.to.send(Command::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Document {
    priority: Priority,
    keys: Vec<BlockKey>,
    due: Instant,
}

struct Worker {
    embedder: Arc<Embedder>,
    index: Arc<Mutex<Option<Arc<SharedIndex>>>>,
    documents: HashMap<Arc<str>, Document>,
    /// Texts without a vector.
    waiting: HashMap<BlockKey, String>,
    typed: Option<Instant>,
    many: Option<bool>,
    resume: Option<Instant>,
    problem: Option<HostError>,
    told: Progress,
    on_progress: Box<dyn Fn(&Progress) + Send>,
}

impl Worker {
    fn run(mut self, from: &Receiver<Command>) {
        loop {
            match from.recv_timeout(self.pause()) {
                Ok(Command::End) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(command) => {
                    self.take(command);
                    // All that waits, before the queue is looked through once.
                    for command in from.try_iter() {
                        if matches!(command, Command::End) {
                            return;
                        }
                        self.take(command);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if !self.work(from) {
                        return;
                    }
                }
            }
        }
    }

    /// Until something is due.
    fn pause(&self) -> Duration {
        let now = Instant::now();
        let resume = self.resume.unwrap_or(now);
        let due =
            self.documents.values().filter(|d| d.keys.iter().any(|k| self.waiting.contains_key(k))).map(|d| d.due);
        due.min().map_or(Duration::from_secs(60), |due| due.max(resume).saturating_duration_since(now))
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Document(name, priority, blocks) => {
                let keys = blocks.iter().map(|(key, _)| *key).collect();
                let due = Instant::now() + DEBOUNCE;
                let old = self.documents.insert(name, Document { priority, keys, due });
                let index = self.snapshot();
                for (key, text) in blocks {
                    let known = index.as_ref().is_some_and(|i| i.contains(u128::from_le_bytes(key)));
                    if !known {
                        self.waiting.insert(key, text);
                    }
                }
                self.drop_unused(old.map(|d| d.keys).unwrap_or_default());
            }
            Command::Closed(name) => {
                let old = self.documents.remove(&name);
                self.drop_unused(old.map(|d| d.keys).unwrap_or_default());
                self.tell();
            }
            Command::Typing => {
                self.typed = Some(Instant::now());
                self.threads();
            }
            Command::End => {}
        }
    }

    fn snapshot(&self) -> Option<Arc<Index>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|i| i.snapshot())
    }

    /// Takes what no document contains any more out of the queue and the index.
    fn drop_unused(&mut self, old: Vec<BlockKey>) {
        if old.is_empty() {
            return;
        }
        let used: HashSet<BlockKey> = self.documents.values().flat_map(|d| d.keys.iter().copied()).collect();
        let gone: Vec<BlockKey> = old.into_iter().filter(|key| !used.contains(key)).collect();
        gone.iter().for_each(|key| drop(self.waiting.remove(key)));
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(index) = index.filter(|_| !gone.is_empty()) {
            let _ = index.write(|index| {
                for key in &gone {
                    index.remove(u128::from_le_bytes(*key));
                }
                Ok(())
            });
        }
    }

    fn threads(&mut self) {
        let many = self.typed.is_none_or(|at| at.elapsed() > CALM);
        if self.many != Some(many) {
            self.many = Some(many);
            self.embedder.host().threads(if many { many_threads() } else { 1 });
        }
    }

    fn tell(&mut self) {
        let done = self.snapshot().map_or(0, |i| i.len());
        let progress = Progress { done, all: done + self.waiting.len(), problem: self.problem.clone() };
        if progress != self.told {
            (self.on_progress)(&progress);
            self.told = progress;
        }
    }

    fn insert(&mut self, codes: impl IntoIterator<Item = (BlockKey, Code)>) {
        let codes: Vec<_> = codes.into_iter().filter(|(key, _)| self.waiting.remove(key).is_some()).collect();
        let Some((_, first)) = codes.first() else { return };
        let index = {
            let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
            if index.is_none() {
                *index = Index::new(first.dim()).ok().map(|i| Arc::new(SharedIndex::new(i)));
            }
            index.clone()
        };
        if let Some(index) = index {
            let _ = index.write(|index| {
                codes.iter().try_for_each(|(key, code)| index.insert(u128::from_le_bytes(*key), code).map(drop))
            });
        }
    }

    /// The keys to embed next, and how urgent they are.
    fn next(&self) -> Option<(Priority, Vec<BlockKey>)> {
        let now = Instant::now();
        let mut due: Vec<&Document> = self.documents.values().filter(|d| d.due <= now).collect();
        due.sort_by_key(|d| std::cmp::Reverse(d.priority));
        let mut keys = Vec::new();
        let mut seen = HashSet::new();
        let mut priority = None;
        for document in due {
            for key in &document.keys {
                if keys.len() < BATCH && self.waiting.contains_key(key) && seen.insert(*key) {
                    keys.push(*key);
                    priority.get_or_insert(document.priority);
                }
            }
        }
        priority.map(|p| (p, keys))
    }

    /// Whether something more urgent has come to be due.
    fn is_outdone(&self, priority: Priority) -> bool {
        let now = Instant::now();
        let waits = |d: &Document| d.keys.iter().any(|key| self.waiting.contains_key(key));
        self.documents.values().any(|d| d.priority > priority && d.due <= now && waits(d))
    }

    /// Embeds what is due. False when the stream ends.
    fn work(&mut self, from: &Receiver<Command>) -> bool {
        self.threads();
        let Some((priority, keys)) = self.next() else { return true };
        let known = self.embedder.known(keys.iter().copied());
        self.insert(known);
        let texts = keys.iter().filter_map(|key| Some((*key, self.waiting.get(key)?.clone())));
        let texts: Vec<(BlockKey, String)> = texts.collect();
        self.tell();
        if texts.is_empty() {
            return true;
        }
        let ticket: Ticket = self.embedder.ask(priority, texts);
        let mut fresh: Vec<(BlockKey, Code)> = Vec::new();
        let (mut published, mut since) = (0, Instant::now());
        let mut goes_on = true;
        loop {
            while let Ok(command) = from.try_recv() {
                if matches!(command, Command::End) {
                    goes_on = false;
                } else {
                    self.take(command);
                }
            }
            // The newest wins: what is not wanted any more need not be computed.
            let wanted = |key: &BlockKey| self.waiting.contains_key(key) && fresh.iter().all(|f| f.0 != *key);
            if !goes_on || !keys.iter().any(wanted) || self.is_outdone(priority) {
                break;
            }
            match ticket.next_within(Duration::from_millis(25)) {
                Ok(Answer::Vector { key, vector }) => match self.embedder.code(vector) {
                    Some(code) => {
                        self.problem = None;
                        fresh.push((key, code));
                        if since.elapsed() > PUBLISH {
                            self.insert(fresh[published..].iter().cloned());
                            (published, since) = (fresh.len(), Instant::now());
                            self.tell();
                        }
                    }
                    None => drop(self.waiting.remove(&key)),
                },
                // The model cannot read it; asking again would not help.
                Ok(Answer::Skipped { key, .. }) => drop(self.waiting.remove(&key)),
                Ok(Answer::Done) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(Answer::Failed(error)) => {
                    self.problem = Some(error);
                    self.resume = Some(Instant::now() + SULK);
                    break;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        drop(ticket);
        self.insert(fresh[published..].iter().cloned());
        self.embedder.keep(&fresh);
        self.tell();
        goes_on
    }
}
