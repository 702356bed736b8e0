//! Developer commands, as `cargo x COMMAND`.

mod cross;
mod host;
mod package;
mod run;
mod test;
#[cfg(test)]
mod tidy;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use run::{Cargo, binary, say};

const USAGE: &str = "\
cargo x scan [PATH] [ARGS]    build Sidenote and scan PATH; without one, the demonstration repository
cargo x test [--no-editors] [--no-host] [--no-cross]   everything that CI checks
cargo x host                  build the model host (llama.cpp) beside Sidenote; once, in some minutes
cargo x cross                 the kernels' tests on instruction sets of other machines, and under AddressSanitizer
cargo x rules [ARGS]          list the rules; with --measure, judge each by its own cases
cargo x docs [FOLDER]         write the JSON schema, and the rules' pages into FOLDER (target/rules)
cargo x package [--untrained] build what releases ship, trained on real code, and pack it into target/package
cargo x bench [NAME] [ARGS]   run a benchmark beside its rivals: scan, latency, kernels
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match command {
        "scan" => scan(rest),
        "host" => host::build().map(|()| 0),
        "test" => test::run(rest).map(|()| 0),
        "cross" => cross::run().map(|()| 0),
        "rules" => sidenote("rules", rest),
        "package" => package::run(rest).map(|()| 0),
        "docs" => docs(rest).map(|()| 0),
        "bench" => bench(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(0)
        }
        other => {
            eprint!("error: there is no command `{other}`\n\n{USAGE}");
            Ok(2)
        }
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

fn scan(arguments: &[String]) -> Result<u8> {
    tools::compiler()?;
    Cargo::new("building Sidenote").args(["build", "--release", "-p", "sidenote"]).run()?;
    let mut all = vec!["scan".to_owned()];
    match arguments.split_first() {
        Some((path, rest)) if !path.starts_with('-') => {
            say(&format!("scanning {path}"));
            all.push(path.clone());
            all.extend_from_slice(rest);
        }
        _ => {
            let demo = root().join("tests/demo");
            say(&format!("scanning the demonstration repository, {}", demo.display()));
            say("for your own: cargo x scan PATH");
            all.push(demo.display().to_string());
            // The demonstration is meant to have findings.
            all.extend(["--fail-on".to_owned(), "never".to_owned()]);
            all.extend_from_slice(arguments);
        }
    }
    binary(&all)
}

/// A command of Sidenote's own, with the build that the tests use too.
fn sidenote(command: &str, arguments: &[String]) -> Result<u8> {
    tools::compiler()?;
    Cargo::new("building Sidenote").args(["build", "-p", "sidenote"]).run()?;
    let mut all = vec![command.to_owned()];
    all.extend_from_slice(arguments);
    run::program(&run::debug().display().to_string(), &all)
}

fn docs(arguments: &[String]) -> Result<()> {
    let folder = arguments.first().map_or_else(|| root().join("target/rules"), PathBuf::from);
    Cargo::new("building Sidenote").args(["build", "-p", "sidenote"]).run()?;
    let run = |arguments: &[&str]| run::output(&run::debug(), arguments);
    let schema = root().join("server/core/sidenote.schema.json");
    std::fs::write(&schema, run(&["config", "schema"])?).with_context(|| schema.display().to_string())?;
    say(&format!("wrote {}", schema.display()));
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let list = run(&["rules", "--json"])?;
    let ids: Vec<&str> =
        list.lines().filter_map(|line| line.trim().strip_prefix("\"id\": \"")?.strip_suffix("\",")).collect();
    if ids.is_empty() {
        bail!("`sidenote rules --json` names no rule");
    }
    for id in &ids {
        let page = folder.join(format!("{id}.md"));
        std::fs::write(&page, run(&["explain", "--markdown", id])?).with_context(|| page.display().to_string())?;
    }
    say(&format!("wrote {} pages to {}", ids.len(), folder.display()));
    Ok(())
}

fn bench(arguments: &[String]) -> Result<u8> {
    let Some((name, rest)) = arguments.split_first() else {
        println!(
            "scan     benches/rivals/scan.py: a scan of other people's repositories beside oxlint, Biome, ast-grep"
        );
        println!("latency  benches/rivals/latency.py: keystroke to diagnostics beside oxlint's and Biome's servers");
        println!("kernels  benches/kernels: the vector kernels beside NumKong, SimSIMD and the machine's limits");
        return Ok(0);
    };
    if name == "kernels" {
        tools::compiler()?;
        let run = ["run", "--release", "-p", "sidenote-bench-kernels", "--features", "rivals", "--"];
        Cargo::new("the kernels' bench").args(run.into_iter().chain(rest.iter().map(String::as_str))).run()?;
        return Ok(0);
    }
    let script = root().join("benches/rivals").join(format!("{name}.py"));
    if !script.is_file() {
        bail!("there is no benchmark `{name}`; `cargo x bench` lists them");
    }
    tools::compiler()?;
    tools::python()?;
    tools::node()?;
    Cargo::new("building Sidenote").args(["build", "--release", "-p", "sidenote"]).run()?;
    run::program("python3", &[&[script.display().to_string()], rest].concat())
}
