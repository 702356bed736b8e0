//! Escapes and bracketed classes.

use std::ops::Range;

use super::ast::{Assertion, Dialect};
use super::charset::{CharSet, MAX_CODE_POINT};
use super::parse::{MAX_DEPTH, ParseErrorKind, Parser, Result1};
use super::props;

/// What a backslash introduced.
pub(super) enum Escape {
    Char(u32),
    Set(CharSet),
    Assert(Assertion),
    Backref(u32),
    /// A directive that matches nothing by itself (`\K`, `\G`, `\E`).
    Nothing,
    /// `\Q...\E`: byte range of the literal text.
    Quoted(Range<usize>),
}

#[derive(Clone, Copy, PartialEq)]
enum SetOp {
    Union,
    Intersect,
    Minus,
    Difference,
}

impl Parser<'_> {
    /// Reads the escape whose backslash, at `start`, has been consumed.
    pub(super) fn escape(&mut self, start: usize, in_class: bool) -> Result1<Escape> {
        let Some(c) = self.next() else { return self.error(start, ParseErrorKind::InvalidEscape) };
        if let Some(set) = self.class_escape(c, start)? {
            return Ok(Escape::Set(set));
        }
        let code = match c {
            't' => 0x09,
            'n' => 0x0A,
            'v' => 0x0B,
            'f' => 0x0C,
            'r' => 0x0D,
            'b' if in_class => 0x08,
            'b' | 'B' if !in_class => {
                let negated = c == 'B';
                if self.dialect == Dialect::Rust && self.rest().starts_with('{') {
                    self.until('}');
                }
                return Ok(Escape::Assert(if negated { Assertion::NotWordBoundary } else { Assertion::WordBoundary }));
            }
            '0' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => 0,
            '0'..='9' => return self.numeric(c, start, in_class),
            'c' => return self.control(start, in_class),
            'x' => return self.hex(start, 2),
            'u' => return self.hex(start, 4),
            'k' if self.js() && (self.unicode() || !self.names.is_empty()) && !in_class => {
                let name = if self.eat("<") { self.until('>') } else { None };
                return self.named(name, start);
            }
            _ if !self.js() => {
                if let Some(escape) = self.foreign_escape(c, start, in_class)? {
                    return Ok(escape);
                }
                c as u32
            }
            _ if self.unicode() => {
                let allowed = "^$\\.*+?()[]{}|/".contains(c)
                    || (in_class && c == '-')
                    || (in_class && self.flags.unicode_sets && "&-!#%,:;<=>@`~".contains(c));
                if !allowed {
                    return self.error(start, ParseErrorKind::InvalidEscape);
                }
                c as u32
            }
            _ => c as u32,
        };
        Ok(Escape::Char(code))
    }

    fn named(&mut self, name: Option<&str>, start: usize) -> Result1<Escape> {
        match name.and_then(|name| self.names.get(name)) {
            Some(&n) => Ok(Escape::Backref(n)),
            None => self.error(start, ParseErrorKind::UnknownGroup),
        }
    }

    fn class_escape(&mut self, c: char, start: usize) -> Result1<Option<CharSet>> {
        let rust = self.dialect == Dialect::Rust;
        let set = match c {
            'd' | 'D' if rust => props::number(),
            'd' | 'D' => props::ascii_digit(),
            'w' | 'W' if rust => props::unicode_word(),
            'w' | 'W' => self.fold(props::ascii_word()),
            's' | 'S' if rust => props::space(),
            's' | 'S' if self.js() => props::ecma_space(),
            's' | 'S' => props::ascii_space(),
            'p' | 'P' if self.unicode() || !self.js() => {
                let mut name = if self.eat("{") {
                    self.until('}')
                } else {
                    let at = self.pos;
                    (!self.js()).then(|| self.next()).flatten().map(|_| &self.src[at..self.pos])
                };
                let inner = name.is_some_and(|n| n.starts_with('^'));
                name = name.map(|n| n.trim_start_matches('^'));
                let Some((set, exact)) = name.and_then(props::property) else {
                    return self.error(start, ParseErrorKind::UnknownProperty);
                };
                self.approximate |= !exact;
                let set = self.fold(set);
                return Ok(Some(if (c == 'P') != inner { set.complement() } else { set }));
            }
            _ => return Ok(None),
        };
        self.approximate |= rust;
        Ok(Some(if c.is_ascii_uppercase() { set.complement() } else { set }))
    }

    fn numeric(&mut self, first: char, start: usize, in_class: bool) -> Result1<Escape> {
        let first_at = self.pos - 1;
        if !in_class && first != '0' {
            self.pos = first_at;
            let n = self.digits().unwrap_or(0);
            if n <= self.group_total || (!self.js() && n < 10) {
                return match n <= self.group_total {
                    true => Ok(Escape::Backref(n)),
                    false => self.error(start, ParseErrorKind::UnknownGroup),
                };
            }
            if self.unicode() {
                return self.error(start, ParseErrorKind::UnknownGroup);
            }
            self.pos = first_at + 1;
        }
        if self.unicode() {
            return self.error(start, ParseErrorKind::InvalidEscape);
        }
        // Annex B: at most three octal digits, value below 256; 8 and 9 stand for themselves.
        let Some(mut value) = first.to_digit(8) else { return Ok(Escape::Char(first as u32)) };
        for _ in 0..2 {
            match self.peek().and_then(|c| c.to_digit(8)) {
                Some(digit) if value * 8 + digit < 256 => {
                    value = value * 8 + digit;
                    self.pos += 1;
                }
                _ => break,
            }
        }
        Ok(Escape::Char(value))
    }

    fn control(&mut self, start: usize, in_class: bool) -> Result1<Escape> {
        let next = self.peek();
        let digit = in_class && !self.unicode() && next.is_some_and(|c| c.is_ascii_digit() || c == '_');
        match next {
            Some(c) if c.is_ascii_alphabetic() || digit => {
                self.pos += 1;
                Ok(Escape::Char(c as u32 % 32))
            }
            _ if self.unicode() => self.error(start, ParseErrorKind::InvalidEscape),
            _ => {
                // Annex B: the backslash stands for itself and the `c` follows.
                self.pos = start + 1;
                Ok(Escape::Char(u32::from('\\')))
            }
        }
    }

    fn fixed_hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.src.get(self.pos..self.pos + digits)?;
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.pos += digits;
        u32::from_str_radix(text, 16).ok()
    }

    fn hex(&mut self, start: usize, digits: usize) -> Result1<Escape> {
        let letter = if digits == 2 { 'x' } else { 'u' };
        let braced = if self.js() { digits == 4 && self.unicode() } else { true };
        if braced && self.eat("{") {
            let code = self.until('}').and_then(|text| u32::from_str_radix(text.trim(), 16).ok());
            return match code {
                Some(code) if code <= MAX_CODE_POINT => Ok(Escape::Char(code)),
                _ => self.error(start, ParseErrorKind::InvalidEscape),
            };
        }
        let Some(mut code) = self.fixed_hex(digits) else {
            return if self.js() && !self.unicode() {
                Ok(Escape::Char(letter as u32))
            } else {
                self.error(start, ParseErrorKind::InvalidEscape)
            };
        };
        if digits == 4 && (0xD800..0xDC00).contains(&code) && self.unicode() {
            let after = self.pos;
            match self.eat("\\u").then(|| self.fixed_hex(4)).flatten() {
                Some(low) if (0xDC00..0xE000).contains(&low) => {
                    code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                }
                _ => self.pos = after,
            }
        }
        Ok(Escape::Char(code))
    }

    /// Escapes of Rust and PCRE only.
    fn foreign_escape(&mut self, c: char, start: usize, in_class: bool) -> Result1<Option<Escape>> {
        let set = |set| Ok(Some(Escape::Set(set)));
        match c {
            'a' => Ok(Some(Escape::Char(0x07))),
            'e' => Ok(Some(Escape::Char(0x1B))),
            'h' => set(CharSet::from_chars("\t \u{a0}")),
            'H' => set(CharSet::from_chars("\t \u{a0}").complement()),
            'V' | 'N' => set(CharSet::single(0x0A).complement()),
            'R' if !in_class => set(CharSet::range(0x0A, 0x0D)),
            'X' if !in_class => set(CharSet::all()),
            'A' if !in_class => Ok(Some(Escape::Assert(Assertion::StartText))),
            'z' if !in_class => Ok(Some(Escape::Assert(Assertion::EndText))),
            'Z' if !in_class => Ok(Some(Escape::Assert(Assertion::EndTextNewline))),
            'G' | 'K' | 'E' | '<' | '>' if !in_class => Ok(Some(Escape::Nothing)),
            'Q' => {
                let from = self.pos;
                let len = self.rest().find("\\E").unwrap_or(self.rest().len());
                self.pos = (from + len + 2).min(self.src.len());
                Ok(Some(Escape::Quoted(from..from + len)))
            }
            'g' | 'k' if !in_class => {
                let name = match self.peek() {
                    Some('{') => self.until('}').map(|n| &n[1..]),
                    Some('<') => self.until('>').map(|n| &n[1..]),
                    Some('\'') => {
                        self.pos += 1;
                        self.until('\'')
                    }
                    _ => {
                        let at = self.pos;
                        self.digits();
                        Some(&self.src[at..self.pos])
                    }
                };
                match name.and_then(|n| n.parse::<u32>().ok()) {
                    Some(n) if n >= 1 && n <= self.group_total => Ok(Some(Escape::Backref(n))),
                    Some(_) => self.error(start, ParseErrorKind::UnknownGroup),
                    None => self.named(name, start).map(Some),
                }
            }
            _ => Ok(None),
        }
    }

    /// Reads a class whose `[`, at `start`, has been consumed. The result is folded and complemented.
    pub(super) fn bracket(&mut self, start: usize, depth: u32) -> Result1<CharSet> {
        if depth > MAX_DEPTH / 4 {
            return self.error(start, ParseErrorKind::TooDeep);
        }
        let nested = !self.js() || self.flags.unicode_sets;
        let negated = self.eat("^");
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let (mut left, mut op) = (CharSet::empty(), SetOp::Union);
        let mut first = true;
        loop {
            let at = self.pos;
            let Some(c) = self.next() else { return self.error(start, ParseErrorKind::UnclosedClass) };
            if c == ']' && (self.js() || !first) {
                break;
            }
            first = false;
            if c == '[' && nested {
                let named = self.rest().strip_prefix(':').and_then(|r| r.find(":]").map(|end| &r[..end]));
                if let (Some(name), false) = (named, self.js()) {
                    let negative = name.starts_with('^');
                    if let Some(set) = props::posix(name.trim_start_matches('^')) {
                        self.pos += name.len() + 3;
                        ranges.extend_from_slice(if negative { set.complement() } else { set }.ranges());
                        continue;
                    }
                }
                if self.dialect != Dialect::Pcre {
                    self.count_class(at)?;
                    ranges.extend_from_slice(self.bracket(at, depth + 1)?.ranges());
                    continue;
                }
            }
            let next_op = match c {
                _ if !nested || self.dialect == Dialect::Pcre => None,
                '&' if self.rest().starts_with('&') => Some(SetOp::Intersect),
                '-' if self.rest().starts_with('-') => Some(SetOp::Minus),
                '~' if self.rest().starts_with('~') => Some(SetOp::Difference),
                _ => None,
            };
            if let Some(next_op) = next_op {
                self.pos += 1;
                left = combine(left, op, CharSet::from_ranges(std::mem::take(&mut ranges)));
                op = next_op;
                continue;
            }
            if self.flags.extended && self.dialect == Dialect::Rust && c.is_whitespace() {
                continue;
            }
            let Some(low) = self.class_item(c, at, &mut ranges)? else { continue };
            // `a-b`, unless the hyphen is last, or begins a set operation.
            let rest = self.rest();
            let hyphen = rest.starts_with('-') && !rest[1..].starts_with(']') && !(nested && rest.starts_with("--"));
            if !hyphen || rest.len() == 1 {
                ranges.push((low, low));
                continue;
            }
            let hyphen_at = self.pos;
            self.pos += 1;
            let high_at = self.pos;
            let Some(high) = self.next() else { return self.error(start, ParseErrorKind::UnclosedClass) };
            if nested && high == '[' && self.dialect != Dialect::Pcre {
                self.pos = hyphen_at + 1;
                ranges.extend([(low, low), (0x2D, 0x2D)]);
                continue;
            }
            match self.class_item(high, high_at, &mut ranges)? {
                Some(high) if high < low => return self.error(at, ParseErrorKind::RangeOutOfOrder),
                Some(high) => ranges.push((low, high)),
                None if self.unicode() => return self.error(hyphen_at, ParseErrorKind::RangeOutOfOrder),
                None => ranges.extend([(low, low), (0x2D, 0x2D)]),
            }
        }
        let set = combine(left, op, CharSet::from_ranges(ranges));
        let set = self.fold(set);
        Ok(if negated { set.complement() } else { set })
    }

    /// One class member: a code point, or `None` after a set was added to `ranges`.
    fn class_item(&mut self, c: char, at: usize, ranges: &mut Vec<(u32, u32)>) -> Result1<Option<u32>> {
        if c != '\\' {
            return Ok(Some(c as u32));
        }
        if self.flags.unicode_sets && self.js() && self.eat("q{") {
            let Some(text) = self.until('}') else { return self.error(at, ParseErrorKind::UnclosedClass) };
            for string in text.split('|') {
                let mut chars = string.chars();
                match (chars.next(), chars.next()) {
                    (Some(only), None) => ranges.push((only as u32, only as u32)),
                    // A string of several characters: no single-character set can hold it.
                    _ => self.approximate = true,
                }
            }
            return Ok(None);
        }
        match self.escape(at, true)? {
            Escape::Char(c) => Ok(Some(c)),
            Escape::Set(set) => {
                self.count_class(at)?;
                ranges.extend_from_slice(set.ranges());
                Ok(None)
            }
            Escape::Quoted(range) => {
                ranges.extend(self.src[range].chars().map(|c| (c as u32, c as u32)));
                Ok(None)
            }
            Escape::Assert(_) | Escape::Backref(_) | Escape::Nothing => Ok(None),
        }
    }
}

fn combine(left: CharSet, op: SetOp, right: CharSet) -> CharSet {
    match op {
        SetOp::Union => left.union(&right),
        SetOp::Intersect => left.intersect(&right),
        SetOp::Minus => left.minus(&right),
        SetOp::Difference => left.minus(&right).union(&right.minus(&left)),
    }
}
