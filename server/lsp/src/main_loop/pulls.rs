//! Answers to clients that ask for diagnostics and take those of related documents with them: where an edit of one document changes
//! what is found in another that is open, both are told at once.

use std::sync::Arc;

use tower_lsp::ls_types::Uri;

use super::State;
use super::open::{Content, Open};
use crate::event::Answer;
use crate::index::News;
use crate::pool::Analysis;

impl State {
    /// Who asks for the diagnostics of a document waits for those of the others that changed with it: `of`, or all for which
    /// somebody waits.
    pub(super) fn await_news(&mut self, of: Option<&Uri>, news: &News) {
        if !self.session.related_documents || news.is_empty() {
            return;
        }
        for (uri, open) in &mut self.documents {
            if of.map_or_else(|| open.is_asked(), |of| of == uri) {
                open.awaits.extend(news.iter().map(|(other, _)| other).filter(|other| *other != uri).cloned());
            }
        }
    }

    /// Whether somebody will be told of a document's diagnostics with those of another one.
    pub(super) fn is_told_with_another(&self, uri: &Uri) -> bool {
        self.session.related_documents && self.documents.values().any(|o| o.is_asked() && o.awaits.contains(uri))
    }

    /// Answers those who ask for diagnostics, where all that belongs to the answer is known.
    pub(super) fn answer_pulls(&mut self) {
        if !self.session.related_documents {
            return;
        }
        let asked: Vec<Uri> = self.documents.iter().filter(|(_, o)| o.is_asked()).map(|(uri, _)| uri.clone()).collect();
        for uri in asked {
            let Some(open) = self.documents.get(&uri) else { continue };
            let Some(analysis) = self.tellable(open) else { continue };
            if self.settings.enable && open.awaits.iter().any(|other| self.is_under_way(other)) {
                continue;
            }
            let related: Vec<Arc<Analysis>> =
                self.documents.iter().filter(|(other, _)| **other != uri).filter_map(|(_, o)| self.untold(o)).collect();
            let Some(open) = self.documents.get_mut(&uri) else { continue };
            open.awaits.clear();
            let told = open.tell(&Answer { analysis, related: related.clone() });
            for other in related.iter().filter(|_| told) {
                if let Some(open) = self.documents.get_mut(&other.uri) {
                    open.told = Some((other.result_id, other.version));
                }
            }
        }
    }

    /// The analysis of a document's newest version, if it can be told.
    fn tellable(&self, open: &Open) -> Option<Arc<Analysis>> {
        // A client that cannot be told to ask again waits until there is nothing to add.
        open.current.clone().filter(|c| c.stamp == open.stamp && (c.complete || self.session.refresh))
    }

    /// The analysis of a document of which the client was told something else, and has no reason of its own to ask again.
    fn untold(&self, open: &Open) -> Option<Arc<Analysis>> {
        let current = self.tellable(open)?;
        open.told.filter(|(id, version)| *version == current.version && *id != current.result_id).map(|_| current)
    }

    /// Whether a document is about to be analysed again.
    fn is_under_way(&self, uri: &Uri) -> bool {
        self.documents.get(uri).is_some_and(|o| {
            matches!(o.content, Content::Code(_)) && o.home.included && (o.again || o.running.is_some())
        })
    }
}
