//! SARIF 2.1.0.
use std::io::{self, Write};

use super::Context;

/// Writes it.
pub fn write(_context: &Context<'_>, _out: &mut dyn Write) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
