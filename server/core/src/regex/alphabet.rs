//! The alphabet of a pattern: code points no set of the pattern tells apart form one atom.

use rustc_hash::FxHashMap;

use super::ast::{Assertion, Ast, Kind};
use super::charset::CharSet;
use super::props;

/// A set of alphabet atoms; [`EDGE`] stands for the edge of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Atoms([u64; 4]);

/// The pseudo-atom before the first and after the last character.
pub(crate) const EDGE: u8 = 255;

impl Atoms {
    pub(crate) const NONE: Self = Self([0; 4]);
    pub(crate) const ALL: Self = Self([u64::MAX; 4]);

    pub(crate) fn one(atom: u8) -> Self {
        let mut set = Self::NONE;
        set.insert(atom);
        set
    }
    pub(crate) fn insert(&mut self, atom: u8) {
        self.0[atom as usize / 64] |= 1 << (atom % 64);
    }
    pub(crate) fn has(&self, atom: u8) -> bool {
        self.0[atom as usize / 64] >> (atom % 64) & 1 == 1
    }
    pub(crate) fn and(&self, o: &Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & o.0[i]))
    }
    pub(crate) fn or(&self, o: &Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] | o.0[i]))
    }
    pub(crate) fn not(&self) -> Self {
        Self(self.0.map(|w| !w))
    }
    pub(crate) fn is_none(&self) -> bool {
        self.0 == [0; 4]
    }
    pub(crate) fn meets(&self, o: &Self) -> bool {
        (0..4).any(|i| self.0[i] & o.0[i] != 0)
    }
    /// The least atom: atoms are numbered so that the most readable representative comes first.
    pub(crate) fn first(&self) -> Option<u8> {
        (0..4).find(|&i| self.0[i] != 0).map(|i| (i as u32 * 64 + self.0[i].trailing_zeros()) as u8)
    }
}

/// The automaton would be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

pub(crate) type Alphabet = (Vec<Atoms>, [Atoms; 3], Vec<char>, Vec<CharSet>);

/// Partitions the code points into atoms no set of the pattern divides.
pub(crate) fn alphabet(ast: &Ast) -> Result<Alphabet, TooLarge> {
    let limit = if ast.approximate { 0x7F } else { super::charset::MAX_CODE_POINT };
    let extra = [props::line_terminators(), props::ascii_word(), CharSet::single(0x0A)];
    let needs =
        |wanted: fn(&Assertion) -> bool| ast.nodes.iter().any(|n| matches!(&n.kind, Kind::Assert(a) if wanted(a)));
    let lines = needs(|a| matches!(a, Assertion::StartLine | Assertion::EndLine));
    let words = needs(|a| matches!(a, Assertion::WordBoundary | Assertion::NotWordBoundary));
    let newline = needs(|a| matches!(a, Assertion::EndTextNewline));
    let used = [lines, words, newline];
    let sets: Vec<&CharSet> =
        ast.sets.iter().chain(extra.iter().zip(used).filter(|(_, on)| *on).map(|(s, _)| s)).collect();
    let mut cuts: Vec<u32> = vec![0];
    for set in &sets {
        cuts.extend(set.ranges().iter().flat_map(|&(lo, hi)| [lo, hi + 1]));
    }
    cuts.retain(|&c| c <= limit);
    cuts.sort_unstable();
    cuts.dedup();
    // The signature of an interval names the sets that contain it; equal signatures are one atom.
    let mut signatures = vec![(0u64, 0u64); cuts.len()];
    for (i, set) in sets.iter().enumerate() {
        let key = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for &(lo, hi) in set.ranges() {
            let from = cuts.partition_point(|&c| c < lo);
            let to = cuts.partition_point(|&c| c <= hi);
            for s in &mut signatures[from.min(to)..to] {
                s.0 = s.0.rotate_left(5).wrapping_mul(0x0100_0000_01B3) ^ key;
                s.1 = s.1.wrapping_mul(31).wrapping_add(key ^ (key >> 29));
            }
        }
    }
    let mut atoms: FxHashMap<(u64, u64), Vec<(u32, u32)>> = FxHashMap::default();
    for (i, &lo) in cuts.iter().enumerate() {
        let hi = cuts.get(i + 1).map_or(limit, |next| next - 1);
        atoms.entry(signatures[i]).or_default().push((lo, hi));
    }
    let mut atoms: Vec<(char, CharSet)> = atoms
        .into_values()
        .map(CharSet::from_ranges)
        .filter_map(|set| representative(&set).map(|c| (c, set)))
        .collect();
    atoms.sort_by_key(|(c, _)| rank(*c));
    if atoms.len() >= EDGE as usize {
        return Err(TooLarge);
    }
    let chars: Vec<char> = atoms.iter().map(|a| a.0).collect();
    let of = |set: &CharSet| {
        let mut out = Atoms::NONE;
        for (i, &c) in chars.iter().enumerate() {
            if set.contains(c) {
                out.insert(i as u8);
            }
        }
        out
    };
    let sets = ast.sets.iter().map(of).collect();
    let extra = [of(&extra[0]), of(&extra[1]), of(&extra[2])];
    Ok((sets, extra, chars, atoms.into_iter().map(|a| a.1).collect()))
}

fn rank(c: char) -> (u8, u32) {
    let class = match c {
        'a'..='z' => 0,
        '0'..='9' => 1,
        'A'..='Z' => 2,
        '!'..='~' => 3,
        ' ' => 4,
        '\t' | '\n' => 5,
        '\0'..='\x7F' => 6,
        _ => 7,
    };
    (class, c as u32)
}

fn representative(set: &CharSet) -> Option<char> {
    const SAMPLES: [(u32, u32); 6] =
        [(0x61, 0x7A), (0x30, 0x39), (0x41, 0x5A), (0x21, 0x7E), (0x20, 0x20), (0x09, 0x0A)];
    for (from, to) in SAMPLES {
        for &(lo, hi) in set.ranges() {
            if lo.max(from) <= hi.min(to) {
                return char::from_u32(lo.max(from));
            }
        }
    }
    set.ranges().iter().find_map(|&(lo, hi)| {
        let lo = if (0xD800..0xE000).contains(&lo) { 0xE000 } else { lo };
        if lo <= hi { char::from_u32(lo) } else { None }
    })
}
