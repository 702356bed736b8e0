//! The hash of a line by which GitHub follows an alert through commits (`primaryLocationLineHash`).
//!
//! It covers the 100 UTF-16 units from the line's start on, without blanks and tabs, every line break as one LF, then 65535
//! for the end of the file and zeros: a polynomial in 37 modulo 2^64, printed in hexadecimal, with a colon and how often the
//! same value has been seen in the file. <https://github.com/github/codeql-action/blob/main/src/fingerprints.ts>

use std::collections::HashMap;

/// Units under the hash.
const WINDOW: usize = 100;

/// The hash of every line, the first line first.
pub fn line_hashes(text: &str) -> Vec<String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len() + WINDOW);
    let mut starts = Vec::new();
    let (mut at_start, mut after_cr) = (true, false);
    for unit in text.encode_utf16().chain([u16::MAX]) {
        let (cr, lf) = (unit == u16::from(b'\r'), unit == u16::from(b'\n'));
        if unit == u16::from(b' ') || unit == u16::from(b'\t') || lf && after_cr {
            after_cr = false;
            continue;
        }
        after_cr = cr;
        if at_start {
            starts.push(units.len());
        }
        at_start = cr || lf;
        units.push(if cr { u16::from(b'\n') } else { unit });
    }
    units.resize(units.len() + WINDOW, 0);
    let mut seen: HashMap<u64, u32> = HashMap::new();
    starts
        .into_iter()
        .map(|start| {
            let hash = units[start..start + WINDOW]
                .iter()
                .fold(0u64, |hash, unit| hash.wrapping_mul(37).wrapping_add(u64::from(*unit)));
            let count = seen.entry(hash).or_default();
            *count += 1;
            format!("{hash:x}:{count}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::line_hashes;

    /// The values that GitHub's own implementation is tested against.
    #[test]
    fn equals_the_published_values() {
        assert_eq!(line_hashes(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            line_hashes(" a\nb\n  \t\tc\n d"),
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]
        );
        assert_eq!(
            line_hashes(" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End"),
            [
                "8b7cf3e952e7aeb2:1",
                "b1ae1287ec4718d9:1",
                "bff680108adb0fcc:1",
                "c6805c5e1288b612:1",
                "b86d3392aea1be30:1",
                "e6ceba753e1a442:1"
            ]
        );
        for breaks in [
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
            " hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r",
            " hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n",
            " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
        ] {
            assert_eq!(
                line_hashes(breaks),
                [
                    "e9496ae3ebfced30:1",
                    "fb7c023a8b9ccb3f:1",
                    "ce8ba1a563dcdaca:1",
                    "e20e36e16fcb0cc8:1",
                    "b3edc88f2938467e:1",
                    "c8e28b0b4002a3a0:1",
                    "c129715d7a2bc9a3:1"
                ]
            );
        }
        assert_eq!(
            line_hashes(&"Lorem ipsum dolor sit amet.\n".repeat(10)),
            [
                "a7f2ff13bc495cf2:1",
                "a7f2ff13bc495cf2:2",
                "a7f2ff13bc495cf2:3",
                "a7f2ff13bc495cf2:4",
                "a7f2ff13bc495cf2:5",
                "a7f2ff13bc495cf2:6",
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1"
            ]
        );
    }

    /// By the definition's formula, for characters outside of the basic plane: a surrogate pair is two units.
    #[test]
    fn counts_utf16_units() {
        let mut hash = 0u64;
        for unit in [0xd83d, 0xde00, 65535u64] {
            hash = hash.wrapping_mul(37).wrapping_add(unit);
        }
        for _ in 0..97 {
            hash = hash.wrapping_mul(37);
        }
        assert_eq!(line_hashes("😀"), [format!("{hash:x}:1")]);
    }
}
