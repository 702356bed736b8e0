//! Files that are written whole or not at all: reports, lists that people keep, caches, fixed sources.
//!
//! The new text goes to a file beside the old one, which it then replaces. A full disk, a death in the middle or a second writer
//! leave what was there, or the new text, and never half of one; what was begun is taken away again. A link is replaced by a file: nobody
//! is led to write somewhere else.

use std::fs::{self, File, Permissions};
use std::io;
use std::path::Path;

/// How the files are named that are not done yet.
pub const BEGUN: &str = ".sidenote-";

/// Who may read the new file.
#[derive(Clone, Debug)]
pub enum Access {
    /// Whoever may read the old one; without one, whoever may read a new file of this user's.
    Kept,
    /// Nobody else.
    Own,
    /// Who is named here.
    Given(Permissions),
}

/// How a file is written.
#[derive(Clone, Debug)]
pub struct Writing {
    /// Who may read it.
    pub access: Access,
    /// Whether it must outlive a loss of power: what can be made again need not.
    pub lasting: bool,
}

impl Writing {
    /// Something that people or other programs read.
    pub const SHARED: Writing = Writing { access: Access::Kept, lasting: true };
    /// The same, where it can be made again.
    pub const REPORT: Writing = Writing { access: Access::Kept, lasting: false };
    /// Something of this user's own.
    pub const OWN: Writing = Writing { access: Access::Own, lasting: true };
    /// Something that can be made again.
    pub const CACHE: Writing = Writing { access: Access::Own, lasting: false };

    /// Replaces a file by what `write` writes.
    ///
    /// # Errors
    /// When its folder is not there, or it cannot be written; then the file is what it was.
    pub fn replace(&self, path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(BEGUN);
        #[cfg(unix)]
        if matches!(self.access, Access::Kept) {
            use std::os::unix::fs::PermissionsExt;
            // The umask takes away from this what it takes from every new file.
            builder.permissions(Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder)?;
        write(file.as_file_mut())?;
        let permissions = match &self.access {
            Access::Kept => fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map(|m| m.permissions()),
            Access::Own => None,
            Access::Given(permissions) => Some(permissions.clone()),
        };
        if let Some(permissions) = permissions {
            file.as_file().set_permissions(permissions)?;
        }
        if self.lasting {
            file.as_file().sync_all()?;
        }
        file.persist(path).map(drop).map_err(|e| e.error)
    }

    /// The same with a text, in a folder that is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be written; then the file is what it was.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        self.replace(path, |file| io::Write::write_all(file, bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_fails_leaves_nothing_but_what_was_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        for writing in [Writing::SHARED, Writing::REPORT, Writing::OWN, Writing::CACHE] {
            fs::write(&path, "before").expect("written");
            let full = writing.replace(&path, |file| {
                file.write_all(b"half")?;
                Err(io::ErrorKind::StorageFull.into())
            });
            assert_eq!(full.map_err(|e| e.kind()), Err(io::ErrorKind::StorageFull));
            assert_eq!((fs::read(&path).expect("there"), names(folder.path())), (b"before".to_vec(), vec!["a".into()]));
            writing.put(&path, b"after").expect("written");
            assert_eq!((fs::read(&path).expect("there"), names(folder.path())), (b"after".to_vec(), vec!["a".into()]));
        }
        let inside = Writing::OWN.replace(&path.join("b"), |_| Ok(()));
        assert!(inside.is_err(), "a file is no folder");
        assert_eq!(Writing::SHARED.put(folder.path(), b"").map_err(|e| e.kind()), Err(io::ErrorKind::IsADirectory));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_replaced_and_permissions_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "elsewhere").expect("written");
        symlink(&target, &link).expect("a link");
        Writing::SHARED.put(&link, b"here").expect("written");
        assert!(fs::symlink_metadata(&link).expect("there").is_file());
        assert_eq!(fs::read(&target).expect("there"), b"elsewhere");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        fs::set_permissions(&link, Permissions::from_mode(0o640)).expect("set");
        Writing::SHARED.put(&link, b"again").expect("written");
        assert_eq!(mode(&link), 0o640);
        Writing::OWN.put(&link, b"again").expect("written");
        assert_eq!(mode(&link), 0o600);
        Writing { access: Access::Given(Permissions::from_mode(0o755)), lasting: false }
            .put(&link, b"x")
            .expect("done");
        assert_eq!(mode(&link), 0o755);
    }
}
