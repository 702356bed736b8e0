//! `cargo x test`: everything that CI checks, each thing built once.
//!
//! Dependencies are built for three profiles at most: checked (clippy), dev (unit tests) and release (the binary that the
//! end-to-end tests run). The end-to-end tests link none of our crates.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::run::{Cargo, release, say, works};
use crate::{cross, host, package, tools};

/// Where the property tests' random numbers start, unless `PROPTEST_RNG_SEED` says otherwise: whether a change passes
/// must not hang on luck.
const SEED: &str = "20260601";

/// Runs it.
pub fn run(arguments: &[String]) -> Result<()> {
    let (mut editors, mut host, mut cross) = (true, true, true);
    for argument in arguments {
        match argument.as_str() {
            "--no-editors" => editors = false,
            "--no-host" => host = false,
            "--no-cross" => cross = false,
            other => bail!("`cargo x test` takes no `{other}`; it takes --no-editors, --no-host and --no-cross"),
        }
    }
    let start = Instant::now();
    tools::compiler()?;
    if editors {
        tools::python()?;
        tools::node()?;
    }
    Cargo::new("checking the format").args(["fmt", "--all", "--check"]).run()?;
    Cargo::new("clippy").args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]).run()?;
    // The bench of the kernels has no tests.
    let workspace = ["--workspace", "--exclude", "sidenote-tests", "--exclude", "sidenote-bench-kernels"];
    let seed = std::env::var("PROPTEST_RNG_SEED").unwrap_or_else(|_| SEED.to_owned());
    let unit_tests = |arguments: &[&str]| {
        Cargo::new("unit tests").args(arguments.iter().copied()).args(workspace).env("PROPTEST_RNG_SEED", &seed)
    };
    if works("cargo", &["nextest", "--version"]) {
        // A test that kills processes under load is given a second chance, and called flaky where it needs it.
        let nextest = ["--status-level", "fail", "--final-status-level", "flaky", "--retries", "1"];
        unit_tests(&["nextest", "run"]).args(nextest).run()?;
    } else {
        unit_tests(&["test", "--quiet"]).run()?;
    }
    if cross {
        cross::run()?;
    } else {
        say("other instruction sets are left out (--no-cross)");
    }
    Cargo::new("building the binary").args(["build", "--release", "-p", "sidenote"]).run()?;
    if host {
        host::build()?;
        tools::tracing()?;
        // Of the host's own code clippy sees all but llama.cpp's part, which only the host's build compiles.
        host::clippy()?;
    } else {
        say("the model host and what needs it are left out (--no-host)");
    }
    package::run(&["--profile".to_owned(), "release".to_owned()])?;
    let mut end_to_end = Cargo::new("end-to-end tests")
        .args(["test", "--quiet", "-p", "sidenote-tests"])
        .env("SIDENOTE_BIN", release().display().to_string());
    if !editors {
        say("editors and validators are left out (--no-editors)");
        end_to_end = end_to_end.env("SIDENOTE_NO_EDITORS", "1");
    }
    if !host {
        end_to_end = end_to_end.env("SIDENOTE_NO_HOST", "1");
    }
    end_to_end.run()?;
    if works("cargo", &["deny", "--version"]) {
        Cargo::new("licences and sources").args(["deny", "--offline", "check", "bans", "licenses", "sources"]).run()?;
    } else {
        say("cargo-deny is not installed: licences and sources are not checked");
    }
    say(&format!("all is well, after {:.0} s", start.elapsed().as_secs_f64()));
    Ok(())
}
