//! From texts to codes: the cache first, the host for the rest.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sidenote_kernels::{Code, Kernels};

use crate::cache::{Cache, CacheError};
use crate::client::{Answer, Host, HostError, Launch, Options, Ticket};
use crate::message::{BlockKey, BlockText, Priority};
use crate::store::Model;
use crate::words::for_encoder;

/// Rows that the cache keeps: some 100 MB.
const MOST_CACHED: u64 = 200_000;
/// Vectors between two writes to the cache: what a kill can cost.
const BATCH: usize = 64;
/// Changes when the same text is given to the model in another form.
const FORM: &str = "words-2";

/// The program that serves models, beside this one. The best for this processor where there are several.
pub fn host_program(beside: &Path) -> Option<std::path::PathBuf> {
    #[cfg(target_arch = "x86_64")]
    let levels: &[(&str, bool)] = &[
        ("-avx512", is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512bf16")),
        ("-avx2", is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
        ("", true),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let levels: &[(&str, bool)] = &[("", true)];
    levels
        .iter()
        .filter(|(_, runs)| *runs)
        .map(|(suffix, _)| beside.join(format!("sidenote-host{suffix}{}", std::env::consts::EXE_SUFFIX)))
        .find(|path| path.is_file())
}

/// How to serve a model. In the background others have the processor first.
pub fn launch(program: &Path, model: &Model, threads: u32, background: bool) -> Launch {
    let mut arguments: Vec<std::ffi::OsString> = [
        "serve".as_ref(),
        "--model".as_ref(),
        model.entry.path.as_os_str(),
        "--sha256".as_ref(),
        model.entry.sha256.as_ref(),
        "--threads".as_ref(),
    ]
    .into_iter()
    .map(std::ffi::OsStr::to_owned)
    .collect::<Vec<_>>();
    arguments.push(threads.max(1).to_string().into());
    if background {
        arguments.extend(["--nice".into(), "10".into()]);
    }
    Launch { program: program.to_owned(), arguments }
}

/// Has the host write a model in another type, inside of its walls.
///
/// # Errors
/// What the host says.
pub fn program_quantize(program: &Path, model: &Model, to: &Path, kind: &str) -> Result<(), String> {
    let out = std::process::Command::new(program)
        .arg("quantize")
        .arg("--model")
        .arg(&model.entry.path)
        .args(["--sha256", &model.entry.sha256, "--type", kind])
        .arg("--out")
        .arg(to)
        .env_clear()
        .output()
        .map_err(|e| format!("cannot start {}: {e}", program.display()))?;
    if out.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&out.stderr).trim().to_owned();
    Err(format!("`{}` cannot be written as {kind}: {told}", model.entry.name))
}

/// Threads for work that somebody waits for: the cores that are free now, at most four. ggml's threads wait for each other
/// by spinning: two of them on a busy machine of two cores are seven times slower than one.
pub fn many_threads() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get().min(64) as u32);
    // Linux alone tells; elsewhere half of the cores are taken for free.
    let load = std::fs::read_to_string("/proc/loadavg").ok();
    let load: Option<f32> = load.and_then(|text| text.split(' ').next()?.parse().ok());
    let free = load.map_or(cores / 2, |load| cores.saturating_sub(load.round() as u32));
    free.clamp(1, 4)
}

/// The key of a text in the cache.
pub fn key(text: &str) -> BlockKey {
    let mut key = [0; 16];
    key.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
    key
}

/// What came of embedding some texts.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Codes by key.
    pub codes: HashMap<BlockKey, Code>,
    /// How many of them were computed now.
    pub computed: usize,
    /// Why some have none.
    pub failed: Option<HostError>,
    /// Texts that the model could not read.
    pub skipped: usize,
}

/// An encoder with its cache.
pub struct Embedder {
    host: Host,
    cache: Mutex<Option<Cache>>,
    kernels: Kernels,
}

impl Embedder {
    /// An embedder of a model. Nothing is started. The error, if there is one, is that of the cache, without which it works too.
    pub fn new(launch: Launch, options: Options, model: &str, cache: &Path) -> (Embedder, Option<CacheError>) {
        let (cache, error) = match Cache::open(cache, &format!("{model} {FORM}"), MOST_CACHED) {
            Ok(cache) => (Some(cache), None),
            Err(error) => (None, Some(error)),
        };
        let embedder = Embedder { host: Host::new(launch, options), cache: Mutex::new(cache), kernels: Kernels::get() };
        (embedder, error)
    }

    /// The host, for its threads and for what it says of itself.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Codes of those texts that were embedded before. Starts nothing.
    pub fn known(&self, keys: impl IntoIterator<Item = BlockKey>) -> HashMap<BlockKey, Code> {
        let mut guard = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(cache) = guard.as_mut() else { return HashMap::new() };
        let mut codes = HashMap::new();
        for key in keys {
            match cache.get(key) {
                Ok(Some(code)) => drop(codes.insert(key, code)),
                Ok(None) => {}
                // Unreadable now; the next run sets a damaged file aside.
                Err(_) => return codes,
            }
        }
        let keys: Vec<BlockKey> = codes.keys().copied().collect();
        let _ = cache.touch(&keys);
        codes
    }

    pub(crate) fn keep(&self, codes: &[(BlockKey, Code)]) {
        if codes.is_empty() {
            return;
        }
        let mut guard = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cache) = guard.as_mut() {
            // A full disk costs the cache, not the answer.
            let _ = cache.put(codes.iter().map(|(key, code)| (*key, code)));
        }
    }

    /// The codes of texts: from the cache, else computed and kept. `on_progress` is told how many of how many are there, and ends
    /// the work by returning false.
    pub fn embed(
        &self,
        texts: &HashMap<BlockKey, &str>,
        priority: Priority,
        within: Option<Duration>,
        mut on_progress: impl FnMut(usize, usize) -> bool,
    ) -> Outcome {
        let mut outcome = Outcome { codes: self.known(texts.keys().copied()), ..Outcome::default() };
        let mut missing: Vec<(&BlockKey, &&str)> =
            texts.iter().filter(|(key, _)| !outcome.codes.contains_key(*key)).collect();
        // The same order every time.
        missing.sort_unstable();
        let blocks: Vec<BlockText> =
            missing.into_iter().map(|(key, text)| BlockText { key: *key, text: for_encoder(text) }).collect();
        if blocks.is_empty() || !on_progress(outcome.codes.len(), texts.len()) {
            return outcome;
        }
        let mut fresh: Vec<(BlockKey, Code)> = Vec::with_capacity(BATCH);
        let ticket = self.host.embed(priority, within, blocks);
        while let Some(answer) = ticket.next() {
            match answer {
                Answer::Vector { key, vector } => match self.code(vector) {
                    Some(code) => {
                        fresh.push((key, code.clone()));
                        outcome.codes.insert(key, code);
                        outcome.computed += 1;
                        if fresh.len() == BATCH {
                            self.keep(&fresh);
                            fresh.clear();
                        }
                        if !on_progress(outcome.codes.len(), texts.len()) {
                            break;
                        }
                    }
                    None => outcome.skipped += 1,
                },
                Answer::Skipped { .. } => outcome.skipped += 1,
                Answer::Done => break,
                Answer::Failed(error) => {
                    outcome.failed = Some(error);
                    break;
                }
            }
        }
        self.keep(&fresh);
        outcome
    }

    /// The cosines of texts with others, a row for each text; `None` for a text, and 0 for another, that has no vector.
    ///
    /// # Errors
    /// Why not all of them have one.
    pub fn cosines(
        &self,
        texts: &[String],
        others: &[String],
        within: Duration,
    ) -> Result<Vec<Option<Vec<f32>>>, HostError> {
        let all: HashMap<BlockKey, &str> = texts.iter().chain(others).map(|t| (key(t), t.as_str())).collect();
        let outcome = self.embed(&all, Priority::Open, Some(within), |_, _| true);
        if let Some(error) = outcome.failed {
            return Err(error);
        }
        let others: Vec<Option<&Code>> = others.iter().map(|t| outcome.codes.get(&key(t))).collect();
        let row = |text: &String| {
            let own = outcome.codes.get(&key(text))?;
            let cosine = |other: &Option<&Code>| other.and_then(|o| self.kernels.cosine(own, o).ok()).unwrap_or(0.0);
            Some(others.iter().map(cosine).collect())
        };
        Ok(texts.iter().map(row).collect())
    }

    /// Asks the host for vectors, past the cache.
    pub(crate) fn ask(&self, priority: Priority, texts: Vec<(BlockKey, String)>) -> Ticket {
        let blocks = texts.into_iter().map(|(key, text)| BlockText { key, text: for_encoder(&text) }).collect();
        self.host.embed(priority, None, blocks)
    }

    /// The code of a question, for which somebody waits.
    ///
    /// # Errors
    /// Why there is none.
    pub fn question(&self, text: &str, within: Duration) -> Result<Code, HostError> {
        let vector = self.host.embed_one(&for_encoder(text), within)?;
        self.code(vector).ok_or_else(|| HostError::Unavailable("the model computed what is no vector".into()))
    }

    /// Cosines need no centring where the model is trained for them, as sentence encoders are.
    pub(crate) fn code(&self, vector: Vec<f32>) -> Option<Code> {
        let mean = vec![0.0; vector.len()];
        self.kernels.finish(vector, &mean).ok()
    }
}
