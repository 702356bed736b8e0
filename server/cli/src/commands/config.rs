//! `sidenote config check` and `sidenote config schema`.

use std::path::Path;

use sidenote_core::config::{self, Config};
use sidenote_core::system::OsSystem;

use crate::args::{Config as Args, ConfigCommand};
use crate::error::{CLEAN, Error};
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
    let file = match named {
        Some(file) => {
            let found = file.canonicalize().ok().filter(|f| f.is_file());
            Some(found.ok_or_else(|| Error::NoConfig(file.to_owned()))?)
        }
        None => config::discover(&OsSystem, folder),
    };
    Ok(match file {
        Some(file) => Config::load(&OsSystem, &file, root)?,
        None => Config::default(),
    })
}

fn check(path: &Path) -> Result<u8, Error> {
    let path = path.canonicalize().map_err(|source| Error::Path { path: path.to_owned(), source })?;
    let file = if path.is_file() { Some(path.clone()) } else { config::discover(&OsSystem, &path) };
    let config = match &file {
        Some(file) => Config::load(&OsSystem, file, file.parent().unwrap_or(&path))?,
        None => Config::default(),
    };
    let settings = config.settings("");
    let on: Vec<_> = settings.every().zip(&settings.rules).filter(|(_, s)| s.enabled).collect();
    output::write(None, |out| {
        match &file {
            None => writeln!(out, "No sidenote.toml here or above: the defaults hold.")?,
            Some(_) => {
                for (i, source) in config.sources().iter().enumerate() {
                    let lead = if i == 0 { "configuration" } else { "extends" };
                    writeln!(out, "{lead}: {}", style::shown(source))?;
                }
                for data in config.data() {
                    writeln!(out, "reads: {}", style::shown(data))?;
                }
                writeln!(out, "{}ok{:#}", style::GOOD, style::GOOD)?;
            }
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
