//! Sets of Unicode code points as sorted ranges.

/// Last code point.
pub(crate) const MAX_CODE_POINT: u32 = 0x10_FFFF;

/// A set of code points: sorted, disjoint, non-adjacent inclusive ranges over `0..=0x10FFFF`.
///
/// Surrogates are members like any other code point, because JavaScript classes without the `u` flag can name them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CharSet {
    ranges: Vec<(u32, u32)>,
}

impl CharSet {
    /// The set with no member.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The set of all code points.
    #[must_use]
    pub fn all() -> Self {
        Self { ranges: vec![(0, MAX_CODE_POINT)] }
    }

    /// The set of one code point.
    #[must_use]
    pub fn single(c: u32) -> Self {
        Self { ranges: vec![(c, c)] }
    }

    /// The inclusive range `lo..=hi`; empty when `lo > hi`.
    #[must_use]
    pub fn range(lo: u32, hi: u32) -> Self {
        if lo > hi { Self::empty() } else { Self { ranges: vec![(lo, hi)] } }
    }

    /// Builds a set from inclusive ranges in any order, overlapping or not.
    #[must_use]
    pub fn from_ranges(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.retain(|&(lo, hi)| lo <= hi);
        ranges.sort_unstable();
        let mut out: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (lo, hi) in ranges {
            match out.last_mut() {
                Some(last) if lo <= last.1.saturating_add(1) => last.1 = last.1.max(hi),
                _ => out.push((lo, hi)),
            }
        }
        Self { ranges: out }
    }

    /// The characters of `text`.
    #[must_use]
    pub fn from_chars(text: &str) -> Self {
        Self::from_ranges(text.chars().map(|c| (c as u32, c as u32)).collect())
    }

    /// The sorted inclusive ranges.
    #[must_use]
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// True when no code point is a member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Membership by code point.
    #[must_use]
    pub fn contains_code(&self, c: u32) -> bool {
        let at = self.ranges.partition_point(|r| r.1 < c);
        self.ranges.get(at).is_some_and(|r| r.0 <= c)
    }

    /// Membership by character.
    #[must_use]
    pub fn contains(&self, c: char) -> bool {
        self.contains_code(c as u32)
    }

    /// True when any character of `text` is a member.
    #[must_use]
    pub fn contains_any(&self, text: &str) -> bool {
        text.chars().any(|c| self.contains(c))
    }

    /// True when some member lies above U+007F.
    #[must_use]
    pub fn has_non_ascii(&self) -> bool {
        self.ranges.last().is_some_and(|r| r.1 > 0x7F)
    }

    /// The ASCII members: bit `n` is set when the character with code `n` is a member.
    #[must_use]
    pub fn ascii_bits(&self) -> u128 {
        let mut bits = 0u128;
        for &(lo, hi) in &self.ranges {
            if lo > 0x7F {
                break;
            }
            for c in lo..=hi.min(0x7F) {
                bits |= 1 << c;
            }
        }
        bits
    }

    /// The only member, when there is exactly one.
    #[must_use]
    pub fn only(&self) -> Option<u32> {
        match self.ranges[..] {
            [(lo, hi)] if lo == hi => Some(lo),
            _ => None,
        }
    }

    /// Members of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.ranges.clone();
        all.extend_from_slice(&other.ranges);
        Self::from_ranges(all)
    }

    /// Members of both sets.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut i, mut j) = (0, 0);
        let mut out = Vec::new();
        while let (Some(&a), Some(&b)) = (self.ranges.get(i), other.ranges.get(j)) {
            let (lo, hi) = (a.0.max(b.0), a.1.min(b.1));
            if lo <= hi {
                out.push((lo, hi));
            }
            if a.1 < b.1 {
                i += 1;
            } else {
                j += 1;
            }
        }
        Self { ranges: out }
    }

    /// Code points that are not members.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut out = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0u32;
        for &(lo, hi) in &self.ranges {
            if lo > next {
                out.push((next, lo - 1));
            }
            next = hi.saturating_add(1);
        }
        if next <= MAX_CODE_POINT {
            out.push((next, MAX_CODE_POINT));
        }
        Self { ranges: out }
    }

    /// Members of `self` that are not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.intersect(&other.complement())
    }

    /// True when every member of `self` is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.minus(other).is_empty()
    }

    /// The closure under simple case folding.
    ///
    /// With `unicode` false, ASCII and non-ASCII letters never fold into each other (ECMAScript without `u`); with it,
    /// U+017F and U+212A join `s` and `k`. Above U+0587 only U+1E00..U+1FFF and the two signs above are folded.
    #[must_use]
    pub fn fold_case(&self, unicode: bool) -> Self {
        let mut out = self.ranges.clone();
        for &(lo, hi) in &self.ranges {
            let (a, b) = (lo.max(u32::from(b'A')), hi.min(u32::from(b'Z')));
            if a <= b {
                out.push((a + 32, b + 32));
            }
            let (a, b) = (lo.max(u32::from(b'a')), hi.min(u32::from(b'z')));
            if a <= b {
                out.push((a - 32, b - 32));
            }
            for (from, to) in [(0x80, 0x587), (0x1E00, 0x1FFF)] {
                if lo <= from && hi >= to {
                    continue;
                }
                for c in lo.max(from)..=hi.min(to) {
                    let Some(ch) = char::from_u32(c) else { continue };
                    for folded in [one(ch.to_lowercase()), one(ch.to_uppercase())].into_iter().flatten() {
                        if unicode || !folded.is_ascii() {
                            out.push((folded as u32, folded as u32));
                        }
                    }
                }
            }
        }
        if unicode {
            for (ascii, sign) in [('s', 0x17F), ('k', 0x212A)] {
                let upper = ascii.to_ascii_uppercase();
                if self.contains(ascii) || self.contains(upper) || self.contains_code(sign) {
                    out.extend([(ascii as u32, ascii as u32), (upper as u32, upper as u32), (sign, sign)]);
                }
            }
        }
        Self::from_ranges(out)
    }
}

fn one(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_algebra() {
        let az = CharSet::range('a' as u32, 'z' as u32);
        let vowels = CharSet::from_chars("aeiou");
        assert!(vowels.is_subset(&az));
        assert!(!az.is_subset(&vowels));
        let consonants = az.minus(&vowels);
        assert!(consonants.contains('b') && !consonants.contains('e'));
        assert_eq!(consonants.union(&vowels), az);
        assert_eq!(az.complement().complement(), az);
        assert!(CharSet::all().complement().is_empty());
        assert_eq!(CharSet::empty().complement(), CharSet::all());
        assert_eq!(CharSet::from_chars("ba").ranges(), &[(97, 98)]);
    }

    #[test]
    fn folding_keeps_ascii_apart_without_unicode() {
        let k = CharSet::single('k' as u32);
        assert_eq!(k.fold_case(false), CharSet::from_chars("kK"));
        assert_eq!(k.fold_case(true), CharSet::from_chars("kK\u{212A}"));
        assert_eq!(CharSet::single('é' as u32).fold_case(false), CharSet::from_chars("éÉ"));
    }
}
