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
    try_script(script, arguments).unwrap_or_else(|failure| panic!("{failure}"))
}

/// As [`run_script`], with a second attempt, from the beginning, when the first one fails; the first failure is printed, so
/// that nobody takes it for a pass. For scripts that drive a foreign program with a window, which loses a click on a busy
/// machine: a fault of ours fails both.
///
/// # Panics
/// As [`run_script`], when both attempts fail.
pub fn run_script_with_a_second_attempt<A: AsRef<OsStr>>(script: &str, arguments: &[A]) -> Output {
    try_script(script, arguments).unwrap_or_else(|failure| {
        eprintln!("FLAKY, or broken: attempt 1 of 2. {failure}");
        run_script(script, arguments)
    })
}

/// Everything the script printed, when it exits with 0; else the message that tells of it.
fn try_script<A: AsRef<OsStr>>(script: &str, arguments: &[A]) -> Result<Output, String> {
    let path = workspace_root().join("tests").join(script);
    let binary = sidenote_binary();
    let mut command = Command::new("bash");
    command.arg(&path).args(arguments).env("SIDENOTE_BIN", &binary).current_dir(workspace_root());
    let output = command.output().map_err(|error| format!("cannot run {} with bash: {error}", path.display()))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!(
        "{script} failed with {} against {}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        binary.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    ))
}
