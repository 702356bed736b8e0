//! What a configuration brings of its own in other files: models of libraries, and rules.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobBuilder;
use toml::Spanned;

use super::error::{ConfigError, Problem};
use super::{file, load};
use crate::patterns::{self, Pattern, Patterns};
use crate::semantics::flow::models::{ModelSet, RawModel, check_model};
use crate::system::System;

/// Largest file, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// Most files that one configuration names.
const MAX_FILES: usize = 200;
/// Most entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// The files that a configuration names.
pub(super) struct Files<'a> {
    pub system: &'a dyn System,
    /// No file outside of this folder is read.
    pub root: &'a Path,
    /// The file that names them.
    pub config: &'a Path,
}

impl Files<'_> {
    /// The files that some patterns name, each with the pattern's place: paths relative to the configuration's folder, `*` in
    /// the last part standing for any text.
    pub fn named(
        &self,
        patterns: &[Spanned<String>],
        extensions: &[&str],
        problems: &mut Vec<Problem>,
    ) -> Vec<(PathBuf, Range<usize>)> {
        let mut out: Vec<(PathBuf, Range<usize>)> = Vec::new();
        for pattern in patterns {
            match self.matching(pattern.get_ref(), extensions) {
                Ok(files) => {
                    for file in files {
                        if !out.iter().any(|(f, _)| *f == file) {
                            out.push((file, pattern.span()));
                        }
                    }
                }
                Err(problem) => problems.push(Problem { range: Some(pattern.span()), ..problem }),
            }
        }
        if let Some((_, span)) = out.get(MAX_FILES) {
            problems.push(Problem::at(span.clone(), format!("more than {MAX_FILES} files")));
        }
        out.truncate(MAX_FILES);
        out
    }

    fn matching(&self, pattern: &str, extensions: &[&str]) -> Result<Vec<PathBuf>, Problem> {
        let extension = extensions[0];
        let wrong = |message: String, help: &str| Problem { range: None, message, help: Some(help.to_owned()) };
        let path = Path::new(pattern);
        let (Some(name), false) = (path.file_name().and_then(|n| n.to_str()), path.has_root() || path.is_absolute())
        else {
            return Err(wrong(
                format!("`{pattern}` is no relative path"),
                &format!("write a path like `sidenote/*.{extension}`"),
            ));
        };
        let parent = path.parent().unwrap_or(Path::new(""));
        if parent.to_string_lossy().contains(['*', '?', '[', '{']) {
            return Err(wrong(
                format!("`{pattern}`: only the last part of a path may hold `*`"),
                "name each folder by itself",
            ));
        }
        if !extensions.iter().any(|e| name.ends_with(&format!(".{e}"))) {
            let help = format!("write `{}*.{extension}` for all such files of a folder", slash(parent));
            return Err(wrong(format!("`{pattern}` names no `.{extension}` file"), &help));
        }
        let folder = load::normalized(&self.config.parent().unwrap_or(Path::new("")).join(parent));
        let inside = |file: &Path| {
            let real = self.system.canonical(file).unwrap_or_else(|| file.to_owned());
            real.starts_with(self.root)
        };
        let outside = || {
            wrong(
                format!("`{pattern}` leaves the repository"),
                "a configuration names only files inside of its own repository",
            )
        };
        if !inside(&folder) {
            return Err(outside());
        }
        if !name.contains(['*', '?', '[', '{']) {
            let file = folder.join(name);
            return if inside(&file) { Ok(vec![file]) } else { Err(outside()) };
        }
        let glob = GlobBuilder::new(name).literal_separator(true).build();
        let glob = glob.map_err(|e| wrong(format!("not a glob: {}", e.kind()), "write `*` for any text"))?;
        let matcher = glob.compile_matcher();
        let names = self.system.files(&folder, MAX_ENTRIES);
        Ok(names.into_iter().filter(|n| matcher.is_match(n)).map(|n| folder.join(n)).collect())
    }
}

fn slash(folder: &Path) -> String {
    let text = folder.to_string_lossy();
    if text.is_empty() { String::new() } else { format!("{text}/") }
}

/// Why a file that a configuration names cannot be used.
pub(super) enum FileError {
    /// Something in it is wrong.
    Inside(ConfigError),
    /// It cannot be read.
    Unreadable(String),
}

/// The text of a file that a configuration names.
pub(super) fn read(system: &dyn System, file: &Path) -> Result<Arc<str>, FileError> {
    match system.read(file) {
        Some(text) if text.len() <= MAX_BYTES => Ok(text.into()),
        Some(_) => Err(FileError::Unreadable(format!("`{}` is larger than 256 KB", file.display()))),
        None => Err(FileError::Unreadable(format!("`{}` is no readable text file", file.display()))),
    }
}

/// Models of libraries, as a chain of configurations collects them.
#[derive(Default)]
pub(super) struct Models {
    models: Vec<RawModel>,
    /// The texts that they were read from.
    texts: Vec<Arc<str>>,
}

impl Models {
    /// Adds the tables of a configuration.
    pub fn add_tables(&mut self, text: &Arc<str>, tables: &[RawModel], problems: &mut Vec<Problem>) {
        if tables.is_empty() {
            return;
        }
        for model in tables {
            problems.extend(checked(model));
        }
        self.models.extend(tables.iter().cloned());
        self.texts.push(text.clone());
    }

    /// Adds a file with one model.
    pub fn add_file(&mut self, system: &dyn System, file: &Path) -> Result<(), FileError> {
        let text = read(system, file)?;
        let mut problems = Vec::new();
        let model: Option<RawModel> = load::parse_as(&text, &file::model_schema_value(), &mut problems);
        problems.extend(model.iter().flat_map(checked));
        match model {
            Some(model) if problems.is_empty() => {
                self.models.push(model);
                self.texts.push(text);
                Ok(())
            }
            _ => Err(FileError::Inside(ConfigError { path: Some(file.to_owned()), text, problems })),
        }
    }

    /// Adds those of another configuration behind them.
    pub fn extend(&mut self, other: Models) {
        self.models.extend(other.models);
        self.texts.extend(other.texts);
    }

    pub fn finish(self) -> ModelSet {
        let mut key = blake3::Hasher::new();
        for text in &self.texts {
            key.update(&(text.len() as u64).to_le_bytes());
            key.update(text.as_bytes());
        }
        ModelSet::with_own(key.finalize(), self.models)
    }
}

/// Cases of a rule, with the file that they are in.
struct Cases {
    path: PathBuf,
    text: Arc<str>,
    id: Spanned<String>,
    valid: Vec<String>,
    invalid: Vec<String>,
}

/// One's own rules, as a chain of configurations collects them.
#[derive(Default)]
pub(super) struct Rules {
    patterns: Vec<Pattern>,
    cases: Vec<Cases>,
    texts: Vec<Arc<str>>,
}

impl Rules {
    /// Adds a file.
    pub fn add_file(&mut self, system: &dyn System, file: &Path) -> Result<(), FileError> {
        let text = read(system, file)?;
        let mut problems = Vec::new();
        let loaded = patterns::load(&text, &mut problems);
        for pattern in &loaded.patterns {
            if self.patterns.iter().any(|p| p.rule.id == pattern.rule.id) {
                let message = format!("another file has a rule `{}`", pattern.rule.id);
                problems.push(Problem { range: None, message, help: Some("give one of them another id".into()) });
            }
        }
        if !problems.is_empty() {
            return Err(FileError::Inside(ConfigError { path: Some(file.to_owned()), text, problems }));
        }
        self.patterns.extend(loaded.patterns);
        let of_file = |(id, valid, invalid)| Cases { path: file.to_owned(), text: text.clone(), id, valid, invalid };
        self.cases.extend(loaded.cases.into_iter().map(of_file));
        self.texts.push(text);
        Ok(())
    }

    /// Adds those of another configuration. A rule of the same id replaces one that is there.
    pub fn extend(&mut self, other: Rules) {
        self.patterns.retain(|p| !other.patterns.iter().any(|o| o.rule.id == p.rule.id));
        self.patterns.extend(other.patterns);
        self.cases.extend(other.cases);
        self.texts.extend(other.texts);
    }

    /// All of them, with their cases.
    pub fn finish(mut self) -> Result<Patterns, ConfigError> {
        for Cases { path, text, id, valid, invalid } in self.cases {
            if !patterns::Loaded::attach(&mut self.patterns, id.get_ref(), &valid, &invalid) {
                let ids: Vec<&str> = self.patterns.iter().map(|p| p.rule.id).collect();
                let near = super::check::near(id.get_ref(), &ids);
                let help = near.map_or("no file of `[rules] paths` has it".into(), |n| format!("did you mean `{n}`?"));
                let message = format!("these are cases of `{}`, which is no rule of yours", id.get_ref());
                let problems = vec![Problem { range: Some(id.span()), message, help: Some(help) }];
                return Err(ConfigError { path: Some(path), text, problems });
            }
        }
        let mut key = blake3::Hasher::new();
        for text in &self.texts {
            key.update(&(text.len() as u64).to_le_bytes());
            key.update(text.as_bytes());
        }
        Ok(Patterns::new(key.finalize(), self.patterns))
    }
}

fn checked(model: &RawModel) -> Vec<Problem> {
    let problems = check_model(model).into_iter();
    problems
        .map(|p| Problem { range: (!p.range.is_empty()).then_some(p.range), message: p.message, help: p.help })
        .collect()
}
