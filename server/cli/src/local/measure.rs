//! How fast and how large a model is.

use std::path::Path;
use std::time::{Duration, Instant};

use sidenote_model::client::About;

use super::Encoder;
use crate::error::Error;

/// Runs before those that count.
pub const WARM_UPS: usize = 5;
/// Runs that count.
pub const RUNS: usize = 100;
/// Longest time that one block may take here.
const PATIENCE: Duration = Duration::from_secs(60);

/// The edge budget.
pub mod budget {
    /// Bytes on disk.
    pub const SIZE: u64 = 100_000_000;
    /// Milliseconds a block at the 95th percentile.
    pub const P95: f64 = 50.0;
    /// Bytes resident.
    pub const RESIDENT: u64 = 500_000_000;
    /// Share of the full-precision model's accuracy.
    pub const RETAINED: f64 = 0.9;
}

/// A block of about 220 tokens: real code, and the same for every model.
pub const BLOCK: &str = r#"
/** Reads settings from a file, merges them over the defaults and checks what they say. */
async function loadSettings(path: string, defaults: Settings): Promise<Settings> {
  const text = await fs.promises.readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "{}";
    throw new SettingsError(`cannot read ${path}`, error);
  });
  let parsed: Partial<Settings>;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new SettingsError(`${path} is no JSON`, error);
  }
  const settings = { ...defaults, ...parsed };
  for (const [name, value] of Object.entries(settings)) {
    const check = validators.get(name);
    if (!check) {
      logger.warn("unknown setting", { name, path });
      continue;
    }
    const problem = check(value, settings);
    if (problem) throw new SettingsError(`${name} in ${path}: ${problem}`);
  }
  if (settings.retries > MAX_RETRIES || settings.timeout <= 0) {
    throw new SettingsError(`retries and timeout of ${path} are out of range`);
  }
  return Object.freeze(settings);
}
"#;

/// The head of the file that [`BLOCK`] would stand in: imports and constants as `claims::file_head` tells them.
pub const HEAD: &str = r#"import * as fs from "node:fs";
import * as path from "node:path";
import { EventEmitter } from "node:events";
import { createLogger, type Logger } from "../logging/logger";
import { SettingsError, isSettingsError } from "./errors";
import { validators } from "./validators";
import { watchFile, type Watcher } from "../watch";
import type { Settings, SettingsListener, SettingsSource } from "./types";
const MAX_RETRIES = 10;
const RELOAD_DELAY = 250;
const logger: Logger = createLogger("settings");
type Loaded = { path: string; settings: Settings; at: number };
"#;

/// Times of single blocks, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Times {
    sorted: Vec<f64>,
}

impl Times {
    pub fn new(mut times: Vec<f64>) -> Times {
        times.sort_by(f64::total_cmp);
        Times { sorted: times }
    }

    pub fn mean(&self) -> f64 {
        self.sorted.iter().sum::<f64>() / self.sorted.len().max(1) as f64
    }

    /// By the nearest rank; `percent` of 50 is the median.
    pub fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.sorted.len() * percent).div_ceil(100).max(1);
        self.sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
    }
}

/// What a model costs.
#[derive(Clone, Debug)]
pub struct Cost {
    pub about: About,
    pub size: u64,
    pub times: Times,
    /// Milliseconds of the processor a block, all threads together, where the system tells: unlike the times, it hardly depends
    /// on what else the machine does.
    pub processor: Option<f64>,
    /// Bytes resident after the runs, where the system tells.
    pub resident: Option<u64>,
}

/// Runs a model over [`BLOCK`]; every run embeds anew.
///
/// # Errors
/// When the host does not work.
pub fn cost(encoder: &Encoder) -> Result<Cost, Error> {
    let host = encoder.embedder.host();
    let about = host.about().map_err(Error::Host)?;
    let text = sidenote_model::words::for_encoder(BLOCK);
    let mut times = Vec::with_capacity(RUNS);
    let mut before = None;
    for run in 0..WARM_UPS + RUNS {
        if run == WARM_UPS {
            before = processor(about.process);
        }
        let start = Instant::now();
        host.embed_one(&text, PATIENCE).map_err(Error::Host)?;
        if run >= WARM_UPS {
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let processor = processor(about.process).zip(before).map(|(after, before)| (after - before) / RUNS as f64);
    let size = std::fs::metadata(&encoder.model.entry.path).map_or(0, |m| m.len());
    let resident = resident(about.process);
    Ok(Cost { about, size, times: Times::new(times), processor, resident })
}

/// Functions that are searched.
pub const SEARCHED: usize = 10_000;

/// Times of questions over [`SEARCHED`] functions by words and meaning, the question's own embedding included. The functions are made up: 60 to 160
/// words each, a few of which are common, and vectors of noise, over which a scan takes as long as over any.
///
/// # Errors
/// When the host does not work.
pub fn searches(encoder: &Encoder) -> Result<Times, Error> {
    use sidenote_kernels::Code;
    use sidenote_model::search::Search;
    let dimension = encoder.embedder.host().about().map_err(Error::Host)?.dimension as usize;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    // As often as words are in code: the tenth most common is ten times rarer than the most common.
    let word = |draw: &mut dyn FnMut(usize) -> usize| {
        let rank = 4000.0f64.powf(draw(1_000_000) as f64 / 1e6) as usize;
        format!(
            "{}{}",
            ["load", "date", "user", "zone", "item", "path", "text"][rank % 7],
            ["", "er", "ing", "able"][rank / 7 % 4]
        ) + &"xyzw"[..(rank / 28) % 4]
            + ["", "a", "e", "i", "o", "u", "y"][(rank / 112) % 7]
    };
    let mut search = Search::default();
    for n in 0..SEARCHED {
        let count = 60 + draw(100);
        let text: Vec<String> = (0..count).map(|_| word(&mut draw)).collect();
        let number = search.add(&text[0], &text.join(" "));
        let codes: Vec<i8> = (0..dimension).map(|_| (draw(255) as i32 - 127) as i8).collect();
        match Code::from_codes(&codes) {
            Ok(code) => search.vector(number, &code),
            Err(_) => return Err(Error::Local(format!("vector {n} is none"))),
        }
    }
    let mut times = Vec::with_capacity(RUNS);
    for run in 0..WARM_UPS + RUNS {
        let question: Vec<String> = (0..6).map(|_| word(&mut draw)).collect();
        let question = format!("{} {run}", question.join(" "));
        let start = Instant::now();
        let code = encoder.embedder.question(&question, PATIENCE).map_err(Error::Host)?;
        let found = search.find(&question, Some(&code), 20);
        if run >= WARM_UPS && !found.is_empty() {
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok(Times::new(times))
}

/// Milliseconds of the processor that a process has used, in hundredths of a second; Linux alone tells.
pub fn processor(process: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat")).ok()?;
    // The name, in brackets, may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n)?.parse::<u32>().ok();
    Some(10.0 * f64::from(ticks(11)? + ticks(12)?))
}

/// Bytes that a process has in memory; Linux alone tells.
pub fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_ranks() {
        let times = Times::new((1..=100).rev().map(f64::from).collect());
        assert_eq!((times.percentile(50), times.percentile(95), times.percentile(99)), (50.0, 95.0, 99.0));
        assert_eq!(times.mean(), 50.5);
        assert_eq!(Times::new(vec![3.0]).percentile(95), 3.0);
    }
}
