//! `sidenote lsp`.

use std::process::ExitCode;

use crate::args;

/// Runs the language server until its client ends it.
pub fn run(args: &args::Lsp) -> ExitCode {
    sidenote_lsp::run(sidenote_lsp::Options { log_file: args.log_file.clone() })
}
