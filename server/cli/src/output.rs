//! Where a report goes: standard output, or a file that is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use sidenote_files::Writing;

use crate::error::Error;

/// Writes a report to a file or to standard output. `write` gets a stream that takes colour where it may be shown.
///
/// # Errors
/// When it cannot be written; then a file that was there before is still what it was.
pub fn write(path: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let dressed = |to: Box<dyn Write>| -> Box<dyn Write> {
        match path {
            None => Box::new(anstream::AutoStream::new(boxed(to), anstream::AutoStream::choice(&io::stdout()))),
            Some(_) => Box::new(anstream::StripStream::new(boxed(to))),
        }
    };
    deliver(path, &Writing::SHARED, dressed, write)
}

/// Writes a report in a format that cannot hold an escape sequence: nobody has to look for one. A file of it is made again after a loss
/// of power, so that nobody waits for the disk.
///
/// # Errors
/// When it cannot be written; then a file that was there before is still what it was.
pub fn write_plain(path: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    deliver(path, &Writing::REPORT, |to| to, write)
}

/// Has `write` write to what `dressed` makes of the file or of standard output.
fn deliver(
    path: Option<&Path>,
    writing: &Writing,
    dressed: impl FnOnce(Box<dyn Write>) -> Box<dyn Write>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let into = |to: Box<dyn Write>| {
        let mut stream = gathered(dressed(to));
        write(&mut stream)?;
        stream.flush()
    };
    match path {
        None => into(Box::new(io::stdout())).map_err(Error::stdout),
        Some(path) => to_file(path, writing, |file| into(Box::new(file))).map_err(|source| Error::file(path, source)),
    }
}

/// Writes bytes as they are, escape sequences included, to a file or to standard output.
///
/// # Errors
/// When they cannot be written.
pub fn raw(path: Option<&Path>, bytes: &[u8]) -> Result<(), Error> {
    match path {
        None => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Error::stdout)
        }
        Some(path) => to_file(path, &Writing::SHARED, |mut file| file.write_all(bytes))
            .map_err(|source| Error::file(path, source)),
    }
}

/// A stream that is written to in large pieces: each is looked through for escape sequences.
fn gathered<W: Write>(stream: W) -> BufWriter<W> {
    BufWriter::with_capacity(1 << 16, stream)
}

/// A buffered stream of a type that anstream takes.
fn boxed(stream: impl Write + 'static) -> Box<dyn Write> {
    Box::new(BufWriter::new(stream))
}

fn to_file(path: &Path, writing: &Writing, plain: impl FnOnce(File) -> io::Result<()>) -> io::Result<()> {
    // A device or a pipe cannot be replaced by a file.
    if fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        return plain(File::options().write(true).open(path)?);
    }
    writing.replace(path, |file| plain(file.try_clone()?))
}

/// Whether people are reading standard output.
pub fn on_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether people are watching standard error.
pub fn watched() -> bool {
    io::stderr().is_terminal()
}
