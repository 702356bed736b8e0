//! The model host, built from source for this machine.
//!
//! llama.cpp takes minutes to compile, and once for every profile and set of features. So the host is a program of its own, built in
//! one profile into one folder, and nothing else here depends on it. ggml's own default is AVX2 at most: which
//! instruction sets it may use is told it here, by what this processor has.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::root;
use crate::run::{Cargo, release, say};
use crate::tools;

/// Instruction sets of this processor: as the host checks them when it starts, and ggml's variables.
#[cfg(target_arch = "x86_64")]
fn features() -> Vec<(&'static str, &'static [&'static str])> {
    let all: [(bool, &str, &[&str]); 10] = [
        (is_x86_feature_detected!("avx"), "avx", &["GGML_AVX"]),
        (is_x86_feature_detected!("avx2"), "avx2", &["GGML_AVX2"]),
        (is_x86_feature_detected!("fma"), "fma", &["GGML_FMA"]),
        (is_x86_feature_detected!("f16c"), "f16c", &["GGML_F16C"]),
        (is_x86_feature_detected!("bmi2"), "bmi2", &["GGML_BMI2"]),
        (is_x86_feature_detected!("avxvnni"), "avxvnni", &["GGML_AVX_VNNI"]),
        (is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl"), "avx512", &["GGML_AVX512"]),
        (is_x86_feature_detected!("avx512vnni"), "avx512vnni", &["GGML_AVX512_VNNI"]),
        (is_x86_feature_detected!("avx512bf16"), "avx512bf16", &["GGML_AVX512_BF16"]),
        // Without tiles, or where the kernel keeps them back, ggml does with what is above.
        (has_tiles(), "amx", &["GGML_AMX_TILE", "GGML_AMX_INT8"]),
    ];
    all.into_iter().filter(|f| f.0).map(|f| (f.1, f.2)).collect()
}

/// Whether the processor multiplies tiles of bytes: AMX-TILE and AMX-INT8, which the standard library does not yet tell.
#[cfg(target_arch = "x86_64")]
fn has_tiles() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    let tiles = if __cpuid(0).eax < 7 { 0 } else { __cpuid_count(7, 0).edx };
    tiles >> 24 & 1 == 1 && tiles >> 25 & 1 == 1 && is_x86_feature_detected!("avx512vnni")
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<(&'static str, &'static [&'static str])> {
    Vec::new()
}

/// Builds it, where that was not done, and puts it beside the release and the development build.
pub fn build() -> Result<()> {
    let folder = folder();
    if !folder.is_dir() {
        say("the model host is built for the first time: llama.cpp takes some minutes");
    }
    forget_other_features()?;
    cargo("building the model host", &["build"], &[])?.run()?;
    let name = format!("sidenote-host{}", std::env::consts::EXE_SUFFIX);
    let built = folder.join("release").join(&name);
    for beside in [release(), crate::run::debug()] {
        let Some(to) = beside.parent().filter(|p| p.is_dir()) else { continue };
        copy(&built, &to.join(&name))?;
    }
    Ok(())
}

/// llama.cpp's build script keeps what CMake once was told: for other instruction sets than last time it has to begin anew.
fn forget_other_features() -> Result<()> {
    let noted = folder().join("features");
    let now = features().iter().map(|f| f.0).collect::<Vec<_>>().join(" ");
    let then = std::fs::read_to_string(&noted).unwrap_or_default();
    if then != now && folder().is_dir() {
        Cargo::new("forgetting llama.cpp as it was built for other instruction sets")
            .args(["clean", "--quiet", "--release", "-p", "llama-cpp-sys-2"])
            .args(["--target-dir", &folder().display().to_string()])
            .run()?;
    }
    std::fs::create_dir_all(folder())
        .and_then(|()| std::fs::write(&noted, now))
        .with_context(|| noted.display().to_string())
}

/// Checks the part of the host that only its own build compiles, in the profile and folder of that build.
pub fn clippy() -> Result<()> {
    cargo("clippy over the model host", &["clippy"], &["--", "-D", "warnings"])?.run()
}

fn folder() -> PathBuf {
    root().join("target/host")
}

fn cargo(what: &str, command: &[&str], rest: &[&str]) -> Result<Cargo> {
    let tools = tools::llama()?;
    let features = features();
    let names: Vec<&str> = features.iter().map(|f| f.0).collect();
    let mut cargo = Cargo::new(what)
        .args(command.iter().copied())
        .args(["--release", "--quiet", "-p", "sidenote-host", "--bin", "sidenote-host", "--features", "llama"])
        .args(["--target-dir", &folder().display().to_string()])
        .args(rest.iter().copied())
        .env("SIDENOTE_HOST_FEATURES", names.join(" "))
        // The binary must have no network code.
        .env("CMAKE_DISABLE_FIND_PACKAGE_OpenSSL", "ON");
    for (name, value) in tools {
        cargo = cargo.env(name, value);
    }
    if names.contains(&"amx") {
        // See there.
        let header = format!("-include {}", root().join("server/model/host/amx.h").display());
        let flags = std::env::var("CXXFLAGS").unwrap_or_default();
        cargo = cargo.env("CXXFLAGS", format!("{flags} {header}").trim());
    }
    for (_, variables) in &features {
        for variable in *variables {
            cargo = cargo.env(variable, "ON");
        }
    }
    Ok(cargo)
}

/// Replaces the file as a whole: a host that runs keeps its own.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let new = to.with_extension("new");
    std::fs::copy(from, &new).with_context(|| from.display().to_string())?;
    std::fs::rename(&new, to).with_context(|| to.display().to_string())
}
