//! Writes the rule registry from the files under `src/rules/*/`: a new rule is one new file.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("src/rules");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    for folder in sorted(&root)? {
        if folder.is_dir() {
            println!("cargo::rerun-if-changed={}", folder.display());
            // Folders named `support` hold what several rules share.
            if folder.file_name().is_some_and(|n| n != "tests") {
                files.extend(sorted(&folder)?.into_iter().filter(|f| f.extension().is_some_and(|e| e == "rs")));
            }
        }
    }
    let mut out = String::new();
    let mut names = Vec::new();
    for file in files {
        let stem = |p: &Path| p.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = file.parent().map(stem).unwrap_or_default();
        let name = format!("{folder}_{}", stem(&file));
        writeln!(out, "#[path = {:?}]\npub(super) mod {name};", file.display().to_string())
            .map_err(io::Error::other)?;
        let id = stem(&file).replace('_', "-");
        names.push((id, name));
    }
    names.sort();
    writeln!(out, "pub static RULES: &[&super::Rule] = &[").map_err(io::Error::other)?;
    for (_, name) in names {
        writeln!(out, "    &{name}::RULE,").map_err(io::Error::other)?;
    }
    writeln!(out, "];").map_err(io::Error::other)?;
    let out_dir = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out_dir).join("registry.rs"), out)?;
    fs::write(Path::new(&out_dir).join("models.rs"), models()?)
}

/// The library models, embedded by family.
fn models() -> io::Result<String> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("models");
    let mut out = String::new();
    for (name, folder) in [("ECMA", "ecma"), ("RUST", "rust")] {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        writeln!(out, "pub static {name}: &[(&str, &str)] = &[").map_err(io::Error::other)?;
        for file in sorted(&folder)?.into_iter().filter(|f| f.extension().is_some_and(|e| e == "toml")) {
            let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            writeln!(out, "    ({stem:?}, include_str!({:?})),", file.display().to_string())
                .map_err(io::Error::other)?;
        }
        writeln!(out, "];").map_err(io::Error::other)?;
    }
    Ok(out)
}

fn sorted(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    Ok(entries)
}
