//! A file of values by key. It is read whole, checked as a whole, and replaced as a whole: two processes never see half of what
//! the other writes, and what one of them lost is only made again.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;
use sidenote_core::program::Key;
use sidenote_files::{BEGUN, Writing};

use super::codec::{In, Out};

const MAGIC: &[u8; 16] = b"sidenote cache 1";
/// Writes during which a value may lie unused.
const MAX_AGE: u8 = 20;
/// Length of what comes before the index: magic, engine, checksum.
const HEAD: usize = 16 + 16 + 32;

/// Values by key, those of the last writing and those of this run.
pub struct Pack {
    file: PathBuf,
    engine: Key,
    /// Most bytes that are written.
    limit: usize,
    bytes: Vec<u8>,
    index: FxHashMap<Key, Entry>,
    new: Mutex<FxHashMap<Key, Vec<u8>>>,
    /// Why what was there cannot be used.
    pub trouble: Option<&'static str>,
}

struct Entry {
    from: usize,
    length: usize,
    age: u8,
    /// Whether somebody asked for it in this run.
    used: AtomicBool,
}

impl Pack {
    /// Reads a file; what cannot be used counts as nothing, and says so.
    pub fn open(file: PathBuf, engine: Key, limit: usize) -> Pack {
        let mut pack = Pack {
            file,
            engine,
            limit,
            bytes: Vec::new(),
            index: FxHashMap::default(),
            new: Mutex::default(),
            trouble: None,
        };
        match pack.read() {
            Ok(()) => {}
            Err(trouble) => {
                (pack.bytes, pack.index) = (Vec::new(), FxHashMap::default());
                pack.trouble = trouble;
            }
        }
        pack
    }

    fn read(&mut self) -> Result<(), Option<&'static str>> {
        const BROKEN: Option<&str> = Some("it is damaged");
        let file = match File::open(&self.file) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(None),
            Err(_) => return Err(Some("it cannot be read")),
        };
        // What is longer than anything that is written here is no work of ours.
        let most = self.limit as u64 * 2 + HEAD as u64;
        let length = file.metadata().map_or(0, |m| m.len());
        if length > most {
            return Err(BROKEN);
        }
        self.bytes.reserve_exact(length as usize + 1);
        file.take(most).read_to_end(&mut self.bytes).map_err(|_| Some("it cannot be read"))?;
        let mut read = In(&self.bytes);
        if read.take(16) != Some(MAGIC) {
            return Err(BROKEN);
        }
        if read.key() != Some(self.engine) {
            return Err(Some("it is that of another version"));
        }
        let checksum = read.take(32).ok_or(BROKEN)?;
        if blake3::hash(read.0).as_bytes() != checksum {
            return Err(BROKEN);
        }
        self.index = index(read, self.bytes.len()).ok_or(BROKEN)?;
        Ok(())
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// A value of the last writing.
    pub fn get(&self, key: &Key) -> Option<&[u8]> {
        let entry = self.index.get(key)?;
        entry.used.store(true, Ordering::Relaxed);
        self.bytes.get(entry.from..entry.from + entry.length)
    }

    /// Whether a value was asked for in this run.
    pub fn was_used(&self, key: &Key) -> bool {
        self.index.get(key).is_some_and(|entry| entry.used.load(Ordering::Relaxed))
    }

    /// Keeps a value.
    pub fn put(&self, key: Key, value: Vec<u8>) {
        self.new.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }

    /// Writes what is worth it, if there is anything new. Values for which `wanted` holds stay as young as those that were
    /// asked for.
    ///
    /// # Errors
    /// When the file cannot be written; then it is as it was.
    pub fn save(&mut self, wanted: &dyn Fn(&Key) -> bool) -> io::Result<()> {
        let new = std::mem::take(self.new.get_mut().unwrap_or_else(PoisonError::into_inner));
        if new.is_empty() {
            if let Ok(file) = File::options().append(true).open(&self.file) {
                // The oldest files go first.
                let _ = file.set_modified(std::time::SystemTime::now());
            }
            return Ok(());
        }
        let old = self.index.iter().filter(|(key, _)| !new.contains_key(*key)).filter_map(|(key, entry)| {
            let age = if self.was_used(key) || wanted(key) { 0 } else { entry.age.saturating_add(1) };
            Some((age, *key, self.bytes.get(entry.from..entry.from + entry.length)?))
        });
        let mut all: Vec<(u8, Key, &[u8])> =
            new.iter().map(|(key, value)| (0, *key, value.as_slice())).chain(old).collect();
        all.sort_unstable();
        let mut room = self.limit;
        all.retain(|(age, _, value)| {
            let fits = *age <= MAX_AGE && value.len() + 32 <= room;
            room -= if fits { value.len() + 32 } else { 0 };
            fits
        });
        let mut out = Out::default();
        out.list(&all, |out, (age, key, value)| {
            out.key(key);
            out.byte(*age);
            out.number(value.len());
        });
        let mut hasher = blake3::Hasher::new();
        hasher.update(&out.0);
        for (_, _, value) in &all {
            hasher.update(value);
        }
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        Writing::CACHE.replace(&self.file, |file| {
            let mut writer = io::BufWriter::with_capacity(1 << 16, file);
            writer.write_all(MAGIC)?;
            writer.write_all(&self.engine)?;
            writer.write_all(hasher.finalize().as_bytes())?;
            writer.write_all(&out.0)?;
            all.iter().try_for_each(|(_, _, value)| writer.write_all(value))?;
            writer.flush()
        })
    }
}

fn index(mut read: In<'_>, length: usize) -> Option<FxHashMap<Key, Entry>> {
    let listed = read.list(|read| Some((read.key()?, read.byte()?, read.number()?)))?;
    let mut from = length - read.0.len();
    let mut index = FxHashMap::with_capacity_and_hasher(listed.len(), Default::default());
    for (key, age, size) in listed {
        index.insert(key, Entry { from, length: size, age, used: AtomicBool::new(false) });
        from = from.checked_add(size)?;
    }
    (from == length).then_some(index)
}

/// Takes the files away that were not used for longest, until the folder holds no more than so many bytes. Files that were left
/// behind half written go too.
pub fn evict(folder: &Path, most: u64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut total = 0;
    let mut files = Vec::new();
    for entry in entries.flatten() {
        let (name, Ok(meta)) = (entry.file_name(), entry.metadata()) else { continue };
        let name = name.to_string_lossy();
        let age = meta.modified().ok().and_then(|t| t.elapsed().ok()).unwrap_or_default();
        if name.starts_with(BEGUN) && age.as_secs() > 3600 {
            let _ = fs::remove_file(entry.path());
        } else if meta.is_file() && name.ends_with(".pack") {
            total += meta.len();
            files.push((age, meta.len(), entry.path()));
        }
    }
    files.sort();
    while total > most {
        let Some((_, length, path)) = files.pop() else { break };
        let _ = fs::remove_file(path);
        total -= length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGINE: Key = [7; 16];

    fn key(n: u8) -> Key {
        [n; 16]
    }

    fn open(folder: &Path, limit: usize) -> Pack {
        Pack::open(folder.join("a.pack"), ENGINE, limit)
    }

    #[test]
    fn values_are_kept_and_those_that_nobody_wants_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut pack = open(folder.path(), 1 << 20);
        assert!(pack.is_empty() && pack.trouble.is_none());
        pack.put(key(1), b"one".to_vec());
        pack.put(key(2), Vec::new());
        pack.save(&|_| false).expect("saved");
        for n in 3..30 {
            let mut pack = open(folder.path(), 1 << 20);
            assert_eq!(pack.get(&key(1)), Some(&b"one"[..]), "asked for in every run");
            assert_eq!(pack.index.contains_key(&key(2)), n < 3 + 1 + MAX_AGE, "{n}");
            pack.put(key(n), vec![n]);
            pack.save(&|_| false).expect("saved");
        }
    }

    #[test]
    fn no_more_is_written_than_allowed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut pack = open(folder.path(), 1000);
        pack.put(key(1), vec![0; 600]);
        pack.save(&|_| false).expect("saved");
        let mut pack = open(folder.path(), 1000);
        pack.put(key(2), vec![0; 600]);
        pack.save(&|_| false).expect("saved");
        let pack = open(folder.path(), 1000);
        assert!(pack.get(&key(1)).is_none() && pack.get(&key(2)).is_some(), "the new one counts for more");
    }

    #[test]
    fn any_changed_bit_and_any_cut_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.pack");
        let mut pack = open(folder.path(), 1 << 20);
        pack.put(key(1), b"some value".to_vec());
        pack.put(key(2), b"another".to_vec());
        pack.save(&|_| false).expect("saved");
        let good = fs::read(&file).expect("written");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&file, &bad).expect("written");
            let pack = open(folder.path(), 1 << 20);
            assert!(pack.is_empty() && pack.trouble.is_some(), "bit in byte {at}");
            fs::write(&file, &good[..at]).expect("written");
            let pack = open(folder.path(), 1 << 20);
            assert!(pack.is_empty() && pack.trouble.is_some(), "cut at {at}");
        }
        fs::write(&file, [good.as_slice(), b"x"].concat()).expect("written");
        assert!(open(folder.path(), 1 << 20).is_empty());
        fs::write(&file, &good).expect("written");
        assert!(!open(folder.path(), 1 << 20).is_empty());
        let other = Pack::open(file, [8; 16], 1 << 20);
        assert!(other.is_empty() && other.trouble == Some("it is that of another version"));
    }

    #[test]
    fn the_oldest_files_go_first() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, hours) in
            [("old.pack", 3), ("older.pack", 4), ("new.pack", 1), (".sidenote-left", 2), ("mine.txt", 9)]
        {
            let path = folder.path().join(name);
            fs::write(&path, [0; 100]).expect("written");
            let time = std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3600);
            File::options().append(true).open(path).and_then(|f| f.set_modified(time)).expect("a time");
        }
        evict(folder.path(), 250);
        let there = |name: &str| folder.path().join(name).exists();
        assert!(there("new.pack") && there("old.pack") && there("mine.txt"));
        assert!(!there("older.pack") && !there(".sidenote-left"));
    }
}
