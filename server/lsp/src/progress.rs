//! Progress of work in the background, shown by clients that can.

use std::time::Duration;

use tower_lsp::Client;
use tower_lsp::ls_types::notification::{Notification, Progress as ProgressNotification};
use tower_lsp::ls_types::{
    ProgressParams, ProgressParamsValue, ProgressToken, WorkDoneProgress, WorkDoneProgressBegin, WorkDoneProgressEnd,
    WorkDoneProgressReport, WorkspaceDiagnosticReport,
};

use crate::catalog::{Catalog, Progress};
use crate::meaning::{self, Meaning};
use crate::server::CLIENT_PATIENCE;

/// Work on fewer files than this is done before anybody could read of it.
const WORTH_SHOWING: usize = 50;

/// Fewer functions than this are embedded before anybody could read of it.
const WORTH_EMBEDDING: usize = 200;

/// How often a report is made.
const EVERY: Duration = Duration::from_millis(250);

/// A part of the answer to `workspace/diagnostic`.
pub(crate) enum PartialResult {}

/// The notification's parameters.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct PartialResultParams {
    pub token: ProgressToken,
    pub value: WorkspaceDiagnosticReport,
}

impl Notification for PartialResult {
    type Params = PartialResultParams;
    const METHOD: &'static str = "$/progress";
}

/// Shows every piece of work of the catalogue, for ever.
pub(crate) async fn show(catalog: Catalog, client: Client) {
    let mut progress = catalog.progress();
    for number in 1u64.. {
        let worth_showing = |p: &Progress| p.busy && p.total >= WORTH_SHOWING;
        if progress.wait_for(worth_showing).await.is_err() {
            return;
        }
        let token = ProgressToken::String(format!("sidenote/catalog/{number}"));
        let created = tokio::time::timeout(CLIENT_PATIENCE, client.create_work_done_progress(token.clone())).await;
        if matches!(created, Ok(Ok(()))) {
            follow(&catalog, &client, token, None).await;
        } else if progress.wait_for(|p| !p.busy).await.is_err() {
            return;
        }
    }
}

/// Shows the catalogue's work under a token until it rests, or until a scan is done.
pub(crate) async fn follow(catalog: &Catalog, client: &Client, token: ProgressToken, scan: Option<u64>) {
    let send = |value| {
        let params = ProgressParams { token: token.clone(), value: ProgressParamsValue::WorkDone(value) };
        client.send_notification::<ProgressNotification>(params)
    };
    send(WorkDoneProgress::Begin(WorkDoneProgressBegin {
        title: "Sidenote: scanning".into(),
        cancellable: Some(true),
        message: None,
        percentage: Some(0),
    }))
    .await;
    let mut progress = catalog.progress();
    let mut shown = 0;
    loop {
        let now = *progress.borrow_and_update();
        if scan.map_or(!now.busy, |scan| now.scans >= scan) {
            break;
        }
        let percentage = (now.done * 100 / now.total.max(1)) as u32;
        if percentage > shown {
            shown = percentage;
            send(WorkDoneProgress::Report(WorkDoneProgressReport {
                cancellable: Some(true),
                message: Some(format!("{} of {} files", now.done, now.total)),
                percentage: Some(percentage),
            }))
            .await;
        }
        tokio::time::sleep(EVERY).await;
        if progress.has_changed().is_err() {
            break;
        }
    }
    send(WorkDoneProgress::End(WorkDoneProgressEnd { message: None })).await;
}

/// Shows how functions are embedded, whenever it is much, for ever.
pub(crate) async fn show_meaning(meaning: Meaning, client: Client) {
    let mut progress = meaning.progress();
    let rests = |p: &meaning::Progress| p.done >= p.all || p.problem.is_some();
    for number in 1u64.. {
        let much = |p: &meaning::Progress| !rests(p) && p.all - p.done >= WORTH_EMBEDDING;
        if progress.wait_for(much).await.is_err() {
            return;
        }
        let token = ProgressToken::String(format!("sidenote/similar/{number}"));
        let created = tokio::time::timeout(CLIENT_PATIENCE, client.create_work_done_progress(token.clone())).await;
        let shown = matches!(created, Ok(Ok(())));
        let send = async |value| {
            if shown {
                let params = ProgressParams { token: token.clone(), value: ProgressParamsValue::WorkDone(value) };
                client.send_notification::<ProgressNotification>(params).await;
            }
        };
        send(WorkDoneProgress::Begin(WorkDoneProgressBegin {
            title: "Sidenote: learning what is similar".into(),
            cancellable: Some(false),
            message: None,
            percentage: Some(0),
        }))
        .await;
        loop {
            let now = progress.borrow_and_update().clone();
            if rests(&now) {
                break;
            }
            send(WorkDoneProgress::Report(WorkDoneProgressReport {
                cancellable: Some(false),
                message: Some(format!("{} of {} functions", now.done, now.all)),
                percentage: Some((now.done * 100 / now.all.max(1)) as u32),
            }))
            .await;
            tokio::time::sleep(EVERY).await;
            if progress.changed().await.is_err() {
                return;
            }
        }
        send(WorkDoneProgress::End(WorkDoneProgressEnd { message: None })).await;
    }
}
