//! `sidenote-host`: llama.cpp behind the protocol. Started by Sidenote; not for people.

mod decoder;
mod llama;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use sidenote_host::sandbox;
use sidenote_host::serve::{About, serve};
use sidenote_model::{PROTOCOL, Reply, check, write_frame};

use decoder::Decoder;
use llama::Llama;

/// Address space beyond the model's own size, in bytes, unless `--memory` says otherwise.
const MEMORY: u64 = 2 << 30;

const USAGE: &str = "\
sidenote-host serve --model FILE --sha256 HASH [--threads N] [--context N] [--memory BYTES] [--nice N]
sidenote-host quantize --model FILE --sha256 HASH --out FILE --type TYPE
sidenote-host about
sidenote-host probe --model FILE
sidenote-host probe-outside --model FILE
";

#[derive(Default)]
struct Arguments {
    model: Option<PathBuf>,
    sha256: Option<String>,
    out: Option<PathBuf>,
    kind: Option<String>,
    threads: Option<u32>,
    context: Option<u32>,
    memory: Option<u64>,
    nice: Option<i32>,
}

impl Arguments {
    fn parse(mut from: impl Iterator<Item = String>) -> Result<Arguments> {
        let mut out = Arguments::default();
        while let Some(name) = from.next() {
            let value = from.next().with_context(|| format!("`{name}` wants a value"))?;
            match name.as_str() {
                "--model" => out.model = Some(value.into()),
                "--sha256" => out.sha256 = Some(value),
                "--out" => out.out = Some(value.into()),
                "--type" => out.kind = Some(value),
                "--threads" => out.threads = Some(value.parse().context("--threads")?),
                "--context" => out.context = Some(value.parse().context("--context")?),
                "--nice" => out.nice = Some(value.parse().context("--nice")?),
                "--memory" => out.memory = Some(value.parse().context("--memory")?),
                other => bail!("there is no `{other}`"),
            }
        }
        Ok(out)
    }

    fn model(&self) -> Result<&Path> {
        self.model.as_deref().context("--model is missing")
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let outcome = Arguments::parse(arguments).and_then(|arguments| match command.as_str() {
        "serve" => {
            let outcome = run(&arguments);
            if let Err(error) = &outcome {
                // Said in the protocol too, so that the client need not guess from an exit code.
                let _ = write_frame(&mut std::io::stdout(), &Reply::Refused { reason: format!("{error:#}") });
            }
            outcome
        }
        "quantize" => quantize(&arguments),
        "about" => about(),
        "probe" => probe(&arguments, true),
        "probe-outside" => probe(&arguments, false),
        _ => bail!("{USAGE}"),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Walls first, then the file's check, then llama.cpp.
fn open(arguments: &Arguments, writable: Option<&Path>) -> Result<(sandbox::Walls, String, bool)> {
    needed_features()?;
    let path = arguments.model()?;
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    let memory = arguments.memory.unwrap_or(MEMORY).saturating_add(size.saturating_mul(2));
    let walls = sandbox::enter(path, writable, memory)?;
    let (header, sha256) = check(path, arguments.sha256.as_deref())?;
    Ok((walls, sha256, header.is_encoder()))
}

fn run(arguments: &Arguments) -> Result<()> {
    // Also of the threads that come later.
    sandbox::lower_priority(arguments.nice.unwrap_or(0));
    let (walls, model, encoder) = open(arguments, None)?;
    let start = Instant::now();
    let (path, threads) = (arguments.model()?, arguments.threads.unwrap_or(1));
    let loaded_in = |start: Instant| u32::try_from(start.elapsed().as_millis()).unwrap_or(u32::MAX);
    let about = |dimension, context, loaded_in| About { model, dimension, context, loaded_in, sandbox: walls.names() };
    if encoder {
        let mut llama = Llama::load(path, threads, arguments.context)?;
        let about = about(llama.dimension(), llama.context_length(), loaded_in(start));
        serve(std::io::stdin(), std::io::stdout(), &about, &mut llama)?;
    } else {
        let mut decoder = Decoder::load(path, threads, arguments.context)?;
        let about = about(0, decoder.context_length(), loaded_in(start));
        serve(std::io::stdin(), std::io::stdout(), &about, &mut decoder)?;
    }
    Ok(())
}

fn quantize(arguments: &Arguments) -> Result<()> {
    let out = arguments.out.as_deref().context("--out is missing")?;
    let folder = out.parent().context("--out has no folder")?;
    open(arguments, Some(folder))?;
    llama::quantize(arguments.model()?, out, arguments.kind.as_deref().context("--type is missing")?)
}

/// What this build is and sees, as lines of `name: value`.
fn about() -> Result<()> {
    println!("protocol: {PROTOCOL}");
    println!("built for: {}", built_for());
    println!("runs here: {}", needed_features().is_ok());
    for (name, value) in llama::devices() {
        println!("device: {name} ({value})");
    }
    Ok(())
}

/// Tries what the walls forbid, inside of them or, as a control, outside, and says what happened.
fn probe(arguments: &Arguments, inside: bool) -> Result<()> {
    let model = arguments.model()?;
    let walls = if inside { sandbox::enter(model, None, MEMORY)? } else { sandbox::Walls::default() };
    println!("walls: {}", walls.names().join(" "));
    for (what, outcome) in sandbox::probe(model) {
        println!("{what}: {outcome}");
    }
    Ok(())
}

/// Instruction sets that llama.cpp was compiled for, as the build says.
fn built_for() -> &'static str {
    option_env!("SIDENOTE_HOST_FEATURES").unwrap_or("the baseline")
}

/// A host for a better machine would end with an illegal instruction, which tells nobody anything.
fn needed_features() -> Result<()> {
    #[cfg(target_arch = "x86_64")]
    for feature in built_for().split(' ') {
        let here = match feature {
            "avx" => is_x86_feature_detected!("avx"),
            "avx2" => is_x86_feature_detected!("avx2"),
            "fma" => is_x86_feature_detected!("fma"),
            "f16c" => is_x86_feature_detected!("f16c"),
            "bmi2" => is_x86_feature_detected!("bmi2"),
            "avx512" => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw"),
            "avx512vnni" => is_x86_feature_detected!("avx512vnni"),
            "avx512vbmi" => is_x86_feature_detected!("avx512vbmi"),
            "avx512bf16" => is_x86_feature_detected!("avx512bf16"),
            "avxvnni" => is_x86_feature_detected!("avxvnni"),
            _ => true,
        };
        if !here {
            bail!("this host was built for {}, and this processor has no {feature}", built_for());
        }
    }
    Ok(())
}
