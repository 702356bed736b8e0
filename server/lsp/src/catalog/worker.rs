//! The catalogue's threads.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sidenote_core::engine::{Memo, why_skip};
use sidenote_core::findings::{Score, Severity};
use sidenote_core::grammars;
use sidenote_core::system::{OsSystem, System};
use tower_lsp::ls_types::Uri;

use super::{Command, Entry, Progress, Shared, lock};
use crate::convert::{Context, Positions};
use crate::event::Event;
use crate::files::{files_of, is_ours};
use crate::session::Session;
use crate::symbols;
use crate::workspace::Workspace;

/// Files that change are read when nothing has changed for this long, but not later than [`LATEST`].
const QUIET: Duration = Duration::from_millis(100);
const LATEST: Duration = Duration::from_secs(1);

/// How often news is told during a scan.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Threads, at most.
const MAX_THREADS: usize = 8;

/// Deeply nested code is walked by recursion here and there.
const STACK: usize = 16 << 20;

pub(super) fn start(shared: Arc<Shared>, queue: Receiver<Command>, events: Sender<Event>) {
    let body = move || {
        Worker { shared, events, workspace: Workspace::new([], true), session: Arc::default(), last_id: 0 }.run(&queue)
    };
    if let Err(error) = std::thread::Builder::new().name("sidenote-catalog".into()).spawn(body) {
        tracing::error!("no catalogue: {error}");
    }
}

struct Worker {
    shared: Arc<Shared>,
    events: Sender<Event>,
    workspace: Workspace,
    session: Arc<Session>,
    last_id: u64,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Command>) {
        let mut touched: BTreeSet<PathBuf> = BTreeSet::new();
        let mut since = Instant::now();
        loop {
            let next = match touched.is_empty() {
                true => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => queue.recv_timeout(QUIET.min(LATEST.saturating_sub(since.elapsed()))),
            };
            match next {
                Ok(Command::Workspace(workspace, session)) => {
                    (self.workspace, self.session) = (*workspace, session);
                    if self.shared.progress.borrow().active {
                        self.scan();
                    }
                }
                Ok(Command::Scan) => self.scan(),
                Ok(Command::Touch(files)) => {
                    if touched.is_empty() {
                        since = Instant::now();
                    }
                    touched.extend(files);
                }
                Err(RecvTimeoutError::Timeout) => {
                    let files = std::mem::take(&mut touched);
                    let known = |f: &PathBuf| lock(&self.shared.files).contains_key(f);
                    let ours = |f: &PathBuf| self.workspace.folders().any(|folder| is_ours(folder, f));
                    let files: Vec<PathBuf> = files.into_iter().filter(|f| known(f) || ours(f)).collect();
                    self.read(&files);
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn scan(&mut self) {
        self.shared.cancelled.store(false, Ordering::Relaxed);
        let asked = self.shared.progress.borrow().asked;
        // The data is followed across files, as in `scan`.
        for index in self.workspace.indexes() {
            if index.wants_building() {
                let news = index.build(&[]);
                let _ = self.events.send(Event::News(news));
            }
            index.wait_until_ready();
        }
        let all: BTreeSet<PathBuf> = self.workspace.folders().flat_map(files_of).collect();
        let old: Vec<PathBuf> = lock(&self.shared.files).keys().filter(|f| !all.contains(*f)).cloned().collect();
        let files: Vec<PathBuf> = all.into_iter().chain(old).collect();
        self.read(&files);
        self.shared.progress.send_modify(|p| p.scans = asked);
    }

    /// Reads files, on as many threads as there are cores, and tells what is new.
    fn read(&mut self, files: &[PathBuf]) {
        if files.is_empty() {
            return;
        }
        let progress = |change: &dyn Fn(&mut Progress)| self.shared.progress.send_modify(|p| change(p));
        progress(&|p| (p.busy, p.done, p.total) = (true, 0, files.len()));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(MAX_THREADS).min(files.len().div_ceil(8));
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let read: Mutex<Vec<(PathBuf, Entry)>> = Mutex::default();
        let shared = self.shared.clone();
        let (workspace, session) = (self.workspace.clone(), self.session.clone());
        let work = || {
            lower_priority();
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                if shared.cancelled.load(Ordering::Relaxed) {
                    break;
                }
                if let Some(entry) = read_file(file, &workspace, &session) {
                    lock(&read).push((file.clone(), entry));
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| {
            let spawn = |_| {
                std::thread::Builder::new().name("sidenote-catalog".into()).stack_size(STACK).spawn_scoped(scope, work)
            };
            let handles: Vec<_> =
                (0..threads).map(spawn).filter_map(|t| t.map_err(|e| tracing::error!("no thread: {e}")).ok()).collect();
            // A short piece of work is waited for without a nap.
            let mut nap = Duration::from_millis(1);
            let mut told = Instant::now();
            while handles.iter().any(|h| !h.is_finished()) {
                std::thread::sleep(nap);
                nap = (nap * 2).min(Duration::from_millis(20));
                if told.elapsed() > TELL_EVERY {
                    told = Instant::now();
                    self.tell(std::mem::take(&mut *lock(&read)), done.load(Ordering::Relaxed));
                }
            }
        });
        self.tell(std::mem::take(&mut *lock(&read)), done.load(Ordering::Relaxed));
        self.shared.progress.send_modify(|p| p.busy = false);
    }

    fn tell(&mut self, read: Vec<(PathBuf, Entry)>, done: usize) {
        let mut news = Vec::new();
        {
            let mut files = lock(&self.shared.files);
            for (file, mut entry) in read {
                let old = files.get(&file);
                if old.is_none() && entry.gone {
                    continue;
                }
                match old.filter(|old| *old.diagnostics == *entry.diagnostics && !old.gone && !entry.gone) {
                    Some(old) => entry.id = old.id,
                    None => {
                        self.last_id += 1;
                        entry.id = self.last_id;
                        if !entry.diagnostics.is_empty() || old.is_some_and(|old| !old.diagnostics.is_empty()) {
                            news.push(file.clone());
                        }
                    }
                }
                files.insert(file, Arc::new(entry));
            }
        }
        self.shared.progress.send_modify(|p| {
            p.done = done;
            p.generation += 1;
        });
        if !news.is_empty() {
            let _ = self.events.send(Event::Catalogued(news));
        }
    }
}

/// What a file says; `None` if it has no address. One that cannot be analysed says nothing; `scan` reports it.
fn read_file(file: &Path, workspace: &Workspace, session: &Session) -> Option<Entry> {
    let uri = Uri::from_file_path(file)?;
    let home = workspace.locate(&uri);
    let mut entry = Entry {
        uri,
        path: home.path.clone(),
        diagnostics: Arc::default(),
        id: 0,
        symbols: Vec::new(),
        counts: [0; Severity::ALL.len()],
        score: Score::default(),
        gone: true,
    };
    if home.folder.is_none() || !home.included {
        return Some(entry);
    }
    let (Some(text), Some(language)) = (OsSystem.read(file), grammars::by_path(&home.path)) else { return Some(entry) };
    entry.gone = false;
    let Ok(text) = why_skip(text.as_bytes()) else { return Some(entry) };
    let base = home.index.base();
    let analyzed = catch_unwind(AssertUnwindSafe(|| {
        let document = home.index.on_disk(&home.path, language, text).ok()?;
        let mut memo = Memo::default();
        memo.set_flow(home.index.flow_of(&document).unwrap_or_else(|| home.engine.flow(&document)));
        let mut report = home.engine.analyze_quickly(&document, &mut memo);
        if let Some(said) = &home.said {
            said.apply(&home.index.path_of(&document), &document, &mut report);
        }
        let positions = Positions::new(document.text(), session.encoding);
        let cx = Context { uri: &entry.uri, folder: base.as_deref(), positions, session };
        let diagnostics = cx.diagnostics(&report);
        let mut counts = [0; Severity::ALL.len()];
        report.active().for_each(|f| counts[f.severity as usize] += 1);
        Some((diagnostics, counts, report.score(), symbols::flat(&document, &cx.positions)))
    }));
    match analyzed {
        Ok(Some((diagnostics, counts, score, symbols))) => {
            (entry.diagnostics, entry.counts, entry.score, entry.symbols) =
                (Arc::new(diagnostics), counts, score, symbols);
        }
        Ok(None) => {}
        Err(_) => tracing::error!("analysing {} failed", file.display()),
    }
    Some(entry)
}

/// Lets the editor's keystrokes go first.
pub(crate) fn lower_priority() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10);
}
