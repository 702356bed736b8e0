//! From pattern text to [`Ast`], with an explicit stack: nesting never becomes call depth.

use std::collections::HashMap;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::ast::{Assertion, Ast, ClassForm, Dialect, Flags, Greed, Kind, Node, NodeId, SetId};
use super::charset::CharSet;
use super::escape::Escape;
use super::props;

/// Longest pattern accepted, in bytes.
pub const MAX_PATTERN_BYTES: usize = 32 * 1024;
/// Deepest nesting of groups, classes and repetitions accepted.
pub const MAX_DEPTH: u32 = 200;
const MAX_CLASSES: usize = 4_000;

/// Why a pattern could not be parsed, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct ParseError {
    /// Byte offset in the pattern.
    pub offset: usize,
    /// What is wrong.
    pub kind: ParseErrorKind,
}

/// What is wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// Longer than [`MAX_PATTERN_BYTES`].
    #[error("pattern is too long")]
    TooLong,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("pattern is nested too deeply")]
    TooDeep,
    /// Too many classes to hold.
    #[error("pattern has too many classes")]
    TooManyClasses,
    /// `(` without `)`.
    #[error("unclosed group")]
    UnclosedGroup,
    /// `)` without `(`.
    #[error("unmatched closing parenthesis")]
    UnmatchedParenthesis,
    /// `[` without `]`.
    #[error("unclosed character class")]
    UnclosedClass,
    /// `}` or `]` that Unicode mode forbids.
    #[error("lone bracket")]
    LoneBracket,
    /// A quantifier with nothing before it.
    #[error("nothing to repeat")]
    NothingToRepeat,
    /// `{n,m}` with n > m, or `[b-a]`.
    #[error("range out of order")]
    RangeOutOfOrder,
    /// A backslash at the end, or an escape the dialect does not know.
    #[error("invalid escape")]
    InvalidEscape,
    /// A group header or name that is not one.
    #[error("invalid group")]
    InvalidGroup,
    /// A property that is not known.
    #[error("unknown Unicode property")]
    UnknownProperty,
    /// A backreference to no group.
    #[error("reference to a group that does not exist")]
    UnknownGroup,
    /// Recursion, conditionals, callouts.
    #[error("construct is not supported")]
    Unsupported,
}

/// Parses `pattern` as `dialect` would under `flags`.
///
/// # Errors
/// A [`ParseError`] with the byte offset of the first thing wrong. Patterns beyond [`MAX_PATTERN_BYTES`] or
/// [`MAX_DEPTH`] are errors too.
pub fn parse(pattern: &str, flags: Flags, dialect: Dialect) -> Result<Ast, ParseError> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(ParseError { offset: MAX_PATTERN_BYTES, kind: ParseErrorKind::TooLong });
    }
    Parser::new(pattern, flags, dialect).run()
}

pub(super) type Result1<T> = Result<T, ParseError>;

enum FrameKind {
    Root,
    Group { capture: Option<u32>, atomic: bool },
    Look { ahead: bool, negative: bool },
}

struct Frame {
    kind: FrameKind,
    start: usize,
    branch_start: usize,
    branches: Vec<NodeId>,
    sequence: Vec<NodeId>,
    outer: Flags,
}

pub(super) struct Parser<'p> {
    pub(super) src: &'p str,
    pub(super) pos: usize,
    pub(super) flags: Flags,
    pub(super) dialect: Dialect,
    pub(super) approximate: bool,
    pub(super) group_total: u32,
    pub(super) names: HashMap<&'p str, u32>,
    nodes: Vec<Node>,
    depths: Vec<u32>,
    sets: Vec<CharSet>,
    set_ids: FxHashMap<CharSet, SetId>,
    groups: Vec<Option<NodeId>>,
    next_group: u32,
    classes: usize,
}

impl<'p> Parser<'p> {
    fn new(src: &'p str, flags: Flags, dialect: Dialect) -> Self {
        let mut parser = Self {
            src,
            pos: 0,
            flags,
            dialect,
            approximate: false,
            group_total: 0,
            names: HashMap::new(),
            nodes: Vec::new(),
            depths: Vec::new(),
            sets: Vec::new(),
            set_ids: FxHashMap::default(),
            groups: Vec::new(),
            next_group: 1,
            classes: 0,
        };
        parser.scan_groups();
        parser
    }

    pub(super) fn unicode(&self) -> bool {
        self.dialect == Dialect::JavaScript && (self.flags.unicode || self.flags.unicode_sets)
    }

    pub(super) fn js(&self) -> bool {
        self.dialect == Dialect::JavaScript
    }

    pub(super) fn error<T>(&self, offset: usize, kind: ParseErrorKind) -> Result1<T> {
        Err(ParseError { offset, kind })
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.src[self.pos..].chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    pub(super) fn rest(&self) -> &'p str {
        &self.src[self.pos..]
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.pos += text.len();
        }
        found
    }

    /// Text up to `close`, which is consumed; nothing is consumed when `close` is missing.
    pub(super) fn until(&mut self, close: char) -> Option<&'p str> {
        let rest = self.rest();
        let at = rest.find(close)?;
        self.pos += at + close.len_utf8();
        Some(&rest[..at])
    }

    /// Counts groups and their names beforehand: `\1` and `\k<n>` may precede the group they name.
    fn scan_groups(&mut self) {
        let bytes = self.src.as_bytes();
        let (mut at, mut in_class) = (0, false);
        while let Some(&b) = bytes.get(at) {
            match b {
                b'\\' => at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'(' if !in_class => {
                    let rest = &self.src[at + 1..];
                    if !rest.starts_with(['?', '*']) {
                        self.group_total += 1;
                    } else if let Some(name) = group_name(rest) {
                        self.group_total += 1;
                        self.names.entry(name).or_insert(self.group_total);
                    }
                }
                _ => {}
            }
            // A backslash may precede a multi-byte character: step to the next boundary.
            at += 1;
            while at < bytes.len() && !self.src.is_char_boundary(at) {
                at += 1;
            }
        }
        self.groups = vec![None; self.group_total as usize];
    }

    pub(super) fn intern(&mut self, set: CharSet) -> SetId {
        if let Some(&id) = self.set_ids.get(&set) {
            return id;
        }
        let id = SetId(self.sets.len() as u32);
        self.sets.push(set.clone());
        self.set_ids.insert(set, id);
        id
    }

    fn push(&mut self, kind: Kind, span: Range<usize>) -> Result1<NodeId> {
        let depth = |id: &NodeId| self.depths[id.0 as usize];
        let below = match &kind {
            Kind::Concat(items) | Kind::Alternate(items) => items.iter().map(depth).max().unwrap_or(0),
            Kind::Repeat { body, .. } | Kind::Group { body, .. } | Kind::Look { body, .. } => depth(body) + 1,
            _ => 0,
        };
        if below > MAX_DEPTH {
            return self.error(span.start, ParseErrorKind::TooDeep);
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node { kind, span });
        self.depths.push(below);
        Ok(id)
    }

    pub(super) fn fold(&self, set: CharSet) -> CharSet {
        if self.flags.ignore_case { set.fold_case(!self.js() || self.unicode()) } else { set }
    }

    fn literal(&mut self, c: u32, escaped: bool, start: usize) -> Result1<NodeId> {
        let folded = self.fold(CharSet::single(c));
        let set = self.intern(folded);
        self.push(Kind::Char { c, set, escaped }, start..self.pos)
    }

    pub(super) fn count_class(&mut self, at: usize) -> Result1<()> {
        self.classes += 1;
        if self.classes > MAX_CLASSES { self.error(at, ParseErrorKind::TooManyClasses) } else { Ok(()) }
    }

    fn class(&mut self, set: CharSet, form: ClassForm, start: usize) -> Result1<NodeId> {
        self.count_class(start)?;
        let set = self.intern(set);
        self.push(Kind::Class { set, form }, start..self.pos)
    }

    fn run(mut self) -> Result1<Ast> {
        let outer = self.flags;
        let frame = |kind, start, branch_start, outer| Frame {
            kind,
            start,
            branch_start,
            branches: Vec::new(),
            sequence: Vec::new(),
            outer,
        };
        let mut stack = vec![frame(FrameKind::Root, 0, 0, outer)];
        loop {
            if self.flags.extended && !self.js() {
                self.skip_extended();
            }
            let start = self.pos;
            let Some(c) = self.peek() else { break };
            let Some(top) = stack.last_mut() else { break };
            let node = match c {
                '|' => {
                    let branch = self.sequence(std::mem::take(&mut top.sequence), top.branch_start)?;
                    top.branches.push(branch);
                    self.pos += 1;
                    top.branch_start = self.pos;
                    continue;
                }
                '(' => {
                    if stack.len() as u32 > MAX_DEPTH {
                        return self.error(start, ParseErrorKind::TooDeep);
                    }
                    self.pos += 1;
                    let before = self.flags;
                    if let Some(kind) = self.group_header(start)? {
                        stack.push(frame(kind, start, self.pos, before));
                    }
                    continue;
                }
                ')' => {
                    if stack.len() == 1 {
                        return self.error(start, ParseErrorKind::UnmatchedParenthesis);
                    }
                    let Some(done) = stack.pop() else { break };
                    self.pos += 1;
                    self.flags = done.outer;
                    self.close(done, start)?
                }
                _ => match self.atom(start)? {
                    Some(node) => node,
                    None => continue,
                },
            };
            let node = self.quantifiers(node)?;
            if let Some(top) = stack.last_mut() {
                top.sequence.push(node);
            }
        }
        if stack.len() > 1 {
            let start = stack.last().map_or(0, |f| f.start);
            return self.error(start, ParseErrorKind::UnclosedGroup);
        }
        let Some(root) = stack.pop() else { return self.error(0, ParseErrorKind::UnclosedGroup) };
        let end = self.pos;
        let root = self.close(root, end)?;
        let empty = self.push(Kind::Empty, end..end)?;
        Ok(Ast {
            groups: self.groups.iter().map(|g| g.unwrap_or(empty)).collect(),
            nodes: self.nodes,
            sets: self.sets,
            root,
            flags: outer,
            dialect: self.dialect,
            approximate: self.approximate,
        })
    }

    fn sequence(&mut self, mut items: Vec<NodeId>, start: usize) -> Result1<NodeId> {
        match items.len() {
            0 => self.push(Kind::Empty, start..start),
            1 => Ok(items.remove(0)),
            _ => self.push(Kind::Concat(items), start..self.pos),
        }
    }

    fn close(&mut self, mut frame: Frame, end: usize) -> Result1<NodeId> {
        let after = std::mem::replace(&mut self.pos, end);
        let last = self.sequence(frame.sequence, frame.branch_start)?;
        let body = if frame.branches.is_empty() {
            last
        } else {
            frame.branches.push(last);
            let start = if matches!(frame.kind, FrameKind::Root) { 0 } else { frame.start + 1 };
            self.push(Kind::Alternate(frame.branches), start..end)?
        };
        self.pos = after;
        let span = frame.start..self.pos;
        match frame.kind {
            FrameKind::Root => Ok(body),
            FrameKind::Group { capture, atomic } => {
                if let Some(slot) = capture.and_then(|n| self.groups.get_mut(n as usize - 1)) {
                    *slot = Some(body);
                }
                self.push(Kind::Group { body, capture, atomic }, span)
            }
            FrameKind::Look { ahead, negative } => self.push(Kind::Look { body, ahead, negative }, span),
        }
    }

    fn skip_extended(&mut self) {
        while let Some(c) = self.peek() {
            if c.is_whitespace() {
                self.next();
            } else if c == '#' {
                while self.next().is_some_and(|c| c != '\n') {}
            } else {
                break;
            }
        }
    }

    fn new_capture(&mut self) -> u32 {
        let n = self.next_group;
        self.next_group += 1;
        if self.groups.len() < n as usize {
            self.groups.resize(n as usize, None);
        }
        n
    }

    /// Reads what follows `(`; `None` when the parenthesis was a whole construct (a comment, inline flags).
    fn group_header(&mut self, start: usize) -> Result1<Option<FrameKind>> {
        if !self.js() && self.rest().starts_with('*') {
            return self.error(start, ParseErrorKind::Unsupported);
        }
        if !self.eat("?") {
            let capture = Some(self.new_capture());
            return Ok(Some(FrameKind::Group { capture, atomic: false }));
        }
        let plain = FrameKind::Group { capture: None, atomic: false };
        for (text, ahead, negative) in
            [("=", true, false), ("!", true, true), ("<=", false, false), ("<!", false, true)]
        {
            if self.eat(text) {
                return Ok(Some(FrameKind::Look { ahead, negative }));
            }
        }
        if self.eat(":") {
            return Ok(Some(plain));
        }
        let at = self.pos;
        if let Some(name) = group_name(&self.src[at - 1..]) {
            let valid = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '\\' | '{' | '}' | '.'));
            if name.is_empty() || !valid || name.starts_with(|c: char| c.is_ascii_digit()) {
                return self.error(at, ParseErrorKind::InvalidGroup);
            }
            let open = self.rest().find(['<', '\'']).map_or(0, |i| i + 1);
            self.pos += open + name.len() + 1;
            let capture = Some(self.new_capture());
            return Ok(Some(FrameKind::Group { capture, atomic: false }));
        }
        if !self.js() {
            if self.eat(">") {
                return Ok(Some(FrameKind::Group { capture: None, atomic: true }));
            }
            if self.eat("|") {
                return Ok(Some(plain));
            }
            if self.eat("#") {
                return match self.until(')') {
                    Some(_) => Ok(None),
                    None => self.error(start, ParseErrorKind::UnclosedGroup),
                };
            }
        }
        self.inline_flags(start)
    }

    fn inline_flags(&mut self, start: usize) -> Result1<Option<FrameKind>> {
        let mut on = true;
        let mut flags = self.flags;
        while let Some(c) = self.next() {
            match c {
                '-' => on = false,
                'i' => flags.ignore_case = on,
                'm' => flags.multi_line = on,
                's' => flags.dot_all = on,
                'x' if !self.js() => flags.extended = on,
                'u' | 'U' | 'R' | 'n' | 'J' if !self.js() => {}
                ':' => {
                    self.flags = flags;
                    return Ok(Some(FrameKind::Group { capture: None, atomic: false }));
                }
                ')' if !self.js() => {
                    self.flags = flags;
                    return Ok(None);
                }
                _ if !self.js() && matches!(c, '(' | '&' | '0'..='9' | '+' | 'C' | 'P') => {
                    return self.error(start, ParseErrorKind::Unsupported);
                }
                _ => break,
            }
        }
        self.error(start, ParseErrorKind::InvalidGroup)
    }

    fn atom(&mut self, start: usize) -> Result1<Option<NodeId>> {
        let Some(c) = self.next() else { return Ok(None) };
        let node = match c {
            '.' => {
                let set = if self.flags.dot_all {
                    CharSet::all()
                } else if self.js() {
                    props::line_terminators().complement()
                } else {
                    CharSet::single(0x0A).complement()
                };
                self.class(set, ClassForm::Dot, start)?
            }
            '^' | '$' => {
                let assertion = match (c, self.flags.multi_line) {
                    ('^', true) => Assertion::StartLine,
                    ('^', false) => Assertion::StartText,
                    (_, true) => Assertion::EndLine,
                    (_, false) if self.dialect == Dialect::Pcre => Assertion::EndTextNewline,
                    (_, false) => Assertion::EndText,
                };
                self.push(Kind::Assert(assertion), start..self.pos)?
            }
            '[' => {
                let set = self.bracket(start, 0)?;
                self.class(set, ClassForm::Bracket, start)?
            }
            '\\' => return self.escape_atom(start).map(Some),
            '*' | '+' | '?' => return self.error(start, ParseErrorKind::NothingToRepeat),
            '{' if self.js() => {
                self.pos = start;
                let counted = self.counted()?.is_some();
                if counted || self.unicode() {
                    return self.error(start, ParseErrorKind::NothingToRepeat);
                }
                self.pos = start + 1;
                self.literal(u32::from('{'), false, start)?
            }
            ']' | '}' if self.unicode() => return self.error(start, ParseErrorKind::LoneBracket),
            _ => self.literal(c as u32, false, start)?,
        };
        Ok(Some(node))
    }

    fn escape_atom(&mut self, start: usize) -> Result1<NodeId> {
        match self.escape(start, false)? {
            Escape::Char(c) => self.literal(c, true, start),
            Escape::Set(set) => self.class(set, ClassForm::Escape, start),
            Escape::Assert(assertion) => self.push(Kind::Assert(assertion), start..self.pos),
            Escape::Backref(n) => self.push(Kind::Backref(n), start..self.pos),
            Escape::Nothing => self.push(Kind::Empty, start..self.pos),
            Escape::Quoted(range) => {
                let mut items = Vec::new();
                let text = &self.src[range.clone()];
                for (at, c) in text.char_indices() {
                    let set = self.fold(CharSet::single(c as u32));
                    let set = self.intern(set);
                    let from = range.start + at;
                    let kind = Kind::Char { c: c as u32, set, escaped: true };
                    items.push(self.push(kind, from..from + c.len_utf8())?);
                }
                self.sequence(items, start)
            }
        }
    }

    fn quantifiers(&mut self, mut node: NodeId) -> Result1<NodeId> {
        let mut first = true;
        loop {
            if self.flags.extended && !self.js() {
                self.skip_extended();
            }
            let at = self.pos;
            let (min, max) = match self.peek() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => match self.counted()? {
                    Some(bounds) => bounds,
                    None => return Ok(node),
                },
                _ => return Ok(node),
            };
            if self.js() {
                let lookahead = matches!(self.nodes[node.0 as usize].kind, Kind::Look { ahead: true, .. });
                let assertion = matches!(self.nodes[node.0 as usize].kind, Kind::Assert(_) | Kind::Look { .. });
                let bare = assertion && (!lookahead || self.unicode());
                if bare || !first {
                    return self.error(at, ParseErrorKind::NothingToRepeat);
                }
            }
            first = false;
            if self.pos == at {
                self.pos += 1;
            }
            let greed = if self.eat("?") {
                Greed::Lazy
            } else if self.dialect == Dialect::Pcre && self.eat("+") {
                Greed::Possessive
            } else {
                Greed::Greedy
            };
            let start = self.nodes[node.0 as usize].span.start;
            node = self.push(Kind::Repeat { body: node, min, max, greed }, start..self.pos)?;
        }
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`; leaves the position where it was when the text is none of these.
    fn counted(&mut self) -> Result1<Option<(u32, Option<u32>)>> {
        let start = self.pos;
        self.pos += 1;
        let min = self.digits();
        let max = if self.eat(",") { self.digits().map(Some).or(Some(None)) } else { min.map(Some) };
        let (Some(min), Some(max), true) = (min, max, self.eat("}")) else {
            self.pos = start;
            return Ok(None);
        };
        if max.is_some_and(|max| max < min) {
            return self.error(start, ParseErrorKind::RangeOutOfOrder);
        }
        Ok(Some((min, max)))
    }

    /// A decimal number, saturating.
    pub(super) fn digits(&mut self) -> Option<u32> {
        let mut value = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.pos += 1;
            value = Some(value.unwrap_or(0u32).saturating_mul(10).saturating_add(digit));
        }
        value
    }
}

/// The name in `?<name>`, `?P<name>` or `?'name'` at the start of `rest`.
fn group_name(rest: &str) -> Option<&str> {
    let (close, body) = if let Some(body) = rest.strip_prefix("?<").or_else(|| rest.strip_prefix("?P<")) {
        ('>', body)
    } else {
        ('\'', rest.strip_prefix("?'")?)
    };
    if body.starts_with(['=', '!']) {
        return None;
    }
    body.find(close).map(|end| &body[..end])
}
