//! `sidenote completions` and `sidenote man`.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;

use crate::args::Cli;
use crate::error::{CLEAN, Error};

/// Prints the completions of a shell.
pub fn completions(shell: clap_complete::Shell) -> Result<u8, Error> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sidenote", &mut out);
    print(&out)
}

/// Prints the manual page, or writes one for each command into a folder.
pub fn man(folder: Option<&Path>) -> Result<u8, Error> {
    match folder {
        Some(folder) => clap_mangen::generate_to(Cli::command(), folder).map_err(|e| Error::file(folder, e))?,
        None => {
            let mut out = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut out).map_err(Error::stdout)?;
            print(&out)?;
        }
    }
    Ok(CLEAN)
}

/// Prints bytes that hold no colour.
pub fn print(bytes: &[u8]) -> Result<u8, Error> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Error::stdout)?;
    Ok(CLEAN)
}
