//! `cargo x package`: the archive of a release, as `editors/install.sh` and cargo-binstall expect it.
//!
//! What ships is trained: built once with counters, run over other people's code, and built again by what they counted.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run::{Cargo, output, profile, program, say};
use crate::{root, tools};

const USAGE: &str = "`cargo x package` takes --profile NAME and --untrained alone";

/// Builds with the profile of packages and writes `target/package/sidenote-TARGET.tar.gz` with its SHA-256 beside it.
/// `--profile NAME` takes another profile, `--untrained` leaves the training away; only the profile of packages has any.
pub fn run(arguments: &[String]) -> Result<()> {
    let (mut name, mut trains) = ("dist", true);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--profile" => name = rest.next().context(USAGE)?,
            "--untrained" => trains = false,
            _ => bail!(USAGE),
        }
    }
    tools::compiler()?;
    let binary = if trains && name == "dist" {
        trained(name)?
    } else {
        Cargo::new("building the package").args(["build", "--locked", "-p", "sidenote", "--profile", name]).run()?;
        profile(name)
    };
    let archive = pack(&binary, &root().join("target/package"))?;
    say(&format!("wrote {}", archive.display()));
    Ok(())
}

/// The host's target triple.
fn host() -> Result<String> {
    let version = output(Path::new("rustc"), &["-vV"])?;
    Ok(version.lines().find_map(|l| l.strip_prefix("host: ")).context("`rustc -vV` names no host")?.to_owned())
}

/// The trained build, in a folder of its own: its flags would make cargo build everything anew beside it.
fn trained(name: &str) -> Result<PathBuf> {
    let host = host()?;
    let folder = root().join("target/trained");
    let (raw, merged) = (folder.join("counted"), folder.join("counted.profdata"));
    if raw.exists() {
        fs::remove_dir_all(&raw).with_context(|| raw.display().to_string())?;
    }
    fs::create_dir_all(&raw).with_context(|| raw.display().to_string())?;
    let profdata = tools::profdata(&host)?;
    let corpus = tools::corpus("timing.training")?;
    let build = |what: &str, flag: &str, value: &Path| {
        let given = std::env::var("RUSTFLAGS").unwrap_or_default();
        Cargo::new(what)
            .args(["build", "--locked", "-p", "sidenote", "--profile", name, "--target", &host])
            .env("RUSTFLAGS", format!("{given} -C{flag}={}", value.display()).trim().to_owned())
            .env("CARGO_TARGET_DIR", folder.display().to_string())
            .run()
    };
    let binary = folder.join(&host).join(name).join(format!("sidenote{}", std::env::consts::EXE_SUFFIX));
    build("building with counters", "profile-generate", &raw)?;
    say(&format!("training on {}", corpus.display()));
    let report = folder.join("report.json").display().to_string();
    let corpus = corpus.display().to_string();
    let scan = ["scan", &corpus, "--no-config", "--no-cache", "--fail-on", "never", "--format", "json", "-o", &report];
    output(&binary, &scan)?;
    let counted: Vec<String> = fs::read_dir(&raw)?
        .map(|entry| Ok(entry?.path().display().to_string()))
        .collect::<std::io::Result<_>>()
        .with_context(|| raw.display().to_string())?;
    let to = merged.display().to_string();
    let merge = ["merge", "-o", &to].into_iter().chain(counted.iter().map(String::as_str)).collect::<Vec<_>>();
    output(&profdata, &merge).context(
        "an llvm-profdata older than rustc's LLVM cannot read what was counted: \
         `rustup component add llvm-tools` installs the right one, `--untrained` does without",
    )?;
    build("building the package by what was counted", "profile-use", &merged)?;
    Ok(binary)
}

/// Packs a binary with what belongs to it.
fn pack(binary: &Path, folder: &Path) -> Result<PathBuf> {
    let name = format!("sidenote-{}", host()?);
    let inside = folder.join(&name);
    // What an earlier run left there is not part of this one.
    if inside.exists() {
        fs::remove_dir_all(&inside).with_context(|| inside.display().to_string())?;
    }
    for part in ["completions", "man"] {
        fs::create_dir_all(inside.join(part)).with_context(|| inside.display().to_string())?;
    }
    let file = format!("sidenote{}", std::env::consts::EXE_SUFFIX);
    fs::copy(binary, inside.join(file)).with_context(|| binary.display().to_string())?;
    for text in ["README.md", "LICENSE", "CHANGELOG.md"] {
        fs::copy(root().join(text), inside.join(text)).with_context(|| text.to_owned())?;
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        fs::write(inside.join("completions").join(shell), output(binary, &["completions", shell])?)?;
    }
    output(binary, &["man", "--folder", &inside.join("man").display().to_string()])?;
    let archive = folder.join(format!("{name}.tar.gz"));
    let tar = |arguments: &[&str]| program("tar", &arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
    let (to, from) = (archive.display().to_string(), folder.display().to_string());
    if tar(&["-czf", &to, "-C", &from, &name])? != 0 {
        bail!("tar could not write {to}");
    }
    let sum = output(Path::new("sha256sum"), &[&to]).or_else(|_| output(Path::new("shasum"), &["-a", "256", &to]))?;
    let sum = sum.split(' ').next().unwrap_or_default();
    fs::write(folder.join(format!("{name}.tar.gz.sha256")), format!("{sum}  {name}.tar.gz\n"))?;
    fs::remove_dir_all(&inside)?;
    Ok(archive)
}
