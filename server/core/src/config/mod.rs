//! Configuration: which rules speak, how loudly, and where.
//!
//! A [`Config`] is made of layers: the defaults, each file from the bottom of an `extends` chain to its top, and what the
//! command line or the editor says. Every layer may replace the selection, then takes rules out of it. Overrides for paths come last.

mod check;
mod error;
mod file;
mod glob;
mod load;
mod own;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use error::{ConfigError, Problem};
pub use file::schema;
pub use load::{FILE_NAME, discover, repository_root};

use crate::findings::{Category, Severity};
use crate::patterns::Patterns;
use crate::rules;
use crate::semantics::flow::ModelSet;
pub(crate) use glob::Globs;

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
    /// By position in [`rules::all`]; behind those the ones of [`Settings::patterns`].
    pub rules: Vec<RuleSetting>,
    /// Cognitive complexity above which a function is reported.
    pub cognitive_complexity: u32,
    /// Whether rules that leave test code alone speak there too.
    pub include_tests: bool,
    /// What is known of libraries.
    pub models: ModelSet,
    /// One's own rules.
    pub patterns: Patterns,
}

impl Settings {
    /// Every rule, one's own behind the built-in ones; in the order of [`Settings::rules`].
    pub fn every(&self) -> impl Iterator<Item = &'static rules::Rule> + '_ {
        rules::all().iter().copied().chain(self.patterns.rules())
    }

    /// The rule of that id with what it is set to.
    pub fn find(&self, id: &str) -> Option<(&'static rules::Rule, RuleSetting)> {
        let at = rules::index(id).or_else(|| Some(rules::all().len() + self.patterns.index(id)?))?;
        Some((self.every().nth(at)?, *self.rules.get(at)?))
    }

    /// Names them: what has the same name finds the same.
    pub fn key(&self) -> [u8; 16] {
        let Settings { rules, cognitive_complexity, include_tests, models, patterns } = self;
        let mut hasher = blake3::Hasher::new();
        for RuleSetting { enabled, severity } in rules {
            hasher.update(&[u8::from(*enabled), severity.map_or(0, |s| s as u8 + 1)]);
        }
        hasher.update(&cognitive_complexity.to_le_bytes());
        hasher.update(&[u8::from(*include_tests)]);
        for key in [models.key(), patterns.key()] {
            hasher.update(key.as_ref().map_or(&[0; 32][..], |k| k.as_bytes()));
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        key
    }

    /// Takes one's own rules in.
    fn adopt(&mut self, patterns: Patterns) {
        self.rules.truncate(rules::all().len());
        self.rules.extend(patterns.rules().map(|r| RuleSetting { enabled: r.default_on, severity: None }));
        self.patterns = patterns;
    }
}

/// SonarSource's own limit.
const DEFAULT_COMPLEXITY: u32 = 15;

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            rules: rules::all().iter().map(|r| RuleSetting { enabled: r.default_on, severity: None }).collect(),
            cognitive_complexity: DEFAULT_COMPLEXITY,
            include_tests: false,
            models: ModelSet::default(),
            patterns: Patterns::default(),
        }
    }
}

/// Selects rules by id, category name, `CWE-n`, `default` (those that are on unless configured otherwise), or `all`.
pub fn matches(selector: &str, rule: &rules::Rule) -> bool {
    selector == "all"
        || selector == "default" && rule.default_on
        || selector == rule.id
        || Category::ALL.iter().any(|c| c.name() == selector && *c == rule.category)
        || cwe(selector).is_some_and(|n| rule.cwe.contains(&n))
}

fn cwe(selector: &str) -> Option<u16> {
    selector.strip_prefix("CWE-").and_then(|n| n.parse().ok())
}

/// Why a selector selects nothing that could exist, with what may have been meant.
pub fn check_selector(selector: &str) -> Result<(), Problem> {
    let category = Category::ALL.iter().any(|c| c.name() == selector);
    if selector == "all"
        || selector == "default"
        || category
        || cwe(selector).is_some()
        || rules::find(selector).is_some()
    {
        return Ok(());
    }
    let mut problem =
        Problem { range: None, message: format!("there is no rule or category `{selector}`"), help: None };
    let names: Vec<&str> = Category::ALL.iter().map(|c| c.name()).chain(["default", "all"]).collect();
    let near = rules::suggestions(selector).first().copied().or_else(|| check::near(selector, &names));
    problem.help = Some(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`sidenote rules` lists them".to_owned(),
    });
    Err(problem)
}

/// The same, with one's own rules beside the built-in ones.
fn check_own_selector(selector: &str, patterns: &Patterns) -> Result<(), Problem> {
    if patterns.index(selector).is_some() {
        return Ok(());
    }
    check_selector(selector).map_err(|mut problem| {
        let ids: Vec<&str> = patterns.rules().map(|r| r.id).collect();
        if let Some(near) = check::near(selector, &ids) {
            problem.help = Some(format!("did you mean `{near}`?"));
        }
        problem
    })
}

/// How much a selector says: a rule's id more than a CWE, that more than a category, that more than `all`.
fn rank(selector: &str) -> u8 {
    match selector {
        "all" | "default" => 0,
        s if Category::ALL.iter().any(|c| c.name() == s) => 1,
        s if s.starts_with("CWE-") => 2,
        _ => 3,
    }
}

/// What one layer says; checked.
#[derive(Clone, Debug, Default)]
struct Layer {
    /// Replaces the selection; in an override, is added to it.
    select: Option<Vec<String>>,
    ignore: Vec<String>,
    severity: Vec<(String, Severity)>,
    cognitive_complexity: Option<u32>,
    include_tests: Option<bool>,
}

impl Layer {
    fn apply(&self, settings: &mut Settings, adds: bool) {
        let any = |list: &[String], rule| list.iter().any(|s| matches(s, rule));
        let every: Vec<_> = settings.every().collect();
        for (setting, rule) in settings.rules.iter_mut().zip(every) {
            if let Some(select) = &self.select {
                setting.enabled = any(select, rule) || adds && setting.enabled;
            }
            setting.enabled &= !any(&self.ignore, rule);
            let wanted = self.severity.iter().filter(|(s, _)| matches(s, rule));
            if let Some((_, severity)) = wanted.max_by_key(|(s, _)| rank(s)) {
                setting.severity = Some(*severity);
            }
        }
        settings.cognitive_complexity = self.cognitive_complexity.unwrap_or(settings.cognitive_complexity);
        settings.include_tests = self.include_tests.unwrap_or(settings.include_tests);
    }
}

/// Where the configuration's folder, to which its globs are relative, lies as seen from the workspace.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Place {
    #[default]
    Same,
    /// Above: this, with a final `/`, leads from it to the workspace.
    Above(String),
    /// Below, by this path with a final `/`.
    Below(String),
    /// On another branch of the file system.
    Elsewhere,
}

/// The configuration of a workspace: settings for every path.
#[derive(Clone, Debug, Default)]
pub struct Config {
    base: Arc<Settings>,
    place: Place,
    overrides: Arc<[(Globs, Layer)]>,
    include: Option<Globs>,
    exclude: Vec<Globs>,
    /// By position in [`Settings::rules`]: what overrides may switch on.
    only: Option<Arc<[bool]>>,
    sources: Vec<PathBuf>,
    data: Vec<PathBuf>,
    /// Settings by the overrides that match, by position.
    made: Arc<Mutex<HashMap<Vec<u16>, Arc<Settings>>>>,
}

impl Config {
    /// Loads a configuration file with what it extends. Paths given to [`Config::settings`] are relative to `workspace`.
    ///
    /// # Errors
    /// When a file cannot be read or used.
    pub fn load(system: &dyn crate::system::System, file: &Path, workspace: &Path) -> Result<Config, ConfigError> {
        load::load(system, file, workspace, true)
    }

    /// The same without the rules that the repository brings in `[rules] paths`, for one that is not trusted. Selectors may
    /// name them all the same.
    ///
    /// # Errors
    /// When a file cannot be read or used.
    pub fn load_without_rules(
        system: &dyn crate::system::System,
        file: &Path,
        workspace: &Path,
    ) -> Result<Config, ConfigError> {
        load::load(system, file, workspace, false)
    }

    /// A configuration in which every rule is on and strict, test code included.
    pub fn everything() -> Config {
        let mut settings = Settings { include_tests: true, ..Settings::default() };
        settings.rules.iter_mut().for_each(|r| r.enabled = true);
        Config { base: Arc::new(settings), ..Config::default() }
    }

    /// Puts a selection over it, as `--select` and `--ignore` do: an empty `select` keeps the configured one; otherwise
    /// nothing else runs, whatever overrides for paths say.
    ///
    /// # Errors
    /// When a selector names nothing.
    pub fn narrowed(mut self, select: &[String], ignore: &[String]) -> Result<Config, ConfigError> {
        let problems: Vec<_> =
            select.iter().chain(ignore).filter_map(|selector| self.check_selector(selector).err()).collect();
        if !problems.is_empty() {
            return Err(ConfigError { path: None, text: "".into(), problems });
        }
        let layer = Layer {
            select: (!select.is_empty()).then(|| select.to_vec()),
            ignore: ignore.to_vec(),
            ..Layer::default()
        };
        let mut settings = (*self.base).clone();
        layer.apply(&mut settings, false);
        let may = |r: &'static rules::Rule| {
            (select.is_empty() || select.iter().any(|s| matches(s, r))) && !ignore.iter().any(|s| matches(s, r))
        };
        self.only = Some(settings.every().map(may).collect());
        self.base = Arc::new(settings);
        self.made = Arc::default();
        Ok(self)
    }

    /// Why a selector selects nothing that could exist, one's own rules included.
    ///
    /// # Errors
    /// When it names nothing, with what may have been meant.
    pub fn check_selector(&self, selector: &str) -> Result<(), Problem> {
        check_own_selector(selector, &self.base.patterns)
    }

    /// The settings of a file, by its path relative to the workspace, with `/`.
    pub fn settings(&self, path: &str) -> Arc<Settings> {
        let Some(path) = self.own(path).filter(|_| !self.overrides.is_empty()) else { return self.base.clone() };
        let matching: Vec<u16> = (0u16..)
            .zip(self.overrides.iter())
            .filter(|(_, (globs, _))| globs.matches(&path))
            .map(|(i, _)| i)
            .collect();
        if matching.is_empty() {
            return self.base.clone();
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(settings) = made.get(&matching) {
            return settings.clone();
        }
        let mut settings = (*self.base).clone();
        for i in &matching {
            self.overrides[*i as usize].1.apply(&mut settings, true);
        }
        if let Some(only) = &self.only {
            settings.rules.iter_mut().zip(only.iter()).for_each(|(setting, only)| setting.enabled &= only);
        }
        let settings = Arc::new(settings);
        made.insert(matching, settings.clone());
        settings
    }

    /// Whether `[files]` leaves a file in, by its path relative to the workspace, with `/`.
    pub fn includes(&self, path: &str) -> bool {
        let Some(path) = self.own(path) else { return true };
        self.include.as_ref().is_none_or(|globs| globs.matches(&path)) && !self.exclude.iter().any(|g| g.matches(&path))
    }

    /// The files it was made of, the topmost first.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// The files with models and rules that those name.
    pub fn data(&self) -> &[PathBuf] {
        &self.data
    }

    /// A workspace path as seen from the configuration's folder; `None` if it lies outside.
    fn own<'p>(&self, path: &'p str) -> Option<std::borrow::Cow<'p, str>> {
        match &self.place {
            Place::Same => Some(path.into()),
            Place::Above(prefix) => Some(format!("{prefix}{path}").into()),
            Place::Below(prefix) => path.strip_prefix(prefix.as_str()).map(Into::into),
            Place::Elsewhere => None,
        }
    }
}

#[cfg(test)]
mod tests;
