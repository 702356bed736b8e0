//! Configuration: which rules speak, how loudly, and where.

use std::sync::Arc;

use crate::findings::{Category, Severity};
use crate::rules;

/// What a rule is set to for a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleSetting {
    /// Whether it runs.
    pub enabled: bool,
    /// Replaces its severity.
    pub severity: Option<Severity>,
}

/// What holds for one file.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// By position in [`rules::all`].
    pub rules: Vec<RuleSetting>,
    /// Cognitive complexity above which a function is reported.
    pub cognitive_complexity: u32,
    /// Whether rules that leave test code alone speak there too.
    pub include_tests: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            rules: rules::all().iter().map(|r| RuleSetting { enabled: r.default_on, severity: None }).collect(),
            cognitive_complexity: 15,
            include_tests: false,
        }
    }
}

/// Selects rules by id, category name, `CWE-n`, or `all`.
pub fn matches(selector: &str, rule: &rules::Rule) -> bool {
    selector == "all"
        || selector == rule.id
        || Category::ALL.iter().any(|c| c.name() == selector && *c == rule.category)
        || selector.strip_prefix("CWE-").and_then(|n| n.parse().ok()).is_some_and(|n: u16| rule.cwe.contains(&n))
}

/// The configuration of a workspace: settings for every path.
#[derive(Clone, Debug, Default)]
pub struct Config {
    base: Arc<Settings>,
}

impl Config {
    /// The settings of a file, by its path relative to the workspace, with `/`.
    pub fn settings(&self, _path: &str) -> Arc<Settings> {
        self.base.clone()
    }
}

impl Config {
    /// A configuration in which every rule is on, test code included.
    pub fn everything() -> Config {
        let mut settings = Settings { include_tests: true, ..Settings::default() };
        settings.rules.iter_mut().for_each(|r| r.enabled = true);
        Config { base: Arc::new(settings) }
    }
}
