//! `sidenote lsp`.

use std::process::ExitCode;

use crate::args;

/// Runs the language server until its client ends it.
pub fn run(args: &args::Lsp) -> ExitCode {
    sidenote_lsp::run(sidenote_lsp::Options {
        log_file: args.log_file.clone(),
        vectors: vectors(),
        reviewer: reviewer(),
    })
}

#[cfg(feature = "model")]
fn vectors() -> Option<sidenote_lsp::meaning::Opener> {
    use crate::local::{Encoder, folders, wanted};
    use sidenote_model::store::Store;

    // Opened on a thread of the server's, when there is first something to embed.
    let open = || {
        let store = Store::open(folders()?)?;
        wanted(&store)?;
        let encoder = Encoder::in_background(&store)?;
        Ok((encoder.embedder, encoder.model.entry.name))
    };
    Some(sidenote_lsp::meaning::opener(move || open().map_err(|e: crate::error::Error| e.to_string())))
}

#[cfg(not(feature = "model"))]
fn vectors() -> Option<sidenote_lsp::meaning::Opener> {
    None
}

#[cfg(feature = "model")]
fn reviewer() -> Option<sidenote_lsp::reviewing::Opener> {
    use std::sync::Arc;

    use crate::local::{folders, program};
    use sidenote_lsp::reviewer::{Reviewer, open};
    use sidenote_model::store::Store;

    let start = || -> Result<Option<Arc<dyn Reviewer>>, String> {
        let store = Store::open(folders().map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
        if store.reviewer().is_none() {
            return Ok(None);
        }
        let program = program().map_err(|e| e.to_string())?;
        Ok(open(&store, &program, 1, true)?.map(|it| Arc::new(it) as Arc<dyn Reviewer>))
    };
    Some(Box::new(start))
}

#[cfg(not(feature = "model"))]
fn reviewer() -> Option<sidenote_lsp::reviewing::Opener> {
    None
}
