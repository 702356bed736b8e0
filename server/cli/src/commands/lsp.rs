//! `sidenote lsp`.

use std::process::ExitCode;

use crate::args;

/// Runs the language server until its client ends it.
pub fn run(_args: &args::Lsp) -> ExitCode {
    eprintln!("error: this build has no language server yet");
    ExitCode::from(crate::error::INTERNAL)
}
