//! Everything that can happen to the main loop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sidenote_core::document::{Change, Document};
use sidenote_core::engine::{Flow, SkipReason};
use tokio::sync::oneshot;
use tower_lsp::ls_types::{Diagnostic, TraceValue, Uri};

use crate::index::News;
use crate::pool::{Analysis, Analyzed};
use crate::session::{ClientSettings, Session};

/// Where the answer to an [`Event::Ask`] goes.
pub(crate) type Reply = oneshot::Sender<Option<Answer>>;

/// The analysis of a document's newest version.
#[derive(Clone)]
pub(crate) struct Answer {
    pub analysis: Arc<Analysis>,
    /// Analyses of other documents that the client is told of with it.
    pub related: Vec<Arc<Analysis>>,
}

/// One thing that happened.
pub(crate) enum Event {
    /// The client introduced itself.
    Start { session: Arc<Session>, folders: Vec<PathBuf>, settings: ClientSettings, trace: TraceValue },
    /// `textDocument/didOpen`.
    Open { uri: Uri, language: String, version: i32, text: String },
    /// `textDocument/didChange`.
    Change { uri: Uri, version: i32, changes: Vec<Change> },
    /// `textDocument/didClose`.
    Close { uri: Uri },
    /// A request wants the analysis of the document's newest version; for its diagnostics, or for something else.
    Ask { uri: Uri, diagnostics: bool, reply: Reply },
    /// The pool has analysed a version.
    Analyzed(Box<Analyzed>),
    /// The user's model has something to add to a version's diagnostics; these are all of them.
    Reviewed { uri: Uri, stamp: u64, diagnostics: Arc<Vec<Diagnostic>> },
    /// The pool has followed the data through a version.
    Flowed { uri: Uri, stamp: u64, flow: Box<Flow>, took: Duration },
    /// The data flows of documents changed because other files did.
    News(News),
    /// Files changed on disk.
    Files(Vec<PathBuf>),
    /// The pool has parsed a version from scratch.
    Refreshed { uri: Uri, stamp: u64, document: Box<Document>, differs: bool, skip: Option<SkipReason> },
    /// The editor's settings changed.
    Settings(ClientSettings),
    /// Workspace folders came and went.
    Folders { added: Vec<PathBuf>, removed: Vec<PathBuf> },
    /// The catalogue has files whose diagnostics changed.
    Catalogued(Vec<PathBuf>),
    /// The user wants to see the diagnostics of all files.
    ShowWorkspace,
    /// Tell when all that was said so far has been sent.
    Flush(oneshot::Sender<()>),
    /// Configuration files changed on disk.
    Reload,
    /// People said something of findings, in a list that changed on disk.
    Feedback,
    /// A model knows more of a document's findings.
    Judged(Uri),
    /// `$/setTrace`.
    Trace(TraceValue),
    /// The server ends.
    Stop,
}
