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

/// Most of a flagged text that goes into a fingerprint, in characters that formatters leave alone; a long one is told by its start.
const MAX_TEXT: usize = 2048;
/// Most bytes of a flagged text that are looked at: deep code is half indentation.
const MAX_LOOK: usize = 16 * MAX_TEXT;

/// The fingerprints of a file's findings, in their order: blake3 over rule, path, enclosing symbols, the flagged text
/// without what formatters change, and an ordinal among findings that are equal in all of these.
pub fn fingerprints(path: &str, text: &Text, findings: &[Finding]) -> Vec<Fingerprint> {
    let told = findings.iter().map(|f| (f.rule.id, f.symbol.as_str(), f.range.clone()));
    fingerprints_of(path, text, told)
}

/// The same, of findings by their rules, symbols and flagged bytes.
pub fn fingerprints_of<'f>(
    path: &str,
    text: &Text,
    findings: impl Iterator<Item = (&'f str, &'f str, std::ops::Range<usize>)>,
) -> Vec<Fingerprint> {
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    findings
        .map(|(rule, symbol, range)| {
            let mut hasher = blake3::Hasher::new();
            for part in [rule, path, symbol] {
                hasher.update(part.as_bytes());
                hasher.update(&[0]);
            }
            let end = range.end.min(range.start + MAX_LOOK);
            hasher.update(bare(&text.slice(range.start, end)).as_bytes());
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

/// Code without white space, separators and parentheses, and with one kind of quotes: formatters add and remove them.
fn bare(code: &str) -> String {
    code.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, ',' | ';' | '(' | ')'))
        .map(|c| if c == '\'' { '"' } else { c })
        .take(MAX_TEXT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn formatters_do_not_change_what_a_finding_is() {
        let before = "run(x => ({ a: 'b', c }), [ 1,2 ])";
        let after = "run(\n  (x) => ({ a: \"b\", c }),\n  [1, 2],\n);";
        assert_eq!(bare(before), bare(after));
        assert_ne!(bare("a + b"), bare("a - b"));
        // Nor where a long text is cut.
        let long = "call(one, [two]);\n".repeat(300);
        let deep = long.replace('\n', "\n                ");
        assert_eq!(bare(&long), bare(&deep));
        assert_eq!(bare(&long).len(), super::MAX_TEXT);
    }
}
