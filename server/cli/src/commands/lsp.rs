//! `sidenote lsp`.

use std::process::ExitCode;

use crate::args;

/// Runs the language server until its client ends it.
pub fn run(args: &args::Lsp) -> ExitCode {
    sidenote_lsp::run(sidenote_lsp::Options { log_file: args.log_file.clone(), vectors: vectors() })
}

#[cfg(feature = "model")]
fn vectors() -> Option<sidenote_lsp::meaning::Opener> {
    use crate::local::{Encoder, folders};
    use sidenote_model::store::Store;

    // Opened on a thread of the server's, when there is first something to embed.
    let open = || {
        let store = Store::open(folders()?)?;
        let encoder = Encoder::in_background(&store)?;
        Ok((encoder.embedder, encoder.model.entry.name))
    };
    Some(sidenote_lsp::meaning::opener(move || open().map_err(|e: crate::error::Error| e.to_string())))
}

#[cfg(not(feature = "model"))]
fn vectors() -> Option<sidenote_lsp::meaning::Opener> {
    None
}
