//! Which files of a folder are looked at. `sidenote scan` walks by the same rules.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use sidenote_core::grammars;

/// Folders of other people's code and of build results.
pub const FOREIGN: [&str; 4] = ["node_modules", "target", "dist", "vendor"];

/// A walk that follows no links, obeys `.gitignore` and leaves hidden files out; what is found does not depend on whose
/// machine it is, nor on whether there is a `.git`. `left_out` hears of [`FOREIGN`] folders and says whether to enter.
pub fn walker(path: &Path, left_out: impl Fn(&'static str, &Path) -> bool + Send + Sync + 'static) -> WalkBuilder {
    let mut builder = WalkBuilder::new(path);
    builder.follow_links(false).git_global(false).require_git(false).filter_entry(move |entry| {
        if entry.depth() == 0 || !entry.file_type().is_some_and(|t| t.is_dir()) {
            return true;
        }
        let name = entry.file_name().to_str().unwrap_or_default();
        if name == ".git" {
            return false;
        }
        let Some(foreign) = FOREIGN.iter().find(|f| **f == name) else { return true };
        // A folder named `target` that cargo did not make may well be somebody's module.
        let path = entry.path();
        let built = *foreign != "target"
            || path.join("CACHEDIR.TAG").is_file()
            || path.parent().is_some_and(|p| p.join("Cargo.toml").is_file());
        !built || left_out(foreign, path)
    });
    builder
}

/// Whether the name could be that of a file to read: a known extension, or none, where a `#!` line may tell.
pub fn may_be_read(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    grammars::by_path(&name).is_some() || !name.contains('.')
}

/// The regular files of a folder with a known extension, in no order.
pub(crate) fn files_of(folder: &Path) -> Vec<PathBuf> {
    walker(folder, |_, _| false)
        .build()
        .flatten()
        .filter(|e| e.file_type().is_some_and(|t| t.is_file()))
        .map(ignore::DirEntry::into_path)
        .filter(|p| grammars::by_path(&p.to_string_lossy()).is_some())
        .collect()
}

/// Whether a walk from `folder` would come to a file there, `.gitignore` left aside.
pub(crate) fn is_ours(folder: &Path, file: &Path) -> bool {
    let Ok(inside) = file.strip_prefix(folder) else { return false };
    let hidden = |c: &std::ffi::OsStr| c.to_str().is_some_and(|c| c.starts_with('.'));
    let mut parts = inside.components().map(std::path::Component::as_os_str);
    grammars::by_path(&file.to_string_lossy()).is_some()
        && parts.all(|c| !hidden(c) && !FOREIGN.iter().any(|f| *f == c))
}
