//! What a pattern guarantees about the strings that pass it, or about what a replacement leaves behind.

use super::ast::{Ast, Flags, Kind, NodeId};
use super::charset::CharSet;
use super::nfa::{Atoms, Counting, EDGE, Nfa, build};

/// What is known of every string in which a pattern finds a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowList {
    /// Every match begins at the start of the text.
    pub anchored_start: bool,
    /// Every match ends at the end of the text (under PCRE's `$`, a final newline aside, which `chars` then has).
    pub anchored_end: bool,
    /// Characters the whole string may contain; all of them unless both sides are anchored.
    pub chars: CharSet,
    /// The string may contain `..`.
    pub dot_dot: bool,
    /// The empty string passes.
    pub empty: bool,
    /// The first character may be one of these; all unless anchored. A leading `-` or `/` is a judgement of its own.
    pub first: CharSet,
}

impl AllowList {
    /// True when a match covers the whole string, so that `chars` bounds it.
    #[must_use]
    pub fn is_anchored(&self) -> bool {
        self.anchored_start && self.anchored_end
    }

    /// True when no string that passes contains any character of `text`.
    #[must_use]
    pub fn excludes(&self, text: &str) -> bool {
        self.is_anchored() && !self.chars.contains_any(text)
    }

    /// True when a passing string may contain a line break.
    #[must_use]
    pub fn admits_newline(&self) -> bool {
        !self.excludes("\n\r")
    }

    /// True when a passing string may contain a quote of any kind or a backslash.
    #[must_use]
    pub fn admits_quotes(&self) -> bool {
        !self.excludes("'\"`\\")
    }

    /// No character can end or escape a quoted SQL, HTML attribute or JavaScript string, or begin a tag or entity.
    #[must_use]
    pub fn is_safe_quoted(&self) -> bool {
        self.excludes("'\"`\\<>&\n\r\0")
    }

    /// Safe unquoted in a shell command: no metacharacter, space, glob, quote or control character; and no leading
    /// hyphen, which would begin an option.
    #[must_use]
    pub fn is_safe_shell_word(&self) -> bool {
        let controls = CharSet::from_ranges(vec![(0, 0x20), (0x7F, 0x7F)]);
        self.excludes("|&;<>()$`\\\"'*?[]#~=%!{}^")
            && self.chars.intersect(&controls).is_empty()
            && !self.first.contains('-')
    }

    /// Safe as one component of a path: no separator, no NUL, and never `..`.
    #[must_use]
    pub fn is_safe_path_component(&self) -> bool {
        self.excludes("/\\\0") && !self.dot_dot
    }

    /// Only numbers and what calculates with them: as code it names nothing.
    #[must_use]
    pub fn is_arithmetic(&self) -> bool {
        self.is_anchored() && self.chars.is_subset(&CharSet::from_chars("0123456789+-*/%^(), .\t\n\r<>=&|?:!"))
    }

    /// Safe as an SQL identifier or number: word characters, dots and hyphens singly placed cannot end the token.
    #[must_use]
    pub fn is_safe_sql_word(&self) -> bool {
        let word = CharSet::from_ranges(vec![(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]);
        let word = word.union(&CharSet::from_chars(".$")).union(&CharSet::range(0x80, 0x10_FFFF));
        self.is_anchored() && self.chars.is_subset(&word)
    }
}

/// Judges `ast` as an allow-list: what holds for every string in which it finds a match.
///
/// Lookarounds longer than a character are ignored, which only widens the answer. `None` when the pattern is too large.
#[must_use]
pub fn is_allow_list(ast: &Ast) -> Option<AllowList> {
    let nfa = build(ast, Counting::Collapse, false).ok()?;
    let live = live_states(&nfa);
    // A sticky match begins at `lastIndex`, which a caller may have moved: not an anchor.
    let started = |id: NodeId| begins_with_anchor(ast, id, true);
    let anchored_start = started(ast.root());
    let newline_end = CharSet::single(0x0A);
    let mut final_newline = false;
    // Nothing is claimed of a pattern that seems to match nothing at all.
    let mut anchored_end = live.contains(&true);
    for state in nfa.states.iter().enumerate().filter(|(i, _)| live[*i]).map(|(_, s)| s) {
        if state.accept.is_none() {
            continue;
        }
        let pcre = newline_atom(&nfa);
        let only_end = state.accept == Atoms::one(EDGE);
        let dollar = pcre.is_some_and(|n| state.accept == Atoms::one(EDGE).or(&Atoms::one(n)));
        if !only_end && dollar && has_pcre_dollar(ast) && !has_line_end(ast) {
            final_newline = true;
        } else if !only_end {
            anchored_end = false;
        }
    }
    let mut chars = CharSet::empty();
    let mut first = CharSet::all();
    let mut dot_dot = true;
    if ast.is_approximate() {
        // The automaton saw ASCII only.
        chars = CharSet::range(0x80, 0x10_FFFF);
    }
    if anchored_start && anchored_end {
        let used = |states: &mut dyn Iterator<Item = u32>| {
            let mut set = Atoms::NONE;
            states.filter(|&s| live[s as usize]).for_each(|s| set = set.or(&nfa.states[s as usize].set));
            nfa.atom_sets
                .iter()
                .enumerate()
                .filter(|(i, _)| set.has(*i as u8))
                .fold(CharSet::empty(), |a, b| a.union(b.1))
        };
        chars = chars.union(&used(&mut (1..nfa.states.len() as u32)));
        first = used(&mut nfa.states[0].edges.iter().map(|e| e.to));
        if ast.is_approximate() {
            first = first.union(&CharSet::range(0x80, 0x10_FFFF));
        }
        if final_newline {
            chars = chars.union(&newline_end);
            first = first.union(&newline_end);
        }
        let dotted = |s: u32| live[s as usize] && reads(&nfa, s, '.');
        dot_dot = (1..nfa.states.len() as u32)
            .any(|s| dotted(s) && nfa.states[s as usize].edges.iter().any(|e| dotted(e.to)));
    } else {
        chars = CharSet::all();
    }
    let empty = !nfa.states[0].accept.is_none() || !anchored_start || !anchored_end;
    Some(AllowList { anchored_start, anchored_end, chars, dot_dot, empty, first })
}

fn reads(nfa: &Nfa, state: u32, c: char) -> bool {
    let set = nfa.states[state as usize].set;
    nfa.atom_sets.iter().position(|atom| atom.contains(c)).is_some_and(|atom| set.has(atom as u8))
}

fn newline_atom(nfa: &Nfa) -> Option<u8> {
    nfa.atom_sets.iter().position(|atom| atom.contains('\n')).map(|atom| atom as u8)
}

fn has_pcre_dollar(ast: &Ast) -> bool {
    use super::ast::Assertion::EndTextNewline;
    ast.nodes.iter().any(|n| n.kind == Kind::Assert(EndTextNewline))
}

fn has_line_end(ast: &Ast) -> bool {
    ast.nodes.iter().any(|n| n.kind == Kind::Assert(super::ast::Assertion::EndLine))
}

/// States on some way from the start to an acceptance.
fn live_states(nfa: &Nfa) -> Vec<bool> {
    let n = nfa.states.len();
    let mut forward = vec![false; n];
    forward[0] = true;
    let mut stack = vec![0u32];
    let mut reverse: Vec<Vec<u32>> = vec![Vec::new(); n];
    while let Some(at) = stack.pop() {
        for edge in &nfa.states[at as usize].edges {
            reverse[edge.to as usize].push(at);
            if !std::mem::replace(&mut forward[edge.to as usize], true) {
                stack.push(edge.to);
            }
        }
    }
    let mut live = vec![false; n];
    let mut stack: Vec<u32> =
        (0..n as u32).filter(|&s| forward[s as usize] && !nfa.states[s as usize].accept.is_none()).collect();
    stack.iter().for_each(|&s| live[s as usize] = true);
    while let Some(at) = stack.pop() {
        for &up in &reverse[at as usize] {
            if !std::mem::replace(&mut live[up as usize], true) {
                stack.push(up);
            }
        }
    }
    live
}

/// True when every match of `id` must pass `^` before it consumes (with `start`), or `$` after it has.
pub(super) fn begins_with_anchor(ast: &Ast, id: NodeId, start: bool) -> bool {
    use super::ast::Assertion::{EndText, EndTextNewline, StartText};
    match ast.kind(id) {
        Kind::Assert(a) => {
            if start {
                *a == StartText
            } else {
                matches!(a, EndText | EndTextNewline)
            }
        }
        Kind::Group { body, .. } => begins_with_anchor(ast, *body, start),
        Kind::Repeat { body, min, .. } => *min > 0 && begins_with_anchor(ast, *body, start),
        Kind::Alternate(branches) => branches.iter().all(|&b| begins_with_anchor(ast, b, start)),
        Kind::Concat(items) => {
            let mut order: Vec<NodeId> = items.clone();
            if !start {
                order.reverse();
            }
            for item in order {
                if begins_with_anchor(ast, item, start) {
                    return true;
                }
                if !is_zero_width(ast, item) {
                    return false;
                }
            }
            false
        }
        _ => false,
    }
}

fn is_zero_width(ast: &Ast, id: NodeId) -> bool {
    match ast.kind(id) {
        Kind::Empty | Kind::Assert(_) | Kind::Look { .. } => true,
        Kind::Group { body, .. } | Kind::Repeat { body, .. } => is_zero_width(ast, *body),
        Kind::Concat(items) | Kind::Alternate(items) => items.iter().all(|&i| is_zero_width(ast, i)),
        _ => false,
    }
}

/// True when `id` can match the empty string.
pub(super) fn is_nullable(ast: &Ast, id: NodeId) -> bool {
    match ast.kind(id) {
        Kind::Char { .. } | Kind::Class { .. } => false,
        Kind::Group { body, .. } => is_nullable(ast, *body),
        Kind::Repeat { body, min, .. } => *min == 0 || is_nullable(ast, *body),
        Kind::Concat(items) => items.iter().all(|&i| is_nullable(ast, i)),
        Kind::Alternate(items) => items.iter().any(|&i| is_nullable(ast, i)),
        _ => true,
    }
}

/// Characters that can survive `text.replace(pattern, "")` with the `g` flag.
///
/// Also the characters of a string in which the pattern finds no match (`if (/[^a-z]/.test(x)) throw`): pass `global`
/// then. `None` when the replacement is not global, is sticky, or strips no character wherever it stands, so that nothing can
/// be said.
#[must_use]
pub fn removes(ast: &Ast, flags: Flags) -> Option<CharSet> {
    if !flags.global || flags.sticky || ast.flags().sticky || ast.is_approximate() {
        return None;
    }
    let root = ast.peel(ast.root());
    let branches = match ast.kind(root) {
        Kind::Alternate(branches) => branches.clone(),
        _ => vec![root],
    };
    let mut stripped = CharSet::empty();
    for branch in branches {
        if let Some(set) = strips(ast, branch) {
            stripped = stripped.union(&set);
        }
        // An empty match is preferred to every later branch.
        if is_nullable(ast, branch) {
            break;
        }
    }
    (!stripped.is_empty()).then(|| stripped.complement())
}

/// The set each of whose characters alone makes a non-empty match of `id`.
fn strips(ast: &Ast, id: NodeId) -> Option<CharSet> {
    use super::ast::Greed;
    let id = ast.peel(id);
    match ast.kind(id) {
        Kind::Repeat { body, min: 0 | 1, max, greed }
            if *max != Some(0) && (*greed != Greed::Lazy || !is_nullable(ast, id)) =>
        {
            ast.single_char(*body)
        }
        _ => ast.single_char(id),
    }
}
