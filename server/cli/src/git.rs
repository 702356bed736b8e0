//! What git knows of the scanned code: which files differ from a commit, and what they held there.
//!
//! git itself is asked, with everything switched off by which a repository could make it run a program of its own.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why git could not tell.
#[derive(thiserror::Error, Debug)]
pub enum GitError {
    /// git is not there, or cannot be started.
    #[error("cannot start git: {0}")]
    Start(std::io::Error),
    /// The folder lies in no work tree.
    #[error("`{}` lies in no git repository", .0.display())]
    NoRepository(PathBuf),
    /// A name that is no commit.
    #[error("git knows no commit `{0}`")]
    NoCommit(String),
    /// Two commits with no common history.
    #[error("`{0}` and the current commit have no common ancestor")]
    NoMergeBase(String),
    /// Anything else that git says.
    #[error("git {what} failed: {message}")]
    Failed { what: String, message: String },
}

impl GitError {
    /// What the user may do next.
    pub fn next_step(&self) -> Option<String> {
        Some(match self {
            GitError::Start(_) => "install git, or scan without --diff, --changed and --staged".to_owned(),
            GitError::NoRepository(_) => "a baseline file works without git: `sidenote baseline create`".to_owned(),
            GitError::NoCommit(name) => {
                format!("fetch it first, as in `git fetch origin {name}`; a shallow clone has only its newest commits")
            }
            GitError::NoMergeBase(_) => "a shallow clone lacks the history: `git fetch --unshallow`".to_owned(),
            GitError::Failed { .. } => return None,
        })
    }
}

/// A work tree.
pub struct Repository {
    /// Its top folder, links resolved.
    top: PathBuf,
}

/// A file that differs from a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Where it lies now.
    pub file: PathBuf,
    /// Where it lay, relative to the top, with `/`; `None` for a new file.
    pub before: Option<OsString>,
}

/// Which state of the files is compared with a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The files as they lie there, those that git does not know yet included.
    WorkTree,
    /// What the next commit would hold.
    Index,
}

impl Repository {
    /// The work tree that a folder lies in.
    pub fn of(folder: &Path) -> Result<Repository, GitError> {
        let none = || GitError::NoRepository(folder.to_owned());
        let output = command(folder).args(["rev-parse", "--show-toplevel"]).output().map_err(GitError::Start)?;
        if !output.status.success() {
            return Err(none());
        }
        let top = os_string(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout));
        let top = Path::new(&top).canonicalize().map_err(|_| none())?;
        Ok(Repository { top })
    }

    /// The id of a commit.
    pub fn commit(&self, name: &str) -> Result<String, GitError> {
        let missing = || GitError::NoCommit(name.to_owned());
        let wanted = format!("{name}^{{commit}}");
        let id = self.ask(&["rev-parse", "--quiet", "--verify", "--end-of-options", &wanted]).map_err(|e| match e {
            GitError::Failed { .. } => missing(),
            other => other,
        })?;
        String::from_utf8(id).map(|id| id.trim().to_owned()).ok().filter(|id| !id.is_empty()).ok_or_else(missing)
    }

    /// Where the history of the current commit left that of another.
    pub fn merge_base(&self, name: &str) -> Result<String, GitError> {
        let commit = self.commit(name)?;
        let found = self.ask(&["merge-base", &commit, "HEAD"]).map_err(|e| match e {
            GitError::Failed { .. } => GitError::NoMergeBase(name.to_owned()),
            other => other,
        })?;
        Ok(String::from_utf8_lossy(&found).trim().to_owned())
    }

    /// The files that differ from a commit, renamed ones followed, those that are gone among them. `None` stands for a
    /// repository without commits: everything is new.
    pub fn changes(&self, commit: Option<&str>, state: State) -> Result<Vec<Change>, GitError> {
        let nothing;
        let from = match commit {
            Some(commit) => commit,
            None => {
                nothing = String::from_utf8_lossy(&self.ask(&["hash-object", "-t", "tree", "/dev/null"])?).into_owned();
                nothing.trim()
            }
        };
        let mut arguments = vec![
            "diff",
            "--name-status",
            "-z",
            "--find-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--ignore-submodules=all",
            "--diff-filter=ACDMRT",
        ];
        if state == State::Index {
            arguments.push("--cached");
        }
        arguments.extend([from, "--"]);
        let mut changes = self.parse_changes(&self.ask(&arguments)?);
        if state == State::WorkTree {
            let others = self.ask(&["ls-files", "--others", "--exclude-standard", "-z", "--full-name"])?;
            let new = others.split(|b| *b == 0).filter(|p| !p.is_empty());
            changes.extend(new.map(|path| Change { file: self.top.join(os_string(path)), before: None }));
        }
        Ok(changes)
    }

    /// Reads `STATUS\0path\0` and, for renames and copies, `STATUS\0old\0new\0`.
    fn parse_changes(&self, output: &[u8]) -> Vec<Change> {
        let mut fields = output.split(|b| *b == 0);
        let mut changes = Vec::new();
        while let Some(status) = fields.next().filter(|s| !s.is_empty()) {
            let Some(first) = fields.next() else { break };
            let (before, now) = match status[0] {
                b'R' => (Some(first), fields.next().unwrap_or(first)),
                // What was copied is still there under its old name, with its findings.
                b'C' => (None, fields.next().unwrap_or(first)),
                b'A' => (None, first),
                _ => (Some(first), first),
            };
            changes.push(Change { file: self.top.join(os_string(now)), before: before.map(os_string) });
        }
        changes
    }

    /// What files hold in a commit (`Some`) or in the index (`None`), by their path relative to the top; what is not there
    /// is left out.
    pub fn contents(&self, commit: Option<&str>, paths: &[OsString]) -> Result<HashMap<OsString, Vec<u8>>, GitError> {
        let what = || "cat-file".to_owned();
        let broken = |message: String| GitError::Failed { what: what(), message };
        let mut child = command(&self.top)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(GitError::Start)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(broken("no pipes".to_owned()));
        };
        // A name with a line break cannot be asked for; the format has no escapes.
        let asked: Vec<&OsString> = paths.iter().filter(|p| !bytes(p).contains(&b'\n')).collect();
        let requests: Vec<u8> = asked
            .iter()
            .flat_map(|path| [commit.unwrap_or("").as_bytes(), b":", bytes(path).as_ref(), b"\n"].concat())
            .collect();
        // Another thread writes: git's answers would fill their pipe while ours still come.
        let writer = std::thread::spawn(move || input.write_all(&requests));
        let mut output = BufReader::new(output);
        let mut found = HashMap::new();
        for path in asked {
            let mut header = Vec::new();
            output.read_until(b'\n', &mut header).map_err(|e| broken(e.to_string()))?;
            let header = String::from_utf8_lossy(&header).into_owned();
            let mut words = header.trim_end().rsplit(' ');
            let size = words.next().and_then(|n| n.parse::<u64>().ok());
            let (Some(size), Some(kind)) = (size, words.next()) else { continue };
            let mut content = Vec::new();
            output.by_ref().take(size + 1).read_to_end(&mut content).map_err(|e| broken(e.to_string()))?;
            if content.len() as u64 != size + 1 {
                return Err(broken("the answer ends early".to_owned()));
            }
            content.pop();
            if kind == "blob" {
                found.insert(path.clone(), content);
            }
        }
        drop(output);
        let _ = writer.join();
        let _ = child.wait();
        Ok(found)
    }

    /// Where a file with a path relative to the top lies.
    pub fn file(&self, path: &std::ffi::OsStr) -> PathBuf {
        self.top.join(path)
    }

    /// A file's path relative to the top, with `/`.
    pub fn relative(&self, file: &Path) -> Option<OsString> {
        let rest = file.strip_prefix(&self.top).ok()?;
        let parts: Vec<_> = rest.components().map(|c| c.as_os_str()).collect();
        Some(parts.join(std::ffi::OsStr::new("/")))
    }

    fn ask(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = command(&self.top).args(arguments).output().map_err(GitError::Start)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let message = if told.is_empty() { output.status.to_string() } else { told };
        Err(GitError::Failed { what: arguments.first().copied().unwrap_or_default().to_owned(), message })
    }
}

/// git, with no way for the repository's own configuration to start a program.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false"])
        .args(["--no-pager", "--no-optional-locks", "--literal-pathspecs", "-C"])
        .arg(folder)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env_remove("GIT_EXTERNAL_DIFF")
        .stdin(Stdio::null());
    command
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(unix)]
fn bytes(text: &OsString) -> std::borrow::Cow<'_, [u8]> {
    use std::os::unix::ffi::OsStrExt;
    text.as_bytes().into()
}

#[cfg(not(unix))]
fn bytes(text: &OsString) -> std::borrow::Cow<'_, [u8]> {
    text.to_string_lossy().into_owned().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_with_renames_and_odd_names() {
        let repository = Repository { top: PathBuf::from("/r") };
        let listed =
            repository.parse_changes(b"M\0a b.ts\0R086\0old\n.ts\0new.ts\0A\0n.rs\0C100\0x.ts\0y.ts\0T\0t.js\0");
        let change = |file: &str, before: Option<&str>| Change {
            file: Path::new("/r").join(file),
            before: before.map(OsString::from),
        };
        let expected = [
            change("a b.ts", Some("a b.ts")),
            change("new.ts", Some("old\n.ts")),
            change("n.rs", None),
            change("y.ts", None),
            change("t.js", Some("t.js")),
        ];
        assert_eq!(listed, expected);
        assert_eq!(repository.relative(Path::new("/r/src/a.ts")), Some("src/a.ts".into()));
        assert_eq!(repository.relative(Path::new("/elsewhere")), None);
    }
}
