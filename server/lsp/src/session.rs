//! What client and server agreed on at `initialize`.

use serde::Deserialize;
use sidenote_core::findings::Category;
use sidenote_core::text::Encoding;
use tower_lsp::ls_types::{ClientCapabilities, DiagnosticTag, InitializeParams, MarkupKind, PositionEncodingKind};

/// What the client can do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    /// Units of columns.
    pub encoding: Encoding,
    /// The client asks for diagnostics: nothing is pushed then.
    pub pull: bool,
    /// The client can be told to ask for diagnostics again.
    pub refresh: bool,
    /// It takes the diagnostics of other documents with those that it asks for.
    pub related_documents: bool,
    pub related_information: bool,
    /// It shows `DiagnosticTag::UNNECESSARY`.
    pub unnecessary_tag: bool,
    pub hover_markdown: bool,
    /// It knows code actions as more than commands.
    pub code_action_literals: bool,
    pub preferred_actions: bool,
    /// It applies edits that name the version they were made for.
    pub document_changes: bool,
    /// It shows changes that need confirmation before it applies them.
    pub confirms_changes: bool,
    /// It answers `workspace/configuration`.
    pub configuration: bool,
    pub watch_configuration: bool,
    pub watch_files: bool,
    /// It fills in the edit of a code action when the user has chosen it.
    pub resolve_edits: bool,
    /// It can be told to ask for inlay hints, and code lenses, again.
    pub refresh_hints: bool,
    pub refresh_lenses: bool,
    /// It shows the progress of work that nobody asked for.
    pub progress: bool,
    /// It shows symbols as a tree.
    pub symbol_tree: bool,
    /// It asks for the diagnostics of the whole workspace, and nothing of them is pushed.
    pub pull_workspace: bool,
    /// It opens a document when the server asks for it.
    pub opens_documents: bool,
    /// It shows the result of `sidenote.explain` and `sidenote.report` itself.
    pub shows_documents: bool,
}

impl Session {
    /// Reads the client's capabilities. What it does not announce it does not have.
    pub(crate) fn new(params: &InitializeParams) -> Session {
        let ClientCapabilities { workspace, text_document, window, general, .. } = &params.capabilities;
        let (workspace, document) = (workspace.as_ref(), text_document.as_ref());
        let pushed = document.and_then(|d| d.publish_diagnostics.as_ref());
        let pulled = document.and_then(|d| d.diagnostic.as_ref());
        let actions = document.and_then(|d| d.code_action.as_ref());
        let yes = |flag: Option<Option<bool>>| flag.flatten().unwrap_or(false);
        let tags = pushed.and_then(|p| p.tag_support.as_ref());
        // In 3.18 a client may announce these for pulled diagnostics; older ones mean both by the pushed ones.
        let related = yes(pushed.map(|p| p.related_information)) || yes(pulled.map(|p| p.related_information));
        let tagged = tags.is_some_and(|t| t.value_set.contains(&DiagnosticTag::UNNECESSARY))
            || pulled.is_some_and(|p| p.tag_support.is_some());
        let resolved = actions.and_then(|a| a.resolve_support.as_ref());
        let options = params.initialization_options.as_ref();
        let settings = options.and_then(ClientSettings::read).unwrap_or_default();
        let offered = general.as_ref().and_then(|g| g.position_encodings.as_deref()).unwrap_or_default();
        Session {
            encoding: encoding(offered),
            pull: pulled.is_some(),
            refresh: yes(workspace.and_then(|w| w.diagnostics.as_ref()).map(|d| d.refresh_support)),
            related_documents: pulled.is_some_and(|p| p.related_document_support == Some(true)),
            related_information: related,
            unnecessary_tag: tagged,
            hover_markdown: document
                .and_then(|d| d.hover.as_ref())
                .and_then(|h| h.content_format.as_ref())
                .is_some_and(|f| f.contains(&MarkupKind::Markdown)),
            code_action_literals: actions.is_some_and(|a| a.code_action_literal_support.is_some()),
            preferred_actions: yes(actions.map(|a| a.is_preferred_support)),
            document_changes: yes(workspace.and_then(|w| w.workspace_edit.as_ref()).map(|e| e.document_changes)),
            confirms_changes: workspace
                .and_then(|w| w.workspace_edit.as_ref())
                .is_some_and(|e| e.change_annotation_support.is_some()),
            configuration: yes(workspace.map(|w| w.configuration)),
            watch_configuration: yes(workspace
                .and_then(|w| w.did_change_configuration.as_ref())
                .map(|d| d.dynamic_registration)),
            watch_files: yes(workspace
                .and_then(|w| w.did_change_watched_files.as_ref())
                .map(|d| d.dynamic_registration)),
            resolve_edits: resolved.is_some_and(|r| r.properties.iter().any(|p| p == "edit"))
                && yes(actions.map(|a| a.data_support)),
            refresh_hints: yes(workspace.and_then(|w| w.inlay_hint.as_ref()).map(|d| d.refresh_support)),
            refresh_lenses: yes(workspace.and_then(|w| w.code_lens.as_ref()).map(|d| d.refresh_support)),
            progress: yes(window.as_ref().map(|w| w.work_done_progress)),
            opens_documents: window.as_ref().and_then(|w| w.show_document.as_ref()).is_some_and(|s| s.support),
            symbol_tree: yes(document
                .and_then(|d| d.document_symbol.as_ref())
                .map(|d| d.hierarchical_document_symbol_support)),
            pull_workspace: pulled.is_some() && settings.diagnostics.scope == Scope::Workspace,
            shows_documents: options.and_then(|o| o.get("showsDocuments")).and_then(serde_json::Value::as_bool)
                == Some(true),
        }
    }

    /// The encoding in the protocol's words.
    pub(crate) fn encoding_kind(&self) -> PositionEncodingKind {
        match self.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }
    }
}

/// The encoding that costs least among those offered; UTF-16 is always allowed.
fn encoding(offered: &[PositionEncodingKind]) -> Encoding {
    if offered.contains(&PositionEncodingKind::UTF8) {
        Encoding::Utf8
    } else if offered.is_empty() || offered.contains(&PositionEncodingKind::UTF16) {
        Encoding::Utf16
    } else if offered.contains(&PositionEncodingKind::UTF32) {
        Encoding::Utf32
    } else {
        Encoding::Utf16
    }
}

/// The editor's own settings, section `sidenote`. Keys that are not known are ignored: an editor may be newer.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClientSettings {
    /// Whether anything is reported.
    pub enable: bool,
    /// Whether rules are used that the workspace brings (`[rules] paths`); off in one that is not trusted.
    pub workspace_rules: bool,
    /// Whether local models are asked anything; off in a workspace that is not trusted.
    pub local_models: bool,
    pub diagnostics: DiagnosticSettings,
    pub inlay_hints: HintSettings,
    pub code_lens: LensSettings,
    pub similar: SimilarSettings,
}

impl Default for ClientSettings {
    fn default() -> ClientSettings {
        ClientSettings {
            enable: true,
            workspace_rules: true,
            local_models: true,
            diagnostics: DiagnosticSettings::default(),
            inlay_hints: HintSettings::default(),
            code_lens: LensSettings::default(),
            similar: SimilarSettings::default(),
        }
    }
}

/// Which files have diagnostics.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DiagnosticSettings {
    pub scope: Scope,
}

/// Which files have diagnostics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Scope {
    /// Those that are open.
    #[default]
    OpenFiles,
    /// All of the workspace.
    Workspace,
}

/// Annotations at the ends of lines.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HintSettings {
    pub mode: HintMode,
    /// Findings of which categories have one.
    pub categories: Vec<Category>,
}

impl Default for HintSettings {
    fn default() -> HintSettings {
        HintSettings { mode: HintMode::default(), categories: Category::ALL.to_vec() }
    }
}

/// What an annotation says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum HintMode {
    Off,
    /// The rule.
    #[default]
    Compact,
    /// What is wrong, in a sentence.
    Full,
}

/// Lenses.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LensSettings {
    /// The file's health, above its first line.
    pub health: bool,
    /// A function's cognitive complexity from this on; 0 for none.
    pub complexity: u32,
}

impl Default for LensSettings {
    fn default() -> LensSettings {
        LensSettings { health: true, complexity: 15 }
    }
}

/// Functions that are like others, by a local model.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SimilarSettings {
    /// Whether functions are given to the model at all.
    pub enable: bool,
    /// A lens above each function that is like another one.
    pub lens: bool,
    /// A note behind the head of such a function that is being written.
    pub hint: bool,
}

impl Default for SimilarSettings {
    fn default() -> SimilarSettings {
        SimilarSettings { enable: true, lens: true, hint: true }
    }
}

impl ClientSettings {
    /// Reads settings as a client sends them: the section itself, or an object that holds it. `None` if they cannot be
    /// read; a client without any says `null`.
    pub(crate) fn read(value: &serde_json::Value) -> Option<ClientSettings> {
        let section = value.get("sidenote").unwrap_or(value);
        if section.is_null() {
            return Some(ClientSettings::default());
        }
        serde_json::from_value(section.clone()).map_err(|e| tracing::warn!("settings cannot be read: {e}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_chosen_from_the_offered_ones() {
        use PositionEncodingKind as K;
        assert_eq!(encoding(&[]), Encoding::Utf16);
        assert_eq!(encoding(&[K::UTF16, K::UTF8]), Encoding::Utf8);
        assert_eq!(encoding(&[K::UTF32, K::UTF16]), Encoding::Utf16);
        assert_eq!(encoding(&[K::UTF32]), Encoding::Utf32);
    }

    #[test]
    fn settings_are_read_in_both_shapes() {
        let read = |json: &str| ClientSettings::read(&serde_json::from_str(json).expect("json")).map(|s| s.enable);
        assert_eq!(read("null"), Some(true));
        assert_eq!(read(r#"{"enable": false}"#), Some(false));
        assert_eq!(read(r#"{"sidenote": {"enable": false, "newer": 1}}"#), Some(false));
        assert_eq!(read(r#"{"enable": 3}"#), None);
        let json = r#"{"inlayHints": {"mode": "full", "categories": ["security"]}, "codeLens": {"complexity": 0}}"#;
        let read = ClientSettings::read(&serde_json::from_str(json).expect("json")).expect("settings");
        assert_eq!(read.inlay_hints, HintSettings { mode: HintMode::Full, categories: vec![Category::Security] });
        assert_eq!(read.code_lens, LensSettings { health: true, complexity: 0 });
    }
}
