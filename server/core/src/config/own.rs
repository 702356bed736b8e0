//! What a configuration brings of its own in other files: models of libraries.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobBuilder;
use toml::Spanned;

use super::error::{ConfigError, Problem};
use super::{file, load};
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
        extension: &str,
        problems: &mut Vec<Problem>,
    ) -> Vec<(PathBuf, Range<usize>)> {
        let mut out: Vec<(PathBuf, Range<usize>)> = Vec::new();
        for pattern in patterns {
            match self.matching(pattern.get_ref(), extension) {
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

    fn matching(&self, pattern: &str, extension: &str) -> Result<Vec<PathBuf>, Problem> {
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
        if !name.ends_with(&format!(".{extension}")) {
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

fn checked(model: &RawModel) -> Vec<Problem> {
    let problems = check_model(model).into_iter();
    problems
        .map(|p| Problem { range: (!p.range.is_empty()).then_some(p.range), message: p.message, help: p.help })
        .collect()
}
