//! What comes back from the pool: taken if it still belongs to the current version, published, and told to those who wait.

use std::sync::Arc;
use std::time::Instant;

use sidenote_core::document::Document;
use tower_lsp::ls_types::{Diagnostic, TraceValue, Uri};

use super::open::Content;
use super::{FLOW_DELAY, State};
use crate::index::{Index, News};
use crate::pool::{Analysis, Analyzed, Follow, Later};

impl State {
    /// Documents whose data flow changed because others did are worth another analysis.
    pub(super) fn take_news(&mut self, news: News) {
        for (uri, flow) in news {
            if let Some(open) = self.documents.get_mut(&uri) {
                open.flow = Some(flow);
                open.again = true;
            }
        }
    }

    /// Takes a result of the pool, unless the document has moved on.
    pub(super) fn analyzed(&mut self, Analyzed { analysis, memo, took, flow_took, news }: Analyzed) {
        self.await_news(Some(&analysis.uri), &news);
        self.take_news(news);
        let Some(open) = self.documents.get_mut(&analysis.uri) else { return };
        if open.running == Some(analysis.stamp) {
            open.running = None;
            open.memo = memo;
        }
        open.flow_took = flow_took.or(open.flow_took);
        open.took = Some(took.saturating_sub(flow_took.unwrap_or_default()));
        if open.stamp != analysis.stamp {
            return;
        }
        let held = analysis.document.as_ref().is_some_and(Document::is_held);
        open.flow_at = (!analysis.complete && !held).then(|| Instant::now() + FLOW_DELAY);
        if self.trace != TraceValue::Off {
            let (version, count) = (analysis.version, analysis.diagnostics.len());
            let name = analysis.uri.path().as_str();
            self.outbox.trace(format!("{name} version {version}: {count} diagnostics in {} µs", took.as_micros()));
        }
        let (uri, stamp) = (analysis.uri.clone(), analysis.stamp);
        self.settle(analysis);
        if let Some(open) = self.documents.get(&uri)
            && let Some(current) = open.current.as_ref().filter(|c| c.stamp == stamp && c.complete)
        {
            self.reviewing.seen(current, &open.home.engine, &self.session);
        }
    }

    /// Takes what the user's model adds, unless the document has moved on.
    pub(super) fn reviewed(&mut self, uri: &Uri, stamp: u64, diagnostics: Arc<Vec<Diagnostic>>) {
        let Some(open) = self.documents.get(uri).filter(|o| o.stamp == stamp) else { return };
        let Some(current) = open.current.as_ref().filter(|c| c.stamp == stamp) else { return };
        let analysis = Analysis { diagnostics, result_id: 0, ..Analysis::clone(current) };
        self.settle(analysis);
    }

    /// Has the folder of a document read, once the document itself has been looked at: nobody waits for what other files do to it.
    fn build_index(&self, index: &Arc<Index>) {
        if !index.wants_building() {
            return;
        }
        let open = self.documents.iter().filter(|(_, o)| Arc::ptr_eq(&o.home.index, index) && o.home.included);
        let open = open.filter_map(|(uri, o)| match &o.content {
            Content::Code(document) => Some(Later {
                uri: uri.clone(),
                stamp: o.stamp,
                document: (**document).clone(),
                engine: o.home.engine.clone(),
            }),
            _ => None,
        });
        self.pool.flow(Follow::Build(index.clone(), open.collect()));
    }

    /// Publishes an analysis of the newest version and answers those who wait for it.
    pub(super) fn settle(&mut self, mut analysis: Analysis) {
        let Some(open) = self.documents.get_mut(&analysis.uri) else { return };
        let same = open.published.as_ref().is_some_and(|p| p.as_slice() == analysis.diagnostics.as_slice());
        // The client asks for these by itself when the text changes, not when only the findings do.
        let again = !same && open.current.as_ref().is_some_and(|c| c.version == analysis.version);
        if again && (self.session.refresh_hints || self.session.refresh_lenses) {
            self.outbox.refresh_hints(self.session.refresh_hints, self.session.refresh_lenses);
        }
        if same && open.result_id != 0 {
            analysis.result_id = open.result_id;
        } else {
            self.result_ids += 1;
            analysis.result_id = self.result_ids;
        }
        open.result_id = analysis.result_id;
        // Of a file that is not ours nothing is said, not even that there is nothing to say.
        let silent = matches!(open.content, Content::Ignored) && open.published.is_none();
        let index = open.home.index.clone();
        let analysis = Arc::new(analysis);
        open.current = Some(analysis.clone());
        if self.settings.similar.enable {
            self.meaning.seen(&analysis);
        }
        open.published = Some(analysis.diagnostics.clone());
        let told_before = open.told;
        // Who asks now will be told this, or is told already.
        let is_asked = open.is_asked();
        let told_now = open.answer(&analysis, &self.session) || self.session.related_documents && is_asked;
        if self.session.pull {
            // A client that was told something else, and has no reason of its own to ask again.
            let otherwise = |(id, version)| version == analysis.version && id != analysis.result_id;
            if !told_now
                && told_before.is_some_and(otherwise)
                && self.session.refresh
                && !self.is_told_with_another(&analysis.uri)
            {
                self.outbox.refresh();
            }
        } else if !silent && (!same || open.published_version != Some(analysis.version)) {
            // Equal diagnostics of a newer version are news too: they say that the analysis has caught up.
            self.outbox.publish(analysis.uri.clone(), Some(analysis.version), analysis.diagnostics.clone());
            open.published_version = Some(analysis.version);
        }
        self.build_index(&index);
    }
}
