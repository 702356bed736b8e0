//! Finding, reading and stacking configuration files.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;

use super::error::{ConfigError, Problem};
use super::glob::Globs;
use super::{Budget, Config, Layer, Place, Scope, Settings, check, check_own_selector, check_selector, file, own};
use crate::findings::Severity;
use crate::patterns::Patterns;
use crate::system::System;

/// The name of a configuration file.
pub const FILE_NAME: &str = "sidenote.toml";

/// Longest chain of files that extend each other.
const MAX_DEPTH: usize = 8;
/// Most files from the innermost folder to the outermost, with what each extends.
const MAX_FILES: usize = 64;
/// Largest configuration file, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// Most overrides in a chain.
const MAX_OVERRIDES: usize = 1000;

/// The nearest [`FILE_NAME`] in a folder or above it, but not above the repository that the folder is in.
pub fn discover(system: &dyn System, folder: &Path) -> Option<PathBuf> {
    for folder in folder.ancestors() {
        let file = folder.join(FILE_NAME);
        if system.is_file(&file) {
            return Some(file);
        }
        if is_repository(system, folder) {
            return None;
        }
    }
    None
}

/// The nearest folder, from this one upwards, that is the root of a git repository.
pub fn repository_root(system: &dyn System, folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|f| is_repository(system, f)).map(Path::to_owned)
}

pub(super) fn is_repository(system: &dyn System, folder: &Path) -> bool {
    // A linked worktree or a submodule has a file in the place of the folder.
    system.is_file(&folder.join(".git/HEAD")) || system.is_file(&folder.join(".git"))
}

/// Which files are read beside the one that is named.
pub(super) struct How {
    /// Rules that the repository brings.
    pub with_rules: bool,
    /// The files of the folders around.
    pub with_outer: bool,
}

pub(super) fn load(system: &dyn System, file: &Path, workspace: &Path, how: &How) -> Result<Config, ConfigError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let root = repository_root(system, folder).unwrap_or_else(|| folder.to_owned());
    let root = system.canonical(&root).unwrap_or(root);
    let mut chain = Chain { system, root, files: Vec::new(), start: 0, with_rules: how.with_rules, has_rules: false };
    let mut next = Some(file.to_owned());
    while let Some(file) = next.take() {
        chain.start = chain.files.len();
        chain.read(&file, None)?;
        // A file that extends another builds on that, and one that says `root` on none.
        let alone = chain.files[chain.start..].iter().any(|f| f.root) || chain.files.len() > chain.start + 1;
        let folder = file.parent().filter(|f| how.with_outer && !alone && !is_repository(system, f));
        next = folder.and_then(Path::parent).and_then(|above| discover(system, above));
        if chain.files.len() > MAX_FILES {
            let problem = Problem {
                range: None,
                message: format!("more than {MAX_FILES} files build on each other"),
                help: None,
            };
            return Err(ConfigError { path: Some(file), text: "".into(), problems: vec![problem] });
        }
    }
    let mut patterns = own::Rules::default();
    for loaded in chain.files.iter_mut().rev() {
        patterns.extend(std::mem::take(&mut loaded.rules));
    }
    let patterns = patterns.finish()?;
    // Rules that were not read are not known by name.
    if how.with_rules || !chain.has_rules {
        for loaded in &chain.files {
            loaded.check_selectors(&patterns)?;
        }
    }
    let mut settings = Settings::default();
    settings.adopt(patterns);
    let mut config = Config::default();
    let mut steps: Vec<(Option<Scope>, Layer)> = Vec::new();
    let mut overrides = Vec::new();
    let mut models = own::Models::default();
    let mut level = None;
    for loaded in chain.files.into_iter().rev() {
        if level != Some(loaded.start) {
            // The overrides of a folder come behind all that it extends, and before what stands further in.
            steps.append(&mut overrides);
            level = Some(loaded.start);
        }
        let place = place(&loaded.folder, workspace);
        let scope = |globs| Scope { place: place.clone(), globs };
        if steps.is_empty() {
            loaded.layer.apply(&mut settings, false);
        } else {
            steps.push((None, loaded.layer));
        }
        models.extend(loaded.models);
        overrides.extend(loaded.overrides.into_iter().map(|(globs, layer)| (Some(scope(globs)), layer)));
        config.include = loaded.include.map(scope).or(config.include);
        config.exclude.push(scope(loaded.exclude));
        let folder = match &place {
            Place::Below(prefix) => prefix.trim_end_matches('/').to_owned(),
            _ => String::new(),
        };
        for (selector, limit) in loaded.budgets {
            let file = loaded.path.clone();
            let (range, limit) = (limit.span(), limit.into_inner());
            // What a file extends says how many where the file itself does not.
            config.budgets.retain(|b: &Budget| b.folder != folder || b.selector != selector);
            let line = loaded.text.get(..range.start).map_or(1, |t| t.matches('\n').count() + 1);
            config.budgets.push(Budget { folder: folder.clone(), selector, limit, file, range, line });
        }
        config.sources.insert(0, loaded.path);
        config.data.splice(0..0, loaded.used);
    }
    steps.append(&mut overrides);
    settings.models = models.finish();
    config.base = Arc::new(settings);
    config.steps = steps.into();
    Ok(config)
}

fn place(folder: &Path, workspace: &Path) -> Place {
    let text = |rest: &Path| {
        let parts: Vec<_> = rest.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        parts.iter().map(|p| format!("{p}/")).collect::<String>()
    };
    if folder == workspace {
        Place::Same
    } else if let Ok(rest) = workspace.strip_prefix(folder) {
        Place::Above(text(rest))
    } else if let Ok(rest) = folder.strip_prefix(workspace) {
        Place::Below(text(rest))
    } else {
        Place::Elsewhere
    }
}

struct Loaded {
    path: PathBuf,
    /// The folder of the file that was found, to which globs are relative, and the position of that file in the chain.
    folder: PathBuf,
    start: usize,
    /// Whether nothing further up counts.
    root: bool,
    budgets: Vec<(String, Spanned<u32>)>,
    layer: Layer,
    overrides: Vec<(Globs, Layer)>,
    include: Option<Globs>,
    exclude: Globs,
    models: own::Models,
    rules: own::Rules,
    text: Arc<str>,
    /// Selectors that name no built-in rule.
    unknown: Vec<Spanned<String>>,
    /// Files that it names: models and rules.
    used: Vec<PathBuf>,
}

impl Loaded {
    /// Whether every selector names a rule.
    fn check_selectors(&self, patterns: &Patterns) -> Result<(), ConfigError> {
        let wrong = |s: &Spanned<String>| {
            let problem = check_own_selector(s.get_ref(), patterns).err()?;
            Some(Problem { range: Some(s.span()), ..problem })
        };
        let mut problems: Vec<Problem> = self.unknown.iter().filter_map(wrong).collect();
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by_key(|p| p.range.as_ref().map_or(0, |r| r.start));
        Err(ConfigError { path: Some(self.path.clone()), text: self.text.clone(), problems })
    }
}

struct Chain<'s> {
    system: &'s dyn System,
    /// No file outside of this folder is extended.
    root: PathBuf,
    /// The innermost first, each followed by what it extends.
    files: Vec<Loaded>,
    /// Where among them the file stands that was found last, and not extended.
    start: usize,
    /// Whether rules of the repository are read, and whether there are any.
    with_rules: bool,
    has_rules: bool,
}

/// The place of an `extends`, for what is wrong with the file it names.
struct Origin<'t> {
    path: &'t Path,
    text: &'t Arc<str>,
    key: &'t Spanned<String>,
}

impl Origin<'_> {
    fn error(&self, message: String, help: Option<String>) -> ConfigError {
        let problem = Problem { range: Some(self.key.span()), message, help };
        ConfigError { path: Some(self.path.to_owned()), text: self.text.clone(), problems: vec![problem] }
    }
}

impl Chain<'_> {
    // Recursion is bounded by MAX_DEPTH.
    fn read(&mut self, path: &Path, origin: Option<&Origin<'_>>) -> Result<(), ConfigError> {
        let text: Arc<str> = match self.system.read(path) {
            Some(text) if text.len() <= MAX_BYTES => text.into(),
            found => {
                let why = if found.is_some() { "is larger than 256 KB" } else { "is no readable text file" };
                return Err(match origin {
                    Some(origin) => origin.error(format!("`{}` {why}", origin.key.get_ref()), None),
                    None => ConfigError {
                        path: Some(path.to_owned()),
                        text: "".into(),
                        problems: vec![Problem { range: None, message: format!("the file {why}"), help: None }],
                    },
                });
            }
        };
        let fail = |problems| Err(ConfigError { path: Some(path.to_owned()), text: text.clone(), problems });
        let mut problems = Vec::new();
        let Some(parsed) = parse(&text, &mut problems) else { return fail(problems) };
        let mut loaded = lower(path, &text, &parsed, &mut problems);
        loaded.start = self.start;
        loaded.folder = match self.files.get(self.start) {
            Some(found) => found.folder.clone(),
            None => path.parent().unwrap_or(Path::new("")).to_owned(),
        };
        loaded.models.add_tables(&text, &parsed.model, &mut problems);
        let files = own::Files { system: self.system, root: &self.root, config: path };
        let named = files.named(&parsed.models.paths, &["toml"], &mut problems);
        let rules = files.named(&parsed.rules.paths, &["yml", "yaml"], &mut problems);
        self.has_rules |= !parsed.rules.paths.is_empty();
        let overrides: usize = self.files.iter().map(|f| f.overrides.len()).sum();
        if overrides + loaded.overrides.len() > MAX_OVERRIDES {
            problems.push(Problem { range: None, message: format!("more than {MAX_OVERRIDES} overrides"), help: None });
        }
        if !problems.is_empty() {
            problems.sort_by_key(|p| p.range.as_ref().map_or(0, |r| r.start));
            return fail(problems);
        }
        let refused = |error, span| match error {
            own::FileError::Inside(error) => error,
            own::FileError::Unreadable(message) => {
                let problems = vec![Problem { range: Some(span), message, help: None }];
                ConfigError { path: Some(path.to_owned()), text: text.clone(), problems }
            }
        };
        for (file, span) in named {
            loaded.models.add_file(self.system, &file).map_err(|error| refused(error, span))?;
            loaded.used.push(file);
        }
        for (file, span) in rules.into_iter().filter(|_| self.with_rules) {
            loaded.rules.add_file(self.system, &file).map_err(|error| refused(error, span))?;
            loaded.used.push(file);
        }
        self.files.push(loaded);
        if let Some(key) = &parsed.extends {
            let origin = Origin { path, text: &text, key };
            let base = self.base(&origin)?;
            self.read(&base, Some(&origin))?;
        }
        Ok(())
    }

    /// The file that an `extends` names.
    fn base(&self, origin: &Origin<'_>) -> Result<PathBuf, ConfigError> {
        let value = Path::new(origin.key.get_ref());
        if value.is_absolute() || value.has_root() || value.extension().is_none_or(|e| e != "toml") {
            let help = Some("write a path like `../base.toml`".to_owned());
            return Err(origin.error("`extends` takes a relative path to a `.toml` file".to_owned(), help));
        }
        let base = normalized(&origin.path.parent().unwrap_or(Path::new("")).join(value));
        let real = self.system.canonical(&base).unwrap_or_else(|| base.clone());
        if !real.starts_with(&self.root) {
            let help = Some("only files inside of the same repository can be extended".to_owned());
            return Err(origin.error(format!("`{}` leaves the repository", origin.key.get_ref()), help));
        }
        if self.files[self.start..].iter().any(|f| normalized(&f.path) == base) {
            return Err(origin.error(format!("`{}` extends itself in the end", origin.key.get_ref()), None));
        }
        if self.files.len() - self.start >= MAX_DEPTH {
            return Err(origin.error(format!("more than {MAX_DEPTH} files extend each other"), None));
        }
        Ok(base)
    }
}

/// Without `.` and, as far as it goes, without `..`.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Reads a file; what is wrong with its syntax, keys and types goes to `problems`, and then there is none.
pub(super) fn parse(text: &str, problems: &mut Vec<Problem>) -> Option<file::File> {
    parse_as(text, &file::schema_value(), problems)
}

/// Reads a file of which `schema` says what it may hold.
pub(super) fn parse_as<T: serde::de::DeserializeOwned>(
    text: &str,
    schema: &serde_json::Value,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let text =
        text.strip_prefix('\u{feff}').map_or_else(|| text.into(), |rest| std::borrow::Cow::from(format!("   {rest}")));
    let table = match toml::de::DeTable::parse(&text) {
        Ok(table) => table,
        Err(error) => {
            problems.push(Problem { range: error.span(), message: error.message().to_owned(), help: None });
            return None;
        }
    };
    *problems = check::check(&table, schema);
    if !problems.is_empty() {
        return None;
    }
    match toml::from_str::<T>(&text) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            problems.push(Problem { range: error.span(), message: error.message().to_owned(), help: None });
            None
        }
    }
}

fn lower(path: &Path, text: &Arc<str>, parsed: &file::File, problems: &mut Vec<Problem>) -> Loaded {
    let mut unknown = Vec::new();
    let rules = &parsed.rules;
    let layer = Layer {
        select: rules.select.as_ref().map(|list| selectors(list, &mut unknown)),
        ignore: selectors(&rules.ignore, &mut unknown),
        severity: severities(&rules.severity, &mut unknown),
        cognitive_complexity: rules.cognitive_complexity.threshold,
        include_tests: rules.include_tests,
        time_limit: parsed.files.timeout,
    };
    let overrides = parsed.overrides.iter().map(|o| {
        let layer = Layer {
            select: Some(selectors(&o.select, &mut unknown)),
            ignore: selectors(&o.ignore, &mut unknown),
            severity: severities(&o.severity, &mut unknown),
            cognitive_complexity: o.cognitive_complexity.threshold,
            include_tests: o.include_tests,
            time_limit: None,
        };
        (Globs::new(&o.paths, problems), layer)
    });
    let overrides = overrides.collect();
    let include = parsed.files.include.as_ref().map(|list| Globs::new(list, problems));
    let exclude = Globs::new(&parsed.files.exclude, problems);
    unknown.extend(parsed.budgets.keys().filter(|s| check_selector(s.get_ref()).is_err()).cloned());
    let budgets = parsed.budgets.iter().map(|(s, limit)| (s.get_ref().clone(), limit.clone())).collect();
    let (models, rules, used, folder) = Default::default();
    Loaded {
        path: path.to_owned(),
        folder,
        start: 0,
        root: parsed.root,
        budgets,
        layer,
        overrides,
        include,
        exclude,
        models,
        rules,
        text: text.clone(),
        unknown,
        used,
    }
}

fn selectors(list: &[Spanned<String>], unknown: &mut Vec<Spanned<String>>) -> Vec<String> {
    unknown.extend(list.iter().filter(|s| check_selector(s.get_ref()).is_err()).cloned());
    list.iter().map(|s| s.get_ref().clone()).collect()
}

fn severities(
    map: &BTreeMap<Spanned<String>, Severity>,
    unknown: &mut Vec<Spanned<String>>,
) -> Vec<(String, Severity)> {
    unknown.extend(map.keys().filter(|s| check_selector(s.get_ref()).is_err()).cloned());
    map.iter().map(|(s, severity)| (s.get_ref().clone(), *severity)).collect()
}
