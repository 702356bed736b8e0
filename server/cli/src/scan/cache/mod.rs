//! What was found before, kept by content.
//!
//! A file's findings are a function of its text, its settings, the files that it is connected with by imports, and the functions
//! elsewhere that repeat its own. A key is a hash of all of these and of the engine; where it is known, nothing is parsed. A text
//! that the file system says is the same as before is not even read. What cannot be used counts as nothing, so that no cache
//! changes a result.

mod codec;
mod pack;
mod run;
mod stamp;
mod values;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use sidenote_core::config::Settings;
use sidenote_core::program::Key;
use sidenote_core::system::user_cache;

use pack::Pack;
pub use run::{Imported, Looked, Snapshot, look};

/// Most bytes of findings, of functions, and of all repositories together.
const MOST_FINDINGS: usize = 128 << 20;
const MOST_FUNCTIONS: usize = 256 << 20;
const MOST_BYTES: u64 = 1 << 30;

/// The engine, as the build names it.
const ENGINE: &str = env!("SIDENOTE_ENGINE");

/// The cache of one repository.
pub struct Cache {
    folder: PathBuf,
    name: String,
    engine: Key,
    /// What files say by themselves and what is found in them.
    findings: Pack,
    /// Their functions: needed only where something changed.
    functions: OnceLock<Pack>,
    /// Whether everything went as it does always; what was made by chance is not kept.
    reliable: AtomicBool,
    /// Files of which the findings were known.
    known: AtomicUsize,
    /// Files that were not even read.
    unread: AtomicUsize,
    /// When this was opened: what changed shortly before may change again unnoticed.
    opened: SystemTime,
    /// Names of settings: files share theirs, and a name is a hash over every rule.
    settings: Mutex<Vec<(Arc<Settings>, Key)>>,
}

impl Cache {
    /// Names settings by what they say.
    fn settings_key(&self, settings: &Arc<Settings>) -> Key {
        let mut known = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = known.iter().find(|(s, _)| Arc::ptr_eq(s, settings)) {
            return *key;
        }
        let key = settings.key();
        known.push((settings.clone(), key));
        key
    }

    /// Opens the cache of a repository in a folder.
    pub fn open(folder: &Path, root: &Path) -> Cache {
        let mut engine = [0; 16];
        engine.copy_from_slice(&blake3::hash(ENGINE.as_bytes()).as_bytes()[..16]);
        let name = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex()[..16].to_owned();
        let findings = Pack::open(folder.join(format!("{name}.findings.pack")), engine, MOST_FINDINGS);
        Cache {
            folder: folder.to_owned(),
            name,
            engine,
            findings,
            functions: OnceLock::new(),
            reliable: AtomicBool::new(true),
            known: AtomicUsize::new(0),
            unread: AtomicUsize::new(0),
            opened: SystemTime::now(),
            settings: Mutex::default(),
        }
    }

    fn functions(&self) -> &Pack {
        let file = self.folder.join(format!("{}.functions.pack", self.name));
        self.functions.get_or_init(|| Pack::open(file, self.engine, MOST_FUNCTIONS))
    }

    /// Why what was kept cannot be used, if it cannot.
    pub fn trouble(&self) -> Option<&'static str> {
        self.findings.trouble
    }

    /// Whether nothing is kept yet.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Files of which the findings were known.
    pub fn known(&self) -> usize {
        self.known.load(Ordering::Relaxed)
    }

    /// Files that were not read, because the file system says that they are as they were.
    pub fn unread(&self) -> usize {
        self.unread.load(Ordering::Relaxed)
    }

    /// Keeps what is new.
    ///
    /// # Errors
    /// When it cannot be written; then what was kept before is as it was.
    pub fn save(mut self) -> std::io::Result<()> {
        if !self.reliable.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Some(mut functions) = self.functions.take() {
            // A file's functions have the key of what it says by itself.
            functions.save(&|key| self.findings.was_used(key))?;
        }
        self.findings.save(&|_| false)?;
        pack::evict(&self.folder, MOST_BYTES);
        Ok(())
    }
}

/// Where caches lie unless a folder is named; `None` if the user has no such place.
pub fn default_folder() -> Option<PathBuf> {
    user_cache().map(|folder| folder.join("scan"))
}
