//! Vectors on disk: what was embedded once is never embedded again, in the editor or in a scan.
//!
//! One SQLite file for the user, in write-ahead mode, so that any number of processes read and write it and a kill at any moment
//! leaves it whole. A row is a block's codes under (its key, the model's). The cache may be deleted at any time; where
//! it cannot be used, or is damaged, work goes on without it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use sidenote_kernels::Code;

use crate::message::BlockKey;

/// Changes when rows are to be read in another way.
const VERSION: i64 = 1;
/// "Side".
const APPLICATION: i64 = 0x5369_6465;

/// Why the cache cannot be used; work goes on without it.
#[derive(thiserror::Error, Debug)]
#[error("the cache of vectors, {}, cannot be used: {source}", path.display())]
pub struct CacheError {
    path: PathBuf,
    source: rusqlite::Error,
}

/// Vectors of one model.
pub struct Cache {
    db: Connection,
    path: PathBuf,
    model: [u8; 16],
    /// Rows over all models beyond which the longest unused are dropped.
    most: u64,
}

impl Cache {
    /// Opens the cache, or makes one. A damaged one is set aside and a new one made. `model` names the model and whatever else the
    /// codes depend on.
    ///
    /// # Errors
    /// When there can be none: no permission, a full disk.
    pub fn open(path: &Path, model: &str, most: u64) -> Result<Cache, CacheError> {
        let wrap = |source| CacheError { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let db = match connect(path) {
            Err(error) if is_damage(&error) => {
                // Set aside rather than deleted: another process may be in the middle of the same.
                for end in ["", "-wal", "-shm"] {
                    let of = |suffix: &str| PathBuf::from(format!("{}{end}{suffix}", path.display()));
                    let _ = std::fs::rename(of(""), of(".damaged"));
                }
                connect(path)
            }
            other => other,
        }
        .map_err(wrap)?;
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(model.as_bytes()).as_bytes()[..16]);
        Ok(Cache { db, path: path.to_owned(), model: id, most })
    }

    /// The codes of a block, if it was embedded before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, key: BlockKey) -> Result<Option<Code>, CacheError> {
        let wrap = |source| CacheError { path: self.path.clone(), source };
        let mut query =
            self.db.prepare_cached("SELECT codes FROM vectors WHERE key = ?1 AND model = ?2").map_err(wrap)?;
        let codes: Option<Vec<u8>> =
            query.query_row(params![key, self.model], |row| row.get(0)).optional().map_err(wrap)?;
        Ok(codes.and_then(|bytes| {
            let codes: Vec<i8> = bytes.into_iter().map(|b| b as i8).collect();
            Code::from_codes(&codes).ok()
        }))
    }

    /// Keeps codes, all or none of them, and drops the longest unused rows when there are too many.
    ///
    /// # Errors
    /// When the file cannot be written; what was there before is untouched.
    pub fn put<'a>(&mut self, rows: impl IntoIterator<Item = (BlockKey, &'a Code)>) -> Result<(), CacheError> {
        let path = self.path.clone();
        self.write(rows).map_err(|source| CacheError { path, source })
    }

    fn write<'a>(&mut self, rows: impl IntoIterator<Item = (BlockKey, &'a Code)>) -> rusqlite::Result<()> {
        let day = today();
        let model = self.model;
        let transaction = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT OR REPLACE INTO vectors (key, model, used, codes) VALUES (?1, ?2, ?3, ?4)")?;
            for (key, code) in rows {
                let codes: Vec<u8> =
                    code.lines().iter().flat_map(|l| l.codes()).take(code.dim()).map(|c| *c as u8).collect();
                insert.execute(params![key, model, day, codes])?;
            }
            let count: i64 = transaction.query_row("SELECT count(*) FROM vectors", [], |row| row.get(0))?;
            let most = i64::try_from(self.most).unwrap_or(i64::MAX);
            if count > most {
                // Some room, so that this does not happen on every write.
                let drop = count - most + most / 10;
                transaction.execute(
                    "DELETE FROM vectors WHERE rowid IN (SELECT rowid FROM vectors ORDER BY used, rowid LIMIT ?1)",
                    [drop],
                )?;
            }
        }
        transaction.commit()
    }

    /// Notes that these blocks are still in use. Cheap: at most one write for a block and day.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn touch(&mut self, keys: &[BlockKey]) -> Result<(), CacheError> {
        let day = today();
        let model = self.model;
        let mut write = || {
            let transaction = self.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            {
                let mut update = transaction
                    .prepare_cached("UPDATE vectors SET used = ?3 WHERE key = ?1 AND model = ?2 AND used < ?3")?;
                for key in keys {
                    update.execute(params![key, model, day])?;
                }
            }
            transaction.commit()
        };
        write().map_err(|source| CacheError { path: self.path.clone(), source })
    }

    /// Number of rows, over all models.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn len(&self) -> Result<u64, CacheError> {
        let wrap = |source| CacheError { path: self.path.clone(), source };
        let count: i64 = self.db.query_row("SELECT count(*) FROM vectors", [], |row| row.get(0)).map_err(wrap)?;
        Ok(count.unsigned_abs())
    }

    /// Whether there is no row.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_empty(&self) -> Result<bool, CacheError> {
        self.len().map(|n| n == 0)
    }
}

fn today() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_secs() / 86_400) as i64
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(10))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // A power cut may cost the last rows and never the file.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        db.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             DROP TABLE IF EXISTS vectors;
             CREATE TABLE vectors (key BLOB NOT NULL, model BLOB NOT NULL, used INTEGER NOT NULL, codes BLOB NOT NULL);
             CREATE UNIQUE INDEX vectors_key ON vectors (key, model);
             CREATE INDEX vectors_used ON vectors (used);
             PRAGMA application_id = {APPLICATION};
             PRAGMA user_version = {VERSION};
             COMMIT;"
        ))
        .or_else(|error| {
            // Another process was quicker.
            let _ = db.execute_batch("ROLLBACK");
            let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version == VERSION { Ok(()) } else { Err(error) }
        })?;
    }
    db.query_row("SELECT count(*) FROM (SELECT key FROM vectors LIMIT 1)", [], |row| row.get::<_, i64>(0))?;
    Ok(db)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(n: i8) -> Code {
        Code::from_codes(&[n, 2, 3, -127]).expect("codes")
    }

    #[test]
    fn what_was_kept_comes_back_by_block_and_model() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/vectors.db");
        let mut cache = Cache::open(&path, "a", 100).expect("opened");
        cache.put([([1; 16], &code(1)), ([2; 16], &code(2))]).expect("written");
        drop(cache);
        let cache = Cache::open(&path, "a", 100).expect("opened");
        assert_eq!(cache.get([1; 16]).expect("read"), Some(code(1)));
        assert_eq!(cache.get([3; 16]).expect("read"), None);
        let other = Cache::open(&path, "b", 100).expect("opened");
        assert_eq!(other.get([1; 16]).expect("read"), None, "another model's vectors are other vectors");
    }

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut cache = Cache::open(&folder.path().join("v.db"), "a", 100).expect("opened");
        let key = |n: u32| {
            let mut key = [0; 16];
            key[..4].copy_from_slice(&n.to_le_bytes());
            key
        };
        let one = code(1);
        cache.put((0..100).map(|n| (key(n), &one))).expect("written");
        cache.db.execute("UPDATE vectors SET used = 1", []).expect("aged");
        cache.touch(&[key(7)]).expect("touched");
        cache.put((200..240).map(|n| (key(n), &one))).expect("written");
        assert!(cache.len().expect("counted") <= 100);
        assert!(cache.get(key(7)).expect("read").is_some(), "in use");
        assert!(cache.get(key(239)).expect("read").is_some(), "new");
        assert!(cache.get(key(0)).expect("read").is_none(), "old");
    }

    #[test]
    fn a_damaged_file_is_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("v.db");
        std::fs::write(&path, vec![b'x'; 8192]).expect("written");
        let mut cache = Cache::open(&path, "a", 100).expect("a new one");
        cache.put([([1; 16], &code(1))]).expect("written");
        assert!(folder.path().join("v.db.damaged").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        let error = Cache::open(&file.join("v.db"), "a", 1).err().expect("no folder");
        assert!(error.to_string().contains("cannot be used"), "{error}");
    }
}
