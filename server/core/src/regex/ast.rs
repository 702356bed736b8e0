//! The syntax tree of a regular expression, in an arena.

use std::ops::Range;

use super::charset::CharSet;

/// Which engine's syntax a pattern is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// ECMAScript, with Annex B leniency when neither `u` nor `v` is set. Backtracking.
    JavaScript,
    /// The `regex` crate: matching is linear by construction.
    Rust,
    /// PCRE-like backtracking engines (fancy-regex, pcre2, onig).
    Pcre,
}

/// Flags a pattern is compiled with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// `g`: all matches.
    pub global: bool,
    /// `i`: ignore case.
    pub ignore_case: bool,
    /// `m`: `^` and `$` match at lines.
    pub multi_line: bool,
    /// `s`: the dot matches newlines.
    pub dot_all: bool,
    /// `u`: Unicode mode.
    pub unicode: bool,
    /// `v`: Unicode sets mode.
    pub unicode_sets: bool,
    /// `y`: match only at `lastIndex`.
    pub sticky: bool,
    /// `x`: ignore white space and comments (Rust and PCRE).
    pub extended: bool,
}

impl Flags {
    /// Reads flag letters such as `"gi"`; unknown letters are ignored (`d` changes nothing here).
    #[must_use]
    pub fn from_letters(letters: &str) -> Self {
        let mut flags = Self::default();
        for letter in letters.chars() {
            match letter {
                'g' => flags.global = true,
                'i' => flags.ignore_case = true,
                'm' => flags.multi_line = true,
                's' => flags.dot_all = true,
                'u' => flags.unicode = true,
                'v' => flags.unicode_sets = true,
                'y' => flags.sticky = true,
                'x' => flags.extended = true,
                _ => {}
            }
        }
        flags
    }
}

/// Index of a node in [`Ast`]; children always have smaller indices than their parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// Index of a character set in [`Ast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SetId(pub(crate) u32);

/// A zero-width test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assertion {
    /// Start of the text.
    StartText,
    /// End of the text.
    EndText,
    /// End of the text, or before a newline that ends it (`$` and `\Z` of PCRE).
    EndTextNewline,
    /// Start of the text or after a line terminator.
    StartLine,
    /// End of the text or before a line terminator.
    EndLine,
    /// Between a word character and another, or an edge of the text.
    WordBoundary,
    /// The opposite of [`Assertion::WordBoundary`].
    NotWordBoundary,
}

/// How a repetition chooses its count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Greed {
    /// As many as possible first.
    Greedy,
    /// As few as possible first.
    Lazy,
    /// As many as possible, never given back.
    Possessive,
}

/// How a class was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClassForm {
    /// `.`
    Dot,
    /// `\d`, `\s`, `\p{..}` and the like.
    Escape,
    /// `[...]`
    Bracket,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Matches the empty string.
    Empty,
    /// One literal character; `set` is its case closure, `escaped` tells whether a backslash preceded it.
    Char {
        /// Code point as written.
        c: u32,
        /// Characters that match.
        set: SetId,
        /// Written with a backslash.
        escaped: bool,
    },
    /// One character of a class.
    Class {
        /// Characters that match.
        set: SetId,
        /// How it was written.
        form: ClassForm,
    },
    /// One after the other.
    Concat(Vec<NodeId>),
    /// Any of these, the first one preferred.
    Alternate(Vec<NodeId>),
    /// `min..=max` copies of `body`; no `max` means unbounded.
    Repeat {
        /// What is repeated.
        body: NodeId,
        /// Least count.
        min: u32,
        /// Greatest count.
        max: Option<u32>,
        /// Order of trial.
        greed: Greed,
    },
    /// A group, capturing when it has an index (from 1).
    Group {
        /// Contents.
        body: NodeId,
        /// Capture index.
        capture: Option<u32>,
        /// `(?>...)`.
        atomic: bool,
    },
    /// Lookahead or lookbehind.
    Look {
        /// Contents.
        body: NodeId,
        /// True for lookahead.
        ahead: bool,
        /// True for the negative forms.
        negative: bool,
    },
    /// A backreference to a capture group.
    Backref(u32),
    /// A zero-width assertion.
    Assert(Assertion),
}

/// A node and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Byte range in the pattern.
    pub span: Range<usize>,
}

/// A parsed pattern.
#[derive(Clone, Debug)]
pub struct Ast {
    pub(crate) nodes: Vec<Node>,
    pub(crate) sets: Vec<CharSet>,
    pub(crate) root: NodeId,
    /// Body of capture group `n` at index `n - 1`.
    pub(crate) groups: Vec<NodeId>,
    pub(crate) flags: Flags,
    pub(crate) dialect: Dialect,
    pub(crate) approximate: bool,
}

impl Ast {
    /// The root node.
    #[must_use]
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// The node at `id`.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// What the node at `id` is.
    #[must_use]
    pub fn kind(&self, id: NodeId) -> &Kind {
        &self.nodes[id.0 as usize].kind
    }

    /// The character set at `id`.
    #[must_use]
    pub fn set(&self, id: SetId) -> &CharSet {
        &self.sets[id.0 as usize]
    }

    /// The flags the pattern was parsed with.
    #[must_use]
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// The dialect the pattern was parsed in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Number of capture groups.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// True when a Unicode property was approximated: its ASCII members are exact, the others are not.
    #[must_use]
    pub fn is_approximate(&self) -> bool {
        self.approximate
    }

    /// The set of a node that always matches exactly one character: a literal, a class, or an alternation of those.
    #[must_use]
    pub fn single_char(&self, id: NodeId) -> Option<CharSet> {
        match self.kind(id) {
            Kind::Char { set, .. } | Kind::Class { set, .. } => Some(self.set(*set).clone()),
            Kind::Group { body, .. } => self.single_char(*body),
            Kind::Alternate(branches) => {
                let mut all = CharSet::empty();
                for &branch in branches {
                    all = all.union(&self.single_char(branch)?);
                }
                Some(all)
            }
            Kind::Repeat { body, min: 1, max: Some(1), .. } => self.single_char(*body),
            _ => None,
        }
    }

    /// `id` without groups that only delimit (capturing or not, never atomic).
    #[must_use]
    pub fn peel(&self, mut id: NodeId) -> NodeId {
        while let Kind::Group { body, atomic: false, .. } = self.kind(id) {
            id = *body;
        }
        id
    }
}
