//! What a local model knows of functions: which are like each other, and which answer a question.
//!
//! This crate knows no model. Somebody else turns texts into vectors ([`Vectors`]); here is what they are made of and what they
//! are for. One thread of low priority ([`worker`]) takes the functions out of the newest analyses and, in the background, out of all
//! files of the workspace. The main loop only sends it messages, and nothing else ever waits for it: without vectors the
//! server is the same without likeness and meaning, and says so.

mod functions;
#[cfg(feature = "model")]
mod stream;
mod worker;

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use sidenote_core::blocks::BlockId;
use sidenote_core::functions::Key;
use tokio::sync::watch;
use tower_lsp::ls_types::{Range, SymbolKind, Uri};

use crate::event::Event;
use crate::outbox::Outbox;
use crate::pool::Analysis;
use crate::session::Session;
use crate::workspace::Workspace;
use functions::Functions;
#[cfg(feature = "model")]
pub use stream::opener;

/// How long the vector of a question is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Functions by meaning that an answer holds.
const MOST: usize = 20;

/// What is embedded first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Urgency {
    /// A file of the workspace.
    Background,
    /// A document that is open.
    Open,
}

/// How far the vectors are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Functions with a vector.
    pub done: usize,
    /// All functions.
    pub all: usize,
    /// Why it does not go on, if it does not.
    pub problem: Option<String>,
}

/// Somebody who turns functions into vectors. Nothing but [`Vectors::near`] and [`Vectors::cosines`] waits.
pub trait Vectors: Send + Sync {
    /// The functions of a file's newest version.
    fn document(&self, name: Arc<str>, urgency: Urgency, functions: Vec<(Key, String)>);
    /// A file is gone.
    fn closed(&self, name: Arc<str>);
    /// Somebody types.
    fn typing(&self);
    /// Functions whose likeness to one is at least `least`, best first.
    fn alike(&self, key: Key, least: f32, k: usize) -> Vec<(Key, f32)>;
    /// Functions nearest to a question, best first; waits for the model.
    ///
    /// # Errors
    /// Why there is no answer.
    fn near(&self, question: &str, k: usize, within: Duration) -> Result<Vec<(Key, f32)>, String>;
    /// The cosines of texts with others, a row for each text that the model can read; waits for the model.
    ///
    /// # Errors
    /// Why there are none.
    fn cosines(&self, texts: &[String], others: &[String], within: Duration) -> Result<Vec<Option<Vec<f32>>>, String>;
    /// Which model it is, in a few words.
    fn about(&self) -> String;
}

/// Makes the vectors when there is first something to embed; called on a thread that may wait. It is handed whom to tell of progress.
pub type Opener = Box<dyn FnOnce(Box<dyn Fn(Progress) + Send>) -> Result<Arc<dyn Vectors>, String> + Send>;

/// A function in some file.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Place {
    pub uri: Uri,
    /// The file relative to its folder.
    pub path: String,
    pub symbol: String,
    pub kind: SymbolKind,
    /// Of its name.
    pub range: Range,
}

/// A function that is like another one.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Alike {
    /// The function that this is about.
    pub block: BlockId,
    /// Whether it was written or changed in this session.
    pub is_new: bool,
    /// The function most like it, and how much.
    pub place: Place,
    pub likeness: f32,
    /// How many more there are.
    pub more: usize,
}

impl Alike {
    /// What the other function is called.
    pub(crate) fn name(&self) -> &str {
        let name = self.place.symbol.rsplit('.').next().unwrap_or_default();
        if name.is_empty() { "a function" } else { name }
    }

    /// What there is to say.
    pub(crate) fn title(&self) -> String {
        let Alike { place, likeness, more, .. } = self;
        let name = if place.symbol.is_empty() { "a function" } else { &place.symbol };
        let more = if *more == 0 { String::new() } else { format!(", and {more} more") };
        format!("similar: {name} in {}:{} ({likeness:.2}){more}", place.path, place.range.start.line + 1)
    }

    /// Where the other function is, as the argument of a command.
    pub(crate) fn argument(&self) -> serde_json::Value {
        serde_json::json!({ "uri": self.place.uri, "range": self.place.range })
    }
}

/// A function that answers a question.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Answer {
    pub place: Place,
    pub score: f32,
    pub cosine: Option<f32>,
}

enum Command {
    Workspace(Box<Workspace>, Arc<Session>),
    /// The newest analysis of an open document.
    Seen(Arc<Analysis>),
    Closed(Uri),
    Files(Vec<PathBuf>),
    Typing,
    Progress(Progress),
    /// Whether it is wanted at all.
    Enable(bool),
    End,
}

struct Shared {
    /// Of open documents.
    alike: Mutex<FxHashMap<Uri, Arc<Vec<Alike>>>>,
    functions: Mutex<Functions>,
    vectors: Mutex<Option<Arc<dyn Vectors>>>,
    progress: watch::Sender<Progress>,
}

impl Shared {
    fn vectors(&self) -> Option<Arc<dyn Vectors>> {
        lock(&self.vectors).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handle; cheap to clone.
#[derive(Clone)]
pub(crate) struct Meaning {
    shared: Arc<Shared>,
    /// `None` in a server without vectors.
    to: Option<Sender<Command>>,
}

impl Meaning {
    /// Starts the thread, if there is somebody who makes vectors.
    pub(crate) fn start(opener: Option<Opener>, outbox: Outbox, events: Sender<Event>) -> Meaning {
        let shared = Arc::new(Shared {
            alike: Mutex::default(),
            functions: Mutex::default(),
            vectors: Mutex::default(),
            progress: watch::Sender::new(Progress::default()),
        });
        let to = opener.map(|opener| {
            let (to, queue) = channel();
            worker::start(shared.clone(), opener, to.clone(), queue, (outbox, events));
            to
        });
        Meaning { shared, to }
    }

    fn send(&self, command: Command) {
        if let Some(to) = &self.to {
            let _ = to.send(command);
        }
    }

    pub(crate) fn set_workspace(&self, workspace: &Workspace, session: &Arc<Session>) {
        if self.to.is_some() {
            self.send(Command::Workspace(Box::new(workspace.clone()), session.clone()));
        }
    }

    pub(crate) fn seen(&self, analysis: &Arc<Analysis>) {
        if analysis.document.is_some() {
            self.send(Command::Seen(analysis.clone()));
        }
    }

    pub(crate) fn closed(&self, uri: &Uri) {
        self.send(Command::Closed(uri.clone()));
    }

    pub(crate) fn changed(&self, files: &[PathBuf]) {
        self.send(Command::Files(files.to_vec()));
    }

    pub(crate) fn typing(&self) {
        self.send(Command::Typing);
    }

    pub(crate) fn enable(&self, on: bool) {
        self.send(Command::Enable(on));
    }

    /// Ends the thread, and whoever makes the vectors.
    pub(crate) fn end(&self) {
        self.send(Command::End);
    }

    /// How far the vectors are, and a sign of every change.
    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.shared.progress.subscribe()
    }

    /// What is known of the functions of an open document.
    pub(crate) fn alike(&self, uri: &Uri) -> Arc<Vec<Alike>> {
        lock(&self.shared.alike).get(uri).cloned().unwrap_or_default()
    }

    /// Functions that answer a question, by its words and, where there is a model, by its meaning. Waits for the model.
    pub(crate) fn find(&self, question: &str) -> Vec<Answer> {
        let near = self.shared.vectors().map(|v| v.near(question, 4 * MOST, PATIENCE));
        let near = match near {
            Some(Ok(near)) => near,
            Some(Err(error)) => {
                tracing::warn!("searching by words alone: {error}");
                Vec::new()
            }
            None => Vec::new(),
        };
        lock(&self.shared.functions).find(question, &near, MOST)
    }

    /// What there is, for people and for editors.
    pub(crate) fn status(&self) -> serde_json::Value {
        let Progress { done, all, problem } = self.shared.progress.borrow().clone();
        let about = self.shared.vectors().map(|v| v.about());
        let state = match (&self.to, &problem, &about) {
            (None, ..) => "off",
            (_, Some(_), _) => "problem",
            (_, None, None) => "waiting",
            (_, None, Some(_)) if done < all => "embedding",
            _ => "ready",
        };
        serde_json::json!({ "state": state, "model": about, "embedded": done, "functions": all, "problem": problem })
    }
}
