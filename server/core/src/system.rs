//! The only door to the clock and the file system. Everything else in this crate is a pure function of its
//! arguments.

use std::io;
/// Why something of the system fails.
pub use std::io::Error as IoError;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Whether time passes.
static CLOCK: AtomicBool = AtomicBool::new(true);

/// From now on no deadline passes in this process: what is found depends on nothing but the code, however slow the machine is.
pub fn stop_the_clock() {
    CLOCK.store(false, Ordering::Relaxed);
}

/// How long this thread may go on with some work: processor time, for what others do on the machine must not decide what is found.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    /// Before this the time cannot be up, whatever the thread did.
    soonest: Instant,
    /// Processor time of the thread; `None` where that is not told, and the clock on the wall counts.
    at: Option<Duration>,
}

impl Deadline {
    /// That much from now. It counts for the thread that asks.
    pub fn after(limit: Duration) -> Deadline {
        let now = Instant::now();
        // What is too long to be told is no limit that anybody meets.
        let soonest = now.checked_add(limit).unwrap_or_else(|| now + Duration::from_secs(u64::from(u32::MAX)));
        Deadline { soonest, at: thread_time().map(|used| used.saturating_add(limit)) }
    }

    /// Whether it is over.
    pub fn passed(&self) -> bool {
        CLOCK.load(Ordering::Relaxed)
            && Instant::now() >= self.soonest
            && self.at.is_none_or(|at| thread_time().is_none_or(|used| used >= at))
    }
}

/// The processor time that this thread has used.
#[cfg(unix)]
fn thread_time() -> Option<Duration> {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(Duration::new(u64::try_from(used.tv_sec).ok()?, u32::try_from(used.tv_nsec).ok()?))
}

#[cfg(not(unix))]
fn thread_time() -> Option<Duration> {
    None
}

/// Tells how long something takes, for who measures; no result hangs on it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now on.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Nanoseconds since then.
    pub fn nanos(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// The current day, `2026-11-28`, in universal time; such texts compare as the days do. For lists in which people say how long
/// something holds.
pub fn today() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    day(i64::try_from(now.as_secs() / 86_400).unwrap_or_default())
}

/// The day of the Gregorian calendar that many days after 1 January 1970.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn day(days: i64) -> String {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The folder of this user's own choices; `SIDENOTE_CONFIG` replaces it. `None` if there is no home.
pub fn user_config() -> Option<PathBuf> {
    user_folder("SIDENOTE_CONFIG", "XDG_CONFIG_HOME", "APPDATA", "Library/Application Support", ".config")
}

/// The folder of what may be deleted at any time; `SIDENOTE_CACHE` replaces it. `None` if there is no home.
pub fn user_cache() -> Option<PathBuf> {
    user_folder("SIDENOTE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA", "Library/Caches", ".cache")
}

fn user_folder(own: &str, xdg: &str, windows: &str, mac: &str, other: &str) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let home = || variable("HOME").or_else(|| variable("USERPROFILE"));
    if let Some(folder) = variable(own) {
        return Some(folder);
    }
    let base = match variable(xdg).filter(|p| p.is_absolute()) {
        Some(base) => base,
        None if cfg!(windows) => variable(windows)?,
        None if cfg!(target_os = "macos") => home()?.join(mac),
        None => home()?.join(other),
    };
    Some(base.join("sidenote"))
}

/// The text of a list that people keep, or `None` if there is none.
///
/// # Errors
/// When it is there and cannot be read.
#[allow(clippy::disallowed_methods, reason = "this is the door")]
pub fn read_list(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes such a list, whole or not at all: a full disk must not cost what was there before. Makes its folder.
///
/// # Errors
/// When it cannot be written.
pub fn write_list(path: &Path, text: &str) -> io::Result<()> {
    sidenote_files::Writing::SHARED.put(path, text.as_bytes())
}

/// Files, as the engine sees them: unsaved buffers in an editor, the disk in a scan, a map in a test.
pub trait System: Send + Sync {
    /// The text of a file, or `None` if there is none or it is no text.
    fn read(&self, path: &Path) -> Option<String>;

    /// Whether there is such a regular file.
    fn is_file(&self, path: &Path) -> bool;

    /// The names of the regular files in a folder, sorted; at most so many. Other folders in it are left out.
    fn files(&self, folder: &Path, most: usize) -> Vec<String> {
        let _ = (folder, most);
        Vec::new()
    }

    /// The path with every symbolic link on the way resolved, or `None` if there is nothing.
    fn canonical(&self, path: &Path) -> Option<PathBuf> {
        Some(path.to_owned())
    }
}

/// The operating system's files. Only regular files are read: a file that is a symbolic link is none.
pub struct OsSystem;

#[allow(clippy::disallowed_methods, reason = "this is the door")]
impl System for OsSystem {
    fn read(&self, path: &Path) -> Option<String> {
        let meta = std::fs::symlink_metadata(path).ok()?;
        if !meta.is_file() || meta.len() > crate::text::MAX_BYTES as u64 {
            return None;
        }
        String::from_utf8(std::fs::read(path).ok()?).ok()
    }

    fn is_file(&self, path: &Path) -> bool {
        std::fs::symlink_metadata(path).is_ok_and(|m| m.is_file())
    }

    fn files(&self, folder: &Path, most: usize) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let files = entries.filter(|e| e.file_type().is_ok_and(|t| t.is_file()));
        let mut names: Vec<String> = files.filter_map(|e| e.file_name().into_string().ok()).take(most).collect();
        names.sort();
        names
    }

    fn canonical(&self, path: &Path) -> Option<PathBuf> {
        std::fs::canonicalize(path).ok()
    }
}

/// No files at all.
pub struct NoSystem;

impl System for NoSystem {
    fn read(&self, _: &Path) -> Option<String> {
        None
    }

    fn is_file(&self, _: &Path) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Deadline, Stopwatch, day};

    #[cfg(unix)]
    #[test]
    fn waiting_uses_up_no_time() {
        let deadline = Deadline::after(Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(60));
        assert!(!deadline.passed(), "the thread did nothing");
        let watch = Stopwatch::start();
        while !deadline.passed() {
            assert!(watch.nanos() < 20_000_000_000, "work does");
        }
        assert!(!Deadline::after(Duration::MAX).passed());
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, told) in [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_785, "2026-11-28")] {
            assert_eq!(day(days), told);
        }
    }
}
