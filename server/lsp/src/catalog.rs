//! What is known of the files of the workspace that are not open: their diagnostics, symbols and scores.
//!
//! Nothing is read until somebody asks. From then on the files are kept in view: what a watcher tells is gathered until it
//! is quiet for a moment, so that the thousands of events of a branch switch are one piece of work. The threads run at a
//! low priority; an editor's keystroke never waits for them.

mod worker;

pub(crate) use worker::lower_priority;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sidenote_core::findings::{Score, Severity};
use tokio::sync::watch;
use tower_lsp::ls_types::{Diagnostic, Range, SymbolKind, Uri};

use crate::event::Event;
use crate::session::Session;
use crate::workspace::Workspace;

/// A file of the workspace.
pub(crate) struct Entry {
    pub uri: Uri,
    /// Relative to its folder, with `/`.
    pub path: String,
    pub diagnostics: Arc<Vec<Diagnostic>>,
    /// Names these diagnostics.
    pub id: u64,
    pub symbols: Vec<Symbol>,
    /// Findings by [`Severity::ALL`].
    pub counts: [usize; Severity::ALL.len()],
    pub score: Score,
    /// The file has gone; the entry stays to tell so.
    pub gone: bool,
}

/// A named function, class or module.
pub(crate) struct Symbol {
    pub name: String,
    pub container: String,
    pub kind: SymbolKind,
    pub range: Range,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Progress {
    /// Somebody asked for it.
    pub active: bool,
    /// Files are being read; of them `done` of `total` are.
    pub busy: bool,
    pub done: usize,
    pub total: usize,
    /// Whole scans that were asked for, and that are done.
    pub asked: u64,
    pub scans: u64,
    /// Grows with every change.
    pub generation: u64,
}

/// Something to do.
enum Command {
    /// The folders, and what their files' diagnostics may say.
    Workspace(Box<Workspace>, Arc<Session>),
    Scan,
    /// These files may have changed.
    Touch(Vec<PathBuf>),
}

/// The catalogue. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Catalog {
    shared: Arc<Shared>,
    commands: Sender<Command>,
}

struct Shared {
    files: Mutex<BTreeMap<PathBuf, Arc<Entry>>>,
    /// Documents of the editor: what the disk says of them does not count.
    open: Mutex<HashSet<PathBuf>>,
    progress: watch::Sender<Progress>,
    /// The user had enough of the scan at hand.
    cancelled: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Catalog {
    /// Starts the catalogue's thread; it tells `events` of files whose diagnostics changed.
    pub(crate) fn new(events: Sender<Event>) -> Catalog {
        let (commands, queue) = std::sync::mpsc::channel();
        let shared = Arc::new(Shared {
            files: Mutex::default(),
            open: Mutex::default(),
            progress: watch::Sender::new(Progress::default()),
            cancelled: AtomicBool::new(false),
        });
        worker::start(shared.clone(), queue, events);
        Catalog { shared, commands }
    }

    /// Sets the folders. What was known is read again if it was wanted.
    pub(crate) fn set_workspace(&self, workspace: Workspace, session: Arc<Session>) {
        let _ = self.commands.send(Command::Workspace(Box::new(workspace), session));
    }

    /// Reads every file. The number of this scan: it is done when [`Progress::scans`] has reached it.
    pub(crate) fn scan(&self) -> u64 {
        let mut number = 0;
        self.shared.progress.send_modify(|p| {
            p.active = true;
            p.asked += 1;
            number = p.asked;
        });
        let _ = self.commands.send(Command::Scan);
        number
    }

    /// Reads every file, unless that was done or is under way.
    pub(crate) fn want(&self) -> u64 {
        let progress = *self.shared.progress.borrow();
        if progress.active { progress.asked } else { self.scan() }
    }

    /// Gives up the scan at hand.
    pub(crate) fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::Relaxed);
    }

    /// Files that may have changed on disk.
    pub(crate) fn touch(&self, files: Vec<PathBuf>) {
        if self.shared.progress.borrow().active && !files.is_empty() {
            let _ = self.commands.send(Command::Touch(files));
        }
    }

    /// A document was opened or closed in the editor.
    pub(crate) fn set_open(&self, file: &Path, is_open: bool) {
        let mut open = lock(&self.shared.open);
        if is_open {
            open.insert(file.to_owned());
        } else {
            open.remove(file);
        }
    }

    /// How far it is, and a sign of every change.
    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.shared.progress.subscribe()
    }

    /// Waits for a scan.
    pub(crate) async fn done(&self, scan: u64) {
        // The sender lives as long as this.
        let _ = self.progress().wait_for(|p| p.scans >= scan).await;
    }

    /// All files that are there, by their place.
    pub(crate) fn files(&self) -> Vec<Arc<Entry>> {
        lock(&self.shared.files).values().filter(|e| !e.gone).cloned().collect()
    }

    /// Files that are not open and whose diagnostics are not those that `told` names; it is brought up to date.
    pub(crate) fn news(&self, told: &mut HashMap<PathBuf, u64>) -> Vec<Arc<Entry>> {
        let open = lock(&self.shared.open);
        let files = lock(&self.shared.files);
        let mut news = Vec::new();
        for (file, entry) in files.iter().filter(|(f, _)| !open.contains(*f)) {
            let is_news = match told.get(file) {
                Some(id) => *id != entry.id,
                None => !entry.diagnostics.is_empty(),
            };
            if is_news {
                told.insert(file.clone(), entry.id);
                news.push(entry.clone());
            }
        }
        news
    }

    /// What the disk says of a document.
    pub(crate) fn get(&self, file: &Path) -> Option<Arc<Entry>> {
        lock(&self.shared.files).get(file).cloned()
    }
}
