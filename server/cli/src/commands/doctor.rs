//! `sidenote doctor`: what this machine can do, what was chosen for it, and what is processed where.

use serde_json::{Value, json};

use crate::args::Doctor as Args;
use crate::error::{CLEAN, Error};
use crate::{output, style};

/// Something that was looked at: its name, what was found, and whether that is as it should be.
type Line = (&'static str, String, bool);

/// Runs it.
pub fn run(args: &Args) -> Result<u8, Error> {
    let mut parts: Vec<(&str, Vec<Line>)> = vec![("This machine", machine())];
    #[cfg(feature = "model")]
    parts.extend([("Model", model()), ("Edge budget", budget())]);
    #[cfg(not(feature = "model"))]
    parts.push(("Model", vec![("encoder", "this build has none (feature `model`)".into(), true)]));
    parts.push(("What is processed where", processed()));
    if args.json {
        let all: serde_json::Map<String, Value> = parts
            .iter()
            .map(|(part, lines)| {
                let lines: Vec<Value> = lines
                    .iter()
                    .map(|(name, value, good)| json!({"name": name, "value": value, "good": good}))
                    .collect();
                ((*part).to_owned(), Value::Array(lines))
            })
            .collect();
        output::write(None, |out| {
            serde_json::to_writer_pretty(&mut *out, &all)?;
            writeln!(out)
        })?;
        return Ok(CLEAN);
    }
    output::write(None, |out| {
        for (part, lines) in &parts {
            writeln!(out, "{}{part}{:#}", style::BOLD, style::BOLD)?;
            for (name, value, good) in lines {
                let mark = if *good { String::new() } else { format!("{}!{:#} ", style::BAD, style::BAD) };
                writeln!(out, "  {name:<12} {mark}{}", style::printable(value))?;
            }
        }
        Ok(())
    })?;
    Ok(CLEAN)
}

fn machine() -> Vec<Line> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut lines = vec![
        ("system", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH), true),
        ("cores", cores.to_string(), true),
        ("vectors", instructions().join(" "), true),
    ];
    lines.extend(memory().map(|m| ("memory", m, true)));
    let graphics = graphics();
    let none = "none that was found; everything runs on the processor".to_owned();
    lines.push(("graphics", if graphics.is_empty() { none } else { graphics.join(", ") }, true));
    lines
}

/// Vector instructions of this processor that something here uses.
fn instructions() -> Vec<&'static str> {
    let mut all = Vec::new();
    #[cfg(target_arch = "x86_64")]
    all.extend(
        [
            ("sse4.2", is_x86_feature_detected!("sse4.2")),
            ("avx2", is_x86_feature_detected!("avx2")),
            ("fma", is_x86_feature_detected!("fma")),
            ("avx-vnni", is_x86_feature_detected!("avxvnni")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
            ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
            ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
        ]
        .into_iter()
        .filter(|f| f.1)
        .map(|f| f.0),
    );
    if cfg!(target_arch = "aarch64") {
        all.push("neon");
    }
    all
}

fn memory() -> Option<String> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = |name: &str| -> Option<u64> {
        text.lines().find_map(|l| l.strip_prefix(name))?.trim().trim_end_matches("kB").trim().parse().ok()
    };
    let gigabytes = |name| kilobytes(name).map(|k| k as f64 / 1e6);
    Some(format!("{:.1} GB, {:.1} GB free", gigabytes("MemTotal:")?, gigabytes("MemAvailable:")?))
}

/// Devices by what the system shows of them; no driver is loaded for this.
fn graphics() -> Vec<String> {
    let mut found = Vec::new();
    if std::path::Path::new("/proc/driver/nvidia/version").exists() {
        found.push("NVIDIA (not used by this build)".to_owned());
    }
    if std::path::Path::new("/dev/kfd").exists() {
        found.push("AMD (not used by this build)".to_owned());
    }
    found
}

#[cfg(feature = "model")]
fn model() -> Vec<Line> {
    use sidenote_model::cache::Cache;
    use sidenote_model::embed::many_threads;
    use sidenote_model::store::Store;

    use crate::local::{Encoder, folders, program};

    let mut lines: Vec<Line> = vec![("kernels", sidenote_kernels::Kernels::get().isa().name().to_owned(), true)];
    match program() {
        Ok(path) => lines.push(("host", style::shown(&path), true)),
        Err(error) => lines.push(("host", format!("{error}; `cargo x host` builds it"), false)),
    }
    let store = match folders().and_then(|f| Ok(Store::open(f)?)) {
        Ok(store) => store,
        Err(error) => {
            lines.push(("models", error.to_string(), false));
            return lines;
        }
    };
    match Encoder::open(&store, None, many_threads()) {
        Err(error) => lines.push(("encoder", error.to_string(), false)),
        Ok(encoder) => {
            let header = &encoder.model.header;
            let about =
                format!("{} ({}, {})", store.encoder(), header.architecture().unwrap_or("?"), header.main_type());
            lines.push(("encoder", about, true));
            match encoder.embedder.host().about() {
                Err(error) => lines.push(("works", error.to_string(), false)),
                Ok(about) => {
                    let told = format!(
                        "vectors of {}, {} tokens, loaded in {} ms, {} threads (one while you type)",
                        about.dimension,
                        about.context,
                        about.loaded_in,
                        many_threads()
                    );
                    lines.push(("works", told, true));
                    let walls =
                        if about.sandbox.is_empty() { "none on this system".into() } else { about.sandbox.join(", ") };
                    lines.push(("sandbox", walls, cfg!(not(target_os = "linux")) || about.sandbox.len() == 3));
                }
            }
        }
    }
    let path = store.folders().vectors();
    let rows = Cache::open(&path, "", u64::MAX).and_then(|c| c.len());
    match rows {
        Ok(rows) => lines.push(("vectors", format!("{rows} kept in {}", style::shown(&path)), true)),
        Err(error) => lines.push(("vectors", error.to_string(), false)),
    }
    lines
}

#[cfg(feature = "model")]
fn budget() -> Vec<Line> {
    use crate::local::measure::budget::{P95, RESIDENT, RETAINED, SIZE};
    vec![
        ("size", format!("less than {} MB on disk", SIZE / 1_000_000), true),
        ("speed", format!("less than {P95} ms a block in 95 of 100 (`sidenote model bench` measures)"), true),
        ("memory", format!("less than {} MB resident", RESIDENT / 1_000_000), true),
        (
            "accuracy",
            format!("more than {} % of the full-precision model's (`sidenote model eval` measures)", RETAINED * 100.0),
            true,
        ),
    ]
}

fn processed() -> Vec<Line> {
    let mut lines: Vec<Line> = vec![
        ("rules", "in this program, on this machine".into(), true),
        ("network", "none: nothing here opens a socket".into(), true),
    ];
    if cfg!(feature = "model") {
        lines.push((
            "models",
            "texts of functions and your questions go to the model host, a child process without network and files"
                .into(),
            true,
        ));
        lines.push(("kept", "vectors of functions under hashes of their text; never the text".into(), true));
    }
    lines
}
