//! Configuration: which rules speak, how loudly, and where.
//!
//! A [`Config`] is made of layers: the defaults, each file from the bottom of an `extends` chain to its top with its overrides for
//! paths behind it, the outermost folder's first, and what the command line or the editor says. Every layer may replace the
//! selection, then takes rules out of it. Files in folders further down are found when a file there is asked for.

mod below;
mod budget;
mod check;
mod error;
mod file;
mod glob;
mod load;
mod own;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use budget::Budget;
pub use error::{ConfigError, Problem};
pub use file::schema;
pub use load::{FILE_NAME, discover, repository_root};

use crate::findings::{Category, Severity};
use crate::patterns::Patterns;
use crate::rules;
use crate::semantics::flow::ModelSet;
use crate::system::System;
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
    /// How long the analysis of a file may take; without end if there is none.
    pub time_limit: Option<Duration>,
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
        // What ran out of time is never kept under this name.
        let Settings { rules, cognitive_complexity, include_tests, models, patterns, time_limit: _ } = self;
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
/// A thousand times what a large file takes.
const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(30);

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            rules: rules::all().iter().map(|r| RuleSetting { enabled: r.default_on, severity: None }).collect(),
            cognitive_complexity: DEFAULT_COMPLEXITY,
            include_tests: false,
            models: ModelSet::default(),
            patterns: Patterns::default(),
            time_limit: Some(DEFAULT_TIME_LIMIT),
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
    /// In seconds; none for zero.
    time_limit: Option<f64>,
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
        if let Some(seconds) = self.time_limit {
            settings.time_limit = Duration::try_from_secs_f64(seconds).ok().filter(|d| !d.is_zero());
        }
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

impl Place {
    /// A workspace path as seen from the configuration's folder; `None` if it lies outside.
    fn own<'p>(&self, path: &'p str) -> Option<std::borrow::Cow<'p, str>> {
        match self {
            Place::Same => Some(path.into()),
            Place::Above(prefix) => Some(format!("{prefix}{path}").into()),
            Place::Below(prefix) => path.strip_prefix(prefix.as_str()).map(Into::into),
            Place::Elsewhere => None,
        }
    }
}

/// Globs with the place that they are seen from.
#[derive(Clone, Debug)]
struct Scope {
    place: Place,
    globs: Globs,
}

impl Scope {
    /// Whether a workspace path matches; `None` if it lies outside of the configuration's folder.
    fn matches(&self, path: &str) -> Option<bool> {
        self.place.own(path).map(|path| self.globs.matches(&path))
    }
}

/// The configuration of a workspace: settings for every path.
#[derive(Clone, Debug, Default)]
pub struct Config {
    base: Arc<Settings>,
    /// What comes over the base, each for the paths that match; that of a folder further in holds for all that it is asked for.
    steps: Arc<[(Option<Scope>, Layer)]>,
    include: Option<Scope>,
    exclude: Vec<Scope>,
    /// By position in [`Settings::rules`]: what overrides may switch on.
    only: Option<Arc<[bool]>>,
    sources: Vec<PathBuf>,
    data: Vec<PathBuf>,
    budgets: Vec<Budget>,
    /// The configurations of folders further down.
    below: Option<Arc<below::Below>>,
    /// Settings by the steps that match, by position.
    made: Arc<Mutex<HashMap<Vec<u16>, Arc<Settings>>>>,
}

impl Config {
    /// Loads a configuration file with what it extends, and nothing else. Paths given to [`Config::settings`] are relative to
    /// `workspace`.
    ///
    /// # Errors
    /// When a file cannot be read or used.
    pub fn load(system: &dyn System, file: &Path, workspace: &Path) -> Result<Config, ConfigError> {
        load::load(system, file, workspace, &load::How { with_rules: true, with_outer: false })
    }

    /// The configuration that holds in a folder: the nearest file in it or above it over those further up, inside of its
    /// repository. Files in folders further down hold there; they are read when a file there is asked for. Without `rules` those
    /// that the repository brings in `[rules] paths` are left out, for one that is not trusted; selectors may name them all the same.
    ///
    /// # Errors
    /// When a file cannot be read or used.
    pub fn of_folder(
        system: Arc<dyn System>,
        folder: &Path,
        workspace: &Path,
        rules: bool,
    ) -> Result<Config, ConfigError> {
        let file = discover(&*system, folder);
        let mut config = match &file {
            Some(file) => load::load(&*system, file, workspace, &load::How { with_rules: rules, with_outer: true })?,
            None => Config::default(),
        };
        config.below = Some(Arc::new(below::Below::new(system, workspace, file, rules)));
        Ok(config)
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
    pub fn narrowed(self, select: &[String], ignore: &[String]) -> Result<Config, ConfigError> {
        let narrow = self.narrow(select, ignore);
        let problems: Vec<_> =
            select.iter().chain(ignore).filter_map(|selector| narrow.check_selector(selector).err()).collect();
        if problems.is_empty() { Ok(narrow) } else { Err(ConfigError { path: None, text: "".into(), problems }) }
    }

    /// The same without asking whether the selectors name anything: a rule may be one that a folder further down brings. Who has
    /// asked for the files there asks [`Config::check_selector`].
    #[must_use]
    pub fn narrow(mut self, select: &[String], ignore: &[String]) -> Config {
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
        if !select.is_empty() {
            // The selection of a folder's own file is one of those that are replaced; an override for some paths is none.
            let steps = self.steps.iter().cloned().map(|(scope, layer)| match scope {
                None => (None, Layer { select: None, ignore: Vec::new(), ..layer }),
                some => (some, layer),
            });
            self.steps = steps.collect();
        }
        self.below = self.below.map(|below| Arc::new(below.narrowed(select, ignore)));
        self.made = Arc::default();
        self
    }

    /// Gives the analysis of each file so many seconds, whatever the configuration says; zero is without end.
    #[must_use]
    pub fn with_time_limit(mut self, seconds: f64) -> Config {
        let layer = Layer { time_limit: Some(seconds), ..Layer::default() };
        let mut settings = (*self.base).clone();
        layer.apply(&mut settings, false);
        self.base = Arc::new(settings);
        let steps = self.steps.iter().cloned().map(|(scope, layer)| (scope, Layer { time_limit: None, ..layer }));
        self.steps = steps.collect();
        self.below = self.below.map(|below| Arc::new(below.with_time_limit(seconds)));
        self.made = Arc::default();
        self
    }

    /// Why a selector selects nothing that could exist, one's own rules included, also those of folders further down as far as
    /// files there were asked for.
    ///
    /// # Errors
    /// When it names nothing, with what may have been meant.
    pub fn check_selector(&self, selector: &str) -> Result<(), Problem> {
        let further_down = || self.below.iter().flat_map(|b| b.known()).any(|c| c.check_selector(selector).is_ok());
        check_own_selector(selector, &self.base.patterns).or_else(
            |problem| {
                if further_down() { Ok(()) } else { Err(problem) }
            },
        )
    }

    /// The settings of a file, by its path relative to the workspace, with `/`.
    pub fn settings(&self, path: &str) -> Arc<Settings> {
        if let Some(nested) = self.nested(path) {
            return nested.settings(path);
        }
        let matching: Vec<u16> = (0u16..)
            .zip(self.steps.iter())
            .filter(|(_, (scope, _))| scope.as_ref().is_none_or(|s| s.matches(path) == Some(true)))
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
            let (scope, layer) = &self.steps[*i as usize];
            layer.apply(&mut settings, scope.is_some());
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
        if let Some(nested) = self.nested(path) {
            return nested.includes(path);
        }
        let included = self.include.as_ref().and_then(|scope| scope.matches(path));
        included.unwrap_or(true) && !self.exclude.iter().any(|scope| scope.matches(path) == Some(true))
    }

    /// The configuration of a folder further in, where a file lies in one that has its own.
    fn nested(&self, path: &str) -> Option<Arc<Config>> {
        self.below.as_ref()?.of(path)
    }

    /// The files that it was made of, those of folders further in first.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// The files with models and rules that those name.
    pub fn data(&self) -> &[PathBuf] {
        &self.data
    }

    /// Configurations of folders further down as far as files there were asked for: their topmost files.
    pub fn further_down(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            self.below.iter().flat_map(|b| b.known()).filter_map(|c| c.sources.first().cloned()).collect();
        files.sort();
        files.dedup();
        files
    }

    /// What is wrong with configurations of folders further down, as far as files there were asked for. The configuration around
    /// such a folder holds in it.
    pub fn errors(&self) -> Vec<ConfigError> {
        self.below.as_ref().map(|b| b.errors()).unwrap_or_default()
    }

    /// How many findings there may be of which rule and where, of folders further down as far as files there were asked for.
    pub fn budgets(&self) -> Vec<Budget> {
        let below: Vec<Arc<Config>> = self.below.iter().flat_map(|b| b.known()).collect();
        let mut all: Vec<Budget> = self.budgets.iter().chain(below.iter().flat_map(|c| &c.budgets)).cloned().collect();
        all.sort_by(|a, b| (&a.folder, &a.selector, &a.file).cmp(&(&b.folder, &b.selector, &b.file)));
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests;
