//! `sidenote config check` and `sidenote config schema`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sidenote_core::config::{self, Config};
use sidenote_core::system::OsSystem;

use crate::args::{Config as Args, ConfigCommand, Selection};
use crate::error::{CLEAN, Error};
use crate::scan::{self, Limits, Workspace};
use crate::{output, style};

/// Runs it.
pub fn run(args: &Args) -> Result<u8, Error> {
    match &args.command {
        ConfigCommand::Schema => super::shell::print(config::schema().as_bytes()),
        ConfigCommand::Check { path } => check(path),
    }
}

/// The configuration that a user named, else the one that holds for a folder. Paths given to it are relative to `root`.
pub fn of(named: Option<&Path>, folder: &Path, root: &Path) -> Result<Config, Error> {
    Ok(match named {
        Some(file) => {
            let found = file.canonicalize().ok().filter(|f| f.is_file());
            Config::load(&OsSystem, &found.ok_or_else(|| Error::NoConfig(file.to_owned()))?, root)?
        }
        None => Config::of_folder(Arc::new(OsSystem), folder, root, true)?,
    })
}

fn check(path: &Path) -> Result<u8, Error> {
    let path = path.canonicalize().map_err(|source| Error::Path { path: path.to_owned(), source })?;
    let folder = if path.is_file() { path.parent().unwrap_or(&path) } else { &path };
    let is_base = path.is_file() && path.file_name().is_some_and(|n| n != config::FILE_NAME);
    let config = of(is_base.then_some(path.as_path()), folder, folder)?;
    let further_down = if is_base { Vec::new() } else { further_down(folder)? };
    let settings = config.settings("");
    let on: Vec<_> = settings.every().zip(&settings.rules).filter(|(_, s)| s.enabled).collect();
    output::write(None, |out| {
        if config.sources().is_empty() {
            writeln!(out, "No sidenote.toml here or above: the defaults hold.")?;
        }
        for (i, source) in config.sources().iter().enumerate() {
            let lead = if i == 0 { "configuration" } else { "builds on" };
            writeln!(out, "{lead}: {}", style::shown(source))?;
        }
        for data in config.data() {
            writeln!(out, "reads: {}", style::shown(data))?;
        }
        for file in &further_down {
            writeln!(out, "further down: {}", style::shown(file))?;
        }
        if !config.sources().is_empty() || !further_down.is_empty() {
            writeln!(out, "{}ok{:#}", style::GOOD, style::GOOD)?;
        }
        for budget in config.budgets() {
            writeln!(out, "budget: {} {}", budget.limit, budget.selector)?;
        }
        writeln!(out, "{} of {} rules are on:", on.len(), settings.rules.len())?;
        for (rule, setting) in &on {
            let severity = setting.severity.unwrap_or(rule.severity);
            let paint = style::severity(severity);
            writeln!(out, "  {paint}{:<8}{paint:#} {}", severity.name(), rule.id)?;
        }
        Ok(())
    })?;
    Ok(CLEAN)
}

/// The configurations of folders further down in which there are files to look at, checked.
fn further_down(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let selection = Selection::of_folder(folder);
    let workspace = Workspace::open(&selection, None)?;
    let walked = scan::walk(&workspace, Limits::of(&selection, &scan::workers(None)?));
    workspace.settle(&walked.candidates)?;
    Ok(workspace.engine(0).config().further_down())
}
