//! What `sidenote.toml` may hold. The published JSON schema is made from these types, and the check of a file's keys
//! and types is made from that schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::findings::Severity;
use crate::semantics::flow::RawModel;

/// Configuration of Sidenote, in `sidenote.toml`.
///
/// A file holds for its folder and builds on the nearest one further up in the same repository, unless it says `extends` or `root`.
/// Selectors name rules: a rule's id, a category (`security`, `performance`, `quality`), `CWE-` with a number, `default`
/// (what is on unless configured otherwise) or `all`. Globs are relative to the folder of the `sidenote.toml` that was
/// found, also those of a file that it extends; one without `/` matches in every folder, and one that matches a folder
/// matches all that is in it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "sidenote.toml")]
pub(super) struct File {
    /// For editors that read a schema's address from the file; ignored.
    #[serde(default, rename = "$schema")]
    #[schemars(with = "String")]
    pub _schema: Option<String>,
    /// Another configuration that this one builds on, instead of the nearest one further up: a path relative to this file, inside
    /// of the same repository.
    #[serde(default)]
    #[schemars(with = "String")]
    pub extends: Option<Spanned<String>>,
    /// Whether this file builds on none further up; default `false`.
    #[serde(default)]
    pub root: bool,
    /// Which rules speak, and how loudly.
    #[serde(default)]
    pub rules: Rules,
    /// Which files are looked at.
    #[serde(default)]
    pub files: Files,
    /// Other settings for some paths; later ones win.
    #[serde(default)]
    pub overrides: Vec<Override>,
    /// How many findings there may be in the files of this folder, by selector; more of them fail a scan.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, u32>")]
    pub budgets: BTreeMap<Spanned<String>, Spanned<u32>>,
    /// Files with models of libraries.
    #[serde(default)]
    pub models: Models,
    /// What libraries, and your own functions, do with data: sources, sinks, sanitizers.
    #[serde(default, rename = "model")]
    pub model: Vec<RawModel>,
}

/// Files with models of libraries.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Models {
    /// Paths of TOML files in the format of `[[model]]`, one model each, relative to this file and inside of the same repository;
    /// `*` in a file's name stands for any text.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub paths: Vec<Spanned<String>>,
}

/// Which rules speak, and how loudly.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Rules {
    /// The rules that run, instead of those of the extended file or of `["default"]`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub select: Option<Vec<Spanned<String>>>,
    /// Rules that do not run although they are selected.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub ignore: Vec<Spanned<String>>,
    /// YAML files with rules of your own, in ast-grep's language: paths relative to this file and inside of the same repository; `*`
    /// in a file's name stands for any text.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub paths: Vec<Spanned<String>>,
    /// Severities by selector; an id counts more than a CWE, that more than a category, that more than `all`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Severity>")]
    pub severity: BTreeMap<Spanned<String>, Severity>,
    /// Whether rules that leave test code alone speak there too; default `false`.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub include_tests: Option<bool>,
    /// Settings of the rule `cognitive-complexity`.
    #[serde(default)]
    pub cognitive_complexity: CognitiveComplexity,
}

/// Settings of the rule `cognitive-complexity`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CognitiveComplexity {
    /// Complexity above which a function is reported; default 15.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    pub threshold: Option<u32>,
}

/// Which files are looked at.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Files {
    /// Globs of the files that are looked at; all of them if there is none.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub include: Option<Vec<Spanned<String>>>,
    /// Globs of files that are left out; added to those of the extended file.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub exclude: Vec<Spanned<String>>,
    /// Seconds of processor time that the analysis of a file may take; what is left then is reported as not analysed. Zero is without end; default 30.
    #[serde(default)]
    #[schemars(with = "f64", range(min = 0, max = 86400))]
    pub timeout: Option<f64>,
}

/// Other settings for some paths.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Override {
    /// Globs of the files that it is for.
    #[schemars(with = "Vec<String>")]
    pub paths: Vec<Spanned<String>>,
    /// Rules that run here too.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub select: Vec<Spanned<String>>,
    /// Rules that do not run here.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub ignore: Vec<Spanned<String>>,
    /// Severities here.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Severity>")]
    pub severity: BTreeMap<Spanned<String>, Severity>,
    /// Whether rules that leave test code alone speak here too.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub include_tests: Option<bool>,
    /// Settings of the rule `cognitive-complexity` here.
    #[serde(default)]
    pub cognitive_complexity: CognitiveComplexity,
}

/// The JSON schema of `sidenote.toml`, draft 2020-12, with a final line break.
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schema_value()).unwrap_or_default();
    text.push('\n');
    text
}

pub(super) fn schema_value() -> serde_json::Value {
    schemars::schema_for!(File).to_value()
}

/// The schema of a file with one model.
pub(super) fn model_schema_value() -> serde_json::Value {
    schemars::schema_for!(RawModel).to_value()
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::disallowed_methods, reason = "a test reads and, when asked, writes the published file")]
    fn the_published_schema_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sidenote.schema.json");
        if std::env::var_os("SIDENOTE_BLESS").is_some() {
            std::fs::write(path, super::schema()).expect("write");
        }
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(published.replace("\r\n", "\n"), super::schema(), "run `cargo x docs` to write it anew");
    }
}
