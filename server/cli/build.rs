//! Names the engine that is built, by everything that decides what it finds: a changed rule never meets an old cache.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What decides what is found, relative to this crate.
const SOURCES: [&str; 8] = [
    "src",
    "build.rs",
    "../core/src",
    "../core/models",
    "../core/build.rs",
    "../lsp/src/files.rs",
    "../../grammars",
    "../../Cargo.lock",
];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let mut name = Name(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
    for variable in ["TARGET", "CARGO_PKG_VERSION", "RUSTC"] {
        name.add(env::var(variable).unwrap_or_default().as_bytes());
    }
    for source in SOURCES {
        let path = here.join(source);
        println!("cargo::rerun-if-changed={}", path.display());
        if path.exists() {
            read(&path, &mut name)?;
        } else {
            // A package without its workspace: what it was built from cannot be told, and so is never the same.
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            name.add(&now.map_or(0, |d| d.as_nanos()).to_le_bytes());
        }
    }
    println!("cargo::rustc-env=SIDENOTE_ENGINE={:032x}", name.0);
    Ok(())
}

fn read(path: &Path, name: &mut Name) -> io::Result<()> {
    if !path.is_dir() {
        name.add(path.file_name().unwrap_or_default().as_encoded_bytes());
        name.add(&fs::read(path)?);
        return Ok(());
    }
    let mut inside: Vec<PathBuf> = fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<io::Result<_>>()?;
    inside.sort();
    inside.iter().try_for_each(|path| read(path, name))
}

/// FNV-1a of 128 bits: nobody gains from two engines of one name.
struct Name(u128);

impl Name {
    fn add(&mut self, bytes: &[u8]) {
        for byte in (bytes.len() as u64).to_le_bytes().iter().chain(bytes) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}
