//! `sidenote merge`: the SARIF files of a scan's shards become that of the scan.

use crate::args::Merge as Args;
use crate::error::{CLEAN, Error};
use crate::{output, report};

/// Runs it. The exit code says nothing of the findings: each shard's did.
pub fn run(args: &Args) -> Result<u8, Error> {
    let mut logs = Vec::new();
    for path in &args.files {
        let broken = |message: String| Error::Log { path: path.clone(), message };
        let text = std::fs::read(path).map_err(|e| broken(e.to_string()))?;
        logs.push(serde_json::from_slice(&text).map_err(|e| broken(format!("it is no JSON: {e}")))?);
    }
    let merged = report::merge(logs).map_err(|source| {
        let at = match &source {
            report::MergeError::Foreign(n) | report::MergeError::Other(n, _) => n - 1,
            report::MergeError::Nothing => 0,
        };
        Error::Merge { path: args.files[at].clone(), source }
    })?;
    output::write(args.output.as_deref(), |out| {
        serde_json::to_writer_pretty(&mut *out, &merged)?;
        writeln!(out)
    })?;
    Ok(CLEAN)
}
