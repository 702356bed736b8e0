//! `sidenote baseline`: a list of findings that are accepted for now.

use std::path::Path;

use sidenote_core::system::today;

use crate::args::{Baseline as Args, BaselineCommand, Entries, Selection};
use crate::baseline::{Baseline, BaselineError};
use crate::budget;
use crate::error::{CLEAN, Error, INTERNAL};
use crate::scan::{self, Scan, Summary, Workspace};
use crate::{output, style};

/// Runs it.
pub fn run(args: &Args) -> Result<u8, Error> {
    match &args.command {
        BaselineCommand::Create { entries, force } => {
            if !force && entries.file.exists() {
                return Err(BaselineError::Exists(entries.file.clone()).into());
            }
            update(&entries.selection, &entries.file, Baseline::default(), Some(entries), false)
        }
        BaselineCommand::Update(entries) => {
            update(&entries.selection, &entries.file, Baseline::load(&entries.file)?, Some(entries), true)
        }
        BaselineCommand::Prune { selection, file } => update(selection, file, Baseline::load(file)?, None, false),
    }
}

/// `renews` says whether budgets follow.
fn update(
    selection: &Selection,
    file: &Path,
    mut list: Baseline,
    add: Option<&Entries>,
    renews: bool,
) -> Result<u8, Error> {
    let (workspace, scan) = scan::of_selection(selection)?;
    let failed = scan.files.iter().any(|f| f.gaps.iter().any(|g| g.internal));
    let add = add.map(|e| (e.reason.as_deref(), e.expires.as_deref()));
    let changes = list.update(&scan, add, &today(), |path| in_scope(&workspace, &scan, path));
    let narrowed = !selection.select.is_empty() || !selection.ignore.is_empty();
    if add.is_some() && !narrowed {
        list.set_score(Summary::of(&scan).score, &workspace.named());
    }
    output::write(Some(file), |out| out.write_all(list.text().as_bytes()))?;
    say!(
        "{} lists {} findings: {} added, {} kept, {} removed",
        style::shown(file),
        list.len(),
        changes.added,
        changes.kept,
        changes.removed
    );
    if renews && !narrowed && !failed && selection.config.is_none() {
        for change in budget::lower(&workspace, &scan)? {
            say!("budget lowered: {}", style::printable(&change));
        }
    }
    Ok(if failed { INTERNAL } else { CLEAN })
}

/// Whether the scan would have found what is in a file: it looked at it, or the file is gone from where it looked.
fn in_scope(workspace: &Workspace, scan: &Scan, path: &str) -> bool {
    if scan.files.iter().any(|f| &*f.path == path) {
        return true;
    }
    // A file that was skipped, or could not be read this time, keeps its entries.
    let file = workspace.root().join(path);
    !file.exists() && workspace.targets().iter().any(|t| file.starts_with(&t.path))
}
