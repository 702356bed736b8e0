//! An open document.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashSet;
use sidenote_core::document::{Change, Document};
use sidenote_core::engine::{Flow, Memo, why_skip};
use sidenote_core::grammars::{self, Language};
use sidenote_core::text::{Encoding, Text};
use tower_lsp::ls_types::{Diagnostic, DiagnosticSeverity, Range, Uri};

use crate::convert::{Positions, SOURCE, information};
use crate::event::{Answer, Reply};
use crate::pool::Analysis;
use crate::session::Session;
use crate::workspace::{Home, Workspace, file_path, is_config};

/// An analysis that is expected to take less than this is made by the main loop itself: to hand it over and take it back
/// would take longer.
const QUICK: Duration = Duration::from_millis(5);

/// More than this, in bytes, is no typing.
const QUICK_BYTES: usize = 4096;

/// What is in a document.
pub(super) enum Content {
    /// Code that is analysed.
    Code(Box<Document>),
    /// Code that is not analysed, and why.
    Skipped(Text, &'static Language, String),
    /// A configuration file.
    Config(Text),
    /// Anything else.
    Ignored,
}

/// An open document.
pub(super) struct Open {
    pub content: Content,
    /// Version, as the client counts.
    pub version: i32,
    /// Names this state; an analysis of another one is old.
    pub stamp: u64,
    pub home: Home,
    /// What the engine remembers; with the pool while an analysis runs.
    pub memo: Memo,
    /// The stamp that the pool is at work on.
    pub running: Option<u64>,
    pub current: Option<Arc<Analysis>>,
    /// The newest diagnostics, published or ready to be asked for.
    pub published: Option<Arc<Vec<Diagnostic>>>,
    pub published_version: Option<i32>,
    pub result_id: u64,
    /// Result id and version of the last answer to a client that asks.
    pub told: Option<(u64, i32)>,
    /// Requests that wait for the analysis of the newest version, and whether they want its diagnostics.
    pub waiters: Vec<(bool, Reply)>,
    /// Documents whose diagnostics are told with those of this one.
    pub awaits: FxHashSet<Uri>,
    /// A data flow that has arrived and is not yet in the memory.
    pub flow: Option<Flow>,
    /// Whether the pool follows the data through some version.
    pub flow_running: bool,
    /// How long that took last.
    pub flow_took: Option<Duration>,
    /// When it is time to do so.
    pub flow_at: Option<Instant>,
    /// Whether the newest version is worth another analysis, for there is a data flow of it.
    pub again: bool,
    /// How long the last analysis took, the data flow left out.
    pub took: Option<Duration>,
    /// Bytes that were typed or pasted since the last analysis.
    pub typed: usize,
    /// When the document will have rested.
    pub idle_at: Option<Instant>,
}

impl Open {
    pub(super) fn new(uri: &Uri, language: String, version: i32, text: &str, home: Home, stamp: u64) -> Open {
        // Cells of a notebook are no files; what they import and share is not in sight.
        let is_cell = uri.scheme().as_str().contains("notebook");
        let language = grammars::by_lsp_id(&language)
            .or_else(|| grammars::by_path(&home.path))
            .or_else(|| grammars::by_shebang(text))
            .filter(|_| !is_cell);
        let content = match language {
            Some(language) => code(&home.path, language, text, version),
            None if is_config(uri) => Content::Config(Text::new(text)),
            None => Content::Ignored,
        };
        Open {
            content,
            version,
            stamp,
            home,
            memo: Memo::default(),
            running: None,
            current: None,
            published: None,
            published_version: None,
            result_id: 0,
            told: None,
            waiters: Vec::new(),
            awaits: FxHashSet::default(),
            flow: None,
            flow_running: false,
            flow_took: None,
            flow_at: None,
            again: false,
            took: None,
            typed: 0,
            idle_at: None,
        }
    }

    /// Ends it: nobody waits any more. Returns what was published.
    pub(super) fn close(self) -> Option<Arc<Vec<Diagnostic>>> {
        for (_, waiter) in self.waiters {
            let _ = waiter.send(None);
        }
        self.published
    }

    /// Whether an analysis of this state will take but a moment: the last one did, and little was typed since.
    pub(super) fn is_quick(&self) -> bool {
        self.took.is_some_and(|took| took < QUICK) && self.typed < QUICK_BYTES
    }

    /// Applies the changes of one or more notifications, in order. Whether there is a reason to look again when idle.
    pub(super) fn change(&mut self, changes: &[Change], encoding: Encoding, version: i32) -> bool {
        self.version = version;
        // A change without a range replaces everything.
        let typed = changes
            .iter()
            .map(|c| if c.range.is_some() { c.text.len() } else { usize::MAX / 2 })
            .fold(self.typed, usize::saturating_add);
        self.typed = typed;
        match &mut self.content {
            Content::Code(document) => {
                if document.text().len() > sidenote_core::text::MAX_BYTES {
                    self.skip(sidenote_core::engine::SkipReason::TooLarge.explain());
                    return self.change(changes, encoding, version);
                }
                if let Err(error) = document.change(changes, encoding, version) {
                    // The text must follow the editor's, whatever the parser says.
                    let (mut text, language) = (document.text().clone(), document.language());
                    apply(&mut text, changes, encoding);
                    self.content = Content::Skipped(text, language, error.to_string());
                }
                true
            }
            Content::Skipped(text, ..) => {
                apply(text, changes, encoding);
                true
            }
            Content::Config(text) => {
                apply(text, changes, encoding);
                false
            }
            Content::Ignored => false,
        }
    }

    /// Answers the requests that wait, if `analysis` is what they wait for. Whether diagnostics were told.
    pub(super) fn answer(&mut self, analysis: &Arc<Analysis>, session: &Session) -> bool {
        let mut told = false;
        let answer = Answer { analysis: analysis.clone(), related: Vec::new() };
        for (diagnostics, reply) in std::mem::take(&mut self.waiters) {
            // A client that cannot be told to ask again waits until there is nothing to add; one that is told of other documents with
            // this one is answered when these are known, too.
            if diagnostics && (session.related_documents || !analysis.complete && !session.refresh) {
                self.waiters.push((diagnostics, reply));
                continue;
            }
            // A request that was cancelled does not listen any more.
            told |= reply.send(Some(answer.clone())).is_ok() && diagnostics;
        }
        if told {
            self.told = Some((analysis.result_id, analysis.version));
        }
        told
    }

    /// Whether somebody waits for diagnostics.
    pub(super) fn is_asked(&self) -> bool {
        self.waiters.iter().any(|(diagnostics, _)| *diagnostics)
    }

    /// Answers those who wait for diagnostics; whether anybody still listened.
    pub(super) fn tell(&mut self, answer: &Answer) -> bool {
        let mut told = false;
        for (diagnostics, reply) in std::mem::take(&mut self.waiters) {
            if diagnostics {
                told |= reply.send(Some(answer.clone())).is_ok();
            } else {
                self.waiters.push((diagnostics, reply));
            }
        }
        if told {
            self.told = Some((answer.analysis.result_id, answer.analysis.version));
        }
        told
    }

    /// Stops analysing it.
    pub(super) fn skip(&mut self, reason: &str) {
        if let Content::Code(document) = &self.content {
            self.content = Content::Skipped(document.text().clone(), document.language(), reason.to_owned());
        }
    }

    /// Tries to analyse a skipped document again; whether anything changed.
    pub(super) fn try_again(&mut self) -> bool {
        let Content::Skipped(text, language, _) = &self.content else { return false };
        self.content = code(&self.home.path, language, &text.to_string(), self.version);
        true
    }

    /// Forgets everything that was computed.
    pub(super) fn reset(&mut self, home: Home, stamp: u64) {
        if let Content::Code(document) = &mut self.content {
            if home.path == self.home.path {
                document.reset();
            } else {
                let (language, text) = (document.language(), document.text().to_string());
                self.content = code(&home.path, language, &text, self.version);
            }
        }
        (self.home, self.stamp, self.memo, self.flow, self.took) = (home, stamp, Memo::default(), None, None);
        // Who resets all documents also tells the client to ask again.
        self.told = None;
    }

    /// The diagnostics of a document that is not analysed.
    pub(super) fn plain_diagnostics(&self, uri: &Uri, workspace: &Workspace, session: &Session) -> Vec<Diagnostic> {
        match &self.content {
            Content::Skipped(_, _, reason) => {
                vec![information(Range::default(), format!("Sidenote does not analyse this file: {reason}."))]
            }
            Content::Config(text) => {
                let path = file_path(uri);
                let errors = workspace.errors().filter(|e| e.path.is_some() && e.path == path);
                let positions = Positions::new(text, session.encoding);
                let mut found: Vec<_> = errors
                    .flat_map(|e| e.problems)
                    .map(|problem| Diagnostic {
                        range: positions.range(problem.range.as_ref().unwrap_or(&(0..0))),
                        severity: Some(DiagnosticSeverity::ERROR),
                        source: Some(SOURCE.to_owned()),
                        message: match &problem.help {
                            Some(help) => format!("{}; {help}", problem.message),
                            None => problem.message.clone(),
                        },
                        ..Diagnostic::default()
                    })
                    .collect();
                // Two folders may share a file.
                found.dedup();
                found
            }
            Content::Code(_) | Content::Ignored => Vec::new(),
        }
    }
}

fn code(path: &str, language: &'static Language, text: &str, version: i32) -> Content {
    let skipped = |reason: String| Content::Skipped(Text::new(text), language, reason);
    match why_skip(text.as_bytes()) {
        Err(reason) => skipped(reason.explain().to_owned()),
        Ok(_) => match Document::new(path, language, text, version) {
            Ok(document) => Content::Code(Box::new(document)),
            Err(error) => skipped(error.to_string()),
        },
    }
}

fn apply(text: &mut Text, changes: &[Change], encoding: Encoding) {
    for change in changes {
        let Some((a, b)) = change.range else {
            *text = Text::new(&change.text);
            continue;
        };
        let (a, b) = (text.offset(a, encoding), text.offset(b, encoding));
        if let Err(error) = text.replace(a.min(b), a.max(b), &change.text) {
            tracing::error!("an edit could not be applied: {error}");
        }
    }
}
