//! What the file system says of a file, by which it is known without being read.
//!
//! A file whose size, times, device and number are those of an earlier scan holds what it held then. The time of the last change
//! is set by the system alone, so that a text of the same length with its old time of modification is noticed too. Two changes
//! within one tick of the clock leave the same times: what changed shortly before the scan is read again by the next one.

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sidenote_core::program::Key;

use super::codec::{In, Out};

/// The coarsest clock of a file system that is in use (FAT counts two seconds), and some.
const TICK: Duration = Duration::from_secs(3);

/// What the file system says of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: i128,
    changed: i128,
    device: u64,
    inode: u64,
}

impl Stamp {
    /// `None` where the system does not tell times.
    #[cfg(unix)]
    pub fn of(meta: &Metadata) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        let time = |seconds: i64, nanoseconds: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        Some(Stamp {
            bytes: meta.len(),
            modified: time(meta.mtime(), meta.mtime_nsec()),
            changed: time(meta.ctime(), meta.ctime_nsec()),
            device: meta.dev(),
            inode: meta.ino(),
        })
    }

    /// `None` where the system does not tell times.
    #[cfg(not(unix))]
    pub fn of(meta: &Metadata) -> Option<Stamp> {
        let modified = nanoseconds(meta.modified().ok()?);
        let created = meta.created().map_or(0, nanoseconds);
        // A file that was put in the place of another is one that was created at another time.
        Some(Stamp { bytes: meta.len(), modified, changed: modified.max(created), device: 0, inode: created as u64 })
    }

    /// Whether a later change is sure to give another stamp than this one, seen at `now`.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        self.changed <= nanoseconds(now) - TICK.as_nanos() as i128
    }

    pub fn write(&self, out: &mut Out) {
        out.0.extend_from_slice(&self.bytes.to_le_bytes());
        out.0.extend_from_slice(&self.modified.to_le_bytes());
        out.0.extend_from_slice(&self.changed.to_le_bytes());
        out.0.extend_from_slice(&self.device.to_le_bytes());
        out.0.extend_from_slice(&self.inode.to_le_bytes());
    }

    pub fn read(read: &mut In<'_>) -> Option<Stamp> {
        Some(Stamp {
            bytes: u64::from_le_bytes(read.take(8)?.try_into().ok()?),
            modified: i128::from_le_bytes(read.take(16)?.try_into().ok()?),
            changed: i128::from_le_bytes(read.take(16)?.try_into().ok()?),
            device: u64::from_le_bytes(read.take(8)?.try_into().ok()?),
            inode: u64::from_le_bytes(read.take(8)?.try_into().ok()?),
        })
    }
}

/// A stamp with the key of the text that lay under it.
pub fn write(stamp: &Stamp, key: &Key) -> Vec<u8> {
    let mut out = Out::default();
    stamp.write(&mut out);
    out.key(key);
    out.0
}

/// The key of the text that lies under a stamp, if what was kept is of this stamp.
pub fn key_under(kept: &[u8], stamp: &Stamp) -> Option<Key> {
    let mut read = In(kept);
    let of = Stamp::read(&mut read)?;
    let key = read.key()?;
    read.end(key).filter(|_| of == *stamp)
}

fn nanoseconds(time: SystemTime) -> i128 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(file: &std::path::Path) -> Stamp {
        Stamp::of(&std::fs::metadata(file).expect("there")).expect("times")
    }

    #[test]
    fn another_text_of_the_same_length_has_another_stamp() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.ts");
        std::fs::write(&file, "one").expect("written");
        let before = stamp(&file);
        let time = std::fs::metadata(&file).and_then(|m| m.modified()).expect("a time");
        assert_eq!(stamp(&file), before);
        assert!(!before.is_settled(SystemTime::now()), "it was written just now");
        assert!(before.is_settled(SystemTime::now() + TICK * 2));
        // Longer than a tick of any clock of a system that runs tests.
        std::thread::sleep(Duration::from_millis(50));
        let other = folder.path().join("b.ts");
        std::fs::write(&other, "two").expect("written");
        std::fs::File::options().append(true).open(&other).and_then(|f| f.set_modified(time)).expect("a time");
        std::fs::rename(&other, &file).expect("renamed");
        let after = stamp(&file);
        assert_eq!((after.bytes, after.modified), (before.bytes, before.modified));
        assert_ne!(after, before);
        let kept = write(&before, &[7; 16]);
        assert_eq!(key_under(&kept, &before), Some([7; 16]));
        assert_eq!(key_under(&kept, &after), None);
        assert_eq!(key_under(&kept[..kept.len() - 1], &before), None);
    }
}
