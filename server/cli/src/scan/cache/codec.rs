//! Values as bytes: numbers of variable length, texts with their lengths before them. Reading never panics: what does not fit is
//! `None`, and then the value is made anew.

use sidenote_core::program::Key;

/// Bytes that grow.
#[derive(Default)]
pub struct Out(pub Vec<u8>);

impl Out {
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub fn number(&mut self, number: usize) {
        let mut rest = number as u64;
        while rest >= 0x80 {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub fn option(&mut self, text: Option<&str>) {
        self.byte(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub fn key(&mut self, key: &Key) {
        self.0.extend_from_slice(key);
    }

    pub fn words(&mut self, words: &[u32]) {
        self.number(words.len());
        words.iter().for_each(|word| self.0.extend_from_slice(&word.to_le_bytes()));
    }

    pub fn list<T>(&mut self, list: &[T], mut one: impl FnMut(&mut Out, &T)) {
        self.number(list.len());
        list.iter().for_each(|item| one(self, item));
    }
}

/// Bytes that are read.
pub struct In<'b>(pub &'b [u8]);

impl<'b> In<'b> {
    pub fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    pub fn flag(&mut self) -> Option<bool> {
        self.byte().filter(|b| *b < 2).map(|b| b == 1)
    }

    pub fn number(&mut self) -> Option<usize> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return usize::try_from(number).ok();
            }
        }
        None
    }

    pub fn small(&mut self) -> Option<u32> {
        self.number().and_then(|n| u32::try_from(n).ok())
    }

    pub fn text(&mut self) -> Option<&'b str> {
        let length = self.number()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    pub fn option(&mut self) -> Option<Option<&'b str>> {
        if self.flag()? { self.text().map(Some) } else { Some(None) }
    }

    pub fn key(&mut self) -> Option<Key> {
        self.take(16)?.try_into().ok()
    }

    pub fn words(&mut self) -> Option<Vec<u32>> {
        let count = self.number()?;
        let bytes = self.take(count.checked_mul(4)?)?;
        Some(bytes.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect())
    }

    pub fn list<T>(&mut self, mut one: impl FnMut(&mut In<'b>) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        // Nothing takes less than a byte.
        if count > self.0.len() {
            return None;
        }
        (0..count).map(|_| one(self)).collect()
    }

    /// What was read, if nothing is left.
    pub fn end<T>(&self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut out = Out::default();
        for n in [0, 1, 127, 128, 300, usize::MAX] {
            out.number(n);
        }
        out.text("é😀");
        out.option(None);
        out.option(Some(""));
        out.words(&[7, u32::MAX]);
        out.list(&["a", "b"], |out, t| out.text(t));
        let mut read = In(&out.0);
        for n in [0, 1, 127, 128, 300, usize::MAX] {
            assert_eq!(read.number(), Some(n));
        }
        assert_eq!(read.text(), Some("é😀"));
        assert_eq!((read.option(), read.option()), (Some(None), Some(Some(""))));
        assert_eq!(read.words(), Some(vec![7, u32::MAX]));
        assert_eq!(read.list(In::text), Some(vec!["a", "b"]));
        assert_eq!(read.end(()), Some(()));
    }

    #[test]
    fn what_is_cut_or_odd_is_none() {
        assert_eq!(In(&[0x80]).number(), None);
        assert_eq!(In(&[0xff; 12]).number(), None);
        assert_eq!(In(&[5, b'a']).text(), None);
        assert_eq!(In(&[1, 0xff]).text(), None);
        assert_eq!(In(&[2]).option(), None);
        assert_eq!(In(&[200, 1]).list(In::byte), None);
        assert_eq!(In(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).words(), None);
        assert_eq!(In(&[1]).end(()), None);
    }
}
