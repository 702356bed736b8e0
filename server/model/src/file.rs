//! A model file: what must hold before llama.cpp may open it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::gguf::{GgufError, Header};

/// Why a model file is refused.
#[derive(thiserror::Error, Debug)]
pub enum ModelError {
    /// It cannot be read.
    #[error("cannot read the model `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is a folder, a device, a pipe.
    #[error("`{}` is no regular file", .0.display())]
    Special(PathBuf),
    /// Its header does not add up.
    #[error("the model `{}` is refused: {source}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: GgufError,
    },
    /// It is another file than the one that was allowed.
    #[error("the model `{}` has changed since it was allowed: its SHA-256 is {found}, not {wanted}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its hash.
        found: String,
        /// The hash that was allowed.
        wanted: String,
    },
}

/// Lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The SHA-256 of what is left to read, in hexadecimal.
///
/// # Errors
/// When reading fails.
pub fn sha256(from: &mut impl Read) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(hexadecimal(&hasher.finalize())),
            Ok(n) => hasher.update(&piece[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Opens, hashes and checks a model; the header and the SHA-256. With `wanted`, it must be that very file.
///
/// # Errors
/// Why the file must not be given to llama.cpp.
pub fn check(path: &Path, wanted: Option<&str>) -> Result<(Header, String), ModelError> {
    let io = |source| ModelError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let about = file.metadata().map_err(io)?;
    if !about.is_file() {
        return Err(ModelError::Special(path.to_owned()));
    }
    let header =
        Header::read(&mut file, about.len()).map_err(|source| ModelError::Header { path: path.to_owned(), source })?;
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let found = sha256(&mut file).map_err(io)?;
    match wanted {
        Some(wanted) if wanted != found => {
            Err(ModelError::Changed { path: path.to_owned(), found, wanted: wanted.to_owned() })
        }
        _ => Ok((header, found)),
    }
}
