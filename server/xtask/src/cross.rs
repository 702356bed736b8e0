//! The kernels on instruction sets that this machine does not have, and under a checker of memory.
//!
//! NEON runs under qemu, WebAssembly in node. Both need a standard library that a plain toolchain has not: it is built from its source,
//! which rustup's component `rust-src` or Debian's package of the same version has. Building it and the sanitizer are switches of cargo
//! and rustc that only nightly offers; `RUSTC_BOOTSTRAP` lets this toolchain take them, for these builds alone. What cannot be had here
//! is said, and does not fail: the product does not need it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::root;
use crate::run::{Cargo, output, program, say, works};
use crate::tools;

/// Where Debian keeps sources of several releases of Rust.
const SUITES: &[&str] = &["trixie-backports", "sid", "trixie"];
const ARM: &str = "aarch64-unknown-linux-gnu";
const WASM: &str = "wasm32-unknown-unknown";
const HERE: &str = "x86_64-unknown-linux-gnu";

/// Runs all of it.
pub fn run() -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        say("NOT RUN: the kernels on other instruction sets; that needs Linux on x86-64");
        return Ok(());
    }
    let version = rustc_version()?;
    let sysroot = output(Path::new("rustc"), &["--print", "sysroot"])?;
    sanitized(Path::new(sysroot.trim()))?;
    let source = match source(Path::new(sysroot.trim()), &version) {
        Ok(source) => source,
        Err(error) => {
            say(&format!("NOT RUN: NEON and WebAssembly; there is no source of Rust {version}'s library: {error:#}"));
            return Ok(());
        }
    };
    neon(&source)?;
    wasm(&source)
}

fn folder() -> PathBuf {
    root().join("target/cross")
}

fn rustc_version() -> Result<String> {
    let told = output(Path::new("rustc"), &["-vV"])?;
    let release = told.lines().find_map(|l| l.strip_prefix("release: ")).context("rustc -vV names no release")?;
    Ok(release.to_owned())
}

/// Cargo with what the builds of this module share.
fn cargo(what: &str, arguments: &[&str], target: &str) -> Cargo {
    Cargo::new(what)
        .args(arguments.iter().copied())
        .args(["--quiet", "-p", "sidenote-kernels", "--target", target])
        .args(["--target-dir", &folder().display().to_string()])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        // A quarter of the usual: emulated and checked code is slow.
        .env("PROPTEST_CASES", "64")
}

/// Cargo that builds the standard library too. Its source is named by a variable of cargo's own tests: without a component of rustup it
/// has no other way.
fn cross(what: &str, arguments: &[&str], target: &str, source: &Path) -> Cargo {
    cargo(what, arguments, target).env("__CARGO_TESTS_ONLY_SRC_ROOT", source.display().to_string())
}

/// Every read and write of the kernels' tests is checked, on the instruction sets of this machine.
fn sanitized(sysroot: &Path) -> Result<()> {
    let folder = sysroot.join("lib/rustlib").join(HERE).join("lib");
    let has = std::fs::read_dir(&folder).is_ok_and(|mut entries| {
        entries.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().ends_with("_rt.asan.a")))
    });
    if !has {
        say("NOT RUN: the kernels under AddressSanitizer; this toolchain comes without it");
        return Ok(());
    }
    let arguments = ["test", "--lib", "--tests"];
    cargo("kernels under AddressSanitizer", &arguments, HERE).env("RUSTFLAGS", "-Zsanitizer=address").run()
}

/// All of the kernels' tests on an emulated Arm processor, with `sdot` and without it.
fn neon(source: &Path) -> Result<()> {
    if let Err(error) = tools::arm() {
        say(&format!("NOT RUN: NEON; {error:#}"));
        return Ok(());
    }
    cross("kernels on NEON, emulated", &["test", "-Zbuild-std", "--lib", "--tests"], ARM, source)
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc")
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", "qemu-aarch64-static -L /usr/aarch64-linux-gnu")
        .env("SIDENOTE_ISA_REQUIRED", "neon,neon-dotprod")
        .run()
}

/// The kernels' self-test in node: no test harness runs there.
fn wasm(source: &Path) -> Result<()> {
    if !works("node", &["--version"]) {
        say("NOT RUN: WebAssembly; there is no node");
        return Ok(());
    }
    let arguments =
        ["build", "--release", "--no-default-features", "--example", "selftest", "-Zbuild-std=std,panic_abort"];
    cross("kernels for WebAssembly", &arguments, WASM, source).env("RUSTFLAGS", "-Ctarget-feature=+simd128").run()?;
    let built = folder().join(WASM).join("release/examples/selftest.wasm");
    let script = "WebAssembly.instantiate(require('fs').readFileSync(process.argv[1])).then(m => console.log(m.instance.exports.selftest()))";
    let said = output(Path::new("node"), &["-e", script, &built.display().to_string()])?;
    // Scalar, and simd128.
    if said.trim() != "2" {
        bail!("the kernels' self-test in WebAssembly gave {}, not 2 instruction sets that agree", said.trim());
    }
    say("kernels for WebAssembly: scalar and simd128 agree");
    Ok(())
}

/// The folder `library` of Rust's source.
fn source(sysroot: &Path, version: &str) -> Result<PathBuf> {
    let library = |top: &Path| Some(top.join("library")).filter(|l| l.join("Cargo.lock").is_file());
    if let Some(component) = library(&sysroot.join("lib/rustlib/src/rust")) {
        return Ok(component);
    }
    let home = folder().join("source");
    let unpacked = home.join(format!("usr/src/rustc-{version}"));
    if let Some(source) = library(&unpacked) {
        return Ok(source);
    }
    if !works("apt-get", &["--version"]) || !works("dpkg-deb", &["--version"]) {
        bail!("run `rustup component add rust-src`");
    }
    say(&format!(
        "fetching the source of Rust {version}'s library, Debian's package rust-src, into {}",
        home.display()
    ));
    let package = download(version)?;
    std::fs::create_dir_all(&home).with_context(|| home.display().to_string())?;
    let unpack = format!(
        "dpkg-deb --fsys-tarfile '{}' | tar -x -C '{}' './usr/src/rustc-{version}/library'",
        package.display(),
        home.display()
    );
    if program("sh", &["-c".to_owned(), unpack])? != 0 {
        bail!("{} cannot be unpacked", package.display());
    }
    std::fs::remove_file(&package).with_context(|| package.display().to_string())?;
    library(&unpacked).with_context(|| format!("{} has no library", unpacked.display()))
}

/// Debian's package of a version, by apt with lists of its own: the system's are left alone.
fn download(version: &str) -> Result<PathBuf> {
    let apt = folder().join("apt");
    for part in ["lists/partial", "cache/archives/partial"] {
        std::fs::create_dir_all(apt.join(part)).with_context(|| apt.display().to_string())?;
    }
    let key = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let line = |suite: &&str| format!("deb [signed-by={key}] http://deb.debian.org/debian {suite} main\n");
    let list = apt.join("sources.list");
    std::fs::write(&list, SUITES.iter().map(line).collect::<String>()).with_context(|| list.display().to_string())?;
    let with = |arguments: &[&str]| {
        let mut all: Vec<String> = Vec::new();
        for (name, value) in [
            ("Dir::Etc::SourceList", list.display().to_string()),
            ("Dir::Etc::SourceParts", "/dev/null".to_owned()),
            ("Dir::State::Lists", apt.join("lists").display().to_string()),
            ("Dir::Cache", apt.join("cache").display().to_string()),
            ("APT::Sandbox::User", "root".to_owned()),
        ] {
            all.extend(["-o".to_owned(), format!("{name}={value}")]);
        }
        all.extend(arguments.iter().map(|a| (*a).to_owned()));
        all
    };
    if program("apt-get", &with(&["update", "-qq"]))? != 0 {
        bail!("apt-get update failed");
    }
    let arguments = with(&["madison", "rust-src"]);
    let told = output(Path::new("apt-cache"), &arguments.iter().map(String::as_str).collect::<Vec<_>>())?;
    let found = told.lines().filter_map(|l| l.split('|').nth(1)).map(str::trim);
    let exact = found.into_iter().find(|v| v.split('+').next() == Some(version));
    let exact = exact.with_context(|| format!("Debian has no rust-src {version} now"))?;
    let folder = apt.join("cache");
    let command = with(&["download", "-qq", &format!("rust-src={exact}")]);
    let status =
        std::process::Command::new("apt-get").args(command).current_dir(&folder).status().context("apt-get")?;
    let package = std::fs::read_dir(&folder)
        .with_context(|| folder.display().to_string())?
        .flatten()
        .map(|e| e.path())
        .find(|p| p.extension().is_some_and(|e| e == "deb"));
    package.filter(|_| status.success()).with_context(|| format!("apt-get could not fetch rust-src {exact}"))
}
