//! What is given to the pool, and when: versions that changed at once, the data flow of large ones when nobody types, the parse from
//! scratch when a document rests.

use std::sync::Arc;
use std::time::Instant;

use sidenote_core::engine::Report;
use tower_lsp::ls_types::{Diagnostic, Uri};

use super::open::{Content, Open};
use super::{INLINE_FLOW, LARGE, State};
use crate::pool::{Analysis, Follow, Job, Later};
use crate::session::ClientSettings;

impl State {
    /// Sends every document that changed to the pool, and answers what needs no analysis.
    pub(super) fn dispatch(&mut self) {
        let mut settled = Vec::new();
        let mut quick = None;
        for (uri, open) in &mut self.documents {
            let current = open.current.clone().filter(|c| c.stamp == open.stamp);
            if let Content::Code(document) = &open.content
                && self.settings.enable
                && open.home.included
            {
                if (current.is_none() || open.again) && open.running.is_none() {
                    let mut memo = std::mem::take(&mut open.memo);
                    if let Some(flow) = open.flow.take() {
                        memo.set_flow(flow);
                    }
                    open.again = false;
                    open.running = Some(open.stamp);
                    let is_quick = open.is_quick() && quick.is_none();
                    open.typed = 0;
                    let job = Job {
                        uri: uri.clone(),
                        stamp: open.stamp,
                        document: (**document).clone(),
                        folder: open.home.index.base(),
                        engine: open.home.engine.clone(),
                        index: open.home.index.clone(),
                        said: open.home.said.clone(),
                        complete: match open.flow_took {
                            Some(took) => took < INLINE_FLOW,
                            None => document.text().len() < LARGE,
                        },
                        memo,
                        is_new: open.took.is_none(),
                        session: self.session.clone(),
                        settings: self.settings.clone(),
                    };
                    if is_quick {
                        quick = Some(job);
                    } else {
                        self.pool.analyze(job);
                    }
                }
                if let Some(current) = current {
                    open.answer(&current, &self.session);
                }
                continue;
            }
            if let Some(current) = current {
                open.answer(&current, &self.session);
                continue;
            }
            let diagnostics = if self.settings.enable && open.home.included {
                open.plain_diagnostics(uri, &self.workspace, &self.session)
            } else {
                Vec::new()
            };
            settled.push(plain(uri, open, &self.settings, diagnostics));
        }
        settled.into_iter().for_each(|analysis| self.settle(analysis));
        if let Some(job) = quick {
            self.analyzed(crate::pool::analyze(job));
        }
    }

    pub(super) fn next_idle(&self) -> Option<Instant> {
        let flow_at = |o: &Open| o.flow_at.filter(|_| !o.flow_running);
        self.documents.values().flat_map(|o| [o.idle_at, flow_at(o)]).flatten().min()
    }

    pub(super) fn refresh_idle(&mut self) {
        let now = Instant::now();
        for (uri, open) in &mut self.documents {
            if let Content::Code(document) = &open.content
                && !open.flow_running
                && open.flow_at.is_some_and(|at| at <= now)
            {
                (open.flow_at, open.flow_running) = (None, true);
                let document = (**document).clone();
                let (uri, engine) = (uri.clone(), open.home.engine.clone());
                let later = Later { uri, stamp: open.stamp, document, engine };
                self.pool.flow(Follow::Document(later, open.home.index.clone()));
            }
            if open.idle_at.is_none_or(|at| at > now) {
                continue;
            }
            open.idle_at = None;
            if let Content::Code(document) = &open.content {
                let document = (**document).clone();
                self.pool.refresh(Later {
                    uri: uri.clone(),
                    stamp: open.stamp,
                    document,
                    engine: open.home.engine.clone(),
                });
            } else if open.try_again() {
                self.stamps += 1;
                open.stamp = self.stamps;
            }
        }
    }
}

/// The analysis of a document that is not analysed.
fn plain(uri: &Uri, open: &Open, settings: &Arc<ClientSettings>, diagnostics: Vec<Diagnostic>) -> Analysis {
    Analysis {
        uri: uri.clone(),
        version: open.version,
        stamp: open.stamp,
        document: None,
        folder: open.home.index.base(),
        path: None,
        said: None,
        settings: settings.clone(),
        report: Report::default(),
        complete: true,
        diagnostics: Arc::new(diagnostics),
        result_id: 0,
    }
}
