//! The tower-lsp front. Every handler first sends an event, and only then awaits anything.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sidenote_core::document::Change;
use sidenote_core::grammars::LANGUAGES;
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::notification::{DidChangeConfiguration, DidChangeWatchedFiles, Notification as _};
use tower_lsp::ls_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability, CodeActionResponse,
    ConfigurationItem, DiagnosticOptions, DiagnosticServerCapabilities, DidChangeConfigurationParams,
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWatchedFilesRegistrationOptions,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    DocumentDiagnosticParams, DocumentDiagnosticReport, DocumentDiagnosticReportResult, FileSystemWatcher,
    FullDocumentDiagnosticReport, GlobPattern, Hover, HoverParams, HoverProviderCapability, InitializeParams,
    InitializeResult, InitializedParams, OneOf, Registration, RelatedFullDocumentDiagnosticReport,
    RelatedUnchangedDocumentDiagnosticReport, ServerCapabilities, ServerInfo, SetTraceParams,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TraceValue,
    UnchangedDocumentDiagnosticReport, Uri, WorkspaceFolder, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};
use tower_lsp::{Client, LanguageServer};

use crate::convert::line_column;
use crate::event::Event;
use crate::main_loop::Events;
use crate::pool::Analysis;
use crate::session::{ClientSettings, Session};
use crate::workspace::{WATCHED, file_path, is_config};
use crate::{Life, actions, hover, parent};

/// How long an answer of the client is waited for.
pub(crate) const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// Section of the editor's settings.
const SECTION: &str = "sidenote";

/// What tower-lsp calls.
pub(crate) struct Front {
    client: Client,
    events: Events,
    life: Arc<Life>,
    session: Mutex<Arc<Session>>,
    /// Tells result ids of this run from those of an earlier one.
    run: String,
}

impl Front {
    pub(crate) fn new(client: Client, events: Events, life: Arc<Life>) -> Front {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Front { client, events, life, session: Mutex::default(), run: format!("{:x}", now.as_nanos()) }
    }

    fn session(&self) -> Arc<Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The analysis of the document's newest version; `None` if it is not open.
    fn ask(&self, uri: Uri, diagnostics: bool) -> impl Future<Output = Result<Option<Arc<Analysis>>>> + use<> {
        let (reply, answer) = oneshot::channel();
        self.events.send(Event::Ask { uri, diagnostics, reply });
        async { answer.await.map_err(|_| Error::internal_error()) }
    }

    /// `$/setTrace`.
    pub(crate) async fn set_trace(&self, params: SetTraceParams) {
        self.events.send(Event::Trace(params.value));
    }

    /// Asks the client for its settings, in the background.
    fn pull_settings(&self) {
        let (client, events) = (self.client.clone(), self.events.clone());
        tokio::spawn(async move {
            let items = vec![ConfigurationItem { scope_uri: None, section: Some(SECTION.into()) }];
            match tokio::time::timeout(CLIENT_PATIENCE, client.configuration(items)).await {
                Ok(Ok(values)) => {
                    if let Some(settings) = values.first().and_then(ClientSettings::read) {
                        events.send(Event::Settings(settings));
                    }
                }
                Ok(Err(error)) => tracing::warn!("no settings from the client: {error}"),
                Err(_) => tracing::warn!("no settings from the client in {} s", CLIENT_PATIENCE.as_secs()),
            }
        });
    }

    fn register(&self) {
        let session = self.session();
        let mut registrations = Vec::new();
        let mut register = |method: &str, options| {
            let id = format!("sidenote/{method}");
            registrations.push(Registration { id, method: method.to_owned(), register_options: options });
        };
        if session.watch_configuration {
            register(DidChangeConfiguration::METHOD, Some(serde_json::json!({ "section": SECTION })));
        }
        if session.watch_files {
            let extensions: Vec<&str> = LANGUAGES.iter().flat_map(|l| l.extensions).copied().collect();
            let mut globs: Vec<String> = WATCHED.iter().map(|g| (*g).to_owned()).collect();
            globs.push(format!("**/*.{{{}}}", extensions.join(",")));
            let watcher = |glob| FileSystemWatcher { glob_pattern: GlobPattern::String(glob), kind: None };
            let watchers = globs.into_iter().map(watcher).collect();
            let options = serde_json::to_value(DidChangeWatchedFilesRegistrationOptions { watchers }).ok();
            register(DidChangeWatchedFiles::METHOD, options);
        }
        if registrations.is_empty() {
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            match tokio::time::timeout(CLIENT_PATIENCE, client.register_capability(registrations)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!("nothing is watched: {error}"),
                Err(_) => tracing::warn!("nothing is watched: the client does not answer"),
            }
        });
    }
}

impl LanguageServer for Front {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let session = Arc::new(Session::new(&params));
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session.clone();
        let settings = params.initialization_options.as_ref().and_then(ClientSettings::read).unwrap_or_default();
        let trace = params.trace.unwrap_or(TraceValue::Off);
        self.events.send(Event::Start { session: session.clone(), folders: folders(&params), settings, trace });
        if let Some(pid) = params.process_id {
            parent::watch(pid, self.life.clone());
        }
        let encoding = session.encoding_kind();
        tokio::spawn(self.events.outbox().deliver(self.client.clone()));
        Ok(InitializeResult {
            capabilities: capabilities(encoding),
            server_info: Some(ServerInfo { name: "sidenote".into(), version: Some(env!("CARGO_PKG_VERSION").into()) }),
            offset_encoding: None,
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        self.register();
        if self.session().configuration {
            self.pull_settings();
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.life.shut_down.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        self.events.send(Event::Open {
            uri: document.uri,
            language: document.language_id,
            version: document.version,
            text: document.text,
        });
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        self.events.send(Event::Change {
            uri: params.text_document.uri,
            version: params.text_document.version,
            changes: params
                .content_changes
                .into_iter()
                .map(|c| Change { range: c.range.map(|r| (line_column(r.start), line_column(r.end))), text: c.text })
                .collect(),
        });
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.events.send(Event::Close { uri: params.text_document.uri });
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        // Clients without file watching tell of a new configuration only so.
        if is_config(&params.text_document.uri) {
            self.events.send(Event::Reload);
        }
    }

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        let analysis = self.ask(params.text_document.uri, true).await?;
        let (id, items) = match &analysis {
            Some(analysis) => (Some(format!("{}-{}", self.run, analysis.result_id)), analysis.diagnostics.as_slice()),
            None => (None, [].as_slice()),
        };
        let report = match (id, params.previous_result_id) {
            (Some(result_id), Some(previous)) if result_id == previous => {
                DocumentDiagnosticReport::Unchanged(RelatedUnchangedDocumentDiagnosticReport {
                    related_documents: None,
                    unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id },
                })
            }
            (result_id, _) => DocumentDiagnosticReport::Full(RelatedFullDocumentDiagnosticReport {
                related_documents: None,
                full_document_diagnostic_report: FullDocumentDiagnosticReport { result_id, items: items.to_vec() },
            }),
        };
        Ok(DocumentDiagnosticReportResult::Report(report))
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let analysis = self.ask(at.text_document.uri, false).await?;
        Ok(analysis.and_then(|analysis| hover::hover(&analysis, &self.session(), at.position)))
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let analysis = self.ask(params.text_document.uri, false).await?;
        let session = self.session();
        let actions = analysis.map(|analysis| actions::actions(&analysis, &session, params.range, &params.context));
        Ok(actions.filter(|a| !a.is_empty()))
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        if self.session().configuration {
            self.pull_settings();
        } else if let Some(settings) = ClientSettings::read(&params.settings) {
            self.events.send(Event::Settings(settings));
        }
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let paths = |folders: Vec<WorkspaceFolder>| folders.iter().filter_map(|f| file_path(&f.uri)).collect();
        self.events.send(Event::Folders { added: paths(params.event.added), removed: paths(params.event.removed) });
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        if params.changes.iter().any(|c| is_config(&c.uri)) {
            self.events.send(Event::Reload);
        }
        let files: Vec<_> = params.changes.iter().filter_map(|c| file_path(&c.uri)).collect();
        if !files.is_empty() {
            self.events.send(Event::Files(files));
        }
    }
}

#[allow(deprecated, reason = "older clients send nothing else")]
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    if let Some(folders) = params.workspace_folders.as_ref().filter(|f| !f.is_empty()) {
        return folders.iter().filter_map(|f| file_path(&f.uri)).collect();
    }
    let root = params.root_uri.as_ref().and_then(file_path).or_else(|| params.root_path.as_ref().map(PathBuf::from));
    root.into_iter().collect()
}

fn capabilities(encoding: tower_lsp::ls_types::PositionEncodingKind) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(encoding),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            will_save: None,
            will_save_wait_until: None,
            save: Some(true.into()),
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::from(actions::FIX_ALL)]),
            ..CodeActionOptions::default()
        })),
        diagnostic_provider: Some(DiagnosticServerCapabilities::Options(DiagnosticOptions {
            identifier: Some(SECTION.into()),
            inter_file_dependencies: false,
            workspace_diagnostics: false,
            ..DiagnosticOptions::default()
        })),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}
