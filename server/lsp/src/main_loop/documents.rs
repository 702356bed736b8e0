//! Documents come, change and go.

use std::time::{Duration, Instant};

use sidenote_core::document::{Change, Document};
use sidenote_core::engine::{Flow, SkipReason};
use tower_lsp::ls_types::Uri;

use super::open::{Content, Open};
use super::{IDLE, State, TYPING};
use crate::pool::Follow;

impl State {
    pub(super) fn open(&mut self, uri: Uri, language: String, version: i32, text: &str) {
        let home = self.workspace.locate(&uri);
        let stamp = self.stamp();
        let published = self.documents.remove(&uri).and_then(Open::close);
        let mut open = Open::new(&uri, language, version, text, home, stamp);
        open.published = published;
        self.opened(&uri);
        self.documents.insert(uri, open);
        self.tell_errors();
    }

    pub(super) fn change(&mut self, uri: &Uri, version: i32, changes: &[Change]) {
        let stamp = self.stamp();
        let encoding = self.session.encoding;
        let Some(open) = self.documents.get_mut(uri) else {
            tracing::warn!("an edit of {}, which is not open", uri.as_str());
            return;
        };
        let edited = open.change(changes, encoding, version);
        if self.typed.is_none_or(|at| at.elapsed() > TYPING) {
            self.typed = Some(Instant::now());
            self.meaning.typing();
        }
        open.stamp = stamp;
        open.idle_at = edited.then(|| Instant::now() + IDLE);
    }

    pub(super) fn close(&mut self, uri: Uri) {
        let closed = self.documents.remove(&uri);
        self.meaning.closed(&uri);
        self.reviewing.closed(&uri);
        if let Some(open) = &closed {
            self.pool.flow(Follow::Close(uri.clone(), open.home.index.clone()));
        }
        let last = closed.and_then(Open::close);
        self.closed(uri, last);
    }

    /// The data was followed through some version of a document.
    pub(super) fn flowed(&mut self, uri: &Uri, stamp: u64, flow: Flow, took: Duration) {
        let Some(open) = self.documents.get_mut(uri) else { return };
        open.flow_running = false;
        open.flow_took = Some(took);
        // Also that of an older version is nearer than what is there.
        open.flow = Some(flow);
        open.again = open.stamp == stamp;
    }

    /// A version was parsed from scratch.
    pub(super) fn refreshed(
        &mut self,
        uri: &Uri,
        stamp: u64,
        document: Document,
        differs: bool,
        skip: Option<SkipReason>,
    ) {
        let next = self.stamp();
        let Some(open) = self.documents.get_mut(uri).filter(|o| o.stamp == stamp) else { return };
        if let Some(reason) = skip {
            open.skip(reason.explain());
            open.stamp = next;
        } else if let Content::Code(code) = &mut open.content {
            **code = document;
            open.stamp = if differs { next } else { stamp };
            if differs {
                // Much may be new to the rules.
                open.took = None;
            }
        }
    }
}
