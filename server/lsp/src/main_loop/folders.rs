//! Folders with their configurations, the client's settings, and the files that are not open.

use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use tower_lsp::ls_types::{Diagnostic, MessageType, Uri};

use super::State;
use crate::catalog::Entry;
use crate::session::{ClientSettings, Scope};
use crate::workspace::file_path;

impl State {
    /// Tells everybody of the folders.
    pub(super) fn set_workspace(&self) {
        self.catalog.set_workspace(self.workspace.clone(), self.session.clone());
        self.meaning.set_workspace(&self.workspace, &self.session);
    }

    /// Forgets what was computed, under a new configuration.
    pub(super) fn reset(&mut self) {
        for (uri, open) in &mut self.documents {
            self.stamps += 1;
            open.reset(self.workspace.locate(uri), self.stamps);
        }
        self.tell_errors();
        if self.session.pull && self.session.refresh {
            self.outbox.refresh();
        }
        if self.session.refresh_hints || self.session.refresh_lenses {
            self.outbox.refresh_hints(self.session.refresh_hints, self.session.refresh_lenses);
        }
    }

    pub(super) fn set_settings(&mut self, settings: ClientSettings) {
        self.settings = Arc::new(settings);
        let models = self.settings.enable && self.settings.local_models;
        self.meaning.enable(models && self.settings.similar.enable);
        self.reviewing.enable(models);
        if self.settings.diagnostics.scope == Scope::Workspace && self.settings.enable {
            self.show_all();
            self.catalog.want();
        }
    }

    /// A line for the client's log.
    pub(super) fn greet(&self) {
        let folders: Vec<String> = self.workspace.folders().map(|f| f.display().to_string()).collect();
        let folders = if folders.is_empty() { "no folder".to_owned() } else { folders.join(", ") };
        let rules = sidenote_core::rules::all().len();
        let text = format!("Sidenote {} with {rules} rules, on {folders}", env!("CARGO_PKG_VERSION"));
        self.outbox.log(MessageType::INFO, text);
    }

    /// From now on the diagnostics of files that are not open are published, where the client does not ask for them.
    pub(super) fn show_all(&mut self) {
        if !self.shows_all {
            self.shows_all = true;
            self.publish_files(self.catalog.files());
        }
    }

    pub(super) fn publish_files(&self, files: Vec<Arc<Entry>>) {
        if !self.shows_all || self.session.pull_workspace {
            return;
        }
        let open: FxHashSet<PathBuf> = self.documents.keys().filter_map(file_path).collect();
        let is_open = |e: &Entry| file_path(&e.uri).is_some_and(|f| open.contains(&f));
        let files: Vec<_> =
            files.iter().filter(|e| !is_open(e)).map(|e| (e.uri.clone(), e.diagnostics.clone())).collect();
        if !files.is_empty() {
            self.outbox.publish_all(files);
        }
    }

    /// What the disk says of a file does not count while it is open.
    pub(super) fn opened(&self, uri: &Uri) {
        let Some(file) = file_path(uri) else { return };
        self.catalog.set_open(&file, true);
        let was_shown = self.shows_all && !self.session.pull_workspace && self.session.pull;
        if was_shown && self.catalog.get(&file).is_some_and(|e| !e.diagnostics.is_empty()) {
            self.outbox.publish(uri.clone(), None, Arc::default());
        }
    }

    /// A document was closed; `last` are its diagnostics.
    pub(super) fn closed(&self, uri: Uri, last: Option<Arc<Vec<Diagnostic>>>) {
        let mut on_disk = None;
        if let Some(file) = file_path(&uri) {
            self.catalog.set_open(&file, false);
            on_disk = self.catalog.get(&file).filter(|_| self.shows_all && !self.session.pull_workspace);
            self.catalog.touch(vec![file]);
        }
        let now = on_disk.map_or_else(Arc::default, |e| e.diagnostics.clone());
        let had = last.is_some_and(|d| !d.is_empty()) && !self.session.pull;
        if had || !now.is_empty() {
            self.outbox.publish(uri, None, now);
        }
    }

    /// Says once what is wrong with a configuration.
    pub(super) fn tell_errors(&mut self) {
        let mut errors: Vec<String> = self.workspace.errors().map(|error| error.to_string()).collect();
        errors.extend(self.workspace.complaints().cloned());
        errors.dedup();
        for error in &errors {
            if !self.told.contains(error) {
                let text = format!("Sidenote goes on without this configuration, for it cannot be used.\n{error}");
                self.outbox.show(MessageType::ERROR, text);
            }
        }
        self.told = errors;
    }
}
