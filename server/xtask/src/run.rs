//! Running other programs, and saying so.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::root;

/// Tells what is going on, on standard error.
pub fn say(text: &str) {
    eprintln!("xtask: {text}");
}

/// The folder of build results.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The release build.
pub fn release() -> PathBuf {
    built("release")
}

/// The build for development.
pub fn debug() -> PathBuf {
    built("debug")
}

/// The build of a profile.
pub fn profile(name: &str) -> PathBuf {
    built(if name == "dev" { "debug" } else { name })
}

fn built(profile: &str) -> PathBuf {
    target().join(profile).join(format!("sidenote{}", std::env::consts::EXE_SUFFIX))
}

/// One run of cargo in the workspace.
pub struct Cargo {
    what: String,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl Cargo {
    /// `what` says in a few words what it is for.
    pub fn new(what: &str) -> Cargo {
        Cargo { what: what.to_owned(), arguments: Vec::new(), variables: Vec::new() }
    }

    pub fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Cargo {
        self.arguments.extend(arguments.into_iter().map(str::to_owned));
        self
    }

    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Cargo {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs it; fails when it fails.
    pub fn run(self) -> Result<()> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        say(&format!("{} (cargo {})", self.what, self.arguments.join(" ")));
        let start = Instant::now();
        let status = Command::new(&cargo)
            .args(&self.arguments)
            .envs(self.variables)
            .current_dir(root())
            .status()
            .with_context(|| format!("cannot start `{cargo}`"))?;
        if !status.success() {
            bail!("{} failed: cargo {}", self.what, self.arguments.join(" "));
        }
        if start.elapsed().as_secs() >= 5 {
            say(&format!("{} took {:.0} s", self.what, start.elapsed().as_secs_f64()));
        }
        Ok(())
    }
}

/// Runs the release build; its exit code.
pub fn binary(arguments: &[String]) -> Result<u8> {
    program(&release().display().to_string(), arguments)
}

/// Runs a program in the current folder; its exit code.
pub fn program(name: &str, arguments: &[String]) -> Result<u8> {
    let status = Command::new(name).args(arguments).status().with_context(|| format!("cannot start `{name}`"))?;
    Ok(status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(1))
}

/// What a program prints.
pub fn output(path: &Path, arguments: &[&str]) -> Result<String> {
    let out =
        Command::new(path).args(arguments).output().with_context(|| format!("cannot start {}", path.display()))?;
    if !out.status.success() {
        bail!("{} {} failed: {}", path.display(), arguments.join(" "), String::from_utf8_lossy(&out.stderr));
    }
    Ok(String::from_utf8(out.stdout)?)
}

/// Whether a command runs.
pub fn works(name: &str, arguments: &[&str]) -> bool {
    Command::new(name).args(arguments).output().is_ok_and(|o| o.status.success())
}
