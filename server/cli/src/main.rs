//! `sidenote`: notes in the margin of your code, in a terminal, in CI and in an editor.

/// Says something on standard error. That may be a file on a full disk, or closed: then nobody hears it, and the work goes on.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(anstream::stderr(), $($text)*);
    }};
}

mod args;
mod baseline;
mod budget;
mod commands;
mod error;
mod feedback;
mod fix;
mod git;
#[cfg(feature = "model")]
mod local;
mod output;
mod owners;
mod report;
mod scan;
mod style;
mod trend;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use error::Error;

/// A scan makes and forgets small things on every core at once, which the system's allocator is slow at.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Here mimalloc is what the system's functions are (feature `override`), C code's included; asked by them, without an alignment,
/// it takes its short way.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use mimalloc as _;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and versions are no mistakes; everything else is one of usage.
            let code = if error.use_stderr() { error::USAGE } else { error::CLEAN };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    cli.color.unwrap_or_default().install();
    let outcome = match cli.command {
        Command::Scan(args) => commands::scan::run(&args),
        Command::Rules(args) => commands::rules::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Models(args) => commands::models::run(&args),
        Command::Dismiss(args) => commands::dismiss::run(&args),
        Command::Merge(args) => commands::merge::run(&args),
        Command::Baseline(args) => commands::baseline::run(&args),
        Command::Config(args) => commands::config::run(&args),
        Command::Completions { shell } => commands::shell::completions(shell),
        Command::Man { folder } => commands::shell::man(folder.as_deref()),
        #[cfg(feature = "model")]
        Command::Search(args) => commands::search::run(&args),
        #[cfg(feature = "model")]
        Command::Similar(args) => commands::similar::run(&args),
        #[cfg(feature = "model")]
        Command::Model(args) => commands::model::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Lsp(args) => return commands::lsp::run(&args),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        // The reader went away, as `| head` does: there is nobody left to tell.
        Err(Error::Output { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::from(error::CLEAN)
        }
        Err(error) => {
            error.print();
            ExitCode::from(error.exit_code())
        }
    }
}
