//! One identity for suppression lists, baselines and SARIF.

use std::collections::HashMap;

use super::Finding;
use crate::text::Text;

/// A finding's identity: it survives moved lines, changed indentation and edits elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Fingerprint(pub [u8; 16]);

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Longest flagged text that goes into a fingerprint, in bytes; a long one is told by its start.
const MAX_TEXT: usize = 2048;

/// The fingerprints of a file's findings, in their order: blake3 over rule, path, enclosing symbols, the flagged text
/// without white space, and an ordinal among findings that are equal in all of these.
pub fn fingerprints(path: &str, text: &Text, findings: &[Finding]) -> Vec<Fingerprint> {
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    findings
        .iter()
        .map(|finding| {
            let mut hasher = blake3::Hasher::new();
            for part in [finding.rule.id, path, &finding.symbol] {
                hasher.update(part.as_bytes());
                hasher.update(&[0]);
            }
            let end = finding.range.end.min(finding.range.start + MAX_TEXT);
            let flagged: String = text.slice(finding.range.start, end).split_whitespace().collect();
            hasher.update(flagged.as_bytes());
            let base = *hasher.finalize().as_bytes();
            let ordinal = seen.entry(base).or_default();
            hasher.update(&[0]);
            hasher.update(&ordinal.to_le_bytes());
            *ordinal += 1;
            let mut id = [0; 16];
            id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
            Fingerprint(id)
        })
        .collect()
}
