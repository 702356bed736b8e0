//! What the main loop has to say to the client. It never waits for the client: an outbox that is not read holds at
//! most one set of diagnostics a document.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashSet;
use tokio::sync::{Notify, oneshot};
use tower_lsp::Client;
use tower_lsp::ls_types::notification::LogTrace;
use tower_lsp::ls_types::{Diagnostic, LogTraceParams, MessageType, Uri};

/// One message.
enum Message {
    Diagnostics {
        uri: Uri,
        version: Option<i32>,
        diagnostics: Arc<Vec<Diagnostic>>,
    },
    Show(MessageType, String),
    Trace(String),
    /// Tell when everything before has been sent.
    Flush(oneshot::Sender<()>),
    Log(MessageType, String),
    /// Ask for diagnostics again.
    Refresh,
    /// Ask for inlay hints, and code lenses, again.
    RefreshHints {
        hints: bool,
        lenses: bool,
    },
}

/// The outbox.
#[derive(Clone, Default)]
pub(crate) struct Outbox {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    waiting: Mutex<Vec<Message>>,
    arrived: Notify,
}

impl Outbox {
    /// Publishes diagnostics; they take the place of older ones of the document that still wait.
    pub(crate) fn publish(&self, uri: Uri, version: Option<i32>, diagnostics: Arc<Vec<Diagnostic>>) {
        self.put(|waiting| {
            let older =
                waiting.iter().position(|m| matches!(m, Message::Diagnostics { uri: other, .. } if *other == uri));
            if let Some(older) = older {
                waiting.remove(older);
            }
            waiting.push(Message::Diagnostics { uri, version, diagnostics });
        });
    }

    /// Publishes diagnostics of many files that nothing waits for.
    pub(crate) fn publish_all(&self, files: Vec<(Uri, Arc<Vec<Diagnostic>>)>) {
        self.put(|waiting| {
            let new: FxHashSet<&Uri> = files.iter().map(|(uri, _)| uri).collect();
            waiting.retain(|m| !matches!(m, Message::Diagnostics { uri, .. } if new.contains(uri)));
            drop(new);
            let message = |(uri, diagnostics)| Message::Diagnostics { uri, version: None, diagnostics };
            waiting.extend(files.into_iter().map(message));
        });
    }

    /// Shows a message to the user.
    pub(crate) fn show(&self, kind: MessageType, text: String) {
        self.put(|waiting| waiting.push(Message::Show(kind, text)));
    }

    /// Writes a line into the client's log of this server.
    pub(crate) fn log(&self, kind: MessageType, text: String) {
        self.put(|waiting| waiting.push(Message::Log(kind, text)));
    }

    /// Asks the client to ask for what is drawn between the lines again.
    pub(crate) fn refresh_hints(&self, hints: bool, lenses: bool) {
        self.put(|waiting| {
            waiting.retain(|m| !matches!(m, Message::RefreshHints { .. }));
            waiting.push(Message::RefreshHints { hints, lenses });
        });
    }

    /// Traces, where the client asked for it; dropped when too many wait.
    pub(crate) fn trace(&self, text: String) {
        self.put(|waiting| {
            if waiting.len() < 1000 {
                waiting.push(Message::Trace(text));
            }
        });
    }

    /// Tells when everything that waits now has been sent.
    pub(crate) fn flush(&self, sent: oneshot::Sender<()>) {
        self.put(|waiting| waiting.push(Message::Flush(sent)));
    }

    /// Asks the client to ask for diagnostics again.
    pub(crate) fn refresh(&self) {
        self.put(|waiting| {
            waiting.retain(|m| !matches!(m, Message::Refresh));
            waiting.push(Message::Refresh);
        });
    }

    fn put(&self, add: impl FnOnce(&mut Vec<Message>)) {
        add(&mut self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.inner.arrived.notify_one();
    }

    /// Sends what arrives, for ever.
    pub(crate) async fn deliver(self, client: Client) {
        loop {
            let batch = std::mem::take(&mut *self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            if batch.is_empty() {
                self.inner.arrived.notified().await;
                continue;
            }
            for message in batch {
                match message {
                    Message::Diagnostics { uri, version, diagnostics } => {
                        let diagnostics = Arc::unwrap_or_clone(diagnostics);
                        client.publish_diagnostics(uri, diagnostics, version).await;
                    }
                    Message::Show(kind, text) => client.show_message(kind, text).await,
                    Message::Log(kind, text) => client.log_message(kind, text).await,
                    Message::RefreshHints { hints, lenses } => {
                        let client = client.clone();
                        tokio::spawn(async move {
                            let ask = async {
                                if hints {
                                    let _ = client.inlay_hint_refresh().await;
                                }
                                if lenses {
                                    let _ = client.code_lens_refresh().await;
                                }
                            };
                            let _ = tokio::time::timeout(crate::server::CLIENT_PATIENCE, ask).await;
                        });
                    }
                    Message::Trace(message) => {
                        client.send_notification::<LogTrace>(LogTraceParams { message, verbose: None }).await;
                    }
                    Message::Flush(sent) => drop(sent.send(())),
                    Message::Refresh => {
                        let client = client.clone();
                        // A reply is never waited for here.
                        tokio::spawn(async move {
                            let answer = client.workspace_diagnostic_refresh();
                            let _ = tokio::time::timeout(crate::server::CLIENT_PATIENCE, answer).await;
                        });
                    }
                }
            }
        }
    }
}
