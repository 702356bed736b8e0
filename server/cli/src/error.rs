//! What can go wrong for a user: an exit code, a cause and a next step each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Snippet};
use sidenote_core::config::ConfigError;

use crate::style;

/// Nothing at or above `--fail-on`.
pub const CLEAN: u8 = 0;
/// Findings at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// Something that should not happen: a part of the analysis failed, or the report could not be written.
pub const INTERNAL: u8 = 3;

/// An error that ends a command.
#[derive(thiserror::Error, Debug)]
pub enum Error {
    /// A path to scan.
    #[error("cannot scan `{}`: {source}", path.display())]
    Path { path: PathBuf, source: std::io::Error },
    /// A configuration file or a selector.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No such configuration file.
    #[error("there is no configuration file `{}`", .0.display())]
    NoConfig(PathBuf),
    /// A rule that does not exist.
    #[error("there is no rule `{id}`")]
    NoRule { id: String, near: Vec<&'static str> },
    /// Nothing is known of a library.
    #[error("no model knows `{filter}`")]
    NoModel { filter: String, near: Option<String> },
    /// A place to explain.
    #[error("`{place}` is no place: {why}")]
    Place { place: String, why: String },
    /// A file whose language is not read.
    #[error("`{0}` names no language that Sidenote reads")]
    Language(String),
    /// Standard input.
    #[error("cannot read standard input: {0}")]
    Stdin(std::io::Error),
    /// The report could not be written.
    #[error("cannot write {what}: {source}")]
    Output { what: String, source: std::io::Error },
    /// Arguments that do not go together.
    #[error("{0}")]
    Usage(&'static str),
    /// Files that `--fix` could not write.
    #[error("cannot write the fixes of {} file{}:\n{}", .0.len(), if .0.len() == 1 { "" } else { "s" }, .0.join("\n"))]
    Fixes(Vec<String>),
    /// SARIF files that are not of one scan.
    #[error("cannot merge `{}`: {source}", path.display())]
    Merge { path: PathBuf, source: crate::report::MergeError },
    /// A file to merge that cannot be read.
    #[error("cannot read `{}`: {message}", path.display())]
    Log { path: PathBuf, message: String },
    /// git could not tell what changed.
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
    /// A baseline that cannot be used.
    #[error(transparent)]
    Baseline(#[from] crate::baseline::BaselineError),
    /// What people said of findings cannot be used.
    #[error(transparent)]
    Feedback(#[from] sidenote_core::feedback::ListError),
    /// The worker threads could not be started.
    #[error("cannot start the workers: {0}")]
    Threads(String),
    /// There is no home, and so no place for what is the user's own.
    #[error("there is no home folder")]
    NoHome,
    /// No host lies beside this program.
    #[cfg(feature = "model")]
    #[error("the model host, `sidenote-host`, is not beside this program")]
    NoHost,
    /// The host does not work.
    #[cfg(feature = "model")]
    #[error(transparent)]
    Host(sidenote_model::client::HostError),
    /// A model or the list of models.
    #[cfg(feature = "model")]
    #[error(transparent)]
    Store(#[from] sidenote_model::store::StoreError),
    /// Something about a model's work.
    #[cfg(feature = "model")]
    #[error("{0}")]
    Local(String),
}

impl Error {
    /// An error of writing to standard output.
    pub fn stdout(source: std::io::Error) -> Error {
        Error::Output { what: "to standard output".to_owned(), source }
    }

    /// An error of writing a file.
    pub fn file(path: &Path, source: std::io::Error) -> Error {
        Error::Output { what: format!("`{}`", path.display()), source }
    }

    /// The exit code that it ends with.
    pub fn exit_code(&self) -> u8 {
        use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied};
        match self {
            Error::Output { source, .. }
            | Error::Feedback(sidenote_core::feedback::ListError::Write { source, .. }) => match source.kind() {
                NotFound | NotADirectory | IsADirectory | PermissionDenied => USAGE,
                _ => INTERNAL,
            },
            Error::Threads(_) | Error::Stdin(_) | Error::Fixes(_) => INTERNAL,
            _ => USAGE,
        }
    }

    /// What the user may do next.
    fn next_step(&self) -> Option<String> {
        use std::io::ErrorKind;
        Some(match self {
            Error::Path { source, .. } if source.kind() == ErrorKind::NotFound => {
                "check the spelling; paths are relative to the current folder".to_owned()
            }
            Error::NoRule { near, .. } if !near.is_empty() => format!("did you mean `{}`?", near.join("`, or `")),
            Error::NoRule { .. } => "`sidenote rules` lists them".to_owned(),
            Error::NoModel { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Error::NoModel { .. } => {
                "`sidenote models` lists the libraries; `[[model]]` in sidenote.toml adds one".to_owned()
            }
            Error::Place { .. } => "write FILE:LINE or FILE:LINE:COLUMN, as in `src/app.ts:12`".to_owned(),
            Error::NoConfig(_) => "leave `--config` out to use the nearest sidenote.toml".to_owned(),
            Error::Language(_) => "extensions: rs, ts, mts, cts, tsx, js, mjs, cjs, jsx".to_owned(),
            Error::Output { source, .. }
            | Error::Feedback(sidenote_core::feedback::ListError::Write { source, .. }) => match source.kind() {
                ErrorKind::NotFound => "create the folder first".to_owned(),
                ErrorKind::StorageFull | ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded => {
                    "free some space, or write elsewhere".to_owned()
                }
                ErrorKind::PermissionDenied => "write to a folder that is yours".to_owned(),
                _ => return None,
            },
            Error::Fixes(_) => "these files are as they were; `--fix --diff` shows what would change".to_owned(),
            Error::Merge { .. } => {
                "merge what `sidenote scan --shard I/N --format sarif` wrote, of one version and one commit".to_owned()
            }
            Error::Git(error) => return error.next_step(),
            Error::Baseline(error) => return error.next_step(),
            Error::Feedback(error) => return crate::feedback::next_step(error),
            Error::NoHome => "set SIDENOTE_CACHE and SIDENOTE_CONFIG to folders of your own".to_owned(),
            #[cfg(feature = "model")]
            Error::NoHost => {
                "`cargo x host` builds it from source, once, in some minutes; everything but embeddings works without"
                    .to_owned()
            }
            #[cfg(feature = "model")]
            Error::Host(_) => "`sidenote doctor` tells what is wrong".to_owned(),
            Error::Threads(_) => "try a smaller `--jobs`".to_owned(),
            _ => return None,
        })
    }

    /// Prints it to standard error, with the place in the configuration where there is one.
    pub fn print(&self) {
        let mut groups = Vec::new();
        let message = self.to_string();
        let step = self.next_step();
        let paths: Vec<String>;
        let text: Arc<str>;
        match self {
            Error::Config(error) => {
                text = error.text.clone();
                paths = vec![error.path.as_deref().map(style::shown).unwrap_or_default()];
                for problem in &error.problems {
                    let title = Level::ERROR.primary_title(problem.message.clone());
                    let mut group = Group::with_title(title);
                    match problem.range.clone().filter(|r| text.get(r.clone()).is_some()) {
                        Some(range) => {
                            let snippet = Snippet::source(&*text).path(&paths[0]);
                            group = group.element(snippet.annotation(AnnotationKind::Primary.span(range)));
                        }
                        None if !paths[0].is_empty() => {
                            group = group.element(annotate_snippets::Origin::path(&paths[0]));
                        }
                        None => {}
                    }
                    if let Some(help) = &problem.help {
                        group = group.element(Level::HELP.message(help.clone()));
                    }
                    groups.push(group);
                }
            }
            _ => {
                let mut group = Group::with_title(Level::ERROR.primary_title(&*message));
                if let Some(step) = &step {
                    group = group.element(Level::HELP.message(&**step));
                }
                groups.push(group);
            }
        }
        for group in groups {
            say!("{}", style::renderer().render(&[group]));
        }
    }
}
