//! The tower-lsp front. Every handler first sends an event, and only then awaits anything.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sidenote_core::document::Change;
use sidenote_core::findings::Finding;
use sidenote_core::grammars::LANGUAGES;
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::notification::{DidChangeConfiguration, DidChangeWatchedFiles, Notification as _};
use tower_lsp::ls_types::{
    CodeAction, CodeActionParams, CodeActionResponse, CodeLens, CodeLensParams, ConfigurationItem, DeleteFilesParams,
    DidChangeConfigurationParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWatchedFilesRegistrationOptions, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentDiagnosticParams, DocumentDiagnosticReport,
    DocumentDiagnosticReportKind, DocumentDiagnosticReportResult, DocumentSymbolParams, DocumentSymbolResponse,
    ExecuteCommandParams, FileSystemWatcher, FullDocumentDiagnosticReport, GlobPattern, Hover, HoverParams,
    InitializeParams, InitializeResult, InitializedParams, InlayHint, InlayHintParams, LSPAny, Location, MessageType,
    ProgressToken, Registration, RelatedFullDocumentDiagnosticReport, RelatedUnchangedDocumentDiagnosticReport,
    RenameFilesParams, ServerInfo, SetTraceParams, ShowDocumentParams, TraceValue, UnchangedDocumentDiagnosticReport,
    Uri, WorkDoneProgressCancelParams, WorkspaceDiagnosticParams, WorkspaceDiagnosticReport,
    WorkspaceDiagnosticReportResult, WorkspaceDocumentDiagnosticReport, WorkspaceFolder,
    WorkspaceFullDocumentDiagnosticReport, WorkspaceSymbolParams, WorkspaceSymbolResponse,
};
use tower_lsp::{Client, LanguageServer};

use crate::capabilities::{SECTION, capabilities, folders};
use crate::catalog::Entry;
use crate::convert::{Positions, line_column};
use crate::event::{Answer, Event};
use crate::feedback::{self, Word};
use crate::main_loop::Events;
use crate::pool::Analysis;
use crate::progress::{self, PartialResult, PartialResultParams};
use crate::session::{ClientSettings, Session};
use crate::workspace::{WATCHED, file_path, is_config, is_feedback};
use crate::{Life, actions, commands, hints, hover, lenses, parent, symbols};

/// How long an answer of the client is waited for.
pub(crate) const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// What tower-lsp calls.
pub(crate) struct Front {
    client: Client,
    events: Events,
    life: Arc<Life>,
    session: Mutex<Arc<Session>>,
    /// Tells result ids of this run from those of an earlier one.
    run: String,
    /// Whether the client has asked for the workspace's diagnostics.
    workspace_asked: AtomicBool,
}

impl Front {
    pub(crate) fn new(client: Client, events: Events, life: Arc<Life>) -> Front {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Front {
            client,
            events,
            life,
            session: Mutex::default(),
            run: format!("{:x}", now.as_nanos()),
            workspace_asked: AtomicBool::new(false),
        }
    }

    fn session(&self) -> Arc<Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The analysis of the document's newest version; `None` if it is not open.
    fn ask(&self, uri: Uri) -> impl Future<Output = Result<Option<Arc<Analysis>>>> + use<> {
        let answer = self.ask_for(uri, false);
        async { Ok(answer.await?.map(|answer| answer.analysis)) }
    }

    fn ask_for(&self, uri: Uri, diagnostics: bool) -> impl Future<Output = Result<Option<Answer>>> + use<> {
        let (reply, answer) = oneshot::channel();
        self.events.send(Event::Ask { uri, diagnostics, reply });
        async { answer.await.map_err(|_| Error::internal_error()) }
    }

    /// The name of diagnostics for a client that asks for changes.
    fn result_id(&self, analysis: &Analysis) -> String {
        format!("{}-{}", self.run, analysis.result_id)
    }

    fn workspace_report(&self, entry: &Entry) -> WorkspaceDocumentDiagnosticReport {
        WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
            uri: entry.uri.clone(),
            version: None,
            full_document_diagnostic_report: FullDocumentDiagnosticReport {
                result_id: Some(format!("{}-w{}", self.run, entry.id)),
                items: entry.diagnostics.to_vec(),
            },
        })
    }

    /// `$/setTrace`.
    pub(crate) async fn set_trace(&self, params: SetTraceParams) {
        self.events.send(Event::Trace(params.value));
    }

    /// `window/workDoneProgress/cancel`; all progress that is shown is the catalogue's.
    pub(crate) async fn cancel_progress(&self, _: WorkDoneProgressCancelParams) {
        self.events.catalog().cancel();
    }

    /// Files that may have changed on disk.
    fn touch<'a>(&self, uris: impl Iterator<Item = &'a Uri>) {
        self.events.catalog().touch(uris.filter_map(file_path).collect());
    }

    /// Scans the workspace; the result sums it up.
    async fn scan(&self, token: Option<ProgressToken>) -> LSPAny {
        let catalog = self.events.catalog();
        self.events.send(Event::ShowWorkspace);
        let scan = catalog.scan();
        match token {
            Some(token) => progress::follow(catalog, &self.client, token, Some(scan)).await,
            None => catalog.done(scan).await,
        }
        // What was found is published before the answer: a client may look at once.
        self.flushed().await;
        commands::summary(&catalog.files())
    }

    /// Waits, though not forever, until the main loop has dealt with all that came before.
    async fn flushed(&self) {
        let (sent, told) = oneshot::channel();
        self.events.send(Event::Flush(sent));
        let _ = tokio::time::timeout(CLIENT_PATIENCE, told).await;
    }

    /// Applies every safe fix of a document.
    async fn fix_all(&self, uri: Uri) -> Result<LSPAny> {
        let analysis = self.ask(uri).await?;
        let session = self.session();
        let Some(edit) = analysis.and_then(|analysis| actions::fix_all(&analysis, &session)) else {
            return Ok(serde_json::json!({ "applied": false }));
        };
        let answer = tokio::time::timeout(CLIENT_PATIENCE, self.client.apply_edit(edit)).await;
        let applied = matches!(answer, Ok(Ok(ref a)) if a.applied);
        Ok(serde_json::json!({ "applied": applied }))
    }

    /// The finding that a command names, in the newest analysis.
    async fn finding_of(&self, arguments: Vec<LSPAny>) -> Result<(Arc<Analysis>, Finding)> {
        let of = arguments.into_iter().next().and_then(|a| serde_json::from_value::<commands::OfFinding>(a).ok());
        let of = of.ok_or_else(|| Error::invalid_params("the argument is no finding"))?;
        let analysis = self.ask(of.uri.clone()).await?.ok_or_else(Error::content_modified)?;
        let found = analysis.report.active().find(|f| f.rule.id == of.rule && f.range == (of.start..of.end)).cloned();
        found.map(|finding| (analysis, finding)).ok_or_else(Error::content_modified)
    }

    /// Has the user's model explain a finding. The text is told as it comes.
    async fn explain_with_model(&self, arguments: Vec<LSPAny>, token: Option<ProgressToken>) -> Result<LSPAny> {
        let (analysis, finding) = self.finding_of(arguments).await?;
        let (pieces, mut coming) = tokio::sync::mpsc::unbounded_channel::<String>();
        let reviewing = self.events.reviewing().clone();
        let work = tokio::task::spawn_blocking(move || {
            reviewing.explain(&analysis, &finding, &mut |piece| drop(pieces.send(piece.to_owned())))
        });
        if let Some(token) = token {
            let progress = self.client.progress(token, "The local model explains").begin().await;
            let mut so_far = String::new();
            while let Some(piece) = coming.recv().await {
                so_far.push_str(&piece);
                progress.report(so_far.clone()).await;
            }
            progress.finish().await;
        }
        let text = work.await.map_err(|_| Error::internal_error())?.map_err(Error::invalid_params)?;
        if !self.session().shows_documents {
            self.events.outbox().show(MessageType::INFO, text.clone());
        }
        Ok(serde_json::json!({ "markdown": hover::plain(&text) }))
    }

    /// Has the user's model propose a change for a finding, which the client shows before it applies it.
    async fn fix_with_model(&self, arguments: Vec<LSPAny>) -> Result<LSPAny> {
        let (analysis, finding) = self.finding_of(arguments).await?;
        let (reviewing, session) = (self.events.reviewing().clone(), self.session());
        let work = {
            let analysis = analysis.clone();
            tokio::task::spawn_blocking(move || reviewing.fix(&analysis, &finding))
        };
        let (model, edits) = work.await.map_err(|_| Error::internal_error())?.map_err(Error::invalid_params)?;
        let text = analysis.document.as_ref().map(|d| d.text().to_string()).unwrap_or_default();
        let diff = commands::difference(&text, &edits);
        let mut applied = false;
        if let Some(edit) = actions::to_be_confirmed(&analysis, &session, &model, &edits) {
            // The user may take their time over it.
            applied = matches!(self.client.apply_edit(edit).await, Ok(ref a) if a.applied);
        }
        Ok(serde_json::json!({ "diff": diff, "applied": applied, "model": model }))
    }

    /// Opens a place, where the client can.
    fn show(&self, place: LSPAny) -> Result<LSPAny> {
        let Location { uri, range } =
            serde_json::from_value(place).map_err(|_| Error::invalid_params("the argument is no place"))?;
        let opens = self.session().opens_documents;
        if opens {
            let client = self.client.clone();
            let show = ShowDocumentParams { uri, external: None, take_focus: Some(true), selection: Some(range) };
            tokio::spawn(async move {
                let _ = tokio::time::timeout(CLIENT_PATIENCE, client.show_document(show)).await;
            });
        }
        Ok(serde_json::json!({ "shown": opens }))
    }

    /// Writes down what the user says of a finding.
    async fn dismiss(&self, argument: LSPAny, undo: bool) -> Result<LSPAny> {
        let word: Word = serde_json::from_value(argument)
            .map_err(|_| Error::invalid_params("the argument names no finding: it needs `uri` and `fingerprint`"))?;
        let analysis = self.ask(word.uri.clone()).await?;
        let analysis = analysis.ok_or_else(|| Error::invalid_params("the document is not open"))?;
        let done = tokio::task::spawn_blocking(move || feedback::say(&word, &analysis, undo)).await;
        match done.map_err(|_| Error::internal_error())? {
            Ok(told) => {
                self.events.send(Event::Feedback);
                Ok(serde_json::json!({ "done": true, "message": told }))
            }
            Err(why) => {
                self.events.outbox().show(MessageType::ERROR, format!("Sidenote: {why}"));
                Ok(serde_json::json!({ "done": false, "message": why }))
            }
        }
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
        tokio::spawn(self.events.outbox().deliver(self.client.clone()));
        Ok(InitializeResult {
            capabilities: capabilities(&session),
            server_info: Some(ServerInfo { name: "sidenote".into(), version: Some(env!("CARGO_PKG_VERSION").into()) }),
            offset_encoding: None,
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        self.register();
        if self.session().progress {
            tokio::spawn(progress::show(self.events.catalog().clone(), self.client.clone()));
            tokio::spawn(progress::show_meaning(self.events.meaning().clone(), self.client.clone()));
        }
        if self.session().configuration {
            self.pull_settings();
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.life.shut_down.store(true, Ordering::SeqCst);
        self.flushed().await;
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
        self.touch(std::iter::once(&params.text_document.uri));
        // Clients without file watching tell of a new configuration only so.
        if is_config(&params.text_document.uri) {
            self.events.send(Event::Reload);
        } else if is_feedback(&params.text_document.uri) {
            self.events.send(Event::Feedback);
        }
    }

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        let answer = self.ask_for(params.text_document.uri, true).await?;
        let full = |analysis: &Analysis| FullDocumentDiagnosticReport {
            result_id: Some(self.result_id(analysis)),
            items: analysis.diagnostics.to_vec(),
        };
        let related = answer.iter().flat_map(|answer| &answer.related);
        let related: HashMap<Uri, DocumentDiagnosticReportKind> =
            related.map(|analysis| (analysis.uri.clone(), full(analysis).into())).collect();
        let related_documents = (!related.is_empty()).then_some(related);
        let report =
            answer.as_ref().map_or_else(FullDocumentDiagnosticReport::default, |answer| full(&answer.analysis));
        let report = match (report.result_id.clone(), params.previous_result_id) {
            (Some(result_id), Some(previous)) if result_id == previous => {
                DocumentDiagnosticReport::Unchanged(RelatedUnchangedDocumentDiagnosticReport {
                    related_documents,
                    unchanged_document_diagnostic_report: UnchangedDocumentDiagnosticReport { result_id },
                })
            }
            _ => DocumentDiagnosticReport::Full(RelatedFullDocumentDiagnosticReport {
                related_documents,
                full_document_diagnostic_report: report,
            }),
        };
        Ok(DocumentDiagnosticReportResult::Report(report))
    }

    /// Held open until there is news: a client asks again and again.
    async fn workspace_diagnostic(&self, params: WorkspaceDiagnosticParams) -> Result<WorkspaceDiagnosticReportResult> {
        let catalog = self.events.catalog();
        let mut progress = catalog.progress();
        let scan = catalog.want();
        let client_knows_nothing = params.previous_result_ids.is_empty();
        let first = !self.workspace_asked.swap(true, Ordering::Relaxed);
        let mut told: HashMap<PathBuf, u64> = HashMap::new();
        for previous in &params.previous_result_ids {
            let id = previous.value.strip_prefix(self.run.as_str()).and_then(|v| v.strip_prefix("-w")?.parse().ok());
            // What is not ours is known to be another one.
            if let Some(file) = file_path(&previous.uri) {
                told.insert(file, id.unwrap_or(0));
            }
        }
        let mut items = Vec::new();
        let mut streamed = false;
        loop {
            let now = *progress.borrow_and_update();
            let news: Vec<_> = catalog.news(&mut told).iter().map(|entry| self.workspace_report(entry)).collect();
            match params.partial_result_params.partial_result_token.clone() {
                Some(token) if !news.is_empty() => {
                    streamed = true;
                    let value = WorkspaceDiagnosticReport { items: news };
                    self.client.send_notification::<PartialResult>(PartialResultParams { token, value }).await;
                }
                _ => items.extend(news),
            }
            let has_news = streamed || !items.is_empty() || first && client_knows_nothing;
            if now.scans >= scan && !now.busy && has_news {
                return Ok(WorkspaceDiagnosticReportResult::Report(WorkspaceDiagnosticReport { items }));
            }
            if progress.changed().await.is_err() {
                return Err(Error::internal_error());
            }
        }
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        let analysis = self.ask(params.text_document.uri).await?;
        let alike = |a: &Analysis| self.events.meaning().alike(&a.uri);
        Ok(analysis.map(|analysis| lenses::lenses(&analysis, &self.session(), &alike(&analysis))))
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let analysis = self.ask(params.text_document.uri).await?;
        let alike = |a: &Analysis| self.events.meaning().alike(&a.uri);
        Ok(analysis.map(|analysis| hints::hints(&analysis, &self.session(), params.range, &alike(&analysis))))
    }

    async fn document_symbol(&self, params: DocumentSymbolParams) -> Result<Option<DocumentSymbolResponse>> {
        let analysis = self.ask(params.text_document.uri).await?;
        let Some(analysis) = analysis else { return Ok(None) };
        let Some(document) = &analysis.document else { return Ok(None) };
        let session = self.session();
        let positions = Positions::new(document.text(), session.encoding);
        Ok(Some(if session.symbol_tree {
            DocumentSymbolResponse::Nested(symbols::tree(document, &positions))
        } else {
            let flat = symbols::flat(document, &positions);
            DocumentSymbolResponse::Flat(symbols::information(flat, &analysis.uri))
        }))
    }

    async fn symbol(&self, params: WorkspaceSymbolParams) -> Result<Option<WorkspaceSymbolResponse>> {
        let catalog = self.events.catalog().clone();
        catalog.done(catalog.want()).await;
        let meaning = self.events.meaning().clone();
        let search = move || {
            let query = params.query;
            let answers = if symbols::is_question(&query) { meaning.find(&query) } else { Vec::new() };
            symbols::search(&catalog.files(), &query, answers)
        };
        let found = tokio::task::spawn_blocking(search).await.map_err(|_| Error::internal_error())?;
        Ok(Some(WorkspaceSymbolResponse::Nested(found)))
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        let argument = params.arguments.first().and_then(LSPAny::as_str).unwrap_or_default();
        match params.command.as_str() {
            commands::EXPLAIN => {
                let page = commands::explain(argument).map_err(Error::invalid_params)?;
                if !self.session().shows_documents {
                    let rule = sidenote_core::rules::find(argument)
                        .map(|r| format!("{}: {} {}", r.id, r.docs.what, r.docs.why));
                    self.events.outbox().show(MessageType::INFO, rule.unwrap_or_default());
                }
                Ok(Some(page))
            }
            commands::SCAN => Ok(Some(self.scan(params.work_done_progress_params.work_done_token).await)),
            commands::REPORT => {
                let catalog = self.events.catalog();
                catalog.done(catalog.want()).await;
                let files = catalog.files();
                if !self.session().shows_documents {
                    let sum = commands::summary(&files);
                    let text = format!(
                        "Sidenote: health {}/100, {} findings in {} files",
                        sum["health"], sum["findings"], sum["files"]
                    );
                    self.events.outbox().show(MessageType::INFO, text);
                }
                Ok(Some(commands::report(&files)))
            }
            commands::FIX_ALL => {
                let uri = argument.parse().map_err(|_| Error::invalid_params("the argument is no URI"))?;
                self.fix_all(uri).await.map(Some)
            }
            commands::SEARCH => {
                let (meaning, question) = (self.events.meaning().clone(), argument.to_owned());
                let found = tokio::task::spawn_blocking(move || meaning.find(&question)).await;
                Ok(Some(commands::answers(&found.map_err(|_| Error::internal_error())?)))
            }
            commands::SHOW => self.show(params.arguments.into_iter().next().unwrap_or_default()).map(Some),
            commands::DISMISS | commands::UNDO_DISMISS => {
                let undo = params.command == commands::UNDO_DISMISS;
                self.dismiss(params.arguments.into_iter().next().unwrap_or_default(), undo).await.map(Some)
            }
            commands::STATUS => Ok(Some(serde_json::json!({
                "similar": self.events.meaning().status(), "reviewer": self.events.reviewing().status(),
            }))),
            commands::EXPLAIN_MODEL => {
                let token = params.work_done_progress_params.work_done_token;
                self.explain_with_model(params.arguments, token).await.map(Some)
            }
            commands::FIX_MODEL => self.fix_with_model(params.arguments).await.map(Some),
            other => Err(Error::invalid_params(format!("there is no command `{other}`"))),
        }
    }

    async fn code_action_resolve(&self, action: CodeAction) -> Result<CodeAction> {
        let Some(uri) = actions::pending_uri(&action) else { return Ok(action) };
        let analysis = self.ask(uri).await?;
        let session = self.session();
        let resolved = analysis.and_then(|analysis| actions::resolve(action, &analysis, &session));
        resolved.ok_or_else(Error::content_modified)
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let analysis = self.ask(at.text_document.uri).await?;
        Ok(analysis.and_then(|analysis| hover::hover(&analysis, &self.session(), self.events.reviewing(), at.position)))
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let analysis = self.ask(params.text_document.uri).await?;
        let session = self.session();
        let reviewing = self.events.reviewing();
        let actions =
            analysis.map(|analysis| actions::actions(&analysis, &session, reviewing, params.range, &params.context));
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

    async fn did_rename_files(&self, params: RenameFilesParams) {
        let uris = params.files.iter().flat_map(|f| [f.old_uri.parse(), f.new_uri.parse()]);
        let uris: Vec<Uri> = uris.flatten().collect();
        self.touch(uris.iter());
    }

    async fn did_delete_files(&self, params: DeleteFilesParams) {
        let uris: Vec<Uri> = params.files.iter().filter_map(|f| f.uri.parse().ok()).collect();
        self.touch(uris.iter());
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.touch(params.changes.iter().map(|c| &c.uri));
        if params.changes.iter().any(|c| is_config(&c.uri)) {
            self.events.send(Event::Reload);
        } else if params.changes.iter().any(|c| is_feedback(&c.uri)) {
            self.events.send(Event::Feedback);
        }
        let files: Vec<_> = params.changes.iter().filter_map(|c| file_path(&c.uri)).collect();
        if !files.is_empty() {
            self.events.send(Event::Files(files));
        }
    }
}
