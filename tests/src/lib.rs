//! What the end-to-end tests share: the workspace's root, the binary under test, and scripts whose output is shown when
//! they fail. The tests themselves use Sidenote through its public doors only: the command line and the protocol.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the workspace, absolute.
pub fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"))
}

/// The `sidenote` binary under test: `$SIDENOTE_BIN`, else the one in the target folder's `release`, else in its `debug`.
///
/// # Panics
/// When there is none. A missing binary must fail the tests, not skip them.
pub fn sidenote_binary() -> PathBuf {
    if let Some(named) = std::env::var_os("SIDENOTE_BIN").filter(|name| !name.is_empty()) {
        let path = workspace_root().join(named);
        assert!(path.is_file(), "SIDENOTE_BIN names {}, which is no file", path.display());
        return path;
    }
    let name = format!("sidenote{}", std::env::consts::EXE_SUFFIX);
    let target = target_folder();
    let candidates = [target.join("release").join(&name), target.join("debug").join(&name)];
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => path.clone(),
        None => panic!(
            "there is no sidenote binary to test: looked for {} and {}. Build one with `cargo build -p sidenote`, or name \
             one in SIDENOTE_BIN",
            candidates[0].display(),
            candidates[1].display()
        ),
    }
}

fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => workspace_root().join(folder),
        None => workspace_root().join("target"),
    }
}

/// Runs `tests/<script>` with `arguments`, with `SIDENOTE_BIN` set to [`sidenote_binary`], from the workspace's root.
///
/// # Panics
/// When the script cannot be started, or exits with another code than 0; the message holds all it printed.
pub fn run_script<A: AsRef<OsStr>>(script: &str, arguments: &[A]) -> Output {
    let path = workspace_root().join("tests").join(script);
    let binary = sidenote_binary();
    let mut command = Command::new("bash");
    command.arg(&path).args(arguments).env("SIDENOTE_BIN", &binary).current_dir(workspace_root());
    let output = command.output().unwrap_or_else(|error| panic!("cannot run {} with bash: {error}", path.display()));
    assert!(
        output.status.success(),
        "{script} failed with {} against {}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        binary.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}
