//! `cargo x package`: the archive of a release, as `editors/install.sh` and cargo-binstall expect it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run::{Cargo, output, profile, program, say};
use crate::{root, tools};

/// Builds with the profile of packages and writes `target/package/sidenote-TARGET.tar.gz` with its SHA-256 beside it.
/// `--profile NAME` takes another profile.
pub fn run(arguments: &[String]) -> Result<()> {
    let name = match arguments {
        [] => "dist",
        [flag, name] if flag == "--profile" => name,
        _ => bail!("`cargo x package` takes --profile NAME alone"),
    };
    tools::compiler()?;
    Cargo::new("building the package").args(["build", "--locked", "-p", "sidenote", "--profile", name]).run()?;
    let archive = pack(&profile(name), &root().join("target/package"))?;
    say(&format!("wrote {}", archive.display()));
    Ok(())
}

/// Packs a binary with what belongs to it.
fn pack(binary: &Path, folder: &Path) -> Result<PathBuf> {
    let target = output(Path::new("rustc"), &["-vV"])?;
    let target = target.lines().find_map(|l| l.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    let name = format!("sidenote-{target}");
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
