//! The static tier: a block's text to token ids to codes, with no model run.

use crate::line::{Code, LINE, Line, check_dim, lines_for};
use crate::{Error, Kernels};

/// Cuts `text` into tokens and hashes each to `0..1 << bits`, appending to `ids`. Language-neutral, and total: any bytes
/// are text.
///
/// Identifiers are cut at `_`, `$` and case changes (`parseHTTPUrl` is `parse`, `http`, `url`) and lower-cased, so that
/// renamings by convention fall together; every number is one token; white space and quotes are nothing; any other byte is a token of its own. `bits` is held to 1..=31.
pub fn lex(text: &[u8], bits: u32, ids: &mut Vec<u32>) {
    const SEED: u64 = 0xcbf2_9ce4_8422_2325;
    let shift = 64 - bits.clamp(1, 31);
    let mut push = |hash: u64| ids.push((hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift) as u32);
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match CLASS[byte as usize] {
            Class::Space => at += 1,
            Class::Digit => {
                while text.get(at).is_some_and(|&b| b.is_ascii_alphanumeric() || b == b'_') {
                    at += 1;
                }
                push(mix(SEED, b'0'));
            }
            Class::Lower | Class::Upper => {
                let mut hash = mix(SEED, byte | 32);
                let mut upper = CLASS[byte as usize] == Class::Upper;
                at += 1;
                while let Some(&b) = text.get(at) {
                    let class = CLASS[b as usize];
                    // Nearly every byte: one branch, which is foreseen.
                    if matches!(class, Class::Lower | Class::Digit) {
                        upper = false;
                    } else {
                        let next_lower = || text.get(at + 1).is_some_and(|&n| CLASS[n as usize] == Class::Lower);
                        // `aB` starts a word, and so does the `U` of `HTTPUrl`.
                        if class != Class::Upper || !upper || next_lower() {
                            break;
                        }
                    }
                    hash = mix(hash, if class == Class::Upper { b | 32 } else { b });
                    at += 1;
                }
                push(hash);
            }
            Class::Other => {
                push(mix(SEED, byte));
                at += 1;
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Digit,
    Lower,
    Upper,
    Other,
}

static CLASS: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            0..=b' ' | b'_' | b'$' | b'"' | b'\'' | b'`' | 0x7f => Class::Space,
            b'0'..=b'9' => Class::Digit,
            // Bytes past ASCII are parts of words: UTF-8 letters stay whole.
            b'a'..=b'z' | 0x80.. => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            _ => Class::Other,
        };
        b += 1;
    }
    table
};

/// A table of token rows: a block's vector is the mean of its tokens' rows.
#[derive(Clone, Debug)]
pub struct StaticTable {
    dim: usize,
    bits: u32,
    lines: Vec<Line>,
    scales: Vec<f32>,
    mean: Vec<f32>,
}

impl StaticTable {
    /// A table of `1 << bits` given rows of `dim` codes, each dimension with a scale (what a code of 1 stands for), and
    /// the corpus mean to centre by.
    ///
    /// # Errors
    /// [`Error::Dimension`] for lengths that do not fit, [`Error::CodeRange`] for a -128, [`Error::NonFinite`] in
    /// `scales` or `mean`, [`Error::Overflow`] for `bits` outside 1..=24.
    pub fn new(codes: &[i8], dim: usize, bits: u32, scales: &[f32], mean: &[f32]) -> Result<StaticTable, Error> {
        check_dim(dim)?;
        if !(1..=24).contains(&bits) {
            return Err(Error::Overflow { what: "table bits", found: bits as usize, limit: 24 });
        }
        for found in [codes.len() >> bits, scales.len(), mean.len()] {
            if found != dim || codes.len() != dim << bits {
                return Err(Error::Dimension { expected: dim, found });
            }
        }
        if let Some(at) = codes.iter().position(|&c| c == i8::MIN) {
            return Err(Error::CodeRange { at });
        }
        for x in [scales, mean] {
            if let Some(at) = x.iter().position(|x| !x.is_finite()) {
                return Err(Error::NonFinite { at });
            }
        }
        let mut lines = vec![Line::ZERO; lines_for(dim) << bits];
        for (to, from) in lines.chunks_exact_mut(lines_for(dim)).zip(codes.chunks_exact(dim)) {
            for (line, part) in to.iter_mut().zip(from.chunks(LINE)) {
                line.0[..part.len()].copy_from_slice(part);
            }
        }
        Ok(StaticTable { dim, bits, lines, scales: scales.to_vec(), mean: mean.to_vec() })
    }

    /// A table with no model behind it: each token has a fixed random direction, so that a block's vector is a random
    /// projection of its bag of tokens, and cosines are kept up to about `1 / sqrt(dim)`.
    ///
    /// # Errors
    /// As for [`StaticTable::new`].
    pub fn random(dim: usize, bits: u32, seed: u64) -> Result<StaticTable, Error> {
        check_dim(dim)?;
        if !(1..=24).contains(&bits) {
            return Err(Error::Overflow { what: "table bits", found: bits as usize, limit: 24 });
        }
        let mut state = seed;
        let codes: Vec<i8> = (0..dim << bits)
            .map(|_| {
                // SplitMix64; the sum of its bytes is near normal.
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
                let sum: i32 = (z ^ z >> 31).to_le_bytes().iter().map(|&b| i32::from(b)).sum();
                ((sum - 8 * 255 / 2) / 5).clamp(-127, 127) as i8
            })
            .collect();
        StaticTable::new(&codes, dim, bits, &vec![1.0; dim], &vec![0.0; dim])
    }

    /// The same table, centred by another mean: that of the corpus at hand.
    ///
    /// # Errors
    /// [`Error::Dimension`] or [`Error::NonFinite`].
    pub fn with_mean(mut self, mean: &[f32]) -> Result<StaticTable, Error> {
        if mean.len() != self.dim {
            return Err(Error::Dimension { expected: self.dim, found: mean.len() });
        }
        if let Some(at) = mean.iter().position(|x| !x.is_finite()) {
            return Err(Error::NonFinite { at });
        }
        self.mean = mean.to_vec();
        Ok(self)
    }

    /// Codes a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// `lex` to this many bits for this table.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// The sum of the rows `ids`, `dim` long. Sixteen-bit partial sums are flushed every 256 ids.
    ///
    /// # Errors
    /// [`Error::TokenId`] for an id past the table; [`Error::Overflow`] for more than 2^24 ids, below which the sums
    /// fit an `i32` (127 * 2^24 < 2^31).
    pub fn pool_gather(&self, kernels: Kernels, ids: &[u32]) -> Result<Vec<i32>, Error> {
        let (rows, limit) = (1usize << self.bits, 1 << 24);
        if ids.len() > limit {
            return Err(Error::Overflow { what: "token ids", found: ids.len(), limit });
        }
        // A maximum and not a search: it runs over every id of every block.
        let largest = ids.iter().fold(0, |m, &id| m.max(id));
        if largest as usize >= rows {
            return Err(Error::TokenId { id: largest, rows });
        }
        let n = lines_for(self.dim);
        let mut acc = vec![0; n * LINE];
        kernels.gather(&self.lines, n, ids, &mut acc);
        acc.truncate(self.dim);
        Ok(acc)
    }

    /// The mean of the rows `ids`, scaled, before centring: zeros for no ids.
    ///
    /// # Errors
    /// As for [`StaticTable::pool_gather`].
    pub fn pool(&self, kernels: Kernels, ids: &[u32]) -> Result<Vec<f32>, Error> {
        let inv = 1.0 / ids.len().max(1) as f32;
        let acc = self.pool_gather(kernels, ids)?;
        Ok(acc.iter().zip(&self.scales).map(|(&sum, &scale)| sum as f32 * scale * inv).collect())
    }

    /// The code of a block with the tokens `ids`.
    ///
    /// # Errors
    /// As for [`StaticTable::pool_gather`]; [`Error::NonFinite`] when scales overflow.
    pub fn embed(&self, kernels: Kernels, ids: &[u32]) -> Result<Code, Error> {
        kernels.finish(self.pool(kernels, ids)?, &self.mean)
    }
}
