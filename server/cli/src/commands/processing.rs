//! `sidenote explain --processing`.

use sidenote_model::log::newest;
use sidenote_model::store::Store;

use crate::error::{CLEAN, Error};
use crate::local::folders;
use crate::{output, style};

/// Runs it.
pub fn run(most: usize) -> Result<u8, Error> {
    let store = Store::open(folders()?)?;
    let path = store.folders().log();
    let entries = newest(&path, most);
    output::write(None, |out| {
        let (bold, dim) = (style::BOLD, style::DIM);
        for entry in &entries {
            let when =
                humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + std::time::Duration::from_secs(entry.time));
            let rule = if entry.rule.is_empty() { String::new() } else { format!(" ({})", entry.rule) };
            writeln!(
                out,
                "{dim}{when}{dim:#} {bold}{}{bold:#} {} {}:{}{rule}",
                style::printable(&entry.model),
                style::printable(&entry.task),
                style::printable(&entry.path),
                entry.line
            )?;
            let answer = entry.answer.replace('\n', " ");
            writeln!(out, "    {} tokens, {} ms: {}", entry.tokens, entry.millis, style::printable(&answer))?;
        }
        let state = if store.features().log { "on" } else { "off" };
        writeln!(
            out,
            "{dim}the log is {state}, bounded, and never leaves this machine: {} (`sidenote model feature log off` ends it){dim:#}",
            style::shown(&path)
        )?;
        writeln!(
            out,
            "{dim}vectors of functions are computed by `{}` and kept in {}{dim:#}",
            store.encoder(),
            style::shown(&store.folders().vectors())
        )
    })?;
    Ok(CLEAN)
}
