//! The static tier: a block's text to token ids to codes, with no model run.

use crate::line::{Code, LINE, Line, check_dim, lines_for};
use crate::{Error, Kernels};

/// Cuts `text` into tokens and hashes each to `0..1 << bits`, appending to `ids`. Language-neutral, and total: any bytes
/// are text.
///
/// Identifiers are cut at `_`, `$` and case changes (`parseHTTPUrl` is `parse`, `http`, `url`) and lower-cased, so that
/// renamings by convention fall together; every number is one token; white space and quotes are nothing; any other byte is a token of its own. `bits` is held to 1..=31.
///
/// Text is taken 64 bytes at a time, each class of bytes as a mask of 64 bits: where tokens start and stop follows by shifts
/// and carries, without a branch for each byte (the way of J. Langdale and D. Lemire, *Parsing gigabytes of JSON per second*, 2019).
pub fn lex(text: &[u8], bits: u32, ids: &mut Vec<u32>) {
    let shift = 64 - bits.clamp(1, 31);
    let mut before = Before::default();
    // The token that goes on from one stretch into the next: where it starts, and what it is.
    let mut open: Option<(usize, Kind)> = None;
    let mut found = [0u32; STRETCH];
    for (n, chunk) in text.chunks(STRETCH).enumerate() {
        let at = n * STRETCH;
        let mut block = [0; STRETCH];
        block[..chunk.len()].copy_from_slice(chunk);
        let next_is_lower = text.get(at + STRETCH).is_some_and(|b| b.is_ascii_lowercase() || *b >= 0x80);
        let Cut { mut starts, mut stops, numbers, others } = Masks::of(&block).cut(&mut before, next_is_lower);
        let mut count = 0;
        let mut push = |(start, kind): (usize, Kind), stop: usize| {
            found[count] = (hash(text, start, stop, kind) >> shift) as u32;
            count += 1;
        };
        if let Some(token) = open.filter(|_| stops != 0) {
            push(token, at + stops.trailing_zeros() as usize);
            stops &= stops - 1;
            open = None;
        }
        while starts != 0 {
            let bit = starts.trailing_zeros();
            let kind = Kind { number: numbers >> bit & 1, other: others >> bit & 1 };
            let token = (at + bit as usize, kind);
            starts &= starts - 1;
            if stops == 0 {
                open = Some(token);
                break;
            }
            push(token, at + stops.trailing_zeros() as usize);
            stops &= stops - 1;
        }
        ids.extend_from_slice(&found[..count]);
    }
    if let Some((start, kind)) = open {
        ids.push((hash(text, start, text.len(), kind) >> shift) as u32);
    }
}

/// Bytes that are looked at together, one bit each.
const STRETCH: usize = 64;

/// What a token is, as bits: a number, a byte of its own, or (neither) a word.
#[derive(Clone, Copy)]
struct Kind {
    number: u64,
    other: u64,
}

/// A hash of the token `text[start..stop]`, of which the upper bits are the best. All numbers have the same; of a word bit 5 of
/// every byte is set, which makes ASCII letters lower.
#[inline(always)]
fn hash(text: &[u8], start: usize, stop: usize, kind: Kind) -> u64 {
    const SEED: u64 = 0xcbf2_9ce4_8422_2325;
    const LOWER: u64 = u64::from_le_bytes([0x20; 8]);
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * 0x9e37_79b9_7f4a_7c15_u128;
        product as u64 ^ (product >> 64) as u64
    };
    let lower = if kind.other == 1 { 0 } else { LOWER };
    let mut hash = SEED;
    let mut at = start;
    loop {
        let left = stop - at;
        let word = match text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => text[at..].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        let word = word | lower;
        if kind.number == 1 {
            return mix(hash, u64::from(b'0'));
        }
        if left <= 8 {
            // A stop lies past its start.
            return mix(hash, word & u64::MAX >> (64 - 8 * left as u32));
        }
        hash = mix(hash, word);
        at += 8;
    }
}

/// Classes of 64 bytes, a bit for each byte. White space, quotes, `_` and `$` are in none of the first four.
#[derive(PartialEq, Debug)]
struct Masks {
    /// ASCII letters; bytes past ASCII count as lower ones: UTF-8 letters stay whole.
    lower: u64,
    upper: u64,
    digit: u64,
    /// Bytes that are tokens of their own.
    other: u64,
    /// What a number may hold: ASCII letters, digits, `_`.
    number: u64,
}

/// Where tokens start, and the places after their ends; which of the bytes are in numbers, or on their own.
struct Cut {
    starts: u64,
    stops: u64,
    numbers: u64,
    others: u64,
}

/// What the last byte of the stretch before was, as bits.
#[derive(Default)]
struct Before {
    letter_or_digit: u64,
    upper: u64,
    word: u64,
    number: u64,
    token: u64,
}

impl Masks {
    #[cfg(target_arch = "x86_64")]
    fn of(block: &[u8; STRETCH]) -> Masks {
        // SAFETY: SSE2 is part of x86-64, so that no dispatch is needed.
        unsafe { Masks::sse2(block) }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "sse2")]
    fn sse2(block: &[u8; STRETCH]) -> Masks {
        use std::arch::x86_64::*;
        let mut masks = Masks { lower: 0, upper: 0, digit: 0, other: 0, number: 0 };
        for (n, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
            let halves = bytes.as_chunks::<8>().0;
            let x = _mm_set_epi64x(i64::from_le_bytes(halves[1]), i64::from_le_bytes(halves[0]));
            let byte = |byte: u8| _mm_set1_epi8(byte as i8);
            // Bytes past ASCII are negative, and within nothing.
            let within =
                |from: u8, to: u8| _mm_and_si128(_mm_cmpgt_epi8(x, byte(from - 1)), _mm_cmpgt_epi8(byte(to + 1), x));
            let is = |b: u8| _mm_cmpeq_epi8(x, byte(b));
            let gathered = |x: __m128i| u64::from(_mm_movemask_epi8(x) as u32) << (16 * n);
            let (small, upper, digit, under) = (within(b'a', b'z'), within(b'A', b'Z'), within(b'0', b'9'), is(b'_'));
            let quotes = _mm_or_si128(_mm_or_si128(is(b'"'), is(b'\'')), _mm_or_si128(is(b'`'), is(b'$')));
            let blank = _mm_or_si128(_mm_cmpgt_epi8(byte(b' ' + 1), x), _mm_or_si128(quotes, is(0x7f)));
            let in_number = _mm_or_si128(_mm_or_si128(small, upper), _mm_or_si128(digit, under));
            masks.lower |= gathered(_mm_or_si128(small, x));
            masks.upper |= gathered(upper);
            masks.digit |= gathered(digit);
            masks.number |= gathered(in_number);
            // What is past ASCII counts as blank here, too, and is none of the others.
            masks.other |= gathered(_mm_or_si128(in_number, blank));
        }
        masks.other = !masks.other;
        masks
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of(block: &[u8; STRETCH]) -> Masks {
        Masks::portable(block)
    }

    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn portable(block: &[u8; STRETCH]) -> Masks {
        const ONES: u64 = u64::from_le_bytes([1; 8]);
        const TOP: u64 = ONES << 7;
        let mut masks = Masks { lower: 0, upper: 0, digit: 0, other: 0, number: 0 };
        for (n, bytes) in block.as_chunks::<8>().0.iter().enumerate() {
            // Eight bytes at once, the answer in the top bit of each: no sum of seven bits and a constant runs over.
            let x = u64::from_le_bytes(*bytes);
            let (low, high) = (x & !TOP, x & TOP);
            let least = |byte: u8| low + ONES * u64::from(0x80 - byte);
            let within = |from: u8, to: u8| least(from) & !least(to + 1) & !high & TOP;
            let is = |byte: u8| !((low ^ (ONES * u64::from(byte))) + !TOP) & !high & TOP;
            // The eight top bits as a byte.
            let gathered = |top: u64| (top >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56 << (8 * n);
            let (small, upper, digit, under) = (within(b'a', b'z'), within(b'A', b'Z'), within(b'0', b'9'), is(b'_'));
            let lower = small | high;
            let blank = within(0, b' ') | under | is(b'$') | is(b'"') | is(b'\'') | is(b'`') | is(0x7f);
            masks.lower |= gathered(lower);
            masks.upper |= gathered(upper);
            masks.digit |= gathered(digit);
            masks.other |= gathered(TOP & !(lower | upper | digit | blank));
            masks.number |= gathered(small | upper | digit | under);
        }
        masks
    }

    fn cut(&self, before: &mut Before, next_is_lower: bool) -> Cut {
        let letter_or_digit = self.lower | self.upper | self.digit;
        let after = |mask: u64, carry: u64| mask << 1 | carry;
        // A digit that follows no letter begins a number, which goes on as far as it can.
        let begun = self.digit & !after(letter_or_digit, before.letter_or_digit);
        let numbers = spread(begun | before.number & self.number, self.number);
        let words = letter_or_digit & !numbers;
        // `aB` starts a word, and so does the `U` of `HTTPUrl`.
        let next_lower = self.lower >> 1 | u64::from(next_is_lower) << 63;
        let humps = self.upper & (!after(self.upper, before.upper) | next_lower);
        let starts =
            self.other | numbers & !after(numbers, before.number) | words & (!after(words, before.word) | humps);
        let tokens = words | numbers | self.other;
        let goes_on = tokens & !starts;
        let stops = after(tokens, before.token) & !goes_on;
        let last = |mask: u64| mask >> 63;
        *before = Before {
            letter_or_digit: last(letter_or_digit),
            upper: last(self.upper),
            word: last(words),
            number: last(numbers),
            token: last(tokens),
        };
        Cut { starts, stops, numbers, others: self.other }
    }
}

/// The bits of `within` to which bits of `from` lead upwards without a gap, in the way of Kogge and Stone's adder.
fn spread(from: u64, within: u64) -> u64 {
    let (mut reached, mut path) = (from & within, within);
    for step in [1, 2, 4, 8, 16, 32] {
        reached |= path & reached << step;
        path &= path << step;
    }
    reached
}

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
        let mut acc = vec![0; lines_for(self.dim) * LINE];
        self.gather_into(kernels, ids, &mut acc)?;
        acc.truncate(self.dim);
        Ok(acc)
    }

    fn gather_into(&self, kernels: Kernels, ids: &[u32], acc: &mut [i32]) -> Result<(), Error> {
        let (rows, limit) = (1usize << self.bits, 1 << 24);
        if ids.len() > limit {
            return Err(Error::Overflow { what: "token ids", found: ids.len(), limit });
        }
        // A maximum and not a search: it runs over every id of every block.
        let largest = ids.iter().fold(0, |m, &id| m.max(id));
        if largest as usize >= rows {
            return Err(Error::TokenId { id: largest, rows });
        }
        kernels.gather(&self.lines, lines_for(self.dim), ids, acc);
        Ok(())
    }

    /// The mean of the rows `ids`, scaled, before centring: zeros for no ids.
    ///
    /// # Errors
    /// As for [`StaticTable::pool_gather`].
    pub fn pool(&self, kernels: Kernels, ids: &[u32]) -> Result<Vec<f32>, Error> {
        let mut pooled = vec![0.0; self.dim];
        self.mean_into(ids.len(), &self.pool_gather(kernels, ids)?, &mut pooled);
        Ok(pooled)
    }

    /// Sums of the rows of so many ids as their mean, scaled.
    fn mean_into(&self, count: usize, sums: &[i32], pooled: &mut [f32]) {
        let inv = 1.0 / count.max(1) as f32;
        for ((x, &sum), &scale) in pooled.iter_mut().zip(sums).zip(&self.scales) {
            *x = sum as f32 * scale * inv;
        }
    }

    /// The code of a block with the tokens `ids`.
    ///
    /// # Errors
    /// As for [`StaticTable::pool_gather`]; [`Error::NonFinite`] when scales overflow.
    pub fn embed(&self, kernels: Kernels, ids: &[u32]) -> Result<Code, Error> {
        /// Codes for which there is room without memory from the heap.
        const ROOM: usize = 1024;
        let padded = lines_for(self.dim) * LINE;
        if padded > ROOM {
            return kernels.finish(self.pool(kernels, ids)?, &self.mean);
        }
        let (mut sums, mut pooled) = ([0; ROOM], [0.0; ROOM]);
        let pooled = &mut pooled[..self.dim];
        self.gather_into(kernels, ids, &mut sums[..padded])?;
        self.mean_into(ids.len(), &sums, pooled);
        kernels.finish_in_place(pooled, &self.mean)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, Masks, hash, lex};

    /// The tokens of a text, byte by byte, with what they are.
    fn tokens(text: &[u8]) -> Vec<(usize, usize, Kind)> {
        let is_lower = |b: u8| b.is_ascii_lowercase() || b >= 0x80;
        let is_blank = |b: u8| b <= b' ' || b"_$\"'`\x7f".contains(&b);
        let mut found = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let (start, first) = (at, text[at]);
            at += 1;
            if is_blank(first) {
                continue;
            }
            let (mut number, mut other) = (0, 0);
            if first.is_ascii_digit() {
                number = 1;
                while text.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
                    at += 1;
                }
            } else if first.is_ascii_uppercase() || is_lower(first) {
                let mut upper = first.is_ascii_uppercase();
                while let Some(&b) = text.get(at) {
                    let hump = || upper && !text.get(at + 1).is_some_and(|n| is_lower(*n));
                    if !(is_lower(b) || b.is_ascii_digit() || b.is_ascii_uppercase() && hump()) {
                        break;
                    }
                    upper = b.is_ascii_uppercase();
                    at += 1;
                }
            } else {
                other = 1;
            }
            found.push((start, at, Kind { number, other }));
        }
        found
    }

    fn check(text: &[u8]) -> Result<(), TestCaseError> {
        let want: Vec<u32> =
            tokens(text).into_iter().map(|(start, stop, kind)| (hash(text, start, stop, kind) >> 33) as u32).collect();
        let mut got = Vec::new();
        lex(text, 31, &mut got);
        prop_assert_eq!(got, want, "{:?}", String::from_utf8_lossy(text));
        Ok(())
    }

    proptest! {
        #[test]
        fn masks_cut_as_one_byte_after_the_other_does(
            text in prop::collection::vec(prop_oneof![
                any::<u8>(), Just(b'_'), Just(b'a'), Just(b'B'), Just(b'7'), Just(b' '), Just(b'('), Just(0xc3),
            ], 0..300)
        ) {
            check(&text)?;
        }

        #[test]
        fn so_do_they_in_code(text in "([a-zA-Z_$]{1,20}[0-9_]{0,3}|0x[0-9A-F_]{1,70}| |\\(|=>|é{1,40}|\"){0,60}") {
            check(text.as_bytes())?;
        }
    }

    proptest! {
        #[test]
        fn masks_are_the_same_without_vectors(block in any::<[[u8; 32]; 2]>()) {
            let block = block.concat().try_into().expect("64 bytes");
            prop_assert_eq!(Masks::of(&block), Masks::portable(&block));
        }
    }

    #[test]
    fn a_hash_does_not_depend_on_what_stands_around() {
        let word = Kind { number: 0, other: 0 };
        let long = b"internationalisations";
        for stop in 1..=long.len() {
            let alone = hash(&long[..stop], 0, stop, word);
            let mut padded = b"  ".to_vec();
            padded.extend_from_slice(&long[..stop]);
            padded.extend_from_slice(b"++++++++++++");
            assert_eq!(hash(&padded, 2, stop + 2, word), alone, "{stop}");
        }
    }
}
