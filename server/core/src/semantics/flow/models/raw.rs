//! A model as it is written in TOML. The published schema of `[[model]]` is made from these types.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::super::kinds::{SinkKind, SourceKind};

/// Text with its place in the file, for errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Text(toml::Spanned<String>);

impl Text {
    pub(super) fn span(&self) -> Range<usize> {
        self.0.span()
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.get_ref()
    }
}

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

fn sink_kind(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = SinkKind::ALL.iter().map(|k| k.name()).collect();
    json_schema!({ "type": "string", "enum": names })
}

fn sink_kinds(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = SinkKind::ALL.iter().map(|k| k.name()).chain(["all"]).collect();
    json_schema!({ "type": "array", "items": { "type": "string", "enum": names } })
}

fn source_kind(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = SourceKind::ALL.iter().map(|k| k.name()).collect();
    json_schema!({ "type": "string", "enum": names })
}

/// What a library does: where foreign data comes in, where it does harm, and what makes it harmless.
///
/// The format is that of Sidenote's own models. Functions are named by their API path: `pg.Client.query`,
/// `std::fs::read`; `{a,b}` expands; `*.name` is a method of that name on a receiver of unknown type; a name without a dot is a
/// global, or a function of your own program of that name.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Model")]
pub struct RawModel {
    /// The library's name, or a theme.
    pub library: Text,
    /// The language that it is for; both families if it is left out.
    #[serde(default)]
    pub language: Option<ModelLanguage>,
    /// Types of instances.
    #[serde(default, rename = "type")]
    pub types: Vec<RawType>,
    /// What functions do with the data that goes through them.
    #[serde(default, rename = "call")]
    pub calls: Vec<RawCall>,
    /// Where foreign data comes in.
    #[serde(default, rename = "source")]
    pub sources: Vec<RawSource>,
    /// Where it does harm.
    #[serde(default, rename = "sink")]
    pub sinks: Vec<RawSink>,
    /// What is wrong by its constants alone.
    #[serde(default, rename = "flag")]
    pub flags: Vec<RawFlag>,
    /// Types of parameters by the names that people give them.
    #[serde(default, rename = "convention")]
    pub conventions: Vec<RawConvention>,
    /// Names of unknown functions that hand their arguments' text on.
    #[serde(default)]
    pub transforms: Vec<String>,
    /// Words in names of unknown functions that make text harmless.
    #[serde(default, rename = "cleaner")]
    pub cleaners: Vec<RawCleaner>,
}

impl Default for Text {
    fn default() -> Text {
        Text(toml::Spanned::new(0..0, String::new()))
    }
}

/// The language of a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModelLanguage {
    /// TypeScript and JavaScript.
    Typescript,
    /// The same.
    Javascript,
    /// Rust.
    Rust,
}

/// Types of a function's parameters, by the names that people give them, where no caller is known.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawConvention {
    /// For each parameter the names that it may have.
    pub names: Vec<Vec<String>>,
    /// For each parameter its type; an empty one is unknown.
    pub types: Vec<String>,
    /// Words of which the file must have one.
    #[serde(default)]
    pub words: Vec<String>,
}

/// Unknown functions with one of these words in their name (and one of `with`) make text harmless.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawCleaner {
    /// Words, in lower case.
    pub words: Vec<String>,
    /// Words of which one must be there too.
    #[serde(default)]
    pub with: Vec<String>,
    /// Kinds of sinks for which the text is harmless then.
    #[schemars(schema_with = "sink_kinds")]
    pub cleans: Vec<Text>,
}

/// An instance's type.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawType {
    /// Its name: `express.Request`.
    pub name: Text,
    /// Other paths of it: annotations, calls (`x.y()`).
    #[serde(default)]
    pub names: Vec<Text>,
    /// Types of its fields.
    #[serde(default)]
    pub members: BTreeMap<String, String>,
    /// The type whose members it has too.
    #[serde(default)]
    #[schemars(with = "String")]
    pub extends: Option<String>,
}

/// What a call does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawCall {
    /// API paths of the functions.
    pub r#fn: Vec<Text>,
    /// Type of the result; `this` for the receiver's own.
    #[serde(default)]
    #[schemars(with = "String")]
    pub returns: Option<String>,
    /// Types of the parameters of callbacks, by the argument that the callback is (`*`: any).
    #[serde(default)]
    pub callbacks: BTreeMap<String, Vec<String>>,
    /// Where values go: `arg0 > return`; an empty list: nothing comes out.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub flows: Option<Vec<Text>>,
    /// Kinds of sinks for which the result is harmless.
    #[serde(default)]
    #[schemars(schema_with = "sink_kinds")]
    pub cleans: Vec<Text>,
    /// What the call's truth says of a value.
    #[serde(default)]
    #[schemars(with = "RawGuard")]
    pub guards: Option<RawGuard>,
    /// Primitive type of the result: `string`, `number`, `boolean` or `object`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub types: Option<Text>,
    /// What the receiver or the result is afterwards.
    #[serde(default)]
    pub becomes: Vec<RawBecomes>,
    /// Whether it never comes back: it throws, or ends the program.
    #[serde(default)]
    pub ends: bool,
}

/// What the receiver is after the call.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawBecomes {
    /// The type.
    pub r#type: String,
    /// `this` or `return`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub port: Option<String>,
    /// When.
    #[serde(default)]
    pub when: Vec<RawCondition>,
}

/// What a call's truth says of a value.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawGuard {
    /// The value.
    pub port: Text,
    /// Kinds of sinks for which it is harmless then.
    #[schemars(schema_with = "sink_kinds")]
    pub cleans: Vec<Text>,
    /// Whether that holds where the call is true or where it is false.
    #[serde(default = "yes")]
    pub when: bool,
}

fn yes() -> bool {
    true
}

/// Where foreign data comes in.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSource {
    /// Members that are read.
    #[serde(default)]
    pub read: Vec<Text>,
    /// Types of parameters (Rust).
    #[serde(default)]
    pub r#type: Vec<Text>,
    /// Functions that are called.
    #[serde(default)]
    pub r#fn: Vec<Text>,
    /// Where it comes out of the call: `return`, `arg1`, `cb1.0`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub port: Option<Text>,
    /// When a call is one.
    #[serde(default)]
    pub when: Vec<RawCondition>,
    /// Whose data it is.
    #[schemars(schema_with = "source_kind")]
    pub kind: Text,
    /// What it is, for people: "the request's data".
    pub what: String,
    /// Kinds of sinks for which it is harmless from the start.
    #[serde(default)]
    #[schemars(schema_with = "sink_kinds")]
    pub cleans: Vec<Text>,
}

/// Where data does harm.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSink {
    /// Functions that are called.
    #[serde(default)]
    pub r#fn: Vec<Text>,
    /// Properties that are written.
    #[serde(default)]
    pub set: Vec<Text>,
    /// Where: `arg0`, `arg1.shell`, `this`, `value`.
    #[serde(default)]
    pub ports: Vec<Text>,
    /// Which harm.
    #[schemars(schema_with = "sink_kind")]
    pub kind: Text,
    /// When it is a sink; all conditions must hold.
    #[serde(default)]
    pub when: Vec<RawCondition>,
    /// Whether fields of the value count too.
    #[serde(default)]
    pub deep: bool,
}

/// A call or write that is wrong by its constants alone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawFlag {
    /// The rule that speaks.
    pub rule: Text,
    /// Functions that are called.
    #[serde(default)]
    pub r#fn: Vec<Text>,
    /// Properties that are written.
    #[serde(default)]
    pub set: Vec<Text>,
    /// What is flagged; the call's name by default.
    #[serde(default)]
    #[schemars(with = "String")]
    pub at: Option<Text>,
    /// When; all conditions must hold.
    #[serde(default)]
    pub when: Vec<RawCondition>,
    /// What is wrong; `{value}` is the constant that made it so.
    pub message: String,
}

/// A condition on a value; all parts that are given must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawCondition {
    /// The value.
    pub port: Text,
    /// One of these constants, for sure or possibly.
    #[serde(default, rename = "in")]
    #[schemars(with = "Vec<serde_json::Value>")]
    pub one_of: Vec<toml::Value>,
    /// None of these constants, for sure.
    #[serde(default)]
    #[schemars(with = "Vec<serde_json::Value>")]
    pub not_in: Vec<toml::Value>,
    /// The constant text holds one of these, in lower case.
    #[serde(default)]
    pub contains: Vec<String>,
    /// The constant text begins with one of these, in lower case.
    #[serde(default)]
    pub starts: Vec<String>,
    /// What the constant part of the text looks like: `sql`, `html` or `plain-http`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub looks: Option<Text>,
    /// Whether it is given at all.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub given: Option<bool>,
    /// Whether it is a constant.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub constant: Option<bool>,
    /// A number below this.
    #[serde(default)]
    #[schemars(with = "f64")]
    pub below: Option<f64>,
    /// Whether nothing is known of its beginning.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub bare: Option<bool>,
    /// The API path that it is.
    #[serde(default)]
    #[schemars(with = "String")]
    pub is: Option<String>,
    /// An API path that it is not.
    #[serde(default)]
    #[schemars(with = "String")]
    pub not_is: Option<String>,
}
