//! Configurations of folders further down. A monorepo's packages may each have one; it is found when a file there is asked for.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::load::{self, FILE_NAME, is_repository};
use super::{Config, ConfigError};
use crate::system::System;

/// The configurations below a workspace's folder.
pub(super) struct Below {
    system: Arc<dyn System>,
    workspace: PathBuf,
    /// The file that holds where there is no other.
    top: Option<PathBuf>,
    with_rules: bool,
    /// The command line's selection.
    narrow: Option<(Vec<String>, Vec<String>)>,
    time_limit: Option<f64>,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    /// By folder, relative to the workspace; `None` where the topmost one holds.
    by_folder: HashMap<String, Option<Arc<Config>>>,
    errors: Vec<ConfigError>,
}

impl Below {
    pub(super) fn new(system: Arc<dyn System>, workspace: &Path, top: Option<PathBuf>, with_rules: bool) -> Below {
        let (narrow, time_limit, found) = Default::default();
        Below { system, workspace: workspace.to_owned(), top, with_rules, narrow, time_limit, found }
    }

    fn again(&self) -> Below {
        Below {
            system: self.system.clone(),
            workspace: self.workspace.clone(),
            top: self.top.clone(),
            with_rules: self.with_rules,
            narrow: self.narrow.clone(),
            time_limit: self.time_limit,
            found: Mutex::default(),
        }
    }

    /// The same under a selection of the command line.
    pub(super) fn narrowed(&self, select: &[String], ignore: &[String]) -> Below {
        Below { narrow: Some((select.to_vec(), ignore.to_vec())), ..self.again() }
    }

    /// The same with another time limit.
    pub(super) fn with_time_limit(&self, seconds: f64) -> Below {
        Below { time_limit: Some(seconds), ..self.again() }
    }

    /// The configuration of the folder that a file lies in, if that is not the topmost one.
    pub(super) fn of(&self, path: &str) -> Option<Arc<Config>> {
        let mut at = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut passed = Vec::new();
        let config = loop {
            if let Some(known) = found.by_folder.get(at) {
                break known.clone();
            }
            passed.push(at);
            let folder = if at.is_empty() { self.workspace.clone() } else { self.workspace.join(at) };
            let file = folder.join(FILE_NAME);
            if self.top.as_ref() == Some(&file) {
                break None;
            }
            if self.system.is_file(&file) {
                match self.load(&file) {
                    Ok(config) => break Some(Arc::new(config)),
                    Err(error) => found.errors.push(error),
                }
            }
            // What lies in a repository inside of this one is told by its own configuration, else by the topmost one.
            if at.is_empty() || is_repository(&*self.system, &folder) {
                break None;
            }
            at = at.rsplit_once('/').map_or("", |(folder, _)| folder);
        };
        for folder in passed {
            found.by_folder.insert(folder.to_owned(), config.clone());
        }
        config
    }

    fn load(&self, file: &Path) -> Result<Config, ConfigError> {
        let how = load::How { with_rules: self.with_rules, with_outer: true };
        let mut config = load::load(&*self.system, file, &self.workspace, &how)?;
        if let Some((select, ignore)) = &self.narrow {
            config = config.narrow(select, ignore);
        }
        if let Some(seconds) = self.time_limit {
            config = config.with_time_limit(seconds);
        }
        Ok(config)
    }

    /// Those that were found so far.
    pub(super) fn known(&self) -> Vec<Arc<Config>> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.by_folder.values().flatten().cloned().collect()
    }

    /// What is wrong with those that cannot be used.
    pub(super) fn errors(&self) -> Vec<ConfigError> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut errors = found.errors.clone();
        errors.sort_by(|a, b| a.path.cmp(&b.path));
        errors
    }
}

impl fmt::Debug for Below {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Below").field("workspace", &self.workspace).field("top", &self.top).finish_non_exhaustive()
    }
}
