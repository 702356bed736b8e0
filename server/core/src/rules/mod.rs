//! Rules: one file each, registered by the build script from what lies in `rules/*/`.
//!
//! A rule's file holds a `pub static RULE: Rule`: its metadata, its docs, its checks and its cases. The rule's id
//! completes the sentence "allow ___".

mod registry {
    include!(concat!(env!("OUT_DIR"), "/registry.rs"));
}
mod case;
pub mod declared;
mod docs;
pub(crate) mod evidence;
pub(crate) mod fulfilled;
pub(crate) mod lists;
mod measure;
pub(crate) mod queries;
pub(crate) mod rejections;
pub(crate) mod remedies;
pub(crate) mod requests;
mod rust_bodies;
pub(crate) mod rust_clones;
pub(crate) mod rust_code;
pub(crate) mod rust_foreign;
pub(crate) mod rust_guards;
pub mod rust_items;
pub(crate) mod rust_layout;
pub(crate) mod rust_names;
pub(crate) mod rust_sql;
pub(crate) mod rust_types;
pub(crate) mod secrets;
pub(crate) mod shape;
pub(crate) mod support;
pub(crate) mod unawaited;
pub(crate) mod vue;

pub use case::{Case, Verdict};
pub use docs::markdown;
pub use measure::{Measure, measure};

use std::sync::Arc;

use sidenote_grammars::{Family, Kind};

use crate::blocks::Block;
use crate::config::Settings;
use crate::findings::{Category, Confidence, Note, Severity};
use crate::semantics::flow::kinds::SinkKind;
use crate::semantics::flow::{CallView, WriteView};
use crate::semantics::imports::Imports;
use crate::syntax::{Arena, Node};

/// A rule.
pub struct Rule {
    /// Stable id, kebab case; it completes "allow ___".
    pub id: &'static str,
    /// What it finds, in one line without a full stop.
    pub summary: &'static str,
    /// What it is about.
    pub category: Category,
    /// How bad a finding is, unless configured otherwise.
    pub severity: Severity,
    /// How sure a finding is, unless the check says otherwise.
    pub confidence: Confidence,
    /// Numbers of the Common Weakness Enumeration.
    pub cwe: &'static [u16],
    /// Language families that it reads.
    pub families: &'static [Family],
    /// Whether it is on without being selected.
    pub default_on: bool,
    /// Whether it speaks in test code too.
    pub in_tests: bool,
    /// Its documentation.
    pub docs: Docs,
    /// How it looks.
    pub checks: &'static [Check],
    /// Its cases: at least four bad, four good and two near misses.
    pub cases: &'static [Case],
}

/// Documentation under fixed headings; Markdown.
pub struct Docs {
    /// What it does.
    pub what: &'static str,
    /// Why this is bad.
    pub why: &'static str,
    /// Example: code that is flagged.
    pub example: &'static str,
    /// Use instead: code that is not.
    pub instead: &'static str,
    /// What it leaves alone and what it cannot see.
    pub limits: &'static str,
    /// Fix safety; empty where there is no fix.
    pub fix: &'static str,
}

/// A check of one node.
pub type NodeCheck = for<'a> fn(Node<'a>, &mut Cx<'a>);

/// A check of one call.
pub type CallCheck = for<'a> fn(&CallView<'a>, &mut Vec<Note>);

/// A check of one write to a property.
pub type WriteCheck = for<'a> fn(&WriteView<'a>, &mut Vec<Note>);

/// A check of one block.
pub type BlockCheck = for<'a> fn(&mut Cx<'a>);

/// How a rule looks at code.
pub enum Check {
    /// Called for every node of these kinds.
    Nodes(&'static [Kind], NodeCheck),
    /// Called once for every block.
    Block(BlockCheck),
    /// Speaks when data reaches a sink of these kinds. In the message `{source}` is what the data is and `{sink}` the name of
    /// the function or property that it reaches.
    Flow(&'static [SinkKind], &'static str),
    /// Speaks where a `[[flag]]` of a model names the rule.
    Model,
    /// Called for every call of a function, method or macro (`name!`) of these names, with its arguments' values.
    Calls(&'static [&'static str], CallCheck),
    /// Called for every write to a property of these names, with the value.
    Writes(&'static [&'static str], WriteCheck),
}

/// What a check may see, and where it puts its notes. A check is a pure function of these.
pub struct Cx<'a> {
    /// The rule at work.
    pub rule: &'static Rule,
    /// The block at work.
    pub block: &'a Arc<Block>,
    /// The file.
    pub file: &'a FileFacts,
    /// Configuration.
    pub settings: &'a Settings,
    pub(crate) out: &'a mut Vec<Note>,
}

/// What is known of a file as a whole.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// Path relative to the workspace, with `/`.
    pub path: String,
    /// What the file imports, under which local names.
    pub imports: Imports,
    /// What the file's top level declares.
    pub declared: declared::Declared,
    /// Whether it is test code: it imports a test framework or calls its globals, or is named so.
    pub is_test: bool,
    /// Whether nobody mends its text: a compiler wrote it, or it is written in a language that only looks like JavaScript.
    pub is_compiled: bool,
    /// Whether it is somebody else's, kept here as it is.
    pub is_vendored: bool,
    /// Whether its code repeats itself on purpose, as its folder says: set-ups of tests, examples, migrations.
    pub is_practice: bool,
    /// Whether it shows people how something is used, as its folder says.
    pub is_example: bool,
    /// Whether it stands in for a service on the developer's own machine, as its folder says.
    pub is_emulator: bool,
    /// Whether it serves a project to those who work on it, as its name or folder says.
    pub is_dev_server: bool,
    /// Whether it is started from a command line: `#!/usr/bin/env node`.
    pub is_script: bool,
    /// Whether it shows how the package that it lies in is used.
    pub is_demo: bool,
}

impl FileFacts {
    /// Whether those who develop a program build it with the file, by its name.
    fn is_build(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
        matches!(stem.as_str(), "npm-scripts" | "gulpfile" | "gruntfile" | "jakefile")
    }

    /// Whether what the file is for makes a rule's findings in it nobody's concern.
    pub fn is_beside(&self, rule: &Rule) -> bool {
        // Its users, secrets and pages are made up; files and programs are the developer's.
        const REACHES: [&str; 8] = [
            "command-injection",
            "code-injection",
            "path-traversal",
            "prototype-pollution",
            "sql-injection",
            "tls-verification-disabled",
            "unsafe-deserialization",
            "xxe",
        ];
        // Settings that a program in use has, and what strangers send to one.
        const SETTINGS: [&str; 11] = [
            "clear-text-logging",
            "electron-insecure",
            "exposed-files",
            "hardcoded-secret",
            "insecure-cookie",
            "log-injection",
            "mass-assignment",
            "missing-rate-limit",
            "resource-exhaustion",
            "stack-trace-exposure",
            "xss",
        ];
        let security = rule.category == crate::findings::Category::Security;
        // What a command prints is what it was asked for.
        security && self.is_emulator && !REACHES.contains(&rule.id)
            // All files that it could give are those of whoever asks.
            || self.is_dev_server && matches!(rule.id, "path-traversal" | "format-string" | "log-injection")
            || self.is_script && rule.id == "clear-text-logging"
            || rule.id == "command-injection" && self.is_build()
            || self.is_demo && SETTINGS.contains(&rule.id)
    }
}

impl<'a> Cx<'a> {
    /// Reports a note.
    pub fn report(&mut self, note: Note) {
        self.out.push(note);
    }

    /// The language family of the block.
    pub fn family(&self) -> Family {
        self.block.arena().language().family
    }

    /// The block's syntax.
    pub fn arena(&self) -> &'a Arena {
        self.block.arena()
    }

    /// The node itself, or, behind a placeholder, the root of the child block's syntax. Spans of that one are in the
    /// child's own text: never report them from here.
    pub fn open(&self, node: Node<'a>) -> Node<'a> {
        match node.hole().and_then(|n| self.block.child(n)) {
            Some(child) => child.arena().root(),
            None => node,
        }
    }

    /// Whether a name is bound in the block or by the file, so that it is not the global of that name.
    pub fn is_bound(&self, name: &str) -> bool {
        self.file.imports.binds(name) || self.block.hir().locals.iter().any(|l| l.name == name)
    }
}

/// The expression inside any parentheses.
pub fn unparenthesized(mut node: Node<'_>) -> Node<'_> {
    while node.kind() == Kind::ParenthesizedExpression {
        let Some(inner) = node.first_named() else { break };
        node = inner;
    }
    node
}

/// The cognitive complexity of each function of a block that is measured by itself, with the span of its head.
pub fn complexity(block: &Block) -> Vec<(crate::syntax::Span, u32)> {
    registry::common_cognitive_complexity::complexity(block)
}

/// The head of a function, its cognitive complexity, and each increment with its place.
pub type Complexity = (crate::syntax::Span, u32, Vec<(crate::syntax::Span, String)>);

/// The same with each increment and its place.
pub fn complexity_places(block: &Block) -> Vec<Complexity> {
    registry::common_cognitive_complexity::places(block)
}

/// Every built-in rule, sorted by id.
pub fn all() -> &'static [&'static Rule] {
    registry::RULES
}

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static Rule> {
    index(id).map(|i| all()[i])
}

/// The position of a rule in [`all`].
pub fn index(id: &str) -> Option<usize> {
    all().binary_search_by(|r| r.id.cmp(id)).ok()
}

/// Ids that look like a mistyped one, best first, at most three.
pub fn suggestions(id: &str) -> Vec<&'static str> {
    let mut near: Vec<_> =
        all().iter().map(|r| (strsim::jaro_winkler(id, r.id), r.id)).filter(|(s, _)| *s > 0.8).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, id)| id).collect()
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

#[cfg(test)]
mod tests;
